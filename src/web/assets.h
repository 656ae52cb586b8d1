/* assets.h - the page's files, as web/pack has put them into the program. */
#ifndef WEB_ASSETS_H
#define WEB_ASSETS_H

#include <stddef.h>

struct asset {
	const char *name; /* "js/main.js"; NULL: the end of the table */
	const char *hash; /* of its contents: a strong ETag, in quotes, but for the encoding */
	const unsigned char *raw;
	size_t nraw;
	const unsigned char *gz; /* NULL: it is only sent as it is */
	size_t ngz;
};

extern const struct asset assets[];
extern const char assets_name[]; /* they are at /assets/<this>/ */

#endif
