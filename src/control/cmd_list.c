/* cmd_list.c - ban list, mute list; and what all that reads the registry has in common (cmd_users.c, cmd_rooms.c).
 *
 * Each begins with a sync, so that whatever was decided before the command is seen. Listings
 * walk the slots in steps, as fast as their reader reads; users who come or go meanwhile are
 * in them or not, but nobody is in them twice.
 */
#include "config.h"

#include "control/control.h"
#include "ipc/maskform.h"
#include "lib/util.h"
#include "registry/registry.h"

#define STEP_ROWS 256u
#define STEP_SLOTS 4096u

static const struct column list_columns[] = {
    {"mask", "WHO", 20, false}, {"since", "SINCE", 20, false},   {"until", "UNTIL", 20, false},
    {"by", "BY", 12, false},    {"reason", "REASON", 12, false},
};

/* --- what listings have in common --------------------------------------------------------- */

void
list_begin(struct conn *c, conn_fn *fn)
{
	if (control_registry == NULL)
		conn_fail(c, CTL_UNAVAILABLE, "the registry is not there yet");
	else
		conn_sync(c, fn);
}

void
list_again(struct conn *c, conn_fn *fn)
{
	c->step = NULL;
	if (++c->tries > LIST_TRIES)
		conn_fail(c, CTL_UNAVAILABLE, "the registry is too busy");
	else
		conn_sync(c, fn);
}

void
list_slots(struct conn *c, uint32_t slots, list_row_fn *row)
{
	unsigned rows = 0;

	for (unsigned i = 0; i < STEP_SLOTS && rows < STEP_ROWS && c->slot < slots; i++) {
		int rc;

		if (c->w.body.len >= OUT_HIGH)
			break;
		rc = row(c, c->slot);
		/* Being written all the time: left to the next step, and in the end left out. */
		if (rc < 0 && ++c->tries < LIST_TRIES)
			break;
		rows += rc > 0;
		c->tries = 0;
		c->slot++;
	}
	if (c->slot < slots)
		conn_more(c);
	else
		list_done(c);
}

bool
list_more(struct conn *c, int n)
{
	if (n > 0)
		conn_more(c);
	else
		writer_list_end(&c->w);
	return n > 0;
}

void
list_done(struct conn *c)
{
	writer_list_end(&c->w);
	conn_done(c);
}

void
list_mask(struct conn *c, const char *text)
{
	struct str mask = mask_show(str_of(text));

	writer_str(&c->w, "mask", mask.p, mask.n);
}

/* --- bans and mutes ----------------------------------------------------------------------- */

static void
bans_step(struct conn *c)
{
	struct reg_list_view page[32];
	unsigned op = c->req.id == CTL_CMD_ban_list ? MODE_BAN : MODE_MUTE;
	int n = registry_list(control_registry, 0, &c->slot, page, ARRAY_LEN(page));

	for (int i = 0; i < n; i++) {
		if (page[i].op != op)
			continue;
		writer_row(&c->w);
		list_mask(c, page[i].mask);
		writer_s(&c->w, "reason", page[i].reason);
		writer_s(&c->w, "by", page[i].by);
		writer_time(&c->w, "since", page[i].since);
		writer_time(&c->w, "until", page[i].until);
		writer_row_end(&c->w);
	}
	if (!list_more(c, n))
		conn_done(c);
}

static void
bans_begin(struct conn *c)
{
	writer_list(&c->w, NULL, list_columns, ARRAY_LEN(list_columns));
	c->step = bans_step;
}

void
cmd_ban_list(struct conn *c)
{
	list_begin(c, bans_begin);
}

void
cmd_mute_list(struct conn *c)
{
	list_begin(c, bans_begin);
}
