/* at_split: which lines are for one person alone. */
#include "config.h"

#include "unit.h"
#include "proto/at.h"

struct row {
	const char *line;
	enum at_kind kind;
	const char *text, *to;
};

static const struct row rows[] = {
    {"hello", AT_ROOM, "hello", NULL},
    {"hello@bob", AT_USER, "hello", "bob"},
    {"hello @bob", AT_USER, "hello", "bob"},
    {"mail a@b.com@bob", AT_USER, "mail a@b.com", "bob"},
    {"one@two@three", AT_USER, "one@two", "three"},
    /* spaces at the end are easily typed, and would make a secret public */
    {"secret@bob ", AT_USER, "secret", "bob"},
    {"secret@bob   ", AT_USER, "secret", "bob"},
    {"@bob", AT_USER, "", "bob"},
    {"x@J\xc3\xbcrgen", AT_USER, "x", "J\xc3\xbcrgen"},
    {"x@Server", AT_USER, "x", "Server"},
    {"x@[bot]", AT_USER, "x", "[bot]"},
    /* not like a name: text */
    {"5 @ noon", AT_ROOM, "5 @ noon", NULL},
    {"me@example.com", AT_ROOM, "me@example.com", NULL},
    {"meet@5pm", AT_ROOM, "meet@5pm", NULL},
    {"hello@", AT_ROOM, "hello@", NULL},
    {"@", AT_ROOM, "@", NULL},
    {"@@", AT_ROOM, "@@", NULL},
    {"a@b c", AT_ROOM, "a@b c", NULL},
    {"a@bob, hi", AT_ROOM, "a@bob, hi", NULL},
    /* escaped */
    {"a\\@bob", AT_ROOM, "a@bob", NULL},
    {"a\\@bob@carl", AT_USER, "a@bob", "carl"},
    {"a@carl\\@bob", AT_ROOM, "a@carl@bob", NULL},
    {"back\\slash", AT_ROOM, "back\\slash", NULL},
    {"\\", AT_ROOM, "\\", NULL},
    {"\\@", AT_ROOM, "@", NULL},
    {"a@bob\\", AT_USER, "a", "bob\\"},
    /* rooms: only the words for files ask for them */
    {"image@#lobby", AT_TO_ROOM, NULL, "lobby"},
    {"image@#", AT_ROOM, "image@#", NULL},
    {"image@#a,b", AT_ROOM, "image@#a,b", NULL},
    {"", AT_ROOM, "", NULL},
};

START_TEST(split)
{
	const struct row *r = &rows[_i];
	char line[256];
	size_t n = strlen(r->line);
	struct at at;

	memcpy(line, r->line, n);
	at = at_split(line, n);
	ck_assert_msg(at.kind == r->kind, "%s: kind %d", r->line, at.kind);
	if (r->text != NULL)
		ck_assert_msg(str_eq(at.text, str_of(r->text)), "%s: text " STR_FMT, r->line,
			      STR_ARG(at.text));
	if (r->to != NULL)
		ck_assert_msg(str_eq(at.to, str_of(r->to)), "%s: to " STR_FMT, r->line,
			      STR_ARG(at.to));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("at");
	TCase *t = tcase_create("split");

	tcase_add_loop_test(t, split, 0, sizeof(rows) / sizeof(rows[0]));
	suite_add_tcase(s, t);
	return unit_run(s);
}
