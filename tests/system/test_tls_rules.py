#!/usr/bin/env python3
"""What is spoken over TLS, with whom it has to be, and who is known by a certificate."""

import hashlib
import socket
import ssl
import subprocess
import unittest

from harness import Telnet, eventually, fd_count, limit, main
from irc import PASSWORD, Irc
from tls import NewKeys, TlsCase, TlsIrc, TlsWs, context, drained, fingerprint, make_cert
from web import Http


def own_address():
    """An address of this host that is not loopback; None: it has none."""
    out = subprocess.run(["hostname", "-I"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False).stdout
    return next((a for a in out.split() if "." in a), None)


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
