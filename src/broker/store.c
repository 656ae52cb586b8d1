/* store.c - see store.h. */
#include "config.h"

#include "broker/store.h"

#include <string.h>

#include "broker/account.h"
#include "broker/broker.h"
#include "broker/file.h"
#include "broker/job.h"
#include "broker/keep.h"
#include "broker/subs.h"
#include "ipc/proc.h"
#include "lib/log.h"
#include "lib/util.h"

#define W (&br.reg)
#define ABSENT STR_LIT("it does not read what it is sent")
#define RETURN_MS 500 /* and so long when only the broker is new */
#define SETTLE_MS 3000 /* so long nobody is served while the store has not come */

bool
store_wanted(void)
{
	return options_store(&proc.opt);
}

bool
store_present(void)
{
	const struct sub *s = &subs[SUB_STORE];

	return s->live && s->hello && !s->broken && !s->absent;
}

bool
store_send(const void *frame, size_t len)
{
	return store_present() && sub_side(SUB_STORE, frame, len);
}

/* How it is, for all to see. */
static void
show(enum store_state state, struct str why)
{
	struct reg_header *h = W->h;

	__atomic_store_n(&h->store_state, (uint32_t)state, __ATOMIC_RELAXED);
	bprintf(h->store_why, sizeof(h->store_why), STR_FMT, STR_ARG(why));
}

void
store_began(uint64_t missed_from, uint64_t missed_to)
{
	struct m_s_begin m = {
	    .restored = W->h->restored != 0, .missed_from = missed_from, .missed_to = missed_to};
	char out[64];

	sub_side_next(SUB_STORE, out, m_s_begin_put(out, sizeof(out), &m));
	if (str_eq(str_of(W->h->store_why), ABSENT)) {
		log_notice("the store reads again");
		show(STORE_WELL, STR_LIT(""));
	}
	jobs_store_here();
}

void
store_absent(void)
{
	log_err("the store does not read its channel: chat goes on without it");
	show(STORE_BEHIND, ABSENT);
	jobs_store_gone(false);
}

void
store_gone(void)
{
	jobs_store_gone(true);
}

bool
store_settled(void)
{
	static uint64_t since;
	uint64_t waited;

	if (since == 0)
		since = loop_now(proc.loop);
	waited = loop_now(proc.loop) - since;
	/* one that says that it cannot, is not waited for: what it knows is told when it can */
	if (!store_wanted() || (!W->h->restored && W->h->store_state != STORE_WELL))
		return true;
	/* what workers ask again at once, because the last broker took it with it, is to find it here */
	if (W->h->restored)
		return store_present() || waited >= RETURN_MS;
	return waited >= SETTLE_MS;
}

void
store_tell_durable(void)
{
	struct m_e_durable m = {.upto = __atomic_load_n(&W->h->stored, __ATOMIC_ACQUIRE)};

	if (m.upto <= br.durable || !options_disk(&proc.opt) || !br.recovered || !subs_room())
		return;
	entry_begin(&req_nobody);
	for (unsigned i = 0; i < WORKERS_MAX; i++) {
		if (subs[i].live)
			br.t.targets |= 1ull << i;
	}
	EVENT_HEAD(&req_nobody, m);
	ENTRY_COMMIT(durable, &m);
	br.durable = m.upto;
}

/* --- what it says ------------------------------------------------------------------------------------- */

/* What is wrong with the database is in the store's own line; here is what it means. */
static void
log_state(unsigned was, unsigned now)
{
	if ((was == STORE_WELL) == (now == STORE_WELL) || !options_disk(&proc.opt))
		return;
	if (now == STORE_WELL)
		log_notice("senders are told again that their messages are taken");
	else
		log_warn("nothing gets to the disk: until it does, senders are not told that "
			 "their messages are taken");
}

static bool
take_state(const void *frame, size_t len)
{
	struct m_s_state m;
	struct reg_header *h = W->h;

	if (!m_s_state_get(frame, len, &m))
		return false;
	log_state(h->store_state, m.state);
	__atomic_store_n(&h->stored, m.upto, __ATOMIC_RELEASE);
	__atomic_store_n(&h->store_state, m.state, __ATOMIC_RELAXED);
	bprintf(h->store_why, sizeof(h->store_why), STR_FMT, STR_ARG(m.text));
	return true;
}

static bool
take_hold(const void *frame, size_t len)
{
	struct m_s_hold m;

	if (!m_s_hold_get(frame, len, &m))
		return false;
	if (m.on)
		sub_hold(&subs[SUB_STORE]);
	else
		sub_resume(&subs[SUB_STORE], m.seq);
	return true;
}

static bool
take_accounts(const void *frame, size_t len)
{
	struct m_s_accounts m;

	return m_s_accounts_get(frame, len, &m) && accounts_restore(m.list);
}

static bool
take_unkept(const void *frame, size_t len)
{
	struct m_s_unkept m;

	if (!m_s_unkept_get(frame, len, &m))
		return false;
	account_unkept(m.account);
	return true;
}

/* Answers begin with the ticket. */
static bool
take_answer(const void *frame, size_t len)
{
	uint32_t ticket;

	if (len < IPC_HDR + sizeof(ticket))
		return false;
	memcpy(&ticket, (const char *)frame + IPC_HDR, sizeof(ticket));
	jobs_store_answered(frame, len, ticket);
	return true;
}

static const struct {
	unsigned type;
	bool (*take)(const void *frame, size_t len);
} words[] = {
    {MSG_s_restored, restore_begin_end},
    {MSG_s_room, restore_room},
    {MSG_s_list, restore_list},
    {MSG_s_accounts, take_accounts},
    {MSG_s_state, take_state},
    {MSG_s_page, take_answer},
    {MSG_s_found, take_answer},
    {MSG_s_done, take_answer},
    {MSG_s_hold, take_hold},
    {MSG_s_gone, files_gone},
    {MSG_s_unkept, take_unkept},
};

bool
store_take(const void *frame, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (words[i].type == ipc_type(frame))
			return words[i].take(frame, len);
	}
	return false;
}
