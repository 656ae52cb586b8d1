/* event_talk.c - what is said, taken back or changed; see event_priv.h. */
#include "config.h"

#include "worker/event_priv.h"

#include "ipc/board.h"
#include "lib/util.h"
#include "worker/fanout.h"
#include "worker/files.h"
#include "worker/irc/irc.h"
#include "worker/irc/upload.h"
#include "worker/outq.h"
#include "worker/reader.h"
#include "worker/room.h"
#include "worker/words.h"

/* Tags alone are nothing to show in telnet. */
static void
talk_kind(struct shown *s, unsigned kind)
{
	s->kind = (uint8_t)kind;
	if (kind != MSG_TAGS)
		return;
	s->what = SHOWN_NOTE;
	s->irc_only = true;
	s->needs = irc_needs(MSG_TAGS);
}

/* What somebody has shared, by a link: it may be taken back as what it has typed may. */
static void
shared_by(uint64_t user, uint64_t seq, uint64_t room, struct str to)
{
	for (struct conn *c = conn_of_user(user); c != NULL; c = c->twin) {
		if (c->irc == NULL)
			reader_said(c, seq, room, to);
	}
}

void
take_e_say(const void *frame, size_t len, struct conn *own, enum asked_for what)
{
	struct shown s = {.what = SHOWN_SAY, .type = MSG_e_say};

	GET(e_say)
	(void)what;
	s.e = &e;
	s.server = e.from == 0;
	s.at = e.at;
	s.name = e.name;
	s.room = e.room_name;
	s.text = e.text;
	s.rank = e.rank;
	talk_kind(&s, e.kind);
	files_shown(&s);
	fan_begin(&s, room_of(e.room));
	/* the speaker's other sessions read it as if another had said it */
	if (own != NULL && (own->irc != NULL || !(own->flags & CONN_ECHO)))
		fan_skip(own);
	count_add(CTR_deliveries_total, fan_to_room());
	if (own != NULL && own->irc != NULL)
		event_tell_own(own, &s);
	else if (own != NULL)
		reader_said(own, e.seq, e.room, STR_LIT(""));
	else if (s.whole)
		shared_by(e.from, e.seq, e.room, STR_LIT(""));
}

void
take_e_dm(const void *frame, size_t len, struct conn *own, enum asked_for what)
{
	struct shown s = {.what = SHOWN_DM, .type = MSG_e_dm};

	GET(e_dm)
	(void)what;
	s.e = &e;
	s.server = e.from == 0;
	s.at = e.at;
	s.name = e.name;
	s.text = e.text;
	talk_kind(&s, e.kind);
	files_shown(&s);
	fan_begin(&s, NULL);
	for (struct conn *to = conn_of_user(e.to); to != NULL; to = to->twin) {
		if (!fan_once(to))
			continue;
		to->messages_out++;
		count(CTR_deliveries_total);
	}
	if (own != NULL)
		log_info(STR_FMT "  --->  " STR_FMT, STR_ARG(e.name), STR_ARG(e.to_name));
	if (own != NULL && own->irc == NULL)
		reader_said(own, e.seq, 0, e.to_name);
	else if (s.whole)
		shared_by(e.from, e.seq, 0, e.to_name);
	/* who talks to itself has read it now */
	event_tell_all(e.from != e.to ? e.from : 0, own, &s);
}

/* A link that somebody has asked for. */
void
take_e_upload(const void *frame, size_t len, struct conn *own, enum asked_for what)
{
	char url[FILES_URL_MAX];

	GET(e_upload)
	(void)what;
	if (own == NULL)
		return;
	if (own->irc != NULL) {
		irc_upload_link(own, &e);
		return;
	}
	files_upload_url(url, sizeof(url), e.token);
	tell(own, "Upload one file for %s" STR_FMT " within %llu minutes, while you are here: %s",
	     e.to_room ? "the room " : "", STR_ARG(e.target),
	     (unsigned long long)((e.expires - MIN(e.at, e.expires) + 59999) / 60000), url);
	tell(own, "Open it in a browser, or: curl -F file=@FILE '%s'", url);
}

void
take_e_announce(const void *frame, size_t len, struct conn *own, enum asked_for what)
{
	struct shown s = {
	    .what = SHOWN_SAY, .server = true, .name = STR_LIT("Server"), .type = MSG_e_announce};

	GET(e_announce)
	(void)own;
	(void)what;
	s.e = &e;
	s.at = e.at;
	s.text = e.text;
	fan_begin(&s, NULL);
	count_add(CTR_deliveries_total, fan_to_all());
}

void
take_e_wallops(const void *frame, size_t len, struct conn *own, enum asked_for what)
{
	GET(e_wallops)
	struct shown s = SHOWN(e_wallops);

	(void)what;
	s.irc_only = true;
	fan_begin(&s, NULL);
	fan_skip(own);
	irc_wallops();
	event_tell_own(own, &s);
}

/* --- words taken back, or become others --------------------------------------------------------- */

/* To the room, or (room 0) to both ends of what was said between two. */
static void
show_change(struct shown *s, uint64_t room, uint64_t user, uint64_t to, struct conn *own)
{
	if (room != 0) {
		event_show_room(s, room, 0, own);
		return;
	}
	words_make(s);
	fan_begin(s, NULL);
	fan_skip(own);
	for (struct conn *c = conn_of_user(to); c != NULL; c = c->twin)
		fan_once(c);
	event_tell_all(user != to ? user : 0, own, s);
}

void
take_e_redact(const void *frame, size_t len, struct conn *own, enum asked_for what)
{
	GET(e_redact)
	struct shown s = SHOWN(e_redact);

	(void)what;
	s.needs = irc_needs(MSG_e_redact);
	show_change(&s, e.room, e.user, e.to, own);
}

void
take_e_edit(const void *frame, size_t len, struct conn *own, enum asked_for what)
{
	GET(e_edit)
	struct shown s = SHOWN(e_edit);

	(void)what;
	s.name = e.name;
	s.server = false;
	show_change(&s, e.room, e.user, e.to, own);
}
