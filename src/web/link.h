/* link.h - questions of ours to the broker, each with a function that is called with its answer, once. */
#ifndef WEB_LINK_H
#define WEB_LINK_H

#include <stdbool.h>
#include <stddef.h>

#define LINK_WAIT_MS 8000 /* a question that is not answered by then is given up */

struct ask;

/* What came: type 0 when nothing did; e_refused, e_failed, or what the request ends in. frame is valid during the call, the ask no
 * longer. */
typedef void link_fn(void *arg, unsigned type, const void *frame, size_t len);

/* Ask by a frame of m_r_X_put, which is copied. decides: the request decides something, once, and is waited for as long as it takes;
 * else it may be asked again (of the next broker), and is given up. NULL: so much is being asked already that it was not. */
struct ask *link_ask(const void *frame, size_t len, bool decides, link_fn *fn, void *arg);
/* Its answer is of no interest any more. */
void link_forget(struct ask *a);

/* A channel to a broker, from the master. */
void link_broker(int fd);

#endif
