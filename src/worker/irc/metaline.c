/* metaline.c - see metaline.h. */
#include "config.h"

#include "worker/irc/metaline.h"

#include <stdarg.h>
#include <string.h>

#include "lib/text.h"
#include "lib/util.h"
#include "proto/irc.h"
#include "worker/irc/irc.h"
#include "worker/irc/metadata.h"
#include "worker/irc/metasubs.h"
#include "worker/irc/reply.h"
#include "worker/outq.h"

#define LINE_CAP 1024 /* more than a line may have: it is cut */

bool
meta_v2(const struct conn *c)
{
	return c->irc->caps & CAP_METADATA_2;
}

bool
metadata_aware(const struct conn *c)
{
	uint64_t caps = c->irc->caps;

	return caps & CAP_BATCH && caps & (CAP_METADATA | CAP_METADATA_2);
}

/* The limit is the line's without its tag. */
void
meta_put(const struct meta_to *to, const char *fmt, ...)
{
	char line[LINE_CAP + 32];
	size_t head = 0, n;
	va_list ap;

	if (to->batch != 0)
		head = bprintf(line, sizeof(line), "@batch=m%u ", to->batch);
	va_start(ap, fmt);
	n = vbprintf(line + head, LINE_CAP, fmt, ap);
	va_end(ap);
	n = head + (n > IRC_BODY_MAX ? text_cut(line + head, n, IRC_BODY_MAX) : n);
	/* whatever got into a value, a line stays one */
	for (size_t i = head; i < n; i++) {
		if (line[i] == '\r' || line[i] == '\n' || line[i] == '\0')
			line[i] = ' ';
	}
	line[n++] = '\r';
	line[n++] = '\n';
	if (to->news)
		outq_copy(to->c, line, n);
	else
		irc_lines(to->c, line, n);
}

uint32_t
meta_open(struct conn *c, const char *type, const char *target)
{
	uint32_t batch = c->irc->caps & CAP_BATCH ? irc_batch_id() : 0;

	if (batch != 0)
		irc_from_me(c, "BATCH +m%u %s%s%s", batch, type, target[0] != '\0' ? " " : "",
			    target);
	return batch;
}

void
meta_close(struct conn *c, uint32_t batch)
{
	if (batch != 0)
		irc_from_me(c, "BATCH -m%u", batch);
}

void
meta_value(const struct meta_to *to, bool told, const char *target, struct str key,
	   struct str value)
{
	if (told && meta_v2(to->c))
		meta_put(to, ":%s METADATA %s " STR_FMT " * :" STR_FMT, irc_me, target,
			 STR_ARG(key), STR_ARG(value));
	else
		meta_put(to, ":%s %u %s %s " STR_FMT " * :" STR_FMT, irc_me, RPL_KEYVALUE,
			 irc_nick(to->c), target, STR_ARG(key), STR_ARG(value));
}

void
meta_unset(const struct meta_to *to, bool told, const char *target, struct str key)
{
	if (told && meta_v2(to->c))
		meta_put(to, ":%s METADATA %s " STR_FMT " *", irc_me, target, STR_ARG(key));
	else
		meta_put(to, ":%s %u %s %s " STR_FMT " :Key not set", irc_me, RPL_KEYNOTSET,
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
meta_fail(const struct meta_to *to, bool in_list, enum meta_code code, struct str context,
	  const char *text)
{
	bool v2 = meta_v2(to->c);

	meta_put(to, ":%s %s METADATA %s " STR_FMT "%s:%s", irc_me,
		 in_list && !v2 ? "WARN" : "FAIL", v2 ? codes[code].v2 : codes[code].v3,
		 STR_ARG(context), context.n > 0 ? " " : "", text);
}

/* About up to two words, which may be empty, and a number (0: none). */
void
meta_fail_words(struct conn *c, bool in_list, enum meta_code code, struct str a, struct str b,
		unsigned num, const char *text)
{
	const struct meta_to to = {.c = c};
	char context[LINE_CAP], last[16] = "";
	size_t n;

	if (num > 0)
		bprintf(last, sizeof(last), " %u", num);
	n = bprintf(context, sizeof(context), STR_FMT "%s" STR_FMT "%s", STR_ARG(a),
		    b.n > 0 ? " " : "", STR_ARG(b), last);
	meta_fail(&to, in_list, code, (struct str){context, n}, text);
}

void
meta_bad_key(struct conn *c, bool in_list, struct str key)
{
	meta_fail_words(c, in_list, META_BAD_KEY, irc_middle(key), STR_LIT(""), 0, "Invalid key");
}

size_t
metadata_cap_value(bool v2, char *out, size_t cap)
{
	size_t n = bprintf(out, cap, "=before-connect,max-subs=%d,max-keys=%d,max-value-bytes=%d",
			   META_SUBS_MAX, META_KEYS_MAX, META_VALUE_MAX);

	return v2 ? n : n + bprintf(out + n, cap - n, ",max-key-bytes=%d", META_KEY_MAX);
}

bool
meta_key_ok(struct str key)
{
	for (size_t i = 0; i < key.n; i++) {
		char c = key.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
		      (c != '\0' && strchr("_./-", c) != NULL)))
			return false;
	}
	return key.n > 0 && key.n <= META_KEY_MAX;
}
