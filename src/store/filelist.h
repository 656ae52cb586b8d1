/* filelist.h - what administrators ask about files; a part of lookup.c, on its connection. */
#ifndef STORE_FILELIST_H
#define STORE_FILELIST_H

#include "lib/str.h"
#include "store/db.h"
#include "store/page.h"
#include "store/rows.h"

struct filelist {
	struct db_set set;
	struct rows rows;
};

void filelist_init(struct filelist *f, struct db *db);
void filelist_fini(struct filelist *f);

/* What enum store_op says of each; args are words separated by \x1f. Rows go to the page; enum chat_err. */
unsigned filelist_all(struct filelist *f, struct str args, struct page *page);
unsigned filelist_one(struct filelist *f, struct str args, struct page *page);
unsigned filelist_quota(struct filelist *f, struct str args, struct page *page);

#endif
