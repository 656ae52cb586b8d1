/* conn.h - a client's socket, and the session behind it.
 *
 * There may be ten thousand of these in a worker, nearly all of them idle: what only busy ones
 * need (unfinished input, a backlog, a query, a /paste) hangs on pointers that are mostly NULL.
 * The first 64 bytes are what a delivery touches.
 *
 * Nobody frees a conn but the reaper at the end of the turn: conn_end and conn_drop only mark it,
 * so a pointer is good for the whole turn, and CONN_ENDED says that nothing should be done with
 * it any more.
 */
#ifndef WORKER_CONN_H
#define WORKER_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipc/board.h"
#include "lib/loop.h"
#include "proto/telnet.h"
#include "proto/ws.h"
#include "worker/arena.h"
#include "worker/due.h"

struct backlog;
struct room;
struct query;
struct account;
struct question;
struct reader;
struct ticket;
struct refvec;
struct secret;
struct share;
struct irc;

#define LINE_BYTES_MAX 4096 /* a line, its end not counted */
#define LINE_BYTES_IRC (4096 + 512) /* the same with IRC, tags included (proto/irc.h) */
#define LINE_SKIP_MAX (16u << 10) /* so much without an end is not a client's */
#define CONN_REFS 4
#define CONN_SOFT (16u << 10) /* long answers wait while more than this is queued */

enum share_kind { SHARE_ADDRESS, SHARE_ACCOUNT, SHARES };

enum conn_state {
	CONN_NAMING, /* the next line is its name */
	CONN_READY, /* has a name: a session */
};

enum conn_flag {
	CONN_ENDED = 1 << 0, /* on its way out: nothing is parsed, nothing more is queued */
	CONN_BROKEN = 1 << 1, /* writing failed: the peer is gone, what it sent is still read */
	CONN_EOF = 1 << 2, /* it will send nothing more */
	CONN_HUNG_UP = 1 << 3, /* not watched any more: see input_event */
	CONN_DIRTY = 1 << 4, /* in outq's list of this turn */
	CONN_RESUME = 1 << 5, /* in the list of those to be looked at at the end of the turn */
	CONN_LINES = 1 << 6, /* `in` may begin with a whole line that waits */
	CONN_SKIP = 1 << 7, /* throwing away the rest of a line that was too long */
	CONN_BARRIER = 1 << 8, /* a command's answer is waited for */
	CONN_DIRECT = 1 << 9, /* profile "direct" */
	CONN_ECHO = 1 << 10, /* sees its own lines */
	CONN_ACK = 1 << 11, /* is told of each message sent */
	CONN_IGNORES = 1 << 12, /* has a list of ignored names */
	CONN_LEAVING = 1 << 13, /* said that it goes: r_quit has been sent */
	CONN_HALF = 1 << 14, /* its end of file is behind input that has to wait */
	CONN_HELD = 1 << 15, /* not read because the broker is behind */
	CONN_LINGER = 1 << 16, /* all is sent, its last words are being thrown away */
	CONN_WORD_LEFT = 1 << 17, /* left by !DISCONNECT: another farewell */
	CONN_MORE = 1 << 18, /* the last read was a full one: the kernel may have more */
	CONN_LABEL = 1 << 19, /* a labelled IRC command is under way: its answers are gathered */
	CONN_WAITS = 1 << 20, /* with CONN_BARRIER: until all that is pending has been answered */
	CONN_EXEMPT = 1 << 22, /* from a network that line_rate does not hold for */
	CONN_PRIVATE = 1 << 21, /* what it sends cannot be read on the way: TLS, or this host */
};

struct in_room {
	struct room *room;
	uint32_t at; /* index in the room's members */
};

/* Names that a session does not want to read of: folded, at most IGNORES_MAX. */
#define IGNORES_MAX 100
struct ignores {
	unsigned n;
	char *name[IGNORES_MAX]; /* owned; as typed */
	char *fold[IGNORES_MAX]; /* owned */
};

struct paste {
	char *text; /* owned; TEXT_MAX bytes */
	size_t len;
	unsigned lines;
	bool overflow;
};

struct conn {
	/* --- touched by each delivery --- */
	struct slice ref[CONN_REFS];
	struct backlog *back; /* owned; NULL: none (backlog.h) */
	struct room *cur; /* where a plain line goes; NULL: nowhere */
	uint8_t nref;
	uint8_t cls; /* render class (render.h), without CLS_OTHER */
	uint8_t state; /* enum conn_state */
	uint8_t protocol;
	uint32_t flags;
	uint32_t messages_out;
	uint32_t mark; /* outq: this event has been given to it */

	/* --- the socket --- */
	struct loop_io io;
	struct refvec *more; /* refs beyond CONN_REFS; outq's */
	uint64_t id; /* the master's */
	uint32_t wslot;
	uint32_t gen; /* differs from life to life of this place */
	struct due due; /* login, idle or linger */
	struct due tok_due; /* waits for tokens */
	char *in; /* owned; decoded, not parsed yet */
	uint32_t in_len;
	uint32_t skipped; /* bytes of the line that is too long */
	struct telnet *tn; /* owned; NULL: another protocol */
	struct ws ws; /* PROTO_WEB */
	uint32_t seen_s; /* mono seconds of the last read */
	uint32_t behind_s; /* since when flood control has it wait without a pause; 0: it has not */

	/* --- the session --- */
	uint64_t user; /* 0: has no name yet */
	struct conn *twin; /* the next session here of the same user */
	char *name; /* owned; also the wish while it is being decided */
	char *peer; /* owned; "address port" until the name is known, then NULL */
	struct in_room *rooms; /* owned; in order of joining */
	uint16_t nrooms, pending; /* requests without an answer */
	uint16_t port;
	uint8_t tls;
	int32_t tokens; /* thousandths of a line */
	uint32_t tok_ms;
	uint32_t messages_in;
	uint64_t unsaved; /* the event that has to be on the disk before it reads an answer */
	struct query *query; /* owned; a long answer under way */
	struct account *account; /* owned; account.h; NULL: has logged in to none */
	struct ticket *ticket; /* owned; what is answered later (ticket.h); mostly NULL */
	struct ticket *behind; /* owned; the same, without waiting; mostly NULL */
	struct question *shown; /* owned; shown without having been asked for (history.h) */
	struct question *kept; /* owned; what was kept for it, to be asked for once more later */
	struct reader *reader; /* owned; telnet: /more, /edit (reader.h) */
	struct ignores *ignores; /* owned */
	struct paste *paste; /* owned; a /paste under way */
	struct secret *secret; /* owned; a password is asked for (secret.h) */
	struct irc *irc; /* owned; NULL: speaks telnet */
	struct share *share[SHARES]; /* with whom its lines are counted (share.h); NULL: nobody */
	uint64_t turn_us; /* when they let its next line be taken; 0: it has not asked */
} __attribute__((aligned(64))); /* the hot part is one cache line */
_Static_assert(offsetof(struct conn, io) == 64, "what a delivery touches fits a cache line");

void conns_init(struct loop *loop, unsigned slots);

/* Take over a descriptor (closed when there is no room). early: what has been read of it already. */
void conn_open(const struct conn_rec *rec, int fd, struct str early);
/* c->peer is another now: which limits hold for it. */
void conn_address_known(struct conn *c);

/* The end, in good order: what is queued is still sent, within a second or so. reason is shown to
 * others and in the log; "" is an ordinary leaving. Tells the broker unless quiet (it knows). */
void conn_end(struct conn *c, const char *reason, bool quiet);
/* The end, at once: nothing more can be sent. */
void conn_drop(struct conn *c, enum counter why, const char *reason);

/* It sends nothing more, but what it has sent must wait (flood control): that has a limit, or
 * somebody long gone could go on talking. */
void conn_half_closed(struct conn *c);
/* Who has had its last words and not closed yet is not waited for: the process ends. */
void conns_linger_no_more(void);
/* It has been ended, and nothing more can be done for it: free it at the end of this turn. */
void conn_forget(struct conn *c);
/* The end of the turn, when all output has gone: close those that have ended. */
void conns_reap_turn(void);

/* NULL: no such place or nobody there. */
struct conn *conn_at(uint32_t wslot);
/* The sessions that we have of a user: this one, its twin, and so on. NULL: none. */
struct conn *conn_of_user(uint64_t user);

/* Number of places used so far: conn_at(0 .. n - 1). */
uint32_t conns_places(void);
uint32_t conns_count(void);

/* A reload: deadlines may have changed. */
void conns_rearm(void);

/* Its login is decided: it has a name, and is a session. */
void conn_named(struct conn *c, uint64_t user, struct str name);
/* It is a session of another user from now on: in none of its rooms yet. */
void conn_moved(struct conn *c, uint64_t user, struct str name);

/* A request of its has been answered: if nothing else is under way, its protocol goes on. */
void conn_answered(struct conn *c);

/* It has shown that it is there: a line came, or it has got its name. */
void conn_touch(struct conn *c);

struct conn_list {
	struct conn **v; /* owned array */
	unsigned n, cap;
};
void conn_list_add(struct conn_list *l, struct conn *c);

static inline struct board_session *
conn_board(const struct conn *c)
{
	return &board_own->sessions[c->wslot];
}

#endif
