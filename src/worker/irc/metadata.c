/* metadata.c - METADATA (draft/metadata). */
#include "config.h"

#include "worker/irc/cmd.h"
#include "worker/irc/irc.h"

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
