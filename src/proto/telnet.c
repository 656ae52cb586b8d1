/* telnet.c - the decoder of telnet.h: a state machine over bytes that strangers chose.
 *
 * Runs in the worker.  Text between commands is moved in blocks; only commands go byte
 * by byte.  When a peer misbehaves there is one answer, -1: there is nothing to say to it
 * in a language that it does not keep to.
 */
#include "config.h"
#include "proto/telnet.h"

#include <string.h>

_Static_assert(sizeof(struct telnet) <= 96, "one per connection: keep it small");
/* 512 options answered with three bytes, the rest of the budget in AYTs. */
_Static_assert(512 * 3 + 3 + (TELNET_BUDGET - 512 * TELNET_COST_OPTION) / TELNET_COST_ANSWER * 7 <=
		   TELNET_REPLY_MAX,
	       "a reply must not overflow");
_Static_assert(TELNET_BUDGET / TELNET_COST_ANSWER * 7 <= TELNET_REPLY_MAX,
	       "a reply must not overflow");

enum state {
	S_DATA,
	S_IAC,
	S_WILL,
	S_WONT,
	S_DO,
	S_DONT,
	S_SB, /* its option comes next */
	S_SB_DATA,
	S_SB_IAC,
};

static void
charge(struct telnet *t, unsigned cost)
{
	t->spent += cost;
}

static bool
overdrawn(const struct telnet *t)
{
	return t->spent > TELNET_BUDGET;
}

static void
reply(struct telnet *t, struct telnet_reply *r, const void *p, size_t n)
{
	/* An answer that the budget does not cover is not given: this is what bounds r. */
	if (overdrawn(t) || r->len + n > sizeof(r->buf))
		return;
	memcpy(r->buf + r->len, p, n);
	r->len += n;
}

static void
reply_option(struct telnet *t, struct telnet_reply *r, uint8_t verb, uint8_t option)
{
	const uint8_t b[3] = {TELNET_IAC, verb, option};

	reply(t, r, b, sizeof(b));
}

/* Sets the option's bit; false if it was set before. */
static bool
first_time(struct telnet *t, uint8_t seen[32], uint8_t option)
{
	uint8_t bit = 1u << (option & 7);

	if (seen[option >> 3] & bit) {
		charge(t, TELNET_COST_REPEAT);
		return false;
	}
	seen[option >> 3] |= bit;
	charge(t, TELNET_COST_OPTION);
	return true;
}

/* DO or DONT ECHO, where it is an answer to what we have said, or takes back one that was. */
static bool
echo_answered(struct telnet *t, bool yes, struct telnet_reply *r)
{
	uint8_t was = t->echo;

	switch ((enum telnet_echo)was) {
	case TELNET_ECHO_OFFERED:
		t->echo = yes ? TELNET_ECHO_OURS : TELNET_ECHO_REFUSED;
		break;
	case TELNET_ECHO_TOO_LATE:
		t->echo = yes ? TELNET_ECHO_GIVEN_BACK : TELNET_ECHO_REFUSED;
		break;
	case TELNET_ECHO_OURS:
		t->echo = yes ? TELNET_ECHO_OURS : TELNET_ECHO_REFUSED;
		break;
	case TELNET_ECHO_GIVEN_BACK:
		t->echo = TELNET_ECHO_ITS;
		break;
	case TELNET_ECHO_AGAIN:
		t->echo = TELNET_ECHO_OFFERED;
		break;
	case TELNET_ECHO_ITS:
	case TELNET_ECHO_REFUSED:
		return false;
	}
	charge(t, TELNET_COST_REPEAT);
	if (t->echo == TELNET_ECHO_GIVEN_BACK || (was == TELNET_ECHO_OURS && !yes))
		reply_option(t, r, TELNET_WONT, TELNET_OPT_ECHO);
	else if (t->echo == TELNET_ECHO_OFFERED)
		reply_option(t, r, TELNET_WILL, TELNET_OPT_ECHO);
	return true;
}

/* RFC 1143 comes down to this here, as we ask for nothing but ECHO: what is off on both
 * sides and stays off is answered once when somebody wants it on, and never when they say
 * that it is off. */
static void
option(struct telnet *t, uint8_t verb, uint8_t opt, struct telnet_reply *r)
{
	if (opt == TELNET_OPT_ECHO && verb >= TELNET_DO && echo_answered(t, verb == TELNET_DO, r))
		return;
	switch (verb) {
	case TELNET_WILL:
		if (!first_time(t, t->seen_will, opt))
			break;
		t->naws |= opt == TELNET_OPT_NAWS;
		reply_option(t, r, opt == TELNET_OPT_NAWS ? TELNET_DO : TELNET_DONT, opt);
		break;
	case TELNET_DO:
		/* A client that was interrupted throws away what it receives until its
		 * timing mark is answered, each time: refusing is an answer (RFC 860). */
		if (opt == TELNET_OPT_TM)
			charge(t, TELNET_COST_ANSWER);
		else if (!first_time(t, t->seen_do, opt))
			break;
		reply_option(t, r, TELNET_WONT, opt);
		break;
	case TELNET_WONT:
		charge(t, TELNET_COST_OPTION);
		if (opt == TELNET_OPT_NAWS && t->naws) {
			t->naws = 0;
			t->cols = t->rows = 0;
			reply_option(t, r, TELNET_DONT, opt);
		}
		break;
	default: /* DONT: nothing else of ours is ever on */
		charge(t, TELNET_COST_OPTION);
		break;
	}
}

/* The byte after IAC, other than a second IAC in text. */
static void
command(struct telnet *t, uint8_t c, struct telnet_reply *r)
{
	static const char yes[] = "[Yes]\r\n";

	t->state = S_DATA;
	switch (c) {
	case TELNET_WILL:
		t->state = S_WILL;
		break;
	case TELNET_WONT:
		t->state = S_WONT;
		break;
	case TELNET_DO:
		t->state = S_DO;
		break;
	case TELNET_DONT:
		t->state = S_DONT;
		break;
	case TELNET_SB:
		t->state = S_SB;
		t->sb_len = 0;
		break;
	case TELNET_AYT:
		charge(t, TELNET_COST_ANSWER);
		reply(t, r, yes, sizeof(yes) - 1);
		break;
	default: /* the client's own line editing has done EC, EL; the rest is no use here */
		charge(t, TELNET_COST_COMMAND);
		break;
	}
}

static void
sb_byte(struct telnet *t, uint8_t c)
{
	if (t->sb_len == TELNET_SB_MAX) {
		charge(t, TELNET_BUDGET + 1);
		return;
	}
	if (t->sb_len < sizeof(t->sb_data))
		t->sb_data[t->sb_len] = c;
	t->sb_len++;
	t->state = S_SB_DATA;
}

static void
sb_end(struct telnet *t)
{
	charge(t, TELNET_COST_COMMAND);
	t->state = S_DATA;
	if (t->sb_option != TELNET_OPT_NAWS || !t->naws || t->sb_len != sizeof(t->sb_data))
		return;
	t->cols = t->sb_data[0] << 8 | t->sb_data[1];
	t->rows = t->sb_data[2] << 8 | t->sb_data[3];
}

/* One byte within a command. */
static void
step(struct telnet *t, uint8_t c, struct telnet_reply *r)
{
	switch ((enum state)t->state) {
	case S_DATA:
	case S_IAC:
		command(t, c, r);
		break;
	case S_WILL:
	case S_WONT:
	case S_DO:
	case S_DONT:
		option(t, TELNET_WILL + (t->state - S_WILL), c, r);
		t->state = S_DATA;
		break;
	case S_SB:
		t->sb_option = c;
		t->state = c == TELNET_IAC ? S_SB_IAC : S_SB_DATA;
		break;
	case S_SB_DATA:
		if (c == TELNET_IAC)
			t->state = S_SB_IAC;
		else
			sb_byte(t, c);
		break;
	case S_SB_IAC:
		if (c == TELNET_IAC)
			sb_byte(t, c);
		else if (c == TELNET_SE)
			sb_end(t);
		else /* RFC 855 leaves it open: the end was forgotten, this is a command */
			command(t, c, r);
		break;
	}
}

/* Moves the text at p + i .. p + end down to p + w with its line ends made '\n'; returns
 * the new w.  Text never grows, so w stays at or below i. */
static size_t
put_text(struct telnet *t, unsigned char *p, size_t w, size_t i, size_t end)
{
	while (i < end) {
		unsigned char *cr;
		size_t len;

		if (t->after_cr) {
			t->after_cr = 0;
			if (p[i] == '\n' || p[i] == '\0') {
				i++;
				continue;
			}
		}
		cr = memchr(p + i, '\r', end - i);
		len = cr != NULL ? (size_t)(cr - (p + i)) : end - i;
		if (w != i)
			memmove(p + w, p + i, len);
		w += len;
		i += len;
		if (cr == NULL)
			break;
		p[w++] = '\n';
		i++;
		t->after_cr = 1;
	}
	return w;
}

ssize_t
telnet_decode(struct telnet *t, unsigned char *p, size_t n, struct telnet_reply *r)
{
	size_t i = 0, w = 0;

	r->len = 0;
	while (i < n && !overdrawn(t)) {
		if (t->state == S_DATA) {
			unsigned char *iac = memchr(p + i, TELNET_IAC, n - i);
			size_t end = iac != NULL ? (size_t)(iac - p) : n;

			w = put_text(t, p, w, i, end);
			i = end;
			if (iac != NULL) {
				t->state = S_IAC;
				i++;
			}
		} else if (t->state == S_IAC && p[i] == TELNET_IAC) {
			p[w++] = p[i++];
			t->after_cr = 0;
			t->state = S_DATA;
		} else {
			step(t, p[i++], r);
		}
	}
	if (overdrawn(t)) {
		r->len = 0;
		return -1;
	}
	return w;
}

static size_t
put_option(unsigned char out[3], uint8_t verb, uint8_t option)
{
	out[0] = TELNET_IAC;
	out[1] = verb;
	out[2] = option;
	return 3;
}

size_t
telnet_hide(struct telnet *t, unsigned char out[3])
{
	switch ((enum telnet_echo)t->echo) {
	case TELNET_ECHO_ITS:
		t->echo = TELNET_ECHO_OFFERED;
		return put_option(out, TELNET_WILL, TELNET_OPT_ECHO);
	case TELNET_ECHO_TOO_LATE:
		t->echo = TELNET_ECHO_OFFERED;
		return 0;
	case TELNET_ECHO_GIVEN_BACK:
		t->echo = TELNET_ECHO_AGAIN;
		return 0;
	default:
		return 0;
	}
}

size_t
telnet_show(struct telnet *t, unsigned char out[3])
{
	switch ((enum telnet_echo)t->echo) {
	case TELNET_ECHO_OURS:
		t->echo = TELNET_ECHO_GIVEN_BACK;
		return put_option(out, TELNET_WONT, TELNET_OPT_ECHO);
	case TELNET_ECHO_OFFERED:
		t->echo = TELNET_ECHO_TOO_LATE;
		return 0;
	case TELNET_ECHO_AGAIN:
		t->echo = TELNET_ECHO_GIVEN_BACK;
		return 0;
	default:
		return 0;
	}
}

void
telnet_relax(struct telnet *t, unsigned seconds)
{
	unsigned most = t->spent / TELNET_RELAX_PER_SECOND + 1;

	if (overdrawn(t))
		return;
	if (seconds >= most)
		t->spent = 0;
	else
		t->spent -= seconds * TELNET_RELAX_PER_SECOND;
}
