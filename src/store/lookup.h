/* lookup.h - who has an account: s_lookup -> s_found; and what administrators list: STORE_ACCOUNTS, STORE_ACCOUNT_SHOW,
 * STORE_INVITES -> s_page of q_account, q_fact, q_invite.
 *
 * A thread and connection of its own, that only reads: nobody's login waits for a search or for the writer.
 */
#ifndef STORE_LOOKUP_H
#define STORE_LOOKUP_H

#include <stdbool.h>
#include <stddef.h>

struct lookup;
struct thread_role;

/* The thread: its frames are s_lookup and those s_admin that lookup_is_its names. */
extern const struct thread_role lookup_role;
/* Is this op (enum store_op) of s_admin answered here? */
bool lookup_is_its(unsigned op);

/* Without a thread: as ask_new and its like (store/ask.h). Whether there is such an account, or not, the same is
 * read. A database that cannot be read: s_page with ERR_STORE_AWAY, for s_lookup s_done with it. */
struct lookup *lookup_new(const char *file);
void lookup_free(struct lookup *l);
size_t lookup_answer(struct lookup *l, const void *frame, size_t len, char *out);
const char *lookup_why(const struct lookup *l);

#endif
