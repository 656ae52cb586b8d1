/* settings_tls.c - the group `tls` of chatd.conf; see settings.h. What is in the files is looked at by chatd-tls. */
#include "config.h"

#include "master/settings_priv.h"

#include <string.h>

#include "lib/util.h"

/* A path that begins with '/'; false after saying why it is none. */
static bool
take_path(struct walk *w, const config_setting_t *group, const char *name, const char *path,
	  char out[TLS_FILE_MAX + 1])
{
	const config_setting_t *at = config_setting_get_member(group, name);
	const char *v = at != NULL ? settings_string(w, at, path, TLS_FILE_MAX) : "";

	if (v == NULL)
		return false;
	if (settings_check_path(v) != NULL) {
		conf_error(w->e, w->c, at, "%s %s, not \"%s\"", path, settings_check_path(v), v);
		return false;
	}
	bprintf(out, TLS_FILE_MAX + 1, "%s", v);
	return true;
}

static void
one_more(struct walk *w, const config_setting_t *at, struct cert_conf *cert)
{
	for (int i = 0; i < config_setting_length(at); i++) {
		const config_setting_t *el = config_setting_get_elem(at, (unsigned)i);
		const char *name = config_setting_name(el);

		if (strcmp(name, "certificate") != 0 && strcmp(name, "key") != 0)
			conf_error(w->e, w->c, el, "tls.more has no option \"%s\"", name);
	}
	if (take_path(w, at, "certificate", "tls.more.certificate", cert->certificate) &&
	    take_path(w, at, "key", "tls.more.key", cert->key) && cert->certificate[0] == '\0')
		conf_error(w->e, w->c, at, "this group of tls.more names no certificate");
}

void
settings_tls_more(struct walk *w, const config_setting_t *at)
{
	struct settings *s = w->s;

	if (!config_setting_is_list(at)) {
		conf_error(w->e, w->c, at,
			   "tls.more wants ( { certificate = …; key = …; }, … ), not %s",
			   settings_type_name(at));
		return;
	}
	s->nmore_certs = 0;
	for (int i = 0; i < config_setting_length(at); i++) {
		const config_setting_t *el = config_setting_get_elem(at, (unsigned)i);

		if (s->nmore_certs == ARRAY_LEN(s->more_certs)) {
			conf_error(w->e, w->c, el, "more than %d certificates", TLS_CERTS_MAX);
			return;
		}
		if (!config_setting_is_group(el))
			conf_error(w->e, w->c, el, "tls.more wants groups { }, not %s",
				   settings_type_name(el));
		else
			one_more(w, el, &s->more_certs[s->nmore_certs++]);
	}
}

void
settings_tls_check(struct walk *w)
{
	const struct settings *s = w->s;

	for (unsigned i = 0; i < s->nlisten; i++) {
		if (!s->listen[i].tls || s->opt.tls_certificate[0] != '\0')
			continue;
		conf_say(w->e, "%s: this listener has tls = true, but tls.certificate names none",
			 s->listen[i].where);
	}
	if (s->opt.tls_certificate[0] == '\0' && (s->opt.tls_key[0] != '\0' || s->nmore_certs > 0))
		conf_error(w->e, w->c, w->certificate,
			   "there are tls.key or tls.more, but no tls.certificate");
}
