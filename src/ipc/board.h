/* board.h - the scoreboard: what one process counts, in memory that it alone writes.
 *
 * The master makes one memfd for each place (role, index), keeps it over the lives of the
 * processes there, and gives it writable to the process, read-only to control and workers.
 * Written without locks by one process; read as it is: shown, never used to decide.
 */
#ifndef IPC_BOARD_H
#define IPC_BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipc/ipc.h"

enum counter {
#define COUNTER(name, role, label, help) CTR_##name,
#define GAUGE COUNTER
#include "ipc/counters.def"
#undef COUNTER
#undef GAUGE
	CTR_COUNT
};

/* chatd_delivery_seconds: request read by a worker -> its event queued for the last local
 * recipient of the same worker. Upper bounds in microseconds; the last bucket has none. */
#define HIST_BUCKETS 16
extern const uint32_t board_hist_bounds_us[HIST_BUCKETS - 1];

#define BOARD_CLIENT_MAX 40
/* One session of a worker; index: wslot. Written by its worker only. */
struct board_session {
	uint64_t user; /* 0: nobody here */
	uint64_t last_line_ms; /* wall clock of the last line it sent */
	uint64_t messages_in, messages_out;
	uint64_t caps; /* IRC's, negotiated: bits in the order of irc_caps.def */
	uint32_t queued; /* bytes */
	uint16_t tls_version, tls_cipher; /* as in struct conn_rec; 0: without TLS */
	uint8_t has_client, has_cert; /* of board_more */
	uint8_t pad[6];
};
_Static_assert(sizeof(struct board_session) == 56, "shared layout: bump IPC_VERSION");

/* What few have, apart: its memory is touched for them only. Valid where board_session says so. */
struct board_more {
	char client[BOARD_CLIENT_MAX]; /* the program, if it has told its name; terminated */
	uint8_t cert[32]; /* SHA-256 of the client's certificate */
};
_Static_assert(sizeof(struct board_more) == 72, "shared layout: bump IPC_VERSION");

struct board {
	uint64_t counters[CTR_COUNT];
	uint64_t hist[HIST_BUCKETS];
	uint64_t hist_sum_us;
	/* Connections that the processes which lived here have received from the master. The one number
	 * that something is decided by: what a dead worker had not received goes to another. */
	uint64_t taken;
	uint32_t nsessions; /* places below; only a worker's board has any */
	uint32_t pad;
	struct board_session sessions[]; /* behind them, as many board_more */
};

/* Bytes of a board with room for nsessions. */
size_t board_size(unsigned nsessions);

/* This process's own board; a private one until board_attach, so that counting needs no test. */
extern struct board *board_own;
/* Of one of its sessions. */
struct board_more *board_own_more(uint32_t wslot);
/* Map fd (closed) writable as the own board. 0 or -1 with errno. */
int board_attach(int fd, size_t size);
/* Map fd (closed) read-only. NULL with errno. */
const struct board *board_map(int fd, size_t size);

/* The others' boards, read-only, for those who show them (m_map of a board that is not ours). */
struct board_ref {
	unsigned role, index;
	const struct board *map; /* read-only; ours */
	size_t size;
};
extern struct board_ref *boards;
extern size_t nboards;
/* One more, of a place that had none or another one; fd is closed. 0, or -1 with errno. */
int boards_add(const struct m_map *m, int fd);
/* A place of it; NULL: it has no such one. What stands on a board is what its worker says, nsessions too: what is mapped is the
 * limit, and a string may have no end. */
const struct board_session *board_session_at(const struct board_ref *b, uint32_t wslot);
/* What else is known of it, as far as the session says that there is anything. */
const struct board_more *board_more_at(const struct board_ref *b, uint32_t wslot);
/* The sum of a counter over all boards, our own too. */
uint64_t boards_counter(enum counter c);

static inline void
count_add(enum counter c, uint64_t n)
{
	__atomic_store_n(&board_own->counters[c], board_own->counters[c] + n, __ATOMIC_RELAXED);
}
static inline void
count(enum counter c)
{
	count_add(c, 1);
}
static inline void
gauge_set(enum counter c, uint64_t v)
{
	__atomic_store_n(&board_own->counters[c], v, __ATOMIC_RELAXED);
}
/* One delivery that took us microseconds. */
void board_observe(uint64_t us);

/* The table, for those who show it. */
struct counter_row {
	const char *name; /* "logins_total" */
	const char *label; /* metric and label when it is one of several, or "" */
	const char *help;
	bool gauge;
};
extern const struct counter_row counter_rows[CTR_COUNT];

#endif
