/* store.h - what travels between broker and chatd-store inside a field: lists, words. */
#ifndef IPC_STORE_H
#define IPC_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/str.h"

#define STORE_WAIT_MS \
	10000 /* an answer is waited for so long; of a question, which takes its time, store.query_time longer */

/* An account as the registry is told of it when it begins anew (s_accounts). */
struct restore_account {
	uint64_t id;
	uint32_t flags; /* enum account_flag */
	uint32_t kept; /* messages that wait for it */
	struct str name;
};
/* Append one to the n bytes at buf; the new length, or 0 when cap would be passed. */
size_t restore_account_put(char *buf, size_t n, size_t cap, const struct restore_account *a);
/* Take the first of *rest, which moves behind it. False: none is left, or what is left is malformed (then *rest is
 * not empty). */
bool restore_account_next(struct str *rest, struct restore_account *a);

/* The first of the words of r_store and s_admin (\x1f between them), which *rest moves behind; empty: there is none. */
struct str store_word(struct str *rest);
/* A word that is a decimal number; 0: it is none. */
uint64_t store_number(struct str word);

#endif
