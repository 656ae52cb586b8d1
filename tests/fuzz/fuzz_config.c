/* The configuration: an administrator's file may hold anything. What is taken is shown, and what
 * is shown is taken as the same.
 *
 * libconfig 1.5 itself loses memory on the three bytes ""!, in its scanner: leaks whose stack goes
 * through that are not ours, and filtered here. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "master/settings.h"

/* NOLINTNEXTLINE(bugprone-reserved-identifier): LeakSanitizer calls it so */
const char *__lsan_default_suppressions(void);

const char *
__lsan_default_suppressions(void)
{
	return "leak:libconfig\n"; /* whatever that library took and did not give back */
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct settings one, two;
	static struct conf_errors e;
	char *text = fuzz_copy(p, n, n), *first, *second;
	int r = settings_parse(&one, "fuzz", text, n, &e);

	free(text);
	if (r < 0) {
		FUZZ_ASSERT(e.total > 0 && e.line[0][0] != '\0');
		return 0;
	}
	first = settings_show(&one, true);
	FUZZ_ASSERT(settings_parse(&two, "again", first, strlen(first), &e) == 0);
	second = settings_show(&two, true);
	FUZZ_ASSERT(strcmp(first, second) == 0);
	free(first);
	free(second);
	return 0;
}
