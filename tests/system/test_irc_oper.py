#!/usr/bin/env python3
"""IRC: operators of the server, what each level may do and what is written of it; user modes i, o, w, B and R."""

import os
import signal
import subprocess

from harness import build, gone, limit, main, merged
from irc import IrcCase

WORD = "correct horse"
_hash = []


def hashed():
    """WORD's, made once."""
    if not _hash:
        r = subprocess.run([build().program("tools/chatctl"), "mkpasswd"], input=WORD.encode(), stdout=subprocess.PIPE,
                           check=True, timeout=limit(20))
        _hash.append(r.stdout.decode().strip())
    return _hash[0]


class OperCase(IrcCase):
    passwords = True
    blocks = (("root", "admin", {}), ("op", "operate", {}), ("look", "read", {}),
              ("far", "admin", {"mask": "*!*@192.0.2.*"}), ("near", "operate", {"mask": "*!*@127.0.0.1"}),
              ("known", "admin", {"account": "ada"}))

    @classmethod
    def setUpClass(cls):
        if build().passwords:
            cls.config = merged(IrcCase.config, {"operators": [dict(name=n, password=hashed(), level=level, **more)
                                                               for n, level, more in cls.blocks]})
        super().setUpClass()

    def oper(self, block, stem="oper", caps=(), d=None):
        c = self.irc(stem, caps, d=d)
        self.become(c, block)
        return c

    def become(self, c, block):
        c.send("OPER %s :%s" % (block, WORD))
        c.expect("381", c.nick)
        self.assertEqual(c.expect("MODE").params, [c.nick, "+o"])


class Oper(OperCase):
    def test_right(self):
        mark = self.d.log_mark()
        alice = self.irc("alice")
        self.assertEqual(self.d.json("user", alice.nick)["operator"], None)
        self.become(alice, "op")
        self.d.expect_log(r"oper op \(user %s, user@127\.0\.0\.1, from 127\.0\.0\.1\): oper: level operate" % alice.nick, mark)
        u = self.d.json("user", alice.nick)
        self.assertEqual((u["operator"], u["modes"], u["protocol"]), ("operate", ["operator"], "irc"))
        self.assertEqual(alice.ask("MODE " + alice.nick, "221").params[1], "+o")
        bob = self.irc("bob")
        self.assertEqual(bob.ask("WHOIS " + alice.nick, "313").params[1], alice.nick)
        self.assertIn("*", bob.ask("WHO " + alice.nick, "352").params[6])
        self.assertRegex(bob.ask("USERHOST " + alice.nick, "302").params[1], r"^%s\*=" % alice.nick)
        self.assertGreaterEqual(int(bob.ask("LUSERS", "252").params[1]), 1)
        # again, by another block
        self.become_again(alice, "root", "admin")
        self.become_again(alice, "look", "read")
        # back to one of many
        self.assertEqual(alice.ask("MODE %s -o" % alice.nick, "MODE").params, [alice.nick, "-o"])
        self.assertEqual(self.d.json("user", alice.nick)["operator"], None)
        self.assertEqual(self.commands(alice.answers("KILL %s :x" % bob.nick)), ["481"])
        self.assertEqual(alice.answers("MODE %s +o" % alice.nick), [])
        self.assertNotIn("313", self.commands(bob.answers("WHOIS " + alice.nick)))

    def become_again(self, c, block, level):
        c.send("OPER %s :%s" % (block, WORD))
        c.expect("381", c.nick)
        self.assertEqual(c.sync(), [])
        self.assertEqual(self.d.json("user", c.nick)["operator"], level)

    def test_wrong(self):
        mark = self.d.log_mark()
        alice = self.irc("alice")
        alice.ask("OPER", "461", None, "OPER")
        alice.ask("OPER op", "461", None, "OPER")
        for line, numeric in (("OPER op wrong", "464"), ("OPER nobody :" + WORD, "491"), ("OPER OP :" + WORD, "491")):
            self.assertEqual(self.commands(alice.answers(line)), [numeric], line)
        self.d.expect_log(r"oper op \(user %s,.*\): oper: refused, a wrong password" % alice.nick, mark)
        self.d.expect_log(r"oper nobody \(user %s,.*\): oper: refused, no such block" % alice.nick, mark)
        # who has guessed wrong three times has to wait, even with the right one; others need not
        self.assertEqual(self.commands(alice.answers("OPER op :" + WORD)), ["263"])
        self.oper("op", "bob")
        self.assertEqual(self.commands(alice.answers("KILL x :y")), ["481"])
        self.assertNotIn(WORD, self.d.tail(10000))
        carol = self.irc("carol")
        for line in ("OPER %s x" % ("n" * 65), "OPER op " + "x" * 490, "OPER op :"):
            got = carol.answers(line)
            self.assertIn(got[0].command, ("491", "464", "461", "417"), line)
            self.assertEqual(len(got), 1)

    def test_masks(self):
        alice = self.irc("alice")
        self.assertEqual(self.commands(alice.answers("OPER far :" + WORD)), ["491"])
        self.assertEqual(self.commands(alice.answers("OPER known :" + WORD)), ["491"])
        self.become(alice, "near")

    def test_label_and_order(self):
        """What follows OPER waits until the password has been checked."""
        alice = self.irc("alice", caps=("labeled-response", "batch"))
        alice.send("@label=a OPER op wrong", "@label=b OPER op :" + WORD, "@label=c TIME", "PING z")
        got = alice.until(lambda m: m.command == "PONG")[:-1]
        self.assertEqual((got[0].command, got[0].tags["label"]), ("464", "a"))
        self.assertEqual((got[1].command, got[1].tags["label"]), ("BATCH", "b"))
        self.assertEqual(self.commands(got[2:4]), ["381", "MODE"])
        self.assertEqual((got[-1].command, got[-1].tags["label"]), ("391", "c"))

    def test_broker_dies_meanwhile(self):
        people = [self.irc("p") for _ in range(6)]
        for p in people:
            p.sync()
        for p in people:
            p.send("OPER op :" + WORD, "PING done")
        people[0].expect("381")
        self.d.kill_role("broker")
        for p in people:
            got = p.until(lambda m: m.is_("PONG", None, "done"))
            if p is not people[0]:
                self.assertEqual(self.commands(got)[:-1], ["381", "MODE"], p.nick)
            self.assertEqual(p.ask("MODE " + p.nick, "221").params[1], "+o")

    def test_auth_dies_meanwhile(self):
        alice = self.irc("alice")
        alice.send("OPER op :" + WORD)
        self.d.restarts_meant = True
        for pid in self.d.kids("auth"):
            os.kill(pid, signal.SIGKILL)
        got = alice.until(lambda m: m.command in ("381", "263"))
        if got[-1].command == "263":
            self.eventually("another auth", lambda: self.commands(alice.answers("OPER op :" + WORD))[:1] == ["381"])
        self.assertEqual(alice.ask("MODE " + alice.nick, "221").params[1], "+o")

    def test_leaves_meanwhile(self):
        alice, bob = self.irc("alice"), self.irc("bob")
        alice.send("OPER op :" + WORD)
        alice.close()
        self.eventually("alice is gone", lambda: "401" in self.commands(bob.answers("WHOIS " + alice.nick)))
        again = self.irc(alice.nick, exact=True)
        self.assertEqual(again.ask("MODE " + again.nick, "221").params[1], "+")

    # --- what they may do ---------------------------------------------------------------------

    def test_levels(self):
        alice, look, op = self.irc("alice"), self.oper("look"), self.oper("op")
        for line in ("KILL %s :x" % alice.nick, "WALLOPS :x", "REHASH", "DIE", "RESTART"):
            self.assertEqual(self.commands(alice.answers(line)), ["481"], line)
            self.assertEqual(self.commands(look.answers(line)), ["481"], line)
        for line in ("REHASH", "DIE", "RESTART"):
            self.assertEqual(self.commands(op.answers(line)), ["481"], line)
        self.assertEqual(alice.sync(), [])
        # what operators are shown
        got = look.answers("STATS o")
        self.assertEqual((got[0].command, got[-1].command), ("243", "219"))
        self.assertIn(op.nick, [m.params[-1] for m in got])
        chan = self.channel(alice)
        for line in ("TOPIC %s :hush" % chan, "MODE %s +s" % chan, "MODE %s +i" % alice.nick):
            alice.ask(line, line.split()[0])
        self.assertEqual(self.commands(look.answers("MODE " + chan)), ["324", "329"])
        self.assertEqual(look.ask("TOPIC " + chan, "332").params[2], "hush")
        self.assertEqual(look.ask("NAMES " + chan, "353").params[1:], ["@", chan, "@" + alice.nick])

    def test_kill(self):
        mark = self.d.log_mark()
        op, alice, bob = self.oper("op", caps=("labeled-response", "batch")), self.irc("alice"), self.irc("bob")
        telnet = self.client("tel")
        chan = self.channel(alice, bob)
        telnet.ask("/join " + chan[1:], "^You are in %s" % chan[1:])
        telnet.sync()
        op.send("@label=k KILL %s :enough is enough" % alice.nick)
        m = bob.expect("QUIT")
        self.assertEqual(m.nick, alice.nick)
        self.assertIn("enough is enough", m.params[0])
        self.assertIn(op.nick, m.params[0])
        telnet.expect("%s.*enough is enough" % alice.nick)
        got = alice.expect_eof()
        self.assertEqual((got[-2].command, got[-2].nick, got[-2].params), ("KILL", op.nick, [alice.nick, "enough is enough"]))
        self.assertEqual(got[-1].params, ["Closing link: %s: Killed (%s: enough is enough)" % (alice.nick, op.nick)])
        self.assertEqual(op.expect("ACK").tags["label"], "k")
        self.d.expect_log(r"oper op \(user %s,.*\): kill %s: enough is enough" % (op.nick, alice.nick), mark)
        # people of telnet as well; a reason is not needed
        self.assertEqual(op.answers("KILL " + telnet.name), [])
        telnet.expect_eof()
        m = bob.expect("QUIT")
        self.assertEqual((m.nick, m.params), (telnet.name, ["Killed (%s)" % op.nick]))
        self.d.expect_log("kill %s$" % telnet.name, mark)
        for line, want in (("KILL", "461"), ("KILL nobody-here :x", "401"), ("KILL %s :x" % ("n" * 70), "401"), ("KILL :", "461"),
                           ("KILL #x :y", "401")):
            self.assertEqual(self.commands(op.answers(line)), [want], line)
        # oneself
        op.send("KILL %s :me" % op.nick)
        self.assertEqual(op.expect_eof()[-1].command, "ERROR")
        self.assertEqual(bob.sync(), [])

    def test_rooms(self):
        """In every room what its operator may do, inside and outside of it; what was not theirs is in the log."""
        op, look, alice, bob, tom = self.oper("op"), self.oper("look"), self.irc("alice"), self.irc("bob"), self.client("tom")
        for c in (op, look, alice, bob):
            c.ask("JOIN #lobby", "366")
        tom.sync()
        for c in (op, look, alice, bob):
            c.sync()
        log = lambda what: self.d.expect_log(r"oper op \(user %s, user@127\.0\.0\.1, from 127\.0\.0\.1\): %s$" %
                                             (op.nick, what), mark)
        mark = self.d.log_mark()
        for c in (alice, look):
            for line in ("MODE #lobby +m", "MODE #lobby +o " + c.nick, "KICK #lobby " + bob.nick):
                self.assertEqual(self.commands(c.answers(line)), ["482"], line)
        self.assertEqual(op.ask("MODE #lobby +bv *!*@192.0.2.7 %s" % alice.nick, "MODE").params,
                         ["#lobby", "+bv", "*!*@192.0.2.7", alice.nick])
        log(r"mode of lobby: \+ban \*!\*@192\.0\.2\.7 \+voice " + alice.nick)
        tom.expect("%s has given %s" % (op.nick, alice.nick))
        op.ask("MODE #lobby -b+t 192.0.2.7", "MODE")
        op.ask("TOPIC #lobby :be kind", "TOPIC")
        log("topic of lobby: be kind")
        op.ask("MODE #lobby -t", "MODE")
        self.assertEqual(op.ask("KICK #lobby %s :calm down" % bob.nick, "KICK").params, ["#lobby", bob.nick, "calm down"])
        self.assertEqual(bob.expect("KICK").nick, op.nick)
        log("kick %s from lobby: calm down" % bob.nick)
        # from outside, and into where nobody comes in
        chan = self.channel(alice, bob)
        alice.ask("MODE %s +sik secret" % chan, "MODE")
        bob.sync()
        for line in ("MODE %s -k" % chan, "TOPIC %s :x" % chan, "KICK %s %s" % (chan, bob.nick)):
            self.assertEqual(self.commands(look.answers(line)), ["403"], line)
        self.assertEqual(op.ask("KICK %s %s" % (chan, bob.nick), "KICK").params[:2], [chan, bob.nick])
        log("kick %s from %s" % (bob.nick, chan[1:]))
        self.assertEqual(alice.expect("KICK").nick, op.nick)
        op.ask("MODE %s +k other" % chan, "MODE")
        log(r"mode of %s: \+key \*" % chan[1:])
        self.assertEqual(self.commands(op.answers("JOIN " + chan)), ["473"])
        op.ask("INVITE %s %s" % (op.nick, chan), "341")
        log("invite %s to %s" % (op.nick, chan[1:]))
        op.ask("JOIN " + chan, "366")
        op.ask("MODE %s -o %s" % (chan, alice.nick), "MODE")
        log("mode of %s: -op %s" % (chan[1:], alice.nick))
        op.ask("KICK %s nobody" % chan, "401")
        self.assertEqual(self.commands(op.answers("MODE #nowhere +m")), ["403"])
        # what a room's own operator does is nobody's business
        own = self.channel(op, bob)
        mark = self.d.log_mark()
        op.ask("MODE %s +o %s" % (own, bob.nick), "MODE")
        op.ask("KICK %s %s" % (own, bob.nick), "KICK")
        op.answers("WALLOPS :end")
        log("wallops: end")
        self.assertNotIn("mode of " + own[1:], "\n".join(self.d.lines[mark:]))
        self.assertNotIn("from " + own[1:], "\n".join(self.d.lines[mark:]))

    def test_kill_by_case(self):
        op, alice = self.oper("op"), self.irc("alice")
        op.send("KILL %s" % alice.nick.upper())
        alice.expect_eof()

    def test_wallops(self):
        op, alice, bob = self.oper("op"), self.irc("alice"), self.irc("bob")
        alice.ask("MODE %s +w" % alice.nick, "MODE", alice.nick, "+w")
        self.assertEqual(op.answers("WALLOPS :look out"), [])
        m = alice.expect("WALLOPS")
        self.assertEqual((m.nick, m.params), (op.nick, ["look out"]))
        self.assertEqual(bob.sync(), [])
        # with +w the sender, too, once
        op.ask("MODE %s +w" % op.nick, "MODE")
        self.assertEqual([m.command for m in op.answers("WALLOPS :again")], ["WALLOPS"])
        self.assertEqual(self.commands(alice.sync()), ["WALLOPS"])
        alice.ask("MODE %s -w" % alice.nick, "MODE", alice.nick, "-w")
        op.answers("WALLOPS :more")
        self.assertEqual(alice.sync(), [])
        self.assertEqual(self.commands(op.answers("WALLOPS")), ["461"])
        self.assertEqual(self.commands(op.answers("WALLOPS :")), ["461"])

    def test_after_a_broker(self):
        """Another broker knows by which block somebody is an operator."""
        op, alice, bob = self.oper("op"), self.irc("alice"), self.irc("bob")
        self.d.kill_role("broker")
        op.sync()
        mark = self.d.log_mark()
        op.send("KILL %s :gone" % alice.nick)
        alice.expect_eof()
        self.d.expect_log(r"oper op \(user %s,.*\): kill %s: gone" % (op.nick, alice.nick), mark)
        op.answers("WALLOPS :hello")
        self.d.expect_log(r"oper op \(user %s,.*\): wallops: hello" % op.nick, mark)
        self.assertEqual(bob.sync(), [])

    # --- user modes ------------------------------------------------------------------------------

    def test_modes(self):
        alice, bob = self.irc("alice"), self.irc("bob")
        me = alice.nick
        self.assertEqual(alice.ask("MODE " + me, "221").params[1], "+")
        m = alice.ask("MODE %s +iwBR" % me, "MODE")
        self.assertEqual((m.nick, m.params), (me, [me, "+iwBR"]))
        self.assertEqual(alice.ask("MODE " + me.upper(), "221").params[1], "+iwBR")
        self.assertEqual(alice.answers("MODE %s +i" % me), [])
        self.assertEqual(alice.ask("MODE %s -iw+B-R" % me, "MODE").params, [me, "-iwR"])
        self.assertEqual(alice.ask("MODE %s :+i-B" % me, "MODE").params, [me, "+i-B"])
        got = alice.answers("MODE %s +wzy" % me)
        self.assertEqual(sorted(self.commands(got)), ["501", "MODE"])
        self.assertEqual(alice.ask("MODE " + me, "221").params[1], "+iw")
        self.assertEqual(self.commands(alice.answers("MODE %s +o" % me)), [])
        self.assertEqual(self.commands(alice.answers("MODE %s" % bob.nick)), ["502"])
        self.assertEqual(self.commands(alice.answers("MODE %s +i" % bob.nick)), ["502"])
        self.assertEqual(self.commands(alice.answers("MODE nobody-%s +i" % me)), ["401"])
        self.assertEqual(self.commands(alice.answers("MODE %s +" % me)), [])
        self.assertEqual(self.commands(alice.answers("MODE %s i" % me)), [])
        self.assertEqual(bob.sync(), [])

    def test_invisible(self):
        alice, bob, op = self.irc("alice"), self.irc("bob"), self.oper("look")
        alice.ask("MODE %s +i" % alice.nick, "MODE")
        mask = alice.nick + "*"
        self.assertEqual(self.commands(bob.answers("WHO " + mask)), ["315"])
        self.assertEqual(self.commands(op.answers("WHO " + mask)), ["352", "315"])
        chan = self.channel(alice, bob)
        self.assertEqual(self.commands(bob.answers("WHO " + mask)), ["352", "315"])
        carol = self.irc("carol")
        self.assertEqual([m.params[-1].split() for m in carol.answers("NAMES " + chan) if m.command == "353"], [[bob.nick]])

    def test_bot(self):
        bot, alice, bob = self.irc("bot"), self.irc("alice", caps=("message-tags",)), self.irc("bob")
        self.assertEqual(alice.isupport.get("BOT", "B"), "B")
        chan = self.channel(bot, alice, bob)
        bot.send("PRIVMSG %s :before" % chan)
        self.assertNotIn("bot", alice.expect("PRIVMSG").tags)
        bob.expect("PRIVMSG")
        bot.ask("MODE %s +B" % bot.nick, "MODE", bot.nick, "+B")
        m = bob.ask("WHOIS " + bot.nick, "335")
        self.assertEqual(m.params[:2], [bob.nick, bot.nick])
        self.assertIn("B", bob.ask("WHO " + bot.nick, "352").params[6])
        bob.sync()
        for line, want in (("PRIVMSG %s :hello" % chan, "PRIVMSG"), ("NOTICE %s :hello" % chan, "NOTICE"),
                           ("PRIVMSG %s :private" % alice.nick, "PRIVMSG")):
            bot.send(line)
            m = alice.expect(want)
            self.assertEqual((m.nick, m.tags.get("bot")), (bot.nick, ""), line)
        # whatever it does (https://ircv3.net/specs/extensions/bot-mode)
        chan2 = self.channel(alice, stem="b")
        alice.answers("CAP REQ :away-notify setname")
        for line, want in (("JOIN " + chan2, "JOIN"), ("TOPIC %s :mine" % chan, "TOPIC"), ("MODE %s +m" % chan, "MODE"),
                           ("AWAY :x", "AWAY"), ("SETNAME :Robot", "SETNAME"), ("INVITE %s %s" % (alice.nick, self.channel(bot)), "INVITE"),
                           ("KICK %s %s :out" % (chan, bob.nick), "KICK"), ("PART " + chan2, "PART"), ("NICK x" + bot.nick, "NICK")):
            bot.send(line)
            m = alice.expect(want)
            self.assertEqual((m.nick, m.tags.get("bot")), (bot.nick, ""), line)
        bot.expect("NICK")
        bot.nick = "x" + bot.nick
        alice.send("TOPIC %s :not a bot's" % chan2)
        self.assertNotIn("bot", alice.expect("TOPIC").tags)
        bot.sync()
        self.assertTrue(all(not m.tags for m in bob.sync()))
        bob.ask("JOIN " + chan, "366")
        alice.sync()
        bot.ask("MODE %s -B" % bot.nick, "MODE", bot.nick, "-B")
        bot.send("PRIVMSG %s :after" % chan)
        self.assertNotIn("bot", alice.expect("PRIVMSG").tags)
        self.assertNotIn("335", self.commands(bob.answers("WHOIS " + bot.nick)))

    def test_registered_only(self):
        alice, bob = self.irc("alice"), self.irc("bob")
        alice.ask("MODE %s +R" % alice.nick, "MODE", alice.nick, "+R")
        m = bob.ask("PRIVMSG %s :hello" % alice.nick, "477")
        self.assertEqual(m.params[:2], [bob.nick, alice.nick])
        self.assertEqual(self.commands(bob.answers("NOTICE %s :hello" % alice.nick)), [])
        telnet = self.client("tel")
        telnet.ask("/msg %s hello" % alice.nick, "accounts")
        self.assertEqual(alice.sync(), [])
        # rooms are not meant, nor those who are written to
        self.channel(alice, bob, stem="r")
        alice.send("PRIVMSG %s :hi" % bob.nick)
        bob.expect("PRIVMSG")
        alice.ask("MODE %s -R" % alice.nick, "MODE", alice.nick, "-R")
        bob.send("PRIVMSG %s :hello" % alice.nick)
        self.assertEqual(alice.expect("PRIVMSG").params, [alice.nick, "hello"])


class Orders(OperCase):
    own = True

    def test_rehash(self):
        d = self.daemon()
        root = self.oper("root")
        d.write_conf(merged(self.config, {"irc": {"motd": "Another one"}}))
        mark = d.log_mark()
        self.assertEqual(root.ask("REHASH", "382").params[0], root.nick)
        d.expect_log(r"oper root \(user %s,.*\): rehash" % root.nick, mark)
        self.eventually("the new motd", lambda: "Another one" in " ".join(m.line for m in root.answers("MOTD")))
        # what is wrong changes nothing
        d.write_conf("nonsense")
        mark = d.log_mark()
        root.ask("REHASH", "382")
        d.expect_log(r"chatd\.conf:1", mark)
        self.assertIn("Another one", " ".join(m.line for m in root.answers("MOTD")))
        # whose block is gone stays what it is; nobody becomes one by it any more
        d.write_conf(merged(self.config, {"operators": [b for b in self.config["operators"] if b["name"] != "root"]}))
        root.ask("REHASH", "382")
        bob = self.irc("bob")
        self.eventually("gone", lambda: 'name = "root"' not in d.ctl("config", "dump"))
        self.assertEqual(self.commands(bob.answers("OPER root :" + WORD)), ["491"])
        mark = d.log_mark()
        root.send("WALLOPS :still here")
        d.expect_log(r"oper \? \(user %s,.*\): wallops: still here" % root.nick, mark)

    def test_die(self):
        d = self.daemon()
        root, alice = self.oper("root"), self.irc("alice")
        kids = [p for role in ("broker", "worker", "auth", "control") for p in d.kids(role)]
        mark = d.log_mark()
        root.send("DIE")
        self.assertEqual(alice.expect_eof()[-1].params, ["Closing link: %s: server stops" % alice.nick])
        root.expect_eof()
        self.assertEqual(d.wait(), 0)
        d.expect_log("Closed connection from: %s, server stops$" % alice.nick, mark)
        self.assertNotIn("restart", "".join(d.lines[mark:]))
        self.eventually("all processes end", lambda: all(gone(p) for p in kids))
        d.expect_log(r"oper root \(user %s,.*\): die" % root.nick, mark)

    def test_restart(self):
        d = self.daemon()
        root, alice = self.oper("root"), self.irc("alice")
        before = {role: sorted(d.kids(role)) for role in ("broker", "worker", "control")}
        mark = d.log_mark()
        root.send("RESTART")
        got = alice.expect_eof()
        self.assertEqual((got[-2].command, got[-2].params[-1]), ("NOTICE", "The server is being restarted. Please connect again."))
        self.assertEqual(got[-1].params, ["Closing link: %s: server restart" % alice.nick])
        root.expect_eof()
        d.expect_log(r"oper root \(user %s,.*\): restart" % root.nick, mark)
        self.eventually("new workers", lambda: not set(before["worker"]) & set(d.kids("worker")) and len(d.kids("worker")) == 2)
        self.assertEqual(d.kids("broker"), before["broker"])
        self.eventually("everybody is ready", lambda: d.ctl_run("status")[0] == 0 and
                        all(p["state"] == "ready" for p in d.processes()))
        self.become(self.irc("again"), "root")

    def test_nobody_can_become_one(self):
        self.config = {k: v for k, v in self.config.items() if k != "operators"}
        self.daemon()
        alice = self.irc("alice")
        self.assertEqual(self.commands(alice.answers("OPER root :" + WORD)), ["491"])

    def test_stuck_auth(self):
        """Passwords are checked elsewhere: chat goes on, and the one who asked is told in the end."""
        d = self.daemon({"auth": {"processes": 1}})
        d.restarts_meant = True
        alice, bob = self.irc("alice"), self.irc("bob")
        pid = d.kids("auth")[0]
        os.kill(pid, signal.SIGSTOP)
        alice.send("OPER op :" + WORD)
        bob.answers("WHOIS " + alice.nick)
        alice.until(lambda m: m.command in ("381", "263"), limit(20))
        self.eventually("the stuck one has been killed", lambda: gone(pid))


if __name__ == "__main__":
    main()
