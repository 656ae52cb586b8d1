/* check_control.c - the request line of the admin socket, the command table, patterns, and what
 * answers look like in their three forms. */
#include "config.h"

#include <stdio.h>

#include "lib/glob.h"
#include "control/writer.h"
#include "ipc/ctl.h"
#include "lib/buf.h"
#include "lib/util.h"
#include "unit.h"

/* --- words ---------------------------------------------------------------------------------- */

/* The words of line, each in brackets; or the reason why there are none. */
static const char *
split(const char *line, size_t n)
{
	static char out[256];
	static char copy[256];
	const char *reason = NULL, *p = copy;
	size_t at = 0;
	int words;

	ck_assert(n < sizeof(copy));
	memcpy(copy, line, n);
	words = ctl_split(copy, n, &reason);
	if (words < 0)
		return reason;
	out[0] = '\0';
	for (int i = 0; i < words; i++, p += strlen(p) + 1)
		at += bprintf(out + at, sizeof(out) - at, "[%s]", p);
	return out;
}

START_TEST(words)
{
	ck_assert_str_eq(split(LIT("")), "");
	ck_assert_str_eq(split(LIT("  \t ")), "");
	ck_assert_str_eq(split(LIT("users")), "[users]");
	ck_assert_str_eq(split(LIT("  kick  bob ")), "[kick][bob]");
	ck_assert_str_eq(split(LIT("say \"big room\" a\\ b")), "[say][big room][a b]");
	ck_assert_str_eq(split(LIT("a\"b c\"d")), "[ab cd]");
	ck_assert_str_eq(split(LIT("\"\" x")), "[][x]");
	ck_assert_str_eq(split(LIT("a\\nb \\\"\\\\")), "[a\nb][\"\\]");
	ck_assert_str_eq(split(LIT("\xc3\xa4\\\xc3\xb6")), "[\xc3\xa4\xc3\xb6]");
}
END_TEST

START_TEST(words_refused)
{
	ck_assert_str_eq(split(LIT("say \"x")), "a quote is not closed");
	ck_assert_str_eq(split(LIT("say x\\")), "backslash at the end of the line");
	ck_assert_str_eq(split(LIT("say \xff")), "the line is not UTF-8");
	ck_assert_str_eq(split(LIT("a\0b")), "control character in the line");
	ck_assert_str_eq(split(LIT("a\\\0b")), "control character in the line");
	ck_assert_str_eq(split(LIT("a\x1b[2J")), "control character in the line");
}
END_TEST

/* Whatever a word holds, quoting brings it through. */
START_TEST(quoting)
{
	static const char *const all[] = {"", "a b", "\\", "\"", "a\nb", "-o", "\xe2\x82\xac \\n"};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct buf b = {0};
		const char *reason = NULL;
		char copy[64];

		ctl_quote(&b, all[i]);
		memcpy(copy, buf_data(&b), b.len);
		ck_assert_int_eq(ctl_split(copy, b.len, &reason), 1);
		ck_assert_str_eq(copy, all[i]);
		buf_fini(&b);
	}
}
END_TEST

/* --- requests ------------------------------------------------------------------------------ */

static char words_buf[256], why[256];

static int
parse(const char *text, struct ctl_req *r)
{
	const char *reason;
	int n;

	snprintf(words_buf, sizeof(words_buf), "%s", text);
	n = ctl_split(words_buf, strlen(words_buf), &reason);
	ck_assert_int_ge(n, 0);
	why[0] = '\0';
	return ctl_parse(words_buf, (unsigned)n, false, r, why, sizeof(why));
}

START_TEST(requests)
{
	struct ctl_req r;

	ck_assert_int_eq(parse("-o json users al*", &r), 0);
	ck_assert_uint_eq(r.id, CTL_CMD_users);
	ck_assert_int_eq(r.format, CTL_JSON);
	ck_assert_str_eq(r.args[0], "al*");
	ck_assert_int_eq(parse("users -o jsonl", &r), 0);
	ck_assert_int_eq(r.format, CTL_JSONL);
	ck_assert_int_eq(parse("ban add --for 2h 10.0.0.0/8 too  \"much  noise\"", &r), 0);
	ck_assert_uint_eq(r.id, CTL_CMD_ban_add);
	ck_assert_uint_eq(r.for_s, 7200);
	ck_assert_str_eq(r.args[0], "10.0.0.0/8");
	ck_assert_str_eq(r.args[1], "too much  noise");
	ck_assert_int_eq(parse("stop --in 5m", &r), 0);
	ck_assert_uint_eq(r.in_s, 300);
	ck_assert_int_eq(parse("stop --cancel", &r), 0);
	ck_assert(r.cancel);
}
END_TEST

/* Where a text begins, options end; and -- ends them anywhere. */
START_TEST(requests_text)
{
	struct ctl_req r;

	ck_assert_int_eq(parse("say -o json lobby use -o json", &r), 0);
	ck_assert_int_eq(r.format, CTL_JSON);
	ck_assert_str_eq(r.args[0], "lobby");
	ck_assert_str_eq(r.args[1], "use -o json");
	ck_assert_int_eq(parse("announce -- -o json", &r), 0);
	ck_assert_int_eq(r.format, CTL_TABLE);
	ck_assert_str_eq(r.args[0], "-o json");
	ck_assert_int_eq(parse("user -- -x", &r), 0);
	ck_assert_str_eq(r.args[0], "-x");
}
END_TEST

static void
refused(const char *text, const char *reason)
{
	struct ctl_req r;

	ck_assert_int_eq(parse(text, &r), CTL_BAD);
	ck_assert_str_eq(why, reason);
}

START_TEST(stop_now)
{
	struct ctl_req r;

	ck_assert_int_eq(parse("stop --in 0", &r), 0);
	ck_assert_uint_eq(r.in_s, 0);
}
END_TEST

START_TEST(requests_refused)
{
	refused("-o json", "no command (try help)");
	refused("nonsense", "no such command: nonsense (try help)");
	refused("\"a\\nb\"", "no such command: a\\u{a}b (try help)");
	refused("ban", "say which: ban add, ban list, ban del");
	refused("ban twist", "say which: ban add, ban list, ban del");
	refused("user", "usage: user NAME");
	refused("user a b", "usage: user NAME");
	refused("say lobby", "usage: say ROOM TEXT");
	refused("users -o xml", "-o: table, json or jsonl, not xml");
	refused("users -o", "-o wants a value");
	refused("users --for 2h", "--for is not for this command");
	refused("users -s /x", "-s is not for this command");
	refused("user -x", "no such option: -x (-- ends the options)");
	refused("ban add --for never x", "not a length of time: never (90s, 5m, 2h, 3d, 1w)");
	refused("ban add --for 99999999999 x",
		"not a length of time: 99999999999 (90s, 5m, 2h, 3d, 1w)");
	refused("ban add --for 99999w x", "too long: 99999w (3650d at most)");
	refused("ban add --for 0 x", "no time at all: 0");
	refused("history purge", "usage: history purge [--older TIME] WHERE");
	refused("ban add", "usage: ban add [--for TIME] WHO [REASON]");
	refused("account show \"\"", "NAME is empty");
	refused("history purge --older 1 x",
		"--older: say 1d, 12h, 30m or 10s: there is no unit in 1");
	refused("invite create --uses 0", "a number from 1 to 1000000, not 0");
	refused("history show -n 99999999 x", "a number from 1 to 500, not 99999999");
	refused("\"\"", "no such command:  (try help)");
}
END_TEST

/* What chatctl sends means what was typed. */
START_TEST(lines)
{
	struct ctl_req r, again;
	struct buf b = {0};
	const char *reason;
	char copy[256];
	int n;

	ck_assert_int_eq(parse("ban add -o jsonl --for 90s \"a b\" -- \"x\\ny\" -z", &r), 0);
	ctl_line(&b, &r);
	memcpy(copy, buf_data(&b), b.len);
	n = ctl_split(copy, b.len, &reason);
	ck_assert_int_gt(n, 0);
	ck_assert_int_eq(ctl_parse(copy, (unsigned)n, false, &again, why, sizeof(why)), 0);
	ck_assert_uint_eq(again.id, r.id);
	ck_assert_int_eq(again.format, CTL_JSONL);
	ck_assert_uint_eq(again.for_s, 90);
	ck_assert_str_eq(again.args[0], "a b");
	ck_assert_str_eq(again.args[1], "x\ny -z");
	buf_drop(&b, b.len);

	ck_assert_int_eq(parse("history purge --older 2h lobby", &r), 0);
	ctl_line(&b, &r);
	memcpy(copy, buf_data(&b), b.len);
	n = ctl_split(copy, b.len, &reason);
	ck_assert_int_eq(ctl_parse(copy, (unsigned)n, false, &again, why, sizeof(why)), 0);
	ck_assert_uint_eq(again.older_s, 7200);
	buf_fini(&b);
}
END_TEST

START_TEST(table_is_sound)
{
	for (unsigned i = 0; i < CTL_CMDS; i++) {
		const struct ctl_cmd *cmd = &ctl_cmds[i];
		struct ctl_req r;
		struct buf b = {0};

		ck_assert_uint_le(cmd->min, cmd->max);
		ck_assert_uint_le(cmd->max, CTL_ARGS_MAX);
		/* The example is a request of this command. */
		snprintf(words_buf, sizeof(words_buf), "%s", cmd->example);
		ck_assert_msg(parse(cmd->example, &r) == 0, "%s: %s", cmd->example, why);
		ck_assert_uint_eq(r.id, i);
		ck_assert(ctl_help(&b, cmd->name));
		buf_fini(&b);
		if (cmd->level > LEVEL_READ)
			ck_assert(cmd->flags & CTL_AUDIT);
	}
}
END_TEST

/* Each row's help says all that stands in the row. */
START_TEST(help_is_whole)
{
	struct buf all = {0};

	ck_assert(ctl_help(&all, NULL));
	for (unsigned i = 0; i < CTL_CMDS; i++) {
		const struct ctl_cmd *cmd = &ctl_cmds[i];
		struct buf b = {0};

		ck_assert(ctl_help(&b, cmd->name));
		ck_assert(strstr(buf_data(&b), cmd->args) != NULL);
		ck_assert(strstr(buf_data(&b), cmd->help) != NULL);
		ck_assert(strstr(buf_data(&b), cmd->example) != NULL);
		ck_assert(strstr(buf_data(&all), cmd->help) != NULL);
		buf_fini(&b);
	}
	buf_fini(&all);
}
END_TEST

START_TEST(printed)
{
	static char text[5000];
	struct buf b = {0};

	memset(text, 'x', sizeof(text) - 1);
	ck_assert_int_eq(buf_printf(&b, "%d ", 7), 0);
	ck_assert_int_eq(buf_printf(&b, "%s|%s", text, "end"), 0);
	ck_assert_uint_eq(b.len, 2 + sizeof(text) - 1 + 4);
	ck_assert_str_eq(buf_data(&b) + b.len - 5, "x|end");
	buf_fini(&b);
	buf_init(&b, 8);
	ck_assert_int_eq(buf_printf(&b, "1234567"), 0);
	ck_assert_int_eq(buf_printf(&b, "%s", text), -1);
	ck_assert_str_eq(buf_data(&b), "1234567");
	buf_fini(&b);
}
END_TEST

START_TEST(exits)
{
	ck_assert_int_eq(ctl_exit(CTL_OK), 0);
	ck_assert_int_eq(ctl_exit(CTL_REFUSED), 1);
	ck_assert_int_eq(ctl_exit(CTL_INTERNAL), 1);
	ck_assert_int_eq(ctl_exit(CTL_BAD), 2);
	ck_assert_int_eq(ctl_exit(CTL_UNAVAILABLE), 3);
	ck_assert_int_eq(ctl_exit(CTL_PERMISSION), 4);
	ck_assert_int_eq(ctl_exit(CTL_NOT_FOUND), 5);
	ck_assert_int_eq(ctl_exit(CTL_TIMEOUT), 6);
}
END_TEST

/* --- showing --------------------------------------------------------------------------------- */

static const char *
show(const char *p, size_t n, bool json)
{
	static char out[256];
	struct buf b = {0};

	ctl_show(&b, p, n, json);
	ck_assert_uint_lt(b.len, sizeof(out));
	memcpy(out, buf_data(&b), b.len);
	out[b.len] = '\0';
	buf_fini(&b);
	return out;
}

START_TEST(shown)
{
	ck_assert_str_eq(show(LIT("plain \xc3\xa4\xe2\x82\xac"), false),
			 "plain \xc3\xa4\xe2\x82\xac");
	ck_assert_str_eq(show(LIT("a\x1b[2J\x07"), false), "a\\u{1b}[2J\\u{7}");
	ck_assert_str_eq(show(LIT("\xc2\x9b"
				  "31m\x7f"),
			      false),
			 "\\u{9b}31m\\u{7f}");
	ck_assert_str_eq(show(LIT("\x9b\xff"
				  "a"),
			      false),
			 "\\x{9b}\\x{ff}a");
	ck_assert_str_eq(show(LIT("\xe2\x80\xae"
				  "evil\xe2\x81\xa6"),
			      false),
			 "\\u{202e}evil\\u{2066}");
	ck_assert_str_eq(show(LIT("a\nb\0c"), false), "a\\u{a}b\\u{0}c");
	ck_assert_str_eq(show(LIT("\xed\xa0\x80"), false), "\\x{ed}\\x{a0}\\x{80}");
	ck_assert_str_eq(show(LIT("\xf3\xa0\x81\xa1\xef\xbb\xbf"), false), "\\u{e0061}\\u{feff}");
	/* man, joiner, rocket */
	ck_assert_str_eq(show(LIT("\xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x9a\x80"), false),
			 "\xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x9a\x80");
	ck_assert_str_eq(show(LIT("\"\xe2\x80\xae\"\n\xc2\x9b"), true), "\"\\u202e\"\n\\u009b");
	ck_assert_str_eq(show(LIT("\xf3\xa0\x81\xa1"), true), "\\udb40\\udc61");
}
END_TEST

START_TEST(globs)
{
#define MATCH(p, s) glob_match(LIT(p), LIT(s))
	ck_assert(MATCH("*", ""));
	ck_assert(MATCH("*", "anything"));
	ck_assert(MATCH("al*", "alice"));
	ck_assert(!MATCH("al*", "bal"));
	ck_assert(MATCH("*al*", "bald"));
	ck_assert(MATCH("?lice", "\xc3\xa4lice"));
	ck_assert(!MATCH("?lice", "lice"));
	ck_assert(MATCH("[x]", "[x]"));
	ck_assert(!MATCH("[x]", "x"));
	ck_assert(MATCH("a*b*c", "a-b-b-c"));
	ck_assert(!MATCH("a*b*c", "a-b-b-"));
	ck_assert(!MATCH("", "a"));
	ck_assert(MATCH("", ""));
	ck_assert(!MATCH("*a*a*a*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
#undef MATCH
}
END_TEST

/* --- forms ----------------------------------------------------------------------------------- */

static const struct column columns[] = {{"name", "NAME", 6, false}, {"n", "N", 3, true}};

static void
two_rows(struct writer *w)
{
	static const char *const rooms[] = {"a", "b"};

	writer_row(w);
	writer_s(w, "name", "al\xe2\x80\xae");
	writer_u64(w, "n", 7);
	writer_strs(w, "rooms", rooms, 2);
	writer_row_end(w);
	writer_row(w);
	writer_s(w, "name", NULL);
	writer_u64(w, "n", 1234);
	writer_bool(w, "tls", false);
	writer_row_end(w);
}

static void
expect(struct writer *w, const char *text)
{
	buf_append(&w->body, "", 1);
	ck_assert_str_eq(buf_data(&w->body), text);
	writer_fini(w);
}

static void
listing(struct writer *w, enum ctl_format format)
{
	writer_init(w, format);
	writer_list(w, NULL, columns, 2);
	two_rows(w);
	writer_list_end(w);
}

START_TEST(listings)
{
	struct writer w;

	listing(&w, CTL_TABLE);
	expect(&w, "NAME           N\nal\\u{202e}     7\n            1234\n");
#ifdef HAVE_JANSSON
	listing(&w, CTL_JSON);
	expect(&w, "[\n{\"name\":\"al\\u202e\",\"n\":7,\"rooms\":[\"a\",\"b\"]},\n"
		   "{\"name\":null,\"n\":1234,\"tls\":false}\n]\n");
	listing(&w, CTL_JSONL);
	expect(&w, "{\"name\":\"al\\u202e\",\"n\":7,\"rooms\":[\"a\",\"b\"]}\n"
		   "{\"name\":null,\"n\":1234,\"tls\":false}\n");
	writer_init(&w, CTL_JSON);
	writer_list(&w, NULL, columns, 2);
	writer_list_end(&w);
	expect(&w, "[]\n");
#endif
}
END_TEST

static void
object(struct writer *w, enum ctl_format format)
{
	writer_init(w, format);
	writer_object(w);
	writer_s(w, "version", "1");
	writer_time(w, "since", 1000);
	writer_time(w, "until", 0);
	writer_bytes(w, "size", 1536);
	writer_seconds(w, "uptime", 90061);
	writer_list(w, "parts", columns, 2);
	two_rows(w);
	writer_list_end(w);
	writer_object_end(w);
}

START_TEST(objects)
{
	struct writer w;

	object(&w, CTL_TABLE);
	expect(&w, "version     1\nsince       1970-01-01T00:00:01Z\nuntil\nsize        1.5 "
		   "KiB\nuptime      1d 1h\n\n"
		   "NAME           N\nal\\u{202e}     7\n            1234\n");
#ifdef HAVE_JANSSON
	object(&w, CTL_JSONL);
	expect(&w, "{\"version\":\"1\",\"since\":\"1970-01-01T00:00:01Z\",\"until\":null,\"size\":"
		   "1536,\"uptime\":90061,"
		   "\"parts\":[{\"name\":\"al\\u202e\",\"n\":7,\"rooms\":[\"a\",\"b\"]},"
		   "{\"name\":null,\"n\":1234,\"tls\":false}]}\n");
#endif
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("control");
	TCase *tc = tcase_create("all");

	tcase_add_test(tc, words);
	tcase_add_test(tc, words_refused);
	tcase_add_test(tc, quoting);
	tcase_add_test(tc, requests);
	tcase_add_test(tc, requests_text);
	tcase_add_test(tc, requests_refused);
	tcase_add_test(tc, stop_now);
	tcase_add_test(tc, lines);
	tcase_add_test(tc, table_is_sound);
	tcase_add_test(tc, help_is_whole);
	tcase_add_test(tc, printed);
	tcase_add_test(tc, exits);
	tcase_add_test(tc, shown);
	tcase_add_test(tc, globs);
	tcase_add_test(tc, listings);
	tcase_add_test(tc, objects);
	suite_add_tcase(s, tc);
	return unit_run(s);
}
