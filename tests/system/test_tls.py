#!/usr/bin/env python3
"""chatd-tls: everything over TLS, handshakes that are none, back-pressure, deaths."""

import os
import select
import shutil
import socket
import ssl
import struct
import subprocess
import time
import unittest

from harness import build, children, eventually, limit, main, private_bytes, unread
from tls import TlsCase, TlsHttp, TlsWs, context, drained
from web import Http

HELLO = bytes.fromhex("16030100c8010000c40303")  # a record, and the beginning of a ClientHello


def pss_bytes(pid):
    """Its share of memory, without that of files: others that run the same programs, or end, change what each has of these."""
    with open("/proc/%d/smaps_rollup" % pid, encoding="ascii") as f:
        return sum(int(line.split()[1]) for line in f if line.startswith(("Pss_Anon:", "Pss_Shmem:"))) * 1024


class Talk(TlsCase):
    def test_together(self):
        """Telnet and IRC, with TLS and without, are in one room."""
        mark = self.d.log_mark()
        people = [self.tls_telnet(), self.client(), self.tls_irc(), self.irc()]
        for how in (r"telnet, TLS", "telnet", "irc, TLS", "irc"):
            self.d.expect_log(r"New connection from 127\.0\.0\.1 .* \(%s\)$" % how, mark)
        for c in people[2:]:
            c.ask("JOIN #lobby", "366")
        for c in people[:2]:
            c.sync()
        people[0].send("good morning over TLS")
        people[1].expect("good morning over TLS")
        for c in people[2:]:
            c.expect("PRIVMSG", "#lobby", "good morning over TLS")
        people[2].send("PRIVMSG #lobby :and by IRC")
        for c in people[:2]:
            c.expect("and by IRC")

    def test_shown(self):
        c = self.tls_irc(tls=context(["irc"]))
        self.assertEqual((c.sock.version(), c.sock.selected_alpn_protocol()), ("TLSv1.3", "irc"))
        self.assertIn("secure", c.ask("WHOIS " + c.nick, "671").params[-1])
        u = self.d.json("user", c.nick)
        self.assertEqual((u["tls"], u["tls_version"], u["certificate"], u["address"]), (True, "TLSv1.3", None, "127.0.0.1"))
        self.assertEqual(u["tls_cipher"], c.sock.cipher()[0])
        self.assertEqual(u["port"], c.sock.getsockname()[1])
        plain = self.d.json("user", self.irc().nick)
        self.assertEqual((plain["tls"], plain["tls_version"], plain["tls_cipher"]), (False, None, None))
        old = self.tls_irc(tls=context(versions=(ssl.TLSVersion.TLSv1_2,) * 2))
        self.assertEqual(self.d.json("user", old.nick)["tls_version"], "TLSv1.2")
        self.assertRegex(self.d.json("user", old.nick)["tls_cipher"], "^ECDHE_ECDSA_")

    def test_counted_once(self):
        d = self.daemon({"limits": {"max_per_address": 3, "max_sessions": 3}})
        people = [self.tls_irc(d=d) for _ in range(3)]
        self.assertEqual(len({c.nick for c in people}), 3)
        with self.assertRaises((OSError, AssertionError)):
            self.tls_irc(d=d)
        people[0].send("QUIT")
        people[0].expect_eof()
        eventually("room for one more", lambda: self.another(d))

    def another(self, d):
        try:
            return self.tls_irc(d=d)
        except (OSError, AssertionError):
            return None

    def test_end_is_told(self):
        """Both ends say that they close, and what was said before arrives."""
        c = self.tls_irc()
        c.send("QUIT :bye")
        self.assertEqual([m.command for m in c.expect_eof()][-1:], ["ERROR"])  # recv() of a cut stream would raise
        c = self.tls_irc()
        watcher = self.irc()
        chan = self.channel(watcher, c)
        try:
            c.sock.unwrap()
        except ssl.SSLError:
            pass  # it wants nothing to come any more
        watcher.expect("QUIT")
        self.assertTrue(chan)

    def test_half_close(self):
        """Who says that it sends nothing more still gets its answers."""
        s = self.raw("irc")
        come, go = ssl.MemoryBIO(), ssl.MemoryBIO()
        o = context().wrap_bio(come, go, server_hostname="localhost")

        def step(fn):
            while True:
                try:
                    return fn()
                except ssl.SSLWantReadError:
                    s.sendall(go.read())
                    data = s.recv(65536)
                    self.assertTrue(data, "closed")
                    come.write(data)
        step(o.do_handshake)
        o.write(b"NICK half\r\nUSER h 0 * :h\r\nPING before\r\n")
        s.sendall(go.read())
        text = b""
        while b"PONG" not in text:
            text += step(lambda: o.read(65536))
        o.write(b"PING last\r\n")
        with self.assertRaises(ssl.SSLWantReadError):
            o.unwrap()
        s.sendall(go.read())
        text = b""
        while b"last" not in text:
            text += step(lambda: o.read(65536))
        self.assertIn(b"PONG", text)

    def test_farewell(self):
        d = self.daemon()
        c, t = self.tls_irc(d=d), self.tls_telnet(d=d)
        d.stop()
        self.assertIn("shutting down", " ".join(m.line for m in c.expect_eof()))
        self.assertIn("shutting down", t.expect_eof())


class Web(TlsCase):
    @classmethod
    def more(cls):
        return {"web": {"hsts": 3600}}

    def test_page(self):
        c = TlsHttp(self.tls_address("web"))
        self.addCleanup(c.close)
        for _ in range(3):
            a = c.ask("GET", "/")
            self.assertEqual((a.status, a.headers["strict-transport-security"]), (200, "max-age=3600"))
        plain = Http(self.tls_address("web", tls=False))
        self.addCleanup(plain.close)
        self.assertNotIn("strict-transport-security", plain.ask("GET", "/").headers)
        self.assertTrue(any(w.startswith("https://127.0.0.1:") for l in self.d.listeners() for w in l["connect"]))

    def test_websocket(self):
        c = TlsWs(self.tls_address("web"), self.fresh("ws"), caps=("message-tags",))
        self.addCleanup(c.close)
        other = self.tls_irc()
        chan = self.channel(c, other)
        other.send("PRIVMSG %s :%s" % (chan, "x" * 300))
        c.expect("PRIVMSG", chan, "x" * 300)
        u = self.d.json("user", c.nick)
        self.assertEqual((u["protocol"], u["tls"], u["tls_version"]), ("web", True, "TLSv1.3"))

    def test_pages_in_clear_are_strangers(self):
        c = TlsHttp(self.tls_address("web"))
        self.addCleanup(c.close)
        c.send(("GET /ws HTTP/1.1\r\nHost: %s\r\nOrigin: http://%s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n" % (c.host, c.host)).encode())
        self.assertEqual(c.read().status, 403)

    def test_pipelined(self):
        """Far more answers than fit anywhere, for somebody who reads them later."""
        c = TlsHttp(self.tls_address("web"))
        self.addCleanup(c.close)
        page = c.ask("GET", "/").body
        n = 400
        c.send(("GET / HTTP/1.1\r\nHost: %s\r\n\r\n" % c.host).encode() * n)
        for _ in range(n):
            self.assertEqual(c.read().body, page)


class Gateway(TlsCase):
    @classmethod
    def more(cls):
        return {"irc": {"webirc": [{"password": "gate", "hosts": ["127.0.0.1"]}]}, "limits": {"max_per_address": 3}}

    def come(self, address):
        s = self.wrapped()
        s.sendall(b"WEBIRC gate gateway host %s\r\nCAP LS\r\n" % address.encode())
        return s

    def test_webirc(self):
        """Who comes through a gateway is counted at its own address, the gateway at none, if what it says is encrypted too."""
        for address in [*range(6), 5, 5]:
            self.assertIn(b" CAP ", self.come("192.0.2.%d" % address).recv(65536))
        self.assertIn(b"Too many connections from your address", drained(self.come("192.0.2.5")))
        self.assertEqual(self.d.stats()['refused_total{reason="address"}'], 1)
        self.assertIn(b" CAP ", self.come("192.0.2.6").recv(65536))


class Handshakes(TlsCase):
    @classmethod
    def more(cls):
        return {"tls": {"handshake_time": 1, "handshakes": 3}}

    def test_plain(self):
        """Who does not know is told, in the words of the port's protocol."""
        for protocol, words, said in (("irc", b"NICK alice\r\n", b"ERROR :This port speaks TLS."),
                                      ("telnet", b"alice\r\n", b"This port speaks TLS."),
                                      ("web", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"HTTP/1.1 400 ")):
            if protocol == "web" and not build().web:
                continue
            s = self.raw(protocol)
            s.sendall(words)
            self.assertTrue(drained(s).startswith(said), protocol)

    def test_nonsense(self):
        before = self.d.stats()['tls_handshakes_total{result="failed"}']
        for data in (b"\x16", b"\x16\x03\x01\x00\x00", b"\x16\x03\x01\xff\xff" + b"x" * 65535, HELLO + b"\0" * 500, os.urandom(4000),
                     b"\x16" + os.urandom(4000), b"\x16\x03\x01\x00\x02\x01\x00" * 200, b"\x80\x2e\x01\x00\x02" + b"x" * 44,
                     b"\x15\x03\x01\x00\x02\x02\x28", b""):
            s = self.raw()
            try:
                s.sendall(data)
                s.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # refused before its end
            drained(s)
        eventually("all to be counted", lambda: self.d.stats()['tls_handshakes_total{result="failed"}'] >= before + 10)
        self.tls_irc()
        eventually("them to be gone", lambda: self.d.stats()["tls_connections"] <= 1)

    def test_slow(self):
        """Half-open ones are closed in time, and hold nobody up."""
        before = self.d.stats()['tls_handshakes_total{result="late"}']
        held = [self.raw(), self.raw()]
        held[1].sendall(HELLO)
        self.tls_irc()
        for s in held:
            self.assertEqual(drained(s), b"")
        self.assertEqual(self.d.stats()['tls_handshakes_total{result="late"}'], before + 2)

    def test_many(self):
        """One address has so many under way, and no more; others have theirs."""
        before = self.d.stats()['tls_handshakes_total{result="refused"}']
        held = [self.raw() for _ in range(3)]
        s = self.raw()
        self.assertEqual(drained(s), b"")
        self.assertEqual(self.d.stats()['tls_handshakes_total{result="refused"}'], before + 1)
        self.tls_irc(source="127.0.0.9")
        for h in held:
            h.close()
        eventually("room again", self.try_once)

    def try_once(self):
        try:
            return self.tls_irc()
        except (OSError, AssertionError):
            return None

    def test_openssl(self):
        host = "%s:%d" % self.tls_address("irc")
        for args in (["-tls1_3"], ["-tls1_2"], ["-tls1_2", "-curves", "P-384"], ["-tls1_3", "-ciphersuites", "TLS_CHACHA20_POLY1305_SHA256"]):
            r = subprocess.run(["openssl", "s_client", "-connect", host, *args], input="NICK x\n", text=True, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, timeout=limit(), check=False)
            self.assertIn("Cipher is ", r.stdout)
            self.assertNotIn("Compression: zlib", r.stdout)
            self.assertIn("Secure Renegotiation IS", r.stdout)
        r = subprocess.run(["openssl", "s_client", "-connect", host, "-tls1_2"], input="R\n", text=True, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, timeout=limit(), check=False)
        self.assertIn("no renegotiation", r.stdout)


class Much(TlsCase):
    def not_more(self, pid, before, n):
        """A sanitizer keeps what has been freed."""
        if not build().sanitized:
            self.assertLess(private_bytes(pid) - before, n)

    def idle(self, versions):
        """What a client costs that says nothing, in all processes together. Run by itself this tells the figures."""
        d = self.daemon()

        def pss():
            got = {"chatd": pss_bytes(d.pid)}
            for pid, name in children(d.pid):
                got[name] = got.get(name, 0) + pss_bytes(pid)
            return got
        people = [self.tls_irc(d=d, tls=context(versions=versions)) for _ in range(20)]
        before, n = pss(), 300
        people += [self.tls_irc(d=d, tls=people[0].tls) for _ in range(n)]
        for c in people:
            c.sync()
        costs = {name: (now - before[name]) // n for name, now in pss().items()}
        print("%s, an idle client: %d bytes" % (people[0].sock.version(), sum(costs.values())), costs)
        if not build().sanitized:
            self.assertLess(sum(costs.values()), 20 << 10, costs)

    def test_idle(self):
        self.idle((ssl.TLSVersion.TLSv1_3,) * 2)

    def test_idle_1_2(self):
        self.idle((ssl.TLSVersion.TLSv1_2,) * 2)

    def test_both_ways(self):
        """Megabytes up and down at once."""
        c = self.tls_irc()
        n, word = 20000, b"x" * 200
        pid = self.d.kids("tls")[0]
        before = private_bytes(pid)
        c.sock.setblocking(False)
        data, sent, got = b"".join(b"PING %s%d\r\n" % (word, i) for i in range(n)), 0, bytearray()
        end = b"%s%d\r\n" % (word, n - 1)
        while not got.endswith(end):
            stuck = 0
            try:
                if sent < len(data):
                    sent += c.sock.send(data[sent:sent + 16384])
            except (ssl.SSLWantWriteError, ssl.SSLWantReadError):
                stuck += 1
            try:
                more = c.sock.recv(65536)
                self.assertTrue(more)
                got += more
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                stuck += 1
            if stuck == 2 or (stuck and sent == len(data)):
                self.assertTrue(any(select.select([c.sock], [c.sock] if sent < len(data) else [], [], limit())), "stuck")
        lines = [l for l in bytes(got).split(b"\r\n") if b"PONG" in l]
        self.assertEqual([int(l.rpartition(word)[2]) for l in lines], list(range(n)))
        self.not_more(pid, before, 4 << 20)

    def test_reads_nothing(self):
        """A client that does not read is dropped by its worker, as without TLS; chatd-tls keeps next to nothing for it."""
        d = self.daemon({"limits": {"queue": 65536, "queue_time": 2}})
        n = 3 if build().sanitized else 10
        deaf, loud, gone = [self.tls_irc(d=d, rcvbuf=4096) for _ in range(n)], self.irc(d=d), 0
        chan = self.channel(*deaf, loud)
        pid = d.kids("tls")[0]
        before = private_bytes(pid)
        for _ in range(400):  # the kernel has room for megabytes
            loud.send(*["PRIVMSG %s :%s" % (chan, "y" * 400)] * 100)
            gone += sum(m.command == "QUIT" for m in loud.sync())
            self.not_more(pid, before, 2 << 20)
            if gone == n:
                break
        else:
            self.fail("they were never dropped")
        self.tls_irc(d=d)

    @unittest.skipUnless(shutil.which("prlimit"), "prlimit is not there")
    def test_room(self):
        """A connection is two descriptors there: who has too few of them for all sessions is told at the start."""
        d = self.daemon(prefix=[shutil.which("prlimit"), "--nofile=232:232"])
        d.expect_log("chatd-tls has room for 100 connections, max_sessions is")
        self.tls_irc(d=d)

    def test_is_not_read(self):
        """A client that its worker reads slowly has to wait itself; nothing of it piles up."""
        d = self.daemon({"limits": {"line_rate": 1, "line_burst": 2}})
        loud, other = self.tls_irc(d=d), self.tls_irc(d=d)
        other.sync()  # its burst is not over
        pid = d.kids("tls")[0]
        before, data, sent = private_bytes(pid), b"PING x\r\n" * 2048, 0
        loud.sock.setblocking(False)
        while sent < 64 << 20:
            try:
                sent += loud.sock.send(data)
            except (ssl.SSLWantWriteError, ssl.SSLWantReadError):
                if not select.select([], [loud.sock], [], 0.5)[1]:
                    break  # nobody takes any more
        self.assertLess(sent, 64 << 20)
        self.not_more(pid, before, 1 << 20)
        self.tls_irc(d=d)
        self.assertEqual(d.kids("tls"), [pid])


class Ghosts(TlsCase):
    """Who has gone does not go on talking, however much of it waits to be read: as long as without TLS, and a little."""

    BOOS = b"PRIVMSG #haunted :boo\r\n" * 500

    def flood(self, fill, end):
        d = self.daemon({"limits": {"line_rate": 10, "line_burst": 10}})
        watcher, ghost = self.irc("watcher", d=d), self.tls_irc("ghost", d=d)
        for c in (watcher, ghost):
            c.send("JOIN #haunted")
            c.expect("366")
        fill(ghost.sock)
        end(ghost.sock)
        begun = time.monotonic()
        watcher.until(lambda m: m.command == "QUIT", seconds=limit(25))
        print("gone after %.1f s" % (time.monotonic() - begun), flush=True)

    def test_reset(self):
        def fill(s):
            s.setblocking(False)
            try:
                while select.select([], [s], [], 0.5)[1]:
                    s.send(self.BOOS)
            except (ssl.SSLWantWriteError, ssl.SSLWantReadError):
                pass

        def reset(s):
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            s.close()
        self.flood(fill, reset)

    def test_ended(self):
        """What has not been read does not hide the end."""
        def fill(s):
            while True:
                s.sendall(self.BOOS)
                end = time.monotonic() + 0.5
                while unread(s):
                    if time.monotonic() > end:
                        return  # there is no more room inside
                    time.sleep(0.01)  # nothing tells when it is read
        self.flood(fill, lambda s: socket.socket.shutdown(s, socket.SHUT_WR))


class Deaths(TlsCase):
    def test_tls(self):
        """A killed chatd-tls costs its own clients only."""
        mine, plain = self.tls_irc(), self.irc()
        chan = self.channel(plain, mine)
        self.d.kill_role("tls")
        plain.expect("QUIT")
        with self.assertRaises((OSError, AssertionError, ssl.SSLError)):
            while True:
                mine.next()
        other = self.tls_irc()
        other.ask("JOIN " + chan, "366")
        plain.expect("JOIN", chan)

    def test_worker(self):
        """A killed worker is the end of its clients, told as one, and of nobody else's; chatd-tls stays."""
        people = [self.tls_irc() for _ in range(6)]
        pid = self.d.kids("tls")
        at = self.d.worker_of(people[0].nick)
        mine = [c for c in people if self.d.worker_of(c.nick) == at]
        others = [c for c in people if c not in mine]
        self.assertTrue(others)
        self.d.kill_role("worker", at)
        for c in mine:
            c.expect_eof()  # a close_notify: else recv() raises
        for c in others:
            c.sync()
        self.assertEqual(self.d.kids("tls"), pid)
        self.tls_irc()

    def test_broker(self):
        c, pid = self.tls_irc(), self.d.kids("tls")
        self.d.kill_role("broker")
        chan = self.channel(c, self.irc())
        self.assertTrue(chan)
        self.assertEqual(self.d.kids("tls"), pid)

    def test_nothing_left(self):
        before = self.d.stats()["tls_connections"]
        for _ in range(20):
            self.tls_irc().close()
        eventually("them to be gone", lambda: self.d.stats()["tls_connections"] == before)
        fds = len(os.listdir("/proc/%d/fd" % self.d.kids("tls")[0]))
        for _ in range(20):
            self.wrapped().close()
        eventually("descriptors to be closed", lambda: len(os.listdir("/proc/%d/fd" % self.d.kids("tls")[0])) <= fds)

    def test_several(self):
        d = self.daemon({"tls": {"processes": 3}})
        people = [self.tls_irc(d=d) for _ in range(9)]
        counts = [p["pid"] for p in d.processes() if p["role"] == "tls"]
        self.assertEqual(len(counts), 3)
        d.kill_role("tls")
        alive = 0
        for c in people:
            try:
                c.sync()
                alive += 1
            except (AssertionError, OSError):
                pass
        self.assertEqual(alive, 6)


if __name__ == "__main__":
    main()
