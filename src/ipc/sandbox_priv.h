/* sandbox_priv.h - what the sandbox's files share; nobody else's. */
#ifndef IPC_SANDBOX_PRIV_H
#define IPC_SANDBOX_PRIV_H

/* Sets of system calls, as sandbox_calls.def has them. */
enum sandbox_set {
	BASE = 1,
	HTTP = 2,
	ACCEPT = 4,
	PAIRS = 8,
	THREADS = 16,
	FILES = 32,
	BLOBS = 64,
	SANITIZER = 128,
	COVERAGE = 256,
	MASTER = 512, /* everything, but for what is NEVER called */
};

/* The sets that this build needs besides. */
#if defined(__SANITIZE_ADDRESS__)
#define BUILD_SANITIZER SANITIZER
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define BUILD_SANITIZER SANITIZER
#endif
#endif
#ifndef BUILD_SANITIZER
#define BUILD_SANITIZER 0
#endif
#ifdef CHATD_COVERAGE
#define BUILD_SETS (BUILD_SANITIZER | COVERAGE)
#else
#define BUILD_SETS BUILD_SANITIZER
#endif

/* Filters all threads from now on; with no_new_privs, or as root. NULL, or why it cannot be. */
const char *sandbox_filter(unsigned sets);

#endif
