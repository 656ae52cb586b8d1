#!/usr/bin/env python3
"""What is said reaches the database once (R2, R5, R15), whatever becomes of the store and its file; and nobody in the chat
notices."""

import os
import pwd
import signal
import stat

import faults
import storecheck
from harness import Daemon, OwnCase, build, eventually, limit, main
from irc import Irc
from load import Swarm

LONG = True

CONFIG = {"workers": 2, "limits": {"max_sessions": 500}}


class Store(OwnCase):
    config = CONFIG
    store = True

    def swarm(self, *args):
        s = Swarm(self.d, *args, stem=self.fresh("s") + "x")
        self.addCleanup(s.close)
        return s

    def held(self, *swarms):
        """Stop in order, and hold the database against what was said."""
        self.d.stop()
        counts = storecheck.check(self.d, *swarms)
        self.assertTrue(storecheck.good(counts), counts)

    def kept(self, *texts):
        storecheck.kept(self.d, *texts)


class Well(Store):
    def test_said_once(self):
        self.daemon()
        s = self.swarm(30, 5)
        s.run(each=100)
        self.held(s)

    def test_nobody_elses_to_read(self):
        d = self.daemon()
        alice, = self.clients("alice")
        alice.send("something private")
        self.kept("something private")
        for name in os.listdir(os.path.dirname(storecheck.path(d))):
            if name.startswith("chatd.db"):
                mode = os.stat(os.path.join(os.path.dirname(storecheck.path(d)), name)).st_mode
                self.assertEqual(stat.S_IMODE(mode), 0o600, name)

    def test_goes_on_after_a_restart(self):
        d = self.daemon()
        alice, = self.clients("alice")
        alice.send("before")
        self.kept("before")
        place = self.rooms()["lobby"]
        d.stop()
        d.start()
        bob, = self.clients("bob")
        bob.send("after")
        self.kept("before", "after")
        db = storecheck.opened(d)
        self.assertEqual(db.execute("SELECT count(DISTINCT place) FROM message").fetchone()[0], 1)
        db.close()
        self.assertEqual(self.rooms()["lobby"], place)

    def rooms(self):
        db = storecheck.opened(self.d)
        try:
            return dict(db.execute("SELECT p.name, p.born FROM room r JOIN place p ON p.id=r.place"))
        finally:
            db.close()

    def test_stopped_under_load(self):
        for _ in range(3):
            d = self.daemon()
            s = self.swarm(40, 5)
            s.run(seconds=0.8, every=0.5, act=lambda d=d: d.proc.poll() is None and d.proc.terminate(), quiet=1)
            s.close()
            d.wait()
            d.proc = None
            counts = storecheck.check(d, s)
            self.assertTrue(storecheck.good(counts), counts)


class Killed(Store):
    config = dict(CONFIG, journal=134217728)

    def test_store_killed(self):
        d = self.daemon()
        s = self.swarm(30, 5)
        killer = faults.Killer(d, "store")
        s.run(seconds=4, every=0.4, act=killer.act)
        s.run(each=1)
        self.assertGreater(killer.kills, 2)
        self.assertEqual(s.counts()["disconnected"], 0)
        d.expect_log("store .* another is started")
        self.rest(s)
        self.held(s)

    def test_killed_when_all_ends(self):
        """One that waits to be started again is started for the end: what the journal has is nowhere else."""
        d = self.daemon()
        s = self.swarm(20, 3)
        s.run(each=20)
        old = d.kill_role("store")
        for _ in range(4):  # each dies young, so the next one is made to wait longer
            eventually("another store", lambda pid=old: d.kids("store") not in ([], [pid]))
            old = d.kill_role("store")
        s.run(each=5, quiet=0)
        self.held(s)

    def test_broker_and_store_killed(self):
        d = self.daemon()
        s = self.swarm(30, 5)
        killers = [faults.Killer(d, "store"), faults.Killer(d, "broker")]
        s.run(seconds=4, every=0.6, act=lambda: [k.act() for k in killers])
        s.run(each=1)
        self.rest(s)
        self.held(s)

    def rest(self, *swarms):
        """The store lives and has caught up: else stopping would leave what the ring alone has."""
        eventually("everything in the database", lambda: storecheck.good(storecheck.check(self.d, *swarms)), 20)


class Unwell(Store):
    """The disk does not take it: chat goes on, and nothing is missing later."""

    def test_locked(self):
        d = self.daemon()
        alice, bob = self.clients("alice", "bob")
        alice.send("one")
        self.kept("one")
        mark = d.log_mark()
        with storecheck.locked(d):
            alice.send("two")
            bob.expect("two")
            d.expect_log("cannot write to the database chatd.db, trying again: database is locked", mark)
            bob.send("three")
            alice.expect("three")
        d.expect_log("the database can be written again", mark)
        self.kept("one", "two", "three")
        self.assertEqual(sum("cannot write" in line for line in d.lines[mark:]), 1)

    def test_not_a_database(self):
        d = self.daemon()
        alice, = self.clients("alice")
        alice.send("one")
        self.kept("one")
        d.stop()
        storecheck.spoil(d)
        mark = d.log_mark()
        d.start()
        alice, bob = self.clients("alice", "bob")
        d.expect_log("the database chatd.db cannot be used, nothing is kept: file is not a database", mark)
        alice.send("two")
        bob.expect("two")
        # who asks meanwhile is told so, the log once
        for ask in (("history", "show", "lobby"), ("history", "show", "lobby"), ("history", "search", "one"),
                    ("history", "show", "@nobody"), ("history", "show", "*"), ("account", "list"), ("account", "list")):
            self.assertIn(d.ctl_run(*ask)[0], (1, 5), ask)
        said = "cannot be read, questions are not answered: file is not a database"
        d.expect_log(said, mark)
        self.assertEqual(sum(said in line for line in d.lines), 1)
        with open(storecheck.path(d), "rb") as f:
            self.assertEqual(f.read(), storecheck.GARBAGE)
        # put right by hand: what the ring still has is kept as well
        storecheck.mend(d)
        d.expect_log("the database can be written again", mark)
        alice.send("three")
        self.kept("one", "two", "three")

    def test_epoch_lost(self):
        """Numbers begin anew, below those in the database: it is left as it is, and everybody is told."""
        d = self.daemon()
        alice, = self.clients("alice")
        alice.send("one")
        self.kept("one")
        d.stop()
        d.start()
        alice, = self.clients("alice")
        alice.send("two")
        self.kept("one", "two")
        d.stop()
        epoch = os.path.join(d.dir, "state", "epoch")
        os.unlink(epoch)
        mark = d.log_mark()
        d.start()
        alice, bob = self.clients("alice", "bob")
        alice.send("three")
        bob.expect("three")
        d.expect_log("the database is ahead of the journal", mark)
        eventually("the state", lambda: "ahead of the journal" in d.json("status")["store"])
        self.assertEqual(storecheck.texts(d), ["one", "two"])
        d.stop()
        with open(epoch, "w", encoding="ascii") as f:
            f.write("10\n")
        os.chown(epoch, os.stat(storecheck.path(d)).st_uid, -1)
        d.start()
        alice, = self.clients("alice")
        alice.send("four")
        self.kept("one", "two", "four")

    def test_disk_full(self):
        """As many writes as it takes fail for want of room, in the middle of a crowd's talk."""
        if not build().killpoints:
            self.skipTest("no points to fail at")
        d = self.daemon(env={"CHATD_DISK": "write:150:full:4:fired"})
        s = self.swarm(20, 3)
        s.run(each=200)
        d.expect_log("cannot write to the database")
        d.expect_log("the database can be written again")
        self.held(s)

    def test_hanging_disk(self):
        """Talk goes on; who wants something changed is told that there is no answer. All is kept once the disk moves again."""
        if not build().killpoints or not build().passwords:
            self.skipTest("no points to hang at, or no accounts")
        d = self.daemon({"listen": [{"protocol": p, "address": "127.0.0.1", "port": 0} for p in ("telnet", "irc")]},
                        env={"CHATD_DISK": "any:1:hang:1:hung"})
        hung = os.path.join(os.path.dirname(storecheck.path(d)), "hung")
        alice, bob = d.client("alice"), d.client("bob")
        alice.send("before")
        bob.expect("alice: before")
        with open(hung, "w", encoding="utf-8"):
            pass
        self.addCleanup(lambda: os.path.exists(hung) and os.unlink(hung))
        alice.send("/register - secret-1")
        alice.expect("no answer has come", limit(30))
        alice.send("while it hangs")
        bob.expect("alice: while it hangs")
        bob.ask("/history 5", "^--- The newest lines may be missing")
        bob.ask("/search hangs", "^Nothing has been found")
        bob.expect("^--- The newest lines may be missing")
        self.lacks(Irc(d.address_of("irc"), "cat", ("batch", "labeled-response", "standard-replies", "draft/chathistory")))
        os.unlink(hung)
        d.expect_log("account alice: registered")
        d.expect_log("the disk answers again")
        bob.send("afterwards")
        alice.expect("bob: afterwards")
        self.kept("before", "while it hangs", "afterwards")
        bob.send("/history 5")
        self.assertNotIn("may be missing", bob.sync())

    def lacks(self, c):
        """What is missing in an answer is said behind it; of a labelled one it is a part, which ends where the batch does."""
        c.ask("JOIN #lobby", "366")
        c.ask("CHATHISTORY LATEST #lobby * 10", "BATCH", None, "chathistory", "#lobby")
        got = c.until(lambda m: m.is_("NOTE", "CHATHISTORY", "MESSAGES_MISSING"))
        self.assertEqual(("BATCH", None), (got[-2].command, got[-1].tags.get("batch")))
        batch = c.ask("@label=1 CHATHISTORY LATEST #lobby * 10", "BATCH").params[0][1:]
        got = c.until(lambda m: m.is_("BATCH", "-" + batch))
        self.assertEqual(("NOTE", batch), (got[-2].command, got[-2].tags["batch"]))
        self.assertEqual([], [m for m in c.sync() if m.command == "NOTE"])

    def test_disk_that_hangs_for_good(self):
        """chatd ends all the same, when the time for it is up; and who waits for its end does not take the closed socket for it."""
        if not build().killpoints:
            self.skipTest("no points to hang at")
        d = self.daemon(env={"CHATD_DISK": "any:1:hang:1:hung"})
        d.restarts_meant = True  # the store is killed
        alice, = self.clients("alice")
        alice.send("on the disk")
        eventually("something on the disk", lambda: d.json("store", "status").get("messages") == 1)
        with open(os.path.join(os.path.dirname(storecheck.path(d)), "hung"), "w", encoding="utf-8"):
            pass
        alice.send("never on the disk")
        d.expect_log("writing to the database takes more than")
        eventually("it shows", lambda: "disk" in d.json("store", "status").get("why_not_writable", ""))
        d.ctl("stop")
        d.expect_log("has 10 seconds more")
        d.ctl("wait", "--timeout", "1s", "down", status=6)
        if os.getuid() == 0:  # who may not look at the lock
            d.ctl("wait", "--timeout", "1s", "down", status=6, user=(65534, 65534))
        d.expect_log("what the store has not written by now is lost", seconds=limit(20))
        self.assertEqual(d.wait(), 0)
        d.ctl("wait", "down")

    def test_somebody_elses_directory(self):
        """It is named at the start, nobody waits, and all is kept once it has been given away."""
        if os.getuid() != 0:
            self.skipTest("only root's daemon runs as somebody else")
        d = Daemon(CONFIG, start=False)
        self.addCleanup(d.close)
        state = os.path.dirname(storecheck.path(d))
        os.mkdir(state, 0o755)
        d.start()
        d.expect_log("state_dir %s cannot be written by the user" % state)
        user = pwd.getpwuid(os.stat("/proc/%d" % d.kids("store")[0]).st_uid)
        d.expect_log("unable to open database file: Permission denied .as uid %d." % user.pw_uid)
        alice = d.client("alice")
        alice.send("not yet")
        self.assertIn("Permission denied (as uid %d)" % user.pw_uid, d.json("store", "status")["why_not_writable"])
        self.assertIn("(as uid %d)" % user.pw_uid,
                      d.ctl_run("store", "backup", os.path.join(state, "copy.db"))[2])
        os.chown(state, user.pw_uid, user.pw_gid)
        d.expect_log("the database can be written again")
        self.d = d
        self.kept("not yet")

    def test_no_room_in_the_file_system(self):
        """Files that may not grow, as on a disk that is full."""
        d = self.daemon()
        s = self.swarm(20, 3)
        s.run(each=20)
        faults.limit_files(d, 300000)
        s.run(each=300)
        d.expect_log("cannot write to the database")
        self.assertEqual(s.counts()["disconnected"], 0)
        faults.limit_files(d, "unlimited")
        d.expect_log("the database can be written again")
        self.held(s)


class Hung(Store):
    def test_stopped_store(self):
        """One that does not move is replaced; its successor has all."""
        d = self.daemon()
        s = self.swarm(20, 3)
        s.run(each=20)
        d.restarts_meant = True
        pid = d.pids_of("store")[0]
        os.kill(pid, signal.SIGSTOP)
        s.run(each=100)
        eventually("another store", lambda: d.pids_of("store") and d.pids_of("store") != [pid])
        s.run(each=20)
        eventually("everything in the database", lambda: storecheck.good(storecheck.check(d, s)))
        self.assertEqual(s.counts()["disconnected"], 0)
        self.held(s)


if __name__ == "__main__":
    main()
