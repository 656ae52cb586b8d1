/* ctl_sandbox.c - see ctl_sandbox.h. The facts are those of /proc/PID/status (proc(5)), which may be read by everybody; that of
 * Landlock is nowhere to be read, and is what the process has said. */
#include "config.h"

#include "master/ctl_sandbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/util.h"
#include "master/child.h"
#include "master/ctl.h"

struct facts {
	uint64_t uid, caps, bounds, no_new_privs, seccomp, filters;
};

static const struct {
	const char *name;
	int base;
	size_t at;
} lines[] = {
    {"Uid:", 10, offsetof(struct facts, uid)},
    {"CapEff:", 16, offsetof(struct facts, caps)},
    {"CapBnd:", 16, offsetof(struct facts, bounds)},
    {"NoNewPrivs:", 10, offsetof(struct facts, no_new_privs)},
    {"Seccomp:", 10, offsetof(struct facts, seccomp)},
    {"Seccomp_filters:", 10, offsetof(struct facts, filters)},
};

/* The real user's id stands first in its line; all four are the same, or the kernel would not have let them be set. */
static void
note(struct facts *f, const char *line)
{
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		size_t n = strlen(lines[i].name);

		if (strncmp(line, lines[i].name, n) == 0)
			*(uint64_t *)(void *)((char *)f + lines[i].at) =
			    strtoull(line + n, NULL, lines[i].base);
	}
}

static bool
read_facts(int pid, struct facts *f)
{
	char path[64], line[256];
	FILE *in;

	*f = (struct facts){0};
	bprintf(path, sizeof(path), "/proc/%d/status", pid);
	in = fopen(path, "re");
	if (in == NULL)
		return false;
	while (fgets(line, sizeof(line), in) != NULL)
		note(f, line);
	fclose(in);
	return true;
}

static void
say(uint32_t id, unsigned role, unsigned index, int pid, unsigned landlock)
{
	static char frame[IPC_HDR + 128];
	struct m_ctl_sandbox m = {.id = id,
				  .role = (uint8_t)role,
				  .index = (uint16_t)index,
				  .pid = (uint32_t)pid,
				  .landlock = (uint8_t)landlock};
	struct facts f;

	if (!read_facts(pid, &f))
		return; /* it has just ended */
	m.uid = (uint32_t)f.uid;
	m.caps = f.caps;
	m.bounds = f.bounds;
	m.no_new_privs = f.no_new_privs != 0;
	m.seccomp = (uint8_t)f.seccomp;
	m.filters = (uint16_t)f.filters;
	child_send(child_control(), frame, m_ctl_sandbox_put(frame, sizeof(frame), &m), NULL, 0,
		   false);
}

void
ctl_sandbox(uint32_t id)
{
	say(id, ROLE_MASTER, 0, getpid(), 0);
	for (unsigned i = 0; i < child_count(); i++) {
		const struct child *c = child_nth(i);

		if (c->pid > 0)
			say(id, c->role, c->index, c->pid, c->landlock);
	}
	ctl_end(id, CTL_OK, "");
}
