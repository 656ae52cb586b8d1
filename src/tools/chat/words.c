/* words.c - see words.h. */
#include "config.h"

#include "words.h"

#include <time.h>

#include "lib/util.h"
#include "session.h"

unsigned
words_color(struct str name)
{
	uint32_t h = 5381;

	for (size_t i = 0; i < name.n; i++)
		h = h * 33 + (unsigned char)name.p[i];
	h ^= h >> 16;
	return h % 2 * 6 + h / 2 % 6;
}

size_t
words_time(const struct look *k, uint64_t at, uint64_t now, char *out, size_t cap)
{
	time_t t = (time_t)(at / 1000), n = (time_t)(now / 1000);
	struct tm tm, today;
	char day[16] = "";

	if (localtime_r(&t, &tm) == NULL || localtime_r(&n, &today) == NULL)
		return bprintf(out, cap, "--:--");
	if (tm.tm_year != today.tm_year || tm.tm_yday != today.tm_yday)
		bprintf(day, sizeof(day), "%04d-%02d-%02d ", (tm.tm_year + 1900) % 10000,
			tm.tm_mon + 1, tm.tm_mday);
	if (k->ampm)
		return bprintf(out, cap, "%s%d:%02d %s", day, (tm.tm_hour + 11) % 12 + 1, tm.tm_min,
			       tm.tm_hour < 12 ? "am" : "pm");
	return bprintf(out, cap, "%s%02d:%02d", day, tm.tm_hour, tm.tm_min);
}

/* --- a line ------------------------------------------------------------------------------ */

struct out {
	char *p;
	size_t n, cap;
};

static void
add(struct out *o, const char *p, size_t n)
{
	n = MIN(n, o->cap - 1 - o->n);
	memcpy(o->p + o->n, p, n);
	o->n += n;
	o->p[o->n] = '\0';
}

static void
adds(struct out *o, const char *text)
{
	add(o, text, strlen(text));
}

static void
add_name(struct out *o, const struct look *k, struct str name)
{
	char seq[16];
	unsigned c = words_color(name);

	if (k->color) {
		bprintf(seq, sizeof(seq), "\033[%u;3%um", c / 6, 1 + c % 6);
		adds(o, seq);
	}
	add(o, name.p, name.n);
	if (k->color)
		adds(o, "\033[0m");
}

static void
add_text(struct out *o, struct str text)
{
	const char *p = text.p, *end = text.p + text.n, *nl;

	while (p < end && (nl = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		add(o, p, (size_t)(nl - p));
		adds(o, "\n  ");
		p = nl + 1;
	}
	add(o, p, (size_t)(end - p));
}

static void
add_message(struct out *o, const struct look *k, const struct show *s)
{
	unsigned f = k->format;

	if (s->kind == SHOW_FILE || s->kind == SHOW_EDIT) {
		add_name(o, k, s->from);
		adds(o, " ");
		add_text(o, s->text);
		return;
	}
	if (s->direct && s->own) {
		adds(o, "You to ");
		add_name(o, k, s->to);
		adds(o, s->kind == SHOW_DID ? ": * " : ": ");
		add_text(o, s->text);
		return;
	}
	if (s->kind == SHOW_DID) {
		adds(o, "* ");
		add_name(o, k, s->from);
		adds(o, s->direct ? " (to you) " : " ");
		add_text(o, s->text);
		return;
	}
	if (s->direct)
		f = FORMAT_QUOTE;
	adds(o, formats[f].before);
	add_name(o, k, f == FORMAT_CLIENT ? STR_LIT("Client") : s->from);
	adds(o, formats[f].between);
	add_text(o, s->text);
	adds(o, formats[f].after);
}

size_t
words_render(const struct look *k, const struct show *s, struct str room, char *out, size_t cap)
{
	struct out o = {out, 0, cap};
	char when[32];

	out[0] = '\0';
	if (k->time || (s->old && s->kind != SHOW_NOTE)) {
		uint64_t now = wall_ms();

		words_time(k, s->at > 0 ? s->at : now, now, when, sizeof(when));
		adds(&o, when);
		adds(&o, " ");
	}
	if (s->room.n > 0 && !s->direct && s->room.p[0] != '@' && !str_eq(s->room, room)) {
		adds(&o, "[");
		add(&o, s->room.p, s->room.n);
		adds(&o, "] ");
	}
	if (s->kind != SHOW_NOTE) {
		add_message(&o, k, s);
	} else {
		if (k->color)
			adds(&o, "\033[2m");
		add_text(&o, s->text);
		if (k->color)
			adds(&o, "\033[0m");
	}
	return o.n;
}
