/* check_cloak.c - what others see instead of addresses, and what bans are held against. */
#include "config.h"

#include "broker/cloak.h"
#include "ipc/proc.h"
#include "unit_str.h"
#include "world.h"

static void
setup(void)
{
	world_setup();
	proc.opt.cloaks_enabled = 1;
}

/* Do the cloaks of a and b end in the same so many words? */
static unsigned
same_words(const char *a, const char *b)
{
	static const uint8_t key[16] = "a key for tests";
	char ca[HOST_MAX + 1], cb[HOST_MAX + 1];
	unsigned n = 0;
	size_t la, lb;

	ck_assert(cloak_make(a, key, ca) && cloak_make(b, key, cb));
	la = strlen(ca);
	lb = strlen(cb);
	while (la > 0 && lb > 0 && ca[la - 1] == cb[lb - 1]) {
		n += ca[la - 1] == '.';
		la--;
		lb--;
	}
	/* the word in front is whole as well */
	return n + (la == 0 && lb == 0) - 1;
}

START_TEST(networks_have_words)
{
	ck_assert_uint_eq(same_words("192.0.2.7", "192.0.2.7"), 3);
	ck_assert_uint_eq(same_words("192.0.2.7", "192.0.2.8"), 2);
	ck_assert_uint_eq(same_words("192.0.2.7", "192.0.3.7"), 1);
	ck_assert_uint_eq(same_words("192.0.2.7", "192.1.2.7"), 0);
	ck_assert_uint_eq(same_words("2001:db8::1", "2001:db8::2"), 3);
	ck_assert_uint_eq(same_words("2001:db8::1", "2001:db8:0:1::1"), 2);
	ck_assert_uint_eq(same_words("2001:db8::1", "2001:db8:1::1"), 1);
	ck_assert_uint_eq(same_words("2001:db8::1", "2001:db9::1"), 0);
}
END_TEST

START_TEST(it_hangs_on_the_key)
{
	char a[HOST_MAX + 1], b[HOST_MAX + 1];

	ck_assert(cloak_make("192.0.2.7", (const uint8_t *)"a key for tests", a));
	ck_assert(cloak_make("192.0.2.7", (const uint8_t *)"b key for tests", b));
	ck_assert_int_ne(strncmp(a, b, 8), 0);
	ck_assert_int_ne(strncmp(a + 18, b + 18, 8), 0);
	ck_assert_uint_eq(strlen(a), 29);
	ck_assert(cloak_make("::ffff:192.0.2.7", (const uint8_t *)"a key for tests", b));
	ck_assert_str_eq(a, b);
	ck_assert(cloak_make("2001:db8::1", (const uint8_t *)"a key for tests", b));
	ck_assert_uint_eq(strlen(b), 39);
	ck_assert(host_valid(str_of(b)));
}
END_TEST

START_TEST(what_has_none)
{
	static const char *const none[] = {"127.0.0.1", "127.3.2.1", "::1",          "unix",
					   "",          "192.0.2",   "192.0.2.0/24", "x y"};
	char out[HOST_MAX + 1];

	for (unsigned i = 0; i < ARRAY_LEN(none); i++)
		ck_assert_msg(!cloak_of(none[i], out), "%s has one", none[i]);
	proc.opt.cloaks_enabled = 0;
	ck_assert(!cloak_of("192.0.2.7", out));
}
END_TEST

START_TEST(others_see_it)
{
	char cloak[HOST_MAX + 1];

	ck_assert(world_login_irc(0, "alice", "192.0.2.7", "al", ""));
	ck_assert(cloak_of("192.0.2.7", cloak));
	ck_assert_str_eq(world_user(&world, "alice").host, cloak);
	ck_assert_str_eq(world_user(&world, "alice").address, "192.0.2.7");
	world_login_irc(0, "bob", "127.0.0.1", "bob", "");
	ck_assert_str_eq(world_user(&world, "bob").host, "127.0.0.1");
}
END_TEST

/* May somebody at this address join the room, with this ban of the room's operator? */
static bool
joins(const char *mask, const char *address)
{
	uint64_t op = world_login(0, "operator", "192.0.2.1"), u;
	struct mode_change change = {.op = MODE_BAN, .on = 1, .arg = S(mask)};
	char changes[300];
	bool in;

	ck_assert(op && world_join(0, op, "den"));
	ck_assert_uint_eq(ASK(mode, 0, .user = op, .room = S("den"),
			      .changes = {changes, mode_put(changes, 0, sizeof(changes), &change)}),
			  MSG_e_mode);
	u = world_login(0, "guest", address);
	ck_assert(u);
	in = world_join(0, u, "den");
	ck_assert(world_quit(0, u) && world_quit(0, op));
	return in;
}

START_TEST(bans_of_rooms)
{
	char cloak[HOST_MAX + 1], mask[HOST_MAX + 8];

	ck_assert(cloak_of("192.0.2.7", cloak));
	ck_assert(!joins(cloak, "192.0.2.7"));
	bprintf(mask, sizeof(mask), "*!*@*%s", cloak + 8);
	ck_assert(!joins(mask, "192.0.2.7"));
	ck_assert(!joins(mask, "192.0.2.200"));
	ck_assert(joins(mask, "192.0.3.7"));
	bprintf(mask, sizeof(mask), "*!*@*%s", cloak + 17);
	ck_assert(!joins(mask, "192.0.3.7"));
	ck_assert(joins(mask, "192.1.2.7"));
	/* nobody finds out by trying */
	ck_assert(joins("*!*@192.0.2.7", "192.0.2.7"));
	ck_assert(joins("192.0.2.0/24", "192.0.2.7"));
	ck_assert(joins("*!*@192.*", "192.0.2.7"));
	ck_assert(!joins("*!*@127.0.0.*", "127.0.0.1"));
	proc.opt.cloaks_enabled = 0;
	ck_assert(!joins("192.0.2.0/24", "192.0.2.7"));
}
END_TEST

START_TEST(bans_of_the_server)
{
	ck_assert(world_login(0, "alice", "192.0.2.7"));
	ck_assert_uint_eq(ASK(admin, SUB_CONTROL, .op = ADMIN_BAN_ADD, .level = LEVEL_ADMIN,
			      .target = S("198.51.100.0/24"), .arg = S("no")),
			  MSG_e_ok);
	ck_assert(!world_login(0, "bob", "198.51.100.9"));
	ck_assert_uint_eq(world_refused(), ERR_BANNED);
	ck_assert(world_login(0, "bob", "198.51.101.9"));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("cloak");
	TCase *t = tcase_create("cloak");

	suite_add_tcase(s, t);
	tcase_add_checked_fixture(t, setup, world_teardown);
	tcase_add_test(t, networks_have_words);
	tcase_add_test(t, it_hangs_on_the_key);
	tcase_add_test(t, what_has_none);
	tcase_add_test(t, others_see_it);
	tcase_add_test(t, bans_of_rooms);
	tcase_add_test(t, bans_of_the_server);
	return unit_run(s);
}
