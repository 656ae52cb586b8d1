/* check_store_rooms.c - what is copied from the registry of rooms and lists, and when. The test is the registry. */
#include "config.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/util.h"
#include "registry/registry.h"
#include "registry/registry_priv.h"
#include "scribe.h"
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

int
main(void)
{
	Suite *s = suite_create("store_rooms");
	TCase *t = scribe_case(s);

	tcase_add_checked_fixture(t, registry_begin, registry_end);
	tcase_add_test(t, bans_are_not_taken_for_lifted);
	tcase_add_test(t, rooms_are_looked_at_when_it_has_been);
	return unit_run(s);
}
