#!/usr/bin/env python3
"""Files, from a link to upload to the end: who sees them, who gets them, what is refused, what is left when something is killed."""

import base64
import contextlib
import fcntl
import json
import os
import re
import shutil
import signal
import sqlite3
import struct
import threading
import time
import zlib

import faults
from harness import fd_count, limit, main, private_bytes, signal_pid, wait_gone
from web import LINK, TOKEN, WebCase, form

LONG = True

PASSWORD = "correct horse battery"


def chunk(kind, data):
    return struct.pack("!I", len(data)) + kind + data + struct.pack("!I", zlib.crc32(kind + data))


def png(w, h, more=b""):
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack("!IIBBBBB", w, h, 8, 2, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(b"\0" * 64)) +
            chunk(b"IEND", b"") + more)


class FilesCase(WebCase):
    store = passwords = True
    config = dict(WebCase.config, accounts={"cost": 8192}, history={"replay": 0})

    def upload_path(self, c, target=""):
        """A link to upload to, for c's room or for target."""
        c.sync()
        return c.ask(("/file " + target).strip(), r"^Upload one file .*: " + TOKEN).group(1)

    def post(self, path, data, name=None, headers=(), d=None, c=None):
        said = ['Content-Disposition: attachment; filename="%s"' % name] if name else []
        return (c.ask if c else self.ask)("POST", path, said + list(headers), data, **({} if c else {"d": d}))

    def share(self, c, data, name, target="", d=None):
        """The link's path, as the answer says it."""
        a = self.post(self.upload_path(c, target), data, name, d=d)
        self.assertEqual(a.status, 201, a)
        self.assertEqual(json.loads(a.body)["url"], a.headers["location"])
        return re.fullmatch(LINK, a.headers["location"]).group(2)

    def on_disk(self, d=None):
        """What is beneath state_dir/files."""
        top = os.path.join((d or self.d).dir, "state", "files")
        return sorted(os.path.relpath(os.path.join(at, n), top) for at, _, names in os.walk(top) for n in names)

    def place(self, path, d=None):
        """Where the bytes of a link's path are."""
        name = path.split("/")[2]
        return os.path.join((d or self.d).dir, "state", "files", name[:2], name)

    def drained(self, d=None):
        """No upload is under way any more: chatd-web holds none open."""
        pid = (d or self.d).kids("web")[0]

        def none():
            try:
                return not any("/files/" in os.readlink("/proc/%d/fd/%s" % (pid, fd)) for fd in os.listdir("/proc/%d/fd" % pid))
            except FileNotFoundError:
                return False
        self.eventually("the end of uploads", none)

    def begin(self, d, a, n=1000000):
        """An upload of n bytes of which half has come."""
        c = self.http(d)
        c.send(("POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (self.upload_path(a), n)).encode() + b"x" * (n // 2))
        pid = d.kids("web")[0]

        def half():
            for fd in os.listdir("/proc/%d/fd" % pid):
                try:
                    if "/files/" in os.readlink("/proc/%d/fd/%s" % (pid, fd)) and os.stat("/proc/%d/fd/%s" % (pid, fd)).st_size == n // 2:
                        return True
                except OSError:
                    pass
            return False
        self.eventually("half of it", half)
        return c


class Share(FilesCase):
    def test_everybody(self):
        """A file from telnet: telnet and IRC are shown a link; who has it gets the bytes."""
        a, b, i = self.client("alice"), self.client("bob"), self.irc("irc")
        room = self.room()
        for c in (a, b):
            c.ask("/join " + room, "^You (are in|have made)")
        i.ask("JOIN #" + room, "366")
        path = self.upload_path(a)
        body = b"\0no type" + os.urandom(299992)
        answer = self.post(path, body, "data of mine.bin")
        self.assertEqual(answer.status, 201, answer)
        told = json.loads(answer.body)
        self.assertEqual((told["name"], told["size"], told["type"]), ("data of mine.bin", 300000, "application/octet-stream"))
        for c in (a, b):
            link = c.expect(r"^%s has shared the file data of mine\.bin \(293 KiB, %s\)" % (a.name, LINK)).group(1)
            self.assertEqual(link, answer.headers["location"])
        said = i.expect("PRIVMSG", "#" + room)
        self.assertIn(link, said.params[1])
        self.d.expect_log(r"%s  --->  #%s  \[ File \]" % (a.name, room))
        got = self.get(re.match(LINK, link).group(2))
        self.assertEqual((got.status, got.body), (200, body))
        self.assertEqual(got.headers["content-disposition"],
                         "attachment; filename=\"data of mine.bin\"; filename*=UTF-8''data%20of%20mine.bin")
        self.assertEqual(got.headers["content-security-policy"], "default-src 'none'; sandbox")
        self.assertEqual(got.headers["x-content-type-options"], "nosniff")
        # one link, one file
        again = self.post(path, b"other")
        self.assertEqual(again.status, 410, again)
        self.assertEqual(self.get(re.match(LINK, link).group(2)).body, body)

    def test_talk_goes_on(self):
        """Who uploads talks on, and nothing of it gets into the file."""
        a, b = self.clients("alice", "bob")
        body = b"\0no type" + os.urandom(299992)
        c = self.http()
        c.send(("POST %s?name=long.bin HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n\r\n" % (self.upload_path(a), c.host, len(body))).encode())
        for i in range(10):
            a.send("piece %d" % i)
            b.line("%s: piece %d" % (a.name, i))
            c.send(body[i * 30000:(i + 1) * 30000])
        self.assertEqual(c.read().status, 201)
        link = b.expect(r"^%s has shared the file long\.bin \(293 KiB, %s\)" % (a.name, LINK)).group(2)
        self.assertEqual(self.get(link).body, body)

    def test_picture(self):
        """A form as the page makes it: the small picture first."""
        a, b = self.clients("alice", "bob")
        data, thumb = png(640, 480), png(64, 48)
        headers, body = form(("width", None, b"640"), ("thumb", "t.webp", thumb), ("file", "Z\u00fcrich.png", data))
        answer = self.ask("POST", self.upload_path(a, b.name), headers, body)
        self.assertEqual(answer.status, 201, answer)
        link = re.match(LINK, answer.headers["location"]).group(2)
        b.expect("^%s sent you an image" % a.name)
        self.d.expect_log(r"%s  --->  %s  \[ Image \]" % (a.name, b.name))
        got, small = self.get(link), self.get(link + "&t=1")
        self.assertEqual((got.body, small.body), (data, thumb))
        self.assertEqual((got.headers["content-type"], small.headers["content-type"]), ("image/png", "image/png"))
        self.assertTrue(got.headers["content-disposition"].startswith("inline;"))
        self.assertIn("filename*=UTF-8''Z%C3%BCrich.png", got.headers["content-disposition"])
        shown = self.d.json("file", "show", link.split("/")[2])
        self.assertIn("Z\u00fcrich.png", json.dumps(shown, ensure_ascii=False))

    def test_forms(self):
        """However the stream is cut; what is no thumbnail is left out; what is no form is refused."""
        a = self.client("alice")
        body = b"\r\n--" + os.urandom(40000) + b"\r\n----x" + b"\r\n------"
        headers, data = form(("thumb", "t", b"x" * 70000), ("file", "f.bin", body), ("other", None, b"\r\n"))
        c = self.http()
        path = self.upload_path(a)
        c.send(("POST %s HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n%s\r\n\r\n" % (path, c.host, len(data), headers[0])).encode())
        for i in range(0, len(data), 997):
            c.send(data[i:i + 997])
        answer = c.read()
        self.assertEqual(answer.status, 201, answer)
        link = re.match(LINK, answer.headers["location"]).group(2)
        self.assertEqual(self.get(link).body, body)
        self.assertEqual(self.get(link + "&t=1").status, 410)
        for headers, data in (form(("other", None, b"x")), form(("file", "f", b"")), form(("file", "f", b"a"), ("file", "g", b"b")),
                              (form()[0], b"no form at all, " * 10), (["Content-Type: multipart/form-data"], b"x"),
                              (form()[0], form(("file", "f", b"a"))[1][:-8])):
            answer = self.ask("POST", self.upload_path(a), headers, data)
            self.assertEqual(answer.status, 400, (answer, data[:100]))
        self.drained()

    def test_browser(self):
        """The link opened in a browser is a form, which posts to it."""
        a = self.client("alice")
        path = self.upload_path(a)
        page = self.get(path)
        self.assertEqual((page.status, page.headers["content-type"]), (200, "text/html; charset=utf-8"))
        self.assertIn(b"multipart/form-data", page.body)
        headers, data = form(("file", "f.txt", b"hello"))
        answer = self.ask("POST", path, headers + ["Accept: text/html,*/*", "Origin: null"], data)
        self.assertEqual((answer.status, answer.text), (201, "f.txt has been shared."))
        self.assertEqual(self.get("/files/u/x").status, 404)

    def test_chunked_and_continue(self):
        a = self.client("alice")
        c = self.http()
        c.send(("POST %s HTTP/1.1\r\nHost: %s\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n" %
                (self.upload_path(a), c.host)).encode())
        while b"100 Continue" not in c.raw:
            c.raw += c.sock.recv(4096)
        c.send(b"5\r\nhello\r\n7\r\n, world\r\n0\r\n\r\n")
        answer = c.read()
        self.assertEqual(answer.status, 201, answer)
        self.assertTrue(c.ended())
        self.assertEqual(self.get(re.match(LINK, answer.headers["location"]).group(2)).text, "hello, world")

    def test_names(self):
        a = self.client("alice")
        for sent, kept in (("../../etc/passwd", "passwd"), ("C:\\dir\\a.txt", "a.txt"), ("..", "file"), ("a\x01\x1b[31mb.txt", "ab.txt"),
                           ("evil\u202egnp.exe", "evilgnp.exe"), ("\u4f60\u597d \U0001f600.png", "\u4f60\u597d \U0001f600.png"), ("   ", "file"),
                           ("x" * 400 + ".jpeg", "x" * 195 + ".jpeg"), ("\u00e9" * 300 + ".txt", "\u00e9" * 98 + ".txt")):
            headers, data = form(("file", sent, b"x"))
            answer = self.ask("POST", self.upload_path(a), headers, data)
            self.assertEqual(answer.status, 201, answer)
            self.assertEqual(json.loads(answer.body)["name"], kept)
            got = self.get(re.match(LINK, answer.headers["location"]).group(2))
            self.assertEqual(got.status, 200)
        answer = self.post(self.upload_path(a) + "?name=by%20name.txt", b"x")
        self.assertEqual(json.loads(answer.body)["name"], "by name.txt")
        answer = self.post(self.upload_path(a), b"x", headers=["Content-Disposition: attachment; filename*=UTF-8''%e2%82%ac.txt; filename=\"n\""])
        self.assertEqual(json.loads(answer.body)["name"], "\u20ac.txt")

    def test_harmless(self):
        """What a browser could run is for saving, whatever it is called."""
        a = self.client("alice")
        for name, data in (("x.png", b"<!doctype html><script>alert(1)</script>"), ("x.svg", b'<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>'),
                           ("x.html", b"<html><body onload=alert(1)>"), ("x.pdf", b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")):
            got = self.get(self.share(a, data, name))
            self.assertTrue(got.headers["content-disposition"].startswith("attachment"), (name, got))
            self.assertEqual(got.headers["content-security-policy"], "default-src 'none'; sandbox")
            self.assertNotIn(got.headers["content-type"].split(";")[0], ("image/png", "text/plain"))
        got = self.get(self.share(a, b"GIF89a<script>alert(1)</script>", "x.gif"))
        self.assertEqual((got.headers["content-type"], got.headers["x-content-type-options"]), ("image/gif", "nosniff"))
        # a picture that says it is enormous is as big as it says to nobody
        shown = self.share(a, png(60000, 60000), "x.png")
        self.assertEqual(self.get(shown).headers["content-type"], "image/png")

    def test_for_the_absent(self):
        i = self.irc("owner")
        i.ask("REGISTER * * :" + PASSWORD, "REGISTER", "SUCCESS", i.nick)
        i.expect("900")
        i.send("QUIT")
        i.expect_eof()
        a = self.client("alice")
        link = self.share(a, b"for later", "later.txt", i.nick)
        c = self.connect()
        c.expect("What name")
        c.send(i.nick)
        c.expect("[Pp]assword")
        c.send(PASSWORD)
        c.expect(r"%s has shared the file later\.txt with you \(9 bytes, %s\)" % (a.name, LINK))
        self.assertEqual(self.get(link).text, "for later")

    def test_left_meanwhile(self):
        """Who asked for the link has gone: so has the link."""
        a, b = self.clients("alice", "bob")
        path, slow = self.upload_path(a), self.upload_path(a)
        c = self.http()
        c.send(("POST %s HTTP/1.1\r\nHost: %s\r\nContent-Length: 10\r\n\r\nhello" % (slow, c.host)).encode())
        self.eventually("the beginning", lambda: any("/files/" in os.readlink("/proc/%d/fd/%s" % (self.d.kids("web")[0], fd))
                                                     for fd in os.listdir("/proc/%d/fd" % self.d.kids("web")[0])))
        before = self.on_disk()
        a.send("/quit")
        a.expect_eof()
        b.sync()
        late = self.post(path, b"x")
        self.assertEqual(late.status, 410)
        self.assertIn("while who asked for it is here", late.text)
        c.send(b"world")
        self.assertEqual(c.read().status, 410)
        self.assertEqual(self.on_disk(), before)
        self.assertNotIn("shared", b.sync())

    def test_wrong_links(self):
        a = self.client("alice")
        path = self.upload_path(a)
        for wrong, status in ((path[:-1] + ("A" if path[-1] != "A" else "B"), 410), (path[:-5], 404), (path + "/x", 404), ("/files/u/", 404)):
            self.assertEqual(self.post(wrong, b"x").status, status, wrong)
        link = self.share(a, b"secret", "s.txt")
        e, s = re.search(r"e=(\d+)&s=(.*)", link).groups()
        for wrong, status in ((link.replace("e=" + e, "e=%d" % (int(e) + 1)), 403), (link.replace("e=" + e, "e=1"), 410),
                              (link[:-1] + ("A" if s[-1] != "A" else "B"), 403), (link.partition("?")[0], 403), (link.replace("&s=" + s, ""), 403),
                              ("/files/" + "A" * 22 + "/x?e=%s&s=%s" % (e, s), 403), ("/files/..%2f..%2fchatd.db?e=1&s=x", 404)):
            self.assertEqual(self.get(wrong).status, status, wrong)
        self.assertEqual(self.get(link).status, 200)


class Get(FilesCase):
    def setUp(self):
        super().setUp()
        self.a = self.client("alice")
        self.body = bytes(range(256)) * 40
        self.link = self.share(self.a, self.body, "r.bin")

    def test_ranges(self):
        n = len(self.body)
        for said, status, want in (("bytes=0-9", 206, self.body[:10]), ("bytes=100-", 206, self.body[100:]), ("bytes=-7", 206, self.body[-7:]),
                                   ("bytes=0-99999999", 206, self.body), ("bytes=%d-" % n, 416, b""), ("bytes=-0", 416, b""),
                                   ("bytes=5-4", 200, self.body), ("bytes=0-1,5-6", 200, self.body), ("lines=1-2", 200, self.body),
                                   ("bytes=-99999999", 206, self.body), ("bytes=99999999999999999999-", 200, self.body)):
            got = self.get(self.link, "Range: " + said)
            self.assertEqual((got.status, got.body), (status, want), said)
        self.assertEqual(self.get(self.link, "Range: bytes=3-5").headers["content-range"], "bytes 3-5/%d" % n)
        self.assertEqual(self.get(self.link, "Range: bytes=%d-" % n).headers["content-range"], "bytes */%d" % n)
        etag = self.get(self.link).headers["etag"]
        self.assertEqual(self.get(self.link, "Range: bytes=0-1", "If-Range: " + etag).status, 206)
        self.assertEqual(self.get(self.link, "Range: bytes=0-1", 'If-Range: "x"').status, 200)

    def test_head_and_etag(self):
        c = self.http()
        head = c.ask("HEAD", self.link)
        self.assertEqual((head.status, int(head.headers["content-length"])), (200, len(self.body)))
        self.assertEqual(c.ask("GET", self.link).body, self.body)  # the connection goes on
        for method in ("GET", "HEAD"):
            same = c.ask(method, self.link, ["If-None-Match: " + head.headers["etag"]])
            self.assertEqual((same.status, same.body), (304, b""))
            # RFC 9110, 8.6: none, or that of the file
            self.assertEqual(same.headers.get("content-length", str(len(self.body))), str(len(self.body)))
        # a part is for GET alone (RFC 9110, 14.2)
        for said in ("bytes=0-9", "bytes=%d-" % len(self.body)):
            head = c.ask("HEAD", self.link, ["Range: " + said])
            self.assertEqual((head.status, int(head.headers["content-length"])), (200, len(self.body)))
            self.assertNotIn("content-range", head.headers)
        self.assertEqual(c.ask("GET", self.link).body, self.body)

    def test_deleted(self):
        self.d.ctl("file", "delete", self.link.split("/")[2])
        self.eventually("its end", lambda: self.get(self.link).status == 410)
        self.eventually("its removal", lambda: not os.path.exists(self.place(self.link)))

    def test_planted(self):
        """What is put in a file's place is not followed, and not waited for."""
        place = self.place(self.link)
        for plant in (lambda: os.symlink("/etc/passwd", place), lambda: os.mkfifo(place), lambda: os.mkdir(place)):
            if os.path.isdir(place):
                os.rmdir(place)
            else:
                os.unlink(place)
            plant()
            self.assertEqual(self.get(self.link).status, 410)
        os.rmdir(place)
        sub = os.path.dirname(place)
        for name in os.listdir(sub):
            os.unlink(os.path.join(sub, name))
        os.rmdir(sub)
        os.symlink("/etc", sub)
        self.assertEqual(self.get(self.link).status, 410)

    def test_not_to_be_read(self):
        """What cannot be had is not gone: it is told to ask again, and the administrator why."""
        top = os.path.join(self.d.dir, "state", "files")
        mode = os.stat(top).st_mode & 0o777
        os.chmod(top, 0)
        try:
            self.assertEqual(self.get(self.link).status, 503)
            self.d.expect_log("files: one cannot be read: Permission denied")
            answer = self.post(self.upload_path(self.a), b"x")
            self.assertEqual((answer.status, answer.text), (500, "The file cannot be kept."))
        finally:
            os.chmod(top, mode)
        self.assertEqual(self.get(self.link).body, self.body)

    def test_forgets_descriptors(self):
        pid = self.d.kids("web")[0]
        self.get(self.link)
        before = fd_count(pid)
        for n in range(100):
            c = self.http()
            c.send(("GET %s HTTP/1.1\r\nHost: x\r\n\r\n" % self.link).encode())
            if n % 2:
                c.read()
            c.close()
        self.eventually("all closed", lambda: fd_count(pid) <= before)


class Ends(FilesCase):
    """How files go, and what their messages say then."""
    own = True
    CAPS = ("batch", "message-tags", "draft/chathistory", "draft/message-redaction", "echo-message")

    def upload_irc(self, c, target, data=b"x", name="x.txt", d=None):
        """Share it; its link's path, and the message."""
        c.send("UPLOAD " + target)
        path = "/files/u/" + c.expect("UPLOAD", target).params[1].rpartition("/")[2]
        answer = self.post(path, data, name, d=d)
        self.assertEqual(answer.status, 201, answer)
        return re.match(LINK, answer.headers["location"]).group(2), c.expect("PRIVMSG", target)

    def is_gone(self, link, d):
        self.eventually("its end", lambda: self.get(link, d=d).status == 410)
        self.eventually("its removal", lambda: not os.path.exists(self.place(link, d)))

    def test_expired(self):
        """Too old: its message is still there, and says so."""
        d = self.daemon({"files": {"days": 30}, "history": {"days": 0}})
        i, a = self.irc("irc", self.CAPS, d=d), self.client("alice", d=d)
        i.ask("JOIN #lobby", "366")
        link, said = self.upload_irc(i, "#lobby", png(4, 3), "pic.png", d=d)
        a.expect(r"has shared the file pic\.png \(69 bytes, http")
        other, _ = self.upload_irc(i, "#lobby", d=d)
        self.eventually("both in the database", lambda: len(d.json("file", "list")) == 2)
        d.stop()
        with contextlib.closing(sqlite3.connect(os.path.join(d.dir, "state", "chatd.db"))) as db:
            db.execute("UPDATE file SET at = at - 31 * 86400000 WHERE name = 'pic.png'")
            db.commit()
        os.utime(self.place(link, d), (time.time() - 31 * 86400,) * 2)
        d.start()
        self.is_gone(link, d)
        self.assertEqual(self.get(other, d=d).status, 200)
        i, a = self.irc("irc", self.CAPS, d=d), self.client("alice", d=d)
        i.ask("JOIN #lobby", "366")
        i.send("CHATHISTORY LATEST #lobby * 10")
        m = i.expect("PRIVMSG", "#lobby")
        self.assertEqual((m.tags["msgid"], m.params[1]), (said.tags["msgid"], "shared the file pic.png (69 bytes) (file expired)"))
        self.assertIn("gone=1", m.tags["chatd.org/file"].split("&"))
        self.assertNotIn("gone=1", i.expect("PRIVMSG", "#lobby").tags["chatd.org/file"])
        a.ask("/history", r"has shared the file pic\.png \(69 bytes, no longer there\)")
        shown = d.json("file", "show", link.split("/")[2])
        self.assertEqual((shown["gone"], shown["path"]), (True, None))
        self.assertEqual(d.json("file", "quota"), {"files": 1, "bytes": 1, "quota": 10737418240})

    def test_taken_back(self):
        """A message that is taken back takes its file along: of a room, between two without accounts."""
        d = self.daemon()
        i, b = self.irc("irc", self.CAPS, d=d), self.client("bob", d=d)
        i.ask("JOIN #lobby", "366")
        for target in ("#lobby", b.name):
            link, said = self.upload_irc(i, target, d=d)
            i.send("REDACT %s %s" % (target, said.tags["msgid"]))
            b.expect("has taken back a message")
            self.is_gone(link, d)
        self.assertEqual(d.json("file", "list"), [])

    def test_deleted_by_server(self):
        d = self.daemon()
        i, b = self.irc("irc", self.CAPS, d=d), self.client("bob", d=d)
        i.ask("JOIN #lobby", "366")
        link, said = self.upload_irc(i, "#lobby", d=d)
        self.assertEqual(d.ctl("file", "delete", link.split("/")[2]), "deleted\n")
        i.expect("REDACT", "#lobby", said.tags["msgid"])
        b.expect("has taken back a message")
        self.is_gone(link, d)
        d.ctl("file", "delete", link.split("/")[2], status=5)

    def test_with_the_rest(self):
        """With an account's messages, and with a room's."""
        d = self.daemon()
        i = self.irc("owner", self.CAPS, d=d)
        i.ask("REGISTER * * :" + PASSWORD, "REGISTER", "SUCCESS", i.nick)
        a = self.client("alice", d=d)
        i.ask("JOIN #lobby", "366")
        link, _ = self.upload_irc(i, "#lobby", d=d)
        other = self.share(a, b"yy", "y", d=d)
        self.assertEqual(d.json("file", "quota", i.nick), {"files": 1, "bytes": 1, "quota": 1073741824})
        d.ctl("account", "delete", i.nick, "messages")
        self.is_gone(link, d)
        self.assertEqual(self.get(other, d=d).status, 200)
        d.ctl("history", "purge", "lobby")
        self.is_gone(other, d)
        self.assertEqual(d.json("file", "list"), [])


class Host(FilesCase):
    """POST /files with a name and a password (draft/FILEHOST)."""

    def setUp(self):
        super().setUp()
        self.i = self.irc("owner")
        self.i.ask("REGISTER * * :" + PASSWORD, "REGISTER", "SUCCESS", self.i.nick)

    def auth(self, password=PASSWORD):
        return ["Authorization: Basic " + base64.b64encode(("%s:%s" % (self.i.nick, password)).encode()).decode()]

    def test_post(self):
        answer = self.post("/files", png(3, 2), "p.png", self.auth())
        self.assertEqual(answer.status, 201, answer)
        self.assertEqual(self.get(re.match(LINK, answer.headers["location"]).group(2)).body, png(3, 2))
        rows = self.d.json("file", "list", "p.png")
        self.assertEqual(len(rows), 1, rows)

    def test_refused(self):
        for headers in ([], self.auth("wrong"), ["Authorization: Basic !!!!"], ["Authorization: Bearer x"], ["Authorization: Basic " + "A" * 4000]):
            answer = self.post("/files", b"x", "x", headers)
            self.assertEqual(answer.status, 401, answer)
            self.assertTrue(answer.headers["www-authenticate"].startswith("Basic "))
        self.assertEqual(self.post("/files", b"x", "x", self.auth() + ["Origin: http://elsewhere.test"]).status, 403)

    def test_options(self):
        answer = self.ask("OPTIONS", "/files")
        self.assertEqual(answer.status, 204)
        self.assertEqual((answer.headers["allow"], "*/*" in answer.headers["accept-post"]), ("OPTIONS, POST", True))


class Limits(FilesCase):
    own = True

    def test_size(self):
        d = self.daemon({"files": {"max_size": 100000}})
        a = self.client("alice", d=d)
        self.assertEqual(self.post(self.upload_path(a), b"x" * 100000).status, 201)
        self.assertEqual(self.post(self.upload_path(a), b"x" * 100001).status, 413)
        headers, data = form(("file", "f", b"x" * 100001))
        answer = self.ask("POST", self.upload_path(a), headers, data)
        self.assertEqual(answer.status, 413, answer)
        # a length that is a lie, or none: endless; as a form, also with what is no file of it
        part = b"--x\r\nContent-Disposition: form-data; name=%s\r\n\r\n"
        for kind, begun in (("", b""), ("Content-Type: multipart/form-data; boundary=x\r\n", b"preamble"),
                            ("Content-Type: multipart/form-data; boundary=x\r\n", part % b"other"),
                            ("Content-Type: multipart/form-data; boundary=x\r\n", part % b"file")):
            c = self.http(d)
            c.send(("POST %s HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n%s\r\n" % (self.upload_path(a), kind)).encode())
            sent = 0
            try:
                while sent < 64 << 20:
                    data = begun + b"x" * 65536
                    c.send(b"%x\r\n%s\r\n" % (len(data), data))
                    begun = b""
                    sent += 65536
            except (BrokenPipeError, ConnectionResetError):
                pass
            self.assertLess(sent, 32 << 20)
            c.close()
        self.drained(d)
        self.assertEqual(len(self.on_disk(d)), 1)
        self.assertEqual(self.post(self.upload_path(a), b"x").status, 201)

    def test_quota(self):
        d = self.daemon({"files": {"total_quota": 250000}})
        a = self.client("alice", d=d)
        for status in (201, 201, 507):
            self.assertEqual(self.post(self.upload_path(a), b"x" * 100000).status, status)
        a.sync()

    def test_quota_at_once(self):
        """What an upload under way may bring is not there for another one; when it ends without having come, it is."""
        d = self.daemon({"files": {"total_quota": 1000000}})
        a = self.client("alice", d=d)
        slow = self.begin(d, a, 700000)
        self.assertEqual(self.post(self.upload_path(a), b"x" * 300001, d=d).status, 507)
        self.assertEqual(self.post(self.upload_path(a), b"x" * 100000, d=d).status, 201)
        slow.send(b"x" * 350000)
        self.assertEqual(slow.read().status, 201)
        self.assertEqual(self.post(self.upload_path(a), b"x" * 200001, d=d).status, 507)
        slow = self.begin(d, a, 150000)
        self.assertEqual(self.post(self.upload_path(a), b"x" * 100000, d=d).status, 507)
        slow.close()
        self.eventually("what it has not used", lambda: self.post(self.upload_path(a), b"x" * 200000, d=d).status == 201)

    def test_expiry(self):
        d = self.daemon({"files": {"upload_time": 30, "link_time": 60}})
        a = self.client("alice", d=d)
        link = self.share(a, b"x", "x", d=d)
        e = int(re.search(r"e=(\d+)", link).group(1))
        self.assertAlmostEqual(e, time.time() + 60, delta=5)

    def test_at_once(self):
        """Uploads that stand still are ended; no more than some are taken."""
        d = self.daemon()
        a = self.client("alice", d=d)
        slow = [self.http(d) for _ in range(64)]
        for n, c in enumerate(slow):
            c.send(("POST %s HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 100000\r\n\r\n" % self.upload_path(a)).encode())
            self.assertIn(b" 100 Continue", c.sock.recv(1000), n)
            c.send(b"x")
        self.assertEqual(self.post(self.upload_path(a), b"x", d=d).status, 429)
        for c in slow:
            c.close()
        self.drained(d)
        self.assertEqual(self.post(self.upload_path(a), b"x", d=d).status, 201)

    def test_few_descriptors(self):
        """A connection and its file are two: no more are let in than there is room for both."""
        prlimit = shutil.which("prlimit")
        if prlimit is None:
            self.skipTest("prlimit is not there")
        d = self.daemon(prefix=[prlimit, "--nofile=76:76"])
        begun = self.web_restarts(d)  # the start may want more for a moment, when channels to all are on their way
        d.restarts_meant = begun > 0
        a = self.client("alice", d=d)
        crowd = []
        for _ in range(40):
            c = self.http(d)
            c.send(("POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhello" % self.upload_path(a)).encode())
            crowd.append(c)
        for c in crowd:
            try:
                c.send(b"world")
            except (BrokenPipeError, ConnectionResetError):
                pass  # it was one too many
        answers = [c.read().status for c in crowd]
        self.assertLessEqual(set(answers), {201, 503}, answers)
        self.assertGreater(answers.count(201), 15, answers)
        self.assertEqual(self.web_restarts(d), begun)

    def web_restarts(self, d):
        return sum(p["restarts"] for p in d.processes() if p["role"] == "web")

    def test_broken_off(self):
        """Whoever goes in the middle of its file makes room for others soon, whenever that was."""
        d = self.daemon({"files": {"total_quota": 10000000}})
        a = self.client("alice", d=d)
        for n in range(20):
            c = self.http(d)
            c.send(("POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: 900000\r\n\r\n" % self.upload_path(a)).encode() + b"x" * 300000)
            c.close()
        begun = time.monotonic()
        self.drained(d)
        self.assertLess(time.monotonic() - begun, limit(8))  # a body that stands still has 20 s
        self.assertEqual(self.post(self.upload_path(a), b"x" * 10000000, d=d).status, 201)

    def test_slow_body(self):
        d = self.daemon()
        a = self.client("alice", d=d)
        c = self.http(d)
        c.send(("POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n" % self.upload_path(a)).encode())
        begun = time.monotonic()
        done = threading.Event()

        def trickle():
            try:
                while not done.wait(0.5):
                    c.send(b"x")
            except OSError:
                pass
        t = threading.Thread(target=trickle)
        t.start()
        c.sock.settimeout(limit(60))
        self.assertTrue(c.ended())
        done.set()
        t.join()
        self.assertLess(time.monotonic() - begun, limit(40))
        self.assertEqual(self.on_disk(d), [])

    def test_memory(self):
        """A big file is never in memory."""
        d = self.daemon()
        a = self.client("alice", d=d)
        self.get(self.share(a, os.urandom(1 << 20), "first", d=d), d=d)
        pid = d.kids("web")[0]
        before = private_bytes(pid)
        body = os.urandom(1 << 20) * 32
        link = self.share(a, body, "big.bin", d=d)
        self.assertEqual(self.get(link, d=d).body, body)
        self.assertLess(private_bytes(pid) - before, 4 << 20)

    def test_reading_slowly(self):
        """Who does not read what it asked for waits alone."""
        d = self.daemon()
        a = self.client("alice", d=d)
        link = self.share(a, os.urandom(1 << 20) * 16, "big.bin", d=d)
        c = self.http(d)
        c.send(("GET %s HTTP/1.1\r\nHost: x\r\n\r\n" % link).encode())
        self.assertEqual(self.get("/healthz", d=d).text, "ok")
        self.assertEqual(len(c.read().body), 16 << 20)


class Kills(FilesCase):
    own = True

    def test_web(self):
        """chatd-web is killed in the middle: nothing of it is left, nobody is told, and the same link takes it again."""
        d = self.daemon()
        a, b = self.client("alice", d=d), self.client("bob", d=d)
        path = self.upload_path(a)
        c = self.begin(d, a)
        pid = d.kill_role("web")
        wait_gone([pid])
        self.assertTrue(c.ended())
        self.assertEqual(self.on_disk(d), [])
        self.assertNotIn("shared", b.sync())
        self.eventually("another", lambda: d.kids("web") not in ([], [pid]))
        self.assertEqual(self.post(path, b"y" * 1000, "y.txt", d=d).status, 201)
        b.expect("has shared the file y.txt")

    def test_broker(self):
        """The broker is killed in the middle of an upload, and between two: they go on."""
        d = self.daemon()
        a, b = self.client("alice", d=d), self.client("bob", d=d)
        c = self.begin(d, a)
        d.kill_role("broker")
        c.send(b"x" * 500000)
        answer = c.read()
        self.assertEqual(answer.status, 201, answer)
        b.expect("has shared the file")
        for n in range(5):
            path = self.upload_path(a)
            d.kill_role("broker")
            answer = self.post(path, b"z" * 1000, "n%d.txt" % n, d=d)
            self.assertEqual(answer.status, 201, answer)
            b.expect(r"has shared the file n%d\.txt" % n)
        self.assertEqual(len(self.on_disk(d)), 6)

    def test_store_away(self):
        """No file comes while nobody could remember it: it waits for the store that comes in place of one that hangs."""
        d = self.daemon()
        a = self.client("alice", d=d)
        link, path = self.share(a, b"x", "x", d=d), self.upload_path(a)
        store = d.kill_role("store", sig=signal.SIGSTOP)
        try:
            said = self.post(path, b"y", d=d)
            self.assertEqual(said.status, 201)
            d.expect_log("store .pid %d. was killed, because it did not answer" % store)
            self.assertIn(self.get(link, d=d).status, (200, 503))  # what has just been asked is remembered
        finally:
            signal_pid(store, signal.SIGCONT)  # it may have been replaced already
        self.assertEqual(self.post(self.upload_path(a), b"z", d=d).status, 201)

    def test_nothing_written(self):
        """Nor while it cannot write: what has come would not count against the quotas."""
        d = self.daemon({"store": {"query_time": 400}})
        a = self.client("alice", d=d)
        link = self.share(a, b"x", "x", d=d)
        faults.limit_files(d, 300000)
        try:
            for n in range(400):
                a.send("%d " % n + "x" * 300)
                if n % 50 == 0:
                    a.sync()
            d.expect_log("cannot write to the database")
            self.assertEqual(self.post(self.upload_path(a), b"y", d=d).status, 503)
        finally:
            faults.limit_files(d, "unlimited")
        d.expect_log("the database can be written again")
        self.eventually("the store", lambda: self.post(self.upload_path(a), b"y", d=d).status == 201)
        self.assertEqual(self.get(link, d=d).text, "x")

    def test_swept(self):
        """What nobody knows of goes when chatd-web starts; what is young, or not ours, or known, or held by somebody, stays."""
        d = self.daemon()
        a = self.client("alice", d=d)
        link = self.share(a, b"x", "x", d=d)
        top = os.path.join(d.dir, "state", "files")
        old, young, held = ("%s" % base64.urlsafe_b64encode(os.urandom(16)).decode().rstrip("=") for _ in range(3))
        st = os.stat(top)
        for name in (old, young, held, held + ".t", "not-ours"):
            sub = os.path.join(top, name[:2])
            os.makedirs(sub, exist_ok=True)
            os.chown(sub, st.st_uid, st.st_gid)
            with open(os.path.join(sub, name), "wb"):
                pass
        d.stop()
        for path in (old, held, held + ".t", "not-ours", link.split("/")[2]):
            os.utime(os.path.join(top, path[:2], path), (time.time() - 3600,) * 2)
        lock = open(os.path.join(top, held[:2], held), "rb")
        self.addCleanup(lock.close)
        fcntl.flock(lock, fcntl.LOCK_EX)
        os.utime(os.path.join(top, young[:2], young))
        d.start()
        self.eventually("the old one's end", lambda: not os.path.exists(os.path.join(top, old[:2], old)))
        self.assertTrue(os.path.exists(self.place(link, d)))
        for path in ("not-ours", young, held, held + ".t"):
            self.assertTrue(os.path.exists(os.path.join(top, path[:2], path)), path)
        # soon, not in an hour
        self.eventually("the young one's end", lambda: not os.path.exists(os.path.join(top, young[:2], young)), 60)
        self.assertTrue(os.path.exists(os.path.join(top, held[:2], held)))


if __name__ == "__main__":
    main()
