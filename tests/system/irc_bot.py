#!/usr/bin/env python3
"""A bot on Debian's python3-irc: does what it is told on stdin, and writes down what happens.

irc_bot.py ADDRESS PORT NICK ROOM. A line of stdin is a JSON list: a method of the library's
connection and its arguments. Each event is a line of stdout: "type source target: arguments".
"""

import json
import os
import select
import sys

here = os.path.dirname(os.path.abspath(__file__))
sys.path = [p for p in sys.path if os.path.abspath(p or ".") != here]  # irc.py there is not the library

import irc.bot  # noqa: E402


class Bot(irc.bot.SingleServerIRCBot):
    def __init__(self, address, port, nick, room):
        super().__init__([(address, port)], nick, "A bot", 1)
        self.room = room
        self.connection.add_global_handler("all_events", self.write_down, -100)

    def write_down(self, connection, event):
        if event.type != "all_raw_messages":
            print("%s %s %s: %s" % (event.type, event.source, event.target, " ".join(event.arguments)), flush=True)

    def on_welcome(self, connection, event):
        connection.join(self.room)

    def on_nicknameinuse(self, connection, event):
        connection.nick(connection.get_nickname() + "_")

    def on_kick(self, connection, event):
        if event.arguments[0] == connection.get_nickname():
            connection.join(event.target)

    def on_pubmsg(self, connection, event):
        if event.arguments[0] == "!members":
            connection.privmsg(event.target, "members: " + " ".join(sorted(self.channels[event.target].users())))

    def go(self):
        """The library's loop, which looks at stdin as well."""
        self._connect()
        rest = b""
        while True:
            sock = self.connection.socket
            ready = select.select([0] + [sock] * (sock is not None), [], [], 0.2)[0]
            self.ircobj.process_data([s for s in ready if s != 0])
            self.ircobj.process_timeout()
            if 0 in ready:
                data = os.read(0, 65536)
                if not data:
                    return
                *lines, rest = (rest + data).split(b"\n")
                for line in lines:
                    name, *words = json.loads(line)
                    getattr(self.connection, name)(*words)


if __name__ == "__main__":
    Bot(sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]).go()
