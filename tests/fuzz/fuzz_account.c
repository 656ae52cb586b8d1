/* fuzz_account.c - a hostile worker asks for accounts, and store and auth answer whatever they like, late, or never.
 *
 * The input is a script. The broker lives, its tables stay whole, every request ends in an entry or is a peer's mistake,
 * and nobody is logged in to an account that is not there.
 */
#include "config.h"

#include <sys/socket.h>
#include <unistd.h>

#include "broker/account.h"
#include "broker/auth.h"
#include "broker/exchange.h"
#include "broker/guess.h"
#include "broker/job.h"
#include "broker/look.h"
#include "broker/subs.h"
#include "fuzz.h"
#include "ipc/proc.h"
#include "ipc/store.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/util.h"
#include "script.h"
#include "world.h"

#define STORE_INC 900

static struct str
name(struct script *s)
{
	static const char *const names[] = {"alice", "Bob", "carol", "ALICE", "d\xc3\xa4ve", ""};
	unsigned k = byte(s);

	return k < 220 ? str_of(names[k % ARRAY_LEN(names)]) : some(s, NAME_BYTES_MAX);
}

static struct str
secret(struct script *s, size_t max)
{
	return byte(s) < 200 ? STR_LIT("correct horse") : some(s, max);
}

static uint64_t users[8];
static uint32_t ticket; /* of the last exchange that has begun */

/* Somebody who is here, nobody, or who was once. */
static uint64_t
user(struct script *s)
{
	unsigned k = byte(s);

	if (k < 150)
		return users[k < 90 ? 0 : k % ARRAY_LEN(users)];
	return k < 230 ? 0 : k;
}

/* --- those who are asked ------------------------------------------------------------------------------- */

static int store_fd = -1, auth_fd = -1;
static char out[IPC_FRAME_MAX];

static void
pump(void)
{
	subs_pump();
	loop_turn(proc.loop, 0);
	subs_resume();
	auth_resume();
	jobs_resume();
	subs_pump();
}

static void
store_dies(void)
{
	if (store_fd < 0)
		return;
	close(store_fd);
	store_fd = -1;
	sub_gone(SUB_STORE, STORE_INC);
}

static void
store_begins(void)
{
	struct m_sub_hello h = {.version = IPC_VERSION, .inc = STORE_INC, .seq = br.j.seq};
	size_t n = m_sub_hello_put(out, sizeof(out), &h);
	int fds[2];

	if (store_fd >= 0)
		return;
	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0);
	sub_attach(SUB_STORE, STORE_INC, fds[0]);
	store_fd = fds[1];
	CHECK(send(store_fd, out, n, 0) == (ssize_t)n);
	pump();
}

static void
auth_dies(void)
{
	if (auth_fd < 0)
		return;
	close(auth_fd);
	auth_fd = -1;
	auth_gone(0, 7);
}

static void
auth_begins(void)
{
	int fds[2];

	if (auth_fd >= 0)
		return;
	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0);
	auth_attach(0, 7, fds[0]);
	auth_fd = fds[1];
}

/* What the store says to this; 0: nothing, it is an event. */
static size_t
store_answer(struct script *s, const char *frame, size_t len)
{
	struct m_s_lookup lookup;
	struct m_s_account account;

	if (ipc_type(frame) == MSG_s_lookup && m_s_lookup_get(frame, len, &lookup)) {
		const struct reg_account *a = account_named(lookup.name);
		struct m_s_found m = {.ticket = lookup.ticket,
				      .id = a != NULL && byte(s) < 250 ? a->id : byte(s) % 8,
				      .name = lookup.name.n > 0 ? lookup.name : name(s),
				      .hash = STR_LIT("$hash"),
				      .scram = byte(s) % 2 ? STR_LIT("verifier") : STR_LIT("")};

		return m_s_found_put(out, sizeof(out), &m);
	}
	if (ipc_type(frame) == MSG_s_account && m_s_account_get(frame, len, &account)) {
		struct m_s_done m = {.ticket = account.ticket,
				     .code = byte(s) < 220 ? 0 : (uint16_t)byte(s),
				     .id = account.id != 0 ? account.id : byte(s) % 8,
				     .text = some(s, 40)};

		return m_s_done_put(out, sizeof(out), &m);
	}
	return 0;
}

static size_t
auth_answer(struct script *s, const char *frame, size_t len)
{
	struct m_a_check check;
	struct m_a_hash hash;
	struct m_a_scram scram;
	bool ok = byte(s) < 200;

	if (m_a_check_get(frame, len, &check)) {
		struct m_a_result m = {
		    .ticket = check.ticket, .ok = ok, .stale = ok && check.ticket % 2};

		return m_a_result_put(out, sizeof(out), &m);
	}
	if (ipc_type(frame) == MSG_a_hash && m_a_hash_get(frame, len, &hash)) {
		struct m_a_hashed m = {
		    .ticket = hash.ticket, .ok = ok, .hash = some(s, PWHASH_MAX)};

		return m_a_hashed_put(out, sizeof(out), &m);
	}
	CHECK(m_a_scram_get(frame, len, &scram));
	return m_a_scrammed_put(out, sizeof(out),
				&(struct m_a_scrammed){.ticket = scram.ticket,
						       .ok = ok,
						       .text = some(s, AUTH_SECRET_MAX)});
}

/* All that one of them has been asked is answered. */
static void
answer_all(struct script *s, int fd, size_t answer(struct script *s, const char *frame, size_t len))
{
	static char in[8u << 20];
	ssize_t n, len;
	size_t more;

	pump();
	if (fd < 0)
		return;
	n = recv(fd, in, sizeof(in), MSG_DONTWAIT);
	for (ssize_t at = 0; at < n; at += len) {
		len = ipc_frame(in + at, (size_t)(n - at));
		CHECK(len > 0);
		more = answer(s, in + at, (size_t)len);
		if (more > 0)
			CHECK(send(fd, out, more, 0) == (ssize_t)more);
	}
	pump();
}

/* --- requests ------------------------------------------------------------------------------------------------ */

static char frame[IPC_FRAME_MAX];

#define MAKE(name_, ...) \
	do { \
		struct m_r_##name_ m_ = {.serial = world_serial(sub), __VA_ARGS__}; \
		n = m_r_##name_##_put(frame, sizeof(frame), &m_); \
	} while (0)

static size_t
request(struct script *s, unsigned sub, uint64_t id)
{
	size_t n = 0;

	switch (byte(s) % 8) {
	case 0:
		MAKE(login, .conn = byte(s) + 1u, .name = name(s), .address = STR_LIT("10.0.0.1"),
		     .account = byte(s) < 200 ? STR_LIT("") : name(s), .account_id = byte(s) % 8,
		     .token = some(s, AUTH_TOKEN));
		break;
	case 1:
		MAKE(nick, .user = id, .name = name(s));
		break;
	case 2:
	case 3:
		/* from many addresses, or soon all are refused */
		MAKE(auth, .user = id, .conn = byte(s) % 4,
		     .mech = (uint8_t)(byte(s) % (AUTH_MECHS + (byte(s) > 250))), .ticket = ticket,
		     .name = name(s), .authzid = byte(s) < 200 ? STR_LIT("") : name(s),
		     .secret = secret(s, AUTH_SECRET_MAX), .address = some(s, 2));
		break;
	case 4:
		MAKE(register, .user = id, .conn = byte(s) % 4, .again = byte(s) > 200,
		     .name = name(s), .email = byte(s) < 200 ? STR_LIT("a@b") : some(s, EMAIL_MAX),
		     .password = secret(s, PASSWORD_MAX), .invite = some(s, INVITE_WORD_MAX),
		     .address = some(s, 2));
		break;
	case 5:
		MAKE(account, .user = id, .op = (uint8_t)(byte(s) % (ACCOUNT_OPS + 1)),
		     .password = secret(s, PASSWORD_MAX), .text = secret(s, PASSWORD_MAX));
		break;
	case 6:
		MAKE(dm, .user = id, .to = name(s), .kind = (uint8_t)(byte(s) % MSG_KINDS),
		     .text = some(s, 100));
		break;
	case 7:
		MAKE(kept, .user = id, .upto = byte(s));
		break;
	}
	return n;
}

/* Of a worker whose client it is, as a rule; and what it waits for comes at once, now and then. */
static void
decide(struct script *s)
{
	uint64_t id = user(s);
	const struct reg_user *u = regw_user(&br.reg, id);
	unsigned k = byte(s), sub = u != NULL && k < 240 ? u->sub : k % 3;
	size_t n = request(s, sub, id);
	uint64_t seq = br.j.seq, serial = world_serial(sub);

	if (n == 0)
		return;
	if (world_decide(sub, frame, n))
		CHECK(br.j.seq > seq && world_serial(sub) == serial + 1);
	else
		CHECK(br.j.seq == seq);
	for (unsigned turns = byte(s) % 4; turns > 0; turns--) {
		answer_all(s, store_fd, store_answer);
		answer_all(s, auth_fd, auth_answer);
	}
}

/* --- what else happens ---------------------------------------------------------------------------------------- */

static void
restore(struct script *s)
{
	struct str list = some(s, 300);

	if (byte(s) % 2) {
		accounts_restore(list);
	} else {
		struct restore_account a = {
		    .id = byte(s) % 8, .flags = byte(s), .kept = byte(s), .name = name(s)};
		char text[128];

		accounts_restore(
		    (struct str){text, restore_account_put(text, 0, sizeof(text), &a)});
	}
}

static void
look_around(void)
{
	const struct jentry *last = world_last();
	struct m_e_challenge m;

	for (uint32_t i = 0; i < ARRAY_LEN(users); i++)
		users[i] = br.reg.users[i].id;
	if (ipc_type(last->data) == MSG_e_challenge &&
	    m_e_challenge_get(last->data, last->event_len, &m))
		ticket = m.ticket;
}

static void
step(struct script *s)
{
	switch (byte(s) % 16) {
	case 0:
		store_dies();
		break;
	case 1:
		auth_dies();
		break;
	case 2:
		store_begins();
		auth_begins();
		break;
	case 3:
		restore(s);
		break;
	case 4:
		account_disabled(name(s), byte(s) > 200);
		break;
	case 5:
		if (byte(s) > 200)
			account_deleted(name(s));
		break;
	case 6:
		br.now += byte(s) * 1000;
		reserve_watch(1);
		break;
	case 7:
	case 8:
	case 9:
		answer_all(s, store_fd, store_answer);
		break;
	case 10:
	case 11:
		answer_all(s, auth_fd, auth_answer);
		break;
	default:
		decide(s);
	}
	pump();
	look_around();
}

/* Nobody is here, nothing is asked, and there is no account: as it began, but for generations and serials. */
static void
clean_up(void)
{
	jobs_fini();
	auth_dies();
	auth_fini();
	store_dies();
	pump();
	for (uint32_t i = 0; i < br.reg.h->max_users; i++)
		reap_add(br.reg.users[i].id, 0, QUIT_LEFT, "", "");
	while (reap_some() != REAP_DONE)
		;
	reserves_fini();
	opers_fini();
	guess_fini();
	exchanges_fini();
	for (uint32_t i = 0; i < br.reg.h->account_top; i++)
		br.reg.accounts[i].id = 0;
	regw_rebuild(&br.reg);
	accounts_rebuild();
	looks_rebuild();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct script s = {data, data + size};
	static struct world w;
	static unsigned runs;
	uint64_t alice;

	if (w.reg == NULL) {
		log_level = -1;
		world_init(&w, 8, 1u << 20);
		proc.opt.store_enabled = 1;
		proc.opt.accounts_mailbox = 3;
	}
	br.now = 1000000;
	store_begins();
	auth_begins();
	account_made(STR_LIT("alice"), 1, 0, 0);
	account_made(STR_LIT("bob"), 2, 0, 0);
	alice = world_login(0, "alice", "10.0.0.2");
	FUZZ_ASSERT(alice != 0); /* nothing is left of the run before */
	account_enter(regw_user(&br.reg, alice), account_named(STR_LIT("alice")), STR_LIT("alice"));
	world_login(1, "guest", "10.0.0.3");
	look_around();
	for (int i = 0; i < 100 && s.p < s.end; i++)
		step(&s);
	if (runs++ % 64 == 0)
		world_verify();
	clean_up();
	return 0;
}
