/* sasl.c - see sasl.h; and the command AUTHENTICATE. */
#include "config.h"

#include "worker/irc/sasl.h"

#include <stdlib.h>
#include <string.h>

#include "lib/util.h"
#include "proto/sasl.h"
#include "worker/account.h"
#include "worker/irc/cmd.h"
#include "worker/irc/irc.h"
#include "worker/irc/reply.h"

#define CHUNK 400 /* bytes of base64 in a line; less: it was the last one */
#define SASL_MAX (4 * CHUNK) /* more than any password that is taken here needs */

/* An exchange under way. */
struct irc_sasl {
	const struct mechanism *mechanism;
	size_t n;
	char in[SASL_MAX];
};

bool
sasl_ask(struct conn *c, const struct sasl_credentials *who)
{
	(void)c;
	(void)who;
	return false;
}

void
sasl_free(struct irc_sasl *s)
{
	if (s == NULL)
		return;
	explicit_bzero(s, sizeof(*s));
	free(s);
}

static void
over(struct conn *c)
{
	sasl_free(c->irc->sasl);
	c->irc->sasl = NULL;
}

static void
failed(struct conn *c)
{
	over(c);
	irc_num(c, ERR_SASLFAIL, ":SASL authentication failed");
}

void
sasl_abort(struct conn *c)
{
	over(c);
	irc_num(c, ERR_SASLABORTED, ":SASL authentication aborted");
}

/* --- what was given ------------------------------------------------------------------------------ */

static bool
take_plain(struct str s, struct sasl_credentials *who)
{
	struct sasl_plain m;

	if (!sasl_plain_get(s, &m))
		return false;
	who->authzid = m.authzid;
	who->authcid = m.authcid;
	who->password = m.password;
	return true;
}

static bool
take_external(struct str s, struct sasl_credentials *who)
{
	return sasl_external_get(s, &who->authzid);
}

static bool
take_scram(struct str s, struct sasl_credentials *who)
{
	struct scram_first m;

	who->message = s;
	return scram_first_get(s, &m);
}

static const struct mechanism {
	const char *name;
	bool (*take)(struct str s, struct sasl_credentials *who);
} mechanisms[] = {
    {"PLAIN", take_plain},
    {"EXTERNAL", take_external},
    {"SCRAM-SHA-256", take_scram},
};

const char *
sasl_mechanisms(void)
{
	static char list[64];
	size_t n = 0;

	for (size_t i = 0; accounts_here() && i < ARRAY_LEN(mechanisms); i++)
		n += bprintf(list + n, sizeof(list) - n, "%s%s", n > 0 ? "," : "",
			     mechanisms[i].name);
	return n > 0 ? list : "*";
}

static void
finish(struct conn *c)
{
	struct irc_sasl *s = c->irc->sasl;
	struct sasl_credentials who = {.mechanism = s->mechanism->name};
	char plain[SASL_MAX];
	ssize_t n = base64_decode((struct str){s->in, s->n}, plain, sizeof(plain));
	bool asked =
	    n >= 0 && s->mechanism->take((struct str){plain, (size_t)n}, &who) && sasl_ask(c, &who);

	explicit_bzero(plain, sizeof(plain));
	if (asked)
		over(c);
	else
		failed(c);
}

/* --- the command ---------------------------------------------------------------------------------- */

static void
begin(struct conn *c, struct str name)
{
	for (size_t i = 0; accounts_here() && i < ARRAY_LEN(mechanisms); i++) {
		if (!irc_is(name, mechanisms[i].name))
			continue;
		c->irc->sasl = xcalloc(1, sizeof(*c->irc->sasl));
		c->irc->sasl->mechanism = &mechanisms[i];
		irc_raw(c, "AUTHENTICATE +");
		return;
	}
	irc_num(c, RPL_SASLMECHS, "%s :are available SASL mechanisms", sasl_mechanisms());
	failed(c);
}

static void
gather(struct conn *c, struct str chunk)
{
	struct irc_sasl *s = c->irc->sasl;

	if (str_eq(chunk, STR_LIT("+"))) /* an empty one */
		chunk.n = 0;
	if (chunk.n > CHUNK || s->n + chunk.n > sizeof(s->in)) {
		over(c);
		irc_num(c, ERR_SASLTOOLONG, ":SASL message too long");
		return;
	}
	memcpy(s->in + s->n, chunk.p, chunk.n);
	s->n += chunk.n;
	if (chunk.n < CHUNK)
		finish(c);
}

enum irc_done
irc_AUTHENTICATE(struct conn *c, struct irc_run *r)
{
	struct str word = r->msg.param[0];

	if (str_eq(word, STR_LIT("*"))) {
		sasl_abort(c);
	} else if (c->irc->sasl != NULL) {
		gather(c, word);
	} else if (word.n > CHUNK) {
		irc_num(c, ERR_SASLTOOLONG, ":SASL message too long");
	} else {
		begin(c, word);
	}
	return IRC_DONE;
}
