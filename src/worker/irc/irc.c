/* irc.c - see irc.h. */
#include "config.h"

#include "worker/irc/irc.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ipc/board.h"
#include "ipc/proc.h"
#include "lib/text.h"
#include "lib/util.h"
#include "worker/irc/cmd.h"
#include "worker/irc/info.h"
#include "worker/irc/metadata.h"
#include "worker/irc/marks.h"
#include "worker/irc/monitor.h"
#include "worker/irc/reply.h"
#include "worker/irc/sasl.h"
#include "worker/irc/talk.h"
#include "worker/render.h"
#include "worker/outq.h"
#include "worker/tongue.h"

static struct due_list pings;

/* --- is it still there? ----------------------------------------------------------------- */

static uint64_t
ping_ms(void)
{
	return proc.opt.ping * 1000;
}

static void
ping_fire(struct due *d)
{
	struct irc *i = (struct irc *)((char *)d - offsetof(struct irc, ping));
	char line[IRC_ME_MAX + 16];

	if (i->conn->state != CONN_READY) {
		due_add(&pings, d); /* login_time looks after those */
		return;
	}
	if (i->flags & IRC_PINGED) {
		count(CTR_dropped_idle);
		conn_end(i->conn, "Ping timeout", false);
		return;
	}
	i->flags |= IRC_PINGED;
	due_add(&pings, d);
	/* in nobody's answer, whatever is under way */
	outq_copy(i->conn, line, bprintf(line, sizeof(line), "PING :%s\r\n", irc_me));
}

void
irc_heard(struct conn *c)
{
	c->irc->flags &= ~(unsigned)IRC_PINGED;
	if (proc.opt.ping != 0)
		due_add(&pings, &c->irc->ping);
}

/* --- names ------------------------------------------------------------------------------- */

static void
name_me(void)
{
	char host[256] = "";

	gethostname(host, sizeof(host) - 1);
	const char *me = proc.opt.name[0] != '\0' ? proc.opt.name : host;
	bprintf(irc_me, sizeof(irc_me), "%s", me);
	if (irc_me[0] == '\0' || irc_me[0] == ':' || strpbrk(irc_me, " ,!@*?#") != NULL ||
	    strlen(me) > IRC_ME_MAX)
		bprintf(irc_me, sizeof(irc_me), "chatd.localhost");
	irc_isupport_init();
}

void
irc_init(struct loop *loop)
{
	due_init(&pings, loop, ping_ms, ping_fire);
	irc_info_init();
	cap_changed();
	name_me();
}

void
irc_rearm(void)
{
	name_me();
	cap_changed();
	for (uint32_t i = 0; i < conns_places() && proc.opt.ping != 0; i++) {
		struct conn *c = conn_at(i);

		if (c != NULL && c->irc != NULL && !due_waits(&c->irc->ping))
			due_add(&pings, &c->irc->ping);
	}
	due_rearm(&pings);
}

void
irc_turn(void)
{
	cap_changed();
}

const char *
irc_nick(const struct conn *c)
{
	if (c->state == CONN_READY)
		return c->name;
	return c->irc->nick != NULL ? c->irc->nick : "*";
}

bool
irc_room(struct str s, struct str *name_r)
{
	if (s.n < 2 || s.p[0] != '#')
		return false;
	*name_r = (struct str){s.p + 1, s.n - 1};
	return true;
}

struct str
irc_middle(struct str s)
{
	bool word = s.n > 0 && s.p[0] != ':' && memchr(s.p, ' ', s.n) == NULL;

	return word ? s : STR_LIT("*");
}

struct str
irc_clean(struct str s, size_t max)
{
	static char out[LINE_BYTES_IRC];

	s.n = MIN(s.n, sizeof(out));
	memcpy(out, s.p, s.n);
	s.n = text_clean(out, s.n, TEXT_KEEP_IRC);
	return (struct str){out, text_cut(out, s.n, max)};
}

void
irc_client_is(struct conn *c, struct str program)
{
	char *out = board_own_more(c->wslot)->client;
	char text[LINE_BYTES_IRC];
	size_t n = MIN(program.n, sizeof(text));

	memcpy(text, program.p, n);
	n = text_strip_irc(text, text_clean(text, n, TEXT_KEEP_IRC));
	n = text_cut(text, n, BOARD_CLIENT_MAX - 1);
	memcpy(out, text, n);
	memset(out + n, 0, BOARD_CLIENT_MAX - n);
	conn_board(c)->has_client = n > 0;
}

bool
irc_secret_is(struct str given, struct str secret)
{
	unsigned char differ = given.n != secret.n;

	for (size_t i = 0; i < given.n; i++)
		differ |= (unsigned char)(given.p[i] ^ (i < secret.n ? secret.p[i] : 0));
	return differ == 0;
}

static const struct {
	unsigned type;
	uint64_t needs;
} wants[] = {
    {MSG_e_away, CAP_AWAY_NOTIFY},     {MSG_e_account, CAP_ACCOUNT_NOTIFY},
    {MSG_e_setname, CAP_SETNAME},      {MSG_e_chghost, CAP_CHGHOST},
    {MSG_e_invite, CAP_INVITE_NOTIFY}, {MSG_e_redact, CAP_REDACTION},
    {MSG_e_rename, CAP_RENAME},        {MSG_TAGS, CAP_TAGS},
};

uint64_t
irc_needs(unsigned type)
{
	for (size_t i = 0; i < ARRAY_LEN(wants); i++) {
		if (wants[i].type == type)
			return wants[i].needs;
	}
	return 0;
}

/* --- beginning and end ----------------------------------------------------------------------- */

void
irc_open(struct conn *c, const uint8_t proof[CERT_PROOF])
{
	c->irc = xcalloc(1, sizeof(*c->irc));
	c->irc->conn = c;
	memcpy(c->irc->cert_proof, proof, CERT_PROOF);
	c->cls = CLS_IRC;
}

static void
irc_end(struct conn *c, const char *reason)
{
	/* what a labelled command was answered so far; if it is its own end, ERROR is the answer */
	struct irc_run *r = c->irc->run;
	bool label = r != NULL && c->flags & CONN_LABEL, own = label && irc_is(r->msg.cmd, "QUIT");

	if (label && !own)
		irc_label_end(c, r);
	irc_raw(c, "ERROR :Closing link: %s%s%s", irc_nick(c), reason[0] != '\0' ? ": " : "",
		reason);
	if (own)
		irc_label_end(c, r);
	irc_run_free(c);
}

void
irc_close(struct conn *c)
{
	struct irc *i = c->irc;

	if (i == NULL)
		return;
	irc_run_free(c);
	batch_forget(c);
	monitor_forget(c);
	marks_forget(c);
	metadata_forget(c);
	due_del(&i->ping);
	free(i->nick);
	free(i->ident);
	free(i->real);
	free(i->away);
	sasl_free(i->sasl);
	free(i);
	c->irc = NULL;
}

/* In its turn: what of it fits is too long, too. */
static bool
irc_too_long(struct conn *c, char *p, size_t n)
{
	return irc_line(c, p, MIN(n, IRC_RUN_LINE - 1));
}

const struct tongue tongue_irc = {
    .begin = irc_begin,
    .line = irc_line,
    .too_long = irc_too_long,
    .words = irc_words,
    .named = irc_named,
    .moving = irc_moving,
    .attached = irc_attached,
    .ok = irc_ok,
    .refused = irc_refused,
    .told = irc_told,
    .answered = irc_answered,
    .end = irc_end,
};
