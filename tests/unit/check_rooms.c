/* check_rooms.c - what a room's modes and lists do to those who come in and speak; what is told of it. */
#include "config.h"

#include "den.h"
#include "lib/util.h"
#include "unit_str.h"

/* --- what lists and modes do ----------------------------------------------------------------------------------- */

START_TEST(exceptions_are_stronger_than_bans)
{
	den_mode(0, alice, "den", MODE_BAN, true, "2001:db8::/32");
	ck_assert(!world_join(2, carol, "den"));
	den_mode(0, alice, "den", MODE_EXCEPT, true, "~m:carol"); /* only her words */
	ck_assert(!world_join(2, carol, "den"));
	den_mode(0, alice, "den", MODE_EXCEPT, true, "car*");
	ck_assert(world_join(2, carol, "den"));
	ck_assert(world_say(2, carol, den()->id, "hello"));
}
END_TEST

START_TEST(a_mute_is_a_ban_of_words)
{
	den_mode(0, alice, "den", MODE_BAN, true, "~m:BOB!*@*");
	ck_assert_str_eq(den_told(), "+q BOB!*@*");
	ck_assert(!world_say(1, bob, den()->id, "hello"));
	den_mode(0, alice, "den", MODE_MUTE, true, "bob");
	ck_assert_str_eq(den_told(), "");
	den_mode(0, alice, "den", MODE_EXCEPT, true, "~m:*!~telnet@*");
	ck_assert(world_say(1, bob, den()->id, "hello"));
	den_mode(0, alice, "den", MODE_EXCEPT, false, "~m:*!~telnet");
	ck_assert(!world_say(1, bob, den()->id, "hello"));
	den_mode(0, alice, "den", MODE_VOICE, true, "bob");
	ck_assert(world_say(1, bob, den()->id, "hello"));
	den_mode(0, alice, "den", MODE_VOICE, false, "bob");
	den_mode(0, alice, "den", MODE_BAN, false, "~m:bob!*@*");
	ck_assert_str_eq(den_told(), "-q BOB!*@*");
	ck_assert(world_say(1, bob, den()->id, "hello"));
}
END_TEST

START_TEST(who_is_muted_sets_no_topic)
{
	den_mode(0, alice, "den", MODE_TOPIC_LOCK, false, "");
	ck_assert_uint_eq(ASK(topic, 1, .user = bob, .room = S("den"), .text = S("one")),
			  MSG_e_topic);
	regw_user(&br.reg, bob)->muted = 1;
	ck_assert_uint_eq(ASK(topic, 1, .user = bob, .room = S("den"), .text = S("two")),
			  MSG_e_refused);
	ck_assert_uint_eq(world_refused(), ERR_MUTED);
}
END_TEST

START_TEST(doors_and_who_opens_them)
{
	den_mode(0, alice, "den", MODE_INVITE_ONLY, true, "");
	ck_assert(!world_join(2, carol, "den"));
	den_mode(0, alice, "den", MODE_INVEX, true, "*!telnet@2001:db8::3");
	ck_assert(world_join(2, carol, "den"));
	ck_assert(world_part(2, carol, "den"));
	den_mode(0, alice, "den", MODE_REG_JOIN, true, "");
	ck_assert(!world_join(2, carol, "den"));
	den_change(MODE_REG_JOIN, false, "");
	den_change(MODE_KEY, true, "one");
	den_change(MODE_KEY, true, "two");
	den_modes(0, alice, "den");
	ck_assert(!world_join(2, carol, "den"));
	den_change(MODE_KEY, false, "wrong");
	den_modes(0, alice, "den");
	ck_assert_str_eq(den_told(), "-k *");
	ck_assert(world_join(2, carol, "den"));
}
END_TEST

static unsigned
say(unsigned sub, uint64_t user, struct m_r_say q)
{
	char frame[IPC_FRAME_MAX];

	q.serial = world_serial(sub);
	q.user = user;
	q.name = STR_LIT("den");
	ck_assert(world_decide(sub, frame, m_r_say_put(frame, sizeof(frame), &q)));
	return ipc_type(world_last()->data);
}

/* What was found out about somebody holds until the lists or that one change. */
START_TEST(lists_are_asked_again_when_something_changes)
{
	struct m_r_say hi = {.text = STR_LIT("hi")};

	den_mode(0, alice, "den", MODE_BAN, true, "nobody-here");
	ck_assert_uint_eq(say(1, bob, hi), MSG_e_say);
	ck_assert_uint_eq(say(1, bob, hi), MSG_e_say);
	den_mode(0, alice, "den", MODE_BAN, true, "bobby");
	ck_assert_uint_eq(say(1, bob, hi), MSG_e_say);
	ck_assert(world_nick(1, bob, "bobby"));
	ck_assert_uint_eq(say(1, bob, hi), MSG_e_refused);
	den_mode(0, alice, "den", MODE_EXCEPT, true, "b?bby");
	ck_assert_uint_eq(say(1, bob, hi), MSG_e_say);
	den_mode(0, alice, "den", MODE_EXCEPT, false, "b?bby");
	ck_assert_uint_eq(say(1, bob, hi), MSG_e_refused);
	ck_assert(world_nick(1, bob, "bob"));
	ck_assert_uint_eq(say(1, bob, hi), MSG_e_say);
	ck_assert(world_nick(1, bob, "bobby"));
	ck_assert_uint_eq(say(1, bob, hi), MSG_e_refused);
	den_mode(0, alice, "den", MODE_BAN, false, "bobby");
	ck_assert_uint_eq(say(1, bob, hi), MSG_e_say);
	/* and a successor knows nothing of what its predecessor found out */
	den_mode(0, alice, "den", MODE_BAN, true, "bobby");
	world_reopen(&world);
	ck_assert_uint_eq(say(1, bob, hi), MSG_e_refused);
}
END_TEST

START_TEST(one_users_rooms_have_so_many_entries)
{
	char room[16], mask[16];
	unsigned taken = 0;

	for (unsigned i = 0; i < 7; i++) {
		bprintf(room, sizeof(room), "r%u", i);
		ck_assert(world_join(0, alice, room));
		for (unsigned k = 0; k < ROOM_LIST_MAX; k++) {
			bprintf(mask, sizeof(mask), "n%u", k);
			den_mode(0, alice, room, MODE_BAN, true, mask);
			taken += LAST(mode).refused.n == 0;
		}
	}
	ck_assert_uint_eq(taken, 500);
	/* what others do is their own */
	ck_assert(world_join(1, bob, "lair"));
	den_mode(1, bob, "lair", MODE_BAN, true, "x");
	ck_assert_uint_eq(LAST(mode).refused.n, 0);
	ck_assert(world_part(0, alice, "r0"));
	den_mode(0, alice, "r6", MODE_BAN, true, "x");
	ck_assert_uint_eq(LAST(mode).refused.n, 0);
}
END_TEST

START_TEST(words_from_outside)
{
	struct m_r_say hi = {.text = STR_LIT("hi")},
		       ops = {.text = STR_LIT("hi"), .rank = MEMBER_OP};

	ck_assert_uint_eq(say(2, carol, hi), MSG_e_refused);
	ck_assert_uint_eq(world_refused(), ERR_CANNOT_SAY);
	den_mode(0, alice, "den", MODE_NO_OUTSIDE, false, "");
	ck_assert_uint_eq(say(2, carol, hi), MSG_e_say);
	ck_assert_uint_eq(say(2, carol, ops), MSG_e_refused);
	ck_assert_uint_eq(say(1, bob, ops), MSG_e_say);
	den_mode(0, alice, "den", MODE_MODERATED, true, "");
	ck_assert_uint_eq(say(2, carol, hi), MSG_e_refused);
	den_mode(0, alice, "den", MODE_PRIVATE, true, "");
	ck_assert_uint_eq(say(2, carol, hi), MSG_e_refused);
	ck_assert_uint_eq(world_refused(), ERR_NO_SUCH_ROOM);
	ck_assert_uint_eq(say(1, bob, hi), MSG_e_refused);
	den_mode(0, alice, "den", MODE_VOICE, true, "bob");
	ck_assert_uint_eq(say(1, bob, hi), MSG_e_say);
	ops.rank = 3;
	ck_assert_uint_eq(say(0, alice, ops), MSG_e_refused);
}
END_TEST

START_TEST(kinds_of_messages)
{
	struct m_r_say ctcp = {.kind = MSG_CTCP, .text = STR_LIT("VERSION")},
		       act = {.kind = MSG_ACTION, .text = STR_LIT("waves")},
		       tags = {.kind = MSG_TAGS, .tags = STR_LIT("+typing=active")},
		       bad = {.kind = MSG_TAGS, .tags = STR_LIT("+a=b c")};
	uint64_t n;

	ck_assert_uint_eq(say(1, bob, ctcp), MSG_e_say);
	den_mode(0, alice, "den", MODE_NO_CTCP, true, "");
	ck_assert_uint_eq(say(1, bob, ctcp), MSG_e_refused);
	ck_assert_uint_eq(world_refused(), ERR_NO_CTCP);
	ctcp.kind = MSG_CTCP_REPLY;
	ck_assert_uint_eq(say(0, alice, ctcp), MSG_e_refused);
	ck_assert_uint_eq(say(1, bob, act), MSG_e_say);
	n = den()->messages;
	ck_assert_uint_eq(say(1, bob, tags), MSG_e_say);
	ck_assert_uint_eq(den()->messages, n);
	ck_assert_uint_eq(say(1, bob, bad), MSG_e_refused);
	tags.text = STR_LIT("words");
	ck_assert_uint_eq(say(1, bob, tags), MSG_e_refused);
	act.text = STR_LIT("");
	ck_assert_uint_eq(say(1, bob, act), MSG_e_refused);
	den_mode(0, alice, "den", MODE_REG_SAY, true, "");
	act.text = STR_LIT("waves");
	ck_assert_uint_eq(say(1, bob, act), MSG_e_refused);
	ck_assert_uint_eq(world_refused(), ERR_SAY_REG_ONLY);
	ck_assert_uint_eq(say(0, alice, act), MSG_e_say);
}
END_TEST

/* --- what events say ----------------------------------------------------------------------------------------------- */

/* Logged in, as long as no account can be had here. */
static void
has_account(uint64_t user, const char *account)
{
	struct reg_user *u = regw_user(&br.reg, user);

	u->more = 1;
	bprintf(br.reg.mores[u - br.reg.users].account, NAME_BYTES_MAX + 1, "%s", account);
}

START_TEST(an_account_opens_doors)
{
	struct m_r_say hi = {.text = STR_LIT("hi")};

	den_change(MODE_REG_JOIN, true, "");
	den_change(MODE_REG_SAY, true, "");
	den_change(MODE_BAN, true, "~a:carola");
	den_modes(0, alice, "den");
	ck_assert_uint_eq(say(1, bob, hi), MSG_e_refused);
	has_account(bob, "bobby");
	ck_assert_uint_eq(say(1, bob, hi), MSG_e_say);
	has_account(carol, "Carola");
	ck_assert(!world_join(2, carol, "den"));
	den_mode(0, alice, "den", MODE_EXCEPT, true, "carol");
	ck_assert(world_join(2, carol, "den"));
}
END_TEST

START_TEST(a_user_may_hear_only_those_with_accounts)
{
	regw_user(&br.reg, bob)->umodes |= UMODE_REG_ONLY;
	ck_assert_uint_eq(ASK(dm, 0, .user = alice, .to = S("bob"), .text = S("hi")),
			  MSG_e_refused);
	ck_assert_uint_eq(world_refused(), ERR_USER_REG_ONLY);
	has_account(alice, "alice");
	ck_assert_uint_eq(ASK(dm, 0, .user = alice, .to = S("bob"), .text = S("hi")), MSG_e_dm);
}
END_TEST

START_TEST(events_say_all_that_is_shown)
{
	struct m_r_say hi = {.text = STR_LIT("hi"), .tags = STR_LIT("+x=y"), .rank = MEMBER_VOICE};
	struct m_e_join j;
	struct m_e_say s;

	ASK(topic, 0, .user = alice, .room = S("den"), .text = S("bears"));
	has_account(carol, "c");
	ck_assert(world_join(2, carol, "den"));
	j = LAST(join);
	ck_str(j.uhost, "telnet@2001:db8::3");
	ck_str(j.account, "c");
	ck_str(j.real, "carol");
	ck_str(j.topic, "bears");
	ck_str(j.topic_by, "Alice");
	ck_assert(j.topic_at == br.now && j.modes == den()->modes && j.members == 3);
	ck_assert_uint_eq(say(2, carol, hi), MSG_e_say);
	s = LAST(say);
	ck_str(s.tags, "+x=y");
	ck_str(s.account, "c");
	ck_assert(s.rank == MEMBER_VOICE && s.from == carol && s.room == den()->id);
}
END_TEST

/* --- another name ------------------------------------------------------------------------------------------------ */

static unsigned
rename_room(unsigned sub, uint64_t user, const char *room, const char *to)
{
	return ASK(rename, sub, .user = user, .room = S(room), .to = S(to));
}

START_TEST(rooms_change_their_names)
{
	ck_assert(world_join(2, carol, "other") && world_join(2, carol, "lobby"));
	ck_assert_uint_eq(rename_room(1, bob, "den", "lair"), MSG_e_refused);
	ck_assert_uint_eq(rename_room(0, alice, "den", "OTHER"), MSG_e_refused);
	ck_assert_uint_eq(world_refused(), ERR_ROOM_TAKEN);
	ck_assert_uint_eq(rename_room(0, alice, "den", "a b"), MSG_e_refused);
	ck_assert_uint_eq(world_refused(), ERR_ROOM_BAD);
	ck_assert_uint_eq(rename_room(0, alice, "den", "DEN"), MSG_e_rename);
	ck_assert_str_eq(den()->name, "DEN");
	ck_assert_uint_eq(rename_room(0, alice, "den", "lair"), MSG_e_rename);
	ck_assert_ptr_null(den());
	ck_assert_ptr_nonnull(room_find(STR_LIT("LAIR")));
	world_verify();
	ck_assert_uint_eq(world_reopen(&world), 0);
	ck_assert_ptr_nonnull(room_find(STR_LIT("lair")));
	ck_assert(world_join(2, carol, "den"));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("rooms");
	TCase *t = tcase_create("rooms");

	suite_add_tcase(s, t);
	tcase_add_checked_fixture(t, den_setup, den_teardown);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, exceptions_are_stronger_than_bans);
	tcase_add_test(t, a_mute_is_a_ban_of_words);
	tcase_add_test(t, who_is_muted_sets_no_topic);
	tcase_add_test(t, doors_and_who_opens_them);
	tcase_add_test(t, lists_are_asked_again_when_something_changes);
	tcase_add_test(t, one_users_rooms_have_so_many_entries);
	tcase_add_test(t, words_from_outside);
	tcase_add_test(t, kinds_of_messages);
	tcase_add_test(t, an_account_opens_doors);
	tcase_add_test(t, a_user_may_hear_only_those_with_accounts);
	tcase_add_test(t, events_say_all_that_is_shown);
	tcase_add_test(t, rooms_change_their_names);
	return unit_run(s);
}
