/* check_rooms_kept.c - registered rooms and the default room: who has what there, what the store is told, and how they come
 * back. The test is the store. */
#include "config.h"

#include <string.h>

#include "broker/account.h"
#include "broker/job.h"
#include "broker/keep.h"
#include "den.h"
#include "ipc/proc.h"
#include "storeend.h"
#include "unit_str.h"

static void
setup(void)
{
	den_setup();
	storeend_open();
	storeend_account("alice");
	storeend_account("bob");
	storeend_account("carol");
	storeend_logged_in(alice, "alice");
	storeend_logged_in(bob, "bob");
}

static void
teardown(void)
{
	storeend_close();
	jobs_fini();
	den_teardown();
}

/* r_room about den; the event it ended in. */
#define ROOM(sub_, user_, op_, ...) \
	ASK(room, sub_, .user = (user_), .op = (op_), .room = S("den"), __VA_ARGS__)

static void
registered(void)
{
	ck_assert_uint_eq(ROOM(0, alice, ROOM_REGISTER), MSG_e_ok);
}

/* A join may end in more than its own entry. */
static bool
came(unsigned sub, uint64_t user, const char *room)
{
	unsigned type = ASK(join, sub, .user = user, .room = S(room));

	return type == MSG_e_join || type == MSG_e_mode || type == MSG_e_room;
}

/* What the list says of the account. */
static const char *
access_of(const char *account)
{
	const struct reg_list *l = access_find(room_cache_of(den()), S(account));

	return l != NULL ? l->reason : "";
}

/* The last e_room that the store has been sent: of a room, or of the server. */
static struct m_e_room
told_of(bool server)
{
	struct m_e_room m, found = {0};
	struct str all = storeend_read();
	bool any = false;

	for (ssize_t n; (n = ipc_frame(all.p, all.n)) > 0; all.p += n, all.n -= (size_t)n) {
		if (ipc_type(all.p) != MSG_e_room)
			continue;
		ck_assert(m_e_room_get(all.p, (size_t)n, &m));
		if ((m.room == 0) != server)
			continue;
		found = m;
		any = true;
	}
	ck_assert_msg(any, "the store was told of no room");
	return found;
}

static struct m_e_room
told(void)
{
	return told_of(false);
}

START_TEST(an_operator_with_an_account_registers_a_room)
{
	uint64_t born = den()->born;

	ROOM(1, bob, ROOM_REGISTER);
	ck_assert_uint_eq(world_refused(), ERR_NOT_OPERATOR);
	registered();
	ck_assert_uint_eq(told().born, born);
	ck_assert_uint_eq(den()->founder, account_id_named(S("alice")));
	registered(); /* again: it is done */
	den_mode(0, alice, "den", MODE_OP, true, "bob");
	ROOM(1, bob, ROOM_REGISTER);
	ck_assert_uint_eq(world_refused(), ERR_ROOM_REGISTERED);
	ck_assert(came(2, carol, "other"));
	ASK(room, 2, .user = carol, .op = ROOM_REGISTER, .room = S("other"));
	ck_assert_uint_eq(world_refused(), ERR_NOT_LOGGED_IN);
	ASK(room, 2, .user = carol, .op = ROOM_DROP, .room = S("other"));
	ck_assert_uint_eq(world_refused(), ERR_ROOM_NOT_REGISTERED);
}
END_TEST

START_TEST(it_outlives_its_members)
{
	uint64_t id = den()->id, born = den()->born;

	registered();
	den_mode(0, alice, "den", MODE_BAN, true, "mallory");
	ck_assert(world_part(1, bob, "den"));
	ck_assert(world_part(0, alice, "den"));
	ck_assert(den() != NULL && den()->id == id && den()->nmembers == 0);
	world_verify();
	/* who comes in first is nothing there, but for its account */
	ck_assert(came(2, carol, "den"));
	ck_assert_uint_eq(den_flags(carol), 0);
	ck_assert(came(0, alice, "den"));
	ck_assert_uint_eq(den_flags(alice), MEMBER_OP);
	ck_assert_uint_eq(den()->born, born);
	ck_assert_uint_eq(list_count(room_cache_of(den()), LIST_BAN), 1);
	/* the others are told */
	ck_assert_str_eq(den_told(), "+o Alice");
	ck_str(LAST(mode).name, "Server");
}
END_TEST

START_TEST(it_ends_when_it_is_dropped)
{
	registered();
	ROOM(1, bob, ROOM_DROP);
	ck_assert_uint_eq(world_refused(), ERR_NOT_FOUNDER);
	ROOM(0, alice, ROOM_ACCESS, .name = S("bob"), .text = S("op"));
	ck_assert_uint_eq(ROOM(0, alice, ROOM_DROP), MSG_e_ok);
	ck_assert(told().gone);
	ck_assert(!room_is_registered(den()));
	ck_assert_uint_eq(list_count(room_cache_of(den()), LIST_ACCESS), 0);
	registered();
	ck_assert(world_part(1, bob, "den"));
	ck_assert(world_part(0, alice, "den"));
	/* its founder, from outside */
	ck_assert_uint_eq(ROOM(0, alice, ROOM_DROP), MSG_e_ok);
	ck_assert(den() == NULL);
}
END_TEST

START_TEST(the_list_gives_ranks)
{
	registered();
	ROOM(1, bob, ROOM_ACCESS, .name = S("bob"), .text = S("op"));
	ck_assert_uint_eq(world_refused(), ERR_NOT_FOUNDER);
	ROOM(0, alice, ROOM_ACCESS, .name = S("nobody"), .text = S("op"));
	ck_assert_uint_eq(world_refused(), ERR_NO_ACCOUNT);
	ROOM(0, alice, ROOM_ACCESS, .name = S("bob"), .text = S("king"));
	ck_assert_uint_eq(world_refused(), ERR_BAD_ARGUMENT);
	ROOM(0, alice, ROOM_ACCESS, .name = S("bob"));
	ck_assert_uint_eq(world_refused(), ERR_NOT_FOUND);
	/* at once */
	ck_assert_uint_eq(ROOM(0, alice, ROOM_ACCESS, .name = S("BOB"), .text = S("halfop")),
			  MSG_e_ok);
	ck_assert_uint_eq(den_flags(bob), MEMBER_HALFOP);
	ck_assert_uint_eq(ROOM(0, alice, ROOM_ACCESS, .name = S("bob"), .text = S("voice")),
			  MSG_e_ok);
	ck_assert_uint_eq(den_flags(bob), MEMBER_VOICE);
	ck_assert_uint_eq(list_count(room_cache_of(den()), LIST_ACCESS), 1);
	/* to somebody who logs in */
	ROOM(0, alice, ROOM_ACCESS, .name = S("carol"), .text = S("op"));
	ck_assert(came(2, carol, "den"));
	ck_assert_uint_eq(den_flags(carol), 0);
	storeend_logged_in(carol, "carol");
	access_login(regw_user(&br.reg, carol));
	ck_assert_uint_eq(den_flags(carol), MEMBER_OP);
	/* until it logs out, is disabled, or is somebody else */
	account_disabled(S("carol"), true);
	ck_assert_uint_eq(user_account_id(regw_user(&br.reg, carol)), 0);
	ck_assert_uint_eq(den_flags(carol), 0);
	ck_assert_str_eq(access_of("carol"), "op");
	account_disabled(S("carol"), false);
	storeend_logged_in(carol, "carol");
	access_login(regw_user(&br.reg, carol));
	ck_assert_uint_eq(den_flags(carol), MEMBER_OP);
	/* and no more */
	ck_assert_uint_eq(ROOM(0, alice, ROOM_ACCESS, .name = S("carol")), MSG_e_ok);
	ck_assert_uint_eq(den_flags(carol), 0);
	ck_assert_str_eq(access_of("carol"), "");
}
END_TEST

START_TEST(what_operators_give_is_remembered)
{
	registered();
	den_change(MODE_VOICE, true, "bob");
	den_change(MODE_OP, true, "bob");
	den_change(MODE_BAN, true, "mallory");
	ck_assert_uint_eq(den_modes(0, alice, "den"), MSG_e_mode);
	ck_assert_str_eq(access_of("bob"), "op");
	den_mode(0, alice, "den", MODE_OP, false, "bob");
	ck_assert_str_eq(access_of("bob"), "voice");
	den_mode(0, alice, "den", MODE_VOICE, false, "bob");
	ck_assert_str_eq(access_of("bob"), "");
	/* not of those without an account, nor what the founder is anyway */
	ck_assert(came(2, carol, "den"));
	den_mode(0, alice, "den", MODE_OP, true, "carol");
	den_mode(0, alice, "den", MODE_OP, false, "alice");
	ck_assert_uint_eq(list_count(room_cache_of(den()), LIST_ACCESS), 0);
	ck_assert_uint_eq(list_count(room_cache_of(den()), LIST_BAN), 1);
}
END_TEST

START_TEST(who_has_a_rank_when_it_is_registered_keeps_it)
{
	den_mode(0, alice, "den", MODE_VOICE, true, "bob");
	registered();
	ck_assert_str_eq(access_of("bob"), "voice");
	ck_assert_str_eq(access_of("alice"), "");
}
END_TEST

/* What is taken away makes no entry: there may be no place for one. */
START_TEST(what_is_left_of_a_rank_is_not_written_down)
{
	struct freelist *left = &br.reg.free_lists;
	uint32_t taken[5000], n = 0;

	registered();
	ck_assert(came(2, carol, "den"));
	den_change(MODE_OP, true, "carol");
	den_change(MODE_VOICE, true, "carol");
	den_modes(0, alice, "den");
	storeend_logged_in(carol, "carol");
	ck_assert_str_eq(access_of("carol"), "");
	for (; list_has_room(den()->id, 0); n++) {
		ck_assert_uint_lt(n, ARRAY_LEN(taken));
		taken[n] = freelist_top(left);
		freelist_pop(left);
	}
	den_mode(0, alice, "den", MODE_OP, false, "carol");
	ck_assert_str_eq(den_told(), "-o carol");
	ck_assert_uint_eq(den_flags(carol), MEMBER_VOICE);
	ck_assert_str_eq(access_of("carol"), "");
	while (n > 0)
		freelist_push(left, taken[--n]);
	/* given, it is */
	den_change(MODE_OP, true, "carol");
	den_change(MODE_OP, false, "carol");
	den_modes(0, alice, "den");
	ck_assert_str_eq(access_of("carol"), "");
	den_mode(0, alice, "den", MODE_OP, true, "carol");
	ck_assert_str_eq(access_of("carol"), "op");
}
END_TEST

START_TEST(doors_are_open_to_those_who_keep_order)
{
	registered();
	ROOM(0, alice, ROOM_ACCESS, .name = S("bob"), .text = S("halfop"));
	den_change(MODE_INVITE_ONLY, true, "");
	den_change(MODE_KEY, true, "secret");
	den_modes(0, alice, "den");
	ck_assert(world_part(1, bob, "den"));
	ck_assert(world_part(0, alice, "den"));
	ck_assert(!came(2, carol, "den"));
	ck_assert(came(1, bob, "den"));
	ck_assert(came(0, alice, "den"));
}
END_TEST

START_TEST(another_founder_another_name)
{
	registered();
	den_mode(0, alice, "den", MODE_OP, true, "bob");
	ASK(rename, 1, .user = bob, .room = S("den"), .to = S("pit"));
	ck_assert_uint_eq(world_refused(), ERR_NOT_FOUNDER);
	ck_assert_uint_eq(ROOM(0, alice, ROOM_FOUNDER, .name = S("bob")), MSG_e_ok);
	ck_assert_uint_eq(den()->founder, account_id_named(S("bob")));
	ck_assert_uint_eq(ASK(rename, 1, .user = bob, .room = S("den"), .to = S("pit")),
			  MSG_e_rename);
	ck_assert(room_find(S("pit")) != NULL && room_is_registered(room_find(S("pit"))));
}
END_TEST

/* What the broker that died may have done is no failure. */
START_TEST(asked_again)
{
	registered();
	ROOM(0, alice, ROOM_ACCESS, .name = S("carol"), .text = S("voice"));
	for (int again = 0; again < 2; again++) {
		world_again = again;
		ck_assert_uint_eq(ROOM(0, alice, ROOM_ACCESS, .name = S("bob")),
				  again ? MSG_e_ok : MSG_e_refused);
		ck_assert_uint_eq(ROOM(1, bob, ROOM_DROP), MSG_e_refused);
		ck_assert_uint_eq(ROOM(1, bob, ROOM_FOUNDER, .name = S("carol")), MSG_e_refused);
	}
	ck_assert_uint_eq(ROOM(0, alice, ROOM_FOUNDER, .name = S("bob")), MSG_e_ok);
	ck_assert_uint_eq(ROOM(0, alice, ROOM_FOUNDER, .name = S("bob")), MSG_e_ok);
	ck_assert_uint_eq(ROOM(0, alice, ROOM_DROP), MSG_e_refused);
	ck_assert_uint_eq(ROOM(1, bob, ROOM_DROP), MSG_e_ok);
	ck_assert_uint_eq(ROOM(1, bob, ROOM_DROP), MSG_e_ok);
	world_again = false;
	ck_assert_uint_eq(ROOM(1, bob, ROOM_DROP), MSG_e_refused);
}
END_TEST

START_TEST(an_account_that_is_no_more)
{
	registered();
	ROOM(0, alice, ROOM_ACCESS, .name = S("carol"), .text = S("voice"));
	ROOM(0, alice, ROOM_ACCESS, .name = S("bob"), .text = S("op"));
	access_account_gone(account_id_named(S("alice")), S("alice"));
	ck_assert_uint_eq(den()->founder, account_id_named(S("bob")));
	ck_assert_str_eq(access_of("bob"), "");
	access_account_gone(account_id_named(S("carol")), S("carol"));
	ck_assert_str_eq(access_of("carol"), "");
	access_account_gone(account_id_named(S("bob")), S("bob"));
	ck_assert(!room_is_registered(den()));
	ck_assert(told().gone);
}
END_TEST

START_TEST(history_is_set_by_the_founder)
{
	registered();
	ROOM(1, bob, ROOM_HISTORY, .text = S("off"));
	ck_assert_uint_eq(world_refused(), ERR_NOT_FOUNDER);
	ck_assert_uint_eq(ROOM(0, alice, ROOM_HISTORY, .text = S("days 30")), MSG_e_ok);
	ck_assert_uint_eq(ROOM(0, alice, ROOM_HISTORY, .text = S("rows 0")), MSG_e_ok);
	ck_assert_uint_eq(ROOM(0, alice, ROOM_HISTORY, .text = S("off")), MSG_e_ok);
	ck_assert_uint_eq(den()->history_days, 30);
	ck_assert_uint_eq(den()->flags, ROOM_REGISTERED | ROOM_NO_HISTORY);
	ASK(query, 0, .user = alice, .room = S("den"));
	ck_assert_uint_eq(world_refused(), ERR_NO_HISTORY);
	ROOM(0, alice, ROOM_HISTORY, .text = S("on"));
	ck_assert_uint_eq(den()->flags, ROOM_REGISTERED);
	for (const char **bad = (const char *[]){"", "days", "days ", "days -1", "days 99999",
						 "days 1x", "rows 99999999999", "maybe", NULL};
	     *bad != NULL; bad++) {
		ROOM(0, alice, ROOM_HISTORY, .text = S(*bad));
		ck_assert_uint_eq(world_refused(), ERR_BAD_ARGUMENT);
	}
}
END_TEST

START_TEST(the_default_room_is_kept_and_nobodys)
{
	ck_assert(came(2, carol, "lobby"));
	ck_str(told().room_name, "lobby");
	ck_assert(world_part(2, carol, "lobby"));
	ck_assert(room_find(S("lobby")) != NULL);
	ck_assert(came(0, alice, "lobby"));
	ASK(room, 0, .user = alice, .op = ROOM_REGISTER, .room = S("lobby"));
	ck_assert_uint_eq(world_refused(), ERR_NOT_OPERATOR);
	ck_assert(world_part(0, alice, "lobby"));
	bprintf(proc.opt.room_default, sizeof(proc.opt.room_default), "hall");
	rooms_sweep();
	ck_assert(room_find(S("lobby")) == NULL);
}
END_TEST

/* Only so many for one account. */
START_TEST(rooms_of_one_founder_are_counted)
{
	char name[8] = "r00";

	for (unsigned i = 0; i < ROOMS_PER_FOUNDER; i++) {
		name[1] = (char)('0' + i / 10);
		name[2] = (char)('0' + i % 10);
		ck_assert(came(0, alice, name));
		ck_assert_uint_eq(ASK(room, 0, .user = alice, .op = ROOM_REGISTER, .room = S(name)),
				  MSG_e_ok);
	}
	ROOM(0, alice, ROOM_REGISTER);
	ck_assert_uint_eq(world_refused(), ERR_ROOMS_REGISTERED);
}
END_TEST

/* --- back again ------------------------------------------------------------------------------------------- */

static void
restore_pit(void)
{
	STORE_SAYS(s_restored, .secret = {"0123456789abcdef", 16});
	STORE_SAYS(s_room, .born = 77, .created = 5, .founder = account_id_named(S("alice")),
		   .modes = 1u << MODE_INVITE_ONLY, .flags = ROOM_REGISTERED, .days = 3,
		   .name = S("Pit"), .topic = S("old"), .topic_by = S("al"), .topic_at = 9);
	STORE_SAYS(s_list, .op = LIST_BAN, .mask = S("mallory!*@*"), .by = S("alice"), .since = 6);
	STORE_SAYS(s_list, .op = LIST_BAN, .mask = S("gone!*@*"), .since = 6, .until = 7);
	STORE_SAYS(s_list, .op = LIST_ACCESS, .mask = S("bob"), .reason = S("op"), .by = S("alice"),
		   .since = 6);
}

START_TEST(rooms_come_back)
{
	const struct reg_room *pit;
	uint8_t secret[16];

	memcpy(secret, br.j.h->secret, sizeof(secret));
	restore_pit();
	ck_assert_int_eq(memcmp(br.j.h->secret, "0123456789abcdef", 16), 0);
	ck_assert_int_eq(memcmp(br.j.h->secret_before, secret, 16), 0);
	ck_assert_uint_eq(told().born, 77);
	STORE_SAYS(s_restored, .done = 1);
	ck_assert(br.reg.h->restored);
	pit = room_find(S("pit"));
	ck_assert(pit != NULL && pit->born == 77 && pit->nmembers == 0 && pit->history_days == 3);
	ck_assert_str_eq(pit->name, "Pit");
	ck_assert_str_eq(pit->topic, "old");
	ck_assert_uint_eq(room_cache_of(pit)->nlists, 2);
	ck_assert_uint_eq(access_find(room_cache_of(pit), S("bob"))->since, 6);
	ck_assert(!came(2, carol, "pit"));
	ck_assert(came(1, bob, "pit"));
	ck_assert_uint_eq(regw_member(&br.reg, regw_user(&br.reg, bob), pit->id)->flags, MEMBER_OP);
	/* once only */
	STORE_SAYS(s_room, .born = 78, .flags = ROOM_REGISTERED, .name = S("late"));
	ck_assert(room_find(S("late")) == NULL);
}
END_TEST

/* The store dies while it tells, and begins again. */
START_TEST(rooms_come_back_once)
{
	restore_pit();
	restore_pit();
	STORE_SAYS(s_restored, .done = 1);
	ck_assert_uint_eq(room_cache_of(room_find(S("pit")))->nlists, 2);
}
END_TEST

/* Accounts that were deleted while whoever would have looked after their rooms died. */
START_TEST(rooms_of_nobody_come_back)
{
	const struct reg_room *pit;

	restore_pit();
	STORE_SAYS(s_list, .op = LIST_ACCESS, .mask = S("deleted"), .reason = S("op"), .since = 5);
	STORE_SAYS(s_room, .born = 78, .founder = 99, .flags = ROOM_REGISTERED, .name = S("hole"));
	STORE_SAYS(s_list, .op = LIST_ACCESS, .mask = S("deleted"), .reason = S("op"), .since = 5);
	STORE_SAYS(s_list, .op = LIST_ACCESS, .mask = S("bob"), .reason = S("op"), .since = 6);
	STORE_SAYS(s_room, .born = 79, .founder = 99, .flags = ROOM_REGISTERED, .name = S("gap"));
	STORE_SAYS(s_restored, .done = 1);
	pit = room_find(S("pit"));
	ck_assert_uint_eq(pit->founder, account_id_named(S("alice")));
	ck_assert(access_find(room_cache_of(pit), S("bob")) != NULL);
	ck_assert(access_find(room_cache_of(pit), S("deleted")) == NULL);
	ck_assert_uint_eq(room_find(S("hole"))->founder, account_id_named(S("bob")));
	ck_assert_uint_eq(room_cache_of(room_find(S("hole")))->nlists, 0);
	ck_assert(room_find(S("gap")) == NULL);
}
END_TEST

START_TEST(a_room_made_meanwhile_takes_on_what_was_kept)
{
	const struct reg_room *pit;

	ck_assert(came(2, carol, "pit") && came(1, bob, "pit"));
	pit = room_find(S("pit"));
	restore_pit();
	STORE_SAYS(s_restored, .done = 1);
	ck_assert(room_find(S("pit")) == pit && pit->born == 77 && room_is_registered(pit));
	/* it is by invitation only: who could walk in meanwhile shall not read what was said there */
	ck_assert_ptr_null(regw_member(&br.reg, regw_user(&br.reg, carol), pit->id));
	ck_assert_uint_eq(regw_member(&br.reg, regw_user(&br.reg, bob), pit->id)->flags, MEMBER_OP);
	ck_assert(told().room == pit->id);
}
END_TEST

/* The store copies from a registry that has been told only: then from all of it, if people have been here before. */
START_TEST(the_store_is_told_when_all_is_back)
{
	restore_pit();
	ck_assert_uint_eq(told().born, 77);
	STORE_SAYS(s_restored, .done = 1);
	ck_assert(told_of(true).gone);
}
END_TEST

START_TEST(a_key_fits_after_the_secret_has_changed)
{
	den_mode(0, alice, "den", MODE_KEY, true, "word");
	restore_pit();
	ck_assert(!came(2, carol, "den"));
	ck_assert_uint_eq(ASK(join, 2, .user = carol, .room = S("den"), .key = S("word")),
			  MSG_e_join);
}
END_TEST

START_TEST(nonsense_is_not_restored)
{
	STORE_SAYS(s_room, .born = 5, .name = S("hall"));
	ck_assert(room_find(S("hall")) == NULL);
	STORE_SAYS(s_list, .op = LIST_BAN, .mask = S("x!*@*"));
	STORE_SAYS(s_room, .born = 5, .flags = ROOM_REGISTERED, .modes = 1u << MODE_KEY,
		   .name = S("hall"));
	STORE_SAYS(s_list, .op = LIST_INVITE, .mask = S("x!*@*"));
	STORE_SAYS(s_list, .op = LIST_ACCESS, .mask = S("bob"), .reason = S("king"));
	ck_assert_uint_eq(room_cache_of(room_find(S("hall")))->nlists, 0);
	ck_assert_uint_eq(room_find(S("hall"))->modes, 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("rooms_kept");
	TCase *t = tcase_create("rooms_kept");

	suite_add_tcase(s, t);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, an_operator_with_an_account_registers_a_room);
	tcase_add_test(t, it_outlives_its_members);
	tcase_add_test(t, it_ends_when_it_is_dropped);
	tcase_add_test(t, the_list_gives_ranks);
	tcase_add_test(t, what_operators_give_is_remembered);
	tcase_add_test(t, who_has_a_rank_when_it_is_registered_keeps_it);
	tcase_add_test(t, what_is_left_of_a_rank_is_not_written_down);
	tcase_add_test(t, doors_are_open_to_those_who_keep_order);
	tcase_add_test(t, another_founder_another_name);
	tcase_add_test(t, asked_again);
	tcase_add_test(t, an_account_that_is_no_more);
	tcase_add_test(t, history_is_set_by_the_founder);
	tcase_add_test(t, the_default_room_is_kept_and_nobodys);
	tcase_add_test(t, rooms_of_one_founder_are_counted);
	tcase_add_test(t, rooms_come_back);
	tcase_add_test(t, rooms_come_back_once);
	tcase_add_test(t, rooms_of_nobody_come_back);
	tcase_add_test(t, a_room_made_meanwhile_takes_on_what_was_kept);
	tcase_add_test(t, the_store_is_told_when_all_is_back);
	tcase_add_test(t, a_key_fits_after_the_secret_has_changed);
	tcase_add_test(t, nonsense_is_not_restored);
	return unit_run(s);
}
