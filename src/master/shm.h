/* shm.h - the memory that the processes share: registry, journal, scoreboards. The master makes it
 * and keeps it, so that it outlives whoever writes it. */
#ifndef MASTER_SHM_H
#define MASTER_SHM_H

#include <stddef.h>
#include <stdint.h>

struct shm {
	int rw, ro; /* two descriptors of one memfd; ro cannot be mapped writable */
	size_t size;
};

extern struct shm shm_registry, shm_journal;

/* Make and format registry and journal (again: forget the old ones). Fatal when memory is short at
 * start; -1 later, with the old ones still there. */
struct options;
int shm_make(const struct options *o, uint64_t epoch);

/* What the broker knows the master's words on certificates by (cert_proof() of ipc/ipc.h); of the present journal. */
const uint8_t *shm_cert_key(void);

/* The scoreboard of a place, made when it is first asked for. Our own is attached at once. */
const struct shm *shm_board(unsigned role, unsigned index);
/* The process there has died: its sessions and gauges are nobody's; its totals stay. */
void shm_board_clear(unsigned role, unsigned index);
/* Connections that the processes of this place have received (struct board). */
uint64_t shm_board_taken(unsigned role, unsigned index);

#endif
