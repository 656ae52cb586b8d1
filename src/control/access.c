/* access.c - see access.h. The lists hold numbers: the master has looked the names up. */
#include "config.h"

#include "control/access.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ipc/ctl.h"
#include "ipc/options.h"
#include "lib/log.h"
#include "lib/util.h"

#ifndef SO_PEERGROUPS
#define SO_PEERGROUPS 59
#endif

struct entry {
	unsigned level;
	bool group;
	unsigned id;
};
static struct entry *entries; /* owned */
static size_t nentries;

int
access_peer(int fd, struct peer *p)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
		return -1;
	*p = (struct peer){.pid = cred.pid, .uid = cred.uid, .gid = cred.gid};
	len = sizeof(p->groups);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, p->groups, &len) == 0)
		p->ngroups = len / sizeof(gid_t);
	else if (errno != ERANGE && errno != ENOPROTOOPT)
		return -1;
	return 0;
}

static bool
number(const char *s, unsigned *id_r)
{
	char *end;
	unsigned long v;

	if (*s < '0' || *s > '9')
		return false;
	errno = 0;
	v = strtoul(s, &end, 10);
	if (errno != 0 || *end != '\0' || v >= UINT32_MAX)
		return false;
	*id_r = (unsigned)v;
	return true;
}

static void
add(unsigned level, const char *name)
{
	bool group = *name == '@';
	struct entry e = {.level = level, .group = group};

	name += group;
	if (!number(name, &e.id)) {
		log_warn("control.%s: %s is no number", ctl_level_name(level), name);
		return;
	}
	entries = xrealloc(entries, (nentries + 1) * sizeof(*entries));
	entries[nentries++] = e;
}

static void
add_list(unsigned level, const char *list)
{
	char *copy = xstrdup(list), *save = NULL;

	for (char *s = strtok_r(copy, ", ", &save); s != NULL; s = strtok_r(NULL, ", ", &save))
		add(level, s);
	free(copy);
}

void
access_load(const struct options *opt)
{
	free(entries);
	entries = NULL;
	nentries = 0;
	add_list(LEVEL_ADMIN, opt->control_admin);
	add_list(LEVEL_OPERATE, opt->control_operate);
	add_list(LEVEL_READ, opt->control_read);
}

static bool
in_group(const struct peer *p, gid_t gid)
{
	if (p->gid == gid)
		return true;
	for (size_t i = 0; i < p->ngroups; i++) {
		if (p->groups[i] == gid)
			return true;
	}
	return false;
}

unsigned
access_level(const struct peer *p)
{
	unsigned level = LEVEL_NONE;

	if (p->uid == 0 || p->uid == geteuid())
		return LEVEL_ADMIN;
	for (size_t i = 0; i < nentries; i++) {
		const struct entry *e = &entries[i];

		if (e->level > level && (e->group ? in_group(p, e->id) : p->uid == e->id))
			level = e->level;
	}
	return level;
}
