/* fuzz_store_ask.c - questions to the store, as the broker passes them on: bounds, limits, flags and words are strangers'.
 *
 * The input is a frame without its head: the first byte says which (0: s_message, 1: s_lookup, 2: s_admin, else s_query), the
 * rest are its fields. A small history is asked. What is answered is one frame of whole frames, ascending; and nothing of a
 * place that the question does not name.
 */
#include "config.h"

#include <unistd.h>

#include "bygone.h"
#include "fuzz.h"
#include "ipc/ipc.h"
#include "lib/util.h"
#include "store/ask.h"
#include "store/lookup.h"

#define ROOMS 3
#define ROOM_ID(born) (100u + (born))
static const char *const room_name[ROOMS + 1] = {"", "one", "two", "three"};
static uint64_t account[3];
static struct ask *asker;
static struct lookup *looker;

static void
fill(void)
{
	static const char *const names[] = {"alice", "bob", "carol"};

	for (unsigned i = 0; i < 3; i++)
		account[i] = bygone_account(names[i]);
	for (uint64_t room = 1; room <= ROOMS; room++)
		BYGONE(join, .seq = room, .room = ROOM_ID(room), .name = S("alice"),
		       .room_name = S(room_name[room]), .account = S("alice"),
		       .flags = MEMBER_CREATED);
	for (uint64_t seq = 10; seq < 200; seq++) {
		const char *who = names[seq % 3];

		if (seq % 7 == 0)
			BYGONE(dm, .seq = seq, .name = S(who), .account = S(who),
			       .to_name = S(names[(seq + 1) % 3]),
			       .to_account = S(names[(seq + 1) % 3]), .kept = seq % 2,
			       .text = S("some words"));
		else if (seq % 11 == 0)
			BYGONE(topic, .seq = seq, .room = ROOM_ID(1 + seq % ROOMS), .name = S(who),
			       .text = S("t"));
		else
			BYGONE(say, .seq = seq, .room = ROOM_ID(1 + seq % ROOMS), .name = S(who),
			       .account = S(who), .rank = seq % 13 == 0,
			       .text = S("the quick brown fox"));
	}
	bygone_commit();
}

static void
begin(void)
{
	char was[4096], file[256];

	FUZZ_ASSERT(getcwd(was, sizeof(was)) != NULL);
	bygone_open();
	atexit(bygone_close);
	fill();
	/* the corpus is where it was */
	FUZZ_ASSERT(chdir(was) == 0);
	bprintf(file, sizeof(file), "%s/chatd.db", bygone_dir());
	asker = ask_new(xstrdup(file), 1);
	looker = lookup_new(xstrdup(file));
}

/* --- what is answered ---------------------------------------------------------------------------- */

static bool
names_room(const struct m_s_query *q, struct str name)
{
	for (size_t i = 0; i < q->places.n; i++) {
		uint64_t born = ids_at(q->places, i);

		if (born >= 1 && born <= ROOMS && str_eq(name, str_of(room_name[born])))
			return true;
	}
	return false;
}

static bool
is_account(uint64_t id, struct str name)
{
	static const char *const names[] = {"alice", "bob", "carol"};

	for (unsigned i = 0; i < 3; i++)
		if (account[i] == id && str_eq(name, str_of(names[i])))
			return true;
	return false;
}

static void
check_seen(const struct m_s_query *q, const char *frame, size_t len)
{
	struct m_e_topic topic;
	struct m_e_say say;
	struct m_e_dm dm;

	if (q->admin)
		return;
	if (m_e_say_get(frame, len, &say))
		FUZZ_ASSERT(names_room(q, say.room_name) &&
			    (say.rank == 0 || (say.rank & q->ranks)));
	else if (m_e_topic_get(frame, len, &topic))
		FUZZ_ASSERT(names_room(q, topic.room_name));
	else if (m_e_dm_get(frame, len, &dm))
		FUZZ_ASSERT(is_account(q->viewer, dm.account) ||
			    is_account(q->viewer, dm.to_account));
}

/* q NULL: no question of places. */
static void
check_rows(struct str rows, const struct m_s_query *q)
{
	uint64_t last = 0;
	unsigned count = 0;

	while (rows.n > 0) {
		ssize_t n = ipc_frame(rows.p, rows.n);
		struct ev_head h;

		FUZZ_ASSERT(n > 0);
		if (ipc_type(rows.p) < MSG_q_page) {
			FUZZ_ASSERT(ev_head_get(rows.p, (size_t)n, &h) && h.seq > last);
			last = h.seq;
			if (q != NULL)
				check_seen(q, rows.p, (size_t)n);
		}
		count++;
		rows.p += n;
		rows.n -= (size_t)n;
	}
	/* others are of one row, or of facts */
	FUZZ_ASSERT(q == NULL || q->limit == 0 || q->kind >= QUERY_MARK || count <= q->limit);
}

static void
check_answer(const void *frame, size_t len, const char *out, size_t n)
{
	struct m_s_query q;
	struct m_s_page p;
	bool is_query = m_s_query_get(frame, len, &q);

	if (ipc_type(out) != MSG_s_page) {
		FUZZ_ASSERT(ipc_type(frame) == MSG_s_lookup && ipc_type(out) == MSG_s_found);
		return;
	}
	FUZZ_ASSERT(m_s_page_get(out, n, &p) && p.code < ERR_COUNT);
	FUZZ_ASSERT(p.code != ERR_STORE_AWAY && p.code != ERR_INTERNAL);
	check_rows(p.rows, is_query ? &q : NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint16_t types[] = {MSG_s_message, MSG_s_lookup, MSG_s_admin};
	static char out[IPC_FRAME_MAX];
	uint32_t len = IPC_HDR + (uint32_t)size - 1;
	uint16_t type;
	char *frame;
	size_t n;

	if (asker == NULL)
		begin();
	if (size == 0 || size > 8192)
		return 0;
	type = data[0] < ARRAY_LEN(types) ? types[data[0]] : MSG_s_query;
	frame = fuzz_copy(NULL, 0, len);
	memcpy(frame, &len, 4);
	memcpy(frame + 4, &type, 2);
	memcpy(frame + IPC_HDR, data + 1, size - 1);
	n = type == MSG_s_lookup || type == MSG_s_admin ? lookup_answer(looker, frame, len, out)
							: ask_answer(asker, frame, len, 100, out);
	if (n > 0)
		check_answer(frame, len, out, n);
	free(frame);
	return 0;
}
