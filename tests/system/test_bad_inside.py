#!/usr/bin/env python3
"""What a process of chatd's could send to the others after somebody has taken it over: it loses its channel and its life, and nobody
else anything."""

import os
import select
import socket
import time

import inside
from harness import OwnCase, build, eventually, fd_count, listeners, main
from inside import message, number, raw

LONG = True

STEADY = 0.3  # seconds that one is ready before its end is no failed start: STEADY_MS of src/master/child_death.c, and nothing tells it


class InsideCase(OwnCase):
    """Two neighbours who talk at worker 0, and processes that say what they may not."""

    config = {"workers": 2}
    protocols = ("telnet",)

    def setUp(self):
        d = self.daemon({"listen": listeners(*self.protocols)})
        d.restarts_meant = True
        try:
            inside.to_master(d.kids("broker")[0]).close()
        except inside.NotHere as e:
            self.skipTest("another process' descriptors cannot be had here: %s" % e)
        self.null = os.open("/dev/null", os.O_RDWR)
        self.addCleanup(os.close, self.null)
        held = [self.connect() for _ in range(4)]  # to have the two at the same worker
        eventually("all to be handed on", lambda: self.sessions() == [2, 2])
        for c in held[::2]:
            c.close()
        eventually("their end", lambda: self.sessions() == [0, 2])
        self.others = self.neighbours(d)
        self.assertEqual(self.sessions(), [2, 2])
        for c in held[1::2]:
            c.close()
        eventually("their end", lambda: self.sessions() == [2, 0])

    def sessions(self):
        return [p["sessions"] for p in sorted(self.d.processes(), key=lambda p: p["index"]) if p["role"] == "worker"]

    def culprit(self, role):
        """Of the worker that is nobody's, or of the only one; one that has been there for so long that its end is no failed start."""
        index = 1 if role == "worker" else 0

        def there():
            p = [p for p in self.d.processes() if p["role"] == role and p["index"] == index and p["state"] == "ready"]
            return p and p[0]["pid"]
        pid = eventually("a " + role, there)
        time.sleep(STEADY)
        return pid

    def spared(self):
        """Who must not be concerned."""
        return [self.d.pid, *self.d.kids("broker"), self.d.pids_of("worker")[0]]

    def costs_its_life(self, role, channel, data, fds=(), why=None):
        """Sent by that role, to the master or the broker."""
        pid = self.culprit(role)
        spared, mark = self.spared(), self.d.log_mark()
        s = getattr(inside, "to_" + channel)(pid)
        try:
            inside.send(s, data, fds)
        finally:
            s.close()
        self.d.expect_log(r"%s( \d)? \(pid %d\) was killed|%s( \d)? \(pid %d\).*(ended|died)" % (role, pid, role, pid), mark)
        if why:
            self.d.expect_log(why, mark)
        self.assertEqual(self.spared(), spared)

    def descriptors(self):
        return fd_count(self.d.pid), fd_count(self.d.kids("broker")[0])

    def over(self, before=None):
        """Everybody is there again, nothing is left open, and nothing spins."""
        eventually("all processes", lambda: all(p["state"] == "ready" for p in self.d.processes()))
        if before:
            eventually(lambda: "descriptors: %s instead of %s" % (self.descriptors(), before), lambda: self.descriptors() == before)
        self.others.pids = self.others.processes()
        self.others.end()


class ToBroker(InsideCase):
    GIVEN_UP = "worker 1 is given up: it sent what it may not send"

    def test_frames(self):
        """Lengths, numbers and reserved bytes that cannot be."""
        before = self.descriptors()
        for data in (raw(0x0301, length=0), raw(0x0301, length=7), raw(0x0301, length=65537), raw(0x0301, length=0xffffffff),
                     raw(0x0301, reserved=1), raw(0), raw(0xffff), b"\xff" * 70000):
            with self.subTest(data[:12]):
                self.costs_its_life("worker", "broker", data, why=self.GIVEN_UP)
        self.over(before)

    def test_not_its_own(self):
        """Messages of other roles, or at a wrong time."""
        for data in (message("ping", cookie=1), message("br_hello", version=inside.version()), message("s_state", upto=1 << 60),
                     message("a_result", ticket=1, ok=1), message("r_admin", serial=1, op=1, target="x"),
                     message("r_upload", serial=1, size=1), message("sub_hello", version=inside.version() + 1, inc=1),
                     raw(number("e_say"), b"\0" * 100), message("conn_report", taken=1)):
            with self.subTest(data[:8]):
                self.costs_its_life("worker", "broker", data, why=self.GIVEN_UP)
        self.over()

    def test_fields(self):
        """Texts that are longer than they may be, or than the frame; bytes behind the last field; numbers out of order."""
        login = message("r_login", serial=1, conn=1, name="ghost", address="192.0.2.1", real="x")
        for data in (raw(number("r_login"), login[8:] + b"behind"), raw(number("r_login"), login[8:-2]), raw(number("r_login"), b""),
                     raw(number("r_login"), b"\1\0\0"), raw(number("r_login"), login[8:-28] + b"\xff\xff" + b"\0" * 26),
                     message("r_login", serial=1, name="n" * 60000), message("r_login", serial=2), message("r_login", serial=1 << 63)):
            with self.subTest(data[:20]):
                self.costs_its_life("worker", "broker", data, why=self.GIVEN_UP)
        self.over()

    def test_for_others(self):
        """A request for somebody at another worker: nobody is spoken for."""
        victim, witness = self.others.two
        user = self.d.json("user", victim.name)["id"]
        for data in (message("r_say", serial=1, user=user, text="it was me"), message("r_nick", serial=1, user=user, name="mallory"),
                     message("r_kick", serial=1, user=user, room=victim.name, target=witness.name)):
            with self.subTest(data[:8]):
                self.costs_its_life("worker", "broker", data, why=self.GIVEN_UP)
        s = inside.to_broker(self.culprit("worker"))
        inside.send(s, message("r_quit", serial=1, user=user))  # this may come late: then it is nobody's
        s.close()
        self.over()
        for c in (victim, witness):
            self.assertNotIn("it was me", c.text.decode())
            self.assertNotIn("mallory", c.text.decode())

    def test_descriptors(self):
        """A stream that carries none: they are lost on the way."""
        before = self.descriptors()
        for _ in range(3):
            self.costs_its_life("worker", "broker", raw(0xffff), [self.null] * 253, why=self.GIVEN_UP)
        self.over(before)

    def test_other_roles(self):
        """Of the others that the broker hears."""
        before = self.descriptors()
        roles = ["control"] + ["auth"] * build().passwords + ["store"] * build().store
        for role in roles:
            for data in (raw(0xffff), b"\xff" * 200, message("r_say", serial=1, text="x"), raw(0, length=3)):
                with self.subTest(role, data=data[:8]):
                    self.costs_its_life(role, "broker", data)
        self.over(before)

    def test_escapes(self):
        """What it says of its clients is cleaned before anybody sees it."""
        s = inside.to_broker(self.culprit("worker"))
        evil = "\x1b[2J\x1b]0;title\x07\x9b\u202e"
        inside.send(s, message("r_login", serial=1, conn=1, wslot=0, name="ghost", address="192.0.2.1", ident=evil[:16], real=evil, tls=0))
        s.close()
        eventually("an answer, or its end", lambda: self.d.ctl_run("user", "ghost")[0] in (0, 5))
        for words in (("users",), ("user", "ghost"), ("users", "-o", "json"), ("room", "lobby")):
            out = "".join(self.d.ctl_run(*words)[1:])
            for c in "\x1b\x07\x9b\u202e":
                self.assertNotIn(c, out, words)
        self.over()


class ToMaster(InsideCase):
    def test_messages(self):
        """What a worker may not say, or not so."""
        before = self.descriptors()
        for data in (raw(0xffff), raw(0), b"x", b"\0" * 7, raw(0x0101, length=100), raw(0x0101, reserved=9),
                     message("ctl", id=1, level=3, actor="uid 0", line="stop"), message("hung", role=2, index=0, inc=1),
                     message("oper_act", op=3, actor="root"), message("conn_pass", id=1, ws=1), message("conn_plain", id=1, version=772),
                     message("conn_report", taken=1 << 31), message("conn_report", closed=[1]), message("conn_from", id=1, address="192.0.2.1"),
                     message("tls_cert", nth=0, of=1), message("setup", version=1), message("ready", why="\x1b[2J")[:-3],
                     message("pong") + b"more"):
            with self.subTest(data[:8]):
                self.costs_its_life("worker", "master", data, why="sent a message that it may not send")
        self.costs_its_life("worker", "master", message("hello", version=inside.version() + 1, role=1), why="another version")
        self.over(before)

    def test_descriptors(self):
        """Some where there are none, more than are taken (MSG_CTRUNC), a packet that is cut off (MSG_TRUNC), an empty one."""
        before = self.descriptors()
        pong = message("pong", cookie=1)
        for data, n, why in ((pong, 1, "may not send"), (pong, 64, "may not send"), (pong, 65, "cut off"), (pong, 253, "cut off"),
                             (message("conn_pass", id=1, ws=1), 2, "may not send"), (b"\0" * 100000, 0, "cut off"),
                             (b"\0" * 100000, 253, "cut off"), (b"", 0, "did not answer"), (b"", 60, "did not answer")):
            with self.subTest(len(data), fds=n):
                self.costs_its_life("worker", "master", data, [self.null] * n, why=why)
        self.over(before)

    def test_connections_of_others(self):
        """It speaks for its own only: nobody is ended by whom another process has."""
        for ids in ([0], list(range(1, 12)), [1 << 63]):
            self.costs_its_life("worker", "master", message("conn_report", closed=ids), why="may not send")
        self.over()

    def test_log(self):
        """What it logs is one line each, harmless, and marked as its own."""
        pid = self.culprit("worker")
        for name in os.listdir("/proc/%d/fd" % pid):
            if int(name) == inside.MASTER_FD or not os.readlink("/proc/%d/fd/%s" % (pid, name)).startswith("socket:"):
                continue
            s = socket.socket(fileno=inside.taken(pid, int(name)))
            if (s.family, s.type) == (socket.AF_UNIX, socket.SOCK_SEQPACKET):
                for data in (b"3worker 1 evil \x1b[2J\xc2\x9b\x07 end\n", b"no end", b"9x y\n", b"3" + b"r" * 500 + b" long\n", b"\0\0\0\n",
                             b"3a " + b"x" * 60000 + b"\n", b"\n" * 1000, b"3 \n", b"0master 1 last\n", b""):
                    s.send(data)
            s.close()
        self.d.expect_log(r"worker\[%d\]: .*evil" % pid)
        self.d.expect_log(r"worker\[%d\]: .*last$" % pid)
        self.assertNotRegex("".join(self.d.lines), "[\x00-\x08\x0b-\x1f\x7f-\x9f]")
        self.others.end()


class FromWeb(InsideCase):
    """Connections that chatd-web gives on."""
    protocols = ("telnet", "web")
    config = {"workers": 2, "limits": {"login_time": 3}}

    def setUp(self):
        if not build().web:
            self.skipTest("built without libmicrohttpd and wslay")
        super().setUp()

    def holds(self):
        """One that chatd-web has: its client's end, its number."""
        mark = self.d.log_mark()
        s = socket.create_connection(self.d.address_of("web"), timeout=5)
        self.addCleanup(s.close)
        n = int(self.d.expect_log(r"(\d+) from 127\.0\.0\.1 port %d" % s.getsockname()[1], mark).group(1))
        s.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        self.assertIn(b"200", s.recv(1000))
        return s, n

    def test_what_it_may_not(self):
        before = self.descriptors()
        self.d.ctl("log", "trace", "conn")
        other = message("conn_pass", id=1, ws=1)
        for data, fds in ((other, [self.null]), (message("conn_pass", id=1 << 50, ws=1), [self.null])):
            self.costs_its_life("web", "master", data, fds, why="may not send")
        for ws in (0, 3, 255):
            s, n = self.holds()
            self.costs_its_life("web", "master", message("conn_pass", id=n, ws=ws), [self.null], why="may not send")
            s.close()
        s, n = self.holds()
        self.costs_its_life("web", "master", message("conn_pass", id=n, ws=1, early=b"x" * 16385), [self.null], why="may not send")
        s, n = self.holds()
        self.costs_its_life("web", "master", message("conn_pass", id=n, ws=1), why="may not send")
        self.over(before)

    def test_what_is_no_connection(self):
        """A worker that is given anything but a client's socket drops it, at the latest when it has not logged in in time."""
        self.d.ctl("log", "trace", "conn")
        ours, theirs = socket.socketpair()
        ours.close()
        r, w = os.pipe()
        listening = socket.create_server(("127.0.0.1", 0))
        datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        epoll = select.epoll()
        memory = os.memfd_create("x")
        os.write(memory, b"NICK x\r\n" * 100)
        pids = self.spared()
        for fd in (self.null, theirs.fileno(), r, w, listening.fileno(), datagrams.fileno(), epoll.fileno(), memory):
            with self.subTest(os.readlink("/proc/self/fd/%d" % fd)):
                _, n = self.holds()
                s = inside.to_master(self.culprit("web"))
                inside.send(s, message("conn_pass", id=n, ws=1, early=b"\x81\x85\0\0\0\0hello"), [fd])
                s.close()
        for fd in (r, w, memory):
            os.close(fd)
        for s in (theirs, listening, datagrams, epoll):
            s.close()
        self.assertEqual(self.spared(), pids)
        eventually("an end of them", lambda: self.sessions() == [2, 0])
        self.over()


if __name__ == "__main__":
    main()
