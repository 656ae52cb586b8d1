/* full_keys.c - what keys do in the full screen. See full_priv.h. */
#include "config.h"

#include "full_priv.h"

#ifdef HAVE_NCURSES

#define _XOPEN_SOURCE_EXTENDED 1
#include <curses.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "complete.h"
#include "lib/text.h"
#include "lib/util.h"

#define KEY_ALT 0x1b

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
	full_pane(f)->back = 0;
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
	struct pane *p = full_pane(f);

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

void
full_keys(struct full *f)
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

#endif
