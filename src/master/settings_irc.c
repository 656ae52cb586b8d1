/* settings_irc.c - what chatd.conf says of IRC and is more than a row of the options' table; see settings.h. */
#include "config.h"

#include "master/settings_priv.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "ipc/ctl.h"
#include "ipc/pwhash.h"
#include "lib/name.h"
#include "lib/text.h"
#include "lib/util.h"

#define MOTD_MAX (sizeof(((struct options *)0)->irc_motd) - 1)
#define BLOCK_NAME_MAX 64

/* That of at, which has a secret. */
static void
note_file(struct walk *w, const config_setting_t *at)
{
	char *out = w->s->secret_file, *colon;

	conf_where(w->c, at, out, sizeof(w->s->secret_file));
	colon = strrchr(out, ':');
	if (colon != NULL)
		*colon = '\0';
}

const char *
settings_secret(struct walk *w, const config_setting_t *at, const char *path, size_t max)
{
	const char *v = settings_string(w, at, path, max);

	if (v == NULL || strcmp(v, SETTINGS_HIDDEN) != 0) {
		if (w->s->secret_file[0] == '\0' && v != NULL && v[0] != '\0')
			note_file(w, at);
		return v;
	}
	conf_error(w->e, w->c, at,
		   "%s: %s stands for a secret that was not shown; write the secret", path,
		   SETTINGS_HIDDEN);
	return NULL;
}

/* --- the message of the day ------------------------------------------------------------------ */

/* Lines' ends around it go. A text that begins with "/" can so be written with a line's end before it. */
static void
set_motd(struct walk *w, const config_setting_t *at, const char *what, const char *p, size_t n)
{
	if (!text_utf8_ok(p, n) || !text_is_clean(p, n, TEXT_KEEP_NL)) {
		conf_error(w->e, w->c, at, "%s has control characters in it, or is not UTF-8",
			   what);
		return;
	}
	for (; n > 0 && p[0] == '\n'; n--)
		p++;
	while (n > 0 && p[n - 1] == '\n')
		n--;
	bprintf(w->s->opt.irc_motd, MOTD_MAX + 1, "%.*s", (int)n, p);
}

static void
read_motd(struct walk *w, const config_setting_t *at, const char *path)
{
	char what[320];
	const char *why;
	size_t n;
	char *p;

	bprintf(what, sizeof(what), "irc.motd: %s", path);
	p = conf_slurp(path, MOTD_MAX, &n, &why);
	if (p == NULL)
		conf_error(w->e, w->c, at, "%s: %s", what, why);
	else
		set_motd(w, at, what, p, n);
	free(p);
}

void
settings_motd(struct walk *w, const config_setting_t *at)
{
	const char *v;

	if (config_setting_type(at) != CONFIG_TYPE_STRING) {
		conf_error(w->e, w->c, at, "irc.motd wants a string in quotes, not %s",
			   settings_type_name(at));
		return;
	}
	v = config_setting_get_string(at);
	if (v != NULL && v[0] == '/') {
		if ((v = settings_string(w, at, "irc.motd", 255)) != NULL)
			read_motd(w, at, v);
	} else if (v != NULL && strlen(v) > MOTD_MAX) {
		conf_error(w->e, w->c, at, "irc.motd is longer than %zu bytes", MOTD_MAX);
	} else if (v != NULL) {
		set_motd(w, at, "irc.motd", v, strlen(v));
	}
}

/* --- lists of blocks ------------------------------------------------------------------------- */

/* One key of a block. set takes the value, or says what is wrong with it. */
struct block_key {
	const char *name;
	bool needed;
	void (*set)(struct walk *w, const config_setting_t *at, void *block);
};

static void
walk_block(struct walk *w, const config_setting_t *at, const char *what,
	   const struct block_key *keys, size_t n, void *block)
{
	for (int i = 0; i < config_setting_length(at); i++) {
		const config_setting_t *el = config_setting_get_elem(at, (unsigned)i);
		size_t k = 0;

		while (k < n && strcmp(keys[k].name, config_setting_name(el)) != 0)
			k++;
		if (k == n)
			conf_error(w->e, w->c, el, "%s has no option \"%s\"", what,
				   config_setting_name(el));
		else
			keys[k].set(w, el, block);
	}
	for (size_t k = 0; k < n; k++) {
		if (keys[k].needed && config_setting_get_member(at, keys[k].name) == NULL)
			conf_error(w->e, w->c, at, "%s needs a %s", what, keys[k].name);
	}
}

/* Each group of the list to `one`. */
static void
walk_list(struct walk *w, const config_setting_t *at, const char *path,
	  void (*one)(struct walk *w, const config_setting_t *at))
{
	if (!config_setting_is_list(at)) {
		conf_error(w->e, w->c, at, "%s wants ( { … }, { … } ), not %s", path,
			   settings_type_name(at));
		return;
	}
	for (int i = 0; i < config_setting_length(at); i++) {
		const config_setting_t *el = config_setting_get_elem(at, (unsigned)i);

		if (config_setting_is_group(el))
			one(w, el);
		else
			conf_error(w->e, w->c, el, "%s has groups { } in it, not %s", path,
				   settings_type_name(el));
	}
}

/* --- gateways -------------------------------------------------------------------------------- */

struct gateway {
	struct webirc_block block;
	char hosts[1024];
};

static void
gateway_password(struct walk *w, const config_setting_t *at, void *block)
{
	const char *v = settings_secret(w, at, "password", 128);

	if (v != NULL && (v[0] == '\0' || v[0] == ':' || strchr(v, ' ') != NULL))
		conf_error(w->e, w->c, at, "password of a gateway is a word without spaces");
	else if (v != NULL)
		((struct gateway *)block)->block.password = str_of(v);
}

static void
gateway_name(struct walk *w, const config_setting_t *at, void *block)
{
	const char *v = settings_string(w, at, "name", BLOCK_NAME_MAX);

	if (v != NULL)
		((struct gateway *)block)->block.name = str_of(v);
}

/* An address, or one with a slash and its bits. */
static bool
is_net(const char *v)
{
	size_t n = strcspn(v, "/");
	char host[INET6_ADDRSTRLEN], *end;
	struct in6_addr a;
	unsigned long bits, most;

	if (n >= sizeof(host))
		return false;
	bprintf(host, sizeof(host), "%.*s", (int)n, v);
	if (inet_pton(AF_INET, host, &a) == 1)
		most = 32;
	else if (inet_pton(AF_INET6, host, &a) == 1)
		most = 128;
	else
		return false;
	if (v[n] == '\0')
		return true;
	if (v[n + 1] < '0' || v[n + 1] > '9')
		return false;
	bits = strtoul(v + n + 1, &end, 10);
	return *end == '\0' && bits <= most;
}

static void
gateway_hosts(struct walk *w, const config_setting_t *at, void *block)
{
	struct gateway *g = block;
	size_t len = 0;

	if (!config_setting_is_array(at) && !config_setting_is_list(at)) {
		conf_error(w->e, w->c, at, "hosts wants [ \"192.0.2.7\", \"10.0.0.0/8\" ], not %s",
			   settings_type_name(at));
		return;
	}
	for (int i = 0; i < config_setting_length(at); i++) {
		const config_setting_t *el = config_setting_get_elem(at, (unsigned)i);
		const char *v = settings_string(w, el, "hosts", 64);

		if (v == NULL)
			return;
		if (!is_net(v)) {
			conf_error(w->e, w->c, el, "\"%s\" is neither an address nor a network", v);
			return;
		}
		if (len + strlen(v) + 2 > sizeof(g->hosts)) {
			conf_error(w->e, w->c, at, "hosts is too long");
			return;
		}
		len +=
		    bprintf(g->hosts + len, sizeof(g->hosts) - len, "%s%s", len > 0 ? "," : "", v);
	}
	if (len == 0)
		conf_error(w->e, w->c, at, "hosts is empty: the gateway could not be used");
}

static void
gateway(struct walk *w, const config_setting_t *at)
{
	static const struct block_key keys[] = {
	    {"password", true, gateway_password},
	    {"hosts", true, gateway_hosts},
	    {"name", false, gateway_name},
	};
	struct gateway g = {.hosts = ""};

	walk_block(w, at, "a gateway", keys, ARRAY_LEN(keys), &g);
	g.block.hosts = str_of(g.hosts);
	if (!webirc_add(w->s->opt.webirc, WEBIRC_MAX, &g.block))
		conf_error(w->e, w->c, at, "irc.webirc is too long");
}

void
settings_webirc(struct walk *w, const config_setting_t *at)
{
	walk_list(w, at, "irc.webirc", gateway);
}

/* --- operators ------------------------------------------------------------------------------- */

static void
operator_name(struct walk *w, const config_setting_t *at, void *block)
{
	const char *v = settings_string(w, at, "name", BLOCK_NAME_MAX);

	if (v != NULL && (v[0] == '\0' || v[0] == ':' || strchr(v, ' ') != NULL))
		conf_error(w->e, w->c, at,
			   "name of an operator is a word without spaces, not \"%s\"", v);
	else if (v != NULL)
		((struct operator_block *)block)->name = str_of(v);
}

static void
operator_password(struct walk *w, const config_setting_t *at, void *block)
{
	/* too long is no reason of its own: it is no hash then */
	const char *v = settings_secret(w, at, "password", 1024), *why;

	if (v == NULL)
		return;
	why = pwhash_wrong(v, strlen(v));
	/* not repeated: it may be the password itself */
	if (why != NULL)
		conf_error(w->e, w->c, at, "this password is %s", why);
	else
		((struct operator_block *)block)->hash = str_of(v);
}

static void
operator_mask(struct walk *w, const config_setting_t *at, void *block)
{
	const char *v = settings_string(w, at, "mask", MASK_MAX);

	if (v != NULL && strchr(v, ' ') != NULL)
		conf_error(w->e, w->c, at, "mask is user@host without spaces, not \"%s\"", v);
	else if (v != NULL)
		((struct operator_block *)block)->mask = str_of(v);
}

static void
operator_account(struct walk *w, const config_setting_t *at, void *block)
{
	const char *v = settings_string(w, at, "account", NAME_BYTES_MAX);

	if (v != NULL && v[0] != '\0' && name_check(v, strlen(v)) != NAME_OK)
		conf_error(w->e, w->c, at, "\"%s\" cannot be an account's name", v);
	else if (v != NULL)
		((struct operator_block *)block)->account = str_of(v);
}

static void
operator_level(struct walk *w, const config_setting_t *at, void *block)
{
	const char *v = settings_string(w, at, "level", 16);
	struct operator_block *o = block;

	if (v == NULL)
		return;
	o->level = LEVEL_NONE;
	for (unsigned l = LEVEL_READ; l <= LEVEL_ADMIN; l++) {
		if (strcmp(v, ctl_level_name(l)) == 0)
			o->level = (enum admin_level)l;
	}
	if (o->level == LEVEL_NONE)
		conf_error(w->e, w->c, at, "level wants read, operate or admin, not \"%s\"", v);
}

static bool
operator_taken(const struct settings *s, struct str name)
{
	struct str rest = str_of(s->opt.operators);
	struct operator_block o;

	while (operator_next(&rest, &o)) {
		if (str_eq(o.name, name))
			return true;
	}
	return false;
}

static void
operator(struct walk *w, const config_setting_t *at)
{
	static const struct block_key keys[] = {
	    {"name", true, operator_name},    {"password", true, operator_password},
	    {"mask", false, operator_mask},   {"account", false, operator_account},
	    {"level", false, operator_level},
	};
	struct operator_block o = {.level = LEVEL_OPERATE};

	walk_block(w, at, "an operator", keys, ARRAY_LEN(keys), &o);
	if (o.name.n == 0 || o.hash.n == 0)
		return;
	if (operator_taken(w->s, o.name))
		conf_error(w->e, w->c, at, "there are two operators called \"" STR_FMT "\"",
			   STR_ARG(o.name));
	else if (!operator_add(w->s->opt.operators, OPERATORS_MAX, &o))
		conf_error(w->e, w->c, at, "operators is too long");
}

void
settings_operators(struct walk *w, const config_setting_t *at)
{
	walk_list(w, at, "operators", operator);
}
