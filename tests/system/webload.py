"""People who upload, download and open WebSockets, one thread each, while chatd-web is killed; and what has to be there afterwards.

A file begins with its name and size, so that a part of one, or another's, shows wherever it turns up.
"""

import collections
import itertools
import os
import random
import re
import threading
import time

import faults
from harness import Closed, Telnet, eventually, limit
from load import Swarm
from web import LINK, TOKEN, Http, form
from ws import Refused, Ws

SHARED = re.compile(r"(?m)^\w+ has shared the file (\S+) \([^,]*, " + LINK)
CUT = (ConnectionError, TimeoutError, Refused, Closed)


def content(name, size):
    return (b"%s %d\n" % (name.encode(), size)).ljust(size, b"x")


def whole(data, name=None):
    """Is this all of a file, of that one?"""
    said, _, size = data.partition(b"\n")[0].partition(b" ")
    return size.isdigit() and len(data) == int(size) and (name is None or said == name.encode())


class WebLoad:
    def __init__(self, d, uploaders=4, downloaders=2, openers=2):
        self.d, self.address = d, d.address_of("web")
        self.people = [Telnet(("127.0.0.1", d.port)).login("up%d" % i) for i in range(uploaders)]
        for p in self.people:
            p.sync()
        self.counts = collections.Counter()
        self.accepted, self.used, self.links, self.seen = [], [], [], set()
        self.error = None
        self.stopped = threading.Event()
        work = [(self.upload, uploaders), (self.download, downloaders), (self.upgrade, openers)]
        self.threads = [threading.Thread(target=self._work, args=(fn, i)) for fn, n in work for i in range(n)]
        for t in self.threads:
            t.start()

    def _work(self, fn, i):
        rnd = random.Random(i)
        try:
            for n in itertools.count():
                if self.stopped.is_set():
                    return
                fn(i, n, rnd)
        except Exception as e:
            self.error = self.error or e
            raise

    def _ask(self, method, path, headers=(), body=None, pieces=1, between=None):
        """The answer; None: there was none. pieces: of the body, with between() behind each."""
        try:
            c = Http(self.address)
            try:
                if pieces == 1:
                    return c.ask(method, path, headers, body)
                c.send(("%s %s HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n%s\r\n" % (
                    method, path, c.host, len(body), "".join(h + "\r\n" for h in headers))).encode())
                for k in range(pieces):
                    c.send(body[len(body) * k // pieces:len(body) * (k + 1) // pieces])
                    between()
                return c.read()
            finally:
                c.close()
        except CUT:
            return None

    # -- what they do

    def upload(self, i, n, rnd):
        """Until it is there: a link that was not used up takes it again."""
        me, name, size = self.people[i], "f%d.%d" % (i, n), rnd.randrange(30, 1 << 16)
        me.send("/file")
        path = me.expect("^Upload one file .*: " + TOKEN).group(1)
        data = content(name, size)
        if n % 3:
            headers, body = ['Content-Disposition: attachment; filename="%s"' % name], data
        else:
            headers, body = form(("file", name, data))
        while True:
            answer = self._ask("POST", path, headers, body, rnd.choice((1, 1, 8)), me.sync)
            status = answer.status if answer else 0  # 0 too: cut within its head
            if status == 201:
                self.accepted.append(name)
                self.links.append((name, re.fullmatch(LINK, answer.headers["location"]).group(2)))
                return
            if status == 410:  # it had its name when chatd-web died: everybody has been told of it, or it will be swept
                self.used.append(name)
                return
            if status not in (0, 503):
                raise AssertionError("upload: %r" % answer)
            self.counts["uploads cut"] += 1
            if self.stopped.is_set():
                return

    def download(self, _i, _n, rnd):
        if not self.links:
            self.stopped.wait(0.01)
            return
        name, path = rnd.choice(self.links)
        answer = self._ask("GET", path)
        status = answer.status if answer else 0
        if status == 200 and len(answer.body) < int(answer.headers["content-length"]):
            self.counts["downloads cut"] += 1
        elif status == 200:
            self.counts["downloads"] += 1
            self.counts["wrong bytes"] += not whole(answer.body, name)
        elif status in (0, 503):
            self.counts["downloads cut"] += 1
        else:
            raise AssertionError("download: %r" % answer)

    def upgrade(self, i, n, _rnd):
        """Once the server has answered what it said, no death of chatd-web may be noticed."""
        try:
            c = Ws(self.address, "w%dx%d" % (i, n))
        except CUT:
            self.counts["upgrades cut"] += 1
            return
        self.counts["upgrades"] += 1
        try:
            for _ in range(20):
                c.sync()
                self.stopped.wait(0.01)
        except (Closed, ConnectionError):
            self.counts["upgraded and lost"] += 1
        c.close()

    # -- what is looked at

    def look(self):
        """What has a name on the disk is whole, at any moment."""
        for name, path in self.on_disk().items():
            if name not in self.seen:
                try:
                    with open(path, "rb") as f:
                        self.counts["half on disk"] += not whole(f.read())
                    self.seen.add(name)
                except FileNotFoundError:
                    pass

    def on_disk(self):
        """Path by name."""
        top = os.path.join(self.d.dir, "state", "files")
        return {name: os.path.join(at, name) for at, _, names in os.walk(top) for name in names}

    def end(self, swept):
        """What is there is what everybody was told of, in one order; swept: and nothing else, soon."""
        self.stopped.set()
        for t in self.threads:
            t.join()
        if self.error:
            raise self.error
        for p in self.people:
            p.sync()
        told = [SHARED.findall(p.text.decode().replace("\r", "")) for p in self.people]
        said = collections.Counter(name for name, _, _ in told[0])
        row = {"uploads": len(self.accepted), "told": len(told[0])}
        row["lost"] = sum(name not in said for name in self.accepted)
        row["links in vain"] = sum(name not in said for name in self.used)
        row["doubled"] = sum(n > 1 for n in said.values())
        row["out of order"] = sum([t[0] for t in o] != [t[0] for t in told[0]] for o in told[1:])
        answers = [(name, self._ask("GET", path)) for name, _, path in told[0]]
        row["without file"] = sum(a is None or a.status != 200 or not whole(a.body, name) for name, a in answers)
        self.look()
        if swept:
            known = {path.split("/")[2] for _, _, path in told[0]}
            begun = time.monotonic()
            eventually(lambda: "the sweeping of %s" % (set(self.on_disk()) - known), lambda: set(self.on_disk()) <= known, limit(60))
            row["swept after s"] = round(time.monotonic() - begun)
        for what in ("uploads cut", "downloads", "downloads cut", "upgrades", "upgrades cut", "wrong bytes", "half on disk",
                     "upgraded and lost"):
            row[what] = self.counts[what]
        for p in self.people:
            p.close()
        return row


def under_kills(d, seconds, every, swept=True):
    """chatd-web killed that often, while others talk, some of them on WebSockets it has handed over. One row."""
    swarm = Swarm(d, 20, 2, window=1, stem="t", web=2)
    killer = faults.Killer(d, "web")
    load = WebLoad(d)

    def act():
        killer.act()
        load.look()

    try:
        swarm.run(seconds=seconds, every=every, act=act, senders=swarm.members[:4])
    finally:
        load.stopped.set()
    row = load.end(swept)
    talk = swarm.counts()
    swarm.close()
    row.update({k: talk[k] for k in ("clients", "by web", "sent", "disconnected", "longest wait ms")})
    row.update({"kills": killer.kills, "talk lost": talk["lost"] + talk["doubled"] + talk["out of order"]})
    return row


def good(row):
    return row["uploads"] and row["downloads"] and row["upgrades"] and not any(row[k] for k in (
        "lost", "doubled", "out of order", "without file", "wrong bytes", "half on disk", "upgraded and lost", "talk lost", "disconnected"))
