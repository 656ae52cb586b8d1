/* writer.h - answers of control: one walk over the facts, shown as table, json or jsonl.
 *
 * A listing is writer_list, for each row writer_row, its fields and writer_row_end, then
 * writer_list_end. One thing is writer_object, fields, writer_object_end; a listing within it
 * is a writer_list with a key, opened after its other fields and closed before the next one. A
 * table shows the fields that are columns, JSON all of them under their names, which never change.
 *
 * What is written gathers in body until the caller takes it (in JSON any part of an answer;
 * in a table whole pages: writer_page). No control character or invalid UTF-8 gets there.
 */
#ifndef CONTROL_WRITER_H
#define CONTROL_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipc/ctl.h"
#include "lib/buf.h"

/* A column of the table; the JSON name of the field it shows, its heading, its least width. */
struct column {
	const char *key, *title;
	unsigned width;
	bool right; /* numbers */
};
#define COLUMNS_MAX 16

struct writer {
	enum ctl_format format;
	struct buf body; /* owned */
	const struct column *cols; /* of the open listing; static */
	unsigned ncols, rows;
	bool object, list, row, nested, headed;
	unsigned widths[COLUMNS_MAX];
	struct buf cells; /* owned: text of this page's cells, each with a NUL, row after row */
	unsigned page_rows;
	struct buf row_cells[COLUMNS_MAX]; /* owned: of the row being made */
	void *json; /* owned: the object or row being made (json_t) */
};

/* False when this build has no JSON and format wants it. */
bool writer_can(enum ctl_format format);

void writer_init(struct writer *w, enum ctl_format format);
void writer_fini(struct writer *w);

void writer_object(struct writer *w);
void writer_object_end(struct writer *w);

/* key: the field of the object that the listing is, or NULL. cols lives as long as the listing. */
void writer_list(struct writer *w, const char *key, const struct column *cols, unsigned ncols);
void writer_row(struct writer *w);
void writer_row_end(struct writer *w);
void writer_list_end(struct writer *w);
/* The table's rows so far go to the body, aligned with each other. */
void writer_page(struct writer *w);

/* Fields. Strings may hold anything; p NULL is null (an empty cell). */
void writer_str(struct writer *w, const char *key, const char *p, size_t n);
void writer_s(struct writer *w, const char *key, const char *s);
void writer_u64(struct writer *w, const char *key, uint64_t v);
/* A number in JSON; in a table with units, "1.4 MiB", "3d 4h". */
void writer_bytes(struct writer *w, const char *key, uint64_t n);
void writer_seconds(struct writer *w, const char *key, uint64_t n);
void writer_real(struct writer *w, const char *key, double v);
void writer_bool(struct writer *w, const char *key, bool v);
/* ms since 1970; 0 is null. RFC 3339. */
void writer_time(struct writer *w, const char *key, uint64_t ms);
/* An array of strings: n times a field of that name between begin and end. */
void writer_strs(struct writer *w, const char *key, const char *const *strs, size_t n);

/* An answer that is text as it stands (metrics, help): shown as it is in a table, as the field
 * "text" in JSON. The text is ours, with newlines. */
void writer_text(struct writer *w, const char *p, size_t n);

#endif
