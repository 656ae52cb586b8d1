#!/usr/bin/env python3
"""What an administrator does with the database: status, check, backup, purge."""

import os
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
        self.at_rest(*texts)
        return alice

    def at_rest(self, *texts):
        eventually("%r in the database" % (texts,), lambda: set(texts) <= set(self.texts()))

    def texts(self, path=None):
        db = sqlite3.connect(path) if path else storecheck.opened(self.d)
        try:
            return [r[0] for r in db.execute("SELECT text FROM message ORDER BY seq")]
        finally:
            db.close()

    def indexed(self, word):
        db = storecheck.opened(self.d)
        try:
            return any(word in row[0] for row in db.execute("SELECT block FROM message_text_data"))
        finally:
            db.close()

    def test_status(self):
        d = self.daemon()
        self.said("one", "two")
        status = d.json("store", "status")
        self.assertEqual((status["messages"], status["schema"], status["readable"], status["writable"]),
                         (2, 2, "yes", "yes"))

    def test_check(self):
        d = self.daemon()
        self.said("one", "two")
        self.assertEqual(d.json("store", "check"), {"database": "ok", "full_text_index": "ok"})

    def test_check_finds_damage(self):
        d = self.daemon()
        alice = self.said(*("word%d" % i for i in range(400)))
        alice.send("last")
        self.at_rest("last")
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
        self.assertIn("one", self.texts(path))
        db = sqlite3.connect(path)
        self.assertEqual(db.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
        self.assertEqual(db.execute("PRAGMA journal_mode").fetchone(), ("delete",))
        db.close()
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        size = os.path.getsize(path)
        with self.assertRaises(CtlError):
            d.ctl("store", "backup", path)
        self.assertEqual(os.path.getsize(path), size)
        for wrong in ("copy.db", os.path.join(d.dir, "nowhere", "copy.db")):
            with self.assertRaises(CtlError):
                d.ctl("store", "backup", wrong)

    def test_purge(self):
        d = self.daemon()
        alice = self.said("one", "two")
        alice.send("/join " + self.room(), "three")
        self.at_rest("three")
        d.ctl("history", "purge", "lobby", "--older", "1d")
        self.assertEqual(sorted(self.texts()), ["one", "three", "two"])
        d.ctl("history", "purge", "lobby")
        self.assertEqual(self.texts(), ["three"])
        self.assertEqual(d.json("store", "check"), {"database": "ok", "full_text_index": "ok"})
        with self.assertRaises(CtlError):
            d.ctl("history", "purge", "nowhere")

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
        other = sqlite3.connect(storecheck.path(d), isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        mark = d.log_mark()
        bob, = self.clients("bob")
        bob.send("two")
        d.expect_log("cannot write to the database", mark)
        status = d.json("store", "status")
        self.assertEqual((status["messages"], status["writable"]), (1, "database is locked"))
        self.assertIn("locked", d.json("status")["store"])
        self.assertEqual(d.json("store", "check")["database"], "ok")
        with self.assertRaises(CtlError):
            d.ctl("history", "purge", "lobby")
        other.execute("ROLLBACK")
        other.close()
        d.expect_log("the database can be written again", mark)
        self.at_rest("one", "two")


if __name__ == "__main__":
    main()
