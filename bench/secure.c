/* secure.c - see secure.h. */
#include "config.h"

#include "secure.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#ifdef HAVE_OPENSSL
#include <openssl/err.h>
#include <openssl/ssl.h>

/* The generator's own cost is on the cores that are measured: as many records as there are in one read. */
#define SECURE_BUFFER 32768

static void
secure_die(void)
{
	ERR_print_errors_fp(stderr);
	exit(2);
}

static SSL_CTX *
secure_context(void)
{
	SSL_CTX *c = SSL_CTX_new(TLS_client_method());

	if (c == NULL)
		secure_die();
	SSL_CTX_set_mode(c, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_read_ahead(c, 1);
	SSL_CTX_set_default_read_buffer_len(c, SECURE_BUFFER);
	return c;
}

bool
secure_built(void)
{
	return true;
}

SSL *
secure_new(int fd)
{
	static SSL_CTX *context;
	SSL *s;

	if (context == NULL)
		context = secure_context();
	s = SSL_new(context);
	if (s == NULL || SSL_set_fd(s, fd) != 1)
		secure_die();
	SSL_set_connect_state(s);
	return s;
}

void
secure_free(SSL *ssl)
{
	SSL_free(ssl);
}

static ssize_t
secure_failed(const SSL *ssl, int r)
{
	int why = SSL_get_error(ssl, r);

	ERR_clear_error();
	if (why == SSL_ERROR_ZERO_RETURN)
		return 0;
	errno = why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? EAGAIN : EPROTO;
	return -1;
}

ssize_t
secure_send(SSL *ssl, const void *p, size_t n)
{
	int r = SSL_write(ssl, p, (int)n);

	return r > 0 ? r : secure_failed(ssl, r);
}

ssize_t
secure_recv(SSL *ssl, void *p, size_t cap)
{
	size_t got = 0;
	int r = 0;

	while (got < cap && (r = SSL_read(ssl, (char *)p + got, (int)(cap - got))) > 0)
		got += (size_t)r;
	/* what ended it is met again by the next one */
	return got > 0 ? (ssize_t)got : secure_failed(ssl, r);
}

bool
secure_handshake(SSL *ssl)
{
	int r = SSL_do_handshake(ssl);

	if (r == 1)
		return true;
	if (secure_failed(ssl, r) == 0)
		errno = EPROTO;
	return false;
}

void
secure_end(SSL *ssl)
{
	SSL_shutdown(ssl);
	ERR_clear_error();
}

bool
secure_holds(const SSL *ssl)
{
	return SSL_has_pending(ssl);
}

bool
secure_wants_to_write(const SSL *ssl)
{
	return SSL_want_write(ssl);
}

#else

bool
secure_built(void)
{
	return false;
}

struct ssl_st *
secure_new(int fd)
{
	(void)fd;
	fprintf(stderr, "chatload: built without TLS\n");
	exit(2);
}

void
secure_free(struct ssl_st *ssl)
{
	(void)ssl;
}

ssize_t
secure_send(struct ssl_st *ssl, const void *p, size_t n)
{
	(void)ssl;
	(void)p;
	(void)n;
	errno = EPROTO;
	return -1;
}

ssize_t
secure_recv(struct ssl_st *ssl, void *p, size_t cap)
{
	(void)ssl;
	(void)p;
	(void)cap;
	errno = EPROTO;
	return -1;
}

bool
secure_handshake(struct ssl_st *ssl)
{
	(void)ssl;
	errno = EPROTO;
	return false;
}

void
secure_end(struct ssl_st *ssl)
{
	(void)ssl;
}

bool
secure_holds(const struct ssl_st *ssl)
{
	(void)ssl;
	return false;
}

bool
secure_wants_to_write(const struct ssl_st *ssl)
{
	(void)ssl;
	return false;
}
#endif
