#!/usr/bin/env python3
"""Files that `chat` sends and keeps: of servers made for it, and the daemon's own."""

import gzip
import os
import re
import socket
import threading
import time
import unittest

from chat import ChatCase, Proxy, file_server
from harness import build, main

LONG = True


class Transfers(ChatCase):
    needs = "HAVE_CURL"

    def served(self, context=None):
        s = file_server(context)
        self.addCleanup(s.server_close)
        self.addCleanup(s.shutdown)
        return s

    def uploading(self, url, error=None):
        """A proxy that answers UPLOAD."""
        def intercept(line):
            m = re.match(r"(?:@label=(\d+) )?UPLOAD (\S+)$", line)
            if not m:
                return None
            label = "@label=%s " % m.group(1) if m.group(1) else ""
            if error:
                return "%s:chat.test %s" % (label, error)
            return "%s:chat.test UPLOAD %s %s" % (label, m.group(2), url)
        p = Proxy(self.irc_address(), intercept=intercept)
        self.addCleanup(p.close)
        return p

    def write(self, name, content):
        path = os.path.join(self.dir, name)
        with open(path, "wb") as f:
            f.write(content)
        return path

    def test_send_a_file(self):
        web = self.served()
        p = self.uploading("http://127.0.0.1:%d/files/u/token" % web.port)
        content = os.urandom(3000000)
        self.write("my file.bin", content)
        t = self.talker(port=p.port)
        t.type("!FILE my file.bin\r")
        t.expect(r"Sending the file my file\.bin\.\.\.")
        t.expect(r"File my file\.bin sent successfully")
        self.assertRegex(t.bytes.decode(), r"my file\.bin \[[#-]{24}\] \d+%% %s > " % t.name)  # the bar
        t.prompt("%s >" % t.name)
        path, kind, body = web.posted[0]
        self.assertEqual(path, "/files/u/token")
        self.assertIn("multipart/form-data", kind)
        self.assertIn(b'name="file"; filename="my file.bin"', body)
        self.assertIn(content, body)
        web.status = 413
        t.type("!FILE my file.bin\r")
        t.expect("was not sent: it is too big for the server")
        web.status = 201
        tel = self.client("tel")
        t.type("image@%s\r" % tel.name)
        t.expect("Path or address")
        t.type("my file.bin\r")
        self.eventually("the upload", lambda: len(web.posted) == 3)
        self.assertIn("UPLOAD " + tel.name, " ".join(p.lines))
        self.assertEqual(self.script("send", "lobby", "-f", "my file.bin", port=p.port)[0], 0)
        self.assertEqual(len(web.posted), 4)

    def test_send_slowly(self):
        """A script waits as long as the file goes on, not for all of it."""
        web = self.served()
        web.slow = 0.1  # for each 256 KiB
        web.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
        p = self.uploading("http://127.0.0.1:%d/files/u/token" % web.port)
        self.write("big.bin", bytes(16 << 20))
        begun = time.monotonic()
        self.assertEqual(self.script("--timeout", "4", "send", "lobby", "-f", "big.bin", port=p.port), (0, "", ""))
        self.assertGreater(time.monotonic() - begun, 5)

    def test_refusals(self):
        self.write("x", b"x")
        for error, words in (("401 me nobody :No such nick", "Recipient does not exist"), ("421 me UPLOAD :Unknown command", "not enabled"),
                             ("FAIL UPLOAD QUOTA :your quota is used up", "quota is used up")):
            with self.subTest(error):
                t = self.talker(port=self.uploading("", error).port)
                t.type("!FILE x@nobody\r")
                t.expect(words)
                t.close()

    def test_server_cannot_make_us_post_elsewhere(self):
        web = self.served()
        self.write("x", b"x")
        p = self.uploading("http://127.0.0.2:%d/steal" % web.port)
        t = self.talker(port=p.port)
        t.type("!FILE x\r")
        t.expect("was not sent: that address")
        self.assertEqual(web.posted, [])

    def test_receive(self):
        web = self.served()
        web.contents["/files/1/..%2F..%2F.bashrc"] = b"rm"
        web.contents["/files/2/photo.png"] = b"one"
        web.contents["/files/3/photo.png"] = b"two"
        tel = self.client("tel")
        t = self.talker()
        base = "http://127.0.0.1:%d" % web.port
        tel.send("shared the file %s/files/1/..%%2F..%%2F.bashrc" % base)
        t.expect(r"\(/save 1 keeps bashrc here\)")
        t.type("/save\r")
        t.expect("File: bashrc received successfully")
        tel.send("shared %s/files/2/photo.png" % base, "shared %s/files/3/photo.png" % base, "no file %s/other/3" % base)
        t.expect(r"\(/save 3 keeps")
        for n in (2, 3):
            t.type("/save %d\r" % n)
            t.expect("File: photo%s.png received" % (r" \(2\)" if n == 3 else ""))
        with open(os.path.join(self.dir, "photo.png"), "rb") as f:
            self.assertEqual(f.read(), b"one")
        with open(os.path.join(self.dir, "photo (2).png"), "rb") as f:
            self.assertEqual(f.read(), b"two")
        self.assertEqual(sorted(os.listdir(self.dir)), ["bashrc", "photo (2).png", "photo.png"])
        t.type("/save 9\r")
        t.expect("There is no such file")

    def test_autosave(self):
        web = self.served()
        web.contents["/files/2/photo.png"] = b"one"
        tel = self.client("tel")
        keep = os.path.join(self.dir, "keep")
        os.mkdir(keep)
        os.symlink("/etc/passwd", os.path.join(keep, "photo.png"))
        t = self.talker("--autosave", keep)
        tel.send("shared http://127.0.0.1:%d/files/2/photo.png" % web.port)
        t.expect(r"File: photo \(2\).png received successfully")
        tel.send("again http://127.0.0.1:%d/files/2/photo.png?e=1&s=2" % web.port)  # it is here already
        t.expect("again http")
        tel.send("shared http://127.0.0.1:%d/files/none" % web.port)
        t.expect("none was not received: there is no such file")
        self.assertEqual(sorted(os.listdir(keep)), ["photo (2).png", "photo.png"])

    def test_fetch(self):
        """image@name with an address: https, public addresses, each hop."""
        context, path, _ = self.certificate()
        inner = self.served()
        inner.contents["/secret"] = b"secret"
        pages = self.served(context)
        pages.contents.update({"/a.png": b"\x89PNG...", "/to-inner": "http://127.0.0.1:%d/secret" % inner.port,
                               "/big": 1 << 30, "/to-other": "https://127.0.0.1:%d/a.png" % inner.port, "/loop": "/loop",
                               "/to-user": "https://user:pass@127.0.0.1:%d/a.png" % pages.port})
        up = self.served()
        p = self.uploading("http://127.0.0.1:%d/files/u/token" % up.port)
        t = self.talker("--fetch-test", str(pages.port), port=p.port, env={"SSL_CERT_FILE": path})
        base = "https://127.0.0.1:%d" % pages.port
        for url, words in (("http://127.0.0.1/", "only https"), ("file:///etc/passwd", "only https"), ("gopher://x/", "only https"),
                           ("https://user:pass@127.0.0.1/", "no user name"), ("https://127.0.0.1:%d/" % inner.port, "that address"),
                           ("https://2130706433/", "that address|not fetched"), ("https://0x7f.1/", "that address|not fetched"),
                           ("https://[::1]/", "that address"), ("https://[::ffff:127.0.0.1]/", "that address"),
                           ("https://[64:ff9b::7f00:1]/", "that address"), ("https://169.254.169.254/", "that address"),
                           ("https://10.0.0.1/", "that address"), ("https://0.0.0.0/", "that address"), (base + "/to-inner", "not fetched"),
                           (base + "/to-other", "that address"), (base + "/loop", "one address to the next"), (base + "/to-user", "not fetched"),
                           (base + "/none", "no such file"), (base + "/big", "too big")):
            with self.subTest(url):
                before = t.screen.text().count("Sorry")
                t.type("image@%s\r" % t.name)
                t.until("the question", lambda: "Path or address" in t.screen.lines()[t.screen.y])
                t.type(url + "\r")
                t.until("a refusal", lambda: t.screen.text().count("Sorry") > before)
                last = t.screen.text().rpartition("Sorry")[2].replace("\n", " ")
                self.assertRegex(last, words)
        t.type("image@%s\r%s/a.png\r" % (t.name, base))
        t.expect(r"File a\.png sent successfully")
        self.assertIn(b"\x89PNG...", up.posted[0][2])
        self.assertEqual(inner.posted + pages.posted, [])

    def test_fetch_what_has_no_end(self):
        """Bodies that are announced too big, drip, stop, or are small only as long as they are packed; redirections to anywhere."""
        context, path, _ = self.certificate()
        pages = self.served(context)

        def body(*headers, parts=(b"x",), every=0.0, rest=0):
            def send(h):
                h.send_response(200)
                for name, value in headers:
                    h.send_header(name, value)
                h.end_headers()
                for part in parts:
                    h.wfile.write(part)
                    h.wfile.flush()
                    if every:
                        self.stopped.wait(every)
                if rest:
                    self.stopped.wait(rest)
            return send
        self.stopped = threading.Event()
        self.addCleanup(self.stopped.set)
        bomb = gzip.compress(b"\0" * (64 << 20))
        pages.contents.update({
            "/announced": body(("Content-Length", str(10 << 30))), "/drip": body(("Content-Length", "99"), parts=[b"x"] * 99, every=0.5),
            "/stops": body(("Content-Length", "99"), rest=60), "/silent": lambda h: self.stopped.wait(60),
            "/endless": body(parts=[b"x" * 65536] * 1024), "/short": body(("Content-Length", "99")),
            "/bomb": body(("Content-Encoding", "gzip"), ("Content-Length", str(len(bomb))), parts=[bomb])})
        for i in range(50):
            pages.contents["/hop%d" % i] = "https://127.0.0.1:%d/hop%d" % (pages.port, i + 1)
        pages.contents["/hop50"] = b"there"
        inner = [("file", "file:///etc/passwd"), ("gopher", "gopher://127.0.0.1:70/"), ("unix", "unix:///run/x"), ("ftp", "ftp://192.0.2.1/"),
                 ("plain", "http://192.0.2.1/"), ("dict", "dict://127.0.0.1:11211/")]
        inner += [("to%d" % i, "https://%s/" % a) for i, a in enumerate((
            "127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:10.0.0.1]", "0.0.0.0", "169.254.169.254", "10.1.2.3", "172.16.0.1",
            "192.168.1.1", "[fe80::1]", "[fd00::1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "2130706433", "0x7f.1", "0177.0.0.1", "127.1"))]
        for name, to in inner:
            pages.contents["/" + name] = to
        up = self.served()
        p = self.uploading("http://127.0.0.1:%d/files/u/token" % up.port)
        t = self.talker("--fetch-test", str(pages.port), port=p.port, env={"SSL_CERT_FILE": path})
        rows = [("announced", "too big"), ("drip", "too slowly"), ("stops", "too slowly"), ("silent", "too slowly"), ("endless", "too big"),
                ("short", "not fetched"), ("hop0", "one address to the next")]
        rows += [(name, "that address is not" if name.startswith("to") else "not fetched") for name, _ in inner]
        for name, words in rows:
            with self.subTest(name):
                before = t.screen.text().count("Sorry")
                t.type("image@%s\r" % t.name)
                t.until("the question", lambda: "Path or address" in t.screen.lines()[t.screen.y])
                t.type("https://127.0.0.1:%d/%s\r" % (pages.port, name))
                t.until("a refusal of " + name, lambda: t.screen.text().count("Sorry") > before)
                self.assertRegex(t.screen.text().rpartition("Sorry")[2].replace("\n", " "), words, pages.errors)
        self.assertEqual(up.posted, [])
        # nothing is unpacked: what was small stays small
        t.type("image@%s\rhttps://127.0.0.1:%d/bomb\r" % (t.name, pages.port))
        t.expect("File bomb sent successfully")
        self.assertIn(bomb, up.posted[0][2])
        self.assertLess(len(up.posted[0][2]), len(bomb) + 1000)
        rss = int(re.search(r"VmHWM:\s+(\d+)", open("/proc/%d/status" % t.pid, encoding="ascii").read()).group(1))
        if not build().sanitized:
            self.assertLess(rss, 100000)

    def test_get(self):
        web = self.served()
        web.contents["/files/7/a%20b.txt"] = b"content"
        url = "http://127.0.0.1:%d/files/7/a%%20b.txt" % web.port
        code, out, err = self.script("get", url)
        self.assertEqual((code, out, err), (0, "a b.txt\n", ""))
        self.assertEqual(self.script("get", url)[1], "a b (2).txt\n")
        self.assertEqual(self.script("get", url, "-o", "-")[1], "content")
        self.assertEqual(self.script("-s", "localhost", "get", url, "-o", "-")[1], "content")
        self.assertEqual(self.script("-s", "example.org", "--plain", "get", url, "-o", "-")[0], 1)
        self.assertEqual(self.script("get", url + "x")[0], 5)
        self.assertEqual(self.script("get", "http://127.0.0.2:%d/files/7/a%%20b.txt" % web.port)[0], 1)
        self.assertEqual(self.script("get", "file:///etc/passwd")[0], 2)
        self.assertEqual(sorted(os.listdir(self.dir)), ["a b (2).txt", "a b.txt"])


class RealFiles(ChatCase):
    """The same with the daemon's own files."""

    needs = "HAVE_CURL"
    store = True
    config = {"listen": ChatCase.config["listen"] + [{"protocol": "web", "address": "127.0.0.1", "port": 0}]}

    @classmethod
    def setUpClass(cls):
        if not build().configured("HAVE_WEB"):
            raise unittest.SkipTest("built without chatd-web")
        super().setUpClass()

    def test_from_one_to_the_other(self):
        content = os.urandom(2000000)
        with open(os.path.join(self.dir, "a b.bin"), "wb") as f:
            f.write(content)
        tel = self.client("tel")
        t, u = self.talker(), self.talker()
        t.type("!FILE a b.bin\r")
        t.expect(r"File a b\.bin sent successfully")
        tel.expect(r"%s has shared the file a b\.bin \(1\.9 MiB" % t.name)
        u.expect(r"%s has shared the file a b\.bin \(1\.9 MiB\)" % t.name)
        u.expect(r"\(/save 1 keeps a b\.bin here\)")
        u.type("/save\r")
        u.expect(r"File: a b \(2\)\.bin received successfully")
        with open(os.path.join(self.dir, "a b (2).bin"), "rb") as f:
            self.assertEqual(f.read(), content)
        t.type("!FILE a b.bin@%s\r" % u.name)
        u.expect(r"%s sent you the file a b\.bin" % t.name)
        t.type("!FILE a b.bin@%s\r" % self.fresh("nobody"))
        t.expect("Recipient does not exist")
        self.assertEqual(self.script("send", "lobby", "-f", "a b.bin")[0], 0)
        self.assertEqual(self.script("send", "@" + self.fresh("nobody"), "-f", "a b.bin")[0], 5)


if __name__ == "__main__":
    main()
