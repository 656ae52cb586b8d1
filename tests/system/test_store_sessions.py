#!/usr/bin/env python3
"""One account on several devices: each is the same user, and sees what the others send."""

import os
import re
import signal
import socket
import struct

from harness import NAME_PROMPT, Daemon, build, long, main, signal_pid, unread
from irc import PASSWORD, AccountCase

CAPS = ("sasl", "account-tag", "account-notify", "message-tags", "echo-message", "server-time")
TWO = r"^You are here 2 times"


class SessionCase(AccountCase):
    def device(self, name, d=None, ready=True):
        """One more IRC client of this account's."""
        if ready:
            return self.logged_in(name, CAPS, name, d)
        c = self.newcomer(CAPS, d)
        self.assertEqual(self.auth_plain(c, name), ["900", "903"])
        return c

    def terminal(self, name, d=None):
        """The same by telnet."""
        c = self.connect(d)
        c.expect(re.escape(NAME_PROMPT))
        c.name = name
        c.send(name)
        c.expect("Password")
        c.send(PASSWORD)
        c.expect("^Connected to the chat room as " + name)
        return c

    def telling(self, chan):
        """Somebody else in the channel, for everybody to hear: who has it has all that came before."""
        c = self.irc("teller")
        c.ask("JOIN " + chan, "366")
        return c

    def mark(self, teller, chan, *others):
        text = self.fresh("mark")
        teller.send("PRIVMSG %s :%s" % (chan, text))
        for c in others:
            if hasattr(c, "queue"):
                c.expect("PRIVMSG", chan, text)
            else:
                c.expect(text)


class Sessions(SessionCase):

    def test_phone_and_desktop(self):
        name = self.reserved("ann")
        desktop = self.device(name)
        chan = "#" + self.fresh("home")
        desktop.ask("JOIN " + chan, "366")
        desktop.ask("TOPIC %s :cats" % chan, "TOPIC", chan, "cats")
        bob = self.telling(chan)
        phone = self.device(name)
        phone.expect("JOIN", chan)
        phone.expect("332", name, chan, "cats")
        phone.expect("353", name)
        phone.expect("366", name, chan)
        # what one says in a room the other reads, once
        desktop.send("PRIVMSG %s :from the desktop" % chan)
        self.assertTrue(phone.expect("PRIVMSG", chan, "from the desktop").source.startswith(name + "!"))
        phone.send("PRIVMSG %s :from the phone" % chan)
        desktop.expect("PRIVMSG", chan, "from the phone")
        for text in ("from the desktop", "from the phone"):
            self.assertTrue(bob.expect("PRIVMSG", chan, text).source.startswith(name + "!"))
        # between two
        phone.send("PRIVMSG %s :hello bob" % bob.nick)
        bob.expect("PRIVMSG", bob.nick, "hello bob")
        desktop.expect("PRIVMSG", bob.nick, "hello bob")
        bob.send("PRIVMSG %s :hello ann" % name)
        for c in (phone, desktop):
            c.expect("PRIVMSG", name, "hello ann")
        # to oneself
        phone.send("PRIVMSG %s :note" % name)
        for c in (phone, desktop):
            c.expect("PRIVMSG", name, "note")
        self.mark(bob, chan, phone, desktop)
        for c in (phone, desktop, bob):
            said = [m.params[-1] for m in c.seen if m.command == "PRIVMSG" and m.params[-1] == "from the phone"]
            self.assertEqual(len(said), 1)
        self.assertFalse([m for m in bob.seen if m.command == "JOIN" and m.source.startswith(name)],
                         "nobody is told that a second device has come")
        self.assertFalse([m for m in bob.queue if m.command in ("JOIN", "QUIT", "PART")])

    def test_what_one_does_the_other_sees(self):
        name = self.reserved("ann")
        desktop, phone = self.device(name), self.device(name)
        chan = "#" + self.fresh("home")
        phone.ask("JOIN " + chan, "366")
        desktop.expect("JOIN", chan)
        desktop.expect("366", name, chan)
        bob = self.telling(chan)
        for c in (phone, desktop):
            c.expect("JOIN", chan)
        desktop.ask("MODE %s +m" % chan, "MODE", chan, "+m")
        phone.expect("MODE", chan, "+m")
        desktop.ask("MODE %s +v %s" % (chan, bob.nick), "MODE")
        desktop.ask("AWAY :at lunch", "306")
        phone.expect("306")
        bob.ask("WHOIS " + name, "301", None, name, "at lunch")
        phone.ask("AWAY", "305")
        desktop.expect("305")
        desktop.ask("MODE %s +i" % name, "MODE", name, "+i")
        phone.expect("MODE", name, "+i")
        phone.ask("PART " + chan, "PART", chan)
        desktop.expect("PART", chan)
        bob.expect("PART", chan)
        desktop.ask("JOIN " + chan, "366")
        phone.expect("JOIN", chan)
        bob.expect("JOIN", chan)
        bob.ask("LUSERS", "255", None, "I have %d clients and 0 servers" % len(self.d.json("users")))

    def test_one_goes_the_other_stays(self):
        name = self.reserved("ann")
        chan = "#" + self.fresh("home")
        first, second, third = (self.device(name) for _ in range(3))
        first.ask("JOIN " + chan, "366")
        bob = self.telling(chan)
        first.send("QUIT :first")
        first.expect_eof()
        self.mark(bob, chan, second, third)
        third.close()
        self.eventually("one is left", lambda: self.d.json("user", name)["connections"] == 1)
        second.send("PRIVMSG %s :still here" % chan)
        bob.expect("PRIVMSG", chan, "still here")
        self.assertFalse([m for m in bob.seen if m.command == "QUIT"])
        second.send("QUIT :bye")
        bob.expect("QUIT")
        self.assertIn("bye", bob.seen[-1].params[-1])

    def test_a_connected_one_takes_the_name(self):
        name = self.reserved("ann")
        desktop = self.device(name)
        chan, other = "#" + self.fresh("home"), "#" + self.fresh("other")
        desktop.ask("JOIN " + chan, "366")
        was = self.fresh("phone")
        phone = self.logged_in(name, CAPS, was)
        phone.ask("JOIN " + other, "366")
        bob = self.telling(other)
        phone.expect("JOIN", other)
        phone.send("NICK " + name)
        phone.expect("PART", other)
        self.assertTrue(phone.expect("NICK", name).source.startswith(was + "!"))
        phone.expect("JOIN", chan)
        phone.expect("366", name, chan)
        self.assertIn("is %s now" % name, bob.expect("QUIT").params[-1])
        phone.send("PRIVMSG %s :moved" % chan)
        desktop.expect("PRIVMSG", chan, "moved")
        phone.sync()

    def test_nobody_else_does(self):
        name = self.reserved("ann")
        self.device(name)
        mallory = self.irc("mallory")
        mallory.send("NICK " + name)
        mallory.expect("433")
        other = self.reserved("other")
        c = self.device(other, ready=False)
        c.send("NICK " + name, "USER user 0 * :Real", "CAP END")
        c.expect("433")

    def test_another_account(self):
        """All sessions of a user are logged in to one account: who is here twice is told that it cannot go to another one,
        and the other device is not taken along."""
        name, other = self.reserved("ann"), self.reserved("other")
        desktop, phone = self.device(name), self.device(name)
        phone.seen.clear()
        for way in (self.auth_plain, self.auth_scram):
            self.assertEqual(way(desktop, other), ["904"])
            self.assertIn("other devices", desktop.seen[-1].params[-1])
            self.assertEqual(way(desktop, other, "wrong"), ["904"])
            self.assertNotIn("other devices", desktop.seen[-1].params[-1])
            self.assertEqual(way(desktop, name), ["900", "903"])
        desktop.ask("NS IDENTIFY %s %s" % (other, PASSWORD), "NOTICE", name, re.compile("other devices"))
        desktop.ask("WHOIS " + name, "330", name, name, name)
        phone.sync()
        self.assertFalse([m for m in phone.seen if m.command in ("900", "901", "ACCOUNT")])
        # alone it may
        phone.send("QUIT")
        phone.expect_eof()
        for way, account in ((self.auth_plain, other), (self.auth_scram, name)):
            self.assertEqual(way(desktop, account), ["900", "903"])
            desktop.ask("WHOIS " + name, "330", name, name, account)

    def test_telnet_beside_irc(self):
        name = self.reserved("ann")
        room = self.fresh("home")
        phone = self.device(name)
        phone.ask("JOIN #" + room, "366")
        phone.ask("AWAY :out", "306")
        term = self.terminal(name)
        term.expect(TWO)
        term.expect("^You are away: out$")
        term.expect("^You now talk in %s" % room)
        bob = self.telling("#" + room)
        term.send("from the terminal")
        phone.expect("PRIVMSG", "#" + room, "from the terminal")
        bob.expect("PRIVMSG", "#" + room, "from the terminal")
        phone.send("PRIVMSG #%s :from the phone" % room)
        term.expect("from the phone")
        phone.send("PRIVMSG %s :hello bob" % bob.nick)
        term.expect("^You to %s:" % bob.nick)
        term.expect("hello bob")
        term.send("hello again@%s" % bob.nick)
        phone.expect("PRIVMSG", bob.nick, "hello again")
        phone.ask("JOIN #%sb" % room, "366")
        term.line("You are in %sb too, now." % room)
        term.send("/leave " + room)
        phone.expect("PART", "#" + room)
        term.expect("^You now talk in %sb" % room)
        term.send("/quit")
        term.expect("now logged out")
        term.expect_eof()
        phone.send("PRIVMSG %s :yes" % name)
        phone.expect("PRIVMSG", name, "yes")

    def test_chatctl(self):
        name = self.reserved("ann")
        phone, desktop = self.device(name), self.device(name)
        term = self.terminal(name)
        u = self.d.json("user", name)
        self.assertEqual(u["connections"], 3)
        self.assertEqual([s["protocol"] for s in u["sessions"]], ["irc", "irc", "telnet"])
        self.assertEqual(len([v for v in self.d.json("users") if v["name"] == name]), 1)
        self.assertIn("VIA", self.d.ctl("user", name))
        self.d.ctl("kick", name, "enough")
        for c in (phone, desktop):
            c.expect("ERROR")
            c.expect_eof()
        term.expect("^You have been removed by Server")
        term.expect_eof()


class Deaths(SessionCase):
    """A daemon each: processes are killed."""
    own = True

    def two_workers(self):
        d = self.daemon({"workers": 2})
        d.restarts_meant = True
        name = self.reserved("ann", d=d)
        return d, name

    def spread(self, d, name):
        """Devices until both workers have one, by worker."""
        at = {}
        while len(at) < 2:
            c = self.device(name, d=d)
            at.setdefault(d.json("user", name)["sessions"][-1]["worker"], []).append(c)
        return at

    def test_a_worker_dies(self):
        d, name = self.two_workers()
        at = self.spread(d, name)
        stay = at[1][0]
        stay.ask("JOIN #den", "366")
        d.kill_role("worker", 0)
        self.eventually("its sessions have gone", lambda: {s["worker"] for s in d.json("user", name)["sessions"]} == {1})
        bob = self.irc("bob", d=d)
        bob.ask("JOIN #den", "366")
        bob.send("PRIVMSG #den :still there?")
        stay.expect("PRIVMSG", "#den", "still there?")
        stay.send("PRIVMSG #den :yes")
        bob.expect("PRIVMSG", "#den", "yes")
        self.assertFalse([m for m in bob.seen if m.command == "QUIT"])

    def test_gone_before_it_came(self):
        """Its connection ends while the broker decides that it is another session."""
        d, name = self.two_workers()
        first = self.device(name, d=d)
        for connected in (True, False):
            c = self.device(name, d=d, ready=False)
            if connected:
                self.finish(c, self.fresh("phone"))
            broker = d.kill_role("broker", sig=signal.SIGSTOP)
            if connected:
                c.send("NICK " + name)
            else:
                c.send("NICK " + name, "USER user 0 * :Real", "CAP END")
            self.eventually("its worker has read that", lambda: unread(c.sock) == 0)
            since = d.log_mark()
            c.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            c.sock.close()
            signal_pid(broker, signal.SIGCONT)
            d.expect_log("Closed connection from", since)
            self.eventually("it has gone", lambda: [u["connections"] for u in d.json("users")] == [1])
            first.sync()
        d.check()

    def test_the_broker_dies(self):
        d, name = self.two_workers()
        at = self.spread(d, name)
        all_of_them = [c for v in at.values() for c in v]
        first = all_of_them[0]
        first.ask("JOIN #den", "366")
        for i in range(4):
            d.kill_role("broker")
            first.send("PRIVMSG #den :line %d" % i)
            for c in all_of_them[1:]:
                c.expect("PRIVMSG", "#den", "line %d" % i)
            one_more = self.device(name, d=d)
            one_more.expect("JOIN", "#den")
            all_of_them.append(one_more)
        all_of_them.pop().close()
        first.send("QUIT")
        first.expect_eof()
        self.eventually("two have gone", lambda: d.json("user", name)["connections"] == len(all_of_them) - 1)
        d.check()

    def moves(self, d, killed):
        """One comes while it has a name, speaks, and the other goes: what is left, and what the others have read."""
        name = self.reserved("ann", d=d)
        desktop, phone = self.device(name, d=d), self.device(name, d=d, ready=False)
        desktop.ask("JOIN #den", "366")
        bob = self.irc("bob", d=d)
        bob.ask("JOIN #den", "366")
        self.finish(phone, self.fresh("phone"))
        phone.ask("JOIN #attic", "366")
        phone.ask("JOIN #den", "366")
        # from now on it may die
        os.unlink(killed)
        d.kill_role("broker")
        phone.send("PRIVMSG #den :as a phone", "NICK " + name, "PRIVMSG #den :moved")
        phone.expect("JOIN", "#den")
        bob.expect("PRIVMSG", "#den", "moved")
        desktop.expect("PRIVMSG", "#den", "moved")
        desktop.send("QUIT")
        desktop.expect_eof()
        phone.send("PRIVMSG #den :alone")
        bob.expect("PRIVMSG", "#den", "alone")
        bob.send("PRIVMSG #den :last", "PRIVMSG %s :here?" % name)
        phone.expect("PRIVMSG", name, "here?")
        d.check()
        users = {u["name"]: (u["connections"], u["rooms"]) for u in d.json("users")}
        self.assertEqual(users, {name: (1, ["den"]), bob.nick: (1, ["den"])})
        self.assertEqual([r["name"] for r in d.json("rooms")], ["den"])
        for c in (bob, phone):
            self.assertEqual(len([m for m in c.seen if m.command == "PRIVMSG" and m.params[-1] == "last"]), c is phone)
        self.assertEqual([m.params[-1] for m in bob.seen if m.command == "PRIVMSG" and m.params[0] == "#den"],
                         ["as a phone", "moved", "alone"])

    def dies_at(self, point, n):
        d = Daemon(self.config, start=False)
        killed = os.path.join(d.dir, "killed")
        try:
            os.chmod(d.dir, 0o777)
            with open(killed, "w") as f:
                f.write("as if it had happened")
                d.env["CHATD_KILL"] = "%s:%d:%s" % (point, n, killed)
            d.start()
            self.moves(d, killed)
        finally:
            d.close()

    def test_the_broker_dies_at_a_step_of_it(self):
        if not build().killpoints:
            self.skipTest("this build has no kill points (--enable-killpoints)")
        points = ("decided", "committed", "applying", "applied", "sent") if long() else ("committed", "applying")
        for point in points:
            for n in range(1, 40) if long() else (2, 4, 7):
                with self.subTest(point=point, n=n):
                    self.dies_at(point, n)
    test_the_broker_dies_at_a_step_of_it.limit = 1000 if long() else 100


if __name__ == "__main__":
    main()
