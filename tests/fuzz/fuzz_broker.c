/* fuzz_broker.c - a hostile worker, or chatd-web: whatever it asks for, the broker lives, keeps its tables whole,
 * and lets nobody speak for another worker's client.
 *
 * The input is a script: each step one byte that says who and when passwords are answered for, one that
 * says what, then what it needs. Most steps make a well-formed request with odd contents from the
 * input, for a real or a wrong user; some send raw bytes as a frame.
 */
#include "config.h"

#include <string.h>
#include <sys/socket.h>

#include "broker/account.h"
#include "broker/auth.h"
#include "broker/job.h"
#include "broker/keep.h"
#include "broker/store.h"
#include "broker/upload.h"
#include "fuzz.h"
#include "ipc/file.h"
#include "ipc/proc.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/util.h"
#include "script.h"
#include "world.h"

/* One of few names, so that requests meet; sometimes anything. */
static struct str
name(struct script *s)
{
	static const char *const names[] = {"alice",  "bob",   "Carol", "d\xc3\xa4ve", "den",
					    "Den",    "*",     "a*",    "10.0.0.0/8",  "~a:*",
					    "~m:bob", "*!x@*", "~r:a?b"};
	unsigned k = byte(s);

	return k < 200 ? str_of(names[k % ARRAY_LEN(names)]) : some(s, NAME_BYTES_MAX);
}

static struct str
tags(struct script *s)
{
	unsigned k = byte(s);

	return k < 200 ? STR_LIT("") : k < 220 ? STR_LIT("+typing=active") : some(s, 300);
}

/* Up to four changes, now and then cut short. */
static struct str
changes(struct script *s)
{
	static char buf[MODES_BYTES_MAX];
	size_t n = 0, more;

	for (unsigned k = byte(s) % 4 + 1; k > 0; k--) {
		struct mode_change m = {.op = (uint8_t)(byte(s) % (MODE_COUNT + (byte(s) > 250))),
					.on = byte(s) % 2};

		m.arg = byte(s) % 2 ? name(s) : some(s, MASK_MAX);
		more = mode_put(buf, n, sizeof(buf), &m);
		n = more > 0 ? more : n;
	}
	return (struct str){buf, byte(s) < 250 ? n : n / 2};
}

/* What r_room sets. */
static struct str
setting(struct script *s)
{
	static const char *const words[] = {"op", "halfop", "voice",  "",
					    "on", "off",    "days 3", "rows 9"};
	unsigned k = byte(s);

	return k < 220 ? str_of(words[k % ARRAY_LEN(words)]) : some(s, 40);
}

static uint64_t users[8];

static uint64_t
user(struct script *s)
{
	unsigned k = byte(s);

	return k < 240 ? users[k % ARRAY_LEN(users)] : (uint64_t)k << (k % 56);
}

/* One of its sessions, as a rule. */
static uint64_t
conn(struct script *s, uint64_t id)
{
	const struct reg_user *u = regw_user(&br.reg, id);
	struct session at = {0};

	for (unsigned k = byte(s) % 6; u != NULL && k > 0; k--) {
		if (!session_next(u, &at))
			break;
	}
	return at.conn;
}

static uint64_t
room(struct script *s)
{
	const struct reg_room *r = room_find(name(s));

	return r != NULL ? r->id : byte(s);
}

/* The name of an operator block, as a rule. */
static struct str
block(struct script *s)
{
	unsigned k = byte(s);

	return k < 120 ? STR_LIT("root") : k < 200 ? STR_LIT("op") : name(s);
}

#define MAKE(name_, ...) \
	do { \
		struct m_r_##name_ m_ = {.serial = world_serial(sub), __VA_ARGS__}; \
		n = m_r_##name_##_put(frame, sizeof(frame), &m_); \
	} while (0)

static char frame[IPC_FRAME_MAX];

static size_t
raw(struct script *s, unsigned sub)
{
	struct str v = some(s, 600);
	uint32_t len = (uint32_t)(IPC_HDR + 8 + v.n);
	uint64_t serial = world_serial(sub) + byte(s) % 2;
	uint16_t type[2] = {(uint16_t)(0x300 | byte(s)), 0};

	memcpy(frame, &len, 4);
	memcpy(frame + 4, type, 4);
	memcpy(frame + IPC_HDR, &serial, 8);
	memcpy(frame + IPC_HDR + 8, v.p, v.n);
	return len;
}

/* Of somebody who has logged in, or says so. */
static size_t
login(struct script *s, unsigned sub)
{
	static const char *const names[] = {"alice", "bob"};
	unsigned k = byte(s);
	const char *account = names[k % 2];
	uint64_t conn_id = byte(s) + 1u, id = k % 2 + 1u;
	char token[AUTH_TOKEN];
	size_t n;

	token_make(100 + sub, conn_id, id, str_of(account), (uint8_t *)token);
	token[0] ^= (char)(k > 240);
	MAKE(login, .conn = conn_id, .protocol = k / 2 % 2, .name = name(s),
	     .address = STR_LIT("10.0.0.1"), .account = str_of(account), .account_id = id,
	     .token = (struct str){token, sizeof(token)});
	return n;
}

/* --- chatd-web ------------------------------------------------------------------------------------------ */

static char last_token[UPLOAD_TOKEN]; /* of the last link */

static void
token_learn(void)
{
	const struct jentry *j = world_last();
	struct m_e_upload e;

	if (ipc_type(j->data) == MSG_e_upload && m_e_upload_get(j->data, j->event_len, &e) &&
	    e.token.n == sizeof(last_token))
		memcpy(last_token, e.token.p, sizeof(last_token));
}

static struct str
token(struct script *s)
{
	return byte(s) < 240 ? (struct str){last_token, sizeof(last_token)} : some(s, UPLOAD_TOKEN);
}

static struct str
facts(struct script *s)
{
	static char packed[FILE_FACTS_MAX];
	struct file_facts f = {
	    .size = byte(s), .flags = (uint8_t)byte(s), .type = STR_LIT("text/plain")};

	if (byte(s) > 240)
		return some(s, FILE_FACTS_MAX);
	upload_file_id((struct str){last_token, sizeof(last_token)}, f.id);
	f.name = byte(s) < 200 ? STR_LIT("a.txt") : some(s, FILE_NAME_MAX);
	if (byte(s) > 240)
		f.type = some(s, FILE_TYPE_MAX);
	return (struct str){packed, file_put(packed, &f)};
}

/* Of the last link's file, or any. */
static struct str
file_id(struct script *s)
{
	static uint8_t id[FILE_ID];

	if (byte(s) % 4 == 0)
		return some(s, FILE_ID);
	upload_file_id((struct str){last_token, sizeof(last_token)}, id);
	return (struct str){(char *)id, sizeof(id)};
}

static size_t
web_request(struct script *s, unsigned sub)
{
	size_t n = 0;

	switch (byte(s) % 6) {
	case 0:
		MAKE(upload, .conn = byte(s), .token = token(s), .size = byte(s),
		     .address = STR_LIT("10.0.0.1"));
		break;
	case 1:
		MAKE(upload, .conn = byte(s), .account = name(s), .password = some(s, PASSWORD_MAX),
		     .address = some(s, 48));
		break;
	case 2:
		MAKE(share, .conn = byte(s), .token = token(s), .file = facts(s), .name = name(s));
		break;
	case 3:
		MAKE(upload_over, .conn = byte(s), .id = file_id(s));
		break;
	case 4:
		MAKE(file, .conn = byte(s), .id = some(s, FILE_ID), .expires = byte(s),
		     .proof = some(s, FILE_PROOF));
		break;
	default:
		MAKE(files, .conn = byte(s), .ids = some(s, FILE_IDS_MAX));
	}
	return n;
}

static size_t
request(struct script *s, unsigned sub)
{
	uint64_t id;
	size_t n = 0;

	if (sub == SUB_WEB && byte(s) < 250)
		return web_request(s, sub);
	switch (byte(s) % 34) {
	case 0:
	case 1:
		MAKE(login, .conn = byte(s), .protocol = byte(s) % 4, .name = name(s),
		     .address = some(s, 48), .ident = some(s, IDENT_MAX),
		     .real = some(s, REALNAME_MAX));
		break;
	case 2:
		id = user(s);
		MAKE(quit, .user = id, .conn = conn(s, id), .reason = some(s, REASON_MAX));
		break;
	case 3:
		id = user(s);
		MAKE(nick, .user = id, .conn = conn(s, id), .name = name(s));
		break;
	case 4:
	case 5:
		MAKE(join, .user = user(s), .room = name(s), .key = some(s, ROOM_KEY_MAX));
		break;
	case 6:
		MAKE(part, .user = user(s), .room = name(s), .reason = some(s, REASON_MAX));
		break;
	case 7:
	case 16:
		MAKE(say, .user = user(s), .room = byte(s) % 2 ? room(s) : 0, .name = name(s),
		     .kind = (uint8_t)(byte(s) % (MSG_KINDS + 1)), .rank = byte(s) % 10,
		     .tags = tags(s), .text = some(s, 2000));
		break;
	case 8:
		MAKE(dm, .user = user(s), .kind = (uint8_t)(byte(s) % (MSG_KINDS + 1)),
		     .to = name(s), .tags = tags(s), .text = some(s, 2000));
		break;
	case 9:
		MAKE(topic, .user = user(s), .room = name(s), .text = some(s, TOPIC_MAX));
		break;
	case 10:
		MAKE(kick, .user = user(s), .room = name(s), .target = name(s),
		     .reason = some(s, REASON_MAX));
		break;
	case 11:
		MAKE(invite, .user = user(s), .room = name(s), .target = name(s));
		break;
	case 12:
	case 13:
	case 17:
		MAKE(mode, .user = user(s), .room = name(s), .changes = changes(s));
		break;
	case 14:
		MAKE(away, .user = user(s), .text = some(s, REASON_MAX));
		break;
	case 18:
		MAKE(rename, .user = user(s), .room = name(s), .to = name(s),
		     .reason = some(s, REASON_MAX));
		break;
	case 19:
		MAKE(umode, .user = user(s), .set = byte(s), .clear = byte(s));
		break;
	case 20:
		MAKE(setname, .user = user(s), .real = some(s, REALNAME_MAX));
		break;
	case 21:
		MAKE(meta, .user = user(s), .on = byte(s) % 2,
		     .room = byte(s) % 2 ? name(s) : STR_LIT(""),
		     .name = byte(s) % 2 ? name(s) : STR_LIT(""), .key = some(s, META_KEY_MAX),
		     .value = some(s, META_VALUE_MAX));
		break;
	case 22:
		MAKE(redact, .user = user(s), .msg = br.j.seq - byte(s) % 8,
		     .room = byte(s) % 2 ? name(s) : STR_LIT(""), .name = name(s),
		     .reason = some(s, REASON_MAX));
		break;
	case 23:
	case 24:
		MAKE(oper, .user = user(s), .name = block(s), .password = some(s, PASSWORD_MAX));
		break;
	case 25:
		MAKE(oper_do, .user = user(s), .act = (uint8_t)(byte(s) % (OPER_ACTS + 1)),
		     .target = name(s), .text = some(s, 300));
		break;
	case 27:
		n = login(s, sub);
		break;
	case 26:
		MAKE(follow, .on = byte(s) % 3);
		break;
	case 28:
	case 29:
		MAKE(room, .user = user(s), .op = (uint8_t)(byte(s) % (ROOM_OPS + 1)),
		     .room = name(s), .name = name(s), .text = setting(s));
		break;
	case 30:
		MAKE(query, .user = user(s), .kind = (uint8_t)(byte(s) % (QUERY_KINDS + 1)),
		     .flags = byte(s) % 4, .room = byte(s) % 2 ? name(s) : STR_LIT(""),
		     .name = byte(s) % 2 ? name(s) : STR_LIT(""), .limit = byte(s));
		break;
	case 31:
		MAKE(mark, .user = user(s), .room = byte(s) % 2 ? name(s) : STR_LIT(""),
		     .name = name(s), .when = byte(s));
		break;
	case 32:
		MAKE(edit, .user = user(s), .msg = br.j.seq - byte(s) % 8,
		     .room = byte(s) % 2 ? name(s) : STR_LIT(""), .name = name(s),
		     .text = some(s, 300));
		break;
	case 33:
		MAKE(upload_link, .user = user(s), .to_room = byte(s) % 2, .target = name(s));
		break;
	default:
		if (sub == SUB_CONTROL)
			MAKE(admin, .op = (uint8_t)(byte(s) % 12), .level = (uint8_t)(byte(s) % 4),
			     .target = name(s), .arg = some(s, 300), .until = byte(s) ? 0 : 1);
		else
			n = raw(s, sub);
	}
	return n;
}

/* --- the process that checks passwords ----------------------------------------------------------- */

static int auth_fd; /* its end */

static void
auth_begin(void)
{
	const struct operator_block root = {STR_LIT("root"), STR_LIT("$hash"), STR_LIT(""),
					    STR_LIT(""), LEVEL_ADMIN},
				    op = {STR_LIT("op"), STR_LIT("$hash"), STR_LIT("*!*@10.*"),
					  STR_LIT("alice"), LEVEL_OPERATE};
	int fds[2];

	CHECK(operator_add(proc.opt.operators, sizeof(proc.opt.operators), &root));
	CHECK(operator_add(proc.opt.operators, sizeof(proc.opt.operators), &op));
	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0);
	auth_fd = fds[1];
	auth_attach(0, 7, fds[0]);
}

/* All that it has been asked is answered, and that is delivered. */
static void
auth_answers(bool ok)
{
	static char in[IPC_FRAME_MAX];
	ssize_t n = recv(auth_fd, in, sizeof(in), MSG_DONTWAIT), len;
	char out[64];

	for (ssize_t at = 0; at < n; at += len) {
		struct m_a_result result = {.ok = ok};
		struct m_a_check check;

		len = ipc_frame(in + at, (size_t)(n - at));
		CHECK(len > 0 && m_a_check_get(in + at, (size_t)len, &check));
		result.ticket = check.ticket;
		len =
		    send(auth_fd, out, m_a_result_put(out, sizeof(out), &result), 0) > 0 ? len : 0;
	}
	loop_turn(proc.loop, 0);
	auth_resume();
}

/* --- the store, which tells what it has kept ------------------------------------------------------------ */

#define SAY(name_, ...) \
	do { \
		struct m_s_##name_ m_ = {__VA_ARGS__}; \
		store_take(frame, m_s_##name_##_put(frame, sizeof(frame), &m_)); \
	} while (0)

static void
store_says(struct script *s)
{
	switch (byte(s) % 4) {
	case 0:
		SAY(room, .born = byte(s), .founder = byte(s) % 3, .modes = byte(s),
		    .flags = byte(s) % 4, .key = some(s, 16), .name = name(s),
		    .topic = some(s, TOPIC_MAX));
		break;
	case 1:
		SAY(list, .op = (uint8_t)(byte(s) % (LIST_ACCESS + 2)), .mask = name(s),
		    .reason = setting(s), .until = byte(s));
		break;
	case 2:
		SAY(restored, .secret = some(s, 16));
		break;
	default:
		access_account_gone(byte(s) % 3, name(s));
	}
}

/* Who is here now, for the next steps. */
static void
look_around(void)
{
	memset(users, 0, sizeof(users));
	for (uint32_t i = 0; i < ARRAY_LEN(users); i++)
		users[i] = br.reg.users[i].id;
}

static void
step(struct script *s)
{
	static const unsigned subs_used[] = {0, 1, 2, SUB_CONTROL};
	unsigned k = byte(s), sub = subs_used[k % ARRAY_LEN(subs_used)];
	uint64_t seq = br.j.seq, serial;
	size_t n;

	if ((k & 0x0c) == 0x0c)
		sub = SUB_WEB;
	n = (k & 0x30) == 0x30 ? 0 : request(s, sub);
	serial = world_serial(sub);

	if (n == 0) {
		store_says(s);
		return;
	}
	/* taken: one entry, behind those that make way for it; a mistake: none */
	if (world_decide(sub, frame, n))
		CHECK(br.j.seq > seq && world_serial(sub) == serial + 1);
	else
		CHECK(br.j.seq == seq);
	if (k & 0x80)
		auth_answers(k & 0x40);
	reap_some();
	jobs_resume();
	look_around();
	token_learn();
}

/* The world is made once; each script ends with everybody gone and every list empty, which is the
 * state it began in but for generations and serials. */
static void
clean_up(void)
{
	auth_answers(false);
	for (uint32_t i = 0; i < br.reg.h->max_users; i++)
		reap_add(br.reg.users[i].id, 0, QUIT_LEFT, "", "");
	while (reap_some() != REAP_DONE)
		;
	for (uint32_t i = 0; i < br.reg.h->max_rooms; i++) {
		if (br.reg.rooms[i].id != 0)
			room_unregister(&br.reg.rooms[i], 0);
	}
	jobs_fini();
	br.now = UINT64_MAX / 2;
	while (br.server.nlists > 0) {
		const struct reg_list *l = &br.reg.lists[br.server.lists[0]];
		struct m_e_ok m = {0};

		entry_begin(&req_nobody);
		list_del_redo(l);
		EVENT_HEAD(&req_nobody, m);
		ENTRY_COMMIT(ok, &m);
		list_del_done(&br.server, l);
	}
	br.nchats = 0;
	CHECK(br.reg.h->nusers == 0 && br.reg.h->nrooms == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct world w;
	static unsigned runs;
	struct script s = {data, data + size};

	if (w.reg == NULL) {
		log_level = -1;
		world_init(&w, 8, 1u << 20);
		auth_begin();
		proc.opt.store_enabled = 1; /* which is away, but for what it tells */
		CHECK(account_made(STR_LIT("alice"), 1, 0, 0) &&
		      account_made(STR_LIT("bob"), 2, 0, 0));
	}
	br.now = 1000000;
	look_around();
	for (int i = 0; i < 64 && s.p < s.end; i++)
		step(&s);
	/* the whole scan is dear: now and then, and always when replaying few inputs */
	if (runs++ % 256 == 0 || size > 200)
		world_verify();
	clean_up();
	return 0;
}
