/* admit.c - see admit.h. */
#include "config.h"

#include "master/admit.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ipc/handed.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/net.h"
#include "lib/util.h"
#include "master/address.h"
#include "master/listen.h"
#include "master/master.h"
#include "master/refused.h"

#define WAITING_MAX 64 /* who met a limit, and is looked at once more after... */
#define WAITING_MS 10

void
admit_refuse(int fd, const struct conn_rec *rec, enum counter counter, const char *why)
{
	char text[300];

	refused_note(counter, rec, why);
	/* If it does not fit, it does not; nobody waits for a stranger. */
	if (!rec->tls)
		(void)!send(fd, text,
			    handed_refusal(text, sizeof(text), rec->protocol, str_of(why)),
			    MSG_DONTWAIT | MSG_NOSIGNAL);
	shutdown(fd, SHUT_WR);
	close(fd);
}

/* --- those who may be let in in a moment --------------------------------------------------- */

/* Workers tell of ended connections a moment later (they gather them). Who meets a limit in that
 * moment is looked at once more before it is refused: whoever leaves and comes again at once is
 * not told that it is still here. */
static struct newcomer waiting[WAITING_MAX];
static unsigned nwaiting;
static struct loop_timer waiting_timer;
static admit_fn *admit_again; /* NULL: nobody is let in any more */

static void
look_again(void *arg)
{
	struct newcomer again[WAITING_MAX];
	unsigned n = nwaiting;

	(void)arg;
	memcpy(again, waiting, n * sizeof(again[0]));
	nwaiting = 0;
	for (unsigned i = 0; i < n; i++) {
		if (admit_again != NULL)
			admit_again(&again[i]);
		else
			close(again[i].fd);
	}
}

static bool
may_wait(struct newcomer *n)
{
	if (n->waited || nwaiting == WAITING_MAX || admit_again == NULL)
		return false;
	n->waited = true;
	waiting[nwaiting++] = *n;
	if (waiting_timer.place == 0)
		loop_timer_start(master.loop, &waiting_timer, WAITING_MS, look_again, NULL);
	return true;
}

static void
turn_away(struct newcomer *n, enum counter counter, const char *why)
{
	if (!may_wait(n))
		admit_refuse(n->fd, &n->rec, counter, why);
}

/* --- the limits ---------------------------------------------------------------------------- */

/* NULL: it may come, and *a_r is its entry (NULL: its network is exempt). Else why not, and under what that is counted. */
static const char *
address_limits(const uint8_t bytes[16], struct address **a_r, enum counter *counter_r)
{
	const struct options *o = &master.set.opt;
	uint64_t now = loop_now_us(master.loop);
	struct net net = {.bits = 128};
	struct address *a;

	memcpy(net.bytes, bytes, sizeof(net.bytes));
	if (net_listed(o->limits_exempt, &net))
		return NULL;
	a = address_get(bytes, (unsigned)o->prefix_v4, (unsigned)o->prefix_v6, now);
	*counter_r = CTR_refused_address;
	if (o->max_per_address > 0 && address_count(a) >= o->max_per_address)
		return "Too many connections from your address, try again later.";
	*counter_r = CTR_refused_rate;
	if (!address_rate(a, o->connect_rate, now))
		return "Too many connections from your address, try again later.";
	*a_r = a;
	return NULL;
}

/* chatd-web says it itself: it knows where to go instead. */
static bool
must_have_tls(const struct conn_rec *rec)
{
	return master.set.opt.tls_required && !conn_rec_is_private(rec) &&
	       rec->protocol != PROTO_WEB;
}

/* Good until the next call. */
static const char *
needs_tls(unsigned protocol)
{
	static char text[80];
	unsigned port = listen_tls_port(protocol);

	if (port == 0)
		return "This server is reached with TLS only, on another port.";
	bprintf(text, sizeof(text), "This server is reached with TLS only, on port %u.", port);
	return text;
}

const char *
admit_real(const struct conn_rec *rec, const uint8_t bytes[16], struct address **a_r)
{
	enum counter counter = CTR_refused_plain;
	const char *why = must_have_tls(rec) ? needs_tls(rec->protocol) : NULL;

	if (why == NULL && bytes != NULL)
		why = address_limits(bytes, a_r, &counter);
	if (why != NULL)
		refused_note(counter, rec, why);
	return why;
}

/* Whoever comes past the proxy could say that it is anybody. */
static bool
is_proxy(const struct newcomer *n)
{
	struct net net = {.bits = 128};

	memcpy(net.bytes, n->bytes, sizeof(net.bytes));
	return !n->inet || net_listed(master.set.opt.proxy_trusted, &net);
}

bool
admit(struct newcomer *n, unsigned nconns, struct address **a_r)
{
	enum counter counter;
	const char *why = NULL;

	*a_r = NULL;
	if (n->rec.proxy && !is_proxy(n)) {
		admit_refuse(n->fd, &n->rec, CTR_refused_proxy, "This port is for a proxy only.");
		return false;
	}
	if (!n->rec.proxy && must_have_tls(&n->rec)) {
		admit_refuse(n->fd, &n->rec, CTR_refused_plain, needs_tls(n->rec.protocol));
		return false;
	}
	if (nconns >= master.set.opt.max_sessions) {
		turn_away(n, CTR_refused_full, "The server is full, try again later.");
		return false;
	}
	/* a proxy's are counted when it has said whose they are */
	if (n->inet && !n->rec.proxy)
		why = address_limits(n->bytes, a_r, &counter);
	if (why != NULL && counter == CTR_refused_address)
		turn_away(n, counter, why);
	else if (why != NULL)
		admit_refuse(n->fd, &n->rec, counter, why);
	return why == NULL;
}

void
admit_init(admit_fn *again)
{
	admit_again = again;
}
