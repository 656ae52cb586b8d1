/* sandbox_try.c - the test hook of sandbox.h: the process does what one would do who has taken it over. Calls are made as they
 * are, past the C library, which might refuse in the kernel's place.
 *
 * An act that is refused in another way than the sandbox's (there is no such file) proves nothing: each is one that would
 * succeed, or fail in another way, without it.
 */
#include "config.h"

#include "ipc/sandbox.h"

#ifdef CHATD_KILLPOINTS
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "ipc/ipc.h"
#include "ipc/proc.h"
#include "lib/log.h"
#include "lib/util.h"

#define NOT_GIVEN (-2L) /* there is nothing to try it on */

static int registry_fd = -1, board_fd = -1; /* opened for reading only, or -1 */
static char state_file[300], admin_socket[300];

void
sandbox_try_note(const struct m_map *m, int fd)
{
	int *to = m->kind == MAP_REGISTRY ? &registry_fd : m->kind == MAP_BOARD ? &board_fd : NULL;

	if (getenv("CHATD_TRY") == NULL || to == NULL || *to >= 0 ||
	    (fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY)
		return;
	*to = fcntl(fd, F_DUPFD_CLOEXEC, 100);
}

/* --- the acts: each returns what the call did ---------------------------------------------------------------- */

static long
act_open(void)
{
	return syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY);
}

static long
act_create(void)
{
	return syscall(SYS_openat, AT_FDCWD, "/tmp/chatd-was-here", O_CREAT | O_WRONLY, 0600);
}

static long
act_master_memory(void)
{
	char path[64];

	bprintf(path, sizeof(path), "/proc/%d/mem", (int)getppid());
	return syscall(SYS_openat, AT_FDCWD, path, O_RDWR);
}

static long
act_unlink_state(void)
{
	return proc.role == ROLE_STORE ? NOT_GIVEN : /* its own database lies there */
		   syscall(SYS_unlinkat, AT_FDCWD, state_file, 0);
}

static long
act_unlink_socket(void)
{
	return syscall(SYS_unlinkat, AT_FDCWD, admin_socket, 0);
}

static long
act_inet(void)
{
	return syscall(SYS_socket, AF_INET, SOCK_STREAM, 0);
}

static long
act_unix(void)
{
	return syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0);
}

static long
act_netlink(void)
{
	return syscall(SYS_socket, AF_NETLINK, SOCK_RAW, 0);
}

static long
act_datagrams(void)
{
	int pair[2];

	return syscall(SYS_socketpair, AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair);
}

static long
act_blocking_pair(void)
{
	int pair[2];

	return syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair);
}

static long
act_block(void)
{
	return syscall(SYS_fcntl, PROC_MASTER_FD, F_SETFL, O_RDWR);
}

static long
act_linger(void)
{
	struct linger l = {1, 1000};

	return syscall(SYS_setsockopt, PROC_MASTER_FD, SOL_SOCKET, SO_LINGER, &l, sizeof(l));
}

static long
act_socket_module(void)
{
	return syscall(SYS_setsockopt, PROC_MASTER_FD, IPPROTO_TCP, TCP_ULP, "tls", 3);
}

static long
act_socket_filter(void)
{
	static char program[16];

	return syscall(SYS_setsockopt, PROC_MASTER_FD, SOL_SOCKET, SO_ATTACH_FILTER, program,
		       sizeof(program));
}

static long
act_connect(void)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(25)};

	return syscall(SYS_connect, PROC_MASTER_FD, &to, sizeof(to));
}

static long
act_signal_master(void)
{
	return syscall(SYS_kill, getppid(), 0);
}

static long
act_signal_all(void)
{
	return syscall(SYS_kill, -1, 0);
}

static long
act_fork(void)
{
	long pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);

	if (pid == 0)
		_exit(0);
	return pid;
}

static long
act_setuid(void)
{
	return syscall(SYS_setresuid, 0, 0, 0);
}

static long
act_capability(void)
{
	return syscall(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, 0, 0, 0);
}

static long
act_dumpable(void)
{
	return syscall(SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0);
}

static long
act_more_descriptors(void)
{
	struct rlimit rl = {1u << 20, 1u << 20};

	return syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, &rl, NULL);
}

/* Does writing to shared memory go, by any of the ways? */
static long
write_to(int fd)
{
	char path[64];
	void *p;
	long r;

	if (fd < 0)
		return NOT_GIVEN;
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p != MAP_FAILED)
		return 0;
	p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	if (p != MAP_FAILED && mprotect(p, 4096, PROT_READ | PROT_WRITE) == 0)
		return 0;
	if (pwrite(fd, "", 1, 0) == 1 || syscall(SYS_fchmod, fd, 0666) == 0)
		return 0;
	bprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	r = syscall(SYS_openat, AT_FDCWD, path, O_RDWR);
	return r;
}

static long
act_write_registry(void)
{
	return write_to(registry_fd);
}

static long
act_write_board(void)
{
	return write_to(board_fd);
}

static long
act_run_memory(void)
{
	return syscall(SYS_mmap, NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		       0) == -1
		   ? -1
		   : 0;
}

static long
act_type(void)
{
	return syscall(SYS_ioctl, 2, TIOCSTI, "x");
}

static long
act_new_file_memory(void)
{
	return syscall(SYS_memfd_create, "try", 0);
}

static long
act_execve(void)
{
	char *argv[] = {(char *)(uintptr_t) "/bin/true", NULL};

	return syscall(SYS_execve, argv[0], argv, NULL);
}

static long
act_ptrace(void)
{
	return syscall(SYS_ptrace, PTRACE_ATTACH, getppid(), 0, 0);
}

static long
act_read_memory(void)
{
	char c;
	struct iovec mine = {&c, 1}, his = {&c, 1};

	return syscall(SYS_process_vm_readv, getppid(), &mine, 1, &his, 1, 0);
}

static long
act_io_uring(void)
{
	static char params[128];

	return syscall(SYS_io_uring_setup, 1, params);
}

static long
act_mount(void)
{
	return syscall(SYS_mount, "none", "/tmp", "tmpfs", 0, NULL);
}

static long
act_unshare(void)
{
	return syscall(SYS_unshare, CLONE_NEWUSER);
}

static long
act_bpf(void)
{
	static char attr[128];

	return syscall(SYS_bpf, 0, attr, sizeof(attr));
}

static long
act_module(void)
{
	return syscall(SYS_finit_module, 0, "", 0);
}

static const struct act {
	const char *name;
	long (*fn)(void);
	bool ends; /* the process */
} acts[] = {
    {"open", act_open},
    {"create", act_create},
    {"master-memory", act_master_memory},
    {"unlink-state", act_unlink_state},
    {"unlink-socket", act_unlink_socket},
    {"inet", act_inet},
    {"unix", act_unix},
    {"netlink", act_netlink},
    {"datagrams", act_datagrams},
    {"blocking-pair", act_blocking_pair},
    {"block", act_block},
    {"linger", act_linger},
    {"socket-module", act_socket_module},
    {"socket-filter", act_socket_filter},
    {"connect", act_connect},
    {"signal-master", act_signal_master},
    {"signal-all", act_signal_all},
    {"fork", act_fork},
    {"setuid", act_setuid},
    {"capability", act_capability},
    {"dumpable", act_dumpable},
    {"more-descriptors", act_more_descriptors},
    {"write-registry", act_write_registry},
    {"write-board", act_write_board},
    {"run-memory", act_run_memory},
    {"type", act_type},
    {"new-memory-file", act_new_file_memory},
    {"execve", act_execve, true},
    {"ptrace", act_ptrace, true},
    {"read-memory", act_read_memory, true},
    {"io-uring", act_io_uring, true},
    {"mount", act_mount, true},
    {"unshare", act_unshare, true},
    {"bpf", act_bpf, true},
    {"module", act_module, true},
};

/* --- which ones ------------------------------------------------------------------------------------------------ */

static struct {
	char role[16], act[32];
	int mark; /* a file that has something in it once it has been tried; -1: none */
} one = {.mark = -1};

/* Before main(), since it opens a file. */
__attribute__((constructor)) static void
read_spec(void)
{
	const char *s = getenv("CHATD_TRY");
	char file[256];

	if (s != NULL && sscanf(s, "%15[a-z]:%31[a-z-]:%255s", one.role, one.act, file) == 3)
		one.mark = open(file, O_CREAT | O_WRONLY | O_CLOEXEC, 0666);
}

static void
try(const struct act *a)
{
	long r;

	errno = 0;
	r = a->fn();
	if (r == NOT_GIVEN)
		log_notice("try %s: not given", a->name);
	else if (r >= 0)
		log_notice("try %s: DONE", a->name);
	else
		log_notice("try %s: refused: %s", a->name, strerror(errno));
	log_flush();
}

static void
try_one(void)
{
	struct stat st;

	if (one.mark < 0 || strcmp(one.role, role_name(proc.role)) != 0 ||
	    fstat(one.mark, &st) < 0 || st.st_size != 0 || write(one.mark, "x", 1) != 1)
		return;
	for (size_t i = 0; i < ARRAY_LEN(acts); i++) {
		if (strcmp(acts[i].name, one.act) == 0)
			try(&acts[i]);
	}
}

void
sandbox_try(void)
{
	const char *s = getenv("CHATD_TRY");
	unsigned n = 0;

	if (s == NULL)
		return;
	bprintf(state_file, sizeof(state_file), "%s/epoch", proc.opt.state_dir);
	bprintf(admin_socket, sizeof(admin_socket), "%s", proc.opt.control_socket);
	if (strcmp(s, "all") != 0) {
		try_one();
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(acts); i++) {
		if (!acts[i].ends) {
			try(&acts[i]);
			n++;
		}
	}
	log_notice("tried %u acts", n);
}
#else
typedef int sandbox_try_not_built; /* ISO C wants a declaration in every file */
#endif
