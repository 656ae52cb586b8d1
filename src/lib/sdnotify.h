/* sdnotify.h - telling systemd how we are: the protocol of sd_notify(3), without its library. */
#ifndef LIB_SDNOTIFY_H
#define LIB_SDNOTIFY_H

#include <stdint.h>

/* Take NOTIFY_SOCKET and WATCHDOG_USEC out of the environment, so that no child gets them, and
 * remember them. Returns microseconds between two signs of life that systemd waits for, 0: none. */
uint64_t sdnotify_init(void);

/* Send "READY=1\nSTATUS=…" and the like. Without systemd, or when it does not listen: nothing. */
void sdnotify(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
