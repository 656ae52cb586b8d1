/* broker.h - what the broker's files share: the state, and how a request is decided.
 *
 * A request is taken from a subscriber's channel, decided against the registry, and ends in
 * exactly one journal entry: its event. Handlers compose the entry (br.t) without touching the
 * registry, commit() it, and then bring the caches up to date; a broker that dies anywhere in
 * between leaves nothing half done, since caches are rebuilt from the slots.
 */
#ifndef BROKER_BROKER_H
#define BROKER_BROKER_H

#include <stdbool.h>
#include <stdint.h>

#include "ipc/ipc.h"
#include "registry/journal.h"
#include "registry/write.h"

#define ROOM_LIST_MAX 100 /* bans, mutes, invitations of one room, each */

/* What the broker derives about a room: who must get its events, and its list entries. */
struct mask;
struct mask_subject;

struct room_cache {
	uint64_t mask; /* subscribers with members */
	uint32_t *counts; /* members' sessions per worker; owned, NULL while the room is free */
	uint32_t *lists; /* slots of its bans, mutes and invitations; owned */
	uint32_t nlists, cap;
	uint64_t renamed; /* wall ms; 0: not since this broker began */
};

/* Somebody who must go, or one session of it (conn not 0): ends in an e_quit or e_detach that answers nobody. */
struct reap {
	uint64_t user, conn;
	uint8_t why;
	char by[NAME_BYTES_MAX + 1], reason[REASON_MAX + 1];
};

struct broker {
	struct regw reg;
	struct journal j;
	struct txn t;
	struct room_cache *rooms;
	struct mask **masks; /* by list slot: bans and mutes taken apart; owned */
	uint64_t *list_by; /* by list slot: the address that has put it there, 0: unknown; owned */
	struct room_cache server; /* its lists only */
	uint64_t now; /* wall ms of this turn */
	bool greeted; /* subscribers have been told where the journal stands */
	bool recovered; /* nobody is served before those who died are gone */
	struct reap *reaps;
	size_t nreaps, reaps_at, reaps_cap;
	bool follow; /* control wants presence events */
	uint64_t followers; /* bits of the workers that do (r_follow) */
	uint64_t chats[64]; /* users whose words to "Server" go to control */
	unsigned nchats;
	uint64_t for_store; /* the last event that goes to the store, as far as this broker knows */
	uint64_t durable; /* what workers have been told to be on the disk */
};
extern struct broker br;

/* Whose request is being decided; inc 0: nobody's. */
struct req {
	uint32_t sub, inc;
	uint64_t serial;
	bool again; /* a broker has died that may have done it, and has not said so */
};
extern const struct req req_nobody;

/* Everything derived, from the slots; registry and journal are open (derive.c). */
void derive_all(void);

/* --- composing (txn.c) ------------------------------------------------------------------------ */

/* Look at the clock: br.now. The times in a room run one way, so a clock that has been set back a little is waited for;
 * entry_clock_begin: also by a broker that has just begun, and has its predecessor's journal open. */
void entry_clock(void);
void entry_clock_begin(void);
/* Begin an entry: the event will go to its origin, if it has one. */
void entry_begin(const struct req *r);
/* m's head: sequence number, origin, time. */
#define EVENT_HEAD(r, m) \
	((m).seq = journal_next(&br.j), (m).serial = (r)->serial, (m).at = br.now, \
	 (m).origin = (r)->inc)
/* The event of the entry, and its commit. */
#define ENTRY_COMMIT(name, m) entry_commit(m_e_##name##_put(br.t.event, sizeof(br.t.event), (m)))
void entry_commit(size_t event_len);
/* More receivers: those with members in the room; those who follow presence. */
void entry_to_room(const struct reg_room *room);
void entry_to_user(const struct reg_user *u);
/* What is kept: entry_to_room and entry_to_rooms_of send it there too. */
void entry_to_store(void);
void entry_to_followers(void);
/* For what happens to users: also the workers that follow everybody. */
void entry_to_watchers(void);
void entry_to_rooms_of(const struct reg_user *u);
/* Ids of all rooms of u, into out (ROOMS_PER_USER of them). */
struct ids rooms_of(const struct reg_user *u, uint64_t *out);

/* The two plain answers. */
void answer_ok(const struct req *r, uint64_t user, const char *text);
void answer_refused(const struct req *r, uint64_t user, uint64_t conn, enum chat_err err,
		    struct str arg);

/* Workers clean what people type; this is for one that does not: words that may be shown, or none. */
struct str clean_or_empty(struct str s);

static inline struct str
user_name(const struct reg_user *u)
{
	return str_of(u->name);
}
static inline struct str
room_name(const struct reg_room *r)
{
	return str_of(r->name);
}

/* --- the sessions of a user (sessions.c) -------------------------------------------------------------- */

struct session {
	uint32_t slot; /* + 1; 0: the first, in the user's own slot */
	uint32_t inc, wslot;
	uint64_t conn;
	uint8_t sub;
	bool begun;
	const char *address; /* in the registry */
};
/* The one behind s, the first if s is zero: while (session_next(u, &s)). */
bool session_next(const struct reg_user *u, struct session *s);
/* At which workers they are, one for each. */
struct seats {
	unsigned n;
	uint8_t sub[SESSIONS_PER_USER];
};
void seats_of(const struct reg_user *u, struct seats *seats);
/* Has u a session there? */
bool user_is_at(const struct reg_user *u, uint32_t sub, uint32_t inc);

/* The user of that name, if it is logged in to the same account as u, or (u NULL) to this one: who asks for its name
 * becomes a session of it. */
struct reg_user *session_host(struct str name, const struct reg_user *u, uint64_t account);
/* May it have another? */
enum chat_err session_place(const struct reg_user *host);
/* e_attach: the newcomer of q; the session conn of `was`, which ends without it (false: it has none such at r's). */
void session_come(const struct req *r, struct reg_user *u, const struct m_r_login *q);
bool session_move(const struct req *r, struct reg_user *u, struct reg_user *was, uint64_t conn);
/* e_detach; of the last one e_quit. None that has this number: nothing, or e_ok to whoever asked. */
void session_end(const struct req *r, struct reg_user *u, uint64_t conn, enum quit_why why,
		 struct str reason);
/* Redo records: the sessions of a user that ends are no more; after the commit, with what u->sessions was. */
void sessions_end_redo(const struct reg_user *u);
void sessions_end_done(uint32_t first);
/* Those that are dead will be reaped; how many are not. */
unsigned sessions_reap(const struct reg_user *u,
		       bool dead(const struct session *s, const void *arg), const void *arg);

/* --- memberships (members.c) ------------------------------------------------------------------- */

struct room_cache *room_cache_of(const struct reg_room *room);
/* Redo records: u comes into a room, which `fresh` says is made in this entry; leaves it. */
void member_link(const struct reg_user *u, const struct reg_room *room, uint64_t room_id,
		 bool fresh, uint32_t flags);
void member_remove(const struct reg_member *m, const struct reg_user *u);
/* Redo records of a new room in the next free slot; its id. */
uint64_t room_make(struct str name, const char *fold, size_t fold_len, uint32_t modes);
/* After the commit: one more session (or less) at worker `sub`, at all of seats; a member's slot, and perhaps its room, is
 * free. */
void member_count(uint32_t room, uint32_t sub, int by);
void member_counts(uint32_t room, const struct seats *seats, int by);
void member_gone(uint32_t room_slot, uint32_t member_slot, const struct seats *seats);
/* All memberships of u end (redo records only), then, after the commit, the caches follow. */
void leave_all_redo(const struct reg_user *u);
struct left_rooms {
	uint32_t room[ROOMS_PER_USER], member[ROOMS_PER_USER];
	unsigned n;
};
void leave_all_note(const struct reg_user *u, struct left_rooms *l);
void leave_all_done(const struct left_rooms *l, const struct seats *seats);
/* Redo records of what ends with a room, whose id the caller takes; after the commit, its slot is free. */
void room_end_redo(const struct reg_room *room);
void room_end_done(uint32_t room_slot);
/* Everything derived, from the slots. */
void rooms_rebuild(void);

/* --- rooms (rooms.c) ------------------------------------------------------------------------------ */

/* By the name somebody typed; NULL: none. */
struct reg_room *room_find(struct str name);
/* u's membership in the room of that name; NULL: refused. A private room is none to strangers. */
struct reg_member *room_member_or_refuse(const struct req *r, const struct reg_user *u,
					 struct str name, struct reg_room **room_r);
/* Who may do what in a room: members' flags (enum member_flag) in order. */
enum rank { RANK_NONE, RANK_VOICE, RANK_HALFOP, RANK_OP };
enum rank rank_of(uint32_t flags);
/* By what right somebody changes a room. An operator of the server, from level operate, has an operator's rank in every
 * room, a member of it or not; who does what its own rank would not allow leaves a line in the log. */
struct right {
	struct reg_room *room;
	struct reg_member *m; /* NULL: not a member */
	enum rank own, rank; /* as a member; in effect */
	bool oper;
};
/* u's in the room (NULL: there is none). ERR_NO_SUCH_ROOM, ERR_NOT_IN_ROOM. */
enum chat_err room_right(const struct reg_user *u, struct reg_room *room, struct right *right_r);
/* u's in the room of that name. False: refused, as by room_member_or_refuse. */
bool room_right_or_refuse(const struct req *r, const struct reg_user *u, struct str name,
			  struct right *right_r);
/* Is it at least this rank? If not, it is refused. */
bool room_rank_or_refuse(const struct req *r, const struct reg_user *u, const struct right *right,
			 enum rank rank, struct str name);
/* Was this rank had as an operator of the server only? RANK_NONE: whatever a member may. */
static inline bool
room_right_of_server(const struct right *right, enum rank rank)
{
	return right->m == NULL || right->own < rank;
}
/* Is this the fold of the room that everybody is put into? It belongs to nobody. */
bool room_is_default(const char *fold, size_t n);
void room_key_hash(struct str key, uint8_t out[16]);
/* Is it the room's word? Its hash may have been made with the journal's secret before this one. */
bool room_key_fits(const struct reg_room *room, struct str key);
/* Is u in it, or could it come in? (Whether it knows the room's word nobody has asked it.) */
bool room_is_open_to(const struct reg_user *u, const struct reg_room *room);
/* What an invitation of u says in the room's list. */
struct str room_invite_mask(const struct reg_user *u, char out[20]);

/* --- what events say about somebody (who.c) --------------------------------------------------------- */

/* "ident@host" as others see it, into out; a user without them has its protocol's name and its address. */
struct str user_uhost(const struct reg_user *u, char out[UHOST_MAX + 1]);
/* Point into the registry. account: empty for none. real: the user's name, when it has given none. away: empty when
 * it is here. */
struct str user_account(const struct reg_user *u);
uint64_t user_account_id(const struct reg_user *u); /* 0: none */
struct str user_real(const struct reg_user *u);
struct str user_away(const struct reg_user *u);

/* --- users (users.c) ------------------------------------------------------------------------------ */

struct reg_user *user_find(struct str name);
/* The server calls u otherwise, by a name for guests: e_nick that answers nobody. */
void user_rename_guest(struct reg_user *u);
/* u is gone: e_quit. */
void user_quit(const struct req *r, struct reg_user *u, enum quit_why why, struct str by,
	       struct str reason);
void counts_shown(void);
/* br.followers from the slots. */
void followers_rebuild(void);

/* --- what users tell about themselves (about.c) ----------------------------------------------------- */

/* What a client calls its user, as far as it may stand before the '@' of a mask; else the protocol's name. */
struct str user_ident(struct str ident, unsigned protocol, char out[IDENT_MAX + 1]);
/* May this stand behind the '@' of a mask? */
bool host_valid(struct str host);
/* What is shown as host of somebody at this address: its cloak, if it has one, else the address; IRC could not carry a ':' in front. */
struct str host_of_address(struct str address, char out[HOST_MAX + 1]);
/* Has it told another real name than the one it goes by? */
bool user_has_real(const struct reg_user *u);
/* Redo records: real name and account of the user in this slot, whose `more` the caller sets; modes and level, and the
 * counts of those who have them (at most one of the two in an entry). */
void user_more_redo(uint32_t slot, struct str account, uint64_t account_id, struct str real);
void user_kinds_redo(const struct reg_user *u, uint32_t modes);
void user_modes_redo(const struct reg_user *u, uint32_t modes, unsigned level);
/* Another host (valid) is shown from now on: e_chghost. */
void user_set_host(const struct req *r, struct reg_user *u, struct str host);

/* --- bans and mutes (lists.c) ---------------------------------------------------------------------- */

/* u as masks see it; its strings live as long as the slot is not written. */
void user_subject(const struct reg_user *u, struct mask_subject *s);
/* A mask as somebody typed it for a list of *op: its one form into out, taken apart into m. "~m:MASK" makes a mute of a
 * ban, and is for exceptions else. False: it is no mask, or not one for that list. */
bool list_mask(enum reg_list_op *op, struct str in, char out[MASK_MAX + 1], struct mask *m);
/* Does m fit u, at the address of any of its sessions? The server's entry that does. */
bool user_fits(const struct reg_user *u, const struct mask *m);
const struct reg_list *user_listed(const struct reg_user *u, enum reg_list_op op);
/* Entry of `op` (enum reg_list_op) in c that s falls under, or NULL. Exceptions are not asked. */
const struct reg_list *list_match(const struct room_cache *c, enum reg_list_op op,
				  struct mask_subject *s);
/* Do a room's lists keep u out, forbid it to speak; exceptions heard. */
bool lists_bar_join(const struct room_cache *c, const struct reg_user *u);
bool lists_bar_talk(const struct room_cache *c, const struct reg_user *u);
bool lists_invite(const struct room_cache *c, const struct reg_user *u);
/* The entry with the same mask; an invitation's words. */
struct reg_list *list_same(const struct room_cache *c, enum reg_list_op op, const struct mask *m);
struct reg_list *list_invitation(const struct room_cache *c, struct str mask);
/* Do the rooms that u keeps order in have all the entries that one user's may have, or all rooms those that people at its address
 * may have put there? Whoever fills a room's lists and leaves it has filled them all the same. */
bool lists_of_user_full(const struct reg_user *u);
/* Is there a place for one more invitation? */
bool lists_have_invitation(void);
/* Is there a place for an entry of room (0: the server), when nth others have been promised one? */
bool list_has_room(uint64_t room, unsigned nth);
/* Redo of a new or replaced entry; false: the table is full. After the commit list_put_done. An entry with several new
 * ones numbers them from 0 (nth), and calls list_put_done for them in that order, before any list_del_done. by (of done): who has put it
 * there, NULL: nobody whose entries are counted. */
bool list_put_redo(struct reg_list *old, unsigned nth, enum reg_list_op op, uint64_t room,
		   struct str mask, struct str reason, struct str by, uint64_t until);
void list_put_done(struct room_cache *c, const struct reg_list *old, const struct reg_user *by);
void list_del_redo(const struct reg_list *l);
void list_del_done(struct room_cache *c, const struct reg_list *l);
void list_mask_drop(uint32_t slot);
unsigned list_count(const struct room_cache *c, enum reg_list_op op);
void lists_rebuild(void);
/* What the server's mutes mean for those who are here; for one newcomer. */
void mutes_apply(void);
void mute_apply(struct reg_user *u);
/* " until when: why", of the mute that user falls under; what there is of it. In out. */
struct str mute_words(uint64_t user, char out[REFUSED_MORE_MAX + 1]);
/* u is called otherwise now, or comes from somewhere else: what masks it falls under is to be seen again. */
void user_renewed(struct reg_user *u);
/* Take out what has expired; returns ms until the next one does, UINT64_MAX: none will. */
uint64_t lists_expire(void);

/* --- what is said (talk.c) ---------------------------------------------------------------------------------- */

/* Is it a message at all? kind: enum msg_kind. */
enum chat_err message_fit(unsigned kind, struct str text, struct str tags);
/* Who gets what is sent to that name; NULL: nobody now. The name of an account is not that of a guest who goes by it. */
struct reg_user *user_meant(struct str name);
/* May u speak in the room now? m NULL: from outside. Who has a rank speaks whatever its modes and lists. */
enum chat_err room_may_speak(const struct reg_user *u, const struct reg_room *room,
			     const struct reg_member *m);

/* A message is shown as taken back, by nobody but the server: in the room of that id, or between these accounts; as the journal has it,
 * if it does (redact.c). The store knows. */
void redact_by_server(uint64_t msg, uint64_t room, struct str from, struct str to,
		      struct str reason);

/* A broker that has just begun finishes what its predecessor may have left between the last entry and the message that it is about. */
void redact_begin(void);

/* --- what was said before (query.c) ------------------------------------------------------------------------- */

/* The account that somebody means by a name: the one of that name, or that of whoever goes by it. 0: none. */
uint64_t account_meant(struct str name);

/* --- metadata (meta.c) ----------------------------------------------------------------------------------- */

/* Redo records: all keys of this user or room end; after the commit, the slots of all that have been ended are free. */
void metas_end_redo(bool room, uint64_t id);
void metas_end_done(void);

/* --- operators (oper.c) --------------------------------------------------------------------------- */

/* Forget who has tried, for tests: when no job is left. */
void opers_fini(void);
/* The log's line of what u, an operator, has done where only operators may. */
void oper_did(const struct reg_user *u, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* --- who must go (reap.c) ---------------------------------------------------------------------------- */

/* conn 0: with all its sessions. */
void reap_add(uint64_t user, uint64_t conn, enum quit_why why, const char *by, const char *reason);
/* Some of them. */
enum reap_state { REAP_DONE, REAP_MORE, REAP_NO_ROOM };
enum reap_state reap_some(void);

/* --- subscribers (subs.c) -------------------------------------------------------------------------------- */

void subs_init(void);
/* A channel from the master; a fresh one, or of somebody who lived before this broker. */
void sub_attach(unsigned index, uint32_t inc, int fd);
void sub_gone(unsigned index, uint32_t inc);
bool sub_alive(unsigned index, uint32_t inc);
/* All who are attached are greeted, and served from now on. */
void subs_welcome(void);
/* Take up requests that had to wait. Send what there is to send. */
void subs_resume(void);
void subs_pump(void);
/* Does it live, and has not been sent all that concerns it? Does it live at all? */
bool sub_owed(unsigned index);
bool sub_present(unsigned index);
/* Is there room for another entry? Pumps, when it looks tight. */
bool subs_room(void);

/* --- deciding (rules.c) -------------------------------------------------------------------------------------- */

/* One request frame. False: it is not one that this subscriber may send. */
bool rules_decide(const struct req *r, const void *frame, size_t len);
/* At the start, before anything is decided: did the last broker die of a request? */
void rules_note_deaths(void);

/* Handlers, by message name; u is the user it speaks for, alive and the subscriber's own. */
typedef bool rule_fn(const struct req *r, struct reg_user *u, const void *frame, size_t len);
rule_fn r_login, r_quit, r_nick, r_join, r_part, r_say, r_dm, r_topic, r_kick, r_invite, r_mode,
    r_rename, r_away, r_sync, r_umode, r_setname, r_follow, r_meta, r_redact, r_oper, r_oper_do,
    r_admin, r_query, r_mark, r_edit, r_auth, r_register, r_account, r_kept, r_room, r_store,
    r_upload_link, r_upload, r_upload_over, r_share, r_file, r_files;

#endif
