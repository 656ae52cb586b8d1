/* check_relay.c - what goes through a connection of chatd-tls, and how much of it in one turn. */
#include "config.h"

#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ipc/proc.h"
#include "lib/util.h"
#include "tls/ctx.h"
#include "tls/link.h"
#include "unit.h"

struct proc proc;
struct link_list links = LIST_HEAD_INITIALIZER(links);
static struct link *l; /* NULL: it has been closed */
static SSL_CTX *contexts[2]; /* of the server, of the client */
static SSL *client;
static int inside, outside;

void
ctx_carried(SSL *s)
{
	(void)s;
}

void
link_close(struct link *link)
{
	ck_assert_ptr_eq(link, l);
	loop_timer_stop(proc.loop, &l->timer);
	relay_end(l);
	loop_del(proc.loop, &l->out);
	loop_del(proc.loop, &l->near);
	close(l->out.fd);
	close(l->near.fd);
	SSL_free(l->ssl);
	LIST_REMOVE(l, all);
	free(l->up.p);
	free(l->down.p);
	free(l);
	l = NULL;
}

/* --- a connection behind its handshake, by a key that both have ---------------------------------------- */

static unsigned
key(unsigned char *out)
{
	memset(out, 'k', 16);
	return 16;
}

static unsigned
of_server(SSL *s, const char *name, unsigned char *out, unsigned cap)
{
	(void)s;
	(void)name;
	(void)cap;
	return key(out);
}

static unsigned
of_client(SSL *s, const char *hint, char *name, unsigned cap_name, unsigned char *out, unsigned cap)
{
	(void)s;
	(void)hint;
	(void)cap;
	bprintf(name, cap_name, "somebody");
	return key(out);
}

static SSL_CTX *
context(const SSL_METHOD *method)
{
	SSL_CTX *c = SSL_CTX_new(method);

	ck_assert_ptr_nonnull(c);
	SSL_CTX_set_max_proto_version(c, TLS1_2_VERSION);
	ck_assert_int_eq(SSL_CTX_set_cipher_list(c, "PSK-AES128-GCM-SHA256"), 1);
	SSL_CTX_set_mode(c, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
				SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_read_ahead(c, 1);
	return c;
}

static void
nobody(int fd, unsigned what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
}

static void
pair(int fds[2])
{
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds),
			 0);
}

static void
setup(void)
{
	int out[2], near[2], r = 0;

	proc.loop = loop_new();
	contexts[0] = context(TLS_server_method());
	contexts[1] = context(TLS_client_method());
	SSL_CTX_set_psk_server_callback(contexts[0], of_server);
	SSL_CTX_set_psk_client_callback(contexts[1], of_client);
	pair(out);
	pair(near);
	outside = out[1];
	inside = near[1];
	l = xcalloc(1, sizeof(*l));
	LIST_INSERT_HEAD(&links, l, all);
	l->ssl = SSL_new(contexts[0]);
	client = SSL_new(contexts[1]);
	SSL_set_fd(l->ssl, out[0]);
	SSL_set_fd(client, outside);
	for (unsigned i = 0; i < 10 && r != 1; i++) {
		r = SSL_connect(client);
		SSL_accept(l->ssl);
	}
	ck_assert_int_eq(r, 1);
	ck_assert(SSL_is_init_finished(l->ssl));
	ck_assert_int_eq(loop_add(proc.loop, &l->out, out[0], EPOLLIN, nobody, l), 0);
	ck_assert(relay_begin(l, near[0]));
}

static void
teardown(void)
{
	if (l != NULL)
		link_close(l);
	SSL_free(client);
	close(inside);
	close(outside);
	for (unsigned i = 0; i < 2; i++)
		SSL_CTX_free(contexts[i]);
}

/* n records of so many bytes each */
static void
says(unsigned n, size_t bytes)
{
	static char text[LINK_CHUNK];

	memset(text, 'x', sizeof(text));
	while (n-- > 0)
		ck_assert_int_eq(SSL_write(client, text, (int)bytes), (int)bytes);
}

/* How many bytes have come inside since. */
static size_t
come(void)
{
	static char text[1 << 20];
	ssize_t n = recv(inside, text, sizeof(text), MSG_DONTWAIT);

	return n > 0 ? (size_t)n : 0;
}

/* --- how much at once ------------------------------------------------------------------------------------ */

/* However small its pieces are, who sends without end is one among many. */
START_TEST(small_records)
{
	size_t got, all = 0;

	says(200, 1);
	loop_turn(proc.loop, 0);
	got = come();
	ck_assert(got > 0 && got <= 64);
	/* what TLS has read already no descriptor tells of */
	for (unsigned i = 0; i < 10; i++) {
		all += got;
		relay_turn();
		got = come();
		ck_assert_uint_le(got, 64);
	}
	ck_assert_uint_eq(all, 200);
	says(1, 5);
	loop_turn(proc.loop, 0);
	ck_assert_uint_eq(come(), 5);
}
END_TEST

START_TEST(small_ones_then_big_ones)
{
	size_t all = 0;

	says(5, 1);
	says(6, LINK_CHUNK);
	loop_turn(proc.loop, 0);
	all = come();
	ck_assert(all > 0 && all < 4 * LINK_CHUNK);
	for (unsigned i = 0; i < 20; i++) {
		loop_turn(proc.loop, 0);
		relay_turn();
		all += come();
	}
	ck_assert_uint_eq(all, 5 + 6 * LINK_CHUNK);
}
END_TEST

START_TEST(gone_before_its_turn)
{
	says(200, 1);
	loop_turn(proc.loop, 0);
	ck_assert_uint_gt(come(), 0);
	link_close(l);
	relay_turn();
	ck_assert_uint_eq(come(), 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("relay");
	TCase *t = tcase_create("turns");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, small_records);
	tcase_add_test(t, small_ones_then_big_ones);
	tcase_add_test(t, gone_before_its_turn);
	suite_add_tcase(s, t);
	return unit_run(s);
}
