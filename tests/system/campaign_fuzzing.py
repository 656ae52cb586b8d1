#!/usr/bin/env python3
"""Every fuzz target for so many executions under AddressSanitizer and UBSan; a table at the end.

    campaign_fuzzing.py [--runs 10000000] [--build DIR] [TARGET]...

Builds the fuzzers in DIR (default: build-fuzz beside the sources) with clang, and runs them one
after the other from the corpora of tests/fuzz/corpus; what they find goes into DIR/found. Exit
status 1 when one found something.
"""
import argparse
import os
import re
import subprocess
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FUZZ = os.path.join(TOP, "tests", "fuzz")


def build(directory):
    os.makedirs(directory, exist_ok=True)
    if not os.path.exists(os.path.join(TOP, "configure")):
        subprocess.run(["./autogen.sh"], cwd=TOP, check=True, stdout=subprocess.DEVNULL)
    if not os.path.exists(os.path.join(directory, "Makefile")):
        subprocess.run([os.path.join(TOP, "configure"), "--enable-fuzzer", "CC=clang", "CFLAGS=-g -O1"], cwd=directory,
                       check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["make", "-s", "-j2"], cwd=directory, check=True)


# a worker and a broker to each execution: so many seconds instead
SLOW = {"session": 3600}


def fuzz(directory, name, runs):
    """(executions done, seconds, found anything)"""
    work = os.path.join(directory, "found", name)
    os.makedirs(work, exist_ok=True)
    began = time.monotonic()
    words = os.path.join(FUZZ, name + ".dict")
    p = subprocess.run([os.path.join(directory, "tests", "fuzz", "fuzz_" + name), work, os.path.join(FUZZ, "corpus", name),
                        "-runs=%d" % runs, "-max_len=4096",
                        # libconfig loses memory of its own, and looking for leaks after each run is slow
                        "-detect_leaks=%d" % (name != "config"), "-artifact_prefix=%s/" % work]
                       + ["-dict=" + words] * os.path.exists(words)
                       + ["-max_total_time=%d" % SLOW[name]] * (name in SLOW),
                       stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, errors="replace", check=False)
    done = re.findall(r"^Done (\d+) runs", p.stderr, re.M)
    if p.returncode != 0:
        sys.stdout.write("".join(line + "\n" for line in p.stderr.splitlines()[-60:]))
    return int(done[0]) if done else 0, time.monotonic() - began, p.returncode != 0


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--runs", type=int, default=10_000_000)
    ap.add_argument("--build", default=os.path.join(TOP, "build-fuzz"))
    ap.add_argument("targets", nargs="*")
    a = ap.parse_args()
    targets = a.targets or sorted(f[5:-2] for f in os.listdir(FUZZ) if f.startswith("fuzz_") and f.endswith(".c"))
    build(a.build)
    rows = [(t,) + fuzz(a.build, t, a.runs) for t in targets]
    print("%-10s %12s %8s %10s  %s" % ("target", "executions", "seconds", "per second", "found"))
    for t, n, s, bad in rows:
        print("%-10s %12d %8.0f %10.0f  %s" % (t, n, s, n / s if s else 0, "YES" if bad else "nothing"))
    return 1 if any(bad or (n < a.runs and t not in SLOW) for t, n, _, bad in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
