/* upgrade.c - the server's half of the WebSocket handshake (RFC 6455, 4.2), and the end of what HTTP has to do with a connection. */
#include "config.h"

#include <microhttpd.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ipc/board.h"
#include "ipc/handed.h"
#include "ipc/proc.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/util.h"
#include "web/web.h"

#define GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11" /* RFC 6455, 1.3 */
#define KEY_LEN 24 /* sixteen bytes in base64 */

/* How IRC is carried (IRCv3 websocket); the first that the client names is taken. */
static const struct subprotocol {
	const char *name;
	enum ws_kind kind;
} subprotocols[] = {
    {"text.ircv3.net", WS_TEXT},
    {"binary.ircv3.net", WS_BINARY},
};

/* What the request's headers say; those that are lists may stand in several lines. */
struct asked {
	bool websocket, upgrade; /* what Upgrade and Connection have to name */
	unsigned keys, versions;
	const char *key, *version; /* the last */
	bool offers; /* subprotocols */
	const struct subprotocol *chosen; /* NULL: none that we speak */
};

/* The next of the comma-separated words in *list. */
static bool
next_word(struct str *list, struct str *word_r)
{
	if (!str_next(list, ',', word_r))
		return false;
	while (word_r->n > 0 && strchr(" \t", word_r->p[0]) != NULL)
		*word_r = (struct str){word_r->p + 1, word_r->n - 1};
	while (word_r->n > 0 && strchr(" \t", word_r->p[word_r->n - 1]) != NULL)
		word_r->n--;
	return true;
}

/* Is word one of those in list, whatever its case? */
static bool
lists_word(struct str list, const char *word)
{
	struct str w;

	while (next_word(&list, &w)) {
		if (w.n == strlen(word) && strncasecmp(w.p, word, w.n) == 0)
			return true;
	}
	return false;
}

static const struct subprotocol *
choose(struct str list)
{
	struct str w;

	while (next_word(&list, &w)) {
		for (size_t i = 0; i < ARRAY_LEN(subprotocols); i++) {
			if (str_eq(w, str_of(subprotocols[i].name)))
				return &subprotocols[i];
		}
	}
	return NULL;
}

/* MHD_KeyValueIterator */
static enum MHD_Result
hear(void *arg, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct asked *a = arg;

	(void)kind;
	if (strcasecmp(name, MHD_HTTP_HEADER_UPGRADE) == 0) {
		a->websocket |= lists_word(str_of(value), "websocket");
	} else if (strcasecmp(name, MHD_HTTP_HEADER_CONNECTION) == 0) {
		a->upgrade |= lists_word(str_of(value), "upgrade");
	} else if (strcasecmp(name, MHD_HTTP_HEADER_SEC_WEBSOCKET_KEY) == 0) {
		a->keys++;
		a->key = value;
	} else if (strcasecmp(name, MHD_HTTP_HEADER_SEC_WEBSOCKET_VERSION) == 0) {
		a->versions++;
		a->version = value;
	} else if (strcasecmp(name, MHD_HTTP_HEADER_SEC_WEBSOCKET_PROTOCOL) == 0) {
		a->offers = true;
		if (a->chosen == NULL)
			a->chosen = choose(str_of(value));
	}
	return MHD_YES;
}

static bool
accept_key(const char *key, char *out)
{
	unsigned char sum[EVP_MAX_MD_SIZE];
	char text[KEY_LEN + sizeof(GUID)];
	unsigned n;

	bprintf(text, sizeof(text), "%s" GUID, key);
	if (!EVP_Digest(text, strlen(text), sum, &n, EVP_sha1(), NULL))
		return false;
	EVP_EncodeBlock((unsigned char *)out, sum, (int)n);
	return true;
}

/* The connection has become a WebSocket: it is a worker's from now on. libmicrohttpd closes its own descriptor, of which the
 * other process then has a copy; it must not shut the connection down with it. It does that in its next run, and has changed how
 * the socket sends. */
static void
upgraded(void *cls, struct MHD_Connection *connection, void *req_cls, const char *extra_in,
	 size_t extra_in_size, MHD_socket sock, struct MHD_UpgradeResponseHandle *urh)
{
	struct client *c = http_client(connection);
	int fd = dup(sock), on = 1;

	(void)req_cls;
	if (fd >= 0)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (fd >= 0 && extra_in_size <= CONN_EARLY_MAX) {
		handed_pass(c->id, *(const enum ws_kind *)cls,
			    (struct str){extra_in, extra_in_size}, fd);
		c->passed = true;
	} else if (fd >= 0) {
		close(fd);
	}
	MHD_upgrade_action(urh, MHD_UPGRADE_ACTION_CLOSE);
	loop_again(proc.loop);
}

static bool
is_key(const char *key)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	return strlen(key) == KEY_LEN && strspn(key, digits) == KEY_LEN - 2 &&
	       strcmp(key + KEY_LEN - 2, "==") == 0;
}

/* What is wrong with the request; NULL: nothing. *status_r is the answer's then. */
static const char *
fault(struct MHD_Connection *c, const struct asked *a, unsigned *status_r)
{
	*status_r = MHD_HTTP_UPGRADE_REQUIRED;
	if (!a->websocket || !a->upgrade || !http_client(c)->watch.minor)
		return "This is for WebSocket clients.";
	if (a->versions == 0 || (a->versions == 1 && strcmp(a->version, "13") != 0))
		return "WebSocket version 13 is spoken here.";
	*status_r = MHD_HTTP_BAD_REQUEST;
	if (a->versions > 1 || a->keys > 1) /* RFC 6455, 11.3 */
		return "There is more than one Sec-WebSocket-Key or Sec-WebSocket-Version.";
	if (a->keys == 0 || !is_key(a->key))
		return "Sec-WebSocket-Key is not sixteen bytes in base64.";
	if (proc.opt.web_need_origin && http_header(c, MHD_HTTP_HEADER_ORIGIN) == NULL) {
		*status_r = MHD_HTTP_FORBIDDEN;
		return "Say from which site you come (Origin).";
	}
	if (!http_origin_fits(c)) {
		*status_r = MHD_HTTP_FORBIDDEN;
		return "Pages of this origin may not connect here.";
	}
	if (a->offers && a->chosen == NULL)
		return "None of these subprotocols is spoken here, but text.ircv3.net and "
		       "binary.ircv3.net.";
	return NULL;
}

bool
upgrade_answer(struct MHD_Connection *c, const char *path)
{
	static enum ws_kind kinds[WS_COUNT] = {WS_NONE, WS_TEXT, WS_BINARY};
	char accept[EVP_MAX_MD_SIZE * 2];
	struct asked a = {0};
	struct MHD_Response *r;
	const char *why;
	unsigned status;
	bool good;

	(void)path;
	MHD_get_connection_values(c, MHD_HEADER_KIND, hear, &a);
	why = fault(c, &a, &status);
	if (why != NULL)
		return answer_text(c, status, why);
	r = MHD_create_response_for_upgrade(upgraded,
					    &kinds[a.chosen != NULL ? a.chosen->kind : WS_TEXT]);
	if (r == NULL)
		return false;
	good =
	    accept_key(a.key, accept) &&
	    MHD_add_response_header(r, MHD_HTTP_HEADER_UPGRADE, "websocket") == MHD_YES &&
	    MHD_add_response_header(r, MHD_HTTP_HEADER_SEC_WEBSOCKET_ACCEPT, accept) == MHD_YES &&
	    (a.chosen == NULL || MHD_add_response_header(r, MHD_HTTP_HEADER_SEC_WEBSOCKET_PROTOCOL,
							 a.chosen->name) == MHD_YES) &&
	    MHD_queue_response(c, MHD_HTTP_SWITCHING_PROTOCOLS, r) == MHD_YES;
	MHD_destroy_response(r);
	return good;
}
