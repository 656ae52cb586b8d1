/* ws.h - WebSocket frames (RFC 6455) of a connection that has been upgraded, from the server's side, without any socket: a
 * client's frames to lines, lines to frames.
 *
 * IRC over WebSocket (IRCv3 "websocket") has one line in each message, without CR LF. A message that holds line ends
 * nevertheless is several lines. Which of text and binary a client sends is its own choice; text has to be UTF-8.
 * No extension is negotiated: reserved bits are 0.
 */
#ifndef PROTO_WS_H
#define PROTO_WS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A client's message: all that IRC lets it send in a line, tags included (irc.h). */
#define WS_MESSAGE_MAX (4096 + 512)
/* Its frame's header: two bytes, the length in at most eight, the mask. */
#define WS_HEAD_MAX 14
#define WS_CONTROL_MAX 125 /* a control frame's payload (section 5.5) */

enum ws_code { /* section 7.4.1 */
	       WS_CODE_NORMAL = 1000,
	       WS_CODE_GOING_AWAY = 1001,
	       WS_CODE_PROTOCOL = 1002,
	       WS_CODE_NONE = 1005, /* a close frame without a code */
	       WS_CODE_NOT_UTF8 = 1007,
	       WS_CODE_POLICY = 1008,
	       WS_CODE_TOO_BIG = 1009,
	       WS_CODE_INTERNAL = 1011,
};

/* What costs us something and brings no line, so that it cannot be used to keep a worker busy or to make it talk: who has spent
 * more than WS_BUDGET is misbehaving. The 65th ping in a row, the 4,097th fragment and the 513th empty message are. */
enum {
	WS_BUDGET = 4096,
	WS_COST_FRAGMENT = 1,
	WS_COST_EMPTY = 8,
	WS_COST_PONG = 8,
	WS_COST_PING = 64,
	WS_RELAX_PER_SECOND = 64, /* what ws_relax() forgives: a ping every second is fine */
	WS_REPLY_MAX = (WS_BUDGET / WS_COST_PING) * (2 + WS_CONTROL_MAX),
};

/* A connection's decoder; all zero is the initial state. */
struct ws {
	uint16_t
	    rest; /* bytes at the end of what was given to ws_decode() that are no whole frame */
	uint16_t len; /* of the message whose end has not come, so far */
	uint16_t spent; /* of WS_BUDGET */
	uint16_t
	    close; /* enum ws_code: what a close frame to it is to say; 0: nothing has been decided */
	uint8_t opcode; /* of that message; 0: there is none */
	uint8_t need, low,
	    high; /* the character whose end has not come: bytes missing, and the range of the next */
};

struct ws_decoded {
	size_t len; /* bytes of lines */
	size_t nreply; /* pongs, to be sent before anything that answers the lines */
	unsigned char reply[WS_REPLY_MAX];
};

enum ws_state {
	WS_OPEN,
	WS_CLOSED, /* it has said that it sends nothing more; w->close is for the answer */
	WS_FAILED, /* it misbehaves: to be closed with w->close; *d is empty */
};

/* Decode the n bytes at p in place: they begin with those w->rest bytes that the last call left, if any, then come the new
 * ones. p[0 .. d->len) are lines then, each with '\n' behind it; the last may be the beginning of one. The w->rest bytes
 * at the end are untouched. The lines do not depend on how the stream was cut into reads. After anything but WS_OPEN
 * nothing more is to be decoded. */
enum ws_state ws_decode(struct ws *w, unsigned char *p, size_t n, struct ws_decoded *d);

/* Time heals: gives back WS_RELAX_PER_SECOND for each second since the last call. */
void ws_relax(struct ws *w, unsigned seconds);

/* Each of the lines at p, whose ends (LF or CR LF) go, as a frame into out, which has room for WS_FRAMED_MAX(n) bytes. Empty
 * lines are left out. A text frame never has anything but UTF-8 in it. Returns the length. If all lines end with CR LF, p may
 * lie in the same memory, WS_GAP(n) bytes or more behind out. */
#define WS_GAP(n) ((n) / 64 + 16)
#define WS_FRAMED_MAX(n) (2 * (n) + 16)
size_t ws_lines(char *out, const char *p, size_t n, bool binary);

/* A close frame; WS_CODE_NONE: without a code. Returns the length. */
#define WS_CLOSE_MAX 4
size_t ws_close(unsigned code, unsigned char out[WS_CLOSE_MAX]);

#endif
