#!/usr/bin/env python3
"""Passwords: the command that makes their hashes, the process that checks them, and where they are not shown."""

import array
import base64
import os
import pty
import re
import select
import signal
import socket
import struct
import subprocess
import time

from harness import Case, OwnCase, TOP, build, cpu_seconds, limit, main
from irc import Scram, b64

HASH = re.compile(r"^\$argon2id\$v=19\$m=65536,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}\n$")
RESULT = 8 + 4 + 1 + 1  # bytes of an a_result
ARGON2ID = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQxMjM0NTY3OA$MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI"


def mkpasswd(data):
    return subprocess.run([build().program("tools/chatctl"), "mkpasswd"], input=data, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=limit(20))


class Mkpasswd(Case):
    passwords = True

    def test_from_a_pipe(self):
        hashes = set()
        for data in (b"correct horse", b"correct horse\n", b"correct horse\nanother line\n", b"x" * 512, "grüße".encode()):
            r = mkpasswd(data)
            self.assertEqual((r.returncode, r.stderr), (0, b""))
            self.assertRegex(r.stdout.decode(), HASH)
            hashes.add(r.stdout)
        self.assertEqual(len(hashes), 5, "each has a salt of its own")

    def test_refused(self):
        for data, why in ((b"", "empty"), (b"\n", "empty"), (b"x" * 513, "512"), (b"a\0b\n", "control"),
                          (b"a\x1bb\n", "control"), (b"\xff\xfe\n", "UTF-8")):
            with self.subTest(data[:4]):
                r = mkpasswd(data)
                self.assertEqual((r.returncode, r.stdout), (1, b""))
                self.assertIn(why, r.stderr.decode())

    def at_terminal(self, *answers):
        """Runs it at a terminal, answers each question; returns its exit status, stdout, what the terminal showed."""
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)
        p = subprocess.Popen([build().program("tools/chatctl"), "mkpasswd"], stdin=theirs, stdout=subprocess.PIPE,
                             stderr=theirs, start_new_session=True)
        os.close(theirs)
        shown = b""
        for i, answer in enumerate(answers):
            while shown.count(b": ") <= i:
                self.assertTrue(select.select([ours], [], [], limit(20))[0], shown)
                shown += os.read(ours, 4096)
            os.write(ours, answer)
        out = p.communicate(timeout=limit(20))[0]
        while select.select([ours], [], [], 0)[0]:
            try:
                data = os.read(ours, 4096)
            except OSError:
                break
            shown += data
        return p.returncode, out.decode(), shown.decode()

    def test_at_a_terminal(self):
        status, out, shown = self.at_terminal(b"open sesame\r", b"open sesame\r")
        self.assertEqual(status, 0, shown)
        self.assertRegex(out, HASH)
        self.assertNotIn("sesame", shown)
        status, out, shown = self.at_terminal(b"open sesame\r", b"open sesamo\r")
        self.assertEqual((status, out), (1, ""))
        self.assertIn("not the same", shown)
        status, out, shown = self.at_terminal(b"\r")
        self.assertEqual((status, out), (1, ""))
        self.assertIn("empty", shown)

    def test_no_daemon_is_needed(self):
        r = subprocess.run([build().program("tools/chatctl"), "-s", "/nonexistent", "mkpasswd"], input=b"x",
                           stdout=subprocess.PIPE, timeout=limit(20))
        self.assertRegex(r.stdout.decode(), HASH)


class Secrets(OwnCase):
    passwords = True

    def test_not_shown(self):
        blocks = [{"name": "ada", "password": ARGON2ID, "level": "admin"}]
        d = self.daemon({"operators": blocks,
                         "irc": {"password": "open sesame", "webirc": [{"password": "kiwi's", "hosts": ["192.0.2.7"]}]}})
        r = subprocess.run([build().program("master/chatd"), "-t", "-c", d.conf], stdout=subprocess.PIPE, text=True,
                           env=d.env, timeout=limit(20))
        self.assertEqual(r.returncode, 0)
        for text in (r.stdout, d.ctl("config", "dump")):
            self.assertEqual(text.count('"(hidden)"'), 3)
            self.assertIn('"ada"', text)
            for secret in ("sesame", "kiwi's", "argon2id"):
                self.assertNotIn(secret, text)
        # used as a configuration it is refused, line by line, and nothing changes
        d.write_conf(r.stdout)
        said = d.ctl("reload", status=1)
        self.assertEqual(len(re.findall(re.escape(d.conf) + r":\d+: [^:]*: \(hidden\) stands for a secret", said)), 3, said)
        self.assertEqual(d.ctl("config", "dump"), r.stdout)
        self.assertNotIn("sesame", d.tail(1000))

    def test_motd_is_read_again(self):
        d = self.daemon()
        path = os.path.join(d.dir, "motd")
        for text in ("Welcome\n  to all\n", "Grüße\n"):
            with open(path, "w", encoding="utf-8") as f:
                f.write(text)
            d.write_conf({"irc": {"motd": path}})
            d.ctl("reload")
            self.assertIn('motd = "%s"' % text.rstrip("\n").replace("\n", "\\x0a"), d.ctl("config", "dump"))
        with open(path, "wb") as f:
            f.write(b"\xff\n")
        self.assertRegex(d.ctl("reload", status=1), re.escape(d.conf) + r":\d+: irc\.motd: " + re.escape(path))
        self.assertIn("Grüße", d.ctl("config", "dump"))


class Process(OwnCase):
    passwords = True

    def test_replaced(self):
        d = self.daemon({"auth": {"processes": 2}})
        alice = self.client("alice")
        before = sorted(d.kids("auth"))
        self.assertEqual(len(before), 2)
        for _ in range(3):
            pid = d.kill_role("auth")
            self.eventually("another", lambda: len([p for p in d.processes() if p["role"] == "auth" and p["state"] == "ready" and
                                                    p["pid"] != pid]) == 2)
            alice.sync()
        self.assertNotEqual(sorted(d.kids("auth")), before)
        self.assertEqual(sum(p["restarts"] for p in d.processes() if p["role"] == "auth"), 3)
        stuck = d.kids("auth")[0]
        os.kill(stuck, signal.SIGSTOP)
        d.expect_log(r"auth \d \(pid %d\) was killed, because it did not answer" % stuck)
        alice.sync()
        self.assertEqual(sum(p["restarts"] for p in d.processes() if p["role"] != "auth"), 0)

    def test_how_many(self):
        self.assertEqual(len(self.daemon().kids("auth")), min(2, os.cpu_count()))
        self.assertEqual(len(self.daemon({"auth": {"processes": 5}}).kids("auth")), 5)

    def test_what_it_has(self):
        """Neither the registry nor the journal, nor root's rights."""
        d = self.daemon()
        for pid in d.kids("auth"):
            with open("/proc/%d/maps" % pid, encoding="utf-8") as f:
                self.assertNotRegex(f.read(), "registry|journal")
            with open("/proc/%d/status" % pid, encoding="ascii") as f:
                status = dict(l.split(":", 1) for l in f)
            self.assertEqual(status["NoNewPrivs"].strip(), "1")
            if os.getuid() == 0:
                self.assertNotIn("0", status["Uid"].split())


def number(name):
    """Of a message, from the table."""
    with open(os.path.join(TOP, "src", "ipc", "msgs.def"), encoding="utf-8") as f:
        return int(re.search(r"^IPC_MSG\(%s, (0x[0-9a-f]+)," % name, f.read(), re.M).group(1), 16)


def defined(name):
    with open(os.path.join(TOP, "src", "ipc", "ipc.h"), encoding="utf-8") as f:
        return int(re.search(r"#define %s (\d+)" % name, f.read()).group(1))


def frame(name, payload):
    return struct.pack("=IHH", 8 + len(payload), number(name), 0) + payload


class Checks(Case):
    """chatd-auth alone, with this test in the places of the master and the broker."""
    passwords = True

    AUTH, BROKER = 4, 2

    def setUp(self):
        self.master, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.addCleanup(self.master.close)
        self.master.settimeout(limit(20))
        fd = theirs.fileno()

        def place():
            os.dup2(fd, 3)
        self.p = subprocess.Popen([build().program("auth/chatd-auth")], preexec_fn=place, close_fds=False)
        theirs.close()
        self.addCleanup(self.p.wait, limit(20))
        self.addCleanup(self.p.kill)
        self.log, log = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.log.close)
        nobody = 0xffffffff
        self.tell("setup", struct.pack("=IBHIIIQHBI", defined("IPC_VERSION"), self.AUTH, 0, 7, nobody, nobody, 1, 1, 7, 0), log)
        log.close()
        self.broker = self.channel()
        self.tell("start", b"\0")
        while self.hear()[0] != number("ready"):
            pass

    def tell(self, name, payload, fd=None):
        anc = [] if fd is None else [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd.fileno()]))]
        self.master.sendmsg([frame(name, payload)], anc)

    def hear(self):
        data = self.master.recv(65536)
        return struct.unpack_from("=IHH", data)[1], data[8:]

    def channel(self):
        ours, theirs = socket.socketpair()
        self.addCleanup(ours.close)
        ours.settimeout(limit(20))
        self.tell("peer", struct.pack("=BHI", self.BROKER, 0, 1), theirs)
        theirs.close()
        return ours

    def question(self, ticket, hashed, password):
        return frame("a_check", struct.pack("=IIH", ticket, 65536, len(hashed)) + hashed + struct.pack("=H", len(password)) + password)

    def results(self, n):
        """The next n: (ticket, ok)."""
        data = b""
        while len(data) < RESULT * n:
            got = self.broker.recv(4096)
            self.assertTrue(got, "the channel was closed")
            data += got
        return [struct.unpack_from("=IB", data, RESULT * i + 8) for i in range(n)]

    def ask(self, *checks):
        self.broker.sendall(b"".join(self.question(i, h, p) for i, (h, p) in enumerate(checks)))
        return [ok for _, ok in self.results(len(checks))]

    def test_right_and_wrong(self):
        good = mkpasswd(b"correct horse\n").stdout.strip()
        self.assertEqual(self.ask((good, b"correct horse"), (good, b"wrong"), (good, b""), (b"", b"correct horse"),
                                  (b"", b""), (good, b"correct horse")), [1, 0, 0, 0, 0, 1])

    def test_what_is_no_hash(self):
        """Refused without its cost."""
        good = mkpasswd(b"x").stdout.strip()
        begun = time.monotonic()
        odd = [b"x", b"*", good[:-1] + b"!", good + good[:20], good.replace(b"m=65536", b"m=999999999"),
               good.replace(b"t=2", b"t=900000000"), good.replace(b"argon2id", b"argon2i"), good.replace(b"$v=19", b"")]
        self.assertEqual(self.ask(*((h[:128], b"x") for h in odd)), [0] * len(odd))
        self.assertLess(time.monotonic() - begun, limit(5))

    def test_takes_as_long(self):
        """Nobody learns from the time whether there is a hash."""
        good = mkpasswd(b"x").stdout.strip()
        took = {}
        for _ in range(5):
            for hashed in (good, b""):
                # the processor's time: what else runs here does not count
                before = cpu_seconds(self.p.pid)
                self.ask((hashed, b"wrong"))
                took[hashed] = took.get(hashed, 0) + cpu_seconds(self.p.pid) - before
        self.assertLess(took[good], 1.5 * took[b""])
        self.assertLess(took[b""], 1.5 * took[good])

    def answer(self, name, head, *texts):
        """One question; the answer's payload."""
        self.broker.sendall(frame(name, head + b"".join(struct.pack("=H", len(t)) + t for t in texts)))
        data = b""
        while len(data) < 4 or len(data) < struct.unpack_from("=I", data)[0]:
            got = self.broker.recv(4096)
            self.assertTrue(got, "the channel was closed")
            data += got
        return data[8:]

    @staticmethod
    def strings(data, at):
        out = []
        while at < len(data):
            n = struct.unpack_from("=H", data, at)[0]
            out.append(data[at + 2:at + 2 + n])
            at += 2 + n
        return out

    def test_a_hash_that_fits(self):
        data = self.answer("a_hash", struct.pack("=IIB", 5, 8192, 0), b"correct horse")
        self.assertEqual(struct.unpack_from("=IB", data), (5, 1))
        hashed, verifier = self.strings(data, 5)
        self.assertIn(b"m=8192,", hashed)
        self.assertEqual(verifier, b"")
        for i, word in enumerate((b"correct horse", b"correct house")):
            self.broker.sendall(self.question(i, hashed, word))
        self.assertEqual(self.results(2), [(0, 1), (1, 0)])
        for word in (b"", b"a\x07b", b"\xff"):
            data = self.answer("a_hash", struct.pack("=IIB", 6, 8192, 1), word)
            self.assertEqual(data, struct.pack("=IBHH", 6, 0, 0, 0))

    def test_scram(self):
        """Against a client written on Python's own functions."""
        data = self.answer("a_hash", struct.pack("=IIB", 1, 8192, 1), "Zoe\u0308 \u216b".encode())
        verifier = self.strings(data, 5)[1]
        client = Scram("zoe", "Zo\u00eb XII")
        first = base64.b64decode(client.first())
        data = self.answer("a_scram", struct.pack("=I", 2), verifier, first, b"", b"")
        self.assertEqual(struct.unpack_from("=IB", data), (2, 1))
        server = self.strings(data, 5)[0]
        final = base64.b64decode(client.final(b64(server)))
        data = self.answer("a_scram", struct.pack("=I", 3), verifier, first, server, final)
        self.assertEqual(struct.unpack_from("=IB", data), (3, 1))
        self.assertEqual(self.strings(data, 5)[0], client.verifier.encode())
        data = self.answer("a_scram", struct.pack("=I", 4), verifier, first, server, final.replace(b"p=", b"p=A"))
        self.assertEqual(data, struct.pack("=IBH", 4, 0, 0))

    def test_order_and_pings(self):
        """Many questions at once: answered in order, and the master's pings in between."""
        good = mkpasswd(b"x").stdout.strip()
        n = 12
        self.broker.sendall(b"".join(self.question(100 + i, good, b"x" if i % 2 else b"y") for i in range(n)))
        first = self.results(1)
        self.tell("ping", struct.pack("=Q", 77))
        kind, body = self.hear()
        self.assertEqual((kind, struct.unpack("=Q", body)[0]), (number("pong"), 77))
        self.broker.setblocking(False)
        try:
            early = self.broker.recv(4096)
        except BlockingIOError:
            early = b""
        self.assertLess(len(early), RESULT * (n - 1), "before the last check")
        self.broker.settimeout(limit(20))
        rest = [struct.unpack_from("=IB", early, i + 8) for i in range(0, len(early), RESULT)]
        rest += self.results(n - 1 - len(rest))
        self.assertEqual(first + rest, [(100 + i, i % 2) for i in range(n)])

    def test_a_question_in_pieces(self):
        good = mkpasswd(b"x").stdout.strip()
        data = self.question(1, good, b"x") + self.question(2, good, b"y")
        for i in range(0, len(data), 7):
            self.broker.sendall(data[i:i + 7])
        self.assertEqual(self.results(2), [(1, 1), (2, 0)])

    def test_another_broker(self):
        good = mkpasswd(b"x").stdout.strip()
        self.broker.close()
        self.broker = self.channel()
        self.assertEqual(self.ask((good, b"x")), [1])
        old, self.broker = self.broker, self.channel()
        self.assertEqual(self.ask((good, b"x")), [1])
        self.assertEqual(old.recv(1), b"", "the first one is closed")

    def test_nonsense_costs_the_channel(self):
        good = mkpasswd(b"x").stdout.strip()
        for data in (b"\0" * 8, b"\xff" * 100, frame("a_result", b"\0" * 6), frame("ping", b"\0" * 8),
                     self.question(1, good, b"x" * 513), self.question(1, b"h" * 129, b"x"),
                     frame("a_check", b"\1\0\0\0\xff\xff")):
            with self.subTest(data[:12]):
                self.broker.sendall(data)
                self.assertEqual(self.broker.recv(100), b"")
                self.broker.close()
                self.broker = self.channel()
        self.assertEqual(self.ask((good, b"x")), [1])
        self.assertIsNone(self.p.poll())


if __name__ == "__main__":
    main()
