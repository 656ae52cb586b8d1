/* webirc.c - WEBIRC (IRCv3): a trusted gateway says for whom it speaks.
 *
 * Only as the first command, from an address and with a password of one irc.webirc block. What
 * others see, and what bans are held against, is the client's address from then on.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "ipc/handed.h"
#include "ipc/proc.h"
#include "lib/log.h"
#include "lib/net.h"
#include "lib/util.h"
#include "worker/irc/cmd.h"
#include "worker/irc/irc.h"
#include "worker/irc/reply.h"

/* All blocks are looked at, so that the time does not tell which one nearly fitted. */
static bool
trusted(const struct conn *c, struct str password)
{
	struct str rest = str_of(proc.opt.webirc);
	struct webirc_block b;
	bool fits = false;

	/* the word is compared with all of them: how long it takes tells nothing */
	while (webirc_next(&rest, &b)) {
		bool word = irc_secret_is(password, b.password);

		fits |= webirc_has(&b, c->peer) && word;
	}
	return fits;
}

/* "secure", "secure=x": the option's value, empty if it has none. False: it was not given. */
static bool
option(struct str options, const char *name, struct str *value_r)
{
	size_t n = strlen(name);
	struct str o;

	while (str_next(&options, ' ', &o)) {
		if (o.n >= n && memcmp(o.p, name, n) == 0 && (o.n == n || o.p[n] == '=')) {
			*value_r = (struct str){o.p + n + (o.n > n), o.n - n - (o.n > n)};
			return true;
		}
	}
	return false;
}

/* TLS only if both ways have it; private, too, but the gateway may be on this host. */
static void
take_options(struct conn *c, struct str options)
{
	struct str value;
	bool secure = option(options, "secure", &value);
	uint64_t port;

	c->tls = c->tls && secure;
	conn_board(c)->has_cert = 0; /* the gateway's */
	if (!secure)
		c->flags &= ~(unsigned)CONN_PRIVATE;
	if (option(options, "remote-port", &value) && str_number(value, &port) && port > 0 &&
	    port <= UINT16_MAX)
		c->port = (uint16_t)port;
}

/* Its limits are those of the client's address from now on. What it asks of us meanwhile is answered: if it is too much, it ends. */
static void
tell_master(const struct conn *c)
{
	/* tls: as far as the gateway, which was let in, it is as it is */
	struct m_conn_from m = {.id = c->id, .address = str_of(c->peer), .port = c->port, .tls = 1};

	handed_from(&m);
}

/* WEBIRC password gateway hostname ip [:options]; the hostname is not looked at: nobody has checked it. */
enum irc_done
irc_WEBIRC(struct conn *c, struct irc_run *r)
{
	struct str ip = r->msg.param[3];
	struct net net;
	char text[48];

	bprintf(text, sizeof(text), STR_FMT, STR_ARG(ip));
	/* whatever is wrong ends it: the client behind the gateway may not be taken for the gateway */
	if (r->msg.n < 4) {
		irc_num(c, ERR_NEEDMOREPARAMS, "WEBIRC :Not enough parameters");
		conn_end(c, "Invalid WebIRC", false);
	} else if (!r->first || !trusted(c, r->msg.param[0])) {
		log_notice("WEBIRC from %s is refused", c->peer);
		conn_end(c, "Invalid WebIRC password", false);
	} else if (ip.n >= sizeof(text) || !net_parse(text, &net) || net.bits != 128) {
		conn_end(c, "Invalid WebIRC address", false);
	} else {
		net_show(&net, text);
		log_info("the gateway %s speaks for %s", c->peer, text);
		free(c->peer);
		c->peer = xstrdup(text);
		conn_address_known(c);
		irc_client_is(c, r->msg.param[1]);
		take_options(c, r->msg.param[4]);
		tell_master(c);
	}
	return IRC_DONE;
}

bool
irc_admitted(const void *frame, size_t len)
{
	struct m_conn_admit m;
	char why[129];

	if (!m_conn_admit_get(frame, len, &m))
		return false;
	bprintf(why, sizeof(why), STR_FMT, STR_ARG(m.why));
	for (uint32_t i = 0; m.ok == 0 && i < conns_places(); i++) {
		struct conn *c = conn_at(i);

		if (c != NULL && c->id == m.id)
			conn_end(c, why, false);
	}
	return true;
}
