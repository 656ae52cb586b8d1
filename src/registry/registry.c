/* registry.c - see registry.h: reading the registry from another process.
 *
 * Everything read is copied first and believed only if the slot's counter was even and the same
 * before and after. Here is what is not of one slot: the mapping, how a slot is copied, the numbers in the header.
 * What a user or a room is, is in views.c; who is called so, in names.c; lists that lead from slot to slot in members.c;
 * bans and the like in lists.c.
 */
#include "config.h"

#include "registry/registry_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/util.h"

struct registry *
registry_map(int fd, size_t size)
{
	const char *p = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	const struct reg_header *h = (const void *)p;
	struct registry *r;

	close(fd);
	if (p == MAP_FAILED)
		return NULL;
	if (size < sizeof(*h) || h->magic != REGISTRY_MAGIC || h->version != REGISTRY_VERSION ||
	    h->size != size) {
		munmap((void *)p, size);
		errno = EPROTO;
		return NULL;
	}
	r = xcalloc(1, sizeof(*r));
	*r = (struct registry){
	    .h = h,
	    .base = p,
	    .size = size,
	    .users = (const void *)(p + h->off_users),
	    .aways = (const void *)(p + h->off_aways),
	    .mores = (const void *)(p + h->off_mores),
	    .was = (const void *)(p + h->off_was),
	    .metas = (const void *)(p + h->off_meta),
	    .user_metas = (const void *)(p + h->off_user_metas),
	    .room_metas = (const void *)(p + h->off_room_metas),
	    .rooms = (const void *)(p + h->off_rooms),
	    .members = (const void *)(p + h->off_members),
	    .lists = (const void *)(p + h->off_lists),
	    .sessions = (const void *)(p + h->off_sessions),
	    .accounts = (const void *)(p + h->off_accounts),
	    .user_index = (const void *)(p + h->off_user_index),
	    .room_index = (const void *)(p + h->off_room_index),
	};
	return r;
}

void
registry_unmap(struct registry *r)
{
	if (r == NULL)
		return;
	munmap((void *)r->base, r->size);
	free(r);
}

/* --- copies ------------------------------------------------------------------------------------------ */

bool
registry_snapshot(const void *slot, void *copy, size_t size)
{
	const uint32_t *seq = slot;

	for (int i = 0; i < REG_TRIES; i++) {
		uint32_t before = __atomic_load_n(seq, __ATOMIC_ACQUIRE);

		if (before & 1)
			continue;
		memcpy(copy, slot, size);
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (__atomic_load_n(seq, __ATOMIC_RELAXED) == before)
			return true;
	}
	return false;
}

void
registry_copy_str(char *out, size_t cap, const char *in, size_t in_cap)
{
	size_t n = MIN(strnlen(in, in_cap), cap - 1);

	memcpy(out, in, n);
	out[n] = '\0';
}

/* --- what is in the header ------------------------------------------------------------------------------- */

uint32_t
registry_user_slots(const struct registry *r)
{
	return MIN(__atomic_load_n(&r->h->user_top, __ATOMIC_ACQUIRE), r->h->max_users);
}

uint32_t
registry_room_slots(const struct registry *r)
{
	return MIN(__atomic_load_n(&r->h->room_top, __ATOMIC_ACQUIRE), r->h->max_rooms);
}

uint32_t
registry_users(const struct registry *r)
{
	return __atomic_load_n(&r->h->nusers, __ATOMIC_RELAXED);
}

uint32_t
registry_most_users(const struct registry *r)
{
	return __atomic_load_n(&r->h->most_users, __ATOMIC_RELAXED);
}

uint32_t
registry_rooms(const struct registry *r)
{
	return __atomic_load_n(&r->h->nrooms, __ATOMIC_RELAXED);
}

void
registry_user_kinds(const struct registry *r, unsigned *invisible_r, unsigned *opers_r)
{
	*invisible_r = __atomic_load_n(&r->h->ninvisible, __ATOMIC_RELAXED);
	*opers_r = __atomic_load_n(&r->h->nopers, __ATOMIC_RELAXED);
}

bool
registry_restored(const struct registry *r)
{
	return __atomic_load_n(&r->h->restored, __ATOMIC_ACQUIRE) != 0;
}

unsigned
registry_store_state(const struct registry *r)
{
	return __atomic_load_n(&r->h->store_state, __ATOMIC_RELAXED);
}

unsigned
registry_store(const struct registry *r, uint64_t *stored_r, char *why)
{
	*stored_r = __atomic_load_n(&r->h->stored, __ATOMIC_ACQUIRE);
	memcpy(why, r->h->store_why, sizeof(r->h->store_why));
	why[sizeof(r->h->store_why) - 1] = '\0';
	return __atomic_load_n(&r->h->store_state, __ATOMIC_RELAXED);
}
