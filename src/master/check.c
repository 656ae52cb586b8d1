/* check.c - see check.h. */
#include "config.h"

#include "master/check.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/logsink.h"
#include "lib/util.h"
#include "master/certs.h"
#include "master/listen.h"
#include "master/master.h"

/* --- what is hardly meant ----------------------------------------------------------------- */

static void
caution_password(const struct settings *s, struct conf_errors *cautions)
{
	for (unsigned i = 0; i < s->nlisten && s->opt.irc_password[0] != '\0'; i++) {
		if (s->listen[i].protocol != PROTO_TELNET)
			continue;
		conf_say(cautions,
			 "irc.password keeps nobody out who comes by telnet, which asks for none: "
			 "leave telnet out of `listen`");
		return;
	}
}

static void
caution_readable(const char *path, const char *what, struct conf_errors *cautions)
{
	struct stat st;

	if (path[0] != '\0' && stat(path, &st) == 0 && (st.st_mode & S_IROTH))
		conf_say(cautions,
			 "%s has %s, and everybody on this host may read it (chmod o= %s)", path,
			 what, path);
}

static void
caution_key(const char *certificate, const char *key, struct conf_errors *cautions)
{
	caution_readable(key[0] != '\0' ? key : certificate, "a private key", cautions);
}

void
check_cautions(const struct settings *s, struct conf_errors *cautions)
{
	caution_password(s, cautions);
	caution_readable(s->secret_file, "passwords in it", cautions);
	caution_key(s->opt.tls_certificate, s->opt.tls_key, cautions);
	for (unsigned i = 0; i < s->nmore_certs; i++)
		caution_key(s->more_certs[i].certificate, s->more_certs[i].key, cautions);
}

/* --- what would be refused ---------------------------------------------------------------- */

static void
check_log(const struct settings *s, struct conf_errors *e)
{
	if (!master.foreground && logsink_check(s->opt.log_to) < 0)
		conf_say(e, "cannot open the log %s: %s", s->opt.log_to, strerror(errno));
}

static void
check_certs(const struct settings *s, const char *program, struct conf_errors *e,
	    struct conf_errors *cautions)
{
	if (certs_prepare(s, e) == 0)
		certs_test(program, &s->opt, e, cautions);
	certs_abort();
}

void
check_use(const struct settings *s, const char *tls_program, struct conf_errors *e,
	  struct conf_errors *cautions)
{
	check_cautions(s, cautions);
	check_log(s, e);
	if (tls_built())
		check_certs(s, tls_program, e, cautions);
	listen_check(s, e);
}
