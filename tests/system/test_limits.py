#!/usr/bin/env python3
"""Who takes too much, or too little, harms nobody else: slow readers (R7), floods (R9), crowds (R8),
descriptors, a full disk, the clock (R17), silence."""

import os
import re
import select
import shutil
import signal
import socket
import subprocess
import time
import unittest

from harness import Daemon, OwnCase, build, cpu_seconds, eventually, fd_count, limit, main, private_bytes
from irc import Irc, IrcCase
from load import Swarm, table

ALONE = True  # measures times


def quiet_for(seconds):
    """Nothing happens, and this is what is measured."""
    select.select([], [], [], seconds)


def round_trips(sender, receiver, n, stem):
    """Sorted seconds from a line's sending to its reading."""
    took = []
    for i in range(n):
        begun = time.monotonic()
        sender.send("%s %d" % (stem, i))
        receiver.expect("%s %d$" % (stem, i))
        took.append(time.monotonic() - begun)
    return sorted(took)


@unittest.skipUnless(build().configured("HAVE_ICU"), "built without ICU")
class LookAlikes(OwnCase):
    def test_names(self):
        """Who looks like somebody else is told so, by telnet and IRC, and may choose again."""
        d = self.daemon({"names": {"reserved": "admin"}})
        self.client("root", exact=True)
        for i, name in enumerate(("r00t", "ro\u03bft", "\u0430dmin", "admin", "\u0405erver")):
            c = d.client()
            c.send(name)
            c.expect("looks like another one")
            c.expect("(?i)name")
            c.send("other%s" % "abcde"[i])  # the one before may not be gone yet
            c.expect("Connected to the chat room as other")
            c.close()
        self.assertGreaterEqual(d.stats()["refusals_total"], 5)


    @unittest.skipUnless(build().store and build().passwords, "built without the store or passwords")
    def test_accounts(self):
        """Nor does an administrator make an account that looks like somebody by mistake; what is reserved is for that."""
        d = self.daemon({"names": {"reserved": "admin"}})
        self.client("root", exact=True)
        for name in ("r00t", "R\u043e\u043et"):
            r = d.ctl_run("account", "add", name, input="long enough\n")
            self.assertEqual(r[0], 1, r)
            self.assertIn("looks like another one", r[1] + r[2])
        for name in ("admin", "root"):
            d.ctl("account", "add", name, input="long enough\n")
        self.assertEqual([a["name"] for a in d.json("account", "list")], ["admin", "root"])


class Pace(OwnCase):
    """What others are bothered with: so often in a minute, and then a word about it."""
    config = {"listen": [{"protocol": "telnet", "address": "127.0.0.1", "port": 0},
                         {"protocol": "irc", "address": "127.0.0.1", "port": 0}]}

    def irc(self, nick):
        c = Irc(("127.0.0.1", [l["port"] for l in self.d.listeners() if l["protocol"] == "irc"][0]), nick)
        self.addCleanup(c.close)
        return c

    def test_pace(self):
        d = self.daemon({"limits": {"joins": 3, "nicks": 3, "invites": 3, "targets": 3}})
        c = self.irc("alice")
        others = [self.irc("bob%d" % i) for i in range(5)]
        for i in range(3):
            c.ask("JOIN #room%d" % i, "366")
            c.ask("INVITE bob%d #room%d" % (i, i), "341")
            c.send("PRIVMSG bob%d :hello" % i)
            others[i].expect("PRIVMSG")
        m = c.ask("JOIN #room3", "263")
        self.assertEqual(m.params[1], "JOIN")
        self.assertIn("many rooms", m.params[-1])
        m = c.ask("INVITE bob3 #room0", "263")
        self.assertEqual(m.params[1], "INVITE")
        self.assertIn("many invitations", m.params[-1])
        m = c.ask("PRIVMSG bob3 :hello", "263")
        self.assertEqual(m.params[1], "PRIVMSG")
        self.assertIn("many people", m.params[-1])
        # whom it talks with already it may go on talking to
        c.send("PRIVMSG bob0 :again")
        self.assertEqual(others[0].expect("PRIVMSG").params[-1], "again")
        for name in ("anna", "amy", "ada"):
            c.ask("NICK " + name, "NICK")
        m = c.ask("NICK alice", "263")
        self.assertEqual(m.params[1], "NICK")
        self.assertIn("often", m.params[-1])
        stats = d.stats()
        for what in ("joins", "invites", "targets", "nicks"):
            self.assertEqual(stats['limited_total{reason="%s"}' % what], 1, what)
        # another one has its own
        others[4].ask("JOIN #room9", "366")

    def test_exempt(self):
        self.daemon({"limits": {"joins": 1, "exempt": "127.0.0.0/8", "line_rate": 1, "line_burst": 1}})
        c = self.irc("alice")
        for i in range(5):
            c.ask("JOIN #room%d" % i, "366")

    def test_exempt_for_long(self):
        """However many lines have come, there may be one more: they are not counted."""
        d = self.daemon({"workers": 1, "limits": {"exempt": "127.0.0.0/8", "line_rate": 1000000, "line_burst": 1}})
        pids = d.kids("worker")
        c = self.irc("alice")
        for _ in range(36):  # more than an int has thousands
            c.sock.sendall(b"\n" * 65536)
        c.sync()
        self.assertEqual(d.kids("worker"), pids)


class Together(OwnCase):
    """Whoever comes with many connections has no more than its address has."""
    def test_lines(self):
        d = self.daemon({"workers": 1, "limits": {"line_rate": 20, "line_burst": 10, "max_per_address": 50, "address_factor": 2}})
        reader = self.connect(source="127.0.0.2").login(self.fresh("reader"))
        crowd = self.clients(*["crowd%d" % i for i in range(8)])
        quiet_for(1.2)  # what logging in has cost comes back
        begun = time.monotonic()
        for c in crowd:
            c.send(*["flood %d" % i for i in range(10)])
        modest = self.clients("modest")[0]
        modest.send("a word of mine")
        reader.expect("a word of mine", seconds=limit(10))
        waited = time.monotonic() - begun
        for c in crowd:
            c.send("the end of %s" % c.name)
        ends = set(c.name for c in crowd)
        while ends:
            ends.discard(reader.expect("the end of (\\S+)", seconds=limit(20)).group(1))
        took = time.monotonic() - begun
        # 90 lines, 20 at once, then 40 a second: one after the other they would be allowed ten at once and 20 a second each
        self.assertGreater(took, 1.2)
        self.assertLess(took, limit(6))
        self.assertLess(waited, took, "it has its turn before they are through")
        self.assertGreater(d.stats()['throttled_shared_total{by="address"}'], 0)
        # another address is another matter
        reader.sync()

    def test_joins(self):
        d = self.daemon({"limits": {"joins": 2, "max_per_address": 50, "address_factor": 2}, "rooms": {"default": ""}})
        a, b, c = self.clients("anna", "berta", "clara")
        for i, who in enumerate((a, a, b, b)):
            who.ask("/join room%d" % i, "room%d" % i)
        c.send("/join room5")
        c.expect("from your address")
        self.assertEqual(d.stats()['limited_total{reason="address"}'], 1)
        elsewhere = self.connect(source="127.0.0.2").login(self.fresh("elsewhere"))
        elsewhere.ask("/join room5", "room5")


class Gateway(OwnCase):
    config = {"listen": [{"protocol": "irc", "address": "127.0.0.1", "port": 0}],
              "irc": {"webirc": [{"password": "gate", "hosts": ["127.0.0.1"]}]},
              "limits": {"max_per_address": 2}}

    def come(self, address):
        c = Irc(("127.0.0.1", self.d.port))
        self.addCleanup(c.close)
        c.send("WEBIRC gate gateway host " + address, "CAP LS")
        return c

    def test_webirc(self):
        """Who comes through a gateway is counted at its own address, the gateway at none."""
        d = self.daemon()
        for i in range(1, 6):
            self.come("192.0.2.%d" % i).expect("CAP")
        self.come("192.0.2.5").expect("CAP")
        late = self.come("192.0.2.5")
        self.assertIn("Too many connections from your address", late.expect("ERROR").params[-1])
        self.assertEqual(d.stats()['refused_total{reason="address"}'], 1)
        self.come("192.0.2.6").expect("CAP")


class SlowReader(OwnCase):
    def test_queue(self):
        """One that does not read is dropped when its queue is full; nobody waits for it."""
        d = self.daemon({"limits": {"queue": 65536, "queue_time": 600}})
        alice, bob = self.clients("alice", "bob")
        stuck = self.client("stuck", rcvbuf=4096)
        before = sum(map(private_bytes, d.kids("worker")))
        for i in range(3000):
            alice.send("%04d %s" % (i, "x" * 3000))
            if i % 50 == 49:
                bob.expect("%04d x" % i, seconds=limit(2))
                if d.stats()['dropped_total{reason="queue"}']:
                    break
        self.assertEqual(d.stats()['dropped_total{reason="queue"}'], 1)
        alice.sync()
        bob.sync()
        self.assertIn("%s has left" % stuck.name, bob.text.decode())
        d.expect_log("(?i)dropped %s.*queue" % stuck.name)
        self.assertLess(sum(map(private_bytes, d.kids("worker"))) - before, 16 << 20)
        alice.sync()

    def test_queue_total(self):
        """Many whose queues are short, each, but long together: the longest goes, until the others have room."""
        d = self.daemon({"workers": 1, "limits": {"queue_total": 1 << 20, "queue_time": 600}})
        alice, bob = self.clients("alice", "bob")
        stuck = [self.client("stuck", rcvbuf=4096) for _ in range(6)]
        before = sum(map(private_bytes, d.kids("worker")))
        for i in range(3000):
            alice.send("%04d %s" % (i, "x" * 3000))
            if i % 50 == 49:
                bob.expect("%04d x" % i, seconds=limit(2))
                if d.stats()['dropped_total{reason="queue"}'] == len(stuck) - 1:
                    break
        self.assertEqual(d.stats()['dropped_total{reason="queue"}'], len(stuck) - 1)
        alice.sync()
        bob.sync()
        self.assertIn("stuck", d.ctl("users"))
        d.expect_log("the longest queue goes")
        if not build().sanitized:  # which keeps what has been freed
            self.assertLess(sum(map(private_bytes, d.kids("worker"))) - before, 16 << 20)

    def test_queue_time(self):
        """A queue that stands still, however short it is."""
        d = self.daemon({"limits": {"queue_time": 1}})
        alice, bob = self.clients("alice", "bob")
        stuck = self.client("stuck", rcvbuf=4096)
        end = time.monotonic() + limit(20)
        i = 0
        while not d.stats()['dropped_total{reason="stalled"}'] and time.monotonic() < end:
            if i < 2000:
                alice.send("y" * 2000)
            while bob.pump(0):  # who reads is not concerned
                pass
            bob.mark()
            i += 1
        self.assertEqual(d.stats()['dropped_total{reason="stalled"}'], 1)
        alice.sync()
        bob.sync()
        self.assertIn("%s has left" % stuck.name, bob.text.decode())

    def test_one_in_a_hundred(self):
        """Their neighbours' round trips don't grow."""
        d = self.daemon({"limits": {"queue": 262144}})
        alice, bob = self.clients("alice", "bob")
        crowd = [self.client("c") for _ in range(98)]
        base = round_trips(alice, bob, 300, "base")
        stuck = [self.client("stuck", rcvbuf=4096), crowd[0]]
        slow = round_trips(alice, bob, 300, "filler" + "z" * 3000)
        after = round_trips(alice, bob, 300, "after")
        print("round trip ms, median and p99: before %.2f %.2f, while two stop reading %.2f %.2f, then %.2f %.2f" %
              tuple(1000 * t[int(len(t) * q)] for t in (base, slow, after) for q in (0.5, 0.99)), flush=True)
        self.assertLess(after[150], 2 * base[150] + limit(0.002))
        self.assertLess(after[296], limit(0.1))
        del stuck

    def test_pipelined_lists(self):
        """Long answers are made as fast as they are read."""
        d = self.daemon({"limits": {"queue": 262144}})
        for _ in range(100):
            self.client("m")
        watcher = self.client("watcher")
        before = sum(map(private_bytes, d.kids("worker")))
        greedy = self.client("greedy", rcvbuf=4096)
        greedy.sock.setblocking(False)
        try:
            for _ in range(1000):
                greedy.sock.send(b"/who\r\n!INFO\r\nshow@Server\r\n/rooms\r\n/help\r\n")
        except BlockingIOError:
            pass
        for _ in range(20):
            watcher.sync()
        self.assertLess(sum(map(private_bytes, d.kids("worker"))) - before, 8 << 20)
        greedy.sock.setblocking(True)
        greedy.mark()
        greedy.pump(limit())
        for _ in range(50):
            self.assertTrue(greedy.pump(limit()), "reading again brings the rest")
        watcher.sync()


class Flood(OwnCase):
    def test_line_rate(self):
        """Too fast is read more slowly, not lost; the others don't notice."""
        d = self.daemon({"limits": {"line_rate": 20, "line_burst": 10}})
        alice, bob, carol = self.clients("alice", "bob", "carol")
        carol.sync()
        self.eventually("tokens", lambda: True)
        begun = time.monotonic()
        alice.send(*["flood %d" % i for i in range(50)])
        for i in range(50):
            carol.expect("flood %d$" % i, seconds=limit(10))
        took = time.monotonic() - begun
        # 50 lines, 10 at once, then 20 a second
        self.assertGreater(took, 1.5)
        self.assertLess(took, limit(4))
        self.assertGreater(d.stats()["throttled_total"], 0)
        self.assertFalse(alice.closed())
        alice.send("again")
        carol.expect("again")
        del bob

    def test_line_rate_irc(self):
        """CR LF is the end of one line, also when it has to wait between the two: each line waits once at most."""
        d = self.daemon({"listen": IrcCase.config["listen"], "limits": {"line_rate": 20, "line_burst": 10}})
        a = Irc(d.address_of("irc"), self.fresh("a"), ("echo-message",))
        self.addCleanup(a.close)
        a.ask("JOIN #lobby", "366")
        before = d.stats()["throttled_total"]
        a.send(*["PRIVMSG #lobby :flood %d" % i for i in range(40)])
        a.expect("PRIVMSG", "#lobby", "flood 39")
        self.assertLessEqual(d.stats()["throttled_total"] - before, 40)

    def test_flooder_and_the_rest(self):
        d = self.daemon({"limits": {"line_rate": 50, "line_burst": 100}})
        alice, bob = self.clients("alice", "bob")
        base = []
        for _ in range(60):
            base += round_trips(alice, bob, 1, "b")
            quiet_for(0.02)
        flooder = self.client("flooder")
        flooder.sock.setblocking(False)
        data = b"flood flood flood\r\n" * 3000
        during, begun, before = [], time.monotonic(), d.stats()["lines_in_total"]
        for _ in range(60):
            try:
                flooder.sock.send(data)
            except BlockingIOError:
                pass
            during += round_trips(alice, bob, 1, "d")
            quiet_for(0.02)
        base.sort()
        during.sort()
        print("round trip ms, median and worst of 60: alone %.2f %.2f, beside a flooder %.2f %.2f" %
              (1000 * base[30], 1000 * base[-1], 1000 * during[30], 1000 * during[-1]), flush=True)
        # of the flooder's no more are taken than anybody's; the others' 60 are among them
        taken = d.stats()["lines_in_total"] - before
        self.assertLessEqual(taken, 60 + 100 + 50 * (time.monotonic() - begun) + 1)
        self.assertGreater(taken, 60 + 50)

    def test_commands_cost_too(self):
        d = self.daemon({"limits": {"line_rate": 20, "line_burst": 10}})
        alice = self.client("alice")
        begun = time.monotonic()
        alice.send(*["/who"] * 30)
        for _ in range(30):
            alice.expect("^In lobby")
        self.assertGreater(time.monotonic() - begun, 1.0)
        del d


class Crowd(OwnCase):
    def test_max_sessions(self):
        d = self.daemon({"limits": {"max_sessions": 20}})
        people = [self.client("p") for _ in range(20)]
        for _ in range(5):
            c = self.connect()
            said = c.expect_eof()
            self.assertRegex(said, "(?i)full|later", "a clear refusal")
        self.assertGreaterEqual(d.stats()['refused_total{reason="full"}'], 5)
        people[0].sync()
        people[1].send("/quit")
        people[1].expect_eof()
        self.eventually("a place", lambda: self.try_login())

    def try_login(self):
        c = self.connect()
        try:
            c.login(self.fresh("again"))
        except AssertionError:
            return False
        return True

    def test_max_per_address(self):
        d = self.daemon({"limits": {"max_per_address": 3}})
        for _ in range(3):
            self.client("p")
        c = self.connect()
        self.assertNotIn("called with", c.expect_eof())
        other = self.connect(source="127.0.0.2")
        other.login(self.fresh("elsewhere"))
        self.assertGreaterEqual(d.stats()['refused_total{reason="address"}'], 1)

    def test_refusals_are_logged(self):
        """The first at once, the others together; each reason with who came and what it was told."""
        d = self.daemon({"limits": {"max_per_address": 1}})
        self.client("p")
        n = 8
        for _ in range(n):
            self.connect().expect_eof()
        d.expect_log(r"refused 127\.0\.0\.1 \(telnet\): Too many connections")
        told = []

        def all_told():
            told[:] = [int(k) for k in re.findall(r"refused (\d+) more connections?, the last from 127\.0\.0\.1 \(telnet\): Too many", "\n".join(d.lines))]
            return 1 + sum(told) >= n
        eventually("the others", all_told)
        self.assertEqual(1 + sum(told), n)

    def test_connect_rate(self):
        d = self.daemon({"limits": {"connect_rate": 5}})
        got = refused = 0
        for _ in range(30):
            c = self.connect()
            try:
                c.expect("called with")
                got += 1
            except AssertionError:
                refused += 1
        self.assertGreaterEqual(got, 5)
        self.assertGreater(refused, 10)
        self.assertEqual(d.stats()['refused_total{reason="rate"}'], refused)
        self.connect(source="127.0.0.3").login(self.fresh("elsewhere"))

    def lower(self, prlimit, pid, n):
        """As the user whom the process runs as: the kernel asks for that, or for a capability."""
        uid, gid = os.stat("/proc/%d" % pid).st_uid, os.stat("/proc/%d" % pid).st_gid
        more = {"user": uid, "group": gid, "extra_groups": []} if os.getuid() == 0 else {}
        r = subprocess.run([prlimit, "--pid", str(pid), "--nofile=%d:%d" % (n, n)], stderr=subprocess.PIPE, text=True, **more)
        if r.returncode != 0:
            r = subprocess.run([prlimit, "--pid", str(pid), "--nofile=%d:%d" % (n, n)], stderr=subprocess.PIPE, text=True)
        if r.returncode != 0:
            self.skipTest("the limits of a running process cannot be changed here: " + r.stderr.strip())

    def test_descriptors(self):
        """None left: said, not spun about, and as soon as there is one, served."""
        prlimit = shutil.which("prlimit")
        if prlimit is None:
            self.skipTest("prlimit is not there")
        d = self.daemon({"limits": {"max_sessions": 500}})
        alice, bob = self.clients("alice", "bob")
        self.lower(prlimit, d.pid, fd_count(d.pid) + 4)
        crowd = []
        for _ in range(60):
            s = socket.socket()
            s.setblocking(False)
            try:
                s.connect(("127.0.0.1", d.port))
            except BlockingIOError:
                pass
            crowd.append(s)
        for i in range(20):
            alice.send("still %d" % i)
            bob.line("%s: still %d" % (alice.name, i))
        before = [cpu_seconds(p) for p in [d.pid] + d.kids("worker")]
        quiet_for(1)
        used = sum(cpu_seconds(p) for p in [d.pid] + d.kids("worker")) - sum(before)
        self.assertLess(used, 0.1 * build().scale, "it spins")
        for s in crowd:
            s.close()
        self.eventually("new clients to be served", self.try_login)
        alice.sync()

    def test_too_small_nofile(self):
        """As many processes as there are descriptors for, or none: it says at once how many it wants."""
        prlimit = shutil.which("prlimit")
        if prlimit is None:
            self.skipTest("prlimit is not there")
        for workers, n in ((1, 32), (2, 40), (16, 96)):
            d = Daemon({"workers": workers}, prefix=[prlimit, "--nofile=%d:%d" % (n, n)], start=False)
            self.addCleanup(d.close)
            d.start(wait=False)
            self.assertEqual(d.wait(), 1)
            d.expect_log("a process may have %d descriptors, chatd needs [0-9]+ for itself: raise the limit" % n)
            d.proc = None

    def test_small_nofile_at_start(self):
        """max_sessions is lowered to what fits, aloud, and that many are served."""
        prlimit = shutil.which("prlimit")
        if prlimit is None:
            self.skipTest("prlimit is not there")
        d = self.daemon({"limits": {"max_sessions": 5000}}, prefix=[prlimit, "--nofile=64:64"])
        d.expect_log("(?i)max_sessions|descriptors|files")
        alice, bob = self.clients("alice", "bob")
        crowd = []
        for _ in range(200):
            s = socket.socket()
            s.settimeout(limit())
            s.connect(("127.0.0.1", d.port))
            self.addCleanup(s.close)
            crowd.append(s)
        for i in range(20):
            alice.send("still %d" % i)
            bob.line("%s: still %d" % (alice.name, i))
        before = sum(cpu_seconds(p) for p in [d.pid] + d.kids("worker"))
        quiet_for(1)
        self.assertLess(sum(cpu_seconds(p) for p in [d.pid] + d.kids("worker")) - before, 0.1 * build().scale, "it spins")
        for s in crowd:
            s.close()
        self.eventually("new clients to be served", self.try_login)
        alice.sync()

    def test_many(self):
        """A thousand idle ones, and two that talk."""
        d = self.daemon({"limits": {"max_sessions": 1500}, "rooms": {"default": ""}})
        n = 300 if build().sanitized else 1000
        crowd = []
        for i in range(n):
            s = socket.create_connection(("127.0.0.1", d.port), limit())
            s.sendall(b"crowd%d\r\n" % i)
            crowd.append(s)
            self.addCleanup(s.close)
        self.eventually("all names", lambda: d.json("status")["users"] == n)
        alice, bob = self.clients("alice", "bob")
        for c in (alice, bob):
            c.ask("/join talk", "talk")
        took = round_trips(alice, bob, 100, "t")
        self.assertLess(took[50], limit(0.02))
        before = sum(cpu_seconds(p) for p in d.kids("worker") + d.kids("broker"))
        quiet_for(1)
        self.assertLess(sum(cpu_seconds(p) for p in d.kids("worker") + d.kids("broker")) - before, 0.05, "idle ones cost nothing")
        # all go at once
        for s in crowd:
            s.close()
        self.eventually("their end", lambda: d.json("status")["users"] == 2)
        alice.sync()


class Deadlines(OwnCase):
    def test_login_time(self):
        """A name within login_time, however busy one looks."""
        d = self.daemon({"limits": {"login_time": 1}})
        slow, silent = self.connect(), self.connect()
        begun = time.monotonic()
        while not slow.closed() and time.monotonic() - begun < limit(10):
            try:
                slow.send_raw(b"x" if time.monotonic() - begun < 5 else b"\n")
            except OSError:
                break
            slow.pump(0.2)
        self.assertGreater(time.monotonic() - begun, 0.8)
        self.assertLess(time.monotonic() - begun, limit(3))
        silent.expect_eof()
        self.assertEqual(d.stats()['dropped_total{reason="login"}'], 2)
        alice = self.client("alice")
        quiet_for(1.3)
        alice.sync()  # who has a name is not concerned

    def test_idle(self):
        d = self.daemon({"limits": {"idle": 1}})
        alice, bob = self.clients("alice", "bob")
        end = time.monotonic() + 2
        while time.monotonic() < end:
            alice.sync()
            quiet_for(0.2)
        self.assertRegex(alice.text.decode(), "%s has left" % bob.name)
        bob.expect_eof()
        self.assertGreaterEqual(d.stats()['dropped_total{reason="idle"}'], 1)

    def test_byte_a_time(self):
        """Slow typing is no offence."""
        d = self.daemon()
        alice, bob = self.clients("alice", "bob")
        for c in b"slowly but surely":
            alice.send_raw(bytes([c]))
            bob.sync()
        alice.send_raw(b"\n")
        bob.line("%s: slowly but surely" % alice.name)
        del d


class Surroundings(OwnCase):
    def test_full_disk_under_the_log(self):
        """Chat goes on, lines are counted as lost."""
        d = Daemon(start=False)
        self.addCleanup(d.close)
        d.write_conf({"log": {"to": "/dev/full"}})
        argv = [a for a in d.argv() if a != "-f"]
        with open(os.path.join(d.dir, "out"), "w+b") as out:
            r = subprocess.run(argv, stdout=out, stderr=out, stdin=subprocess.DEVNULL, timeout=limit(20), env=d.env)
            out.seek(0)
            self.assertEqual(r.returncode, 0, out.read())
        pid = d.json("status")["pid"]
        try:
            alice, bob = self.client("alice", d), self.client("bob", d)
            for i in range(200):
                alice.send("on %d" % i)
                bob.line("%s: on %d" % (alice.name, i))
            self.assertGreater(d.stats()["log_lost_total"], 0)
        finally:
            os.kill(pid, signal.SIGTERM)
            from harness import wait_gone
            self.assertFalse(wait_gone([pid], limit(5)))

    def test_stuck_log(self):
        """Nobody reads stderr any more: a pipe that is full."""
        d = Daemon({"log": {"level": "debug"}}, start=False)
        self.addCleanup(shutil.rmtree, d.dir, True)
        r, w = os.pipe()
        p = subprocess.Popen(d.argv() + ["-T", "all"], stdout=w, stderr=w, stdin=subprocess.DEVNULL, env=d.env)
        os.close(w)
        try:
            self.eventually("the daemon", lambda: d.ctl_run("status")[0] == 0)
            alice, bob = self.client("alice", d), self.client("bob", d)
            for i in range(4000):  # each is a line of the log
                alice.send("on %d@%s" % (i, bob.name))
                bob.expect('"on %d"' % i)
            self.assertGreater(d.stats()["log_lost_total"], 0)
        finally:
            p.terminate()
            try:
                self.assertEqual(p.wait(limit(5)), 0)
            finally:
                if p.poll() is None:
                    p.kill()
                    p.wait()
                os.close(r)

    def test_clock_jumps(self):
        """Numbers order the messages, not the time of day."""
        lib = [p for p in ("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1", "/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1",
                           "/usr/lib/faketime/libfaketime.so.1") if os.path.exists(p)]
        if not lib:
            self.skipTest("libfaketime is not there")
        if build().sanitized:
            self.skipTest("libfaketime and AddressSanitizer don't go together")
        if not build().killpoints:
            self.skipTest("libfaketime reads a file, and the sandbox of this build cannot be switched off")
        d = Daemon(start=False)
        self.addCleanup(d.close)
        rc = os.path.join(d.dir, "faketime")

        def jump(words):
            with open(rc + ".new", "w", encoding="ascii") as f:
                f.write(words + "\n")
            os.chmod(rc + ".new", 0o644)
            os.rename(rc + ".new", rc)
        jump("+0")
        d.env.update(CHATD_SANDBOX="off", LD_PRELOAD=lib[0], FAKETIME_TIMESTAMP_FILE=rc, FAKETIME_NO_CACHE="1", FAKETIME_DONT_FAKE_MONOTONIC="1")
        d.start()
        swarm = Swarm(d, 16, 2)
        self.addCleanup(swarm.close)
        turn = [0]

        def act():
            turn[0] += 1
            jump("%+d" % (3600 * (-1) ** turn[0]))
        swarm.run(seconds=3, every=0.3, act=act)
        counts = swarm.counts()
        print(table([counts]), flush=True)
        self.assertEqual([counts[k] for k in ("lost", "doubled", "out of order", "disconnected")], [0, 0, 0, 0], counts)
        self.assertGreater(turn[0], 5)
        alice = self.client("alice", d)
        alice.ask("/time on", "on")
        jump("+0")
        alice.sync()
        d.ctl("users")
        alice.send("/whois " + alice.name)
        alice.expect("logged in since")


if __name__ == "__main__":
    main()
