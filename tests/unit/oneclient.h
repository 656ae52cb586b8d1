/* oneclient.h - a worker that is the test's own process, and has one client, which speaks telnet or IRC; for tests of what
 * clients are told. The broker is not there: requests are kept, and the test makes the events. */
#ifndef TESTS_UNIT_ONECLIENT_H
#define TESTS_UNIT_ONECLIENT_H

#include <stddef.h>

#include "ipc/ipc.h"
#include "unit.h"
#include "worker/conn.h"
#include "worker/event.h"
#include "worker/worker.h"

#define ONECLIENT_INC 1u /* of the worker */

/* In a test's fixture, once: the client, which has been greeted. */
struct conn *oneclient(void);
/* The same with one that speaks IRC: this user, who has logged in and asked for these capabilities. */
struct conn *oneclient_irc(uint64_t user, const char *name, const char *caps);
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
/* The same with a line, whose end is added. */
void types(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* An event comes; own: it ends the worker's request with this serial, else 0. */
#define COMES(name_, own_, ...) \
	do { \
		struct m_##name_ m_ = { \
		    .serial = own_, .origin = (own_) != 0 ? ONECLIENT_INC : 0, __VA_ARGS__}; \
		char f_[2048]; \
		event_take(f_, m_##name_##_put(f_, sizeof(f_), &m_), (own_) != 0, NULL); \
	} while (0)

#endif
