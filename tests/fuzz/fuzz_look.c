/* What names look like: whatever somebody would like to be called, it is found out without harm, and is the same each time. What looks
 * like something looks like what that looks like.
 *
 * Input: two names, a newline between. */
#include "config.h"

#include "broker/look.h"
#include "fuzz.h"
#include "ipc/proc.h"
#include "lib/name.h"
#include "lib/text.h"
#include "lib/util.h"
#include "world.h"

struct name {
	struct str text, fold;
	char folded[NAME_FOLD_MAX];
	char look[LOOK_MAX];
	size_t len;
	uint64_t keys[LOOKS];
};

static bool
name_of(struct name *m, struct str s)
{
	ssize_t n;

	m->text = s;
	m->len = look_of(s.p, s.n, m->look);
	FUZZ_ASSERT(m->len <= LOOK_MAX);
	if (name_check(s.p, s.n) != NAME_OK)
		return false;
	n = name_fold(s.p, s.n, m->folded, sizeof(m->folded));
	FUZZ_ASSERT(n > 0 && m->len > 0);
	m->fold = (struct str){m->folded, (size_t)n};
	look_keys(s, m->fold, m->keys);
	FUZZ_ASSERT(m->keys[0] != 0);
	return true;
}

static bool
alike(const struct name *a, const struct name *b)
{
	for (unsigned i = 0; i < LOOKS; i++)
		for (unsigned k = 0; k < LOOKS; k++)
			if (a->keys[i] == b->keys[k] && a->keys[i] != 0)
				return true;
	return false;
}

/* The first is here; may somebody come by the second? */
static void
meet(struct name *a, const struct name *b)
{
	uint64_t id = world_login(0, a->text.p, "192.0.2.1");
	enum chat_err err;

	if (id == 0)
		return;
	err = look_check(b->text, b->fold, NULL, 0);
	FUZZ_ASSERT(err == ERR_NONE || err == ERR_NICK_LOOKS);
	FUZZ_ASSERT(!alike(a, b) || err == ERR_NICK_LOOKS);
	world_quit(0, id);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct name a, b, again;
	const uint8_t *nl = n > 0 ? memchr(p, '\n', n) : NULL;
	char *one, *other;
	bool good;
	size_t k;

	if (nl == NULL || n > 400)
		return 0;
	if (world.reg == NULL) {
		world_init(&world, 8, 1u << 20);
		looks_rebuild();
	}
	k = (size_t)(nl - p);
	one = fuzz_copy(p, k, k + 1);
	other = fuzz_copy(nl + 1, n - k - 1, n - k);
	good = name_of(&a, (struct str){one, k});
	if (name_of(&b, (struct str){other, n - k - 1}) && good) {
		FUZZ_ASSERT(name_of(&again, a.text) &&
			    memcmp(a.keys, again.keys, sizeof(a.keys)) == 0);
		FUZZ_ASSERT(!str_eq(a.fold, b.fold) || alike(&a, &b));
		if (strlen(one) == k)
			meet(&a, &b);
	}
	free(one);
	free(other);
	return 0;
}
