/* at.c - see at.h. */
#include "config.h"

#include "proto/at.h"

#include <string.h>

#include "lib/name.h"

/* Replaces each "\@" by '@'; remembers in *last where the last '@' without '\' is now, or n. */
static size_t
unescape(char *p, size_t n, size_t *last)
{
	size_t o = 0;

	*last = n;
	if (memchr(p, '@', n) == NULL)
		return n;
	for (size_t i = 0; i < n; i++) {
		if (p[i] == '\\' && i + 1 < n && p[i + 1] == '@')
			i++;
		else if (p[i] == '@')
			*last = o;
		p[o++] = p[i];
	}
	if (*last == n)
		*last = o;
	return o;
}

struct at
at_split(char *p, size_t n)
{
	struct at at = {.kind = AT_ROOM};
	size_t last, end;
	enum name_err err;

	n = unescape(p, n, &last);
	at.text = (struct str){p, n};
	if (last >= n)
		return at;
	for (end = n; end > last + 1 && p[end - 1] == ' '; end--)
		;
	at.to = (struct str){p + last + 1, end - last - 1};
	if (at.to.n > 1 && at.to.p[0] == '#' && room_check(at.to.p + 1, at.to.n - 1) == NAME_OK) {
		at.to.p++;
		at.to.n--;
		at.kind = AT_TO_ROOM;
		return at;
	}
	err = name_check(at.to.p, at.to.n);
	if (err != NAME_OK && err != NAME_RESERVED)
		return at;
	at.kind = AT_USER;
	at.text.n = last;
	while (at.text.n > 0 && at.text.p[at.text.n - 1] == ' ')
		at.text.n--;
	return at;
}

struct str
at_word(const struct at *at)
{
	struct str word = at->text;

	if (at->kind == AT_TO_ROOM)
		word.n = (size_t)(at->to.p - at->text.p) - 2; /* "@#" */
	while (word.n > 0 && word.p[word.n - 1] == ' ')
		word.n--;
	return word;
}
