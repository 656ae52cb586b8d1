/* listen.c - see listen.h. */
#include "config.h"

#include "master/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/util.h"
#include "master/accept.h"
#include "master/bind.h"
#include "master/handover.h"
#include "master/master.h"
#include "master/resolve.h"
#include "master/sockaddr.h"

#define FIRST_GIVEN_FD 3 /* sd_listen_fds(3) */
#define RESOLVE_MS 3000 /* all names together, while we serve */

struct listener_list listeners = TAILQ_HEAD_INITIALIZER(listeners);
static struct listener_list fresh = TAILQ_HEAD_INITIALIZER(fresh); /* opened, not in use yet */
static bool preparing; /* a reload: some may not stay */
static bool trial; /* listen_check: nothing that is there may suffer */
static uint64_t
    resolve_until; /* nobody is let in meanwhile, and the service manager waits for a sign of life */
static bool enabled[ROLE_COUNT];
static int admin_fd = -1;
static char admin_path[108];

static struct {
	int fd; /* -1: in use */
	char name[32];
} given[LISTEN_MAX];
static unsigned ngiven;

void
listen_init(void)
{
	const char *pid = getenv("LISTEN_PID"), *n = getenv("LISTEN_FDS"),
		   *names = getenv("LISTEN_FDNAMES");
	unsigned count = 0;

	if (pid != NULL && n != NULL && strtol(pid, NULL, 10) == (long)getpid())
		count = (unsigned)MIN(strtoul(n, NULL, 10), (unsigned long)LISTEN_MAX);
	for (; ngiven < count; ngiven++) {
		size_t len = names != NULL ? strcspn(names, ":") : 0;

		given[ngiven].fd = FIRST_GIVEN_FD + (int)ngiven;
		bprintf(given[ngiven].name, sizeof(given[0].name), "%.*s", (int)len,
			len > 0 ? names : "");
		if (names != NULL)
			names += len + (names[len] == ':');
	}
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
}

char *
listen_name(const struct listener *l, char *out, size_t cap)
{
	const struct sockaddr *sa = (const struct sockaddr *)&l->addr;
	char text[64];

	if (sa->sa_family == AF_UNIX)
		bprintf(out, cap, "%s", l->conf.path);
	else
		bprintf(out, cap,
			strchr(sockaddr_text(sa, text, sizeof(text)), ':') ? "[%s]:%u" : "%s:%u",
			text, sockaddr_port(sa));
	return out;
}

/* --- sockets ------------------------------------------------------------------------------ */

static struct listener *
listener_new(const struct listen_conf *conf, unsigned nth, int fd)
{
	struct listener *l = xcalloc(1, sizeof(*l));

	l->conf = *conf;
	l->nth = nth;
	l->fd = fd;
	l->addr_len = sizeof(l->addr);
	getsockname(fd, (struct sockaddr *)&l->addr, &l->addr_len);
	if (l->addr.ss_family != AF_UNIX)
		bind_inherit(fd);
	TAILQ_INSERT_TAIL(&fresh, l, link);
	return l;
}

/* One that cannot be opened while another process, or we, have its place. */
static void
listener_held(const struct listen_conf *conf, unsigned nth, const void *addr, socklen_t len)
{
	struct listener *l = xcalloc(1, sizeof(*l));

	l->conf = *conf;
	l->nth = nth;
	l->fd = -1;
	memcpy(&l->addr, addr, len);
	TAILQ_INSERT_TAIL(&fresh, l, link);
}

static void
listener_free(struct listener_list *list, struct listener *l)
{
	TAILQ_REMOVE(list, l, link);
	loop_del(master.loop, &l->io);
	if (l->fd >= 0)
		close(l->fd);
	if (l->made_path)
		unlink(l->conf.path);
	free(l);
}

/* --- a set of listeners ------------------------------------------------------------------- */

static bool
same_place(const struct listen_conf *a, const struct listen_conf *b)
{
	return a->protocol == b->protocol && a->port == b->port &&
	       strcmp(a->address, b->address) == 0 && strcmp(a->path, b->path) == 0;
}

static unsigned
nth_of(const struct settings *s, unsigned i)
{
	unsigned nth = 0;

	for (unsigned k = 0; k < i; k++)
		nth += same_place(&s->listen[k], &s->listen[i]);
	return nth;
}

/* Those that are there already stay. A name may stand for several sockets. */
static bool
claim(const struct listen_conf *conf, unsigned nth)
{
	struct listener *l;
	bool any = false;

	TAILQ_FOREACH (l, &listeners, link) {
		if (l->fd < 0 || l->claimed || l->nth != nth || !same_place(&l->conf, conf))
			continue;
		any = l->claimed = true;
		bprintf(l->conf.where, sizeof(l->conf.where), "%s", conf->where);
	}
	return any;
}

static int
take_given(const char *protocol)
{
	for (unsigned i = 0; i < ngiven; i++) {
		int fd = given[i].fd;

		if (fd < 0 || strcmp(given[i].name, protocol) != 0)
			continue;
		given[i].fd = -1;
		fd_cloexec(fd, true);
		fd_nonblock(fd);
		return fd;
	}
	return -1;
}

/* One of ours that is to go holds this port: it has to go first. */
static bool
give_way(const struct sockaddr *sa)
{
	struct listener *l;
	bool any = false;

	TAILQ_FOREACH (l, &listeners, link) {
		if (l->claimed || l->given || l->fd < 0 || l->addr.ss_family == AF_UNIX ||
		    sockaddr_port((struct sockaddr *)&l->addr) != sockaddr_port(sa))
			continue;
		loop_del(master.loop, &l->io);
		close(l->fd);
		l->fd = -1;
		any = true;
	}
	return any;
}

static void
add_error(struct conf_errors *e, const struct listen_conf *conf, const char *place, const char *why)
{
	conf_say(e, "%s: cannot listen on %s: %s", conf->where, place, why);
}

static bool
has_place(const struct listener *l, const struct listen_conf *conf, const struct sockaddr *sa)
{
	return sa != NULL ? sockaddr_same_place((const struct sockaddr *)&l->addr, sa)
			  : strcmp(l->conf.path, conf->path) == 0;
}

/* By another one of the same configuration, new or staying? Says so. sa: NULL for a path. */
static bool
is_taken(const struct listen_conf *conf, const struct sockaddr *sa, const char *place,
	 struct conf_errors *e)
{
	char why[LISTEN_WHERE_MAX + 32];
	const struct listener *l, *by = NULL;

	TAILQ_FOREACH (l, &fresh, link)
		by = has_place(l, conf, sa) ? l : by;
	TAILQ_FOREACH (l, &listeners, link)
		by = l->claimed && has_place(l, conf, sa) ? l : by;
	if (by == NULL)
		return false;
	bprintf(why, sizeof(why), "the listener at %s does", by->conf.where);
	add_error(e, conf, place, why);
	return true;
}

/* In a trial: who has it may be one of ours that would give way (none at a path does). `chatd -t`, which has none, cannot know. */
static bool
would_give_way(const struct sockaddr *sa)
{
	struct listener *l;

	TAILQ_FOREACH (l, &listeners, link) {
		if (!l->claimed && !l->given &&
		    sockaddr_same_place((const struct sockaddr *)&l->addr, sa))
			return true;
	}
	return TAILQ_EMPTY(&listeners);
}

static void
open_address(const struct listen_conf *conf, unsigned nth, const struct sockaddr *sa, socklen_t len,
	     const char *place, struct conf_errors *e)
{
	int fd;

	if (is_taken(conf, sa, place, e))
		return;
	fd = bind_inet(sa, len);
	if (fd < 0 && errno == EADDRINUSE && !trial && give_way(sa))
		fd = bind_inet(sa, len);
	if (fd >= 0)
		listener_new(conf, nth, fd);
	else if (errno != EADDRINUSE || !trial || !would_give_way(sa))
		add_error(e, conf, place, strerror(errno));
	else
		listener_held(conf, nth, sa, len);
}

static void
open_inet(const struct listen_conf *conf, unsigned nth, struct conf_errors *e)
{
	struct resolved r;
	const char *why;
	char place[300];

	bprintf(place, sizeof(place), "%s port %u", conf->address, conf->port);
	why = resolve(conf->address, conf->port, resolve_until, &r);
	if (why != NULL) {
		add_error(e, conf, place, why);
		return;
	}
	for (unsigned i = 0; i < r.n; i++)
		open_address(conf, nth, (struct sockaddr *)&r.addr[i], r.len[i], place, e);
}

static void
open_unix(const struct listen_conf *conf, unsigned nth, struct conf_errors *e)
{
	const struct sockaddr_un un = {.sun_family = AF_UNIX};
	int r;

	if (is_taken(conf, NULL, conf->path, e))
		return;
	r = trial ? bind_unix_check(conf->path) : bind_unix(conf->path);
	if (r < 0 && !(errno == EADDRINUSE && trial && TAILQ_EMPTY(&listeners)))
		add_error(e, conf, conf->path, strerror(errno));
	else if (trial)
		listener_held(conf, nth, &un, sizeof(un));
	else
		listener_new(conf, nth, r)->made_path = true;
}

static void
open_one(const struct listen_conf *conf, unsigned nth, struct conf_errors *e)
{
	int fd = take_given(protocol_name(conf->protocol));

	if (fd >= 0) {
		listener_new(conf, nth, fd)->given = true;
	} else if (conf->address[0] != '\0') {
		open_inet(conf, nth, e);
	} else {
		open_unix(conf, nth, e);
	}
}

/* What systemd gave and no line of the configuration took is a listener of its own. */
static void
open_rest_of_given(struct conf_errors *e)
{
	for (unsigned p = 0; p < PROTO_COUNT; p++) {
		struct listen_conf conf = {.protocol = (uint8_t)p, .where = "systemd"};
		int fd = protocol_built(p) ? take_given(protocol_name(p)) : -1;

		for (unsigned nth = 0; fd >= 0; fd = take_given(protocol_name(p)), nth++)
			listener_new(&conf, nth, fd)->given = true;
	}
	for (unsigned i = 0; i < ngiven; i++) {
		if (given[i].fd >= 0)
			add_error(e, &(struct listen_conf){.where = "systemd"}, given[i].name,
				  "FileDescriptorName is not a protocol of this build");
	}
}

static void
open_all(const struct settings *s, struct conf_errors *e)
{
	bool kept[LISTEN_MAX] = {false};

	resolve_until = master.ready ? mono_ms() + RESOLVE_MS : 0;
	for (unsigned i = 0; i < s->nlisten; i++)
		kept[i] = claim(&s->listen[i], nth_of(s, i));
	for (unsigned i = 0; i < s->nlisten; i++) {
		if (!kept[i])
			open_one(&s->listen[i], nth_of(s, i), e);
	}
}

int
listen_prepare(const struct settings *s, struct conf_errors *e)
{
	open_all(s, e);
	if (TAILQ_EMPTY(&listeners))
		open_rest_of_given(e);
	preparing = e->total == 0;
	if (preparing)
		return 0;
	listen_abort();
	return -1;
}

void
listen_check(const struct settings *s, struct conf_errors *e)
{
	trial = true;
	open_all(s, e);
	listen_abort();
	trial = false;
}

/* A socket of systemd's that no line took stays: it says that it is wanted. */
static bool
stays(const struct listener *l)
{
	return l->claimed || (l->given && strcmp(l->conf.where, "systemd") == 0);
}

static void
take_profile(struct listener *l)
{
	for (unsigned i = 0; i < master.set.nlisten; i++) {
		if (same_place(&l->conf, &master.set.listen[i]) && l->nth == nth_of(&master.set, i))
			l->conf = master.set.listen[i];
	}
}

static void
announce(const struct listener *l)
{
	char name[128];
	uint8_t b[16];

	log_notice("listening on %s (%s%s%s)", listen_name(l, name, sizeof(name)),
		   protocol_name(l->conf.protocol), l->conf.direct ? ", direct" : "",
		   l->conf.tls     ? ", TLS"
		   : l->conf.proxy ? ", behind a proxy"
				   : "");
	if (!l->conf.tls && !master.set.opt.tls_required &&
	    sockaddr_bytes((const struct sockaddr *)&l->addr, b) && !sockaddr_is_loopback(b))
		log_warn("%s can be reached from beyond this host, and %s carries everything in "
			 "clear text",
			 name, protocol_name(l->conf.protocol));
}

unsigned
listen_stage(const struct listener *l)
{
	return handover_first(l->conf.protocol, l->conf.tls);
}

static bool
watch(struct listener *l)
{
	return loop_add(master.loop, &l->io, l->fd, enabled[listen_stage(l)] ? EPOLLIN : 0,
			accept_ready, l) == 0;
}

void
listen_commit(void)
{
	struct listener *l, *next;

	preparing = false;
	for (l = TAILQ_FIRST(&listeners); l != NULL; l = next) {
		char name[128];

		next = TAILQ_NEXT(l, link);
		if (stays(l)) {
			l->claimed = false;
			take_profile(l);
			continue;
		}
		log_notice("no longer listening on %s", listen_name(l, name, sizeof(name)));
		listener_free(&listeners, l);
	}
	while ((l = TAILQ_FIRST(&fresh)) != NULL) {
		TAILQ_REMOVE(&fresh, l, link);
		TAILQ_INSERT_TAIL(&listeners, l, link);
		if (!watch(l))
			fatal("cannot watch a listener: %s", strerror(errno));
		announce(l);
	}
	if (TAILQ_EMPTY(&listeners))
		log_warn("there is no listener: nobody can come in");
}

static void
back_to_given(int fd)
{
	for (unsigned i = 0; i < ngiven; i++) {
		if (FIRST_GIVEN_FD + (int)i == fd)
			given[i].fd = fd;
	}
}

void
listen_abort(void)
{
	struct listener *l;

	preparing = false;
	while ((l = TAILQ_FIRST(&fresh)) != NULL) {
		if (l->given) {
			back_to_given(l->fd);
			l->fd = -1;
		}
		listener_free(&fresh, l);
	}
	TAILQ_FOREACH (l, &listeners, link) {
		l->claimed = false;
		if (l->fd >= 0)
			continue;
		l->fd = bind_inet((struct sockaddr *)&l->addr, l->addr_len);
		if (l->fd < 0 || !watch(l))
			log_err("cannot listen again on what was given up for the new "
				"configuration: %s",
				strerror(errno));
		else
			bind_inherit(l->fd);
	}
}

void
listen_close(void)
{
	while (!TAILQ_EMPTY(&listeners))
		listener_free(&listeners, TAILQ_FIRST(&listeners));
	if (admin_fd >= 0)
		close(admin_fd);
	admin_fd = -1;
	if (admin_path[0] != '\0')
		unlink(admin_path);
	admin_path[0] = '\0';
}

void
listen_enable(const bool on[ROLE_COUNT])
{
	struct listener *l;

	/* each of them: a reload may have changed its stage */
	TAILQ_FOREACH (l, &listeners, link)
		loop_mod(master.loop, &l->io, on[listen_stage(l)] ? EPOLLIN : 0);
	memcpy(enabled, on, sizeof(enabled));
}

void
listen_admin_open(const char *path, uint32_t uid, uint32_t gid)
{
	admin_fd = bind_unix(path);
	if (admin_fd < 0)
		fatal("cannot make the admin socket %s: %s", path, strerror(errno));
	if (uid != UINT32_MAX && lchown(path, uid, gid) < 0)
		log_warn("cannot give the admin socket %s to its user: %s", path, strerror(errno));
	bprintf(admin_path, sizeof(admin_path), "%s", path);
}

int
listen_admin_fd(void)
{
	return admin_fd;
}

bool
listen_has(unsigned role)
{
	struct listener *l;

	TAILQ_FOREACH (l, &listeners, link) {
		if (listen_stage(l) == role || handover_first(l->conf.protocol, false) == role)
			return true;
	}
	return false;
}

unsigned
listen_tls_port(unsigned protocol)
{
	unsigned port = 0;
	struct listener *l;
	uint8_t b[16];

	TAILQ_FOREACH (l, &listeners, link) {
		const struct sockaddr *sa = (const struct sockaddr *)&l->addr;

		if (l->conf.protocol != protocol || !l->conf.tls || l->conf.proxy ||
		    !sockaddr_bytes(sa, b))
			continue;
		if (!sockaddr_is_loopback(b))
			return sockaddr_port(sa);
		port = port != 0 ? port : sockaddr_port(sa);
	}
	return port;
}

bool
listen_some(listen_fn *fn, void *arg)
{
	struct listener *l;

	TAILQ_FOREACH (l, &listeners, link) {
		if ((!preparing || stays(l)) && fn(l, arg))
			return true;
	}
	TAILQ_FOREACH (l, &fresh, link) {
		if (fn(l, arg))
			return true;
	}
	return false;
}
