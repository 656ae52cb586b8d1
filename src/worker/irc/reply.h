/* reply.h - lines to one IRC client: numerics, and whatever answers a command.
 *
 * While a labelled command is under way (CONN_LABEL) everything that goes through here is its
 * answer: a single line gets the label, several become a batch, none an ACK (IRCv3
 * labeled-response). What others do meanwhile does not come this way.
 */
#ifndef WORKER_IRC_REPLY_H
#define WORKER_IRC_REPLY_H

#include <stddef.h>

#include "ipc/ipc.h"
#include "worker/conn.h"
#include "worker/irc/numeric.h"

struct irc_run;

/* ":me 001 nick …": fmt is what follows the nick, its last parameter with its ':'. Cut to the
 * limit of a line. */
void irc_num(struct conn *c, unsigned num, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* The same with a text that is ready: known to be clean and to fit into the line. */
void irc_num_text(struct conn *c, unsigned num, struct str text);
/* ":me …". */
void irc_from_me(struct conn *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A line as it is; CR LF is added. */
void irc_raw(struct conn *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Whole lines that render.c made, with CR LF; what the event in fanout.h looks like to c. */
void irc_lines(struct conn *c, const char *p, size_t n);
void irc_event(struct conn *c);

/* The numeric of a chat_err, with what it is about. run may be NULL. */
void irc_err(struct conn *c, const struct irc_run *run, unsigned err, struct str arg);
/* The same for a command that is not under way any more. room may be empty. */
void irc_err_of(struct conn *c, const char *cmd, struct str room, unsigned err, struct str arg);
/* standard-replies: FAIL and NOTE. context may be empty. A FAIL is what the specification of the command that was used
 * calls for, whoever used it; a NOTE to a client that has not asked for such is a NOTICE. */
void irc_fail(struct conn *c, const char *cmd, const char *code, struct str context,
	      const char *fmt, ...) __attribute__((format(printf, 5, 6)));
void irc_note(struct conn *c, const char *cmd, const char *code, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* A labelled command begins; it is over: what it answered is closed. */
void irc_label_begin(struct conn *c, struct irc_run *run);
void irc_label_end(struct conn *c, struct irc_run *run);
/* If a labelled command of c is still under way: what it was answered so far goes out now, so that what others do before
 * it is over stands behind it. */
void irc_label_waits(struct conn *c);

/* tongue.words: the server's own words, a NOTICE. */
void irc_words(struct conn *c, const char *text, size_t n);

/* A new number for a batch. */
uint32_t irc_batch_id(void);

#endif
