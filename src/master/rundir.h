/* rundir.h - what the master keeps on disk: run_dir with lock, pid file and admin socket, and the
 * epoch in state_dir. All of it may lie in a directory that an unprivileged user owns: nothing is
 * followed, and nothing that is found there is trusted. */
#ifndef MASTER_RUNDIR_H
#define MASTER_RUNDIR_H

#include <stdbool.h>
#include <stdint.h>

/* Make run_dir and state_dir if they are missing, owned by uid and gid (UINT32_MAX: by us), and
 * take the lock that says "a chatd runs here", which ends with this process. Fatal when there is
 * one already, or on any failure. */
void rundir_open(const char *run_dir, const char *state_dir, uint32_t uid, uint32_t gid);

/* May uid (as gid) make files in state_dir, by its mode bits? A directory that was there before us is left as it is. */
bool rundir_state_writable(uint32_t uid, uint32_t gid);

/* Write the pid file; 0 or -1 with errno. Remove it (only if we wrote it). */
int rundir_pid_write(void);
void rundir_pid_remove(void);

/* Raise the number in state_dir, for good before it returns. Fatal when that cannot be done: a
 * number that comes twice would make two messages one. */
uint64_t rundir_epoch_next(void);

/* The key of what others see instead of addresses (broker/cloak.h), made when there is none yet. Fatal when it can be neither read
 * nor written: bans on cloaks would hold no longer. */
void rundir_cloak_key(uint8_t key[16]);

#endif
