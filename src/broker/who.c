/* who.c - what an event says about somebody: all that rendering it needs, as it is now. */
#include "config.h"

#include "broker/broker.h"

#include <string.h>

#include "lib/siphash.h"

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

uint64_t
account_id_named(struct str name)
{
	char fold[NAME_FOLD_MAX];
	ssize_t n = name_fold(name.p, name.n, fold, sizeof(fold));
	uint8_t hash[16];

	if (n <= 0)
		return 0;
	siphash128(fold, (size_t)n, W->h->hash_key, hash);
	for (uint32_t i = 0; i < W->h->account_top; i++) {
		const struct reg_account *a = &W->accounts[i];

		if (a->id != 0 && memcmp(a->hash, hash, sizeof(hash)) == 0)
			return a->id;
	}
	return 0;
}

void
entry_to_account(uint64_t account)
{
	for (uint32_t i = 0; i < W->h->user_top; i++) {
		const struct reg_user *u = &W->users[i];

		if (u->id != 0 && user_account_id(u) == account)
			entry_to_user(u);
	}
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
