#!/usr/bin/env python3
"""IRC over WebSocket: the same server, the same rooms."""

import random
import select
import shutil
import signal
import socket
import unittest
import zlib

from harness import Daemon, build, cpu_seconds, limit, main, merged, private_bytes, signal_pid
from ws import BINARY, CLOSE, MORE, PING, PONG, TEXT, Refused, Ws, WsCase, close_frame, frame


class Talk(WsCase):
    def test_one_room(self):
        """Text, binary and neither, telnet and plain IRC: everybody reads everybody, in the same order."""
        people = {"text": self.ws("t"), "binary": self.ws("b", protocols=("binary.ircv3.net",)), "none": self.ws("n", protocols=()),
                  "irc": self.irc("i")}
        self.assertEqual([c.binary for c in people.values() if isinstance(c, Ws)], [False, True, False])
        chan = self.channel(*people.values())
        t = self.client("tel")
        t.send("/join " + chan[1:])
        for c in people.values():
            c.expect("JOIN", chan)
        for c in people.values():
            c.send("PRIVMSG %s :from %s: ä €\N{GRINNING FACE}" % (chan, c.nick))
            for other in list(people.values()):
                if other is not c:
                    other.expect("PRIVMSG", chan, "from %s: ä €\N{GRINNING FACE}" % c.nick)
            t.expect(r"%s.* from %s: ä €" % (c.nick, c.nick))
        t.send("from telnet")
        for c in people.values():
            c.expect("PRIVMSG", chan, "from telnet")
        people["text"].send("PRIVMSG %s :in private" % t.name)
        t.expect("in private")
        t.send("back@" + people["binary"].nick)
        people["binary"].expect("PRIVMSG", people["binary"].nick, "back")

    def test_subprotocols(self):
        """The client's order counts; none that we speak: refused; extensions are not negotiated."""
        for offered, chosen in ((("binary.ircv3.net", "text.ircv3.net"), "binary.ircv3.net"),
                                (("text.ircv3.net", "binary.ircv3.net"), "text.ircv3.net"),
                                (("chat", "text.ircv3.net"), "text.ircv3.net"), ((), None)):
            c = self.ws("sub", protocols=offered, headers=["Sec-WebSocket-Extensions: permessage-deflate"])
            self.assertEqual(c.answer.get("sec-websocket-protocol"), chosen)
        with self.assertRaises(Refused):
            self.ws("sub", protocols=("mqtt",))
        for offered, chosen in (("xtext.ircv3.net, binary.ircv3.net, text.ircv3.net", "binary.ircv3.net"),
                                ("TEXT.ircv3.net,\tbinary.ircv3.net", "binary.ircv3.net"),
                                ("chat\r\nSec-WebSocket-Protocol: text.ircv3.net", "text.ircv3.net")):
            c = self.ws_raw(protocols=(), headers=["Sec-WebSocket-Protocol: " + offered])
            self.assertEqual(c.answer.get("sec-websocket-protocol"), chosen)

    def test_lists(self):
        """Headers that are lists may stand in several lines (RFC 9110, 5.3), whichever of them says it."""
        for more in (["Connection: keep-alive"], ["Upgrade: h2c"], ["Connection: keep-alive , close", "Upgrade: h2c, x/1"]):
            self.ws("list", headers=more)
            self.ws("list", first=more)

    def test_long_lines(self):
        """Frames of every size of length, in both directions; tags; a line as long as they are."""
        caps = ("message-tags", "server-time", "echo-message", "labeled-response", "batch")
        a, b = self.ws("a", caps), self.ws("b", caps, protocols=("binary.ircv3.net",))
        chan = self.channel(a, b)
        for n in list(range(1, 140, 3)) + [300, 440]:
            a.send("PRIVMSG %s :%s" % (chan, "x" * n))
            self.assertEqual(b.expect("PRIVMSG", chan).params[1], "x" * n)
            self.assertEqual(a.expect("PRIVMSG", chan).params[1], "x" * n)
        tag = "+x=" + "y" * 4000
        a.send("@%s PRIVMSG %s :z" % (tag, chan))
        self.assertEqual(b.expect("PRIVMSG", chan).tags["+x"], "y" * 4000)
        a.send("@label=one NAMES " + chan)
        got = a.expect("BATCH")
        self.assertEqual(got.tags["label"], "one")
        a.sync()
        a.send("@label=two PRIVMSG %s :labelled" % chan)
        self.assertEqual(a.expect("PRIVMSG", chan, "labelled").tags["label"], "two")
        b.expect("PRIVMSG", chan, "labelled")

    def test_frames_as_they_come(self):
        """Bytes one by one, several frames in one segment, fragments with a ping among them, several lines in a message."""
        a, b = self.ws("a"), self.ws("b")
        chan = self.channel(a, b)
        say = ("PRIVMSG %s :" % chan).encode()
        for byte in frame(say + b"one by one") + frame(say + b"x" * 200):
            a.send_raw(bytes([byte]))
        b.expect("PRIVMSG", chan, "one by one")
        b.expect("PRIVMSG", chan, "x" * 200)
        a.send_raw(b"".join(frame(say + b"n%d" % i, BINARY if i % 2 else TEXT) for i in range(50)))
        for i in range(50):
            b.expect("PRIVMSG", chan, "n%d" % i)
        euro = "€".encode()
        a.send_raw(frame(say + b"frag" + euro[:1], fin=False) + frame(b"are you", PING) + frame(euro[1:2], MORE, fin=False))
        a.send_raw(frame(b"", MORE, fin=False) + frame(euro[2:] + b"ment", MORE))
        b.expect("PRIVMSG", chan, "frag€ment")
        a.sync()
        self.assertEqual(a.pongs, [b"are you"])
        a.send_raw(frame(say + b"two\r\n" + say + b"lines\r\n"))
        b.expect("PRIVMSG", chan, "two")
        b.expect("PRIVMSG", chan, "lines")
        a.send_raw(frame(b"") + frame(b"\r\n") + frame(b"", PONG) + frame(b"", PING))
        a.sync()
        self.assertEqual(a.pongs[1:], [b""])

    def test_early(self):
        """What comes with the handshake is not lost: lines, and the beginning of a frame."""
        nick = self.fresh("early")
        all_of_it = frame(b"NICK " + nick.encode()) + frame(b"USER u 0 * :" + b"r" * 130)
        for cut in (0, 1, 5, len(all_of_it) - 40, len(all_of_it)):
            c = self.ws_raw(early=all_of_it[:cut])
            c.send_raw(all_of_it[cut:])
            c.expect("001", nick)
            c.send("QUIT")
            c.expect_close(1000)
        c = self.ws_raw(early=frame(b"NICK x\xff"))
        c.expect_close(1007)

    def test_quit(self):
        c, watch = self.ws("q"), self.irc("w")
        self.channel(c, watch)
        c.send("QUIT :bye")
        left = c.expect_close(1000)
        self.assertEqual(left[-1].command, "ERROR")
        self.assertEqual(watch.expect("QUIT").params, ["Quit: bye"])

    def test_close(self):
        """The peer's close is answered with its own code; what it said before is done; what follows is not."""
        for code, answer in ((1000, 1000), (1001, 1001), (3000, 3000), (4999, 4999), (None, 1005)):
            c, watch = self.ws("c"), self.irc("w")
            chan = self.channel(c, watch)
            say = ("PRIVMSG %s :" % chan).encode()
            c.send_raw(frame(say + b"last words") + frame(say + b"half", fin=False) +
                       close_frame(code, b"reason" if code else b""))
            c.expect_close(answer)
            watch.expect("PRIVMSG", chan, "last words")
            watch.until(lambda m: m.command == "QUIT")
        c, watch = self.ws("c"), self.irc("w")
        chan = self.channel(c, watch)
        c.send_raw(close_frame(1000) + frame(("PRIVMSG %s :too late" % chan).encode()))
        c.expect_eof()
        self.assertNotIn("PRIVMSG", self.commands(watch.until(lambda m: m.command == "QUIT")))

    def test_end_without_close(self):
        """The end of the connection in the middle of a frame, and of a message: nothing of it is a line."""
        for half in (frame(b"QUIT :x")[:-1], frame(b"QUIT :x", fin=False), frame(b"QUIT :x", fin=False) + frame(b"", MORE)[:3]):
            c, watch = self.ws("c"), self.irc("w")
            self.channel(c, watch)
            c.send_raw(half)
            c.sock.shutdown(socket.SHUT_WR)
            self.assertNotIn("Quit: x", watch.expect("QUIT").params)

    @unittest.skipUnless(build().store, "built without SQLite")
    def test_history(self):
        """Pages of history come as frames, in batches."""
        caps = ("batch", "message-tags", "server-time", "draft/chathistory", "draft/multiline")
        a, b = self.ws("a", caps), self.ws("b", caps, protocols=("binary.ircv3.net",))
        chan = self.channel(a)
        for i in range(60):
            a.send("PRIVMSG %s :%d %s" % (chan, i, "ü" * (i * 3)))
        a.sync()
        b.ask("JOIN " + chan, "366")
        b.send("CHATHISTORY LATEST %s * 100" % chan)
        b.expect("BATCH", None, "chathistory")
        page = b.until(lambda m: m.command == "BATCH" and m.params[0].startswith("-"))[:-1]
        self.assertEqual([m.params[1] for m in page], ["%d %s" % (i, "ü" * (i * 3)) for i in range(60)])
        self.assertTrue(all(m.tags["batch"] and m.tags["msgid"] and m.tags["time"] for m in page))

    def test_shown_as_web(self):
        c = self.ws("who")
        user = self.d.json("user", c.nick)
        self.assertEqual((user["protocol"], user["address"]), ("web", "127.0.0.1"))

    def test_flood_control(self):
        """Lines wait as with plain IRC, in order, with the beginning of a frame behind them."""
        d = self.daemon_with({"limits": {"line_rate": 50, "line_burst": 5}})
        a, b = self.ws("a", d=d), self.ws("b", d=d)
        for c in (a, b):
            c.ask("JOIN #x", "366")
        frames = b"".join(frame(b"PRIVMSG #x :%d" % i) for i in range(30))
        a.send_raw(frames[:-3])
        b.expect("PRIVMSG", "#x", "28")
        a.send_raw(frames[-3:])
        b.expect("PRIVMSG", "#x", "29")
        said = [m.params[1] for m in b.seen if m.command == "PRIVMSG"]
        self.assertEqual(said, [str(i) for i in range(30)])

    def daemon_with(self, config):
        d = Daemon(merged(self.config, config))
        self.addCleanup(d.close)
        return d

    def test_many(self):
        """Two hundred at once, in one room."""
        people = [self.ws("m", protocols=(("text.ircv3.net",), ("binary.ircv3.net",))[i % 2]) for i in range(200)]
        chan = "#" + self.fresh("many")
        for c in people:
            c.send("JOIN " + chan)
        for c in people:
            c.expect("366", None, chan)
        for c in people[:20]:
            c.send("PRIVMSG %s :I am %s" % (chan, c.nick))
        for c in people[20:]:
            heard = set()
            while len(heard) < 20:
                heard.add(c.expect("PRIVMSG", chan).nick)
        for c in people:
            c.send("QUIT")
        for c in people:
            c.expect_close(1000)


class Life(WsCase):
    own = True

    def test_ping(self):
        """The server asks by IRC's PING; any frame is a sign of life."""
        self.daemon({"limits": {"ping": 1, "line_rate": 0}})
        c, mute = self.ws("p"), self.ws("m")

        def asked(who, answer):
            data = who.sock.recv(65536)
            asked.n += sum(1 for line in who.lines_of(data) if line.startswith(b"PING :"))
            who.send_raw(answer)
            return asked.n >= 3

        asked.n = 0
        self.eventually("three PINGs", lambda: asked(c, frame(b"here", PONG)))
        mute.sock.settimeout(limit())
        data = b""
        while b"Ping timeout" not in data:
            more = mute.sock.recv(65536)
            self.assertTrue(more, data)
            data += more

    def test_login_time(self):
        """Who says nothing, or never comes to the end of a frame, is told so and closed."""
        self.daemon({"limits": {"login_time": 1, "line_rate": 0}})
        for begin in (b"", frame(b"NICK half")[:-2], frame(b"NI", fin=False), frame(b"", length=2 ** 62, wide=8),
                      frame(b"", length=100000)):
            c = self.ws_raw()
            c.send_raw(begin)
            c.expect_close(1008)

    def test_does_not_read(self):
        """Its queue grows to the limit, then it goes; nobody else is kept waiting."""
        self.daemon({"limits": {"queue": 65536, "line_rate": 0}})
        slow = self.ws("slow", rcvbuf=4096)
        a, b = self.ws("a"), self.irc("b")
        for c in (slow, a, b):
            c.ask("JOIN #x", "366")
        n = 0

        def gone():
            nonlocal n
            for _ in range(100):
                a.send("PRIVMSG #x :" + "x" * 400)
                n += 1
            a.sync()
            return slow.nick not in [u["name"] for u in self.d.json("users")]

        self.eventually("it was dropped", gone, limit(30))
        b.sync()
        self.assertEqual(sum(1 for m in b.seen if m.is_("PRIVMSG", "#x")), n)
        self.d.expect_log("dropped %s: (queue full|does not read)" % slow.nick)

    def test_queue_and_resume(self):
        """A backlog leaves whole frames, however it is cut."""
        self.daemon({"limits": {"queue": 4 << 20, "line_rate": 0}})
        slow = self.ws("slow", rcvbuf=4096)
        a = self.ws("a")
        for c in (slow, a):
            c.ask("JOIN #x", "366")
        for i in range(2000):
            a.send("PRIVMSG #x :%d %s" % (i, "x" * (i % 400)))
        a.sync()
        for i in range(2000):
            self.assertEqual(slow.expect("PRIVMSG", "#x").params[1].split()[0], str(i))

    def test_broker_killed(self):
        self.daemon()
        a, b = self.ws("a"), self.ws("b", protocols=("binary.ircv3.net",))
        for c in (a, b):
            c.ask("JOIN #x", "366")
        self.d.kill_role("broker")
        for i in range(20):
            a.send("PRIVMSG #x :%d" % i)
        for i in range(20):
            b.expect("PRIVMSG", "#x", str(i))

    def test_order_through_kills(self):
        """The broker and chatd-web are killed again and again under load: everybody reads all of it, once, in one order."""
        self.daemon()
        caps = ("echo-message",)
        people = [self.ws("o", caps, protocols=(("text.ircv3.net",), ("binary.ircv3.net",))[i % 2]) for i in range(5)]
        people.append(self.irc("plain", caps))
        for c in people:
            c.ask("JOIN #x", "366")
        for c in people:
            c.sync()
        self.d.restarts_meant, killed = True, set()
        for turn in range(40):
            for role, when in (("broker", 4), ("web", 6)):
                if turn % 8 == when:
                    new = self.eventually("there is a " + role, lambda role=role: set(self.d.kids(role)) - killed)
                    killed |= new
                    signal_pid(new.pop(), signal.SIGKILL)
            for c in people:
                c.send(*("PRIVMSG #x :%d.%d" % (turn, i) for i in range(3)))
        said = []
        for c in people:
            own = []
            while len(own) < 40 * 3 * len(people):
                m = c.expect("PRIVMSG", "#x")
                own.append((m.nick, m.params[1]))
            said.append(own)
        for c, own in zip(people, said):
            self.assertEqual(own, said[0])
            self.assertEqual([t for n, t in own if n == c.nick], ["%d.%d" % (t, i) for t in range(40) for i in range(3)])
            self.assertEqual([m for m in c.sync() if m.command == "PRIVMSG"], [])

    def test_web_killed(self):
        """The process that has upgraded them is not theirs any more; the next one takes new ones."""
        self.daemon()
        a, b = self.ws("a"), self.irc("b")
        for c in (a, b):
            c.ask("JOIN #x", "366")
        self.d.kill_role("web")
        a.send("PRIVMSG #x :still here")
        b.expect("PRIVMSG", "#x", "still here")
        c = self.ws("c")
        c.ask("JOIN #x", "366")
        a.expect("JOIN", "#x")

    def test_origins(self):
        """Sites that the configuration names may connect, whole names only; from a reload on, others."""
        self.daemon({"web": {"origins": "https://a.example  https://b.example:8443"}})

        def taken(origin):
            try:
                self.ws_raw(headers=["Origin: " + origin])
                return True
            except Refused as e:
                self.assertIn(" 403 ", str(e))
                return False
        alike = ("http://a.example", "https://a.example:443", "https://a.exampl", "https://a.example.evil.example", "https://b.example",
                 "https://a.example  https://b.example:8443", " ", "null")
        self.assertEqual([o for o in ("https://a.example", "HTTPS://B.example:8443", *alike) if taken(o)],
                         ["https://a.example", "HTTPS://B.example:8443"])
        self.d.write_conf(merged(self.d.config, {"web": {"origins": "https://b.example"}}))
        self.d.ctl("reload")
        self.eventually("the new one", lambda: taken("https://b.example"))
        self.assertFalse(taken("https://a.example"))

    def test_no_origin(self):
        """Programs that are no browsers come without, where the configuration lets them; pages of other sites do not."""
        self.daemon({"web": {"need_origin": 0}})
        self.ws_raw(origin=None).send("QUIT")
        with self.assertRaises(Refused):
            self.ws_raw(headers=["Origin: http://evil.example"])

    def test_few_descriptors(self):
        """So few that the master cannot have all that come at once: each is a WebSocket, or told that it is one too many; and the
        broker can be started again meanwhile."""
        prlimit = shutil.which("prlimit")
        if prlimit is None:
            self.skipTest("prlimit is not there")
        self.daemon({"limits": {"max_sessions": 5000}, "web": {"processes": 2}}, prefix=[prlimit, "--nofile=76:76"])
        self.d.restarts_meant = True
        host = self.ws_address()
        for turn in range(4):
            crowd = [socket.create_connection(host, limit()) for _ in range(60)]
            if turn == 2:
                self.d.kill_role("broker")
            for s in crowd:
                s.sendall(b"GET /ws HTTP/1.1\r\nHost: x\r\nOrigin: http://x\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
                          b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n" + frame(b"PING :early"))
            got = {}
            for s in crowd:
                status = s.recv(12)[9:]
                got[status] = got.get(status, 0) + 1
            self.assertLessEqual(set(got), {b"101", b"503"}, got)
            self.assertGreater(got[b"101"], 30, got)
            for s in crowd:
                s.close()
            self.eventually("they are gone", lambda: self.d.stats()["sessions"] == 0)
        self.assertEqual([p["restarts"] for p in self.d.processes() if p["role"] in ("web", "worker")], [0] * 4)

    def test_worker_killed(self):
        """It costs its own clients only."""
        self.daemon()
        people = [self.ws("w") for _ in range(8)]
        for c in people:
            c.ask("JOIN #x", "366")
        of = {c.nick: self.d.worker_of(c.nick) for c in people}
        dead = [c for c in people if of[c.nick] == 0]
        live = [c for c in people if of[c.nick] != 0]
        self.assertTrue(dead and live)
        self.d.kill_role("worker", 0)
        for c in dead:
            c.expect_eof()
        left = set()
        while len(left) < len(dead):
            left.add(live[0].expect("QUIT").nick)
        self.assertEqual(left, {c.nick for c in dead})
        again = self.ws("again")
        again.ask("JOIN #x", "366")
        live[0].expect("JOIN", "#x")

    def test_stop(self):
        """Everybody is told, with 1001."""
        self.daemon()
        a, half = self.ws("a"), self.ws_raw()
        self.eventually("it is a worker's", lambda: self.d.stats()["sessions"] == 2)
        self.d.stop()
        self.assertEqual([m.command for m in a.expect_close(1001)][-1], "ERROR")
        half.expect_close(1001)

    def test_durable(self):
        """With store.durability "disk" the answer waits for the disk, framed like everything else."""
        if not build().store:
            self.skipTest("built without SQLite")
        self.daemon({"store": {"durability": "disk"}})
        caps = ("echo-message", "message-tags", "labeled-response", "batch")
        a, b = self.ws("a", caps), self.ws("b")
        for c in (a, b):
            c.ask("JOIN #x", "366")
        for i in range(20):
            a.send("@label=%d PRIVMSG #x :n%d" % (i, i))
        for i in range(20):
            self.assertEqual(a.expect("PRIVMSG", "#x", "n%d" % i).tags["label"], str(i))
            b.expect("PRIVMSG", "#x", "n%d" % i)


class Bad(WsCase):
    """Rows of what strangers send: who sends it is closed with the right code, everybody else is served by the same processes."""

    def setUp(self):
        self.pids = [p for role in ("web", "worker", "broker") for p in self.d.kids(role)]
        self.alice, self.bob = self.ws("alice"), self.irc("bob")
        self.chan = self.channel(self.alice, self.bob)

    def tearDown(self):
        self.alice.send("PRIVMSG %s :still here" % self.chan)
        self.bob.expect("PRIVMSG", self.chan, "still here")
        self.assertEqual([p for role in ("web", "worker", "broker") for p in self.d.kids(role)], self.pids)
        self.eventually("quiet", self.quiet)

    def quiet(self):
        before = sum(cpu_seconds(p) for p in self.pids)
        select.select([], [], [], 0.3)  # nothing happens, and this is what is measured
        return sum(cpu_seconds(p) for p in self.pids) - before < 0.02

    def closes(self, data, *codes):
        """Before the login and after it; what stands behind is not executed."""
        for c in (self.ws_raw(), self.ws("bad")):
            try:
                c.send_raw(data)
                c.send_raw(frame(("PRIVMSG %s :behind" % self.alice.nick).encode()))
            except (BrokenPipeError, ConnectionResetError):
                pass
            c.expect_close(*codes)
        self.assertNotIn("PRIVMSG", self.commands(self.alice.sync()))

    def test_headers(self):
        line = b"PRIVMSG #nobody :x"
        for bad in (frame(line, mask=None), frame(b"", mask=None), frame(b"x", PING, mask=None),  # not masked
                    frame(line, rsv=4), frame(line, rsv=2), frame(line, rsv=1), frame(b"", PING, rsv=1),  # reserved bits
                    *(frame(line, op) for op in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)),  # reserved opcodes
                    frame(b"x" * 126, PING), frame(b"x" * 126, CLOSE), frame(b"x", PING, wide=2), frame(b"x" * 300, PONG),
                    frame(b"x", PING, fin=False), frame(b"", CLOSE, fin=False), frame(b"x", PONG, fin=False),
                    frame(line, MORE), frame(b"", MORE),  # continuation of nothing
                    frame(line, fin=False) + frame(line), frame(line, fin=False) + frame(line, BINARY),
                    frame(line, wide=2), frame(line, wide=8), frame(b"x" * 300, wide=8)):  # longer lengths than needed
            self.closes(bad, 1002)

    def test_lengths(self):
        """Nothing is allocated for what a header announces."""
        for bad in (frame(b"x" * 4700), frame(b"x", length=1 << 62, wide=8), frame(b"x", length=65535, wide=2),
                    frame(b"x", length=1 << 32, wide=8), frame(b"x" * 4000, fin=False) + frame(b"x" * 700, MORE),
                    frame(b"x" * 4608, fin=False) + frame(b"x", MORE, fin=False)):
            self.closes(bad, 1009)
        for bad in (frame(b"x", length=1 << 63, wide=8), frame(b"x", length=(1 << 64) - 1, wide=8)):
            self.closes(bad, 1002)
        c = self.ws("fits")
        c.send_raw(frame(b"PRIVMSG %s :" % self.chan.encode() + b"x" * 4500))
        c.expect("417")
        c.sync()

    def test_not_utf8(self):
        for bad in (b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82", b"a\x80", b"\xf0\x80\x80\x80"):
            self.closes(frame(b"PRIVMSG #nobody :" + bad), 1007)
            self.closes(frame(b"PRIVMSG #nobody :", fin=False) + frame(bad, MORE), 1007)
            self.closes(b"".join(frame(bad[i:i + 1], MORE if i else TEXT, i == len(bad) - 1) for i in range(len(bad))), 1007)
        self.closes(close_frame(1000, b"\xff"), 1007)
        c = self.ws("bin", protocols=("binary.ircv3.net",))
        c.send(b"PRIVMSG %s :caf\xe9" % self.chan.encode())  # a line, refused like any
        c.sync()
        self.assertNotIn("PRIVMSG", self.commands(self.bob.sync()))

    def test_close_codes(self):
        for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 2000, 2999, 5000, 65535):
            self.closes(close_frame(code), 1002)
        self.closes(frame(b"x", CLOSE), 1002)

    def test_floods(self):
        """Pings, pongs, empty messages and fragments without end: a budget, then 1008."""
        self.closes(frame(b"p" * 125, PING) * 100, 1008)
        self.closes(frame(b"", PONG) * 1000, 1008)
        self.closes(frame(b"") * 1000, 1008)
        self.closes(frame(b"", fin=False) + frame(b"", MORE, fin=False) * 1000, 1008)
        self.closes(frame(b"x", fin=False) + frame(b"x", MORE, fin=False) * 4500, 1008)
        c = self.ws("polite")
        for i in range(60):
            c.send_raw(frame(b"%d" % i, PING))
        c.sync()
        self.assertEqual(c.pongs, [b"%d" % i for i in range(60)])

    def test_half_frames(self):
        """Many that begin a frame and go on never: they cost what they have sent."""
        rss = sum(private_bytes(p) for p in self.d.kids("worker"))
        half = [self.ws_raw() for _ in range(100)]
        for c in half:
            c.send_raw(frame(b"x" * 4000)[:-1])
        self.alice.sync()
        self.eventually("they are there", lambda: self.d.stats()["sessions"] >= 102)
        self.assertLess(sum(private_bytes(p) for p in self.d.kids("worker")) - rss, 100 * 8192 + (1 << 20))
        for c in half:
            c.send_raw(frame(b"x" * 4000)[-1:])
            c.close()

    def test_one_byte_writes(self):
        c = self.ws_raw()
        for byte in frame(b"x" * 3000):
            c.send_raw(bytes([byte]))
        c.send("NICK " + self.fresh("slow"), "USER u 0 * :r")
        c.expect("001")

    def test_garbage(self):
        """Anything at all behind the handshake: closed, with some code."""
        rnd = random.Random(6455)
        for i in range(60):
            c = self.ws_raw(early=rnd.randbytes(rnd.choice((1, 3, 40, 3000))))
            try:
                for _ in range(20):
                    c.send_raw(rnd.randbytes(rnd.randrange(1, 2000)))
            except (BrokenPipeError, ConnectionResetError):
                pass
            c.sock.close()
        for i in range(200):
            c = self.ws_raw()
            try:
                for _ in range(rnd.randrange(1, 20)):
                    c.send_raw(frame(rnd.randbytes(rnd.randrange(200)), rnd.choice((0, 1, 2, 8, 9, 10, 10, 9, 2, 2, 2)),
                                     rnd.random() < 0.7, rsv=rnd.random() < 0.02, mask=rnd.randbytes(4)))
            except (BrokenPipeError, ConnectionResetError):
                pass
            c.sock.close()

    def test_deflate_is_not_spoken(self):
        c = self.ws_raw(headers=["Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits, x-webkit-deflate-frame"])
        self.assertNotIn("sec-websocket-extensions", c.answer)
        bomb = zlib.compressobj(wbits=-15)
        c.send_raw(frame(bomb.compress(b"\0" * 4000000) + bomb.flush(zlib.Z_SYNC_FLUSH)[:-4], rsv=4))
        c.expect_close(1002)

    def test_origin(self):
        """Only a page of the own site may connect: none of another, none that is only alike, and nobody who does not say."""
        host = "127.0.0.1:%d" % self.ws_address()[1]
        for origin in ("http://evil.example", "null", "http://%s.evil.example" % host, "http://127.0.0.1", "http://evil.example/" + host,
                       ""):
            with self.assertRaises(Refused, msg=origin) as e:
                self.ws_raw(headers=["Origin: " + origin])
            self.assertIn(" 403 ", str(e.exception), origin)
        with self.assertRaises(Refused) as e:
            self.ws_raw(origin=None)
        self.assertIn(" 403 ", str(e.exception))
        self.ws_raw(headers=["Origin: http://" + host]).send("QUIT")

    def refused(self, status, **more):
        with self.assertRaises(Refused, msg=more) as e:
            self.ws_raw(**more)
        self.assertIn(" %d " % status, str(e.exception), more)

    def test_two_keys(self):
        """Which of them would the answer be for?"""
        for key in ("AAAAAAAAAAAAAAAAAAAAAA==", "", "x"):
            self.refused(400, headers=["sec-websocket-KEY: " + key])
            self.refused(400, first=["sec-websocket-KEY: " + key])

    def test_no_handshake(self):
        """Whatever is none is answered, and the connection stays HTTP's."""
        self.refused(400, headers=["Sec-WebSocket-Version: 13"])
        self.refused(400, headers=["Sec-WebSocket-Version: 8"])
        self.refused(426, version="HTTP/1.0")
        self.refused(405, method="HEAD")
        self.refused(405, method="POST", headers=["Content-Length: 0"])

    def test_body(self):
        """A handshake with a body is one; what comes behind the body are frames."""
        for head, body in (("Content-Length: 5", b"hello"), ("Transfer-Encoding: chunked", b"5\r\nhello\r\n0\r\n\r\n"),
                           ("Expect: x", b"")):
            c = self.ws_raw(headers=[head], early=body + frame(b"NICK " + self.fresh("body").encode()))
            c.send("USER u 0 * :r")
            c.expect("001")

    def test_no_words_of_http(self):
        """A line that looks like HTTP, in frames, is a line like on any IRC port: the connection goes."""
        c = self.ws_raw()
        c.send("POST / HTTP/1.1")
        c.expect_close(1008)


if __name__ == "__main__":
    main()
