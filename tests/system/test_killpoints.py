#!/usr/bin/env python3
"""The broker is killed at every step of a request, also while it recovers. In each run the same
script is played by three clients and an administrator; what each of them reads, and what the
registry holds in the end, must be byte for byte what it is in a run in which nobody dies.

Needs a build with --enable-killpoints. CHATD_LONG plays every step instead of a choice of them.
"""

import os
import re

from harness import OwnCase, TOP, build, long, main

LONG = True

AFTER_COMMIT = ("committed", "applying", "indexing", "applied")


def points():
    """The names in the sources."""
    names = {}
    for top, _, files in os.walk(os.path.join(TOP, "src")):
        for name in files:
            if name.endswith(".c"):
                with open(os.path.join(top, name), encoding="utf-8") as f:
                    for m in re.finditer(r'KILLPOINT\("(\w+)"\)', f.read()):
                        names[m.group(1)] = name
    return names


class Play:
    """The script, on one daemon."""

    def __init__(self, d):
        self.d = d
        self.people = {}

    def come(self, name):
        c = self.d.client(name)
        self.people[name] = c
        self.settle()
        return c

    def settle(self):
        for c in self.people.values():
            c.sync()

    def say(self, c, *lines):
        """All at once, so that several requests are under way; then everybody is asked."""
        c.send(*lines)
        c.sync()
        self.settle()

    def play(self):
        alice, bob, carol = self.come("alice"), self.come("bob"), self.come("carol")
        self.say(alice, "/echo on", "/ack on", "one", "two", "three", "four@bob", "five")
        self.say(alice, "/join den", "/topic the first", "/room key k1", "/room limit 9", "/ban mallory", "/mute eve")
        self.say(bob, "/join den", "/join den k1", "/op bob", "in the den", "/away back soon")
        self.say(carol, "/join den k1", "hello@bob", "hi den", "secret@nobody")
        self.say(alice, "/op bob", "/voice carol", "/room moderated on", "/room private on", "/room topic-lock on")
        self.say(bob, "/topic by bob", "/nick robert", "/deop alice", "/nick bob", "/away")
        self.say(bob, "/op alice", "/room key off", "/invite dave", "/room invite-only on", "/unban mallory", "/unmute eve")
        dave = self.come("dave")
        self.say(bob, "/invite dave")
        self.say(dave, "/join den", "/me waves", "/join attic", "up here", "/paste", "a", "b", ".")
        self.say(bob, "/kick carol calm down", "/kick nobody", "/room invite-only off")
        self.say(carol, "/join den", "again", "/leave den bye", "/join cellar", "/leave cellar")
        self.admin("ban", "add", "192.0.2.0/24", "a", "network")
        carol.muted = True
        self.admin("mute", "add", "carol", "too", "loud")
        self.say(carol, "can you hear me", "can you@alice")
        self.admin("mute", "del", "carol")
        carol.muted = False
        self.say(carol, "and now")
        self.admin("say", "lobby", "from the console")
        self.admin("announce", "to all")
        self.gone = {"carol": self.people.pop("carol")}
        self.admin("kick", "carol", "out")
        carol.expect_eof()
        self.gone["dave"] = self.people.pop("dave")
        dave.send("/quit so long")
        dave.expect_eof()
        self.settle()
        self.say(alice, "words that are taken back", "/delete", "words that are changed", "/edit changed words")
        self.say(alice, *["burst %d" % i for i in range(30)])
        self.say(bob, "/leave den", "/nick rob", "/nick bob", "last")
        return self.result()

    def admin(self, *words):
        self.d.ctl(*words)
        self.settle()

    def result(self):
        texts = {name: c.text.decode() for name, c in list(self.people.items()) + list(self.gone.items())}
        users = sorted((u["name"], sorted(u["rooms"]), u["away"], u.get("muted")) for u in self.d.json("users"))
        rooms = sorted((r["name"], r["topic"], r["members"], sorted(r["modes"])) for r in self.d.json("rooms"))
        members = {r[0]: [(m["name"], m["operator"], m["voice"], m["away"]) for m in self.d.json("room", r[0])["users"]]
                   for r in rooms}
        bans = [(b["mask"], b["reason"]) for b in self.d.json("ban", "list")]
        return texts, {"users": users, "rooms": rooms, "members": members, "bans": bans,
                       "muted": self.d.json("mute", "list"), "logins": self.d.json("status")["users"]}


class Killpoints(OwnCase):
    config = {"workers": 2}
    reference = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if not build().killpoints:
            cls.skip = "this build has no kill points (--enable-killpoints)"
            import unittest
            raise unittest.SkipTest(cls.skip)

    def play(self, kill=None):
        from harness import Daemon
        d = Daemon(self.config, start=False)
        try:
            where = os.path.join(d.dir, "kills")
            os.mkdir(where)
            os.chmod(where, 0o777)
            if kill:
                d.env["CHATD_KILL"] = ",".join("%s:%d:%s/%d" % (name, n, where, i) for i, (name, n) in enumerate(kill))
                d.restarts_meant = True
            d.start()
            play = Play(d)
            try:
                result = play.play()
            finally:
                for c in play.people.values():
                    c.close()
            return result, sum(os.path.getsize(os.path.join(where, f)) > 0 for f in os.listdir(where)), d.tail(400)
        finally:
            d.close()

    def expected(self):
        cls = Killpoints
        if cls.reference is None:
            cls.reference = self.play()[0]
            again = self.play()[0]
            self.assertEqual(cls.reference, again, "the script is not the same each time")
        return cls.reference

    def compare(self, kill, result, log):
        texts, registry = self.expected()
        try:
            for name in texts:
                if result[0][name] != texts[name]:
                    self.assertEqual(result[0][name].split("\r\n"), texts[name].split("\r\n"), name)
            self.assertEqual(result[1], registry)
        except AssertionError as e:
            raise AssertionError("killed at %s: %s\n%s" % (kill, e, log[-3000:])) from None

    def test_script(self):
        """The script itself does what it says (without that, comparing would prove nothing)."""
        texts, registry = self.expected()
        self.assertIn('alice sent you "four"', texts["bob"])
        self.assertIn("burst 29", texts["bob"])
        self.assertIn("Server: to all", texts["alice"])
        self.assertEqual([u[0] for u in registry["users"]], ["alice", "bob"])
        self.assertEqual([r[0] for r in registry["rooms"]], ["den", "lobby"])
        self.assertEqual(registry["bans"], [("192.0.2.0/24", "a network")])

    def once(self, kill, meant=None):
        """False: the last of these points was not passed that often."""
        result, kills, log = self.play(kill)
        self.compare(kill, result, log)
        self.killed += kills
        return kills == len(kill)

    def steps(self):
        return range(1, 100000) if long() else (1, 2, 3, 4, 5, 7, 9, 12, 16, 21, 29, 40, 55, 75, 100, 140, 190, 260)

    def test_every_point(self):
        self.killed = 0
        table = []
        for name in sorted(points()):
            passed = 0
            with self.subTest(name):
                if name == "replayed":
                    continue
                for n in self.steps():
                    if not self.once([(name, n)]):
                        break
                    passed += 1
                self.assertGreater(passed, 0, "the point was never passed")
            table.append("%s %d" % (name, passed))
        print("killed %d times: %s" % (self.killed, ", ".join(table)), flush=True)
        self.assertGreater(self.killed, 40)
    test_every_point.limit = 100000 if long() else 300

    def test_while_recovering(self):
        """A second death while the first one's entry is applied again, and a third."""
        self.killed = 0
        passed = {}
        for first in AFTER_COMMIT:
            for then in ("replayed", "applying", "opened", "indexing", "writing", "sending"):
                for n in (1, 6, 23) if not long() else range(1, 60, 2):
                    with self.subTest(first=first, then=then, n=n):
                        self.once([(first, n), (then, 1)])
                        passed[then] = passed.get(then, 0) + 1
        with self.subTest("three"):
            self.once([("committed", 20), ("replayed", 1), ("opened", 2)])
            self.once([("applying", 30), ("applying", 2), ("applied", 3)])
        print("killed %d times: %s" % (self.killed, passed), flush=True)
        self.assertGreater(self.killed, 80)
    test_while_recovering.limit = 100000 if long() else 300


if __name__ == "__main__":
    main()
