/* faultvfs.h - a disk that fails or hangs when a test wants it to; only in builds with --enable-killpoints.
 *
 * CHATD_DISK="WHAT:N:ERROR:TIMES:FILE" makes the N-th operation WHAT (write, sync, truncate or any of these: "any") of the
 * process, and the TIMES - 1 after it, fail with ERROR (io or full). FILE is made when the first one fails, and while it is
 * there nothing fails: a successor of the process is spared, and the test knows whether it has happened.
 * With the ERROR "hang" it is the other way round: while FILE is there, such operations do not come back.
 */
#ifndef STORE_FAULTVFS_H
#define STORE_FAULTVFS_H

#ifdef CHATD_KILLPOINTS
/* Before the first database is opened. */
void faultvfs_init(void);
#else
static inline void
faultvfs_init(void)
{
}
#endif

#endif
