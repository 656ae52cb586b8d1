#!/usr/bin/env python3
"""What strangers send to a port that speaks TLS: old versions, floods of records and handshakes that end halfway. Others are served
meanwhile, in the clear and over TLS."""

import ctypes
import ctypes.util
import os
import resource
import socket
import ssl
import struct
import subprocess
import threading
import time

from harness import eventually, fd_count, limit, main
from tls import TlsCase, context, drained, make_cert

ALERT, HANDSHAKE, CHANGE = 0x15, 0x16, 0x14
PROTOCOL_VERSION = 70


def record(kind, payload, version=0x0303):
    return struct.pack("!BHH", kind, version, len(payload)) + payload


def client_hello(version, ciphers=(0xc02f, 0xc030, 0xc02b, 0x009c, 0x002f, 0x0035), extensions=b"", compressions=b"\0"):
    """A record with one, by hand: what no library sends any more."""
    words = b"".join(struct.pack("!H", c) for c in ciphers)
    body = struct.pack("!H", version) + os.urandom(32) + b"\0" + struct.pack("!H", len(words)) + words
    body += bytes([len(compressions)]) + compressions
    if extensions is not None:
        body += struct.pack("!H", len(extensions)) + extensions
    return record(HANDSHAKE, b"\1" + struct.pack("!I", len(body))[1:] + body, min(version, 0x0301))


def sslv2_hello():
    ciphers = b"\x01\0\x80\x02\0\x80\x03\0\x80\x07\0\xc0"
    body = b"\1\0\2" + struct.pack("!HHH", len(ciphers), 0, 16) + ciphers + os.urandom(16)
    return struct.pack("!H", 0x8000 | len(body)) + body


class Flights:
    """A handshake of Python's, flight by flight, in memory."""

    def __init__(self, s, version, **more):
        self.s = s
        self.come, self.go = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context(versions=(version, version), **more).wrap_bio(self.come, self.go, server_hostname="localhost")

    def next(self):
        """What we would send next; b"": it is done."""
        while True:
            try:
                self.tls.do_handshake()
                return self.go.read()
            except ssl.SSLWantReadError:
                out = self.go.read()
                if out:
                    return out
                data = self.s.recv(65536)
                if not data:
                    raise AssertionError("closed in the middle of a good handshake") from None
                self.come.write(data)


class BadTls(TlsCase):
    """Two neighbours in the clear all the time; at the end one more over TLS."""

    @classmethod
    def more(cls):
        return {"tls": {"handshake_time": 4, "handshakes": 40}, "limits": {"max_sessions": 8000}}

    def setUp(self):
        super().setUp()
        self.pids = self.d.kids("tls")
        self.fds = fd_count(self.pids[0])
        self.others = self.neighbours()

    def over(self):
        """Everything of the test's is gone, nothing spins, and TLS goes on."""
        eventually("no connection to be left", lambda: self.d.stats()["tls_connections"] == 0)
        eventually("the descriptors", lambda: fd_count(self.pids[0]) <= self.fds)
        self.others.end()
        self.assertEqual(self.d.kids("tls"), self.pids)
        self.tls_irc().close()


class Records(BadTls):
    def test_old_versions(self):
        """SSL 2 and 3, TLS 1.0 and 1.1: an alert, or nothing, and the end."""
        signed = b"\0\x0d\0\x0a\0\x08\x04\x03\x05\x03\x04\x01\x02\x01"
        for name, data, alert in (("SSLv2", sslv2_hello(), None), ("SSLv3", client_hello(0x0300, extensions=None), None),
                                  ("TLSv1.0", client_hello(0x0301), PROTOCOL_VERSION), ("TLSv1.1", client_hello(0x0302, extensions=signed), PROTOCOL_VERSION),
                                  # 1.3 is not to be had by the number that is meant for 1.2, nor what nobody knows
                                  ("zero", client_hello(0x0000), None), ("only 1.0", client_hello(0x0303, extensions=b"\0\x2b\0\3\2\3\1"), PROTOCOL_VERSION)):
            with self.subTest(name):
                s = self.raw()
                s.sendall(data)
                got = drained(s)
                s.close()
                self.assertNotEqual(got[:1], bytes([HANDSHAKE]))
                if alert is not None:
                    self.assertEqual((got[:1], got[5:7]), (bytes([ALERT]), bytes([2, alert])), got)
        self.over()

    def test_no_compression(self):
        """It is offered, and not taken; without the null method there is nothing to take."""
        s = self.raw()
        s.sendall(client_hello(0x0303, compressions=b"\1"))
        self.assertEqual(drained(s)[:1], bytes([ALERT]))
        s.close()
        self.over()

    def test_floods(self):
        """Thousands of records that mean nothing: empty ones, warnings, changes of cipher, pieces of one byte, and one that has no end."""
        common = b"\0\x0a\0\6\0\4\0\x1d\0\x17\0\x0d\0\x0a\0\x08\x04\x03\x05\x03\x04\x01\x02\x01"  # groups, signatures
        old, hello = client_hello(0x0303, extensions=common), client_hello(0x0303, (0x1301,), common + b"\0\x33\0\2\0\0\0\x2b\0\3\2\3\4")
        pieces = b"".join(record(HANDSHAKE, hello[5:][i:i + 1]) for i in range(len(hello) - 5))
        endless = b"\1\xff\xff\xff\3\3" + os.urandom(16000)
        for data in (record(HANDSHAKE, b"") * 20000, hello + record(CHANGE, b"\1") * 20000, record(ALERT, b"\1\0") * 20000,
                     old + record(CHANGE, b"\1") * 20000, hello + record(ALERT, b"\1\x5a") * 20000, old + record(ALERT, b"\1\x5a") * 20000,
                     old + record(HANDSHAKE, b"") * 20000, pieces[:-6], record(HANDSHAKE, endless) + record(HANDSHAKE, bytes(16384)) * 60,
                     record(HANDSHAKE, b"\0\0\0\0") * 20000, hello * 500, record(0x18, b"\1\x40\0") * 2000, record(HANDSHAKE, bytes(16384)) + bytes(20000)):
            with self.subTest(data[:8]):
                used = self.cpu()
                s = self.raw()
                try:
                    s.sendall(data)
                    s.shutdown(socket.SHUT_WR)
                except OSError:
                    pass  # refused before its end
                got = drained(s)
                s.close()
                if data.startswith((hello, old)):
                    self.assertEqual(got[:1] or bytes([HANDSHAKE]), bytes([HANDSHAKE]))  # so far it was good
                self.assertLess(self.cpu() - used, limit(0.5))
        self.over()

    def cpu(self):
        with open("/proc/%d/schedstat" % self.pids[0], encoding="ascii") as f:
            return int(f.read().split()[0]) / 1e9

    def test_bytes_one_by_one(self):
        """A good handshake, a byte at a time, is one."""
        s = self.raw()
        f = Flights(s, ssl.TLSVersion.TLSv1_3)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while True:
            out = f.next()
            for i in range(len(out)):
                s.sendall(out[i:i + 1])
            if f.tls.version() and not out:
                break
            if f.tls.cipher() and out:
                f.tls.write(b"NICK %s\r\nUSER u 0 * :r\r\n" % self.fresh("slow").encode())
                s.sendall(f.go.read())
                break
        got = b""
        while b" 001 " not in got:
            f.come.write(s.recv(65536))
            try:
                while True:
                    got += f.tls.read(65536)
            except ssl.SSLWantReadError:
                pass
        s.close()
        self.over()


class Aborted(BadTls):
    def test_each_flight(self):
        """Gone after each flight, before its end, or with one byte of it wrong; by FIN and by RST."""
        mine = make_cert(self.certs, "mine", ("me",))
        before = self.d.stats()['tls_handshakes_total{result="ok"}']
        n = 0
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            for cert in (None, mine):
                for flight in range(3):
                    for cut in ("none", "all", "half", "byte", "flipped"):
                        for reset in (False, True):
                            n += self.abort(version, cert, flight, cut, reset)
        self.assertGreater(n, 60)
        # what was whole has been made, and closed again
        eventually("the end of all", lambda: self.d.stats()["tls_connections"] == 0)
        self.assertGreater(self.d.stats()['tls_handshakes_total{result="ok"}'], before)
        self.over()

    def abort(self, version, cert, flight, cut, reset):
        """Goes in the flight of that number; False: there is none."""
        s = self.raw()
        f = Flights(s, version, cert=cert)
        out = b""
        for i in range(flight + 1):
            out = f.next()
            if not out:
                s.close()
                return False
            if i < flight:
                s.sendall(out)
        if cut == "flipped":
            out = out[:-20] + bytes([out[-20] ^ 1]) + out[-19:]
        s.sendall({"none": b"", "all": out, "flipped": out, "half": out[:len(out) // 2], "byte": out[:1]}[cut])
        if reset:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        s.close()
        return True

    def test_renegotiation(self):
        """Asked for again and again, by many: none is made."""
        host = "%s:%d" % self.tls_address("irc")
        before = self.d.stats()['tls_handshakes_total{result="ok"}']
        for _ in range(4):
            clients = [subprocess.Popen(["openssl", "s_client", "-connect", host, "-tls1_2"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT) for _ in range(5)]
            for c in clients:
                self.addCleanup(c.wait)
                self.addCleanup(c.kill)
            for c in clients:
                self.assertIn(b"no renegotiation", c.communicate(b"R\n", limit())[0])
        self.assertEqual(self.d.stats()['tls_handshakes_total{result="ok"}'] - before, 20)
        self.over()

    def test_key_updates(self):
        """TLS 1.3's way to have the other side compute: thousands of new keys asked for, and nothing read."""
        name = ctypes.util.find_library("ssl")
        if name is None:
            self.skipTest("libssl is not to be found")
        lib = ctypes.CDLL(name)
        for fn, result, args in (("TLS_client_method", ctypes.c_void_p, ()), ("SSL_CTX_new", ctypes.c_void_p, (ctypes.c_void_p,)),
                                 ("SSL_new", ctypes.c_void_p, (ctypes.c_void_p,)), ("SSL_set_fd", ctypes.c_int, (ctypes.c_void_p, ctypes.c_int)),
                                 ("SSL_connect", ctypes.c_int, (ctypes.c_void_p,)), ("SSL_key_update", ctypes.c_int, (ctypes.c_void_p, ctypes.c_int)),
                                 ("SSL_do_handshake", ctypes.c_int, (ctypes.c_void_p,)), ("SSL_write", ctypes.c_int, (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int)),
                                 ("SSL_free", None, (ctypes.c_void_p,)), ("SSL_CTX_free", None, (ctypes.c_void_p,))):
            getattr(lib, fn).restype, getattr(lib, fn).argtypes = result, args
        ctx = lib.SSL_CTX_new(lib.TLS_client_method())
        held = []
        for _ in range(3):
            s = self.raw()
            s.settimeout(None)
            c = lib.SSL_new(ctx)
            held.append((s, c))
            lib.SSL_set_fd(c, s.fileno())
            self.assertEqual(lib.SSL_connect(c), 1)
            line = b"PING x\r\n"
            sent = 0
            for i in range(3000):
                if lib.SSL_key_update(c, 1) != 1 or lib.SSL_do_handshake(c) != 1 or lib.SSL_write(c, line, len(line)) != len(line):
                    break  # it has had enough of us
                sent += 1
            self.assertGreater(sent, 10)
        self.others.end()
        for s, c in held:
            lib.SSL_free(c)
            s.close()
        lib.SSL_CTX_free(ctx)
        self.assertEqual(self.d.kids("tls"), self.pids)
        self.tls_irc().close()


class Half(BadTls):
    """Thousands of handshakes that are begun and not ended."""

    N = 2000

    def setUp(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard != resource.RLIM_INFINITY and hard < self.N + 500:
            self.skipTest("too few descriptors are allowed here")
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, self.N + 500), hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        super().setUp()
        self.hello = client_hello(0x0303)

    def attack(self, sources):
        """From these addresses, one after the other; and meanwhile somebody comes in again and again."""
        held, took, over = [], [], threading.Event()
        failed = []

        def newcomer():
            while not over.is_set():
                begun = time.monotonic()
                try:
                    s = socket.create_connection(self.tls_address("irc"), timeout=limit(10))
                    context().wrap_socket(s, server_hostname="localhost").close()
                except OSError as e:
                    failed.append(e)
                    return
                took.append(time.monotonic() - begun)
                over.wait(0.05)
        t = threading.Thread(target=newcomer)
        t.start()
        address = self.tls_address("irc")
        try:
            for i in range(self.N):
                s = socket.socket()
                self.addCleanup(s.close)
                s.bind((sources[i % len(sources)], 0))
                s.connect(address)
                try:
                    s.send(self.hello[:1 + i % (len(self.hello) - 1)])
                except OSError:
                    pass  # one too many of that address
                held.append(s)
            n = len(took)
            eventually("others to come in while all that is held", lambda: failed or len(took) >= n + 5)
        finally:
            over.set()
            t.join()
        self.assertEqual(failed, [])
        print("%d half handshakes; others needed at most %.0f ms" % (len(held), 1000 * max(took)), flush=True)
        self.assertLess(max(took), limit(1))
        return held

    def test_one_address(self):
        before = self.d.stats()['tls_handshakes_total{result="refused"}']
        held = self.attack(["127.0.66.1"])
        self.assertGreaterEqual(self.d.stats()['tls_handshakes_total{result="refused"}'] - before, self.N // 2)
        self.assertLessEqual(self.d.stats()["tls_connections"], 60)
        for s in held:
            s.close()
        self.over()

    def test_many_addresses(self):
        """Nobody's share is used up: they end when their time is over."""
        held = self.attack(["127.0.%d.%d" % (67 + i // 200, i % 200 + 1) for i in range(1000)])
        eventually("the end of their time", lambda: self.d.stats()["tls_connections"] == 0, limit(15))
        for s in held:
            s.close()
        self.over()


if __name__ == "__main__":
    main()
