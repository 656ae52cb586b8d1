/* row.c - see row.h. */
#include "config.h"

#include "worker/row.h"

#include "lib/util.h"
#include "worker/fanout.h"
#include "worker/files.h"
#include "worker/room.h"
#include "worker/words.h"

bool
row_get(const char *p, size_t left, struct row *r)
{
	ssize_t n = left > 0 ? ipc_frame(p, left) : 0;
	struct m_q_place place;
	struct ev_head h;

	if (n <= 0)
		return false;
	*r = (struct row){.type = ipc_type(p), .frame = p, .len = (size_t)n};
	if (r->type == MSG_q_place && m_q_place_get(p, r->len, &place)) {
		r->seq = place.seq;
		r->at = place.at;
	} else if (r->type >> 8 == MSG_e_ok >> 8 && ev_head_get(p, r->len, &h)) {
		r->seq = h.seq;
		r->at = h.at;
	}
	return true;
}

/* --- rows that are events ---------------------------------------------------------------------------- */

union event {
	struct m_e_say say;
	struct m_e_dm dm;
	struct m_e_join join;
	struct m_e_part part;
	struct m_e_quit quit;
	struct m_e_kick kick;
	struct m_e_nick nick;
	struct m_e_topic topic;
	struct m_e_mode mode;
	struct m_e_rename rename;
};

/* Of messages: who says what, to whom. What was from or to somebody then is not there any more by its number. */
static void
said(struct shown *s, uint8_t kind, struct str name, struct str uhost, struct str text)
{
	s->what = kind == MSG_TAGS ? SHOWN_NOTE : SHOWN_SAY;
	s->irc_only = kind == MSG_TAGS;
	s->kind = kind;
	s->server = uhost.n == 0;
	s->name = name;
	s->text = text;
}

static bool
get_say(const struct row *r, union event *e, struct shown *s)
{
	if (!m_e_say_get(r->frame, r->len, &e->say))
		return false;
	said(s, e->say.kind, e->say.name, e->say.uhost, e->say.text);
	files_shown(s);
	s->room = e->say.room_name;
	s->rank = e->say.rank;
	return true;
}

static bool
get_dm(const struct row *r, union event *e, struct shown *s)
{
	if (!m_e_dm_get(r->frame, r->len, &e->dm))
		return false;
	said(s, e->dm.kind, e->dm.name, e->dm.uhost, e->dm.text);
	e->dm.to = e->dm.to_name.n > 0; /* 0 is the console */
	files_shown(s);
	return true;
}

#define GETTER(name, type_) \
	static bool get_##name(const struct row *r, union event *e, struct shown *s) \
	{ \
		(void)s; \
		return m_##type_##_get(r->frame, r->len, &e->name); \
	}
GETTER(join, e_join)
GETTER(part, e_part)
GETTER(quit, e_quit)
GETTER(kick, e_kick)
GETTER(nick, e_nick)
GETTER(topic, e_topic)
GETTER(mode, e_mode)
GETTER(rename, e_rename)

static const struct {
	unsigned type;
	bool (*get)(const struct row *r, union event *e, struct shown *s);
} events[] = {
    {MSG_e_say, get_say},       {MSG_e_dm, get_dm},       {MSG_e_join, get_join},
    {MSG_e_part, get_part},     {MSG_e_quit, get_quit},   {MSG_e_kick, get_kick},
    {MSG_e_nick, get_nick},     {MSG_e_topic, get_topic}, {MSG_e_mode, get_mode},
    {MSG_e_rename, get_rename},
};

/* A message to those of a rank is shown to those who have it now. */
static bool
rank_fits(const struct conn *c, const struct shown *s)
{
	const struct room *room = s->rank != 0 ? room_named(c, s->room) : NULL;

	return s->rank == 0 || (room != NULL && fan_rank_fits(s->rank, room_flags(room, c)));
}

bool
row_event(const struct conn *c, const struct row *r, struct shown *s)
{
	static union event e;

	for (size_t i = 0; i < ARRAY_LEN(events); i++) {
		if (events[i].type != r->type)
			continue;
		*s = (struct shown){
		    .what = SHOWN_NOTE, .server = true, .at = r->at, .type = r->type, .e = &e};
		if (!events[i].get(r, &e, s) || !rank_fits(c, s))
			return false;
		if (s->what == SHOWN_NOTE && !s->irc_only)
			words_make(s);
		fan_begin(s, NULL);
		return !(c->flags & CONN_IGNORES && fan_ignored(c));
	}
	return false;
}
