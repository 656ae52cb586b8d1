/* metadata.c - see metadata.h. */
#include "config.h"

#include "worker/irc/metadata.h"

#include "worker/irc/cmd.h"
#include "worker/irc/irc.h"

bool
metadata_aware(const struct conn *c)
{
	const uint32_t needs = CAP_METADATA | CAP_BATCH;

	return (c->irc->caps & needs) == needs;
}

void
metadata_later(struct conn *c)
{
	(void)c;
}

void
irc_meta(const struct m_e_meta *e, struct conn *own)
{
	(void)e;
	(void)own;
}

enum irc_done
irc_METADATA(struct conn *c, struct irc_run *r)
{
	(void)c;
	(void)r;
	return IRC_DONE;
}
