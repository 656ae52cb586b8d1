/* upload.h - links to upload a file to, and whether what they are for may be done.
 *
 * A link has all in it that is needed, sealed with the journal's secret; the file's id is derived from it, so that one link makes
 * one file. Nothing is kept here but names of accounts, which can be asked for again.
 */
#ifndef BROKER_UPLOAD_H
#define BROKER_UPLOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "broker/talk.h"
#include "ipc/ipc.h"

/* Whom a file is for. */
enum upload_kind { UPLOAD_ROOM, UPLOAD_USER, UPLOAD_ACCOUNT, UPLOAD_NOBODY, UPLOAD_KINDS };

/* What a token says. */
struct upload {
	uint64_t user; /* who uploads; UPLOAD_NOBODY: an account's id */
	uint64_t target; /* id of the room, the user, the account */
	uint32_t expires; /* wall seconds */
	uint8_t kind;
};

/* Sealed: one that nobody has seen before. */
void upload_seal(const struct upload *t, uint8_t out[UPLOAD_TOKEN]);
/* False: it was not made here, or in the life of another journal, or it has expired more than `late` seconds ago. */
bool upload_open(struct str token, uint64_t late, struct upload *t);
/* The id of the file that is uploaded with it: in base64url it does not begin with '-'. */
void upload_file_id(struct str token, uint8_t out[FILE_ID]);

/* Whom it is for, as far as that is here. */
struct upload_target {
	uint8_t kind; /* enum upload_kind */
	struct reg_room *room;
	struct receiver to;
	struct str name; /* as it is called to whoever uploads */
};
/* As somebody calls it. Whoever has an account is meant by that: it may be here again, or gone, when the file has come. */
struct upload_target upload_target_named(bool to_room, struct str name);
/* For a token; it must be there. */
uint64_t upload_target_id(const struct upload_target *t);

/* May u share something there now? As if it said a word. */
enum chat_err upload_may_share(const struct reg_user *u, const struct upload_target *t);
/* All of it again: the token (up to `late` seconds after its end), who has it, and whom it is for. *u_r: NULL with UPLOAD_NOBODY. */
enum chat_err upload_allowed(struct str token, uint64_t late, struct upload *up,
			     struct reg_user **u_r, struct upload_target *t);

/* An account by its number; NULL: there is none. What it is called; empty: not known. It is called that. */
const struct reg_account *upload_account(uint64_t id);
struct str upload_name_of(const struct reg_account *a);
void upload_name_learn(uint64_t id, struct str name);

#endif
