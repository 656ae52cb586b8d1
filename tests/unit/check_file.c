/* check_file.c - links to upload to, what comes by them, who is told: the test is a worker, chatd-web, the store and the auth process. */
#include "config.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "authend.h"
#include "broker/account.h"
#include "broker/job.h"
#include "broker/promise.h"
#include "broker/upload.h"
#include "ipc/file.h"
#include "ipc/proc.h"
#include "storeend.h"
#include "unit_str.h"
#include "world.h"

static int auth;
static uint64_t alice, bob;
static char token[UPLOAD_TOKEN];
static const struct str the_token = {token, sizeof(token)};
static char may_name[NAME_BYTES_MAX + 1]; /* e_may_upload's, for r_share */

static void
setup(void)
{
	world_init(&world, 300, 4u << 20);
	storeend_open();
	auth = authend_open(0, 7);
	alice = world_login(0, "alice", "192.0.2.1");
	bob = world_login(1, "bob", "192.0.2.2");
	ck_assert(world_join(0, alice, "den"));
}

static void
teardown(void)
{
	close(auth);
	storeend_close();
	world_teardown();
}

/* --- the pieces ---------------------------------------------------------------------------------------- */

/* The link's token; why not. */
static unsigned
link_to(uint64_t user, bool to_room, const char *target)
{
	struct m_e_upload e;

	if (ASK(upload_link, 0, .user = user, .to_room = to_room, .target = S(target)) !=
	    MSG_e_upload)
		return world_refused();
	e = LAST(upload);
	ck_assert_uint_eq(e.token.n, UPLOAD_TOKEN);
	memcpy(token, e.token.p, sizeof(token));
	return 0;
}

static size_t
fact(char *out, const char *name, const char *text)
{
	struct m_q_fact m = {.name = S(name), .text = S(text)};

	return m_q_fact_put(out, 2000, &m);
}

static struct str
counted(const char *of_account, const char *total, const char *name)
{
	static char rows[1000];
	size_t n = fact(rows, "account", of_account);

	n += fact(rows + n, "total", total);
	n += fact(rows + n, "name", name);
	return (struct str){rows, n};
}

/* The store answers how much there is. The event that it ends in. */
static unsigned
store_counts(const char *of_account, const char *total, const char *name)
{
	struct m_s_query q = STORE_ASKED(s_query);
	unsigned type;

	ck_assert_uint_eq(q.kind, QUERY_FILE_USE);
	STORE_SAYS(s_page, .ticket = q.ticket, .rows = counted(of_account, total, name));
	type = ipc_type(world_last()->data);
	if (type == MSG_e_may_upload)
		bprintf(may_name, sizeof(may_name), STR_FMT, STR_ARG(LAST(may_upload).name));
	return type;
}

static unsigned
upload(uint64_t size)
{
	if (ASK(upload, SUB_WEB, .conn = 50, .token = the_token, .size = size,
		.address = S("192.0.2.1")) != MSG_e_wait)
		return world_refused();
	if (store_counts("1000", "5000", "") == MSG_e_may_upload)
		return 0;
	return LAST(failed).code;
}

/* chatd-web has it all. The event that it ends in. */
static unsigned
share_as(const char *name, const char *type)
{
	char packed[FILE_FACTS_MAX];
	struct file_facts f = {.size = 12345,
			       .width = 640,
			       .height = 480,
			       .flags = FILE_THUMB | FILE_GONE,
			       .name = S(name),
			       .type = S(type)};
	size_t n;

	upload_file_id(the_token, f.id);
	n = file_put(packed, &f);
	return ASK(share, SUB_WEB, .conn = 50, .token = the_token, .file = {packed, n},
		   .name = {may_name, strlen(may_name)});
}

static unsigned
share(void)
{
	return share_as("cat.png", "image/png");
}

/* The link in it holds. */
static void
holds(struct str file)
{
	struct file_facts f;
	struct m_s_query q;

	ck_assert(file_get(file, &f));
	ck_str(f.name, "cat.png");
	ck_str(f.type, "image/png");
	ck_assert(f.size == 12345 && f.width == 640 && f.height == 480 && f.flags == FILE_THUMB);
	ck_assert_uint_eq(ASK(file, SUB_WEB, .conn = 51, .id = {(char *)f.id, FILE_ID},
			      .expires = f.expires, .proof = {(char *)f.proof, FILE_PROOF}),
			  MSG_e_wait);
	q = STORE_ASKED(s_query);
	ck_assert(q.kind == QUERY_FILE && q.text.n == FILE_ID &&
		  memcmp(q.text.p, f.id, FILE_ID) == 0);
	STORE_SAYS(s_page, .ticket = q.ticket, .code = ERR_NOT_FOUND);
	ck_assert_uint_eq(LAST(failed).code, ERR_NOT_FOUND);
	f.proof[3] ^= 1;
	ck_assert_uint_eq(ASK(file, SUB_WEB, .conn = 51, .id = {(char *)f.id, FILE_ID},
			      .expires = f.expires, .proof = {(char *)f.proof, FILE_PROOF}),
			  MSG_e_refused);
	ck_assert_uint_eq(world_refused(), ERR_LINK_EXPIRED);
}

/* --- tests -------------------------------------------------------------------------------------------- */

START_TEST(tokens)
{
	struct upload t = {.user = 7,
			   .target = 9,
			   .expires = (uint32_t)(br.now / 1000 + 60),
			   .kind = UPLOAD_USER},
		      got;
	uint8_t a[UPLOAD_TOKEN], b[UPLOAD_TOKEN], id_a[FILE_ID], id_b[FILE_ID];
	struct str s = {(char *)a, sizeof(a)};

	upload_seal(&t, a);
	upload_seal(&t, b);
	ck_assert_int_ne(memcmp(a, b, sizeof(a)), 0);
	upload_file_id(s, id_a);
	upload_file_id((struct str){(char *)b, sizeof(b)}, id_b);
	ck_assert_int_ne(memcmp(id_a, id_b, FILE_ID), 0);
	ck_assert(upload_open(s, 0, &got));
	ck_assert(got.user == 7 && got.target == 9 && got.kind == UPLOAD_USER &&
		  got.expires == t.expires);
	for (size_t i = 0; i < sizeof(a); i++) {
		a[i] ^= 4;
		ck_assert(!upload_open(s, 0, &got));
		a[i] ^= 4;
	}
	s.n--;
	ck_assert(!upload_open(s, 0, &got));
	s.n++;
	br.j.h->epoch++;
	ck_assert(!upload_open(s, 0, &got));
	br.j.h->epoch--;
	t.expires = (uint32_t)(br.now / 1000);
	upload_seal(&t, a);
	ck_assert(!upload_open(s, 0, &got) && upload_open(s, 1, &got));
}
END_TEST

/* It is typed to chatctl, where a word that begins with '-' is an option. */
START_TEST(an_id_is_no_option)
{
	uint8_t raw[UPLOAD_TOKEN] = {0}, id[FILE_ID];
	char text[4 * FILE_ID / 3 + 2];

	for (int i = 0; i < 2000; i++) {
		memcpy(raw, &i, sizeof(i));
		upload_file_id((struct str){(char *)raw, sizeof(raw)}, id);
		base64url_encode(id, sizeof(id), text);
		ck_assert_int_ne(text[0], '-');
	}
}
END_TEST

START_TEST(to_a_room)
{
	struct m_e_may_upload may;
	uint8_t id[FILE_ID];

	ck_assert_uint_eq(link_to(alice, true, "DEN"), 0);
	ck_str(LAST(upload).target, "den");
	ck_assert_uint_eq(upload(20000), 0);
	may = LAST(may_upload);
	ck_assert(may.conn == 50 && may.user == alice && may.name.n == 0);
	ck_assert_uint_eq(may.max, (uint64_t)proc.opt.files_max_size);
	upload_file_id(the_token, id);
	ck_assert(may.id.n == FILE_ID && memcmp(may.id.p, id, FILE_ID) == 0);
	ck_assert(str_eq(may.token, the_token));
	ck_assert(world_join(1, bob, "den"));
	ck_assert_uint_eq(share(), MSG_e_say);
	ck_assert(world_last()->targets == (3 | 1ull << SUB_WEB | 1ull << SUB_STORE));
	ck_str(LAST(say).text, "cat.png");
	ck_str(LAST(say).name, "alice");
	holds(LAST(say).file);
}
END_TEST

/* What is decided when it is asked for is decided again. */
START_TEST(who_may_not)
{
	ck_assert_uint_eq(link_to(alice, true, "nowhere"), ERR_NO_SUCH_ROOM);
	ck_assert_uint_eq(link_to(alice, false, "nobody"), ERR_NO_SUCH_USER);
	ck_assert_uint_eq(link_to(alice, false, "Server"), ERR_NO_SUCH_USER);
	ck_assert_uint_eq(link_to(alice, true, "den"), 0);
	regw_user(&br.reg, alice)->muted = 1;
	ck_assert_uint_eq(upload(0), ERR_MUTED);
	ck_assert_uint_eq(share(), MSG_e_refused);
	ck_assert_uint_eq(world_refused(), ERR_MUTED);
	ck_assert_uint_eq(link_to(alice, true, "den"), ERR_MUTED);
	regw_user(&br.reg, alice)->muted = 0;
	proc.opt.files_guests = 0;
	ck_assert_uint_eq(upload(0), ERR_NOT_LOGGED_IN);
	proc.opt.files_guests = 1;
	proc.opt.files_enabled = 0;
	ck_assert_uint_eq(upload(0), ERR_FILE_OFF);
	ck_assert_uint_eq(share(), MSG_e_refused);
	ck_assert_uint_eq(link_to(alice, true, "den"), ERR_FILE_OFF);
	proc.opt.files_enabled = 1;
	ck_assert(world_quit(0, alice));
	ck_assert_uint_eq(upload(0), ERR_LINK_LEFT);
	ck_assert_uint_eq(share(), MSG_e_refused);
	ck_assert_uint_eq(world_refused(), ERR_LINK_LEFT);
}
END_TEST

START_TEST(sizes_and_quotas)
{
	proc.opt.files_max_size = 100000;
	proc.opt.files_account_quota = 5000;
	ck_assert_uint_eq(link_to(alice, true, "den"), 0);
	ck_assert_uint_eq(upload(100001), ERR_FILE_TOO_BIG);
	ck_str(LAST(failed).arg, "98 KiB");
	ck_assert_uint_eq(upload(4001), ERR_FILE_QUOTA);
	ck_assert_uint_eq(upload(0), 0);
	ck_assert_uint_eq(LAST(may_upload).max, 4000);
	proc.opt.files_total_quota = 5500;
	ck_assert_uint_eq(upload(500), 0);
	ck_assert_uint_eq(LAST(may_upload).max, 500);
	proc.opt.files_total_quota = 5000;
	ck_assert_uint_eq(upload(0), ERR_FILE_QUOTA);
	proc.opt.files_total_quota = proc.opt.files_account_quota = 0;
	ck_assert_uint_eq(upload(100000), 0);
	ck_assert_uint_eq(ASK(upload, SUB_WEB, .conn = 50, .token = the_token), MSG_e_wait);
	storeend_close();
	jobs_resume();
	ck_assert_uint_eq(LAST(failed).code, ERR_STORE_AWAY);
}
END_TEST

static unsigned
begin(char of[UPLOAD_TOKEN])
{
	ck_assert_uint_eq(link_to(alice, true, "den"), 0);
	memcpy(of, token, UPLOAD_TOKEN);
	return upload(0);
}

static void
over(const char of[UPLOAD_TOKEN])
{
	uint8_t id[FILE_ID];

	upload_file_id((struct str){of, UPLOAD_TOKEN}, id);
	ck_assert_uint_eq(ASK(upload_over, SUB_WEB, .id = {(char *)id, FILE_ID}), MSG_e_ok);
}

/* What is promised to one is not there for another. */
START_TEST(several_at_once)
{
	char a[UPLOAD_TOKEN], b[UPLOAD_TOKEN];
	struct m_s_query q;

	proc.opt.files_account_quota = 1000000;
	ck_assert_uint_eq(begin(a), 0);
	ck_assert_uint_eq(LAST(may_upload).max, 999000);
	ck_assert_uint_eq(begin(b), ERR_FILE_QUOTA);
	/* but to the same */
	memcpy(token, a, sizeof(token));
	ck_assert_uint_eq(upload(500), 0);
	over(a);
	ck_assert_uint_eq(begin(b), ERR_FILE_QUOTA);
	over(a);
	/* one of which the size is known is promised that, and what a form may have */
	memcpy(token, b, sizeof(token));
	ck_assert_uint_eq(upload(500), 0);
	ck_assert_uint_eq(begin(a), 0);
	ck_assert_uint_eq(LAST(may_upload).max, 999000 - 500 - UPLOAD_FORM_MAX);
	over(a);
	/* it comes when the store has been asked already, and is in its answer to the next one */
	ck_assert_uint_eq(link_to(alice, true, "den"), 0);
	memcpy(a, token, sizeof(a));
	ck_assert_uint_eq(ASK(upload, SUB_WEB, .conn = 50, .token = the_token), MSG_e_wait);
	q = STORE_ASKED(s_query);
	memcpy(token, b, sizeof(token));
	ck_assert_uint_eq(share(), MSG_e_say);
	over(b);
	STORE_SAYS(s_page, .ticket = q.ticket, .rows = counted("1000", "5000", ""));
	ck_assert_uint_eq(LAST(may_upload).max, 999000 - 12345);
	over(a);
	ck_assert_uint_eq(begin(a), 0);
	ck_assert_uint_eq(LAST(may_upload).max, 999000);
	/* all files together; nothing comes any more from one that has died */
	proc.opt.files_account_quota = 0;
	proc.opt.files_total_quota = 1005000;
	ck_assert_uint_eq(begin(b), ERR_NONE);
	ck_assert_uint_eq(LAST(may_upload).max, 1000);
	promises_forget(SUB_WEB, 100 + SUB_WEB);
	ck_assert_uint_eq(begin(b), ERR_NONE);
	ck_assert_uint_eq(LAST(may_upload).max, 1000000);
}
END_TEST

START_TEST(to_somebody)
{
	ck_assert_uint_eq(link_to(alice, false, "BOB"), 0);
	ck_str(LAST(upload).target, "bob");
	ck_assert_uint_eq(upload(0), 0);
	ck_assert_uint_eq(share(), MSG_e_dm);
	ck_assert(LAST(dm).from == alice && LAST(dm).to == bob);
	ck_assert(world_last()->targets == (3 | 1ull << SUB_WEB | 1ull << SUB_STORE));
	holds(LAST(dm).file);
	ck_assert(world_quit(1, bob));
	ck_assert_uint_eq(share(), MSG_e_refused);
	ck_assert_uint_eq(world_refused(), ERR_NO_SUCH_USER);
}
END_TEST

/* Its name is words: limits.targets holds for it. */
START_TEST(to_many)
{
	char name[8];

	proc.opt.limits_targets = 3;
	for (int i = 0; i < 6; i++) {
		bprintf(name, sizeof(name), "user%d", i);
		ck_assert_uint_ne(world_login(1, name, "192.0.2.9"), 0);
		ck_assert_uint_eq(link_to(alice, false, name), i < 3 ? 0 : ERR_PACE_TARGET);
	}
	ck_assert_uint_eq(link_to(alice, true, "den"), 0);
	ck_assert_uint_eq(link_to(alice, false, "user2"), 0);
}
END_TEST

/* By its account, whether it is here when the link is asked for, or when the file comes. */
START_TEST(to_an_account)
{
	uint64_t id = storeend_account("Carol"), carol;
	struct m_s_query q;

	ck_assert_uint_eq(link_to(alice, false, "carol"), 0);
	ck_assert_uint_eq(ASK(upload, SUB_WEB, .conn = 50, .token = the_token), MSG_e_wait);
	q = STORE_ASKED(s_query);
	ck_assert(q.kind == QUERY_FILE_USE && q.viewer == 0 && q.peer == id);
	STORE_SAYS(s_page, .ticket = q.ticket);
	ck_assert_uint_eq(ipc_type(world_last()->data), MSG_e_may_upload);
	ck_assert_uint_eq(share(), MSG_e_dm);
	ck_assert(LAST(dm).to == 0 && LAST(dm).kept);
	ck_str(LAST(dm).to_account, "carol");
	ck_assert_uint_eq(account_named(S("carol"))->kept, 1);
	/* a broker later, which does not know the name: it is brought */
	world_reopen(&world);
	upload_name_learn(id + 1024, S("x"));
	ck_assert_uint_eq(share(), MSG_e_refused);
	ck_assert_uint_eq(world_refused(), ERR_NO_SUCH_USER);
	bprintf(may_name, sizeof(may_name), "alice");
	ck_assert_uint_eq(share(), MSG_e_refused);
	bprintf(may_name, sizeof(may_name), "carol");
	ck_assert_uint_eq(share(), MSG_e_dm);
	ck_assert(LAST(dm).to == 0 && LAST(dm).kept);
	carol = world_login(2, "caro", "192.0.2.3");
	storeend_logged_in(carol, "Carol");
	ck_assert_uint_eq(share(), MSG_e_dm);
	ck_assert(LAST(dm).to == carol && !LAST(dm).kept);
	account_disabled(S("carol"), true);
	ck_assert_uint_eq(share(), MSG_e_refused);
}
END_TEST

START_TEST(with_a_password)
{
	uint64_t id = storeend_account("Dave");
	struct m_s_lookup l;
	struct m_a_check c;

	for (int right = 0; right < 2; right++) {
		ck_assert_uint_eq(ASK(upload, SUB_WEB, .conn = 50, .account = S("dave"),
				      .password = S("correct horse"), .size = 10,
				      .address = S("192.0.2.9")),
				  MSG_e_wait);
		l = STORE_ASKED(s_lookup);
		STORE_SAYS(s_found, .ticket = l.ticket, .id = id, .name = S("Dave"),
			   .hash = S("$argon2id$"));
		c = AUTH_ASKED(auth, a_check);
		ck_str(c.password, "correct horse");
		AUTH_SAYS(auth, a_result, .ticket = c.ticket, .ok = right != 0);
		if (!right) {
			ck_assert_uint_eq(LAST(failed).code, ERR_LOGIN_WRONG);
			ck_assert_uint_eq(LAST(failed).conn, 50);
		}
	}
	ck_assert_uint_eq(store_counts("0", "0", ""), MSG_e_may_upload);
	ck_str(LAST(may_upload).name, "Dave");
	memcpy(token, LAST(may_upload).token.p, sizeof(token));
	/* it is worth nothing for a second one */
	ck_assert_uint_eq(upload(0), ERR_LINK_EXPIRED);
	ck_assert_uint_eq(share(), MSG_e_file);
	ck_assert(world_last()->targets == (1ull << SUB_WEB | 1ull << SUB_STORE));
	ck_str(LAST(file).account, "Dave");
	holds(LAST(file).file);
	ck_assert_uint_eq(
	    ASK(upload, SUB_WEB, .conn = 50, .account = S("no name"), .password = S("x")),
	    MSG_e_refused);
}
END_TEST

static const struct {
	const char *name, *type;
	bool good;
} facts[] = {
    {"a b.txt", "text/plain", true},
    {"\xc3\xa4", "application/vnd.oasis.opendocument.text", true},
    {"", "text/plain", false},
    {"..", "text/plain", false},
    {"a/b", "text/plain", false},
    {"a\nb", "text/plain", false},
    {"a\x1b[2Jb", "text/plain", false},
    {"\xff", "text/plain", false},
    {"a", "", false},
    {"a", "text", false},
    {"a", "text/", false},
    {"a", "/plain", false},
    {"a", "text/plain/x", false},
    {"a", "text/pl ain", false},
    {"a", "text/html; charset=x", false},
    {"a", "te\nxt/plain", false},
};

START_TEST(what_is_said_of_it)
{
	ck_assert_uint_eq(link_to(alice, true, "den"), 0);
	ck_assert_uint_eq(share_as(facts[_i].name, facts[_i].type),
			  facts[_i].good ? MSG_e_say : MSG_e_refused);
	if (!facts[_i].good)
		ck_assert_uint_eq(world_refused(), ERR_BAD_ARGUMENT);
}
END_TEST

/* chatd-web says nothing for people, and workers share no files. */
START_TEST(who_says_what)
{
	ck_assert_uint_eq(link_to(alice, true, "den"), 0);
	ck_assert_uint_eq(ASK(upload, 0, .conn = 50, .token = the_token), 0);
	ck_assert_uint_eq(ASK(share, 0, .conn = 50, .token = the_token), 0);
	ck_assert_uint_eq(ASK(files, 0, .conn = 50), 0);
	ck_assert_uint_eq(ASK(say, SUB_WEB, .user = alice, .name = S("den"), .text = S("x")), 0);
	ck_assert_uint_eq(ASK(sync, SUB_WEB, ), 0);
	ck_assert_uint_eq(
	    ASK(upload_link, SUB_WEB, .user = alice, .to_room = 1, .target = S("den")), 0);
	ck_assert_uint_eq(ASK(files, SUB_WEB, .conn = 50, .ids = S("x")), 0);
}
END_TEST

START_TEST(which_are_kept)
{
	struct m_s_query q;

	ck_assert_uint_eq(ASK(files, SUB_WEB, .conn = 50, .ids = S("0123456789abcdef")),
			  MSG_e_wait);
	q = STORE_ASKED(s_query);
	ck_assert_uint_eq(q.kind, QUERY_FILES);
	ck_str(q.text, "0123456789abcdef");
}
END_TEST

/* It goes with its message; the words of that are its name, and no others. */
START_TEST(taken_back)
{
	uint64_t said;

	ck_assert_uint_eq(link_to(alice, false, "bob"), 0);
	ck_assert_uint_eq(share(), MSG_e_dm);
	said = world_last()->seq;
	ASK(edit, 0, .user = alice, .msg = said, .name = S("bob"), .text = S("dog.png"));
	ck_assert_uint_eq(world_refused(), ERR_NO_SUCH_MESSAGE);
	ck_assert_uint_eq(ASK(redact, 0, .user = alice, .msg = said, .name = S("bob")),
			  MSG_e_redact);
	ck_assert(world_last()->targets == (3 | 1ull << SUB_STORE));
}
END_TEST

/* An administrator deletes it: whoever read the message sees that. */
START_TEST(deleted)
{
	struct m_s_admin q;
	uint64_t said;

	ck_assert_uint_eq(link_to(alice, true, "den"), 0);
	ck_assert_uint_eq(share(), MSG_e_say);
	said = world_last()->seq;
	ck_assert_uint_eq(ASK(store, SUB_CONTROL, .op = STORE_FILE_DELETE, .level = LEVEL_ADMIN,
			      .args = S("YWFh")),
			  MSG_e_wait);
	q = STORE_ASKED(s_admin);
	ck_str(q.args, "YWFh");
	STORE_SAYS(s_done, .ticket = q.ticket, .id = said, .text = S("7\x1f\x1f"));
	ck_assert_uint_eq(ipc_type(world_last()->data), MSG_e_done);
	ck_assert_uint_eq(ASK(redact, 0, .user = alice, .msg = said + 3, .room = S("den")),
			  MSG_e_refused);
	ck_assert_uint_eq(world_refused(), ERR_NO_SUCH_MESSAGE);
	STORE_SAYS(s_done, .ticket = q.ticket, .id = said);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("file");
	TCase *t = tcase_create("file");

	suite_add_tcase(s, t);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, tokens);
	tcase_add_test(t, an_id_is_no_option);
	tcase_add_test(t, to_a_room);
	tcase_add_test(t, who_may_not);
	tcase_add_test(t, sizes_and_quotas);
	tcase_add_test(t, several_at_once);
	tcase_add_test(t, to_somebody);
	tcase_add_test(t, to_many);
	tcase_add_test(t, to_an_account);
	tcase_add_test(t, with_a_password);
	tcase_add_loop_test(t, what_is_said_of_it, 0, ARRAY_LEN(facts));
	tcase_add_test(t, who_says_what);
	tcase_add_test(t, which_are_kept);
	tcase_add_test(t, taken_back);
	tcase_add_test(t, deleted);
	return unit_run(s);
}
