/* cmd_self.c - commands about oneself: how things look here, one's name, one's account. */
#include "config.h"

#include "cmd_priv.h"

#include <stdlib.h>
#include <string.h>

#include "lib/util.h"

/* --- what one chooses for oneself ------------------------------------------------------------ */

static void
choose(struct session *s, struct str *a, unsigned n, bool *what, const char *name)
{
	if (n == 0)
		*what = !*what;
	else if (cmd_is(a[0], "on") || cmd_is(a[0], "off"))
		*what = cmd_is(a[0], "on");
	else {
		session_note(s, "on or off?");
		return;
	}
	session_note(s, "%s: %s.", name, *what ? "on" : "off");
}

void
c_ack(struct session *s, struct str *a, unsigned n)
{
	choose(s, a, n, &s->ack, "Telling you of each message sent");
}

void
c_color(struct session *s, struct str *a, unsigned n)
{
	choose(s, a, n, &s->look.color, "Colours");
}

void
c_direct(struct session *s, struct str *a, unsigned n)
{
	choose(s, a, n, &s->direct_only, "Only lines that name their recipient");
}

void
c_echo(struct session *s, struct str *a, unsigned n)
{
	choose(s, a, n, &s->look.echo, "Showing your own lines");
}

void
c_time(struct session *s, struct str *a, unsigned n)
{
	choose(s, a, n, &s->look.time, "The time before each line");
}

void
c_format(struct session *s, struct str *a, unsigned n)
{
	int f = n > 0 ? format_of(a[0]) : -1;

	if (f >= 0) {
		s->look.format = (enum format)f;
		session_note(s, "Messages now look like this: %s", formats[f].example);
		return;
	}
	session_note(s, "%s/format NAME:", n > 0 ? "There is no such format. " : "");
	for (unsigned i = 0; i < FORMAT_COUNT; i++)
		session_note(s, "%c %u %-7s %s", i == s->look.format ? '*' : ' ', i + 1,
			     formats[i].name, formats[i].example);
}

void
c_ignore(struct session *s, struct str *a, unsigned n)
{
	char name[NICK_MAX + 1];

	if (n == 0) {
		session_note(s, s->nignored > 0 ? "You ignore:" : "You ignore nobody.");
		for (unsigned i = 0; i < s->nignored; i++)
			session_note(s, "  %s", s->ignored[i]);
		return;
	}
	wire_clean(a[0], false, name, sizeof(name));
	for (unsigned i = 0; i < s->nignored; i++) {
		if (!same_name(str_of(name), str_of(s->ignored[i])))
			continue;
		free(s->ignored[i]);
		s->ignored[i] = s->ignored[--s->nignored];
		session_note(s, "You no longer ignore %s.", name);
		return;
	}
	if (s->nignored == SESSION_IGNORE_MAX) {
		session_note(s, "You ignore too many people already.");
		return;
	}
	s->ignored[s->nignored++] = xstrdup(name);
	session_note(s, "You now ignore %s.", name);
}

/* --- who one is ------------------------------------------------------------------------------ */

void
c_nick(struct session *s, struct str *a, unsigned n)
{
	(void)n;
	put(s, "NICK :" STR_FMT, STR_ARG(a[0]));
}

void
c_away(struct session *s, struct str *a, unsigned n)
{
	put(s, n > 0 ? "AWAY :" STR_FMT : "AWAY" STR_FMT, STR_ARG(a[0]));
}

void
c_account(struct session *s, struct str *a, unsigned n)
{
	if (n > 0 && cmd_is(a[0], "delete"))
		ask_for(s, ASK_DROP, "");
	else if (s->account[0] != '\0')
		session_note(s, "You are logged in to the account %s.", s->account);
	else
		session_note(s, "You are not logged in to an account.");
}

void
c_login(struct session *s, struct str *a, unsigned n)
{
	char name[NICK_MAX + 1];

	bprintf(name, sizeof(name), STR_FMT, n > 0 ? (int)MIN(a[0].n, (size_t)NICK_MAX) : 0,
		a[0].p);
	ask_for(s, ASK_PASSWORD, n > 0 ? name : s->nick);
}

void
c_logout(struct session *s, struct str *a, unsigned n)
{
	(void)a;
	(void)n;
	s->login[0] = '\0';
	explicit_bzero(s->password, sizeof(s->password));
	put(s, "NS LOGOUT");
}

void
c_register(struct session *s, struct str *a, unsigned n)
{
	bprintf(s->ask_mail, sizeof(s->ask_mail), STR_FMT, n > 0 ? (int)MIN(a[0].n, 250u) : 1,
		n > 0 ? a[0].p : "*");
	ask_for(s, ASK_NEW_PASSWORD, "");
}

void
c_invited(struct session *s, struct str *a, unsigned n)
{
	char word[65];

	bprintf(word, sizeof(word), STR_FMT, (int)MIN(a[0].n, 64u), a[0].p);
	bprintf(s->ask_mail, sizeof(s->ask_mail), STR_FMT, n > 1 ? (int)MIN(a[1].n, 250u) : 1,
		n > 1 ? a[1].p : "*");
	ask_for(s, ASK_NEW_PASSWORD, word);
}

void
c_password(struct session *s, struct str *a, unsigned n)
{
	(void)a;
	(void)n;
	ask_for(s, ASK_OLD_PASSWORD, "");
}
