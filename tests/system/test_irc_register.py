#!/usr/bin/env python3
"""IRC: from a connection to a session. PASS, NICK, USER, CAP, AUTHENTICATE, PING, QUIT, WEBIRC, AWAY before the login."""

from harness import main, merged
from irc import IrcCase

SUPPORTED = "are supported by this server"


class Registration(IrcCase):
    def welcomed(self, c):
        c.expect("001")
        return c.until(lambda m: m.command in ("376", "422"))

    def test_welcome(self):
        alice = self.irc("alice")
        got = {m.command: m for m in alice.seen}
        numerics = [m.command for m in alice.seen]
        self.assertEqual(numerics[:5], ["001", "002", "003", "004", "005"])
        for n in ("251", "252", "253", "254", "255", "265", "266"):
            self.assertIn(n, got)
        self.assertTrue(all(m.params[0] == alice.nick for m in alice.seen))
        me = alice.seen[0].source
        self.assertEqual(got["004"].params[1], me)
        self.assertEqual(got["004"].params[3:], ["BRiow", "CIMRbehiklmnostv", "Ibehklov"])
        self.assertIn(alice.nick, got["001"].params[-1])
        self.assertEqual(alice.isupport["NETWORK"], "chatd")

    def test_nick(self):
        alice = self.irc("alice")
        c = self.irc_raw()
        c.ask("NICK", "431", "*")
        c.ask("NICK :", "431", "*")
        c.ask("NICK :a b", "432", "*", "*")
        c.ask("NICK 1abc", "432", "*", "1abc")
        c.ask("NICK #abc", "432", "*", "#abc")
        c.ask("NICK " + "x" * 33, "432", "*", "x" * 33)
        c.ask("NICK " + alice.nick.upper(), "433", "*", alice.nick.upper())
        c.send("USER u 0 * :r")
        c.ask("NICK " + alice.nick, "433", "*", alice.nick)
        nick = self.fresh("bob")
        c.send("NICK " + nick)
        c.expect("001", nick)

    def test_nick_taken_while_it_waits(self):
        """Two want the same name; the one that says END later tries another."""
        nick = self.fresh("same")
        a, b = self.irc_raw(), self.irc_raw()
        for c in (a, b):
            c.send("CAP LS 302", "NICK " + nick, "USER u 0 * :r")
            c.expect("CAP", None, "LS")
        a.send("CAP END")
        a.expect("001", nick)
        b.send("CAP END")
        b.expect("433", None, nick)
        other = self.fresh("other")
        b.send("NICK " + other)
        b.expect("001", other)

    def test_two_nicks_at_once(self):
        a, b = self.fresh("a"), self.fresh("b")
        c = self.irc_raw()
        c.send("USER u 0 * :r", "NICK " + a, "NICK " + b)
        c.expect("001", a)
        self.assertEqual(c.expect("NICK").params, [b])
        c.ask("NICK", "431", b)

    def test_user(self):
        c = self.irc_raw()
        c.ask("USER", "461", "*", "USER")
        c.ask("USER a 0 *", "461", "*", "USER")
        c.ask("USER a 0 * :", "461", "*", "USER")
        c.send("USER a 0 * :Real")
        c.ask("USER b 0 * :Real", "462")
        nick = self.fresh("u")
        c.send("NICK " + nick)
        self.welcomed(c)
        c.ask("USER b 0 * :Real", "462", nick)
        c.ask("USER", "462", nick)
        c.ask("PASS x", "462", nick)
        c.ask("WEBIRC a b c d", "462", nick)

    def test_not_registered(self):
        c = self.irc_raw()
        for line in ("JOIN #x", "PRIVMSG x :y", "WHOIS x", "AWAY :x", "ISUPPORT", "NOSUCH", "MODE x", "OPER a b"):
            c.ask(line, "451", "*")
        c.send("ERROR :no", "PONG x")
        c.ask("SERVER a 1 :x", "421", "*", "SERVER")
        c.ask("PING abc", "PONG", None, "abc")
        c.ask("PING", "461", "*", "PING")
        c.ask("PING :", "409", "*")
        c.send("QUIT :bye")
        got = c.expect_eof()
        self.assertEqual(got[-1].command, "ERROR")

    def test_unknown(self):
        alice = self.irc("alice")
        alice.ask("NOSUCH a b", "421", alice.nick, "NOSUCH")
        alice.ask("SERVER a 1 :x", "421", alice.nick, "SERVER")
        alice.ask("SQUIT a :x", "421", alice.nick, "SQUIT")
        self.assertEqual(alice.answers("ERROR :x"), [])
        alice.ask(":someone-else PING x", "PONG", None, "x")

    def test_quit_early(self):
        for lines in (["QUIT"], ["QUIT :bye"], ["NICK " + self.fresh("q"), "QUIT :bye"], ["CAP LS 302", "QUIT"],
                      ["NICK " + self.fresh("q"), "CAP LS", "USER u 0 * :r", "QUIT :bye", "CAP END", "JOIN #x"]):
            c = self.irc_raw()
            c.send(*lines)
            got = c.expect_eof()
            self.assertEqual(self.commands(m for m in got if m.command != "CAP"), ["ERROR"], lines)

    def test_browsers(self):
        """A browser that was sent here: closed, and nothing of what follows is run (XPS attack)."""
        alice = self.irc("alice")
        chan = self.channel(alice)
        for verb in ("GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "CONNECT", "TRACE", "PATCH"):
            nick = self.fresh("evil")
            c = self.irc_raw()
            c.send("%s / HTTP/1.1" % verb, "Host: 127.0.0.1", "", "NICK " + nick, "USER u 0 * :r", "JOIN " + chan,
                   "PRIVMSG %s :hello" % chan)
            self.assertNotIn("001", self.commands(c.expect_eof()), verb)
            self.assertEqual(self.commands(alice.answers("WHOIS " + nick)), ["401", "318"])
        # in pieces, and behind what is no browser's
        c = self.irc_raw()
        for piece in (b"PO", b"ST /", b" HTTP/1.1\r\nNICK x\r\n"):
            c.send_raw(piece)
        c.expect_eof()
        c = self.irc_raw()
        c.ask("PING x", "PONG")
        c.send("POST / HTTP/1.1", "NICK " + self.fresh("evil"), "USER u 0 * :r")
        self.assertNotIn("001", self.commands(c.expect_eof()))
        self.assertEqual(alice.sync(), [])
        # a word like others to those who are in
        self.assertEqual(self.commands(alice.answers("GET / HTTP/1.1")), ["421"])

    def test_quit(self):
        alice, bob = self.irc("alice"), self.irc("bob")
        self.channel(alice, bob)
        alice.send("QUIT :so long")
        self.assertEqual(bob.expect("QUIT").params, ["Quit: so long"])
        self.assertEqual(alice.expect_eof()[-1].command, "ERROR")


class Capabilities(IrcCase):
    def listed(self, c, line, sub="LS"):
        """All names (and values) of the answer, and its lines."""
        c.send(line)
        got = c.until(lambda m: m.is_("CAP", None, sub) and m.params[2] != "*")
        lines = [m for m in got if m.command == "CAP"]
        return dict((w.split("=", 1) + [None])[:2] for m in lines for w in m.params[-1].split()), lines

    def test_ls(self):
        c = self.irc_raw()
        names, lines = self.listed(c, "CAP LS")
        self.assertTrue(all(v is None for v in names.values()))
        self.assertIn("cap-notify", names)
        self.assertLessEqual({"draft/chathistory", "draft/read-marker", "draft/event-playback", "soju.im/search"}, set(names))
        self.assertNotIn("sts", names)
        names, lines = self.listed(c, "CAP LS 302")
        self.assertIn("max-bytes=", names["draft/multiline"])
        self.assertTrue(all(len(m.line) <= 510 for m in lines))
        self.assertTrue(all(m.params[2] == "*" for m in lines[:-1]))
        for later in ("303", "10000000302"):
            names, lines = self.listed(c, "CAP LS " + later)
            self.assertIn("max-bytes=", names["draft/multiline"])
        # a lower version: an answer of that version
        names, lines = self.listed(c, "CAP LS")
        self.assertTrue(all(v is None for v in names.values()))
        # but what 302 brought stays
        self.assertIn("cap-notify", self.listed(c, "CAP LIST", "LIST")[0])
        c.ask("CAP REQ :-cap-notify", "CAP", None, "NAK", "-cap-notify")

    def test_after_registration(self):
        alice = self.irc("alice")
        names, lines = self.listed(alice, "CAP LS 302")
        self.assertEqual(lines[0].params[0], alice.nick)
        del names["draft/metadata-2"]  # not with draft/metadata-3
        every = " ".join(n for n in names)
        alice.send("CAP REQ :" + every)
        got = alice.sync()
        self.assertEqual({m.params[1] for m in got}, {"ACK"})
        self.assertEqual(" ".join(m.params[-1] for m in got).split(), every.split())
        have, lines = self.listed(alice, "CAP LIST", "LIST")
        self.assertEqual(set(have), set(names))
        self.assertEqual(set(self.d.json("user", alice.nick)["capabilities"]), set(names))
        alice.ask("CAP REQ :-batch -setname", "CAP", None, "ACK")
        self.assertEqual(set(self.d.json("user", alice.nick)["capabilities"]), set(names) - {"batch", "setname"})
        self.assertIn("multi-prefix,", self.d.ctl("user", alice.nick))
        self.assertEqual(alice.answers("CAP END"), [])
        alice.ask("JOIN #x-%s" % alice.nick, "JOIN")

    def test_req(self):
        c = self.irc_raw()
        nick = self.fresh("nick")
        c.send("NICK " + nick, "USER u 0 * :r")
        c.expect("001", nick)
        c.sync()
        c.ask("CAP REQ :multi-prefix away-notify", "CAP", nick, "ACK", "multi-prefix away-notify")
        c.ask("CAP REQ :batch no-such-cap", "CAP", nick, "NAK", "batch no-such-cap")
        c.ask("CAP REQ :-multi-prefix no-such-cap", "CAP", nick, "NAK", "-multi-prefix no-such-cap")
        self.assertEqual(set(self.listed(c, "CAP LIST", "LIST")[0]), {"multi-prefix", "away-notify"})
        c.ask("CAP REQ :-multi-prefix", "CAP", nick, "ACK", "-multi-prefix")
        c.ask("CAP REQ :-multi-prefix", "CAP", nick, "ACK", "-multi-prefix")
        c.ask("CAP REQ :away-notify away-notify", "CAP", nick, "ACK", "away-notify away-notify")
        c.ask("CAP REQ away-notify", "CAP", nick, "ACK", "away-notify")
        c.ask("CAP REQ :", "CAP", nick, "ACK", "")
        c.ask("CAP REQ :batch -batch", "CAP", nick, "ACK", "batch -batch")
        self.assertEqual(set(self.listed(c, "CAP LIST", "LIST")[0]), {"away-notify"})
        c.ask("CAP REQ :MULTI-PREFIX", "CAP", nick, "NAK")
        c.ask("CAP REQ :multi-prefix=1", "CAP", nick, "NAK")
        for cap in ("sts", "chathistory"):
            c.ask("CAP REQ " + cap, "CAP", nick, "NAK", cap)

    def test_long_lists(self):
        alice = self.irc("alice")
        words = "batch " * 80
        alice.send("CAP REQ :" + words.strip())
        got = alice.sync()
        self.assertTrue(all(m.params[1] == "ACK" and len(m.line) <= 510 for m in got), got)
        self.assertEqual(" ".join(m.params[-1] for m in got).split(), ["batch"] * 80)
        alice.send("CAP REQ :" + words + "nosuch")
        got = alice.sync()
        self.assertEqual([m.params[1] for m in got], ["NAK"])
        alice.send("CAP REQ :" + "batch " * 2000)
        self.assertEqual(self.commands(alice.sync()), ["417"])

    def test_registration_waits(self):
        for first in ("CAP LS", "CAP LS 302", "CAP REQ :multi-prefix", "CAP REQ :no-such-cap"):
            c = self.irc_raw()
            nick = self.fresh("n")
            c.send(first, "NICK " + nick, "USER u 0 * :r", "PING x")
            got = c.until(lambda m: m.command == "PONG")
            self.assertNotIn("001", self.commands(got))
            c.send("CAP END")
            c.expect("001", nick)

    def test_does_not_wait(self):
        for first in ("CAP END", "CAP LIST", "CAP FOO", "CAP"):
            c = self.irc_raw()
            nick = self.fresh("n")
            c.send(first, "NICK " + nick, "USER u 0 * :r")
            c.expect("001", nick)

    def test_invalid(self):
        c = self.irc_raw()
        c.ask("CAP FOO", "410", "*", "FOO")
        c.ask("CAP ACK :x", "410", "*", "ACK")
        c.ask("CAP", "461", "*", "CAP")
        alice = self.irc("alice")
        alice.ask("CAP FOO bar", "410", alice.nick, "FOO")

    def test_extended_isupport(self):
        c = self.irc_raw()
        c.ask("ISUPPORT", "451", "*")
        c.send("CAP LS 302", "CAP REQ :batch draft/extended-isupport")
        c.expect("CAP", None, "ACK")
        c.send("ISUPPORT", "PING x")
        got = c.until(lambda m: m.command == "PONG")[:-1]
        self.assertEqual(got[0].params[1], "draft/isupport")
        ref = got[0].params[0][1:]
        self.assertTrue(all(m.command == "005" and m.tags["batch"] == ref for m in got[1:-1]))
        self.assertEqual(got[-1].params, ["-" + ref])
        nick = self.fresh("n")
        c.send("NICK " + nick, "USER u 0 * :r", "CAP END")
        got = c.until(lambda m: m.command in ("422", "376"))
        self.assertTrue(all("batch" in m.tags for m in got if m.command == "005"))
        alice = self.irc("alice")
        self.assertEqual(set(self.commands(alice.answers("ISUPPORT"))), {"005"})

    def test_pre_away(self):
        bob = self.irc("bob")
        c = self.irc_raw()
        nick = self.fresh("away")
        c.send("CAP LS 302", "CAP REQ draft/pre-away")
        c.expect("CAP", None, "ACK")
        c.ask("AWAY :out", "306", "*")
        c.ask("AWAY", "305", "*")
        c.ask("AWAY *", "306", "*")
        c.send("NICK " + nick, "USER u 0 * :r", "CAP END")
        c.expect("001")
        self.assertNotIn("306", self.commands(c.sync()))
        bob.ask("PRIVMSG %s :hi" % nick, "301", bob.nick, nick, "*")
        c.ask("AWAY", "305", nick)
        c.ask("AWAY :again", "306", nick)


class Password(IrcCase):
    config = {"listen": IrcCase.config["listen"], "irc": {"password": "sesame open"}, "limits": {"max_per_address": 0}}

    def refused(self, *lines):
        c = self.irc_raw()
        nick = self.fresh("n")
        c.send(*lines)
        c.send("NICK " + nick, "USER u 0 * :r")
        got = c.expect_eof()
        self.assertEqual(self.commands(got)[-2:], ["464", "ERROR"])

    def test_password(self):
        self.refused()
        self.refused("PASS sesame")
        self.refused("PASS :sesame openx")
        self.refused("PASS :sesame open", "PASS wrong")
        c = self.irc_raw()
        c.ask("PASS", "461", "*", "PASS")
        c.ask("PASS :", "461", "*", "PASS")
        nick = self.fresh("n")
        c.send("PASS wrong", "PASS :sesame open", "NICK " + nick, "USER u 0 * :r")
        c.expect("001", nick)


class Refused(IrcCase):
    config = {"listen": IrcCase.config["listen"], "irc": {"sts": {"port": 6697}}, "limits": {"ping": 1, "max_sessions": 6}}

    def test_banned(self):
        nick = self.fresh("evil")
        self.d.ctl("ban", "add", nick, "no", "thanks")
        self.addCleanup(self.d.ctl, "ban", "del", nick)
        c = self.irc_raw()
        c.send("NICK " + nick, "USER u 0 * :r")
        got = c.expect_eof()
        self.assertEqual(self.commands(got)[-2:], ["465", "ERROR"])

    def test_sts_not_twice(self):
        """Only what has changed is told."""
        alice = self.irc("alice", caps=("cap-notify",))
        self.d.ctl("reload")
        self.assertEqual(alice.sync(), [])

    def test_sts(self):
        c = self.irc_raw()
        m = c.ask("CAP LS", "CAP", None, "LS")
        self.assertNotIn("sts", m.params[-1])
        self.assertEqual(c.offered()["sts"], "port=6697")
        c.ask("CAP REQ sts", "CAP", None, "NAK", "sts")

    def test_ping(self):
        """Whoever does not answer goes; whoever does stays."""
        bob = self.irc("bob")
        dead = self.irc("dead")
        chan = self.channel(bob, dead)
        dead.sock.setblocking(True)
        # bob's client answers PINGs while it waits for this
        m = bob.expect("QUIT")
        self.assertEqual((m.nick, m.params), (dead.nick, ["Ping timeout"]))
        data = b""
        while True:
            more = dead.sock.recv(65536)
            if not more:
                break
            data += more
        lines = data.decode().split("\r\n")
        self.assertTrue(any(l.startswith("PING :") for l in lines), lines)
        self.assertTrue(lines[-2].startswith("ERROR :"), lines)
        bob.ask("NAMES " + chan, "366")


class Changes(IrcCase):
    """What CAP LS told is not so any more: cap-notify."""
    own = True

    def sts(self, **values):
        self.d.write_conf(merged(self.config, {"irc": {"sts": values}}))
        self.d.ctl("reload")

    def test_sts(self):
        self.daemon()
        new, old, none = self.irc("new", caps=("batch",)), self.irc("old"), self.irc("none")
        old.ask("CAP REQ cap-notify", "CAP", None, "ACK")
        busy = self.irc_raw()
        busy.ask("CAP LS 302", "CAP")
        self.assertNotIn("sts=", new.ask("CAP LS 302", "CAP", None, "LS").line)
        new.sync()
        self.sts(port=6697)
        m = new.expect("CAP", None, "NEW")
        self.assertEqual(m.params, [new.nick, "NEW", "sts=port=6697"])
        self.assertEqual(busy.expect("CAP", None, "NEW").params, ["*", "NEW", "sts=port=6697"])
        self.assertIn("sts=port=6697", " ".join(m.params[-1] for m in new.answers("CAP LS 302")).split())
        # it says nothing without its value, which others do not know
        self.assertEqual((old.sync(), none.sync()), ([], []))
        self.sts(port=6698)
        self.assertEqual(new.expect("CAP").params[-1], "sts=port=6698")
        # clients are not to believe that there is none any more
        self.sts(port=0)
        self.assertEqual(new.sync(), [])
        self.assertNotIn("sts=", " ".join(m.params[-1] for m in new.answers("CAP LS 302")))


class Cloaks(IrcCase):
    """What others see instead of an address."""
    config = {"listen": IrcCase.config["listen"],
              "irc": {"webirc": [{"password": "gate", "hosts": ["127.0.0.1"], "name": "web"}]}}

    def come(self, address):
        c = self.irc_raw()
        nick = self.fresh("web")
        c.send("WEBIRC gate web x %s" % address, "NICK " + nick, "USER u 0 * :r")
        c.expect("001", nick)
        return c, nick

    def host(self, who, nick):
        return who.ask("WHOIS " + nick, "311").params[3]

    def test_who_sees_what(self):
        bob = self.irc("bob")
        chan = self.channel(bob)
        c, nick = self.come("198.51.100.3")
        c.ask("JOIN " + chan, "366")
        source = bob.expect("JOIN").source
        shown = self.host(bob, nick)
        self.assertRegex(shown, r"^[a-z2-7]{8}\.[a-z2-7]{8}\.[a-z2-7]{8}\.ip$")
        self.assertEqual(source, "%s!u@%s" % (nick, shown))
        for question in ("WHOIS " + nick, "WHO " + chan, "WHO %s %%tcuihsnfdlaor" % chan, "USERHOST " + nick, "NAMES " + chan):
            for m in bob.answers(question):
                self.assertNotIn("198.51.100.3", " ".join(m.params), question)
        u = self.d.json("user", nick)
        self.assertEqual((u["address"], u["host"]), ("198.51.100.3", shown))
        # one's own is no secret
        self.assertIn("198.51.100.3", c.ask("WHOIS " + nick, "378").params[-1])

    def test_networks(self):
        """A ban on the words behind keeps the network out, wherever it comes from next."""
        bob = self.irc("bob")
        chan = self.channel(bob)
        words = self.host(bob, self.come("198.51.100.3")[1]).split(".")
        bob.ask("MODE %s +b *!*@*.%s" % (chan, ".".join(words[1:])), "MODE")
        self.come("198.51.100.77")[0].ask("JOIN " + chan, "474")
        self.come("198.51.101.3")[0].ask("JOIN " + chan, "366")
        # and nobody finds out by trying who comes from where
        other = self.channel(bob)
        bob.ask("MODE %s +b *!*@198.51.101.0/24" % other, "MODE")
        self.come("198.51.101.3")[0].ask("JOIN " + other, "366")

    def test_the_key_is_kept(self):
        d = self.daemon(self.config)
        c = self.irc_raw(d)
        shown = []
        for again in (False, True):
            if again:
                d.stop()
                d.start()
            c = self.irc_raw(d)
            c.send("WEBIRC gate web x 198.51.100.3", "NICK web", "USER u 0 * :r")
            c.expect("001", "web")
            shown.append(self.host(c, "web"))
        self.assertEqual(shown[0], shown[1])


class Webirc(IrcCase):
    config = {"listen": IrcCase.config["listen"],
              "irc": {"webirc": [{"password": "gate", "hosts": ["127.0.0.1"], "name": "web"},
                                 {"password": "other", "hosts": ["192.0.2.0/24"]}]},
              "cloaks": {"enabled": 0}}

    def test_address(self):
        bob = self.irc("bob")
        c = self.irc_raw()
        nick = self.fresh("web")
        c.send("WEBIRC gate web host.example 198.51.100.3 :secure remote-port=1234",
               "NICK " + nick, "USER u 0 * :r")
        c.expect("001", nick)
        chan = self.channel(bob)
        c.send("JOIN " + chan)
        self.assertEqual(bob.expect("JOIN").source, nick + "!u@198.51.100.3")

    def test_ipv6(self):
        """What begins with a colon would be no parameter: a zero goes before it."""
        bob = self.irc("bob")
        chan = self.channel(bob)
        for given, shown in (("2001:db8::5", "2001:db8::5"), ("::1", "0::1"), ("2001:DB8:0:0:0:0:0:5", "2001:db8::5"),
                             ("::ffff:198.51.100.9", "198.51.100.9")):
            c = self.irc_raw()
            nick = self.fresh("web")
            c.send("WEBIRC gate web x :%s" % given, "NICK " + nick, "USER u 0 * :r")
            c.expect("001", nick)
            c.ask("JOIN " + chan, "366")
            self.assertEqual(bob.expect("JOIN").source, "%s!u@%s" % (nick, shown), given)
            self.assertEqual(bob.ask("WHOIS " + nick, "311").params[3], shown)

    def test_what_is_trusted(self):
        """A port, and TLS only where both ways have it; the gateway's name for the host is not believed."""
        c = self.irc_raw()
        nick = self.fresh("web")
        c.send("WEBIRC gate web trusted.example.org 198.51.100.3 :secure local-port=6697 remote-port=4321", "CAP LS 302",
               "NICK " + nick, "USER u 0 * :r", "CAP END")
        c.expect("001", nick)
        u = self.d.json("user", nick)
        self.assertEqual((u["address"], u["host"], u["port"], u["tls"]), ("198.51.100.3", "198.51.100.3", 4321, False))
        # what is no number changes nothing
        other = self.irc_raw()
        name = self.fresh("web")
        other.send("WEBIRC gate web x 198.51.100.5 :remote-port=12x", "NICK " + name, "USER u 0 * :r")
        other.expect("001", name)
        self.assertNotEqual(self.d.json("user", name)["port"], 12)
        # once, and first
        self.assertEqual(self.commands(c.answers("WEBIRC gate web x 198.51.100.4")), ["462"])
        d = self.irc_raw()
        d.send("WEBIRC gate web x 198.51.100.4", "WEBIRC gate web x 198.51.100.5")
        self.assertEqual(d.expect_eof()[-1].command, "ERROR")

    def test_banned_address(self):
        self.d.ctl("ban", "add", "198.51.100.66", "no")
        self.addCleanup(self.d.ctl, "ban", "del", "198.51.100.66")
        c = self.irc_raw()
        c.send("WEBIRC gate web 198.51.100.66 198.51.100.66", "NICK " + self.fresh("w"), "USER u 0 * :r")
        self.assertEqual(self.commands(c.expect_eof())[-2:], ["465", "ERROR"])

    def test_too_many(self):
        """They are counted where they are, and the log says what was refused there."""
        d = self.daemon(dict(self.config, limits={"max_per_address": 1}))
        first, second = (self.irc_raw(d) for _ in range(2))
        for c, nick in ((first, "one"), (second, "two")):
            c.send("WEBIRC gate web x 198.51.100.7", "NICK " + nick, "USER u 0 * :r")
            if c is first:
                c.expect("001")
        self.assertEqual(second.expect_eof()[-1].command, "ERROR")
        d.expect_log(r"refused 198\.51\.100\.7 \(irc\): Too many connections")

    def test_refused(self):
        for lines in (["WEBIRC wrong web 198.51.100.3 198.51.100.3"],
                      ["WEBIRC other web 198.51.100.3 198.51.100.3"],
                      ["WEBIRC gate web host not-an-address"],
                      ["WEBIRC gate web host 198.51.100.0/24"],
                      ["NICK " + self.fresh("x"), "WEBIRC gate web 198.51.100.3 198.51.100.3"],
                      ["CAP LS", "WEBIRC gate web 198.51.100.3 198.51.100.3"]):
            c = self.irc_raw()
            c.send(*lines)
            self.assertEqual(c.expect_eof()[-1].command, "ERROR", lines)
        # whoever is behind the gateway is not taken for the gateway
        for line in ("WEBIRC", "WEBIRC gate web host", "WEBIRC gate web ::1 ::1"):
            c = self.irc_raw()
            c.send(line, "NICK " + self.fresh("w"), "USER u 0 * :r")
            self.assertEqual(self.commands(c.expect_eof()), ["461", "ERROR"], line)


if __name__ == "__main__":
    main()
