/* oper.c - operators: people in the chat who may do what chatctl does at their block's level.
 *
 * Who is told what: without a block of that name for somebody from there, ERR_NO_OPER; with one, and another
 * word, ERR_PASSWORD. Both take the time of one check, so that the time tells nothing either.
 */
#include "config.h"

#include "broker/broker.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/auth.h"
#include "broker/guess.h"
#include "broker/job.h"
#include "broker/mask.h"
#include "ipc/ctl.h"
#include "ipc/maskform.h"
#include "ipc/options.h"
#include "ipc/proc.h"
#include "ipc/pwhash.h"
#include "lib/buf.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/siphash.h"
#include "lib/text.h"
#include "lib/util.h"

#define T (&br.t)
#define W (&br.reg)
#define WRONG_MAX 3 /* after these, one more try in… */
#define WRONG_WAIT_MS 10000
#define OPER_NAME_MAX 64

/* By user slot; what a new broker does not know, it does not need: made when the first one asks. */
static struct past {
	uint64_t user, wrong_at; /* mono ms */
	unsigned wrong;
	bool asked; /* one is being checked */
} * pasts;

static struct past *
past_of(uint64_t user)
{
	struct past *p;

	if (pasts == NULL)
		pasts = xcalloc(br.reg.h->max_users, sizeof(*pasts));
	p = &pasts[ID_SLOT(user)];
	if (p->user != user)
		*p = (struct past){.user = user};
	return p;
}

void
opers_fini(void)
{
	free(pasts);
	pasts = NULL;
}

/* --- by which block ---------------------------------------------------------------------------------------- */

/* What the registry keeps of a block's name: enough to know it again among those that there are. */
static uint32_t
block_mark(struct str name)
{
	return (uint32_t)siphash(name.p, name.n, W->h->hash_key);
}

static void
block_redo(struct reg_user *u, struct str name)
{
	uint32_t slot = (uint32_t)(u - W->users);

	if (!u->more) {
		user_more_redo(slot, STR_LIT(""), 0, STR_LIT(""));
		txn_open(T, W, u);
		TXN_SET(T, W, u->more, 1);
		txn_close(T, W, u);
	}
	txn_open(T, W, &W->mores[slot]);
	TXN_SET(T, W, W->mores[slot].oper, block_mark(name));
	txn_close(T, W, &W->mores[slot]);
}

/* "?" when the configuration has it no longer. */
static void
block_of(const struct reg_user *u, char out[OPER_NAME_MAX + 1])
{
	struct str rest = str_of(proc.opt.operators);
	struct operator_block b;

	bprintf(out, OPER_NAME_MAX + 1, "?");
	while (u->more && operator_next(&rest, &b)) {
		if (block_mark(b.name) == W->mores[u - W->users].oper)
			bprintf(out, OPER_NAME_MAX + 1, STR_FMT, STR_ARG(b.name));
	}
}

static void vaudit(const struct reg_user *u, const char *block, const char *fmt, va_list ap)
    __attribute__((format(printf, 3, 0)));
static void
vaudit(const struct reg_user *u, const char *block, const char *fmt, va_list ap)
{
	char uhost[UHOST_MAX + 1], what[512];
	struct buf shown = {0};

	vsnprintf(what, sizeof(what), fmt, ap);
	user_uhost(u, uhost);
	ctl_show(&shown, what, strlen(what), false);
	log_notice("oper %s (user %s, %s, from %s): %.*s", block, u->name, uhost, u->address,
		   (int)shown.len, buf_data(&shown));
	buf_fini(&shown);
}

/* Like the lines of chatctl's acts. */
static void audit(const struct reg_user *u, const char *block, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void
audit(const struct reg_user *u, const char *block, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vaudit(u, block, fmt, ap);
	va_end(ap);
}

void
oper_did(const struct reg_user *u, const char *fmt, ...)
{
	char block[OPER_NAME_MAX + 1];
	va_list ap;

	block_of(u, block);
	va_start(ap, fmt);
	vaudit(u, block, fmt, ap);
	va_end(ap);
}

/* --- becoming one ---------------------------------------------------------------------------------------- */

static bool
mask_takes(struct str mask, const struct reg_user *u)
{
	char canon[MASK_MAX + 1];
	struct mask_subject s;
	struct mask m;

	if (mask.n == 0)
		return true;
	if (mask_canon(mask, canon) == 0 || !mask_compile(&m, canon))
		return false;
	user_subject(u, &s);
	return mask_fits(&m, &s);
}

static bool
account_takes(struct str account, const struct reg_user *u)
{
	return account.n == 0 || name_same(account, user_account(u));
}

/* The block of this name that is for somebody like u. */
static bool
block_for(const struct reg_user *u, struct str name, struct operator_block *b)
{
	struct str rest = str_of(proc.opt.operators);

	while (operator_next(&rest, b)) {
		if (str_eq(b->name, name) && account_takes(b->account, u) && mask_takes(b->mask, u))
			return true;
	}
	*b = (struct operator_block){.name = name, .hash = STR_LIT("")}; /* fits nothing */
	return false;
}

/* What its job knows. */
struct attempt {
	bool known; /* there is a block that the password could fit */
	uint8_t level;
	char name[OPER_NAME_MAX + 1];
	struct guess *from;
};

static void
failed(struct job *j, const struct reg_user *u, enum chat_err err)
{
	const struct attempt *t = j->state;

	audit(u, t->name, "oper: refused, %s",
	      err == ERR_BUSY       ? "the password could not be checked"
	      : err == ERR_PASSWORD ? "a wrong password"
				    : "no such block for this user");
	job_failed(j, err, STR_LIT(""));
}

static void
granted(struct job *j, struct reg_user *u)
{
	const struct attempt *t = j->state;
	struct m_e_oper m = {.user = u->id,
			     .ticket = j->ticket,
			     .level = t->level,
			     .name = str_of(t->name),
			     .modes = u->umodes | UMODE_OPER,
			     .before = u->umodes};
	entry_begin(&req_nobody);
	entry_to_user(u);
	user_modes_redo(u, m.modes, m.level);
	block_redo(u, m.name);
	EVENT_HEAD(&req_nobody, m);
	ENTRY_COMMIT(oper, &m);
	past_of(u->id)->wrong = 0;
	audit(u, t->name, "oper: level %s", ctl_level_name(t->level));
	job_end(j);
}

static void
checked(struct job *j, const void *frame, size_t len)
{
	struct reg_user *u = job_user(j);
	const struct attempt *t = j->state;
	struct m_a_result m;
	bool told = frame != NULL && m_a_result_get(frame, len, &m), right;

	right = told && m.ok && t->known;
	/* also of one who has not waited for the answer */
	if (told && !right)
		guess_wrong(t->from);
	if (u == NULL) {
		job_end(j);
	} else if (!told) {
		failed(j, u, ERR_BUSY);
	} else if (right) {
		granted(j, u);
	} else {
		past_of(u->id)->wrong++;
		past_of(u->id)->wrong_at = loop_now(proc.loop);
		failed(j, u, t->known ? ERR_PASSWORD : ERR_NO_OPER);
	}
}

static void
ended(struct job *j)
{
	const struct attempt *t = j->state;
	struct past *p = &pasts[ID_SLOT(j->user)];

	guess_end(t->from);
	if (p->user == j->user) /* the slot may be another's by now */
		p->asked = false;
}

static bool
may_try(uint64_t user)
{
	const struct past *p = past_of(user);

	return !p->asked &&
	       (p->wrong < WRONG_MAX || loop_now(proc.loop) - p->wrong_at >= WRONG_WAIT_MS);
}

static void
try_begin(const struct req *r, const struct reg_user *u, const struct m_r_oper *q,
	  struct guess *from)
{
	struct m_a_check m = {.memory = PWHASH_MEM_KIB, .password = q->password};
	char frame[IPC_HDR + 12 + PWHASH_MAX + PASSWORD_MAX];
	struct job *j = job_begin(r, u->id, 0, sizeof(struct attempt));
	struct operator_block b;
	struct attempt *t;

	if (j == NULL)
		return;
	t = j->state;
	t->known = block_for(u, q->name, &b);
	t->level = (uint8_t)b.level;
	t->from = from;
	bprintf(t->name, sizeof(t->name), STR_FMT, STR_ARG(q->name));
	j->behind = guess_begin(from);
	past_of(u->id)->asked = true;
	j->ended = ended;
	m.ticket = j->ticket;
	m.hash = b.hash;
	job_ask_auth(j, frame, m_a_check_put(frame, sizeof(frame), &m), checked);
	explicit_bzero(frame, sizeof(frame));
}

static void
try_or_refuse(const struct req *r, const struct reg_user *u, const struct m_r_oper *q)
{
	struct guess *from = guess_from(str_of(u->address));

	/* where nobody can become one, there is nothing to hide */
	if (proc.opt.operators[0] == '\0' || !text_is_clean(q->name.p, q->name.n, 0))
		answer_refused(r, u->id, 0, ERR_NO_OPER, STR_LIT(""));
	else if (!may_try(u->id) || !guess_may(from) || !auth_open())
		answer_refused(r, u->id, 0, ERR_BUSY, STR_LIT("OPER"));
	else
		try_begin(r, u, q, from);
}

bool
r_oper(const struct req *r, struct reg_user *u, const void *frame, size_t len)
{
	struct m_r_oper q;

	if (!m_r_oper_get(frame, len, &q))
		return false;
	try_or_refuse(r, u, &q);
	/* the frame is our own buffer, which it was read into */
	explicit_bzero((char *)(uintptr_t)q.password.p, q.password.n);
	return true;
}

/* --- what they do --------------------------------------------------------------------------------------- */

typedef void act_fn(const struct req *r, struct reg_user *u, const struct m_r_oper_do *q,
		    const char *block);

static void
act_kill(const struct req *r, struct reg_user *u, const struct m_r_oper_do *q, const char *block)
{
	struct reg_user *target = user_find(q->target);
	struct str reason = clean_or_empty(q->text);

	reason.n = text_cut(reason.p, reason.n, REASON_MAX);
	if (target == NULL) {
		answer_refused(r, u->id, 0, ERR_NO_SUCH_USER, clean_or_empty(q->target));
		return;
	}
	audit(u, block, "kill %s%s" STR_FMT, target->name, reason.n > 0 ? ": " : "",
	      STR_ARG(reason));
	user_quit(r, target, QUIT_KILLED, user_name(u), reason);
}

static void
act_wallops(const struct req *r, struct reg_user *u, const struct m_r_oper_do *q, const char *block)
{
	char uhost[UHOST_MAX + 1];
	struct m_e_wallops m = {
	    .user = u->id, .name = user_name(u), .text = clean_or_empty(q->text)};

	if (m.text.n == 0) {
		answer_refused(r, u->id, 0, q->text.n == 0 ? ERR_EMPTY : ERR_BAD_ARGUMENT,
			       STR_LIT("text"));
		return;
	}
	audit(u, block, "wallops: " STR_FMT, STR_ARG(m.text));
	m.uhost = user_uhost(u, uhost);
	m.account = user_account(u);
	m.umodes = u->umodes;
	entry_begin(r);
	br.t.targets |= (1ull << WORKERS_MAX) - 1;
	EVENT_HEAD(r, m);
	ENTRY_COMMIT(wallops, &m);
}

/* The master's to do. Told after the answer: a broker that dies in between makes it happen never, not twice. */
static void
act_master(const struct req *r, struct reg_user *u, const struct m_r_oper_do *q, const char *block)
{
	static const struct {
		const char *word, *text;
	} acts[OPER_ACTS] = {
	    [OPER_REHASH] = {"rehash", "the configuration is read again"},
	    [OPER_DIE] = {"die", "the server stops"},
	    [OPER_RESTART] = {"restart", "the server's processes are replaced"},
	};
	char actor[256], out[512];
	struct m_oper_act m = {.op = q->act};

	m.actor =
	    (struct str){actor, bprintf(actor, sizeof(actor), "oper %s (user %s)", block, u->name)};
	audit(u, block, "%s", acts[q->act].word);
	answer_ok(r, u->id, acts[q->act].text);
	proc_send(out, m_oper_act_put(out, sizeof(out), &m));
}

static const struct {
	enum admin_level level;
	act_fn *fn;
} acts[OPER_ACTS] = {
    [OPER_KILL] = {LEVEL_OPERATE, act_kill},    [OPER_WALLOPS] = {LEVEL_OPERATE, act_wallops},
    [OPER_REHASH] = {LEVEL_ADMIN, act_master},  [OPER_DIE] = {LEVEL_ADMIN, act_master},
    [OPER_RESTART] = {LEVEL_ADMIN, act_master},
};

bool
r_oper_do(const struct req *r, struct reg_user *u, const void *frame, size_t len)
{
	char block[OPER_NAME_MAX + 1];
	struct m_r_oper_do q;

	if (!m_r_oper_do_get(frame, len, &q) || q.act >= OPER_ACTS)
		return false;
	if (!(u->umodes & UMODE_OPER)) {
		answer_refused(r, u->id, 0, ERR_NOT_OPER, STR_LIT(""));
	} else if (u->level < acts[q.act].level) {
		answer_refused(r, u->id, 0, ERR_PERMISSION, STR_LIT(""));
	} else {
		block_of(u, block);
		acts[q.act].fn(r, u, &q, block);
	}
	return true;
}
