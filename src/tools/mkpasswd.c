/* mkpasswd.c - `chatctl mkpasswd`: the hash of a password, for the configuration. No daemon is asked. */
#include "config.h"

#include "tools/tools.h"

#ifdef HAVE_SODIUM

#include <sodium.h>
#include <string.h>

#include "ipc/pwhash.h"

static int
print_hash(const char *password, size_t n)
{
	char hash[crypto_pwhash_STRBYTES], prepared[PASSWORD_MAX];
	ssize_t len = pwhash_prepare(password, n, prepared);
	int rc = 0;

	if (n == 0)
		return tools_fail(EXIT_REFUSED, "the password is empty");
	if (len > 0)
		rc = crypto_pwhash_str_alg(hash, prepared, (unsigned long long)len, PWHASH_PASSES,
					   (size_t)PWHASH_MEM_KIB * 1024,
					   crypto_pwhash_ALG_ARGON2ID13);
	sodium_memzero(prepared, sizeof(prepared));
	if (len <= 0)
		return tools_fail(EXIT_REFUSED,
				  "the password has control characters in it, or is not UTF-8");
	if (rc != 0)
		return tools_fail(EXIT_REFUSED, "there is not enough memory for a hash");
	tools_write(hash, strlen(hash));
	tools_write("\n", 1);
	return EXIT_OK;
}

int
tools_mkpasswd(void)
{
	char password[PASSWORD_MAX + 1];
	int n, rc;

	if (sodium_init() < 0)
		return tools_fail(EXIT_REFUSED, "libsodium cannot be used here");
	n = tools_password(password);
	rc = n < 0 ? -n : print_hash(password, (size_t)n);
	sodium_memzero(password, sizeof(password));
	return rc;
}

#else

int
tools_mkpasswd(void)
{
	return tools_fail(EXIT_REFUSED, "mkpasswd is not in this build");
}

#endif
