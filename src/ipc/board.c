/* board.c - see board.h. */
#include "config.h"

#include "ipc/board.h"

#include <sys/mman.h>
#include <unistd.h>

#include "lib/util.h"

const uint32_t board_hist_bounds_us[HIST_BUCKETS - 1] = {50,     100,    250,    500,     1000,
							 2500,   5000,   10000,  25000,   50000,
							 100000, 250000, 500000, 1000000, 5000000};

const struct counter_row counter_rows[CTR_COUNT] = {
#define COUNTER(name, role, label, help) {#name, label, help, false},
#define GAUGE(name, role, label, help) {#name, label, help, true},
#include "ipc/counters.def"
#undef COUNTER
#undef GAUGE
};

#define EACH (sizeof(struct board_session) + sizeof(struct board_more))

static struct board private_board;
struct board *board_own = &private_board;

size_t
board_size(unsigned nsessions)
{
	return sizeof(struct board) + nsessions * EACH;
}

/* The place behind n sessions. */
static struct board_more *
behind(const struct board *b, size_t n)
{
	return (struct board_more *)(uintptr_t)(b->sessions + n);
}

struct board_more *
board_own_more(uint32_t wslot)
{
	return behind(board_own, board_own->nsessions) + wslot;
}

static void *
map(int fd, size_t size, int prot)
{
	void *p = mmap(NULL, size, prot, MAP_SHARED, fd, 0);

	close(fd);
	return p == MAP_FAILED ? NULL : p;
}

int
board_attach(int fd, size_t size)
{
	void *p;

	CHECK(size >= sizeof(struct board));
	p = map(fd, size, PROT_READ | PROT_WRITE);
	if (p == NULL)
		return -1;
	board_own = p;
	return 0;
}

const struct board *
board_map(int fd, size_t size)
{
	return map(fd, size, PROT_READ);
}

void
board_observe(uint64_t us)
{
	unsigned i = 0;

	while (i < HIST_BUCKETS - 1 && us > board_hist_bounds_us[i])
		i++;
	board_own->hist[i]++;
	board_own->hist_sum_us += us;
}

struct board_ref *boards;
size_t nboards;

/* A place has one board; another one means that the master made a new one. */
int
boards_add(const struct m_map *m, int fd)
{
	const struct board *map = board_map(fd, m->size);
	struct board_ref *b = NULL;

	if (map == NULL)
		return -1;
	for (size_t i = 0; i < nboards; i++) {
		if (boards[i].role == m->role && boards[i].index == m->index) {
			b = &boards[i];
			munmap((void *)(uintptr_t)b->map, b->size);
		}
	}
	if (b == NULL) {
		boards = xrealloc(boards, (nboards + 1) * sizeof(*boards));
		b = &boards[nboards++];
	}
	*b = (struct board_ref){m->role, m->index, map, m->size};
	return 0;
}

static size_t
places(const struct board_ref *b)
{
	return b->size > sizeof(struct board) ? (b->size - sizeof(struct board)) / EACH : 0;
}

const struct board_session *
board_session_at(const struct board_ref *b, uint32_t wslot)
{
	return wslot < places(b) ? &b->map->sessions[wslot] : NULL;
}

const struct board_more *
board_more_at(const struct board_ref *b, uint32_t wslot)
{
	return wslot < places(b) ? behind(b->map, places(b)) + wslot : NULL;
}

uint64_t
boards_counter(enum counter c)
{
	uint64_t sum = board_own->counters[c]; /* ours is not among the read-only ones */

	for (size_t i = 0; i < nboards; i++)
		sum += __atomic_load_n(&boards[i].map->counters[c], __ATOMIC_RELAXED);
	return sum;
}
