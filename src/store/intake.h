/* intake.h - what the writer's files share: its database, and what becomes of a frame. The writer's thread only. */
#ifndef STORE_INTAKE_H
#define STORE_INTAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipc/ipc.h"
#include "store/db.h"
#include "store/settings.h"

struct registry;
struct reg_room_view;

struct intake {
	struct db db;
	const struct registry *reg; /* may be NULL */
	uint64_t epoch;
	struct settings set; /* as they were when this group was begun */
	uint64_t seq; /* the last event that was committed */
	uint64_t at_seq,
	    at; /* the last one of the group that is being written; its time, wall ms */
};
extern struct intake in;

/* An event or an s_ message has been taken: write what it means (in a transaction). What it answers waits for the commit.
 * Errors are in in.db. False: malformed, which the log names. */
bool intake_frame(const void *frame, size_t len);
/* At the end of the group, before the commit. */
void intake_finish(void);
/* The database is open: statements. And the other way round. */
void intake_begin(void);
void intake_end(void);
/* What is remembered beside the database may be wrong: its transaction did not come about. */
void intake_forget(void);

/* The clock that pauses are measured by, mono ms: a test may let it go faster (writer.c). */
uint64_t writer_ms(void);
/* Answered after the commit (writer.c). */
void writer_answer(const void *frame, size_t len);
void writer_log(int level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Answer what a new registry is to be told: all that is kept (nothing is written). Errors are in in.db. */
void intake_restore(void);

/* Handlers, by message name. False: malformed. */
typedef bool intake_fn(const void *frame, size_t len);
intake_fn intake_e_say, intake_e_dm, intake_e_redact, intake_e_edit, intake_e_kept, intake_e_mark;
intake_fn intake_e_join, intake_e_part, intake_e_quit, intake_e_nick, intake_e_kick, intake_e_topic,
    intake_e_mode, intake_e_rename, intake_e_account, intake_e_login;
intake_fn intake_e_room, intake_s_begin;
intake_fn intake_s_account, intake_s_admin;
intake_fn intake_e_file;

/* --- numbers for names (names.c) ------------------------------------------------------------------------ */

/* 0: there is no such account, or name is empty. */
uint64_t account_of(struct str name);
void accounts_changed(void);
/* Whoever said something, as shown. */
uint64_t sender_of(struct str name, struct str uhost, struct str account, uint32_t umodes);

/* A room of the registry's as it is in history. */
struct place {
	uint64_t id; /* 0: could not be found or made */
	bool no_history;
};
/* The room of that id; name: what the event calls it; born: when it is known, else 0. */
struct place place_of_room(uint64_t room, struct str name, uint64_t born);
/* The same of a room that is known to have been born then. Another place that has passed for it, as it had been made anew before it
 * was told that it was kept, is merged with the one that was kept. */
struct place place_claim(uint64_t room, struct str name, uint64_t born);
/* The messages between two accounts. make: if there have been none yet. 0: none. */
uint64_t place_of_pair(uint64_t a, uint64_t b, bool make);
/* By the name of a room: the last one that had it. 0: none. */
uint64_t place_named(struct str name);
/* It is called so now, and is that room of the registry. */
void place_rename(uint64_t place, uint64_t room, struct str name);
/* What is remembered of that room has changed. */
void place_changed(uint64_t room);
void places_forget(void);
void senders_forget(void);
void names_begin(void);
void names_end(void);

/* All that lies in either lies in one of them, which is returned; the other is no more. What is kept of the room is what there was of
 * `own`. (merge.c) */
uint64_t place_merge(uint64_t own, uint64_t other);
void merge_begin(void);
void merge_end(void);

/* --- rooms (rooms.c) ------------------------------------------------------------------------------------- */

/* Something that is kept of this room has changed: it is copied from the registry at the end of the group. */
void room_dirty(uint64_t room);
/* Is it one that outlives its members? */
bool room_is_kept(const struct reg_room_view *v);
void rooms_finish(void);
void rooms_forget(void);
void rooms_begin(void);
void rooms_end(void);

/* --- messages (talk.c), what happened (events.c) ------------------------------------------------------------ */

/* The message is gone, and out of the index, and nobody waits for it; the file that it shares goes, too. False: there was none. */
bool message_delete(uint64_t seq);
void talk_begin(void);
void talk_end(void);
void events_begin(void);
void events_end(void);

/* --- files (files.c) --------------------------------------------------------------------------------------- */

struct file_of {
	uint64_t seq; /* of the message that shares it, 0: none */
	uint64_t at, account, place; /* place: 0: none */
	struct str by; /* who shares it, as shown */
	struct str target; /* "#room", "@name", "" */
};
/* A file is there (file_put of ipc/file.h). False: malformed. */
bool file_keep(struct str packed, const struct file_of *of);
/* The message with that number is no more: nor is its file. */
void file_of_message_gone(uint64_t seq);
/* The account is no more, with all that it has shared. */
void files_of_account_gone(uint64_t account);
/* Some of those that are too old at `now` (wall ms) go; how many. */
unsigned files_expire(uint64_t now);
/* At the end of a transaction, before the commit: what has gone is told. */
void files_finish(void);
void files_forget(void);
void op_FILE_DELETE(const struct m_s_admin *m);
void files_begin(void);
void files_end(void);

/* --- the full-text index (index.c) ------------------------------------------------------------------------ */

/* Messages up to this are in it. */
uint64_t index_upto(void);
/* One that is in it leaves it: with the text that it was put in with. */
void index_delete(uint64_t seq, struct str text, uint64_t place);
/* One up to index_upto comes (back) in. */
void index_add(uint64_t seq, struct str text, uint64_t place);
/* Take in what was written, for at most so many microseconds, in the transaction that is under way. True: there is more. */
bool index_some(uint64_t us);
/* Words of what was deleted are to leave it, too: it is written anew, in slices, over the writer's lives. */
void index_untidy(void);
bool index_is_tidy(void);
/* The next slice. */
void index_tidy(void);
void index_begin(void);
void index_end(void);

/* --- accounts and their like (accounts.c, admin.c) ------------------------------------------------------------ */

void accounts_begin(void);
void accounts_end(void);
void admin_begin(void);
void admin_end(void);
/* Answer s_done. */
void done(uint32_t ticket, enum chat_err code, uint64_t id, const char *text);
/* What an invitation's word is known by. */
void invite_hash(struct str word, uint8_t out[16]);

/* --- rows that nothing refers to any more (orphans.c) -------------------------------------------------------- */

/* That row of sender is referred to from now on; of place. */
void orphans_used(uint64_t sender);
void orphans_place_used(uint64_t place);
/* Is it time for a slice of looking for them, in the transaction that is under way? */
bool orphans_due(void);
void orphans_some(void);
/* Much has been deleted: not only tomorrow. */
void orphans_soon(void);
/* Events have another place now. */
void orphans_moved(void);
void orphans_begin(void);
void orphans_end(void);

/* --- deleting in slices (retain.c) ------------------------------------------------------------------------- */

/* In the place of an account: no messages, but the events of everybody. */
#define CHORE_EVENTS ((uint64_t)INT64_MAX)
/* Delete messages by account (0: anybody) in place (0: anywhere) that are there now, sent before that time (0: whenever). The
 * first of them in this transaction; how many. *more_r becomes true when there are others, which go soon. */
unsigned retain_chore(uint64_t place, uint64_t account, uint64_t before, bool *more_r);
/* All that is still to be deleted of this place, now. */
void retain_chores_of(uint64_t place);
/* A slice of what is to be deleted, in the transaction that is under way. True: there may be more at once. */
bool retain_some(void);
/* Is it time to look for what is too old? */
bool retain_due(void);
void retain_begin(void);
void retain_end(void);

#endif
