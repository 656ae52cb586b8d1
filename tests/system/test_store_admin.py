#!/usr/bin/env python3
"""What an administrator does with the database: status, check, backup; and what is answered while there is no store."""

import os
import signal
import sqlite3
import stat

import storecheck
from harness import CtlError, OwnCase, eventually, main
from load import Swarm


class Admin(OwnCase):
    config = {"workers": 2, "limits": {"max_sessions": 500}}
    store = True

    def said(self, *texts):
        alice, = self.clients("alice")
        alice.send(*texts)
        storecheck.kept(self.d, *texts)
        return alice

    def indexed(self, word):
        db = storecheck.opened(self.d)
        try:
            return any(word in row[0] for row in db.execute("SELECT block FROM message_text_data"))
        finally:
            db.close()

    def test_status(self):
        d = self.daemon()
        self.said("one", "two")
        self.assertEqual(d.json("status")["store"], "well")
        status = d.json("store", "status")
        self.assertEqual((status["messages"], status["schema"], status["readable"], status["writable"]),
                         (2, 2, True, True))

    def test_check(self):
        d = self.daemon()
        self.said("one", "two")
        self.assertEqual(d.json("store", "check"), {"database": "ok", "full_text_index": "ok"})

    def test_check_finds_damage(self):
        d = self.daemon()
        alice = self.said(*("word%d" % i for i in range(400)))
        alice.send("last")
        storecheck.kept(d, "last")
        d.stop()
        with open(storecheck.path(d), "r+b") as f:  # cells of a page point elsewhere
            for page in range(12, os.path.getsize(storecheck.path(d)) // 4096):
                f.seek(4096 * page + 8)
                f.write(b"\xff" * 40)
        d.start()
        with self.assertRaises(CtlError) as e:
            d.ctl("store", "check")
        self.assertNotIn("database    ok", str(e.exception))

    def test_backup(self):
        """A whole copy, made under load, that nobody else may read; nothing is written over."""
        d = self.daemon()
        self.said("one")
        swarm = Swarm(d, 20, 3, stem="b")
        self.addCleanup(swarm.close)
        path = os.path.join(d.dir, "state", "copy.db")
        swarm.run(seconds=1, every=0.2, act=lambda: os.path.exists(path) or d.ctl("store", "backup", path))
        self.assertIn("one", storecheck.texts(d, path))
        db = sqlite3.connect(path)
        self.assertEqual(db.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
        self.assertEqual(db.execute("PRAGMA journal_mode").fetchone(), ("delete",))
        db.close()
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        size = os.path.getsize(path)
        with self.assertRaises(CtlError):
            d.ctl("store", "backup", path)
        self.assertEqual(os.path.getsize(path), size)
        self.assertIn("No such file", d.ctl("store", "backup", os.path.join(d.dir, "nowhere", "copy.db"), status=1))

    def test_one_file_at_rest(self):
        """After a stop in good order the database is whole by itself, and what was purged is nowhere in it."""
        d = self.daemon()
        self.said("marmalade-sandwich", "kept")
        d.ctl("history", "purge", "lobby")
        self.said("last words")
        eventually("its words out of the index", lambda: not self.indexed(b"marmalade"))
        d.stop()
        wal = storecheck.path(d) + "-wal"
        self.assertFalse(os.path.exists(wal) and os.path.getsize(wal))
        with open(storecheck.path(d), "rb") as f:
            self.assertNotIn(b"marmalade", f.read())
        db = sqlite3.connect("file:%s?immutable=1" % storecheck.path(d), uri=True)
        self.assertEqual(db.execute("SELECT text FROM message").fetchall(), [("last words",)])
        db.close()

    def test_while_it_cannot_be_written(self):
        """What changes something is refused at once; what only looks is answered."""
        d = self.daemon()
        self.said("one")
        mark = d.log_mark()
        with storecheck.locked(d):
            bob, = self.clients("bob")
            bob.send("two")
            d.expect_log("cannot write to the database", mark)
            status = d.json("store", "status")
            self.assertEqual((status["messages"], status["writable"], status["why_not_writable"]), (1, False, "database is locked"))
            self.assertIn("locked", d.json("status")["store"])
            code, out, _ = d.ctl_run("store", "check")
            self.assertEqual(code, 1)
            self.assertRegex(out, "database +ok")
            self.assertRegex(out, "full_text_index +not looked at: database is locked")
            for words in (("history", "purge", "lobby"), ("invite", "create"), ("account", "add", "carl")):
                self.assertIn("database is locked", d.ctl(*words, input="secret-1\n", status=1), words)
        d.expect_log("the database can be written again", mark)
        storecheck.kept(d, "one", "two")

    def test_a_store_that_is_away(self):
        d = self.daemon()
        d.restarts_meant = True
        d.kill_role("store", sig=signal.SIGSTOP)
        # the master ends it, and another one comes
        code, _, err = d.ctl_run("history", "show", "*")
        self.assertIn(code, (0, 1, 3), err)
        eventually("a store that answers", lambda: d.ctl_run("history", "show", "*")[0] == 0)

    def test_a_broker_that_is_replaced(self):
        d = self.daemon()
        d.restarts_meant = True
        d.kill_role("broker")
        eventually("an answer", lambda: d.ctl_run("store", "status")[0] == 0)

    def test_off(self):
        d = self.daemon({"store": {"enabled": False}})
        self.assertEqual(d.json("status")["store"], "off")
        d.ctl("history", "show", "*", status=1)


if __name__ == "__main__":
    main()
