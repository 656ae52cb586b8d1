/* upload_begin.c - somebody wants to upload: POST /files/u/<token>, or POST /files with a name and a password (draft/FILEHOST); or opens
 * the link in a browser. The broker is asked before anything of the body is read.
 */
#include "config.h"

#include "web/upload.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ipc/credential.h"
#include "ipc/proc.h"
#include "lib/net.h"
#include "lib/util.h"
#include "proto/disposition.h"
#include "proto/sasl.h"
#include "web/files.h"
#include "web/link.h"

#define AT "/files/u/"
#define AT_ONCE 64
#define AT_ONCE_ADDRESS \
	8 /* from one address, but for this host's: a proxy may stand there that names nobody */

static LIST_HEAD(, upload) uploads = LIST_HEAD_INITIALIZER(uploads);

static char frame_buf[IPC_HDR + 2048];

/* --- may it? ---------------------------------------------------------------------------------------------------- */

static void
allowed(struct upload *u, const struct m_e_may_upload *m)
{
	if (m->id.n != FILE_ID || m->token.n != UPLOAD_TOKEN) {
		upload_over(u, MHD_HTTP_INTERNAL_SERVER_ERROR, "The file cannot be kept.");
		return;
	}
	memcpy(u->id, m->id.p, FILE_ID);
	memcpy(u->token, m->token.p, UPLOAD_TOKEN);
	bprintf(u->account, sizeof(u->account), STR_FMT, STR_ARG(m->name));
	u->promised = true;
	u->max = m->max;
	if (files_exist(u->id)) {
		upload_disk_failed(u, EEXIST);
		return;
	}
	u->fd = files_new(u->id);
	if (u->fd < 0)
		upload_disk_failed(u, errno);
	else
		u->step = BODY;
}

static void
may(void *arg, unsigned type, const void *frame, size_t len)
{
	struct m_e_may_upload m;
	struct upload *u = arg;

	u->ask = NULL;
	if (type == MSG_e_may_upload && m_e_may_upload_get(frame, len, &m))
		allowed(u, &m);
	else if (!upload_said_no(u, type, frame, len))
		upload_over(u, MHD_HTTP_INTERNAL_SERVER_ERROR, "The file cannot be kept.");
	http_resume(&u->x);
}

/* "Basic" (RFC 7617): name and password of the header, into out. False: it has none. */
static bool
basic(const char *header, char *out, size_t cap, struct str *name_r, struct str *password_r)
{
	const char *text =
	    header != NULL && strncasecmp(header, "Basic ", 6) == 0 ? header + 6 : "";
	ssize_t len = base64_decode(str_of(text), out, cap);
	const char *colon = len > 0 ? memchr(out, ':', (size_t)len) : NULL;

	if (colon == NULL || memchr(out, '\0', (size_t)len) != NULL)
		return false;
	*name_r = (struct str){out, (size_t)(colon - out)};
	*password_r = (struct str){colon + 1, (size_t)len - name_r->n - 1};
	return name_r->n > 0 && name_r->n <= NAME_BYTES_MAX && password_r->n <= PASSWORD_MAX;
}

/* What the head says of the size; *size_r: how big the file is at least. False: more than may come anyway. */
static bool
size_of(struct upload *u, struct MHD_Connection *c, uint64_t *size_r)
{
	const char *text = http_header(c, MHD_HTTP_HEADER_CONTENT_LENGTH);
	uint64_t n = text != NULL ? strtoull(text, NULL, 10) : 0;

	if (u->form)
		n -= MIN(n, (uint64_t)UPLOAD_FORM_MAX);
	*size_r = n;
	return n <= proc.opt.files_max_size;
}

/* The client's own, which is among them, included. */
static bool
too_many(const struct client *c)
{
	unsigned all = 0, same = 0;
	const struct upload *u;
	struct net net;

	LIST_FOREACH (u, &uploads, entry) {
		all++;
		if (strcmp(u->x.client->rec.address, c->rec.address) == 0)
			same++;
	}
	/* what is no IP address is a Unix socket's; rec.loopback is also who comes to a proxy by TLS */
	return all > AT_ONCE || (same > AT_ONCE_ADDRESS && net_parse(c->rec.address, &net) &&
				 !net_is_loopback(&net));
}

/* Who it is, of the path or the header. 0; else the status of the refusal. */
static unsigned
credentials(struct MHD_Connection *c, const char *path, struct upload *u, struct m_r_upload *m,
	    char *plain, size_t cap)
{
	if (strcmp(path, "/files") == 0)
		return basic(http_header(c, MHD_HTTP_HEADER_AUTHORIZATION), plain, cap, &m->account,
			     &m->password)
			   ? 0
			   : MHD_HTTP_UNAUTHORIZED;
	if (base64url_decode(str_of(path + strlen(AT)), u->token, sizeof(u->token)) < 0)
		return MHD_HTTP_NOT_FOUND;
	m->token = (struct str){(const char *)u->token, sizeof(u->token)};
	return 0;
}

static unsigned
ask(struct upload *u, struct MHD_Connection *c, const char *path)
{
	const struct client *client = http_client(c);
	char plain[1024];
	struct m_r_upload m = {.conn = client->id, .address = str_of(client->rec.address)};
	unsigned status = credentials(c, path, u, &m, plain, sizeof(plain));

	/* a browser adds a password that it knows, whoever asks it to; a link only who has it can tell */
	if (status == 0 && m.token.n == 0 && !http_origin_fits(c))
		status = MHD_HTTP_FORBIDDEN;
	if (status == 0 && too_many(client))
		status = MHD_HTTP_TOO_MANY_REQUESTS;
	if (status == 0 && !size_of(u, c, &m.size))
		status = 413;
	if (status == 0) {
		u->ask = link_ask(frame_buf, m_r_upload_put(frame_buf, sizeof(frame_buf), &m),
				  false, may, u);
		explicit_bzero(frame_buf, sizeof(frame_buf));
		status = u->ask == NULL ? MHD_HTTP_SERVICE_UNAVAILABLE : 0;
	}
	explicit_bzero(plain, sizeof(plain));
	return status;
}

static const char *
why(unsigned status)
{
	switch (status) {
	case MHD_HTTP_UNAUTHORIZED:
		return "Log in with the name and the password of an account.";
	case MHD_HTTP_NOT_FOUND:
		return "That is no link to upload to.";
	case MHD_HTTP_FORBIDDEN:
		return "Pages of this origin may not upload here.";
	case MHD_HTTP_TOO_MANY_REQUESTS:
		return "So many uploads are under way: try again later.";
	case 413:
		return "That file is too big.";
	case MHD_HTTP_BAD_REQUEST:
		return "The form has no boundary.";
	default:
		return "Try again in a moment.";
	}
}

/* Is a password wanted of somebody who may not give it here? */
static bool
is_in_clear(struct MHD_Connection *c, const char *path)
{
	return strcmp(path, "/files") == 0 &&
	       !credential_may_come(conn_rec_is_private(&http_client(c)->rec));
}

static void
first_words(struct upload *u, struct MHD_Connection *c)
{
	const char *said = http_header(c, MHD_HTTP_HEADER_CONTENT_DISPOSITION);
	const char *name = MHD_lookup_connection_value(c, MHD_GET_ARGUMENT_KIND, "name");
	const char *host = http_header(c, MHD_HTTP_HEADER_HOST);
	const char *accept = http_header(c, MHD_HTTP_HEADER_ACCEPT);

	u->plain = accept != NULL && strstr(accept, "text/html") != NULL;
	u->fd = -1;
	u->x.more = upload_more;
	u->x.end = upload_end;
	u->x.client = http_client(c);
	u->x.c = c;
	bprintf(u->host, sizeof(u->host), "%s", host != NULL ? host : "");
	if (said != NULL)
		upload_call_it(u, str_of(said));
	if (u->name[0] == '\0' && name != NULL) {
		char label[1024];

		disposition_label(label, bprintf(label, sizeof(label), "%s", name),
				  UPLOAD_LABEL_MAX);
		memcpy(u->name, label, strlen(label) + 1);
	}
}

struct exchange *
upload_begin(struct MHD_Connection *c, const char *path, bool *good_r)
{
	static const char form[] = "multipart/form-data";
	const char *type = http_header(c, MHD_HTTP_HEADER_CONTENT_TYPE);
	struct upload *u = xcalloc(1, sizeof(*u));
	bool in_clear = is_in_clear(c, path);
	unsigned status = in_clear ? MHD_HTTP_FORBIDDEN : 0;

	first_words(u, c);
	LIST_INSERT_HEAD(&uploads, u, entry);
	u->form = type != NULL && strncasecmp(type, form, sizeof(form) - 1) == 0;
	if (status == 0 && u->form && !multipart_init(&u->mp, str_of(type)))
		status = MHD_HTTP_BAD_REQUEST;
	if (status == 0)
		status = ask(u, c, path);
	if (status == 0) {
		http_suspend(&u->x);
		return &u->x;
	}
	*good_r = answer_text(c, status, in_clear ? CREDENTIAL_NOT_IN_CLEAR "." : why(status));
	upload_end(&u->x);
	return NULL;
}

/* For a person who has opened the link in a browser. Whether it holds is seen when the file comes. */
bool
upload_form(struct MHD_Connection *c, const char *path)
{
	static const char page[] =
	    "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport "
	    "content=\"width=device-width\"><title>Share a "
	    "file</title><style>:root{color-scheme:light "
	    "dark;font:1.1rem sans-serif}body{max-width:30rem;margin:3rem auto;padding:0 "
	    "1rem}input,button{font:inherit;margin:.5rem 0;display:block;max-width:100%}</style>"
	    "<h1>Share a file</h1><form method=post enctype=multipart/form-data><label>File <input "
	    "type=file name=file required autofocus></label><button>Share it</button></form>\n";
	uint8_t token[UPLOAD_TOKEN];
	struct MHD_Response *r;

	if (base64url_decode(str_of(path + strlen(AT)), token, sizeof(token)) < 0)
		return answer_text(c, MHD_HTTP_NOT_FOUND, why(MHD_HTTP_NOT_FOUND));
	r = MHD_create_response_from_buffer(sizeof(page) - 1, (void *)(uintptr_t)page,
					    MHD_RESPMEM_PERSISTENT);
	if (r == NULL)
		return false;
	answer_safe(r, false);
	MHD_add_response_header(
	    r, "Content-Security-Policy",
	    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
	    "frame-ancestors 'none'; base-uri 'none'");
	MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, "text/html; charset=utf-8");
	MHD_add_response_header(r, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	return answer_queue(c, MHD_HTTP_OK, r);
}

struct exchange *
upload_options(struct MHD_Connection *c, const char *path, bool *good_r)
{
	struct MHD_Response *r =
	    MHD_create_response_from_buffer(0, (void *)(uintptr_t) "", MHD_RESPMEM_PERSISTENT);

	(void)path;
	if (r != NULL) {
		answer_safe(r, true);
		MHD_add_response_header(r, MHD_HTTP_HEADER_ALLOW, "OPTIONS, POST");
		MHD_add_response_header(r, "Accept-Post", "*/*, multipart/form-data");
	}
	*good_r = answer_queue(c, MHD_HTTP_NO_CONTENT, r);
	return NULL;
}
