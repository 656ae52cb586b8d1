/* reply.c - see reply.h. */
#include "config.h"

#include "worker/irc/reply.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "lib/name.h"
#include "lib/text.h"
#include "lib/util.h"
#include "proto/irc.h"
#include "worker/fanout.h"
#include "worker/irc/cmd.h"
#include "worker/irc/irc.h"
#include "worker/outq.h"

#define TEXT_LEN 1024 /* more than a line may have: it is cut */

uint32_t
irc_batch_id(void)
{
	static uint32_t last;

	return ++last;
}

/* --- labels ---------------------------------------------------------------------------------- */

static struct irc_run *
labelled(const struct conn *c)
{
	return c->flags & CONN_LABEL ? c->irc->run : NULL;
}

/* One line (CR LF included) with one more tag before its others. */
static void
put_tagged(struct conn *c, const char *tag, size_t ntag, const char *p, size_t n)
{
	bool has = n > 0 && p[0] == '@';
	char *out = arena_room(ntag + n + 3), *o = out;

	*o++ = '@';
	memcpy(o, tag, ntag);
	o += ntag;
	*o++ = has ? ';' : ' ';
	memcpy(o, p + has, n - has);
	o += n - has;
	outq_lines(c, arena_commit((size_t)(o - out)));
}

static void
put_with_label(struct conn *c, const struct irc_run *r, const char *p, size_t n)
{
	char tag[IRC_LABEL_BYTES + 8];
	size_t ntag = bprintf(tag, sizeof(tag), "label=%.*s", r->nlabel, r->label);

	put_tagged(c, tag, ntag, p, n);
}

static void
put_in_batch(struct conn *c, const struct irc_run *r, const char *p, size_t n)
{
	char tag[24];
	struct str have;
	const char *space = n > 0 && p[0] == '@' ? memchr(p, ' ', n) : NULL;

	/* a line of a batch within this one */
	if (space != NULL &&
	    irc_tag_find((struct str){p + 1, (size_t)(space - p - 1)}, "batch", &have)) {
		outq_copy(c, p, n);
		return;
	}
	put_tagged(c, tag, bprintf(tag, sizeof(tag), "batch=l%u", r->batch), p, n);
}

static void
open_batch(struct conn *c, struct irc_run *r)
{
	char line[384];
	const char *p = r->held, *end = r->held + r->nheld, *nl;

	r->batch = irc_batch_id();
	put_with_label(
	    c, r, line,
	    bprintf(line, sizeof(line), ":%s BATCH +l%u labeled-response\r\n", irc_me, r->batch));
	r->answered_as = ANSWER_BATCH;
	for (; p < end; p = nl + 1) {
		nl = memchr(p, '\n', (size_t)(end - p));
		put_in_batch(c, r, p, (size_t)(nl + 1 - p));
	}
	free(r->held);
	r->held = NULL;
}

/* What may stay the whole answer: a line, or a batch with all its lines. */
static void
hold(struct irc_run *r, const char *p, size_t n)
{
	r->held = xcalloc(1, n);
	memcpy(r->held, p, n);
	r->nheld = n;
	r->answered_as = ANSWER_HELD;
}

/* One line of the answer to a labelled command. */
static void
answer_line(struct conn *c, struct irc_run *r, const char *p, size_t n)
{
	if (r->answered_as == ANSWER_NONE) {
		hold(r, p, n);
		return;
	}
	if (r->answered_as == ANSWER_HELD)
		open_batch(c, r);
	if (r->answered_as == ANSWER_BATCH)
		put_in_batch(c, r, p, n);
	else
		outq_copy(c, p, n);
}

/* Is the answer a batch of its own? Then the label is that one's. */
static bool
is_batch(const char *p, size_t n)
{
	const char *end = p + n;

	while (p < end && (*p == '@' || *p == ':')) {
		p = memchr(p, ' ', (size_t)(end - p));
		if (p == NULL)
			return false;
		p++;
	}
	return end - p > 6 && memcmp(p, "BATCH ", 6) == 0;
}

void
irc_label_begin(struct conn *c, struct irc_run *run)
{
	run->answered_as = ANSWER_NONE;
	c->flags |= CONN_LABEL;
}

void
irc_label_end(struct conn *c, struct irc_run *r)
{
	char line[300];
	const char *nl;
	size_t n = 0;

	c->flags &= ~(unsigned)CONN_LABEL;
	switch ((enum irc_answered_as)r->answered_as) {
	case ANSWER_NONE:
		n = bprintf(line, sizeof(line), ":%s ACK\r\n", irc_me);
		put_with_label(c, r, line, n);
		break;
	case ANSWER_HELD:
		nl = memchr(r->held, '\n', r->nheld);
		n = (size_t)(nl + 1 - r->held);
		put_with_label(c, r, r->held, n);
		outq_copy(c, r->held + n, r->nheld - n);
		free(r->held);
		r->held = NULL;
		break;
	case ANSWER_BATCH:
		n = bprintf(line, sizeof(line), ":%s BATCH -l%u\r\n", irc_me, r->batch);
		outq_copy(c, line, n);
		break;
	case ANSWER_OWN_BATCH:
		break;
	}
}

void
irc_label_waits(struct conn *c)
{
	struct irc_run *r = labelled(c);

	if (r != NULL && !(c->flags & CONN_ENDED) && r->answered_as == ANSWER_HELD)
		open_batch(c, r);
}

/* --- lines -------------------------------------------------------------------------------------- */

void
irc_lines(struct conn *c, const char *p, size_t n)
{
	struct irc_run *r = labelled(c);
	const char *end = p + n, *nl;

	if (n == 0)
		return;
	if (r == NULL) {
		outq_copy(c, p, n);
		return;
	}
	if (r->answered_as == ANSWER_NONE && is_batch(p, n)) {
		nl = memchr(p, '\n', n);
		if (nl + 1 < end) { /* it has come as a whole */
			hold(r, p, n);
			return;
		}
		put_with_label(c, r, p, n);
		r->answered_as = ANSWER_OWN_BATCH;
		return;
	}
	for (; p < end; p = nl + 1) {
		nl = memchr(p, '\n', (size_t)(end - p));
		if (nl == NULL)
			break;
		answer_line(c, r, p, (size_t)(nl + 1 - p));
	}
}

void
irc_event(struct conn *c)
{
	struct slice s;

	if (labelled(c) == NULL) {
		fan_give(c, c->cls);
	} else {
		s = fan_made(CLS_LINES(c->cls));
		/* the arena never moves: what lies in it may be read while more is made */
		irc_lines(c, arena_at(s.off), s.len);
	}
}

/* Whatever got into a parameter, a line stays one. */
static void
one_line(char *line, size_t n)
{
	static const char ends[] = {'\r', '\n', '\0'};
	char *p;

	for (size_t i = 0; i < sizeof(ends); i++) {
		while ((p = memchr(line, ends[i], n)) != NULL)
			*p = ' ';
	}
}

/* A line from its beginning and the rest, within the limit. */
static void line_put(struct conn *c, char *line, size_t head, const char *fmt, va_list ap)
    __attribute__((format(printf, 4, 0)));
static void
line_put(struct conn *c, char *line, size_t head, const char *fmt, va_list ap)
{
	size_t n = head + vbprintf(line + head, TEXT_LEN - head, fmt, ap);

	if (n > IRC_BODY_MAX)
		n = text_cut(line, n, IRC_BODY_MAX);
	one_line(line, n);
	line[n++] = '\r';
	line[n++] = '\n';
	irc_lines(c, line, n);
}

/* ":me 001 nick ", without printf: a login is told two dozen lines. */
static size_t
num_head(const struct conn *c, unsigned num, char *out)
{
	const char *nick = irc_nick(c);
	size_t nme = strlen(irc_me), nnick = strlen(nick);
	char *o = out;

	*o++ = ':';
	o = (char *)memcpy(o, irc_me, nme) + nme;
	*o++ = ' ';
	*o++ = (char)('0' + num / 100);
	*o++ = (char)('0' + num / 10 % 10);
	*o++ = (char)('0' + num % 10);
	*o++ = ' ';
	o = (char *)memcpy(o, nick, nnick) + nnick;
	*o++ = ' ';
	return (size_t)(o - out);
}

void
irc_num(struct conn *c, unsigned num, const char *fmt, ...)
{
	char line[TEXT_LEN + 2];
	size_t head = num_head(c, num, line);
	va_list ap;

	va_start(ap, fmt);
	line_put(c, line, head, fmt, ap);
	va_end(ap);
}

void
irc_num_text(struct conn *c, unsigned num, struct str text)
{
	char line[TEXT_LEN + 2];
	size_t head = num_head(c, num, line);

	if (text.n > IRC_BODY_MAX - head)
		text.n = text_cut(text.p, text.n, IRC_BODY_MAX - head);
	memcpy(line + head, text.p, text.n);
	memcpy(line + head + text.n, "\r\n", 2);
	irc_lines(c, line, head + text.n + 2);
}

void
irc_from_me(struct conn *c, const char *fmt, ...)
{
	char line[TEXT_LEN + 2];
	size_t head = bprintf(line, sizeof(line), ":%s ", irc_me);
	va_list ap;

	va_start(ap, fmt);
	line_put(c, line, head, fmt, ap);
	va_end(ap);
}

void
irc_raw(struct conn *c, const char *fmt, ...)
{
	char line[TEXT_LEN + 2];
	va_list ap;

	va_start(ap, fmt);
	line_put(c, line, 0, fmt, ap);
	va_end(ap);
}

void
irc_words(struct conn *c, const char *text, size_t n)
{
	irc_from_me(c, "NOTICE %s :%.*s", irc_nick(c), (int)n, text);
}

/* --- errors ----------------------------------------------------------------------------------------- */

/* Where IRC has words of its own, which are also those of what is found out without the broker. */
static const char *
irc_text_of(unsigned err)
{
	switch (err) {
	case ERR_NO_SUCH_USER:
		return "No such nick/channel";
	case ERR_NO_SUCH_ROOM:
		return "No such channel";
	default:
		return NULL;
	}
}

void
irc_err_of(struct conn *c, const char *cmd, struct str room, unsigned err, struct str arg)
{
	char why[512], about[400] = "", named[ROOM_BYTES_MAX + 2];
	unsigned num = (unsigned)chat_err_irc(err);

	switch (chat_err_about(err)) {
	case ERR_ABOUT_USER:
		bprintf(about, sizeof(about), STR_FMT " ", STR_ARG(irc_middle(arg)));
		break;
	case ERR_ABOUT_ROOM:
		bprintf(about, sizeof(about), "#" STR_FMT " ",
			STR_ARG(irc_middle(room.n > 0 ? room : arg)));
		arg = (struct str){named, bprintf(named, sizeof(named), "#" STR_FMT, STR_ARG(arg))};
		break;
	case ERR_ABOUT_USER_ROOM:
		bprintf(about, sizeof(about), STR_FMT " #" STR_FMT " ", STR_ARG(irc_middle(arg)),
			STR_ARG(irc_middle(room)));
		break;
	case ERR_ABOUT_WORD:
		bprintf(about, sizeof(about), "%s ", cmd);
		break;
	case ERR_ABOUT_NOTHING:
		break;
	}
	chat_err_text(err, arg.p, arg.n, why, sizeof(why));
	irc_num(c, num, "%s:%s", about, irc_text_of(err) != NULL ? irc_text_of(err) : why);
}

void
irc_err(struct conn *c, const struct irc_run *run, unsigned err, struct str arg)
{
	bool known = run != NULL && run->cmd != NULL;

	irc_err_of(c, known ? run->cmd->name : "*", run != NULL ? run->room : STR_LIT(""), err,
		   arg);
}

static void
standard(struct conn *c, const char *kind, const char *cmd, const char *code, struct str context,
	 const char *text)
{
	const char *gap = context.n > 0 ? " " : "";

	if (c->irc->caps & CAP_STANDARD_REPLIES || strcmp(kind, "FAIL") == 0)
		irc_from_me(c, "%s %s %s%s" STR_FMT " :%s", kind, cmd, code, gap, STR_ARG(context),
			    text);
	else
		irc_words(c, text, strlen(text));
}

void
irc_fail(struct conn *c, const char *cmd, const char *code, struct str context, const char *fmt,
	 ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vbprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	standard(c, "FAIL", cmd, code, context, text);
}

void
irc_note(struct conn *c, const char *cmd, const char *code, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vbprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	standard(c, "NOTE", cmd, code, STR_LIT(""), text);
}
