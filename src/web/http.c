/* http.c - libmicrohttpd inside our loop: connections in, requests to those who answer them. */
#include "config.h"

#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ipc/board.h"
#include "ipc/handed.h"
#include "ipc/proc.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/util.h"
#include "web/web.h"

#define MEMORY (32u << 10) /* of one connection: headers, and what waits to be sent */
#define SILENCE_S 30 /* without a byte either way */

static struct {
	struct MHD_Daemon *d;
	struct loop_io io;
	struct loop_timer timer;
	bool draining;
	unsigned n;
} http;

/* --- answers ------------------------------------------------------------------------------------ */

const char *
http_header(struct MHD_Connection *c, const char *name)
{
	return MHD_lookup_connection_value(c, MHD_HEADER_KIND, name);
}

void
http_safe(struct MHD_Response *r)
{
	static const struct {
		const char *name, *value;
	} headers[] = {
	    {"X-Content-Type-Options", "nosniff"},
	    {"X-Frame-Options", "DENY"},
	    {"Referrer-Policy", "no-referrer"},
	    {"Content-Security-Policy",
	     "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
	     "media-src 'self' blob:; connect-src 'self' ws: wss:; font-src 'self'; manifest-src "
	     "'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"},
	    {"Cross-Origin-Opener-Policy", "same-origin"},
	};

	for (size_t i = 0; i < ARRAY_LEN(headers); i++)
		MHD_add_response_header(r, headers[i].name, headers[i].value);
}

bool
http_say(struct MHD_Connection *c, unsigned status, const char *text)
{
	struct MHD_Response *r;
	char line[512];
	size_t n = bprintf(line, sizeof(line), "%s\n", text);
	bool good;

	r = MHD_create_response_from_buffer(n, line, MHD_RESPMEM_MUST_COPY);
	if (r == NULL)
		return false;
	http_safe(r);
	MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, "text/plain; charset=utf-8");
	if (status == MHD_HTTP_UPGRADE_REQUIRED) {
		MHD_add_response_header(r, MHD_HTTP_HEADER_UPGRADE, "websocket");
		MHD_add_response_header(r, MHD_HTTP_HEADER_SEC_WEBSOCKET_VERSION, "13");
	}
	good = MHD_queue_response(c, status, r) == MHD_YES;
	MHD_destroy_response(r);
	return good;
}

/* --- requests ------------------------------------------------------------------------------------- */

static bool
healthz(struct MHD_Connection *c)
{
	return http_say(c, http.draining ? MHD_HTTP_SERVICE_UNAVAILABLE : MHD_HTTP_OK,
			http.draining ? "ending" : "ok");
}

static const struct {
	const char *path;
	bool (*answer)(struct MHD_Connection *c);
} routes[] = {
    {"/ws", upgrade_answer},
    {"/healthz", healthz},
};

/* Called for each request: when its headers are there (*mine_r NULL), then for its body's parts and end. */
static enum MHD_Result
request(void *cls, struct MHD_Connection *c, const char *url, const char *method,
	const char *version, const char *data, size_t *data_size, void **mine_r)
{
	static int seen;

	(void)cls;
	(void)version;
	(void)data;
	if (*mine_r == NULL) {
		*mine_r = &seen;
		return MHD_YES;
	}
	*data_size = 0;
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		return http_say(c, MHD_HTTP_METHOD_NOT_ALLOWED, "This can only be read.") ? MHD_YES
											  : MHD_NO;
	for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
		if (strcmp(routes[i].path, url) == 0)
			return routes[i].answer(c) ? MHD_YES : MHD_NO;
	}
	if (assets_are_at(url))
		return assets_answer(c, url) ? MHD_YES : MHD_NO;
	return http_say(c, MHD_HTTP_NOT_FOUND, "There is nothing here.") ? MHD_YES : MHD_NO;
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
	if (http.draining || MHD_add_connection(http.d, fd, (const struct sockaddr *)&none,
						sizeof(none)) != MHD_YES) {
		if (http.draining)
			close(fd);
		handed_closed(rec->id);
		free(c);
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
	MHD_UNSIGNED_LONG_LONG ms;

	MHD_run(http.d);
	if (MHD_get_timeout(http.d, &ms) == MHD_YES)
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

static void
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
	http.d = MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_UPGRADE |
				      MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG,
				  0, NULL, NULL, request, NULL, /**/
				  MHD_OPTION_EXTERNAL_LOGGER, mhd_log, NULL, /**/
				  MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY, /**/
				  MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)SILENCE_S, /**/
				  MHD_OPTION_STRICT_FOR_CLIENT, 1, /**/
				  MHD_OPTION_NOTIFY_CONNECTION, comes_or_goes, NULL, /**/
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
	if (http.n == 0)
		proc_done();
}
