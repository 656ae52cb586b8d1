/* account.h - accounts as the registry has them, and who is logged in to which.
 *
 * The registry knows of each that it is there, by a hash of its folded name; all else is asked of chatd-store. What changes
 * an account is on the store's disk before it is done here.
 */
#ifndef BROKER_ACCOUNT_H
#define BROKER_ACCOUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/broker.h"

/* By name, by folded name; NULL: there is none. */
struct reg_account *account_named(struct str name);
struct reg_account *account_folded(const char *fold, size_t n);
uint64_t account_id_named(struct str name); /* 0: there is none */
/* Those who are logged in to it, in no order: the first (NULL: nobody is), the one after u. */
struct reg_user *account_first(const struct reg_account *a);
struct reg_user *account_next(const struct reg_user *u);
/* May one more session log in to it (limits.max_per_account)? ERR_NONE, or ERR_ACCOUNT_CROWDED, which is counted. */
enum chat_err account_place(const struct reg_account *a);
/* Is u logged in to it? */
bool account_is_of(const struct reg_account *a, const struct reg_user *u);
/* The account that u is logged in to; NULL: to none, or to one that is no more. */
const struct reg_account *account_of_user(const struct reg_user *u);

/* --- what an entry says of it (redo records; one per account and entry) --------------------------------- */

void account_kept_redo(const struct reg_account *a, uint32_t kept);

/* --- entries of nobody's request: there must be room for them --------------------------------------------- */

/* An account is there, as it is on the store's disk. False: the registry has no place for another one. */
bool account_made(struct str name, uint64_t id, uint32_t flags, uint32_t kept);
/* Nobody can log in to the account of this name any more, and who has is logged out; or can again. */
void account_disabled(struct str name, bool disabled);
/* It is no more; who has logged in to it is logged out. */
void account_deleted(struct str name);
/* Several at once (restore_account_next), when the registry is new. False: the list is malformed. */
bool accounts_restore(struct str list);
/* One message less waits for the account of this name, which has not been shown it. */
void account_unkept(struct str name);
/* u is logged in to the account from now on; NULL: to none. name as it was registered. The rooms are told: e_account. */
void account_enter(struct reg_user *u, const struct reg_account *a, struct str name);

/* --- what is derived: after the commit ------------------------------------------------------------------------ */

/* u has come, and is logged in as its slots say; it goes, and its slots still say so. */
void account_user_came(const struct reg_user *u);
void account_user_goes(const struct reg_user *u);
/* All of it, from the slots; nothing of it. */
void accounts_rebuild(void);
void accounts_fini(void);

/* --- what jobs about accounts ask, and how they end (login.c) -------------------------------------------------------- */

struct job;
/* Ask the store for the secrets of the account of this name (s_found); an auth process, whether this password fits this hash
 * (a_result; an empty one takes as long). */
void account_lookup(struct job *j, struct str name,
		    void fn(struct job *j, const void *frame, size_t len));
void account_check(struct job *j, struct str hash, struct str password,
		   void fn(struct job *j, const void *frame, size_t len));
/* …the store, to change the account so (s_done); the ticket is put into m. */
void account_change(struct job *j, struct m_s_account *m,
		    void fn(struct job *j, const void *frame, size_t len));
/* …once more for the hash of the password that fits it, at the present cost, which the account then has; nobody waits for that. */
void account_rehash(uint64_t id, struct str name, struct str hash, struct str password);
/* …for the hash of a password, and its verifier if that is wanted (a_hashed). */
void account_hash(struct job *j, struct str password, bool scram,
		  void fn(struct job *j, const void *frame, size_t len));
/* What such an fn was given; false: there is no hash, and the job has failed for that. */
bool account_hashed(struct job *j, const void *frame, size_t len, struct m_a_hashed *m);
/* What e_refused names when err is why an account is not made or changed: the least number of characters, "email", else other.
 * Until the next call. */
struct str account_refused_for(enum chat_err err, struct str other);
/* Whoever asked has logged in to the account of this name, which is there: e_account, e_authed. j is gone. */
void login_proved(struct job *j, struct str name, bool created, struct str data);
/* The password of q (AUTH_PASSWORD) is the account's, for something else than to log in: name as it was registered. The job goes on;
 * what was wrong has been answered, and counted, as with any login. */
typedef void login_fn(struct job *j, const struct reg_account *a, struct str name, uint64_t arg);
void login_check(const struct req *r, const struct m_r_auth *q, login_fn *fn, uint64_t arg);

/* --- the proof that r_login brings (token.c) ---------------------------------------------------------------------- */

/* That conn of incarnation inc has logged in to the account id, whose folded name this is. */
void token_make(uint32_t inc, uint64_t conn, uint64_t id, struct str fold, uint8_t out[AUTH_TOKEN]);
bool token_fits(uint32_t inc, uint64_t conn, uint64_t id, struct str fold, struct str token);
/* A verifier (proto/sasl.h) for an account that is not there or has none: the same each time, as if it were there. */
void token_no_verifier(struct str fold, char out[SCRAM_MAX + 1]);

/* --- names that are registered (reserve.c) ----------------------------------------------------------------------------- */

struct reserve {
	uint64_t until; /* for reg_user.reserved_until */
	uint16_t
	    seconds; /* as events say it: from now on; 0: it may go by that name as long as it likes */
};
/* May somebody who is logged in to account id (0: none), and has had `until` in its slot, go by the name with this fold?
 * ERR_NONE, or ERR_NICK_RESERVED. */
enum chat_err reserve_check(const char *fold, size_t n, uint64_t id, uint64_t until,
			    struct reserve *r);
/* After the commit: a user has this in its slot. */
void reserve_watch(uint64_t until);
/* The name's account id wants it, and somebody else goes by it: that one is given another name, now. False: it is not the name of
 * account id. */
bool reserve_take(struct reg_user *holder, uint64_t id);
/* The name of u (NULL: nobody is called so) has been registered, by somebody else perhaps. */
void reserve_begin(struct reg_user *u);
/* At a broker's start. */
void reserves_rebuild(void);
void reserves_fini(void);

#endif
