/* xfer.c - see xfer.h. */
#include "config.h"

#include "xfer.h"

#include "lib/util.h"
#include "url.h"

#ifdef HAVE_CURL

#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define REDIRECTS_MAX 5
#define ANSWER_MAX (1u << 20)
#define SLOW_BYTES 1024 /* a second, on average */
#define SLOW_SECONDS 30 /* over so long, */
#define SLOW_SECONDS_TEST 2 /* or that in tests */

struct xfer {
	struct xfer *next;
	struct xfers *all;
	CURL *easy; /* owned */
	curl_mime *form; /* owned */
	struct xfer_rules rules;
	int fd;
	uint64_t at, size, max, answer;
	bool http; /* goes to the chat server only */
	bool refused, too_big, disk;
	xfer_progress_fn *progress;
	xfer_done_fn *done;
	void *arg;
	char error[CURL_ERROR_SIZE];
};

struct xfers {
	CURLM *multi; /* owned */
	struct xfer *list; /* owned */
	struct pollfd fds[XFER_POLL_MAX];
	unsigned n;
	uint64_t due;
};

/* --- libcurl's wishes about descriptors and time --------------------------------------------- */

static int
on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *sockp)
{
	struct xfers *x = arg;
	unsigned i;

	(void)easy;
	(void)sockp;
	for (i = 0; i < x->n && x->fds[i].fd != fd; i++)
		;
	if (what == CURL_POLL_REMOVE) {
		if (i < x->n)
			x->fds[i] = x->fds[--x->n];
		return 0;
	}
	if (i == XFER_POLL_MAX)
		return -1;
	if (i == x->n)
		x->n++;
	x->fds[i] = (struct pollfd){.fd = fd};
	x->fds[i].events =
	    (short)((what & CURL_POLL_IN ? POLLIN : 0) | (what & CURL_POLL_OUT ? POLLOUT : 0));
	return 0;
}

static int
on_timer(CURLM *multi, long ms, void *arg)
{
	struct xfers *x = arg;

	(void)multi;
	x->due = ms < 0 ? UINT64_MAX : mono_ms() + (uint64_t)ms;
	return 0;
}

struct xfers *
xfers_new(void)
{
	struct xfers *x = xcalloc(1, sizeof(*x));

	x->due = UINT64_MAX;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0 || (x->multi = curl_multi_init()) == NULL) {
		free(x);
		return NULL;
	}
	curl_multi_setopt(x->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(x->multi, CURLMOPT_SOCKETDATA, x);
	curl_multi_setopt(x->multi, CURLMOPT_TIMERFUNCTION, on_timer);
	curl_multi_setopt(x->multi, CURLMOPT_TIMERDATA, x);
	return x;
}

static void
xfer_free(struct xfer *t)
{
	for (struct xfer **at = &t->all->list; *at != NULL; at = &(*at)->next) {
		if (*at == t) {
			*at = t->next;
			break;
		}
	}
	curl_multi_remove_handle(t->all->multi, t->easy);
	curl_easy_cleanup(t->easy);
	curl_mime_free(t->form);
	free(t);
}

void
xfers_free(struct xfers *x)
{
	if (x == NULL)
		return;
	while (x->list != NULL)
		xfer_free(x->list);
	curl_multi_cleanup(x->multi);
	curl_global_cleanup();
	free(x);
}

unsigned
xfers_poll(const struct xfers *x, struct pollfd fds[XFER_POLL_MAX], uint64_t *due)
{
	if (x == NULL)
		return 0;
	memcpy(fds, x->fds, x->n * sizeof(fds[0]));
	*due = MIN(*due, x->due);
	return x->n;
}

/* --- one of them --------------------------------------------------------------------------------- */

static bool
is_allowed(const struct xfer_rules *r, const struct net *n)
{
	for (unsigned i = 0; i < r->n; i++) {
		if (memcmp(r->allowed[i].bytes, n->bytes, sizeof(n->bytes)) == 0)
			return true;
	}
	return false;
}

/* Called with what the name has been resolved to, before each connection. */
static curl_socket_t
on_open(void *arg, curlsocktype purpose, struct curl_sockaddr *a)
{
	struct xfer *t = arg;
	struct net n;
	bool test = false, ok = purpose == CURLSOCKTYPE_IPCXN && net_of_sockaddr(&a->addr, &n);

	if (ok && t->rules.test_port != 0 && a->addr.sa_family == AF_INET) {
		const unsigned char *port = (const unsigned char *)&a->addr + 2;

		test =
		    net_is_loopback(&n) && (unsigned)port[0] * 256 + port[1] == t->rules.test_port;
	}
	if (!ok || !(test || (!t->http && net_is_public(&n)) || is_allowed(&t->rules, &n))) {
		t->refused = true;
		return CURL_SOCKET_BAD;
	}
	return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

static size_t
on_write(char *p, size_t size, size_t n, void *arg)
{
	struct xfer *t = arg;
	size_t done = 0;

	n *= size;
	if (t->form != NULL) {
		t->answer += n;
		return t->answer > ANSWER_MAX ? 0 : n; /* nobody reads it */
	}
	t->at += n;
	if (t->at > t->max) {
		t->too_big = true;
		return 0;
	}
	while (done < n) {
		ssize_t r = write(t->fd, p + done, n - done);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0) {
			t->disk = true;
			return 0;
		}
		done += (size_t)r;
	}
	return n;
}

static size_t
on_read(char *p, size_t size, size_t n, void *arg)
{
	struct xfer *t = arg;
	ssize_t r = pread(t->fd, p, MIN(size * n, t->size - MIN(t->at, t->size)), (off_t)t->at);

	if (r < 0 || (r == 0 && t->at < t->size))
		return CURL_READFUNC_ABORT; /* it has become shorter */
	t->at += (size_t)r;
	return (size_t)r;
}

static int
on_seek(void *arg, curl_off_t offset, int origin)
{
	struct xfer *t = arg;

	if (origin != SEEK_SET)
		return CURL_SEEKFUNC_CANTSEEK;
	t->at = (uint64_t)offset;
	return CURL_SEEKFUNC_OK;
}

static int
on_progress(void *arg, curl_off_t dlall, curl_off_t dl, curl_off_t ulall, curl_off_t ul)
{
	struct xfer *t = arg;

	if (t->progress != NULL)
		t->progress(t->arg, (uint64_t)(t->form != NULL ? ul : dl),
			    (uint64_t)(t->form != NULL ? ulall : dlall));
	return 0;
}

/* The certificates that TLS to the server trusts, too. */
static void
trust(CURL *easy)
{
	const char *file = getenv("SSL_CERT_FILE");

	if (file != NULL && *file != '\0')
		curl_easy_setopt(easy, CURLOPT_CAINFO, file);
}

/* The chat server's key was given, so it is the chat server's files: whose certificate that is, does not matter. Elsewhere, be it by a
 * redirection, nobody has that key. False: this libcurl cannot look at it. */
static bool
trust_pin(CURL *easy, const char *pin)
{
	if (pin[0] == '\0')
		return true;
	return curl_easy_setopt(easy, CURLOPT_PINNEDPUBLICKEY, pin) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L) == CURLE_OK;
}

/* http goes nowhere but to the chat server itself. */
static const char *
check_url(const char *url, const struct xfer_rules *rules)
{
	struct url u;
	const char *why = url_parse(str_of(url), &u);

	if (why != NULL)
		return why;
	return u.https || rules->plain ? NULL : "only https addresses are fetched";
}

/* What up and down have in common: NULL and *t_r, or why it cannot be. */
static const char *
start(struct xfers *x, const char *url, const struct xfer_rules *rules, struct xfer **t_r)
{
	const char *why = x != NULL ? check_url(url, rules) : "files are not in this build";
	const char *schemes = rules->plain ? "https,http" : "https";
	struct xfer *t;

	if (why != NULL)
		return why;
	*t_r = t = xcalloc(1, sizeof(*t));
	t->all = x;
	t->rules = *rules;
	t->http = strncasecmp(url, "http:", 5) == 0;
	t->fd = -1;
	t->easy = curl_easy_init();
	if (t->easy == NULL) {
		free(t);
		return "out of memory";
	}
	curl_easy_setopt(t->easy, CURLOPT_URL, url);
	curl_easy_setopt(t->easy, CURLOPT_PROTOCOLS_STR, schemes);
	curl_easy_setopt(t->easy, CURLOPT_REDIR_PROTOCOLS_STR, "https");
	curl_easy_setopt(t->easy, CURLOPT_MAXREDIRS, (long)REDIRECTS_MAX);
	curl_easy_setopt(t->easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	curl_easy_setopt(t->easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(t->easy, CURLOPT_PROXY,
			 ""); /* it would connect for us, and look at no address */
	curl_easy_setopt(t->easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
	curl_easy_setopt(t->easy, CURLOPT_OPENSOCKETDATA, t);
	curl_easy_setopt(t->easy, CURLOPT_CONNECTTIMEOUT, 15L);
	curl_easy_setopt(t->easy, CURLOPT_LOW_SPEED_LIMIT, (long)SLOW_BYTES);
	curl_easy_setopt(t->easy, CURLOPT_LOW_SPEED_TIME,
			 (long)(rules->test_port != 0 ? SLOW_SECONDS_TEST : SLOW_SECONDS));
	curl_easy_setopt(t->easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(t->easy, CURLOPT_ERRORBUFFER, t->error);
	curl_easy_setopt(t->easy, CURLOPT_USERAGENT, "chat/" PACKAGE_VERSION);
	curl_easy_setopt(t->easy, CURLOPT_WRITEFUNCTION, on_write);
	curl_easy_setopt(t->easy, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(t->easy, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(t->easy, CURLOPT_XFERINFODATA, t);
	curl_easy_setopt(t->easy, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(t->easy, CURLOPT_PRIVATE, t);
	trust(t->easy);
	if (trust_pin(t->easy, rules->pin))
		return NULL;
	curl_easy_cleanup(t->easy);
	free(t);
	return "--pin is not in this build's libcurl";
}

static const char *
go(struct xfer *t)
{
	t->next = t->all->list;
	t->all->list = t;
	if (curl_multi_add_handle(t->all->multi, t->easy) == CURLM_OK)
		return NULL;
	xfer_free(t);
	return "it cannot be started";
}

const char *
xfer_down(struct xfers *x, const char *url, const struct xfer_rules *rules, int fd, uint64_t max,
	  xfer_progress_fn *progress, xfer_done_fn *done, void *arg)
{
	struct xfer *t = NULL;
	const char *why = start(x, url, rules, &t);

	if (why != NULL)
		return why;
	t->fd = fd;
	t->max = max;
	t->progress = progress;
	t->done = done;
	t->arg = arg;
	curl_easy_setopt(t->easy, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(t->easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)max);
	curl_easy_setopt(t->easy, CURLOPT_FAILONERROR, 1L);
	return go(t);
}

const char *
xfer_up(struct xfers *x, const char *url, const struct xfer_rules *rules, int fd, const char *name,
	uint64_t size, xfer_progress_fn *progress, xfer_done_fn *done, void *arg)
{
	struct xfer *t = NULL;
	const char *why = start(x, url, rules, &t);
	curl_mimepart *part;

	if (why != NULL)
		return why;
	t->size = size;
	t->progress = progress;
	t->done = done;
	t->arg = arg;
	t->form = curl_mime_init(t->easy);
	part = curl_mime_addpart(t->form);
	curl_mime_name(part, "file");
	curl_mime_filename(part, name);
	curl_mime_data_cb(part, (curl_off_t)size, on_read, on_seek, NULL, t);
	t->fd = fd;
	curl_easy_setopt(t->easy, CURLOPT_MIMEPOST, t->form);
	return go(t);
}

/* --- running ---------------------------------------------------------------------------------------- */

static const char *
outcome(struct xfer *t, CURLcode code, char *text, size_t cap)
{
	long status = 0;

	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	if (t->refused)
		return "that address is not one of the Internet's: it is not fetched from";
	if (t->too_big || code == CURLE_FILESIZE_EXCEEDED)
		return "it is too big";
	if (t->disk)
		return "it cannot be written";
	if (code == CURLE_OPERATION_TIMEDOUT)
		return "it comes too slowly";
	if (code == CURLE_TOO_MANY_REDIRECTS)
		return "it leads from one address to the next";
	if (status == 413 || status == 507)
		return status == 413 ? "it is too big for the server"
				     : "there is no room left for it";
	if (status == 404 || status == 410)
		return "there is no such file";
	if (status >= 300) {
		bprintf(text, cap, "the server's answer was %ld", status);
		return text;
	}
	if (code == CURLE_OK)
		return NULL;
	if (code == CURLE_SSL_PINNEDPUBKEYNOTMATCH)
		return "the server has another key than the one that --pin names";
	bprintf(text, cap, "%s", t->error[0] != '\0' ? t->error : curl_easy_strerror(code));
	return text;
}

static void
finish(struct xfers *x)
{
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(x->multi, &left)) != NULL) {
		char text[CURL_ERROR_SIZE + 64];
		struct xfer *t = NULL;
		xfer_done_fn *done;
		const char *why;
		void *arg;

		if (m->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&t);
		why = outcome(t, m->data.result, text, sizeof(text));
		done = t->done;
		arg = t->arg;
		xfer_free(t);
		done(arg, why);
	}
}

void
xfers_run(struct xfers *x, const struct pollfd *fds, unsigned n)
{
	int running;

	if (x == NULL)
		return;
	for (unsigned i = 0; i < n; i++) {
		int what = (fds[i].revents & POLLIN ? CURL_CSELECT_IN : 0) |
			   (fds[i].revents & POLLOUT ? CURL_CSELECT_OUT : 0) |
			   (fds[i].revents & (POLLERR | POLLHUP) ? CURL_CSELECT_ERR : 0);

		if (what != 0)
			(void)curl_multi_socket_action(x->multi, fds[i].fd, what, &running);
	}
	if (x->due <= mono_ms()) {
		x->due = UINT64_MAX;
		(void)curl_multi_socket_action(x->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	}
	finish(x);
}

#else

struct xfers *
xfers_new(void)
{
	return NULL;
}

void
xfers_free(struct xfers *x)
{
	(void)x;
}

unsigned
xfers_poll(const struct xfers *x, struct pollfd fds[XFER_POLL_MAX], uint64_t *due)
{
	(void)x;
	(void)fds;
	(void)due;
	return 0;
}

void
xfers_run(struct xfers *x, const struct pollfd *fds, unsigned n)
{
	(void)x;
	(void)fds;
	(void)n;
}

const char *
xfer_down(struct xfers *x, const char *url, const struct xfer_rules *rules, int fd, uint64_t max,
	  xfer_progress_fn *progress, xfer_done_fn *done, void *arg)
{
	(void)x, (void)url, (void)rules, (void)fd, (void)max, (void)progress, (void)done, (void)arg;
	return "files are not in this build";
}

const char *
xfer_up(struct xfers *x, const char *url, const struct xfer_rules *rules, int fd, const char *name,
	uint64_t size, xfer_progress_fn *progress, xfer_done_fn *done, void *arg)
{
	(void)x, (void)url, (void)rules, (void)fd, (void)name, (void)size, (void)progress,
	    (void)done, (void)arg;
	return "files are not in this build";
}

#endif
