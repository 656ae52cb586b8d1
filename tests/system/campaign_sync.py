#!/usr/bin/env python3
"""Two clients on different workers: a message, an answer from the registry, then an answer to the receiver.
The message is always there first. A hundred thousand times; also while the broker is killed.

    campaign_sync.py [--build DIR] [--rounds 100000]
"""

import argparse
import sys
import time

import campaign
import faults
from harness import Daemon
from test_order import sync_rounds


def rounds(c, name, n, kill):
    d = Daemon({"workers": 2})
    alice, bob = d.client("alice"), d.client("bob")
    k = 0
    while d.worker_of("alice") == d.worker_of(bob.name):
        k += 1
        bob = d.client("bob%d" % k)
    killer = faults.Killer(d, "broker") if kill else None
    begun = time.monotonic()
    late = done = 0
    while done < n:
        late += sync_rounds(d, alice, bob, min(1000, n - done))
        done += min(1000, n - done)
        if killer:
            killer.act()
    row = {"rounds": done, "late": late, "kills": killer.kills if killer else 0, "seconds": round(time.monotonic() - begun, 1)}
    d.close()
    c.row(name, row, late == 0 and done == n)


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--rounds", type=int, default=100000)
    c = campaign.Campaign("sync", parser)
    c.part("sync", lambda: rounds(c, "sync", c.options.rounds, False))
    c.part("sync, broker killed", lambda: rounds(c, "sync, broker killed", c.options.rounds // 5, True))
    return c.end()


if __name__ == "__main__":
    sys.exit(main())
