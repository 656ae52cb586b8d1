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
static const struct {
	const char *name;
	enum ws_kind kind;
} subprotocols[] = {
    {"text.ircv3.net", WS_TEXT},
    {"binary.ircv3.net", WS_BINARY},
};

/* Is word one of the comma-separated ones in list, whatever its case? */
static bool
lists_word(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = list; p != NULL && *p != '\0';) {
		size_t len;

		p += strspn(p, " \t,");
		len = strcspn(p, ",");
		while (len > 0 && (p[len - 1] == ' ' || p[len - 1] == '\t'))
			len--;
		if (len == n && strncasecmp(p, word, n) == 0)
			return true;
		p += strcspn(p, ",");
	}
	return false;
}

/* WS_NONE with *name_r NULL: it names none that we speak. */
static enum ws_kind
choose(const char *offered, const char **name_r)
{
	size_t best = SIZE_MAX, at = 0;
	enum ws_kind kind = WS_NONE;

	*name_r = NULL;
	for (size_t i = 0; i < ARRAY_LEN(subprotocols); i++) {
		const char *p = strcasestr(offered, subprotocols[i].name);

		if (p == NULL || !lists_word(offered, subprotocols[i].name))
			continue;
		at = (size_t)(p - offered);
		if (at < best) {
			best = at;
			*name_r = subprotocols[i].name;
			kind = subprotocols[i].kind;
		}
	}
	return kind;
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

static enum MHD_Result
is_key(void *n, enum MHD_ValueKind kind, const char *name, const char *value)
{
	(void)kind;
	(void)value;
	*(unsigned *)n += strcasecmp(name, MHD_HTTP_HEADER_SEC_WEBSOCKET_KEY) == 0;
	return MHD_YES;
}

/* There may be one only (RFC 6455, 11.3.1). */
static unsigned
keys(struct MHD_Connection *c)
{
	unsigned n = 0;

	MHD_get_connection_values(c, MHD_HEADER_KIND, is_key, &n);
	return n;
}

/* What is wrong with the request; NULL: nothing. *status_r is the answer's then. */
static const char *
fault(struct MHD_Connection *c, unsigned *status_r)
{
	const char *key = http_header(c, MHD_HTTP_HEADER_SEC_WEBSOCKET_KEY);
	const char *version = http_header(c, MHD_HTTP_HEADER_SEC_WEBSOCKET_VERSION);

	*status_r = MHD_HTTP_BAD_REQUEST;
	if (!lists_word(http_header(c, MHD_HTTP_HEADER_UPGRADE), "websocket") ||
	    !lists_word(http_header(c, MHD_HTTP_HEADER_CONNECTION), "upgrade")) {
		*status_r = MHD_HTTP_UPGRADE_REQUIRED;
		return "This is for WebSocket clients.";
	}
	if (version == NULL || strcmp(version, "13") != 0) {
		*status_r = MHD_HTTP_UPGRADE_REQUIRED;
		return "WebSocket version 13 is spoken here.";
	}
	if (keys(c) > 1)
		return "There is more than one Sec-WebSocket-Key.";
	if (key == NULL || strlen(key) != KEY_LEN ||
	    strspn(key, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") !=
		KEY_LEN - 2 ||
	    strcmp(key + KEY_LEN - 2, "==") != 0)
		return "Sec-WebSocket-Key is not sixteen bytes in base64.";
	if (!http_origin_fits(c)) {
		*status_r = MHD_HTTP_FORBIDDEN;
		return "Pages of this origin may not connect here.";
	}
	return NULL;
}

bool
upgrade_answer(struct MHD_Connection *c, const char *path)
{
	static enum ws_kind kinds[WS_COUNT] = {WS_NONE, WS_TEXT, WS_BINARY};
	const char *offered = http_header(c, MHD_HTTP_HEADER_SEC_WEBSOCKET_PROTOCOL), *name = NULL;
	char accept[EVP_MAX_MD_SIZE * 2];
	enum ws_kind kind = WS_TEXT;
	struct MHD_Response *r;
	const char *why;
	unsigned status;
	bool good;

	(void)path;
	why = fault(c, &status);
	if (why == NULL && offered != NULL) {
		kind = choose(offered, &name);
		if (name == NULL)
			why = "None of these subprotocols is spoken here, but text.ircv3.net and "
			      "binary.ircv3.net.";
	}
	if (why != NULL)
		return http_say(c, status, why);
	r = MHD_create_response_for_upgrade(upgraded, &kinds[kind]);
	if (r == NULL)
		return false;
	good =
	    accept_key(http_header(c, MHD_HTTP_HEADER_SEC_WEBSOCKET_KEY), accept) &&
	    MHD_add_response_header(r, MHD_HTTP_HEADER_UPGRADE, "websocket") == MHD_YES &&
	    MHD_add_response_header(r, MHD_HTTP_HEADER_SEC_WEBSOCKET_ACCEPT, accept) == MHD_YES &&
	    (name == NULL ||
	     MHD_add_response_header(r, MHD_HTTP_HEADER_SEC_WEBSOCKET_PROTOCOL, name) == MHD_YES) &&
	    MHD_queue_response(c, MHD_HTTP_SWITCHING_PROTOCOLS, r) == MHD_YES;
	MHD_destroy_response(r);
	return good;
}
