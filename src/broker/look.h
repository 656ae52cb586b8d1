/* look.h - names that look like others: which are taken or reserved, as people see them.
 *
 * What a name looks like is its skeleton by UTS #39 (ICU's uspoof), without regard to case: once of the name as it is shown,
 * once of its fold, since a capital may look like what the small letter does not ("I" and "l"). Two names look alike if one of
 * the one's is one of the other's. Only hashes of them are kept, keyed by the registry's key, in the slots of users and accounts. A build without ICU, and names.lookalikes = 0, know nothing of it, and refuse what is the same only.
 */
#ifndef BROKER_LOOK_H
#define BROKER_LOOK_H

#include <stddef.h>
#include <stdint.h>

#include "broker/broker.h"
#include "ipc/options.h"

#define LOOKS 2 /* as shown, as compared; the second 0: it is the first */
#define LOOK_MAX 1536 /* bytes; one character may look like a row of them */

/* What it looks like, into out: its length. What is too much looks like itself. For tests; without ICU, its fold. */
size_t look_of(const char *p, size_t n, char out[LOOK_MAX]);
/* The hashes of name, whose fold is known. */
void look_keys(struct str name, struct str fold, uint64_t keys[LOOKS]);

/* Does `name` look like one that is reserved (the server's; names.reserved) or taken: a user's other than me, an account's
 * other than the one with this id (0: none)? ERR_NONE, ERR_NICK_LOOKS. Who is logged in to the account of that name asks
 * in vain: it is its own. */
enum chat_err look_check(struct str name, struct str fold, const struct reg_user *me, uint64_t id);
/* The same for an account that is to be made, for whom `me` is (NULL: nobody who is here): it has its name for good. may_reserved:
 * who makes it may give away what names.reserved keeps. */
enum chat_err look_check_new(struct str name, const struct reg_user *me, bool may_reserved);

/* After the commit, as the index by name: a user's name comes, the first one or another; goes (before its slot is used again);
 * the same for accounts, whose keys are in their slots. */
void look_user_came(const struct reg_user *u);
void look_user_goes(const struct reg_user *u);
void look_account_came(const struct reg_account *a);
void look_account_goes(const struct reg_account *a);

/* Everything derived, from the slots and the options. */
void looks_rebuild(void);
/* Other options: the reserved names may be others. */
void looks_options(const struct options *opt);
void looks_fini(void);

#endif
