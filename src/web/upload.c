/* upload.c - what is uploaded, from the first byte of its body to the answer; how it begins is upload_begin.c's.
 *
 *   ASKING    the broker: may it, and how much? The connection is suspended, and nothing of the body has been read (upload_begin.c)
 *   BODY      as it comes to the disk, into a file without a name
 *   SAVING    what is it? fdatasync, and its name (the disk's thread); suspended
 *   SHARING   the broker again: those it is for are told; suspended
 *   OVER      the answer
 *
 * Killed before SHARING, nothing of it is left but perhaps a file that nobody knows of, which the next sweep removes; the broker has
 * taken the request to share it, or has not.
 */
#include "config.h"

#include "web/upload.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ipc/proc.h"
#include "lib/log.h"
#include "lib/util.h"
#include "proto/disposition.h"
#include "proto/picture.h"
#include "web/files.h"
#include "web/filetype.h"
#include "web/link.h"

#define SWALLOW (256u << 10) /* of a body that is refused, so that its client reads why */
#define FLUSH_EACH (8u << 20)

static char frame_buf[IPC_HDR + 2048];

/* --- how it ends ------------------------------------------------------------------------------------------ */

void
upload_over(struct upload *u, unsigned status, const char *text)
{
	u->step = OVER;
	u->status = status;
	bprintf(u->text, sizeof(u->text), "%s", text);
}

static void
refused(struct upload *u, unsigned err, struct str arg)
{
	char text[400];

	upload_over(u, answer_status(err), chat_err_text(err, arg.p, arg.n, text, sizeof(text)));
}

static void
too_big(struct upload *u)
{
	char most[32];

	show_bytes(most, sizeof(most), proc.opt.files_max_size);
	refused(u, u->max < proc.opt.files_max_size ? ERR_FILE_QUOTA : ERR_FILE_TOO_BIG,
		str_of(most));
}

void
upload_disk_failed(struct upload *u, int err)
{
	if (err == EEXIST) {
		upload_over(u, MHD_HTTP_GONE, "That link has been used.");
		return;
	}
	log_err("files: an upload cannot be kept: %s", strerror(err));
	if (err == ENOSPC || err == EDQUOT)
		refused(u, ERR_FILE_QUOTA, STR_LIT(""));
	else
		upload_over(u, MHD_HTTP_INTERNAL_SERVER_ERROR, "The file cannot be kept.");
}

/* The broker's no, or its silence. False: it is none. */
bool
upload_said_no(struct upload *u, unsigned type, const void *frame, size_t len)
{
	struct m_e_refused no;
	struct m_e_failed failed;

	if (type == MSG_e_refused && m_e_refused_get(frame, len, &no))
		refused(u, no.code, no.arg);
	else if (type == MSG_e_failed && m_e_failed_get(frame, len, &failed))
		refused(u, failed.code, failed.arg);
	else if (type == 0)
		refused(u, ERR_STORE_AWAY, STR_LIT(""));
	else
		return false;
	return true;
}

static void
heard(void *arg, unsigned type, const void *frame, size_t len)
{
	(void)arg;
	(void)type;
	(void)frame;
	(void)len;
}

static void
does_not_come(const uint8_t id[FILE_ID])
{
	struct m_r_upload_over m = {.id = {(const char *)id, FILE_ID}};

	link_ask(frame_buf, m_r_upload_over_put(frame_buf, sizeof(frame_buf), &m), false, heard,
		 NULL);
}

void
upload_unasked(const struct m_e_may_upload *m)
{
	if (m->id.n == FILE_ID)
		does_not_come((const uint8_t *)m->id.p);
}

void
upload_end(struct exchange *x)
{
	struct upload *u = (struct upload *)x;

	if (u->ask != NULL)
		link_forget(u->ask);
	if (u->promised)
		does_not_come(u->id);
	if (u->fd >= 0)
		close(u->fd);
	LIST_REMOVE(u, entry);
	free(u->thumb);
	free(u);
}

/* --- the answer -------------------------------------------------------------------------------------------- */

static size_t
json_string(char *out, size_t cap, const char *s)
{
	size_t n = 0;

	out[n++] = '"';
	for (; *s != '\0' && n + 4 < cap; s++) { /* clean text: no controls */
		if (*s == '"' || *s == '\\')
			out[n++] = '\\';
		out[n++] = *s;
	}
	out[n++] = '"';
	out[n] = '\0';
	return n;
}

static bool
created(struct upload *u)
{
	char json[4096];
	size_t n = bprintf(json, sizeof(json), "{\"url\":");
	struct MHD_Response *r;

	n += json_string(json + n, sizeof(json) - n, u->location);
	n += bprintf(json + n, sizeof(json) - n, ",\"name\":");
	n += json_string(json + n, sizeof(json) - n, u->name);
	n += bprintf(json + n, sizeof(json) - n, ",\"type\":");
	n += json_string(json + n, sizeof(json) - n, u->type);
	n += bprintf(json + n, sizeof(json) - n, ",\"size\":%" PRIu64 "}\n", u->size);
	r = MHD_create_response_from_buffer(n, json, MHD_RESPMEM_MUST_COPY);
	if (r == NULL)
		return false;
	answer_safe(r, true);
	MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json");
	MHD_add_response_header(r, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	MHD_add_response_header(r, MHD_HTTP_HEADER_LOCATION, u->location);
	return answer_queue(u->x.c, MHD_HTTP_CREATED, r);
}

/* The form that upload_form shows has a person in front of it. */
static bool
created_by_form(struct upload *u)
{
	char text[400];

	bprintf(text, sizeof(text), "%s has been shared.", u->name);
	return answer_text(u->x.c, MHD_HTTP_CREATED, text);
}

static bool
answer(struct upload *u)
{
	if (u->status != MHD_HTTP_CREATED)
		return answer_text(u->x.c, u->status, u->text);
	return u->plain ? created_by_form(u) : created(u);
}

/* It is refused, but goes on coming: libmicrohttpd takes an answer only at its end. */
static void
swallow(struct upload *u, size_t n)
{
	u->swallowed += n;
	if (u->swallowed > SWALLOW)
		u->x.client->refuse = (uint16_t)u->status;
}

/* --- telling others ------------------------------------------------------------------------------------------ */

/* The link, for who has uploaded it: as people reach the page, or as it has reached us. */
static void
locate(struct upload *u, const struct file_facts *f)
{
	static const char fit[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:[]_";
	char path[FILE_PATH_MAX], base[256];
	size_t n;

	file_path(path, sizeof(path), f);
	if (proc.opt.web_url[0] != '\0')
		n = bprintf(base, sizeof(base), "%s", proc.opt.web_url);
	else if (u->host[0] != '\0' && strspn(u->host, fit) == strlen(u->host))
		n = bprintf(base, sizeof(base), "http%s://%s", u->x.client->rec.tls ? "s" : "",
			    u->host);
	else
		n = bprintf(base, sizeof(base), "%s", "");
	while (n > 0 && base[n - 1] == '/')
		base[--n] = '\0';
	bprintf(u->location, sizeof(u->location), "%s%s", base, path);
}

/* What it is shared with, as those are told that it is for. */
static bool
file_of(unsigned type, const void *frame, size_t len, struct file_facts *f)
{
	struct m_e_file file;
	struct m_e_say say;
	struct m_e_dm dm;

	switch (type) {
	case MSG_e_say:
		return m_e_say_get(frame, len, &say) && file_get(say.file, f);
	case MSG_e_dm:
		return m_e_dm_get(frame, len, &dm) && file_get(dm.file, f);
	case MSG_e_file:
		return m_e_file_get(frame, len, &file) && file_get(file.file, f);
	default:
		return false;
	}
}

static void
shared(void *arg, unsigned type, const void *frame, size_t len)
{
	struct upload *u = arg;
	struct file_facts f;

	u->ask = NULL;
	if (file_of(type, frame, len, &f)) {
		u->promised = false;
		locate(u, &f);
		upload_over(u, MHD_HTTP_CREATED, "");
	} else {
		files_remove(u->id);
		if (!upload_said_no(u, type, frame, len))
			upload_over(u, MHD_HTTP_INTERNAL_SERVER_ERROR,
				    "The file cannot be shared.");
	}
	http_resume(&u->x);
}

static void
share(struct upload *u)
{
	char packed[FILE_FACTS_MAX];
	struct m_r_share m = {.conn = u->x.client->id,
			      .token = {(const char *)u->token, sizeof(u->token)},
			      .file = {packed, 0},
			      .name = str_of(u->account)};

	u->facts.size = u->size;
	u->facts.name = str_of(u->name);
	u->facts.type = str_of(u->type);
	memcpy(u->facts.id, u->id, sizeof(u->id));
	m.file.n = file_put(packed, &u->facts);
	u->step = SHARING;
	u->ask =
	    link_ask(frame_buf, m_r_share_put(frame_buf, sizeof(frame_buf), &m), true, shared, u);
	if (u->ask != NULL)
		return;
	files_remove(u->id);
	refused(u, ERR_BUSY, STR_LIT(""));
	http_resume(&u->x);
}

/* --- it is whole ---------------------------------------------------------------------------------------------- */

static struct upload *
of_job(struct disk_job *j)
{
	return (struct upload *)((char *)j - offsetof(struct upload, job));
}

static void
save_thumb(struct upload *u)
{
	int fd = files_new(u->id);

	if (fd < 0)
		return;
	if (write(fd, u->thumb, u->nthumb) == (ssize_t)u->nthumb &&
	    files_name(fd, u->id, true) == 0)
		u->facts.flags |= FILE_THUMB;
	close(fd);
}

/* In the disk's thread. */
static void
save(struct disk_job *j)
{
	struct upload *u = of_job(j);
	uint8_t *head = malloc(PICTURE_HEAD_MAX);
	ssize_t n = head != NULL ? pread(u->fd, head, PICTURE_HEAD_MAX, 0) : 0;

	filetype_of(u->first, u->nfirst, u->type);
	if (n > 0 && picture_size(head, (size_t)n, &u->facts.width, &u->facts.height))
		bprintf(u->type, sizeof(u->type), "%s", picture_type(head, (size_t)n));
	free(head);
	u->err = files_name(u->fd, u->id, false) < 0 ? errno : 0;
	/* only of a picture: it is shown in its place */
	if (u->err == 0 && u->nthumb > 0 && strncmp(u->type, "image/", 6) == 0)
		save_thumb(u);
}

static void
saved(struct disk_job *j)
{
	struct upload *u = of_job(j);

	if (u->err == 0) {
		share(u);
		return;
	}
	upload_disk_failed(u, u->err);
	http_resume(&u->x);
}

static void
complete(struct upload *u)
{
	const char *type = u->nthumb > 0 ? picture_type(u->thumb, u->nthumb) : NULL;

	if (u->form && !multipart_done(&u->mp)) {
		upload_over(u, MHD_HTTP_BAD_REQUEST, "The form is not whole.");
	} else if (u->size == 0) {
		upload_over(u, MHD_HTTP_BAD_REQUEST, "There is nothing in it.");
	} else {
		if (type == NULL || strcmp(type, "image/gif") == 0)
			u->nthumb = 0; /* a small picture that is none is left out */
		if (u->name[0] == '\0')
			disposition_label(u->name, 0, UPLOAD_LABEL_MAX);
		u->step = SAVING;
		u->job.run = save;
		u->job.done = saved;
		http_suspend(&u->x);
		disk_do(&u->job);
	}
}

/* --- as it comes --------------------------------------------------------------------------------------------- */

static bool
write_all(struct upload *u, const char *p, size_t n)
{
	for (size_t done = 0; done < n;) {
		ssize_t r = write(u->fd, p + done, n - done);

		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0) {
			upload_disk_failed(u, r < 0 ? errno : ENOSPC);
			return false;
		}
		done += (size_t)r;
	}
	return true;
}

static bool
take_file(struct upload *u, const char *p, size_t n)
{
	size_t first = MIN(n, sizeof(u->first) - u->nfirst);

	if (n > u->max - u->size) {
		too_big(u);
		return false;
	}
	memcpy(u->first + u->nfirst, p, first);
	u->nfirst += first;
	if (!write_all(u, p, n))
		return false;
	/* so that not all of it has to be written when it is whole */
	if (u->size / FLUSH_EACH != (u->size + n) / FLUSH_EACH)
		sync_file_range(u->fd, 0, 0, SYNC_FILE_RANGE_WRITE);
	u->size += n;
	return true;
}

/* One that is too big is left out. */
static void
take_thumb(struct upload *u, struct str s)
{
	if (u->thumb == NULL)
		u->thumb = xcalloc(1, UPLOAD_THUMB_MAX);
	if (s.n > UPLOAD_THUMB_MAX - u->nthumb) {
		u->part = PART_OTHER;
		u->nthumb = 0;
		return;
	}
	memcpy(u->thumb + u->nthumb, s.p, s.n);
	u->nthumb += s.n;
}

void
upload_call_it(struct upload *u, struct str disposition)
{
	char name[1024];
	size_t n = disposition_filename(disposition, name, sizeof(name));

	if (n == 0)
		return;
	n = disposition_label(name, n, UPLOAD_LABEL_MAX);
	memcpy(u->name, name, n + 1);
}

static bool
form_part(void *arg, enum multipart_what what, struct str s)
{
	struct upload *u = arg;
	char field[16];

	if (what == MULTIPART_END)
		return true;
	if (what == MULTIPART_BYTES) {
		if (u->part == PART_FILE)
			return take_file(u, s.p, s.n);
		if (u->part == PART_THUMB)
			take_thumb(u, s);
		return true;
	}
	disposition_param(s, "name", field, sizeof(field));
	u->part = PART_OTHER;
	if (strcmp(field, "thumb") == 0 && u->nthumb == 0)
		u->part = PART_THUMB;
	if (strcmp(field, "file") != 0)
		return true;
	if (u->size > 0) {
		upload_over(u, MHD_HTTP_BAD_REQUEST, "One link takes one file.");
		return false;
	}
	u->part = PART_FILE;
	upload_call_it(u, s);
	return true;
}

/* A form without a length could go on for ever with what is not kept. */
static bool
take_form(struct upload *u, const char *p, size_t n)
{
	u->came += n;
	if (u->came > u->max + UPLOAD_FORM_MAX) {
		too_big(u);
		return false;
	}
	return multipart_feed(&u->mp, p, n, form_part, u);
}

static void
take(struct upload *u, const char *p, size_t n)
{
	bool good = u->form ? take_form(u, p, n) : take_file(u, p, n);

	if (!good && u->step == BODY)
		upload_over(u, MHD_HTTP_BAD_REQUEST, "The form is not one.");
}

bool
upload_more(struct exchange *x, const char *data, size_t *n)
{
	struct upload *u = (struct upload *)x;

	if (u->step == BODY && *n > 0)
		take(u, data, *n);
	else if (u->step == BODY && !x->recalled)
		complete(u);
	else if (*n > 0)
		swallow(u, *n);
	if (u->step == OVER && *n == 0)
		return answer(u);
	*n = 0;
	return true;
}
