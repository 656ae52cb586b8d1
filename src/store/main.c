/* main.c - chatd-store: remembers what was said, who has an account, which rooms outlive their members.
 *
 * It takes the journal's events and decides nothing. What it holds is in state_dir, in SQLite. The main thread has the
 * loop and the channel and touches no disk; it hands what comes to the threads that do, and gives the broker what they answer.
 */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "ipc/ipc.h"
#include "ipc/proc.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/util.h"
#include "registry/registry.h"
#include "store/ask.h"
#include "store/db.h"
#include "store/faultvfs.h"
#include "store/link.h"
#include "store/lookup.h"
#include "store/reached.h"
#include "store/settings.h"
#include "store/thread.h"
#include "store/upkeep.h"
#include "store/writer.h"

/* Bytes of events that wait for the writer: above the one no more are wanted, below the other they are again. */
#define WAITING_MAX (4u << 20)
#define WAITING_FEW (1u << 20)
#define STUCK_MS \
	2000 /* the writer has not come back from the disk for so long: people should know */

enum who { WRITER, ASK, SEARCH, LOOKUP, UPKEEP, THREADS };

static const struct thread_role *const roles[THREADS] = {[WRITER] = &writer_role,
							 [ASK] = &ask_role,
							 [SEARCH] = &search_role,
							 [LOOKUP] = &lookup_role,
							 [UPKEEP] = &upkeep_role};
static struct thread *threads[THREADS]; /* NULL: not started */
static struct registry *registry;
static struct loop_timer watch_timer;
static bool told; /* the writer has said how the database is, or takes long to */
static bool known; /* it has told where it ends */
static bool full; /* of events that wait for the writer */
static bool stuck;
static bool slow; /* that is why: nothing has come back from the disk, which has been said */
static uint64_t stored; /* as it told last */

/* --- what comes ------------------------------------------------------------------------------------------- */

static size_t
waiting(void)
{
	return thread_waiting(threads[WRITER]) + writer_pending();
}

static void
hold_or_go_on(void)
{
	size_t n = waiting();

	if (full ? n < WAITING_FEW : n > WAITING_MAX)
		full = !full;
	link_hold(full || (told && !known));
}

static void
on_event(const void *frame, size_t len)
{
	thread_put(threads[WRITER], 0, frame, len, true);
	if (waiting() > WAITING_MAX)
		hold_or_go_on();
}

/* Whose it is; THREADS: nobody's. */
static enum who
whose(unsigned type, const void *frame, size_t len)
{
	struct m_s_admin admin;

	switch (type) {
	case MSG_s_begin:
	case MSG_s_account:
		return WRITER;
	case MSG_s_query:
	case MSG_s_message:
		return ask_takes_long(frame, len) ? SEARCH : ASK;
	case MSG_s_lookup:
		return LOOKUP;
	case MSG_s_admin:
		if (!m_s_admin_get(frame, len, &admin))
			return THREADS;
		if (lookup_is_its(admin.op))
			return LOOKUP;
		return upkeep_is_its(admin.op) ? UPKEEP : WRITER;
	default:
		return THREADS;
	}
}

/* What is to be answered begins with its ticket. */
static uint32_t
ticket_of(const void *frame)
{
	uint32_t ticket;

	memcpy(&ticket, (const char *)frame + IPC_HDR, sizeof(ticket));
	return ticket;
}

/* What changes something while nothing can be changed is refused: whoever asked should not wait for the disk to be mended. */
static bool
refused(enum who who, const void *frame)
{
	struct m_s_done m = {.ticket = ticket_of(frame), .code = ERR_STORE_AWAY};
	char out[64];

	if (who != WRITER || (known && !stuck) || ipc_type(frame) == MSG_s_begin)
		return false;
	link_send(out, m_s_done_put(out, sizeof(out), &m));
	return true;
}

/* More is asked than can be answered. */
static void
too_much(enum who who, const void *frame)
{
	struct m_s_page page = {.ticket = ticket_of(frame), .code = ERR_BUSY};
	struct m_s_done done = {.ticket = ticket_of(frame), .code = ERR_STORE_AWAY};
	char out[64];

	if (who == LOOKUP)
		link_send(out, m_s_done_put(out, sizeof(out), &done));
	else
		link_send(out, m_s_page_put(out, sizeof(out), &page));
}

static void
on_word(unsigned type, const void *frame, size_t len)
{
	enum who who = whose(type, frame, len);

	if (who == THREADS)
		log_err("the broker's message %s was not understood", ipc_name(type));
	else if (!refused(who, frame) &&
		 !thread_put(threads[who], link_seq(), frame, len, who == WRITER))
		too_much(who, frame);
	/* it is answered from what the events before it have become */
	thread_hurry(threads[WRITER]);
}

/* --- what is answered -------------------------------------------------------------------------------------- */

/* Of the writer, which has come back from the disk, well or not. */
static void
disk_answers(const struct m_s_state *m)
{
	char why[REACHED_WHY];

	slow = false;
	bprintf(why, sizeof(why), STR_FMT, STR_ARG(m->text));
	reached_stuck(why);
	if (m->state == STORE_WELL)
		log_notice("the disk answers again: what has waited is in the database");
}

static void
note_state(const void *frame, size_t len)
{
	struct m_s_state m;

	if (!m_s_state_get(frame, len, &m))
		return;
	told = true;
	if (slow)
		disk_answers(&m);
	stuck = m.state != STORE_WELL;
	if (!stuck) {
		if (!known || m.upto < stored)
			link_ready(m.upto);
		known = true;
		stored = m.upto;
	}
	hold_or_go_on();
}

/* Half of a check has been done: the writer does the other, if it can; or else it is said why not. */
static void
go_on_checking(const void *frame, size_t len)
{
	struct m_q_fact fact = {.name = STR_LIT("database")};
	char rows[2 * IPC_HDR + 1600], out[IPC_HDR + 2000], why[REACHED_WHY],
	    text[REACHED_WHY + 32];
	struct m_s_page page = {0};
	struct m_s_admin m;

	if (known && !stuck) {
		thread_put(threads[WRITER], 0, frame, len, true);
		return;
	}
	if (!m_s_admin_get(frame, len, &m))
		return;
	fact.text = (struct str){m.args.p, MIN(m.args.n, 1024u)};
	page.ticket = m.ticket;
	page.rows = (struct str){rows, m_q_fact_put(rows, sizeof(rows), &fact)};
	reached_why(why);
	bprintf(text, sizeof(text), "not looked at: %s",
		why[0] != '\0' ? why : "the database is not open for writing");
	fact.name = STR_LIT("full-text index");
	fact.text = str_of(text);
	page.rows.n += m_q_fact_put(rows + page.rows.n, sizeof(rows) - page.rows.n, &fact);
	link_send(out, m_s_page_put(out, sizeof(out), &page));
}

static void
say_ahead(void)
{
	struct m_s_state m = {.state = STORE_UNUSABLE,
			      .text =
				  STR_LIT("the database is ahead of the journal: the file epoch "
					  "in state_dir is an older one")};
	char out[IPC_HDR + 256];

	link_send(out, m_s_state_put(out, sizeof(out), &m));
}

static void
on_answer(const void *frame, size_t len)
{
	if (ipc_type(frame) == MSG_s_admin) {
		go_on_checking(frame, len);
		return;
	}
	if (ipc_type(frame) == MSG_s_state)
		note_state(frame, len);
	if (ipc_type(frame) == MSG_s_state && link_ahead())
		say_ahead();
	else
		link_send(frame, len);
}

/* --- the process ------------------------------------------------------------------------------------------- */

/* A disk that does not come back tells nobody so. */
static void
watch(void *arg)
{
	static const char why[] = "the disk has not answered for some seconds";
	struct m_s_state m = {.upto = stored, .state = STORE_BEHIND, .text = str_of(why)};
	char out[IPC_HDR + 128];

	(void)arg;
	if (threads[WRITER] != NULL && !stuck && thread_busy_ms(threads[WRITER]) > STUCK_MS) {
		stuck = slow = told = true;
		reached_stuck(why);
		log_warn("writing to the database takes more than %d seconds", STUCK_MS / 1000);
		link_send(out, m_s_state_put(out, sizeof(out), &m));
	}
	loop_timer_start(proc.loop, &watch_timer, 1000, watch, NULL);
}

/* Only now, as whoever we are from now on: what they make is to be that one's. */
static void
start_threads(void)
{
	for (unsigned i = 0; i < THREADS; i++)
		threads[i] = thread_start(roles[i], on_answer);
	watch(NULL);
}

static bool
all_ended(void)
{
	static bool ending;

	for (unsigned i = 0; i < THREADS && !ending; i++)
		thread_end(threads[i]);
	ending = true;
	return thread_ended(threads[WRITER]);
}

static void
turn(void *arg)
{
	(void)arg;
	if (threads[WRITER] == NULL)
		start_threads();
	hold_or_go_on();
	/* when chatd stops, the broker has ended before, and what it had to say is in the channel */
	if (proc.draining && (link_ended() || !proc.stopping) && all_ended())
		proc_done();
	link_flush();
}

static bool
on_msg(unsigned type, const void *frame, size_t len, int *fds, size_t nfds)
{
	struct m_peer peer;
	struct m_map map;

	if (type == MSG_peer && nfds == 1 && m_peer_get(frame, len, &peer)) {
		link_channel(fds[0]);
		return true;
	}
	if (type == MSG_map && nfds == 1 && m_map_get(frame, len, &map) &&
	    map.kind == MAP_REGISTRY) {
		registry = registry_map(fds[0], map.size);
		return registry != NULL;
	}
	for (size_t i = 0; i < nfds; i++)
		close(fds[i]);
	return type == MSG_map;
}

/* SQLite's files are reached from here when the directories above are closed to us. */
static void
start(void)
{
	if (chdir(proc.opt.state_dir) < 0)
		fatal("state_dir %s: %s (as uid %u)", proc.opt.state_dir, strerror(errno),
		      (unsigned)geteuid());
	signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error like another */
	faultvfs_init();
	db_init();
	settings_put(&proc.opt);
	writer_init(registry, proc.epoch);
	loop_each_turn(proc.loop, turn, NULL);
	loop_again(proc.loop);
}

static void
drain(uint32_t ms, const char *text)
{
	(void)ms;
	(void)text;
	loop_again(proc.loop);
}

static const struct proc_role store_role = {
    .role = ROLE_STORE,
    .start = start,
    .on_msg = on_msg,
    .on_reload = settings_put,
    .on_drain = drain,
};

int
main(int argc, char **argv)
{
	link_init(on_event, on_word);
	return proc_main(&store_role, argc, argv);
}
