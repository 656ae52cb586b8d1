/* world.h - a registry and a journal in memory, and a broker's state around them, for tests that
 * decide requests without processes. */
#ifndef TESTS_UNIT_WORLD_H
#define TESTS_UNIT_WORLD_H

#include <stddef.h>
#include <stdint.h>

#include "broker/broker.h"
#include "lib/util.h"
#include "registry/registry.h"

struct world {
	int reg_fd, journal_fd; /* memfds */
	void *reg, *journal; /* mapped writable */
	size_t reg_size, journal_size;
	struct registry *reader; /* sees the registry as a worker does */
};
/* A program's only one, as a rule. */
extern struct world world;

/* For a checked fixture: world of 300 users, and nobody in it yet; world_end of it. */
void world_setup(void);
void world_teardown(void);

/* Fresh memory for so many users, and `br` opened on it. */
void world_init(struct world *w, uint32_t users, size_t journal_size);
/* What a successor of the broker does: everything derived is made anew. Entries applied again. */
unsigned world_reopen(struct world *w);
void world_fini(struct world *w);
/* All hangs together, for a successor of the broker too; then world_fini. */
void world_end(struct world *w);

/* Requests of worker `sub` (incarnation 100 + sub), with its next serial. False: refused as a
 * peer's mistake (and the serial is not used up). */
uint64_t world_serial(unsigned sub);
/* They may have been asked of a broker that has died. */
extern bool world_again;
bool world_decide(unsigned sub, const void *frame, size_t len);

/* Such a request of worker `sub`, its fields as an initializer; the event it ends in, 0: refused as a peer's mistake. */
#define ASK(name_, sub_, ...) \
	({ \
		struct m_r_##name_ m_ = {.serial = world_serial(sub_), __VA_ARGS__}; \
		char f_[IPC_FRAME_MAX]; \
		world_decide(sub_, f_, m_r_##name_##_put(f_, sizeof(f_), &m_)) \
		    ? ipc_type(world_last()->data) \
		    : 0u; \
	})
#define S(s) str_of(s)

/* Log in; the user id, or 0 when it was refused. */
uint64_t world_login(unsigned sub, const char *name, const char *address);
uint64_t world_login_irc(unsigned sub, const char *name, const char *address, const char *ident,
			 const char *real);
bool world_join(unsigned sub, uint64_t user, const char *room);
bool world_part(unsigned sub, uint64_t user, const char *room);
bool world_quit(unsigned sub, uint64_t user);
bool world_nick(unsigned sub, uint64_t user, const char *name);
bool world_say(unsigned sub, uint64_t user, uint64_t room, const char *text);

/* Where the journal goes on behind an entry. What is asked for next is behind it, mostly: that is quick. */
uint64_t world_behind(uint64_t seq);
/* The last entry's event: its frame, and its message number. */
const struct jentry *world_last(void);
/* That event, which must be of this type. */
#define LAST(name_) \
	({ \
		struct m_e_##name_ e_; \
		const struct jentry *j_ = world_last(); \
		CHECK(m_e_##name_##_get(j_->data, j_->event_len, &e_)); \
		e_; \
	})
/* Why it refused; 0: it did not. */
unsigned world_refused(void);

/* What a worker sees of somebody who is there. */
struct reg_user_view world_user(const struct world *w, const char *name);

/* Lists hang together, counts are right, indexes find everybody, caches match. Aborts when not. */
void world_verify(void);

#endif
