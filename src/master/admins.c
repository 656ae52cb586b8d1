/* admins.c - see admins.h. */
#include "config.h"

#include "master/admins.h"

#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "ipc/options.h"
#include "lib/log.h"
#include "lib/util.h"

/* A number, as one or as a name. False: there is nobody of that name. */
static bool
number_of(const char *name, bool group, unsigned *id_r)
{
	const struct group *gr;
	const struct passwd *pw;

	if (*name != '\0' && strspn(name, "0123456789") == strlen(name)) {
		*id_r = (unsigned)strtoul(name, NULL, 10);
		return true;
	}
	gr = group ? getgrnam(name) : NULL;
	pw = group ? NULL : getpwnam(name);
	if (gr != NULL)
		*id_r = gr->gr_gid;
	else if (pw != NULL)
		*id_r = pw->pw_uid;
	return gr != NULL || pw != NULL;
}

static void
list_numbers(const char *key, char list[OPTIONS_LIST_MAX])
{
	char *copy = xstrdup(list), *save = NULL;
	size_t at = 0;

	list[0] = '\0';
	for (char *s = strtok_r(copy, ", ", &save); s != NULL; s = strtok_r(NULL, ", ", &save)) {
		bool group = *s == '@';
		unsigned id;

		if (!number_of(s + group, group, &id))
			log_warn("%s: there is no %s %s", key, group ? "group" : "user", s + group);
		else if (at + 13 > OPTIONS_LIST_MAX)
			log_err("%s is too long: %s is left out", key, s);
		else
			at += bprintf(list + at, OPTIONS_LIST_MAX - at, "%s%s%u", at > 0 ? "," : "",
				      group ? "@" : "", id);
	}
	free(copy);
}

void
admins_numbers(struct options *o)
{
	list_numbers("control.admin", o->control_admin);
	list_numbers("control.operate", o->control_operate);
	list_numbers("control.read", o->control_read);
}
