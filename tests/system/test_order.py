#!/usr/bin/env python3
"""One order for all members of a room (R1), across workers; and answers that can be relied upon."""

import os
import signal
import time

from harness import Case, main
from load import Swarm, table


def check_counts(test, counts, closed=0):
    print(table([counts]), flush=True)
    for what in ("lost", "doubled", "out of order"):
        test.assertEqual(counts[what], 0, counts)
    test.assertEqual(counts["disconnected"], closed, counts)


class Order(Case):
    config = {"workers": 4, "limits": {"max_sessions": 1000}}

    def swarm(self, *args, **more):
        s = Swarm(self.d, *args, stem=self.fresh("s") + "x", **more)
        self.addCleanup(s.close)
        return s

    def test_one_order(self):
        before = self.d.stats()
        s = self.swarm(40, 5)
        s.run(each=400)
        counts = s.counts()
        check_counts(self, counts)
        self.assertEqual(counts["sent"], 16000)
        self.assertEqual(counts["received"], 16000 * 8)
        after = self.d.stats()
        self.assertEqual(after["messages_accepted_total"] - before["messages_accepted_total"], 16000)
        self.assertGreaterEqual(after["deliveries_total"] - before["deliveries_total"], 16000 * 8)
        self.assertGreater(len({self.d.worker_of(m.name) for m in s.members}), 3)

    def test_several_rooms_each(self):
        s = self.swarm(20, 5, each=3)
        s.run(each=300)
        check_counts(self, s.counts())

    def test_one_room_wide_window(self):
        s = self.swarm(30, 1, window=64)
        s.run(each=300)
        check_counts(self, s.counts())

    def test_the_checker_sees_it(self):
        """A checker that finds nothing must be one that would."""
        s = self.swarm(4, 1)
        s.run(each=5)
        room, m = s.rooms[0], s.members[0]
        line = b"%s: 0.3.%d" % (s.members[3].name.encode(), s.members[3].sent[0])
        for data, what in ((line + b"\r\n", None), (line + b"\r\n", "doubled"),
                           (b"%s: 0.3.99\r\n" % s.members[3].name.encode(), "lost")):
            s._take(m, data)
            if what:
                self.assertGreater(s.counts()[what], 0, what)
        s._take(s.members[1], b"%s: 0.2.7\r\n" % s.members[2].name.encode())
        self.assertEqual(s.counts()["out of order"], 1)


def sync_rounds(d, alice, bob, rounds):
    """Messages that the other had not got before an answer that came later. Must be 0."""
    late = 0
    for i in range(rounds):
        alice.send_raw(b"m%d\r\n/who lobby\r\n" % i)
        alice.expect(r"^In lobby \(")
        mark = bob.at
        bob.send_raw(b"/who lobby\r\n")
        bob.expect(r"^In lobby \(", whole=False)
        if b"%s: m%d\r\n" % (alice.name.encode(), i) not in bob.text[mark:bob.at]:
            late += 1
        if i % 256 == 255:
            for c in (alice, bob):
                c.text, c.bytes, c.at = c.text[c.at:], b"", 0
    return late


class Sync(Case):
    config = {"workers": 2, "limits": {"queue": 1 << 27}}

    def test_answers_can_be_relied_upon(self):
        alice, bob = self.clients("alice", "bob")
        while self.d.worker_of(alice.name) == self.d.worker_of(bob.name):
            bob = self.client("bob")
        late = sync_rounds(self.d, alice, bob, 2000)
        print("sync: 2000 rounds, %d late" % late)
        self.assertEqual(late, 0)

    def test_answer_waits_until_all_have_been_given(self):
        """The receiver's worker takes nothing for a while: then the answer waits, not the truth."""
        d = self.d
        alice, bob = self.clients("alice", "bob")
        while d.worker_of(alice.name) == d.worker_of(bob.name):
            bob = self.client("bob")
        pid = d.pids_of("worker")[d.worker_of(bob.name)]
        os.kill(pid, signal.SIGSTOP)
        try:
            for i in range(3000):  # more than a channel holds, less than half the journal
                alice.send("%d %s" % (i, "w" * 3900))
            alice.send("/who lobby")
            end = time.monotonic() + 0.5
            while time.monotonic() < end:
                alice.pump(end - time.monotonic())
                self.assertNotIn("In lobby (", alice.rest())
        finally:
            os.kill(pid, signal.SIGCONT)
        alice.expect(r"^In lobby \(")
        mark = bob.at
        bob.send("/who lobby")
        bob.expect(r"^In lobby \(")
        self.assertIn("%s: 2999 w" % alice.name, bob.since(mark))
        self.assertEqual(d.stats()['process_restarts_total{role="worker"}'], 0)

    def test_answers_in_order(self):
        """What one sent is answered in the order it was sent, whoever answers."""
        alice, bob = self.clients("alice", "bob")
        alice.ask("/ack on", "on")
        for _ in range(50):
            alice.send("one", "/who lobby", "two", "/time on", "/time off", "/nobody", "three@nobody", "/whois " + bob.name, "/nick 1")
            for regex in ("message has been sent", "^In lobby", "message has been sent", "(?i)time.*: on", "(?i)time.*: off",
                          "(?i)no command", "Couldn't send", bob.name + " is logged in", "(?i)sorry|cannot"):
                alice.expect(regex)


if __name__ == "__main__":
    main()
