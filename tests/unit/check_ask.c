/* check_ask.c - questions about what was said: what rows are, that nothing is seen of places that are not named, limits, and a
 * database that cannot be read. The history is written by the store's own writer. */
#include "config.h"

#include <stdio.h>

#include "asker.h"
#include "lib/util.h"
#include "store/db.h"

/* --- what rows are ------------------------------------------------------------------------------ */

START_TEST(rows_are_what_they_were)
{
	struct m_e_say m;
	size_t n;

	BYGONE(say, .seq = 10, .room = ROOM_ID(OPS), .from = 5, .umodes = UMODE_BOT,
	       .kind = MSG_ACTION, .name = S("Alice"), .uhost = S("a@host"), .account = S("alice"),
	       .tags = S("+draft/react=x"), .text = S("waves"));
	bygone_commit();
	ask((struct m_s_query){.kind = QUERY_LATEST, IN(OPS)}, 5000);
	ck_assert(m_e_say_get(page.rows.p, page.rows.n, &m));
	ck_assert_uint_eq(m.seq, 10);
	ck_assert_uint_eq(m.at, BYGONE_TIME(10));
	ck_assert_uint_eq(m.origin + m.from, 0);
	ck_assert_uint_eq(m.room, ROOM_ID(OPS));
	ck_assert_uint_eq(m.umodes, UMODE_BOT);
	ck_assert_uint_eq(m.kind, MSG_ACTION);
	ck_str(m.name, "Alice");
	ck_str(m.uhost, "a@host");
	ck_str(m.account, "alice");
	ck_str(m.room_name, "ops");
	ck_str(m.tags, "+draft/react=x");
	ck_str(m.text, "waves");
	/* the registry is another one: its ids say nothing */
	asker_open(DB_FILE, 2);
	ask((struct m_s_query){.kind = QUERY_LATEST, IN(OPS)}, 5000);
	n = page.rows.n;
	ck_assert(m_e_say_get(page.rows.p, n, &m));
	ck_assert_uint_eq(m.room, 0);
}
END_TEST

static void
events_of_all_kinds(void)
{
	static const uint64_t room = ROOM_ID(OPS);
	struct ids rooms = {(const char *)&room, 1};
	char changes[64];
	struct who a = who_of("alice=");

	BYGONE(join, .seq = 10, .room = room, WHO(a), .flags = MEMBER_VOICE, .real = S("Alice A."));
	BYGONE(nick, .seq = 11, .old = S("alice"), .name = S("al"), .uhost = S(a.uhost),
	       .account = S("alice"), .real = S("Alice A."), .rooms = rooms);
	BYGONE(topic, .seq = 12, .room = room, WHO(a), .text = S("a topic"));
	BYGONE(
	    mode, .seq = 13, .room = room, WHO(a),
	    .changes = {changes, mode_put(changes, 0, sizeof(changes),
					  &(struct mode_change){MODE_BAN, 1, STR_LIT("x!*@*")})});
	BYGONE(kick, .seq = 14, .room = room, .name = S("mallory"), .by_name = S("alice"),
	       .reason = S("out"), .uhost = S(a.uhost), .account = S("alice"));
	BYGONE(part, .seq = 15, .room = room, WHO(a), .reason = S("bye"));
	BYGONE(quit, .seq = 16, WHO(a), .why = QUIT_LOST, .by = S("x"), .reason = S("gone"),
	       .rooms = rooms);
	BYGONE(rename, .seq = 17, .room = room, WHO(a), .room_name = S("ops"), .to = S("devops"),
	       .reason = S("why"));
	bygone_commit();
}

START_TEST(events_are_what_they_were)
{
	struct mode_change change;
	struct str changes;

	events_of_all_kinds();
	ask((struct m_s_query){.kind = QUERY_FIRST, .flags = QUERY_EVENTS, .lo = 9, IN(OPS)}, 5000);
	ck_assert_uint_eq(NTH(join, 0).flags, MEMBER_VOICE);
	ck_str(NTH(join, 0).real, "Alice A.");
	ck_str(NTH(join, 0).room_name, "devops"); /* as it is called now */
	ck_assert_uint_eq(NTH(join, 0).room, ROOM_ID(OPS));
	ck_str(NTH(nick, 1).old, "alice");
	ck_str(NTH(nick, 1).name, "al");
	ck_str(NTH(topic, 2).text, "a topic");
	changes = NTH(mode, 3).changes;
	ck_assert(mode_next(&changes, &change) && change.op == MODE_BAN && changes.n == 0);
	ck_str(change.arg, "x!*@*");
	ck_str(NTH(kick, 4).name, "mallory");
	ck_str(NTH(kick, 4).by_name, "alice");
	ck_str(NTH(kick, 4).reason, "out");
	ck_str(NTH(part, 5).reason, "bye");
	ck_assert_uint_eq(NTH(quit, 6).why, QUIT_LOST);
	ck_str(NTH(quit, 6).reason, "gone");
	ck_assert_uint_eq(ids_at(NTH(quit, 6).rooms, 0), ROOM_ID(OPS));
	ck_str(NTH(rename, 7).room_name, "ops");
	ck_str(NTH(rename, 7).to, "devops");
	ck_str(NTH(rename, 7).account, "alice");
}
END_TEST

/* --- what may be seen --------------------------------------------------------------------------- */

START_TEST(only_what_is_named)
{
	twelve();
	dm(30, "alice=", "Bob", false, "hi bob");
	dm(31, "Bob=", "alice", false, "hi alice");
	dm(32, "carol=", "Bob", false, "hi bob, carol");
	bygone_commit();
	ck_rows("30 >Bob hi bob|31 >alice hi alice|", .kind = QUERY_LATEST, .viewer = alice,
		.peer = bob);
	ck_rows("30 >Bob hi bob|31 >alice hi alice|", .kind = QUERY_LATEST, .viewer = bob,
		.peer = alice);
	ck_rows("", .kind = QUERY_LATEST, .viewer = alice, .peer = carol);
	ck_rows("", .kind = QUERY_LATEST, .viewer = alice);
	ck_rows("", .kind = QUERY_LATEST, .peer = bob);
	ck_rows("", .kind = QUERY_LATEST, .viewer = 0);
	ck_rows("", .kind = QUERY_LATEST, .room = S("ops"));
	ck_rows("", .kind = QUERY_LATEST, IN(999));
	ck_rows("17 o|19 o|", .kind = QUERY_LATEST, .limit = 2, IN(0, 999, OPS, OPS));
	ck_rows("", .kind = QUERY_SEARCH, .text = S("hi"), .viewer = alice);
	ck_rows("", .kind = QUERY_SEARCH, .text = S("hi"), .direct = 1);
	ck_rows("30 >Bob hi bob|31 >alice hi alice|", .kind = QUERY_SEARCH, .text = S("hi"),
		.viewer = alice, .direct = 1, IN(LOBBY));
	ck_rows("", .kind = QUERY_SEARCH, .text = S("hi"), .viewer = alice, .direct = 1,
		.peer = carol);
}
END_TEST

START_TEST(administrators_see_all)
{
	twelve();
	dm(30, "alice=", "Bob", false, "hi bob");
	dm(32, "carol=", "Bob", false, "hi carol");
	BYGONE(join, .seq = 40, .room = ROOM_ID(40), .name = S("x"), .room_name = S("OPS"),
	       .flags = MEMBER_CREATED);
	say(41, 40, "x", "another room of that name");
	bygone_commit();
	ck_rows("20 l|30 >Bob hi bob|32 >Bob hi carol|41 another room of that name|",
		.kind = QUERY_LATEST, .limit = 4, .admin = 1);
	ck_rows("30 >Bob hi bob|32 >Bob hi carol|", .kind = QUERY_LATEST, .admin = 1, .peer = bob);
	ck_rows("32 >Bob hi carol|", .kind = QUERY_LATEST, .admin = 1, .peer = carol);
	ck_rows("41 another room of that name|", .kind = QUERY_LATEST, .admin = 1,
		.room = S("ops"));
	ck_rows("41 another room of that name|", .kind = QUERY_LATEST, .admin = 1, IN(40));
	ask((struct m_s_query){.kind = QUERY_LATEST, .admin = 1, .room = S("nowhere")}, 5000);
	ck_assert_uint_eq(page.code, ERR_NO_SUCH_ROOM);
	ck_str(page.arg, "nowhere");
	ck_rows("30 >Bob hi bob|32 >Bob hi carol|", .kind = QUERY_SEARCH, .admin = 1,
		.text = S("hi"));
}
END_TEST

START_TEST(ranks)
{
	struct who a = who_of("alice=");

	BYGONE(say, .seq = 10, .room = ROOM_ID(OPS), WHO(a), .text = S("word for all"));
	BYGONE(say, .seq = 11, .room = ROOM_ID(OPS), WHO(a), .rank = MEMBER_OP,
	       .text = S("word for operators"));
	bygone_commit();
	ck_rows("10 word for all|", .kind = QUERY_LATEST, IN(OPS));
	ck_rows("10 word for all|", .kind = QUERY_LATEST, .ranks = MEMBER_VOICE, IN(OPS));
	ck_rows("10 word for all|", .kind = QUERY_SEARCH, .text = S("word"), IN(OPS));
	ck_rows("10 word for all|11 word for operators|", .kind = QUERY_LATEST,
		.ranks = MEMBER_VOICE | MEMBER_OP, IN(OPS));
	ck_rows("10 word for all|11 word for operators|", .kind = QUERY_LATEST, .admin = 1,
		IN(OPS));
}
END_TEST

START_TEST(redacted_and_edited)
{
	twelve();
	BYGONE(redact, .seq = 30, .room = ROOM_ID(LOBBY), .msg = 12, .name = S("alice"));
	BYGONE(edit, .seq = 31, .room = ROOM_ID(LOBBY), .msg = 14, .name = S("alice"),
	       .text = S("better words"));
	bygone_commit();
	ck_rows("10 l|14 better words|", .kind = QUERY_FIRST, .limit = 2, IN(LOBBY));
	ck_rows("14 better words|", .kind = QUERY_SEARCH, .text = S("better"), IN(LOBBY));
	ck_rows("10 l|16 l|18 l|20 l|", .kind = QUERY_SEARCH, .text = S("l"), IN(LOBBY));
}
END_TEST

/* --- limits ------------------------------------------------------------------------------------- */

START_TEST(one_page)
{
	static char text[TEXT_MAX + 1];
	const struct str big = {text, TEXT_MAX};

	memset(text, 'x', TEXT_MAX);
	for (uint64_t seq = 10; seq < 20; seq++)
		BYGONE(say, .seq = seq, .room = ROOM_ID(LOBBY), .name = S("a"), .text = big);
	bygone_commit();
	ask((struct m_s_query){.kind = QUERY_LATEST, .limit = 5, IN(LOBBY)}, 5000);
	ck_assert_uint_eq(page.more, 1);
	ck_assert_uint_eq(NTH(say, 0).seq, 17);
	ck_assert_uint_eq(NTH(say, 2).seq, 19);
	ask((struct m_s_query){.kind = QUERY_FIRST, .limit = 5, IN(LOBBY)}, 5000);
	ck_assert_uint_eq(page.more, 1);
	ck_assert_uint_eq(NTH(say, 2).seq, 12);
	ask((struct m_s_query){.kind = QUERY_FIRST, .limit = 3, IN(LOBBY)}, 5000);
	ck_assert_uint_eq(page.more, 0);
	ask((struct m_s_query){.kind = QUERY_AROUND, .limit = 6, .lo = 15, IN(LOBBY)}, 5000);
	ck_assert_uint_eq(page.more, 1);
	ck_assert_uint_eq(NTH(say, 0).seq, 14);
	ck_assert_uint_eq(NTH(say, 2).seq, 16);
}
END_TEST

START_TEST(number_of_rows)
{
	unsigned n = 0;

	for (uint64_t seq = 10; seq < 1000; seq++)
		say(seq, LOBBY, "a", "");
	bygone_commit();
	ask((struct m_s_query){.kind = QUERY_LATEST, .limit = 10000, IN(LOBBY)}, 5000);
	for (struct str rest = page.rows; rest.n > 0; n++) {
		ssize_t len = ipc_frame(rest.p, rest.n);

		rest.p += len;
		rest.n -= (size_t)len;
	}
	ck_assert_uint_eq(n, QUERY_ROWS_MAX);
	ck_assert_uint_eq(NTH(say, 0).seq, 500);
	/* what is shown to who comes in */
	ck_rows("996 |997 |998 |999 |", .kind = QUERY_LATEST, .flags = QUERY_REPLAY, .limit = 4,
		IN(LOBBY));
	ask((struct m_s_query){.kind = QUERY_LATEST, .flags = QUERY_REPLAY, .limit = 50, IN(LOBBY)},
	    5000);
	ck_assert_uint_eq(NTH(say, 0).seq, 990);
}
END_TEST

/* A question has as much as it could find in its time, and says so. */
START_TEST(time_is_over)
{
	for (uint64_t seq = 10; seq < 3000; seq++)
		say(seq, LOBBY, "a", "some words to look at");
	bygone_commit();
	ask((struct m_s_query){.kind = QUERY_SEARCH, .from = S("nobody"), IN(LOBBY)}, 0);
	ck_assert_uint_eq(page.code, ERR_NONE);
	ck_assert_uint_eq(page.more, 1);
	ck_rows("", .kind = QUERY_SEARCH, .from = S("nobody"), IN(LOBBY));
	ck_assert_uint_eq(page.more, 0);
}
END_TEST

START_TEST(no_database)
{
	asker_open("nothing.db", 1);
	ask((struct m_s_query){.kind = QUERY_LATEST, IN(LOBBY)}, 5000);
	ck_assert_uint_eq(page.code, ERR_STORE_AWAY);
	ck_assert_uint_gt(strlen(asker_why()), 0);
	ck_assert_uint_eq(page.rows.n, 0);
}
END_TEST

/* The database as one file, with some bytes changed, as "damaged.db". */
static void
damage(unsigned seed)
{
	static char file[1 << 20];
	struct db db;
	FILE *f;
	size_t n;

	ck_assert(db_open(&db, DB_FILE, DB_WRITE));
	ck_assert(db_exec(&db, "PRAGMA wal_checkpoint(TRUNCATE)"));
	db_close(&db);
	f = fopen(DB_FILE, "r");
	n = fread(file, 1, sizeof(file), f);
	fclose(f);
	ck_assert(n > 4096 && n < sizeof(file));
	for (unsigned i = 0; i < 40; i++) {
		seed = seed * 1103515245 + 12345;
		/* not the first page's head: then it is no database at all */
		file[100 + (seed >> 8) % (n - 100)] ^= (char)(1 + seed % 255);
	}
	f = fopen("damaged.db", "w");
	ck_assert_uint_eq(fwrite(file, 1, n, f), n);
	fclose(f);
}

/* A damaged database gives answers that are whole, or none; asked again and again. */
START_TEST(damaged)
{
	twelve();
	dm(30, "alice=", "Bob", true, "hi bob");
	bygone_commit();
	for (unsigned seed = 1; seed <= 60; seed++) {
		damage(seed);
		asker_open("damaged.db", 1);
		for (unsigned kind = 0; kind < QUERY_KINDS; kind++) {
			ask((struct m_s_query){.kind = (uint8_t)kind,
					       .text = S("l"),
					       .viewer = alice,
					       .lo = 12,
					       .flags = QUERY_EVENTS,
					       .direct = 1,
					       IN(LOBBY, OPS)},
			    1000);
			ck_assert(page.code == ERR_NONE || page.code == ERR_STORE_AWAY ||
				  (kind == QUERY_FILE && page.code == ERR_NOT_FOUND));
			rows();
		}
	}
}
END_TEST

/* --- one message -------------------------------------------------------------------------------- */

START_TEST(one_message)
{
	say(10, OPS, "alice=", "this");
	dm(11, "alice=", "Bob", false, "that");
	bygone_commit();
	ck_assert_uint_eq(ask_one((struct m_s_message){.seq = 10, .place = OPS}), ERR_NONE);
	ck_assert_str_eq(rows(), "10 this|");
	ck_assert_uint_eq(ask_one((struct m_s_message){.seq = 11, .viewer = bob, .peer = alice}),
			  ERR_NONE);
	ck_assert_str_eq(rows(), "11 >Bob that|");
	ck_assert_uint_eq(ask_one((struct m_s_message){.seq = 10, .place = LOBBY}),
			  ERR_NO_SUCH_MESSAGE);
	ck_assert_uint_eq(ask_one((struct m_s_message){.seq = 12, .place = OPS}),
			  ERR_NO_SUCH_MESSAGE);
	ck_assert_uint_eq(ask_one((struct m_s_message){.seq = UINT64_MAX, .place = OPS}),
			  ERR_NO_SUCH_MESSAGE);
	ck_assert_uint_eq(ask_one((struct m_s_message){.seq = 10}), ERR_NO_SUCH_MESSAGE);
	ck_assert_uint_eq(ask_one((struct m_s_message){.seq = 11, .viewer = carol, .peer = alice}),
			  ERR_NO_SUCH_MESSAGE);
	ck_assert_uint_eq(
	    ask_one((struct m_s_message){.seq = 11, .place = OPS, .viewer = bob, .peer = alice}),
	    ERR_NO_SUCH_MESSAGE);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
	    rows_are_what_they_were,
	    events_are_what_they_were,
	    only_what_is_named,
	    administrators_see_all,
	    ranks,
	    redacted_and_edited,
	    one_page,
	    number_of_rows,
	    time_is_over,
	    no_database,
	    damaged,
	    one_message,
	};

	return asker_run("ask", tests, ARRAY_LEN(tests));
}
