/* telnet.h - the Network Virtual Terminal's bytes, without any socket.
 *
 * RFC 854 (commands and line ends), RFC 855 (options), RFC 1143 (no loops), RFC 1073
 * (window size), RFC 857 (echo).  Nothing is asked of the client, so nc and a raw socket
 * work as well, but not to show what is typed while that is a password; all options are
 * refused, save NAWS, and that only when the client offers it.
 * What a client says of itself (NEW-ENVIRON, TTYPE, X display) is refused and thrown away.
 *
 * For the way out no encoder is needed: all output is UTF-8, which has no byte ff, and
 * an IAC to be doubled therefore cannot occur.  Line ends are written as CR LF.
 *
 * The caller sets SO_OOBINLINE on the socket: a client's Synch (RFC 854, page 8) sends a
 * byte of "IAC DM" as urgent data, which would otherwise be missing from the stream.
 */
#ifndef PROTO_TELNET_H
#define PROTO_TELNET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum telnet_byte { /* RFC 854, "TELNET command structure" */
		   TELNET_EOF = 236, /* RFC 1184 */
		   TELNET_SUSP = 237, /* RFC 1184 */
		   TELNET_ABORT = 238, /* RFC 1184 */
		   TELNET_EOR = 239, /* RFC 885 */
		   TELNET_SE = 240,
		   TELNET_NOP = 241,
		   TELNET_DM = 242,
		   TELNET_BRK = 243,
		   TELNET_IP = 244,
		   TELNET_AO = 245,
		   TELNET_AYT = 246,
		   TELNET_EC = 247,
		   TELNET_EL = 248,
		   TELNET_GA = 249,
		   TELNET_SB = 250,
		   TELNET_WILL = 251,
		   TELNET_WONT = 252,
		   TELNET_DO = 253,
		   TELNET_DONT = 254,
		   TELNET_IAC = 255,
};

enum telnet_option { /* those that have a name here or in the tests; RFC 855 */
		     TELNET_OPT_BINARY = 0,
		     TELNET_OPT_ECHO = 1,
		     TELNET_OPT_SGA = 3,
		     TELNET_OPT_STATUS = 5,
		     TELNET_OPT_TM = 6, /* RFC 860 */
		     TELNET_OPT_TTYPE = 24,
		     TELNET_OPT_NAWS = 31, /* RFC 1073 */
		     TELNET_OPT_TSPEED = 32,
		     TELNET_OPT_LINEMODE = 34,
		     TELNET_OPT_XDISPLOC = 35,
		     TELNET_OPT_NEW_ENVIRON = 39,
		     TELNET_OPT_EXOPL = 255,
};

/* What commands cost, so that they cannot be used to keep a worker busy or to make it
 * talk: a connection that has spent more than TELNET_BUDGET is misbehaving.  All four
 * verbs for all 256 options, once each, are within it (2,048); the 65th AYT or timing
 * mark in a row, the 512th repetition of an option, the 4,097th NOP are not. */
enum {
	TELNET_BUDGET = 4096,
	TELNET_COST_COMMAND = 1, /* NOP, GA, IP, a subnegotiation's end... */
	TELNET_COST_OPTION = 2, /* a verb for an option, the first time */
	TELNET_COST_REPEAT = 8, /* the same again */
	TELNET_COST_ANSWER = 64, /* AYT, DO TIMING-MARK: answered each time */
	TELNET_RELAX_PER_SECOND = 8, /* what telnet_relax() forgives */
	TELNET_SB_MAX = 512, /* bytes in one subnegotiation, its option not counted */
	TELNET_REPLY_MAX = 2048, /* all that one budget can make us say */
};

/* Whether the client shows what is typed, or leaves that to us, who do not: ECHO as RFC
 * 1143 has it for our side.  There are four states more than yes and no because answers
 * take their time. */
enum telnet_echo {
	TELNET_ECHO_ITS, /* it shows what is typed */
	TELNET_ECHO_OFFERED, /* WILL was sent */
	TELNET_ECHO_TOO_LATE, /* the same, and it is not wanted any more */
	TELNET_ECHO_OURS, /* it shows nothing */
	TELNET_ECHO_GIVEN_BACK, /* WONT was sent */
	TELNET_ECHO_AGAIN, /* the same, and it is wanted again */
	TELNET_ECHO_REFUSED, /* it insists on showing it */
};

/* A connection's decoder; all zero is the initial state.  Callers read cols, rows and
 * echo, and nothing else. */
struct telnet {
	uint16_t cols, rows; /* from NAWS; 0: not known */
	uint16_t spent; /* of TELNET_BUDGET */
	uint16_t sb_len; /* bytes of the subnegotiation so far */
	uint8_t state; /* where in a command we are */
	uint8_t sb_option; /* whose subnegotiation it is */
	uint8_t after_cr; /* the last data byte was CR: LF or NUL belongs to it */
	uint8_t naws; /* DO NAWS was sent and not taken back */
	uint8_t echo; /* enum telnet_echo */
	uint8_t sb_data[4]; /* NAWS: width, height */
	uint8_t seen_will[32]; /* a bit per option: WILL came (answered once) */
	uint8_t seen_do[32]; /* DO came */
};

/* What must be sent back, in this order, before any answer to the text. */
struct telnet_reply {
	size_t len;
	unsigned char buf[TELNET_REPLY_MAX];
};

/* Decodes n bytes at p as they came from the socket, in place: commands are taken out,
 * CR LF, CR NUL, CR and LF each become one '\n' (also when split over two reads), IAC IAC
 * becomes a byte ff (never valid in UTF-8, so the caller refuses that line), a zero byte
 * that does not follow CR stays (the same).  The result does not depend on how the
 * stream was cut into reads.
 *
 * r (its len is set, no need to clear it) gets what must be sent back: WONT or DONT for
 * each option, once; DO NAWS; "[Yes]" CR LF for AYT; it cannot overflow.
 *
 * Returns the new length, at most n, or -1 if the peer misbehaves (a subnegotiation of
 * more than TELNET_SB_MAX bytes, the budget passed): the connection is to be closed, r is
 * empty, the bytes at p are worthless, and any further call returns -1 too. */
ssize_t telnet_decode(struct telnet *t, unsigned char *p, size_t n, struct telnet_reply *r);

/* The client is not to show what is typed from now on; it may again.  What must be sent for
 * that is put into out: returns how many bytes, 0 when there is nothing (more) to say.
 * A client that has never answered is asked once only. */
size_t telnet_hide(struct telnet *t, unsigned char out[3]);
size_t telnet_show(struct telnet *t, unsigned char out[3]);

/* Time heals: gives back TELNET_RELAX_PER_SECOND for each second since the last call, so
 * that a client's keep-alive NOPs and resized windows never add up.  The caller knows the
 * time and may call this lazily, just before telnet_decode().  Forgives no -1. */
void telnet_relax(struct telnet *t, unsigned seconds);

#endif
