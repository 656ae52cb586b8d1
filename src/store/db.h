/* db.h - SQLite as the store uses it: one connection that writes, others that read; statements by number; errors
 * that stick.
 *
 * A thread has its own connection and shares it with nobody. The first error is kept, and nothing more is
 * done until db_clear: whoever has done several things looks once, at the end.
 */
#ifndef STORE_DB_H
#define STORE_DB_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/str.h"

struct sqlite3;
struct sqlite3_stmt;

#define DB_FILE "chatd.db" /* in the working directory, which is state_dir */

struct db {
	struct sqlite3 *h; /* NULL: not open */
	int err; /* SQLite's extended code; 0: all is well */
	char why[256]; /* of the first error */
};

enum db_mode {
	DB_MAKE, /* to write; made when it is missing, 0600 */
	DB_WRITE,
	DB_READ
};
/* What an error means for who writes. */
enum db_trouble {
	DB_WELL,
	DB_LATER, /* disk full, I/O error, locked, no memory: try again */
	DB_DAMAGED, /* the file is no database of ours, or is damaged */
	DB_BUG /* what was asked cannot be done, however often */
};

/* Once per process, before any other: paths are then taken as they are, relative to the working directory, whoever
 * may look into the directories above it. */
void db_init(void);
/* Open file, set up as the mode wants it. db is fresh memory or closed. False: db->err and why say it, db is closed. */
bool db_open(struct db *db, const char *file, enum db_mode mode);
/* Has the file been moved away, removed, or another been put in its place? Then db->err and why say so. */
bool db_moved(struct db *db);
/* All statements of sets on it must have been finished (db_set_fini). Keeps err and why. */
void db_close(struct db *db);

enum db_trouble db_trouble(const struct db *db);
static inline bool
db_ok(const struct db *db)
{
	return db->err == 0;
}
/* Forget the error. */
void db_clear(struct db *db);
/* Note an error of our own, with errno-like text. */
void db_fail(struct db *db, int err, const char *why);
/* Note an error of the connection's: in SQLite's words and the system's, and who we are when it is about what we may do. */
void db_fail_here(struct db *db, int err);
/* From now on what is asked on this connection ends with an error when mono_ms() has come to *deadline, which may be changed. */
void db_limit(struct db *db, uint64_t *deadline);
/* Is that the error? */
bool db_late(const struct db *db);
/* SQL without parameters or rows, any number of statements. db_ok(). */
bool db_exec(struct db *db, const char *sql);

/* A module's statements: an enum, and the SQL by it; prepared when they are first used. */
struct db_set {
	struct db *db;
	const char *const *sql;
	unsigned n;
	struct sqlite3_stmt **stmt; /* owned; the statements too */
};
void db_set_init(struct db_set *set, struct db *db, const char *const *sql, unsigned n);
void db_set_fini(struct db_set *set);

/* One statement under way. Parameters are bound in order by db_int..., then it is run by db_run or db_row.
 *
 *	struct db_query q = db_query(&set, ADD);
 *	db_int(&q, id);
 *	db_text(&q, name);
 *	db_run(&q);
 */
struct db_query {
	struct db *db;
	struct sqlite3_stmt *s;
	int at; /* the parameter bound last */
};
struct db_query db_query(struct db_set *set, unsigned which);
void db_int(struct db_query *q, uint64_t v); /* at most 63 bits */
/* Bytes that stay where they are until the statement is reset. */
void db_text(struct db_query *q, struct str s);
void db_blob(struct db_query *q, struct str s);
void db_null(struct db_query *q);
/* To its end, rows are passed over. True: done; then db_changes() rows were changed. */
bool db_run(struct db_query *q);
unsigned db_changes(const struct db *db);
/* The next row; false: no more, or an error; the statement is then reset. */
bool db_row(struct db_query *q);
/* Columns of the row, from 0. Text and blob are valid until the next row. */
uint64_t db_col_int(const struct db_query *q, int col);
struct str db_col_text(const struct db_query *q, int col);
/* Reset it before its end. Harmless after it. */
void db_end(struct db_query *q);

/* The first column of the first row, as a number (0: no row); parameters are bound already. */
uint64_t db_number(struct db_query *q);
/* The same of SQL without parameters that is not asked again. */
uint64_t db_number_of(struct db *db, const char *sql);

#endif
