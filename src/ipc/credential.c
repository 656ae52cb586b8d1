/* credential.c - see credential.h. */
#include "config.h"

#include "ipc/credential.h"

#include <string.h>

#include "ipc/proc.h"
#include "ipc/pwhash.h"
#include "lib/name.h"
#include "lib/text.h"
#include "lib/util.h"

bool
credential_password_good(struct str password, struct str name)
{
	char prepared[PASSWORD_MAX], a[NAME_FOLD_MAX], b[NAME_FOLD_MAX];
	ssize_t n = pwhash_prepare(password.p, password.n, prepared), na, nb;
	bool good;

	if (n <= 0)
		return false;
	na = name_fold(prepared, (size_t)n, a, sizeof(a));
	nb = name_fold(name.p, name.n, b, sizeof(b));
	good = text_chars(prepared, (size_t)n) >= proc.opt.accounts_password_min &&
	       !(na > 0 && na == nb && memcmp(a, b, (size_t)na) == 0);
	explicit_bzero(prepared, sizeof(prepared));
	explicit_bzero(a, sizeof(a));
	return good;
}

struct str
credential_password_least(void)
{
	static char chars[24];

	bprintf(chars, sizeof(chars), "%llu", (unsigned long long)proc.opt.accounts_password_min);
	return str_of(chars);
}

enum chat_err
credential_email(struct str email)
{
	const char *at;

	if (email.n == 0)
		return proc.opt.accounts_email ? ERR_EMAIL_NEEDED : ERR_NONE;
	at = memchr(email.p, '@', email.n);
	if (email.n <= EMAIL_MAX && text_is_clean(email.p, email.n, 0) &&
	    memchr(email.p, ' ', email.n) == NULL && at != NULL && at > email.p &&
	    at + 1 < email.p + email.n)
		return ERR_NONE;
	return ERR_EMAIL_BAD;
}

bool
credential_may_come(bool is_private)
{
	return is_private || proc.opt.accounts_plaintext;
}
