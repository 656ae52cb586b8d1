#!/usr/bin/env python3
"""IRC: what people say of themselves, and who is told. AWAY, SETNAME, CHGHOST; away-notify, setname, chghost, account-tag,
extended-join, account-notify."""

from harness import main
from irc import IrcCase


class About(IrcCase):
    # --- AWAY (https://modern.ircdocs.horse/#away-message, https://ircv3.net/specs/extensions/away-notify)

    def test_away(self):
        alice, bob = self.irc("alice"), self.irc("bob")
        self.assertEqual(self.commands(alice.answers("AWAY :out for lunch")), ["306"])
        m = bob.ask("PRIVMSG %s :hi" % alice.nick, "301")
        self.assertEqual(m.params, [bob.nick, alice.nick, "out for lunch"])
        self.assertEqual(bob.ask("WHOIS " + alice.nick, "301").params[1:], [alice.nick, "out for lunch"])
        self.assertTrue(bob.ask("WHO " + alice.nick, "352").params[6].startswith("G"))
        self.assertRegex(bob.ask("USERHOST " + alice.nick, "302").params[1], "^%s=-" % alice.nick)
        # a message is no return; NOTICE is not answered
        alice.answers("PRIVMSG %s :hi" % bob.nick)
        bob.ask("PRIVMSG %s :hi" % alice.nick, "301")
        self.assertNotIn("301", self.commands(bob.answers("NOTICE %s :hi" % alice.nick)))
        for line in ("AWAY", "AWAY :"):
            self.assertEqual(self.commands(alice.answers("AWAY :x")), ["306"])
            self.assertEqual(self.commands(alice.answers(line)), ["305"])
            self.assertEqual(self.commands(bob.answers("PRIVMSG %s :hi" % alice.nick)), [])
        self.assertEqual(self.commands(alice.answers("AWAY")), ["305"])

    def test_away_notify(self):
        caps = ("away-notify",)
        alice, bob, carol, dave = self.irc("alice", caps), self.irc("bob", caps), self.irc("carol"), self.irc("dave", caps)
        self.channel(alice, bob, carol)
        self.channel(alice, bob)
        alice.ask("AWAY :gone fishing", "306")
        got = [m for m in bob.sync()]
        self.assertEqual([(m.command, m.nick, m.params) for m in got], [("AWAY", alice.nick, ["gone fishing"])])
        self.assertEqual(got[0].source, alice.nick + "!user@127.0.0.1")
        alice.ask("AWAY :another text", "306")
        self.assertEqual(bob.expect("AWAY").params, ["another text"])
        alice.ask("AWAY", "305")
        self.assertEqual(bob.expect("AWAY").params, [])
        # not to oneself, to those without the capability, or in none of the rooms
        self.assertEqual((alice.sync(), carol.sync(), dave.sync()), ([], [], []))

    def test_away_in_telnet(self):
        bob, telnet = self.irc("bob", caps=("away-notify",)), self.client("tel")
        chan = self.channel(bob)
        telnet.ask("/join " + chan[1:], "^You are in")
        bob.expect("JOIN")
        telnet.send("/away reading")
        m = bob.expect("AWAY")
        self.assertEqual((m.nick, m.params), (telnet.name, ["reading"]))
        telnet.send("/away")
        self.assertEqual(bob.expect("AWAY").params, [])

    def test_away_text(self):
        alice, bob = self.irc("alice"), self.irc("bob")
        alice.ask(b"AWAY :a\x01b\x02c\x1b[2Jd", "306")
        text = bob.ask("WHOIS " + alice.nick, "301").params[-1]
        self.assertNotIn("\x1b", text)
        self.assertIn("\x02", text)

    # --- SETNAME (https://ircv3.net/specs/extensions/setname)

    def test_setname(self):
        alice, bob, carol = self.irc("alice", caps=("setname",)), self.irc("bob", caps=("setname",)), self.irc("carol")
        self.channel(alice, bob, carol)
        self.channel(alice, bob)
        for real in ("Alice in Ghent", "Älice: \x02bold\x02"):
            alice.send("SETNAME :" + real)
            m = alice.expect("SETNAME")
            self.assertEqual((m.source, m.params), (alice.nick + "!user@127.0.0.1", [real]))
            got = bob.sync()
            self.assertEqual([(m.command, m.source, m.params) for m in got], [("SETNAME", m.source, [real])])
            self.assertEqual(carol.sync(), [])
            self.assertEqual(carol.ask("WHOIS " + alice.nick, "311").params[-1], real)
            self.assertTrue(carol.ask("WHO " + alice.nick, "352").params[-1].endswith(" " + real))
            carol.sync()
        # the server does it for those who do not know what it says, too
        self.assertEqual(carol.answers("SETNAME :Carol"), [])
        self.assertEqual(bob.expect("SETNAME").nick, carol.nick)
        self.assertEqual(carol.ask("WHOIS " + carol.nick, "311").params[-1], "Carol")

    def test_setname_refused(self):
        alice = self.irc("alice", caps=("setname", "standard-replies"))
        n = int(alice.isupport["NAMELEN"])
        for real in ("r" * (n + 1), "", "a\x1bb"):
            got = alice.answers("SETNAME :" + real)
            self.assertEqual([(m.command, m.params[:2]) for m in got], [("FAIL", ["SETNAME", "INVALID_REALNAME"])], repr(real))
        self.assertEqual(self.commands(alice.answers("SETNAME")), ["461"])
        self.assertEqual(alice.ask("WHOIS " + alice.nick, "311").params[-1], "Real Name")

    def test_labels(self):
        """The echo of what changed is the answer; where it is not shown, an ACK."""
        caps = ("labeled-response", "batch")
        alice, bob = self.irc("alice", caps + ("setname",)), self.irc("bob", caps)
        for c, want in ((alice, "SETNAME"), (bob, "ACK")):
            got = c.answers("@label=s SETNAME :New")
            self.assertEqual([(m.command, m.tags.get("label")) for m in got], [(want, "s")])
            got = c.answers("@label=a AWAY :x")
            self.assertEqual([(m.command, m.tags.get("label")) for m in got], [("306", "a")])
            got = c.answers("@label=u MODE %s +w" % c.nick)
            self.assertEqual([(m.command, m.tags.get("label")) for m in got], [("MODE", "u")])
            got = c.answers("@label=v MODE %s +w" % c.nick)
            self.assertEqual([(m.command, m.tags.get("label")) for m in got], [("ACK", "v")])

    # --- CHGHOST (https://ircv3.net/specs/extensions/chghost)

    def test_chghost(self):
        alice, bob, carol = self.irc("alice", caps=("chghost",)), self.irc("bob", caps=("chghost",)), self.irc("carol")
        self.channel(alice, bob, carol)
        self.channel(alice, bob)
        self.d.ctl("host", alice.nick, "staff.example.org")
        for c in (alice, bob):
            got = c.sync()
            self.assertEqual([(m.command, m.source, m.params) for m in got],
                             [("CHGHOST", alice.nick + "!user@127.0.0.1", ["user", "staff.example.org"])])
        self.assertEqual(carol.sync(), [])
        self.assertEqual(carol.ask("WHOIS " + alice.nick, "311").params[3], "staff.example.org")

    # --- account-tag, extended-join: there are no accounts, and everything has the form for that

    def test_without_accounts(self):
        caps = ("account-tag", "extended-join", "account-notify", "message-tags", "server-time")
        alice, bob, carol = self.irc("alice", caps, real="Al I. Ce"), self.irc("bob", caps), self.irc("carol")
        chan = self.channel(bob, carol)
        alice.send("JOIN " + chan)
        m = bob.expect("JOIN")
        self.assertEqual((m.nick, m.params), (alice.nick, [chan, "*", "Al I. Ce"]))
        self.assertEqual(carol.expect("JOIN").params, [chan])
        self.assertEqual(alice.expect("JOIN").params, [chan, "*", "Al I. Ce"])
        alice.send("PRIVMSG %s :hello" % chan)
        self.assertNotIn("account", bob.expect("PRIVMSG").tags)
        # people of telnet, whose real name is their name
        telnet = self.client("tel")
        telnet.ask("/join " + chan[1:], "^You are in")
        m = bob.expect("JOIN")
        self.assertEqual((m.nick, m.params), (telnet.name, [chan, "*", telnet.name]))


if __name__ == "__main__":
    main()
