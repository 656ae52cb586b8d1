#!/usr/bin/env python3
"""IRC over WebSocket: the same server, the same rooms."""

import socket

from harness import Daemon, build, limit, main, merged
from ws import BINARY, MORE, PING, PONG, TEXT, Refused, Ws, WsCase, close_frame, frame


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


if __name__ == "__main__":
    main()
