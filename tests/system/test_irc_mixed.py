#!/usr/bin/env python3
"""Telnet and IRC clients in one room, each with its own conventions: lobby there is #lobby here."""

import re

from harness import main, merged
from irc import IrcCase
from test_chatctl import Running

MULTI = ("batch", "message-tags", "draft/multiline")
ESCAPES = "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u0080-\u009f]"


class MixedCase(IrcCase):
    def meet(self, *caps, stem="chan"):
        """An IRC client (the room's operator), a telnet one, and the room's name there."""
        alice, tom = self.irc("alice", caps), self.client("tom")
        room = self.fresh(stem)
        alice.ask("JOIN #" + room, "366")
        tom.send("/join " + room)
        alice.expect("JOIN", "#" + room)
        tom.expect(r"^2 here: ")
        tom.sync()
        return alice, tom, room

    def op(self, alice, tom, room):
        alice.ask("MODE #%s +o %s" % (room, tom.name), "MODE")
        tom.expect("%s has made %s an operator" % (alice.nick, tom.name))

    def plain(self, tom):
        """Nothing that steers a terminal has come to it."""
        self.assertNotRegex(tom.text.decode("utf-8"), ESCAPES)


class Rooms(MixedCase):
    def test_one_lobby(self):
        tom, alice = self.client("tom"), self.irc("alice")
        alice.ask("JOIN #lobby", "366")
        tom.expect("%s has entered the chat" % alice.nick)
        names = [m for m in alice.seen if m.is_("353", None, "=", "#lobby")]
        self.assertIn(tom.name, names[0].params[3].split())
        tom.send("good morning")
        m = alice.expect("PRIVMSG", "#lobby", "good morning")
        self.assertEqual(m.source, "%s!telnet@127.0.0.1" % tom.name)
        alice.send("PRIVMSG #LOBBY :and to you")
        tom.line("%s: and to you" % alice.nick)
        self.d.ctl("say", "lobby", "the kettle boils")
        m = alice.expect("PRIVMSG", "#lobby", "the kettle boils")
        self.assertEqual(m.source, "chat.test")
        tom.expect("the kettle boils")
        # nobody's room: what holds for telnet holds here
        self.assertEqual(alice.ask("MODE #lobby +i", "482").params[1], "#lobby")

    def test_made_by_either(self):
        tom, alice = self.client("tom"), self.irc("alice")
        room = self.fresh("den")
        tom.send("/join #" + room)
        tom.line("You have made the room %s and are its operator." % room)
        got = alice.answers("JOIN #" + room)
        self.assertEqual(sorted(got[1].params[3].split()), sorted(["@" + tom.name, alice.nick]))
        # what telnet users are used to: anybody may set the topic
        alice.ask("TOPIC #%s :mine" % room, "TOPIC")
        tom.expect("%s has set the topic: mine" % alice.nick)
        other = self.fresh("den")
        alice.ask("JOIN #" + other, "366")
        tom.send("/join " + other)
        tom.line("You are in %s." % other)
        tom.send("/topic mine")
        tom.expect("Sorry, only an operator of %s may do that" % other)

    def test_two_signs(self):
        """##room here is #room there, as it is shown."""
        tom, alice = self.client("tom"), self.irc("alice")
        room = "#" + self.fresh("den")
        alice.ask("JOIN #" + room, "JOIN", "#" + room)
        tom.send("/join " + room)
        tom.line("You are in %s." % room)
        self.assertEqual(alice.expect("JOIN").params, ["#" + room])
        tom.send("/who " + room)
        tom.expect(r"^In %s \(2\)" % room)

    def test_coming_and_going(self):
        alice, tom, room = self.meet()
        bob = self.irc("bob")
        bob.ask("JOIN #" + room, "366")
        tom.line("%s has entered the chat." % bob.nick)
        bob.send("PART #%s :\x02so\x02 long" % room)
        tom.line("%s has left the chat. (so long)" % bob.nick)
        una = self.client("una")
        una.send("/join " + room)
        m = alice.expect("JOIN", "#" + room)
        m = alice.expect("JOIN", "#" + room)
        self.assertEqual(m.source, "%s!telnet@127.0.0.1" % una.name)
        una.send("/leave %s enough for now" % room)
        self.assertEqual(alice.expect("PART").params, ["#" + room, "enough for now"])
        una.send("/join " + room)
        alice.expect("JOIN", "#" + room)
        una.send("/quit good night")
        m = alice.expect("QUIT")
        self.assertEqual((m.nick, m.params), (una.name, ["Quit: good night"]))
        bob.ask("JOIN #" + room, "366")
        bob.send("QUIT :\x1b[2Jgone")
        tom.line("%s has left the chat. (gone)" % bob.nick)
        self.plain(tom)

    def test_topic(self):
        alice, tom, room = self.meet()
        alice.send("TOPIC #%s :\x0304,05red\x0f \x1b]0;title\x07\x1b[31m \u009b31m \x02tea\x02 \u202eat five" % room)
        m = alice.expect("TOPIC", "#" + room)
        self.assertEqual(m.params[1].replace("\u202c", ""), "\x0304,05red\x0f   \x02tea\x02 \u202eat five")
        tom.expect("%s has set the topic: red   tea " % alice.nick)
        tom.send("/topic")
        tom.expect("^The topic of %s, set by %s: red   tea " % (room, alice.nick))
        una = self.client("una")
        una.send("/join " + room)
        una.expect("^Topic: red   tea ")
        una.send("/rooms")
        una.expect(r"^\* %s +3  red   tea " % room)
        self.op(alice, tom, room)
        tom.send("/topic a #hash and : colons: here")
        self.assertEqual(alice.expect("TOPIC").params, ["#" + room, "a #hash and : colons: here"])
        bob = self.irc("bob")
        got = bob.answers("JOIN #" + room)
        self.assertEqual(got[1].params[1:], ["#" + room, "a #hash and : colons: here"])
        self.assertEqual(got[2].params[2], tom.name)
        tom.send("/topic -")
        self.assertEqual(alice.expect("TOPIC").params, ["#" + room, ""])
        self.plain(tom), self.plain(una)

    def test_names(self):
        alice, tom, room = self.meet()
        self.op(alice, tom, room)
        names = alice.ask("NAMES #" + room, "353").params[3].split()
        self.assertEqual(sorted(names), sorted(["@" + alice.nick, "@" + tom.name]))
        alice.ask("AWAY :\x02out\x02 of town", "306")
        tom.send("/who")
        tom.expect(r"^In %s \(2\): %s \(operator, away\), %s \(operator\)$" % (room, alice.nick, tom.name))
        tom.send("/whois " + alice.nick)
        tom.expect("^%s is logged in since .* by irc$" % alice.nick)
        tom.expect(r"in: %s \(operator\)" % room)
        tom.line("  away: out of town")
        tom.expect(r"^  silent for \d+ s$")
        got = alice.answers("WHOIS " + tom.name)
        self.assertEqual([m.params[1:4] for m in got if m.command == "311"], [[tom.name, "telnet", "127.0.0.1"]])
        self.assertIn("@#" + room, [m for m in got if m.command == "319"][0].params[2].split())
        self.plain(tom)

    def test_operators(self):
        alice, tom, room = self.meet()
        bob = self.irc("bob")
        bob.ask("JOIN #" + room, "366")
        alice.ask("MODE #%s +vh-h %s %s %s" % (room, tom.name, tom.name, tom.name), "MODE")
        tom.line("%s has given %s the right to speak." % (alice.nick, tom.name))
        tom.line("  %s has made %s a half-operator." % (alice.nick, tom.name))
        tom.line("  %s has taken half-operator's rights from %s." % (alice.nick, tom.name))
        tom.send("/op " + bob.nick)
        tom.expect("Sorry, only an operator of %s may do that" % room)
        self.op(alice, tom, room)
        bob.sync()
        tom.send("/op " + bob.nick)
        m = bob.expect("MODE", "#" + room)
        self.assertEqual((m.nick, m.params[1:]), (tom.name, ["+o", bob.nick]))
        bob.send("MODE #%s -o+v %s %s" % (room, tom.name, tom.name))
        tom.line("%s has taken operator's rights from %s." % (bob.nick, tom.name))
        for setting, shown in (("key word", ["+k", "*"]), ("limit 30", ["+l", "30"]), ("invite-only on", ["+i"]),
                               ("moderated on", ["+m"]), ("private on", ["+s"]), ("topic-lock off", ["-t"]),
                               ("key off", ["-k", "*"]), ("limit off", ["-l"]), ("invite-only off", ["-i"])):
            self.op(alice, tom, room) if setting == "key word" else None
            tom.send("/room " + setting)
            m = alice.expect("MODE", "#" + room, shown[0])
            self.assertEqual((m.nick, m.params[1:]), (tom.name, shown))
        self.assertEqual(set(alice.ask("MODE #" + room, "324").params[2]), set("+mns"))
        alice.send("MODE #%s -ms+CRMeI friend guest" % room)
        for words in ("has ended moderation", "has made the room public", "has forbidden CTCP",
                      "lets only people with accounts join", "lets only people with accounts speak",
                      "has excepted friend from bans", "lets guest in without an invitation"):
            tom.expect("^ *%s %s" % (alice.nick, words))
        tom.send("/room")
        tom.expect("^Room %s: 3 here, .* settings: no-outside no-ctcp registered-join registered-say$" % room)

    def test_what_modes_do_to_telnet(self):
        alice, tom, room = self.meet()
        alice.ask("MODE #%s +m" % room, "MODE")
        tom.expect("moderated")
        tom.send("may I?")
        tom.expect("Couldn't send message :\\( you may not speak in %s" % room)
        alice.ask("MODE #%s -m+b %s" % (room, tom.name), "MODE")
        tom.send("may I now?")
        tom.expect("Couldn't send message :\\(")
        alice.ask("MODE #%s -b+M %s" % (room, tom.name), "MODE")
        tom.send("and now?")
        tom.expect("only people with an account may speak in %s" % room)
        alice.ask("MODE #%s -M+b ~r:%s" % (room, tom.name), "MODE")
        tom.sync()
        tom.send("/leave", "/join " + room)
        tom.expect("Sorry, you are banned from the room %s" % room)
        alice.ask("MODE #%s -b+R ~r:%s" % (room, tom.name), "MODE")
        tom.send("/join " + room)
        tom.expect("Sorry, only people with an account may join %s" % room)
        alice.ask("MODE #%s -R+k sesame" % room, "MODE")
        tom.send("/join " + room)
        tom.expect("Sorry, the room %s needs a key" % room)
        tom.send("/join %s sesame" % room)
        tom.line("You are in %s." % room)

    def test_kick(self):
        alice, tom, room = self.meet()
        alice.send("KICK #%s %s :\x0304too\x03 loud\x07" % (room, tom.name.upper()))
        self.assertEqual(alice.expect("KICK").params, ["#" + room, tom.name, "\x0304too\x03 loud"])
        tom.line("You have been removed from %s by %s (too loud)." % (room, alice.nick))
        tom.send("/join " + room)
        alice.expect("JOIN", "#" + room)
        self.op(alice, tom, room)
        una = self.client("una")
        una.send("/join " + room)
        una.line("You are in %s." % room)
        alice.send("KICK #%s %s" % (room, una.name))
        tom.line("%s has been removed by %s." % (una.name, alice.nick))
        tom.send("/kick %s now you" % alice.nick)
        m = alice.expect("KICK", "#" + room, alice.nick)
        self.assertEqual((m.nick, m.params[2]), (tom.name, "now you"))
        self.assertEqual(alice.ask("PRIVMSG #%s :x" % room, "404").params[1], "#" + room)
        self.plain(tom)

    def test_rename(self):
        alice, tom, room = self.meet("draft/channel-rename")
        bob = self.irc("bob")
        bob.ask("JOIN #" + room, "366")
        alice.sync()
        new = self.fresh("new")
        alice.send("RENAME #%s #%s :\x02better\x02" % (room, new))
        self.assertEqual(alice.expect("RENAME").params, ["#" + room, "#" + new, "\x02better\x02"])
        tom.line("%s has renamed the room: it is %s now. (better)" % (alice.nick, new))
        self.assertEqual(self.commands(bob.sync())[-4:], ["PART", "JOIN", "353", "366"])
        tom.send("still here", "/who " + new)
        bob.expect("PRIVMSG", "#" + new, "still here")
        tom.expect(r"^In %s \(3\)" % new)
        self.plain(tom)

    def test_invitations(self):
        alice, tom, room = self.meet()
        bob, una = self.irc("bob"), self.client("una")
        alice.ask("MODE #%s +i" % room, "MODE")
        self.op(alice, tom, room)
        tom.send("/invite " + bob.nick)
        m = bob.expect("INVITE", bob.nick, "#" + room)
        self.assertEqual(m.source, "%s!telnet@127.0.0.1" % tom.name)
        tom.line("You have invited %s to %s." % (bob.nick, room))
        bob.ask("JOIN #" + room, "366")
        alice.ask("INVITE %s #%s" % (una.name, room), "341")
        una.expect("%s invites you to %s" % (alice.nick, room))
        una.send("/join " + room)
        una.line("You are in %s." % room)


class People(MixedCase):
    def test_names(self):
        alice, tom, room = self.meet()
        new = self.fresh("tomtom")
        tom.send("/nick " + new)
        m = alice.expect("NICK")
        self.assertEqual((m.source, m.params), ("%s!telnet@127.0.0.1" % tom.name, [new]))
        tom.name = new
        alice.send("NICK " + new.upper())
        self.assertEqual(alice.expect("433").params[1], new.upper())
        other = self.fresh("alison")
        alice.ask("NICK " + other, "NICK")
        tom.expect("is now " + other)

    def test_names_that_fold_alike(self):
        n = self.fresh()
        tom = self.client("Stra\u00dfe%s" % n, exact=True)
        raw = self.irc_raw()
        raw.nick = "x"
        for taken in ("STRASSE%s" % n, "strasse%s" % n, "\uff33tra\u00dfe%s" % n):
            raw.send("NICK " + taken)
            self.assertEqual(raw.expect("433").params[1], taken)
        alice = self.irc("alice")
        alice.send("PRIVMSG STRASSE%s :hello" % n)
        tom.expect('%s sent you "hello"' % alice.nick)
        # rooms too
        room = "caf\u00e9%s" % n
        tom.send("/join " + room)
        tom.sync()
        alice.ask("JOIN #CAFE\u0301%s" % n.upper(), "JOIN", "#" + room)
        tom.send("here")
        alice.expect("PRIVMSG", "#" + room, "here")
        alice.send("PRIVMSG #CAF\u00c9%s :there" % n)
        tom.line("%s: there" % alice.nick)

    def test_away(self):
        alice, tom, room = self.meet("away-notify")
        tom.send("/away back at two")
        m = alice.expect("AWAY")
        self.assertEqual((m.nick, m.params), (tom.name, ["back at two"]))
        alice.send("PRIVMSG %s :there?" % tom.name)
        self.assertEqual(alice.expect("301").params[1:], [tom.name, "back at two"])
        self.assertEqual(alice.ask("WHO #" + room, "352", None, None, None, None, None, tom.name).params[6], "G")
        tom.send("/away")
        self.assertEqual(alice.expect("AWAY").params, [])
        alice.ask("AWAY :\x1b[5mgone", "306")
        tom.send("/msg %s there?" % alice.nick)
        tom.line("%s is away: gone" % alice.nick)
        self.plain(tom)

    def test_direct(self):
        alice, tom, room = self.meet()
        tom.send("/msg %s psst" % alice.nick, "and you@%s" % alice.nick.upper())
        m = alice.expect("PRIVMSG", alice.nick, "psst")
        self.assertEqual(m.source, "%s!telnet@127.0.0.1" % tom.name)
        alice.expect("PRIVMSG", alice.nick, "and you")
        alice.send("PRIVMSG %s :yes?" % tom.name, "NOTICE %s :hm" % tom.name.upper())
        tom.line('%s sent you "yes?"' % alice.nick)
        tom.line('%s sent you "hm"' % alice.nick)
        alice.send("PRIVMSG %s :\x01ACTION nods\x01" % tom.name)
        tom.line("* %s (to you) nods" % alice.nick)
        tom.send("/msg nobody-at-all x")
        tom.expect("nobody here is called nobody-at-all")

    def test_only_from_accounts(self):
        """User mode R keeps telnet users away as well."""
        alice, tom, room = self.meet()
        alice.ask("MODE %s +R" % alice.nick, "MODE")
        tom.send("/msg %s hello" % alice.nick)
        tom.expect("takes messages from people with accounts only")
        self.assertEqual([m for m in alice.sync() if m.command == "PRIVMSG"], [])


class Texts(MixedCase):
    def test_actions_and_formatting(self):
        alice, tom, room = self.meet()
        tom.send("/me waves")
        alice.expect("PRIVMSG", "#" + room, "\x01ACTION waves\x01")
        alice.send("PRIVMSG #%s :\x01ACTION \x02waves\x02 back\x01" % room)
        tom.line("* %s waves back" % alice.nick)
        for text, shown in (("\x02bold\x0f \x1ditalic\x1d \x1funder\x1f \x1estrike\x1e \x11mono\x11 \x16back\x16",
                             "bold italic under strike mono back"),
                            ("\x034red \x0312,4blue\x03 12,3 plain", "red blue 12,3 plain"),
                            ("\x04ff0000hex\x04 on", "hex on"),
                            ("\x1b[31mred\x1b[0m \x1b]0;t\x07x", "red x"), ("\u009b1mc1\u009d0;t\u009c", "c1")):
            alice.send("PRIVMSG #%s :%s" % (room, text))
            tom.line("%s: %s" % (alice.nick, shown))
        alice.send("NOTICE #%s :noted" % room)
        tom.line("%s: noted" % alice.nick)
        self.plain(tom)

    def test_ctcp_is_plain(self):
        alice, tom, room = self.meet()
        alice.send("PRIVMSG %s :\x01VERSION\x01" % tom.name)
        tom.expect("VERSION")
        self.assertFalse([m for m in alice.sync() if m.command == "NOTICE"])
        self.plain(tom)

    def test_text_of_telnet_is_no_protocol(self):
        """Nothing that is typed there makes another line, source or command here."""
        alice, tom, room = self.meet("message-tags")
        for text in ("PRIVMSG #x :y", ":server 001 you :x", "@tag=1 PING x", "QUIT", "a: b :c"):
            tom.send(text)
            m = alice.expect("PRIVMSG", "#" + room)
            self.assertEqual((m.params[1], m.nick), (text, tom.name))
        tom.send_raw(b"one\x00QUIT\r\n")
        tom.expect("not UTF-8|was not taken")
        tom.send_raw(b"before\x01ACTION x\x01\x02after\r\n")
        self.assertEqual(alice.expect("PRIVMSG", "#" + room).params[1], "beforeACTION xafter")
        tom.send("\x01ACTION is typed\x01")
        self.assertEqual(alice.expect("PRIVMSG", "#" + room).params[1], "ACTION is typed")

    def test_long_telnet_lines(self):
        """Split at characters; with draft/multiline one batch whose lines are joined."""
        alice, tom, room = self.meet()
        bob = self.irc("bob", MULTI)
        bob.ask("JOIN #" + room, "366")
        tom.expect("%s has entered" % bob.nick)
        alice.sync()
        for unit in ("x", "w\u00f6rter ", "\u6f22", "\U0001f44d\U0001f3fd", "e\u0301\u0323", "\U0001f468\u200d\U0001f469\u200d\U0001f467 "):
            text = (unit * 2500).encode()[:2500].decode(errors="ignore").rstrip()
            text = text[:len(text) - len(text) % len(unit)] if unit.strip() == unit else text
            tom.send(text)
            got, whole = [], ""
            while whole != text:
                m = alice.next()
                self.assertTrue(m.is_("PRIVMSG", "#" + room), m)
                self.assertLessEqual(len(m.line.encode()), 510)
                self.assertTrue(text.startswith(whole + m.params[1]))
                got.append(m.params[1])
                whole += m.params[1]
            self.assertGreater(len(got), 4)
            if unit in ("\u6f22", "\U0001f44d\U0001f3fd", "e\u0301\u0323"):
                self.assertTrue(all(len(t) % len(unit) == 0 for t in got), "cut within a character")
            lines = bob.until(lambda m: m.is_("BATCH", re.compile("^-")))
            self.assertTrue(lines[0].is_("BATCH", None, "draft/multiline", "#" + room))
            self.assertEqual("".join(m.params[1] for m in lines[1:-1]), text)
            self.assertEqual(["draft/multiline-concat" in m.tags for m in lines[1:-1]],
                             [False] + [True] * (len(lines) - 3))

    def test_paste(self):
        alice, tom, room = self.meet()
        bob = self.irc("bob", MULTI)
        bob.ask("JOIN #" + room, "366")
        tom.expect("%s has entered" % bob.nick)
        tom.send("/paste", "first", "", "  third " + "x" * 600, "/quit", ".")
        got = alice.until(lambda m: m.params[-1] == "/quit")
        self.assertEqual({m.command for m in got if m.nick == tom.name}, {"PRIVMSG"})
        said = [m.params[1] for m in got if m.command == "PRIVMSG"]
        self.assertEqual((said[0], "".join(said[1:-1]), said[-1]), ("first", "  third " + "x" * 600, "/quit"))
        lines = bob.until(lambda m: m.is_("BATCH", re.compile("^-")))
        joined = ""
        for m in lines[1:-1]:
            joined += ("" if "draft/multiline-concat" in m.tags else "\n") + m.params[1]
        self.assertEqual(joined[1:], "first\n\n  third %s\n/quit" % ("x" * 600))

    def test_multiline_to_telnet(self):
        tom = self.client("tom")
        alice = self.irc("alice", MULTI)
        room = self.fresh("chan")
        tom.send("/join " + room)
        tom.expect("operator")
        alice.ask("JOIN #" + room, "366")
        tom.sync()
        alice.send("BATCH +1 draft/multiline #" + room, "@batch=1 PRIVMSG #%s :one \x02fat\x02" % room,
                   "@batch=1 PRIVMSG #%s :" % room, "@batch=1 PRIVMSG #%s :three " % room,
                   "@batch=1;draft/multiline-concat PRIVMSG #%s :and more" % room, "BATCH -1")
        tom.expect("and more")
        self.assertIn("%s: one fat\r\n  \r\n  three and more\r\n" % alice.nick, tom.text.decode())
        alice.send("BATCH +2 draft/multiline " + tom.name, "@batch=2 PRIVMSG %s :for you" % tom.name,
                   "@batch=2 PRIVMSG %s :alone" % tom.name, "BATCH -2")
        tom.expect("alone")
        self.assertIn('%s sent you "for you\r\n  alone"\r\n' % alice.nick, tom.text.decode())
        self.plain(tom)

    def test_one_order(self):
        """All members see the same messages in the same order, whatever they speak."""
        alice, tom, room = self.meet("echo-message")
        bob, una = self.irc("bob", ("echo-message",)), self.client("una")
        una.send("/echo on", "/join " + room)
        una.expect("3 here")
        bob.ask("JOIN #" + room, "366")
        tom.send("/echo on")
        for c in (alice, tom, bob, una):
            c.sync()
        marks = [c.mark() for c in (tom, una)]
        n = 100
        for i in range(n):
            for k, c in enumerate((alice, tom, bob, una)):
                c.send(("PRIVMSG #%s :m%d-%d" % (room, k, i)) if k in (0, 2) else "m%d-%d" % (k, i))
        for c in (alice, tom, bob, una) * 2:  # all has been said, and then all has come
            c.sync()
        seen = [[m.params[1] for m in c.seen if m.command == "PRIVMSG" and m.params[1].startswith("m")]
                for c in (alice, bob)]
        seen += [re.findall(r"^\S+: (m\d-\d+)$", c.since(mark), re.M) for c, mark in zip((tom, una), marks)]
        self.assertEqual(len(seen[0]), 4 * n)
        for other in seen[1:]:
            self.assertEqual(other, seen[0])

    def test_rank_targets(self):
        """What is said to operators alone is not heard by others in telnet."""
        alice, tom, room = self.meet()
        bob = self.irc("bob")
        bob.ask("JOIN #" + room, "366")
        bob.send("PRIVMSG @#%s :for operators" % room)
        alice.expect("PRIVMSG", "@#" + room, "for operators")
        self.assertNotIn("for operators", tom.sync())
        self.op(alice, tom, room)
        bob.send("PRIVMSG @#%s :for operators now" % room)
        tom.expect("for operators now")


class Ordered(MixedCase):
    """Who was thrown out has not left by itself, and nobody can make believe it was."""

    def leaves(self, order, who, text, what):
        """In QUIT, in ERROR if it is an IRC client, in telnet and in the log."""
        alice, tom, room = self.meet()
        name = who.nick if who.__class__.__name__ == "Irc" else who.name
        who.send("JOIN #" + room if who is not self.telnet else "/join " + room)
        alice.expect("JOIN")
        tom.expect("%s has entered" % name)
        mark = self.d.log_mark()
        order(name)
        self.assertEqual(alice.expect("QUIT").params, [text])
        tom.line("%s has left the chat.%s" % (name, what))
        got = who.expect_eof()
        if who is not self.telnet:
            self.assertEqual(got[-1].params, ["Closing link: %s: %s" % (name, text)])
        self.d.expect_log("Closed connection from: %s, %s$" % (name, re.escape(text)), mark)

    def test_words(self):
        for words, text in (("", "Kicked by Server"), ("calm down", "Kicked by Server (calm down)")):
            self.telnet = None
            self.leaves(lambda n: self.d.ctl("kick", n, *words.split()), self.irc("ira"), text, " %s." % text)
            self.telnet = self.client("tess")
            self.leaves(lambda n: self.d.ctl("kick", n, *words.split()), self.telnet, text, " %s." % text)
        for words, text in (("", "Banned"), ("bad boy", "Banned (bad boy)")):
            self.telnet = None
            self.leaves(lambda n: self.d.ctl("ban", "add", n, *words.split()), self.irc("bob"), text, " %s." % text)
        ira = self.irc("ira")
        self.leaves(lambda n: ira.send("QUIT :Kicked by Server"), ira, "Quit: Kicked by Server", " (Kicked by Server)")


class ServersName(IrcCase):
    """A server whose name has no dot, so that it could be somebody's."""

    own = True

    def test_is_nobodys(self):
        d = self.daemon({"name": "Hub"})
        alice, tom = self.irc("alice"), self.client("tom")
        self.assertEqual(alice.seen[0].source, "Hub")
        for name in ("Hub", "hub", "\uff28ub", "server"):
            self.assertEqual(self.commands(alice.answers("NICK " + name)), ["432"], name)
            tom.ask("/nick " + name, "reserved")
            una = self.connect()
            una.send(name)
            una.expect("reserved")
        # what is said to it is said to chatctl, if that listens
        for c in (alice, tom):
            chat = Running(self, "chat", c.nick if c is alice else c.name)
            chat.expect("connected")
            for name in ("Hub", "HUB", "Server"):
                c.send("PRIVMSG %s :to %s" % (name, name) if c is alice else "to %s@%s" % (name, name))
                chat.expect(": to %s$" % name)
            chat.send("/quit")
            self.assertEqual(chat.wait(), 0)
        self.assertEqual(self.commands(alice.answers("PRIVMSG Hub :gone")), ["401"])
        tom.send("gone@Hub")
        tom.expect("Couldn't send")
        # another name: whoever has that goes, and the old one is free
        anna, bert = self.irc("Anna", exact=True), self.client("Bert", exact=True)
        for name, c in (("anna", anna), ("BERT", bert)):
            d.write_conf(merged(self.config, {"name": name}))
            d.ctl("reload")
            c.expect_eof()
            self.eventually("the new name", lambda: self.commands(alice.answers("NICK " + name)) == ["432"])
        self.assertEqual(self.commands(alice.answers("NICK Hub")), ["NICK"])
        self.assertEqual(alice.ask("TIME", "391").source, "BERT")


if __name__ == "__main__":
    main()
