/* search.c - see search.h. */
#include "config.h"

#include "store/search.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>
#include <utf8proc.h>

#include "ipc/ipc.h"
#include "lib/text.h"
#include "lib/util.h"
#include "proto/query.h"

/* An expression while it grows. It cannot become too long: each byte of the words is written once, a quote twice,
 * and each word and place costs a few more. */
struct expr {
	char *out;
	size_t n;
};

static void
put(struct expr *e, const char *s, size_t n)
{
	CHECK(e->n + n < SEARCH_EXPR_MAX);
	memcpy(e->out + e->n, s, n);
	e->n += n;
	e->out[e->n] = '\0';
}

static void
puts_str(struct expr *e, const char *s)
{
	put(e, s, strlen(s));
}

/* An FTS5 string, whatever is in it. */
static void
put_string(struct expr *e, struct str s)
{
	puts_str(e, "\"");
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i] != '\0' ? s.p[i] : ' ';

		put(e, &c, 1);
		if (c == '"')
			put(e, &c, 1);
	}
	puts_str(e, "\"");
}

/* What unicode61 makes words of: letters, digits, private use. Marks only continue one. */
static bool
is_letter(utf8proc_int32_t c)
{
	utf8proc_category_t k = utf8proc_category(c);

	return (k >= UTF8PROC_CATEGORY_LU && k <= UTF8PROC_CATEGORY_LO) ||
	       (k >= UTF8PROC_CATEGORY_ND && k <= UTF8PROC_CATEGORY_NO) ||
	       k == UTF8PROC_CATEGORY_CO;
}

static size_t
letters(struct str s)
{
	size_t n = 0;
	utf8proc_ssize_t len;

	for (size_t i = 0; i < s.n; i += (size_t)len) {
		utf8proc_int32_t c;

		len = utf8proc_iterate((const utf8proc_uint8_t *)s.p + i,
				       (utf8proc_ssize_t)(s.n - i), &c);
		if (len <= 0)
			break;
		n += is_letter(c);
	}
	return n;
}

/* One pass for those that must be there, one for those that must not; returns how many there were. */
static size_t
put_words(struct expr *e, struct str words, bool without)
{
	struct query_word w;
	size_t n = 0;

	while (query_word_next(&words, &w)) {
		if (w.without != without || letters(w.text) == 0)
			continue;
		if (n++ > 0)
			puts_str(e, without
					? " OR "
					: " "); /* a space: and, if FTS5 finds a word in it, too */
		put_string(e, w.text);
		if (w.prefix)
			puts_str(e, "*");
	}
	return n;
}

static void
put_places(struct expr *e, const int64_t *places, size_t n)
{
	char number[32];

	puts_str(e, " AND {place} : (");
	for (size_t i = 0; i < n; i++)
		put(e, number,
		    bprintf(number, sizeof(number), "%s\"%" PRId64 "\"", i > 0 ? " OR " : "",
			    places[i]));
	puts_str(e, ")");
}

struct count {
	size_t with, without;
};

static enum search_fault
look(struct str words, struct count *c)
{
	struct query_word w;

	*c = (struct count){0};
	if (words.n > QUERY_TEXT_MAX)
		return SEARCH_TOO_MANY;
	if (!text_utf8_ok(words.p, words.n))
		return SEARCH_NOT_TEXT;
	while (query_word_next(&words, &w)) {
		size_t n = letters(w.text);

		if (n == 0)
			continue;
		if (w.prefix && n < SEARCH_PREFIX_MIN)
			return SEARCH_SHORT_PREFIX;
		*(w.without ? &c->without : &c->with) += 1;
	}
	if (c->with + c->without > SEARCH_WORDS_MAX)
		return SEARCH_TOO_MANY;
	if (c->with == 0)
		return c->without > 0 ? SEARCH_ONLY_WITHOUT : SEARCH_NOTHING;
	return SEARCH_FINE;
}

enum search_fault
search_expr(struct str words, const int64_t *places, size_t nplaces, char *out)
{
	struct expr e = {.out = out};
	struct count count;
	enum search_fault fault = look(words, &count);

	if (fault != SEARCH_FINE)
		return fault;
	CHECK(nplaces <= SEARCH_PLACES_MAX);
	puts_str(&e, "{text} : ((");
	put_words(&e, words, false);
	puts_str(&e, ")");
	if (count.without > 0) {
		puts_str(&e, " NOT (");
		put_words(&e, words, true);
		puts_str(&e, ")");
	}
	puts_str(&e, ")");
	if (nplaces > 0)
		put_places(&e, places, nplaces);
	return SEARCH_FINE;
}

const char *
search_strerror(enum search_fault fault)
{
	static const char *const sentence[SEARCH_FAULTS] = {
	    [SEARCH_FINE] = "nothing is wrong",
	    [SEARCH_NOTHING] = "no word to search for",
	    [SEARCH_ONLY_WITHOUT] = "only words to leave out",
	    [SEARCH_TOO_MANY] = "too many words",
	    [SEARCH_SHORT_PREFIX] = "a word needs two letters before *",
	    [SEARCH_NOT_TEXT] = "not UTF-8",
	};

	return fault < SEARCH_FAULTS ? sentence[fault] : "?";
}
