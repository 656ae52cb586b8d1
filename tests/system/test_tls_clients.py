#!/usr/bin/env python3
"""Clients that people use, over TLS: irssi, WeeChat, chat."""

import hashlib
import os
import re
import shutil
import subprocess

from chat import ChatCase
from harness import build, eventually, main
from test_irc_clients import Irssi, WeeChat
from tls import TlsCase

OLD_WEECHAT = shutil.which("weechat-headless") and subprocess.run(  # its options have had other names
    ["weechat-headless", "--version"], stdout=subprocess.PIPE, text=True, check=False).stdout.startswith(("3.", "2."))


class SecureIrssi(Irssi):
    config = Irssi.config.replace('autoconnect = "yes";', 'autoconnect = "yes"; use_tls = "yes"; tls_verify = "no";')


class SecureWeeChat(WeeChat):
    setup = tuple(s.replace("-notls", "-ssl -ssl_verify=off" if OLD_WEECHAT else "-tls -tls_verify=off") for s in WeeChat.setup)


class Clients(TlsCase):
    """Those that people use."""

    def eventually(self, *args):
        return eventually(*args)

    def talk(self, make, *needs):
        missing = [p for p in needs if not shutil.which(p)]
        if missing:
            self.skipTest("not installed: " + ", ".join(missing))
        ivy = self.irc("ivy")
        chan = self.channel(ivy)
        x = make(self, self.tls_address("irc"), self.fresh("xena"), chan)
        ivy.expect("JOIN", chan)
        self.assertTrue(self.d.json("user", x.nick)["tls"])
        x.type("is this line safe?")
        ivy.expect("PRIVMSG", chan, "is this line safe?")
        ivy.send("PRIVMSG %s :so they say" % chan)
        x.see("said", who=ivy.nick, text="so they say")

    def test_irssi(self):
        self.talk(SecureIrssi, "irssi", "tmux")

    def test_weechat(self):
        self.talk(SecureWeeChat, "weechat-headless")


class Chat(TlsCase, ChatCase):
    """chat, and its files over https: the server is known by who vouches for it, or by its key."""

    store = True

    def server(self, port=None):
        return "localhost:%d" % (port or self.tls_address("irc")[1])

    def pin(self, pair):
        der = subprocess.run("openssl x509 -in %s -pubkey -noout | openssl pkey -pubin -outform der" % pair[0], shell=True, check=True,
                             stdout=subprocess.PIPE).stdout
        return hashlib.sha256(der).hexdigest()

    def files(self, *args, env=None):
        """From one to another, and by a script."""
        self.tls_address("web")
        if not build().configured("HAVE_CURL"):
            self.skipTest("built without libcurl")
        content = os.urandom(300000)
        with open(os.path.join(self.dir, "a.bin"), "wb") as f:
            f.write(content)
        ivy = self.tls_irc("ivy")
        ivy.ask("JOIN #lobby", "366")
        t, u = (self.talker(*args, env=env) for _ in range(2))
        t.type("!FILE a.bin\r")
        t.expect(r"File a\.bin sent successfully")
        u.expect(r"%s has shared the file a\.bin" % t.name)
        u.type("/save\r")
        u.expect(r"File: a \(2\)\.bin received successfully")
        url = re.search(r"https://\S+", ivy.expect("PRIVMSG", "#lobby", re.compile("https://")).params[1]).group(0)
        self.assertEqual(self.script(*args, "get", url, env=env), (0, "a (3).bin\n", ""))
        for name in ("a (2).bin", "a (3).bin"):
            with open(os.path.join(self.dir, name), "rb") as f:
                self.assertEqual(f.read(), content)
        return url

    def test_talk(self):
        ivy = self.tls_irc("ivy")
        ivy.ask("JOIN #lobby", "366")
        t = self.talker("--tls", env={"SSL_CERT_FILE": self.first[0]})
        t.type("is this line safe?\r")
        ivy.expect("PRIVMSG", "#lobby", "is this line safe?")
        ivy.send("PRIVMSG #lobby :so they say")
        t.expect("so they say")
        self.assertTrue(self.d.json("user", t.name)["tls"])

    def test_script(self):
        trusted = {"SSL_CERT_FILE": self.first[0]}
        self.assertEqual(self.script("--tls", "send", "lobby", "from a script", env=trusted)[0], 0)
        code, _, err = self.script("--tls", "send", "lobby", "from a script")
        self.assertEqual(code, 4)
        self.assertIn(self.pin(self.first), err)

    def test_wrong_port(self):
        """TLS where there is none, and none where TLS is."""
        port = self.irc_address()[1]
        self.assertEqual(self.script("--tls", "send", "lobby", "x", port=port),
                         (3, "", "chat: localhost port %d does not speak TLS: is it a port without TLS?\n" % port))
        self.assertEqual(self.script("send", "lobby", "x"), (1, "", "chat: This port speaks TLS.\n"))

    def test_files(self):
        self.files("--tls", env={"SSL_CERT_FILE": self.first[0]})

    def test_files_by_key(self):
        url = self.files("--pin", self.pin(self.first))
        before = os.listdir(self.dir)
        code, _, err = self.script("--pin", self.pin(self.other), "get", url)
        self.assertEqual(code, 1)
        self.assertIn("another key", err)
        code, _, err = self.script("--pin", self.pin(self.other), "send", "#" + self.channel(self.irc("x")).strip("#"), "hi")
        self.assertEqual(code, 4)
        self.assertIn("another key than the one that --pin names (its key: %s)" % self.pin(self.first), err)
        self.assertIn("certificate", self.script("--tls", "get", url)[2])
        # the key says nothing about other servers
        code, _, err = self.script("-s", "elsewhere.example", "--pin", self.pin(self.first), "get", url)
        self.assertEqual(code, 1)
        self.assertEqual(sorted(os.listdir(self.dir)), sorted(before))


if __name__ == "__main__":
    main()
