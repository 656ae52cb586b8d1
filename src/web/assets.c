/* assets.c - the page and what belongs to it: built in (web/pack), or from the directory that web.root names.
 *
 * Built in: "/" is asked for anew each time, and mostly not sent (304); all it needs has the hash of all of it in its path and is kept by
 * browsers for ever. From a directory: nothing is kept, for those who work on it.
 */
#include "config.h"

#include "web/assets.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <microhttpd.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ipc/proc.h"
#include "lib/log.h"
#include "lib/util.h"
#include "web/web.h"

#define AT "/assets/"
#define INDEX "index.html"
#define KEEP "public, max-age=31536000, immutable"
#define ASK "no-cache"

static int root = -1;

static const struct {
	const char *ends, *type;
} types[] = {
    {".html", "text/html; charset=utf-8"},  {".js", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},    {".svg", "image/svg+xml"},
    {".json", "application/manifest+json"}, {".png", "image/png"},
};

static const char *
type_of(const char *name)
{
	const char *end = strrchr(name, '.');

	for (size_t i = 0; end != NULL && i < ARRAY_LEN(types); i++) {
		if (strcmp(end, types[i].ends) == 0)
			return types[i].type;
	}
	return "application/octet-stream";
}

/* "gzip;q=0.5": what it gives no weight to, the client does not take (RFC 9110, 12.5.3). */
static bool
is_gzip(struct str item)
{
	struct str word, weight;

	str_next(&item, ';', &word);
	word = str_trim(word);
	if (word.n != 4 || strncasecmp(word.p, "gzip", word.n) != 0)
		return false;
	str_next(&item, ';', &weight);
	weight = str_trim(weight);
	if (weight.n < 2 || strncasecmp(weight.p, "q=", 2) != 0)
		return true;
	for (size_t i = 2; i < weight.n; i++) {
		if (weight.p[i] >= '1' && weight.p[i] <= '9')
			return true;
	}
	return false;
}

static bool
takes_gzip(struct MHD_Connection *c)
{
	const char *said = http_header(c, MHD_HTTP_HEADER_ACCEPT_ENCODING);
	struct str list = str_of(said != NULL ? said : ""), item;

	while (str_next(&list, ',', &item)) {
		if (is_gzip(item))
			return true;
	}
	return false;
}

/* Is etag (in quotes) one of those that the client has? */
static bool
has_it(struct MHD_Connection *c, const char *etag)
{
	const char *list = http_header(c, MHD_HTTP_HEADER_IF_NONE_MATCH);

	return list != NULL && (strstr(list, etag) != NULL || strcmp(list, "*") == 0);
}

static bool
send_off(struct MHD_Connection *c, unsigned status, struct MHD_Response *r, const char *name,
	 const char *keep)
{
	answer_safe(r, true);
	MHD_add_response_header(r, MHD_HTTP_HEADER_CACHE_CONTROL, keep);
	if (status == MHD_HTTP_OK)
		MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, type_of(name));
	return answer_queue(c, status, r);
}

static bool
built_in(struct MHD_Connection *c, const char *name, const char *keep)
{
	const struct asset *a = assets;
	struct MHD_Response *r;
	char etag[40];
	bool gz, same;

	while (a->name != NULL && strcmp(a->name, name) != 0)
		a++;
	if (a->name == NULL)
		return answer_text(c, MHD_HTTP_NOT_FOUND, "There is nothing here.");
	gz = a->ngz > 0 && takes_gzip(c);
	bprintf(etag, sizeof(etag), "\"%s%s\"", a->hash, gz ? "-gz" : "");
	same = has_it(c, etag);
	/* libmicrohttpd only reads it; of a 304 it sends no body, but that one's length (RFC 9110, 8.6) */
	r = MHD_create_response_from_buffer(gz ? a->ngz : a->nraw,
					    (void *)(uintptr_t)(gz ? a->gz : a->raw),
					    MHD_RESPMEM_PERSISTENT);
	if (r == NULL)
		return false;
	MHD_add_response_header(r, MHD_HTTP_HEADER_ETAG, etag);
	if (a->ngz > 0)
		MHD_add_response_header(r, MHD_HTTP_HEADER_VARY, MHD_HTTP_HEADER_ACCEPT_ENCODING);
	if (gz && !same)
		MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip");
	return send_off(c, same ? MHD_HTTP_NOT_MODIFIED : MHD_HTTP_OK, r, name, keep);
}

static bool
from_root(struct MHD_Connection *c, const char *name)
{
	struct open_how how = {.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK,
			       .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
	struct MHD_Response *r;
	struct stat st;
	int fd = (int)syscall(SYS_openat2, root, name, &how, sizeof(how));

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		if (fd >= 0)
			close(fd);
		return answer_text(c, MHD_HTTP_NOT_FOUND, "There is nothing here.");
	}
	r = MHD_create_response_from_fd((size_t)st.st_size, fd);
	if (r == NULL) {
		close(fd);
		return false;
	}
	return send_off(c, MHD_HTTP_OK, r, name, "no-store");
}

bool
assets_answer(struct MHD_Connection *c, const char *path)
{
	const char *dir, *name;

	if (strcmp(path, "/") == 0)
		return root >= 0 ? from_root(c, INDEX) : built_in(c, INDEX, ASK);
	dir = path + strlen(AT);
	name = strchr(dir, '/');
	if (name == NULL)
		return answer_text(c, MHD_HTTP_NOT_FOUND, "There is nothing here.");
	if (root >= 0)
		return from_root(c, name + 1);
	if (strncmp(dir, assets_name, (size_t)(name - dir)) != 0 || assets_name[name - dir] != '\0')
		return answer_text(c, MHD_HTTP_NOT_FOUND, "That was another version of this page.");
	return built_in(c, name + 1, KEEP);
}

void
assets_init(void)
{
	if (proc.opt.web_root[0] == '\0')
		return;
	root = open(proc.opt.web_root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		fatal("web.root %s: %s", proc.opt.web_root, strerror(errno));
}
