/* Addresses and networks as text: what they are, the one form they are shown in, and which are in which. */
#include "config.h"

#include "lib/net.h"
#include "lib/util.h"
#include "unit.h"

static const struct {
	const char *text;
	unsigned bits; /* 0: refused */
	const char *shown;
} texts[] = {
    {"192.0.2.7", 128, "192.0.2.7"},
    {"0.0.0.0", 128, "0.0.0.0"},
    {"::ffff:192.0.2.7", 128, "192.0.2.7"},
    {"::", 128, "::"},
    {"::1", 128, "::1"},
    {"0::1", 128, "::1"},
    {"2001:DB8:0:0:0:0:0:7", 128, "2001:db8::7"},
    {"2001:db8::192.0.2.7", 128, "2001:db8::c000:207"},
    {"192.0.2.0/24", 120, "192.0.2.0"},
    {"0.0.0.0/0", 96, "0.0.0.0"},
    {"2001:db8::/32", 32, "2001:db8::"},
    {"2001:db8::7/128", 128, "2001:db8::7"},
    {"192.0.2.7/32", 128, "192.0.2.7"},
    {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 128, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
    {"", 0, NULL},
    {"/", 0, NULL},
    {"/24", 0, NULL},
    {"192.0.2", 0, NULL},
    {"192.0.2.256", 0, NULL},
    {"192.0.2.7.", 0, NULL},
    {" 192.0.2.7", 0, NULL},
    {"192.0.2.7 ", 0, NULL},
    {"192.0.2.7/", 0, NULL},
    {"192.0.2.7/33", 0, NULL},
    {"192.0.2.7/-1", 0, NULL},
    {"192.0.2.7/+1", 0, NULL},
    {"192.0.2.7/ 1", 0, NULL},
    {"192.0.2.7/8x", 0, NULL},
    {"192.0.2.7/8/8", 0, NULL},
    {"192.0.2.7/99999999999999999999", 0, NULL},
    {"::/129", 0, NULL},
    {"::/0128", 0, NULL},
    {":::", 0, NULL},
    {"1::2::3", 0, NULL},
    {"12345::", 0, NULL},
    {"fe80::1%eth0", 0, NULL},
    {"localhost", 0, NULL},
    {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 0, NULL},
    {"1111111111111111111111111111111111111111111111111111111111111111", 0, NULL},
};

START_TEST(text)
{
	char shown[NET_TEXT_MAX];
	struct net n;
	bool ok = net_parse(texts[_i].text, &n);

	ck_assert_msg(ok == (texts[_i].shown != NULL), "'%s'", texts[_i].text);
	if (!ok)
		return;
	ck_assert_uint_eq(n.bits, texts[_i].bits);
	net_show(&n, shown);
	ck_assert_str_eq(shown, texts[_i].shown);
}
END_TEST

static const struct {
	const char *net, *address;
	bool in;
} nets[] = {
    {"192.0.2.0/24", "192.0.2.255", true},
    {"192.0.2.0/24", "192.0.3.0", false},
    {"192.0.2.0/24", "::ffff:192.0.2.1", true},
    {"192.0.2.7/24", "192.0.2.200", true},
    {"192.0.2.8/29", "192.0.2.15", true},
    {"192.0.2.8/29", "192.0.2.16", false},
    {"192.0.2.8/29", "192.0.2.7", false},
    {"192.0.2.7", "192.0.2.7", true},
    {"192.0.2.7", "192.0.2.6", false},
    {"0.0.0.0/0", "203.0.113.1", true},
    {"0.0.0.0/0", "2001:db8::1", false},
    {"128.0.0.0/1", "128.0.0.1", true},
    {"128.0.0.0/1", "127.255.255.255", false},
    {"::/0", "2001:db8::1", true},
    {"::/0", "192.0.2.7", true},
    {"2001:db8::/32", "2001:db8:ffff::", true},
    {"2001:db8::/32", "2001:db9::", false},
    {"2001:db8::/33", "2001:db8:7fff::", true},
    {"2001:db8::/33", "2001:db8:8000::", false},
    {"::1", "::1", true},
    {"::1", "::2", false},
};

START_TEST(has)
{
	struct net net, address;

	ck_assert(net_parse(nets[_i].net, &net) && net_parse(nets[_i].address, &address));
	ck_assert_msg(net_has(&net, &address) == nets[_i].in, "%s in %s", nets[_i].address,
		      nets[_i].net);
}
END_TEST

START_TEST(cut)
{
	static const struct {
		const char *address;
		unsigned v4, v6;
		const char *cut;
	} cuts[] = {
	    {"192.0.2.7", 32, 64, "192.0.2.7"},
	    {"192.0.2.7", 24, 64, "192.0.2.0"},
	    {"192.0.2.7", 31, 64, "192.0.2.6"},
	    {"203.0.113.7", 9, 64, "203.0.0.0"},
	    {"2001:db8::7", 32, 64, "2001:db8::"},
	    {"2001:db8::7", 32, 128, "2001:db8::7"},
	    {"2001:db8:ffff::7", 32, 36, "2001:db8:f000::"},
	};
	char shown[NET_TEXT_MAX];
	struct net n;

	for (size_t i = 0; i < ARRAY_LEN(cuts); i++) {
		ck_assert(net_parse(cuts[i].address, &n));
		net_cut(n.bytes, cuts[i].v4, cuts[i].v6);
		net_show(&n, shown);
		ck_assert_str_eq(shown, cuts[i].cut);
	}
}
END_TEST

START_TEST(listed)
{
	struct net n;

	ck_assert(net_parse("192.0.2.7", &n));
	ck_assert(net_listed("192.0.2.0/24", &n));
	ck_assert(net_listed("  nonsense 2001:db8::/32  192.0.2.7", &n));
	ck_assert(!net_listed("", &n));
	ck_assert(!net_listed("192.0.3.0/24 192.0.2.7/33", &n));
	ck_assert(!net_listed(
	    "1111111111111111111111111111111111111111111111111111111111111111111111111111", &n));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("net");
	TCase *tc = tcase_create("addresses");

	tcase_add_loop_test(tc, text, 0, ARRAY_LEN(texts));
	tcase_add_loop_test(tc, has, 0, ARRAY_LEN(nets));
	tcase_add_test(tc, cut);
	tcase_add_test(tc, listed);
	suite_add_tcase(s, tc);
	return unit_run(s);
}
