#!/usr/bin/env python3
"""The browser tests' hand outside the browser: daemons, telnet and IRC clients of the system tests' harness.

Reads requests, one JSON object on a line: {"id": N, "on": HANDLE, "do": METHOD, "args": [...]}, and answers each with
{"id": N, "is": VALUE} or {"id": N, "error": TEXT}. What is no plain value becomes a handle: {"handle": N}. With the end
of its input everything that it has started ends.
"""

import json
import os
import re
import select
import shutil
import socket
import sys
import tempfile
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "system"))
sys.dont_write_bytecode = True

from harness import Daemon, eventually, merged  # noqa: E402
from irc import Irc, IrcCase  # noqa: E402
from tls import make_cert  # noqa: E402


class Crowd:
    """Many who are in a room and read what is said there, without looking at it."""

    def __init__(self, address, names, room):
        self.socks = {}
        self.poll = select.poll()
        self.going = True
        self.reader = threading.Thread(target=self._read, daemon=True)
        for name in names:
            s = socket.create_connection(address)
            s.sendall(("NICK %s\r\nUSER u 0 * :u\r\nJOIN %s\r\n" % (name, room)).encode())
            self.socks[s.fileno()] = s
            self.poll.register(s, select.POLLIN)
            if len(self.socks) == 1:
                self.reader.start()

    def _read(self):
        while self.going:
            for fd, _ in self.poll.poll(100):
                data = self.socks[fd].recv(1 << 20)
                if not data:
                    self.poll.unregister(fd)
                for token in re.findall(rb"(?:^|\n)PING ([^\r]*)", data):
                    self.socks[fd].sendall(b"PONG " + token + b"\r\n")

    def close(self):
        self.going = False
        self.reader.join()
        for s in self.socks.values():
            s.close()


class World(IrcCase):
    """A daemon and who is there."""

    base = {"listen": [{"protocol": p, "address": "127.0.0.1", "port": 0} for p in ("telnet", "irc", "web")],
            "accounts": {"cost": 8192}}

    def runTest(self):
        """Nothing: for the cleanups, and the clients that want a test."""

    def begin(self, config):
        if config.pop("over_tls", False):
            place = tempfile.mkdtemp(prefix="chatd-c-")
            self.addCleanup(shutil.rmtree, place, ignore_errors=True)
            cert, key = make_cert(place, "far")
            listen = [dict(l, tls=l["protocol"] == "web") for l in self.base["listen"]]
            config = dict(config, listen=listen, tls={"certificate": cert, "key": key})
        self.d = Daemon(merged(self.base, config))
        self.addCleanup(self.d.close)

    def end(self):
        """What the daemon's log should not have had is an error."""
        if not self.doCleanups():
            return "not everything ended well"
        return ""

    def port_of(self, protocol):
        return [l["port"] for l in self.d.listeners() if l["protocol"] == protocol][0]

    def telnet(self, name):
        return self.client(name, exact=True)

    def by_irc(self, name, caps=()):
        return self.irc(name, caps, exact=True)

    def irssi(self, name, room):
        from test_irc_clients import Irssi
        if not shutil.which("irssi") or not shutil.which("tmux"):
            return None
        return Irssi(self, self.irc_address(), name, room)

    def crowd(self, n, room):
        c = Crowd(self.irc_address(), ["guest%04d" % i for i in range(n)], room)
        self.addCleanup(c.close)
        return c

    def numbered(self, name, room, n, words="line %d"):
        """n numbered lines said in room by IRC, at once."""
        c = Irc(self.irc_address(), name)
        c.ask("JOIN " + room, "366")
        c.send(*["PRIVMSG %s :%s" % (room, words % i) for i in range(n)])
        c.sync()
        c.send("QUIT")
        c.expect_eof()
        c.close()

    def kill(self, role):
        """The process, and waits for the one that stands in for it."""
        mark = self.d.log_mark()
        pid = self.d.kill_role(role)
        eventually("another " + role, lambda: [p for p in self.d.kids(role) if p != pid])
        return mark

    def ctl(self, *words):
        return self.d.ctl(*words)

    def logged(self, regex):
        return self.d.expect_log(regex)

    def files(self):
        state = os.path.join(self.d.dir, "state", "files")
        return sorted(os.path.join(top, f) for top, _, names in os.walk(state) for f in names)

    def tail(self):
        return self.d.tail(30)


def main():
    things, serial = {}, 0
    for line in sys.stdin:
        ask = json.loads(line)
        try:
            if ask["do"] == "new":
                is_ = World()
                is_.begin(*ask["args"])
            else:
                is_ = getattr(things[ask["on"]], ask["do"])(*ask["args"])
            if isinstance(is_, re.Match):
                is_ = is_.group(0)
            try:
                answer = json.dumps({"id": ask["id"], "is": is_})
            except TypeError:
                serial += 1
                things[serial] = is_
                answer = json.dumps({"id": ask["id"], "is": {"handle": serial}})
        except Exception as e:  # whatever it is, the test is told
            answer = json.dumps({"id": ask["id"], "error": "%s: %s" % (type(e).__name__, e)})
        print(answer, flush=True)
    for thing in things.values():
        if isinstance(thing, World):
            thing.doCleanups()


if __name__ == "__main__":
    main()
