/* maskform.h - how masks of people are written: one form for the registry, a short one for people. Pure.
 *
 * The one form is nick!ident@host, with * and ? in each part; the host may be a network ("192.0.2.0/24"). Or it is
 * extended: "~a:account" (who is logged in as that; "~a:*": as anybody), "~r:real name" (? for a space), "~m:MASK" (of
 * that MASK, but concerning its words only). What has no wildcard matches itself. Case never matters and is kept.
 */
#ifndef IPC_MASKFORM_H
#define IPC_MASKFORM_H

#include <stdbool.h>

#include "ipc/ipc.h"

#define MASK_MUTE "~m:" /* what a mute begins with where it stands among bans */

/* in as somebody typed it: all of the above with parts left out ("bob", "bob!x", "x@host", "192.0.2.0/24", "*.example.org"), or
 * without the ~. The one form into out, terminated (MASK_MAX + 1 bytes); its length, or 0: that is no mask, or what looks like
 * an address or a network in it is none. The one form itself stays as it is. */
size_t mask_canon(struct str in, char *out);

/* What people know it by: "bob" for "bob!*@*", "192.0.2.0/24" for "*!*@192.0.2.0/24"; a part of mask (the one form).
 * mask_canon makes the same of it. */
struct str mask_show(struct str mask);

/* Does it begin with MASK_MUTE? Then *inner_r is the mask behind it. */
bool mask_is_mute(struct str mask, struct str *inner_r);

/* mask (the one form) as IRC has it: an extended one without its ~, since EXTBAN says that there is none. */
struct str mask_irc(struct str mask);

#endif
