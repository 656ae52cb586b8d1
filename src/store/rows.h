/* rows.h - what is kept, as the frames that it came as: for whoever reads the database.
 *
 * A message becomes e_say or e_dm again, an event what it was; users' ids are 0 (nobody knows them any more), a room's id is
 * there if it is the present registry's. What cannot be made into a frame, because the database is damaged, is no row.
 */
#ifndef STORE_ROWS_H
#define STORE_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipc/ipc.h"
#include "store/db.h"

struct rows_who { /* a sender */
	uint64_t id, account;
	uint32_t umodes;
	struct str name, uhost, account_name; /* into bytes */
	char bytes[NAME_BYTES_MAX + UHOST_MAX + NAME_BYTES_MAX];
};

struct rows_place {
	uint64_t id;
	uint64_t born; /* 0: not a room, but what two accounts… */
	uint64_t a, b; /* …have written to one another */
	uint64_t room; /* the registry's id, 0: not known */
	struct str name; /* of a room; into bytes */
	char bytes[ROOM_BYTES_MAX];
};

#define ROWS_CACHE 64
struct rows {
	struct db_set set;
	uint64_t epoch; /* of the present registry */
	uint8_t secret[16]; /* that links to files are proved with */
	bool secret_known;
	struct rows_who who[ROWS_CACHE];
};

/* The columns of what is handed to rows_frame, and how they begin both kinds of rows. */
#define ROWS_MESSAGE "seq, place, sender, at, kind, rank, text, tags, to_name, file"
#define ROWS_EVENT "seq, place, sender, at, type, data"
enum rows_column {
	ROW_SEQ,
	ROW_PLACE,
	ROW_SENDER,
	ROW_AT,
	ROW_KIND,
	ROW_RANK,
	ROW_TEXT,
	ROW_TAGS,
	ROW_TO,
	ROW_FILE,
	ROW_TYPE = ROW_KIND,
	ROW_DATA
};

void rows_init(struct rows *r, struct db *db, uint64_t epoch);
void rows_fini(struct rows *r);
/* A new question: what the database said before may have changed. */
void rows_forget(struct rows *r);

/* NULL: there is none. Valid until another sender is asked for. */
const struct rows_who *rows_sender(struct rows *r, uint64_t id);
/* False: there is none. By its id, by when the room was born, by the two accounts (in any order), the last room of that
 * name. p stays where it is as long as it is used: it points into itself. */
bool rows_place(struct rows *r, uint64_t id, struct rows_place *p);
bool rows_place_born(struct rows *r, uint64_t born, struct rows_place *p);
bool rows_place_pair(struct rows *r, uint64_t a, uint64_t b, struct rows_place *p);
bool rows_place_named(struct rows *r, struct str name, struct rows_place *p);
/* An account's name into name (NAME_BYTES_MAX); empty: there is none. */
struct str rows_account(struct rows *r, uint64_t id, char *name);

/* What is known of the file with that id, packed into facts, with a link that holds from now on unless it is gone; empty: nothing is.
 * The rest of it into m, valid until the next call. False: there is none. */
bool rows_file(struct rows *r, struct str id, char facts[FILE_FACTS_MAX], struct m_q_file *m);
/* The row that q is at, of the place p, as a frame into out (IPC_FRAME_MAX). Its length, 0: it cannot be made one. */
size_t rows_message(struct rows *r, const struct db_query *q, const struct rows_place *p, bool kept,
		    char *out);
size_t rows_event(struct rows *r, const struct db_query *q, const struct rows_place *p, char *out);

#endif
