/* ctl.c - see ctl.h. */
#include "config.h"

#include "ipc/ctl.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/text.h"
#include "lib/util.h"

enum {
#define CTL_OPTION(id, name, arg, help) id = 1 << CTL_OPT_##id,
#include "ipc/ctl_cmds.def"
	AUDIT = CTL_AUDIT,
	STREAM = CTL_STREAM,
	TEXT = CTL_TEXT,
	SECRET = CTL_SECRET,
	SLOW = CTL_SLOW,
	PRIVATE = CTL_PRIVATE,
};

const struct ctl_cmd ctl_cmds[CTL_CMDS] = {
#define CTL_CMD(id, name, args, min, max, level, by, flags, options, help, example) \
	{name, args, min, max, LEVEL_##level, CTL_BY_##by, flags, options, help, example},
#include "ipc/ctl_cmds.def"
};

static const struct {
	const char *name;
	bool arg;
} options[CTL_OPTIONS] = {
#define CTL_OPTION(id, name, arg, help) {name, (arg) != NULL},
#include "ipc/ctl_cmds.def"
};

static bool
format_parse(const char *s, enum ctl_format *format_r)
{
	static const char *const names[] = {"table", "json", "jsonl"};

	for (unsigned i = 0; i < ARRAY_LEN(names); i++) {
		/* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): the row of --output says that it has a value */
		if (strcmp(s, names[i]) == 0) {
			*format_r = (enum ctl_format)i;
			return true;
		}
	}
	return false;
}

const char *
ctl_level_name(unsigned level)
{
	static const char *const names[] = {"nobody", "read", "operate", "admin"};

	return level < ARRAY_LEN(names) ? names[level] : "?";
}

/* 503 is "not reachable" although somebody answered: what would have to carry it out is not there. */
int
ctl_exit(unsigned code)
{
	switch (code) {
	case CTL_OK:
		return 0;
	case CTL_BAD:
		return 2;
	case CTL_PERMISSION:
		return 4;
	case CTL_NOT_FOUND:
		return 5;
	case CTL_UNAVAILABLE:
		return 3;
	case CTL_TIMEOUT:
		return 6;
	default:
		return 1;
	}
}

/* --- words -------------------------------------------------------------------------------- */

int
ctl_split(char *line, size_t n, const char **why_r)
{
	char *out = line;
	const char *p = line, *end = line + n;
	int words = 0;

	if (!text_utf8_ok(line, n)) {
		*why_r = "the line is not UTF-8";
		return -1;
	}
	for (;;) {
		bool quoted = false;

		while (p < end && (*p == ' ' || *p == '\t'))
			p++;
		if (p == end)
			return words;
		for (; p < end && (quoted || (*p != ' ' && *p != '\t')); p++) {
			if (*p == '"') {
				quoted = !quoted;
				continue;
			}
			if ((unsigned char)*p < ' ' && *p != '\t') {
				*why_r = "control character in the line";
				return -1;
			}
			if (*p != '\\') {
				*out++ = *p;
				continue;
			}
			if (++p == end) {
				*why_r = "backslash at the end of the line";
				return -1;
			}
			if ((unsigned char)*p < ' ') {
				*why_r = "control character in the line";
				return -1;
			}
			*out++ = *p == 'n' ? '\n' : *p;
		}
		if (quoted) {
			*why_r = "a quote is not closed";
			return -1;
		}
		/* The separator goes before its place is taken: out may be where p is. */
		if (p < end)
			p++;
		*out++ = '\0';
		words++;
	}
}

void
ctl_quote(struct buf *out, const char *word)
{
	buf_append(out, "\"", 1);
	for (; *word != '\0'; word++) {
		if (*word == '\n') {
			buf_append(out, "\\n", 2);
			continue;
		}
		if (*word == '"' || *word == '\\')
			buf_append(out, "\\", 1);
		buf_append(out, word, 1);
	}
	buf_append(out, "\"", 1);
}

void
ctl_line(struct buf *out, const struct ctl_req *r)
{
	static const char *const formats[] = {"table", "json", "jsonl"};
	const struct {
		unsigned opt;
		uint64_t number;
		const char *unit;
	} numbers[] = {{CTL_OPT_INTERVAL, r->interval}, {CTL_OPT_FOR, r->for_s},
		       {CTL_OPT_IN, r->in_s},           {CTL_OPT_TIMEOUT, r->timeout_s},
		       {CTL_OPT_ROWS, r->rows},         {CTL_OPT_USES, r->uses},
		       {CTL_OPT_EXPIRES, r->expires_s}, {CTL_OPT_OLDER, r->older_s, "s"}};
	char s[64];

	buf_append(out, s, bprintf(s, sizeof(s), "%s", r->cmd->name));
	/* what nobody has chosen is the command's to choose */
	if (r->format_given || r->format != CTL_TABLE)
		buf_append(out, s, bprintf(s, sizeof(s), " -o %s", formats[r->format]));
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		if (numbers[i].number != 0)
			buf_append(out, s,
				   bprintf(s, sizeof(s), " %s %" PRIu64 "%s",
					   options[numbers[i].opt].name, numbers[i].number,
					   numbers[i].unit != NULL ? numbers[i].unit : ""));
	}
	if (r->rooms != NULL) {
		buf_append(out, s, bprintf(s, sizeof(s), " %s ", options[CTL_OPT_ROOM].name));
		ctl_quote(out, r->rooms);
	}
	if (r->cancel)
		buf_append(out, s, bprintf(s, sizeof(s), " %s", options[CTL_OPT_CANCEL].name));
	if (r->sandbox)
		buf_append(out, s, bprintf(s, sizeof(s), " %s", options[CTL_OPT_SANDBOX].name));
	if (r->nargs > 0)
		buf_append(out, " --", 3);
	for (unsigned i = 0; i < r->nargs; i++) {
		buf_append(out, " ", 1);
		ctl_quote(out, r->args[i]);
	}
}

/* --- requests ----------------------------------------------------------------------------- */

static char *
next_word(char *w)
{
	return w + strlen(w) + 1;
}

/* A sentence around a word that came from a stranger, which is made harmless to look at. */
static int
bad(char *why, size_t cap, const char *before, const char *word, const char *after)
{
	struct buf shown = {0};

	ctl_show(&shown, word, strnlen(word, 64), false);
	snprintf(why, cap, "%s%.*s%s", before, (int)shown.len, buf_data(&shown), after);
	buf_fini(&shown);
	return CTL_BAD;
}

/* The command that the words begin with, two of them before one; *used_r: how many of them are its name. */
static const struct ctl_cmd *
find(char *words, unsigned n, unsigned *used_r)
{
	const struct ctl_cmd *one = NULL;
	size_t len = strlen(words);

	*used_r = 1;
	for (unsigned i = 0; i < CTL_CMDS; i++) {
		const char *name = ctl_cmds[i].name;

		if (strncmp(name, words, len) != 0)
			continue;
		if (name[len] == '\0')
			one = &ctl_cmds[i];
		if (name[len] == ' ' && n > 1 && strcmp(name + len + 1, next_word(words)) == 0) {
			*used_r = 2;
			return &ctl_cmds[i];
		}
	}
	return one;
}

static int
no_command(const char *word, char *why, size_t cap)
{
	size_t len = strlen(word), at = 0;

	for (unsigned i = 0; i < CTL_CMDS; i++) {
		const char *name = ctl_cmds[i].name;

		if (len > 0 && strncmp(name, word, len) == 0 && name[len] == ' ')
			at += bprintf(why + at, cap - at, "%s%s",
				      at > 0 ? ", " : "say which: ", name);
	}
	return at > 0 ? CTL_BAD : bad(why, cap, "no such command: ", word, " (try help)");
}

static int
set_number(uint64_t *to, const char *arg, uint64_t max, char *why, size_t cap)
{
	char before[48], *end;

	*to = *arg >= '0' && *arg <= '9' ? strtoull(arg, &end, 10) : 0;
	if (*to != 0 && *end == '\0' && *to <= max)
		return 0;
	bprintf(before, sizeof(before), "a number from 1 to %" PRIu64 ", not ", max);
	return bad(why, cap, before, arg, "");
}

/* Of `stop --in` 0 is now, as it is without. */
static int
set_duration(uint64_t *to, const char *arg, bool or_none, char *why, size_t cap)
{
	/* ten years: nothing that is computed from it can overflow */
	const uint64_t max = UINT64_C(315360000);

	if (!parse_duration(arg, to))
		return bad(why, cap, "not a length of time: ", arg, " (90s, 5m, 2h, 3d, 1w)");
	if (*to > max)
		return bad(why, cap, "too long: ", arg, " (3650d at most)");
	if (*to == 0 && !or_none)
		return bad(why, cap, "no time at all: ", arg, "");
	return 0;
}

/* One option with its argument (NULL: it takes none). */
static int
set_option(struct ctl_req *r, unsigned opt, const char *arg, char *why, size_t cap)
{
	uint64_t *to = NULL;

	switch (opt) {
	case CTL_OPT_OUTPUT:
		r->format_given = true;
		return format_parse(arg, &r->format)
			   ? 0
			   : bad(why, cap, "-o: table, json or jsonl, not ", arg, "");
	case CTL_OPT_CANCEL:
		r->cancel = true;
		return 0;
	case CTL_OPT_SANDBOX:
		r->sandbox = true;
		return 0;
	case CTL_OPT_SOCKET:
		r->socket = arg;
		return 0;
	case CTL_OPT_ROOM:
		if (r->rooms != NULL)
			return bad(why, cap, "--room is given twice: ", arg,
				   ", put commas between");
		r->rooms = arg;
		return 0;
	case CTL_OPT_ROWS:
		return set_number(&r->rows, arg, QUERY_ROWS_MAX, why, cap);
	case CTL_OPT_USES:
		return set_number(&r->uses, arg, 1000000, why, cap);
	case CTL_OPT_EXPIRES:
		to = &r->expires_s;
		break;
	case CTL_OPT_OLDER:
		to = &r->older_s;
		/* history.days has its days without a unit: what is deleted is not to be a guess */
		if (strspn(arg, "0123456789") == strlen(arg))
			return bad(why, cap,
				   "--older: say 1d, 12h, 30m or 10s: there is no unit in ", arg,
				   "");
		break;
	case CTL_OPT_INTERVAL:
		to = &r->interval;
		break;
	case CTL_OPT_FOR:
		to = &r->for_s;
		break;
	case CTL_OPT_IN:
		to = &r->in_s;
		break;
	case CTL_OPT_TIMEOUT:
		to = &r->timeout_s;
		break;
	}
	CHECK(to != NULL);
	return set_duration(to, arg, opt == CTL_OPT_IN, why, cap);
}

/* Takes the option at *words, if it is one. Returns 1 taken, 0 an ordinary word, CTL_BAD. */
static int
take_option(struct ctl_req *r, unsigned allowed, char **words, unsigned *n, char *why, size_t cap)
{
	for (unsigned i = 0; i < CTL_OPTIONS; i++) {
		char *arg = NULL;
		int rc;

		if (strcmp(*words, options[i].name) != 0)
			continue;
		if ((allowed & (1u << i)) == 0)
			return bad(why, cap, "", *words, " is not for this command");
		if (options[i].arg) {
			if (*n < 2)
				return bad(why, cap, "", *words, " wants a value");
			arg = next_word(*words);
		}
		rc = set_option(r, i, arg, why, cap);
		if (rc != 0)
			return rc;
		*words = next_word(arg != NULL ? arg : *words);
		*n -= arg != NULL ? 2 : 1;
		return 1;
	}
	return 0;
}

static int
usage(const struct ctl_cmd *cmd, char *why, size_t cap)
{
	struct buf text = {0};

	ctl_usage(&text, cmd);
	snprintf(why, cap, "usage: %.*s", (int)text.len, buf_data(&text));
	buf_fini(&text);
	return CTL_BAD;
}

/* An empty name names nobody, and messages about it would end in nothing. */
static bool
nameless(const struct ctl_req *r)
{
	return strncmp(r->cmd->args, "NAME", 4) == 0 && r->args[0][0] == '\0';
}

/* words and the n - 1 that follow become one text. */
static void
join(char *words, unsigned n)
{
	while (n-- > 1) {
		words += strlen(words);
		*words = ' ';
	}
}

int
ctl_parse(char *words, unsigned n, bool local, struct ctl_req *r, char *why, size_t cap)
{
	unsigned used, allowed = 1u << CTL_OPT_OUTPUT | (local ? 1u << CTL_OPT_SOCKET : 0);
	bool options_end = false;
	int rc = 0;

	*r = (struct ctl_req){0};
	while (n > 0 && (rc = take_option(r, allowed, &words, &n, why, cap)) == 1)
		;
	if (rc == CTL_BAD)
		return rc;
	if (n == 0)
		return bad(why, cap, "no command (try help)", "", "");
	r->cmd = find(words, n, &used);
	if (r->cmd == NULL)
		return no_command(words, why, cap);
	r->id = (unsigned)(r->cmd - ctl_cmds);
	allowed |= r->cmd->options;
	for (; used > 0; used--, n--)
		words = next_word(words);

	while (n > 0) {
		if (!options_end && strcmp(words, "--") == 0) {
			options_end = true;
			words = next_word(words);
			n--;
			continue;
		}
		rc = options_end ? 0 : take_option(r, allowed, &words, &n, why, cap);
		if (rc == 1)
			continue;
		if (rc != 0)
			return rc;
		if (!options_end && words[0] == '-' && words[1] != '\0' &&
		    !(r->cmd->flags & CTL_TEXT))
			return bad(why, cap, "no such option: ", words, " (-- ends the options)");
		if (r->nargs == r->cmd->max)
			return usage(r->cmd, why, cap);
		r->args[r->nargs++] = words;
		if ((r->cmd->flags & CTL_TEXT) && r->nargs == r->cmd->max) {
			join(words, n);
			break;
		}
		words = next_word(words);
		n--;
	}
	if (r->nargs < r->cmd->min)
		return usage(r->cmd, why, cap);
	if (nameless(r))
		return bad(why, cap, "NAME is empty", "", "");
	return 0;
}
