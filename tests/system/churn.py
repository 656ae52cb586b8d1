"""Coming and going without end, by telnet and, where there is a web listener, by WebSocket, page and files: for leaks of descriptors,
memory, sessions, registry slots (R14)."""

import collections
import random
import re
import select
import socket
import struct
import time

from harness import build, fd_count, limit, private_bytes
from web import LINK, TOKEN, Http
from ws import close_frame, frame


class Visitor:
    """One connection that plays a random part and ends in a random way. at: addresses by protocol; answers: counts HTTP's, by status."""

    protocol = "telnet"
    answers = collections.Counter()

    def __init__(self, at, n, rnd):
        self.at, self.n, self.rnd = at, n, rnd
        self.sock = socket.create_connection(at[self.protocol], limit())
        self.sock.setblocking(False)
        self.how = rnd.randrange(5)
        self.ends = time.monotonic() + rnd.random() * 0.4
        try:
            self.sock.send(self.words())
        except OSError:
            pass

    def words(self):
        """What it says, at once."""
        n, rnd = self.n, self.rnd
        lines = ["v%d" % n]
        for _ in range(rnd.randrange(8)):
            lines.append(rnd.choice(("hello %d" % n, "/join r%d" % rnd.randrange(30), "hi@v%d" % (n - 1), "/nick w%d" % n,
                                     "/who", "/rooms", "!INFO", "/away x", "/leave", "/topic t%d" % n, "/me waves",
                                     "/whois v%d" % (n - 2), "/format angle", "/ignore v%d" % (n - 1), "/paste\r\na\r\n.")))
        if self.how == 0:
            lines.append("/quit")
        return ("\r\n".join(lines) + "\r\n").encode()

    def took(self, data):
        """Others who come of what it was told."""
        self.answers.update(int(status) for status in re.findall(rb"HTTP/1\.1 (\d+)", data))
        return []

    def end(self):
        if self.how == 1:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


class WebSocket(Visitor):
    """Its first words come together with the handshake."""

    protocol = "web"

    def words(self):
        n, rnd = self.n, self.rnd
        lines = ["CAP REQ :message-tags server-time echo-message", "NICK v%d" % n, "USER u 0 * :r", "CAP END"]
        for _ in range(rnd.randrange(8)):
            lines.append(rnd.choice(("JOIN #r%d" % rnd.randrange(30), "PRIVMSG v%d :hi" % (n - 1), "NICK w%d" % n, "LIST", "WHO #lobby",
                                     "AWAY :x", "PRIVMSG #r1 :hello %d" % n, "CHATHISTORY LATEST #r1 * 5")))
        data = b"".join(frame(line.encode()) for line in lines) + (close_frame(1000) if self.how == 0 else b"")
        return asking("/ws", "Upgrade: websocket", "Connection: Upgrade", "Origin: http://x", "Sec-WebSocket-Version: 13",
                      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Protocol: text.ircv3.net") + data


class Page(Visitor):
    """What a browser fetches, one behind the other."""

    protocol = "web"

    def words(self):
        return b"".join(asking(p) for p in self.rnd.choices(self.at["paths"], k=self.rnd.randrange(1, 6)))


class Request(Visitor):
    protocol = "web"

    def __init__(self, at, n, rnd, data):
        self.data = data
        super().__init__(at, n, rnd)

    def words(self):
        return self.data


class Sharer(Visitor):
    """Asks for a link to upload to; the upload and the download are connections of their own."""

    def words(self):
        self.came = b""
        return b"v%d\r\n/file\r\n" % self.n

    def took(self, data):
        self.came += data
        found = re.search(TOKEN.encode() + rb"|v%d has shared the file .*?" % self.n + LINK.encode(), self.came)
        if not found:
            return []
        self.came = b""
        up, _, link = found.groups()
        body = b"x" * self.rnd.randrange(1, 4000)
        request = asking(up.decode(), "Content-Length: %d" % len(body), method="POST") + body if up else asking(link.decode())
        return [Request(self.at, self.n, self.rnd, request)]


KINDS = ((Visitor, 30), (WebSocket, 6), (Page, 3), (Sharer, 1))


def asking(path, *headers, method="GET"):
    return "\r\n".join(("%s %s HTTP/1.1" % (method, path), "Host: x", *headers)).encode() + b"\r\n\r\n"


def addresses(d):
    """Of the daemon's listeners, and what the page consists of."""
    at = {l["protocol"]: ("127.0.0.1", l["port"]) for l in d.listeners()}
    if "web" in at:
        c = Http(at["web"])
        at["paths"] = ["/", "/healthz"] + re.findall(r'(?:src|href)="(/[^"]+)"', c.ask("GET", "/").text)
        c.close()
    return at


def sizes(d):
    """By process: descriptors and resident bytes."""
    return {p["role"] + str(p["index"]): (fd_count(p["pid"]), private_bytes(p["pid"])) for p in d.processes()}


def churn(d, seconds, crowd, samples=20):
    """Rows of what was measured, and what is wrong. Measured when nobody is there, so that equal means equal."""
    rnd = random.Random(14)
    visitors, n, begun, rows, problems = [], 0, time.monotonic(), [], []
    at = addresses(d)
    kinds = [(k, w) for k, w in KINDS if "web" in at or k is Visitor]
    wanted = (101, 200, 201) if "web" in at else ()  # a WebSocket, a page or a file, an upload
    Visitor.answers.clear()
    each = max(0.5, seconds / samples)
    while time.monotonic() - begun < seconds:
        stop = time.monotonic() + each
        poll = select.epoll()
        by_fd = {}

        def come(v):
            visitors.append(v)
            by_fd[v.sock.fileno()] = v
            poll.register(v.sock, select.EPOLLIN)

        while time.monotonic() < stop or visitors:
            while len(visitors) < crowd and time.monotonic() < stop:
                n += 1
                kind, = rnd.choices(*zip(*kinds))
                come(kind(at, n, rnd))
            now = time.monotonic()
            for fd, _ in poll.poll(0.01):
                v = by_fd[fd]
                try:
                    data = v.sock.recv(65536)
                    if not data:
                        v.ends = 0
                        poll.unregister(fd)
                    for w in v.took(data):
                        come(w)
                except OSError:
                    v.ends = 0
                    poll.unregister(fd)
            for v in [v for v in visitors if v.ends <= now or now >= stop]:
                visitors.remove(v)
                del by_fd[v.sock.fileno()]
                v.end()
        poll.close()
        end = time.monotonic() + limit(10)
        while True:
            s = d.stats()
            left = any(p.get("sessions") for p in d.processes()) or s["sessions"] or s["users"] or s["rooms"] > 1  # the default room stays
            if not left or time.monotonic() > end:
                break
            select.select([], [], [], 0.01)
        if left:
            problems.append("left behind: %d sessions, %d users, %d rooms" % (s["sessions"], s["users"], s["rooms"]))
            break
        row = {"seconds": round(time.monotonic() - begun), "logins": s["logins_total"], **{"HTTP %d" % k: Visitor.answers[k] for k in wanted}}
        for name, (fds, rss) in sizes(d).items():
            row[name + " fds"] = fds
            row[name + " KiB"] = rss // 1024
        rows.append(row)
    # The first third warms up; then fds are to be equal, and memory level but for a little noise. The store's grows with the
    # database until SQLite's caches (db.c) are full: 32 MiB to write and three times 16 to read.
    warm = rows[len(rows) // 3:]
    for key in rows[-1]:
        first, last = warm[0][key], warm[-1][key]
        if key.endswith("fds") and last > min(r[key] for r in warm) + 1:
            problems.append("%s grow: %s" % (key, [r[key] for r in warm]))
        filling = key.startswith("store") and last < 100 << 10
        if key.endswith("KiB") and not filling and last > first * 1.05 + (20480 if build().sanitized else 512):
            problems.append("%s grows: %s" % (key, [r[key] for r in warm]))
    if not all(Visitor.answers[k] for k in wanted):
        problems.append("not all was tried: %r" % Visitor.answers)
    if any(p["restarts"] for p in d.processes()):
        problems.append("processes were replaced")
    return rows, problems
