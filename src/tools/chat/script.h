/* script.h - chat send, chat tail, chat get: for scripts. */
#ifndef CHAT_SCRIPT_H
#define CHAT_SCRIPT_H

struct chat_conf;

/* The exit code. */
int script_run(struct chat_conf *conf);

#endif
