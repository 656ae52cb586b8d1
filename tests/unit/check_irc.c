/* IRC's forms: lines, tags, mode strings, CTCP, cuts, times and ids, as tables of what the
 * specifications say (RFC 1459, RFC 2812, modern.ircdocs.horse, IRCv3, draft-oakley-irc-ctcp-02) and
 * of what strangers send instead. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "lib/text.h"
#include "lib/util.h"
#include "proto/irc.h"
#include "unit.h"

/* A copy of exactly that many bytes, which a sanitizer sees the ends of; the caller frees s.p. */
static struct str
copy(const char *p, size_t n)
{
	char *c = malloc(n > 0 ? n : 1);

	if (n > 0)
		memcpy(c, p, n);
	return (struct str){c, n};
}

static void
drop(struct str s)
{
	free((char *)s.p);
}

static void
assert_str(struct str s, const char *expected, size_t n, const char *what)
{
	if (s.n != n || (n > 0 && memcmp(s.p, expected, n) != 0))
		ck_abort_msg("%s: '" STR_FMT "', not '" STR_FMT "'", what, STR_ARG(s), (int)n,
			     expected);
}

static void
assert_is(struct str s, const char *expected, const char *what)
{
	assert_str(s, expected, strlen(expected), what);
}

/* --- lines ------------------------------------------------------------------------------------ */

static const struct {
	const char *line, *parsed; /* "tags|source|command|param|:trailing" */
} lines[] = {
    /* RFC 2812 section 2.3.1: every form of message */
    {"QUIT", "||QUIT"},
    {"NICK Wiz", "||NICK|Wiz"},
    {":WiZ NICK Kilroy", "|WiZ|NICK|Kilroy"},
    {":WiZ!jto@tolsun.oulu.fi NICK Kilroy", "|WiZ!jto@tolsun.oulu.fi|NICK|Kilroy"},
    {"USER guest 0 * :Ronnie Reagan", "||USER|guest|0|*|:Ronnie Reagan"},
    {"PRIVMSG Angel :yes I'm receiving it !", "||PRIVMSG|Angel|:yes I'm receiving it !"},
    {":irc.example.net 001 x :Welcome", "|irc.example.net|001|x|:Welcome"},
    {"MODE &oulu +b *!*@*.edu +e *!*@*.bu.edu", "||MODE|&oulu|+b|*!*@*.edu|+e|*!*@*.bu.edu"},
    /* fourteen middles, then the rest, whether it says ':' or not */
    {"X 1 2 3 4 5 6 7 8 9 10 11 12 13 14 :15 16", "||X|1|2|3|4|5|6|7|8|9|10|11|12|13|14|:15 16"},
    {"X 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16", "||X|1|2|3|4|5|6|7|8|9|10|11|12|13|14|15 16"},
    {"X 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15  :16 ", "||X|1|2|3|4|5|6|7|8|9|10|11|12|13|14|15  :16"},
    {"X 1 2 3 4 5 6 7 8 9 10 11 12 13 14", "||X|1|2|3|4|5|6|7|8|9|10|11|12|13|14"},
    {"X 1 2 3 4 5 6 7 8 9 10 11 12 13 :14 15 16", "||X|1|2|3|4|5|6|7|8|9|10|11|12|13|:14 15 16"},
    /* modern.ircdocs.horse, "Message Format" and "Wire Format in ABNF" */
    {":irc.example.com CAP LS * :multi-prefix extended-join sasl",
     "|irc.example.com|CAP|LS|*|:multi-prefix extended-join sasl"},
    {"@id=234AB :dan!d@localhost PRIVMSG #chan :Hey what's up!",
     "id=234AB|dan!d@localhost|PRIVMSG|#chan|:Hey what's up!"},
    {"CAP REQ :sasl", "||CAP|REQ|:sasl"},
    {"@id=123AB :copper!r@rose PRIVMSG #t :hi", "id=123AB|copper!r@rose|PRIVMSG|#t|:hi"},
    {"@url=;netsplit=tur,ty :dan!d@localhost PRIVMSG #chan :Hey!",
     "url=;netsplit=tur,ty|dan!d@localhost|PRIVMSG|#chan|:Hey!"},
    {":irc.example.com CAP * LIST :", "|irc.example.com|CAP|*|LIST|:"},
    {"CAP * LS :multi-prefix sasl", "||CAP|*|LS|:multi-prefix sasl"},
    {"CAP REQ :sasl message-tags foo", "||CAP|REQ|:sasl message-tags foo"},
    {":dan!d@localhost PRIVMSG #chan Hey!", "|dan!d@localhost|PRIVMSG|#chan|Hey!"},
    {":dan!d@localhost PRIVMSG #chan ::-) hi", "|dan!d@localhost|PRIVMSG|#chan|::-) hi"},
    /* where parsers are known to go wrong: the last parameter */
    {"a b c :", "||a|b|c|:"},
    {"a b c :   ", "||a|b|c|:   "},
    {"a b c :  d e ", "||a|b|c|:  d e "},
    {"a b c ::d", "||a|b|c|::d"},
    {"a b:c d:", "||a|b:c|d:"},
    {"a :", "||a|:"},
    {"a :b", "||a|:b"},
    {":s AWAY", "|s|AWAY"},
    {":s AWAY ", "|s|AWAY"},
    {":s MODE #c :+i", "|s|MODE|#c|:+i"},
    {":s MODE #c +oo x :y", "|s|MODE|#c|+oo|x|:y"},
    /* spaces */
    {"  a   b  c  ", "||a|b|c"},
    {":s   432   #c   :an error", "|s|432|#c|:an error"},
    {"@t   :s   a   b", "t|s|a|b"},
    {"   @t :s a b", "t|s|a|b"},
    {":a\tb c\td e", "|a\tb|c\td|e"},
    {"a \xc2\xa0 b", "||a|\xc2\xa0|b"},
    /* tags and sources that are odd, and do no harm */
    {"@ a b", "||a|b"},
    {": a b", "||a|b"},
    {"@@a @b @c", "@a||@b|@c"},
    {"::s a", "|:s|a"},
    {":s :a b", "|s|:a|b"},
    {":s @a b", "|s|@a|b"},
    {"@a;b=\\ c", "a;b=\\||c"},
    {":n!u@h\x03"
     "5x\x02y a",
     "|n!u@h\x03"
     "5x\x02y|a"},
    /* what strangers send: a parser's part is to say what it is */
    {"POST / HTTP/1.1", "||POST|/|HTTP/1.1"},
    {":admin!a@b PRIVMSG #x :hi", "|admin!a@b|PRIVMSG|#x|:hi"},
    {":other.server PRIVMSG #x :hi", "|other.server|PRIVMSG|#x|:hi"},
    {"SERVER a 1 :b", "||SERVER|a|1|:b"},
    {"JOIN", "||JOIN"},
    {"JOIN :", "||JOIN|:"},
    {"PART : ", "||PART|: "},
    {"KICK #c nobody", "||KICK|#c|nobody"},
    {"AUTHENTICATE a b c", "||AUTHENTICATE|a|b|c"},
    {"JOIN #a\a,#b/,#c", "||JOIN|#a\a,#b/,#c"},
    {"PRIVMSG x :\x1b[2J\xff\xfe", "||PRIVMSG|x|:\x1b[2J\xff\xfe"},
};

static void
assert_inside(struct str s, struct str line)
{
	if (s.n > 0)
		ck_assert(s.p >= line.p && s.p + s.n <= line.p + line.n);
}

START_TEST(line_parsed)
{
	struct str in = copy(lines[_i].line, strlen(lines[_i].line));
	struct irc_msg m;
	char seen[1024];
	size_t w;

	memset(&m, 0xee, sizeof(m));
	ck_assert_int_eq(irc_parse(&m, in.p, in.n), IRC_PARSE_OK);
	w = sprintf(seen, STR_FMT "|" STR_FMT "|" STR_FMT, STR_ARG(m.tags), STR_ARG(m.source),
		    STR_ARG(m.cmd));
	for (unsigned i = 0; i < IRC_PARAMS_MAX; i++) {
		assert_inside(m.param[i], in);
		if (i < m.n)
			w += sprintf(seen + w, "|%s" STR_FMT, m.trailing && i == m.n - 1 ? ":" : "",
				     STR_ARG(m.param[i]));
		else
			ck_assert_uint_eq(m.param[i].n, 0);
	}
	ck_assert_str_eq(seen, lines[_i].parsed);
	drop(in);
}
END_TEST

static const struct {
	const char *line;
	size_t n;
	enum irc_parse is;
} refused[] = {
    {LIT(""), IRC_PARSE_EMPTY},
    {LIT(" "), IRC_PARSE_EMPTY},
    {LIT("      "), IRC_PARSE_EMPTY},
    {LIT("@"), IRC_PARSE_BAD},
    {LIT("@ "), IRC_PARSE_BAD},
    {LIT("@a=b"), IRC_PARSE_BAD},
    {LIT("@a=b   "), IRC_PARSE_BAD},
    {LIT(":"), IRC_PARSE_BAD},
    {LIT(": "), IRC_PARSE_BAD},
    {LIT(":x"), IRC_PARSE_BAD},
    {LIT(":x  "), IRC_PARSE_BAD},
    {LIT("@a :x"), IRC_PARSE_BAD},
    {LIT("@a :x "), IRC_PARSE_BAD},
    {LIT("\0"), IRC_PARSE_BAD},
    {LIT("\0PING x"), IRC_PARSE_BAD},
    {LIT("PING x\0"), IRC_PARSE_BAD},
    {LIT("PING \0x"), IRC_PARSE_BAD},
    {LIT("JOIN #a\0b"), IRC_PARSE_BAD},
    {LIT("PRIVMSG #a :x\0y"), IRC_PARSE_BAD},
    {LIT("@a=\0 PING x"), IRC_PARSE_BAD},
    {LIT(":a\0 PING x"), IRC_PARSE_BAD},
    /* a TLS ClientHello's beginning on the plain port */
    {LIT("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), IRC_PARSE_BAD},
};

static void
assert_refused(const char *p, size_t n, enum irc_parse is)
{
	struct str in = copy(p, n);
	struct irc_msg m;

	memset(&m, 0xee, sizeof(m));
	ck_assert_int_eq(irc_parse(&m, in.p, in.n), is);
	ck_assert_uint_eq(m.n, 0);
	ck_assert_uint_eq(m.cmd.n, 0);
	drop(in);
}

START_TEST(line_refused)
{
	assert_refused(refused[_i].line, refused[_i].n, refused[_i].is);
}
END_TEST

/* head, then as many c as make n bytes, then tail; the caller frees it. */
static struct str
filled(const char *head, char c, size_t n, const char *tail)
{
	size_t h = strlen(head), t = strlen(tail);
	char *s = malloc(n);

	memset(s, c, n);
	memcpy(s, head, h);
	memcpy(s + n - t, tail, t);
	return (struct str){s, n};
}

static const struct {
	const char *head;
	char c;
	size_t n;
	const char *tail;
	enum irc_parse is;
} limits[] = {
    /* 512 with CR LF */
    {"PRIVMSG #a :", 'x', IRC_BODY_MAX, "", IRC_PARSE_OK},
    {"PRIVMSG #a :", 'x', IRC_BODY_MAX + 1, "", IRC_PARSE_LONG},
    {"PING", ' ', IRC_BODY_MAX, "", IRC_PARSE_OK},
    {"PING", ' ', IRC_BODY_MAX + 1, "", IRC_PARSE_LONG},
    {"", ' ', IRC_BODY_MAX, "PING x", IRC_PARSE_OK},
    {"", ' ', IRC_BODY_MAX + 1, "PING x", IRC_PARSE_LONG},
    {"", ' ', 20000, "", IRC_PARSE_EMPTY},
    {"", 'x', IRC_BODY_MAX, "", IRC_PARSE_OK},
    {"", '\xff', 1 << 20, "", IRC_PARSE_LONG},
    {"", '\0', IRC_BODY_MAX, "", IRC_PARSE_BAD},
    {"CAP REQ :", 'a', 5000, "", IRC_PARSE_LONG},
    {"JOIN ", ',', 40000, "", IRC_PARSE_LONG},
    {"AUTHENTICATE ", 'A', 13 + 400, "", IRC_PARSE_OK},
    /* message-tags: '@', 4094 bytes, a space */
    {"@", 'a', IRC_CLIENT_TAGS_MAX + 4, " PING", IRC_PARSE_OK},
    {"@", 'a', IRC_CLIENT_TAGS_MAX + 5, " PING", IRC_PARSE_TAGS_LONG},
    {"@a=", ';', IRC_CLIENT_TAGS_MAX + 4, " PING", IRC_PARSE_OK},
    {"@a=", '\\', 8192, " PING", IRC_PARSE_TAGS_LONG},
    {"@", 'a', IRC_CLIENT_TAGS_MAX - 1, "", IRC_PARSE_BAD},
    {"@", 'a', IRC_CLIENT_TAGS_MAX, "", IRC_PARSE_TAGS_LONG},
    {"@", 'a', 100000, "", IRC_PARSE_TAGS_LONG},
    /* each has its own limit */
    {"@a=b PRIVMSG #a :", 'x', 5 + IRC_BODY_MAX, "", IRC_PARSE_OK},
    {"@a=b PRIVMSG #a :", 'x', 5 + IRC_BODY_MAX + 1, "", IRC_PARSE_LONG},
    {"@a=b ", ' ', 5 + IRC_BODY_MAX, "PING", IRC_PARSE_OK},
    {"@a=b ", ' ', 5 + IRC_BODY_MAX + 1, "PING", IRC_PARSE_LONG},
};

START_TEST(line_limits)
{
	struct str in = filled(limits[_i].head, limits[_i].c, limits[_i].n, limits[_i].tail);
	struct irc_msg m;

	ck_assert_int_eq(irc_parse(&m, in.p, in.n), limits[_i].is);
	drop(in);
}
END_TEST

/* "every command with 0..20 empty parameters": only the last can be empty */
START_TEST(empty_params)
{
	char in[64] = "CMD";
	struct irc_msg m;

	for (int i = 0; i < _i; i++)
		strcat(in, " :");
	ck_assert_int_eq(irc_parse(&m, in, strlen(in)), IRC_PARSE_OK);
	ck_assert_uint_eq(m.n, _i > 0 ? 1 : 0);
	strcpy(in, "CMD");
	for (int i = 0; i < _i; i++)
		strcat(in, " ,");
	ck_assert_int_eq(irc_parse(&m, in, strlen(in)), IRC_PARSE_OK);
	ck_assert_uint_eq(m.n, MIN(_i, IRC_PARAMS_MAX));
}
END_TEST

START_TEST(words)
{
	ck_assert(irc_is(STR_LIT("PRIVMSG"), "PRIVMSG"));
	ck_assert(irc_is(STR_LIT("privMsg"), "PRIVMSG"));
	ck_assert(irc_is(STR_LIT("PRIVMSG"), "privmsg"));
	ck_assert(irc_is(STR_LIT("001"), "001"));
	ck_assert(irc_is(STR_LIT(""), ""));
	ck_assert(!irc_is(STR_LIT("PRIVMS"), "PRIVMSG"));
	ck_assert(!irc_is(STR_LIT("PRIVMSGX"), "PRIVMSG"));
	ck_assert(!irc_is(STR_LIT(""), "PRIVMSG"));
	ck_assert(!irc_is(STR_LIT("PRIVMSG"), ""));
	ck_assert(!irc_is(STR_LIT("PING\0"), "PING"));
	/* ASCII's letters and nothing else */
	ck_assert(!irc_is(STR_LIT("{"), "["));
	ck_assert(!irc_is(STR_LIT("`"), "@"));
	ck_assert(!irc_is(STR_LIT("\xe0"), "\xc0"));
}
END_TEST

/* --- tags ----------------------------------------------------------------------------------------- */

static const struct {
	const char *tags;
	const char *seen; /* "key value|…" */
} walks[] = {
    {"", ""},
    {"a", "a |"},
    {"a=", "a |"},
    {"a=b", "a b|"},
    {"a=b;c", "a b|c |"},
    {"aaa=bbb;ccc;example.com/ddd=eee", "aaa bbb|ccc |example.com/ddd eee|"},
    {"a=b=c=", "a b=c=|"},
    {"+a=raw+:=,escaped\\:\\s\\\\", "+a raw+:=,escaped\\:\\s\\\\|"},
    {"+draft/reply=x;+typing=active;label=1", "+draft/reply x|+typing active|label 1|"},
    {"xn--e1afmkfd.org/foo", "xn--e1afmkfd.org/foo |"},
    {"a=1;a=2", "a 1|a 2|"},
    /* the value cannot have a ';': what follows it is the next tag */
    {"a=b\\;c=d", "a b\\|c d|"},
    {"a=x;y z;b", "a x|b |"},
    /* nothing between, before and after */
    {";;a;;b=;;", "a |b |"},
    {";", ""},
    {";;;;;;", ""},
    /* no key, or none that the grammar has */
    {"=", ""},
    {"=b;a=b", "a b|"},
    {"+;a", "a |"},
    {"+=x;a", "a |"},
    {"++b;a", "a |"},
    {"a+b;a", "a |"},
    {"/b;a", "a |"},
    {"v/;a", "a |"},
    {"+/b;a", "a |"},
    {"v/w/b;a", "a |"},
    {"a.b;a", "a |"},
    {"v.w/b.c;a", "a |"},
    {"a_b;a", "a |"},
    {"a\\b=c;a", "a |"},
    {"\xc3\xa4=c;a", "a |"},
    {"a\x01=c;a", "a |"},
    {"@a=c;a", "a |"},
    {"-=c;0", "- c|0 |"},
};

START_TEST(tag_walk)
{
	struct str in = copy(walks[_i].tags, strlen(walks[_i].tags)), rest = in;
	struct irc_tag t;
	char seen[256] = "";

	while (irc_tag_next(&rest, &t)) {
		assert_inside(t.key, in);
		assert_inside(t.value, in);
		sprintf(seen + strlen(seen), STR_FMT " " STR_FMT "|", STR_ARG(t.key),
			STR_ARG(t.value));
	}
	ck_assert_str_eq(seen, walks[_i].seen);
	ck_assert_uint_eq(rest.n, 0);
	ck_assert(!irc_tag_next(&rest, &t));
	drop(in);
}
END_TEST

START_TEST(tag_find)
{
	struct str tags = STR_LIT("a=1;b;v/a=3;+a=4;c=\\:;a=2;b=;d=x;d"), v = STR_LIT("-");

	ck_assert(irc_tag_find(tags, "a", &v));
	assert_is(v, "2", "the last wins");
	ck_assert(irc_tag_find(tags, "v/a", &v));
	assert_is(v, "3", "vendor's");
	ck_assert(irc_tag_find(tags, "+a", &v));
	assert_is(v, "4", "client's");
	ck_assert(irc_tag_find(tags, "c", &v));
	assert_is(v, "\\:", "still escaped");
	ck_assert(irc_tag_find(tags, "b", &v));
	assert_is(v, "", "empty");
	ck_assert(irc_tag_find(tags, "d", &v));
	assert_is(v, "", "empty wins, too");
	v = STR_LIT("-");
	ck_assert(!irc_tag_find(tags, "A", &v));
	ck_assert(!irc_tag_find(tags, "e", &v));
	ck_assert(!irc_tag_find(tags, "", &v));
	ck_assert(!irc_tag_find((struct str){NULL, 0}, "a", &v));
	assert_is(v, "-", "left alone");
}
END_TEST

static const struct {
	const char *escaped, *raw, *again; /* again: raw, escaped; NULL: as it was */
} escapes[] = {
    {"", "", NULL},
    {"plain", "plain", NULL},
    {"\\:", ";", NULL},
    {"\\s", " ", NULL},
    {"\\\\", "\\", NULL},
    {"\\r", "\r", NULL},
    {"\\n", "\n", NULL},
    {"raw+:=,escaped\\:\\s\\\\", "raw+:=,escaped; \\", NULL},
    {"b\\\\and\\nk", "b\\and\nk", NULL},
    {"gh\\:764", "gh;764", NULL},
    {"\\\\\\\\\\:\\\\s\\s\\r\\n", "\\\\;\\s \r\n", NULL},
    {"value\\\\ntest", "value\\ntest", NULL},
    {"\xc3\xa4\\s\xf0\x9f\x99\x82", "\xc3\xa4 \xf0\x9f\x99\x82", NULL},
    /* no such escape: '\' is dropped */
    {"value\\1", "value1", "value1"},
    {"\\b\\a\\;", "ba;", "ba\\:"},
    {"\\\xc3\xa4", "\xc3\xa4", "\xc3\xa4"},
    /* nothing after it */
    {"test\\", "test", "test"},
    {"\\", "", ""},
    {"\\\\\\", "\\", "\\\\"},
};

START_TEST(tag_escapes)
{
	struct str escaped = copy(escapes[_i].escaped, strlen(escapes[_i].escaped));
	struct str raw = copy(escapes[_i].raw, strlen(escapes[_i].raw));
	const char *again = escapes[_i].again != NULL ? escapes[_i].again : escapes[_i].escaped;
	char *out = malloc(escaped.n + 1), *longer = malloc(2 * raw.n + 1);
	size_t n = irc_tag_unescape(escaped, out, escaped.n);

	assert_str((struct str){out, n}, raw.p, raw.n, "unescaped");
	n = irc_tag_escape(raw, longer, 2 * raw.n);
	assert_is((struct str){longer, n}, again, "escaped");
	free(longer);
	free(out);
	drop(raw);
	drop(escaped);
}
END_TEST

/* Too little room: cut, between characters and never within an escape. */
START_TEST(tag_escape_room)
{
	struct str text = STR_LIT("a;\xc3\xa4 \xf0\x9f\x99\x82\\z");
	static const struct {
		size_t cap;
		const char *out;
	} cuts[] = {
	    {0, ""},
	    {1, "a"},
	    {2, "a"},
	    {3, "a\\:"},
	    {4, "a\\:"},
	    {5, "a\\:\xc3\xa4"},
	    {6, "a\\:\xc3\xa4"},
	    {7, "a\\:\xc3\xa4\\s"},
	    {8, "a\\:\xc3\xa4\\s"},
	    {9, "a\\:\xc3\xa4\\s"},
	    {10, "a\\:\xc3\xa4\\s"},
	    {11, "a\\:\xc3\xa4\\s\xf0\x9f\x99\x82"},
	    {12, "a\\:\xc3\xa4\\s\xf0\x9f\x99\x82"},
	    {13, "a\\:\xc3\xa4\\s\xf0\x9f\x99\x82\\\\"},
	    {14, "a\\:\xc3\xa4\\s\xf0\x9f\x99\x82\\\\z"},
	    {99, "a\\:\xc3\xa4\\s\xf0\x9f\x99\x82\\\\z"},
	};
	char out[99];

	for (size_t i = 0; i < ARRAY_LEN(cuts); i++) {
		size_t n = irc_tag_escape(text, out, cuts[i].cap);

		assert_is((struct str){out, n}, cuts[i].out, "escaped");
	}
	ck_assert_uint_eq(irc_tag_unescape(STR_LIT("\\s\\sabc"), out, 3), 3);
	ck_assert_mem_eq(out, "  a", 3);
	ck_assert_uint_eq(irc_tag_unescape(STR_LIT("abc"), out, 0), 0);
}
END_TEST

static const struct {
	const char *tags, *out;
} relayed[] = {
    {"", ""},
    {"a=b", ""},
    {"+a=b", "+a=b"},
    {"+a", "+a"},
    {"+a=", "+a"},
    {"+typing=active", "+typing=active"},
    {"label=123;+example-client-tag=example-value", "+example-client-tag=example-value"},
    {"+a=1;msgid=x;+b=2;time=x;+v.w/c=3", "+a=1;+b=2;+v.w/c=3"},
    {"msgid=+a", ""},
    /* each once, the last wins */
    {"+a=1;+a=2", "+a=2"},
    {"+a=1;+b=2;+a=3", "+b=2;+a=3"},
    {"+a=1;+b=2;+a", "+b=2;+a"},
    {"+a=1;a=2", "+a=1"},
    {"+a=1;+v/a=2", "+a=1;+v/a=2"},
    {"+a;+a;+a;+a;+a", "+a"},
    {"+a;+b;+a;+b;+c", "+a;+b;+c"},
    /* normal form */
    {"+a=raw+:=,escaped\\:\\s\\\\", "+a=raw+:=,escaped\\:\\s\\\\"},
    {"+a=x\\y\\", "+a=xy"},
    {"+a=\\", "+a"},
    {"+a=\\\\", "+a=\\\\"},
    {"+a=\\\\\\", "+a=\\\\"},
    {"+a=\\r\\n\\:", "+a=\\r\\n\\:"},
    {"+a=b\\;c=d", "+a=b"},
    {";;+a=1;;", "+a=1"},
    /* what could do somebody harm is left out, and does not beat what is good */
    {"+a=\x1b[2J;+b=1", "+b=1"},
    {"+a=\x01;+b=1", "+b=1"},
    {"+a=\x7f;+b=1", "+b=1"},
    {"+a=\t;+b=1", "+b=1"},
    {"+a=\r;+b=\n;+c", "+c"},
    {"+a=\xc2\x9b"
     "2J;+b=1",
     "+b=1"},
    {"+a=\x9b"
     "2J;+b=1",
     "+b=1"},
    {"+a=\xff;+b=1", "+b=1"},
    {"+a=\xc0\xaf;+b=1", "+b=1"},
    {"+a=\xed\xa0\x80;+b=1", "+b=1"},
    {"+a=\xf0\x9f\x99;+b=1", "+b=1"},
    {"+a=\xef\xbb\xbf;+b=1", "+b=1"},
    {"+a=x y;+b=1", "+b=1"},
    {"+a=1;+a=\x1b", "+a=1"},
    {"+a=\\\x1b", ""},
    {"+a\x1b=1;+=2;+/=3;++a=4", ""},
    {"+a=\xf0\x9f\x99\x82", "+a=\xf0\x9f\x99\x82"},
    {"+a=\\\xf0\x9f\x99\x82", "+a=\xf0\x9f\x99\x82"},
};

START_TEST(tags_relayed)
{
	struct str in = copy(relayed[_i].tags, strlen(relayed[_i].tags));
	char *out = malloc(in.n > 0 ? in.n : 1);
	size_t n = irc_tags_relayed(in, out);

	assert_is((struct str){out, n}, relayed[_i].out, "relayed");
	free(out);
	drop(in);
}
END_TEST

/* As many tags as fit: all different, then all twice. */
START_TEST(tags_relayed_many)
{
	char in[IRC_CLIENT_TAGS_MAX - 2], out[sizeof(in)];
	size_t n = 0, half, len;

	for (unsigned i = 0; n + 8 < sizeof(in); i++)
		n += sprintf(in + n, "+%u=x;", 1000 + i);
	n--;
	len = irc_tags_relayed((struct str){in, n}, out);
	assert_str((struct str){out, len}, in, n, "all");

	for (n = 0, half = 0; half + 8 < sizeof(in) / 2; n++)
		half += sprintf(in + half, "+%u=x;", (unsigned)(1000 + n));
	memcpy(in + half, in, half);
	len = irc_tags_relayed((struct str){in, 2 * half - 1}, out);
	assert_str((struct str){out, len}, in, half - 1, "half");

	for (n = 0; n + 3 <= sizeof(in); n += 3)
		memcpy(in + n, "+a;", 3);
	len = irc_tags_relayed((struct str){in, n}, out);
	assert_is((struct str){out, len}, "+a", "one");
}
END_TEST

/* --- time and ids ----------------------------------------------------------------------------------- */

static const struct {
	uint64_t ms;
	const char *text;
} times[] = {
    {0, "1970-01-01T00:00:00.000Z"},
    {999, "1970-01-01T00:00:00.999Z"},
    {1000, "1970-01-01T00:00:01.000Z"},
    {1767323045678, "2026-01-02T03:04:05.678Z"},
    {951782399999, "2000-02-28T23:59:59.999Z"},
    {951782400000, "2000-02-29T00:00:00.000Z"},
    {951868800000, "2000-03-01T00:00:00.000Z"},
    {1709164800000, "2024-02-29T00:00:00.000Z"},
    {1735689599999, "2024-12-31T23:59:59.999Z"},
    {4107542399000, "2100-02-28T23:59:59.000Z"},
    {4107542400000, "2100-03-01T00:00:00.000Z"},
    {2147483648000, "2038-01-19T03:14:08.000Z"},
    {4294967296000, "2106-02-07T06:28:16.000Z"},
    {253402300799999, "9999-12-31T23:59:59.999Z"},
};

START_TEST(server_time)
{
	char out[IRC_TIME_LEN];
	uint64_t ms = 1;

	irc_time_put(out, times[_i].ms);
	assert_is((struct str){out, sizeof(out)}, times[_i].text, "time");
	ck_assert(irc_time_get((struct str){out, sizeof(out)}, &ms));
	ck_assert_uint_eq(ms, times[_i].ms);
}
END_TEST

/* The C library's opinion, over all years, as a second one; and the kept second changes. */
START_TEST(server_time_all)
{
	char out[IRC_TIME_LEN], expected[64];
	uint64_t got;

	for (uint64_t ms = 0; ms < UINT64_C(253402300800000); ms += UINT64_C(9876543210) + ms % 7) {
		time_t t = ms / 1000;
		struct tm tm;

		gmtime_r(&t, &tm);
		strftime(expected, sizeof(expected), "%Y-%m-%dT%H:%M:%S", &tm);
		sprintf(expected + 19, ".%03uZ", (unsigned)(ms % 1000));
		irc_time_put(out, ms);
		assert_is((struct str){out, sizeof(out)}, expected, "time");
		ck_assert(irc_time_get((struct str){out, sizeof(out)}, &got));
		ck_assert_uint_eq(got, ms);
		irc_time_put(out, 999);
		assert_is((struct str){out, sizeof(out)}, "1970-01-01T00:00:00.999Z", "time");
	}
	irc_time_put(out, UINT64_MAX);
	assert_is((struct str){out, sizeof(out)}, "9999-12-31T23:59:59.999Z", "time");
}
END_TEST

static const struct {
	const char *text;
	uint64_t ms;
} times_in[] = {
    {"2026-01-02T03:04:05Z", 1767323045000},
    {"2026-01-02T03:04:05.6Z", 1767323045600},
    {"2026-01-02T03:04:05.67Z", 1767323045670},
    {"2026-01-02T03:04:05.678901Z", 1767323045678},
    {"2026-01-02T03:04:05.678999999Z", 1767323045678},
    {"2016-12-31T23:59:60.419Z", 1483228800419}, /* server-time's own example */
};

START_TEST(server_time_in)
{
	uint64_t ms = 1;

	ck_assert(irc_time_get(str_of(times_in[_i].text), &ms));
	ck_assert_uint_eq(ms, times_in[_i].ms);
}
END_TEST

static const char *const times_refused[] = {
    "",
    "Z",
    "1767323045",
    "2026-01-02",
    "2026-01-02T03:04:05",
    "2026-01-02T03:04:05.678",
    "2026-01-02T03:04:05.Z",
    "2026-01-02T03:04:05.1234567890Z",
    "2026-01-02T03:04:05.67xZ",
    "2026-01-02T03:04:05,678Z",
    "2026-01-02T03:04:05.678z",
    "2026-01-02t03:04:05.678Z",
    "2026-01-02 03:04:05.678Z",
    "2026-01-02T03:04:05.678+00:00",
    "2026-01-02T03:04:05.678ZZ",
    " 2026-01-02T03:04:05.678Z",
    "2026-1-02T03:04:05.678Z",
    "2026-00-02T03:04:05.678Z",
    "2026-13-02T03:04:05.678Z",
    "2026-01-00T03:04:05.678Z",
    "2026-01-32T03:04:05.678Z",
    "2026-04-31T03:04:05.678Z",
    "2026-02-29T03:04:05.678Z",
    "2100-02-29T03:04:05.678Z",
    "2026-01-02T24:04:05.678Z",
    "2026-01-02T03:60:05.678Z",
    "2026-01-02T03:04:61.678Z",
    "1969-12-31T23:59:59.999Z",
    "-026-01-02T03:04:05.678Z",
    "2026-01-02T+3:04:05.678Z",
    "timestamp=2026-01-02T03:04:05.678Z",
};

START_TEST(server_time_refused)
{
	uint64_t ms = 7;

	ck_assert(!irc_time_get(str_of(times_refused[_i]), &ms));
	ck_assert_uint_eq(ms, 7);
}
END_TEST

static const uint64_t seqs[] = {
    0,
    1,
    9,
    10,
    31,
    32,
    33,
    1023,
    1024,
    123456789,
    UINT64_C(1) << 32,
    (UINT64_C(1) << 32) + 1,
    UINT64_C(1) << 48,
    INT64_MAX,
    UINT64_C(1) << 63,
    UINT64_MAX - 1,
    UINT64_MAX,
};

START_TEST(msgids)
{
	char last[IRC_MSGID_LEN], id[IRC_MSGID_LEN];
	uint64_t seq;

	for (size_t i = 0; i < ARRAY_LEN(seqs); i++) {
		irc_msgid_put(id, seqs[i]);
		ck_assert(irc_msgid_get((struct str){id, sizeof(id)}, &seq));
		ck_assert_uint_eq(seq, seqs[i]);
		for (size_t c = 0; c < sizeof(id); c++)
			ck_assert((id[c] >= '0' && id[c] <= '9') || (id[c] >= 'a' && id[c] <= 'z'));
		ck_assert(i == 0 || memcmp(last, id, sizeof(id)) < 0);
		memcpy(last, id, sizeof(id));
	}
	assert_is((struct str){id, sizeof(id)}, "fvvvvvvvvvvvv", "the last");
}
END_TEST

START_TEST(msgids_refused)
{
	static const char *const bad[] = {
	    "",
	    "0",
	    "000000000000",
	    "00000000000000",
	    "g000000000000",
	    "v000000000000",
	    "000000000000w",
	    "000000000000A",
	    "000000000000-",
	    " 000000000000",
	    "00000000000 0",
	    "000000000000\x80",
	    "00000000000:0",
	};
	uint64_t seq = 7;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		ck_assert(!irc_msgid_get(str_of(bad[i]), &seq));
	ck_assert_uint_eq(seq, 7);
}
END_TEST

/* --- cuts ------------------------------------------------------------------------------------------- */

#define A16 "aaaaaaaaaaaaaaaa"
#define ACUTE "\xcc\x81" /* U+0301, a combining mark */
#define ZWJ "\xe2\x80\x8d"
#define MAN "\xf0\x9f\x91\xa8"
#define GIRL "\xf0\x9f\x91\xa7"

static const struct {
	const char *text;
	size_t max;
	const char *pieces; /* with '|' between */
} cuts[] = {
    {"", 16, ""},
    {"short", 16, "short"},
    {A16, 16, A16},
    {A16 "b", 16, A16 "|b"},
    {A16 A16 A16, 16, A16 "|" A16 "|" A16},
    /* at a space, which stays behind */
    {"hello world and all", 16, "hello world and |all"},
    {"hello world andall of you", 16, "hello world |andall of you"},
    {"hello worldandallofyou there", 16, "hello |worldandallofyou| there"},
    {" " A16, 16, " |" A16},
    {"                 ", 16, "                | "},
    /* between characters */
    {"aaaaaaaaaaaaaaa\xc3\xa4", 16, "aaaaaaaaaaaaaaa|\xc3\xa4"},
    {"aaaaaaaaaaaaaa\xc3\xa4"
     "b",
     16, "aaaaaaaaaaaaaa\xc3\xa4|b"},
    {"aaaaaaaaaaaaa\xf0\x9f\x99\x82", 16, "aaaaaaaaaaaaa|\xf0\x9f\x99\x82"},
    {"\xf0\x9f\x99\x82\xf0\x9f\x99\x82\xf0\x9f\x99\x82\xf0\x9f\x99\x82\xf0\x9f\x99\x82", 16,
     "\xf0\x9f\x99\x82\xf0\x9f\x99\x82\xf0\x9f\x99\x82\xf0\x9f\x99\x82|\xf0\x9f\x99\x82"},
    /* not between a character and its marks, nor within an emoji of several */
    {"aaaaaaaaaaaaaaae" ACUTE "b", 16, "aaaaaaaaaaaaaaa|e" ACUTE "b"},
    {"aaaaaaaaaaaaae" ACUTE ACUTE "b", 17, "aaaaaaaaaaaaa|e" ACUTE ACUTE "b"},
    {"aaaaaaaaa" MAN ZWJ GIRL "b", 16, "aaaaaaaaa|" MAN ZWJ GIRL "b"},
    /* a space that carries a mark is no place for a cut */
    {"aaaa bbbb " ACUTE "cccccccccc", 16, "aaaa bbbb " ACUTE "cccc|cccccc"},
    /* nothing but marks: something must go */
    {ACUTE ACUTE ACUTE ACUTE ACUTE ACUTE ACUTE ACUTE ACUTE, 17,
     ACUTE ACUTE ACUTE ACUTE ACUTE ACUTE ACUTE ACUTE "|" ACUTE},
};

START_TEST(cut)
{
	struct str in = copy(cuts[_i].text, strlen(cuts[_i].text)), rest = in;
	char pieces[256] = "";

	while (rest.n > 0) {
		size_t n = irc_cut(rest, cuts[_i].max);

		ck_assert_uint_gt(n, 0);
		ck_assert_uint_le(n, cuts[_i].max);
		ck_assert(text_utf8_ok(rest.p, n));
		sprintf(pieces + strlen(pieces), "%s%.*s", rest.p > in.p ? "|" : "", (int)n,
			rest.p);
		rest = (struct str){rest.p + n, rest.n - n};
	}
	ck_assert_uint_eq(irc_cut(rest, cuts[_i].max), 0);
	ck_assert_str_eq(pieces, cuts[_i].pieces);
	drop(in);
}
END_TEST

/* What is not UTF-8 does not make a caller go in circles. */
START_TEST(cut_not_utf8)
{
	char bad[100];

	memset(bad, 0x80, sizeof(bad));
	ck_assert_uint_eq(irc_cut((struct str){bad, sizeof(bad)}, 16), 16);
	memset(bad, 0xff, sizeof(bad));
	ck_assert_uint_eq(irc_cut((struct str){bad, sizeof(bad)}, 16), 16);
}
END_TEST

/* --- CTCP --------------------------------------------------------------------------------------------- */

static const struct {
	const char *text, *word, *params; /* word NULL: not CTCP */
} ctcps[] = {
    {"\001VERSION\001", "VERSION", ""},
    {"\001VERSION Snak for Mac 4.13\001", "VERSION", "Snak for Mac 4.13"},
    {"\001PING 1473523796 918320", "PING", "1473523796 918320"},
    {"\001PING 1473523796 918320\001", "PING", "1473523796 918320"},
    {"\001ACTION does it!\001", "ACTION", "does it!"},
    {"\001ACTION \001", "ACTION", ""},
    {"\001ACTION\001", "ACTION", ""},
    {"\001ACTION", "ACTION", ""},
    {"\001ACTION ", "ACTION", ""},
    {"\001ACTION  two  \001", "ACTION", " two  "},
    {"\001action x\001", "action", "x"},
    {"\001A", "A", ""},
    {"\001ACTION a\001b\001", "ACTION", "a\001b"},
    {"\001ACTION a\001b", "ACTION", "a\001b"},
    {"\001VERSION\001 hello", "VERSION", ""},
    {"\001DCC SEND x 1 2 3\001", "DCC", "SEND x 1 2 3"},
    {"", NULL, NULL},
    {"\001", NULL, NULL},
    {"\001\001", NULL, NULL},
    {"\001 \001", NULL, NULL},
    {"\001 VERSION\001", NULL, NULL},
    {"\001\001VERSION\001", NULL, NULL},
    {"hello", NULL, NULL},
    {" \001VERSION\001", NULL, NULL},
    {"a\001VERSION\001", NULL, NULL},
};

START_TEST(ctcp)
{
	struct str in = copy(ctcps[_i].text, strlen(ctcps[_i].text)), w, params;

	ck_assert_int_eq(irc_ctcp(in, &w, &params), ctcps[_i].word != NULL);
	if (ctcps[_i].word != NULL) {
		assert_is(w, ctcps[_i].word, "word");
		assert_is(params, ctcps[_i].params, "params");
		assert_inside(w, in);
		assert_inside(params, in);
	}
	drop(in);
}
END_TEST

/* --- modes ---------------------------------------------------------------------------------------------- */

static enum irc_mode_type
type_of(char letter)
{
	static const struct {
		const char *letters;
		enum irc_mode_type type;
	} types[] = {
	    {"beI", IRC_MODE_A},   {"k", IRC_MODE_B},          {"l", IRC_MODE_C},
	    {"imnst", IRC_MODE_D}, {"qaohv", IRC_MODE_PREFIX},
	};

	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (letter != '\0' && strchr(types[i].letters, letter) != NULL)
			return types[i].type;
	return IRC_MODE_NONE;
}

static const struct {
	const char *line; /* a whole MODE's parameters after the target */
	const char *seen; /* sign, letter, [=param], '?' for none such */
} modes[] = {
    {"+i", "+i "},
    {"i", "+i "},
    {"-i", "-i "},
    {"+im-n", "+i +m -n "},
    {"+i-i+i", "+i -i +i "},
    {"+-+i", "+i "},
    {"-+i-", "+i "},
    {"+", ""},
    {"-", ""},
    {":", ""},
    {"+++---", ""},
    /* RFC 2812 section 3.2.3 and RFC 1459 section 4.2.3.1, their examples */
    {"+imI *!*@*.fi", "+i +m +I=*!*@*.fi "},
    {"+o Kilroy", "+o=Kilroy "},
    {"+v Wiz", "+v=Wiz "},
    {"-s", "-s "},
    {"+k oulu", "+k=oulu "},
    {"-k oulu", "-k=oulu "},
    {"+eI", "+e +I "},
    {"+b", "+b "},
    {"+b *!*@*", "+b=*!*@* "},
    {"+b *!*@*.edu +e *!*@*.bu.edu", "+b=*!*@*.edu +e=*!*@*.bu.edu "},
    {"+bbb a b c", "+b=a +b=b +b=c "},
    {"+o-v+k x y z", "+o=x -v=y +k=z "},
    {"+l 10", "+l=10 "},
    {"-l", "-l "},
    {"-l+k 10", "-l +k=10 "},
    {"+ooo a b", "+o=a +o=b +o "},
    {"+k", "+k "},
    {"+k :", "+k= "},
    {"+k :a b", "+k=a b "},
    {"+kl -k -1", "+k=-k +l=-1 "},
    /* unknown ones take nothing */
    {"+iXn", "+i ?X +n "},
    {"+Xo a", "?X +o=a "},
    {"+\xc3\xa4", "?\xc3 ?\xa4 "},
    {"+,", "?, "},
    /* further strings have signs; other parameters left over are nobody's */
    {"+o a -v b", "+o=a -v=b "},
    {"+n -t", "+n -t "},
    {"+n t", "+n "},
    {"+n t -i", "+n "},
    {"+n :", "+n "},
    {"-n +", "-n "},
    {"-n + i", "-n "},
};

static void
show_modes(const struct str *param, unsigned n, char *seen)
{
	struct irc_modes w;
	struct irc_mode m;

	irc_modes_begin(&w, param, n);
	while (irc_modes_next(&w, type_of, &m)) {
		ck_assert_int_eq(m.type, type_of(m.letter));
		ck_assert(m.has_param || m.param.n == 0);
		seen += sprintf(seen, "%c%c",
				m.type == IRC_MODE_NONE ? '?'
				: m.on                  ? '+'
							: '-',
				m.letter);
		if (m.has_param)
			seen += sprintf(seen, "=" STR_FMT, STR_ARG(m.param));
		seen += sprintf(seen, " ");
	}
	ck_assert(!irc_modes_next(&w, type_of, &m));
}

START_TEST(mode)
{
	struct irc_msg m;
	char line[256] = "MODE #c ", seen[256] = "";

	strcat(line, modes[_i].line);
	ck_assert_int_eq(irc_parse(&m, line, strlen(line)), IRC_PARSE_OK);
	show_modes(m.param + 1, m.n - 1, seen);
	ck_assert_str_eq(seen, modes[_i].seen);
}
END_TEST

START_TEST(mode_none)
{
	char seen[16] = "";

	show_modes(NULL, 0, seen);
	ck_assert_str_eq(seen, "");
}
END_TEST

/* A mode list of 500: as many letters as a line has, and no more parameters than it can carry. */
START_TEST(mode_many)
{
	struct str line = filled("MODE #c +", 'b', IRC_BODY_MAX, " x");
	struct irc_modes w;
	struct irc_mode m;
	struct irc_msg msg;
	unsigned letters = 0, params = 0;

	ck_assert_int_eq(irc_parse(&msg, line.p, line.n), IRC_PARSE_OK);
	irc_modes_begin(&w, msg.param + 1, msg.n - 1);
	while (irc_modes_next(&w, type_of, &m)) {
		letters++;
		params += m.has_param;
	}
	ck_assert_uint_eq(letters, IRC_BODY_MAX - 9 - 2);
	ck_assert_uint_eq(params, 1);
	drop(line);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("irc");
	TCase *tc = tcase_create("forms");

	tcase_add_loop_test(tc, line_parsed, 0, ARRAY_LEN(lines));
	tcase_add_loop_test(tc, line_refused, 0, ARRAY_LEN(refused));
	tcase_add_loop_test(tc, line_limits, 0, ARRAY_LEN(limits));
	tcase_add_loop_test(tc, empty_params, 0, 21);
	tcase_add_test(tc, words);
	tcase_add_loop_test(tc, tag_walk, 0, ARRAY_LEN(walks));
	tcase_add_test(tc, tag_find);
	tcase_add_loop_test(tc, tag_escapes, 0, ARRAY_LEN(escapes));
	tcase_add_test(tc, tag_escape_room);
	tcase_add_loop_test(tc, tags_relayed, 0, ARRAY_LEN(relayed));
	tcase_add_test(tc, tags_relayed_many);
	tcase_add_loop_test(tc, server_time, 0, ARRAY_LEN(times));
	tcase_add_test(tc, server_time_all);
	tcase_add_loop_test(tc, server_time_in, 0, ARRAY_LEN(times_in));
	tcase_add_loop_test(tc, server_time_refused, 0, ARRAY_LEN(times_refused));
	tcase_add_test(tc, msgids);
	tcase_add_test(tc, msgids_refused);
	tcase_add_loop_test(tc, cut, 0, ARRAY_LEN(cuts));
	tcase_add_test(tc, cut_not_utf8);
	tcase_add_loop_test(tc, ctcp, 0, ARRAY_LEN(ctcps));
	tcase_add_loop_test(tc, mode, 0, ARRAY_LEN(modes));
	tcase_add_test(tc, mode_none);
	tcase_add_test(tc, mode_many);
	suite_add_tcase(s, tc);
	return unit_run(s);
}
