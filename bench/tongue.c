/* tongue.c - the protocols that the load generator speaks. */
#include "config.h"

#include "tongue.h"

#include <string.h>

static const struct tongue tongues[] = {
    {
	.name = "telnet",
	.login = "$N\r\n",
	.login_ok = "Connected to the chat room as",
	/* What a client sends is answered in order: the failure of the second line, which costs the
	 * server nothing that grows with the room, says that the first one has been done. */
	.join = "/join $R\r\nsync@nobody0\r\n",
	.join_ok = "Couldn't send message",
	.refused = "in use",
	.say = "$T\r\n",
	.direct = "$T@$N\r\n",
	.quit = "/quit\r\n",
    },
    {
	.name = "irc",
	.login = "NICK $N\r\nUSER $N 0 * :$N\r\n",
	.login_ok = " 001 ",
	.join = "JOIN #$R\r\n",
	.join_ok = " 366 ",
	.refused = " 433 ",
	.say = "PRIVMSG #$R :$T\r\n",
	.direct = "PRIVMSG $N :$T\r\n",
	.quit = "QUIT\r\n",
	.ask = "PING ",
	.ask_answer = "PONG $T\r\n",
    },
    {
	.name = "web", /* IRC over WebSocket */
	.upgrade = "GET /ws HTTP/1.1\r\nHost: bench\r\nOrigin: http://bench\r\nUpgrade: "
		   "websocket\r\nConnection: Upgrade\r\n"
		   "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: Y2hhdGQncyBiZW5jaGVyPQ==\r\n"
		   "Sec-WebSocket-Protocol: text.ircv3.net\r\n\r\n",
	.login = "NICK $N\r\nUSER $N 0 * :$N\r\n",
	.login_ok = " 001 ",
	.join = "JOIN #$R\r\n",
	.join_ok = " 366 ",
	.refused = " 433 ",
	.say = "PRIVMSG #$R :$T\r\n",
	.direct = "PRIVMSG $N :$T\r\n",
	.quit = "QUIT\r\n",
	.ask = "PING ",
	.ask_answer = "PONG $T\r\n",
    },
};

const struct tongue *
tongue_find(const char *name)
{
	for (size_t i = 0; i < sizeof(tongues) / sizeof(tongues[0]); i++)
		if (strcmp(tongues[i].name, name) == 0)
			return &tongues[i];
	return NULL;
}

const char *
tongue_names(void)
{
	return "telnet, irc, web";
}

size_t
tongue_expand(char *buf, size_t size, const char *template, const char *name, const char *room,
	      const char *text)
{
	size_t n = 0;

	for (const char *p = template; *p != '\0'; p++) {
		const char *v = NULL;
		size_t len = 1;

		if (p[0] == '$')
			v = p[1] == 'N' ? name : p[1] == 'R' ? room : p[1] == 'T' ? text : "";
		if (p[0] == '$')
			len = v != NULL ? strlen(v) : 0;
		else
			v = p;
		if (len > size - n)
			len = size - n;
		if (len > 0)
			memcpy(buf + n, v, len);
		n += len;
		if (p[0] == '$' && p[1] != '\0')
			p++;
	}
	return n;
}
