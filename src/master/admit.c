/* admit.c - see admit.h. */
#include "config.h"

#include "master/admit.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/loop.h"
#include "lib/util.h"
#include "master/address.h"
#include "master/master.h"

#define WAITING_MAX 64 /* who met a limit, and is looked at once more after... */
#define WAITING_MS 10

#define HTTP_FULL \
	"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\n" \
	"Retry-After: 5\r\nConnection: close\r\n\r\n"

void
admit_refuse(int fd, const struct conn_rec *rec, enum counter counter, const char *why)
{
	static const char *const forms[PROTO_COUNT] = {
	    [PROTO_TELNET] = "",
	    [PROTO_IRC] = "ERROR :",
	    [PROTO_WEB] = HTTP_FULL,
	};
	char text[300];
	static uint64_t logged_at;
	static unsigned refused;
	uint64_t now = loop_now(master.loop);

	count(counter);
	refused++;
	/* If it does not fit, it does not; nobody waits for a stranger. */
	if (!rec->tls)
		(void)!send(fd, text,
			    bprintf(text, sizeof(text), "%s%s\r\n", forms[rec->protocol], why),
			    MSG_DONTWAIT | MSG_NOSIGNAL);
	shutdown(fd, SHUT_WR);
	close(fd);
	if (now - logged_at < 1000)
		return;
	log_notice("refused %u connection%s; the last was told: %s", refused,
		   refused == 1 ? "" : "s", why);
	logged_at = now;
	refused = 0;
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

bool
admit(struct newcomer *n, unsigned nconns, struct address **a_r)
{
	const struct options *o = &master.set.opt;
	uint64_t now = loop_now_us(master.loop);
	struct address *a = NULL;

	/* chatd-web says it itself: it knows where to go instead */
	if (o->tls_required && !n->rec.tls && !n->rec.loopback && n->rec.protocol != PROTO_WEB) {
		admit_refuse(n->fd, &n->rec, CTR_refused_plain,
			     "This server is reached with TLS only, on another port.");
		return false;
	}
	if (nconns >= o->max_sessions) {
		turn_away(n, CTR_refused_full, "The server is full, try again later.");
		return false;
	}
	if (n->inet) {
		a = address_get(n->bytes, now);
		if (a == NULL ||
		    (o->max_per_address > 0 && address_count(a) >= o->max_per_address)) {
			turn_away(n, CTR_refused_address,
				  "Too many connections from your address, try again later.");
			return false;
		}
		if (!address_rate(a, o->connect_rate, now)) {
			admit_refuse(n->fd, &n->rec, CTR_refused_rate,
				     "Too many connections from your address, try again later.");
			return false;
		}
	}
	*a_r = a;
	return true;
}

void
admit_init(admit_fn *again)
{
	admit_again = again;
}
