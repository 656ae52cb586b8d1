#!/usr/bin/env python3
"""What chatctl does with the store: accounts, history, invitations. The database itself: test_store_admin."""

import json
import os
import socket
import tempfile

from harness import OwnCase, build, main
from irc import IrcCase

GOOD = "correct-horse\n"


class Accounts(IrcCase):
    passwords = store = True
    config = dict(IrcCase.config, accounts={"cost": 8192})

    def test_a_life(self):
        d, name = self.d, self.fresh("acc")
        self.assertEqual(d.ctl("account", "add", name, "a@example.org", input=GOOD), name + ": made\n")
        self.assertIn("registered already", d.ctl("account", "add", name, input=GOOD, status=1))
        a = d.json("account", "show", name)
        self.assertEqual((a["name"], a["email"], a["disabled"], a["scram"], a["founder_of"]),
                         (name, "a@example.org", False, True, []))
        c = self.irc(caps=())
        self.log_in(c, name, "correct-horse")
        self.assertEqual(d.json("user", c.nick)["account"], name)
        d.ctl("account", "disable", name)
        self.eventually("it is logged out", lambda: d.json("user", c.nick)["account"] is None)
        self.assertTrue(d.json("account", "show", name)["disabled"])
        d.ctl("account", "enable", name)
        d.ctl("account", "passwd", name, input="another-one\n")
        self.log_in(c, name, "another-one")
        d.ctl("account", "delete", name)
        self.assertIn("no account", d.ctl("account", "show", name, status=5))
        self.assertIsNone(d.json("user", c.nick)["account"])

    def log_in(self, c, name, password):
        c.send("PRIVMSG NickServ :IDENTIFY %s %s" % (name, password))
        self.eventually("logged in", lambda: self.d.json("user", c.nick)["account"] == name)

    def test_what_is_refused(self):
        d = self.d
        for words, given, status in ((["add", "no such name"], GOOD, 1), (["add", "dora"], "short\n", 1),
                                     (["add", "dora"], "dora\n", 1), (["add", "dora", "nonsense"], GOOD, 2),
                                     (["add", "dora"], "", 1), (["add", "dora"], "x" * 600 + "\n", 1),
                                     (["passwd", "nobody"], GOOD, 5), (["disable", "nobody"], None, 5),
                                     (["delete", "nobody"], None, 5), (["delete", "nobody", "what"], None, 2)):
            with self.subTest(words):
                d.ctl("account", *words, input=given, status=status)
        self.assertNotIn("dora", d.ctl("account", "list"))
        self.assertIn("password is empty", d.ctl("account", "add", "dora", input="\n", status=1))

    def test_a_list_of_several_pages(self):
        """Names in their order, each once, however many pages it takes."""
        d = self.d
        names = sorted(self.fresh("many") for _ in range(30))
        for name in names:
            d.ctl("account", "add", name, "x" * 200 + "@example.org", input=GOOD)
        self.assertEqual([a["name"] for a in d.json("account", "list", "many*")], names)
        self.assertEqual(len(d.ctl("-o", "jsonl", "account", "list", names[0]).splitlines()), 1)

    def test_no_secret_is_logged(self):
        d, name = self.d, self.fresh("sec")
        d.ctl("account", "add", name, input="very secret word\n")
        d.ctl("history", "search", "very-secret-search")
        d.expect_log(r"uid 0 pid \d+: account add %s: done" % name)
        d.expect_log(r"uid 0 pid \d+: history search: done")
        self.assertNotIn("very", "\n".join(d.lines))


class History(IrcCase):
    store = True

    def test_what_was_said(self):
        d, room = self.d, self.room()
        al, bo = self.irc("al"), self.irc("bo")
        al.ask("JOIN #" + room, "366")
        bo.ask("JOIN #" + room, "366")
        al.send("PRIVMSG #%s :one zebra" % room, "TOPIC #%s :animals" % room)
        bo.expect("TOPIC")
        bo.send("NOTICE #%s :two zebras" % room)
        al.expect("NOTICE")
        rows = d.json("history", "show", room)
        self.assertEqual([(r["event"], r["from"], r["text"], r["where"]) for r in rows],
                         [("message", al.nick, "one zebra", room), ("notice", bo.nick, "two zebras", room)])
        self.assertEqual(d.json("history", "show", "-n", 1, "#" + room)[0]["text"], "two zebras")
        self.assertEqual([r["text"] for r in d.json("history", "search", "zebra in:%s from:%s" % (room, al.nick))],
                         ["one zebra"])
        self.assertEqual(d.json("history", "search", "zebra in:%s before:2000-01-01" % room), [])
        self.assertIn("before:never", d.ctl("history", "search", "zebra before:never", status=2))
        lines = [json.loads(line) for line in d.ctl("history", "export", room).splitlines()]
        self.assertEqual([r["event"] for r in lines], ["join", "join", "message", "topic", "notice"])
        self.assertEqual(len({r["msgid"] for r in lines}), 5)

    def test_a_room_that_is_gone(self):
        d, room = self.d, self.room()
        al = self.irc("al")
        al.ask("JOIN #" + room, "366")
        al.send("PRIVMSG #%s :last words" % room)
        al.ask("PART #" + room, "PART")
        self.assertEqual(d.json("history", "show", room)[0]["text"], "last words")
        self.assertIn("there is no room", d.ctl("history", "show", "never-was", status=5))
        self.assertIn("no account", d.ctl("history", "show", "@never-was", status=5))

    def test_between_two(self):
        """A table says to whom; for programs it is no place."""
        d = self.d
        al, bo = (self.irc(self.fresh(name), exact=True) for name in ("al", "bo"))
        for c in (al, bo):
            c.ask("REGISTER * * :correct horse", "REGISTER", "SUCCESS")
        al.send("PRIVMSG %s :psst" % bo.nick)
        bo.expect("PRIVMSG")
        where = "@" + al.nick
        self.assertEqual([(r["where"], r["to"]) for r in d.json("history", "show", where)], [(None, bo.nick)])
        self.assertIn(" @%s " % bo.nick, d.ctl("history", "show", where))

    def test_an_export_of_many_pages(self):
        d, room = self.d, self.room()
        c = self.client()
        c.send("/join " + room)
        for i in range(1200):
            c.send("line %d" % i)
        c.sync()
        rows = [json.loads(line) for line in d.ctl("history", "export", room).splitlines()]
        self.assertEqual([r["text"] for r in rows if r["event"] == "message"], ["line %d" % i for i in range(1200)])

    def test_as_many_as_are_asked_for(self):
        """However many pages of the store they fill, and the last ones."""
        d, room = self.d, self.room()
        c = self.client()
        c.send("/join " + room)
        said = ["crane %d %s" % (i, "x" * 3000) for i in range(60)]
        c.send(*said)
        c.sync()
        for words in (["show", room], ["search", "crane in:" + room]):
            for n in (1, 20, 45, 60, 500):
                with self.subTest(words[0], n=n):
                    rows = d.json("history", words[0], "-n", n, *words[1:])
                    self.assertEqual([r["text"][:8] for r in rows], [s[:8] for s in said[-n:]])
            self.assertEqual(len(d.ctl("history", words[0], "-n", 60, *words[1:]).splitlines()), 61)
        self.assertEqual(d.json("history", "search", "crane -crane in:" + room), [])

    def test_purge(self):
        """Of one room: nothing else is missing afterwards."""
        d, room, other = self.d, self.room(), self.room()
        c = self.client()
        c.send("/join " + other, "heron", "/join " + room, "pelican")
        c.sync()
        self.assertEqual(d.ctl("history", "purge", "--older", "1d", room), "0 messages and 0 events deleted\n")
        self.assertIn("say 1d, 12h", d.ctl("history", "purge", "--older", "1", room, status=2))
        self.assertEqual(d.ctl("history", "purge", room), "1 message and 1 event deleted\n")
        self.assertEqual(d.ctl("history", "export", room), "")
        self.assertEqual(d.json("history", "show", room), [])
        self.assertEqual(d.json("history", "search", "pelican"), [])
        self.assertEqual([r["text"] for r in d.json("history", "search", "heron")], ["heron"])
        self.assertEqual(d.json("store", "check"), {"database": "ok", "full_text_index": "ok"})
        self.assertIn("never-was", d.ctl("history", "purge", "never-was", status=5))


# chatd-store's clock goes 60 ms forward each time that somebody looks at it, while the file HURRY begins with 1.
HURRY = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
static const volatile char *hurry = "0";
static long looks;
static int (*real)(clockid_t, struct timespec *);
__attribute__((constructor)) static void begin(void)
{
    const char *file = getenv("HURRY");
    int fd = file && !strcmp(program_invocation_short_name, "chatd-store") ? open(file, O_RDONLY | O_CLOEXEC) : -1;
    void *p = fd >= 0 ? mmap(NULL, 1, PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;
    if (p != MAP_FAILED)
        hurry = p;
    real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
}
int clock_gettime(clockid_t clock, struct timespec *t)
{
    long ms;
    int r;
    if (!real)
        begin();
    r = real(clock, t);
    if (r != 0 || clock != CLOCK_MONOTONIC)
        return r;
    ms = t->tv_nsec / 1000000 + 60 * __atomic_add_fetch(&looks, *hurry == '1', __ATOMIC_RELAXED);
    t->tv_sec += ms / 1000;
    t->tv_nsec = ms % 1000 * 1000000 + t->tv_nsec % 1000000;
    return 0;
}
"""


class Incomplete(OwnCase):
    """An answer that lacks something says so, and is no success."""
    store = True

    def test_not_written_yet(self):
        if not build().killpoints:
            self.skipTest("no points to hang at")
        d = self.daemon({"store": {"query_time": 200}}, env={"CHATD_DISK": "any:1:hang:1:hung"})
        alice = self.client("alice")
        alice.send("crane before")
        self.assertEqual(len(d.json("history", "show", "lobby")), 1)
        hung = os.path.join(d.dir, "state", "hung")
        with open(hung, "wb"):
            self.addCleanup(lambda: os.path.exists(hung) and os.unlink(hung))
        alice.send("crane while it hangs")
        alice.sync()
        asked = (["show", "lobby"], ["search", "crane"], ["export", "*"])
        for words in asked:
            status, out, err = d.ctl_run("-o", "json", "history", *words)
            self.assertEqual((status, [r["text"] for r in json.loads(out)]), (1, ["crane before"]), err)
            self.assertIn("may be missing", err)
        os.unlink(hung)
        self.eventually("all of it", lambda: d.ctl_run("history", "show", "lobby")[0] == 0)
        for words in asked:
            self.assertEqual(len(json.loads(d.ctl("-o", "json", "history", *words))), 2)

    def test_no_time_left(self):
        where = tempfile.TemporaryDirectory(prefix="chatd-t-")
        self.addCleanup(where.cleanup)
        os.chmod(where.name, 0o755)
        hurry = os.path.join(where.name, "hurry")

        def put(what):
            with open(hurry, "r+b" if os.path.exists(hurry) else "wb", buffering=0) as f:
                f.write(what)
        put(b"0")
        d = self.daemon({"store": {"query_time": 50}}, env={"LD_PRELOAD": self.preload(HURRY), "HURRY": hurry})
        alice = self.client("alice")
        alice.send(*("crane %d" % i for i in range(200)))
        alice.sync()
        self.eventually("all is written", lambda: len(d.json("history", "export", "lobby")) > 200)
        put(b"1")
        status, out, err = d.ctl_run("history", "search", "from:nobody")
        self.assertEqual((status, len(out.splitlines())), (1, 1))
        self.assertIn("store.query_time", err)
        # where something is found in each question's time, all is
        self.assertEqual([r["text"] for r in d.json("history", "show", "-n", 150, "lobby")], ["crane %d" % i for i in range(50, 200)])
        put(b"0")
        self.assertEqual(d.json("history", "search", "from:nobody"), [])


class Invitations(OwnCase):
    passwords = store = True
    config = {"accounts": {"cost": 8192, "register": False}}

    def test_made_listed_deleted(self):
        d = self.daemon()
        word = d.ctl("invite", "create", "--room", "#den,pit", "--uses", "2", "--expires", "1h").strip()
        i = d.json("invite", "list")[0]
        self.assertIn("not the name of a room: a b", d.ctl("invite", "create", "--room", "ok,a b", status=2))
        self.assertIn("given twice", d.ctl("invite", "create", "--room", "a", "--room", "b", status=2))
        self.assertEqual((i["rooms"], i["uses"], i["used"], i["by"]), ("den,pit", 2, 0, "uid 0"))
        self.assertNotIn(word, "\n".join(d.lines))
        d.ctl("invite", "delete", i["id"])
        self.assertEqual(d.json("invite", "list"), [])
        self.assertIn("no such entry: 9", d.ctl("invite", "delete", "9", status=5))

    def test_many(self):
        """More than a page holds."""
        d, n = self.daemon(), 150
        rooms = ",".join("%03d%s" % (i, "r" * 60) for i in range(8))
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(d.socket)
            s.sendall(b"".join(b"invite create --room %s\n" % rooms.encode() for _ in range(n)))
            s.shutdown(socket.SHUT_WR)
            while s.recv(65536):
                pass
        self.assertEqual([(i["id"], i["rooms"]) for i in d.json("invite", "list")], [(i + 1, rooms) for i in range(n)])


if __name__ == "__main__":
    main()
