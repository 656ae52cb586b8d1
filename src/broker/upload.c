/* upload.c - see upload.h. */
#include "config.h"

#include "broker/upload.h"

#include <string.h>
#include <sys/random.h>

#include "broker/account.h"
#include "broker/store.h"
#include "ipc/proc.h"
#include "lib/siphash.h"
#include "lib/util.h"

#define W (&br.reg)

#define MAC 12

/* --- tokens -------------------------------------------------------------------------------------------- */

/* As it travels; the seal comes behind it. */
struct open_token {
	uint64_t user, target;
	uint32_t expires;
	uint8_t kind, nonce[3];
};
_Static_assert(sizeof(struct open_token) + MAC == UPLOAD_TOKEN, "no padding, and all of it");

/* What it is for is written in front, and makes it longer than what else is hashed with the secret that strangers choose. */
static void
hash(const char *use, const void *p, size_t n, uint8_t out[16])
{
	struct {
		char use[ROOM_KEY_MAX];
		uint64_t epoch;
		char bytes[UPLOAD_TOKEN + 4];
	} h = {.epoch = br.j.h->epoch};

	CHECK(n <= sizeof(h.bytes));
	bprintf(h.use, sizeof(h.use), "%s", use);
	memcpy(h.bytes, p, n);
	siphash128(&h, sizeof(h), br.j.h->secret, out);
}

void
upload_seal(const struct upload *t, uint8_t out[UPLOAD_TOKEN])
{
	struct open_token o = {
	    .user = t->user, .target = t->target, .expires = t->expires, .kind = t->kind};
	uint8_t mac[16];

	CHECK(getrandom(o.nonce, sizeof(o.nonce), 0) == (ssize_t)sizeof(o.nonce));
	hash("upload", &o, sizeof(o), mac);
	memcpy(out, &o, sizeof(o));
	memcpy(out + sizeof(o), mac, MAC);
}

bool
upload_open(struct str token, uint64_t late, struct upload *t)
{
	struct open_token o;
	uint8_t mac[16], other = 0;

	if (token.n != UPLOAD_TOKEN)
		return false;
	memcpy(&o, token.p, sizeof(o));
	hash("upload", &o, sizeof(o), mac);
	for (size_t i = 0; i < MAC; i++)
		other |= mac[i] ^ (uint8_t)token.p[sizeof(o) + i];
	*t = (struct upload){
	    .user = o.user, .target = o.target, .expires = o.expires, .kind = o.kind};
	return other == 0 && o.kind < UPLOAD_KINDS && br.now / 1000 < o.expires + late;
}

void
upload_file_id(struct str token, uint8_t out[FILE_ID])
{
	_Static_assert(FILE_ID == 16, "an id is a hash");
	hash("fileid", token.p, token.n, out);
	/* In base64url 62 is '-': who types the id to chatctl would have typed an option. */
	if (out[0] >> 2 == 62)
		out[0] &= 0x7f;
}

/* --- accounts by their number ------------------------------------------------------------------------- */

/* The registry has no names of accounts; here are those that links were made for. One that a broker before made, and whose
 * name nobody here goes by, is asked of the store when the upload begins (QUERY_FILE_USE). */
#define NAMES 1024u
static struct {
	uint64_t id;
	char name[NAME_BYTES_MAX + 1];
} names[NAMES];

void
upload_name_learn(uint64_t id, struct str name)
{
	names[id % NAMES].id = id;
	bprintf(names[id % NAMES].name, sizeof(names[0].name), STR_FMT, STR_ARG(name));
}

/* All of them are looked through only for one whose name is not known. */
const struct reg_account *
upload_account(uint64_t id)
{
	const struct reg_account *a =
	    names[id % NAMES].id == id ? account_named(str_of(names[id % NAMES].name)) : NULL;

	if (a != NULL && a->id == id)
		return a;
	for (uint32_t i = 0; id != 0 && i < W->h->account_top; i++) {
		if (W->accounts[i].id == id)
			return &W->accounts[i];
	}
	return NULL;
}

struct str
upload_name_of(const struct reg_account *a)
{
	struct reg_user *u = account_first(a);

	if (u != NULL)
		return user_account(u);
	return names[a->id % NAMES].id == a->id ? str_of(names[a->id % NAMES].name) : STR_LIT("");
}

/* --- whom it is for ----------------------------------------------------------------------------------- */

struct upload_target
upload_target_named(bool to_room, struct str name)
{
	struct upload_target t = {.kind = UPLOAD_ROOM, .name = name};

	if (to_room) {
		t.room = room_find(name);
		return t;
	}
	t.to = receiver_named(name);
	t.kind = t.to.box != NULL || (t.to.user != NULL && user_account_id(t.to.user) != 0)
		     ? UPLOAD_ACCOUNT
		     : UPLOAD_USER;
	if (t.to.user != NULL)
		t.name = user_name(t.to.user);
	return t;
}

uint64_t
upload_target_id(const struct upload_target *t)
{
	if (t->kind == UPLOAD_ROOM)
		return t->room->id;
	if (t->to.box != NULL)
		return t->to.box->id;
	return t->kind == UPLOAD_ACCOUNT ? user_account_id(t->to.user) : t->to.user->id;
}

/* As a token has it. */
static struct upload_target
target_of(const struct upload *up)
{
	struct upload_target t = {.kind = up->kind, .name = STR_LIT("that user")};
	const struct reg_account *a;

	switch (up->kind) {
	case UPLOAD_ROOM:
		t.room = regw_room(W, up->target);
		t.name = t.room != NULL ? room_name(t.room) : STR_LIT("that room");
		return t;
	case UPLOAD_USER:
		t.to.user = regw_user(W, up->target);
		break;
	case UPLOAD_ACCOUNT:
		a = upload_account(up->target);
		t.to.user = a != NULL ? account_first(a) : NULL;
		if (a != NULL && t.to.user == NULL && upload_name_of(a).n > 0) {
			t.to.box = a;
			t.name = upload_name_of(a);
		}
		break;
	default:
		break;
	}
	if (t.to.user != NULL)
		t.name = user_name(t.to.user);
	return t;
}

enum chat_err
upload_may_share(const struct reg_user *u, const struct upload_target *t)
{
	struct m_r_say say = {.kind = MSG_TEXT, .name = t->name, .text = STR_LIT("file")};
	struct m_r_dm dm = {.kind = MSG_TEXT, .to = t->name, .text = STR_LIT("file")};

	if (!proc.opt.files_enabled || !store_wanted())
		return ERR_FILE_OFF;
	if (!proc.opt.files_guests && user_account_id(u) == 0)
		return ERR_NOT_LOGGED_IN;
	if (t->kind == UPLOAD_ROOM)
		return talk_may_say(u, t->room, &say);
	/* the administrator's console has no place for files */
	if (t->to.user == NULL && t->to.box == NULL)
		return ERR_NO_SUCH_USER;
	return talk_may_dm(u, &t->to, &dm);
}

/* May an account's file be taken, that is for nobody? */
static enum chat_err
may_keep(uint64_t account)
{
	const struct reg_account *a = upload_account(account);

	if (!proc.opt.files_enabled || !store_wanted())
		return ERR_FILE_OFF;
	if (a == NULL || upload_name_of(a).n == 0)
		return ERR_LINK_EXPIRED;
	return a->flags & ACCOUNT_DISABLED ? ERR_ACCOUNT_DISABLED : ERR_NONE;
}

enum chat_err
upload_allowed(struct str token, uint64_t late, struct upload *up, struct reg_user **u_r,
	       struct upload_target *t)
{
	*u_r = NULL;
	*t = (struct upload_target){0};
	if (!upload_open(token, late, up))
		return ERR_LINK_EXPIRED;
	*t = target_of(up);
	if (up->kind == UPLOAD_NOBODY)
		return may_keep(up->user);
	*u_r = regw_user(W, up->user);
	return *u_r == NULL ? ERR_LINK_LEFT : upload_may_share(*u_r, t);
}
