/* metadata.c - see metadata.h: the command, and who is told of a change. */
#include "config.h"

#include "worker/irc/metadata.h"

#include "lib/name.h"
#include "lib/util.h"
#include "proto/irc.h"
#include "worker/fanout.h"
#include "worker/input.h"
#include "worker/irc/cmd.h"
#include "worker/irc/irc.h"
#include "worker/irc/metaline.h"
#include "worker/irc/metasubs.h"
#include "worker/irc/monitor.h"
#include "worker/irc/reply.h"
#include "worker/outq.h"
#include "worker/request.h"
#include "worker/room.h"

static void
bad_params(struct conn *c, struct str sub, const char *text)
{
	irc_fail(c, "METADATA", "INVALID_PARAMS", irc_middle(sub), "%s", text);
}

static void
bad_target(struct conn *c, const struct irc_run *r)
{
	meta_fail_words(c, false, META_BAD_TARGET, irc_middle(r->msg.param[0]), STR_LIT(""), 0,
			"Invalid metadata target");
}

/* --- setting ---------------------------------------------------------------------------------------- */

/* Into r->room or r->name whose it is; both empty: the client's own. False: it can be nobody's. */
static bool
owner_of(const struct conn *c, struct irc_run *r)
{
	struct str target = r->msg.param[0];

	r->room = r->name = STR_LIT("");
	if (irc_is(target, "*"))
		return true;
	if (c->state != CONN_READY)
		return false;
	if (irc_room(target, &r->room))
		return room_check(r->room.p, r->room.n) == NAME_OK;
	r->name = target;
	return name_check(target.p, target.n) == NAME_OK;
}

/* An empty value is none in the newer draft. */
static void
do_SET(struct conn *c, struct irc_run *r)
{
	struct str key = r->msg.param[2], value = irc_text(r->msg.param[3], IRC_RUN_LINE);
	bool on = r->msg.n > 3 && (r->msg.param[3].n > 0 || meta_v2(c));

	if (!meta_key_ok(key))
		meta_bad_key(c, false, key);
	else if (value.n > META_VALUE_MAX)
		meta_fail_words(c, false, META_BAD_VALUE, meta_v2(c) ? STR_LIT("") : key,
				STR_LIT(""), 0, "The value is too long");
	else if (!owner_of(c, r))
		bad_target(c, r);
	else if (c->state != CONN_READY)
		meta_early_set(c, r, on, value);
	else
		request_meta(c, on, r->room, r->name, key, on ? value : STR_LIT(""));
}

static void
do_CLEAR(struct conn *c, struct irc_run *r)
{
	if (!owner_of(c, r))
		bad_target(c, r);
	else if (c->state != CONN_READY)
		meta_early_clear(c);
	else
		request_meta(c, false, r->room, r->name, STR_LIT(""), STR_LIT(""));
}

/* The codes for what the broker says; about what was to be changed. */
static bool
refused(struct conn *c, const struct irc_run *r, unsigned err)
{
	struct str target = irc_middle(r->msg.param[0]), key = irc_middle(r->msg.param[2]);

	switch (err) {
	case ERR_NOT_YOURS:
	case ERR_NOT_OPERATOR:
	case ERR_RANK:
	case ERR_NOT_IN_ROOM:
		meta_fail_words(c, false, META_DENIED, target, key, 0, "You may not change that");
		return true;
	case ERR_NO_SUCH_USER:
	case ERR_NO_SUCH_ROOM:
		bad_target(c, r);
		return true;
	case ERR_BAD_ARGUMENT:
		meta_fail_words(c, false, META_BAD_VALUE, meta_v2(c) ? STR_LIT("") : key,
				STR_LIT(""), 0, "Invalid value");
		return true;
	default:
		return false;
	}
}

/* To delete what is not there is an error in the older draft only. */
static void
not_set(struct conn *c, const struct irc_run *r)
{
	const struct meta_to to = {.c = c};
	struct str target = r->msg.param[0];
	char shown[META_TARGET_MAX];

	if (meta_v2(c)) {
		meta_fail_words(c, false, META_NOT_SET, target, r->msg.param[2], 0, "Key not set");
		return;
	}
	if (irc_is(target, "*") && c->state == CONN_READY)
		target = str_of(c->name);
	bprintf(shown, sizeof(shown), STR_FMT, STR_ARG(target));
	meta_unset(&to, false, shown, r->msg.param[2]);
}

bool
metadata_refused(struct conn *c, const struct irc_run *r, unsigned err)
{
	bool asked = r != NULL && r->cmd->fn == irc_METADATA;

	if (err == ERR_META_FULL)
		meta_fail_words(c, false, META_LIMIT, asked ? r->msg.param[0] : str_of(c->name),
				STR_LIT(""), meta_v2(c) ? 0 : META_KEYS_MAX,
				"Too many keys are set");
	else if (err == ERR_META_NO_KEY && asked)
		not_set(c, r);
	else
		return asked && refused(c, r, err);
	return true;
}

/* --- a change ------------------------------------------------------------------------------------------- */

struct news {
	const struct m_e_meta *e;
	char target[META_TARGET_MAX];
	uint32_t mark; /* of those who have been told */
};

/* If it has subscribed to the key. */
static void
tell_one(struct conn *c, void *arg)
{
	const struct meta_to to = {.c = c, .news = true};
	struct news *w = arg;
	struct str names = w->e->key.n > 0 ? w->e->key : w->e->value, key;

	if (c->irc == NULL || c->flags & CONN_ENDED || c->mark == w->mark || !metadata_aware(c))
		return;
	c->mark = w->mark;
	while (str_next(&names, ' ', &key)) {
		if (meta_sub_of(c, key) < 0)
			continue;
		if (w->e->on)
			meta_value(&to, true, w->target, key, w->e->value);
		else
			meta_unset(&to, true, w->target, key);
	}
	fan_relieve(); /* after CLEAR, all keys that there may be */
}

static void
tell_room(uint64_t id, struct news *w)
{
	const struct room *r = room_of(id);

	for (uint32_t i = 0; r != NULL && i < r->n; i++)
		tell_one(r->member[i].conn, w);
}

/* What SET or CLEAR has done. */
static void
answer(struct conn *c, const struct news *w)
{
	struct meta_to to = {.c = c};
	struct str names = w->e->value, key;

	if (w->e->on) {
		meta_value(&to, false, w->target, w->e->key, w->e->value);
		return;
	}
	if (w->e->key.n > 0) {
		meta_unset(&to, false, w->target, w->e->key);
		return;
	}
	to.batch = meta_open(c, "metadata", w->target);
	while (str_next(&names, ' ', &key))
		meta_unset(&to, false, w->target, key);
	meta_close(c, to.batch);
}

/* Those who share a room with whom it is about, or watch it, or are in the room; not whoever did it. */
void
irc_meta(const struct m_e_meta *e, struct conn *own)
{
	struct news w = {.e = e, .mark = outq_mark()};

	bprintf(w.target, sizeof(w.target), "%s" STR_FMT, e->room != 0 ? "#" : "",
		STR_ARG(e->room != 0 ? e->room_name : e->name));
	if (own != NULL)
		own->mark = w.mark;
	if (e->room != 0)
		tell_room(e->room, &w);
	else
		monitor_each(e->name, tell_one, &w);
	for (size_t i = 0; i < e->rooms.n; i++)
		tell_room(ids_at(e->rooms, i), &w);
	for (struct conn *c = conn_of_user(e->user); e->room == 0 && c != NULL; c = c->twin)
		tell_one(c, &w);
	/* what was set before the login has been answered */
	if (own != NULL && own->irc != NULL && own->irc->run != NULL &&
	    own->irc->run->cmd->fn == irc_METADATA)
		answer(own, &w);
}

/* --- the command ------------------------------------------------------------------------------------------ */

static void
do_GET(struct conn *c, struct irc_run *r)
{
	if (!owner_of(c, r))
		bad_target(c, r);
	else if (c->state != CONN_READY)
		meta_early_get(c, r);
	else
		metadata_get(c);
}

static void
do_LIST(struct conn *c, struct irc_run *r)
{
	if (!owner_of(c, r))
		bad_target(c, r);
	else if (c->state != CONN_READY)
		meta_early_list(c, false, "*");
	else
		metadata_list(c);
}

/* Before the login nobody is seen but oneself, and nothing has been set by others. */
static void
do_SYNC(struct conn *c, struct irc_run *r)
{
	bool all = str_eq(r->msg.param[0], STR_LIT("*ALL"));

	if (!all && !owner_of(c, r))
		bad_target(c, r);
	else if (c->state != CONN_READY)
		meta_close(c, meta_open(c, "metadata", all ? "*ALL" : "*"));
	else if (all)
		metadata_sync_all(c, 0);
	else
		metadata_sync(c);
}

static const struct {
	const char *name;
	uint8_t min, max; /* params behind it */
	uint8_t cost; /* in lines, beyond the line itself */
	bool own; /* of oneself only */
	void (*fn)(struct conn *c, struct irc_run *r);
} subcommands[] = {
    {"CLEAR", 0, 0, 2, false, do_CLEAR},
    {"GET", 1, IRC_PARAMS_MAX, 0, false, do_GET},
    {"LIST", 0, 0, 0, false, do_LIST},
    {"SET", 1, 2, 1, false, do_SET},
    {"SUB", 1, IRC_PARAMS_MAX, 1, true, meta_SUB},
    {"SUBS", 0, 0, 0, true, meta_SUBS},
    {"SYNC", 0, 0, 2, false, do_SYNC},
    {"UNSUB", 1, IRC_PARAMS_MAX, 0, true, meta_UNSUB},
};

static bool
is_me(const struct conn *c, struct str target)
{
	return irc_is(target, "*") || (c->state == CONN_READY && irc_is(target, c->name));
}

static void
run_sub(struct conn *c, struct irc_run *r, size_t i)
{
	unsigned given = r->msg.n - 2;

	if (given < subcommands[i].min) {
		bad_params(c, str_of(subcommands[i].name), "Not enough parameters");
	} else if (given > subcommands[i].max) {
		bad_params(c, str_of(subcommands[i].name), "Too many parameters");
	} else if (subcommands[i].own && !is_me(c, r->msg.param[0])) {
		bad_target(c, r);
	} else {
		conn_charge(c, subcommands[i].cost);
		subcommands[i].fn(c, r);
	}
}

/* One call: what a subcommand asks for is answered as it comes. */
enum irc_done
irc_METADATA(struct conn *c, struct irc_run *r)
{
	if (r->msg.n < 2) {
		bad_params(c, STR_LIT("*"), "Not enough parameters");
		return IRC_DONE;
	}
	for (size_t i = 0; i < ARRAY_LEN(subcommands); i++) {
		if (irc_is(r->msg.param[1], subcommands[i].name)) {
			run_sub(c, r, i);
			return IRC_DONE;
		}
	}
	meta_fail_words(c, false, META_BAD_SUBCOMMAND, irc_middle(r->msg.param[1]), STR_LIT(""), 0,
			"Unknown subcommand");
	return IRC_DONE;
}
