/* check_store.c - the database: its schema from each version. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/util.h"
#include "store/db.h"
#include "store/schema.h"
#include "unit_str.h"

static char dir[] = "/tmp/check_store.XXXXXX";

static void
enter(void)
{
	bprintf(dir, sizeof(dir), "/tmp/check_store.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(chdir(dir), 0);
	db_init();
}

static void
leave(void)
{
	char cmd[64];

	ck_assert_int_eq(chdir("/"), 0);
	bprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	ck_assert_int_eq(system(cmd), 0);
}

/* --- schema ---------------------------------------------------------------------------------------------- */

START_TEST(from_each_version)
{
	struct db db;

	for (unsigned v = 0; v <= SCHEMA_VERSION; v++) {
		unlink(DB_FILE);
		ck_assert(db_open(&db, DB_FILE, DB_WRITE));
		ck_assert(schema_apply_to(&db, v));
		ck_assert_uint_eq(schema_version(&db), v);
		db_close(&db);
		ck_assert(db_open(&db, DB_FILE, DB_WRITE));
		ck_assert_msg(schema_apply(&db), "%s", db.why);
		ck_assert_uint_eq(schema_version(&db), SCHEMA_VERSION);
		ck_assert(db_exec(&db, "INSERT INTO clock VALUES(1, 2)"));
		db_close(&db);
	}
}
END_TEST

START_TEST(not_ours)
{
	struct db db;
	FILE *f = fopen(DB_FILE, "w");

	fputs("this is no database, but somebody's letter; it is not to be written over\n", f);
	fclose(f);
	ck_assert(!db_open(&db, DB_FILE, DB_WRITE));
	ck_assert_int_eq(db_trouble(&db), DB_DAMAGED);
	unlink(DB_FILE);
	ck_assert(db_open(&db, DB_FILE, DB_WRITE));
	ck_assert(db_exec(&db, "CREATE TABLE mine(a)"));
	ck_assert(!schema_apply(&db));
	ck_assert_int_eq(db_trouble(&db), DB_DAMAGED);
	db_clear(&db);
	ck_assert(db_exec(&db, "PRAGMA user_version=1000"));
	ck_assert(!schema_apply(&db));
	ck_assert_int_eq(db_trouble(&db), DB_DAMAGED);
	db_close(&db);
}
END_TEST

START_TEST(errors_stick)
{
	static const char *const sql[] = {"INSERT INTO meta VALUES(?, ?)", "SELECT * FROM nothing"};
	struct db_set set;
	struct db_query q;
	struct db db;

	ck_assert(db_open(&db, DB_FILE, DB_WRITE) && schema_apply(&db));
	db_set_init(&set, &db, sql, ARRAY_LEN(sql));
	q = db_query(&set, 1);
	ck_assert(!db_row(&q));
	ck_assert_int_eq(db_trouble(&db), DB_BUG);
	q = db_query(&set, 0);
	db_text(&q, STR_LIT("a"));
	db_int(&q, 1);
	ck_assert(!db_run(&q));
	db_clear(&db);
	q = db_query(&set, 0);
	db_text(&q, STR_LIT("a"));
	db_int(&q, 1);
	ck_assert(db_run(&q));
	ck_assert_uint_eq(db_changes(&db), 1);
	db_set_fini(&set);
	db_close(&db);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("store");
	TCase *t = tcase_create("schema");

	suite_add_tcase(s, t);
	tcase_add_checked_fixture(t, enter, leave);
	tcase_add_test(t, from_each_version);
	tcase_add_test(t, not_ours);
	tcase_add_test(t, errors_stick);
	return unit_run(s);
}
