/* settings.c - see settings.h. Walks the tree of libconfig against the tables; libconfig itself
 * knows neither types nor ranges, and says nothing of keys that nobody knows. */
#include "config.h"

#include "master/settings_priv.h"

#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/logsink.h"
#include "lib/name.h"
#include "lib/text.h"
#include "lib/util.h"

#define STAY UINT32_MAX
#define DEFAULT_USER "nobody" /* when root starts us and no user is named */

const char *
settings_type_name(const config_setting_t *at)
{
	switch (config_setting_type(at)) {
	case CONFIG_TYPE_GROUP:
		return "a group { }";
	case CONFIG_TYPE_ARRAY:
		return "an array [ ]";
	case CONFIG_TYPE_LIST:
		return "a list ( )";
	case CONFIG_TYPE_STRING:
		return "a string";
	case CONFIG_TYPE_BOOL:
		return "true or false";
	case CONFIG_TYPE_FLOAT:
		return "a number with a fraction or exponent";
	default:
		return "a number";
	}
}

/* --- values ------------------------------------------------------------------------------- */

const char *
settings_string(struct walk *w, const config_setting_t *at, const char *path, size_t max)
{
	const char *v;

	if (config_setting_type(at) != CONFIG_TYPE_STRING) {
		conf_error(w->e, w->c, at, "%s wants a string in quotes, not %s", path,
			   settings_type_name(at));
		return NULL;
	}
	v = config_setting_get_string(at);
	if (v == NULL)
		v = "";
	if (strlen(v) > max) {
		conf_error(w->e, w->c, at, "%s is longer than %zu bytes", path, max);
		return NULL;
	}
	if (!text_utf8_ok(v, strlen(v)) || !text_is_clean(v, strlen(v), 0)) {
		conf_error(w->e, w->c, at, "%s has control characters in it, or is not UTF-8",
			   path);
		return NULL;
	}
	return v;
}

bool
settings_int(struct walk *w, const config_setting_t *at, const char *path, uint64_t min,
	     uint64_t max, uint64_t *v_r)
{
	long long v;

	if (max == 1 && config_setting_type(at) == CONFIG_TYPE_BOOL) {
		*v_r = config_setting_get_bool(at) == CONFIG_TRUE;
		return true;
	}
	if (config_setting_type(at) != CONFIG_TYPE_INT &&
	    config_setting_type(at) != CONFIG_TYPE_INT64) {
		conf_error(w->e, w->c, at, "%s wants a whole number, not %s", path,
			   settings_type_name(at));
		return false;
	}
	v = config_setting_get_int64(at);
	if (config_setting_type(at) == CONFIG_TYPE_INT)
		v = config_setting_get_int(at);
	if (v < 0 || (uint64_t)v < min || (uint64_t)v > max) {
		conf_error(w->e, w->c, at, "%s is %lld, but goes from %llu to %llu", path, v,
			   (unsigned long long)min, (unsigned long long)max);
		return false;
	}
	*v_r = (uint64_t)v;
	return true;
}

bool
settings_built(const char *path)
{
	static const char *const later[] = {
#ifndef HAVE_SODIUM
		"operators",
		"auth",
#endif
#ifndef HAVE_SQLITE
		"accounts",
		"history",
		"store",
#endif
#ifndef HAVE_WEB
		"web",
#endif
#if !defined(HAVE_WEB) || !defined(HAVE_SQLITE)
		"files",
#endif
#ifndef HAVE_OPENSSL
		"tls",
#endif
		"link",
		"metrics",
		"log.json"
	};

	for (size_t i = 0; i < ARRAY_LEN(later); i++) {
		size_t n = strlen(later[i]);

		if (strncmp(path, later[i], n) == 0 && (path[n] == '\0' || path[n] == '.'))
			return false;
	}
	return true;
}

/* --- checks of single options: NULL, or what is wrong with the value ---------------------- */

static const char *
check_dir(const char *v)
{
	return v[0] == '/' ? NULL : "wants a path that begins with /";
}

const char *
settings_check_path(const char *v)
{
	return v[0] == '\0' ? NULL : check_dir(v);
}

static const char *
check_room(const char *v)
{
	enum name_err err = v[0] == '\0' ? NAME_OK : room_check(v, strlen(v));

	return err == NAME_OK ? NULL : "wants the name of a room, or none";
}

static const char *
check_log_to(const char *v)
{
	return strcmp(v, "syslog") == 0 || strcmp(v, "stderr") == 0 || v[0] == '/'
		   ? NULL
		   : "wants \"syslog\", \"stderr\" or a path that begins with /";
}

static const char *
check_facility(const char *v)
{
	return logsink_facility(v) >= 0 ? NULL
					: "wants a facility of syslog(3), as in daemon or local3";
}

static const char *
check_level(const char *v)
{
	return log_level_parse(v) >= 0
		   ? NULL
		   : "wants emerg, alert, crit, err, warning, notice, info or debug";
}

static const char *
check_network(const char *v)
{
	return v[0] != '\0' && strchr(v, ' ') == NULL ? NULL : "wants a word without spaces";
}

static const char *
check_durability(const char *v)
{
	return strcmp(v, "journal") == 0 || strcmp(v, "disk") == 0 ? NULL : "wants journal or disk";
}

static const struct {
	const char *path;
	const char *(*check)(const char *v);
} checks[] = {
    {"run_dir", check_dir},
    {"state_dir", check_dir},
    {"control.socket", settings_check_path},
    {"rooms.default", check_room},
    {"log.to", check_log_to},
    {"log.facility", check_facility},
    {"log.level", check_level},
    {"irc.network", check_network},
    {"store.durability", check_durability},
    {"web.root", settings_check_path},
    {"web.url", settings_check_url},
    {"web.origins", settings_check_origins},
    {"web.metrics", settings_check_networks},
    {"proxy.trusted", settings_check_networks},
    {"limits.exempt", settings_check_networks},
    {"tls.certificate", settings_check_path},
    {"tls.key", settings_check_path},
};

/* Settings that are more than a row: strings of another kind, and tables. */
static const struct {
	const char *path;
	void (*set)(struct walk *w, const config_setting_t *at);
} specials[] = {
    {"listen", settings_listeners},    {"irc.webirc", settings_webirc}, {"irc.motd", settings_motd},
    {"operators", settings_operators}, {"tls.more", settings_tls_more},
};

static void
set_string(struct walk *w, const config_setting_t *at, const struct option_row *row)
{
	const char *v, *why = NULL;

	v = strcmp(row->path, "irc.password") == 0 ? settings_secret(w, at, row->path, row->max)
						   : settings_string(w, at, row->path, row->max);
	if (v == NULL)
		return;
	for (size_t i = 0; i < ARRAY_LEN(checks); i++) {
		if (strcmp(checks[i].path, row->path) == 0)
			why = checks[i].check(v);
	}
	if (why != NULL)
		conf_error(w->e, w->c, at, "%s %s, not \"%s\"", row->path, why, v);
	else
		bprintf((char *)&w->s->opt + row->offset, row->max + 1, "%s", v);
}

static void
set_option(struct walk *w, const config_setting_t *at, const struct option_row *row)
{
	uint64_t v;

	if (strcmp(row->path, "user") == 0)
		w->user = at;
	if (strcmp(row->path, "group") == 0)
		w->group = at;
	if (strcmp(row->path, "control.socket") == 0)
		w->socket = at;
	if (strcmp(row->path, "tls.certificate") == 0)
		w->certificate = at;
	if (strcmp(row->path, "run_dir") == 0)
		w->run_dir = at;
	if (row->type == OPTION_STR)
		set_string(w, at, row);
	else if (settings_int(w, at, row->path, row->min, row->max, &v))
		memcpy((char *)&w->s->opt + row->offset, &v, sizeof(v));
}

/* --- who may use chatctl ------------------------------------------------------------------ */

static const struct {
	const char *path;
	size_t offset;
} lists[] = {
    {"control.admin", offsetof(struct options, control_admin)},
    {"control.operate", offsetof(struct options, control_operate)},
    {"control.read", offsetof(struct options, control_read)},
};

static bool
exists(const char *who)
{
	if (who[0] == '@')
		return getgrnam(who + 1) != NULL;
	return getpwnam(who) != NULL;
}

static void
set_list(struct walk *w, const config_setting_t *at, const char *path, char *out)
{
	size_t len = 0;

	if (!config_setting_is_array(at) && !config_setting_is_list(at)) {
		conf_error(w->e, w->c, at, "%s wants [ \"user\", \"@group\" ], not %s", path,
			   settings_type_name(at));
		return;
	}
	for (int i = 0; i < config_setting_length(at); i++) {
		const config_setting_t *el = config_setting_get_elem(at, (unsigned)i);
		const char *who = settings_string(w, el, path, 64);

		if (who == NULL)
			return;
		if (who[0] == '\0' || strchr(who, ',') != NULL || !exists(who)) {
			conf_error(w->e, w->c, el, "%s: there is no %s \"%s\"", path,
				   who[0] == '@' ? "group" : "user", who[0] == '@' ? who + 1 : who);
			continue;
		}
		if (len + strlen(who) + 2 > OPTIONS_LIST_MAX) {
			conf_error(w->e, w->c, at, "%s is too long", path);
			return;
		}
		len += bprintf(out + len, OPTIONS_LIST_MAX - len, "%s%s", len > 0 ? "," : "", who);
	}
}

/* --- the tree ----------------------------------------------------------------------------- */

static const struct option_row *
row_named(const char *path)
{
	for (size_t i = 0; i < option_count; i++) {
		if (strcmp(option_rows[i].path, path) == 0)
			return &option_rows[i];
	}
	return NULL;
}

static bool
is_section(const char *path)
{
	size_t n = strlen(path);

	for (size_t i = 0; i < option_count; i++) {
		if (strncmp(option_rows[i].path, path, n) == 0 && option_rows[i].path[n] == '.')
			return true;
	}
	return false;
}

static void walk_group(struct walk *w, const config_setting_t *group, const char *prefix);

static void
walk_setting(struct walk *w, const config_setting_t *at, const char *prefix)
{
	const struct option_row *row;
	char path[128];

	bprintf(path, sizeof(path), "%s%s", prefix, config_setting_name(at));
	if (!settings_built(path)) {
		conf_error(w->e, w->c, at, "%s is not in this build", path);
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(specials); i++) {
		if (strcmp(path, specials[i].path) == 0) {
			specials[i].set(w, at);
			return;
		}
	}
	row = row_named(path);
	if (row != NULL) {
		set_option(w, at, row);
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		if (strcmp(path, lists[i].path) == 0) {
			set_list(w, at, path, (char *)&w->s->opt + lists[i].offset);
			return;
		}
	}
	if (!is_section(path)) {
		conf_error(w->e, w->c, at, "there is no option %s", path);
	} else if (!config_setting_is_group(at)) {
		conf_error(w->e, w->c, at, "%s wants a group { }, not %s", path,
			   settings_type_name(at));
	} else {
		bprintf(path, sizeof(path), "%s%s.", prefix, config_setting_name(at));
		walk_group(w, at, path);
	}
}

static void
walk_group(struct walk *w, const config_setting_t *group, const char *prefix)
{
	for (int i = 0; i < config_setting_length(group); i++)
		walk_setting(w, config_setting_get_elem(group, (unsigned)i), prefix);
}

/* --- what follows from several options together ------------------------------------------- */

static void
find_user(struct walk *w)
{
	struct settings *s = w->s;
	const char *user = s->opt.user;
	const struct passwd *pw;

	s->uid = s->gid = STAY;
	if (user[0] == '\0' && geteuid() == 0)
		user = DEFAULT_USER;
	if (user[0] != '\0') {
		pw = getpwnam(user);
		if (pw == NULL) {
			conf_error(w->e, w->c, w->user, "there is no user \"%s\"%s", user,
				   w->user == NULL ? " (and root must name one in `user`)" : "");
			return;
		}
		if (geteuid() == 0) {
			s->uid = pw->pw_uid;
			s->gid = pw->pw_gid;
		}
	}
	if (s->opt.group[0] != '\0') {
		const struct group *gr = getgrnam(s->opt.group);

		if (gr == NULL)
			conf_error(w->e, w->c, w->group, "there is no group \"%s\"", s->opt.group);
		else if (geteuid() == 0)
			s->gid = gr->gr_gid;
	}
}

static void
fill_in(struct walk *w)
{
	struct options *o = &w->s->opt;
	char host[256] = "";

	if (o->name[0] == '\0') {
		if (gethostname(host, sizeof(host) - 1) < 0 || host[0] == '\0' ||
		    !text_utf8_ok(host, strlen(host)) || !text_is_clean(host, strlen(host), 0))
			bprintf(host, sizeof(host), "localhost");
		bprintf(o->name, sizeof(o->name), "%s", host);
	}
	if (o->control_socket[0] == '\0') {
		if (strlen(o->run_dir) + sizeof("/control.sock") > sizeof(o->control_socket))
			conf_error(w->e, w->c, w->run_dir,
				   "run_dir is too long for the name of a socket in it");
		bprintf(o->control_socket, sizeof(o->control_socket), "%s/control.sock",
			o->run_dir);
	}
}

/* Everything at its default. */
static void
defaults(struct settings *s)
{
	memset(s, 0, sizeof(*s));
	options_defaults(&s->opt);
	/* Nobody is listened to from outside unless the administrator says so. */
	s->listen[s->nlisten++] = (struct listen_conf){.protocol = PROTO_TELNET, .port = 9898};
	s->listen[s->nlisten++] = (struct listen_conf){.protocol = PROTO_IRC, .port = 6667};
	if (protocol_built(PROTO_WEB))
		s->listen[s->nlisten++] = (struct listen_conf){.protocol = PROTO_WEB, .port = 8080};
	for (unsigned i = 0; i < s->nlisten; i++) {
		bprintf(s->listen[i].address, sizeof(s->listen[i].address), "127.0.0.1");
		bprintf(s->listen[i].where, sizeof(s->listen[i].where), "built-in defaults");
	}
	s->uid = s->gid = STAY;
}

/* c is freed. */
static int
settle(struct settings *s, struct conf *c, struct conf_errors *e)
{
	struct walk w = {.s = s, .c = c, .e = e};

	if (c == NULL)
		return -1;
	defaults(s);
	walk_group(&w, conf_root(c), "");
	fill_in(&w);
	settings_listeners_check(&w);
	settings_tls_check(&w);
	find_user(&w);
	conf_free(c);
	return e->total > 0 ? -1 : 0;
}

int
settings_load(struct settings *s, const char *path, struct conf_errors *e)
{
	memset(e, 0, sizeof(*e));
	if (path == NULL)
		return settle(s, conf_parse("built-in defaults", "", 0, e), e);
	return settle(s, conf_read(path, e), e);
}

int
settings_parse(struct settings *s, const char *name, const char *text, size_t n,
	       struct conf_errors *e)
{
	memset(e, 0, sizeof(*e));
	return settle(s, conf_parse(name, text, n, e), e);
}
