/* scribe.c - see scribe.h. */
#include "config.h"

#include "scribe.h"

#include <stdlib.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/util.h"
#include "store/db.h"
#include "store/settings.h"
#include "store/writer.h"

struct options opt;

static char dir[] = "/tmp/check_store.XXXXXX";
static struct buf answers;

void
scribe_enter(void)
{
	bprintf(dir, sizeof(dir), "/tmp/check_store.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(chdir(dir), 0);
	db_init();
}

void
scribe_leave(void)
{
	char cmd[64];

	ck_assert_int_eq(chdir("/"), 0);
	bprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	ck_assert_int_eq(system(cmd), 0);
}

/* --- the writer -------------------------------------------------------------------------------------- */

static void
answered(const void *p, size_t n)
{
	buf_append(&answers, p, n);
}

size_t
scribe_answer(unsigned type, const char **frame_r)
{
	size_t found = 0;

	for (size_t at = 0; at < answers.len;) {
		const char *p = buf_data(&answers) + at;
		ssize_t n = ipc_frame(p, answers.len - at);

		ck_assert_int_gt(n, 0);
		if (ipc_type(p) == type) {
			found = (size_t)n;
			*frame_r = p;
		}
		at += (size_t)n;
	}
	return found;
}

void
scribe_feed(const void *frame, size_t len)
{
	ck_assert_uint_gt(len, 0);
	writer_take_here(frame, len);
}

void
scribe_forget(void)
{
	buf_drop(&answers, answers.len);
}

void
flush(void)
{
	scribe_forget();
	writer_rest_here();
}

void
scribe_open(void)
{
	scribe_forget();
	writer_open_here(answered);
}

void
scribe_close(void)
{
	writer_close_here();
}

void
scribe_begin(void)
{
	scribe_enter();
	options_defaults(&opt);
	settings_put(&opt);
	writer_init(NULL, 1);
	buf_init(&answers, 0);
	scribe_open();
	ck_assert_uint_eq(ANSWER(s_state).state, STORE_WELL);
}

void
scribe_end(void)
{
	scribe_close();
	buf_fini(&answers);
	scribe_leave();
}

TCase *
scribe_case(Suite *s)
{
	TCase *t = tcase_create("writer");

	suite_add_tcase(s, t);
	tcase_set_timeout(t, 30);
	tcase_add_checked_fixture(t, scribe_begin, scribe_end);
	return t;
}

/* --- what is in it ------------------------------------------------------------------------------------ */

uint64_t
number(const char *sql)
{
	struct db db;
	uint64_t v;

	ck_assert_msg(db_open(&db, DB_FILE, DB_READ), "%s", db.why);
	v = db_number_of(&db, sql);
	ck_assert_msg(db_ok(&db), "%s: %s", sql, db.why);
	db_close(&db);
	return v;
}

void
say(uint64_t seq, uint64_t room, const char *text)
{
	FEED(e_say, .seq = seq, .at = 1000 * seq, .from = 1, .room = room, .name = S("bob"),
	     .uhost = S("telnet@192.0.2.1"), .room_name = S("den"), .text = S(text));
}

uint64_t
make_account(const char *name)
{
	FEED(s_account, .ticket = 7, .op = ACCOUNT_CREATE, .name = S(name), .hash = S("h"),
	     .scram = S("s"));
	flush();
	ck_assert_uint_eq(ANSWER(s_done).code, ERR_NONE);
	return ANSWER(s_done).id;
}
