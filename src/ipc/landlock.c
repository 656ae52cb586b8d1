/* landlock.c - see landlock.h. The numbers are the kernel's (include/uapi/linux/landlock.h), which are never changed. */
#include "config.h"

#include "ipc/landlock.h"

#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/util.h"

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif

#define ASK_VERSION 1u
#define RULE_PATH_BENEATH 1

enum {
	WRITE_FILE = 1 << 1,
	READ_FILE = 1 << 2,
	READ_DIR = 1 << 3,
	REMOVE_FILE = 1 << 5,
	MAKE_DIR = 1 << 7,
	MAKE_REG = 1 << 8,
	REFER = 1 << 13,
	TRUNCATE = 1 << 14,
};

/* What each ABI can rule, all of it: what no rule allows is forbidden. */
static const struct abi {
	uint64_t fs, net, scoped;
	size_t size; /* of struct attr that it knows */
} abis[] = {
    {0, 0, 0, 0},       {0x1fff, 0, 0, 8},  {0x3fff, 0, 0, 8},  {0x7fff, 0, 0, 8},
    {0x7fff, 3, 0, 16}, {0xffff, 3, 0, 16}, {0xffff, 3, 3, 24},
};

struct attr {
	uint64_t fs, net, scoped;
};
struct beneath {
	uint64_t may;
	int32_t fd;
} __attribute__((packed));

unsigned
landlock_abi(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, ASK_VERSION);

	return abi < 0 ? 0 : (unsigned)MIN(abi, (long)ARRAY_LEN(abis) - 1);
}

static uint64_t
rights(unsigned may)
{
	uint64_t r = 0;

	if (may & LANDLOCK_READ)
		r |= READ_FILE | READ_DIR;
	if (may & LANDLOCK_WRITE)
		r |= WRITE_FILE | TRUNCATE | MAKE_REG | REMOVE_FILE;
	if (may & LANDLOCK_DIRS)
		r |= MAKE_DIR | REFER;
	return r;
}

int
landlock_enter(unsigned abi, const struct landlock_dir *dirs, size_t n)
{
	const struct abi *a = &abis[abi];
	struct attr attr = {a->fs, a->net, a->scoped};
	int set = (int)syscall(SYS_landlock_create_ruleset, &attr, a->size, 0), r = -1;

	if (set < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		struct beneath rule = {rights(dirs[i].may) & a->fs, dirs[i].fd};

		if (syscall(SYS_landlock_add_rule, set, RULE_PATH_BENEATH, &rule, 0) < 0)
			goto out;
	}
	r = (int)syscall(SYS_landlock_restrict_self, set, 0);
out:
	close(set);
	return r;
}
