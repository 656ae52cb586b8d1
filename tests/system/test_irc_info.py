#!/usr/bin/env python3
"""IRC: what the server says of itself. MOTD, LUSERS, VERSION, TIME, ADMIN, INFO, STATS, LINKS, HELP, and RPL_ISUPPORT held
against what it does."""

import re

from harness import main, merged
from irc import IrcCase

ADMIN = {"location": "a cellar in Ghent", "name": "Ada L.", "email": "ada@example.org"}


class Info(IrcCase):
    config = merged(IrcCase.config, {"irc": {"network": "A=Net", "admin": ADMIN},
                                     "limits": {"max_per_address": 0}})

    def params(self, c, line, *numerics):
        """The params, without the name, of all lines of an answer, which must be these numerics in this order."""
        got = c.answers(line)
        self.assertEqual(self.commands(got), list(numerics), line)
        self.assertTrue(all(m.params[0] == c.nick and m.source == c.me for m in got), got)
        return [m.params[1:] for m in got]

    def irc(self, *args, **more):
        c = super().irc(*args, **more)
        c.me = c.seen[0].source if not c.caps else "chat.test"
        return c

    def test_names(self):
        alice = self.irc("alice")
        self.assertEqual(alice.me, "chat.test")
        self.assertIn("A=Net", alice.seen[0].params[-1])
        self.assertEqual(alice.isupport["NETWORK"], "A\\x3DNet")

    def test_version(self):
        alice = self.irc("alice")
        for line in ("VERSION", "VERSION chat.test", "VERSION CHAT.TEST", "VERSION " + alice.nick, "VERSION *", "VERSION c*t.TES?"):
            got = alice.answers(line)
            self.assertEqual((got[0].command, got[0].params[2]), ("351", alice.me))
            self.assertRegex(got[0].params[1], r"^chatd-\d")
            self.assertEqual(set(self.commands(got[1:])), {"005"})
        for server in ("elsewhere.example", "*.example", "?"):
            self.params(alice, "VERSION " + server, "402")

    def test_elsewhere(self):
        """There is no other server."""
        alice = self.irc("alice")
        for line in ("MOTD %s", "VERSION %s", "TIME %s", "ADMIN %s", "INFO %s", "LUSERS * %s", "STATS u %s", "LINKS %s *"):
            for server in ("other.example", "nobody-%s" % alice.nick):
                self.assertEqual(self.params(alice, line % server, "402")[0][0], server)
            first = self.commands(alice.answers(line % alice.me))
            self.assertNotIn("402", first, line)
            self.assertEqual(first, self.commands(alice.answers(line % alice.nick)), line)

    def test_time(self):
        alice = self.irc("alice")
        got = self.params(alice, "TIME", "391")[0]
        self.assertEqual(got[0], alice.me)
        self.assertRegex(got[-1], r"\d\d:\d\d:\d\d")

    def test_admin(self):
        alice = self.irc("alice")
        got = self.params(alice, "ADMIN", "256", "257", "258", "259")
        self.assertEqual(got[0][0], alice.me)
        self.assertEqual([g[-1] for g in got[1:]], [ADMIN["location"], ADMIN["name"], ADMIN["email"]])

    def test_info(self):
        alice = self.irc("alice")
        got = self.commands(alice.answers("INFO"))
        self.assertEqual(got, ["371"] * (len(got) - 1) + ["374"])

    def test_links(self):
        alice = self.irc("alice")
        got = self.params(alice, "LINKS", "364", "365")
        self.assertEqual(got[0][:2], [alice.me, alice.me])
        self.assertRegex(got[0][2], "^0 .")
        self.assertEqual(got[1][0], "*")
        self.assertEqual(self.params(alice, "LINKS *.test", "364", "365")[1][0], "*.test")
        self.assertEqual(self.params(alice, "LINKS *.example", "365")[0][0], "*.example")

    def test_help(self):
        alice = self.irc("alice")
        names = set()
        for command in ("HELP", "HELPOP"):
            got = alice.answers(command)
            self.assertEqual(self.commands(got), ["704"] + ["705"] * (len(got) - 2) + ["706"])
            self.assertEqual({m.params[1] for m in got}, {"*"})
            names = {w for m in got[1:-1] for w in m.params[-1].split()}
            got = alice.answers(command + " privmsg")
            self.assertEqual(self.commands(got)[0::len(got) - 1], ["704", "706"])
            self.assertEqual({m.params[1] for m in got}, {"PRIVMSG"})
            self.assertEqual(self.params(alice, command + " nosuchthing", "524")[0][0], "nosuchthing")
        self.assertLessEqual({"JOIN", "PRIVMSG", "NICK", "CAP", "OPER", "METADATA"}, names)
        self.assertLessEqual({"CHATHISTORY", "MARKREAD"}, names)
        for name in names:
            self.assertEqual(alice.answers("HELP " + name)[0].command, "704", name)

    def test_stats(self):
        alice = self.irc("alice")
        alice.send("TIME", "TIME")
        self.assertRegex(self.params(alice, "STATS u", "242", "219")[0][0], r"Up \d+ days \d+:\d\d:\d\d")
        got = alice.answers("STATS m")
        used = {m.params[1]: int(m.params[2]) for m in got[:-1]}
        self.assertGreaterEqual(used["TIME"], 2)
        self.assertEqual((got[-1].command, got[-1].params[1]), ("219", "m"))
        got = self.params(alice, "STATS l", "211", "219")
        self.assertEqual((got[0][0], len(got[0])), (alice.nick, 7))
        self.assertEqual(self.params(alice, "STATS o", "481", "219")[1][0], "o")
        for letter, shown in (("z", "z"), ("?", "?"), ("uu", "*"), (":", "*")):
            self.assertEqual(self.params(alice, "STATS " + letter, "219")[0][0], shown)
        self.params(alice, "STATS", "461")

    def test_labels(self):
        """Several lines are a batch, one has the label itself."""
        alice = self.irc("alice", caps=("labeled-response", "batch"))
        for line, last in (("MOTD", "422"), ("TIME", "391")):
            got = alice.answers("@label=a1 " + line)
            self.assertEqual([(m.command, m.tags.get("label")) for m in got], [(last, "a1")])
        for line, first, last in (("LUSERS", "251", "266"), ("VERSION", "351", "005"), ("ADMIN", "256", "259"), ("INFO", "371", "374"),
                                  ("STATS u", "242", "219"), ("LINKS", "364", "365"), ("HELP", "704", "706"), ("HELP JOIN", "704", "706")):
            got = alice.answers("@label=x " + line)
            self.assertEqual((got[0].command, got[0].tags["label"], got[0].params[1]), ("BATCH", "x", "labeled-response"))
            ref = got[0].params[0][1:]
            self.assertEqual((got[1].command, got[-2].command), (first, last))
            self.assertTrue(all(m.tags["batch"] == ref for m in got[1:-1]))
            self.assertEqual((got[-1].command, got[-1].params), ("BATCH", ["-" + ref]))

    # --- limits that ISUPPORT tells -----------------------------------------------------------

    def test_tokens(self):
        alice = self.irc("alice")
        lines = [m for m in alice.seen if m.command == "005"]
        self.assertTrue(all(len(m.params) <= 15 and len(m.line) <= 510 for m in lines))
        self.assertTrue(all(m.params[-1] == "are supported by this server" for m in lines))
        words = [w for m in lines for w in m.params[1:-1]]
        names = [w.partition("=")[0] for w in words]
        self.assertEqual(len(names), len(set(names)))
        self.assertTrue(all(re.match(r"^[A-Z0-9]{1,20}(=.+)?$", w) for w in words), words)
        have = alice.isupport
        for name, value in (("CASEMAPPING", "ascii"), ("CHANTYPES", "#"), ("PREFIX", "(ohv)@%+"), ("STATUSMSG", "@%+"), ("EXCEPTS", "e"),
                            ("INVEX", "I"), ("EXTBAN", ",amr"), ("BOT", "B"), ("UTF8ONLY", ""), ("WHOX", ""), ("ACCOUNTEXTBAN", "a"), ("ELIST", "CMNTU")):
            self.assertEqual(have.get(name), value, name)

    def test_nicklen(self):
        alice = self.irc("alice")
        n = int(alice.isupport["NICKLEN"])
        longest = ("n%d" % alice.sock.getsockname()[1]).ljust(n, "x")
        alice.send("NICK " + longest + "x")
        alice.expect("432", alice.nick)
        alice.send("NICK " + longest)
        self.assertEqual(alice.expect("NICK").params, [longest])
        # characters, not bytes
        alice.send("NICK " + longest[:-4] + "ääää")
        self.assertEqual(alice.expect("NICK").params, [longest[:-4] + "ääää"])

    def test_userlen_namelen(self):
        bob = self.irc("bob")
        user, name = int(bob.isupport["USERLEN"]), int(bob.isupport["NAMELEN"])
        alice = self.irc("alice", user="u" * (user + 5), real="r" * (name + 5))
        m = bob.ask("WHOIS " + alice.nick, "311")
        self.assertEqual((m.params[2], m.params[5]), ("u" * user, "r" * name))
        bob.expect("318")
        alice = self.irc("alice", caps=("setname",))
        alice.ask("SETNAME :" + "s" * (name + 1), "FAIL", "SETNAME", "INVALID_REALNAME")
        self.assertEqual(alice.ask("SETNAME :" + "s" * name, "SETNAME").params, ["s" * name])

    def test_texts(self):
        """TOPICLEN, KICKLEN, AWAYLEN: cut there, not within a character."""
        alice, bob = self.irc("alice"), self.irc("bob")
        have, chan = alice.isupport, self.channel(alice, bob)
        for line, want, key in (("TOPIC %s :%%s" % chan, "TOPIC", "TOPICLEN"), ("KICK %s %s :%%s" % (chan, bob.nick), "KICK", "KICKLEN")):
            n = int(have[key])
            alice.send(line % ("x" * (n - 1) + "ä" * 20))
            self.assertEqual(bob.expect(want).params[-1], "x" * (n - 1), key)
        n = int(have["AWAYLEN"])
        alice.ask("AWAY :" + "a" * (n + 20), "306")
        self.assertEqual(bob.ask("WHOIS " + alice.nick, "301").params[-1], "a" * n)

    def test_channels(self):
        """CHANNELLEN, KEYLEN, CHANLIMIT."""
        alice = self.irc("alice")
        have = alice.isupport
        n = int(have["CHANNELLEN"])
        name = ("#" + self.fresh("c")).ljust(n, "x")
        alice.ask("JOIN " + name, "JOIN", name)
        got = alice.answers("JOIN %sx" % name)
        self.assertEqual([m.command for m in got if m.command != "403"], [m.command for m in got if m.command == "479"], got)
        self.assertEqual(len(got), 1)
        key = "k" * int(have["KEYLEN"])
        alice.ask("MODE %s +k %s" % (name, key), "MODE", name, "+k")
        alice.ask("MODE %s -k %s" % (name, key), "MODE")
        self.assertIn(alice.answers("MODE %s +k %sk" % (name, key))[0].command, ("525", "696"))
        limit_ = int(have["CHANLIMIT"].partition(":")[2])
        stem = self.fresh("c")
        alice.send(*("JOIN #%s-%d" % (stem, i) for i in range(limit_)))
        got = alice.sync()
        self.assertEqual(sum(m.command == "JOIN" for m in got), limit_ - 1)
        self.assertEqual([m.params[1] for m in got if m.command == "405"], ["#%s-%d" % (stem, limit_ - 1)])

    def test_chanmodes(self):
        """Each letter is of the kind that it is said to be; there are no others."""
        alice, bob = self.irc("alice"), self.irc("bob")
        chan = self.channel(alice, bob)
        lists, always, on, flags = alice.isupport["CHANMODES"].split(",")
        ranks = alice.isupport["PREFIX"][1:].partition(")")[0]
        for letter in flags:
            alice.send("MODE %s -%s" % (chan, letter))
            alice.sync()
            self.assertEqual(alice.ask("MODE %s +%s" % (chan, letter), "MODE").params, [chan, "+" + letter])
            self.assertEqual(alice.ask("MODE %s -%s" % (chan, letter), "MODE").params, [chan, "-" + letter])
        for letter in lists:
            alice.ask("MODE %s +%s nobody!*@*" % (chan, letter), "MODE", chan, "+" + letter, "nobody!*@*")
            self.assertEqual(len(alice.answers("MODE %s %s" % (chan, letter))), 2)
            alice.ask("MODE %s -%s nobody!*@*" % (chan, letter), "MODE", chan, "-" + letter, "nobody!*@*")
        for letter in always:
            alice.ask("MODE %s +%s word" % (chan, letter), "MODE", chan, "+" + letter, None)
            alice.ask("MODE %s -%s word" % (chan, letter), "MODE", chan, "-" + letter)
        for letter in on:
            alice.ask("MODE %s +%s 7" % (chan, letter), "MODE", chan, "+" + letter, "7")
            self.assertEqual(alice.ask("MODE %s -%s" % (chan, letter), "MODE").params, [chan, "-" + letter])
        for letter in ranks[1:]:
            alice.ask("MODE %s +%s %s" % (chan, letter, bob.nick), "MODE", chan, "+" + letter, bob.nick)
            alice.ask("MODE %s -%s %s" % (chan, letter, bob.nick), "MODE", chan, "-" + letter, bob.nick)
        known = set(lists + always + on + flags + ranks)
        myinfo = [m for m in alice.seen if m.command == "004"][0].params
        self.assertEqual((set(myinfo[4]), set(myinfo[5])), (known, set(lists + always + on + ranks)))
        for letter in "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ":
            if letter not in known:
                self.assertIn("472", self.commands(alice.answers("MODE %s +%s x" % (chan, letter))), letter)
        for letter in "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ":
            got = self.commands(alice.answers("MODE %s +%s" % (alice.nick, letter)))
            self.assertEqual("501" in got, letter not in myinfo[3], letter)

    def test_ranks(self):
        """STATUSMSG: to those of that rank and above; PREFIX: how they are shown."""
        alice, bob, carol, dave = (self.irc(n) for n in ("alice", "bob", "carol", "dave"))
        chan = self.channel(alice, bob, carol, dave)
        alice.answers("MODE %s +hv %s %s" % (chan, bob.nick, carol.nick))
        dave.send("NAMES " + chan)
        names = dave.expect("353").params[-1].split()
        self.assertEqual(set(names), {"@" + alice.nick, "%" + bob.nick, "+" + carol.nick, dave.nick})
        for c in (alice, bob, carol, dave):
            c.sync()
        for sign, who in (("@", (alice,)), ("%", (alice, bob)), ("+", (alice, bob, carol))):
            dave.send("PRIVMSG %s%s :psst" % (sign, chan))
            dave.sync()
            for c in (alice, bob, carol):
                got = [m for m in c.sync() if m.command == "PRIVMSG"]
                self.assertEqual([m.params for m in got], [[sign + chan, "psst"]] if c in who else [], (sign, c.nick))

    def test_targmax(self):
        alice, bob = self.irc("alice"), self.irc("bob")
        limits = dict(w.split(":") for w in alice.isupport["TARGMAX"].split(","))
        n = int(limits["PRIVMSG"])
        for command in ("PRIVMSG", "NOTICE"):
            self.assertEqual(limits[command], limits["PRIVMSG"])
            alice.send("%s %s :hello" % (command, ",".join([bob.nick] * n)))
            alice.sync()
            self.assertIn(command, self.commands(bob.sync()))
        self.assertEqual(self.commands(alice.answers("PRIVMSG %s :hello" % ",".join([bob.nick] * (n + 1)))), ["407"])
        self.assertEqual(bob.sync(), [])
        names = ",".join(["nobody"] * (int(limits["WHOIS"]) + 3))
        self.assertEqual(self.commands(alice.answers("WHOIS " + names)), ["401", "318"] * int(limits["WHOIS"]))
        chan = self.fresh("#t")
        many = ",".join("%s-%d" % (chan, i) for i in range(15))
        self.assertEqual((limits["JOIN"], limits["PART"]), ("100", "100"))
        alice.send("JOIN " + many)
        self.assertEqual(sum(m.command == "JOIN" for m in alice.sync()), 15)
        alice.send("PART " + many)
        self.assertEqual(sum(m.command == "PART" for m in alice.sync()), 15)

    def test_modes(self):
        """So many modes with a parameter in one line."""
        alice = self.irc("alice")
        chan, n = self.channel(alice), int(alice.isupport["MODES"])
        alice.send("MODE %s +%s %s" % (chan, "b" * n, " ".join("b%d!*@*" % i for i in range(n))))
        got = alice.sync()
        self.assertEqual(sum(len(m.params[2:]) for m in got if m.command == "MODE"), n, got)
        self.assertEqual(sum(m.command == "367" for m in alice.answers("MODE %s b" % chan)), n)

    def test_maxlist(self):
        alice = self.irc("alice")
        chan = self.channel(alice)
        letters, n = alice.isupport["MAXLIST"].split(":")
        self.assertEqual(set(letters), set(alice.isupport["CHANMODES"].split(",")[0]))
        for letter in letters:
            alice.send(*("MODE %s +%s m%d!*@*" % (chan, letter, i) for i in range(int(n) + 1)))
            got = alice.sync()
            self.assertEqual(sum(m.command == "MODE" for m in got), int(n), letter)
            self.assertEqual([m.params[1:3] for m in got if m.command == "478"], [[chan, letter]])

    def test_casemapping(self):
        """ascii: the 26 letters fold, []\\^ do not."""
        alice, bob = self.irc("alice"), self.irc("bob")
        nick = self.fresh("case[x]")
        alice.ask("NICK " + nick, "NICK", nick)
        bob.send("PRIVMSG %s :loud" % nick.upper())
        self.assertEqual(alice.expect("PRIVMSG").params[1], "loud")
        bob.ask("PRIVMSG %s :x" % nick.replace("[", "{").replace("]", "}"), "401")
        bob.ask("JOIN #" + nick, "366")
        alice.ask("JOIN #" + nick.upper(), "366")
        self.assertIn("JOIN", self.commands(bob.sync()))

    def test_monitor(self):
        alice = self.irc("alice")
        n = int(alice.isupport["MONITOR"])
        stem = self.fresh("m")
        names = ["%s-%d" % (stem, i) for i in range(n + 1)]
        for i in range(0, n, 20):
            alice.send("MONITOR + " + ",".join(names[i:i + 20]))
        self.assertNotIn("734", self.commands(alice.sync()))
        m = alice.ask("MONITOR + " + names[n], "734")
        self.assertEqual(m.params[1:3], [str(n), names[n]])


class Counts(IrcCase):
    config = merged(IrcCase.config, {"workers": 2})

    def lusers(self, c):
        got = c.answers("LUSERS")
        self.assertEqual(self.commands(got), ["251", "252", "253", "254", "255", "265", "266"])
        seen = {m.command: m.params for m in got}
        visible, hidden, servers = (int(x) for x in re.match(
            r"There are (\d+) users and (\d+) invisible on (\d+) servers$", seen["251"][-1]).groups())
        self.assertEqual(servers, 1)
        self.assertEqual(re.match(r"I have (\d+) clients and 0 servers$", seen["255"][-1]).group(1), str(visible + hidden))
        self.assertEqual(seen["265"][1], str(visible + hidden))
        self.assertEqual(seen["266"][1:3], seen["265"][1:3])
        return {"visible": visible, "hidden": hidden, "opers": int(seen["252"][1]), "unknown": int(seen["253"][1]),
                "rooms": int(seen["254"][1]), "most": int(seen["265"][2])}

    def test_lusers(self):
        """On whichever worker they are."""
        people = [self.irc("p") for _ in range(6)]
        self.assertEqual(len({self.d.worker_of(p.nick) for p in people}), 2)
        for p in people:
            self.assertEqual(self.lusers(p), {"visible": 6, "hidden": 0, "opers": 0, "unknown": 0, "rooms": 0, "most": 6})
        people[0].ask("MODE %s +i" % people[0].nick, "MODE")
        people[1].ask("JOIN #room", "366")
        fresh = self.irc_raw()
        fresh.ask("PING x", "PONG")
        for p in people:
            self.assertEqual(self.lusers(p), {"visible": 5, "hidden": 1, "opers": 0, "unknown": 1, "rooms": 1, "most": 6})
        for p in people[1:3] + [fresh]:
            p.send("QUIT")
            p.expect_eof()
        for p in people[3:]:
            self.assertEqual(self.lusers(p), {"visible": 3, "hidden": 1, "opers": 0, "unknown": 0, "rooms": 0, "most": 6})
        self.d.kill_role("broker")
        for p in people[3:]:
            self.assertEqual(self.lusers(p)["most"], 6)


class Configured(IrcCase):
    own = True

    def test_motd(self):
        d = self.daemon({"irc": {"motd": "Hello\n\n  world"}})
        alice = self.irc("alice")
        for got in (alice.welcome, alice.answers("MOTD"), alice.answers("MOTD chat.test")):
            lines = [m for m in got if m.command in ("375", "372", "376")]
            self.assertEqual(self.commands(lines), ["375"] + ["372"] * 3 + ["376"])
            self.assertIn("chat.test", lines[0].params[-1])
            self.assertEqual([m.params[-1].rstrip() for m in lines[1:-1]], ["- Hello", "-", "-   world"])
        # a long line is shown as several, none of them cut within a character
        long = "ä" * 900
        d.write_conf(merged(self.config, {"irc": {"motd": long}}))
        d.ctl("reload")
        got = alice.answers("MOTD")
        self.assertEqual("".join(m.params[-1][2:] for m in got[1:-1]), long)
        self.assertTrue(all(len(m.line.encode()) <= 510 for m in got))
        d.write_conf(self.config)
        d.ctl("reload")
        self.assertEqual(self.commands(alice.answers("MOTD")), ["422"])
        self.assertEqual(alice.answers("ADMIN")[0].command, "423")

    def test_limits_of_the_configuration(self):
        d = self.daemon({"irc": {"max_targets": 2, "monitor": 0, "network": "Other"}})
        alice = self.irc("alice")
        self.assertNotIn("MONITOR", alice.isupport)
        self.assertEqual((alice.isupport["MAXTARGETS"], alice.isupport["NETWORK"]), ("2", "Other"))
        self.assertIn("PRIVMSG:2", alice.isupport["TARGMAX"])
        alice.ask("PRIVMSG a,b,c :x", "407")


if __name__ == "__main__":
    main()
