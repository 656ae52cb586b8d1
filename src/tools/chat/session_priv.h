/* session_priv.h - what the files of the session share. */
#ifndef CHAT_SESSION_PRIV_H
#define CHAT_SESSION_PRIV_H

#include "lib/text.h"
#include "session.h"
#include "wire.h"

/* --- capabilities (session.c): bits in the order of its table --- */
enum cap {
	CAP_ACCOUNT_NOTIFY,
	CAP_AWAY_NOTIFY,
	CAP_BATCH,
	CAP_CAP_NOTIFY,
	CAP_ECHO,
	CAP_INVITE_NOTIFY,
	CAP_LABEL,
	CAP_TAGS,
	CAP_MULTI_PREFIX,
	CAP_SASL,
	CAP_SERVER_TIME,
	CAP_STANDARD_REPLIES,
	CAP_HISTORY,
	CAP_READ_MARKER,
	CAP_MULTILINE,
	CAP_REDACTION,
	CAP_RENAME,
	CAP_SEARCH,
	CAP_COUNT
};
static inline bool
has(const struct session *s, enum cap cap)
{
	return s->caps & 1u << cap;
}

/* For STR_FMT: at most so many bytes of s, cut between characters. */
#define STR_CUT(s, max) (int)text_cut((s).p, (s).n, (max)), (s).p

/* A line to the server, CR LF is added; what is longer than a line may be, or has a line's end in it, is cut there. */
void put(struct session *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Shown as said in that room (NULL: nowhere). */
void note_in(struct session *s, const struct room *r, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void changed(struct session *s);

struct room *room_new(struct session *s, struct str name, bool direct);
void room_free(struct session *s, struct room *r);
/* The same; plain lines go to another room then. */
void room_left(struct session *s, struct room *r);
/* "#lobby" or "lobby"; NULL: we are not there and know nothing of it. */
struct room *room_of(const struct session *s, struct str channel);
struct member *member_add(struct session *s, struct room *r, struct str name, char rank);
void member_del(struct session *s, struct room *r, struct str name);
void members_clear(struct session *s, struct room *r);
/* What the next list of r's names is for. */
enum names_for { NAMES_JOIN, NAMES_WHO, NAMES_INFO };
void names_wanted(struct room *r, enum names_for what);

bool same_name(struct str a, struct str b);
bool is_ignored(const struct session *s, struct str name);

/* --- messages (said.c) --- */
void said_message(struct session *s, const struct wire *w, bool notice);
void said_batch(struct session *s, const struct wire *w);
/* A NOTE: is something missing in the answer that it stands in? */
void said_lacks(struct session *s, const struct wire *w);
void said_reset(struct session *s); /* the connection has ended */
/* Is that line an answer within a batch that has a label? 0: none. */
unsigned long said_label(struct session *s, const struct wire *w);
void said_fetch(struct session *s, struct room *r); /* what was missed, or the last lines */
/* The answer to a request for history is there, or will never be. */
void said_fetched(struct session *s, struct room *r);
void said_fetch_direct(struct session *s); /* what people said to us meanwhile: with whom was it? */
void said_fetch_person(struct session *s, struct str name); /* one of those */
void said_failed(struct session *s, unsigned long label); /* no batch comes */
void said_fini(struct room *r);

/* --- what they were, and what is thought of them (recent.c) --- */
void recent_add(struct session *s, uint64_t seq, struct str from, struct str text);
void recent_reaction(struct session *s, const struct wire *w); /* TAGMSG, with one or without */

/* --- what is to be sent (pend.c) --- */
/* label was answered; false: it is no message's. why: NULL, or the reason for which it was refused; gone: there is nobody of that name. */
bool pend_has(const struct session *s, unsigned long label); /* is it a message's? */
bool pend_done(struct session *s, unsigned long label, const char *why, bool gone);
/* A message of ours was seen in history: if it is one of those whose fate is unknown, it has arrived. id: our own number of it,
 * if the server has kept that; the text may not be as we wrote it. */
void pend_seen(struct session *s, struct str id, const char *target, struct str text);
void
pend_lost(struct session *s); /* the connection has ended: what was sent may have arrived or not */
/* Sends what waits for that room (NULL: for people, and for rooms that we are not in), and again what is now known not to have
 * arrived. */
void pend_go(struct session *s, const struct room *r);
/* What waits for that room will not be sent. */
void pend_drop(struct session *s, const struct room *r, const char *why);
void pend_fini(struct session *s);

/* --- what the server tells (told.c) --- */
void told_line(struct session *s, const struct wire *w);

/* --- commands (cmd.c), answers to questions (ask.c) --- */
void cmd_line(struct session *s, const char *line);
void ask_for(struct session *s, enum ask what, const char *to);
void ask_answer(struct session *s, const char *line);
void sasl_begin(struct session *s);
void sasl_continue(struct session *s);

#endif
