/* full_priv.h - the full screen's parts to one another: what it holds, drawing it, its keys. */
#ifndef CHAT_FULL_PRIV_H
#define CHAT_FULL_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <wchar.h>

#include "client.h"

#define ENTRIES_MAX 2000 /* of a pane */
#define PANES_MAX (SESSION_ROOMS_MAX + 1)
#define TYPED_MAX 4000
#define RECALL_MAX 100

struct entry {
	enum show_kind kind;
	bool own, direct, mention;
	uint64_t at;
	char *from, *text; /* owned */
};

struct pane {
	char name[ROOM_BYTES_MAX + 2]; /* "lobby", "@bob", "" */
	struct entry *ring; /* owned: ENTRIES_MAX */
	unsigned n, gone; /* ever; of these, no longer kept */
	size_t bytes; /* of those that are */
	unsigned back; /* rows that are scrolled up */
};

struct full {
	struct client client;
	struct pane *panes[PANES_MAX]; /* owned */
	unsigned npanes;
	wchar_t typed[TYPED_MAX + 1];
	size_t n, cursor;
	char *recall[RECALL_MAX]; /* owned; the latest is the last */
	unsigned nrecall, at;
	char bar[128];
	bool dirty, eof;
};

/* --- full.c ---------------------------------------------------------------------------------- */

/* The one that plain lines go to. */
struct pane *full_pane(struct full *f);

/* --- full_draw.c ----------------------------------------------------------------------------- */

/* All of the screen, anew. */
void full_draw(struct full *f);

/* --- full_keys.c ----------------------------------------------------------------------------- */

/* What has been typed by now; at the end of input, f->eof. */
void full_keys(struct full *f);

#endif
