#!/usr/bin/env python3
"""What strangers send to the web port, beside the rows that test_web, test_ws and test_files have: ways out of a directory, answers
that nobody reads, forms and lengths that are lies, and what is planted where files are kept."""

import gzip
import json
import os
import re
import shutil
import socket
import string
import struct
import tempfile
import zlib

from harness import Daemon, build, eventually, fd_count, listeners, main, private_bytes
from test_files import FilesCase, png
from web import LINK, WebCase, form
from ws import PING, TEXT, WsCase, close_frame, frame

WAYS_OUT = ("/assets/x/../../etc/passwd", "/assets/x/..%2f..%2f..%2f..%2fetc%2fpasswd", "/assets/x/%2e%2e/%2e%2e/etc/passwd",
            "/assets/x//etc/passwd", "/assets/x/./../../etc/passwd", "/assets/../etc/passwd", "/assets/x/..\\..\\etc\\passwd", "/..%2fetc%2fpasswd",
            "//etc/passwd", "/%2e%2e%2fetc/passwd", "/assets/x/%252e%252e%252fetc/passwd", "/assets/x/link", "/assets/x/dir/up/etc/passwd",
            "/assets/x/pipe", "/assets/x/dir", "/assets/x/", "/assets/x/proc/self/environ", "/assets/x/%2fproc%2fself%2fenviron", "/assets",
            "/assets/" + "a" * 3000, "/assets/x/" + "../" * 500 + "etc/passwd", "/files/../../etc/passwd", "/files/%2e%2e%2f%2e%2e%2fchatd.db",
            "/ws/../etc/passwd", "/assets/x/index.html%00.png", "/assets/x/index.html%0d%0aX:%20y")


class Requests(WebCase):
    def setUp(self):
        super().setUp()
        self.others = self.neighbours()

    def test_paths(self):
        for path in WAYS_OUT:
            with self.subTest(path):
                a = self.get(path)
                self.assertIn(a.status, (400, 404, 405), a)
                self.assertNotIn(b"root:", a.raw)
        self.others.end()

    def test_answers_unread(self):
        """Thousands of requests in a row, and no answer taken: no more is read of them, until the time is over."""
        pid = self.d.kids("web")[0]
        before = private_bytes(pid)
        held = []
        for _ in range(20):
            s = socket.socket()
            self.addCleanup(s.close)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            s.connect(self.web_address())
            s.setblocking(False)
            try:
                for _ in range(2000):
                    s.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 50)
            except (BlockingIOError, ConnectionResetError, BrokenPipeError):
                pass
            held.append(s)
        self.assertEqual(self.get("/healthz").text, "ok")
        if not build().sanitized:
            self.assertLess(private_bytes(pid) - before, 20 * 131072 + (4 << 20))
        self.others.end()

    def test_odd_headers(self):
        """Ranges, conditions, encodings and cookies that somebody made up; none of them changes what is answered to others."""
        many = ",".join("%d-%d" % (i, i + 1) for i in range(1000))
        for header in ("Range: bytes=" + many, "Range: bytes=0-" + "9" * 400, "Range: bytes=-", "Range: bytes=--1", "Range: bytes=18446744073709551615-",
                       "If-None-Match: " + '"x",' * 1000, "If-None-Match: W/" + "\"" * 99, "If-Modified-Since: Thu, 99 Foo 9999999 99:99:99 GMT",
                       "Accept-Encoding: " + "gzip;q=0.0001," * 500, "Accept-Encoding: ;;;,,,=", "Cookie: a=" + "b" * 4000, "Cookie: ;;;=;=;",
                       "Connection: " + "close, " * 100, "Connection: upgrade, HTTP2-Settings", "Upgrade: h2c", "Expect: 100-continue", "Expect: lala",
                       "Content-Type: multipart/form-data; boundary=" + "x" * 3000, "X-Forwarded-For: 127.0.0.1", "X-Forwarded-Host: evil.example",
                       "Authorization: Basic " + "=" * 50, "Authorization: Digest username=\"", "Origin: null", "Sec-WebSocket-Key: x", "TE: trailers"):
            with self.subTest(header[:40]):
                for path in ("/", "/healthz"):
                    c = self.http()
                    a = c.ask("GET", path, [header])
                    self.assertIn(a.status, (200, 206, 304, 400, 416, 417, 426, 431), a)
                    self.assertNotIn(b"evil.example", a.raw)
                    c.close()
        self.others.end()

    def test_half_requests(self):
        """A request broken off at every byte, by FIN and by RST."""
        head = b"POST /files/u/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
        pid = self.d.kids("web")[0]
        before = fd_count(pid)
        for i in range(len(head)):
            s = socket.create_connection(self.web_address())
            s.sendall(head[:i])
            if i % 2:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            s.close()
        eventually("the end of all", lambda: fd_count(pid) <= before)
        self.others.end()


class Root(WebCase):
    """The page from a directory, in which somebody has put what leads out of it."""
    own = True

    def test_paths(self):
        top = tempfile.mkdtemp(prefix="chatd-r-")
        self.addCleanup(shutil.rmtree, top, True)
        os.chmod(top, 0o755)
        with open(os.path.join(top, "index.html"), "w", encoding="ascii") as f:
            f.write("the page")
        os.symlink("/etc/passwd", os.path.join(top, "link"))
        os.mkdir(os.path.join(top, "dir"))
        os.symlink("../..", os.path.join(top, "dir", "up"))
        os.symlink("/", os.path.join(top, "slash"))
        os.symlink("loop", os.path.join(top, "loop"))
        os.mkfifo(os.path.join(top, "pipe"))
        d = self.daemon({"web": {"root": top}, "listen": listeners("telnet", "web")})
        with self.neighbours(d):
            self.assertEqual(self.get("/").text, "the page")
            for path in WAYS_OUT + ("/assets/x/slash/etc/passwd", "/assets/x/loop", "/assets/x/dir/up/../etc/passwd"):
                with self.subTest(path):
                    a = self.get(path)
                    self.assertIn(a.status, (400, 404, 405), a)
                    self.assertNotIn(b"root:", a.raw)


class Frames(WsCase):
    """Beside what test_ws.Bad has."""

    def setUp(self):
        super().setUp()
        self.others = self.neighbours()

    def test_behind_the_end(self):
        """Frames behind a close frame are nobody's; who does not answer it is closed all the same."""
        for code in (None, 1000, 1001, 3000, 4999):
            c = self.ws("bye")
            c.send_raw(close_frame(code) + frame(b"PRIVMSG #nobody :x") * 50 + frame(b"", PING) * 50 + close_frame(1000))
            self.assertEqual([m.command for m in c.expect_eof() if m.command == "PRIVMSG"], [])
        held = []
        for _ in range(50):
            c = self.ws_raw()
            c.send_raw(frame(b"x", 3))
            held.append(c)
        eventually("an end of them, whatever they do", lambda: self.d.stats()["sessions"] <= 2)
        self.others.end()

    def test_early(self):
        """Behind the handshake, in the same segment: each broken frame, a half one, and 16 KiB and more of good ones."""
        for early in (frame(b"x", mask=None), frame(b"x", rsv=4), frame(b"x" * 300)[:-1], frame(b"NICK x") * 500, frame(b"PING x") * 4000,
                      b"\x81\xff" + b"\xff" * 8 + b"mask", b"GET /ws HTTP/1.1\r\nHost: x\r\n\r\n", b"\0" * 20000):
            try:
                c = self.ws_raw(early=early)
                c.sock.settimeout(0.1)
                c.sock.recv(1000)
            except (OSError, AssertionError):
                pass
        for c in (self.ws("good"),):
            c.sync()
        self.others.end()

    def test_tiny_writes_of_many(self):
        """A hundred clients, a byte of a frame each in turn."""
        crowd = [self.ws_raw() for _ in range(50 if build().sanitized else 100)]
        lines = [frame(b"NICK " + self.fresh("tiny").encode()) + frame(b"USER u 0 * :r") for _ in crowd]
        for i in range(max(map(len, lines))):
            for c, data in zip(crowd, lines):
                if i < len(data):
                    c.send_raw(data[i:i + 1])
        for c in crowd:
            c.expect("001")
        self.others.end()

    def test_control_between_fragments(self):
        """Pings in a message of a thousand pieces; the message of one is the same as of all."""
        c, d = self.ws("pieces"), self.irc("reader")
        chan = self.channel(d)
        c.ask("JOIN " + chan, "366")
        line = ("PRIVMSG %s :caf\u00e9 " % chan).encode() + b"x" * 300
        for i in range(len(line)):
            c.send_frame(line[i:i + 1], TEXT if i == 0 else 0, i == len(line) - 1)
            if i % 10 == 0:
                c.send_frame(b"%d" % i, PING)
        self.assertEqual(d.expect("PRIVMSG").params[-1], "caf\u00e9 " + "x" * 300)
        self.others.end()


class Uploads(FilesCase):
    def setUp(self):
        super().setUp()
        self.a = self.client("alice")
        self.others = self.neighbours()

    def test_content(self):
        """Whatever browsers could run: for saving, or what it says it is and nothing else, and nothing of it runs."""
        svg = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
        html = b"<!doctype html><script>alert(1)</script>"
        for name, data in (("a.svg", svg), ("a.png", svg), ("a.png", html), ("a.gif", b"GIF89a" + html), ("a.gif", b"GIF89a/*" + html + b"*/=1"),
                           ("a.pdf", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj<</S/JavaScript>>"), ("a.jpg", b"\xff\xd8\xff\xe0" + html),
                           ("a.html", html), ("a.xhtml", b'<html xmlns="http://www.w3.org/1999/xhtml"><script/></html>'), ("a.xml", b"<?xml-stylesheet href='x'?><x/>"),
                           ("a.js", b"alert(1)"), ("a.swf", b"CWS\x09" + b"\0" * 50), ("a.mht", b"MIME-Version: 1.0\r\n"), ("a.txt", html),
                           ("a.webp", b"RIFF\x10\0\0\0WEBPVP8 " + html), ("a.png", png(2, 2, html)), ("a", b""), ("a.wasm", b"\0asm\1\0\0\0")):
            with self.subTest(name, data=data[:12]):
                answer = self.post(self.upload_path(self.a), data, name, ["Content-Type: image/png"])
                if answer.status != 201:
                    self.assertIn(answer.status, (400, 415))
                    continue
                got = self.get(re.fullmatch(LINK, answer.headers["location"]).group(2))
                self.assertEqual(got.headers["x-content-type-options"], "nosniff")
                self.assertEqual(got.headers["content-security-policy"], "default-src 'none'; sandbox")
                kind = got.headers["content-type"].split(";")[0]
                if kind not in ("image/png", "image/jpeg", "image/gif", "image/webp", "text/plain"):
                    self.assertTrue(got.headers["content-disposition"].startswith("attachment"), got)
        self.others.end()

    def test_sizes_that_are_lies(self):
        """Pictures as big as a house in a kilobyte, and archives that would be gigabytes: kept as they are; nothing is unpacked."""
        pid = self.d.kids("web")[0]
        before = private_bytes(pid)
        bomb = gzip.compress(b"\0" * (64 << 20))
        huge = zlib.compress(b"\0" * (32 << 20))
        for name, data, more in (("p.png", png(60000, 60000, b"x" * 900), ()), ("p.png", png(0xffffffff, 0xffffffff), ()), ("p.png", png(0, 0), ()),
                                 ("p.gif", b"GIF89a\xff\xff\xff\xff\0\0\0", ()), ("p.jpg", b"\xff\xd8" + b"\xff\xc0\0\x11\x08\xff\xff\xff\xff" * 50, ()),
                                 ("b.gz", bomb, ()), ("b.gz", bomb, ("Content-Encoding: gzip",)), ("b.z", huge, ("Content-Encoding: deflate",)),
                                 ("b.zst", b"\x28\xb5\x2f\xfd" + b"\xff" * 3000, ("Content-Encoding: zstd",))):
            with self.subTest(name, more=more):
                answer = self.post(self.upload_path(self.a), data, name, list(more))
                if answer.status == 201:
                    facts = json.loads(answer.body)
                    self.assertLessEqual(max(facts.get("width") or 0, facts.get("height") or 0), 20000)
                    got = self.get(re.fullmatch(LINK, answer.headers["location"]).group(2))
                    self.assertEqual(got.body, data)
                    self.assertNotIn("content-encoding", got.headers)
                else:
                    self.assertIn(answer.status, (400, 415))
        if not build().sanitized:
            self.assertLess(private_bytes(pid) - before, 8 << 20)
        self.others.end()

    def test_lengths_that_are_lies(self):
        """More than was announced is no part of it; less is nothing. What is behind a refused body is no request."""
        kept = self.on_disk()
        for said, sent in ((10, b"hello"), (1 << 40, b"x" * 70000), (2, b"helloGET /healthz HTTP/1.1\r\n\r\n"), (0, b"x")):
            with self.subTest(said):
                c = self.http()
                c.send(("POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (self.upload_path(self.a), said)).encode())
                try:
                    c.send(sent)
                    c.sock.shutdown(socket.SHUT_WR)
                except OSError:
                    pass  # refused before its end
                try:
                    c.ended()
                except OSError:
                    pass
                self.assertNotIn(b"\r\n\r\nok", c.raw)
                c.close()
        for said in ("-1", "0x10", "1e3", " ", "18446744073709551616", "18446744073709551615", "1 2", "1,1"):
            c = self.http()
            c.send(("POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %s\r\n\r\nx" % (self.upload_path(self.a), said)).encode())
            self.assertIn(c.read().status, (400, 413), said)
            c.close()
        self.drained()
        new = [p for p in self.on_disk() if p not in kept]
        self.assertLessEqual(len(new), 2)  # of two bytes, and of none
        for p in new:
            self.assertLessEqual(os.path.getsize(os.path.join(self.d.dir, "state", "files", p)), 2)
        self.others.end()

    def test_forms(self):
        """Forms that are none, that have no end, thousands of parts, or parts of parts."""
        part = b'--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n'
        kind = "Content-Type: multipart/form-data; boundary="
        kept = self.on_disk()
        for head, body in ((kind + "x", b""), (kind + "x", b"--x--\r\n"), (kind + "x", b"no boundary at all"), (kind, b"--\r\n\r\n"),
                           (kind + "x" * 71, b"--" + b"x" * 71 + b"--"), (kind + '"', b"--x--"), (kind + "x", part % b"other" * 3000 + b"--x--\r\n"),
                           (kind + "x", part % b"other" + b"y" * 200000 + b"\r\n--x--\r\n"), (kind + "x", b"--x\r\n" + b"A: b\r\n" * 9000 + b"\r\n"),
                           (kind + "x", b"--x\r\n" + b"A" * 70000), (kind + "x", part % b"file" + b"half"), (kind + "x", b"\r\n--x" * 20000),
                           (kind + "x", b'--x\r\nContent-Disposition: form-data; name="file"; filename="\0\x1b[2J"\r\n\r\nx\r\n'),
                           (kind + "x", b"--x\r\nContent-Disposition: form-data; name=" + b"\"" * 5000 + b"\r\n\r\n"),
                           ("Content-Type: multipart/form-data", b"--x--"), ("Content-Type: multipart/mixed; boundary=x", part % b"file")):
            with self.subTest(head[:50], body=body[:30]):
                answer = self.post(self.upload_path(self.a), body, headers=[head])
                self.assertTrue(answer.status in (400, 413, 415, 431) or (answer.status == 201 and "mixed" in head), answer)
        self.drained()
        self.assertLessEqual(len([p for p in self.on_disk() if p not in kept]), 1)
        self.others.end()

    def test_small_pictures(self):
        """What a form has as the small picture of a file is one, or none."""
        for thumb in (b"<script>alert(1)</script>", b"", png(60000, 60000), b"x" * 70000, b"GIF89a<script>"):
            with self.subTest(thumb[:10]):
                headers, data = form(("thumb", "t.png", thumb), ("file", "f.bin", b"content"))
                answer = self.ask("POST", self.upload_path(self.a), headers, data)
                self.assertIn(answer.status, (201, 400, 413), answer)
                if answer.status == 201:
                    path = re.fullmatch(LINK, answer.headers["location"]).group(2)
                    for more in ("&thumb=1", "&t=1", ""):
                        got = self.get(path + more)
                        self.assertNotIn("html", got.headers.get("content-type", ""))
                        self.assertEqual(got.headers["x-content-type-options"], "nosniff")
        self.others.end()


LETTERS = string.ascii_letters + string.digits + "-_"  # which ids, and so the directories, are made of


class Planted(FilesCase):
    """Where files are kept somebody has put what is none."""
    own = True

    def elsewhere(self):
        path = tempfile.mkdtemp(prefix="chatd-e-")
        self.addCleanup(shutil.rmtree, path, True)
        os.chmod(path, 0o777)
        return path

    def test_reading(self):
        """A link, a pipe, a device, a directory, a socket: nothing is followed, opened, waited for."""
        d = self.daemon()
        a = self.client("alice", d=d)
        link = self.share(a, b"content", "f", d=d)
        place = self.place(link, d)
        others = self.neighbours(d)
        ways = [lambda: os.symlink("/etc/passwd", place), lambda: os.symlink(self.elsewhere(), place), lambda: os.symlink("loop", place),
                lambda: os.mkfifo(place), lambda: os.mkdir(place), self.socket_at(place)]
        if os.geteuid() == 0:
            ways += [lambda: os.mknod(place, 0o20666, os.makedev(1, 5)), lambda: os.mknod(place, 0o60666, os.makedev(250, 250))]
        for plant in ways:
            if os.path.isdir(place) and not os.path.islink(place):
                os.rmdir(place)
            elif os.path.lexists(place):
                os.unlink(place)
            try:
                plant()
            except OSError:
                continue  # no devices may be made here
            got = self.get(link, d=d)
            self.assertIn(got.status, (410, 503), os.lstat(place))
            self.assertNotIn(b"root:", got.raw)
        others.end()

    @staticmethod
    def socket_at(place):
        def make():
            with socket.socket(socket.AF_UNIX) as s:
                s.bind(place)
        return make

    def test_writing(self):
        """Links in the place of the directories that files come into: nothing comes out elsewhere."""
        d = self.daemon()
        a = self.client("alice", d=d)
        self.share(a, b"content", "f", d=d)
        top, out = os.path.join(d.dir, "state", "files"), self.elsewhere()
        others = self.neighbours(d)
        for name in os.listdir(top):
            if os.path.isdir(os.path.join(top, name)):
                shutil.rmtree(os.path.join(top, name))
        for first in LETTERS:
            for second in LETTERS:
                if not os.path.lexists(os.path.join(top, first + second)):
                    os.symlink(out, os.path.join(top, first + second))
        answer = self.post(self.upload_path(a), b"x" * 1000, "f", d=d)
        self.assertEqual(answer.status, 500, answer)
        self.assertEqual(os.listdir(out), [])
        for name in os.listdir(top):
            if os.path.islink(os.path.join(top, name)):
                os.unlink(os.path.join(top, name))
        self.assertEqual(self.post(self.upload_path(a), b"x", "f", d=d).status, 201)
        others.end()

    def test_directory_is_a_link(self):
        """state_dir/files itself: at the start."""
        d = Daemon(dict(self.config), start=False)
        self.addCleanup(d.close)
        self.d = d
        out = self.elsewhere()
        os.makedirs(os.path.join(d.dir, "state"), exist_ok=True)
        os.chmod(os.path.join(d.dir, "state"), 0o777)
        os.symlink(out, os.path.join(d.dir, "state", "files"))
        d.restarts_meant = True
        d.start(wait=False)
        d.expect_log("files: this has to be a directory, and no link to one")
        d.stop()
        self.assertEqual(os.listdir(out), [])


if __name__ == "__main__":
    main()
