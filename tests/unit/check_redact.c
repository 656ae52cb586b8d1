/* check_redact.c - words taken back. */
#include "config.h"

#include <string.h>

#include "unit_str.h"
#include "world.h"

START_TEST(words_in_a_room_taken_back)
{
	uint64_t a = world_login_irc(0, "alice", "192.0.2.1", "", ""),
		 b = world_login_irc(1, "bob", "192.0.2.2", "", ""),
		 c = world_login_irc(2, "carol", "192.0.2.3", "", ""), room, said;

	ck_assert(world_join(0, a, "den") && world_join(1, b, "den") && world_join(2, c, "den"));
	room = room_find(S("den"))->id;
	ck_assert(world_say(1, b, room, "hello"));
	said = world_last()->seq;
	ck_assert_uint_eq(ASK(redact, 2, .user = c, .msg = said, .room = S("den")), MSG_e_refused);
	ck_assert_uint_eq(world_refused(), ERR_NOT_YOURS);
	ck_assert_uint_eq(ASK(redact, 1, .user = b, .msg = said, .room = S("den")), MSG_e_redact);
	ck_assert_uint_eq(world_last()->targets, 7);
	ck_assert_uint_eq(LAST(redact).msg, said);
	/* once */
	ASK(redact, 1, .user = b, .msg = said, .room = S("den"));
	ck_assert_uint_eq(world_refused(), ERR_NO_SUCH_MESSAGE);
	ASK(edit, 1, .user = b, .msg = said, .room = S("den"), .text = S("again"));
	ck_assert_uint_eq(world_refused(), ERR_NO_SUCH_MESSAGE);
	/* its operator may as well */
	ck_assert(world_say(1, b, room, "hello"));
	said = world_last()->seq;
	ck_assert_uint_eq(
	    ASK(redact, 0, .user = a, .msg = said, .room = S("den"), .reason = S("spam")),
	    MSG_e_redact);
	ck_str(LAST(redact).reason, "spam");
	ASK(redact, 0, .user = a, .msg = said + 1, .room = S("den"));
	ck_assert_uint_eq(world_refused(), ERR_NO_SUCH_MESSAGE);
	ASK(redact, 0, .user = a, .msg = ~0ull, .room = S("den"));
	ck_assert_uint_eq(world_refused(), ERR_NO_SUCH_MESSAGE);
	ASK(redact, 0, .user = a, .msg = 0, .room = S("den"));
	ck_assert_uint_eq(world_refused(), ERR_NO_SUCH_MESSAGE);
	ck_assert(world_join(0, a, "other"));
	ASK(redact, 0, .user = a, .msg = said, .room = S("other"));
	ck_assert_uint_eq(world_refused(), ERR_NO_SUCH_MESSAGE);
}
END_TEST

START_TEST(words_between_two_taken_back)
{
	uint64_t a = world_login_irc(0, "alice", "192.0.2.1", "", ""),
		 b = world_login_irc(1, "bob", "192.0.2.2", "", ""),
		 c = world_login_irc(2, "carol", "192.0.2.3", "", ""), said;

	ck_assert_uint_eq(ASK(dm, 0, .user = a, .to = S("bob"), .text = S("psst")), MSG_e_dm);
	said = world_last()->seq;
	ASK(redact, 2, .user = c, .msg = said, .name = S("bob"));
	ck_assert_uint_eq(world_refused(), ERR_NO_SUCH_MESSAGE);
	ASK(redact, 1, .user = b, .msg = said, .name = S("alice"));
	ck_assert_uint_eq(world_refused(), ERR_NOT_YOURS);
	ck_assert_uint_eq(ASK(redact, 0, .user = a, .msg = said, .name = S("bob")), MSG_e_redact);
	ck_assert_uint_eq(world_last()->targets, 3);
	ASK(redact, 0, .user = a, .msg = said, .name = S("nobody"));
	ck_assert_uint_eq(world_refused(), ERR_NO_SUCH_USER);
}
END_TEST

/* A broker that died behind the entry has not marked the message. */
START_TEST(taken_back_is_marked_by_the_next_broker)
{
	uint64_t a = world_login_irc(0, "alice", "192.0.2.1", "", ""), said, at;
	struct jentry *e;

	ck_assert(world_join(0, a, "den"));
	ck_assert(world_say(0, a, room_find(S("den"))->id, "hello"));
	said = world_last()->seq;
	ck_assert_uint_eq(ASK(redact, 0, .user = a, .msg = said, .room = S("den")), MSG_e_redact);
	ck_assert(journal_find(&br.j, said - 1, &at));
	e = (struct jentry *)(uintptr_t)journal_at(&br.j, &at);
	ck_assert(e->seq == said && (e->flags & JENTRY_TAKEN_BACK));
	e->flags &= (uint16_t)~JENTRY_TAKEN_BACK;
	world_reopen(&world);
	ck_assert_uint_eq(
	    ASK(edit, 0, .user = a, .msg = said, .room = S("den"), .text = S("again")),
	    MSG_e_refused);
	ck_assert_uint_eq(world_refused(), ERR_NO_SUCH_MESSAGE);
}
END_TEST

/* What has left the ring is not found, whatever the marks say. */
START_TEST(old_words_are_gone)
{
	uint64_t a = world_login_irc(0, "alice", "192.0.2.1", "", ""), room, first, later = 0;
	char text[400];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	ck_assert(world_join(0, a, "den"));
	room = room_find(S("den"))->id;
	ck_assert(world_say(0, a, room, "one"));
	first = world_last()->seq;
	for (int i = 0; i < 6000; i++) {
		ck_assert(world_say(0, a, room, text));
		if (i == 5500)
			later = br.j.seq;
	}
	ASK(redact, 0, .user = a, .msg = first, .room = S("den"));
	ck_assert_uint_eq(world_refused(), ERR_NO_SUCH_MESSAGE);
	ck_assert_uint_eq(ASK(redact, 0, .user = a, .msg = later, .room = S("den")), MSG_e_redact);
	world_reopen(&world);
	ASK(redact, 0, .user = a, .msg = later, .room = S("den"));
	ck_assert_uint_eq(world_refused(), ERR_NO_SUCH_MESSAGE);
	for (uint64_t seq = br.j.seq - 1500; seq <= br.j.seq; seq++) {
		uint64_t at;

		ck_assert(journal_find(&br.j, seq - 1, &at));
		ck_assert_uint_eq(journal_at(&br.j, &at)->seq, seq);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("redact");
	TCase *t = tcase_create("redact");

	suite_add_tcase(s, t);
	tcase_add_checked_fixture(t, world_setup, world_teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, words_in_a_room_taken_back);
	tcase_add_test(t, words_between_two_taken_back);
	tcase_add_test(t, taken_back_is_marked_by_the_next_broker);
	tcase_add_test(t, old_words_are_gone);
	return unit_run(s);
}
