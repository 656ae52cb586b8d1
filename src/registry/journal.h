/* journal.h - what happened, in order; and the redo log of the registry. Broker only.
 *
 * A ring in a memfd that outlives the broker. Every request ends in exactly one entry: the event
 * as it is sent, the set of subscribers it goes to, whose request it was, and what changes in the
 * registry. The steps: the entry is written beyond the head; the head is stored (release): this,
 * and only this, is the commit; the changes are applied; `applied` is stored. A successor applies
 * again what lies between `applied` and the head: writing the same bytes twice is harmless.
 *
 * Offsets grow without end; the place in the ring is offset modulo size. An entry never wraps.
 */
#ifndef REGISTRY_JOURNAL_H
#define REGISTRY_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipc/ipc.h"
#include "registry/layout.h"

struct regw;

#define JOURNAL_SEQ(epoch, n) (((uint64_t)(epoch) << 44) | (n))

enum jentry_kind { JENTRY_PAD = 1, JENTRY_EVENT };
enum jentry_flag {
	JENTRY_BARRIER = 1, /* not sent before all others have what came before it */
	JENTRY_TAKEN_BACK =
	    2 /* a message whose words have been: nobody does so again, or changes them */
};

struct jentry {
	uint32_t size; /* all of it, a multiple of 8 */
	uint16_t kind, flags;
	uint64_t seq;
	uint64_t targets; /* bits 1 << subscriber */
	uint64_t serial; /* of the request, 0: nobody's */
	uint32_t inc, sub;
	uint32_t event_len, redo_len;
	char data[]; /* the event's frame, padded to 8; the redo records */
};
_Static_assert(sizeof(struct jentry) == 48, "journal layout: bump REGISTRY_VERSION");

struct journal_header {
	uint64_t magic, size, epoch; /* size: of the ring */
	uint64_t head, applied, tail;
	/* the request being decided, to recognise one that kills brokers */
	uint64_t deciding_serial;
	uint32_t deciding_inc, deaths;
	uint32_t trying, pad; /* this broker has begun to decide it */
	uint8_t secret[16]; /* key of the hashes of room keys; no other process maps this */
	uint8_t secret_before[16]; /* until the store told the one that it keeps */
	uint8_t cert_key[16]; /* the master's and the broker's: cert_proof() of ipc/ipc.h */
};

#define JOURNAL_MARKS 1024u /* as many as there are entries from one to the next */

struct journal {
	struct journal_header *h;
	char *ring;
	uint64_t size;
	uint64_t seq; /* of the last entry */
	/* where some entries begin, so that finding one is no walk through all; older ones give way */
	struct {
		uint64_t seq, at;
	} marks[JOURNAL_MARKS];
};

/* One entry being composed. */
struct txn {
	uint64_t targets, serial;
	uint32_t inc, sub;
	uint16_t flags;
	bool overflow; /* an event or redo that does not fit: a bug, the request is refused */
	size_t event_len, redo_len;
	char event[IPC_FRAME_MAX];
	char redo[3 * IPC_FRAME_MAX];
};

/* Make an empty journal in mem (a fresh memfd of `size` bytes, at least 1 MiB). */
void journal_format(void *mem, size_t size, uint64_t epoch);

/* mem is mapped writable and stays the caller's. Checks what it says of itself: 0, or -1 with
 * EPROTO. Applies again what was not applied; *replayed_r counts those entries. */
int journal_open(struct journal *j, void *mem, size_t size, struct regw *w, unsigned *replayed_r);

/* Sequence number that the next entry will have. */
static inline uint64_t
journal_next(const struct journal *j)
{
	return j->seq + 1;
}

/* Write, commit, apply. The event's frame begins with its seq (journal_next). There must be room
 * (the broker's subs_room). */
void journal_commit(struct journal *j, struct regw *w, const struct txn *t);

/* No entry takes more. */
#define JOURNAL_ENTRY_MAX (sizeof(struct jentry) + 4 * IPC_FRAME_MAX)

/* Entry at an offset from tail to head (head: NULL); pads are skipped, *at moves past them. */
const struct jentry *journal_at(const struct journal *j, uint64_t *at);
/* Offset of the first entry with a greater sequence number (head, when there is none yet); false
 * when some after seq, whomever they were for, have been overwritten. */
bool journal_find(const struct journal *j, uint64_t seq, uint64_t *at_r);

/* --- redo records ------------------------------------------------------------------------------ */

/* One slot is changed by txn_open, any number of txn_put, txn_close, in this order: readers see all
 * of it or nothing. slot is the address in the registry, which is not touched before the commit. */
void txn_reset(struct txn *t);
void txn_open(struct txn *t, const struct regw *w, const void *slot);
void txn_close(struct txn *t, const struct regw *w, const void *slot);
/* field: address in the registry; value: n bytes that it will hold. */
void txn_put(struct txn *t, const struct regw *w, const void *field, const void *value, size_t n);
/* A text field: n bytes and a NUL. */
void txn_put_str(struct txn *t, const struct regw *w, const void *field, const char *s, size_t n);
#define TXN_SET(t, w, lvalue, v) \
	do { \
		__typeof__(lvalue) txn_v_ = (v); \
		txn_put((t), (w), &(lvalue), &txn_v_, sizeof(txn_v_)); \
	} while (0)
/* A user's or room's version: odd from here… to here. */
#define txn_guard(t, w, version) txn_open((t), (w), (version))
#define txn_unguard(t, w, version) txn_close((t), (w), (version))

#endif
