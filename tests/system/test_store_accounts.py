#!/usr/bin/env python3
"""Accounts, end to end: made, logged in to by password and by SCRAM, reserved names, messages for the absent, and what
the death of each process in the middle of a login does. Spoken in IRC (RFC 5802, IRCv3 SASL 3.2, draft/account-registration)."""

import base64
import hashlib
import hmac
import os
import re
import statistics
import time

from harness import main
from irc import Irc, IrcCase

WORD = "correct horse battery"
GUEST = re.compile(r"^Guest\d+$")


def b64(data):
    return base64.b64encode(data).decode()


class AccountCase(IrcCase):
    passwords = store = True
    config = dict(IrcCase.config, accounts={"cost": 8192, "grace": 60})

    def raw(self, nick=None, d=None, source=None):
        c = Irc(self.irc_address(d), source=source)
        self.addCleanup(c.close)
        c.send("CAP LS 302", "CAP REQ :sasl account-tag account-notify message-tags echo-message server-time")
        c.expect("CAP", None, "ACK")
        if nick is not None:
            c.nick = nick
        return c

    def go_on(self, c, nick):
        """It has a name now, and is let in."""
        c.nick = nick
        c.send("NICK " + nick, "USER user 0 * :Real Name", "CAP END")
        c.expect("001", nick)
        c.until(lambda m: m.command in ("376", "422"))
        return c

    def plain(self, c, name, word=WORD):
        """The last numeric: 903, 904."""
        c.send("AUTHENTICATE PLAIN")
        c.expect("AUTHENTICATE", "+")
        c.send("AUTHENTICATE " + b64(b"\0" + name.encode() + b"\0" + word.encode()))
        return c.until(lambda m: m.command in ("903", "904"))[-1].command

    def scram(self, c, name, word=WORD):
        """The last numeric; the server's signature has been checked."""
        bare = "n=%s,r=%s" % (name, os.urandom(12).hex())
        c.send("AUTHENTICATE SCRAM-SHA-256")
        c.expect("AUTHENTICATE", "+")
        c.send("AUTHENTICATE " + b64(("n,," + bare).encode()))
        m = c.until(lambda m: m.command in ("AUTHENTICATE", "904"))[-1]
        if m.command == "904":
            return "904"
        server = base64.b64decode(m.params[0]).decode()
        said = dict(p.split("=", 1) for p in server.split(","))
        salted = hashlib.pbkdf2_hmac("sha256", word.encode(), base64.b64decode(said["s"]), int(said["i"]))
        unproved = "c=biws,r=" + said["r"]
        message = ",".join((bare, server, unproved)).encode()

        def mac(key, text):
            return hmac.new(key, text, "sha256").digest()
        key = mac(salted, b"Client Key")
        proof = bytes(a ^ b for a, b in zip(key, mac(hashlib.sha256(key).digest(), message)))
        c.send("AUTHENTICATE " + b64((unproved + ",p=" + b64(proof)).encode()))
        m = c.until(lambda m: m.command in ("AUTHENTICATE", "904"))[-1]
        if m.command == "904":
            return "904"
        self.assertEqual(base64.b64decode(m.params[0]).decode(), "v=" + b64(mac(mac(salted, b"Server Key"), message)))
        c.send("AUTHENTICATE +")
        return c.until(lambda m: m.command in ("903", "904"))[-1].command

    def account(self, stem="acc", d=None, source=None):
        """A new one; its name."""
        name = self.fresh(stem)
        c = self.irc(name, exact=True, d=d, source=source)
        c.ask("REGISTER * * :" + WORD, "REGISTER", "SUCCESS", name)
        c.send("QUIT")
        c.expect_eof()
        return name


class Accounts(AccountCase):

    # -- logging in

    def test_registered_and_logged_in(self):
        name = self.account()
        for way in (self.plain, self.scram):
            c = self.raw()
            self.assertEqual(way(c, name.upper()), "903")
            self.go_on(c, name)
            c.ask("WHOIS " + name, "330", name, name, name)
            c.send("QUIT")
            c.expect_eof()

    def test_wrong_and_missing(self):
        since = self.d.log_mark()
        name = self.account()
        self.d.expect_log("account %s: registered, from 127" % name, since)
        c = self.raw()
        for who, word in ((name, "wrong"), (self.fresh("nobody"), WORD), (name, "")):
            self.assertEqual(self.plain(c, who, word) if word else "904", "904")
            self.assertEqual(self.scram(c, who, word or "x"), "904")
            self.d.expect_log("account %s: not logged in, no such account or another password, from 127" % who, since)
        self.assertEqual(self.plain(c, name), "903")
        self.d.expect_log("account %s: logged in, from 127" % name, since)

    def test_the_same_name_is_registered_once(self):
        """However it is spelled; and with it one logs in, too."""
        c = self.irc(self.fresh("other"), exact=True)
        for stem, others in (("gru\u00dfe", ("grusse", "GRU\u1e9eE")), ("Zoe\u0301", ("zo\u00e9", "ZO\u00c9")),
                             ("\u03c3o\u03c2", ("\u03a3O\u03a3", "\u03c3o\u03c3")), ("\uff21dam", ("adam", "\uff41dam"))):
            name = self.account(stem)
            for other in (name, *(o + name[len(stem):] for o in others)):
                with self.subTest(other):
                    c.ask("REGISTER %s * :%s" % (other, WORD), "FAIL", "REGISTER", "ACCOUNT_EXISTS")
                    self.assertEqual(self.plain(self.raw(), other), "903")
        # a dotless one is another letter
        name = self.account("\u0131da")
        c.ask("REGISTER %s * :%s" % (name.replace("\u0131", "i"), WORD), "REGISTER", "SUCCESS")

    # -- guessing

    def test_the_time_tells_nothing(self):
        """Whether there is such an account. A few tries for each, from addresses of their own: more would have to wait."""
        took = {True: [], False: []}
        for i in range(12):
            source = "127.0.7.%d" % (i + 1)
            there = self.account(source=source)
            c = self.raw(source=source)
            for _ in range(4):
                for known, name in ((True, there), (False, self.fresh("nobody"))):
                    begun = time.monotonic()
                    self.assertEqual(self.plain(c, name, "wrong word"), "904")
                    took[known].append(time.monotonic() - begun)
        middle = {known: statistics.median(all) for known, all in took.items()}
        self.assertLess(max(middle.values()), 1.25 * min(middle.values()), middle)

    def test_many_guesses(self):
        """About one account, from many addresses: they have to wait, and its owner, who is here, does not."""
        name = self.account()
        owner = self.raw(source="127.0.9.1")
        self.assertEqual(self.plain(owner, name), "903")
        self.go_on(owner, name)
        logins = self.auth_checks()
        self.assertGreater(logins, 0)
        for i in range(100):
            c = self.raw(source="127.0.8.%d" % (i + 1))
            self.assertEqual(self.plain(c, name, "guess %d" % i), "904")
            c.close()
        self.assertLess(self.auth_checks() - logins, 20, "they were refused before anything was computed")
        self.assertEqual(self.plain(self.raw(source="127.0.8.200"), name), "904")
        self.assertEqual(self.plain(self.raw(source="127.0.9.1"), name), "903")

    def auth_checks(self):
        return sum(v for name, v in self.d.stats().items() if name.startswith("auth_checks_total"))

    def test_a_weak_password(self):
        c = self.irc("weak")
        c.ask("REGISTER * * :short", "FAIL", "REGISTER", "WEAK_PASSWORD")

    # -- names

    def test_a_reserved_name(self):
        name = self.account()
        guest = self.irc(name, exact=True)
        owner = self.raw()
        self.assertEqual(self.plain(owner, name), "903")
        self.go_on(owner, name)
        guest.expect("NICK", GUEST)
        guest.send("NICK " + name)
        guest.expect("433")

    def test_grace(self):
        d = self.daemon(dict(self.config, accounts={"cost": 8192, "grace": 1}))
        name = self.account(d=d)
        guest = self.irc(name, exact=True, d=d)
        guest.expect("NICK", GUEST)
        d.restarts_meant = True
        guest = self.irc(name, exact=True, d=d)
        d.kill_role("broker")
        guest.expect("NICK", GUEST)

    # -- the absent

    def test_a_message_for_the_absent(self):
        name = self.account()
        bob = self.irc("bob", caps=("echo-message",))
        bob.send("PRIVMSG %s :first" % name, "PRIVMSG %s :second" % name)
        bob.sync()
        c = self.raw()
        self.assertEqual(self.plain(c, name), "903")
        self.go_on(c, name)
        c.expect("PRIVMSG", name, "first")
        c.expect("PRIVMSG", name, "second")
        c.send("QUIT")
        c.expect_eof()
        c = self.raw()
        self.assertEqual(self.plain(c, name), "903")
        self.go_on(c, name)
        c.sync()
        self.assertFalse([m for m in c.seen if m.command == "PRIVMSG"], "shown once")
        bob.ask("PRIVMSG %s :third" % self.fresh("unknown"), "401")


class Dying(AccountCase):
    """A daemon each: processes are killed."""
    own = True

    def test_everything_is_restarted(self):
        d = self.daemon()
        name = self.account(d=d)
        d.stop()
        d.start()
        c = self.raw(d=d)
        self.assertEqual(self.plain(c, name), "903")
        self.assertEqual(self.scram(c, name), "903")
        guest = self.irc(name, exact=True, d=d)
        guest.send("REGISTER * * :" + WORD)
        guest.expect("FAIL", "REGISTER", "ACCOUNT_EXISTS")

    def test_killed_in_the_middle(self):
        """Whoever dies: the answer is right or wrong or that it cannot be told now, and the next try works."""
        d = self.daemon()
        d.restarts_meant = True
        name = self.account(d=d)
        for role in ("auth", "store", "broker") * 4:
            c = self.raw(d=d)
            c.send("AUTHENTICATE PLAIN")
            c.expect("AUTHENTICATE", "+")
            c.send("AUTHENTICATE " + b64(b"\0" + name.encode() + b"\0" + WORD.encode()))
            d.kill_role(role)
            c.until(lambda m: m.command in ("903", "904"))
            self.eventually("a login after the death of " + role, lambda: self.plain(self.raw(d=d), name) == "903")
            wrong = self.raw(d=d)
            self.assertEqual(self.plain(wrong, name, "wrong"), "904")


if __name__ == "__main__":
    main()
