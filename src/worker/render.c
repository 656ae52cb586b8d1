/* render.c - see render.h. */
#include "config.h"

#include "worker/render.h"

#include <string.h>
#include <time.h>

#include "lib/text.h"
#include "lib/util.h"

#define DECORATION 64 /* time, colours, brackets, quotes */

void
render_clean(struct shown *s, char copy[RENDER_COPY])
{
	size_t n = MIN(s->text.n, (size_t)TEXT_MAX);

	if (s->text.n <= TEXT_MAX && text_is_clean(s->text.p, s->text.n, TEXT_KEEP_NL) &&
	    !text_turns(s->text.p, s->text.n))
		return;
	if (!text_utf8_ok(s->text.p, n)) {
		s->text = STR_LIT("(text that cannot be shown)");
		return;
	}
	memcpy(copy, s->text.p, n);
	n = text_strip_irc(copy, n);
	n = text_clean(copy, n, TEXT_KEEP_NL);
	s->text = (struct str){copy, text_balance(copy, n, RENDER_COPY)};
}

static size_t
newlines(struct str s)
{
	const char *p = s.p, *end = s.p + s.n;
	size_t n = 0;

	while (p < end && (p = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		n++;
		p++;
	}
	return n;
}

size_t
render_bound(const struct shown *s)
{
	return s->text.n + 3 * newlines(s->text) + s->name.n + s->room.n + DECORATION;
}

static char *
put(char *o, const char *p, size_t n)
{
	memcpy(o, p, n);
	return o + n;
}

static char *
puts_(char *o, const char *p)
{
	return put(o, p, strlen(p));
}

/* The hour and minute here, made once a minute. */
static char *
put_time(char *o, uint64_t at)
{
	static uint64_t minute = UINT64_MAX;
	static char text[8] = "00:00 ";
	time_t t = (time_t)(at / 1000);
	struct tm tm;

	if (at / 60000 != minute && localtime_r(&t, &tm) != NULL) {
		minute = at / 60000;
		text[0] = (char)('0' + tm.tm_hour / 10);
		text[1] = (char)('0' + tm.tm_hour % 10);
		text[3] = (char)('0' + tm.tm_min / 10);
		text[4] = (char)('0' + tm.tm_min % 10);
	}
	return put(o, text, 6);
}

/* Somebody always has the same colour: red to cyan, bright or not. */
static char *
put_colored(char *o, struct str name)
{
	char seq[] = "\033[0;31m";
	uint32_t h = 5381;

	for (size_t i = 0; i < name.n; i++)
		h = h * 33 + (unsigned char)name.p[i];
	h ^= h >> 16;
	seq[2] = (char)('0' + h % 2);
	seq[5] = (char)('1' + h / 2 % 6);
	o = put(o, seq, 7);
	o = put(o, name.p, name.n);
	return put(o, "\033[0m", 4);
}

static char *
put_name(char *o, unsigned cls, struct str name)
{
	return cls & CLS_COLOR ? put_colored(o, name) : put(o, name.p, name.n);
}

static char *
put_text(char *o, struct str text)
{
	const char *p = text.p, *end = p + text.n, *nl;

	while ((nl = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		o = put(o, p, (size_t)(nl - p));
		o = put(o, "\r\n  ", 4);
		p = nl + 1;
	}
	return put(o, p, (size_t)(end - p));
}

static char *
put_message(char *o, unsigned cls, const struct shown *s)
{
	unsigned f = cls & CLS_FORMAT;

	if (s->what == SHOWN_DM && !(f == FORMAT_CLIENT && s->server))
		f = FORMAT_QUOTE;
	if (s->kind == MSG_ACTION) {
		o = put(o, "* ", 2);
		o = put_name(o, cls, s->name);
		o = s->what == SHOWN_DM ? puts_(o, " (to you) ") : put(o, " ", 1);
		return put_text(o, s->text);
	}
	o = puts_(o, formats[f].before);
	o = put_name(o, cls, f == FORMAT_CLIENT && !s->server ? STR_LIT("Client") : s->name);
	o = puts_(o, formats[f].between);
	o = put_text(o, s->text);
	return puts_(o, formats[f].after);
}

size_t
render(char *out, unsigned cls, const struct shown *s)
{
	char *o = out;

	if (cls & CLS_TIME)
		o = put_time(o, s->at);
	if (cls & CLS_OTHER && s->room.n > 0) {
		o = put(o, "[", 1);
		o = put(o, s->room.p, s->room.n);
		o = put(o, "] ", 2);
	}
	if (s->type == MSG_e_announce)
		o = puts_(o, "[to everybody] ");
	if (s->what != SHOWN_NOTE && !s->whole) {
		o = put_message(o, cls, s);
	} else {
		if (cls & CLS_COLOR && !s->whole)
			o = put(o, "\033[2m", 4);
		o = put_text(o, s->text);
		if (cls & CLS_COLOR && !s->whole)
			o = put(o, "\033[0m", 4);
	}
	o = put(o, "\r\n", 2);
	return (size_t)(o - out);
}

/* --- departures --------------------------------------------------------------------------------- */

bool
quit_was_ordered(const struct m_e_quit *e)
{
	return e->why == QUIT_KICKED || e->why == QUIT_BANNED || e->why == QUIT_KILLED;
}

struct str
quit_text(const struct m_e_quit *e, char out[QUIT_TEXT_MAX + 1])
{
	const size_t cap = QUIT_TEXT_MAX + 1;
	bool why = e->reason.n > 0;

	switch (e->why) {
	case QUIT_KICKED:
		return (struct str){out, bprintf(out, cap, "Kicked by " STR_FMT "%s" STR_FMT "%s",
						 STR_ARG(e->by), why ? " (" : "",
						 STR_ARG(e->reason), why ? ")" : "")};
	case QUIT_BANNED:
		return (struct str){out, bprintf(out, cap, "Banned%s" STR_FMT "%s", why ? " (" : "",
						 STR_ARG(e->reason), why ? ")" : "")};
	case QUIT_KILLED:
		return (struct str){out,
				    bprintf(out, cap, "Killed (" STR_FMT "%s" STR_FMT ")",
					    STR_ARG(e->by), why ? ": " : "", STR_ARG(e->reason))};
	default:
		return (struct str){out, bprintf(out, cap, "%s" STR_FMT,
						 why && e->why == QUIT_LEFT ? "Quit: " : "",
						 STR_ARG(e->reason))};
	}
}
