#!/usr/bin/env python3
"""Messages of several lines: IRCv3 draft/multiline (as it stood in 2023: PRIVMSG or NOTICE), and telnet's /paste."""

from harness import main
from irc import IrcCase

MULTI = ("batch", "message-tags", "draft/multiline", "standard-replies")
LABELS = ("labeled-response", "echo-message")


class Multiline(IrcCase):
    def limits(self, c):
        caps = [m for m in c.seen if m.is_("CAP", None, "LS")][0].params[-1].split()
        value = [w for w in caps if w.startswith("draft/multiline=")][0].partition("=")[2]
        return dict((k, int(v)) for k, v in (pair.split("=") for pair in value.split(",")))

    def send(self, c, target, *lines, ref="1", command="PRIVMSG", tags="", end=True):
        """lines: text, or (text,) for one that is joined to the one before it."""
        out = ["%sBATCH +%s draft/multiline %s" % ("@" + tags + " " if tags else "", ref, target)]
        for line in lines:
            concat = isinstance(line, tuple)
            out.append("@batch=%s%s %s %s :%s" % (ref, ";draft/multiline-concat" if concat else "", command, target,
                                                  line[0] if concat else line))
        c.send(*out, *(["BATCH -" + ref] if end else []))

    def batch(self, c):
        """The next batch: its opening line, and [(text, joined)]."""
        first = c.expect("BATCH")
        self.assertTrue(first.params[0].startswith("+"), first)
        self.assertEqual(first.params[1], "draft/multiline")
        got = c.until(lambda m: m.command == "BATCH")
        self.assertEqual(got[-1].params, ["-" + first.params[0][1:]])
        for m in got[:-1]:
            self.assertEqual(m.tags["batch"], first.params[0][1:])
            self.assertLessEqual(set(m.tags), {"batch", "draft/multiline-concat"})
            self.assertEqual(m.params[0], first.params[2])
            self.assertEqual(m.source, first.source)
        return first, [(m.params[1], "draft/multiline-concat" in m.tags) for m in got[:-1]]

    def people(self, **more):
        a = self.irc("a", MULTI + LABELS)
        b, c, t = self.irc("b", MULTI + ("server-time",)), self.irc("c", ("message-tags",)), self.client("t")
        chan = self.channel(a, b, c)
        t.send("/join " + chan[1:])
        for who in (a, b, c):
            who.expect("JOIN", chan)
            who.sync()
        return a, b, c, t, chan

    def test_to_all_kinds(self):
        a, b, c, t, chan = self.people()
        self.send(a, chan, "hello", "", "how is ", ("everyone?",), tags="label=L;+x=y")
        first, lines = self.batch(a)
        want = [("hello", False), ("", False), ("how is ", False), ("everyone?", True)]
        self.assertEqual(lines, want)
        self.assertEqual(first.tags["label"], "L")
        msgid = first.tags["msgid"]
        self.assertEqual(first.tags["+x"], "y")
        first, lines = self.batch(b)
        self.assertEqual(lines, want)
        self.assertEqual((first.tags["msgid"], first.tags["+x"]), (msgid, "y"))
        self.assertIn("time", first.tags)
        self.assertEqual(first.source, "%s!user@127.0.0.1" % a.nick)
        got = c.until(lambda m: m.params[1:] == ["everyone?"])
        self.assertEqual([m.params for m in got], [[chan, "hello"], [chan, "how is "], [chan, "everyone?"]])
        self.assertEqual([m.tags.get("msgid") for m in got], [msgid, None, None])
        self.assertEqual([m.tags.get("+x") for m in got], ["y", "y", "y"])
        for line in ("%s: hello" % a.nick, "  ", "  how is everyone?"):
            t.line(line)

    def test_to_a_nick_and_notices(self):
        a, b, c, t, chan = self.people()
        self.send(a, b.nick, "one", "two")
        self.assertEqual(self.batch(b)[1], [("one", False), ("two", False)])
        self.assertEqual(self.batch(a)[0].params[2], b.nick)
        self.send(a, c.nick, "one", "two", command="NOTICE")
        got = c.until(lambda m: m.params[1:] == ["two"])
        self.assertEqual([(m.command, m.params) for m in got], [("NOTICE", [c.nick, "one"]), ("NOTICE", [c.nick, "two"])])
        self.send(a, "@" + chan, "ops", "only")
        self.assertEqual(self.batch(a)[0].params[2], b.nick if False else c.nick)
        self.assertEqual(self.batch(a)[0].params[2], "@" + chan)
        self.assertEqual(b.sync(), [])

    def test_one_line_is_no_batch(self):
        a, b, c, t, chan = self.people()
        self.send(a, chan, "only one")
        b.expect("PRIVMSG", chan, "only one")
        self.assertFalse([m for m in b.seen if m.command == "BATCH"])

    def test_without_echo(self):
        a, b = self.irc("a", MULTI + ("labeled-response",)), self.irc("b", MULTI)
        chan = self.channel(a, b)
        self.send(a, chan, "x", "y", tags="label=7")
        got = a.sync()
        self.assertEqual([(m.command, m.tags) for m in got], [("ACK", {"label": "7"})])
        self.batch(b)
        b.ask("AWAY :later", "306")
        self.send(a, b.nick, "x", "y", tags="label=8")
        got = a.sync()
        self.assertEqual([(m.command, m.tags) for m in got], [("301", {"label": "8"})])

    def test_label_of_echo_and_more(self):
        """An echo that is a batch, and a line behind it: one within another."""
        a, b = self.irc("a", MULTI + LABELS), self.irc("b", MULTI)
        b.ask("AWAY :later", "306")
        a.sync()
        self.send(a, b.nick, "x", "y", tags="label=9")
        got = a.sync()
        self.assertEqual(self.commands(got), ["BATCH", "BATCH", "PRIVMSG", "PRIVMSG", "BATCH", "301", "BATCH"])
        outer, inner = got[0].params[0][1:], got[1].params[0][1:]
        self.assertEqual([m.tags.get("batch") for m in got], [None, outer, inner, inner, outer, outer, None])
        self.assertEqual([m.tags.get("label") for m in got], ["9"] + [None] * 6)
        self.assertEqual(got[0].params[1], "labeled-response")

    def test_mistakes(self):
        a, b, c, t, chan = self.people()
        limits = self.limits(a)
        full = ["x" * 400] * (limits["max-bytes"] // 400) + ["y" * 400] * 3
        for lines, want in (
                (["x"] * (limits["max-lines"] + 1), ["MULTILINE_MAX_LINES", str(limits["max-lines"])]),
                (full, ["MULTILINE_MAX_BYTES", str(limits["max-bytes"])]),
                (["", ""], ["MULTILINE_INVALID"]), ([], ["MULTILINE_INVALID"]),
                (["a ", ("",), "b"], ["MULTILINE_INVALID"])):
            self.send(a, chan, *lines, tags="label=bad")
            got = a.sync()
            self.assertEqual([(m.command, m.params[1:-1]) for m in got], [("FAIL", want)])
            self.assertEqual(got[0].tags, {"label": "bad"})
            self.assertEqual(got[0].params[0], "BATCH")
        for lines, want in (
                (["BATCH +1 draft/multiline " + chan, "@batch=1 PRIVMSG #other :x", "BATCH -1"],
                 ["MULTILINE_INVALID_TARGET", chan, "#other"]),
                (["BATCH +1 draft/multiline " + chan, "@batch=1 PRIVMSG %s :x" % chan, "@batch=1 NOTICE %s :x" % chan,
                  "BATCH -1"], ["MULTILINE_INVALID"]),
                (["BATCH +1 other-type " + chan], ["MULTILINE_INVALID"]), (["BATCH +1"], ["MULTILINE_INVALID"]),
                (["BATCH +1 draft/multiline"], ["MULTILINE_INVALID"]), (["BATCH -1"], ["MULTILINE_INVALID"]),
                (["BATCH 1 draft/multiline x"], ["MULTILINE_INVALID"]),
                (["BATCH +1 draft/multiline a,b"], ["MULTILINE_INVALID"]),
                (["@batch=9 PRIVMSG %s :x" % chan], ["MULTILINE_INVALID"]),
                (["BATCH +1 draft/multiline " + chan, "BATCH +2 draft/multiline " + chan, "BATCH -1"],
                 ["MULTILINE_INVALID"]),
                (["BATCH +1 draft/multiline " + chan, "BATCH -2", "BATCH -1"], ["MULTILINE_INVALID"]),
                (["BATCH +1 draft/multiline " + chan, "@batch=1 TAGMSG " + chan, "BATCH -1"], ["MULTILINE_INVALID"]),
                (["BATCH +1 draft/multiline " + chan, "NAMES " + chan, "BATCH -1"], ["MULTILINE_INVALID"])):
            a.send(*lines)
            got = [m for m in a.sync() if m.command not in ("353", "366", "TAGMSG")]
            self.assertEqual([(m.command, m.params[1:-1]) for m in got], [("FAIL", want)], lines)
        self.assertEqual([m for m in b.sync() + c.sync() if m.command != "TAGMSG"], [])
        self.assertEqual(self.commands(c.answers("BATCH +1 draft/multiline " + chan)), ["421"])
        # a NOTICE is never answered
        for kind, want in (("PRIVMSG", ["401"]), ("NOTICE", [])):
            a.send("BATCH +1 draft/multiline @nobody", "@batch=1 %s @nobody :x" % kind)
            self.assertEqual(self.commands(a.answers("BATCH -1")), want)

    def test_refused_by_the_room(self):
        a = self.irc("a", MULTI + LABELS)
        self.send(a, "#nowhere-here", "x", "y", tags="label=1")
        self.assertEqual([(m.command, m.tags) for m in a.sync()], [("403", {"label": "1"})])
        self.send(a, "nobody-here", "x", "y")
        self.assertEqual(self.commands(a.sync()), ["401"])
        self.send(a, "nobody-here", "x", "y", command="NOTICE", tags="label=2")
        self.assertEqual([(m.command, m.tags) for m in a.sync()], [("ACK", {"label": "2"})])

    def test_pings_in_between(self):
        a, b, c, t, chan = self.people()
        self.send(a, chan, "x", end=False)
        a.send("PING p", "@batch=1 PRIVMSG %s :y" % chan.upper(), "BATCH -1")
        a.expect("PONG", None, "p")
        self.assertEqual(self.batch(b)[1], [("x", False), ("y", False)])

    def test_as_much_as_may_be(self):
        a, b, c, t, chan = self.people()
        limits = self.limits(a)
        n = limits["max-lines"]
        size = (limits["max-bytes"] - (n - 1)) // n
        lines = ["%02d" % i + "z" * (size - 2) for i in range(n)]
        self.send(a, chan, *lines)
        self.assertEqual([text for text, joined in self.batch(b)[1]], lines)
        self.assertEqual([m.params[1] for m in c.sync()], lines)
        self.batch(a)
        # all joined: what marks the places must not make it too long
        self.send(a, chan, lines[0], *((line,) for line in lines[1:]))
        self.assertEqual("".join(text for text, joined in self.batch(b)[1]), "".join(lines))

    def test_control_characters(self):
        a, b, c, t, chan = self.people()
        self.send(a, chan, "a\x0bb\x01", "\x1b[2Jc")
        self.assertEqual(self.batch(b)[1], [("ab", False), ("c", False)])

    def test_actions(self):
        a, b, c, t, chan = self.people()
        self.send(a, chan, "\x01ACTION waves\x01")
        for who in (b, c):
            who.expect("PRIVMSG", chan, "\x01ACTION waves\x01")
        t.line("* %s waves" % a.nick)
        self.send(a, chan, "\x01ACTION waves ", ("and",), "", "laughs\x01", tags="label=1")
        for who in (a, b, c):
            got = [m for m in who.sync() if m.command == "PRIVMSG"][-3:]
            self.assertEqual([m.params[1] for m in got], ["\x01ACTION %s\x01" % w for w in ("waves ", "and", "laughs")])
        t.expect("^\\* %s waves and" % a.nick)
        self.send(a, chan, "one", "\x01ACTION no\x01")
        self.assertEqual(self.batch(b)[1], [("one", False), ("ACTION no", False)])

    # -- telnet

    def test_paste_to_irc(self):
        a, b, c, t, chan = self.people()
        t.send("/paste", "first", "", "third", ".")
        first, lines = self.batch(b)
        self.assertEqual(lines, [("first", False), ("", False), ("third", False)])
        self.assertEqual(first.nick, t.name)
        self.assertEqual([m.params[1] for m in c.sync()], ["first", "third"])

    def test_long_telnet_line(self):
        a, b, c, t, chan = self.people()
        text = " ".join("wört%03d" % i for i in range(400))[:3500]
        t.send(text)
        first, lines = self.batch(b)
        self.assertEqual("".join(line for line, joined in lines), text)
        self.assertEqual([joined for line, joined in lines], [False] + [True] * (len(lines) - 1))
        got = [m for m in c.sync() if m.command == "PRIVMSG"]
        self.assertEqual("".join(m.params[1] for m in got), text)
        for m in c.seen:
            self.assertLessEqual(len(m.line.partition(" :")[2].encode()), 512)
        self.assertTrue(all(m.params[1].endswith(" ") for m in got[:-1]))


if __name__ == "__main__":
    main()
