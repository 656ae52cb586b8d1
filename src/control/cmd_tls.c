/* cmd_tls.c - the certificates of chatd-tls, as the master knows them. */
#include "config.h"

#include "control/control.h"
#include "lib/util.h"

#define DAY_MS UINT64_C(86400000)

static const struct column columns[] = {
    {"names", "NAMES", 20, false},       {"issuer", "ISSUER", 16, false},
    {"valid_until", "UNTIL", 20, false}, {"days_left", "DAYS", 5, true},
    {"state", "STATE", 13, false},       {"file", "FILE", 20, false},
};

static const char *
state_of(const struct m_ctl_cert *m)
{
	uint64_t now = wall_ms();

	return m->until <= now ? "expired" : m->from > now ? "not yet valid" : "valid";
}

/* Whole ones; 0 when there are none. */
static uint64_t
days_until(uint64_t ms)
{
	uint64_t now = wall_ms();

	return ms > now ? (ms - now) / DAY_MS : 0;
}

void
certs_row(struct conn *c, const struct m_ctl_cert *m)
{
	struct writer *w = &c->w;

	writer_row(w);
	writer_str(w, "names", m->names.p, m->names.n);
	writer_str(w, "issuer", m->issuer.p, m->issuer.n);
	writer_time(w, "valid_from", m->from);
	writer_time(w, "valid_until", m->until);
	writer_u64(w, "days_left", days_until(m->until));
	writer_s(w, "state", state_of(m));
	writer_str(w, "sha256", m->sha256.p, m->sha256.n);
	writer_str(w, "key_sha256", m->key_sha256.p, m->key_sha256.n);
	writer_str(w, "file", m->file.p, m->file.n);
	writer_row_end(w);
}

void
certs_field(struct writer *w)
{
	uint64_t until = boards_counter(CTR_tls_certificate_expiry_seconds) * 1000;
	char text[96], when[32];

	if (until == 0 && w->format == CTL_TABLE)
		return;
	bprintf(text, sizeof(text), "%s%s (%llu days)", until <= wall_ms() ? "EXPIRED " : "until ",
		time_rfc3339(until, when), (unsigned long long)days_until(until));
	writer_s(w, "certificate", until != 0 ? text : NULL);
}

void
cmd_tls_show(struct conn *c)
{
	writer_list(&c->w, NULL, columns, ARRAY_LEN(columns));
	conn_master(c, "tls\x1fshow", list_done);
}
