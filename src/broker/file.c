/* file.c - see file.h. */
#include "config.h"

#include "broker/file.h"

#include <string.h>

#include "broker/account.h"
#include "broker/job.h"
#include "broker/promise.h"
#include "broker/store.h"
#include "broker/subs.h"
#include "broker/talk.h"
#include "broker/upload.h"
#include "ipc/file.h"
#include "ipc/proc.h"
#include "lib/log.h"
#include "lib/text.h"
#include "lib/util.h"

#define W (&br.reg)

#define UNDER_WAY 86400 /* seconds that an upload may take after its link has ended */

/* --- a link to upload to -------------------------------------------------------------------------------- */

static uint32_t
upload_end(void)
{
	return (uint32_t)(br.now / 1000 + (uint64_t)proc.opt.files_upload_time);
}

bool
r_upload_link(const struct req *r, struct reg_user *u, const void *frame, size_t len)
{
	uint8_t token[UPLOAD_TOKEN];
	struct m_r_upload_link q;
	struct m_e_upload m;
	struct upload up;
	struct upload_target t;
	enum chat_err err;

	if (!m_r_upload_link_get(frame, len, &q))
		return false;
	t = upload_target_named(q.to_room != 0, q.target);
	err = upload_may_share(u, &t);
	/* its name is words to whoever gets it */
	if (err == ERR_NONE && t.kind != UPLOAD_ROOM)
		err = talk_pace(u, &t.to);
	if (err != ERR_NONE) {
		answer_refused(r, u->id, 0, err, q.target);
		return true;
	}
	up = (struct upload){
	    .user = u->id, .target = upload_target_id(&t), .expires = upload_end(), .kind = t.kind};
	if (t.kind == UPLOAD_ACCOUNT)
		upload_name_learn(up.target,
				  t.to.user != NULL ? user_account(t.to.user) : q.target);
	upload_seal(&up, token);
	m = (struct m_e_upload){.user = u->id,
				.token = {(const char *)token, sizeof(token)},
				.to_room = t.kind == UPLOAD_ROOM,
				.target = t.room != NULL ? room_name(t.room) : t.name,
				.expires = 1000ull * up.expires};
	entry_begin(r);
	EVENT_HEAD(r, m);
	ENTRY_COMMIT(upload, &m);
	return true;
}

/* --- somebody uploads ----------------------------------------------------------------------------------- */

/* State of the job. */
struct uploading {
	uint8_t token[UPLOAD_TOKEN];
	uint64_t size; /* as announced; 0: not */
	uint64_t account; /* whose quota; 0: all guests' together */
	uint64_t asked; /* the last event before the store was asked how much there is */
};

static struct str
token_of(const struct uploading *s)
{
	return (struct str){(const char *)s->token, sizeof(s->token)};
}

/* How many more bytes may come, by what the store says of those that are there. */
static uint64_t
left(uint64_t quota, uint64_t used)
{
	return quota == 0 ? UINT64_MAX : quota > used ? quota - used : 0;
}

static uint64_t
number(struct str s)
{
	uint64_t v = 0;

	for (size_t i = 0; i < s.n && i < 19 && s.p[i] >= '0' && s.p[i] <= '9'; i++)
		v = v * 10 + (uint64_t)(s.p[i] - '0');
	return v;
}

/* The facts of the answer, with what is promised to others: what the quotas leave; and what the account that it is for is called. */
static uint64_t
room_left(struct str rows, const struct promised *others, uint64_t target)
{
	uint64_t most = UINT64_MAX;
	struct m_q_fact f;
	struct str row;

	while (ipc_next(&rows, &row)) {
		if (!m_q_fact_get(row.p, row.n, &f))
			continue;
		if (str_eq(f.name, STR_LIT("account")))
			most = MIN(most, left((uint64_t)proc.opt.files_account_quota,
					      number(f.text) + others->account));
		else if (str_eq(f.name, STR_LIT("total")))
			most = MIN(most, left((uint64_t)proc.opt.files_total_quota,
					      number(f.text) + others->total));
		else if (str_eq(f.name, STR_LIT("name")) && target != 0 && f.text.n > 0)
			upload_name_learn(target, f.text);
	}
	return most;
}

static void
refuse_size(struct job *j, uint64_t size, uint64_t most)
{
	uint64_t max = (uint64_t)proc.opt.files_max_size;
	char text[32];

	if (size > max || most >= max) {
		show_bytes(text, sizeof(text), max);
		job_failed(j, ERR_FILE_TOO_BIG, str_of(text));
	} else {
		job_failed(j, ERR_FILE_QUOTA, STR_LIT(""));
	}
}

/* The account whose name r_share has to bring; 0: none. */
static uint64_t
named_account(const struct upload *up)
{
	return up->kind == UPLOAD_ACCOUNT ? up->target : up->kind == UPLOAD_NOBODY ? up->user : 0;
}

static void
may_begin(struct job *j, const struct upload *up, const uint8_t id[FILE_ID], uint64_t most)
{
	const struct uploading *s = j->state;
	const struct reg_account *a = upload_account(named_account(up));
	struct m_e_may_upload m = {.user = up->kind != UPLOAD_NOBODY ? up->user : 0,
				   .conn = j->conn,
				   .ticket = j->ticket,
				   .id = {(const char *)id, FILE_ID},
				   .token = token_of(s),
				   .max = MIN(most, (uint64_t)proc.opt.files_max_size),
				   .name = a != NULL ? upload_name_of(a) : STR_LIT("")};

	if (m.max == 0 || s->size > m.max) {
		refuse_size(j, s->size, most);
		return;
	}
	if (!promise_make(id, s->account,
			  s->size > 0 ? MIN(m.max, s->size + UPLOAD_FORM_MAX) : m.max, j->sub,
			  j->inc)) {
		job_failed(j, ERR_BUSY, STR_LIT(""));
		return;
	}
	job_entry_begin(j);
	EVENT_HEAD(&req_nobody, m);
	ENTRY_COMMIT(may_upload, &m);
	job_end(j);
}

static void
used(struct job *j, const void *frame, size_t len)
{
	const struct uploading *s = j->state;
	uint8_t id[FILE_ID];
	struct promised others;
	struct reg_user *u;
	struct m_s_page p;
	struct upload up;
	struct upload_target t;
	enum chat_err err;
	uint64_t most;

	if (frame == NULL || !m_s_page_get(frame, len, &p) || p.code != ERR_NONE) {
		job_failed(j, ERR_STORE_AWAY, STR_LIT(""));
		return;
	}
	if (!upload_open(token_of(s), 0, &up)) {
		job_failed(j, ERR_LINK_EXPIRED, STR_LIT(""));
		return;
	}
	upload_file_id(token_of(s), id);
	others = promises(id, s->account, s->asked);
	most = room_left(p.rows, &others, up.kind == UPLOAD_ACCOUNT ? up.target : 0);
	err = upload_allowed(token_of(s), 0, &up, &u, &t);
	if (err != ERR_NONE)
		job_failed(j, err, t.name);
	else
		may_begin(j, &up, id, most);
}

/* The job's state is an `uploading`. */
static void
ask_use(struct job *j, uint64_t target)
{
	static char out[IPC_HDR + 256];
	struct uploading *s = j->state;
	struct m_s_query m = {
	    .ticket = j->ticket, .kind = QUERY_FILE_USE, .viewer = s->account, .peer = target};

	s->asked = br.j.seq;
	job_ask_store(j, out, m_s_query_put(out, sizeof(out), &m), used);
}

static void
upload_by_link(const struct req *r, const struct m_r_upload *q)
{
	struct uploading *s;
	struct reg_user *u;
	struct upload up;
	struct upload_target t;
	enum chat_err err = upload_allowed(q->token, 0, &up, &u, &t);
	struct job *j;

	/* an absent account, whose name the store will tell: then it is seen whether it may be written to */
	if (err == ERR_NO_SUCH_USER && up.kind == UPLOAD_ACCOUNT &&
	    upload_account(up.target) != NULL)
		err = ERR_NONE;
	if (err == ERR_NONE && u == NULL)
		err = ERR_LINK_EXPIRED; /* for nobody: with a password only */
	if (err != ERR_NONE) {
		answer_refused(r, 0, q->conn, err, t.name);
		return;
	}
	j = job_begin(r, 0, q->conn, sizeof(*s));
	if (j == NULL)
		return;
	s = j->state;
	memcpy(s->token, q->token.p, sizeof(s->token));
	s->size = q->size;
	s->account = user_account_id(u);
	ask_use(j, up.kind == UPLOAD_ACCOUNT ? up.target : 0);
}

/* The password is right: a token for nobody. */
static void
proved(struct job *j, const struct reg_account *a, struct str name, uint64_t size)
{
	struct upload up = {.user = a->id, .expires = upload_end(), .kind = UPLOAD_NOBODY};
	struct uploading *s;

	upload_name_learn(a->id, name);
	job_again(j, sizeof(*s));
	s = j->state;
	upload_seal(&up, s->token);
	s->size = size;
	s->account = a->id;
	ask_use(j, 0);
}

bool
r_upload(const struct req *r, struct reg_user *nobody, const void *frame, size_t len)
{
	struct m_r_upload q;
	struct m_r_auth auth;

	(void)nobody;
	if (!m_r_upload_get(frame, len, &q))
		return false;
	auth = (struct m_r_auth){.conn = q.conn,
				 .mech = AUTH_PASSWORD,
				 .name = q.account,
				 .secret = q.password,
				 .address = q.address};
	if (!proc.opt.files_enabled || !store_wanted())
		answer_refused(r, 0, q.conn, ERR_FILE_OFF, STR_LIT(""));
	else if (q.token.n > 0)
		upload_by_link(r, &q);
	else
		login_check(r, &auth, proved, q.size);
	/* the frame is our own buffer, which it was read into */
	explicit_bzero((char *)(uintptr_t)q.password.p, q.password.n);
	return true;
}

/* --- it is there --------------------------------------------------------------------------------------- */

/* "image/png": two words of what RFC 6838, 4.2 lets them be made of. */
static bool
type_fit(struct str type)
{
	static const char other[] = "!#$&-^_.+";
	unsigned slashes = 0;

	for (size_t i = 0; i < type.n; i++) {
		char c = type.p[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			      (c >= '0' && c <= '9') || (c != '\0' && strchr(other, c) != NULL);

		if (c == '/' && i > 0 && i + 1 < type.n)
			slashes++;
		else if (!letter)
			return false;
	}
	return slashes == 1;
}

static bool
name_fit(struct str name)
{
	return name.n > 0 && memchr(name.p, '/', name.n) == NULL && !str_eq(name, STR_LIT(".")) &&
	       !str_eq(name, STR_LIT("..")) && text_is_clean(name.p, name.n, 0);
}

/* A broker later than the one that has let it begin does not know what the account is called. */
static void
learn_name(const struct m_r_share *q)
{
	struct upload up;
	const struct reg_account *a = q->name.n > 0 ? account_named(q->name) : NULL;

	if (a != NULL && upload_open(q->token, UNDER_WAY, &up) && a->id == named_account(&up))
		upload_name_learn(a->id, q->name);
}

/* What chatd-web says of it, as it is told on: with a link that holds from now on. */
static bool
facts_take(struct str packed, struct str token, struct file_facts *f)
{
	uint8_t id[FILE_ID];

	if (!file_get(packed, f) || !name_fit(f->name) || !type_fit(f->type))
		return false;
	upload_file_id(token, id);
	if (memcmp(id, f->id, sizeof(id)) != 0)
		return false;
	f->flags &= FILE_THUMB;
	f->expires = br.now / 1000 + (uint64_t)proc.opt.files_link_time;
	file_prove(br.j.h->secret, f->id, f->expires, f->proof);
	return true;
}

static void
share_with_nobody(const struct req *r, const struct upload *up, struct str file)
{
	struct m_e_file m = {.account = upload_name_of(upload_account(up->user)), .file = file};

	entry_begin(r);
	entry_to_store();
	EVENT_HEAD(r, m);
	ENTRY_COMMIT(file, &m);
}

static void
share(const struct req *r, struct reg_user *u, const struct upload_target *t,
      const struct file_facts *f, struct str file)
{
	struct m_r_say say = {.kind = MSG_TEXT, .text = f->name};
	struct m_r_dm dm = {.kind = MSG_TEXT, .to = t->name, .text = f->name};

	log_info("%s  --->  %s" STR_FMT "  [ %s ]", u->name, t->kind == UPLOAD_ROOM ? "#" : "",
		 STR_ARG(t->name), file_is_image(f) ? "Image" : "File");
	if (t->kind == UPLOAD_ROOM)
		talk_say(r, u, t->room, &say, file);
	else
		talk_dm(r, u, &t->to, &dm, file);
}

bool
r_share(const struct req *r, struct reg_user *nobody, const void *frame, size_t len)
{
	char packed[FILE_FACTS_MAX];
	struct file_facts f;
	struct m_r_share q;
	struct reg_user *u;
	struct upload up;
	struct upload_target t;
	enum chat_err err;
	struct str file;

	(void)nobody;
	if (!m_r_share_get(frame, len, &q))
		return false;
	learn_name(&q);
	err = upload_allowed(q.token, UNDER_WAY, &up, &u, &t);
	if (err == ERR_NONE && !facts_take(q.file, q.token, &f))
		err = ERR_BAD_ARGUMENT;
	if (err != ERR_NONE) {
		answer_refused(r, 0, q.conn, err,
			       err == ERR_BAD_ARGUMENT ? STR_LIT("the file") : t.name);
		return true;
	}
	file = (struct str){packed, file_put(packed, &f)};
	if (u == NULL)
		share_with_nobody(r, &up, file);
	else
		share(r, u, &t, &f, file);
	promise_kept(f.id, f.size, br.j.seq);
	return true;
}

bool
r_upload_over(const struct req *r, struct reg_user *nobody, const void *frame, size_t len)
{
	struct m_r_upload_over q;

	(void)nobody;
	if (!m_r_upload_over_get(frame, len, &q) || q.id.n != FILE_ID)
		return false;
	promise_broken((const uint8_t *)q.id.p);
	answer_ok(r, 0, "");
	return true;
}

/* --- questions ------------------------------------------------------------------------------------------ */

static void
ask_store(const struct req *r, uint64_t conn, uint8_t kind, struct str ids)
{
	static char out[IPC_HDR + 256 + FILE_IDS_MAX];
	struct m_s_query m = {.kind = kind, .text = ids};
	struct job *j = job_begin(r, 0, conn, 0);

	_Static_assert(FILE_IDS_MAX <= QUERY_TEXT_MAX, "a question holds them");
	if (j == NULL)
		return;
	m.ticket = j->ticket;
	job_ask_store(j, out, m_s_query_put(out, sizeof(out), &m), job_paged);
}

bool
r_file(const struct req *r, struct reg_user *nobody, const void *frame, size_t len)
{
	struct m_r_file q;

	(void)nobody;
	if (!m_r_file_get(frame, len, &q))
		return false;
	if (!store_wanted())
		answer_refused(r, 0, q.conn, ERR_STORE_AWAY, STR_LIT(""));
	else if (q.id.n != FILE_ID || !file_proved(br.j.h->secret, (const uint8_t *)q.id.p,
						   q.expires, q.proof, br.now / 1000))
		answer_refused(r, 0, q.conn, ERR_LINK_EXPIRED, STR_LIT(""));
	else
		ask_store(r, q.conn, QUERY_FILE, q.id);
	return true;
}

bool
r_files(const struct req *r, struct reg_user *nobody, const void *frame, size_t len)
{
	struct m_r_files q;

	(void)nobody;
	if (!m_r_files_get(frame, len, &q) || q.ids.n % FILE_ID != 0)
		return false;
	if (!store_wanted())
		answer_refused(r, 0, q.conn, ERR_STORE_AWAY, STR_LIT(""));
	else
		ask_store(r, q.conn, QUERY_FILES, q.ids);
	return true;
}

bool
files_gone(const void *frame, size_t len)
{
	static char out[IPC_HDR + 16 + FILE_IDS_MAX];
	struct m_s_gone m;
	struct m_q_gone q;
	size_t n;

	if (!m_s_gone_get(frame, len, &m) || m.ids.n % FILE_ID != 0)
		return false;
	q.ids = m.ids;
	n = m_q_gone_put(out, sizeof(out), &q);
	for (unsigned i = 0; i < WEB_MAX; i++)
		sub_side(SUB_WEB + i, out, n);
	return true;
}
