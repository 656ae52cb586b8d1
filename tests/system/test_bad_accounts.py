#!/usr/bin/env python3
"""What strangers try with accounts and names: guesses by the thousand, logins by the hundred, passwords that are none, names that look
like somebody's."""

import base64
import os
import signal
import subprocess
import threading
import unittest

from harness import build, eventually, limit, listeners, main, private_bytes
from irc import PASSWORD, AccountCase, b64, plain
from web import Http

LOOKS = build().configured("HAVE_ICU")
COST = 19456  # KiB: 19 MiB for each password that is being checked


class Guesses(AccountCase):
    def setUp(self):
        super().setUp()
        self.others = self.neighbours()

    def checks(self):
        return sum(v for name, v in self.d.stats().items() if name.startswith("auth_checks_total"))

    def guess(self, name, n, source):
        """So many on one connection; how many of them were answered at all."""
        c = self.newcomer(source=source)
        for i in range(n):
            c.send("AUTHENTICATE PLAIN", "AUTHENTICATE " + plain(name, "guess %d" % i))
        answered = 0
        try:
            while answered < n:
                m = c.until(lambda m: m.command in ("903", "904"))[-1]
                self.assertEqual(m.command, "904")
                answered += 1
        except AssertionError:
            self.assertTrue(c.eof)
        c.close()
        return answered

    def test_thousand_from_one_address(self):
        """Few of them are looked at; the owner, elsewhere, logs in as before once they have been forgotten about, and at once where
        it is logged in already."""
        name = self.reserved()
        home = "127.0.77.1"
        owner = self.newcomer(source=home)
        self.assertEqual(self.auth_plain(owner, name), ["900", "903"])
        self.finish(owner, name)
        before, tried = self.checks(), 0
        while tried < 1000:
            tried += max(1, self.guess(name, 50, "127.0.78.1"))
        self.assertLess(self.checks() - before, 30)
        self.assertEqual(self.auth_plain(self.newcomer(source=home), name), ["900", "903"])
        owner.sync()
        # whom it does not concern does not notice
        other = self.reserved(source="127.0.77.2")
        self.assertEqual(self.auth_plain(self.newcomer(source="127.0.77.3"), other), ["900", "903"])
        self.others.end()

    def test_from_500_addresses(self):
        name = self.reserved()
        home = "127.0.79.250"
        owner = self.newcomer(source=home)
        self.assertEqual(self.auth_plain(owner, name), ["900", "903"])
        self.finish(owner, name)
        before = self.checks()
        for i in range(500):
            self.assertGreaterEqual(self.guess(name, 2, "127.0.%d.%d" % (80 + i // 250, i % 250 + 1)), 1)
        self.assertLess(self.checks() - before, 30)
        self.assertEqual(self.auth_plain(self.newcomer(source=home), name), ["900", "903"])
        owner.sync()
        self.others.end()

    def test_many_accounts_from_one_address(self):
        """One password for everybody: the address is counted."""
        before = self.checks()
        for i in range(200):
            self.guess(self.fresh("nobody"), 1, "127.0.83.1")
        self.assertLess(self.checks() - before, 40)
        self.others.end()

    def test_telnet(self):
        """The same counts, whatever the protocol."""
        name = self.reserved()
        before = self.checks()
        for i in range(40):
            c = self.connect(source="127.0.84.%d" % (i % 4 + 1))
            c.expect("What name")
            c.send(name)
            c.expect("(?i)password")
            c.send("guess %d" % i)
            c.expect("(?i)password|wait|wrong")
            c.close()
        self.assertLess(self.checks() - before, 30)
        self.others.end()


class AtOnce(AccountCase):
    """Hundreds who log in in the same moment."""

    own = True
    config = dict(AccountCase.config, accounts={"cost": COST}, auth={"processes": 2})

    @unittest.skipIf(build().sanitized, "a sanitizer's memory is not ours")
    def test_memory(self):
        d = self.daemon()
        n = self.logins(d, 60, self.auth_peak)
        self.assertLess(max(n), 2 * (COST * 1024 + (16 << 20)), "as many as there are processes, and no more")

    def auth_peak(self, d):
        return sum(map(private_bytes, d.kids("auth")))

    def test_200(self):
        """Each is answered, in its turn, and those who talk do not notice."""
        d = self.daemon()
        names = [self.reserved(d=d, source="127.0.85.%d" % i) for i in range(1, 4)]
        others = self.neighbours(d, patience=1)
        self.logins(d, 200, lambda d: 0, names)
        others.end()
        print("the neighbours' words needed %.0f ms at most, meanwhile" % (1000 * others.worst), flush=True)
        self.assertLess(others.worst, limit(0.5))

    def test_one_address(self):
        """A class behind it comes back, as after a restart: all are answered, whatever they wait for."""
        d = self.daemon({"workers": 1})
        name = self.reserved(d=d, source="127.0.90.1")
        people = [self.newcomer(d=d, source="127.0.90.1") for _ in range(100)]
        for pid in d.kids("auth"):
            os.kill(pid, signal.SIGSTOP)
        for i, c in enumerate(people):
            c.send("AUTHENTICATE PLAIN", "AUTHENTICATE " + plain(name if i == 99 else self.fresh("nobody")))
        for pid in d.kids("auth"):
            os.kill(pid, signal.SIGCONT)
        people.pop().expect("903")
        for c in people:
            self.assertNotIn("too much", c.expect("904").params[-1])

    def logins(self, d, n, look, real=()):
        """From an address each, to accounts that are not there, but for some; what look() has seen meanwhile."""
        waiting = []
        for i in range(n):
            c = self.newcomer(d=d, source="127.0.%d.%d" % (86 + i // 200, i % 200 + 1))
            c.send("AUTHENTICATE PLAIN")
            c.expect("AUTHENTICATE", "+")
            waiting.append(c)
        names = [real[i] if i < len(real) else self.fresh("nobody") for i in range(n)]
        for c, name in zip(waiting, names):
            c.send("AUTHENTICATE " + plain(name))
        seen, over = [0], threading.Event()

        def watch():
            while not over.wait(0.02):
                seen.append(look(d))
        t = threading.Thread(target=watch)
        t.start()
        try:
            for i, c in enumerate(waiting):
                m = c.until(lambda m: m.command in ("903", "904"), limit(60))[-1]
                self.assertEqual(m.command, "903" if i < len(real) else "904", m)
                self.assertNotIn("too much", m.params[-1])
        finally:
            over.set()
            t.join()
        for c in waiting:
            c.close()
        return seen


class Passwords(AccountCase):
    """That are none: too long, empty, with bytes that nobody types."""

    config = dict(AccountCase.config, listen=listeners("telnet", "irc", "web"))
    BAD = (b"", b"x" * 513, b"x" * 100000, b"a\0b\0c\0d\0e", b"pass\xff\xfeword", b"\xed\xa0\x80\xed\xa0\x80", b"bell\x07bell\x07", b"\x1b[2Jlalala",
           b"two\r\nlines", b"\xc3")

    def setUp(self):
        super().setUp()
        self.name = self.reserved()
        self.others = self.neighbours()

    def good(self):
        self.assertEqual(self.auth_plain(self.newcomer(source="127.0.91.1"), self.name), ["900", "903"])
        self.others.end()

    def test_sasl(self):
        """PLAIN in pieces of 400, up to a megabyte: 904 or 905, and the connection goes on, or ends."""
        for bad in self.BAD + (b"x" * (1 << 20),):
            c = self.newcomer(source="127.0.92.1")
            c.ask("AUTHENTICATE PLAIN", "AUTHENTICATE", "+")
            data = base64.b64encode(b"\0" + self.name.encode() + b"\0" + bad).decode()
            try:
                for i in range(0, len(data), 400):
                    c.send("AUTHENTICATE " + data[i:i + 400])
                if len(data) % 400 == 0:
                    c.send("AUTHENTICATE +")
                m = c.until(lambda m: m.command in ("903", "904", "905"))[-1]
                self.assertIn(m.command, ("904", "905"), bad[:20])
            except (BrokenPipeError, ConnectionResetError):
                pass  # had enough
            c.close()
        self.good()

    def test_register(self):
        c = self.irc("reg", source="127.0.93.1")
        for bad in self.BAD:
            if b"\r" in bad or b"\0" in bad or len(bad) > 400:
                continue  # no line has those
            c.send_raw(b"REGISTER * * :" + bad + b"\r\n")
            c.expect("FAIL", "REGISTER")
        for line in (b"REGISTER * * :" + b"x" * (1 << 20), b"REGISTER * * :pass\0word", b"PRIVMSG NickServ :REGISTER \x1b[2J\x07",
                     b"PASS \xff", b"NICKSERV IDENTIFY %s %s" % (self.name.encode(), b"y" * 505)):
            d = self.irc("reg", source="127.0.93.1")
            try:
                d.send_raw(line + b"\r\n")
                d.sync()
            except (AssertionError, OSError):
                pass  # closed: it was too long
            d.close()
        self.good()

    def test_telnet(self):
        for bad in self.BAD + (b"x" * (1 << 20),):
            c = self.connect(source="127.0.94.%d" % (len(bad) % 200 + 1))
            c.expect("What name")
            c.send(self.name)
            c.expect("(?i)password")
            try:
                c.send_raw(bad.replace(b"\xff", b"\xff\xff") + b"\r\n")
                c.expect("(?i)wrong|password|name|long|wait")
                self.assertNotIn("Connected to", c.rest())
            except (OSError, AssertionError):
                self.assertTrue(c.eof or c.closed(), bad[:20])
            c.close()
        self.good()

    def test_http(self):
        if not build().web:
            self.skipTest("built without libmicrohttpd and wslay")
        for bad in self.BAD + (b"x" * (1 << 20),):
            c = Http(self.d.address_of("web"))
            word = b64(self.name.encode() + b":" + bad)
            a = c.ask("POST", "/files", ["Authorization: Basic " + word], b"x")
            self.assertIn(a.status, (401, 413, 429, 431), bad[:20])
            c.close()
        self.name = self.reserved(source="127.0.96.1")  # about the first one too many have been wrong
        self.good()

    def test_chatctl(self):
        for bad in self.BAD + (b"x" * (1 << 20),):
            r = subprocess.run([self.d.build.program("tools/chatctl"), "-s", self.d.socket, "account", "passwd", self.name], input=bad + b"\n",
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=limit(30), check=False)
            if b"\r\n" in bad:
                continue  # its first line is one
            self.assertNotEqual(r.returncode, 0, bad[:20])
            self.assertNotIn(b"\x1b", r.stdout + r.stderr)
        r = self.d.ctl_run("account", "passwd", self.name, input=PASSWORD + "\n")
        self.assertEqual(r[0], 0, r)
        self.good()


@unittest.skipUnless(LOOKS, "built without ICU")
class Names(AccountCase):
    """Who looks like somebody who is here, has an account, or is nobody's to be."""

    own = True
    config = dict(AccountCase.config, names={"reserved": "admin"})
    LIKE = ("\u0430dmin", "adrnin", "\uff41dmin", "ADMIN", "\u0430\u0501min", "adm\u0456n", "\U0001d41admin")

    def test_refused(self):
        d = self.daemon()
        for name in ("root", "PayPal"):
            self.irc(name, exact=True)
        with self.neighbours():
            for bad in self.LIKE + ("r00t", "\uff52oot", "ro\u043et", "R00T", "paypal", "PAYPAL", "paypa1", "\u0440ayPal", "\u0405erver",
                                    "N\u0456ckServ"):
                with self.subTest(bad):
                    c = self.irc_raw(d)
                    c.send("NICK " + bad, "USER u 0 * :r")
                    self.assertIn(c.until(lambda m: m.command in ("432", "433", "001"))[-1].command, ("432", "433"))
                    c.close()
                    t = self.connect(d)
                    t.expect("What name")
                    t.send(bad)
                    t.expect("(?i)looks like|in use|not a name|cannot|reserved|taken|name")
                    self.assertNotIn("Connected to", t.rest())
                    t.close()
            guest = self.irc("guest", exact=True)
            for bad in self.LIKE + ("r00t", "ro\u043et"):
                with self.subTest(bad):
                    guest.send("NICK " + bad)
                    self.assertIn(guest.until(lambda m: m.command in ("432", "433", "NICK"))[-1].command, ("432", "433"))
        def names():
            return sorted(u["name"] for u in d.json("users"))
        eventually(lambda: "nobody but those three: %s" % names(), lambda: names() == ["PayPal", "guest", "root"])

    def test_accounts(self):
        """Of an account whose owner is away; with which one can make no other that looks like it."""
        d = self.daemon()
        for stem in ("Bill", "zo\u00eb", "\u03c3o\u03c2"):
            name = self.reserved(stem, exact=True)
            self.assertEqual(name, stem)
        with self.neighbours():
            for bad in ("Bi11", "\u0412ill", "\uff22ill", "BILL", "zoe\u0308", "ZO\u00cb", "\u03c3o\u03c3", "\u03a3O\u03a3", "zo\u0451"):
                with self.subTest(bad):
                    c = self.irc("maker")
                    c.send("REGISTER %s * :%s" % (bad, PASSWORD))
                    m = c.until(lambda m: m.is_("FAIL", "REGISTER") or m.is_("REGISTER"))[-1]
                    self.assertEqual(m.command, "FAIL", m.line)
                    c.close()

    def test_one_account_each(self):
        """Forms of one name are one account: the password opens it by any of them, and no second one is made."""
        self.daemon()
        with self.neighbours():
            for stem, forms in (("gru\u00dfe", ("grusse", "GRU\u1e9eE", "GRUSSE")), ("caf\u00e9", ("cafe\u0301", "CAF\u00c9", "CAFE\u0301")),
                                ("\u0130da", ("i\u0307da", "I\u0307DA")), ("\u03a7\u03c1\u03cc\u03bd\u03bf\u03c2", ("\u03c7\u03c1\u03cc\u03bd\u03bf\u03c3",
                                 "\u03a7\u03a1\u038c\u039d\u039f\u03a3")), ("\ufb01nn", ("finn", "FINN")), ("\u212bke", ("\u00e5ke", "a\u030ake"))):
                name = self.reserved(stem, exact=True)
                for form in forms:
                    with self.subTest(form):
                        self.assertEqual(self.auth_plain(self.newcomer(source="127.0.95.1"), form), ["900", "903"])
                        c = self.irc("maker")
                        c.ask("REGISTER %s * :%s" % (form, PASSWORD), "FAIL", "REGISTER", "ACCOUNT_EXISTS")
                        c.close()
                self.assertEqual(name, stem)


if __name__ == "__main__":
    main()
