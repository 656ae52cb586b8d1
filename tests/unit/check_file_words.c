/* check_file_words.c - what telnet and IRC say of files, and links that stay whole in their lines. */
#include "config.h"

#include <string.h>

#include "ipc/proc.h"
#include "lib/util.h"
#include "unit_str.h"
#include "worker/files.h"
#include "worker/irc/render.h"

#define PAGE "http://chat.example:8080"
#define ID "AQEBAQEBAQEBAQEBAQEBAQ"
#define PROOF "AgICAgICAgICAgIC"
#define LINK(name) PAGE "/files/" ID "/" name "?e=1800000000&s=" PROOF

static char packed[FILE_FACTS_MAX];

static struct str
facts(const char *name, const char *type, unsigned flags)
{
	struct file_facts f = {.size = 12345,
			       .expires = 1800000000,
			       .width = 640,
			       .height = 480,
			       .flags = (uint8_t)flags,
			       .type = str_of(type),
			       .name = str_of(name)};

	memset(f.id, 1, sizeof(f.id));
	memset(f.proof, 2, sizeof(f.proof));
	return (struct str){packed, file_put(packed, &f)};
}

#define WHO .seq = 77, .name = STR_LIT("alice"), .uhost = STR_LIT("al@host.example")

static void
setup(void)
{
	files_set(true, PAGE "/");
}

/* --- links ------------------------------------------------------------------------------------------- */

START_TEST(uploads)
{
	char url[FILES_URL_MAX], token[UPLOAD_TOKEN];

	memset(token, 0xff, sizeof(token));
	files_upload_url(url, sizeof(url), (struct str){token, sizeof(token)});
	ck_assert_str_eq(url, PAGE "/files/u/________________________________________________");
	ck_assert(files_on());
	files_set(true, "");
	ck_assert(!files_on());
	files_set(false, PAGE);
	ck_assert(!files_on());
}
END_TEST

/* Nobody is told to send a password where it could be read. */
START_TEST(host)
{
	static const char *const fit[] = {"https://chat.example",  "http://localhost:8080",
					  "http://127.0.0.1:8080", "http://127.9.9.9/chat",
					  "http://[::1]:8080",     "HTTPS://192.0.2.7:8443"};
	static const char *const unfit[] = {PAGE,
					    "http://192.0.2.7",
					    "http://[2001:db8::1]:80",
					    "HTTP://chat.example/x",
					    "http://127.0.0.1.example",
					    "http://localhost.example:80"};
	char url[FILES_URL_MAX], want[300];

	for (size_t i = 0; i < ARRAY_LEN(fit); i++) {
		files_set(true, fit[i]);
		bprintf(want, sizeof(want), "%s/files", fit[i]);
		ck_assert_uint_eq(files_host_url(url, sizeof(url)), strlen(want));
		ck_assert_str_eq(url, want);
	}
	for (size_t i = 0; i < ARRAY_LEN(unfit); i++) {
		files_set(true, unfit[i]);
		ck_assert_msg(files_host_url(url, sizeof(url)) == 0, "%s", unfit[i]);
	}
	proc.opt.accounts_plaintext = 1;
	files_set(true, PAGE);
	ck_assert_uint_gt(files_host_url(url, sizeof(url)), 0);
	ck_assert_str_eq(url, PAGE "/files");
}
END_TEST

/* --- telnet -------------------------------------------------------------------------------------------- */

START_TEST(words)
{
	struct m_e_say say = {WHO, .file = facts("a cat.png", "image/png", FILE_THUMB)};
	struct m_e_dm dm = {WHO, .to_name = STR_LIT("bob"), .file = say.file};
	struct shown s = {.what = SHOWN_SAY, .type = MSG_e_say, .e = &say};

	ck_assert(files_shown(&s) && s.whole);
	ck_str(s.text, "alice has shared the file a cat.png (12 KiB, " LINK("a%20cat.png") ")");
	s = (struct shown){.what = SHOWN_DM, .type = MSG_e_dm, .e = &dm};
	ck_assert(files_shown(&s) && s.whole);
	ck_str(s.text, "alice sent you an image (" LINK("a%20cat.png") ")");
	s.what = SHOWN_SAY; /* in the history, for either of them */
	ck_assert(files_shown(&s));
	ck_str(s.text,
	       "alice has shared the file a cat.png with bob (12 KiB, " LINK("a%20cat.png") ")");
	ck_str(files_sent(&dm),
	       "You have sent bob the file a cat.png (12 KiB, " LINK("a%20cat.png") ")");
	dm.file = facts("a.pdf", "application/pdf", FILE_GONE);
	s.what = SHOWN_DM;
	ck_assert(files_shown(&s));
	ck_str(s.text, "alice has shared the file a.pdf with you (12 KiB, no longer there)");
	dm.file = STR_LIT("");
	s = (struct shown){.type = MSG_e_dm, .e = &dm, .text = STR_LIT("as it was")};
	ck_assert(!files_shown(&s) && !s.whole);
	ck_str(s.text, "as it was");
}
END_TEST

START_TEST(as_lines)
{
	struct m_e_say say = {WHO, .file = facts("cat.png", "image/png", 0)};
	struct shown s = {.what = SHOWN_SAY, .type = MSG_e_say, .e = &say, .name = say.name};
	char out[4096];

	files_shown(&s);
	for (unsigned cls = 0; cls < CLS_IRC; cls++) {
		if (cls & CLS_TIME || (cls & CLS_FORMAT) >= FORMAT_COUNT)
			continue;
		ck_assert_uint_le(render_bound(&s), sizeof(out));
		out[render(out, cls, &s)] = '\0';
		ck_assert_str_eq(
		    out, "alice has shared the file cat.png (12 KiB, " LINK("cat.png") ")\r\n");
	}
}
END_TEST

/* --- IRC ----------------------------------------------------------------------------------------------- */

static const char *
irc(unsigned cls, struct str file, const char *name, const char *room)
{
	static char out[65536];
	struct m_e_say say = {WHO,
			      .room = 5,
			      .room_name = str_of(room),
			      .text = STR_LIT("ignored"),
			      .tags = STR_LIT("+x=y"),
			      .file = file};
	struct shown s = {.type = MSG_e_say, .e = &say};

	say.name = str_of(name);
	ck_assert_uint_lt(irc_render_bound(&s), sizeof(out));
	out[irc_render(out, CLS_IRC | cls, &s)] = '\0';
	return out;
}

START_TEST(messages)
{
	struct str file = facts("a cat.png", "image/png", FILE_THUMB);

	ck_assert_str_eq(
	    irc(0, file, "alice", "lobby"),
	    ":alice!al@host.example PRIVMSG #lobby :shared the file a cat.png (12 KiB) " LINK(
		"a%20cat.png") "\r\n");
	ck_assert_ptr_nonnull(strstr(irc(CLS_IRC_TAGS, file, "alice", "lobby"),
				     ";chatd.org/file=name=a%20cat.png&size=12345&type=image/png&w="
				     "640&h=480&thumb=1;+x=y :alice!"));
	file = facts("a;b\\ \xc3\xa4.txt", "text/plain", FILE_GONE);
	ck_assert_ptr_nonnull(
	    strstr(irc(CLS_IRC_TAGS, file, "alice", "lobby"),
		   ";chatd.org/file=name=a%3Bb%5C%20%C3%A4.txt&size=12345&type=text/plain&w="
		   "640&h=480&gone=1;+x=y :alice!"));
	ck_assert_ptr_nonnull(
	    strstr(irc(0, file, "alice", "lobby"), "(12 KiB) (file expired)\r\n"));
}
END_TEST

/* However long the names: the link is in one line, with an end that says what it is. */
START_TEST(long_names)
{
	static const char *const letters[] = {"x", "\xc3\xa4", "\xe3\x81\x82"};
	char name[FILE_NAME_MAX + 1] = "", who[NAME_BYTES_MAX + 1], room[ROOM_BYTES_MAX + 1];
	const char *line, *link, *end;

	while (strlen(name) + strlen(letters[_i]) + 5 <= FILE_NAME_MAX)
		strcat(name, letters[_i]);
	strcat(name, ".jpeg");
	memset(who, 'n', sizeof(who) - 1);
	memset(room, 'r', 64);
	who[sizeof(who) - 1] = room[64] = '\0';
	line = irc(CLS_IRC_TAGS | CLS_IRC_MULTI, facts(name, "image/jpeg", 0), who, room);
	link = strstr(line, PAGE);
	ck_assert_ptr_nonnull(link);
	end = strstr(link, "\r\n");
	ck_assert_int_eq(strncmp(end - 16, PROOF, 16), 0);
	ck_assert_ptr_nonnull(strstr(link, ".jpeg?e=1800000000"));
	ck_assert_str_eq(end, "\r\n"); /* one line, no batch */
	ck_assert_ptr_nonnull(strstr(line, "\xe2\x80\xa6 (12 KiB) "));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("file_words");
	TCase *t = tcase_create("file_words");

	suite_add_tcase(s, t);
	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, uploads);
	tcase_add_test(t, host);
	tcase_add_test(t, words);
	tcase_add_test(t, as_lines);
	tcase_add_test(t, messages);
	tcase_add_loop_test(t, long_names, 0, 3);
	return unit_run(s);
}
