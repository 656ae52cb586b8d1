/* files.c - see files.h. */
#include "config.h"

#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client.h"
#include "fname.h"
#include "lib/text.h"
#include "lib/util.h"
#include "link.h"
#include "proto/sasl.h"
#include "url.h"
#include "xfer.h"

#define JOBS_MAX 32
#define OFFERS_MAX 64
#define BAR 24

enum step { STEP_FETCH, STEP_ASK, STEP_ASKED, STEP_UP, STEP_DOWN };

struct job {
	struct job *next;
	struct files *files;
	enum step step;
	char to[ROOM_BYTES_MAX + 2];
	char name[FNAME_TRY_MAX];
	char dir[4096];
	int fd; /* owned */
	uint64_t size;
	uint64_t shown; /* when the bar was */
	uint64_t moved; /* bytes, as far as is known */
};

struct offered {
	unsigned number;
	bool saved; /* by --autosave */
	char url[URL_MAX + 1], name[FNAME_MAX + 1];
};

struct files {
	struct client *c;
	struct job *jobs; /* owned */
	unsigned njobs;
	struct offered offers[OFFERS_MAX]; /* a ring */
	unsigned noffers;
};

struct files *
files_new(struct client *c)
{
	struct files *f = xcalloc(1, sizeof(*f));

	f->c = c;
	return f;
}

static void
job_free(struct job *j)
{
	for (struct job **at = &j->files->jobs; *at != NULL; at = &(*at)->next) {
		if (*at == j) {
			*at = j->next;
			break;
		}
	}
	j->files->njobs--;
	j->files->c->ui->progress(j->files->c->ui_arg, "");
	if (j->fd >= 0)
		close(j->fd);
	free(j);
}

void
files_free(struct files *f)
{
	while (f != NULL && f->jobs != NULL)
		job_free(f->jobs);
	free(f);
}

bool
files_busy(const struct files *f)
{
	return f->jobs != NULL;
}

static struct job *
job_new(struct files *f, enum step step)
{
	struct job *j, **end = &f->jobs;

	if (f->njobs >= JOBS_MAX) {
		session_note(&f->c->s, "Sorry, too many files are on their way.");
		return NULL;
	}
	j = xcalloc(1, sizeof(*j));
	j->files = f;
	j->step = step;
	j->fd = -1;
	while (*end != NULL)
		end = &(*end)->next;
	*end = j;
	f->njobs++;
	return j;
}

void
files_pin(const struct chat_conf *conf, const struct url *u, struct xfer_rules *r)
{
	size_t n = bprintf(r->pin, sizeof(r->pin), "sha256//");
	struct str key = {(const char *)conf->link.pin, sizeof(conf->link.pin)};

	if (conf->link.pinned && u->https && server_same(conf->host, u->host))
		n += base64_encode(key, r->pin + n, sizeof(r->pin) - n - 1);
	else
		n = 0;
	r->pin[n] = '\0';
}

/* Where the chat server is may be reached, too. */
static void
rules_for(struct client *c, const char *address, struct xfer_rules *r)
{
	static const char *const here[] = {"127.0.0.1", "::1"};
	struct net peer;
	struct url u;

	*r = (struct xfer_rules){.test_port = 0};
	if (url_parse(str_of(address), &u) == NULL)
		files_pin(c->conf, &u, r);
	if (!link_peer(c->link, &peer))
		return;
	r->allowed[r->n++] = peer;
	/* this host has two names for itself */
	for (size_t i = 0; i < ARRAY_LEN(here) && net_is_loopback(&peer); i++)
		(void)net_parse(here[i], &r->allowed[r->n++]);
	r->plain = net_is_loopback(&peer) || c->conf->link.plain_ok;
}

/* --- the bar ------------------------------------------------------------------------------- */

static void
on_progress(void *arg, uint64_t now, uint64_t all)
{
	struct job *j = arg;
	struct client *c = j->files->c;
	char text[128], bar[BAR + 1];
	uint64_t at = mono_ms();

	if (now > j->moved)
		client_progress(c, 0);
	j->moved = now;
	if (all == 0 || at - j->shown < 200)
		return;
	j->shown = at;
	for (unsigned i = 0; i < BAR; i++)
		bar[i] = i < now * BAR / all ? '#' : '-';
	bar[BAR] = '\0';
	bprintf(text, sizeof(text), "%.*s [%s] %u%%", (int)text_cut(j->name, strlen(j->name), 20),
		j->name, bar, (unsigned)(now * 100 / all));
	c->ui->progress(c->ui_arg, text);
}

/* --- sending --------------------------------------------------------------------------------- */

/* One address is asked for at a time. */
static void
ask_next(struct files *f)
{
	if (f->c->s.state != SESSION_READY || f->c->s.upload != 0)
		return;
	for (struct job *j = f->jobs; j != NULL; j = j->next) {
		if (j->step == STEP_ASK) {
			j->step = STEP_ASKED;
			session_upload(&f->c->s, j->to);
			return;
		}
	}
}

void
files_again(struct files *f)
{
	for (struct job *j = f->jobs; j != NULL; j = j->next) {
		if (j->step == STEP_ASKED)
			j->step = STEP_ASK;
	}
	ask_next(f);
}

static void failed(struct client *c, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* To the person; a script ends with it. */
static void
failed(struct client *c, int code, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (c->conf->mode == CHAT_TALK)
		session_note(&c->s, "%s", text);
	else
		client_end(c, code, text);
}

static int
open_regular(const char *path, uint64_t *size)
{
	char full[4096];
	const char *home = getenv("HOME");
	struct stat st;
	int fd;

	if (path[0] == '~' && path[1] == '/' && home != NULL) {
		bprintf(full, sizeof(full), "%s%s", home, path + 1);
		path = full;
	}
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		errno = EISDIR; /* or some device */
		return -1;
	}
	*size = (uint64_t)st.st_size;
	return fd;
}

static void
on_fetched(void *arg, const char *why)
{
	struct job *j = arg;
	struct files *f = j->files;
	struct stat st;

	if (why != NULL || fstat(j->fd, &st) != 0) {
		failed(f->c, CHAT_REFUSED, "Sorry, %s was not fetched: %s.", j->name,
		       why != NULL ? why : "?");
		job_free(j);
		return;
	}
	j->size = (uint64_t)st.st_size;
	j->step = STEP_ASK;
	session_note(&f->c->s, "Sending the file %s...", j->name);
	ask_next(f);
}

static void
fetch(struct files *f, const char *to, const char *address)
{
	struct xfer_rules rules = {.test_port = f->c->conf->test_port};
	struct job *j = job_new(f, STEP_FETCH);
	struct url u;
	const char *why = url_parse(str_of(address), &u);

	if (j == NULL)
		return;
	bprintf(j->to, sizeof(j->to), "%s", to);
	bprintf(j->name, sizeof(j->name), "image");
	if (why == NULL) {
		url_name(&u, j->name);
		files_pin(f->c->conf, &u, &rules);
	}
	j->fd = memfd_create("chat-fetch", MFD_CLOEXEC);
	if (why == NULL)
		why = xfer_down(f->c->xfers, address, &rules, j->fd, XFER_FETCH_MAX, on_progress,
				on_fetched, j);
	if (why == NULL) {
		session_note(&f->c->s, "Downloading the image...");
		return;
	}
	session_note(&f->c->s, "Sorry, %s.", why);
	job_free(j);
}

static void
not_opened(struct client *c, const char *path)
{
	if (errno == ENOENT || errno == ENOTDIR)
		failed(c, CHAT_NOT_FOUND, "File doesn't exist");
	else if (errno == EISDIR)
		failed(c, CHAT_NOT_FOUND, "%s is no file that can be sent.", path);
	else
		failed(c, CHAT_NOT_FOUND, "Cannot read %s: %s", path, strerror(errno));
}

void
files_send(struct files *f, const char *to, const char *path, bool image)
{
	struct job *j;
	uint64_t size;
	int fd;

	if (image && strstr(path, "://") != NULL) {
		fetch(f, to, path);
		return;
	}
	fd = open_regular(path, &size);
	if (fd < 0) {
		not_opened(f->c, path);
		return;
	}
	j = job_new(f, STEP_ASK);
	if (j == NULL) {
		close(fd);
		return;
	}
	j->fd = fd;
	j->size = size;
	bprintf(j->to, sizeof(j->to), "%s", to);
	fname_safe(str_of(fname_base(path)), j->name);
	session_note(&f->c->s, "Sending the file %s...", j->name);
	ask_next(f);
}

static void
on_sent(void *arg, const char *why)
{
	struct job *j = arg;
	struct client *c = j->files->c;

	if (why == NULL)
		session_note(&c->s, "File %s sent successfully", j->name);
	else
		failed(c, CHAT_REFUSED, "Sorry, the file %s was not sent: %s.", j->name, why);
	if (why == NULL && c->conf->mode == CHAT_SEND)
		client_end(c, CHAT_OK, "");
	job_free(j);
}

void
files_upload(struct files *f, const char *to, const char *url, const char *why)
{
	struct xfer_rules rules;
	struct job *j = f->jobs;

	(void)to;
	while (j != NULL && j->step != STEP_ASKED)
		j = j->next;
	if (j == NULL)
		return;
	if (url != NULL) {
		rules_for(f->c, url, &rules);
		j->step = STEP_UP;
		why = xfer_up(f->c->xfers, url, &rules, j->fd, j->name, j->size, on_progress,
			      on_sent, j);
	}
	if (why != NULL) {
		if (why[0] == '\0')
			failed(f->c, CHAT_NOT_FOUND, "Recipient does not exist");
		else
			failed(f->c, CHAT_REFUSED, "Sorry, the file %s was not sent: %s.", j->name,
			       why);
		job_free(j);
	}
	ask_next(f);
}

/* --- what others send --------------------------------------------------------------------------- */

int
files_create(const char *dir, const char *name, char *used, unsigned long cap)
{
	int at = open(dir[0] != '\0' ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd = -1, err;
	char attempt[FNAME_TRY_MAX];

	if (at < 0)
		return -1;
	for (unsigned n = 1; n < 1000; n++) {
		fname_try(name, n, attempt);
		fd =
		    openat(at, attempt, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
		if (fd >= 0 || errno != EEXIST)
			break;
	}
	err = errno;
	close(at);
	bprintf(used, cap, "%s", attempt);
	errno = err;
	return fd;
}

void
files_remove(const char *dir, const char *used)
{
	int at = open(dir[0] != '\0' ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (at < 0)
		return;
	(void)unlinkat(at, used, 0); /* ours: it was made with O_EXCL */
	close(at);
}

static void
on_received(void *arg, const char *why)
{
	struct job *j = arg;
	struct client *c = j->files->c;

	if (why == NULL) {
		session_note(&c->s, "File: %s received successfully", j->name);
	} else {
		files_remove(j->dir, j->name);
		session_note(&c->s, "Sorry, the file %s was not received: %s.", j->name, why);
	}
	job_free(j);
}

static void
save(struct files *f, const struct offered *o)
{
	struct xfer_rules rules;
	struct job *j = job_new(f, STEP_DOWN);
	const char *why;

	if (j == NULL)
		return;
	bprintf(j->dir, sizeof(j->dir), "%s", f->c->conf->autosave);
	j->fd = files_create(j->dir, o->name, j->name, sizeof(j->name));
	if (j->fd < 0) {
		session_note(&f->c->s, "Sorry, %s cannot be written: %s.", o->name,
			     strerror(errno));
		job_free(j);
		return;
	}
	session_note(&f->c->s, "Preparing to receive the file...");
	rules_for(f->c, o->url, &rules);
	why = xfer_down(f->c->xfers, o->url, &rules, j->fd, XFER_DOWN_MAX, on_progress, on_received,
			j);
	if (why != NULL)
		on_received(j, why);
}

/* A link to the same file, perhaps signed anew, is not another file. */
static bool
saved_before(const struct files *f, const char *url)
{
	size_t n = strcspn(url, "?");

	for (unsigned i = 0; i < OFFERS_MAX; i++) {
		if (f->offers[i].saved && strcspn(f->offers[i].url, "?") == n &&
		    strncmp(f->offers[i].url, url, n) == 0)
			return true;
	}
	return false;
}

void
files_offer(struct files *f, const char *url, const char *name, bool old)
{
	bool again = saved_before(f, url);
	struct offered *o;
	struct url u;

	if (url_parse(str_of(url), &u) != NULL)
		return;
	o = &f->offers[f->noffers % OFFERS_MAX];
	o->number = ++f->noffers;
	o->saved = false;
	bprintf(o->url, sizeof(o->url), "%s", url);
	if (name[0] != '\0')
		fname_safe(str_of(name), o->name);
	else
		url_name(&u, o->name);
	if (f->c->conf->mode != CHAT_TALK || old)
		return;
	if (f->c->conf->autosave[0] == '\0') {
		session_note(&f->c->s, "(/save %u keeps %s here)", o->number, o->name);
	} else if (!again) {
		o->saved = true;
		save(f, o);
	}
}

void
files_save(struct files *f, const char *which)
{
	unsigned long n = which[0] != '\0' ? strtoul(which, NULL, 10) : f->noffers;

	if (strcmp(which, "-") == 0) {
		f->noffers = 0;
		memset(f->offers, 0, sizeof(f->offers));
		return;
	}
	for (unsigned i = 0; i < OFFERS_MAX && n > 0; i++) {
		if (f->offers[i].number == n) {
			save(f, &f->offers[i]);
			return;
		}
	}
	session_note(&f->c->s,
		     f->noffers > 0 ? "There is no such file." : "Nobody has sent a file.");
}
