/* killpoint.h - places where a test can kill a process: every step of a request.
 *
 * In a build with --enable-killpoints, CHATD_KILL="NAME:N:FILE" in the environment makes the
 * process end itself with SIGKILL when it passes the point NAME for the N-th time; it writes to FILE
 * first, and does nothing when there is something in FILE, so that the successor lives. FILE is
 * made at the start. Up to four of these may be given, with commas between them: a successor can
 * be killed while it recovers. Otherwise nothing is built in.
 */
#ifndef IPC_KILLPOINT_H
#define IPC_KILLPOINT_H

#ifdef CHATD_KILLPOINTS
void killpoint(const char *name);
#define KILLPOINT(name) killpoint(name)
#else
#define KILLPOINT(name) ((void)0)
#endif

#endif
