/* settings_listen.c - the list `listen` of chatd.conf; see settings.h. */
#include "config.h"

#include "master/settings_priv.h"

#include <arpa/inet.h>
#include <string.h>

#include "lib/util.h"

static void
listen_protocol(struct walk *w, const config_setting_t *at, struct listen_conf *l)
{
	const char *v = settings_string(w, at, "protocol", 16);

	if (v == NULL)
		return;
	for (unsigned p = 0; p < PROTO_COUNT; p++) {
		if (strcmp(v, protocol_name(p)) != 0)
			continue;
		if (!protocol_built(p))
			conf_error(w->e, w->c, at, "the protocol \"%s\" is not in this build", v);
		l->protocol = (uint8_t)p;
		return;
	}
	conf_error(w->e, w->c, at, "there is no protocol \"%s\" (there is: telnet, irc, web)", v);
}

static void
listen_address(struct walk *w, const config_setting_t *at, struct listen_conf *l)
{
	const char *v = settings_string(w, at, "address", sizeof(l->address) - 1);
	struct in6_addr a;

	if (v == NULL)
		return;
	if (inet_pton(AF_INET, v, &a) != 1 && inet_pton(AF_INET6, v, &a) != 1 &&
	    (v[0] == '\0' || strspn(v, "0123456789.:") == strlen(v) ||
	     strpbrk(v, " /:[]*,;") != NULL)) {
		conf_error(w->e, w->c, at, "\"%s\" is neither an address nor a host's name", v);
		return;
	}
	bprintf(l->address, sizeof(l->address), "%s", v);
}

static void
listen_port(struct walk *w, const config_setting_t *at, struct listen_conf *l)
{
	uint64_t v;

	if (settings_int(w, at, "port", 0, 65535, &v))
		l->port = (uint16_t)v;
}

static void
listen_path(struct walk *w, const config_setting_t *at, struct listen_conf *l)
{
	const char *v = settings_string(w, at, "path", sizeof(l->path) - 1);

	if (v != NULL && v[0] != '/')
		conf_error(w->e, w->c, at, "path wants a path that begins with /, not \"%s\"", v);
	else if (v != NULL)
		bprintf(l->path, sizeof(l->path), "%s", v);
}

static void
listen_profile(struct walk *w, const config_setting_t *at, struct listen_conf *l)
{
	const char *v = settings_string(w, at, "profile", 16);

	if (v == NULL)
		return;
	l->direct = strcmp(v, "direct") == 0;
	if (!l->direct && strcmp(v, "normal") != 0)
		conf_error(w->e, w->c, at, "profile wants \"normal\" or \"direct\", not \"%s\"", v);
}

static void
listen_tls(struct walk *w, const config_setting_t *at, struct listen_conf *l)
{
	if (config_setting_type(at) != CONFIG_TYPE_BOOL)
		conf_error(w->e, w->c, at, "tls wants true or false, not %s",
			   settings_type_name(at));
	else if (config_setting_get_bool(at) && !tls_built())
		conf_error(w->e, w->c, at, "tls is not in this build");
	else
		l->tls = config_setting_get_bool(at);
}

static void
listen_proxy(struct walk *w, const config_setting_t *at, struct listen_conf *l)
{
	if (config_setting_type(at) != CONFIG_TYPE_BOOL)
		conf_error(w->e, w->c, at, "proxy wants true or false, not %s",
			   settings_type_name(at));
	else
		l->proxy = config_setting_get_bool(at);
}

static const struct listen_key {
	const char *name;
	void (*set)(struct walk *w, const config_setting_t *at, struct listen_conf *l);
} listen_keys[] = {
    {"protocol", listen_protocol}, {"address", listen_address}, {"port", listen_port},
    {"path", listen_path},         {"profile", listen_profile}, {"tls", listen_tls},
    {"proxy", listen_proxy},
};

static void
listen_one(struct walk *w, const config_setting_t *at, struct listen_conf *l)
{
	bool address = config_setting_get_member(at, "address") != NULL;
	bool port = config_setting_get_member(at, "port") != NULL;
	bool path = config_setting_get_member(at, "path") != NULL;

	conf_where(w->c, at, l->where, sizeof(l->where));
	for (int i = 0; i < config_setting_length(at); i++) {
		const config_setting_t *el = config_setting_get_elem(at, (unsigned)i);
		size_t k = 0;

		while (k < ARRAY_LEN(listen_keys) &&
		       strcmp(listen_keys[k].name, config_setting_name(el)) != 0)
			k++;
		if (k == ARRAY_LEN(listen_keys))
			conf_error(w->e, w->c, el, "a listener has no option \"%s\"",
				   config_setting_name(el));
		else
			listen_keys[k].set(w, el, l);
	}
	if (l->direct && l->protocol != PROTO_TELNET)
		conf_error(w->e, w->c, at, "profile \"direct\" is for telnet only");
	if (config_setting_get_member(at, "protocol") == NULL)
		conf_error(w->e, w->c, at, "this listener names no protocol");
	if (path && (address || port))
		conf_error(w->e, w->c, at,
			   "a listener has a path, or an address and a port, not both");
	else if (!path && !(address && port))
		conf_error(w->e, w->c, at, "this listener names no %s",
			   address ? "port" : "address (nor a path)");
}

void
settings_listeners(struct walk *w, const config_setting_t *at)
{
	struct settings *s = w->s;

	if (!config_setting_is_list(at)) {
		conf_error(w->e, w->c, at, "listen wants ( { protocol = …; }, { … } ), not %s",
			   settings_type_name(at));
		return;
	}
	s->nlisten = 0;
	memset(s->listen, 0, sizeof(s->listen));
	for (int i = 0; i < config_setting_length(at); i++) {
		const config_setting_t *el = config_setting_get_elem(at, (unsigned)i);

		if (i == LISTEN_MAX) {
			conf_error(w->e, w->c, el, "more than %d listeners", LISTEN_MAX);
			return;
		}
		if (!config_setting_is_group(el))
			conf_error(w->e, w->c, el, "a listener is a group { }, not %s",
				   settings_type_name(el));
		else
			listen_one(w, el, &s->listen[s->nlisten++]);
	}
}

void
settings_listeners_check(struct walk *w)
{
	const struct settings *s = w->s;

	for (unsigned i = 0; i < s->nlisten; i++) {
		if (strcmp(s->listen[i].path, s->opt.control_socket) == 0)
			conf_say(w->e, "%s: %s is the admin socket", s->listen[i].where,
				 s->listen[i].path);
	}
}
