#!/usr/bin/env python3
"""MONITOR and extended-monitor, as IRCv3 has them."""

import re

from harness import main, merged
from irc import IrcCase

LIMIT = 60


class Monitor(IrcCase):
    config = merged(IrcCase.config, {"irc": {"monitor": LIMIT}})

    def notices(self, c):
        """What MONITOR tells that nobody asked for, as (number, name), since the last time."""
        return [(m.command, m.params[1].partition("!")[0]) for m in c.sync() if m.command in ("730", "731")]

    def states(self, c, line):
        """The names in the answers: those that are there, those that are not."""
        on, off = [], []
        for m in c.answers(line):
            if m.command in ("730", "731"):
                (on if m.command == "730" else off).extend(m.params[1].split(","))
        return on, off

    def watched(self, c):
        c.send("MONITOR L")
        got = c.until(lambda m: m.command == "733")
        self.assertEqual(got[-1].params[0], c.nick)
        return [n for m in got[:-1] if m.command == "732" for n in m.params[1].split(",")]

    def test_on_and_off(self):
        eve = self.irc("eve")
        name = self.fresh("bob")
        on, off = self.states(eve, "MONITOR + " + name)
        self.assertEqual((on, off), ([], [name]))
        bob = self.irc(name, exact=True, user="bobby")
        m = eve.expect("730")
        self.assertEqual(m.params, [eve.nick, "%s!bobby@127.0.0.1" % name])
        self.assertEqual(m.source, eve.welcome[0].source)
        self.assertEqual(self.states(eve, "MONITOR S")[0], ["%s!bobby@127.0.0.1" % name])
        bob.send("QUIT")
        m = eve.expect("731")
        self.assertEqual(m.params, [eve.nick, name])
        # a telnet user is somebody, too
        tom = self.client(name, exact=True)
        eve.expect("730", None, re.compile("^%s!" % name))
        tom.close()
        eve.expect("731", None, name)
        self.assertEqual(self.notices(eve), [])

    def test_present_when_added(self):
        eve, bob = self.irc("eve"), self.irc("bob")
        on, off = self.states(eve, "MONITOR + %s,nobody-here,%s" % (bob.nick.upper(), eve.nick))
        self.assertEqual((on, off), (["%s!user@127.0.0.1" % bob.nick, "%s!user@127.0.0.1" % eve.nick], ["nobody-here"]))
        # once only, in whatever letters
        self.assertEqual(self.states(eve, "MONITOR + %s" % bob.nick), ([], []))
        self.assertEqual(len(self.watched(eve)), 3)

    def test_list_remove_clear(self):
        eve = self.irc("eve")
        self.assertEqual(self.watched(eve), [])
        eve.send("MONITOR + Aa,bb,cc,dd")
        eve.sync()
        self.assertEqual(sorted(self.watched(eve)), ["Aa", "bb", "cc", "dd"])
        self.assertEqual(eve.answers("MONITOR - AA,cc,never"), [])
        self.assertEqual(sorted(self.watched(eve)), ["bb", "dd"])
        self.assertEqual(eve.answers("MONITOR C"), [])
        self.assertEqual(self.watched(eve), [])
        self.assertEqual(self.states(eve, "MONITOR S"), ([], []))

    def test_after_removal_nothing_comes(self):
        eve = self.irc("eve")
        one, two = self.fresh("one"), self.fresh("two")
        eve.send("MONITOR + %s,%s" % (one, two), "MONITOR - " + one)
        eve.sync()
        self.irc(one, exact=True), self.irc(two, exact=True)
        self.assertEqual(self.notices(eve), [("730", two)])

    def test_names_not_valid(self):
        eve = self.irc("eve")
        name = self.fresh("nobody")
        self.assertEqual(self.states(eve, "MONITOR + :,,*!user@host,#room,1digit,a b,x@y"), ([], []))
        self.assertEqual(self.states(eve, "MONITOR + *!user@host,#room,%s,," % name), ([], [name]))
        self.assertEqual(self.watched(eve), [name])
        self.assertEqual(eve.answers("MONITOR - *!user@host,,%s" % ("x" * 200)), [])
        self.assertEqual(self.watched(eve), [name])

    def test_parameters(self):
        eve = self.irc("eve")
        for line in ("MONITOR", "MONITOR +", "MONITOR -", "MONITOR + :"):
            got = eve.answers(line)
            self.assertTrue(len(got) == 1 and got[0].is_("461", eve.nick, "MONITOR"), (line, got))
        self.assertEqual([m.command for m in eve.answers("MONITOR X")], [])
        self.assertEqual(eve.isupport["MONITOR"], str(LIMIT))
        self.assertEqual(self.watched(eve), [])
        self.assertEqual(eve.answers("monitor l")[0].command, "733")

    def test_full(self):
        eve = self.irc("eve")
        names = [self.fresh("full") for _ in range(LIMIT + 3)]
        for i in range(0, LIMIT - 2, 10):
            eve.send("MONITOR + " + ",".join(names[i:min(i + 10, LIMIT - 2)]))
        eve.sync()
        got = eve.answers("MONITOR + " + ",".join(names[LIMIT - 2:]))
        full = [m for m in got if m.command == "734"]
        self.assertEqual(full[0].params[:3], [eve.nick, str(LIMIT), ",".join(names[LIMIT:])])
        self.assertEqual([m.params[1] for m in got if m.command == "731"], [",".join(names[LIMIT - 2:LIMIT])])
        self.assertEqual(sorted(self.watched(eve)), sorted(names[:LIMIT]))
        # one that is there already needs no place
        self.assertEqual(eve.answers("MONITOR + " + names[0].upper()), [])
        for m in eve.seen:
            self.assertLessEqual(len(m.line.encode()), 510)

    def test_rename(self):
        eve, bob = self.irc("eve"), self.irc("bob", user="bobby")
        was, now = bob.nick, self.fresh("rob")
        eve.send("MONITOR + %s,%s" % (was, now))
        eve.sync()
        bob.ask("NICK " + now, "NICK", now)
        got = [m for m in eve.sync() if m.command in ("730", "731")]
        self.assertEqual([m.params[1] for m in got], [was, "%s!bobby@127.0.0.1" % now])
        # into a name, and out of one
        eve.send("MONITOR - " + was)
        eve.sync()
        bob.ask("NICK " + was, "NICK", was)
        self.assertEqual(self.notices(eve), [("731", now)])
        bob.ask("NICK " + now, "NICK", now)
        self.assertEqual(self.notices(eve), [("730", now)])
        # other letters are the same name
        bob.ask("NICK " + now.upper(), "NICK", now.upper())
        self.assertEqual(self.notices(eve), [])
        bob.send("QUIT")
        eve.expect("731", None, now.upper())

    def test_labels(self):
        eve, bob = self.irc("eve", ("labeled-response", "batch")), self.irc("bob")
        m = eve.ask("@label=a MONITOR + " + bob.nick, "730")
        self.assertEqual(m.tags.get("label"), "a")
        m = eve.ask("@label=b MONITOR - " + bob.nick, "ACK")
        self.assertEqual(m.tags.get("label"), "b")
        eve.send("@label=c MONITOR + %s,nobody" % bob.nick)
        got = eve.until(lambda m: m.command == "BATCH" and m.params[0][0] == "-")
        self.assertEqual(self.commands(got), ["BATCH", "730", "731", "BATCH"])
        # what comes later is nobody's answer
        bob.send("QUIT")
        self.assertEqual(eve.expect("731", None, bob.nick).tags, {})

    def test_many_watchers(self):
        name = self.fresh("star")
        watchers = [self.irc("fan") for _ in range(30)]
        for w in watchers:
            w.send("MONITOR + other,%s,third" % name)
        for w in watchers:
            w.sync()
        for w in watchers[::3]:
            w.send("MONITOR - " + name)
            w.sync()
        for w in watchers[1::3]:
            w.send("QUIT")
            w.expect_eof()
        star = self.irc(name, exact=True)
        star.send("QUIT")
        star.expect_eof()
        star = self.irc(name.upper(), exact=True)
        want = [("730", name), ("731", name), ("730", name.upper())]
        for i, w in enumerate(watchers):
            if i % 3 != 1:
                self.assertEqual(self.notices(w), want if i % 3 == 2 else [], i)

    def test_extended(self):
        caps = ("extended-monitor", "away-notify", "setname", "account-notify", "chghost")
        eve, ned, bob = self.irc("eve", caps), self.irc("ned", caps[1:]), self.irc("bob", ("setname",))
        for w in (eve, ned):
            w.ask("MONITOR + " + bob.nick, "730")
        bob.ask("AWAY :fishing", "306")
        bob.ask("SETNAME :Robert", "SETNAME")
        bob.ask("AWAY", "305")
        got = [m for m in eve.sync()]
        self.assertEqual([(m.command, m.params, m.nick) for m in got],
                         [("AWAY", ["fishing"], bob.nick), ("SETNAME", ["Robert"], bob.nick), ("AWAY", [], bob.nick)])
        self.assertEqual(ned.sync(), [])
        # once, though they share a room as well
        self.channel(eve, bob)
        bob.ask("AWAY :again", "306")
        self.assertEqual(self.commands(eve.sync()), ["AWAY"])
        # and only what else was asked for
        only = self.irc("only", ("extended-monitor",))
        only.ask("MONITOR + " + bob.nick, "730")
        bob.ask("AWAY :once more", "306")
        self.assertEqual(only.sync(), [])


class Restart(IrcCase):
    """No change is lost or told twice, whoever dies."""
    config = merged(IrcCase.config, {"workers": 2})

    def test_broker(self):
        eve = self.irc("eve")
        names = [self.fresh("kin") for _ in range(6)]
        eve.send("MONITOR + " + ",".join(names))
        eve.sync()
        people, want = {}, []
        for round_no in range(6):
            self.d.client(self.fresh("tom")).close()  # there is a broker
            self.d.kill_role("broker")
            for i, name in enumerate(names):
                if (i + round_no) % 2 == 0 and name not in people:
                    people[name] = self.irc(name, exact=True)
                    want.append(("730", name))
                elif (i + round_no) % 3 == 0 and name in people:
                    people[name].send("QUIT :bye")
                    people.pop(name).expect_eof()
                    want.append(("731", name))
        got = [(m.command, m.params[1].partition("!")[0]) for m in eve.sync() if m.command in ("730", "731")]
        self.assertEqual(sorted(got), sorted(want))
        for name in names:  # in order, for each
            self.assertEqual([g for g in got if g[1] == name], [w for w in want if w[1] == name])

    def test_worker(self):
        """Those whose worker dies are gone; a watcher in another one is told, a new watcher as well."""
        eve = self.irc("eve")
        mine = self.d.worker_of(eve.nick)
        others = []
        while len(others) < 3:
            c = self.irc("other")
            if self.d.worker_of(c.nick) != mine:
                others.append(c)
        for c in others:
            eve.ask("MONITOR + " + c.nick, "730")
        self.d.kill_role("worker", 1 - mine)
        gone = {eve.expect("731").params[1] for _ in others}
        self.assertEqual(gone, {c.nick for c in others})
        back = [self.irc(c.nick, exact=True) for c in others]
        self.assertEqual({eve.expect("730").params[1].partition("!")[0] for _ in back}, gone)
        new = self.eventually("one in the new worker", lambda: next(
            (c for c in (self.irc("new"),) if self.d.worker_of(c.nick) != mine), None))
        new.ask("MONITOR + " + eve.nick, "730")
        eve.send("QUIT")
        new.expect("731", None, eve.nick)


if __name__ == "__main__":
    main()
