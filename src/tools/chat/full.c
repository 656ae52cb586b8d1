/* full.c - see full.h.
 *
 * A pane for each room and conversation holds what was shown there; the one that plain lines go to is on the screen. All of
 * it is drawn anew when something has changed: ncurses finds out what of it is new to the terminal. */
#include "config.h"

#include "full.h"

#include "client.h"

#ifdef HAVE_NCURSES

#define _XOPEN_SOURCE_EXTENDED 1
#include <curses.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

#include "complete.h"
#include "lib/text.h"
#include "lib/util.h"

#define ENTRIES_MAX 2000 /* of a pane */
#define PANE_BYTES (512u * 1024) /* of text, at most */
#define PANES_MAX (SESSION_ROOMS_MAX + 1)
#define TYPED_MAX 4000
#define RECALL_MAX 100
#define SIDE_MIN 70 /* columns, for the lists at the sides to be there */
#define SIDE 18
#define KEY_ALT 0x1b

struct entry {
	enum show_kind kind;
	bool own, direct, mention;
	uint64_t at;
	char *from, *text; /* owned */
};

struct pane {
	char name[ROOM_BYTES_MAX + 2]; /* "lobby", "@bob", "" */
	struct entry *ring; /* owned: ENTRIES_MAX */
	unsigned n, gone; /* ever; of these, no longer kept */
	size_t bytes; /* of those that are */
	unsigned back; /* rows that are scrolled up */
};

struct full {
	struct client client;
	struct pane *panes[PANES_MAX]; /* owned */
	unsigned npanes;
	wchar_t typed[TYPED_MAX + 1];
	size_t n, cursor;
	char *recall[RECALL_MAX]; /* owned; the latest is the last */
	unsigned nrecall, at;
	char bar[128];
	bool dirty, eof;
};

/* --- panes ---------------------------------------------------------------------------------- */

static struct pane *
pane_of(struct full *f, struct str name)
{
	for (unsigned i = 0; i < f->npanes; i++) {
		if (str_eq(name, str_of(f->panes[i]->name)))
			return f->panes[i];
	}
	if (f->npanes == PANES_MAX)
		return f->panes[0];
	f->panes[f->npanes] = xcalloc(1, sizeof(struct pane));
	f->panes[f->npanes]->ring = xcalloc(ENTRIES_MAX, sizeof(struct entry));
	bprintf(f->panes[f->npanes]->name, sizeof(f->panes[0]->name), STR_FMT, STR_ARG(name));
	return f->panes[f->npanes++];
}

static struct pane *
pane_now(struct full *f)
{
	const struct room *r = f->client.s.cur;
	char name[ROOM_BYTES_MAX + 2] = "";

	if (r != NULL)
		bprintf(name, sizeof(name), "%s%s", r->direct ? "@" : "", r->name);
	return pane_of(f, str_of(name));
}

static void
drop_oldest(struct pane *p)
{
	struct entry *e = &p->ring[p->gone++ % ENTRIES_MAX];

	p->bytes -= strlen(e->text);
	free(e->from);
	free(e->text);
	*e = (struct entry){.from = NULL};
}

static void
on_show(void *arg, const struct show *s)
{
	struct full *f = arg;
	struct pane *p = s->room.n > 0 ? pane_of(f, s->room) : pane_now(f);
	struct entry *e;

	while (p->n - p->gone == ENTRIES_MAX || (p->gone < p->n && p->bytes > PANE_BYTES))
		drop_oldest(p);
	e = &p->ring[p->n++ % ENTRIES_MAX];
	*e = (struct entry){
	    .kind = s->kind, .own = s->own, .direct = s->direct, .mention = s->mention};
	e->at = s->at > 0 ? s->at : wall_ms();
	e->from = xstrndup(s->from.n > 0 ? s->from.p : "", s->from.n);
	e->text = xstrndup(s->text.p, s->text.n);
	p->bytes += strlen(e->text);
	if ((s->mention || s->direct) && !s->own && !s->old)
		beep();
	f->dirty = true;
}

static void
on_changed(void *arg)
{
	((struct full *)arg)->dirty = true;
}

static void
on_bar(void *arg, const char *text)
{
	struct full *f = arg;

	bprintf(f->bar, sizeof(f->bar), "%s", text);
	f->dirty = true;
}

static const struct ui ui = {on_show, on_changed, on_bar};

/* --- drawing ------------------------------------------------------------------------------------ */

/* Text from x on, at most to column end; the column behind it. */
static int
put_text(int y, int x, int end, const char *text)
{
	mbstate_t st = {0};
	const char *p = text;

	while (*p != '\0') {
		wchar_t wc[2] = {0, 0};
		size_t n = mbrtowc(&wc[0], p, MB_CUR_MAX, &st);
		int w = n == 0 || n > 8 ? -1 : wcwidth(wc[0]);

		if (n == 0 || n > 8)
			break;
		p += n;
		if (w < 0)
			continue;
		if (x + w > end)
			break;
		mvaddnwstr(y, x, wc, 1);
		x += w;
	}
	return x;
}

/* An entry in rows of so many columns, cut at spaces where there are any. fn (or NULL) gets each; returns how many. */
typedef void row_fn(void *arg, unsigned row, const wchar_t *text, size_t n);

struct wrapping {
	wchar_t row[512];
	size_t n;
	int at, width;
	unsigned rows;
	row_fn *fn;
	void *arg;
};

/* The row's first n characters are one, the rest begins the next. */
static void
end_row(struct wrapping *w, size_t n)
{
	if (w->fn != NULL)
		w->fn(w->arg, w->rows, w->row, n);
	w->rows++;
	wmemmove(w->row, w->row + n, w->n - n);
	w->n -= n;
	w->at = 2; /* what follows is moved in */
	for (size_t i = 0; i < w->n; i++)
		w->at += MAX(wcwidth(w->row[i]), 0);
}

static void
break_row(struct wrapping *w)
{
	size_t n = w->n;

	while (n > w->n / 2 && w->row[n - 1] != L' ')
		n--;
	end_row(w, n > w->n / 2 ? n : w->n);
}

static unsigned
wrap(const char *text, int width, int first, row_fn *fn, void *arg)
{
	struct wrapping w = {.at = first, .width = width, .fn = fn, .arg = arg};
	mbstate_t st = {0};

	for (;;) {
		wchar_t wc;
		size_t len = mbrtowc(&wc, text, MB_CUR_MAX, &st);
		int cols;

		if (len == 0 || len > 8)
			break;
		text += len;
		if (wc == L'\n') {
			end_row(&w, w.n);
			continue;
		}
		cols = MAX(wcwidth(wc), 0);
		if (w.at + cols > width || w.n == ARRAY_LEN(w.row))
			break_row(&w);
		w.row[w.n++] = wc;
		w.at += cols;
	}
	end_row(&w, w.n);
	return w.rows;
}

/* What stands before the text: "14:30 alice: ". */
static int
head_of(struct full *f, const struct entry *e, char *out, size_t cap)
{
	const struct look *k = &f->client.s.look;
	char when[32];

	words_time(k, e->at, e->at, when, sizeof(when));
	if (e->kind == SHOW_NOTE)
		bprintf(out, cap, "%s ", when);
	else if (e->kind == SHOW_DID)
		bprintf(out, cap, "%s * %s ", when, e->from);
	else if (e->kind == SHOW_FILE || e->kind == SHOW_EDIT)
		bprintf(out, cap, "%s %s ", when, e->from);
	else
		bprintf(out, cap,
			k->format == FORMAT_ANGLE   ? "%s <%s> "
			: k->format == FORMAT_ARROW ? "%s %s > "
						    : "%s %s: ",
			when, e->from);
	return text_width(out, strlen(out));
}

struct place {
	int y, x, top, first, color;
	attr_t attr;
};

static void
put_row(void *arg, unsigned row, const wchar_t *text, size_t n)
{
	struct place *p = arg;
	int y = p->y + (int)row;

	if (y >= p->top)
		mvaddnwstr(y, p->x + (row == 0 ? p->first : 2), text, (int)n);
}

static void
draw_entry(struct full *f, const struct entry *e, int y, int x, int top, int width)
{
	char head[NICK_MAX + 64];
	int first = MIN(head_of(f, e, head, sizeof(head)), width / 2);
	struct place p = {.y = y, .x = x, .top = top, .first = first};
	unsigned c = words_color(str_of(e->from));

	if (e->kind == SHOW_NOTE)
		attron(A_DIM);
	else if (f->client.s.look.color)
		attron(COLOR_PAIR(1 + (short)(c % 6)) | (c / 6 != 0 ? A_BOLD : A_NORMAL));
	if (y >= top)
		put_text(y, x, x + first, head);
	if (e->kind != SHOW_NOTE)
		attrset(e->mention ? A_BOLD : A_NORMAL);
	wrap(e->text, width, first, put_row, &p);
	attrset(A_NORMAL);
}

static void
draw_log(struct full *f, int top, int bottom, int x, int width)
{
	struct pane *p = pane_now(f);
	unsigned kept = p->n - p->gone;
	int y = bottom + (int)p->back;
	char head[NICK_MAX + 64];

	for (unsigned i = 0; i < kept && y > top; i++) {
		const struct entry *e = &p->ring[(p->n - 1 - i) % ENTRIES_MAX];
		int first = MIN(head_of(f, e, head, sizeof(head)), width / 2);

		y -= (int)wrap(e->text, width, first, NULL, NULL);
		if (y < bottom)
			draw_entry(f, e, y, x, top, width);
	}
	/* not beyond the beginning */
	if (y > top && p->back > 0) {
		p->back -= MIN(p->back, (unsigned)(y - top));
		f->dirty = p->back > 0;
	}
}

static void
draw_rooms(struct full *f, int top, int bottom)
{
	int y = top;

	for (const struct room *r = f->client.s.rooms; r != NULL && y < bottom; r = r->next) {
		char text[ROOM_BYTES_MAX + 32];

		if (r == f->client.s.cur)
			attron(A_REVERSE);
		if (r->mentions > 0)
			attron(A_BOLD);
		bprintf(text, sizeof(text), r->unread > 0 ? "%s%s (%u)" : "%s%s",
			r->direct ? "@" : "#", r->name, r->unread);
		put_text(y++, 0, SIDE - 2, text);
		attrset(A_NORMAL);
	}
	mvvline(top, SIDE - 1, ACS_VLINE, bottom - top);
}

static int
by_rank(struct member *a, struct member *b)
{
	return strcmp(a->key, b->key);
}

static void
draw_users(struct full *f, int top, int bottom)
{
	struct room *r = f->client.s.cur;
	int x = COLS - SIDE, y = top;
	char text[NICK_MAX + 16];

	mvvline(top, x, ACS_VLINE, bottom - top);
	if (r == NULL || r->direct)
		return;
	bprintf(text, sizeof(text), "Users (%u)", HASH_COUNT(r->members));
	attron(A_BOLD);
	put_text(y++, x + 2, COLS, text);
	attrset(A_NORMAL);
	HASH_SORT(r->members, by_rank);
	for (const struct member *m = r->members; m != NULL && y < bottom; m = m->hh.next) {
		if (m->away)
			attron(A_DIM);
		if (m->rank != 0)
			mvaddch(y, x + 1, (chtype)m->rank);
		put_text(y++, x + 2, COLS, m->name);
		attrset(A_NORMAL);
	}
}

static void
draw_bars(struct full *f)
{
	const struct session *s = &f->client.s;
	const struct room *r = s->cur;
	const char *now = s->state == SESSION_READY ? s->nick : "not connected";
	char text[2048];

	attron(A_REVERSE);
	mvhline(0, 0, ' ', COLS);
	bprintf(text, sizeof(text), " %s%s%s%s", r != NULL ? r->direct ? "@" : "#" : "",
		r != NULL ? r->name : "chat", r != NULL && r->topic[0] != '\0' ? ": " : "",
		r != NULL ? r->topic : "");
	put_text(0, 0, COLS, text);
	mvhline(LINES - 2, 0, ' ', COLS);
	bprintf(text, sizeof(text), " %s at %s%s%s%s", now, f->client.conf->host,
		pane_now(f)->back > 0 ? "  (scrolled up: PgDn)" : "", f->bar[0] != '\0' ? "  " : "",
		f->bar);
	put_text(LINES - 2, 0, COLS, text);
	attrset(A_NORMAL);
}

static void
draw_input(struct full *f)
{
	bool secret;
	const char *asked = session_asks(&f->client.s, &secret);
	char prompt[NICK_MAX + 8];
	int x, from, room, w = 0;
	size_t begin = f->cursor;

	bprintf(prompt, sizeof(prompt), "%s > ", f->client.s.nick);
	x = put_text(LINES - 1, 0, COLS / 2, asked != NULL ? asked : prompt);
	room = COLS - 1 - x;
	/* as much of what stands before the cursor as there is room for */
	while (begin > 0 && w + MAX(wcwidth(f->typed[begin - 1]), 0) < room) {
		begin--;
		w += MAX(wcwidth(f->typed[begin]), 0);
	}
	for (from = x; begin < f->n && from < COLS - 1; begin++) {
		wchar_t c = secret ? L'*' : f->typed[begin];

		mvaddnwstr(LINES - 1, from, &c, 1);
		from += MAX(wcwidth(c), 0);
	}
	move(LINES - 1, MIN(x + w, COLS - 1));
}

static void
draw(struct full *f)
{
	bool sides = COLS >= SIDE_MIN;
	int x = sides ? SIDE : 0, width = sides ? COLS - 2 * SIDE - 1 : COLS;

	f->dirty = false;
	erase();
	if (LINES >= 5) {
		draw_log(f, 1, LINES - 2, x, MAX(width, 10));
		if (sides) {
			draw_rooms(f, 1, LINES - 2);
			draw_users(f, 1, LINES - 2);
		}
		draw_bars(f);
	}
	draw_input(f);
	refresh();
}

/* --- typing ---------------------------------------------------------------------------------------- */

static void
set_typed(struct full *f, const char *text)
{
	size_t n = mbstowcs(f->typed, text, TYPED_MAX);

	f->n = f->cursor = n == (size_t)-1 ? 0 : n;
}

static void
insert(struct full *f, wchar_t wc)
{
	if (f->n >= TYPED_MAX || wc < 32 || wc == 127)
		return;
	wmemmove(f->typed + f->cursor + 1, f->typed + f->cursor, f->n - f->cursor);
	f->typed[f->cursor++] = wc;
	f->n++;
}

static void
cut(struct full *f, size_t from, size_t to)
{
	wmemmove(f->typed + from, f->typed + to, f->n - to);
	f->n -= to - from;
	f->cursor = from;
}

static size_t
word_begin(const struct full *f)
{
	size_t i = f->cursor;

	while (i > 0 && f->typed[i - 1] == L' ')
		i--;
	while (i > 0 && f->typed[i - 1] != L' ')
		i--;
	return i;
}

/* The n first characters as UTF-8. */
static char *
typed_text(const struct full *f, size_t n, char *out, size_t cap)
{
	mbstate_t st = {0};
	size_t at = 0;

	for (size_t i = 0; i < n && at + 8 < cap; i++) {
		size_t len = wcrtomb(out + at, f->typed[i], &st);

		at += len == (size_t)-1 ? 0 : len;
	}
	out[at] = '\0';
	return out;
}

static void
enter(struct full *f)
{
	static char text[TYPED_MAX * 4 + 8];
	struct session *s = &f->client.s;
	bool asked = s->ask != ASK_NOTHING;

	typed_text(f, f->n, text, sizeof(text));
	f->n = f->cursor = 0;
	if (!asked && text[0] != '\0') {
		if (f->nrecall == RECALL_MAX) {
			free(f->recall[0]);
			memmove(f->recall, f->recall + 1, --f->nrecall * sizeof(f->recall[0]));
		}
		f->recall[f->nrecall++] = xstrdup(text);
		f->at = f->nrecall;
	}
	pane_now(f)->back = 0;
	session_typed(s, text);
	explicit_bzero(f->typed, sizeof(f->typed));
	explicit_bzero(text, sizeof(text));
}

static void
recall(struct full *f, int step)
{
	int at = (int)f->at + step;

	if (at < 0 || at > (int)f->nrecall)
		return;
	f->at = (unsigned)at;
	set_typed(f, f->at < f->nrecall ? f->recall[f->at] : "");
}

static void
complete_word(struct full *f)
{
	static struct complete c;
	static char line[TYPED_MAX * 4 + 8];
	char list[2048] = "";
	size_t n = 0;

	typed_text(f, f->cursor, line, sizeof(line));
	complete(&f->client.s, line, strlen(line), &c);
	if (c.n == 0) {
		beep();
		return;
	}
	if (c.n > 1 && c.common <= strlen(line) - c.start) {
		for (unsigned i = 0; i < c.n && n < sizeof(list) - COMPLETE_WORD; i++)
			n += bprintf(list + n, sizeof(list) - n, "%s%s", i > 0 ? "  " : "",
				     c.word[i]);
		session_note(&f->client.s, "%s", list);
		return;
	}
	if (c.n > 1)
		c.word[0][c.common] = '\0';
	cut(f, f->cursor - text_chars(line + c.start, strlen(line) - c.start), f->cursor);
	for (const char *p = c.word[0]; *p != '\0';) {
		mbstate_t st = {0};
		wchar_t wc;
		size_t len = mbrtowc(&wc, p, MB_CUR_MAX, &st);

		if (len == 0 || len > 8)
			break;
		insert(f, wc);
		p += len;
	}
}

/* The next room, or the one before. */
static void
other_room(struct full *f, int step)
{
	struct session *s = &f->client.s;
	struct room *all[SESSION_ROOMS_MAX], *r;
	int n = 0, now = 0;

	for (r = s->rooms; r != NULL && n < SESSION_ROOMS_MAX; r = r->next) {
		if (r == s->cur)
			now = n;
		all[n++] = r;
	}
	if (n > 0)
		session_talk_in(s, all[(now + step + n) % n]);
}

static void
nth_room(struct full *f, int nth)
{
	struct room *r = f->client.s.rooms;

	while (r != NULL && nth-- > 0)
		r = r->next;
	if (r != NULL)
		session_talk_in(&f->client.s, r);
}

static void
scroll_by(struct full *f, int rows)
{
	struct pane *p = pane_now(f);

	p->back = (unsigned)MAX((int)p->back + rows, 0);
}

#define CTRL_KEY(c) ((c)&0x1f)

static void
special(struct full *f, wint_t key)
{
	switch (key) {
	case KEY_LEFT:
		f->cursor -= f->cursor > 0;
		break;
	case KEY_RIGHT:
		f->cursor += f->cursor < f->n;
		break;
	case KEY_HOME:
		f->cursor = 0;
		break;
	case KEY_END:
		f->cursor = f->n;
		break;
	case KEY_UP:
		recall(f, -1);
		break;
	case KEY_DOWN:
		recall(f, 1);
		break;
	case KEY_PPAGE:
		scroll_by(f, MAX(LINES - 5, 1));
		break;
	case KEY_NPAGE:
		scroll_by(f, -MAX(LINES - 5, 1));
		break;
	case KEY_BACKSPACE:
		if (f->cursor > 0)
			cut(f, f->cursor - 1, f->cursor);
		break;
	case KEY_DC:
		if (f->cursor < f->n)
			cut(f, f->cursor, f->cursor + 1);
		break;
	case KEY_ENTER:
		enter(f);
		break;
	case KEY_BTAB:
		other_room(f, -1);
		break;
	default:
		break;
	}
}

static void
control(struct full *f, wint_t c)
{
	switch (c) {
	case '\r':
	case '\n':
		enter(f);
		break;
	case '\t':
		complete_word(f);
		break;
	case 127:
	case '\b':
		special(f, KEY_BACKSPACE);
		break;
	case CTRL_KEY('a'):
		f->cursor = 0;
		break;
	case CTRL_KEY('e'):
		f->cursor = f->n;
		break;
	case CTRL_KEY('k'):
		f->n = f->cursor;
		break;
	case CTRL_KEY('u'):
		cut(f, 0, f->cursor);
		break;
	case CTRL_KEY('w'):
		cut(f, word_begin(f), f->cursor);
		break;
	case CTRL_KEY('n'):
		other_room(f, 1);
		break;
	case CTRL_KEY('p'):
		other_room(f, -1);
		break;
	case CTRL_KEY('l'):
		clearok(stdscr, TRUE);
		break;
	case CTRL_KEY('d'):
		if (f->n == 0)
			session_quit(&f->client.s, "");
		else
			special(f, KEY_DC);
		break;
	default:
		break;
	}
}

static void
take_keys(struct full *f)
{
	wint_t c;
	int r;
	bool any = false;

	while (!session_busy(&f->client.s) && (r = get_wch(&c)) != ERR) {
		any = f->dirty = true;
		if (r == KEY_CODE_YES) {
			special(f, c);
		} else if (c == KEY_ALT) {
			if (get_wch(&c) == OK && c >= '1' && c <= '9')
				nth_room(f, (int)(c - '1'));
		} else if (c < 32 || c == 127) {
			control(f, c);
		} else {
			insert(f, (wchar_t)c);
		}
		if (f->client.leaving || f->client.done)
			return;
	}
	if (!any && !isatty(STDIN_FILENO))
		f->eof = true;
}

/* --- Ctrl-Z -------------------------------------------------------------------------------------- */

/* ncurses has a handler of its own, which it takes away while it draws: a Ctrl-Z at that moment would be lost. It leaves one alone
 * that is there before it begins. */
static volatile sig_atomic_t suspended;

static void
on_suspend(int sig)
{
	suspended = sig;
}

static void
suspend(struct full *f)
{
	sigset_t tstp;

	suspended = 0;
	endwin();
	sigemptyset(&tstp);
	sigaddset(&tstp, SIGTSTP);
	(void)signal(SIGTSTP, SIG_DFL);
	(void)raise(SIGTSTP);
	(void)sigprocmask(SIG_UNBLOCK, &tstp, NULL); /* here it stops */
	(void)sigprocmask(SIG_BLOCK, &tstp, NULL);
	(void)signal(SIGTSTP, on_suspend);
	(void)raise(SIGWINCH); /* the terminal may have another size than before */
	clearok(curscr, TRUE);
	f->dirty = true;
}

/* --- all of it --------------------------------------------------------------------------------------- */

static void
screen_open(void)
{
	/* a shell without jobs ignores it: so do we then */
	if (signal(SIGTSTP, on_suspend) == SIG_IGN)
		(void)signal(SIGTSTP, SIG_IGN);
	if (initscr() == NULL)
		exit(chat_fail(CHAT_USAGE, "the terminal cannot be used"));
	cbreak();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	set_escdelay(25);
	if (has_colors()) {
		start_color();
		use_default_colors();
		for (short i = 1; i <= 6; i++)
			init_pair(i, i, -1);
	}
}

static void
full_fini(struct full *f)
{
	for (unsigned i = 0; i < f->npanes; i++) {
		for (unsigned k = 0; k < ENTRIES_MAX; k++) {
			free(f->panes[i]->ring[k].from);
			free(f->panes[i]->ring[k].text);
		}
		free(f->panes[i]->ring);
		free(f->panes[i]);
	}
	for (unsigned i = 0; i < f->nrecall; i++)
		free(f->recall[i]);
	client_fini(&f->client);
}

int
full_run(struct chat_conf *conf)
{
	static struct full f;
	bool deaf;
	int code;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return chat_fail(CHAT_USAGE, "-f needs a terminal");
	conf->look.echo = true; /* what one has said stands with the rest */
	screen_open();
	client_init(&f.client, conf, &ui, &f);
	f.client.s.paned = true;
	f.dirty = true;
	while (!f.client.done) {
		if (suspended)
			suspend(&f);
		if (f.dirty)
			draw(&f);
		deaf = f.client.leaving || f.eof || session_busy(&f.client.s);
		(void)client_turn(&f.client, deaf ? -1 : STDIN_FILENO, f.dirty ? 0 : UINT64_MAX);
		if (!f.client.leaving)
			take_keys(&f); /* a new size is a key, too */
		if (f.eof)
			client_end(&f.client, CHAT_OK, "");
	}
	endwin();
	code = f.client.code;
	if (f.client.why[0] != '\0')
		(void)chat_fail(code, "%s", f.client.why);
	full_fini(&f);
	return code;
}

#else

int
full_run(struct chat_conf *conf)
{
	(void)conf;
	return chat_fail(CHAT_USAGE, "-f is not in this build");
}

#endif
