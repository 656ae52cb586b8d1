/* password.h - argon2id: is a password the one of a hash; the hash of a password. Both take long, and a lot of memory. */
#ifndef AUTH_PASSWORD_H
#define AUTH_PASSWORD_H

#include <stdbool.h>
#include <stdint.h>

#include "ipc/ipc.h"

/* hash: text of crypto_pwhash_str; empty (or none that is taken, which is logged): false, after as long as a hash that costs
 * `memory` KiB takes. */
bool password_fits(struct str hash, uint32_t memory, struct str password);
/* Does that hash, which a password has fitted, cost something else? */
bool password_stale(struct str hash, uint32_t memory);
/* Into out, terminated, at a cost of `memory` KiB. False: password cannot be one, or there is no memory (logged). */
bool password_hash(struct str password, uint32_t memory, char out[PWHASH_MAX + 1]);

#endif
