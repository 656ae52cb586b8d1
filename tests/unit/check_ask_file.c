/* Files as the store keeps them: with their messages and after them, listed, counted, gone. */
#include "config.h"

#include <inttypes.h>
#include <string.h>

#include "asker.h"
#include "ipc/file.h"
#include "ipc/options.h"
#include "lib/util.h"
#include "store/db.h"
#include "store/lookup.h"
#include "store/settings.h"
#include "store/writer.h"

static char packed[FILE_FACTS_MAX];

/* A file whose id is sixteen of this letter. */
static struct str
file_of(char letter, uint64_t size)
{
	struct file_facts f = {
	    .size = size, .width = 3, .height = 4, .type = S("image/png"), .flags = FILE_THUMB};
	char name[] = "x.png";

	name[0] = letter;
	memset(f.id, letter, sizeof(f.id));
	f.name = S(name);
	return (struct str){packed, file_put(packed, &f)};
}

static void
share(uint64_t seq, uint64_t born, const char *who, char letter)
{
	struct who w = who_of(who);

	BYGONE(say, .seq = seq, .at = wall_ms(), .room = ROOM_ID(born), WHO(w),
	       .room_name = S("Lobby"), .text = S("x.png"), .file = file_of(letter, 1000));
}

static void
share_dm(uint64_t seq, const char *who, const char *to, const char *account, bool kept, char letter)
{
	struct who w = who_of(who);

	BYGONE(dm, .seq = seq, .at = wall_ms(), WHO(w), .to_name = S(to), .to_account = S(account),
	       .kept = kept, .text = S("x.png"), .file = file_of(letter, 50));
}

/* The ids, a letter each, that chatd-web has been told to remove in the last commit. */
static const char *
removed(void)
{
	static char letters[80], out[IPC_FRAME_MAX];
	struct str all = {out, bygone_answer(out)}, frame;
	struct m_s_gone m;

	letters[0] = '\0';
	while (ipc_next(&all, &frame)) {
		if (!m_s_gone_get(frame.p, frame.n, &m))
			continue;
		for (size_t i = 0; i < m.ids.n / FILE_ID; i++)
			bprintf(letters + i, 2, "%c", m.ids.p[i * FILE_ID]);
	}
	return letters;
}

/* Which of these are to be kept. */
static const char *
kept_of(const char *letters)
{
	static char out[80];
	char ids[FILE_IDS_MAX];
	struct m_q_files m;
	size_t n = strlen(letters);

	for (size_t i = 0; i < n; i++)
		memset(ids + i * FILE_ID, letters[i], FILE_ID);
	ask((struct m_s_query){.kind = QUERY_FILES, .text = {ids, n * FILE_ID}}, 5000);
	ck_assert_uint_eq(page.code, ERR_NONE);
	ck_assert(m_q_files_get(page.rows.p, page.rows.n, &m));
	out[0] = '\0';
	for (size_t i = 0; i < m.ids.n / FILE_ID; i++)
		bprintf(out + i, 2, "%c", m.ids.p[i * FILE_ID]);
	return out;
}

static struct m_q_file
one(char letter)
{
	static char id[FILE_ID];
	struct m_q_file m = {0};

	memset(id, letter, sizeof(id));
	ask((struct m_s_query){.kind = QUERY_FILE, .text = {id, sizeof(id)}}, 5000);
	if (page.code == ERR_NONE)
		ck_assert(m_q_file_get(page.rows.p, page.rows.n, &m));
	else
		ck_assert_uint_eq(page.code, ERR_NOT_FOUND);
	return m;
}

static struct file_facts
facts(struct str s)
{
	struct file_facts f;

	ck_assert(file_get(s, &f));
	return f;
}

static void
admin(unsigned op, const char *args)
{
	struct m_s_admin m = {.ticket = 1, .op = (uint8_t)op, .args = S(args)};
	char f[1024];

	bygone_take(f, m_s_admin_put(f, sizeof(f), &m));
	bygone_commit();
}

/* --- tests -------------------------------------------------------------------------------------------- */

START_TEST(with_their_messages)
{
	struct file_facts f;
	struct m_q_file m;

	share(10, LOBBY, "alice=", 'a');
	say(11, LOBBY, "bob", "words");
	share_dm(12, "alice=", "bob", "Bob", true, 'b');
	bygone_commit();
	ck_rows("10 x.png|11 words|", .kind = QUERY_LATEST, IN(LOBBY));
	f = facts(NTH(say, 0).file);
	ck_assert(f.size == 1000 && f.width == 3 && f.height == 4 && f.flags == FILE_THUMB);
	ck_str(f.name, "a.png");
	ck_str(f.type, "image/png");
	ck_assert_uint_gt(f.expires, wall_ms() / 1000 + 604000);
	ck_assert_uint_eq(NTH(say, 1).file.n, 0);
	ck_rows("12 >Bob x.png|", .kind = QUERY_KEPT, .viewer = bob);
	ck_str(facts(NTH(dm, 0).file).name, "b.png");
	m = one('a');
	ck_str(m.account, "alice");
	ck_str(m.by, "alice");
	ck_str(m.place, "#Lobby");
	ck_str(one('b').place, "@bob");
	ck_assert_uint_eq(one('c').file.n, 0);
	ck_assert_str_eq(kept_of("abc"), "ab");
	ck_rows("", .kind = QUERY_SEARCH, .text = S("nothing"), IN(LOBBY));
	ck_rows("10 x.png|", .kind = QUERY_SEARCH, .text = S("png"), IN(LOBBY));
}
END_TEST

START_TEST(without_messages)
{
	share_dm(10, "bob", "x", "", false, 'a'); /* between guests */
	BYGONE(file, .seq = 11, .at = wall_ms(), .account = S("alice"), .file = file_of('b', 7));
	bygone_commit();
	ck_assert_str_eq(kept_of("ab"), "ab");
	ck_str(one('a').place, "@x");
	ck_str(one('b').account, "alice");
	ck_assert_uint_eq(one('b').place.n, 0);
	BYGONE(redact, .seq = 12, .msg = 10);
	bygone_commit();
	ck_assert_str_eq(removed(), "a");
	ck_assert_str_eq(kept_of("ab"), "b");
}
END_TEST

static void
two(void)
{
	share(10, LOBBY, "alice=", 'a');
	share(11, OPS, "alice=", 'b');
	bygone_commit();
}

static void
the_first_is_gone(void)
{
	ck_assert_str_eq(removed(), "a");
	ck_assert_uint_eq(one('a').file.n, 0);
	ck_assert_str_eq(kept_of("ab"), "b");
	ck_rows("", .kind = QUERY_LATEST, IN(LOBBY));
	ck_rows("11 x.png|", .kind = QUERY_LATEST, IN(OPS));
}

START_TEST(taken_back)
{
	two();
	BYGONE(redact, .seq = 50, .msg = 10);
	bygone_commit();
	the_first_is_gone();
}
END_TEST

START_TEST(purged)
{
	two();
	admin(STORE_HISTORY_PURGE, "Lobby\x1f"
				   "99999999999999");
	the_first_is_gone();
}
END_TEST

START_TEST(deleted)
{
	two();
	admin(STORE_FILE_DELETE, "YWFhYWFhYWFhYWFhYWFhYQ");
	the_first_is_gone();
}
END_TEST

START_TEST(goes_with_its_account)
{
	struct m_s_account m = {
	    .ticket = 1, .op = ACCOUNT_DELETE, .id = alice, .text = S("messages")};
	char f[1024];

	share(10, LOBBY, "alice=", 'a');
	share(11, LOBBY, "bob", 'b');
	BYGONE(file, .seq = 12, .at = wall_ms(), .account = S("alice"), .file = file_of('c', 7));
	bygone_commit();
	bygone_take(f, m_s_account_put(f, sizeof(f), &m));
	bygone_commit();
	ck_assert_str_eq(removed(), "ac");
	ck_assert_str_eq(kept_of("abc"), "b");
}
END_TEST

/* What has been delivered is no history of anybody's, but its receiver has a link. */
START_TEST(stays_when_it_has_been_delivered)
{
	share_dm(10, "bob", "bob", "Bob", true, 'a');
	bygone_commit();
	BYGONE(kept, .seq = 11, .account = S("Bob"), .upto = 10);
	bygone_commit();
	ck_rows("", .kind = QUERY_KEPT, .viewer = bob);
	ck_assert_str_eq(kept_of("a"), "a");
}
END_TEST

static void
days(uint64_t n)
{
	struct options o;

	options_defaults(&o);
	o.files_days = (int64_t)n;
	settings_put(&o);
}

#define DAY (24 * 3600 * 1000ull)

/* It says that it is gone, where its message is. */
static void
grow_old(bool with_days)
{
	struct who w = who_of("alice=");
	const uint64_t ages[] = {29 * DAY, 31 * DAY, 3 * DAY};

	for (unsigned i = 0; i < ARRAY_LEN(ages); i++)
		BYGONE(say, .seq = 10 + i, .at = wall_ms() - ages[i], .room = ROOM_ID(LOBBY),
		       WHO(w), .text = S("x.png"), .file = file_of((char)('a' + i), 1000));
	BYGONE(dm, .seq = 20, .at = wall_ms() - 31 * DAY, WHO(w), .to_name = S("x"),
	       .file = file_of('d', 5));
	days(with_days ? 30 : 0);
	bygone_commit();
	writer_later_here(61000);
	bygone_commit();
	ck_assert_str_eq(removed(), with_days ? "bd" : "d");
	ck_assert_str_eq(kept_of("abcd"), with_days ? "ac" : "abc");
	ck_rows("10 x.png|11 x.png|12 x.png|", .kind = QUERY_LATEST, IN(LOBBY));
	ck_assert_uint_eq(facts(NTH(say, 0).file).flags, FILE_THUMB);
	if (!with_days)
		return;
	ck_assert_uint_eq(facts(NTH(say, 1).file).flags, FILE_THUMB | FILE_GONE);
	ck_assert_uint_eq(facts(NTH(say, 1).file).expires, 0);
	ck_assert_uint_eq(facts(one('b').file).flags, FILE_THUMB | FILE_GONE);
	BYGONE(redact, .seq = 50, .msg = 11);
	bygone_commit();
	ck_assert_str_eq(removed(), "bd"); /* not again */
	ck_assert_uint_eq(one('b').file.n, 0);
}

START_TEST(expires)
{
	grow_old(true);
}
END_TEST

START_TEST(as_long_as_its_message)
{
	grow_old(false);
}
END_TEST

START_TEST(how_much)
{
	struct m_q_fact f;

	share(10, LOBBY, "alice=", 'a');
	share(11, LOBBY, "bob", 'b');
	share_dm(12, "alice=", "bob", "Bob", false, 'c');
	bygone_commit();
	ask((struct m_s_query){.kind = QUERY_FILE_USE, .viewer = alice, .peer = bob}, 5000);
	ck_assert(m_q_fact_get(nth(0).p, nth(0).n, &f));
	ck_str(f.name, "account");
	ck_str(f.text, "1050");
	ck_assert(m_q_fact_get(nth(1).p, nth(1).n, &f));
	ck_str(f.name, "total");
	ck_str(f.text, "2050");
	ck_assert(m_q_fact_get(nth(2).p, nth(2).n, &f));
	ck_str(f.text, "Bob");
	ask((struct m_s_query){.kind = QUERY_FILE_USE}, 5000);
	ck_assert(m_q_fact_get(nth(0).p, nth(0).n, &f));
	ck_str(f.text, "1000");
}
END_TEST

/* --- what administrators list ---------------------------------------------------------------------------- */

static const char *
list(unsigned op, const char *args)
{
	static char out[IPC_FRAME_MAX], text[4096];
	struct lookup *l = lookup_new(DB_FILE);
	struct m_s_admin m = {.ticket = 1, .op = (uint8_t)op, .args = S(args)};
	char f[1024];
	struct m_s_page p;
	size_t n = 0;

	n = lookup_answer(l, f, m_s_admin_put(f, sizeof(f), &m), out);
	ck_assert(m_s_page_get(out, n, &p));
	lookup_free(l);
	n = bprintf(text, sizeof(text), "%s", p.code != ERR_NONE ? "refused" : "");
	for (ssize_t len; (len = ipc_frame(p.rows.p, p.rows.n)) > 0;
	     p.rows.p += len, p.rows.n -= (size_t)len) {
		struct m_q_file file;
		struct m_q_fact fact;

		if (m_q_file_get(p.rows.p, (size_t)len, &file))
			n += bprintf(text + n, sizeof(text) - n, STR_FMT " " STR_FMT "|",
				     STR_ARG(facts(file.file).name), STR_ARG(file.place));
		else if (m_q_fact_get(p.rows.p, (size_t)len, &fact))
			n += bprintf(text + n, sizeof(text) - n, STR_FMT " " STR_FMT "|",
				     STR_ARG(fact.name), STR_ARG(fact.text));
	}
	return text;
}

START_TEST(listed)
{
	share(10, LOBBY, "alice=", 'a');
	share(11, LOBBY, "bob", 'b');
	share_dm(12, "alice=", "bob", "Bob", false, 'c');
	bygone_commit();
	ck_assert_str_eq(list(STORE_FILES, ""), "c.png @bob|b.png #Lobby|a.png #Lobby|");
	ck_assert_str_eq(list(STORE_FILES, "alice"), "c.png @bob|a.png #Lobby|");
	ck_assert_str_eq(list(STORE_FILES, "#*"), "b.png #Lobby|a.png #Lobby|");
	ck_assert_str_eq(list(STORE_FILES, "a.*"), "a.png #Lobby|");
	ck_assert_str_eq(list(STORE_FILES, "\x1f"
					   "YmJiYmJiYmJiYmJiYmJiYg"),
			 "a.png #Lobby|");
	ck_assert_str_eq(list(STORE_FILE, "YWFhYWFhYWFhYWFhYWFhYQ"), "a.png #Lobby|");
	ck_assert_str_eq(list(STORE_FILE, "YWFhYWFhYWFhYWFhYWFhYR"), "refused");
	ck_assert_str_eq(list(STORE_FILE, "x"), "refused");
	ck_assert_str_eq(list(STORE_FILE_QUOTA, ""), "files 3|bytes 2050|quota 10737418240|");
	ck_assert_str_eq(list(STORE_FILE_QUOTA, "ALICE"), "files 2|bytes 1050|quota 1073741824|");
	ck_assert_str_eq(list(STORE_FILE_QUOTA, "nobody"), "refused");
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
	    with_their_messages,
	    without_messages,
	    taken_back,
	    purged,
	    deleted,
	    goes_with_its_account,
	    stays_when_it_has_been_delivered,
	    expires,
	    as_long_as_its_message,
	    how_much,
	    listed,
	};

	return asker_run("ask_file", tests, ARRAY_LEN(tests));
}
