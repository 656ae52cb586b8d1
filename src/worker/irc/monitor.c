/* monitor.c - see monitor.h. */
#include "config.h"

#include "worker/irc/monitor.h"

#include "worker/irc/cmd.h"

void
monitor_online(struct str name, struct str uhost)
{
	(void)name;
	(void)uhost;
}

void
monitor_offline(struct str name)
{
	(void)name;
}

void
monitor_renamed(struct str old, struct str name, struct str uhost)
{
	monitor_offline(old);
	monitor_online(name, uhost);
}

void
monitor_shown(struct str name)
{
	(void)name;
}

void
monitor_forget(struct conn *c)
{
	(void)c;
}

enum irc_done
irc_MONITOR(struct conn *c, struct irc_run *r)
{
	(void)c;
	(void)r;
	return IRC_DONE;
}
