"""TLS for the system tests: certificates made with the openssl command, clients whose socket is wrapped. A stream that is cut off,
without a close_notify, is an exception."""

import hashlib
import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import unittest

from harness import Telnet, build, limit
from irc import Irc, IrcCase
from web import Http
from ws import Ws


def make_cert(directory, stem, names=("localhost",), days=30, key="ec"):
    """A self-signed certificate and its key: paths."""
    cert, secret = (os.path.join(directory, stem + end) for end in (".crt", ".key"))
    kind = ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"] if key == "ec" else ["rsa:2048"]
    subprocess.run(["openssl", "req", "-x509", "-nodes", "-newkey", *kind, "-keyout", secret, "-out", cert, "-days", str(days),
                    "-subj", "/CN=" + names[0], "-addext", "subjectAltName=" + ",".join("DNS:" + n for n in names)],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return cert, secret


def fingerprint(cert):
    with open(cert, encoding="ascii") as f:
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(f.read())).hexdigest()


def context(alpn=None, cert=None, versions=None, ciphers=None):
    """A client's, that trusts whoever answers."""
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    c.check_hostname = False
    c.verify_mode = ssl.CERT_NONE
    if ciphers:
        c.set_ciphers(ciphers)
    if versions:
        c.minimum_version, c.maximum_version = versions
    if alpn:
        c.set_alpn_protocols(alpn)
    if cert:
        c.load_cert_chain(*cert)
    return c


class TlsIrc(Irc):
    def __init__(self, *args, tls=None, name="localhost", session=None, **more):
        self.tls, self.server_name, self.session = tls or context(), name, session
        super().__init__(*args, **more)

    def begin(self):
        self.sock = self.tls.wrap_socket(self.sock, server_hostname=self.server_name, session=self.session, suppress_ragged_eofs=False)


class TlsWs(Ws):
    def begin(self):
        self.sock = context(["http/1.1"]).wrap_socket(self.sock, server_hostname="localhost", suppress_ragged_eofs=False)
        self.headers = ("Origin: https://" + self.host, *self.headers)
        super().begin()


class TlsHttp(Http):
    def __init__(self, address, tls=None):
        super().__init__(address)
        self.sock = (tls or context(["http/1.1"])).wrap_socket(self.sock, server_hostname="localhost")


class TlsCase(IrcCase):
    """IrcCase with listeners that speak TLS, and the plain ones. The first certificate is for localhost, another for two names."""

    limits = {}

    @classmethod
    def setUpClass(cls):
        if not build().tls:
            raise unittest.SkipTest("built without OpenSSL")
        if shutil.which("openssl") is None:
            raise unittest.SkipTest("there is no openssl command")
        cls.certs = tempfile.mkdtemp(prefix="chatd-c-")
        cls.addClassCleanup(shutil.rmtree, cls.certs, ignore_errors=True)
        cls.first = make_cert(cls.certs, "first")
        cls.other = make_cert(cls.certs, "other", ("other.example", "*.wild.example"), key="rsa")
        protocols = ("telnet", "irc") + (("web",) if build().web else ())
        cls.config = dict(cls.more(), listen=[{"protocol": p, "address": cls.address(), "port": 0, "tls": t}
                                              for t in (False, True) for p in protocols])
        cls.config["tls"] = dict({"certificate": cls.first[0], "key": cls.first[1],
                                  "more": [{"certificate": cls.other[0], "key": cls.other[1]}]}, **cls.config.get("tls", {}))
        super().setUpClass()

    @classmethod
    def more(cls):
        """What else is in the configuration."""
        return {}

    @classmethod
    def address(cls):
        return "127.0.0.1"

    def tls_address(self, protocol, d=None, tls=True):
        if protocol == "web" and not build().web:
            self.skipTest("built without libmicrohttpd and wslay")
        return ("127.0.0.1", [l["port"] for l in (d or self.d).listeners() if l["protocol"] == protocol and l["tls"] == tls][0])

    def raw(self, protocol="irc", d=None):
        """A TCP connection to a port that speaks TLS."""
        s = socket.create_connection(self.tls_address(protocol, d), timeout=limit())
        self.addCleanup(s.close)
        return s

    def wrapped(self, protocol="irc", d=None, name="localhost", session=None, **more):
        """The same behind its handshake."""
        s = context(**more).wrap_socket(self.raw(protocol, d), server_hostname=name, session=session, suppress_ragged_eofs=False)
        self.addCleanup(s.close)
        return s

    def tls_irc(self, stem="nick", caps=(), d=None, exact=False, **more):
        c = TlsIrc(self.tls_address("irc", d), stem if exact else self.fresh(stem), caps, **more)
        self.addCleanup(c.close)
        return c

    def tls_telnet(self, stem="user", d=None):
        return Telnet(None, sock=self.wrapped("telnet", d)).login(self.fresh(stem))
