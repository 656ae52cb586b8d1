/* check_modes.c - several modes in one request: what is done, told and refused, by whom, and when the broker dies. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "den.h"
#include "lib/util.h"

START_TEST(a_fresh_room_hears_no_strangers)
{
	ck_assert_uint_eq(den()->modes, 1u << MODE_NO_OUTSIDE);
}
END_TEST

START_TEST(several_modes_are_one_entry)
{
	uint64_t seq = br.j.seq;

	den_change(MODE_MODERATED, true, "");
	den_change(MODE_VOICE, true, "bob");
	den_change(MODE_LIMIT, true, "12");
	den_change(MODE_BAN, true, "spam*");
	den_change(MODE_KEY, true, "sesame");
	den_change(MODE_BAN, true, "ident@192.0.2.0/24");
	den_change(MODE_INVEX, true, "~a:*");
	ck_assert_uint_eq(den_modes(0, alice, "DEN"), MSG_e_mode);
	ck_assert_uint_eq(br.j.seq, seq + 1);
	ck_assert_str_eq(den_told(),
			 "+m +v Bob +l 12 +b spam*!*@* +k * +b *!ident@192.0.2.0/24 +I ~a:*");
	ck_assert_uint_eq(world_last()->targets, 1u << 0 | 1u << 1);
	ck_assert_uint_eq(den()->limit, 12);
	ck_assert_uint_eq(den_flags(bob), MEMBER_VOICE);
	ck_assert_uint_eq(br.rooms[ID_SLOT(den()->id)].nlists, 3);
	ck_assert_ptr_null(memmem(world_last(), world_last()->size, "sesame", 6));
}
END_TEST

START_TEST(what_is_so_already_is_left_out)
{
	den_change(MODE_OP, true, "alice");
	den_change(MODE_NO_OUTSIDE, true, "");
	den_change(MODE_VOICE, false, "bob");
	den_change(MODE_KEY, false, "any");
	ck_assert_uint_eq(den_modes(0, alice, "den"), MSG_e_mode);
	ck_assert_str_eq(den_told(), "");
	ck_assert_uint_eq(world_last()->targets, 1u << 0);
	den_change(MODE_BAN, true, "x");
	den_change(MODE_BAN, true, "X!*@*");
	den_change(MODE_LIMIT, true, "3");
	den_change(MODE_LIMIT, true, "3");
	den_modes(0, alice, "den");
	ck_assert_str_eq(den_told(), "+b x!*@* +l 3");
	den_mode(0, alice, "den", MODE_BAN, true, "x");
	ck_assert_str_eq(den_told(), "");
}
END_TEST

START_TEST(changes_see_those_before_them)
{
	char want[128];

	snprintf(want, sizeof(want), "+b x!*@* -b x!*@* +v Bob -v Bob +m -m | b %u x",
		 ERR_NOT_FOUND);
	den_change(MODE_BAN, true, "x");
	den_change(MODE_BAN, false, "X");
	den_change(MODE_BAN, false, "x");
	den_change(MODE_VOICE, true, "bob");
	den_change(MODE_VOICE, false, "bob");
	den_change(MODE_MODERATED, true, "");
	den_change(MODE_MODERATED, false, "");
	den_modes(0, alice, "den");
	ck_assert_str_eq(den_told(), want);
	ck_assert_uint_eq(br.rooms[ID_SLOT(den()->id)].nlists, 0);
	ck_assert_uint_eq(den_flags(bob), 0);
	/* gone and come back: the old entry stays */
	den_mode(0, alice, "den", MODE_BAN, true, "x");
	den_change(MODE_BAN, false, "x");
	den_change(MODE_BAN, true, "X");
	den_change(MODE_BAN, true, "y");
	den_modes(0, alice, "den");
	ck_assert_str_eq(den_told(), "-b x!*@* +b x!*@* +b y!*@*");
	ck_assert_uint_eq(br.rooms[ID_SLOT(den()->id)].nlists, 2);
	/* who gives its rights away has none for what follows */
	den_change(MODE_OP, false, "alice");
	den_change(MODE_MODERATED, true, "");
	den_modes(0, alice, "den");
	ck_assert_uint_eq(den_flags(alice), 0);
	ck_assert_uint_eq(den()->modes, 1u << MODE_NO_OUTSIDE);
}
END_TEST

START_TEST(what_cannot_be_done_is_named)
{
	char want[256];

	den_change(MODE_LIMIT, true, "0");
	den_change(MODE_LIMIT, true, "1000001");
	den_change(MODE_KEY, true, "");
	den_change(MODE_BAN, true, "a b");
	den_change(MODE_INVEX, true, "~m:x");
	den_change(MODE_OP, true, "nobody");
	den_change(MODE_OP, true, "carol");
	den_change(MODE_TOPIC_LOCK, true, "");
	den_modes(0, alice, "den");
	snprintf(want, sizeof(want),
		 "+t | l %u 0 | l %u 1000001 | k %u key | b %u a b | I %u ~m:x | o %u nobody | o "
		 "%u carol",
		 ERR_BAD_ARGUMENT, ERR_BAD_ARGUMENT, ERR_BAD_ARGUMENT, ERR_BAD_ARGUMENT,
		 ERR_BAD_ARGUMENT, ERR_NO_SUCH_USER, ERR_TARGET_NOT_IN_ROOM);
	ck_assert_str_eq(den_told(), want);
	/* one alone is told in the same way; strangers and members without rights are refused */
	ck_assert_uint_eq(den_mode(0, alice, "den", MODE_LIMIT, true, "x"), MSG_e_mode);
	ck_assert_uint_eq(den_mode(1, bob, "den", MODE_BAN, true, "x"), MSG_e_refused);
	ck_assert_uint_eq(den_mode(2, carol, "den", MODE_BAN, true, "x"), MSG_e_refused);
	ck_assert_uint_eq(den_mode(2, carol, "none", MODE_BAN, true, "x"), MSG_e_refused);
}
END_TEST

START_TEST(keys_are_words)
{
	static const char *const bad[] = {"with space", "a,b", ":a", "a\tb", "\xff"};
	char want[32];

	snprintf(want, sizeof(want), " | k %u key", ERR_BAD_ARGUMENT);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		ck_assert_uint_eq(den_mode(0, alice, "den", MODE_KEY, true, bad[i]), MSG_e_mode);
		ck_assert_str_eq(den_told(), want);
	}
	den_mode(0, alice, "den", MODE_KEY, true, "k\xc3\xa4se:!");
	ck_assert_str_eq(den_told(), "+k *");
}
END_TEST

START_TEST(a_list_has_an_end)
{
	char mask[16];

	for (int i = 0; i < ROOM_LIST_MAX + 5; i++) {
		snprintf(mask, sizeof(mask), "m%d", i);
		den_change(MODE_BAN, true, mask);
		if (i % MODES_MAX == MODES_MAX - 1 || i == ROOM_LIST_MAX + 4)
			ck_assert_uint_eq(den_modes(0, alice, "den"), MSG_e_mode);
	}
	ck_assert_uint_eq(list_count(&br.rooms[ID_SLOT(den()->id)], LIST_BAN), ROOM_LIST_MAX);
	/* one goes, and another finds its place in the same request */
	den_change(MODE_BAN, false, "m7");
	den_change(MODE_BAN, true, "fresh");
	den_change(MODE_BAN, true, "toomuch");
	den_modes(0, alice, "den");
	ck_assert_uint_eq(list_count(&br.rooms[ID_SLOT(den()->id)], LIST_BAN), ROOM_LIST_MAX);
	ck_assert_ptr_nonnull(strstr(den_told(), "-b m7!*@* +b fresh!*@* | b"));
}
END_TEST

START_TEST(malformed_lists_are_a_peers_mistake)
{
	struct mode_change m = {.op = MODE_MODERATED, .on = 1};
	struct str changes = {NULL, 0};
	char list[MODES_BYTES_MAX];

	changes.p = list;
	ck_assert_uint_eq(ASK(mode, 0, .user = alice, .room = S("den"), .changes = changes), 0);
	for (int i = 0; i <= MODES_MAX; i++) {
		m.on = i % 2;
		changes.n = mode_put(list, changes.n, sizeof(list), &m);
	}
	ck_assert_uint_eq(ASK(mode, 0, .user = alice, .room = S("den"), .changes = changes), 0);
	changes.n = mode_put(list, 0, sizeof(list), &m) - 1;
	ck_assert_uint_eq(ASK(mode, 0, .user = alice, .room = S("den"), .changes = changes), 0);
}
END_TEST

START_TEST(readers_see_all_lists)
{
	struct reg_list_view v[8];
	uint32_t at = 0;

	den_change(MODE_BAN, true, "a");
	den_change(MODE_BAN, true, "~m:b");
	den_change(MODE_EXCEPT, true, "c");
	den_change(MODE_INVEX, true, "d");
	den_modes(0, alice, "den");
	ck_assert_int_eq(registry_list(world.reader, den()->id, &at, v, 8), 4);
	ck_assert(v[0].op == MODE_BAN && strcmp(v[0].mask, "a!*@*") == 0);
	ck_assert(v[1].op == MODE_MUTE && strcmp(v[1].mask, "b!*@*") == 0);
	ck_assert(v[2].op == MODE_EXCEPT && v[3].op == MODE_INVEX);
}
END_TEST

/* --- ranks ------------------------------------------------------------------------------------------------------ */

static unsigned
kick(unsigned sub, uint64_t user, const char *target)
{
	return ASK(kick, sub, .user = user, .room = S("den"), .target = S(target));
}

START_TEST(who_keeps_order_makes_no_operators)
{
	char want[64];

	ck_assert(world_join(2, carol, "den"));
	den_mode(0, alice, "den", MODE_HALFOP, true, "bob");
	ck_assert_str_eq(den_told(), "+h Bob");
	den_change(MODE_VOICE, true, "carol");
	den_change(MODE_BAN, true, "x");
	den_change(MODE_EXCEPT, true, "y");
	den_change(MODE_OP, true, "carol");
	ck_assert_uint_eq(den_modes(1, bob, "den"), MSG_e_mode);
	snprintf(want, sizeof(want), "+v carol +b x!*@* +x y!*@* | o %u den", ERR_RANK);
	ck_assert_str_eq(den_told(), want);
	ck_assert_uint_eq(den_mode(1, bob, "den", MODE_MODERATED, true, ""), MSG_e_mode);
	ck_assert_uint_eq(LAST(mode).changes.n, 0);
	ck_assert_uint_eq(kick(1, bob, "alice"), MSG_e_refused);
	ck_assert_uint_eq(kick(1, bob, "carol"), MSG_e_kick);
	/* everybody may step down */
	ck_assert_uint_eq(den_mode(1, bob, "den", MODE_HALFOP, false, "bob"), MSG_e_mode);
	ck_assert_str_eq(den_told(), "-h Bob");
	ck_assert_uint_eq(den_mode(1, bob, "den", MODE_VOICE, true, "bob"), MSG_e_refused);
	ck_assert_uint_eq(kick(1, bob, "alice"), MSG_e_refused);
}
END_TEST

/* --- recovery ---------------------------------------------------------------------------------------------------- */

/* One random request of up to MODES_MAX changes. */
static void
some_modes(unsigned *seed)
{
	static const unsigned ops[] = {MODE_BAN,  MODE_BAN,    MODE_BAN,    MODE_EXCEPT,
				       MODE_MUTE, MODE_VOICE,  MODE_HALFOP, MODE_LIMIT,
				       MODE_KEY,  MODE_PRIVATE};

	for (int k = rand_r(seed) % MODES_MAX; k >= 0; k--) {
		unsigned op = ops[(unsigned)rand_r(seed) % ARRAY_LEN(ops)];
		char arg[16];

		snprintf(arg, sizeof(arg), op == MODE_LIMIT ? "%d" : "m%d", rand_r(seed) % 30 + 2);
		den_change(op, rand_r(seed) % 2,
			   op == MODE_VOICE || op == MODE_HALFOP ? "bob" : arg);
	}
	den_modes(0, alice, "den");
}

/* The entry has been committed; of the slots that it changes some bytes are new, some are old. */
START_TEST(a_request_half_applied_is_done_by_the_successor)
{
	unsigned char *before, *after, *reg = world.reg;
	unsigned seed = 5;

	before = malloc(world.reg_size);
	after = malloc(world.reg_size);
	for (int i = 0; i < 200; i++) {
		uint64_t applied = br.j.h->applied;

		memcpy(before, world.reg, world.reg_size);
		some_modes(&seed);
		memcpy(after, world.reg, world.reg_size);
		for (size_t k = 4096; k < world.reg_size; k++) {
			if (before[k] != after[k] && rand_r(&seed) % 2)
				reg[k] = before[k];
		}
		br.j.h->applied = applied;
		ck_assert_uint_eq(world_reopen(&world), 1);
		world_verify();
		/* all that matters is as if nothing had happened; counters of slots have moved */
		for (uint32_t k = 0; k < br.reg.h->list_top; k++) {
			const struct reg_list *was = (const void *)(after + br.reg.h->off_lists);

			ck_assert_uint_eq(br.reg.lists[k].op, was[k].op);
			ck_assert(was[k].op == LIST_NONE ||
				  strcmp(br.reg.lists[k].mask, was[k].mask) == 0);
		}
	}
	free(before);
	free(after);
}
END_TEST

/* The entry had not been committed: nothing of it is to be seen. */
START_TEST(a_request_not_committed_has_not_happened)
{
	den_mode(0, alice, "den", MODE_BAN, true, "x");
	freelist_nth(&br.reg.free_lists, 7); /* what it promised itself before it died */
	ck_assert_uint_eq(world_reopen(&world), 0);
	world_verify();
	ck_assert_uint_eq(br.rooms[ID_SLOT(den()->id)].nlists, 1);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("modes");
	TCase *t = tcase_create("modes");

	suite_add_tcase(s, t);
	tcase_add_checked_fixture(t, den_setup, den_teardown);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, a_fresh_room_hears_no_strangers);
	tcase_add_test(t, several_modes_are_one_entry);
	tcase_add_test(t, what_is_so_already_is_left_out);
	tcase_add_test(t, changes_see_those_before_them);
	tcase_add_test(t, what_cannot_be_done_is_named);
	tcase_add_test(t, keys_are_words);
	tcase_add_test(t, a_list_has_an_end);
	tcase_add_test(t, malformed_lists_are_a_peers_mistake);
	tcase_add_test(t, readers_see_all_lists);
	tcase_add_test(t, who_keeps_order_makes_no_operators);
	tcase_add_test(t, a_request_half_applied_is_done_by_the_successor);
	tcase_add_test(t, a_request_not_committed_has_not_happened);
	return unit_run(s);
}
