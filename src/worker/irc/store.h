/* store.h - what will be kept by chatd-store: is it here? */
#ifndef WORKER_IRC_STORE_H
#define WORKER_IRC_STORE_H

#include <stdbool.h>

/* Are accounts kept, so that somebody can log in to one (SASL) or register one? */
bool accounts_here(void);
/* Is history kept, and how far people have read? */
bool store_here(void);

#endif
