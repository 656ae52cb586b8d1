/* rehash.c - a hash that was made when passwords were to cost something else (accounts.cost) is made anew when its owner
 * gives the password. Checking it takes as long from then on as checking one that is of no account.
 */
#include "config.h"

#include "broker/account.h"
#include "broker/auth.h"
#include "broker/job.h"
#include "lib/log.h"
#include "lib/util.h"

struct rehash {
	uint64_t id;
	char name[NAME_BYTES_MAX + 1], old[PWHASH_MAX + 1];
};

static void
changed(struct job *j, const void *frame, size_t len)
{
	const struct rehash *r = j->state;
	struct m_s_done m;

	if (frame != NULL && m_s_done_get(frame, len, &m) && m.code == ERR_NONE)
		log_info("account %s: its password has a hash of the present cost", r->name);
	job_end(j);
}

static void
hashed(struct job *j, const void *frame, size_t len)
{
	const struct rehash *r = j->state;
	struct m_s_account m = {
	    .op = ACCOUNT_REHASH, .id = r->id, .name = str_of(r->name), .text = str_of(r->old)};
	struct m_a_hashed h;

	if (frame == NULL || !m_a_hashed_get(frame, len, &h) || !h.ok) {
		job_end(j); /* the next login tries again */
		return;
	}
	m.hash = h.hash;
	account_change(j, &m, changed);
}

void
account_rehash(uint64_t id, struct str name, struct str hash, struct str password)
{
	/* when many come at once, they are let in first: the next login will do */
	struct job *j = auth_has_time() ? job_begin_alone(sizeof(struct rehash)) : NULL;
	struct rehash *r;

	if (j == NULL)
		return;
	r = j->state;
	r->id = id;
	bprintf(r->name, sizeof(r->name), STR_FMT, STR_ARG(name));
	bprintf(r->old, sizeof(r->old), STR_FMT, STR_ARG(hash));
	account_hash(j, password, false, hashed);
}
