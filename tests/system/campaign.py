"""What the campaigns share: options, a table of counts, an exit status."""

import os
import sys
import time
import traceback

from harness import Daemon, build
from load import table


class Campaign:
    def __init__(self, name, parser):
        parser.add_argument("--build", help="the build tree (default: CHATD_BUILD, or build/)")
        self.options = parser.parse_args()
        if self.options.build:
            os.environ["CHATD_BUILD"] = os.path.abspath(self.options.build)
        os.environ["CHATD_LONG"] = "1"
        self.name, self.rows, self.bad = name, [], 0
        self.begun = time.monotonic()
        print("campaign %s on %s%s" % (name, build().path, ", sanitizers" if build().sanitized else ""), flush=True)

    def part(self, name, fn):
        print("-- %s" % name, flush=True)
        try:
            fn()
        except Exception as e:  # the other parts still count
            traceback.print_exc()
            for d in list(Daemon.running):
                print("---- the daemon's log ends with ----\n%s\n----" % d.tail(30))
                try:
                    d.close()
                except AssertionError:
                    pass
            self.row(name, {"result": "%s: %s" % (type(e).__name__, str(e).split("\n")[0][:100])}, False)

    def row(self, name, counts, good):
        row = {"part": name}
        row.update(counts)
        row["verdict"] = "good" if good else "VIOLATED"
        self.rows.append(row)
        self.bad += not good
        print(table([row]), flush=True)

    def end(self):
        print("\n%s: %.0f s\n%s" % (self.name, time.monotonic() - self.begun, table(self.rows)))
        print("%d parts good, %d violated" % (len(self.rows) - self.bad, self.bad), flush=True)
        sys.stdout.flush()
        return 1 if self.bad or not self.rows else 0
