#include "config.h"

#include "chatter.h"

#include <stdarg.h>
#include <stdio.h>

#include "lib/text.h"
#include "lib/util.h"

struct session s;
static char shown[1 << 16], events[4096];
static size_t nshown, nevents;

static void
on_show(void *arg, const struct show *sh)
{
	char line[20000];
	struct look look = {0};

	(void)arg;
	ck_assert(text_is_clean(sh->text.p, sh->text.n, TEXT_KEEP_NL));
	ck_assert(text_is_clean(sh->from.p, sh->from.n, 0));
	ck_assert(text_is_clean(sh->to.p, sh->to.n, 0));
	ck_assert(text_is_clean(sh->room.p, sh->room.n, 0));
	ck_assert(text_is_clean(sh->msgid.p, sh->msgid.n, 0));
	words_render(&look, sh, s.cur != NULL ? str_of(s.cur->name) : STR_LIT(""), line,
		     sizeof(line));
	nshown += bprintf(shown + nshown, sizeof(shown) - nshown, "%s\n", line);
}

static void event(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void
event(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	nevents += (size_t)vsnprintf(events + nevents, sizeof(events) - nevents, fmt, ap);
	va_end(ap);
}

static void
on_changed(void *arg)
{
	(void)arg;
}

static void
on_ready(void *arg)
{
	(void)arg;
	event("ready.");
}

static void
on_entered(void *arg, const char *room)
{
	(void)arg;
	event("in %s.", room);
}

static void
on_refused(void *arg, enum refusal why, const char *text)
{
	(void)arg;
	event("refused %d %s.", (int)why, text);
}

static void
on_quit(void *arg)
{
	(void)arg;
	event("quit.");
}

static void
on_send_file(void *arg, const char *to, const char *path, bool image)
{
	(void)arg;
	event("%s %s to %s.", image ? "image" : "file", path, to);
}

static void
on_upload(void *arg, const char *to, const char *url, const char *why)
{
	(void)arg;
	event("upload %s %s %s.", to, url != NULL ? url : "-", why != NULL ? why : "-");
}

static void
on_offer(void *arg, const char *url, const char *name, bool old)
{
	(void)arg;
	event("offer %s %s%s.", url, name, old ? " old" : "");
}

static void
on_save(void *arg, const char *which)
{
	(void)arg;
	event("save %s.", which);
}

static const struct front front = {on_show, on_changed,   on_ready,  on_entered, on_refused,
				   on_quit, on_send_file, on_upload, on_offer,   on_save};

void
line(const char *fmt, ...)
{
	char text[20000];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	session_line(&s, text, strlen(text));
}

const char *
said(void)
{
	static char text[1 << 16];
	size_t n = 0;

	for (size_t i = 0; i < s.out.len && n + 1 < sizeof(text); i++) {
		char c = buf_data(&s.out)[i];

		if (c == '\r')
			continue;
		text[n++] = c == '\n' ? '|' : c;
	}
	text[n] = '\0';
	buf_drop(&s.out, s.out.len);
	return text;
}

const char *
showed(void)
{
	static char text[sizeof(shown)];

	memcpy(text, shown, nshown + 1);
	shown[nshown = 0] = '\0';
	return text;
}

const char *
happened(void)
{
	static char text[sizeof(events)];

	memcpy(text, events, nevents + 1);
	events[nevents = 0] = '\0';
	return text;
}

#define CAPS \
	"batch echo-message labeled-response message-tags server-time draft/chathistory " \
	"draft/multiline"

void
log_in_to(const char *tokens)
{
	session_begin(&s, true);
	line(":srv CAP * LS :%s", CAPS);
	line(":srv CAP me ACK :%s", CAPS);
	line(":srv 001 me :Welcome");
	line(":srv 005 me %s :are supported", tokens);
	line(":srv 422 me :no MOTD");
}

void
log_in(void)
{
	log_in_to("CHATHISTORY=500 CASEMAPPING=ascii");
}

void
chatter_begin(void)
{
	nshown = nevents = 0;
	shown[0] = events[0] = '\0';
	session_init(&s, &front, NULL, "me");
	bprintf(s.id, sizeof(s.id), "mine");
	session_want_room(&s, "lobby");
}

void
chatter_enter(void)
{
	chatter_begin();
	log_in();
	line("@msgid=0000000000001 :me!u@h JOIN #lobby * :me");
	line(":srv 353 me = #lobby :me @bob");
	line(":srv 366 me #lobby :End");
	said();
	showed();
	happened();
}

void
chatter_end(void)
{
	session_fini(&s);
}
