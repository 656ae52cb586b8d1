/* format.c - see format.h. */
#include "config.h"

#include "proto/format.h"

#include <string.h>
#include <strings.h>

const struct format_words formats[FORMAT_COUNT] = {
    [FORMAT_COLON] = {"colon", "", ": ", "", "alice: hello"},
    [FORMAT_ANGLE] = {"angle", "<", "> ", "", "<alice> hello"},
    [FORMAT_ARROW] = {"arrow", "", " > ", "", "alice > hello"},
    [FORMAT_QUOTE] = {"quote", "", " sent you \"", "\"", "alice sent you \"hello\""},
    [FORMAT_CLIENT] = {"client", "", ": ", "", "Client: hello"},
};

int
format_of(struct str s)
{
	for (int f = 0; f < FORMAT_COUNT; f++) {
		if ((s.n == 1 && s.p[0] == '1' + f) ||
		    (s.n == strlen(formats[f].name) && strncasecmp(s.p, formats[f].name, s.n) == 0))
			return f;
	}
	return -1;
}
