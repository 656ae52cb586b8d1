/* IRC's forms: lines, cuts, CTCP and mode strings, as tables of what the specifications say (RFC
 * 1459, RFC 2812, modern.ircdocs.horse, draft-oakley-irc-ctcp-02) and of what strangers send. */
#include "config.h"

#include <stdio.h>

#include "lib/text.h"
#include "lib/util.h"
#include "proto/irc.h"
#include "unit_str.h"

/* --- lines --------------------------------------------------------------------------------- */

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

/* --- cuts ---------------------------------------------------------------------------------- */

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
    /* nor in a colour code */
    {"aaaaaaaaaaaaa\00304,05b", 16, "aaaaaaaaaaaaa|\00304,05b"},
    {"aaaaaaaaaaaaaaa\0034b", 16, "aaaaaaaaaaaaaaa|\0034b"},
    {"aaaaaaa\00304,05bcdefg", 16, "aaaaaaa\00304,05bcd|efg"},
    {"aaaaaaaaaaa\004ff0000,00ff00b", 16, "aaaaaaaaaaa|\004ff0000,00ff00b"},
    {"\00304,05,,,,,,,,,,,,", 16, "\00304,05,,,,,,,,,,|,,"},
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

/* --- CTCP ---------------------------------------------------------------------------------- */

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

/* --- modes --------------------------------------------------------------------------------- */

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
	tcase_add_loop_test(tc, cut, 0, ARRAY_LEN(cuts));
	tcase_add_test(tc, cut_not_utf8);
	tcase_add_loop_test(tc, ctcp, 0, ARRAY_LEN(ctcps));
	tcase_add_loop_test(tc, mode, 0, ARRAY_LEN(modes));
	tcase_add_test(tc, mode_none);
	tcase_add_test(tc, mode_many);
	suite_add_tcase(s, tc);
	return unit_run(s);
}
