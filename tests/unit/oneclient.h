/* oneclient.h - a worker that is the test's own process, and has one client, which speaks telnet; for tests of what
 * clients are told. The broker is not there: requests are kept, and the test makes the events. */
#ifndef TESTS_UNIT_ONECLIENT_H
#define TESTS_UNIT_ONECLIENT_H

#include <stddef.h>

#include "unit.h"
#include "worker/conn.h"
#include "worker/worker.h"

#define ONECLIENT_INC 1u /* of the worker */

/* In a test's fixture, once: the client, which has been greeted. */
struct conn *oneclient(void);
/* Its own end of the connection. */
extern int oneclient_fd;
/* Connections that the worker has closed. */
extern unsigned oneclient_closed;

/* The worker goes on for a turn. */
void turn(void);
/* All that has come, as a string, after a turn; good until the next call. */
const char *heard(void);
#define HEARS(text) ck_assert_str_eq(heard(), text)
/* The client sends these bytes; then a turn. */
void type(const char *p, size_t n);

#endif
