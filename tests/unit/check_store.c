/* check_store.c - the database: its schema from each version; what becomes of events and changes. The writer runs without
 * its thread. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ipc/ipc.h"
#include "ipc/options.h"
#include "ipc/store.h"
#include "lib/buf.h"
#include "lib/util.h"
#include "registry/layout.h"
#include "store/db.h"
#include "store/schema.h"
#include "store/settings.h"
#include "store/writer.h"
#include "unit_str.h"

static char dir[] = "/tmp/check_store.XXXXXX";

static void
enter(void)
{
	bprintf(dir, sizeof(dir), "/tmp/check_store.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(chdir(dir), 0);
	db_init();
}

static void
leave(void)
{
	char cmd[64];

	ck_assert_int_eq(chdir("/"), 0);
	bprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	ck_assert_int_eq(system(cmd), 0);
}

/* --- schema ---------------------------------------------------------------------------------------------- */

START_TEST(from_each_version)
{
	struct db db;

	for (unsigned v = 0; v <= SCHEMA_VERSION; v++) {
		unlink(DB_FILE);
		ck_assert(db_open(&db, DB_FILE, DB_MAKE));
		ck_assert(schema_apply_to(&db, v));
		ck_assert_uint_eq(schema_version(&db), v);
		db_close(&db);
		ck_assert(db_open(&db, DB_FILE, DB_MAKE));
		ck_assert_msg(schema_apply(&db), "%s", db.why);
		ck_assert_uint_eq(schema_version(&db), SCHEMA_VERSION);
		ck_assert(db_exec(&db, "INSERT INTO clock VALUES(1, 2)"));
		db_close(&db);
	}
}
END_TEST

START_TEST(not_ours)
{
	struct db db;
	FILE *f = fopen(DB_FILE, "w");

	fputs("this is no database, but somebody's letter; it is not to be written over\n", f);
	fclose(f);
	ck_assert(!db_open(&db, DB_FILE, DB_MAKE));
	ck_assert_int_eq(db_trouble(&db), DB_DAMAGED);
	unlink(DB_FILE);
	ck_assert(db_open(&db, DB_FILE, DB_MAKE));
	ck_assert(db_exec(&db, "CREATE TABLE mine(a)"));
	ck_assert(!schema_apply(&db));
	ck_assert_int_eq(db_trouble(&db), DB_DAMAGED);
	db_clear(&db);
	ck_assert(db_exec(&db, "PRAGMA user_version=1000"));
	ck_assert(!schema_apply(&db));
	ck_assert_int_eq(db_trouble(&db), DB_DAMAGED);
	db_close(&db);
}
END_TEST

START_TEST(errors_stick)
{
	static const char *const sql[] = {"INSERT INTO meta VALUES(?, ?)", "SELECT * FROM nothing"};
	struct db_set set;
	struct db_query q;
	struct db db;

	ck_assert(db_open(&db, DB_FILE, DB_MAKE) && schema_apply(&db));
	db_set_init(&set, &db, sql, ARRAY_LEN(sql));
	q = db_query(&set, 1);
	ck_assert(!db_row(&q));
	ck_assert_int_eq(db_trouble(&db), DB_BUG);
	q = db_query(&set, 0);
	db_text(&q, STR_LIT("a"));
	db_int(&q, 1);
	ck_assert(!db_run(&q));
	db_clear(&db);
	q = db_query(&set, 0);
	db_text(&q, STR_LIT("a"));
	db_int(&q, 1);
	ck_assert(db_run(&q));
	ck_assert_uint_eq(db_changes(&db), 1);
	db_set_fini(&set);
	db_close(&db);
}
END_TEST

/* --- what the writer answers ----------------------------------------------------------------------------- */

static struct buf answers;
static char frame[IPC_FRAME_MAX];

static void
answered(const void *p, size_t n)
{
	buf_append(&answers, p, n);
}

/* The last answer of this kind since the last flush; 0: none. */
static size_t
answer(unsigned type, const char **frame_r)
{
	size_t found = 0;

	for (size_t at = 0; at < answers.len;) {
		const char *p = buf_data(&answers) + at;
		ssize_t n = ipc_frame(p, answers.len - at);

		ck_assert_int_gt(n, 0);
		if (ipc_type(p) == type) {
			found = (size_t)n;
			*frame_r = p;
		}
		at += (size_t)n;
	}
	return found;
}

/* The last s_done, s_state…: its struct. */
#define ANSWER(name_) \
	({ \
		struct m_##name_ m_; \
		const char *p_ = NULL; \
		size_t n_ = answer(MSG_##name_, &p_); \
		ck_assert_msg(n_ > 0 && m_##name_##_get(p_, n_, &m_), "no " #name_); \
		m_; \
	})
#define FEED(name_, ...) \
	do { \
		struct m_##name_ f_ = {__VA_ARGS__}; \
		writer_take_here(frame, m_##name_##_put(frame, sizeof(frame), &f_)); \
	} while (0)
#define S(s) str_of(s)

static struct options opt;

static void
flush(void)
{
	buf_drop(&answers, answers.len);
	writer_rest_here();
}

static void
begin(void)
{
	enter();
	options_defaults(&opt);
	settings_put(&opt);
	writer_init(NULL, 1);
	buf_init(&answers, 0);
	writer_open_here(answered);
	ck_assert_uint_eq(ANSWER(s_state).state, STORE_WELL);
}

static void
end(void)
{
	writer_close_here();
	buf_fini(&answers);
	leave();
}

/* One number that SQL says. */
static uint64_t
number(const char *sql)
{
	struct db db;
	uint64_t v;

	ck_assert_msg(db_open(&db, DB_FILE, DB_READ), "%s", db.why);
	v = db_number_of(&db, sql);
	ck_assert_msg(db_ok(&db), "%s: %s", sql, db.why);
	db_close(&db);
	return v;
}

static void
say(uint64_t seq, uint64_t room, const char *text)
{
	FEED(e_say, .seq = seq, .at = 1000 * seq, .from = 1, .room = room, .name = S("bob"),
	     .uhost = S("telnet@192.0.2.1"), .room_name = S("den"), .text = S(text));
}

static uint64_t
make_account(const char *name)
{
	FEED(s_account, .ticket = 7, .op = ACCOUNT_CREATE, .name = S(name), .hash = S("h"),
	     .scram = S("s"));
	flush();
	ck_assert_uint_eq(ANSWER(s_done).code, ERR_NONE);
	return ANSWER(s_done).id;
}

#define DEN ID_MAKE(3, 1)

/* --- messages ---------------------------------------------------------------------------------------------- */

START_TEST(each_once)
{
	say(5, DEN, "one two");
	say(6, DEN, "two three");
	flush();
	ck_assert_uint_eq(ANSWER(s_state).upto, 6);
	ck_assert_uint_eq(number("SELECT count(*) FROM message"), 2);
	/* told again: what is there is passed over */
	say(5, DEN, "one two");
	say(6, DEN, "two three");
	say(7, DEN, "four");
	flush();
	ck_assert_uint_eq(number("SELECT count(*) FROM message"), 3);
	ck_assert_uint_eq(number("SELECT value FROM meta WHERE name='seq'"), 7);
	ck_assert_uint_eq(
	    number("SELECT count(*) FROM message_text WHERE message_text MATCH 'two'"), 2);
	ck_assert_uint_eq(number("SELECT count(*) FROM sender"), 1);
	ck_assert_uint_eq(number("SELECT count(*) FROM place"), 1);
	/* a successor goes on behind it */
	writer_close_here();
	writer_open_here(answered);
	ck_assert_uint_eq(ANSWER(s_state).upto, 7);
	say(7, DEN, "four");
	flush();
	ck_assert_uint_eq(number("SELECT count(*) FROM message"), 3);
}
END_TEST

START_TEST(taken_back_and_put_otherwise)
{
	say(5, DEN, "secret word");
	say(6, DEN, "wrong word");
	flush();
	FEED(e_redact, .seq = 7, .at = 7, .room = DEN, .msg = 5);
	FEED(e_edit, .seq = 8, .at = 8, .room = DEN, .msg = 6, .text = S("right word"));
	say(9, DEN, "secret too");
	FEED(e_redact, .seq = 10, .at = 10, .room = DEN, .msg = 9);
	FEED(e_redact, .seq = 11, .at = 11, .room = DEN, .msg = 4);
	flush();
	ck_assert_uint_eq(number("SELECT count(*) FROM message"), 1);
	ck_assert_uint_eq(number("SELECT edited FROM message WHERE text='right word'"), 8);
	ck_assert_uint_eq(
	    number("SELECT count(*) FROM message_text WHERE message_text MATCH 'secret OR wrong'"),
	    0);
	ck_assert_uint_eq(number("SELECT rowid FROM message_text WHERE message_text MATCH 'right'"),
			  6);
	FEED(s_admin, .ticket = 3, .op = STORE_CHECK, .args = S("ok"));
	flush();
	ck_assert_uint_eq(ANSWER(s_page).ticket, 3);
	ck_assert_ptr_nonnull(memmem(ANSWER(s_page).rows.p, ANSWER(s_page).rows.n, "ok", 2));
	ck_assert_ptr_null(memmem(ANSWER(s_page).rows.p, ANSWER(s_page).rows.n, "malformed", 9));
}
END_TEST

START_TEST(what_is_not_kept)
{
	FEED(e_say, .seq = 5, .room = DEN, .kind = MSG_TAGS, .name = S("a"), .uhost = S("b@c"),
	     .room_name = S("den"), .tags = S("+typing=active"));
	FEED(e_say, .seq = 6, .room = DEN, .kind = MSG_CTCP, .name = S("a"), .uhost = S("b@c"),
	     .room_name = S("den"), .text = S("VERSION"));
	FEED(e_dm, .seq = 7, .from = 1, .to = 2, .name = S("a"), .uhost = S("b@c"),
	     .to_name = S("b"), .text = S("between guests"));
	opt.history_rooms = 0;
	flush();
	settings_put(&opt);
	say(8, DEN, "not now");
	flush();
	ck_assert_uint_eq(number("SELECT count(*) FROM message"), 0);
	ck_assert_uint_eq(number("SELECT value FROM meta WHERE name='seq'"), 8);
}
END_TEST

START_TEST(between_accounts)
{
	uint64_t alice = make_account("alice"), bob = make_account("Bob");

	FEED(e_dm, .seq = 5, .from = 1, .to = 2, .name = S("alice"), .uhost = S("b@c"),
	     .account = S("alice"), .to_name = S("bob"), .to_account = S("bob"), .text = S("hi"));
	FEED(e_dm, .seq = 6, .from = 2, .to = 1, .name = S("bob"), .uhost = S("b@c"),
	     .account = S("Bob"), .to_name = S("alice"), .to_account = S("alice"), .text = S("ho"));
	/* waits: from a guest, and from an account */
	FEED(e_dm, .seq = 7, .from = 3, .name = S("guest"), .uhost = S("b@c"), .to_name = S("Bob"),
	     .to_account = S("Bob"), .kept = 1, .text = S("call me"));
	FEED(e_dm, .seq = 8, .from = 1, .name = S("alice"), .uhost = S("b@c"),
	     .account = S("alice"), .to_name = S("Bob"), .to_account = S("Bob"), .kept = 1,
	     .text = S("call me too"));
	FEED(e_mark, .seq = 9, .user = 2, .account = S("Bob"), .peer = S("alice"), .when = 77);
	FEED(e_mark, .seq = 10, .user = 2, .account = S("Bob"), .peer = S("alice"), .when = 66);
	flush();
	ck_assert_uint_eq(alice, 1);
	ck_assert_uint_eq(bob, 2);
	ck_assert_uint_eq(number("SELECT count(*) FROM message WHERE place="
				 "(SELECT id FROM place WHERE a=1 AND b=2)"),
			  3);
	ck_assert_uint_eq(number("SELECT count(*) FROM kept WHERE account=2"), 2);
	ck_assert_uint_eq(number("SELECT at FROM mark WHERE account=2"), 77);
	FEED(e_kept, .seq = 11, .account = S("Bob"), .upto = 8);
	flush();
	ck_assert_uint_eq(number("SELECT count(*) FROM kept"), 0);
	/* the guest's is nobody's history */
	ck_assert_uint_eq(number("SELECT count(*) FROM message"), 3);
}
END_TEST

/* --- where accounts are -------------------------------------------------------------------------------------- */

START_TEST(came_and_left)
{
	make_account("alice");
	FEED(e_join, .seq = 5, .user = 1, .room = DEN, .flags = MEMBER_CREATED | MEMBER_OP,
	     .name = S("alice"), .room_name = S("den"), .uhost = S("b@c"), .account = S("alice"));
	flush();
	ck_assert_uint_eq(number("SELECT born FROM place"), 5);
	ck_assert_uint_eq(number("SELECT count(*) FROM was_in WHERE left_seq=0 AND came_seq=5"), 1);
	FEED(e_quit, .seq = 6, .user = 1, .name = S("alice"), .uhost = S("b@c"),
	     .account = S("alice"), .reason = S("bye"),
	     .rooms = {(const char *)&(uint64_t){DEN}, 1});
	flush();
	ck_assert_uint_eq(number("SELECT count(*) FROM was_in WHERE left_seq=6 AND came_seq=0"), 1);
	ck_assert_uint_eq(number("SELECT count(*) FROM event"), 2);
	FEED(e_join, .seq = 7, .user = 1, .room = DEN, .name = S("alice"), .room_name = S("den"),
	     .uhost = S("b@c"), .account = S("alice"));
	flush();
	ck_assert_uint_eq(number("SELECT count(*) FROM was_in WHERE left_seq=6 AND came_seq=7"), 1);
	/* a new registry: nobody is anywhere */
	FEED(s_begin, .restored = 0);
	flush();
	ck_assert_uint_eq(number("SELECT count(*) FROM was_in WHERE left_seq=7 AND came_seq=0"), 1);
	FEED(e_part, .seq = 8, .user = 1, .room = DEN, .name = S("alice"), .room_name = S("den"),
	     .uhost = S("b@c"), .account = S("alice"));
	flush();
	ck_assert_uint_eq(number("SELECT count(*) FROM was_in"), 0);
}
END_TEST

/* --- accounts ------------------------------------------------------------------------------------------------ */

START_TEST(accounts_change)
{
	uint64_t id = make_account("Alice");

	FEED(s_account, .ticket = 8, .op = ACCOUNT_CREATE, .name = S("aLICE"), .hash = S("x"));
	flush();
	ck_assert_uint_eq(ANSWER(s_done).code, ERR_ACCOUNT_EXISTS);
	FEED(s_account, .ticket = 9, .op = ACCOUNT_PASSWORD, .id = id, .hash = S("new"));
	FEED(s_account, .ticket = 10, .op = ACCOUNT_EMAIL, .id = id, .text = S("a@example.org"));
	FEED(s_account, .ticket = 11, .op = ACCOUNT_DISABLE, .id = id);
	FEED(s_account, .ticket = 12, .op = ACCOUNT_CERT_ADD, .id = id, .text = S("aa"));
	flush();
	ck_assert_uint_eq(ANSWER(s_done).ticket, 12);
	ck_assert_uint_eq(
	    number("SELECT count(*) FROM account WHERE hash='new' AND scram='' AND flags=1"
		   " AND email='a@example.org'"),
	    1);
	FEED(s_account, .ticket = 13, .op = ACCOUNT_ENABLE, .id = id);
	FEED(s_account, .ticket = 14, .op = ACCOUNT_CERT_DEL, .id = id, .text = S("bb"));
	flush();
	ck_assert_uint_eq(ANSWER(s_done).code, ERR_NOT_FOUND);
	/* another hash of the same password, unless there is another password */
	FEED(s_account, .ticket = 16, .op = ACCOUNT_REHASH, .id = id, .hash = S("again"),
	     .text = S("new"));
	FEED(s_account, .ticket = 17, .op = ACCOUNT_REHASH, .id = id, .hash = S("late"),
	     .text = S("new"));
	flush();
	ck_assert_uint_eq(ANSWER(s_done).code, ERR_NONE);
	ck_assert_uint_eq(number("SELECT count(*) FROM account WHERE hash='again'"), 1);
	FEED(s_account, .ticket = 15, .op = ACCOUNT_EMAIL, .id = 99, .text = S("x"));
	flush();
	ck_assert_uint_eq(ANSWER(s_done).code, ERR_NO_ACCOUNT);
}
END_TEST

START_TEST(accounts_go_with_their_messages)
{
	uint64_t id = make_account("alice");

	for (uint64_t i = 0; i < 1200; i++)
		FEED(e_say, .seq = 10 + i, .at = i, .from = 1, .room = DEN,
		     .name = S(i % 2 ? "alice" : "bob"), .uhost = S("b@c"),
		     .account = S(i % 2 ? "alice" : ""), .room_name = S("den"),
		     .text = S(i % 2 ? "mine" : "yours"));
	flush();
	FEED(s_account, .ticket = 8, .op = ACCOUNT_DELETE, .id = id, .text = S("messages"));
	flush();
	ck_assert_uint_eq(ANSWER(s_done).code, ERR_NONE);
	while (writer_rest_here() == 0) {
	}
	ck_assert_uint_eq(number("SELECT count(*) FROM message"), 600);
	ck_assert_uint_eq(
	    number("SELECT count(*) FROM message_text WHERE message_text MATCH 'mine'"), 0);
	ck_assert_uint_eq(number("SELECT count(*) FROM chore"), 0);
	/* where it came from is not kept either */
	ck_assert_uint_eq(number("SELECT count(*) FROM sender WHERE name='alice'"), 0);
	/* its number is never another's */
	ck_assert_uint_gt(make_account("alice"), id);
	FEED(s_account, .ticket = 9, .op = ACCOUNT_DELETE, .id = id);
	flush();
	ck_assert_uint_eq(ANSWER(s_done).code, ERR_NONE);
	ck_assert_uint_eq(number("SELECT count(*) FROM account"), 1);
}
END_TEST

START_TEST(invitations)
{
	char word[65];

	FEED(s_admin, .ticket = 1, .op = STORE_INVITE_CREATE,
	     .args = S("den lobby\x1f"
		       "1\x1f"
		       "0"),
	     .by = S("root"));
	flush();
	bprintf(word, sizeof(word), STR_FMT, STR_ARG(ANSWER(s_done).text));
	ck_assert_uint_eq(strlen(word), 16);
	FEED(s_account, .ticket = 2, .op = ACCOUNT_CREATE, .name = S("eve"), .hash = S("h"),
	     .invite = S("guessed"));
	flush();
	ck_assert_uint_eq(ANSWER(s_done).code, ERR_INVITE_BAD);
	FEED(s_account, .ticket = 3, .op = ACCOUNT_CREATE, .name = S("bob"), .hash = S("h"),
	     .invite = S(word));
	FEED(s_account, .ticket = 4, .op = ACCOUNT_CREATE, .name = S("carol"), .hash = S("h"),
	     .invite = S(word));
	flush();
	ck_assert_uint_eq(ANSWER(s_done).code, ERR_INVITE_BAD);
	ck_assert_uint_eq(number("SELECT count(*) FROM account"), 1);
	ck_assert_uint_eq(number("SELECT used FROM invite"), 1);
}
END_TEST

START_TEST(told_to_a_new_registry)
{
	struct restore_account a;
	struct str rest;

	make_account("alice");
	make_account("bob");
	FEED(e_dm, .seq = 7, .from = 3, .name = S("guest"), .uhost = S("b@c"), .to_name = S("Bob"),
	     .to_account = S("Bob"), .kept = 1, .text = S("call me"));
	flush();
	buf_drop(&answers, answers.len);
	FEED(s_begin, .restored = 0);
	rest = ANSWER(s_accounts).list;
	ck_assert(restore_account_next(&rest, &a) && a.id == 1 && a.kept == 0);
	ck_assert(restore_account_next(&rest, &a) && str_eq(a.name, S("bob")) && a.kept == 1 &&
		  a.flags == ACCOUNT_SCRAM);
	ck_assert(!restore_account_next(&rest, &a));
	ck_assert_uint_eq(ANSWER(s_restored).done, 1);
}
END_TEST

/* --- deleting ------------------------------------------------------------------------------------------------ */

START_TEST(too_old_and_too_many)
{
	uint64_t now = wall_ms(), day = 24 * 3600 * 1000;

	opt.history_days = 10;
	opt.history_rows = 300;
	settings_put(&opt);
	for (uint64_t i = 0; i < 1000; i++) {
		FEED(e_say, .seq = 10 + i,
		     .at = i < 500 ? now - 20 * day + i * 2000 : now - day + i * 2000,
		     .room = ID_MAKE(i % 3, 1), .name = S("bob"), .uhost = S("b@c"),
		     .room_name = S("den"), .text = S("word"));
		if (i % 100 == 99)
			flush();
	}
	opt.history_days = 0;
	settings_put(&opt);
	flush();
	ck_assert_uint_le(
	    number("SELECT max(n) FROM (SELECT count(*) AS n FROM message GROUP BY place)"), 334);
	/* the next pass begins with the writer's next life */
	opt.history_days = 10;
	settings_put(&opt);
	writer_close_here();
	writer_open_here(answered);
	while (writer_rest_here() == 0) {
	}
	ck_assert_uint_eq(number("SELECT count(*) FROM message WHERE seq<=501"), 0);
	ck_assert_uint_eq(number("SELECT count(*) FROM message"), 500);
	ck_assert_uint_eq(
	    number("SELECT count(*) FROM message_text WHERE message_text MATCH 'word'"), 500);
}
END_TEST

START_TEST(purged)
{
	for (uint64_t i = 0; i < 100; i++)
		say(10 + i, i % 2 ? DEN : ID_MAKE(4, 1), "word");
	flush();
	ck_assert_uint_eq(number("SELECT count(*) FROM message"), 100);
	FEED(s_admin, .ticket = 5, .op = STORE_HISTORY_PURGE,
	     .args = S("nowhere\x1f"
		       "0"));
	flush();
	ck_assert_uint_eq(ANSWER(s_done).code, ERR_NO_SUCH_ROOM);
	for (uint64_t i = 0; i < 3000; i++)
		FEED(e_join, .seq = 200 + i, .at = 70000 + i, .user = 1,
		     .room = i % 2 ? DEN : ID_MAKE(4, 1), .name = S("bob"),
		     .uhost = S("telnet@192.0.2.1"), .room_name = S("den"));
	flush();
	ck_assert_uint_eq(number("SELECT count(*) FROM event"), 3000);
	FEED(s_admin, .ticket = 6, .op = STORE_HISTORY_PURGE,
	     .args = S("*\x1f"
		       "60000"));
	flush();
	ck_assert_uint_eq(ANSWER(s_done).code, ERR_NONE);
	ck_assert_uint_eq(number("SELECT count(*) FROM message"), 50);
	ck_assert_uint_eq(number("SELECT count(*) FROM event"), 3000);
	FEED(s_admin, .ticket = 6, .op = STORE_HISTORY_PURGE,
	     .args = S("*\x1f"
		       "71000"));
	flush();
	ck_assert(str_eq(ANSWER(s_done).text, S("11 messages and 1000 events deleted")));
	FEED(s_admin, .ticket = 6, .op = STORE_HISTORY_PURGE,
	     .args = S("*\x1f"
		       "0"));
	flush();
	ck_assert(str_eq(ANSWER(s_done).text, S("39 messages and 2000 events deleted")));
	ck_assert_uint_eq(number("SELECT count(*) FROM event"), 0);
	ck_assert_uint_eq(number("SELECT count(*) FROM chore"), 0);
	ck_assert_uint_eq(
	    number("SELECT count(*) FROM message_text WHERE message_text MATCH 'word'"), 0);
}
END_TEST

#define IN_THE_INDEX \
	"SELECT count(*) FROM message_text_data WHERE instr(block, CAST('xylophone' AS BLOB)) > 0"
#define UNTIDY "SELECT value FROM meta WHERE name='untidy'"

/* What is purged leaves the index by and by; who writes may end in the midst of it, or before it has begun. */
START_TEST(purged_words_leave_the_index_over_lives)
{
	for (unsigned ends = 0; ends < 2; ends++) {
		for (uint64_t i = 0; i < 100; i++)
			say(1000 * ends + i + 1, DEN, i % 2 ? "xylophone" : "zither");
		flush();
		ck_assert_uint_gt(number(IN_THE_INDEX), 0);
		FEED(s_admin, .ticket = 5, .op = STORE_HISTORY_PURGE,
		     .args = S("*\x1f"
			       "0"));
		if (ends > 0)
			writer_rest_here();
		writer_close_here();
		ck_assert_uint_gt(number(UNTIDY), 0);
		writer_open_here(answered);
		while (writer_rest_here() == 0) {
		}
		ck_assert_uint_eq(number(UNTIDY), 0);
		ck_assert_uint_eq(number(IN_THE_INDEX), 0);
	}
}
END_TEST

/* One after the other, bob's and bobby's. */
static void
say_in_turn(uint64_t from, unsigned n, const char *text)
{
	for (uint64_t seq = from; seq < from + n; seq++)
		FEED(e_say, .seq = seq, .at = 1000 * seq, .room = DEN,
		     .name = S(seq % 2 ? "bob" : "bobby"), .uhost = S("telnet@192.0.2.1"),
		     .room_name = S("den"), .text = S(text));
}

/* Whatever is due within a day is done; nothing is deleted for its age. */
static void
a_day_later(void)
{
	opt.history_days = 0;
	settings_put(&opt);
	writer_later_here(25 * 3600 * 1000);
	while (writer_rest_here() == 0) {
	}
}

#define SENDERS "SELECT count(*) FROM sender"

START_TEST(senders_of_nothing_go)
{
	say_in_turn(1, 1200, "word");
	FEED(e_topic, .seq = 2000, .at = 5, .room = DEN, .name = S("carol"), .uhost = S("b@c"),
	     .room_name = S("den"), .text = S("all that is left of her"));
	FEED(e_topic, .seq = 2001, .at = 5, .room = ID_MAKE(4, 1), .name = S("dora"),
	     .uhost = S("b@c"), .room_name = S("pit"), .text = S("x"));
	flush();
	a_day_later();
	ck_assert_uint_eq(number(SENDERS), 4);
	for (uint64_t seq = 1; seq <= 1200; seq += 2)
		FEED(e_redact, .seq = 3000 + seq, .at = 5, .room = DEN, .msg = seq);
	flush();
	ck_assert_uint_eq(number(SENDERS), 4);
	a_day_later();
	ck_assert_uint_eq(number(SENDERS), 3);
	ck_assert_uint_eq(number(SENDERS " WHERE name='bob'"), 0);
	/* as if it had never spoken */
	say(5000, DEN, "again");
	flush();
	ck_assert_uint_eq(number("SELECT count(*) FROM message m JOIN sender s ON s.id=m.sender"
				 " WHERE s.name='bob'"),
			  1);
}
END_TEST

/* Who says something while they are looked for is not one of them, wherever the walk is. */
START_TEST(senders_come_back_meanwhile)
{
	opt.history_days = 0;
	settings_put(&opt);
	for (unsigned slices = 0; slices < 12; slices++) {
		uint64_t seq = 10000 * (slices + 1);

		say_in_turn(seq, 1200, "word");
		flush();
		for (uint64_t i = 1; i < 1200; i += 2)
			FEED(e_redact, .seq = seq + 2000 + i, .at = 5, .room = DEN, .msg = seq + i);
		flush();
		writer_later_here(25 * 3600 * 1000);
		for (unsigned i = 0; i < slices; i++)
			writer_rest_here();
		say_in_turn(seq + 5001, 1, "here I am");
		while (writer_rest_here() == 0) {
		}
		ck_assert_uint_eq(number("SELECT count(*) FROM message WHERE sender NOT IN"
					 " (SELECT id FROM sender)"),
				  0);
		FEED(s_admin, .ticket = 6, .op = STORE_HISTORY_PURGE,
		     .args = S("*\x1f"
			       "0"));
		flush();
		a_day_later();
		ck_assert_uint_eq(number(SENDERS), 0);
	}
}
END_TEST

START_TEST(marks_of_what_is_gone_go)
{
	uint64_t bob;

	make_account("alice");
	bob = make_account("bob");
	say(5, DEN, "one");
	FEED(e_mark, .seq = 6, .account = S("alice"), .room = DEN, .room_name = S("den"),
	     .when = 5);
	FEED(e_mark, .seq = 7, .account = S("alice"), .peer = S("bob"), .when = 5);
	FEED(e_join, .seq = 8, .room = DEN, .name = S("alice"), .room_name = S("den"),
	     .uhost = S("b@c"), .account = S("alice"));
	flush();
	a_day_later();
	ck_assert_uint_eq(number("SELECT count(*) FROM mark"), 2);
	ck_assert_uint_eq(number("SELECT count(*) FROM was_in"), 1);
	FEED(s_account, .ticket = 8, .op = ACCOUNT_DELETE, .id = bob);
	flush();
	a_day_later();
	ck_assert_uint_eq(number("SELECT count(*) FROM mark"), 1);
	/* in the next registry the room is not there, as it was not kept */
	writer_close_here();
	writer_init(NULL, 2);
	writer_open_here(answered);
	a_day_later();
	ck_assert_uint_eq(number("SELECT count(*) FROM mark"), 0);
	ck_assert_uint_eq(number("SELECT count(*) FROM was_in"), 0);
	ck_assert_uint_eq(number("SELECT count(*) FROM account"), 1);
	ck_assert_uint_eq(number("SELECT count(*) FROM message"), 1);
}
END_TEST

/* --- when it cannot be written --------------------------------------------------------------------------------- */

/* It tries again and again, as if time went by, until it wants to wait so long. */
static void
try_until(uint64_t pause)
{
	for (uint64_t ms; (ms = writer_rest_here()) < pause;)
		writer_later_here(ms);
}

START_TEST(locked_by_another)
{
	struct db other;

	ck_assert(db_open(&other, DB_FILE, DB_WRITE));
	ck_assert(db_exec(&other, "BEGIN IMMEDIATE"));
	say(5, DEN, "waits");
	FEED(s_account, .ticket = 7, .op = ACCOUNT_CREATE, .name = S("alice"), .hash = S("h"));
	flush();
	ck_assert_uint_eq(ANSWER(s_state).state, STORE_BEHIND);
	ck_assert_uint_gt(writer_pending(), 0);
	say(6, DEN, "too");
	ck_assert_uint_gt(writer_rest_here(), 0);
	ck_assert(db_exec(&other, "ROLLBACK"));
	db_close(&other);
	try_until(1000);
	ck_assert_uint_eq(ANSWER(s_state).state, STORE_WELL);
	ck_assert_uint_eq(ANSWER(s_done).ticket, 7);
	ck_assert_uint_eq(writer_pending(), 0);
	ck_assert_uint_eq(number("SELECT count(*) FROM message"), 2);
	ck_assert_uint_eq(number("SELECT count(*) FROM account"), 1);
}
END_TEST

/* Events wait for as long as it takes, people do not. */
START_TEST(locked_for_long)
{
	struct db other;

	ck_assert(db_open(&other, DB_FILE, DB_WRITE));
	ck_assert(db_exec(&other, "BEGIN IMMEDIATE"));
	say(5, DEN, "waits");
	FEED(s_account, .ticket = 7, .op = ACCOUNT_CREATE, .name = S("alice"), .hash = S("h"));
	buf_drop(&answers, answers.len);
	try_until(1600);
	ck_assert_uint_eq(ANSWER(s_done).ticket, 7);
	ck_assert_uint_eq(ANSWER(s_done).code, ERR_STORE_AWAY);
	ck_assert(db_exec(&other, "ROLLBACK"));
	db_close(&other);
	for (uint64_t ms; (ms = writer_rest_here()) > 0 && ms < 5000;)
		writer_later_here(ms);
	ck_assert_uint_eq(ANSWER(s_state).state, STORE_WELL);
	ck_assert_uint_eq(number("SELECT count(*) FROM message"), 1);
	ck_assert_uint_eq(number("SELECT count(*) FROM account"), 0);
}
END_TEST

START_TEST(a_damaged_file_is_left_alone)
{
	FILE *f;
	char line[32] = "";

	writer_close_here();
	f = fopen(DB_FILE, "w");
	fputs("somebody wrote over it, and it is longer than the header of a database, which has "
	      "one hundred "
	      "bytes, as is known",
	      f);
	fclose(f);
	buf_drop(&answers, answers.len);
	writer_open_here(answered);
	ck_assert_uint_eq(ANSWER(s_state).state, STORE_UNUSABLE);
	say(5, DEN, "lost?");
	writer_rest_here();
	f = fopen(DB_FILE, "r");
	ck_assert_ptr_nonnull(fgets(line, 9, f));
	fclose(f);
	ck_assert_str_eq(line, "somebody");
	/* put right by hand */
	unlink(DB_FILE);
	try_until(3000);
	ck_assert_uint_eq(ANSWER(s_state).state, STORE_WELL);
	ck_assert_uint_eq(number("SELECT count(*) FROM message"), 1);
}
END_TEST

START_TEST(a_file_that_was_moved)
{
	say(5, DEN, "one");
	flush();
	ck_assert_int_eq(rename(DB_FILE, "elsewhere"), 0);
	ck_assert_int_eq(rename(DB_FILE "-wal", "elsewhere-wal"), 0);
	say(6, DEN, "two");
	flush();
	ck_assert_uint_eq(ANSWER(s_state).state, STORE_BEHIND);
	ck_assert_int_ne(access(DB_FILE, F_OK), 0);
	ck_assert_int_eq(rename("elsewhere", DB_FILE), 0);
	if (access("elsewhere-wal", F_OK) == 0)
		ck_assert_int_eq(rename("elsewhere-wal", DB_FILE "-wal"), 0);
	try_until(3000);
	ck_assert_uint_eq(ANSWER(s_state).state, STORE_WELL);
	ck_assert_uint_eq(number("SELECT count(*) FROM message"), 2);
}
END_TEST

START_TEST(what_cannot_be_kept_keeps_nothing_else_out)
{
	struct db other;

	make_account("alice");
	ck_assert(db_open(&other, DB_FILE, DB_WRITE));
	ck_assert(db_exec(&other, "DROP TABLE mark"));
	db_close(&other);
	say(5, DEN, "one");
	FEED(e_mark, .seq = 6, .user = 2, .account = S("alice"), .room = DEN, .room_name = S("den"),
	     .when = 77);
	say(7, DEN, "two");
	flush();
	ck_assert_uint_eq(ANSWER(s_state).state, STORE_WELL);
	ck_assert_uint_eq(number("SELECT count(*) FROM message"), 2);
	ck_assert_uint_eq(number("SELECT value FROM meta WHERE name='seq'"), 7);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("store");
	TCase *t = tcase_create("schema"), *w = tcase_create("writer");

	suite_add_tcase(s, t);
	tcase_add_checked_fixture(t, enter, leave);
	tcase_add_test(t, from_each_version);
	tcase_add_test(t, not_ours);
	tcase_add_test(t, errors_stick);
	suite_add_tcase(s, w);
	tcase_set_timeout(w, 30);
	tcase_add_checked_fixture(w, begin, end);
	tcase_add_test(w, each_once);
	tcase_add_test(w, taken_back_and_put_otherwise);
	tcase_add_test(w, what_is_not_kept);
	tcase_add_test(w, between_accounts);
	tcase_add_test(w, came_and_left);
	tcase_add_test(w, accounts_change);
	tcase_add_test(w, accounts_go_with_their_messages);
	tcase_add_test(w, invitations);
	tcase_add_test(w, told_to_a_new_registry);
	tcase_add_test(w, too_old_and_too_many);
	tcase_add_test(w, purged);
	tcase_add_test(w, purged_words_leave_the_index_over_lives);
	tcase_add_test(w, senders_of_nothing_go);
	tcase_add_test(w, senders_come_back_meanwhile);
	tcase_add_test(w, marks_of_what_is_gone_go);
	tcase_add_test(w, locked_by_another);
	tcase_add_test(w, locked_for_long);
	tcase_add_test(w, a_damaged_file_is_left_alone);
	tcase_add_test(w, a_file_that_was_moved);
	tcase_add_test(w, what_cannot_be_kept_keeps_nothing_else_out);
	return unit_run(s);
}
