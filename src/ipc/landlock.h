/* landlock.h - Landlock (landlock(7)) by raw system calls: the C library has none, and the headers of the system that we are
 * built on may be older than the kernel that we run on.
 */
#ifndef IPC_LANDLOCK_H
#define IPC_LANDLOCK_H

#include <stddef.h>

/* What a process may do below a directory. */
enum landlock_may {
	LANDLOCK_READ = 1, /* open for reading, list */
	LANDLOCK_WRITE = 2, /* open for writing, make, name anew and remove files */
	LANDLOCK_DIRS = 4, /* make directories, link from one to another */
};

struct landlock_dir {
	int fd; /* O_PATH will do */
	unsigned may; /* enum landlock_may */
};

/* The ABI that the kernel has; 0: none. */
unsigned landlock_abi(void);

/* From now on this thread and those it starts open files below these directories only, neither bind nor connect over TCP (ABI 4),
 * reach no abstract Unix socket and signal nobody outside (ABI 6). With no_new_privs. 0, or -1 with errno. */
int landlock_enter(unsigned abi, const struct landlock_dir *dirs, size_t n);

#endif
