/* names.c - numbers for what events name: accounts, senders, places. Each has a cache of fixed size, where the last one that
 * fell into a cell is remembered; what is in the database alone counts.
 */
#include "config.h"

#include "store/intake.h"

#include <string.h>
#include <sys/random.h>

#include "lib/siphash.h"
#include "lib/util.h"
#include "registry/registry.h"

#define CELLS 4096u /* of each cache, a power of two */

enum {
	ACCOUNT,
	FIND_SENDER,
	ADD_SENDER,
	PLACE_BY_ROOM,
	PLACE_BY_BORN,
	ADD_ROOM,
	SET_ROOM,
	SET_BORN,
	NAMED,
	PAIR,
	ADD_PAIR,
	N
};
static const char *const sql[N] = {
    [ACCOUNT] = "SELECT id FROM account WHERE fold=?",
    [FIND_SENDER] = "SELECT id FROM sender WHERE name=? AND uhost=? AND account=? AND umodes=?",
    [ADD_SENDER] =
	"INSERT INTO sender(name, uhost, account, umodes) VALUES(?, ?, ?, ?) RETURNING id",
    [PLACE_BY_ROOM] =
	"SELECT p.id, ifnull(r.flags, 0) FROM place p LEFT JOIN room r ON r.place=p.id"
	" WHERE p.epoch=? AND p.room_id=?",
    [PLACE_BY_BORN] =
	"SELECT p.id, ifnull(r.flags, 0) FROM place p LEFT JOIN room r ON r.place=p.id"
	" WHERE p.born=?",
    [ADD_ROOM] = "INSERT INTO place(epoch, room_id, name, fold, born) VALUES(?, ?, ?, ?, ?)"
		 " RETURNING id",
    [SET_ROOM] = "UPDATE place SET epoch=?, room_id=?, name=?, fold=? WHERE id=?",
    [SET_BORN] = "UPDATE place SET born=? WHERE id=?",
    [NAMED] = "SELECT id FROM place WHERE fold=? ORDER BY id DESC LIMIT 1",
    [PAIR] = "SELECT id FROM place WHERE a=? AND b=?",
    [ADD_PAIR] = "INSERT INTO place(a, b) VALUES(?, ?) RETURNING id",
};
static struct db_set set;

static struct {
	uint64_t id;
	uint8_t len; /* 0: empty */
	char name[NAME_BYTES_MAX];
} accounts[CELLS];

static struct {
	uint64_t id, account;
	uint32_t umodes;
	uint8_t name_len, uhost_len;
	char text[NAME_BYTES_MAX + UHOST_MAX]; /* the name, then the other */
} senders[CELLS];

static struct {
	uint64_t room;
	struct place place;
} rooms[CELLS];

static struct {
	uint64_t a, b, place;
} pairs[CELLS];

static uint8_t key[16]; /* whoever chooses names shall not choose cells */

void
names_begin(void)
{
	db_set_init(&set, &in.db, sql, N);
	if (getrandom(key, sizeof(key), GRND_NONBLOCK) != sizeof(key))
		memset(key, 0x5a, sizeof(key)); /* costs speed, no more */
}

void
names_end(void)
{
	db_set_fini(&set);
}

/* --- accounts -------------------------------------------------------------------------------------------- */

void
accounts_changed(void)
{
	memset(accounts, 0, sizeof(accounts));
}

static uint64_t
account_found(struct str name)
{
	char fold[NAME_FOLD_MAX];
	ssize_t n = name_fold(name.p, name.n, fold, sizeof(fold));
	struct db_query q;

	if (n <= 0)
		return 0;
	q = db_query(&set, ACCOUNT);
	db_text(&q, (struct str){fold, (size_t)n});
	return db_number(&q);
}

uint64_t
account_of(struct str name)
{
	size_t i;

	if (name.n == 0 || name.n > NAME_BYTES_MAX)
		return 0;
	i = siphash(name.p, name.n, key) & (CELLS - 1);
	if (accounts[i].len != name.n || memcmp(accounts[i].name, name.p, name.n) != 0) {
		accounts[i].id = account_found(name);
		accounts[i].len = (uint8_t)name.n;
		memcpy(accounts[i].name, name.p, name.n);
	}
	return accounts[i].id;
}

/* --- senders --------------------------------------------------------------------------------------------- */

static uint64_t
sender_row(unsigned which, struct str name, struct str uhost, uint64_t account, uint32_t umodes)
{
	struct db_query q = db_query(&set, which);

	db_text(&q, name);
	db_text(&q, uhost);
	db_int(&q, account);
	db_int(&q, umodes);
	return db_number(&q);
}

void
senders_forget(void)
{
	memset(senders, 0, sizeof(senders));
}

uint64_t
sender_of(struct str name, struct str uhost, struct str account, uint32_t umodes)
{
	char text[NAME_BYTES_MAX + UHOST_MAX];
	uint64_t id = account_of(account);
	size_t i;

	CHECK(name.n <= NAME_BYTES_MAX && uhost.n <= UHOST_MAX);
	memcpy(text, name.p, name.n);
	memcpy(text + name.n, uhost.p, uhost.n);
	i = (siphash(text, name.n + uhost.n, key) + id + umodes) & (CELLS - 1);
	if (senders[i].id != 0 && senders[i].account == id && senders[i].umodes == umodes &&
	    senders[i].name_len == name.n && senders[i].uhost_len == uhost.n &&
	    memcmp(senders[i].text, text, name.n + uhost.n) == 0) {
		orphans_used(senders[i].id);
		return senders[i].id;
	}
	senders[i].id = sender_row(FIND_SENDER, name, uhost, id, umodes);
	if (senders[i].id == 0)
		senders[i].id = sender_row(ADD_SENDER, name, uhost, id, umodes);
	orphans_used(senders[i].id);
	senders[i].account = id;
	senders[i].umodes = umodes;
	senders[i].name_len = (uint8_t)name.n;
	senders[i].uhost_len = (uint8_t)uhost.n;
	memcpy(senders[i].text, text, name.n + uhost.n);
	return senders[i].id;
}

/* --- places ---------------------------------------------------------------------------------------------- */

void
places_forget(void)
{
	memset(rooms, 0, sizeof(rooms));
	memset(pairs, 0, sizeof(pairs));
}

static size_t
room_cell(uint64_t room)
{
	return (ID_SLOT(room) + ID_GEN(room) * 61) & (CELLS - 1);
}

void
place_changed(uint64_t room)
{
	size_t i = room_cell(room);

	if (rooms[i].room == room)
		rooms[i].room = 0;
}

static struct place
place_row(struct db_query *q)
{
	struct place p = {0};

	if (db_row(q)) {
		p.id = db_col_int(q, 0);
		p.no_history = (db_col_int(q, 1) & ROOM_NO_HISTORY) != 0;
	}
	db_end(q);
	return p;
}

/* By what a room is found. */
static struct str
folded(struct str name, char fold[ROOM_FOLD_MAX])
{
	ssize_t n = name_fold(name.p, name.n, fold, ROOM_FOLD_MAX);

	return n > 0 ? (struct str){fold, (size_t)n} : name;
}

/* The first four parameters: which room of the registry it is, and what it is called. */
static void
bind_room(struct db_query *q, uint64_t room, struct str name, char fold[ROOM_FOLD_MAX])
{
	db_int(q, in.epoch);
	db_int(q, room);
	db_text(q, name);
	db_text(q, folded(name, fold));
}

/* born: what it is known by over restarts; 0: it has gone, and nobody knows. */
static uint64_t
place_new(uint64_t room, struct str name, uint64_t born)
{
	struct db_query q = db_query(&set, ADD_ROOM);
	char fold[ROOM_FOLD_MAX];

	bind_room(&q, room, name, fold);
	if (born != 0)
		db_int(&q, born);
	else
		db_null(&q);
	return db_number(&q);
}

void
place_rename(uint64_t place, uint64_t room, struct str name)
{
	struct db_query q = db_query(&set, SET_ROOM);
	char fold[ROOM_FOLD_MAX];

	bind_room(&q, room, name, fold);
	db_int(&q, place);
	db_run(&q);
}

static struct place
place_by_room(uint64_t room)
{
	struct db_query q = db_query(&set, PLACE_BY_ROOM);

	db_int(&q, in.epoch);
	db_int(&q, room);
	return place_row(&q);
}

static struct place
place_by_born(uint64_t born)
{
	struct db_query q;

	if (born == 0)
		return (struct place){0};
	q = db_query(&set, PLACE_BY_BORN);
	db_int(&q, born);
	return place_row(&q);
}

/* A room's id of the registry says nothing after a restart: then its birth does, which the registry knows. */
static struct place
place_found(uint64_t room, struct str name, uint64_t born)
{
	struct reg_room_view v;
	struct place p = place_by_room(room);

	if (p.id != 0)
		return p;
	if (born == 0 && in.reg != NULL && registry_room(in.reg, room, &v) == 1)
		born = v.born;
	p = place_by_born(born);
	if (p.id != 0)
		place_rename(p.id, room, name);
	else
		p.id = place_new(room, name, born);
	return p;
}

struct place
place_of_room(uint64_t room, struct str name, uint64_t born)
{
	size_t i = room_cell(room);

	if (rooms[i].room != room || room == 0) {
		rooms[i].place = place_found(room, name, born);
		rooms[i].room = rooms[i].place.id != 0 ? room : 0;
	}
	orphans_place_used(rooms[i].place.id);
	return rooms[i].place;
}

struct place
place_claim(uint64_t room, struct str name, uint64_t born)
{
	uint64_t own = place_by_born(born).id, held = place_by_room(room).id;
	struct db_query q;

	if (born != 0 && held != 0 && own != held) {
		if (own != 0)
			held = place_merge(own, held);
		q = db_query(&set, SET_BORN);
		db_int(&q, born);
		db_int(&q, held);
		db_run(&q);
		place_rename(held, room, name);
		places_forget();
	}
	return place_of_room(room, name, born);
}

uint64_t
place_of_pair(uint64_t a, uint64_t b, bool make)
{
	uint64_t lo = MIN(a, b), hi = MAX(a, b);
	size_t i = (lo * 31 + hi) & (CELLS - 1);
	struct db_query q;

	if (pairs[i].place != 0 && pairs[i].a == lo && pairs[i].b == hi) {
		orphans_place_used(pairs[i].place);
		return pairs[i].place;
	}
	q = db_query(&set, PAIR);
	db_int(&q, lo);
	db_int(&q, hi);
	pairs[i].place = db_number(&q);
	if (pairs[i].place == 0 && make) {
		q = db_query(&set, ADD_PAIR);
		db_int(&q, lo);
		db_int(&q, hi);
		pairs[i].place = db_number(&q);
	}
	pairs[i].a = lo;
	pairs[i].b = hi;
	orphans_place_used(pairs[i].place);
	return pairs[i].place;
}

uint64_t
place_named(struct str name)
{
	struct db_query q = db_query(&set, NAMED);
	char fold[ROOM_FOLD_MAX];

	db_text(&q, folded(name, fold));
	return db_number(&q);
}
