#!/usr/bin/env python3
"""Real programs: telnet and nc under a pseudo-terminal, and in pipes."""

import os
import pty
import re
import select
import shutil
import subprocess
import time

from harness import Case, NAME_PROMPT, die_with_parent, limit, main


class Terminal:
    """A program on a terminal of its own."""

    def __init__(self, case, argv):
        master, slave = pty.openpty()
        self.fd = master
        self.p = subprocess.Popen(argv, stdin=slave, stdout=slave, stderr=slave, env=dict(os.environ, TERM="vt100", LC_ALL="C.UTF-8"),
                                  preexec_fn=lambda: (os.setsid(), die_with_parent()))
        os.close(slave)
        case.addCleanup(self.end)
        self.text, self.at, self.eof = "", 0, False

    def type(self, line):
        os.write(self.fd, line.encode() + b"\r")

    def expect(self, regex):
        end = time.monotonic() + limit()
        while True:
            m = re.compile(regex).search(self.text, self.at)
            if m:
                self.at = m.end()
                return m
            if self.eof or not select.select([self.fd], [], [], max(0, end - time.monotonic()))[0]:
                raise AssertionError("nothing matches %r:\n%s" % (regex, self.text))
            self.read()

    def read(self):
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            data = b""
        self.eof = not data
        self.text += data.decode("utf-8", "replace").replace("\r", "")

    def leave(self):
        """The other side has closed: telnet ends by itself, nc when its input ends too."""
        if "telnet" not in self.p.args[0]:
            os.write(self.fd, b"\x04")
        self.wait()

    def wait(self):
        while not self.eof and select.select([self.fd], [], [], limit())[0]:
            self.read()
        return self.p.wait(limit())

    def end(self):
        if self.p.poll() is None:
            self.p.kill()
        self.p.wait()
        os.close(self.fd)


class Programs(Case):
    def need(self, program):
        path = shutil.which(program)
        if path is None:
            self.skipTest("%s is not there" % program)
        return path

    def talk(self, a, b):
        """A conversation between two terminals."""
        an, bn = self.fresh("ann"), self.fresh("ben")
        a.expect(re.escape(NAME_PROMPT))
        a.type(an)
        a.expect("Connected to the chat room as " + an)
        b.expect(re.escape(NAME_PROMPT))
        b.type(bn)
        b.expect("Connected to the chat room as " + bn)
        a.expect(bn + " has entered the chat")
        a.type("hello grüße 你好")
        b.expect(an + ": hello grüße 你好")
        b.type("only for you@" + an)
        a.expect('%s sent you "only for you"' % bn)
        b.type("show@Server")
        b.expect(r"loggedIn users: \[.*%s.*\]" % an)
        b.type("/help")
        b.expect("/whois")
        a.type("/join garden")
        a.expect("made the room garden|You are in garden")
        b.type("in the lobby")
        a.expect(r"\[lobby\] %s: in the lobby" % bn)
        b.type("quit@Server")
        b.expect("You are now logged out")
        a.expect(bn + " has left the chat")
        b.leave()
        a.type("/quit")
        a.expect("You are now logged out")
        a.leave()

    def test_telnet(self):
        telnet = self.need("telnet")
        argv = [telnet, "127.0.0.1", str(self.d.port)]
        self.talk(Terminal(self, argv), Terminal(self, argv))

    def test_nc(self):
        nc = self.need("nc")
        argv = [nc, "127.0.0.1", str(self.d.port)]
        self.talk(Terminal(self, argv), Terminal(self, argv))

    def test_telnet_with_nc(self):
        telnet, nc = self.need("telnet"), self.need("nc")
        self.talk(Terminal(self, [telnet, "127.0.0.1", str(self.d.port)]), Terminal(self, [nc, "127.0.0.1", str(self.d.port)]))

    def test_window_size_of_telnet(self):
        telnet = self.need("telnet")
        t = Terminal(self, [telnet, "127.0.0.1", str(self.d.port)])
        t.expect(re.escape(NAME_PROMPT))
        import fcntl
        import signal
        import struct
        import termios
        fcntl.ioctl(t.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 20, 41, 0, 0))
        os.kill(t.p.pid, signal.SIGWINCH)
        t.type(self.fresh("win"))
        t.expect("Connected to the chat room")
        t.type("/quit")
        t.wait()

    def test_nc_in_a_pipe(self):
        nc = self.need("nc")
        watcher = self.client("watcher")
        bob = self.fresh("bob")
        help_text = subprocess.run([nc, "-h"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout
        closers = [["-N"]] if "-N" in help_text else []
        for flags in closers + [["-q", "1"]] if "-q" in help_text else closers + [[]]:
            with self.subTest(flags):
                r = subprocess.run([nc] + flags + ["127.0.0.1", str(self.d.port)], input=("%s\nhello\n/quit\n" % bob).encode(),
                                   stdout=subprocess.PIPE, timeout=limit(20))
                text = r.stdout.decode()
                self.assertIn("Connected to the chat room as " + bob, text)
                self.assertIn("You are now logged out", text)
                watcher.line("%s: hello" % bob)
                watcher.expect("%s has left the chat" % bob)

    def test_telnet_in_a_script(self):
        expect = self.need("expect")
        telnet = self.need("telnet")
        name = self.fresh("exp")
        script = """set timeout %d
spawn %s 127.0.0.1 %d
expect "%s"
send "%s\\r"
expect "Connected to the chat room as %s"
send "/quit\\r"
expect "You are now logged out"
expect eof
""" % (limit(), telnet, self.d.port, NAME_PROMPT, name, name)
        r = subprocess.run([expect, "-"], input=script, text=True, stdout=subprocess.PIPE, timeout=limit(30))
        self.assertEqual(r.returncode, 0, r.stdout)
        self.assertIn("You are now logged out", r.stdout)


if __name__ == "__main__":
    main()
