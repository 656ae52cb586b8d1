/* nickserv.c - what NickServ does: accounts. */
#include "config.h"

#include <string.h>

#include "lib/name.h"
#include "lib/util.h"
#include "proto/irc.h"
#include "registry/registry.h"
#include "worker/account.h"
#include "worker/irc/irc.h"
#include "worker/irc/login.h"
#include "worker/irc/services.h"
#include "worker/query.h"
#include "worker/request.h"
#include "worker/worker.h"

/* --- making one, logging in and out ------------------------------------------------------------------- */

/* state: what is said if another reading of the words was meant, or NULL. */
static void
authed(struct conn *c, struct late *l)
{
	const struct m_e_authed *e = l->e;
	struct irc_run *r = c->irc->run;
	struct str arg;
	unsigned code;

	if (late_failed(l, &code, &arg)) {
		service_refused(c, code, arg);
		if (l->state != NULL && (code == ERR_LOGIN_WRONG || code == ERR_EMAIL_BAD))
			service_say(c, "%s", (const char *)l->state);
		return;
	}
	if (l->type != MSG_e_authed)
		return;
	account_authed(c, e);
	login_told(c);
	service_say(c,
		    e->created ? "You have registered " STR_FMT ", and are logged in to it."
			       : "You are now logged in as " STR_FMT ".",
		    STR_ARG(e->account));
	/* the rooms of an invitation */
	if (e->created && e->data.n > 0)
		r->kept = xstrndup(e->data.p, e->data.n);
}

/* REGISTER password [email|*] [invitation], or REGISTER :password of several words */
static enum irc_done
ns_register(struct conn *c, struct irc_run *r, const struct service_words *w)
{
	struct enrolment new = {.password = w->whole[0] ? w->rest[0] : w->v[0],
				.invite = w->whole[0] ? STR_LIT("") : w->v[2]};
	struct str room;

	if (r->step > 0) { /* it is done: into the rooms of the invitation */
		if (r->kept == NULL || !irc_item(str_of(r->kept), r->at, &room))
			return IRC_DONE;
		r->at++;
		request_join(c, ASKED_DO, room, STR_LIT(""));
		return IRC_MORE;
	}
	if (!w->whole[0] && !str_eq(w->v[1], STR_LIT("*")))
		new.email = w->v[1];
	if (!service_secret_ok(c))
		return IRC_DONE;
	if (account_of(c) != NULL) {
		service_say(c, "You have an account, %s, and are logged in to it.", account_of(c));
	} else if (new.password.n > PASSWORD_MAX || new.email.n > EMAIL_MAX ||
		   new.invite.n > INVITE_WORD_MAX) {
		service_say(c, "That is too long.");
	} else {
		request_register(c, &new, authed);
		ticket_state(c, xstrdup("A password with spaces: REGISTER :password"));
		return IRC_MORE;
	}
	return IRC_DONE;
}

/* IDENTIFY [account] password; the first of several words is the account, unless a ':' says that they are one argument */
static enum irc_done
ns_identify(struct conn *c, struct irc_run *r, const struct service_words *w)
{
	bool named = w->n > 1 && !w->whole[0];
	struct proof p = {.mech = AUTH_PASSWORD,
			  .name = named ? w->v[0] : str_of(c->name),
			  .secret = named ? w->rest[1] : w->rest[0]};

	(void)r;
	if (!service_secret_ok(c))
		return IRC_DONE;
	if (p.name.n > NAME_BYTES_MAX || p.secret.n > PASSWORD_MAX) {
		service_refused(c, ERR_LOGIN_WRONG, STR_LIT(""));
		return IRC_DONE;
	}
	request_auth(c, &p, authed);
	if (named)
		ticket_state(c,
			     xstrdup("The first word was taken for the account. If it belongs to "
				     "the password: IDENTIFY account password, with both"));
	return IRC_DONE;
}

static enum irc_done
ns_logout(struct conn *c, struct irc_run *r, const struct service_words *w)
{
	(void)r;
	(void)w;
	request_account(c, ACCOUNT_LOGOUT, STR_LIT(""), STR_LIT(""), service_late);
	return IRC_DONE;
}

/* --- changing it ------------------------------------------------------------------------------------------ */

static void
changed(struct conn *c, struct late *l)
{
	struct str arg;
	unsigned code;

	service_late(c, l);
	if (l->state != NULL && late_failed(l, &code, &arg) &&
	    (code == ERR_PASSWORD || code == ERR_EMAIL_BAD))
		service_say(c, "%s", (const char *)l->state);
}

static void
set(struct conn *c, enum account_op op, struct str password, struct str text, bool more)
{
	request_account(c, op, password, text, changed);
	if (more)
		ticket_state(
		    c, xstrdup(
			   "One word was taken for the present password. If it has "
			   "spaces: /password and /account email, in telnet or chat, ask for it."));
}

/* SET PASSWORD|EMAIL password new; the new password may have spaces */
static enum irc_done
ns_set(struct conn *c, struct irc_run *r, const struct service_words *w)
{
	bool password = irc_is(w->v[0], "PASSWORD"), email = irc_is(w->v[0], "EMAIL");
	struct str text = password ? w->rest[2] : w->v[2];

	(void)r;
	if (!service_secret_ok(c))
		return IRC_DONE;
	if (!password && !email)
		service_say(c, "SET knows PASSWORD and EMAIL.");
	else if (w->v[1].n > PASSWORD_MAX || text.n > (password ? PASSWORD_MAX : EMAIL_MAX))
		service_say(c, "That is too long.");
	else
		set(c, password ? ACCOUNT_PASSWORD : ACCOUNT_EMAIL, w->v[1], text, w->n > 3);
	return IRC_DONE;
}

/* DROP password [MESSAGES], or DROP :password of several words */
static enum irc_done
ns_drop(struct conn *c, struct irc_run *r, const struct service_words *w)
{
	struct str password = w->whole[0] ? w->rest[0] : w->v[0];
	struct str last = w->whole[0] ? STR_LIT("") : w->v[1];
	bool messages = irc_is(last, "MESSAGES");

	(void)r;
	if (!service_secret_ok(c))
		return IRC_DONE;
	if (password.n > PASSWORD_MAX)
		service_refused(c, ERR_PASSWORD, STR_LIT(""));
	else if (last.n > 0 && !messages)
		service_say(c, "Behind the password there may only be MESSAGES: what you have said "
			       "is deleted, too. A password with spaces: DROP :password");
	else
		request_account(c, ACCOUNT_DELETE, password,
				messages ? STR_LIT("messages") : STR_LIT(""), service_late);
	return IRC_DONE;
}

/* SHA-256 in hexadecimal, with or without colons, as it is kept. */
static bool
fingerprint(struct str s, char out[CERT_MAX + 1])
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (c == ':')
			continue;
		if (c >= 'A' && c <= 'F')
			c = (char)(c - 'A' + 'a');
		if (n == CERT_MAX || !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
			return false;
		out[n++] = c;
	}
	out[n] = '\0';
	return n == CERT_MAX;
}

/* CERT ADD|DEL [fingerprint] */
static enum irc_done
ns_cert(struct conn *c, struct irc_run *r, const struct service_words *w)
{
	bool add = irc_is(w->v[0], "ADD"), del = irc_is(w->v[0], "DEL");
	const char *own = account_cert(c);
	char print[CERT_MAX + 1];

	(void)r;
	if (!add && !del)
		service_say(c, "CERT knows ADD and DEL.");
	else if (w->n < 2 && own == NULL)
		service_say(c, "You have shown no certificate: say which one, by its fingerprint.");
	else if (!fingerprint(w->n < 2 ? str_of(own) : w->v[1], print))
		service_say(c, "That is no fingerprint: 64 hexadecimal digits, of SHA-256.");
	else
		request_account(c, add ? ACCOUNT_CERT_ADD : ACCOUNT_CERT_DEL, STR_LIT(""),
				str_of(print), service_late);
	return IRC_DONE;
}

/* --- telling -------------------------------------------------------------------------------------------------- */

struct info {
	struct query query;
	size_t n;
	char name[NAME_BYTES_MAX];
};

static enum query_step
info_step(struct conn *c, struct query *query)
{
	struct info *q = (struct info *)query;
	struct reg_account_view a;
	struct reg_user_view u;
	int account = registry_account_named(worker.reg, q->name, q->n, &a);
	int user = registry_user_named(worker.reg, q->name, q->n, &u);

	if (account < 0 || user < 0)
		return QUERY_AGAIN;
	if (account == 0)
		service_say(c, "%.*s is not registered.", (int)q->n, q->name);
	else if (user > 0 && u.account_id == a.id)
		service_say(c, "%.*s is registered; whoever goes by it now is logged in to it.",
			    (int)q->n, q->name);
	else
		service_say(c, "%.*s is registered%s; nobody by that name is logged in to it now.",
			    (int)q->n, q->name,
			    a.flags & ACCOUNT_DISABLED ? ", and has been disabled" : "");
	if (user > 0 && u.id == c->user && account_of(c) != NULL)
		service_say(c, "You are logged in as %s.", account_of(c));
	return QUERY_DONE;
}

/* INFO [name] */
static enum irc_done
ns_info(struct conn *c, struct irc_run *r, const struct service_words *w)
{
	struct str name = w->n > 0 ? w->v[0] : str_of(account_of(c) ? account_of(c) : c->name);
	struct info *q;

	(void)r;
	if (name.n > NAME_BYTES_MAX) {
		service_say(c, "Nobody has such a long name.");
		return IRC_DONE;
	}
	q = xcalloc(1, sizeof(*q));
	q->query.step = info_step;
	q->n = name.n;
	memcpy(q->name, name.p, name.n);
	query_ask(c, &q->query);
	return IRC_DONE;
}

/* GHOST, RELEASE and the like: nobody has to be thrown out here. */
static enum irc_done
ns_ghost(struct conn *c, struct irc_run *r, const struct service_words *w)
{
	(void)r;
	(void)w;
	service_say(c, "That is not needed here. Log in (IDENTIFY), then take your name with NICK: "
		       "if you are there already you are there twice, and both see all.");
	service_say(c, "Somebody else who goes by your name is given another one soon.");
	return IRC_DONE;
}

const struct service_cmd nickserv_cmds[] = {
    {"REGISTER", 1, ns_register, NULL, "password [email|*] [invitation]",
     "make an account of your name"},
    {"IDENTIFY", 1, ns_identify, NULL, "[account] password", "log in to an account"},
    {"LOGIN", 1, ns_identify, NULL, NULL, NULL},
    {"ID", 1, ns_identify, NULL, NULL, NULL},
    {"LOGOUT", 0, ns_logout, "You are logged out.", "", "log out of it, and stay"},
    {"SET", 3, ns_set, "It has been changed.", "PASSWORD|EMAIL password new",
     "another password, another email address; the present password comes first"},
    {"CERT", 1, ns_cert, "It has been changed.", "ADD|DEL [fingerprint]",
     "log in with a certificate (SASL EXTERNAL)"},
    {"INFO", 0, ns_info, NULL, "[name]", "is a name registered?"},
    {"DROP", 1, ns_drop, "Your account is deleted.", "password [MESSAGES]",
     "delete your account, and what you have said"},
    {"UNREGISTER", 1, ns_drop, "Your account is deleted.", NULL, NULL},
    {"GHOST", 0, ns_ghost, NULL, "[name]", "how to get your name back"},
    {"RELEASE", 0, ns_ghost, NULL, NULL, NULL},
    {"RECOVER", 0, ns_ghost, NULL, NULL, NULL},
    {"REGAIN", 0, ns_ghost, NULL, NULL, NULL},
    {NULL, 0, NULL, NULL, NULL, NULL},
};
