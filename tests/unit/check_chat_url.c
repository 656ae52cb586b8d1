/* chat's small pure parts: what may be fetched, what a file may be called, servers, how messages look. */
#include "config.h"

#include <netinet/in.h>
#include <stdio.h>

#include "lib/text.h"
#include "tools/chat/fname.h"
#include "tools/chat/server.h"
#include "tools/chat/session.h"
#include "tools/chat/url.h"
#include "unit.h"

static const struct {
	const char *url, *host;
	unsigned port;
	const char *name;
} good[] = {
    {"https://example.org", "example.org", 443, "file"},
    {"HTTPS://Example.ORG:8443/a/b.png?x=/y#z", "example.org", 8443, "b.png"},
    {"http://[::1]:80/x%20y.txt", "::1", 80, "x y.txt"},
    {"https://h/..%2f..%2fetc%2fpasswd", "h", 443, "passwd"},
    {"https://h/%2e%2e", "h", 443, "file"},
    {"https://h/a%00b", "h", 443, "ab"},
    {"https://h/%zz%4", "h", 443, "%zz%4"},
};

START_TEST(good_urls)
{
	struct url u;
	char name[FNAME_MAX + 1];

	ck_assert_ptr_null(url_parse(str_of(good[_i].url), &u));
	ck_assert_str_eq(u.host, good[_i].host);
	ck_assert_uint_eq(u.port, good[_i].port);
	url_name(&u, name);
	ck_assert_str_eq(name, good[_i].name);
}
END_TEST

static const char *const bad[] = {
    "",
    "ftp://h/",
    "file:///etc/passwd",
    "gopher://h",
    "https:/h",
    "https://",
    "https:///x",
    "https://u:p@h/",
    "https://u@h",
    "https://h:0/",
    "https://h:x/",
    "https://h:65536/",
    "https://h:",
    "https://[::1",
    "https://[]/",
    "https://h/ x",
    "https://h/\x1b",
    "https://h\\@e/",
    "https://a b",
    "//h/x",
    "https://h/<x>",
    "unix:/run/x",
    "https://h:1234567/",
};

START_TEST(bad_urls)
{
	struct url u;

	ck_assert_ptr_nonnull(url_parse(str_of(bad[_i]), &u));
}
END_TEST

static const struct {
	const char *address;
	bool is_public;
} addresses[] = {
    {"8.8.8.8", true},
    {"1.1.1.1", true},
    {"172.32.0.1", true},
    {"2606:4700::1111", true},
    {"127.0.0.1", false},
    {"127.255.0.9", false},
    {"0.0.0.0", false},
    {"10.1.2.3", false},
    {"172.16.0.1", false},
    {"172.31.255.255", false},
    {"192.168.1.1", false},
    {"169.254.169.254", false},
    {"100.64.0.1", false},
    {"224.0.0.1", false},
    {"255.255.255.255", false},
    {"::1", false},
    {"::", false},
    {"::ffff:127.0.0.1", false},
    {"::ffff:8.8.8.8", true},
    {"fe80::1", false},
    {"fc00::1", false},
    {"fd12::1", false},
    {"ff02::1", false},
    {"64:ff9b::7f00:1", false},
    {"2002:7f00:1::", false},
    {"2001:0:1::", false},
    {"2001:db8::1", false},
    {"::127.0.0.1", false},
    {"198.18.0.1", false},
    {"192.0.2.1", false},
};

START_TEST(which_addresses)
{
	struct net n;

	ck_assert(net_parse(addresses[_i].address, &n));
	ck_assert_msg(net_is_public(&n) == addresses[_i].is_public, "%s", addresses[_i].address);
}
END_TEST

START_TEST(sockaddrs)
{
	struct sockaddr_in four = {.sin_family = AF_INET, .sin_addr = {htonl(0x7f000001)}};
	struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	struct sockaddr other = {.sa_family = AF_UNIX};
	struct net n;

	ck_assert(net_of_sockaddr((struct sockaddr *)&four, &n) && net_is_loopback(&n));
	ck_assert(net_of_sockaddr((struct sockaddr *)&six, &n) && net_is_loopback(&n));
	ck_assert(!net_of_sockaddr(&other, &n));
}
END_TEST

START_TEST(find)
{
	struct str url;

	ck_assert(url_find(str_of("see (https://h/x_y), or http://z"), &url));
	ck_assert(str_eq(url, STR_LIT("https://h/x_y")));
	ck_assert(!url_find(str_of("nothing here: httpx://"), &url));
}
END_TEST

/* --- names --------------------------------------------------------------------------------- */

static const struct {
	const char *in, *out;
} names[] = {
    {"photo.png", "photo.png"},
    {"/etc/passwd", "passwd"},
    {"..\\..\\boot.ini", "boot.ini"},
    {"..", "file"},
    {"", "file"},
    {"...hidden", "hidden"},
    {".bashrc", "bashrc"},
    {"-rf", "rf"},
    {"~x", "x"},
    {"a\nb\tc\x1b[2Jd", "ab cd"},
    {"a:b*c?d\"e<f>g|h", "a_b_c_d_e_f_g_h"},
    {"$(reboot)`x`;y", "_(reboot)_x__y"},
    {"x. . ", "x"},
    {"  both  ", "both"},
    {"invoice\xe2\x80\xaegpj.exe", "invoicegpj.exe"},
    {"zero\xe2\x80\x8bwidth", "zerowidth"},
    {"b\xc3\xa4r.txt", "b\xc3\xa4r.txt"},
    {"not\xffutf8", "file"},
    {"dir/", "file"},
};

START_TEST(safe)
{
	char out[FNAME_MAX + 1];

	fname_safe(str_of(names[_i].in), out);
	ck_assert_str_eq(out, names[_i].out);
}
END_TEST

START_TEST(long_names)
{
	char in[2000], out[FNAME_MAX + 1], next[FNAME_TRY_MAX];

	memset(in, 'a', sizeof(in));
	memcpy(in + 400, ".tar.gz", 8);
	fname_safe(str_of(in), out);
	ck_assert_uint_eq(strlen(out), FNAME_MAX);
	ck_assert_str_eq(out + FNAME_MAX - 3, ".gz");
	fname_try(out, 999, next);
	ck_assert_str_eq(next + strlen(next) - 9, " (999).gz");
	fname_try("photo.png", 1, next);
	ck_assert_str_eq(next, "photo.png");
	fname_try("noending", 2, next);
	ck_assert_str_eq(next, "noending (2)");
	for (size_t i = 0; i < 600; i += 2)
		memcpy(in + i, "\xc3\xa4", 2);
	in[601] = '\0';
	in[600] = 'x';
	fname_safe(str_of(in), out);
	ck_assert(text_utf8_ok(out, strlen(out)));
}
END_TEST

/* --- servers --------------------------------------------------------------------------------- */

static const struct {
	const char *in, *host;
	unsigned port;
} servers[] = {
    {"example.org", "example.org", 0},
    {"example.org:6697", "example.org", 6697},
    {"::1", "::1", 0},
    {"[::1]", "::1", 0},
    {"[::1]:1", "::1", 1},
    {"192.0.2.1:65535", "192.0.2.1", 65535},
    {"", NULL, 0},
    {":6667", NULL, 0},
    {"h:", NULL, 0},
    {"h:0", NULL, 0},
    {"h:65536", NULL, 0},
    {"h:1x", NULL, 0},
    {"h:-1", NULL, 0},
    {"[::1", NULL, 0},
    {"[::1]x", NULL, 0},
    {"[]:1", NULL, 0},
};

START_TEST(which_server)
{
	char host[256];
	unsigned port;
	bool ok = server_parse(servers[_i].in, host, sizeof(host), &port);

	ck_assert_msg(ok == (servers[_i].host != NULL), "%s", servers[_i].in);
	if (!ok)
		return;
	ck_assert_str_eq(host, servers[_i].host);
	ck_assert_uint_eq(port, servers[_i].port);
}
END_TEST

START_TEST(local)
{
	ck_assert(server_is_local("localhost") && server_is_local("127.0.0.9") &&
		  server_is_local("::1"));
	ck_assert(!server_is_local("127.example.org") && !server_is_local("localhost.example.org"));
}
END_TEST

START_TEST(pins)
{
	uint8_t a[SERVER_PIN_LEN], b[SERVER_PIN_LEN];
	char hex[3 * SERVER_PIN_LEN + 1];

	for (int i = 0; i < SERVER_PIN_LEN; i++)
		snprintf(hex + 3 * i, 4, "%02X%s", 0xa0 + i % 16,
			 i + 1 < SERVER_PIN_LEN ? ":" : "");
	ck_assert(server_pin(hex, a));
	ck_assert_uint_eq(a[31], 0xaf);
	ck_assert(server_pin("sha256//oKGio6SlpqeoqaqrrK2ur6ChoqOkpaanqKmqq6ytrq8=", b));
	ck_assert_mem_eq(a, b, sizeof(a));
	hex[3 * SERVER_PIN_LEN - 3] = '\0';
	ck_assert(!server_pin(hex, a));
	ck_assert(!server_pin("", a));
	ck_assert(!server_pin("sha256//AAAA", a));
	ck_assert(!server_pin("zz", a));
}
END_TEST

/* --- how messages look ------------------------------------------------------------------------- */

START_TEST(looks)
{
	static const char *const want[FORMAT_COUNT] = {"ann: a\n  b", "<ann> a\n  b",
						       "ann > a\n  b", "ann sent you \"a\n  b\"",
						       "Client: a\n  b"};
	struct show s = {.kind = SHOW_SAID,
			 .room = STR_LIT("lobby"),
			 .from = STR_LIT("ann"),
			 .text = STR_LIT("a\nb")};
	struct look k = {0};
	char out[256];

	for (unsigned f = 0; f < FORMAT_COUNT; f++) {
		k.format = f;
		words_render(&k, &s, STR_LIT("lobby"), out, sizeof(out));
		ck_assert_str_eq(out, want[f]);
		ck_assert_int_eq(format_of(str_of(formats[f].name)), (int)f);
	}
	ck_assert_int_eq(format_of(STR_LIT("2")), FORMAT_ANGLE);
	ck_assert_int_eq(format_of(STR_LIT("none")), -1);
	k.format = FORMAT_COLON;
	words_render(&k, &s, STR_LIT("den"), out, sizeof(out));
	ck_assert_str_eq(out, "[lobby] ann: a\n  b");
	s.direct = true;
	words_render(&k, &s, STR_LIT("den"), out, sizeof(out));
	ck_assert_str_eq(out, "ann sent you \"a\n  b\"");
	s.own = true;
	s.to = STR_LIT("bob");
	words_render(&k, &s, STR_LIT("den"), out, sizeof(out));
	ck_assert_str_eq(out, "You to bob: a\n  b");
	/* too little room: cut, and terminated */
	ck_assert_uint_eq(words_render(&k, &s, STR_LIT("den"), out, 5), 4);
	ck_assert_str_eq(out, "You ");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("chat: addresses, names, words");
	TCase *t = tcase_create("urls"), *n = tcase_create("names");

	tcase_add_loop_test(t, good_urls, 0, sizeof(good) / sizeof(good[0]));
	tcase_add_loop_test(t, bad_urls, 0, sizeof(bad) / sizeof(bad[0]));
	tcase_add_loop_test(t, which_addresses, 0, sizeof(addresses) / sizeof(addresses[0]));
	tcase_add_test(t, sockaddrs);
	tcase_add_test(t, find);
	tcase_add_loop_test(n, safe, 0, sizeof(names) / sizeof(names[0]));
	tcase_add_test(n, long_names);
	tcase_add_loop_test(n, which_server, 0, sizeof(servers) / sizeof(servers[0]));
	tcase_add_test(n, local);
	tcase_add_test(n, pins);
	tcase_add_test(n, looks);
	suite_add_tcase(s, t);
	suite_add_tcase(s, n);
	return unit_run(s);
}
