#!/usr/bin/env python3
"""A database that is not as it was left, searches that are none, and what somebody has put where the master writes its files."""

import contextlib
import os
import shutil
import socket
import sqlite3
import stat
import time
import unittest

import storecheck
from harness import Daemon, OwnCase, build, listeners, main
from test_store_history import CAPS, HistoryCase


class Database(OwnCase):
    """Chat goes on, whatever it is; it is said what is wrong; and nothing is made anew behind somebody's back."""
    store = True

    def setUp(self):
        self.daemon()
        self.alice = self.client("alice")
        self.alice.send(*("word%d %s" % (i, "x" * 2000) for i in range(50)))
        self.alice.send("last")
        storecheck.kept(self.d, "last")
        self.path = storecheck.path(self.d)

    def goes_on(self, said):
        """Those who talk do not notice, and the log says it."""
        mark = self.d.log_mark()
        with self.neighbours() as others:
            others.two[0].send("something to be kept")
            self.d.expect_log(said, mark)
        self.alice.sync()

    def test_deleted(self):
        """The database and what belongs to it, while it is open: another one is not made."""
        for end in ("-wal", "-shm", ""):
            if os.path.exists(self.path + end):
                os.unlink(self.path + end)
        self.goes_on("cannot write to the database")
        self.assertFalse(os.path.exists(self.path))

    def test_wal_deleted(self):
        """Only the log of changes: what is said then is in the database, which is whole, when chatd has ended."""
        for end in ("-wal", "-shm"):
            if os.path.exists(self.path + end):
                os.unlink(self.path + end)
        with self.neighbours():
            self.alice.send("something to be kept")
            self.alice.sync()
        self.d.stop()
        with contextlib.closing(sqlite3.connect(self.path)) as db:
            self.assertEqual(db.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
        self.assertIn("something to be kept", storecheck.texts(self.d))

    def test_damaged(self):
        """Pages that point elsewhere, in the middle of its life: who searches and who writes is told; nobody is disconnected."""
        with open(self.path, "r+b") as f:
            for page in range(1, os.path.getsize(self.path) // 4096):
                f.seek(4096 * page + 8)
                f.write(b"\xff" * 40)
        with self.neighbours() as others:
            for words in (("history", "show", "lobby"), ("history", "search", "word7"), ("store", "check"), ("account", "list"), ("file", "list")):
                self.assertIn(self.d.ctl_run(*words)[0], (0, 1, 5), words)
            others.two[0].send("something to be kept")
            self.alice.send("/history 20")
            self.alice.sync()

    @unittest.skipUnless(build().passwords, "built without libsodium")
    def test_longer_than_it_may_be(self):
        """An account, a room, a ban with more in it than there can be: these are left out, which is said; the others are there."""
        for name in ("bob", "carol"):
            self.d.ctl("account", "add", name, input="tip-of-the-iceberg\n")
        self.alice.ask("/register - tip-of-the-iceberg", "^The name .* is yours now")
        for room in ("attic", "kitchen"):
            self.alice.send("/join " + room, "/topic of " + room, "/ban first", "/ban second")
            self.alice.ask("/room register", "^Done")
        self.alice.sync()
        self.d.stop()
        with contextlib.closing(sqlite3.connect(self.path)) as db:
            db.executescript("""PRAGMA ignore_check_constraints = 1;
                UPDATE account SET name = printf('%.3000c', 'x') WHERE name = 'carol';
                UPDATE room SET topic = printf('%.3000c', 'x') WHERE place IN (SELECT id FROM place WHERE name = 'attic');
                UPDATE room_list SET mask = printf('%.70000c', 'x') WHERE mask LIKE 'first%'""")
        since = self.d.log_mark()
        self.d.start()
        for what in ("account", "an entry of the lists of place", "the room of place"):
            self.d.expect_log("the database is damaged: %s [0-9]+ is left out" % what, since)
        with self.neighbours():
            bob = self.client("guest")
            bob.ask("/login bob tip-of-the-iceberg", "is now bob$")
            room = self.d.json("room", "kitchen")
            self.assertEqual((room["topic"], [b["mask"] for b in room["lists"]]), ("of kitchen", ["second"]), room)
            self.assertEqual(self.d.ctl_run("room", "attic")[0], 5)

    def test_truncated(self):
        for size in (0, 50, 5000):
            with self.subTest(size):
                self.d.stop()
                for end in ("-wal", "-shm"):
                    if os.path.exists(self.path + end):
                        os.unlink(self.path + end)
                os.truncate(self.path, size)
                self.d.start()
                with self.neighbours():
                    pass
                if size:
                    self.d.expect_log("the database chatd.db cannot be used, nothing is kept")
                    self.assertEqual(os.path.getsize(self.path), size)

    def test_another_version(self):
        """Of a later chatd, or another program's: left as it is."""
        for sql in ("PRAGMA user_version=1000", "PRAGMA user_version=-1", "PRAGMA application_id=77; DROP TABLE meta"):
            with self.subTest(sql):
                self.d.stop()
                with contextlib.closing(sqlite3.connect(self.path)) as db:
                    db.executescript(sql)
                    before = db.execute("SELECT count(*) FROM message").fetchone()
                mark = self.d.log_mark()
                self.d.start()
                with self.neighbours() as others:
                    others.two[0].send("not kept")
                    self.d.expect_log("cannot be used, nothing is kept", mark)
                with contextlib.closing(sqlite3.connect("file:%s?mode=ro" % self.path, uri=True)) as db:
                    self.assertEqual(db.execute("SELECT count(*) FROM message").fetchone(), before)

    def test_no_file(self):
        """A directory, a pipe or a socket in its place, or of what belongs to it: nobody waits for it."""
        def a_socket(path):
            with socket.socket(socket.AF_UNIX) as s:
                s.bind(path)
        for plant, end in ((os.mkdir, ""), (os.mkfifo, ""), (a_socket, ""), (os.mkfifo, "-wal"), (os.mkdir, "-wal"), (os.mkfifo, "-shm")):
            self.d.stop()
            for end in ("-wal", "-shm", ""):
                if os.path.isdir(self.path + end) and not os.path.islink(self.path + end):
                    os.rmdir(self.path + end)
                elif os.path.lexists(self.path + end):
                    os.unlink(self.path + end)
            plant(self.path + end)
            mark = self.d.log_mark()
            self.d.start()
            with self.subTest(end, plant=plant.__name__):
                with self.neighbours():
                    self.d.expect_log("chatd.db%s is not a regular file" % end, mark)

    def test_read_only(self):
        if os.geteuid() != 0:
            self.skipTest("only root's daemon runs as somebody else")
        self.d.stop()
        os.chmod(self.path, 0o444)
        os.chown(self.path, 0, 0)
        self.d.write_conf({"user": "nobody"})
        mark = self.d.log_mark()
        self.d.start()
        with self.neighbours() as others:
            others.two[0].send("not yet")
            self.d.expect_log("cannot write to the database chatd.db, trying again: attempt to write a readonly database", mark)


OTHER_TIME = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
static long shift;
static int (*real)(clockid_t, struct timespec *);
__attribute__((constructor)) static void begin(void)
{
    const char *s = getenv("SHIFT");
    real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    shift = s ? atol(s) : 0;
}
int clock_gettime(clockid_t clock, struct timespec *t)
{
    int r;
    if (!real)
        begin();
    r = real(clock, t);
    if (r == 0 && clock == CLOCK_REALTIME)
        t->tv_sec += shift;
    return r;
}
time_t time(time_t *p)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    if (p)
        *p = t.tv_sec;
    return t.tv_sec;
}
int gettimeofday(struct timeval *v, void *z)
{
    struct timespec t;
    (void)z;
    clock_gettime(CLOCK_REALTIME, &t);
    v->tv_sec = t.tv_sec;
    v->tv_usec = t.tv_nsec / 1000;
    return 0;
}
"""


class Clock(OwnCase):
    """A host that does not know what day it is: chatd runs there as everywhere, and goes on when it knows."""

    def test_1970(self):
        lib = self.preload(OTHER_TIME)
        d = Daemon({"history": {"days": 0}}, start=False)  # nothing is too old
        self.addCleanup(d.close)
        self.d = d
        usual, said, now = dict(d.env), [], int(time.time())
        for day in (5, (1 << 31) - 8, 5, 1 << 33, now):
            d.env = dict(usual, LD_PRELOAD=lib, SHIFT=str(day - now))
            d.start()
            with self.subTest(day), self.neighbours(d):
                alice = self.client("alice")
                said.append("said at %d, as number %d" % (day, len(said)))
                alice.send(said[-1])
                alice.sync()
                if build().store:
                    storecheck.kept(d, said[-1])
                    self.assertEqual([t for t in storecheck.texts(d) if t.startswith("said at")], said)
                    alice.ask("/history 50", said[-1] + "$")
                d.ctl("users")
                d.ctl("status")
                alice.close()
            d.stop()


class Searches(HistoryCase):
    BAD = ('" OR 1=1', "'; DROP TABLE message; --", "NEAR(", "NEAR(a b, 5)", "*", "a*", "^a", "a AND", "NOT", "OR OR OR", "((((((", '"', '""', "text:a", "{text} : a",
           "-a", "+a", "a + b", "\\", "%", "_", "%s%s%n", "?1", ":x", "@x", "$x", "x'00'", "\u202ea", "a" * 400, "a " * 200,
           "(" * 200, '"a" ' * 100, "\ud7ff\U0010ffff", "in:", "from:", "after:99:99", "before:0000-00-00", "limit:99999999999999999999", "limit:-1")

    def test_everywhere(self):
        """Words that mean something to a database find what they are, or nothing, or are refused in words."""
        t, i = self.client("t"), self.irc("i", CAPS + ("soju.im/search",))
        i.ask("JOIN #lobby", "366")
        t.send("a needle in the hay")
        i.expect("PRIVMSG")
        with self.neighbours():
            for bad in self.BAD:
                with self.subTest(bad[:40]):
                    t.send("/search " + bad)
                    t.sync()
                    got = i.answers("SEARCH text=" + bad.replace("\\", "\\\\").replace(";", "\\:").replace(" ", "\\s"))
                    self.assertIn(got[0].command if got else "FAIL", ("BATCH", "FAIL", "417"), bad)
                    status, out, err = self.d.ctl_run("history", "search", *["--"] * bad.startswith("-"), bad)
                    self.assertIn(status, (0, 1, 2, 5), (bad, out, err))
                    for text in (out, err, t.text.decode("utf-8", "replace")):
                        self.assertNotRegex(text, r"(?i)sql|syntax error|no such column|fts5")
        self.assertEqual(self.d.json("store", "check")["database"], "ok")
        t.ask("/search needle", "a needle in the hay")

    def test_long(self):
        """64 KiB of them, by each way."""
        t, i = self.client("t"), self.irc("i", CAPS + ("soju.im/search",))
        with self.neighbours():
            for word in (b"needle ", b"\"", b"NEAR(", b"a OR "):
                data = word * (65536 // len(word))
                t.send_raw(b"/search " + data[:4000] + b"\r\n")
                t.expect("(?i)long|nothing|many|cannot|found|search")
                late = self.client("late")
                try:
                    late.send_raw(b"/search " + data + b"\r\n")
                    late.expect("That line is too long")
                except OSError:
                    pass  # closed before its end
                c = self.irc("long", CAPS + ("soju.im/search",))
                try:
                    c.send_raw(b"SEARCH text=" + data.replace(b" ", b"\\s") + b"\r\n")
                    c.expect("417")
                except AssertionError:
                    self.assertTrue(c.eof)
                c.close()
                self.assertNotEqual(self.d.ctl_run("history", "search", data.decode())[0], 0)
            i.sync()


class Planted(OwnCase):
    """Where the master, as root, writes its files, somebody has put links and other things: nothing is written through them, nothing is
    waited for."""

    def planted(self):
        """A daemon that has not been started, its run_dir, and a file that must stay as it is."""
        d = Daemon({"listen": listeners("telnet")}, start=False)
        self.addCleanup(d.close)
        self.d = d
        os.makedirs(d.run_dir)
        victim = os.path.join(d.dir, "victim")
        with open(victim, "w", encoding="ascii") as f:
            f.write("precious\n")
        return d, victim

    def unhurt(self, victim):
        with open(victim, encoding="ascii") as f:
            self.assertEqual(f.read(), "precious\n")

    def test_pid_file(self):
        """Links to files, to nothing, to directories; pipes; a directory."""
        for name in ("chatd.pid", "chatd.pid.new"):
            for what in ("link", "dangling", "pipe", "number"):
                with self.subTest(name, what=what):
                    d, victim = self.planted()
                    at = os.path.join(d.run_dir, name)
                    if what == "pipe":
                        os.mkfifo(at)
                    elif what == "number":
                        with open(at, "w", encoding="ascii") as f:
                            f.write("1\n")
                    else:
                        os.symlink(victim if what == "link" else os.path.join(d.dir, "made"), at)
                    d.start()
                    with self.neighbours(d):
                        pass
                    self.unhurt(victim)
                    self.assertFalse(os.path.exists(os.path.join(d.dir, "made")))
                    file = os.path.join(d.run_dir, "chatd.pid")
                    if os.path.lexists(file):
                        self.assertTrue(stat.S_ISREG(os.lstat(file).st_mode) or what == "pipe")
                    d.close()

    def test_lock(self):
        """A lock that is none is refused, in words, at once."""
        for what in ("link", "pipe", "directory"):
            with self.subTest(what):
                d, victim = self.planted()
                at = os.path.join(d.run_dir, "lock")
                if what == "link":
                    os.symlink(victim, at)
                elif what == "pipe":
                    os.mkfifo(at)
                else:
                    os.mkdir(at)
                d.start(wait=False)
                self.assertEqual(d.wait(), 1)
                d.expect_log("lock")
                d.proc = None
                self.unhurt(victim)

    def test_admin_socket(self):
        """What is in its place and no socket is not removed; a link is not followed."""
        for what in ("file", "link", "directory", "alive", "dead"):
            with self.subTest(what):
                d, victim = self.planted()
                s = socket.socket(socket.AF_UNIX)
                self.addCleanup(s.close)
                if what == "file":
                    shutil.copy(victim, d.socket)
                elif what == "link":
                    os.symlink(victim, d.socket)
                elif what == "directory":
                    os.mkdir(d.socket)
                else:
                    s.bind(d.socket)
                    s.listen()
                if what == "dead":
                    s.close()
                    d.start()
                    d.ctl("status")
                    d.close()
                    continue
                d.start(wait=False)
                self.assertEqual(d.wait(), 1)
                d.expect_log("admin socket|control.sock")
                d.proc = None
                self.assertTrue(os.path.lexists(d.socket))
                self.unhurt(victim)

    def test_epoch(self):
        """The number that makes messages' ids new: what is none is not guessed about; what is a link is not followed."""
        for name in ("epoch", "cloak.key"):
            for what in (b"", b"-1\n", b"18446744073709551616\n", b"99999999999999999999999999999\n", b"x" * 5000, b"12", b"\0\0\n", "link", "pipe", "directory"):
                if name == "cloak.key" and what == b"":
                    continue
                with self.subTest(name, what=what):
                    d, victim = self.planted()
                    state = os.path.join(d.dir, "state")
                    os.mkdir(state)
                    at = os.path.join(state, name)
                    if what == "link":
                        os.symlink(victim, at)
                    elif what == "pipe":
                        os.mkfifo(at)
                    elif what == "directory":
                        os.mkdir(at)
                    else:
                        with open(at, "wb") as f:
                            f.write(what)
                    d.start(wait=False)
                    self.assertEqual(d.wait(), 1)
                    d.expect_log(name)
                    d.proc = None
                    self.unhurt(victim)


if __name__ == "__main__":
    main()
