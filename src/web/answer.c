/* answer.c - what answers have in common. See web.h. */
#include "config.h"

#include <microhttpd.h>

#include "ipc/proc.h"
#include "lib/util.h"
#include "web/web.h"

void
answer_safe(struct MHD_Response *r, bool page)
{
	static const struct {
		const char *name, *value;
	} headers[] = {
	    {"X-Content-Type-Options", "nosniff"},
	    {"X-Frame-Options", "DENY"},
	    {"Referrer-Policy", "no-referrer"},
	    {"Cross-Origin-Opener-Policy", "same-origin"},
	    /* what only the page is for */
	    {"Content-Security-Policy",
	     "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
	     "media-src 'self' blob:; connect-src 'self' ws: wss:; font-src 'self'; manifest-src "
	     "'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"},
	};

	for (size_t i = 0; i < ARRAY_LEN(headers) - (page ? 0 : 1); i++)
		MHD_add_response_header(r, headers[i].name, headers[i].value);
}

bool
answer_queue(struct MHD_Connection *c, unsigned status, struct MHD_Response *r)
{
	struct client *client = http_client(c);
	char age[40];
	bool good;

	if (r == NULL)
		return false;
	/* RFC 6797; without TLS nobody may believe it */
	if (client->rec.tls && proc.opt.web_hsts > 0) {
		bprintf(age, sizeof(age), "max-age=%llu", (unsigned long long)proc.opt.web_hsts);
		MHD_add_response_header(r, "Strict-Transport-Security", age);
	}
	if (((client->watch.last || http_in_body(&client->watch)) && door_at_last(client)) ||
	    http_draining())
		MHD_add_response_header(r, MHD_HTTP_HEADER_CONNECTION, "close");
	good = MHD_queue_response(c, status, r) == MHD_YES;
	client->answered = good;
	client->refuse = 0;
	MHD_destroy_response(r);
	return good;
}

struct MHD_Response *
answer_short(const char *text)
{
	struct MHD_Response *r;
	char line[512];
	size_t n = bprintf(line, sizeof(line), "%s\n", text);

	r = MHD_create_response_from_buffer(n, line, MHD_RESPMEM_MUST_COPY);
	if (r == NULL)
		return NULL;
	answer_safe(r, true);
	MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, "text/plain; charset=utf-8");
	MHD_add_response_header(r, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	return r;
}

bool
answer_text(struct MHD_Connection *c, unsigned status, const char *text)
{
	static const struct {
		unsigned status;
		const char *name, *value;
	} more[] = {
	    {MHD_HTTP_UPGRADE_REQUIRED, MHD_HTTP_HEADER_UPGRADE, "websocket"},
	    {MHD_HTTP_UPGRADE_REQUIRED, MHD_HTTP_HEADER_CONNECTION, "Upgrade"},
	    {MHD_HTTP_UPGRADE_REQUIRED, MHD_HTTP_HEADER_SEC_WEBSOCKET_VERSION, "13"},
	    {MHD_HTTP_UNAUTHORIZED, MHD_HTTP_HEADER_WWW_AUTHENTICATE,
	     "Basic realm=\"chatd\", charset=\"UTF-8\""},
	    {MHD_HTTP_SERVICE_UNAVAILABLE, MHD_HTTP_HEADER_RETRY_AFTER, "5"},
	    {MHD_HTTP_TOO_MANY_REQUESTS, MHD_HTTP_HEADER_RETRY_AFTER, "60"},
	};
	struct MHD_Response *r = answer_short(text);

	for (size_t i = 0; r != NULL && i < ARRAY_LEN(more); i++) {
		if (more[i].status == status)
			MHD_add_response_header(r, more[i].name, more[i].value);
	}
	return answer_queue(c, status, r);
}

unsigned
answer_status(unsigned err)
{
	switch (err) {
	case ERR_LINK_EXPIRED:
	case ERR_LINK_LEFT:
		return MHD_HTTP_GONE;
	case ERR_FILE_TOO_BIG:
		return 413; /* which libmicrohttpd has had two names for */
	case ERR_FILE_QUOTA:
		return MHD_HTTP_INSUFFICIENT_STORAGE;
	case ERR_LOGIN_WRONG:
		return MHD_HTTP_UNAUTHORIZED;
	case ERR_TRIES:
		return MHD_HTTP_TOO_MANY_REQUESTS;
	case ERR_STORE_AWAY:
		return MHD_HTTP_SERVICE_UNAVAILABLE; /* and when to try again */
	default:
		return (unsigned)chat_err_ctl(err); /* which are HTTP's */
	}
}
