/* names.c - who is, or was, called so: users, rooms, accounts (registry.h). */
#include "config.h"

#include "registry/registry_priv.h"

#include <string.h>

#include "lib/siphash.h"
#include "lib/util.h"

/* One index: its cells, and what is needed to look at a slot's fold. */
struct index {
	const uint32_t *cells;
	uint32_t ncells;
	const char *slots;
	size_t slot_size, id_off, fold_off, fold_cap;
};

/* 1 with the slot, 0, -1. A slot that is being written may be the one: then -1. */
static int
index_find(const struct registry *r, const struct index *ix, const char *fold, size_t n,
	   uint32_t *slot_r)
{
	uint32_t version = __atomic_load_n(&r->h->index_version, __ATOMIC_ACQUIRE);
	uint32_t at = (uint32_t)siphash(fold, n, r->h->hash_key) & (ix->ncells - 1);
	char copy[sizeof(struct reg_room)];
	bool torn = version & 1;

	for (uint32_t i = 0; i < ix->ncells && !torn; i++, at = (at + 1) & (ix->ncells - 1)) {
		uint32_t cell = __atomic_load_n(&ix->cells[at], __ATOMIC_ACQUIRE);
		uint64_t id;

		if (cell == 0)
			break;
		if (cell == REG_TOMB)
			continue;
		if (!registry_snapshot(ix->slots + (size_t)(cell - 1) * ix->slot_size, copy,
				       ix->slot_size)) {
			torn = true;
			break;
		}
		memcpy(&id, copy + ix->id_off, sizeof(id));
		if (id != 0 && strnlen(copy + ix->fold_off, ix->fold_cap) == n &&
		    memcmp(copy + ix->fold_off, fold, n) == 0) {
			*slot_r = cell - 1;
			return 1;
		}
	}
	return torn || __atomic_load_n(&r->h->index_version, __ATOMIC_ACQUIRE) != version ? -1 : 0;
}

/* The same by a name as somebody writes it. */
static int
named(const struct registry *r, const struct index *ix, const char *name, size_t n,
      uint32_t *slot_r)
{
	/* what is longer than a slot has room for is nobody's */
	char fold[MAX(NAME_FOLD_MAX, ROOM_FOLD_MAX)];
	ssize_t len = name_fold(name, n, fold, sizeof(fold));

	return len > 0 ? index_find(r, ix, fold, (size_t)len, slot_r) : 0;
}

int
registry_user_named(const struct registry *r, const char *name, size_t n, struct reg_user_view *v)
{
	const struct index ix = {r->user_index,
				 r->h->user_cells,
				 (const char *)r->users,
				 sizeof(struct reg_user),
				 offsetof(struct reg_user, id),
				 offsetof(struct reg_user, fold),
				 sizeof(((struct reg_user *)0)->fold)};
	uint32_t slot;
	int got = named(r, &ix, name, n, &slot);

	return got > 0 ? registry_user_slot(r, slot, v) : got;
}

int
registry_room_named(const struct registry *r, const char *name, size_t n, struct reg_room_view *v)
{
	const struct index ix = {r->room_index,
				 r->h->room_cells,
				 (const char *)r->rooms,
				 sizeof(struct reg_room),
				 offsetof(struct reg_room, id),
				 offsetof(struct reg_room, fold),
				 sizeof(((struct reg_room *)0)->fold)};
	uint32_t slot;
	int got = named(r, &ix, name, n, &slot);

	return got > 0 ? registry_room_slot(r, slot, v) : got;
}

int
registry_was(const struct registry *r, const char *name, size_t n, struct reg_was_view *out,
	     unsigned cap)
{
	uint32_t max = r->h->max_was, next = __atomic_load_n(&r->h->was_next, __ATOMIC_ACQUIRE);
	char fold[NAME_FOLD_MAX];
	ssize_t len = name_fold(name, n, fold, sizeof(fold));
	unsigned found = 0;

	for (uint32_t i = 1; len > 0 && i <= max && found < cap; i++) {
		const struct reg_was *slot = &r->was[(next + max - i) % max];
		struct reg_was w;

		/* a look first: most are others, or were never used */
		if (strnlen(slot->fold, sizeof(slot->fold)) != (size_t)len ||
		    memcmp(slot->fold, fold, (size_t)len) != 0)
			continue;
		/* one that is being written is not the one that we saw */
		if (!registry_snapshot(slot, &w, sizeof(w)) || w.at == 0 ||
		    strnlen(w.fold, sizeof(w.fold)) != (size_t)len ||
		    memcmp(w.fold, fold, (size_t)len) != 0)
			continue;
		REG_COPY(out[found].name, w.name);
		REG_COPY(out[found].ident, w.ident);
		REG_COPY(out[found].host, w.host);
		REG_COPY(out[found].real, w.real);
		REG_COPY(out[found].account, w.account);
		REG_COPY(out[found].address, w.address);
		out[found++].at = w.at;
	}
	return (int)found;
}

int
registry_account_named(const struct registry *r, const char *name, size_t n,
		       struct reg_account_view *v)
{
	uint32_t top =
	    MIN(__atomic_load_n(&r->h->account_top, __ATOMIC_ACQUIRE), r->h->max_accounts);
	char fold[NAME_FOLD_MAX];
	ssize_t len = name_fold(name, n, fold, sizeof(fold));
	struct reg_account a;
	uint8_t hash[16];

	if (len <= 0 || top == 0)
		return 0;
	siphash128(fold, (size_t)len, r->h->hash_key, hash);
	for (uint32_t i = 0; i < top; i++) {
		/* a look first: most are others */
		if (memcmp(r->accounts[i].hash, hash, sizeof(hash)) != 0 ||
		    !registry_snapshot(&r->accounts[i], &a, sizeof(a)) || a.id == 0 ||
		    memcmp(a.hash, hash, sizeof(hash)) != 0)
			continue;
		*v = (struct reg_account_view){.id = a.id, .flags = a.flags, .kept = a.kept};
		return 1;
	}
	return 0;
}
