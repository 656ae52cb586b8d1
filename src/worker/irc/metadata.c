/* metadata.c - see metadata.h: the command, subscriptions, and who is told of a change. */
#include "config.h"

#include "worker/irc/metadata.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/name.h"
#include "lib/text.h"
#include "lib/util.h"
#include "proto/irc.h"
#include "worker/input.h"
#include "worker/irc/cmd.h"
#include "worker/irc/irc.h"
#include "worker/irc/monitor.h"
#include "worker/irc/reply.h"
#include "worker/outq.h"
#include "worker/request.h"
#include "worker/room.h"

#define LINE_CAP 1024 /* more than a line may have: it is cut */

/* Set before the login. */
struct early {
	char *key, *value; /* owned */
};

struct irc_subs {
	uint32_t n, cap, nearly;
	char **key; /* owned, in the order in which they came */
	struct early *early; /* owned; META_KEYS_MAX of them, or NULL */
};

/* --- lines -------------------------------------------------------------------------------------- */

bool
metadata_v2(const struct conn *c)
{
	return c->irc->caps & CAP_METADATA_2;
}

bool
metadata_aware(const struct conn *c)
{
	uint32_t caps = c->irc->caps;

	return caps & CAP_BATCH && caps & (CAP_METADATA | CAP_METADATA_2);
}

/* The limit is the line's without its tag. */
static void put(const struct metadata_to *to, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
static void
put(const struct metadata_to *to, const char *fmt, ...)
{
	char line[LINE_CAP + 32];
	size_t head = 0, n;
	va_list ap;
	int more;

	if (to->batch != 0)
		head = bprintf(line, sizeof(line), "@batch=m%u ", to->batch);
	va_start(ap, fmt);
	more = vsnprintf(line + head, LINE_CAP, fmt, ap);
	va_end(ap);
	n = (size_t)MAX(0, MIN(more, LINE_CAP - 1));
	n = head + (n > IRC_BODY_MAX ? text_cut(line + head, n, IRC_BODY_MAX) : n);
	line[n++] = '\r';
	line[n++] = '\n';
	if (to->news)
		outq_copy(to->c, line, n);
	else
		irc_lines(to->c, line, n);
}

uint32_t
metadata_open(struct conn *c, const char *type, const char *target)
{
	uint32_t batch = c->irc->caps & CAP_BATCH ? irc_batch_id() : 0;

	if (batch != 0)
		irc_from_me(c, "BATCH +m%u %s%s%s", batch, type, target[0] != '\0' ? " " : "",
			    target);
	return batch;
}

void
metadata_close(struct conn *c, uint32_t batch)
{
	if (batch != 0)
		irc_from_me(c, "BATCH -m%u", batch);
}

void
metadata_value(const struct metadata_to *to, bool told, const char *target, struct str key,
	       struct str value)
{
	if (told && metadata_v2(to->c))
		put(to, ":%s METADATA %s " STR_FMT " * :" STR_FMT, irc_me, target, STR_ARG(key),
		    STR_ARG(value));
	else
		put(to, ":%s %u %s %s " STR_FMT " * :" STR_FMT, irc_me, RPL_KEYVALUE,
		    irc_nick(to->c), target, STR_ARG(key), STR_ARG(value));
}

void
metadata_unset(const struct metadata_to *to, bool told, const char *target, struct str key)
{
	if (told && metadata_v2(to->c))
		put(to, ":%s METADATA %s " STR_FMT " *", irc_me, target, STR_ARG(key));
	else
		put(to, ":%s %u %s %s " STR_FMT " :Key not set", irc_me, RPL_KEYNOTSET,
		    irc_nick(to->c), target, STR_ARG(key));
}

static const struct {
	const char *v3, *v2;
} codes[META_CODES] = {
    [META_BAD_KEY] = {"INVALID_KEY", "KEY_INVALID"},
    [META_BAD_VALUE] = {"INVALID_VALUE", "VALUE_INVALID"},
    [META_BAD_TARGET] = {"INVALID_TARGET", "INVALID_TARGET"},
    [META_BAD_SUBCOMMAND] = {"INVALID_PARAMS", "SUBCOMMAND_INVALID"},
    [META_DENIED] = {"KEY_NO_PERMISSION", "KEY_NO_PERMISSION"},
    [META_LIMIT] = {"LIMIT_REACHED", "LIMIT_REACHED"},
    [META_SUBS_LIMIT] = {"LIMIT_REACHED", "TOO_MANY_SUBS"},
    [META_NOT_SET] = {"KEY_NOT_SET", "KEY_NOT_SET"},
};

void
metadata_fail(const struct metadata_to *to, bool in_list, enum metadata_code code,
	      const char *context, const char *text)
{
	bool v2 = metadata_v2(to->c);

	put(to, ":%s %s METADATA %s %s%s:%s", irc_me, in_list && !v2 ? "WARN" : "FAIL",
	    v2 ? codes[code].v2 : codes[code].v3, context, context[0] != '\0' ? " " : "", text);
}

/* About up to two words, which may be empty, and a number (0: none). */
static void
fail(struct conn *c, bool in_list, enum metadata_code code, struct str a, struct str b,
     unsigned num, const char *text)
{
	const struct metadata_to to = {.c = c};
	char context[LINE_CAP], last[16] = "";

	if (num > 0)
		bprintf(last, sizeof(last), " %u", num);
	bprintf(context, sizeof(context), STR_FMT "%s" STR_FMT "%s", STR_ARG(a), b.n > 0 ? " " : "",
		STR_ARG(b), last);
	metadata_fail(&to, in_list, code, context, text);
}

static void
bad_params(struct conn *c, struct str sub, const char *text)
{
	irc_fail(c, "METADATA", "INVALID_PARAMS", irc_middle(sub), "%s", text);
}

static void
bad_target(struct conn *c, const struct irc_run *r)
{
	fail(c, false, META_BAD_TARGET, irc_middle(r->msg.param[0]), STR_LIT(""), 0,
	     "Invalid metadata target");
}

static void
bad_key(struct conn *c, bool in_list, struct str key)
{
	fail(c, in_list, META_BAD_KEY, irc_middle(key), STR_LIT(""), 0, "Invalid key");
}

size_t
metadata_cap_value(bool v2, char *out, size_t cap)
{
	size_t n = bprintf(out, cap, "=before-connect,max-subs=%d,max-keys=%d,max-value-bytes=%d",
			   METADATA_SUBS_MAX, META_KEYS_MAX, META_VALUE_MAX);

	return v2 ? n : n + bprintf(out + n, cap - n, ",max-key-bytes=%d", META_KEY_MAX);
}

bool
metadata_key_ok(struct str key)
{
	for (size_t i = 0; i < key.n; i++) {
		char c = key.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
		      (c != '\0' && strchr("_./-", c) != NULL)))
			return false;
	}
	return key.n > 0 && key.n <= META_KEY_MAX;
}

/* --- subscriptions ---------------------------------------------------------------------------------- */

static struct irc_subs *
subs_of(struct conn *c)
{
	if (c->irc->subs == NULL)
		c->irc->subs = xcalloc(1, sizeof(*c->irc->subs));
	return c->irc->subs;
}

static uint32_t
subs_count(const struct conn *c)
{
	return c->irc->subs != NULL ? c->irc->subs->n : 0;
}

int
metadata_sub_of(const struct conn *c, struct str key)
{
	const struct irc_subs *s = c->irc->subs;

	for (uint32_t i = 0; s != NULL && i < s->n; i++) {
		if (str_eq(str_of(s->key[i]), key))
			return (int)i;
	}
	return -1;
}

static void
subscribe(struct conn *c, struct str key)
{
	struct irc_subs *s = subs_of(c);

	if (s->n == s->cap) {
		s->cap = s->cap ? 2 * s->cap : 4;
		s->key = xrealloc(s->key, s->cap * sizeof(s->key[0]));
	}
	s->key[s->n++] = xstrndup(key.p, key.n);
}

void
metadata_unsubscribe(struct conn *c)
{
	struct irc_subs *s = c->irc->subs;

	while (s != NULL && s->n > 0)
		free(s->key[--s->n]);
}

static void
early_forget(struct irc_subs *s)
{
	while (s->nearly > 0) {
		s->nearly--;
		free(s->early[s->nearly].key);
		free(s->early[s->nearly].value);
	}
	free(s->early);
	s->early = NULL;
}

void
metadata_forget(struct conn *c)
{
	struct irc_subs *s = c->irc->subs;

	if (s == NULL)
		return;
	metadata_unsubscribe(c);
	early_forget(s);
	free(s->key);
	free(s);
	c->irc->subs = NULL;
}

/* Keys in as few numerics as they fit into. */
struct key_list {
	unsigned num;
	uint32_t batch;
	size_t n;
	char text[IRC_BODY_MAX];
};

static void
keys_flush(struct conn *c, struct key_list *l)
{
	const struct metadata_to to = {.c = c, .batch = l->batch};

	if (l->n > 0)
		put(&to, ":%s %u %s %.*s", irc_me, l->num, irc_nick(c), (int)l->n, l->text);
	l->n = 0;
}

static void
keys_put(struct conn *c, struct key_list *l, struct str key)
{
	size_t head = strlen(irc_me) + strlen(irc_nick(c)) + 8;

	if (l->n > 0 && head + l->n + 1 + key.n > IRC_BODY_MAX)
		keys_flush(c, l);
	l->n += bprintf(l->text + l->n, sizeof(l->text) - l->n, "%s" STR_FMT, l->n > 0 ? " " : "",
			STR_ARG(key));
}

/* All keys of the line up to one that there is no room for. */
static void
do_SUB(struct conn *c, struct irc_run *r)
{
	struct key_list ok = {.num = RPL_METADATASUBOK};
	uint32_t had = subs_count(c);

	for (unsigned i = 2; i < r->msg.n; i++) {
		struct str key = r->msg.param[i];

		if (!metadata_key_ok(key)) {
			bad_key(c, true, key);
			continue;
		}
		/* also for one that is there already, so that clients know how far it went */
		if (subs_count(c) == METADATA_SUBS_MAX) {
			fail(c, false, META_SUBS_LIMIT, key, STR_LIT(""),
			     metadata_v2(c) ? 0 : METADATA_SUBS_MAX, "Too many subscriptions");
			break;
		}
		if (metadata_sub_of(c, key) < 0)
			subscribe(c, key);
		keys_put(c, &ok, key);
	}
	keys_flush(c, &ok);
	if (c->state == CONN_READY && subs_count(c) > had)
		metadata_sync_all(c, had);
}

static void
do_UNSUB(struct conn *c, struct irc_run *r)
{
	struct key_list ok = {.num = RPL_METADATAUNSUBOK};

	for (unsigned i = 2; i < r->msg.n; i++) {
		struct str key = r->msg.param[i];
		struct irc_subs *s = c->irc->subs;
		int at = metadata_sub_of(c, key);

		if (!metadata_key_ok(key)) {
			bad_key(c, true, key);
			continue;
		}
		if (at >= 0) {
			free(s->key[at]);
			s->n--;
			memmove(s->key + at, s->key + at + 1,
				(s->n - (uint32_t)at) * sizeof(s->key[0]));
		}
		keys_put(c, &ok, key);
	}
	keys_flush(c, &ok);
}

static void
do_SUBS(struct conn *c, struct irc_run *r)
{
	struct key_list list = {.num = RPL_METADATASUBS};

	(void)r;
	list.batch = metadata_open(c, "metadata-subs", "");
	for (uint32_t i = 0; i < subs_count(c); i++)
		keys_put(c, &list, str_of(c->irc->subs->key[i]));
	keys_flush(c, &list);
	metadata_close(c, list.batch);
}

/* --- before the login ----------------------------------------------------------------------------------- */

static struct early *
early_find(const struct conn *c, struct str key)
{
	struct irc_subs *s = c->irc->subs;

	for (uint32_t i = 0; s != NULL && i < s->nearly; i++) {
		if (str_eq(str_of(s->early[i].key), key))
			return &s->early[i];
	}
	return NULL;
}

static void
early_del(struct irc_subs *s, struct early *e)
{
	free(e->key);
	free(e->value);
	*e = s->early[--s->nearly];
}

static void
early_put(struct conn *c, struct str key, struct str value)
{
	struct irc_subs *s = subs_of(c);
	struct early *e = early_find(c, key);

	if (e != NULL) {
		free(e->value);
	} else {
		if (s->early == NULL)
			s->early = xcalloc(META_KEYS_MAX, sizeof(s->early[0]));
		e = &s->early[s->nearly++];
		e->key = xstrndup(key.p, key.n);
	}
	e->value = xstrndup(value.p, value.n);
}

static void
early_set(struct conn *c, const struct irc_run *r, bool on, struct str value)
{
	const struct metadata_to to = {.c = c};
	struct str key = r->msg.param[2];
	struct early *e = early_find(c, key);

	if (on && e == NULL && c->irc->subs != NULL && c->irc->subs->nearly == META_KEYS_MAX) {
		metadata_refused(c, r, ERR_META_FULL);
		return;
	}
	if (on) {
		early_put(c, key, value);
		metadata_value(&to, false, "*", key, value);
		return;
	}
	if (e == NULL) {
		metadata_refused(c, r, ERR_META_NO_KEY);
		return;
	}
	early_del(c->irc->subs, e);
	metadata_unset(&to, false, "*", key);
}

/* All of them, as an answer or in what follows the login. */
static void
early_list(struct conn *c, bool told, const char *target)
{
	struct metadata_to to = {.c = c};
	const struct irc_subs *s = c->irc->subs;

	to.batch = metadata_open(c, "metadata", target);
	for (uint32_t i = 0; s != NULL && i < s->nearly; i++)
		metadata_value(&to, told, target, str_of(s->early[i].key),
			       str_of(s->early[i].value));
	metadata_close(c, to.batch);
}

static void
early_get(struct conn *c, const struct irc_run *r)
{
	struct metadata_to to = {.c = c};

	to.batch = metadata_open(c, "metadata", "*");
	for (unsigned i = 2; i < r->msg.n; i++) {
		struct str key = r->msg.param[i], shown = irc_middle(key);
		const struct early *e = early_find(c, key);
		char context[LINE_CAP];

		bprintf(context, sizeof(context), STR_FMT, STR_ARG(shown));
		if (!metadata_key_ok(key))
			metadata_fail(&to, true, META_BAD_KEY, context, "Invalid key");
		else if (e != NULL)
			metadata_value(&to, false, "*", key, str_of(e->value));
		else
			metadata_unset(&to, false, "*", key);
	}
	metadata_close(c, to.batch);
}

static void
early_clear(struct conn *c)
{
	struct metadata_to to = {.c = c};
	struct irc_subs *s = c->irc->subs;

	to.batch = metadata_open(c, "metadata", "*");
	for (uint32_t i = 0; s != NULL && i < s->nearly; i++)
		metadata_unset(&to, false, "*", str_of(s->early[i].key));
	metadata_close(c, to.batch);
	if (s != NULL)
		early_forget(s);
}

void
metadata_welcome(struct conn *c)
{
	if (metadata_aware(c))
		early_list(c, true, c->name);
}

void
metadata_set_early(struct conn *c)
{
	struct irc_subs *s = c->irc->subs;

	for (uint32_t i = 0; s != NULL && i < s->nearly; i++)
		request_meta(c, true, STR_LIT(""), STR_LIT(""), str_of(s->early[i].key),
			     str_of(s->early[i].value));
	if (s != NULL)
		early_forget(s);
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
	bool on = r->msg.n > 3 && (r->msg.param[3].n > 0 || metadata_v2(c));

	if (!metadata_key_ok(key))
		bad_key(c, false, key);
	else if (value.n > META_VALUE_MAX)
		fail(c, false, META_BAD_VALUE, metadata_v2(c) ? STR_LIT("") : key, STR_LIT(""), 0,
		     "The value is too long");
	else if (!owner_of(c, r))
		bad_target(c, r);
	else if (c->state != CONN_READY)
		early_set(c, r, on, value);
	else
		request_meta(c, on, r->room, r->name, key, on ? value : STR_LIT(""));
}

static void
do_CLEAR(struct conn *c, struct irc_run *r)
{
	if (!owner_of(c, r))
		bad_target(c, r);
	else if (c->state != CONN_READY)
		early_clear(c);
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
	case ERR_NOT_IN_ROOM:
		fail(c, false, META_DENIED, target, key, 0, "You may not change that");
		return true;
	case ERR_NO_SUCH_USER:
	case ERR_NO_SUCH_ROOM:
		bad_target(c, r);
		return true;
	case ERR_BAD_ARGUMENT:
		fail(c, false, META_BAD_VALUE, metadata_v2(c) ? STR_LIT("") : key, STR_LIT(""), 0,
		     "Invalid value");
		return true;
	default:
		return false;
	}
}

/* To delete what is not there is an error in the older draft only. */
static void
not_set(struct conn *c, const struct irc_run *r)
{
	const struct metadata_to to = {.c = c};
	struct str target = r->msg.param[0];
	char shown[LINE_CAP];

	if (metadata_v2(c)) {
		fail(c, false, META_NOT_SET, target, r->msg.param[2], 0, "Key not set");
		return;
	}
	if (irc_is(target, "*") && c->state == CONN_READY)
		target = str_of(c->name);
	bprintf(shown, sizeof(shown), STR_FMT, STR_ARG(target));
	metadata_unset(&to, false, shown, r->msg.param[2]);
}

bool
metadata_refused(struct conn *c, const struct irc_run *r, unsigned err)
{
	bool asked = r != NULL && r->cmd->fn == irc_METADATA;

	if (err == ERR_META_FULL)
		fail(c, false, META_LIMIT, asked ? r->msg.param[0] : str_of(c->name), STR_LIT(""),
		     metadata_v2(c) ? 0 : META_KEYS_MAX, "Too many keys are set");
	else if (err == ERR_META_NO_KEY && asked)
		not_set(c, r);
	else
		return asked && refused(c, r, err);
	return true;
}

/* --- a change ------------------------------------------------------------------------------------------- */

struct news {
	const struct m_e_meta *e;
	char target[METADATA_TARGET_MAX];
	uint32_t mark; /* of those who have been told */
};

/* The next of the keys that have been deleted. */
static bool
next_key(struct str *names, struct str *key_r)
{
	const char *space = names->n > 0 ? memchr(names->p, ' ', names->n) : NULL;
	size_t n = space != NULL ? (size_t)(space - names->p) : names->n;

	*key_r = (struct str){names->p, n};
	n += space != NULL;
	*names = (struct str){names->p + n, names->n - n};
	return key_r->n > 0;
}

/* If it has subscribed to the key. */
static void
tell_one(struct conn *c, void *arg)
{
	const struct metadata_to to = {.c = c, .news = true};
	struct news *w = arg;
	struct str names = w->e->key.n > 0 ? w->e->key : w->e->value, key;

	if (c->irc == NULL || c->flags & CONN_ENDED || c->mark == w->mark || !metadata_aware(c))
		return;
	c->mark = w->mark;
	while (next_key(&names, &key)) {
		if (metadata_sub_of(c, key) < 0)
			continue;
		if (w->e->on)
			metadata_value(&to, true, w->target, key, w->e->value);
		else
			metadata_unset(&to, true, w->target, key);
	}
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
	struct metadata_to to = {.c = c};
	struct str names = w->e->value, key;

	if (w->e->on) {
		metadata_value(&to, false, w->target, w->e->key, w->e->value);
		return;
	}
	if (w->e->key.n > 0) {
		metadata_unset(&to, false, w->target, w->e->key);
		return;
	}
	to.batch = metadata_open(c, "metadata", w->target);
	while (next_key(&names, &key))
		metadata_unset(&to, false, w->target, key);
	metadata_close(c, to.batch);
}

/* Those who share a room with whom it is about, or watch it, or are in the room; not whoever did it. */
void
irc_meta(const struct m_e_meta *e, struct conn *own)
{
	struct news w = {.e = e, .mark = outq_mark()};
	struct conn *c = e->room == 0 ? conn_of_user(e->user) : NULL;

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
	if (c != NULL)
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
		early_get(c, r);
	else
		metadata_get(c);
}

static void
do_LIST(struct conn *c, struct irc_run *r)
{
	if (!owner_of(c, r))
		bad_target(c, r);
	else if (c->state != CONN_READY)
		early_list(c, false, "*");
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
		metadata_close(c, metadata_open(c, "metadata", all ? "*ALL" : "*"));
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
    {"CLEAR", 0, 0, 2, false, do_CLEAR},         {"GET", 1, IRC_PARAMS_MAX, 0, false, do_GET},
    {"LIST", 0, 0, 0, false, do_LIST},           {"SET", 1, 2, 1, false, do_SET},
    {"SUB", 1, IRC_PARAMS_MAX, 1, true, do_SUB}, {"SUBS", 0, 0, 0, true, do_SUBS},
    {"SYNC", 0, 0, 2, false, do_SYNC},           {"UNSUB", 1, IRC_PARAMS_MAX, 0, true, do_UNSUB},
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
	fail(c, false, META_BAD_SUBCOMMAND, irc_middle(r->msg.param[1]), STR_LIT(""), 0,
	     "Unknown subcommand");
	return IRC_DONE;
}
