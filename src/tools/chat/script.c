/* script.c - see script.h. */
#include "config.h"

#include "script.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#ifdef HAVE_JANSSON
#include <jansson.h>
#endif

#include "client.h"
#include "files.h"
#include "fname.h"
#include "lib/text.h"
#include "lib/util.h"
#include "proto/irc.h"
#include "server.h"
#include "url.h"
#include "xfer.h"

#define INPUT_MAX (1u << 20)

/* --- tail ----------------------------------------------------------------------------------- */

#ifdef HAVE_JANSSON
static void
print_json(const struct show *s)
{
	static const char *const kinds[] = {[SHOW_SAID] = "message",
					    [SHOW_DID] = "action",
					    [SHOW_FILE] = "file",
					    [SHOW_EDIT] = "edit"};
	char at[IRC_TIME_LEN];
	json_t *o;

	irc_time_put(at, s->at > 0 ? s->at : wall_ms());
	o = json_pack("{s:s%, s:s%, s:s%, s:s%, s:s, s:s%, s:b, s:b}", "time", at,
		      (size_t)IRC_TIME_LEN, "room", s->room.p, s->room.n, "from", s->from.p,
		      s->from.n, "text", s->text.p, s->text.n, "kind", kinds[s->kind], "msgid",
		      s->msgid.p, s->msgid.n, "own", s->own, "old", s->old);
	if (o == NULL)
		return;
	json_dumpf(o, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER);
	json_decref(o);
	puts("");
}
#endif

static void
on_show(void *arg, const struct show *s)
{
	static char text[2 * SESSION_TEXT_MAX];
	struct client *c = arg;

	if (c->conf->mode != CHAT_TAIL || c->leaving || s->kind == SHOW_NOTE || s->direct ||
	    !str_eq(s->room, str_of(c->conf->target + 1)))
		return;
#ifdef HAVE_JANSSON
	if (c->conf->json) {
		print_json(s);
	} else
#endif
	{
		words_render(&c->s.look, s, s->room, text, sizeof(text));
		puts(text);
	}
	fflush(stdout);
	if (ferror(stdout))
		client_end(c, CHAT_OK, ""); /* `chat tail x | head` has what it wanted */
	if (!s->old && ++c->lines == c->conf->lines)
		client_end(c, CHAT_OK, "");
}

static void
on_changed(void *arg)
{
	(void)arg;
}

static void
on_bar(void *arg, const char *text)
{
	static bool any;

	(void)arg;
	if (!isatty(STDERR_FILENO) || (text[0] == '\0' && !any))
		return;
	fprintf(stderr, "\r\033[K%s", text);
	any = text[0] != '\0';
}

static const struct ui ui = {on_show, on_changed, on_bar};

/* False: it is none that can be sent; said. */
static bool
may_send(const char *text, size_t n)
{
	bool good = text_utf8_ok(text, n) && memchr(text, '\0', n) == NULL;

	if (good && strspn(text, "\n") < n)
		return true;
	(void)chat_fail(CHAT_REFUSED, "%s",
			good ? "there is nothing to send" : "that is not UTF-8 text");
	return false;
}

/* All of standard input. NULL: it is too much, or none; said. */
static char *
read_input(void)
{
	char *text = xcalloc(1, INPUT_MAX + 1);
	size_t n = 0;

	for (;;) {
		ssize_t r = read(STDIN_FILENO, text + n, INPUT_MAX + 1 - n);

		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			break;
		n += (size_t)r;
		if (n > INPUT_MAX) {
			(void)chat_fail(CHAT_REFUSED, "more than 1 MiB is no message");
			free(text);
			return NULL;
		}
	}
	text[n] = '\0';
	while (n > 0 && text[n - 1] == '\n')
		text[--n] = '\0';
	if (may_send(text, n))
		return text;
	free(text);
	return NULL;
}

static int
talk(struct chat_conf *conf)
{
	static struct client c;
	int code;

	conf->rooms = 0;
	if (conf->mode == CHAT_SEND)
		conf->history = 0;
	client_init(&c, conf, &ui, &c);
	if (conf->target[0] == '#')
		session_want_room(&c.s, conf->target);
	while (!c.done) {
		(void)client_turn(&c, -1, conf->mode == CHAT_TAIL ? mono_ms() + 1000 : UINT64_MAX);
		if (conf->mode == CHAT_TAIL && client_unread())
			client_end(&c, CHAT_OK, "");
	}
	code = c.code;
	if (c.why[0] != '\0')
		(void)chat_fail(code, "%s", c.why);
	client_fini(&c);
	return code;
}

/* --- get -------------------------------------------------------------------------------------------- */

struct get {
	bool done;
	char why[512];
};

static void
on_got(void *arg, const char *why)
{
	struct get *g = arg;

	g->done = true;
	bprintf(g->why, sizeof(g->why), "%s", why != NULL ? why : "");
}

/* The addresses of the server that the configuration names: its files may be where only we can reach it. */
static void
allow_server(const struct chat_conf *conf, const struct url *u, struct xfer_rules *r)
{
	struct addrinfo *found = NULL;

	if (!server_same(u->host, conf->host) || getaddrinfo(u->host, NULL, NULL, &found) != 0)
		return;
	r->plain = conf->link.plain_ok;
	for (struct addrinfo *a = found; a != NULL && r->n < XFER_ALLOWED_MAX; a = a->ai_next) {
		if (!net_of_sockaddr(a->ai_addr, &r->allowed[r->n]))
			continue;
		r->plain |= net_is_loopback(&r->allowed[r->n]);
		r->n++;
	}
	freeaddrinfo(found);
}

static int
get(struct chat_conf *conf)
{
	struct xfer_rules rules = {.test_port = conf->test_port};
	char name[FNAME_MAX + 1], used[FNAME_TRY_MAX] = "";
	struct get g = {false, ""};
	struct xfers *x;
	struct url u;
	const char *why = url_parse(str_of(conf->url), &u);
	bool to_stdout = conf->out != NULL && strcmp(conf->out, "-") == 0;
	int fd = STDOUT_FILENO;

	if (why != NULL)
		return chat_fail(CHAT_USAGE, "%s: %s", conf->url, why);
	allow_server(conf, &u, &rules);
	files_pin(conf, &u, &rules);
	if (conf->out != NULL)
		bprintf(name, sizeof(name), "%s", conf->out);
	else
		url_name(&u, name);
	if (!to_stdout && conf->out != NULL && strchr(conf->out, '/') != NULL)
		return chat_fail(CHAT_USAGE,
				 "%s: the file is made here: --autosave DIR is another place",
				 conf->out);
	if (!to_stdout)
		fd = files_create(conf->autosave, name, used, sizeof(used));
	if (fd < 0)
		return chat_fail(CHAT_REFUSED, "%s: %s", name, strerror(errno));
	x = xfers_new();
	why = xfer_down(x, conf->url, &rules, fd, XFER_DOWN_MAX, NULL, on_got, &g);
	while (why == NULL && !g.done) {
		struct pollfd fds[XFER_POLL_MAX];
		uint64_t due = mono_ms() + 1000;
		unsigned n = xfers_poll(x, fds, &due);

		client_wait(fds, n, due);
		xfers_run(x, fds, n);
		if (client_stopped())
			why = "interrupted";
	}
	if (why == NULL && g.why[0] != '\0')
		why = g.why;
	if (why == NULL && !to_stdout)
		puts(used);
	if (why != NULL && !to_stdout)
		files_remove(conf->autosave, used);
	xfers_free(x);
	if (why == NULL)
		return CHAT_OK;
	return chat_fail(strstr(why, "no such file") != NULL ? CHAT_NOT_FOUND : CHAT_REFUSED,
			 "%s: %s", conf->url, why);
}

int
script_run(struct chat_conf *conf)
{
	if (conf->mode == CHAT_GET)
		return get(conf);
#ifndef HAVE_JANSSON
	if (conf->json)
		return chat_fail(CHAT_USAGE, "--json is not in this build");
#endif
	if (conf->mode == CHAT_SEND && conf->text == NULL && conf->file == NULL) {
		conf->text = read_input();
		if (conf->text == NULL)
			return CHAT_REFUSED;
	} else if (conf->text != NULL && !may_send(conf->text, strlen(conf->text))) {
		return CHAT_REFUSED;
	}
	return talk(conf);
}
