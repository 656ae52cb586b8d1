/* help.c - HELP: the table of commands, read aloud. */
#include "config.h"

#include <string.h>

#include "lib/util.h"
#include "worker/account.h"
#include "worker/history.h"
#include "worker/irc/cmd.h"
#include "worker/irc/irc.h"
#include "worker/irc/reply.h"

#define WIDTH 60 /* of a line of names */

/* What does nothing but FAIL here, because it needs accounts or a store, is not offered. */
static bool
offered(const struct irc_cmd *cmd)
{
	if (cmd->flags & IRC_HIDDEN)
		return false;
	if (cmd->fn == irc_REGISTER || cmd->fn == irc_VERIFY || cmd->fn == irc_NICKSERV ||
	    cmd->fn == irc_CHANSERV)
		return accounts_here();
	if (cmd->fn == irc_CHATHISTORY || cmd->fn == irc_MARKREAD || cmd->fn == irc_SEARCH)
		return history_kept();
	return true;
}

static void
help_index(struct conn *c)
{
	char line[128] = "";
	size_t n = 0;

	irc_num(c, RPL_HELPSTART, "* :HELP COMMAND says more of one of these:");
	for (const struct irc_cmd *cmd = irc_cmds; cmd->name != NULL; cmd++) {
		if (!offered(cmd))
			continue;
		if (n > 0 && n + strlen(cmd->name) > WIDTH) {
			irc_num(c, RPL_HELPTXT, "* :%s", line);
			n = 0;
		}
		n += bprintf(line + n, sizeof(line) - n, "%s%s", n > 0 ? " " : "", cmd->name);
	}
	if (n > 0)
		irc_num(c, RPL_HELPTXT, "* :%s", line);
	irc_num(c, RPL_ENDOFHELP, "* :End of /HELP");
}

enum irc_done
irc_HELP(struct conn *c, struct irc_run *r)
{
	const struct irc_cmd *cmd;

	if (r->msg.param[0].n == 0) {
		help_index(c);
		return IRC_DONE;
	}
	cmd = irc_cmd_find(r->msg.param[0]);
	if (cmd == NULL || cmd->help == NULL) {
		irc_num(c, ERR_HELPNOTFOUND, STR_FMT " :No help available on this topic",
			STR_ARG(irc_middle(r->msg.param[0])));
		return IRC_DONE;
	}
	irc_num(c, RPL_HELPSTART, "%s :%s %s", cmd->name, cmd->name, cmd->usage);
	irc_num(c, RPL_HELPTXT, "%s :%s", cmd->name, cmd->help);
	irc_num(c, RPL_ENDOFHELP, "%s :End of /HELP", cmd->name);
	return IRC_DONE;
}
