/* fuzz_mask.c - masks as strangers type them, held against people with odd names.
 *
 * The input is five strings with a newline between: a mask, and a name, an ident, a host and a real name to hold it
 * against. The one form of a mask is its own one form, and what is shown of it stands for it; matching ends soon.
 */
#include "config.h"

#include <string.h>

#include "broker/mask.h"
#include "fuzz.h"
#include "ipc/maskform.h"
#include "lib/util.h"

/* What comes next, up to a newline; as a terminated string in out. */
static struct str
line(const uint8_t **p, const uint8_t *end, char *out, size_t cap)
{
	const uint8_t *nl = memchr(*p, '\n', (size_t)(end - *p));
	size_t n = (size_t)((nl != NULL ? nl : end) - *p);
	size_t kept = MIN(n, cap - 1);

	memcpy(out, *p, kept);
	out[kept] = '\0';
	*p = nl != NULL ? nl + 1 : end;
	return (struct str){out, kept};
}

static void
check_forms(const char *form, size_t n)
{
	char again[MASK_MAX + 1];
	struct str one = {form, n}, shown = mask_show(one);

	CHECK(n <= MASK_MAX && strlen(form) == n);
	CHECK(str_eq((struct str){again, mask_canon(one, again)}, one));
	CHECK(str_eq((struct str){again, mask_canon(shown, again)}, one));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *p = data, *end = data + size;
	char typed[MASK_MAX + 8], fold[NAME_FOLD_MAX + 1], ident[IDENT_MAX + 1], host[HOST_MAX + 1],
	    real[REALNAME_MAX + 1], form[MASK_MAX + 1];
	struct mask_subject s;
	struct mask m, same;
	struct str in;
	size_t n;

	if (size == 0)
		return 0;
	in = line(&p, end, typed, sizeof(typed));
	n = mask_canon(in, form);
	if (n == 0) {
		CHECK(form[0] == '\0');
		return 0;
	}
	check_forms(form, n);
	mask_subject_init(&s);
	line(&p, end, fold, sizeof(fold));
	line(&p, end, ident, sizeof(ident));
	line(&p, end, host, sizeof(host));
	line(&p, end, real, sizeof(real));
	s.fold = fold;
	s.ident = ident;
	s.host = s.address = host;
	s.account = s.real = real;
	if (!mask_compile(&m, form))
		return 0;
	CHECK(mask_compile(&same, form) && mask_equal(&m, &same));
	mask_fits(&m, &s);
	return 0;
}
