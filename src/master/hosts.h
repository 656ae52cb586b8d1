/* hosts.h - the addresses of this host, for people who want to know where to connect to. */
#ifndef MASTER_HOSTS_H
#define MASTER_HOSTS_H

#include <stdbool.h>
#include <stddef.h>

/* Those that a listener on all of them can be reached at, with spaces between, as many as fit: what somebody elsewhere can
 * use, or loopback when there is nothing else. v6: IPv6 ones too. Returns the length. */
size_t hosts_text(char *out, size_t cap, bool v6);

#endif
