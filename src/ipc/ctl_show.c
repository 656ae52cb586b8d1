/* ctl_show.c - what is printed to administrators: help, completion, text made harmless. */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <utf8proc.h>

#include "ipc/ctl.h"
#include "lib/buf.h"

static const struct {
	const char *name, *arg, *help;
} options[CTL_OPTIONS] = {
#define CTL_OPTION(id, name, arg, help) {name, arg, help},
#include "ipc/ctl_cmds.def"
};

/* Could a terminal, or a person's eye, take it for something else than a character? */
static bool
hidden(utf8proc_int32_t c)
{
	if (c == 0x200c ||
	    c == 0x200d) /* joiners: emoji and Persian need them, alone they do nothing */
		return false;
	switch (utf8proc_category(c)) {
	case UTF8PROC_CATEGORY_CC:
	case UTF8PROC_CATEGORY_CF:
	case UTF8PROC_CATEGORY_CS:
	case UTF8PROC_CATEGORY_ZL:
	case UTF8PROC_CATEGORY_ZP:
		return true;
	default:
		return (c & 0xfffe) == 0xfffe || (c >= 0xfdd0 && c <= 0xfdef);
	}
}

static void
put_escaped(struct buf *out, utf8proc_int32_t c, bool json)
{
	if (!json)
		buf_printf(out, "\\u{%x}", (unsigned)c);
	else if (c > 0xffff)
		buf_printf(out, "\\u%04x\\u%04x", 0xd800 + (unsigned)((c - 0x10000) >> 10),
			   0xdc00 + (unsigned)((c - 0x10000) & 0x3ff));
	else
		buf_printf(out, "\\u%04x", (unsigned)c);
}

void
ctl_show(struct buf *out, const char *p, size_t n, bool json)
{
	const char *end = p + n, *plain = p;

	while (p < end) {
		utf8proc_int32_t c;
		utf8proc_ssize_t len;

		if (*p >= ' ' && *p < 0x7f) {
			p++;
			continue;
		}
		len = utf8proc_iterate((const utf8proc_uint8_t *)p, end - p, &c);
		if (len > 0 && (!hidden(c) || (json && (c == '\n' || c == '\t')))) {
			p += len;
			continue;
		}
		buf_append(out, plain, (size_t)(p - plain));
		if (len > 0)
			put_escaped(out, c, json);
		else
			buf_printf(out, json ? "\\ufffd" : "\\x{%02x}", (unsigned char)*p);
		p += len > 0 ? len : 1;
		plain = p;
	}
	buf_append(out, plain, (size_t)(p - plain));
}

/* --- help ------------------------------------------------------------------------------ */

void
ctl_usage(struct buf *out, const struct ctl_cmd *cmd)
{
	buf_printf(out, "%s", cmd->name);
	for (unsigned i = 0; i < CTL_OPTIONS; i++) {
		if ((cmd->options & (1u << i)) != 0)
			buf_printf(out, " [%s%s%s]", options[i].name, options[i].arg ? " " : "",
				   options[i].arg ? options[i].arg : "");
	}
	buf_printf(out, "%s%s", *cmd->args != '\0' ? " " : "", cmd->args);
}

static void
help_one(struct buf *out, const struct ctl_cmd *cmd)
{
	ctl_usage(out, cmd);
	buf_printf(out, "\n    %s\n", cmd->help);
	for (unsigned i = 0; i < CTL_OPTIONS; i++) {
		if ((cmd->options & (1u << i)) != 0)
			buf_printf(out, "    %s%s%s: %s\n", options[i].name,
				   options[i].arg ? " " : "", options[i].arg ? options[i].arg : "",
				   options[i].help);
	}
	if (cmd->level > LEVEL_NONE)
		buf_printf(out, "    level: %s\n", ctl_level_name(cmd->level));
	buf_printf(out, "    example: %s\n", cmd->example);
}

bool
ctl_help(struct buf *out, const char *topic)
{
	bool found = false;

	if (topic == NULL || *topic == '\0') {
		for (unsigned i = 0; i < CTL_CMDS; i++) {
			size_t at = out->len;

			buf_printf(out, "  ");
			ctl_usage(out, &ctl_cmds[i]);
			buf_printf(out, "%*s  %s\n",
				   (int)(out->len - at < 32 ? 32 - (out->len - at) : 0), "",
				   ctl_cmds[i].help);
		}
		buf_printf(out, "-o table, -o json or -o jsonl chooses the form of any answer; "
				"`help COMMAND` says more.\n");
		return true;
	}
	for (unsigned i = 0; i < CTL_CMDS; i++) {
		size_t n = strlen(topic);

		if (strncmp(ctl_cmds[i].name, topic, n) != 0 ||
		    (ctl_cmds[i].name[n] != '\0' && ctl_cmds[i].name[n] != ' '))
			continue;
		help_one(out, &ctl_cmds[i]);
		found = true;
	}
	return found;
}

/* --- completion -------------------------------------------------------------------------- */

static size_t
word_len(const char *s)
{
	return strcspn(s, " ");
}

/* Is row i the first one of its first word? Those of one stand together. */
static bool
is_first(unsigned i)
{
	const char *name = ctl_cmds[i].name;
	size_t n = word_len(name);

	return i == 0 || word_len(ctl_cmds[i - 1].name) != n ||
	       strncmp(ctl_cmds[i - 1].name, name, n) != 0;
}

/* The first words of all commands, each once. */
static void
first_words(struct buf *out)
{
	for (unsigned i = 0; i < CTL_CMDS; i++) {
		const char *name = ctl_cmds[i].name;
		size_t n = word_len(name);

		if (!is_first(i))
			continue;
		buf_printf(out, "%s", i > 0 ? " " : "");
		buf_append(out, name, n);
	}
}

/* What may follow the first word of row i: second words, or choices that args names, and options. */
static void
second_words(struct buf *out, const char *first, size_t n)
{
	unsigned opts = 1u << CTL_OPT_OUTPUT | 1u << CTL_OPT_SOCKET;

	for (unsigned i = 0; i < CTL_CMDS; i++) {
		const struct ctl_cmd *cmd = &ctl_cmds[i];

		if (strncmp(cmd->name, first, n) != 0 ||
		    (cmd->name[n] != ' ' && cmd->name[n] != '\0'))
			continue;
		opts |= cmd->options;
		if (cmd->name[n] == ' ')
			buf_printf(out, "%s ", cmd->name + n + 1);
		else if (strchr(cmd->args, '|') != NULL) {
			for (const char *p = cmd->args; *p != '\0'; p++)
				buf_printf(out, "%c", *p == '|' ? ' ' : *p);
			buf_printf(out, " ");
		}
	}
	for (unsigned i = 0; i < CTL_OPTIONS; i++) {
		if ((opts & (1u << i)) != 0)
			buf_printf(out, "%s%s", i > 0 ? " " : "", options[i].name);
	}
}

void
ctl_completion(struct buf *out)
{
	buf_printf(out,
		   "# bash completion for chatctl\n"
		   "_chatctl()\n{\n"
		   "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} cmd= i\n"
		   "\tCOMPREPLY=()\n"
		   "\tcase $prev in\n"
		   "\t-o) COMPREPLY=($(compgen -W 'table json jsonl' -- \"$cur\")); return;;\n"
		   "\t-s) COMPREPLY=($(compgen -f -- \"$cur\")); return;;\n"
		   "\t--older) COMPREPLY=($(compgen -W '1d 7d 30d 365d' -- \"$cur\")); return;;\n"
		   "\tesac\n");
	buf_printf(out, "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
			"\t\tcase ${COMP_WORDS[i]} in\n"
			"\t\t-o|-s) ((i++));;\n"
			"\t\t-*) ;;\n"
			"\t\t*) cmd=${COMP_WORDS[i]}; break;;\n"
			"\t\tesac\n"
			"\tdone\n"
			"\tcase $cmd in\n"
			"\t'') COMPREPLY=($(compgen -W '");
	first_words(out);
	buf_printf(out, " -s -o' -- \"$cur\"));;\n");
	for (unsigned i = 0; i < CTL_CMDS; i++) {
		const char *name = ctl_cmds[i].name;
		size_t n = word_len(name);

		if (!is_first(i))
			continue;
		buf_printf(out, "\t");
		buf_append(out, name, n);
		buf_printf(out, ") COMPREPLY=($(compgen -W '");
		if (strncmp(name, "help", 5) == 0)
			first_words(out);
		else
			second_words(out, name, n);
		buf_printf(out, "' -- \"$cur\"));;\n");
	}
	buf_printf(out, "\tesac\n}\ncomplete -F _chatctl chatctl\n");
}
