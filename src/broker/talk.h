/* talk.h - what may be said to whom, for whatever says something: people's words (talk.c), files (file.c). */
#ifndef BROKER_TALK_H
#define BROKER_TALK_H

#include "broker/broker.h"

/* Whom a message is for: a user, or an account that nobody is logged in to, whose messages are kept; neither: the
 * administrator's console, or nobody. */
struct receiver {
	struct reg_user *user;
	const struct reg_account *box;
};
/* Who is meant by that name. */
struct receiver receiver_named(struct str name);

/* May u say this now? room NULL: there is none. */
enum chat_err talk_may_say(const struct reg_user *u, const struct reg_room *room,
			   const struct m_r_say *q);
enum chat_err talk_may_dm(const struct reg_user *u, const struct receiver *to,
			  const struct m_r_dm *q);
/* Does u begin to write to too many (limits.targets)? Oneself and the server are no others; who is away is its account. Counted. */
enum chat_err talk_pace(const struct reg_user *u, const struct receiver *to);

/* It is said: e_say, e_dm, with what is shared by it (file_put of ipc/file.h; empty: nothing). q->to: as the absent one is called. */
void talk_say(const struct req *r, struct reg_user *u, struct reg_room *room,
	      const struct m_r_say *q, struct str file);
void talk_dm(const struct req *r, struct reg_user *u, const struct receiver *to,
	     const struct m_r_dm *q, struct str file);

#endif
