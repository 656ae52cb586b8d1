/* master.h - what the parts of the master share: the command line, the configuration in effect,
 * the loop, and whether we are on our way out. Defined in main.c. */
#ifndef MASTER_MASTER_H
#define MASTER_MASTER_H

#include <stdbool.h>
#include <stdint.h>

#include "master/settings.h"

struct loop;

struct master {
	/* the command line */
	const char *conf_path; /* NULL: built-in defaults, because there is no file */
	bool foreground, verbose;
	unsigned traces;

	struct loop *loop;
	struct settings set; /* in effect */
	struct options as_read; /* before max_sessions was lowered to what fits */
	unsigned workers, auths; /* processes; fixed while we run */
	unsigned webs, tlss; /* 0 before there is a listener for them */
	bool store; /* there is one */
	uint64_t epoch; /* of this journal; kept in state_dir */
	uint64_t started; /* wall ms */
	uint64_t fd_limit;
	bool ready; /* every process has been ready once */
	bool stopping; /* nothing is started any more */
};
extern struct master master;

/* Every process is ready for the first time (child.c tells). */
void master_ready(void);
/* Orderly stop; a second call: at once. why is for the log. */
void master_stop(const char *why);
/* Stop seconds from now, or not any more. */
void master_stop_in(uint64_t seconds, const char *why);
bool master_stop_cancel(void);
/* When it is to be, in ms since 1970; 0: no stop is planned. */
uint64_t master_stop_at(void);
/* The last child is gone (child.c tells). */
void master_children_gone(void);

#endif
