/* options.h - the effective options as every process holds them. The table is options.def. */
#ifndef IPC_OPTIONS_H
#define IPC_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipc/ipc.h"

#define OPTIONS_LIST_MAX 2048

struct options {
#define OPT_STR(path, field, max, def, when, help) char field[(max) + 1];
#define OPT_INT(path, field, min, max, def, when, help) uint64_t field;
#include "ipc/options.def"
#undef OPT_STR
#undef OPT_INT
	/* users and @groups, separated by commas: control.admin, control.operate, control.read */
	char control_admin[OPTIONS_LIST_MAX], control_operate[OPTIONS_LIST_MAX],
	    control_read[OPTIONS_LIST_MAX];
};

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

/* Encoded for m_options.data; length, or 0 when cap is too small (60000 is enough). */
size_t options_put(const struct options *o, void *buf, size_t cap);
/* False for anything that options_put cannot have made. */
bool options_get(struct options *o, const void *p, size_t n);

#endif
