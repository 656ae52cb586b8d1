/* registry_priv.h - what the files of the readers' side share. */
#ifndef REGISTRY_REGISTRY_PRIV_H
#define REGISTRY_REGISTRY_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "registry/layout.h"
#include "registry/registry.h"

#define REG_TRIES 8

struct registry {
	const struct reg_header *h;
	const char *base;
	size_t size;
	const struct reg_user *users;
	const struct reg_away *aways;
	const struct reg_more *mores;
	const struct reg_was *was;
	const struct reg_meta *metas;
	const struct reg_metas *user_metas, *room_metas;
	const struct reg_room *rooms;
	const struct reg_member *members;
	const struct reg_list *lists;
	const struct reg_session *sessions;
	const struct reg_account *accounts;
	const uint32_t *user_index, *room_index;
};

/* Copy a slot that begins with its u32 counter. False when it was being written, eight times. */
bool registry_snapshot(const void *slot, void *copy, size_t size);

/* Text of a slot as a terminated string. */
void registry_copy_str(char *out, size_t cap, const char *in, size_t in_cap);
#define REG_COPY(out, in) registry_copy_str(out, sizeof(out), in, sizeof(in))

#endif
