"""HTTP for the system tests: requests byte by byte, so that wrong ones can be sent, and answers taken apart."""

import socket
import unittest

from harness import build, limit
from irc import IrcCase

LINK = r"(http://127\.0\.0\.1:\d+(/files/[\w-]{22}/[^?\s]+\?e=\d+&s=[\w-]{16}))"
TOKEN = r"http://127\.0\.0\.1:\d+(/files/u/[\w-]{48})"


def form(*parts, boundary="----x"):
    """(field, file's name or None, bytes) each."""
    body = b""
    for field, name, data in parts:
        said = 'form-data; name="%s"' % field + ('; filename="%s"' % name if name is not None else "")
        body += b"--%s\r\nContent-Disposition: %s\r\n\r\n" % (boundary.encode(), said.encode()) + data + b"\r\n"
    return ["Content-Type: multipart/form-data; boundary=" + boundary], body + b"--%s--\r\n" % boundary.encode()


class Answer:
    """status, headers (lower-case names; the last of each), body; raw: all that came."""

    def __init__(self, raw):
        self.raw = raw
        head, _, self.body = raw.partition(b"\r\n\r\n")
        first, *fields = head.decode("latin-1").split("\r\n")
        self.status = int(first.split()[1]) if first.startswith("HTTP/1.1 ") else 0
        self.headers = {k.strip().lower(): v.strip() for k, _, v in (f.partition(":") for f in fields)}

    def __repr__(self):
        return "%d %r %r" % (self.status, self.headers, self.body[:300])

    @property
    def text(self):
        return self.body.decode("utf-8", "backslashreplace").strip()


class Http:
    """One connection."""

    def __init__(self, address):
        self.host = "%s:%d" % address
        self.sock = socket.create_connection(address, timeout=limit())
        self.raw = b""

    def close(self):
        self.sock.close()

    def send(self, data):
        self.sock.sendall(data)

    def read(self, head=False):
        """The next answer: by its Content-Length, or up to the end. head: it has no body."""
        while True:
            at = self.raw.find(b"\r\n\r\n")
            if at >= 0:
                a = Answer(self.raw[:at + 4])
                if a.status == 100:
                    self.raw = self.raw[at + 4:]
                    continue
                n = a.headers.get("content-length")
                if head or a.status in (204, 304):
                    n = "0"
                if n is not None and len(self.raw) >= at + 4 + int(n):
                    end = at + 4 + int(n)
                    a, self.raw = Answer(self.raw[:end]), self.raw[end:]
                    return a
            data = self.sock.recv(262144)
            if not data:
                a, self.raw = Answer(self.raw), b""
                return a
            self.raw += data

    def ended(self):
        """Until the server has closed; True if nothing else came."""
        try:
            while True:
                data = self.sock.recv(65536)
                if not data:
                    return self.raw == b""
                self.raw += data
        except ConnectionResetError:
            return self.raw == b""

    def ask(self, method, path, headers=(), body=None):
        lines = ["%s %s HTTP/1.1" % (method, path), "Host: " + self.host, *headers]
        if body is not None:
            lines.append("Content-Length: %d" % len(body))
        try:
            self.send("\r\n".join(lines).encode() + b"\r\n\r\n" + (body or b""))
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused before its end
        return self.read(head=method == "HEAD")


class WebCase(IrcCase):
    """IrcCase with a web listener."""

    config = {"listen": [{"protocol": p, "address": "127.0.0.1", "port": 0} for p in ("telnet", "irc", "web")]}

    @classmethod
    def setUpClass(cls):
        if not build().web:
            raise unittest.SkipTest("built without libmicrohttpd and wslay")
        super().setUpClass()

    def web_address(self, d=None):
        return (d or self.d).address_of("web")

    def http(self, d=None):
        c = Http(self.web_address(d))
        self.addCleanup(c.close)
        return c

    def ask(self, method, path, headers=(), body=None, d=None):
        """On a connection of its own."""
        c = self.http(d)
        try:
            return c.ask(method, path, headers, body)
        finally:
            c.close()

    def get(self, path, *headers, d=None):
        return self.ask("GET", path, headers, d=d)
