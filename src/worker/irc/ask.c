/* ask.c - USERHOST and ISON: short questions of clients about people. */
#include "config.h"

#include <string.h>

#include "lib/util.h"
#include "proto/irc.h"
#include "registry/registry.h"
#include "worker/irc/cmd.h"
#include "worker/irc/irc.h"
#include "worker/irc/reply.h"
#include "worker/request.h"
#include "worker/worker.h"

#define USERHOSTS_MAX 5 /* RFC 2812 section 4.8 */

/* The k-th name, each param being one or several with spaces between them. */
static bool
name_at(const struct irc_run *r, unsigned k, struct str *name_r)
{
	for (unsigned i = 0; i < r->msg.n; i++) {
		struct str rest = r->msg.param[i];

		while (str_next(&rest, ' ', name_r)) {
			if (k-- == 0)
				return true;
		}
	}
	return false;
}

typedef size_t ask_fn(char *out, size_t cap, const struct reg_user_view *v);

static size_t
put_userhost(char *out, size_t cap, const struct reg_user_view *v)
{
	return bprintf(out, cap, "%s%s=%c%s@%s", v->name, v->umodes & UMODE_OPER ? "*" : "",
		       v->away[0] != '\0' ? '-' : '+', v->ident, v->host);
}

static size_t
put_name(char *out, size_t cap, const struct reg_user_view *v)
{
	return bprintf(out, cap, "%s", v->name);
}

/* All that are here, in one line; after a sync. False: torn. */
static bool
answer(struct conn *c, const struct irc_run *r, unsigned max, unsigned num, ask_fn *put)
{
	char line[IRC_BODY_MAX + 1] = "", one[NAME_BYTES_MAX + UHOST_MAX + 8];
	size_t room = IRC_BODY_MAX - strlen(irc_me) - strlen(irc_nick(c)) - 8, n = 0, k;
	struct reg_user_view v;
	struct str name;
	int got;

	for (unsigned i = 0; i < max && name_at(r, i, &name); i++) {
		got = registry_user_named(worker.reg, name.p, name.n, &v);
		if (got < 0)
			return false;
		if (got == 0)
			continue;
		k = put(one, sizeof(one), &v);
		if (n + 1 + k > room)
			break;
		n += bprintf(line + n, sizeof(line) - n, "%s%s", n > 0 ? " " : "", one);
	}
	irc_num(c, num, ":%s", line);
	return true;
}

static enum irc_done
ask(struct conn *c, const struct irc_run *r, unsigned max, unsigned num, ask_fn *put)
{
	if (r->step > 0 && (worker.reg == NULL || answer(c, r, max, num, put)))
		return IRC_DONE;
	request_sync(c);
	return IRC_MORE;
}

enum irc_done
irc_USERHOST(struct conn *c, struct irc_run *r)
{
	return ask(c, r, USERHOSTS_MAX, RPL_USERHOST, put_userhost);
}

enum irc_done
irc_ISON(struct conn *c, struct irc_run *r)
{
	return ask(c, r, UINT32_MAX, RPL_ISON, put_name);
}
