#!/usr/bin/env python3
"""Every fuzz target for so many executions under AddressSanitizer and UBSan; a table at the end.

    campaign_fuzzing.py [-j N] [--runs 100000000] [--build DIR] [--no-compare] [--slice 600] [TARGET]...
    campaign_fuzzing.py [--build DIR] --table
    campaign_fuzzing.py [--build DIR] --merge [TARGET]...

Builds the fuzzers in DIR (default: build-fuzz beside the sources) with clang, and runs them in turns,
N (1) at a time, what lacks most first, none twice at a time, each for a slice of so many seconds of its own CPU time. A target is done after
--runs executions, or, where it makes fewer than 30,000 in a second of CPU time, after an hour of that.
With --no-compare DIR is built so that no comparison is told to the fuzzer: it makes twice as many executions, and knows only
the words of dictionaries and what it has seen.
What has been executed stands in DIR/ledger and is added to from run to run, so a campaign may be
stopped (SIGTERM) and go on later; removing the ledger begins anew. New inputs are kept in DIR/seen.

An input that is found goes to DIR/found/TARGET, and the target begins at nothing again: it is to
have no find in all its executions. It is left out until all that was found before passes.
--table prints what the ledger says; --merge adds some inputs of DIR/seen that reach something new to
tests/fuzz/corpus. Exit status 1 when something was found or a target is not done.
"""
import argparse
import concurrent.futures
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FUZZ = os.path.join(TOP, "tests", "fuzz")
SLOW_RATE, SLOW_CPU = 30_000, 3600
FIRST_CPU = 20      # the first slice of a target: to know its rate
CORPUS_MAX = 180 << 10  # bytes
MERGE_MAX = 40          # files at once

# what each byte more costs these is more than it finds; the others take 4096
MAX_LEN = {"text": 512, "telnet": 512, "ws": 512}
# a stack of each allocation is wanted when something is found, and is made again then
ASAN = "malloc_context_size=2:quarantine_size_mb=16:detect_leaks=0"


def build(directory, compare):
    os.makedirs(directory, exist_ok=True)
    if not os.path.exists(os.path.join(TOP, "configure")):
        subprocess.run(["./autogen.sh"], cwd=TOP, check=True, stdout=subprocess.DEVNULL)
    if not os.path.exists(os.path.join(directory, "Makefile")):
        subprocess.run([os.path.join(TOP, "configure"), "--enable-fuzzer", "CC=clang",
                        "CFLAGS=-g -O2" + " -fno-sanitize-coverage=trace-cmp" * (not compare)], cwd=directory,
                       check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["make", "-s", "-j2"], cwd=directory, check=True)


class Ledger:
    """What each target has done since it last found something: executions, CPU seconds; and all it ever found."""

    def __init__(self, directory):
        self.path = os.path.join(directory, "ledger")
        self.lock = threading.Lock()
        self.rows = {}
        if os.path.exists(self.path):
            with open(self.path, encoding="utf-8") as f:
                self.rows = json.load(f)

    def row(self, target):
        return self.rows.setdefault(target, {"executions": 0, "cpu": 0.0, "found": 0})

    def rate(self, target):
        r = self.row(target)
        return r["executions"] / r["cpu"] if r["cpu"] > 0 else 0

    def add(self, target, executions, cpu, found):
        with self.lock:
            r = self.row(target)
            r["executions"] = 0 if found else r["executions"] + executions
            r["cpu"] = 0.0 if found else r["cpu"] + cpu
            r["found"] += found
            with open(self.path + ".new", "w", encoding="utf-8") as f:
                json.dump(self.rows, f, indent=1)
            os.rename(self.path + ".new", self.path)

    def done(self, target, runs):
        r = self.row(target)
        return r["executions"] >= runs or (r["cpu"] >= SLOW_CPU and self.rate(target) < SLOW_RATE)

    def lacks(self, target, runs):
        """CPU seconds, of one whose rate is known."""
        r, rate = self.row(target), self.rate(target)
        return (runs - r["executions"]) / rate if rate >= SLOW_RATE else SLOW_CPU - r["cpu"]

    def seconds(self, target, runs, most):
        """A slice, or what it lacks: no two runs are equally quick, so that is rounded up."""
        return min(most, max(10, 1.05 * self.lacks(target, runs)))

    def print(self, targets, runs):
        print("%-12s %12s %8s %10s %6s  %s" % ("target", "executions", "CPU s", "per second", "found", ""))
        for t in targets:
            r = self.row(t)
            print("%-12s %12d %8.0f %10.0f %6d  %s" % (t, r["executions"], r["cpu"], self.rate(t), r["found"],
                                                      "done" if self.done(t, runs) else "goes on"))


class Campaign:
    def __init__(self, directory, ledger, runs, cpu):
        self.dir, self.ledger, self.runs, self.slice = directory, ledger, runs, cpu
        self.children = set()
        self.stopped = False
        signal.signal(signal.SIGTERM, self.stop)
        signal.signal(signal.SIGINT, self.stop)

    def stop(self, *_):
        self.stopped = True
        for child in list(self.children):
            os.kill(child.pid, signal.SIGINT)   # it says how many it has executed

    def run(self, target, args):
        """(output, exit status, CPU seconds) of a fuzzer"""
        env = dict(os.environ, ASAN_OPTIONS=ASAN)
        child = subprocess.Popen([os.path.join(self.dir, "tests", "fuzz", "fuzz_" + target), *args], env=env, stderr=subprocess.PIPE,
                                 stdout=subprocess.DEVNULL, text=True, errors="replace", start_new_session=False, cwd=self.dir)
        self.children.add(child)
        if self.stopped:
            os.kill(child.pid, signal.SIGINT)
        with child.stderr:
            said = child.stderr.read()
        _, status, used = os.wait4(child.pid, 0)
        self.children.remove(child)
        child.returncode = os.waitstatus_to_exitcode(status)
        return said, child.returncode, used.ru_utime + used.ru_stime

    def found(self, target):
        where = os.path.join(self.dir, "found", target)
        os.makedirs(where, exist_ok=True)
        os.makedirs(os.path.join(self.dir, "seen", target), exist_ok=True)
        return sorted(os.path.join(where, f) for f in os.listdir(where))

    def mended(self, target):
        """Does all that was found pass by now? It is an input like others then."""
        for path in self.found(target):
            if self.run(target, ["-timeout=60", path])[1] != 0:
                return False
            shutil.move(path, os.path.join(self.dir, "seen", target))
        return True

    def fuzz(self, target):
        """A slice. Returns whether something went wrong."""
        seen = os.path.join(self.dir, "seen", target)
        words = os.path.join(FUZZ, target + ".dict")
        rate = self.ledger.rate(target)
        left = self.runs - self.ledger.row(target)["executions"]
        count = min(left, int(rate * self.ledger.seconds(target, self.runs, self.slice)) + 1) if rate > 0 else left
        was = self.found(target)
        said, status, cpu = self.run(target, [
            seen, os.path.join(FUZZ, "corpus", target), "-runs=%d" % count, "-max_len=%d" % MAX_LEN.get(target, 4096),
            "-max_total_time=%d" % (FIRST_CPU if rate == 0 else 6 * self.slice), "-print_final_stats=1", "-timeout=300",
            # what it keeps of how rare a feature is costs those with many of them half of their time
            "-entropic=%d" % (rate == 0 or rate > 5000), "-detect_leaks=0",
            "-artifact_prefix=%s/" % os.path.join(self.dir, "found", target)]
            + ["-dict=" + words] * os.path.exists(words))
        done = re.findall(r"number_of_executed_units: (\d+)", said) + re.findall(r"^#(\d+)\t", said, re.M)[-1:]
        new = [p for p in self.found(target) if p not in was]
        for path in [p for p in new if os.path.basename(p).startswith(("slow-unit", "timeout")) and self.run(target, [p])[1] == 0]:
            new.remove(path)
            os.unlink(path)
        if new or (status not in (0, 70, 72) and not self.stopped):
            self.tell("%s: exit status %d\n%s" % (target, status, "\n".join(said.splitlines()[-60:])))
            if new:
                self.ledger.add(target, 0, 0, len(new))
            return True     # without a find it could not run
        self.ledger.add(target, int(done[0]) if done else 0, cpu, 0)
        return False

    def tell(self, text):
        sys.stdout.write("%s %s\n" % (time.strftime("%F %T"), text))
        sys.stdout.flush()

    def slice_of(self, target):
        """False: not again in this run."""
        if not self.mended(target):
            self.tell("%s: what was found still fails" % target)
            return False
        if self.stopped or self.fuzz(target):
            return False
        r = self.ledger.row(target)
        self.tell("%s: %d executions, %.0f s, %.0f/s" % (target, r["executions"], r["cpu"], self.ledger.rate(target)))
        return not self.ledger.done(target, self.runs)

    def take(self, waiting):
        """Out of `waiting` one that has not shown how quick it is, or the one that lacks most: so all end together."""
        with self.ledger.lock:
            if self.stopped or not waiting:
                return None
            target = max(waiting, key=lambda t: (self.ledger.rate(t) == 0, self.ledger.rate(t) and self.ledger.lacks(t, self.runs)))
            waiting.remove(target)
            return target

    def work(self, waiting):
        """Slices until there is nothing left that is not in other hands."""
        target = self.take(waiting)
        while target:
            if self.slice_of(target):
                with self.ledger.lock:
                    waiting.add(target)
            target = self.take(waiting)

    def go(self, targets, jobs):
        waiting = {t for t in targets if not self.ledger.done(t, self.runs)}
        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            for done in [pool.submit(self.work, waiting) for _ in range(jobs)]:
                done.result()

    def merge(self, target):
        """Into the corpus what reaches something new, what reaches most first, as long as the corpus stays small."""
        corpus, new = os.path.join(FUZZ, "corpus", target), os.path.join(self.dir, "merge", target)
        seen = os.path.join(self.dir, "seen", target)
        if not os.path.isdir(seen):
            return
        shutil.rmtree(new, ignore_errors=True)
        shutil.copytree(corpus, new)
        # by the branches they take, not by how often: those would be thousands
        self.run(target, ["-set_cover_merge=1", "-use_counters=0", "-detect_leaks=0", new, seen])
        size = sum(os.path.getsize(os.path.join(corpus, f)) for f in os.listdir(corpus))
        added = 0
        # it has copied them in that order
        for f in sorted(set(os.listdir(new)) - set(os.listdir(corpus)), key=lambda f: os.stat(os.path.join(new, f)).st_mtime_ns):
            size += os.path.getsize(os.path.join(new, f))
            if size > CORPUS_MAX or added == MERGE_MAX:
                break
            shutil.copy(os.path.join(new, f), corpus)
            added += 1
        self.tell("%s: %d inputs more" % (target, added))


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("-j", type=int, default=1, metavar="N")
    ap.add_argument("--runs", type=int, default=100_000_000)
    ap.add_argument("--slice", type=int, default=600)
    ap.add_argument("--build", default=os.path.join(TOP, "build-fuzz"))
    ap.add_argument("--no-compare", dest="compare", action="store_false")
    ap.add_argument("--table", action="store_true")
    ap.add_argument("--merge", action="store_true")
    ap.add_argument("targets", nargs="*")
    a = ap.parse_args()
    directory = os.path.abspath(a.build)
    targets = a.targets or sorted(f[5:-2] for f in os.listdir(FUZZ) if f.startswith("fuzz_") and f.endswith(".c"))
    if not a.table:
        build(directory, a.compare)
    ledger = Ledger(directory)
    campaign = Campaign(directory, ledger, a.runs, a.slice)
    if a.merge:
        for t in targets:
            campaign.merge(t)
        return 0
    if not a.table:
        campaign.go(targets, a.j)
    ledger.print(targets, a.runs)
    return 0 if all(ledger.done(t, a.runs) and not campaign.found(t) for t in targets) else 1


if __name__ == "__main__":
    sys.exit(main())
