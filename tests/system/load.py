"""A crowd of clients that talk as fast as they are answered, and the history checker.

They are telnet clients, and as many WebSocket ones (IRC in frames) as asked for, of whose lines the same words are made that telnet shows.
Everybody has echo on, so that all members of a room read the same lines, their own included.
The checker keeps for each room the one sequence that its members must share: whoever is ahead
makes it longer, everybody else is compared with it. In it, the numbers of each sender must count
up without a gap or a repetition. What differs is counted, not assumed: see Swarm.counts().
"""

import collections
import errno
import re
import select
import socket
import time

from harness import build, limit
from ws import Ws

SAID = re.compile(rb":([^!]+)!\S+ PRIVMSG \S+ :(.*)")
LEFT = re.compile(rb":([^!]+)!\S+ QUIT :(.*)")
LINE = re.compile(rb"(?:\d\d:\d\d )?(?:\[[^\]]*\] )?\w+: p*(\d+)\.(\d+)\.(\d+)$")


class Room:
    def __init__(self, index, name):
        self.index, self.name = index, name
        self.lines = []   # the sequence, from number `base` on
        self.base = 0
        self.next = {}    # sender -> its next number
        self.members = []
        self.notes = collections.Counter()  # lines that are no message

    def trim(self):
        live = [m.at[self.index] for m in self.members if not m.dead and not m.diverged]
        n = min(live) - self.base if live else 0
        if n > 4096:
            del self.lines[:n]
            self.base += n


class Member:
    def __init__(self, index, name, rooms):
        self.index, self.name, self.rooms = index, name, rooms
        self.sock = None
        self.rest, self.out = b"", b""
        self.dead = self.diverged = False
        self.sent = {r.index: 0 for r in rooms}
        self.at = {}                       # room -> how much of its sequence it has read
        self.expected = {}                 # (room, sender) -> number; only once it has diverged
        self.waiting = collections.deque() # when its unanswered messages were sent
        self.received = self.own = 0
        self.turn = 0
        self.mark = name.encode() + b": "
        self.notes = []

    @property
    def total(self):
        return sum(self.sent.values())

    # -- its protocol

    def enter(self, address, source):
        """Connects and asks for its rooms; entered() is when it is in them, ready() when it knows of all others."""
        self.sock = socket.socket()
        self.sock.settimeout(limit(30))
        if source:
            self.sock.bind((source, 0))
        self.sock.connect(address)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        words = [self.name, "/echo on"] + ["/join " + r.name for r in self.rooms]
        if len(self.rooms) == 1:
            words.append("/leave lobby")
        self.sock.sendall("".join(w + "\r\n" for w in words).encode())

    def entered(self):
        one = len(self.rooms) == 1
        self._until(b"You have left lobby" if one else b"You are in|You have made the room", 1 if one else len(self.rooms) + 1)

    def ready(self):
        """An answer from the registry comes behind the last notice of that."""
        self.sock.sendall(b"/rooms\r\n")
        data = self._until(b"End of the list", 1)
        self.rest = data[data.index(b"\n", data.index(b"End of the list")) + 1:]

    def _until(self, words, times):
        data = self.rest
        pattern = re.compile(words + rb"[^\n]*\n")
        while len(pattern.findall(data)) < times:
            more = self.sock.recv(65536)
            if not more:
                raise AssertionError("%s: closed while coming in: %r" % (self.name, data[-500:]))
            data += more
        self.rest = data
        return data

    def packed(self, room, text):
        """What it sends to say that there."""
        return (b"/join %s\r\n" % room.name.encode() if len(self.rooms) > 1 else b"") + text + b"\r\n"

    def shown(self, data):
        """The lines, or parts of them, in what has come."""
        return data


class WebMember(Member):
    """The same behind a WebSocket."""

    def enter(self, address, source):
        assert len(self.rooms) == 1
        self.ws = Ws(address, self.name, ("echo-message",), source=source)
        self.sock = self.ws.sock
        self.ws.send("JOIN #" + self.rooms[0].name)

    def entered(self):
        self.ws.expect("366")

    def ready(self):
        self.ws.sync()

    def packed(self, room, text):
        return self.ws.packed(b"PRIVMSG #%s :%s" % (room.name.encode(), text))

    def shown(self, data):
        lines = self.ws.lines_of(data)
        self.ws.frames.clear()
        out = b""
        for line in lines:
            if line.startswith(b"PING"):
                self.out += self.ws.packed(b"PONG" + line[4:])
                continue
            said, left = SAID.match(line), LEFT.match(line)
            out += (b"%s: %s" % said.groups() if said else b"%s has left the chat. (%s)" % left.groups() if left else line) + b"\r\n"
        return out


class Swarm:
    def __init__(self, d, clients, rooms, each=1, stem="s", window=4, sources=1, pad=0, web=0):
        """each: how many rooms a client is in; pad: bytes by which each line is longer; web: each so-manieth is a WebSocket client, if this build has them."""
        self.d, self.window, self.pad = d, window, b"p" * pad
        web = web if build().web else 0
        self.rooms = [Room(i, "%sr%d" % (stem, i)) for i in range(rooms)]
        self.members = []
        self.address = {Member: ("127.0.0.1", d.port), WebMember: d.address_of("web") if web else None}
        self.poll = select.epoll()
        self.by_fd = {}
        self.deliveries = self.lost = self.doubled = self.disorder = self.closed = 0
        self.slowest = 0.0
        self.latencies = []
        for i in range(clients):
            mine = [self.rooms[(i + k * 7) % rooms] for k in range(each)]
            m = (WebMember if web and i % web == web - 1 else Member)(i, "%s%04d" % (stem, i), mine)
            self.members.append(m)
            for r in mine:
                r.members.append(m)
        self._enter("127.0.0.%d", sources)

    # -- coming in: one after the other would be slow, so all take each step together

    def _enter(self, source, sources):
        for m in self.members:
            m.enter(self.address[type(m)], source % (1 + m.index % sources) if sources > 1 else None)
        for m in self.members:
            m.entered()
        for m in self.members:
            m.ready()
            m.sock.setblocking(False)
            self.by_fd[m.sock.fileno()] = m
            self.poll.register(m.sock, select.EPOLLIN)
            for r in m.rooms:
                m.at[r.index] = 0

    # -- talking

    def send(self, m, n):
        """n more lines of this member, to its rooms in turn."""
        lines = []
        now = time.monotonic()
        for _ in range(n):
            room = m.rooms[m.turn % len(m.rooms)]
            m.turn += 1
            lines.append(m.packed(room, b"%s%d.%d.%d" % (self.pad, room.index, m.index, m.sent[room.index])))
            m.sent[room.index] += 1
            m.waiting.append(now)
        m.out += b"".join(lines)
        self._flush(m)

    def _flush(self, m):
        if not m.out or m.dead:
            return
        try:
            n = m.sock.send(m.out)
            m.out = m.out[n:]
        except BlockingIOError:
            pass
        except OSError as e:
            if e.errno not in (errno.EPIPE, errno.ECONNRESET):
                raise
            self._closed(m)
            return
        self.poll.modify(m.sock, select.EPOLLIN | (select.EPOLLOUT if m.out else 0))

    def _closed(self, m):
        if m.dead:
            return
        m.dead = True
        self.closed += 1
        self.poll.unregister(m.sock)
        del self.by_fd[m.sock.fileno()]
        m.sock.close()

    def _read(self, m):
        try:
            data = m.sock.recv(1 << 20)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._closed(m)
            return
        data = m.rest + m.shown(data)
        end = data.rfind(b"\n") + 1
        m.rest = data[end:]
        if end:
            self._take(m, data[:end])

    def _take(self, m, data):
        own = data.count(b"\n" + m.mark) + data.startswith(m.mark) if len(m.rooms) == 1 else data.count(m.mark)
        if own:
            now = time.monotonic()
            m.own += own
            for _ in range(min(own, len(m.waiting))):
                took = now - m.waiting.popleft()
                if took > self.slowest:
                    self.slowest = took
        lines = data.split(b"\r\n")
        lines.pop()
        if len(m.rooms) == 1 and not m.diverged:
            room = m.rooms[0]
            at = m.at[room.index] - room.base
            known = room.lines[at:at + len(lines)]
            if known == lines[:len(known)]:
                m.at[room.index] += len(lines)
                m.received += len(lines)
                for line in lines[len(known):]:
                    self._new(room, line)
                return
        for line in lines:
            self._one(m, line)

    def _new(self, room, line):
        """A line that nobody of the room had read before."""
        room.lines.append(line)
        hit = LINE.match(line)
        if hit is None:
            room.notes[line] += 1
            return
        sender, n = int(hit.group(2)), int(hit.group(3))
        expected = room.next.get(sender, 0)
        if n > expected:
            self.lost += n - expected
        elif n < expected:
            self.doubled += 1
            return
        room.next[sender] = n + 1

    def _one(self, m, line):
        hit = LINE.match(line)
        if hit is None and len(m.rooms) > 1:
            m.notes.append(line)
            return
        room = self.rooms[int(hit.group(1))] if hit else m.rooms[0]
        m.received += 1
        if m.diverged:
            if hit:
                key = (room.index, int(hit.group(2)))
                n = int(hit.group(3))
                expected = m.expected.get(key, n)
                self.lost += max(0, n - expected)
                self.doubled += n < expected
                m.expected[key] = max(expected, n + 1)
            return
        if len(m.rooms) > 1:
            line = line.rpartition(b"] ")[2]
        at = m.at[room.index] - room.base
        m.at[room.index] += 1
        if at >= len(room.lines):
            self._new(room, line)
        elif room.lines[at] != line:
            self.disorder += 1
            m.diverged = True
            self.first_difference = getattr(self, "first_difference", (m.name, room.lines[max(0, at - 2):at + 4], line))

    def run(self, each=None, seconds=None, senders=None, every=None, act=None, until=None, quiet=30):
        """Everybody of `senders` says `each` lines, or as many as it can in that time. act() is called
        each `every` seconds. Ends when all that was said by the living has been heard by the living."""
        senders = self.members if senders is None else senders
        begun = progress = time.monotonic()
        next_act = begun + every if every else None
        stop_at = begun + seconds if seconds else None
        trim_at = begun + 0.5

        def more(m):
            left = self.window - len(m.waiting)
            if each is not None:
                left = min(left, each - (m.total - first[m.index]))
            return left

        first = {m.index: m.total for m in senders}
        is_sender = set(m.index for m in senders)
        talking = True
        for m in senders:
            self.send(m, more(m))
        while True:
            now = time.monotonic()
            if next_act is not None and now >= next_act and talking:
                act()
                next_act = time.monotonic() + every
            if stop_at is not None and now >= stop_at:
                talking = False
            if now >= trim_at:
                for r in self.rooms:
                    r.trim()
                trim_at = now + 0.5
            wait = min(t for t in (next_act if talking else None, stop_at if talking else None, now + 0.2) if t) - now
            events = self.poll.poll(max(0, wait))
            for fd, what in events:
                m = self.by_fd.get(fd)
                if m is None:
                    continue
                if what & select.EPOLLOUT:
                    self._flush(m)
                if not m.dead and what & (select.EPOLLIN | select.EPOLLHUP | select.EPOLLERR):
                    self._read(m)
                if talking and not m.dead and m.index in is_sender:
                    n = more(m)
                    if n > 0 and (n >= self.window // 2 or each is not None):
                        self.send(m, n)
            if events:
                progress = time.monotonic()
            if each is not None and talking:
                talking = any(not m.dead and m.total - first[m.index] < each for m in senders)
            if not talking and self.settled():
                break
            if time.monotonic() - progress > limit(quiet):
                break
        self.seconds = time.monotonic() - begun
        return self

    def settled(self):
        """Has every living member read what every living member said, and all the same?"""
        if any(m.waiting and not m.dead for m in self.members):
            return False
        for r in self.rooms:
            for m in r.members:
                if not m.dead and not m.diverged and m.at[r.index] != r.base + len(r.lines):
                    return False
        return True

    def counts(self):
        """The table of the end. unheard: said by a living sender, and missing at the end of a room;
        behind: lines that living members have not been given although others have."""
        unheard = behind = 0
        for r in self.rooms:
            for m in r.members:
                if m.dead:
                    continue
                unheard += m.sent[r.index] - r.next.get(m.index, 0)
                if not m.diverged:
                    behind += r.base + len(r.lines) - m.at[r.index]
        return {
            "clients": len(self.members), "by web": sum(isinstance(m, WebMember) for m in self.members), "rooms": len(self.rooms),
            "sent": sum(m.total for m in self.members),
            "received": sum(m.received for m in self.members), "lost": self.lost + unheard + behind,
            "doubled": self.doubled, "out of order": self.disorder, "disconnected": self.closed,
            "longest wait ms": round(self.slowest * 1000), "seconds": round(self.seconds, 1),
        }

    def close(self):
        for m in self.members:
            if not m.dead:
                m.sock.close()
        self.poll.close()


def table(rows):
    """Rows of dicts as text, for people."""
    keys = list(dict.fromkeys(k for row in rows for k in row))
    cells = [[str(row.get(k, "")) for k in keys] for row in rows]
    widths = [max(len(k), *(len(c[i]) for c in cells)) for i, k in enumerate(keys)]
    out = ["  ".join(k.ljust(w) for k, w in zip(keys, widths))]
    out += ["  ".join(c.rjust(w) for c, w in zip(row, widths)) for row in cells]
    return "\n".join(out)
