#!/usr/bin/env python3
"""Links to upload a file to: who gets one, in telnet and IRC, and who does not. What is uploaded by them is tested where HTTP is."""

import re

from harness import main
from web import WebCase

URL = r"(http://127\.0\.0\.1:(\d+)/files/u/([\w-]{48}))"


class FilesCase(WebCase):
    store = passwords = True


class Telnet(FilesCase):
    def test_links(self):
        a, b = self.clients("alice", "bob")
        self.assertRegex(a.text.decode(), "!FILE.*image@NAME", "short instructions")
        room = self.room()
        seen = set()
        for c in (a, b):
            c.ask("/join " + room, "^You (are in|have made)")
        for typed, target in (("/file", "the room " + room), ("!FILE holiday.png", "the room " + room), ("/file #" + room, "the room " + room),
                              ("image@#" + room, "the room " + room), ("/file " + b.name, b.name), ("/file @" + b.name, b.name),
                              ("image@" + b.name, b.name), ("file@" + b.name, b.name), ("IMAGE@" + b.name, b.name)):
            m = a.ask(typed, r"^Upload one file for %s within 15 minutes, while you are here: %s$" % (re.escape(target), URL))
            self.assertEqual(int(m.group(2)), self.web_address()[1])
            seen.add(m.group(3))
            a.expect("^Open it in a browser, or: curl -F file=@FILE '%s'" % URL)
        self.assertEqual(len(seen), 9)  # never the same twice
        b.sync()
        self.assertNotIn("files/u", b.text.decode())

    def test_not_to_be_had(self):
        a = self.client("alice")
        for typed in ("image@" + self.fresh("nobody"), "file@" + self.fresh("nobody"), "/file " + self.fresh("nobody"), "/file " + "x" * 300):
            a.ask(typed, "^Recipient does not exist$")
        a.ask("/file #" + self.fresh("nowhere"), "^Sorry, there is no room nowhere")
        # text for the room is text for the room
        a.send("my image @ home")
        a.send("file")
        self.d.ctl("mute", "add", a.name)
        a.ask("/file", "^Sorry, you are muted")
        self.d.ctl("mute", "del", a.name)

    def test_switched_off(self):
        d = self.daemon({"files": {"enabled": False}})
        a = self.client("alice", d=d)
        a.ask("image@" + a.name, "^Sorry, files and images are not enabled on this server.")
        d = self.daemon({"files": {"guests": False}})
        a = self.client("alice", d=d)
        a.ask("/file", "^Sorry, you are not logged in to an account")

    def test_address(self):
        """Of a listener that is open to all: the server's name. Or what the configuration says, also after a reload."""
        listen = [dict(l, address="0.0.0.0") if l["protocol"] == "web" else l for l in self.config["listen"]]
        d = self.daemon({"listen": listen})
        a = self.client("alice", d=d)
        a.ask("/file", "http://chat.test:%d/files/u/" % self.web_address(d)[1])
        d.write_conf({"listen": listen, "web": {"url": "https://chat.example.org/c/"}})
        d.ctl("reload")
        a.ask("/file", "https://chat.example.org/c/files/u/")
        d = self.daemon({"listen": listen[:2]})
        a = self.client("alice", d=d)
        a.ask("/file", "not enabled")

    def test_absent(self):
        """Somebody with an account need not be here."""
        a, b = self.clients("alice", "bob")
        b.send("/register - correct horse")
        b.expect("^The name %s is yours now" % b.name)
        b.send("/quit")
        b.expect_eof()
        a.ask("image@" + b.name.upper(), "^Upload one file for %s within" % b.name.upper())


class Irc(FilesCase):
    CAPS = ("batch", "labeled-response", "standard-replies")

    def test_links(self):
        a, b = self.irc("a", self.CAPS), self.irc("b")
        chan = self.channel(a, b)
        for target in (chan, b.nick):
            a.send("@label=x UPLOAD " + target)
            m = a.expect("UPLOAD", target)
            self.assertEqual(m.tags["label"], "x")
            self.assertRegex(m.params[1], "^%s$" % URL)

    def test_refused(self):
        a, b = self.irc("a", self.CAPS), self.irc("b", self.CAPS)
        chan = self.channel(b)
        for target, code in ((self.fresh("nobody"), "INVALID_TARGET"), ("#" + self.fresh("nowhere"), "INVALID_TARGET"),
                             (chan, "CANNOT_UPLOAD"), ("@" + chan, "INVALID_TARGET")):
            a.send("@label=y UPLOAD " + target)
            m = a.expect("FAIL", "UPLOAD", code, target)
            self.assertEqual(m.tags["label"], "y")
        a.send("UPLOAD")
        a.expect("FAIL", "UPLOAD", "NEED_MORE_PARAMS")

    def test_file_host(self):
        a = self.irc_raw()
        a.send("NICK " + self.fresh("host"), "USER u 0 * :r")
        tokens = []
        while True:
            m = a.next()
            if m.is_("005"):
                tokens += m.params[1:-1]
            if m.is_("422") or m.is_("376"):
                break
        self.assertIn("draft/FILEHOST=http://%s:%d/files" % self.web_address(), tokens)


class Ctl(FilesCase):
    def test_nothing_there(self):
        self.assertEqual(self.d.json("file", "list"), [])
        self.assertEqual(self.d.json("file", "list", "*.png"), [])
        self.assertEqual(self.d.json("file", "quota"), {"files": 0, "bytes": 0, "quota": 10737418240})
        self.d.ctl("file", "quota", self.fresh("nobody"), status=5)
        for word in ("show", "delete"):
            for name in ("x", "dGhpcyBpcyBubyBmaWxlIQ", "x" * 2000):
                self.d.ctl("file", word, name, status=5 if len(name) < 1024 else 2)
            self.d.ctl("file", word, "--", "-GhpcyBpcyBubyBmaWxlIQ", status=5)


if __name__ == "__main__":
    main()
