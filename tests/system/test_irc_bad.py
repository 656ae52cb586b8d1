#!/usr/bin/env python3
"""What strangers send to the IRC port: no row of it costs anybody else anything."""

import base64
import random
import re
import socket

from harness import Closed, build, cpu_seconds, main, private_bytes
from irc import PASSWORD, AccountCase, IrcCase, Scram, b64, plain

COMMANDS = """ADMIN AUTHENTICATE AWAY BATCH CAP CHATHISTORY DIE ERROR HELP HELPOP INFO INVITE ISON ISUPPORT JOIN KICK KILL
LINKS LIST LUSERS MARKREAD METADATA MODE MONITOR MOTD NAMES NICK NOTICE OPER PART PASS PING PONG PRIVMSG QUIT REDACT REGISTER
REHASH RENAME RESTART SETNAME STATS TAGMSG TIME TOPIC USER USERHOST VERIFY VERSION WALLOPS WEBIRC WHO WHOIS WHOWAS""".split()

ALL_CAPS = ("batch", "labeled-response", "message-tags", "echo-message", "server-time", "draft/multiline",
            "draft/message-redaction", "draft/channel-rename", "extended-join", "account-tag", "away-notify", "setname")


class Bad(IrcCase):
    config = {"listen": IrcCase.config["listen"], "limits": {"line_rate": 0, "login_time": 60},
              "operators": [{"name": "root", "mask": "*@127.0.0.1",
                             "password": "$argon2id$v=19$m=65536,t=2,p=1$fSkn7eSjm92zq+Al27nhFQ$"
                                         "mlrwRgZsCduAsaRhTreYXUUaMTDeBAWzn4xAGOh64tc"}]}

    def setUp(self):
        self.others = self.neighbours()
        self.pids = self.d.kids("worker") + self.d.kids("broker")
        self.alice, self.bob = self.irc("alice"), self.irc("bob")
        self.chan = self.channel(self.alice, self.bob)

    def tearDown(self):
        """Others are served, by the same processes, in which nothing spins."""
        self.alice.send("PRIVMSG %s :still here" % self.chan)
        self.bob.expect("PRIVMSG", self.chan, "still here")
        self.others.end()

    def clean_lines(self, *clients):
        """What has come to these is lines of IRC, and nothing of it acts on a terminal."""
        for c in clients:
            c.sync()
            for m in c.seen:
                self.assertNotRegex(m.line, "[\0\r\n\x1b\x07\x7f\x80-\x9f]")

    # -- lines

    def test_no_end(self):
        """A TLS ClientHello, or anything without an end: closed before the login."""
        for junk in (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)) * 2, b"\xff" * 6000):
            c = self.irc_raw()
            c.send_raw(junk)
            self.alice.sync()
            try:
                c.send_raw(b"A" * 20000)
                c.expect_eof()
            except (BrokenPipeError, ConnectionResetError):
                pass

    def test_junk_and_silence(self):
        """Whatever it is that does not go on: nothing waits for it busily (end() looks), and nobody else for it at all."""
        hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(b for b in range(256) if b not in (10, 13)) * 2
        for junk in (hello, b"\x80\x2e\x01\x00\x02" + b"y" * 700, b"\0" * 511, b"\xff" * 513, b"x" * 600, b"@" + b"a" * 5000, b":" * 700,
                     b"\r" * 999, b"\n" * 999, b" " * 4000, b"\r\r\n" * 99, b"NICK ", b"\xe2\x82", b"@a=\\", b"PRIVMSG #x :\x01ACTION \x03"):
            for c in (self.irc_raw(), self.irc("junk")):
                c.send_raw(junk)
        self.alice.sync()

    def test_a_mebibyte_of_single_bytes(self):
        """The same rules, and what is kept of it is bounded."""
        dropped = self.d.stats()['dropped_total{reason="input"}']
        rss = sum(map(private_bytes, self.pids))
        for c in (self.irc_raw(), self.irc("drip")):
            try:
                for _ in range(1 << 20):
                    c.sock.send(b"x")
            except (BrokenPipeError, ConnectionResetError):
                pass
            c.expect_eof()
        self.assertEqual(self.d.stats()['dropped_total{reason="input"}'], dropped + 2)
        self.assertLess(sum(map(private_bytes, self.pids)) - rss, (8 << 20) * build().scale)

    def test_nul(self):
        """Its line is refused, whatever it is, and the next one is not."""
        c = self.irc("nul")
        c.ask("JOIN " + self.chan, "366")
        self.bob.sync()
        for line in (b"PRIVMSG %s :a\0b", b"NICK a\0b", b"JOIN #a\0b", b"TOPIC %s :\0", b"\0", b"QUIT\0", b"KICK %s x :\0", b"\0NICK x",
                     b"@a=\0 PRIVMSG %s :x", b":\0 PRIVMSG %s :x", b"PRIVMSG\0%s :x"):
            c.sync()
            c.send_raw(line.replace(b"%s", self.chan.encode()) + b"\r\n")
            self.assertTrue(c.sync(), line)
        self.assertEqual([m for m in self.bob.sync() if m.nick == c.nick], [])

    def test_no_end_after_login(self):
        """Refused and skipped up to its end; after so much without one it is no client."""
        c = self.irc("long")
        c.send_raw(b"PRIVMSG %s :" % self.chan.encode() + b"x" * 6000)
        c.expect("417")
        c.send_raw(b"y" * 3000 + b"\r\n")
        c.sync()
        self.assertEqual([m for m in self.bob.sync() if m.nick == c.nick], [])
        try:
            c.send_raw(b"z" * 30000)
            c.expect_eof()
        except (BrokenPipeError, ConnectionResetError):
            pass

    def test_one_byte_writes(self):
        c = self.irc("slow")
        for _ in range(3000):
            c.send_raw(b"x")
        c.send_raw(b"\r\n")
        c.expect("417")
        c.sync()

    def test_line_ends(self):
        """NUL: refused. CR or LF end a line; nothing of it comes to others."""
        c = self.irc("ends")
        c.ask("JOIN " + self.chan, "366")
        self.bob.sync()
        c.send_raw(b"PRIVMSG %s :a\0b\r\n" % self.chan.encode())
        c.send_raw(b"PRIVMSG %s :one\rPRIVMSG %s :two\nPRIVMSG %s :three\r\r\n" % ((self.chan.encode(),) * 3))
        c.sync()
        said = [m.params[1] for m in self.bob.sync() if m.is_("PRIVMSG", self.chan)]
        self.assertEqual(said, ["one", "two", "three"])
        self.clean_lines(self.bob, self.alice)

    def test_not_utf8(self):
        c = self.irc("latin")
        c.ask("JOIN " + self.chan, "366")
        c.send_raw(b"PRIVMSG %s :caf\xe9\r\n" % self.chan.encode())
        c.send_raw(b"TOPIC %s :\xc0\xaf\r\n" % self.chan.encode())
        c.send_raw(b"\xff\xfe\xfd\r\n")
        c.sync()
        self.assertEqual([m for m in self.bob.sync() if m.command in ("PRIVMSG", "TOPIC")], [])

    def test_controls(self):
        """What acts on a terminal reaches nobody, wherever it is put."""
        c = self.irc("esc", ("message-tags",))
        watch = self.irc("watch", ALL_CAPS)
        c.ask("JOIN " + self.chan, "366")
        watch.ask("JOIN " + self.chan, "366")
        self.channel(c)
        own = self.channel(c, watch)
        bad = "\x1b]0;x\x07\x1b[2J\x05\x0e\x7f\u009b31m"
        for line in ("PRIVMSG %s :a" + bad, "NOTICE %s :a" + bad, "PRIVMSG %s :\x01ACTION a" + bad + "\x01",
                     "PRIVMSG %s :\x01X" + bad + " b\x01", "TOPIC %s :a" + bad, "@+x=a" + bad + ";+" + bad + "=b TAGMSG %s",
                     "KICK %s nobody :a" + bad, "PART %s :a" + bad, "JOIN %s", "MODE %s +b a" + bad + "!*@*",
                     "MODE %s +b ~r:a" + bad, "MODE %s +k a" + bad, "RENAME %s " + own + "x :a" + bad):
            c.send(line % own)
            c.sync()
        c.send("AWAY :a" + bad, "SETNAME :a" + bad, "NICK a" + bad, "JOIN #a" + bad, "WALLOPS :a" + bad, "WHOIS a" + bad,
               "WHO a" + bad, "MONITOR + a" + bad, "QUIT :a" + bad)
        c.expect_eof()
        self.clean_lines(watch, self.bob, self.alice)

    def test_bidi_names(self):
        for bad in ("\u202e", "\u2066", "\u200b", "\ufeff", "\U000e0041"):
            c = self.irc("bidi")
            self.assertTrue(c.ask("NICK a%sb" % bad, "432"))
            self.assertTrue(c.ask("JOIN #a%sb" % bad, re.compile("403|476|479").pattern[:3]))

    # -- commands

    def test_parameters(self):
        """Every command with none to twenty parameters, empty ones and odd ones; before the login and after it."""
        odd = ("", ":", "*", "#", "#x", self.chan, self.bob.nick, ",", ",,", "a,b", "+", "-", "+b", "0", "-1",
               "99999999999999999999", "x" * 300, "#" + "x" * 300, "!", "@", "~", "~a:", "=", "draft/multiline", "+r", "-r")
        rnd = random.Random(1)
        for cmd in COMMANDS:
            if cmd in ("QUIT", "WEBIRC", "DIE", "RESTART"):
                continue
            c = self.irc("odd", ALL_CAPS)
            c.ask("JOIN #odd", "366")
            for n in range(21):
                c.send(cmd + " :" * (n > 0), "%s%s" % (cmd, " x" * n), "%s%s" % (cmd, " *" * n), cmd + " " + " :" * n)
            for _ in range(60):
                words = [rnd.choice(odd) for _ in range(rnd.randrange(8))]
                last = ":" + rnd.choice(odd) if rnd.random() < 0.5 else ""
                label = "@label=%d " % rnd.randrange(99) if rnd.random() < 0.3 else ""
                c.send((label + cmd + " " + " ".join(words) + " " + last)[:500])
            c.sync()
            c.close()

    def test_parameters_before_login(self):
        for cmd in COMMANDS:
            if cmd in ("QUIT", "USER"):
                continue
            c = self.irc_raw()
            try:
                for n in range(16):
                    c.send("%s%s" % (cmd, " x" * n), "%s%s" % (cmd, " *" * n), cmd + " " + " :" * n)
                c.send("PING done")
                c.until(lambda m: m.is_("PONG") or m.command == "ERROR")
            except (BrokenPipeError, ConnectionResetError, Closed):  # WEBIRC
                pass
            c.close()

    def test_missing(self):
        c = self.irc("missing")
        for cmd in ("JOIN", "PART", "KICK", "KICK #x", "TOPIC", "MODE", "USERHOST", "ISON", "WHO", "PASS x", "MONITOR +"):
            m = c.answers(cmd)
            self.assertTrue(m and m[0].command in ("461", "462"), (cmd, m))

    def test_kick_not_there(self):
        self.assertTrue(self.alice.ask("KICK %s %s" % (self.chan, self.irc("else").nick), "441"))
        self.assertTrue(self.alice.ask("KICK %s nobody-at-all" % self.chan, "401"))

    def test_masks(self):
        """Bounded answers to huge and costly masks."""
        c = self.irc("mask")
        star = "*a" * 200
        for line in ("LINKS " + star, "LINKS * " + star, "HELP " + star, "WHO " + star, "WHO " + "?" * 400, "LIST " + star,
                     "LIST " + ",".join(["*"] * 200), "LIST " + "," * 400, "LIST >0,<9,C>1,C<1,T>1,T<1,<,>,C,T,C<,T>",
                     "MONITOR + " + star, "MONITOR - " + "," * 400, "MONITOR +", "MONITOR x", "NAMES " + ",".join(["#a"] * 150),
                     "WHOIS " + ",".join("abcdefgh"), "WHOWAS " + ",".join(["a"] * 200) + " 999999", "ISON " + "a " * 240,
                     "USERHOST " + "a " * 240):
            got = c.answers(line)
            self.assertLess(len(got), 400, line)

    def test_no_fields(self):
        """WHOX without fields: what is not written is not sent."""
        c = self.irc("nothing")
        for line in ("WHO %s %%", "WHO %s %%,1", "WHO %s %%,", "WHO %s %%xyz", "WHO %s o%%"):
            got = c.answers(line % c.nick)
            self.assertLessEqual({m.command for m in got}, {"352", "315"}, got)

    def test_costly_mask(self):
        """Stars that nearly fit, again and again."""
        name = "a" * 60
        rooms = [self.irc("star") for _ in range(2)]
        for i, c in enumerate(rooms):
            for k in range(40):
                c.send("JOIN #%s%d%d" % (name, i, k))
            c.sync()
        for line in ("LIST *" + "a*" * 100 + "b", "WHO *" + "a*" * 60 + "b", "WHOIS *" + "a*" * 60 + "b"):
            before = sum(cpu_seconds(p) for p in self.pids)
            for _ in range(20):
                rooms[0].send(line)
            rooms[0].sync()
            self.assertLess(sum(cpu_seconds(p) for p in self.pids) - before, 3)

    def test_long_names(self):
        c = self.irc_raw()
        c.send("NICK " + "n" * 33, "NICK " + "n" * 400)
        c.expect("432")
        c.expect("432")
        c.send("NICK " + "n" * 32, "USER %s 0 * :%s" % ("u" * 300, "r" * 150))
        c.expect("001")
        c.expect("422")
        c.nick = "n" * 32
        m = c.ask("WHOIS " + c.nick, "311")
        self.assertLessEqual(len(m.params[2]), 16)
        self.assertLessEqual(len(m.params[-1]), 128)
        self.assertTrue(c.ask("JOIN #" + "r" * 65, "403") or True)
        c.ask("JOIN #" + "r" * 64, "366")

    def test_limits_as_told(self):
        """What ISUPPORT says of lengths is what others get at most, however long it was."""
        c, watch = self.irc("long", ALL_CAPS), self.irc("watch", ALL_CAPS)
        own, most = self.channel(c, watch), {k: int(v) for k, v in c.isupport.items() if v.isdigit()}
        other = self.irc("other")
        for k in ("NICKLEN", "CHANNELLEN", "TOPICLEN", "AWAYLEN", "KICKLEN", "USERLEN", "KEYLEN", "NAMELEN"):
            self.assertIn(k, most)
        for more in (-1, 0, 1, 50, 400):
            text = {k: "é" * (n // 2 + more) for k, n in most.items()}
            other.ask("JOIN " + own, "366")
            c.send("TOPIC %s :%s" % (own, text["TOPICLEN"]), "AWAY :" + text["AWAYLEN"], "SETNAME :" + text["NAMELEN"], "AWAY",
                   "KICK %s %s :%s" % (own, other.nick, text["KICKLEN"]), "MODE %s +k %s" % (own, "k" * (most["KEYLEN"] + more)),
                   "MODE %s -k *" % own)
            c.sync()  # the longest lines are refused as such
        c.send("JOIN #" + "r" * (most["CHANNELLEN"] - 1), "JOIN #" + "r" * most["CHANNELLEN"], "JOIN #" + "r" * 400)
        c.send("NICK " + "n" * most["NICKLEN"], "NICK " + "n" * (most["NICKLEN"] + 1))
        self.assertEqual(c.expect("432").params[0], "n" * most["NICKLEN"])
        watch.sync()
        for m in watch.seen:
            for command, k in (("TOPIC", "TOPICLEN"), ("AWAY", "AWAYLEN"), ("KICK", "KICKLEN"), ("SETNAME", "NAMELEN")):
                if m.command == command and len(m.params) > (0 if command in ("AWAY", "SETNAME") else 1):
                    self.assertLessEqual(len(m.params[-1].encode()), most[k], m)
            if m.command == "MODE" and m.params[1] == "+k":
                self.assertLessEqual(len(m.params[-1]), most["KEYLEN"])
        self.clean_lines(watch)

    def test_500_bans(self):
        """The list takes what ISUPPORT says; each of the others is refused."""
        c = self.irc("bans")
        chan = self.channel(c)
        most = int(dict(x.split(":") for x in c.isupport["MAXLIST"].split(",")).popitem()[1])
        for i in range(500):
            c.send("MODE %s +b ban%d!*@*" % (chan, i))
        full = [m for m in c.sync() if m.command == "478"]
        self.assertEqual(len(full), 500 - most)
        self.assertEqual(len([m for m in c.answers("MODE %s b" % chan) if m.command == "367"]), most)
        # room's end gives the list back
        c.ask("PART " + chan, "PART")

    def test_many_modes(self):
        c = self.irc("modes")
        chan = self.channel(c)
        for line in ("MODE %s " + "+o-o" * 100, "MODE %s +" + "b" * 300, "MODE %s +" + "b" * 60 + " x" * 12, "MODE %s +" + "k" * 200,
                     "MODE %s +llllllllllllllll" + " 1" * 12, "MODE %s +" + "\u00e4" * 100, "MODE %s -+-+-+-+-+", "MODE %s +o :",
                     "MODE %s +bbbbbbbbbbbbb" + " ~m:~m:x" * 12, "MODE %s +b :a b c", "MODE %s +b a,b", "MODE %s +k a,b",
                     "MODE %s +k :a b", "MODE %s +k ::", "MODE %s -k", "MODE %s +l -1", "MODE %s +l 99999999999", "MODE %s +l 0"):
            c.send(line % chan)
        c.sync()
        m = c.ask("MODE " + chan, "324")
        self.assertNotIn(" ", m.params[2].replace("+", ""))

    # -- tags

    def test_tags(self):
        c, watch = self.irc("tags", ("message-tags",)), self.irc("watch", ("message-tags",))
        chan = self.channel(c, watch)
        for tags in (";".join("+t%d=%d" % (i, i) for i in range(50)), "+a=" + "x" * 3000, "+a=b\\", "+a=\\", "+a=\\\\\\", "+a=;b",
                     ";;;;", "=", "=x", "+", "+=", "+a==b", "a" * 3000, "+a=\\:\\s\\r\\n", "+" + "/" * 50, "label=", "label=" + "x" * 200,
                     "batch=x", "time=1970", "msgid=x;account=root;bot", "+a;+a;+a=1;+a"):
            c.send("@%s PRIVMSG %s :x" % (tags, chan), "@%s TAGMSG %s" % (tags, chan))
        c.send("@" + "a" * 9000 + " PRIVMSG %s :x" % chan)
        c.sync()
        watch.sync()
        for m in watch.seen:
            if m.command in ("PRIVMSG", "TAGMSG"):
                self.assertTrue(all(k.startswith("+") or k == "msgid" for k in m.tags), m)
                self.assertFalse({"account", "time", "label", "batch"} & set(m.tags), m)
        self.clean_lines(watch)

    def test_colliding_tags(self):
        """More than a thousand tags in a line cost their sender."""
        c = self.irc("many", ("message-tags",))
        line = "@" + ";".join("+%s" % (chr(97 + i % 26) + chr(97 + i // 26 % 26)) for i in range(1000)) + " TAGMSG " + self.chan
        before = sum(cpu_seconds(p) for p in self.pids)
        for _ in range(200):
            c.send(line)
        c.sync()
        self.assertLess(sum(cpu_seconds(p) for p in self.pids) - before, 2)

    # -- sasl, cap, register

    def test_authenticate(self):
        c = self.irc_raw()
        c.send("CAP LS 302", "AUTHENTICATE", "AUTHENTICATE PLAIN EXTERNAL x", "AUTHENTICATE :", "AUTHENTICATE PLAIN")
        for _ in range(50):
            c.send("AUTHENTICATE " + "A" * 400)
        c.send("AUTHENTICATE +", "AUTHENTICATE " + "!" * 100, "AUTHENTICATE *", "AUTHENTICATE EXTERNAL",
               "AUTHENTICATE " + base64.b64encode(b"root").decode(), "AUTHENTICATE " + base64.b64encode(b"\0root\0x").decode())
        for _ in range(200):
            c.send("AUTHENTICATE +")
        c.nick = self.fresh("sasl")
        c.send("CAP END", "NICK " + c.nick, "USER u 0 * :r")
        c.expect("001")
        self.assertFalse([m for m in c.seen if m.command in ("900", "903")])
        self.assertFalse([m for m in c.answers("WHOIS " + c.nick) if m.command == "330"])

    def test_cap(self):
        c = self.irc_raw()
        c.send("CAP END", "CAP REQ", "CAP REQ :", "CAP REQ :-", "CAP REQ :" + " ".join("cap%d" % i for i in range(60)), "CAP", "CAP :",
               "CAP LS 99999999999999999999", "CAP LS -1", "CAP LS x", "CAP ACK x", "CAP NAK", "CAP LS 302", "CAP END", "CAP END")
        for _ in range(100):
            c.send("CAP REQ :" + " ".join("cap%d" % i for i in range(50)))
        c.nick = self.fresh("cap")
        c.send("NICK " + c.nick, "CAP END", "USER u 0 * :r", "CAP END")
        c.expect("001")
        c.sync()
        self.assertEqual(len([m for m in c.seen if m.is_("CAP", None, "NAK") and "cap1 " in m.params[-1]]), 101)
        self.assertFalse([m for m in c.seen if m.is_("CAP", None, "ACK") and m.params[-1].strip()])
        c.send("CAP REQ :batch", "CAP REQ :-batch", "CAP LS 302", "CAP END", "CAP LIST")
        c.sync()

    def test_gate(self):
        """Nothing but registration before it, whatever the order."""
        c = self.irc_raw()
        c.send("REGISTER root * x", "VERIFY root 1", "JOIN " + self.chan, "PRIVMSG %s :x" % self.chan, "OPER root x",
               "WHO " + self.chan, "LIST", "NAMES " + self.chan, "KILL " + self.bob.nick, "MODE %s +o me" % self.chan, "PING x")
        c.expect("PONG")
        self.assertTrue(all(m.command in ("451", "421", "FAIL", "PONG") for m in c.seen), c.seen)
        self.assertEqual(self.bob.sync(), [])

    # -- what is others' business

    def test_redact(self):
        caps = ("message-tags", "draft/message-redaction", "echo-message")
        a, b = self.irc("author", caps), self.irc("thief", caps)
        chan = self.channel(a, b)
        a.send("PRIVMSG %s :mine" % chan)
        msgid = a.expect("PRIVMSG", chan).tags["msgid"]
        self.assertTrue(b.ask("REDACT %s %s" % (chan, msgid), "FAIL", "REDACT", "REDACT_FORBIDDEN"))
        b.send("REDACT %s %s" % (b.nick, msgid), "REDACT %s %s" % (a.nick, msgid))
        out = self.irc("outside", caps)
        self.assertTrue(out.ask("REDACT %s %s" % (chan, msgid), "FAIL", "REDACT", "INVALID_TARGET"))
        b.sync()
        self.assertEqual([m for m in a.sync() if m.command == "REDACT"], [])

    def test_secret_room(self):
        """It answers strangers as one that does not exist."""
        a, b = self.irc("keeper"), self.irc("stranger")
        chan = self.channel(a)
        a.ask("MODE %s +s" % chan, "MODE")
        a.ask("TOPIC %s :hidden things" % chan, "TOPIC")
        none = "#" + self.fresh("none")
        for line in ("TOPIC %s", "TOPIC %s :x", "NAMES %s", "WHO %s", "LIST %s", "MODE %s", "MODE %s b", "MODE %s +o x", "KICK %s x", "PART %s",
                     "INVITE x %s", "PRIVMSG %s :x", "TAGMSG %s", "REDACT %s x", "RENAME %s #y", "METADATA %s LIST",
                     "METADATA %s GET a", "METADATA %s SET a b", "CHATHISTORY LATEST %s * 10", "MARKREAD %s"):
            told = [re.sub("(?i)" + re.escape(chan), "ROOM", m.line) for m in b.answers(line % chan)]
            like = [re.sub("(?i)" + re.escape(none), "ROOM", m.line) for m in b.answers(line % none)]
            self.assertEqual(told, like, line)
        for line in ("LIST", "WHOIS " + a.nick, "WHO " + a.nick, "WHO *", "NAMES", "WHOWAS " + a.nick):
            self.assertFalse([m for m in b.answers(line) if chan in m.line], line)
        tom = self.client("tom")
        tom.send("/rooms", "/whois " + a.nick, "/topic " + chan[1:], "/who " + chan[1:])
        tom.sync()
        self.assertFalse([x for x in tom.seen().splitlines() if "hidden things" in x])

    def test_invisible(self):
        """Whoever is +i is in no stranger's list, whatever the stranger speaks."""
        a, b, tom = self.irc("hidden"), self.irc("stranger"), self.client("tom")
        chan = self.channel(a)
        a.ask("MODE %s +i" % a.nick, "MODE")
        for line in ("WHO *", "WHO " + chan, "NAMES " + chan, "WHO *real*"):
            self.assertFalse([m for m in b.answers(line) if a.nick in m.line], line)
        self.assertFalse([m for m in b.answers("WHOIS " + a.nick) if chan in m.line])
        mark = tom.mark()
        tom.send("/who " + chan[1:], "show@Server")
        tom.sync()
        self.assertNotIn(a.nick, tom.since(mark))
        mark = tom.mark()
        tom.send("/whois " + a.nick)
        tom.sync()
        self.assertIn(a.nick, tom.since(mark))
        self.assertNotIn(chan[1:], tom.since(mark))
        tom.send("/join " + chan[1:])
        tom.sync()
        mark = tom.mark()
        tom.send("/who " + chan[1:], "show@Server")
        tom.sync()
        self.assertEqual(tom.since(mark).count(a.nick), 2)

    def test_key_is_nobodys(self):
        a, b = self.irc("keyed"), self.irc("other")
        chan = self.channel(a, b)
        a.send("MODE %s +k sesame" % chan)
        a.sync()
        b.send("MODE " + chan, "WHO " + chan)
        b.sync()
        self.assertFalse([m for m in b.seen + a.seen if "sesame" in m.line])

    # -- other servers' words, other people's names

    def test_server_words(self):
        c = self.irc("srv")
        for line in ("SERVER evil.example 1 :x", "NJOIN #x :a", "SJOIN 1 #x + :@a", ":evil.example PRIVMSG %s :x" % self.bob.nick, "SQUIT x",
                     ":evil.example 001 x :y", "UID x", "SVSNICK %s x 1" % self.bob.nick, "ENCAP * x", "SVSMODE x +o"):
            got = c.answers(line)
            if "PRIVMSG" not in line:
                self.assertEqual(self.commands(got), ["421"], line)
        for m in self.bob.sync():
            self.assertEqual(m.nick, c.nick)
        d = self.irc_raw()
        d.send("SERVER evil.example 1 :x", "PING x")
        d.until(lambda m: m.command in ("421", "451", "ERROR"))

    def test_prefix(self):
        c = self.irc("spoof")
        c.ask("JOIN " + self.chan, "366")
        c.send(":%s!a@b PRIVMSG %s :hi" % (self.alice.nick, self.chan))
        m = self.bob.expect("PRIVMSG", self.chan, "hi")
        self.assertEqual(m.nick, c.nick)
        c.send(":%s!a@b QUIT :x" % self.alice.nick)
        self.bob.expect("QUIT")
        self.alice.sync()

    def test_5000_rooms(self):
        c = self.irc("joiner")
        for i in range(0, 5000, 50):
            c.send("JOIN " + ",".join("#j%d" % k for k in range(i, i + 50)))
        got = c.sync()
        self.assertEqual(len([m for m in got if m.command == "JOIN"]), 100)
        self.assertTrue([m for m in got if m.command == "405"])
        c.send("JOIN 0")
        self.assertEqual(len([m for m in c.sync() if m.command == "PART"]), 100)

    def test_room_names(self):
        c = self.irc("names")
        for name in ("#a\x07b", "#", "##", "#a:b", "#\u00a0", "#a\u202eb", "#" + "\u0301" * 5, "&local", "+plus", "!ABCDEx"):
            c.send("JOIN " + name, "PRIVMSG %s :x" % name, "TOPIC " + name)
        c.sync()
        self.clean_lines(self.alice, self.bob)
        # one casemapping, everywhere: these are two rooms, and no member of one is in the other
        other = self.irc("other")
        c.ask("JOIN #{}|^", "366")
        other.ask("JOIN #[]\\~", "366")
        got = c.answers("NAMES #{}|^")
        self.assertFalse([m for m in got if other.nick in m.line])

    def test_one_casemapping(self):
        """Whatever way a name is written, it is one room and one person: nobody stays behind in a second one."""
        for a, b in (("Ghost", "gHOST"), ("caf\u00e9", "CAFE\u0301"), ("stra\u00dfe", "STRASSE"), ("\u03c3\u03c2", "\u03a3\u03c3")):
            stem = self.fresh("m")
            a, b = "#%s%s" % (stem, a), "#%s%s" % (stem.upper(), b)
            one, two = self.irc("one"), self.irc("two")
            one.ask("JOIN " + a, "366")
            name = one.seen[-1].params[1]
            self.assertEqual(two.ask("JOIN " + b, "JOIN").params[0], name, "the one that it was made with")
            self.assertFalse([m for m in two.answers("JOIN " + a) if m.command == "JOIN"])
            one.ask("MODE %s +o %s" % (b, two.nick.upper()), "MODE", name, "+o", two.nick)
            one.ask("TOPIC %s :of %s" % (b, a), "TOPIC", name)
            two.send("PRIVMSG %s :hello" % a)
            one.expect("PRIVMSG", name, "hello")
            self.assertEqual(len(self.alice.ask("NAMES " + b, "353").params[-1].split()), 2)
            two.ask("KICK %s %s" % (b, one.nick.upper()), "KICK", name, one.nick)
            one.ask("JOIN " + b, "366")
            one.ask("PART " + b, "PART", name)
            two.ask("PART " + a, "PART", name)
            for form in (a, b):
                self.assertEqual([m.command for m in self.alice.answers("NAMES " + form)], ["366"])
                self.assertFalse([m for m in self.alice.answers("LIST " + form) if m.command == "322"])
        # the brackets of RFC 1459 are letters of their own here, as CASEMAPPING says, in names as in masks
        one = self.irc("{x}|")
        self.assertEqual(one.isupport["CASEMAPPING"], "ascii")
        other = one.nick.replace("{", "[").replace("}", "]").replace("|", "\\")
        self.assertEqual(self.alice.ask("WHOIS " + other, "401").params[1], other)
        self.assertEqual(self.commands(self.alice.answers("MONITOR + " + other)), ["731"])
        self.assertTrue(self.alice.ask("MONITOR + " + one.nick.upper(), "730"))
        self.alice.send("MODE %s +b %s" % (self.chan, other))
        one.ask("JOIN " + self.chan, "366")

    def test_names_that_grow(self):
        """Letters that become many when they are folded, compared or looked at, as many as fit into a name: in every place for one."""
        for unit in ("\ufdfa", "\ufdfb", "\u0390", "\ufb03", "\u1e9e", "\u0149", "\u1f80", "\U0001d400", "\u1100\u1161\u11a8", "\uac00", "\u0344", "a\u0301",
                     "\u0301", "a\u0323\u0307", "\u0958", "\u1fb7", "\u0e33", "\u2f98", "\U0002f800", "m", "rn", "\u33d5", "\u0130", "\u01c4"):
            c = self.irc("grow", ("batch", "draft/metadata-3", "draft/channel-rename", "soju.im/search"), user=unit * 20,
                         real=(unit * 60).encode()[:150].decode(errors="ignore"))
            own, tom = self.channel(c, self.bob), self.connect()
            for n in (1, 5, 16, 21, 32, 64, 100):
                name = unit * n
                c.send("JOIN #" + name, "PART #" + name, "NICK " + name, "NICK " + c.nick, "NICK x" + name, "NICK " + c.nick, "JOIN #x%s,#y%s" % (name, name),
                       "MODE %s +b %s!%s@%s" % (own, name, name, name), "MODE %s +b ~a:%s" % (own, name), "MODE %s +o %s" % (own, name),
                       "MODE %s +k %s" % (own, name), "MODE %s -k *" % own, "WHO *%s*" % name, "WHO #" + name, "WHOIS " + name, "WHOWAS " + name,
                       "LIST *%s*" % name, "MONITOR + %s,%s" % (name, name), "PRIVMSG %s :%s" % (name, name), "KICK %s %s :%s" % (own, name, name),
                       "INVITE %s %s" % (name, own), "TOPIC %s :%s" % (own, name), "METADATA * SET %s :%s" % (name, name), "RENAME %s #z%s" % (own, name),
                       "RENAME #z%s %s" % (name, own), "SEARCH text=" + name, "CS INFO #" + name, "SETNAME :" + name, "AWAY :" + name, "NICK " + c.nick)
                tom.send(name)
            c.sync()
            for line in ("WHO " + own, "WHO %s %%tcuhsnfdlar" % own, "WHOIS " + c.nick, "USERHOST " + c.nick, "NAMES", "LIST", "MODE %s b" % own, "TOPIC " + own):
                self.bob.answers(line)  # UTF-8, or else Irc says so
            tom.send("/nick " + unit * 20, "/join " + unit * 60, "/msg %s hi" % (unit * 30), "hi@" + unit * 30, "/whois " + unit * 32, "/who " + unit * 64,
                     "/ignore " + unit * 32, "/find " + unit * 9, "/quit")
            tom.expect_eof()
            c.close()
        self.d.json("users")

    def test_10000_names(self):
        """Lists that people fill have an end."""
        c = self.irc("filler")
        for i in range(0, 10000, 40):
            c.send("MONITOR + " + ",".join("mon%d" % k for k in range(i, i + 40)))
        self.assertTrue([m for m in c.sync() if m.command == "734"])
        n = sum(len(m.params[-1].split(",")) for m in c.answers("MONITOR L") if m.command == "732")
        self.assertEqual(n, int(c.isupport["MONITOR"]))
        # invitations: the oldest gives way
        guest = self.irc("guest")
        chan = self.channel(c)
        for _ in range(300):
            c.send("INVITE %s %s" % (guest.nick, chan))
        c.sync()
        d, guests = self.irc("inviter"), [self.irc("guest") for _ in range(20)]
        for i in range(100):
            d.send("JOIN #%s%d" % (d.nick, i), *["INVITE %s #%s%d" % (g.nick, d.nick, i) for g in guests])
        self.assertTrue([m for m in d.sync() if m.command == "478"])
        invited = [len([m for m in g.answers("INVITE") if m.command in ("336", "346")]) for g in [guest] + guests]
        self.assertLessEqual(sum(invited), 600)
        # by telnet
        tom = self.client("tom")
        tom.send(*["/ignore ign%d" % i for i in range(10000)])
        tom.sync()
        self.assertLessEqual(tom.text.decode().count("nore ign"), 2 * 100)
        # what other servers have, and this one does not
        for line in ("ACCEPT a", "SILENCE +a!*@*", "WATCH +a", "DCCALLOW +a"):
            self.assertEqual(self.commands(c.answers(line)), ["421"])

    def test_10000_keys(self):
        for early in (True, False):
            c = self.irc_raw() if early else self.irc("keys", ("batch", "draft/metadata-3"))
            if early:
                c.send("CAP LS 302", "CAP REQ :batch draft/metadata-3")
            for i in range(0, 10000, 10):
                c.send("METADATA * SET key%d :%s" % (i, "v" * 300), "METADATA * SUB " + " ".join("key%d" % k for k in range(i, i + 10)))
            if early:
                c.nick = self.fresh("keys")
                c.send("NICK " + c.nick, "USER u 0 * :r", "CAP END")
                c.expect("001")
            c.sync()
            self.assertEqual(len([m for m in c.answers("METADATA * LIST") if m.command == "761"]), 25)
            n = sum(len(m.params) - 1 for m in c.answers("METADATA * SUBS") if m.command == "772")
            self.assertEqual(n, 50)

    def test_multiline_without_end(self):
        """A batch that is never closed keeps no more than it may."""
        c = self.irc("batch", ALL_CAPS)
        chan = self.channel(c)
        c.send("BATCH +x draft/multiline " + chan)
        for _ in range(2000):
            c.send("@batch=x PRIVMSG %s :%s" % (chan, "y" * 300))
        fails = [m for m in c.sync() if m.command == "FAIL"]
        self.assertEqual(len(fails), 1)
        for _ in range(200):
            c.send("BATCH +a%d draft/multiline %s" % (_, chan))
        c.sync()

    # -- what others do meanwhile

    def test_no_answer(self):
        """What others do to somebody whose labelled command is under way is no answer to it."""
        c = self.irc("waiter", ("batch", "labeled-response"))
        c.ask("JOIN " + self.chan, "366")
        c.send("@label=o OPER root wrong")  # takes its time
        self.alice.send("KICK %s %s :out" % (self.chan, c.nick), "INVITE %s %s" % (c.nick, self.chan))
        self.alice.sync()
        got = c.until(lambda m: m.command in ("464", "491") or m.is_("BATCH", re.compile("^-")))
        got += c.sync()
        self.assertEqual([m.tags for m in got if m.command in ("KICK", "INVITE")], [{}, {}])
        self.assertEqual([m.tags for m in got if m.command == "464"], [{"label": "o"}])
        self.assertFalse([m for m in got if m.command == "BATCH"])

    # -- HTTP

    def test_http(self):
        for verb in ("GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "CONNECT", "TRACE", "PATCH"):
            c = self.irc_raw()
            try:
                c.send("%s / HTTP/1.1" % verb, "Host: 127.0.0.1", "", "NICK evil%s" % verb, "USER a 0 * :b", "PRIVMSG %s :x" % self.bob.nick)
            except (BrokenPipeError, ConnectionResetError):
                pass
            self.assertFalse([m for m in c.expect_eof() if m.command == "001"])
        self.assertEqual(self.bob.sync(), [])

    # -- readers

    def test_questions_unread(self):
        """Long answers are made as fast as they are read."""
        c = self.irc("asker")
        for i in range(0, 90, 30):
            c.send("JOIN " + ",".join("#q%d" % k for k in range(i, i + 30)))
        c.sync()
        try:
            c.sock.settimeout(2)
            for _ in range(1000):
                c.sock.sendall(b"WHO *\r\nLIST\r\nNAMES " + self.chan.encode() + b"\r\nMOTD\r\nWHOIS " + c.nick.encode() + b"\r\n")
        except socket.timeout:
            pass
        me = [u for u in self.d.json("users") if u["name"] == c.nick]
        self.assertTrue(not me or me[0]["queued"] < 200000, me)
        c.close()


class Accounts(AccountCase):
    """Who is not whom it says."""

    def setUp(self):
        super().setUp()
        self.others = self.neighbours()

    def tearDown(self):
        self.others.end()

    def refused(self, c, *lines):
        """None of these logs anybody in."""
        c.send(*lines)
        c.sync()
        self.assertFalse([m for m in c.seen if m.command in ("900", "903")], c.tail())

    def test_forged_fingerprint(self):
        """It comes from TLS alone, whatever is said."""
        owner, fp = self.registered(), "0123456789abcdef" * 4
        owner.ask("PRIVMSG NickServ :CERT ADD " + fp, "NOTICE")
        owner.sync()
        for line in ("WEBIRC x gateway localhost 127.0.0.1 :secure certfp-sha-256=" + fp, "PROXY TCP4 127.0.0.1 127.0.0.1 1 2",
                     "@certfp=%s NICK x" % fp, "CERTFP " + fp, ":%s CERTFP %s" % (owner.nick, fp), "METADATA * SET certfp :" + fp,
                     "ENCAP * CERTFP :" + fp):
            c = self.irc_raw()
            try:
                c.send("CAP LS 302", "CAP REQ :sasl draft/metadata-3 batch", line)
                self.refused(c, "AUTHENTICATE EXTERNAL", "AUTHENTICATE " + b64(owner.nick), "AUTHENTICATE EXTERNAL", "AUTHENTICATE +",
                             "AUTHENTICATE EXTERNAL", "AUTHENTICATE " + b64(fp), "AUTHENTICATE *")
            except (Closed, BrokenPipeError, ConnectionResetError):
                self.assertRegex(line, "^(WEBIRC|PROXY)")

    def test_unusable_accounts(self):
        """One that has been disabled, by whichever way; one that is not there; a verification that nobody asked for."""
        owner = self.registered()
        self.d.ctl("account", "disable", owner.nick)
        owner.expect("901")
        c = self.newcomer()
        for account, password, answer in ((owner.nick, PASSWORD, "902"), (owner.nick, "a-wrong-one", "904"), ("nobody-at-all", PASSWORD, "904")):
            c.send("AUTHENTICATE PLAIN", "AUTHENTICATE " + plain(account, password))
            c.expect(answer)
        scram = Scram(owner.nick)
        c.send("AUTHENTICATE SCRAM-SHA-256", "AUTHENTICATE " + scram.first())
        c.expect("AUTHENTICATE", "+")
        m = c.until(lambda m: m.command in ("AUTHENTICATE", "902", "904"))[-1]
        if m.command == "AUTHENTICATE":
            c.send("AUTHENTICATE " + scram.final(m.params[0]))
            c.until(lambda m: m.command in ("902", "904"))
        self.refused(c, "VERIFY %s 123456" % owner.nick, "VERIFY * *", "AUTHENTICATE PLAIN", "AUTHENTICATE " + plain(owner.nick, authzid="root"))
        self.finish(c, self.fresh("in"))
        self.refused(c, "NS IDENTIFY %s %s" % (owner.nick, PASSWORD), "PRIVMSG NickServ :IDENTIFY " + PASSWORD, "VERIFY %s 1" % owner.nick,
                     "NICK " + owner.nick)
        self.d.ctl("account", "enable", owner.nick)
        c.send("AUTHENTICATE PLAIN", "AUTHENTICATE " + plain(owner.nick))
        c.expect("903")

    def test_read_marks(self):
        """Thousands of them, of things that there are not."""
        c = self.registered(caps=("draft/read-marker", "batch", "draft/chathistory"))
        for i in range(3000):
            c.send("MARKREAD #none%d timestamp=2026-01-01T00:00:00.000Z" % i, "MARKREAD person%d timestamp=2026-01-01T00:00:00.000Z" % i)
        c.sync()
        c.send("MARKREAD", "MARKREAD * *", "MARKREAD #x timestamp=", "MARKREAD #x timestamp=%s" % ("9" * 300), "MARKREAD #x *",
               "CHATHISTORY TARGETS timestamp=2020-01-01T00:00:00.000Z timestamp=2099-01-01T00:00:00.000Z 9999999999")
        c.sync()


class Rate(IrcCase):
    config = {"listen": IrcCase.config["listen"], "limits": {"line_rate": 1000, "line_burst": 400}}

    def throttled(self, c):
        """How often it had to wait while it took a hundred names."""
        before = self.d.stats()["throttled_total"]
        names = [self.fresh("n") for _ in range(100)]
        c.send(*["NICK " + n for n in names])
        c.expect("NICK", names[-1])
        return self.d.stats()["throttled_total"] - before

    def test_many_rooms(self):
        """What is told in many rooms costs more than what nobody hears of."""
        c = self.irc("mover")
        self.assertEqual(self.throttled(c), 0)
        for i in range(0, 96, 16):
            c.send("JOIN " + ",".join("#room%d" % k for k in range(i, i + 16)))
        c.expect("366", None, "#room95")
        self.assertGreater(self.throttled(c), 0)


if __name__ == "__main__":
    main()
