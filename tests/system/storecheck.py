"""What the store's database holds, held against what a crowd (load.Swarm) was told was taken."""

import collections
import os
import re
import sqlite3

WORDS = re.compile(r"p*(\d+)\.(\d+)\.(\d+)$")


def path(d):
    return os.path.join(d.dir, "state", "chatd.db")


def opened(d):
    return sqlite3.connect("file:%s?mode=ro" % path(d), uri=True)


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
