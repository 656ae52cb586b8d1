/* cmd.c - see cmd.h. */
#include "config.h"

#include "worker/irc/cmd.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ipc/board.h"
#include "lib/text.h"
#include "lib/util.h"
#include "worker/history.h"
#include "worker/input.h"
#include "worker/irc/irc.h"
#include "worker/irc/login.h"
#include "worker/irc/metadata.h"
#include "worker/irc/names.h"
#include "worker/irc/reply.h"
#include "worker/irc/talk.h"
#include "worker/session.h"

#define BOTH (IRC_NEW | IRC_READY)

const struct irc_cmd irc_cmds[] = {
    {"ADMIN", 0, 1, IRC_READY, 1, irc_ADMIN, "[server]", "who looks after this server"},
    {"AUTHENTICATE", 1, 1, BOTH | IRC_SECRET, 1, irc_AUTHENTICATE, "mechanism|data|*",
     "log in to an account (SASL)"},
    {"AWAY", 0, 1, BOTH, 1, irc_AWAY, "[:text]", "say that you are away; without a text: back"},
    {"BATCH", 1, 3, IRC_READY, 0, irc_BATCH, "+name draft/multiline target | -name",
     "a message of several lines"},
    {"CAP", 1, 2, BOTH | IRC_POLL, 0, irc_CAP, "LS|LIST|REQ|END [...]",
     "capabilities of the client"},
    {"CHANSERV", 0, 15, IRC_READY | IRC_SECRET, 0, irc_CHANSERV, "[command ...]",
     "registered rooms: HELP tells more"},
    {"CHATHISTORY", 0, 5, IRC_READY | IRC_POLL, 2, irc_CHATHISTORY,
     "LATEST|BEFORE|AFTER|AROUND|BETWEEN target selector [selector] limit", "messages of before"},
    {"CS", 0, 15, IRC_READY | IRC_SECRET | IRC_HIDDEN, 0, irc_CHANSERV, "[command ...]",
     "the same as CHANSERV"},
    {"DIE", 0, 1, IRC_READY, 1, irc_DIE, "", "stop the server (operators)"},
    {"ERROR", 0, 15, BOTH | IRC_HIDDEN, 0, irc_ERROR, ":text", "servers say this"},
    {"HELP", 0, 1, IRC_READY, 1, irc_HELP, "[command]", "what a command does, or which there are"},
    {"HELPOP", 0, 1, IRC_READY | IRC_HIDDEN, 1, irc_HELP, "[command]", "the same as HELP"},
    {"INFO", 0, 1, IRC_READY, 1, irc_INFO, "[server]", "what runs here"},
    {"INVITE", 0, 2, IRC_READY, 2, irc_INVITE, "[name #room]",
     "ask somebody into a room; alone: who has asked you"},
    {"ISON", 1, 15, IRC_READY | IRC_POLL, 1, irc_ISON, "name ...",
     "which of these people are here"},
    {"ISUPPORT", 0, 0, BOTH, 1, irc_ISUPPORT, "", "what this server can do"},
    {"JOIN", 1, 2, IRC_READY, 1, irc_JOIN, "#room,... [key,...]", "go into rooms, or make them"},
    {"KICK", 2, 3, IRC_READY, 1, irc_KICK, "#room name,... [:reason]", "throw out of a room"},
    {"KILL", 1, 2, IRC_READY, 1, irc_KILL, "nick [:reason]", "throw somebody out (operators)"},
    {"LINKS", 0, 2, IRC_READY, 1, irc_LINKS, "[[server] mask]", "the servers of this network"},
    {"LIST", 0, 2, IRC_READY, 3, irc_LIST, "[#room|mask|!mask|<n|>n|C<min|C>min|T<min|T>min,...]",
     "rooms, their members and topics"},
    {"LUSERS", 0, 2, IRC_READY, 1, irc_LUSERS, "[mask [server]]", "how many are here"},
    {"MARKREAD", 0, 2, IRC_READY | IRC_POLL, 1, irc_MARKREAD, "target [timestamp=...]",
     "how far you have read"},
    {"METADATA", 0, 15, BOTH | IRC_POLL, 1, irc_METADATA,
     "*|name|#room GET|LIST|SET|CLEAR|SUB|UNSUB|SUBS|SYNC [...]",
     "what people and rooms tell of themselves"},
    {"MODE", 1, 15, IRC_READY, 1, irc_MODE, "#room|nick [modes [arguments]]",
     "a room's or your own modes"},
    {"MONITOR", 1, 2, IRC_READY | IRC_POLL, 1, irc_MONITOR, "+|- name,... | C | L | S",
     "be told when people come and go"},
    {"MOTD", 0, 1, IRC_READY, 2, irc_MOTD, "[server]", "the message of the day"},
    {"NAMES", 0, 1, IRC_READY, 2, irc_NAMES, "[#room,...]", "who is in a room"},
    {"NICK", 0, 1, BOTH, 1, irc_NICK, "name", "take a name, or another one"},
    {"NICKSERV", 0, 15, IRC_READY | IRC_SECRET, 0, irc_NICKSERV, "[command ...]",
     "accounts: HELP tells more"},
    {"NOTICE", 0, 2, IRC_READY | IRC_PIPE, 0, irc_NOTICE, "target,... :text",
     "say something that is not answered by programs"},
    {"NS", 0, 15, IRC_READY | IRC_SECRET | IRC_HIDDEN, 0, irc_NICKSERV, "[command ...]",
     "the same as NICKSERV"},
    {"OPER", 2, 2, IRC_READY | IRC_SECRET, 2, irc_OPER, "name password",
     "become an operator of the server"},
    {"PART", 1, 2, IRC_READY, 1, irc_PART, "#room,... [:reason]", "leave rooms"},
    {"PASS", 1, 1, IRC_NEW | IRC_SECRET, 0, irc_PASS, "password", "the server's password"},
    {"PING", 1, 2, BOTH | IRC_POLL, 0, irc_PING, "token", "is the server there?"},
    {"PONG", 0, 2, BOTH | IRC_POLL, 0, irc_PONG, "token", "the client is there"},
    {"PRIVMSG", 0, 2, IRC_READY | IRC_PIPE, 0, irc_PRIVMSG, "target,... :text",
     "say something to rooms or people"},
    {"QUIT", 0, 1, BOTH, 0, irc_QUIT, "[:reason]", "log out"},
    {"REDACT", 2, 3, IRC_READY, 1, irc_REDACT, "target msgid [:reason]", "take a message back"},
    {"REGISTER", 0, 3, BOTH | IRC_SECRET, 2, irc_REGISTER, "account email|* password",
     "make an account"},
    {"REHASH", 0, 1, IRC_READY, 1, irc_REHASH, "", "read the configuration again (operators)"},
    {"RENAME", 2, 3, IRC_READY, 2, irc_RENAME, "#room #new [:reason]", "give a room another name"},
    {"RESTART", 0, 1, IRC_READY, 1, irc_RESTART, "", "replace the server's processes (operators)"},
    {"SEARCH", 0, 1, IRC_READY | IRC_POLL, 4, irc_SEARCH,
     "in=#room;from=name;after=time;before=time;text=words;limit=n",
     "messages of before with these words"},
    {"SETNAME", 1, 1, IRC_READY, 1, irc_SETNAME, ":real name", "another real name"},
    {"STATS", 1, 2, IRC_READY, 2, irc_STATS, "l|m|o|u [server]",
     "your connection, commands used, operators, uptime"},
    {"TAGMSG", 0, 1, IRC_READY | IRC_PIPE, 0, irc_TAGMSG, "target,...",
     "tags without a text (typing, reactions)"},
    {"TIME", 0, 1, IRC_READY, 0, irc_TIME, "[server]", "the server's time"},
    {"TOPIC", 1, 2, IRC_READY, 1, irc_TOPIC, "#room [:text]", "a room's topic"},
    {"UPLOAD", 0, 1, IRC_READY, 2, irc_UPLOAD, "#room|name",
     "a link to upload one file to, for a room or somebody"},
    {"USER", 4, 4, IRC_NEW, 0, irc_USER, "user 0 * :real name", "who the client is for"},
    {"USERHOST", 1, 15, IRC_READY | IRC_POLL, 1, irc_USERHOST, "name ...",
     "the hosts of up to five people"},
    {"VERIFY", 0, 2, BOTH | IRC_SECRET, 2, irc_VERIFY, "account code", "finish making an account"},
    {"VERSION", 0, 1, IRC_READY, 1, irc_VERSION, "[server]", "what runs here, and what it can do"},
    {"WALLOPS", 1, 1, IRC_READY, 1, irc_WALLOPS, ":text",
     "say something to those with +w (operators)"},
    {"WEBIRC", 0, 5, IRC_NEW | IRC_SECRET | IRC_HIDDEN, 0, irc_WEBIRC,
     "password gateway hostname ip [:options]", "for whom a gateway speaks"},
    {"WHO", 1, 3, IRC_READY | IRC_POLL, 2, irc_WHO, "#room|name|mask [o][%fields[,token]]",
     "people in a room, or whom a mask fits"},
    {"WHOIS", 0, 2, IRC_READY, 2, irc_WHOIS, "[server] name,...", "all about somebody"},
    {"WHOWAS", 0, 3, IRC_READY, 2, irc_WHOWAS, "name,... [count]", "who had this name before"},
    {NULL, 0, 0, 0, 0, NULL, NULL, NULL},
};

#define N_CMDS (ARRAY_LEN(irc_cmds) - 1)

static uint64_t used[N_CMDS];

uint64_t
irc_cmd_used(unsigned row)
{
	return used[row];
}

static int
compare(struct str s, const char *name)
{
	int is = strncasecmp(s.p, name, s.n);

	return is == 0 && name[s.n] != '\0' ? -1 : is;
}

const struct irc_cmd *
irc_cmd_find(struct str name)
{
	size_t low = 0, high = N_CMDS;

	while (low < high) {
		size_t mid = (low + high) / 2;
		int is = compare(name, irc_cmds[mid].name);

		if (is == 0)
			return &irc_cmds[mid];
		if (is < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return NULL;
}

bool
irc_item(struct str list, unsigned k, struct str *item_r)
{
	while (str_next(&list, ',', item_r)) {
		if (k-- == 0)
			return true;
	}
	return false;
}

bool
irc_next(struct conn *c, struct irc_run *r, struct str list, unsigned max, struct str *item_r)
{
	if (!irc_item(list, r->at, item_r)) {
		if (r->at == 0)
			irc_num(c, ERR_NEEDMOREPARAMS, "%s :Not enough parameters", r->cmd->name);
		return false;
	}
	if (r->at == max) {
		irc_num(c, ERR_TOOMANYTARGETS, STR_FMT " :Too many targets", STR_ARG(*item_r));
		return false;
	}
	if (r->at++ > 0)
		conn_charge(c, 1);
	return true;
}

struct str
irc_text(struct str param, size_t max)
{
	static char clean[IRC_RUN_LINE];
	size_t n;

	memcpy(clean, param.p, param.n);
	n = text_clean(clean, param.n, TEXT_KEEP_IRC);
	if (n > max)
		n = text_cut(clean, n, max);
	return (struct str){clean, text_balance(clean, n, MIN(max, sizeof(clean)))};
}

/* --- a command under way --------------------------------------------------------------------- */

/* Params that were not given are empty, so that handlers need not count. */
static enum irc_parse
run_parse(struct irc_run *r)
{
	enum irc_parse got = irc_parse(&r->msg, r->line, r->n);

	for (unsigned i = r->msg.n; i < IRC_PARAMS_MAX; i++)
		r->msg.param[i] = (struct str){"", 0};
	return got;
}

/* Commands begin in this one; those that have to wait are moved to memory of their own. */
static struct irc_run first;
/* The one whose handler is being called: it is freed when that has come back. */
static struct irc_run *active;

static void
run_free(struct irc_run *r)
{
	free(r->held);
	r->held = NULL;
	free(r->kept);
	r->kept = NULL;
	if (r->secret)
		explicit_bzero(r->line, r->n);
	if (r != &first)
		free(r);
}

void
irc_run_free(struct conn *c)
{
	struct irc_run *r = c->irc->run;

	c->irc->run = NULL;
	if (r != NULL && r != active)
		run_free(r);
}

/* What a pointer into one run's line is in another's. */
static struct str
moved(struct str s, const struct irc_run *from, const struct irc_run *to)
{
	if (s.n == 0 || s.p < from->line || s.p >= from->line + sizeof(from->line))
		return s;
	return (struct str){to->line + (s.p - from->line), s.n};
}

/* It has to wait: from the stack of all into memory of its own. */
static void
run_keep(struct conn *c, struct irc_run *r)
{
	struct irc_run *kept;

	if (r != &first)
		return;
	kept = xcalloc(1, offsetof(struct irc_run, line) + r->n + 1);
	memcpy(kept, r, offsetof(struct irc_run, line) + r->n);
	run_parse(kept);
	if (r->secret)
		explicit_bzero(r->line, r->n);
	kept->room = moved(r->room, r, kept);
	kept->name = moved(r->name, r, kept);
	r->held = r->kept = NULL;
	c->irc->run = kept;
}

static void
run_over(struct conn *c, struct irc_run *r)
{
	if (c->flags & CONN_LABEL)
		irc_label_end(c, r);
	c->irc->run = NULL;
	if (r != &first)
		conn_resume(c);
	run_free(r);
	login_due(c);
	names_due(c);
	metadata_due(c);
	history_due(c);
}

static void
run_go(struct conn *c, struct irc_run *r)
{
	while (r->more) {
		enum irc_done done;

		active = r;
		done = r->cmd->fn(c, r);
		active = NULL;
		r->more = done != IRC_DONE;
		if (c->flags & CONN_ENDED) {
			run_free(r);
			return;
		}
		if (done == IRC_WAIT) {
			CHECK(c->pending > 0);
			c->flags |= CONN_BARRIER | CONN_WAITS;
		} else {
			r->step++;
		}
		if (c->flags & CONN_BARRIER || c->query != NULL) {
			run_keep(c, r);
			irc_label_waits(c);
			return;
		}
	}
	run_over(c, r);
}

void
irc_answered(struct conn *c)
{
	if (c->irc->run == NULL) {
		names_due(c);
		metadata_due(c);
		history_due(c);
	} else {
		run_go(c, c->irc->run);
	}
}

/* --- from a line to a handler ------------------------------------------------------------------ */

/* Can it be sent back? Of lines that are refused it may be anything, and its end may have been cut off. */
static bool
label_fits(const struct irc_run *r, struct str value)
{
	char plain[IRC_LABEL_MAX + 1];

	return value.n > 0 && value.n <= IRC_LABEL_BYTES &&
	       value.p + value.n < r->line + IRC_RUN_LINE - 1 &&
	       memchr(value.p, '\0', value.n) == NULL && text_utf8_ok(value.p, value.n) &&
	       irc_tag_unescape(value, plain, sizeof(plain)) <= IRC_LABEL_MAX;
}

static void
label_of(struct conn *c, struct irc_run *r)
{
	const uint64_t needs = CAP_LABEL | CAP_BATCH;
	struct str value;

	r->nlabel = 0;
	if (r->msg.tags.n == 0 || (c->irc->caps & needs) != needs ||
	    !irc_tag_find(r->msg.tags, "label", &value) || !label_fits(r, value))
		return;
	/* escaped as it came, and as it goes back */
	memcpy(r->label, value.p, value.n);
	r->nlabel = (uint8_t)value.n;
}

static void
refuse_unknown(struct conn *c, struct str name)
{
	irc_num(c, ERR_UNKNOWNCOMMAND, STR_FMT " :Unknown command",
		(int)text_cut(name.p, name.n, 40), name.p);
}

/* May it be run now? The client is told if not. */
static bool
allowed(struct conn *c, const struct irc_run *r)
{
	const struct irc_cmd *cmd = r->cmd;

	if (cmd == NULL) {
		if (c->state == CONN_READY || irc_is(r->msg.cmd, "SERVER"))
			refuse_unknown(c, r->msg.cmd);
		else
			irc_num(c, ERR_NOTREGISTERED, ":You have not registered");
		return false;
	}
	if (!(cmd->flags & (c->state == CONN_READY ? IRC_READY : IRC_NEW))) {
		if (c->state == CONN_READY)
			irc_num(c, ERR_ALREADYREGISTERED, ":You may not reregister");
		else
			irc_num(c, ERR_NOTREGISTERED, ":You have not registered");
		return false;
	}
	if (r->msg.n < cmd->min) {
		irc_num(c, ERR_NEEDMOREPARAMS, "%s :Not enough parameters", cmd->name);
		return false;
	}
	return true;
}

/* A line that is none, or not UTF-8. */
static void
refuse_line(struct conn *c, struct irc_run *r, enum irc_parse why)
{
	count(CTR_lines_refused_total);
	c->irc->run = r;
	if (c->irc->batch != NULL)
		batch_broken(c, r);
	if (r->nlabel > 0)
		irc_label_begin(c, r);
	if (why == IRC_PARSE_TAGS_LONG || why == IRC_PARSE_LONG)
		irc_num(c, ERR_INPUTTOOLONG, ":Input line was too long");
	else if (why == IRC_PARSE_BAD)
		irc_fail(c, "*", "INVALID_LINE", STR_LIT(""), "That line cannot be understood");
	else
		irc_fail(c, r->cmd != NULL ? r->cmd->name : "*", "INVALID_UTF8", STR_LIT(""),
			 "Only UTF-8 is understood here");
	run_over(c, r);
}

static bool
is_browser(struct conn *c, struct str line)
{
	if (c->state == CONN_READY || !session_is_http(line))
		return false;
	count(CTR_dropped_input);
	conn_end(c, "HTTP", false);
	return true;
}

/* False: not now. */
static bool
dispatch(struct conn *c, struct irc_run *r)
{
	enum irc_parse got = run_parse(r);
	bool utf8;

	r->cmd = got == IRC_PARSE_OK ? irc_cmd_find(r->msg.cmd) : NULL;
	r->secret = r->cmd != NULL && r->cmd->flags & IRC_SECRET;
	label_of(c, r);
	if (c->pending > 0 && (r->cmd == NULL || !(r->cmd->flags & IRC_PIPE) || r->nlabel > 0))
		return false;
	utf8 = text_utf8_ok(r->line, r->n);
	if (got != IRC_PARSE_OK || !utf8) {
		if (c->pending > 0)
			return false;
		if (got != IRC_PARSE_EMPTY)
			refuse_line(c, r, got);
		return true;
	}
	count(CTR_lines_in_total);
	c->irc->run = r;
	if (c->irc->batch != NULL)
		batch_before(c, r);
	r->first = !(c->irc->flags & IRC_SPOKE);
	c->irc->flags |= IRC_SPOKE;
	if (r->nlabel > 0)
		irc_label_begin(c, r);
	r->more = allowed(c, r);
	if (r->more) {
		conn_charge(c, r->cmd->cost);
		used[r->cmd - irc_cmds]++;
	}
	run_go(c, r);
	return true;
}

bool
irc_line(struct conn *c, char *p, size_t n)
{
	struct irc_run *r = &first;

	if (n > sizeof(r->line) - 1)
		return true;
	if (is_browser(c, (struct str){p, n}))
		return true;
	memset(r, 0, offsetof(struct irc_run, line));
	memcpy(r->line, p, n);
	r->line[n] = '\0'; /* for what reads numbers: the last line was longer, perhaps */
	r->n = n;
	if (!dispatch(c, r))
		return false;
	/* the handler may have wiped its own copy by now */
	if (r->secret)
		explicit_bzero(p, n);
	if (!(c->flags & CONN_ENDED) && c->state == CONN_READY &&
	    !(r->cmd != NULL && r->cmd->flags & IRC_POLL))
		conn_touch(c);
	return true;
}
