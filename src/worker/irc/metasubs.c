/* metasubs.c - see metasubs.h. */
#include "config.h"

#include "worker/irc/metasubs.h"

#include <stdlib.h>
#include <string.h>

#include "lib/util.h"
#include "proto/irc.h"
#include "registry/registry.h"
#include "worker/irc/cmd.h"
#include "worker/irc/irc.h"
#include "worker/irc/metadata.h"
#include "worker/irc/metaline.h"
#include "worker/irc/monitor.h"
#include "worker/irc/reply.h"
#include "worker/request.h"
#include "worker/worker.h"

#define LATER_S 5u

/* Set before the login. */
struct early {
	char *key, *value; /* owned */
};

struct irc_subs {
	uint32_t n, cap, nearly;
	char **key; /* owned, in the order in which they came */
	struct early *early; /* owned; META_KEYS_MAX of them, or NULL */
};

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
meta_sub_of(const struct conn *c, struct str key)
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
	const struct meta_to to = {.c = c, .batch = l->batch};

	if (l->n > 0)
		meta_put(&to, ":%s %u %s %.*s", irc_me, l->num, irc_nick(c), (int)l->n, l->text);
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

/* It is in no room, watches nobody, and has no keys of its own. */
static bool
sees_nothing(const struct conn *c)
{
	static struct reg_meta_view keys[META_KEYS_MAX];
	struct str watched;

	return c->nrooms == 0 && !monitor_nth(c, 0, &watched) &&
	       registry_meta(worker.reg, false, c->user, keys) == 0;
}

/* What there is of the subscriptions from that place on. Who sees nothing yet has mostly just come, and will be shown each
 * room as it enters it: it is told to ask for what else there is later. */
static void
sync_new(struct conn *c, uint32_t from)
{
	if (!meta_v2(c) && sees_nothing(c))
		irc_num(c, RPL_METADATASYNCLATER, "*ALL %u :Nobody is in sight yet", LATER_S);
	else
		metadata_sync_all(c, from);
}

/* All keys of the line up to one that there is no room for. */
void
meta_SUB(struct conn *c, struct irc_run *r)
{
	struct key_list ok = {.num = RPL_METADATASUBOK};
	uint32_t had = subs_count(c);

	for (unsigned i = 2; i < r->msg.n; i++) {
		struct str key = r->msg.param[i];

		if (!meta_key_ok(key)) {
			meta_bad_key(c, true, key);
			continue;
		}
		/* also for one that is there already, so that clients know how far it went */
		if (subs_count(c) == META_SUBS_MAX) {
			meta_fail_words(c, false, META_SUBS_LIMIT, key, STR_LIT(""),
					meta_v2(c) ? 0 : META_SUBS_MAX, "Too many subscriptions");
			break;
		}
		if (meta_sub_of(c, key) < 0)
			subscribe(c, key);
		keys_put(c, &ok, key);
	}
	keys_flush(c, &ok);
	if (c->state == CONN_READY && subs_count(c) > had)
		sync_new(c, had);
}

void
meta_UNSUB(struct conn *c, struct irc_run *r)
{
	struct key_list ok = {.num = RPL_METADATAUNSUBOK};

	for (unsigned i = 2; i < r->msg.n; i++) {
		struct str key = r->msg.param[i];
		struct irc_subs *s = c->irc->subs;
		int at = meta_sub_of(c, key);

		if (!meta_key_ok(key)) {
			meta_bad_key(c, true, key);
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

void
meta_SUBS(struct conn *c, struct irc_run *r)
{
	struct key_list list = {.num = RPL_METADATASUBS};

	(void)r;
	list.batch = meta_open(c, "metadata-subs", "");
	for (uint32_t i = 0; i < subs_count(c); i++)
		keys_put(c, &list, str_of(c->irc->subs->key[i]));
	keys_flush(c, &list);
	meta_close(c, list.batch);
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

void
meta_early_set(struct conn *c, const struct irc_run *r, bool on, struct str value)
{
	const struct meta_to to = {.c = c};
	struct str key = r->msg.param[2];
	struct early *e = early_find(c, key);

	if (on && e == NULL && c->irc->subs != NULL && c->irc->subs->nearly == META_KEYS_MAX) {
		metadata_refused(c, r, ERR_META_FULL);
		return;
	}
	if (on) {
		early_put(c, key, value);
		meta_value(&to, false, "*", key, value);
		return;
	}
	if (e == NULL) {
		metadata_refused(c, r, ERR_META_NO_KEY);
		return;
	}
	early_del(c->irc->subs, e);
	meta_unset(&to, false, "*", key);
}

/* All of them, as an answer or in what follows the login. */
void
meta_early_list(struct conn *c, bool told, const char *target)
{
	struct meta_to to = {.c = c};
	const struct irc_subs *s = c->irc->subs;

	to.batch = meta_open(c, "metadata", target);
	for (uint32_t i = 0; s != NULL && i < s->nearly; i++)
		meta_value(&to, told, target, str_of(s->early[i].key), str_of(s->early[i].value));
	meta_close(c, to.batch);
}

void
meta_early_get(struct conn *c, const struct irc_run *r)
{
	struct meta_to to = {.c = c};

	to.batch = meta_open(c, "metadata", "*");
	for (unsigned i = 2; i < r->msg.n; i++) {
		struct str key = r->msg.param[i];
		const struct early *e = early_find(c, key);

		if (!meta_key_ok(key))
			meta_fail(&to, true, META_BAD_KEY, irc_middle(key), "Invalid key");
		else if (e != NULL)
			meta_value(&to, false, "*", key, str_of(e->value));
		else
			meta_unset(&to, false, "*", key);
	}
	meta_close(c, to.batch);
}

void
meta_early_clear(struct conn *c)
{
	struct meta_to to = {.c = c};
	struct irc_subs *s = c->irc->subs;

	to.batch = meta_open(c, "metadata", "*");
	for (uint32_t i = 0; s != NULL && i < s->nearly; i++)
		meta_unset(&to, false, "*", str_of(s->early[i].key));
	meta_close(c, to.batch);
	if (s != NULL)
		early_forget(s);
}

void
metadata_welcome(struct conn *c)
{
	if (metadata_aware(c))
		meta_early_list(c, true, c->name);
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
