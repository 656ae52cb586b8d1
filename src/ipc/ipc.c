/* ipc.c - see ipc.h. The codec of every message comes from the rows of msgs.def. */
#include "config.h"

#include "ipc/ipc.h"

#include <stdio.h>

#include "lib/siphash.h"
#include "lib/util.h"

/* --- reading: errors stick, so that a decoder reads straight through ------------------ */

struct in {
	const char *p, *end;
	bool bad;
};

static const char *
in_take(struct in *in, size_t n)
{
	const char *p = in->p;

	if (in->bad || (size_t)(in->end - p) < n) {
		in->bad = true;
		return NULL;
	}
	in->p += n;
	return p;
}

#define IN_FIXED(name, type) \
	static inline type in_##name(struct in *in) \
	{ \
		type v = 0; \
		const char *p = in_take(in, sizeof(v)); \
		if (p != NULL) \
			memcpy(&v, p, sizeof(v)); \
		return v; \
	}
IN_FIXED(u8, uint8_t)
IN_FIXED(u16, uint16_t)
IN_FIXED(u32, uint32_t)
IN_FIXED(u64, uint64_t)

static struct str
in_str(struct in *in, size_t max)
{
	struct str s = {NULL, in_u16(in)};

	if (s.n > max)
		in->bad = true;
	s.p = in_take(in, s.n);
	if (s.p == NULL)
		s.n = 0;
	return s;
}

static struct ids
in_ids(struct in *in, size_t max)
{
	struct ids s = {NULL, in_u16(in)};

	if (s.n > max)
		in->bad = true;
	s.p = in_take(in, 8 * s.n);
	if (s.p == NULL)
		s.n = 0;
	return s;
}

/* --- writing ---------------------------------------------------------------------------- */

struct out {
	char *p, *end;
	bool bad;
};

static void
out_bytes(struct out *o, const void *p, size_t n)
{
	if (o->bad || (size_t)(o->end - o->p) < n) {
		o->bad = true;
		return;
	}
	if (n > 0)
		memcpy(o->p, p, n);
	o->p += n;
}

static void
out_counted(struct out *o, const void *p, size_t n, size_t size, size_t max)
{
	uint16_t count = (uint16_t)n;

	if (n > max || n > UINT16_MAX) {
		o->bad = true;
		return;
	}
	out_bytes(o, &count, sizeof(count));
	out_bytes(o, p, n * size);
}

static void
out_header(char *buf, size_t len, unsigned type)
{
	uint32_t l = (uint32_t)len;
	uint16_t t[2] = {(uint16_t)type, 0};

	memcpy(buf, &l, 4);
	memcpy(buf + 4, t, 4);
}

#define GET_U8(f, max) m->f = in_u8(&in);
#define GET_U16(f, max) m->f = in_u16(&in);
#define GET_U32(f, max) m->f = in_u32(&in);
#define GET_U64(f, max) m->f = in_u64(&in);
#define GET_STR(f, max) m->f = in_str(&in, max);
#define GET_IDS(f, max) m->f = in_ids(&in, max);
#define GET(type, f, max) GET_##type(f, max)
#define PUT_U8(f, max) out_bytes(&o, &m->f, 1);
#define PUT_U16(f, max) out_bytes(&o, &m->f, 2);
#define PUT_U32(f, max) out_bytes(&o, &m->f, 4);
#define PUT_U64(f, max) out_bytes(&o, &m->f, 8);
#define PUT_STR(f, max) out_counted(&o, m->f.p, m->f.n, 1, max);
#define PUT_IDS(f, max) out_counted(&o, m->f.p, m->f.n, 8, max);
#define PUT(type, f, max) PUT_##type(f, max)

#define IPC_MSG(name, id, from, to, fds, FIELDS) \
	bool m_##name##_get(const void *frame, size_t len, struct m_##name *m) \
	{ \
		struct in in = {(const char *)frame + IPC_HDR, (const char *)frame + len, false}; \
		FIELDS(GET) \
		return !in.bad && in.p == in.end && ipc_type(frame) == (id); \
	} \
	size_t m_##name##_put(void *buf, size_t cap, const struct m_##name *m) \
	{ \
		struct out o = {(char *)buf + IPC_HDR, (char *)buf + MIN(cap, IPC_FRAME_MAX), \
				cap < IPC_HDR}; \
		FIELDS(PUT) \
		if (o.bad) \
			return 0; \
		out_header(buf, (size_t)(o.p - (char *)buf), id); \
		return (size_t)(o.p - (char *)buf); \
	}
#include "ipc/msgs.def"
#undef IPC_MSG

bool
ev_head_get(const void *frame, size_t len, struct ev_head *h)
{
	struct in in = {(const char *)frame + IPC_HDR, (const char *)frame + len, false};

	h->seq = in_u64(&in);
	h->serial = in_u64(&in);
	h->at = in_u64(&in);
	h->origin = in_u32(&in);
	return !in.bad;
}

unsigned
ipc_type(const void *frame)
{
	uint16_t t;

	memcpy(&t, (const char *)frame + 4, 2);
	return t;
}

ssize_t
ipc_frame(const void *p, size_t n)
{
	uint32_t len;
	uint16_t zero;

	if (n < IPC_HDR)
		return 0;
	memcpy(&len, p, 4);
	memcpy(&zero, (const char *)p + 6, 2);
	if (len < IPC_HDR || len > IPC_FRAME_MAX || zero != 0)
		return -1;
	return len <= n ? (ssize_t)len : 0;
}

bool
ipc_next(struct str *rest, struct str *frame_r)
{
	ssize_t n = ipc_frame(rest->p, rest->n);

	if (n <= 0)
		return false;
	*frame_r = (struct str){rest->p, (size_t)n};
	rest->p += n;
	rest->n -= (size_t)n;
	return true;
}

/* --- the table ----------------------------------------------------------------------------- */

enum { FDS_MANY = -1 };
#define BIT(role) (1u << ROLE_##role)
#define ROLE_SET_MASTER BIT(MASTER)
#define ROLE_SET_WORKER BIT(WORKER)
#define ROLE_SET_BROKER BIT(BROKER)
#define ROLE_SET_CONTROL BIT(CONTROL)
#define ROLE_SET_AUTH BIT(AUTH)
#define ROLE_SET_STORE BIT(STORE)
#define ROLE_SET_WEB BIT(WEB)
#define ROLE_SET_TLS BIT(TLS)
#define ROLE_SET_STAGE (BIT(WORKER) | BIT(WEB) | BIT(TLS))
#define ROLE_SET_SHOWS (BIT(CONTROL) | BIT(WEB))
#define ROLE_SET_ANY \
	(BIT(WORKER) | BIT(BROKER) | BIT(CONTROL) | BIT(AUTH) | BIT(STORE) | BIT(WEB) | BIT(TLS))
#define ROLE_SET_SUB (BIT(WORKER) | BIT(CONTROL) | BIT(STORE) | BIT(WEB))

static const struct row {
	const char *name;
	uint16_t type, from, to;
	int fds;
} rows[] = {
#define IPC_MSG(name, id, from, to, fds, FIELDS) {#name, id, ROLE_SET_##from, ROLE_SET_##to, fds},
#include "ipc/msgs.def"
#undef IPC_MSG
};

static const struct row *
row_of(unsigned type)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (rows[i].type == type)
			return &rows[i];
	}
	return NULL;
}

bool
ipc_allowed(unsigned type, unsigned from, unsigned to)
{
	const struct row *r = row_of(type);

	return r != NULL && (r->from & (1u << from)) && (r->to & (1u << to));
}

int
ipc_fds(unsigned type)
{
	const struct row *r = row_of(type);

	return r == NULL ? 0 : r->fds;
}

const char *
ipc_name(unsigned type)
{
	const struct row *r = row_of(type);

	return r == NULL ? "?" : r->name;
}

unsigned
ipc_nth(unsigned k)
{
	return k < ARRAY_LEN(rows) ? rows[k].type : 0;
}

const char *
role_name(unsigned role)
{
	static const char *const names[ROLE_COUNT] = {"master", "worker", "broker", "control",
						      "auth",   "store",  "web",    "tls"};

	return role < ROLE_COUNT ? names[role] : NULL;
}

const char *
protocol_name(unsigned protocol)
{
	static const char *const names[PROTO_COUNT] = {"telnet", "irc", "web"};

	return protocol < PROTO_COUNT ? names[protocol] : NULL;
}

bool
protocol_built(unsigned protocol)
{
#ifdef HAVE_WEB
	return protocol < PROTO_COUNT;
#else
	return protocol < PROTO_COUNT && protocol != PROTO_WEB;
#endif
}

bool
tls_built(void)
{
#ifdef HAVE_OPENSSL
	return true;
#else
	return false;
#endif
}

const char *
tls_version_name(unsigned version)
{
	switch (version) {
	case 0x0303:
		return "TLSv1.2";
	case 0x0304:
		return "TLSv1.3";
	default:
		return NULL;
	}
}

const char *
tls_cipher_name(unsigned cipher)
{
	static const struct {
		uint16_t number;
		const char *name;
	} names[] = {
	    {0x1301, "TLS_AES_128_GCM_SHA256"},
	    {0x1302, "TLS_AES_256_GCM_SHA384"},
	    {0x1303, "TLS_CHACHA20_POLY1305_SHA256"},
	    {0xc02b, "ECDHE_ECDSA_AES_128_GCM_SHA256"},
	    {0xc02c, "ECDHE_ECDSA_AES_256_GCM_SHA384"},
	    {0xc02f, "ECDHE_RSA_AES_128_GCM_SHA256"},
	    {0xc030, "ECDHE_RSA_AES_256_GCM_SHA384"},
	    {0xcca8, "ECDHE_RSA_CHACHA20_POLY1305_SHA256"},
	    {0xcca9, "ECDHE_ECDSA_CHACHA20_POLY1305_SHA256"},
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (names[i].number == cipher)
			return names[i].name;
	}
	return NULL;
}

char *
cert_hex(const uint8_t sum[32], char out[CERT_MAX + 1])
{
	for (unsigned i = 0; i < 32; i++)
		bprintf(out + 2 * i, 3, "%02x", sum[i]);
	return out;
}

void
cert_proof(const uint8_t key[16], uint64_t conn, const char hex[CERT_MAX], uint8_t out[CERT_PROOF])
{
	struct {
		uint64_t conn;
		char hex[CERT_MAX];
	} what = {.conn = conn};

	_Static_assert(CERT_PROOF == 16, "a proof is a hash");
	memcpy(what.hex, hex, sizeof(what.hex));
	siphash128(&what, sizeof(what), key, out);
}

/* --- errors that people are told ------------------------------------------------------------- */

static const struct {
	const char *text;
	int irc, ctl;
	enum chat_err_about about;
} errs[ERR_COUNT] = {
    [ERR_NONE] = {"done", 0, CTL_OK, ERR_ABOUT_NOTHING},
#define CHAT_ERR(code, irc, ctl, about, text) [ERR_##code] = {text, irc, ctl, ERR_ABOUT_##about},
#include "ipc/chat_err.def"
#undef CHAT_ERR
};

const char *
chat_err_text(unsigned err, const char *arg, size_t arg_len, char *out, size_t cap)
{
	const char *text = errs[err < ERR_COUNT ? err : ERR_INTERNAL].text;
	const char *hole = strstr(text, "%s");

	if (hole == NULL)
		bprintf(out, cap, "%s", text);
	else if (arg_len == 0 && hole - text > 2 && strcmp(hole - 2, ": %s") == 0)
		bprintf(out, cap, "%.*s", (int)(hole - text) - 2, text);
	else
		bprintf(out, cap, "%.*s%.*s%s", (int)(hole - text), text, (int)arg_len, arg,
			hole + 2);
	return out;
}

const char *
refused_text(const struct m_e_refused *e, char *out, size_t cap)
{
	size_t n = strlen(chat_err_text(e->code, e->arg.p, e->arg.n, out, cap));

	bprintf(out + n, cap - n, STR_FMT, STR_ARG(e->more));
	return out;
}

int
chat_err_irc(unsigned err)
{
	return errs[err < ERR_COUNT ? err : ERR_INTERNAL].irc;
}

enum chat_err_about
chat_err_about(unsigned err)
{
	return errs[err < ERR_COUNT ? err : ERR_INTERNAL].about;
}

int
chat_err_ctl(unsigned err)
{
	return errs[err < ERR_COUNT ? err : ERR_INTERNAL].ctl;
}

bool
chat_err_passes(unsigned err)
{
	return chat_err_ctl(err) == CTL_UNAVAILABLE || err == ERR_STORE_AWAY ||
	       err == ERR_NO_ANSWER;
}

/* --- lists of modes: u8 op, u8 on (or u16 code), u8 length, the argument; of rooms: u64 id, u8 flags ---------------- */

static size_t
item_put(char *buf, size_t n, size_t cap, const uint8_t *head, size_t nhead, struct str arg)
{
	uint8_t len = (uint8_t)arg.n;

	if (arg.n > MASK_MAX || n + nhead + 1 + arg.n > cap)
		return 0;
	memcpy(buf + n, head, nhead);
	memcpy(buf + n + nhead, &len, 1);
	if (arg.n > 0)
		memcpy(buf + n + nhead + 1, arg.p, arg.n);
	return n + nhead + 1 + arg.n;
}

static bool
item_next(struct str *rest, uint8_t *head, size_t nhead, struct str *arg)
{
	size_t len;

	if (rest->n < nhead + 1)
		return false;
	len = (uint8_t)rest->p[nhead];
	if (len > MASK_MAX || rest->n < nhead + 1 + len)
		return false;
	memcpy(head, rest->p, nhead);
	*arg = (struct str){rest->p + nhead + 1, len};
	*rest = (struct str){rest->p + nhead + 1 + len, rest->n - nhead - 1 - len};
	return true;
}

const char *
mode_word(unsigned op)
{
	static const char *const words[MODE_COUNT] = {
	    [MODE_OP] = "op",
	    [MODE_HALFOP] = "halfop",
	    [MODE_VOICE] = "voice",
	    [MODE_BAN] = "ban",
	    [MODE_MUTE] = "mute",
	    [MODE_EXCEPT] = "except",
	    [MODE_INVEX] = "invite-except",
	    [MODE_KEY] = "key",
	    [MODE_LIMIT] = "limit",
	    [MODE_INVITE_ONLY] = "invite-only",
	    [MODE_MODERATED] = "moderated",
	    [MODE_PRIVATE] = "private",
	    [MODE_TOPIC_LOCK] = "topic-lock",
	    [MODE_NO_OUTSIDE] = "no-outside",
	    [MODE_NO_CTCP] = "no-ctcp",
	    [MODE_REG_JOIN] = "registered-join",
	    [MODE_REG_SAY] = "registered-say",
	};

	return words[op];
}

size_t
mode_put(char *buf, size_t n, size_t cap, const struct mode_change *m)
{
	const uint8_t head[2] = {m->op, m->on};

	return item_put(buf, n, cap, head, sizeof(head), m->arg);
}

size_t
refusal_put(char *buf, size_t n, size_t cap, const struct mode_refusal *m)
{
	const uint8_t head[3] = {m->op, (uint8_t)(m->code >> 8), (uint8_t)m->code};

	return item_put(buf, n, cap, head, sizeof(head), m->arg);
}

bool
mode_next(struct str *rest, struct mode_change *m)
{
	uint8_t head[2];

	if (!item_next(rest, head, sizeof(head), &m->arg) || head[0] >= MODE_COUNT || head[1] > 1)
		return false;
	m->op = head[0];
	m->on = head[1];
	return true;
}

size_t
attach_room_put(char *buf, size_t n, size_t cap, const struct attach_room *m)
{
	uint8_t head[9];

	memcpy(head, &m->room, 8);
	head[8] = m->flags;
	return item_put(buf, n, cap, head, sizeof(head), m->name);
}

bool
attach_room_next(struct str *rest, struct attach_room *m)
{
	uint8_t head[9];

	if (!item_next(rest, head, sizeof(head), &m->name))
		return false;
	memcpy(&m->room, head, 8);
	m->flags = head[8];
	return true;
}

bool
refusal_next(struct str *rest, struct mode_refusal *m)
{
	uint8_t head[3];

	if (!item_next(rest, head, sizeof(head), &m->arg) || head[0] >= MODE_COUNT)
		return false;
	m->op = head[0];
	m->code = (uint16_t)(head[1] << 8 | head[2]);
	return m->code < ERR_COUNT;
}
