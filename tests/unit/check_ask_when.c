/* check_ask_when.c - questions about what was said: their bounds, by numbers and by times. */
#include "config.h"

#include "asker.h"
#include "lib/util.h"

START_TEST(latest)
{
	twelve();
	ck_rows(ALL_LOBBY, .kind = QUERY_LATEST, IN(LOBBY));
	ck_rows("18 l|20 l|", .kind = QUERY_LATEST, .limit = 2, IN(LOBBY));
	ck_rows("14 l|16 l|", .kind = QUERY_LATEST, .limit = 2, .hi = 18, IN(LOBBY));
	ck_rows("14 l|16 l|", .kind = QUERY_LATEST, .limit = 2, .hi = 17, IN(LOBBY));
	ck_rows("18 l|20 l|", .kind = QUERY_LATEST, .lo = 16, IN(LOBBY));
	ck_rows("18 l|", .kind = QUERY_LATEST, .lo = 16, .hi = 20, IN(LOBBY));
	ck_rows("", .kind = QUERY_LATEST, .lo = 16, .hi = 17, IN(LOBBY));
	ck_rows("", .kind = QUERY_LATEST, .lo = 18, .hi = 12, IN(LOBBY));
	ck_rows("", .kind = QUERY_LATEST, .lo = UINT64_MAX, IN(LOBBY));
	ck_rows(ALL_LOBBY, .kind = QUERY_LATEST, .hi = UINT64_MAX, IN(LOBBY));
	ck_rows("", .kind = QUERY_LATEST, IN(EMPTY));
	ck_rows("18 l|19 o|20 l|", .kind = QUERY_LATEST, .limit = 3, IN(LOBBY, OPS));
}
END_TEST

START_TEST(first)
{
	twelve();
	ck_rows("10 l|12 l|", .kind = QUERY_FIRST, .limit = 2, IN(LOBBY));
	ck_rows("14 l|16 l|", .kind = QUERY_FIRST, .limit = 2, .lo = 12, IN(LOBBY));
	ck_rows("14 l|", .kind = QUERY_FIRST, .limit = 2, .lo = 12, .hi = 16, IN(LOBBY));
	ck_rows("", .kind = QUERY_FIRST, .lo = 20, IN(LOBBY));
	ck_rows("10 l|11 o|12 l|", .kind = QUERY_FIRST, .limit = 3, IN(LOBBY, OPS));
}
END_TEST

START_TEST(around)
{
	twelve();
	ck_rows("12 l|14 l|16 l|18 l|", .kind = QUERY_AROUND, .limit = 4, .lo = 16, IN(LOBBY));
	ck_rows("14 l|16 l|18 l|", .kind = QUERY_AROUND, .limit = 3, .lo = 16, IN(LOBBY));
	ck_rows("16 l|", .kind = QUERY_AROUND, .limit = 1, .lo = 16, IN(LOBBY));
	/* it is gone: around where it was */
	ck_rows("14 l|16 l|", .kind = QUERY_AROUND, .limit = 2, .lo = 15, IN(LOBBY));
	ck_rows("10 l|12 l|", .kind = QUERY_AROUND, .limit = 4, .lo = 1, IN(LOBBY));
	ck_rows("18 l|20 l|", .kind = QUERY_AROUND, .limit = 4, .lo = 99, IN(LOBBY));
	ck_rows("12 l|14 l|16 l|18 l|", .kind = QUERY_AROUND, .limit = 4, .lo = BYGONE_TIME(16),
		.bounds = QUERY_LO_TIME, IN(LOBBY));
	ck_rows("12 l|14 l|16 l|18 l|", .kind = QUERY_AROUND, .limit = 4, .lo = BYGONE_TIME(14) + 1,
		.bounds = QUERY_LO_TIME, IN(LOBBY));
}
END_TEST

START_TEST(times)
{
	twelve();
	ck_rows("18 l|20 l|", .kind = QUERY_FIRST, .bounds = QUERY_LO_TIME, .lo = BYGONE_TIME(16),
		IN(LOBBY));
	ck_rows("16 l|18 l|20 l|", .kind = QUERY_FIRST, .bounds = QUERY_LO_TIME,
		.lo = BYGONE_TIME(16) - 1, IN(LOBBY));
	ck_rows("10 l|12 l|14 l|", .kind = QUERY_LATEST, .bounds = QUERY_HI_TIME,
		.hi = BYGONE_TIME(16), IN(LOBBY));
	ck_rows("10 l|12 l|14 l|16 l|", .kind = QUERY_LATEST, .bounds = QUERY_HI_TIME,
		.hi = BYGONE_TIME(16) + 1, IN(LOBBY));
	ck_rows("14 l|", .kind = QUERY_LATEST, .bounds = QUERY_LO_TIME | QUERY_HI_TIME,
		.lo = BYGONE_TIME(12), .hi = BYGONE_TIME(16), IN(LOBBY));
	ck_rows("14 l|", .kind = QUERY_LATEST, .bounds = QUERY_LO_TIME, .lo = BYGONE_TIME(12),
		.hi = 16, IN(LOBBY));
	ck_rows("", .kind = QUERY_LATEST, .bounds = QUERY_LO_TIME, .lo = UINT64_MAX, IN(LOBBY));
	ck_rows("", .kind = QUERY_LATEST, .bounds = QUERY_HI_TIME, .hi = 1, IN(LOBBY));
	ck_rows(ALL_LOBBY, .kind = QUERY_LATEST, .bounds = QUERY_LO_TIME | QUERY_HI_TIME, .lo = 1,
		.hi = UINT64_MAX, IN(LOBBY));
}
END_TEST

/* Hours, in many groups: the clock has rows between which is looked. */
START_TEST(times_over_long)
{
	for (uint64_t seq = 100; seq < 4000; seq++) {
		BYGONE(say, .seq = seq, .at = BYGONE_TIME(seq) * 1, .room = ROOM_ID(LOBBY),
		       .name = S("x"), .text = S("t"));
		if (seq % 50 == 0)
			bygone_commit();
	}
	bygone_commit();
	for (uint64_t seq = 100; seq < 3990; seq += 97) {
		char want[64];

		bprintf(want, sizeof(want), "%llu t|%llu t|", (unsigned long long)seq,
			(unsigned long long)seq + 1);
		ck_rows(want, .kind = QUERY_FIRST, .limit = 2, .bounds = QUERY_LO_TIME,
			.lo = BYGONE_TIME(seq) - 1, IN(LOBBY));
		ck_rows(want, .kind = QUERY_LATEST, .limit = 2, .bounds = QUERY_HI_TIME,
			.hi = BYGONE_TIME(seq + 1) + 1, IN(LOBBY));
	}
}
END_TEST

/* A clock that was a year ahead for a while, and was set back: everything stays in its order, and what is said now is found. */
START_TEST(clock_that_jumps)
{
	static const uint64_t year = UINT64_C(365) * 86400 * 1000;

	for (uint64_t seq = 10; seq < 60; seq++) {
		BYGONE(say, .seq = seq,
		       .at = BYGONE_TIME(20 * seq) + (seq >= 20 && seq < 30 ? year : 0),
		       .room = ROOM_ID(LOBBY), .name = S("x"), .text = S("t"));
		bygone_commit();
	}
	ck_rows("18 t|19 t|20 t|21 t|", .kind = QUERY_FIRST, .lo = 17, .limit = 4, IN(LOBBY));
	ck_rows("58 t|59 t|", .kind = QUERY_LATEST, .limit = 2, .bounds = QUERY_HI_TIME,
		.hi = BYGONE_TIME(20 * 70), IN(LOBBY));
	ck_rows("41 t|42 t|", .kind = QUERY_FIRST, .limit = 2, .bounds = QUERY_LO_TIME,
		.lo = BYGONE_TIME(20 * 40), IN(LOBBY));
	ck_rows("38 t|39 t|", .kind = QUERY_LATEST, .limit = 2, .bounds = QUERY_HI_TIME,
		.hi = BYGONE_TIME(20 * 40), IN(LOBBY));
}
END_TEST

START_TEST(events_stand_between_messages)
{
	struct who a = who_of("alice=");

	say(10, OPS, "alice=", "one");
	BYGONE(topic, .seq = 11, .room = ROOM_ID(OPS), WHO(a), .text = S("t"));
	BYGONE(topic, .seq = 12, .room = ROOM_ID(LOBBY), WHO(a), .text = S("elsewhere"));
	BYGONE(topic, .seq = 13, .room = ROOM_ID(OPS), WHO(a), .text = S("t"));
	say(14, OPS, "bob", "two");
	bygone_commit();
	ck_rows("10 one|14 two|", .kind = QUERY_FIRST, IN(OPS));
	ck_rows("2 e_join|10 one|11 e_topic|13 e_topic|14 two|", .kind = QUERY_FIRST,
		.flags = QUERY_EVENTS, IN(OPS));
	ck_rows("11 e_topic|13 e_topic|14 two|", .kind = QUERY_LATEST, .limit = 3,
		.flags = QUERY_EVENTS, IN(OPS));
	ck_rows("13 e_topic|14 two|", .kind = QUERY_LATEST, .flags = QUERY_EVENTS,
		.bounds = QUERY_LO_TIME, .lo = BYGONE_TIME(11), IN(OPS));
	ck_rows("2 e_join|10 one|11 e_topic|", .kind = QUERY_LATEST, .flags = QUERY_EVENTS,
		.bounds = QUERY_HI_TIME, .hi = BYGONE_TIME(13), IN(OPS));
	ck_rows("14 two|", .kind = QUERY_LATEST, .flags = QUERY_EVENTS, .from = S("BOB"), IN(OPS));
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
	    latest,
	    first,
	    around,
	    times,
	    times_over_long,
	    clock_that_jumps,
	    events_stand_between_messages,
	};

	return asker_run("ask_when", tests, ARRAY_LEN(tests));
}
