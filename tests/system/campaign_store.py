#!/usr/bin/env python3
"""The long measurement of R5 and R15: what was taken is in the database, once, whatever happens to store and disk.

    campaign_store.py [--build DIR] [--kills 1000] [--part kills|disk|stop]...

kills: chatd-store is killed at random moments under load. disk (builds with --enable-killpoints): the n-th write, sync or
truncation of a run fails, for every n there is. stop: SIGTERM under load. A table at the end; exit status 1 when anything was
missing, there twice, or out of order, or integrity_check found something.
"""

import argparse
import os
import random
import sys
import time

import campaign
import faults
import storecheck
from harness import Daemon, build, eventually, limit, listeners
from load import Swarm

CONFIG = {"workers": 2, "limits": {"max_sessions": 500}}


def ended(d):
    """Stop in order: what was taken is on the disk then."""
    d.restarts_meant = True
    d.stop()


def kills(c, wanted):
    # A store that lives for a third of a second and then waits for up to five keeps some ten thousand messages a second: two
    # talk in each room, the load stays below that. Above it the ring overflows, which is another thing than what is looked for.
    d = Daemon(dict(CONFIG, listen=listeners("telnet", "web")))
    swarm = Swarm(d, 40, 2, stem="k", window=1, web=4)
    killer = faults.Killer(d, "store")
    rng = random.Random(int(time.time()))
    while killer.kills < wanted:
        swarm.run(seconds=5, every=rng.uniform(0.02, 0.6), act=killer.act, senders=swarm.members[:4])
        print("   %d kills" % killer.kills, flush=True)
    swarm.run(each=1)
    swarm.close()
    # what was left for a store that had to wait takes it longer than a stop may
    eventually("the last words in the database", lambda: storecheck.has_last(d, swarm), limit(60))
    ended(d)
    row = storecheck.check(d, swarm)
    row["kills"] = killer.kills
    # an outage longer than the ring: then what is missing is named, and the run shows nothing else
    row["outlasted"] = sum("the journal no longer has them" in line for line in d.lines)
    d.close()
    c.row("kills", row, storecheck.good(row) and row["outlasted"] == 0)


def stops(c, times):
    total = None
    for _ in range(times):
        d = Daemon(CONFIG)
        swarm = Swarm(d, 50, 5, stem="t")
        swarm.run(seconds=1.0, every=0.7, act=lambda d=d: d.proc.poll() is None and d.proc.terminate(), quiet=1)
        swarm.close()
        d.wait()
        d.proc = None
        row = storecheck.check(d, swarm)
        d.close()
        total = row if total is None else {k: total[k] + row[k] for k in row}
    total["stops"] = times
    c.row("stop", total, storecheck.good(total))


def failing(what, n, error, times=1, messages=40):
    """One run in which that operation fails: its counts, and whether it did."""
    d = Daemon(CONFIG, start=False)
    fired = os.path.join(d.dir, "state", "fired")  # where the store may write
    d.env["CHATD_DISK"] = "%s:%d:%s:%d:%s" % (what, n, error, times, fired)
    d.start()
    swarm = Swarm(d, 20, 2, stem="d")
    swarm.run(each=messages)
    swarm.close()
    ended(d)
    row = storecheck.check(d, swarm)
    happened = os.path.exists(fired)
    d.close()
    return row, happened


def disk(c):
    if not build().killpoints:
        print("skipped: this build has no points to fail at", flush=True)
        return
    for what in ("write", "sync", "truncate"):
        for error in ("io", "full"):
            n, total = 1, None
            while True:
                row, happened = failing(what, n, error)
                total = row if total is None else {k: total[k] + row[k] for k in row}
                if not storecheck.good(row):
                    print("   %s %d %s: %r" % (what, n, error, row), flush=True)
                if not happened:
                    break
                n += 1
            total["failures"] = n - 1
            c.row("disk: %s, %s" % (what, error), total, storecheck.good(total))


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--part", action="append", default=[])
    c = campaign.Campaign("store", parser)
    parts = [("kills", lambda: kills(c, c.options.kills)), ("stop", lambda: stops(c, 20)), ("disk", lambda: disk(c))]
    for name, part in parts:
        if not c.options.part or name in c.options.part:
            c.part(name, part)
    return c.end()


if __name__ == "__main__":
    sys.exit(main())
