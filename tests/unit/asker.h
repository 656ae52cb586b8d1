/* asker.h - questions to the store about a history of the test's own: rooms and accounts to ask about, asking, and the rows of the
 * answer as text. For tests of src/store/ask*.c. */
#ifndef TESTS_UNIT_ASKER_H
#define TESTS_UNIT_ASKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bygone.h"
#include "unit_str.h"

/* --- what is there to be asked about --- */

/* Rooms, made by alice; they are called by the number of the event that made them. */
#define LOBBY 1
#define OPS 2
#define EMPTY 3
#define ROOM_ID(born) (0x100u + (born))
/* Accounts; the second is called Bob. */
extern uint64_t alice, bob, carol;

/* Somebody's name; with '=' behind it, logged in to the account that is called the same. */
struct who {
	char name[32], account[32], uhost[64];
};
struct who who_of(const char *s);
#define WHO(w) .name = S((w).name), .uhost = S((w).uhost), .account = S((w).account)

/* Something is said; it is committed by bygone_commit. */
void say(uint64_t seq, uint64_t born, const char *who, const char *text);
void dm(uint64_t seq, const char *from, const char *to, bool kept, const char *text);
/* Messages 10, 12, … 20 in the lobby, 11, 13, … 19 in ops; committed. */
void twelve(void);
#define ALL_LOBBY "10 l|12 l|14 l|16 l|18 l|20 l|"

/* --- asking --- */

/* From now on the database in this file is asked, by somebody whose registry is of this epoch. Open from the first, in
 * the present one, until the end of the test. */
void asker_open(const char *file, uint64_t epoch);
void asker_close(void);
/* Why the last question could not be answered. */
const char *asker_why(void);

/* What was answered last; its strings are valid until the next question. */
extern struct m_s_page page;
void ask(struct m_s_query q, uint64_t ms);
/* About one message; the answer's code. */
unsigned ask_one(struct m_s_message m);
/* The page's rows as text: "12 words|", "12 >carol words|", "#Lobby 12 3|" (the last message, how many), "mark 5|",
 * "7 e_join|"; until the next call. */
const char *rows(void);
/* The k-th row. */
struct str nth(unsigned k);
#define NTH(name_, k_) \
	({ \
		struct m_e_##name_ m_; \
		struct str f_ = nth(k_); \
		ck_assert(m_e_##name_##_get(f_.p, f_.n, &m_)); \
		m_; \
	})

/* Fields of a question: in these rooms. */
#define IN(...) \
	.places = {(const char *)(const uint64_t[]){__VA_ARGS__}, \
		   sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t)}
/* Ask with these fields. */
#define ck_rows(want, ...) \
	do { \
		ask((struct m_s_query){__VA_ARGS__}, 5000); \
		ck_assert_uint_eq(page.code, ERR_NONE); \
		ck_assert_str_eq(rows(), want); \
	} while (0)

/* --- the program --- */

/* What main() does. */
int asker_run(const char *name, const TTest *const *tests, size_t n);

#endif
