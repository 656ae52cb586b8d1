/* ask_priv.h - what the files of ask.h share: a question while it is answered. */
#ifndef STORE_ASK_PRIV_H
#define STORE_ASK_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "ipc/ipc.h"
#include "store/ask.h"
#include "store/db.h"
#include "store/page.h"
#include "store/rows.h"

struct match;

#define ASK_PLACES_MAX \
	1024 /* that one question reads: all rooms that it can name, and so many direct conversations */
#define ASK_STREAMS_MAX \
	128 /* places that are read side by side; with more, everything is, and most passed over */

/* Statements of the whole question; those of the streams are ask_walk.c's. */
enum ask_sql {
	ASK_PLACES_OF, /* conversations of an account */
	ASK_PLACES_ALL,
	ASK_CLOCK_TO,
	ASK_CLOCK_FROM,
	ASK_NEXT, /* message: its time */
	ASK_LAST_SEQ,
	ASK_MESSAGE,
	ASK_INDEXED,
	ASK_FIND,
	ASK_LAST,
	ASK_COUNT,
	ASK_WAS_IN,
	ASK_KEPT,
	ASK_MARK,
	ASK_MARK_BEFORE,
	ASK_FILE,
	ASK_FILE_USE,
	ASK_FILES_USE,
	ASK_SQL_COUNT
};

/* Between two sequence numbers, neither counted in; and for events, which stand between messages, the times too. */
struct span {
	uint64_t lo, hi;
	uint64_t at_lo, at_hi;
};

/* Statements of one place: they run side by side, so each has its own. */
struct stream {
	struct db_set set;
	struct db_query q;
	struct rows_place *place; /* NULL: of all places */
	bool event, live;
	uint64_t seq;
};

struct ask {
	const char *file;
	uint64_t epoch, deadline;
	struct db db;
	struct db_set set;
	struct rows rows;
	struct match *match; /* NULL: none was needed yet */
	char why[300];

	/* the question */
	struct m_s_query q;
	bool everywhere;
	size_t nplaces;
	struct rows_place *places; /* owned, ASK_PLACES_MAX; by id */
	uint64_t conversations; /* QUERY_TARGETS: this account's, however many; 0: none */
	struct rows_place elsewhere; /* everywhere: the last one that was looked up; id 0: none */
	struct span span;
	uint32_t limit;
	char from[NAME_FOLD_MAX];
	size_t from_n;
	bool matching; /* rows must have the words that match.h was told */

	/* the answer */
	unsigned code;
	uint64_t upto; /* as in s_page */
	char arg[256];
	struct page page;
	uint32_t count;
	struct stream streams[2 * ASK_STREAMS_MAX];
	char frame[IPC_FRAME_MAX];
};

/* Which places the question names, into a->places (ask_where.c). */
void ask_where(struct ask *a);
/* The place with that id if the question may see it, else NULL. */
struct rows_place *ask_place(struct ask *a, uint64_t id);
/* The account that viewer writes to there. */
uint64_t ask_peer(const struct ask *a, const struct rows_place *p);

/* The question's bounds as sequence numbers (ask_when.c). */
void ask_when(struct ask *a);
/* A number that all messages before `at` (wall ms) are below, and no other. */
uint64_t ask_seq_at(struct ask *a, uint64_t at);

/* Up to limit rows of the span into the page, from its newest one backwards (down) or from its oldest; at most
 * `most` bytes (ask_walk.c). */
void ask_walk(struct ask *a, bool down, struct span s, uint32_t limit, size_t most);
/* May it be shown: by its rank, its sender? */
bool ask_fits(struct ask *a, const struct db_query *q);
/* Put a message into the page. False: it is full, or time ran out. */
bool ask_put(struct ask *a, bool down, const struct db_query *q, struct rows_place *p, bool event,
	     size_t most);
/* The time is over; `more` is set then. */
bool ask_late(struct ask *a);

/* The kinds of questions. */
void ask_search(struct ask *a);
void ask_targets(struct ask *a);
void ask_missed(struct ask *a);
void ask_kept(struct ask *a);
void ask_mark(struct ask *a);
void ask_file(struct ask *a);
void ask_files(struct ask *a);
void ask_file_use(struct ask *a);

/* "No": a code and what it is about. */
void ask_refuse(struct ask *a, unsigned code, const char *arg);

#endif
