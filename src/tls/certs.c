/* certs.c - see certs.h. */
#include "config.h"

#include "tls/certs.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ipc/board.h"
#include "ipc/proc.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/util.h"
#include "tls/ctx.h"
#include "tls/tickets.h"

#define FIRST_FD 3
#define WATCH_MS 3600000
#define DAY_MS UINT64_C(86400000)

struct cert {
	char file[TLS_FILE_MAX + 1];
	SSL_CTX *ctx; /* owned */
	struct ctx_facts facts;
	uint64_t warned; /* wall ms; 0: not yet */
};
struct set {
	unsigned n;
	struct cert v[TLS_CERTS_MAX];
};

/* What has come of the master. */
static struct {
	unsigned n;
	char file[TLS_CERTS_MAX][TLS_FILE_MAX + 1];
	int fds[TLS_CERTS_MAX][2];
} come;
static struct set used, built;

/* --- files ---------------------------------------------------------------------------------- */

static void
come_none(void)
{
	for (unsigned i = 0; i < come.n; i++) {
		close(come.fds[i][0]);
		close(come.fds[i][1]);
	}
	come.n = 0;
}

bool
certs_files(const void *frame, size_t len, const int *fds, size_t nfds)
{
	struct m_tls_files m;

	if (!m_tls_files_get(frame, len, &m) || nfds != 2 || m.of > TLS_CERTS_MAX ||
	    m.nth >= m.of || (m.nth != 0 && m.nth != come.n)) {
		for (size_t i = 0; i < nfds; i++)
			close(fds[i]);
		return false;
	}
	if (m.nth == 0)
		come_none();
	bprintf(come.file[m.nth], sizeof(come.file[0]), STR_FMT, STR_ARG(m.file));
	memcpy(come.fds[m.nth], fds, sizeof(come.fds[0]));
	come.n++;
	tickets_secret(m.secret);
	return true;
}

/* --- sets ----------------------------------------------------------------------------------- */

static void
set_free(struct set *s)
{
	for (unsigned i = 0; i < s->n; i++)
		SSL_CTX_free(s->v[i].ctx);
	memset(s, 0, sizeof(*s));
}

const char *
certs_build(void)
{
	static char text[TLS_FILE_MAX + 256];
	const char *why = NULL;

	set_free(&built);
	for (unsigned i = 0; i < come.n && why == NULL; i++) {
		struct cert *c = &built.v[i];

		c->ctx = ctx_new(come.fds[i][0], come.fds[i][1], &why);
		if (c->ctx == NULL) {
			bprintf(text, sizeof(text), "%s: %s", come.file[i], why);
			why = text;
			break;
		}
		bprintf(c->file, sizeof(c->file), "%s", come.file[i]);
		ctx_facts(c->ctx, &c->facts);
		built.n++;
	}
	come_none();
	if (why != NULL)
		set_free(&built);
	return why;
}

static void
tell(unsigned nth)
{
	const struct cert *c = &used.v[nth];
	struct m_tls_cert m = {.nth = (uint8_t)nth,
			       .of = (uint8_t)used.n,
			       .file = str_of(c->file),
			       .names = str_of(c->facts.names),
			       .issuer = str_of(c->facts.issuer),
			       .from = c->facts.from,
			       .until = c->facts.until,
			       .sha256 = str_of(c->facts.sha256)};
	char frame[2304];

	proc_send(frame, m_tls_cert_put(frame, sizeof(frame), &m));
}

/* The longest name decides nothing: the first that fits is taken. */
static SSL_CTX *
for_name(const char *name)
{
	for (unsigned i = 0; i < used.n; i++) {
		if (ctx_is_for(used.v[i].ctx, name))
			return used.v[i].ctx;
	}
	return NULL;
}

/* --- how long they are good ----------------------------------------------------------------- */

/* Into out; false: there is nothing to say. */
static bool
worry(const struct cert *c, uint64_t days, char *out, size_t cap)
{
	uint64_t now = wall_ms(), until = c->facts.until;
	char when[32];

	if (until <= now)
		bprintf(out, cap, "%s: the certificate for %s has expired (%s)", c->file,
			c->facts.names, time_rfc3339(until, when));
	else if (c->facts.from > now)
		bprintf(out, cap, "%s: the certificate for %s is not valid before %s", c->file,
			c->facts.names, time_rfc3339(c->facts.from, when));
	else if (until - now <= days * DAY_MS)
		bprintf(out, cap, "%s: the certificate for %s expires in %llu days (%s)", c->file,
			c->facts.names, (unsigned long long)((until - now) / DAY_MS),
			time_rfc3339(until, when));
	else
		return false;
	return true;
}

/* Looks how long they are still good, now and every hour. */
static void
watch(void *arg)
{
	static struct loop_timer timer;
	uint64_t now = wall_ms(), first = UINT64_MAX;
	char text[1600];

	(void)arg;
	loop_timer_start(proc.loop, &timer, WATCH_MS, watch, NULL);
	if (proc.index != 0 || used.n == 0)
		return; /* the others' are the same */
	for (unsigned i = 0; i < used.n; i++) {
		struct cert *c = &used.v[i];

		first = MIN(first, c->facts.until);
		if (now - c->warned < DAY_MS ||
		    !worry(c, proc.opt.tls_warn_days, text, sizeof(text)))
			continue;
		c->warned = now;
		log_warn("%s", text);
	}
	gauge_set(CTR_tls_certificate_expiry_seconds, first / 1000);
}

/* --- in use ------------------------------------------------------------------------------------ */

void
certs_use(void)
{
	if (built.n == 0)
		return;
	set_free(&used); /* connections that have one of them keep it */
	used = built;
	memset(&built, 0, sizeof(built));
	ctx_choose(for_name);
	for (unsigned i = 0; i < used.n; i++)
		tell(i);
	watch(NULL);
}

SSL_CTX *
certs_first(void)
{
	return used.n > 0 ? used.v[0].ctx : NULL;
}

int
certs_test(char *const *files, unsigned n)
{
	int status = 0;

	for (unsigned i = 0; i < MIN(n, (unsigned)TLS_CERTS_MAX); i++) {
		int fd = FIRST_FD + 2 * (int)i;
		struct cert c = {0};
		const char *why;
		char text[1600];

		bprintf(c.file, sizeof(c.file), "%s", files[i]);
		c.ctx = ctx_new(fd, fd + 1, &why);
		if (c.ctx == NULL) {
			fprintf(stderr, "%s: %s\n", c.file, why);
			status = 1;
			continue;
		}
		ctx_facts(c.ctx, &c.facts);
		if (worry(&c, 0, text, sizeof(text)))
			fprintf(stderr, "warning: %s\n", text);
		SSL_CTX_free(c.ctx);
	}
	return status;
}
