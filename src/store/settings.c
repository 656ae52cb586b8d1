/* settings.c - see settings.h. */
#include "config.h"

#include "store/settings.h"

#include <pthread.h>
#include <string.h>

#include "ipc/options.h"
#include "lib/util.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct settings now;

void
settings_put(const struct options *o)
{
	struct settings s = {.durable = strcmp(o->store_durability, "disk") == 0,
			     .query_time = o->store_query_time,
			     .rooms = o->history_rooms,
			     .direct = o->history_direct,
			     .events = o->history_events,
			     .days = o->history_days,
			     .rows = o->history_rows,
			     .replay = o->history_replay,
			     .mailbox = o->accounts_mailbox,
			     .files_days = o->files_days,
			     .link_time = o->files_link_time,
			     .account_quota = o->files_account_quota,
			     .total_quota = o->files_total_quota};

	bprintf(s.room_default, sizeof(s.room_default), "%s", o->room_default);
	bprintf(s.state_dir, sizeof(s.state_dir), "%s", o->state_dir);
	pthread_mutex_lock(&lock);
	now = s;
	pthread_mutex_unlock(&lock);
}

void
settings_get(struct settings *s)
{
	pthread_mutex_lock(&lock);
	*s = now;
	pthread_mutex_unlock(&lock);
}
