#!/usr/bin/env python3
"""What each process gives up once it has started: read back from the kernel, and tried.

In a build with --enable-killpoints CHATD_TRY makes every role do what somebody would who has taken it over
(src/ipc/sandbox_try.c).
"""

import ctypes
import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile

from harness import Daemon, OwnCase, build, eventually, main

LANDLOCK_CREATE_RULESET, LANDLOCK_ASK_VERSION = 444, 1

# What ends a process that does it, rather than being refused.
ENDS = ("execve", "ptrace", "read-memory", "io-uring", "mount", "unshare", "bpf", "module")
# Memory that a role is not given, or is given to write.
NOT_GIVEN = {"auth": {"write-registry", "write-board"}, "broker": {"write-registry", "write-board"},
             "tls": {"write-registry", "write-board"}, "store": {"unlink-state", "write-board"},
             "web": {"write-registry"}}


def landlock():
    """The ABI that the kernel has; 0: none."""
    return max(0, ctypes.CDLL(None).syscall(LANDLOCK_CREATE_RULESET, None, 0, LANDLOCK_ASK_VERSION))


def kernel_says(pid):
    with open("/proc/%d/status" % pid, encoding="utf-8") as f:
        return dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)


class SandboxCase(OwnCase):
    config = {"listen": [{"protocol": "telnet", "address": "127.0.0.1", "port": 0}]}
    if os.geteuid() == 0:
        config["user"] = "nobody"

    def everybody(self):
        """A configuration in which every role that is built has a process, as far as it takes no more than a listener."""
        listen = [{"protocol": "telnet", "address": "127.0.0.1", "port": 0}]
        more = {}
        roles = {"worker", "broker", "control"}
        if build().web:
            listen.append({"protocol": "web", "address": "127.0.0.1", "port": 0})
            roles.add("web")
        if build().passwords:
            roles.add("auth")
        if build().store:
            roles.add("store")
        if build().tls and shutil.which("openssl"):
            path = os.path.join(self.scratch(), "tls.pem")
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                            "-subj", "/CN=chat.test", "-keyout", path, "-out", path + ".crt"], check=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            more["tls"] = {"certificate": path + ".crt", "key": path}
            listen.append({"protocol": "irc", "address": "127.0.0.1", "port": 0, "tls": True})
            roles.add("tls")
        more["listen"] = listen
        return more, roles

    def scratch(self):
        path = tempfile.mkdtemp(prefix="chatd-t-")
        self.addCleanup(shutil.rmtree, path, True)
        return path


class InForce(SandboxCase):
    def test_status(self):
        """As the kernel tells it, to chatctl and to us."""
        config, roles = self.everybody()
        d = self.daemon(config)
        rows = d.json("status", "--sandbox")
        self.assertEqual({r["role"] for r in rows} - {"master"}, roles)
        self.assertEqual(len(rows), len(d.processes()))
        for r in rows:
            with self.subTest(r["role"], index=r["index"]):
                there = kernel_says(r["pid"])
                self.assertEqual(r["uid"], int(there["Uid"].split()[0]))
                self.assertEqual(r["capabilities"], "%x" % int(there["CapEff"], 16) if int(there["CapEff"], 16) else "none")
                self.assertEqual((r["no_new_privs"], there["NoNewPrivs"]), (True, "1"))
                self.assertEqual(r["refused"], 0)
                if "Seccomp" in there and d.build.configured("HAVE_SECCOMP"):
                    self.assertEqual((r["seccomp"], there["Seccomp"]), ("filter", "2"))
                    self.assertGreaterEqual(r["filters"], 1 if r["role"] == "master" else 2)
                if r["role"] == "master":
                    continue
                for line in ("CapEff", "CapPrm", "CapInh", "CapAmb"):
                    self.assertEqual(int(there[line], 16), 0, line)
                if os.geteuid() == 0:
                    nobody = pwd.getpwnam("nobody")
                    self.assertEqual(there["Uid"].split(), [str(nobody.pw_uid)] * 4)
                    self.assertEqual(there["Gid"].split(), [str(nobody.pw_gid)] * 4)
                    self.assertEqual(there["Groups"].split(), [])
                    self.assertEqual(int(there["CapBnd"], 16), 0)
                self.assertEqual(bool(r["landlock"]), bool(landlock()))
        if os.geteuid() == 0:
            self.master(next(r for r in rows if r["role"] == "master"))
        print(d.ctl("status", "--sandbox"), flush=True)

    def master(self, row):
        """It keeps little: no raw sockets, modules, tracing, mounts, clock."""
        kept = int(row["bounds"], 16)
        for name, bit in (("NET_RAW", 13), ("SYS_MODULE", 16), ("SYS_RAWIO", 17), ("SYS_PTRACE", 19), ("SYS_ADMIN", 21),
                          ("SYS_BOOT", 22), ("SYS_TIME", 25), ("MKNOD", 27), ("BPF", 39)):
            self.assertFalse(kept >> bit & 1, name)

    def test_not_dumpable(self):
        """Nobody of the same user's can look into it."""
        if build().sanitized:
            self.skipTest("a sanitizer looks into its own process")
        d = self.daemon()
        for role in ("worker", "broker", "control"):
            for pid in d.kids(role):
                self.assertEqual(os.stat("/proc/%d/mem" % pid).st_uid, 0)
                self.assertTrue(re.search(r"core file size +0 +0", open("/proc/%d/limits" % pid, encoding="ascii").read()))

    def test_master_not_dumpable(self):
        """As systemd starts it, everybody is of one user's: the master, too, is nobody's to look into. It goes on starting others."""
        if build().sanitized:
            self.skipTest("a sanitizer looks into its own process")
        if os.geteuid() != 0 or not shutil.which("setpriv"):
            self.skipTest("needs root, and setpriv(1)")
        d = Daemon(self.config, start=False, prefix=["setpriv", "--reuid=nobody", "--clear-groups"])
        self.addCleanup(d.close)
        d.restarts_meant = True
        for top, _, files in os.walk(d.dir):
            for path in [top] + [os.path.join(top, f) for f in files]:
                os.chown(path, pwd.getpwnam("nobody").pw_uid, -1)
        d.start()
        for pid in [d.proc.pid] + [p["pid"] for p in d.processes()]:
            self.assertEqual(os.stat("/proc/%d/mem" % pid).st_uid, 0)
        os.kill(d.kids("worker")[0], signal.SIGKILL)
        d.expect_log("another is started")
        eventually("all are ready", lambda: all(p["state"] == "ready" for p in d.processes()))

    def test_no_datagrams(self):
        """Who has a Unix socket of datagrams can send to any that has a path: syslogd's, systemd's."""
        config, _ = self.everybody()
        d = self.daemon(config)
        with open("/proc/net/unix", encoding="ascii") as f:
            datagrams = {"socket:[%s]" % line.split()[6] for line in f if line.split()[4] == "0002"}
        for p in d.processes():
            if p["role"] == "master":
                continue
            has = {os.readlink(e.path) for e in os.scandir("/proc/%d/fd" % p["pid"])}
            self.assertEqual(has & datagrams, set(), p["role"])

    def test_said_aloud(self):
        """What is missing stands in the log, once for each role, and in chatctl."""
        if not build().killpoints:
            self.skipTest("it cannot be switched off in this build")
        d = self.daemon(env={"CHATD_SANDBOX": "off"})
        d.expect_log(r"worker \d runs with less of a sandbox than it should: no filter of system calls: .*no Landlock")
        d.expect_log("the master runs without a filter of system calls")
        self.assertEqual({r["seccomp"] for r in d.json("status", "--sandbox")}, {"off"})
        self.assertEqual(sum("worker" in l and "less of a sandbox" in l for l in d.lines), 1)

    def test_backups(self):
        """chatd-store writes to its directories, and nowhere else."""
        if not build().store:
            self.skipTest("this build keeps nothing")
        there, elsewhere = self.scratch(), self.scratch()
        os.chmod(there, 0o777)
        os.chmod(elsewhere, 0o777)
        d = self.daemon({"store": {"backup_dir": there}})
        d.ctl("store", "backup", os.path.join(there, "copy.db"))
        self.assertGreater(os.path.getsize(os.path.join(there, "copy.db")), 0)
        if not landlock():
            self.skipTest("this kernel has no Landlock")
        why = d.ctl("store", "backup", os.path.join(elsewhere, "copy.db"), status=1)
        self.assertIn("store.backup_dir", why)
        self.assertEqual(os.listdir(elsewhere), [])


class Tried(SandboxCase):
    def setUp(self):
        if not build().killpoints:
            self.skipTest("this build does not try (--enable-killpoints)")
        if not build().configured("HAVE_SECCOMP"):
            self.skipTest("built without libseccomp")

    def test_refused(self):
        """Every role tries all that it may not do: nothing of it is done, and the attempts are counted."""
        config, roles = self.everybody()
        d = Daemon(dict(self.config, **config), start=False)
        self.addCleanup(d.close)
        d.refusals_meant = True
        d.env["CHATD_TRY"] = "all"
        d.start()
        for role in roles:
            with self.subTest(role):
                self.one_role(d, role)
        self.assertGreater(d.stats()["sandbox_refused_total"], 50)
        d.expect_log("the sandbox refused a system call: socket")
        # whoever has tried goes on with its own work
        alice = self.client("alice", d)
        alice.sync()

    def one_role(self, d, role):
        n = int(d.expect_log(r"\b%s\[\d+\]: tried (\d+) acts" % role).group(1))
        first = next(re.search(r"%s\[(\d+)\]: tried" % role, l).group(1) for l in d.lines if re.search(r"\b%s\[\d+\]: tried" % role, l))
        said = dict(m.groups() for m in (re.search(r"%s\[%s\]: try ([a-z-]+): (.*)" % (role, first), l) for l in d.lines) if m)
        self.assertEqual(len(said), n)
        self.assertGreater(n, 18)
        allowed = NOT_GIVEN.get(role, set())
        for act, what in said.items():
            if what == "not given":
                self.assertIn(act, allowed)
            elif act == "open" and (build().sanitized or not landlock()) and role in ("store", "web"):
                continue  # a sanitizer reads; without Landlock so does who has files
            elif build().sanitized and act in ("open", "dumpable", "fork", "more-descriptors", "capability", "write-registry", "write-board"):
                continue  # what a sanitizer needs to look at its own process
            else:
                self.assertRegex(what, "^refused: (Operation not permitted|Permission denied)$", act)

    def ended(self, role, act):
        """True: the process was ended in the middle of it, and its successor works."""
        config, _ = self.everybody()
        d = Daemon(dict(self.config, **config), start=False)
        mark = os.path.join(self.scratch(), "mark")
        try:
            os.chmod(os.path.dirname(mark), 0o777)
            d.restarts_meant = True
            d.env["CHATD_TRY"] = "%s:%s:%s" % (role, act, mark)
            d.start()
            d.expect_log(r"\b%s\b.* died of signal 31" % role)
            self.assertNotIn("try %s:" % act, d.tail(1000))
            eventually("all are ready", lambda: all(p["state"] == "ready" for p in d.processes()))
        finally:
            d.close()

    def test_ends(self):
        """What nobody does by accident ends the process at the first attempt, and the master says so."""
        if build().sanitized:
            self.skipTest("a sanitizer traces its own process")
        _, roles = self.everybody()
        for role, act in [(r, a) for r in sorted(roles) for a in (ENDS if r == "worker" else ENDS[:2])]:
            with self.subTest(role, act=act):
                self.ended(role, act)


if __name__ == "__main__":
    main()
