#!/usr/bin/env python3
"""Any process may be killed or hang at any moment: what it costs, and whom (R2, R4)."""

import os
import re
import select
import shutil
import signal
import tempfile
import threading
import time

import faults
import webload
from harness import Case, OwnCase, build, limit, listeners, main, signal_pid, wait_gone
from load import Swarm, table

ALONE = True  # measures times


# From the first that the master kills on nobody's death is told to it, while the file DEAD begins with 1.
UNDEAD = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
static const volatile char *dead = "0";
static int killed;
__attribute__((constructor)) static void begin(void)
{
    const char *file = getenv("DEAD");
    int fd = file && !strcmp(program_invocation_short_name, "chatd") ? open(file, O_RDONLY | O_CLOEXEC) : -1;
    void *p = fd >= 0 ? mmap(NULL, 1, PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;
    if (p != MAP_FAILED)
        dead = p;
}
int kill(pid_t pid, int sig)
{
    int (*real)(pid_t, int) = (int (*)(pid_t, int))dlsym(RTLD_NEXT, "kill");
    killed |= sig == SIGKILL;
    return real(pid, sig);
}
pid_t waitpid(pid_t pid, int *status, int options)
{
    pid_t (*real)(pid_t, int *, int) = (pid_t (*)(pid_t, int *, int))dlsym(RTLD_NEXT, "waitpid");
    return killed && *dead == '1' ? 0 : real(pid, status, options);
}
"""


class Faults(OwnCase):
    config = {"workers": 2, "limits": {"max_sessions": 1000}}

    def exact(self, counts, disconnected=0, sent=1000):
        """sent: so many messages at least, or there was no load to speak of."""
        print(table([counts]), flush=True)
        for what in ("lost", "doubled", "out of order"):
            self.assertEqual(counts[what], 0, counts)
        self.assertEqual(counts["disconnected"], disconnected, counts)
        self.assertGreater(counts["kills"], 0)
        self.assertGreater(counts["sent"], sent / build().scale)

    def test_broker(self):
        d = self.daemon({"listen": listeners("telnet", "web")})
        counts, swarm = faults.under_load(d, "broker", 5, 0.3, web=4)
        self.exact(counts)
        self.assertGreater(counts["kills"], 5)
        self.assertLess(counts["longest wait ms"], limit(500), counts)
        stats = d.stats()
        self.assertEqual(stats['process_restarts_total{role="broker"}'], counts["kills"])
        self.assertEqual(stats['process_restarts_total{role="worker"}'], 0)

    def test_broker_again_while_it_recovers(self):
        """Killed as soon as it is there, some dozen times, then left alone."""
        d = self.daemon()
        counts, swarm = faults.under_load(d, "broker", 4, 0.02, clients=20, rooms=2)
        self.exact(counts)
        self.assertGreater(counts["kills"], 8)

    def test_broker_hangs(self):
        d = self.daemon()
        counts, swarm = faults.under_load(d, "broker", 4, 1.5, stopper=True, clients=20, rooms=2)
        self.exact(counts, sent=100)  # most of the time it stands still
        self.assertLess(counts["longest wait ms"], limit(3000), counts)

    def test_broker_with_a_small_journal(self):
        """The ring goes round, ten times at least and however long that takes."""
        d = self.daemon({"journal": 1 << 20})
        sent = k = 0
        while sent < 10 << 20:
            counts, _ = faults.under_load(d, "broker", 4, 0.3, clients=20, rooms=4, pad=1500, stem="f%d" % k)
            self.exact(counts)
            sent += counts["sent"] * 1500
            k += 1

    def test_worker_hangs_with_a_small_journal(self):
        """More is said than the ring holds while a worker stands still: the others wait for it a second at most."""
        d = self.daemon({"journal": 1 << 20, "limits": {"queue": 1 << 27}})
        alice, bob, carol = self.clients("alice", "bob", "carol")
        while d.worker_of(alice.name) == d.worker_of(bob.name):
            bob = self.client("bob")
        while d.worker_of(carol.name) != d.worker_of(alice.name):
            carol = self.client("carol")
        pid = d.kill_role("worker", d.worker_of(bob.name), signal.SIGSTOP)
        begun = time.monotonic()
        for i in range(3000):
            alice.send("%d %s" % (i, "w" * 3000))
        for i in range(3000):
            carol.expect(r"^%s: %d w" % (alice.name, i), seconds=limit(4))
        self.assertLess(time.monotonic() - begun, limit(4))
        carol.sync()
        self.assertIn("%s has left" % bob.name, carol.text.decode())
        self.assertFalse(wait_gone([pid], limit(2)))
        self.client("dave").sync()

    def test_broker_dies_while_a_worker_stands_still(self):
        """Its successor keeps what that worker has not said that it took, however much is said meanwhile."""
        d = self.daemon({"journal": 1 << 20, "limits": {"queue": 1 << 27}})
        alice, bob = self.clients("alice", "bob")
        while d.worker_of(alice.name) == d.worker_of(bob.name):
            bob = self.client("bob")
        carol = self.client("carol")
        while d.worker_of(carol.name) != d.worker_of(alice.name):
            carol = self.client("carol")
        pid = d.pids_of("worker")[d.worker_of(bob.name)]
        broker = d.kids("broker")[0]
        os.kill(pid, signal.SIGSTOP)
        try:
            for i in range(180):  # half of the ring, the most that it may be behind
                alice.send("%d %s" % (i, "w" * 3000))
            carol.expect("^%s: 165 w" % alice.name)  # these have been decided
            d.kill_role("broker")
            # Meant to get stuck: when the ring is full the broker takes no more, then the worker neither.
            rest = threading.Thread(target=alice.send, args=["%d %s" % (i, "w" * 3000) for i in range(180, 1500)])
            rest.start()
            self.eventually("a new broker", lambda: d.kids("broker") and broker not in d.kids("broker"))
            select.select([], [], [], 0.4)  # that long it is kept from catching up
        finally:
            os.kill(pid, signal.SIGCONT)
        for i in range(1500):
            self.assertEqual(bob.expect(r"^%s: (\d+) w" % alice.name).group(1), str(i))
        rest.join()
        self.assertEqual(d.kids("worker").count(pid), 1, "not replaced")

    def test_worker(self):
        d = self.daemon({"listen": listeners("telnet", "web")})
        rows = faults.kill_worker_under_load(d, 3, 0.5, web=4)
        print(table(rows))
        for counts in rows:
            self.exact(counts)
            self.assertGreater(counts["its clients"], 0)
            self.assertEqual((counts["ghosts"], counts["notices wrong"]), (0, 0), counts)
            self.assertLess(counts["served after ms"], limit(100), counts)

    def test_web(self):
        """It dies with uploads, downloads and handshakes in its hands: none of them is half done, and who has gone on to a worker
        talks on."""
        if not build().web:
            self.skipTest("built without libmicrohttpd and wslay")
        d = self.daemon({"listen": listeners("telnet", "web")})
        row = webload.under_kills(d, 4, 0.6, swept=False)
        print(table([row]), flush=True)
        self.assertTrue(webload.good(row), row)
        self.assertGreater(row["kills"], 2)

    def test_worker_hangs(self):
        """Its clients hang with it until it is replaced; the others go on as before."""
        d = self.daemon()
        alice, bob = self.clients("alice", "bob")
        while d.worker_of(alice.name) == d.worker_of(bob.name):
            bob = self.client("bob")
        carol = self.client("carol")
        while d.worker_of(carol.name) != d.worker_of(alice.name):
            carol = self.client("carol")
        mark = d.log_mark()
        pid = d.kill_role("worker", d.worker_of(bob.name), signal.SIGSTOP)
        for i in range(50):  # nobody waits for it
            alice.send("going on %d" % i)
            carol.line("%s: going on %d" % (alice.name, i), seconds=limit(0.5))
        alice.expect("%s has left the chat" % bob.name, seconds=limit(5))
        self.assertFalse(wait_gone([pid], limit(2)))
        d.expect_log(r"worker", mark)
        self.client("dave").send("I am new")
        alice.expect("dave.*: I am new")

    def test_control(self):
        d = self.daemon()
        counts, swarm = faults.under_load(d, "control", 3, 0.3)
        self.exact(counts)
        self.assertLess(counts["longest wait ms"], limit(500), counts)
        self.eventually("control's return", lambda: d.ctl_run("status")[0] == 0)

    def test_control_waits_for_nobody(self):
        """An administrator's connect while control is away is served by its successor."""
        d = self.daemon()
        for _ in range(5):
            d.kill_role("control")
            self.assertEqual(d.ctl_run("status")[0], 0)

    def test_master(self):
        d = self.daemon()
        for _ in range(2):
            alice = self.client("alice")
            ended, ready = faults.kill_master(d)
            self.assertIsNotNone(ended, "orphans were left")
            self.assertLess(ended, limit(2))
            self.assertLess(ready, limit(1))
            alice.expect_eof()
            self.client("bob").sync()

    def programs(self, **scripts):
        """A tree of the build's programs for -L; those of these roles begin with a script, in which TOP is the tree."""
        top, src = tempfile.mkdtemp(prefix="chatd-t-"), build().path + "/src"
        self.addCleanup(shutil.rmtree, top)
        os.chmod(top, 0o755)
        os.mkdir(top + "/src")
        for role in os.listdir(src):
            if role not in scripts:
                os.symlink("%s/%s" % (src, role), "%s/src/%s" % (top, role))
                continue
            os.mkdir("%s/src/%s" % (top, role))
            with open("%s/src/%s/chatd-%s" % (top, role, role), "w", encoding="ascii") as f:
                f.write('#!/bin/sh\n%s\nexec %s/%s/chatd-%s "$@"\n' % (scripts[role].replace("TOP", top), src, role, role))
            os.chmod(f.name, 0o755)
        return top

    def test_broker_that_cannot_come_up(self):
        """Five that end by themselves before they are ready: everything begins anew, aloud. Five kills from outside are no such
        sign: test_broker_again_while_it_recovers."""
        top = self.programs(broker="[ ! -e TOP/bad ] || exit 1")
        bad = top + "/bad"
        d = self.daemon(args=["-L", top])
        alice = self.client("alice", d)
        with open(bad, "w", encoding="ascii"):
            pass
        d.kill_role("broker")
        d.expect_log("the broker does not come up")
        os.unlink(bad)
        alice.expect_eof()
        d.expect_log("beginning anew with an empty registry")
        self.client("bob", d).sync()

    def test_nobody_is_started_before_the_last_has_died(self):
        """The time of a worker that waits is up while everybody is ended, to begin anew."""
        top = self.programs(broker="[ ! -e TOP/bad ] || exit 1", worker="[ ! -e TOP/badw ] || exit 1")
        dead, bad, badw = (os.path.join(top, name) for name in ("dead", "bad", "badw"))
        with open(dead, "wb") as f:
            f.write(b"1")
        d = self.daemon(args=["-L", top], env={"LD_PRELOAD": self.preload(UNDEAD), "DEAD": dead})
        for name in (bad, badw):
            with open(name, "wb"):
                pass
        d.kill_role("worker", 1)
        d.expect_log("worker 1 .*; another is started in 1600 ms")
        due = time.monotonic() + 1.65
        os.unlink(badw)
        d.kill_role("broker")
        d.expect_log("the broker does not come up")
        os.unlink(bad)
        time.sleep(max(0, due - time.monotonic()))
        with open(dead, "r+b") as f:
            f.write(b"0")
        os.kill(d.pid, signal.SIGCHLD)
        d.expect_log("beginning anew with an empty registry")
        self.client("bob", d).sync()

    def test_master_under_load(self):
        """Busy, stopped, or half way: no child outlives it."""
        d = self.daemon()
        swarm = Swarm(d, 20, 2)
        self.addCleanup(swarm.close)
        swarm.run(each=50)
        stopped = d.kids("worker")[0]
        os.kill(stopped, signal.SIGSTOP)
        ended, ready = faults.kill_master(d)
        signal_pid(stopped, signal.SIGCONT)
        self.assertIsNotNone(ended, "orphans were left")
        self.client().sync()

    def test_all_at_once(self):
        """Broker and a worker die together: the others' sessions stay, the worker's leave."""
        d = self.daemon()
        d.restarts_meant = True
        for k in range(3):
            swarm = Swarm(d, 20, 2, stem="b%d" % k)
            users = {u["name"]: u["worker"] for u in d.json("users")}
            victim = d.pids_of("worker")[0]
            mine = {m.name for m in swarm.members if users[m.name] == 0}
            done = []

            def act():
                if not done:
                    for pid in (d.kids("broker") or [0])[0], victim:
                        os.kill(pid, signal.SIGKILL)
                    done.append(1)

            swarm.run(seconds=1, every=0.4, act=act)
            counts = swarm.counts()
            dead = {m.name for m in swarm.members if m.dead}
            counts["kills"] = 1
            counts["disconnected"] = len(dead ^ mine)
            self.exact(counts)
            self.assertFalse({u["name"] for u in d.json("users")} & dead)
            swarm.close()

    def test_everything_else_dies(self):
        """Every child at the same time: the master begins to serve again by itself."""
        d = self.daemon()
        d.restarts_meant = True
        alice = self.client("alice")
        for role in ("broker", "worker", "control"):
            for pid in d.kids(role):
                signal_pid(pid, signal.SIGKILL)
        alice.expect_eof()
        self.eventually("a new worker", lambda: faults.until_prompt(("127.0.0.1", d._ports[0]), limit(2)) is not None)
        self.client("bob").sync()
        self.assertEqual([u["name"] for u in d.json("users") if u["name"].startswith("alice")], [])

    def test_events_in_between(self):
        """What happens while there is no broker happens when there is one again, in the same order."""
        d = self.daemon()
        d.restarts_meant = True
        alice, bob = self.clients("alice", "bob")
        for i in range(15):
            d.kill_role("broker") if d.kids("broker") else None
            room, nick = self.room(), self.fresh("renamed")
            alice.send("before %d" % i, "/join " + room, "/topic about %d" % i, "/nick " + nick, "/leave " + room, "after %d" % i)
            bob.line("%s: before %d" % (alice.name, i))
            bob.line("%s is now %s" % (alice.name, nick))
            bob.line("%s: after %d" % (nick, i))
            alice.name = nick
        alice.sync()
        self.assertEqual({u["name"] for u in d.json("users")}, {alice.name, bob.name})
        self.assertEqual([r["name"] for r in d.json("rooms")], ["lobby"])


class Gone(Case):
    def test_log_says_who_died(self):
        d = self.d
        mark = d.log_mark()
        for role in ("worker", "broker", "control"):
            pid = d.kill_role(role)
            d.expect_log(r"master.*%s.*\b%d\b.*signal 9" % (role, pid), mark)
            self.eventually("the successor", lambda: d.kids(role) and pid not in d.kids(role))

    def test_log_says_who_went_with_a_worker(self):
        d = self.d
        people = self.clients("alice", "bob", "carol", "dora")
        lost = [c for c in people if d.worker_of(c.name) == d.worker_of(people[0].name)]
        mark = d.log_mark()
        index = d.worker_of(people[0].name)
        d.kill_role("worker", index)
        m = d.expect_log(r"worker %d is gone, and (\d+) users? with it: (.*)" % index, mark)
        self.assertEqual(int(m.group(1)), len(m.group(2).split(", ")))
        self.assertLessEqual({c.name for c in lost}, set(m.group(2).split(", ")))
        self.eventually("ready", lambda: all(p["state"] == "ready" for p in d.processes()))

    def test_what_waits_has_no_pid(self):
        """A process that is to be started again: null in JSON, a dash in a table, and no 0."""
        self.d.restarts_meant = True

        def look():
            for pid in self.d.kids("worker"):
                signal_pid(pid, signal.SIGKILL)
            return [p for p in self.d.processes() if p["state"] == "waiting"]
        for p in self.eventually("one that waits", look):
            self.assertEqual((p["pid"], p["started"]), (None, None))

        def dashes():
            for pid in self.d.kids("worker"):
                signal_pid(pid, signal.SIGKILL)
            return re.search(r"(?m)^worker +\d +- +waiting .* -$", self.d.ctl("status"))
        self.eventually("a dash", dashes)
        self.eventually("ready", lambda: all(p["state"] == "ready" and p["pid"] for p in self.d.processes()))

    def test_restarts_are_counted(self):
        self.d.restarts_meant = True
        self.eventually("ready", lambda: all(p["state"] == "ready" for p in self.d.processes()))
        before = {p["role"] + str(p["index"]): p["restarts"] for p in self.d.processes()}
        pid = self.d.kill_role("broker")
        self.eventually("ready", lambda: all(p["state"] == "ready" for p in self.d.processes()) and pid not in self.d.kids("broker"))
        after = {p["role"] + str(p["index"]): p["restarts"] for p in self.d.processes()}
        self.assertEqual(after["broker0"], before["broker0"] + 1)
        self.assertGreaterEqual(self.d.stats()['process_restarts_total{role="broker"}'], 1)


if __name__ == "__main__":
    main()
