/* complete.c - see complete.h. */
#include "config.h"

#include "complete.h"

#include <string.h>
#include <strings.h>

#include "cmd.h"
#include "lib/text.h"
#include "lib/util.h"
#include "session.h"

/* What does not fit any more still counts for what they have in common. */
static void
offer(struct complete *c, const char *before, const char *name, const char *typed, size_t n,
      const char *after)
{
	char word[COMPLETE_WORD];
	size_t same = 0;

	if (strncasecmp(name, typed, n) != 0)
		return;
	bprintf(word, sizeof(word), "%s%s%s", before, name, after);
	for (unsigned i = 0; i < c->n; i++) {
		if (strcmp(c->word[i], word) == 0)
			return; /* in two rooms */
	}
	if (c->n == 0)
		c->common = strlen(word);
	while (c->n > 0 && same < c->common && (c->word[0][same] | 32) == (word[same] | 32))
		same++;
	if (c->n > 0)
		c->common = same;
	if (c->n < COMPLETE_MAX)
		memcpy(c->word[c->n++], word, sizeof(word));
}

static void
offer_names(const struct session *s, struct complete *c, const char *before, const char *typed,
	    size_t n, const char *after)
{
	for (const struct room *r = s->rooms; r != NULL; r = r->next) {
		if (r->direct)
			offer(c, before, r->name, typed, n, after);
		for (const struct member *m = r->members; m != NULL; m = m->hh.next)
			offer(c, before, m->name, typed, n, after);
	}
}

void
complete(const struct session *s, const char *line, size_t n, struct complete *c)
{
	const char *word, *at;
	size_t len;
	char before[COMPLETE_WORD];

	memset(c, 0, sizeof(*c));
	for (c->start = n; c->start > 0 && line[c->start - 1] != ' '; c->start--)
		;
	word = line + c->start;
	len = n - c->start;
	at = len > 0 ? memrchr(word, '@', len) : NULL;
	if (c->start == 0 && len > 0 && word[0] == '/') {
		for (unsigned i = 0; i < cmd_count(); i++) {
			const char *name = cmd_name(i);

			if (name != NULL)
				offer(c, "/", name, word + 1, len - 1, " ");
		}
	} else if (at != NULL && len < COMPLETE_WORD - NICK_MAX - 1) {
		bprintf(before, sizeof(before), "%.*s", (int)(at + 1 - word), word);
		offer_names(s, c, before, at + 1, len - (size_t)(at + 1 - word), "");
		offer(c, before, "Server", at + 1, len - (size_t)(at + 1 - word), "");
	} else if (len > 0 && word[0] == '#') {
		for (const struct room *r = s->rooms; r != NULL; r = r->next) {
			if (!r->direct)
				offer(c, "#", r->name, word + 1, len - 1, " ");
		}
	} else if (len > 0) {
		offer_names(s, c, "", word, len, c->start == 0 ? ": " : " ");
		/* "/join lob" */
		for (const struct room *r = s->rooms; r != NULL && c->start > 0 && line[0] == '/';
		     r = r->next) {
			if (!r->direct)
				offer(c, "", r->name, word, len, " ");
		}
	}
	c->common = text_cut(c->word[0], strlen(c->word[0]), c->common);
}
