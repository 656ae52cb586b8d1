/* chatd.conf: what is refused, with file and line; what is taken; and that what chatd -t prints
 * is read back as the same. */
#include "config.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ipc/ipc.h"
#include "master/settings.h"
#include "unit.h"

#define SALT "$c29tZXNhbHQxMjM0NTY3OA$MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI"
#define HASH "$argon2id$v=19$m=65536,t=2,p=1" SALT

static struct settings set, again;
static struct conf_errors errs;

static int
parse(const char *text)
{
	return settings_parse(&set, "x.conf", text, strlen(text), &errs);
}

/* Each with the first thing that must be said about it. */
static const struct bad {
	const char *text, *error;
} bad[] = {
    {"name = ", "x.conf:1: syntax error"},
    {"\n\nname = \"a\" name = \"b\";;", "x.conf:3: "},
    {"name = \"a\";\nname = \"b\";\n", "x.conf:2: duplicate setting name"},
    {"limits = {\n  queue = 5000;\n", "x.conf:3: syntax error"},
    {"name = \"never ends\n\n", "x.conf:"},
    {"nmae = \"a\";", "x.conf:1: there is no option nmae"},
    {"\nlimits = { queeue = 1; };", "x.conf:2: there is no option limits.queeue"},
    {"limits = {\n\n queue = 5000;\n line = { rate = 1; };\n};",
     "x.conf:4: there is no option limits.line"},
    {"name = 12;", "x.conf:1: name wants a string in quotes, not a number"},
    {"name = true;", "x.conf:1: name wants a string in quotes, not true or false"},
    {"workers = \"2\";", "x.conf:1: workers wants a whole number, not a string"},
    {"workers = 2.5;", "x.conf:1: workers wants a whole number, not a number with a fraction"},
    {"workers = 1e3;", "x.conf:1: workers wants a whole number, not a number with a fraction"},
    {"workers = -1;", "x.conf:1: workers is -1, but goes from 0 to 56"},
    {"workers = 57;", "x.conf:1: workers is 57, but goes from 0 to 56"},
    {"workers = [ 1 ];", "x.conf:1: workers wants a whole number, not an array"},
    {"workers = 4294967296;", "x.conf:1: workers is 4294967296, but goes"},
    {"workers = 4294967298;", "x.conf:1: workers is 4294967298, but goes"},
    {"workers = 0x100000001;", "x.conf:1: workers is 4294967297, but goes"},
    {"workers = 18446744073709551618;", "x.conf:1: workers is 9223372036854775807, but goes"},
    {"journal = 4294967297;",
     "x.conf:1: journal is 4294967297, but goes from 1048576 to 4294967296"},
    {"journal = -33554432;", "x.conf:1: journal is -33554432, but goes"},
    {"limits = { queue = 4095; };", "x.conf:1: limits.queue is 4095, but goes from 4096"},
    {"limits = { max_sessions = 0; };", "x.conf:1: limits.max_sessions is 0, but goes from 1"},
    {"limits = 5;", "x.conf:1: limits wants a group { }, not a number"},
    {"rooms = ( { default = \"x\"; } );", "x.conf:1: rooms wants a group { }, not a list"},
    {"rooms = { default = \"a b\"; };", "x.conf:1: rooms.default wants the name of a room"},
    {"run_dir = \"run\";", "x.conf:1: run_dir wants a path that begins with /, not \"run\""},
    {"state_dir = \"\";", "x.conf:1: state_dir wants a path"},
    {"run_dir = \"/1234567890123456789012345678901234567890123456789012345678901234567890"
     "12345678901234567890123456\";",
     "x.conf:1: run_dir is too long for the name of a socket"},
    {"name = \"a\\x1b[2Jb\";", "x.conf:1: name has control characters"},
    {"name = \"\xff\";", "x.conf:1: name has control characters in it, or is not UTF-8"},
    {"user = \"no-such-user-here\";", "x.conf:1: there is no user \"no-such-user-here\""},
    {"\ngroup = \"no-such-group-here\";", "x.conf:2: there is no group \"no-such-group-here\""},
    {"control = { admin = [ \"no-such-user-here\" ]; };",
     "x.conf:1: control.admin: there is no user"},
    {"control = { read = [ \"root\",\n\"@no-such-group\" ]; };",
     "x.conf:2: control.read: there is no group"},
    {"control = { operate = \"root\"; };", "x.conf:1: control.operate wants ["},
    {"control = { admin = [ 1, 2 ]; };", "x.conf:1: control.admin wants a string"},
    {"control = { socket = \"x.sock\"; };", "x.conf:1: control.socket wants a path"},
#ifdef HAVE_SQLITE
    {"store = { durability = \"soon\"; };", "x.conf:1: store.durability wants journal or disk"},
    {"accounts = { register = 2; };", "x.conf:1: accounts.register"},
#endif
    {"log = { level = \"loud\"; };", "x.conf:1: log.level wants emerg"},
    {"log = { facility = \"chat\"; };", "x.conf:1: log.facility wants a facility"},
    {"log = { to = \"file\"; };", "x.conf:1: log.to wants \"syslog\""},
    {"listen = { protocol = \"telnet\"; };", "x.conf:1: listen wants ( {"},
    {"listen = ( 5 );", "x.conf:1: a listener is a group"},
    {"listen = ( { address = \"::\"; port = 1; } );", "x.conf:1: this listener names no protocol"},
    {"listen = ( { protocol = \"telnet\"; } );",
     "x.conf:1: this listener names no address (nor a path)"},
    {"listen = ( { protocol = \"telnet\"; address = \"::\"; } );",
     "x.conf:1: this listener names no port"},
    {"listen = (\n{ protocol = \"telnet\"; address = \"::\"; port = 1; },\n"
     "{ protocol = \"telnet\"; path = \"/a\";\n port = 1; } );",
     "x.conf:3: a listener has a path, or an address"},
    {"listen = ( { protocol = \"telnet\"; address = \"::\"; port = 65536; } );",
     "x.conf:1: port is 65536, but goes from 0 to 65535"},
    {"listen = ( { protocol = \"telnet\"; address = \"1.2.3.400\"; port = 1; } );",
     "x.conf:1: \"1.2.3.400\" is neither an address"},
    {"listen = ( { protocol = \"telnet\"; address = \"\"; port = 1; } );",
     "x.conf:1: \"\" is neither an address"},
    {"listen = ( { protocol = \"gopher\"; address = \"::\"; port = 1; } );",
     "x.conf:1: there is no protocol \"gopher\""},
    {"listen = ( { protocol = \"irc\"; address = \"::\"; port = 1; profile = \"direct\"; } );",
     "x.conf:1: profile \"direct\" is for telnet only"},
#ifdef HAVE_WEB
    {"listen = ( { protocol = \"web\"; address = \"::\"; port = 1; profile = \"direct\"; } );",
     "x.conf:1: profile \"direct\" is for telnet only"},
    {"web = { processes = 0; };", "x.conf:1: web.processes is 0, but goes from 1 to 4"},
    {"web = { root = \"page\"; };", "x.conf:1: web.root wants a path that begins with /"},
    {"web = { url = \"chat.example.org\"; };", "x.conf:1: web.url wants an address"},
    {"web = { url = \"https://\"; };", "x.conf:1: web.url wants an address"},
    {"web = { url = \"https://chat.example.org/a b\"; };", "x.conf:1: web.url wants an address"},
    {"web = { url = \"ftp://chat.example.org\"; };", "x.conf:1: web.url wants an address"},
    {"web = { origins = \"https://a https://b/c\"; };", "x.conf:1: web.origins wants origins"},
    {"web = { origins = \"*\"; };", "x.conf:1: web.origins wants origins"},
    {"web = { metrics = \"10.0.0.0/8 192.0.2.0/33\"; };", "x.conf:1: web.metrics wants addresses"},
    {"web = { metrics = \"all\"; };", "x.conf:1: web.metrics wants addresses"},
#else
    {"listen = ( { protocol = \"web\"; address = \"::\"; port = 1; } );",
     "x.conf:1: the protocol \"web\" is not in this build"},
    {"web = { processes = 1; };", "x.conf:1: web is not in this build"},
#endif
#ifdef HAVE_OPENSSL
    {"listen = ( { protocol = \"telnet\"; address = \"::\"; port = 1; tls = true; } );",
     "x.conf:1: this listener has tls = true, but tls.certificate names none"},
    {"listen = ( { protocol = \"telnet\"; address = \"::\"; port = 1; tls = 1; } );",
     "x.conf:1: tls wants true or false"},
    {"tls = { key = \"/k\"; };", "x.conf: there are tls.key or tls.more, but no tls.certificate"},
    {"tls = { certificate = \"c\"; };", "x.conf:1: tls.certificate wants a path"},
    {"tls = { processes = 5; };", "x.conf:1: tls.processes is 5, but goes from 1 to 4"},
    {"tls = { certificate = \"/c\"; more = ( 5 ); };", "x.conf:1: tls.more wants groups"},
    {"tls = { certificate = \"/c\"; more = ( { key = \"/k\"; } ); };",
     "x.conf:1: this group of tls.more names no certificate"},
    {"tls = { certificate = \"/c\"; more = ( { certificate = \"/d\"; x = 1; } ); };",
     "x.conf:1: tls.more has no option \"x\""},
#else
    {"listen = ( { protocol = \"telnet\"; address = \"::\"; port = 1; tls = true; } );",
     "x.conf:1: tls is not in this build"},
    {"tls = { processes = 1; };", "x.conf:1: tls is not in this build"},
#endif
    {"listen = ( { protocol = \"telnet\"; address = \"::\"; port = 1; profile = \"x\"; } );",
     "x.conf:1: profile wants \"normal\" or \"direct\""},
    {"listen = ( { protocol = \"telnet\"; path = \"sock\"; } );",
     "x.conf:1: path wants a path that begins with /"},
    {"listen = ( { protocol = \"telnet\"; adress = \"::\"; port = 1; } );",
     "x.conf:1: a listener has no option \"adress\""},
    {"irc = 5;", "x.conf:1: irc wants a group { }"},
    {"irc = { netwrok = \"x\"; };", "x.conf:1: there is no option irc.netwrok"},
    {"irc = { network = \"a b\"; };", "x.conf:1: irc.network wants a word without spaces"},
    {"irc = { network = \"\"; };", "x.conf:1: irc.network wants a word"},
    {"irc = { password = 5; };", "x.conf:1: irc.password wants a string"},
    {"\nirc = { password = \"(hidden)\"; };",
     "x.conf:2: irc.password: (hidden) stands for a secret"},
    {"irc = {\n motd = \"a\\x07b\"; };", "x.conf:2: irc.motd has control characters"},
    {"irc = { motd = \"a\\tb\"; };", "x.conf:1: irc.motd has control characters"},
    {"irc = { motd = \"a\\x1fb\"; };", "x.conf:1: irc.motd has control characters"},
    {"irc = { motd = \"\xff\"; };",
     "x.conf:1: irc.motd has control characters in it, or is not UTF-8"},
    {"irc = {\n\n motd = \"/nonexistent/motd\"; };",
     "x.conf:3: irc.motd: /nonexistent/motd: No such file or directory"},
    {"irc = { motd = \"/etc\"; };", "x.conf:1: irc.motd: /etc: is a directory"},
    {"irc = { motd = \"/dev/zero\"; };", "x.conf:1: irc.motd: /dev/zero: is not a regular file"},
    {"irc = { motd = [ \"a\" ]; };", "x.conf:1: irc.motd wants a string"},
    {"irc = { admin = \"me\"; };", "x.conf:1: irc.admin wants a group { }"},
    {"irc = { admin = { phone = \"1\"; }; };", "x.conf:1: there is no option irc.admin.phone"},
    {"irc = { admin = { name = \"a\\nb\"; }; };",
     "x.conf:1: irc.admin.name has control characters"},
    {"admin = { name = \"a\"; };", "x.conf:1: there is no option admin"},
    {"sts = { port = 1; };", "x.conf:1: there is no option sts"},
    {"irc = { sts = { port = 65536; }; };", "x.conf:1: irc.sts.port is 65536"},
    {"irc = { sts = { port = true; }; };", "x.conf:1: irc.sts.port wants a whole number"},
    {"irc = { max_targets = 0; };", "x.conf:1: irc.max_targets is 0, but goes from 1 to 20"},
    {"irc = { monitor = 1001; };", "x.conf:1: irc.monitor is 1001"},
    {"irc = { webirc = { }; };", "x.conf:1: irc.webirc wants ( {"},
    {"irc = { webirc = ( 5 ); };", "x.conf:1: irc.webirc has groups { } in it, not a number"},
    {"irc = { webirc = ( { hosts = [ \"::1\" ]; } ); };", "x.conf:1: a gateway needs a password"},
    {"irc = { webirc = ( { password = \"x\"; } ); };", "x.conf:1: a gateway needs a hosts"},
    {"irc = { webirc = ( { password = \"x\"; hosts = [ ]; } ); };", "x.conf:1: hosts is empty"},
    {"irc = { webirc = ( { password = \"x\";\nhosts = [ \"10.0.0.0/33\" ]; } ); };",
     "x.conf:2: \"10.0.0.0/33\" is neither an address nor a network"},
    {"irc = { webirc = ( { password = \"x\"; hosts = [ \"example.org\" ]; } ); };",
     "x.conf:1: \"example.org\" is neither an address"},
    {"irc = { webirc = ( { password = \"a b\"; hosts = [ \"::1\" ]; } ); };",
     "x.conf:1: password of a gateway is a word"},
    {"irc = { webirc = ( { password = \"(hidden)\"; hosts = [ \"::1\" ]; } ); };",
     "x.conf:1: password: (hidden) stands for a secret"},
    {"irc = { webirc = ( { password = \"x\"; hosts = [ \"::1\" ]; port = 1; } ); };",
     "x.conf:1: a gateway has no option \"port\""},
#ifdef HAVE_SODIUM
    {"auth = { processes = 9; };", "x.conf:1: auth.processes is 9, but goes from 0 to 8"},
    {"operators = { };", "x.conf:1: operators wants ( {"},
    {"operators = ( { password = \"" HASH "\"; } );", "x.conf:1: an operator needs a name"},
    {"operators = (\n{ name = \"a\"; } );", "x.conf:2: an operator needs a password"},
    {"operators = ( { name = \"a\"; password = \"secret\"; } );",
     "x.conf:1: this password is not a hash as `chatctl mkpasswd` makes it"},
    {"operators = ( { name = \"a\"; password = \"(hidden)\"; } );",
     "x.conf:1: password: (hidden) stands for a secret"},
    {"operators = ( { name = \"a\"; password = \"$argon2i$v=19$m=65536,t=2,p=1" SALT "\"; } );",
     "x.conf:1: this password is not a hash"},
    {"operators = ( { name = \"a\"; password = \"$argon2id$v=19$m=65536,t=2,p=1$c29t\"; } );",
     "x.conf:1: this password is not a hash"},
    {"operators = ( { name = \"a\"; password = \"" HASH "x!\"; } );",
     "x.conf:1: this password is not a hash"},
    {"operators = ( { name = \"a\"; password = \"$argon2id$v=19$m=1048576,t=4,p=1" SALT "\"; } );",
     "x.conf:1: this password is a hash that costs too much"},
    {"operators = ( { name = \"a\"; password = \"$argon2id$v=19$m=65536,t=99999999,p=1" SALT
     "\"; } );",
     "x.conf:1: this password is a hash that costs too much"},
    {"operators = ( { name = \"a b\"; password = \"" HASH "\"; } );",
     "x.conf:1: name of an operator is a word"},
    {"operators = ( { name = \"a\"; password = \"" HASH "\"; level = \"god\"; } );",
     "x.conf:1: level wants read, operate or admin"},
    {"operators = ( { name = \"a\"; password = \"" HASH "\"; mask = \"a b\"; } );",
     "x.conf:1: mask is user@host without spaces"},
    {"operators = ( { name = \"a\"; password = \"" HASH "\"; account = \"-\"; } );",
     "x.conf:1: \"-\" cannot be an account's name"},
    {"operators = ( { name = \"a\"; password = \"" HASH "\"; },\n{ name = \"a\"; password = \"" HASH
     "\"; } );",
     "x.conf:2: there are two operators called \"a\""},
    {"operators = ( { name = \"a\"; password = \"" HASH "\"; class = 1; } );",
     "x.conf:1: an operator has no option \"class\""},
#else
    {"auth = { processes = 1; };", "x.conf:1: auth is not in this build"},
    {"operators = ( );", "x.conf:1: operators is not in this build"},
#endif
#if defined(HAVE_WEB) && defined(HAVE_SQLITE)
    {"files = { max_size = 1; };", "x.conf:1: files.max_size is 1, but goes from 1024"},
#else
    {"\n\nfiles = { };", "x.conf:3: files is not in this build"},
#endif
    {"@include \"y.conf\"\n", "x.conf:1: @include is not possible here"},
};

START_TEST(refused)
{
	const struct bad *b = &bad[_i];
	bool found = false;

	ck_assert_int_eq(parse(b->text), -1);
	ck_assert_uint_ge(errs.total, 1);
	for (unsigned i = 0; i < errs.total && i < CONF_ERRORS_MAX; i++)
		found = found || strncmp(errs.line[i], b->error, strlen(b->error)) == 0;
	ck_assert_msg(found, "wanted: %s\ngot: %s", b->error, errs.line[0]);
}
END_TEST

START_TEST(zero_byte)
{
	static const char text[] = "name = \"a\";\n\0 = 5;";

	ck_assert_int_eq(settings_parse(&set, "x.conf", text, sizeof(text) - 1, &errs), -1);
	ck_assert_str_eq(errs.line[0], "x.conf:2: a zero byte: this is not a text file");
}
END_TEST

START_TEST(all_errors_at_once)
{
	ck_assert_int_eq(parse("a = 1;\nworkers = \"x\";\n\nlimits = { b = 1;\nqueue = 1; "
			       "};\nlisten = ( { } );\n"),
			 -1);
	ck_assert_uint_eq(errs.total, 6);
	ck_assert_str_eq(errs.line[0], "x.conf:1: there is no option a");
	ck_assert_ptr_nonnull(strstr(errs.line[1], "x.conf:2: workers"));
	ck_assert_ptr_nonnull(strstr(errs.line[2], "x.conf:4: there is no option limits.b"));
	ck_assert_ptr_nonnull(strstr(errs.line[3], "x.conf:5: limits.queue is 1"));
	ck_assert_ptr_nonnull(strstr(errs.line[4], "x.conf:6: this listener names no protocol"));
	ck_assert_ptr_nonnull(strstr(errs.line[5], "x.conf:6: this listener names no address"));
}
END_TEST

START_TEST(many_errors_are_counted)
{
	char text[4096] = "";

	for (int i = 0; i < 100; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "x%d = 1;\n", i);
	ck_assert_int_eq(parse(text), -1);
	ck_assert_uint_eq(errs.total, 100);
	ck_assert_str_eq(errs.line[CONF_ERRORS_MAX - 1], "x.conf:20: there is no option x19");
}
END_TEST

START_TEST(defaults)
{
	ck_assert_int_eq(settings_load(&set, NULL, &errs), 0);
	ck_assert_uint_eq(set.nlisten, protocol_built(PROTO_WEB) ? 3 : 2);
	ck_assert_str_eq(set.listen[0].address, "127.0.0.1");
	ck_assert_uint_eq(set.listen[0].port, 9898);
	ck_assert_uint_eq(set.listen[0].protocol, PROTO_TELNET);
	ck_assert_str_eq(set.listen[1].address, "127.0.0.1");
	ck_assert_uint_eq(set.listen[1].port, 6667);
	ck_assert_uint_eq(set.listen[1].protocol, PROTO_IRC);
#ifdef HAVE_WEB
	ck_assert_str_eq(set.listen[2].address, "127.0.0.1");
	ck_assert_uint_eq(set.listen[2].port, 8080);
	ck_assert_uint_eq(set.listen[2].protocol, PROTO_WEB);
#endif
	ck_assert_uint_eq(set.opt.max_sessions, 10000);
	ck_assert_uint_eq(set.opt.journal, 33554432);
	ck_assert_str_eq(set.opt.room_default, "lobby");
	ck_assert_str_ne(set.opt.name, "");
	ck_assert_ptr_nonnull(strstr(set.opt.control_socket, "/control.sock"));
}
END_TEST

/* libconfig 1.5 alone reads the first as 0 and the others as something else. */
START_TEST(big_numbers)
{
	ck_assert_int_eq(parse("journal = 4294967296;"), 0);
	ck_assert_uint_eq(set.opt.journal, UINT64_C(4294967296));
	ck_assert_int_eq(parse("journal = 4294967295L;"), 0);
	ck_assert_uint_eq(set.opt.journal, UINT64_C(4294967295));
	ck_assert_int_eq(parse("journal = 0x80000000;"), 0);
	ck_assert_uint_eq(set.opt.journal, UINT64_C(2147483648));
	ck_assert_int_eq(parse("journal = 0x100000L;"), 0);
	ck_assert_uint_eq(set.opt.journal, 1048576);
	ck_assert_int_eq(parse("journal = +2147483647;"), 0);
	ck_assert_uint_eq(set.opt.journal, 2147483647);
	/* not numbers, though they look like some */
	ck_assert_int_eq(
	    parse("/* 99999999999 */ # 99999999999\nname = \"99999999999\"; // 99999999999"), 0);
	ck_assert_str_eq(set.opt.name, "99999999999");
}
END_TEST

static const char everything[] =
    "name = \"a \\\"quoted\\\" \\\\ name\";  workers = 3;  journal = 4294967296;\n"
    "run_dir = \"/r\"; state_dir = \"/s\"; user = \"root\"; group = \"root\";\n"
    "listen = (\n"
    "  { protocol = \"telnet\"; address = \"0.0.0.0\"; port = 9898; tls = false; },\n"
    "  { protocol = \"telnet\"; address = \"::1\"; port = 0; profile = \"direct\"; },\n"
    "  { protocol = \"telnet\"; address = \"localhost\"; port = 1; profile = \"normal\"; },\n"
    "  { protocol = \"telnet\"; path = \"/a b\"; } );\n"
    "control = { socket = \"/c\"; admin = [ \"root\", \"@root\" ]; operate = [ ]; read = ( "
    "\"root\" ); };\n"
    "limits = { max_sessions = 1; max_per_address = 0; connect_rate = 1; login_time = 2; line_rate "
    "= 3;\n"
    "  line_burst = 4; queue = 1073741824; queue_time = 5; idle = 6; ping = 7; };\n"
    "rooms = { default = \"\"; };\n"
    "log = { to = \"/l\"; facility = \"local0\"; level = \"debug\"; };\n"
    "irc = { network = \"ExampleNet\"; password = \"open sesame\"; motd = "
    "\"\\n/one\\ntwo\\n\\n\";\n"
    "  max_targets = 20; monitor = 0; admin = { location = \"here\"; name = \"me\"; email = "
    "\"a@b\"; };\n"
    "  sts = { port = 6697; duration = 5; preload = true; };\n"
    "  webirc = ( { password = \"w1\"; hosts = [ \"192.0.2.7\", \"10.0.0.0/8\" ]; name = \"kiwi\"; "
    "},\n"
    "    { password = \"w2\"; hosts = ( \"::1\" ); } ); };\n"
#ifdef HAVE_WEB
    "web = { processes = 4; root = \"/page\"; url = \"https://chat.example.org/talk\";\n"
    "  origins = \"https://example.org  http://[::1]:8080\"; metrics = \"10.0.0.0/8 2001:db8::1\"; "
    "};\n"
#endif
#ifdef HAVE_OPENSSL
    "tls = { processes = 2; certificate = \"/c\"; key = \"/k\"; required = true; handshakes = 0;\n"
    "  more = ( { certificate = \"/d d\"; key = \"/e\"; }, { certificate = \"/f\"; } ); };\n"
#endif
#ifdef HAVE_SODIUM
    "auth = { processes = 2; };\n"
    "operators = ( { name = \"ada\"; password = \"" HASH
    "\"; mask = \"*@192.0.2.*\"; level = \"admin\"; },\n"
    "  { name = \"bob\"; password = \"" HASH "\"; account = \"bob\"; } );\n"
#endif
    ;

START_TEST(everything_is_taken)
{
	ck_assert_int_eq(parse(everything), 0);
	ck_assert_str_eq(set.opt.name, "a \"quoted\" \\ name");
	ck_assert_uint_eq(set.opt.workers, 3);
	ck_assert_uint_eq(set.nlisten, 4);
	ck_assert_str_eq(set.listen[1].address, "::1");
	ck_assert(set.listen[1].direct && !set.listen[2].direct);
	ck_assert_str_eq(set.listen[3].path, "/a b");
	ck_assert_str_eq(set.listen[3].where, "x.conf:7");
	ck_assert_str_eq(set.opt.control_admin, "root,@root");
	ck_assert_str_eq(set.opt.control_operate, "");
	ck_assert_str_eq(set.opt.control_read, "root");
	ck_assert_str_eq(set.opt.control_socket, "/c");
	ck_assert_str_eq(set.opt.room_default, "");
	ck_assert_uint_eq(set.opt.ping, 7);
	ck_assert_uint_eq(set.opt.irc_sts_preload, 1);
	ck_assert_str_eq(set.opt.log_level, "debug");
	if (geteuid() == 0)
		ck_assert(set.uid == 0 && set.gid == 0);
	else
		ck_assert(set.uid == UINT32_MAX);
}
END_TEST

START_TEST(blocks_are_taken)
{
	struct webirc_block w;
	struct operator_block o;
	struct str rest;

	ck_assert_int_eq(parse(everything), 0);
	ck_assert_str_eq(set.opt.irc_motd, "/one\ntwo");
	ck_assert_uint_eq(set.opt.irc_sts_port, 6697);
	rest = str_of(set.opt.webirc);
	ck_assert(webirc_next(&rest, &w));
	ck_assert(str_eq(w.password, STR_LIT("w1")) && str_eq(w.name, STR_LIT("kiwi")));
	ck_assert(str_eq(w.hosts, STR_LIT("192.0.2.7,10.0.0.0/8")));
	ck_assert(webirc_next(&rest, &w));
	ck_assert(str_eq(w.password, STR_LIT("w2")) && w.name.n == 0);
	ck_assert(!webirc_next(&rest, &w));
	rest = str_of(set.opt.operators);
#ifdef HAVE_SODIUM
	ck_assert(operator_next(&rest, &o));
	ck_assert(str_eq(o.name, STR_LIT("ada")) && str_eq(o.hash, STR_LIT(HASH)));
	ck_assert(str_eq(o.mask, STR_LIT("*@192.0.2.*")) && o.account.n == 0);
	ck_assert_int_eq(o.level, LEVEL_ADMIN);
	ck_assert(operator_next(&rest, &o));
	ck_assert(str_eq(o.account, STR_LIT("bob")) && o.mask.n == 0);
	ck_assert_int_eq(o.level, LEVEL_OPERATE);
#endif
	ck_assert(!operator_next(&rest, &o));
}
END_TEST

/* What everybody may see has no secret in it, and is refused where one is wanted. */
START_TEST(secrets_are_hidden)
{
	static const char *const secrets[] = {"open sesame", "\"w1\"", "\"w2\"", "$argon2id$"};
	char *text;

	ck_assert_int_eq(parse(everything), 0);
	text = settings_show(&set, false);
	for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++)
		ck_assert_ptr_null(strstr(text, secrets[i]));
	ck_assert_int_eq(settings_parse(&again, "again", text, strlen(text), &errs), -1);
#ifdef HAVE_SODIUM
	ck_assert_uint_eq(errs.total, 5);
#else
	ck_assert_uint_eq(errs.total, 3);
#endif
	for (unsigned i = 0; i < errs.total; i++)
		ck_assert_ptr_nonnull(
		    strstr(errs.line[i], "stands for a secret that was not shown"));
	free(text);
	/* without any, there is nothing to hide */
	ck_assert_int_eq(settings_load(&set, NULL, &errs), 0);
	text = settings_show(&set, false);
	ck_assert_int_eq(settings_parse(&again, "again", text, strlen(text), &errs), 0);
	free(text);
}
END_TEST

START_TEST(secrets_go_where_they_are_used)
{
	static struct options o;

	ck_assert_int_eq(parse(everything), 0);
	for (unsigned r = 0; r < ROLE_COUNT; r++) {
		o = set.opt;
		options_for_role(&o, r);
		ck_assert_int_eq(o.irc_password[0] != '\0', r == ROLE_WORKER);
		ck_assert_int_eq(o.webirc[0] != '\0', r == ROLE_WORKER);
#ifdef HAVE_SODIUM
		ck_assert_int_eq(o.operators[0] != '\0', r == ROLE_BROKER);
#endif
		ck_assert_str_eq(o.irc_network, "ExampleNet");
	}
}
END_TEST

static void
round_trip(void)
{
	char *one = settings_show(&set, true), *two;

	ck_assert_msg(settings_parse(&again, "again", one, strlen(one), &errs) == 0, "%s\n%s",
		      errs.line[0], one);
	two = settings_show(&again, true);
	ck_assert_str_eq(one, two);
	ck_assert_uint_eq(set.nlisten, again.nlisten);
	for (size_t i = 0; i < option_count; i++) {
		const char *a = (char *)&set.opt + option_rows[i].offset,
			   *b = (char *)&again.opt + option_rows[i].offset;

		ck_assert_msg(option_rows[i].type == OPTION_STR ? strcmp(a, b) == 0
								: memcmp(a, b, 8) == 0,
			      "%s differs", option_rows[i].path);
	}
	ck_assert_str_eq(set.opt.control_admin, again.opt.control_admin);
	ck_assert_str_eq(set.opt.webirc, again.opt.webirc);
	ck_assert_str_eq(set.opt.operators, again.opt.operators);
	free(one);
	free(two);
}

START_TEST(shown_is_read_back)
{
	ck_assert_int_eq(settings_load(&set, NULL, &errs), 0);
	round_trip();
	ck_assert_int_eq(parse(everything), 0);
	round_trip();
	ck_assert_int_eq(parse("listen = ( );"), 0);
	ck_assert_uint_eq(set.nlisten, 0);
	round_trip();
}
END_TEST

/* --- files ------------------------------------------------------------------------------- */

static char dir[] = "/tmp/check_config.XXXXXX";

static const char *
file(const char *name, const char *text)
{
	static char path[4][64];
	static unsigned next;
	char *p = path[next++ % 4];
	FILE *f;

	snprintf(p, sizeof(path[0]), "%s/%s", dir, name);
	if (text != NULL) {
		f = fopen(p, "w");
		ck_assert_ptr_nonnull(f);
		ck_assert_int_ge(fputs(text, f), 0);
		ck_assert_int_eq(fclose(f), 0);
	}
	return p;
}

static void
make_dir(void)
{
	ck_assert_ptr_nonnull(mkdtemp(dir));
}

static void
remove_dir(void)
{
	unlink(file("a.conf", NULL));
	unlink(file("b.conf", NULL));
	ck_assert_int_eq(rmdir(dir), 0);
	memset(dir + strlen(dir) - 6, 'X', 6);
}

START_TEST(includes)
{
	const char *a =
	    file("a.conf",
		 "workers = 2;\n@include \"b.conf\"\nrooms = { default = \"x\"; };\nqq = 1;\n");
	const char *b =
	    file("b.conf", "# a comment\nname = \"inner\";\njournal = 4294967296;\nrr = 1;");
	char want[512];

	ck_assert_int_eq(settings_load(&set, a, &errs), -1);
	ck_assert_uint_eq(errs.total, 2);
	snprintf(want, sizeof(want), "%s:4: there is no option rr", b);
	ck_assert_str_eq(errs.line[0], want);
	snprintf(want, sizeof(want), "%s:4: there is no option qq", a);
	ck_assert_str_eq(errs.line[1], want);

	file("b.conf", "name = \"inner\";\njournal = 4294967296;\n");
	file("a.conf", "workers = 2;\n@include \"b.conf\"\nrooms = { default = \"x\"; };\n");
	ck_assert_int_eq(settings_load(&set, a, &errs), 0);
	ck_assert_str_eq(set.opt.name, "inner");
	ck_assert_str_eq(set.opt.room_default, "x");
	ck_assert_uint_eq(set.opt.journal, UINT64_C(4294967296));
}
END_TEST

START_TEST(includes_that_do_not_end)
{
	const char *a = file("a.conf", "@include \"a.conf\"\n");

	ck_assert_int_eq(settings_load(&set, a, &errs), -1);
	ck_assert_ptr_nonnull(strstr(errs.line[0], "files include each other too deeply"));
	file("a.conf", "\n@include \"b.conf\"\n");
	ck_assert_int_eq(settings_load(&set, a, &errs), -1);
	ck_assert_ptr_nonnull(strstr(errs.line[0], "a.conf:2: @include"));
	ck_assert_ptr_nonnull(strstr(errs.line[0], "No such file or directory"));
}
END_TEST

START_TEST(not_a_file)
{
	const char *a = file("a.conf", NULL);

	ck_assert_int_eq(settings_load(&set, a, &errs), -1);
	ck_assert_ptr_nonnull(strstr(errs.line[0], "a.conf: No such file or directory"));
	ck_assert_int_eq(settings_load(&set, dir, &errs), -1);
	ck_assert_ptr_nonnull(strstr(errs.line[0], "is a directory"));
	ck_assert_int_eq(mkfifo(a, 0600), 0);
	ck_assert_int_eq(settings_load(&set, a, &errs), -1);
	ck_assert_ptr_nonnull(strstr(errs.line[0], "is not a regular file"));
}
END_TEST

START_TEST(too_long)
{
	const char *a = file("a.conf", "");

	ck_assert_int_eq(truncate(a, 3 * CONF_BYTES_MAX), 0);
	ck_assert_int_eq(settings_load(&set, a, &errs), -1);
	ck_assert_ptr_nonnull(strstr(errs.line[0], "too long"));
}
END_TEST

static void
with_motd(const char *motd, const char *text)
{
	char conf[256];

	file("b.conf", text);
	snprintf(conf, sizeof(conf), "\nirc = { motd = \"%s\"; };\n", motd);
	file("a.conf", conf);
}

START_TEST(motd_file)
{
	char text[9000], want[256], a[64], b[64];

	snprintf(a, sizeof(a), "%s", file("a.conf", ""));
	snprintf(b, sizeof(b), "%s", file("b.conf", ""));
	with_motd(b, "\n  Welcome\n/to us\n\n");
	ck_assert_int_eq(settings_load(&set, a, &errs), 0);
	ck_assert_str_eq(set.opt.irc_motd, "  Welcome\n/to us");
	memset(text, 'x', sizeof(text));
	text[8192] = '\0';
	with_motd(b, text);
	ck_assert_int_eq(settings_load(&set, a, &errs), 0);
	ck_assert_uint_eq(strlen(set.opt.irc_motd), 8192);
	round_trip();
	text[8192] = 'x';
	text[8193] = '\0';
	with_motd(b, text);
	ck_assert_int_eq(settings_load(&set, a, &errs), -1);
	snprintf(want, sizeof(want), "%s:2: irc.motd: %s: is too long", a, b);
	ck_assert_str_eq(errs.line[0], want);
	with_motd(b, "a\x1b[2J");
	ck_assert_int_eq(settings_load(&set, a, &errs), -1);
	snprintf(want, sizeof(want),
		 "%s:2: irc.motd: %s has control characters in it, or is not UTF-8", a, b);
	ck_assert_str_eq(errs.line[0], want);
	unlink(b);
	ck_assert_int_eq(settings_load(&set, a, &errs), -1);
	snprintf(want, sizeof(want), "%s:2: irc.motd: %s: No such file or directory", a, b);
	ck_assert_str_eq(errs.line[0], want);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("config");
	TCase *t = tcase_create("text"), *f = tcase_create("files");

	tcase_add_loop_test(t, refused, 0, (int)(sizeof(bad) / sizeof(bad[0])));
	tcase_add_test(t, zero_byte);
	tcase_add_test(t, all_errors_at_once);
	tcase_add_test(t, many_errors_are_counted);
	tcase_add_test(t, defaults);
	tcase_add_test(t, big_numbers);
	tcase_add_test(t, everything_is_taken);
	tcase_add_test(t, blocks_are_taken);
	tcase_add_test(t, secrets_are_hidden);
	tcase_add_test(t, secrets_go_where_they_are_used);
	tcase_add_test(t, shown_is_read_back);
	suite_add_tcase(s, t);
	tcase_add_checked_fixture(f, make_dir, remove_dir);
	tcase_add_test(f, includes);
	tcase_add_test(f, includes_that_do_not_end);
	tcase_add_test(f, not_a_file);
	tcase_add_test(f, too_long);
	tcase_add_test(f, motd_file);
	suite_add_tcase(s, f);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
