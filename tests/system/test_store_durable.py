#!/usr/bin/env python3
"""store.durability "disk": who sends is told so when the message is on the disk, and not before; nobody else waits.

The store is stopped, and the sender's session has bytes that wait: that is how a test knows what has not been
said."""

import signal

from harness import OwnCase, build, limit, main, merged, signal_pid
from irc import IrcCase
import storecheck

ACK = "message has been sent.."
DISK = {"store": {"durability": "disk"}}


def numbers(text, stem):
    """The n of all "stem n" in the text, in order."""
    return [int(w[1]) for w in (l.split(stem + " ") for l in text.splitlines()) if len(w) == 2 and w[1].isdigit()]


class Durable(IrcCase, OwnCase):
    store = True

    def queued(self, c):
        return self.d.json("user", c.name)["queued"]

    def waits(self, c):
        """Something waits for c's store, and what was there before has come."""
        self.eventually("%s has something that waits" % c.name, lambda: self.queued(c) > 0)
        c.closed()

    def stop_store(self):
        self.pid = self.d.pids_of("store")[0]
        signal_pid(self.pid, signal.SIGSTOP)
        self.addCleanup(signal_pid, self.pid, signal.SIGCONT)

    def kill_store(self, killed):
        """One that was not killed before; its pid."""
        pid = self.eventually("there is another store",
                              lambda: next((p for p in self.d.pids_of("store").values() if p not in killed), None))
        self.d.kill_role("store")
        return pid

    def go_on(self):
        signal_pid(self.pid, signal.SIGCONT)

    def test_acknowledgement_waits(self):
        self.daemon(DISK)
        alice, bob = self.clients("alice", "bob")
        alice.ask("/ack on", "Telling you")
        alice.send("first")
        alice.line(ACK)
        self.stop_store()
        alice.send("second", "third")
        bob.expect("second")
        bob.expect("third")  # nobody else waits
        bob.send("fourth")
        self.waits(alice)
        self.assertEqual(alice.rest(), "")
        bob.sync()  # and neither does who wants no acknowledgement
        self.go_on()
        alice.line(ACK)
        alice.line(ACK)
        alice.expect("fourth")  # in the order in which it was said
        self.eventually("nothing waits", lambda: self.queued(alice) == 0)

    def test_echo_waits(self):
        self.daemon(DISK)
        alice, bob = self.clients("alice", "bob")
        alice.ask("/echo on", "Showing")
        self.stop_store()
        alice.send("one")
        bob.expect("one")
        bob.send("two")
        bob.sync()  # it has been decided before what comes now
        alice.send("three")
        bob.expect("three")
        self.waits(alice)
        self.assertEqual(alice.rest(), "")
        self.go_on()
        for word in ("one", "two", "three"):
            alice.expect(word + "$")

    def test_guests_in_private(self):
        """What is not kept is waited for by nobody."""
        self.daemon(DISK)
        alice, bob = self.clients("alice", "bob")
        alice.ask("/ack on", "Telling you")
        self.stop_store()
        alice.send("psst@" + bob.name)
        bob.expect("psst")
        alice.line(ACK)

    def test_journal(self):
        self.daemon()
        alice = self.client("alice")
        alice.ask("/ack on", "Telling you")
        self.stop_store()
        alice.send("hello")
        alice.line(ACK)

    def test_reload(self):
        """From disk to journal: what waited comes at once. And back: the next one waits."""
        d = self.daemon(DISK)
        alice = self.client("alice")
        alice.ask("/ack on", "Telling you")
        self.stop_store()
        alice.send("hello")
        self.waits(alice)
        d.write_conf(self.config)
        d.ctl("reload")
        alice.line(ACK)
        d.write_conf(merged(self.config, DISK))
        d.ctl("reload")
        self.eventually("there is a store", lambda: d.pids_of("store"))  # the stopped one may have been ended
        self.stop_store()
        alice.send("hello again")
        self.waits(alice)
        self.go_on()
        alice.line(ACK)

    def test_database_locked(self):
        """The store lives, and cannot write: the log says who waits, and when that is over."""
        d = self.daemon(DISK)
        alice, bob = self.clients("alice", "bob")
        alice.ask("/ack on", "Telling you")
        alice.send("first")
        alice.line(ACK)
        with storecheck.locked(d):
            alice.send("second")
            bob.expect("second")
            d.expect_log("senders are not told that their messages are taken")
            self.waits(alice)
            self.assertEqual(alice.rest(), "")
        alice.line(ACK, seconds=limit(3))
        d.expect_log("senders are told again that their messages are taken")

    def test_hangs_up(self):
        """Whoever goes while what it is to be told waits for the disk has still said all that it said, and is gone."""
        d = self.daemon(merged(DISK, {"workers": 1, "limits": {"line_rate": 0}}))
        alice, bob = self.clients("alice", "bob")
        alice.ask("/echo on", "Showing")
        with storecheck.locked(d):
            alice.send(*["%d %s" % (i, "x" * 3000) for i in range(6)])
            bob.expect(": 5 x")
            self.eventually("its echoes wait", lambda: self.queued(alice) > 16384)
            alice.send(*["behind %d" % i for i in range(9)])
            self.assertNotIn("behind", bob.sync())
            alice.reset()
            bob.expect("behind 8")
            bob.expect(alice.name + " has left")
            self.assertEqual(numbers(bob.text.decode(), "behind"), list(range(9)))

    def test_kills(self):
        """The store dies again and again: each message is acknowledged, once."""
        self.daemon(DISK)
        alice, bob = self.clients("alice", "bob")
        alice.ask("/ack on", "Telling you")
        mark, seen, killed = alice.mark(), bob.mark(), set()
        for i in range(100):
            alice.send("line %d" % i)
            if i % 25 == 10:
                killed.add(self.kill_store(killed))
            bob.expect("line %d$" % i)
        for i in range(100):
            alice.line(ACK, seconds=limit(3))
        self.assertEqual(alice.since(mark).count(ACK), 100)
        self.assertEqual(numbers(bob.since(seen), "line"), list(range(100)))

    def test_broker_dies(self):
        """What the broker had been told, and perhaps had not passed on, its successor says."""
        self.daemon(DISK)
        alice = self.client("alice")
        alice.ask("/ack on", "Telling you")
        for i in range(30):
            alice.send("line %d" % i)
            if i % 10 == 5:
                self.d.kill_role("broker")
        for i in range(30):
            alice.line(ACK, seconds=limit(3))

    def test_irc(self):
        self.daemon(DISK)
        caps = ("echo-message", "labeled-response", "batch")
        alice, plain = self.irc("alice", caps), self.irc("plain")
        room = self.channel(alice, plain)
        self.stop_store()
        alice.send("@label=L1 PRIVMSG %s :one" % room)
        plain.expect("PRIVMSG", room, "one")
        plain.send("PRIVMSG %s :two" % room)
        plain.sync()  # no echo: it waits for nothing
        self.eventually("alice waits", lambda: self.d.json("user", alice.nick)["queued"] > 0)
        self.go_on()
        m = alice.expect("PRIVMSG", room, "one")
        self.assertEqual(m.tags.get("label"), "L1")
        alice.expect("PRIVMSG", room, "two")

    def test_between_accounts(self):
        """A message to one person, and that it is taken back."""
        if not build().passwords:
            self.skipTest("built without passwords")
        self.daemon(merged(DISK, {"accounts": {"cost": 8192}}))
        caps = ("echo-message", "labeled-response", "batch", "message-tags", "draft/message-redaction")
        alice, bob = self.irc("alice", caps), self.irc("bob", caps)
        for c in (alice, bob):
            c.ask("REGISTER * * :tip of the iceberg", "REGISTER", "SUCCESS", c.nick)
        alice.send("PRIVMSG %s :psst" % bob.nick)
        msgid = alice.expect("PRIVMSG", bob.nick, "psst").tags["msgid"]
        self.stop_store()
        alice.send("@label=L1 REDACT %s %s" % (bob.nick, msgid))
        bob.expect("REDACT", bob.nick, msgid)
        self.eventually("alice waits", lambda: self.d.json("user", alice.nick)["queued"] > 0)
        self.go_on()
        self.assertEqual(alice.expect("REDACT", bob.nick, msgid).tags.get("label"), "L1")


if __name__ == "__main__":
    main()
