/* proc.h - the skeleton that every role but the master runs in.
 *
 * exec'd by the master with the channel to it on descriptor 3 (SOCK_SEQPACKET, one frame a
 * packet). In order: hello; setup, options, maps, listeners, peers come in; `start`: the role's
 * start(), then privileges are dropped, then ready; loop; drain; exit. End of file on the channel
 * means that the master is dead: the process ends at once (and PR_SET_PDEATHSIG, set after the
 * change of uid, which clears it, catches a process that is stuck). Pings, log level, options
 * and signals are the skeleton's.
 */
#ifndef IPC_PROC_H
#define IPC_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipc/ipc.h"
#include "ipc/options.h"

struct loop;

#define PROC_MASTER_FD 3

/* What the process is; filled in before start(). */
struct proc {
	struct loop *loop;
	struct options opt; /* the effective ones; replaced at a reload */
	unsigned role, index, workers;
	uint32_t inc; /* incarnation: every process the master ever started has another */
	uint64_t epoch; /* of the journal's sequence numbers */
	uint32_t uid, gid; /* who it becomes after start(); UINT32_MAX: nobody else */
	bool draining;
	bool stopping; /* chatd ends; else, when draining, another process takes this one's place */
};
extern struct proc proc;

struct proc_role {
	unsigned role;
	/* Everything that came before `start` has been seen by on_msg. Open what is needed; root,
	 * if the master is, and not dropped yet. fatal() when it cannot be. */
	void (*start)(void);
	/* The rest of that, once it is shut in: whatever looks at bytes of others. May be NULL. */
	void (*inside)(void);
	/* A message that the skeleton does not handle itself: map (but its own board), listener, peer,
	 * peer_gone, peers_end, conns, ctl_*. The descriptors are the callee's. False: malformed, the
	 * process ends (the master is trusted; this is a bug). */
	bool (*on_msg)(unsigned type, const void *frame, size_t len, int *fds, size_t nfds);
	/* Can it do with these new options, which are checked? NULL: yes; else why not, and they are refused. May be NULL. */
	const char *(*agree)(const struct options *new);
	/* New options, checked; proc.opt still has the old ones. May be NULL. */
	void (*on_reload)(const struct options *new);
	/* End in good order within ms, then call proc_done(). NULL: end at once. */
	void (*on_drain)(uint32_t ms, const char *text);
};

int proc_main(const struct proc_role *role, int argc, char **argv);

/* For who is run by hand, not by a master: become this user (UINT32_MAX: stay), and shut in as the role is, as far as this kernel can. */
void proc_shut_in(unsigned role, uint32_t uid, uint32_t gid);

/* To the master; queued while its socket is full. */
void proc_send(const void *frame, size_t len);
/* The same with a descriptor, which is closed once it is sent. */
void proc_send_fd(const void *frame, size_t len, int fd);

/* The role has drained: exit 0 in this turn; or, if it has not by then, in ms. */
void proc_done(void);
void proc_done_within(uint32_t ms);

#endif
