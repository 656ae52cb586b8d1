/* full.h - the whole screen: rooms, what is said, who is there, and a line to type. */
#ifndef CHAT_FULL_H
#define CHAT_FULL_H

struct chat_conf;

/* Until it is over; the exit code. */
int full_run(struct chat_conf *conf);

#endif
