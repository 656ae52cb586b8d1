#!/usr/bin/env python3
"""chatd-web as a web server: the page and how it is kept, health, metrics; requests that are none, or can be read in two ways."""

import gzip
import re
import select
import socket
import time

from harness import build, cpu_seconds, eventually, fd_count, limit, main, private_bytes
from web import WebCase


CHUNKED = b"GET /healthz HTTP/1.1\r\nHost: @HOST@\r\nTransfer-Encoding: chunked\r\n\r\n"


class Page(WebCase):
    def test_index(self):
        a = self.get("/")
        self.assertEqual((a.status, a.headers["content-type"]), (200, "text/html; charset=utf-8"))
        self.assertIn(b"<!doctype html>", a.body.lower())
        for name, value in (("x-content-type-options", "nosniff"), ("x-frame-options", "DENY"), ("referrer-policy", "no-referrer"),
                            ("cache-control", "no-cache")):
            self.assertEqual(a.headers[name], value)
        csp = a.headers["content-security-policy"]
        self.assertIn("default-src 'none'", csp)
        self.assertNotIn("unsafe", csp)

    def test_etag_and_gzip(self):
        for path in ["/"] + re.findall(r'(?:href|src)="(/assets/[^"]+)"', self.get("/").body.decode())[:4]:
            plain, packed = self.get(path), self.get(path, "Accept-Encoding: br, gzip")
            self.assertEqual((plain.status, packed.status), (200, 200), path)
            if path == "/":  # scanners take what is packed there for BREACH
                self.assertEqual((packed.body, packed.headers["etag"]), (plain.body, plain.headers["etag"]))
                self.assertNotIn("content-encoding", packed.headers)
                self.assertNotIn("vary", packed.headers)
            else:
                self.assertEqual(gzip.decompress(packed.body), plain.body)
                self.assertEqual((packed.headers["content-encoding"], packed.headers["vary"]), ("gzip", "Accept-Encoding"))
                self.assertNotEqual(packed.headers["etag"], plain.headers["etag"])
            for said, packs in (("gzip;q=0", False), ("gzip; q=0.0", False), ("GZIP;Q=0.000", False), ("br, x-gzip", False),
                                ("br;q=0,gzip;q=0.001", True), ("br;q=1.0, gzip;q=0.8, *;q=0.1", True)):
                self.assertEqual("content-encoding" in self.get(path, "Accept-Encoding: " + said).headers, packs and path != "/", said)
            same = self.get(path, "If-None-Match: " + plain.headers["etag"])
            self.assertEqual((same.status, same.body), (304, b""))
            # RFC 9110, 8.6: none, or that of what it has; and nothing of it comes
            self.assertEqual(same.headers.get("content-length", plain.headers["content-length"]), plain.headers["content-length"])
            c = self.http()
            for _ in range(2):
                self.assertEqual(c.ask("GET", path, ["If-None-Match: " + plain.headers["etag"]]).status, 304)
            self.assertEqual(c.ask("GET", "/healthz").text, "ok")
            self.assertEqual(self.get(path, 'If-None-Match: "other"').status, 200)
            for said in ('"a", W/%s ,"b"' % plain.headers["etag"], "*"):
                self.assertEqual(self.get(path, "If-None-Match: " + said).status, 304, said)
            if path != "/":
                self.assertIn("immutable", plain.headers["cache-control"])

    def test_head_and_keepalive(self):
        c = self.http()
        for _ in range(3):
            a = c.ask("HEAD", "/")
            self.assertEqual((a.status, a.body), (200, b""))
            b = c.ask("GET", "/")
            self.assertEqual(len(b.body), int(a.headers["content-length"]))

    def test_pipelined(self):
        c = self.http()
        one = ("GET /healthz HTTP/1.1\r\nHost: %s\r\n\r\n" % c.host).encode()
        c.send(one * 20)
        for _ in range(20):
            self.assertEqual(c.read().text, "ok")

    def test_verbs(self):
        for verb, path, status in (("POST", "/", 405), ("PUT", "/healthz", 405), ("DELETE", "/files/x", 405), ("GET", "/files", 405),
                                   ("BREW", "/", 501), ("GET", "/nothing", 404), ("GET", "/assets/0/../../etc/passwd", 404),
                                   ("GET", "/assets/0/..%2f..%2fetc%2fpasswd", 404), ("GET", "/files/", 404), ("GET", "/ws", 426)):
            self.assertEqual(self.ask(verb, path, body=b"" if verb in ("POST", "PUT") else None).status, status, (verb, path))
        for path, allowed in (("/healthz", "GET, HEAD"), ("/files", "POST, OPTIONS"), ("/files/u/x", "GET, HEAD, POST, OPTIONS"), ("/ws", "GET")):
            self.assertEqual(self.ask("TRACE", path).headers["allow"], allowed, path)
        self.assertEqual(self.ask("HEAD", "/ws").status, 405)
        for more in ((), ("Connection: close",), ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 8")):
            a = self.get("/ws", *more)  # RFC 9110, 7.8: who sends Upgrade says so in Connection
            self.assertEqual((a.status, a.headers["upgrade"]), (426, "websocket"))
            self.assertIn("upgrade", [w.strip() for w in a.headers["connection"].lower().split(",")])

    def test_metrics(self):
        a = self.get("/metrics")
        self.assertEqual((a.status, a.headers["content-type"]), (200, "text/plain; version=0.0.4; charset=utf-8"))

        def names(text):
            return [l.rpartition(" ")[0] for l in text.splitlines() if l[:1] != "#"]
        self.assertEqual(names(a.text), names(self.d.ctl("metrics")))
        self.assertEqual(self.ask("HEAD", "/metrics").status, 200)
        d = self.daemon({"web": {"metrics": "192.0.2.0/24 2001:db8::/32"}})
        self.assertEqual(self.get("/metrics", d=d).status, 403)
        self.assertEqual(self.get("/metrics", "X-Forwarded-For: 192.0.2.1", d=d).status, 403)
        self.assertEqual(self.get("/healthz", d=d).text, "ok")


class Bad(WebCase):
    """Rows of bad input: each is answered with its status, the connection ends, and nothing of it is done."""

    def setUp(self):
        super().setUp()
        self.others = self.neighbours()

    def tearDown(self):
        self.others.end()
        super().tearDown()

    def refused(self, data, *statuses, first=b""):
        c = self.http()
        if first:
            c.send(first)
            self.assertEqual(c.read().status, 200)
        try:
            c.send(data.replace(b"@HOST@", c.host.encode()))
        except (BrokenPipeError, ConnectionResetError):
            pass
        a = c.read()
        self.assertIn(a.status, statuses, (data[:200], a))
        self.assertTrue(c.ended(), data[:200])

    rows = (
        (b"GET / HTTP/1.1\nHost: @HOST@\n\n", 400),
        (b"GET / HTTP/1.1\r\nHost: @HOST@\nX: y\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: @HOST@\r\nX: y\rZ: a\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: @HOST@\r\nX : y\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: @HOST@\r\nX: y\r\n z\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n X: y\r\nHost: @HOST@\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: @HOST@\r\nno colon\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: @HOST@\r\n: y\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: @HOST@\r\nX: a\x00b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost:\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: @HOST@ b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: @HOST@/b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: @HOST@\r\nHost: @HOST@\r\n\r\n", 400),
        (b"GET http://@HOST@/ HTTP/1.1\r\nHost: @HOST@\r\n\r\n", 400),
        (b"GET healthz HTTP/1.1\r\nHost: @HOST@\r\n\r\n", 400),
        (b"GET /a%00b HTTP/1.1\r\nHost: @HOST@\r\n\r\n", 400),
        (b"GET /\xff HTTP/1.1\r\nHost: @HOST@\r\n\r\n", 400),
        (b"GET  / HTTP/1.1\r\nHost: @HOST@\r\n\r\n", 400),
        (b"GET / HTTP/1.1 \r\nHost: @HOST@\r\n\r\n", 400),
        (b"GET / HTTP/2.0\r\nHost: @HOST@\r\n\r\n", 505),
        (b"GET /\r\n\r\n", 400),
        (b"POST /files HTTP/1.1\r\nHost: @HOST@\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"POST /files HTTP/1.1\r\nHost: @HOST@\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 400),
        (b"POST /files HTTP/1.1\r\nHost: @HOST@\r\nContent-Length: 5, 5\r\n\r\nhello", 400),
        (b"POST /files HTTP/1.1\r\nHost: @HOST@\r\nContent-Length: +5\r\n\r\nhello", 400),
        (b"POST /files HTTP/1.1\r\nHost: @HOST@\r\nContent-Length: 5 \r\n\r\nhello", 400),
        (b"POST /files HTTP/1.1\r\nHost: @HOST@\r\nTransfer-Encoding: chunked\t\r\n\r\n0\r\n\r\n", 400),
        (b"POST /files HTTP/1.1\r\nHost: @HOST@\r\nContent-Length: 99999999999999999999\r\n\r\nhello", 400),
        (b"POST /files HTTP/1.1\r\nHost: @HOST@\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
        (b"POST /files HTTP/1.1\r\nHost: @HOST@\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"POST /files HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (CHUNKED + b"5;" + b"a" * 50000 + b"\r\nhello\r\n0\r\n\r\n", 400),
        (CHUNKED + b"5\nhello\r\n0\r\n\r\n", 400),
        (CHUNKED + b"5\r\nhello!\r\n0\r\n\r\n", 400),
        (CHUNKED + b"fffffffffffffffff\r\nhello\r\n0\r\n\r\n", 400),
        (CHUNKED + b"0\r\n" + b"A: b\r\n" * 20000 + b"\r\n", 431),
        (b"NICK x\r\nUSER x 0 * :x\r\nJOIN #lobby\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"x" * 100, 400),
    )

    def test_rows(self):
        for data, status in self.rows:
            self.refused(data, status)

    def test_rows_behind_another(self):
        """The same as the second request of a connection, or the fourth in one segment: what came before it is answered before it."""
        good = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
        for data, status in self.rows:
            self.refused(data, status, first=good)
            if len(data) > 4096:  # two segments
                continue
            c = self.http()
            c.send(good * 3 + data.replace(b"@HOST@", c.host.encode()))
            self.assertEqual([c.read().status for _ in range(4)], [200, 200, 200, status], data)
            self.assertTrue(c.ended(), data)

    def test_body_behind_others(self):
        """A request whose body is not all there yet, and one in chunks, in the segment of others: each is answered."""
        good = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
        c = self.http()
        c.send(good * 3 + good[:-2] + b"Content-Length: 5\r\n\r\nhel")
        self.assertEqual([c.read().status for _ in range(3)], [200] * 3)
        c.send(b"lo")
        self.assertEqual(c.read().status, 200)
        c.send(good + CHUNKED.replace(b"@HOST@", b"x") + b"5\r\nhello\r\n0\r\n\r\n")
        self.assertEqual([c.read().status for _ in range(2)], [200] * 2)
        self.assertTrue(c.ended())

    def test_nothing_more(self):
        """Who says with its request that nothing more comes has its answer, and then the end: not when it has been silent for too long."""
        pid = self.d.kids("web")[0]
        before, held = fd_count(pid), [self.http() for _ in range(100)]
        for c in held:
            c.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" * 2)
            c.sock.shutdown(socket.SHUT_WR)
        end = time.monotonic() + limit(5)
        for c in held:
            self.assertEqual([c.read().text, c.read().text], ["ok", "ok"])
            c.sock.settimeout(max(0.001, end - time.monotonic()))
            self.assertTrue(c.ended())
        eventually("the descriptors", lambda: fd_count(pid) <= before)

    def test_too_long(self):
        self.refused(b"GET /" + b"a" * 100000 + b" HTTP/1.1\r\nHost: @HOST@\r\n\r\n", 414)
        self.refused(b"GET / HTTP/1.1\r\nHost: @HOST@\r\nX: " + b"a" * 65536 + b"\r\n\r\n", 431)
        self.refused(b"GET / HTTP/1.1\r\nHost: @HOST@\r\n" + b"a: b\r\n" * 1000 + b"\r\n", 431)
        self.refused(b"GET /?" + b"a&" * 4000 + b" HTTP/1.1\r\nHost: @HOST@\r\n\r\n", 414)
        self.refused(b"GET / HTTP/1.1\r\nHost: @HOST@\r\nCookie: " + b"a=b;" * 5000 + b"\r\n\r\n", 431)

    def test_just_short_enough(self):
        """What is let in is answered, however much there is to keep of it."""
        for more in (b"X: " + b"a" * 24000 + b"\r\n", b"".join(b"X%d: %s\r\n" % (i, b"a" * 230) for i in range(97)),
                     b"Cookie: " + b"a=b;" * 300 + b"\r\n" + b"a: b\r\n" * 97):
            c = self.http()
            c.send(b"GET /healthz?" + b"a&" * 100 + b" HTTP/1.1\r\nHost: x\r\n" + more + b"\r\n")
            a = c.read()
            self.assertIn(a.status, (200, 431), more[:40])

    def test_chunked(self):
        """A body in chunks, with all that may be in there; the connection ends with its answer."""
        c = self.http()
        c.send(CHUNKED.replace(b"@HOST@", b"x") + b"5;a=b;c=\"d\"\r\nhello\r\n00A\r\n0123456789\r\n0;x\r\nTrailer: y\r\n\r\n")
        self.assertEqual(c.read().text, "ok")
        self.assertTrue(c.ended())

    def test_byte_by_byte(self):
        c = self.http()
        for byte in ("GET /healthz HTTP/1.1\r\nHost: %s\r\nX-A:  b \r\n\r\n" % c.host).encode():
            c.send(bytes([byte]))
        self.assertEqual(c.read().text, "ok")

    def test_slow_head(self):
        """A byte now and then does not keep a connection: the head has ten seconds, from the answer to the request before it on."""
        c, idle, blank, again, busy = (self.http() for _ in range(5))
        again.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        self.assertEqual(again.read().text, "ok")
        c.send(b"GET / HTTP/1.1\r\nHost: x\r\n")
        for empty in (blank, again):
            empty.send(b"\r\n")
        begin, rest = b"GET /healthz HTTP/1.1\r\nHost:", b" x\r\n\r\n"
        busy.send(begin)
        for _ in range(12):
            select.select([], [], [], 1)  # that it passes is what is tested
            busy.send(rest + begin)
            self.assertEqual(busy.read().text, "ok")
        for slow in (c, idle, blank, again):
            slow.sock.settimeout(limit(8))
            self.assertTrue(slow.ended())

    def test_more_than_a_thousand(self):
        """As many as the configuration lets in are answered, not as many as libmicrohttpd takes by itself."""
        d = self.daemon({"limits": {"max_sessions": 2000}})
        crowd = [self.http(d) for _ in range(300 if build().sanitized else 1100)]
        for c in crowd:
            c.send(("GET /healthz HTTP/1.1\r\nHost: %s\r\n\r\n" % c.host).encode())
        for c in crowd:
            self.assertEqual(c.read().text, "ok")

    def test_many_slow(self):
        """Hundreds of connections that say little: others are answered meanwhile, and memory comes back."""
        pid = self.d.kids("web")[0]
        self.get("/")
        before = private_bytes(pid)
        slow = [self.http() for _ in range(300)]
        for c in slow:
            c.send(b"GET / HTTP/1.1\r\nX: ")
        self.assertEqual(self.get("/healthz").text, "ok")
        self.assertLess(private_bytes(pid) - before, 300 * 65536 + (4 << 20))
        used = cpu_seconds(pid)
        for c in slow:
            c.close()
        self.eventually("an end of them", lambda: fd_count(pid) < 60)
        self.assertLess(cpu_seconds(pid) - used, limit(1))


if __name__ == "__main__":
    main()
