/* writer.c - see writer.h. */
#include "config.h"

#include "control/writer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef HAVE_JANSSON
#include <jansson.h>
#endif

#include "lib/text.h"
#include "lib/util.h"

#define CELL_MAX \
	48 /* columns that the widths of a page grow to; longer cells push the rest aside */
#define LABEL 12

bool
writer_can(enum ctl_format format)
{
#ifdef HAVE_JANSSON
	(void)format;
	return true;
#else
	return format == CTL_TABLE;
#endif
}

void
writer_init(struct writer *w, enum ctl_format format)
{
	*w = (struct writer){.format = format};
}

/* --- JSON -------------------------------------------------------------------------------- */

#ifdef HAVE_JANSSON
static void
json_open(struct writer *w)
{
	w->json = json_object();
	CHECK(w->json != NULL);
}

static void
json_field(struct writer *w, const char *key, json_t *v)
{
	CHECK(v != NULL && json_object_set_new(w->json, key, v) == 0);
}

static json_t *
json_text(const char *p, size_t n)
{
	struct buf fixed = {0};
	json_t *v = json_stringn(p, n);

	/* Only invalid UTF-8 is refused; it is shown escaped, as in a table. */
	if (v == NULL) {
		ctl_show(&fixed, p, n, false);
		v = json_stringn(buf_data(&fixed), fixed.len);
		buf_fini(&fixed);
	}
	CHECK(v != NULL);
	return v;
}

/* The object that was made goes to the body, without its last brace when a listing is to follow. */
static void
json_close(struct writer *w, bool open_end)
{
	char *s = json_dumps(w->json, JSON_COMPACT);
	size_t n;

	CHECK(s != NULL);
	n = strlen(s);
	ctl_show(&w->body, s, open_end ? n - 1 : n, true);
	free(s);
	json_decref(w->json);
	w->json = NULL;
}

static void
json_drop(struct writer *w)
{
	json_decref(w->json);
}
#else
typedef int json_t;
static void
json_open(struct writer *w)
{
	(void)w;
}
static void
json_close(struct writer *w, bool open_end)
{
	(void)w;
	(void)open_end;
}
static void
json_drop(struct writer *w)
{
	(void)w;
}
#define json_field(w, key, v) ((void)(key))
#endif

void
writer_fini(struct writer *w)
{
	json_drop(w);
	buf_fini(&w->body);
	buf_fini(&w->cells);
	for (unsigned i = 0; i < COLUMNS_MAX; i++)
		buf_fini(&w->row_cells[i]);
	*w = (struct writer){0};
}

static void
put(struct writer *w, const char *s)
{
	buf_append(&w->body, s, strlen(s));
}

/* --- objects and listings ------------------------------------------------------------------ */

void
writer_object(struct writer *w)
{
	w->object = true;
	if (w->format != CTL_TABLE)
		json_open(w);
}

void
writer_object_end(struct writer *w)
{
	w->object = false;
	if (w->format == CTL_TABLE)
		return;
	if (w->nested)
		put(w, "}");
	else
		json_close(w, false);
	put(w, "\n");
	w->nested = false;
}

void
writer_list(struct writer *w, const char *key, const struct column *cols, unsigned ncols)
{
	CHECK(ncols <= COLUMNS_MAX);
	w->list = true;
	w->cols = cols;
	w->ncols = ncols;
	w->rows = w->page_rows = 0;
	w->headed = false;
	for (unsigned i = 0; i < ncols; i++)
		w->widths[i] = MAX(cols[i].width, (unsigned)strlen(cols[i].title));
	if (w->format == CTL_TABLE) {
		if (key != NULL)
			put(w, "\n");
		return;
	}
	if (key != NULL) {
		if (!w->nested) /* the fields before the first one */
			json_close(w, true);
		w->nested = true;
		put(w, ",\"");
		put(w, key);
		put(w, "\":[");
	} else if (w->format == CTL_JSON) {
		put(w, "[");
	}
}

void
writer_row(struct writer *w)
{
	w->row = true;
	if (w->format != CTL_TABLE) {
		json_open(w);
		return;
	}
	for (unsigned i = 0; i < w->ncols; i++)
		w->row_cells[i].len = w->row_cells[i].off = 0;
}

void
writer_row_end(struct writer *w)
{
	w->row = false;
	w->rows++;
	if (w->format != CTL_TABLE) {
		if (w->nested)
			put(w, w->rows > 1 ? "," : "");
		else if (w->format == CTL_JSON)
			put(w, w->rows > 1 ? ",\n" : "\n");
		json_close(w, false);
		if (!w->nested && w->format == CTL_JSONL)
			put(w, "\n");
		return;
	}
	for (unsigned i = 0; i < w->ncols; i++) {
		struct buf *b = &w->row_cells[i];
		unsigned width = (unsigned)text_width(buf_data(b), b->len);

		if (width > w->widths[i])
			w->widths[i] = MIN(width, MAX(w->widths[i], CELL_MAX));
		buf_append(&w->cells, buf_data(b), b->len);
		buf_append(&w->cells, "", 1);
	}
	w->page_rows++;
}

void
writer_list_end(struct writer *w)
{
	writer_page(w);
	w->list = false;
	if (w->format == CTL_TABLE)
		return;
	if (w->nested)
		put(w, "]");
	else if (w->format == CTL_JSON)
		put(w, w->rows > 0 ? "\n]\n" : "]\n");
}

/* One cell and the gap behind it; the last one of a line gets no trailing spaces. */
static void
put_cell(struct writer *w, unsigned col, const char *p, size_t n)
{
	int pad = (int)w->widths[col] - text_width(p, n);
	bool right = w->cols[col].right;

	for (; right && pad > 0; pad--)
		put(w, " ");
	buf_append(&w->body, p, n);
	if (col + 1 == w->ncols)
		return;
	for (; pad > 0; pad--)
		put(w, " ");
	put(w, "  ");
}

static void
trim_line(struct writer *w)
{
	while (w->body.len > 0 && buf_data(&w->body)[w->body.len - 1] == ' ')
		w->body.len--;
	put(w, "\n");
}

void
writer_page(struct writer *w)
{
	const char *p = buf_data(&w->cells);

	if (w->format != CTL_TABLE || !w->list)
		return;
	if (!w->headed) {
		for (unsigned i = 0; i < w->ncols; i++)
			put_cell(w, i, w->cols[i].title, strlen(w->cols[i].title));
		trim_line(w);
		w->headed = true;
	}
	for (unsigned row = 0; row < w->page_rows; row++) {
		for (unsigned i = 0; i < w->ncols; i++) {
			size_t n = strlen(p);

			put_cell(w, i, p, n);
			p += n + 1;
		}
		trim_line(w);
	}
	w->page_rows = 0;
	buf_drop(&w->cells, w->cells.len);
}

/* --- fields ---------------------------------------------------------------------------------- */

/* A field of the table: a cell when it is a column, a line of an object. */
static void
table_field(struct writer *w, const char *key, const char *p, size_t n)
{
	if (!w->list) {
		size_t len = strlen(key);

		put(w, key);
		do
			put(w, " ");
		while (++len < LABEL);
		ctl_show(&w->body, p, n, false);
		trim_line(w);
		return;
	}
	for (unsigned i = 0; i < w->ncols; i++) {
		if (strcmp(w->cols[i].key, key) == 0) {
			w->row_cells[i].len = 0;
			ctl_show(&w->row_cells[i], p, n, false);
			return;
		}
	}
}

void
writer_str(struct writer *w, const char *key, const char *p, size_t n)
{
	if (w->format == CTL_TABLE)
		table_field(w, key, p != NULL ? p : "", n);
	else
		json_field(w, key, p != NULL ? json_text(p, n) : json_null());
}

void
writer_s(struct writer *w, const char *key, const char *s)
{
	writer_str(w, key, s, s != NULL ? strlen(s) : 0);
}

void
writer_u64(struct writer *w, const char *key, uint64_t v)
{
	char s[24];

	if (w->format == CTL_TABLE)
		table_field(w, key, s, bprintf(s, sizeof(s), "%" PRIu64, v));
	else
		json_field(w, key, json_integer((json_int_t)v));
}

/* A number with units in the table. */
static void
units(struct writer *w, const char *key, uint64_t v, size_t (*show)(char *, size_t, uint64_t))
{
	char s[48];

	if (w->format == CTL_TABLE)
		table_field(w, key, s, show(s, sizeof(s), v));
	else
		writer_u64(w, key, v);
}

void
writer_bytes(struct writer *w, const char *key, uint64_t n)
{
	units(w, key, n, show_bytes);
}

void
writer_seconds(struct writer *w, const char *key, uint64_t n)
{
	units(w, key, n, show_duration);
}

void
writer_real(struct writer *w, const char *key, double v)
{
	char s[48];

	if (w->format == CTL_TABLE)
		table_field(w, key, s, bprintf(s, sizeof(s), "%.3f", v));
	else
		json_field(w, key, json_real(v));
}

void
writer_bool(struct writer *w, const char *key, bool v)
{
	if (w->format == CTL_TABLE)
		writer_s(w, key, v ? "yes" : "no");
	else
		json_field(w, key, json_boolean(v));
}

void
writer_time(struct writer *w, const char *key, uint64_t ms)
{
	char s[32];

	writer_s(w, key, ms != 0 ? time_rfc3339(ms, s) : NULL);
}

void
writer_strs(struct writer *w, const char *key, const char *const *strs, size_t n)
{
	struct buf all = {0};

	if (w->format == CTL_TABLE) {
		for (size_t i = 0; i < n; i++) {
			if (i > 0)
				buf_append(&all, ",", 1);
			buf_append(&all, strs[i], strlen(strs[i]));
		}
		table_field(w, key, all.len > 0 ? buf_data(&all) : "", all.len);
		buf_fini(&all);
		return;
	}
#ifdef HAVE_JANSSON
	json_t *array = json_array();

	for (size_t i = 0; i < n; i++)
		CHECK(json_array_append_new(array, json_text(strs[i], strlen(strs[i]))) == 0);
	json_field(w, key, array);
#endif
}

void
writer_text(struct writer *w, const char *p, size_t n)
{
	if (w->format == CTL_TABLE) {
		buf_append(&w->body, p, n);
		return;
	}
	writer_object(w);
	writer_str(w, "text", p, n);
	writer_object_end(w);
}
