/* event_priv.h - what event.c and the files of its handlers have in common: event_user.c (people: coming, going, what they are),
 * event_room.c (who is in a room, and what it is) and event_talk.c (what is said).
 *
 * Each event is given to everybody in its room or rooms but those whom it is about and the one who asked for it: they are
 * told last, by their own protocol's words (tongue.h). Delivery before answer: whoever is told that its message was sent
 * may rely on everybody else having been queued.
 */
#ifndef WORKER_EVENT_PRIV_H
#define WORKER_EVENT_PRIV_H

#include "ipc/ipc.h"
#include "lib/log.h"
#include "worker/conn.h"
#include "worker/render.h"
#include "worker/request.h"

/* own: whose request it ends, if it is one of our clients that is still there; what: what that was. */
typedef void event_fn(const void *frame, size_t len, struct conn *own, enum asked_for what);

/* One for each event that workers are sent. */
#define EVENTS(X) \
	X(e_say) \
	X(e_dm) \
	X(e_ok) \
	X(e_refused) \
	X(e_login) \
	X(e_quit) \
	X(e_join) \
	X(e_part) \
	X(e_kick) \
	X(e_nick) \
	X(e_topic) \
	X(e_mode) \
	X(e_invite) \
	X(e_away) \
	X(e_announce) \
	X(e_umode) \
	X(e_setname) \
	X(e_account) \
	X(e_chghost) \
	X(e_rename) \
	X(e_redact) \
	X(e_edit) \
	X(e_mark) \
	X(e_meta) \
	X(e_wait) \
	X(e_failed) \
	X(e_oper) \
	X(e_wallops) \
	X(e_authed) \
	X(e_done) \
	X(e_challenge) \
	X(q_page) \
	X(e_durable) \
	X(e_attach) \
	X(e_detach) \
	X(e_upload)
#define X(name) event_fn take_##name;
EVENTS(X)
#undef X

/* The first line of a handler: e is the event. */
#define GET(name) \
	struct m_##name e; \
	if (!m_##name##_get(frame, len, &e)) { \
		log_err("malformed " #name " from the broker"); \
		return; \
	}

/* The event as others are shown it; telnet's words are made by words.c. */
#define SHOWN(name) \
	{ \
		.what = SHOWN_NOTE, .server = true, .at = e.at, .type = MSG_##name, .e = &e \
	}

/* The one who asked for it, if it is there. */
void event_tell_own(struct conn *own, const struct shown *s);
/* user is whom it is about, with all its sessions; own asked for it, and may be one of them. user 0: it is about nobody. */
void event_tell_all(uint64_t user, struct conn *own, const struct shown *s);
/* Those of whom it is about, and own, are told in another way. */
void event_skip(uint64_t user, const struct conn *own);

/* To a room, with telnet's words made; then as event_tell_all. */
void event_show_room(struct shown *s, uint64_t room, uint64_t user, struct conn *own);

#endif
