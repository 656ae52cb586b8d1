/* said.c - messages: live, of several lines, from history; each shown once and in the order of its room.
 *
 * After a new connection a room's messages are fetched from the last one that was shown (CHATHISTORY AFTER); what comes
 * live meanwhile is held until that has been shown, so that it comes behind. If that becomes too much, what followed the
 * last one held is fetched as well. Whatever has been shown once is known by its number. */
#include "config.h"

#include "session_priv.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/text.h"
#include "lib/util.h"
#include "url.h"

#define PAGE_MAX 100
#define REF_MAX 64

enum batch_kind {
	BATCH_OTHER,
	BATCH_LABEL,
	BATCH_HISTORY,
	BATCH_MULTI,
	BATCH_SEARCH,
	BATCH_TARGETS
};

struct batch {
	struct batch *next;
	enum batch_kind kind;
	char ref[REF_MAX + 1], parent[REF_MAX + 1], target[ROOM_BYTES_MAX + 2];
	unsigned long label;
	/* BATCH_MULTI: the message as far as it has come */
	struct buf text;
	char nick[NICK_MAX + 1], msgid[REF_MAX + 1], id[REF_MAX + 1];
	uint64_t at, seq;
	bool notice, edit, begun;
	/* BATCH_HISTORY: the newest are missing, the server says */
	bool lacks;
};

struct held {
	struct held *next;
	char from[NICK_MAX + 1], msgid[REF_MAX + 1];
	uint64_t at, seq;
	bool notice, edit;
	size_t n, nfile;
	char text[]; /* and behind it the tag */
};

/* A message, whole. */
struct said {
	struct str from, target, text, msgid;
	struct str id; /* the sender's own */
	uint64_t at, seq;
	struct str file;
	bool notice, edit;
	unsigned long label;
};

/* --- batches ------------------------------------------------------------------------------ */

static struct batch *
batch_of(const struct session *s, struct str ref)
{
	for (struct batch *b = s->batches; b != NULL && ref.n > 0; b = b->next) {
		if (str_eq(ref, str_of(b->ref)))
			return b;
	}
	return NULL;
}

static void
batch_free(struct session *s, struct batch *b)
{
	for (struct batch **at = &s->batches; *at != NULL; at = &(*at)->next) {
		if (*at == b) {
			*at = b->next;
			break;
		}
	}
	s->nbatches--;
	buf_fini(&b->text);
	free(b);
}

void
said_reset(struct session *s)
{
	while (s->batches != NULL)
		batch_free(s, s->batches);
}

/* The innermost batch of that kind that something with this batch tag is in. */
static struct batch *
within(const struct session *s, struct str ref, enum batch_kind kind)
{
	struct batch *b = batch_of(s, ref);

	for (unsigned i = 0; i < 8 && b != NULL && b->kind != kind; i++)
		b = batch_of(s, str_of(b->parent));
	return b != NULL && b->kind == kind ? b : NULL;
}

static unsigned long
number(struct str s)
{
	unsigned long n = 0;

	for (size_t i = 0; i < s.n && i < 18; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return 0;
		n = n * 10 + (unsigned long)(s.p[i] - '0');
	}
	return n;
}

unsigned long
said_label(struct session *s, const struct wire *w)
{
	struct batch *b;

	if (w->label.n > 0)
		return number(w->label);
	b = within(s, w->batch, BATCH_LABEL);
	return b != NULL ? b->label : 0;
}

static void
copy(struct str s, char *out, size_t cap)
{
	bprintf(out, cap, STR_FMT, (int)MIN(s.n, cap - 1), s.p != NULL ? s.p : "");
}

static enum batch_kind
kind_of(struct str type)
{
	static const struct {
		const char *name;
		enum batch_kind kind;
	} kinds[] = {
	    {"labeled-response", BATCH_LABEL},
	    {"chathistory", BATCH_HISTORY},
	    {"draft/multiline", BATCH_MULTI},
	    {"soju.im/search", BATCH_SEARCH},
	    {"draft/chathistory-targets", BATCH_TARGETS},
	};

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (irc_is(type, kinds[i].name))
			return kinds[i].kind;
	}
	return BATCH_OTHER;
}

static void said_whole(struct session *s, const struct said *m, struct str batch);

static void
batch_begin(struct session *s, const struct wire *w)
{
	struct str ref = w->m.param[0];
	struct batch *b;

	ref = (struct str){ref.p + 1, ref.n - 1};
	if (s->nbatches >= SESSION_BATCHES_MAX || ref.n == 0 || ref.n > REF_MAX ||
	    batch_of(s, ref) != NULL)
		return;
	b = xcalloc(1, sizeof(*b));
	b->kind = kind_of(w->m.param[1]);
	copy(ref, b->ref, sizeof(b->ref));
	copy(w->batch, b->parent, sizeof(b->parent));
	copy(w->m.param[2], b->target, sizeof(b->target));
	copy(w->nick, b->nick, sizeof(b->nick));
	copy(w->msgid, b->msgid, sizeof(b->msgid));
	copy(w->id, b->id, sizeof(b->id));
	b->label = number(w->label);
	b->at = w->at;
	b->seq = w->seq;
	b->edit = w->edit;
	buf_init(&b->text, SESSION_TEXT_MAX);
	b->next = s->batches;
	s->batches = b;
	s->nbatches++;
}

static void
multi_end(struct session *s, const struct batch *b)
{
	struct said m = {.from = str_of(b->nick),
			 .target = str_of(b->target),
			 .text = {buf_data(&b->text), b->text.len},
			 .msgid = str_of(b->msgid),
			 .id = str_of(b->id),
			 .at = b->at,
			 .seq = b->seq,
			 .notice = b->notice,
			 .edit = b->edit,
			 .label = b->label};

	if (b->begun)
		said_whole(s, &m, str_of(b->parent));
}

static struct room *
fetched_by(const struct session *s, unsigned long label)
{
	for (struct room *r = s->rooms; r != NULL && label != 0; r = r->next) {
		if (r->fetching && r->ask == label)
			return r;
	}
	return NULL;
}

static void history_end(struct session *s, const struct batch *b);
static void direct_fetched(struct session *s, unsigned long label);

void
said_batch(struct session *s, const struct wire *w)
{
	struct str ref = w->m.param[0];
	struct batch *b;

	if (ref.n > 0 && ref.p[0] == '+') {
		batch_begin(s, w);
		return;
	}
	if (ref.n == 0 || ref.p[0] != '-')
		return;
	b = batch_of(s, (struct str){ref.p + 1, ref.n - 1});
	if (b == NULL)
		return;
	if (b->kind == BATCH_MULTI)
		multi_end(s, b);
	else if (b->kind == BATCH_HISTORY || b->kind == BATCH_SEARCH)
		history_end(s, b);
	else if (b->kind == BATCH_TARGETS)
		direct_fetched(s, b->label);
	else if (b->kind == BATCH_LABEL && !pend_has(s, b->label))
		said_failed(s, b->label);
	if (b->label != 0)
		(void)pend_done(s, b->label, NULL, false);
	/* others may have gone meanwhile */
	b = batch_of(s, (struct str){ref.p + 1, ref.n - 1});
	if (b != NULL)
		batch_free(s, b);
}

/* One line of a message of several. */
static void
multi_line(struct batch *b, const struct wire *w, bool notice)
{
	struct str text = w->m.param[1], value;

	if (b->begun && !irc_tag_find(w->m.tags, "draft/multiline-concat", &value))
		(void)buf_append(&b->text, "\n", 1);
	if (buf_append(&b->text, text.p, text.n) != 0) {
		size_t left = SESSION_TEXT_MAX - MIN(b->text.len, (size_t)SESSION_TEXT_MAX);

		(void)buf_append(&b->text, text.p, text_cut(text.p, text.n, left));
	}
	b->begun = true;
	b->notice = notice;
}

/* --- once ------------------------------------------------------------------------------------- */

/* Has it been shown? It has from now on. */
static bool
seen_before(struct session *s, uint64_t seq)
{
	if (seq == 0)
		return false;
	for (unsigned i = 0; i < MIN(s->nseen, (unsigned)SESSION_SEEN_MAX); i++) {
		if (s->seen[i] == seq)
			return true;
	}
	s->seen[s->nseen % SESSION_SEEN_MAX] = seq;
	s->nseen = s->nseen == 2 * SESSION_SEEN_MAX ? SESSION_SEEN_MAX + 1 : s->nseen + 1;
	return false;
}

/* --- showing ---------------------------------------------------------------------------------- */

/* Is our name in it, as a word? */
static bool
mentions(const struct session *s, struct str text)
{
	size_t n = strlen(s->nick);

	for (size_t i = 0; n > 0 && i + n <= text.n; i++) {
		if (same_name((struct str){text.p + i, n}, str_of(s->nick)) &&
		    (i == 0 || strchr(" ,.:;!?@(\n", text.p[i - 1]) != NULL) &&
		    (i + n == text.n || strchr(" ,.:;!?)'\n", text.p[i + n]) != NULL))
			return true;
	}
	return false;
}

/* A link to a file of this server's: one that the server vouches for, or at a host of its own. */
static bool
file_link(const struct session *s, const struct said *m, char link[URL_MAX + 1])
{
	struct str url;
	struct url u;

	if (!url_find(m->text, &url) || url.n > URL_MAX || url_parse(url, &u) != NULL ||
	    u.path.n <= 7 || memcmp(u.path.p, "/files/", 7) != 0)
		return false;
	copy(url, link, URL_MAX + 1);
	return m->file.n > 0 || strcasecmp(u.host, s->host) == 0 ||
	       strcasecmp(u.host, s->files) == 0;
}

/* "has shared the file X (12 KiB): LINK", the words of all protocols. Its length. */
static size_t
file_words(const struct wire_file *f, const char *link, bool direct, char *out, size_t cap)
{
	char name[256], size[24];

	wire_clean(str_of(f->name), false, name, sizeof(name));
	show_bytes(size, sizeof(size), f->size);
	if (direct && f->image)
		return bprintf(out, cap, "sent you an image: %s (%s)%s%s", name, size,
			       link[0] != '\0' ? ": " : "", link);
	return bprintf(out, cap, "%s the file %s (%s)%s%s", direct ? "sent you" : "has shared",
		       name, size, f->gone ? " (file expired)" : ": ", link);
}

/* The room or conversation that it belongs to; NULL: the server's own words. */
static struct room *
place_of(struct session *s, const struct said *m, bool own)
{
	struct str other = own ? m->target : m->from;

	if (m->target.n > 1 && m->target.p[1] == '#' && strchr("@%+", m->target.p[0]) != NULL)
		return room_of(s, (struct str){m->target.p + 1, m->target.n - 1});
	if (m->target.n > 0 && m->target.p[0] == '#')
		return room_of(s, m->target);
	if (m->notice)
		return NULL; /* a service's, or the server's */
	return session_room(s, other, true) != NULL || other.n > NICK_MAX
		   ? session_room(s, other, true)
		   : room_new(s, other, true);
}

/* What kind it is, and the words that are shown for it: they stand in m->text, or in out. */
static enum show_kind
kind_of_said(const struct said *m, const struct wire_file *file, const char *link, bool to_us,
	     char *out, size_t cap, struct str *words_r)
{
	static const struct str edited = {"[edited] ", 9};
	struct str word, params;

	*words_r = m->text;
	if (file->name[0] != '\0') {
		*words_r = (struct str){out, file_words(file, link, to_us, out, cap)};
		return SHOW_FILE;
	}
	if (m->edit && m->text.n > edited.n && memcmp(m->text.p, edited.p, edited.n) == 0) {
		*words_r =
		    (struct str){out, bprintf(out, cap, "edited: " STR_FMT,
					      (int)(m->text.n - edited.n), m->text.p + edited.n)};
		return SHOW_EDIT;
	}
	if (irc_ctcp(m->text, &word, &params)) {
		*words_r = params;
		return irc_is(word, "ACTION") ? SHOW_DID : SHOW_NOTE;
	}
	return SHOW_SAID;
}

static void
count_unread(struct session *s, struct room *r, const struct show *sh)
{
	if (r == NULL || r == s->cur || sh->own || sh->old)
		return;
	r->unread++;
	r->mentions += sh->mention || sh->direct;
}

static void
show(struct session *s, struct room *r, const struct said *m, bool old)
{
	static char text[SESSION_TEXT_MAX + 4096], made[SESSION_TEXT_MAX + URL_MAX];
	char room[ROOM_BYTES_MAX + 2] = "", from[NICK_MAX + 1], to[ROOM_BYTES_MAX + 2];
	char id[REF_MAX + 1], link[URL_MAX + 1] = "";
	struct show sh = {.old = old, .own = session_is_me(s, m->from), .at = m->at};
	struct wire_file file = {.size = 0};
	bool linked = file_link(s, m, link);
	struct str body;
	size_t n = 0;

	if (m->notice && r == NULL) {
		session_note(s, STR_FMT ": " STR_FMT, STR_ARG(m->from), STR_ARG(m->text));
		return;
	}
	sh.direct =
	    m->target.n > 0 && m->target.p[0] != '#' && strchr("@%+", m->target.p[0]) == NULL;
	if (m->file.n > 0)
		(void)wire_file(m->file, &file);
	sh.kind = kind_of_said(m, &file, link, sh.direct && !sh.own, made, sizeof(made), &body);
	if (sh.kind == SHOW_NOTE)
		return; /* another CTCP than ACTION */
	if (r != NULL)
		bprintf(room, sizeof(room), "%s%s", r->direct ? "@" : "", r->name);
	sh.room = str_of(room);
	sh.from = (struct str){from, wire_clean(m->from, false, from, sizeof(from))};
	sh.to = (struct str){to, wire_clean(m->target, false, to, sizeof(to))};
	sh.msgid = (struct str){id, wire_clean(m->msgid, false, id, sizeof(id))};
	if (old && s->show_ids)
		n = bprintf(text, sizeof(text), "[%s] ", id);
	sh.text = (struct str){text, n + wire_clean(body, true, text + n, sizeof(text) - n)};
	sh.mention = !sh.own && !sh.direct && mentions(s, sh.text);
	count_unread(s, r, &sh);
	s->front->show(s->arg, &sh);
	if (!sh.own && linked)
		s->front->offer(s->arg, link, file.name, old);
}

static void
hold(struct room *r, const struct said *m)
{
	struct held *h;

	r->held_over |=
	    r->nheld >= SESSION_HELD_MAX || r->held_bytes + m->text.n > SESSION_HELD_BYTES;
	if (r->held_over)
		return; /* it will be asked for: what is held has no gap */
	h = xcalloc(1, sizeof(*h) + m->text.n + m->file.n + 1);
	copy(m->from, h->from, sizeof(h->from));
	copy(m->msgid, h->msgid, sizeof(h->msgid));
	h->at = m->at;
	h->seq = m->seq;
	h->notice = m->notice;
	h->edit = m->edit;
	h->n = m->text.n;
	h->nfile = m->file.n;
	if (m->text.p != NULL)
		memcpy(h->text, m->text.p, h->n);
	if (h->nfile > 0)
		memcpy(h->text + h->n, m->file.p, h->nfile);
	*r->held_end = h;
	r->held_end = &h->next;
	r->nheld++;
	r->held_bytes += m->text.n + m->file.n;
}

void
said_fini(struct room *r)
{
	while (r->held != NULL) {
		struct held *h = r->held;

		r->held = h->next;
		free(h);
	}
	r->held_end = &r->held;
	r->nheld = 0;
	r->held_bytes = 0;
}

static void
show_once(struct session *s, struct room *r, const struct said *m, bool old)
{
	if (seen_before(s, m->seq))
		return;
	if (r != NULL) {
		r->last = MAX(r->last, m->seq);
		r->last_at = MAX(r->last_at, m->at);
	}
	recent_add(s, m->seq, m->from, m->text);
	if (!is_ignored(s, m->from))
		show(s, r, m, old);
}

static void
release(struct session *s, struct room *r)
{
	char target[ROOM_BYTES_MAX + 2];

	bprintf(target, sizeof(target), "#%s", r->name);
	for (struct held *h = r->held; h != NULL; h = h->next) {
		struct said m = {.from = str_of(h->from),
				 .target = str_of(target),
				 .text = {h->text, h->n},
				 .msgid = str_of(h->msgid),
				 .at = h->at,
				 .seq = h->seq,
				 .notice = h->notice,
				 .edit = h->edit,
				 .file = {h->text + h->n, h->nfile}};

		show_once(s, r, &m, false);
	}
	said_fini(r);
}

/* Our own line, the answer to what we sent: it stands where it was typed already, unless it is to be shown. */
static bool
echo(struct session *s, struct room *r, const struct said *m)
{
	if (m->label == 0 || !pend_done(s, m->label, NULL, false))
		return false;
	if (r != NULL)
		r->mine = m->seq;
	if (s->look.echo) {
		show_once(s, r, m, false);
		return true;
	}
	if (!seen_before(s, m->seq))
		recent_add(s, m->seq, m->from, m->text);
	if (r != NULL && !r->fetching) {
		r->last = MAX(r->last, m->seq);
		r->last_at = MAX(r->last_at, m->at);
	}
	return true;
}

/* Was it said before we came? */
static bool
is_before(const struct room *r, const struct said *m)
{
	if (r->came != 0)
		return m->seq < r->came;
	return r->joined_at == 0 || m->at < r->joined_at;
}

/* A row of history: of what was missed, of what was before us, or of what somebody has asked to see. */
static void
row(struct session *s, struct batch *b, const struct said *m)
{
	char target[ROOM_BYTES_MAX + 2];
	bool own = session_is_me(s, m->from);
	struct room *r = place_of(s, m, own), *asked = fetched_by(s, b->label);
	struct str word, text = m->text, params;

	copy(m->target, target, sizeof(target));
	if (own && irc_ctcp(text, &word, &params))
		text = params;
	if (own)
		pend_seen(s, m->id, target, text);
	if (b->label == 0) {
		s->oldest = s->oldest == 0 ? m->seq : s->oldest;
		show(s, r, m, true);
		return;
	}
	if (asked != NULL) {
		if (asked->first && asked->got == 0)
			note_in(s, asked, "--- Earlier in %s:", asked->name);
		asked->got++;
		if (asked->first && !is_before(asked, m)) {
			hold(asked, m); /* there may be more between these and the first one held */
			return;
		}
		asked->last = MAX(asked->last, m->seq);
	}
	show_once(s, asked != NULL ? asked : r, m, asked != NULL && asked->first);
}

static void
said_whole(struct session *s, const struct said *m, struct str batch)
{
	struct batch *b = within(s, batch, BATCH_HISTORY);
	bool own = session_is_me(s, m->from);
	struct room *r;

	if (b == NULL)
		b = within(s, batch, BATCH_SEARCH);
	if (b != NULL) {
		row(s, b, m);
		return;
	}
	r = place_of(s, m, own);
	if (own && echo(s, r, m))
		return;
	if (r != NULL && r->fetching && !r->direct)
		hold(r, m);
	else
		show_once(s, r, m, false);
}

void
said_message(struct session *s, const struct wire *w, bool notice)
{
	struct batch *b = batch_of(s, w->batch);
	struct said m = {.from = w->nick,
			 .target = w->m.param[0],
			 .text = w->m.param[1],
			 .msgid = w->msgid,
			 .id = w->id,
			 .at = w->at,
			 .seq = w->seq,
			 .notice = notice,
			 .file = w->file,
			 .edit = w->edit,
			 .label = said_label(s, w)};

	if (b != NULL && b->kind == BATCH_MULTI)
		multi_line(b, w, notice);
	else if (w->m.n >= 2)
		said_whole(s, &m, w->batch);
}

/* --- history ---------------------------------------------------------------------------------- */

void
said_lacks(struct session *s, const struct wire *w)
{
	struct batch *b = within(s, w->batch, BATCH_HISTORY);

	if (b != NULL && irc_is(w->m.param[1], "MESSAGES_MISSING"))
		b->lacks = true;
}

/* What followed the last one that is known here; or the last one of a server that numbers them in another way; or our coming. */
static void
ask_after(struct session *s, struct room *r)
{
	char from[40], id[IRC_MSGID_LEN], at[IRC_TIME_LEN];

	irc_msgid_put(id, r->last);
	irc_time_put(at, r->last_at > 0 ? r->last_at : r->joined_at > 0 ? r->joined_at - 1 : 0);
	if (r->last != 0)
		bprintf(from, sizeof(from), "msgid=%.*s", IRC_MSGID_LEN, id);
	else
		bprintf(from, sizeof(from), "timestamp=%.*s", IRC_TIME_LEN, at);
	r->ask = ++s->label;
	r->asked_after = r->last;
	r->got = 0;
	put(s, "@label=%lu CHATHISTORY AFTER #%s %s %u", r->ask, r->name, from,
	    MIN(s->page, (unsigned)PAGE_MAX));
}

void
said_fetch(struct session *s, struct room *r)
{
	r->fetching = r->first = r->held_over = r->lacks = false;
	r->got = 0;
	if (s->page == 0 || !has(s, CAP_HISTORY) || !has(s, CAP_LABEL) || !has(s, CAP_BATCH)) {
		said_fetched(s, r);
	} else if (s->again && (r->last != 0 || (r->been && r->joined_at != 0))) {
		r->fetching = true;
		ask_after(s, r);
	} else if (s->history > 0) {
		r->fetching = r->first = true;
		r->ask = ++s->label;
		put(s, "@label=%lu CHATHISTORY LATEST #%s * %u", r->ask, r->name,
		    MIN(s->history, s->page));
	} else {
		said_fetched(s, r);
	}
}

/* All that was asked for is there; now what came meanwhile. */
static void
shown_up_to_now(struct session *s, struct room *r)
{
	if (r->first && r->got > 0)
		note_in(s, r, "--- That was before you came.");
	r->first = false;
	if (r->last == 0)
		r->last = r->came;
	release(s, r);
}

void
said_fetched(struct session *s, struct room *r)
{
	shown_up_to_now(s, r);
	r->fetching = false;
	pend_go(s, r);
	/* a script is in when it also knows who is there: see names_end() */
	if (!s->script || r->nnames == 0)
		s->front->entered(s->arg, r->name);
}

void
said_failed(struct session *s, unsigned long label)
{
	struct room *r = fetched_by(s, label);

	if (r != NULL)
		said_fetched(s, r);
	else
		direct_fetched(s, label);
}

static void
history_end(struct session *s, const struct batch *b)
{
	struct room *r = fetched_by(s, b->label);

	if (r != NULL) {
		/* a server that has nothing newer is not asked for ever */
		bool more = !r->first && r->got >= MIN(s->page, (unsigned)PAGE_MAX) &&
			    r->last > r->asked_after;

		r->lacks = b->lacks;
		if (!more)
			shown_up_to_now(s, r);
		if (more || (r->held_over && r->last != 0)) {
			r->held_over &= more;
			ask_after(s, r);
		} else {
			said_fetched(s, r);
		}
	} else if (b->label != 0) {
		direct_fetched(s, b->label);
	} else {
		session_note(s, "--- That is all.");
	}
}

void
said_fetch_direct(struct session *s)
{
	char from[IRC_TIME_LEN], to[IRC_TIME_LEN];

	if (!s->again || s->page == 0 || s->away_from == 0 || s->account[0] == '\0' ||
	    !has(s, CAP_LABEL)) {
		pend_go(s, NULL);
		return;
	}
	irc_time_put(from, s->away_from - 1);
	irc_time_put(to, s->last_at + UINT64_C(30) * 86400 * 1000);
	s->dm_ask[s->dm_asks++] = ++s->label;
	put(s, "@label=%lu CHATHISTORY TARGETS timestamp=%.*s timestamp=%.*s %u", s->label,
	    IRC_TIME_LEN, from, IRC_TIME_LEN, to, SESSION_DM_MAX);
}

void
said_fetch_person(struct session *s, struct str name)
{
	char from[IRC_TIME_LEN];

	if (s->dm_asks == 0 || s->dm_asks == ARRAY_LEN(s->dm_ask))
		return;
	irc_time_put(from, s->away_from - 1);
	s->dm_ask[s->dm_asks++] = ++s->label;
	put(s, "@label=%lu CHATHISTORY LATEST " STR_FMT " timestamp=%.*s %u", s->label,
	    STR_ARG(name), IRC_TIME_LEN, from, s->page);
}

/* The people, or what was said with one of them: all that is asked for with this label is there, if it is one of those. */
static void
direct_fetched(struct session *s, unsigned long label)
{
	for (unsigned i = 0; i < s->dm_asks; i++) {
		if (s->dm_ask[i] != label)
			continue;
		s->dm_ask[i] = s->dm_ask[--s->dm_asks];
		if (s->dm_asks == 0)
			pend_go(s, NULL);
		return;
	}
}
