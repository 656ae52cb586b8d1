/* refused.c - see refused.h. */
#include "config.h"

#include "master/refused.h"

#include "lib/log.h"
#include "lib/loop.h"
#include "lib/util.h"
#include "master/master.h"

#define REASONS_MAX 8
#define SAY_MS 1000

static struct reason {
	enum counter counter;
	char why[128]; /* empty: not in use */
	unsigned more; /* not told yet */
	uint64_t said_at; /* loop ms */
	char last[80]; /* of them */
} reasons[REASONS_MAX];
static struct loop_timer timer;

static void
say_later(void *arg)
{
	uint64_t now = loop_now(master.loop);
	bool left = false;

	(void)arg;
	for (unsigned i = 0; i < REASONS_MAX; i++) {
		struct reason *r = &reasons[i];

		if (r->more == 0)
			continue;
		if (now - r->said_at < SAY_MS) {
			left = true;
			continue;
		}
		log_notice("refused %u more connection%s, the last from %s: %s", r->more,
			   r->more == 1 ? "" : "s", r->last, r->why);
		r->more = 0;
		r->said_at = now;
	}
	if (left)
		loop_timer_start(master.loop, &timer, SAY_MS, say_later, NULL);
}

/* The last one serves all that are too many. */
static struct reason *
reason_of(enum counter counter, const char *why)
{
	unsigned i = 0;

	while (i < REASONS_MAX - 1 && reasons[i].why[0] != '\0' && reasons[i].counter != counter)
		i++;
	reasons[i].counter = counter;
	bprintf(reasons[i].why, sizeof(reasons[i].why), "%s", why);
	return &reasons[i];
}

void
refused_note(enum counter counter, const struct conn_rec *rec, const char *why)
{
	struct reason *r = reason_of(counter, why);
	uint64_t now = loop_now(master.loop);

	count(counter);
	bprintf(r->last, sizeof(r->last), "%s (%s%s)",
		rec->address[0] != '\0' ? rec->address : "an address not looked at",
		protocol_name(rec->protocol), rec->tls ? ", TLS" : "");
	if (r->more == 0 && (r->said_at == 0 || now - r->said_at >= SAY_MS)) {
		log_notice("refused %s: %s", r->last, why);
		r->said_at = now;
		return;
	}
	r->more++;
	if (timer.place == 0)
		loop_timer_start(master.loop, &timer, SAY_MS, say_later, NULL);
}
