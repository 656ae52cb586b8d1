/* chatctl.c - the administrator's command: a thin client of the admin socket.
 *
 * The commands are rows of ipc/ctl_cmds.def; what they do and print is the daemon's. Here are
 * the command line, the way to the socket, the exit codes, and what works without a daemon.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <libconfig.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ipc/ctl.h"
#include "lib/buf.h"
#include "lib/text.h"
#include "lib/util.h"
#include "tools/client.h"
#include "tools/tools.h"

int
tools_fail(int code, const char *fmt, ...)
{
	struct buf line = {0};
	char *text;
	va_list ap;
	size_t n;

	va_start(ap, fmt);
	buf_vprintf(&line, fmt, ap);
	va_end(ap);
	text = buf_data(&line);
	/* it may repeat what somebody typed, or a user's words */
	for (char *p = text; !text_utf8_ok(text, line.len) && *p != '\0'; p++) {
		if ((unsigned char)*p >= 0x80)
			*p = '?';
	}
	n = text_clean(text, line.len, 0);
	n = text_balance(text, n, n); /* no room for closing: what turns the direction goes */
	fprintf(stderr, "chatctl: %.*s\n", (int)n, text);
	buf_fini(&line);
	return code;
}

void
tools_write(const char *p, size_t n)
{
	while (n > 0) {
		ssize_t r = write(STDOUT_FILENO, p, n);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0 && errno == EPIPE)
			exit(EXIT_OK); /* `chatctl users | head` has what it wanted */
		if (r < 0)
			exit(tools_fail(EXIT_REFUSED, "cannot write the answer: %s",
					strerror(errno)));
		p += r;
		n -= (size_t)r;
	}
}

/* --- the socket ----------------------------------------------------------------------------- */

/* What the installed configuration says; the built-in place when it says nothing or cannot be
 * read. libconfig's strings live as long as cfg. */
static const char *
configured_socket(void)
{
	static char path[256];
	const char *dir = CHATD_RUNDIR, *s = NULL;
	config_t cfg;

	config_init(&cfg);
	if (access(CHATD_SYSCONFDIR "/chatd.conf", R_OK) == 0 &&
	    config_read_file(&cfg, CHATD_SYSCONFDIR "/chatd.conf") == CONFIG_TRUE) {
		(void)config_lookup_string(&cfg, "run_dir", &dir);
		(void)config_lookup_string(&cfg, "control.socket", &s);
	}
	if (s != NULL && *s != '\0')
		bprintf(path, sizeof(path), "%s", s);
	else
		bprintf(path, sizeof(path), "%s/control.sock", dir);
	config_destroy(&cfg);
	return path;
}

const char *
tools_socket(const struct ctl_req *r)
{
	const char *env = getenv("CHATCTL_SOCKET");

	if (r->socket != NULL)
		return r->socket;
	return env != NULL && *env != '\0' ? env : configured_socket();
}

int
tools_connect(struct client *cl, const struct ctl_req *r)
{
	const char *path = tools_socket(r);

	bool slow = r->cmd != NULL && (r->cmd->flags & CTL_SLOW);

	if (client_open(cl, path, slow ? CLIENT_SLOW_MS : CLIENT_TIMEOUT_MS) == 0)
		return EXIT_OK;
	if (errno == EACCES || errno == EPERM)
		return tools_fail(EXIT_DENIED, "%s: %s", path, strerror(errno));
	return tools_fail(EXIT_UNREACHABLE, "%s: %s: is chatd running?", path, strerror(errno));
}

/* --- answers -------------------------------------------------------------------------------- */

static int
lost(const struct client *cl)
{
	(void)cl;
	if (errno == EAGAIN)
		return tools_fail(EXIT_TIMED_OUT, "no answer from chatd");
	return tools_fail(EXIT_UNREACHABLE, "the connection to chatd was lost");
}

/* A stream may be silent for as long as nothing happens; unless nobody would read it any more. */
static void
wait_stream(const struct client *cl)
{
	struct pollfd pfds[2] = {{.fd = cl->fd, .events = POLLIN}, {.fd = STDOUT_FILENO}};

	while (poll(pfds, 2, -1) < 0 && errno == EINTR)
		;
	if (pfds[0].revents == 0 && pfds[1].revents != 0)
		exit(EXIT_OK);
}

/* Records to stdout as they come, until the last one. */
static int
print_answer(struct client *cl, bool stream)
{
	for (;;) {
		const char *body;
		size_t len;
		int code = client_next(cl, &body, &len);

		if (code == 0) {
			if (stream)
				wait_stream(cl);
			errno = 0;
			if (client_read(cl) <= 0)
				return lost(cl);
			continue;
		}
		if (code < 0)
			return tools_fail(EXIT_UNREACHABLE, "what answers there is not chatd");
		if (code != CTL_MORE && code != CTL_OK)
			return tools_fail(ctl_exit((unsigned)code), "%.*s", (int)len, body);
		tools_write(body, len);
		if (code == CTL_OK)
			return EXIT_OK;
	}
}

/* The password that the command wants goes behind its line. 0, or the exit code after saying what is wrong. */
static int
secret_line(struct buf *line, const struct ctl_req *r)
{
	char password[PASSWORD_MAX + 1];
	int n;

	if (!(r->cmd->flags & CTL_SECRET))
		return EXIT_OK;
	n = tools_password(password);
	if (n == 0)
		n = -tools_fail(EXIT_REFUSED, "the password is empty: nothing has been changed");
	if (n > 0) {
		buf_append(line, password, (size_t)n);
		buf_append(line, "\n", 1);
	}
	explicit_bzero(password, sizeof(password));
	return n < 0 ? -n : EXIT_OK;
}

/* The daemon does not know where we are. */
static const char *
absolute(const char *path, char out[4096])
{
	char dir[2048];

	if (path[0] == '/' || getcwd(dir, sizeof(dir)) == NULL)
		return path;
	bprintf(out, 4096, "%s/%s", dir, path);
	return out;
}

static int
ask(struct ctl_req *r)
{
	static char path[4096]; /* r goes on pointing there */
	struct client cl;
	struct buf line = {0};
	int rc = tools_connect(&cl, r);

	if (rc != EXIT_OK)
		return rc;
	if (r->id == CTL_CMD_store_backup)
		r->args[0] = absolute(r->args[0], path);
	ctl_line(&line, r);
	buf_append(&line, "\n", 1);
	rc = secret_line(&line, r);
	/* Who is refused is told so before the line is read: the answer counts, not the line. */
	if (rc == EXIT_OK)
		(void)client_send(&cl, buf_data(&line), line.len);
	explicit_bzero(buf_data(&line), line.len);
	buf_fini(&line);
	if (rc != EXIT_OK) {
		client_close(&cl);
		return rc;
	}
	rc = print_answer(&cl, (r->cmd->flags & CTL_STREAM) != 0);
	client_close(&cl);
	return rc;
}

/* --- without a daemon ------------------------------------------------------------------------- */

static const char usage_text[] = "usage: chatctl [-s SOCKET] [-o table|json|jsonl] COMMAND\n"
				 "       chatctl help [COMMAND]\n"
				 "       chatctl -V\n";

static int
help(const struct ctl_req *r)
{
	struct buf text = {0};
	int rc = EXIT_OK;

	if (r->nargs == 0)
		buf_append(&text, usage_text, sizeof(usage_text) - 1);
	if (ctl_help(&text, r->nargs > 0 ? r->args[0] : NULL))
		tools_write(buf_data(&text), text.len);
	else
		rc = tools_fail(EXIT_USAGE, "no such command: %s", r->args[0]);
	buf_fini(&text);
	return rc;
}

static int
completion(void)
{
	struct buf text = {0};

	ctl_completion(&text);
	tools_write(buf_data(&text), text.len);
	buf_fini(&text);
	return EXIT_OK;
}

static bool
is_ready(struct client *cl)
{
	struct buf out = {0};
	bool yes = false;

	if (client_ask_line(cl, "status -o table", &out) == CTL_OK) {
		buf_append(&out, "", 1);
		yes = strstr(buf_data(&out), "\nready       yes\n") != NULL;
	}
	buf_fini(&out);
	return yes;
}

/* The process of the daemon whose run directory this socket is in: it stops listening long before its end. 0: there is none. */
static pid_t
runs_beside(const char *path)
{
	const char *slash = strrchr(path, '/');
	struct flock fl = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
	char file[512], text[24] = "";
	int fd, dir = slash != NULL ? (int)(slash - path) + 1 : 0;
	ssize_t n = 0;
	long pid;

	/* its own lock is what a second one would be refused by; not everybody may look at it */
	bprintf(file, sizeof(file), "%.*slock", dir, path);
	fd = open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd >= 0) {
		n = fcntl(fd, F_GETLK, &fl);
		close(fd);
		return n == 0 && fl.l_type != F_UNLCK ? fl.l_pid : 0;
	}
	bprintf(file, sizeof(file), "%.*schatd.pid", dir, path);
	fd = open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd >= 0) {
		n = read(fd, text, sizeof(text) - 1);
		close(fd);
	}
	pid = n > 0 ? strtol(text, NULL, 10) : 0;
	return pid > 0 && pid <= INT32_MAX ? (pid_t)pid : 0;
}

static bool
is_gone(const char *path, pid_t listener)
{
	pid_t pid = runs_beside(path);

	return (pid <= 0 || (kill(pid, 0) < 0 && errno == ESRCH)) &&
	       (listener <= 0 || (kill(listener, 0) < 0 && errno == ESRCH));
}

/* The socket's listener is the master: it is down when nobody listens, that process is gone, and nobody holds the run directory. */
int
tools_wait(const struct ctl_req *r)
{
	uint64_t end = mono_ms() + (r->timeout_s != 0 ? r->timeout_s : 30) * 1000;
	bool down = strcmp(r->args[0], "down") == 0;
	const char *path = tools_socket(r);
	pid_t master = 0;

	if (!down && strcmp(r->args[0], "ready") != 0)
		return tools_fail(EXIT_USAGE, "wait for what: ready or down?");
	for (;;) {
		struct client cl;
		uint64_t now = mono_ms();
		bool done;

		/* a daemon that hangs must not make us late */
		if (client_open(&cl, path,
				now < end ? (unsigned)MIN(end - now, CLIENT_TIMEOUT_MS) : 1) == 0) {
			master = client_server(&cl);
			done = !down && is_ready(&cl);
			client_close(&cl);
		} else {
			if (errno == EACCES || errno == EPERM)
				return tools_fail(EXIT_DENIED, "%s: %s", path, strerror(errno));
			done = down && is_gone(path, master);
		}
		if (done)
			return EXIT_OK;
		if (mono_ms() >= end)
			return tools_fail(EXIT_TIMED_OUT, "chatd is still %s",
					  down ? "up" : "not ready");
		(void)poll(NULL, 0, 20);
	}
}

/* `chatctl --help`, `chatctl ban --help`: is it asked for where no text can stand? topic: of
 * which commands, or empty. */
static bool
help_wanted(int argc, char **argv, char *topic, size_t cap)
{
	size_t n = 0;
	struct buf text = {0};
	bool known;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "--help") == 0) {
			known = ctl_help(&text, n > 0 ? topic : NULL);
			buf_fini(&text);
			return known;
		}
		if (strcmp(argv[i], "-s") == 0 || strcmp(argv[i], "-o") == 0)
			i++;
		else if (argv[i][0] == '-')
			return false;
		else
			n += bprintf(topic + n, cap - n, "%s%s", n > 0 ? " " : "", argv[i]);
	}
	return false;
}

/* --- the command line --------------------------------------------------------------------------- */

/* argv as ctl_split would leave it. Caller frees. */
static char *
join_args(int argc, char **argv)
{
	struct buf b = {0};

	for (int i = 1; i < argc; i++)
		buf_append(&b, argv[i], strlen(argv[i]) + 1);
	buf_append(&b, "", 1);
	return buf_data(&b);
}

int
main(int argc, char **argv)
{
	struct ctl_req r;
	char why[1024], topic[64] = "", *words;
	int rc;

	signal(SIGPIPE, SIG_IGN);
	fd_standard();
	if (argc < 2) {
		fputs(usage_text, stderr);
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "-V") == 0 || strcmp(argv[1], "--version") == 0) {
		printf("chatctl %s\n", PACKAGE_VERSION);
		return EXIT_OK;
	}
	if (help_wanted(argc, argv, topic, sizeof(topic))) {
		r = (struct ctl_req){.nargs = topic[0] != '\0', .args = {topic}};
		return help(&r);
	}
	words = join_args(argc, argv);
	if (ctl_parse(words, (unsigned)argc - 1, true, &r, why, sizeof(why)) != 0) {
		free(words);
		return tools_fail(EXIT_USAGE, "%s", why);
	}
	switch (r.id) {
	case CTL_CMD_help:
		rc = help(&r);
		break;
	case CTL_CMD_completion:
		rc = completion();
		break;
	case CTL_CMD_mkpasswd:
		rc = tools_mkpasswd();
		break;
	case CTL_CMD_wait:
		rc = tools_wait(&r);
		break;
	case CTL_CMD_chat:
		rc = tools_chat(&r);
		break;
	case CTL_CMD_top:
		rc = tools_top(&r);
		break;
	default:
		rc = ask(&r);
		break;
	}
	free(words);
	return rc;
}
