#!/usr/bin/env python3
"""What clients rely on that is easily got wrong, by area."""

from harness import main, merged
from irc import IrcCase
from test_irc_oper import OperCase

TAGS = ("message-tags", "echo-message", "batch", "labeled-response")


class Lines(IrcCase):
    def test_endless(self):
        """After 16 KiB of one line the connection is closed, whether its end comes in the same piece or not."""
        for pieces in (1, 7, 16398):
            for caps in ((), ("message-tags",)):
                c = self.irc("c", caps)
                line = b"PRIVMSG x " + b"a" * 16388 + b"\r\n"
                step = -(-len(line) // pieces)
                try:
                    for at in range(0, len(line), step):
                        c.send_raw(line[at:at + step])
                except (BrokenPipeError, ConnectionResetError):
                    pass
                c.expect_eof()

    def test_just_too_long(self):
        for n in (600, 4700, 16300):
            c = self.irc("c")
            c.send("PRIVMSG x " + "a" * n, "VERSION")
            self.assertEqual(c.expect("417").params[-1], "Input line was too long")
            c.expect("351")


class LastWords(IrcCase):
    config = merged(IrcCase.config, {"irc": {"password": "secret"}})

    def test_are_read(self):
        """Who is still talking when the server ends the connection learns why, and does not just see it reset."""
        for i in range(40):
            c = self.irc_raw()
            for line in ("NICK foo", "USER u 0 * :r", "PASS secret", "PING a", "PING b"):
                try:
                    c.send(line)
                except (BrokenPipeError, ConnectionResetError):
                    pass
            c.expect("464", "foo")
            c.expect("ERROR")


class WhoisKeys(IrcCase):
    def test_keys(self):
        """RPL_WHOISKEYVALUE for those who know metadata, before the end of the answer."""
        caps = ("batch", "draft/metadata-3")
        a, b, c = self.irc("a", caps), self.irc("b", caps), self.irc("c")
        self.assertEqual([m.command for m in b.answers("WHOIS " + a.nick) if m.command == "760"], [])
        a.ask("METADATA * SET display-name :A A", "761")
        a.ask("METADATA * SET url :http://x", "761")
        got = b.answers("WHOIS " + a.nick)
        self.assertEqual(sorted(m.params for m in got if m.command == "760"),
                         [[b.nick, a.nick, "display-name", "*", "A A"], [b.nick, a.nick, "url", "*", "http://x"]])
        self.assertEqual(got[-1].command, "318")
        self.assertNotIn("760", self.commands(c.answers("WHOIS " + a.nick)))


class Redact(OperCase):
    def test_target_comes_first(self):
        """A place where nothing can be taken back is told before the message is looked for (message-redaction)."""
        a = self.irc("a", TAGS + ("draft/message-redaction",))
        for target in ("#nowhere", "nobody-here"):
            for msgid in ("what", "0000g0000000k"):
                a.ask("REDACT %s %s" % (target, msgid), "FAIL", "REDACT", "INVALID_TARGET", target)
        chan = self.channel(a)
        a.ask("REDACT %s what" % chan, "FAIL", "REDACT", "UNKNOWN_MSGID", chan, "what")

    def test_operators_keep_order_everywhere(self):
        caps = TAGS + ("draft/message-redaction",)
        a, b, far = self.irc("a", caps), self.irc("b", caps), self.irc("far", caps)
        chan = self.channel(a, b)
        a.ask("MODE %s +s" % chan, "MODE", chan, "+s")
        mark = self.d.log_mark()
        msgid = b.ask("PRIVMSG %s :sell" % chan, "PRIVMSG").tags["msgid"]
        for level, block in (("", None), ("read", "look")):
            if block:
                self.become(far, block)
            far.ask("REDACT %s %s" % (chan, msgid), "FAIL", "REDACT", "INVALID_TARGET", chan)
        op = self.oper("op", caps=caps)
        op.ask("REDACT #nowhere %s" % msgid, "FAIL", "REDACT", "INVALID_TARGET", "#nowhere")
        op.ask("REDACT %s what" % chan, "FAIL", "REDACT", "UNKNOWN_MSGID", chan, "what")
        op.ask("REDACT %s %s :spam" % (chan, msgid), "REDACT", chan, msgid, "spam")
        for c in (a, b):
            self.assertEqual(c.expect("REDACT", chan, msgid, "spam").nick, op.nick)
        self.d.expect_log(r"oper op \(user %s, .*\): redact in %s" % (op.nick, chan[1:]), mark)


class Tags(IrcCase):
    def test_short_ones_on_all_lines(self):
        """Without draft/multiline a message of several lines has its client-only tags on each, unless they are long."""
        a, b = self.irc("a", TAGS + ("draft/multiline",)), self.irc("b", TAGS)
        chan = self.channel(a, b)
        for value, seen in (("y", ["y", "y"]), ("y" * 253, ["y" * 253] * 2), ("y" * 254, ["y" * 254, None]), ("y" * 4000, ["y" * 4000, None])):
            a.send("@+x=%s BATCH +1 draft/multiline %s" % (value, chan), "@batch=1 PRIVMSG %s :one" % chan,
                   "@batch=1 PRIVMSG %s :two" % chan, "BATCH -1")
            got = [b.expect("PRIVMSG", chan, text) for text in ("one", "two")]
            self.assertEqual([m.tags.get("+x") for m in got], seen)
            self.assertEqual(["msgid" in m.tags for m in got], [True, False])


class Topic(IrcCase):
    def test_unchanged(self):
        """Nobody is told of a topic that is what it was; who set it, and when, stays too. A label is acknowledged."""
        a, b = self.irc("a", TAGS), self.irc("b")
        chan = self.channel(a, b)
        a.ask("MODE %s -t" % chan, "MODE")
        for i, text in enumerate(("", "one", "")):
            if i > 0:
                a.ask("TOPIC %s :%s" % (chan, text), "TOPIC", chan, text)
                b.expect("TOPIC", chan, text)
            was = a.answers("TOPIC " + chan)
            self.assertEqual(b.answers("TOPIC %s :%s" % (chan, text)), [])
            self.assertEqual(a.answers("@label=x TOPIC %s :%s" % (chan, text))[0].command, "ACK")
            self.assertEqual([m.params for m in a.answers("TOPIC " + chan)], [m.params for m in was])


if __name__ == "__main__":
    main()
