/* told.c - what the server tells: who comes and goes, answers, refusals; in the words that people know from telnet. Rooms
 * are in told_room.c. */
#include "config.h"

#include "told_priv.h"

#include <string.h>

#include "lib/util.h"

#define TRY_AGAIN 263 /* too much at once: of all below 400 the one that refuses something */

struct str
told_last(const struct wire *w)
{
	return w->m.n > 0 ? w->m.param[w->m.n - 1] : (struct str){"", 0};
}

const char *
told_because(struct str why)
{
	static char text[512];

	text[0] = '\0';
	if (why.n > 0)
		bprintf(text, sizeof(text), " (" STR_FMT ")", STR_CUT(why, 400));
	return text;
}

/* --- messages ------------------------------------------------------------------------------------ */

static void
on_PRIVMSG(struct session *s, const struct wire *w)
{
	said_message(s, w, false);
}

static void
on_NOTICE(struct session *s, const struct wire *w)
{
	if (s->state != SESSION_READY || w->m.source.p == NULL ||
	    memchr(w->m.source.p, '!', w->m.source.n) == NULL) {
		if (!s->script)
			session_note(s, STR_FMT, STR_ARG(told_last(w)));
		return;
	}
	said_message(s, w, true);
}

static void
on_BATCH(struct session *s, const struct wire *w)
{
	if (w->m.n > 0)
		said_batch(s, w);
}

static void
on_CHATHISTORY(struct session *s, const struct wire *w)
{
	struct str name = w->m.param[1];

	if (w->m.n > 2 && irc_is(w->m.param[0], "TARGETS") && name.n > 0 && name.p[0] != '#')
		said_fetch_person(s, name);
}

static void
on_MARKREAD(struct session *s, const struct wire *w)
{
	struct room *r = room_of(s, w->m.param[0]);
	struct str at = w->m.param[1];
	uint64_t ms;

	if (r == NULL || at.n <= 10 || memcmp(at.p, "timestamp=", 10) != 0)
		return;
	if (irc_time_get((struct str){at.p + 10, at.n - 10}, &ms))
		r->marked_at = MAX(r->marked_at, ms);
}

static void
on_UPLOAD(struct session *s, const struct wire *w)
{
	char to[ROOM_BYTES_MAX + 2], url[2048];

	if (s->upload == 0)
		return;
	s->upload = 0;
	wire_clean(w->m.param[0], false, to, sizeof(to));
	wire_clean(w->m.param[1], false, url, sizeof(url));
	s->front->upload(s->arg, to, url, NULL);
}

/* "Closing link: me: Kicked by Server (calm down)": who was sent away does not come back by itself. The reason, or NULL. */
static const char *
sent_away(const char *why)
{
	static const char *const words[] = {": Kicked by ", ": Killed (", ": Banned"};
	const char *found = NULL;

	for (size_t i = 0; i < ARRAY_LEN(words) && found == NULL; i++)
		found = strstr(why, words[i]);
	return found != NULL ? found + 2 : NULL;
}

static void
on_ERROR(struct session *s, const struct wire *w)
{
	char why[512];

	wire_clean(told_last(w), false, why, sizeof(why));
	if (s->leaving)
		return;
	if (sent_away(why) != NULL)
		s->front->refused(s->arg, REFUSED_SENT_AWAY, sent_away(why));
	else if (s->state != SESSION_READY)
		s->front->refused(s->arg, REFUSED_OTHER, why);
	else if (!s->script)
		session_note(s, "%s", why);
}

/* --- refusals ------------------------------------------------------------------------------------- */

/* "No such channel" -> "no such channel": the first letter is small unless it begins an abbreviation. */
static void
refusal_text(const struct wire *w, char *out, size_t cap)
{
	struct str text = told_last(w);
	size_t n = bprintf(out, cap, STR_FMT, STR_CUT(text, 400));

	if (n > 1 && out[0] >= 'A' && out[0] <= 'Z' && !(out[1] >= 'A' && out[1] <= 'Z'))
		out[0] += 32;
	while (n > 0 && out[n - 1] == '.')
		out[--n] = '\0';
}

/* The room that it is about, or NULL. "263 me JOIN :…" names none: answers come in the order of what they answer, and rooms
 * are in that in which they were asked for. */
static struct room *
refused_room(const struct session *s, const struct wire *w)
{
	bool join = irc_is(w->m.param[1], "JOIN"), mode = irc_is(w->m.param[1], "MODE");
	struct room *r = s->rooms;

	if (w->num != TRY_AGAIN)
		return room_of(s, w->m.param[1]);
	while (r != NULL && !(join && r->wanted && !r->joined) && !(mode && r->asked_about))
		r = r->next;
	return r;
}

static bool
joining_failed(struct session *s, const struct wire *w, struct room *r, const char *why)
{
	static const unsigned nums[] = {TRY_AGAIN, 403, 405, 407, 437, 471, 473, 474,
					475,       476, 477, 479, 480, 482, 489};
	bool is = false;

	for (size_t i = 0; i < ARRAY_LEN(nums); i++)
		is |= nums[i] == w->num;
	if (!is || r == NULL || r->joined || !r->wanted)
		return false;
	if (s->script)
		s->front->refused(s->arg, w->num == TRY_AGAIN ? REFUSED_NOW : REFUSED_ROOM, why);
	else
		session_note(s, "Sorry, %s: %s.", r->name, why);
	pend_drop(s, r, why);
	room_left(s, r);
	return true;
}

static bool
upload_failed(struct session *s, const struct wire *w, unsigned long label, const char *why)
{
	bool nobody;

	if (s->upload == 0 || !(label == s->upload || irc_is(w->m.param[w->num != 0], "UPLOAD")))
		return false;
	s->upload = 0;
	if (w->num == 421)
		why = "files and images are not enabled on this server";
	nobody = w->num == 401 || irc_is(w->m.param[1], "INVALID_TARGET");
	s->front->upload(s->arg, s->upload_to, NULL, nobody && s->upload_to[0] != '#' ? "" : why);
	return true;
}

/* 263, 4xx, 5xx, FAIL. */
static void
refused(struct session *s, const struct wire *w)
{
	unsigned long label = said_label(s, w);
	struct room *r = refused_room(s, w);
	struct str about = w->m.n > 2 ? w->m.param[1] : (struct str){"", 0};
	char why[512];

	refusal_text(w, why, sizeof(why));
	if (pend_done(s, label, why, w->num == 401))
		return;
	if (upload_failed(s, w, label, why))
		return;
	if (irc_is(w->m.param[0], "CHATHISTORY") && w->num == 0 && (label != 0 || s->script))
		return;
	if (room_answered(r, false) || joining_failed(s, w, r, why))
		return;
	if (s->script)
		return;
	if (w->num == 401 || w->num == 406)
		session_note(s, "Sorry, nobody here is called " STR_FMT ".", STR_ARG(about));
	else if (w->num == 421 || w->num == 461)
		session_note(s, "Sorry, " STR_FMT ": %s.", STR_ARG(about), why);
	else
		session_note(s, "Sorry, %s.", why);
}

static void
on_FAIL(struct session *s, const struct wire *w)
{
	refused(s, w);
}

static void
on_NOTE(struct session *s, const struct wire *w)
{
	said_lacks(s, w);
	if (!s->script)
		session_note(s, STR_FMT, STR_ARG(told_last(w)));
}

static void
name_refused(struct session *s, const struct wire *w)
{
	char why[512];

	refusal_text(w, why, sizeof(why));
	if (s->state == SESSION_READY) {
		session_note(s, "Sorry, %s.", why);
		return;
	}
	s->name_refused = true;
	s->front->refused(s->arg, REFUSED_NAME, why);
}

/* --- answers ---------------------------------------------------------------------------------------- */

static void
n_welcome(struct session *s, const struct wire *w)
{
	wire_clean(w->m.param[0], false, s->nick, sizeof(s->nick));
	s->name_refused = false;
}

/* "CHATHISTORY=500", "FILEHOST=https://…": only what matters here. */
static void
n_isupport(struct session *s, const struct wire *w)
{
	for (unsigned i = 1; i + 1 < w->m.n; i++) {
		struct str t = w->m.param[i];
		const char *eq = memchr(t.p, '=', t.n);
		struct str key = {t.p, eq != NULL ? (size_t)(eq - t.p) : t.n};
		struct str value = {t.p + key.n + 1, eq != NULL ? t.n - key.n - 1 : 0};

		if (irc_is(key, "CHATHISTORY")) {
			s->page = 0;
			for (size_t k = 0;
			     k < value.n && k < 5 && value.p[k] >= '0' && value.p[k] <= '9'; k++)
				s->page = s->page * 10 + (unsigned)(value.p[k] - '0');
			if (s->page == 0) /* no limit */
				s->page = value.n > 0 ? 100 : 0;
		}
		if (irc_is(key, "draft/FILEHOST") || irc_is(key, "soju.im/FILEHOST")) {
			const char *host = memchr(value.p, ':', value.n);
			size_t skip = host != NULL ? (size_t)(host - value.p) + 3 : value.n;

			bprintf(s->files, sizeof(s->files), STR_FMT,
				skip < value.n ? (int)(value.n - skip) : 0, value.p + skip);
			s->files[strcspn(s->files, ":/?#")] = '\0';
		}
	}
}

/* The welcome is over: rooms, and what was missed. */
static void
n_ready(struct session *s, const struct wire *w)
{
	(void)w;
	if (s->state == SESSION_READY)
		return;
	s->state = SESSION_READY;
	if (!s->script && !s->again) {
		session_note(s, "Connected to the chat room as %s", s->nick);
		session_note(
		    s, "Type anything to say it to the room; TEXT@NAME says it to NAME alone.");
		session_note(
		    s, "Type show@Server or /who to see who is here, /help for all commands.");
		session_note(s, "Type !INFO to view the information about the chat room, !FILE "
				"PATH to send a file.");
		session_note(s, "Type !DISCONNECT, quit@Server or /quit to log out.");
	} else if (!s->script) {
		session_note(s, "Connected again as %s.", s->nick);
	}
	s->front->ready(s->arg);
	for (struct room *r = s->rooms; r != NULL; r = r->next) {
		if (!r->wanted || r->direct)
			continue;
		room_ask_about(s, r);
		put(s, "JOIN #%s%s%s", r->name, r->key[0] != '\0' ? " " : "", r->key);
	}
	said_fetch_direct(s);
	changed(s);
}

static void
n_away(struct session *s, const struct wire *w)
{
	if (!s->script)
		session_note(s, STR_FMT " is away: " STR_FMT, P(1), STR_ARG(told_last(w)));
}

static void
n_away_off(struct session *s, const struct wire *w)
{
	(void)w;
	session_note(s, "You are back.");
}

static void
n_away_on(struct session *s, const struct wire *w)
{
	(void)w;
	session_note(s, "You are away.");
}

static void
n_whois_user(struct session *s, const struct wire *w)
{
	session_note(s, STR_FMT " is " STR_FMT ", from " STR_FMT, P(1), STR_ARG(told_last(w)),
		     P(3));
}

static void
n_whois_channels(struct session *s, const struct wire *w)
{
	session_note(s, "  in: " STR_FMT, STR_ARG(told_last(w)));
}

static void
n_whois_idle(struct session *s, const struct wire *w)
{
	session_note(s, "  silent for " STR_FMT " s", P(2));
}

static void
n_whois_account(struct session *s, const struct wire *w)
{
	session_note(s, "  logged in to the account " STR_FMT, P(2));
}

static void
n_whois_other(struct session *s, const struct wire *w)
{
	session_note(s, "  " STR_FMT, STR_ARG(told_last(w)));
}

static void
n_logged_in(struct session *s, const struct wire *w)
{
	wire_clean(w->m.param[2], false, s->account, sizeof(s->account));
	if (!s->script && (s->state == SESSION_READY || !s->again))
		session_note(s, "You are logged in to the account %s.", s->account);
}

static void
n_logged_out(struct session *s, const struct wire *w)
{
	(void)w;
	s->account[0] = '\0';
	if (!s->leaving)
		session_note(s, "You are not logged in to an account any more.");
}

static void
n_sasl_end(struct session *s, const struct wire *w)
{
	char why[512], account[sizeof(s->login)];

	if (w->num != 903 && w->num != 907) {
		refusal_text(w, why, sizeof(why));
		memcpy(account, s->login, sizeof(account));
		explicit_bzero(s->password, sizeof(s->password));
		s->login[0] = '\0';
		if (s->state == SESSION_SASL && !s->again) {
			s->front->refused(s->arg, REFUSED_PASSWORD, why);
			return;
		}
		session_note(s, "Sorry, not logged in to the account %s: %s.", account, why);
	}
	if (s->state == SESSION_SASL) {
		s->state = SESSION_WELCOME;
		put(s, "CAP END");
	}
}

static void
n_text(struct session *s, const struct wire *w)
{
	if (!s->script && !s->again)
		session_note(s, STR_FMT, STR_ARG(told_last(w)));
}

static void
on_REGISTER(struct session *s, const struct wire *w)
{
	if (!s->script)
		session_note(s, STR_FMT, STR_ARG(told_last(w)));
}

/* --- the table --------------------------------------------------------------------------------------- */

static const struct {
	const char *cmd; /* NULL: a numeric */
	unsigned num, params; /* at least */
	told_fn *fn;
} rows[] = {
    {"PRIVMSG", 0, 2, on_PRIVMSG},
    {"NOTICE", 0, 2, on_NOTICE},
    {"TAGMSG", 0, 1, recent_reaction},
    {"BATCH", 0, 1, on_BATCH},
    {"JOIN", 0, 1, on_JOIN},
    {"PART", 0, 1, on_PART},
    {"QUIT", 0, 0, on_QUIT},
    {"KICK", 0, 2, on_KICK},
    {"NICK", 0, 1, on_NICK},
    {"MODE", 0, 2, on_MODE},
    {"TOPIC", 0, 1, on_TOPIC},
    {"AWAY", 0, 0, on_AWAY},
    {"INVITE", 0, 2, on_INVITE},
    {"RENAME", 0, 2, on_RENAME},
    {"REDACT", 0, 2, on_REDACT},
    {"CHATHISTORY", 0, 2, on_CHATHISTORY},
    {"MARKREAD", 0, 2, on_MARKREAD},
    {"UPLOAD", 0, 2, on_UPLOAD},
    {"REGISTER", 0, 2, on_REGISTER},
    {"ERROR", 0, 0, on_ERROR},
    {"FAIL", 0, 2, on_FAIL},
    {"NOTE", 0, 2, on_NOTE},
    {"WARN", 0, 2, on_NOTE},
    {NULL, 1, 1, n_welcome},
    {NULL, 5, 2, n_isupport},
    {NULL, 301, 3, n_away},
    {NULL, 305, 0, n_away_off},
    {NULL, 306, 0, n_away_on},
    {NULL, 311, 5, n_whois_user},
    {NULL, 313, 2, n_whois_other},
    {NULL, 315, 1, who_end},
    {NULL, 317, 3, n_whois_idle},
    {NULL, 319, 3, n_whois_channels},
    {NULL, 320, 3, n_whois_other},
    {NULL, 322, 3, n_list_row},
    {NULL, 323, 0, n_list_end},
    {NULL, 324, 3, n_modes},
    {NULL, 329, 3, n_since},
    {NULL, 330, 3, n_whois_account},
    {NULL, 331, 2, n_no_topic},
    {NULL, 332, 3, n_topic},
    {NULL, 335, 2, n_whois_other},
    {NULL, 341, 3, n_inviting},
    {NULL, 346, 3, n_ban},
    {NULL, 348, 3, n_ban},
    {NULL, 352, 6, who_row},
    {NULL, 353, 4, names_row},
    {NULL, 366, 2, names_end},
    {NULL, 367, 3, n_ban},
    {NULL, 368, 2, n_ban_end},
    {NULL, 372, 2, n_text},
    {NULL, 376, 0, n_ready},
    {NULL, 422, 0, n_ready},
    {NULL, 432, 2, name_refused},
    {NULL, 433, 2, name_refused},
    {NULL, 671, 2, n_whois_other},
    {NULL, 900, 3, n_logged_in},
    {NULL, 901, 0, n_logged_out},
    {NULL, 902, 1, n_sasl_end},
    {NULL, 903, 0, n_sasl_end},
    {NULL, 904, 1, n_sasl_end},
    {NULL, 905, 1, n_sasl_end},
    {NULL, 906, 1, n_sasl_end},
    {NULL, 907, 0, n_sasl_end},
};

static void
dispatch(struct session *s, const struct wire *w)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (rows[i].cmd != NULL ? irc_is(w->m.cmd, rows[i].cmd)
					: w->num != 0 && w->num == rows[i].num) {
			if (w->m.n >= rows[i].params)
				rows[i].fn(s, w);
			return;
		}
	}
	if (w->num == TRY_AGAIN || (w->num >= 400 && w->num < 600))
		refused(s, w);
}

void
told_line(struct session *s, const struct wire *w)
{
	unsigned long label = w->label.n > 0 && !irc_is(w->m.cmd, "BATCH") ? said_label(s, w) : 0;
	bool message = pend_has(s, label);

	dispatch(s, w);
	/* whatever it was, it was the whole answer */
	if (message)
		(void)pend_done(s, label, NULL, false);
	else if (label != 0)
		said_failed(s, label);
}
