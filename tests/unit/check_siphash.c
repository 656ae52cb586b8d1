/* The vectors of the paper and of the reference implementation: input 00 01 02 ..., key
 * 00 01 ... 0f. */
#include "config.h"

#include "lib/siphash.h"
#include "unit.h"

static uint8_t input[64];
static uint8_t key[16];

static void
setup(void)
{
	for (unsigned i = 0; i < sizeof(input); i++)
		input[i] = i;
	for (unsigned i = 0; i < sizeof(key); i++)
		key[i] = i;
}

START_TEST(paper)
{
	ck_assert_uint_eq(siphash(input, 15, key), UINT64_C(0xa129ca6149be45e5));
}
END_TEST

START_TEST(short_inputs)
{
	ck_assert_uint_eq(siphash(input, 0, key), UINT64_C(0x726fdb47dd0e0e31));
	ck_assert_uint_eq(siphash(input, 1, key), UINT64_C(0x74f839c593dc67fd));
	ck_assert_uint_eq(siphash(input, 7, key), UINT64_C(0xab0200f58b01d137));
	ck_assert_uint_eq(siphash(input, 8, key), UINT64_C(0x93f5f5799a932462));
	ck_assert_uint_eq(siphash(input, 63, key), UINT64_C(0x958a324ceb064572));
}
END_TEST

START_TEST(wide)
{
	static const uint8_t empty[16] = {0xa3, 0x81, 0x7f, 0x04, 0xba, 0x25, 0xa8, 0xe6,
					  0x6d, 0xf6, 0x72, 0x14, 0xc7, 0x55, 0x02, 0x93};
	static const uint8_t one[16] = {0xda, 0x87, 0xc1, 0xd8, 0x6b, 0x99, 0xaf, 0x44,
					0x34, 0x76, 0x59, 0x11, 0x9b, 0x22, 0xfc, 0x45};
	uint8_t out[16];

	siphash128(input, 0, key, out);
	ck_assert_mem_eq(out, empty, 16);
	siphash128(input, 1, key, out);
	ck_assert_mem_eq(out, one, 16);
}
END_TEST

START_TEST(unaligned)
{
	uint8_t shifted[65];

	for (size_t n = 0; n < 64; n++) {
		memcpy(shifted + 1, input, n);
		ck_assert_uint_eq(siphash(shifted + 1, n, key), siphash(input, n, key));
	}
}
END_TEST

START_TEST(key_matters)
{
	uint8_t other[16];

	memcpy(other, key, 16);
	other[15] ^= 0x80;
	ck_assert_uint_ne(siphash(input, 9, other), siphash(input, 9, key));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("siphash");
	TCase *tc = tcase_create("vectors");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, paper);
	tcase_add_test(tc, short_inputs);
	tcase_add_test(tc, wide);
	tcase_add_test(tc, unaligned);
	tcase_add_test(tc, key_matters);
	suite_add_tcase(s, tc);
	return unit_run(s);
}
