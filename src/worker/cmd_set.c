/* cmd_set.c - what a session may choose for itself. Nobody else is asked. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "lib/name.h"
#include "lib/util.h"
#include "worker/cmd.h"
#include "worker/outq.h"
#include "worker/render.h"

/* "on", "off", or nothing: the other one. False: something else, and the client has been told. */
static bool
on_off(struct conn *c, const struct cmd_args *a, bool now, bool *on_r)
{
	*on_r = !now;
	if (a->n == 0)
		return true;
	*on_r = cmd_same(a->v[0], "on");
	if (*on_r || cmd_same(a->v[0], "off"))
		return true;
	tell(c, "on or off?");
	return false;
}

static void
set_flag(struct conn *c, const struct cmd_args *a, enum conn_flag flag, const char *what)
{
	bool on;

	if (!on_off(c, a, c->flags & flag, &on))
		return;
	c->flags = on ? c->flags | flag : c->flags & ~(unsigned)flag;
	tell(c, "%s: %s.", what, on ? "on" : "off");
}

static void
set_class(struct conn *c, const struct cmd_args *a, enum render_class bit, const char *what)
{
	bool on;

	if (!on_off(c, a, c->cls & bit, &on))
		return;
	c->cls = (uint8_t)(on ? c->cls | bit : c->cls & ~(unsigned)bit);
	tell(c, "%s: %s.", what, on ? "on" : "off");
}

void
cmd_ack(struct conn *c, const struct cmd_args *a)
{
	set_flag(c, a, CONN_ACK, "Telling you of each message sent");
}

void
cmd_echo(struct conn *c, const struct cmd_args *a)
{
	set_flag(c, a, CONN_ECHO, "Showing your own lines");
}

void
cmd_direct(struct conn *c, const struct cmd_args *a)
{
	set_flag(c, a, CONN_DIRECT, "Only lines that name their recipient");
}

void
cmd_color(struct conn *c, const struct cmd_args *a)
{
	set_class(c, a, CLS_COLOR, "Colours");
}

void
cmd_time(struct conn *c, const struct cmd_args *a)
{
	set_class(c, a, CLS_TIME, "The time before each line");
}

void
cmd_format(struct conn *c, const struct cmd_args *a)
{
	unsigned now = c->cls & CLS_FORMAT;
	int f = a->n > 0 ? format_of(a->v[0]) : -1;

	if (f >= 0) {
		c->cls = (uint8_t)((c->cls & ~(unsigned)CLS_FORMAT) | (unsigned)f);
		tell(c, "Messages now look like this: %s", formats[f].example);
		return;
	}
	tell(c, "%s/format NAME:", a->n > 0 ? "There is no such format. " : "");
	for (unsigned i = 0; i < FORMAT_COUNT; i++)
		tell(c, "%c %u %-7s %s", i == now ? '*' : ' ', i + 1, formats[i].name,
		     formats[i].example);
}

/* --- /ignore ------------------------------------------------------------------------ */

static void
ignore_list(struct conn *c)
{
	if (c->ignores == NULL) {
		tell(c, "You ignore nobody.");
		return;
	}
	tell(c, "You ignore:");
	for (unsigned i = 0; i < c->ignores->n; i++)
		tell(c, "  %s", c->ignores->name[i]);
}

static void
ignore_remove(struct conn *c, unsigned i)
{
	struct ignores *ig = c->ignores;

	tell(c, "You no longer ignore %s.", ig->name[i]);
	free(ig->name[i]);
	free(ig->fold[i]);
	ig->n--;
	ig->name[i] = ig->name[ig->n];
	ig->fold[i] = ig->fold[ig->n];
	if (ig->n > 0)
		return;
	free(ig);
	c->ignores = NULL;
	c->flags &= ~(unsigned)CONN_IGNORES;
}

void
cmd_ignore(struct conn *c, const struct cmd_args *a)
{
	char fold[NAME_FOLD_MAX + 1];
	struct str name = a->v[0];
	ssize_t n;

	if (a->n == 0) {
		ignore_list(c);
		return;
	}
	if (name_check(name.p, name.n) != NAME_OK) {
		tell(c, "Nobody can have that name.");
		return;
	}
	n = name_fold(name.p, name.n, fold, NAME_FOLD_MAX);
	CHECK(n > 0);
	fold[n] = '\0';
	for (unsigned i = 0; c->ignores != NULL && i < c->ignores->n; i++) {
		if (strcmp(c->ignores->fold[i], fold) == 0) {
			ignore_remove(c, i);
			return;
		}
	}
	if (c->ignores == NULL)
		c->ignores = xcalloc(1, sizeof(*c->ignores));
	if (c->ignores->n == IGNORES_MAX) {
		tell(c, "Sorry, at most %d names.", IGNORES_MAX);
		return;
	}
	c->ignores->name[c->ignores->n] = xstrndup(name.p, name.n);
	c->ignores->fold[c->ignores->n++] = xstrdup(fold);
	c->flags |= CONN_IGNORES;
	tell(c, "You ignore " STR_FMT "; the same again ends it.", STR_ARG(name));
}
