/* cmd_edit.c - what one has said, changed or taken back: /edit, /delete. */
#include "config.h"

#include <string.h>

#include "lib/name.h"
#include "lib/text.h"
#include "worker/cmd.h"
#include "worker/outq.h"
#include "worker/reader.h"
#include "worker/request.h"
#include "worker/room.h"
#include "worker/words.h"

/* "3-4711". */
static bool
id_get(struct str s, uint64_t *seq_r)
{
	const char *dash = s.n > 0 ? memchr(s.p, '-', s.n) : NULL;
	size_t n = dash != NULL ? (size_t)(dash - s.p) : 0;
	uint64_t epoch, at;

	if (dash == NULL || !str_number((struct str){s.p, n}, &epoch) ||
	    !str_number((struct str){dash + 1, s.n - n - 1}, &at) ||
	    epoch >> (63 - ID_SHIFT) != 0 || at >> ID_SHIFT != 0)
		return false;
	*seq_r = epoch << ID_SHIFT | at;
	return true;
}

struct message {
	uint64_t seq;
	struct str room, name;
};

/* The last message of c's own, with a name: the one to that person. NULL: it is not known here. */
static const struct said *
last_said(const struct conn *c, struct str name)
{
	const struct reader *r = c->reader;

	if (r == NULL || (name.n > 0 ? r->alone : r->said).seq == 0)
		return NULL;
	if (name.n == 0)
		return &r->said;
	return name_same(name, (struct str){r->alone.to, r->alone.nto}) ? &r->alone : NULL;
}

static void
which(struct conn *c)
{
	tell(c, "Which message? /history ids shows how they are called.");
}

/* "[@NAME] [ID]": which message is meant; what is left is in *rest. False: none, c has been told. */
static bool
message_get(struct conn *c, struct str *rest, struct message *m)
{
	struct str at = *rest, word = {"", 0};
	const struct room *room = c->cur;
	const struct said *said;

	*m = (struct message){0};
	if (str_next(&at, ' ', &word) && word.n > 1 && word.p[0] == '@') {
		m->name = (struct str){word.p + 1, word.n - 1};
		*rest = at;
		word = (struct str){"", 0};
		str_next(&at, ' ', &word);
	}
	said = last_said(c, m->name);
	if (id_get(word, &m->seq)) {
		*rest = at;
	} else if (said == NULL) {
		which(c);
		return false;
	} else {
		m->seq = said->seq;
		room = said->room != 0 ? room_of(said->room) : NULL;
		if (said->room == 0)
			m->name = (struct str){said->to, said->nto};
	}
	*rest = str_trim(*rest);
	if (m->name.n == 0 && room != NULL)
		m->room = room_name(room);
	if (m->name.n > NAME_BYTES_MAX || (m->name.n == 0 && room == NULL)) {
		tell(c, "That was said where you are not now.");
		return false;
	}
	return true;
}

/* Later than at once: the message was an old one. */
static void
changed(struct conn *c, struct late *l)
{
	struct str arg;
	unsigned code;

	if (late_failed(l, &code, &arg))
		words_refused(c, code, arg);
	else
		tell(c, "Done.");
}

void
cmd_edit(struct conn *c, const struct cmd_args *a)
{
	struct m_r_edit e = {0};
	struct message m;

	e.text = a->v[0];
	if (!message_get(c, &e.text, &m))
		return;
	if (e.text.n == 0) {
		tell(c, "What are its words to be? /delete takes it back.");
		return;
	}
	e.msg = m.seq;
	e.room = m.room;
	e.name = m.name;
	request_edit(c, &e, changed);
}

void
cmd_delete(struct conn *c, const struct cmd_args *a)
{
	struct str rest = a->v[0], at = rest, word;
	struct message m;
	uint64_t seq;

	/* A mistyped ID must not take back the last message instead. */
	if (str_next(&at, ' ', &word) && (word.p[0] != '@' || str_next(&at, ' ', &word)) &&
	    !id_get(word, &seq)) {
		which(c);
		return;
	}
	if (message_get(c, &rest, &m))
		request_redact(c, m.seq, m.room, m.name,
			       (struct str){rest.p, text_cut(rest.p, rest.n, REASON_MAX)}, changed);
}
