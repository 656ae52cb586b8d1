/* irc.h - a client that speaks IRC: what is kept of it beside its conn.
 *
 * A line goes through cmd.c's table to a handler; what it asks of the broker comes back as an event
 * to told.c; both speak to the client through reply.c, which knows of labels. render.c makes the
 * lines that many clients see.
 */
#ifndef WORKER_IRC_IRC_H
#define WORKER_IRC_IRC_H

#include <stdbool.h>
#include <stdint.h>

#include "ipc/ipc.h"
#include "worker/conn.h"
#include "worker/irc/cap.h"
#include "worker/irc/render.h"
#include "worker/request.h"

struct irc_run;
struct irc_batch;
struct irc_sasl;
struct monitor;
struct irc_subs;
struct shown;
struct room;

enum irc_flag {
	IRC_GOT_USER = 1,
	IRC_CAP_OPEN = 2, /* between CAP LS or REQ and CAP END: registration waits */
	IRC_PASS_OK = 4,
	IRC_PINGED = 8, /* asked whether it is there; not heard of since */
	IRC_CAP_302 = 16, /* said that it speaks version 302 or later */
	IRC_ASKED = 32, /* its login is being decided */
	IRC_NAMES_DUE = 64, /* is to be told who is in some of its rooms (names_later) */
	IRC_SPOKE = 128, /* has sent a command */
	IRC_TOLD_AWAY = 256, /* AWAY before the login: has been answered, and is not again */
	IRC_METADATA_DUE = 512, /* is to be shown what others have set (metadata_due) */
	IRC_ACCOUNT_DUE = 1024, /* its account is another: it has yet to see ACCOUNT */
};

struct irc {
	struct conn *conn; /* whose */
	uint64_t caps; /* enum irc_cap: negotiated */
	uint32_t umodes; /* enum user_mode */
	uint16_t flags; /* enum irc_flag */
	uint8_t level; /* enum admin_level, of an operator */
	uint8_t cert_proof[CERT_PROOF]; /* of the certificate that is on its board */
	struct due ping;
	struct irc_run *run; /* owned; the command under way */
	/* until the login is decided; owned */
	char *nick, *ident, *real, *away;
	/* mostly NULL; owned by the files that know them */
	struct irc_batch *batch; /* batch.c */
	struct irc_sasl *sasl; /* sasl.c */
	struct monitor *monitor; /* monitor.c */
	struct irc_subs *subs; /* metadata.c */
	struct irc_marks *marks; /* marks.c */
};

void irc_init(struct loop *loop);
void irc_rearm(void);
/* At the end of a turn: what is offered may have changed (accounts, history). */
void irc_turn(void);

/* c speaks IRC from now on; its memory goes. proof: of its certificate, or zeros. */
void irc_open(struct conn *c, const uint8_t proof[CERT_PROOF]);
void irc_close(struct conn *c);

/* Bytes have come from it. */
void irc_heard(struct conn *c);

static inline uint64_t
irc_caps(const struct conn *c)
{
	return c->irc->caps;
}

/* What clients call it: its name, or the one it wants, or "*". */
const char *irc_nick(const struct conn *c);

/* '#' and the name behind it; false: it is no name of a room. */
bool irc_room(struct str s, struct str *name_r);

/* s where a word must stand: "*" for what would not be one (empty, with spaces, beginning with ':'). */
struct str irc_middle(struct str s);

/* What a person wrote as others may be shown it: clean, and at most max bytes. Good until the next call. */
struct str irc_clean(struct str s, size_t max);

/* The program at the other end has told its name: chatctl shows it. */
void irc_client_is(struct conn *c, struct str program);

/* m_conn_admit, the master's answer to whom a gateway speaks for: who may not come in, ends. False: it is none. */
bool irc_admitted(const void *frame, size_t len);

/* Is given the secret? Takes the same time wherever they differ. */
bool irc_secret_is(struct str given, struct str secret);

/* Capabilities that a client needs to be shown an event of this type as it is. */
uint64_t irc_needs(unsigned type);

/* --- events about c, or that c asked for (told.c) ------------------------------------------ */

void irc_told(struct conn *c, const struct shown *s, bool own);
void irc_ok(struct conn *c, enum asked_for what, const struct m_e_ok *e);
void irc_refused(struct conn *c, enum asked_for what, const struct m_e_refused *e);
/* Members that do not know RENAME see a PART and a JOIN. r has its new name. */
void irc_renamed(struct room *r, const struct shown *s, const struct conn *own);
/* Metadata has changed: to those who subscribed (metadata.c). */
void irc_meta(const struct m_e_meta *e, struct conn *own);

/* RPL_TOPIC and RPL_TOPICWHOTIME; nothing when there is none. */
void irc_topic_is(struct conn *c, struct str room, struct str topic, struct str by, uint64_t at);
/* User modes and their letters: 0 for no such mode; all of a word's, terminated. */
uint32_t irc_umode_bit(char letter);
size_t irc_umode_letters(uint32_t modes, char out[8]);
/* Its user's modes are others now. */
void irc_umodes_now(struct conn *c, uint32_t before, uint32_t now);

/* --- registration (register.c) ---------------------------------------------------------------- */

void irc_begin(struct conn *c);
void irc_named(struct conn *c, const struct m_e_login *e);
/* It has a name: what every newcomer is told. */
void irc_welcomed(struct conn *c, struct str uhost);
/* NICK, USER and the rest may all be there now. */
void irc_register(struct conn *c);
void irc_login_refused(struct conn *c, const struct m_e_refused *e);

/* --- one more session of a user (attach.c) --------------------------------------------------------- */

void irc_moving(struct conn *c, const struct m_e_attach *e);
void irc_attached(struct conn *c, const struct m_e_attach *e, bool moved);

/* --- operators (oper.c) ----------------------------------------------------------------------------- */

/* c is an operator now. */
void irc_oper_is(struct conn *c, const struct m_e_oper *e);
/* WALLOPS: the event in fanout.h, to those with +w. */
void irc_wallops(void);

#endif
