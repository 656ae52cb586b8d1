/* mask.h - does a mask (ipc/maskform.h) fit somebody? Bounded time whatever the mask. */
#ifndef BROKER_MASK_H
#define BROKER_MASK_H

#include <stdbool.h>
#include <stdint.h>

#include "ipc/ipc.h"
#include "lib/net.h"

/* A mask taken apart once, for matching often. */
struct mask {
	char kind; /* 'u': nick, ident and host; 'a': account; 'r': real name */
	bool mute; /* about somebody's words only */
	bool is_net;
	struct net net; /* instead of the host */
	uint16_t ident, host, len; /* where these begin in text, and the end of all */
	/* nick (or account, or real name) folded, ident and host in small letters, each with a NUL; nothing behind: two
	 * masks are the same when these bytes are */
	char text[2 * MASK_MAX + 4];
};

/* Somebody to be matched. Strings are the caller's; never NULL. What only some masks ask for is made when one does. */
struct mask_subject {
	const char *fold, *ident, *host, *address, *account, *real;
	/* what is held against masks that others than operators of the server have set: the cloak instead of the address */
	bool hidden;
	char cloak[HOST_MAX + 1];
	bool parsed, is_net, account_folded, real_folded;
	struct net net;
	char account_fold[NAME_FOLD_MAX + 4], real_fold[4 * REALNAME_MAX];
};

/* All strings empty. */
void mask_subject_init(struct mask_subject *s);

/* text: as mask_canon makes it, terminated. False: a name in it cannot be compared (its fold is empty, or too long). */
bool mask_compile(struct mask *m, const char *text);
bool mask_equal(const struct mask *a, const struct mask *b);
/* The host part is held against the shown host, and the address or what hides it. */
bool mask_fits(const struct mask *m, struct mask_subject *s);

#endif
