/* admin.c - what an administrator does through control. The level was checked there. */
#include "config.h"

#include "broker/broker.h"

#include "broker/keep.h"
#include "broker/mask.h"
#include "ipc/board.h"
#include "lib/text.h"
#include "lib/util.h"

typedef void admin_fn(const struct req *r, const struct m_r_admin *q);

static void
refuse(const struct req *r, enum chat_err err, struct str arg)
{
	answer_refused(r, 0, 0, err, arg);
}

static struct reg_user *
target_or_refuse(const struct req *r, const struct m_r_admin *q)
{
	struct reg_user *u = user_find(q->target);

	if (u == NULL)
		refuse(r, ERR_NO_SUCH_USER, q->target);
	return u;
}

static void
admin_kick(const struct req *r, const struct m_r_admin *q)
{
	struct reg_user *u = target_or_refuse(r, q);

	if (u != NULL)
		user_quit(r, u, QUIT_KICKED, STR_LIT("Server"),
			  (struct str){q->arg.p, text_cut(q->arg.p, q->arg.n, REASON_MAX)});
}

/* How many here fall under a mask; with a ban: they go. */
static unsigned
fall_under(const struct mask *m, const struct reg_list *ban)
{
	unsigned n = 0;

	for (uint32_t i = 0; i < br.reg.h->user_top; i++) {
		const struct reg_user *u = &br.reg.users[i];

		if (u->id == 0 || !user_fits(u, m))
			continue;
		if (ban != NULL)
			reap_add(u->id, 0, QUIT_BANNED, "Server", ban->reason);
		n++;
	}
	return n;
}

/* "for ever", or until when; good until out is. */
static const char *
end_of(uint64_t until, char out[48])
{
	char when[32];

	if (until == 0)
		return "for ever";
	bprintf(out, 48, "until %s", time_rfc3339(until, when));
	return out;
}

/* Who adds it may not know that there has been such an entry, with another end. */
static void
replaced(char *text, size_t cap, size_t n, uint64_t before, uint64_t now)
{
	char was[48], is[48];

	bprintf(text + n, cap - n, "; was %s, is %s now", end_of(before, was), end_of(now, is));
}

static void
list_add(const struct req *r, const struct m_r_admin *q, enum reg_list_op op)
{
	struct str reason = {q->arg.p, text_cut(q->arg.p, q->arg.n, REASON_MAX)};
	char by[32], text[200], form[MASK_MAX + 1];
	uint64_t before;
	size_t n;
	struct reg_list *old;
	struct mask mask;
	uint32_t slot;

	if (!list_mask(&op, q->target, form, &mask)) {
		refuse(r, ERR_BAD_ARGUMENT, q->target);
		return;
	}
	old = list_same(&br.server, op, &mask);
	before = old != NULL ? old->until : 0;
	bprintf(by, sizeof(by), "uid %u", q->uid);
	room_entry_begin();
	if (!list_put_redo(old, 0, op, 0, str_of(form), reason, str_of(by), q->until)) {
		refuse(r, ERR_LIST_FULL, STR_LIT("the server"));
		return;
	}
	slot = old != NULL ? (uint32_t)(old - br.reg.lists) : freelist_top(&br.reg.free_lists);
	server_lists_commit();
	list_put_done(&br.server, old, NULL);
	n = bprintf(text, sizeof(text), "%s: %u here now", op == LIST_BAN ? "banned" : "muted",
		    fall_under(&mask, NULL));
	if (old != NULL)
		replaced(text, sizeof(text), n, before, q->until);
	/* a broker that dies before this has not answered, and does it again */
	answer_ok(r, 0, text);
	if (op == LIST_BAN)
		fall_under(&mask, &br.reg.lists[slot]);
	else
		mutes_apply();
}

static void
list_del(const struct req *r, const struct m_r_admin *q, enum reg_list_op op)
{
	char form[MASK_MAX + 1];
	struct reg_list *l = NULL;
	struct mask mask;

	if (list_mask(&op, q->target, form, &mask))
		l = list_same(&br.server, op, &mask);
	if (l == NULL) {
		refuse(r, ERR_NOT_FOUND, q->target);
		return;
	}
	room_entry_begin();
	list_del_redo(l);
	server_lists_commit();
	list_del_done(&br.server, l);
	answer_ok(r, 0, "");
	if (op == LIST_MUTE)
		mutes_apply();
}

static void
admin_ban_add(const struct req *r, const struct m_r_admin *q)
{
	list_add(r, q, LIST_BAN);
}

static void
admin_ban_del(const struct req *r, const struct m_r_admin *q)
{
	list_del(r, q, LIST_BAN);
}

static void
admin_mute_add(const struct req *r, const struct m_r_admin *q)
{
	list_add(r, q, LIST_MUTE);
}

static void
admin_mute_del(const struct req *r, const struct m_r_admin *q)
{
	list_del(r, q, LIST_MUTE);
}

/* The room is told, as of a MODE of the server's. */
static void
room_list_del(const struct req *r, const struct m_r_admin *q, enum reg_list_op op)
{
	struct reg_room *room = room_find(q->target);
	char form[MASK_MAX + 1], text[MODES_BYTES_MAX];
	struct mode_change change = {0};
	struct m_e_mode e = {.name = STR_LIT("Server")};
	struct reg_list *l = NULL;
	struct mask mask;

	if (room == NULL) {
		refuse(r, ERR_NO_SUCH_ROOM, q->target);
		return;
	}
	if (list_mask(&op, q->arg, form, &mask))
		l = list_same(room_cache_of(room), op, &mask);
	if (l == NULL) {
		refuse(r, ERR_NOT_FOUND, q->arg);
		return;
	}
	change.op = op == LIST_BAN ? MODE_BAN : MODE_MUTE;
	change.arg = str_of(l->mask);
	e.room = room->id;
	e.room_name = room_name(room);
	e.changes = (struct str){text, mode_put(text, 0, sizeof(text), &change)};
	entry_begin(r);
	entry_to_room(room);
	list_del_redo(l);
	EVENT_HEAD(r, e);
	ENTRY_COMMIT(mode, &e);
	list_del_done(room_cache_of(room), l);
}

static void
admin_room_unban(const struct req *r, const struct m_r_admin *q)
{
	room_list_del(r, q, LIST_BAN);
}

static void
admin_room_unmute(const struct req *r, const struct m_r_admin *q)
{
	room_list_del(r, q, LIST_MUTE);
}

static bool
text_or_refuse(const struct req *r, const struct m_r_admin *q)
{
	if (q->arg.n == 0)
		refuse(r, ERR_EMPTY, STR_LIT(""));
	else if (!text_is_clean(q->arg.p, q->arg.n, TEXT_KEEP_NL | TEXT_KEEP_IRC))
		refuse(r, ERR_BAD_ARGUMENT, STR_LIT("text"));
	else
		return true;
	return false;
}

static void
admin_say(const struct req *r, const struct m_r_admin *q)
{
	struct reg_room *room = room_find(q->target);
	struct m_e_say m = {.name = STR_LIT("Server"), .text = q->arg};

	if (room == NULL) {
		refuse(r, ERR_NO_SUCH_ROOM, q->target);
		return;
	}
	if (!text_or_refuse(r, q))
		return;
	m.room = room->id;
	m.room_name = room_name(room);
	entry_begin(r);
	entry_to_room(room);
	EVENT_HEAD(r, m);
	ENTRY_COMMIT(say, &m);
	count(CTR_messages_accepted_total);
}

static void
admin_announce(const struct req *r, const struct m_r_admin *q)
{
	struct m_e_announce m = {.text = q->arg};

	if (!text_or_refuse(r, q))
		return;
	entry_begin(r);
	br.t.targets |= (1ull << WORKERS_MAX) - 1;
	EVENT_HEAD(r, m);
	ENTRY_COMMIT(announce, &m);
	count(CTR_messages_accepted_total);
}

/* Who has open consoles is control's to say again after a broker's death: kept here only. */
static void
admin_chat_open(const struct req *r, const struct m_r_admin *q)
{
	struct reg_user *u = target_or_refuse(r, q);

	if (u == NULL)
		return;
	if (br.nchats == ARRAY_LEN(br.chats)) {
		refuse(r, ERR_LIST_FULL, STR_LIT("consoles"));
		return;
	}
	br.chats[br.nchats++] = u->id;
	answer_ok(r, u->id, u->name);
}

static void
admin_chat_close(const struct req *r, const struct m_r_admin *q)
{
	const struct reg_user *u = user_find(q->target);

	/* one console less; another one may have the same user */
	for (unsigned i = 0; u != NULL && i < br.nchats; i++) {
		if (br.chats[i] == u->id) {
			br.chats[i] = br.chats[--br.nchats];
			break;
		}
	}
	answer_ok(r, 0, "");
}

static void
admin_chat_say(const struct req *r, const struct m_r_admin *q)
{
	struct reg_user *u = target_or_refuse(r, q);
	struct m_e_dm m = {.name = STR_LIT("Server"), .text = q->arg};

	if (u == NULL || !text_or_refuse(r, q))
		return;
	m.to = u->id;
	m.to_name = user_name(u);
	entry_begin(r);
	entry_to_user(u);
	EVENT_HEAD(r, m);
	ENTRY_COMMIT(dm, &m);
	count(CTR_messages_accepted_total);
}

static void
admin_follow(const struct req *r, const struct m_r_admin *q)
{
	br.follow = str_eq(q->arg, STR_LIT("on"));
	answer_ok(r, 0, "");
}

static void
admin_host(const struct req *r, const struct m_r_admin *q)
{
	struct reg_user *u = target_or_refuse(r, q);
	char host[HOST_MAX + 1];

	if (u == NULL)
		return;
	if (q->arg.n > 0 && !host_valid(q->arg))
		refuse(r, ERR_BAD_ARGUMENT, clean_or_empty(q->arg));
	else
		user_set_host(r, u,
			      q->arg.n > 0 ? q->arg : host_of_address(str_of(u->address), host));
}

static admin_fn *const admin_fns[ADMIN_OPS] = {
    [ADMIN_KICK] = admin_kick,
    [ADMIN_BAN_ADD] = admin_ban_add,
    [ADMIN_BAN_DEL] = admin_ban_del,
    [ADMIN_MUTE_ADD] = admin_mute_add,
    [ADMIN_MUTE_DEL] = admin_mute_del,
    [ADMIN_SAY] = admin_say,
    [ADMIN_ANNOUNCE] = admin_announce,
    [ADMIN_CHAT_OPEN] = admin_chat_open,
    [ADMIN_CHAT_SAY] = admin_chat_say,
    [ADMIN_CHAT_CLOSE] = admin_chat_close,
    [ADMIN_FOLLOW] = admin_follow,
    [ADMIN_HOST] = admin_host,
    [ADMIN_ROOM_UNBAN] = admin_room_unban,
    [ADMIN_ROOM_UNMUTE] = admin_room_unmute,
};

bool
r_admin(const struct req *r, struct reg_user *nobody, const void *frame, size_t len)
{
	struct m_r_admin q;

	(void)nobody;
	if (!m_r_admin_get(frame, len, &q) || q.op >= ADMIN_OPS)
		return false;
	if (q.level < LEVEL_OPERATE && q.op != ADMIN_FOLLOW)
		refuse(r, ERR_PERMISSION, STR_LIT(""));
	else
		admin_fns[q.op](r, &q);
	return true;
}
