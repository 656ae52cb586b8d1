/* bygone.c - see bygone.h. */
#include "config.h"

#include "bygone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ipc/options.h"
#include "lib/util.h"
#include "store/db.h"
#include "store/settings.h"
#include "store/writer.h"

static char dir[64];
static char answer[IPC_FRAME_MAX];
static size_t answer_n;

static void
answered(const void *frame, size_t len)
{
	if (ipc_type(frame) == MSG_s_state)
		return;
	CHECK(len <= sizeof(answer));
	memcpy(answer, frame, len);
	answer_n = len;
}

size_t
bygone_answer(char *out)
{
	memcpy(out, answer, answer_n);
	return answer_n;
}

const char *
bygone_dir(void)
{
	return dir;
}

void
bygone_open(void)
{
	struct options o;

	options_defaults(&o);
	settings_put(&o);
	snprintf(dir, sizeof(dir), "/tmp/chatd-bygone.XXXXXX");
	CHECK(mkdtemp(dir) != NULL && chdir(dir) == 0);
	db_init();
	writer_init(NULL, 1);
	writer_open_here(answered);
}

void
bygone_close(void)
{
	char command[128];

	writer_close_here();
	CHECK(chdir("/") == 0);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	CHECK(system(command) == 0);
}

void
bygone_take(const void *frame, size_t len)
{
	CHECK(len > 0);
	writer_take_here(frame, len);
}

void
bygone_commit(void)
{
	while (writer_rest_here() == 0) {
	}
}

uint64_t
bygone_account(const char *name)
{
	struct m_s_account m = {.ticket = 1,
				.op = ACCOUNT_CREATE,
				.name = S(name),
				.hash = STR_LIT("hash"),
				.scram = STR_LIT("scram"),
				.text = STR_LIT("who@example.org")};
	char frame[2048];
	struct m_s_done done;

	bygone_take(frame, m_s_account_put(frame, sizeof(frame), &m));
	bygone_commit();
	CHECK(m_s_done_get(answer, answer_n, &done) && done.code == ERR_NONE);
	return done.id;
}
