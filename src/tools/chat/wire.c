/* wire.c - see wire.h. */
#include "config.h"

#include "wire.h"

#include <string.h>

#include "lib/text.h"
#include "url.h"

static void
take_tags(struct wire *w, struct str tags)
{
	struct str about = {"", 0};
	struct irc_tag t;

	w->m.tags = tags;
	while (irc_tag_next(&tags, &t)) {
		if (irc_is(t.key, "time"))
			(void)irc_time_get(t.value, &w->at);
		else if (irc_is(t.key, "msgid"))
			w->msgid = t.value;
		else if (irc_is(t.key, "batch"))
			w->batch = t.value;
		else if (irc_is(t.key, "label"))
			w->label = t.value;
		else if (irc_is(t.key, "account"))
			w->account = t.value;
		else if (irc_is(t.key, WIRE_ID_TAG))
			w->id = t.value;
		else if (irc_is(t.key, WIRE_EDIT_TAG))
			w->edit = true;
		else if (irc_is(t.key, WIRE_FILE_TAG))
			w->file = t.value;
		else if (irc_is(t.key, "+draft/react"))
			w->react = t.value;
		else if (irc_is(t.key, "+draft/unreact"))
			w->unreact = t.value;
		else if (irc_is(t.key, "+draft/reply") || irc_is(t.key, "+reply"))
			about = t.value;
	}
	if (!irc_msgid_get(w->msgid, &w->seq))
		w->seq = 0;
	if (!irc_msgid_get(about, &w->about))
		w->about = 0;
}

static unsigned
numeric(struct str cmd)
{
	unsigned num = 0;

	for (size_t i = 0; i < 3; i++) {
		if (cmd.n != 3 || cmd.p[i] < '0' || cmd.p[i] > '9')
			return 0;
		num = num * 10 + (unsigned)(cmd.p[i] - '0');
	}
	return num;
}

bool
wire_parse(struct wire *w, const char *line, size_t n)
{
	struct str tags = {NULL, 0};
	const char *end;

	memset(w, 0, sizeof(*w));
	if (!text_utf8_ok(line, n))
		return false;
	/* a server may send more of them than irc_parse() takes from clients */
	if (n > 0 && line[0] == '@') {
		end = memchr(line, ' ', n);
		if (end == NULL || end - line >= IRC_TAGS_MAX)
			return false;
		tags = (struct str){line + 1, (size_t)(end - line) - 1};
		n -= (size_t)(end - line);
		line = end;
	}
	if (irc_parse(&w->m, line, n) != IRC_PARSE_OK)
		return false;
	take_tags(w, tags);
	w->num = numeric(w->m.cmd);
	w->nick = w->m.source;
	for (size_t i = 0; i < w->nick.n; i++) {
		if (w->nick.p[i] == '!' || w->nick.p[i] == '@')
			w->nick.n = i;
	}
	return true;
}

static void
file_field(struct wire_file *f, struct str key, struct str value)
{
	if (irc_is(key, "name")) {
		url_unquote(value, f->name, sizeof(f->name));
	} else if (irc_is(key, "size")) {
		f->size = 0;
		for (size_t i = 0; i < value.n && i < 18 && value.p[i] >= '0' && value.p[i] <= '9';
		     i++)
			f->size = f->size * 10 + (uint64_t)(value.p[i] - '0');
	} else if (irc_is(key, "type")) {
		f->image = value.n > 6 && memcmp(value.p, "image/", 6) == 0;
	} else if (irc_is(key, "gone")) {
		f->gone = true;
	}
}

bool
wire_file(struct str value, struct wire_file *f)
{
	char text[2048];
	struct str rest = {text, irc_tag_unescape(value, text, sizeof(text))};

	*f = (struct wire_file){.size = 0};
	while (rest.n > 0) {
		const char *end = memchr(rest.p, '&', rest.n);
		struct str field = {rest.p, end != NULL ? (size_t)(end - rest.p) : rest.n};
		const char *eq = field.n > 0 ? memchr(field.p, '=', field.n) : NULL;
		size_t key = eq != NULL ? (size_t)(eq - field.p) : field.n;

		if (eq != NULL)
			file_field(f, (struct str){field.p, key},
				   (struct str){eq + 1, field.n - key - 1});
		rest = (struct str){rest.p + field.n + (end != NULL),
				    rest.n - field.n - (end != NULL)};
	}
	return f->name[0] != '\0';
}

size_t
wire_clean(struct str s, bool nl, char *out, size_t cap)
{
	size_t n;

	if (cap == 0)
		return 0;
	n = text_utf8_ok(s.p, s.n) ? text_cut(s.p, s.n, cap - 1) : 0;
	if (n > 0)
		memcpy(out, s.p, n);
	n = text_strip_irc(out, n);
	n = text_clean(out, n, nl ? TEXT_KEEP_NL : 0);
	n = text_balance(out, n, cap - 1);
	out[n] = '\0';
	return n;
}
