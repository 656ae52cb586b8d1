/* settings_priv.h - what the parts of settings.c have in common. */
#ifndef MASTER_SETTINGS_PRIV_H
#define MASTER_SETTINGS_PRIV_H

#include "master/settings.h"

/* What is shown in the place of a secret; as a secret it is refused. */
#define SETTINGS_HIDDEN "(hidden)"

/* One walk. */
struct walk {
	struct settings *s;
	struct conf *c;
	struct conf_errors *e;
	const config_setting_t *user, *group, *socket, *certificate,
	    *run_dir; /* for what is checked at the end */
};

/* What a setting is, for people: "a string". */
const char *settings_type_name(const config_setting_t *at);
/* Is this setting, or the group that it is in, in this build? */
bool settings_built(const char *path);
/* A string of at most max bytes that is fit to be shown; NULL after saying why it is not. */
const char *settings_string(struct walk *w, const config_setting_t *at, const char *path,
			    size_t max);
/* A number from min to max into *v_r; false after saying why it is not one. */
bool settings_int(struct walk *w, const config_setting_t *at, const char *path, uint64_t min,
		  uint64_t max, uint64_t *v_r);
/* The whole list. */
void settings_listeners(struct walk *w, const config_setting_t *at);
/* Likewise, into s->opt. */
void settings_webirc(struct walk *w, const config_setting_t *at);
void settings_tls_more(struct walk *w, const config_setting_t *at);
void settings_operators(struct walk *w, const config_setting_t *at);
/* irc.motd: the text, or what the file of that name has. */
void settings_motd(struct walk *w, const config_setting_t *at);
/* A string that is a secret; NULL after saying what is wrong, never repeating it. */
const char *settings_secret(struct walk *w, const config_setting_t *at, const char *path,
			    size_t max);

/* What only all of them with `control` show. */
void settings_listeners_check(struct walk *w);
/* What only all of `tls` and `listen` together show. */
void settings_tls_check(struct walk *w);

/* Checks of single options: NULL, or what is wrong with v. A path or nothing; web.url, web.origins, web.metrics. */
const char *settings_check_path(const char *v); /* or none */
const char *settings_check_url(const char *v);
const char *settings_check_origins(const char *v);
const char *settings_check_networks(const char *v);

#endif
