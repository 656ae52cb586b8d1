/* text_bidi.c - text_balance(): what is written from right to left ends with its line.
 *
 * A message is shown beside others' names and messages.  An override or isolate that it
 * leaves open would turn those around as well; one that it closes is its own affair.
 */
#include "config.h"
#include "lib/text.h"

#include <string.h>

/* All explicit controls are e2 80 aa..ae and e2 81 a6..a9. */
enum bidi {
	BIDI_NONE,
	BIDI_EMBED, /* LRE, RLE, LRO, RLO */
	BIDI_ISOLATE, /* LRI, RLI, FSI */
	BIDI_PDF,
	BIDI_PDI,
};
#define BIDI_LEN 3

/* Openers that are kept open at once; UAX #9 has a limit of 125. */
#define BIDI_DEPTH_MAX 64

static const char bidi_pdf[] = "\xe2\x80\xac";
static const char bidi_pdi[] = "\xe2\x81\xa9";

static enum bidi
bidi_kind(const char *p, size_t n)
{
	const unsigned char *u = (const unsigned char *)p;

	if (n < BIDI_LEN || u[0] != 0xe2)
		return BIDI_NONE;
	if (u[1] == 0x80 && u[2] >= 0xaa && u[2] <= 0xae)
		return u[2] == 0xac ? BIDI_PDF : BIDI_EMBED;
	if (u[1] == 0x81 && u[2] >= 0xa6 && u[2] <= 0xa9)
		return u[2] == 0xa9 ? BIDI_PDI : BIDI_ISOLATE;
	return BIDI_NONE;
}

static const char *
bidi_find(const char *p, size_t n)
{
	const char *end;

	if (n == 0)
		return NULL; /* p may be NULL */
	end = p + n;
	while ((p = memchr(p, 0xe2, end - p)) != NULL) {
		if (bidi_kind(p, end - p) != BIDI_NONE)
			return p;
		if (++p == end)
			break;
	}
	return NULL;
}

bool
text_turns(const char *p, size_t n)
{
	return bidi_find(p, n) != NULL;
}

struct bidi_stack {
	size_t depth;
	enum bidi open[BIDI_DEPTH_MAX];
};

/* Does the control stay?  A PDF closes the last opener only if that is an embedding, a
 * PDI the last isolate and the embeddings within. */
static bool
bidi_take(struct bidi_stack *s, enum bidi kind)
{
	size_t d = s->depth;

	switch (kind) {
	case BIDI_EMBED:
	case BIDI_ISOLATE:
		if (d == BIDI_DEPTH_MAX)
			return false;
		s->open[s->depth++] = kind;
		return true;
	case BIDI_PDF:
		if (d == 0 || s->open[d - 1] != BIDI_EMBED)
			return false;
		s->depth--;
		return true;
	case BIDI_PDI:
		while (d > 0 && s->open[d - 1] != BIDI_ISOLATE)
			d--;
		if (d == 0)
			return false;
		s->depth = d - 1;
		return true;
	case BIDI_NONE:
		break;
	}
	return true;
}

/* How far the output of text_balance() gets ahead of its input, at most. */
static size_t
bidi_lead(const char *p, size_t n)
{
	struct bidi_stack s = {.depth = 0};
	size_t added = 0, dropped = 0, lead = 0;

	for (size_t i = 0; i <= n; i++) {
		enum bidi kind;

		if (i == n || p[i] == '\n') {
			added += s.depth * BIDI_LEN;
			s.depth = 0;
			if (added > dropped && added - dropped > lead)
				lead = added - dropped;
			continue;
		}
		kind = bidi_kind(p + i, n - i);
		if (kind != BIDI_NONE && !bidi_take(&s, kind))
			dropped += BIDI_LEN;
	}
	return lead;
}

static size_t
bidi_close(struct bidi_stack *s, char *out)
{
	size_t w = 0;

	while (s->depth > 0) {
		enum bidi open = s->open[--s->depth];

		memcpy(out + w, open == BIDI_EMBED ? bidi_pdf : bidi_pdi, BIDI_LEN);
		w += BIDI_LEN;
	}
	return w;
}

static size_t
bidi_remove(char *p, size_t n)
{
	size_t w = 0;

	for (size_t i = 0; i < n;) {
		if (bidi_kind(p + i, n - i) != BIDI_NONE)
			i += BIDI_LEN;
		else
			p[w++] = p[i++];
	}
	return w;
}

size_t
text_balance(char *p, size_t n, size_t cap)
{
	struct bidi_stack s = {.depth = 0};
	size_t w = 0, i, gap;

	if (bidi_find(p, n) == NULL)
		return n;
	gap = cap - n;
	if (bidi_lead(p, n) > gap)
		return bidi_remove(p, n);
	/* The input goes to the end of the buffer and is written anew from the front:
	 * bidi_lead() has shown that the writing never catches up with the reading. */
	memmove(p + gap, p, n);
	for (i = gap; i < cap;) {
		enum bidi kind = bidi_kind(p + i, cap - i);

		if (kind == BIDI_NONE) {
			if (p[i] == '\n')
				w += bidi_close(&s, p + w);
			p[w++] = p[i++];
			continue;
		}
		if (bidi_take(&s, kind)) {
			memmove(p + w, p + i, BIDI_LEN);
			w += BIDI_LEN;
		}
		i += BIDI_LEN;
	}
	w += bidi_close(&s, p + w);
	return w;
}
