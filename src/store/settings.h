/* settings.h - the options that the store's threads go by: a copy, as they cannot read proc.opt while it is replaced. */
#ifndef STORE_SETTINGS_H
#define STORE_SETTINGS_H

#include <stdint.h>

#include "lib/name.h"

struct options;

struct settings {
	uint64_t durable; /* people wait for the disk */
	uint64_t query_time, rooms, direct, events, days, rows, replay, mailbox;
	uint64_t files_days, link_time, account_quota, total_quota;
	char room_default[ROOM_BYTES_MAX + 1], state_dir[256];
};

/* The main thread, at the start and at each reload. */
void settings_put(const struct options *o);
/* Any thread. */
void settings_get(struct settings *s);

#endif
