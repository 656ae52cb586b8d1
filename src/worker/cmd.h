/* cmd.h - what people can type besides text: one table of commands, and the words of older
 * programs as other names for its rows. */
#ifndef WORKER_CMD_H
#define WORKER_CMD_H

#include <stdbool.h>
#include <stdint.h>

#include "ipc/ipc.h"
#include "worker/conn.h"

#define CMD_ARGS 3

enum cmd_flag {
	CMD_REST = 1, /* the last argument is the rest of the line */
	CMD_PIPE = 2, /* sends a message: does not wait for the answers of others before it */
	CMD_ROOM = 4, /* only in a room */
	CMD_HIDDEN = 8, /* not in /help: reached by a word */
	CMD_SECOND = 16, /* a beginning of it that is one of another's, too, is the other's */
};

struct cmd_args {
	struct str v[CMD_ARGS]; /* those not given are empty */
	unsigned n;
};

struct cmd {
	const char *name, *usage;
	uint8_t min, max, flags, cost; /* cost: in lines, beyond the line itself */
	void (*fn)(struct conn *c, const struct cmd_args *a);
	const char *help, *example;
};

/* The table, sorted by name; the last row has no name. */
extern const struct cmd cmd_table[];

enum cmd_done {
	CMD_DONE,
	CMD_WAIT, /* answers have to come first: offer the line again */
	CMD_NOT, /* no command and no word: text */
};

/* A line that begins with '/' (after it: p, n). */
enum cmd_done cmd_line(struct conn *c, struct str line);
/* Is the line one of the words (show@Server, !INFO, help…)? */
enum cmd_done cmd_word(struct conn *c, struct str line);

/* Case-insensitive for ASCII. */
bool cmd_same(struct str s, const char *word);

/* The rows' handlers: /help is cmd.c's, the others are in the cmd_*.c that is about them. */
#define CMD_HANDLERS(X) \
	X(account) \
	X(ack) \
	X(announced) \
	X(away) \
	X(ban) \
	X(color) \
	X(delete) \
	X(deop) \
	X(devoice) \
	X(direct) \
	X(echo) \
	X(edit) \
	X(file) \
	X(format) \
	X(help) \
	X(history) \
	X(ignore) \
	X(info) \
	X(invite) \
	X(invited) \
	X(join) \
	X(kick) \
	X(leave) \
	X(left) \
	X(login) \
	X(logout) \
	X(me) \
	X(more) \
	X(msg) \
	X(mute) \
	X(nick) \
	X(op) \
	X(password) \
	X(paste) \
	X(quit) \
	X(register) \
	X(room) \
	X(rooms) \
	X(say) \
	X(search) \
	X(time) \
	X(topic) \
	X(unban) \
	X(unmute) \
	X(unread) \
	X(users) \
	X(voice) \
	X(who) \
	X(whois)
/* A link to upload a file to is asked for: for that room or user. */
void cmd_file_to(struct conn *c, bool to_room, struct str target);

#define X(name) void cmd_##name(struct conn *c, const struct cmd_args *a);
CMD_HANDLERS(X)
#undef X

#endif
