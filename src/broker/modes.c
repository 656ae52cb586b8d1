/* modes.c - changes of a room's settings, its members' rights and its lists.
 *
 * Any number of them in one request, decided in order as if each took effect at once, and done as one entry: until it is
 * committed they stand in a working copy (struct work), never in the slots.
 */
#include "config.h"

#include "broker/broker.h"

#include <string.h>

#include "broker/keep.h"
#include "broker/mask.h"
#include "lib/text.h"
#include "lib/util.h"

#define W (&br.reg)
#define T (&br.t)

#define LIMIT_MAX 1000000ul

struct work_member {
	const struct reg_member *m;
	uint32_t flags;
	bool given; /* something: that is what is remembered of who has no entry yet */
	/* what becomes of its account's entry in the access list of a registered room */
	enum { ACCESS_SAME, ACCESS_NEW, ACCESS_OTHER, ACCESS_GONE } access;
	struct reg_list *entry;
};

struct work_list {
	struct reg_list *old; /* NULL: not there before this request */
	enum reg_list_op op;
	bool on;
	char text[MASK_MAX + 1];
	struct mask mask;
};

struct work {
	struct reg_user *u;
	struct reg_room *room;
	const struct right *right;
	bool
	    as_server; /* something was done that only the right of the server's operators allowed */
	uint32_t modes, limit;
	uint8_t key[16];
	struct work_member members[MODES_MAX + 1];
	unsigned nmembers;
	struct work_list lists[MODES_MAX];
	unsigned nlists;
	bool changed; /* by the change being decided */
	/* what was done and what was not, as it is told */
	char done[MODES_BYTES_MAX], refused[MODES_BYTES_MAX];
	size_t ndone, nrefused;
};

/* What each mode needs, and how it is decided. A handler changes the working copy, says in w->changed whether it did, and
 * in c->arg what is told, also of a refusal. */
typedef enum chat_err mode_fn(struct work *w, struct mode_change *c);
static mode_fn mode_member, mode_list, mode_key, mode_limit, mode_flag;

static const struct {
	mode_fn *fn;
	enum rank need;
	unsigned what; /* the member's flag, or the list */
} kinds[MODE_COUNT] = {
    [MODE_OP] = {mode_member, RANK_OP, MEMBER_OP},
    [MODE_HALFOP] = {mode_member, RANK_OP, MEMBER_HALFOP},
    [MODE_VOICE] = {mode_member, RANK_HALFOP, MEMBER_VOICE},
    [MODE_BAN] = {mode_list, RANK_HALFOP, LIST_BAN},
    [MODE_MUTE] = {mode_list, RANK_HALFOP, LIST_MUTE},
    [MODE_EXCEPT] = {mode_list, RANK_HALFOP, LIST_EXCEPT},
    [MODE_INVEX] = {mode_list, RANK_HALFOP, LIST_INVEX},
    [MODE_KEY] = {mode_key, RANK_OP, 0},
    [MODE_LIMIT] = {mode_limit, RANK_OP, 0},
    [MODE_INVITE_ONLY] = {mode_flag, RANK_OP, 0},
    [MODE_MODERATED] = {mode_flag, RANK_OP, 0},
    [MODE_PRIVATE] = {mode_flag, RANK_OP, 0},
    [MODE_TOPIC_LOCK] = {mode_flag, RANK_OP, 0},
    [MODE_NO_OUTSIDE] = {mode_flag, RANK_OP, 0},
    [MODE_NO_CTCP] = {mode_flag, RANK_OP, 0},
    [MODE_REG_JOIN] = {mode_flag, RANK_OP, 0},
    [MODE_REG_SAY] = {mode_flag, RANK_OP, 0},
};

/* --- members ------------------------------------------------------------------------------------- */

static struct work_member *
work_member(struct work *w, const struct reg_member *m)
{
	struct work_member *wm;

	for (unsigned i = 0; i < w->nmembers; i++) {
		if (w->members[i].m == m)
			return &w->members[i];
	}
	wm = &w->members[w->nmembers++];
	*wm = (struct work_member){.m = m, .flags = m->flags};
	return wm;
}

/* Is it kept which rank u has there? The founder's need not be. */
static bool
remembered(const struct work *w, const struct reg_user *u)
{
	return room_is_registered(w->room) && user_account_id(u) != 0 &&
	       !room_is_founder(w->room, u);
}

/* Is there a place for what is to be remembered of u, and of all others of this request? */
static bool
access_has_room(const struct work *w, const struct reg_user *u)
{
	const struct room_cache *c = room_cache_of(w->room);

	return access_find(c, user_account(u)) != NULL ||
	       (list_count(c, LIST_ACCESS) + w->nmembers < ROOM_LIST_MAX &&
		list_has_room(w->room->id, MODES_MAX + w->nmembers));
}

static enum chat_err
mode_member(struct work *w, struct mode_change *c)
{
	struct reg_user *target = user_find(c->arg);
	struct reg_member *m = target != NULL ? regw_member(W, target, w->room->id) : NULL;
	struct work_member *wm;
	uint32_t flags;

	if (m == NULL)
		return target == NULL ? ERR_NO_SUCH_USER : ERR_TARGET_NOT_IN_ROOM;
	if (c->on && remembered(w, target) && !access_has_room(w, target))
		return ERR_LIST_FULL;
	wm = work_member(w, m);
	flags = c->on ? wm->flags | kinds[c->op].what : wm->flags & ~kinds[c->op].what;
	w->changed = flags != wm->flags;
	wm->flags = flags;
	wm->given |= c->on;
	c->arg = user_name(target);
	return ERR_NONE;
}

/* --- lists ---------------------------------------------------------------------------------------- */

/* What this request has said of the mask so far, or a new place for it. */
static struct work_list *
work_list(struct work *w, const struct work_list *like)
{
	struct work_list *l;

	for (unsigned i = 0; i < w->nlists; i++) {
		if (w->lists[i].op == like->op && mask_equal(&w->lists[i].mask, &like->mask))
			return &w->lists[i];
	}
	l = &w->lists[w->nlists++];
	*l = *like;
	l->old = list_same(room_cache_of(w->room), l->op, &l->mask);
	l->on = l->old != NULL;
	if (l->on)
		bprintf(l->text, sizeof(l->text), "%s", l->old->mask);
	return l;
}

static unsigned
work_count(const struct work *w, enum reg_list_op op)
{
	unsigned n = list_count(room_cache_of(w->room), op);

	for (unsigned i = 0; i < w->nlists; i++) {
		if (w->lists[i].op == op)
			n += (unsigned)w->lists[i].on - (w->lists[i].old != NULL);
	}
	return n;
}

static unsigned
work_new(const struct work *w)
{
	unsigned n = 0;

	for (unsigned i = 0; i < w->nlists; i++)
		n += w->lists[i].on && w->lists[i].old == NULL;
	return n;
}

static enum chat_err
mode_list(struct work *w, struct mode_change *c)
{
	struct work_list like = {.op = kinds[c->op].what}, *l;

	if (!list_mask(&like.op, c->arg, like.text, &like.mask))
		return ERR_BAD_ARGUMENT;
	if (like.op == LIST_MUTE)
		c->op = MODE_MUTE;
	l = work_list(w, &like);
	if (!c->on && !l->on)
		return ERR_NOT_FOUND;
	if (c->on && !l->on && l->old == NULL &&
	    (work_count(w, l->op) >= ROOM_LIST_MAX || lists_of_user_full(w->u) ||
	     !list_has_room(w->room->id, work_new(w))))
		return ERR_LIST_FULL;
	w->changed = c->on != l->on;
	l->on = c->on;
	c->arg = str_of(l->text);
	return ERR_NONE;
}

/* --- settings ------------------------------------------------------------------------------------- */

static enum chat_err
mode_flag(struct work *w, struct mode_change *c)
{
	uint32_t bit = 1u << c->op, modes = c->on ? w->modes | bit : w->modes & ~bit;

	w->changed = modes != w->modes;
	w->modes = modes;
	c->arg = STR_LIT("");
	return ERR_NONE;
}

/* Can it be said in a JOIN again? There it is one word of a list. */
static bool
key_fit(struct str key)
{
	if (key.n == 0 || key.n > ROOM_KEY_MAX || key.p[0] == ':')
		return false;
	for (size_t i = 0; i < key.n; i++) {
		if ((unsigned char)key.p[i] <= ' ' || key.p[i] == ',' || key.p[i] == 0x7f)
			return false;
	}
	return text_utf8_ok(key.p, key.n);
}

static enum chat_err
mode_key(struct work *w, struct mode_change *c)
{
	struct str key = c->arg;
	uint8_t hash[16] = {0};
	bool same;

	if (c->on && !key_fit(key)) {
		c->arg = STR_LIT("key");
		return ERR_BAD_ARGUMENT;
	}
	if (c->on)
		room_key_hash(key, hash);
	same = memcmp(w->key, hash, sizeof(hash)) == 0;
	memcpy(w->key, hash, sizeof(hash));
	mode_flag(w, c);
	w->changed |= c->on && !same;
	c->arg = STR_LIT("*"); /* the word never stands in the journal */
	return ERR_NONE;
}

static bool
limit_of(struct str arg, uint32_t *limit_r)
{
	unsigned long n = 0;

	if (arg.n == 0 || arg.n > 7 || arg.p[0] == '0')
		return false;
	for (size_t i = 0; i < arg.n; i++) {
		if (arg.p[i] < '0' || arg.p[i] > '9')
			return false;
		n = 10 * n + (unsigned long)(arg.p[i] - '0');
	}
	*limit_r = (uint32_t)n;
	return n <= LIMIT_MAX;
}

static enum chat_err
mode_limit(struct work *w, struct mode_change *c)
{
	struct str arg = c->arg;
	uint32_t limit = 0;
	bool same;

	if (c->on && !limit_of(arg, &limit))
		return ERR_BAD_ARGUMENT;
	same = limit == w->limit;
	w->limit = limit;
	mode_flag(w, c);
	w->changed |= c->on && !same;
	c->arg = c->on ? arg : STR_LIT("");
	return ERR_NONE;
}

/* --- deciding -------------------------------------------------------------------------------------- */

/* Anybody may take away rights of their own, and take again those that are kept for their account. */
static bool
is_own(const struct work *w, const struct mode_change *c)
{
	if (kinds[c->op].fn != mode_member || user_find(c->arg) != w->u)
		return false;
	return !c->on ||
	       (w->right->m != NULL && rank_of(access_flags(w->room, w->u)) >= kinds[c->op].need);
}

static enum chat_err
may_change(struct work *w, const struct mode_change *c, bool *as_server)
{
	enum rank rank = RANK_NONE;

	if (w->right->m != NULL)
		rank = rank_of(work_member(w, w->right->m)->flags);
	*as_server = false;
	if (rank >= kinds[c->op].need)
		return ERR_NONE;
	if (is_own(w, c))
		return ERR_NONE;
	*as_server = w->right->oper;
	if (*as_server)
		return ERR_NONE;
	return rank >= RANK_HALFOP ? ERR_RANK : ERR_NOT_OPERATOR;
}

static void
decide(struct work *w, struct mode_change c)
{
	bool as_server;
	enum chat_err err = may_change(w, &c, &as_server);
	struct mode_refusal no = {.op = c.op};

	w->changed = false;
	if (err == ERR_NONE)
		err = kinds[c.op].fn(w, &c);
	else
		c.arg = STR_LIT(""); /* it may have been a key */
	if (err != ERR_NONE) {
		no.code = (uint16_t)err;
		no.arg = chat_err_about(err) == ERR_ABOUT_ROOM ? room_name(w->room) : c.arg;
		w->nrefused = refusal_put(w->refused, w->nrefused, sizeof(w->refused), &no);
		CHECK(w->nrefused > 0);
	} else if (w->changed) {
		w->as_server |= as_server;
		w->ndone = mode_put(w->done, w->ndone, sizeof(w->done), &c);
		CHECK(w->ndone > 0);
	}
}

/* --- doing ----------------------------------------------------------------------------------------- */

static void
room_redo(const struct work *w)
{
	const struct reg_room *room = w->room;

	if (w->modes == room->modes && w->limit == room->limit &&
	    memcmp(w->key, room->key, sizeof(w->key)) == 0)
		return;
	txn_open(T, W, room);
	txn_put(T, W, room->key, w->key, sizeof(w->key));
	TXN_SET(T, W, room->limit, w->limit);
	TXN_SET(T, W, room->modes, w->modes);
	txn_close(T, W, room);
}

static void
members_redo(const struct work *w)
{
	for (unsigned i = 0; i < w->nmembers; i++) {
		const struct work_member *wm = &w->members[i];

		if (wm->flags == wm->m->flags)
			continue;
		txn_open(T, W, wm->m);
		TXN_SET(T, W, wm->m->flags, wm->flags);
		txn_close(T, W, wm->m);
	}
}

/* Of two members of one account the last one counts. */
static bool
counts(const struct work *w, unsigned i)
{
	uint64_t account = user_account_id(regw_user(W, w->members[i].m->user));

	if (w->members[i].flags == w->members[i].m->flags)
		return false;
	while (++i < w->nmembers) {
		if (w->members[i].flags != w->members[i].m->flags &&
		    user_account_id(regw_user(W, w->members[i].m->user)) == account)
			return false;
	}
	return true;
}

/* What operators give and take in a registered room is written down. nth: so many new entries are promised already. */
static void
access_redo(struct work *w, unsigned nth)
{
	for (unsigned i = 0; i < w->nmembers; i++) {
		struct work_member *wm = &w->members[i];
		const struct reg_user *u = regw_user(W, wm->m->user);
		const char *word = access_word(wm->flags);

		if (!remembered(w, u) || !counts(w, i))
			continue;
		wm->entry = access_find(room_cache_of(w->room), user_account(u));
		if (*word != '\0' && (wm->entry != NULL || wm->given)) {
			wm->access = wm->entry == NULL ? ACCESS_NEW : ACCESS_OTHER;
			CHECK(list_put_redo(wm->entry, nth, LIST_ACCESS, w->room->id,
					    user_account(u), str_of(word), user_name(w->u), 0));
			nth += wm->entry == NULL;
		} else if (*word == '\0' && wm->entry != NULL) {
			wm->access = ACCESS_GONE;
			list_del_redo(wm->entry);
		}
	}
}

/* How many new entries there are. */
static unsigned
lists_redo(const struct work *w)
{
	unsigned nth = 0;

	for (unsigned i = 0; i < w->nlists; i++) {
		const struct work_list *l = &w->lists[i];

		if (l->on && l->old == NULL)
			CHECK(list_put_redo(NULL, nth++, l->op, w->room->id, str_of(l->text),
					    STR_LIT(""), user_name(w->u), 0));
		else if (!l->on && l->old != NULL)
			list_del_redo(l->old);
	}
	return nth;
}

/* The new ones first: slots that are given back would stand before those that were promised. */
static void
lists_done(const struct work *w)
{
	struct room_cache *c = room_cache_of(w->room);

	for (unsigned i = 0; i < w->nlists; i++) {
		if (w->lists[i].on && w->lists[i].old == NULL)
			list_put_done(c, NULL, w->u);
	}
	for (unsigned i = 0; i < w->nmembers; i++) {
		if (w->members[i].access == ACCESS_NEW)
			list_put_done(c, NULL, w->u);
	}
	for (unsigned i = 0; i < w->nlists; i++) {
		if (!w->lists[i].on && w->lists[i].old != NULL)
			list_del_done(c, w->lists[i].old);
	}
	for (unsigned i = 0; i < w->nmembers; i++) {
		if (w->members[i].access == ACCESS_GONE)
			list_del_done(c, w->members[i].entry);
	}
}

static void
commit(const struct req *r, struct work *w)
{
	char uhost[UHOST_MAX + 1];
	struct m_e_mode m = {.user = w->u->id,
			     .room = w->room->id,
			     .name = user_name(w->u),
			     .room_name = room_name(w->room),
			     .uhost = user_uhost(w->u, uhost),
			     .account = user_account(w->u),
			     .umodes = w->u->umodes,
			     .changes = {w->done, w->ndone},
			     .refused = {w->refused, w->nrefused}};

	entry_begin(r);
	if (w->ndone > 0)
		entry_to_room(w->room);
	room_redo(w);
	members_redo(w);
	access_redo(w, lists_redo(w));
	EVENT_HEAD(r, m);
	ENTRY_COMMIT(mode, &m);
	lists_done(w);
}

/* What was done, in words. */
static void
log_as_server(const struct work *w)
{
	struct str rest = {w->done, w->ndone};
	struct mode_change c;
	char text[512];
	size_t n = 0;

	text[0] = '\0';
	while (mode_next(&rest, &c) && n + 1 < sizeof(text))
		n += bprintf(text + n, sizeof(text) - n, " %c%s%s" STR_FMT, c.on ? '+' : '-',
			     mode_word(c.op), c.arg.n > 0 ? " " : "", STR_ARG(c.arg));
	oper_did(w->u, "mode of %s:%s", w->room->name, text);
}

/* All changes of a request; how many, or 0 when they are not what the message may hold. */
static unsigned
changes_get(struct str list, struct mode_change *out)
{
	unsigned n = 0;

	while (list.n > 0) {
		if (n == MODES_MAX || !mode_next(&list, &out[n++]))
			return 0;
	}
	return n;
}

bool
r_mode(const struct req *r, struct reg_user *u, const void *frame, size_t len)
{
	static struct work w; /* not small; of one request */
	struct mode_change changes[MODES_MAX];
	struct reg_room *room;
	struct right right;
	struct m_r_mode q;
	unsigned n;

	if (!m_r_mode_get(frame, len, &q) || (n = changes_get(q.changes, changes)) == 0)
		return false;
	if (!room_right_or_refuse(r, u, q.room, &right))
		return true;
	room = right.room;
	w.u = u;
	w.room = room;
	w.right = &right;
	w.as_server = false;
	w.modes = room->modes;
	w.limit = room->limit;
	memcpy(w.key, room->key, sizeof(w.key));
	w.nmembers = w.nlists = 0;
	w.ndone = w.nrefused = 0;
	for (unsigned i = 0; i < n; i++)
		decide(&w, changes[i]);
	if (right.rank < RANK_HALFOP && w.ndone == 0 && w.nrefused > 0)
		answer_refused(r, u->id, 0, ERR_NOT_OPERATOR, q.room);
	else {
		if (w.as_server)
			log_as_server(&w);
		commit(r, &w);
	}
	return true;
}
