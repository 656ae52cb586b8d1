/* settings_show.c - the effective configuration in its own language; see settings.h. */
#include "config.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/util.h"
#include "master/settings.h"

static void out(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void
out(struct buf *b, const char *fmt, ...)
{
	char text[2048];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	buf_append(b, text, MIN((size_t)MAX(n, 0), sizeof(text) - 1));
}

static void
out_quoted(struct buf *b, const char *s)
{
	char text[2048];

	out(b, "%s", conf_quote(text, sizeof(text), s) < 0 ? "\"\"" : text);
}

/* libconfig before 1.7 takes a number of more than 31 bits only with its L. */
static void
out_int(struct buf *b, uint64_t v)
{
	out(b, "%" PRIu64 "%s", v, v > INT32_MAX ? "L" : "");
}

static void
out_list(struct buf *b, const char *name, const char *value)
{
	out(b, "\t%s = [ ", name);
	for (const char *p = value; *p != '\0';) {
		size_t n = strcspn(p, ",");
		char who[128];

		bprintf(who, sizeof(who), "%.*s", (int)n, p);
		out_quoted(b, who);
		out(b, p[n] == ',' ? ", " : "");
		p += n + (p[n] == ',');
	}
	out(b, "];\n");
}

static void
out_listeners(struct buf *b, const struct settings *s)
{
	out(b, "// where clients come in\nlisten = (");
	for (unsigned i = 0; i < s->nlisten; i++) {
		const struct listen_conf *l = &s->listen[i];

		out(b, "%s\n\t{ protocol = \"%s\"; ", i > 0 ? "," : "", protocol_name(l->protocol));
		if (l->address[0] != '\0') {
			out(b, "address = ");
			out_quoted(b, l->address);
			out(b, "; port = %u;", l->port);
		} else {
			out(b, "path = ");
			out_quoted(b, l->path);
			out(b, ";");
		}
		out(b, " profile = \"%s\"; }", l->direct ? "direct" : "normal");
	}
	out(b, "\n);\n");
}

static void
out_option(struct buf *b, const struct settings *s, const struct option_row *r, const char *name,
	   const char *indent)
{
	const char *field = (const char *)&s->opt + r->offset;
	uint64_t v;

	out(b, "%s// %s\n%s%s = ", indent, r->help, indent, name);
	if (r->type == OPTION_STR) {
		out_quoted(b, field);
	} else {
		memcpy(&v, field, sizeof(v));
		out_int(b, v);
	}
	out(b, ";\n");
}

/* A section ends where the rows of the table leave it. */
static void
end_section(struct buf *b, const struct settings *s, const char *section)
{
	if (section[0] == '\0')
		return;
	if (strcmp(section, "control") == 0) {
		out(b, "\t// users and @groups with the right to do everything, to operate, and to "
		       "look\n");
		out_list(b, "admin", s->opt.control_admin);
		out_list(b, "operate", s->opt.control_operate);
		out_list(b, "read", s->opt.control_read);
	}
	out(b, "};\n");
}

char *
settings_show(const struct settings *s)
{
	struct buf b = {0};
	char section[64] = "";

	for (size_t i = 0; i < option_count; i++) {
		const struct option_row *r = &option_rows[i];
		const char *dot = strchr(r->path, '.');
		char here[64] = "";

		if (dot != NULL)
			bprintf(here, sizeof(here), "%.*s", (int)(dot - r->path), r->path);
		if (strcmp(here, section) != 0) {
			end_section(&b, s, section);
			if (section[0] == '\0')
				out_listeners(&b, s);
			out(&b, "%s = {\n", here);
			memcpy(section, here, sizeof(section));
		}
		out_option(&b, s, r, dot != NULL ? dot + 1 : r->path, dot != NULL ? "\t" : "");
	}
	end_section(&b, s, section);
	buf_append(&b, "", 1);
	return xrealloc(b.p, b.off + b.len); /* nothing was dropped: b.off is 0 */
}
