/* full.c - see full.h.
 *
 * A pane for each room and conversation holds what was shown there; the one that plain lines go to is on the screen. All of
 * it is drawn anew when something has changed: ncurses finds out what of it is new to the terminal. */
#include "config.h"

#include "full.h"

#include "full_priv.h"

#ifdef HAVE_NCURSES

#define _XOPEN_SOURCE_EXTENDED 1
#include <curses.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/util.h"

#define PANE_BYTES (512u * 1024) /* of text, at most */

/* --- panes ---------------------------------------------------------------------------------- */

static struct pane *
pane_of(struct full *f, struct str name)
{
	for (unsigned i = 0; i < f->npanes; i++) {
		if (str_eq(name, str_of(f->panes[i]->name)))
			return f->panes[i];
	}
	if (f->npanes == PANES_MAX)
		return f->panes[0];
	f->panes[f->npanes] = xcalloc(1, sizeof(struct pane));
	f->panes[f->npanes]->ring = xcalloc(ENTRIES_MAX, sizeof(struct entry));
	bprintf(f->panes[f->npanes]->name, sizeof(f->panes[0]->name), STR_FMT, STR_ARG(name));
	return f->panes[f->npanes++];
}

struct pane *
full_pane(struct full *f)
{
	const struct room *r = f->client.s.cur;
	char name[ROOM_BYTES_MAX + 2] = "";

	if (r != NULL)
		bprintf(name, sizeof(name), "%s%s", r->direct ? "@" : "", r->name);
	return pane_of(f, str_of(name));
}

static void
drop_oldest(struct pane *p)
{
	struct entry *e = &p->ring[p->gone++ % ENTRIES_MAX];

	p->bytes -= strlen(e->text);
	free(e->from);
	free(e->text);
	*e = (struct entry){.from = NULL};
}

static void
on_show(void *arg, const struct show *s)
{
	struct full *f = arg;
	struct pane *p = s->room.n > 0 ? pane_of(f, s->room) : full_pane(f);
	struct entry *e;

	while (p->n - p->gone == ENTRIES_MAX || (p->gone < p->n && p->bytes > PANE_BYTES))
		drop_oldest(p);
	e = &p->ring[p->n++ % ENTRIES_MAX];
	*e = (struct entry){
	    .kind = s->kind, .own = s->own, .direct = s->direct, .mention = s->mention};
	e->at = s->at > 0 ? s->at : wall_ms();
	e->from = xstrndup(s->from.n > 0 ? s->from.p : "", s->from.n);
	e->text = xstrndup(s->text.p, s->text.n);
	p->bytes += strlen(e->text);
	if ((s->mention || s->direct) && !s->own && !s->old)
		beep();
	f->dirty = true;
}

static void
on_changed(void *arg)
{
	((struct full *)arg)->dirty = true;
}

static void
on_bar(void *arg, const char *text)
{
	struct full *f = arg;

	bprintf(f->bar, sizeof(f->bar), "%s", text);
	f->dirty = true;
}

static const struct ui ui = {on_show, on_changed, on_bar};

/* --- Ctrl-Z -------------------------------------------------------------------------------------- */

/* ncurses has a handler of its own, which it takes away while it draws: a Ctrl-Z at that moment would be lost. It leaves one alone
 * that is there before it begins. */
static volatile sig_atomic_t suspended;

static void
on_suspend(int sig)
{
	suspended = sig;
}

static void
suspend(struct full *f)
{
	sigset_t tstp;

	suspended = 0;
	endwin();
	sigemptyset(&tstp);
	sigaddset(&tstp, SIGTSTP);
	(void)signal(SIGTSTP, SIG_DFL);
	(void)raise(SIGTSTP);
	(void)sigprocmask(SIG_UNBLOCK, &tstp, NULL); /* here it stops */
	(void)sigprocmask(SIG_BLOCK, &tstp, NULL);
	(void)signal(SIGTSTP, on_suspend);
	(void)raise(SIGWINCH); /* the terminal may have another size than before */
	clearok(curscr, TRUE);
	f->dirty = true;
}

/* --- all of it --------------------------------------------------------------------------------------- */

static void
screen_open(void)
{
	/* a shell without jobs ignores it: so do we then */
	if (signal(SIGTSTP, on_suspend) == SIG_IGN)
		(void)signal(SIGTSTP, SIG_IGN);
	if (initscr() == NULL)
		exit(chat_fail(CHAT_USAGE, "the terminal cannot be used"));
	cbreak();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	set_escdelay(25);
	if (has_colors()) {
		start_color();
		use_default_colors();
		for (short i = 1; i <= 6; i++)
			init_pair(i, i, -1);
	}
}

static void
full_fini(struct full *f)
{
	for (unsigned i = 0; i < f->npanes; i++) {
		for (unsigned k = 0; k < ENTRIES_MAX; k++) {
			free(f->panes[i]->ring[k].from);
			free(f->panes[i]->ring[k].text);
		}
		free(f->panes[i]->ring);
		free(f->panes[i]);
	}
	for (unsigned i = 0; i < f->nrecall; i++)
		free(f->recall[i]);
	client_fini(&f->client);
}

int
full_run(struct chat_conf *conf)
{
	static struct full f;
	bool deaf;
	int code;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return chat_fail(CHAT_USAGE, "-f needs a terminal");
	conf->look.echo = true; /* what one has said stands with the rest */
	screen_open();
	client_init(&f.client, conf, &ui, &f);
	f.client.s.paned = true;
	f.dirty = true;
	while (!f.client.done) {
		if (suspended)
			suspend(&f);
		if (f.dirty)
			full_draw(&f);
		deaf = f.client.leaving || f.eof || session_busy(&f.client.s);
		(void)client_turn(&f.client, deaf ? -1 : STDIN_FILENO, f.dirty ? 0 : UINT64_MAX);
		if (!f.client.leaving)
			full_keys(&f); /* a new size is a key, too */
		if (f.eof)
			client_end(&f.client, CHAT_OK, "");
	}
	endwin();
	code = f.client.code;
	if (f.client.why[0] != '\0')
		(void)chat_fail(code, "%s", f.client.why);
	full_fini(&f);
	return code;
}

#else

int
full_run(struct chat_conf *conf)
{
	(void)conf;
	return chat_fail(CHAT_USAGE, "-f is not in this build");
}

#endif
