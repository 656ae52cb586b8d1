#!/usr/bin/env python3
"""IRC, the core: registration, labels, order, lines; and rooms shared with telnet."""

from harness import main
from irc import IrcCase

LABELS = ("batch", "labeled-response")


class Core(IrcCase):
    def test_one_room_two_conventions(self):
        alice, tom = self.irc("alice"), self.client("tom")
        alice.ask("JOIN #lobby", "366")
        tom.line("%s has entered the chat." % alice.nick)
        alice.send("PRIVMSG #lobby :from irc")
        tom.line("%s: from irc" % alice.nick)
        tom.send("from telnet")
        m = alice.expect("PRIVMSG", "#lobby", "from telnet")
        self.assertEqual(m.source, "%s!telnet@127.0.0.1" % tom.name)
        tom.send("only you@%s" % alice.nick)
        alice.expect("PRIVMSG", alice.nick, "only you")
        alice.send("PRIVMSG %s :\x01ACTION waves\x01" % tom.name)
        tom.expect(r"\* %s .*waves" % alice.nick)

    def test_labels(self):
        alice = self.irc("alice", LABELS + ("echo-message", "message-tags"))
        chan = self.channel(alice)
        m = alice.ask("@label=a PRIVMSG %s :x" % chan, "PRIVMSG")
        self.assertEqual(m.tags["label"], "a")
        self.assertEqual(alice.ask("@label=b PONG x", "ACK").tags["label"], "b")
        got = alice.answers("@label=c NAMES " + chan)
        self.assertEqual(self.commands(got), ["BATCH", "353", "366", "BATCH"])
        self.assertEqual(got[0].tags["label"], "c")
        self.assertTrue(all(m.tags["batch"] == got[0].params[0][1:] for m in got[1:3]))
        self.assertEqual(got[3].params, ["-" + got[0].params[0][1:]])
        m = alice.ask("@label=d PRIVMSG nobody-here :x", "401")
        self.assertEqual(m.tags["label"], "d")

    def test_one_text_for_each(self):
        alice = self.irc("alice")
        chan = self.channel(alice)
        for numeric, text, lines in (
                ("401", "No such nick/channel", ("PRIVMSG nobody :x", "WHOIS nobody", "MODE nobody +i", "INVITE nobody " + chan,
                                                 "KICK %s nobody" % chan, "MODE %s +o nobody" % chan)),
                ("403", "No such channel", ("PRIVMSG #nowhere :x", "TOPIC #nowhere", "TOPIC #nowhere :x", "MODE #nowhere",
                                            "MODE #nowhere +m", "KICK #nowhere x", "PART #nowhere", "INVITE x #nowhere", "PART nowhere"))):
            for line in lines:
                got = alice.answers(line)
                self.assertEqual((got[0].command, got[0].params[-1]), (numeric, text), line)

    def test_order_of_answers(self):
        alice = self.irc("alice", ("echo-message",))
        chan = self.channel(alice)
        for i in range(50):
            alice.send("PRIVMSG %s :%d" % (chan, i), "PING p%d" % i, "PRIVMSG nobody-here :x", "NOSUCH")
        for i in range(50):
            self.assertTrue(alice.next().is_("PRIVMSG", chan, str(i)))
            self.assertTrue(alice.next().is_("PONG", None, "p%d" % i))
            self.assertTrue(alice.next().is_("401"))
            self.assertTrue(alice.next().is_("421"))

    def test_browser(self):
        c = self.irc_raw()
        c.send("POST / HTTP/1.1", "Host: x", "", "NICK evil", "USER a 0 * :b")
        got = c.expect_eof()
        self.assertFalse([m for m in got if m.command == "001"], got)


if __name__ == "__main__":
    main()
