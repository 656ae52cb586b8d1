/* mask.c - see mask.h. */
#include "config.h"

#include "broker/mask.h"

#include <string.h>

#include "ipc/maskform.h"
#include "lib/util.h"

static char
small(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
}

/* * any bytes, ? one character; p in small letters, s in any (ASCII). Goes back to the last star only: what stood before it has
 * found its place; so there are at most strlen(p) * strlen(s) steps. */
static bool
glob(const char *p, const char *s)
{
	const char *star = NULL, *again = NULL;

	while (*s != '\0') {
		if (*p == '*') {
			star = p++;
			again = s;
		} else if (*p == '?') {
			/* a character, whatever its bytes */
			for (s++; ((unsigned char)*s & 0xc0) == 0x80; s++)
				;
			p++;
		} else if (*p == small(*s) && *p != '\0') {
			p++;
			s++;
		} else if (star != NULL) {
			p = star + 1;
			s = ++again;
		} else
			return false;
	}
	while (*p == '*')
		p++;
	return *p == '\0';
}

/* --- taking apart --------------------------------------------------------------------------------- */

/* The next part of m's text, folded; false when that is not to be had. */
static bool
part_folded(struct mask *m, struct str s)
{
	size_t room = sizeof(m->text) - m->len;
	ssize_t n = name_fold(s.p, s.n, m->text + m->len, room - 1);

	if (n <= 0)
		return false;
	m->text[m->len + n] = '\0';
	m->len = (uint16_t)(m->len + n + 1);
	return true;
}

static bool
part_small(struct mask *m, struct str s)
{
	if (s.n + 1 > sizeof(m->text) - m->len)
		return false;
	for (size_t i = 0; i < s.n; i++)
		m->text[m->len++] = small(s.p[i]);
	m->text[m->len++] = '\0';
	return true;
}

static bool
compile_who(struct mask *m, const char *text)
{
	const char *bang = strchr(text, '!'), *at = bang != NULL ? strchr(bang, '@') : NULL;

	if (at == NULL)
		return false;
	m->kind = 'u';
	if (!part_folded(m, (struct str){text, (size_t)(bang - text)}))
		return false;
	m->ident = m->len;
	if (!part_small(m, (struct str){bang + 1, (size_t)(at - bang - 1)}))
		return false;
	m->host = m->len;
	m->is_net = net_parse(at + 1, &m->net);
	return part_small(m, str_of(at + 1));
}

bool
mask_compile(struct mask *m, const char *text)
{
	struct str inner = str_of(text);

	memset(m, 0, sizeof(*m));
	m->mute = mask_is_mute(inner, &inner);
	if (inner.p[0] != '~' || inner.n < 3 || inner.p[2] != ':')
		return compile_who(m, inner.p);
	m->kind = inner.p[1];
	return part_folded(m, (struct str){inner.p + 3, inner.n - 3});
}

bool
mask_equal(const struct mask *a, const struct mask *b)
{
	return a->kind == b->kind && a->mute == b->mute && a->ident == b->ident &&
	       a->host == b->host && a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
}

/* --- matching ---------------------------------------------------------------------------------------- */

void
mask_subject_init(struct mask_subject *s)
{
	/* the buffers are filled when they are asked for */
	s->fold = s->ident = s->host = s->address = s->account = s->real = "";
	s->cloak[0] = '\0';
	s->hidden = s->parsed = s->is_net = s->account_folded = s->real_folded = false;
}

/* text folded into out, once; as it is, where that fails. */
static const char *
folded(const char *text, bool *done, char *out, size_t cap)
{
	ssize_t n;

	if (*done)
		return out;
	*done = true;
	n = name_fold(text, strlen(text), out, cap - 1);
	if (n < 0)
		bprintf(out, cap, "%s", text);
	else
		out[n] = '\0';
	return out;
}

/* Nobody's ident has been verified here, which others show by a ~ before it: "~bob" means "bob" too. */
static bool
ident_fits(const char *pattern, const char *ident)
{
	return glob(pattern, ident) ||
	       (pattern[0] == '~' && ident[0] != '~' && glob(pattern + 1, ident));
}

static bool
host_fits(const struct mask *m, struct mask_subject *s)
{
	const char *pattern = m->text + m->host;

	if (!m->is_net)
		return glob(pattern, s->host) || glob(pattern, s->hidden ? s->cloak : s->address);
	if (s->hidden)
		return false;
	if (!s->parsed) {
		s->parsed = true;
		s->is_net = net_parse(s->address, &s->net);
	}
	return s->is_net && net_has(&m->net, &s->net);
}

bool
mask_fits(const struct mask *m, struct mask_subject *s)
{
	switch (m->kind) {
	case 'a':
		return s->account[0] != '\0' &&
		       glob(m->text, folded(s->account, &s->account_folded, s->account_fold,
					    sizeof(s->account_fold)));
	case 'r':
		return glob(m->text,
			    folded(s->real, &s->real_folded, s->real_fold, sizeof(s->real_fold)));
	case 'u':
		return glob(m->text, s->fold) && ident_fits(m->text + m->ident, s->ident) &&
		       host_fits(m, s);
	default:
		return false; /* one that did not compile */
	}
}
