#!/usr/bin/env python3
"""LIST and its conditions (ELIST=CMNTU)."""

from harness import main
from irc import IrcCase


class List(IrcCase):
    def list(self, c, line=""):
        """name -> (members, topic)"""
        c.sync()
        c.send(("LIST " + line).strip())
        got = c.until(lambda m: m.command == "323")
        self.assertEqual(got[0].command, "321")
        self.assertTrue(all(m.command == "322" for m in got[1:-1]), got)
        return {m.params[1]: (m.params[2], m.params[3]) for m in got[1:-1]}

    def test_all(self):
        alice, bob = self.irc("alice"), self.irc("bob")
        a, b = self.channel(alice, bob), self.channel(alice)
        alice.ask("TOPIC %s :about things" % a, "TOPIC")
        got = self.list(bob)
        self.assertEqual(got[a], ("2", "about things"))
        self.assertEqual(got[b], ("1", ""))

    def test_names(self):
        alice, bob = self.irc("alice"), self.irc("bob")
        a, b = self.channel(alice), self.channel(alice)
        self.assertEqual(list(self.list(bob, "%s,#nosuchroom,%s" % (b, a.upper()))), [b, a])
        self.assertEqual(self.list(bob, "#nosuchroom"), {})

    def test_secret(self):
        alice, bob = self.irc("alice"), self.irc("bob")
        a = self.channel(alice)
        alice.ask("MODE %s +s" % a, "MODE")
        self.assertIn(a, self.list(alice))
        self.assertNotIn(a, self.list(bob))
        self.assertEqual(self.list(bob, a), {})
        self.assertIn(a, self.list(alice, a))

    def test_masks(self):
        alice = self.irc("alice")
        a, b = self.channel(alice, stem="apple"), self.channel(alice, stem="berry")
        self.assertIn(a, self.list(alice, "#APPLE*"))
        self.assertNotIn(b, self.list(alice, "*apple*"))
        got = self.list(alice, "*berry*,*apple*")
        self.assertTrue({a, b} <= set(got))
        got = self.list(alice, "!*apple*")
        self.assertIn(b, got)
        self.assertNotIn(a, got)
        self.assertEqual(list(self.list(alice, "%s,%s,!*berry*" % (a, b))), [a])

    def test_members(self):
        alice, bob = self.irc("alice"), self.irc("bob")
        a, b = self.channel(alice, bob), self.channel(alice)
        got = self.list(alice, ">1")
        self.assertIn(a, got)
        self.assertNotIn(b, got)
        got = self.list(alice, "<2")
        self.assertIn(b, got)
        self.assertNotIn(a, got)
        self.assertEqual(list(self.list(alice, "<2,>0,%s,%s" % (a, b))), [b])

    def test_age(self):
        alice = self.irc("alice")
        a, b = self.channel(alice), self.channel(alice)
        alice.ask("TOPIC %s :x" % a, "TOPIC")
        only = "%s,%s," % (a, b)
        self.assertEqual(set(self.list(alice, only + "C<10")), {a, b})
        self.assertEqual(set(self.list(alice, only + "C>10")), set())
        self.assertEqual(set(self.list(alice, only + "T<10")), {a})
        self.assertEqual(set(self.list(alice, only + "T>10")), set())

    def test_label(self):
        alice = self.irc("alice", ("batch", "labeled-response"))
        got = alice.answers("@label=l LIST #nosuchroom")
        self.assertEqual(self.commands(got), ["BATCH", "321", "323", "BATCH"])


if __name__ == "__main__":
    main()
