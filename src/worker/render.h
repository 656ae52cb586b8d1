/* render.h - events as telnet clients see them: pure functions, bytes out of facts.
 *
 * A class says how a client wants things to look; all clients of one class get the same bytes.
 * Nothing that a person wrote reaches the output with a control character in it, whoever let it
 * in: it is looked at here once more.
 */
#ifndef WORKER_RENDER_H
#define WORKER_RENDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipc/ipc.h"
#include "proto/format.h"

enum render_class {
	CLS_FORMAT = 7, /* enum format */
	CLS_TIME = 8, /* HH:MM before each line */
	CLS_COLOR = 16,
	CLS_OTHER = 32, /* of a room that is not the client's current one: named */
	CLS_PROTOCOL =
	    192, /* 0: telnet; the others are IRC's, see irc/render.h: CLS_OTHER means nothing there */
	CLS_IRC = 64,
	CLS_WS_TEXT = 128, /* IRC in WebSocket frames */
	CLS_WS_BINARY = 192,
	CLS_COUNT = 256
};
/* The class of the lines that the frames of this one hold. */
#define CLS_LINES(cls) (((cls) & ~(unsigned)CLS_PROTOCOL) | CLS_IRC)

enum shown_what {
	SHOWN_SAY,
	SHOWN_DM,
	SHOWN_NOTE, /* the server's own words in `text` */
};

#define SHOWN_BEFORE 32
struct shown {
	enum shown_what what;
	uint8_t kind; /* enum msg_kind, for SAY and DM */
	bool server; /* from the server, not from a user */
	bool whole; /* text says already who does what */
	uint64_t at; /* wall ms */
	struct str name; /* who speaks */
	struct str room; /* empty: of no room */
	struct str text; /* lines separated by '\n' */

	/* --- for the protocols that show the event itself, not words about it --- */
	unsigned type; /* MSG_e_…; 0: there is none */
	const void *e; /* its struct m_e_… */
	struct str before; /* IRC: stands before a message's text; SHOWN_BEFORE bytes at most */
	/* Of those clients, only who has all of these capabilities (irc/cap.h); in a room, only
	 * members with this rank (MEMBER_…). 0: all. */
	uint64_t needs;
	uint8_t rank;
	bool irc_only; /* telnet clients have been, or will be, shown it in another way */
};

#define RENDER_COPY (TEXT_MAX + 4096) /* 4096: closers of bidi controls that a text may get */
/* Make s fit to be shown: text without controls, formatting codes and open bidi controls. When it is not, s has a clean copy from
 * then on: the caller's, since others are told other things while an event is shown. Once per event. */
void render_clean(struct shown *s, char copy[RENDER_COPY]);

/* Bytes that render() may need at most, for any class. */
size_t render_bound(const struct shown *s);

/* One event for one class; every line ends with CR LF, the lines of a text after the first begin
 * with two spaces. out has room for render_bound(s). Returns the length. */
size_t render(char *out, unsigned cls, const struct shown *s);

/* Why somebody has left, as IRC and the log have it: "Kicked by Server (calm down)", "Banned (spam)", "Killed (ada: spam)",
 * "Quit: bye" for its own words, which therefore cannot look like the others; or what was the matter. Empty: nobody said. */
#define QUIT_TEXT_MAX (REASON_MAX + NAME_BYTES_MAX + 16)
struct str quit_text(const struct m_e_quit *e, char out[QUIT_TEXT_MAX + 1]);
/* Was it somebody else's decision? */
bool quit_was_ordered(const struct m_e_quit *e);

#endif
