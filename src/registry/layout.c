/* layout.c - see layout.h: where each table begins. */
#include "config.h"

#include "registry/layout.h"

#include <string.h>
#include <sys/random.h>

#include "lib/util.h"

/* A user is in a few rooms on average, whatever the most that one may join. */
#define MEMBERS_PER_USER 8
/* Entries of lists: registered rooms have theirs for years. */
#define LISTS_MIN 4096u
#define LISTS_PER_SESSION 2
#define WAS 1024
#define META_MIN 4096u
#define SESSIONS_MIN 64u

static uint32_t
pow2_above(uint32_t n)
{
	uint32_t p = 1024;

	while (p < n)
		p *= 2;
	return p;
}

static uint64_t
page_up(uint64_t n)
{
	return (n + 4095) & ~(uint64_t)4095;
}

static void
lay_out(struct reg_header *h, uint32_t max_sessions, uint32_t max_accounts)
{
	uint64_t at = page_up(sizeof(*h));

	h->max_users = max_sessions;
	h->max_rooms = MAX(max_sessions / 2, 1024u);
	h->max_members = MAX(max_sessions * MEMBERS_PER_USER, 4096u);
	h->max_lists = MAX(max_sessions * LISTS_PER_SESSION, LISTS_MIN);
	h->max_accounts = max_accounts;
	h->max_was = WAS;
	h->max_meta = MAX(max_sessions, META_MIN);
	/* beside the first ones */
	h->max_sessions = MAX(max_sessions / 4, SESSIONS_MIN);
	h->user_cells = pow2_above(2 * h->max_users);
	h->room_cells = pow2_above(2 * h->max_rooms);
#define TABLE(off, n, size) \
	h->off = at; \
	at = page_up(at + (uint64_t)(n) * (size))
	TABLE(off_subs, SUBS_MAX, sizeof(struct reg_sub));
	TABLE(off_users, h->max_users, sizeof(struct reg_user));
	TABLE(off_user_index, h->user_cells, sizeof(uint32_t));
	TABLE(off_room_index, h->room_cells, sizeof(uint32_t));
	TABLE(off_rooms, h->max_rooms, sizeof(struct reg_room));
	TABLE(off_members, h->max_members, sizeof(struct reg_member));
	TABLE(off_lists, h->max_lists, sizeof(struct reg_list));
	TABLE(off_aways, h->max_users, sizeof(struct reg_away));
	TABLE(off_mores, h->max_users, sizeof(struct reg_more));
	TABLE(off_was, h->max_was, sizeof(struct reg_was));
	TABLE(off_meta, h->max_meta, sizeof(struct reg_meta));
	TABLE(off_user_metas, h->max_users, sizeof(struct reg_metas));
	TABLE(off_room_metas, h->max_rooms, sizeof(struct reg_metas));
	TABLE(off_accounts, h->max_accounts, sizeof(struct reg_account));
	TABLE(off_sessions, h->max_sessions, sizeof(struct reg_session));
#undef TABLE
	h->size = at;
}

size_t
registry_layout_size(uint32_t max_sessions, uint32_t max_accounts)
{
	struct reg_header h = {0};

	lay_out(&h, max_sessions, max_accounts);
	return h.size;
}

void
registry_format(void *mem, size_t size, uint32_t max_sessions, uint32_t max_accounts)
{
	struct reg_header *h = mem;

	lay_out(h, max_sessions, max_accounts);
	CHECK(h->size == size);
	if (getrandom(h->hash_key, sizeof(h->hash_key), 0) != (ssize_t)sizeof(h->hash_key) ||
	    getrandom(h->cloak_key, sizeof(h->cloak_key), 0) != (ssize_t)sizeof(h->cloak_key))
		fatal("getrandom gives no key for the registry");
	h->version = REGISTRY_VERSION;
	h->magic = REGISTRY_MAGIC;
}

void
registry_cloak_key(void *mem, const uint8_t key[16])
{
	memcpy(((struct reg_header *)mem)->cloak_key, key, 16);
}

size_t
registry_invite_mask(uint64_t user, char out[REG_INVITE_MASK])
{
	return bprintf(out, REG_INVITE_MASK, "%016llx", (unsigned long long)user);
}
