/* What is known of a file, and what else travels between processes inside of a field: facts, links, lists of accounts, words. What is
 * accepted means the same when it is written again, and a link leads to what it was made for.
 *
 * The first byte says as what the rest is taken: 'f' facts, 'b' base64url, 'a' accounts, 'w' words, 'l' a link's name. */
#include "config.h"

#include "fuzz.h"
#include "ipc/file.h"
#include "ipc/store.h"
#include "lib/text.h"
#include "lib/util.h"

static const uint8_t key[16] = "not so secret";

/* "/files/ID/NAME?e=EXPIRES&s=PROOF" of facts that were accepted, as a client would follow it. */
static void
check_path(const struct file_facts *f)
{
	static const char plain[] = "-._~/?=&%";
	char path[FILE_PATH_MAX], proof[2 * FILE_PROOF];
	size_t n = file_path(path, sizeof(path), f);
	const char *id = path + strlen("/files/"), *name = memchr(id, '/', n), *s;
	uint8_t back[MAX(FILE_ID, FILE_PROOF)];

	FUZZ_ASSERT(n == strlen(path) && n < sizeof(path) && memcmp(path, "/files/", 7) == 0);
	FUZZ_ASSERT(name != NULL && name[1] != '?');
	FUZZ_ASSERT(base64url_decode((struct str){id, (size_t)(name - id)}, back, FILE_ID) ==
		    FILE_ID);
	FUZZ_ASSERT(memcmp(back, f->id, FILE_ID) == 0);
	for (const char *p = path; *p != '\0'; p++)
		FUZZ_ASSERT((*p >= '0' && *p <= '9') || ((*p | 32) >= 'a' && (*p | 32) <= 'z') ||
			    strchr(plain, *p) != NULL);
	s = strstr(name, "&s=");
	FUZZ_ASSERT(s != NULL && base64url_encode(f->proof, FILE_PROOF, proof) == strlen(s + 3) &&
		    strcmp(proof, s + 3) == 0);
}

static void
facts(struct str s)
{
	struct file_facts f, g;
	char out[FILE_FACTS_MAX], size[64];
	size_t n;

	if (!file_get(s, &f))
		return;
	n = file_put(out, &f);
	FUZZ_ASSERT(n == s.n && memcmp(out, s.p, n) == 0);
	FUZZ_ASSERT(file_get((struct str){out, n}, &g) && str_eq(f.name, g.name) &&
		    str_eq(f.type, g.type));
	FUZZ_ASSERT(show_bytes(size, sizeof(size), f.size) < sizeof(size));
	file_is_image(&f);
	check_path(&f);
	file_prove(key, f.id, f.expires, f.proof);
	FUZZ_ASSERT(f.expires == 0 ||
		    file_proved(key, f.id, f.expires, (struct str){(char *)f.proof, FILE_PROOF},
				f.expires - 1));
	FUZZ_ASSERT(!file_proved(key, f.id, f.expires, (struct str){(char *)f.proof, FILE_PROOF},
				 f.expires));
	f.proof[s.n % FILE_PROOF] ^= 1;
	FUZZ_ASSERT(
	    !file_proved(key, f.id, f.expires, (struct str){(char *)f.proof, FILE_PROOF}, 0));
}

static void
base64(struct str s)
{
	char *text = malloc(4 * s.n / 3 + 2);
	size_t n = base64url_encode(s.p, s.n, text), cap = s.n * 3 / 4;
	uint8_t *bytes = malloc(s.n + 1);

	FUZZ_ASSERT(text != NULL && bytes != NULL && strlen(text) == n);
	FUZZ_ASSERT(base64url_decode((struct str){text, n}, bytes, s.n) == (ssize_t)s.n &&
		    memcmp(bytes, s.p, s.n) == 0);
	free(bytes);
	bytes = malloc(cap + 1);
	/* there is one way to write it only */
	if (base64url_decode(s, bytes, cap) >= 0) {
		FUZZ_ASSERT(base64url_encode(bytes, cap, text) == s.n &&
			    memcmp(text, s.p, s.n) == 0);
	}
	free(bytes);
	free(text);
}

static void
accounts(struct str s)
{
	struct restore_account a;
	struct str rest = s;
	char *out = malloc(s.n + 1);
	size_t n = 0;

	while (restore_account_next(&rest, &a)) {
		n = restore_account_put(out, n, s.n, &a);
		FUZZ_ASSERT(n > 0 && n + rest.n == s.n);
	}
	FUZZ_ASSERT(memcmp(out, s.p, n) == 0);
	free(out);
}

static void
words(struct str s)
{
	size_t used = 0;

	for (struct str rest = s; rest.n > 0;) {
		struct str w = store_word(&rest);

		FUZZ_ASSERT(w.n == 0 || memchr(w.p, '\x1f', w.n) == NULL);
		used += w.n + (w.p + w.n < s.p + s.n);
		FUZZ_ASSERT(used + rest.n == s.n);
		store_number(w);
	}
}

/* Any name and type: what is put is got. */
static void
link_of(struct str s)
{
	struct file_facts f = {.size = s.n, .expires = 1, .type = STR_LIT("image/png"), .name = s},
			  g;
	char out[FILE_FACTS_MAX];
	size_t n;

	memcpy(f.id, s.p, MIN(s.n, sizeof(f.id)));
	n = file_put(out, &f);
	FUZZ_ASSERT((n == 0) == (s.n > FILE_NAME_MAX));
	if (n == 0)
		return;
	FUZZ_ASSERT(file_get((struct str){out, n}, &g) && str_eq(g.name, s) && file_is_image(&g));
	check_path(&g);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct str s;

	if (n < 1)
		return 0;
	s = (struct str){fuzz_copy(p + 1, n - 1, n - 1), n - 1};
	switch (*p) {
	case 'f':
		facts(s);
		break;
	case 'b':
		base64(s);
		break;
	case 'a':
		accounts(s);
		break;
	case 'w':
		words(s);
		break;
	case 'l':
		link_of(s);
		break;
	default:
		break;
	}
	free((char *)s.p);
	return 0;
}
