#!/usr/bin/env python3
"""The long measurement of R1, R2 and R4: kill -9 under load, and a million messages.

    campaign_faults.py [--build DIR] [--seconds 60] [--messages 1000000] [--skip PART]...

A quarter of the clients whose processes are killed come by WebSocket. In "web" chatd-web is killed under uploads, downloads and
handshakes: nothing accepted may be lost, no message be without its file, nothing be half on the disk, nobody who has spoken lose a WebSocket.
Parts: order, broker, broker-order, broker-hangs, worker, control, web, master, killpoints. A table of the counts
at the end; the exit status is 1 when anything was lost, doubled, out of order, or took longer than it may.
"""

import argparse
import os
import subprocess
import sys
import time

import campaign
import faults
import webload
from harness import Daemon, build, limit, listeners
from load import Swarm

WEB = 4  # each so-manieth client is a WebSocket one


def daemon(**more):
    return Daemon(dict({"workers": 4, "limits": {"max_sessions": 1000}, "listen": listeners("telnet", "web")}, **more))


def exact(row):
    return all(row[k] == 0 for k in ("lost", "doubled", "out of order", "disconnected"))


def million(c, messages, kill):
    """200 clients, 20 rooms; with kill: a broker dies each half second meanwhile."""
    d = daemon()
    swarm = Swarm(d, 200, 20, window=8, stem="m")
    killer = faults.Killer(d, "broker")
    swarm.run(each=messages // 200, every=0.5 if kill else None, act=killer.act, quiet=60)
    row = swarm.counts()
    row["kills"] = killer.kills
    swarm.close()
    d.close()
    good = exact(row) and row["sent"] == messages // 200 * 200 and row["received"] == 10 * row["sent"] and (killer.kills > 0) == kill
    c.row("order, broker killed" if kill else "order", row, good)


def repeated(c, name, role, seconds, every, longest, stopper=False):
    d = daemon()
    row, swarm = faults.under_load(d, role, seconds, every, clients=100, rooms=10, stopper=stopper, web=WEB)
    d.close()
    c.row(name, row, exact(row) and row["kills"] >= seconds / every * 0.5 and row["longest wait ms"] < limit(longest))


def workers(c, seconds):
    d = daemon()
    rows = faults.kill_worker_under_load(d, max(4, int(seconds / 3)), 1.0, clients=80, rooms=8, web=WEB)
    d.close()
    row = {k: sum(r[k] for r in rows) for k in ("by web", "sent", "received", "lost", "doubled", "out of order", "disconnected", "kills",
                                                "its clients", "notices wrong", "ghosts")}
    row["longest wait ms"] = max(r["longest wait ms"] for r in rows)
    row["served after ms"] = max(r["served after ms"] for r in rows)
    c.row("worker", row, exact(row) and not row["notices wrong"] and not row["ghosts"] and row["served after ms"] < limit(100)
          and row["its clients"] > 0)


def webs(c, seconds):
    if not build().web:
        print("skipped: built without libmicrohttpd and wslay", flush=True)
        return
    d = daemon()
    row = webload.under_kills(d, seconds, 1.0)
    d.close()
    c.row("web", row, webload.good(row) and row["kills"] >= seconds * 0.5 and row["longest wait ms"] < limit(1000))


def masters(c, times):
    d = daemon()
    ended, ready, orphans = [], [], 0
    for _ in range(times):
        people = [d.client("p%d" % i) for i in range(10)]
        e, r = faults.kill_master(d)
        orphans += e is None
        ended.append(e or 99)
        ready.append(r)
        for p in people:
            p.close()
    d.close()
    c.row("master", {"kills": times, "orphans": orphans, "ended after ms": round(1000 * max(ended)), "ready after ms": round(1000 * max(ready))},
          orphans == 0 and max(ended) < limit(2) and max(ready) < limit(1))


def killpoints(c):
    """Every step of a request, in the tests' own long form."""
    begun = time.monotonic()
    r = subprocess.run([sys.executable, os.path.join(os.path.dirname(os.path.abspath(__file__)), "run"), "killpoints"],
                       env=dict(os.environ, CHATD_LONG="1"), stdout=subprocess.PIPE, text=True)
    sys.stdout.write(r.stdout)
    c.row("killpoints", {"seconds": round(time.monotonic() - begun), "result": r.stdout.strip().split("\n")[-1]}, r.returncode == 0)


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--messages", type=int, default=1000000)
    parser.add_argument("--skip", action="append", default=[])
    c = campaign.Campaign("faults", parser)
    o = c.options
    parts = [
        ("order", lambda: million(c, o.messages, False)),
        ("broker", lambda: repeated(c, "broker", "broker", o.seconds, 1.0, 500)),
        ("broker-order", lambda: million(c, o.messages, True)),
        ("broker-hangs", lambda: repeated(c, "broker-hangs", "broker", o.seconds, 5.0, 3000, stopper=True)),
        ("worker", lambda: workers(c, o.seconds)),
        ("control", lambda: repeated(c, "control", "control", o.seconds, 1.0, 500)),
        ("web", lambda: webs(c, o.seconds)),
        ("master", lambda: masters(c, 20)),
        ("killpoints", lambda: killpoints(c)),
    ]
    for name, part in parts:
        if name not in o.skip:
            c.part(name, part)
    return c.end()


if __name__ == "__main__":
    sys.exit(main())
