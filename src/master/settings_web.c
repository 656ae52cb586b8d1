/* settings_web.c - the checks of the group `web` of chatd.conf; see settings.h. */
#include "config.h"

#include "master/settings_priv.h"

#include <string.h>
#include <strings.h>

#include "lib/net.h"
#include "lib/str.h"
#include "lib/util.h"

#define WORD_MAX 255

/* The host of "http://host…" or "https://host…"; NULL: v is neither. */
static const char *
behind_scheme(const char *v)
{
	static const char *const schemes[] = {"http://", "https://"};

	for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
		size_t n = strlen(schemes[i]);

		if (strncasecmp(v, schemes[i], n) == 0)
			return v[n] != '\0' && v[n] != '/' ? v + n : NULL;
	}
	return NULL;
}

/* Are all words of v, with spaces between, good? */
static bool
all_words(const char *v, bool (*good)(const char *word))
{
	struct str rest = str_of(v), one;
	char word[WORD_MAX + 1];

	while (str_next(&rest, ' ', &one)) {
		bprintf(word, sizeof(word), STR_FMT, STR_ARG(one));
		if (one.n > WORD_MAX || !good(word))
			return false;
	}
	return true;
}

static bool
is_origin(const char *word)
{
	const char *host = behind_scheme(word);

	return host != NULL && strchr(host, '/') == NULL;
}

static bool
is_net(const char *word)
{
	struct net n;

	return net_parse(word, &n);
}

const char *
settings_check_url(const char *v)
{
	if (v[0] == '\0' || (behind_scheme(v) != NULL && strpbrk(v, " \"<>?#") == NULL))
		return NULL;
	return "wants an address that begins with http:// or https://";
}

const char *
settings_check_origins(const char *v)
{
	return all_words(v, is_origin) ? NULL
				       : "wants origins with spaces between, as in "
					 "https://example.org https://chat.example.org:8443";
}

const char *
settings_check_networks(const char *v)
{
	return all_words(v, is_net) ? NULL
				    : "wants addresses and networks with spaces between, as in "
				      "192.0.2.7 10.0.0.0/8";
}
