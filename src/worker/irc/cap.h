/* cap.h - IRCv3 capabilities (ipc/irc_caps.def): CAP LS, CAP REQ and the classes of rendering. */
#ifndef WORKER_IRC_CAP_H
#define WORKER_IRC_CAP_H

#include <stdint.h>

enum irc_cap_nth {
#define IRC_CAP(bit, name, cls) CAP_NTH_##bit,
#include "ipc/irc_caps.def"
#undef IRC_CAP
	CAP_NTH_COUNT
};
/* Wider than an int, for which there is no other word in C11. */
__extension__ enum irc_cap {
#define IRC_CAP(bit, name, cls) CAP_##bit = UINT64_C(1) << CAP_NTH_##bit,
#include "ipc/irc_caps.def"
#undef IRC_CAP
};
_Static_assert(CAP_NTH_COUNT <= 64, "capabilities are bits of a word");
#define CAP_NO_NAMES_EITHER (CAP_NO_NAMES | CAP_NO_NAMES_DRAFT)

#define IRC_MULTI_BYTES \
	(TEXT_MAX - TEXT_LINES_MAX) /* max-bytes: the marks between lines fit, too */

/* What is offered may be something else now, or sts: those who know cap-notify are told what. */
void cap_changed(void);

#endif
