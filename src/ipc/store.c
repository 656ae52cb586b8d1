/* store.c - see store.h. */
#include "config.h"

#include "ipc/store.h"

#include <stdlib.h>
#include <string.h>

#include "ipc/ipc.h"
#include "lib/util.h"

/* What stands before the name, which fills the rest. */
struct account_head {
	uint64_t id;
	uint32_t flags, kept;
	uint8_t name_len;
} __attribute__((packed));

_Static_assert(NAME_BYTES_MAX <= UINT8_MAX, "a name's length is a byte");

size_t
restore_account_put(char *buf, size_t n, size_t cap, const struct restore_account *a)
{
	struct account_head head = {a->id, a->flags, a->kept, (uint8_t)a->name.n};

	if (a->name.n > NAME_BYTES_MAX || cap - n < sizeof(head) + a->name.n)
		return 0;
	memcpy(buf + n, &head, sizeof(head));
	memcpy(buf + n + sizeof(head), a->name.p, a->name.n);
	return n + sizeof(head) + a->name.n;
}

bool
restore_account_next(struct str *rest, struct restore_account *a)
{
	struct account_head head;

	if (rest->n < sizeof(head))
		return false;
	memcpy(&head, rest->p, sizeof(head));
	if (head.name_len > NAME_BYTES_MAX || rest->n - sizeof(head) < head.name_len)
		return false;
	*a = (struct restore_account){
	    head.id, head.flags, head.kept, {rest->p + sizeof(head), head.name_len}};
	rest->p += sizeof(head) + head.name_len;
	rest->n -= sizeof(head) + head.name_len;
	return true;
}

struct str
store_word(struct str *rest)
{
	const char *end = rest->n > 0 ? memchr(rest->p, '\x1f', rest->n) : NULL;
	struct str w = {rest->p, end != NULL ? (size_t)(end - rest->p) : rest->n};
	size_t used = end != NULL ? w.n + 1 : w.n;

	rest->p += used;
	rest->n -= used;
	return w;
}

uint64_t
store_number(struct str word)
{
	char text[24];

	bprintf(text, sizeof(text), STR_FMT, STR_ARG(word));
	return strtoull(text, NULL, 10);
}
