/* client.c - see client.h. */
#include "config.h"

#include "client.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "files.h"
#include "lib/util.h"
#include "link.h"
#include "xfer.h"

#define RETRY_MIN 250u /* ms; doubled each time, */
#define RETRY_MAX 30000u
#define NAME_RETRY 2000u /* the server may still see our old connection */
#define SILENCE 60000u /* then it is asked whether it is there, */
#define SILENCE_MAX 90000u /* and then taken for dead */
#define GOODBYE 2000u
#define MARK 5000u /* what was shown so long ago has been read */

static volatile sig_atomic_t stopped;

static void
on_signal(int sig)
{
	stopped = sig;
}

static sigset_t outside; /* the signals that are blocked while nothing is waited for */

void
client_signals(void)
{
	static const int ends[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction sa = {.sa_handler = on_signal};
	sigset_t block;

	sigemptyset(&block);
	sigaddset(&block, SIGWINCH);
	sigaddset(&block, SIGCONT);
	sigaddset(&block, SIGTSTP);
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		(void)sigaction(ends[i], &sa, NULL);
		sigaddset(&block, ends[i]);
	}
	(void)signal(SIGPIPE, SIG_IGN);
	(void)sigprocmask(SIG_BLOCK, &block, &outside);
}

void
client_wait(struct pollfd *fds, unsigned n, uint64_t due)
{
	uint64_t now = mono_ms(), ms = due > now ? MIN(due - now, UINT64_C(60000)) : 0;
	struct timespec wait = {.tv_sec = (time_t)(ms / 1000),
				.tv_nsec = (long)(ms % 1000) * 1000000};

	if (ppoll(fds, n, &wait, &outside) >= 0)
		return;
	for (unsigned i = 0; i < n; i++)
		fds[i].revents = 0;
}

bool
client_stopped(void)
{
	return stopped != 0;
}

bool
client_unread(void)
{
	struct pollfd p = {.fd = STDOUT_FILENO};

	return poll(&p, 1, 0) > 0 && p.revents & (POLLERR | POLLNVAL);
}

/* --- what the session wants ---------------------------------------------------------------- */

static void
f_show(void *arg, const struct show *s)
{
	struct client *c = arg;

	c->ui->show(c->ui_arg, s);
}

static void
f_changed(void *arg)
{
	struct client *c = arg;

	c->ui->changed(c->ui_arg);
}

static void
leave(struct client *c)
{
	if (c->leaving)
		return;
	c->leaving = true;
	c->leave_at = mono_ms() + GOODBYE;
}

void
client_end(struct client *c, int code, const char *why)
{
	size_t n;

	if (c->done || c->leaving)
		return;
	c->code = code;
	n = bprintf(c->why, sizeof(c->why), "%s", why);
	if (code != CHAT_OK)
		say_how_far(&c->say, c->why + n, sizeof(c->why) - n);
	if (c->s.state == SESSION_READY) {
		session_quit(&c->s, "");
		leave(c);
	} else {
		c->done = true;
	}
}

void
client_progress(struct client *c, unsigned more)
{
	if (c->deadline != UINT64_MAX)
		c->deadline = mono_ms() + (c->conf->timeout + more) * UINT64_C(1000);
}

static void
f_ready(void *arg)
{
	struct client *c = arg;

	client_progress(c, 0);
	c->been_up = true;
	c->tries = 0;
	c->name_at = UINT64_MAX;
	files_again(c->files);
	if (c->conf->mode == CHAT_SEND && c->conf->target[0] != '#')
		say_begin(c);
}

static void
f_entered(void *arg, const char *room)
{
	struct client *c = arg;

	(void)room;
	client_progress(c, 0);
	if (c->conf->mode == CHAT_SEND)
		say_begin(c);
	else if (c->conf->mode == CHAT_TAIL && c->conf->lines == 0)
		client_end(c, CHAT_OK, "");
	else if (c->conf->mode == CHAT_TAIL)
		c->deadline = UINT64_MAX;
}

/* A script without a name of its own takes another one. */
static bool
another_name(struct client *c)
{
	size_t n = strlen(c->s.want);

	if (c->conf->mode == CHAT_TALK || c->conf->name_given || ++c->tries > 5 ||
	    n + 1 > NAME_CHARS_MAX)
		return false;
	bprintf(c->s.want + n, sizeof(c->s.want) - n, "_");
	session_name_again(&c->s);
	return true;
}

static void
name_refused(struct client *c, const char *why)
{
	if (c->s.again) {
		c->name_at = mono_ms() + NAME_RETRY;
	} else if (c->conf->mode == CHAT_TALK) {
		session_note(&c->s, "Sorry, %s.", why);
		c->s.ask = ASK_NAME;
		f_changed(c);
	} else if (!another_name(c)) {
		client_end(c, CHAT_REFUSED, why);
	}
}

/* Not the password itself, but which one it is: there may be several files, and somebody may have forgotten that one has it. */
static void
password_refused(struct client *c, const char *why)
{
	const char *from = c->conf->password_from;
	char text[sizeof(c->why)];

	bprintf(text, sizeof(text),
		"cannot log in to the account %s with the password %s%.200s: %s", c->conf->name,
		from[0] != '\0' ? "from " : "that was typed", from, why);
	client_end(c, CHAT_DENIED, text);
}

static void
f_refused(void *arg, enum refusal kind, const char *why)
{
	static const int codes[] = {
	    [REFUSED_NAME] = CHAT_REFUSED,      [REFUSED_PASSWORD] = CHAT_DENIED,
	    [REFUSED_ROOM] = CHAT_NOT_FOUND,    [REFUSED_MESSAGE] = CHAT_REFUSED,
	    [REFUSED_GONE] = CHAT_NOT_FOUND,    [REFUSED_OTHER] = CHAT_REFUSED,
	    [REFUSED_SENT_AWAY] = CHAT_REFUSED, [REFUSED_NOW] = CHAT_REFUSED,
	};
	struct client *c = arg;

	if (kind == REFUSED_NAME)
		name_refused(c, why);
	else if (kind == REFUSED_PASSWORD)
		password_refused(c, why);
	else if (kind == REFUSED_OTHER && c->been_up)
		return; /* it will be tried again */
	else
		client_end(c, codes[kind], why);
}

static void
f_quit(void *arg)
{
	struct client *c = arg;

	if (c->s.state == SESSION_READY)
		leave(c);
	else
		c->done = true;
}

static void
f_send_file(void *arg, const char *to, const char *path, bool image)
{
	struct client *c = arg;

	files_send(c->files, to, path, image);
}

static void
f_upload(void *arg, const char *to, const char *url, const char *why)
{
	struct client *c = arg;

	files_upload(c->files, to, url, why);
}

static void
f_offer(void *arg, const char *url, const char *name, bool old)
{
	struct client *c = arg;

	files_offer(c->files, url, name, old);
}

static void
f_save(void *arg, const char *which)
{
	struct client *c = arg;

	files_save(c->files, which);
}

static const struct front front = {
    .show = f_show,
    .changed = f_changed,
    .ready = f_ready,
    .entered = f_entered,
    .refused = f_refused,
    .quit = f_quit,
    .send_file = f_send_file,
    .upload = f_upload,
    .offer = f_offer,
    .save = f_save,
};

/* --- the connection ---------------------------------------------------------------------------- */

void
client_init(struct client *c, struct chat_conf *conf, const struct ui *ui, void *arg)
{
	*c = (struct client){.conf = conf, .ui = ui, .ui_arg = arg};
	session_init(&c->s, &front, c, conf->name);
	c->s.look = conf->look;
	c->s.history = conf->history;
	c->s.script = conf->mode != CHAT_TALK;
	c->s.create = conf->create;
	bprintf(c->s.host, sizeof(c->s.host), "%s", conf->host);
	if (conf->login && conf->password[0] != '\0') {
		bprintf(c->s.login, sizeof(c->s.login), "%s", conf->name);
		bprintf(c->s.password, sizeof(c->s.password), "%s", conf->password);
	}
	for (unsigned i = 0; i < conf->rooms; i++)
		session_want_room(&c->s, conf->room[i]);
	c->link = link_new(&conf->link);
	c->xfers = xfers_new();
	c->files = files_new(c);
	c->retry_at = c->leave_at = c->name_at = c->mark_at = UINT64_MAX;
	c->deadline = conf->mode == CHAT_TALK || conf->timeout == 0 ? UINT64_MAX : 0;
	client_progress(c, 0);
	link_open(c->link);
}

void
client_fini(struct client *c)
{
	xfers_free(c->xfers); /* before the jobs that it reports to */
	files_free(c->files);
	link_free(c->link);
	session_fini(&c->s);
}

static void
lost(struct client *c)
{
	bool untrusted = link_ended(c->link) == LINK_UNTRUSTED;

	session_lost(&c->s);
	if (c->leaving || c->done) {
		c->done = true;
		return;
	}
	if (!c->been_up || untrusted || c->conf->mode == CHAT_SEND) {
		client_end(c, untrusted ? CHAT_DENIED : CHAT_UNREACHABLE, link_why(c->link));
		return;
	}
	if (c->tries == 0 && c->conf->mode == CHAT_TALK)
		session_note(&c->s, "%s; connecting again...", link_why(c->link));
	c->retry_at =
	    mono_ms() + MIN((uint64_t)RETRY_MIN << MIN(c->tries, 10u), (uint64_t)RETRY_MAX) +
	    /* NOLINTNEXTLINE(cert-msc30-c): so that not all come back at once: no secret */
	    (uint64_t)(rand() % 200);
	c->tries++;
}

static void
on_line(void *arg, const char *line, size_t n)
{
	struct client *c = arg;

	c->heard = mono_ms();
	c->pinged = false;
	if (!c->done)
		session_line(&c->s, line, n);
}

static void
run_link(struct client *c)
{
	enum link_state before = link_state(c->link);

	if (before == LINK_OFF)
		return;
	if (!link_run(c->link, &c->s.out, on_line, c)) {
		lost(c);
		return;
	}
	if (before != LINK_UP && link_state(c->link) == LINK_UP) {
		c->heard = mono_ms();
		c->pinged = false;
		client_progress(c, 0);
		session_begin(&c->s, link_secure(c->link));
		/* the other end may be gone by now, and nobody tells it twice */
		if (!link_run(c->link, &c->s.out, on_line, c))
			lost(c);
	}
}

/* Is anybody there? */
static void
look_for_silence(struct client *c, uint64_t now)
{
	if (link_state(c->link) != LINK_UP || now < c->heard + SILENCE)
		return;
	if (now >= c->heard + SILENCE_MAX) {
		link_drop(c->link, "the server is silent");
		lost(c);
	} else if (!c->pinged) {
		c->pinged = true;
		(void)buf_append(&c->s.out, "PING :chat\r\n", 12);
	}
}

static void
run_timers(struct client *c)
{
	uint64_t now = mono_ms();

	if (stopped != 0 && !c->leaving) {
		stopped = 0;
		c->s.leaving = true;
		if (c->conf->mode == CHAT_SEND)
			client_end(c, CHAT_REFUSED, "interrupted");
		else
			client_end(c, CHAT_OK, "");
	}
	if (now >= c->retry_at) {
		c->retry_at = UINT64_MAX;
		link_open(c->link);
	}
	if (now >= c->name_at) {
		c->name_at = UINT64_MAX;
		if (c->s.state == SESSION_WELCOME || c->s.state == SESSION_CAPS)
			session_name_again(&c->s);
	}
	if (now >= c->leave_at)
		c->done = true;
	if (now >= c->deadline) {
		c->deadline = UINT64_MAX;
		client_end(c, CHAT_TIMED_OUT, "no answer in time");
	}
	say_turn(c);
	if (now >= c->mark_at)
		session_mark(&c->s);
	if (now >= c->mark_at || c->mark_at == UINT64_MAX)
		c->mark_at = session_unmarked(&c->s) ? now + MARK : UINT64_MAX;
	look_for_silence(c, now);
}

static uint64_t
next_due(const struct client *c, uint64_t until)
{
	uint64_t due = MIN(until, link_due(c->link));

	due = MIN(due, c->retry_at);
	due = MIN(due, c->name_at);
	due = MIN(due, c->leave_at);
	due = MIN(due, c->deadline);
	due = MIN(due, c->mark_at);
	due = MIN(due, say_due(c));
	if (link_state(c->link) == LINK_UP)
		due = MIN(due, c->heard + (c->pinged ? SILENCE_MAX : SILENCE));
	return due;
}

bool
client_turn(struct client *c, int fd, uint64_t until)
{
	struct pollfd fds[XFER_POLL_MAX + 2];
	uint64_t due;
	short events;
	unsigned n;

	due = next_due(c, until);
	n = xfers_poll(c->xfers, fds, &due);
	fds[n].fd = link_fd(c->link, c->s.out.len > 0, &events);
	fds[n].events = events;
	fds[n + 1] = (struct pollfd){.fd = fd, .events = POLLIN};
	client_wait(fds, n + 2, due);
	xfers_run(c->xfers, fds, n);
	if (fds[n].revents != 0 || link_due(c->link) <= mono_ms())
		run_link(c);
	run_timers(c);
	if (c->s.out.len > 0 && link_state(c->link) == LINK_UP)
		run_link(c); /* what was said just now leaves now */
	return fds[n + 1].revents != 0;
}
