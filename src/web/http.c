/* http.c - libmicrohttpd inside our loop: connections in, requests to those who answer them. */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ipc/board.h"
#include "ipc/handed.h"
#include "ipc/proc.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/util.h"
#include "web/files.h"
#include "web/filetype.h"
#include "web/web.h"

#define MEMORY (32u << 10) /* of one connection: headers, and what waits to be sent */
#define RUNS 8 /* of libmicrohttpd in a turn, while there is more to do */
#define SILENCE_S 30 /* without a byte either way */

static struct {
	struct MHD_Daemon *d;
	struct loop_io io;
	struct loop_timer timer;
	bool draining;
	unsigned n;
} http;

/* --- requests ------------------------------------------------------------------------------------- */

const char *
http_header(struct MHD_Connection *c, const char *name)
{
	return MHD_lookup_connection_value(c, MHD_HEADER_KIND, name);
}

bool
http_origin_fits(struct MHD_Connection *c)
{
	const char *origin = http_header(c, MHD_HTTP_HEADER_ORIGIN);
	const char *host = http_header(c, MHD_HTTP_HEADER_HOST), *site;
	struct str others = str_of(proc.opt.web_origins), other;

	if (origin == NULL)
		return true;
	site = strstr(origin, "://");
	/* what has come in clear is anybody's, who sits on the way */
	if (http_client(c)->rec.tls && strncasecmp(origin, "https:", 6) != 0)
		site = NULL;
	if (site != NULL && host != NULL && strcasecmp(site + 3, host) == 0)
		return true;
	while (str_next(&others, ' ', &other)) {
		if (other.n == strlen(origin) && strncasecmp(other.p, origin, other.n) == 0)
			return true;
	}
	return false;
}

static bool
healthz(struct MHD_Connection *c, const char *path)
{
	(void)path;
	return answer_text(c, http.draining ? MHD_HTTP_SERVICE_UNAVAILABLE : MHD_HTTP_OK,
			   http.draining ? "ending" : "ok");
}

enum { GET = 1, HEAD = 2, READ = GET | HEAD, POST = 4, OPTIONS = 8 };
static const struct method {
	const char *name;
	unsigned bit;
} methods[] = {{"GET", GET},  {"HEAD", HEAD}, {"POST", POST}, {"OPTIONS", OPTIONS}, {"PUT", 0},
	       {"DELETE", 0}, {"PATCH", 0},   {"TRACE", 0},   {"CONNECT", 0}};

/* The first that fits is taken. What ends in a slash is the beginning of a path. answer: at once; begin: others are asked. */
static const struct route {
	const char *path;
	unsigned methods;
	bool (*answer)(struct MHD_Connection *c, const char *path);
	http_begin_fn *begin;
} routes[] = {
    {"/ws", GET, upgrade_answer, NULL},      {"/healthz", READ, healthz, NULL},
    {"/metrics", READ, NULL, metrics_begin}, {"/files/u/", POST, NULL, upload_begin},
    {"/files/u/", READ, upload_form, NULL},  {"/files/u/", OPTIONS, NULL, upload_options},
    {"/files", POST, NULL, upload_begin},    {"/files", OPTIONS, NULL, upload_options},
    {"/files/", READ, NULL, download_begin}, {"/", READ, assets_answer, NULL},
    {"/assets/", READ, assets_answer, NULL},
};

static bool
is_at(const struct route *r, const char *path)
{
	size_t n = strlen(r->path);

	if (n > 1 && r->path[n - 1] == '/')
		return strncmp(path, r->path, n) == 0;
	return strcmp(path, r->path) == 0;
}

/* The bit of a method; 0: of one that nothing here is asked by; -1: it is none. */
static int
method_bit(const char *method)
{
	for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
		if (strcmp(methods[i].name, method) == 0)
			return (int)methods[i].bit;
	}
	return -1;
}

/* NULL: nothing that can be asked for. *allowed_r: by which methods there is something. */
static const struct route *
route_of(unsigned method, const char *path, unsigned *allowed_r)
{
	*allowed_r = 0;
	for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
		if (!is_at(&routes[i], path))
			continue;
		if (routes[i].methods & method)
			return &routes[i];
		*allowed_r |= routes[i].methods;
	}
	return NULL;
}

/* RFC 9110, 15.5.6. As answer_text. */
static bool
say_not_allowed(struct MHD_Connection *c, unsigned allowed)
{
	struct MHD_Response *r = answer_short("That cannot be done here.");
	char list[64] = "";
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
		if (methods[i].bit & allowed)
			n += bprintf(list + n, sizeof(list) - n, "%s%s", n > 0 ? ", " : "",
				     methods[i].name);
	}
	if (r != NULL)
		MHD_add_response_header(r, MHD_HTTP_HEADER_ALLOW, list);
	return answer_queue(c, MHD_HTTP_METHOD_NOT_ALLOWED, r);
}

/* One that is answered when all of it is there. */
struct simple {
	struct exchange x;
	const struct route *route;
	char path[]; /* libmicrohttpd's own is good for a call */
};

static bool
simple_more(struct exchange *x, const char *data, size_t *n)
{
	const struct simple *s = (const struct simple *)x;

	(void)data;
	if (*n > 0) {
		*n = 0;
		return true;
	}
	return s->route->answer(x->c, s->path);
}

static void
simple_end(struct exchange *x)
{
	free(x);
}

static struct exchange *
simple_begin(const struct route *route, const char *path)
{
	size_t n = strlen(path) + 1;
	struct simple *s = xcalloc(1, sizeof(*s) + n);

	s->x.more = simple_more;
	s->x.end = simple_end;
	s->route = route;
	memcpy(s->path, path, n);
	return &s->x;
}

/* Paths that are ours have nothing else in them. */
static bool
is_plain_path(const char *path)
{
	static const char fit[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-";

	return path[0] == '/' && path[1] != '/' && strspn(path, fit) == strlen(path);
}

/* Where it is served with TLS, if we know. As answer_text. */
static bool
say_tls_only(struct MHD_Connection *c, const char *path)
{
	const char *base = proc.opt.web_url;
	size_t n = strlen(base);
	struct MHD_Response *r;
	char where[600];

	if (strncasecmp(base, "https://", 8) != 0)
		return answer_text(c, MHD_HTTP_FORBIDDEN, "This is served with TLS only.");
	while (n > 0 && base[n - 1] == '/')
		n--;
	bprintf(where, sizeof(where), "%.*s%s", (int)n, base, is_plain_path(path) ? path : "/");
	r = answer_short("This is served with TLS only.");
	if (r != NULL)
		MHD_add_response_header(r, MHD_HTTP_HEADER_LOCATION, where);
	return answer_queue(c, MHD_HTTP_PERMANENT_REDIRECT, r);
}

/* The head of a request is there. */
static bool
begins(struct MHD_Connection *c, const char *path, const char *method, struct exchange **x_r)
{
	struct client *client = http_client(c);
	const struct route *r;
	unsigned allowed;
	int bit = method_bit(method);
	bool good = true;

	client->answered = client->waits = false;
	if (!client->watched) {
		log_err("libmicrohttpd reads in another way than recv(): nothing is answered");
		return false;
	}
	if (proc.opt.tls_required && !conn_rec_is_private(&client->rec))
		return say_tls_only(c, path);
	if (bit < 0)
		return answer_text(c, MHD_HTTP_NOT_IMPLEMENTED, "That cannot be done here.");
	r = route_of((unsigned)bit, path, &allowed);
	if (r == NULL && allowed != 0)
		return say_not_allowed(c, allowed);
	if (r == NULL)
		return answer_text(c, MHD_HTTP_NOT_FOUND, "There is nothing here.");
	*x_r = r->begin != NULL ? r->begin(c, path, &good) : simple_begin(r, path);
	if (*x_r != NULL) {
		(*x_r)->c = c;
		(*x_r)->client = client;
		(*x_r)->head = bit == HEAD;
		(*x_r)->recalled = client->waits;
	}
	return good;
}

/* Called for each request: when its head is there (*mine_r NULL), then for its body's parts and end. */
static enum MHD_Result
request(void *cls, struct MHD_Connection *c, const char *url, const char *method,
	const char *version, const char *data, size_t *data_size, void **mine_r)
{
	struct exchange *x = *mine_r;
	bool good;

	(void)cls;
	(void)version;
	if (x == NULL) {
		good = begins(c, url, method, &x);
		*mine_r = x;
	} else {
		good = x->more(x, data, data_size);
		x->recalled = false;
	}
	return good ? MHD_YES : MHD_NO;
}

static void
completed(void *cls, struct MHD_Connection *c, void **mine, enum MHD_RequestTerminationCode why)
{
	struct exchange *x = *mine;
	struct client *client = http_client(c);

	(void)cls;
	(void)why;
	client->answered = false;
	door_answered(client);
	if (x != NULL)
		x->end(x);
	*mine = NULL;
}

void
http_suspend(struct exchange *x)
{
	x->client->waits = true;
	MHD_suspend_connection(x->c);
}

void
http_resume(struct exchange *x)
{
	x->client->waits = false;
	MHD_resume_connection(x->c);
	loop_again(proc.loop);
}

bool
http_draining(void)
{
	return http.draining;
}

/* --- connections ---------------------------------------------------------------------------------- */

static struct client *arriving; /* the one that MHD_add_connection is called for */

struct client *
http_client(struct MHD_Connection *c)
{
	return MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

static void
comes_or_goes(void *cls, struct MHD_Connection *connection, void **ctx,
	      enum MHD_ConnectionNotificationCode what)
{
	struct client *c = *ctx;

	(void)cls;
	(void)connection;
	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		*ctx = arriving;
		arriving = NULL;
		http.n++;
		return;
	}
	if (c == NULL)
		return;
	door_close(c);
	if (!c->passed)
		handed_closed(c->id);
	http.n--;
	free(c);
	*ctx = NULL;
	if (http.draining && http.n == 0)
		proc_done();
}

void
http_take(const struct conn_rec *rec, int fd, struct str early)
{
	/* who it is from is the master's to say; libmicrohttpd only wants something */
	struct sockaddr_in none = {.sin_family = AF_INET};
	struct client *c = xcalloc(1, sizeof(*c));

	(void)early;
	c->id = rec->id;
	c->rec = *rec;
	arriving = c;
	door_open(c, fd);
	if (http.draining || MHD_add_connection(http.d, fd, (const struct sockaddr *)&none,
						sizeof(none)) != MHD_YES) {
		if (http.draining)
			close(fd);
		if (arriving != NULL) { /* it has not even been told to be there */
			door_close(c);
			handed_closed(rec->id);
			free(c);
		}
		arriving = NULL;
	}
}

/* --- the loop ---------------------------------------------------------------------------------------- */

static void run(void);

static void
timer_due(void *arg)
{
	(void)arg;
	run();
}

static void
run(void)
{
	MHD_UNSIGNED_LONG_LONG ms = 1;
	bool timed;
	unsigned n = 0;

	/* it sends 128 KiB of a file at a time; more of that in a turn is less of everything else for each */
	do {
		MHD_run(http.d);
		timed = MHD_get_timeout(http.d, &ms) == MHD_YES;
	} while (timed && ms == 0 && ++n < RUNS);
	if (timed)
		loop_timer_start(proc.loop, &http.timer, (uint64_t)ms, timer_due, NULL);
	else
		loop_timer_stop(proc.loop, &http.timer);
}

static void
ready(int fd, unsigned what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	run();
}

static void
turn(void *arg)
{
	(void)arg;
	run();
	handed_turn();
}

__attribute__((format(printf, 2, 0))) static void
mhd_log(void *arg, const char *fmt, va_list ap)
{
	char line[400];

	(void)arg;
	vsnprintf(line, sizeof(line), fmt, ap);
	line[strcspn(line, "\n")] = '\0';
	log_debug("%s", line);
}

void
http_init(void)
{
	const union MHD_DaemonInfo *info;

	assets_init();
	files_init();
	filetype_init();
	http.d = MHD_start_daemon(
	    MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_UPGRADE |
		MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG,
	    0, NULL, NULL, request, NULL, /**/
	    MHD_OPTION_EXTERNAL_LOGGER, mhd_log, NULL, /**/
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY, /**/
	    /* who is too much the master refuses, and says so; here it would be closed without a word */
	    MHD_OPTION_CONNECTION_LIMIT, UINT_MAX, /**/
	    MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)SILENCE_S, /**/
	    /* proc.c ignores the signal; unless it knows that, it does not use sendfile */
	    MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, /**/
	    MHD_OPTION_STRICT_FOR_CLIENT, 1, /**/
	    MHD_OPTION_NOTIFY_CONNECTION, comes_or_goes, NULL, /**/
	    MHD_OPTION_NOTIFY_COMPLETED, completed, NULL, /**/
	    MHD_OPTION_END);
	if (http.d == NULL)
		fatal("libmicrohttpd cannot be started");
	info = MHD_get_daemon_info(http.d, MHD_DAEMON_INFO_EPOLL_FD);
	if (info == NULL || loop_add(proc.loop, &http.io, info->epoll_fd, EPOLLIN, ready, NULL) < 0)
		fatal("cannot watch libmicrohttpd: %s", strerror(errno));
	loop_each_turn(proc.loop, turn, NULL);
}

void
http_drain(void)
{
	http.draining = true;
	door_drain();
	if (http.n == 0)
		proc_done();
}
