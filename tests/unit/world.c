/* world.c - see world.h. */
#include "config.h"

#include "world.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "broker/account.h"
#include "broker/auth.h"
#include "broker/exchange.h"
#include "broker/guess.h"
#include "broker/job.h"
#include "broker/keep.h"
#include "broker/look.h"
#include "broker/pace.h"
#include "broker/promise.h"
#include "ipc/proc.h"
#include "lib/loop.h"
#include "lib/util.h"

#define WORLD_ACCOUNTS 3000

struct world world;
bool world_again;

static uint64_t conns;
static uint64_t behind_seq, behind_at; /* what world_behind found last */

static void *
mapped(size_t size, int *fd_r)
{
	void *p;

	*fd_r = memfd_create("test", MFD_CLOEXEC);
	CHECK(*fd_r >= 0 && ftruncate(*fd_r, (off_t)size) == 0);
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, *fd_r, 0);
	CHECK(p != MAP_FAILED);
	return p;
}

static void
derive(void)
{
	derive_all();
	br.greeted = br.recovered = true;
}

static void
forget(void)
{
	for (uint32_t i = 0; br.rooms != NULL && i < br.reg.h->max_rooms; i++) {
		free(br.rooms[i].counts);
		free(br.rooms[i].lists);
	}
	for (uint32_t i = 0; br.masks != NULL && i < br.reg.h->max_lists; i++)
		free(br.masks[i]);
	free(br.masks);
	free(br.list_by);
	free(br.rooms);
	free(br.server.lists);
	free(br.reaps);
	accounts_fini();
	looks_fini();
	paces_fini();
	reserves_fini();
	regw_close(&br.reg);
	memset(&br, 0, sizeof(br));
}

void
world_init(struct world *w, uint32_t users, size_t journal_size)
{
	unsigned replayed;

	if (proc.loop == NULL)
		proc.loop = loop_new();
	options_defaults(&proc.opt);
	auth_await_ms = job_await_ms = 0;
	proc.opt.limits_joins = proc.opt.limits_nicks = proc.opt.limits_invites =
	    proc.opt.limits_targets = 0;
	proc.opt.cloaks_enabled = 0; /* where a test does not want them */
	proc.opt.store_enabled = 0; /* where a test does not want it: events would go there too */
	w->reg_size = registry_layout_size(users, WORLD_ACCOUNTS);
	w->journal_size = journal_size;
	w->reg = mapped(w->reg_size, &w->reg_fd);
	w->journal = mapped(w->journal_size, &w->journal_fd);
	registry_format(w->reg, w->reg_size, users, WORLD_ACCOUNTS);
	journal_format(w->journal, w->journal_size, 1);
	memset(&br, 0, sizeof(br));
	behind_seq = behind_at = 0;
	subs_init();
	CHECK(regw_open(&br.reg, w->reg, w->reg_size) == 0);
	CHECK(journal_open(&br.j, w->journal, w->journal_size, &br.reg, &replayed) == 0);
	derive();
	w->reader = registry_map(dup(w->reg_fd), w->reg_size);
	CHECK(w->reader != NULL);
}

unsigned
world_reopen(struct world *w)
{
	unsigned replayed;

	forget();
	CHECK(regw_open(&br.reg, w->reg, w->reg_size) == 0);
	CHECK(journal_open(&br.j, w->journal, w->journal_size, &br.reg, &replayed) == 0);
	derive();
	return replayed;
}

void
world_fini(struct world *w)
{
	jobs_fini();
	promises_fini();
	opers_fini();
	exchanges_fini();
	guess_fini();
	auth_fini();
	registry_unmap(w->reader);
	forget();
	munmap(w->reg, w->reg_size);
	munmap(w->journal, w->journal_size);
	close(w->reg_fd);
	close(w->journal_fd);
}

void
world_end(struct world *w)
{
	world_verify();
	world_reopen(w);
	world_verify();
	world_fini(w);
}

void
world_setup(void)
{
	world_init(&world, 300, 1u << 20);
}

void
world_teardown(void)
{
	world_end(&world);
}

uint64_t
world_serial(unsigned sub)
{
	const struct reg_sub *s = &br.reg.subs[sub];

	return s->inc == 100 + sub ? s->serial + 1 : 1;
}

bool
world_decide(unsigned sub, const void *frame, size_t len)
{
	struct req r = {.sub = sub, .inc = 100 + sub, .again = world_again};

	memcpy(&r.serial, (const char *)frame + IPC_HDR, sizeof(r.serial));
	return rules_decide(&r, frame, len);
}

uint64_t
world_behind(uint64_t seq)
{
	const struct jentry *e;

	if (behind_seq > seq || behind_at < br.j.h->tail || behind_at == 0) {
		CHECK(journal_find(&br.j, seq, &behind_at));
	} else {
		while ((e = journal_at(&br.j, &behind_at)) != NULL && e->seq <= seq)
			behind_at += e->size;
	}
	behind_seq = seq;
	return behind_at;
}

const struct jentry *
world_last(void)
{
	uint64_t at = world_behind(br.j.seq - 1);

	return journal_at(&br.j, &at);
}

/* The request may be sent; is it done? */
#define DONE(name, ...) \
	({ \
		unsigned type_ = ASK(name, sub, __VA_ARGS__); \
		CHECK(type_ != 0); \
		type_ == MSG_e_##name; \
	})

uint64_t
world_login(unsigned sub, const char *name, const char *address)
{
	if (!DONE(login, .conn = ++conns, .name = S(name), .address = S(address), .port = 4321))
		return 0;
	return user_find(S(name))->id;
}

uint64_t
world_login_irc(unsigned sub, const char *name, const char *address, const char *ident,
		const char *real)
{
	if (!DONE(login, .conn = ++conns, .protocol = PROTO_IRC, .name = S(name),
		  .address = S(address), .ident = S(ident), .real = S(real)))
		return 0;
	return user_find(S(name))->id;
}

bool
world_join(unsigned sub, uint64_t user, const char *room)
{
	return DONE(join, .user = user, .room = S(room));
}

bool
world_part(unsigned sub, uint64_t user, const char *room)
{
	return DONE(part, .user = user, .room = S(room));
}

bool
world_quit(unsigned sub, uint64_t user)
{
	const struct reg_user *u = regw_user(&br.reg, user);

	return DONE(quit, .user = user, .conn = u != NULL ? u->conn : 0, .reason = STR_LIT("bye"));
}

bool
world_nick(unsigned sub, uint64_t user, const char *name)
{
	return DONE(nick, .user = user, .name = S(name));
}

bool
world_say(unsigned sub, uint64_t user, uint64_t room, const char *text)
{
	return DONE(say, .user = user, .room = room, .text = S(text));
}

unsigned
world_refused(void)
{
	return ipc_type(world_last()->data) == MSG_e_refused ? LAST(refused).code : 0;
}

struct reg_user_view
world_user(const struct world *w, const char *name)
{
	struct reg_user_view v;

	CHECK(registry_user_named(w->reader, name, strlen(name), &v) == 1);
	return v;
}

/* --- does everything hang together? ---------------------------------------------------------------- */

static void
verify_room(const struct reg_room *r)
{
	uint32_t counts[WORKERS_MAX] = {0}, n = 0, prev = 0;
	const struct room_cache *c = &br.rooms[r - br.reg.rooms];

	CHECK(r->seq % 2 == 0 && r->version % 2 == 0 && (r->nmembers > 0 || room_is_kept(r)));
	for (uint32_t at = r->first_member; at != 0; at = br.reg.members[at - 1].room_next) {
		const struct reg_member *m = &br.reg.members[at - 1];
		const struct reg_user *u = regw_user(&br.reg, m->user);

		CHECK(m->room == r->id && m->room_prev == prev && u != NULL && n++ < r->nmembers);
		CHECK(regw_member(&br.reg, u, r->id) == m);
		for (struct session s = {0}; session_next(u, &s);)
			counts[s.sub]++;
		prev = at;
	}
	CHECK(n == r->nmembers && r->last_member == prev);
	for (unsigned i = 0; i < WORKERS_MAX; i++) {
		CHECK((c->counts != NULL ? c->counts[i] : 0) == counts[i]);
		CHECK(((c->mask >> i) & 1) == (counts[i] > 0));
	}
	CHECK(regw_room_fold(&br.reg, r->fold, strlen(r->fold)) == r);
}

static uint32_t
verify_user(const struct reg_user *u)
{
	uint32_t n = 0, prev = 0;

	CHECK(u->seq % 2 == 0 && u->version % 2 == 0);
	for (uint32_t at = u->first_member; at != 0; at = br.reg.members[at - 1].user_next) {
		const struct reg_member *m = &br.reg.members[at - 1];

		CHECK(m->user == u->id && m->user_prev == prev &&
		      regw_room(&br.reg, m->room) != NULL && n++ < u->nrooms);
		prev = at;
	}
	CHECK(n == u->nrooms && u->last_member == prev);
	CHECK(regw_user_fold(&br.reg, u->fold, strlen(u->fold)) == u);
	return n;
}

/* Its sessions are its own, and as many as it says. */
static uint32_t
verify_sessions(const struct reg_user *u)
{
	uint32_t n = 0;

	for (uint32_t at = u->sessions; at != 0; at = br.reg.sessions[at - 1].next) {
		const struct reg_session *s = &br.reg.sessions[at - 1];

		CHECK(s->seq % 2 == 0 && s->user == u->id && s->inc != 0 && n++ < u->nsessions);
	}
	CHECK(n == u->nsessions && n < SESSIONS_PER_USER && (u->inc != 0 || n == 0));
	return n;
}

/* Each name has one cell, and no more. */
static uint32_t
cells_used(const uint32_t *cells, uint32_t n)
{
	uint32_t used = 0;

	for (uint32_t i = 0; i < n; i++)
		used += cells[i] != 0 && cells[i] != REG_TOMB;
	return used;
}

/* Every key in its owner's list. */
static uint32_t
metas_listed(void)
{
	uint32_t n = 0;

	for (unsigned room = 0; room < 2; room++) {
		uint32_t top = room ? br.reg.h->max_rooms : br.reg.h->max_users;

		for (uint32_t i = 0; i < top; i++) {
			const struct reg_metas *l =
			    room ? &br.reg.room_metas[i] : &br.reg.user_metas[i];
			uint64_t id = room ? br.reg.rooms[i].id : br.reg.users[i].id;

			CHECK(l->seq % 2 == 0 && l->n <= META_KEYS_MAX);
			for (uint32_t k = 0; id != 0 && l->owner == id && k < l->n; k++, n++) {
				const struct reg_meta *m = &br.reg.metas[l->slot[k]];

				CHECK(m->is_room == room && m->owner == id);
			}
		}
	}
	return n;
}

/* Everybody who is logged in is found by its account. */
static void
verify_accounts(void)
{
	const struct reg_header *h = br.reg.h;
	uint32_t n = 0, in = 0, found = 0;

	for (uint32_t i = 0; i < h->max_users; i++) {
		const struct reg_user *u = &br.reg.users[i];

		in += u->id != 0 && account_named(user_account(u)) != NULL &&
		      account_is_of(account_named(user_account(u)), u);
	}
	for (uint32_t i = 0; i < h->max_accounts; i++) {
		const struct reg_account *a = &br.reg.accounts[i];

		CHECK(a->seq % 2 == 0);
		n += a->id != 0;
		for (const struct reg_user *u = account_first(a); u != NULL; u = account_next(u)) {
			CHECK(u->id != 0 && account_is_of(a, u) && found < in);
			found++;
		}
	}
	CHECK(found == in && h->max_accounts - freelist_left(&br.reg.free_accounts) == n);
}

void
world_verify(void)
{
	const struct reg_header *h = br.reg.h;
	uint32_t users = 0, rooms = 0, members = 0, listed = 0, lists = 0, metas = 0;
	uint32_t invisible = 0, opers = 0, sessions = 0, of_users = 0;

	for (uint32_t i = 0; i < h->max_users; i++) {
		if (br.reg.users[i].id != 0) {
			users++;
			invisible += (br.reg.users[i].umodes & UMODE_INVISIBLE) != 0;
			opers += (br.reg.users[i].umodes & UMODE_OPER) != 0;
			listed += verify_user(&br.reg.users[i]);
			of_users += verify_sessions(&br.reg.users[i]);
		}
	}
	for (uint32_t i = 0; i < h->max_rooms; i++) {
		if (br.reg.rooms[i].id != 0) {
			rooms++;
			verify_room(&br.reg.rooms[i]);
		}
	}
	for (uint32_t i = 0; i < h->max_members; i++)
		members += br.reg.members[i].user != 0;
	for (uint32_t i = 0; i < h->max_sessions; i++)
		sessions += br.reg.sessions[i].user != 0;
	CHECK(sessions == of_users &&
	      h->max_sessions - freelist_left(&br.reg.free_sessions) == sessions);
	for (uint32_t i = 0; i < h->max_lists; i++)
		lists += regw_list_lives(&br.reg, &br.reg.lists[i]);
	for (uint32_t i = 0; i < h->max_meta; i++) {
		const struct reg_meta *m = &br.reg.metas[i];

		CHECK(m->seq % 2 == 0);
		CHECK(m->owner == 0 || (m->is_room ? regw_room(&br.reg, m->owner) != NULL
						   : regw_user(&br.reg, m->owner) != NULL));
		metas += m->owner != 0;
	}
	CHECK(h->max_meta - freelist_left(&br.reg.free_metas) == metas);
	CHECK(metas_listed() == metas);
	CHECK(cells_used(br.reg.user_index, h->user_cells) == users);
	CHECK(cells_used(br.reg.room_index, h->room_cells) == rooms);
	CHECK(members == listed);
	CHECK(h->max_users - freelist_left(&br.reg.free_users) == users &&
	      h->max_rooms - freelist_left(&br.reg.free_rooms) == rooms);
	CHECK(h->max_members - freelist_left(&br.reg.free_members) == members &&
	      h->max_lists - freelist_left(&br.reg.free_lists) == lists);
	CHECK(h->nusers == users && h->nrooms == rooms);
	CHECK(h->ninvisible == invisible && h->nopers == opers);
	verify_accounts();
}
