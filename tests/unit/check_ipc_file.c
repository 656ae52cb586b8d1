/* check_ipc_file.c - what is known of a file, packed; what proves a link; links as text. */
#include "config.h"

#include <string.h>

#include "ipc/file.h"
#include "lib/util.h"
#include "unit_str.h"

static struct file_facts
some(void)
{
	struct file_facts f = {.size = 1ull << 40,
			       .expires = 1800000000,
			       .width = 65535,
			       .height = 1,
			       .flags = FILE_THUMB,
			       .type = STR_LIT("image/png"),
			       .name = STR_LIT("a b.png")};

	memset(f.id, 7, sizeof(f.id));
	memset(f.proof, 9, sizeof(f.proof));
	return f;
}

START_TEST(packed)
{
	char out[FILE_FACTS_MAX], longest[FILE_NAME_MAX + 1];
	struct file_facts f = some(), got;
	size_t n = file_put(out, &f);

	for (size_t cut = 0; cut <= n; cut++) {
		struct str s = copy(out, cut);

		ck_assert_int_eq(file_get(s, &got), cut == n);
		drop(s);
	}
	ck_assert(file_get((struct str){out, n}, &got));
	ck_assert(got.size == f.size && got.expires == f.expires && got.width == 65535 &&
		  got.height == 1 && got.flags == FILE_THUMB);
	ck_str(got.name, "a b.png");
	ck_str(got.type, "image/png");
	ck_assert(memcmp(got.id, f.id, FILE_ID) == 0 &&
		  memcmp(got.proof, f.proof, FILE_PROOF) == 0);
	out[n] = 'x';
	ck_assert(!file_get((struct str){out, n + 1}, &got));
	memset(longest, 'n', sizeof(longest));
	f.name = (struct str){longest, FILE_NAME_MAX};
	f.type = (struct str){longest, FILE_TYPE_MAX};
	n = file_put(out, &f);
	ck_assert(n > 0 && n <= FILE_FACTS_MAX && file_get((struct str){out, n}, &got));
	f.name.n++;
	ck_assert_uint_eq(file_put(out, &f), 0);
	f.name.n--;
	f.type.n++;
	ck_assert_uint_eq(file_put(out, &f), 0);
}
END_TEST

START_TEST(proofs)
{
	uint8_t key[16] = {1}, other[16] = {2}, id[FILE_ID] = {3}, proof[FILE_PROOF];
	struct str s = {(const char *)proof, sizeof(proof)};

	file_prove(key, id, 1000, proof);
	ck_assert(file_proved(key, id, 1000, s, 999));
	ck_assert(!file_proved(key, id, 1000, s, 1000));
	ck_assert(!file_proved(key, id, 1001, s, 999));
	ck_assert(!file_proved(other, id, 1000, s, 999));
	for (size_t i = 0; i < sizeof(proof); i++) {
		proof[i] ^= 1;
		ck_assert(!file_proved(key, id, 1000, s, 999));
		proof[i] ^= 1;
	}
	s.n--;
	ck_assert(!file_proved(key, id, 1000, s, 999));
	s.n++;
	id[15] ^= 1;
	ck_assert(!file_proved(key, id, 1000, s, 999));
}
END_TEST

/* One way to write each. */
START_TEST(base64url)
{
	static const char *const bad[] = {"",     "YW",   "YWF",  "YWFh=",   "YWFhYQ",
					  "YW+h", "YW/h", "YW h", "YWFhYWF", "YWFi\n"};
	uint8_t bytes[64], back[64];
	char text[100];

	for (size_t n = 1; n < sizeof(bytes); n++) {
		for (size_t i = 0; i < n; i++)
			bytes[i] = (uint8_t)(251 * i + n);
		ck_assert_uint_eq(base64url_encode(bytes, n, text), (n * 8 + 5) / 6);
		ck_assert_int_eq(base64url_decode(str_of(text), back, n), (ssize_t)n);
		ck_assert_int_eq(memcmp(bytes, back, n), 0);
		ck_assert_int_eq(base64url_decode(str_of(text), back, n - 1), -1);
		ck_assert_int_eq(base64url_decode(str_of(text), back, n + 1), -1);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		ck_assert_msg(base64url_decode(str_of(bad[i]), back, 3) == -1, "%s", bad[i]);
	ck_assert_int_eq(base64url_decode(STR_LIT("YQ"), back, 1), 1);
	ck_assert_int_eq(base64url_decode(STR_LIT("YR"), back, 1), -1);
	ck_assert_int_eq(base64url_decode((struct str){"YW\0h", 4}, back, 3), -1);
}
END_TEST

static const struct {
	const char *name, *in_path;
} names[] = {
    {"a b.png", "a%20b.png"},           {"", "file"},
    {".hidden", "%2Ehidden"},           {"../x", "%2E.%2Fx"},
    {"\xc3\xa4?&#", "%C3%A4%3F%26%23"},
};

START_TEST(paths)
{
	char path[FILE_PATH_MAX], want[FILE_PATH_MAX], longest[FILE_NAME_MAX];
	struct file_facts f = some();

	f.name = str_of(names[_i].name);
	bprintf(want, sizeof(want),
		"/files/BwcHBwcHBwcHBwcHBwcHBw/%s?e=1800000000&s=CQkJCQkJCQkJCQkJ",
		names[_i].in_path);
	ck_assert_uint_eq(file_path(path, sizeof(path), &f), strlen(want));
	ck_assert_str_eq(path, want);
	memset(longest, '%', sizeof(longest));
	f.name = (struct str){longest, sizeof(longest)};
	f.expires = UINT64_MAX;
	ck_assert_uint_lt(file_path(path, sizeof(path), &f), sizeof(path) - 1);
	ck_assert_int_eq(strncmp(path + strlen(path) - 18, "s=CQkJCQkJCQkJCQkJ", 18), 0);
}
END_TEST

START_TEST(pictures)
{
	static const char *const are[] = {"image/png", "image/x"}, *const are_not[] = {
								       "image/", "image", "",
								       "text/plain", "ximage/png"};
	struct file_facts f = some();

	for (size_t i = 0; i < ARRAY_LEN(are); i++) {
		f.type = str_of(are[i]);
		ck_assert(file_is_image(&f));
	}
	for (size_t i = 0; i < ARRAY_LEN(are_not); i++) {
		f.type = str_of(are_not[i]);
		ck_assert(!file_is_image(&f));
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("ipc_file");
	TCase *t = tcase_create("ipc_file");

	suite_add_tcase(s, t);
	tcase_add_test(t, packed);
	tcase_add_test(t, proofs);
	tcase_add_test(t, base64url);
	tcase_add_loop_test(t, paths, 0, ARRAY_LEN(names));
	tcase_add_test(t, pictures);
	return unit_run(s);
}
