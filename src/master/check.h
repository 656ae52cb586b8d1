/* check.h - what a configuration that reads well could still fail at: `chatd -t` and `chatctl config check`. */
#ifndef MASTER_CHECK_H
#define MASTER_CHECK_H

#include "master/settings.h"

/* Could s be used? Its log, its certificates (tls_program is chatd-tls, which is run to look at them; only if there are any) and its listeners are tried, and left
 * as they are. Adds to *e what a start or a reload would refuse, to *cautions what it would take but is hardly meant. */
void check_use(const struct settings *s, const char *tls_program, struct conf_errors *e,
	       struct conf_errors *cautions);

/* Only what is hardly meant: added to *cautions. */
void check_cautions(const struct settings *s, struct conf_errors *cautions);

#endif
