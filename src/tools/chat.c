/* chat.c - `chatctl chat NAME`: both directions at once, until end of input, /quit, or the
 * user's leaving. Lines of the terminal go to the daemon as they are. */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tools/client.h"
#include "tools/tools.h"

static bool prompt; /* somebody sits there: show where to type, and write what comes over it */

static void
put_prompt(void)
{
	if (prompt)
		tools_write(">> ", 3);
}

/* What the daemon has sent. -1: goes on; else the exit code. */
static int
show_records(struct client *cl)
{
	const char *body;
	size_t len;
	int code;

	while ((code = client_next(cl, &body, &len)) == CTL_MORE) {
		tools_write("\r", prompt);
		tools_write(body, len);
		put_prompt();
	}
	if (code == 0)
		return -1;
	tools_write("\r  \r", prompt ? 4 : 0);
	if (code == CTL_OK) {
		tools_write(body, len);
		return EXIT_OK;
	}
	if (code < 0)
		return tools_fail(EXIT_UNREACHABLE, "what answers there is not chatd");
	return tools_fail(ctl_exit((unsigned)code), "%.*s", (int)len, body);
}

/* Some input to the daemon. False at its end, which the daemon then knows of. */
static bool
pass_input(struct client *cl)
{
	char buf[4096];
	ssize_t n = read(STDIN_FILENO, buf, sizeof(buf));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return true;
	if (n > 0 && client_send(cl, buf, (size_t)n) == 0) {
		put_prompt();
		return true;
	}
	(void)shutdown(cl->fd, SHUT_WR);
	return false;
}

static int
talk(struct client *cl)
{
	struct pollfd pfds[2] = {{.fd = cl->fd, .events = POLLIN},
				 {.fd = STDIN_FILENO, .events = POLLIN}};

	for (;;) {
		int rc = show_records(cl);

		if (rc >= 0)
			return rc;
		if (poll(pfds, 2, -1) < 0 && errno != EINTR)
			return tools_fail(EXIT_REFUSED, "poll: %s", strerror(errno));
		if (pfds[1].revents != 0 && !pass_input(cl))
			pfds[1].fd = -1;
		if (pfds[0].revents != 0 && client_read(cl) <= 0)
			return tools_fail(EXIT_UNREACHABLE, "the connection to chatd was lost");
	}
}

int
tools_chat(const struct ctl_req *r)
{
	struct client cl;
	struct buf line = {0};
	int rc = tools_connect(&cl, r);

	if (rc != EXIT_OK)
		return rc;
	ctl_line(&line, r);
	buf_append(&line, "\n", 1);
	(void)client_send(&cl, buf_data(&line), line.len);
	buf_fini(&line);
	prompt = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
	rc = talk(&cl);
	client_close(&cl);
	return rc;
}
