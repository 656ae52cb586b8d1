/* derive.c - what a broker that has just begun makes of the registry's slots: tables of its own, by which it finds things. */
#include "config.h"

#include "broker/account.h"
#include "broker/broker.h"
#include "broker/look.h"
#include "lib/util.h"

void
derive_all(void)
{
	br.rooms = xcalloc(br.reg.h->max_rooms, sizeof(struct room_cache));
	br.masks = xcalloc(br.reg.h->max_lists, sizeof(struct mask *));
	br.list_by = xcalloc(br.reg.h->max_lists, sizeof(uint64_t));
	entry_clock_begin();
	regw_rebuild(&br.reg);
	rooms_rebuild();
	lists_rebuild();
	followers_rebuild();
	accounts_rebuild();
	looks_rebuild();
	redact_begin();
}
