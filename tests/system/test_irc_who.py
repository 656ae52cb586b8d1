#!/usr/bin/env python3
"""WHO, WHOX, WHOIS, WHOWAS, USERHOST, ISON: as modern.ircdocs.horse and IRCv3's whox have them."""

import re
import time

from harness import main
from irc import IrcCase


class Who(IrcCase):
    def who(self, c, line, num="352"):
        """The params of all answers, without the asker's nick."""
        c.send("WHO " + line)
        got = c.until(lambda m: m.command == "315")
        self.assertEqual(got[-1].params[:2], [c.nick, line.split()[0]])
        return [m.params[1:] for m in got[:-1] if m.command == num]

    def test_room(self):
        alice = self.irc("alice", user="al", real="Alice A")
        bob = self.irc("bob", real="Bob B")
        tom = self.client("tom")
        chan = self.channel(alice, bob)
        tom.send("/join " + chan[1:])
        alice.expect("JOIN", chan)
        bob.ask("AWAY :gone", "306")
        got = self.who(alice, chan)
        server = got[0][3]
        self.assertEqual(got, [
            [chan, "al", "127.0.0.1", server, alice.nick, "H@", "0 Alice A"],
            [chan, "user", "127.0.0.1", server, bob.nick, "G", "0 Bob B"],
            [chan, "telnet", "127.0.0.1", server, tom.name, "H", "0 " + tom.name]])
        # the room's name in another case, and the mask as asked in the end
        self.assertEqual(len(self.who(alice, chan.upper())), 3)

    def test_prefixes(self):
        alice, bob = self.irc("alice", ("multi-prefix",)), self.irc("bob")
        chan = self.channel(alice, bob)
        alice.ask("MODE %s +v %s" % (chan, alice.nick), "MODE")
        self.assertEqual(self.who(alice, alice.nick)[0][5], "H@+")
        self.assertEqual(self.who(bob, alice.nick)[0][5], "H@")

    def test_secret_room(self):
        alice, eve = self.irc("alice"), self.irc("eve")
        chan = self.channel(alice)
        self.assertEqual(len(self.who(eve, chan)), 1)
        alice.ask("MODE %s +s" % chan, "MODE")
        self.assertEqual(self.who(eve, chan), [])
        self.assertEqual(self.who(eve, alice.nick)[0][0], "*")
        self.assertEqual(self.who(eve, "#nosuchroom"), [])

    def test_masks(self):
        alice = self.irc("alice", user="findme%d" % 7, real="Very Unusual Name")
        eve = self.irc("eve")
        for mask in (alice.nick[:-1] + "?", alice.nick.upper(), "find*7", "*unusual*", "*al*ice*" + alice.nick[-1:]):
            self.assertIn(alice.nick, [p[4] for p in self.who(eve, mask)], mask)
        self.assertTrue({alice.nick, eve.nick} <= {p[4] for p in self.who(eve, "127.0.0.*")})
        self.assertTrue({alice.nick, eve.nick} <= {p[4] for p in self.who(eve, "*")})
        self.assertEqual(self.who(eve, "nobody-*-here"), [])
        # bounded, whatever is asked for
        self.assertEqual(self.who(eve, "*a" * 60 + "!"), [])

    def test_invisible(self):
        alice, eve = self.irc("alice"), self.irc("eve")
        alice.ask("MODE %s +i" % alice.nick, "MODE")
        self.assertNotIn(alice.nick, [p[4] for p in self.who(eve, "*")])
        self.assertEqual(len(self.who(eve, alice.nick)), 1)
        chan = self.channel(alice)
        self.assertEqual(self.who(eve, chan), [])
        eve.ask("JOIN " + chan, "366")
        self.assertIn(alice.nick, [p[4] for p in self.who(eve, "*")])
        self.assertEqual(len(self.who(eve, chan)), 2)

    def test_operators_only(self):
        alice = self.irc("alice")
        chan = self.channel(alice)
        alice.send("WHO %s o" % chan)
        self.assertEqual(alice.next().command, "315")

    def test_bot(self):
        bot = self.irc("bot")
        bot.ask("MODE %s +B" % bot.nick, "MODE")
        self.assertIn("B", self.who(bot, bot.nick)[0][5])
        self.assertIn("335", self.commands(self.whois(bot, bot.nick)))

    def test_parameters(self):
        c = self.irc("alice")
        c.ask("WHO", "461", c.nick, "WHO")

    def test_what_is_no_word(self):
        """Said back as a parameter in the middle of a line, it would be another one, or several."""
        alice = self.irc("alice")
        for line, command in (("WHO :", "315"), ("WHO ::x y", "315"), ("WHOIS :foo bar", "318"), ("WHOIS :foo bar", "401"), ("WHOWAS :foo bar", "369"),
                              ("WHOWAS :foo bar", "406")):
            m = next(m for m in alice.answers(line) if m.command == command)
            self.assertEqual((m.params[1], len(m.params)), ("*", 3), line)
        for line in ("TOPIC :#foo bar", "MODE :#foo bar"):
            self.assertEqual([(m.command, len(m.params)) for m in alice.answers(line)], [("403", 3)], line)

    def test_whox(self):
        alice = self.irc("alice", user="al", real="Alice A")
        chan = self.channel(alice)
        server = self.who(alice, alice.nick)[0][3]
        got = self.who(alice, chan + " %tcuihsnfdlaor,123", "354")
        self.assertEqual(len(got), 1)
        self.assertTrue(re.fullmatch(r"\d+", got[0][9]))
        got[0][9] = "0"
        self.assertEqual(got[0], ["123", chan, "al", "127.0.0.1", "127.0.0.1", server, alice.nick, "H@", "0", "0",
                                  "0", "n/a", "Alice A"])
        # in the server's order, whatever was the client's
        self.assertEqual(self.who(alice, alice.nick + " %ant,7", "354"), [["7", alice.nick, "0"]])
        self.assertEqual(self.who(alice, alice.nick + " %na", "354"), [[alice.nick, "0"]])
        self.assertEqual(self.who(alice, alice.nick + " o%na", "354"), [])

    # -- WHOIS

    def whois(self, c, what):
        c.send("WHOIS " + what)
        return c.until(lambda m: m.command == "318")

    def test_whois(self):
        alice, bob = self.irc("alice", user="al", real="Alice A"), self.irc("bob")
        chan = self.channel(alice, bob)
        alice.ask("AWAY :tea", "306")
        got = {m.command: m.params[1:] for m in self.whois(bob, alice.nick.upper())}
        self.assertEqual(got["311"], [alice.nick, "al", "127.0.0.1", "*", "Alice A"])
        self.assertEqual(got["319"], [alice.nick, "@" + chan])
        self.assertEqual(got["312"][0], alice.nick)
        self.assertEqual(got["301"], [alice.nick, "tea"])
        self.assertEqual(got["317"][0], alice.nick)
        self.assertEqual(got["317"][3], "seconds idle, signon time")
        self.assertEqual(got["318"][0], alice.nick.upper())
        for num in ("313", "330", "335", "338", "378", "379", "671"):
            self.assertNotIn(num, got)
        # the address is for oneself
        got = {m.command: m.params[1:] for m in self.whois(alice, alice.nick)}
        self.assertIn("127.0.0.1", got["338"])
        self.assertIn("378", got)

    def test_whois_two(self):
        alice, bob = self.irc("alice"), self.irc("bob")
        server = self.who(alice, alice.nick)[0][3]
        for line in ("%s %s" % (server, bob.nick), "%s %s" % (bob.nick, bob.nick)):
            self.assertEqual(self.whois(alice, line)[0].params[:2], [alice.nick, bob.nick])
        alice.ask("WHOIS no.such.server " + bob.nick, "402", alice.nick, "no.such.server")
        alice.send("WHOIS %s,%s" % (alice.nick, bob.nick))
        for nick in (alice.nick, bob.nick):
            alice.expect("311", None, nick)
            alice.expect("318", None, nick)

    def test_whois_unknown(self):
        alice = self.irc("alice")
        got = self.whois(alice, "nobody-here")
        self.assertEqual([(m.command, m.params[1]) for m in got], [("401", "nobody-here"), ("318", "nobody-here")])
        alice.ask("WHOIS", "431")

    def test_whois_secret_rooms(self):
        alice, eve = self.irc("alice"), self.irc("eve")
        chan, open_one = self.channel(alice), self.channel(alice)
        alice.ask("MODE %s +s" % chan, "MODE")
        got = [m.params[2] for m in self.whois(eve, alice.nick) if m.command == "319"]
        self.assertEqual(got, ["@" + open_one])
        alice.ask("MODE %s +i" % alice.nick, "MODE")
        self.assertNotIn("319", self.commands(self.whois(eve, alice.nick)))

    def test_whois_many_rooms(self):
        alice = self.irc("alice")
        chans = [self.channel(alice, stem="long" + "x" * 50) for _ in range(15)]
        lines = [m for m in self.whois(alice, alice.nick) if m.command == "319"]
        self.assertGreater(len(lines), 1)
        self.assertEqual(" ".join(m.params[2] for m in lines).split(), ["@" + c for c in chans])
        self.assertTrue(all(len(m.line.encode()) <= 510 for m in lines))

    def test_whois_telnet(self):
        alice, tom = self.irc("alice"), self.client("tom")
        got = {m.command: m.params[1:] for m in self.whois(alice, tom.name)}
        self.assertEqual(got["311"], [tom.name, "telnet", "127.0.0.1", "*", tom.name])

    def test_labels(self):
        alice = self.irc("alice", ("batch", "labeled-response"))
        for line, end in (("WHO " + alice.nick, "315"), ("WHOIS " + alice.nick, "318"), ("WHOWAS nobody", "369")):
            got = alice.answers("@label=x " + line)
            self.assertEqual((got[0].command, got[0].tags["label"]), ("BATCH", "x"))
            self.assertEqual(got[-2].command, end)
            self.assertEqual(got[-1].command, "BATCH")
        got = alice.answers("@label=y ISON " + alice.nick)
        self.assertEqual([(m.command, m.tags.get("label")) for m in got], [("303", "y")])

    # -- WHOWAS

    def test_whowas(self):
        alice = self.irc("alice")
        bob = self.irc("bob", user="bo", real="Bob B")
        name = bob.nick
        new = self.fresh("bob")
        bob.ask("NICK " + new, "NICK", new)
        got = alice.answers("WHOWAS " + name.upper())
        self.assertEqual(self.commands(got), ["314", "312", "369"])
        self.assertEqual(got[0].params[1:], [name, "bo", "127.0.0.1", "*", "Bob B"])
        self.assertEqual(got[-1].params[1], name.upper())
        # newest first, and not more than asked for
        again = self.irc(name, exact=True, user="second", real="Second")
        again.send("QUIT :bye")
        again.expect_eof()
        got = [m.params[2] for m in alice.answers("WHOWAS " + name) if m.command == "314"]
        self.assertEqual(got, ["second", "bo"])
        for count, n in (("1", 1), ("2", 2), ("0", 2), ("-1", 2)):
            got = [m.params[2] for m in alice.answers("WHOWAS %s %s" % (name, count)) if m.command == "314"]
            self.assertEqual(got, ["second", "bo"][:n], count)

    def test_whowas_unknown(self):
        alice = self.irc("alice")
        got = alice.answers("WHOWAS nobody,someone")
        self.assertEqual([(m.command, m.params[1]) for m in got],
                         [("406", "nobody"), ("406", "someone"), ("369", "nobody,someone")])
        alice.ask("WHOWAS", "431")

    def test_whowas_of_several(self):
        """One history, gone through backwards, and one end (RFC 2812 section 3.6.3)."""
        alice = self.irc("alice")
        names = [self.fresh("gone") for i in range(2)]
        for ident in ("one", "two"):
            for name in names:
                c = self.irc(name, exact=True, user=ident)
                c.send("QUIT")
                c.expect_eof()
                self.eventually("the clock", lambda at=time.time(): time.time() > at + 0.002)
        first, second = names
        want = [(second, "two"), (first, "two"), (second, "one"), (first, "one")]
        for several in (names, names[::-1]):
            got = alice.answers("WHOWAS " + ",".join(several + ["nobody"]))
            self.assertEqual([tuple(m.params[1:3]) for m in got if m.command == "314"], want)
            self.assertEqual([(m.command, m.params[1]) for m in got[-2:]], [("406", "nobody"), ("369", ",".join(several + ["nobody"]))])
            got = alice.answers("WHOWAS %s 1" % ",".join(several))
            self.assertEqual([tuple(m.params[1:3]) for m in got if m.command == "314"], want[:2])

    # -- USERHOST, ISON

    def test_userhost(self):
        alice, bob = self.irc("alice", user="al"), self.irc("bob")
        bob.ask("AWAY :gone", "306")
        m = alice.ask("USERHOST %s %s nobody-here" % (alice.nick.upper(), bob.nick), "302")
        self.assertEqual(m.params[1].split(), ["%s=+al@127.0.0.1" % alice.nick, "%s=-user@127.0.0.1" % bob.nick])
        m = alice.ask("USERHOST " + " ".join(["x"] * 5 + [bob.nick]), "302")
        self.assertEqual(m.params, [alice.nick, ""])
        alice.ask("USERHOST", "461", alice.nick, "USERHOST")

    def test_ison(self):
        alice, bob = self.irc("alice"), self.irc("bob")
        for line in ("ISON %s nobody %s", "ISON :%s nobody %s"):
            m = alice.ask(line % (alice.nick.upper(), bob.nick), "303")
            self.assertEqual(m.params[1].split(), [alice.nick, bob.nick])
        self.assertEqual(alice.ask("ISON nobody", "303").params, [alice.nick, ""])
        alice.ask("ISON", "461", alice.nick, "ISON")


class Shown(IrcCase):
    """What chatctl knows of an IRC client."""

    def test_capabilities_and_program(self):
        alice = self.irc("alice", ("multi-prefix", "batch", "draft/metadata-3"))
        bob = self.irc("bob")
        u = self.d.json("user", alice.nick)
        self.assertEqual((u["protocol"], u["client"]), ("irc", None))
        self.assertEqual(sorted(u["capabilities"]), ["batch", "cap-notify", "draft/metadata-3", "multi-prefix"])
        self.assertEqual(self.d.json("user", bob.nick)["capabilities"], [])
        alice.ask("CAP REQ :-batch away-notify", "CAP", None, "ACK")
        bob.send("PRIVMSG %s :\x01VERSION\x01" % alice.nick)
        alice.expect("PRIVMSG", None, "\x01VERSION\x01")
        alice.send("NOTICE %s :\x01VERSION \x02Tool\x0f 1.2 \x0304(Unix) a very long tail that nobody needs\x01" % bob.nick)
        alice.sync()
        u = self.d.json("user", alice.nick)
        self.assertEqual(u["client"], "Tool 1.2 (Unix) a very long tail that n")
        self.assertEqual(sorted(u["capabilities"]), ["away-notify", "cap-notify", "draft/metadata-3", "multi-prefix"])
        # a table has them, too; and they are nobody else's afterwards
        self.assertRegex(self.d.ctl("user", alice.nick), r"client +Tool 1\.2")
        alice.send("QUIT")
        alice.expect_eof()
        carol = self.irc("carol")
        self.assertEqual(self.d.json("user", carol.nick)["client"], None)


if __name__ == "__main__":
    main()
