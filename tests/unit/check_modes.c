/* check_modes.c - masks, and what rooms' modes, lists and ranks make of requests. */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/mask.h"
#include "ipc/maskform.h"
#include "lib/util.h"
#include "registry/registry.h"
#include "unit.h"
#include "world.h"

static struct world world;

static void
setup(void)
{
	world_init(&world, 100, 1u << 20);
}

static void
teardown(void)
{
	world_verify();
	world_fini(&world);
}

/* --- masks: how they are written ------------------------------------------------------------------ */

START_TEST(masks_have_one_form)
{
	static const struct {
		const char *typed, *form, *shown; /* form NULL: no mask; shown NULL: as the form */
	} t[] = {
	    {"bob", "bob!*@*", "bob"},
	    {"Bob!*@*", "Bob!*@*", "Bob"},
	    {"*", "*!*@*", "*"},
	    {"bo*", "bo*!*@*", "bo*"},
	    {"bob!ident", "bob!ident@*", NULL},
	    {"ident@host", "*!ident@host", NULL},
	    {"~ident@host", "*!~ident@host", NULL},
	    {"@host", "*!*@host", NULL},
	    {"bob!", "bob!*@*", "bob"},
	    {"!@", "*!*@*", "*"},
	    {"a!b@c", "a!b@c", NULL},
	    {"192.0.2.0/24", "*!*@192.0.2.0/24", "192.0.2.0/24"},
	    {"*!*@192.0.2.1", "*!*@192.0.2.1", "192.0.2.1"},
	    {"2001:db8::/32", "*!*@2001:db8::/32", "2001:db8::/32"},
	    {"a::1", "*!*@a::1", "a::1"},
	    {"*.example.org", "*!*@*.example.org", "*.example.org"},
	    {"*!*@localhost", "*!*@localhost", NULL},
	    {"~a:alice", "~a:alice", NULL},
	    {"a:alice", "~a:alice", NULL},
	    {"~r:*money*", "~r:*money*", NULL},
	    {"~m:bob", "~m:bob!*@*", "~m:bob"},
	    {"m:bob!*@*", "~m:bob!*@*", "~m:bob"},
	    {"~m:~a:x", "~m:~a:x", NULL},
	    {"~m:r:x", "~m:~r:x", NULL},
	    {"", NULL, NULL},
	    {"~m:", NULL, NULL},
	    {"~a:", NULL, NULL},
	    {"~m:~m:x", NULL, NULL},
	    {"~q:x", NULL, NULL},
	    {"~bob", NULL, NULL},
	    {"1.2.3.4/33", NULL, NULL},
	    {"*!*@300.2.3.4/9", NULL, NULL},
	    {"300.2.3.4/9", NULL, NULL},
	    {"*!*@some/where", "*!*@some/where", NULL},
	    {"x.y/z", NULL, NULL},
	    {"a/b", NULL, NULL},
	    {"a b", NULL, NULL},
	    {"a,b", NULL, NULL},
	    {"a!b!c@d", NULL, NULL},
	    {"a@b@c", NULL, NULL},
	    {"a@b!c", NULL, NULL},
	    {":x!*@*", NULL, NULL},
	    {"\x1b[2J", NULL, NULL},
	};
	char form[MASK_MAX + 1], again[MASK_MAX + 1];

	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		size_t n = mask_canon(str_of(t[i].typed), form);
		const char *want = t[i].form != NULL ? t[i].form : "";
		struct str shown;

		ck_assert_msg(n == strlen(want) && strcmp(form, want) == 0, "%s: %s", t[i].typed,
			      form);
		if (n == 0)
			continue;
		ck_assert_uint_eq(mask_canon(str_of(form), again), n);
		ck_assert_str_eq(form, again);
		shown = mask_show(str_of(form));
		ck_assert_msg(str_eq(shown, str_of(t[i].shown != NULL ? t[i].shown : form)),
			      "%s shown as " STR_FMT, form, STR_ARG(shown));
	}
}
END_TEST

START_TEST(masks_that_are_too_long_are_none)
{
	char typed[MASK_MAX + 1], form[MASK_MAX + 1];

	memset(typed, 'a', sizeof(typed));
	ck_assert_uint_eq(mask_canon((struct str){typed, MASK_MAX - 4}, form), MASK_MAX);
	ck_assert_uint_eq(mask_canon((struct str){typed, MASK_MAX - 3}, form), 0);
	ck_assert_uint_eq(mask_canon((struct str){typed, MASK_MAX + 1}, form), 0);
	memcpy(typed, "~r:", 3);
	ck_assert_uint_eq(mask_canon((struct str){typed, MASK_MAX}, form), MASK_MAX);
	memcpy(typed, "m:r", 3);
	typed[3] = ':';
	ck_assert_uint_eq(mask_canon((struct str){typed, MASK_MAX}, form), 0);
}
END_TEST

/* --- masks: whom they fit ----------------------------------------------------------------------------- */

static bool
compiled(struct mask *m, const char *typed)
{
	char form[MASK_MAX + 1];

	return mask_canon(str_of(typed), form) > 0 && mask_compile(m, form);
}

START_TEST(masks_fit_people)
{
	static const struct {
		const char *mask, *fold, *ident, *host, *address, *account, *real;
		bool match;
	} t[] = {
#define SOMEBODY "spammer", "telnet", "192.0.2.1", "192.0.2.1", "", "spammer"
	    {"spam*", SOMEBODY, true},
	    {"SPAM*", SOMEBODY, true},
	    {"sp?mmer", SOMEBODY, true},
	    {"s?mmer", SOMEBODY, false},
	    {"*", SOMEBODY, true},
	    {"s*a*m*r", SOMEBODY, true},
	    {"s*a*z*r", SOMEBODY, false},
	    {"192.0.2.1", SOMEBODY, true},
	    {"192.0.2.0/24", SOMEBODY, true},
	    {"192.0.2.128/25", SOMEBODY, false},
	    {"0.0.0.0/0", SOMEBODY, true},
	    {"::/0", SOMEBODY, true},
	    {"192.0.2.*", SOMEBODY, true},
	    {"*!telnet@*", SOMEBODY, true},
	    {"*!TELNET@192.0.2.1", SOMEBODY, true},
	    {"*!~telnet@*", SOMEBODY, true},
	    {"*!irc@*", SOMEBODY, false},
	    {"spammer!*@192.0.3.*", SOMEBODY, false},
	    {"~a:*", SOMEBODY, false},
	    {"~r:spam*", SOMEBODY, true},
#define BOB "bob", "bo", "Vhost.Example.ORG", "2001:db8:1::1", "Bobby", "Bob the Builder"
	    {"*.example.org", BOB, true},
	    {"*!bo@*.EXAMPLE.org", BOB, true},
	    {"2001:db8::/32", BOB, true},
	    {"2001:db8:1::1", BOB, true},
	    {"2001:db8:*", BOB, true},
	    {"0.0.0.0/0", BOB, false},
	    {"2001:db9::/32", BOB, false},
	    {"~a:bobby", BOB, true},
	    {"~a:BOB*", BOB, true},
	    {"~a:bob", BOB, false},
	    {"~a:*", BOB, true},
	    {"~r:bob?the?builder", BOB, true},
	    {"~r:*BUILDER", BOB, true},
	    {"~r:builder", BOB, false},
	    {"~m:bob", BOB, true},
	    {"192.0.2.0/24", "bob", "x", "h", "unix", "", "", false},
	};

	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		struct mask_subject s;
		struct mask m;

		mask_subject_init(&s);
		s.fold = t[i].fold;
		s.ident = t[i].ident;
		s.host = t[i].host;
		s.address = t[i].address;
		s.account = t[i].account;
		s.real = t[i].real;
		ck_assert_msg(compiled(&m, t[i].mask), "%s", t[i].mask);
		ck_assert_msg(mask_fits(&m, &s) == t[i].match, "%s %s", t[i].mask, t[i].fold);
	}
}
END_TEST

START_TEST(masks_are_the_same_however_written)
{
	static const struct {
		const char *a, *b;
		bool same;
	} t[] = {
	    {"bob", "BOB!*@*", true},
	    {"bob!X@Host", "Bob!x@hOST", true},
	    {"bob", "bob!x", false},
	    {"Stra\xc3\x9f"
	     "e",
	     "STRASSE", true},
	    {"~a:Bob", "a:bob", true},
	    {"~a:bob", "~r:bob", false},
	    {"~m:bob", "bob", false},
	    {"a!bc@d", "a!b@cd", false},
	};
	struct mask a, b;

	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		ck_assert(compiled(&a, t[i].a) && compiled(&b, t[i].b));
		ck_assert_msg(mask_equal(&a, &b) == t[i].same, "%s %s", t[i].a, t[i].b);
	}
	/* nobody sees it: its fold is empty */
	ck_assert(!compiled(&a, "\xe2\x80\x8d"));
}
END_TEST

/* --- several modes in one request ---------------------------------------------------------------------------- */

static char frame[IPC_FRAME_MAX], list[MODES_BYTES_MAX];
static size_t nlist;

static void
change(unsigned op, bool on, const char *arg)
{
	struct mode_change m = {.op = (uint8_t)op, .on = on, .arg = str_of(arg)};

	nlist = mode_put(list, nlist, sizeof(list), &m);
	ck_assert_uint_gt(nlist, 0);
}

/* Sends what change() collected; the type of the event that it ended in. */
static unsigned
modes(unsigned sub, uint64_t user, const char *room)
{
	struct m_r_mode q = {.serial = world_serial(sub),
			     .user = user,
			     .room = str_of(room),
			     .changes = {list, nlist}};

	nlist = 0;
	ck_assert(world_decide(sub, frame, m_r_mode_put(frame, sizeof(frame), &q)));
	return ipc_type(world_last()->data);
}

static unsigned
mode1(unsigned sub, uint64_t user, const char *room, unsigned op, bool on, const char *arg)
{
	change(op, on, arg);
	return modes(sub, user, room);
}

static struct m_e_mode
last_mode(void)
{
	const struct jentry *e = world_last();
	struct m_e_mode m;

	ck_assert(m_e_mode_get(e->data, e->event_len, &m));
	return m;
}

/* The last e_mode as words: "+b bob!*@* -l | 482". */
static const char *
told(void)
{
	static const char letters[MODE_COUNT + 1] = "ovbqklimpthxInCRM";
	static char out[4096];
	struct m_e_mode e = last_mode();
	struct mode_change m;
	struct mode_refusal no;
	size_t n = 0;

	out[0] = '\0';
	while (mode_next(&e.changes, &m))
		n += bprintf(out + n, sizeof(out) - n, "%s%c%c%s" STR_FMT, n > 0 ? " " : "",
			     m.on ? '+' : '-', letters[m.op], m.arg.n > 0 ? " " : "",
			     STR_ARG(m.arg));
	while (refusal_next(&e.refused, &no))
		n += bprintf(out + n, sizeof(out) - n, " | %c %u " STR_FMT, letters[no.op],
			     (unsigned)no.code, STR_ARG(no.arg));
	return out;
}

static const struct reg_room *
den(void)
{
	return room_find(STR_LIT("den"));
}

static uint32_t
flags_of(uint64_t user)
{
	return regw_member(&br.reg, regw_user(&br.reg, user), den()->id)->flags;
}

static uint64_t alice, bob, carol;

/* alice is the operator of den, bob is in it, carol is not. */
static void
people(void)
{
	alice = world_login(0, "Alice", "192.0.2.1");
	bob = world_login(1, "Bob", "192.0.2.2");
	carol = world_login(2, "carol", "2001:db8::3");
	ck_assert(world_join(0, alice, "den") && world_join(1, bob, "den"));
}

START_TEST(a_fresh_room_hears_no_strangers)
{
	people();
	ck_assert_uint_eq(den()->modes, 1u << MODE_NO_OUTSIDE);
}
END_TEST

START_TEST(several_modes_are_one_entry)
{
	uint64_t seq;

	people();
	seq = br.j.seq;
	change(MODE_MODERATED, true, "");
	change(MODE_VOICE, true, "bob");
	change(MODE_LIMIT, true, "12");
	change(MODE_BAN, true, "spam*");
	change(MODE_KEY, true, "sesame");
	change(MODE_BAN, true, "ident@192.0.2.0/24");
	change(MODE_INVEX, true, "~a:*");
	ck_assert_uint_eq(modes(0, alice, "DEN"), MSG_e_mode);
	ck_assert_uint_eq(br.j.seq, seq + 1);
	ck_assert_str_eq(told(),
			 "+m +v Bob +l 12 +b spam*!*@* +k * +b *!ident@192.0.2.0/24 +I ~a:*");
	ck_assert_uint_eq(world_last()->targets, 1u << 0 | 1u << 1);
	ck_assert_uint_eq(den()->limit, 12);
	ck_assert_uint_eq(flags_of(bob), MEMBER_VOICE);
	ck_assert_uint_eq(br.rooms[ID_SLOT(den()->id)].nlists, 3);
	ck_assert_ptr_null(memmem(world_last(), world_last()->size, "sesame", 6));
}
END_TEST

START_TEST(what_is_so_already_is_left_out)
{
	people();
	change(MODE_OP, true, "alice");
	change(MODE_NO_OUTSIDE, true, "");
	change(MODE_VOICE, false, "bob");
	change(MODE_KEY, false, "any");
	ck_assert_uint_eq(modes(0, alice, "den"), MSG_e_mode);
	ck_assert_str_eq(told(), "");
	ck_assert_uint_eq(world_last()->targets, 1u << 0);
	change(MODE_BAN, true, "x");
	change(MODE_BAN, true, "X!*@*");
	change(MODE_LIMIT, true, "3");
	change(MODE_LIMIT, true, "3");
	modes(0, alice, "den");
	ck_assert_str_eq(told(), "+b x!*@* +l 3");
	mode1(0, alice, "den", MODE_BAN, true, "x");
	ck_assert_str_eq(told(), "");
}
END_TEST

START_TEST(changes_see_those_before_them)
{
	char want[128];

	people();
	snprintf(want, sizeof(want), "+b x!*@* -b x!*@* +v Bob -v Bob +m -m | b %u x",
		 ERR_NOT_FOUND);
	change(MODE_BAN, true, "x");
	change(MODE_BAN, false, "X");
	change(MODE_BAN, false, "x");
	change(MODE_VOICE, true, "bob");
	change(MODE_VOICE, false, "bob");
	change(MODE_MODERATED, true, "");
	change(MODE_MODERATED, false, "");
	modes(0, alice, "den");
	ck_assert_str_eq(told(), want);
	ck_assert_uint_eq(br.rooms[ID_SLOT(den()->id)].nlists, 0);
	ck_assert_uint_eq(flags_of(bob), 0);
	/* gone and come back: the old entry stays */
	mode1(0, alice, "den", MODE_BAN, true, "x");
	change(MODE_BAN, false, "x");
	change(MODE_BAN, true, "X");
	change(MODE_BAN, true, "y");
	modes(0, alice, "den");
	ck_assert_str_eq(told(), "-b x!*@* +b x!*@* +b y!*@*");
	ck_assert_uint_eq(br.rooms[ID_SLOT(den()->id)].nlists, 2);
	/* who gives its rights away has none for what follows */
	change(MODE_OP, false, "alice");
	change(MODE_MODERATED, true, "");
	modes(0, alice, "den");
	ck_assert_uint_eq(flags_of(alice), 0);
	ck_assert_uint_eq(den()->modes, 1u << MODE_NO_OUTSIDE);
}
END_TEST

START_TEST(what_cannot_be_done_is_named)
{
	char want[256];

	people();
	change(MODE_LIMIT, true, "0");
	change(MODE_LIMIT, true, "1000001");
	change(MODE_KEY, true, "");
	change(MODE_BAN, true, "a b");
	change(MODE_INVEX, true, "~m:x");
	change(MODE_OP, true, "nobody");
	change(MODE_OP, true, "carol");
	change(MODE_TOPIC_LOCK, true, "");
	modes(0, alice, "den");
	snprintf(want, sizeof(want),
		 "+t | l %u 0 | l %u 1000001 | k %u key | b %u a b | I %u ~m:x | o %u nobody | o "
		 "%u carol",
		 ERR_BAD_ARGUMENT, ERR_BAD_ARGUMENT, ERR_BAD_ARGUMENT, ERR_BAD_ARGUMENT,
		 ERR_BAD_ARGUMENT, ERR_NO_SUCH_USER, ERR_TARGET_NOT_IN_ROOM);
	ck_assert_str_eq(told(), want);
	/* one alone is told in the same way; strangers and members without rights are refused */
	ck_assert_uint_eq(mode1(0, alice, "den", MODE_LIMIT, true, "x"), MSG_e_mode);
	ck_assert_uint_eq(mode1(1, bob, "den", MODE_BAN, true, "x"), MSG_e_refused);
	ck_assert_uint_eq(mode1(2, carol, "den", MODE_BAN, true, "x"), MSG_e_refused);
	ck_assert_uint_eq(mode1(2, carol, "none", MODE_BAN, true, "x"), MSG_e_refused);
}
END_TEST

START_TEST(keys_are_words)
{
	static const char *const bad[] = {"with space", "a,b", ":a", "a\tb", "\xff"};
	char want[32];

	people();
	snprintf(want, sizeof(want), " | k %u key", ERR_BAD_ARGUMENT);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		ck_assert_uint_eq(mode1(0, alice, "den", MODE_KEY, true, bad[i]), MSG_e_mode);
		ck_assert_str_eq(told(), want);
	}
	mode1(0, alice, "den", MODE_KEY, true, "k\xc3\xa4se:!");
	ck_assert_str_eq(told(), "+k *");
}
END_TEST

START_TEST(a_list_has_an_end)
{
	char mask[16];

	people();
	for (int i = 0; i < ROOM_LIST_MAX + 5; i++) {
		snprintf(mask, sizeof(mask), "m%d", i);
		change(MODE_BAN, true, mask);
		if (i % MODES_MAX == MODES_MAX - 1 || i == ROOM_LIST_MAX + 4)
			ck_assert_uint_eq(modes(0, alice, "den"), MSG_e_mode);
	}
	ck_assert_uint_eq(list_count(&br.rooms[ID_SLOT(den()->id)], LIST_BAN), ROOM_LIST_MAX);
	/* one goes, and another finds its place in the same request */
	change(MODE_BAN, false, "m7");
	change(MODE_BAN, true, "fresh");
	change(MODE_BAN, true, "toomuch");
	modes(0, alice, "den");
	ck_assert_uint_eq(list_count(&br.rooms[ID_SLOT(den()->id)], LIST_BAN), ROOM_LIST_MAX);
	ck_assert_ptr_nonnull(strstr(told(), "-b m7!*@* +b fresh!*@* | b"));
}
END_TEST

START_TEST(malformed_lists_are_a_peers_mistake)
{
	struct m_r_mode q = {.room = STR_LIT("den"), .changes = {list, 0}};

	people();
	q.user = alice;
	q.serial = world_serial(0);
	ck_assert(!world_decide(0, frame, m_r_mode_put(frame, sizeof(frame), &q)));
	for (int i = 0; i <= MODES_MAX; i++)
		change(MODE_MODERATED, i % 2, "");
	q.changes.n = nlist;
	ck_assert(!world_decide(0, frame, m_r_mode_put(frame, sizeof(frame), &q)));
	q.changes.n = 4;
	ck_assert(!world_decide(0, frame, m_r_mode_put(frame, sizeof(frame), &q)));
	nlist = 0;
}
END_TEST

START_TEST(readers_see_all_lists)
{
	struct reg_list_view v[8];
	struct registry *reg;
	char path[64];
	uint32_t at = 0;
	int fd;

	people();
	change(MODE_BAN, true, "a");
	change(MODE_BAN, true, "~m:b");
	change(MODE_EXCEPT, true, "c");
	change(MODE_INVEX, true, "d");
	modes(0, alice, "den");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", world.reg_fd);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	reg = registry_map(fd, world.reg_size);
	ck_assert_ptr_nonnull(reg);
	ck_assert_int_eq(registry_list(reg, den()->id, &at, v, 8), 4);
	ck_assert(v[0].op == MODE_BAN && strcmp(v[0].mask, "a!*@*") == 0);
	ck_assert(v[1].op == MODE_MUTE && strcmp(v[1].mask, "b!*@*") == 0);
	ck_assert(v[2].op == MODE_EXCEPT && v[3].op == MODE_INVEX);
	registry_unmap(reg);
}
END_TEST

/* --- ranks ------------------------------------------------------------------------------------------------------ */

static unsigned
kick(unsigned sub, uint64_t user, const char *target)
{
	struct m_r_kick q = {.serial = world_serial(sub),
			     .user = user,
			     .room = STR_LIT("den"),
			     .target = str_of(target)};

	ck_assert(world_decide(sub, frame, m_r_kick_put(frame, sizeof(frame), &q)));
	return ipc_type(world_last()->data);
}

START_TEST(who_keeps_order_makes_no_operators)
{
	char want[64];

	people();
	ck_assert(world_join(2, carol, "den"));
	mode1(0, alice, "den", MODE_HALFOP, true, "bob");
	ck_assert_str_eq(told(), "+h Bob");
	change(MODE_VOICE, true, "carol");
	change(MODE_BAN, true, "x");
	change(MODE_EXCEPT, true, "y");
	change(MODE_OP, true, "carol");
	ck_assert_uint_eq(modes(1, bob, "den"), MSG_e_mode);
	snprintf(want, sizeof(want), "+v carol +b x!*@* +x y!*@* | o %u den", ERR_RANK);
	ck_assert_str_eq(told(), want);
	ck_assert_uint_eq(mode1(1, bob, "den", MODE_MODERATED, true, ""), MSG_e_mode);
	ck_assert_uint_eq(last_mode().changes.n, 0);
	ck_assert_uint_eq(kick(1, bob, "alice"), MSG_e_refused);
	ck_assert_uint_eq(kick(1, bob, "carol"), MSG_e_kick);
	/* everybody may step down */
	ck_assert_uint_eq(mode1(1, bob, "den", MODE_HALFOP, false, "bob"), MSG_e_mode);
	ck_assert_str_eq(told(), "-h Bob");
	ck_assert_uint_eq(mode1(1, bob, "den", MODE_VOICE, true, "bob"), MSG_e_refused);
	ck_assert_uint_eq(kick(1, bob, "alice"), MSG_e_refused);
}
END_TEST

/* --- what lists and modes do ----------------------------------------------------------------------------------- */

START_TEST(exceptions_are_stronger_than_bans)
{
	people();
	mode1(0, alice, "den", MODE_BAN, true, "2001:db8::/32");
	ck_assert(!world_join(2, carol, "den"));
	mode1(0, alice, "den", MODE_EXCEPT, true, "~m:carol"); /* only her words */
	ck_assert(!world_join(2, carol, "den"));
	mode1(0, alice, "den", MODE_EXCEPT, true, "car*");
	ck_assert(world_join(2, carol, "den"));
	ck_assert(world_say(2, carol, den()->id, "hello"));
}
END_TEST

START_TEST(a_mute_is_a_ban_of_words)
{
	people();
	mode1(0, alice, "den", MODE_BAN, true, "~m:BOB!*@*");
	ck_assert_str_eq(told(), "+q BOB!*@*");
	ck_assert(!world_say(1, bob, den()->id, "hello"));
	mode1(0, alice, "den", MODE_MUTE, true, "bob");
	ck_assert_str_eq(told(), "");
	mode1(0, alice, "den", MODE_EXCEPT, true, "~m:*!~telnet@*");
	ck_assert(world_say(1, bob, den()->id, "hello"));
	mode1(0, alice, "den", MODE_EXCEPT, false, "~m:*!~telnet");
	ck_assert(!world_say(1, bob, den()->id, "hello"));
	mode1(0, alice, "den", MODE_VOICE, true, "bob");
	ck_assert(world_say(1, bob, den()->id, "hello"));
	mode1(0, alice, "den", MODE_VOICE, false, "bob");
	mode1(0, alice, "den", MODE_BAN, false, "~m:bob!*@*");
	ck_assert_str_eq(told(), "-q BOB!*@*");
	ck_assert(world_say(1, bob, den()->id, "hello"));
}
END_TEST

START_TEST(doors_and_who_opens_them)
{
	people();
	mode1(0, alice, "den", MODE_INVITE_ONLY, true, "");
	ck_assert(!world_join(2, carol, "den"));
	mode1(0, alice, "den", MODE_INVEX, true, "*!telnet@2001:db8::3");
	ck_assert(world_join(2, carol, "den"));
	ck_assert(world_part(2, carol, "den"));
	mode1(0, alice, "den", MODE_REG_JOIN, true, "");
	ck_assert(!world_join(2, carol, "den"));
	change(MODE_REG_JOIN, false, "");
	change(MODE_KEY, true, "one");
	change(MODE_KEY, true, "two");
	modes(0, alice, "den");
	ck_assert(!world_join(2, carol, "den"));
	change(MODE_KEY, false, "wrong");
	modes(0, alice, "den");
	ck_assert_str_eq(told(), "-k *");
	ck_assert(world_join(2, carol, "den"));
}
END_TEST

static unsigned
say(unsigned sub, uint64_t user, struct m_r_say q)
{
	q.serial = world_serial(sub);
	q.user = user;
	q.name = STR_LIT("den");
	ck_assert(world_decide(sub, frame, m_r_say_put(frame, sizeof(frame), &q)));
	return ipc_type(world_last()->data);
}

static unsigned
why(void)
{
	const struct jentry *e = world_last();
	struct m_e_refused m;

	ck_assert(m_e_refused_get(e->data, e->event_len, &m));
	return m.code;
}

/* What was found out about somebody holds until the lists or that one change. */
START_TEST(lists_are_asked_again_when_something_changes)
{
	struct m_r_say hi = {.text = STR_LIT("hi")};

	people();
	mode1(0, alice, "den", MODE_BAN, true, "nobody-here");
	ck_assert_uint_eq(say(1, bob, hi), MSG_e_say);
	ck_assert_uint_eq(say(1, bob, hi), MSG_e_say);
	mode1(0, alice, "den", MODE_BAN, true, "bobby");
	ck_assert_uint_eq(say(1, bob, hi), MSG_e_say);
	ck_assert(world_nick(1, bob, "bobby"));
	ck_assert_uint_eq(say(1, bob, hi), MSG_e_refused);
	mode1(0, alice, "den", MODE_EXCEPT, true, "b?bby");
	ck_assert_uint_eq(say(1, bob, hi), MSG_e_say);
	mode1(0, alice, "den", MODE_EXCEPT, false, "b?bby");
	ck_assert_uint_eq(say(1, bob, hi), MSG_e_refused);
	ck_assert(world_nick(1, bob, "bob"));
	ck_assert_uint_eq(say(1, bob, hi), MSG_e_say);
	ck_assert(world_nick(1, bob, "bobby"));
	ck_assert_uint_eq(say(1, bob, hi), MSG_e_refused);
	mode1(0, alice, "den", MODE_BAN, false, "bobby");
	ck_assert_uint_eq(say(1, bob, hi), MSG_e_say);
	/* and a successor knows nothing of what its predecessor found out */
	mode1(0, alice, "den", MODE_BAN, true, "bobby");
	world_reopen(&world);
	ck_assert_uint_eq(say(1, bob, hi), MSG_e_refused);
}
END_TEST

START_TEST(one_users_rooms_have_so_many_entries)
{
	char room[16], mask[16];
	unsigned taken = 0;

	alice = world_login(0, "Alice", "192.0.2.1");
	for (unsigned i = 0; i < 7; i++) {
		bprintf(room, sizeof(room), "r%u", i);
		ck_assert(world_join(0, alice, room));
		for (unsigned k = 0; k < ROOM_LIST_MAX; k++) {
			bprintf(mask, sizeof(mask), "n%u", k);
			mode1(0, alice, room, MODE_BAN, true, mask);
			taken += last_mode().refused.n == 0;
		}
	}
	ck_assert_uint_eq(taken, 500);
	/* what others do is their own */
	bob = world_login(1, "Bob", "192.0.2.2");
	ck_assert(world_join(1, bob, "den"));
	mode1(1, bob, "den", MODE_BAN, true, "x");
	ck_assert_uint_eq(last_mode().refused.n, 0);
	ck_assert(world_part(0, alice, "r0"));
	mode1(0, alice, "r6", MODE_BAN, true, "x");
	ck_assert_uint_eq(last_mode().refused.n, 0);
}
END_TEST

START_TEST(words_from_outside)
{
	struct m_r_say hi = {.text = STR_LIT("hi")},
		       ops = {.text = STR_LIT("hi"), .rank = MEMBER_OP};

	people();
	ck_assert_uint_eq(say(2, carol, hi), MSG_e_refused);
	ck_assert_uint_eq(why(), ERR_CANNOT_SAY);
	mode1(0, alice, "den", MODE_NO_OUTSIDE, false, "");
	ck_assert_uint_eq(say(2, carol, hi), MSG_e_say);
	ck_assert_uint_eq(say(2, carol, ops), MSG_e_refused);
	ck_assert_uint_eq(say(1, bob, ops), MSG_e_say);
	mode1(0, alice, "den", MODE_MODERATED, true, "");
	ck_assert_uint_eq(say(2, carol, hi), MSG_e_refused);
	mode1(0, alice, "den", MODE_PRIVATE, true, "");
	ck_assert_uint_eq(say(2, carol, hi), MSG_e_refused);
	ck_assert_uint_eq(why(), ERR_NO_SUCH_ROOM);
	ck_assert_uint_eq(say(1, bob, hi), MSG_e_refused);
	mode1(0, alice, "den", MODE_VOICE, true, "bob");
	ck_assert_uint_eq(say(1, bob, hi), MSG_e_say);
	ops.rank = 3;
	ck_assert_uint_eq(say(0, alice, ops), MSG_e_refused);
}
END_TEST

START_TEST(kinds_of_messages)
{
	struct m_r_say ctcp = {.kind = MSG_CTCP, .text = STR_LIT("VERSION")},
		       act = {.kind = MSG_ACTION, .text = STR_LIT("waves")},
		       tags = {.kind = MSG_TAGS, .tags = STR_LIT("+typing=active")},
		       bad = {.kind = MSG_TAGS, .tags = STR_LIT("+a=b c")};
	uint64_t n;

	people();
	ck_assert_uint_eq(say(1, bob, ctcp), MSG_e_say);
	mode1(0, alice, "den", MODE_NO_CTCP, true, "");
	ck_assert_uint_eq(say(1, bob, ctcp), MSG_e_refused);
	ck_assert_uint_eq(why(), ERR_NO_CTCP);
	ctcp.kind = MSG_CTCP_REPLY;
	ck_assert_uint_eq(say(0, alice, ctcp), MSG_e_refused);
	ck_assert_uint_eq(say(1, bob, act), MSG_e_say);
	n = den()->messages;
	ck_assert_uint_eq(say(1, bob, tags), MSG_e_say);
	ck_assert_uint_eq(den()->messages, n);
	ck_assert_uint_eq(say(1, bob, bad), MSG_e_refused);
	tags.text = STR_LIT("words");
	ck_assert_uint_eq(say(1, bob, tags), MSG_e_refused);
	act.text = STR_LIT("");
	ck_assert_uint_eq(say(1, bob, act), MSG_e_refused);
	mode1(0, alice, "den", MODE_REG_SAY, true, "");
	act.text = STR_LIT("waves");
	ck_assert_uint_eq(say(1, bob, act), MSG_e_refused);
	ck_assert_uint_eq(why(), ERR_SAY_REG_ONLY);
	ck_assert_uint_eq(say(0, alice, act), MSG_e_say);
}
END_TEST

/* --- what events say ----------------------------------------------------------------------------------------------- */

/* Logged in, as long as no account can be had here. */
static void
has_account(uint64_t user, const char *account)
{
	struct reg_user *u = regw_user(&br.reg, user);

	u->more = 1;
	bprintf(br.reg.mores[u - br.reg.users].account, NAME_BYTES_MAX + 1, "%s", account);
}

START_TEST(an_account_opens_doors)
{
	struct m_r_say hi = {.text = STR_LIT("hi")};

	people();
	change(MODE_REG_JOIN, true, "");
	change(MODE_REG_SAY, true, "");
	change(MODE_BAN, true, "~a:carola");
	modes(0, alice, "den");
	ck_assert_uint_eq(say(1, bob, hi), MSG_e_refused);
	has_account(bob, "bobby");
	ck_assert_uint_eq(say(1, bob, hi), MSG_e_say);
	has_account(carol, "Carola");
	ck_assert(!world_join(2, carol, "den"));
	mode1(0, alice, "den", MODE_EXCEPT, true, "carol");
	ck_assert(world_join(2, carol, "den"));
}
END_TEST

START_TEST(a_user_may_hear_only_those_with_accounts)
{
	struct m_r_dm q = {.to = STR_LIT("bob"), .text = STR_LIT("hi")};

	people();
	q.user = alice;
	q.serial = world_serial(0);
	regw_user(&br.reg, bob)->umodes |= UMODE_REG_ONLY;
	ck_assert(world_decide(0, frame, m_r_dm_put(frame, sizeof(frame), &q)));
	ck_assert_uint_eq(ipc_type(world_last()->data), MSG_e_refused);
	ck_assert_uint_eq(why(), ERR_USER_REG_ONLY);
	has_account(alice, "alice");
	q.serial++;
	ck_assert(world_decide(0, frame, m_r_dm_put(frame, sizeof(frame), &q)));
	ck_assert_uint_eq(ipc_type(world_last()->data), MSG_e_dm);
}
END_TEST

START_TEST(events_say_all_that_is_shown)
{
	struct m_r_say hi = {.text = STR_LIT("hi"), .tags = STR_LIT("+x=y"), .rank = MEMBER_VOICE};
	struct m_r_topic topic = {.room = STR_LIT("den"), .text = STR_LIT("bears")};
	const struct jentry *e;
	struct m_e_join j;
	struct m_e_say s;

	people();
	topic.user = alice;
	topic.serial = world_serial(0);
	ck_assert(world_decide(0, frame, m_r_topic_put(frame, sizeof(frame), &topic)));
	has_account(carol, "c");
	ck_assert(world_join(2, carol, "den"));
	e = world_last();
	ck_assert(m_e_join_get(e->data, e->event_len, &j));
	ck_assert(str_eq(j.uhost, STR_LIT("telnet@2001:db8::3")));
	ck_assert(str_eq(j.account, STR_LIT("c")) && str_eq(j.real, STR_LIT("carol")));
	ck_assert(str_eq(j.topic, STR_LIT("bears")) && str_eq(j.topic_by, STR_LIT("Alice")));
	ck_assert(j.topic_at == br.now && j.modes == den()->modes && j.members == 3);
	ck_assert_uint_eq(say(2, carol, hi), MSG_e_say);
	e = world_last();
	ck_assert(m_e_say_get(e->data, e->event_len, &s));
	ck_assert(s.rank == MEMBER_VOICE && str_eq(s.tags, STR_LIT("+x=y")));
	ck_assert(str_eq(s.account, STR_LIT("c")) && s.from == carol && s.room == den()->id);
}
END_TEST

/* --- another name ------------------------------------------------------------------------------------------------ */

static unsigned
rename_room(unsigned sub, uint64_t user, const char *room, const char *to)
{
	struct m_r_rename q = {
	    .serial = world_serial(sub), .user = user, .room = str_of(room), .to = str_of(to)};

	ck_assert(world_decide(sub, frame, m_r_rename_put(frame, sizeof(frame), &q)));
	return ipc_type(world_last()->data);
}

START_TEST(rooms_change_their_names)
{
	people();
	ck_assert(world_join(2, carol, "other") && world_join(2, carol, "lobby"));
	ck_assert_uint_eq(rename_room(1, bob, "den", "lair"), MSG_e_refused);
	ck_assert_uint_eq(rename_room(0, alice, "den", "OTHER"), MSG_e_refused);
	ck_assert_uint_eq(why(), ERR_ROOM_TAKEN);
	ck_assert_uint_eq(rename_room(0, alice, "den", "a b"), MSG_e_refused);
	ck_assert_uint_eq(why(), ERR_ROOM_BAD);
	ck_assert_uint_eq(rename_room(0, alice, "den", "DEN"), MSG_e_rename);
	ck_assert_str_eq(den()->name, "DEN");
	ck_assert_uint_eq(rename_room(0, alice, "den", "lair"), MSG_e_rename);
	ck_assert_ptr_null(den());
	ck_assert_ptr_nonnull(room_find(STR_LIT("LAIR")));
	world_verify();
	ck_assert_uint_eq(world_reopen(&world), 0);
	ck_assert_ptr_nonnull(room_find(STR_LIT("lair")));
	ck_assert(world_join(2, carol, "den"));
}
END_TEST

/* --- recovery ---------------------------------------------------------------------------------------------------- */

/* One random request of up to MODES_MAX changes. */
static void
some_modes(unsigned *seed)
{
	static const unsigned ops[] = {MODE_BAN,  MODE_BAN,    MODE_BAN,    MODE_EXCEPT,
				       MODE_MUTE, MODE_VOICE,  MODE_HALFOP, MODE_LIMIT,
				       MODE_KEY,  MODE_PRIVATE};

	for (int k = rand_r(seed) % MODES_MAX; k >= 0; k--) {
		unsigned op = ops[(unsigned)rand_r(seed) % ARRAY_LEN(ops)];
		char arg[16];

		snprintf(arg, sizeof(arg), op == MODE_LIMIT ? "%d" : "m%d", rand_r(seed) % 30 + 2);
		change(op, rand_r(seed) % 2, op == MODE_VOICE || op == MODE_HALFOP ? "bob" : arg);
	}
	modes(0, alice, "den");
}

/* The entry has been committed; of the slots that it changes some bytes are new, some are old. */
START_TEST(a_request_half_applied_is_done_by_the_successor)
{
	unsigned char *before, *after, *reg = world.reg;
	unsigned seed = 5;

	people();
	before = malloc(world.reg_size);
	after = malloc(world.reg_size);
	for (int i = 0; i < 200; i++) {
		uint64_t applied = br.j.h->applied;

		memcpy(before, world.reg, world.reg_size);
		some_modes(&seed);
		memcpy(after, world.reg, world.reg_size);
		for (size_t k = 4096; k < world.reg_size; k++) {
			if (before[k] != after[k] && rand_r(&seed) % 2)
				reg[k] = before[k];
		}
		br.j.h->applied = applied;
		ck_assert_uint_eq(world_reopen(&world), 1);
		world_verify();
		/* all that matters is as if nothing had happened; counters of slots have moved */
		for (uint32_t k = 0; k < br.reg.h->list_top; k++) {
			const struct reg_list *was = (const void *)(after + br.reg.h->off_lists);

			ck_assert_uint_eq(br.reg.lists[k].op, was[k].op);
			ck_assert(was[k].op == LIST_NONE ||
				  strcmp(br.reg.lists[k].mask, was[k].mask) == 0);
		}
	}
	free(before);
	free(after);
}
END_TEST

/* The entry had not been committed: nothing of it is to be seen. */
START_TEST(a_request_not_committed_has_not_happened)
{
	people();
	mode1(0, alice, "den", MODE_BAN, true, "x");
	freelist_nth(&br.reg.free_lists, 7); /* what it promised itself before it died */
	ck_assert_uint_eq(world_reopen(&world), 0);
	world_verify();
	ck_assert_uint_eq(br.rooms[ID_SLOT(den()->id)].nlists, 1);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("modes");
	TCase *t = tcase_create("modes");

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, masks_have_one_form);
	tcase_add_test(t, masks_that_are_too_long_are_none);
	tcase_add_test(t, masks_fit_people);
	tcase_add_test(t, masks_are_the_same_however_written);
	tcase_add_test(t, a_fresh_room_hears_no_strangers);
	tcase_add_test(t, several_modes_are_one_entry);
	tcase_add_test(t, what_is_so_already_is_left_out);
	tcase_add_test(t, changes_see_those_before_them);
	tcase_add_test(t, what_cannot_be_done_is_named);
	tcase_add_test(t, keys_are_words);
	tcase_add_test(t, a_list_has_an_end);
	tcase_add_test(t, malformed_lists_are_a_peers_mistake);
	tcase_add_test(t, readers_see_all_lists);
	tcase_add_test(t, who_keeps_order_makes_no_operators);
	tcase_add_test(t, exceptions_are_stronger_than_bans);
	tcase_add_test(t, a_mute_is_a_ban_of_words);
	tcase_add_test(t, doors_and_who_opens_them);
	tcase_add_test(t, words_from_outside);
	tcase_add_test(t, kinds_of_messages);
	tcase_add_test(t, an_account_opens_doors);
	tcase_add_test(t, a_user_may_hear_only_those_with_accounts);
	tcase_add_test(t, one_users_rooms_have_so_many_entries);
	tcase_add_test(t, lists_are_asked_again_when_something_changes);
	tcase_add_test(t, events_say_all_that_is_shown);
	tcase_add_test(t, rooms_change_their_names);
	tcase_add_test(t, a_request_half_applied_is_done_by_the_successor);
	tcase_add_test(t, a_request_not_committed_has_not_happened);
	suite_add_tcase(s, t);
	return unit_run(s);
}
