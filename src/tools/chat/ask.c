/* ask.c - questions to the person: passwords, names, what image. An empty answer gives up. */
#include "config.h"

#include "session_priv.h"

#include <string.h>

#include "lib/util.h"

#define PASSWORD_LINE 200 /* bytes: two of them are in a line to the server, whole */

static const struct {
	const char *prompt;
	bool secret;
} questions[ASK_COUNT] = {
    [ASK_NAME] = {"Username: ", false},
    [ASK_IMAGE] = {"Path or address (https) of the image: ", false},
    [ASK_FILE] = {"Path of the file: ", false},
    [ASK_PASSWORD] = {"Password: ", true},
    [ASK_OLD_PASSWORD] = {"Present password: ", true},
    [ASK_NEW_PASSWORD] = {"New password (at least 6 characters): ", true},
    [ASK_AGAIN] = {"The same again: ", true},
    [ASK_DROP] = {"Your password, to delete the account: ", true},
};

const char *
session_asks(const struct session *s, bool *secret_r)
{
	*secret_r = questions[s->ask].secret;
	return questions[s->ask].prompt;
}

void
ask_for(struct session *s, enum ask what, const char *to)
{
	if (questions[what].secret && !s->secure) {
		session_note(s, "Sorry, passwords are only sent over TLS, or to this host.");
		return;
	}
	s->ask = what;
	bprintf(s->ask_to, sizeof(s->ask_to), "%s", to);
	changed(s);
}

static void
answer_file(struct session *s, const char *line, bool image)
{
	char to[sizeof(s->ask_to)];

	memcpy(to, s->ask_to, sizeof(to));
	s->front->send_file(s->arg, to, line, image);
}

static void
answer_name(struct session *s, const char *line)
{
	bprintf(s->want, sizeof(s->want), "%s", line);
	session_name_again(s);
}

static void
answer_login(struct session *s, const char *line)
{
	bprintf(s->login, sizeof(s->login), "%s", s->ask_to);
	bprintf(s->password, sizeof(s->password), "%s", line);
	if (has(s, CAP_SASL))
		sasl_begin(s);
	else
		session_note(s, "Sorry, this server has no accounts.");
}

/* Between other words in a line to a service it has to be one word itself: the rest of it would be taken for the next. */
static bool
one_word(struct session *s, const char *password)
{
	if (password[0] != ':' && strchr(password, ' ') == NULL)
		return true;
	session_note(s, "Sorry, a password with spaces or a : before it cannot be given here; "
			"by telnet it can: /password, /account, /invited.");
	return false;
}

/* The second time: is it the same? */
static void
answer_again(struct session *s, const char *line)
{
	char *nl = strchr(s->ask_word, '\n');

	if (strcmp(line, nl != NULL ? nl + 1 : s->ask_word) != 0) {
		session_note(s, "That was not the same.");
	} else if (nl != NULL) {
		*nl = '\0';
		put(s, "NS SET PASSWORD %s :%s", s->ask_word, line);
		if (s->login[0] != '\0') /* for the next connection */
			bprintf(s->password, sizeof(s->password), "%s", line);
	} else if (s->ask_to[0] != '\0' && one_word(s, line)) {
		put(s, "NS REGISTER %s %s %s", line, s->ask_mail, s->ask_to);
	} else if (s->ask_to[0] == '\0') {
		bprintf(s->login, sizeof(s->login), "%s", s->nick);
		bprintf(s->password, sizeof(s->password), "%s", line);
		put(s, "REGISTER * %s :%s", s->ask_mail, line);
	}
	explicit_bzero(s->ask_word, sizeof(s->ask_word));
}

void
ask_answer(struct session *s, const char *line)
{
	enum ask what = s->ask;
	size_t n;

	s->ask = ASK_NOTHING;
	changed(s);
	if (line[0] == '\0' && what == ASK_NAME) {
		s->ask = what;
		return;
	}
	if (line[0] == '\0' || (s->state != SESSION_READY && what != ASK_NAME)) {
		explicit_bzero(s->ask_word, sizeof(s->ask_word));
		session_note(s, "Nothing has been done.");
		return;
	}
	if (questions[what].secret && what != ASK_PASSWORD && strlen(line) > PASSWORD_LINE) {
		explicit_bzero(s->ask_word, sizeof(s->ask_word));
		session_note(s, "Sorry, that is too long.");
		return;
	}
	switch (what) {
	case ASK_NAME:
		answer_name(s, line);
		break;
	case ASK_IMAGE:
	case ASK_FILE:
		answer_file(s, line, what == ASK_IMAGE);
		break;
	case ASK_PASSWORD:
		answer_login(s, line);
		break;
	case ASK_OLD_PASSWORD:
		if (!one_word(s, line))
			break;
		bprintf(s->ask_word, sizeof(s->ask_word), "%s\n", line);
		s->ask = ASK_NEW_PASSWORD;
		break;
	case ASK_NEW_PASSWORD:
		n = strlen(s->ask_word);
		bprintf(s->ask_word + n, sizeof(s->ask_word) - n, "%s", line);
		s->ask = ASK_AGAIN;
		break;
	case ASK_AGAIN:
		answer_again(s, line);
		break;
	case ASK_DROP:
		if (one_word(s, line))
			put(s, "NS DROP %s", line);
		break;
	default:
		break;
	}
}

void
session_typed(struct session *s, const char *line)
{
	if (s->ask != ASK_NOTHING)
		ask_answer(s, line);
	else
		cmd_line(s, line);
}
