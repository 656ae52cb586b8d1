#!/usr/bin/env python3
"""Coming, talking and going for an hour, by telnet and WebSocket, with the page fetched and small files shared: descriptors and memory must
stay level (R14).

    campaign_soak.py [--build DIR] [--minutes 60]
"""

import argparse
import sys

import campaign
from churn import churn
from harness import Daemon, listeners
from load import table


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--clients", type=int, default=150, help="at the same time")
    c = campaign.Campaign("soak", parser)

    def soak():
        d = Daemon({"limits": {"max_sessions": 1000}, "listen": listeners("telnet", "web")})
        rows, problems = churn(d, c.options.minutes * 60, c.options.clients, samples=max(12, int(c.options.minutes)))
        d.close()
        print(table(rows))
        for p in problems:
            print("problem: " + p)
        last = dict(rows[-1]) if rows else {}
        last["problems"] = len(problems)
        c.row("soak", last, rows and not problems)

    c.part("soak", soak)
    return c.end()


if __name__ == "__main__":
    sys.exit(main())
