/* certs.h - the certificates in use, and those that a reload brings. */
#ifndef TLS_CERTS_H
#define TLS_CERTS_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipc/options.h"

/* m_tls_files: kept until certs_build. The descriptors are ours. False: malformed. */
bool certs_files(const void *frame, size_t len, const int *fds, size_t nfds);
/* Read what has come. NULL: all is good (or nothing had come); else why not, and the old ones stay. */
const char *certs_build(void);
/* What has been built is used from now on, by new connections; the master is told of it, and what is odd with it, given o. Nothing: there is none any more. */
void certs_use(const struct options *o);

/* The first; NULL: there is none. */
SSL_CTX *certs_first(void);

/* chatd-tls -t UID GID DAYS NAME FILE...: what a server called name would use that warns so many days before one expires. The n files are there as descriptors (3 and 4, 5 and 6…). What is wrong with them goes to standard error; the
 * exit status. */
int certs_test(const char *name, uint64_t days, char *const *files, unsigned n);

#endif
