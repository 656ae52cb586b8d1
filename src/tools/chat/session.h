/* session.h - being somebody on a server: what is said by it and to it, without a socket and without a terminal.
 *
 * Lines of the server go in by session_line(), lines that somebody typed by session_typed(); what is for the server
 * collects in `out`, what is for people goes through `front`. A session outlives its connections: session_lost() keeps
 * the rooms, what was shown last in each, and what has not been acknowledged, and the next session_begin() goes on there.
 *
 * The server is not trusted: everything shown has been through wire_clean(), and everything kept has a limit.
 */
#ifndef CHAT_SESSION_H
#define CHAT_SESSION_H

#include <stdbool.h>
#include <stdint.h>
#include <uthash.h>

#include "lib/buf.h"
#include "lib/name.h"
#include "lib/str.h"
#include "words.h"

#define SESSION_ROOMS_MAX 200
#define SESSION_DIRECT_MAX 100 /* of them: strangers who write leave room for rooms */
#define SESSION_MEMBERS_MAX 20000 /* in a room; more are not known of */
#define SESSION_BATCHES_MAX 32
#define SESSION_MEMBERS_ALL 100000 /* in all rooms together */
#define SESSION_HELD_MAX 500 /* in a room, */
#define SESSION_HELD_BYTES (256u * 1024) /* and at most so much */
#define SESSION_PENDING_MAX 200
#define SESSION_SEEN_MAX 4096
#define SESSION_RECENT_MAX 256
#define SESSION_TEXT_MAX 16384 /* a message; what is longer is cut */
#define SESSION_IGNORE_MAX 100
#define SESSION_DM_MAX 50 /* people with whom something was said while we were away */
#define NICK_MAX NAME_BYTES_MAX

/* What happened to a message, or what is said about it. Everything in it is clean. */
enum show_kind {
	SHOW_NOTE, /* text only */
	SHOW_SAID,
	SHOW_DID, /* "/me" */
	SHOW_FILE, /* shared one: text goes on behind the name */
	SHOW_EDIT, /* has other words for something: the same */
};
struct show {
	enum show_kind kind;
	bool old; /* from history */
	bool own; /* by oneself */
	bool direct; /* between two people */
	bool mention; /* the text has one's name */
	struct str room; /* "lobby", "@bob" for what is between two people; empty: nowhere */
	struct str from, to, text;
	struct str msgid;
	uint64_t at; /* ms since 1970; 0: now */
};

/* What the session asks the person for; the next line that is typed is the answer. */
enum ask {
	ASK_NOTHING,
	ASK_NAME, /* the one before cannot be had */
	ASK_IMAGE,
	ASK_FILE,
	ASK_PASSWORD,
	ASK_OLD_PASSWORD,
	ASK_NEW_PASSWORD,
	ASK_AGAIN,
	ASK_DROP,
	ASK_COUNT
};

/* Why a session cannot go on. */
enum refusal {
	REFUSED_NAME,
	REFUSED_PASSWORD,
	REFUSED_ROOM, /* scripts: it cannot be entered */
	REFUSED_MESSAGE, /* scripts: not sent */
	REFUSED_GONE, /* scripts: nobody is called so */
	REFUSED_NOW, /* scripts: the room cannot be entered yet */
	REFUSED_SENT_AWAY, /* kicked, killed or banned */
	REFUSED_OTHER,
};

struct session;
struct front {
	void (*show)(void *arg, const struct show *s);
	/* Names, rooms, members, the present room, what is asked for: something of these has changed. */
	void (*changed)(void *arg);
	void (*ready)(void *arg); /* logged in; the rooms are being entered */
	void (*entered)(void *arg, const char *room); /* and what was missed there has been shown */
	void (*refused)(void *arg, enum refusal why, const char *text);
	void (*quit)(void *arg); /* the person wants to leave */
	/* !FILE and image@name: path is a file, or a URL if that was the answer; to: "#room" or a name. */
	void (*send_file)(void *arg, const char *to, const char *path, bool image);
	/* The server's answer to UPLOAD; url NULL: refused, why says it ("": there is no such recipient). */
	void (*upload)(void *arg, const char *to, const char *url, const char *why);
	/* A message has this link to a file on the server. */
	void (*offer)(void *arg, const char *url, const char *name,
		      bool old); /* name: "": the URL has it */
	void (*save)(void *arg, const char *which); /* /save */
};

struct member {
	char rank; /* '@', '%', '+' or 0 */
	bool away;
	char name[NICK_MAX + 1];
	char key[NICK_MAX + 1]; /* name in lower case */
	UT_hash_handle hh;
};

struct held; /* a message that came while older ones were still being fetched */

struct room {
	char name[ROOM_BYTES_MAX + 1]; /* without '#'; of a conversation the other's name */
	bool direct; /* a conversation */
	bool joined; /* now */
	bool been; /* in an earlier connection */
	bool asked_for; /* by /join: it is where plain lines go when we are there */
	bool wanted; /* to be entered again when the connection is back */
	bool asked_about; /* is it there? That has been asked before it was entered, */
	bool there; /* and it is */
	bool asked_since; /* since when is it there? That has been asked inside */
	/* By the server's clock; of as long as nothing was seen there, the first time. 0: it does not tell. */
	uint64_t joined_at;
	bool fetching, first; /* history is being fetched; for the first time */
	bool held_over; /* so much came meanwhile that it has to be fetched, too */
	bool lacks; /* what is newest could not be: the server has not written it yet */
	uint8_t names[8], nnames; /* enum names_for of the lists that are coming, in their order */
	unsigned got; /* rows of the page */
	unsigned long ask; /* the label of the request */
	uint64_t asked_after; /* the message that it asks for what followed */
	uint64_t came; /* our JOIN's number, or 0: what has a greater one was said since */
	uint64_t last; /* the latest message's number; 0: there was none, or it has none */
	uint64_t mine; /* and our own latest one's */
	uint64_t last_at, marked_at;
	unsigned unread, mentions;
	char topic[1024];
	char key[64]; /* to enter it with again */
	struct member *members; /* owned, by key */
	struct held *held, **held_end; /* owned */
	unsigned nheld;
	size_t held_bytes;
	struct room *next;
};

/* One of the latest messages, for what is said about it. */
#define RECENT_TEXT 48
struct recent {
	uint64_t seq;
	char from[NICK_MAX + 1], text[RECENT_TEXT + 1];
};

enum session_state { SESSION_OFF, SESSION_CAPS, SESSION_SASL, SESSION_WELCOME, SESSION_READY };

struct batch;
struct pending;

struct session {
	const struct front *front;
	void *arg;
	struct buf out; /* lines for the server; the connection takes them from here */

	enum session_state state;
	bool paned; /* of all rooms only the one that plain lines go to is on the screen */
	bool script; /* nobody is there to be asked; nothing is shown but messages */
	bool create; /* script: a room that is not there is made */
	bool again; /* there has been a connection before */
	bool secure; /* passwords may be sent */
	bool authing; /* we have asked to log in: the server may ask for the password, once */
	bool leaving;
	bool name_refused; /* the name is to be asked for again by NICK, later */
	char nick[NICK_MAX + 1], want[NICK_MAX + 1];
	char account[NICK_MAX + 1]; /* logged in to; empty: none */
	char login[NICK_MAX + 1], password[512 + 1]; /* to log in with; wiped at the end */
	char host[256]; /* of the server, as its files' addresses have it */
	char files[256]; /* and the host that it says its files are on */
	unsigned history; /* lines to be shown of before */
	unsigned page; /* rows that one request may ask for; 0: there is no history */
	unsigned caps, offered; /* bits of the table */
	bool whox;

	struct room *rooms, *cur; /* owned; where plain lines go */
	unsigned nmembers; /* of all of them */
	struct room *asked_page; /* /more */
	uint64_t oldest; /* the first row shown */
	bool show_ids; /* of rows that were asked for */
	unsigned who_wanted;
	bool who_more; /* some of them have been shown */
	struct batch *batches; /* owned */
	unsigned nbatches;
	struct pending *pending, **pending_end; /* owned */
	unsigned npending;
	unsigned long label;
	char id[16 + 1]; /* hexadecimal: nobody else's messages have it */
	uint64_t seen[SESSION_SEEN_MAX];
	unsigned nseen;
	struct recent recent[SESSION_RECENT_MAX];
	unsigned nrecent;
	uint64_t last_at; /* server's time, the latest */
	uint64_t away_from; /* and when the connection was lost */
	unsigned long dm_ask[1 + SESSION_DM_MAX]; /* labels of what has not been answered yet */
	unsigned dm_asks;
	unsigned long upload; /* label of the request for an address; one at a time */
	char upload_to[ROOM_BYTES_MAX + 2];
	char *ignored[SESSION_IGNORE_MAX]; /* owned */
	unsigned nignored;

	/* what the person has chosen */
	struct look look;
	bool ack, direct_only;
	enum ask ask;
	char ask_to[ROOM_BYTES_MAX + 2], ask_word[512 + 1], ask_mail[256];
	uint8_t ask_for;
	struct buf paste, who;
	bool pasting;
};

void session_init(struct session *s, const struct front *front, void *arg, const char *name);
void session_fini(struct session *s);

/* To be entered at the next (or this) connection. Without '#'. */
void session_want_room(struct session *s, const char *room);

/* There is a connection; secure: nobody can listen. */
void session_begin(struct session *s, bool secure);
/* It has ended. */
void session_lost(struct session *s);

/* A line without its end. */
void session_line(struct session *s, const char *line, size_t n);

/* A line that somebody typed, or the answer to what was asked for; UTF-8. */
void session_typed(struct session *s, const char *line);
/* "Username: ", or NULL: nothing is asked for, the prompt is "NAME > ". secret: is not to be seen. */
const char *session_asks(const struct session *s, bool *secret_r);

/* How many lines a text has: an empty one too has one. As many go to the server, or more: long ones do in pieces. */
size_t session_lines(struct str text);
size_t session_pieces(struct str text);
/* Says text to "#room" or a name: queued until there is a connection. False: it was refused, which has been shown. */
bool session_say(struct session *s, const char *target, struct str text, bool action);
/* Asks for an address to send a file to; one after the other. */
void session_upload(struct session *s, const char *target);
/* Has something been shown that the server does not know to be read? Tells it so. For people with accounts: their other clients
 * know then. */
bool session_unmarked(const struct session *s);
void session_mark(struct session *s);
void session_quit(struct session *s, const char *reason);
/* The name that was refused at the connection, once more. */
void session_name_again(struct session *s);

/* So much is on its way to the server that more had better wait. */
static inline bool
session_busy(const struct session *s)
{
	return s->state == SESSION_READY && s->npending >= SESSION_PENDING_MAX / 2;
}

struct room *session_room(const struct session *s, struct str name, bool direct);
/* Where plain lines go from now on. */
void session_talk_in(struct session *s, struct room *r);
struct member *session_member(const struct room *r, struct str name);
bool session_is_me(const struct session *s, struct str name);

/* A line of our own to the person, e.g. that the connection was lost. */
void session_note(struct session *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
