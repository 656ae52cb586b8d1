/* chatconf.h - the command line and chat.conf. */
#ifndef CHAT_CHATCONF_H
#define CHAT_CHATCONF_H

#include <limits.h>

#include "link.h"
#include "lib/name.h"
#include "words.h"

/* Exit codes, chatctl's. */
enum {
	CHAT_OK,
	CHAT_REFUSED,
	CHAT_USAGE,
	CHAT_UNREACHABLE,
	CHAT_DENIED, /* not the server that was meant, or a wrong password */
	CHAT_NOT_FOUND, /* no such room, nobody of that name, no such file */
	CHAT_TIMED_OUT,
};

enum chat_mode { CHAT_TALK, CHAT_SEND, CHAT_TAIL, CHAT_GET };

#define CHAT_ROOMS_MAX 20
#define CHAT_LINES_ALL UINT_MAX

struct chat_conf {
	enum chat_mode mode;
	char host[256];
	struct link_conf link; /* host points to the one above */
	char name[NAME_BYTES_MAX + 1]; /* empty: to be asked for */
	bool name_given; /* on the command line: no other will do */
	bool pin_given; /* on the command line */
	bool login; /* the name is an account's: its password is asked for */
	char password[513];
	char password_from[4096]; /* the file; empty: it was typed */
	bool full;
	char room[CHAT_ROOMS_MAX][ROOM_BYTES_MAX + 2];
	unsigned rooms;
	struct look look;
	bool color_set;
	unsigned history;
	bool history_given; /* on the command line */
	char autosave[4096]; /* empty: off */
	unsigned test_port; /* --fetch-test: see xfer.h */
	/* scripts */
	char target[ROOM_BYTES_MAX + 2]; /* send: "#room" or a name */
	char *text; /* owned; NULL: standard input */
	const char *file, *url, *out;
	bool json;
	bool create; /* a room that is not there is made */
	unsigned timeout; /* seconds */
	unsigned lines; /* tail: end after so many new ones; CHAT_LINES_ALL: never */
};

/* Fills *c from the file, then from argv. -1: go on; otherwise the exit code, after having said why. */
int chat_conf(struct chat_conf *c, int argc, char **argv);
void chat_conf_fini(struct chat_conf *c);

/* "chat: " before it, on stderr. Returns code. */
int chat_fail(int code, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
