/* sandbox_filter.c - the filter of system calls, by libseccomp, made from sandbox_calls.def; and what is done about calls
 * that it has refused.
 *
 * They arrive as SIGSYS in the thread that made them, which returns EPERM to it and notes the number; the loop tells it. A call
 * of another architecture's ends the process.
 */
#include "config.h"

#include "ipc/sandbox.h"

#ifdef HAVE_SECCOMP
#include <asm/ioctls.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <ucontext.h>
#include <unistd.h>

#include "ipc/board.h"
#include "ipc/sandbox_priv.h"
#include "lib/log.h"
#include "lib/util.h"

#define SANDBOX_CLONE_THREAD (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD)
#define SANDBOX_CLONE_MASK \
	(SANDBOX_CLONE_THREAD | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | \
	 CLONE_NEWPID | CLONE_NEWNET)
#define CALL_MAX 1024

/* --- the table ---------------------------------------------------------------------------------------------- */

enum kind { ALWAYS, IF, IF2, SELF, LACKS, NOT };

static const struct call {
	unsigned sets; /* enum sandbox_set; of NOT: who is not ended by it */
	int number;
	enum kind kind;
	unsigned arg;
	uint64_t mask, value;
	uint64_t first; /* IF2: what argument 1 is */
} calls[] = {
#define CALL(set, name) {set, SCMP_SYS(name), ALWAYS},
#define CALL_IF(set, name, arg, mask, value) {set, SCMP_SYS(name), IF, arg, mask, value},
#define CALL_IF2(set, name, value, arg, mask, value2) \
	{set, SCMP_SYS(name), IF2, arg, mask, value2, value},
#define CALL_SELF(set, name) {set, SCMP_SYS(name), SELF},
#define CALL_LACKS(name) {0, SCMP_SYS(name), LACKS},
#define NEVER(name) {0, SCMP_SYS(name), NOT},
#define NEVER_BUT(sets, name) {sets, SCMP_SYS(name), NOT},
#include "ipc/sandbox_calls.def"
};

/* --- what was refused ---------------------------------------------------------------------------------------- */

#if defined(__x86_64__) || defined(__aarch64__)
static volatile uint32_t
    refused[CALL_MAX]; /* how often, by number; written by a signal handler, in any thread */
static volatile uint32_t refused_n;

static void
on_refused(int sig, siginfo_t *si, void *context)
{
	ucontext_t *u = context;
	unsigned n = (unsigned)si->si_syscall;

	(void)sig;
	__atomic_add_fetch(&refused[MIN(n, CALL_MAX - 1u)], 1, __ATOMIC_RELAXED);
	__atomic_add_fetch(&refused_n, 1, __ATOMIC_RELEASE);
#ifdef __x86_64__
	u->uc_mcontext.gregs[REG_RAX] = -EPERM;
#else
	u->uc_mcontext.regs[0] = (unsigned long long)-EPERM;
#endif
}

/* Once for each number, lest somebody who tries and tries fill the log. */
static void
tell(unsigned number)
{
	static bool told[CALL_MAX];
	char *name;

	if (told[number])
		return;
	told[number] = true;
	name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, (int)number);
	log_err("the sandbox refused a system call: %s (%u); more of it is counted only",
		name != NULL ? name : "unknown", number);
	free(name);
}

void
sandbox_report(void)
{
	static uint32_t seen[CALL_MAX], seen_n;
	uint32_t n = __atomic_load_n(&refused_n, __ATOMIC_ACQUIRE);

	if (n == seen_n)
		return;
	seen_n = n;
	for (unsigned i = 0; i < CALL_MAX; i++) {
		uint32_t now = refused[i];

		if (now == seen[i])
			continue;
		count_add(CTR_sandbox_refused_total, now - seen[i]);
		seen[i] = now;
		tell(i);
	}
}

/* The action for what is in no set. */
static uint32_t
refusing(void)
{
	struct sigaction sa = {.sa_sigaction = on_refused, .sa_flags = SA_SIGINFO | SA_RESTART};

	sigfillset(&sa.sa_mask);
	sigdelset(&sa.sa_mask, SIGSYS);
	sigaction(SIGSYS, &sa, NULL);
	return SCMP_ACT_TRAP;
}
#else
/* What a signal handler would have to write where is not known here: no log, no count. */
void
sandbox_report(void)
{
}

static uint32_t
refusing(void)
{
	return SCMP_ACT_ERRNO(EPERM);
}
#endif

/* --- making it ----------------------------------------------------------------------------------------------- */

/* The master lets everything be but what is never called; 0 or a negative errno. */
static int
add_for_master(scmp_filter_ctx ctx, const struct call *c, unsigned sets)
{
	if (c->kind != NOT || (c->sets & sets) != 0)
		return 0;
	return seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), c->number, 0);
}

static int
add_for_role(scmp_filter_ctx ctx, const struct call *c, unsigned sets)
{
	switch (c->kind) {
	case LACKS:
		return seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), c->number, 0);
	case NOT:
		if ((c->sets & sets) != 0)
			return 0;
		return seccomp_rule_add(ctx, SCMP_ACT_KILL_PROCESS, c->number, 0);
	default:
		break;
	}
	if ((c->sets & sets) == 0)
		return 0;
	if (c->kind == ALWAYS)
		return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, c->number, 0);
	if (c->kind == SELF)
		return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, c->number, 1,
					SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()));
	return seccomp_rule_add(
	    ctx, SCMP_ACT_ALLOW, c->number, c->kind == IF2 ? 2 : 1,
	    SCMP_CMP(c->arg, SCMP_CMP_MASKED_EQ, c->mask, (scmp_datum_t)c->value),
	    SCMP_A1(SCMP_CMP_EQ, (scmp_datum_t)c->first));
}

static int
fill(scmp_filter_ctx ctx, unsigned sets)
{
	bool master = (sets & MASTER) != 0;
	int r = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_NNP, 0); /* it is set already */

	if (r == 0)
		r = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_TSYNC, 1);
	if (r == 0)
		r = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* a tree, not a list */
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(calls); i++) {
		r = master ? add_for_master(ctx, &calls[i], sets)
			   : add_for_role(ctx, &calls[i], sets);
		/* a row that another one holds in it, or of a call that this architecture lacks */
		if (r == -EEXIST || r == -EDOM)
			r = 0;
	}
	return r;
}

const char *
sandbox_filter(unsigned sets)
{
	scmp_filter_ctx ctx = seccomp_init((sets & MASTER) != 0 ? SCMP_ACT_ALLOW : refusing());
	int r = ctx != NULL ? fill(ctx, sets) : -ENOMEM;

	if (r == 0)
		r = seccomp_load(ctx);
	if (ctx != NULL)
		seccomp_release(ctx);
	return r == 0 ? NULL : strerror(-r);
}
#else
#include "ipc/sandbox_priv.h"

const char *
sandbox_filter(unsigned sets)
{
	(void)sets;
	return "not in this build";
}

void
sandbox_report(void)
{
}
#endif
