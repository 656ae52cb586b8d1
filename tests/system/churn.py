"""Coming and going without end: for leaks of descriptors, memory, sessions, registry slots (R14)."""

import random
import select
import socket
import struct
import time

from harness import build, fd_count, limit, rss_bytes


class Visitor:
    """One connection that plays a random part and ends in a random way."""

    def __init__(self, port, n, rnd):
        self.sock = socket.create_connection(("127.0.0.1", port), limit())
        self.sock.setblocking(False)
        name = "v%d" % n
        lines = [name]
        for _ in range(rnd.randrange(8)):
            lines.append(rnd.choice(("hello %d" % n, "/join r%d" % rnd.randrange(30), "hi@v%d" % (n - 1), "/nick w%d" % n,
                                     "/who", "/rooms", "!INFO", "/away x", "/leave", "/topic t%d" % n, "/me waves",
                                     "/whois v%d" % (n - 2), "/format angle", "/ignore v%d" % (n - 1), "/paste\r\na\r\n.")))
        self.how = rnd.randrange(5)
        if self.how == 0:
            lines.append("/quit")
        self.data = ("\r\n".join(lines) + "\r\n").encode()
        self.ends = time.monotonic() + rnd.random() * 0.4
        try:
            self.sock.send(self.data)
        except OSError:
            pass

    def end(self):
        if self.how == 1:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


def sizes(d):
    """By process: descriptors and resident bytes."""
    return {p["role"] + str(p["index"]): (fd_count(p["pid"]), rss_bytes(p["pid"])) for p in d.processes()}


def churn(d, seconds, crowd, samples=20):
    """Rows of what was measured, and what is wrong. Measured when nobody is there, so that equal means equal."""
    rnd = random.Random(14)
    visitors, n, begun, rows, problems = [], 0, time.monotonic(), [], []
    port = d.port
    each = max(0.5, seconds / samples)
    while time.monotonic() - begun < seconds:
        stop = time.monotonic() + each
        poll = select.epoll()
        by_fd = {}
        while time.monotonic() < stop or visitors:
            while len(visitors) < crowd and time.monotonic() < stop:
                n += 1
                v = Visitor(port, n, rnd)
                visitors.append(v)
                by_fd[v.sock.fileno()] = v
                poll.register(v.sock, select.EPOLLIN)
            now = time.monotonic()
            for fd, _ in poll.poll(0.01):
                v = by_fd[fd]
                try:
                    if not v.sock.recv(65536):
                        v.ends = 0
                        poll.unregister(fd)
                except OSError:
                    v.ends = 0
                    poll.unregister(fd)
            for v in [v for v in visitors if v.ends <= now or now >= stop]:
                visitors.remove(v)
                del by_fd[v.sock.fileno()]
                v.end()
        poll.close()
        end = time.monotonic() + limit(10)
        while d.json("status")["sessions"] and time.monotonic() < end:
            select.select([], [], [], 0.01)
        s = d.stats()
        if s["sessions"] or s["users"] or s["rooms"] > 1:  # the default room stays
            problems.append("left behind: %d sessions, %d users, %d rooms" % (s["sessions"], s["users"], s["rooms"]))
            break
        row = {"seconds": round(time.monotonic() - begun), "logins": s["logins_total"]}
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
    if any(p["restarts"] for p in d.processes()):
        problems.append("processes were replaced")
    return rows, problems
