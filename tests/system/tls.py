"""TLS for the system tests: certificates made with the openssl command, clients whose socket is wrapped. A stream that is cut off,
without a close_notify, is an exception."""

import ctypes
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


def make_cert(directory, stem, names=("localhost",), days=30, key="ec", addresses=()):
    """A self-signed certificate and its key: paths."""
    cert, secret = (os.path.join(directory, stem + end) for end in (".crt", ".key"))
    kind = ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"] if key == "ec" else ["rsa:2048"]
    subprocess.run(["openssl", "req", "-x509", "-nodes", "-newkey", *kind, "-keyout", secret, "-out", cert, "-days", str(days),
                    "-subj", "/CN=" + names[0], "-addext", "subjectAltName=" + ",".join(["DNS:" + n for n in names] + ["IP:" + a for a in addresses])],
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


def drained(s):
    """All that comes until the end; a reset ends it too."""
    data = b""
    try:
        while True:
            more = s.recv(65536)
            if not more:
                return data
            data += more
    except (ConnectionResetError, ssl.SSLError):
        return data


class TlsIrc(Irc):
    def __init__(self, *args, tls=None, name="localhost", session=None, **more):
        self.tls, self.server_name, self.session = tls or context(), name, session
        super().__init__(*args, **more)

    def begin(self):
        self.sock = self.tls.wrap_socket(self.sock, server_hostname=self.server_name, session=self.session, suppress_ragged_eofs=False)


class NewKeys:
    """A client of OpenSSL's own, which the ssl module has no words for: it changes its keys as often as it likes (RFC 8446, 4.6.3)."""

    def __init__(self, sock):
        self.sock = sock
        c, s = self.load()
        self.crypto, self.ssl, self.made = c, s, []
        self.ctx = self.own(s.SSL_CTX_new(s.TLS_client_method()), s.SSL_CTX_free)
        self.s = self.own(s.SSL_new(self.ctx), s.SSL_free)
        sock.setblocking(True)
        s.SSL_set_fd(self.s, sock.fileno())
        assert s.SSL_connect(self.s) == 1, "no handshake"
        self.out = c.BIO_new(c.BIO_s_mem())
        s.SSL_set0_wbio(self.s, self.out)  # now it is written down, and goes when we want

    @staticmethod
    def load():
        """Skips where there is none."""
        try:
            c, s = ctypes.CDLL("libcrypto.so.3"), ctypes.CDLL("libssl.so.3")
        except OSError as e:
            raise unittest.SkipTest(str(e)) from e
        for lib, names in ((c, ("BIO_new", "BIO_s_mem")), (s, ("SSL_CTX_new", "TLS_client_method", "SSL_new"))):
            for name in names:
                getattr(lib, name).restype = ctypes.c_void_p
        p, i = ctypes.c_void_p, ctypes.c_int
        for fn, args in ((c.BIO_new, [p]), (c.BIO_read, [p, p, i]), (s.SSL_CTX_new, [p]), (s.SSL_CTX_free, [p]), (s.SSL_new, [p]),
                         (s.SSL_free, [p]), (s.SSL_set_fd, [p, i]), (s.SSL_connect, [p]), (s.SSL_set0_wbio, [p, p]), (s.SSL_read, [p, p, i]),
                         (s.SSL_key_update, [p, i]), (s.SSL_do_handshake, [p]), (s.SSL_write, [p, ctypes.c_char_p, i])):
            fn.argtypes = args
        return c, s

    def own(self, p, free):
        assert p
        self.made.append((p, free))
        return p

    def close(self):
        while self.made:
            p, free = self.made.pop()
            free(p)

    def keys(self, n, answered=False):
        """New keys, n times."""
        for _ in range(n):
            self.ssl.SSL_key_update(self.s, int(answered))
            assert self.ssl.SSL_do_handshake(self.s) == 1

    def write(self, data):
        assert self.ssl.SSL_write(self.s, data, len(data)) == len(data)

    def flush(self):
        buf = ctypes.create_string_buffer(1 << 20)
        while (n := self.crypto.BIO_read(self.out, buf, len(buf))) > 0:
            self.sock.sendall(buf.raw[:n])

    def read(self):
        """b"": it is over."""
        buf = ctypes.create_string_buffer(16384)
        n = self.ssl.SSL_read(self.s, buf, len(buf))
        return buf.raw[:n] if n > 0 else b""


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
        cls.first = make_cert(cls.certs, "first", addresses=("127.0.0.1",))
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
