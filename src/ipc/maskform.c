/* maskform.c - see maskform.h. */
#include "config.h"

#include "ipc/maskform.h"

#include <string.h>

#include "lib/net.h"
#include "lib/text.h"

static bool
has(struct str s, char c)
{
	return s.n > 0 && memchr(s.p, c, s.n) != NULL;
}

static const char *
text_of(struct str s, char *out)
{
	memcpy(out, s.p, s.n);
	out[s.n] = '\0';
	return out;
}

static bool
is_net(struct str s)
{
	char text[MASK_MAX + 1];
	struct net n;

	return net_parse(text_of(s, text), &n);
}

static bool
only(const char *text, const char *of)
{
	return text[strspn(text, of)] == '\0';
}

/* "300.0.2.1" and "::1/999" are meant as an address and a network, and are none: they would fit nobody, ever. */
static bool
is_bad_address(struct str s)
{
	char text[MASK_MAX + 1];

	text_of(s, text);
	return (only(text, "0123456789.:/") ||
		(only(text, "0123456789abcdefABCDEF.:/") && strpbrk(text, ":/") != NULL)) &&
	       !is_net(s);
}

/* No name begins with a digit. */
static bool
is_number(struct str s)
{
	char text[MASK_MAX + 1];

	return only(text_of(s, text), "0123456789");
}

/* --- nick!ident@host --------------------------------------------------------------------------- */

struct parts {
	struct str nick, ident, host;
};

/* What stands before the first c; s keeps what is behind it. */
static struct str
cut(struct str *s, char c)
{
	const char *at = memchr(s->p, c, s->n);
	struct str head = {s->p, (size_t)(at - s->p)};

	*s = (struct str){at + 1, s->n - head.n - 1};
	return head;
}

static bool
split(struct str in, struct parts *p)
{
	*p = (struct parts){{0}};
	if (!has(in, '!') && !has(in, '@')) {
		/* no name has a dot or a colon in it */
		if (is_net(in) || has(in, '.') || has(in, ':') || is_number(in))
			p->host = in;
		else
			p->nick = in;
		return !has(in, '/') || is_net(in);
	}
	if (has(in, '!'))
		p->nick = cut(&in, '!');
	if (has(in, '@')) {
		p->ident = cut(&in, '@');
		p->host = in;
	} else
		p->ident = in;
	return !has(p->nick, '@') && !has(p->ident, '!') && !has(p->host, '!') &&
	       !has(p->host, '@');
}

static size_t
add(char *out, size_t n, struct str s)
{
	if (n > MASK_MAX || s.n > MASK_MAX - n)
		return MASK_MAX + 1; /* too long, and stays so */
	memcpy(out + n, s.p, s.n);
	return n + s.n;
}

static struct str
or_any(struct str s)
{
	return s.n > 0 ? s : STR_LIT("*");
}

static size_t
canon_plain(struct str in, char *out, size_t n)
{
	struct parts p;

	if (in.n == 0 || !split(in, &p) || (p.host.n > 0 && is_bad_address(p.host)) ||
	    (p.nick.n > 0 && p.nick.p[0] == ':'))
		return 0;
	n = add(out, n, or_any(p.nick));
	n = add(out, n, STR_LIT("!"));
	n = add(out, n, or_any(p.ident));
	n = add(out, n, STR_LIT("@"));
	n = add(out, n, or_any(p.host));
	return n <= MASK_MAX ? n : 0;
}

/* --- extended ------------------------------------------------------------------------------------ */

/* 'a', 'm' or 'r', with what stands behind it; 0: it is not extended. No address is: "a::1". */
static char
extended(struct str in, struct str *rest)
{
	struct str s = in;

	if (s.n > 0 && s.p[0] == '~')
		s = (struct str){s.p + 1, s.n - 1};
	if (s.n < 2 || s.p[1] != ':' || strchr("amr", s.p[0]) == NULL || is_net(in))
		return 0;
	*rest = (struct str){s.p + 2, s.n - 2};
	return s.p[0];
}

static size_t
canon_ext(char kind, struct str rest, char *out, size_t n)
{
	const char head[3] = {'~', kind, ':'};

	if (rest.n == 0)
		return 0;
	n = add(out, n, (struct str){head, sizeof(head)});
	n = add(out, n, rest);
	return n <= MASK_MAX ? n : 0;
}

/* No name begins with ~; what a client calls its user may. */
static bool
unknown_ext(struct str in)
{
	if (in.n == 0 || in.p[0] != '~')
		return false;
	return (in.n > 2 && in.p[2] == ':') || (!has(in, '!') && !has(in, '@'));
}

size_t
mask_canon(struct str in, char *out)
{
	struct str rest = in;
	size_t n = 0;
	char kind;

	out[0] = '\0';
	if (in.n == 0 || in.n > MASK_MAX || has(in, ' ') || has(in, ',') ||
	    !text_is_clean(in.p, in.n, 0))
		return 0;
	kind = extended(in, &rest);
	if (kind == 'm') {
		in = rest;
		n = add(out, 0, STR_LIT(MASK_MUTE));
		kind = in.n > 0 ? extended(in, &rest) : 0;
	}
	if (kind == 'm')
		n = 0; /* one is enough */
	else if (kind != 0)
		n = canon_ext(kind, rest, out, n);
	else if (unknown_ext(in))
		n = 0;
	else
		n = canon_plain(in, out, n);
	out[n] = '\0';
	return n;
}

bool
mask_is_mute(struct str mask, struct str *inner_r)
{
	const size_t n = sizeof(MASK_MUTE) - 1;

	if (mask.n <= n || memcmp(mask.p, MASK_MUTE, n) != 0)
		return false;
	*inner_r = (struct str){mask.p + n, mask.n - n};
	return true;
}

struct str
mask_irc(struct str mask)
{
	if (mask.n > 2 && mask.p[0] == '~' && mask.p[2] == ':')
		return (struct str){mask.p + 1, mask.n - 1};
	return mask;
}

/* --- for people ------------------------------------------------------------------------------------- */

static bool
stands_for(struct str part, struct str mask)
{
	char again[MASK_MAX + 1];

	return part.n > 0 && str_eq((struct str){again, mask_canon(part, again)}, mask);
}

struct str
mask_show(struct str mask)
{
	static const struct str before = {"*!*@", 4}, behind = {"!*@*", 4};
	struct str part;

	if (mask.n <= 4)
		return mask;
	part = (struct str){mask.p, mask.n - behind.n};
	if (memcmp(mask.p + part.n, behind.p, behind.n) == 0 && stands_for(part, mask))
		return part;
	part = (struct str){mask.p + before.n, mask.n - before.n};
	if (memcmp(mask.p, before.p, before.n) == 0 && stands_for(part, mask))
		return part;
	return mask;
}
