/* What the processes have the master write into its log: whatever one of them sends, it is lines of its own, and
 * nothing in them acts on a terminal. */
#include "config.h"

#include <syslog.h>

#include "fuzz.h"
#include "lib/log.h"
#include "lib/util.h"

static const char who[] = "worker0";
static size_t lines;

static void
check_harmless(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)p[i];

		FUZZ_ASSERT(c >= ' ' && c != 0x7f);
		/* C1 */
		FUZZ_ASSERT(c != 0xc2 || i + 1 == n || ((unsigned char)p[i + 1] & 0xe0) != 0x80);
	}
}

static void
written(int level, const char *role, int pid, const char *line, size_t n)
{
	FUZZ_ASSERT(role == who && pid == 4711);
	FUZZ_ASSERT(level >= LOG_CRIT && level <= LOG_DEBUG);
	FUZZ_ASSERT(line[n] == '\0' && strlen(line) == n);
	check_harmless(line, n);
	lines++;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	char *s = fuzz_copy(p, n, n), *text = fuzz_copy(p, n, n + 1);
	size_t ends = 0;
	unsigned bits;

	for (size_t i = 0; i < n; i++)
		ends += p[i] == '\n';
	lines = 0;
	log_unpack(s, n, who, 4711, written);
	FUZZ_ASSERT(lines <= ends);
	/* what is typed: log trace, log level */
	log_level_parse(text);
	log_traces_parse(text, &bits);
	free(text);
	free(s);
	return 0;
}
