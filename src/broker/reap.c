/* reap.c - sessions that must end: of dead workers, of banned people. In bounded portions, so that
 * the end of a full worker is no pause for everybody else. */
#include "config.h"

#include "broker/broker.h"

#include <stdlib.h>

#include "lib/util.h"

#define PORTION 512

void
reap_add(uint64_t user, uint64_t conn, enum quit_why why, const char *by, const char *reason)
{
	struct reap *p;

	if (br.nreaps == br.reaps_cap) {
		br.reaps_cap = br.reaps_cap ? 2 * br.reaps_cap : 64;
		br.reaps = xrealloc(br.reaps, br.reaps_cap * sizeof(struct reap));
	}
	p = &br.reaps[br.nreaps++];
	p->user = user;
	p->conn = conn;
	p->why = (uint8_t)why;
	bprintf(p->by, sizeof(p->by), "%s", by);
	bprintf(p->reason, sizeof(p->reason), "%s", reason);
}

enum reap_state
reap_some(void)
{
	for (unsigned n = 0; n < PORTION && br.reaps_at < br.nreaps; n++) {
		const struct reap *p = &br.reaps[br.reaps_at++];
		struct reg_user *u = regw_user(&br.reg, p->user);

		if (!subs_room()) {
			br.reaps_at--;
			return REAP_NO_ROOM;
		}
		if (u != NULL && p->conn != 0)
			session_end(&req_nobody, u, p->conn, p->why, str_of(p->reason));
		else if (u != NULL)
			user_quit(&req_nobody, u, p->why, str_of(p->by), str_of(p->reason));
	}
	if (br.reaps_at < br.nreaps)
		return REAP_MORE;
	free(br.reaps);
	br.reaps = NULL;
	br.nreaps = br.reaps_at = br.reaps_cap = 0;
	return REAP_DONE;
}
