/* access.h - who may do what on the admin socket: peer credentials against the three lists of
 * the configuration. */
#ifndef CONTROL_ACCESS_H
#define CONTROL_ACCESS_H

#include <stddef.h>
#include <sys/types.h>

struct options;

#define ACCESS_GROUPS_MAX 256

struct peer {
	pid_t pid;
	uid_t uid;
	gid_t gid;
	size_t ngroups;
	gid_t groups
	    [ACCESS_GROUPS_MAX]; /* supplementary; what is beyond the limit counts for nothing */
};

/* Who connected (SO_PEERCRED, SO_PEERGROUPS: as it was at connect). 0 or -1 with errno. */
int access_peer(int fd, struct peer *p);

/* Take over control.admin, control.operate and control.read: user names, @group names, or
 * numbers. A name that does not exist is logged and gives nobody anything. */
void access_load(const struct options *opt);

/* enum admin_level. uid 0 and our own uid are admin; others get the highest list they are on. */
unsigned access_level(const struct peer *p);

#endif
