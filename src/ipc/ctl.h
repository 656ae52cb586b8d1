/* ctl.h - the commands of the admin socket, as chatd-control and chatctl both know them:
 * their table, the request line and its parser, and how text is shown to an administrator.
 * The wire itself is described in doc/control.md. Everything here is pure.
 */
#ifndef IPC_CTL_H
#define IPC_CTL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipc/ipc.h"

struct buf;

#define CTL_LINE_MAX 16384 /* bytes of a request, without its newline */
#define CTL_ARGS_MAX 3

enum ctl_format { CTL_TABLE, CTL_JSON, CTL_JSONL };
enum ctl_by { CTL_BY_CONTROL, CTL_BY_BROKER, CTL_BY_MASTER, CTL_BY_CHATCTL };
enum ctl_flag {
	CTL_AUDIT = 1,
	CTL_STREAM = 2,
	CTL_TEXT = 4,
	CTL_SECRET = 8,
	CTL_SLOW = 16,
	CTL_PRIVATE = 32
};

enum ctl_option {
#define CTL_OPTION(id, name, arg, help) CTL_OPT_##id,
#include "ipc/ctl_cmds.def"
	CTL_OPTIONS
};

enum ctl_cmd_id {
#define CTL_CMD(id, ...) CTL_CMD_##id,
#include "ipc/ctl_cmds.def"
	CTL_CMDS
};

struct ctl_cmd {
	const char *name; /* one word or two */
	const char *args;
	uint8_t min, max;
	uint8_t level; /* enum admin_level */
	uint8_t by; /* enum ctl_by */
	uint8_t flags; /* enum ctl_flag */
	unsigned options; /* bits 1 << enum ctl_option; without SOCKET and OUTPUT */
	const char *help, *example;
};
extern const struct ctl_cmd ctl_cmds[CTL_CMDS];

/* A parsed request. The strings point into the caller's words. */
struct ctl_req {
	unsigned id; /* enum ctl_cmd_id */
	const struct ctl_cmd *cmd;
	enum ctl_format format;
	bool format_given;
	unsigned nargs;
	const char *args[CTL_ARGS_MAX];
	uint64_t interval; /* -i, seconds; 0: not given. The next three likewise */
	uint64_t for_s, in_s, timeout_s, expires_s, older_s;
	uint64_t rows, uses; /* 0: not given */
	const char *rooms; /* NULL: not given */
	bool cancel, sandbox;
	const char *socket; /* -s; NULL: not given */
};

/* Splits a line of n bytes into words, in place: afterwards the words stand one after the
 * other, each with a NUL; line has room for n + 1 bytes. Words are separated by spaces and
 * tabs; inside double quotes these are ordinary; a backslash makes the next character
 * ordinary, but \n is a newline. Returns the number of words, or -1 with *why_r: NUL or
 * another control character, not UTF-8, an open quote, a backslash at the end. */
int ctl_split(char *line, size_t n, const char **why_r);

/* Appends word so that ctl_split gives it back. */
void ctl_quote(struct buf *out, const char *word);

/* Makes a request of n words as ctl_split leaves them; joins the words of a text, in place.
 * local: on chatctl's command line, where -s is an option. Returns 0, or CTL_BAD with a
 * sentence in why. */
int ctl_parse(char *words, unsigned n, bool local, struct ctl_req *r, char *why, size_t cap);

/* The line, without its newline, that asks for r over the wire. Appended to out. */
void ctl_line(struct buf *out, const struct ctl_req *r);

/* "read", "operate", "admin" */
const char *ctl_level_name(unsigned level);

/* Appends what `help` prints: all commands, or the ones that begin with the words of topic
 * (NULL: all). False when there are none such. */
bool ctl_help(struct buf *out, const char *topic);
/* Appends a command with its options and arguments, as help has it. */
void ctl_usage(struct buf *out, const struct ctl_cmd *cmd);
/* Appends the completion script for bash. */
void ctl_completion(struct buf *out);

/* Appends n bytes that somebody sent so that no terminal takes them for a control: control,
 * format and separator characters (C0, C1, bidi, tags) as \u{XXXX}, bytes that are not UTF-8
 * as \x{XX}. In JSON (json true; p is what a JSON writer made) as \uXXXX, which means the
 * same to its reader; newlines and tabs are left alone there. Zero-width joiners stay. */
void ctl_show(struct buf *out, const char *p, size_t n, bool json);

/* Exit code of chatctl for an answer's code. */
int ctl_exit(unsigned code);

#endif
