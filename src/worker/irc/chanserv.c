/* chanserv.c - what ChanServ does: registered rooms. */
#include "config.h"

#include <string.h>

#include "lib/name.h"
#include "lib/util.h"
#include "proto/irc.h"
#include "registry/registry.h"
#include "worker/irc/irc.h"
#include "worker/irc/room.h"
#include "worker/irc/services.h"
#include "worker/query.h"
#include "worker/request.h"
#include "worker/worker.h"

/* The room that a word names, into r->room; it says so if none can be called that. */
static bool
room_word(struct conn *c, struct irc_run *r, struct str word)
{
	if (irc_room(word, &r->room) && r->room.n <= ROOM_BYTES_MAX)
		return true;
	service_say(c, "Say which room, with its '#'.");
	return false;
}

static enum irc_done
ask(struct conn *c, struct irc_run *r, enum room_op op, struct str room, struct str name,
    struct str words)
{
	if (!room_word(c, r, room))
		return IRC_DONE;
	if (name.n > NAME_BYTES_MAX)
		service_refused(c, ERR_NO_ACCOUNT, STR_LIT("that"));
	else
		request_room(c, op, r->room, name, words);
	return IRC_DONE;
}

static enum irc_done
cs_register(struct conn *c, struct irc_run *r, const struct service_words *w)
{
	return ask(c, r, ROOM_REGISTER, w->v[0], STR_LIT(""), STR_LIT(""));
}

static enum irc_done
cs_drop(struct conn *c, struct irc_run *r, const struct service_words *w)
{
	return ask(c, r, ROOM_DROP, w->v[0], STR_LIT(""), STR_LIT(""));
}

/* --- ranks now ------------------------------------------------------------------------------------------- */

static const struct {
	const char *word;
	uint8_t mode;
	bool on;
} ranks[] = {
    {"OP", MODE_OP, true},         {"DEOP", MODE_OP, false},
    {"HALFOP", MODE_HALFOP, true}, {"DEHALFOP", MODE_HALFOP, false},
    {"VOICE", MODE_VOICE, true},   {"DEVOICE", MODE_VOICE, false},
};

/* OP #room [name]… */
static enum irc_done
cs_rank(struct conn *c, struct irc_run *r, const struct service_words *w)
{
	const char *word = chanserv_cmds[r->service_row].name;
	struct str who = w->n > 1 ? w->v[1] : str_of(c->name);

	if (!room_word(c, r, w->v[0]))
		return IRC_DONE;
	if (who.n > MASK_MAX) {
		service_say(c, "Nobody has such a long name.");
		return IRC_DONE;
	}
	for (size_t i = 0; i < ARRAY_LEN(ranks); i++) {
		if (strcmp(word, ranks[i].word) == 0)
			request_mode(c, r->room, ranks[i].mode, ranks[i].on, who);
	}
	return IRC_DONE;
}

/* --- ranks that accounts have whenever they come -------------------------------------------------------------- */

struct list {
	struct query query;
	uint64_t room;
	uint32_t slot, shown;
	size_t n;
	char name[ROOM_BYTES_MAX];
};

/* The room, if it is registered and c may know of it. 1, 0 (c is told), -1: torn. */
static int
find(struct conn *c, const struct list *q, struct reg_room_view *v)
{
	bool member;
	int got = irc_room_seen(c, 0, (struct str){q->name, q->n}, v, &member);

	if (got < 0 || (got > 0 && v->flags & ROOM_REGISTERED))
		return got;
	service_say(c, "#%.*s is not registered.", (int)q->n, q->name);
	return 0;
}

static enum query_step
access_step(struct conn *c, struct query *query)
{
	static struct reg_list_view list[16];
	struct list *q = (struct list *)query;
	struct reg_room_view v;
	int n;

	if (q->room == 0) {
		n = find(c, q, &v);
		if (n <= 0)
			return n < 0 ? QUERY_AGAIN : QUERY_DONE;
		q->room = v.id;
	}
	n = registry_access(worker.reg, q->room, &q->slot, list, ARRAY_LEN(list));
	if (n < 0)
		return QUERY_AGAIN;
	for (int i = 0; i < n; i++)
		service_say(c, "  %s: %s, by %s", list[i].mask, list[i].reason, list[i].by);
	q->shown += (uint32_t)n;
	if (n > 0)
		return QUERY_MORE;
	service_say(c, q->shown == 0 ? "No account has a rank there."
				     : "These are all accounts with a rank there.");
	return QUERY_DONE;
}

static enum irc_done
query_room(struct conn *c, struct irc_run *r, struct str room,
	   enum query_step (*step)(struct conn *c, struct query *q))
{
	struct list *q;

	if (!room_word(c, r, room))
		return IRC_DONE;
	q = xcalloc(1, sizeof(*q));
	q->query.step = step;
	q->n = r->room.n;
	memcpy(q->name, r->room.p, q->n);
	query_ask(c, &q->query);
	return IRC_DONE;
}

/* What a rank is called here and elsewhere; NULL: it is none. */
static const char *
rank_word(struct str s)
{
	static const struct {
		const char *word, *rank;
	} words[] = {
	    {"op", "op"},      {"+o", "op"},         {"o", "op"},      {"aop", "op"},
	    {"sop", "op"},     {"halfop", "halfop"}, {"+h", "halfop"}, {"h", "halfop"},
	    {"hop", "halfop"}, {"voice", "voice"},   {"+v", "voice"},  {"v", "voice"},
	    {"vop", "voice"},
	};

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (irc_is(s, words[i].word))
			return words[i].rank;
	}
	return NULL;
}

/* ACCESS #room [LIST] | ADD account rank | DEL account; FLAGS and AMODE: also #room account rank, #room rank account */
static enum irc_done
cs_access(struct conn *c, struct irc_run *r, const struct service_words *w)
{
	struct str account = w->v[2], rank = w->v[3];
	bool add = irc_is(w->v[1], "ADD");

	if (w->n < 2 || irc_is(w->v[1], "LIST"))
		return query_room(c, r, w->v[0], access_step);
	if (irc_is(w->v[1], "DEL") && w->n > 2)
		return ask(c, r, ROOM_ACCESS, w->v[0], account, STR_LIT(""));
	if (!add && w->n == 3) {
		bool rank_first = rank_word(w->v[1]) != NULL;

		account = rank_first ? w->v[2] : w->v[1];
		rank = rank_first ? w->v[1] : w->v[2];
	}
	if (account.n > 0 && str_eq(rank, STR_LIT("-*")))
		return ask(c, r, ROOM_ACCESS, w->v[0], account, STR_LIT(""));
	if (account.n == 0 || rank_word(rank) == NULL) {
		service_say(c, "LIST, ADD account op|halfop|voice, or DEL account.");
		return IRC_DONE;
	}
	return ask(c, r, ROOM_ACCESS, w->v[0], account, str_of(rank_word(rank)));
}

/* --- about it -------------------------------------------------------------------------------------------------- */

/* SET #room FOUNDER account | HISTORY on|off|days N|rows N */
static enum irc_done
cs_set(struct conn *c, struct irc_run *r, const struct service_words *w)
{
	char words[64];

	if (irc_is(w->v[1], "FOUNDER"))
		return ask(c, r, ROOM_FOUNDER, w->v[0], w->v[2], STR_LIT(""));
	if (irc_is(w->v[1], "HISTORY") && w->v[2].n + w->v[3].n < sizeof(words) - 2) {
		bprintf(words, sizeof(words), STR_FMT "%s" STR_FMT, STR_ARG(w->v[2]),
			w->n > 3 ? " " : "", STR_ARG(w->v[3]));
		return ask(c, r, ROOM_HISTORY, w->v[0], STR_LIT(""), str_of(words));
	}
	service_say(c, "SET knows FOUNDER account, and HISTORY on|off|days N|rows N.");
	return IRC_DONE;
}

static void
say_history(struct conn *c, const struct reg_room_view *v)
{
	char days[32] = "", rows[32] = "";

	if (v->flags & ROOM_NO_HISTORY) {
		service_say(c, "What is said in it is not kept.");
		return;
	}
	if (v->history_days > 0)
		bprintf(days, sizeof(days), ", for %u days", v->history_days);
	if (v->history_rows > 0)
		bprintf(rows, sizeof(rows), ", at most %u messages", v->history_rows);
	service_say(c, "What is said in it is kept%s%s.", days, rows);
}

static enum query_step
info_step(struct conn *c, struct query *query)
{
	struct list *q = (struct list *)query;
	struct reg_user_view me;
	struct reg_room_view v;
	int got = find(c, q, &v);

	if (got <= 0)
		return got < 0 ? QUERY_AGAIN : QUERY_DONE;
	got = registry_user(worker.reg, c->user, &me);
	if (got < 0)
		return QUERY_AGAIN;
	service_say(c, "#%s is registered; %u %s there now.", v.name, v.members,
		    v.members == 1 ? "person is" : "people are");
	if (got > 0 && v.founder != 0 && me.account_id == v.founder)
		service_say(c, "You are its founder.");
	say_history(c, &v);
	return QUERY_DONE;
}

static enum irc_done
cs_info(struct conn *c, struct irc_run *r, const struct service_words *w)
{
	return query_room(c, r, w->v[0], info_step);
}

#define RANK_USAGE "#room [name]"

const struct service_cmd chanserv_cmds[] = {
    {"REGISTER", 1, cs_register, "The room is registered, and yours.", "#room",
     "have a room outlive its members: you become its founder"},
    {"DROP", 1, cs_drop, "The room is registered no longer.", "#room",
     "the room ends with its last member again"},
    {"UNREGISTER", 1, cs_drop, "The room is registered no longer.", NULL, NULL},
    {"INFO", 1, cs_info, NULL, "#room", "about a registered room"},
    {"ACCESS", 1, cs_access, "It has been changed.",
     "#room [LIST] | ADD account rank | DEL account",
     "what accounts are whenever they come: op, halfop, voice"},
    {"FLAGS", 1, cs_access, "It has been changed.", NULL, NULL},
    {"AMODE", 1, cs_access, "It has been changed.", NULL, NULL},
    {"SET", 3, cs_set, "It has been changed.",
     "#room FOUNDER account | HISTORY on|off|days N|rows N",
     "give it to another account; what is kept of it"},
    {"OP", 1, cs_rank, NULL, RANK_USAGE, "make somebody an operator (yourself, if you say nobody)"},
    {"DEOP", 1, cs_rank, NULL, RANK_USAGE, "take that away"},
    {"HALFOP", 1, cs_rank, NULL, RANK_USAGE, "make somebody a half operator"},
    {"DEHALFOP", 1, cs_rank, NULL, RANK_USAGE, "take that away"},
    {"VOICE", 1, cs_rank, NULL, RANK_USAGE, "let somebody speak in a moderated room"},
    {"DEVOICE", 1, cs_rank, NULL, RANK_USAGE, "take that away"},
    {NULL, 0, NULL, NULL, NULL, NULL},
};
