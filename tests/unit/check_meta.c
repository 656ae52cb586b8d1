/* check_meta.c - metadata: whose keys who may change, how many there may be, and when they end. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "unit_str.h"
#include "ipc/proc.h"
#include "world.h"

/* How many; with a key, only those, and the first of out is it. */
static int
keys_of(bool room, uint64_t owner, const char *key, struct reg_meta_view out[META_KEYS_MAX])
{
	int n = registry_meta(world.reader, room, owner, out);

	for (int i = 0; key != NULL && i < n; i++) {
		if (strcmp(out[i].key, key) != 0)
			continue;
		out[0] = out[i];
		return 1;
	}
	return key == NULL ? n : 0;
}

START_TEST(metadata_of_users)
{
	uint64_t a = world_login_irc(0, "alice", "192.0.2.1", "", ""),
		 b = world_login_irc(1, "bob", "192.0.2.2", "", "");
	struct reg_meta_view v[META_KEYS_MAX];

	ck_assert(world_join(0, a, "den") && world_join(1, b, "den"));
	ck_assert_uint_eq(ASK(meta, 0, .user = a, .on = 1, .key = S("Avatar"), .value = S("x")),
			  MSG_e_meta);
	ck_assert_uint_eq(world_last()->targets, 3);
	ck_str(LAST(meta).key, "avatar");
	ASK(meta, 0, .user = a, .on = 1, .name = S("ALICE"), .key = S("avatar"), .value = S("y"));
	ck_assert_int_eq(keys_of(false, a, NULL, v), 1);
	ck_assert_str_eq(v[0].value, "y");
	ck_assert_uint_eq(ASK(meta, 1, .user = b, .on = 1, .name = S("alice"), .key = S("k")),
			  MSG_e_refused);
	ck_assert_uint_eq(world_refused(), ERR_NOT_YOURS);
	ASK(meta, 1, .user = b, .on = 1, .name = S("nobody"), .key = S("k"));
	ck_assert_uint_eq(world_refused(), ERR_NO_SUCH_USER);
	ASK(meta, 0, .user = a, .key = S("other"));
	ck_assert_uint_eq(world_refused(), ERR_META_NO_KEY);
	ASK(meta, 0, .user = a, .on = 1, .key = S("bad key"), .value = S("y"));
	ck_assert_uint_eq(world_refused(), ERR_BAD_ARGUMENT);
	ASK(meta, 0, .user = a, .on = 1, .key = S("k"), .value = S("\xff"));
	ck_assert_uint_eq(world_refused(), ERR_BAD_ARGUMENT);
	ASK(meta, 0, .user = a, .on = 1, .key = S(""), .value = S("x"));
	ck_assert_uint_eq(world_refused(), ERR_BAD_ARGUMENT);
	ck_assert_uint_eq(ASK(meta, 0, .user = a, .key = S("AVATAR")), MSG_e_meta);
	ck_assert_uint_eq(LAST(meta).on, 0);
	ck_assert_int_eq(keys_of(false, a, NULL, v), 0);
}
END_TEST

START_TEST(metadata_is_bounded_and_ends_with_its_owner)
{
	uint64_t a = world_login_irc(0, "alice", "192.0.2.1", "", "");
	struct reg_meta_view v[META_KEYS_MAX];
	char key[16];

	for (int i = 0; i < 25; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		ck_assert_uint_eq(ASK(meta, 0, .user = a, .on = 1, .key = S(key), .value = S(key)),
				  MSG_e_meta);
	}
	ASK(meta, 0, .user = a, .on = 1, .key = S("k25"), .value = S("x"));
	ck_assert_uint_eq(world_refused(), ERR_META_FULL);
	ck_assert_uint_eq(ASK(meta, 0, .user = a, .on = 1, .key = S("k7"), .value = S("x")),
			  MSG_e_meta);
	ck_assert_int_eq(keys_of(false, a, NULL, v), 25);
	ck_assert_int_eq(keys_of(false, a, "k7", v), 1);
	ck_assert_str_eq(v[0].value, "x");
	world_verify();
	ck_assert_uint_eq(ASK(meta, 0, .user = a, .key = S("k3")), MSG_e_meta);
	world_reopen(&world);
	world_verify();
	ck_assert_uint_eq(ASK(meta, 0, .user = a, .key = S("")), MSG_e_meta);
	ck_assert_uint_eq(LAST(meta).value.n, 9 * 3 + 15 * 4 - 1);
	ck_assert_int_eq(keys_of(false, a, NULL, v), 0);
	world_verify();
	ck_assert_uint_eq(ASK(meta, 0, .user = a, .key = S("")), MSG_e_meta);
	ck_str(LAST(meta).value, "");
	ASK(meta, 0, .user = a, .on = 1, .key = S("k"), .value = S("x"));
	ck_assert(world_quit(0, a));
	ck_assert_int_eq(keys_of(false, a, NULL, v), 0);
	world_verify();
}
END_TEST

START_TEST(metadata_of_rooms)
{
	uint64_t a = world_login_irc(0, "alice", "192.0.2.1", "", ""),
		 b = world_login_irc(1, "bob", "192.0.2.2", "", ""), room;
	struct reg_meta_view v[META_KEYS_MAX];

	ck_assert(world_join(0, a, "den") && world_join(1, b, "den"));
	room = room_find(S("den"))->id;
	/* the same number may be a user's */
	ck_assert_uint_eq(ASK(meta, 0, .user = a, .on = 1, .room = S("Den"), .key = S("url"),
			      .value = S("http://x")),
			  MSG_e_meta);
	ck_assert_uint_eq(world_last()->targets, 3);
	ck_assert_int_eq(keys_of(true, room, "url", v), 1);
	ck_assert_int_eq(keys_of(false, a, NULL, v), 0);
	ASK(meta, 1, .user = b, .on = 1, .room = S("den"), .key = S("url"), .value = S("y"));
	ck_assert_uint_eq(world_refused(), ERR_NOT_OPERATOR);
	regw_member(&br.reg, regw_user(&br.reg, b), room)->flags |= MEMBER_HALFOP;
	ASK(meta, 1, .user = b, .on = 1, .room = S("den"), .key = S("url"), .value = S("y"));
	ck_assert_uint_eq(world_refused(), ERR_RANK);
	ASK(meta, 1, .user = b, .on = 1, .room = S("nowhere"), .key = S("url"), .value = S("y"));
	ck_assert_uint_eq(world_refused(), ERR_NO_SUCH_ROOM);
	ck_assert(world_part(0, a, "den"));
	ck_assert_int_eq(keys_of(true, room, NULL, v), 1);
	ck_assert(world_quit(1, b));
	ck_assert_int_eq(keys_of(true, room, NULL, v), 0);
}
END_TEST

START_TEST(metadata_by_operators_of_the_server)
{
	uint64_t a = world_login_irc(0, "alice", "192.0.2.1", "", ""),
		 b = world_login_irc(1, "bob", "192.0.2.2", "", "");
	struct reg_meta_view v[META_KEYS_MAX];

	ck_assert(world_join(1, b, "den"));
	ASK(meta, 0, .user = a, .on = 1, .name = S("bob"), .key = S("k"), .value = S("x"));
	ck_assert_uint_eq(world_refused(), ERR_NOT_YOURS);
	regw_user(&br.reg, a)->level = LEVEL_OPERATE;
	ck_assert_uint_eq(
	    ASK(meta, 0, .user = a, .on = 1, .name = S("bob"), .key = S("k"), .value = S("x")),
	    MSG_e_meta);
	ck_assert_uint_eq(LAST(meta).user, b);
	ck_assert_uint_eq(LAST(meta).by, a);
	ck_assert_uint_eq(world_last()->targets, 3);
	ck_assert_int_eq(keys_of(false, b, "k", v), 1);
	ck_assert_uint_eq(
	    ASK(meta, 0, .user = a, .on = 1, .room = S("den"), .key = S("k"), .value = S("x")),
	    MSG_e_meta);
	ck_assert_int_eq(keys_of(true, room_find(S("den"))->id, "k", v), 1);
	ASK(meta, 0, .user = a, .on = 1, .room = S("nowhere"), .key = S("k"), .value = S("x"));
	ck_assert_uint_eq(world_refused(), ERR_NO_SUCH_ROOM);
}
END_TEST

/* The most that one user's end can change must fit into one entry. */
START_TEST(a_user_with_all_there_is_may_go)
{
	uint64_t last = world_login_irc(0, "alice", "192.0.2.1", "", ""),
		 a = world_login_irc(0, "bob", "192.0.2.1", "", "");
	char room[16], key[16];

	proc.opt.address_factor = 0;
	for (int i = 0; i < ROOMS_PER_USER; i++) {
		snprintf(room, sizeof(room), "r%d", i);
		ck_assert(world_join(0, a, room));
		for (int k = 0; k < 25; k++) {
			snprintf(key, sizeof(key), "k%d", k);
			ASK(meta, 0, .user = a, .on = 1, .room = S(room), .key = S(key));
		}
		for (int k = 0; k < 35; k++) {
			struct mode_change c = {.op = MODE_BAN, .on = 1};
			char mask[32], list[MODES_BYTES_MAX];

			snprintf(mask, sizeof(mask), "spam%d*", k);
			c.arg = S(mask);
			ASK(mode, 0, .user = a, .room = S(room),
			    .changes = (struct str){list, mode_put(list, 0, sizeof(list), &c)});
		}
		/* more than one user's rooms may have: others had a part in it */
		ck_assert(world_join(0, last, room));
		ck_assert(world_part(0, a, room));
	}
	/* as full as it gets by rooms with so many entries: the rest is for those who have few */
	ck_assert_uint_lt(freelist_left(&br.reg.free_lists), 2500);
	ck_assert(world_quit(0, last));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("meta");
	TCase *t = tcase_create("meta");

	suite_add_tcase(s, t);
	tcase_add_checked_fixture(t, world_setup, world_teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, metadata_of_users);
	tcase_add_test(t, metadata_is_bounded_and_ends_with_its_owner);
	tcase_add_test(t, metadata_of_rooms);
	tcase_add_test(t, metadata_by_operators_of_the_server);
	tcase_add_test(t, a_user_with_all_there_is_may_go);
	return unit_run(s);
}
