/* full_draw.c - what the full screen looks like. See full_priv.h. */
#include "config.h"

#include "full_priv.h"

#ifdef HAVE_NCURSES

#define _XOPEN_SOURCE_EXTENDED 1
#include <curses.h>
#include <string.h>

#include "lib/text.h"
#include "lib/util.h"

#define SIDE_MIN 70 /* columns, for the lists at the sides to be there */
#define SIDE 18

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
	struct pane *p = full_pane(f);
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
		full_pane(f)->back > 0 ? "  (scrolled up: PgDn)" : "",
		f->bar[0] != '\0' ? "  " : "", f->bar);
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

void
full_draw(struct full *f)
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

#endif
