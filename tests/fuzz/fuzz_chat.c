/* chat's session: whatever a server sends and somebody types, what is shown is clean and what is sent are lines.
 *
 * Input: lines. One that begins with '>' is typed; '<' the connection is lost, and there is another one; others come from
 * the server. */
#include "config.h"

#include "fuzz.h"
#include "lib/text.h"
#include "lib/util.h"
#include "tools/chat/complete.h"
#include "tools/chat/fname.h"
#include "tools/chat/session.h"
#include "tools/chat/url.h"

static struct session s;

static void
check_clean(struct str t, unsigned keep)
{
	FUZZ_ASSERT(text_utf8_ok(t.p, t.n));
	FUZZ_ASSERT(text_is_clean(t.p, t.n, keep));
}

static void
on_show(void *arg, const struct show *sh)
{
	static char out[40000];
	struct look look = {0};

	(void)arg;
	check_clean(sh->text, TEXT_KEEP_NL);
	check_clean(sh->from, 0);
	check_clean(sh->to, 0);
	check_clean(sh->room, 0);
	check_clean(sh->msgid, 0);
	check_clean((struct str){out, words_render(&look, sh, STR_LIT("lobby"), out, sizeof(out))},
		    TEXT_KEEP_NL);
}

static void
on_changed(void *arg)
{
	(void)arg;
	check_clean(str_of(s.nick), 0);
	for (const struct room *r = s.rooms; r != NULL; r = r->next) {
		check_clean(str_of(r->name), 0);
		check_clean(str_of(r->topic), 0);
	}
}

static void
on_nothing(void *arg)
{
	(void)arg;
}

static void
on_entered(void *arg, const char *room)
{
	(void)arg;
	check_clean(str_of(room), 0);
}

static void
on_refused(void *arg, enum refusal why, const char *text)
{
	(void)arg;
	(void)why;
	(void)text;
}

static void
on_send_file(void *arg, const char *to, const char *path, bool image)
{
	(void)arg;
	(void)to;
	(void)path;
	(void)image;
}

static void
on_upload(void *arg, const char *to, const char *url, const char *why)
{
	(void)arg;
	(void)to;
	(void)why;
	FUZZ_ASSERT(url == NULL || strlen(url) < 2048);
}

static void
on_offer(void *arg, const char *url, const char *given, bool old)
{
	char name[FNAME_MAX + 1];
	struct url u;

	(void)arg;
	(void)old;
	FUZZ_ASSERT(url_parse(str_of(url), &u) == NULL);
	if (given[0] != '\0')
		fname_safe(str_of(given), name);
	else
		url_name(&u, name);
	check_clean(str_of(name), 0);
	FUZZ_ASSERT(name[0] != '\0' && name[0] != '.' && strchr(name, '/') == NULL);
}

static void
on_save(void *arg, const char *which)
{
	(void)arg;
	(void)which;
}

static const struct front front = {on_show,    on_changed,   on_nothing, on_entered, on_refused,
				   on_nothing, on_send_file, on_upload,  on_offer,   on_save};

/* All that is sent are lines, none of them too long, each with its one end. */
static void
check_out(void)
{
	const char *p = buf_data(&s.out), *end = p + s.out.len;

	while (s.out.len > 0 && p < end) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));

		FUZZ_ASSERT(nl != NULL && nl > p && nl[-1] == '\r');
		FUZZ_ASSERT(memchr(p, '\r', (size_t)(nl - p)) == nl - 1 &&
			    memchr(p, '\0', (size_t)(nl - p)) == NULL);
		FUZZ_ASSERT(nl - p < 8192 + 512);
		p = nl + 1;
	}
	buf_drop(&s.out, s.out.len);
}

static void
one(const char *line, size_t n)
{
	static struct complete c;

	if (n > 0 && line[0] == '<') {
		session_lost(&s);
		session_begin(&s, true);
	} else if (n > 0 && line[0] == '=') {
		s.script = true;
		s.create = n > 1;
	} else if (n > 0 && line[0] == '>') {
		char *copy = fuzz_copy(line + 1, n - 1, n);

		if (text_utf8_ok(copy, strlen(copy))) {
			complete(&s, copy, strlen(copy), &c);
			session_typed(&s, copy);
		}
		free(copy);
	} else {
		char *copy = fuzz_copy(line, n, n);

		session_line(&s, copy, n);
		free(copy);
	}
	check_out();
	FUZZ_ASSERT(s.nbatches <= SESSION_BATCHES_MAX && s.npending <= SESSION_PENDING_MAX + 64);
}

int
LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	const char *p = (const char *)in, *end = p + n;

	session_init(&s, &front, NULL, "me");
	bprintf(s.host, sizeof(s.host), "h");
	s.history = 5;
	session_want_room(&s, "lobby");
	session_begin(&s, true);
	while (p < end) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		size_t len = (size_t)((nl != NULL ? nl : end) - p);

		one(p, len);
		p += len + (nl != NULL);
	}
	session_fini(&s);
	return 0;
}
