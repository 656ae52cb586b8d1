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
                ("PRIVMSG a,b,c,d,e :x", "407", None), ("TAGMSG x", "421", ["TAGMSG"]), ("TAGMSG", "421", ["TAGMSG"])):
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
        """What others are shown is longer by its source, and has to fit a line as well: it is shown whole, or not sent."""
        a, b, f = self.irc("a", ECHO), self.irc("b"), self.irc("f", TAGS)
        chan = self.channel(a, b, f)
        for form in ("PRIVMSG %s :%%s" % chan, "NOTICE %s :%%s" % chan, "PRIVMSG %s :\1ACTION %%s\1" % chan, "PRIVMSG @%s :%%s" % chan,
                     "PRIVMSG %s,%s :%%s" % (b.nick, chan)):
            target = max(form.split()[1].split(","), key=len)
            room = 510 - len(":%s!user@127.0.0.1 " % a.nick) - len(form % "") + len(form.split()[1]) - len(target)
            for unit in ("x", "wörter ", "漢字", "👍🏽 ", "e\u0301"):
                text = (unit * room).encode()[:room].decode(errors="ignore")
                text += "x" * (room - len(text.encode()))
                self.assertNotIn("417", self.commands(a.answers(form % text)), form)
                if not form.startswith("PRIVMSG @"):
                    m = b.expect(form.split()[0], target)
                    self.assertEqual(m.params[1].strip("\1").removeprefix("ACTION "), text)
                    self.assertEqual(len(m.line.encode()), 510)
                self.assertEqual([(m.command, m.params[-1]) for m in a.answers(form % (text + "x"))],
                                 [("417", "Input line was too long")], form)
        a.send("PRIVMSG %s :last" % chan)
        got = f.until(lambda m: m.params[-1] == "last")
        self.assertEqual(len([m for m in got if m.command in ("PRIVMSG", "NOTICE")]), 4 * 5 + 1)

    def test_too_long_and_not_utf8(self):
        a = self.irc("a", ("standard-replies",))
        chan = self.channel(a)
        a.send("PRIVMSG nobody-here :x", "PRIVMSG %s :%s" % (chan, "x" * 600), b"PRIVMSG nobody-2 :\xff", "PRIVMSG nobody-3 :x")
        self.assertEqual(self.commands([a.next() for i in range(4)]), ["401", "417", "FAIL", "401"])

    def test_long_lines_are_refused_in_order(self):
        a = self.irc("a", LABELS)
        chan = self.channel(a)
        for n in (600, 4000, 4700, 9000, 15000):
            a.send("PRIVMSG nobody-1 :x", "PRIVMSG %s :%s" % (chan, "x" * n), "PRIVMSG nobody-2 :x", "@label=l WHOIS nobody-3",
                   "PRIVMSG %s :%s" % (chan, "x" * n), "NOSUCH")
            got = a.until(lambda m: m.command == "421")
            self.assertEqual([(m.command, m.params[1]) for m in got if m.command != "BATCH"],
                             [("401", "nobody-1"), ("417", "Input line was too long"), ("401", "nobody-2"),
                              ("401", "nobody-3"), ("318", "nobody-3"), ("417", "Input line was too long"), ("421", "NOSUCH")], n)

    def test_labels_of_what_is_refused(self):
        a = self.irc("a", LABELS + TAGS + ("standard-replies", "draft/multiline"))
        chan = self.channel(a)
        for line, command, label in (
                ("@label=1 PRIVMSG %s :%s" % (chan, "x" * 600), "417", "1"), ("@label=2 PRIVMSG %s :%s" % (chan, "x" * 9000), "417", "2"),
                ("@label=3;+x=%s TAGMSG %s" % ("y" * 4100, chan), "417", "3"), ("@label=4;+x=%s TAGMSG %s" % ("y" * 9000, chan), "417", "4"),
                (b"@label=5 PRIVMSG x :\xff", "FAIL", "5"), (b"@label=6 PRIVMSG x :\0", "FAIL", "6"), (b"@label=7", "FAIL", "7"),
                ("@+x=%s;label=%s TAGMSG x" % ("y" * 4590, "z" * 60), "417", None), (b"@label=\xff PRIVMSG x :x", "FAIL", None)):
            got = a.answers(line)
            self.assertEqual([(m.command, m.tags.get("label")) for m in got], [(command, label)], line)
            a.send("BATCH +1 draft/multiline " + chan)
            self.assertEqual(self.commands(a.answers(line)), ["FAIL", command], line)
            self.assertEqual(self.commands(a.answers("BATCH -1")), [])
        a.send("@label=open BATCH +1 draft/multiline " + chan)
        got = a.answers("@batch=1;label=line PRIVMSG %s :%s" % (chan, "x" * 600))
        self.assertEqual([(m.command, m.tags) for m in got], [("FAIL", {"label": "open"}), ("417", {"label": "line"})])

    def test_order_of_what_the_worker_refuses(self):
        a = self.irc("a")
        chan = self.channel(a)
        for i in range(30):
            a.send("PRIVMSG nobody-here :x", "PRIVMSG", "PRIVMSG #nowhere-here :x", "PRIVMSG " + chan, "TAGMSG x",
                   "PRIVMSG nobody,%s,#nowhere :x" % ("n" * 99), "PRIVMSG a,b,c,d,e :x")
        for i in range(30):
            self.assertEqual(self.commands([a.next() for k in range(9)]),
                             ["401", "411", "403", "412", "421", "401", "401", "403", "407"])
        a = self.irc("a", TAGS + ("batch", "draft/multiline", "standard-replies"))
        for i in range(30):
            a.send("PRIVMSG nobody-here :x", "@batch=zz PRIVMSG a :x", "PRIVMSG nobody-here :x", "TAGMSG")
        for i in range(30):
            self.assertEqual(self.commands([a.next() for k in range(4)]), ["401", "FAIL", "401", "411"])

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

    def test_limits_of_tags(self):
        """4094 bytes of tags are what a client may send, whatever they are; nothing is cut (message-tags)."""
        a, b = self.irc("a", TAGS + LABELS), self.irc("b", TAGS)
        chan = self.channel(a, b)
        for first in ("+x=", "label=1;+x=", "+a;+b;+x="):
            fits = first + "y" * (4094 - len(first))
            a.send("@%s PRIVMSG %s :fits" % (fits, chan))
            self.assertEqual(b.expect("PRIVMSG", chan, "fits").tags["+x"], "y" * (4094 - len(first)))
            self.assertEqual(self.commands(a.answers("@%s TAGMSG %s" % (fits, chan))), ["ACK"] if "label" in first else [])
            b.expect("TAGMSG", chan)
            for more in (fits + "y", fits + "y" * 4097, fits + "y" * 9000):
                got = a.answers("@%s PRIVMSG %s :too long" % (more, chan))
                self.assertEqual([(m.command, m.params[-1]) for m in got], [("417", "Input line was too long")])
                self.assertEqual(a.answers("@%s TAGMSG %s" % (more, chan))[0].command, "417")
        text = "x" * (510 - len(":%s!user@127.0.0.1 PRIVMSG %s :" % (a.nick, chan)))
        a.send("@+x=%s PRIVMSG %s :%s" % ("y" * 4091, chan, text))
        self.assertEqual(b.expect("PRIVMSG", chan).tags["+x"], "y" * 4091)
        a.send("@+x=y PRIVMSG %s :%sx" % (chan, text))
        a.expect("417")
        a.send("@x=y PRIVMSG %s :last" % chan)
        self.assertNotIn("too long", [m.params[-1] for m in b.until(lambda m: m.params[-1] == "last")])

    def test_kinds_of_tags(self):
        a, b = self.irc("a", TAGS), self.irc("b", TAGS)
        chan = self.channel(a, b)
        for sent, seen in (
                ("+typing=active", {"+typing": "active"}), ("+draft/reply=abc;+draft/react=👍", {"+draft/reply": "abc", "+draft/react": "👍"}),
                ("+a=1;+a=2", {"+a": "2"}), ("+a;+b=;c;d=1", {"+a": "", "+b": ""}),
                ("+a=\\:\\s\\\\\\", {"+a": "; \\"}), ("+a=b\\c", {"+a": "bc"}), ("+a=b=c", {"+a": "b=c"}),
                ("+vendor.example/a-b=1", {"+vendor.example/a-b": "1"}), ("msgid=mine;time=now;account=root;bot;batch=x", {}),
                ("+;+/x;+a_b;=;;;+ok=1", {"+ok": "1"}), ("+a=\\r\\n", None), ("+a=x", None)):
            for command in ("PRIVMSG %s :x", "NOTICE %s :x", "TAGMSG %s"):
                a.send("@%s %s" % (sent, command % chan))
                m = b.expect(command.split()[0], chan)
                self.assertTrue(m.tags.pop("msgid"), sent)
                self.assertNotRegex(m.line, "[\0\r\n\x07]")
                if seen is not None:
                    self.assertEqual(m.tags, seen, sent)

    def test_tagmsg_goes_where_messages_go(self):
        a, b, c, d = self.irc("a", ECHO), self.irc("b", TAGS), self.irc("c", TAGS), self.irc("d", TAGS + LABELS)
        t = self.client("t")
        chan = self.channel(a, b, c)
        t.send("/join " + chan[1:])
        c.expect("JOIN", chan, seconds=None)
        a.ask("MODE %s +nmv %s" % (chan, b.nick), "MODE", chan)
        for who in (a, b, c):
            who.sync()
        a.send("@+x=1 TAGMSG +" + chan)
        self.assertEqual(b.expect("TAGMSG", "+" + chan).tags["+x"], "1")
        self.assertEqual(a.expect("TAGMSG", "+" + chan).tags["+x"], "1")
        b.send("@+x=2 TAGMSG @" + chan)
        self.assertEqual(a.expect("TAGMSG", "@" + chan).tags["+x"], "2")
        self.assertEqual(c.sync(), [])
        for who in (c, d):
            got = who.answers("@+x=3 TAGMSG " + chan)
            self.assertEqual([(m.command, m.params[1]) for m in got], [("404", chan)])
        got = d.answers("@label=9;+x=4 TAGMSG %s,%s" % (a.nick, chan))
        self.assertEqual([(m.command, m.tags) for m in got], [("404", {"label": "9"})])
        self.assertEqual(a.expect("TAGMSG", a.nick).tags["+x"], "4")
        b.ask("AWAY :x", "306")
        self.assertEqual(d.answers("@+x=5 TAGMSG " + b.nick), [])
        d.send("@+x=6 TAGMSG " + t.name)
        d.sync()
        self.assertNotRegex(t.sync(), "TAGMSG|x=|" + d.nick)
        self.assertEqual(a.sync(), [])
        got = a.answers("@+x=7 TAGMSG " + a.nick)
        self.assertEqual([m.tags["+x"] for m in got if m.command == "TAGMSG"], ["7", "7"])

    def test_masks_are_nobody(self):
        """RFC 2812's targets nick!user@host, user@host and user%host name nobody here, nor do masks of servers and hosts."""
        a, b = self.irc("a"), self.irc("b")
        for target in ("%s!user@127.0.0.1", "user@127.0.0.1", "%s@chat.test", "user%%127.0.0.1", "$*.test", "#*.test", "$$chat.test"):
            target = target % b.nick if "%s" in target else target.replace("%%", "%")
            got = a.answers("PRIVMSG %s :x" % target)
            self.assertIn(got[0].command, ("401", "403", "404"))
            self.assertEqual([m.params[1] for m in got], [target])
            self.assertEqual(a.answers("NOTICE %s :x" % target), [])
        self.assertEqual(b.sync(), [])

    def test_targets_that_are_no_words(self):
        a = self.irc("a", TAGS + ("draft/message-redaction",))
        chan = self.channel(a)
        for line, num, params in (
                ("TAGMSG :foo bar", "401", ["*"]), ("TAGMSG :#foo bar", "403", ["#*"]), ("TAGMSG ::x", "401", ["*"]),
                ("TAGMSG :foo bar,x", "401", ["*"]), ("REDACT %s :a b" % chan, "FAIL", ["UNKNOWN_MSGID", chan, "*"]),
                ("REDACT %s ::b" % chan, "FAIL", ["UNKNOWN_MSGID", chan, "*"]), ("REDACT #x :a b", "FAIL", ["INVALID_TARGET", "#x"])):
            got = a.answers(line)
            self.assertEqual(got[0].command, num, line)
            self.assertEqual(got[0].params[1:-1], params, line)

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


    def test_redact_is_for_those_who_asked(self):
        """Not without the capability, whoever sends it; telnet users are told in words; STATUSMSG, TAGMSG, halfops."""
        caps = ECHO + ("draft/message-redaction",)
        a, b, c, t = self.irc("a", caps), self.irc("b", caps), self.irc("c", caps[:3]), self.client("t")
        quiet = self.irc("q", TAGS + LABELS + ("draft/message-redaction",))
        chan = self.channel(a, b, c, quiet)
        t.send("/join " + chan[1:])
        b.expect("JOIN", chan), c.expect("JOIN", chan)
        t.send("from telnet")
        theirs = b.expect("PRIVMSG", chan, "from telnet").tags["msgid"]
        self.assertEqual(self.commands(b.answers("REDACT %s %s" % (chan, theirs))), ["FAIL"])
        a.sync(), c.sync(), t.sync()
        a.ask("MODE %s +h %s" % (chan, b.nick), "MODE", chan)
        b.send("REDACT %s %s :not here" % (chan, theirs))
        for who in (a, b):
            m = who.expect("REDACT", chan, theirs, "not here")
            self.assertEqual(m.source, "%s!user@127.0.0.1" % b.nick)
            self.assertNotIn(m.tags["msgid"], ("", theirs))
        t.expect("%s has taken back a message.*not here" % b.nick)
        self.assertNotIn("REDACT", self.commands(c.sync()))
        b.send("@+x=1 TAGMSG " + chan)
        tags = a.expect("TAGMSG", chan).tags["msgid"]
        b.send("REDACT %s %s" % (chan, tags))
        a.expect("REDACT", chan, tags)
        # without echo-message one's own is only acknowledged
        quiet.send("PRIVMSG %s :x" % chan)
        own = a.expect("PRIVMSG", chan, "x").tags["msgid"]
        quiet.sync()
        got = quiet.answers("@label=1 REDACT %s %s :r" % (chan, own))
        self.assertEqual([(m.command, m.tags) for m in got], [("ACK", {"label": "1"})])
        a.expect("REDACT", chan, own, "r")
        # one from before is taken back by the author alone, and only in the place where it was said
        other = self.channel(a, b)
        self.assertEqual(a.answers("REDACT %s %s" % (other, own))[0].params[1], "UNKNOWN_MSGID")
        self.assertEqual(a.answers("REDACT %s %s" % (chan, "0" * 13))[0].params[1], "UNKNOWN_MSGID")
        self.assertEqual(a.answers("REDACT %s %s" % (chan, "v" * 13))[0].params[1], "UNKNOWN_MSGID")
        self.assertEqual(a.answers("REDACT #nowhere-here " + own)[0].params[1], "INVALID_TARGET")
        self.assertEqual(a.answers("REDACT %s,%s %s" % (chan, other, own))[0].params[1], "INVALID_TARGET")
        a.send("PRIVMSG %s :psst" % t.name)
        msgid = a.expect("PRIVMSG", t.name).tags["msgid"]
        a.send("REDACT %s %s :oops" % (t.name, msgid))
        t.expect("%s has taken back a message.*oops" % a.nick)

    def test_redact_of_many_lines(self):
        caps = ECHO + ("draft/message-redaction", "batch", "draft/multiline")
        a, b = self.irc("a", caps), self.irc("b", caps)
        chan = self.channel(a, b)
        a.send("BATCH +1 draft/multiline " + chan, "@batch=1 PRIVMSG %s :one" % chan, "@batch=1 PRIVMSG %s :two" % chan, "BATCH -1")
        msgid = a.expect("BATCH").tags["msgid"]
        a.send("REDACT %s %s" % (chan, msgid))
        b.expect("REDACT", chan, msgid)


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
