/* storeload.c - what remembering costs: fills a database through the store's own writer, then asks it, alone and while more is
 * written. One process, two threads: no broker, no network; what is measured is the disk, SQLite and src/store.
 *
 * The text is words of a made-up language, drawn as words are in languages (the k-th one k times as seldom as the first); nine
 * messages in ten are in one room, the rest in a hundred others.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "hist.h"
#include "ipc/ipc.h"
#include "ipc/options.h"
#include "lib/util.h"
#include "store/ask.h"
#include "store/db.h"
#include "store/lookup.h"
#include "store/settings.h"
#include "store/writer.h"

#define WORDS 20000
#define ROOMS 101 /* number 1 is the busy one */
#define SENDERS 1000
#define GROUP 2000 /* messages that are given to the writer at once while it is filled */
#define TURN_MS 10 /* while it is asked: from one group to the next */
#define EPOCH 1

static struct {
	uint64_t messages, accounts, rate, questions;
	unsigned words;
	const char *dir;
} opt = {.messages = 1000000, .accounts = 10000, .rate = 10000, .questions = 2000, .words = 8};

static uint64_t seq, at = UINT64_C(1700000000000), writes;

/* --- a language ------------------------------------------------------------------------------------ */

static char word[WORDS][16];
static double below[WORDS]; /* the share of the words up to this one */
static uint64_t luck = 88172645463325252u;

static uint64_t
draw(void)
{
	luck ^= luck << 13;
	luck ^= luck >> 7;
	luck ^= luck << 17;
	return luck;
}

static void
make_words(void)
{
	static const char vowel[] = "aeiou", other[] = "bdfgklmnprstvz";
	double sum = 0;

	for (unsigned i = 0; i < WORDS; i++) {
		unsigned n = 0;

		for (unsigned k = i + 3; k > 0; k /= 70) {
			word[i][n++] = other[k % 14];
			word[i][n++] = vowel[k / 14 % 5];
		}
		sum += 1.0 / (i + 1);
		below[i] = sum;
	}
	for (unsigned i = 0; i < WORDS; i++)
		below[i] /= sum;
}

static const char *
draw_word(void)
{
	double x = (double)(draw() >> 11) / (double)(UINT64_C(1) << 53);
	unsigned lo = 0, hi = WORDS - 1;

	while (lo < hi) {
		unsigned middle = (lo + hi) / 2;

		if (below[middle] < x)
			lo = middle + 1;
		else
			hi = middle;
	}
	return word[lo];
}

/* --- writing --------------------------------------------------------------------------------------- */

static void
take(const void *frame, size_t len)
{
	CHECK(len > 0);
	writer_take_here(frame, len);
}

static void
answered(const void *frame, size_t len)
{
	struct m_s_done m;

	if (m_s_done_get(frame, len, &m))
		CHECK(m.code == ERR_NONE);
}

/* All that was taken is committed; returns whether the index is behind. */
static bool
commit(void)
{
	writes++;
	return writer_rest_here() == 0;
}

static void
make_room(uint64_t room)
{
	struct m_e_join m = {.seq = ++seq,
			     .at = at,
			     .room = room,
			     .flags = MEMBER_CREATED,
			     .name = STR_LIT("maker")};
	char name[32], frame[IPC_FRAME_MAX];

	m.room_name = (struct str){name, bprintf(name, sizeof(name), "room%" PRIu64, room)};
	take(frame, m_e_join_put(frame, sizeof(frame), &m));
}

static void
make_accounts(void)
{
	char name[32], frame[2048];

	for (uint64_t i = 0; i < opt.accounts; i++) {
		struct m_s_account m = {.ticket = 1, .op = ACCOUNT_CREATE};

		m.name = (struct str){name, bprintf(name, sizeof(name), "account%" PRIu64, i)};
		m.hash = STR_LIT("$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHRzb21lc2Fs$"
				 "c29tZWhhc2hzb21laGFzaHNvbWVoYXNoc29tZWhhc2hzbw");
		m.scram = STR_LIT(
		    "SCRAM-SHA-256$4096:c29tZXNhbHRzb21lc2Fs$c29tZWhhc2hzb21laGFzaHNvbWVoYXNo:"
		    "c29tZWhhc2hzb21laGFzaHNvbWVoYXNo");
		take(frame, m_s_account_put(frame, sizeof(frame), &m));
	}
	commit();
}

static void
say(void)
{
	uint64_t sender = draw() % SENDERS, room = draw() % 10 != 0 ? 1 : 2 + draw() % (ROOMS - 1);
	char name[32], uhost[64], room_name[32], text[512], frame[IPC_FRAME_MAX];
	struct m_e_say m = {.seq = ++seq, .at = at, .room = room};
	size_t n = 0;

	for (unsigned i = 0; i < opt.words; i++)
		n += bprintf(text + n, sizeof(text) - n, "%s%s", i > 0 ? " " : "", draw_word());
	m.name = (struct str){name, bprintf(name, sizeof(name), "user%" PRIu64, sender)};
	m.uhost =
	    (struct str){uhost, bprintf(uhost, sizeof(uhost), "u%" PRIu64 "@192.0.2.7", sender)};
	m.room_name =
	    (struct str){room_name, bprintf(room_name, sizeof(room_name), "room%" PRIu64, room)};
	m.text = (struct str){text, n};
	take(frame, m_e_say_put(frame, sizeof(frame), &m));
}

/* --- figures --------------------------------------------------------------------------------------- */

static void
figure(const char *what, double value, const char *unit)
{
	printf("%-56s %12.2f %s\n", what, value, unit);
	fflush(stdout);
}

static void
figures(const char *what, const struct hist *h)
{
	static const struct {
		const char *name;
		double share;
	} parts[] = {{"p50", 0.5}, {"p99", 0.99}};
	char line[128];

	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		bprintf(line, sizeof(line), "%s %s", what, parts[i].name);
		figure(line, (double)hist_quantile(h, parts[i].share) / 1e6, "ms");
	}
	bprintf(line, sizeof(line), "%s max", what);
	figure(line, (double)h->max / 1e6, "ms");
}

/* How often a second this disk says that four kilobytes are on it. */
static void
fsyncs(void)
{
	static char block[4096];
	int fd = open("fsync.probe", O_RDWR | O_CREAT | O_TRUNC, 0600);
	uint64_t start = mono_us(), n = 0;

	CHECK(fd >= 0);
	while (mono_us() - start < 1000000) {
		CHECK(pwrite(fd, block, sizeof(block), (off_t)(n % 1024 * sizeof(block))) ==
		      sizeof(block));
		CHECK(fdatasync(fd) == 0);
		n++;
	}
	figure("fsync of the device", (double)n * 1e6 / (double)(mono_us() - start), "/s");
	close(fd);
	unlink("fsync.probe");
}

static uint64_t
size_of(const char *file)
{
	struct stat st;

	return stat(file, &st) == 0 ? (uint64_t)st.st_size : 0;
}

/* --- filling --------------------------------------------------------------------------------------- */

static void
fill(void)
{
	uint64_t start = mono_us(), first, n;

	for (uint64_t room = 1; room <= ROOMS; room++)
		make_room(room);
	make_accounts();
	figure("accounts written", (double)opt.accounts * 1e6 / (double)(mono_us() - start), "/s");
	start = mono_us();
	first = writes;
	for (n = 0; n < opt.messages; at += 5) {
		for (unsigned i = 0; i < GROUP && n < opt.messages; i++, n++)
			say();
		commit();
	}
	figure("messages written", (double)n * 1e6 / (double)(mono_us() - start), "/s");
	figure("messages in a group", (double)n / (double)(writes - first), "");
	while (commit()) {
	}
	figure("messages written and indexed", (double)n * 1e6 / (double)(mono_us() - start), "/s");
}

static void
weigh(void)
{
	struct db db;

	CHECK(db_open(&db, DB_FILE, DB_WRITE));
	db_exec(&db, "PRAGMA wal_checkpoint(TRUNCATE)");
	db_close(&db);
	figure("bytes per message, index and accounts included",
	       (double)size_of(DB_FILE) / (double)(opt.messages > 0 ? opt.messages : 1), "");
}

/* --- asking ---------------------------------------------------------------------------------------- */

static struct ask *asker;

static uint64_t
nanoseconds(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* On a machine that does other things too, the time by the clock says much of those, the CPU's little. */
struct times {
	struct hist wall, cpu;
};

static void
ask(const struct m_s_query *q, struct times *t)
{
	static char out[IPC_FRAME_MAX];
	char frame[4096];
	struct m_s_page page;
	size_t n = m_s_query_put(frame, sizeof(frame), q);
	uint64_t start = nanoseconds(CLOCK_MONOTONIC), cpu = nanoseconds(CLOCK_THREAD_CPUTIME_ID);

	n = ask_answer(asker, frame, n, 10000, out);
	hist_add(&t->cpu, nanoseconds(CLOCK_THREAD_CPUTIME_ID) - cpu);
	hist_add(&t->wall, nanoseconds(CLOCK_MONOTONIC) - start);
	CHECK(m_s_page_get(out, n, &page) && page.code == ERR_NONE);
}

enum question { LATEST, BEFORE, SEARCH, SEARCH_QUIET, SEARCH_PREFIX, QUESTIONS };
static const char *const question_name[QUESTIONS] = {
    [LATEST] = "latest 50 of the busy room",
    [BEFORE] = "50 before some time, busy room",
    [SEARCH] = "two words, busy room, newest 50",
    [SEARCH_QUIET] = "two words, a quiet room",
    [SEARCH_PREFIX] = "a word and a prefix of four letters",
};

static void
question(enum question what, struct times *t)
{
	char text[64];
	struct m_s_query q = {.ticket = 1, .kind = QUERY_SEARCH, .limit = 50};
	uint64_t born = what == SEARCH_QUIET ? 2 + draw() % (ROOMS - 1) : 1;

	q.places = (struct ids){(const char *)&born, 1};
	if (what == LATEST || what == BEFORE)
		q.kind = QUERY_LATEST;
	if (what == BEFORE) {
		q.bounds = QUERY_HI_TIME;
		q.hi = UINT64_C(1700000000000) + draw() % (at - UINT64_C(1700000000000) + 1);
	}
	if (what == SEARCH || what == SEARCH_QUIET)
		q.text = (struct str){
		    text, bprintf(text, sizeof(text), "%s %s", draw_word(), draw_word())};
	if (what == SEARCH_PREFIX)
		q.text = (struct str){text, bprintf(text, sizeof(text), "%s %.4s*", draw_word(),
						    word[500 + draw() % 1000])};
	ask(&q, t);
}

static void
ask_all(const char *when)
{
	static struct times t[QUESTIONS];
	char what[128];

	memset(t, 0, sizeof(t));
	for (uint64_t i = 0; i < opt.questions; i++)
		for (unsigned k = 0; k < QUESTIONS; k++)
			question(k, &t[k]);
	for (unsigned k = 0; k < QUESTIONS; k++) {
		bprintf(what, sizeof(what), "%s%s:", question_name[k], when);
		figures(what, &t[k].wall);
		figure("    of CPU time, p99", (double)hist_quantile(&t[k].cpu, 0.99) / 1e6, "ms");
	}
}

/* --- both at once ---------------------------------------------------------------------------------- */

static bool enough;
static struct hist commits;

static void *
write_on(void *arg)
{
	uint64_t start = mono_us(), said = 0;

	(void)arg;
	while (!__atomic_load_n(&enough, __ATOMIC_RELAXED)) {
		uint64_t due = (mono_us() - start) * opt.rate / 1000000,
			 began = nanoseconds(CLOCK_MONOTONIC);
		struct timespec turn = {.tv_nsec = TURN_MS * 1000000};

		for (; said < due; said++)
			say();
		at += TURN_MS;
		commit();
		hist_add(&commits, nanoseconds(CLOCK_MONOTONIC) - began);
		nanosleep(&turn, NULL);
	}
	figure("meanwhile written", (double)said * 1e6 / (double)(mono_us() - start), "/s");
	return NULL;
}

static void
ask_while_writing(void)
{
	pthread_t writer;
	char what[64];

	CHECK(pthread_create(&writer, NULL, write_on, NULL) == 0);
	bprintf(what, sizeof(what), ", %" PRIu64 "/s written", opt.rate);
	ask_all(what);
	__atomic_store_n(&enough, true, __ATOMIC_RELAXED);
	pthread_join(writer, NULL);
	figures("a group, index and commit:", &commits);
}

/* --- the program ------------------------------------------------------------------------------------ */

static void
look_up(void)
{
	static struct hist h;
	struct lookup *l = lookup_new(DB_FILE);
	static char out[IPC_FRAME_MAX];
	char frame[256], name[32];

	for (uint64_t i = 0; opt.accounts > 0 && i < opt.questions; i++) {
		struct m_s_lookup m = {.ticket = 1};
		uint64_t start;
		size_t n;

		m.name = (struct str){
		    name, bprintf(name, sizeof(name), "account%" PRIu64, draw() % opt.accounts)};
		n = m_s_lookup_put(frame, sizeof(frame), &m);
		start = nanoseconds(CLOCK_MONOTONIC);
		n = lookup_answer(l, frame, n, out);
		hist_add(&h, nanoseconds(CLOCK_MONOTONIC) - start);
		CHECK(n > 0 && ipc_type(out) == MSG_s_found);
	}
	lookup_free(l);
	figures("an account looked up:", &h);
}

static void
reopen(void)
{
	uint64_t start = mono_us();

	writer_close_here();
	writer_open_here(answered);
	figure("closed and opened again", (double)(mono_us() - start) / 1000, "ms");
}

static void
usage(void)
{
	fprintf(
	    stderr,
	    "usage: storeload [-n messages] [-a accounts] [-w words] [-r rate] [-q questions] DIR\n"
	    "DIR is made, and kept.\n");
	exit(2);
}

static void
options(int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "n:a:w:r:q:")) != -1) {
		uint64_t v = optarg != NULL ? strtoull(optarg, NULL, 10) : 0;

		switch (c) {
		case 'n':
			opt.messages = v;
			break;
		case 'a':
			opt.accounts = v;
			break;
		case 'w':
			opt.words = (unsigned)MIN(MAX(v, 1u), 30u);
			break;
		case 'r':
			opt.rate = v;
			break;
		case 'q':
			opt.questions = v;
			break;
		default:
			usage();
		}
	}
	if (optind + 1 != argc)
		usage();
	opt.dir = argv[optind];
}

int
main(int argc, char **argv)
{
	struct options o;

	options(argc, argv);
	/* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): usage() ends us */
	if (mkdir(opt.dir, 0700) < 0 || chdir(opt.dir) < 0) {
		fprintf(stderr, "storeload: %s: %s\n", opt.dir, strerror(errno));
		return 1;
	}
	options_defaults(&o);
	o.history_days = 0;
	settings_put(&o);
	make_words();
	db_init();
	fsyncs();
	writer_init(NULL, EPOCH);
	writer_open_here(answered);
	fill();
	reopen();
	weigh();
	asker = ask_new(DB_FILE, EPOCH);
	ask_all("");
	look_up();
	if (opt.rate > 0)
		ask_while_writing();
	ask_free(asker);
	writer_close_here();
	return 0;
}
