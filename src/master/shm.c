/* shm.c - see shm.h. */
#include "config.h"

#include "master/shm.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ipc/board.h"
#include "lib/log.h"
#include "lib/util.h"
#include "master/master.h"
#include "master/rundir.h"
#include "registry/journal.h"
#include "registry/layout.h"

struct shm shm_registry = {-1, -1, 0}, shm_journal = {-1, -1, 0};

static struct place {
	struct shm shm;
	struct board *map; /* the part without sessions, for our own look at it */
} places[ROLE_COUNT][WORKERS_MAX];

static uint8_t cert_key[16];

const uint8_t *
shm_cert_key(void)
{
	return cert_key;
}

static void
shm_close(struct shm *s)
{
	if (s->rw >= 0)
		close(s->rw);
	if (s->ro >= 0)
		close(s->ro);
	*s = (struct shm){-1, -1, 0};
}

/* A memfd of fixed size that root alone may open anew. reserve: its memory is taken now, so that
 * nobody gets a SIGBUS for it later. 0 or -1 with errno. */
static int
shm_new(struct shm *s, const char *name, size_t size, bool reserve)
{
	char path[64];

	*s = (struct shm){memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING), -1, size};
	if (s->rw < 0)
		return -1;
	if (fchmod(s->rw, 0600) < 0 || ftruncate(s->rw, (off_t)size) < 0)
		goto fail;
	if (reserve && (errno = posix_fallocate(s->rw, 0, (off_t)size)) != 0)
		goto fail;
	if (fcntl(s->rw, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		goto fail;
	bprintf(path, sizeof(path), "/proc/self/fd/%d", s->rw);
	s->ro = open(path, O_RDONLY | O_CLOEXEC);
	if (s->ro >= 0)
		return 0;
fail:
	shm_close(s);
	return -1;
}

static void *
map(const struct shm *s, size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, s->rw, 0);

	return p == MAP_FAILED ? NULL : p;
}

int
shm_make(const struct options *o, uint64_t epoch)
{
	struct shm reg, jour;
	uint32_t users = (uint32_t)o->max_sessions, accounts = (uint32_t)o->accounts_max;
	size_t reg_size = registry_layout_size(users, accounts), jour_size = (size_t)o->journal;
	void *r = NULL, *j = NULL;
	uint8_t key[16];

	if (shm_new(&reg, "chatd-registry", reg_size, true) < 0)
		return -1;
	if (shm_new(&jour, "chatd-journal", jour_size, true) < 0) {
		shm_close(&reg);
		return -1;
	}
	r = map(&reg, reg_size);
	j = map(&jour, jour_size);
	if (r != NULL && j != NULL) {
		registry_format(r, reg_size, users, accounts);
		journal_format(j, jour_size, epoch);
		memcpy(cert_key, ((struct journal_header *)j)->cert_key, sizeof(cert_key));
		rundir_cloak_key(key);
		registry_cloak_key(r, key);
		explicit_bzero(key, sizeof(key));
		shm_close(&shm_registry);
		shm_close(&shm_journal);
		shm_registry = reg;
		shm_journal = jour;
	}
	/* mapped, they would only make our forks slower */
	if (r != NULL)
		munmap(r, reg_size);
	if (j != NULL)
		munmap(j, jour_size);
	return r != NULL && j != NULL ? 0 : -1;
}

const struct shm *
shm_board(unsigned role, unsigned index)
{
	struct place *p = &places[role][index];
	unsigned nsessions = role == ROLE_WORKER ? (unsigned)master.set.opt.max_sessions : 0;
	char name[64];

	if (p->map != NULL)
		return &p->shm;
	bprintf(name, sizeof(name), "chatd-board-%s-%u", role_name(role), index);
	if (shm_new(&p->shm, name, board_size(nsessions), false) < 0)
		fatal("cannot make a scoreboard: %s", strerror(errno));
	p->map = map(&p->shm, sizeof(struct board));
	if (p->map == NULL)
		fatal("cannot map a scoreboard: %s", strerror(errno));
	p->map->nsessions = nsessions;
	if (role == ROLE_MASTER)
		board_own = p->map;
	return &p->shm;
}

void
shm_board_clear(unsigned role, unsigned index)
{
	struct place *p = &places[role][index];
	off_t from = (off_t)sizeof(struct board);

	if (p->map == NULL)
		return;
	for (size_t i = 0; i < CTR_COUNT; i++) {
		if (counter_rows[i].gauge)
			__atomic_store_n(&p->map->counters[i], 0, __ATOMIC_RELAXED);
	}
	/* the pages go back; what is read there from now on is zero */
	if (p->shm.size > (size_t)from &&
	    fallocate(p->shm.rw, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, from,
		      (off_t)p->shm.size - from) < 0)
		log_warn("cannot clear the scoreboard of %s %u: %s", role_name(role), index,
			 strerror(errno));
}

uint64_t
shm_board_taken(unsigned role, unsigned index)
{
	const struct board *b = places[role][index].map;

	return b != NULL ? __atomic_load_n(&b->taken, __ATOMIC_ACQUIRE) : 0;
}
