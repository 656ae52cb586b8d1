/* line.c - see line.h.
 *
 * libedit reads its keys by key_fn(), which runs the client until there is one. Before something is written the line being
 * typed is taken off the screen, and libedit draws it again when nothing more is to be written. Without a terminal, or without
 * libedit, lines are read as they come. */
#include "config.h"

#include "line.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

#ifdef HAVE_EDITLINE
#include <histedit.h>
#endif
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#endif

#include "client.h"
#include "complete.h"
#include "files.h"
#include "lib/text.h"
#include "lib/util.h"

#define LINE_MAX_BYTES SESSION_TEXT_MAX
#define HISTORY_LINES 500

struct line {
	struct client client;
	bool tty; /* both ways */
	bool editing; /* a line is on the screen, */
	bool hidden; /* or was taken off it */
	const char *asking; /* or this, and what is typed is not seen, or not known */
	char keys[512]; /* read, not used yet */
	size_t nkeys;
	bool eof;
	bool too_long; /* the line that was typed, so that it was not taken */
	bool dumb; /* the terminal only knows how to go to a row's beginning */
	char prompt[256], bar[128];
#ifdef HAVE_EDITLINE
	EditLine *el; /* owned */
	History *history; /* owned */
#endif
};

/* --- the screen ---------------------------------------------------------------------------- */

static const char *
prompt_text(struct line *l)
{
	struct session *s = &l->client.s;
	bool secret;
	const char *asked = session_asks(s, &secret);

	if (asked != NULL)
		bprintf(l->prompt, sizeof(l->prompt), "%s", asked);
	else if (s->pasting)
		bprintf(l->prompt, sizeof(l->prompt), "... ");
	else
		bprintf(l->prompt, sizeof(l->prompt), "%s%s%s > ", l->bar,
			l->bar[0] != '\0' ? " " : "", s->nick);
	return l->prompt;
}

#ifdef HAVE_EDITLINE
static volatile sig_atomic_t terminal_signal;

static void
on_terminal(int sig)
{
	terminal_signal = sig; /* poll() ends with EINTR */
}

static unsigned
columns(void)
{
	struct winsize w;

	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 0 ? w.ws_col : 80;
}

/* A terminal that cannot do more: blanks over one row; what goes over several stays, and is written again below. */
static void
blank_row(unsigned width)
{
	if (width < columns())
		printf("\r%*s\r", (int)width, "");
	else
		puts("");
}

/* In which row of what is being typed the cursor is: as libedit puts it there. */
static unsigned
cursor_row(struct line *l)
{
	const LineInfoW *li = el_wline(l->el);
	unsigned cols = columns(), at = (unsigned)MAX(text_width(l->prompt, strlen(l->prompt)), 0),
		 row = at / cols;

	at %= cols;
	for (const wchar_t *p = li->buffer; p < li->cursor; p++) {
		int w = wcwidth(*p);
		unsigned width = w < 0 ? 2 : (unsigned)w; /* "^X" */

		if (at + width > cols) {
			row++;
			at = 0;
		}
		at += width;
		if (at == cols) {
			row++;
			at = 0;
		}
	}
	return row;
}

static unsigned
typed_width(struct line *l)
{
	const LineInfo *li = el_line(l->el);

	return (unsigned)MAX(text_width(l->prompt, strlen(l->prompt)), 0) +
	       (unsigned)MAX(text_width(li->buffer, (size_t)(li->lastchar - li->buffer)), 0);
}

static void
take_off(struct line *l)
{
	unsigned row = cursor_row(l);

	if (l->dumb) {
		blank_row(typed_width(l));
		return;
	}
	fputs("\r", stdout);
	if (row > 0)
		printf("\033[%uA", row);
	fputs("\033[J", stdout);
}

static void
put_back(struct line *l)
{
	fflush(stdout);
	el_set(l->el, EL_REFRESH);
}
#else
static void
blank_row(unsigned width)
{
	printf("\r%*s\r", (int)width, "");
}

static void
take_off(struct line *l)
{
	(void)l;
}

static void
put_back(struct line *l)
{
	(void)l;
}
#endif

static void
hide(struct line *l)
{
	if (l->hidden || (l->asking == NULL && !l->editing))
		return;
	if (l->asking != NULL)
		blank_row((unsigned)MAX(text_width(l->asking, strlen(l->asking)), 0));
	else
		take_off(l);
	l->hidden = true;
}

static void
draw(struct line *l)
{
	if (!l->hidden)
		return;
	l->hidden = false;
	if (l->asking != NULL)
		fputs(l->asking, stdout);
	else
		put_back(l);
	fflush(stdout);
}

static void
on_show(void *arg, const struct show *s)
{
	static char text[2 * SESSION_TEXT_MAX];
	struct line *l = arg;
	struct session *ss = &l->client.s;
	struct str room =
	    ss->cur != NULL && !ss->cur->direct ? str_of(ss->cur->name) : (struct str){"", 0};

	words_render(&ss->look, s, room, text, sizeof(text));
	hide(l);
	puts(text);
	if (s->direct && !s->own && !s->old && l->tty)
		fputs("\a", stdout);
}

static void
on_changed(void *arg)
{
	struct line *l = arg;
	char before[sizeof(l->prompt)];

	if (!l->editing || l->hidden)
		return;
	memcpy(before, l->prompt, sizeof(before));
	if (strcmp(prompt_text(l), before) == 0)
		return;
	memcpy(l->prompt, before, sizeof(before)); /* what is on the screen */
	hide(l);
}

static void
on_bar(void *arg, const char *text)
{
	struct line *l = arg;

	if (!l->tty)
		return;
	bprintf(l->bar, sizeof(l->bar), "%s", text);
	on_changed(l);
}

static const struct ui ui = {on_show, on_changed, on_bar};

/* --- keys -------------------------------------------------------------------------------------- */

/* What is typed is read at once, what a pipe has when it can be said: the rooms have been entered. What comes faster than
 * the server takes it waits. */
static bool
may_read(const struct line *l)
{
	const struct session *s = &l->client.s;

	if (l->client.leaving || session_busy(s))
		return false;
	if (l->tty || s->ask != ASK_NOTHING)
		return true;
	for (const struct room *r = s->rooms; r != NULL; r = r->next) {
		if ((r->wanted && !r->joined) || r->fetching)
			return false;
	}
	return s->state == SESSION_READY;
}

#ifdef HAVE_EDITLINE
/* SIGWINCH and SIGCONT: the terminal is another one than before. */
static void
terminal_changed(struct line *l)
{
	bool resumed = terminal_signal == SIGCONT;

	terminal_signal = 0;
	if (!l->editing)
		return;
	hide(l);
	el_resize(l->el);
	if (resumed) {
		el_set(l->el, EL_PREP_TERM, 0);
		el_set(l->el, EL_PREP_TERM, 1);
	}
}
#endif

static void
read_keys(struct line *l)
{
	ssize_t n = read(STDIN_FILENO, l->keys, sizeof(l->keys));

	if (n > 0)
		l->nkeys = (size_t)n;
	else if (n == 0 || (errno != EINTR && errno != EAGAIN))
		l->eof = true;
}

/* Runs the client until there is a byte that may be taken, or the end. */
static bool
wait_key(struct line *l)
{
	while (!l->client.done && (l->nkeys > 0 ? !may_read(l) : !l->eof)) {
		bool wanted = l->nkeys == 0 && may_read(l);

#ifdef HAVE_EDITLINE
		if (terminal_signal != 0)
			terminal_changed(l);
#endif
		draw(l);
		fflush(stdout);
		if (client_turn(&l->client, wanted ? STDIN_FILENO : -1,
				l->tty ? UINT64_MAX : mono_ms() + 1000))
			read_keys(l);
		if (!l->tty && client_unread())
			client_end(&l->client, CHAT_OK, "");
	}
	draw(l);
	return l->nkeys > 0 && !l->client.done;
}

static char
take_key(struct line *l)
{
	char c = l->keys[0];

	memmove(l->keys, l->keys + 1, --l->nkeys);
	return c;
}

static bool
end_of_line(char c)
{
	return c == '\n' || c == '\r';
}

/* A line as it comes, from a pipe or, unseen, from the terminal. False: the end. */
static bool
plain_line(struct line *l, char *out, size_t cap)
{
	size_t n = 0;

	l->too_long = false;
	while (wait_key(l)) {
		char c = take_key(l);

		if (end_of_line(c)) {
			out[n] = '\0';
			return true;
		}
		if (l->tty && (c == 127 || c == '\b')) {
			while (n > 0 && ((unsigned char)out[--n] & 0xc0) == 0x80)
				;
		} else if (l->tty && c == 4 && n == 0) {
			break;
		} else if (c != '\0') {
			l->too_long |= n + 1 == cap;
			if (n + 1 < cap)
				out[n++] = c;
		}
	}
	out[n] = '\0';
	return n > 0 && l->eof;
}

/* Behind a prompt that is written again when something came in between. */
static bool
asked_line(struct line *l, const char *prompt, char *out, size_t cap)
{
	bool ok;

	fputs(prompt, stdout);
	fflush(stdout);
	l->asking = prompt;
	ok = plain_line(l, out, cap);
	l->asking = NULL;
	l->hidden = false;
	return ok;
}

static bool
secret_line(struct line *l, const char *prompt, char *out, size_t cap)
{
	struct termios old, raw;
	bool ok, tty = tcgetattr(STDIN_FILENO, &old) == 0;

	if (tty) {
		raw = old;
		raw.c_lflag &= ~(tcflag_t)(ECHO | ICANON);
		raw.c_iflag |= ICRNL;
		(void)tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
	}
	ok = asked_line(l, prompt, out, cap);
	if (tty)
		(void)tcsetattr(STDIN_FILENO, TCSADRAIN, &old);
	puts("");
	return ok;
}

/* --- libedit -------------------------------------------------------------------------------------- */

#ifdef HAVE_EDITLINE

static struct line *the_line; /* EL_CLIENTDATA would do for all but the prompt's text */

static char *
prompt_fn(EditLine *el)
{
	(void)el;
	return (char *)(uintptr_t)prompt_text(the_line);
}

static int
key_fn(EditLine *el, wchar_t *wc)
{
	struct line *l = the_line;
	mbstate_t st = {0};

	(void)el;
	while (wait_key(l)) {
		char c = take_key(l);
		size_t r = mbrtowc(wc, &c, 1, &st);

		if (r == (size_t)-2)
			continue;
		if (r != (size_t)-1)
			return 1;
		memset(&st, 0, sizeof(st)); /* not UTF-8: passed over */
	}
	return 0;
}

static unsigned char
complete_fn(EditLine *el, int key)
{
	static struct complete c;
	const LineInfo *li = el_line(el);
	size_t n = (size_t)(li->cursor - li->buffer), typed;
	char list[2048];
	size_t len = 0;

	(void)key;
	complete(&the_line->client.s, li->buffer, n, &c);
	if (c.n == 0)
		return CC_REFRESH_BEEP;
	typed = n - c.start;
	if (c.n > 1 && c.common <= typed) {
		for (unsigned i = 0; i < c.n && len < sizeof(list) - COMPLETE_WORD; i++)
			len += bprintf(list + len, sizeof(list) - len, "%s%s", i > 0 ? "  " : "",
				       c.word[i]);
		hide(the_line);
		puts(list);
		draw(the_line);
		return CC_NORM;
	}
	el_deletestr(el, (int)text_chars(li->buffer + c.start, typed));
	if (c.n > 1)
		c.word[0][c.common] = '\0';
	el_insertstr(el, c.word[0]);
	return CC_REFRESH;
}

static void
el_open(struct line *l)
{
	HistEvent ev;
	char *up = NULL;

	the_line = l;
	l->el = el_init("chat", stdin, stdout, stderr);
	l->history = history_init();
	if (l->el == NULL || l->history == NULL)
		fatal("the terminal cannot be used");
	history(l->history, &ev, H_SETSIZE, HISTORY_LINES);
	history(l->history, &ev, H_SETUNIQUE, 1);
	l->dumb = el_get(l->el, EL_GETTC, "up", &up) != 0 || up == NULL || *up == '\0';
	el_set(l->el, EL_SIGNAL, 0);
	el_set(l->el, EL_EDITOR, "emacs");
	el_set(l->el, EL_PROMPT, prompt_fn);
	el_set(l->el, EL_GETCFN, key_fn);
	el_set(l->el, EL_HIST, history, l->history);
#ifdef __SANITIZE_ADDRESS__
	__lsan_disable(); /* libedit forgets these names */
#endif
	el_set(l->el, EL_ADDFN, "chat-complete", "complete names", complete_fn);
#ifdef __SANITIZE_ADDRESS__
	__lsan_enable();
#endif
	el_set(l->el, EL_BIND, "^I", "chat-complete", NULL);
	el_set(l->el, EL_BIND, "^R", "em-inc-search-prev", NULL);
	el_set(l->el, EL_BIND, "^W", "ed-delete-prev-word", NULL);
	el_source(l->el, NULL); /* ~/.editrc */
}

static bool
edit_line(struct line *l, char *out, size_t cap)
{
	const char *text;
	HistEvent ev;
	int n = 0;

	prompt_text(l);
	l->editing = true;
	text = el_gets(l->el, &n);
	l->editing = l->hidden = false;
	if (text == NULL || n <= 0) {
		puts(""); /* what comes now is the shell's */
		return false;
	}
	l->too_long = strlen(text) > cap;
	bprintf(out, cap, "%s", text);
	out[strcspn(out, "\r\n")] = '\0';
	if (out[0] != '\0' && l->client.s.ask == ASK_NOTHING)
		history(l->history, &ev, H_ENTER, out);
	return !l->client.done;
}

#endif

/* --- all of it --------------------------------------------------------------------------------------- */

static bool
next_line(struct line *l, char *out, size_t cap)
{
	bool secret = false;
	const char *asked = session_asks(&l->client.s, &secret);

	if (secret && l->tty)
		return secret_line(l, asked, out, cap);
#ifdef HAVE_EDITLINE
	if (l->el != NULL)
		return edit_line(l, out, cap);
#endif
	return l->tty ? asked_line(l, prompt_text(l), out, cap) : plain_line(l, out, cap);
}

/* What was said is on its way; the end of the input waits for it. */
static void
drain(struct line *l)
{
	unsigned left = l->client.s.npending;
	uint64_t until = mono_ms() + 10000;

	while (!l->client.done && l->eof && mono_ms() < until &&
	       (l->client.s.npending > 0 || files_busy(l->client.files) ||
		l->client.s.state != SESSION_READY)) {
		(void)client_turn(&l->client, -1, until);
		if (l->client.s.npending < left)
			until = mono_ms() + 10000;
		left = l->client.s.npending;
	}
}

int
line_run(struct chat_conf *conf)
{
	static struct line l;
	static char text[LINE_MAX_BYTES];
	int code;

	l.tty = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
	client_init(&l.client, conf, &ui, &l);
#ifdef HAVE_EDITLINE
	if (l.tty) {
		el_open(&l);
		(void)signal(SIGWINCH, on_terminal);
		(void)signal(SIGCONT, on_terminal);
	}
#endif
	while (!l.client.done && !l.client.leaving && next_line(&l, text, sizeof(text))) {
		if (l.too_long)
			session_note(&l.client.s, "That line is too long, it was not taken.");
		else if (text_utf8_ok(text, strlen(text)))
			session_typed(&l.client.s, text);
		else
			session_note(&l.client.s, "That line is not UTF-8 text, it was not taken.");
		explicit_bzero(text, sizeof(text));
	}
	if (!l.client.done) {
		if (l.eof)
			drain(&l);
		client_end(&l.client, CHAT_OK, "");
		while (!l.client.done)
			(void)client_turn(&l.client, -1, UINT64_MAX);
	}
	fflush(stdout);
	code = l.client.code;
	if (l.client.why[0] != '\0')
		(void)chat_fail(code, "%s", l.client.why);
#ifdef HAVE_EDITLINE
	if (l.el != NULL) {
		history_end(l.history);
		el_end(l.el);
	}
#endif
	client_fini(&l.client);
	return code;
}

bool
line_ask(const char *what, bool secret, char *out, size_t cap)
{
	struct termios old, quiet;
	bool tty = tcgetattr(STDIN_FILENO, &old) == 0, ok;

	if (tty && secret) {
		quiet = old;
		quiet.c_lflag &= ~(tcflag_t)ECHO;
		(void)tcsetattr(STDIN_FILENO, TCSADRAIN, &quiet);
	}
	fputs(what, stdout);
	fflush(stdout);
	/* byte by byte: what follows is not ours */
	for (size_t n = 0;;) {
		struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
		char c;

		client_wait(&in, 1, UINT64_MAX);
		if (in.revents == 0 && !client_stopped())
			continue;
		ok = in.revents != 0 && read(STDIN_FILENO, &c, 1) == 1;
		if (!ok || end_of_line(c)) {
			out[n] = '\0';
			break;
		}
		if (n + 1 < cap)
			out[n++] = c;
	}
	if (tty && secret)
		(void)tcsetattr(STDIN_FILENO, TCSADRAIN, &old);
	if (tty && (secret || !ok))
		puts("");
	return ok;
}
