/* cmd.h - IRC's commands: one table, and how one is carried out.
 *
 * A command is a handler that is called until it says that it is done. Each call may ask the
 * broker for one thing, or begin one query; it is called again when that has been answered. So
 * JOIN #a,#b,#c is three calls, and its answers come in order, under one label if it has one.
 * Nothing else of the client is looked at meanwhile, except that messages (CMD_IRC_PIPE) without a
 * label do not wait for their answers.
 */
#ifndef WORKER_IRC_CMD_H
#define WORKER_IRC_CMD_H

#include <stdbool.h>
#include <stdint.h>

#include "ipc/ipc.h"
#include "proto/irc.h"
#include "worker/conn.h"

#define IRC_WHOIS_MAX 10 /* names in one WHOIS or WHOWAS */
#define IRC_LABEL_MAX 64
#define IRC_LABEL_BYTES (2 * IRC_LABEL_MAX) /* escaped */
#define IRC_RUN_LINE (LINE_BYTES_IRC + 2) /* one byte of what is too long, and NUL */

enum irc_done {
	IRC_DONE, /* when what it has asked for is answered, the command is over */
	IRC_MORE, /* call again then */
	/* Nothing has been done: call again when what was asked before has been answered. For messages (IRC_PIPE), whose
	 * errors would else come before answers to earlier ones; only when conn.pending > 0. */
	IRC_WAIT,
};

enum irc_cmd_flag {
	IRC_NEW = 1, /* before the login */
	IRC_READY = 2, /* after it */
	IRC_PIPE = 4, /* a message: does not wait for answers to those before it, nor they for it */
	IRC_HIDDEN = 8, /* not in HELP: obsolete, or another name */
	IRC_SECRET = 16, /* has a password in it: wiped when it is over */
	IRC_POLL = 32, /* clients send it by themselves: no sign of somebody at the keyboard */
};

struct irc_run;
typedef enum irc_done irc_cmd_fn(struct conn *c, struct irc_run *r);

struct irc_cmd {
	const char *name;
	uint8_t min, max; /* params; fewer: 461 */
	uint8_t flags, cost; /* cost: in lines, beyond the line itself */
	irc_cmd_fn *fn;
	const char *usage, *help;
};

/* Sorted by name; the last row has none. */
extern const struct irc_cmd irc_cmds[];
const struct irc_cmd *irc_cmd_find(struct str name);
/* How often the command of this row has been used here. */
uint64_t irc_cmd_used(unsigned row);

enum irc_answered_as { ANSWER_NONE, ANSWER_HELD, ANSWER_BATCH, ANSWER_OWN_BATCH };

/* The command under way. */
struct irc_run {
	const struct irc_cmd *cmd;
	struct irc_msg msg; /* points into line; params that were not given are empty */
	unsigned step; /* how many calls came before this one */
	/* the handler's own */
	unsigned at; /* where in a list */
	struct str room, name; /* what the request under way is about: for numerics that say so */
	uint64_t num;
	char *kept; /* owned */
	uint8_t service; /* enum service: whom it is for (services.c) */
	uint8_t service_row; /* which of its commands it is */
	bool secret; /* has a password in it: wiped when it is over */
	/* labeled-response (reply.c) */
	uint8_t nlabel, answered_as;
	char label[IRC_LABEL_BYTES]; /* escaped as it came */
	char *held; /* owned; a first answer, perhaps the only one: a line, or a batch of its own */
	size_t nheld;
	uint32_t batch;
	bool more; /* the handler said IRC_MORE */
	bool first; /* of this connection */
	size_t n;
	char line[IRC_RUN_LINE];
};

/* One line. False: not now. */
bool irc_line(struct conn *c, char *p, size_t n);
/* What was asked has been answered: the command goes on, or ends. */
void irc_answered(struct conn *c);
void irc_run_free(struct conn *c);

/* The k-th item of a list "a,b,c"; false: there are not so many. Empty items are not counted. */
bool irc_item(struct str list, unsigned k, struct str *item_r);
/* The next item (r->at) of a command's list, which has at most max. False: there is none left, or more than
 * that; the client is told where it gave none at all, or too many. Each but the first costs a line. */
bool irc_next(struct conn *c, struct irc_run *r, struct str list, unsigned max, struct str *item_r);
/* What others will read, clean and at most max bytes: in memory that the next call uses again. */
struct str irc_text(struct str param, size_t max);

/* Handlers: in the file of what they are about (register.c, info.c, room.c, talk.c, oper.c…). */
#define IRC_HANDLERS(X) \
	X(ADMIN) \
	X(AUTHENTICATE) \
	X(AWAY) \
	X(BATCH) \
	X(CAP) \
	X(CHANSERV) \
	X(CHATHISTORY) \
	X(DIE) \
	X(ERROR) \
	X(HELP) \
	X(INFO) \
	X(INVITE) \
	X(ISON) \
	X(ISUPPORT) \
	X(JOIN) \
	X(KICK) \
	X(KILL) \
	X(LINKS) \
	X(LIST) \
	X(LUSERS) \
	X(MARKREAD) \
	X(METADATA) \
	X(MODE) \
	X(MONITOR) \
	X(MOTD) \
	X(NAMES) \
	X(NICK) \
	X(NICKSERV) \
	X(NOTICE) \
	X(OPER) \
	X(PART) \
	X(PASS) \
	X(PING) \
	X(PONG) \
	X(PRIVMSG) \
	X(QUIT) \
	X(REDACT) \
	X(REGISTER) \
	X(REHASH) \
	X(RENAME) \
	X(RESTART) \
	X(SEARCH) \
	X(SETNAME) \
	X(STATS) \
	X(TAGMSG) \
	X(TIME) \
	X(TOPIC) \
	X(UPLOAD) \
	X(USER) \
	X(USERHOST) \
	X(VERIFY) \
	X(VERSION) \
	X(WALLOPS) \
	X(WEBIRC) \
	X(WHO) \
	X(WHOIS) \
	X(WHOWAS)
#define X(name) irc_cmd_fn irc_##name;
IRC_HANDLERS(X)
#undef X

/* MODE for a user (umode.c), which MODE goes on with when it is not for a room. */
irc_cmd_fn irc_umode;

#endif
