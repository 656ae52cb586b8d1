/* who.c - what an event says about somebody: all that rendering it needs, as it is now. */
#include "config.h"

#include "broker/broker.h"

#include <string.h>

#define W (&br.reg)

/* Every message carries it: no printf. */
struct str
user_uhost(const struct reg_user *u, char out[UHOST_MAX + 1])
{
	const char *ident = u->ident[0] != '\0' ? u->ident : protocol_name(u->protocol),
		   *host = u->host[0] != '\0' ? u->host : u->address;
	size_t n = strlen(ident), h = strlen(host);

	memcpy(out, ident, n);
	out[n++] = '@';
	memcpy(out + n, host, h);
	out[n + h] = '\0';
	return (struct str){out, n + h};
}

struct str
user_account(const struct reg_user *u)
{
	return u->more ? str_of(W->mores[u - W->users].account) : STR_LIT("");
}

uint64_t
user_account_id(const struct reg_user *u)
{
	return u->more ? W->mores[u - W->users].account_id : 0;
}

struct str
user_real(const struct reg_user *u)
{
	const char *real = u->more ? W->mores[u - W->users].real : "";

	return str_of(real[0] != '\0' ? real : u->name);
}

struct str
user_away(const struct reg_user *u)
{
	return u->is_away ? str_of(W->aways[u - W->users].text) : STR_LIT("");
}
