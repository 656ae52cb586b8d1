/* certs.h - the files of `tls`: copied once, by who may read them, and given to each chatd-tls as descriptors.
 *
 * The copies are what is used until a reload makes others, whatever happens to the files: all processes have the same, the ones that
 * are started later too. Nothing of what is in them is looked at here. */
#ifndef MASTER_CERTS_H
#define MASTER_CERTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "master/settings.h"

struct child;

/* Copy the files that s names. 0, or -1 with *e saying why, and everything as before. */
int certs_prepare(const struct settings *s, struct conf_errors *e);
/* Then one of these: the new copies stay, or the old ones. Nothing prepared is fine. */
void certs_commit(void);
void certs_abort(void);

/* To a chatd-tls, ahead of its options: those that were prepared, else those in use. */
void certs_send(struct child *c);

/* Would chatd-tls, which is program, take those that were prepared, for a server with these options? 0, or -1 with *e saying why not, in its words;
 * what it takes but finds odd is added to *cautions. Waits for it. */
int certs_test(const char *program, const struct options *o, struct conf_errors *e,
	       struct conf_errors *cautions);

/* m_tls_cert. False: malformed. */
bool certs_told(const struct child *c, const void *frame, size_t len);
/* What chatd-tls finds odd with those in use: added to *cautions. */
void certs_cautions(struct conf_errors *cautions);
/* What chatd-tls has told of them: as m_ctl_cert to control, with this id. */
void certs_show(uint32_t id);

#endif
