/* cap.c - see cap.h; and the command CAP (IRCv3 capability negotiation, version 302). */
#include "config.h"

#include "worker/irc/cap.h"

#include <string.h>

#include "ipc/credential.h"
#include "ipc/ipc.h"
#include "ipc/proc.h"
#include "lib/util.h"
#include "worker/account.h"
#include "worker/history.h"
#include "worker/irc/cmd.h"
#include "worker/irc/irc.h"
#include "worker/irc/login.h"
#include "worker/irc/metadata.h"
#include "worker/irc/render.h"
#include "worker/irc/reply.h"
#include "worker/irc/sasl.h"
#include "worker/outq.h"
#include "worker/render.h"

static const struct {
	const char *name;
	uint8_t cls;
} caps[CAP_NTH_COUNT] = {
#define IRC_CAP(bit, name, cls) {name, cls},
#include "ipc/irc_caps.def"
#undef IRC_CAP
};

#define NEED_ACCOUNTS (CAP_SASL | CAP_REGISTRATION)
#define ONE_OF (CAP_METADATA | CAP_METADATA_2) /* not both: their specification */
#define NEED_STORE (CAP_CHATHISTORY | CAP_EVENT_PLAYBACK | CAP_READ_MARKER | CAP_SEARCH)

/* The class of rendering that these capabilities make. */
static uint8_t
class_of(uint64_t have)
{
	uint8_t cls = 0;

	if (!(have & CAP_BATCH)) /* which it depends on */
		have &= ~CAP_MULTILINE;
	for (unsigned i = 0; i < CAP_NTH_COUNT; i++) {
		if (have & UINT64_C(1) << i)
			cls |= caps[i].cls;
	}
	return cls;
}

/* They are what c has from now on. */
static void
cap_set(struct conn *c, uint64_t have)
{
	c->irc->caps = have;
	c->cls = (uint8_t)((c->cls & CLS_PROTOCOL) | class_of(have));
	conn_board(c)->caps = have;
	if (!metadata_aware(c))
		metadata_unsubscribe(c);
}

/* Those that may be asked for now, on a connection that is private or not: some need a store, or a setting. */
static uint64_t
offered(bool is_private)
{
	uint64_t all = ((UINT64_C(1) << CAP_NTH_COUNT) - 1) & ~CAP_STS;

	if (!accounts_here())
		all &= ~NEED_ACCOUNTS;
	if (!credential_may_come(is_private)) /* nobody is asked for what would be refused */
		all &= ~CAP_REGISTRATION;
	if (!history_kept())
		all &= ~NEED_STORE;
	return all;
}

static uint64_t
offered_to(const struct conn *c)
{
	return offered(c->flags & CONN_PRIVATE);
}

/* sts says nothing without its value, and is never asked for (its specification): it is only there to be read. */
static uint64_t
listed(const struct conn *c, bool with_value)
{
	bool sts = with_value && proc.opt.irc_sts_port != 0;

	return offered_to(c) | (sts ? CAP_STS : 0);
}

/* The bit of a name; 0: there is no such capability, or it is not offered to c now. */
static uint64_t
bit_of(const struct conn *c, struct str name)
{
	for (unsigned i = 0; i < CAP_NTH_COUNT; i++) {
		if (str_eq(str_of(caps[i].name), name))
			return offered_to(c) & UINT64_C(1) << i;
	}
	return 0;
}

/* Over TLS how long to stay there, without it where to go. */
static size_t
put_sts(const struct conn *c, char *out, size_t cap)
{
	if (!c->tls)
		return bprintf(out, cap, "=port=%llu", (unsigned long long)proc.opt.irc_sts_port);
	return bprintf(out, cap, "=duration=%llu%s", (unsigned long long)proc.opt.irc_sts_duration,
		       proc.opt.irc_sts_preload ? ",preload" : "");
}

static size_t
put_value(unsigned nth, const struct conn *c, char *out, size_t cap)
{
	switch (nth) {
	case CAP_NTH_MULTILINE:
		return bprintf(out, cap, "=max-bytes=%d,max-lines=%d", IRC_MULTI_BYTES,
			       TEXT_LINES_MAX);
	case CAP_NTH_METADATA_2:
	case CAP_NTH_METADATA:
		return metadata_cap_value(nth == CAP_NTH_METADATA_2, out, cap);
	case CAP_NTH_SASL:
		return bprintf(out, cap, "=%s", sasl_mechanisms(c));
	case CAP_NTH_REGISTRATION:
		return login_cap_value(out, cap);
	case CAP_NTH_STS:
		return put_sts(c, out, cap);
	default:
		return 0;
	}
}

/* "name" or "name=value" (for clients of version 302), into out; the length. */
static size_t
put_cap(unsigned nth, const struct conn *c, bool with_value, char *out, size_t cap)
{
	size_t n = bprintf(out, cap, "%s", caps[nth].name);

	return with_value ? n + put_value(nth, c, out + n, cap - n) : n;
}

/* --- what changes meanwhile (cap-notify) --------------------------------------------------------- */

/* What clients have been told. */
static struct {
	uint64_t offered[2]; /* on a connection that is not private, and on one that is */
	uint64_t port, duration, preload; /* of sts */
} told;

/* True: there is another policy. That there is none any more is not told: clients would not believe it (sts). */
static bool
sts_changed(void)
{
	const struct options *o = &proc.opt;
	bool same = told.port == o->irc_sts_port && told.duration == o->irc_sts_duration &&
		    told.preload == o->irc_sts_preload;

	told.port = o->irc_sts_port;
	told.duration = o->irc_sts_duration;
	told.preload = o->irc_sts_preload;
	return !same && told.port != 0;
}

/* In nobody's answer, whatever is under way. */
static void
cap_tell(struct conn *c, const char *sub, uint64_t which, bool with_value)
{
	char line[2 * IRC_BODY_MAX];
	size_t n = bprintf(line, sizeof(line), ":%s CAP %s %s :", irc_me, irc_nick(c), sub);
	bool any = false;

	for (unsigned i = 0; i < CAP_NTH_COUNT; i++) {
		if (!(which & UINT64_C(1) << i))
			continue;
		if (any)
			line[n++] = ' ';
		n += put_cap(i, c, with_value, line + n, sizeof(line) - n - 2);
		any = true;
	}
	n += bprintf(line + n, sizeof(line) - n, "\r\n");
	if (any)
		outq_copy(c, line, n);
}

void
cap_changed(void)
{
	uint64_t gone[2], come[2], sts = sts_changed() ? CAP_STS : 0, any = sts;

	for (unsigned k = 0; k < 2; k++) {
		uint64_t now = offered(k);

		gone[k] = told.offered[k] & ~now;
		come[k] = now & ~told.offered[k];
		told.offered[k] = now;
		any |= gone[k] | come[k];
	}
	for (uint32_t i = 0; any != 0 && i < conns_places(); i++) {
		struct conn *c = conn_at(i);
		unsigned k;

		if (c == NULL || c->irc == NULL)
			continue;
		k = c->flags & CONN_PRIVATE ? 1 : 0;
		if (c->irc->caps & CAP_CAP_NOTIFY) {
			bool v302 = c->irc->flags & IRC_CAP_302;

			cap_tell(c, "NEW", come[k] | (v302 ? sts : 0), v302);
			cap_tell(c, "DEL", gone[k], false);
		}
		cap_set(c, c->irc->caps & ~gone[k]);
		outq_relieve();
	}
}

/* --- the command ------------------------------------------------------------------------------ */

/* How much of a list fits into one line of this subcommand. */
static size_t
list_room(const struct conn *c, const char *sub)
{
	size_t head = strlen(irc_me) + strlen(irc_nick(c)) + strlen(sub) + sizeof(":  CAP   * :");

	return head < IRC_BODY_MAX - 128 ? IRC_BODY_MAX - head : 128;
}

/* All lines but the last have a '*' for those who know what that means, version 302's; others are sent one line, and
 * may ask for what does not fit into it all the same. */
static void
cap_list(struct conn *c, const char *sub, uint64_t which, bool v302)
{
	size_t room = list_room(c, sub), n = 0, k;
	char line[IRC_BODY_MAX], one[128];

	for (unsigned i = 0; i < CAP_NTH_COUNT; i++) {
		if (!(which & UINT64_C(1) << i))
			continue;
		k = put_cap(i, c, v302 && strcmp(sub, "LS") == 0, one, sizeof(one));
		if (n > 0 && n + 1 + k > room) {
			if (!v302)
				break;
			irc_from_me(c, "CAP %s %s * :%.*s", irc_nick(c), sub, (int)n, line);
			n = 0;
		}
		n += bprintf(line + n, sizeof(line) - n, "%s%s", n > 0 ? " " : "", one);
	}
	irc_from_me(c, "CAP %s %s :%.*s", irc_nick(c), sub, (int)n, line);
}

/* What was asked for, as it was, cut between words where it does not fit into one line. */
static void
cap_echo(struct conn *c, const char *sub, struct str list)
{
	size_t room = list_room(c, sub), n;

	do {
		n = list.n;
		if (n > room)
			for (n = room; n > 0 && list.p[n] != ' '; n--)
				;
		if (n == 0)
			n = MIN(list.n, room);
		irc_from_me(c, "CAP %s %s :%.*s", irc_nick(c), sub, (int)n, list.p);
		list = (struct str){list.p + n, list.n - n};
		while (list.n > 0 && list.p[0] == ' ')
			list = (struct str){list.p + 1, list.n - 1};
	} while (list.n > 0 && strcmp(sub, "ACK") == 0);
}

/* All or nothing. */
static void
cap_req(struct conn *c, struct str wanted)
{
	/* a client of version 302 has this one whether it wants or not */
	uint64_t kept = c->irc->flags & IRC_CAP_302 ? CAP_CAP_NOTIFY : 0;
	uint64_t have = c->irc->caps, bit;
	struct str rest = wanted, word;

	while (str_next(&rest, ' ', &word)) {
		bool off = word.p[0] == '-';

		bit = bit_of(c, (struct str){word.p + off, word.n - off});
		if (bit == 0 || (off && bit & kept)) {
			cap_echo(c, "NAK", wanted);
			return;
		}
		have = off ? have & ~bit : have | bit;
	}
	if ((have & ONE_OF) == ONE_OF) {
		cap_echo(c, "NAK", wanted);
		return;
	}
	cap_echo(c, "ACK", wanted);
	cap_set(c, have);
}

static void
cap_ls(struct conn *c, struct str version)
{
	uint64_t number;
	bool v302 = str_number(version, &number) && number >= 302;

	if (v302) {
		c->irc->flags |= IRC_CAP_302;
		cap_set(c, c->irc->caps | CAP_CAP_NOTIFY);
	}
	cap_list(c, "LS", listed(c, v302), v302);
}

enum irc_done
irc_CAP(struct conn *c, struct irc_run *r)
{
	struct str sub = r->msg.param[0], arg = r->msg.param[1];

	if (c->state != CONN_READY && (irc_is(sub, "LS") || irc_is(sub, "REQ")))
		c->irc->flags |= IRC_CAP_OPEN;
	if (irc_is(sub, "LS")) {
		cap_ls(c, arg);
	} else if (irc_is(sub, "LIST")) {
		cap_list(c, "LIST", c->irc->caps, c->irc->flags & IRC_CAP_302);
	} else if (irc_is(sub, "REQ")) {
		cap_req(c, arg);
	} else if (irc_is(sub, "END")) {
		c->irc->flags &= (uint16_t)~IRC_CAP_OPEN;
		irc_register(c);
	} else {
		irc_num(c, ERR_INVALIDCAPCMD, STR_FMT " :Invalid CAP command",
			STR_ARG(irc_middle(sub)));
	}
	return IRC_DONE;
}
