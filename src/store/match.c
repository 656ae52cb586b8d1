/* match.c - see match.h. */
#include "config.h"

#include "store/match.h"

#include <sqlite3.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ipc/ipc.h"
#include "lib/util.h"
#include "proto/query.h"
#include "store/search.h"

/* Tokens of a text, one behind the other. Folding makes few characters longer, so a text of TEXT_MAX bytes fits;
 * what does not is not looked at. */
#define TOKEN_BYTES (2 * TEXT_MAX)
#define TOKENS_MAX (TEXT_MAX / 2 + 1)

struct tokens {
	size_t n, bytes_n;
	struct {
		uint32_t at, len;
	} t[TOKENS_MAX];
	char bytes[TOKEN_BYTES];
};

struct term { /* words.t[first] … */
	size_t first, n;
	bool without, prefix;
};

struct match {
	fts5_tokenizer how;
	Fts5Tokenizer *tokenizer;
	struct term terms[SEARCH_WORDS_MAX];
	size_t nterms;
	struct tokens words, text;
};

/* --- tokens ------------------------------------------------------------------------------------------ */

/* The way to FTS5's functions that its documentation gives (section 7). */
static fts5_api *
fts5_of(sqlite3 *db)
{
	sqlite3_stmt *st;
	fts5_api *api = NULL;

	if (sqlite3_prepare_v2(db, "SELECT fts5(?1)", -1, &st, NULL) == SQLITE_OK) {
		sqlite3_bind_pointer(st, 1, &api, "fts5_api_ptr", NULL);
		sqlite3_step(st);
	}
	sqlite3_finalize(st);
	return api;
}

struct match *
match_new(sqlite3 *db)
{
	fts5_api *api = fts5_of(db);
	struct match *m = xcalloc(1, sizeof(*m));
	void *user;

	if (api != NULL && api->xFindTokenizer(api, "unicode61", &user, &m->how) == SQLITE_OK &&
	    m->how.xCreate(user, NULL, 0, &m->tokenizer) == SQLITE_OK)
		return m;
	free(m);
	return NULL;
}

void
match_free(struct match *m)
{
	if (m == NULL)
		return;
	m->how.xDelete(m->tokenizer);
	free(m);
}

static int
add_token(void *arg, int flags, const char *token, int n, int start, int end)
{
	struct tokens *t = arg;

	(void)flags;
	(void)start;
	(void)end;
	if (t->n == TOKENS_MAX || (size_t)n > TOKEN_BYTES - t->bytes_n)
		return SQLITE_DONE;
	memcpy(t->bytes + t->bytes_n, token, (size_t)n);
	t->t[t->n].at = (uint32_t)t->bytes_n;
	t->t[t->n++].len = (uint32_t)n;
	t->bytes_n += (size_t)n;
	return SQLITE_OK;
}

static void
tokenize(struct match *m, int why, struct str text, struct tokens *t)
{
	m->how.xTokenize(m->tokenizer, t, why, text.p, (int)text.n, add_token);
}

/* --- words ------------------------------------------------------------------------------------------- */

void
match_words(struct match *m, struct str words)
{
	struct query_word w;

	m->nterms = 0;
	m->words.n = m->words.bytes_n = 0;
	while (m->nterms < SEARCH_WORDS_MAX && query_word_next(&words, &w)) {
		struct term *t = &m->terms[m->nterms];

		*t = (struct term){.first = m->words.n, .without = w.without, .prefix = w.prefix};
		tokenize(m, FTS5_TOKENIZE_QUERY | (w.prefix ? FTS5_TOKENIZE_PREFIX : 0), w.text,
			 &m->words);
		t->n = m->words.n - t->first;
		if (t->n > 0)
			m->nterms++;
	}
}

static bool
same_token(const struct match *m, size_t word, size_t token, bool prefix)
{
	size_t n = m->words.t[word].len, len = m->text.t[token].len;

	return (prefix ? len >= n : len == n) &&
	       memcmp(m->words.bytes + m->words.t[word].at, m->text.bytes + m->text.t[token].at,
		      n) == 0;
}

static bool
stands_at(const struct match *m, const struct term *t, size_t at)
{
	for (size_t i = 0; i < t->n; i++)
		if (!same_token(m, t->first + i, at + i, t->prefix && i + 1 == t->n))
			return false;
	return true;
}

static bool
has(const struct match *m, const struct term *t)
{
	for (size_t at = 0; at + t->n <= m->text.n; at++)
		if (stands_at(m, t, at))
			return true;
	return false;
}

bool
match_text(struct match *m, struct str text)
{
	bool any = false;

	m->text.n = m->text.bytes_n = 0;
	tokenize(m, FTS5_TOKENIZE_DOCUMENT, text, &m->text);
	for (size_t i = 0; i < m->nterms; i++) {
		if (has(m, &m->terms[i]) == m->terms[i].without)
			return false;
		any = any || !m->terms[i].without;
	}
	return any;
}
