/* fuzz_modes.c - mode strings with their parameters: what is taken out of them fits a request, comes out of it as it went
 * in, and is shown in lines.
 *
 * The input is what stands behind "MODE #room " in a line.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "ipc/ipc.h"
#include "ipc/maskform.h"
#include "lib/text.h"
#include "lib/util.h"
#include "proto/irc.h"
#include "worker/irc/render.h"
#include "worker/render.h"

static const struct {
	uint8_t op;
	enum irc_mode_type type;
} modes[] = {
    {MODE_OP, IRC_MODE_PREFIX},    {MODE_HALFOP, IRC_MODE_PREFIX}, {MODE_VOICE, IRC_MODE_PREFIX},
    {MODE_BAN, IRC_MODE_A},        {MODE_EXCEPT, IRC_MODE_A},      {MODE_INVEX, IRC_MODE_A},
    {MODE_KEY, IRC_MODE_B},        {MODE_LIMIT, IRC_MODE_C},       {MODE_INVITE_ONLY, IRC_MODE_D},
    {MODE_MODERATED, IRC_MODE_D},  {MODE_PRIVATE, IRC_MODE_D},     {MODE_TOPIC_LOCK, IRC_MODE_D},
    {MODE_NO_OUTSIDE, IRC_MODE_D}, {MODE_NO_CTCP, IRC_MODE_D},     {MODE_REG_JOIN, IRC_MODE_D},
    {MODE_REG_SAY, IRC_MODE_D},
};

static enum irc_mode_type
type_of(char letter)
{
	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		if (irc_mode_letter(modes[i].op) == letter)
			return modes[i].type;
	}
	return IRC_MODE_NONE;
}

static uint8_t
op_of(char letter)
{
	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		if (irc_mode_letter(modes[i].op) == letter)
			return modes[i].op;
	}
	abort();
}

struct list {
	unsigned n;
	struct mode_change v[MODES_MAX];
	size_t len;
	char buf[MODES_BYTES_MAX];
};

/* As the worker does it: no more than fit a request. */
static void
read_modes(const struct irc_msg *m, struct list *l)
{
	struct irc_modes walk;
	struct irc_mode one;

	l->n = 0;
	l->len = 0;
	irc_modes_begin(&walk, m->param + 1, m->n - 1);
	while (irc_modes_next(&walk, type_of, &one)) {
		struct mode_change *c = &l->v[l->n];
		size_t len;

		if (one.type == IRC_MODE_NONE || l->n == MODES_MAX || one.param.n > MASK_MAX)
			continue;
		*c = (struct mode_change){op_of(one.letter), one.on, one.param};
		len = mode_put(l->buf, l->len, sizeof(l->buf), c);
		FUZZ_ASSERT(len > l->len);
		l->len = len;
		l->n++;
	}
}

static void
check_list(const struct list *l)
{
	struct str rest = {l->buf, l->len};
	struct mode_change c;
	unsigned n = 0;

	while (mode_next(&rest, &c)) {
		FUZZ_ASSERT(n < l->n && c.op == l->v[n].op && c.on == l->v[n].on);
		FUZZ_ASSERT(str_eq(c.arg, l->v[n].arg));
		n++;
	}
	FUZZ_ASSERT(n == l->n && rest.n == 0);
}

/* What the broker would let pass of it, as it is shown: every change, each line one that can be sent. */
static void
check_shown(const struct list *l)
{
	struct m_e_mode e = {
	    .name = STR_LIT("nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"),
	    .uhost = STR_LIT("uuuuuuuuuuuuuuuu@2001:db8:1111:2222:3333:4444:5555:6666"),
	    .account = STR_LIT(""),
	    .room_name = STR_LIT("rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr")};
	struct shown s = {.what = SHOWN_NOTE, .type = MSG_e_mode, .e = &e, .server = true};
	char list[MODES_BYTES_MAX], mask[MODES_MAX][MASK_MAX + 1], *out, *p, *end, *nl;
	unsigned n = 0, shown = 0;
	size_t len = 0;

	for (unsigned i = 0; i < l->n; i++) {
		struct mode_change c = l->v[i];

		if (type_of(irc_mode_letter(c.op)) == IRC_MODE_A) {
			c.arg = (struct str){mask[i], mask_canon(c.arg, mask[i])};
			if (c.arg.n == 0)
				continue;
		} else if (!text_is_clean(c.arg.p, c.arg.n, 0) ||
			   (c.arg.n > 0 && memchr(c.arg.p, ' ', c.arg.n) != NULL)) {
			continue;
		}
		len = mode_put(list, len, sizeof(list), &c);
		n++;
	}
	e.changes = (struct str){list, len};
	out = fuzz_copy("", 0, irc_render_bound(&s));
	end = out + irc_render(out, CLS_IRC, &s);
	for (p = out; p < end; p = nl + 1) {
		struct irc_msg m;

		nl = memchr(p, '\n', (size_t)(end - p));
		FUZZ_ASSERT(nl != NULL && nl > p && nl[-1] == '\r' && nl + 1 - p <= IRC_LINE_MAX);
		FUZZ_ASSERT(irc_parse(&m, p, (size_t)(nl - 1 - p)) == IRC_PARSE_OK);
		FUZZ_ASSERT(irc_is(m.cmd, "MODE") && m.n >= 2);
		for (size_t i = 0; i < m.param[1].n; i++)
			shown += m.param[1].p[i] != '+' && m.param[1].p[i] != '-';
	}
	FUZZ_ASSERT(shown == n);
	free(out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct list l;
	char line[IRC_BODY_MAX], *exact;
	struct irc_msg m;
	size_t n = bprintf(line, sizeof(line), "MODE #room "), more = MIN(size, sizeof(line) - n);

	memcpy(line + n, data, more);
	exact = fuzz_copy(line, n + more, n + more);
	if (text_utf8_ok(exact, n + more) && irc_parse(&m, exact, n + more) == IRC_PARSE_OK &&
	    m.n > 1) {
		read_modes(&m, &l);
		check_list(&l);
		check_shown(&l);
	}
	free(exact);
	return 0;
}
