/* chatter.h - a session of chat's without a server and without a screen: the test says the server's lines and types the
 * user's, and asks what the session said, showed and told its front since. */
#ifndef TESTS_UNIT_CHATTER_H
#define TESTS_UNIT_CHATTER_H

#include "tools/chat/session.h"
#include "unit.h"

/* For a checked fixture: one of the name me, that wants to be in lobby and has not been connected yet; */
void chatter_begin(void);
/* or one that is there, with bob, an operator. Nothing said or shown up to then is left. */
void chatter_enter(void);
void chatter_end(void);
extern struct session s;

/* A line of the server's. What is shown of it has to be clean: that is looked at there, once for all tests. */
void line(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* The session is connected, and the server greets it; or it does with these tokens in 005. */
void log_in(void);
void log_in_to(const char *tokens);

/* Since the last call, good until the next: what was said to the server, lines separated by '|', */
const char *said(void);
/* what is on the screen, */
const char *showed(void);
/* and what the front was told, each as a word or more and a '.'. */
const char *happened(void);

#endif
