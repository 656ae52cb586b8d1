/* info.c - see info.h. */
#include "config.h"

#include "worker/irc/info.h"

#include "worker/irc/cmd.h"
#include "worker/irc/irc.h"
#include "worker/irc/reply.h"
#include "registry/registry.h"
#include "worker/worker.h"

void
irc_isupport(struct conn *c)
{
	irc_num(
	    c, RPL_ISUPPORT,
	    "CASEMAPPING=ascii CHANTYPES=# PREFIX=(ohv)@%%+ STATUSMSG=@%%+ NETWORK=chatd UTF8ONLY "
	    ":are supported by this server");
}

void
irc_lusers(struct conn *c)
{
	irc_num(c, RPL_LUSERCLIENT, ":There are %u users and 0 invisible on 1 servers",
		worker.reg != NULL ? registry_users(worker.reg) : 0);
}

void
irc_motd(struct conn *c)
{
	irc_num(c, ERR_NOMOTD, ":MOTD File is missing");
}

enum irc_done
irc_MOTD(struct conn *c, struct irc_run *r)
{
	(void)r;
	irc_motd(c);
	return IRC_DONE;
}
