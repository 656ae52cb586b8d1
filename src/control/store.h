/* store.h - asking the store for administrators, for the files of their commands (cmd_store.c, cmd_file.c). */
#ifndef CONTROL_STORE_H
#define CONTROL_STORE_H

#include <stdbool.h>
#include <stddef.h>

#include "control/conn.h"

/* Ask op (enum store_op) with the request's own arguments. */
void store_ask_args(struct conn *c, unsigned op, conn_event_fn *fn);

/* Answers: e_done, what there is to say; the facts of a page as an object. */
void store_done(struct conn *c, unsigned type, const void *frame, size_t len);
void store_facts(struct conn *c, unsigned type, const void *frame, size_t len);
/* The rows of a page into m. False: it is none, which has been told. */
bool store_page(struct conn *c, unsigned type, const void *frame, size_t len, struct m_q_page *m);

#endif
