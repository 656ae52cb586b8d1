/* chat - the terminal client: line by line, a full screen, or for scripts. */
#include "config.h"

#include <langinfo.h>
#include <locale.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "client.h"
#include "full.h"
#include "lib/util.h"
#include "line.h"
#include "script.h"

/* Everything here is UTF-8, whatever the terminal says: others' words are, too. */
static void
set_locale(void)
{
	setlocale(LC_ALL, "");
	if (strcmp(nl_langinfo(CODESET), "UTF-8") != 0 && setlocale(LC_CTYPE, "C.UTF-8") == NULL)
		(void)setlocale(LC_CTYPE, "en_US.UTF-8");
	setlocale(LC_NUMERIC, "C");
}

/* Asked for until it can be one; at a script's the login name. */
static bool
settle_name(struct chat_conf *conf)
{
	const struct passwd *pw;

	while (conf->name[0] == '\0' && conf->mode == CHAT_TALK) {
		enum name_err err;

		if (!line_ask("Username: ", false, conf->name, sizeof(conf->name)))
			return false;
		err = name_check(conf->name, strlen(conf->name));
		if (err == NAME_OK || err == NAME_EMPTY)
			continue;
		(void)chat_fail(0, "Sorry, that cannot be: %s", name_strerror(err));
		conf->name[0] = '\0';
	}
	if (conf->name[0] == '\0') {
		pw = getpwuid(getuid());
		bprintf(conf->name, sizeof(conf->name), "%s", pw != NULL ? pw->pw_name : "chat");
		if (name_check(conf->name, strlen(conf->name)) != NAME_OK)
			bprintf(conf->name, sizeof(conf->name), "chat");
	}
	return true;
}

int
main(int argc, char **argv)
{
	static struct chat_conf conf;
	int code;

	fd_standard();
	set_locale();
	srand((unsigned)time(NULL) ^ (unsigned)getpid());
	code = chat_conf(&conf, argc, argv);
	if (code >= 0)
		return code;
	client_signals();
	if (!settle_name(&conf))
		return CHAT_USAGE;
	if (conf.login && conf.password[0] == '\0' &&
	    !line_ask("Password: ", true, conf.password, sizeof(conf.password)))
		return CHAT_USAGE;
	if (conf.mode != CHAT_TALK)
		code = script_run(&conf);
	else if (conf.full)
		code = full_run(&conf);
	else
		code = line_run(&conf);
	chat_conf_fini(&conf);
	return code;
}
