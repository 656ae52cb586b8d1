/* listen.h - the listening sockets: for clients, and the one that chatctl connects to. */
#ifndef MASTER_LISTEN_H
#define MASTER_LISTEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include "lib/loop.h"
#include "master/settings.h"

struct listener {
	TAILQ_ENTRY(listener) link;
	struct listen_conf conf;
	unsigned nth; /* of several with the same address and port (or path) */
	int fd; /* -1: given up for a successor on the same port */
	bool given; /* by systemd */
	bool claimed; /* stays over the reload that is being prepared */
	bool made_path;
	struct loop_io io;
	struct sockaddr_storage addr; /* as bound */
	socklen_t addr_len;
	uint64_t accepted;
};
TAILQ_HEAD(listener_list, listener);
extern struct listener_list listeners;

/* Remember the sockets that systemd gave us (LISTEN_FDS, matched by LISTEN_FDNAMES); takes the
 * variables out of the environment. Before any fork. */
void listen_init(void);

/* Make what s asks for: what is there already and the same stays open; nothing is closed yet.
 * 0, or -1 with *e saying why, and everything as before. */
int listen_prepare(const struct settings *s, struct conf_errors *e);
/* Then one of these: take the new set into use and close what is not in it, or forget it. */
void listen_commit(void);
void listen_abort(void);

/* Could it be listened as s asks for? Adds to *e what listen_prepare would refuse. New places are opened for a moment, and what is there
 * stays as it is. That another process has a place is a mistake only if we listen somewhere: one that does not cannot know who has it. */
void listen_check(const struct settings *s, struct conf_errors *e);

/* Close all, remove our socket files. */
void listen_close(void);

/* The role of the processes that its connections go to first. */
unsigned listen_stage(const struct listener *l);
/* By that role: watch the listeners, or let connections wait in the backlog. */
void listen_enable(const bool on[ROLE_COUNT]);

/* "127.0.0.1:9898", "[::1]:9898", "/path" as bound. */
char *listen_name(const struct listener *l, char *out, size_t cap);

/* Is there one whose connections come to this role, sooner or later? */
bool listen_has(unsigned role);

/* Where this protocol is spoken with TLS to whoever comes, by others than this host if there is such a listener; 0: nowhere. */
unsigned listen_tls_port(unsigned protocol);

/* Does fn say so of one of those that there are, or, while a reload is prepared, will be? */
typedef bool listen_fn(const struct listener *l, void *arg);
bool listen_some(listen_fn *fn, void *arg);

/* How people reach the first web listener, with TLS if there is one: by its address, or by the server's name if it is open to all, or
 * speaks TLS and the name has a domain. Into o->web_url, which stays as it is if there is none. Of those of listen_some. */
void listen_url(struct options *o);

/* The admin socket; fatal when it cannot be made. */
void listen_admin_open(const char *path, uint32_t uid, uint32_t gid);
int listen_admin_fd(void);

#endif
