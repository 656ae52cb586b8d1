/* cmd_admin.c - what the broker carries out: kick, ban, mute, say, announce; and help, which
 * nobody has to carry out. */
#include "config.h"

#include <inttypes.h>
#include <string.h>

#include "control/control.h"
#include "ipc/maskform.h"
#include "lib/text.h"
#include "lib/util.h"

/* A text as it may reach others: without control sequences, each line closed in itself. Empty,
 * after conn_fail, when nothing is left or it is too long. */
static struct str
clean(struct conn *c, unsigned arg, size_t max, unsigned keep)
{
	static char text[CTL_LINE_MAX + 1];
	size_t n = 0;

	if (c->req.nargs > arg) {
		n = strlen(c->req.args[arg]);
		memcpy(text, c->req.args[arg], n);
		/* what has one line keeps its words apart */
		for (size_t i = 0; i < n && !(keep & TEXT_KEEP_NL); i++)
			text[i] = text[i] == '\n' ? ' ' : text[i];
		n = text_clean(text, n, keep);
		n = text_balance(text, n, sizeof(text));
	}
	if (n > max) {
		conn_fail(c, CTL_BAD, "at most %zu bytes of text", max);
		n = 0;
	}
	return (struct str){text, n};
}

static const char *
strip_hash(const char *room)
{
	return *room == '#' ? room + 1 : room;
}

/* Any event but a refusal says that it was done. */
static void
done(struct conn *c, unsigned type, const void *frame, size_t len)
{
	struct m_e_ok ok;
	struct m_e_quit quit;
	struct m_e_chghost chghost;

	if (conn_refused(c, type, frame, len))
		return;
	if (type == MSG_e_ok && m_e_ok_get(frame, len, &ok) && ok.text.n > 0)
		conn_ok(c, STR_FMT, STR_ARG(ok.text));
	else if (type == MSG_e_quit && m_e_quit_get(frame, len, &quit))
		conn_ok(c, STR_FMT " has been kicked", STR_ARG(quit.name));
	else if (type == MSG_e_chghost && m_e_chghost_get(frame, len, &chghost))
		conn_ok(c, STR_FMT " is now " STR_FMT, STR_ARG(chghost.name), STR_ARG(chghost.now));
	else
		conn_ok(c, "done");
}

static uint64_t
until(const struct conn *c)
{
	return c->req.for_s == 0 ? 0 : wall_ms() + c->req.for_s * 1000;
}

void
cmd_kick(struct conn *c)
{
	struct str reason = clean(c, 1, REASON_MAX, 0);

	if (c->busy)
		conn_admin(c, ADMIN_KICK, c->req.args[0], reason, 0, done);
}

/* The broker decides; this is for being told what a host looks like. */
static void
host_done(struct conn *c, unsigned type, const void *frame, size_t len)
{
	struct m_e_refused m;

	if (type == MSG_e_refused && m_e_refused_get(frame, len, &m) && m.code == ERR_BAD_ARGUMENT)
		conn_fail(c, CTL_BAD,
			  "a host has letters, digits and . : - _ /, at most %d bytes: "
			  "not \"%s\"",
			  HOST_MAX, c->req.args[1]);
	else
		done(c, type, frame, len);
}

void
cmd_host(struct conn *c)
{
	conn_admin(c, ADMIN_HOST, c->req.args[0], str_of(c->req.nargs > 1 ? c->req.args[1] : ""), 0,
		   host_done);
}

static void
list_add(struct conn *c, unsigned op)
{
	struct str reason = clean(c, 1, REASON_MAX, 0), who = str_of(c->req.args[0]);
	char mask[MASK_MAX + 1];

	if (!c->busy)
		return;
	if (who.n > MASK_MAX || mask_canon(who, mask) == 0)
		conn_fail(c, CTL_BAD,
			  "who: a name, an address, a network or a mask "
			  "(nick!ident@host), at most %d bytes: not \"%.64s\"",
			  MASK_MAX, who.p);
	else
		conn_admin(c, op, c->req.args[0], reason, until(c), done);
}

void
cmd_ban_add(struct conn *c)
{
	list_add(c, ADMIN_BAN_ADD);
}

void
cmd_ban_del(struct conn *c)
{
	conn_admin(c, ADMIN_BAN_DEL, c->req.args[0], STR_LIT(""), 0, done);
}

void
cmd_mute_add(struct conn *c)
{
	list_add(c, ADMIN_MUTE_ADD);
}

void
cmd_mute_del(struct conn *c)
{
	conn_admin(c, ADMIN_MUTE_DEL, c->req.args[0], STR_LIT(""), 0, done);
}

/* Of a room's own lists, which `room` shows. */
static void
room_list_del(struct conn *c, unsigned op)
{
	if (strlen(c->req.args[1]) > MASK_MAX)
		conn_fail(c, CTL_NOT_FOUND, "no such entry");
	else
		conn_admin(c, op, strip_hash(c->req.args[0]), str_of(c->req.args[1]), 0, done);
}

void
cmd_room_unban(struct conn *c)
{
	room_list_del(c, ADMIN_ROOM_UNBAN);
}

void
cmd_room_unmute(struct conn *c)
{
	room_list_del(c, ADMIN_ROOM_UNMUTE);
}

/* say and announce: text that must not be empty. */
static void
tell(struct conn *c, unsigned op, const char *target, unsigned arg)
{
	struct str text = clean(c, arg, TEXT_MAX, TEXT_KEEP_NL);
	size_t lines = 1;

	if (!c->busy)
		return;
	for (size_t i = 0; i < text.n; i++)
		lines += text.p[i] == '\n';
	if (text.n == 0)
		conn_fail(c, CTL_BAD, "there is nothing to send");
	else if (lines > TEXT_LINES_MAX)
		conn_fail(c, CTL_BAD, "at most %d lines", TEXT_LINES_MAX);
	else
		conn_admin(c, op, target, text, 0, done);
}

void
cmd_say(struct conn *c)
{
	tell(c, ADMIN_SAY, strip_hash(c->req.args[0]), 1);
}

void
cmd_announce(struct conn *c)
{
	tell(c, ADMIN_ANNOUNCE, "", 0);
}

/* --- help ----------------------------------------------------------------------------------- */

static void
reply_text(struct conn *c, struct buf *text)
{
	writer_text(&c->w, buf_data(text), text->len);
	buf_fini(text);
	conn_done(c);
}

void
cmd_help(struct conn *c)
{
	struct buf text = {0};

	if (ctl_help(&text, c->req.nargs > 0 ? c->req.args[0] : NULL)) {
		reply_text(c, &text);
		return;
	}
	buf_fini(&text);
	conn_fail(c, CTL_BAD, "no such command: %s", c->req.args[0]);
}

void
cmd_completion(struct conn *c)
{
	struct buf text = {0};

	ctl_completion(&text);
	reply_text(c, &text);
}

/* top and wait are made of other commands, in chatctl; mkpasswd needs no daemon. */
void
cmd_top(struct conn *c)
{
	conn_fail(c, CTL_BAD, "%s is a command of chatctl itself", c->req.cmd->name);
}

void
cmd_wait(struct conn *c)
{
	cmd_top(c);
}

void
cmd_mkpasswd(struct conn *c)
{
	cmd_top(c);
}
