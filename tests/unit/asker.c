/* asker.c - see asker.h. */
#include "config.h"

#include "asker.h"

#include "lib/util.h"
#include "store/ask.h"
#include "store/db.h"

uint64_t alice, bob, carol;
struct m_s_page page;

static struct ask *asker;
static char answer[IPC_FRAME_MAX];

/* --- what is there to be asked about ------------------------------------------------------------ */

struct who
who_of(const char *s)
{
	struct who w;
	size_t n = strcspn(s, "=");

	bprintf(w.name, sizeof(w.name), "%.*s", (int)n, s);
	bprintf(w.account, sizeof(w.account), "%s", s[n] == '=' ? w.name : "");
	bprintf(w.uhost, sizeof(w.uhost), "%s@host", w.name);
	return w;
}

void
say(uint64_t seq, uint64_t born, const char *who, const char *text)
{
	struct who w = who_of(who);

	BYGONE(say, .seq = seq, .room = ROOM_ID(born), WHO(w), .text = S(text));
}

void
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

void
twelve(void)
{
	for (uint64_t seq = 10; seq <= 20; seq++)
		say(seq, seq % 2 == 0 ? LOBBY : OPS,
		    seq % 3 == 0 ? "bob" : "alice=", seq % 2 == 0 ? "l" : "o");
	bygone_commit();
}

/* --- asking ------------------------------------------------------------------------------------- */

void
asker_open(const char *file, uint64_t epoch)
{
	asker_close();
	asker = ask_new(file, epoch);
}

void
asker_close(void)
{
	if (asker != NULL)
		ask_free(asker);
	asker = NULL;
}

const char *
asker_why(void)
{
	return ask_why(asker);
}

static size_t
show_event(const char *f, size_t len, char *out, size_t cap)
{
	struct ev_head h;

	ev_head_get(f, len, &h);
	ck_assert_uint_eq(h.origin, 0);
	ck_assert_uint_eq(h.serial, 0);
	return bprintf(out, cap, "%llu %s|", (unsigned long long)h.seq, ipc_name(ipc_type(f)));
}

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
		return bprintf(out, cap, "%s" STR_FMT " %llu %u|", place.born != 0 ? "#" : "@",
			       STR_ARG(place.name), (unsigned long long)place.seq, place.count);
	if (m_q_mark_get(f, len, &mark))
		return bprintf(out, cap, "mark %llu|", (unsigned long long)mark.when);
	return show_event(f, len, out, cap);
}

static void
ask_frame(const char *frame, size_t len, uint64_t ms, uint32_t ticket)
{
	size_t n;

	ck_assert_uint_gt(len, 0);
	n = ask_answer(asker, frame, len, ms, answer);
	ck_assert(m_s_page_get(answer, n, &page));
	ck_assert_uint_eq(page.ticket, ticket);
}

void
ask(struct m_s_query q, uint64_t ms)
{
	char frame[4096];

	q.ticket = 77;
	ask_frame(frame, m_s_query_put(frame, sizeof(frame), &q), ms, q.ticket);
}

unsigned
ask_one(struct m_s_message m)
{
	char frame[128];

	m.ticket = 5;
	ask_frame(frame, m_s_message_put(frame, sizeof(frame), &m), 5000, m.ticket);
	return page.code;
}

const char *
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

struct str
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

/* --- the program -------------------------------------------------------------------------------- */

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
	asker_open(DB_FILE, 1);
}

static void
end(void)
{
	asker_close();
	bygone_close();
}

int
asker_run(const char *name, const TTest *const *tests, size_t n)
{
	Suite *s = suite_create(name);
	TCase *tc = tcase_create(name);

	tcase_add_checked_fixture(tc, begin, end);
	tcase_set_timeout(tc, 60);
	for (size_t i = 0; i < n; i++)
		tcase_add_test(tc, tests[i]);
	suite_add_tcase(s, tc);
	return unit_run(s);
}
