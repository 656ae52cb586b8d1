#!/usr/bin/env python3
"""Who takes all there is: rooms, entries of lists, what is read, what is answered, connections. Others have theirs meanwhile."""

import errno
import os
import resource
import select
import signal
import socket
import struct
import time

import storecheck
from harness import OwnCase, build, fd_count, lean, limit, long, main, private_bytes
from irc import IrcCase

ALONE = True  # measures times

CALM = {"line_rate": 0, "max_per_address": 0, "joins": 0, "nicks": 0, "invites": 0, "targets": 0}


class Tables(OwnCase, IrcCase):
    """What the registry has room for is not one stranger's, however many connections it has."""

    def setUp(self):
        self.daemon({"limits": dict(CALM, max_sessions=120)}, env=lean())
        self.others = self.neighbours()

    def tearDown(self):
        self.others.end()

    def test_rooms(self):
        """As many rooms as there may be: whoever comes then can still join one, and make one."""
        greedy = [self.irc("greedy") for _ in range(60)]
        for c in greedy:
            for i in range(0, 100, 25):
                c.send("JOIN " + ",".join("#%s-%d" % (c.nick, k) for k in range(i, i + 25)))
        made = sum(len([m for m in c.sync() if m.command == "JOIN"]) for c in greedy)
        self.assertTrue([m for m in greedy[-1].seen if m.command == "405"])
        self.assertGreater(made, 700)
        a, b = self.irc("a"), self.irc("b")
        for i in range(3):
            chan = self.channel(a, b)
            a.send("PRIVMSG %s :hello" % chan)
            b.expect("PRIVMSG", chan, "hello")
        # once they are gone, all of it is there again
        for c in greedy:
            c.close()
        self.eventually("their rooms to be gone", lambda: self.d.json("status")["rooms"] < 20)
        for i in range(0, 90, 30):
            a.send("JOIN " + ",".join("#again-%d" % k for k in range(i, i + 30)))
        self.assertEqual(len([m for m in a.sync() if m.command == "JOIN"]), 90)

    def test_members(self):
        """The same for memberships: everybody in the same hundred rooms."""
        greedy = [self.irc("greedy") for _ in range(60)]
        for c in greedy:
            for i in range(0, 100, 25):
                c.send("JOIN " + ",".join("#common-%d" % k for k in range(i, i + 25)))
            for g in greedy:
                g.sync()
        a, b = self.irc("a"), self.irc("b")
        for i in range(3):
            chan = self.channel(a, b)
            a.send("PRIVMSG %s :hello" % chan)
            b.expect("PRIVMSG", chan, "hello")

    def test_lists(self):
        """Bans that fill all rooms' lists: others can still ban, and invite."""
        for _ in range(20):
            c = self.irc("greedy")
            for k in range(10):
                c.send("JOIN #%s-%d" % (c.nick, k))
                c.send(*["MODE #%s-%d +%s %s" % (c.nick, k, letter * 10, " ".join("m%d%d!*@*" % (i, j) for j in range(10)))
                         for letter in "beI" for i in range(10)])
            c.sync()
            self.assertTrue([m for m in c.seen if m.command == "478"])
        a, b = self.irc("a"), self.irc("b")
        chan = self.channel(a, b)
        a.ask("MODE %s +b someone!*@*" % chan, "MODE", chan, "+b")
        a.ask("INVITE %s %s" % (c.nick, chan), "341")
        self.d.ctl("ban", "add", "nobody-here!*@*", "60")

    def test_names(self):
        """Thousands of names, one after the other: what WHOWAS keeps is bounded."""
        c = self.irc("changing")
        rss = sum(map(private_bytes, self.d.kids("worker") + self.d.kids("broker")))
        for i in range(5000):
            c.send("NICK w%d" % i)
        c.expect("NICK", "w4999")
        c.nick = "w4999"
        c.sync()
        a = self.irc("a")
        self.assertLess(len(a.answers("WHOWAS " + ",".join("w%d" % i for i in range(10)))), 60)
        self.assertLess(sum(map(private_bytes, self.d.kids("worker") + self.d.kids("broker"))) - rss, (8 << 20) * build().scale)


class ListsOfOneAddress(OwnCase, IrcCase):
    """Entries of lists are counted for the address that has made them, in whoever's rooms they are by now."""

    OF_ROOM = ["%s%s" % (letter * 10, "".join(" m%d%d!*@*" % (i, j) for j in range(10))) for letter in "beI" for i in range(10)]

    def fill(self, c, chan):
        """How many the lists have taken."""
        c.send(*["MODE %s +%s" % (chan, masks) for masks in self.OF_ROOM])
        return sum(len(m.params) - 2 for m in c.sync() if m.command == "MODE")

    def test_left_to_others(self):
        self.daemon({"limits": dict(CALM, max_sessions=8000, max_per_address=50, address_factor=2)}, env=lean())
        others = self.neighbours()
        heir, rooms, made = self.irc("heir", source="127.0.0.3"), [], 0
        for _ in range(6):
            c = self.irc("greedy", source="127.0.0.2")
            rooms.append(self.channel(c, heir))
            made += self.fill(c, rooms[-1])
            c.send("QUIT")
            heir.expect("QUIT")
        self.assertEqual(made, 1000, "address_factor times one person's")
        # another has as much as ever
        a = self.irc("a", source="127.0.0.4")
        self.assertEqual(self.fill(a, self.channel(a, heir)), 300)
        # what has gone with its room may be made anew
        c = self.irc("greedy", source="127.0.0.2")
        own = self.channel(c)
        self.assertEqual(c.ask("MODE %s +b one!*@*" % own, "478").params[-2:-1], ["b"])
        heir.ask("PART " + rooms[0], "PART", rooms[0])
        c.ask("MODE %s +b one!*@*" % own, "MODE", own, "+b")
        others.end()


class Input(OwnCase, IrcCase):
    """What is sent faster than line_rate is not read."""

    def flood(self, c, data, seconds=2, most=1 << 30):
        """As much of it as the server takes in that time, and some `most` bytes at most."""
        c.sock.setblocking(False)
        end, sent = time.monotonic() + seconds, 0
        poll = select.poll()
        poll.register(c.sock, select.POLLOUT)
        while time.monotonic() < end and sent < most:
            if poll.poll(50):
                try:
                    sent += c.sock.send(data)
                except BlockingIOError:
                    pass
                except OSError:
                    break
        return sent

    def test_empty_lines(self):
        """They cost what lines cost, in both tongues: nobody keeps a worker busy with nothing."""
        self.daemon({"limits": dict(CALM, line_rate=50, line_burst=100)})
        others = self.neighbours()
        for data in (b"\r\n" * 8192, b"\n" * 16384, b"\r" * 16384, b"\r\r\n" * 5000, b" \n" * 8192, b":\n" * 8192):
            for c in (self.irc("empty"), self.client("empty")):
                before = self.d.stats()["bytes_in_total"]
                self.flood(c, data, 0.5)
                self.assertLess(self.d.stats()["bytes_in_total"] - before, 1 << 20, data[:4])
        others.end()  # they are all still there

    def test_long_lines(self):
        """A line of several KiB, which everybody in a room is sent, is several lines."""
        self.daemon({"limits": dict(CALM, line_rate=100, line_burst=100, address_factor=0, account_factor=0)})
        c, tom = self.irc("tags", ("message-tags",)), self.client("tom")
        others = self.neighbours()
        for sender, line in ((c, "@+a=%s TAGMSG x" % ("b" * 4000)), (tom, "/msg x " + "y" * 4000)):
            begun = time.monotonic()
            sender.send(*[line] * 80)
            sender.sync()
            self.assertGreater(time.monotonic() - begun, 1.5, "80 lines of 4 KiB are 320 at least, and 100 come at once")
        others.end()

    def test_every_command_unread(self):
        """Long answers to whoever does not read are made when there is room for them, whatever was asked."""
        self.daemon({"limits": CALM}, env=lean())
        a = self.irc("a")
        for i in range(0, 90, 30):
            a.send("JOIN " + ",".join("#room%d" % k for k in range(i, i + 30)))
        a.send(*["MODE #room0 +bbb x%d!*@* y%d!*@* z%d!*@*" % (i, i, i) for i in range(30)])
        a.sync()
        with self.neighbours() as others:
            pids = self.d.kids("worker") + self.d.kids("broker")
            rss = sum(map(private_bytes, pids))
            for line in ("ADMIN", "HELP", "INFO", "ISUPPORT", "LINKS", "LIST", "LUSERS", "MODE #room0 b", "MODE #room0", "MONITOR L", "MONITOR S",
                         "MOTD", "NAMES #room0", "NAMES", "STATS u", "TIME", "TOPIC #room0", "USERHOST a b c d e", "VERSION", "WHO *", "WHO #room0",
                         "WHOIS " + a.nick, "WHOWAS x", "METADATA * LIST", "METADATA #room0 SYNC", "CAP LS 302", "CAP LIST", "PING " + "x" * 400,
                         "NS HELP", "CS HELP", "JOIN #room1,#room2,#room3", "NOSUCHTHING", "INVITE", "ISON " + a.nick, "PRIVMSG %s :x" % ("y" * 60),
                         "CHATHISTORY LATEST #room0 * 500", "AUTHENTICATE PLAIN", "REGISTER * * x", "KNOCK #room0", "SETNAME :" + "x" * 100):
                c = self.irc("unread", ("batch", "labeled-response", "message-tags", "echo-message"), rcvbuf=4096)
                c.send("MONITOR + " + ",".join("m%d" % i for i in range(60)))
                c.sync()
                self.flood(c, (line + "\r\n").encode() * 200, 0.1, 1 << 17)
                queued = [s["queued"] for s in self.d.json("users") if s["name"] == c.nick]
                self.assertLess(max(queued, default=0), 1 << 18, line)
            self.assertLess(sum(map(private_bytes, pids)) - rss, (24 << 20) * build().scale)
        self.assertGreater(others.words, 0)

    def test_stopped_reading_for_good(self):
        """A window that stays shut, in a busy room: the queue's limits end it, whether or not its owner still sends."""
        self.daemon({"limits": dict(CALM, queue=65536, queue_time=2)})
        talker, chan = self.irc("talker"), "#busy"
        talker.ask("JOIN " + chan, "366")
        with self.neighbours():
            stuck = [self.irc("stuck", rcvbuf=4096) for _ in range(10)]
            for c in stuck:
                c.ask("JOIN " + chan, "366")
            stuck[0].sock.shutdown(socket.SHUT_WR)
            end, n = time.monotonic() + limit(30), 0
            while len(self.d.json("users")) > 3 and time.monotonic() < end:
                talker.send(*["PRIVMSG %s :%s" % (chan, "x" * 400)] * 50)
                talker.sync()
                for c in stuck[1:4]:
                    try:
                        c.sock.send(b"PING x\r\n")
                    except OSError:
                        pass
                n += 50
            self.assertEqual({u["name"] for u in self.d.json("users")} & {c.nick for c in stuck}, set())
            stats = self.d.stats()
            self.assertGreaterEqual(stats['dropped_total{reason="queue"}'] + stats['dropped_total{reason="stalled"}'], 9)
        # what somebody is told of the others' end comes a little later than it is so
        self.eventually("all to have quit", lambda: talker.sync() or len([m for m in talker.seen if m.command == "QUIT"]) >= 10)
        self.assertEqual(len([m for m in talker.seen if m.command == "QUIT"]), 10)


class Searches(OwnCase, IrcCase):
    store = True

    def test_of_one_address(self):
        """They are made one after the other, everybody's: a few of one address at a time. Whoever asks for more is told so at once."""
        d = self.daemon({"workers": 1, "limits": {"max_per_address": 64, "exempt": "127.0.0.1"}})
        caps = ("soju.im/search", "batch")
        greedy = [self.irc("greedy", caps, source="127.0.0.2") for _ in range(6)]
        other = self.irc("other", caps, source="127.0.0.3")
        chan = self.channel(other, *greedy)
        other.send("PRIVMSG %s :needle" % chan)
        storecheck.kept(d, "needle")
        with self.neighbours():
            store = d.kids("store")[0]
            os.kill(store, signal.SIGSTOP)
            for c in greedy[:4]:
                c.send("SEARCH text=needle")
            self.irc(source="127.0.0.4").sync()  # they are with the store
            for c in greedy[4:]:
                self.assertRegex(c.ask("SEARCH text=needle", "FAIL", "SEARCH").line, "too much to do, try again in a moment")
            other.send("SEARCH text=needle")
            os.kill(store, signal.SIGCONT)
            for c in greedy[:4] + [other]:
                c.expect("PRIVMSG", chan, "needle")
            greedy[5].send("SEARCH text=needle")
            greedy[5].expect("PRIVMSG", chan, "needle")


class Connections(OwnCase, IrcCase):
    def soft_limit(self, n):
        """Descriptors of this process; how many it may have."""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        for want in (n + 200, hard):
            try:
                resource.setrlimit(resource.RLIMIT_NOFILE, (want, max(want, hard) if hard != resource.RLIM_INFINITY else hard))
                return want
            except (ValueError, OSError):
                continue
        return soft

    def test_storm(self):
        """Thousands come and go every second, each in another way: nothing of them stays."""
        d = self.daemon({"limits": CALM}, env=lean())
        port, irc_port = self.d.port, self.irc_address()[1]
        rst = struct.pack("ii", 1, 0)
        says = (b"", b"\xff", b"x", b"NICK a", b"PROXY TCP4 1.2.3.4 1.2.3.4 1 1\r\n", b"QUIT\r\n", b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00\x01",
                b"NICK storm\r\nUSER x 0 * :x\r\nJOIN #storm\r\n", b"storm\r\nhello\r\n")
        with self.neighbours() as others:
            before = [fd_count(p) for p, _ in others.pids]
            rss = sum(private_bytes(p) for p, _ in others.pids)
            begun, n = time.monotonic(), 0
            while time.monotonic() - begun < (20 if long() else 4):
                s = socket.socket()
                try:
                    s.connect(("127.0.0.1", port if n % 2 else irc_port))
                    s.send(says[n // 2 % len(says)])
                    if n % 3 == 0:
                        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, rst)
                    elif n % 3 == 1:
                        s.shutdown(socket.SHUT_WR)
                except OSError as e:
                    if e.errno == errno.EADDRNOTAVAIL:
                        break  # this host has no port left for it
                s.close()
                n += 1
            took = time.monotonic() - begun
            self.eventually("all to be gone", lambda: d.json("status")["users"] == 2, limit(30))
            self.eventually("descriptors to be closed", lambda: all(fd_count(p) <= was + 2 for (p, _), was in zip(others.pids, before)))
            self.assertLess(sum(private_bytes(p) for p, _ in others.pids) - rss, (16 << 20) * build().scale)
        print("%.0f connections/s; the slowest word took %.0f ms" % (n / took, 1000 * others.worst), flush=True)

    def crowd(self, n, words, protocol="telnet"):
        """n of whom each says words(number), and reads nothing but what drain() reads."""
        socks, address = [], self.d.address_of(protocol)
        self.poll = select.epoll()
        self.addCleanup(self.poll.close)
        for i in range(n):
            s = socket.socket()
            self.addCleanup(s.close)
            s.bind(("127.0.%d.1" % (i // 10000 + 1), 0))
            s.connect(address)
            s.sendall(words(i).encode())
            s.setblocking(False)
            self.poll.register(s, select.EPOLLIN)
            socks.append(s)
            if i % 50 == 49:
                self.drain(socks)
        return socks

    def drain(self, socks):
        """Until nothing is left to read. The bytes."""
        by_fd = {s.fileno(): s for s in socks}
        buf, got = bytearray(1 << 18), 0
        while True:
            ready = self.poll.poll(0, 10000)
            if not ready:
                return got
            for fd, _ in ready:
                try:
                    n = by_fd[fd].recv_into(buf)
                except OSError:
                    n = 0
                if n == 0:
                    self.poll.unregister(fd)
                got += n

    def test_idle(self):
        """Twenty thousand who do nothing cost nothing, and nobody notices them."""
        n = 2000 if build().sanitized else 20000
        n = min(n, self.soft_limit(n) - 200)
        d = self.daemon({"limits": dict(CALM, max_sessions=n + 100), "rooms": {"default": ""}}, env=lean())
        with self.neighbours() as others:
            rss = sum(map(private_bytes, d.kids("worker")))
            socks = self.crowd(n, lambda i: "crowd%d\r\n" % i)

            def here():
                self.drain(socks)
                return d.json("status")["users"] == n + 2
            self.eventually("all of them", here, limit(60))
            self.drain(socks)
            per = (sum(map(private_bytes, d.kids("worker"))) - rss) / n
        print("%d idle: %.0f bytes each in the workers; the slowest word took %.0f ms" % (n, per, 1000 * others.worst), flush=True)
        if not build().sanitized:
            self.assertLess(per, 2048)

    def test_mass_quit(self):
        """All of a large room at once: each is told once, nobody else waits."""
        n = 500 if build().sanitized else 5000 if long() else 3000
        self.soft_limit(n)
        d = self.daemon({"limits": dict(CALM, max_sessions=n + 100), "rooms": {"default": ""}}, env=lean())
        watcher, room = self.irc("watcher"), self.fresh("crowd")
        watcher.ask("JOIN #" + room, "366")
        with self.neighbours(patience=10) as others:
            socks = self.crowd(n, lambda i: "crowd%d\r\n/join %s\r\n" % (i, room))

            def here():
                self.drain(socks)
                watcher.sync()
                return len([m for m in watcher.seen if m.is_("JOIN")]) == n + 1
            self.eventually("all of them", here, limit(60))
            rss = sum(private_bytes(p) for p, _ in others.pids)
            begun = time.monotonic()
            for s in socks:
                s.close()
            gone = set()
            while len(gone) < n:
                nick = watcher.expect("QUIT", seconds=limit(60)).nick
                self.assertNotIn(nick, gone)
                gone.add(nick)
            took = time.monotonic() - begun
            more = sum(private_bytes(p) for p, _ in others.pids) - rss
        print("%d were gone after %.2f s, %.1f MB more; the slowest word took %.0f ms" % (n, took, more / 1e6, 1000 * others.worst), flush=True)
        self.assertLess(more, (64 << 20) * build().scale)

    def test_renamed(self):
        """A large room on one worker, whose clients know nothing of RENAME: each is moved, and told who is there, while others talk.
        Names are so long that three of them fill a line."""
        n = 200 if build().sanitized else 1800
        self.soft_limit(n)
        self.daemon({"workers": 1, "limits": dict(CALM, max_sessions=n + 100), "rooms": {"default": ""}}, env=lean())
        was, now = ("#" + self.fresh(stem) + "\uac00" * 38 for stem in ("was", "now"))
        caps = "userhost-in-names", "no-implicit-names"
        op = self.irc("op", caps[:1])
        op.ask("JOIN " + was, "366")
        with self.neighbours(patience=10) as others:
            socks = self.crowd(n, lambda i: "CAP REQ :%s\r\nNICK %c%s\r\nUSER %s 0 * :r\r\nCAP END\r\nJOIN %s\r\n" %
                               (" ".join(caps), 0xac00 + i, "\uac00" * 20, "u" * 16, was), "irc")
            for s in socks:
                s.sendall(b"CAP REQ :-no-implicit-names\r\n")
            self.eventually("all to be in", lambda: not self.drain(socks) and self.d.json("room", was[1:])["members"] == n + 1, limit(30))
            watchers = [self.irc("watcher", caps[:1]) for _ in range(3)]
            for c in watchers:
                c.ask("JOIN " + was, "366")
            begun = time.monotonic()
            op.send("RENAME %s %s :we are many" % (was, now))
            for c in watchers + [op]:
                c.expect("PART", was)
                c.expect("JOIN", now)
                got = c.until(lambda m: m.is_("366", None, now), limit(60))
                names = [name for m in got if m.is_("353") for name in m.params[-1].split()]
                self.assertEqual(len(names), n + 4)
                self.assertEqual(len(set(names)), n + 4)
            took = time.monotonic() - begun
            self.eventually("the crowd to have read it", lambda: not self.drain(socks), limit(60))
        print("%d were moved after %.2f s; the slowest word took %.0f ms" % (n + 4, took, 1000 * others.worst), flush=True)


if __name__ == "__main__":
    main()
