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
/* There is none in the configuration any more: used serves only who has come before. */
static bool unwanted;
static uint64_t warn_days;

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
	static char text[TLS_FILE_MAX + CTX_WHY_MAX];
	char reason[CTX_WHY_MAX];
	const char *why = NULL;

	set_free(&built);
	for (unsigned i = 0; i < come.n && why == NULL; i++) {
		struct cert *c = &built.v[i];

		c->ctx = ctx_new(come.fds[i][0], come.fds[i][1], reason);
		if (c->ctx == NULL) {
			bprintf(text, sizeof(text), "%s: %s", come.file[i], reason);
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

/* --- what clients will dislike -------------------------------------------------------------- */

/* None of them is for a host of this name, into out. Without a dot it is none of a host: clients come by another one then. */
static bool
nameless(const struct set *s, const char *name, char out[CERT_WORRY_MAX])
{
	if (strchr(name, '.') == NULL || strpbrk(name, " /:") != NULL)
		return false;
	for (unsigned i = 0; i < s->n; i++) {
		if (ctx_is_for(s->v[i].ctx, name))
			return false;
	}
	bprintf(
	    out, CERT_WORRY_MAX,
	    "no certificate is for %.200s, the server's name: who connects to that name is warned",
	    name);
	return true;
}

/* Into out; false: nothing. */
static bool
worry(const struct ctx_facts *f, uint64_t days, char out[CERT_WORRY_MAX])
{
	uint64_t now = wall_ms(), until = f->until;
	char when[32], names[160];

	/* there may be a hundred */
	bprintf(names, sizeof(names), "%.150s%s", f->names, strlen(f->names) > 150 ? "..." : "");
	if (until <= now)
		bprintf(out, CERT_WORRY_MAX, "the certificate for %s has expired (%s)", names,
			time_rfc3339(until, when));
	else if (f->from > now)
		bprintf(out, CERT_WORRY_MAX, "the certificate for %s is not valid before %s", names,
			time_rfc3339(f->from, when));
	else if (until - now <= days * DAY_MS)
		bprintf(out, CERT_WORRY_MAX, "the certificate for %s expires in %llu days (%s)",
			names, (unsigned long long)((until - now) / DAY_MS),
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
	char text[CERT_WORRY_MAX];

	(void)arg;
	loop_timer_start(proc.loop, &timer, WATCH_MS, watch, NULL);
	if (proc.index != 0)
		return; /* the others' are the same */
	if (unwanted) {
		gauge_set(CTR_tls_certificate_expiry_seconds, 0);
		return;
	}
	for (unsigned i = 0; i < used.n; i++) {
		struct cert *c = &used.v[i];

		first = MIN(first, c->facts.until);
		if (now - c->warned < DAY_MS || !worry(&c->facts, warn_days, text))
			continue;
		c->warned = now;
		log_warn("%s: %s", c->file, text);
	}
	gauge_set(CTR_tls_certificate_expiry_seconds, first / 1000);
}

/* --- in use ------------------------------------------------------------------------------------ */

static void
tell(unsigned nth, const struct options *o)
{
	const struct cert *c = &used.v[nth];
	struct m_tls_cert m = {.nth = (uint8_t)nth,
			       .of = (uint8_t)used.n,
			       .file = str_of(c->file),
			       .names = str_of(c->facts.names),
			       .issuer = str_of(c->facts.issuer),
			       .from = c->facts.from,
			       .until = c->facts.until,
			       .sha256 = str_of(c->facts.sha256),
			       .key_sha256 = str_of(c->facts.key_sha256)};
	char frame[3072], text[CERT_WORRY_MAX];

	if (worry(&c->facts, o->tls_warn_days, text) ||
	    (nth == 0 && nameless(&used, o->name, text)))
		m.worry = str_of(text);
	proc_send(frame, m_tls_cert_put(frame, sizeof(frame), &m));
}

void
certs_use(const struct options *o)
{
	char text[CERT_WORRY_MAX];

	unwanted = built.n == 0;
	warn_days = o->tls_warn_days;
	if (unwanted) {
		if (used.n > 0)
			watch(NULL);
		return;
	}
	set_free(&used); /* connections that have one of them keep it */
	used = built;
	memset(&built, 0, sizeof(built));
	ctx_choose(for_name);
	if (proc.index == 0 && nameless(&used, o->name, text))
		log_warn("%s", text);
	for (unsigned i = 0; i < used.n; i++)
		tell(i, o);
	watch(NULL);
}

SSL_CTX *
certs_first(void)
{
	return used.n > 0 ? used.v[0].ctx : NULL;
}

/* false, after saying what is wrong with it. */
static bool
test_one(const char *file, SSL_CTX *ctx, const char *why, uint64_t days)
{
	struct ctx_facts facts;
	char text[CERT_WORRY_MAX];

	if (ctx == NULL) {
		fprintf(stderr, "%s: %s\n", file, why);
		return false;
	}
	ctx_facts(ctx, &facts);
	if (worry(&facts, days, text))
		fprintf(stderr, "warning: %s: %s\n", file, text);
	return true;
}

int
certs_test(const char *name, uint64_t days, char *const *files, unsigned n)
{
	char why[CTX_WHY_MAX], text[CERT_WORRY_MAX];
	bool good = true;

	n = MIN(n, (unsigned)TLS_CERTS_MAX);
	for (unsigned i = 0; i < n; i++) {
		int fd = FIRST_FD + 2 * (int)i;
		SSL_CTX *ctx = ctx_new(fd, fd + 1, why);

		good = test_one(files[i], ctx, why, days) && good;
		if (ctx != NULL)
			built.v[built.n++].ctx = ctx;
	}
	if (good && nameless(&built, name, text))
		fprintf(stderr, "warning: %s: %s\n", files[0], text);
	set_free(&built);
	return good ? 0 : 1;
}
