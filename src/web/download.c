/* download.c - GET /files/<id>/<name>?e=<expires>&s=<proof>: the broker looks at the proof, the store knows the file. The bytes go from
 * the descriptor to the socket (sendfile). What is not on the list of files.inline is for saving, and nothing of it may do anything.
 */
#include "config.h"

#include "web/download.h"

#include <errno.h>
#include <inttypes.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ipc/file.h"
#include "ipc/proc.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/util.h"
#include "proto/disposition.h"
#include "proto/picture.h"
#include "proto/range.h"
#include "web/files.h"
#include "web/link.h"
#include "web/web.h"

#define AT "/files/"
#define CACHED 64u
#define CACHED_MS 10000 /* a picture's many readers ask at once */

/* What a link says. */
struct wanted {
	uint8_t id[FILE_ID], proof[FILE_PROOF];
	uint64_t expires;
	bool thumb;
};

/* What is known of a file. */
struct known {
	struct wanted link; /* which it was asked with */
	uint64_t until; /* mono ms; 0: nothing */
	uint64_t size;
	char type[FILE_TYPE_MAX + 1], name[FILE_NAME_MAX + 1];
};

static struct known cache[CACHED];

struct download {
	struct exchange x;
	struct wanted w;
	struct ask *ask; /* NULL: nothing is asked */
	struct known k;
	unsigned status; /* 0: k is to be sent */
	const char *text;
};

/* --- what is known -------------------------------------------------------------------------------------- */

static struct known *
place_of(const uint8_t id[FILE_ID])
{
	return &cache[id[0] % CACHED]; /* ids are hashes */
}

void
download_forget(const uint8_t id[FILE_ID])
{
	struct known *k = place_of(id);

	if (memcmp(k->link.id, id, FILE_ID) == 0)
		k->until = 0;
}

static bool
same_link(const struct wanted *a, const struct wanted *b)
{
	return a->expires == b->expires && memcmp(a->id, b->id, sizeof(a->id)) == 0 &&
	       memcmp(a->proof, b->proof, sizeof(a->proof)) == 0;
}

static bool
still_known(struct download *d)
{
	const struct known *k = place_of(d->w.id);

	if (k->until <= loop_now(proc.loop) || !same_link(&k->link, &d->w))
		return false;
	d->k = *k;
	return true;
}

static void
learn(struct download *d, const struct file_facts *f)
{
	struct known *k = &d->k;

	*k =
	    (struct known){.link = d->w, .until = loop_now(proc.loop) + CACHED_MS, .size = f->size};
	bprintf(k->type, sizeof(k->type), STR_FMT, STR_ARG(f->type));
	bprintf(k->name, sizeof(k->name), STR_FMT, STR_ARG(f->name));
	*place_of(d->w.id) = *k;
}

/* --- sending it -------------------------------------------------------------------------------------------- */

static bool
shown_in_place(const char *type)
{
	const char *list = proc.opt.files_inline;
	size_t n = strlen(type);

	for (; *list != '\0'; list += strcspn(list, " ")) {
		list += strspn(list, " ");
		if (strcspn(list, " ") == n && strncmp(list, type, n) == 0)
			return true;
	}
	return false;
}

static void
headers(struct MHD_Response *r, const struct download *d, const char *type, const char *etag)
{
	char text[64 + 4 * FILE_NAME_MAX];
	uint64_t now = wall_ms() / 1000;
	bool here = d->w.thumb || shown_in_place(type);

	answer_safe(r, false);
	MHD_add_response_header(r, "Content-Security-Policy", "default-src 'none'; sandbox");
	MHD_add_response_header(r, MHD_HTTP_HEADER_ETAG, etag);
	MHD_add_response_header(r, MHD_HTTP_HEADER_ACCEPT_RANGES, "bytes");
	/* it never changes; but it may be deleted */
	bprintf(text, sizeof(text), "private, max-age=%" PRIu64,
		MIN(d->w.expires > now ? d->w.expires - now : 0, (uint64_t)3600));
	MHD_add_response_header(r, MHD_HTTP_HEADER_CACHE_CONTROL, text);
	disposition_put(text, sizeof(text), here, str_of(d->k.name));
	MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_DISPOSITION, text);
	bprintf(text, sizeof(text), "%s%s", type,
		strncmp(type, "text/", 5) == 0 ? "; charset=utf-8" : "");
	MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, text);
}

/* The range is of nothing that is there. */
static bool
send_no_part(struct download *d, const char *type, const char *etag, uint64_t size)
{
	struct MHD_Response *r =
	    MHD_create_response_from_buffer(0, (void *)(uintptr_t) "", MHD_RESPMEM_PERSISTENT);
	char text[64];

	if (r == NULL)
		return false;
	headers(r, d, type, etag);
	bprintf(text, sizeof(text), "bytes */%" PRIu64, size);
	MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_RANGE, text);
	return answer_queue(d->x.c, MHD_HTTP_RANGE_NOT_SATISFIABLE, r);
}

static bool
has_it(struct MHD_Connection *c, const char *etag)
{
	const char *list = http_header(c, MHD_HTTP_HEADER_IF_NONE_MATCH);

	return list != NULL && (strstr(list, etag) != NULL || strcmp(list, "*") == 0);
}

/* How it is to be answered, and with which part. */
static unsigned
status_of(const struct download *d, const char *etag, uint64_t size, struct range *part)
{
	const char *range = http_header(d->x.c, MHD_HTTP_HEADER_RANGE);
	const char *only_if = http_header(d->x.c, MHD_HTTP_HEADER_IF_RANGE);

	if (has_it(d->x.c, etag))
		return MHD_HTTP_NOT_MODIFIED;
	/* Range is for GET alone (RFC 9110, 14.2) */
	if (range == NULL || d->x.head || (only_if != NULL && strcmp(only_if, etag) != 0))
		return MHD_HTTP_OK;
	switch (range_parse(range, size, part)) {
	case RANGE_PART:
		return MHD_HTTP_PARTIAL_CONTENT;
	case RANGE_WRONG:
		return MHD_HTTP_RANGE_NOT_SATISFIABLE;
	default:
		return MHD_HTTP_OK;
	}
}

/* fd is given away. Of a 304 libmicrohttpd sends no body, but that one's length. */
static bool
send_fd(struct download *d, int fd, uint64_t size, const char *type, const char *etag)
{
	struct range part = {.from = 0, .n = size};
	unsigned status = status_of(d, etag, size, &part);
	struct MHD_Response *r;
	char text[80];

	if (status == MHD_HTTP_RANGE_NOT_SATISFIABLE) {
		close(fd);
		return send_no_part(d, type, etag, size);
	}
	r = MHD_create_response_from_fd_at_offset64(part.n, fd, part.from);
	if (r == NULL) {
		close(fd);
		return false;
	}
	headers(r, d, type, etag);
	if (status == MHD_HTTP_PARTIAL_CONTENT) {
		bprintf(text, sizeof(text), "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, part.from,
			part.from + part.n - 1, size);
		MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_RANGE, text);
	}
	return answer_queue(d->x.c, status, r);
}

static const char *
thumb_type(int fd)
{
	uint8_t first[16];
	ssize_t n = pread(fd, first, sizeof(first), 0);
	const char *type = n > 0 ? picture_type(first, (size_t)n) : NULL;

	return type != NULL ? type : "application/octet-stream";
}

/* It is not there, or something else is; or it cannot be had now. */
static bool
send_none(struct download *d, int err)
{
	if (err == ENOENT || err == ENOTDIR || err == ELOOP)
		return answer_text(d->x.c, MHD_HTTP_GONE, "That file is gone.");
	log_err("files: one cannot be read: %s", strerror(err));
	return answer_text(d->x.c, MHD_HTTP_SERVICE_UNAVAILABLE, "Try again in a moment.");
}

static bool
send_it(struct download *d)
{
	char etag[2 * FILE_ID + 8] = "\"";
	const char *type;
	uint64_t size;
	size_t n = 1;
	int fd = files_open(d->w.id, d->w.thumb, &size);

	if (fd < 0)
		return send_none(d, errno);
	if (!d->w.thumb && size != d->k.size) {
		close(fd);
		return send_none(d, ENOENT);
	}
	type = d->w.thumb ? thumb_type(fd) : d->k.type;
	n += base64url_encode(d->w.id, FILE_ID, etag + n);
	bprintf(etag + n, sizeof(etag) - n, "%s\"", d->w.thumb ? "-t" : "");
	return send_fd(d, fd, size, type, etag);
}

/* --- asking --------------------------------------------------------------------------------------------------- */

static void
refused(struct download *d, unsigned status, const char *text)
{
	d->status = status;
	d->text = text;
}

static void
on_page(struct download *d, const void *frame, size_t len)
{
	struct file_facts f;
	struct m_q_page page;
	struct m_q_file file;

	if (!m_q_page_get(frame, len, &page) || !m_q_file_get(page.rows.p, page.rows.n, &file) ||
	    !file_get(file.file, &f))
		refused(d, MHD_HTTP_INTERNAL_SERVER_ERROR, "That file cannot be found.");
	else if (f.flags & FILE_GONE)
		refused(d, MHD_HTTP_GONE, "That file is gone.");
	else
		learn(d, &f);
}

static void
found(void *arg, unsigned type, const void *frame, size_t len)
{
	struct download *d = arg;
	struct m_e_refused no;
	struct m_e_failed failed;

	d->ask = NULL;
	if (type == MSG_q_page)
		on_page(d, frame, len);
	else if (type == MSG_e_refused && m_e_refused_get(frame, len, &no) &&
		 no.code == ERR_LINK_EXPIRED)
		refused(d, MHD_HTTP_FORBIDDEN, "That link was not made here.");
	else if (type == MSG_e_failed && m_e_failed_get(frame, len, &failed) &&
		 failed.code == ERR_NOT_FOUND) /* the link was: it has been deleted */
		refused(d, MHD_HTTP_GONE, "That file is gone.");
	else
		refused(d, MHD_HTTP_SERVICE_UNAVAILABLE, "Try again in a moment.");
	http_resume(&d->x);
}

static bool
download_more(struct exchange *x, const char *data, size_t *n)
{
	struct download *d = (struct download *)x;

	(void)data;
	if (*n > 0 || x->recalled) { /* answered now, the connection would have to end */
		*n = 0;
		return true;
	}
	return d->status != 0 ? answer_text(x->c, d->status, d->text) : send_it(d);
}

static void
download_end(struct exchange *x)
{
	struct download *d = (struct download *)x;

	if (d->ask != NULL)
		link_forget(d->ask);
	free(d);
}

/* --- a link ------------------------------------------------------------------------------------------------------ */

static const char *
argument(struct MHD_Connection *c, const char *name)
{
	const char *s = MHD_lookup_connection_value(c, MHD_GET_ARGUMENT_KIND, name);

	return s != NULL ? s : "";
}

/* 0, or the status of the refusal. */
static unsigned
wanted(struct MHD_Connection *c, const char *path, struct wanted *w)
{
	const char *id = path + strlen(AT), *e = argument(c, "e"), *s = argument(c, "s");
	size_t n = strcspn(id, "/"), digits = strspn(e, "0123456789");

	if (base64url_decode((struct str){id, n}, w->id, sizeof(w->id)) < 0)
		return MHD_HTTP_NOT_FOUND;
	if (digits == 0 || digits > 15 || e[digits] != '\0' ||
	    base64url_decode(str_of(s), w->proof, sizeof(w->proof)) < 0)
		return MHD_HTTP_FORBIDDEN;
	w->expires = strtoull(e, NULL, 10);
	w->thumb = strcmp(argument(c, "t"), "1") == 0;
	return w->expires <= wall_ms() / 1000 ? MHD_HTTP_GONE : 0;
}

static struct ask *
ask(struct download *d)
{
	struct m_r_file m = {.id = {(const char *)d->w.id, sizeof(d->w.id)},
			     .expires = d->w.expires,
			     .proof = {(const char *)d->w.proof, sizeof(d->w.proof)}};
	char frame[IPC_HDR + 128];

	return link_ask(frame, m_r_file_put(frame, sizeof(frame), &m), false, found, d);
}

struct exchange *
download_begin(struct MHD_Connection *c, const char *path, bool *good_r)
{
	struct download *d = xcalloc(1, sizeof(*d));
	unsigned status = wanted(c, path, &d->w);

	d->x = (struct exchange){
	    .c = c, .client = http_client(c), .more = download_more, .end = download_end};
	if (status == 0 && still_known(d))
		return &d->x;
	if (status == 0) {
		d->ask = ask(d);
		status = d->ask == NULL ? MHD_HTTP_SERVICE_UNAVAILABLE : 0;
	}
	if (status == 0) {
		http_suspend(&d->x);
		return &d->x;
	}
	*good_r = answer_text(c, status,
			      status == MHD_HTTP_GONE        ? "That link has expired."
			      : status == MHD_HTTP_FORBIDDEN ? "That link was not made here."
			      : status == MHD_HTTP_NOT_FOUND ? "There is no such file."
							     : "Try again in a moment.");
	free(d);
	return NULL;
}
