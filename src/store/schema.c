/* schema.c - see schema.h. */
#include "config.h"

#include "store/schema.h"

#include <sqlite3.h>

#include "lib/util.h"
#include "store/db.h"

/* The application's number in the file's header: "chat". A file of another is not ours to change. */
#define APPLICATION_ID 0x63686174

static const char version_1[] =
    "PRAGMA application_id=1667785076;"
    "CREATE TABLE meta(name TEXT PRIMARY KEY, value) WITHOUT ROWID;"
    "INSERT INTO meta VALUES('seq', 0), ('indexed', 0), ('secret', randomblob(16));"
    "CREATE TABLE account(id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL,"
    " fold TEXT NOT NULL UNIQUE, flags INTEGER NOT NULL, email TEXT NOT NULL, hash TEXT NOT NULL,"
    " scram TEXT NOT NULL, created INTEGER NOT NULL, seen INTEGER NOT NULL);"
    "CREATE TABLE cert(fingerprint TEXT PRIMARY KEY, account INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE INDEX cert_account ON cert(account);"
    "CREATE TABLE place(id INTEGER PRIMARY KEY, born INTEGER UNIQUE, a INTEGER, b INTEGER,"
    " name TEXT, fold TEXT, room_id INTEGER, epoch INTEGER, UNIQUE(a, b));"
    "CREATE INDEX place_b ON place(b) WHERE b IS NOT NULL;"
    "CREATE INDEX place_fold ON place(fold) WHERE fold IS NOT NULL;"
    "CREATE INDEX place_room ON place(epoch, room_id) WHERE room_id IS NOT NULL;"
    "CREATE TABLE room(place INTEGER PRIMARY KEY, founder INTEGER NOT NULL, flags INTEGER NOT NULL,"
    " modes INTEGER NOT NULL, lim INTEGER NOT NULL, key BLOB NOT NULL, topic TEXT NOT NULL,"
    " topic_by TEXT NOT NULL, topic_at INTEGER NOT NULL, created INTEGER NOT NULL,"
    " history_rows INTEGER NOT NULL, history_days INTEGER NOT NULL);"
    "CREATE TABLE room_list(place INTEGER NOT NULL, op INTEGER NOT NULL, mask TEXT NOT NULL,"
    " reason TEXT NOT NULL, by TEXT NOT NULL, since INTEGER NOT NULL, until INTEGER NOT NULL,"
    " PRIMARY KEY(place, op, mask)) WITHOUT ROWID;"
    "CREATE TABLE sender(id INTEGER PRIMARY KEY, name TEXT NOT NULL, uhost TEXT NOT NULL,"
    " account INTEGER NOT NULL, umodes INTEGER NOT NULL, UNIQUE(name, uhost, account, umodes));"
    "CREATE INDEX sender_account ON sender(account) WHERE account > 0;"
    "CREATE TABLE message(seq INTEGER PRIMARY KEY, place INTEGER NOT NULL, sender INTEGER NOT NULL,"
    " at INTEGER NOT NULL, kind INTEGER NOT NULL, rank INTEGER NOT NULL, text TEXT NOT NULL, tags "
    "TEXT,"
    " edited INTEGER, to_name TEXT);"
    "CREATE INDEX message_place ON message(place, seq);"
    "CREATE TABLE event(place INTEGER NOT NULL, seq INTEGER NOT NULL, type INTEGER NOT NULL,"
    " sender INTEGER NOT NULL, at INTEGER NOT NULL, data BLOB NOT NULL, PRIMARY KEY(place, seq))"
    " WITHOUT ROWID;"
    "CREATE VIRTUAL TABLE message_text USING fts5(text, place, content='message', "
    "content_rowid='seq',"
    " tokenize='unicode61', columnsize=0);"
    "CREATE TABLE kept(account INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY(account, seq))"
    " WITHOUT ROWID;"
    "CREATE TABLE mark(account INTEGER NOT NULL, place INTEGER NOT NULL, at INTEGER NOT NULL,"
    " PRIMARY KEY(account, place)) WITHOUT ROWID;"
    "CREATE TABLE was_in(account INTEGER NOT NULL, place INTEGER NOT NULL, left_seq INTEGER NOT "
    "NULL,"
    " came_seq INTEGER NOT NULL, PRIMARY KEY(account, place)) WITHOUT ROWID;"
    "CREATE TABLE invite(id INTEGER PRIMARY KEY AUTOINCREMENT, hash BLOB NOT NULL UNIQUE,"
    " rooms TEXT NOT NULL, uses INTEGER NOT NULL, used INTEGER NOT NULL, created INTEGER NOT NULL,"
    " expires INTEGER NOT NULL, by TEXT NOT NULL);"
    "CREATE TABLE clock(at INTEGER PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE chore(id INTEGER PRIMARY KEY, place INTEGER NOT NULL, account INTEGER NOT NULL,"
    " past INTEGER NOT NULL, upto INTEGER NOT NULL, before INTEGER NOT NULL);";

static const char version_2[] =
    "ALTER TABLE message ADD COLUMN file BLOB;"
    "CREATE TABLE file(n INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, account INTEGER NOT NULL,"
    " by TEXT NOT NULL, name TEXT NOT NULL, type TEXT NOT NULL, size INTEGER NOT NULL,"
    " width INTEGER NOT NULL, height INTEGER NOT NULL, flags INTEGER NOT NULL, at INTEGER NOT NULL,"
    " seq INTEGER NOT NULL, place INTEGER NOT NULL, target TEXT NOT NULL, gone INTEGER NOT NULL);"
    "CREATE INDEX file_use ON file(account, size) WHERE gone=0;"
    "CREATE INDEX file_old ON file(at) WHERE gone=0;"
    "CREATE INDEX file_message ON file(seq) WHERE seq>0;";

/* What takes the schema from version i to i + 1. */
static const char *const steps[SCHEMA_VERSION] = {version_1, version_2};

unsigned
schema_version(struct db *db)
{
	return (unsigned)db_number_of(db, "PRAGMA user_version");
}

static bool
ours(struct db *db, unsigned version)
{
	if (!db_ok(db))
		return false;
	if (version > SCHEMA_VERSION)
		db_fail(db, SQLITE_FORMAT, "the database is of a later version of chatd");
	else if (version > 0 && db_number_of(db, "PRAGMA application_id") != APPLICATION_ID)
		db_fail(db, SQLITE_NOTADB, "the database is not one of chatd");
	else if (version == 0 && db_number_of(db, "SELECT count(*) FROM sqlite_master") > 0)
		db_fail(db, SQLITE_NOTADB, "the database is not one of chatd");
	return db_ok(db);
}

static bool
step(struct db *db, unsigned from)
{
	char sql[64];

	bprintf(sql, sizeof(sql), "PRAGMA user_version=%u", from + 1);
	db_exec(db, "BEGIN IMMEDIATE");
	db_exec(db, steps[from]);
	db_exec(db, sql);
	if (db_exec(db, "COMMIT"))
		return true;
	sqlite3_exec(db->h, "ROLLBACK", NULL, NULL, NULL); /* the error is kept */
	return false;
}

bool
schema_apply_to(struct db *db, unsigned version)
{
	unsigned v = schema_version(db);

	if (!ours(db, v))
		return false;
	while (v < version && step(db, v))
		v++;
	return db_ok(db);
}

bool
schema_apply(struct db *db)
{
	return schema_apply_to(db, SCHEMA_VERSION);
}
