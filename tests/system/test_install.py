#!/usr/bin/env python3
"""Installs into a prefix of its own, runs the init script through its verbs, uses the installed
daemon, looks at the systemd units, and takes everything away again.

A build of its own is configured for it, because the paths are built in. What cannot be looked at
on this machine (no systemd-analyze) is skipped.
"""

import grp
import json
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import unittest
import urllib.request

from harness import TOP, eventually, gone, wait_gone

WAIT = 20


class Telnet:
    """As much of a client as this test needs."""

    def __init__(self, port):
        self.sock = socket.create_connection(("127.0.0.1", port), WAIT)
        self.text = b""

    def send(self, line):
        self.sock.sendall(line.encode() + b"\r\n")

    def until(self, words):
        words = words.encode()
        while words not in self.text:
            data = self.sock.recv(4096)
            if not data:
                raise AssertionError("closed before %r: %r" % (words, self.text))
            self.text += data
        self.text = self.text[self.text.index(words) + len(words):]

    def until_closed(self):
        while self.sock.recv(4096):
            pass
        self.sock.close()


class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not os.access(os.path.join(TOP, "configure"), os.X_OK):
            raise unittest.SkipTest("configure is not there: run ./autogen.sh")
        cls.tmp = tempfile.mkdtemp(prefix="chatd-install-")
        cls.addClassCleanup(shutil.rmtree, cls.tmp, True)
        cls.build = os.path.join(cls.tmp, "b")
        cls.prefix = os.path.join(cls.tmp, "p")
        os.mkdir(cls.build)
        # As root the daemon gives its children another uid, here too.
        if os.getuid() == 0:
            cls.user, cls.group = "daemon", grp.getgrgid(pwd.getpwnam("daemon").pw_gid).gr_name
        else:
            cls.user = pwd.getpwuid(os.getuid()).pw_name
            cls.group = grp.getgrgid(os.getgid()).gr_name
        cls.env = dict(os.environ, LC_ALL="C.UTF-8")
        for name in ("CHATCTL_SOCKET", "MAKEFLAGS", "MFLAGS", "MAKELEVEL", "DESTDIR", "CFLAGS"):
            cls.env.pop(name, None)
        cls.must([os.path.join(TOP, "configure"), "-q", "--prefix=" + cls.prefix, "--without-check",
                  "--with-user=" + cls.user, "--with-group=" + cls.group, "CFLAGS=-O0"])
        cls.must(["make", "-s", "-j2"])
        cls.must(["make", "-s", "install"])
        cls.init = os.path.join(cls.prefix, "etc/init.d/chatd")
        cls.conf = os.path.join(cls.prefix, "etc/chatd.conf")
        cls.chatd = os.path.join(cls.prefix, "sbin/chatd")
        cls.chatctl = os.path.join(cls.prefix, "bin/chatctl")
        cls.pid_file = os.path.join(cls.prefix, "var/run/chatd/chatd.pid")
        cls.log = os.path.join(cls.tmp, "log")
        with open(cls.conf, encoding="utf-8") as f:
            cls.sample = f.read()
        cls.text = cls.sample.replace('address = "127.0.0.1"; port = 9898', 'address = "127.0.0.1"; port = 0')
        cls.text = cls.text.replace('address = "127.0.0.1"; port = 6667', 'address = "127.0.0.1"; port = 0')
        cls.text = cls.text.replace('address = "127.0.0.1"; port = 8080', 'address = "127.0.0.1"; port = 0')
        cls.text = cls.text.replace('to = "syslog"', 'to = "%s"' % cls.log)
        assert cls.text.count('address = "127.0.0.1"; port = 0;') == 3 and cls.log in cls.text
        cls.write_conf(cls.text)

    @classmethod
    def tearDownClass(cls):
        if os.path.exists(cls.init):
            subprocess.run([cls.init, "stop"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=cls.env)

    @classmethod
    def must(cls, argv, **more):
        r = subprocess.run(argv, cwd=cls.build, env=cls.env, stdin=subprocess.DEVNULL, text=True,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **more)
        if r.returncode != 0:
            raise AssertionError("%s: %d\n%s" % (" ".join(argv), r.returncode, r.stdout[-8000:]))
        return r.stdout

    @classmethod
    def write_conf(cls, text):
        with open(cls.conf, "w", encoding="utf-8") as f:
            f.write(text)

    def run_init(self, verb, status):
        # Into a file: a daemon that kept a pipe open would hold this test up for ever.
        with tempfile.TemporaryFile("w+") as out:
            r = subprocess.run([self.init] + verb.split(), stdout=out, stderr=out, env=self.env,
                               stdin=subprocess.DEVNULL, timeout=60)
            out.seek(0)
            said = out.read()
        self.assertEqual(r.returncode, status, "%s: %s" % (verb, said))
        return said

    def ctl(self, *words, status=0):
        r = subprocess.run([self.chatctl] + list(words), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                           stdin=subprocess.DEVNULL, text=True, env=self.env, timeout=60)
        self.assertEqual(r.returncode, status, "%s: %s%s" % (words, r.stdout, r.stderr))
        return r.stdout

    def listener_port(self, protocol="telnet"):
        for row in json.loads(self.ctl("listeners", "-o", "json")):
            if row["protocol"] == protocol:
                return int(row["port"])
        raise AssertionError("no listener for " + protocol)

    def pid(self):
        with open(self.pid_file, encoding="ascii") as f:
            return int(f.read())

    def installed(self):
        found = []
        for top, _, files in os.walk(self.prefix):
            if not top.startswith(os.path.join(self.prefix, "var")):
                found += [os.path.relpath(os.path.join(top, f), self.prefix) for f in files]
        return sorted(found)

    def test_1_what_is_there(self):
        self.assertEqual(self.installed(), sorted([
            "bin/chat", "bin/chatctl", "sbin/chatd", "libexec/chatd/chatd-auth", "libexec/chatd/chatd-broker", "libexec/chatd/chatd-control",
            "libexec/chatd/chatd-store", "libexec/chatd/chatd-tls", "libexec/chatd/chatd-web", "libexec/chatd/chatd-worker", "etc/chatd.conf", "etc/init.d/chatd",
            "lib/systemd/system/chatd.service", "lib/systemd/system/chatd.socket",
            "lib/systemd/system/chatd-irc.socket", "lib/systemd/system/chatd-web.socket",
            "lib/sysusers.d/chatd.conf", "lib/tmpfiles.d/chatd.conf",
            "share/bash-completion/completions/chatctl",
            "share/man/man1/chat.1", "share/man/man5/chatd.conf.5", "share/man/man8/chatd.8", "share/man/man8/chatctl.8"]
            + [os.path.join("share/doc/chatd", n) for n in os.listdir(self.prefix + "/share/doc/chatd")]))
        for top, _, files in os.walk(self.prefix):
            for name in files:
                with open(os.path.join(top, name), "rb") as f:
                    self.assertIsNone(re.search(rb"@[a-z_]+dir@|@chatd_", f.read()), name)

        self.assertEqual(os.stat(self.conf).st_mode & 0o7777, 0o640, "it holds passwords")
        self.assertEqual(os.stat(self.conf).st_gid, grp.getgrnam(self.group).gr_gid)

    def test_2_init_script(self):
        self.run_init("", 2)
        self.run_init("dance", 2)
        self.run_init("status", 3)
        self.run_init("stop", 0)
        self.run_init("reload", 7)
        self.run_init("force-reload", 7)
        self.run_init("try-restart", 0)
        self.run_init("status", 3)
        self.ctl("status", status=3)

        self.run_init("start", 0)
        self.run_init("status", 0)
        first = self.pid()
        self.run_init("start", 0)
        self.assertEqual(self.pid(), first)
        # A second one on the same directory is refused, and the first is none the worse.
        r = subprocess.run([self.chatd, "-f", "-c", self.conf], stdout=subprocess.PIPE, env=self.env,
                           stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, timeout=WAIT)
        self.assertEqual(r.returncode, 1, r.stdout)
        self.run_init("reload", 0)
        self.run_init("force-reload", 0)
        self.assertEqual(self.pid(), first)
        self.run_init("try-restart", 0)
        second = self.pid()
        self.assertNotEqual(second, first)
        self.run_init("restart", 0)
        third = self.pid()
        self.assertNotIn(third, (first, second))

        # A bad file stops nothing.
        self.write_conf(self.text + "nonsense = 1;\n")
        try:
            for verb in "restart", "try-restart", "reload":
                said = self.run_init(verb, 6)
                self.assertRegex(said, r"chatd\.conf:\d+: .*nonsense")
            self.assertEqual(self.pid(), third)
            self.run_init("status", 0)
        finally:
            self.write_conf(self.text)

        # Killed: all of it ends, the pid file stays behind, and a start works at once.
        os.kill(third, signal.SIGKILL)
        self.assertEqual(wait_gone([third], WAIT), [])
        self.run_init("status", 1)
        self.run_init("start", 0)
        fourth = self.pid()
        self.run_init("stop", 0)
        self.assertTrue(gone(fourth))
        self.run_init("status", 3)
        self.run_init("restart", 0)
        self.run_init("status", 0)
        self.run_init("stop", 0)

    def test_3_pid_file_is_not_believed(self):
        other = subprocess.Popen(["sleep", "600"])
        try:
            os.makedirs(os.path.dirname(self.pid_file), exist_ok=True)
            for text in "%d\n" % other.pid, "1\n", "-1\n", "junk\n", "":
                with open(self.pid_file, "w", encoding="ascii") as f:
                    f.write(text)
                self.run_init("status", 1)
                self.run_init("reload", 7)
                self.run_init("stop", 0)
            self.assertIsNone(other.poll())
        finally:
            other.kill()
            other.wait()
            os.unlink(self.pid_file)

    def test_4_use(self):
        self.run_init("start", 0)
        try:
            port = self.listener_port()
            alice, bob = Telnet(port), Telnet(port)
            for client, name in (alice, "alice"), (bob, "bob"):
                client.until("What name would you like to be called with?")
                client.send(name)
                client.until("Connected to the chat room as " + name)
            alice.until("bob has entered the chat.")
            alice.send("hello from an installed chatd")
            bob.until("alice: hello from an installed chatd")
            self.assertIn("alice", self.ctl("users"))
            with urllib.request.urlopen("http://127.0.0.1:%d/" % self.listener_port("web"), timeout=WAIT) as page:
                self.assertIn(b"<title>", page.read())
            if os.getuid() == 0:
                self.check_uids()
            self.ctl("kick", "bob", "so long")
            alice.until("bob has left the chat.")
            bob.until_closed()
            self.ctl("user", "bob", status=5)
            script = "source %s/share/bash-completion/completions/chatctl && complete -p chatctl" % self.prefix
            self.assertIn("chatctl", self.must(["bash", "-c", script]))
            self.ctl("stop")
            alice.until_closed()
            self.ctl("wait", "down")
        finally:
            self.run_init("stop", 0)

    def check_uids(self):
        uid = pwd.getpwnam(self.user).pw_uid
        children = []
        for entry in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open("/proc/%s/status" % entry, encoding="utf-8") as f:
                    status = dict(line.split(":", 1) for line in f)
            except OSError:
                continue
            if int(status["PPid"]) == self.pid():
                children.append(status["Name"].strip())
                self.assertEqual(set(map(int, status["Uid"].split())), {uid}, status["Name"])
                self.assertEqual(int(status["CapEff"], 16), 0, status["Name"])
        self.assertGreaterEqual(len(children), 3, children)

    def test_5_units(self):
        analyze = shutil.which("systemd-analyze")
        if analyze is None:
            self.skipTest("systemd-analyze is not there")
        units = os.path.join(self.prefix, "lib/systemd/system")
        service, *socks = (units + name for name in ("/chatd.service", "/chatd.socket", "/chatd-irc.socket", "/chatd-web.socket"))
        self.assertEqual(self.must([analyze, "verify", service] + socks), "")
        out = self.must([analyze, "security", "--offline=yes", "--no-pager", service])
        level = re.search(r"Overall exposure level[^:]*: ([0-9.]+)", out)
        self.assertIsNotNone(level, out)
        self.assertLess(float(level.group(1)), 2.5)
        for tool, name in ("systemd-sysusers", "sysusers.d"), ("systemd-tmpfiles", "tmpfiles.d"):
            if shutil.which(tool) is None:
                continue
            root = tempfile.mkdtemp(dir=self.tmp)
            os.makedirs(root + "/etc")
            shutil.copy("/etc/passwd", root + "/etc")
            shutil.copy("/etc/group", root + "/etc")
            argv = [tool, "--root=" + root] + (["--create"] if tool == "systemd-tmpfiles" else [])
            if os.getuid() == 0:
                self.must(argv + [os.path.join(self.prefix, "lib", name, "chatd.conf")])

    def test_5_time_for_a_stop(self):
        """chatd may need 12 s: whoever waits for it waits longer."""
        for name, regex in (("lib/systemd/system/chatd.service", r"TimeoutStopSec=(\d+)"), ("etc/init.d/chatd", r"stop_wait=(\d+)")):
            with open(os.path.join(self.prefix, name), encoding="utf-8") as f:
                self.assertGreater(int(re.search(regex, f.read()).group(1)), 12 + 2, name)

    def test_6_socket_activation(self):
        tool = shutil.which("systemd-socket-activate")
        if tool is None:
            self.skipTest("systemd-socket-activate is not there")
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        with open(os.path.join(self.tmp, "activate"), "w+", encoding="utf-8") as out:
            p = subprocess.Popen([tool, "-l", "127.0.0.1:%d" % port, "--fdname=telnet",
                                  self.chatd, "-f", "-c", self.conf], env=self.env,
                                 stdout=out, stderr=out, stdin=subprocess.DEVNULL)
            try:
                def connect():
                    self.assertIsNone(p.poll())
                    try:
                        return Telnet(port)
                    except ConnectionRefusedError:
                        return None
                client = eventually("the port", connect, WAIT)
                client.until("What name would you like to be called with?")
                client.send("carol")
                client.until("Connected to the chat room as carol")
                self.assertEqual(self.listener_port(), port)
                client.send("/quit")
                client.until_closed()
                p.terminate()
                self.assertEqual(p.wait(WAIT), 0)
            finally:
                if p.poll() is None:
                    p.kill()
                    p.wait()

    def test_7_notify(self):
        path = os.path.join(self.tmp, "notify")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            s.bind(path)
            s.settimeout(WAIT)
            env = dict(self.env, NOTIFY_SOCKET=path, WATCHDOG_USEC="400000")
            p = subprocess.Popen([self.chatd, "-f", "-c", self.conf], env=env, stdin=subprocess.DEVNULL,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                def told(word):
                    while word not in s.recv(4096).split(b"\n"):
                        pass
                told(b"READY=1")
                self.ctl("status")
                told(b"WATCHDOG=1")
                told(b"WATCHDOG=1")
                p.send_signal(signal.SIGHUP)
                told(b"RELOADING=1")
                told(b"READY=1")
                p.terminate()
                told(b"STOPPING=1")
                self.assertEqual(p.wait(WAIT), 0)
            finally:
                if p.poll() is None:
                    p.kill()
                    p.wait()

    def test_8_destdir(self):
        root = os.path.join(self.tmp, "root")
        before = self.installed()
        self.must(["make", "-s", "install", "DESTDIR=" + root])
        there = root + self.prefix
        self.assertEqual(sorted(os.path.relpath(os.path.join(t, f), there)
                                for t, _, fs in os.walk(root) for f in fs), before)
        with open(there + "/etc/chatd.conf", encoding="utf-8") as f:
            self.assertEqual(f.read(), self.sample)
        self.must(["make", "-s", "uninstall", "DESTDIR=" + root])
        self.assertEqual([f for _, _, fs in os.walk(root) for f in fs], [])
        self.assertEqual(self.installed(), before)

    def test_9_uninstall(self):
        self.must(["make", "-s", "install"])
        with open(self.conf, encoding="utf-8") as f:
            self.assertEqual(f.read(), self.text, "a changed chatd.conf was overwritten")
        self.must(["make", "-s", "uninstall"])
        self.assertEqual(self.installed(), ["etc/chatd.conf"])
        self.assertFalse(os.path.exists(self.prefix + "/libexec/chatd"))
        self.must(["make", "-s", "install"])
        self.write_conf(self.sample)
        self.must(["make", "-s", "uninstall"])
        self.assertEqual(self.installed(), [])


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"] + sys.argv[1:])
