/* layout.h - how the registry lies in memory: fixed-size slots without pointers.
 *
 * Shared between processes and between broker incarnations: any change bumps REGISTRY_VERSION.
 * Links are slot numbers plus one, so that zero is none. Every slot begins with its sequence
 * counter, odd while the broker writes it. What a slot holds is changed by redo records of the
 * journal only (registry/write.h), save the few fields marked "shown only".
 */
#ifndef REGISTRY_LAYOUT_H
#define REGISTRY_LAYOUT_H

#include <stddef.h>
#include <stdint.h>

#include "ipc/ipc.h"

#define REGISTRY_MAGIC 0x63686174645f7267ull /* "chatd_rg" */
#define REGISTRY_VERSION 7u

/* LIST_ACCESS: mask is an account, reason "op", "halfop" or "voice": what it is when it comes into a registered room. */
enum reg_list_op {
	LIST_NONE,
	LIST_BAN,
	LIST_MUTE,
	LIST_INVITE,
	LIST_EXCEPT,
	LIST_INVEX,
	LIST_ACCESS
};

struct reg_user {
	uint32_t seq, gen;
	uint64_t id; /* 0: free */
	uint64_t conn, since;
	/* wall ms: so long it may go by registered names that are not its own; 0: it never did */
	uint64_t reserved_until;
	uint64_t looks[2]; /* as an account's */
	uint32_t version; /* odd while its list of memberships changes */
	uint32_t first_member, last_member; /* + 1 */
	uint32_t nrooms;
	uint32_t inc, wslot;
	uint8_t sub, protocol, tls, muted /* shown only */;
	uint16_t port;
	uint8_t is_away, level; /* enum admin_level, of an operator */
	uint16_t umodes; /* enum user_mode */
	uint8_t more,
	    pad; /* more: what struct reg_more says is of this user, not of the slot's last one */
	/* conn, since, inc, wslot, sub, protocol, tls, port and address are its first session's. inc 0: that has gone over to
	 * another user, and this one is about to end. */
	uint32_t sessions,
	    nsessions; /* the others: the first of them + 1, in order of coming; how many */
	char name[NAME_BYTES_MAX + 4], fold[NAME_FOLD_MAX + 4], address[48];
	char ident[IDENT_MAX + 4], host[HOST_MAX + 1]; /* what others see: never empty */
};

/* A session of a user beside its first, whose place in the user's slot is taken by the next when it ends. Nothing of a
 * list changes without the user's counter. */
struct reg_session {
	uint32_t seq, next; /* + 1 */
	uint64_t user; /* 0: free */
	uint64_t conn, since;
	uint32_t inc, wslot;
	uint8_t sub, protocol, tls, pad;
	uint16_t port, pad2;
	char address[48];
};

/* Apart from the user, like its away text: what telnet's guests have not. Only to be read when the user's `more` is set. */
struct reg_more {
	uint32_t seq, oper; /* oper: which block made it an operator; the broker's own (oper.c) */
	uint64_t account_id; /* 0: none */
	char account[NAME_BYTES_MAX + 4], real[REALNAME_MAX + 4]; /* empty: none; the user's name */
};

/* An account that exists: enough to know its name again, and what must not wait for the store. All else is the store's. */
struct reg_account {
	uint32_t seq, flags; /* enum account_flag */
	uint64_t id; /* 0: free */
	uint8_t hash[16]; /* siphash128 of its folded name with the registry's hash_key */
	uint64_t
	    looks[2]; /* siphash of what its name looks like (broker/look.h); 0: as the other */
	uint32_t kept; /* messages that wait for it */
	uint32_t pad;
	uint64_t since; /* the last sequence number before it was made; 0: before this journal */
};

/* Names that were in use (IRC's WHOWAS): a ring, the oldest is overwritten. */
struct reg_was {
	uint32_t seq, pad;
	uint64_t at; /* wall ms of the end; 0: never used */
	char name[NAME_BYTES_MAX + 4], fold[NAME_FOLD_MAX + 4], ident[IDENT_MAX + 4],
	    host[HOST_MAX + 1];
	char real[REALNAME_MAX + 4], account[NAME_BYTES_MAX + 4], address[48];
};

/* Metadata of a user or room: one key. A free slot has owner 0. Entries end with their owner. */
struct reg_meta {
	uint32_t seq, is_room;
	uint64_t owner;
	char key[META_KEY_MAX + 4], value[META_VALUE_MAX + 4];
};

/* Which of those are of the user (or room) in the slot of the same number; if owner is another one, it has none. */
struct reg_metas {
	uint32_t seq, n;
	uint64_t owner;
	uint32_t slot[META_KEYS_MAX], pad;
};

/* Apart from the user: most have none, and pages never touched cost nothing. */
struct reg_away {
	uint32_t seq, pad;
	char text[REASON_MAX + 4];
};

struct reg_room {
	uint32_t seq, gen;
	uint64_t id; /* 0: free */
	uint64_t created, topic_at;
	uint64_t messages; /* shown only */
	uint64_t
	    born; /* the sequence number that made it: what it is called in history, for ever */
	uint64_t founder; /* account; 0: nobody's */
	uint32_t flags, history_rows, history_days; /* enum room_flag; 0: as configured */
	uint32_t version;
	uint32_t first_member, last_member; /* + 1, in order of joining */
	uint32_t nmembers, limit, modes;
	uint8_t key[16]; /* keyed hash; never the word itself */
	char name[ROOM_BYTES_MAX + 4], fold[ROOM_FOLD_MAX + 4];
	char topic[TOPIC_MAX + 2], topic_by[NAME_BYTES_MAX + 4];
};

struct reg_member {
	uint32_t seq, flags;
	uint64_t user, room; /* 0: free */
	uint64_t joined; /* sequence number of the event */
	uint32_t room_next, room_prev; /* + 1 */
	uint32_t user_next, user_prev; /* + 1 */
};

struct reg_list {
	uint32_t seq, op; /* LIST_NONE: free */
	uint64_t room; /* 0: the server's */
	uint64_t since, until;
	char mask[MASK_MAX + 4], reason[REASON_MAX + 4], by[NAME_BYTES_MAX + 4];
};

/* One subscriber: the last serial taken from incarnation inc; and where in the journal the one that is
 * attached began (written beside the journal, before it is greeted for the first time). */
struct reg_sub {
	uint32_t seq, inc;
	uint64_t serial;
	uint64_t since; /* sequence number: nothing up to it concerns this incarnation */
	uint32_t since_inc;
	uint32_t follows; /* wants presence events of everybody (r_follow) */
};

struct reg_header {
	uint64_t magic;
	uint32_t version, max_users, max_rooms, max_members, max_lists;
	uint32_t most_users; /* at once, ever; shown only */
	uint32_t user_cells, room_cells; /* of the indexes; powers of two */
	uint64_t off_users, off_aways, off_rooms, off_members, off_lists, off_subs, off_user_index,
	    off_room_index;
	uint64_t size;
	uint8_t hash_key[16];
	uint32_t index_version; /* odd while the indexes are rebuilt */
	uint32_t nusers, nrooms; /* shown only */
	/* slots at or above were never used: where scans stop, and pages need not be touched */
	uint32_t user_top, room_top, member_top, list_top, meta_top;
	uint32_t max_was, max_meta, max_accounts, account_top;
	uint32_t max_sessions,
	    session_top; /* beside the first ones, which users have in their slots */
	/* these are changed by redo records, like the fields of a slot */
	uint32_t was_next; /* where in the ring the next one goes */
	uint32_t ninvisible, nopers; /* users with these modes; shown only */
	uint64_t off_mores, off_was, off_meta, off_user_metas, off_room_metas, off_accounts,
	    off_sessions;
	uint64_t stored; /* events up to this sequence number are on the disk; shown only */
	uint32_t restored; /* what the store knew of before has been told */
	uint32_t store_state; /* enum store_state; shown only */
	uint8_t cloak_key
	    [16]; /* of what is shown instead of addresses (broker/cloak.h); the same after every start */
	char store_why[256]; /* shown only */
};

_Static_assert(sizeof(struct reg_user) == 400, "shared layout: bump REGISTRY_VERSION");
_Static_assert(sizeof(struct reg_member) == 48, "shared layout: bump REGISTRY_VERSION");
_Static_assert(sizeof(struct reg_session) == 96, "shared layout: bump REGISTRY_VERSION");
_Static_assert(sizeof(struct reg_sub) == 32, "shared layout: bump REGISTRY_VERSION");
_Static_assert(sizeof(struct reg_room) % 8 == 0 && sizeof(struct reg_list) % 8 == 0,
	       "shared layout: alignment");

/* An index is an array of cells: 0 empty, REG_TOMB deleted, else slot + 1; linear probing from
 * siphash(fold, hash_key) & (cells - 1). */
#define REG_TOMB UINT32_MAX

/* Bytes that a registry for so many users and accounts takes. */
size_t registry_layout_size(uint32_t max_sessions, uint32_t max_accounts);
/* The mask of an invitation (LIST_INVITE): whom it is for, as a word. Returns its length. */
#define REG_INVITE_MASK 20
size_t registry_invite_mask(uint64_t user, char out[REG_INVITE_MASK]);
/* Make an empty one in mem, size zero bytes from registry_layout_size. */
void registry_format(void *mem, size_t size, uint32_t max_sessions, uint32_t max_accounts);

/* Before anybody has it: the key that is kept (else it is one of its own). */
void registry_cloak_key(void *mem, const uint8_t key[16]);

#endif
