/* line.h - talking line by line: what arrives is written above the line that is being typed, which stays whole. */
#ifndef CHAT_LINE_H
#define CHAT_LINE_H

#include <stdbool.h>
#include <stddef.h>

struct chat_conf;

/* Until it is over; the exit code. */
int line_run(struct chat_conf *conf);

/* Asks at the terminal before there is a session; what: "Username: ". False: nobody answers. After client_signals(). */
bool line_ask(const char *what, bool secret, char *out, size_t cap);

#endif
