/* check_ipc.c - every row of msgs.def: round trip, short, long, over its limits, golden bytes. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ipc/board.h"
#include "ipc/ipc.h"
#include "ipc/options.h"
#include "ipc/store.h"
#include "lib/siphash.h"
#include "lib/util.h"
#include "unit.h"

/* What each message with every field filled in looks like, as a hash: a row that changes breaks
 * brokers and workers of different builds, so IPC_VERSION must be raised with it. */
static const struct {
	const char *name;
	uint64_t hash;
} golden[] = {
#include "ipc_golden.def"
};

static char blob[65536];

static void
fill_blob(void)
{
	for (size_t i = 0; i < sizeof(blob); i++)
		blob[i] = (char)('a' + i % 26);
}

#define FILL_U8(f, max) m.f = (uint8_t)++n;
#define FILL_U16(f, max) m.f = (uint16_t)(++n * 257);
#define FILL_U32(f, max) m.f = (uint32_t)++n * 16843009u;
#define FILL_U64(f, max) m.f = ++n * 72340172838076673ull;
#define FILL_STR(f, max) m.f = (struct str){blob, MIN(++n, (uint64_t)(max))};
#define FILL_IDS(f, max) m.f = (struct ids){blob, MIN(++n, (uint64_t)(max))};
#define FILL(type, f, max) FILL_##type(f, max)

static void
golden_check(const char *name, const void *frame, size_t len)
{
	static const uint8_t key[16] = {1};
	uint64_t hash = siphash(frame, len, key);

	for (size_t i = 0; i < ARRAY_LEN(golden); i++) {
		if (strcmp(golden[i].name, name) == 0) {
			ck_assert_msg(golden[i].hash == hash,
				      "%s has changed: raise IPC_VERSION, and its row to {\"%s\", "
				      "0x%016llxull}",
				      name, name, (unsigned long long)hash);
			return;
		}
	}
	ck_abort_msg("new message: add to ipc_golden.def: {\"%s\", 0x%016llxull},", name,
		     (unsigned long long)hash);
}

/* One test per message. */
#define IPC_MSG(name, id, from, to, fds, FIELDS) \
	START_TEST(row_##name) \
	{ \
		static char frame[IPC_FRAME_MAX + 1], again[IPC_FRAME_MAX]; \
		struct m_##name m, back; \
		uint64_t n = 0; \
		size_t len; \
		FIELDS(FILL) \
		len = m_##name##_put(frame, IPC_FRAME_MAX, &m); \
		ck_assert_uint_gt(len, IPC_HDR); \
		ck_assert_int_eq(ipc_frame(frame, len), (ssize_t)len); \
		ck_assert_uint_eq(ipc_type(frame), (id)); \
		ck_assert(m_##name##_get(frame, len, &back)); \
		ck_assert_uint_eq(m_##name##_put(again, sizeof(again), &back), len); \
		ck_assert_mem_eq(frame, again, len); \
		for (size_t k = IPC_HDR; k < len; k++) { \
			ck_assert(!m_##name##_get(frame, k, &back)); \
			ck_assert_uint_eq(m_##name##_put(again, k, &m), 0); \
		} \
		ck_assert(!m_##name##_get(frame, len + 1, &back)); \
		ck_assert_str_eq(ipc_name(id), #name); \
		golden_check(#name, frame, len); \
	} \
	END_TEST
#include "ipc/msgs.def"
#undef IPC_MSG

START_TEST(frames)
{
	char f[16] = {0};
	uint32_t len = 8;

	ck_assert_int_eq(ipc_frame(f, 7), 0);
	ck_assert_int_eq(ipc_frame(f, 16), -1); /* length 0 */
	memcpy(f, &len, 4);
	ck_assert_int_eq(ipc_frame(f, 16), 8);
	f[6] = 1;
	ck_assert_int_eq(ipc_frame(f, 16), -1); /* reserved bytes */
	f[6] = 0;
	len = 17;
	memcpy(f, &len, 4);
	ck_assert_int_eq(ipc_frame(f, 16), 0);
	len = IPC_FRAME_MAX + 1;
	memcpy(f, &len, 4);
	ck_assert_int_eq(ipc_frame(f, 16), -1);
}
END_TEST

START_TEST(limits)
{
	static char frame[IPC_FRAME_MAX];
	struct m_r_say m = {.text = {blob, TEXT_MAX}};
	size_t len = m_r_say_put(frame, sizeof(frame), &m);
	uint16_t n = TEXT_MAX + 1;

	ck_assert_uint_gt(len, 0);
	m.text.n++;
	ck_assert_uint_eq(m_r_say_put(frame, sizeof(frame), &m), 0);
	/* a length over the limit, with all its bytes there */
	memcpy(frame + len - TEXT_MAX - 2, &n, 2);
	ck_assert(!m_r_say_get(frame, len + 1, &m));
}
END_TEST

START_TEST(who_may_send_what)
{
	ck_assert(ipc_allowed(MSG_r_say, ROLE_WORKER, ROLE_BROKER));
	ck_assert(!ipc_allowed(MSG_r_say, ROLE_CONTROL, ROLE_BROKER));
	ck_assert(!ipc_allowed(MSG_r_admin, ROLE_WORKER, ROLE_BROKER));
	ck_assert(!ipc_allowed(MSG_e_say, ROLE_WORKER, ROLE_BROKER));
	ck_assert(ipc_allowed(MSG_e_say, ROLE_BROKER, ROLE_WORKER));
	ck_assert_int_eq(ipc_fds(MSG_conns), -1);
	ck_assert_int_eq(ipc_fds(MSG_peer), 1);
	for (unsigned k = 0; ipc_nth(k) != 0; k++) {
		for (unsigned l = 0; l < k; l++)
			ck_assert_uint_ne(ipc_nth(k), ipc_nth(l));
	}
}
END_TEST

START_TEST(options_travel_whole)
{
	static char buf[60000];
	struct options a, b;
	size_t n;

	options_defaults(&a);
	a.workers = 3;
	snprintf(a.name, sizeof(a.name), "chat.example.org");
	snprintf(a.control_admin, sizeof(a.control_admin), "@chatd,alice");
	n = options_put(&a, buf, sizeof(buf));
	ck_assert_uint_gt(n, 0);
	ck_assert(options_get(&b, buf, n));
	ck_assert_mem_eq(&a, &b, sizeof(a));
	for (size_t k = 0; k < n; k++)
		ck_assert(!options_get(&b, buf, k));
	ck_assert(!options_get(&b, buf, n + 1));
}
END_TEST

START_TEST(accounts_travel_in_lists)
{
	char list[64], name[NAME_BYTES_MAX];
	struct restore_account a = {7, ACCOUNT_DISABLED, 3, STR_LIT("Zo\xc3\xab")}, b;
	size_t one = restore_account_put(list, 0, sizeof(list), &a),
	       two = restore_account_put(list, one, sizeof(list), &a);
	struct str rest = {list, two};

	ck_assert_uint_eq(two, 2 * one);
	for (int i = 0; i < 2; i++) {
		ck_assert(restore_account_next(&rest, &b));
		ck_assert(b.id == 7 && b.flags == ACCOUNT_DISABLED && b.kept == 3 &&
			  str_eq(b.name, a.name));
	}
	ck_assert(!restore_account_next(&rest, &b) && rest.n == 0);
	for (size_t k = 1; k < one; k++) {
		rest = (struct str){list, k};
		ck_assert(!restore_account_next(&rest, &b) && rest.n == k);
	}
	a.name = (struct str){name, sizeof(name)};
	ck_assert_uint_eq(restore_account_put(list, 0, sizeof(list), &a), 0);
}
END_TEST

START_TEST(errors_have_texts)
{
	char out[300];

	for (unsigned e = 1; e < ERR_COUNT; e++) {
		ck_assert_uint_gt(strlen(chat_err_text(e, "x", 1, out, sizeof(out))), 3);
		/* RPL_TRYAGAIN is the only one below 400 */
		ck_assert(chat_err_irc(e) >= 400 || chat_err_irc(e) == 263);
	}
	ck_assert_str_eq(chat_err_text(ERR_BANNED, "", 0, out, sizeof(out)),
			 "you are banned from this server");
	ck_assert_str_eq(chat_err_text(ERR_NICK_TAKEN, "bob", 3, out, sizeof(out)),
			 "the name bob is in use");
}
END_TEST

/* Its worker may have been taken over. */
START_TEST(boards_are_not_believed)
{
	size_t size = board_size(2);
	struct board *b = xcalloc(1, size);
	struct board_ref ref = {ROLE_WORKER, 0, b, size};

	b->nsessions = UINT32_MAX;
	b->sessions[1].user = 7;
	ck_assert_uint_eq(board_session_at(&ref, 1)->user, 7);
	ck_assert_ptr_null(board_session_at(&ref, 2));
	ck_assert_ptr_eq((const char *)(board_more_at(&ref, 1) + 1), (const char *)b + size);
	ck_assert_ptr_null(board_more_at(&ref, 2));
	ck_assert_ptr_null(board_session_at(&ref, UINT32_MAX - 1));
	ck_assert_ptr_null(board_session_at(&ref, UINT32_MAX));
	free(b);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("ipc");
	TCase *t = tcase_create("ipc");

	fill_blob();
	suite_add_tcase(s, t);
#define IPC_MSG(name, id, from, to, fds, FIELDS) tcase_add_test(t, row_##name);
#include "ipc/msgs.def"
#undef IPC_MSG
	tcase_add_test(t, frames);
	tcase_add_test(t, limits);
	tcase_add_test(t, who_may_send_what);
	tcase_add_test(t, options_travel_whole);
	tcase_add_test(t, accounts_travel_in_lists);
	tcase_add_test(t, errors_have_texts);
	tcase_add_test(t, boards_are_not_believed);
	return unit_run(s);
}
