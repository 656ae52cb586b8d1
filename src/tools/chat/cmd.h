/* cmd.h - the names of the commands, for completion. */
#ifndef CHAT_CMD_H
#define CHAT_CMD_H

/* Of row i (0 … cmd_count() - 1), or of the next one that is no secret; NULL behind the last. */
const char *cmd_name(unsigned i);
unsigned cmd_count(void);

#endif
