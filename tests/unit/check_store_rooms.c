/* check_store_rooms.c - what is copied from the registry of rooms and lists, and when. The test is the registry. */
#include "config.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/util.h"
#include "registry/registry.h"
#include "registry/registry_priv.h"
#include "scribe.h"
#include "store/db.h"
#include "store/writer.h"

#define EPOCH 7

static struct registry *reader;
static char *mem;
static size_t size;
static struct {
	struct reg_header *h;
	struct reg_room *rooms;
	struct reg_list *lists;
} w; /* the same, to be written */

static void *
writable(const void *p)
{
	return mem + ((const char *)p - (const char *)reader->h);
}

static void
registry_begin(void)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	size = registry_layout_size(100, 100);
	ck_assert_int_eq(ftruncate(fd, (off_t)size), 0);
	mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ck_assert_ptr_ne(mem, MAP_FAILED);
	registry_format(mem, size, 100, 100);
	reader = registry_map(fd, size);
	ck_assert_ptr_nonnull(reader);
	w.h = writable(reader->h);
	w.rooms = writable(reader->rooms);
	w.lists = writable(reader->lists);
	writer_init(reader, EPOCH);
}

static void
registry_end(void)
{
	registry_unmap(reader);
	munmap(mem, size);
}

/* chatd has been started again: nobody is anywhere, and nothing is known. */
static void
registry_again(void)
{
	memset(mem, 0, size);
	registry_format(mem, size, 100, 100);
	writer_init(reader, EPOCH + 1);
}

static void
restored(bool on)
{
	__atomic_store_n(&w.h->restored, on, __ATOMIC_RELEASE);
}

/* The slot i is a room, as the broker would have it. */
static uint64_t
room(uint32_t i, const char *name, uint64_t born, const char *topic)
{
	struct reg_room *r = &w.rooms[i];

	r->id = ID_MAKE(i, 1);
	r->born = born;
	bprintf(r->name, sizeof(r->name), "%s", name);
	bprintf(r->fold, sizeof(r->fold), "%s", name);
	bprintf(r->topic, sizeof(r->topic), "%s", topic);
	w.h->room_top = MAX(w.h->room_top, i + 1);
	return r->id;
}

static void
ban(uint32_t i, uint64_t room, const char *mask)
{
	struct reg_list *l = &w.lists[i];

	l->op = LIST_BAN;
	l->room = room;
	bprintf(l->mask, sizeof(l->mask), "%s", mask);
	w.h->list_top = MAX(w.h->list_top, i + 1);
}

static uint64_t
banned(uint64_t place, const char *mask)
{
	char sql[200];

	bprintf(sql, sizeof(sql), "SELECT count(*) FROM room_list WHERE place=%llu AND mask='%s'",
		(unsigned long long)place, mask);
	return number(sql);
}

/* --- one that has not been told ------------------------------------------------------------------------- */

START_TEST(bans_are_not_taken_for_lifted)
{
	restored(true);
	ban(0, 0, "old!*@*");
	FEED(e_room, .seq = 5, .room = 0);
	flush();
	ck_assert_uint_eq(banned(0, "old!*@*"), 1);
	registry_again();
	FEED(s_begin, .restored = 0);
	flush();
	ban(0, 0, "new!*@*");
	FEED(e_room, .seq = 6, .room = 0);
	flush();
	ck_assert_uint_eq(banned(0, "old!*@*"), 1);
	/* what was kept has come to it */
	ban(1, 0, "old!*@*");
	restored(true);
	FEED(e_room, .seq = 7, .room = 0);
	flush();
	ck_assert_uint_eq(banned(0, "old!*@*") + banned(0, "new!*@*"), 2);
	/* now they are */
	w.lists[1].op = LIST_NONE;
	FEED(e_room, .seq = 8, .room = 0);
	flush();
	ck_assert_uint_eq(banned(0, "old!*@*"), 0);
}
END_TEST

START_TEST(rooms_are_looked_at_when_it_has_been)
{
	uint64_t lobby = room(0, "lobby", 5, "what people have said meanwhile");

	FEED(e_join, .seq = 5, .user = 1, .room = lobby, .name = S("bob"), .uhost = S("a@b"),
	     .room_name = S("lobby"), .flags = MEMBER_CREATED);
	FEED(e_topic, .seq = 6, .user = 1, .room = lobby, .name = S("bob"), .uhost = S("a@b"),
	     .room_name = S("lobby"), .text = S(w.rooms[0].topic));
	flush();
	ck_assert_uint_eq(number("SELECT count(*) FROM room"), 0);
	/* the writer is another one by then */
	scribe_close();
	scribe_open();
	restored(true);
	FEED(e_room, .seq = 7, .room = 0, .gone = 1);
	flush();
	ck_assert_uint_eq(number("SELECT count(*) FROM room WHERE topic LIKE '%meanwhile'"), 1);
}
END_TEST

/* --- one that was made anew meanwhile --------------------------------------------------------------------- */

#define THEN 5
#define ANEW 20

static void
comes(uint64_t seq, const char *account, bool first)
{
	FEED(e_join, .seq = seq, .at = 1000 * seq, .user = 1, .room = DEN, .name = S("bob"),
	     .uhost = S("a@b"), .account = S(account), .room_name = S("den"),
	     .flags = first ? MEMBER_CREATED : 0);
}

static void
has_read(uint64_t seq, const char *account)
{
	FEED(e_mark, .seq = seq, .user = 1, .account = S(account), .room = DEN,
	     .room_name = S("den"), .when = seq);
}

/* The room is kept, with something said there, and all ends. */
static void
den_is_kept(void)
{
	make_account("alice");
	make_account("carol");
	restored(true);
	room(3, "den", THEN, "the old topic");
	w.rooms[3].flags = ROOM_REGISTERED;
	ban(0, DEN, "old!*@*");
	comes(THEN, "alice", true);
	say(6, DEN, "said before");
	has_read(7, "alice");
	FEED(e_room, .seq = 8, .room = DEN, .born = THEN, .room_name = S("den"));
	FEED(e_quit, .seq = 9, .user = 1, .name = S("bob"), .uhost = S("a@b"),
	     .account = S("alice"), .rooms = {(const char *)&(uint64_t){DEN}, 1});
	flush();
	ck_assert_uint_eq(number("SELECT count(*) FROM room"), 1);
	registry_again();
	FEED(s_begin, .restored = 0);
}

/* People make one of that name, and talk. */
static void
den_anew(void)
{
	comes(ANEW, "alice", true);
	say(21, DEN, "said meanwhile");
	has_read(22, "alice");
	has_read(23, "carol");
	FEED(e_topic, .seq = 24, .user = 1, .room = DEN, .name = S("bob"), .uhost = S("a@b"),
	     .room_name = S("den"), .text = S("t"));
}

/* It takes on what was kept. */
static void
den_comes_back(void)
{
	room(3, "den", THEN, "the old topic");
	w.rooms[3].flags = ROOM_REGISTERED;
	ban(0, DEN, "old!*@*");
	restored(true);
}

static void
all_is_in_one_place(uint64_t born)
{
	struct db db;

	ck_assert_uint_eq(number("SELECT count(*) FROM place"), 1);
	ck_assert_uint_eq(number("SELECT born FROM place"), born);
	ck_assert_uint_eq(number("SELECT count(*) FROM message m JOIN place p ON p.id=m.place"), 3);
	ck_assert_uint_eq(number("SELECT count(*) FROM event WHERE place=(SELECT id FROM place)"),
			  number("SELECT count(*) FROM event"));
	ck_assert_uint_eq(number("SELECT count(*) FROM room"), 1);
	ck_assert_uint_eq(number("SELECT count(*) FROM room_list"), 1);
	/* of each account the last */
	ck_assert_uint_eq(number("SELECT sum(at) FROM mark"), 22 + 23);
	ck_assert_uint_eq(number("SELECT count(*) FROM was_in"), 1);
	/* what is looked for is found there, and nowhere else */
	ck_assert_uint_eq(number("SELECT count(*) FROM message_text WHERE message_text MATCH"
				 " 'said AND place : 1'"),
			  3);
	ck_assert(db_open(&db, DB_FILE, DB_WRITE));
	ck_assert_msg(db_exec(&db, "INSERT INTO message_text(message_text, rank)"
				   " VALUES('integrity-check', 1)"),
		      "%s", db.why);
	db_close(&db);
}

/* What has been said there meanwhile was written before that, or after. */
START_TEST(a_room_made_anew_is_the_one_that_was_kept)
{
	bool late = _i & 1, told = _i & 2;

	den_is_kept();
	if (late)
		den_comes_back();
	else
		room(3, "den", ANEW, "");
	restored(told);
	den_anew();
	flush();
	den_comes_back();
	FEED(e_room, .seq = 30, .room = DEN, .born = THEN, .room_name = S("den"));
	say(31, DEN, "said then");
	FEED(e_room, .seq = 32, .room = 0, .gone = 1);
	flush();
	all_is_in_one_place(THEN);
	ck_assert_uint_eq(number("SELECT count(*) FROM was_in WHERE left_seq=9 AND came_seq=20"),
			  1);
	ck_assert_uint_eq(number("SELECT count(*) FROM room WHERE topic='the old topic'"), 1);
}
END_TEST

/* What was to be deleted there is, and nothing of the other's. */
START_TEST(what_is_being_deleted_is)
{
	struct db db;

	den_is_kept();
	den_anew();
	flush();
	ck_assert(db_open(&db, DB_FILE, DB_WRITE));
	ck_assert(db_exec(&db, "INSERT INTO chore(place, account, past, upto, before) SELECT place,"
			       " 0, 0, seq, 0 FROM message WHERE text='said meanwhile'"));
	db_close(&db);
	den_comes_back();
	FEED(e_room, .seq = 30, .room = DEN, .born = THEN, .room_name = S("den"));
	flush();
	ck_assert_uint_eq(number("SELECT count(*) FROM message"), 1);
	ck_assert_uint_eq(number("SELECT count(*) FROM message WHERE text='said before'"), 1);
	ck_assert_uint_eq(number("SELECT count(*) FROM chore"), 0);
}
END_TEST

/* An older version kept both: a new registry is told of one after the other. */
START_TEST(two_that_were_kept_become_one)
{
	den_is_kept();
	room(3, "den", ANEW, "the new topic");
	w.rooms[3].flags = ROOM_REGISTERED;
	ban(0, DEN, "old!*@*");
	restored(true);
	den_anew();
	flush();
	ck_assert_uint_eq(number("SELECT count(*) FROM room"), 2);
	registry_again();
	writer_init(reader, EPOCH + 2);
	FEED(s_begin, .restored = 0);
	FEED(e_room, .seq = 40, .room = DEN, .born = THEN, .room_name = S("den"));
	FEED(e_room, .seq = 41, .room = DEN, .born = ANEW, .room_name = S("den"));
	say(42, DEN, "said then");
	flush();
	all_is_in_one_place(ANEW);
	ck_assert_uint_eq(number("SELECT id FROM place"), 1);
	ck_assert_uint_eq(number("SELECT count(*) FROM room WHERE topic='the new topic'"), 1);
}
END_TEST

/* --- of which nothing is left ------------------------------------------------------------------------------ */

static void
joins(uint64_t seq, uint64_t where, const char *name)
{
	FEED(e_join, .seq = seq, .at = seq, .user = 1, .room = where, .name = S("bob"),
	     .uhost = S("a@b"), .room_name = S(name), .flags = MEMBER_CREATED);
}

static void
writes(uint64_t seq, const char *to)
{
	FEED(e_dm, .seq = seq, .at = seq, .from = 1, .name = S("alice"), .account = S("alice"),
	     .uhost = S("a@b"), .to_name = S(to), .to_account = S(to), .text = S("hello"));
}

START_TEST(places_go)
{
	uint64_t next;

	make_account("alice");
	make_account("bob");
	make_account("carol");
	restored(true);
	joins(5, ID_MAKE(1, 1), "left");
	joins(6, room(2, "here", 6, ""), "here");
	joins(7, ID_MAKE(4, 1), "spoken");
	room(3, "den", 8, "");
	w.rooms[3].flags = ROOM_REGISTERED;
	FEED(e_room, .seq = 8, .room = DEN, .born = 8, .room_name = S("den"));
	writes(9, "bob");
	writes(10, "carol");
	FEED(e_mark, .seq = 11, .user = 1, .account = S("alice"), .peer = S("carol"), .when = 1);
	joins(12, ID_MAKE(5, 1), "last");
	flush();
	next = number("SELECT max(id) FROM place") + 1;
	ck_assert_uint_eq(next, 8);
	FEED(s_admin, .ticket = 6, .op = STORE_HISTORY_PURGE,
	     .args = S("*\x1f"
		       "0"));
	say(13, ID_MAKE(4, 1), "something");
	flush();
	while (writer_rest_here() == 0) {
	}
	/* people are there, or it is registered, or something has been said or read; the last number is not given again */
	ck_assert_uint_eq(number("SELECT count(*) FROM place"), 5);
	ck_assert_uint_eq(number("SELECT count(*) FROM place WHERE name IN"
				 " ('here', 'den', 'last') OR b IS NOT NULL"),
			  4);
	ck_assert_uint_eq(number("SELECT count(*) FROM message m JOIN place p ON p.id=m.place"), 1);
	ck_assert_uint_eq(number("SELECT count(*) FROM mark m JOIN place p ON p.id=m.place"), 1);
	/* what was forgotten is made anew when it is needed */
	writes(14, "bob");
	flush();
	ck_assert_uint_eq(number("SELECT place FROM message WHERE seq=14"), next);
	registry_again();
	writer_later_here(25 * 3600 * 1000);
	while (writer_rest_here() == 0) {
	}
	ck_assert_uint_eq(number("SELECT count(*) FROM place WHERE name='here'"), 0);
	ck_assert_uint_eq(number("SELECT count(*) FROM place WHERE name='den'"), 1);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("store_rooms");
	TCase *t = scribe_case(s);

	tcase_add_checked_fixture(t, registry_begin, registry_end);
	tcase_add_test(t, bans_are_not_taken_for_lifted);
	tcase_add_test(t, rooms_are_looked_at_when_it_has_been);
	tcase_add_loop_test(t, a_room_made_anew_is_the_one_that_was_kept, 0, 4);
	tcase_add_test(t, what_is_being_deleted_is);
	tcase_add_test(t, two_that_were_kept_become_one);
	tcase_add_test(t, places_go);
	return unit_run(s);
}
