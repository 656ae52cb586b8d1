/* search.c - SEARCH (soju.im/search): messages with these words, in one place or wherever the client is. */
#include "config.h"

#include "lib/util.h"
#include "proto/irc.h"
#include "worker/history.h"
#include "worker/irc/cmd.h"
#include "worker/irc/history.h"
#include "worker/irc/irc.h"
#include "worker/irc/reply.h"
#include "worker/row.h"

struct search {
	struct m_r_query w;
	struct str in;
};

static bool
take_in(struct search *s, struct str value)
{
	s->in = value;
	return irc_history_target(value, &s->w);
}

static bool
take_from(struct search *s, struct str value)
{
	s->w.from = value;
	return value.n > 0 && value.n <= NAME_BYTES_MAX;
}

/* The times are counted in, the bounds of a question are not. */
static bool
take_search_after(struct search *s, struct str value)
{
	s->w.bounds |= QUERY_LO_TIME;
	if (!irc_time_get(value, &s->w.lo))
		return false;
	s->w.lo -= s->w.lo > 0;
	return true;
}

static bool
take_search_before(struct search *s, struct str value)
{
	s->w.bounds |= QUERY_HI_TIME;
	if (!irc_time_get(value, &s->w.hi))
		return false;
	s->w.hi++;
	return true;
}

static bool
take_text(struct search *s, struct str value)
{
	s->w.text = value;
	return value.n <= QUERY_TEXT_MAX;
}

static bool
take_limit(struct search *s, struct str value)
{
	return irc_history_limit(value, &s->w.limit);
}

static const struct {
	const char *key;
	bool (*take)(struct search *s, struct str value);
} attributes[] = {
    {"in", take_in},
    {"from", take_from},
    {"after", take_search_after},
    {"before", take_search_before},
    {"text", take_text},
    {"limit", take_limit},
};

/* key=value;…, with the escapes of tags; out has room for the values. Unknown ones mean nothing here. */
static bool
search_get(struct search *s, struct str list, char *out)
{
	struct irc_tag t;

	while (irc_tag_next(&list, &t)) {
		struct str value = {out, irc_tag_unescape(t.value, out, t.value.n)};

		out += value.n;
		for (size_t i = 0; i < ARRAY_LEN(attributes); i++) {
			if (str_eq(t.key, str_of(attributes[i].key)) &&
			    !attributes[i].take(s, value))
				return false;
		}
	}
	/* what somebody said, or what was said somewhere, or words */
	return s->w.text.n > 0 || s->in.n > 0;
}

static void
search_begin(struct conn *c, struct question *q)
{
	irc_history_open(c, q, "soju.im/search");
}

static void
search_row(struct conn *c, struct question *q, const struct row *r)
{
	struct shown s;

	if (row_event(c, r, &s) && s.what != SHOWN_NOTE)
		irc_history_event(c, q);
}

static void
search_end(struct conn *c, struct question *q, unsigned code, struct str arg)
{
	char why[200];

	irc_history_end(c, q, "SEARCH");
	if (code == ERR_BAD_ARGUMENT)
		irc_fail(c, "SEARCH", "INVALID_PARAMS", irc_middle(arg), "Invalid parameters");
	else if (irc_history_hidden(code))
		irc_fail(c, "SEARCH", "INVALID_PARAMS", STR_LIT("in"), "Nothing can be read there");
	else if (code != ERR_NONE)
		irc_fail(c, "SEARCH", "INTERNAL_ERROR", STR_LIT(""),
			 "The search could not be run: %s",
			 chat_err_text(code, arg.p, arg.n, why, sizeof(why)));
}

static const struct history_as as_search = {search_begin, search_row, search_end};

enum irc_done
irc_SEARCH(struct conn *c, struct irc_run *r)
{
	struct search s = {.w = {.kind = QUERY_SEARCH, .limit = 100}};
	char values[IRC_RUN_LINE];

	if (!(c->irc->caps & CAP_SEARCH)) {
		irc_num(c, ERR_UNKNOWNCOMMAND, "SEARCH :Unknown command");
	} else if (r->msg.param[0].n == 0) {
		irc_fail(c, "SEARCH", "NEED_MORE_PARAMS", STR_LIT(""), "Missing parameters");
	} else if (!search_get(&s, r->msg.param[0], values)) {
		irc_fail(c, "SEARCH", "INVALID_PARAMS", STR_LIT(""), "Invalid parameters");
	} else if (!history_kept()) {
		irc_fail(c, "SEARCH", "INTERNAL_ERROR", STR_LIT(""), "No history is kept");
	} else {
		if (s.w.text.n == 0)
			s.w.kind = QUERY_LATEST;
		history_ask(c, question_new(&as_search, &s.w, STR_LIT("")));
	}
	return IRC_DONE;
}
