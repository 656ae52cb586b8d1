#!/usr/bin/env python3
"""IRC's rooms: JOIN, PART, KICK, TOPIC, INVITE, NAMES, RENAME, and what others see of it, telnet users among them.

From modern.ircdocs.horse and the specifications of IRCv3 that are named at each class."""

import re

from harness import main
from irc import IrcCase

LABELS = ("batch", "labeled-response")


def without(messages, *commands):
    return [m for m in messages if m.command not in commands]


class Join(IrcCase):
    """https://modern.ircdocs.horse/#join-message"""

    def test_answer_and_order(self):
        alice, bob = self.irc("alice"), self.irc("bob")
        chan = self.channel(alice)
        alice.ask("TOPIC %s :of this and that" % chan, "TOPIC")
        got = bob.answers("JOIN " + chan)
        self.assertEqual(self.commands(got), ["JOIN", "332", "333", "353", "366"])
        self.assertEqual(got[0].source, "%s!user@127.0.0.1" % bob.nick)
        self.assertEqual(got[0].params, [chan])
        self.assertEqual(got[1].params, [bob.nick, chan, "of this and that"])
        self.assertEqual(got[2].params[:3], [bob.nick, chan, alice.nick])
        self.assertRegex(got[2].params[3], r"^\d{10}$")
        self.assertEqual(got[3].params[:3], [bob.nick, "=", chan])
        self.assertEqual(sorted(got[3].params[3].split()), sorted(["@" + alice.nick, bob.nick]))
        self.assertEqual(got[4].params[:2], [bob.nick, chan])
        m = alice.expect("JOIN", chan)
        self.assertEqual((m.source, m.params), ("%s!user@127.0.0.1" % bob.nick, [chan]))

    def test_again_is_silent(self):
        alice, bob = self.irc("alice"), self.irc("bob")
        chan = self.channel(alice, bob)
        self.assertEqual(alice.answers("JOIN " + chan.upper()), [])
        self.assertEqual(bob.sync(), [])

    def test_lists_and_keys(self):
        alice, bob = self.irc("alice"), self.irc("bob")
        a, b, c = self.channel(alice), self.channel(alice), self.channel(alice)
        alice.ask("MODE %s +k first" % a, "MODE")
        alice.ask("MODE %s +k third" % c, "MODE")
        got = bob.answers("JOIN %s,%s,%s first,,third" % (a, b, c))
        self.assertEqual([m.params[0] for m in got if m.command == "JOIN"], [a, b, c])
        bob.answers("PART %s,%s" % (a, c))
        got = bob.answers("JOIN %s,%s third,first" % (a, c))
        self.assertEqual([(m.command, m.params[1]) for m in got], [("475", a), ("475", c)])
        self.assertEqual(self.commands(bob.answers("JOIN %s %s" % (a, "first" + "x" * 80))), ["475"])
        self.assertEqual(self.commands(bob.answers("JOIN %s first,third" % a))[0], "JOIN")

    def test_names_that_are_none(self):
        alice = self.irc("alice")
        good = "#" + self.fresh("good")
        for bad in ("x", "&local", "#", "#a:b", "#" + "x" * 65, "#a\u200bb", "#a\x07b"):
            got = alice.answers("JOIN %s,%s" % (bad, good))
            self.assertEqual(self.commands(got), ["403", "JOIN", "353", "366"], bad)
            self.assertEqual(got[0].params[1], bad)
            alice.ask("PART " + good, "PART")
        for line in ("JOIN :#a b", "PART :#a b", "TOPIC ::x", "MODE :#a b", "INVITE x :#a b"):
            got = alice.answers(line)
            self.assertEqual([m.params[:2] for m in got], [[alice.nick, "*"]], got)
        self.assertEqual(alice.ask("NAMES :#a b", "366").params[:2], [alice.nick, "*"])
        self.assertTrue(alice.ask("JOIN", "461").is_("461", alice.nick, "JOIN"))
        self.assertTrue(alice.ask("JOIN :", "461").is_("461", alice.nick, "JOIN"))
        self.assertTrue(alice.ask("JOIN ,,,", "461").is_("461", alice.nick, "JOIN"))

    def test_case(self):
        alice, bob = self.irc("alice"), self.irc("bob")
        chan = self.channel(alice, stem="Mixed")
        self.assertTrue(bob.ask("JOIN " + chan.lower(), "JOIN").is_("JOIN", chan))
        bob.sync()
        bob.send("PRIVMSG %s :x" % chan.upper())
        self.assertTrue(alice.expect("PRIVMSG").is_("PRIVMSG", chan))

    def test_too_many(self):
        alice = self.irc("alice")
        many = ["#" + self.fresh("m") for _ in range(101)]
        for i in range(0, 101, 20):
            alice.send("JOIN " + ",".join(many[i:i + 20]))
        m = alice.expect("405")
        self.assertEqual(m.params[:2], [alice.nick, many[100]])
        got = alice.answers("JOIN 0")
        self.assertEqual([m.params[0] for m in got], many[:100])
        self.assertEqual(set(self.commands(got)), {"PART"})
        self.assertEqual(alice.answers("JOIN 0"), [])

    def test_thousands_in_a_line(self):
        alice = self.irc("alice")
        got = alice.answers("JOIN " + ",".join(["#"] * 240))
        self.assertEqual(self.commands(got), ["403"] * 100 + ["407"])

    def test_extended_join(self):
        """https://ircv3.net/specs/extensions/extended-join"""
        alice, bob = self.irc("alice", ("extended-join",)), self.irc("bob")
        chan = self.channel(alice, bob)
        carol = self.irc("carol", real="Carol C")
        carol.ask("JOIN " + chan, "366")
        self.assertEqual(alice.expect("JOIN").params, [chan, "*", "Carol C"])
        self.assertEqual(bob.expect("JOIN", None).params, [chan])

    def test_away_notify_when_joining(self):
        """https://ircv3.net/specs/extensions/away-notify"""
        alice, bob = self.irc("alice", ("away-notify",)), self.irc("bob")
        chan = self.channel(alice, bob)
        carol = self.irc("carol")
        carol.ask("AWAY :gone fishing", "306")
        carol.ask("JOIN " + chan, "366")
        got = alice.sync()
        self.assertEqual(self.commands(got), ["JOIN", "AWAY"])
        self.assertEqual(got[1].params, ["gone fishing"])
        self.assertEqual(got[1].source, got[0].source)
        self.assertEqual(self.commands(bob.sync()), ["JOIN"])

    def test_no_implicit_names(self):
        for cap in ("no-implicit-names", "draft/no-implicit-names"):
            alice = self.irc("alice", (cap,))
            chan = "#" + self.fresh("chan")
            self.assertEqual(self.commands(alice.answers("JOIN " + chan)), ["JOIN"])
            self.assertEqual(self.commands(alice.answers("NAMES " + chan)), ["353", "366"])

    def test_label(self):
        alice = self.irc("alice", LABELS)
        chan = "#" + self.fresh("chan")
        got = alice.answers("@label=j JOIN " + chan)
        self.assertEqual(self.commands(got), ["BATCH", "JOIN", "353", "366", "BATCH"])
        self.assertEqual(got[0].tags["label"], "j")
        self.assertEqual(self.commands(alice.answers("@label=k JOIN " + chan)), ["ACK"])
        m = alice.ask("@label=l PART " + chan, "PART")
        self.assertEqual(m.tags["label"], "l")


class Part(IrcCase):
    """https://modern.ircdocs.horse/#part-message"""

    def test_reason_and_lists(self):
        alice, bob = self.irc("alice"), self.irc("bob")
        a, b = self.channel(alice, bob), self.channel(alice, bob)
        got = bob.answers("PART %s,%s :so long" % (a, b))
        self.assertEqual([(m.command, m.params) for m in got], [("PART", [a, "so long"]), ("PART", [b, "so long"])])
        self.assertEqual(alice.expect("PART", a).params, [a, "so long"])
        self.assertEqual(alice.expect("PART", b).source, "%s!user@127.0.0.1" % bob.nick)
        self.assertEqual(alice.ask("PART " + a, "PART").params, [a])

    def test_errors(self):
        alice, bob = self.irc("alice"), self.irc("bob")
        chan = self.channel(alice)
        self.assertEqual(bob.ask("PART", "461").params[:2], [bob.nick, "PART"])
        self.assertEqual(bob.ask("PART " + chan, "442").params[:2], [bob.nick, chan])
        self.assertEqual(bob.ask("PART #nowhere-at-all", "403").params[:2], [bob.nick, "#nowhere-at-all"])
        self.assertEqual(bob.ask("PART nowhere", "403").params[:2], [bob.nick, "nowhere"])
        alice.ask("MODE %s +s" % chan, "MODE")
        self.assertEqual(bob.ask("PART " + chan, "403").params[:2], [bob.nick, chan])

    def test_long_reason(self):
        alice, bob = self.irc("a" * 30, exact=True), self.irc("bob")
        chan = "#" + "c" * 60
        alice.ask("JOIN " + chan, "366")
        bob.ask("JOIN " + chan, "366")
        alice.send("PART %s :%s" % (chan, "\u00e9" * 200))
        m = bob.expect("PART")
        self.assertLessEqual(len(m.line.encode()), 510)
        self.assertRegex(m.params[1], "^\u00e9+$")


class Kick(IrcCase):
    """https://modern.ircdocs.horse/#kick-message"""

    def test_kick(self):
        alice, bob, carol = self.irc("alice"), self.irc("bob"), self.irc("carol")
        chan = self.channel(alice, bob, carol)
        alice.send("KICK %s %s :no more" % (chan, bob.nick))
        for c in (alice, bob, carol):
            m = c.expect("KICK")
            self.assertEqual(m.params, [chan, bob.nick, "no more"])
            self.assertEqual(m.source, "%s!user@127.0.0.1" % alice.nick)
        self.assertEqual(bob.ask("PART " + chan, "442").params[1], chan)
        alice.send("KICK %s %s" % (chan, carol.nick.upper()))
        self.assertEqual(carol.expect("KICK").params, [chan, carol.nick, alice.nick])

    def test_lists(self):
        alice, bob, carol = self.irc("alice"), self.irc("bob"), self.irc("carol")
        chan, other = self.channel(alice, bob, carol), self.channel(alice, bob, carol)
        alice.sync()
        got = alice.answers("KICK %s %s,nobody-at-all,%s :out" % (chan, bob.nick, carol.nick))
        self.assertEqual(self.commands(got), ["KICK", "401", "KICK"])
        self.assertEqual([m.params for m in got if m.command == "KICK"],
                         [[chan, bob.nick, "out"], [chan, carol.nick, "out"]])
        bob.ask("JOIN " + chan, "366")
        alice.sync()
        got = alice.answers("KICK %s,%s %s,%s" % (chan, other, bob.nick, carol.nick))
        self.assertEqual([m.params[:2] for m in got], [[chan, bob.nick], [other, carol.nick]])
        self.assertEqual(alice.ask("KICK %s,%s a,b,c" % (chan, other), "461").params[1], "KICK")

    def test_errors(self):
        alice, bob, carol = self.irc("alice"), self.irc("bob"), self.irc("carol")
        chan = self.channel(alice, bob)
        self.assertEqual(alice.ask("KICK", "461").params[1], "KICK")
        self.assertEqual(alice.ask("KICK " + chan, "461").params[1], "KICK")
        self.assertEqual(alice.ask("KICK %s :" % chan, "461").params[1], "KICK")
        self.assertEqual(alice.ask("KICK #no-such-room " + bob.nick, "403").params[1], "#no-such-room")
        self.assertEqual(alice.ask("KICK %s %s" % (chan, carol.nick), "441").params[1:3], [carol.nick, chan])
        self.assertEqual(alice.ask("KICK %s nobody-at-all" % chan, "401").params[1], "nobody-at-all")
        self.assertEqual(bob.ask("KICK %s %s" % (chan, alice.nick), "482").params[1], chan)
        self.assertEqual(carol.ask("KICK %s %s" % (chan, alice.nick), "442").params[1], chan)
        self.assertEqual(alice.ask("KICK %s %s" % (chan, "x" * 200), "401").params[0], alice.nick)

    def test_halfop(self):
        alice, bob, carol = self.irc("alice"), self.irc("bob"), self.irc("carol")
        chan = self.channel(alice, bob, carol)
        alice.ask("MODE %s +h %s" % (chan, bob.nick), "MODE")
        self.assertEqual(bob.ask("KICK %s %s" % (chan, alice.nick), "482").params[1], chan)
        bob.ask("KICK %s %s" % (chan, carol.nick), "KICK", chan, carol.nick)


class Topic(IrcCase):
    """https://modern.ircdocs.horse/#topic-message"""

    def test_topic(self):
        alice, bob = self.irc("alice"), self.irc("bob")
        chan = self.channel(alice, bob)
        self.assertEqual(bob.ask("TOPIC " + chan.upper(), "331").params[:2], [bob.nick, chan])
        alice.send("TOPIC %s :one two" % chan)
        for c in (alice, bob):
            m = c.expect("TOPIC")
            self.assertEqual((m.nick, m.params), (alice.nick, [chan, "one two"]))
        got = bob.answers("TOPIC " + chan)
        self.assertEqual(self.commands(got), ["332", "333"])
        self.assertEqual(got[0].params, [bob.nick, chan, "one two"])
        self.assertEqual(got[1].params[:3], [bob.nick, chan, alice.nick])
        alice.send("TOPIC %s :" % chan)
        self.assertEqual(bob.expect("TOPIC").params, [chan, ""])
        self.assertEqual(alice.expect("TOPIC").params, [chan, ""])
        self.assertEqual(self.commands(bob.answers("TOPIC " + chan)), ["331"])
        dave = self.irc("dave")
        self.assertEqual(self.commands(dave.answers("JOIN " + chan)), ["JOIN", "353", "366"])

    def test_errors(self):
        alice, bob, carol = self.irc("alice"), self.irc("bob"), self.irc("carol")
        chan = self.channel(alice, bob)
        self.assertEqual(alice.ask("TOPIC", "461").params[1], "TOPIC")
        self.assertEqual(alice.ask("TOPIC #no-such-room", "403").params[1], "#no-such-room")
        self.assertEqual(alice.ask("TOPIC #no-such-room :x", "403").params[1], "#no-such-room")
        self.assertEqual(carol.ask("TOPIC %s :x" % chan, "442").params[1], chan)
        self.assertEqual(bob.ask("TOPIC %s :x" % chan, "482").params[1], chan)
        alice.ask("MODE %s -t" % chan, "MODE")
        bob.ask("TOPIC %s :mine" % chan, "TOPIC", chan, "mine")
        self.assertEqual(carol.ask("TOPIC " + chan, "332").params[2], "mine")
        alice.ask("MODE %s +s" % chan, "MODE")
        self.assertEqual(carol.ask("TOPIC " + chan, "403").params[1], chan)

    def test_length(self):
        alice = self.irc("alice")
        chan = self.channel(alice)
        m = alice.ask("TOPIC %s :%s" % (chan, "\u00e9" * 210), "TOPIC")
        self.assertEqual(m.params[1], "\u00e9" * 195)
        self.assertEqual(alice.ask("TOPIC " + chan, "332").params[2], "\u00e9" * 195)


class Invite(IrcCase):
    """https://modern.ircdocs.horse/#invite-message, https://ircv3.net/specs/extensions/invite-notify"""

    def test_invite(self):
        alice, bob = self.irc("alice"), self.irc("bob")
        chan = self.channel(alice)
        alice.ask("MODE %s +i" % chan, "MODE")
        self.assertEqual(bob.ask("JOIN " + chan, "473").params[1], chan)
        got = alice.answers("INVITE %s %s" % (bob.nick, chan))
        self.assertEqual([(m.command, m.params[:3]) for m in got], [("341", [alice.nick, bob.nick, chan])])
        m = bob.expect("INVITE")
        self.assertEqual((m.source, m.params), ("%s!user@127.0.0.1" % alice.nick, [bob.nick, chan]))
        got = bob.answers("INVITE")
        self.assertEqual([(m.command, m.params[1]) for m in got[:-1]], [("336", chan)])
        self.assertEqual(got[-1].command, "337")
        bob.ask("JOIN " + chan, "JOIN")
        self.assertEqual(self.commands(bob.answers("INVITE")), ["337"])
        bob.ask("PART " + chan, "PART")
        self.assertEqual(self.commands(bob.answers("JOIN " + chan)), ["473"])

    def test_errors(self):
        alice, bob, carol = self.irc("alice"), self.irc("bob"), self.irc("carol")
        chan = self.channel(alice, bob)
        self.assertEqual(alice.ask("INVITE " + carol.nick, "461").params[1], "INVITE")
        self.assertEqual(alice.ask("INVITE nobody-at-all " + chan, "401").params[1], "nobody-at-all")
        self.assertEqual(alice.ask("INVITE %s #no-such-room" % carol.nick, "403").params[1], "#no-such-room")
        self.assertEqual(alice.ask("INVITE %s %s" % (bob.nick, chan), "443").params[1:3], [bob.nick, chan])
        self.assertEqual(carol.ask("INVITE %s %s" % (bob.nick, chan), "442").params[1], chan)
        bob.ask("INVITE %s %s" % (carol.nick, chan), "341")
        alice.ask("MODE %s +i" % chan, "MODE")
        self.assertEqual(bob.ask("INVITE %s %s" % (carol.nick, chan), "482").params[1], chan)

    def test_away(self):
        alice, bob = self.irc("alice"), self.irc("bob")
        chan = self.channel(alice)
        bob.ask("AWAY :out", "306")
        got = alice.answers("INVITE %s %s" % (bob.nick, chan))
        self.assertEqual(self.commands(got), ["341", "301"])
        self.assertEqual(got[1].params, [alice.nick, bob.nick, "out"])

    def test_notify(self):
        alice = self.irc("alice", ("invite-notify",))
        bob, carol = self.irc("bob", ("invite-notify",)), self.irc("carol")
        dave, eve = self.irc("dave"), self.irc("eve", ("invite-notify",))
        chan = self.channel(alice, bob, carol)
        alice.sync()
        self.assertEqual(self.commands(alice.answers("INVITE %s %s" % (dave.nick, chan))), ["341"])
        m = bob.expect("INVITE")
        self.assertEqual((m.nick, m.params), (alice.nick, [dave.nick, chan]))
        dave.expect("INVITE", dave.nick, chan)
        self.assertEqual(without(carol.sync(), "JOIN"), [])
        self.assertEqual(eve.sync(), [])


class Names(IrcCase):
    """https://modern.ircdocs.horse/#names-message"""

    def names(self, client, chan):
        got = client.answers("NAMES " + chan)
        self.assertEqual(got[-1].command, "366")
        return sorted(" ".join(m.params[3] for m in got if m.command == "353").split())

    def test_forms(self):
        alice, bob = self.irc("alice", ("multi-prefix",)), self.irc("bob", ("userhost-in-names",))
        a, b = self.channel(alice, bob), self.channel(alice)
        alice.ask("MODE %s +vh %s %s" % (a, alice.nick, alice.nick), "MODE")
        self.assertEqual(self.names(alice, a), sorted(["@%+" + alice.nick, bob.nick]))
        self.assertEqual(self.names(bob, a), sorted(["@%s!user@127.0.0.1" % alice.nick, "%s!user@127.0.0.1" % bob.nick]))
        got = bob.answers("NAMES %s,%s,#no-such-room" % (a, b))
        self.assertEqual([(m.command, m.params[1] if m.command == "366" else m.params[2]) for m in got],
                         [("353", a), ("366", a), ("353", b), ("366", b), ("366", "#no-such-room")])
        self.assertEqual([(m.command, m.params[1]) for m in bob.answers("NAMES")], [("366", "*")])
        self.assertEqual([(m.command, m.params[1]) for m in bob.answers("NAMES x")], [("366", "x")])

    def test_secret(self):
        alice, bob = self.irc("alice"), self.irc("bob")
        chan = self.channel(alice)
        alice.ask("MODE %s +s" % chan, "MODE")
        self.assertEqual([(m.command, m.params[1]) for m in bob.answers("NAMES " + chan)], [("366", chan)])
        self.assertEqual(alice.ask("NAMES " + chan, "353").params[1], "@")

    def test_many(self):
        alice = self.irc("alice")
        chan = self.channel(alice)
        people = [self.irc("p" * 20) for _ in range(40)]
        for c in people:
            c.send("JOIN " + chan)
        for c in people:
            c.expect("366")
        alice.sync()
        got = alice.answers("NAMES " + chan)
        self.assertGreater(len(got), 2)
        self.assertTrue(all(len(m.line.encode()) <= 510 for m in got))
        self.assertEqual(len(" ".join(m.params[3] for m in got[:-1]).split()), 41)


class Rename(IrcCase):
    """https://ircv3.net/specs/extensions/channel-rename"""

    def test_rename(self):
        alice, bob = self.irc("alice", ("draft/channel-rename",)), self.irc("bob", ("draft/channel-rename",))
        old, new = self.channel(alice, bob), "#" + self.fresh("new")
        alice.send("RENAME %s %s :better" % (old, new))
        for c in (alice, bob):
            m = c.expect("RENAME")
            self.assertEqual((m.nick, m.params), (alice.nick, [old, new, "better"]))
        self.assertEqual(bob.ask("TOPIC " + old, "403").params[1], old)
        bob.send("PRIVMSG %s :hi" % new)
        alice.expect("PRIVMSG", new, "hi")
        alice.send("RENAME %s %s" % (new, old))
        self.assertEqual(bob.expect("RENAME").params, [new, old, ""])

    def test_fallback(self):
        alice, bob = self.irc("alice"), self.irc("bob", ("extended-join", "server-time"))
        carol = self.irc("carol", ("draft/no-implicit-names",))
        old, new = self.channel(alice, bob), "#" + self.fresh("new")
        carol.ask("JOIN " + old, "JOIN")
        for c in (alice, bob):
            c.sync()
        alice.ask("TOPIC %s :about" % old, "TOPIC")
        bob.expect("TOPIC")
        carol.expect("TOPIC")
        got = alice.answers("RENAME %s %s :better" % (old, new))
        self.assertEqual(self.commands(got), ["PART", "JOIN", "332", "333", "353", "366"])
        self.assertEqual(got[0].params, [old, "better"])
        self.assertEqual(got[1].params, [new])
        self.assertEqual({m.source for m in got[:2]}, {"%s!user@127.0.0.1" % alice.nick})
        self.assertEqual(sorted(got[4].params[3].split()), sorted(["@" + alice.nick, bob.nick, carol.nick]))
        got = bob.sync()
        self.assertEqual(self.commands(got), ["PART", "JOIN", "332", "333", "353", "366"])
        self.assertEqual({m.source for m in got[:2]}, {"%s!user@127.0.0.1" % bob.nick})
        self.assertEqual(got[1].params, [new, "*", "Real Name"])
        self.assertIn("time", got[0].tags)
        self.assertEqual(self.commands(carol.sync()), ["PART", "JOIN", "332", "333"])

    def test_fallback_in_a_label(self):
        alice, bob = self.irc("alice", LABELS), self.irc("bob", LABELS)
        old, new = self.channel(alice, bob), "#" + self.fresh("new")
        got = alice.answers("@label=r RENAME %s %s" % (old, new))
        self.assertEqual(self.commands(got), ["BATCH", "PART", "JOIN", "353", "366", "BATCH"])
        self.assertEqual(got[0].tags["label"], "r")
        got = bob.sync()
        self.assertEqual(self.commands(got), ["PART", "JOIN", "353", "366"])
        self.assertFalse([m for m in got if "batch" in m.tags])

    def test_only_the_case(self):
        alice, bob = self.irc("alice", ("draft/channel-rename",)), self.irc("bob")
        old = self.channel(alice, bob)
        alice.ask("RENAME %s %s" % (old, old.upper()), "RENAME", old, old.upper(), "")
        self.assertEqual(bob.sync(), [])
        self.assertEqual(bob.ask("NAMES " + old, "366").params[1], old.upper())

    def test_errors(self):
        alice, bob, carol = self.irc("alice"), self.irc("bob"), self.irc("carol")
        chan, other = self.channel(alice, bob), self.channel(alice)
        self.assertEqual(alice.ask("RENAME " + chan, "461").params[1], "RENAME")
        self.assertEqual(alice.ask("RENAME #no-such-room #x", "403").params[1], "#no-such-room")
        self.assertEqual(carol.ask("RENAME %s #x" % chan, "442").params[1], chan)
        self.assertEqual(bob.ask("RENAME %s #x" % chan, "482").params[1], chan)
        m = alice.ask("RENAME %s %s" % (chan, other), "FAIL")
        self.assertEqual(m.params[:4], ["RENAME", "CHANNEL_NAME_IN_USE", chan, other])
        for bad in ("x", "#a:b", "#" + "x" * 80, "#lobby"):
            m = alice.ask("RENAME %s %s" % (chan, bad), "FAIL")
            self.assertEqual(m.params[0], "RENAME")
            self.assertIn(m.params[1], ("CANNOT_RENAME", "CHANNEL_NAME_IN_USE"))
            self.assertEqual(m.params[2:4], [chan, bad])

    def test_large_rooms_rest(self):
        """All who do not know RENAME are told of everybody: not again and again."""
        alice = self.irc("alice", ("draft/channel-rename",))
        room, names = self.fresh("big"), [self.fresh("big") for _ in range(4)]
        alice.ask("JOIN #" + room, "366")
        people = [self.irc("p") for _ in range(101)]
        for c in people:
            c.send("JOIN #" + room)
        for c in people:
            c.expect("366")
        alice.sync()
        alice.ask("RENAME #%s #%s" % (room, names[0]), "RENAME")
        m = alice.ask("RENAME #%s #%s" % (names[0], names[1]), "FAIL")
        self.assertEqual(m.params[:4], ["RENAME", "CANNOT_RENAME", "#" + names[0], "#" + names[1]])
        for c in people:
            c.expect("PART", "#" + room)
            self.assertEqual(self.commands(c.until(lambda m: m.command == "353")), ["JOIN", "353"])
            c.expect("366", None, "#" + names[0])
        for c in people[:2]:
            c.send("PART #" + names[0])
            alice.until(lambda m, c=c: m.command == "PART" and m.nick == c.nick)
        alice.ask("RENAME #%s #%s" % (names[0], names[1]), "RENAME")
        alice.ask("RENAME #%s #%s" % (names[1], names[2]), "RENAME")


class Others(IrcCase):
    """What others in a room see, and that nothing is sent that was not negotiated."""

    def test_nothing_that_was_not_negotiated(self):
        alice = self.irc("alice", ("away-notify", "setname", "chghost", "account-notify"))
        bob, carol = self.irc("bob"), self.irc("carol", ("setname",))
        chan = self.channel(alice, bob, carol)
        for c in (alice, bob):
            c.sync()
        carol.ask("AWAY :gone", "306")
        self.assertEqual(alice.expect("AWAY").params, ["gone"])
        carol.ask("AWAY", "305")
        self.assertEqual(alice.expect("AWAY").params, [])
        self.d.ctl("host", carol.nick, "cloak.example")
        m = alice.expect("CHGHOST")
        self.assertEqual((m.source, m.params), ("%s!user@127.0.0.1" % carol.nick, ["user", "cloak.example"]))
        carol.send("PRIVMSG %s :x" % chan)
        self.assertEqual(bob.expect("PRIVMSG").source, "%s!user@cloak.example" % carol.nick)
        self.assertFalse([m for m in bob.seen if m.command in ("AWAY", "CHGHOST", "SETNAME", "ACCOUNT") or m.tags])
        self.assertFalse([m for m in carol.seen if m.command in ("AWAY", "CHGHOST", "ACCOUNT") or m.tags])

    def test_ranks_after_another_name(self):
        alice, bob, carol = self.irc("alice"), self.irc("bob"), self.irc("carol")
        chan = self.channel(alice, bob, carol)
        new = self.fresh("robert")
        bob.ask("NICK " + new, "NICK")
        alice.ask("MODE %s +v %s" % (chan, new.upper()), "MODE", chan, "+v", new)
        carol.ask("NICK " + self.fresh("caroline"), "NICK")
        alice.sync()
        alice.send("PRIVMSG +%s :for the voiced" % chan)
        bob.expect("PRIVMSG", "+" + chan, "for the voiced")
        self.assertFalse([m for m in carol.sync() if m.command == "PRIVMSG"])

    def test_ignoring_is_silent(self):
        alice = self.irc("alice", LABELS)
        chan = self.channel(alice)
        for line in ("MODE %s +n" % chan, "MODE %s -b nobody!*@*" % chan):
            self.assertEqual(self.commands(alice.answers("@label=x " + line)), ["ACK"])


class Mixed(IrcCase):
    """Telnet users in the same rooms: lobby there is #lobby here."""

    def both(self):
        alice, tom = self.irc("alice"), self.client("tom")
        chan = self.channel(alice)
        tom.send("/join " + chan[1:])
        alice.expect("JOIN", chan)
        tom.expect(re.escape(chan[1:]))
        return alice, tom, chan

    def test_names(self):
        alice, tom, chan = self.both()
        m = alice.ask("NAMES " + chan, "353")
        self.assertEqual(sorted(m.params[3].split()), sorted(["@" + alice.nick, tom.name]))

    def test_topic(self):
        alice, tom, chan = self.both()
        alice.send("TOPIC %s :about \x02us\x02" % chan)
        tom.expect("about us")
        alice.ask("MODE %s -t" % chan, "MODE")
        tom.send("/topic of telnet")
        m = alice.expect("TOPIC", chan, "of telnet")
        self.assertEqual(m.source, "%s!telnet@127.0.0.1" % tom.name)

    def test_kick_and_rights(self):
        alice, tom, chan = self.both()
        alice.ask("MODE %s +o %s" % (chan, tom.name), "MODE", chan, "+o", tom.name)
        tom.expect("operator")
        bob = self.irc("bob")
        bob.ask("JOIN " + chan, "366")
        tom.send("/kick %s too loud" % bob.nick)
        m = bob.expect("KICK", chan, bob.nick)
        self.assertEqual((m.nick, m.params[2]), (tom.name, "too loud"))
        alice.expect("KICK", chan, bob.nick)
        alice.send("KICK %s %s :you too" % (chan, tom.name))
        tom.expect("you too")

    def test_lists_are_one(self):
        alice, tom, chan = self.both()
        alice.ask("MODE %s +o %s" % (chan, tom.name), "MODE")
        tom.expect("operator")
        tom.send("/ban evil")
        self.assertEqual(alice.expect("MODE").params, [chan, "+b", "evil!*@*"])
        tom.send("/mute loud")
        self.assertEqual(alice.expect("MODE").params, [chan, "+b", "m:loud!*@*"])
        got = alice.answers("MODE %s +b" % chan)
        self.assertEqual(sorted(m.params[2] for m in got if m.command == "367"), ["evil!*@*", "m:loud!*@*"])
        self.assertEqual({m.params[3] for m in got if m.command == "367"}, {tom.name})
        alice.ask("MODE %s -b evil!*@*" % chan, "MODE")
        alice.ask("MODE %s +b *!*@192.0.2.0/24" % chan, "MODE")
        alice.ask("MODE %s +b ~m:*!*@198.51.100.7" % chan, "MODE")
        tom.sync()
        tom.send("/ban")
        tom.expect(r"192\.0\.2\.0/24, by " + alice.nick)
        tom.send("/mute")
        tom.expect(r"198\.51\.100\.7, by " + alice.nick)

    def test_join_part_and_rename(self):
        alice, tom, chan = self.both()
        bob = self.irc("bob", ("draft/channel-rename",))
        bob.ask("JOIN " + chan, "366")
        tom.expect(bob.nick)
        bob.ask("PART %s :tired" % chan, "PART")
        tom.expect("tired|left")
        new = self.fresh("other")
        alice.ask("RENAME %s #%s" % (chan, new), "366")
        tom.expect(new)
        tom.send("still here")
        alice.expect("PRIVMSG", "#" + new, "still here")

    def test_invite(self):
        alice, tom, chan = self.both()
        una = self.client("una")
        alice.ask("INVITE %s %s" % (una.name, chan), "341")
        una.expect(chan[1:])


if __name__ == "__main__":
    main()
