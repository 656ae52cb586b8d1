/* mode.c - MODE for rooms: what the settings are, the lists, and changes of them. */
#include "config.h"

#include <string.h>

#include "ipc/maskform.h"
#include "lib/text.h"
#include "lib/util.h"
#include "proto/irc.h"
#include "worker/irc/cmd.h"
#include "worker/irc/irc.h"
#include "worker/irc/render.h"
#include "worker/irc/reply.h"
#include "worker/irc/room.h"
#include "worker/query.h"
#include "worker/request.h"
#include "worker/worker.h"

/* All letters of rooms: in the order in which 324 shows them. */
static const struct {
	uint8_t op;
	enum irc_mode_type type;
} modes[] = {
    {MODE_NO_CTCP, IRC_MODE_D},     {MODE_REG_SAY, IRC_MODE_D},    {MODE_REG_JOIN, IRC_MODE_D},
    {MODE_INVITE_ONLY, IRC_MODE_D}, {MODE_MODERATED, IRC_MODE_D},  {MODE_NO_OUTSIDE, IRC_MODE_D},
    {MODE_PRIVATE, IRC_MODE_D},     {MODE_TOPIC_LOCK, IRC_MODE_D}, {MODE_KEY, IRC_MODE_B},
    {MODE_LIMIT, IRC_MODE_C},       {MODE_BAN, IRC_MODE_A},        {MODE_EXCEPT, IRC_MODE_A},
    {MODE_INVEX, IRC_MODE_A},       {MODE_OP, IRC_MODE_PREFIX},    {MODE_HALFOP, IRC_MODE_PREFIX},
    {MODE_VOICE, IRC_MODE_PREFIX},
};

/* MODE_COUNT: no such letter. */
static unsigned
op_of(char letter, enum irc_mode_type *type_r)
{
	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		if (irc_mode_letter(modes[i].op) == letter) {
			*type_r = modes[i].type;
			return modes[i].op;
		}
	}
	*type_r = IRC_MODE_NONE;
	return MODE_COUNT;
}

static enum irc_mode_type
type_of(char letter)
{
	enum irc_mode_type type;

	op_of(letter, &type);
	return type;
}

/* --- what they are -------------------------------------------------------------------------------- */

struct modes_of {
	struct query query;
	size_t n;
	char name[ROOM_BYTES_MAX];
	/* a list's */
	const struct list_numerics *list; /* NULL: the settings */
	uint64_t room; /* 0: not found yet */
	uint32_t at;
};

static const struct list_numerics {
	uint8_t op, also; /* mutes stand among the bans */
	uint16_t entry, end;
	const char *text;
} lists[] = {
    {MODE_BAN, MODE_MUTE, RPL_BANLIST, RPL_ENDOFBANLIST, "End of channel ban list"},
    {MODE_EXCEPT, MODE_EXCEPT, RPL_EXCEPTLIST, RPL_ENDOFEXCEPTLIST,
     "End of channel exception list"},
    {MODE_INVEX, MODE_INVEX, RPL_INVEXLIST, RPL_ENDOFINVEXLIST, "End of channel invite list"},
};

/* 1 and the room, if c may know of it; 0: it has been told; -1: torn. */
static int
find(struct conn *c, struct modes_of *q, struct reg_room_view *v)
{
	struct str name = {q->name, q->n};
	bool member;
	int got = irc_room_seen(c, q->room, name, v, &member);

	if (got == 0)
		irc_num(c, ERR_NOSUCHCHANNEL, "#" STR_FMT " :No such channel",
			STR_ARG(irc_middle(name)));
	return got;
}

static enum query_step
settings_step(struct conn *c, struct query *query)
{
	struct modes_of *q = (struct modes_of *)query;
	char letters[MODE_COUNT + 2] = "+", args[32] = "";
	struct reg_room_view v;
	int got = find(c, q, &v);
	size_t n = 1, nargs = 0;

	if (got <= 0)
		return got < 0 ? QUERY_AGAIN : QUERY_DONE;
	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		if (!(v.modes & 1u << modes[i].op))
			continue;
		letters[n++] = irc_mode_letter(modes[i].op);
		/* nobody knows the word: only its hash is kept */
		if (modes[i].op == MODE_KEY)
			nargs += bprintf(args + nargs, sizeof(args) - nargs, " *");
		if (modes[i].op == MODE_LIMIT)
			nargs += bprintf(args + nargs, sizeof(args) - nargs, " %u", v.limit);
	}
	letters[n] = '\0';
	irc_num(c, RPL_CHANNELMODEIS, "#%s %s%s", v.name, letters, args);
	irc_num(c, RPL_CREATIONTIME, "#%s %llu", v.name, (unsigned long long)(v.created / 1000));
	return QUERY_DONE;
}

static enum query_step
list_step(struct conn *c, struct query *query)
{
	static struct reg_list_view page[16];
	struct modes_of *q = (struct modes_of *)query;
	struct reg_room_view v;
	struct str mask;
	int n;

	n = find(c, q, &v);
	if (n <= 0)
		return n < 0 ? QUERY_AGAIN : QUERY_DONE;
	q->room = v.id;
	n = registry_list(worker.reg, q->room, &q->at, page, ARRAY_LEN(page));
	if (n < 0)
		return QUERY_AGAIN;
	for (int i = 0; i < n; i++) {
		if (page[i].op != q->list->op && page[i].op != q->list->also)
			continue;
		mask = mask_irc(str_of(page[i].mask));
		irc_num(c, q->list->entry, "#%s %s" STR_FMT " %s %llu", v.name,
			page[i].op == MODE_MUTE ? IRC_MUTE : "", STR_ARG(mask), page[i].by,
			(unsigned long long)(page[i].since / 1000));
	}
	if (n > 0)
		return QUERY_MORE;
	irc_num(c, q->list->end, "#%s :%s", v.name, q->list->text);
	return QUERY_DONE;
}

static void
ask_for(struct conn *c, const struct irc_run *r, const struct list_numerics *list)
{
	struct modes_of *q = xcalloc(1, sizeof(*q));

	q->query.step = list != NULL ? list_step : settings_step;
	q->list = list;
	q->n = r->room.n;
	memcpy(q->name, r->room.p, q->n);
	query_ask(c, &q->query);
}

/* --- changes ---------------------------------------------------------------------------------------- */

struct changes {
	char buf[MODES_BYTES_MAX];
	size_t n;
	unsigned count;
	unsigned lists; /* bits 1 << i: lists[i] is asked for */
	bool missing; /* a mode came without what it needs */
	bool unknown[128]; /* letters that have been answered */
};

static void
refuse_letter(struct conn *c, struct changes *ch, char letter)
{
	unsigned u = (unsigned char)letter;

	/* each once; of a character of several bytes only the first, which cannot be shown alone */
	if ((u & 0xc0) == 0x80)
		return;
	if (u >= 0x80 || u <= ' ')
		u = '?';
	if (ch->unknown[u])
		return;
	ch->unknown[u] = true;
	irc_num(c, ERR_UNKNOWNMODE, "%c :is unknown mode char to me", u);
}

static void
refuse_param(struct conn *c, const struct irc_run *r, const struct irc_mode *m)
{
	/* keys are not shown */
	bool shown = m->type != IRC_MODE_B && m->param.n <= MASK_MAX;
	struct str arg = irc_middle(shown ? m->param : STR_LIT(""));

	irc_num(c, ERR_INVALIDMODEPARAM, "#" STR_FMT " %c " STR_FMT " :Invalid parameter",
		STR_ARG(r->room), m->letter, STR_ARG(arg));
}

/* May the broker be asked? It knows better what is a mask, a limit or somebody's name. */
static bool
param_ok(const struct irc_mode *m)
{
	struct str p = m->param;

	if (p.n == 0)
		return false;
	if (m->type == IRC_MODE_B)
		return p.n <= ROOM_KEY_MAX && p.p[0] != ':' && memchr(p.p, ' ', p.n) == NULL &&
		       memchr(p.p, ',', p.n) == NULL && text_is_clean(p.p, p.n, 0);
	return p.n <= MASK_MAX;
}

/* One mode of the line as the broker takes it. False: it is not for the broker; the client has been told, or will be when
 * all have been read. */
static bool
change_of(struct conn *c, const struct irc_run *r, struct changes *ch, const struct irc_mode *m,
	  struct mode_change *change)
{
	bool given = m->param.n > 0, needed = m->on || m->type == IRC_MODE_PREFIX;
	enum irc_mode_type type;

	*change = (struct mode_change){.op = (uint8_t)op_of(m->letter, &type), .on = m->on};
	change->arg = needed ? m->param : STR_LIT("");
	switch (m->type) {
	case IRC_MODE_NONE:
		refuse_letter(c, ch, m->letter);
		return false;
	case IRC_MODE_A:
		for (size_t i = 0; !given && i < ARRAY_LEN(lists); i++)
			ch->lists |= (unsigned)(lists[i].op == change->op) << i;
		change->arg = m->param;
		needed = given;
		break;
	case IRC_MODE_B:
	case IRC_MODE_C:
	case IRC_MODE_PREFIX:
		ch->missing |= needed && !m->has_param;
		break;
	case IRC_MODE_D:
		return true;
	}
	if (needed && m->has_param && !param_ok(m)) {
		refuse_param(c, r, m);
		return false;
	}
	return m->type == IRC_MODE_A ? given : given || !needed;
}

/* All of the line. */
static void
read_changes(struct conn *c, const struct irc_run *r, struct changes *ch)
{
	struct mode_change change;
	struct irc_modes walk;
	struct irc_mode m;

	irc_modes_begin(&walk, r->msg.param + 1, r->msg.n - 1);
	while (irc_modes_next(&walk, type_of, &m)) {
		if (!change_of(c, r, ch, &m, &change) || ch->count == MODES_MAX)
			continue;
		ch->n = mode_put(ch->buf, ch->n, sizeof(ch->buf), &change);
		CHECK(ch->n > 0);
		ch->count++;
	}
	if (ch->missing)
		irc_num(c, ERR_NEEDMOREPARAMS, "MODE :Not enough parameters");
}

/* The first call asks for the changes, if there are any, those after it for one list each. */
static enum irc_done
mode_room(struct conn *c, struct irc_run *r)
{
	struct changes ch = {.n = 0};

	if (r->step == 0) {
		read_changes(c, r, &ch);
		r->num = ch.lists;
		if (ch.count > 0) {
			request_modes(c, r->room, (struct str){ch.buf, ch.n});
			return IRC_MORE;
		}
	}
	if (r->num == 0)
		return IRC_DONE;
	ask_for(c, r, &lists[__builtin_ctzll(r->num)]);
	r->num &= r->num - 1;
	return IRC_MORE;
}

enum irc_done
irc_MODE(struct conn *c, struct irc_run *r)
{
	struct str target = r->msg.param[0];

	if (target.n > 0 && target.p[0] != '#')
		return irc_umode(c, r);
	if (r->step == 0 && !irc_room_param(c, r, target))
		return IRC_DONE;
	if (r->msg.param[1].n > 0)
		return mode_room(c, r);
	ask_for(c, r, NULL);
	return IRC_DONE;
}
