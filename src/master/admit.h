/* admit.h - may this connection come in? Limits on how many, in all and from one address. */
#ifndef MASTER_ADMIT_H
#define MASTER_ADMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "ipc/board.h"
#include "ipc/ipc.h"

struct address;

/* Accepted, not admitted yet. */
struct newcomer {
	int fd;
	bool inet, waited;
	uint8_t bytes[16]; /* of its address, when inet */
	struct conn_rec rec;
};
typedef void admit_fn(struct newcomer *n);

/* again is called for one who met a limit a moment ago and is to be tried once more; NULL: from now
 * on nobody is, and those who wait are closed when their moment is over. */
void admit_init(admit_fn *again);

/* nconns: connections there are. True: let it in; *a_r is its address's entry (NULL: a Unix
 * socket). False: it has been refused and closed, or waits. */
bool admit(struct newcomer *n, unsigned nconns, struct address **a_r);

/* A proxy has told that this address, of which rec is now, is behind a connection that has been let in: NULL, and its entry in *a_r
 * (left alone: its network is exempt); or why not, a sentence, and it has been counted. bytes NULL: it is the proxy's own. */
const char *admit_real(const struct conn_rec *rec, const uint8_t bytes[16], struct address **a_r);

/* Say why, a sentence, as the connection's protocol has it, and nothing to who waits for a TLS handshake; without waiting; and close. */
void admit_refuse(int fd, const struct conn_rec *rec, enum counter counter, const char *why);

#endif
