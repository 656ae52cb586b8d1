/* settings_show.c - the effective configuration in its own language; see settings.h. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ipc/ctl.h"
#include "lib/buf.h"
#include "lib/util.h"
#include "master/settings_priv.h"

static void
out_quoted(struct buf *b, const char *s)
{
	char text[4 * sizeof(((struct options *)0)->irc_motd) + 8]; /* the longest there is */
	int n = conf_quote(text, sizeof(text), s);

	buf_append(b, n < 0 ? "\"\"" : text, n < 0 ? 2 : (size_t)n);
}

static void
out_key(struct buf *b, const char *name, struct str value)
{
	char text[OPTIONS_LIST_MAX];

	bprintf(text, sizeof(text), STR_FMT, STR_ARG(value));
	buf_printf(b, " %s = ", name);
	out_quoted(b, text);
	buf_printf(b, ";");
}

/* libconfig before 1.7 takes a number of more than 31 bits only with its L. */
static void
out_int(struct buf *b, uint64_t v)
{
	buf_printf(b, "%" PRIu64 "%s", v, v > INT32_MAX ? "L" : "");
}

/* a,b as "a", "b" */
static void
out_words(struct buf *b, const char *value)
{
	for (const char *p = value; *p != '\0';) {
		size_t n = strcspn(p, ",");
		char who[128];

		bprintf(who, sizeof(who), "%.*s", (int)n, p);
		out_quoted(b, who);
		buf_printf(b, p[n] == ',' ? ", " : "");
		p += n + (p[n] == ',');
	}
}

static void
out_list(struct buf *b, const char *name, const char *value)
{
	buf_printf(b, "\t%s = [ ", name);
	out_words(b, value);
	buf_printf(b, "%s];\n", value[0] != '\0' ? " " : "");
}

static void
out_webirc(struct buf *b, const struct settings *s, bool secrets)
{
	struct str rest = str_of(s->opt.webirc);
	struct webirc_block w;
	char hosts[WEBIRC_MAX];

	buf_printf(b, "\t// gateways that may say for whom they speak\n\twebirc = (");
	for (bool more = false; webirc_next(&rest, &w); more = true) {
		buf_printf(b, "%s\n\t\t{", more ? "," : "");
		out_key(b, "name", w.name);
		out_key(b, "password", secrets ? w.password : STR_LIT(SETTINGS_HIDDEN));
		bprintf(hosts, sizeof(hosts), STR_FMT, STR_ARG(w.hosts));
		buf_printf(b, " hosts = [ ");
		out_words(b, hosts);
		buf_printf(b, " ]; }");
	}
	buf_printf(b, " );\n");
}

static void
out_certs(struct buf *b, const struct settings *s)
{
	buf_printf(b, "\t// other certificates, for clients that ask for one of their names\n"
		      "\tmore = (");
	for (unsigned i = 0; i < s->nmore_certs; i++) {
		buf_printf(b, "%s\n\t\t{", i > 0 ? "," : "");
		out_key(b, "certificate", str_of(s->more_certs[i].certificate));
		out_key(b, "key", str_of(s->more_certs[i].key));
		buf_printf(b, " }");
	}
	buf_printf(b, " );\n");
}

static void
out_operators(struct buf *b, const struct settings *s, bool secrets)
{
#ifdef HAVE_SODIUM
	struct str rest = str_of(s->opt.operators);
	struct operator_block o;

	buf_printf(b, "// who may become an operator in IRC\noperators = (");
	for (bool more = false; operator_next(&rest, &o); more = true) {
		buf_printf(b, "%s\n\t{", more ? "," : "");
		out_key(b, "name", o.name);
		out_key(b, "password", secrets ? o.hash : STR_LIT(SETTINGS_HIDDEN));
		out_key(b, "mask", o.mask);
		out_key(b, "account", o.account);
		out_key(b, "level", str_of(ctl_level_name(o.level)));
		buf_printf(b, " }");
	}
	buf_printf(b, " );\n");
#else
	(void)b;
	(void)s;
	(void)secrets;
#endif
}

static void
out_listeners(struct buf *b, const struct settings *s)
{
	buf_printf(b, "// where clients come in\nlisten = (");
	for (unsigned i = 0; i < s->nlisten; i++) {
		const struct listen_conf *l = &s->listen[i];

		buf_printf(b, "%s\n\t{ protocol = \"%s\"; ", i > 0 ? "," : "",
			   protocol_name(l->protocol));
		if (l->address[0] != '\0') {
			buf_printf(b, "address = ");
			out_quoted(b, l->address);
			buf_printf(b, "; port = %u;", l->port);
		} else {
			buf_printf(b, "path = ");
			out_quoted(b, l->path);
			buf_printf(b, ";");
		}
		buf_printf(b, " profile = \"%s\";%s%s }", l->direct ? "direct" : "normal",
			   l->tls ? " tls = true;" : "", l->proxy ? " proxy = true;" : "");
	}
	buf_printf(b, "\n);\n");
}

static void
out_string(struct buf *b, const struct option_row *r, const char *v, bool secrets)
{
	if (!secrets && strcmp(r->path, "irc.password") == 0 && v[0] != '\0')
		v = SETTINGS_HIDDEN;
	/* or it would be taken for the name of a file */
	if (strcmp(r->path, "irc.motd") == 0 && v[0] == '/') {
		char text[sizeof(((struct options *)0)->irc_motd) + 1];

		bprintf(text, sizeof(text), "\n%s", v);
		out_quoted(b, text);
	} else {
		out_quoted(b, v);
	}
}

static void
out_option(struct buf *b, const struct settings *s, const struct option_row *r, unsigned depth,
	   bool secrets)
{
	const char *field = (const char *)&s->opt + r->offset, *dot = strrchr(r->path, '.');
	const char *indent = &"\t\t"[2 - MIN(depth, 2u)];
	uint64_t v;

	buf_printf(b, "%s// %s\n%s%s = ", indent, r->help, indent, dot != NULL ? dot + 1 : r->path);
	if (r->type == OPTION_STR) {
		out_string(b, r, field, secrets);
	} else {
		memcpy(&v, field, sizeof(v));
		out_int(b, v);
	}
	buf_printf(b, ";\n");
}

/* --- groups --------------------------------------------------------------------------------- */

/* "irc.admin." of "irc.admin.name": n bytes of it. */
static size_t
group_len(const char *path)
{
	const char *dot = strrchr(path, '.');

	return dot != NULL ? (size_t)(dot - path) + 1 : 0;
}

static unsigned
depth_of(const char *path, size_t n)
{
	unsigned d = 0;

	for (size_t i = 0; i < n; i++)
		d += path[i] == '.';
	return d;
}

/* The tables that stand at the end of a group. */
static void
end_group(struct buf *b, const struct settings *s, const char *group, size_t n, bool secrets)
{
	if (n == 8 && memcmp(group, "control.", 8) == 0) {
		buf_printf(
		    b, "\t// users and @groups with the right to do everything, to operate, and to "
		       "look\n");
		out_list(b, "admin", s->opt.control_admin);
		out_list(b, "operate", s->opt.control_operate);
		out_list(b, "read", s->opt.control_read);
	}
	if (n == 4 && memcmp(group, "irc.", 4) == 0)
		out_webirc(b, s, secrets);
	if (n == 4 && memcmp(group, "tls.", 4) == 0)
		out_certs(b, s);
	buf_printf(b, "%s};\n", depth_of(group, n) > 1 ? "\t" : "");
}

/* Leave the groups of path `from` that `to` is not in, and enter those that it is in. */
static void
change_group(struct buf *b, const struct settings *s, const char *from, const char *to,
	     bool secrets)
{
	size_t f = group_len(from), t = group_len(to);

	while (f > 0 && (f > t || memcmp(from, to, f) != 0)) {
		end_group(b, s, from, f, secrets);
		while (--f > 0 && from[f - 1] != '.')
			;
	}
	while (f < t) {
		size_t n = strcspn(to + f, ".");

		buf_printf(b, "%s%.*s = {\n", f > 0 ? "\t" : "", (int)n, to + f);
		f += n + 1;
	}
}

char *
settings_show(const struct settings *s, bool secrets)
{
	struct buf b = {0};
	const char *before = "";

	for (size_t i = 0; i < option_count; i++) {
		const struct option_row *r = &option_rows[i];

		if (group_len(before) == 0 && group_len(r->path) > 0)
			out_listeners(&b, s);
		if (!settings_built(r->path))
			continue;
		change_group(&b, s, before, r->path, secrets);
		out_option(&b, s, r, depth_of(r->path, group_len(r->path)), secrets);
		before = r->path;
	}
	change_group(&b, s, before, "", secrets);
	out_operators(&b, s, secrets);
	buf_append(&b, "", 1);
	return xrealloc(b.p, b.off + b.len); /* nothing was dropped: b.off is 0 */
}
