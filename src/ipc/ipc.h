/* ipc.h - the contract between processes: messages, their codec, their table.
 *
 * A frame: u32 length (all of it, header included, at most IPC_FRAME_MAX), u16 number, u16 0,
 * then the fields of msgs.def one after the other. On SOCK_SEQPACKET a packet is one frame.
 * Identity is the descriptor that a frame came by, never what it says. A frame that is
 * malformed, or that its sender may not send, costs the sender its channel, not us.
 */
#ifndef IPC_IPC_H
#define IPC_IPC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

#include "lib/name.h"
#include "lib/str.h"

#define IPC_VERSION 18u
#define IPC_FRAME_MAX 65536u
#define IPC_HDR 8u

/* Limits of what travels, in bytes. */
#define TEXT_MAX 16384 /* a message, /paste included */
#define TEXT_LINES_MAX 64 /* lines of one message */
#define TOPIC_MAX 390
#define REASON_MAX 300
#define MASK_MAX 160
#define REFUSED_MORE_MAX (REASON_MAX + 40)
#define ROOM_KEY_MAX 64
#define IDENT_MAX 16 /* what a client calls its user; shown before '@' */
#define HOST_MAX 63 /* what is shown behind it: the address, as a rule */
#define UHOST_MAX (IDENT_MAX + 1 + HOST_MAX)
#define REALNAME_MAX 128
#define TAGS_MAX 4094 /* client-only tags of a message */
#define MODES_MAX 20 /* changes in one request */
#define MODES_BYTES_MAX (MODES_MAX * (MASK_MAX + 4))
#define META_KEY_MAX 64
#define META_VALUE_MAX 300
#define META_KEYS_MAX 25 /* of one user or room */
#define META_NAMES_MAX (META_KEYS_MAX * (META_KEY_MAX + 1)) /* their names, with spaces between */
#define PASSWORD_MAX 512
#define PWHASH_MAX 128
#define SCRAM_MAX 192 /* a verifier as text (proto/sasl.h) */
#define AUTH_SECRET_MAX 1600 /* a SASL message */
#define AUTH_TOKEN 16
#define EMAIL_MAX 254
#define CERT_MAX 64 /* SHA-256 of a certificate, in hexadecimal */
#define CERT_PROOF 16 /* cert_proof() of it */
#define INVITE_WORD_MAX 64
#define QUERY_TEXT_MAX 1024
#define QUERY_ROWS_MAX 500 /* that one question may ask for */
#define PAGE_MAX 60000
#define ROOMS_PER_USER 100
#define SESSIONS_PER_USER 16
#define ATTACH_ROOMS_MAX (ROOMS_PER_USER * (ROOM_BYTES_MAX + 10))
#define FILE_ID 16 /* bytes of a file's id, which nobody guesses */
#define FILE_IDS_MAX (64 * FILE_ID)
#define FILE_PROOF 12 /* bytes of what proves that a link was made here */
#define FILE_NAME_MAX 255 /* bytes of the name that it was uploaded under; shown, never opened */
#define FILE_TYPE_MAX 64 /* "image/png" */
#define FILE_FACTS_MAX 384
#define UPLOAD_TOKEN 36 /* bytes; base64url in a link */
#define UPLOAD_THUMB_MAX (64u << 10)
#define UPLOAD_FORM_MAX (UPLOAD_THUMB_MAX + 8192) /* what a form has besides the file, at most */
#define SUBS_MAX 64 /* subscribers: SUB_WEB, SUB_CONTROL, SUB_STORE, workers below */
#define WORKERS_MAX 56
#define WEB_MAX 4 /* processes that speak HTTP */
#define AUTH_MAX 8 /* processes that check passwords */
#define TLS_MAX 4 /* processes that do TLS */
#define TLS_CERTS_MAX 16 /* certificates that one server name each is chosen for */
#define TLS_SECRET 32 /* bytes that the keys of session tickets are made from */
#define CERT_WORRY_MAX 320 /* what is wrong with one, for people */
#define TLS_FILE_MAX 255 /* bytes of a file's path */
#define SUB_WEB 58 /* and the next WEB_MAX - 1 */
#define SUB_CONTROL 62
#define SUB_STORE 63

enum role {
	ROLE_MASTER,
	ROLE_WORKER,
	ROLE_BROKER,
	ROLE_CONTROL,
	ROLE_AUTH,
	ROLE_STORE,
	ROLE_WEB,
	ROLE_TLS,
	ROLE_COUNT
};
/* "master", "worker"…; NULL for no role */
const char *role_name(unsigned role);

enum map_kind { MAP_REGISTRY, MAP_JOURNAL, MAP_BOARD };
enum protocol { PROTO_TELNET, PROTO_IRC, PROTO_WEB, PROTO_COUNT };
const char *protocol_name(unsigned protocol);
/* Is it in this build? */
bool protocol_built(unsigned protocol);
bool tls_built(void);
/* "TLSv1.3" of the number that stands on the wire; NULL: none that is spoken here. */
const char *tls_version_name(unsigned version);
/* "TLS_AES_128_GCM_SHA256" likewise. */
const char *tls_cipher_name(unsigned cipher);
/* A SHA-256 in hexadecimal, terminated; returns out. */
char *cert_hex(const uint8_t sum[32], char out[CERT_MAX + 1]);
/* That this connection has shown the certificate of this fingerprint: a hash with a key that only the master, who makes it for the
 * worker, and the broker have. Without it a worker that was taken over could log in to every account whose fingerprint it has seen. */
void cert_proof(const uint8_t key[16], uint64_t conn, const char hex[CERT_MAX],
		uint8_t out[CERT_PROOF]);
/* How a WebSocket client's messages are framed (RFC 6455, IRCv3 websocket). */
enum ws_kind { WS_NONE, WS_TEXT, WS_BINARY, WS_COUNT };
#define CONN_EARLY_MAX 16384 /* bytes that a stage has read of the next one's */

enum msg_kind {
	MSG_TEXT,
	MSG_ACTION, /* IRC's CTCP ACTION, /me */
	MSG_NOTICE,
	MSG_CTCP, /* "WORD params", without its \001: IRC clients ask one another */
	MSG_CTCP_REPLY,
	MSG_TAGS, /* no text, only tags */
	MSG_KINDS
};
enum member_flag {
	MEMBER_OP = 1,
	MEMBER_VOICE = 2,
	MEMBER_CREATED = 4, /* e_join: made the room */
	MEMBER_HALFOP = 8 /* between the two: keeps order, but makes no operators */
};
enum mode_op {
	MODE_OP, /* member is an operator */
	MODE_VOICE, /* member may speak in a moderated room */
	MODE_BAN, /* mask may not come in */
	MODE_MUTE, /* mask may not speak */
	MODE_KEY, /* joining needs this word */
	MODE_LIMIT, /* at most so many members */
	MODE_INVITE_ONLY, /* joining needs an invitation */
	MODE_MODERATED, /* only operators and voiced speak */
	MODE_PRIVATE, /* not in lists for those outside */
	MODE_TOPIC_LOCK, /* only operators set the topic */
	MODE_HALFOP, /* member keeps order */
	MODE_EXCEPT, /* mask comes in and speaks in spite of bans */
	MODE_INVEX, /* mask comes into an invite-only room */
	MODE_NO_OUTSIDE, /* only members may speak */
	MODE_NO_CTCP, /* no CTCP but ACTION */
	MODE_REG_JOIN, /* only those with an account may join */
	MODE_REG_SAY, /* only those with an account may speak */
	MODE_COUNT
};
/* Bits of reg_user.umodes. */
enum user_mode {
	UMODE_INVISIBLE = 1, /* not in WHO of strangers */
	UMODE_OPER = 2, /* has given the word of an operator block */
	UMODE_WALLOPS = 4,
	UMODE_BOT = 8,
	UMODE_REG_ONLY = 16 /* takes messages from people with accounts only */
};
enum oper_act {
	OPER_KILL, /* target: user; text: reason -> e_quit (QUIT_KILLED) */
	OPER_WALLOPS, /* text -> e_wallops */
	OPER_REHASH, /* the master reads its configuration again -> e_ok */
	OPER_DIE, /* the master stops -> e_ok */
	OPER_RESTART, /* the workers and roles are replaced -> e_ok */
	OPER_ACTS
};
enum auth_mech {
	AUTH_PASSWORD,
	AUTH_SCRAM, /* RFC 5802, 7677: the client's first message… */
	AUTH_SCRAM_FINAL, /* …and its second */
	AUTH_CERT, /* the client's certificate: its fingerprint in hexadecimal, and cert_proof() */
	AUTH_MECHS
};
/* What is done to an account. (p): by its owner, with the present password. */
enum account_op {
	ACCOUNT_CREATE, /* text: email */
	ACCOUNT_PASSWORD, /* (p) text: the new one; in s_account it is hash and scram */
	ACCOUNT_EMAIL, /* (p) text */
	ACCOUNT_DELETE, /* (p) text "messages": these too */
	ACCOUNT_LOGOUT, /* the user's, if that is its only session; nothing is stored */
	ACCOUNT_DISABLE, /* administrators: nobody can log in; who has is logged out */
	ACCOUNT_ENABLE,
	ACCOUNT_CERT_ADD, /* text: a fingerprint that logs in too */
	ACCOUNT_CERT_DEL,
	ACCOUNT_REHASH, /* the broker's own: another hash of the same password, if text is still the present one */
	ACCOUNT_OPS
};
/* Why somebody is logged in to an account no more. */
enum logout { LOGOUT_WISH, LOGOUT_DISABLED, LOGOUT_DELETED };
enum account_flag { ACCOUNT_DISABLED = 1, ACCOUNT_SCRAM = 2 /* has a verifier */ };
enum query_kind {
	QUERY_LATEST, /* the newest `limit` between the bounds; rows are in the order of time, always */
	QUERY_FIRST, /* the oldest */
	QUERY_AROUND, /* half of them before lo, half from it on */
	QUERY_SEARCH, /* the newest with the words of `text`; room and name empty: wherever user is */
	QUERY_TARGETS, /* conversations whose last message is between the bounds: q_place */
	QUERY_MISSED, /* what was said in rooms that the account has not left while it was away, and not marked as read: q_place */
	QUERY_KEPT, /* messages kept for the account */
	QUERY_MARK, /* how far the account has read there: q_mark */
	/* these are the broker's own: about files, which have no places */
	QUERY_FILE, /* the file whose id is `text`: q_file */
	QUERY_FILES, /* which of the ids in `text` are of files to be kept: q_files */
	QUERY_FILE_USE, /* bytes that files take: facts "account" (of viewer; 0: all guests), "total"; and "name", of the account peer */
	QUERY_KINDS
};
enum query_bounds { QUERY_LO_TIME = 1, QUERY_HI_TIME = 2 };
enum query_flag {
	QUERY_EVENTS = 1, /* also who came, went, changed a topic… */
	QUERY_REPLAY = 2, /* as much as is shown to who comes in; nothing is no error */
	QUERY_OLDEST = 4, /* QUERY_TARGETS: those of the oldest last message, when there are more */
	QUERY_TURN =
	    8 /* QUERY_FIRST: is hi before lo, then they change places, and it is the newest that are wanted */
};
/* What administrators ask of the store: words of args. */
enum store_op {
	STORE_STATUS, /* -> facts */
	STORE_CHECK, /* -> facts: what PRAGMA integrity_check says */
	STORE_BACKUP, /* FILE -> facts */
	STORE_ACCOUNTS, /* [PATTERN [AFTER]] -> q_account */
	STORE_ACCOUNT_SHOW, /* NAME -> q_account, facts */
	STORE_ACCOUNT_ADD, /* NAME EMAIL, secret */
	STORE_ACCOUNT_PASSWORD, /* NAME, secret */
	STORE_ACCOUNT_DISABLE, /* NAME */
	STORE_ACCOUNT_ENABLE, /* NAME */
	STORE_ACCOUNT_DELETE, /* NAME ["messages"] */
	STORE_HISTORY_PURGE, /* ROOM|@NAME|* BEFORE-ms */
	STORE_INVITE_CREATE, /* ROOMS USES EXPIRES-ms -> the word */
	STORE_INVITES, /* [AFTER-ID] -> q_invite */
	STORE_INVITE_DELETE, /* ID */
	STORE_ACCOUNT_NAME, /* ID -> a fact, "account" */
	STORE_FILES, /* [PATTERN [AFTER-id]] -> q_file, newest first */
	STORE_FILE, /* ID -> q_file */
	STORE_FILE_DELETE, /* ID */
	STORE_FILE_QUOTA, /* [NAME] -> facts: bytes and files, in all, by account, and what is allowed */
	STORE_OPS
};
enum store_state {
	STORE_WELL,
	STORE_BEHIND, /* it cannot write now: text says why */
	STORE_UNUSABLE /* the database cannot be used: nothing is kept */
};
/* What r_room does; by whom: the founder, who has the rank of an operator there, or an operator of the server. */
enum room_op {
	ROOM_REGISTER, /* by an operator of it, who has an account and becomes its founder */
	ROOM_DROP, /* founder */
	ROOM_FOUNDER, /* name: the account that is from now on; founder */
	ROOM_ACCESS, /* name: an account; text: "op", "halfop", "voice", or "" for none */
	ROOM_HISTORY, /* text: "on", "off", "days N", "rows N" */
	ROOM_OPS
};
enum room_flag {
	ROOM_REGISTERED = 1, /* outlives its members */
	ROOM_NO_HISTORY = 2
};
enum quit_why {
	QUIT_LEFT,
	QUIT_LOST,
	QUIT_KICKED,
	QUIT_BANNED,
	QUIT_WORKER,
	QUIT_STOP,
	QUIT_INTERNAL,
	QUIT_KILLED /* by an operator in the chat */
};
enum admin_level { LEVEL_NONE, LEVEL_READ, LEVEL_OPERATE, LEVEL_ADMIN };
enum admin_op {
	ADMIN_KICK, /* target: user; arg: reason -> e_quit */
	ADMIN_BAN_ADD, /* target: name, address or CIDR; arg: reason; until -> e_ok (text: how many it threw out) */
	ADMIN_BAN_DEL, /* target -> e_ok, or e_refused NOT_FOUND */
	ADMIN_MUTE_ADD,
	ADMIN_MUTE_DEL,
	ADMIN_SAY, /* target: room; arg: text -> e_say from 0 */
	ADMIN_ANNOUNCE, /* arg -> e_announce to all */
	ADMIN_CHAT_OPEN, /* target: user: what it says to "Server" now comes to control -> e_ok (user) */
	ADMIN_CHAT_SAY, /* target: user; arg: text -> e_dm from 0 */
	ADMIN_CHAT_CLOSE,
	ADMIN_FOLLOW, /* arg "on"/"off": presence events of all rooms come to control too */
	ADMIN_HOST, /* target: user; arg: what is shown as its host, empty: the address -> e_chghost */
	ADMIN_ROOM_UNBAN, /* target: room; arg: mask -> e_mode, or e_refused NOT_FOUND */
	ADMIN_ROOM_UNMUTE,
	ADMIN_OPS
};
/* Answers of the control protocol (doc/control.md); chatctl's exit codes come from the class. */
enum ctl_code {
	CTL_MORE = 100,
	CTL_OK = 200,
	CTL_BAD = 400,
	CTL_PERMISSION = 403,
	CTL_NOT_FOUND = 404,
	CTL_REFUSED = 409,
	CTL_INTERNAL = 500,
	CTL_UNAVAILABLE = 503,
	CTL_TIMEOUT = 504
};

enum chat_err {
	ERR_NONE,
#define CHAT_ERR(code, irc, ctl, about, text) ERR_##code,
#include "ipc/chat_err.def"
#undef CHAT_ERR
	ERR_COUNT
};
/* The sentence (with "%s" replaced by arg) into out; returns out. */
const char *chat_err_text(unsigned err, const char *arg, size_t arg_len, char *out, size_t cap);
/* The same of an e_refused, with what goes behind it. */
struct m_e_refused;
const char *refused_text(const struct m_e_refused *e, char *out, size_t cap);
int chat_err_irc(unsigned err);
/* What IRC's numeric names before its text. */
enum chat_err_about {
	ERR_ABOUT_NOTHING,
	ERR_ABOUT_USER,
	ERR_ABOUT_ROOM,
	ERR_ABOUT_USER_ROOM,
	ERR_ABOUT_WORD
};
enum chat_err_about chat_err_about(unsigned err);
int chat_err_ctl(unsigned err);
/* Has nothing been decided: the server could not say just now, and may in a moment? */
bool chat_err_passes(unsigned err);

/* Ids: node (8 bits) | generation (32) | slot (24). 0 is nobody. */
#define ID_SLOT(id) ((uint32_t)((id)&0xffffffu))
#define ID_GEN(id) ((uint32_t)((id) >> 24))
#define ID_MAKE(slot, gen) (((uint64_t)(gen) << 24) | (slot))

/* Numbers in a frame, not aligned: read them with ids_at. */
struct ids {
	const char *p;
	size_t n;
};
static inline uint64_t
ids_at(struct ids ids, size_t i)
{
	uint64_t v;

	memcpy(&v, ids.p + 8 * i, 8);
	return v;
}

/* One connection in m_conns, in the order of the descriptors. */
struct conn_rec {
	uint64_t id;
	uint8_t protocol, tls, direct /* telnet profile "direct" */, loopback;
	uint16_t port;
	uint8_t ws; /* enum ws_kind: after the upgrade */
	char address[49]; /* text, terminated: "192.0.2.1", "2001:db8::1", "unix" */
	/* tls: what chatd-tls says of it; before that the connection is still encrypted, and these are 0 */
	uint16_t tls_version, tls_cipher; /* as on the wire (RFC 8446, 4.2.1 and B.4) */
	uint8_t has_cert, proxy /* a header says whose it is (ipc/proxied.h) */, pad[2];
	uint8_t cert[32]; /* SHA-256 of the certificate that the client has shown */
	uint8_t proof[CERT_PROOF]; /* that it has, for the broker: cert_proof() */
};
_Static_assert(sizeof(struct conn_rec) == 120, "hand-over layout: bump IPC_VERSION");

/* Can nobody read on the way what it carries: TLS, or this host? */
static inline bool
conn_rec_is_private(const struct conn_rec *r)
{
	return r->tls || r->loopback;
}

/* --- structs and codec from the table ------------------------------------------------ */

#define IPC_T_U8 uint8_t
#define IPC_T_U16 uint16_t
#define IPC_T_U32 uint32_t
#define IPC_T_U64 uint64_t
#define IPC_T_STR struct str
#define IPC_T_IDS struct ids
#define IPC_FIELD(type, name, max) IPC_T_##type name;
#define IPC_MSG(name, id, from, to, fds, FIELDS) \
	enum { MSG_##name = (id) }; \
	struct m_##name { \
		FIELDS(IPC_FIELD) \
	};
#include "ipc/msgs.def"
#undef IPC_MSG

/* For each message:
 *   bool   m_NAME_get(const void *frame, size_t len, struct m_NAME *m)
 *          frame and len are the whole frame as ipc_frame checked it; false when it is not
 *          exactly this message: short, over a limit, trailing bytes.
 *   size_t m_NAME_put(void *buf, size_t cap, const struct m_NAME *m)
 *          writes a whole frame; its length, or 0 when cap is too small or a field is over its
 *          limit. cap IPC_FRAME_MAX is always enough. */
#define IPC_MSG(name, id, from, to, fds, FIELDS) \
	bool m_##name##_get(const void *frame, size_t len, struct m_##name *m); \
	size_t m_##name##_put(void *buf, size_t cap, const struct m_##name *m);
#include "ipc/msgs.def"
#undef IPC_MSG

/* What a mode (enum mode_op) is called by telnet's users, chatctl and the log; IRC's letters are in worker/irc/render.h. */
const char *mode_word(unsigned op);

/* Lists of mode changes, and of those that were refused, as they travel in a STR. */
struct mode_change {
	uint8_t op, on; /* enum mode_op; set or taken away */
	struct str arg; /* at most MASK_MAX bytes; empty: none */
};
struct mode_refusal {
	uint8_t op;
	uint16_t code; /* enum chat_err */
	struct str arg; /* whom or what it is about */
};
/* Append one to the n bytes at buf; the new length, or 0 when cap would be passed. */
size_t mode_put(char *buf, size_t n, size_t cap, const struct mode_change *m);
size_t refusal_put(char *buf, size_t n, size_t cap, const struct mode_refusal *m);
/* Take the first of *rest, which moves behind it. False: none is left, or what is left is malformed (then *rest is
 * not empty). */
bool mode_next(struct str *rest, struct mode_change *m);
bool refusal_next(struct str *rest, struct mode_refusal *m);

/* Rooms that a new session of a user finds itself in (e_attach), as they travel in a STR. */
struct attach_room {
	uint64_t room;
	uint8_t flags; /* enum member_flag */
	struct str name;
};
/* As mode_put and mode_next. */
size_t attach_room_put(char *buf, size_t n, size_t cap, const struct attach_room *m);
bool attach_room_next(struct str *rest, struct attach_room *m);

/* What every event begins with. */
struct ev_head {
	uint64_t seq, serial, at;
	uint32_t origin;
};
bool ev_head_get(const void *frame, size_t len, struct ev_head *h);

/* The number of a frame; frame must have passed ipc_frame. */
unsigned ipc_type(const void *frame);
/* First frame in n bytes: its length, 0 when it is not all there yet, -1 when it can never be
 * one (length below the header or above IPC_FRAME_MAX, nonzero reserved bytes). */
ssize_t ipc_frame(const void *p, size_t n);
/* Take the first frame of *rest, as rows of a page are, which moves behind it. False: none is left, or what is left is none. */
bool ipc_next(struct str *rest, struct str *frame_r);

/* May a process of role `from` send message `type` to role `to`? */
bool ipc_allowed(unsigned type, unsigned from, unsigned to);
/* How many descriptors must come with it: 0, 1, or -1 for "one or more". */
int ipc_fds(unsigned type);
/* Its name for traces; "?" for none. */
const char *ipc_name(unsigned type);

/* The k-th message of the table, for tests; 0 past the end. */
unsigned ipc_nth(unsigned k);

#endif
