/* about.c - what a user tells about itself: user, host and real name, modes, being away. */
#include "config.h"

#include "broker/broker.h"
#include "broker/cloak.h"

#include <string.h>

#include "lib/util.h"

#define W (&br.reg)
#define T (&br.t)

#define UMODES_OWN (UMODE_INVISIBLE | UMODE_WALLOPS | UMODE_BOT | UMODE_REG_ONLY)

/* --- what stands before and behind the '@' ----------------------------------------------------------- */

static bool
plain(char c, const char *others)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr(others, c) != NULL);
}

struct str
user_ident(struct str ident, unsigned protocol, char out[IDENT_MAX + 1])
{
	size_t n = 0;

	for (size_t i = 0; i < ident.n; i++) {
		if (plain(ident.p[i], "-._~[]\\`^{}|"))
			out[n++] = ident.p[i];
	}
	return n > 0 ? (struct str){out, n} : str_of(protocol_name(protocol));
}

bool
host_valid(struct str host)
{
	if (host.n == 0 || host.n > HOST_MAX || host.p[0] == ':')
		return false;
	for (size_t i = 0; i < host.n; i++) {
		if (!plain(host.p[i], ".:-_/"))
			return false;
	}
	return true;
}

struct str
host_of_address(struct str address, char out[HOST_MAX + 1])
{
	struct str host;
	char text[49];

	bprintf(text, sizeof(text), STR_FMT, STR_ARG(address));
	if (cloak_of(text, out))
		return str_of(out);
	host = (struct str){out, bprintf(out, HOST_MAX + 1, "%s" STR_FMT,
					 address.n > 0 && address.p[0] == ':' ? "0" : "",
					 STR_ARG(address))};

	return host_valid(host) ? host : STR_LIT("unknown");
}

/* --- real name and account ----------------------------------------------------------------------------- */

bool
user_has_real(const struct reg_user *u)
{
	return u->more && W->mores[u - W->users].real[0] != '\0';
}

void
user_more_redo(uint32_t slot, struct str account, uint64_t account_id, struct str real)
{
	const struct reg_more *more = &W->mores[slot];

	txn_open(T, W, more);
	TXN_SET(T, W, more->account_id, account_id);
	txn_put_str(T, W, more->account, account.p, account.n);
	txn_put_str(T, W, more->real, real.p, real.n);
	txn_close(T, W, more);
}

bool
r_setname(const struct req *r, struct reg_user *u, const void *frame, size_t len)
{
	uint64_t rooms[ROOMS_PER_USER];
	char uhost[UHOST_MAX + 1];
	struct m_e_setname m;
	struct m_r_setname q;

	if (!m_r_setname_get(frame, len, &q))
		return false;
	q.real = clean_or_empty(q.real);
	if (q.real.n == 0) {
		answer_refused(r, u->id, 0, ERR_BAD_ARGUMENT, STR_LIT("real name"));
		return true;
	}
	m = (struct m_e_setname){.user = u->id,
				 .name = user_name(u),
				 .uhost = user_uhost(u, uhost),
				 .account = user_account(u),
				 .umodes = u->umodes,
				 .real = q.real,
				 .rooms = rooms_of(u, rooms)};
	entry_begin(r);
	entry_to_rooms_of(u);
	entry_to_user(u);
	entry_to_watchers();
	user_more_redo((uint32_t)(u - W->users), user_account(u), user_account_id(u), q.real);
	txn_open(T, W, u);
	TXN_SET(T, W, u->more, 1);
	txn_close(T, W, u);
	EVENT_HEAD(r, m);
	ENTRY_COMMIT(setname, &m);
	user_renewed(u);
	return true;
}

void
user_set_host(const struct req *r, struct reg_user *u, struct str host)
{
	uint64_t rooms[ROOMS_PER_USER];
	char uhost[UHOST_MAX + 1], now[UHOST_MAX + 1];
	struct m_e_chghost m = {.user = u->id,
				.name = user_name(u),
				.uhost = user_uhost(u, uhost),
				.account = user_account(u),
				.umodes = u->umodes,
				.rooms = rooms_of(u, rooms)};

	m.now =
	    (struct str){now, bprintf(now, sizeof(now), "%s@" STR_FMT, u->ident, STR_ARG(host))};
	entry_begin(r);
	entry_to_rooms_of(u);
	entry_to_watchers();
	entry_to_user(u);
	txn_open(T, W, u);
	txn_put_str(T, W, u->host, host.p, host.n);
	txn_close(T, W, u);
	EVENT_HEAD(r, m);
	ENTRY_COMMIT(chghost, &m);
	user_renewed(u);
}

/* --- modes ------------------------------------------------------------------------------------------------ */

/* One of the counts of users who have a mode; an entry changes each once. */
static void
kind_redo(const uint32_t *count, bool before, bool after)
{
	if (before != after)
		TXN_SET(T, W, *count, after ? *count + 1 : *count - 1);
}

void
user_kinds_redo(const struct reg_user *u, uint32_t modes)
{
	kind_redo(&W->h->ninvisible, u->umodes & UMODE_INVISIBLE, modes & UMODE_INVISIBLE);
	kind_redo(&W->h->nopers, u->umodes & UMODE_OPER, modes & UMODE_OPER);
}

void
user_modes_redo(const struct reg_user *u, uint32_t modes, unsigned level)
{
	user_kinds_redo(u, modes);
	txn_open(T, W, u);
	TXN_SET(T, W, u->umodes, (uint16_t)modes);
	TXN_SET(T, W, u->level, (uint8_t)level);
	txn_close(T, W, u);
}

bool
r_umode(const struct req *r, struct reg_user *u, const void *frame, size_t len)
{
	struct m_r_umode q;
	struct m_e_umode m;
	uint32_t modes;

	if (!m_r_umode_get(frame, len, &q))
		return false;
	/* an operator may step back, but OPER alone makes one */
	modes = (u->umodes | (q.set & UMODES_OWN)) & ~(q.clear & (UMODES_OWN | UMODE_OPER));
	m = (struct m_e_umode){.user = u->id, .modes = modes, .before = u->umodes};
	m.level = modes & UMODE_OPER ? u->level : LEVEL_NONE;
	entry_begin(r);
	entry_to_user(u);
	user_modes_redo(u, modes, m.level);
	EVENT_HEAD(r, m);
	ENTRY_COMMIT(umode, &m);
	return true;
}

/* --- away ---------------------------------------------------------------------------------------------------- */

bool
r_away(const struct req *r, struct reg_user *u, const void *frame, size_t len)
{
	const struct reg_away *a = &W->aways[u - W->users];
	uint64_t rooms[ROOMS_PER_USER];
	char uhost[UHOST_MAX + 1];
	struct m_r_away q;
	struct m_e_away m;

	if (!m_r_away_get(frame, len, &q))
		return false;
	q.text = clean_or_empty(q.text);
	m = (struct m_e_away){.user = u->id,
			      .name = user_name(u),
			      .text = q.text,
			      .uhost = user_uhost(u, uhost),
			      .account = user_account(u),
			      .umodes = u->umodes,
			      .rooms = rooms_of(u, rooms)};
	entry_begin(r);
	entry_to_user(u);
	entry_to_rooms_of(u);
	entry_to_watchers();
	txn_open(T, W, a);
	txn_put_str(T, W, a->text, q.text.p, q.text.n);
	txn_close(T, W, a);
	txn_open(T, W, u);
	TXN_SET(T, W, u->is_away, q.text.n > 0);
	txn_close(T, W, u);
	EVENT_HEAD(r, m);
	ENTRY_COMMIT(away, &m);
	return true;
}
