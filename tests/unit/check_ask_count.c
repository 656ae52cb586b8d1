/* check_ask_count.c - questions about what waits, what was missed, with whom one talks, how far one has read. */
#include "config.h"

#include "asker.h"
#include "lib/util.h"

START_TEST(kept)
{
	dm(10, "alice=", "carol", true, "when you are back");
	dm(11, "guest", "carol", true, "me too");
	dm(12, "alice=", "Bob", true, "not for her");
	dm(13, "alice=", "carol", true, "and this");
	bygone_commit();
	ck_rows("10 >carol when you are back|11 >carol me too|13 >carol and this|",
		.kind = QUERY_KEPT, .viewer = carol);
	ck_assert_uint_eq(NTH(dm, 0).kept, 1);
	ck_str(NTH(dm, 1).name, "guest");
	ck_rows("11 >carol me too|", .kind = QUERY_KEPT, .viewer = carol, .lo = 10, .limit = 1);
	ck_rows("", .kind = QUERY_KEPT);
	/* what a guest wrote is in no conversation */
	ck_rows("@alice 13 2|", .kind = QUERY_TARGETS, .viewer = carol, .direct = 1);
	BYGONE(kept, .seq = 20, .account = S("carol"), .upto = 11);
	bygone_commit();
	ck_rows("13 >carol and this|", .kind = QUERY_KEPT, .viewer = carol);
	ck_rows("10 >carol when you are back|13 >carol and this|", .kind = QUERY_LATEST,
		.viewer = carol, .peer = alice);
}
END_TEST

START_TEST(missed)
{
	struct who b = who_of("Bob=");

	BYGONE(join, .seq = 10, .room = ROOM_ID(LOBBY), WHO(b));
	BYGONE(join, .seq = 11, .room = ROOM_ID(OPS), WHO(b));
	say(12, LOBBY, "alice=", "seen");
	BYGONE(part, .seq = 13, .room = ROOM_ID(LOBBY), WHO(b));
	say(14, LOBBY, "alice=", "not seen");
	say(15, OPS, "alice=", "seen, too");
	say(16, LOBBY, "alice=", "not seen");
	bygone_commit();
	ck_rows("#Lobby 16 2|", .kind = QUERY_MISSED, .viewer = bob);
	ck_rows("", .kind = QUERY_MISSED, .viewer = carol);
	ck_rows("", .kind = QUERY_MISSED);
	/* back again: what it missed is what was said meanwhile */
	BYGONE(join, .seq = 17, .room = ROOM_ID(LOBBY), WHO(b));
	say(18, LOBBY, "alice=", "seen");
	bygone_commit();
	ck_rows("#Lobby 16 2|", .kind = QUERY_MISSED, .viewer = bob);
	/* and has not been read since */
	BYGONE(mark, .seq = 20, .account = S("Bob"), .room = ROOM_ID(LOBBY),
	       .room_name = S("Lobby"), .when = BYGONE_TIME(14));
	bygone_commit();
	ck_rows("#Lobby 16 1|", .kind = QUERY_MISSED, .viewer = bob);
	BYGONE(mark, .seq = 21, .account = S("Bob"), .room = ROOM_ID(LOBBY),
	       .room_name = S("Lobby"), .when = BYGONE_TIME(16));
	bygone_commit();
	ck_rows("", .kind = QUERY_MISSED, .viewer = bob);
}
END_TEST

START_TEST(targets)
{
	twelve();
	dm(30, "alice=", "Bob", false, "hi");
	dm(32, "carol=", "alice", false, "hi");
	bygone_commit();
	ck_rows("#ops 19 5|#Lobby 20 6|@Bob 30 1|@carol 32 1|", .kind = QUERY_TARGETS,
		.viewer = alice, .direct = 1, IN(LOBBY, OPS));
	ck_rows("#Lobby 20 1|@Bob 30 1|", .kind = QUERY_TARGETS, .viewer = alice, .direct = 1,
		.bounds = QUERY_LO_TIME | QUERY_HI_TIME, .lo = BYGONE_TIME(19),
		.hi = BYGONE_TIME(32), IN(LOBBY, OPS));
	/* the last one counts, not one that is between the bounds */
	ck_rows("#ops 19 2|", .kind = QUERY_TARGETS, .lo = 16, .hi = 20, IN(LOBBY, OPS));
	ck_rows("@carol 32 1|", .kind = QUERY_TARGETS, .viewer = alice, .direct = 1, .limit = 1,
		IN(LOBBY, OPS));
	ck_rows("", .kind = QUERY_TARGETS, IN(EMPTY));
	ck_rows("#ops 19 5|#Lobby 20 6|", .kind = QUERY_TARGETS, .viewer = alice, IN(LOBBY, OPS));
}
END_TEST

START_TEST(marks)
{
	BYGONE(mark, .seq = 10, .account = S("alice"), .room = ROOM_ID(OPS), .room_name = S("ops"),
	       .when = 12345);
	BYGONE(mark, .seq = 11, .account = S("alice"), .peer = S("Bob"), .when = 99);
	bygone_commit();
	ck_rows("mark 12345|", .kind = QUERY_MARK, .viewer = alice, IN(OPS));
	ck_rows("mark 99|", .kind = QUERY_MARK, .viewer = alice, .peer = bob);
	ck_rows("", .kind = QUERY_MARK, .viewer = bob, IN(OPS));
	ck_rows("", .kind = QUERY_MARK, .viewer = alice, IN(LOBBY));
	ck_rows("", .kind = QUERY_MARK, .viewer = alice);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
	    kept,
	    missed,
	    targets,
	    marks,
	};

	return asker_run("ask_count", tests, ARRAY_LEN(tests));
}
