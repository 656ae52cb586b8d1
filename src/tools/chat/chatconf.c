/* chatconf.c - see chatconf.h. */
#include "config.h"

#include "chatconf.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/conf.h"
#include "lib/text.h"
#include "lib/util.h"
#include "server.h"
#include "tls.h"
#include "wire.h"

#define PORT_PLAIN 6667
#define PORT_TLS 6697

int
chat_fail(int code, const char *fmt, ...)
{
	char raw[2048], text[2048];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	if (!text_utf8_ok(raw, strlen(raw))) {
		for (char *p = raw; *p != '\0'; p++)
			*p = (char)((unsigned char)*p >= 0x80 ? '?' : *p);
	}
	wire_clean(str_of(raw), true, text, sizeof(text));
	fprintf(stderr, "chat: %s\n", text);
	return code;
}

/* --- the file ------------------------------------------------------------------------------ */

static bool
want_string(struct conf_errors *e, struct conf *f, config_setting_t *s, char *out, size_t cap)
{
	const char *v = config_setting_get_string(s);

	if (v == NULL || strlen(v) >= cap) {
		conf_error(e, f, s, "%s: a string of less than %zu bytes is wanted",
			   config_setting_name(s), cap);
		return false;
	}
	bprintf(out, cap, "%s", v);
	return true;
}

static void
want_bool(struct conf_errors *e, struct conf *f, config_setting_t *s, bool *out)
{
	if (config_setting_type(s) == CONFIG_TYPE_BOOL)
		*out = config_setting_get_bool(s);
	else
		conf_error(e, f, s, "%s: true or false is wanted", config_setting_name(s));
}

static void
take_rooms(struct conf_errors *e, struct conf *f, config_setting_t *s, struct chat_conf *c)
{
	for (int i = 0; i < config_setting_length(s) && c->rooms < CHAT_ROOMS_MAX; i++) {
		const char *v = config_setting_get_string_elem(s, i);

		if (v == NULL ||
		    room_check(v + (v[0] == '#'), strlen(v + (v[0] == '#'))) != NAME_OK)
			conf_error(e, f, s, "rooms: a list of rooms' names is wanted");
		else
			bprintf(c->room[c->rooms++], sizeof(c->room[0]), "%s", v);
	}
}

/* What is true or false by that name; NULL: nothing. */
static bool *
flag_of(struct chat_conf *c, const char *name)
{
	const struct {
		const char *name;
		bool *flag;
	} flags[] = {{"plain", &c->link.plain_ok}, {"tls", &c->link.tls},   {"full", &c->full},
		     {"time", &c->look.time},      {"ampm", &c->look.ampm}, {"echo", &c->look.echo},
		     {"color", &c->look.color}};

	for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
		if (strcmp(flags[i].name, name) == 0)
			return flags[i].flag;
	}
	return NULL;
}

static void
take_setting(struct conf_errors *e, struct conf *f, config_setting_t *s, struct chat_conf *c)
{
	const char *name = config_setting_name(s);
	char text[256];
	bool *flag;

	if (strcmp(name, "server") == 0) {
		if (want_string(e, f, s, text, sizeof(text)) &&
		    !server_parse(text, c->host, sizeof(c->host), &c->link.port))
			conf_error(e, f, s, "server: HOST or HOST:PORT is wanted");
	} else if (strcmp(name, "name") == 0) {
		if (want_string(e, f, s, c->name, sizeof(c->name)) &&
		    name_check(c->name, strlen(c->name)) != NAME_OK)
			conf_error(e, f, s, "name: %s",
				   name_strerror(name_check(c->name, strlen(c->name))));
	} else if (strcmp(name, "password") == 0) {
		(void)want_string(e, f, s, c->password, sizeof(c->password));
	} else if (strcmp(name, "pin") == 0) {
		if (want_string(e, f, s, text, sizeof(text)))
			c->link.pinned = server_pin(text, c->link.pin);
		if (!c->link.pinned)
			conf_error(e, f, s, "pin: the SHA-256 of a key is wanted");
	} else if (strcmp(name, "autosave") == 0) {
		(void)want_string(e, f, s, c->autosave, sizeof(c->autosave));
	} else if (strcmp(name, "format") == 0) {
		int n = want_string(e, f, s, text, sizeof(text)) ? format_of(str_of(text)) : 0;

		if (n < 0)
			conf_error(e, f, s,
				   "format: colon, angle, arrow, quote or client is wanted");
		c->look.format = (enum format)MAX(n, 0);
	} else if (strcmp(name, "history") == 0) {
		if (config_setting_type(s) != CONFIG_TYPE_INT || config_setting_get_int(s) < 0 ||
		    config_setting_get_int(s) > 500)
			conf_error(e, f, s, "history: a number of lines, at most 500, is wanted");
		c->history = (unsigned)config_setting_get_int(s);
	} else if (strcmp(name, "rooms") == 0) {
		take_rooms(e, f, s, c);
	} else if ((flag = flag_of(c, name)) != NULL) {
		want_bool(e, f, s, flag);
		c->color_set |= flag == &c->look.color;
	} else {
		conf_error(e, f, s, "there is no option %s", name);
	}
}

static bool
default_path(char *out, size_t cap)
{
	const char *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

	if (xdg != NULL && xdg[0] == '/')
		bprintf(out, cap, "%s/chat/chat.conf", xdg);
	else if (home != NULL && home[0] == '/')
		bprintf(out, cap, "%s/.config/chat/chat.conf", home);
	else
		return false;
	return access(out, F_OK) == 0;
}

/* A password in a file that others can read is none. */
static int
check_secret(const char *path, const struct chat_conf *c)
{
	struct stat st;

	if (c->password[0] != '\0' && stat(path, &st) == 0 && st.st_mode & 077)
		return chat_fail(
		    CHAT_USAGE, "%s has a password in it, and others can read it: chmod 600", path);
	return -1;
}

static int
read_file(struct chat_conf *c, const char *path)
{
	struct conf_errors e = {0};
	struct conf *f = conf_read(path, &e);

	for (int i = 0; f != NULL && i < config_setting_length(conf_root(f)); i++)
		take_setting(&e, f, config_setting_get_elem(conf_root(f), (unsigned)i), c);
	conf_free(f);
	if (c->password[0] != '\0')
		bprintf(c->password_from, sizeof(c->password_from), "%s", path);
	for (unsigned i = 0; i < conf_shown(&e); i++)
		(void)chat_fail(CHAT_USAGE, "%s", e.line[i]);
	return e.total > 0 ? CHAT_USAGE : check_secret(path, c);
}

/* --- the command line ------------------------------------------------------------------------ */

static const char usage_text[] =
    "usage: chat [OPTIONS] [ROOM]\n"
    "       chat [OPTIONS] send ROOM|@NAME [--create] [TEXT | -f FILE]\n"
    "       chat [OPTIONS] tail ROOM [--create] [--json] [--history N] [--lines N]\n"
    "       chat [OPTIONS] get URL [-o FILE]\n";

/* All that is for people; --fetch-test is not. */
static const char help_text[] =
    "  -s, --server HOST[:PORT]  the server: localhost\n"
    "  -n, --name NAME           the name to go by\n"
    "  -l, --login               it is an account's: ask for the password\n"
    "  -f, --full                the whole screen\n"
    "  --tls                     TLS also to this host, or to another port than 6697\n"
    "  --plain                   without TLS also to other hosts\n"
    "  --pin SHA256              the server's key\n"
    "  --history N               lines of what was said before: 10; tail: 0\n"
    "  --autosave DIR            keep the files that others send there\n"
    "  --config FILE             instead of ~/.config/chat/chat.conf\n"
    "  --timeout SECONDS         how long a script waits for the server: 20\n"
    "  --create                  send, tail: make the room if it is not there\n"
    "  --json                    tail: messages as JSON objects\n"
    "  --lines N                 tail: end after N new messages\n"
    "  -V, --version\n"
    "  -h, --help\n"
    "chat(1) says more about each.\n";

enum {
	O_PIN = 256,
	O_PLAIN,
	O_TLS,
	O_AUTOSAVE,
	O_HISTORY,
	O_CONFIG,
	O_JSON,
	O_TIMEOUT,
	O_LINES,
	O_CREATE,
	O_TEST
};

static const struct option options[] = {
    {"server", required_argument, NULL, 's'},
    {"name", required_argument, NULL, 'n'},
    {"login", no_argument, NULL, 'l'},
    {"full", no_argument, NULL, 'f'},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {"pin", required_argument, NULL, O_PIN},
    {"plain", no_argument, NULL, O_PLAIN},
    {"tls", no_argument, NULL, O_TLS},
    {"autosave", required_argument, NULL, O_AUTOSAVE},
    {"history", required_argument, NULL, O_HISTORY},
    {"config", required_argument, NULL, O_CONFIG},
    {"json", no_argument, NULL, O_JSON},
    {"timeout", required_argument, NULL, O_TIMEOUT},
    {"lines", required_argument, NULL, O_LINES},
    {"create", no_argument, NULL, O_CREATE},
    {"fetch-test", required_argument, NULL, O_TEST},
    {NULL, 0, NULL, 0},
};

static int
usage(void)
{
	fprintf(stderr, "%schat --help lists the options.\n", usage_text);
	return CHAT_USAGE;
}

static bool
number(const char *s, unsigned max, unsigned *out)
{
	char *end;
	unsigned long v = strtoul(s, &end, 10);

	*out = (unsigned)v;
	return s[0] >= '0' && s[0] <= '9' && *end == '\0' && v <= max;
}

static int
take_number(unsigned max, unsigned *out)
{
	if (number(optarg, max, out))
		return -1;
	return chat_fail(CHAT_USAGE, "%s: a number is wanted, at most %u", optarg, max);
}

/* The file's password is for the server and the name that stand with it, its key for that server. */
static void
not_the_files(struct chat_conf *c, bool server)
{
	explicit_bzero(c->password, sizeof(c->password));
	c->password_from[0] = '\0';
	c->link.pinned &= !server || c->pin_given;
}

static int
take_option(struct chat_conf *c, int o)
{
	char host[sizeof(c->host)];

	switch (o) {
	case 's':
		if (!server_parse(optarg, host, sizeof(host), &c->link.port))
			return chat_fail(CHAT_USAGE, "%s: that is no server", optarg);
		if (strcasecmp(host, c->host) != 0)
			not_the_files(c, true);
		bprintf(c->host, sizeof(c->host), "%s", host);
		break;
	case 'n':
		if (name_check(optarg, strlen(optarg)) != NAME_OK)
			return chat_fail(CHAT_USAGE, "%s: %s", optarg,
					 name_strerror(name_check(optarg, strlen(optarg))));
		if (strcasecmp(optarg, c->name) != 0)
			not_the_files(c, false);
		bprintf(c->name, sizeof(c->name), "%s", optarg);
		c->name_given = true;
		break;
	case 'l':
		c->login = true;
		break;
	case O_PIN:
		c->pin_given = c->link.pinned = server_pin(optarg, c->link.pin);
		if (!c->link.pinned)
			return chat_fail(CHAT_USAGE, "%s: that is not the SHA-256 of a key",
					 optarg);
		break;
	case O_PLAIN:
		c->link.plain_ok = true;
		break;
	case O_TLS:
		c->link.tls = true;
		break;
	case O_AUTOSAVE:
		bprintf(c->autosave, sizeof(c->autosave), "%s", optarg);
		break;
	case O_HISTORY:
		c->history_given = true;
		return take_number(500, &c->history);
	case O_TIMEOUT:
		return take_number(86400, &c->timeout);
	case O_LINES:
		return take_number(CHAT_LINES_ALL - 1, &c->lines);
	case O_TEST:
		return take_number(65535, &c->test_port);
	case O_CREATE:
		c->create = true;
		break;
	case O_JSON:
		c->json = true;
		break;
	case O_CONFIG:
		break; /* has been read */
	case 'V':
		printf("chat %s\n", PACKAGE_VERSION);
		return CHAT_OK;
	case 'h':
		printf("%s%s", usage_text, help_text);
		return CHAT_OK;
	default:
		return usage();
	}
	return -1;
}

/* The file is read before the options, which go before it. */
static const char *
config_option(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--config") == 0 && i + 1 < argc)
			return argv[i + 1];
		if (strncmp(argv[i], "--config=", 9) == 0)
			return argv[i] + 9;
	}
	return NULL;
}

static int
parse(struct chat_conf *c, int argc, char **argv, const char *letters)
{
	int o, code;

	while ((o = getopt_long(argc, argv, letters, options, NULL)) != -1) {
		if (o == 'f' && c->mode == CHAT_TALK)
			c->full = true;
		else if (o == 'f')
			c->file = optarg;
		else if (o == 'o')
			c->out = optarg;
		else if ((code = take_option(c, o)) >= 0)
			return code;
	}
	return -1;
}

static char *
join(int argc, char **argv)
{
	struct buf b = {0};

	for (int i = 0; i < argc; i++) {
		buf_append(&b, " ", i > 0);
		buf_append(&b, argv[i], strlen(argv[i]));
	}
	buf_append(&b, "", 1);
	return buf_data(&b);
}

static int
take_target(struct chat_conf *c, const char *s)
{
	const char *room = s + (s[0] == '#');
	bool user = s[0] == '@';

	if (user && name_check(s + 1, strlen(s + 1)) == NAME_OK) {
		bprintf(c->target, sizeof(c->target), "%s", s + 1);
		return -1;
	}
	if (user || room_check(room, strlen(room)) != NAME_OK)
		return chat_fail(CHAT_USAGE, "%s: that is neither a room nor @NAME", s);
	bprintf(c->target, sizeof(c->target), "#%s", room);
	return -1;
}

/* What stands behind `send`, `tail`, `get`. */
static int
take_script(struct chat_conf *c, int argc, char **argv)
{
	int code = parse(c, argc, argv,
			 c->mode == CHAT_SEND  ? "s:n:lhVf:"
			 : c->mode == CHAT_GET ? "s:n:lhVo:"
					       : "s:n:lhV");

	if (code >= 0)
		return code;
	argc -= optind;
	argv += optind;
	if (argc < 1 || (argc > 1 && c->mode != CHAT_SEND) || (argc > 1 && c->file != NULL))
		return usage();
	if (c->mode == CHAT_GET) {
		c->url = argv[0];
		return -1;
	}
	code = take_target(c, argv[0]);
	if (code >= 0)
		return code;
	if (c->mode == CHAT_TAIL && c->target[0] != '#')
		return chat_fail(CHAT_USAGE, "%s: only rooms can be listened to", argv[0]);
	if (argc > 1)
		c->text = join(argc - 1, argv + 1);
	return -1;
}

/* "~/x" in the file: no shell has seen it. */
static void
expand_home(char *path, size_t cap)
{
	const char *home = getenv("HOME");
	char rest[4096];

	if (path[0] != '~' || path[1] != '/' || home == NULL)
		return;
	bprintf(rest, sizeof(rest), "%s", path + 1);
	bprintf(path, cap, "%s%s", home, rest);
}

/* TLS where nobody has said otherwise and others could listen. */
static int
settle(struct chat_conf *c)
{
	struct link_conf *l = &c->link;
	const char *term = getenv("TERM");

	l->host = c->host;
	c->login |= c->password[0] != '\0';
	/* what a script has seen in an earlier run it does not want again, unless it says so */
	if (c->mode == CHAT_TAIL && !c->history_given)
		c->history = 0;
	expand_home(c->autosave, sizeof(c->autosave));
	l->tls |= l->pinned || l->port == PORT_TLS;
	l->tls_assumed = !l->tls && !server_is_local(c->host) && !l->plain_ok;
	l->tls |= l->tls_assumed;
	if (l->port == 0)
		l->port = l->tls ? PORT_TLS : PORT_PLAIN;
	if (l->tls && !tls_is_built())
		return chat_fail(CHAT_USAGE, "TLS is not in this build");
	if (!c->color_set)
		c->look.color = isatty(STDOUT_FILENO) && getenv("NO_COLOR") == NULL &&
				term != NULL && *term != '\0' && strcmp(term, "dumb") != 0;
	if (c->rooms == 0 && c->mode == CHAT_TALK)
		bprintf(c->room[c->rooms++], sizeof(c->room[0]), "lobby");
	return -1;
}

int
chat_conf(struct chat_conf *c, int argc, char **argv)
{
	static const char *const scripts[] = {
	    [CHAT_SEND] = "send", [CHAT_TAIL] = "tail", [CHAT_GET] = "get"};
	const char *given = config_option(argc, argv);
	char path[4096];
	int code = -1;

	*c = (struct chat_conf){
	    .host = "localhost", .history = 10, .timeout = 20, .lines = CHAT_LINES_ALL};
	if (given != NULL || default_path(path, sizeof(path)))
		code = read_file(c, given != NULL ? given : path);
	if (code < 0)
		code = parse(c, argc, argv, "+s:n:lfhV");
	for (unsigned m = CHAT_SEND; code < 0 && m <= CHAT_GET && optind < argc; m++) {
		if (strcmp(argv[optind], scripts[m]) == 0)
			c->mode = (enum chat_mode)m;
	}
	if (code < 0 && c->mode != CHAT_TALK) {
		argc -= optind;
		argv += optind;
		optind = 0; /* GNU's getopt begins anew, behind the word */
		code = take_script(c, argc, argv);
	} else if (code < 0 && optind < argc) {
		if (optind + 1 < argc)
			return usage();
		if (room_check(argv[optind] + (argv[optind][0] == '#'),
			       strlen(argv[optind]) - (argv[optind][0] == '#')) != NAME_OK)
			return chat_fail(CHAT_USAGE, "%s: that is no room's name", argv[optind]);
		c->rooms = 0;
		bprintf(c->room[c->rooms++], sizeof(c->room[0]), "%s", argv[optind]);
	}
	return code >= 0 ? code : settle(c);
}

void
chat_conf_fini(struct chat_conf *c)
{
	free(c->text);
	explicit_bzero(c->password, sizeof(c->password));
}
