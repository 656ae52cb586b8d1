/* files.c - see files.h. */
#include "config.h"

#include "worker/files.h"

#include <string.h>
#include <strings.h>

#include "ipc/credential.h"
#include "lib/net.h"
#include "lib/text.h"
#include "lib/util.h"

/* A link is to fit into a line: of a long name it has the beginning, and what its kind is known by. The name in it is for people alone. */
#define LINK_NAME 64 /* bytes as they are in a link, three for each that is no letter or digit */
#define LINK_HEAD 16
#define LINK_TAIL 6 /* ".jpeg" */
#define TEXT_NAME 90 /* of the name in IRC's text; the tag has all of it */

static bool is_on;
static char page[256]; /* the page's address, without a '/' at its end */
static size_t page_n;

void
files_set(bool on, const char *url)
{
	page_n = bprintf(page, sizeof(page), "%s", url);
	while (page_n > 0 && page[page_n - 1] == '/')
		page[--page_n] = '\0';
	is_on = on && page_n > 0;
}

bool
files_on(void)
{
	return is_on;
}

/* --- links -------------------------------------------------------------------------------------------- */

/* Is the page in clear, and not on the host alone that looks for it there? */
static bool
page_can_be_overheard(void)
{
	static const char clear[] = "http://";
	const char *at = page + strlen(clear);
	char host[sizeof(page)];
	struct net n;

	if (strncasecmp(page, clear, strlen(clear)) != 0)
		return false;
	at += *at == '[';
	bprintf(host, sizeof(host), "%.*s", (int)strcspn(at, at[-1] == '[' ? "]" : ":/"), at);
	return strcasecmp(host, "localhost") != 0 && !(net_parse(host, &n) && net_is_loopback(&n));
}

size_t
files_host_url(char *out, size_t cap)
{
	return credential_may_come(!page_can_be_overheard()) ? bprintf(out, cap, "%s/files", page)
							     : 0;
}

size_t
files_upload_url(char *out, size_t cap, struct str token)
{
	char text[2 * UPLOAD_TOKEN];

	base64url_encode(token.p, MIN(token.n, (size_t)UPLOAD_TOKEN), text);
	return bprintf(out, cap, "%s/files/u/%s", page, text);
}

static bool
plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_' || c == '.';
}

static size_t
encoded(struct str s)
{
	size_t n = s.n;

	for (size_t i = 0; i < s.n; i++)
		n += plain(s.p[i]) ? 0 : 2;
	return n;
}

/* The name as a link has it, into out. */
static struct str
link_name(struct str name, char out[FILE_NAME_MAX])
{
	const char *dot = memrchr(name.p, '.', name.n);
	struct str tail = {"", 0};
	size_t head;

	if (encoded(name) <= LINK_NAME)
		return name;
	if (dot != NULL && (size_t)(name.p + name.n - dot) <= LINK_TAIL) {
		tail = (struct str){dot, (size_t)(name.p + name.n - dot)};
		name.n -= tail.n;
	}
	head = text_cut(name.p, name.n, MIN(name.n, (size_t)LINK_HEAD));
	memcpy(out, name.p, head);
	memcpy(out + head, tail.p, tail.n);
	return (struct str){out, head + tail.n};
}

static size_t
put_link(char *out, size_t cap, const struct file_facts *f)
{
	char name[FILE_NAME_MAX], path[FILE_PATH_MAX];
	struct file_facts named = *f;

	named.name = link_name(f->name, name);
	file_path(path, sizeof(path), &named);
	return bprintf(out, cap, "%s%s", page, path);
}

/* --- words for telnet ------------------------------------------------------------------------------------- */

/* "(12 KiB, LINK)"; without the size it is a picture that somebody is shown. */
static const char *
in_brackets(const struct file_facts *f, bool size)
{
	static char out[FILES_URL_MAX + 64];
	size_t n = bprintf(out, sizeof(out), "(");

	if (size) {
		n += show_bytes(out + n, sizeof(out) - n, f->size);
		n += bprintf(out + n, sizeof(out) - n, ", ");
	}
	if (f->flags & FILE_GONE)
		n += bprintf(out + n, sizeof(out) - n, "no longer there");
	else
		n += put_link(out + n, sizeof(out) - n, f);
	bprintf(out + n, sizeof(out) - n, ")");
	return out;
}

static char text[FILES_TEXT_MAX + 2 * NAME_BYTES_MAX];

static struct str
dm_words(const struct shown *s, const struct m_e_dm *e, const struct file_facts *f)
{
	bool to_you = s->what == SHOWN_DM;
	size_t n;

	if (to_you && file_is_image(f))
		n = bprintf(text, sizeof(text), STR_FMT " sent you an image %s", STR_ARG(e->name),
			    in_brackets(f, false));
	else
		n = bprintf(text, sizeof(text),
			    STR_FMT " has shared the file " STR_FMT " with " STR_FMT " %s",
			    STR_ARG(e->name), STR_ARG(f->name),
			    STR_ARG(to_you ? STR_LIT("you") : e->to_name), in_brackets(f, true));
	return (struct str){text, n};
}

bool
files_shown(struct shown *s)
{
	const struct m_e_say *say = s->e;
	const struct m_e_dm *dm = s->e;
	struct file_facts f;

	if (s->type == MSG_e_say && say->file.n > 0 && file_get(say->file, &f))
		s->text = (struct str){
		    text, bprintf(text, sizeof(text), STR_FMT " has shared the file " STR_FMT " %s",
				  STR_ARG(say->name), STR_ARG(f.name), in_brackets(&f, true))};
	else if (s->type == MSG_e_dm && dm->file.n > 0 && file_get(dm->file, &f))
		s->text = dm_words(s, dm, &f);
	else
		return false;
	s->whole = true;
	return true;
}

struct str
files_sent(const struct m_e_dm *e)
{
	struct file_facts f;

	if (!file_get(e->file, &f))
		return STR_LIT("");
	return (struct str){
	    text, bprintf(text, sizeof(text), "You have sent " STR_FMT " the file " STR_FMT " %s",
			  STR_ARG(e->to_name), STR_ARG(f.name), in_brackets(&f, true))};
}

/* --- IRC ------------------------------------------------------------------------------------------------------ */

size_t
files_irc_text(char out[FILES_TEXT_MAX], const struct file_facts *f)
{
	size_t cut = text_cut(f->name.p, f->name.n, MIN(f->name.n, (size_t)TEXT_NAME));
	size_t n = bprintf(out, FILES_TEXT_MAX, "shared the file " STR_FMT "%s (", (int)cut,
			   f->name.p, cut < f->name.n ? "\xe2\x80\xa6" : "");

	n += show_bytes(out + n, FILES_TEXT_MAX - n, f->size);
	n += bprintf(out + n, FILES_TEXT_MAX - n, ") ");
	if (f->flags & FILE_GONE)
		return n + bprintf(out + n, FILES_TEXT_MAX - n, "(file expired)");
	return n + put_link(out + n, FILES_TEXT_MAX - n, f);
}

static size_t
put_encoded(char *out, size_t cap, struct str s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += plain(s.p[i]) || s.p[i] == '/'
			 ? bprintf(out + n, cap - n, "%c", s.p[i])
			 : bprintf(out + n, cap - n, "%%%02X", (unsigned char)s.p[i]);
	return n;
}

/* What a tag's value cannot have (';', spaces, '\') is encoded. */
size_t
files_irc_tag(char out[FILES_TAG_MAX], const struct file_facts *f)
{
	size_t n = bprintf(out, FILES_TAG_MAX, "name=");

	n += put_encoded(out + n, FILES_TAG_MAX - n, f->name);
	n += bprintf(out + n, FILES_TAG_MAX - n, "&size=%llu", (unsigned long long)f->size);
	n += bprintf(out + n, FILES_TAG_MAX - n, "&type=");
	n += put_encoded(out + n, FILES_TAG_MAX - n, f->type);
	if (f->width > 0 && f->height > 0)
		n += bprintf(out + n, FILES_TAG_MAX - n, "&w=%u&h=%u", f->width, f->height);
	if (f->flags & FILE_THUMB)
		n += bprintf(out + n, FILES_TAG_MAX - n, "&thumb=1");
	if (f->flags & FILE_GONE)
		n += bprintf(out + n, FILES_TAG_MAX - n, "&gone=1");
	return n;
}
