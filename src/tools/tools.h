/* tools.h - what the files of chatctl share. */
#ifndef TOOLS_TOOLS_H
#define TOOLS_TOOLS_H

#include <stddef.h>

#include "ipc/ctl.h"
#include "tools/client.h"

/* One line on stderr, "chatctl: " before it. Returns code, an exit code. */
int tools_fail(int code, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* To stdout. Somebody who has stopped reading ends the program quietly. */
void tools_write(const char *p, size_t n);

/* Connects to the socket that r, the environment or the configuration names. 0, or the exit code
 * after having said why. */
int tools_connect(struct client *cl, const struct ctl_req *r);
const char *tools_socket(const struct ctl_req *r);

/* A password, asked for twice at a terminal, else the first line of standard input, into out. Its length, or an exit code
 * below 0 after saying why there is none. */
int tools_password(char out[PASSWORD_MAX + 1]);

/* The commands that chatctl carries out itself, or whose stream it serves. Exit codes. */
int tools_wait(const struct ctl_req *r);
int tools_chat(const struct ctl_req *r);
int tools_top(const struct ctl_req *r);
int tools_mkpasswd(void);

#endif
