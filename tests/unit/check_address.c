/* check_address.c - connections counted by address: how many addresses there may be. */
#include "config.h"

#include <string.h>

#include "master/address.h"
#include "unit.h"

#define IDLE 262144 /* as address.c has it */

static struct address *
get(unsigned i)
{
	uint8_t bytes[16] = {0x20, 0x01, 0x0d, 0xb8};

	memcpy(bytes + 4, &i, sizeof(i));
	return address_get(bytes, 32, 64, 1000000);
}

/* Everybody from another one: as many as there are connections. */
START_TEST(many_with_connections)
{
	struct address *a;

	for (unsigned i = 0; i < IDLE + 100; i++) {
		a = get(i);
		ck_assert_ptr_nonnull(a);
		address_add(a);
	}
	a = get(7);
	ck_assert_uint_eq(address_count(a), 1);
	address_remove(a);
	address_put(a, 1000000);
	ck_assert_uint_eq(address_count(get(7)), 0);
}
END_TEST

/* Who has gone is remembered as long as there is room, the oldest of them the shortest. */
START_TEST(many_without)
{
	for (unsigned i = 0; i < IDLE + 1; i++)
		ck_assert(address_rate(get(i), 1, 1000000));
	ck_assert(!address_rate(get(1), 1, 1000000));
	ck_assert(address_rate(get(0), 1, 1000000));
	address_sweep(1000000);
	ck_assert(!address_rate(get(0), 1, 1000000));
	address_sweep(2000000);
	ck_assert(address_rate(get(0), 1, 1000000));
}
END_TEST

/* However many have stayed since before: there is room for who comes. */
START_TEST(many_beside_some)
{
	for (unsigned i = 0; i < 1000; i++)
		address_add(get(i));
	for (unsigned i = 1000; i < IDLE + 2000; i++)
		ck_assert(address_rate(get(i), 1, 1000000));
	for (unsigned i = 0; i < 1000; i++)
		ck_assert_uint_eq(address_count(get(i)), 1);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("address");
	TCase *t = tcase_create("address");

	tcase_set_timeout(t, 30);
	tcase_add_test(t, many_with_connections);
	tcase_add_test(t, many_without);
	tcase_add_test(t, many_beside_some);
	suite_add_tcase(s, t);
	return unit_run(s);
}
