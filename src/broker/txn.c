/* txn.c - composing the entry that ends a request. */
#include "config.h"

#include "broker/broker.h"

#include "broker/store.h"
#include "ipc/board.h"
#include "ipc/killpoint.h"
#include "lib/text.h"
#include "lib/util.h"

struct broker br;
const struct req req_nobody;

/* What a clock is set back by in passing; by more when it was wrong. */
#define CLOCK_BACK_MS (60 * 1000)

void
entry_clock(void)
{
	uint64_t now = wall_ms();

	if (now >= br.now || br.now - now > CLOCK_BACK_MS)
		br.now = now;
}

void
entry_clock_begin(void)
{
	const struct jentry *last;
	struct ev_head h;
	uint64_t at;

	journal_find(&br.j, br.j.seq - 1, &at);
	last = journal_at(&br.j, &at);
	if (last != NULL && ev_head_get(last->data, last->event_len, &h))
		br.now = h.at;
	entry_clock();
}

void
entry_begin(const struct req *r)
{
	txn_reset(&br.t);
	br.t.inc = r->inc;
	br.t.sub = r->sub;
	br.t.serial = r->serial;
	if (r->inc != 0)
		br.t.targets = 1ull << r->sub;
}

void
entry_commit(size_t event_len)
{
	CHECK(event_len > 0 && !br.t.overflow);
	br.t.event_len = event_len;
	KILLPOINT("decided");
	journal_commit(&br.j, &br.reg, &br.t);
	if (br.t.targets & 1ull << SUB_STORE)
		br.for_store = br.j.seq;
}

void
entry_to_room(const struct reg_room *room)
{
	br.t.targets |= br.rooms[room - br.reg.rooms].mask;
	entry_to_store();
}

void
entry_to_store(void)
{
	if (store_wanted())
		br.t.targets |= 1ull << SUB_STORE;
}

void
entry_to_user(const struct reg_user *u)
{
	struct session s = {0};

	while (session_next(u, &s))
		br.t.targets |= 1ull << s.sub;
}

void
entry_to_followers(void)
{
	if (br.follow)
		br.t.targets |= 1ull << SUB_CONTROL;
}

void
entry_to_watchers(void)
{
	entry_to_followers();
	br.t.targets |= br.followers;
}

void
entry_to_rooms_of(const struct reg_user *u)
{
	for (uint32_t at = u->first_member; at != 0; at = br.reg.members[at - 1].user_next)
		br.t.targets |= br.rooms[ID_SLOT(br.reg.members[at - 1].room)].mask;
	if (u->nrooms > 0)
		entry_to_store();
}

struct ids
rooms_of(const struct reg_user *u, uint64_t *out)
{
	size_t n = 0;

	for (uint32_t at = u->first_member; at != 0; at = br.reg.members[at - 1].user_next) {
		CHECK(n < ROOMS_PER_USER);
		out[n++] = br.reg.members[at - 1].room;
	}
	return (struct ids){(const char *)out, n};
}

void
answer_ok(const struct req *r, uint64_t user, const char *text)
{
	struct m_e_ok m = {.user = user, .text = str_of(text)};

	entry_begin(r);
	EVENT_HEAD(r, m);
	ENTRY_COMMIT(ok, &m);
}

void
answer_refused(const struct req *r, uint64_t user, uint64_t conn, enum chat_err err, struct str arg)
{
	struct m_e_refused m = {.user = user, .conn = conn, .code = (uint16_t)err, .arg = arg};
	char more[REFUSED_MORE_MAX + 1];

	if (err == ERR_MUTED)
		m.more = mute_words(user, more);
	if (m.arg.n > 256)
		m.arg.n = 256;
	entry_begin(r);
	EVENT_HEAD(r, m);
	count(CTR_refusals_total);
	ENTRY_COMMIT(refused, &m);
}

struct str
clean_or_empty(struct str s)
{
	return text_is_clean(s.p, s.n, TEXT_KEEP_IRC) ? s : STR_LIT("");
}
