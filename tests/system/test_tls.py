#!/usr/bin/env python3
"""chatd-tls: everything over TLS, handshakes that are none, back-pressure, deaths, certificates that change."""

import hashlib
import os
import re
import select
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import time
import unittest

from chat import ChatCase
from harness import TOP, Daemon, Telnet, build, children, conf_text, eventually, fd_count, limit, listeners, main, private_bytes, unread
from irc import PASSWORD, Irc
from test_irc_clients import Irssi, WeeChat
from tls import NewKeys, TlsCase, TlsHttp, TlsIrc, TlsWs, context, drained, fingerprint, make_cert
from web import Http

OLD_WEECHAT = shutil.which("weechat-headless") and subprocess.run(  # its options have had other names
    ["weechat-headless", "--version"], stdout=subprocess.PIPE, text=True, check=False).stdout.startswith(("3.", "2."))
HELLO = bytes.fromhex("16030100c8010000c40303")  # a record, and the beginning of a ClientHello


def own_address():
    """An address of this host that is not loopback; None: it has none."""
    out = subprocess.run(["hostname", "-I"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False).stdout
    return next((a for a in out.split() if "." in a), None)


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


class Rules(TlsCase):
    def refused(self, **more):
        with self.assertRaises((ssl.SSLError, ConnectionResetError)):
            self.wrapped(**more)

    def test_versions(self):
        for v in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            self.wrapped(versions=(v, v))
        self.refused(versions=(ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1), ciphers="ALL:@SECLEVEL=0")

    def test_ciphers(self):
        twelve = (ssl.TLSVersion.TLSv1_2,) * 2
        self.wrapped(versions=twelve, ciphers="ECDHE+AESGCM")
        for bad in ("AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA", "ECDHE-RSA-AES256-SHA384"):
            self.refused(versions=twelve, ciphers=bad, name="other.example" if "RSA" in bad else "localhost")

    def s_client(self, *args):
        r = subprocess.run(["openssl", "s_client", "-connect", "%s:%d" % self.tls_address("irc"), *args], stdin=subprocess.DEVNULL, text=True,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=limit(), check=False)
        return r.stdout

    def test_groups(self):
        for groups, key in (("X25519", "X25519, 253 bits"), ("P-256", "(P-256|prime256v1), 256 bits"), ("P-384", "(P-384|secp384r1), 384 bits"),
                            ("P-521:X448:P-384", "(P-384|secp384r1), 384 bits")):  # it is asked for another share (RFC 8446, 4.1.4)
            self.assertRegex(self.s_client("-groups", groups), "Server Temp Key: (ECDH, )?" + key)
        for groups in ("P-521", "X448", "ffdhe2048"):
            self.assertIn("handshake failure", self.s_client("-groups", groups), groups)
        self.assertIn("handshake failure", self.s_client("-tls1_2", "-cipher", "DHE"))

    def keys(self, **more):
        c = NewKeys(self.raw(**more))
        self.addCleanup(c.close)
        return c

    def test_new_keys(self):
        """Some keys are as many as anybody needs; each is answered if it wants to be."""
        c = self.keys()
        text = b""
        for i in range(5):
            c.keys(20, answered=i % 2)
            c.write(b"PING k%d\r\n" % i if i else b"NICK keys\r\nUSER k 0 * :k\r\nPING k0\r\n")
            c.flush()
            while b"k%d" % i not in text:
                more = c.read()
                self.assertTrue(more, text)
                text += more

    def test_nothing_but_keys(self):
        """Who sends nothing but keys is not read for ever: SSL_read would return when they end."""
        c, other, pid = self.keys(), self.tls_irc(), self.d.kids("tls")
        c.keys(5000)
        try:
            c.flush()
        except (ConnectionResetError, BrokenPipeError):
            pass  # refused before its end
        while c.read():
            pass
        other.sync()
        self.assertEqual(self.d.kids("tls"), pid)

    def test_alpn(self):
        self.assertEqual(self.wrapped("irc", alpn=["x", "irc"]).selected_alpn_protocol(), "irc")
        self.assertIsNone(self.wrapped("irc").selected_alpn_protocol())
        for protocol, names in (("irc", ["http/1.1"]), ("irc", ["h2", "http/1.1"]), ("telnet", ["irc"])):
            self.refused(protocol=protocol, alpn=names)

    def test_alpn_web(self):
        self.assertEqual(self.wrapped("web", alpn=["h2", "http/1.1"]).selected_alpn_protocol(), "http/1.1")
        for names in (["h2"], ["irc"]):
            self.refused(protocol="web", alpn=names)

    def test_server_names(self):
        def shown(name):
            return hashlib.sha256(self.wrapped(name=name).getpeercert(True)).hexdigest()
        first, other = fingerprint(self.first[0]), fingerprint(self.other[0])
        for name, wanted in (("localhost", first), ("other.example", other), ("OTHER.example", other), ("a.wild.example", other),
                             ("a.b.wild.example", first), ("nobody.example", first), (None, first)):
            self.assertEqual(shown(name), wanted, name)

    def test_tickets(self):
        c = self.tls_irc()
        self.assertTrue(self.tls_irc(tls=c.tls, session=c.sock.session).sock.session_reused)
        pid = self.d.kill_role("tls")
        eventually("another chatd-tls", lambda: [p for p in self.d.kids("tls") if p != pid])
        # it knows the same keys
        self.assertTrue(self.tls_irc(tls=c.tls, session=c.sock.session).sock.session_reused)
        self.assertGreaterEqual(self.d.stats()["tls_resumed_total"], 1)

    def test_tickets_of_others(self):
        """One process' tickets are as good at another's."""
        d = self.daemon({"tls": {"processes": 3}})
        before = {pid: fd_count(pid) for pid in d.kids("tls")}
        c = self.tls_irc(d=d)
        for _ in range(8):
            c = self.tls_irc(d=d, tls=c.tls, session=c.sock.session)
            self.assertTrue(c.sock.session_reused)
        self.assertEqual({pid: fd_count(pid) - n for pid, n in before.items()}, dict.fromkeys(before, 6))  # three each, by two ends


class Certificates(TlsCase):
    passwords = store = True

    @classmethod
    def more(cls):
        return {"accounts": {"cost": 8192}}

    def test_fingerprint(self):
        mine = make_cert(self.certs, "mine", ("me",))
        c = self.tls_irc(tls=context(cert=mine))
        m = c.ask("WHOIS " + c.nick, "276")
        self.assertEqual(m.params[-1].split()[-1], fingerprint(mine[0]))
        self.assertEqual(self.d.json("user", c.nick)["certificate"], fingerprint(mine[0]))
        stranger = self.irc()
        stranger.send("WHOIS " + c.nick)
        self.assertNotIn("276", self.commands(stranger.until(lambda m: m.command == "318")))

    def external(self, c):
        c.send("AUTHENTICATE EXTERNAL")
        c.expect("AUTHENTICATE", "+")
        c.send("AUTHENTICATE +")
        return c.until(lambda m: m.command in ("903", "904"))[-1].command

    def newcomer(self, cert=None):
        c = TlsIrc(self.tls_address("irc"), tls=context(cert=cert))
        self.addCleanup(c.close)
        c.offers = c.offered()
        c.send("CAP REQ :sasl")
        c.expect("CAP", None, "ACK")
        return c

    def test_external(self):
        mine, other = make_cert(self.certs, "owner", ("owner",)), make_cert(self.certs, "thief", ("owner",))
        owner = self.tls_irc("owner", tls=context(cert=mine))
        owner.ask("REGISTER * * :" + PASSWORD, "REGISTER", "SUCCESS")
        owner.send("PRIVMSG NickServ :CERT ADD " + fingerprint(mine[0]))
        owner.expect("NOTICE")
        owner.sync()
        c = self.newcomer(mine)
        self.assertIn("EXTERNAL", c.offers["sasl"].split(","))
        self.assertEqual(self.external(c), "903")
        c.send("NICK " + self.fresh("in"), "USER x 0 * :x", "CAP END")
        c.nick = c.expect("001").params[0]
        self.assertEqual(self.d.json("user", c.nick)["account"], owner.nick)
        self.assertEqual(self.external(self.newcomer(other)), "904")
        self.assertNotIn("EXTERNAL", self.newcomer().offers["sasl"].split(","))

    def test_resumed(self):
        """A session that goes on still knows the certificate."""
        mine = make_cert(self.certs, "again", ("again",))
        c = self.tls_irc(tls=context(cert=mine))
        again = self.tls_irc(tls=c.tls, session=c.sock.session)
        self.assertTrue(again.sock.session_reused)
        self.assertEqual(self.d.json("user", again.nick)["certificate"], fingerprint(mine[0]))


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


class Reload(TlsCase):
    own = True

    def setUp(self):
        super().setUp()
        self.place = os.path.join(self.certs, "used")
        os.makedirs(self.place, exist_ok=True)
        self.used = [os.path.join(self.place, name) for name in ("fullchain.pem", "privkey.pem")]
        self.put(self.first)
        self.d = self.daemon({"tls": {"certificate": self.used[0], "key": self.used[1]}})

    def put(self, pair):
        """As a hook of an ACME client does it."""
        for a, b in zip(pair, self.used):
            shutil.copy(a, b + ".new")
            os.rename(b + ".new", b)

    def shown(self):
        return hashlib.sha256(self.wrapped().getpeercert(True)).hexdigest()

    def test_chatctl(self):
        c, pid = self.tls_irc(), self.d.kids("tls")
        self.put(self.other)
        self.assertEqual(self.shown(), fingerprint(self.first[0]))
        self.d.ctl("tls", "reload")
        self.assertEqual(self.shown(), fingerprint(self.other[0]))
        c.sync()
        self.assertEqual(self.d.kids("tls"), pid)
        row = self.d.json("tls", "show")[0]
        self.assertEqual((row["names"], row["issuer"], row["sha256"], row["file"]),
                         ("other.example *.wild.example", "other.example", fingerprint(self.other[0]), self.used[0]))
        self.assertIn(row["days_left"], (29, 30))
        self.assertIn("until", self.d.json("status")["certificate"])

    def test_while_they_talk(self):
        """Reload after reload, while some talk and others come."""
        people, pid = [self.tls_irc() for _ in range(10)], self.d.kids("tls")
        chan = self.channel(*people)
        seen, n = set(), 0
        for i in range(8):
            self.put((self.other, self.first)[i % 2])
            p = subprocess.Popen([build().program("tools/chatctl"), "-s", self.d.socket, "tls", "reload"])
            while True:
                people[n % 10].send("PRIVMSG %s :word %d" % (chan, n))
                n += 1
                seen.add(self.shown())
                if p.poll() is not None:
                    break
            self.assertEqual(p.returncode, 0)
        self.assertEqual(seen, {fingerprint(self.first[0]), fingerprint(self.other[0])})
        people[0].send("PRIVMSG %s :the last" % chan)
        for c in people[1:]:
            got = [m.params[1] for m in c.until(lambda m: m.is_("PRIVMSG", chan, "the last")) if m.command == "PRIVMSG"]
            own = {"word %d" % i for i in range(people.index(c), n, 10)}
            self.assertEqual(set(got[:-1]) | own, {"word %d" % i for i in range(n)})
        self.assertEqual(self.d.kids("tls"), pid)

    def sent(self):
        """How many certificates a client is shown."""
        r = subprocess.run(["openssl", "s_client", "-connect", "%s:%d" % self.tls_address("irc"), "-showcerts"], input="", text=True,
                           stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=limit(), check=False)
        return r.stdout.count("BEGIN CERTIFICATE")

    def test_chain(self):
        """All of what the file has is sent; one of which a certificate cannot be read is not taken."""
        def text_of(path):
            with open(path, encoding="ascii") as f:
                return f.read()

        def put(text):
            with open(self.used[0] + ".new", "w", encoding="ascii", newline="") as f:
                f.write(text)
            os.rename(f.name, self.used[0])
        own, above, key = map(text_of, (self.first[0], self.other[0], self.first[1]))
        for text in (own + above, "subject=/CN=a\n" + own + "\nissuer: b\n\n" + above + "\n\n# the end\n", (own + above).replace("\n", "\r\n"),
                     own + key + above.rstrip("\n"), key + own + above + above.splitlines()[0][:20]):
            put(own)
            self.d.ctl("tls", "reload")
            self.assertEqual(self.sent(), 1)
            put(text)
            self.d.ctl("config", "check")
            self.d.ctl("tls", "reload")
            self.assertEqual(self.sent(), 2)
        lines = above.splitlines(True)
        lines[3] = lines[3][:10] + "!!!!" + lines[3][14:]
        for text in (own + above[:len(above) // 2], own + above[:above.rindex("-----END") + 12], own + "".join(lines),
                     own + lines[0] + lines[-1], own + lines[0], own + own.replace(own.splitlines()[1], "A" * 64) + above):
            put(text)
            for command in (("config", "check"), ("tls", "reload"), ("reload",)):
                self.assertRegex(self.d.ctl(*command, status=1), "its certificate cannot be read: |it holds no certificate")
            self.assertEqual(self.sent(), 2)

    def test_hangup(self):
        c = self.tls_irc()
        self.put(self.other)
        mark = self.d.log_mark()
        os.kill(self.d.pid, signal.SIGHUP)
        self.d.expect_log("the configuration was reloaded", mark)
        self.assertEqual(self.shown(), fingerprint(self.other[0]))
        c.sync()

    def test_does_not_fit(self):
        c = self.tls_irc()
        self.put((self.other[0], self.first[1]))
        for command in (("config", "check"), ("tls", "reload"), ("reload",)):
            self.assertIn("do not fit", self.d.ctl(*command, status=1))
        self.assertEqual(self.shown(), fingerprint(self.first[0]))
        # nor does one that is started now have it
        pid = self.d.kill_role("tls")
        eventually("another chatd-tls", lambda: [p for p in self.d.kids("tls") if p != pid])
        eventually("the old certificate", self.still_first)
        c.close()
        os.unlink(self.used[1])
        self.assertIn("No such file", self.d.ctl("tls", "reload", status=1))

    def still_first(self):
        try:
            return self.shown() == fingerprint(self.first[0])
        except OSError:
            return False

    def test_renewed(self):
        """The hook that the README has for programs that renew certificates."""
        with open(os.path.join(TOP, "README.md"), encoding="utf-8") as f:
            script = re.search(r"^ +#!/bin/sh -e\n( +install .*\n +chatctl .*\n)", f.read(), re.M).group(1)
        script = script.replace("/etc/chatd/tls/", self.place + "/").replace(" -g chatd", "")
        lineage = os.path.join(self.certs, "lineage")
        os.makedirs(lineage, exist_ok=True)
        shutil.copy(self.other[0], os.path.join(lineage, "fullchain.pem"))
        shutil.copy(self.other[1], os.path.join(lineage, "privkey.pem"))
        bin_dir = os.path.join(self.certs, "bin")
        os.makedirs(bin_dir, exist_ok=True)
        link = os.path.join(bin_dir, "chatctl")
        if not os.path.exists(link):
            os.symlink(build().program("tools/chatctl"), link)
        c = self.tls_irc()
        subprocess.run(["sh", "-e", "-c", script], check=True, timeout=limit(),
                       env=dict(os.environ, RENEWED_LINEAGE=lineage, CHATCTL_SOCKET=self.d.socket, PATH=bin_dir + ":" + os.environ["PATH"]))
        self.assertEqual(self.shown(), fingerprint(self.other[0]))
        c.sync()

    def test_expiry(self):
        short = make_cert(self.certs, "short", days=3)
        self.put(short)
        mark = self.d.log_mark()
        self.d.ctl("tls", "reload")
        self.d.expect_log("expires in [23] days", mark)
        self.assertIn(self.d.json("tls", "show")[0]["days_left"], (2, 3))
        until = self.d.stats()["tls_certificate_expiry_seconds"]
        self.assertTrue(2 < (until - time.time()) / 86400 <= 3, until)
        self.assertRegex(self.d.ctl("status"), r"certificate +until .*\([23] days\)")
        self.assertIn("chatd_tls_certificate_expiry_seconds %d" % until, self.d.ctl("metrics"))

    def test_expired(self):
        """It is used all the same, and called what it is."""
        self.put(make_cert(self.certs, "old"))
        subprocess.run(["openssl", "x509", "-in", self.used[0], "-signkey", self.used[1], "-days", "-1", "-out", self.used[0] + ".new"],
                       check=True, stderr=subprocess.DEVNULL)
        os.rename(self.used[0] + ".new", self.used[0])
        mark = self.d.log_mark()
        self.assertEqual(self.state(), "valid")
        for command in (("config", "check"), ("tls", "reload"), ("reload",)):
            self.assertRegex(self.d.ctl(*command), "warning: %s: the certificate for .* has expired" % self.used[0])
        self.d.expect_log("has expired", mark)
        self.assertIn("EXPIRED", self.d.ctl("status"))
        self.assertLess(self.d.json("tls", "show")[0]["days_left"], 1)
        self.assertEqual(self.state(), "expired")
        self.shown()

    def state(self):
        return self.d.json("tls", "show")[0]["state"]

    def test_not_the_servers_name(self):
        self.d.write_conf(dict(self.d.config, name="talk.example"))
        for command in (("config", "check"), ("reload",), ("tls", "reload")):
            self.assertIn("warning: %s: no certificate is for talk.example" % self.used[0], self.d.ctl(*command))
        for name in ("other.example", "talk.wild.example", "school"):
            self.d.write_conf(dict(self.d.config, name=name))
            self.put(self.other)
            for command in (("config", "check"), ("reload",)):
                self.assertNotIn("warning", self.d.ctl(*command))

    def test_key_for_everybody(self):
        self.d.write_conf(dict(self.d.config, name="here"))
        self.assertNotIn("warning", self.d.ctl("config", "check"))
        os.chmod(self.used[1], 0o644)
        for command in (("config", "check"), ("reload",), ("tls", "reload")):
            self.assertIn("warning: %s has a private key, and everybody" % self.used[1], self.d.ctl(*command))

    def test_pin(self):
        """What a client that pins the key is to be told (as curl and `chat --pin` take it)."""
        der = subprocess.run("openssl x509 -in %s -noout -pubkey | openssl pkey -pubin -outform DER" % self.used[0], shell=True,
                             stdout=subprocess.PIPE, check=True).stdout
        self.assertEqual(self.d.json("tls", "show")[0]["key_sha256"], hashlib.sha256(der).hexdigest())

    def test_many_checks(self):
        """Who may only look cannot keep the master busy: those who ask at the same time have the answer of a few checks."""
        def ask(n):
            """Pages that the master's children which have ended had touched: each check starts one (proc(5), cminflt)."""
            people = []
            for _ in range(n):
                s = socket.socket(socket.AF_UNIX)
                self.addCleanup(s.close)
                s.settimeout(limit())
                s.connect(self.d.socket)
                people.append(s)
            before = self.touched()
            for s in people:
                s.sendall(b"config check\n")
            for s in people:
                answer = b""
                while b"is good\n" not in answer:
                    more = s.recv(65536)
                    self.assertTrue(more, answer)
                    answer += more
                s.close()
            return self.touched() - before
        one = ask(1)
        self.assertGreater(one, 0)
        self.assertLess(ask(20), 8 * one)

    def touched(self):
        with open("/proc/%d/stat" % self.d.pid, encoding="ascii") as f:
            return int(f.read().rpartition(")")[2].split()[8])

    def test_none_any_more(self):
        """What has been taken out of the configuration is neither shown nor worried about."""
        telnet = [l for l in self.config["listen"] if l["protocol"] == "telnet"]
        tls, plain = ([l for l in telnet if l["tls"] == t] for t in (True, False))
        warns = {"certificate": self.first[0], "key": self.first[1], "warn_days": 60}
        d = self.daemon({"name": "here", "listen": tls, "tls": warns})
        for _ in range(2):
            for command in (("config", "check"), ("reload",), ("tls", "reload")):
                self.assertRegex(d.ctl(*command), "warning: .*first.* expires in")
            self.assertIn("until", d.json("status")["certificate"])
            d.write_conf(conf_text({k: v for k, v in dict(d.config, listen=plain).items() if k != "tls"}))
            for _ in range(2):
                self.assertNotIn("warning", d.ctl("reload"))
            self.assertEqual(d.json("tls", "show"), [])
            eventually("no certificate", lambda: d.json("status")["certificate"] is None)
            d.write_conf({"name": "here", "listen": tls, "tls": warns})
            d.ctl("reload")
            self.assertEqual(len(d.json("tls", "show")), 1)

    def test_listener_comes(self):
        """A listener with TLS that a reload brings, to a chatd that had none."""
        d = self.daemon({"listen": listeners("irc", "web")})
        self.assertEqual(d.kids("tls"), [])
        d.write_conf(dict(d.config, listen=self.config["listen"]))
        d.ctl("reload")
        eventually("chatd-tls", lambda: d.kids("tls"))
        self.tls_irc(d=d).sync()
        told = [d.ctl("metrics")]
        if build().web:     # which was there before
            page = Http(self.tls_address("web", d, tls=False))
            self.addCleanup(page.close)
            told.append(page.ask("GET", "/metrics").text)
        for text in told:
            counted = dict(l.split(" ") for l in text.splitlines() if l.startswith("chatd_tls_"))
            self.assertEqual(counted['chatd_tls_handshakes_total{result="ok"}'], "1")
            self.assertGreater(float(counted["chatd_tls_certificate_expiry_seconds"]), time.time())


class Checked(TlsCase):
    own = True

    def test_configuration(self):
        def check(pair):
            d = Daemon(dict(self.config, name="here", tls={"certificate": pair[0], "key": pair[1]}), start=False)
            self.addCleanup(d.close)
            return subprocess.run([d.build.program("master/chatd"), "-t", "-c", d.conf, "-L", d.build.path], stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True, timeout=limit(), check=False)
        r = check(self.first)
        self.assertEqual((r.returncode, r.stderr), (0, ""))
        locked = os.path.join(self.certs, "locked.pem")
        subprocess.run(["openssl", "pkey", "-in", self.first[1], "-aes256", "-passout", "pass:pearl", "-out", locked], check=True)
        damaged = os.path.join(self.certs, "damaged.pem")
        with open(damaged, "w", encoding="ascii") as f:
            f.write("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
        for pair, why in (((self.first[0], self.other[1]), "certificate and key do not fit"), ((self.first[1], self.first[1]), "it holds no certificate"),
                          ((self.first[0], self.first[0]), "its key cannot be used: "), (("/nosuch", ""), "No such file"),
                          ((self.first[0], locked), "its key wants a password"), ((damaged, self.first[1]), "its certificate cannot be read: ")):
            r = check(pair)
            self.assertEqual(r.returncode, 1, pair)
            self.assertRegex(r.stderr, why)

    def test_does_not_start(self):
        d = Daemon(dict(self.config, tls={"certificate": self.first[0], "key": self.other[1]}), start=False)
        self.addCleanup(d.close)
        with self.assertRaisesRegex(AssertionError, "do not fit"):
            d.start()


class AtAddress(TlsCase):
    """The listeners are where other hosts could reach them."""
    @classmethod
    def address(cls):
        if own_address() is None:
            raise unittest.SkipTest("this host has no address but loopback")
        return own_address()

    def connection(self, protocol, source, tls=False):
        port = self.tls_address(protocol, tls=tls)[1]
        s = socket.create_connection((self.address(), port), timeout=limit(), source_address=(source, 0))
        self.addCleanup(s.close)
        return s


class Required(AtAddress):
    @classmethod
    def more(cls):
        return {"tls": {"required": True}, "limits": {"max_per_address": 0}}

    def test_clear(self):
        for protocol, words in (("irc", "ERROR :This server is reached with TLS only"), ("telnet", "This server is reached with TLS only")):
            words += ", on port %d.\r\n" % self.tls_address(protocol)[1]
            self.assertEqual(drained(self.connection(protocol, self.address())).decode(), words)
            near = self.connection(protocol, "127.0.0.1")
            near.sendall(b"NICK near\r\nUSER n 0 * :n\r\n")
            self.assertNotIn(b"TLS", near.recv(100))
        c = TlsIrc((self.address(), self.tls_address("irc")[1]), self.fresh("far"), source=self.address())
        self.addCleanup(c.close)
        self.assertGreaterEqual(self.d.stats()['refused_total{reason="plain"}'], 2)

    def test_encrypted(self):
        """With TLS everybody is served from everywhere."""
        here = self.address()
        c = context().wrap_socket(self.connection("telnet", here, tls=True), server_hostname="localhost")
        Telnet(None, sock=c).login(self.fresh("far"))
        w = TlsWs((here, self.tls_address("web")[1]), self.fresh("far"), source=here)
        self.addCleanup(w.close)
        w.sync()

    def test_web(self):
        def ask(path):
            c = Http((self.address(), self.tls_address("web", tls=False)[1]))
            self.addCleanup(c.close)
            return c.ask("GET", path)
        for path in ("/", "/files/u/abc"):
            a = ask(path)
            self.assertEqual(a.status, 308, a)
            self.assertRegex(a.headers["location"], "^https://[^/]+:%d%s$" % (self.tls_address("web")[1], path))
        self.assertEqual(ask("/%0d%0aX:y").headers["location"][-1], "/")
        near = self.connection("web", "127.0.0.1")
        near.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        self.assertTrue(drained(near).startswith(b"HTTP/1.1 200 "))


class Named(AtAddress):
    """What links to the page begin with, where others reach it at one address."""
    store = True

    @classmethod
    def more(cls):
        return {"name": "chat.test.example"}

    def told(self, tls):
        row = [l for l in self.d.listeners() if l["protocol"] == "web" and l["tls"] == tls][0]
        return row["connect"], row["port"]

    def test_name(self):
        """Certificates are for names: with TLS the server's is used, if it is a host's."""
        self.tls_address("web")
        told, port = self.told(True)
        here = "https://%s:%d/" % (self.address(), port)
        self.assertEqual(told, ["https://chat.test.example:%d/" % port, here])
        self.assertEqual(self.told(False)[0], ["http://%s:%d/" % (self.address(), self.told(False)[1])])
        c = Telnet(None, sock=self.connection("telnet", self.address())).login(self.fresh("far"))
        c.ask("/file", r"https://chat\.test\.example:%d/files/u/" % port)
        for change, want in (({"name": "A Chat"}, [here]), ({"name": "chat"}, [here]),
                             ({"web": {"url": "https://www.test.example"}}, ["https://www.test.example/", here])):
            self.d.write_conf(dict(self.config, **change))
            self.d.ctl("reload")
            self.assertEqual(self.told(True)[0], want)
        self.d.write_conf(self.config)
        self.d.ctl("reload")


class SecureIrssi(Irssi):
    config = Irssi.config.replace('autoconnect = "yes";', 'autoconnect = "yes"; use_tls = "yes"; tls_verify = "no";')


class SecureWeeChat(WeeChat):
    setup = tuple(s.replace("-notls", "-ssl -ssl_verify=off" if OLD_WEECHAT else "-tls -tls_verify=off") for s in WeeChat.setup)


class Clients(TlsCase):
    """Those that people use."""

    def eventually(self, *args):
        return eventually(*args)

    def talk(self, make, *needs):
        missing = [p for p in needs if not shutil.which(p)]
        if missing:
            self.skipTest("not installed: " + ", ".join(missing))
        ivy = self.irc("ivy")
        chan = self.channel(ivy)
        x = make(self, self.tls_address("irc"), self.fresh("xena"), chan)
        ivy.expect("JOIN", chan)
        self.assertTrue(self.d.json("user", x.nick)["tls"])
        x.type("is this line safe?")
        ivy.expect("PRIVMSG", chan, "is this line safe?")
        ivy.send("PRIVMSG %s :so they say" % chan)
        x.see("said", who=ivy.nick, text="so they say")

    def test_irssi(self):
        self.talk(SecureIrssi, "irssi", "tmux")

    def test_weechat(self):
        self.talk(SecureWeeChat, "weechat-headless")


class Chat(TlsCase, ChatCase):
    """chat, and its files over https: the server is known by who vouches for it, or by its key."""

    store = True

    def server(self, port=None):
        return "localhost:%d" % (port or self.tls_address("irc")[1])

    def pin(self, pair):
        der = subprocess.run("openssl x509 -in %s -pubkey -noout | openssl pkey -pubin -outform der" % pair[0], shell=True, check=True,
                             stdout=subprocess.PIPE).stdout
        return hashlib.sha256(der).hexdigest()

    def files(self, *args, env=None):
        """From one to another, and by a script."""
        self.tls_address("web")
        if not build().configured("HAVE_CURL"):
            self.skipTest("built without libcurl")
        content = os.urandom(300000)
        with open(os.path.join(self.dir, "a.bin"), "wb") as f:
            f.write(content)
        ivy = self.tls_irc("ivy")
        ivy.ask("JOIN #lobby", "366")
        t, u = (self.talker(*args, env=env) for _ in range(2))
        t.type("!FILE a.bin\r")
        t.expect(r"File a\.bin sent successfully")
        u.expect(r"%s has shared the file a\.bin" % t.name)
        u.type("/save\r")
        u.expect(r"File: a \(2\)\.bin received successfully")
        url = re.search(r"https://\S+", ivy.expect("PRIVMSG", "#lobby", re.compile("https://")).params[1]).group(0)
        self.assertEqual(self.script(*args, "get", url, env=env), (0, "a (3).bin\n", ""))
        for name in ("a (2).bin", "a (3).bin"):
            with open(os.path.join(self.dir, name), "rb") as f:
                self.assertEqual(f.read(), content)
        return url

    def test_talk(self):
        ivy = self.tls_irc("ivy")
        ivy.ask("JOIN #lobby", "366")
        t = self.talker("--tls", env={"SSL_CERT_FILE": self.first[0]})
        t.type("is this line safe?\r")
        ivy.expect("PRIVMSG", "#lobby", "is this line safe?")
        ivy.send("PRIVMSG #lobby :so they say")
        t.expect("so they say")
        self.assertTrue(self.d.json("user", t.name)["tls"])

    def test_script(self):
        trusted = {"SSL_CERT_FILE": self.first[0]}
        self.assertEqual(self.script("--tls", "send", "lobby", "from a script", env=trusted)[0], 0)
        code, _, err = self.script("--tls", "send", "lobby", "from a script")
        self.assertEqual(code, 4)
        self.assertIn(self.pin(self.first), err)

    def test_wrong_port(self):
        """TLS where there is none, and none where TLS is."""
        port = self.irc_address()[1]
        self.assertEqual(self.script("--tls", "send", "lobby", "x", port=port),
                         (3, "", "chat: localhost port %d does not speak TLS: is it a port without TLS?\n" % port))
        self.assertEqual(self.script("send", "lobby", "x"), (1, "", "chat: This port speaks TLS.\n"))

    def test_files(self):
        self.files("--tls", env={"SSL_CERT_FILE": self.first[0]})

    def test_files_by_key(self):
        url = self.files("--pin", self.pin(self.first))
        before = os.listdir(self.dir)
        code, _, err = self.script("--pin", self.pin(self.other), "get", url)
        self.assertEqual(code, 1)
        self.assertIn("another key", err)
        code, _, err = self.script("--pin", self.pin(self.other), "send", "#" + self.channel(self.irc("x")).strip("#"), "hi")
        self.assertEqual(code, 4)
        self.assertIn("another key than the one that --pin names (its key: %s)" % self.pin(self.first), err)
        self.assertIn("certificate", self.script("--tls", "get", url)[2])
        # the key says nothing about other servers
        code, _, err = self.script("-s", "elsewhere.example", "--pin", self.pin(self.first), "get", url)
        self.assertEqual(code, 1)
        self.assertEqual(sorted(os.listdir(self.dir)), sorted(before))


class Sts(TlsCase):
    def test_policy(self):
        d = self.daemon({"irc": {"sts": {"port": 6697, "duration": 3600}}})
        plain = Irc(self.tls_address("irc", d, tls=False))
        self.addCleanup(plain.close)
        self.assertEqual(plain.offered()["sts"], "port=6697")
        c = TlsIrc(self.tls_address("irc", d))
        self.addCleanup(c.close)
        self.assertEqual(c.offered()["sts"], "duration=3600")


if __name__ == "__main__":
    main()
