/* top.c - `chatctl top`: users and load on the full screen. Made of other commands: status,
 * users and kick. */
#include "config.h"

#include "tools/tools.h"

#if defined HAVE_NCURSES && defined HAVE_JANSSON

#include <inttypes.h>
#include <jansson.h>
#include <locale.h>
#include <ncurses.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/name.h"
#include "lib/text.h"
#include "lib/util.h"

#define INTERVAL_DEFAULT 2

struct row {
	char name[NAME_BYTES_MAX + 1], address[48];
	uint64_t worker, rooms, idle, queued, in, out;
};

enum sort { SORT_NAME, SORT_IDLE, SORT_QUEUED, SORT_IN, SORT_OUT, SORT_ROOMS, SORT_COUNT };
static const struct {
	int key;
	const char *title;
} sorts[SORT_COUNT] = {{'n', "name"},        {'i', "idle"},         {'u', "queued"},
		       {'m', "messages in"}, {'o', "messages out"}, {'r', "rooms"}};

static struct {
	struct client cl;
	struct row *rows; /* owned; those that the filter lets through, sorted */
	size_t nrows, cap, total;
	size_t at, first; /* chosen row, first row on the screen */
	char chosen[NAME_BYTES_MAX + 1];
	char filter[NAME_BYTES_MAX + 1], message[256];
	char head[256];
	enum sort sort;
	bool reverse;
} top;

/* --- facts ---------------------------------------------------------------------------------- */

static uint64_t
number(const json_t *o, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(o, key));
}

static void
copy_text(char *to, size_t cap, const json_t *v)
{
	const char *s = json_string_value(v);
	struct buf shown = {0};

	if (s != NULL)
		ctl_show(&shown, s, strlen(s), false);
	/* names are shorter than that; what is escaped into more is cut at a character */
	shown.len = text_cut(buf_data(&shown), shown.len, cap - 1);
	if (shown.len > 0)
		memcpy(to, buf_data(&shown), shown.len);
	to[shown.len] = '\0';
	buf_fini(&shown);
}

static int
compare(const void *pa, const void *pb)
{
	const struct row *a = pa, *b = pb;
	const uint64_t va[SORT_COUNT] = {0, a->idle, a->queued, a->in, a->out, a->rooms};
	const uint64_t vb[SORT_COUNT] = {0, b->idle, b->queued, b->in, b->out, b->rooms};
	int order = va[top.sort] < vb[top.sort] ? 1 : va[top.sort] > vb[top.sort] ? -1 : 0;

	if (order == 0)
		order = strcmp(a->name, b->name);
	return top.reverse ? -order : order;
}

static void
add_user(const char *line, size_t n)
{
	json_t *o = json_loadb(line, n, 0, NULL);
	struct row *r;

	if (o == NULL)
		return;
	top.total++;
	if (top.nrows == top.cap) {
		top.cap = MAX((size_t)64, top.cap * 2);
		top.rows = xrealloc(top.rows, top.cap * sizeof(*top.rows));
	}
	r = &top.rows[top.nrows];
	copy_text(r->name, sizeof(r->name), json_object_get(o, "name"));
	copy_text(r->address, sizeof(r->address), json_object_get(o, "address"));
	r->worker = number(o, "worker");
	r->rooms = json_array_size(json_object_get(o, "rooms"));
	r->idle = number(o, "idle");
	r->queued = number(o, "queued");
	r->in = number(o, "messages_in");
	r->out = number(o, "messages_out");
	if (top.filter[0] == '\0' || strcasestr(r->name, top.filter) != NULL ||
	    strstr(r->address, top.filter) != NULL)
		top.nrows++;
	json_decref(o);
}

static void
read_status(const struct buf *text)
{
	json_t *o = json_loadb(buf_data(text), text->len, 0, NULL);
	json_t *procs = json_object_get(o, "processes");
	double cpu = 0;
	uint64_t rss = 0;

	for (size_t i = 0; i < json_array_size(procs); i++) {
		cpu += json_real_value(json_object_get(json_array_get(procs, i), "cpu_seconds"));
		rss += number(json_array_get(procs, i), "rss_bytes");
	}
	bprintf(top.head, sizeof(top.head),
		"chatd %s  up %" PRIu64 " s  users %" PRIu64 "  rooms %" PRIu64
		"  sessions %" PRIu64 "  processes %zu  cpu %.2f s  memory %" PRIu64 " MiB",
		json_string_value(json_object_get(o, "version")) != NULL
		    ? json_string_value(json_object_get(o, "version"))
		    : "?",
		number(o, "uptime"), number(o, "users"), number(o, "rooms"), number(o, "sessions"),
		json_array_size(procs), cpu, rss >> 20);
	json_decref(o);
}

/* False when the daemon has gone or refuses; the reason is in message. */
static bool
fetch(void)
{
	struct buf text = {0};
	int code = client_ask_line(&top.cl, "status -o json", &text);

	if (code == CTL_OK) {
		read_status(&text);
		buf_drop(&text, text.len);
		code = client_ask_line(&top.cl, "users -o jsonl", &text);
	}
	if (code != CTL_OK) {
		if (code < 0)
			bprintf(top.message, sizeof(top.message),
				"the connection to chatd was lost");
		else
			bprintf(top.message, sizeof(top.message), "%.*s", (int)text.len,
				buf_data(&text));
		buf_fini(&text);
		return false;
	}
	top.nrows = top.total = 0;
	while (text.len > 0) {
		const char *p = buf_data(&text), *nl = memchr(p, '\n', text.len);
		size_t n = nl != NULL ? (size_t)(nl - p) : text.len;

		add_user(p, n);
		buf_drop(&text, MIN(n + 1, text.len));
	}
	buf_fini(&text);
	return true;
}

/* --- screen ---------------------------------------------------------------------------------- */

/* p in columns x.. of line y, at most width wide. */
static void
put_text(int y, int x, int width, const char *p)
{
	size_t n = strlen(p);

	while (n > 0 && text_width(p, n) > width)
		n = text_cut(p, n, n - 1);
	mvaddnstr(y, x, p, (int)n);
}

static void
draw_row(int y, const struct row *r, bool chosen)
{
	char rest[160];

	if (chosen)
		attron(A_REVERSE);
	mvhline(y, 0, ' ', COLS);
	put_text(y, 0, 24, r->name);
	put_text(y, 25, 26, r->address);
	bprintf(rest, sizeof(rest),
		"%6" PRIu64 " %5" PRIu64 " %8" PRIu64 " %9" PRIu64 " %9" PRIu64 " %9" PRIu64,
		r->worker, r->rooms, r->idle, r->queued, r->in, r->out);
	put_text(y, 52, MAX(0, COLS - 52), rest);
	if (chosen)
		attroff(A_REVERSE);
}

/* The chosen user stays chosen while others move around it. */
static void
find_chosen(void)
{
	for (size_t i = 0; i < top.nrows; i++) {
		if (strcmp(top.rows[i].name, top.chosen) == 0)
			top.at = i;
	}
	if (top.at >= top.nrows)
		top.at = top.nrows > 0 ? top.nrows - 1 : 0;
}

static void
draw(void)
{
	size_t lines = LINES > 5 ? (size_t)LINES - 5 : 1;
	char s[512];

	qsort(top.rows, top.nrows, sizeof(*top.rows), compare);
	find_chosen();
	if (top.at < top.first)
		top.first = top.at;
	if (top.at >= top.first + lines)
		top.first = top.at - lines + 1;
	erase();
	put_text(0, 0, COLS, top.head);
	bprintf(s, sizeof(s), "%zu of %zu users, by %s%s%s%s", top.nrows, top.total,
		sorts[top.sort].title, top.reverse ? ", reversed" : "",
		top.filter[0] != '\0' ? ", filter " : "", top.filter);
	put_text(1, 0, COLS, s);
	attron(A_BOLD);
	bprintf(s, sizeof(s), "%-24s %-26s %6s %5s %8s %9s %9s %9s", "NAME", "ADDRESS", "WORKER",
		"ROOMS", "IDLE", "QUEUED", "IN", "OUT");
	put_text(3, 0, COLS, s);
	attroff(A_BOLD);
	for (size_t i = 0; i < lines && top.first + i < top.nrows; i++)
		draw_row(4 + (int)i, &top.rows[top.first + i], top.first + i == top.at);
	put_text(LINES - 1, 0, COLS,
		 top.message[0] != '\0'
		     ? top.message
		     : "sort: n i u m o r, v reverse   / filter   k kick   q quit");
	refresh();
}

/* A line typed at the bottom; false when it was given up. */
static bool
ask(const char *prompt, char *out, size_t cap)
{
	int rc;

	timeout(-1);
	echo();
	curs_set(1);
	move(LINES - 1, 0);
	clrtoeol();
	put_text(LINES - 1, 0, COLS, prompt);
	rc = getnstr(out, (int)cap - 1);
	noecho();
	curs_set(0);
	return rc != ERR;
}

static void
kick(void)
{
	struct buf text = {0};
	struct ctl_req r = {.cmd = &ctl_cmds[CTL_CMD_kick], .nargs = 2};
	char prompt[160], name[NAME_BYTES_MAX + 1], answer[16], reason[200];
	int code;

	if (top.at >= top.nrows)
		return;
	bprintf(name, sizeof(name), "%s", top.rows[top.at].name);
	bprintf(prompt, sizeof(prompt), "reason for kicking %s (may be empty): ", name);
	if (!ask(prompt, reason, sizeof(reason)))
		return;
	bprintf(prompt, sizeof(prompt), "kick %s? type yes: ", name);
	if (!ask(prompt, answer, sizeof(answer)) || strcmp(answer, "yes") != 0) {
		bprintf(top.message, sizeof(top.message), "%s was not kicked", name);
		return;
	}
	r.args[0] = name;
	r.args[1] = reason;
	if (reason[0] == '\0')
		r.nargs = 1;
	code = client_ask(&top.cl, &r, &text);
	if (text.len > 0 && buf_data(&text)[text.len - 1] == '\n')
		text.len--;
	if (code < 0)
		bprintf(top.message, sizeof(top.message), "the connection to chatd was lost");
	else
		bprintf(top.message, sizeof(top.message), "%.*s", (int)text.len, buf_data(&text));
	buf_fini(&text);
}

/* One key. 0 to go on drawing, 1 to fetch anew, -1 to end. */
static int
press(int key)
{
	size_t page = LINES > 6 ? (size_t)LINES - 6 : 1, last = top.nrows > 0 ? top.nrows - 1 : 0;

	top.message[0] = '\0';
	for (unsigned i = 0; i < SORT_COUNT; i++) {
		if (sorts[i].key == key) {
			top.sort = i;
			return 0;
		}
	}
	switch (key) {
	case 'q':
	case 27:
		return -1;
	case 'v':
		top.reverse = !top.reverse;
		break;
	case '/':
		if (!ask("show names and addresses with: ", top.filter, sizeof(top.filter)))
			top.filter[0] = '\0';
		return 1;
	case 'k':
		kick();
		return 1;
	case KEY_UP:
		top.at -= top.at > 0;
		break;
	case KEY_DOWN:
		top.at = MIN(top.at + 1, last);
		break;
	case KEY_PPAGE:
		top.at -= MIN(top.at, page);
		break;
	case KEY_NPAGE:
		top.at = MIN(top.at + page, last);
		break;
	case KEY_HOME:
		top.at = 0;
		break;
	case KEY_END:
		top.at = last;
		break;
	case ERR:
		return 1;
	default:
		break;
	}
	if (top.at < top.nrows)
		bprintf(top.chosen, sizeof(top.chosen), "%s", top.rows[top.at].name);
	return 0;
}

static int
run(uint64_t interval_ms)
{
	uint64_t next = 0;

	for (;;) {
		uint64_t now = mono_ms();
		int rc;

		if (now >= next) {
			if (!fetch())
				return -1;
			next = now + interval_ms;
		}
		draw();
		now = mono_ms();
		timeout(next > now ? (int)(next - now) : 0);
		rc = press(getch());
		if (rc < 0)
			return 0;
		if (rc > 0)
			next = 0;
	}
}

int
tools_top(const struct ctl_req *r)
{
	int rc;

	if (!isatty(STDOUT_FILENO) || !isatty(STDIN_FILENO))
		return tools_fail(EXIT_USAGE, "top needs a terminal; users -o jsonl does not");
	rc = tools_connect(&top.cl, r);
	if (rc != EXIT_OK)
		return rc;
	setlocale(LC_CTYPE, "");
	if (initscr() == NULL)
		return tools_fail(EXIT_REFUSED, "the terminal cannot be used");
	cbreak();
	noecho();
	keypad(stdscr, TRUE);
	curs_set(0);
	set_escdelay(50);
	rc = run((r->interval != 0 ? r->interval : INTERVAL_DEFAULT) * 1000);
	endwin();
	client_close(&top.cl);
	free(top.rows);
	return rc == 0 ? EXIT_OK : tools_fail(EXIT_UNREACHABLE, "%s", top.message);
}

#else

int
tools_top(const struct ctl_req *r)
{
	(void)r;
	return tools_fail(EXIT_REFUSED, "top is not in this build (it needs ncurses and jansson)");
}

#endif
