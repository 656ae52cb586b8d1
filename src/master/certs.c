/* certs.c - see certs.h. */
#include "config.h"

#include "master/certs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/util.h"
#include "master/child.h"
#include "master/master.h"

#define FILE_MAX (256u << 10) /* no certificate with what leads to its root is that big */
#define FIRST_FD 3 /* of chatd-tls -t */

struct cert {
	char file[TLS_FILE_MAX + 1];
	int fds[2]; /* the certificate, the key */
};

struct certs {
	unsigned n;
	struct cert v[TLS_CERTS_MAX];
};

static struct certs used, next;
static bool prepared;

/* What chatd-tls 0 has said of those in use. */
static struct told {
	struct m_tls_cert m; /* its strings are in frame */
	char frame[3072];
} told[TLS_CERTS_MAX];
static unsigned ntold;

/* --- copies ------------------------------------------------------------------------------- */

static void
drop(struct certs *c)
{
	for (unsigned i = 0; i < c->n; i++) {
		close(c->v[i].fds[0]);
		close(c->v[i].fds[1]);
	}
	c->n = 0;
}

/* Into fresh memory that nobody can change any more. -1 with errno. */
static int
copy_of(int fd, size_t size)
{
	int to = memfd_create("chatd-tls-file", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	size_t done = 0;

	if (to < 0)
		return -1;
	while (done < size) {
		ssize_t n = sendfile(to, fd, NULL, size - done);

		if (n <= 0)
			break;
		done += (size_t)n;
	}
	if (done == size && fchmod(to, 0600) == 0 &&
	    fcntl(to, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0)
		return to;
	close(to);
	errno = EIO;
	return -1;
}

/* -1, and why. A named pipe must not hold us up. */
static int
copy_file(const char *path, const char **why_r)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), copy = -1;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		*why_r = strerror(errno);
	else if (!S_ISREG(st.st_mode))
		*why_r = "it is not a regular file";
	else if (st.st_size == 0 || (uint64_t)st.st_size > FILE_MAX)
		*why_r = "it is empty, or too big to be a certificate or a key";
	else if ((copy = copy_of(fd, (size_t)st.st_size)) < 0)
		*why_r = strerror(errno);
	if (fd >= 0)
		close(fd);
	return copy;
}

/* 0, or -1 after saying why. */
static int
add(const char *certificate, const char *key, struct conf_errors *e)
{
	const char *path[2] = {certificate, key[0] != '\0' ? key : certificate}, *why = "";
	struct cert *c = &next.v[next.n];

	for (unsigned i = 0; i < 2; i++) {
		c->fds[i] = copy_file(path[i], &why);
		if (c->fds[i] >= 0)
			continue;
		if (i == 1)
			close(c->fds[0]);
		conf_say(e, "cannot read %s: %s", path[i], why);
		return -1;
	}
	bprintf(c->file, sizeof(c->file), "%s", certificate);
	next.n++;
	return 0;
}

int
certs_prepare(const struct settings *s, struct conf_errors *e)
{
	const struct options *o = &s->opt;
	int r = 0;

	if (o->tls_certificate[0] != '\0')
		r = add(o->tls_certificate, o->tls_key, e);
	for (unsigned i = 0; i < s->nmore_certs && r == 0; i++)
		r = add(s->more_certs[i].certificate, s->more_certs[i].key, e);
	if (r < 0)
		drop(&next);
	else
		prepared = true;
	return r;
}

void
certs_commit(void)
{
	if (!prepared)
		return;
	drop(&used);
	used = next;
	next.n = 0;
	prepared = false;
	if (used.n == 0)
		ntold = 0; /* nothing is told of none */
}

void
certs_abort(void)
{
	drop(&next);
	prepared = false;
}

/* --- for chatd-tls ------------------------------------------------------------------------ */

/* The same for all processes and as long as we live: a client's ticket is good at each of them. */
static struct str
ticket_secret(void)
{
	static char secret[TLS_SECRET];
	static bool made;

	if (!made && getrandom(secret, sizeof(secret), 0) != (ssize_t)sizeof(secret))
		fatal("no random numbers: %s", strerror(errno));
	made = true;
	return (struct str){secret, sizeof(secret)};
}

void
certs_send(struct child *c)
{
	const struct certs *set = prepared ? &next : &used;
	char frame[1024];

	for (unsigned i = 0; i < set->n; i++) {
		struct m_tls_files m = {.nth = (uint8_t)i,
					.of = (uint8_t)set->n,
					.file = str_of(set->v[i].file),
					.secret = ticket_secret()};

		child_send(c, frame, m_tls_files_put(frame, sizeof(frame), &m), set->v[i].fds, 2,
			   false);
	}
}

/* In the child. Its words go to descriptor 2, which is fd. */
static void
become_test(const char *program, const struct options *o, int fd)
{
	char uid[16], gid[16], days[24];
	const char *argv[TLS_CERTS_MAX + 7] = {program, "-t", uid, gid, days, o->name};

	bprintf(uid, sizeof(uid), "%u", master.set.uid);
	bprintf(gid, sizeof(gid), "%u", master.set.gid);
	bprintf(days, sizeof(days), "%llu", (unsigned long long)o->tls_warn_days);
	dup2(fd, 2);
	/* first out of the way, then to where they are looked for */
	for (unsigned i = 0; i < next.n; i++) {
		argv[i + 6] = next.v[i].file;
		for (unsigned k = 0; k < 2; k++)
			next.v[i].fds[k] =
			    fcntl(next.v[i].fds[k], F_DUPFD_CLOEXEC, FIRST_FD + 2 * TLS_CERTS_MAX);
	}
	for (unsigned i = 0; i < next.n; i++) {
		for (unsigned k = 0; k < 2; k++)
			dup2(next.v[i].fds[k], FIRST_FD + 2 * (int)i + (int)k);
	}
	execv(program, (char *const *)(uintptr_t)argv);
	_exit(127);
}

/* All that comes of fd, a line each. */
static void
take_words(int fd, struct conf_errors *e, struct conf_errors *cautions)
{
	static const char warning[] = "warning: ";

	FILE *f = fdopen(fd, "r");
	char line[512];

	while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, warning, sizeof(warning) - 1) == 0)
			conf_say(cautions, "%s", line + sizeof(warning) - 1);
		else
			conf_say(e, "%s", line);
	}
	if (f != NULL)
		fclose(f);
	else
		close(fd);
}

int
certs_test(const char *program, const struct options *o, struct conf_errors *e,
	   struct conf_errors *cautions)
{
	int status = -1, words[2];
	pid_t pid;

	if (next.n == 0)
		return 0;
	if (pipe2(words, O_CLOEXEC) < 0) {
		conf_say(e, "%s", strerror(errno));
		return -1;
	}
	pid = fork();
	if (pid == 0)
		become_test(program, o, words[1]);
	close(words[1]);
	take_words(words[0], e, cautions);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (e->total == 0)
		conf_say(e, "chatd-tls cannot be run, to look at the certificate");
	return -1;
}

/* --- what it tells ------------------------------------------------------------------------ */

bool
certs_told(const struct child *c, const void *frame, size_t len)
{
	struct m_tls_cert m;
	struct told *t;

	if (!m_tls_cert_get(frame, len, &m) || m.nth >= TLS_CERTS_MAX || m.of > TLS_CERTS_MAX ||
	    len > sizeof(t->frame))
		return false;
	if (c->index != 0)
		return true; /* the same as the first's */
	t = &told[m.nth];
	memcpy(t->frame, frame, len);
	ntold = m.of;
	return m_tls_cert_get(t->frame, len, &t->m);
}

void
certs_cautions(struct conf_errors *cautions)
{
	for (unsigned i = 0; i < ntold; i++) {
		const struct m_tls_cert *m = &told[i].m;

		if (m->worry.n > 0)
			conf_say(cautions, STR_FMT ": " STR_FMT, STR_ARG(m->file),
				 STR_ARG(m->worry));
	}
}

void
certs_show(uint32_t id)
{
	char frame[3072];

	for (unsigned i = 0; i < ntold; i++) {
		const struct m_tls_cert *t = &told[i].m;
		struct m_ctl_cert m = {.id = id,
				       .file = t->file,
				       .names = t->names,
				       .issuer = t->issuer,
				       .from = t->from,
				       .until = t->until,
				       .sha256 = t->sha256,
				       .key_sha256 = t->key_sha256};

		child_send(child_control(), frame, m_ctl_cert_put(frame, sizeof(frame), &m), NULL,
			   0, false);
	}
}
