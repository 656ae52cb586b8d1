/* admins.h - who may use the admin socket, as numbers.
 *
 * chatd-control opens no file, so it cannot look a name up: it is told who the lists of `control` mean. They are looked up
 * when options are sent, not when somebody connects: a slow directory service must not hold up a command.
 */
#ifndef MASTER_ADMINS_H
#define MASTER_ADMINS_H

struct options;

/* Replaces the names in control.admin, operate and read by user ids, and @ids of groups. Names that nobody has are said in
 * the log and left out. */
void admins_numbers(struct options *o);

#endif
