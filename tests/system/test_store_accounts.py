#!/usr/bin/env python3
"""Accounts, beside what test_irc_accounts says of the protocol: what the log tells of logins, names that are one name, what
guessing costs, and what the end of each process, or of all of them, does to them."""

import contextlib
import signal
import statistics

import storecheck
from harness import main
from irc import PASSWORD, AccountCase, plain


class Accounts(AccountCase):

    # -- logging in

    def test_logged(self):
        since = self.d.log_mark()
        name = self.reserved()
        self.d.expect_log("account %s: registered, from 127" % name, since)
        c = self.newcomer()
        for who in (name, self.fresh("nobody")):
            for way in (self.auth_plain, self.auth_scram):
                mark = self.d.log_mark()
                self.assertEqual(way(c, who, "wrong"), ["904"])
                self.d.expect_log("account %s: not logged in, no such account or another password, from 127" % who, mark)
        self.assertEqual(self.auth_plain(c, name), ["900", "903"])
        self.d.expect_log("account %s: logged in, from 127" % name, since)

    def test_the_same_name_is_registered_once(self):
        """However it is spelled; and with it one logs in, too."""
        c = self.irc(self.fresh("other"), exact=True)
        for stem, others in (("gru\u00dfe", ("grusse", "GRU\u1e9eE")), ("Zoe\u0301", ("zo\u00e9", "ZO\u00c9")),
                             ("\u03c3o\u03c2", ("\u03a3O\u03a3", "\u03c3o\u03c3")), ("\uff21dam", ("adam", "\uff41dam"))):
            name = self.reserved(stem)
            for other in (name, *(o + name[len(stem):] for o in others)):
                with self.subTest(other):
                    c.ask("REGISTER %s * :%s" % (other, PASSWORD), "FAIL", "REGISTER", "ACCOUNT_EXISTS")
                    self.assertEqual(self.auth_plain(self.newcomer(), other), ["900", "903"])
        # a dotless one is another letter; but who could tell them apart?
        name = self.reserved("\u0131da")
        c.ask("REGISTER %s * :%s" % (name.replace("\u0131", "i"), PASSWORD), "FAIL", "REGISTER", "BAD_ACCOUNT_NAME")

    def test_more_than_there_is_room_for(self):
        d = self.daemon()
        for i in range(17):
            d.ctl("account", "add", "somebody%d" % i, input=PASSWORD + "\n")
        d.stop()
        mark = d.log_mark()
        d.write_conf(dict(self.config, accounts={"cost": 8192, "max": 16}))
        d.start()
        d.expect_log(r"no place for 1 accounts, somebody\d+ among them, .*accounts.max is too small", mark)

    # -- guessing

    def test_the_time_tells_nothing(self):
        """Whether there is such an account: what a wrong password costs, in processor time, which other programs do not change.
        A few tries for each, from addresses of their own: more would have to wait."""
        took = {True: [], False: []}
        for i in range(12):
            source = "127.0.7.%d" % (i + 1)
            there = self.reserved(source=source)
            c = self.newcomer(source=source)
            for _ in range(4):
                for known, name in ((True, there), (False, self.fresh("nobody"))):
                    begun, checks = self.auth_time(), self.auth_checks()
                    self.assertEqual(self.auth_plain(c, name, "wrong word"), ["904"])
                    took[known].append(self.auth_time() - begun)
                    self.assertEqual(self.auth_checks() - checks, 1)
        middle = {known: statistics.median(all) for known, all in took.items()}
        self.assertLess(max(middle.values()), 1.25 * min(middle.values()), middle)

    def test_another_cost(self):
        """Nor does it when passwords are to cost something else: a hash is made anew when its owner gives the password."""
        d = self.daemon()
        name, other = self.reserved(d=d), self.reserved(d=d)
        d.write_conf(dict(self.config, accounts={"cost": 16384}))
        d.ctl("reload")
        mark = d.log_mark()
        self.assertEqual(self.auth_plain(self.newcomer(d=d), name, "wrong word"), ["904"])
        self.assertEqual(self.auth_plain(self.newcomer(d=d), name), ["900", "903"])
        d.expect_log("account %s: its password has a hash of the present cost" % name, mark)
        with contextlib.closing(storecheck.opened(d)) as db:
            costs = dict(db.execute("SELECT name, substr(hash, instr(hash, 'm='), 7) FROM account"))
        self.assertEqual(costs, {name: "m=16384", other: "m=8192,"})
        mark = d.log_mark()
        for way in (self.auth_plain, self.auth_scram, self.auth_plain):
            self.assertEqual(way(self.newcomer(d=d), name)[-1], "903")
        self.assertNotIn("present cost", "".join(d.lines[mark:]))

    def test_many_guesses(self):
        """About one account, from many addresses: they have to wait, and its owner, who is here, does not."""
        name = self.reserved()
        owner = self.newcomer(source="127.0.9.1")
        self.assertEqual(self.auth_plain(owner, name), ["900", "903"])
        self.finish(owner, name)
        logins = self.auth_checks()
        self.assertGreater(logins, 0)
        for i in range(100):
            c = self.newcomer(source="127.0.8.%d" % (i + 1))
            self.assertEqual(self.auth_plain(c, name, "guess %d" % i), ["904"])
            c.close()
        self.assertLess(self.auth_checks() - logins, 20, "they were refused before anything was computed")
        self.assertEqual(self.auth_plain(self.newcomer(source="127.0.8.200"), name), ["904"])
        self.assertEqual(self.auth_plain(self.newcomer(source="127.0.9.1"), name), ["900", "903"])

    def auth_time(self):
        """Nanoseconds that the processes which check passwords have run."""
        total = 0
        for pid in self.d.kids("auth"):
            with open("/proc/%d/schedstat" % pid, encoding="utf-8") as f:
                total += int(f.read().split()[0])
        return total

    def auth_checks(self):
        return sum(v for name, v in self.d.stats().items() if name.startswith("auth_checks_total"))


class Dying(AccountCase):
    """A daemon each: processes are killed."""
    own = True

    def test_everything_is_restarted(self):
        d = self.daemon()
        name = self.reserved()
        d.stop()
        d.start()
        c = self.newcomer()
        self.assertEqual(self.auth_plain(c, name), ["900", "903"])
        self.assertEqual(self.auth_scram(c, name), ["900", "903"])
        guest = self.irc(name, exact=True)
        guest.ask("REGISTER * * :" + PASSWORD, "FAIL", "REGISTER", "ACCOUNT_EXISTS")

    def test_killed_in_the_middle(self):
        """Whoever dies: who has the right password is logged in, by a successor."""
        d = self.daemon()
        d.restarts_meant = True
        name = self.reserved()
        for role in ("auth", "store", "broker") * 4:
            c = self.newcomer()
            c.ask("AUTHENTICATE PLAIN", "AUTHENTICATE", "+")
            c.send("AUTHENTICATE " + plain(name))
            d.kill_role(role)
            self.assertEqual(c.until(lambda m: m.command in ("903", "904"))[-1].command, "903", role)
            self.assertEqual(self.auth_plain(self.newcomer(), name, "wrong"), ["904"])

    def test_asked_of_the_next_store(self):
        """What a store was asked when it died, and what is asked while there is none, is asked of the next one."""
        d = self.daemon()
        name = self.reserved()
        reader = self.irc("reader", ("batch", "echo-message", "draft/chathistory"))
        reader.ask("JOIN #lobby", "366")
        reader.ask("PRIVMSG #lobby :kept", "PRIVMSG")
        people = [self.newcomer() for _ in range(8)]
        d.kill_role("store", sig=signal.SIGSTOP)
        for c in people[:4]:
            c.send("AUTHENTICATE PLAIN", "AUTHENTICATE " + plain(name))
        reader.send("CHATHISTORY LATEST #lobby * 10")
        other = self.irc("other")
        other.sync()
        d.kill_role("store")
        for c in people[4:]:
            c.send("AUTHENTICATE PLAIN", "AUTHENTICATE " + plain(name))
        for c in people:
            c.expect("903")
        got = reader.until(lambda m: m.command == "BATCH" and m.params[0].startswith("-") or m.command == "FAIL")
        self.assertIn("kept", [m.params[-1] for m in got if m.command == "PRIVMSG"], got)


if __name__ == "__main__":
    main()
