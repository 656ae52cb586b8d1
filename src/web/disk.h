/* disk.h - what waits for the disk, in a thread of its own: the loop never does. */
#ifndef WEB_DISK_H
#define WEB_DISK_H

#include <sys/queue.h>

struct disk_job {
	STAILQ_ENTRY(disk_job) entry;
	void (*run)(struct disk_job *j); /* in the thread: touches nothing but what is the job's */
	void (*done)(struct disk_job *j); /* then, in the loop */
};

/* j is the caller's, and stays till done is called. One after the other. */
void disk_do(struct disk_job *j);

#endif
