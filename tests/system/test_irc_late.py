#!/usr/bin/env python3
"""IRC: what the store has to be asked for. Messages that only it knows are changed; what it has not written yet."""

from harness import OwnCase, main
from irc import AccountCase
import storecheck

CAPS = ("sasl", "message-tags", "draft/message-redaction", "labeled-response", "batch")


class LateCase(AccountCase, OwnCase):
    def old_messages(self, n):
        """alice and a watcher in #lobby, and ids of messages of hers that the broker does not know any more."""
        d = self.daemon()
        alice = self.registered("alice", caps=CAPS + ("echo-message",), exact=True)
        alice.ask("JOIN #lobby", "366")
        ids = [alice.ask("PRIVMSG #lobby :old %d" % i, "PRIVMSG", "#lobby").tags["msgid"] for i in range(n)]
        d.stop()
        d.start()
        return ids

    def members(self, caps=CAPS):
        alice, watcher = self.logged_in("alice", caps, "alice"), self.irc("watcher", CAPS)
        for c in (alice, watcher):
            c.ask("JOIN #lobby", "366")
        alice.sync()
        return alice, watcher


class Old(LateCase):
    """Messages that are not in the journal any more."""

    def test_changed_by_its_author(self):
        """As with a new one, who asked for it has its answer, and no echo."""
        ids = self.old_messages(2)
        alice, watcher = self.members()
        for line, seen in (("@label=a;+draft/edit=%s PRIVMSG #lobby :new" % ids[0], "PRIVMSG"), ("@label=a REDACT #lobby " + ids[1], "REDACT")):
            got = alice.answers(line)
            self.assertEqual([(m.command, m.tags) for m in got], [("ACK", {"label": "a"})])
            watcher.expect(seen, "#lobby")

    def test_changed_with_an_echo(self):
        """The event is the answer: it has the label."""
        ids = self.old_messages(2)
        alice, watcher = self.members(CAPS + ("echo-message",))
        twin = self.logged_in("alice", CAPS + ("echo-message",), "alice")
        twin.sync()
        for line, seen in (("@label=a;+draft/edit=%s PRIVMSG #lobby :new" % ids[0], "PRIVMSG"), ("@label=a REDACT #lobby " + ids[1], "REDACT")):
            got = alice.answers(line)
            self.assertEqual([m.command for m in got], ["BATCH", seen, "BATCH"])
            self.assertEqual((got[0].tags["label"], got[1].tags["batch"]), ("a", got[0].params[0][1:]))
            watcher.expect(seen, "#lobby")
            self.assertNotIn("batch", twin.expect(seen, "#lobby").tags)
            self.assertEqual(twin.sync(), [])


class Behind(LateCase):
    """The store cannot write, and says so."""

    def test_read_marker(self):
        """One that is not written yet is not known: no earlier one is told instead."""
        caps = CAPS + ("draft/chathistory", "draft/read-marker", "server-time", "echo-message")
        self.daemon(dict(self.config, store={"query_time": 100}))
        alice = self.registered("alice", caps=caps, exact=True)
        alice.ask("JOIN #lobby", "366")
        first = alice.ask("PRIVMSG #lobby :first", "PRIVMSG")
        self.eventually("it is written", lambda: len(alice.answers("CHATHISTORY LATEST #lobby * 5")) == 3)
        with storecheck.locked(self.d):
            alice.ask("PRIVMSG #lobby :second", "PRIVMSG")
            self.d.expect_log("cannot write to the database")
            alice.ask("MARKREAD #lobby timestamp=" + first.tags["time"], "MARKREAD", "#lobby", "timestamp=" + first.tags["time"])
            alice.ask("MARKREAD #lobby", "FAIL", "MARKREAD", "INTERNAL_ERROR", "#lobby")
            alice.send("JOIN #other")
            self.assertEqual([m for m in alice.until(lambda m: m.is_("366")) if m.is_("MARKREAD")], [])
        self.eventually("the mark is there", lambda: alice.answers("MARKREAD #lobby")[0].params[-1] == "timestamp=" + first.tags["time"])


if __name__ == "__main__":
    main()
