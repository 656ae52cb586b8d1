/* scribe.h - the store's writer without its thread, in a directory of the test's own: what it is given, what it answers, and
 * what is in the database then. */
#ifndef TESTS_UNIT_SCRIBE_H
#define TESTS_UNIT_SCRIBE_H

#include <stdint.h>

#include "ipc/ipc.h"
#include "ipc/options.h"
#include "registry/layout.h"
#include "unit_str.h"

/* The directory is the working directory. And away with it. */
void scribe_enter(void);
void scribe_leave(void);
/* For a checked fixture: in it a writer that is well, with an empty database and the options as they are without a
 * configuration. */
void scribe_begin(void);
void scribe_end(void);
/* A case of the suite, for tests with such a fixture. */
TCase *scribe_case(Suite *s);
/* Its options, which settings_put makes its settings. */
extern struct options opt;

/* A frame for the writer, its fields as an initializer. */
#define FEED(name_, ...) \
	do { \
		char o_[IPC_FRAME_MAX]; \
		struct m_##name_ f_ = {__VA_ARGS__}; \
		scribe_feed(o_, m_##name_##_put(o_, sizeof(o_), &f_)); \
	} while (0)
#define S(s) str_of(s)
void scribe_feed(const void *frame, size_t len);
/* What was given is written, and a slice of what there is time for; what it has answered before is forgotten. */
void flush(void);
/* The writer ends; another one begins. */
void scribe_close(void);
void scribe_open(void);

/* What it has answered is forgotten. */
void scribe_forget(void);
/* The last answer of this kind since then, in *frame_r; 0: none. */
size_t scribe_answer(unsigned type, const char **frame_r);
/* The last s_done, s_state…: its struct. */
#define ANSWER(name_) \
	({ \
		struct m_##name_ m_; \
		const char *p_ = NULL; \
		size_t n_ = scribe_answer(MSG_##name_, &p_); \
		ck_assert_msg(n_ > 0 && m_##name_##_get(p_, n_, &m_), "no " #name_); \
		m_; \
	})

/* One number that SQL says. */
uint64_t number(const char *sql);

/* bob says something in a room. */
void say(uint64_t seq, uint64_t room, const char *text);
#define DEN ID_MAKE(3, 1)
/* A new account, committed; its id. */
uint64_t make_account(const char *name);

#endif
