/* pwhash.h - the hash of a password as text: what of it is taken. Computing it is chatd-auth's. */
#ifndef IPC_PWHASH_H
#define IPC_PWHASH_H

#include <stddef.h>
#include <sys/types.h>

/* What `chatctl mkpasswd` makes a hash cost; accounts' memory is configured (accounts.cost). */
#define PWHASH_MEM_KIB 65536u
#define PWHASH_PASSES 2u

/* What a check may cost: libsodium's MODERATE, 256 MiB three times over. Checking more would keep chatd-auth from
 * answering its pings. */
#define PWHASH_MEM_MAX_KIB 262144u
#define PWHASH_WORK_MAX_KIB (3 * PWHASH_MEM_MAX_KIB) /* memory times passes */

/* Is this the text of crypto_pwhash_str with argon2id ("$argon2id$v=19$m=65536,t=2,p=1$salt$hash"), at a cost that
 * is not above the limits? NULL, or what is wrong with it, as in "X is ...". */
const char *pwhash_wrong(const char *p, size_t n);

/* A password as it is hashed, into out (PASSWORD_MAX bytes): NFKC, and without what nobody sees, so that it fits
 * whatever keyboard it was typed on (as RFC 4013 asks). The length, or -1: it is empty, not UTF-8, has control characters in it
 * or is too long. */
ssize_t pwhash_prepare(const char *p, size_t n, char *out);

#endif
