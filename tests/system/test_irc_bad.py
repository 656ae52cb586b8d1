#!/usr/bin/env python3
"""What strangers send to the IRC port: no row of it costs anybody else anything."""

import base64
import random
import re
import socket

from harness import Closed, cpu_seconds, main
from irc import IrcCase

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
        self.assertLessEqual(len([m for m in guest.answers("INVITE") if m.command in ("336", "346")]), 100)

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
