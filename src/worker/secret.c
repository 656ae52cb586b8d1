/* secret.c - see secret.h. */
#include "config.h"

#include "worker/secret.h"

#include <stdlib.h>
#include <string.h>

#include "ipc/ipc.h"
#include "lib/text.h"
#include "lib/util.h"
#include "proto/telnet.h"
#include "worker/due.h"
#include "worker/outq.h"
#include "worker/worker.h"

#define VISIBLE "(what you type is visible) "
#define ANSWER_MS 700 /* so long a client that hides what is typed may take to say so */

struct secret {
	struct conn *conn;
	const char *prompt;
	secret_fn *fn;
	void *state; /* owned */
	size_t size;
	struct due due; /* for its answer */
};

static struct due_list unanswered;

static void
say(struct conn *c, const char *text)
{
	outq_copy(c, text, strlen(text));
}

/* --- is it shown? -------------------------------------------------------------------------- */

static uint64_t
answer_ms(void)
{
	return ANSWER_MS;
}

static void
answer_late(struct due *d)
{
	struct secret *s = (struct secret *)((char *)d - offsetof(struct secret, due));

	say(s->conn, VISIBLE);
}

static void
hide(struct conn *c)
{
	unsigned char bytes[3];
	bool asked = c->tn->echo == TELNET_ECHO_OFFERED || c->tn->echo == TELNET_ECHO_GIVEN_BACK;
	size_t n = telnet_hide(c->tn, bytes);

	outq_copy(c, bytes, n);
	say(c, c->secret->prompt);
	if (unanswered.loop == NULL)
		due_init(&unanswered, worker.loop, answer_ms, answer_late);
	if (n > 0 || asked)
		due_add(&unanswered, &c->secret->due);
	else if (c->tn->echo != TELNET_ECHO_OURS)
		say(c, VISIBLE);
}

void
secret_heard(struct conn *c)
{
	struct due *d = &c->secret->due;

	if (!due_waits(d) ||
	    (c->tn->echo != TELNET_ECHO_OURS && c->tn->echo != TELNET_ECHO_REFUSED))
		return;
	due_del(d);
	if (c->tn->echo == TELNET_ECHO_REFUSED)
		say(c, VISIBLE);
}

static void
show(struct conn *c)
{
	unsigned char bytes[3];

	outq_copy(c, bytes, telnet_show(c->tn, bytes));
}

/* --- asking ----------------------------------------------------------------------------------- */

void
secret_ask(struct conn *c, const char *prompt, secret_fn *fn, void *state, size_t size)
{
	struct secret *s = xcalloc(1, sizeof(*s));

	CHECK(c->secret == NULL);
	*s = (struct secret){.conn = c, .prompt = prompt, .fn = fn, .state = state, .size = size};
	c->secret = s;
	hide(c);
}

static void
state_free(struct secret *s)
{
	explicit_bzero(s->state, s->size);
	free(s->state);
}

void
secret_free(struct conn *c)
{
	struct secret *s = c->secret;

	if (s == NULL)
		return;
	c->secret = NULL;
	due_del(&s->due);
	state_free(s);
	free(s);
}

/* Its Enter was not shown either. */
static void
end_line(struct conn *c)
{
	if (c->tn->echo == TELNET_ECHO_OURS)
		say(c, "\r\n");
}

static void
ask_again(struct conn *c, const char *why)
{
	tell(c, "%s", why);
	due_del(&c->secret->due);
	hide(c);
}

void
secret_too_long(struct conn *c)
{
	char why[64];

	end_line(c);
	bprintf(why, sizeof(why), "A password has at most %d bytes.", PASSWORD_MAX);
	ask_again(c, why);
}

static void
take(struct conn *c, struct str line)
{
	struct secret *s = c->secret;

	c->secret = NULL;
	due_del(&s->due);
	s->fn(c, line, s->state);
	if (c->secret == NULL || c->secret->state != s->state)
		state_free(s);
	free(s);
	if (c->secret == NULL)
		show(c);
}

void
secret_line(struct conn *c, char *p, size_t n)
{
	if (n > PASSWORD_MAX) {
		secret_too_long(c);
	} else if (memchr(p, '\0', n) != NULL || !text_utf8_ok(p, n)) {
		end_line(c);
		ask_again(c, "That is not UTF-8 text.");
	} else {
		end_line(c);
		take(c, (struct str){p, n});
	}
	explicit_bzero(p, n);
}
