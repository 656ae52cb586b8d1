/* journal.c - see journal.h. */
#include "config.h"

#include "registry/journal.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "ipc/board.h"
#include "ipc/killpoint.h"
#include "lib/util.h"
#include "registry/write.h"

#define MAGIC 0x63686174645f6a6cull /* "chatd_jl" */
#define HEADER 4096u

void
journal_format(void *mem, size_t size, uint64_t epoch)
{
	struct journal_header *h = mem;

	CHECK(size >= 1u << 20);
	*h = (struct journal_header){.size = (size - HEADER) & ~(uint64_t)7, .epoch = epoch};
	if (getrandom(h->secret, sizeof(h->secret), 0) != (ssize_t)sizeof(h->secret) ||
	    getrandom(h->cert_key, sizeof(h->cert_key), 0) != (ssize_t)sizeof(h->cert_key))
		fatal("getrandom gives no key for the journal");
	h->magic = MAGIC;
}

/* --- redo: one word says where, how much and what ---------------------------------------------- */

enum redo_kind { REDO_PUT, REDO_ODD, REDO_EVEN };
#define REDO_WORD(kind, len, off) ((uint64_t)(kind) << 56 | (uint64_t)(len) << 40 | (off))
#define REDO_KIND(word) ((unsigned)((word) >> 56))
#define REDO_LEN(word) ((size_t)((word) >> 40 & 0xffff))
#define REDO_OFF(word) ((word)&0xffffffffffull)
#define UP8(n) (((n) + 7) & ~(size_t)7)

void
txn_reset(struct txn *t)
{
	t->targets = t->serial = 0;
	t->inc = t->sub = 0;
	t->flags = 0;
	t->overflow = false;
	t->event_len = t->redo_len = 0;
}

static void
record(struct txn *t, const struct regw *w, enum redo_kind kind, const void *where,
       const void *value, size_t n)
{
	uint64_t off = (uint64_t)((const char *)where - w->base);
	uint64_t word = REDO_WORD(kind, n, off);

	CHECK(off + n <= w->size && n <= UINT16_MAX);
	if (t->redo_len + 8 + UP8(n) > sizeof(t->redo)) {
		t->overflow = true;
		return;
	}
	memcpy(t->redo + t->redo_len, &word, 8);
	if (n > 0)
		memcpy(t->redo + t->redo_len + 8, value, n);
	t->redo_len += 8 + UP8(n);
}

void
txn_open(struct txn *t, const struct regw *w, const void *slot)
{
	record(t, w, REDO_ODD, slot, NULL, 0);
}

void
txn_close(struct txn *t, const struct regw *w, const void *slot)
{
	record(t, w, REDO_EVEN, slot, NULL, 0);
}

void
txn_put(struct txn *t, const struct regw *w, const void *field, const void *value, size_t n)
{
	record(t, w, REDO_PUT, field, value, n);
}

void
txn_put_str(struct txn *t, const struct regw *w, const void *field, const char *s, size_t n)
{
	char text[1024];

	CHECK(n < sizeof(text));
	memcpy(text, s, n);
	text[n] = '\0';
	record(t, w, REDO_PUT, field, text, n + 1);
}

static void
redo(struct regw *w, const char *p, size_t n)
{
	for (size_t at = 0; at + 8 <= n;) {
		uint64_t word;
		uint32_t *seq;
		char *to;

		memcpy(&word, p + at, 8);
		CHECK(REDO_OFF(word) + REDO_LEN(word) <= w->size);
		to = w->base + REDO_OFF(word);
		seq = (uint32_t *)(void *)to;
		switch (REDO_KIND(word)) {
		case REDO_ODD:
			__atomic_store_n(seq, *seq | 1, __ATOMIC_RELAXED);
			__atomic_thread_fence(__ATOMIC_RELEASE);
			break;
		case REDO_EVEN:
			__atomic_store_n(seq, (*seq | 1) + 1, __ATOMIC_RELEASE);
			break;
		default:
			memcpy(to, p + at + 8, REDO_LEN(word));
		}
		at += 8 + UP8(REDO_LEN(word));
		KILLPOINT("applying");
	}
}

static void
apply(struct regw *w, const struct jentry *e)
{
	redo(w, e->data + UP8(e->event_len), e->redo_len);
	if (e->inc != 0) {
		struct reg_sub *s = &w->subs[e->sub];

		s->inc = e->inc;
		s->serial = e->serial;
	}
}

/* --- the ring -------------------------------------------------------------------------------------- */

static char *
place(const struct journal *j, uint64_t at)
{
	return j->ring + at % j->size;
}

/* Old entries give way, whole ones: the tail always stands at an entry. */
static void
make_room(struct journal *j, uint64_t end)
{
	uint64_t tail = j->h->tail;

	while (end - tail > j->size) {
		const struct jentry *e = (const void *)place(j, tail);

		CHECK(e->size >= sizeof(uint64_t) && tail + e->size <= j->h->head);
		tail += e->size;
	}
	__atomic_store_n(&j->h->tail, tail, __ATOMIC_RELEASE);
	__atomic_signal_fence(__ATOMIC_SEQ_CST); /* what is overwritten is written after this */
}

static void
mark(struct journal *j, uint64_t seq, uint64_t at)
{
	if (seq % JOURNAL_MARKS != 0)
		return;
	j->marks[seq / JOURNAL_MARKS % JOURNAL_MARKS].seq = seq;
	j->marks[seq / JOURNAL_MARKS % JOURNAL_MARKS].at = at;
}

void
journal_commit(struct journal *j, struct regw *w, const struct txn *t)
{
	size_t size = sizeof(struct jentry) + UP8(t->event_len) + t->redo_len;
	uint64_t at = j->h->head, to_end = j->size - at % j->size;
	struct jentry *e;

	if (to_end < size) {
		make_room(j, at + to_end + size);
		e = (void *)place(j, at);
		e->size = (uint32_t)to_end;
		e->kind = JENTRY_PAD;
		at += to_end;
	} else
		make_room(j, at + size);
	e = (void *)place(j, at);
	*e = (struct jentry){.size = (uint32_t)size,
			     .kind = JENTRY_EVENT,
			     .flags = t->flags,
			     .seq = j->seq + 1,
			     .targets = t->targets,
			     .serial = t->serial,
			     .inc = t->inc,
			     .sub = t->sub,
			     .event_len = (uint32_t)t->event_len,
			     .redo_len = (uint32_t)t->redo_len};
	KILLPOINT("writing");
	memcpy(e->data, t->event, t->event_len);
	memcpy(e->data + UP8(t->event_len), t->redo, t->redo_len);
	KILLPOINT("written");
	__atomic_store_n(&j->h->head, at + size, __ATOMIC_RELEASE);
	__atomic_signal_fence(__ATOMIC_SEQ_CST); /* what is applied is applied after this */
	KILLPOINT("committed");
	j->seq++;
	mark(j, j->seq, at);
	apply(w, e);
	KILLPOINT("applied");
	__atomic_store_n(&j->h->applied, at + size, __ATOMIC_RELEASE);
	count_add(CTR_journal_bytes_total, size);
}

const struct jentry *
journal_at(const struct journal *j, uint64_t *at)
{
	while (*at < j->h->head) {
		const struct jentry *e = (const void *)place(j, *at);

		if (e->kind != JENTRY_PAD)
			return e;
		*at += e->size;
	}
	return NULL;
}

bool
journal_find(const struct journal *j, uint64_t seq, uint64_t *at_r)
{
	uint64_t known = seq - seq % JOURNAL_MARKS, at = j->h->tail;
	const struct jentry *e;
	bool whole;

	if (j->marks[seq / JOURNAL_MARKS % JOURNAL_MARKS].seq == known && known != 0)
		at = MAX(at, j->marks[seq / JOURNAL_MARKS % JOURNAL_MARKS].at);
	e = journal_at(j, &at);
	/* at the beginning of an epoch there is nothing older to have lost */
	whole =
	    e == NULL ? seq == j->seq : e->seq <= seq + 1 || e->seq == JOURNAL_SEQ(j->h->epoch, 1);

	while (e != NULL && e->seq <= seq) {
		at += e->size;
		e = journal_at(j, &at);
	}
	*at_r = at;
	return whole;
}

/* Walk everything once: it must hang together, and the last sequence number is the last entry's. */
static int
examine(struct journal *j)
{
	struct journal_header *h = j->h;
	bool applied_seen = h->applied == h->head;

	j->seq = JOURNAL_SEQ(h->epoch, 0);
	for (uint64_t at = h->tail; at < h->head;) {
		const struct jentry *e = (const void *)place(j, at);

		applied_seen |= at == h->applied;
		if (e->size < 8 || e->size % 8 != 0 || e->size > j->size - at % j->size ||
		    at + e->size > h->head)
			return -1;
		if (e->kind == JENTRY_EVENT) {
			if (e->seq <= j->seq ||
			    sizeof(*e) + UP8(e->event_len) + e->redo_len != e->size ||
			    e->sub >= SUBS_MAX)
				return -1;
			j->seq = e->seq;
			mark(j, e->seq, at);
		} else if (e->kind != JENTRY_PAD)
			return -1;
		at += e->size;
	}
	return applied_seen ? 0 : -1;
}

int
journal_open(struct journal *j, void *mem, size_t size, struct regw *w, unsigned *replayed_r)
{
	struct journal_header *h = mem;
	const struct jentry *e;

	*replayed_r = 0;
	*j = (struct journal){.h = h, .ring = (char *)mem + HEADER};
	if (h->magic != MAGIC || h->size == 0 || h->size > size - HEADER || h->tail > h->applied ||
	    h->applied > h->head || h->head - h->tail > h->size) {
		errno = EPROTO;
		return -1;
	}
	j->size = h->size;
	if (examine(j) < 0) {
		errno = EPROTO;
		return -1;
	}
	for (uint64_t at = h->applied; (e = journal_at(j, &at)) != NULL; at += e->size) {
		apply(w, e);
		KILLPOINT("replayed");
		++*replayed_r;
	}
	__atomic_store_n(&h->applied, h->head, __ATOMIC_RELEASE);
	return 0;
}
