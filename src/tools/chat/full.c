/* full.c - see full.h. */
#include "config.h"

#include "full.h"

#include "client.h"

int
full_run(struct chat_conf *conf)
{
	(void)conf;
	return chat_fail(CHAT_USAGE, "-f is not in this build");
}
