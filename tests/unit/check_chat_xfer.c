/* chat's fetching: the address that is looked at is the one that is connected to, whatever a name server says and when. The resolver
 * and connect() are the test's own; nothing leaves this host. */
#include "config.h"

#include "tools/chat/xfer.h"

#include "unit.h"

#ifdef HAVE_CURL

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/util.h"
#include "tools/chat/url.h"

#define PUBLIC4 "93.184.216.34"
#define PUBLIC6 "2606:2800:220:1:248:1893:25c8:1946"

/* --- a resolver that is asked by libcurl's thread ------------------------------------------------ */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *const
    *answers; /* "ADDRESS ADDRESS" for each time it is asked; the last one stays */
static char connected[1024]; /* what was connected to */

static struct addrinfo *
address(const char *text, int port)
{
	struct addrinfo *ai = xcalloc(1, sizeof(*ai) + sizeof(struct sockaddr_in6));
	struct sockaddr_in6 *six = (void *)(ai + 1);
	struct sockaddr_in *four = (void *)(ai + 1);

	ai->ai_socktype = SOCK_STREAM;
	ai->ai_addr = (void *)(ai + 1);
	if (inet_pton(AF_INET, text, &four->sin_addr) == 1) {
		ai->ai_family = four->sin_family = AF_INET;
		ai->ai_addrlen = sizeof(*four);
		four->sin_port = htons((uint16_t)port);
	} else {
		ck_assert_int_eq(inet_pton(AF_INET6, text, &six->sin6_addr), 1);
		ai->ai_family = six->sin6_family = AF_INET6;
		ai->ai_addrlen = sizeof(*six);
		six->sin6_port = htons((uint16_t)port);
	}
	return ai;
}

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
		struct addrinfo **res);
int
getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
	    struct addrinfo **res)
{
	struct addrinfo **end = res;
	char text[512], *save = NULL;

	(void)node;
	(void)hints;
	pthread_mutex_lock(&lock);
	bprintf(text, sizeof(text), "%s", answers[0]);
	if (answers[1] != NULL)
		answers++;
	pthread_mutex_unlock(&lock);
	*res = NULL;
	for (char *w = strtok_r(text, " ", &save); w != NULL; w = strtok_r(NULL, " ", &save)) {
		*end = address(w, service != NULL ? atoi(service) : 443);
		end = &(*end)->ai_next;
	}
	return *res != NULL ? 0 : EAI_NONAME;
}

void freeaddrinfo(struct addrinfo *ai);
void
freeaddrinfo(struct addrinfo *ai)
{
	while (ai != NULL) {
		struct addrinfo *next = ai->ai_next;

		free(ai);
		ai = next;
	}
}

int connect(int fd, const struct sockaddr *sa, socklen_t n);
int
connect(int fd, const struct sockaddr *sa, socklen_t n)
{
	struct net net;
	char text[NET_TEXT_MAX];
	size_t len = strlen(connected);

	(void)fd;
	(void)n;
	if (net_of_sockaddr(sa, &net)) {
		net_show(&net, text);
		bprintf(connected + len, sizeof(connected) - len, "%s%s", len > 0 ? " " : "", text);
	}
	errno = ECONNREFUSED;
	return -1;
}

/* --- what comes of it ------------------------------------------------------------------------------- */

static bool done;
static char why_not[512];

static void
on_done(void *arg, const char *why)
{
	(void)arg;
	done = true;
	bprintf(why_not, sizeof(why_not), "%s", why != NULL ? why : "");
}

static void
fetch(struct xfers *x)
{
	static const struct xfer_rules rules = {.plain = false};

	done = false;
	connected[0] = '\0';
	ck_assert_ptr_null(
	    xfer_down(x, "https://name.example/", &rules, -1, 1000, NULL, on_done, NULL));
	while (!done) {
		struct pollfd fds[XFER_POLL_MAX];
		uint64_t due = mono_ms() + 100;
		unsigned n = xfers_poll(x, fds, &due);
		uint64_t now = mono_ms();

		(void)poll(fds, n, due > now ? (int)(due - now) : 0);
		xfers_run(x, fds, n);
	}
}

static const struct {
	const char *const answers[3];
	const char *connected;
	bool refused; /* by us, not by connect() */
} rows[] = {
    {{"127.0.0.1"}, "", true},
    {{"10.0.0.1"}, "", true},
    {{"169.254.169.254"}, "", true},
    {{"::1"}, "", true},
    {{"::ffff:127.0.0.1"}, "", true},
    {{"fe80::1"}, "", true},
    {{"64:ff9b::7f00:1"}, "", true},
    {{"127.0.0.1 ::1"}, "", true},
    {{PUBLIC4}, PUBLIC4, false},
    {{PUBLIC6}, PUBLIC6, false},
    /* one that may be, another that may not: only the first */
    {{PUBLIC4 " 127.0.0.1"}, PUBLIC4, true},
    {{"127.0.0.1 " PUBLIC4}, "*", true},
    {{PUBLIC6 " 10.0.0.1"}, PUBLIC6, true},
    {{PUBLIC4 " ::1"}, PUBLIC4, true},
    {{"::ffff:10.0.0.1 " PUBLIC4}, "*", true},
    /* another answer the next time, as a rebinding name server gives it */
    {{PUBLIC4, "127.0.0.1"}, PUBLIC4, false},
};

START_TEST(addresses)
{
	struct xfers *x = xfers_new();

	answers = rows[_i].answers;
	fetch(x);
	/* curl gives up, or goes on, after one that it may not have: never there */
	if (strcmp(rows[_i].connected, "*") == 0)
		ck_assert(connected[0] == '\0' || strcmp(connected, PUBLIC4) == 0);
	else
		ck_assert_str_eq(connected, rows[_i].connected);
	ck_assert_int_eq(strstr(why_not, "that address is not one of the Internet's") != NULL,
			 rows[_i].refused);
	xfers_free(x);
}
END_TEST

/* Each fetch looks anew: what was public the last time may be this host now. */
START_TEST(rebinding)
{
	static const char *const turns[] = {PUBLIC4, "127.0.0.1", NULL};
	struct xfers *x = xfers_new();

	answers = turns;
	fetch(x);
	ck_assert_str_eq(connected, PUBLIC4);
	fetch(x);
	ck_assert(connected[0] == '\0' || strcmp(connected, PUBLIC4) == 0);
	xfers_free(x);
}
END_TEST

int
main(void)
{
	Suite *su = suite_create("chat: fetching");
	TCase *t = tcase_create("names");

	tcase_add_loop_test(t, addresses, 0, sizeof(rows) / sizeof(rows[0]));
	tcase_add_test(t, rebinding);
	suite_add_tcase(su, t);
	return unit_run(su);
}

#else

int
main(void)
{
	return 77; /* built without curl */
}

#endif
