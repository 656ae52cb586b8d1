/* main.c - chatd-tls: holds the private key and does TLS. What is inside goes on to another process by a socketpair, and is not
 * looked at here. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ipc/board.h"
#include "ipc/handed.h"
#include "ipc/proc.h"
#include "ipc/proxied.h"
#include "lib/util.h"
#include "tls/certs.h"
#include "tls/ctx.h"
#include "tls/link.h"

struct link_list links = LIST_HEAD_INITIALIZER(links);
unsigned links_n;

/* --- connections -------------------------------------------------------------------------------- */

struct link *
link_new(const struct conn_rec *rec, int fd)
{
	struct link *l = xcalloc(1, sizeof(*l));

	l->id = rec->id;
	l->rec = xcalloc(1, sizeof(*rec));
	*l->rec = *rec;
	l->out.fd = fd;
	l->near.fd = -1;
	LIST_INSERT_HEAD(&links, l, all);
	gauge_set(CTR_tls_connections, ++links_n);
	return l;
}

static void
end_close(struct loop_io *io)
{
	int fd = io->fd;

	if (fd < 0)
		return;
	if (io->fn != NULL)
		loop_del(proc.loop, io);
	close(fd);
}

void
link_close(struct link *l)
{
	loop_timer_stop(proc.loop, &l->timer);
	relay_end(l);
	end_close(&l->out);
	end_close(&l->near);
	SSL_free(l->ssl);
	handed_closed(l->id);
	LIST_REMOVE(l, all);
	gauge_set(CTR_tls_connections, --links_n);
	free(l->up.p);
	free(l->down.p);
	free(l->rec);
	free(l);
}

/* --- the process -------------------------------------------------------------------------------- */

static void
turn_end(void *arg)
{
	(void)arg;
	relay_turn();
	hello_turn();
	handed_turn();
	if (proc.draining && links_n == 0)
		proc_done();
}

static void
inside(void)
{
	const char *why = certs_build();

	if (why != NULL)
		fatal("%s", why);
	certs_use(&proc.opt);
	loop_each_turn(proc.loop, turn_end, NULL);
}

/* The new ones are in use when all agree or not: if others do not, the master sends the old ones again. */
static const char *
agree(const struct options *new)
{
	const char *why = certs_build();

	if (why == NULL)
		certs_use(new);
	return why;
}

static bool
on_msg(unsigned type, const void *frame, size_t len, int *fds, size_t nfds)
{
	switch (type) {
	case MSG_conns:
		return handed_take(frame, len, fds, nfds, hello_take);
	case MSG_conn_admit:
		return proxied_admitted(frame, len);
	case MSG_tls_files:
		return certs_files(frame, len, fds, nfds);
	default:
		for (size_t i = 0; i < nfds; i++)
			close(fds[i]);
		return false;
	}
}

static void
on_drain(uint32_t ms, const char *text)
{
	(void)text;
	hello_drain();
	relay_drain();
	proc_done_within(ms);
}

static uint32_t
id_of(const char *s)
{
	return (uint32_t)strtoul(s, NULL, 10);
}

int
main(int argc, char **argv)
{
	static const struct proc_role role = {
	    .role = ROLE_TLS,
	    .start = ctx_init,
	    .inside = inside,
	    .on_msg = on_msg,
	    .agree = agree,
	    .on_drain = on_drain,
	};

	if (argc > 5 && strcmp(argv[1], "-t") == 0) {
		ctx_init();
		proc_shut_in(ROLE_TLS, id_of(argv[2]), id_of(argv[3]));
		return certs_test(argv[5], strtoull(argv[4], NULL, 10), argv + 6,
				  (unsigned)argc - 6);
	}
	return proc_main(&role, argc, argv);
}
