/* intake.c - see intake.h: which message is whose. */
#include "config.h"

#include "store/intake.h"

#include "lib/log.h"
#include "lib/util.h"

struct intake in;

static const struct {
	unsigned type;
	intake_fn *fn;
} kinds[] = {
    {MSG_e_say, intake_e_say},         {MSG_e_dm, intake_e_dm},
    {MSG_e_join, intake_e_join},       {MSG_e_part, intake_e_part},
    {MSG_e_quit, intake_e_quit},       {MSG_e_nick, intake_e_nick},
    {MSG_e_kick, intake_e_kick},       {MSG_e_topic, intake_e_topic},
    {MSG_e_mode, intake_e_mode},       {MSG_e_rename, intake_e_rename},
    {MSG_e_redact, intake_e_redact},   {MSG_e_edit, intake_e_edit},
    {MSG_e_mark, intake_e_mark},       {MSG_e_kept, intake_e_kept},
    {MSG_e_room, intake_e_room},       {MSG_e_account, intake_e_account},
    {MSG_e_login, intake_e_login},     {MSG_s_begin, intake_s_begin},
    {MSG_s_account, intake_s_account}, {MSG_s_admin, intake_s_admin},
    {MSG_e_file, intake_e_file},
};

bool
intake_frame(const void *frame, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (kinds[i].type != ipc_type(frame))
			continue;
		if (kinds[i].fn(frame, len))
			return true;
		writer_log(LOG_ERR, "a message %s was not understood", ipc_name(ipc_type(frame)));
		return false;
	}
	return true; /* an event that leaves nothing behind */
}

/* --- the clock: now and then the time and the number at it ------------------------------------------------ */

#define CLOCK_MS 10000

enum { SET_SEQ, ADD_CLOCK, N };
static const char *const sql[N] = {
    [SET_SEQ] = "UPDATE meta SET value=? WHERE name='seq'",
    [ADD_CLOCK] = "INSERT INTO clock(at, seq) VALUES(?, ?) ON CONFLICT(at) DO UPDATE SET "
		  "seq=excluded.seq",
};
static struct db_set set;
static uint64_t clock_at;

static void
tick(void)
{
	struct db_query q;

	if (in.at >= clock_at && in.at - clock_at < CLOCK_MS)
		return;
	q = db_query(&set, ADD_CLOCK);
	db_int(&q, in.at);
	db_int(&q, in.at_seq);
	if (db_run(&q))
		clock_at = in.at;
}

void
intake_finish(void)
{
	struct db_query q;

	rooms_finish();
	files_finish();
	if (in.at_seq == in.seq)
		return;
	tick();
	q = db_query(&set, SET_SEQ);
	db_int(&q, in.at_seq);
	db_run(&q);
}

void
intake_begin(void)
{
	db_set_init(&set, &in.db, sql, N);
	names_begin();
	merge_begin();
	index_begin();
	files_begin();
	talk_begin();
	events_begin();
	rooms_begin();
	accounts_begin();
	admin_begin();
	retain_begin();
	orphans_begin();
}

void
intake_end(void)
{
	orphans_end();
	retain_end();
	admin_end();
	accounts_end();
	rooms_end();
	events_end();
	talk_end();
	files_end();
	index_end();
	merge_end();
	names_end();
	db_set_fini(&set);
	intake_forget();
}

void
intake_forget(void)
{
	clock_at = 0;
	accounts_changed();
	senders_forget();
	places_forget();
	rooms_forget();
	files_forget();
}
