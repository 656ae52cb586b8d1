/* guess.h - who guesses passwords: wrong ones are counted by where they come from and by what they are for.
 *
 * Tables of a fixed size, which nobody can fill: of four that would share a place, the one that has
 * guessed least is forgotten. What a new broker does not know, it need not.
 */
#ifndef BROKER_GUESS_H
#define BROKER_GUESS_H

#include <stdbool.h>
#include <stdint.h>

#include "ipc/ipc.h"
#include "lib/str.h"

struct guess;

/* The count of an address (a network of 64 bits is one), and of an account's folded name, whether there is such an account or not.
 * Never NULL; may be another's by the time that an answer comes, which is a matter of luck and no harm. */
struct guess *guess_from(struct str address);
struct guess *guess_for(struct str fold);
/* A number that stands for where it comes from, as for guess_from(). */
uint64_t guess_network(struct str address);
/* In what follows g may be NULL: it is no guess about anything, and always allowed. */

/* Not too many wrong ones lately, nor too many that are being checked? */
bool guess_may(struct guess *g);
/* Why not: ERR_TRIES, or, if nobody has guessed wrong too often, ERR_BUSY. */
enum chat_err guess_why_not(const struct guess *g);
/* One is being checked (returns how many are already); it has been; it was wrong. */
unsigned guess_begin(struct guess *g);
void guess_end(struct guess *g);
void guess_wrong(struct guess *g);

/* Forget everything, for tests. */
void guess_fini(void);

#endif
