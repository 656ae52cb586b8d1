/* check_users.c - what users are and tell about themselves: names that were, modes, metadata, words taken back. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "broker/auth.h"
#include "ipc/options.h"
#include "ipc/proc.h"
#include "lib/loop.h"
#include "lib/util.h"
#include "registry/registry.h"
#include "unit.h"
#include "world.h"

static struct world world;
static struct registry *reader;

static void
setup(void)
{
	world_init(&world, 300, 1u << 20);
	reader = registry_map(dup(world.reg_fd), world.reg_size);
	ck_assert_ptr_nonnull(reader);
}

static void
teardown(void)
{
	registry_unmap(reader);
	opers_fini();
	world_verify();
	world_reopen(&world);
	world_verify();
	world_fini(&world);
}

/* A request of worker `sub`, and the event it ends in; 0 for one that may not be sent. */
#define ASK(name_, sub_, ...) \
	({ \
		struct m_r_##name_ m_ = {.serial = world_serial(sub_), __VA_ARGS__}; \
		char f_[IPC_FRAME_MAX]; \
		world_decide(sub_, f_, m_r_##name_##_put(f_, sizeof(f_), &m_)) \
		    ? ipc_type(world_last()->data) \
		    : 0u; \
	})
#define S(s) str_of(s)
/* The event of the last entry. */
#define LAST(name_) \
	({ \
		struct m_e_##name_ e_; \
		const struct jentry *j_ = world_last(); \
		ck_assert(m_e_##name_##_get(j_->data, j_->event_len, &e_)); \
		e_; \
	})
#define ck_str(s, want) \
	ck_assert_msg(str_eq((s), str_of(want)), STR_FMT " is not %s", STR_ARG(s), want)

static unsigned
refused_with(void)
{
	return ipc_type(world_last()->data) == MSG_e_refused ? LAST(refused).code : 0;
}

static uint64_t
login(unsigned sub, const char *name, const char *address, const char *ident, const char *real)
{
	static uint64_t conns = 1000;

	if (ASK(login, sub, .conn = ++conns, .protocol = PROTO_IRC, .name = S(name),
		.address = S(address), .ident = S(ident), .real = S(real)) != MSG_e_login)
		return 0;
	return user_find(S(name))->id;
}

static struct reg_user_view
view(const char *name)
{
	struct reg_user_view v;

	ck_assert_int_eq(registry_user_named(reader, name, strlen(name), &v), 1);
	return v;
}

/* --- who one is ------------------------------------------------------------------------------------ */

START_TEST(ident_and_host)
{
	uint64_t a = login(0, "alice", "::1", "al~ice", "Alice A.");

	ck_str(LAST(login).uhost, "al~ice@0::1");
	ck_str(LAST(login).real, "Alice A.");
	ck_assert_str_eq(view("alice").ident, "al~ice");
	ck_assert_str_eq(view("alice").host, "0::1");
	ck_assert_str_eq(view("alice").address, "::1");
	ck_assert_str_eq(view("alice").real, "Alice A.");
	ck_assert(world_quit(0, a));
	ck_str(LAST(quit).uhost, "al~ice@0::1");
	/* the next owner of the slot is nobody else */
	login(0, "bob", "192.0.2.1", "", "");
	ck_str(LAST(login).uhost, "irc@192.0.2.1");
	ck_str(LAST(login).real, "bob");
	ck_assert_str_eq(view("bob").real, "bob");
	ck_assert_str_eq(view("bob").account, "");
}
END_TEST

START_TEST(hostile_idents)
{
	login(0, "alice", "192.0.2.1", "a!b@c \x01 d", "x\x1b[2Jy");
	ck_assert_str_eq(view("alice").ident, "abcd");
	ck_assert_str_eq(view("alice").real, "alice");
	login(0, "bob", "a b", "\xff@!", "");
	ck_assert_str_eq(view("bob").ident, "irc");
	ck_assert_str_eq(view("bob").host, "unknown");
}
END_TEST

START_TEST(names_that_were)
{
	struct reg_was_view w[3];
	uint64_t a = login(0, "Alice", "192.0.2.1", "al", "one");

	ck_assert_int_eq(registry_was(reader, "alice", 5, w, 3), 0);
	ck_assert(world_nick(0, a, "ALICE"));
	ck_assert_int_eq(registry_was(reader, "alice", 5, w, 3), 0);
	ck_assert(world_nick(0, a, "eve"));
	ck_assert(world_quit(0, a));
	a = login(0, "alice", "192.0.2.2", "al", "");
	ck_assert(world_quit(0, a));
	ck_assert_int_eq(registry_was(reader, "aLICE", 5, w, 3), 2);
	ck_assert_str_eq(w[0].name, "alice");
	ck_assert_str_eq(w[0].address, "192.0.2.2");
	ck_assert_str_eq(w[0].real, "alice");
	ck_assert_str_eq(w[1].name, "ALICE");
	ck_assert_str_eq(w[1].real, "one");
	ck_assert_uint_ne(w[1].at, 0);
	ck_assert_int_eq(registry_was(reader, "alice", 5, w, 1), 1);
	ck_assert_int_eq(registry_was(reader, "eve", 3, w, 3), 1);
	ck_assert_int_eq(registry_was(reader, "never", 5, w, 3), 0);
	ck_assert_int_eq(registry_was(reader, "", 0, w, 3), 0);
}
END_TEST

START_TEST(the_ring_of_names_turns)
{
	struct reg_was_view w[3];
	uint64_t a = login(0, "first", "192.0.2.1", "", "");
	char name[16];

	ck_assert(world_nick(0, a, "n0"));
	for (int i = 1; i <= 1100; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		ck_assert(world_nick(0, a, name));
	}
	ck_assert_int_eq(registry_was(reader, "first", 5, w, 3), 0);
	ck_assert_int_eq(registry_was(reader, "n1099", 5, w, 3), 1);
	ck_assert_int_eq(registry_was(reader, "n76", 3, w, 3), 1);
	ck_assert_int_eq(registry_was(reader, "n75", 3, w, 3), 0);
}
END_TEST

START_TEST(another_real_name)
{
	uint64_t a = login(0, "alice", "192.0.2.1", "", ""),
		 b = login(1, "bob", "192.0.2.2", "", "");

	ck_assert(world_join(0, a, "den") && world_join(1, b, "den"));
	ck_assert_uint_eq(ASK(setname, 0, .user = a, .real = S("New Name")), MSG_e_setname);
	ck_assert_uint_eq(world_last()->targets, 3);
	ck_assert_uint_eq(LAST(setname).rooms.n, 1);
	ck_assert_str_eq(view("alice").real, "New Name");
	ck_assert_uint_eq(ASK(setname, 0, .user = a, .real = S("")), MSG_e_refused);
	ck_assert_uint_eq(refused_with(), ERR_BAD_ARGUMENT);
	ck_assert_uint_eq(ASK(setname, 0, .user = a, .real = S("a\nb")), MSG_e_refused);
	ck_assert(world_nick(0, a, "anna"));
	ck_str(LAST(nick).real, "New Name");
}
END_TEST

START_TEST(modes_of_users)
{
	uint64_t a = login(0, "alice", "192.0.2.1", "", "");
	unsigned invisible, opers;

	ck_assert_uint_eq(ASK(umode, 0, .user = a, .set = ~0u), MSG_e_umode);
	ck_assert_uint_eq(LAST(umode).modes,
			  UMODE_INVISIBLE | UMODE_WALLOPS | UMODE_BOT | UMODE_REG_ONLY);
	ck_assert_uint_eq(LAST(umode).before, 0);
	registry_user_kinds(reader, &invisible, &opers);
	ck_assert(invisible == 1 && opers == 0);
	user_find(S("alice"))->umodes |= UMODE_OPER;
	user_find(S("alice"))->level = LEVEL_ADMIN;
	br.reg.h->nopers++;
	registry_user_kinds(reader, &invisible, &opers);
	ck_assert(invisible == 1 && opers == 1);
	ASK(umode, 0, .user = a, .clear = UMODE_BOT);
	ck_assert_uint_eq(LAST(umode).level, LEVEL_ADMIN);
	ASK(umode, 0, .user = a, .clear = ~0u);
	ck_assert(LAST(umode).level == 0 && LAST(umode).modes == 0);
	ck_assert(view("alice").level == 0 && view("alice").umodes == 0);
}
END_TEST

START_TEST(followers_hear_of_everybody)
{
	uint64_t a = login(0, "alice", "192.0.2.1", "", "");

	ck_assert_uint_eq(ASK(follow, 5, .on = 1), MSG_e_ok);
	ASK(away, 0, .user = a, .text = S("lunch"));
	ck_assert_uint_eq(world_last()->targets, 1 | 1 << 5);
	ck_str(LAST(away).uhost, "irc@192.0.2.1");
	world_reopen(&world);
	ck_assert(world_nick(0, a, "anna"));
	ck_assert_uint_eq(world_last()->targets, 1 | 1 << 5);
	ck_assert(world_join(0, a, "den"));
	ck_assert_uint_eq(world_last()->targets, 1);
	ASK(follow, 5, .on = 0);
	ck_assert(world_quit(0, a));
	ck_assert_uint_eq(world_last()->targets, 1);
}
END_TEST

/* --- metadata -------------------------------------------------------------------------------------- */

/* How many; with a key, only those, and the first of out is it. */
static int
keys_of(bool room, uint64_t owner, const char *key, struct reg_meta_view out[META_KEYS_MAX])
{
	int n = registry_meta(reader, room, owner, out);

	for (int i = 0; key != NULL && i < n; i++) {
		if (strcmp(out[i].key, key) != 0)
			continue;
		out[0] = out[i];
		return 1;
	}
	return key == NULL ? n : 0;
}

START_TEST(metadata_of_users)
{
	uint64_t a = login(0, "alice", "192.0.2.1", "", ""),
		 b = login(1, "bob", "192.0.2.2", "", "");
	struct reg_meta_view v[META_KEYS_MAX];

	ck_assert(world_join(0, a, "den") && world_join(1, b, "den"));
	ck_assert_uint_eq(ASK(meta, 0, .user = a, .on = 1, .key = S("Avatar"), .value = S("x")),
			  MSG_e_meta);
	ck_assert_uint_eq(world_last()->targets, 3);
	ck_str(LAST(meta).key, "avatar");
	ASK(meta, 0, .user = a, .on = 1, .name = S("ALICE"), .key = S("avatar"), .value = S("y"));
	ck_assert_int_eq(keys_of(false, a, NULL, v), 1);
	ck_assert_str_eq(v[0].value, "y");
	ck_assert_uint_eq(ASK(meta, 1, .user = b, .on = 1, .name = S("alice"), .key = S("k")),
			  MSG_e_refused);
	ck_assert_uint_eq(refused_with(), ERR_NOT_YOURS);
	ASK(meta, 1, .user = b, .on = 1, .name = S("nobody"), .key = S("k"));
	ck_assert_uint_eq(refused_with(), ERR_NO_SUCH_USER);
	ASK(meta, 0, .user = a, .key = S("other"));
	ck_assert_uint_eq(refused_with(), ERR_META_NO_KEY);
	ASK(meta, 0, .user = a, .on = 1, .key = S("bad key"), .value = S("y"));
	ck_assert_uint_eq(refused_with(), ERR_BAD_ARGUMENT);
	ASK(meta, 0, .user = a, .on = 1, .key = S("k"), .value = S("\xff"));
	ck_assert_uint_eq(refused_with(), ERR_BAD_ARGUMENT);
	ASK(meta, 0, .user = a, .on = 1, .key = S(""), .value = S("x"));
	ck_assert_uint_eq(refused_with(), ERR_BAD_ARGUMENT);
	ck_assert_uint_eq(ASK(meta, 0, .user = a, .key = S("AVATAR")), MSG_e_meta);
	ck_assert_uint_eq(LAST(meta).on, 0);
	ck_assert_int_eq(keys_of(false, a, NULL, v), 0);
}
END_TEST

START_TEST(metadata_is_bounded_and_ends_with_its_owner)
{
	uint64_t a = login(0, "alice", "192.0.2.1", "", "");
	struct reg_meta_view v[META_KEYS_MAX];
	char key[16];

	for (int i = 0; i < 25; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		ck_assert_uint_eq(ASK(meta, 0, .user = a, .on = 1, .key = S(key), .value = S(key)),
				  MSG_e_meta);
	}
	ASK(meta, 0, .user = a, .on = 1, .key = S("k25"), .value = S("x"));
	ck_assert_uint_eq(refused_with(), ERR_META_FULL);
	ck_assert_uint_eq(ASK(meta, 0, .user = a, .on = 1, .key = S("k7"), .value = S("x")),
			  MSG_e_meta);
	ck_assert_int_eq(keys_of(false, a, NULL, v), 25);
	ck_assert_int_eq(keys_of(false, a, "k7", v), 1);
	ck_assert_str_eq(v[0].value, "x");
	world_verify();
	ck_assert_uint_eq(ASK(meta, 0, .user = a, .key = S("k3")), MSG_e_meta);
	world_reopen(&world);
	world_verify();
	ck_assert_uint_eq(ASK(meta, 0, .user = a, .key = S("")), MSG_e_meta);
	ck_assert_uint_eq(LAST(meta).value.n, 9 * 3 + 15 * 4 - 1);
	ck_assert_int_eq(keys_of(false, a, NULL, v), 0);
	world_verify();
	ck_assert_uint_eq(ASK(meta, 0, .user = a, .key = S("")), MSG_e_meta);
	ck_str(LAST(meta).value, "");
	ASK(meta, 0, .user = a, .on = 1, .key = S("k"), .value = S("x"));
	ck_assert(world_quit(0, a));
	ck_assert_int_eq(keys_of(false, a, NULL, v), 0);
	world_verify();
}
END_TEST

START_TEST(metadata_of_rooms)
{
	uint64_t a = login(0, "alice", "192.0.2.1", "", ""),
		 b = login(1, "bob", "192.0.2.2", "", ""), room;
	struct reg_meta_view v[META_KEYS_MAX];

	ck_assert(world_join(0, a, "den") && world_join(1, b, "den"));
	room = room_find(S("den"))->id;
	/* the same number may be a user's */
	ck_assert_uint_eq(ASK(meta, 0, .user = a, .on = 1, .room = S("Den"), .key = S("url"),
			      .value = S("http://x")),
			  MSG_e_meta);
	ck_assert_uint_eq(world_last()->targets, 3);
	ck_assert_int_eq(keys_of(true, room, "url", v), 1);
	ck_assert_int_eq(keys_of(false, a, NULL, v), 0);
	ASK(meta, 1, .user = b, .on = 1, .room = S("den"), .key = S("url"), .value = S("y"));
	ck_assert_uint_eq(refused_with(), ERR_NOT_OPERATOR);
	regw_member(&br.reg, regw_user(&br.reg, b), room)->flags |= MEMBER_HALFOP;
	ASK(meta, 1, .user = b, .on = 1, .room = S("den"), .key = S("url"), .value = S("y"));
	ck_assert_uint_eq(refused_with(), ERR_RANK);
	ASK(meta, 1, .user = b, .on = 1, .room = S("nowhere"), .key = S("url"), .value = S("y"));
	ck_assert_uint_eq(refused_with(), ERR_NO_SUCH_ROOM);
	ck_assert(world_part(0, a, "den"));
	ck_assert_int_eq(keys_of(true, room, NULL, v), 1);
	ck_assert(world_quit(1, b));
	ck_assert_int_eq(keys_of(true, room, NULL, v), 0);
}
END_TEST

START_TEST(metadata_by_operators_of_the_server)
{
	uint64_t a = login(0, "alice", "192.0.2.1", "", ""),
		 b = login(1, "bob", "192.0.2.2", "", "");
	struct reg_meta_view v[META_KEYS_MAX];

	ck_assert(world_join(1, b, "den"));
	ASK(meta, 0, .user = a, .on = 1, .name = S("bob"), .key = S("k"), .value = S("x"));
	ck_assert_uint_eq(refused_with(), ERR_NOT_YOURS);
	regw_user(&br.reg, a)->level = LEVEL_OPERATE;
	ck_assert_uint_eq(
	    ASK(meta, 0, .user = a, .on = 1, .name = S("bob"), .key = S("k"), .value = S("x")),
	    MSG_e_meta);
	ck_assert_uint_eq(LAST(meta).user, b);
	ck_assert_uint_eq(LAST(meta).by, a);
	ck_assert_uint_eq(world_last()->targets, 3);
	ck_assert_int_eq(keys_of(false, b, "k", v), 1);
	ck_assert_uint_eq(
	    ASK(meta, 0, .user = a, .on = 1, .room = S("den"), .key = S("k"), .value = S("x")),
	    MSG_e_meta);
	ck_assert_int_eq(keys_of(true, room_find(S("den"))->id, "k", v), 1);
	ASK(meta, 0, .user = a, .on = 1, .room = S("nowhere"), .key = S("k"), .value = S("x"));
	ck_assert_uint_eq(refused_with(), ERR_NO_SUCH_ROOM);
}
END_TEST

/* The most that one user's end can change must fit into one entry. */
START_TEST(a_user_with_all_there_is_may_go)
{
	uint64_t last = login(0, "alice", "192.0.2.1", "", ""),
		 a = login(0, "bob", "192.0.2.1", "", "");
	char room[16], key[16];

	for (int i = 0; i < ROOMS_PER_USER; i++) {
		snprintf(room, sizeof(room), "r%d", i);
		ck_assert(world_join(0, a, room));
		for (int k = 0; k < 25; k++) {
			snprintf(key, sizeof(key), "k%d", k);
			ASK(meta, 0, .user = a, .on = 1, .room = S(room), .key = S(key));
		}
		for (int k = 0; k < 35; k++) {
			struct mode_change c = {.op = MODE_BAN, .on = 1};
			char mask[32], list[MODES_BYTES_MAX];

			snprintf(mask, sizeof(mask), "spam%d*", k);
			c.arg = S(mask);
			ASK(mode, 0, .user = a, .room = S(room),
			    .changes = (struct str){list, mode_put(list, 0, sizeof(list), &c)});
		}
		/* more than one user's rooms may have: others had a part in it */
		ck_assert(world_join(0, last, room));
		ck_assert(world_part(0, a, room));
	}
	ck_assert_uint_lt(freelist_left(&br.reg.free_lists), 1100);
	ck_assert(world_quit(0, last));
}
END_TEST

/* --- taking back ----------------------------------------------------------------------------------- */

START_TEST(words_in_a_room_taken_back)
{
	uint64_t a = login(0, "alice", "192.0.2.1", "", ""),
		 b = login(1, "bob", "192.0.2.2", "", ""),
		 c = login(2, "carol", "192.0.2.3", "", ""), room, said;

	ck_assert(world_join(0, a, "den") && world_join(1, b, "den") && world_join(2, c, "den"));
	room = room_find(S("den"))->id;
	ck_assert(world_say(1, b, room, "hello"));
	said = world_last()->seq;
	ck_assert_uint_eq(ASK(redact, 2, .user = c, .msg = said, .room = S("den")), MSG_e_refused);
	ck_assert_uint_eq(refused_with(), ERR_NOT_YOURS);
	ck_assert_uint_eq(ASK(redact, 1, .user = b, .msg = said, .room = S("den")), MSG_e_redact);
	ck_assert_uint_eq(world_last()->targets, 7);
	ck_assert_uint_eq(LAST(redact).msg, said);
	/* its operator may as well */
	ck_assert_uint_eq(
	    ASK(redact, 0, .user = a, .msg = said, .room = S("den"), .reason = S("spam")),
	    MSG_e_redact);
	ck_str(LAST(redact).reason, "spam");
	ASK(redact, 0, .user = a, .msg = said + 1, .room = S("den"));
	ck_assert_uint_eq(refused_with(), ERR_NO_SUCH_MESSAGE);
	ASK(redact, 0, .user = a, .msg = ~0ull, .room = S("den"));
	ck_assert_uint_eq(refused_with(), ERR_NO_SUCH_MESSAGE);
	ASK(redact, 0, .user = a, .msg = 0, .room = S("den"));
	ck_assert_uint_eq(refused_with(), ERR_NO_SUCH_MESSAGE);
	ck_assert(world_join(0, a, "other"));
	ASK(redact, 0, .user = a, .msg = said, .room = S("other"));
	ck_assert_uint_eq(refused_with(), ERR_NO_SUCH_MESSAGE);
}
END_TEST

START_TEST(words_between_two_taken_back)
{
	uint64_t a = login(0, "alice", "192.0.2.1", "", ""),
		 b = login(1, "bob", "192.0.2.2", "", ""),
		 c = login(2, "carol", "192.0.2.3", "", ""), said;

	ck_assert_uint_eq(ASK(dm, 0, .user = a, .to = S("bob"), .text = S("psst")), MSG_e_dm);
	said = world_last()->seq;
	ASK(redact, 2, .user = c, .msg = said, .name = S("bob"));
	ck_assert_uint_eq(refused_with(), ERR_NO_SUCH_MESSAGE);
	ASK(redact, 1, .user = b, .msg = said, .name = S("alice"));
	ck_assert_uint_eq(refused_with(), ERR_NOT_YOURS);
	ck_assert_uint_eq(ASK(redact, 0, .user = a, .msg = said, .name = S("bob")), MSG_e_redact);
	ck_assert_uint_eq(world_last()->targets, 3);
	ASK(redact, 0, .user = a, .msg = said, .name = S("nobody"));
	ck_assert_uint_eq(refused_with(), ERR_NO_SUCH_USER);
}
END_TEST

/* What has left the ring is not found, whatever the marks say. */
START_TEST(old_words_are_gone)
{
	uint64_t a = login(0, "alice", "192.0.2.1", "", ""), room, first, later = 0;
	char text[400];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	ck_assert(world_join(0, a, "den"));
	room = room_find(S("den"))->id;
	ck_assert(world_say(0, a, room, "one"));
	first = world_last()->seq;
	for (int i = 0; i < 6000; i++) {
		ck_assert(world_say(0, a, room, text));
		if (i == 5500)
			later = br.j.seq;
	}
	ASK(redact, 0, .user = a, .msg = first, .room = S("den"));
	ck_assert_uint_eq(refused_with(), ERR_NO_SUCH_MESSAGE);
	for (int i = 0; i < 2; i++) {
		ck_assert_uint_eq(ASK(redact, 0, .user = a, .msg = later, .room = S("den")),
				  MSG_e_redact);
		world_reopen(&world);
	}
	for (uint64_t seq = br.j.seq - 1500; seq <= br.j.seq; seq++) {
		uint64_t at;

		ck_assert(journal_find(&br.j, seq - 1, &at));
		ck_assert_uint_eq(journal_at(&br.j, &at)->seq, seq);
	}
}
END_TEST

/* --- operators ------------------------------------------------------------------------------------- */

/* The test is the auth process: asked at this end. */
static int
auth_process(unsigned index, uint32_t inc)
{
	int sv[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, sv), 0);
	auth_attach(index, inc, sv[0]);
	return sv[1];
}

/* What it has been asked; the strings live until the next call. */
static struct m_a_check
asked(int fd)
{
	static char buf[4096];
	struct m_a_check m;
	ssize_t n = recv(fd, buf, IPC_HDR, 0);
	uint32_t len;

	ck_assert_int_eq(n, IPC_HDR);
	memcpy(&len, buf, 4);
	ck_assert_int_eq(recv(fd, buf + IPC_HDR, len - IPC_HDR, 0), len - IPC_HDR);
	ck_assert(m_a_check_get(buf, len, &m));
	return m;
}

static void
answer(int fd, uint32_t ticket, bool ok)
{
	struct m_a_result m = {.ticket = ticket, .ok = ok};
	char out[64];
	size_t n = m_a_result_put(out, sizeof(out), &m);

	ck_assert_int_eq(send(fd, out, n, 0), (ssize_t)n);
	loop_turn(proc.loop, 1000);
	auth_resume();
}

static void
block(const char *name, const char *hash, const char *mask, const char *account, unsigned level)
{
	struct operator_block b = {S(name), S(hash), S(mask), S(account), level};

	ck_assert(operator_add(proc.opt.operators, sizeof(proc.opt.operators), &b));
}

static unsigned
oper(unsigned sub, uint64_t user, const char *name, const char *password)
{
	return ASK(oper, sub, .user = user, .name = S(name), .password = S(password));
}

START_TEST(an_operator_is_made)
{
	uint64_t a = login(0, "alice", "192.0.2.1", "al", "");
	int fd = auth_process(0, 7);
	uint32_t ticket;

	block("root", "$hash", "al@192.0.2.0/24", "", LEVEL_OPERATE);
	ck_assert_uint_eq(oper(0, a, "root", "word"), MSG_e_wait);
	ticket = LAST(wait).ticket;
	ck_assert_uint_eq(oper(0, a, "root", "word"), MSG_e_refused);
	ck_assert_uint_eq(refused_with(), ERR_BUSY);
	ck_str(asked(fd).hash, "$hash");
	answer(fd, ticket, true);
	ck_assert_uint_eq(ipc_type(world_last()->data), MSG_e_oper);
	ck_assert_uint_eq(world_last()->targets, 1);
	ck_assert(LAST(oper).ticket == ticket && LAST(oper).level == LEVEL_OPERATE);
	ck_assert_uint_eq(view("alice").level, LEVEL_OPERATE);
	ck_assert(view("alice").umodes & UMODE_OPER);
	close(fd);
}
END_TEST

START_TEST(who_is_no_operator)
{
	uint64_t a = login(0, "alice", "192.0.2.1", "al", "");
	int fd = auth_process(0, 7);
	struct m_a_check c;

	ck_assert_uint_eq(oper(0, a, "root", "word"), MSG_e_refused);
	ck_assert_uint_eq(refused_with(), ERR_NO_OPER); /* no blocks at all */
	block("root", "$hash", "al@198.51.100.0/24", "", LEVEL_ADMIN);
	block("root2", "$hash", "", "alice", LEVEL_ADMIN);
	block("root3", "$hash", "ALICE!*@192.0.2.*", "", LEVEL_ADMIN);
	/* not from there, not with that account, not known: the same, and each takes a check */
	for (int i = 0; i < 3; i++) {
		static const char *const names[] = {"root", "root2", "nobody"};
		uint64_t b = login(1, names[i], "192.0.2.1", "bo", "");

		ck_assert_uint_eq(oper(1, b, names[i], "word"), MSG_e_wait);
		c = asked(fd);
		ck_str(c.hash, "");
		answer(fd, c.ticket, false);
		ck_assert_uint_eq(LAST(failed).code, ERR_NO_OPER);
	}
	ck_assert_uint_eq(oper(0, a, "root3", "word"), MSG_e_wait);
	c = asked(fd);
	ck_str(c.hash, "$hash");
	answer(fd, c.ticket, false);
	ck_assert_uint_eq(LAST(failed).code, ERR_PASSWORD);
	for (int i = 0; i < 2; i++) {
		oper(0, a, "root3", "word");
		answer(fd, asked(fd).ticket, false);
	}
	/* three wrong ones: wait */
	ck_assert_uint_eq(oper(0, a, "root3", "word"), MSG_e_refused);
	ck_assert_uint_eq(refused_with(), ERR_BUSY);
	ck_assert_uint_eq(view("alice").umodes, 0);
	close(fd);
}
END_TEST

/* Who comes again under another name is known by the address. */
START_TEST(many_wrong_words_from_one_address)
{
	int fd = auth_process(0, 7);
	unsigned wrong = 0;
	char name[24];
	uint64_t u;

	block("root", "$hash", "", "", LEVEL_ADMIN);
	for (int i = 0; i < 30; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		u = login(0, name, i < 29 ? "192.0.2.1" : "2001:db8::1", "", "");
		if (oper(0, u, "root", "word") == MSG_e_wait) {
			answer(fd, asked(fd).ticket, false);
			wrong++;
		}
		ck_assert(world_quit(0, u));
	}
	ck_assert_uint_eq(wrong, 21);
	/* a network of the newer kind is one address */
	for (int i = 0; i < 30; i++) {
		snprintf(name, sizeof(name), "2001:db8::%d", i);
		u = login(0, "x", name, "", "");
		if (oper(0, u, "root", "word") == MSG_e_wait) {
			answer(fd, asked(fd).ticket, false);
			wrong++;
		}
		ck_assert(world_quit(0, u));
	}
	ck_assert_uint_eq(wrong, 40);
	close(fd);
}
END_TEST

START_TEST(auth_processes_die)
{
	uint64_t a = login(0, "alice", "192.0.2.1", "", ""),
		 b = login(0, "bob", "192.0.2.1", "", "");
	int one = auth_process(0, 7), two;
	uint64_t seq;

	block("root", "$hash", "", "", LEVEL_ADMIN);
	ck_assert_uint_eq(oper(0, a, "root", "word"), MSG_e_wait);
	asked(one);
	two = auth_process(1, 8);
	ck_assert_uint_eq(oper(0, b, "root", "other"), MSG_e_wait);
	ck_str(asked(two).password, "other"); /* the less busy one */
	close(one);
	loop_turn(proc.loop, 1000);
	ck_str(asked(two).password, "word");
	auth_gone(0, 7); /* as the master says in the end */
	ck_assert(world_quit(0, b));
	seq = br.j.seq;
	close(two);
	loop_turn(proc.loop, 1000);
	auth_resume();
	/* bob is gone: nobody is told */
	ck_assert_uint_eq(br.j.seq, seq + 1);
	ck_assert_uint_eq(LAST(failed).code, ERR_BUSY);
	ck_assert_uint_eq(LAST(failed).user, a);
	ck_assert_uint_eq(oper(0, a, "root", "word"), MSG_e_refused);
	ck_assert_uint_eq(refused_with(), ERR_BUSY);
}
END_TEST

START_TEST(auth_processes_that_talk_nonsense)
{
	uint64_t a = login(0, "alice", "192.0.2.1", "", "");
	int fd = auth_process(0, 7);
	char c;

	block("root", "$hash", "", "", LEVEL_ADMIN);
	ck_assert_uint_eq(oper(0, a, "root", "word"), MSG_e_wait);
	answer(fd, asked(fd).ticket + 1, true);
	ck_assert_uint_eq(LAST(failed).code, ERR_BUSY);
	ck_assert_int_eq(recv(fd, &c, 1, 0), 0);
	close(fd);
}
END_TEST

START_TEST(only_so_many_checks)
{
	int fd = auth_process(0, 7);
	char name[24], address[24];
	uint64_t u;

	block("root", "$hash", "", "", LEVEL_ADMIN);
	for (int i = 0; i < AUTH_PENDING_MAX; i++) {
		snprintf(name, sizeof(name), "u%d", i);
		snprintf(address, sizeof(address), "192.0.2.%d", i / 8);
		u = login(0, name, address, "", "");
		ck_assert_uint_eq(oper(0, u, "root", "word"), MSG_e_wait);
		/* so many from one address */
		if (i % 8 == 7) {
			u = login(0, "more", address, "", "");
			ck_assert_uint_eq(oper(0, u, "root", "word"), MSG_e_refused);
			ck_assert(world_quit(0, u));
		}
	}
	u = login(0, "last", "192.0.2.99", "", "");
	ck_assert_uint_eq(oper(0, u, "root", "word"), MSG_e_refused);
	ck_assert_uint_eq(refused_with(), ERR_BUSY);
	answer(fd, asked(fd).ticket, false);
	ck_assert_uint_eq(oper(0, u, "root", "word"), MSG_e_wait);
	close(fd);
}
END_TEST

/* Nothing that is secret is in the journal, or left in the frame. */
START_TEST(passwords_are_wiped)
{
	struct m_r_oper q = {.serial = 1, .name = S("root"), .password = S("correct horse")};
	char f[IPC_FRAME_MAX];
	size_t n;
	int fd = auth_process(0, 7);

	block("root", "$hash", "", "", LEVEL_ADMIN);
	q.user = login(0, "alice", "192.0.2.1", "", "");
	q.serial = world_serial(0);
	n = m_r_oper_put(f, sizeof(f), &q);
	ck_assert_ptr_nonnull(memmem(f, n, "correct horse", 13));
	ck_assert(world_decide(0, f, n));
	ck_assert_ptr_null(memmem(f, n, "correct horse", 13));
	answer(fd, asked(fd).ticket, true);
	ck_assert_ptr_null(memmem(world.journal, world.journal_size, "correct horse", 13));
	ck_assert_ptr_null(memmem(world.reg, world.reg_size, "correct horse", 13));
	close(fd);
}
END_TEST

START_TEST(what_operators_do)
{
	uint64_t a = login(0, "alice", "192.0.2.1", "", ""),
		 b = login(1, "bob", "192.0.2.2", "", "");

	ASK(oper_do, 0, .user = a, .act = OPER_KILL, .target = S("bob"));
	ck_assert_uint_eq(refused_with(), ERR_NOT_OPER);
	user_find(S("alice"))->umodes |= UMODE_OPER;
	br.reg.h->nopers++;
	user_find(S("alice"))->level = LEVEL_READ;
	ASK(oper_do, 0, .user = a, .act = OPER_KILL, .target = S("bob"));
	ck_assert_uint_eq(refused_with(), ERR_PERMISSION);
	user_find(S("alice"))->level = LEVEL_OPERATE;
	ASK(oper_do, 0, .user = a, .act = OPER_KILL, .target = S("nobody"));
	ck_assert_uint_eq(refused_with(), ERR_NO_SUCH_USER);
	ck_assert_uint_eq(
	    ASK(oper_do, 0, .user = a, .act = OPER_KILL, .target = S("BOB"), .text = S("enough")),
	    MSG_e_quit);
	ck_assert_uint_eq(LAST(quit).why, QUIT_KILLED);
	ck_str(LAST(quit).by, "alice");
	ck_str(LAST(quit).reason, "enough");
	ck_assert_uint_eq(world_last()->targets, 3);
	ck_assert_ptr_null(regw_user(&br.reg, b));
	ck_assert_uint_eq(ASK(oper_do, 0, .user = a, .act = OPER_WALLOPS, .text = S("hear")),
			  MSG_e_wallops);
	ck_assert_uint_eq(world_last()->targets, (1ull << WORKERS_MAX) - 1);
	ASK(oper_do, 0, .user = a, .act = OPER_WALLOPS);
	ck_assert_uint_eq(refused_with(), ERR_EMPTY);
	ASK(oper_do, 0, .user = a, .act = OPER_DIE);
	ck_assert_uint_eq(refused_with(), ERR_PERMISSION);
	ck_assert_uint_eq(ASK(oper_do, 0, .user = a, .act = OPER_ACTS), 0);
	user_find(S("alice"))->level = LEVEL_ADMIN;
	ck_assert_uint_eq(ASK(oper_do, 0, .user = a, .act = OPER_REHASH), MSG_e_ok);
	ck_assert_uint_gt(LAST(ok).text.n, 0);
	ck_assert_uint_eq(ASK(oper_do, 0, .user = a, .act = OPER_KILL, .target = S("alice")),
			  MSG_e_quit);
}
END_TEST

START_TEST(another_host)
{
	uint64_t a = login(0, "alice", "::1", "al", "");
	struct m_r_admin q = {.op = ADMIN_HOST, .level = LEVEL_OPERATE, .target = S("Alice")};
	static const char *const bad[] = {":x", "a b", "a@b", "a!b", "\xc3\xa4"};
	char f[IPC_FRAME_MAX];

	q.serial = world_serial(SUB_CONTROL);
	q.arg = S("staff.example.org");
	ck_assert(world_decide(SUB_CONTROL, f, m_r_admin_put(f, sizeof(f), &q)));
	ck_str(LAST(chghost).uhost, "al@0::1");
	ck_str(LAST(chghost).now, "al@staff.example.org");
	ck_assert_str_eq(view("alice").host, "staff.example.org");
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		q.serial = world_serial(SUB_CONTROL);
		q.arg = S(bad[i]);
		ck_assert(world_decide(SUB_CONTROL, f, m_r_admin_put(f, sizeof(f), &q)));
		ck_assert_uint_eq(refused_with(), ERR_BAD_ARGUMENT);
	}
	q.serial = world_serial(SUB_CONTROL);
	q.arg = S("");
	ck_assert(world_decide(SUB_CONTROL, f, m_r_admin_put(f, sizeof(f), &q)));
	ck_str(LAST(chghost).now, "al@0::1");
	ck_assert(world_quit(0, a));
}
END_TEST

static uint32_t dice;

/* 0 to n - 1; the same in every run. */
static uint32_t
any(uint32_t n)
{
	dice = dice * 1664525u + 1013904223u;
	return (dice >> 8) % n;
}

/* Anything, in any order: all hangs together all the same, and for a successor too. */
START_TEST(whatever_they_ask_for)
{
	static const char *const words[] = {"alice", "bob", "Carol", "den", "k1",
					    "k2",    "",    "\xff",  "a b", "root"};
	uint64_t users[6] = {0};
	int fd = auth_process(0, 7);

	dice = 1;
#define WORD S(words[any(ARRAY_LEN(words))])
	block("root", "$hash", "", "", LEVEL_ADMIN);
	for (int i = 0; i < 4000; i++) {
		unsigned k = any(ARRAY_LEN(users)), sub = k % 3, what = any(14);
		uint64_t u = users[k];

		switch (what) {
		case 0:
			u = login(sub, words[any(ARRAY_LEN(words))], "::1", words[any(10)],
				  words[any(10)]);
			if (u != 0 && regw_user(&br.reg, users[k]) == NULL)
				users[k] = u;
			break;
		case 1:
		case 2:
			ASK(meta, sub, .user = u, .on = any(4) != 0,
			    .room = any(2) ? S("den") : S(""), .name = any(3) ? S("") : WORD,
			    .key = WORD, .value = WORD);
			break;
		case 3:
			ASK(redact, sub, .user = u, .msg = br.j.seq - any(50),
			    .room = any(2) ? S("den") : S(""), .name = WORD, .reason = WORD);
			break;
		case 4:
			oper(sub, u, any(2) ? "root" : "x", "word");
			break;
		case 5:
			ASK(oper_do, sub, .user = u, .act = (uint8_t)any(2), .target = WORD,
			    .text = WORD);
			break;
		case 6:
			ASK(umode, sub, .user = u, .set = any(64), .clear = any(64));
			break;
		case 7:
			ASK(setname, sub, .user = u, .real = WORD);
			break;
		case 8:
			ASK(follow, sub, .on = (uint8_t)any(2));
			break;
		case 9:
			ASK(join, sub, .user = u, .room = S("den"));
			break;
		case 10:
			ASK(part, sub, .user = u, .room = S("den"));
			break;
		case 11:
			if (room_find(S("den")) != NULL)
				world_say(sub, u, room_find(S("den"))->id, "words");
			break;
		case 12:
			world_nick(sub, u, words[any(5)]);
			break;
		default: {
			struct m_a_check m;
			char buf[1024];

			if (recv(fd, buf, IPC_HDR, MSG_PEEK) == IPC_HDR) {
				m = asked(fd);
				answer(fd, m.ticket, any(2));
			} else if (any(8) == 0)
				world_quit(sub, u);
		}
		}
		if (i % 100 == 0)
			world_verify();
		if (i % 1000 == 999)
			world_reopen(&world);
	}
	close(fd);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("users");
	TCase *t = tcase_create("users");

	suite_add_tcase(s, t);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, ident_and_host);
	tcase_add_test(t, hostile_idents);
	tcase_add_test(t, names_that_were);
	tcase_add_test(t, the_ring_of_names_turns);
	tcase_add_test(t, another_real_name);
	tcase_add_test(t, modes_of_users);
	tcase_add_test(t, followers_hear_of_everybody);
	tcase_add_test(t, metadata_of_users);
	tcase_add_test(t, metadata_is_bounded_and_ends_with_its_owner);
	tcase_add_test(t, metadata_of_rooms);
	tcase_add_test(t, metadata_by_operators_of_the_server);
	tcase_add_test(t, a_user_with_all_there_is_may_go);
	tcase_add_test(t, words_in_a_room_taken_back);
	tcase_add_test(t, words_between_two_taken_back);
	tcase_add_test(t, old_words_are_gone);
	tcase_add_test(t, an_operator_is_made);
	tcase_add_test(t, who_is_no_operator);
	tcase_add_test(t, many_wrong_words_from_one_address);
	tcase_add_test(t, auth_processes_die);
	tcase_add_test(t, auth_processes_that_talk_nonsense);
	tcase_add_test(t, only_so_many_checks);
	tcase_add_test(t, passwords_are_wiped);
	tcase_add_test(t, what_operators_do);
	tcase_add_test(t, another_host);
	tcase_add_test(t, whatever_they_ask_for);
	return unit_run(s);
}
