/* schema.h - what the database looks like, and how an older one becomes the present one.
 *
 * PRAGMA user_version is the schema's version: 0 is an empty file. Each row of the table in schema.c takes
 * it one further; rows are never changed once released. What lies in the tables:
 *
 * meta          'seq': the last event taken (written with what it made, in one transaction); 'indexed': messages
 *               up to this seq are in message_text, those above it are not yet (a read transaction sees both
 *               at one moment: what is above is to be looked for in message itself); 'secret': 16 bytes; 'untidy': not 0: words of
 *               what was purged are still in the index, which is being written anew (index.c).
 * place         where something was said: a room (born: the sequence number that made it; name, fold: what it
 *               is called now; room_id, epoch: the registry's id for it in that epoch) or two accounts (a <= b).
 * room,         what is kept of a room that outlives its members: as in struct reg_room, reg_list (op: enum
 * room_list     reg_list_op).
 * sender        whoever said or did something, as shown: account 0: none.
 * message       kind: enum msg_kind; tags NULL: none; edited: wall ms of the last edit, NULL: never; to_name: of
 *               a direct message, the name it went to. A message that was taken back is no row any more.
 * event         type: MSG_e_... ; sender: who did it; data by type, fields separated by \x1f (past_put of past.h), which the last one, and only that, may have in it:
 *               join: flags, real    part: reason     quit: why, by, reason    nick: new name, real
 *               kick: name, reason (sender: by)       topic: the text          mode: changes, as in e_mode
 *               rename: from, to, reason
 * message_text  the full-text index of message (external content: deleting from it takes the old text and place). The
 *               place is a word in it too, so a search of a quiet room does not walk through all that was said elsewhere;
 *               ranking, which would need sizes of columns, is not asked for: the newest come first.
 * file          what is known of files (ipc/file.h): n by age; account, by: who shared it (0: no account); seq: the message that did, whether that
 *               is kept or not, 0: none; place: where, 0: nowhere that is kept; target: that as shown; gone: expired, but
 *               its message is there, which says so. message.file: id of the file that a message shares, NULL: none.
 * kept          messages that wait for somebody to log in to account.
 * mark          how far (wall ms) account has read in place.
 * was_in        account has been in the room place when it logged out, or is: left_seq: the event that it went by last, 0:
 *               never; came_seq: the one that it came (back) by, 0: it has not come back. What lies between them it has
 *               missed. Who parts, or is kicked, has no row any more.
 * invite        hash: of the word (invite_hash); rooms: separated by spaces; uses: 0 any number; expires: wall ms, 0: never.
 * clock         now and then a time and the sequence number at it. Order is by seq: a clock may have jumped.
 * chore         deleting that is under way, in slices (retain.c): of all messages by account (0: anybody) in place (0:
 *               anywhere) up to the seq `upto`, sent before the time `before` (wall ms, 0: whenever); `past`: up to there it is
 *               done. account INT64_MAX (CHORE_EVENTS): of all events there; past: the last place that is done.
 */
#ifndef STORE_SCHEMA_H
#define STORE_SCHEMA_H

#include <stdbool.h>

struct db;

#define SCHEMA_VERSION 2

/* Bring a database that is open for writing to the present version, in a transaction. False: db->err and why say it; of a
 * later version than ours: damaged, as it is of no use to us. */
bool schema_apply(struct db *db);
/* Only up to `version`, for tests. */
bool schema_apply_to(struct db *db, unsigned version);
/* Its version. */
unsigned schema_version(struct db *db);

#endif
