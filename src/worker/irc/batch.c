/* batch.c - BATCH from clients: messages of several lines (IRCv3 draft/multiline, client-batch).
 *
 * Lines are gathered until the batch is closed, and become one request: '\n' between lines, TEXT_CUT where the client
 * cut one that was too long. What is kept of an open batch is bounded by the limits that CAP LS tells. The first
 * mistake is answered by a FAIL, and what still comes of that batch is passed over without a word.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "lib/loop.h"
#include "lib/text.h"
#include "lib/util.h"
#include "worker/irc/cmd.h"
#include "worker/irc/irc.h"
#include "worker/irc/reply.h"
#include "worker/irc/talk.h"
#include "worker/worker.h"

#define TIMEOUT_MS (60 * 1000)
#define REF_MAX 64
#define TARGET_MAX (ROOM_BYTES_MAX + 8)
#define BYTES_MAX IRC_MULTI_BYTES

struct irc_batch {
	uint8_t nref, ntarget, nlabel;
	bool failed; /* its client has been told: only its end is waited for */
	bool notice; /* its lines are NOTICE */
	bool action; /* it begins as a CTCP ACTION, and is one */
	bool some; /* a line with something in it has come */
	unsigned lines;
	size_t bytes; /* as the limit counts them, TEXT_CUT not */
	size_t n, cap; /* of text */
	uint64_t since;
	struct str tags; /* owned */
	char *text; /* owned */
	char ref[REF_MAX], target[TARGET_MAX + 1] /* terminated */, label[IRC_LABEL_BYTES];
};

void
batch_forget(struct conn *c)
{
	struct irc_batch *b = c->irc->batch;

	if (b == NULL)
		return;
	c->irc->batch = NULL;
	free((char *)b->tags.p);
	free(b->text);
	free(b);
}

/* --- mistakes ------------------------------------------------------------------------------------ */

/* What is answered from now on in r is what the opening BATCH is answered. */
static void
answer_opening(struct conn *c, struct irc_run *r, struct irc_batch *b)
{
	if (b->nlabel == 0)
		return;
	if (c->flags & CONN_LABEL)
		irc_label_end(c, r);
	memcpy(r->label, b->label, b->nlabel);
	r->nlabel = b->nlabel;
	b->nlabel = 0; /* once */
	irc_label_begin(c, r);
}

/* r has no place in the batch. Its own label, if it has one, is left to its own answer. */
static void
fail(struct conn *c, struct irc_run *r, const char *code, struct str context, const char *why)
{
	struct irc_batch *b = c->irc->batch;
	char own[IRC_LABEL_BYTES];
	uint8_t nown = r->nlabel;
	bool on = c->flags & CONN_LABEL;

	b->failed = true;
	if (b->nlabel == 0) {
		irc_fail(c, "BATCH", code, context, "%s", why);
		return;
	}
	memcpy(own, r->label, nown);
	c->flags &= ~(unsigned)CONN_LABEL;
	answer_opening(c, r, b);
	irc_fail(c, "BATCH", code, context, "%s", why);
	irc_label_end(c, r);
	memcpy(r->label, own, nown);
	r->nlabel = nown;
	if (on)
		irc_label_begin(c, r);
}

static void
invalid(struct conn *c, struct irc_run *r, const char *why)
{
	fail(c, r, "MULTILINE_INVALID", STR_LIT(""), why);
}

static void
over_limit(struct conn *c, struct irc_run *r, const char *code, unsigned limit, const char *why)
{
	char number[16];

	fail(c, r, code, (struct str){number, bprintf(number, sizeof(number), "%u", limit)}, why);
}

/* There is no batch that it could be about. */
static void
invalid_alone(struct conn *c, const char *why)
{
	irc_fail(c, "BATCH", "MULTILINE_INVALID", STR_LIT(""), "%s", why);
}

static bool
over_time(struct conn *c, struct irc_run *r)
{
	struct irc_batch *b = c->irc->batch;

	if (!b->failed && loop_now(worker.loop) - b->since > TIMEOUT_MS)
		fail(c, r, "TIMEOUT", (struct str){b->ref, b->nref},
		     "The batch was left open for too long");
	return b->failed;
}

static bool
is_ref(const struct irc_batch *b, struct str ref)
{
	return str_eq(ref, (struct str){b->ref, b->nref});
}

void
batch_broken(struct conn *c, struct irc_run *r)
{
	if (!c->irc->batch->failed)
		invalid(c, r, "Invalid multiline batch");
}

void
batch_before(struct conn *c, struct irc_run *r)
{
	struct irc_batch *b = c->irc->batch;
	static const char *const fine[] = {"BATCH", "PING", "PONG", "QUIT"};
	bool line = irc_is(r->msg.cmd, "PRIVMSG") || irc_is(r->msg.cmd, "NOTICE");
	struct str ref;

	if (b->failed || (line && irc_tag_find(r->msg.tags, "batch", &ref) && is_ref(b, ref)))
		return;
	for (size_t i = 0; i < ARRAY_LEN(fine); i++) {
		if (irc_is(r->msg.cmd, fine[i]))
			return;
	}
	invalid(c, r, "Only its own lines may be sent while a batch is open");
}

/* --- lines ----------------------------------------------------------------------------------------- */

static void
put(struct irc_batch *b, const char *p, size_t n)
{
	if (n == 0)
		return;
	if (b->n + n > b->cap) {
		b->cap = MAX(b->n + n, 2 * b->cap);
		b->text = xrealloc(b->text, b->cap);
	}
	memcpy(b->text + b->n, p, n);
	b->n += n;
}

/* Does the line keep to the limits, and to what was said before? The client is told if not. */
static bool
line_fits(struct conn *c, struct irc_run *r, bool notice, struct str text, bool concat)
{
	struct irc_batch *b = c->irc->batch;
	char context[2 * TARGET_MAX];
	struct str target = r->msg.param[0];

	if (!irc_is(target, b->target)) {
		target = target.n > 0 ? target : STR_LIT("*");
		target.n = text_cut(target.p, target.n, TARGET_MAX);
		fail(c, r, "MULTILINE_INVALID_TARGET",
		     (struct str){context, bprintf(context, sizeof(context), "%s " STR_FMT,
						   b->target, STR_ARG(target))},
		     "Invalid multiline target");
	} else if (b->lines > 0 && notice != b->notice) {
		invalid(c, r, "A multiline batch is of PRIVMSG or of NOTICE");
	} else if (concat && text.n == 0) {
		invalid(c, r, "Invalid multiline batch with concatenated blank line");
	} else if (b->lines == TEXT_LINES_MAX) {
		over_limit(c, r, "MULTILINE_MAX_LINES", TEXT_LINES_MAX,
			   "Multiline batch max-lines exceeded");
	} else if (b->bytes + (b->lines > 0 && !concat) + text.n > BYTES_MAX) {
		over_limit(c, r, "MULTILINE_MAX_BYTES", BYTES_MAX,
			   "Multiline batch max-bytes exceeded");
	}
	return !b->failed;
}

/* What of a line may be shown. CTCP is for one line only; but what somebody does may take several. */
static struct str
line_text(struct irc_batch *b, struct str text, bool notice)
{
	struct str word, params;

	if (b->lines == 0 && !notice && irc_ctcp(text, &word, &params) && irc_is(word, "ACTION")) {
		b->action = true;
		text = params;
	}
	return talk_clean(text);
}

bool
batch_unknown(const struct conn *c, const struct irc_run *r)
{
	const struct irc_batch *b = c->irc->batch;
	struct str ref;

	return c->irc->caps & CAP_MULTILINE && irc_tag_find(r->msg.tags, "batch", &ref) &&
	       (b == NULL || !is_ref(b, ref));
}

bool
batch_line(struct conn *c, struct irc_run *r, bool notice)
{
	struct irc_batch *b = c->irc->batch;
	struct str ref, value, text;
	bool concat = irc_tag_find(r->msg.tags, "draft/multiline-concat", &value);

	if (!irc_tag_find(r->msg.tags, "batch", &ref) || !(c->irc->caps & CAP_MULTILINE))
		return false;
	if (batch_unknown(c, r)) {
		invalid_alone(c, "There is no such batch");
		return true;
	}
	text = line_text(b, r->msg.param[1], notice);
	if (over_time(c, r) || !line_fits(c, r, notice, text, concat))
		return true;
	if (b->lines > 0)
		put(b, concat ? (const char[]){TEXT_CUT} : "\n", 1);
	b->bytes += (b->lines > 0 && !concat) + text.n;
	b->lines++;
	b->some |= text.n > 0;
	b->notice = notice;
	put(b, text.p, text.n);
	return true;
}

/* --- opening and closing ----------------------------------------------------------------------------- */

static void
batch_begin(struct conn *c, struct irc_run *r, struct str ref)
{
	struct str target = r->msg.param[2], tags = talk_tags(c, r);
	struct irc_batch *b = xcalloc(1, sizeof(*b));

	b->since = loop_now(worker.loop);
	b->nref = (uint8_t)ref.n;
	memcpy(b->ref, ref.p, ref.n);
	b->ntarget = (uint8_t)target.n;
	memcpy(b->target, target.p, target.n);
	b->tags = (struct str){xstrndup(tags.p, tags.n), tags.n};
	/* it is answered when the batch is closed */
	b->nlabel = r->nlabel;
	memcpy(b->label, r->label, r->nlabel);
	r->nlabel = 0;
	c->flags &= ~(unsigned)CONN_LABEL;
	c->irc->batch = b;
}

static void
batch_open(struct conn *c, struct irc_run *r, struct str ref)
{
	struct str target = r->msg.param[2], value;

	if (c->irc->batch != NULL && !c->irc->batch->failed) {
		invalid(c, r, "A batch is open already");
		return;
	}
	batch_forget(c);
	if (irc_tag_find(r->msg.tags, "batch", &value))
		invalid_alone(c, "There are no batches within batches");
	else if (!irc_is(r->msg.param[1], "draft/multiline"))
		invalid_alone(c, "Unknown type of batch");
	else if (ref.n == 0 || ref.n > REF_MAX)
		invalid_alone(c, "Invalid name of a batch");
	else if (target.n == 0 || target.n > TARGET_MAX || memchr(target.p, ',', target.n) != NULL)
		invalid_alone(c, "A multiline batch has one target");
	else
		batch_begin(c, r, ref);
}

/* It is all there: one message. */
static void
batch_send(struct conn *c, struct irc_run *r)
{
	struct irc_batch *b = c->irc->batch;
	struct saying s = {.kind = b->notice   ? MSG_NOTICE
				   : b->action ? MSG_ACTION
					       : MSG_TEXT,
			   .quiet = b->notice,
			   .tags = b->tags,
			   .text = {b->text, b->n}};
	struct str target = {b->target, b->ntarget}, id;
	bool is_room;

	answer_opening(c, r, b);
	if (s.kind == MSG_TEXT && edit_is(c, b->tags, &id))
		edit_send(c, target, id, s.text);
	else if (talk_target(c, target, &s, &is_room))
		talk_send(c, &s, is_room);
	else if (!s.quiet)
		irc_num(c, is_room ? ERR_NOSUCHCHANNEL : ERR_NOSUCHNICK,
			STR_FMT " :No such nick/channel", STR_ARG(irc_middle(target)));
}

static void
batch_close(struct conn *c, struct irc_run *r, struct str ref)
{
	struct irc_batch *b = c->irc->batch;

	if (b == NULL) {
		invalid_alone(c, "There is no such batch");
		return;
	}
	if (!is_ref(b, ref)) {
		if (!b->failed)
			invalid(c, r, "There is no such batch");
		return;
	}
	over_time(c, r);
	if (!b->failed && !b->some)
		invalid(c, r, "Invalid multiline batch with blank lines only");
	if (!b->failed)
		batch_send(c, r);
	batch_forget(c);
}

enum irc_done
irc_BATCH(struct conn *c, struct irc_run *r)
{
	struct str ref = r->msg.param[0];
	char sign = ref.n > 0 ? ref.p[0] : '\0';

	ref.p += ref.n > 0;
	ref.n -= ref.n > 0;
	if (!(c->irc->caps & CAP_MULTILINE))
		irc_num(c, ERR_UNKNOWNCOMMAND, "BATCH :Unknown command");
	else if (sign == '+')
		batch_open(c, r, ref);
	else if (sign == '-')
		batch_close(c, r, ref);
	else
		invalid_alone(c, "A batch is opened by + and closed by -");
	return IRC_DONE;
}
