/* check_rooms_end.c - rooms end with those who leave them: many at once, and all that is theirs. */
#include "config.h"

#include "ipc/proc.h"
#include "lib/util.h"
#include "unit.h"
#include "world.h"

static void
list_put(const struct reg_room *room, enum reg_list_op op, unsigned nth, uint64_t until)
{
	struct m_e_ok m = {.text = S("put")};
	char mask[32];

	bprintf(mask, sizeof(mask), "n%u!*@*", nth);
	entry_begin(&req_nobody);
	ck_assert(list_put_redo(NULL, 0, op, room->id, S(mask), S(""), S("alice"), until));
	EVENT_HEAD(&req_nobody, m);
	ENTRY_COMMIT(ok, &m);
	list_put_done(room_cache_of(room), NULL, NULL);
}

static void
full_lists(const struct reg_room *room)
{
	static const enum reg_list_op ops[] = {LIST_BAN, LIST_MUTE, LIST_EXCEPT, LIST_INVEX};

	for (size_t i = 0; i < ARRAY_LEN(ops); i++) {
		for (unsigned k = 0; k < ROOM_LIST_MAX; k++)
			list_put(room, ops[i], k, k % 2 ? 0 : br.now + 1);
	}
}

static const struct reg_room *
join(uint64_t user, unsigned nth)
{
	char name[16];

	bprintf(name, sizeof(name), "room%u", nth);
	ck_assert(world_join(0, user, name));
	return room_find(S(name));
}

/* Whoever is the last in as many rooms as there may be, with lists as long as they may be. */
START_TEST(forty_thousand_entries_end_at_once)
{
	uint64_t alice;
	uint32_t left;

	world_init(&world, 40000, 4u << 20);
	alice = world_login(0, "alice", "192.0.2.1");
	left = freelist_left(&br.reg.free_lists);
	for (unsigned i = 0; i < ROOMS_PER_USER; i++)
		full_lists(join(alice, i));
	ck_assert_uint_eq(left - freelist_left(&br.reg.free_lists),
			  ROOMS_PER_USER * 4 * ROOM_LIST_MAX);
	ck_assert(world_quit(0, alice));
	ck_assert_uint_eq(freelist_left(&br.reg.free_lists), left);
	world_verify();
	/* nobody's any more, and not for a successor, or for what ends old ones */
	br.now += 2;
	ck_assert_uint_eq(lists_expire(), UINT64_MAX);
	ck_assert_uint_eq(world_reopen(&world), 0);
	ck_assert_uint_eq(freelist_left(&br.reg.free_lists), left);
	alice = world_login(0, "alice", "192.0.2.1");
	ck_assert_uint_eq(room_cache_of(join(alice, 0))->nlists, 0);
	world_end(&world);
}
END_TEST

static unsigned
bans_put(unsigned sub, uint64_t user, const char *room, unsigned first)
{
	char list[MODES_BYTES_MAX], mask[16];
	size_t n = 0;

	for (unsigned i = 0; i < 10; i++) {
		struct mode_change m = {.op = MODE_BAN, .on = 1, .arg = S(mask)};

		m.arg.n = bprintf(mask, sizeof(mask), "n%u", first + i);
		n = mode_put(list, n, sizeof(list), &m);
	}
	ck_assert_uint_eq(ASK(mode, sub, .user = user, .room = S(room), .changes = {list, n}),
			  MSG_e_mode);
	return LAST(mode).refused.n == 0;
}

/* Who fills the lists of a room and leaves it to another has filled them all the same. */
START_TEST(entries_are_counted_by_address)
{
	uint64_t alice, bob, carol;
	unsigned put = 0;
	char name[16];

	world_init(&world, 40000, 4u << 20);
	alice = world_login(0, "alice", "192.0.2.1");
	bob = world_login(1, "bob", "192.0.2.1");
	carol = world_login(2, "carol", "192.0.2.9");
	for (unsigned i = 0; i < ROOMS_PER_USER - 1; i++) {
		bprintf(name, sizeof(name), "room%u", i);
		ck_assert(world_join(0, alice, name) && world_join(1, bob, name));
		for (unsigned k = 0; k < ROOM_LIST_MAX; k += 10)
			put += 10 * bans_put(0, alice, name, k);
		ck_assert(world_part(0, alice, name));
	}
	ck_assert_uint_eq(put, 500 * (unsigned)proc.opt.address_factor);
	ck_assert(world_join(2, carol, "hers") && bans_put(2, carol, "hers", 0));
	/* they are no more */
	ck_assert(world_part(1, bob, "room0") && world_join(0, alice, "room0"));
	ck_assert(bans_put(0, alice, "room0", 0));
	proc.opt.address_factor = 0;
	ck_assert(world_join(0, alice, "other") && bans_put(0, alice, "other", 0));
	world_end(&world);
}
END_TEST

/* What is deleted is swept from an index now and then, in the middle of a quit too. */
START_TEST(the_index_is_swept_meanwhile)
{
	uint64_t user[16];
	unsigned nth = 0;
	char name[16];

	world_init(&world, 100, 1u << 20);
	for (unsigned i = 0; i < 1000; i++) {
		uint64_t *u = &user[i % ARRAY_LEN(user)];

		if (i >= ARRAY_LEN(user))
			ck_assert(world_quit(0, *u));
		bprintf(name, sizeof(name), "user%u", i);
		*u = world_login(0, name, "192.0.2.1");
		for (unsigned k = 0; k < 45; k++)
			join(*u, nth++);
	}
	world_end(&world);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("rooms_end");
	TCase *t = tcase_create("rooms_end");

	suite_add_tcase(s, t);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, forty_thousand_entries_end_at_once);
	tcase_add_test(t, entries_are_counted_by_address);
	tcase_add_test(t, the_index_is_swept_meanwhile);
	return unit_run(s);
}
