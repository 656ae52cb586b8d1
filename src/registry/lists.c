/* lists.c - bans, mutes, exceptions, ranks and invitations, the server's and a room's (registry.h). */
#include "config.h"

#include "registry/registry_priv.h"

#include <string.h>

#include "lib/util.h"

/* What a reader knows a list by; invitations are nobody's to read. */
static bool
list_mode(uint32_t op, uint8_t *mode_r)
{
	static const struct {
		uint8_t op, mode;
	} modes[] = {{LIST_BAN, MODE_BAN},
		     {LIST_MUTE, MODE_MUTE},
		     {LIST_EXCEPT, MODE_EXCEPT},
		     {LIST_INVEX, MODE_INVEX}};

	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		*mode_r = modes[i].mode;
		if (modes[i].op == op)
			return true;
	}
	return false;
}

static bool
list_access(uint32_t op, uint8_t *mode_r)
{
	*mode_r = 0;
	return op == LIST_ACCESS;
}

/* What outlives the members of a room: all but invitations. */
static bool
list_kept(uint32_t op, uint8_t *op_r)
{
	*op_r = (uint8_t)op;
	return op != LIST_NONE && op != LIST_INVITE;
}

/* Those whose op `which` wants. */
static int
list_page(const struct registry *r, uint64_t room, uint32_t *at, struct reg_list_view *out,
	  unsigned cap, bool (*which)(uint32_t op, uint8_t *mode_r))
{
	uint32_t top = MIN(__atomic_load_n(&r->h->list_top, __ATOMIC_ACQUIRE), r->h->max_lists);
	uint64_t now = wall_ms();
	unsigned n = 0;

	for (; *at < top && n < cap; ++*at) {
		const struct reg_list *slot = &r->lists[*at];
		struct reg_list l;
		uint8_t mode;

		/* a look first: most are others' */
		if (__atomic_load_n(&slot->room, __ATOMIC_RELAXED) != room)
			continue;
		/* one that is being written now came or went in this moment: either answer is right */
		if (!registry_snapshot(slot, &l, sizeof(l)) || l.room != room)
			continue;
		if (!which(l.op, &mode) || (l.until != 0 && l.until <= now))
			continue;
		memset(&out[n], 0, sizeof(out[n]));
		out[n].op = mode;
		out[n].room = l.room;
		REG_COPY(out[n].mask, l.mask);
		REG_COPY(out[n].reason, l.reason);
		REG_COPY(out[n].by, l.by);
		out[n].since = l.since;
		out[n].until = l.until;
		n++;
	}
	return (int)n;
}

int
registry_list(const struct registry *r, uint64_t room, uint32_t *at, struct reg_list_view *out,
	      unsigned cap)
{
	return list_page(r, room, at, out, cap, list_mode);
}

int
registry_access(const struct registry *r, uint64_t room, uint32_t *at, struct reg_list_view *out,
		unsigned cap)
{
	return list_page(r, room, at, out, cap, list_access);
}

int
registry_list_kept(const struct registry *r, uint64_t room, uint32_t *at, struct reg_list_view *out,
		   unsigned cap)
{
	return list_page(r, room, at, out, cap, list_kept);
}

int
registry_invitations(const struct registry *r, uint64_t user, uint32_t *at, uint64_t *out,
		     unsigned cap)
{
	uint32_t top = MIN(__atomic_load_n(&r->h->list_top, __ATOMIC_ACQUIRE), r->h->max_lists);
	char mask[REG_INVITE_MASK];
	unsigned n = 0;

	registry_invite_mask(user, mask);
	for (; *at < top && n < cap; ++*at) {
		const struct reg_list *slot = &r->lists[*at];
		struct reg_list l;

		if (__atomic_load_n(&slot->op, __ATOMIC_RELAXED) == LIST_INVITE &&
		    registry_snapshot(slot, &l, sizeof(l)) && l.op == LIST_INVITE &&
		    strncmp(l.mask, mask, sizeof(l.mask)) == 0)
			out[n++] = l.room;
	}
	return (int)n;
}
