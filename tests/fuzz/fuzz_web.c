/* fuzz_web.c - chatd-web from the first byte to the last: whatever a client sends, it is answered or shown out, nothing is left of it,
 * and what it is told is HTTP.
 *
 * The first byte of the input says how the connection came and what others answer (enum with), the second how the stream is cut; the rest
 * is what the client sends. The disk is memory, and there is no broker: what it is asked is answered in the next turn.
 */
#include "config.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fuzz.h"
#include "ipc/file.h"
#include "ipc/handed.h"
#include "ipc/proc.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/util.h"
#include "web/disk.h"
#include "web/files.h"
#include "web/filetype.h"
#include "web/link.h"
#include "web/web.h"

#define TURNS_MAX 400
#define ANSWERS_MAX (1u << 20)

enum with {
	WITH_TLS = 1,
	WITH_NO = 2, /* the broker refuses */
	WITH_SILENCE = 4, /* it does not answer before the client has gone */
	WITH_FILE = 8, /* the file is there already */
	WITH_FULL = 16, /* the disk is full */
	WITH_GONE = 32, /* the client ends both directions */
};

static unsigned with;
static bool gone; /* the connection is no longer chatd-web's */

/* --- instead of the master: handed.c ------------------------------------------------------------------ */

void
handed_closed(uint64_t conn)
{
	(void)conn;
	FUZZ_ASSERT(!gone);
	gone = true;
}

void
handed_pass(uint64_t conn, unsigned ws, struct str early, int fd)
{
	(void)conn;
	FUZZ_ASSERT(!gone && early.n <= CONN_EARLY_MAX && ws < WS_COUNT);
	gone = true;
	close(fd);
}

void
handed_turn(void)
{
}

/* --- instead of the broker: link.c ---------------------------------------------------------------------- */

struct ask {
	struct ask *next;
	unsigned type;
	link_fn *fn;
	void *arg;
};

static struct ask *asks;

struct ask *
link_ask(const void *frame, size_t len, bool decides, link_fn *fn, void *arg)
{
	struct ask *a = xcalloc(1, sizeof(*a));

	(void)decides;
	FUZZ_ASSERT(len > 0 && ipc_frame(frame, len) == (ssize_t)len);
	*a = (struct ask){.next = asks, .type = ipc_type(frame), .fn = fn, .arg = arg};
	asks = a;
	loop_again(proc.loop);
	return a;
}

void
link_forget(struct ask *a)
{
	struct ask **at = &asks;

	while (*at != a)
		at = &(*at)->next;
	*at = a->next;
	free(a);
}

static struct str
facts(char *out)
{
	struct file_facts f = {
	    .size = 5, .expires = 1, .type = STR_LIT("image/png"), .name = STR_LIT("a \"b\".png")};

	return (struct str){out, file_put(out, &f)};
}

static size_t
page(char *out, size_t cap)
{
	char of_file[FILE_FACTS_MAX], rows[IPC_HDR + 1024];
	struct m_q_file file = {.file = facts(of_file)};
	struct m_q_page m = {.rows = {rows, m_q_file_put(rows, sizeof(rows), &file)}};

	return m_q_page_put(out, cap, &m);
}

static size_t
answer_to(unsigned type, char *out, size_t cap)
{
	static const char id[] = "0123456789abcdef0123456789abcdef0123";
	struct m_e_may_upload may = {.id = {id, FILE_ID},
				     .token = {id, UPLOAD_TOKEN},
				     .max = 2000,
				     .name = STR_LIT("alice")};
	struct m_e_refused no = {.code = ERR_LINK_EXPIRED};
	struct m_e_file file = {0};
	char of_file[FILE_FACTS_MAX];

	if (with & WITH_NO)
		return m_e_refused_put(out, cap, &no);
	file.file = facts(of_file);
	return type == MSG_r_upload  ? m_e_may_upload_put(out, cap, &may)
	       : type == MSG_r_share ? m_e_file_put(out, cap, &file)
	       : type == MSG_r_file  ? page(out, cap)
				     : 0;
}

static void
answer_asks(void)
{
	static char out[IPC_FRAME_MAX];

	while (asks != NULL) {
		struct ask a = *asks;
		size_t n = answer_to(a.type, out, sizeof(out));

		link_forget(asks);
		a.fn(a.arg, n > 0 ? ipc_type(out) : 0, out, n);
	}
}

/* --- instead of the disk: files.c, disk.c, filetype.c ------------------------------------------------------- */

static struct disk_job *job;

void
disk_do(struct disk_job *j)
{
	FUZZ_ASSERT(job == NULL);
	job = j;
	loop_again(proc.loop);
}

static void
disk_works(void)
{
	struct disk_job *j = job;

	job = NULL;
	if (j != NULL) {
		j->run(j);
		j->done(j);
	}
}

void
files_init(void)
{
}

int
files_new(const uint8_t id[FILE_ID])
{
	(void)id;
	if (with & WITH_FULL) {
		errno = ENOSPC;
		return -1;
	}
	return memfd_create("file", MFD_CLOEXEC);
}

int
files_name(int fd, const uint8_t id[FILE_ID], bool thumb)
{
	(void)id;
	(void)thumb;
	FUZZ_ASSERT(fd >= 0);
	errno = EEXIST;
	return with & WITH_FILE ? -1 : 0;
}

int
files_open(const uint8_t id[FILE_ID], bool thumb, uint64_t *size_r)
{
	int fd = memfd_create("file", MFD_CLOEXEC);

	(void)id;
	FUZZ_ASSERT(fd >= 0 && write(fd, thumb ? "GIF89a" : "hello", 5) == 5);
	*size_r = 5;
	return fd;
}

bool
files_exist(const uint8_t id[FILE_ID])
{
	(void)id;
	return with & WITH_FILE;
}

void
files_remove(const uint8_t id[FILE_ID])
{
	(void)id;
}

void
filetype_init(void)
{
}

void
filetype_of(const void *p, size_t n, char out[FILE_TYPE_MAX + 1])
{
	bprintf(out, FILE_TYPE_MAX + 1, "%s",
		n > 0 && *(const char *)p == 'G' ? "image/gif" : "text/plain");
}

/* --- a client ------------------------------------------------------------------------------------------------- */

static char answers[ANSWERS_MAX];
static size_t nanswers;

static void
hear(int fd)
{
	ssize_t n;

	while ((n = recv(fd, answers + nanswers, sizeof(answers) - nanswers, MSG_DONTWAIT)) > 0)
		nanswers = MIN(nanswers + (size_t)n, sizeof(answers) / 2);
}

static void
turn(int fd)
{
	loop_turn(proc.loop, 0);
	disk_works();
	if (!(with & WITH_SILENCE) || fd < 0)
		answer_asks();
	if (fd >= 0)
		hear(fd);
}

/* Of the first answer: a status line, and header lines that end in CR LF; nothing is let into a document of ours. */
static void
check_answer(void)
{
	char *end;

	if (nanswers == 0)
		return;
	FUZZ_ASSERT(nanswers > 12 && memcmp(answers, "HTTP/1.1 ", 9) == 0 && answers[9] >= '1' &&
		    answers[9] <= '5');
	end = memmem(answers, nanswers, "\r\n\r\n", 4);
	FUZZ_ASSERT(end != NULL);
	for (char *p = answers; p < end; p++) {
		FUZZ_ASSERT(*p != '\0' && (*p != '\n' || p[-1] == '\r') &&
			    (*p != '\r' || p[1] == '\n'));
	}
}

static void
begin(void)
{
	log_level = -1;
	proc.loop = loop_new();
	options_defaults(&proc.opt);
	bprintf(proc.opt.web_origins, sizeof(proc.opt.web_origins), "https://example.org http://a");
	proc.opt.web_need_origin = 0;
	http_init();
}

static void
send_all(int fd, const uint8_t *p, size_t n, size_t piece)
{
	for (size_t at = 0; at < n && !gone; at += piece) {
		if (send(fd, p + at, MIN(piece, n - at), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
			break;
		turn(fd);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static uint64_t last_id;
	struct conn_rec rec = {.id = ++last_id,
			       .protocol = PROTO_WEB,
			       .loopback = 1, /* may give passwords */
			       .address = "192.0.2.1"};
	int fds[2];

	if (n < 2)
		return 0;
	if (proc.loop == NULL)
		begin();
	with = p[0];
	rec.tls = (with & WITH_TLS) != 0;
	gone = false;
	nanswers = 0;
	FUZZ_ASSERT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0);
	http_take(&rec, fds[0], STR_LIT(""));
	send_all(fds[1], p + 2, n - 2, p[1] < 16 ? p[1] + 1u : p[1] * 64u);
	shutdown(fds[1], with & WITH_GONE ? SHUT_RDWR : SHUT_WR);
	for (unsigned i = 0; i < 8 && !gone; i++)
		turn(fds[1]);
	if (!(with & WITH_GONE))
		check_answer();
	with &= ~(unsigned)WITH_SILENCE;
	close(fds[1]);
	for (unsigned i = 0; i < TURNS_MAX && !gone; i++) {
		if (i == 8) /* as door.c does, which looks each second */
			shutdown(fds[0], SHUT_RDWR);
		turn(-1);
	}
	FUZZ_ASSERT(gone);
	turn(-1);
	FUZZ_ASSERT(asks == NULL && job == NULL);
	return 0;
}
