/* rules.c - one request: who may send it, has it been decided before, who decides it.
 *
 * A request that a broker died of is noted in the journal's header before it is decided. When two
 * brokers in a row have died of the same one, the third refuses it and ends the session.
 */
#include "config.h"

#include "broker/broker.h"

#include <string.h>

#include "ipc/board.h"
#include "ipc/killpoint.h"
#include "lib/log.h"
#include "lib/util.h"

#define DEADLY 2

static const struct rule {
	uint16_t type;
	bool speaks_for_user; /* its second field is the user… */
	bool control; /* control may send it, with user 0 */
	rule_fn *fn;
	bool nameless; /* …or 0, for a connection that has no name yet */
	bool administrators; /* control alone may send it */
	bool web; /* chatd-web alone may */
	bool
	    late; /* is sent whatever its client is doing: also when that has just gone over to another user */
} rules[] = {
    {MSG_r_login, false, false, r_login},
    {MSG_r_quit, true, false, r_quit, .late = true},
    {MSG_r_nick, true, false, r_nick},
    {MSG_r_join, true, false, r_join},
    {MSG_r_part, true, false, r_part},
    {MSG_r_say, true, false, r_say},
    {MSG_r_dm, true, false, r_dm},
    {MSG_r_topic, true, false, r_topic},
    {MSG_r_kick, true, false, r_kick},
    {MSG_r_invite, true, false, r_invite},
    {MSG_r_mode, true, false, r_mode},
    {MSG_r_away, true, false, r_away},
    {MSG_r_meta, true, false, r_meta},
    {MSG_r_redact, true, false, r_redact},
    {MSG_r_umode, true, false, r_umode},
    {MSG_r_setname, true, false, r_setname},
    {MSG_r_rename, true, false, r_rename},
    {MSG_r_follow, false, false, r_follow},
    {MSG_r_oper, true, false, r_oper},
    {MSG_r_oper_do, true, false, r_oper_do},
    {MSG_r_sync, true, true, r_sync},
    {MSG_r_admin, false, true, r_admin, .administrators = true},
    {MSG_r_store, true, true, r_store, .administrators = true},
    {MSG_r_query, true, true, r_query, .late = true},
    {MSG_r_mark, true, false, r_mark},
    {MSG_r_edit, true, false, r_edit},
    {MSG_r_room, true, false, r_room},
    {MSG_r_kept, true, false, r_kept, .late = true},
    {MSG_r_auth, true, false, r_auth, .nameless = true},
    {MSG_r_register, true, false, r_register, .nameless = true},
    {MSG_r_account, true, false, r_account},
    {MSG_r_upload_link, true, false, r_upload_link},
    {MSG_r_upload, false, false, r_upload, .web = true},
    {MSG_r_upload_over, false, false, r_upload_over, .web = true},
    {MSG_r_share, false, false, r_share, .web = true},
    {MSG_r_file, false, false, r_file, .web = true},
    {MSG_r_files, false, false, r_files, .web = true},
};

static const struct rule *
rule_of(unsigned type)
{
	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		if (rules[i].type == type)
			return &rules[i];
	}
	return NULL;
}

static uint64_t
u64_at(const void *frame, size_t len, size_t off)
{
	uint64_t v = 0;

	if (len >= off + sizeof(v))
		memcpy(&v, (const char *)frame + off, sizeof(v));
	return v;
}

/* True: brokers have died of this request; it must not be decided again. */
static bool
deadly(const struct req *r)
{
	struct journal_header *h = br.j.h;

	if (h->deciding_inc != r->inc || h->deciding_serial != r->serial) {
		h->trying = h->deaths = 0;
		h->deciding_inc = r->inc;
		h->deciding_serial = r->serial;
	}
	h->trying = 1;
	return h->deaths >= DEADLY;
}

void
rules_note_deaths(void)
{
	struct journal_header *h = br.j.h;
	uint64_t done = 0;

	/* a broker that died before it got as far as this request says nothing about it */
	if (h->deciding_inc == 0 || !h->trying)
		return;
	h->trying = 0;
	for (unsigned i = 0; i < SUBS_MAX; i++) {
		if (br.reg.subs[i].inc == h->deciding_inc)
			done = br.reg.subs[i].serial;
	}
	if (h->deciding_serial > done)
		h->deaths++;
}

static void
refuse_deadly(const struct req *r, struct reg_user *u)
{
	log_crit("request %llu of subscriber %u killed %d brokers and is refused",
		 (unsigned long long)r->serial, r->sub, DEADLY);
	if (u != NULL)
		user_quit(r, u, QUIT_INTERNAL, STR_LIT("Server"), STR_LIT("internal error"));
	else
		answer_refused(r, 0, 0, ERR_INTERNAL, STR_LIT(""));
}

/* A late word of somebody who is gone. Whoever asks the store waits until it is told that nothing comes. */
static void
answer_late(const struct req *r, const struct rule *rule, uint64_t user)
{
	if (rule->fn == r_query)
		answer_refused(r, user, 0, ERR_BUSY, STR_LIT(""));
	else
		answer_ok(r, user, "");
}

/* Is it for this subscriber to send? */
static bool
may_send(const struct rule *rule, uint32_t sub)
{
	bool control = sub == SUB_CONTROL, web = sub >= SUB_WEB && sub < SUB_WEB + WEB_MAX;

	return rule != NULL && rule->web == web && (rule->control || !control) &&
	       (!rule->administrators || control);
}

bool
rules_decide(const struct req *r, const void *frame, size_t len)
{
	const struct rule *rule = rule_of(ipc_type(frame));
	const struct reg_sub *last = &br.reg.subs[r->sub];
	uint64_t taken = last->inc == r->inc ? last->serial : 0, id;
	struct reg_user *u = NULL;

	if (!may_send(rule, r->sub))
		return false;
	if (r->serial <= taken) {
		count(CTR_requests_deduplicated_total);
		return true;
	}
	if (r->serial != taken + 1)
		return false;
	KILLPOINT("read");
	id = rule->speaks_for_user ? u64_at(frame, len, IPC_HDR + 8) : 0;
	if (rule->speaks_for_user && r->sub != SUB_CONTROL) {
		u = regw_user(&br.reg, id);
		if (u != NULL && !user_is_at(u, r->sub, r->inc)) {
			if (!rule->late)
				return false; /* speaks for another's client */
			u = NULL;
		}
	}
	count(CTR_requests_total);
	if (deadly(r))
		refuse_deadly(r, u);
	else if (rule->speaks_for_user && r->sub != SUB_CONTROL && u == NULL &&
		 (id != 0 || !rule->nameless))
		answer_late(r, rule, id);
	else
		return rule->fn(r, u, frame, len);
	return true;
}
