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
	ck_rows("@alice 13 0|", .kind = QUERY_TARGETS, .viewer = carol, .direct = 1);
	BYGONE(kept, .seq = 20, .account = S("carol"), .upto = 11);
	bygone_commit();
	ck_rows("13 >carol and this|", .kind = QUERY_KEPT, .viewer = carol);
	ck_rows("10 >carol when you are back|13 >carol and this|", .kind = QUERY_LATEST,
		.viewer = carol, .peer = alice);
}
END_TEST

/* Who leaves chatd leaves these rooms. */
#define ROOMS(...) \
	.rooms = {(const char *)(const uint64_t[]){__VA_ARGS__}, \
		  sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t)}

START_TEST(missed)
{
	struct who b = who_of("Bob=");

	BYGONE(join, .seq = 10, .room = ROOM_ID(LOBBY), WHO(b));
	BYGONE(join, .seq = 11, .room = ROOM_ID(OPS), WHO(b));
	say(12, LOBBY, "alice=", "seen");
	BYGONE(quit, .seq = 13, WHO(b), ROOMS(ROOM_ID(LOBBY)));
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

/* Who has left a room, or had to, is told nothing of it. */
START_TEST(not_missed)
{
	struct who b = who_of("Bob=");

	BYGONE(join, .seq = 10, .room = ROOM_ID(LOBBY), WHO(b));
	BYGONE(join, .seq = 11, .room = ROOM_ID(OPS), WHO(b));
	BYGONE(quit, .seq = 12, WHO(b), ROOMS(ROOM_ID(LOBBY), ROOM_ID(OPS)));
	say(13, LOBBY, "alice=", "not seen");
	say(14, OPS, "alice=", "not seen");
	bygone_commit();
	ck_rows("#Lobby 13 1|#ops 14 1|", .kind = QUERY_MISSED, .viewer = bob);
	BYGONE(join, .seq = 15, .room = ROOM_ID(LOBBY), WHO(b));
	BYGONE(join, .seq = 16, .room = ROOM_ID(OPS), WHO(b));
	BYGONE(part, .seq = 17, .room = ROOM_ID(LOBBY), WHO(b));
	BYGONE(kick, .seq = 18, .room = ROOM_ID(OPS), .name = S("b0b"), .by_name = S("alice"),
	       .account = S("alice"), .whose = S("Bob"));
	/* it leaves at once, before the store has come to that */
	BYGONE(quit, .seq = 19, WHO(b));
	say(20, LOBBY, "alice=", "not for him");
	say(21, OPS, "alice=", "nor this");
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
	ck_rows("#ops 19 0|#Lobby 20 0|@Bob 30 0|@carol 32 0|", .kind = QUERY_TARGETS,
		.viewer = alice, .direct = 1, IN(LOBBY, OPS));
	ck_rows("#Lobby 20 0|@Bob 30 0|", .kind = QUERY_TARGETS, .viewer = alice, .direct = 1,
		.bounds = QUERY_LO_TIME | QUERY_HI_TIME, .lo = BYGONE_TIME(19),
		.hi = BYGONE_TIME(32), IN(LOBBY, OPS));
	/* the last one counts, not one that is between the bounds */
	ck_rows("#ops 19 0|", .kind = QUERY_TARGETS, .lo = 16, .hi = 20, IN(LOBBY, OPS));
	ck_rows("@carol 32 0|", .kind = QUERY_TARGETS, .viewer = alice, .direct = 1, .limit = 1,
		IN(LOBBY, OPS));
	ck_rows("", .kind = QUERY_TARGETS, IN(EMPTY));
	ck_rows("#ops 19 0|#Lobby 20 0|", .kind = QUERY_TARGETS, .viewer = alice, IN(LOBBY, OPS));
}
END_TEST

/* Accounts x0, x1…, whom alice has written to, and then one of them again. */
static void
much_correspondence(unsigned n)
{
	char name[16], frame[512];

	for (unsigned i = 0; i < n; i++) {
		struct m_s_account m = {.ticket = 1, .op = ACCOUNT_CREATE, .hash = S("h")};

		m.name = (struct str){name, bprintf(name, sizeof(name), "x%u", i)};
		bygone_take(frame, m_s_account_put(frame, sizeof(frame), &m));
		dm(100 + i, "alice=", name, false, "hi");
	}
	dm(100 + n, "alice=", "x0", false, "hi");
	bygone_commit();
}

/* Those at either end are right, however many there are, and all of them, one part after the other, as well. */
START_TEST(many_targets)
{
	uint64_t last = 0;
	unsigned n = 0;

	much_correspondence(1200);
	ck_rows("@x1 101 0|@x2 102 0|", .kind = QUERY_TARGETS, .flags = QUERY_OLDEST,
		.viewer = alice, .direct = 1, .limit = 2);
	ck_rows("@x1199 1299 0|@x0 1300 0|", .kind = QUERY_TARGETS, .viewer = alice, .direct = 1,
		.limit = 2);
	do {
		struct m_q_place p = {0};

		ask((struct m_s_query){.kind = QUERY_TARGETS,
				       .flags = QUERY_OLDEST,
				       .viewer = alice,
				       .direct = 1,
				       .lo = last},
		    5000);
		ck_assert_uint_eq(page.code, ERR_NONE);
		for (struct str rest = page.rows; rest.n > 0; n++, last = p.seq) {
			ssize_t len = ipc_frame(rest.p, rest.n);

			ck_assert(len > 0 && m_q_place_get(rest.p, (size_t)len, &p));
			ck_assert_uint_gt(p.seq, last);
			rest.p += len;
			rest.n -= (size_t)len;
		}
	} while (page.rows.n > 0);
	ck_assert_uint_eq(n, 1200);
	/* some of them would be others than those that were asked for */
	ask((struct m_s_query){.kind = QUERY_TARGETS, .viewer = alice, .direct = 1}, 0);
	ck_assert_uint_eq(page.code, ERR_BUSY);
}
END_TEST

/* A page that does not hold all has those of the end that was asked for. */
START_TEST(more_targets_than_fit)
{
	char name[ROOM_BYTES_MAX + 1];
	struct m_q_place p;

	for (unsigned i = 0; i < QUERY_ROWS_MAX; i++) {
		bprintf(name, sizeof(name), "%0127u", i);
		BYGONE(join, .seq = 100 + 2 * i, .room = ROOM_ID(100 + i), .name = S("x"),
		       .room_name = S(name), .flags = MEMBER_CREATED);
		say(101 + 2 * i, 100 + i, "x", "t");
	}
	bygone_commit();
	ask((struct m_s_query){.kind = QUERY_TARGETS, .admin = 1, .flags = QUERY_OLDEST}, 5000);
	ck_assert_uint_eq(page.more, 1);
	ck_assert(m_q_place_get(nth(0).p, nth(0).n, &p));
	ck_assert_uint_eq(p.seq, 101);
	ck_assert(m_q_place_get(nth(99).p, nth(99).n, &p));
	ck_assert_uint_eq(p.seq, 101 + 2 * 99);
}
END_TEST

START_TEST(marks)
{
	struct who b = who_of("Bob=");

	BYGONE(mark, .seq = 10, .account = S("alice"), .room = ROOM_ID(OPS), .room_name = S("ops"),
	       .when = 12345);
	BYGONE(mark, .seq = 11, .account = S("alice"), .peer = S("Bob"), .when = 99);
	bygone_commit();
	ck_rows("mark 12345|", .kind = QUERY_MARK, .viewer = alice, IN(OPS));
	ck_rows("mark 99|", .kind = QUERY_MARK, .viewer = alice, .peer = bob);
	ck_rows("", .kind = QUERY_MARK, .viewer = bob, IN(OPS));
	ck_rows("", .kind = QUERY_MARK, .viewer = alice, IN(LOBBY));
	ck_rows("", .kind = QUERY_MARK, .viewer = alice);
	/* another room of that name */
	BYGONE(join, .seq = 12, .room = ROOM_ID(12), WHO(b), .room_name = S("OPS"),
	       .flags = MEMBER_CREATED | MEMBER_OP);
	bygone_commit();
	ck_rows("mark 12345|", .kind = QUERY_MARK, .viewer = alice, IN(12));
	ck_rows("", .kind = QUERY_MARK, .viewer = bob, IN(12));
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
	    kept, missed, not_missed, targets, many_targets, more_targets_than_fit, marks,
	};

	return asker_run("ask_count", tests, ARRAY_LEN(tests));
}
