"""Killing and stopping processes under load; used by the quick tests and by the campaign."""

import collections
import os
import signal
import socket
import subprocess
import time

from harness import NAME_PROMPT, limit, signal_pid, wait_gone
from load import Swarm


class Killer:
    """Kills a role again and again; act() is called by the load's loop."""

    def __init__(self, d, role, sig=signal.SIGKILL):
        self.d, self.role, self.sig = d, role, sig
        self.kills = self.absent = 0
        d.restarts_meant = True

    def act(self):
        pids = self.d.kids(self.role)
        if not pids:
            self.absent += 1  # its successor is still waiting to be started
            return
        os.kill(pids[0], self.sig)
        self.kills += 1


class Stopper:
    """Stops a process (SIGSTOP) each time; what stops answering is to be replaced."""

    def __init__(self, d, role):
        self.d, self.role = d, role
        self.stops, self.pids = 0, []
        d.restarts_meant = True

    def act(self):
        pids = self.d.kids(self.role)
        if pids and pids[0] not in self.pids:
            os.kill(pids[0], signal.SIGSTOP)
            self.pids.append(pids[0])
            self.stops += 1


def under_load(d, role, seconds, every, clients=40, rooms=5, window=4, stopper=False, stem="f", pad=0, web=0):
    """Load for so many seconds while a role is killed; the counts."""
    swarm = Swarm(d, clients, rooms, window=window, stem=stem, pad=pad, web=web)
    killer = Stopper(d, role) if stopper else Killer(d, role)
    try:
        swarm.run(seconds=seconds, every=every, act=killer.act)
        counts = swarm.counts()
    finally:
        swarm.close()
    counts["kills"] = killer.stops if stopper else killer.kills
    return counts, swarm


def until_prompt(address, seconds):
    """How long a new connection waits for its prompt; None: in vain."""
    begun = time.monotonic()
    end = begun + seconds
    while time.monotonic() < end:
        try:
            with socket.create_connection(address, end - time.monotonic()) as s:
                s.settimeout(max(0.01, end - time.monotonic()))
                data = b""
                while NAME_PROMPT.encode() not in data:
                    more = s.recv(4096)
                    if not more:
                        break
                    data += more
                else:
                    return time.monotonic() - begun
        except (ConnectionError, TimeoutError):
            pass
    return None


def kill_worker_under_load(d, kills, every, clients=40, rooms=4, stem="w", web=0):
    """Each kill costs the clients of that worker, and nobody else. One row of counts for each."""
    rows = []
    d.restarts_meant = True
    for k in range(kills):
        swarm = Swarm(d, clients, rooms, stem="%s%d" % (stem, k), web=web)
        users = {u["name"]: u["worker"] for u in d.json("users")}
        workers = d.pids_of("worker")
        victim = k % len(workers)
        mine = {m.name for m in swarm.members if users[m.name] == victim}
        done = {}

        def act():
            if done:
                return
            os.kill(workers[victim], signal.SIGKILL)
            begun = time.monotonic()
            done["served"] = until_prompt(("127.0.0.1", d._ports[0]), limit(5))
            done["at"] = begun

        swarm.run(seconds=2 * every, every=every, act=act)
        counts = swarm.counts()
        dead = {m.name for m in swarm.members if m.dead}
        counts["kills"] = 1
        counts["disconnected"] = len(dead ^ mine)  # others than those of the victim
        counts["its clients"] = len(mine)
        counts["served after ms"] = round(1000 * (done["served"] if done.get("served") is not None else 99))
        # everybody who stayed has been told of everybody in their room who went, once
        counts["notices wrong"] = 0
        for r in swarm.rooms:
            gone = [n for n in (m.name for m in r.members) if n in dead]
            told = collections.Counter(n.decode().split(" ")[0] for n in r.notes.elements() if b" has left the chat." in n)
            if not all(m.dead for m in r.members):
                counts["notices wrong"] += sum(told[n] != 1 for n in gone) + sum(n not in gone for n in told)
        left = {u["name"] for u in d.json("users")}
        counts["ghosts"] = len(dead & left)
        swarm.close()
        rows.append(counts)
    return rows


def kill_master(d):
    """Everything ends within 2 s and a fresh start works at once: (seconds to the end, seconds to ready)."""
    begun = time.monotonic()
    kids = d.kill()
    left = wait_gone(kids, limit(5))
    took = time.monotonic() - begun
    for p in left:
        signal_pid(p, signal.SIGKILL)
    begun = time.monotonic()
    d.start()
    return (None if left else took), time.monotonic() - begun


def limit_files(d, size):
    """No file of d's store may grow beyond size, as on a disk that is full. As whoever the store runs as: that one may."""
    pid = d.pids_of("store")[0]
    with open("/proc/%d/status" % pid, encoding="utf-8") as f:
        ids = dict(line.split(":\t", 1) for line in f if line[:4] in ("Uid:", "Gid:"))
    uid, gid = (int(ids[k].split()[0]) for k in ("Uid", "Gid"))
    who = {"user": uid, "group": gid, "extra_groups": []} if os.geteuid() == 0 else {}
    subprocess.run(["prlimit", "--pid", str(pid), "--fsize=%s:unlimited" % size], check=True, **who)
