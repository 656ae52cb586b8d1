/* password.c - a password from the terminal, where it is not shown, or from standard input; never from the command line, which
 * everybody on the host can read. */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "tools/tools.h"

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
	explicit_bzero(again, sizeof(again));
	return m < 0 ? m : n;
}

int
tools_password(char out[PASSWORD_MAX + 1])
{
	return isatty(STDIN_FILENO) ? ask_twice(out) : read_line(out);
}
