/* Questions about what was said: each kind, its bounds, its limits, and that nothing is seen of places that it does not
 * name. The history is written by the store's own writer. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "bygone.h"
#include "lib/util.h"
#include "store/ask.h"
#include "store/db.h"
#include "unit_str.h"

static struct ask *asker;

/* --- what is there to be asked about ------------------------------------------------------------ */

/* Rooms are called by the number of the event that made them. */
#define LOBBY 1
#define OPS 2
#define EMPTY 3
#define ROOM_ID(born) (0x100u + (born))

static uint64_t alice, bob, carol;

/* Somebody's name; with '=' behind it, logged in to the account that is called the same. */
struct who {
	char name[32], account[32], uhost[64];
};

static struct who
who_of(const char *s)
{
	struct who w;
	size_t n = strcspn(s, "=");

	bprintf(w.name, sizeof(w.name), "%.*s", (int)n, s);
	bprintf(w.account, sizeof(w.account), "%s", s[n] == '=' ? w.name : "");
	bprintf(w.uhost, sizeof(w.uhost), "%s@host", w.name);
	return w;
}
#define WHO(w) .name = S((w).name), .uhost = S((w).uhost), .account = S((w).account)

static void
say(uint64_t seq, uint64_t born, const char *who, const char *text)
{
	struct who w = who_of(who);

	BYGONE(say, .seq = seq, .room = ROOM_ID(born), WHO(w), .text = S(text));
}

static void
dm(uint64_t seq, const char *from, const char *to, bool kept, const char *text)
{
	struct who w = who_of(from);

	BYGONE(dm, .seq = seq, WHO(w), .to_name = S(to), .to_account = S(to), .kept = kept,
	       .text = S(text));
}

static void
make_room(uint64_t seq, const char *name)
{
	struct who w = who_of("alice=");

	BYGONE(join, .seq = seq, .room = ROOM_ID(seq), WHO(w), .room_name = S(name),
	       .flags = MEMBER_CREATED | MEMBER_OP);
}

static void
begin(void)
{
	bygone_open();
	alice = bygone_account("alice");
	bob = bygone_account("Bob");
	carol = bygone_account("carol");
	make_room(LOBBY, "Lobby");
	make_room(OPS, "ops");
	make_room(EMPTY, "empty");
	asker = ask_new(DB_FILE, 1);
}

static void
end(void)
{
	ask_free(asker);
	bygone_close();
}

/* --- asking ------------------------------------------------------------------------------------- */

static char answer[IPC_FRAME_MAX];
static struct m_s_page page;

static size_t
show_event(const char *f, size_t len, char *out, size_t cap)
{
	struct ev_head h;

	ev_head_get(f, len, &h);
	ck_assert_uint_eq(h.origin, 0);
	ck_assert_uint_eq(h.serial, 0);
	return bprintf(out, cap, "%llu %s|", (unsigned long long)h.seq, ipc_name(ipc_type(f)));
}

/* A row as text: "12 words|", "12 >carol words|", "#Lobby 12 3|" (the last message, how many), "mark 5|", "7 e_join|". */
static size_t
show(const char *f, size_t len, char *out, size_t cap)
{
	struct m_e_say say_m;
	struct m_e_dm dm_m;
	struct m_q_place place;
	struct m_q_mark mark;

	if (m_e_say_get(f, len, &say_m))
		return bprintf(out, cap, "%llu " STR_FMT "|", (unsigned long long)say_m.seq,
			       STR_ARG(say_m.text));
	if (m_e_dm_get(f, len, &dm_m))
		return bprintf(out, cap, "%llu >" STR_FMT " " STR_FMT "|",
			       (unsigned long long)dm_m.seq, STR_ARG(dm_m.to_account),
			       STR_ARG(dm_m.text));
	if (m_q_place_get(f, len, &place))
		return bprintf(out, cap, "%s" STR_FMT " %llu %u|", place.room ? "#" : "@",
			       STR_ARG(place.name), (unsigned long long)place.seq, place.count);
	if (m_q_mark_get(f, len, &mark))
		return bprintf(out, cap, "mark %llu|", (unsigned long long)mark.when);
	return show_event(f, len, out, cap);
}

static void
ask(struct m_s_query q, uint64_t ms)
{
	char frame[4096];
	size_t n;

	q.ticket = 77;
	n = m_s_query_put(frame, sizeof(frame), &q);
	ck_assert_uint_gt(n, 0);
	n = ask_answer(asker, frame, n, ms, answer);
	ck_assert(m_s_page_get(answer, n, &page));
	ck_assert_uint_eq(page.ticket, 77);
}

static const char *
rows(void)
{
	static char out[8192];
	struct str rest = page.rows;
	size_t at = 0;

	out[0] = '\0';
	while (rest.n > 0) {
		ssize_t n = ipc_frame(rest.p, rest.n);

		ck_assert_int_gt(n, 0);
		at += show(rest.p, (size_t)n, out + at, sizeof(out) - at);
		rest.p += n;
		rest.n -= (size_t)n;
	}
	return out;
}

/* Ask with these fields, in these rooms. */
static const uint64_t lobby[] = {LOBBY}, ops[] = {OPS}, empty[] = {EMPTY}, both[] = {LOBBY, OPS};
#define IN(rooms_) .places = {(const char *)(rooms_), ARRAY_LEN(rooms_)}
#define ck_rows(want, ...) \
	do { \
		ask((struct m_s_query){__VA_ARGS__}, 5000); \
		ck_assert_uint_eq(page.code, ERR_NONE); \
		ck_assert_str_eq(rows(), want); \
	} while (0)

/* --- what rows are ------------------------------------------------------------------------------ */

START_TEST(rows_are_what_they_were)
{
	struct m_e_say m;
	size_t n;

	BYGONE(say, .seq = 10, .room = ROOM_ID(OPS), .from = 5, .umodes = UMODE_BOT,
	       .kind = MSG_ACTION, .name = S("Alice"), .uhost = S("a@host"), .account = S("alice"),
	       .tags = S("+draft/react=x"), .text = S("waves"));
	bygone_commit();
	ask((struct m_s_query){.kind = QUERY_LATEST, IN(ops)}, 5000);
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
	ask_free(asker);
	asker = ask_new(DB_FILE, 2);
	ask((struct m_s_query){.kind = QUERY_LATEST, IN(ops)}, 5000);
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

/* The k-th row. */
static struct str
nth(unsigned k)
{
	struct str rest = page.rows;
	ssize_t n;

	while ((n = ipc_frame(rest.p, rest.n)) > 0 && k-- > 0) {
		rest.p += n;
		rest.n -= (size_t)n;
	}
	ck_assert_int_gt(n, 0);
	return (struct str){rest.p, (size_t)n};
}
#define NTH(name_, k_) \
	({ \
		struct m_e_##name_ m_; \
		struct str f_ = nth(k_); \
		ck_assert(m_e_##name_##_get(f_.p, f_.n, &m_)); \
		m_; \
	})

START_TEST(events_are_what_they_were)
{
	struct mode_change change;
	struct str changes;

	events_of_all_kinds();
	ask((struct m_s_query){.kind = QUERY_FIRST, .flags = QUERY_EVENTS, .lo = 9, IN(ops)}, 5000);
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

/* --- bounds ------------------------------------------------------------------------------------- */

/* Messages 10, 12, … 20 in the lobby, 11, 13, … 19 in ops. */
static void
twelve(void)
{
	for (uint64_t seq = 10; seq <= 20; seq++)
		say(seq, seq % 2 == 0 ? LOBBY : OPS,
		    seq % 3 == 0 ? "bob" : "alice=", seq % 2 == 0 ? "l" : "o");
	bygone_commit();
}
#define ALL_LOBBY "10 l|12 l|14 l|16 l|18 l|20 l|"

START_TEST(latest)
{
	twelve();
	ck_rows(ALL_LOBBY, .kind = QUERY_LATEST, IN(lobby));
	ck_rows("18 l|20 l|", .kind = QUERY_LATEST, .limit = 2, IN(lobby));
	ck_rows("14 l|16 l|", .kind = QUERY_LATEST, .limit = 2, .hi = 18, IN(lobby));
	ck_rows("14 l|16 l|", .kind = QUERY_LATEST, .limit = 2, .hi = 17, IN(lobby));
	ck_rows("18 l|20 l|", .kind = QUERY_LATEST, .lo = 16, IN(lobby));
	ck_rows("18 l|", .kind = QUERY_LATEST, .lo = 16, .hi = 20, IN(lobby));
	ck_rows("", .kind = QUERY_LATEST, .lo = 16, .hi = 17, IN(lobby));
	ck_rows("", .kind = QUERY_LATEST, .lo = 18, .hi = 12, IN(lobby));
	ck_rows("", .kind = QUERY_LATEST, .lo = UINT64_MAX, IN(lobby));
	ck_rows(ALL_LOBBY, .kind = QUERY_LATEST, .hi = UINT64_MAX, IN(lobby));
	ck_rows("", .kind = QUERY_LATEST, IN(empty));
	ck_rows("18 l|19 o|20 l|", .kind = QUERY_LATEST, .limit = 3, IN(both));
}
END_TEST

START_TEST(first)
{
	twelve();
	ck_rows("10 l|12 l|", .kind = QUERY_FIRST, .limit = 2, IN(lobby));
	ck_rows("14 l|16 l|", .kind = QUERY_FIRST, .limit = 2, .lo = 12, IN(lobby));
	ck_rows("14 l|", .kind = QUERY_FIRST, .limit = 2, .lo = 12, .hi = 16, IN(lobby));
	ck_rows("", .kind = QUERY_FIRST, .lo = 20, IN(lobby));
	ck_rows("10 l|11 o|12 l|", .kind = QUERY_FIRST, .limit = 3, IN(both));
}
END_TEST

START_TEST(around)
{
	twelve();
	ck_rows("12 l|14 l|16 l|18 l|", .kind = QUERY_AROUND, .limit = 4, .lo = 16, IN(lobby));
	ck_rows("14 l|16 l|18 l|", .kind = QUERY_AROUND, .limit = 3, .lo = 16, IN(lobby));
	ck_rows("16 l|", .kind = QUERY_AROUND, .limit = 1, .lo = 16, IN(lobby));
	/* it is gone: around where it was */
	ck_rows("14 l|16 l|", .kind = QUERY_AROUND, .limit = 2, .lo = 15, IN(lobby));
	ck_rows("10 l|12 l|", .kind = QUERY_AROUND, .limit = 4, .lo = 1, IN(lobby));
	ck_rows("18 l|20 l|", .kind = QUERY_AROUND, .limit = 4, .lo = 99, IN(lobby));
	ck_rows("12 l|14 l|16 l|18 l|", .kind = QUERY_AROUND, .limit = 4, .lo = BYGONE_TIME(16),
		.bounds = QUERY_LO_TIME, IN(lobby));
	ck_rows("12 l|14 l|16 l|18 l|", .kind = QUERY_AROUND, .limit = 4, .lo = BYGONE_TIME(14) + 1,
		.bounds = QUERY_LO_TIME, IN(lobby));
}
END_TEST

START_TEST(times)
{
	twelve();
	ck_rows("18 l|20 l|", .kind = QUERY_FIRST, .bounds = QUERY_LO_TIME, .lo = BYGONE_TIME(16),
		IN(lobby));
	ck_rows("16 l|18 l|20 l|", .kind = QUERY_FIRST, .bounds = QUERY_LO_TIME,
		.lo = BYGONE_TIME(16) - 1, IN(lobby));
	ck_rows("10 l|12 l|14 l|", .kind = QUERY_LATEST, .bounds = QUERY_HI_TIME,
		.hi = BYGONE_TIME(16), IN(lobby));
	ck_rows("10 l|12 l|14 l|16 l|", .kind = QUERY_LATEST, .bounds = QUERY_HI_TIME,
		.hi = BYGONE_TIME(16) + 1, IN(lobby));
	ck_rows("14 l|", .kind = QUERY_LATEST, .bounds = QUERY_LO_TIME | QUERY_HI_TIME,
		.lo = BYGONE_TIME(12), .hi = BYGONE_TIME(16), IN(lobby));
	ck_rows("14 l|", .kind = QUERY_LATEST, .bounds = QUERY_LO_TIME, .lo = BYGONE_TIME(12),
		.hi = 16, IN(lobby));
	ck_rows("", .kind = QUERY_LATEST, .bounds = QUERY_LO_TIME, .lo = UINT64_MAX, IN(lobby));
	ck_rows("", .kind = QUERY_LATEST, .bounds = QUERY_HI_TIME, .hi = 1, IN(lobby));
	ck_rows(ALL_LOBBY, .kind = QUERY_LATEST, .bounds = QUERY_LO_TIME | QUERY_HI_TIME, .lo = 1,
		.hi = UINT64_MAX, IN(lobby));
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
			.lo = BYGONE_TIME(seq) - 1, IN(lobby));
		ck_rows(want, .kind = QUERY_LATEST, .limit = 2, .bounds = QUERY_HI_TIME,
			.hi = BYGONE_TIME(seq + 1) + 1, IN(lobby));
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
	ck_rows("18 t|19 t|20 t|21 t|", .kind = QUERY_FIRST, .lo = 17, .limit = 4, IN(lobby));
	ck_rows("58 t|59 t|", .kind = QUERY_LATEST, .limit = 2, .bounds = QUERY_HI_TIME,
		.hi = BYGONE_TIME(20 * 70), IN(lobby));
	ck_rows("41 t|42 t|", .kind = QUERY_FIRST, .limit = 2, .bounds = QUERY_LO_TIME,
		.lo = BYGONE_TIME(20 * 40), IN(lobby));
	ck_rows("38 t|39 t|", .kind = QUERY_LATEST, .limit = 2, .bounds = QUERY_HI_TIME,
		.hi = BYGONE_TIME(20 * 40), IN(lobby));
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
	ck_rows("10 one|14 two|", .kind = QUERY_FIRST, IN(ops));
	ck_rows("2 e_join|10 one|11 e_topic|13 e_topic|14 two|", .kind = QUERY_FIRST,
		.flags = QUERY_EVENTS, IN(ops));
	ck_rows("11 e_topic|13 e_topic|14 two|", .kind = QUERY_LATEST, .limit = 3,
		.flags = QUERY_EVENTS, IN(ops));
	ck_rows("13 e_topic|14 two|", .kind = QUERY_LATEST, .flags = QUERY_EVENTS,
		.bounds = QUERY_LO_TIME, .lo = BYGONE_TIME(11), IN(ops));
	ck_rows("2 e_join|10 one|11 e_topic|", .kind = QUERY_LATEST, .flags = QUERY_EVENTS,
		.bounds = QUERY_HI_TIME, .hi = BYGONE_TIME(13), IN(ops));
	ck_rows("14 two|", .kind = QUERY_LATEST, .flags = QUERY_EVENTS, .from = S("BOB"), IN(ops));
}
END_TEST

/* --- what may be seen --------------------------------------------------------------------------- */

START_TEST(only_what_is_named)
{
	static const uint64_t odd[] = {0, 999, OPS, OPS}, none[] = {999};

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
	ck_rows("", .kind = QUERY_LATEST, IN(none));
	ck_rows("17 o|19 o|", .kind = QUERY_LATEST, .limit = 2, IN(odd));
	ck_rows("", .kind = QUERY_SEARCH, .text = S("hi"), .viewer = alice);
	ck_rows("", .kind = QUERY_SEARCH, .text = S("hi"), .direct = 1);
	ck_rows("30 >Bob hi bob|31 >alice hi alice|", .kind = QUERY_SEARCH, .text = S("hi"),
		.viewer = alice, .direct = 1, IN(lobby));
	ck_rows("", .kind = QUERY_SEARCH, .text = S("hi"), .viewer = alice, .direct = 1,
		.peer = carol);
}
END_TEST

START_TEST(administrators_see_all)
{
	static const uint64_t later[] = {40};

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
	ck_rows("41 another room of that name|", .kind = QUERY_LATEST, .admin = 1, IN(later));
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
	ck_rows("10 word for all|", .kind = QUERY_LATEST, IN(ops));
	ck_rows("10 word for all|", .kind = QUERY_LATEST, .ranks = MEMBER_VOICE, IN(ops));
	ck_rows("10 word for all|", .kind = QUERY_SEARCH, .text = S("word"), IN(ops));
	ck_rows("10 word for all|11 word for operators|", .kind = QUERY_LATEST,
		.ranks = MEMBER_VOICE | MEMBER_OP, IN(ops));
	ck_rows("10 word for all|11 word for operators|", .kind = QUERY_LATEST, .admin = 1,
		IN(ops));
}
END_TEST

/* --- taken back, changed, kept, missed ----------------------------------------------------------- */

START_TEST(redacted_and_edited)
{
	twelve();
	BYGONE(redact, .seq = 30, .room = ROOM_ID(LOBBY), .msg = 12, .name = S("alice"));
	BYGONE(edit, .seq = 31, .room = ROOM_ID(LOBBY), .msg = 14, .name = S("alice"),
	       .text = S("better words"));
	bygone_commit();
	ck_rows("10 l|14 better words|", .kind = QUERY_FIRST, .limit = 2, IN(lobby));
	ck_rows("14 better words|", .kind = QUERY_SEARCH, .text = S("better"), IN(lobby));
	ck_rows("10 l|16 l|18 l|20 l|", .kind = QUERY_SEARCH, .text = S("l"), IN(lobby));
}
END_TEST

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
		.viewer = alice, .direct = 1, IN(both));
	ck_rows("#Lobby 20 1|@Bob 30 1|", .kind = QUERY_TARGETS, .viewer = alice, .direct = 1,
		.bounds = QUERY_LO_TIME | QUERY_HI_TIME, .lo = BYGONE_TIME(19),
		.hi = BYGONE_TIME(32), IN(both));
	/* the last one counts, not one that is between the bounds */
	ck_rows("#ops 19 2|", .kind = QUERY_TARGETS, .lo = 16, .hi = 20, IN(both));
	ck_rows("@carol 32 1|", .kind = QUERY_TARGETS, .viewer = alice, .direct = 1, .limit = 1,
		IN(both));
	ck_rows("", .kind = QUERY_TARGETS, IN(empty));
	ck_rows("#ops 19 5|#Lobby 20 6|", .kind = QUERY_TARGETS, .viewer = alice, IN(both));
}
END_TEST

START_TEST(marks)
{
	BYGONE(mark, .seq = 10, .account = S("alice"), .room = ROOM_ID(OPS), .room_name = S("ops"),
	       .when = 12345);
	BYGONE(mark, .seq = 11, .account = S("alice"), .peer = S("Bob"), .when = 99);
	bygone_commit();
	ck_rows("mark 12345|", .kind = QUERY_MARK, .viewer = alice, IN(ops));
	ck_rows("mark 99|", .kind = QUERY_MARK, .viewer = alice, .peer = bob);
	ck_rows("", .kind = QUERY_MARK, .viewer = bob, IN(ops));
	ck_rows("", .kind = QUERY_MARK, .viewer = alice, IN(lobby));
	ck_rows("", .kind = QUERY_MARK, .viewer = alice);
}
END_TEST

/* --- searching ---------------------------------------------------------------------------------- */

static void
searched(void)
{
	say(10, LOBBY, "alice=", "the quick brown fox");
	say(11, OPS, "alice=", "the quick brown dog");
	say(12, LOBBY, "Bob=", "quick, brown, quick");
	say(13, LOBBY, "al", "brown quick");
}

#define SEARCH(words_, ...) .kind = QUERY_SEARCH, .text = S(words_), __VA_ARGS__

static void
check_searches(void)
{
	ck_rows("10 the quick brown fox|12 quick, brown, quick|13 brown quick|",
		SEARCH("quick brown", IN(lobby)));
	ck_rows("10 the quick brown fox|12 quick, brown, quick|",
		SEARCH("\"quick brown\"", IN(lobby)));
	ck_rows("11 the quick brown dog|", SEARCH("quick", IN(ops)));
	ck_rows("12 quick, brown, quick|13 brown quick|", SEARCH("quick -the", IN(both)));
	ck_rows("10 the quick brown fox|11 the quick brown dog|", SEARCH("th*", IN(both)));
	ck_rows("12 quick, brown, quick|13 brown quick|", SEARCH("QUICK", .limit = 2, IN(lobby)));
	ck_rows("12 quick, brown, quick|", SEARCH("quick", .lo = 10, .hi = 13, IN(lobby)));
	ck_rows("10 the quick brown fox|", SEARCH("quick", .from = S("Alice"), IN(lobby)));
	ck_rows("12 quick, brown, quick|", SEARCH("quick", .from = S("bob"), IN(lobby)));
	ck_rows("13 brown quick|", SEARCH("quick", .from = S("AL"), IN(lobby)));
	ck_rows("", SEARCH("quick", .from = S("not a name"), IN(lobby)));
	ck_rows("12 quick, brown, quick|", SEARCH("", .from = S("bob"), IN(both)));
	ck_rows("", SEARCH("quick", IN(empty)));
}

START_TEST(search_the_index)
{
	searched();
	bygone_commit();
	check_searches();
}
END_TEST

/* What the index does not have yet is found all the same, and once; whatever it has. */
START_TEST(search_what_is_not_indexed)
{
	struct db db;
	char set[128];

	searched();
	bygone_commit();
	for (unsigned upto = 9; upto <= 13; upto++) {
		ck_assert(db_open(&db, DB_FILE, DB_MAKE));
		db_exec(&db, "INSERT INTO message_text(message_text) VALUES('delete-all')");
		bprintf(set, sizeof(set),
			"INSERT INTO message_text(rowid, text, place) SELECT seq, text, place FROM "
			"message WHERE seq <= %u",
			upto);
		db_exec(&db, set);
		bprintf(set, sizeof(set), "UPDATE meta SET value = %u WHERE name = 'indexed'",
			upto);
		ck_assert(db_exec(&db, set));
		db_close(&db);
		check_searches();
	}
}
END_TEST

START_TEST(bad_searches)
{
	static const char *const bad[] = {"*", "-x", "\"\"", "x\xff", "a*"};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		ask((struct m_s_query){SEARCH(bad[i], IN(both))}, 5000);
		ck_assert_uint_eq(page.code, ERR_BAD_ARGUMENT);
		ck_assert_uint_gt(page.arg.n, 0);
		ck_assert_uint_eq(page.rows.n, 0);
	}
	ask((struct m_s_query){.kind = QUERY_KINDS}, 5000);
	ck_assert_uint_eq(page.code, ERR_BAD_ARGUMENT);
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
	ask((struct m_s_query){.kind = QUERY_LATEST, .limit = 5, IN(lobby)}, 5000);
	ck_assert_uint_eq(page.more, 1);
	ck_assert_uint_eq(NTH(say, 0).seq, 17);
	ck_assert_uint_eq(NTH(say, 2).seq, 19);
	ask((struct m_s_query){.kind = QUERY_FIRST, .limit = 5, IN(lobby)}, 5000);
	ck_assert_uint_eq(page.more, 1);
	ck_assert_uint_eq(NTH(say, 2).seq, 12);
	ask((struct m_s_query){.kind = QUERY_FIRST, .limit = 3, IN(lobby)}, 5000);
	ck_assert_uint_eq(page.more, 0);
	ask((struct m_s_query){.kind = QUERY_AROUND, .limit = 6, .lo = 15, IN(lobby)}, 5000);
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
	ask((struct m_s_query){.kind = QUERY_LATEST, .limit = 10000, IN(lobby)}, 5000);
	for (struct str rest = page.rows; rest.n > 0; n++) {
		ssize_t len = ipc_frame(rest.p, rest.n);

		rest.p += len;
		rest.n -= (size_t)len;
	}
	ck_assert_uint_eq(n, QUERY_ROWS_MAX);
	ck_assert_uint_eq(NTH(say, 0).seq, 500);
	/* what is shown to who comes in */
	ck_rows("996 |997 |998 |999 |", .kind = QUERY_LATEST, .flags = QUERY_REPLAY, .limit = 4,
		IN(lobby));
	ask((struct m_s_query){.kind = QUERY_LATEST, .flags = QUERY_REPLAY, .limit = 50, IN(lobby)},
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
	ask((struct m_s_query){.kind = QUERY_SEARCH, .from = S("nobody"), IN(lobby)}, 0);
	ck_assert_uint_eq(page.code, ERR_NONE);
	ck_assert_uint_eq(page.more, 1);
	ck_rows("", .kind = QUERY_SEARCH, .from = S("nobody"), IN(lobby));
	ck_assert_uint_eq(page.more, 0);
}
END_TEST

START_TEST(no_database)
{
	ask_free(asker);
	asker = ask_new("nothing.db", 1);
	ask((struct m_s_query){.kind = QUERY_LATEST, IN(lobby)}, 5000);
	ck_assert_uint_eq(page.code, ERR_STORE_AWAY);
	ck_assert_uint_gt(strlen(ask_why(asker)), 0);
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
		ask_free(asker);
		asker = ask_new("damaged.db", 1);
		for (unsigned kind = 0; kind < QUERY_KINDS; kind++) {
			ask((struct m_s_query){.kind = (uint8_t)kind,
					       .text = S("l"),
					       .viewer = alice,
					       .lo = 12,
					       .flags = QUERY_EVENTS,
					       .direct = 1,
					       IN(both)},
			    1000);
			ck_assert(page.code == ERR_NONE || page.code == ERR_STORE_AWAY);
			rows();
		}
	}
}
END_TEST

/* --- one message -------------------------------------------------------------------------------- */

static unsigned
one(struct m_s_message m)
{
	char frame[128];
	size_t n;

	m.ticket = 5;
	n = m_s_message_put(frame, sizeof(frame), &m);
	n = ask_answer(asker, frame, n, 5000, answer);
	ck_assert(m_s_page_get(answer, n, &page) && page.ticket == 5);
	return page.code;
}

START_TEST(one_message)
{
	say(10, OPS, "alice=", "this");
	dm(11, "alice=", "Bob", false, "that");
	bygone_commit();
	ck_assert_uint_eq(one((struct m_s_message){.seq = 10, .place = OPS}), ERR_NONE);
	ck_assert_str_eq(rows(), "10 this|");
	ck_assert_uint_eq(one((struct m_s_message){.seq = 11, .viewer = bob, .peer = alice}),
			  ERR_NONE);
	ck_assert_str_eq(rows(), "11 >Bob that|");
	ck_assert_uint_eq(one((struct m_s_message){.seq = 10, .place = LOBBY}),
			  ERR_NO_SUCH_MESSAGE);
	ck_assert_uint_eq(one((struct m_s_message){.seq = 12, .place = OPS}), ERR_NO_SUCH_MESSAGE);
	ck_assert_uint_eq(one((struct m_s_message){.seq = UINT64_MAX, .place = OPS}),
			  ERR_NO_SUCH_MESSAGE);
	ck_assert_uint_eq(one((struct m_s_message){.seq = 10}), ERR_NO_SUCH_MESSAGE);
	ck_assert_uint_eq(one((struct m_s_message){.seq = 11, .viewer = carol, .peer = alice}),
			  ERR_NO_SUCH_MESSAGE);
	ck_assert_uint_eq(
	    one((struct m_s_message){.seq = 11, .place = OPS, .viewer = bob, .peer = alice}),
	    ERR_NO_SUCH_MESSAGE);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
	    rows_are_what_they_were,
	    events_are_what_they_were,
	    latest,
	    first,
	    around,
	    times,
	    times_over_long,
	    clock_that_jumps,
	    events_stand_between_messages,
	    only_what_is_named,
	    administrators_see_all,
	    ranks,
	    redacted_and_edited,
	    kept,
	    missed,
	    targets,
	    marks,
	    search_the_index,
	    search_what_is_not_indexed,
	    bad_searches,
	    one_page,
	    number_of_rows,
	    time_is_over,
	    no_database,
	    damaged,
	    one_message,
	};
	Suite *s = suite_create("ask");
	TCase *tc = tcase_create("ask");

	tcase_add_checked_fixture(tc, begin, end);
	tcase_set_timeout(tc, 60);
	for (size_t i = 0; i < ARRAY_LEN(tests); i++)
		tcase_add_test(tc, tests[i]);
	suite_add_tcase(s, tc);
	return unit_run(s);
}
