/* who.c - WHO and WHOX: people in a room, or whose names, hosts or real names fit a mask. */
#include "config.h"

#include <string.h>

#include "lib/glob.h"
#include "lib/util.h"
#include "registry/registry.h"
#include "worker/irc/cmd.h"
#include "worker/irc/irc.h"
#include "worker/irc/reply.h"
#include "worker/query.h"
#include "worker/sight.h"
#include "worker/worker.h"

#define SLOTS_PER_STEP 64 /* each is matched in five ways */
#define LINES_PER_STEP 64
#define SCAN_MAX 128 /* a longer mask fits nothing */

/* WHOX, in the order in which they are sent (IRCv3 whox). */
static const char letters[] = "tcuihsnfdlaor";

enum who_stage { WHO_FIND, WHO_MEMBERS, WHO_SCAN };

struct who {
	struct query query;
	uint8_t stage; /* enum who_stage */
	bool opers; /* only operators */
	bool whox;
	bool member; /* the asker is in the room */
	uint32_t fields; /* bits by place in letters */
	uint32_t slot;
	uint64_t room, after; /* the last member shown joined then */
	char token[4];
	size_t n;
	char mask[]; /* as asked for */
};

/* One who is shown, and in which room. */
struct shown_user {
	const struct reg_user_view *v;
	const char *room; /* NULL: none */
	uint32_t rank;
};

static struct reg_member_view page[LINES_PER_STEP], rooms[ROOMS_PER_USER];

/* --- a line ---------------------------------------------------------------------------------- */

/* H or G, * for operators, ranks in the room shown, B for bots (IRCv3 bot-mode). */
static const char *
flags_of(const struct conn *c, const struct shown_user *s)
{
	static char out[16];

	bprintf(out, sizeof(out), "%c%s%s%s", s->v->away[0] != '\0' ? 'G' : 'H',
		s->v->umodes & UMODE_OPER ? "*" : "",
		s->room != NULL ? irc_prefixes(s->rank, c->irc->caps & CAP_MULTI_PREFIX) : "",
		s->v->umodes & UMODE_BOT ? "B" : "");
	return out;
}

static const char *
room_of_shown(const struct shown_user *s)
{
	static char out[ROOM_BYTES_MAX + 2];

	if (s->room == NULL)
		return "*";
	bprintf(out, sizeof(out), "#%s", s->room);
	return out;
}

static const char *
number(uint64_t n)
{
	static char out[24];

	bprintf(out, sizeof(out), "%llu", (unsigned long long)n);
	return out;
}

/* One field of WHOX. */
static const char *
field(const struct conn *c, const struct who *q, const struct shown_user *s, char letter)
{
	const struct reg_user_view *v = s->v;

	switch (letter) {
	case 't':
		return q->token[0] != '\0' ? q->token : "0";
	case 'c':
		return room_of_shown(s);
	case 'u':
		return v->ident;
	case 'i':
		return sight_address(c, v) ? v->address : "255.255.255.255";
	case 'h':
		return v->host;
	case 's':
		return irc_me;
	case 'n':
		return v->name;
	case 'f':
		return flags_of(c, s);
	case 'l':
		return number(sight_idle(v));
	case 'a':
		return v->account[0] != '\0' ? v->account : "0";
	case 'o':
		return "n/a";
	case 'r':
		return v->real;
	default:
		return "0"; /* d: hops */
	}
}

static void
show_whox(struct conn *c, const struct who *q, const struct shown_user *s)
{
	char line[1024] = "";
	size_t n = 0;

	for (size_t i = 0; letters[i] != '\0'; i++) {
		const char *text;

		if (!(q->fields & 1u << i))
			continue;
		text = field(c, q, s, letters[i]);
		/* nothing but the last may be empty or begin with ':' */
		n += bprintf(line + n, sizeof(line) - n, "%s%s%s", n > 0 ? " " : "",
			     letters[i] == 'r' ? ":"
			     : text[0] == ':'  ? "0"
			     : text[0] == '\0' ? "*"
					       : "",
			     text);
	}
	irc_num(c, RPL_WHOSPCRPL, "%s", line);
}

static void
show(struct conn *c, const struct who *q, const struct shown_user *s)
{
	const struct reg_user_view *v = s->v;

	if (q->opers && !(v->umodes & UMODE_OPER))
		return;
	if (q->whox)
		show_whox(c, q, s);
	else
		irc_num(c, RPL_WHOREPLY, "%s %s %s %s %s %s :0 %s", room_of_shown(s), v->ident,
			v->host, irc_me, v->name, flags_of(c, s), v->real);
}

/* Somebody who was not looked for in a room. 1, -1. */
static int
show_somewhere(struct conn *c, const struct who *q, const struct reg_user_view *v)
{
	struct shown_user s = {.v = v};
	int n = sight_rooms_of(c, v, rooms);

	if (n < 0)
		return -1;
	if (n > 0) {
		s.room = rooms[0].room_name;
		s.rank = rooms[0].flags;
	}
	show(c, q, &s);
	return 1;
}

/* --- in steps ---------------------------------------------------------------------------------- */

static enum query_step
finish(struct conn *c, const struct who *q)
{
	irc_num(c, RPL_ENDOFWHO, STR_FMT " :End of WHO list",
		STR_ARG(irc_middle((struct str){q->mask, q->n})));
	return QUERY_DONE;
}

static bool
is_mask(const struct who *q)
{
	return memchr(q->mask, '*', q->n) != NULL || memchr(q->mask, '?', q->n) != NULL;
}

static enum query_step
find_room(struct conn *c, struct who *q)
{
	struct reg_room_view v;
	int r = registry_room_named(worker.reg, q->mask + 1, q->n - 1, &v);

	if (r < 0)
		return QUERY_AGAIN;
	if (r == 0 || !sight_room(c, &v))
		return finish(c, q);
	q->room = v.id;
	q->member = sight_in(c, v.id);
	q->stage = WHO_MEMBERS;
	return QUERY_MORE;
}

/* A room, or the one who is called so: whoever knows a name may ask for it. */
static enum query_step
step_find(struct conn *c, struct who *q)
{
	struct reg_user_view v;
	int r = 0;

	if (q->n > 1 && q->mask[0] == '#')
		return find_room(c, q);
	if (!is_mask(q))
		r = registry_user_named(worker.reg, q->mask, q->n, &v);
	if (r > 0)
		r = show_somewhere(c, q, &v);
	if (r < 0)
		return QUERY_AGAIN;
	if (r > 0)
		return finish(c, q);
	q->stage = WHO_SCAN;
	return QUERY_MORE;
}

/* 1 shown or passed over, -1. */
static int
show_member(struct conn *c, struct who *q, const struct reg_member_view *m)
{
	struct reg_user_view v;
	struct shown_user s = {.v = &v, .room = m->room_name, .rank = m->flags};
	int r = registry_user(worker.reg, m->user, &v);

	if (r > 0 && !q->member)
		r = sight_user(c, &v);
	if (r > 0)
		show(c, q, &s);
	return r;
}

static enum query_step
step_members(struct conn *c, struct who *q)
{
	int n = registry_members(worker.reg, q->room, q->after, page, LINES_PER_STEP);

	if (n < 0)
		return QUERY_AGAIN;
	for (int i = 0; i < n; i++) {
		if (show_member(c, q, &page[i]) < 0)
			return QUERY_AGAIN;
		q->after = page[i].joined;
	}
	return n == LINES_PER_STEP ? QUERY_MORE : finish(c, q);
}

static bool
fits(const struct who *q, const struct reg_user_view *v)
{
	const char *const in[] = {v->name, v->ident, v->host, irc_me, v->real};

	if (q->n == 1 && (q->mask[0] == '*' || q->mask[0] == '0'))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(in) && q->n <= SCAN_MAX; i++) {
		if (glob_match_nocase(q->mask, q->n, in[i], strlen(in[i])))
			return true;
	}
	return false;
}

static enum query_step
step_scan(struct conn *c, struct who *q)
{
	uint32_t end = MIN(registry_user_slots(worker.reg), q->slot + SLOTS_PER_STEP);
	struct reg_user_view v;
	int r;

	for (; q->slot < end; q->slot++) {
		r = registry_user_slot(worker.reg, q->slot, &v);
		if (r > 0 && fits(q, &v))
			r = sight_user(c, &v);
		else if (r > 0)
			continue;
		if (r > 0)
			r = show_somewhere(c, q, &v);
		if (r < 0)
			return QUERY_AGAIN;
	}
	return q->slot < registry_user_slots(worker.reg) ? QUERY_MORE : finish(c, q);
}

static enum query_step
who_step(struct conn *c, struct query *query)
{
	struct who *q = (struct who *)query;

	if (q->stage == WHO_FIND)
		return step_find(c, q);
	return q->stage == WHO_MEMBERS ? step_members(c, q) : step_scan(c, q);
}

/* --- asking ------------------------------------------------------------------------------------- */

/* "o", "%fields", "o%fields,token" */
static void
take_options(struct who *q, struct str opt)
{
	const char *percent = opt.n > 0 ? memchr(opt.p, '%', opt.n) : NULL, *comma;
	size_t n = percent != NULL ? (size_t)(percent - opt.p) : opt.n;
	struct str token = {"", 0};

	q->opers = n > 0 && (opt.p[0] == 'o' || opt.p[0] == 'O');
	if (percent == NULL)
		return;
	opt = (struct str){percent + 1, opt.n - n - 1};
	comma = opt.n > 0 ? memchr(opt.p, ',', opt.n) : NULL;
	if (comma != NULL) {
		token = (struct str){comma + 1, opt.n - (size_t)(comma - opt.p) - 1};
		opt.n = (size_t)(comma - opt.p);
	}
	for (size_t i = 0; letters[i] != '\0'; i++) {
		if (opt.n > 0 && memchr(opt.p, letters[i], opt.n) != NULL)
			q->fields |= 1u << i;
	}
	/* of nothing nothing can be told: an ordinary WHO */
	q->whox = q->fields != 0;
	for (size_t i = 0; i < token.n && token.n < sizeof(q->token); i++) {
		if (token.p[i] < '0' || token.p[i] > '9')
			return;
	}
	if (token.n < sizeof(q->token))
		memcpy(q->token, token.p, token.n);
}

enum irc_done
irc_WHO(struct conn *c, struct irc_run *r)
{
	struct str mask = r->msg.param[0];
	struct who *q = xcalloc(1, sizeof(*q) + mask.n + 1);

	q->query.step = who_step;
	q->n = mask.n;
	memcpy(q->mask, mask.p, mask.n);
	take_options(q, r->msg.param[1]);
	query_ask(c, &q->query);
	return IRC_DONE;
}
