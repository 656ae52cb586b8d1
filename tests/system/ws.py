"""IRC over WebSocket (RFC 6455, IRCv3 websocket) for the system tests: frames by hand, so that wrong ones can be sent."""

import base64
import hashlib
import os
import struct
import unittest

from harness import build
from irc import Irc, IrcCase

MORE, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def frame(payload=b"", opcode=TEXT, fin=True, mask=b"\x37\xfa\x21\x3d", rsv=0, length=None, wide=None):
    """A client's frame. length: what its header says instead of the truth; wide: 2 or 8 bytes for the length whatever it is;
    mask None: none."""
    n = len(payload) if length is None else length
    head = bytes([(fin << 7) | (rsv << 4) | opcode])
    bit = 0x80 if mask is not None else 0
    if wide is None:
        wide = 0 if n < 126 else 2 if n < 65536 else 8
    if wide == 0:
        head += bytes([bit | n])
    elif wide == 2:
        head += struct.pack("!BH", bit | 126, n)
    else:
        head += struct.pack("!BQ", bit | 127, n)
    if mask is not None:
        head += mask
        payload = bytes(b ^ mask[i % 4] for i, b in enumerate(payload))
    return head + payload


def close_frame(code=None, reason=b"", **more):
    return frame((struct.pack("!H", code) if code is not None else b"") + reason, CLOSE, **more)


class Refused(AssertionError):
    """Another answer than 101."""


class Ws(Irc):
    """An IRC client behind a WebSocket. binary: of the frames that it sends; early: bytes sent together with the handshake."""

    def __init__(self, address, nick=None, caps=(), protocols=("text.ircv3.net",), headers=(), early=b"", path="/ws", origin=True,
                 first=(), method="GET", version="HTTP/1.1", **more):
        self.protocols, self.headers, self.early = protocols, headers, early
        self.origin = origin    # True: the page's; None: none is sent
        self.first = first      # headers in front of the handshake's own
        self.asks = "%s %s %s" % (method, path, version)
        self.host = "%s:%d" % address
        self.frames = []        # (opcode, payload) of all that came
        self.pongs = []
        self.close_code = None  # the server's close frame; 1005: without a code
        super().__init__(address, nick, caps, **more)

    def begin(self):
        key = base64.b64encode(os.urandom(16))
        lines = [self.asks, "Host: " + self.host, *self.first, "Upgrade: websocket", "Connection: Upgrade",
                 "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: " + key.decode()]
        if self.origin is True and not any(h.lower().startswith("origin:") for h in (*self.first, *self.headers)):
            lines.append("Origin: http://" + self.host)
        if self.protocols:
            lines.append("Sec-WebSocket-Protocol: " + ", ".join(self.protocols))
        self.send_raw("\r\n".join(lines + list(self.headers)).encode() + b"\r\n\r\n" + self.early)
        while b"\r\n\r\n" not in self.raw:
            data = self.sock.recv(65536)
            if not data:
                raise Refused("closed in the handshake: %r" % self.raw)
            self.raw += data
        head, _, self.raw = self.raw.partition(b"\r\n\r\n")
        status, *fields = head.decode().split("\r\n")
        self.status = int(status.split()[1])
        if self.status != 101:
            raise Refused("%s\n%s" % (head.decode(), self.raw.decode(errors="replace")))
        self.answer = {k.strip().lower(): v.strip() for k, _, v in (f.partition(":") for f in fields)}
        assert self.answer["sec-websocket-accept"] == base64.b64encode(hashlib.sha1(key + GUID).digest()).decode()
        assert "sec-websocket-extensions" not in self.answer
        self.binary = self.answer.get("sec-websocket-protocol") == "binary.ircv3.net"
        self.sends = BINARY if self.binary else TEXT
        rest, self.raw = self.raw, b""
        self._take(rest)  # nothing more may come

    def packed(self, line):
        return frame(line, self.sends, mask=os.urandom(4))

    def lines_of(self, data):
        """Only what RFC 6455 and IRCv3 let a server send."""
        self.raw += data
        lines = []
        while len(self.raw) >= 2:
            first, n, at = self.raw[0], self.raw[1], 2
            assert n < 128, "masked by the server"
            if n >= 126:
                at += 2 if n == 126 else 8
                if len(self.raw) < at:
                    break
                n = int.from_bytes(self.raw[2:at], "big")
                assert n > (125 if at == 4 else 65535), "a longer length than needed"
            if len(self.raw) < at + n:
                break
            payload, self.raw = self.raw[at:at + n], self.raw[at + n:]
            lines += self.took(first, payload)
        return lines

    def took(self, first, payload):
        opcode = first & 15
        assert first & 0xf0 == 0x80, "not whole, or reserved bits: %02x" % first
        assert self.close_code is None, "something behind the close frame"
        self.frames.append((opcode, payload))
        if opcode == (BINARY if self.binary else TEXT):
            assert payload and b"\n" not in payload and b"\r" not in payload, payload
            return [payload]
        assert opcode in (CLOSE, PONG) and len(payload) <= 125, (opcode, payload)
        if opcode == CLOSE:
            assert len(payload) != 1
            self.close_code = struct.unpack("!H", payload[:2])[0] if payload else 1005
        else:
            self.pongs.append(payload)
        return []

    def send_frame(self, *args, **more):
        self.send_raw(frame(*args, **more))

    def expect_close(self, *codes):
        """The server's close frame with one of these codes, then the end."""
        left = self.expect_eof()
        assert self.close_code in codes, "closed with %s instead of %s; the last that came:\n%s" % (
            self.close_code, codes, self.tail())
        return left


class WsCase(IrcCase):
    """IrcCase with a web listener; self.ws() makes clients."""

    config = {"listen": IrcCase.config["listen"] + [{"protocol": "web", "address": "127.0.0.1", "port": 0}]}

    @classmethod
    def setUpClass(cls):
        if not build().web:
            raise unittest.SkipTest("built without libmicrohttpd and wslay")
        super().setUpClass()

    def ws_address(self, d=None):
        return (d or self.d).address_of("web")

    def ws(self, stem="web", caps=(), d=None, exact=False, **more):
        c = Ws(self.ws_address(d), stem if exact else self.fresh(stem), caps, **more)
        self.addCleanup(c.close)
        return c

    def ws_raw(self, d=None, **more):
        """A WebSocket on which nothing has been said yet."""
        c = Ws(self.ws_address(d), **more)
        self.addCleanup(c.close)
        return c
