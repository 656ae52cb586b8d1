/* mkpasswd.c - `chatctl mkpasswd`: the hash of a password, for the configuration. No daemon is asked. */
#include "config.h"

#include "tools/tools.h"

#ifdef HAVE_SODIUM

#include <errno.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "ipc/pwhash.h"

/* A line of stdin without its end, into out (PASSWORD_MAX + 1 bytes). Its length, or an exit code below 0 after
 * saying why there is none. Byte by byte: what follows the line is not ours. */
static int
read_line(char *out)
{
	size_t n = 0;

	for (;;) {
		ssize_t r = read(STDIN_FILENO, out + n, 1);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -tools_fail(EXIT_REFUSED, "cannot read the password: %s",
					   strerror(errno));
		if (r == 0 || out[n] == '\n')
			break;
		if (n == PASSWORD_MAX)
			return -tools_fail(EXIT_REFUSED, "a password has at most %d bytes",
					   PASSWORD_MAX);
		n++;
	}
	out[n] = '\0';
	return (int)n;
}

/* The line that somebody types after the question, which is not shown. */
static int
ask_line(const char *question, char *out)
{
	struct termios was, quiet;
	sigset_t stop, before;
	int n;

	if (tcgetattr(STDIN_FILENO, &was) < 0)
		return -tools_fail(EXIT_REFUSED, "cannot use this terminal: %s", strerror(errno));
	quiet = was;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	quiet.c_lflag |= ECHONL;
	/* Ctrl-C comes when the terminal shows again what is typed */
	sigemptyset(&stop);
	sigaddset(&stop, SIGINT);
	sigaddset(&stop, SIGTERM);
	sigaddset(&stop, SIGTSTP);
	quiet.c_lflag &= ~(tcflag_t)ISIG;
	sigprocmask(SIG_BLOCK, &stop, &before);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
	fputs(question, stderr);
	n = read_line(out);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &was);
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (n > 0 && strchr(out, 3) != NULL)
		return -tools_fail(EXIT_REFUSED, "given up");
	return n;
}

static int
ask_twice(char *out)
{
	char again[PASSWORD_MAX + 1];
	int n = ask_line("Password: ", out), m;

	if (n <= 0)
		return n;
	m = ask_line("Once more: ", again);
	if (m >= 0 && strcmp(out, again) != 0)
		m = -tools_fail(EXIT_REFUSED, "the two are not the same");
	sodium_memzero(again, sizeof(again));
	return m < 0 ? m : n;
}

static int
print_hash(const char *password, size_t n)
{
	char hash[crypto_pwhash_STRBYTES + 1], prepared[PASSWORD_MAX];
	ssize_t len = pwhash_prepare(password, n, prepared);
	int rc = 0;

	if (n == 0)
		return tools_fail(EXIT_REFUSED, "an empty password would be none");
	if (len > 0)
		rc = crypto_pwhash_str_alg(hash, prepared, (unsigned long long)len, PWHASH_PASSES,
					   (size_t)PWHASH_MEM_KIB * 1024,
					   crypto_pwhash_ALG_ARGON2ID13);
	sodium_memzero(prepared, sizeof(prepared));
	if (len <= 0)
		return tools_fail(EXIT_REFUSED,
				  "the password has control characters in it, or is not UTF-8");
	if (rc != 0)
		return tools_fail(EXIT_REFUSED, "there is not enough memory for a hash");
	strcat(hash, "\n");
	tools_write(hash, strlen(hash));
	return EXIT_OK;
}

int
tools_mkpasswd(void)
{
	char password[PASSWORD_MAX + 1];
	int n, rc;

	if (sodium_init() < 0)
		return tools_fail(EXIT_REFUSED, "libsodium cannot be used here");
	n = isatty(STDIN_FILENO) ? ask_twice(password) : read_line(password);
	rc = n < 0 ? -n : print_hash(password, (size_t)n);
	sodium_memzero(password, sizeof(password));
	return rc;
}

#else

int
tools_mkpasswd(void)
{
	return tools_fail(EXIT_REFUSED, "mkpasswd is not in this build");
}

#endif
