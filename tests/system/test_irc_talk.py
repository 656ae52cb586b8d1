#!/usr/bin/env python3
"""IRC: PRIVMSG, NOTICE, TAGMSG, echoes, labels, REDACT. From modern.ircdocs.horse and the IRCv3 specifications of message-tags,
echo-message, labeled-response and draft/message-redaction."""

from harness import main
from irc import IrcCase

TAGS = ("message-tags",)
ECHO = ("echo-message", "message-tags", "server-time")
LABELS = ("batch", "labeled-response")


class Talk(IrcCase):
    config = dict(IrcCase.config, limits={"line_rate": 0})

    # -- whom

    def test_to_a_channel_and_a_nick(self):
        a, b, c = self.irc("a"), self.irc("b"), self.irc("c")
        chan = self.channel(a, b)
        self.assertEqual(a.answers("PRIVMSG %s :hello  there " % chan), [])
        m = b.expect("PRIVMSG", chan, "hello  there ")
        self.assertEqual(m.source, "%s!user@127.0.0.1" % a.nick)
        self.assertEqual(m.tags, {})
        a.send("NOTICE %s word" % chan.upper())
        b.expect("NOTICE", chan, "word")
        a.send("PRIVMSG %s ::)" % b.nick.upper())
        b.expect("PRIVMSG", b.nick, ":)")
        a.send("NOTICE %s :n" % b.nick)
        b.expect("NOTICE", b.nick, "n")
        self.assertEqual(c.sync(), [])
        self.assertEqual(a.sync(), [])

    def test_to_oneself(self):
        a = self.irc("a")
        self.assertEqual([m.line.split(" ", 1)[1] for m in a.answers("PRIVMSG %s :me" % a.nick)],
                         ["PRIVMSG %s :me" % a.nick])
        b = self.irc("b", LABELS + ECHO)
        got = b.answers("@label=x PRIVMSG %s :me" % b.nick)
        self.assertEqual(self.commands(got), ["PRIVMSG", "PRIVMSG"])
        self.assertEqual(sorted(m.tags.get("label", "") for m in got), ["", "x"])
        self.assertEqual(got[0].tags["msgid"], got[1].tags["msgid"])

    def test_errors(self):
        a = self.irc("a")
        chan = self.channel(a)
        for line, num, params in (
                ("PRIVMSG", "411", []), ("PRIVMSG :", "411", []), ("PRIVMSG ,,", "411", []),
                ("PRIVMSG " + chan, "412", []), ("PRIVMSG %s :" % chan, "412", []),
                ("PRIVMSG %s :\x07\x1b" % chan, "412", []), ("PRIVMSG %s :\x01\x01" % chan, "412", []),
                ("PRIVMSG nobody-here :x", "401", ["nobody-here"]),
                ("PRIVMSG #nowhere-here :x", "403", ["#nowhere-here"]),
                ("PRIVMSG # :x", "403", ["#"]), ("PRIVMSG @nobody :x", "401", ["@nobody"]),
                ("PRIVMSG %s :x" % ("n" * 200), "401", ["n" * 200]),
                ("PRIVMSG #%s :x" % ("n" * 200), "403", ["#" + "n" * 200]),
                ("PRIVMSG a,b,c,d,e :x", "407", None), ("TAGMSG x", "421", ["TAGMSG"]), ("TAGMSG", "461", ["TAGMSG"])):
            got = a.answers(line)
            self.assertEqual(self.commands(got), [num], line)
            if params is not None:
                self.assertEqual(got[0].params[1:-1], params)
            self.assertEqual(got[0].params[0], a.nick)
        for line in ("NOTICE", "NOTICE " + chan, "NOTICE nobody-here :x", "NOTICE #nowhere-here :x",
                     "NOTICE %s :x" % ("n" * 200), "NOTICE a,b,c,d,e :x"):
            self.assertEqual(a.answers(line), [], line)

    def test_errors_with_labels(self):
        a = self.irc("a", LABELS + TAGS)
        for line, command in (("PRIVMSG", "411"), ("PRIVMSG x", "412"), ("PRIVMSG nobody-here :x", "401"),
                              ("PRIVMSG a,b,c,d,e :x", "407"), ("NOTICE nobody-here :x", "ACK"), ("NOTICE", "ACK"),
                              ("PRIVMSG %s :x" % ("n" * 200), "401"), ("TAGMSG nobody-here", "401"), ("NOSUCH", "421")):
            got = a.answers("@label=l;+x=y " + line)
            self.assertEqual(self.commands(got), [command], line)
            self.assertEqual(got[0].tags, {"label": "l"})

    def test_lists_of_targets(self):
        a, b, c = self.irc("a"), self.irc("b"), self.irc("c")
        chan = self.channel(a, b)
        got = a.answers("PRIVMSG %s,nobody-1,,%s,#nowhere-2 :to all" % (chan, c.nick))
        self.assertEqual([(m.command, m.params[1]) for m in got], [("401", "nobody-1"), ("403", "#nowhere-2")])
        b.expect("PRIVMSG", chan, "to all")
        c.expect("PRIVMSG", c.nick, "to all")
        got = a.answers("PRIVMSG %s,%s,%s,@bad :x" % ("n" * 99, b.nick, c.nick))
        self.assertEqual([m.params[1] for m in got], ["n" * 99, "@bad"])

    def test_label_of_a_list(self):
        a, b = self.irc("a", LABELS + ECHO), self.irc("b", TAGS)
        chan = self.channel(a, b)
        got = a.answers("@label=many PRIVMSG %s,nobody-1,%s :x" % (chan, b.nick))
        self.assertEqual(self.commands(got), ["BATCH", "PRIVMSG", "401", "PRIVMSG", "BATCH"])
        self.assertEqual(got[0].tags["label"], "many")
        self.assertEqual(got[0].params[1], "labeled-response")
        for m in got[1:4]:
            self.assertEqual(m.tags["batch"], got[0].params[0][1:])
            self.assertNotIn("label", m.tags)
        theirs = [m for m in b.sync() if m.command == "PRIVMSG"]
        self.assertEqual([m.tags["msgid"] for m in theirs], [got[1].tags["msgid"], got[3].tags["msgid"]])
        self.assertNotEqual(got[1].tags["msgid"], got[3].tags["msgid"])

    def test_moderated_and_outside(self):
        a, b, c = self.irc("a"), self.irc("b"), self.irc("c")
        chan = self.channel(a, b)
        a.ask("MODE %s +mn" % chan, "MODE", chan)
        for who in (b, c):
            got = who.answers("PRIVMSG %s :x" % chan)
            self.assertEqual([m.command for m in got if m.command != "MODE"], ["404"])
            self.assertEqual(got[-1].params[1], chan)
            self.assertEqual([m for m in who.answers("NOTICE %s :x" % chan)], [])
        a.send("MODE %s +v %s" % (chan, b.nick))
        b.expect("MODE", chan)
        b.send("PRIVMSG %s :voiced" % chan)
        a.expect("PRIVMSG", chan, "voiced")

    def test_statusmsg(self):
        a, b, c = self.irc("a", ECHO), self.irc("b"), self.irc("c")
        chan = self.channel(a, b, c)
        a.ask("MODE %s +v %s" % (chan, b.nick), "MODE", chan)
        b.sync(), c.sync()
        a.send("PRIVMSG @%s :ops" % chan, "NOTICE +%s :voices" % chan, "PRIVMSG %%%s :half" % chan)
        a.expect("PRIVMSG", "@" + chan, "ops")
        a.expect("NOTICE", "+" + chan, "voices")
        a.expect("PRIVMSG", "%" + chan, "half")
        self.assertEqual([m.params for m in b.sync()], [["+" + chan, "voices"]])
        self.assertEqual(c.sync(), [])
        c.send("PRIVMSG @%s :please" % chan)
        a.expect("PRIVMSG", "@" + chan, "please")
        self.assertEqual(self.commands(self.irc("d").answers("PRIVMSG @%s :x" % chan)), ["404"])

    def test_away(self):
        a, b = self.irc("a", LABELS + ECHO), self.irc("b")
        b.ask("AWAY :gone fishing", "306")
        got = a.answers("PRIVMSG %s :x" % b.nick)
        self.assertEqual(self.commands(got), ["PRIVMSG", "301"])
        self.assertEqual(got[1].params, [a.nick, b.nick, "gone fishing"])
        self.assertEqual(self.commands(a.answers("NOTICE %s :x" % b.nick)), ["NOTICE"])
        got = a.answers("@label=1 PRIVMSG %s :x" % b.nick)
        self.assertEqual(self.commands(got), ["BATCH", "PRIVMSG", "301", "BATCH"])

    # -- what

    def test_ctcp(self):
        a, b, t = self.irc("a"), self.irc("b"), self.client("t")
        chan = self.channel(a, b)
        t.send("/join " + chan[1:])
        b.expect("JOIN", chan)
        for line, text in (("\x01ACTION waves\x01", "\x01ACTION waves\x01"), ("\x01ACTION waves", "\x01ACTION waves\x01"),
                           ("\x01VERSION\x01", "\x01VERSION\x01"), ("\x01PING 1 2\x01", "\x01PING 1 2\x01"),
                           ("\x01action x\x01y\x01", "\x01ACTION xy\x01"), ("\x01ACTION\x01", "\x01ACTION\x01"),
                           ("a\x01b", "ab"), ("\x01 x", " x")):
            a.send("PRIVMSG %s :%s" % (chan, line))
            b.expect("PRIVMSG", chan, text)
        a.send("NOTICE %s :\x01VERSION x 1\x01" % b.nick)
        b.expect("NOTICE", b.nick, "\x01VERSION x 1\x01")
        t.expect(r"\* %s waves" % a.nick)
        a.ask("MODE %s +C" % chan, "MODE", chan)
        self.assertEqual(self.commands(a.answers("PRIVMSG %s :\x01VERSION\x01" % chan)), ["404"])
        self.assertEqual(a.answers("PRIVMSG %s :\x01ACTION may\x01" % chan), [])
        b.expect("PRIVMSG", chan, "\x01ACTION may\x01")

    def test_formatting_is_kept_controls_are_not(self):
        a, b, t = self.irc("a"), self.irc("b"), self.client("t")
        chan = self.channel(a, b)
        t.send("/join " + chan[1:])
        b.expect("JOIN", chan)
        a.send("PRIVMSG %s :\x02bold\x02 \x0304,05red\x0f \x1b[2Jcls \u009b31m \x07bell" % chan)
        m = b.expect("PRIVMSG", chan)
        self.assertEqual(m.params[1], "\x02bold\x02 \x0304,05red\x0f cls  bell")
        self.assertNotRegex(m.params[1], "[\x07\x1b\u009b]")
        t.expect("bold red cls  bell")

    def test_long_lines_are_whole(self):
        """A line of 510 bytes is longer when it has a source: it is split, nothing of it is lost."""
        a, b, f = self.irc("a", ECHO), self.irc("b"), self.irc("f", TAGS)
        chan = self.channel(a, b, f)
        for unit in ("x", "wörter ", "漢字", "👍🏽 ", "e\u0301"):
            text = (unit * 510).encode()[:510 - len("PRIVMSG %s :" % chan)].decode(errors="ignore")
            a.send("PRIVMSG %s :%s" % (chan, text))
            for c in (a, b, f):
                got = [m for m in c.until(lambda m, left=[text]: left.__setitem__(
                    0, left[0][len(m.params[1]):]) or not left[0]) if m.command == "PRIVMSG"]
                self.assertEqual("".join(m.params[1] for m in got), text)
                self.assertGreater(len(got), 1)
                for m in got:
                    self.assertLessEqual(len(m.line.partition(" ")[2].encode() if m.tags else m.line.encode()), 510)
                if c is f:
                    self.assertEqual(["msgid" in m.tags for m in got], [True] + [False] * (len(got) - 1))

    def test_too_long_and_not_utf8(self):
        a = self.irc("a", ("standard-replies",))
        chan = self.channel(a)
        a.send("PRIVMSG nobody-here :x", "PRIVMSG %s :%s" % (chan, "x" * 600), b"PRIVMSG nobody-2 :\xff", "PRIVMSG nobody-3 :x")
        self.assertEqual(self.commands([a.next() for i in range(4)]), ["401", "417", "FAIL", "401"])

    def test_order_of_what_the_worker_refuses(self):
        a = self.irc("a")
        chan = self.channel(a)
        for i in range(30):
            a.send("PRIVMSG nobody-here :x", "PRIVMSG", "PRIVMSG #nowhere-here :x", "PRIVMSG " + chan, "TAGMSG x",
                   "PRIVMSG nobody,%s,#nowhere :x" % ("n" * 99), "PRIVMSG a,b,c,d,e :x")
        for i in range(30):
            self.assertEqual(self.commands([a.next() for k in range(9)]),
                             ["401", "411", "403", "412", "421", "401", "401", "403", "407"])

    # -- tags

    def test_client_only_tags(self):
        a, b, c = self.irc("a", TAGS), self.irc("b", ECHO), self.irc("c")
        chan = self.channel(a, b, c)
        a.send("@+typing=active;secret=1;+vendor.example/x=a\\sb PRIVMSG %s :x" % chan)
        m = b.expect("PRIVMSG", chan)
        self.assertEqual({k: v for k, v in m.tags.items() if k not in ("msgid", "time")},
                         {"+typing": "active", "+vendor.example/x": "a b"})
        self.assertEqual(c.expect("PRIVMSG", chan).tags, {})
        a.send("@+typing=done TAGMSG " + chan, "TAGMSG " + chan)
        m = b.expect("TAGMSG", chan)
        self.assertEqual(m.tags["+typing"], "done")
        self.assertRegex(m.tags["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        self.assertIn("msgid", m.tags)
        b.expect("TAGMSG", chan)
        self.assertEqual(c.sync(), [])
        self.assertEqual(self.commands(b.answers("@+react=1 TAGMSG %s,nobody-here" % chan)), ["TAGMSG", "401"])
        c.send("@+x=1 PRIVMSG %s :no cap" % chan)
        self.assertNotIn("+x", b.expect("PRIVMSG", chan, "no cap").tags)

    def test_echo_and_ids(self):
        a, b, t = self.irc("a", ECHO), self.irc("b", ECHO), self.client("t")
        chan = self.channel(a, b)
        for target in (chan, b.nick):
            a.send("PRIVMSG %s :x" % target)
            mine, theirs = a.expect("PRIVMSG", target), b.expect("PRIVMSG", target)
            self.assertEqual(mine.line, theirs.line)
        ids = set()
        for i in range(20):
            a.send("NOTICE %s :%d" % (chan, i))
            ids.add(a.expect("NOTICE", chan, str(i)).tags["msgid"])
        self.assertEqual(len(ids), 20)

    def test_labels(self):
        a = self.irc("a", LABELS)
        chan = self.channel(a)
        for tag, label in (("label=x", "x"), ("label=%s" % ("y" * 64), "y" * 64), ("label=a\\sb\\:\\\\", "a b;\\"),
                           ("label=1;label=2", "2"), ("label=ünï", "ünï")):
            got = a.answers("@%s PRIVMSG %s :x" % (tag, chan))
            self.assertEqual(self.commands(got), ["ACK"])
            self.assertEqual(got[0].tags, {"label": label})
            self.assertEqual(got[0].params, [])
        for tag in ("label", "label=", "label=" + "y" * 65):
            self.assertEqual(a.answers("@%s PRIVMSG %s :x" % (tag, chan)), [], tag)
        b = self.irc("b", ("labeled-response",))
        self.assertEqual(b.answers("@label=x PRIVMSG nobody-here :x")[0].tags, {})
        c = self.irc("c")
        self.assertEqual(c.answers("@label=x PRIVMSG nobody-here :x")[0].tags, {})
        a.send("@label=bye QUIT :x")
        got = a.expect_eof()
        self.assertEqual(self.commands(got), ["ERROR"])
        self.assertEqual(got[0].tags, {"label": "bye"})

    # -- REDACT

    def test_redact(self):
        caps = ECHO + ("draft/message-redaction",)
        a, b, c, plain = self.irc("a", caps), self.irc("b", caps), self.irc("c", caps), self.irc("p", TAGS)
        chan = self.channel(a, b, plain)
        b.send("PRIVMSG %s :oops" % chan)
        msgid = a.expect("PRIVMSG", chan).tags["msgid"]
        b.expect("PRIVMSG", chan), plain.expect("PRIVMSG", chan)
        b.send("REDACT %s %s :typo" % (chan, msgid))
        for who in (a, b):
            m = who.expect("REDACT", chan, msgid, "typo")
            self.assertEqual(m.nick, b.nick)
        self.assertEqual(plain.sync(), [])
        a.send("PRIVMSG %s :mine" % chan)
        msgid = a.expect("PRIVMSG", chan).tags["msgid"]
        for who, line, params in (
                (b, "REDACT %s %s" % (chan, msgid), ["REDACT", "REDACT_FORBIDDEN", chan, msgid]),
                (b, "REDACT %s nonsense" % chan, ["REDACT", "UNKNOWN_MSGID", chan, "nonsense"]),
                (b, "REDACT %s %s" % (a.nick, msgid), ["REDACT", "UNKNOWN_MSGID", a.nick, msgid]),
                (b, "REDACT nobody-here " + msgid, ["REDACT", "INVALID_TARGET", "nobody-here"]),
                (c, "REDACT %s %s" % (chan, msgid), ["REDACT", "INVALID_TARGET", chan])):
            who.sync()
            got = who.answers(line)
            self.assertEqual(self.commands(got), ["FAIL"], line)
            self.assertEqual(got[0].params[:-1], params)
        b.send("PRIVMSG %s :spam" % chan)
        msgid = a.expect("PRIVMSG", chan, "spam").tags["msgid"]
        a.send("REDACT %s %s" % (chan, msgid))
        self.assertEqual(b.expect("REDACT").params, [chan, msgid])
        self.assertEqual(self.commands(a.answers("REDACT " + chan)), ["461"])
        self.assertEqual(self.commands(plain.answers("REDACT %s %s" % (chan, msgid))), ["421"])

    def test_redact_between_two(self):
        caps = ECHO + LABELS + ("draft/message-redaction",)
        a, b = self.irc("a", caps), self.irc("b", caps)
        a.send("PRIVMSG %s :x" % b.nick)
        msgid = b.expect("PRIVMSG", b.nick).tags["msgid"]
        a.sync()
        got = b.answers("REDACT %s %s" % (a.nick, msgid))
        self.assertEqual(got[0].params[1], "REDACT_FORBIDDEN")
        got = a.answers("@label=r REDACT %s %s :sorry" % (b.nick, msgid))
        self.assertEqual(self.commands(got), ["REDACT"])
        self.assertEqual(got[0].tags["label"], "r")
        b.expect("REDACT", b.nick, msgid, "sorry")
        self.assertEqual(self.commands(self.irc("c", LABELS + ("draft/message-redaction",)).answers(
            "@label=q REDACT %s %s" % (b.nick, msgid))), ["FAIL"])


class Killed(IrcCase):
    config = dict(IrcCase.config, limits={"line_rate": 0})

    def test_labels_across_brokers(self):
        """Each labelled message is answered once, whatever happens to the broker meanwhile."""
        a, b = self.irc("a", LABELS + ECHO), self.irc("b", ECHO)
        chan = self.channel(a, b)
        n, kills = 2000, 5
        for k in range(kills):
            lo, hi = k * n // kills, (k + 1) * n // kills
            a.send(*("@label=L%d PRIVMSG %s :%d" % (i, chan, i) for i in range(lo, hi)))
            a.expect("PRIVMSG", chan, str(lo + (hi - lo) // 3))
            self.d.kill_role("broker")
        a.expect("PRIVMSG", chan, str(n - 1))
        a.sync()
        mine = [m for m in a.seen if m.command == "PRIVMSG" or "label" in m.tags]
        self.assertEqual([(m.tags.get("label"), m.params[1]) for m in mine], [("L%d" % i, str(i)) for i in range(n)])
        b.expect("PRIVMSG", chan, str(n - 1))
        theirs = [m for m in b.seen if m.command == "PRIVMSG"]
        self.assertEqual([(m.params[1], m.tags["msgid"]) for m in theirs],
                         [(m.params[1], m.tags["msgid"]) for m in mine])
        self.assertEqual(sorted(set(m.tags["msgid"] for m in mine)), [m.tags["msgid"] for m in mine])


if __name__ == "__main__":
    main()
