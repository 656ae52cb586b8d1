/* check_proxy.c - the header by which a proxy says whose a connection is. */
#include "config.h"

#include "lib/proxy.h"
#include "lib/util.h"
#include "unit.h"

#define SIG "\r\n\r\n\0\r\nQUIT\n"
#define V4 "\xc0\x00\x02\x07\xc6\x33\x64\x01\x10\xe1\x1a\x0b"
#define V6 "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x07"
#define TLS_TLV "\x20\0\x08\x01\0\0\0\0\x21\0\0"

static const struct {
	const char *p;
	size_t n;
	ssize_t len; /* of the header; 0: more; -1: none */
	const char *address; /* NULL: not known */
	unsigned port;
	bool tls;
} heads[] = {
    {LIT("PROXY TCP4 192.0.2.7 198.51.100.1 4321 6667\r\nNICK a\r\n"), 45, "192.0.2.7", 4321,
     false},
    {LIT("PROXY TCP6 2001:DB8::7 ::1 1 65535\r\n"), 36, "2001:db8::7", 1, false},
    {LIT("PROXY TCP6 ::ffff:192.0.2.7 ::1 0 1\r\n"), 37, "192.0.2.7", 0, false},
    {LIT("PROXY UNKNOWN\r\n"), 15, NULL, 0, false},
    {LIT("PROXY UNKNOWN ffff::1 whatever 1 2\r\n"), 36, NULL, 0, false},
    {LIT(""), 0, NULL, 0, false},
    {LIT("PROX"), 0, NULL, 0, false},
    {LIT("PROXY TCP4 192.0.2.7 198.51.100.1 4321 6667\r"), 0, NULL, 0, false},
    {LIT("PROXY TCP4 192.0.2.7 198.51.100.1 4321 6667\rx"), -1, NULL, 0, false},
    {LIT("PROXY TCP4 192.0.2.7 198.51.100.1 4321 6667\n"), 0, NULL, 0, false},
    {LIT("proxy TCP4 192.0.2.7 198.51.100.1 4321 6667\r\n"), -1, NULL, 0, false},
    {LIT("NICK a\r\n"), -1, NULL, 0, false},
    {LIT("\x16\x03\x01"), -1, NULL, 0, false},
    {LIT("PROXY TCP5 192.0.2.7 198.51.100.1 4321 6667\r\n"), -1, NULL, 0, false},
    {LIT("PROXY TCP4 2001:db8::7 198.51.100.1 4321 6667\r\n"), -1, NULL, 0, false},
    {LIT("PROXY TCP6 192.0.2.7 198.51.100.1 4321 6667\r\n"), -1, NULL, 0, false},
    {LIT("PROXY TCP4 192.0.2.256 198.51.100.1 4321 6667\r\n"), -1, NULL, 0, false},
    {LIT("PROXY TCP4 192.0.2.7  198.51.100.1 4321 6667\r\n"), -1, NULL, 0, false},
    {LIT("PROXY TCP4 192.0.2.7 198.51.100.1 4321\r\n"), -1, NULL, 0, false},
    {LIT("PROXY TCP4 192.0.2.7 198.51.100.1 4321 6667 \r\n"), -1, NULL, 0, false},
    {LIT("PROXY TCP4 192.0.2.7 198.51.100.1 4321 6667 1\r\n"), -1, NULL, 0, false},
    {LIT("PROXY TCP4 192.0.2.7 198.51.100.1 65536 6667\r\n"), -1, NULL, 0, false},
    {LIT("PROXY TCP4 192.0.2.7 198.51.100.1 04321 6667\r\n"), -1, NULL, 0, false},
    {LIT("PROXY TCP4 192.0.2.7 198.51.100.1 -1 6667\r\n"), -1, NULL, 0, false},
    {LIT("PROXY TCP4 192.0.2.7\0 198.51.100.1 1 6667\r\n"), -1, NULL, 0, false},
    {LIT("PROXY \r\n"), -1, NULL, 0, false},
    {LIT(SIG "\x21\x11\0\x0c" V4 "NICK"), 28, "192.0.2.7", 4321, false},
    {LIT(SIG "\x21\x21\0\x24" V6 V6 "\x10\xe1\x1a\x0b"), 52, "2001:db8::7", 4321, false},
    {LIT(SIG "\x21\x11\0\x17" V4 TLS_TLV), 39, "192.0.2.7", 4321, true},
    {LIT(SIG "\x20\x11\0\x0c" V4), 28, NULL, 0, false}, /* LOCAL */
    {LIT(SIG "\x20\0\0\0"), 16, NULL, 0, false},
    {LIT(SIG "\x21\0\0\0"), 16, NULL, 0, false}, /* UNSPEC */
    {LIT(SIG "\x21\x11\0\x0c\xc0\x00"), 0, NULL, 0, false},
    {LIT(SIG), 0, NULL, 0, false},
    {LIT("\r\n\r\n"), 0, NULL, 0, false},
    {LIT("\r\n\r\nx"), -1, NULL, 0, false},
    {LIT(SIG "\x22\x11\0\x0c" V4), -1, NULL, 0, false}, /* no such command */
    {LIT(SIG "\x11\x11\0\x0c" V4), -1, NULL, 0, false}, /* version 1 */
    {LIT(SIG "\x21\x12\0\x0c" V4), -1, NULL, 0, false}, /* UDP */
    {LIT(SIG "\x21\x41\0\x0c" V4), -1, NULL, 0, false},
    {LIT(SIG "\x21\x11\0\x0b\xc0\x00\x02\x07\xc6\x33\x64\x01\x10\xe1\x1a"), -1, NULL, 0, false},
    {LIT(SIG "\x21\x21\0\x0c" V4), -1, NULL, 0, false},
    {LIT(SIG "\x21\x11\xff\xff"), -1, NULL, 0, false}, /* longer than anybody needs */
    {LIT(SIG "\x21\x11\0\x0f" V4 "\x20\0\x01"), -1, NULL, 0, false}, /* a value beyond the end */
    {LIT(SIG "\x21\x11\0\x0d" V4 "\x20"), -1, NULL, 0, false},
};

START_TEST(headers)
{
	struct proxy_from f;
	ssize_t len = proxy_parse(heads[_i].p, heads[_i].n, &f);

	ck_assert_msg(len == heads[_i].len, "%d: %.*s: %zd", _i, (int)heads[_i].n, heads[_i].p,
		      len);
	if (len <= 0)
		return;
	ck_assert_int_eq(f.known, heads[_i].address != NULL);
	ck_assert_str_eq(f.address, heads[_i].address != NULL ? heads[_i].address : "");
	ck_assert_uint_eq(f.port, heads[_i].port);
	ck_assert_int_eq(f.tls, heads[_i].tls);
}
END_TEST

/* Whole, it is the same; before that, more is asked for. */
START_TEST(byte_by_byte)
{
	struct proxy_from f;

	for (size_t k = 0; heads[_i].len > 0 && k < (size_t)heads[_i].len; k++)
		ck_assert_int_eq(proxy_parse(heads[_i].p, k, &f), 0);
}
END_TEST

START_TEST(a_line_without_end)
{
	char line[PROXY_MAX];
	struct proxy_from f;

	memset(line, 'x', sizeof(line));
	memcpy(line, "PROXY UNKNOWN ", 14);
	ck_assert_int_eq(proxy_parse(line, 106, &f), 0);
	ck_assert_int_eq(proxy_parse(line, 107, &f), -1);
	ck_assert_int_eq(proxy_parse(line, sizeof(line), &f), -1);
	memcpy(line + 105, "\r\n", 2);
	ck_assert_int_eq(proxy_parse(line, 107, &f), 107);
	memcpy(line + 104, "x\r\n", 3);
	ck_assert_int_eq(proxy_parse(line, sizeof(line), &f), 107);
	memcpy(line + 105, "x\r\n", 3);
	ck_assert_int_eq(proxy_parse(line, sizeof(line), &f), -1);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("proxy");
	TCase *t = tcase_create("proxy");

	suite_add_tcase(s, t);
	tcase_add_loop_test(t, headers, 0, (int)ARRAY_LEN(heads));
	tcase_add_loop_test(t, byte_by_byte, 0, (int)ARRAY_LEN(heads));
	tcase_add_test(t, a_line_without_end);
	return unit_run(s);
}
