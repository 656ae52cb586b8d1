/* client.c - see client.h. */
#include "config.h"

#include "tools/client.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "ipc/ctl.h"

int
client_open(struct client *cl, const char *path, unsigned timeout_ms)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	struct timeval tv = {.tv_sec = timeout_ms / 1000, .tv_usec = timeout_ms % 1000 * 1000};
	int fd, saved;

	*cl = (struct client){.fd = -1};
	if (strlen(path) >= sizeof(sun.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(sun.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)) < 0 ||
	    connect(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0) {
		saved = errno;
		close(fd);
		errno = saved;
		return -1;
	}
	cl->fd = fd;
	return 0;
}

void
client_close(struct client *cl)
{
	if (cl->fd >= 0)
		close(cl->fd);
	cl->fd = -1;
	buf_fini(&cl->in);
}

pid_t
client_server(const struct client *cl)
{
	struct ucred cred = {0};
	socklen_t len = sizeof(cred);

	return getsockopt(cl->fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == 0 ? cred.pid : 0;
}

int
client_send(struct client *cl, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t r = send(cl->fd, p, n, MSG_NOSIGNAL);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -1;
		p += r;
		n -= (size_t)r;
	}
	return 0;
}

static void
forget_record(struct client *cl)
{
	if (cl->body_len > 0)
		buf_drop(&cl->in, cl->body_len);
	cl->body_len = 0;
}

int
client_read(struct client *cl)
{
	char *to;
	ssize_t r;

	forget_record(cl);
	to = buf_room(&cl->in, 65536);
	do
		r = recv(cl->fd, to, 65536, 0);
	while (r < 0 && errno == EINTR);
	if (r > 0)
		buf_added(&cl->in, (size_t)r);
	return r < 0 ? -1 : r > 0;
}

#define HEAD_MAX 24 /* of "CODE LENGTH" */

/* "CODE LENGTH\n": the number of its bytes, 0 not there yet, -1 not the protocol. */
static int
parse_head(const char *p, size_t n, unsigned *code_r, size_t *len_r)
{
	size_t i = 0, len = 0;
	unsigned code = 0;

	for (; i < n && i < 3; i++) {
		if (p[i] < '0' || p[i] > '9')
			return -1;
		code = code * 10 + (unsigned)(p[i] - '0');
	}
	if (i < n && p[i++] != ' ')
		return -1;
	for (; i < n && p[i] != '\n'; i++) {
		if (p[i] < '0' || p[i] > '9' || len > RECORD_MAX)
			return -1;
		len = len * 10 + (size_t)(p[i] - '0');
	}
	if (i > HEAD_MAX)
		return -1;
	if (i >= n)
		return 0;
	*code_r = code;
	*len_r = len;
	return code < 100 || len > RECORD_MAX ? -1 : (int)i + 1;
}

int
client_next(struct client *cl, const char **body_r, size_t *len_r)
{
	unsigned code;
	size_t len;
	int head;

	forget_record(cl);
	head = parse_head(buf_data(&cl->in), cl->in.len, &code, &len);
	if (head <= 0)
		return head;
	if (cl->in.len < (size_t)head + len + 1)
		return 0;
	if (buf_data(&cl->in)[(size_t)head + len] != '\n')
		return -1;
	*body_r = buf_data(&cl->in) + head;
	*len_r = len;
	cl->body_len = (size_t)head + len + 1;
	return (int)code;
}

/* Reads until there is a whole record; its code, or -1 (connection lost, not the protocol). */
static int
record(struct client *cl, const char **body_r, size_t *len_r)
{
	for (;;) {
		int code = client_next(cl, body_r, len_r);

		if (code != 0)
			return code;
		if (client_read(cl) <= 0)
			return -1;
	}
}

/* A daemon that refuses us says so before it reads: what it said counts, not that our line
 * found nobody. */
int
client_ask_line(struct client *cl, const char *text, struct buf *out)
{
	const char *body;
	size_t len;
	int code;

	if (client_send(cl, text, strlen(text)) == 0)
		(void)client_send(cl, "\n", 1);
	for (;;) {
		code = record(cl, &body, &len);
		if (code < 0)
			return code;
		if (code != CTL_MORE && code != CTL_OK)
			buf_drop(out, out->len);
		buf_append(out, body, len);
		if (code != CTL_MORE)
			return code;
	}
}

int
client_ask(struct client *cl, const struct ctl_req *r, struct buf *out)
{
	struct buf line = {0};
	int code;

	ctl_line(&line, r);
	buf_append(&line, "", 1);
	code = client_ask_line(cl, buf_data(&line), out);
	buf_fini(&line);
	return code;
}
