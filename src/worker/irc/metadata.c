/* metadata.c - METADATA (draft/metadata). */
#include "config.h"

#include "worker/irc/irc.h"

void
irc_meta(const struct m_e_meta *e, struct conn *own)
{
	(void)e;
	(void)own;
}
