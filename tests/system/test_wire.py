#!/usr/bin/env python3
"""Bytes on the wire: line ends, negotiation, what is too long, not UTF-8, or aims at a terminal."""

import re
import socket

from harness import Case, Closed, NAME_PROMPT, cpu_seconds, main
from irc import IrcCase

IAC, DONT, DO, WONT, WILL, SB, SE = 255, 254, 253, 252, 251, 250, 240


class Watched(Case):
    """Two talk with each other, whatever a test does; and when it is over, nothing is busy with what it has left."""

    def setUp(self):
        super().setUp()
        self.others = self.neighbours()

    def tearDown(self):
        self.others.end()
        super().tearDown()


class Lines(Watched):
    def test_ends(self):
        alice, bob = self.clients("alice", "bob")
        for end in (b"\r\n", b"\n", b"\r\0", b"\r"):
            with self.subTest(end):
                alice.send_raw(b"one" + end + b"two" + end)
                bob.line("%s: one" % alice.name)
                bob.line("%s: two" % alice.name)
        alice.send_raw(b"a\r\nb\nc\r\0d\re\r\n")
        for text in "abcde":
            bob.line("%s: %s" % (alice.name, text))
        self.assertNotIn("\0", bob.sync())

    def test_cut_anywhere(self):
        """How a stream is cut into segments means nothing."""
        alice, bob = self.clients("alice", "bob")
        data = "grüß dich\r\nzwei\r\0drei\n".encode()
        for c in data:
            alice.send_raw(bytes([c]))
        for text in ("grüß dich", "zwei", "drei"):
            bob.line("%s: %s" % (alice.name, text))
        for i in range(1, len(data)):
            alice.send_raw(data[:i])
            alice.send_raw(data[i:])
            for text in ("grüß dich", "zwei", "drei"):
                bob.line("%s: %s" % (alice.name, text))

    def test_many_in_one(self):
        alice, bob = self.clients("alice", "bob")
        alice.send_raw(b"".join(b"n %d\n" % i for i in range(3000)))
        for i in range(3000):
            bob.line("%s: n %d" % (alice.name, i))

    def test_long(self):
        alice, bob = self.clients("alice", "bob")
        alice.send("x" * 4096)
        self.assertEqual(len(bob.expect("^%s: (x+)$" % alice.name).group(1)), 4096)
        for n in (4097, 5000, 16000):
            with self.subTest(n):
                alice.send("y" * n)
                alice.expect("(?i)too long")
                alice.send("after %d" % n)
                bob.line("%s: after %d" % (alice.name, n))
        self.assertNotIn("yy", bob.text.decode())
        self.assertGreaterEqual(self.d.stats()["lines_refused_total"], 3)

    def test_endless(self):
        """16 KiB without an end are no line: closed, and nothing spins."""
        for stem in ("alice", None):
            with self.subTest(stem):
                c = self.client(stem) if stem else self.connect()
                try:
                    for _ in range(64):
                        c.send_raw(b"z" * 1024)
                except (ConnectionError, socket.timeout):
                    pass
                said = c.expect_eof()
                if c.text:
                    self.assertIn("too long", c.text.decode() + said)
        self.client().sync()

    def test_unterminated_binary(self):
        """A TLS hello on this port: refused or waited for, without a loop."""
        hello = bytes.fromhex("16030100c8010000c40303") + bytes(range(64, 200)) + b"\x80" * 300
        c = self.connect()
        c.expect(re.escape(NAME_PROMPT))
        c.send_raw(hello)
        pids = [p["pid"] for p in self.d.processes() if p["role"] == "worker"]
        watcher = self.client()
        for _ in range(50):
            watcher.sync()
        before = sum(map(cpu_seconds, pids))
        with socket.socket() as quiet:  # a second in which nothing happens
            quiet.settimeout(1)
            quiet.bind(("127.0.0.1", 0))
            quiet.listen()
            with self.assertRaises(socket.timeout):
                quiet.accept()
        self.assertLess(sum(map(cpu_seconds, pids)) - before, 0.05)

    def test_not_utf8(self):
        alice, bob = self.clients("alice", "bob")
        for bad in (b"\xfe", b"caf\xe9", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82", b"\x80abc",
                    b"a\0b", b"\x9b2J"):
            with self.subTest(bad):
                alice.send(b"bad " + bad)
                alice.expect("(?i)not UTF-8")
                alice.send("good")
                bob.line("%s: good" % alice.name)
        self.assertNotRegex(bob.text.decode("utf-8"), "%s: bad" % alice.name)


def clean(test, c):
    """What has come to c does nothing to its terminal."""
    test.assertNotRegex(c.bytes, rb"[\x00-\x08\x0b-\x0c\x0e-\x1f\x7f]")
    test.assertNotRegex(c.bytes.decode("utf-8"), "[\x80-\x9f\u2028\u2029\ufeff\U000e0000-\U000e007f]")


class Terminal(Watched):
    """Nothing that one sends reaches another's terminal as a control."""

    attacks = ["\x1b[2J", "\x1b]0;title\x07", "\x1b]52;c;aGVsbG8=\x07", "\x1bPq#0\x1b\\", "\x1bc", "\x05", "\x0e\x0f",
               "\x07", "\x08\x08", "\x7f", "\u009b2J", "\u0090x\u009c", "\x1b[31mred", "\x0b\x0c", "\x1b", "\x03",
               "\x0304,05x", "\u2028", "\ufeff", "\U000e0041"]

    clean = clean

    def test_everywhere(self):
        alice, bob = self.clients("alice", "bob")
        room = self.room()
        for a in self.attacks:
            with self.subTest(a):
                alice.send("/join lobby", "before %safter" % a)
                self.assertIn("before", bob.expect("^%s: before .*after" % alice.name).string)
                alice.send("dm %sx@%s" % (a, bob.name))
                bob.expect("sent you \"dm")
                alice.send("/me does %sx" % a)
                bob.expect(r"^\* %s does" % alice.name)
                alice.ask("/away gone %sx" % a, "You are away")
                bob.send("hi@%s" % alice.name)
                bob.expect("is away: gone")
                alice.send("/away")
                alice.send("/paste", "p %sx" % a, ".")
                bob.expect("^%s: p " % alice.name)
                alice.send("/join %s%s" % (a, room))
                alice.send("/topic t %sx" % a)
                alice.send("/leave %s r %sx" % (room, a))
                alice.send("/join lobby")
                alice.send("/whois %sx" % a, "/nick %sx" % a, "/nick %s" % alice.name, "/foo%s" % a, "/help %s" % a,
                           "/join %s" % a, "/format %s" % a, "/ignore %sx" % a, "/ban %s" % a)
                alice.sync()
                bob.sync()
                self.clean(bob)
                self.clean(alice)
                alice.bytes = bob.bytes = b""
        other = self.client("other")
        other.send("/quit bye \x1b[2J now")
        other.expect_eof()
        bob.expect("%s has left the chat. .*bye.*now" % other.name)
        self.clean(bob)

    def test_log_and_chatctl(self):
        mark = self.d.log_mark()
        alice = self.client("alice")
        alice.send("/away \x1b[31m\x07\u009bred", "/join x\x1b[31mx", "/topic \x1b]0;t\x07x\u202e")
        alice.sync()
        c = self.connect()
        c.send(b"\x1b[2J\xff\x07")
        c.expect(re.escape(NAME_PROMPT))
        for words in (("users",), ("user", alice.name), ("rooms",), ("room", "lobby")):
            for form in ("table", "json", "jsonl"):
                out = self.d.ctl("-o", form, *words)
                self.assertNotRegex(out, "[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]" if form == "table" else "[\x1b\x07\x9b]")
        self.assertEqual(self.d.ctl_run("kick", alice.name, "out \x1b[2J\x07 now")[0], 2)
        self.d.ctl("kick", alice.name, "out \u009b2J\u202e now")
        self.assertNotRegex(alice.expect_eof(), "[\x1b\x07]")
        with self.d.more:
            log = "\n".join(self.d.lines[mark:])
        self.assertNotRegex(log, "[\x00-\x08\x0b-\x1f\x7f-\x9f]")

    def test_bidi_is_closed(self):
        """What somebody turns around ends with the line."""
        alice, bob = self.clients("alice", "bob")
        for text in ("\u202eevil", "\u2066\u2067x", "\u202a\u202b\u202c", "a\u2069\u202c"):
            with self.subTest(text):
                alice.send("x %s" % text)
                line = bob.expect("^%s: x " % alice.name).string
                depth = isolates = 0
                for ch in line:
                    if ch in "\u202a\u202b\u202d\u202e":
                        depth += 1
                    elif ch == "\u202c":
                        depth -= 1
                    elif ch in "\u2066\u2067\u2068":
                        isolates += 1
                    elif ch == "\u2069":
                        isolates -= 1
                self.assertEqual((depth, isolates), (0, 0), line.encode("unicode_escape"))

    def test_joiners_stay(self):
        alice, bob = self.clients("alice", "bob")
        for text in ("\U0001f469\u200d\U0001f4bb", "\u0646\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"):
            alice.send(text)
            bob.line("%s: %s" % (alice.name, text))


class TerminalFromIrc(Watched, IrcCase):
    """The same, sent by a client of IRC, where some of it is allowed; and what log and chatctl show of it."""

    own = True
    clean = clean

    def setUp(self):
        self.daemon(args=["-v", "-T", "all"])
        super().setUp()

    def test_everywhere(self):
        watcher, room = self.client("watcher"), self.room()
        for i, a in enumerate(Terminal.attacks):
            with self.subTest(a):
                tom, chan = self.client("tom"), "#%s%d" % (room, i)
                eve = self.irc("eve", ("message-tags", "draft/message-redaction", "draft/channel-rename", "batch", "draft/metadata-3", "setname"),
                               user="u" + a, real="real %sx" % a)
                eve.ask("JOIN " + chan, "366")
                tom.ask("/join " + chan[1:], "You are in")
                eve.send("PRIVMSG %s :before %safter" % (chan, a), "NOTICE %s :n %sx" % (chan, a), "PRIVMSG %s :\x01ACTION %sx\x01" % (chan, a),
                         "PRIVMSG %s :\x01X%s y\x01" % (chan, a), "PRIVMSG %s :dm %sx" % (tom.name, a), "NOTICE %s :dn %sx" % (tom.name, a),
                         "TOPIC %s :t %sx" % (chan, a), "SETNAME :n %sx" % a, "AWAY :w %sx" % a, "INVITE %s%s %s" % (tom.name, a, chan),
                         "MODE %s +b x%s!*@*" % (chan, a), "MODE %s +k k%s" % (chan, a), "MODE %s -k x" % chan, "@+draft/react=%s TAGMSG %s" % (a, chan),
                         "METADATA %s SET a :%s" % (chan, a), "METADATA * SET display-name :%s" % a, "NICK e%s" % a, "JOIN #j%s" % a,
                         "RENAME %s #n%s :r %s" % (chan, a, a), "WALLOPS :%s" % a, "OPER %s %s" % (a, a), "%s" % a, "WHOIS %s" % a)
                eve.sync()
                tom.send("hello@" + eve.nick, "/whois " + eve.nick, "/topic", "/who", "/rooms", "/mode", "/bans")
                tom.sync()
                eve.send("KICK %s %s :k %sx" % (chan, tom.name, a))
                tom.expect("You have been|kick")
                tom.ask("/join " + chan[1:], "You are in")
                eve.send("PART %s :p %sx" % (chan, a), "JOIN " + chan, "QUIT :q %sx" % a)
                eve.expect_eof()
                tom.sync()
                self.clean(tom)
                for words in (("users",), ("rooms",), ("room", chan[1:])):
                    self.assertNotRegex(self.d.ctl(*words), "[\x00-\x09\x0b-\x1f\x7f-\x9f]")
        watcher.sync()
        self.clean(watcher)
        with self.d.more:
            self.assertNotRegex("\n".join(self.d.lines), "[\x00-\x08\x0b-\x1f\x7f-\x9f]")

    def test_incomplete_colours(self):
        """Codes of mIRC that stop before their end take away nothing but themselves, at the end of a line and where one is cut."""
        eve, tom = self.irc("eve"), self.client("tom")
        chan = self.channel(eve)
        tom.ask("/join " + chan[1:], "You are in")
        for code, left in (("\x03", ""), ("\x03,", ","), ("\x031,", ","), ("\x0399,", ","), ("\x0304,0", ""), ("\x03123", "3"), ("\x03,99", ",99"), ("\x0399,99,", ","),
                           ("\x04", ""), ("\x04ff", "ff"), ("\x04ff00f", "ff00f"), ("\x04ff00ff,", ","), ("\x04ff00ff,00", ",00"), ("\x02" * 50, ""),
                           ("\x03" * 50, ""), ("\x0f\x16\x1d\x1e\x1f\x11", "")):
            with self.subTest(code):
                eve.send("PRIVMSG %s :a%s" % (chan, code))
                tom.line("%s: a%s" % (eve.nick, left))
                eve.send("PRIVMSG %s :\x01ACTION a%s" % (chan, code), "TOPIC %s :t%s" % (chan, code), "PRIVMSG %s :%s" % (chan, code))
                for n in range(395, 402):
                    eve.send("PRIVMSG %s :%s%s" % (chan, "x" * n, code))
                tom.sync()
        self.clean(tom)


class Negotiation(Watched):
    def test_answered_once(self):
        c = self.client()
        answers = len(c.commands)
        for _ in range(3):
            c.send_raw(bytes([IAC, WILL, 24, IAC, DO, 1, IAC, WILL, 200, IAC, DO, 201]))
            c.sync()
        said = c.commands[answers:]
        self.assertEqual(sorted(said), sorted([(DONT, 24), (WONT, 1), (DONT, 200), (WONT, 201)]))

    def test_all_options(self):
        c, other = self.clients("opts", "other")
        c.send_raw(b"".join(bytes([IAC, verb, opt]) for opt in range(255) for verb in (WILL, DO, WONT, DONT)))
        c.sync()
        c.send("still here")
        other.line("%s: still here" % c.name)
        self.assertNotIn((DO, 39), c.commands, "never ask for the environment")
        self.assertLess(len(c.commands), 2 * 256 + 10)

    def test_window_size(self):
        c = self.client("naws")
        people = [self.client("somebodyhere") for _ in range(12)]
        c.send_raw(bytes([IAC, WILL, 31, IAC, SB, 31, 0, 40, 0, 24, IAC, SE]))
        c.mark()
        c.send("/who")
        answer = c.sync()
        for p in people:
            self.assertIn(p.name, answer)
        self.assertLessEqual(max(len(l) for l in answer.split("\n")), 60)

    def test_commands_inside_text(self):
        alice, bob = self.clients("alice", "bob")
        alice.send_raw(b"he\xff\xf1llo\xff\xfb\x18 wor\xff\xfa\x18\0xterm\xff\xf0ld\r\xff\xf1\n")
        bob.line("%s: hello world" % alice.name)
        alice.send_raw(b"byte \xff\xff here\r\n")
        alice.expect("(?i)not UTF-8")
        alice.send_raw(b"\xff\xf6")
        alice.expect(r"\[Yes\]")

    def test_hostile(self):
        """Each costs its sender the connection at most."""
        watcher = self.client("watcher")
        env = bytes([IAC, WILL, 39, IAC, SB, 39, 0, 0]) + b"USER\x01-f root" + bytes([IAC, SE])
        slc = bytes([IAC, SB, 34, 3]) + b"\x01\x02\x03" * 500 + bytes([IAC, SE])
        for name, data, closes in (("environment", env, False), ("slc", slc, True), ("open sb", bytes([IAC, SB, 24]) + b"x" * (1 << 20), True),
                                   ("ayt", b"\xff\xf6" * 100000, True), ("storm", bytes([IAC, WILL, 1]) * 100000, True),
                                   ("nop", b"\xff\xf1" * 100000, True), ("iac last", b"\xff", False),
                                   ("sb last", b"\xff\xfa\xff", False)):
            with self.subTest(name):
                c = self.client("hostile")
                try:
                    c.send_raw(data)
                except (ConnectionError, TimeoutError):
                    pass
                if closes:
                    c.expect_eof()
                    self.assertLess(len(c.bytes), 100000)
                else:
                    c.half_close()
                    c.expect_eof()
                watcher.expect("^%s has left" % c.name)
        self.assertGreaterEqual(self.d.stats()['dropped_total{reason="input"}'], 4)

    def test_before_the_name(self):
        """All of it before anybody has said who they are: none of it is a name, an environment or a login."""
        env = bytes([IAC, WILL, 39, IAC, SB, 39, 0, 0]) + b"USER\x01-f root\x03HOME\x01/root" + bytes([IAC, SE])
        slc = bytes([IAC, SB, 34, 3]) + b"\x01\x02\x03" * 500 + bytes([IAC, SE])
        every = b"".join(bytes([IAC, SB, opt]) + b"\0-f root\r\n" * 9 + bytes([IAC, SE]) for opt in range(255))
        for name, data, closes in (("environment", env, False), ("slc", slc, True), ("open sb", bytes([IAC, SB, 39]) + b"x" * (1 << 20), True),
                                   ("every subnegotiation", every, False), ("every option", b"".join(bytes([IAC, v, o]) for o in range(255)
                                                                                               for v in (WILL, DO, WONT, DONT)), False),
                                   ("ayt", b"\xff\xf6" * 100000, True), ("iac last", b"\xff", False), ("sb last", b"\xff\xfa\xff", False),
                                   ("eof, susp, abort", b"\xff\xec\xff\xed\xff\xee", False)):
            with self.subTest(name):
                c = self.connect()
                c.expect(re.escape(NAME_PROMPT))
                try:
                    c.send_raw(data)
                    if not closes and data[-1] != IAC:
                        c.be(self.fresh("after"))
                except (ConnectionError, TimeoutError, Closed):
                    self.assertTrue(closes)
                self.assertNotIn((DO, 39), c.commands)
                if closes:
                    c.expect_eof()
                self.assertNotIn("root", [u["name"] for u in self.d.json("users")])

    def test_answer_loops(self):
        """Whoever answers each of our answers with a question is not answered for ever."""
        c = self.client("loop")
        try:
            for turn in range(3000):
                c.send_raw(b"".join(bytes([IAC, WILL if turn % 2 else WONT, o, IAC, DO if turn % 2 else DONT, o]) for o in range(1, 40)))
                if not c.pump(0) and c.eof:
                    break
        except (ConnectionError, TimeoutError):
            pass
        c.expect_eof()
        self.assertLess(len(c.commands), 200)

    def test_urgent_storm(self):
        """Urgent data, again and again, with every byte that there is [CVE-2001-0554, CVE-2020-10188]."""
        c = self.client("urgent")
        try:
            for i in range(100000):
                c.sock.send(bytes([IAC, i % 255]), socket.MSG_OOB)
        except (ConnectionError, TimeoutError):
            pass
        c.expect_eof()
        self.assertLess(len(c.bytes), 100000)

    def test_urgent(self):
        alice, bob = self.clients("alice", "bob")
        alice.send_raw(b"be")
        alice.sock.send(b"\xff\xf4\xff\xf2", socket.MSG_OOB)
        alice.send_raw(b"fore\r\n")
        bob.line("%s: before" % alice.name)

    def test_random_bytes(self):
        import random
        rnd = random.Random(20)
        watcher = self.client("watcher")
        for i in range(60):
            c = self.connect() if i % 2 else self.client("rnd")
            data = bytes(rnd.choice((255, 250, 240, 251, 253, 13, 10, 0, 27, rnd.randrange(256))) for _ in range(2000))
            try:
                c.send_raw(data)
                c.half_close()
            except OSError:
                pass
            c.expect_eof()
        watcher.sync()
        self.assertNotRegex(watcher.bytes, rb"[\x00-\x08\x0b-\x0c\x0e-\x1f\x7f]")


class LongAnswers(Case):
    """A long answer comes in pieces; what others say meanwhile is between lines, not in them."""
    config = {"limits": {"max_sessions": 10000}, "rooms": {"default": ""}}

    def test_lines_stay_whole(self):
        alice, bob = self.clients("alice", "bob")
        crowd = [self.client("member") for _ in range(300)]
        room = self.room()
        for c in [alice, bob] + crowd:
            c.send("/join " + room)
        for c in [alice, bob] + crowd:
            c.expect("(You are in|made the room) " + room)
        names = {c.name for c in [alice, bob] + crowd}
        for round_ in range(5):
            for command in ("show@Server", "/who", "!INFO"):
                with self.subTest(command):
                    alice.mark()
                    for i in range(40):
                        bob.send("chatter %d" % i)
                        if i == 20:
                            alice.send(command)
                    answer = alice.sync()
                    bob.sync()
                    answer += alice.sync()
                    lines = answer.split("\n")
                    self.assertEqual([l for l in lines if "chatter" in l],
                                     ["%s: chatter %d" % (bob.name, i) for i in range(40)])
                    rest = " ".join(l for l in lines if "chatter" not in l)
                    self.assertEqual(names - set(re.findall(r"\w+", rest)), set())


if __name__ == "__main__":
    main()
