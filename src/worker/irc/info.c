/* info.c - see info.h; and MOTD, LUSERS, VERSION, TIME, ADMIN, INFO, LINKS. */
#include "config.h"

#include "worker/irc/info.h"

#include <string.h>
#include <time.h>

#include "ipc/board.h"
#include "ipc/proc.h"
#include "lib/glob.h"
#include "lib/util.h"
#include "proto/irc.h"
#include "registry/registry.h"
#include "worker/irc/cmd.h"
#include "worker/irc/irc.h"
#include "worker/irc/metadata.h"
#include "worker/irc/reply.h"
#include "worker/request.h"
#include "worker/worker.h"

#define VERSION_NAME PACKAGE_NAME "-" PACKAGE_VERSION
#define MOTD_LINE 400 /* a longer one is shown as several */
#define SERVER_MASK_MAX 128

/* Wildcards are allowed (RFC 2812 section 3.4). */
static bool
is_me(struct str mask)
{
	return mask.n <= SERVER_MASK_MAX &&
	       glob_match_nocase(mask.p, mask.n, irc_me, strlen(irc_me));
}

bool
irc_elsewhere(struct conn *c, struct str target)
{
	struct reg_user_view v;

	if (target.n == 0 || is_me(target) ||
	    (worker.reg != NULL && registry_user_named(worker.reg, target.p, target.n, &v) != 0))
		return false;
	irc_num(c, ERR_NOSUCHSERVER, STR_FMT " :No such server", STR_ARG(irc_middle(target)));
	return true;
}

/* --- who is here ------------------------------------------------------------------------------ */

/* Connections of all workers that have no name yet. */
static unsigned
unknown(void)
{
	uint64_t all = 0;

	for (unsigned i = 0; i < WORKERS_MAX; i++) {
		const struct board *b = worker.boards[i].map;

		if (b != NULL)
			all += __atomic_load_n(&b->counters[CTR_unnamed], __ATOMIC_RELAXED);
	}
	return (unsigned)all;
}

static void
lusers(struct conn *c)
{
	unsigned users = 0, most = 0, rooms = 0, invisible = 0, opers = 0;

	if (worker.reg != NULL) {
		users = registry_users(worker.reg);
		most = registry_most_users(worker.reg);
		rooms = registry_rooms(worker.reg);
		registry_user_kinds(worker.reg, &invisible, &opers);
	}
	irc_num(c, RPL_LUSERCLIENT, ":There are %u users and %u invisible on 1 servers",
		users - MIN(users, invisible), invisible);
	irc_num(c, RPL_LUSEROP, "%u :IRC Operators online", opers);
	irc_num(c, RPL_LUSERUNKNOWN, "%u :unknown connections", unknown());
	irc_num(c, RPL_LUSERCHANNELS, "%u :channels formed", rooms);
	irc_num(c, RPL_LUSERME, ":I have %u clients and 0 servers", users);
	irc_num(c, RPL_LOCALUSERS, "%u %u :Current local users %u, max %u", users, most, users,
		most);
	irc_num(c, RPL_GLOBALUSERS, "%u %u :Current global users %u, max %u", users, most, users,
		most);
}

enum irc_done
irc_LUSERS(struct conn *c, struct irc_run *r)
{
	if (irc_elsewhere(c, r->msg.param[1]))
		return IRC_DONE;
	if (r->step == 0) {
		request_sync(c);
		return IRC_MORE;
	}
	lusers(c);
	return IRC_DONE;
}

/* --- the message of the day -------------------------------------------------------------------- */

static void
motd(struct conn *c)
{
	struct str rest = str_of(proc.opt.irc_motd), line;
	size_t n;

	if (rest.n == 0) {
		irc_num(c, ERR_NOMOTD, ":There is no message of the day");
		return;
	}
	irc_num(c, RPL_MOTDSTART, ":- %s Message of the day - ", irc_me);
	while (rest.n > 0) {
		const char *nl = memchr(rest.p, '\n', rest.n);

		line = (struct str){rest.p, nl != NULL ? (size_t)(nl - rest.p) : rest.n};
		rest.p += line.n + (nl != NULL);
		rest.n -= line.n + (nl != NULL);
		do {
			n = irc_cut(line, MOTD_LINE);
			irc_num(c, RPL_MOTD, ":- %.*s", (int)n, line.p);
			line = (struct str){line.p + n, line.n - n};
		} while (line.n > 0);
	}
	irc_num(c, RPL_ENDOFMOTD, ":End of /MOTD command");
}

enum irc_done
irc_MOTD(struct conn *c, struct irc_run *r)
{
	if (!irc_elsewhere(c, r->msg.param[0]))
		motd(c);
	return IRC_DONE;
}

/* --- the server -------------------------------------------------------------------------------- */

/* This process' start: the server's, but for a worker that has been replaced. */
static const char *
created(void)
{
	static char text[32];

	if (text[0] == '\0')
		time_rfc3339(wall_ms(), text);
	return text;
}

static uint64_t started_s;

void
irc_info_init(void)
{
	created();
	started_s = mono_ms() / 1000;
}

uint64_t
irc_started_s(void)
{
	return started_s;
}

void
irc_welcome(struct conn *c, struct str uhost)
{
	irc_num(c, RPL_WELCOME, ":Welcome to the %s IRC Network %s!" STR_FMT, proc.opt.irc_network,
		c->name, STR_ARG(uhost));
	irc_num(c, RPL_YOURHOST, ":Your host is %s, running version " VERSION_NAME, irc_me);
	irc_num(c, RPL_CREATED, ":This server was created %s", created());
	irc_num(c, RPL_MYINFO, "%s " VERSION_NAME " BRiow CIMRbehiklmnostv Ibehklov", irc_me);
	irc_isupport(c);
	lusers(c);
	metadata_welcome(c);
	motd(c);
}

enum irc_done
irc_VERSION(struct conn *c, struct irc_run *r)
{
	if (irc_elsewhere(c, r->msg.param[0]))
		return IRC_DONE;
	irc_num(c, RPL_VERSION, VERSION_NAME " %s :rooms of IRC and telnet", irc_me);
	irc_isupport(c);
	return IRC_DONE;
}

enum irc_done
irc_TIME(struct conn *c, struct irc_run *r)
{
	time_t now = (time_t)(worker_wall_ms() / 1000);
	char text[80];
	struct tm tm;

	if (irc_elsewhere(c, r->msg.param[0]))
		return IRC_DONE;
	localtime_r(&now, &tm);
	strftime(text, sizeof(text), "%A %B %d %Y -- %H:%M:%S %z", &tm);
	irc_num(c, RPL_TIME, "%s :%s", irc_me, text);
	return IRC_DONE;
}

enum irc_done
irc_ADMIN(struct conn *c, struct irc_run *r)
{
	const struct options *o = &proc.opt;

	if (irc_elsewhere(c, r->msg.param[0]))
		return IRC_DONE;
	if (o->irc_admin_location[0] == '\0' && o->irc_admin_name[0] == '\0' &&
	    o->irc_admin_email[0] == '\0') {
		irc_num(c, ERR_NOADMININFO, "%s :No administrative info available", irc_me);
		return IRC_DONE;
	}
	irc_num(c, RPL_ADMINME, "%s :Administrative info", irc_me);
	irc_num(c, RPL_ADMINLOC1, ":%s", o->irc_admin_location);
	irc_num(c, RPL_ADMINLOC2, ":%s", o->irc_admin_name);
	irc_num(c, RPL_ADMINEMAIL, ":%s", o->irc_admin_email);
	return IRC_DONE;
}

enum irc_done
irc_INFO(struct conn *c, struct irc_run *r)
{
	if (irc_elsewhere(c, r->msg.param[0]))
		return IRC_DONE;
	irc_num(c, RPL_INFO, ":" VERSION_NAME ", a chat server");
	irc_num(c, RPL_INFO, ":The same rooms are reached by IRC and by telnet.");
	irc_num(c, RPL_INFO, ":On-line since %s", created());
	irc_num(c, RPL_ENDOFINFO, ":End of /INFO list");
	return IRC_DONE;
}

/* There is one server. LINKS [[server] mask] */
enum irc_done
irc_LINKS(struct conn *c, struct irc_run *r)
{
	struct str server = r->msg.n > 1 ? r->msg.param[0] : STR_LIT(""),
		   mask = r->msg.param[r->msg.n > 1 ? 1 : 0];

	if (irc_elsewhere(c, server))
		return IRC_DONE;
	if (mask.n == 0 || is_me(mask))
		irc_num(c, RPL_LINKS, "%s %s :0 %s", irc_me, irc_me, proc.opt.irc_network);
	irc_num(c, RPL_ENDOFLINKS, STR_FMT " :End of /LINKS list", STR_ARG(irc_middle(mask)));
	return IRC_DONE;
}
