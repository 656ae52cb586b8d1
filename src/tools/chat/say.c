/* say.c - see say.h. */
#include "config.h"

#include "say.h"

#include <string.h>

#include "client.h"
#include "files.h"
#include "lib/text.h"
#include "lib/util.h"

/* Somewhat less than a message may have: see session_say(). */
#define BYTES_MAX (SESSION_TEXT_MAX - 400)
#define LINES_MAX 60

/* How much of the rest is the next message: as far as one goes, to the end of a line; or of one line alone what goes in a message:
 * that is never too many pieces. */
static size_t
next_size(struct str rest)
{
	size_t n = 0, pieces = 0;

	while (n < rest.n) {
		const char *nl = memchr(rest.p + n, '\n', rest.n - n);
		struct str line = {rest.p + n, (nl != NULL ? (size_t)(nl - rest.p) : rest.n) - n};

		if (n + line.n > BYTES_MAX)
			break;
		pieces += session_pieces(line);
		if (pieces > LINES_MAX)
			break;
		n += line.n + (nl != NULL);
	}
	return n > 0 ? n : text_cut(rest.p, rest.n, BYTES_MAX);
}

void
say_begin(struct client *c)
{
	struct say *s = &c->say;

	if (s->begun)
		return;
	s->begun = true;
	if (c->conf->file != NULL) {
		files_send(c->files, c->conf->target, c->conf->file, false);
		return;
	}
	s->rest = str_of(c->conf->text != NULL ? c->conf->text : "");
	s->lines = session_lines(s->rest);
}

static void
say_next(struct client *c)
{
	struct say *s = &c->say;
	size_t n = next_size(s->rest);
	struct str text = {s->rest.p, n - (s->rest.p[n - 1] == '\n')};

	s->rest = (struct str){s->rest.p + n, s->rest.n - n};
	s->flying = session_lines(text);
	s->pieces = session_pieces(text);
	/* only empty lines are no message to a server */
	if (s->flying > text.n)
		return;
	client_progress(c, (unsigned)s->pieces);
	(void)session_say(&c->s, c->conf->target, text, false);
	s->unanswered = c->s.npending;
}

/* Is nothing on its way? Of a server that answers no message it is known only that it has been sent to it. */
static bool
idle(const struct client *c)
{
	return c->say.begun && c->conf->file == NULL && !c->leaving && !c->done &&
	       c->s.npending == 0 && c->s.out.len == 0;
}

void
say_turn(struct client *c)
{
	struct say *s = &c->say;

	if (c->s.npending < s->unanswered)
		client_progress(c, (unsigned)s->pieces);
	s->unanswered = c->s.npending;
	if (!idle(c))
		return;
	s->taken += s->flying;
	s->flying = 0;
	if (s->rest.n > 0)
		say_next(c);
	else
		client_end(c, CHAT_OK, "");
}

uint64_t
say_due(const struct client *c)
{
	return idle(c) ? 0 : UINT64_MAX;
}

void
say_how_far(const struct say *s, char *out, size_t cap)
{
	out[0] = '\0';
	if (s->taken > 0 && s->taken < s->lines)
		bprintf(out, cap, " (%zu of %zu lines have been taken)", s->taken, s->lines);
}
