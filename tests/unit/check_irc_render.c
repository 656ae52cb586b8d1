/* irc/render: lines within their limits, and in each class the tags that were asked for and no others. */
#include "config.h"

#include <stdio.h>

#include "ipc/file.h"
#include "lib/name.h"
#include "lib/text.h"
#include "proto/irc.h"
#include "unit.h"
#include "worker/irc/render.h"

#define ALL_CLASSES 32 /* of enum irc_class */

static char out[1 << 18];

/* What s looks like in a class. Whole lines, and no more than was said that there would be. */
static const char *
rendered(unsigned cls, const struct shown *s)
{
	size_t bound = irc_render_bound(s), n;

	ck_assert_uint_lt(bound, sizeof(out));
	n = irc_render(out, cls, s);
	ck_assert_uint_le(n, bound);
	out[n] = '\0';
	ck_assert_uint_eq(strlen(out), n);
	ck_assert(n == 0 || (n >= 2 && strcmp(out + n - 2, "\r\n") == 0));
	return out;
}

/* The next of the lines at *p, without tags and end; false: there is none. */
static bool
next_line(const char **p, struct str *tags_r, struct str *body_r)
{
	const char *line = *p, *end = strstr(line, "\r\n"), *space;

	if (*line == '\0')
		return false;
	*p = end + 2;
	*tags_r = STR_LIT("");
	if (*line == '@') {
		space = memchr(line, ' ', (size_t)(end - line));
		*tags_r = (struct str){line + 1, (size_t)(space - line - 1)};
		line = space + 1;
	}
	*body_r = (struct str){line, (size_t)(end - line)};
	ck_assert_uint_le(body_r->n, IRC_BODY_MAX);
	ck_assert(text_utf8_ok(body_r->p, body_r->n));
	ck_assert_ptr_null(memchr(body_r->p, '\n', body_r->n));
	ck_assert_ptr_null(memchr(body_r->p, '\r', body_r->n));
	return true;
}

/* --- tags ---------------------------------------------------------------------------------- */

#define AT UINT64_C(1767323045678)
#define WHO \
	.at = AT, .seq = 77, .name = STR_LIT("alice"), .uhost = STR_LIT("al@host.example"), \
	.account = STR_LIT("acct"), .umodes = UMODE_BOT
#define ROOM .room = 5, .room_name = STR_LIT("lobby")

static const struct m_e_say say = {WHO, ROOM, .kind = MSG_TEXT, .text = STR_LIT("hello"),
				   .tags = STR_LIT("+typing=done;+x=y")};
static const struct m_e_dm dm = {WHO, .to = 9, .kind = MSG_NOTICE, .to_name = STR_LIT("bob"),
				 .text = STR_LIT("hello")};
static const struct m_e_dm to_console = {WHO, .kind = MSG_TEXT, .text = STR_LIT("hello")};
static const struct m_e_dm kept = {WHO, .kind = MSG_TEXT, .kept = 1, .to_name = STR_LIT("bob"),
				   .text = STR_LIT("hello")};
static const struct m_e_edit edit = {WHO, ROOM, .msg = 70, .text = STR_LIT("hello")};
static const struct m_e_edit edit_dm = {WHO, .to = 9, .msg = 70, .to_name = STR_LIT("bob"),
					.text = STR_LIT("hello")};
static const struct m_e_join join = {WHO, ROOM, .real = STR_LIT("Alice A")};
static const struct m_e_part part = {WHO, ROOM, .reason = STR_LIT("off")};
static const struct m_e_kick kick = {.at = AT,
				     .umodes = UMODE_BOT,
				     .seq = 77,
				     .by_name = STR_LIT("alice"),
				     .uhost = STR_LIT("al@host.example"),
				     .account = STR_LIT("acct"),
				     ROOM,
				     .name = STR_LIT("bob"),
				     .reason = STR_LIT("out")};
static const struct m_e_nick nick = {.at = AT,
				     .umodes = UMODE_BOT,
				     .seq = 77,
				     .old = STR_LIT("alice"),
				     .uhost = STR_LIT("al@host.example"),
				     .account = STR_LIT("acct"),
				     .name = STR_LIT("eve")};
static const struct m_e_topic topic = {WHO, ROOM, .text = STR_LIT("tea")};
static const struct m_e_quit quit = {WHO, .why = QUIT_LEFT, .reason = STR_LIT("bye")};
static const struct m_e_quit silent = {WHO, .why = QUIT_LOST, .reason = STR_LIT("Ping timeout")};
static const struct m_e_quit lost = {WHO, .why = QUIT_LOST};
static const struct m_e_quit killed = {WHO, .why = QUIT_KILLED, .by = STR_LIT("root"),
				       .reason = STR_LIT("spam")};
static const struct m_e_quit killed_so = {WHO, .why = QUIT_KILLED, .by = STR_LIT("root")};
static const struct m_e_quit kicked = {WHO, .why = QUIT_KICKED, .by = STR_LIT("Server"),
				       .reason = STR_LIT("calm down")};
static const struct m_e_quit kicked_so = {WHO, .why = QUIT_KICKED, .by = STR_LIT("Server")};
static const struct m_e_quit banned = {WHO, .why = QUIT_BANNED, .by = STR_LIT("Server"),
				       .reason = STR_LIT("bad boy")};
static const struct m_e_quit banned_so = {WHO, .why = QUIT_BANNED, .by = STR_LIT("Server")};
static const struct m_e_away away = {WHO, .text = STR_LIT("tea")};
static const struct m_e_away back = {WHO};
static const struct m_e_setname setname = {WHO, .real = STR_LIT("Alice B")};
static const struct m_e_account account = {.at = AT,
					   .umodes = UMODE_BOT,
					   .name = STR_LIT("alice"),
					   .uhost = STR_LIT("al@host.example"),
					   .account = STR_LIT("acct")};
static const struct m_e_account no_account = {.at = AT,
					      .umodes = UMODE_BOT,
					      .name = STR_LIT("alice"),
					      .uhost = STR_LIT("al@host.example")};
static const struct m_e_chghost chghost = {WHO, .now = STR_LIT("ident@new.example")};
static const struct m_e_rename rename_ = {WHO, ROOM, .to = STR_LIT("hall"),
					  .reason = STR_LIT("bigger")};
static const struct m_e_redact redact = {WHO, ROOM, .msg = 70, .reason = STR_LIT("typo")};
static const struct m_e_invite invite = {WHO, ROOM, .to_name = STR_LIT("bob")};
static const struct m_e_wallops wallops = {WHO, .text = STR_LIT("hello")};

#define FROM ":alice!al@host.example "
enum has { HAS_ID = 1, HAS_CLIENT_TAGS = 2, HAS_NO_ACCOUNT = 4, HAS_EDIT = 8 };

static const struct {
	unsigned type;
	const void *e;
	const char *body;
	unsigned
	    has; /* enum has: what an event may have beside the time, an account and that it is a bot's */
} events[] = {
    {MSG_e_say, &say, FROM "PRIVMSG #lobby :hello", HAS_ID | HAS_CLIENT_TAGS},
    {MSG_e_dm, &dm, FROM "NOTICE bob :hello", HAS_ID},
    {MSG_e_dm, &to_console, FROM "PRIVMSG irc.example :hello", HAS_ID}, /* chatctl chat */
    {MSG_e_dm, &kept, FROM "PRIVMSG bob :hello", HAS_ID},
    {MSG_e_edit, &edit, FROM "PRIVMSG #lobby :[edited] hello", HAS_ID | HAS_EDIT},
    {MSG_e_edit, &edit_dm, FROM "PRIVMSG bob :[edited] hello", HAS_ID | HAS_EDIT},
    {MSG_e_part, &part, FROM "PART #lobby :off", HAS_ID},
    {MSG_e_kick, &kick, FROM "KICK #lobby bob :out", HAS_ID},
    {MSG_e_nick, &nick, FROM "NICK :eve", HAS_ID},
    {MSG_e_topic, &topic, FROM "TOPIC #lobby :tea", HAS_ID},
    {MSG_e_quit, &quit, FROM "QUIT :Quit: bye", HAS_ID},
    {MSG_e_quit, &silent, FROM "QUIT :Ping timeout", HAS_ID},
    {MSG_e_quit, &lost, FROM "QUIT :Connection closed", HAS_ID},
    {MSG_e_quit, &killed, FROM "QUIT :Killed (root: spam)", HAS_ID},
    {MSG_e_quit, &killed_so, FROM "QUIT :Killed (root)", HAS_ID},
    {MSG_e_quit, &kicked, FROM "QUIT :Kicked by Server (calm down)", HAS_ID},
    {MSG_e_quit, &kicked_so, FROM "QUIT :Kicked by Server", HAS_ID},
    {MSG_e_quit, &banned, FROM "QUIT :Banned (bad boy)", HAS_ID},
    {MSG_e_quit, &banned_so, FROM "QUIT :Banned", HAS_ID},
    {MSG_e_away, &away, FROM "AWAY :tea", 0},
    {MSG_e_away, &back, FROM "AWAY", 0},
    {MSG_e_setname, &setname, FROM "SETNAME :Alice B", 0},
    {MSG_e_account, &account, FROM "ACCOUNT acct", 0},
    {MSG_e_account, &no_account, FROM "ACCOUNT *", HAS_NO_ACCOUNT},
    {MSG_e_chghost, &chghost, FROM "CHGHOST ident new.example", 0},
    {MSG_e_rename, &rename_, FROM "RENAME #lobby #hall :bigger", HAS_ID},
    {MSG_e_redact, &redact, FROM "REDACT #lobby 0000000000026 :typo", HAS_ID},
    {MSG_e_invite, &invite, FROM "INVITE bob #lobby", 0},
    {MSG_e_wallops, &wallops, FROM "WALLOPS :hello", 0},
};

static const char *
id(uint64_t seq)
{
	static char text[IRC_MSGID_LEN + 1];

	irc_msgid_put(text, seq);
	return text;
}

/* The tags that a line has, but those of the class, are none. */
static void
check_tags(struct str tags, unsigned cls, unsigned has)
{
	const struct {
		const char *key, *value;
		bool there;
	} wanted[] = {
	    {"time", "2026-01-02T03:04:05.678Z", cls & CLS_IRC_TIME},
	    {"account", "acct", cls & CLS_IRC_ACCOUNT && !(has & HAS_NO_ACCOUNT)},
	    {"msgid", id(77), cls & CLS_IRC_TAGS && has & HAS_ID},
	    {"bot", "", cls & CLS_IRC_TAGS},
	    {"+typing", "done", cls & CLS_IRC_TAGS && has & HAS_CLIENT_TAGS},
	    {"+draft/edit", "0000000000026", cls & CLS_IRC_TAGS && has & HAS_EDIT},
	    {"+draft/reply", "0000000000026", cls & CLS_IRC_TAGS && has & HAS_EDIT},
	    {"+x", "y", cls & CLS_IRC_TAGS && has & HAS_CLIENT_TAGS},
	};
	unsigned n = 0, there = 0;
	struct str value;
	struct irc_tag t;

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		ck_assert_int_eq(irc_tag_find(tags, wanted[i].key, &value), wanted[i].there);
		ck_assert(!wanted[i].there || str_eq(value, str_of(wanted[i].value)));
		n += wanted[i].there;
	}
	while (irc_tag_next(&tags, &t))
		there++;
	ck_assert_uint_eq(there, n);
}

START_TEST(tags_of_each_class)
{
	struct shown s = {.type = events[_i].type, .e = events[_i].e};
	const char *want = events[_i].body;

	for (unsigned cls = 0; cls < ALL_CLASSES; cls++) {
		const char *p = rendered(CLS_IRC | cls, &s);
		struct str tags, body;

		ck_assert(next_line(&p, &tags, &body));
		ck_assert_msg(str_eq(body, str_of(want)), "'" STR_FMT "', not '%s'", STR_ARG(body),
			      want);
		ck_assert_int_eq(tags.n > 0, out[0] == '@');
		check_tags(tags, cls, events[_i].has);
		ck_assert(!next_line(&p, &tags, &body));
	}
}
END_TEST

START_TEST(joins)
{
	struct shown s = {.type = MSG_e_join, .e = &join};
	struct m_e_join nobody = join;

	ck_assert_str_eq(rendered(CLS_IRC, &s), FROM "JOIN #lobby\r\n");
	ck_assert_str_eq(rendered(CLS_IRC | CLS_IRC_XJOIN, &s),
			 FROM "JOIN #lobby acct :Alice A\r\n");
	nobody.account = STR_LIT("");
	s.e = &nobody;
	ck_assert_str_eq(rendered(CLS_IRC | CLS_IRC_XJOIN, &s), FROM "JOIN #lobby * :Alice A\r\n");
}
END_TEST

START_TEST(tagmsg)
{
	struct m_e_say e = say;
	struct shown s = {.type = MSG_e_say, .e = &e};

	e.kind = MSG_TAGS;
	e.text = STR_LIT("");
	for (unsigned cls = 0; cls < ALL_CLASSES; cls++)
		ck_assert_int_eq(rendered(CLS_IRC | cls, &s)[0] != '\0', (cls & CLS_IRC_TAGS) != 0);
	ck_assert_ptr_nonnull(strstr(rendered(CLS_IRC | CLS_IRC_TAGS, &s), " TAGMSG #lobby\r\n"));
}
END_TEST

/* --- texts --------------------------------------------------------------------------------- */

static const struct {
	uint8_t kind, rank;
	struct str text;
	const char *plain,
	    *multi; /* without and with draft/multiline; NULL: the same. M stands for the batch's name */
} texts[] = {
#define P FROM "PRIVMSG #lobby :"
    {MSG_TEXT, 0, STR_LIT("one"), P "one\r\n", NULL},
    {MSG_NOTICE, MEMBER_VOICE, STR_LIT("one"), FROM "NOTICE +#lobby :one\r\n", NULL},
    {MSG_TEXT, MEMBER_OP, STR_LIT("one"), FROM "PRIVMSG @#lobby :one\r\n", NULL},
    {MSG_ACTION, 0, STR_LIT("waves"), P "\001ACTION waves\001\r\n", NULL},
    {MSG_CTCP, 0, STR_LIT("VERSION"), P "\001VERSION\001\r\n", NULL},
    {MSG_CTCP_REPLY, 0, STR_LIT("PING 1"), FROM "NOTICE #lobby :\001PING 1\001\r\n", NULL},
    {MSG_ACTION, 0, STR_LIT("a\nb"), P "\001ACTION a\001\r\n" P "\001ACTION b\001\r\n", NULL},
    {MSG_TEXT, 0, STR_LIT("a\n\nb"), P "a\r\n" P "b\r\n",
     FROM "BATCH +M draft/multiline #lobby\r\n@batch=M " P "a\r\n@batch=M " P "\r\n@batch=M " P
	  "b\r\n" FROM "BATCH -M\r\n"},
    {MSG_TEXT, 0, STR_LIT("a\vb\nc"), P "a\r\n" P "b\r\n" P "c\r\n",
     FROM "BATCH +M draft/multiline #lobby\r\n@batch=M " P "a\r\n@batch=M;draft/multiline-concat " P
	  "b\r\n@batch=M " P "c\r\n" FROM "BATCH -M\r\n"},
    {MSG_TEXT, 0, STR_LIT("a\n"), P "a\r\n",
     FROM "BATCH +M draft/multiline #lobby\r\n@batch=M " P "a\r\n@batch=M " P "\r\n" FROM
	  "BATCH -M\r\n"},
#undef P
};

/* text with every M that stands for a batch's name replaced. */
static const char *
named(const char *text)
{
	static char done[1024];
	size_t n = 0;

	for (; *text != '\0'; text++) {
		if (*text == 'M' && strchr("+-=", text[-1]) != NULL)
			n += (size_t)sprintf(done + n, "m%s", id(77));
		else
			done[n++] = *text;
	}
	done[n] = '\0';
	return done;
}

START_TEST(kinds_of_texts)
{
	struct m_e_say e = say;
	struct shown s = {.type = MSG_e_say, .e = &e};

	e.kind = texts[_i].kind;
	e.rank = texts[_i].rank;
	e.text = texts[_i].text;
	ck_assert_str_eq(rendered(CLS_IRC, &s), texts[_i].plain);
	ck_assert_str_eq(rendered(CLS_IRC | CLS_IRC_MULTI, &s),
			 texts[_i].multi != NULL ? named(texts[_i].multi) : texts[_i].plain);
}
END_TEST

/* A text of n bytes of this unit. */
static struct str
text_of(const char *unit, size_t n)
{
	static char text[TEXT_MAX];
	size_t k = strlen(unit), at = 0;

	for (; at + k <= n; at += k)
		memcpy(text + at, unit, k);
	return (struct str){text, at};
}

static const char *const units[] = {"x",
				    "w\xc3\xb6rter ",
				    "\xe6\xbc\xa2\xe5\xad\x97",
				    "\xf0\x9f\x91\x8d\xf0\x9f\x8f\xbd ",
				    "e\xcc\x81",
				    "\00304,05red\003 "};
#define N_UNITS (int)(sizeof(units) / sizeof(units[0]))

/* Names and hosts as long as they may be. */
static char long_word[256];

static struct str
longest(size_t n)
{
	memset(long_word, 'n', sizeof(long_word));
	return (struct str){long_word, n};
}

static struct m_e_say
long_say(struct str text, uint8_t kind)
{
	return (struct m_e_say){.at = AT,
				.seq = UINT64_MAX / 2,
				.kind = kind,
				.rank = MEMBER_OP,
				.umodes = UMODE_BOT,
				.name = longest(NAME_BYTES_MAX),
				.uhost = longest(UHOST_MAX),
				.account = longest(NAME_BYTES_MAX),
				.room_name = longest(ROOM_BYTES_MAX),
				.text = text};
}

/* The pieces that a text has become, one after the other, are the text. */
static void
check_pieces(const char *p, struct str text, bool multi)
{
	static char joined[TEXT_MAX + SHOWN_BEFORE];
	struct str tags, body, value;
	size_t n = 0, lines = 0;

	while (next_line(&p, &tags, &body)) {
		const char *piece;

		if (memmem(body.p, body.n, " BATCH ", 7) != NULL)
			continue;
		piece = (const char *)memmem(body.p, body.n, " :", 2) + 2;
		ck_assert_int_eq(irc_tag_find(tags, "draft/multiline-concat", &value),
				 multi && lines > 0);
		body.n -= (size_t)(piece - body.p);
		ck_assert_uint_le(n + body.n, text.n);
		memcpy(joined + n, piece, body.n);
		n += body.n;
		lines++;
	}
	ck_assert_uint_eq(n, text.n);
	ck_assert_int_eq(memcmp(joined, text.p, n), 0);
	ck_assert_uint_gt(lines, text.n / IRC_LINE_MAX);
}

START_TEST(cut_to_lines)
{
	static const size_t sizes[] = {1, 128, 129, 400, 510, 512, 3000, TEXT_MAX};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct str text = text_of(units[_i], sizes[i]);
		struct m_e_say e = long_say(text, MSG_TEXT);
		struct shown s = {.type = MSG_e_say, .e = &e};

		for (unsigned cls = 0; cls < ALL_CLASSES && text.n > 0; cls++)
			check_pieces(rendered(CLS_IRC | cls, &s), text, cls & CLS_IRC_MULTI);
	}
}
END_TEST

#define DATE STR_LIT("[2026-01-02 03:04] ")

/* Nothing of the longest text is lost for what stands before it. */
START_TEST(dated)
{
	static char whole[TEXT_MAX + SHOWN_BEFORE];
	struct str text = text_of("x", TEXT_MAX);
	struct m_e_say e = long_say(text, MSG_TEXT);
	struct shown s = {.type = MSG_e_say, .e = &e, .before = DATE};

	memcpy(whole, DATE.p, DATE.n);
	memcpy(whole + DATE.n, text.p, text.n);
	text = (struct str){whole, DATE.n + text.n};
	for (unsigned cls = 0; cls < ALL_CLASSES; cls++)
		check_pieces(rendered(CLS_IRC | cls, &s), text, cls & CLS_IRC_MULTI);
}
END_TEST

START_TEST(dated_file)
{
	const struct file_facts f = {
	    .size = 6, .type = STR_LIT("text/plain"), .name = STR_LIT("x.txt")};
	char packed[FILE_FACTS_MAX];
	struct m_e_dm e = dm;
	const struct shown s = {.type = MSG_e_dm, .e = &e, .before = DATE};

	e.file = (struct str){packed, file_put(packed, &f)};
	ck_assert_ptr_nonnull(strstr(rendered(CLS_IRC, &s),
				     " bob :[2026-01-02 03:04] shared the file x.txt (6 bytes)"));
}
END_TEST

/* As many lines as there may be, of any kind, with all tags: what was said to be enough room is enough. */
START_TEST(bounds)
{
	static const size_t ntags[] = {0, 256, 257, TAGS_MAX};
	static char text[TEXT_MAX], tags[TAGS_MAX];
	struct m_e_say e = long_say((struct str){text, sizeof(text)}, MSG_TEXT);
	struct shown s = {.type = MSG_e_say, .e = &e};

	memset(tags, 'x', sizeof(tags));
	tags[0] = '+';
	e.kind = (uint8_t)(_i % MSG_KINDS);
	e.tags = (struct str){tags, ntags[_i / MSG_KINDS]};
	for (size_t every = sizeof(text) / TEXT_LINES_MAX; every <= sizeof(text); every *= 2) {
		memset(text, 'y', sizeof(text));
		for (size_t i = 0; i < sizeof(text); i += every)
			text[i] = i / every % 2 ? '\n' : TEXT_CUT;
		for (unsigned cls = 0; cls < 2 * ALL_CLASSES; cls++) {
			const char *p;
			struct str t, body;

			s.before = cls < ALL_CLASSES ? STR_LIT("") : DATE;
			p = rendered(CLS_IRC | cls % ALL_CLASSES, &s);
			while (next_line(&p, &t, &body))
				ck_assert_uint_le(t.n, IRC_TAGS_MAX - 2);
		}
	}
}
END_TEST

/* Of a message without draft/multiline: who and when are on all lines, its id on the first. */
START_TEST(tags_of_further_lines)
{
	struct m_e_say e = say;
	struct shown s = {.type = MSG_e_say, .e = &e};
	struct str tags, body, value;
	const char *p;

	e.text = STR_LIT("a\nb");
	p = rendered(CLS_IRC | CLS_IRC_TIME | CLS_IRC_TAGS | CLS_IRC_ACCOUNT, &s);
	for (int i = 0; i < 2; i++) {
		ck_assert(next_line(&p, &tags, &body));
		ck_assert(irc_tag_find(tags, "time", &value));
		ck_assert(irc_tag_find(tags, "account", &value));
		ck_assert(irc_tag_find(tags, "bot", &value));
		ck_assert_int_eq(irc_tag_find(tags, "msgid", &value), i == 0);
	}
	ck_assert(!next_line(&p, &tags, &body));
}
END_TEST

/* Other events: the last parameter gives way, between characters. */
START_TEST(others_are_cut)
{
	static const char umlaut[] = "\xc3\xb6";
	struct str name = longest(NAME_BYTES_MAX), uhost = longest(UHOST_MAX);
	const struct m_e_topic t = {.at = AT,
				    .name = name,
				    .uhost = uhost,
				    .account = name,
				    .room_name = longest(ROOM_BYTES_MAX),
				    .text = text_of(umlaut, TOPIC_MAX)};
	const struct m_e_kick k = {.at = AT,
				   .by_name = name,
				   .uhost = uhost,
				   .account = name,
				   .name = name,
				   .room_name = longest(ROOM_BYTES_MAX),
				   .reason = text_of(umlaut, REASON_MAX)};
	const struct m_e_rename r = {.at = AT,
				     .name = name,
				     .uhost = uhost,
				     .account = name,
				     .to = longest(ROOM_BYTES_MAX),
				     .room_name = longest(ROOM_BYTES_MAX),
				     .reason = text_of(umlaut, REASON_MAX)};
	const struct shown all[] = {{.type = MSG_e_topic, .e = &t},
				    {.type = MSG_e_kick, .e = &k},
				    {.type = MSG_e_rename, .e = &r}};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		const char *p = rendered(CLS_IRC | CLS_IRC_TIME | CLS_IRC_ACCOUNT, &all[i]);
		struct str tags, body;

		ck_assert(next_line(&p, &tags, &body));
		ck_assert_uint_ge(body.n, IRC_BODY_MAX - 2);
		ck_assert(!next_line(&p, &tags, &body));
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("irc render");
	TCase *tc = tcase_create("render");

	strcpy(irc_me, "irc.example");
	tcase_add_loop_test(tc, tags_of_each_class, 0, (int)(sizeof(events) / sizeof(events[0])));
	tcase_add_test(tc, joins);
	tcase_add_test(tc, tagmsg);
	tcase_add_loop_test(tc, kinds_of_texts, 0, (int)(sizeof(texts) / sizeof(texts[0])));
	tcase_add_loop_test(tc, cut_to_lines, 0, N_UNITS);
	tcase_add_test(tc, dated);
	tcase_add_test(tc, dated_file);
	tcase_add_loop_test(tc, bounds, 0, 4 * MSG_KINDS);
	tcase_add_test(tc, tags_of_further_lines);
	tcase_add_test(tc, others_are_cut);
	suite_add_tcase(s, tc);
	return unit_run(s);
}
