/* cmd_file.c - files that people have shared: listed, counted, deleted. The store knows them, the broker asks it for us. */
#include "config.h"

#include <string.h>

#include "control/control.h"
#include "control/store.h"
#include "ipc/file.h"
#include "lib/util.h"

#define ID_TEXT (2 * FILE_ID)

static const struct column file_columns[] = {
    {"id", "ID", 22, false},     {"name", "NAME", 16, false}, {"size", "SIZE", 10, true},
    {"type", "TYPE", 12, false}, {"by", "BY", 10, false},     {"where", "WHERE", 10, false},
    {"at", "AT", 20, false},
};

/* A row as JSON and the table have it; its id as text. */
static bool
fields(struct conn *c, const struct m_q_file *m, char id[ID_TEXT])
{
	struct writer *w = &c->w;
	struct file_facts f;

	if (!file_get(m->file, &f))
		return false;
	base64url_encode(f.id, sizeof(f.id), id);
	writer_s(w, "id", id);
	writer_str(w, "name", f.name.p, f.name.n);
	writer_bytes(w, "size", f.size);
	writer_str(w, "type", f.type.p, f.type.n);
	writer_str(w, "by", m->by.p, m->by.n);
	writer_str(w, "account", m->account.n > 0 ? m->account.p : NULL, m->account.n);
	writer_str(w, "where", m->place.n > 0 ? m->place.p : NULL, m->place.n);
	writer_time(w, "at", m->at);
	writer_u64(w, "width", f.width);
	writer_u64(w, "height", f.height);
	writer_bool(w, "thumbnail", (f.flags & FILE_THUMB) != 0);
	writer_bool(w, "gone", (f.flags & FILE_GONE) != 0);
	return true;
}

static void ask_files(struct conn *c);

/* A page of them; the next one when its reader has read it. */
static void
files(struct conn *c, unsigned type, const void *frame, size_t len)
{
	char last[ID_TEXT] = "";
	struct m_q_file f;
	struct m_q_page m;
	struct str row;

	if (!store_page(c, type, frame, len, &m))
		return;
	while (ipc_next(&m.rows, &row)) {
		if (!m_q_file_get(row.p, row.n, &f))
			continue;
		writer_row(&c->w);
		fields(c, &f, last);
		writer_row_end(&c->w);
	}
	bprintf(c->name, sizeof(c->name), "%s", last);
	conn_page(c, m.more && last[0] != '\0' ? ask_files : NULL);
}

static void
ask_files(struct conn *c)
{
	char args[1024];

	c->step = NULL;
	bprintf(args, sizeof(args), "%s\x1f%s", c->req.nargs > 0 ? c->req.args[0] : "", c->name);
	conn_store(c, STORE_FILES, args, files);
}

void
cmd_file_list(struct conn *c)
{
	if (c->req.nargs > 0 && (strlen(c->req.args[0]) > 512 || strchr(c->req.args[0], '\x1f'))) {
		conn_fail(c, CTL_NOT_FOUND, "nothing can match that");
		return;
	}
	c->name[0] = '\0';
	writer_list(&c->w, NULL, file_columns, ARRAY_LEN(file_columns));
	ask_files(c);
}

static void
file(struct conn *c, unsigned type, const void *frame, size_t len)
{
	char id[ID_TEXT], path[FILE_PATH_MAX];
	struct file_facts facts;
	struct m_q_file f;
	struct m_q_page m;
	ssize_t n;

	if (!store_page(c, type, frame, len, &m))
		return;
	n = ipc_frame(m.rows.p, m.rows.n);
	if (n <= 0 || !m_q_file_get(m.rows.p, (size_t)n, &f) || !file_get(f.file, &facts)) {
		conn_fail(c, CTL_NOT_FOUND, "there is no such file");
		return;
	}
	writer_object(&c->w);
	fields(c, &f, id);
	file_path(path, sizeof(path), &facts);
	writer_s(&c->w, "path", facts.flags & FILE_GONE ? NULL : path);
	writer_object_end(&c->w);
	conn_done(c);
}

void
cmd_file_show(struct conn *c)
{
	store_ask_args(c, STORE_FILE, file);
}

void
cmd_file_delete(struct conn *c)
{
	store_ask_args(c, STORE_FILE_DELETE, store_done);
}

void
cmd_file_quota(struct conn *c)
{
	store_ask_args(c, STORE_FILE_QUOTA, store_facts);
}
