/* store.h - what will be kept by chatd-store: is it here? */
#ifndef WORKER_IRC_STORE_H
#define WORKER_IRC_STORE_H

#include <stdbool.h>

/* Is history kept, and how far people have read? */
bool store_here(void);

#endif
