/* options.h - the effective options as every process holds them. The table is options.def. */
#ifndef IPC_OPTIONS_H
#define IPC_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipc/ipc.h"

#define OPTIONS_LIST_MAX 2048
#define OPERATORS_MAX 8192
#define WEBIRC_MAX 4096

struct options {
#define OPT_STR(path, field, max, def, when, help) char field[(max) + 1];
#define OPT_INT(path, field, min, max, def, when, help) uint64_t field;
#include "ipc/options.def"
#undef OPT_STR
#undef OPT_INT
	/* users and @groups, separated by commas: control.admin, control.operate, control.read */
	char control_admin[OPTIONS_LIST_MAX], control_operate[OPTIONS_LIST_MAX],
	    control_read[OPTIONS_LIST_MAX];
	/* The blocks of irc.webirc and operators, a line each, to be read with webirc_next and operator_next. */
	char webirc[WEBIRC_MAX], operators[OPERATORS_MAX];
};

/* A gateway that may say for whom it speaks (WEBIRC). hosts: addresses and CIDRs, separated by commas. */
struct webirc_block {
	struct str password, name, hosts;
};
/* Who may become an operator (OPER). hash: of crypto_pwhash_str; mask and account empty: anybody's, none needed. */
struct operator_block {
	struct str name, hash, mask, account;
	enum admin_level level;
};
/* Append one to the lines at out (cap bytes, terminated); false when it has no room. No field has a line's end or
 * \x1f in it. */
bool webirc_add(char *out, size_t cap, const struct webirc_block *b);
bool operator_add(char *out, size_t cap, const struct operator_block *b);
/* Take the first of *rest, which moves behind it and is str_of(options' text) at first. False: none is left. */
bool webirc_next(struct str *rest, struct webirc_block *b);
/* Is this address one of its hosts? */
bool webirc_has(const struct webirc_block *b, const char *address);
bool operator_next(struct str *rest, struct operator_block *b);

enum option_type { OPTION_STR, OPTION_INT };
enum option_when { OPTION_RELOAD, OPTION_RESTART };
struct option_row {
	const char *path; /* "limits.queue" */
	enum option_type type;
	size_t offset; /* in struct options */
	uint64_t min, max; /* STR: max is the longest length */
	const char *def_str;
	uint64_t def_int;
	enum option_when when;
	const char *help;
};
extern const struct option_row option_rows[];
extern const size_t option_count;

/* Every option at its default. */
void options_defaults(struct options *o);

/* Is there to be a store: is it built, and enabled? */
bool options_store(const struct options *o);
/* Are senders told that a message is taken only when it is on the disk? */
bool options_disk(const struct options *o);

/* Take out the secrets that a process of this role has no use for. */
void options_for_role(struct options *o, unsigned role);

/* Encoded for m_options.data; length, or 0 when cap is too small (60000 is enough). */
size_t options_put(const struct options *o, void *buf, size_t cap);
/* False for anything that options_put cannot have made. */
bool options_get(struct options *o, const void *p, size_t n);

#endif
