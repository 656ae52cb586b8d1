"""The store's database: what it holds, held against what a crowd (load.Swarm) was told was taken; and how to do it harm."""

import collections
import contextlib
import os
import re
import sqlite3

from harness import eventually

WORDS = re.compile(r"p*(\d+)\.(\d+)\.(\d+)$")


def path(d):
    return os.path.join(d.dir, "state", "chatd.db")


def opened(d):
    return sqlite3.connect("file:%s?mode=ro" % path(d), uri=True)


def texts(d, file=None):
    """Of all messages in it now, or in that copy."""
    with contextlib.closing(sqlite3.connect(file) if file else opened(d)) as db:
        return [r[0] for r in db.execute("SELECT text FROM message ORDER BY seq")]


def kept(d, *wanted):
    """Until these are there, each once."""
    def there():
        now = collections.Counter(texts(d))
        return all(now[text] == 1 for text in wanted)

    return eventually("%r in the database" % (wanted,), there)


@contextlib.contextmanager
def locked(d):
    """Meanwhile nobody else can write to it."""
    with contextlib.closing(sqlite3.connect(path(d), isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        yield
        db.execute("ROLLBACK")


@contextlib.contextmanager
def taken(d):
    """Of a daemon that has ended: until then nobody else can even read it."""
    with contextlib.closing(sqlite3.connect(path(d), isolation_level=None)) as db:
        db.execute("PRAGMA locking_mode=EXCLUSIVE")
        db.execute("PRAGMA journal_mode=DELETE")
        db.execute("BEGIN EXCLUSIVE")
        yield


GARBAGE = b"this is no database, and not to be written over\n" * 100


def spoil(d):
    """Of a daemon that has ended: something else is in its place."""
    for end in ("-wal", "-shm"):
        if os.path.exists(path(d) + end):
            os.unlink(path(d) + end)
    os.rename(path(d), path(d) + ".good")
    with open(path(d), "wb") as f:
        f.write(GARBAGE)


def mend(d):
    os.rename(path(d) + ".good", path(d))


def check(d, *swarms):
    """Of a daemon that has ended, or a store that is at rest. missing: told to their sender, and not there; again: there more
    than once; disorder: a sender's numbers do not count up; strange: never said; bad: what integrity_check says."""
    db = opened(d)
    bad = [r[0] for r in db.execute("PRAGMA integrity_check") if r[0] != "ok"]
    said = collections.defaultdict(list)
    for place, text in db.execute("SELECT place, text FROM message ORDER BY seq"):
        hit = WORDS.match(text or "")
        if hit:
            said[tuple(int(x) for x in hit.groups()[:2])].append(int(hit.group(3)))
    db.close()
    counts = {"told": 0, "kept": 0, "missing": 0, "again": 0, "disorder": 0, "strange": 0, "bad": len(bad)}
    for swarm in swarms:
        for m in swarm.members:
            assert len(m.rooms) == 1, "only for crowds whose members are in one room each"
            numbers = said.pop((m.rooms[0].index, m.index), [])
            counts["told"] += m.own
            counts["kept"] += len(numbers)
            counts["missing"] += len(set(range(m.own)) - set(numbers))
            counts["again"] += len(numbers) - len(set(numbers))
            counts["disorder"] += numbers != sorted(numbers)
            counts["strange"] += sum(n >= m.total for n in numbers)
    counts["strange"] += sum(len(v) for v in said.values())
    return counts


def has_last(d, swarm):
    """Is the last that each of them said there? Looks at the end only: there may be millions."""
    db = opened(d)
    try:
        texts = {r[0] for r in db.execute("SELECT text FROM message ORDER BY seq DESC LIMIT 20000")}
    except sqlite3.OperationalError:
        return False
    finally:
        db.close()
    return all("%d.%d.%d" % (m.rooms[0].index, m.index, m.own - 1) in texts for m in swarm.members)


def good(counts):
    return counts["told"] > 0 and not any(counts[k] for k in ("missing", "again", "disorder", "strange", "bad"))
