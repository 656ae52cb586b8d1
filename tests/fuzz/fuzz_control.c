/* The request line of the admin socket: whatever comes, splitting stays within the line, a
 * request that is accepted is within its row's limits and means the same when it is sent again,
 * and what is shown of it has no control character and is UTF-8.
 *
 * Input: one byte that says whether it is chatctl's command line, then the line. */
#include "config.h"

#include <stdbool.h>

#include "fuzz.h"
#include "ipc/ctl.h"
#include "lib/buf.h"
#include "lib/text.h"

static void
check_shown(const char *p, size_t n, bool json)
{
	struct buf b = {0};

	ctl_show(&b, p, n, json);
	FUZZ_ASSERT(text_utf8_ok(buf_data(&b), b.len));
	for (size_t i = 0; i < b.len; i++) {
		unsigned char c = (unsigned char)buf_data(&b)[i];

		FUZZ_ASSERT((c >= ' ' && c != 0x7f) || (json && (c == '\n' || c == '\t')));
	}
	buf_fini(&b);
}

/* r, sent over the wire, is the same request there. */
static void
check_again(const struct ctl_req *r)
{
	struct buf line = {0};
	struct ctl_req again;
	const char *reason;
	char why[1024], *copy;
	int words;

	ctl_line(&line, r);
	copy = fuzz_copy(buf_data(&line), line.len, line.len + 1);
	words = ctl_split(copy, line.len, &reason);
	/* A tab or newline that was written with a backslash is all that may be hard to say twice. */
	FUZZ_ASSERT(words > 0);
	FUZZ_ASSERT(ctl_parse(copy, (unsigned)words, false, &again, why, sizeof(why)) == 0);
	FUZZ_ASSERT(again.id == r->id && again.format == r->format && again.nargs == r->nargs);
	FUZZ_ASSERT(again.for_s == r->for_s && again.in_s == r->in_s && again.cancel == r->cancel);
	for (unsigned i = 0; i < r->nargs; i++)
		FUZZ_ASSERT(strcmp(again.args[i], r->args[i]) == 0);
	free(copy);
	buf_fini(&line);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct ctl_req r;
	const char *reason = NULL;
	char why[1024], *line;
	int words;

	if (n == 0 || n > CTL_LINE_MAX)
		return 0;
	check_shown((const char *)p + 1, n - 1, false);
	check_shown((const char *)p + 1, n - 1, true);
	line = fuzz_copy(p + 1, n - 1, n);
	words = ctl_split(line, n - 1, &reason);
	if (words < 0) {
		FUZZ_ASSERT(reason != NULL);
	} else if (ctl_parse(line, (unsigned)words, (p[0] & 1) != 0, &r, why, sizeof(why)) != 0) {
		FUZZ_ASSERT(memchr(why, '\0', sizeof(why)) != NULL && why[0] != '\0');
		check_shown(why, strlen(why), false);
	} else {
		FUZZ_ASSERT(r.nargs >= r.cmd->min && r.nargs <= r.cmd->max);
		check_again(&r);
	}
	free(line);
	return 0;
}
