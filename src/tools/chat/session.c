/* session.c - a session's life: the connection's beginning and end, its rooms, what is sent and shown. See session.h. */
#include "config.h"

#include "session_priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "lib/text.h"
#include "lib/util.h"
#include "proto/sasl.h"

#define OUT_MAX (1u << 20)

static const char *const cap_names[CAP_COUNT] = {
    [CAP_ACCOUNT_NOTIFY] = "account-notify",
    [CAP_AWAY_NOTIFY] = "away-notify",
    [CAP_BATCH] = "batch",
    [CAP_CAP_NOTIFY] = "cap-notify",
    [CAP_ECHO] = "echo-message",
    [CAP_INVITE_NOTIFY] = "invite-notify",
    [CAP_LABEL] = "labeled-response",
    [CAP_TAGS] = "message-tags",
    [CAP_MULTI_PREFIX] = "multi-prefix",
    [CAP_SASL] = "sasl",
    [CAP_SERVER_TIME] = "server-time",
    [CAP_STANDARD_REPLIES] = "standard-replies",
    [CAP_HISTORY] = "draft/chathistory",
    [CAP_READ_MARKER] = "draft/read-marker",
    [CAP_MULTILINE] = "draft/multiline",
    [CAP_REDACTION] = "draft/message-redaction",
    [CAP_RENAME] = "draft/channel-rename",
    [CAP_SEARCH] = "soju.im/search",
};

/* --- saying and showing ------------------------------------------------------------------- */

void
put(struct session *s, const char *fmt, ...)
{
	char line[WIRE_LINE_MAX];
	va_list ap;
	size_t n, tags = 0;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	n = strcspn(line, "\r\n");
	if (line[0] == '@')
		tags = strcspn(line, " ") + 1;
	if (n > tags + IRC_BODY_MAX)
		n = tags + text_cut(line + tags, n - tags, IRC_BODY_MAX);
	if (buf_append(&s->out, line, n) == 0)
		(void)buf_append(&s->out, "\r\n", 2);
}

static void vnote(struct session *s, const struct room *r, const char *fmt, va_list ap)
    __attribute__((format(printf, 3, 0)));
static void
vnote(struct session *s, const struct room *r, const char *fmt, va_list ap)
{
	char raw[4096], text[4096], room[ROOM_BYTES_MAX + 2];
	struct show sh = {.kind = SHOW_NOTE};

	vsnprintf(raw, sizeof(raw), fmt, ap);
	/* cut within a character it would not be text any more */
	raw[text_cut(raw, strlen(raw), sizeof(raw) - 1)] = '\0';
	while (!text_utf8_ok(raw, strlen(raw)) && raw[0] != '\0')
		raw[strlen(raw) - 1] = '\0';
	sh.text = (struct str){text, wire_clean(str_of(raw), true, text, sizeof(text))};
	if (r != NULL) {
		bprintf(room, sizeof(room), "%s%s", r->direct ? "@" : "", r->name);
		sh.room = str_of(room);
	}
	s->front->show(s->arg, &sh);
}

void
session_note(struct session *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vnote(s, NULL, fmt, ap);
	va_end(ap);
}

void
note_in(struct session *s, const struct room *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vnote(s, r, fmt, ap);
	va_end(ap);
}

void
changed(struct session *s)
{
	s->front->changed(s->arg);
}

/* --- names ------------------------------------------------------------------------------------ */

static char
lower(char c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

bool
same_name(struct str a, struct str b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++) {
		if (lower(a.p[i]) != lower(b.p[i]))
			return false;
	}
	return true;
}

bool
session_is_me(const struct session *s, struct str name)
{
	return same_name(name, str_of(s->nick));
}

bool
is_ignored(const struct session *s, struct str name)
{
	for (unsigned i = 0; i < s->nignored; i++) {
		if (same_name(name, str_of(s->ignored[i])))
			return true;
	}
	return false;
}

/* --- rooms and members ---------------------------------------------------------------------------- */

struct room *
session_room(const struct session *s, struct str name, bool direct)
{
	for (struct room *r = s->rooms; r != NULL; r = r->next) {
		if (r->direct == direct && same_name(name, str_of(r->name)))
			return r;
	}
	return NULL;
}

struct room *
room_of(const struct session *s, struct str channel)
{
	if (channel.n > 0 && channel.p[0] == '#')
		channel = (struct str){channel.p + 1, channel.n - 1};
	return session_room(s, channel, false);
}

struct room *
room_new(struct session *s, struct str name, bool direct)
{
	struct room *r = session_room(s, name, direct), **end = &s->rooms;
	unsigned n = 0, ndirect = 0;

	if (r != NULL)
		return r;
	for (; *end != NULL; end = &(*end)->next) {
		n++;
		ndirect += (*end)->direct;
	}
	if (n >= SESSION_ROOMS_MAX || (direct && ndirect >= SESSION_DIRECT_MAX))
		return NULL;
	r = xcalloc(1, sizeof(*r));
	wire_clean(name, false, r->name, sizeof(r->name));
	r->direct = direct;
	r->held_end = &r->held;
	*end = r;
	return r;
}

void
room_free(struct session *s, struct room *r)
{
	for (struct room **at = &s->rooms; *at != NULL; at = &(*at)->next) {
		if (*at == r) {
			*at = r->next;
			break;
		}
	}
	if (s->cur == r)
		s->cur = NULL;
	if (s->asked_page == r)
		s->asked_page = NULL;
	members_clear(s, r);
	said_fini(r);
	free(r);
}

static void
member_key(struct str name, char key[NICK_MAX + 1])
{
	size_t n = wire_clean(name, false, key, NICK_MAX + 1);

	for (size_t i = 0; i < n; i++)
		key[i] = lower(key[i]);
}

struct member *
session_member(const struct room *r, struct str name)
{
	char key[NICK_MAX + 1];
	struct member *m;

	member_key(name, key);
	HASH_FIND_STR(r->members, key, m);
	return m;
}

struct member *
member_add(struct session *s, struct room *r, struct str name, char rank)
{
	struct member *m = session_member(r, name);

	if (m == NULL) {
		if (HASH_COUNT(r->members) >= SESSION_MEMBERS_MAX ||
		    s->nmembers >= SESSION_MEMBERS_ALL)
			return NULL;
		s->nmembers++;
		m = xcalloc(1, sizeof(*m));
		wire_clean(name, false, m->name, sizeof(m->name));
		member_key(name, m->key);
		HASH_ADD_STR(r->members, key, m);
	}
	m->rank = rank;
	return m;
}

void
member_del(struct session *s, struct room *r, struct str name)
{
	struct member *m = session_member(r, name);

	if (m == NULL)
		return;
	HASH_DEL(r->members, m);
	s->nmembers--;
	free(m);
}

void
members_clear(struct session *s, struct room *r)
{
	struct member *m, *next;

	HASH_ITER (hh, r->members, m, next) {
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the analyzer does not see that the macro takes it out */
		HASH_DEL(r->members, m);
		s->nmembers--;
		free(m);
	}
}

void
session_want_room(struct session *s, const char *room)
{
	struct room *r = room_new(s, str_of(room[0] == '#' ? room + 1 : room), false);

	if (r != NULL)
		r->wanted = true;
}

void
session_talk_in(struct session *s, struct room *r)
{
	s->cur = r;
	if (r != NULL)
		r->unread = r->mentions = 0;
	changed(s);
}

/* --- life ------------------------------------------------------------------------------------------ */

void
session_init(struct session *s, const struct front *front, void *arg, const char *name)
{
	uint8_t id[8];

	memset(s, 0, sizeof(*s));
	s->front = front;
	s->arg = arg;
	buf_init(&s->out, OUT_MAX);
	buf_init(&s->paste, SESSION_TEXT_MAX);
	buf_init(&s->who, SESSION_TEXT_MAX);
	s->pending_end = &s->pending;
	if (getrandom(id, sizeof(id), 0) != (ssize_t)sizeof(id))
		memset(id, 0, sizeof(id));
	for (size_t i = 0; i < sizeof(id); i++)
		bprintf(s->id + 2 * i, sizeof(s->id) - 2 * i, "%02x", id[i]);
	bprintf(s->want, sizeof(s->want), "%s", name);
	bprintf(s->nick, sizeof(s->nick), "%s", name);
}

void
session_fini(struct session *s)
{
	said_reset(s);
	pend_fini(s);
	while (s->rooms != NULL)
		room_free(s, s->rooms);
	while (s->nignored > 0)
		free(s->ignored[--s->nignored]);
	explicit_bzero(s->password, sizeof(s->password));
	explicit_bzero(s->ask_word, sizeof(s->ask_word));
	buf_fini(&s->out);
	buf_fini(&s->paste);
	buf_fini(&s->who);
}

void
session_begin(struct session *s, bool secure)
{
	s->state = SESSION_CAPS;
	s->secure = secure;
	s->authing = false;
	s->caps = s->offered = 0;
	buf_drop(&s->out, s->out.len);
	put(s, "CAP LS 302");
	put(s, "NICK :%s", s->want);
	put(s, "USER %s 0 * :%s", "chat", s->want);
}

void
session_lost(struct session *s)
{
	if (s->state == SESSION_READY) {
		s->again = true;
		if (s->dm_asks == 0) /* else there is still something to be fetched from before */
			s->away_from = s->last_at;
	}
	s->state = SESSION_OFF;
	s->account[0] = '\0';
	s->who_wanted = 0;
	s->who_more = false;
	buf_drop(&s->who, s->who.len);
	s->dm_asks = 0;
	s->upload = 0;
	buf_drop(&s->out, s->out.len);
	said_reset(s);
	pend_lost(s);
	for (struct room *r = s->rooms; r != NULL; r = r->next) {
		r->been |= r->joined;
		r->joined = false;
		r->fetching = false;
		members_clear(s, r);
	}
	changed(s);
}

void
session_quit(struct session *s, const char *reason)
{
	s->leaving = true;
	session_mark(s);
	if (s->state == SESSION_READY)
		put(s, "QUIT :%s", reason);
	s->front->quit(s->arg);
}

void
session_name_again(struct session *s)
{
	s->name_refused = false;
	put(s, "NICK :%s", s->want);
}

/* --- capabilities and the login ----------------------------------------------------------------------- */

static void
offer(struct session *s, struct str list)
{
	while (list.n > 0) {
		const char *end = memchr(list.p, ' ', list.n);
		size_t n = end != NULL ? (size_t)(end - list.p) : list.n, word = n;
		const char *eq = n > 0 ? memchr(list.p, '=', n) : NULL;

		if (eq != NULL)
			word = (size_t)(eq - list.p);
		for (unsigned c = 0; c < CAP_COUNT; c++) {
			if (str_eq((struct str){list.p, word}, str_of(cap_names[c])))
				s->offered |= 1u << c;
		}
		n += end != NULL;
		list = (struct str){list.p + n, list.n - n};
	}
}

void
sasl_begin(struct session *s)
{
	s->authing = s->secure;
	put(s, "AUTHENTICATE PLAIN");
}

/* PLAIN, in pieces of 400 bytes (IRCv3 sasl-3.1). */
void
sasl_continue(struct session *s)
{
	char raw[2 * NICK_MAX + 512 + 4], text[1200];
	size_t n, len, at = 0, piece;

	if (!s->authing)
		return; /* it wants a password that it was not to have */
	s->authing = false;
	n = bprintf(raw, sizeof(raw), "%s%c%s%c%s", s->login, 0, s->login, 0, s->password);
	len = base64_encode((struct str){raw, n}, text, sizeof(text));
	do {
		piece = MIN(len - at, 400u);
		put(s, "AUTHENTICATE %.*s", piece > 0 ? (int)piece : 1,
		    piece > 0 ? text + at : "+");
		at += piece;
	} while (piece == 400);
	explicit_bzero(raw, sizeof(raw));
	explicit_bzero(text, sizeof(text));
}

/* It is known what the server can: log in, if that is wanted, or go on. */
static void
caps_settled(struct session *s)
{
	const char *why = "passwords are only sent over TLS, or to this host";

	if (s->login[0] != '\0' && s->secure && has(s, CAP_SASL)) {
		s->state = SESSION_SASL;
		sasl_begin(s);
		return;
	}
	if (s->login[0] != '\0' && (!s->secure || !s->again)) {
		s->front->refused(s->arg, REFUSED_PASSWORD,
				  s->secure ? "this server has no accounts" : why);
		return;
	}
	s->state = SESSION_WELCOME;
	put(s, "CAP END");
}

static void
request_caps(struct session *s)
{
	char line[IRC_BODY_MAX];
	size_t n = 0;

	for (unsigned c = 0; c < CAP_COUNT; c++) {
		if (s->offered & 1u << c)
			n += bprintf(line + n, sizeof(line) - n, "%s%s", n > 0 ? " " : "",
				     cap_names[c]);
	}
	if (n == 0)
		caps_settled(s);
	else
		put(s, "CAP REQ :%s", line);
}

static void
caps_acked(struct session *s, struct str list)
{
	unsigned before = s->offered;

	s->offered = 0;
	offer(s, list);
	s->caps |= s->offered;
	s->offered = before;
	if (s->state == SESSION_CAPS)
		caps_settled(s);
}

/* "CAP nick LS [*] :list" */
static void
take_cap(struct session *s, const struct irc_msg *m)
{
	struct str what = m->param[1], list = m->n > 0 ? m->param[m->n - 1] : what;
	bool more = m->n > 3 && str_eq(m->param[2], STR_LIT("*"));

	if (m->n < 3)
		return;
	if (irc_is(what, "LS")) {
		offer(s, list);
		if (!more && s->state == SESSION_CAPS)
			request_caps(s);
	} else if (irc_is(what, "ACK")) {
		caps_acked(s, list);
	} else if (irc_is(what, "NAK") && s->state == SESSION_CAPS) {
		caps_settled(s);
	}
}

void
session_line(struct session *s, const char *line, size_t n)
{
	struct wire w;

	if (!wire_parse(&w, line, n))
		return;
	if (w.at > s->last_at)
		s->last_at = w.at;
	if (irc_is(w.m.cmd, "PING"))
		put(s, "PONG :" STR_FMT, STR_ARG(w.m.param[0]));
	else if (irc_is(w.m.cmd, "CAP"))
		take_cap(s, &w.m);
	else if (irc_is(w.m.cmd, "AUTHENTICATE"))
		sasl_continue(s);
	else
		told_line(s, &w);
}
