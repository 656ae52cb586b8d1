#!/usr/bin/env python3
"""Who comes through a proxy: its PROXY header says whose the connection is; limits and bans hold for that address."""

import base64
import os
import socket
import ssl
import struct
import subprocess
import unittest

from harness import Closed, OwnCase, Telnet, build, limit, main, merged
from irc import Irc
from web import TOKEN, Http, WebCase
from ws import Ws

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
V1 = b"PROXY TCP4 192.0.2.7 127.0.0.1 4321 6667\r\n"


def v1(address, port=4321):
    return b"PROXY %s %s %s %d 6667\r\n" % (b"TCP6" if ":" in address else b"TCP4", address.encode(),
                                            b"::1" if ":" in address else b"127.0.0.1", port)


def v2(address, port=4321, tls=False):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    ours = "::1" if ":" in address else "127.0.0.1"
    body = socket.inet_pton(family, address) + socket.inet_pton(family, ours) + struct.pack(">HH", port, 6667)
    if tls:
        body += b"\x20" + struct.pack(">HBI", 5, 1, 0)
    return SIGNATURE + bytes([0x21, 0x21 if ":" in address else 0x11]) + struct.pack(">H", len(body)) + body


class Proxied(OwnCase):
    config = {"listen": [{"protocol": "telnet", "address": "127.0.0.1", "port": 0},
                         {"protocol": "telnet", "address": "127.0.0.1", "port": 0, "proxy": True},
                         {"protocol": "irc", "address": "127.0.0.1", "port": 0, "proxy": True}]}

    def port(self, protocol):
        return [l["port"] for l in self.d.listeners() if l["protocol"] == protocol][-1]

    def raw(self, header=b"", protocol="telnet", source=None):
        s = socket.create_connection(("127.0.0.1", self.port(protocol)), limit(), (source, 0) if source else None)
        self.addCleanup(s.close)
        if header:
            s.sendall(header)
        return s

    def test_listeners(self):
        """An administrator sees which they are; nobody is told to come to one."""
        rows = self.daemon().listeners()
        self.assertEqual([r["proxy"] for r in rows], [False, True, True])
        self.assertEqual([len(r["connect"]) for r in rows], [1, 0, 0])

    def come(self, header, **more):
        return Telnet(None, sock=self.raw(header, **more))

    def closed(self, s):
        """Nothing comes but the end; what came before it."""
        got = b""
        while True:
            try:
                more = s.recv(4096)
            except ConnectionResetError:
                return got
            if not more:
                return got
            got += more

    def refused(self, reason):
        return self.d.stats().get('refused_total{reason="%s"}' % reason, 0)

    def test_whose_it_is(self):
        d = self.daemon()
        for i, (header, address) in enumerate(((v1("192.0.2.7"), "192.0.2.7"), (v1("2001:DB8::7"), "2001:db8::7"),
                                               (v2("198.51.100.9"), "198.51.100.9"), (v2("2001:db8::9"), "2001:db8::9"))):
            name = "guest%d" % i
            c = self.come(header)
            c.login(name)
            u = d.json("user", name)
            self.assertEqual((u["address"], u["port"]), (address, 4321), header)
        # the proxy itself looks whether we live
        for i, header in enumerate((b"PROXY UNKNOWN\r\n", SIGNATURE + b"\x20\0\0\0")):
            c = self.come(header)
            c.login("health%d" % i)
            self.assertEqual(d.json("user", "health%d" % i)["address"], "127.0.0.1")
        # what comes with the header, behind it, is the client's
        c = self.come(v2("192.0.2.8") + b"early\r\n")
        c.expect("as early")
        # and so is what comes byte by byte
        s = self.raw()
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in v2("192.0.2.9"):
            s.sendall(bytes([byte]))
        c = Telnet(None, sock=s)
        c.login("slowly")
        self.assertEqual(d.json("user", "slowly")["address"], "192.0.2.9")

    def test_irc(self):
        d = self.daemon()
        s = self.raw(v1("192.0.2.7") + b"NICK bob\r\nUSER u 0 * :r\r\n", "irc")
        with s.makefile("rb") as f:
            self.assertTrue(self.until(f, b" 001 bob "))
        self.assertEqual(d.json("user", "bob")["address"], "192.0.2.7")

    @staticmethod
    def until(f, what):
        for line in f:
            if what in line:
                return True
        return False

    def test_what_is_none(self):
        d = self.daemon()
        for bad in (b"hello\r\n", b"PROXY TCP4 192.0.2.300 127.0.0.1 1 2\r\n", b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\0\x05",
                    SIGNATURE + b"\x31\x11\0\x0c" + b"x" * 12, SIGNATURE + b"\x21\x11\xff\xff" + b"x" * 100,
                    b"PROXY " + b"x" * 3000):
            self.assertEqual(self.closed(self.raw(bad)), b"", bad)
        self.assertEqual(self.refused("proxy_header"), 7)
        # one that says nothing costs nobody else anything, and not for long
        silent = self.raw()
        self.come(v1("192.0.2.7")).login("other")
        self.assertEqual(self.closed(silent), b"")
        self.assertEqual(self.refused("proxy_header"), 8)
        # whoever hangs up in the middle
        s = self.raw(V1[:10])
        s.close()
        self.eventually("the end", lambda: self.refused("proxy_header") == 9)
        self.eventually("no connection", lambda: d.stats()["sessions"] == 1)

    def test_who_may_say(self):
        self.daemon({"proxy": {"trusted": "127.0.0.2"}})
        self.assertIn(b"for a proxy only", self.closed(self.raw(source="127.0.0.3")))
        self.assertEqual(self.refused("proxy"), 1)
        self.come(v1("192.0.2.7"), source="127.0.0.2").login("bob")

    def test_limits(self):
        """They hold for whoever is behind the proxy, not for the proxy."""
        d = self.daemon({"limits": {"max_per_address": 2}})
        for i in range(4):
            self.come(v1("192.0.2.%d" % i)).login("a%d" % i)
        second = self.come(v1("192.0.2.1"))
        second.login("b1")
        self.assertIn(b"Too many connections from your address", self.closed(self.raw(v1("192.0.2.1"))))
        self.assertIn(b"ERROR :Too many connections", self.closed(self.raw(v1("192.0.2.1"), "irc")))
        self.assertEqual(self.refused("address"), 2)
        second.close()
        self.eventually("one fewer", lambda: d.json("status")["sessions"] == 4)  # the master counts
        self.come(v1("192.0.2.1")).login("c1")

    def test_bans(self):
        d = self.daemon()
        d.ctl("ban", "add", "192.0.2.0/24", "no")
        with self.assertRaises((AssertionError, Closed)):
            self.come(v1("192.0.2.7")).login("bob")
        self.come(v1("198.51.100.7")).login("bob")

    def test_prefixes_and_exemptions(self):
        self.daemon({"limits": {"max_per_address": 2, "prefix_v4": 24, "prefix_v6": 48, "exempt": "198.51.100.0/24 2001:db8:5::/48"}})
        for i, (one, two, three, other) in enumerate((("192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.3.1"),
                                                      ("2001:db8::1", "2001:db8:0:1::1", "2001:db8:0:2::1", "2001:db8:1::1"))):
            self.come(v1(one)).login("one%d" % i)
            self.come(v1(two)).login("two%d" % i)
            self.assertIn(b"Too many", self.closed(self.raw(v1(three))))
            self.come(v1(other)).login("other%d" % i)
        for i in range(5):
            self.come(v1("198.51.100.1")).login("free%d" % i)
            self.come(v1("2001:db8:5::1")).login("six%d" % i)

    def test_tls_required(self):
        """In clear only who is on this host, with its proxy: neither others behind that, nor a proxy elsewhere that names nobody."""
        words = subprocess.run(["hostname", "-I"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False).stdout.split()
        self.daemon({"listen": [{"protocol": "telnet", "address": "0.0.0.0", "port": 0, "proxy": True}], "tls": {"required": True},
                     "proxy": {"trusted": "0.0.0.0/0"}})
        self.come(v1("127.0.0.9")).login("here")
        self.come(b"PROXY UNKNOWN\r\n").login("proxy")
        self.come(v2("192.0.2.7", tls=True)).login("encrypted")
        self.assertIn(b"TLS", self.closed(self.raw(v1("192.0.2.7"))))
        for address in [a for a in words if "." in a][:1]:
            for header in (b"PROXY UNKNOWN\r\n", v1("127.0.0.9")):
                s = socket.create_connection((address, self.port("telnet")), limit(), (address, 0))
                self.addCleanup(s.close)
                s.sendall(header)
                self.assertIn(b"with TLS only", self.closed(s))

    @unittest.skipUnless(build().tls, "built without OpenSSL")
    def test_within_is_tls(self):
        """The header comes first, in clear; the handshake behind it."""
        d = self.daemon({})
        cert, key = os.path.join(d.dir, "cert.pem"), os.path.join(d.dir, "key.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                        "-subj", "/CN=chat.test", "-keyout", key, "-out", cert], check=True, capture_output=True)
        d.stop()
        d.write_conf({"listen": [{"protocol": "telnet", "address": "127.0.0.1", "port": 0},
                                 {"protocol": "irc", "address": "127.0.0.1", "port": 0, "proxy": True, "tls": True}],
                      "tls": {"certificate": cert, "key": key}})
        d.start()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        s = context.wrap_socket(self.raw(v2("192.0.2.7"), "irc"))
        s.sendall(b"NICK bob\r\nUSER u 0 * :r\r\n")
        with s.makefile("rb") as f:
            self.assertTrue(self.until(f, b" 001 bob "))
        u = d.json("user", "bob")
        self.assertEqual((u["address"], u["port"], u["tls"]), ("192.0.2.7", 4321, True))


class From:
    """Before whatever the client sends itself, a proxy says where it comes from."""

    header = b""

    def begin(self):
        self.send_raw(self.header)
        super().begin()


class FromIrc(From, Irc):
    pass


class FromWs(From, Ws):
    pass


class FromHttp(From, Http):
    def __init__(self, address, header):
        super().__init__(address)
        self.send(header)


class Passwords(WebCase):
    """In clear from another host none is taken, by whatever door, nor is anybody told to send one; what comes over TLS as far as the
    proxy, or from this host, is."""

    own = store = passwords = True
    config = {"listen": [{"protocol": p, "address": "127.0.0.1", "port": 0, "proxy": proxy} for proxy in (False, True)
                         for p in ("telnet", "irc", "web")],
              "accounts": {"cost": 8192}, "web": {"url": "http://chat.test:8080"}}
    WORD = "correct horse battery"

    def begin(self, **more):
        r = subprocess.run([build().program("tools/chatctl"), "mkpasswd"], input=self.WORD.encode(), stdout=subprocess.PIPE, check=True,
                           timeout=limit(20))
        self.daemon(dict(operators=[{"name": "root", "password": r.stdout.decode().strip()}], **more))
        self.owner = self.irc("owner")
        self.owner.ask("REGISTER * * :" + self.WORD, "REGISTER", "SUCCESS")

    def at(self, protocol):
        return "127.0.0.1", [l["port"] for l in self.d.listeners() if l["protocol"] == protocol][-1]

    def come(self, kind, header):
        c = type(kind.__name__, (kind,), {"header": header})(self.at("irc" if kind is FromIrc else "web"))
        self.addCleanup(c.close)
        return c

    def upload(self, word, header=None):
        c = FromHttp(self.at("web"), header) if header else self.http()
        self.addCleanup(c.close)
        basic = base64.b64encode(("%s:%s" % (self.owner.nick, word)).encode()).decode()
        return c.ask("POST", "/files", ["Authorization: Basic " + basic] if word else [], b"x")

    def doors(self, header):
        """Who comes from there by IRC and by a WebSocket; what SASL each is offered, and what OPER answers."""
        for kind in (FromIrc, FromWs):
            c = self.come(kind, header)
            offered = c.offered()
            sasl, c.nick, c.caps = offered["sasl"], self.fresh("n"), ("sasl",)
            # nobody is asked for a password that would be refused
            self.assertEqual("draft/account-registration" in offered, "PLAIN" in sasl)
            c.register()
            yield c, sasl, c.answers("OPER root :" + self.WORD)[0]

    def test_refused(self):
        self.begin()
        far = v1("192.0.2.7")
        for word in (self.WORD, "wrong", ""):
            a = self.upload(word, far)
            self.assertEqual((a.status, "www-authenticate" in a.headers), (403, False), a)
            self.assertIn("Passwords are not taken here without TLS", a.text)
        for c, sasl, oper in self.doors(far):
            self.assertEqual(sasl, "SCRAM-SHA-256")
            self.assertEqual(oper.command, "491")
            self.assertIn("Passwords are not taken here without TLS", oper.params[-1])
            self.assertIn("TLS", c.ask("REGISTER * * :" + self.WORD, "FAIL").params[-1])
        t = Telnet(None, sock=socket.create_connection(self.at("telnet"), limit()))
        self.addCleanup(t.close)
        t.send_raw(far)
        t.login("guest")
        for line in ("/login %s %s" % (self.owner.nick, self.WORD), "/register"):
            t.ask(line, "^Passwords are not taken here without TLS")
        # nobody is told to; not who would be believed either
        self.assertNotIn("draft/FILEHOST", self.irc("here").isupport)

    def test_taken(self):
        self.begin()
        for header in (v2("192.0.2.7", tls=True), v1("127.0.0.9"), None):
            self.assertEqual([self.upload(w, header).status for w in (self.WORD, "wrong")], [201, 401], header)
            for _, sasl, oper in self.doors(header) if header else ():
                self.assertEqual((sasl, oper.command), ("PLAIN,SCRAM-SHA-256", "381"))

    def test_allowed(self):
        """As over a VPN."""
        self.begin(accounts={"plaintext": True})
        self.assertEqual([self.upload(w, v1("192.0.2.7")).status for w in (self.WORD, "wrong", "")], [201, 401, 401])
        for c, sasl, oper in self.doors(v1("192.0.2.7")):
            self.assertEqual((sasl, oper.command), ("PLAIN,SCRAM-SHA-256", "381"))
            self.assertEqual(c.isupport["draft/FILEHOST"], "http://chat.test:8080/files")

    def test_reload(self):
        self.begin()
        c = next(self.doors(v1("192.0.2.7")))[0]
        for plaintext, told in ((True, "NEW"), (False, "DEL")):
            self.d.write_conf(merged(self.config, {"accounts": {"plaintext": plaintext}}))
            self.d.ctl("reload")
            words = c.expect("CAP", None, told).params[-1].split()
            self.assertEqual([w.partition("=")[0] for w in words], ["draft/account-registration"])
        self.assertFalse([m for m in self.owner.sync() if m.command == "CAP"])

    def test_address_over_tls(self):
        """Who comes in clear may well upload over TLS."""
        self.begin(web={"url": "https://chat.test/"})
        for c, _, _ in self.doors(v1("192.0.2.7")):
            self.assertEqual(c.isupport["draft/FILEHOST"], "https://chat.test/files")


class Uploads(WebCase):
    """So many at once are one address's, whether it comes to its proxy in clear or by TLS; those of this host may be anybody's."""

    own = store = True
    config = {"listen": [{"protocol": p, "address": "127.0.0.1", "port": 0, "proxy": p == "web"} for p in ("telnet", "web")]}

    def begin(self, header):
        """One that is let begin, or an answer."""
        link = self.a.ask("/file", "^Upload one file .*: " + TOKEN).group(1)
        c = FromHttp(self.web_address(), header)
        self.addCleanup(c.close)
        c.send(("POST %s HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n" % link).encode())
        first = c.sock.recv(4096)
        if b" 100 Continue" in first:
            return c
        c.raw = first
        return c.read().status

    def test_at_once(self):
        self.daemon()
        self.a = self.client("alice")
        for header, many in ((v1("192.0.2.7"), False), (v2("192.0.2.8", tls=True), False), (v1("127.0.0.9"), True)):
            begun = [self.begin(header) for _ in range(9)]
            self.assertEqual([c for c in begun if isinstance(c, int)], [] if many else [429], header)
            for c in begun[:8]:
                c.send(b"hello")
                self.assertEqual(c.read().status, 201)
            self.assertIsInstance(self.begin(header), Http)


if __name__ == "__main__":
    main()
