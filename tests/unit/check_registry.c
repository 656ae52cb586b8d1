/* check_registry.c - readers in another process against a busy writer.
 *
 * The reader maps the registry read-only, as workers and control do, and takes snapshots as fast
 * as it can while this process changes names, addresses and memberships. Every snapshot must be
 * whole, and none older than what had been announced before it was taken.
 * CHATD_TEST_SNAPSHOTS says how many (default 300,000).
 */
#include "config.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/util.h"
#include "registry/registry.h"
#include "unit.h"
#include "world.h"

#define MEMBERS 40

/* What writer and reader say to each other. */
static struct shared {
	uint64_t announced; /* generation of alice's name that an answer has told of */
	uint64_t room;
	uint32_t stop;
} * shared;

static void
setup(void)
{
	world_init(&world, 1000, 1u << 20);
	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(shared, MAP_FAILED);
}

static void
teardown(void)
{
	munmap(shared, 4096);
	world_fini(&world);
}

static int
read_only_fd(void)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", world.reg_fd);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	return fd;
}

static unsigned long
snapshots_wanted(void)
{
	const char *s = getenv("CHATD_TEST_SNAPSHOTS");

	return s != NULL ? strtoul(s, NULL, 10) : 300000;
}

/* Alice's generation g: her name says it, and her room list is as long as g says. */
static bool
snapshot_is_whole(const struct reg_user_view *v, uint64_t *g_r)
{
	char name[64];

	if (sscanf(v->name, "alice%llu", (unsigned long long *)g_r) != 1)
		return false;
	snprintf(name, sizeof(name), "alice%llu", (unsigned long long)*g_r);
	return strcmp(name, v->name) == 0 && strcmp(v->address, "192.0.2.1") == 0;
}

static bool
list_is_whole(const struct reg_member_view *m, int n, uint64_t room)
{
	if (n < 1 || n > MEMBERS)
		return false;
	for (int i = 0; i < n; i++) {
		if (m[i].room != room || strcmp(m[i].room_name, "den") != 0 ||
		    (i > 0 && m[i].joined <= m[i - 1].joined))
			return false;
	}
	return true;
}

/* The reader's whole life. Exit status: 0 good, else the kind of fault. */
static int
reader(uint64_t id)
{
	struct registry *r = registry_map(read_only_fd(), world.reg_size);
	static struct reg_member_view page[REG_PAGE];
	unsigned long whole = 0, torn = 0, want = snapshots_wanted();

	while (whole < want) {
		uint64_t before = __atomic_load_n(&shared->announced, __ATOMIC_ACQUIRE), g;
		struct reg_user_view v;
		int got = registry_user(r, id, &v), n;

		if (got == 0 || (got > 0 && !snapshot_is_whole(&v, &g)))
			return 2;
		if (got > 0 && g < before)
			return 3; /* older than the answer that let us read */
		n = registry_members(r, shared->room, 0, page, REG_PAGE);
		if (n >= 0 && !list_is_whole(page, n, shared->room))
			return 4;
		whole += got > 0 && n >= 0;
		torn += got < 0 || n < 0;
		/* a list under constant change may never hold still: that is what -1 is for */
		if (torn > 100 * want)
			return 5;
	}
	__atomic_store_n(&shared->stop, 1, __ATOMIC_RELEASE);
	return 0;
}

START_TEST(snapshots_are_whole_and_new)
{
	uint64_t id = world_login(0, "alice0", "192.0.2.1"), others[MEMBERS], g = 0;
	char name[32];
	pid_t pid;
	int status;

	ck_assert(world_join(0, id, "den"));
	shared->room = room_find(STR_LIT("den"))->id;
	for (int i = 0; i < MEMBERS - 1; i++) {
		snprintf(name, sizeof(name), "m%d", i);
		others[i] = world_login(1, name, "192.0.2.2");
	}
	pid = fork();
	if (pid == 0)
		_exit(reader(id));
	while (waitpid(pid, &status, WNOHANG) == 0) {
		uint64_t who = others[g % (MEMBERS - 1)];

		snprintf(name, sizeof(name), "alice%llu", (unsigned long long)++g);
		ck_assert(world_nick(0, id, name));
		__atomic_store_n(&shared->announced, g, __ATOMIC_RELEASE);
		if (!world_join(1, who, "den"))
			world_part(1, who, "den");
		/* leave it some quiet moments, as a broker with a socket to read does */
		for (volatile int i = 0; i < 2000; i++)
			;
	}
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "reader: status 0x%x", status);
	world_verify();
}
END_TEST

START_TEST(a_stopped_reader_harms_nobody)
{
	uint64_t id = world_login(0, "alice0", "192.0.2.1");
	pid_t pid;
	int status;

	ck_assert(world_join(0, id, "den"));
	shared->room = room_find(STR_LIT("den"))->id;
	pid = fork();
	if (pid == 0) {
		struct registry *r = registry_map(read_only_fd(), world.reg_size);
		struct reg_user_view v;

		while (registry_user(r, id, &v) > 0)
			;
		_exit(0);
	}
	kill(pid, SIGSTOP);
	ck_assert_int_eq(waitpid(pid, &status, WUNTRACED), pid);
	for (int i = 0; i < 1000; i++) {
		char name[32];

		snprintf(name, sizeof(name), "alice%d", i + 1);
		ck_assert(world_nick(0, id, name));
	}
	ck_assert(world_quit(0, id));
	world_verify();
	kill(pid, SIGCONT);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
}
END_TEST

START_TEST(lookups_and_pages)
{
	struct reg_member_view page[8];
	struct reg_user_view u;
	struct reg_room_view o;
	struct registry *r;
	uint64_t after = 0;
	char name[32];
	int n, all = 0;

	for (int i = 0; i < 30; i++) {
		snprintf(name, sizeof(name), "User%d", i);
		ck_assert(world_join(0, world_login(0, name, "192.0.2.1"), "Den"));
	}
	r = registry_map(read_only_fd(), world.reg_size);
	ck_assert_ptr_nonnull(r);
	ck_assert_int_eq(registry_user_named(r, "uSER7", 5, &u), 1);
	ck_assert_str_eq(u.name, "User7");
	ck_assert_int_eq(registry_user_named(r, "nobody", 6, &u), 0);
	ck_assert_int_eq(registry_room_named(r, "dEn", 3, &o), 1);
	ck_assert_uint_eq(o.members, 30);
	while ((n = registry_members(r, o.id, after, page, 8)) > 0) {
		ck_assert(n == 8 || all + n == 30);
		all += n;
		after = page[n - 1].joined;
	}
	ck_assert_int_eq(all, 30);
	ck_assert_int_eq(registry_rooms_of(r, u.id, page, 8), 1);
	ck_assert_int_eq(registry_member(r, u.id, o.id, page), 1);
	ck_assert_uint_eq(registry_users(r), 30);
	registry_unmap(r);
}
END_TEST

static void
room_mode(uint64_t user, unsigned op, const char *mask)
{
	struct mode_change c = {.op = (uint8_t)op, .on = 1, .arg = str_of(mask)};
	struct m_r_mode q = {.serial = world_serial(0), .user = user, .room = STR_LIT("den")};
	char list[MODES_BYTES_MAX], f[IPC_FRAME_MAX];

	q.changes = (struct str){list, mode_put(list, 0, sizeof(list), &c)};
	ck_assert(world_decide(0, f, m_r_mode_put(f, sizeof(f), &q)));
}

START_TEST(lists_of_a_room)
{
	static const unsigned ops[] = {MODE_BAN, MODE_MUTE, MODE_EXCEPT, MODE_INVEX};
	struct registry *r = registry_map(read_only_fd(), world.reg_size);
	uint64_t a = world_login(0, "alice", "192.0.2.1");
	struct reg_list_view page[8];
	uint32_t at = 0;
	uint64_t room;

	ck_assert(world_join(0, a, "den"));
	room = room_find(STR_LIT("den"))->id;
	for (size_t i = 0; i < ARRAY_LEN(ops); i++)
		room_mode(a, ops[i], "spam*");
	ck_assert_int_eq(registry_list(r, room, &at, page, 3), 3);
	ck_assert_int_eq(registry_list(r, room, &at, page + 3, 5), 1);
	ck_assert_int_eq(registry_list(r, room, &at, page, 8), 0);
	for (size_t i = 0; i < ARRAY_LEN(ops); i++)
		ck_assert_uint_eq(page[i].op, ops[i]);
	at = 0;
	ck_assert_int_eq(registry_list(r, 0, &at, page, 8), 0);
	registry_unmap(r);
}
END_TEST

/* A reader of metadata and of names that were, while both change all the time. Exit status: 0 good. */
static int
meta_reader(uint64_t id)
{
	struct registry *r = registry_map(read_only_fd(), world.reg_size);
	struct reg_meta_view m[META_KEYS_MAX];
	struct reg_was_view w[4];
	unsigned long whole = 0, want = snapshots_wanted() / 20;

	while (whole < want) {
		int n = registry_meta(r, false, id, m);

		for (int i = 0; i < n; i++) {
			if (m[i].key[0] != 'k' || strcmp(m[i].key, m[i].value) != 0)
				return 2;
			for (int k = 0; k < i; k++) {
				if (strcmp(m[i].key, m[k].key) == 0)
					return 4;
			}
		}
		whole += n >= 0;
		n = registry_was(r, "nick1", 5, w, 4);
		for (int i = 0; i < n; i++) {
			if (strcmp(w[i].name, "nick1") != 0 || strcmp(w[i].real, "nick1") != 0 ||
			    strcmp(w[i].address, "192.0.2.1") != 0)
				return 3;
		}
	}
	return 0;
}

START_TEST(metadata_and_past_names_are_whole)
{
	uint64_t id = world_login(0, "alice", "192.0.2.1"), other;
	uint32_t g = 0;
	char key[64], f[IPC_FRAME_MAX];
	pid_t pid;
	int status;

	other = world_login(0, "nick0", "192.0.2.1");
	pid = fork();
	if (pid == 0)
		_exit(meta_reader(id));
	while (waitpid(pid, &status, WNOHANG) == 0) {
		struct m_r_meta q = {.serial = world_serial(0), .user = id, .on = g / 40 % 2 == 0};

		snprintf(key, sizeof(key), "k%u%.*s", g % 20, (int)(g % 7 * 5),
			 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
		q.key = q.value = str_of(key);
		ck_assert(world_decide(0, f, m_r_meta_put(f, sizeof(f), &q)));
		snprintf(key, sizeof(key), "nick%u", ++g % 3);
		ck_assert(world_nick(0, other, key));
	}
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "reader: status 0x%x", status);
	world_verify();
}
END_TEST

/* The descriptor that a worker holds: by none of these ways is anything written. The last, opening
 * it anew through /proc, is stopped by the file's mode and owner, for which the tester must be root. */
START_TEST(a_hostile_write_is_impossible)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		char path[64];
		int fd = read_only_fd(), again;
		void *p = mmap(NULL, world.reg_size, PROT_READ, MAP_SHARED, fd, 0);

		if (p == MAP_FAILED)
			_exit(1);
		if (mprotect(p, world.reg_size, PROT_READ | PROT_WRITE) == 0)
			_exit(2);
		if (mmap(NULL, world.reg_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) !=
		    MAP_FAILED)
			_exit(3);
		if (write(fd, "x", 1) >= 0 || ftruncate(fd, 0) == 0)
			_exit(4);
		if (getuid() != 0)
			_exit(0);
		if (fchmod(world.reg_fd, 0600) < 0 || close(world.reg_fd) < 0 ||
		    setgid(65534) < 0 || setuid(65534) < 0)
			_exit(5);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		again = open(path, O_RDWR);
		_exit(again >= 0 ? 6 : 0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status 0x%x", status);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("registry");
	TCase *t = tcase_create("registry");

	tcase_set_timeout(t, 600);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, lists_of_a_room);
	tcase_add_test(t, metadata_and_past_names_are_whole);
	tcase_add_test(t, snapshots_are_whole_and_new);
	tcase_add_test(t, a_stopped_reader_harms_nobody);
	tcase_add_test(t, lookups_and_pages);
	tcase_add_test(t, a_hostile_write_is_impossible);
	suite_add_tcase(s, t);
	return unit_run(s);
}
