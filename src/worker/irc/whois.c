/* whois.c - WHOIS and WHOWAS: all that may be told of one user, whatever it speaks. */
#include "config.h"

#include <string.h>

#include "lib/glob.h"
#include "lib/name.h"
#include "lib/util.h"
#include "proto/irc.h"
#include "registry/registry.h"
#include "worker/irc/cmd.h"
#include "worker/irc/irc.h"
#include "worker/irc/metadata.h"
#include "worker/irc/reply.h"
#include "worker/request.h"
#include "worker/sight.h"
#include "worker/worker.h"

#define WAS_MAX 16 /* entries of one name */

#define SERVER_INFO PACKAGE_NAME

/* --- WHOIS --------------------------------------------------------------------------------------- */

/* RPL_WHOISCHANNELS, in as many lines as it takes. */
static void
tell_rooms(struct conn *c, const struct reg_user_view *v, const struct reg_member_view *rooms,
	   int nrooms)
{
	size_t head = strlen(irc_me) + strlen(irc_nick(c)) + strlen(v->name) + 9, n = 0;
	char line[IRC_BODY_MAX], one[ROOM_BYTES_MAX + 8];

	for (int i = 0; i < nrooms; i++) {
		size_t k = bprintf(one, sizeof(one), "%s#%s",
				   irc_prefixes(rooms[i].flags, c->irc->caps & CAP_MULTI_PREFIX),
				   rooms[i].room_name);

		if (n > 0 && head + n + 1 + k > IRC_BODY_MAX) {
			irc_num(c, RPL_WHOISCHANNELS, "%s :%.*s", v->name, (int)n, line);
			n = 0;
		}
		n += bprintf(line + n, sizeof(line) - n, "%s%s", n > 0 ? " " : "", one);
	}
	if (n > 0)
		irc_num(c, RPL_WHOISCHANNELS, "%s :%.*s", v->name, (int)n, line);
}

/* What only the user itself and operators of the server are told. */
static void
tell_private(struct conn *c, const struct reg_user_view *v)
{
	const uint8_t *cert = sight_cert(v);
	char modes[8], hex[CERT_MAX + 1];

	if (v->id != c->user && !(c->irc->umodes & UMODE_OPER))
		return;
	irc_umode_letters(v->umodes, modes);
	irc_num(c, RPL_WHOISHOST, "%s :is connecting from *@%s %s", v->name, v->address,
		v->address);
	irc_num(c, RPL_WHOISACTUALLY, "%s %s@%s %s%s :Is actually using host", v->name, v->ident,
		v->host, v->address[0] == ':' ? "0" : "", v->address);
	if (cert != NULL)
		irc_num(c, RPL_WHOISCERTFP, "%s :has client certificate fingerprint %s", v->name,
			cert_hex(cert, hex));
	irc_num(c, RPL_WHOISMODES, "%s :is using modes +%s", v->name, modes);
}

static void
tell_user(struct conn *c, const struct reg_user_view *v, const struct reg_member_view *rooms,
	  int nrooms)
{
	irc_num(c, RPL_WHOISUSER, "%s %s %s * :%s", v->name, v->ident, v->host, v->real);
	tell_rooms(c, v, rooms, nrooms);
	irc_num(c, RPL_WHOISSERVER, "%s %s :" SERVER_INFO, v->name, irc_me);
	if (v->away[0] != '\0')
		irc_num(c, RPL_AWAY, "%s :%s", v->name, v->away);
	if (v->umodes & UMODE_OPER)
		irc_num(c, RPL_WHOISOPERATOR, "%s :is an IRC operator", v->name);
	if (v->account[0] != '\0')
		irc_num(c, RPL_WHOISACCOUNT, "%s %s :is logged in as", v->name, v->account);
	if (v->umodes & UMODE_BOT)
		irc_num(c, RPL_WHOISBOT, "%s :is a bot", v->name);
	if (v->tls)
		irc_num(c, RPL_WHOISSECURE, "%s :is using a secure connection", v->name);
	tell_private(c, v);
	irc_num(c, RPL_WHOISIDLE, "%s %llu %llu :seconds idle, signon time", v->name,
		(unsigned long long)sight_idle(v), (unsigned long long)(v->since / 1000));
}

static void
tell_keys(struct conn *c, const struct reg_user_view *v, const struct reg_meta_view *keys, int n)
{
	for (int i = 0; i < n; i++)
		irc_num(c, RPL_WHOISKEYVALUE, "%s %s * :%s", v->name, keys[i].key, keys[i].value);
}

/* False: torn. */
static bool
whois(struct conn *c, struct str name)
{
	static struct reg_member_view rooms[ROOMS_PER_USER];
	static struct reg_meta_view keys[META_KEYS_MAX];
	struct reg_user_view v;
	int n = 0, nkeys = 0, r = registry_user_named(worker.reg, name.p, name.n, &v);

	if (r > 0)
		n = sight_rooms_of(c, &v, rooms);
	if (r > 0 && metadata_aware(c))
		nkeys = registry_meta(worker.reg, false, v.id, keys);
	if (r < 0 || n < 0 || nkeys < 0)
		return false;
	if (r > 0) {
		tell_user(c, &v, rooms, n);
		tell_keys(c, &v, keys, nkeys);
	} else {
		irc_num(c, ERR_NOSUCHNICK, STR_FMT " :No such nick/channel",
			STR_ARG(irc_middle(name)));
	}
	irc_num(c, RPL_ENDOFWHOIS, STR_FMT " :End of /WHOIS list", STR_ARG(irc_middle(name)));
	return true;
}

/* The server that is to answer is this one, or the one of somebody: there is no other. */
static bool
is_here(struct str server)
{
	return glob_match_nocase(server.p, MIN(server.n, 128u), irc_me, strlen(irc_me)) ||
	       name_check(server.p, server.n) == NAME_OK;
}

enum irc_done
irc_WHOIS(struct conn *c, struct irc_run *r)
{
	struct str list = r->msg.param[r->msg.n > 1 ? 1 : 0], name;

	if (!irc_item(list, 0, &name)) {
		irc_num(c, ERR_NONICKNAMEGIVEN, ":No nickname given");
		return IRC_DONE;
	}
	if (r->msg.n > 1 && !is_here(r->msg.param[0])) {
		irc_num(c, ERR_NOSUCHSERVER, STR_FMT " :No such server", STR_ARG(r->msg.param[0]));
		return IRC_DONE;
	}
	if (r->step == 0) {
		request_sync(c);
		return IRC_MORE;
	}
	if (r->at >= IRC_WHOIS_MAX || !irc_item(list, r->at, &name))
		return IRC_DONE;
	if (worker.reg == NULL || whois(c, name))
		r->at++;
	else
		request_sync(c);
	return IRC_MORE;
}

/* --- WHOWAS ---------------------------------------------------------------------------------------- */

static void
tell_was(struct conn *c, const struct reg_was_view *w)
{
	char when[32];

	irc_num(c, RPL_WHOWASUSER, "%s %s %s * :%s", w->name, w->ident, w->host, w->real);
	irc_num(c, RPL_WHOISSERVER, "%s %s :%s", w->name, irc_me, time_rfc3339(w->at, when));
	if (w->account[0] != '\0')
		irc_num(c, RPL_WHOISACCOUNT, "%s %s :was logged in as", w->name, w->account);
	if (c->irc->umodes & UMODE_OPER)
		irc_num(c, RPL_WHOISACTUALLY, "%s %s%s :Was actually using host", w->name,
			w->address[0] == ':' ? "0" : "", w->address);
}

/* "0", "-1" and what is no number: all that there are. */
static unsigned
count_of(struct str s)
{
	unsigned n = 0;

	for (size_t i = 0; i < s.n && n <= WAS_MAX; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return WAS_MAX;
		n = 10 * n + (unsigned)(s.p[i] - '0');
	}
	return n == 0 || n > WAS_MAX ? WAS_MAX : n;
}

/* All entries of all names, who left last first: the history is gone through backwards (RFC 2812 section 3.6.3). */
static void
tell_were(struct conn *c, struct str list, unsigned most)
{
	static struct reg_was_view was[IRC_WHOIS_MAX][WAS_MAX];
	int n[IRC_WHOIS_MAX], at[IRC_WHOIS_MAX] = {0}, last;
	unsigned names = 0;
	struct str name;

	for (; names < IRC_WHOIS_MAX && irc_item(list, names, &name); names++)
		n[names] = registry_was(worker.reg, name.p, name.n, was[names], most);
	do {
		last = -1;
		for (unsigned i = 0; i < names; i++) {
			if (at[i] < n[i] && (last < 0 || was[i][at[i]].at > was[last][at[last]].at))
				last = (int)i;
		}
		if (last >= 0)
			tell_was(c, &was[last][at[last]++]);
	} while (last >= 0);
	for (unsigned i = 0; i < names && irc_item(list, i, &name); i++) {
		if (n[i] <= 0)
			irc_num(c, ERR_WASNOSUCHNICK, STR_FMT " :There was no such nickname",
				STR_ARG(irc_middle(name)));
	}
}

enum irc_done
irc_WHOWAS(struct conn *c, struct irc_run *r)
{
	struct str list = r->msg.param[0], name;

	if (!irc_item(list, 0, &name)) {
		irc_num(c, ERR_NONICKNAMEGIVEN, ":No nickname given");
		return IRC_DONE;
	}
	if (r->step == 0) {
		request_sync(c);
		return IRC_MORE;
	}
	if (worker.reg != NULL)
		tell_were(c, list, count_of(r->msg.param[1]));
	irc_num(c, RPL_ENDOFWHOWAS, STR_FMT " :End of WHOWAS", STR_ARG(irc_middle(list)));
	return IRC_DONE;
}
