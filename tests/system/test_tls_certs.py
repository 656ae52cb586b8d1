#!/usr/bin/env python3
"""The server's certificates: changed while people talk, renewed, damaged, expired."""

import hashlib
import os
import re
import shutil
import signal
import socket
import subprocess
import time

from harness import TOP, Daemon, build, conf_text, eventually, limit, listeners, main
from tls import TlsCase, fingerprint, make_cert
from web import Http


class Reload(TlsCase):
    own = True

    def setUp(self):
        super().setUp()
        self.place = os.path.join(self.certs, "used")
        os.makedirs(self.place, exist_ok=True)
        self.used = [os.path.join(self.place, name) for name in ("fullchain.pem", "privkey.pem")]
        self.put(self.first)
        self.d = self.daemon({"tls": {"certificate": self.used[0], "key": self.used[1]}})

    def put(self, pair):
        """As a hook of an ACME client does it."""
        for a, b in zip(pair, self.used):
            shutil.copy(a, b + ".new")
            os.rename(b + ".new", b)

    def shown(self):
        return hashlib.sha256(self.wrapped().getpeercert(True)).hexdigest()

    def test_chatctl(self):
        c, pid = self.tls_irc(), self.d.kids("tls")
        self.put(self.other)
        self.assertEqual(self.shown(), fingerprint(self.first[0]))
        self.d.ctl("tls", "reload")
        self.assertEqual(self.shown(), fingerprint(self.other[0]))
        c.sync()
        self.assertEqual(self.d.kids("tls"), pid)
        row = self.d.json("tls", "show")[0]
        self.assertEqual((row["names"], row["issuer"], row["sha256"], row["file"]),
                         ("other.example *.wild.example", "other.example", fingerprint(self.other[0]), self.used[0]))
        self.assertIn(row["days_left"], (29, 30))
        self.assertIn("until", self.d.json("status")["certificate"])

    def test_while_they_talk(self):
        """Reload after reload, while some talk and others come."""
        people, pid = [self.tls_irc() for _ in range(10)], self.d.kids("tls")
        chan = self.channel(*people)
        seen, n = set(), 0
        for i in range(8):
            self.put((self.other, self.first)[i % 2])
            p = subprocess.Popen([build().program("tools/chatctl"), "-s", self.d.socket, "tls", "reload"])
            while True:
                people[n % 10].send("PRIVMSG %s :word %d" % (chan, n))
                n += 1
                seen.add(self.shown())
                if p.poll() is not None:
                    break
            self.assertEqual(p.returncode, 0)
        self.assertEqual(seen, {fingerprint(self.first[0]), fingerprint(self.other[0])})
        people[0].send("PRIVMSG %s :the last" % chan)
        for c in people[1:]:
            got = [m.params[1] for m in c.until(lambda m: m.is_("PRIVMSG", chan, "the last")) if m.command == "PRIVMSG"]
            own = {"word %d" % i for i in range(people.index(c), n, 10)}
            self.assertEqual(set(got[:-1]) | own, {"word %d" % i for i in range(n)})
        self.assertEqual(self.d.kids("tls"), pid)

    def sent(self):
        """How many certificates a client is shown."""
        r = subprocess.run(["openssl", "s_client", "-connect", "%s:%d" % self.tls_address("irc"), "-showcerts"], input="", text=True,
                           stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=limit(), check=False)
        return r.stdout.count("BEGIN CERTIFICATE")

    def test_chain(self):
        """All of what the file has is sent; one of which a certificate cannot be read is not taken."""
        def text_of(path):
            with open(path, encoding="ascii") as f:
                return f.read()

        def put(text):
            with open(self.used[0] + ".new", "w", encoding="ascii", newline="") as f:
                f.write(text)
            os.rename(f.name, self.used[0])
        own, above, key = map(text_of, (self.first[0], self.other[0], self.first[1]))
        for text in (own + above, "subject=/CN=a\n" + own + "\nissuer: b\n\n" + above + "\n\n# the end\n", (own + above).replace("\n", "\r\n"),
                     own + key + above.rstrip("\n"), key + own + above + above.splitlines()[0][:20]):
            put(own)
            self.d.ctl("tls", "reload")
            self.assertEqual(self.sent(), 1)
            put(text)
            self.d.ctl("config", "check")
            self.d.ctl("tls", "reload")
            self.assertEqual(self.sent(), 2)
        lines = above.splitlines(True)
        lines[3] = lines[3][:10] + "!!!!" + lines[3][14:]
        for text in (own + above[:len(above) // 2], own + above[:above.rindex("-----END") + 12], own + "".join(lines),
                     own + lines[0] + lines[-1], own + lines[0], own + own.replace(own.splitlines()[1], "A" * 64) + above):
            put(text)
            for command in (("config", "check"), ("tls", "reload"), ("reload",)):
                self.assertRegex(self.d.ctl(*command, status=1), "its certificate cannot be read: |it holds no certificate")
            self.assertEqual(self.sent(), 2)

    def test_hangup(self):
        c = self.tls_irc()
        self.put(self.other)
        mark = self.d.log_mark()
        os.kill(self.d.pid, signal.SIGHUP)
        self.d.expect_log("the configuration was reloaded", mark)
        self.assertEqual(self.shown(), fingerprint(self.other[0]))
        c.sync()

    def test_does_not_fit(self):
        c = self.tls_irc()
        self.put((self.other[0], self.first[1]))
        for command in (("config", "check"), ("tls", "reload"), ("reload",)):
            self.assertIn("do not fit", self.d.ctl(*command, status=1))
        self.assertEqual(self.shown(), fingerprint(self.first[0]))
        # nor does one that is started now have it
        pid = self.d.kill_role("tls")
        eventually("another chatd-tls", lambda: [p for p in self.d.kids("tls") if p != pid])
        eventually("the old certificate", self.still_first)
        c.close()
        os.unlink(self.used[1])
        self.assertIn("No such file", self.d.ctl("tls", "reload", status=1))

    def still_first(self):
        try:
            return self.shown() == fingerprint(self.first[0])
        except OSError:
            return False

    def test_renewed(self):
        """The hook that the README has for programs that renew certificates."""
        with open(os.path.join(TOP, "README.md"), encoding="utf-8") as f:
            script = re.search(r"^ +#!/bin/sh -e\n( +install .*\n +chatctl .*\n)", f.read(), re.M).group(1)
        script = script.replace("/etc/chatd/tls/", self.place + "/").replace(" -g chatd", "")
        lineage = os.path.join(self.certs, "lineage")
        os.makedirs(lineage, exist_ok=True)
        shutil.copy(self.other[0], os.path.join(lineage, "fullchain.pem"))
        shutil.copy(self.other[1], os.path.join(lineage, "privkey.pem"))
        bin_dir = os.path.join(self.certs, "bin")
        os.makedirs(bin_dir, exist_ok=True)
        link = os.path.join(bin_dir, "chatctl")
        if not os.path.exists(link):
            os.symlink(build().program("tools/chatctl"), link)
        c = self.tls_irc()
        subprocess.run(["sh", "-e", "-c", script], check=True, timeout=limit(),
                       env=dict(os.environ, RENEWED_LINEAGE=lineage, CHATCTL_SOCKET=self.d.socket, PATH=bin_dir + ":" + os.environ["PATH"]))
        self.assertEqual(self.shown(), fingerprint(self.other[0]))
        c.sync()

    def test_expiry(self):
        short = make_cert(self.certs, "short", days=3)
        self.put(short)
        mark = self.d.log_mark()
        self.d.ctl("tls", "reload")
        self.d.expect_log("expires in [23] days", mark)
        self.assertIn(self.d.json("tls", "show")[0]["days_left"], (2, 3))
        until = self.d.stats()["tls_certificate_expiry_seconds"]
        self.assertTrue(2 < (until - time.time()) / 86400 <= 3, until)
        self.assertRegex(self.d.ctl("status"), r"certificate +until .*\([23] days\)")
        self.assertIn("chatd_tls_certificate_expiry_seconds %d" % until, self.d.ctl("metrics"))

    def test_expired(self):
        """It is used all the same, and called what it is."""
        self.put(make_cert(self.certs, "old"))
        subprocess.run(["openssl", "x509", "-in", self.used[0], "-signkey", self.used[1], "-days", "-1", "-out", self.used[0] + ".new"],
                       check=True, stderr=subprocess.DEVNULL)
        os.rename(self.used[0] + ".new", self.used[0])
        mark = self.d.log_mark()
        self.assertEqual(self.state(), "valid")
        for command in (("config", "check"), ("tls", "reload"), ("reload",)):
            self.assertRegex(self.d.ctl(*command), "warning: %s: the certificate for .* has expired" % self.used[0])
        self.d.expect_log("has expired", mark)
        self.assertIn("EXPIRED", self.d.ctl("status"))
        self.assertLess(self.d.json("tls", "show")[0]["days_left"], 1)
        self.assertEqual(self.state(), "expired")
        self.shown()

    def state(self):
        return self.d.json("tls", "show")[0]["state"]

    def test_not_the_servers_name(self):
        self.d.write_conf(dict(self.d.config, name="talk.example"))
        for command in (("config", "check"), ("reload",), ("tls", "reload")):
            self.assertIn("warning: %s: no certificate is for talk.example" % self.used[0], self.d.ctl(*command))
        for name in ("other.example", "talk.wild.example", "school"):
            self.d.write_conf(dict(self.d.config, name=name))
            self.put(self.other)
            for command in (("config", "check"), ("reload",)):
                self.assertNotIn("warning", self.d.ctl(*command))

    def test_key_for_everybody(self):
        self.d.write_conf(dict(self.d.config, name="here"))
        self.assertNotIn("warning", self.d.ctl("config", "check"))
        os.chmod(self.used[1], 0o644)
        for command in (("config", "check"), ("reload",), ("tls", "reload")):
            self.assertIn("warning: %s has a private key, and everybody" % self.used[1], self.d.ctl(*command))

    def test_pin(self):
        """What a client that pins the key is to be told (as curl and `chat --pin` take it)."""
        der = subprocess.run("openssl x509 -in %s -noout -pubkey | openssl pkey -pubin -outform DER" % self.used[0], shell=True,
                             stdout=subprocess.PIPE, check=True).stdout
        self.assertEqual(self.d.json("tls", "show")[0]["key_sha256"], hashlib.sha256(der).hexdigest())

    def test_many_checks(self):
        """Who may only look cannot keep the master busy: those who ask at the same time have the answer of a few checks."""
        def ask(n):
            """Pages that the master's children which have ended had touched: each check starts one (proc(5), cminflt)."""
            people = []
            for _ in range(n):
                s = socket.socket(socket.AF_UNIX)
                self.addCleanup(s.close)
                s.settimeout(limit())
                s.connect(self.d.socket)
                people.append(s)
            before = self.touched()
            for s in people:
                s.sendall(b"config check\n")
            for s in people:
                answer = b""
                while b"is good\n" not in answer:
                    more = s.recv(65536)
                    self.assertTrue(more, answer)
                    answer += more
                s.close()
            return self.touched() - before
        one = ask(1)
        self.assertGreater(one, 0)
        self.assertLess(ask(20), 8 * one)

    def touched(self):
        with open("/proc/%d/stat" % self.d.pid, encoding="ascii") as f:
            return int(f.read().rpartition(")")[2].split()[8])

    def test_none_any_more(self):
        """What has been taken out of the configuration is neither shown nor worried about."""
        telnet = [l for l in self.config["listen"] if l["protocol"] == "telnet"]
        tls, plain = ([l for l in telnet if l["tls"] == t] for t in (True, False))
        warns = {"certificate": self.first[0], "key": self.first[1], "warn_days": 60}
        d = self.daemon({"name": "here", "listen": tls, "tls": warns})
        for _ in range(2):
            for command in (("config", "check"), ("reload",), ("tls", "reload")):
                self.assertRegex(d.ctl(*command), "warning: .*first.* expires in")
            self.assertIn("until", d.json("status")["certificate"])
            d.write_conf(conf_text({k: v for k, v in dict(d.config, listen=plain).items() if k != "tls"}))
            for _ in range(2):
                self.assertNotIn("warning", d.ctl("reload"))
            self.assertEqual(d.json("tls", "show"), [])
            eventually("no certificate", lambda: d.json("status")["certificate"] is None)
            d.write_conf({"name": "here", "listen": tls, "tls": warns})
            d.ctl("reload")
            self.assertEqual(len(d.json("tls", "show")), 1)

    def test_listener_comes(self):
        """A listener with TLS that a reload brings, to a chatd that had none."""
        d = self.daemon({"listen": listeners("irc", "web")})
        self.assertEqual(d.kids("tls"), [])
        d.write_conf(dict(d.config, listen=self.config["listen"]))
        d.ctl("reload")
        eventually("chatd-tls", lambda: d.kids("tls"))
        self.tls_irc(d=d).sync()
        told = [d.ctl("metrics")]
        if build().web:     # which was there before
            page = Http(self.tls_address("web", d, tls=False))
            self.addCleanup(page.close)
            told.append(page.ask("GET", "/metrics").text)
        for text in told:
            counted = dict(l.split(" ") for l in text.splitlines() if l.startswith("chatd_tls_"))
            self.assertEqual(counted['chatd_tls_handshakes_total{result="ok"}'], "1")
            self.assertGreater(float(counted["chatd_tls_certificate_expiry_seconds"]), time.time())


class Checked(TlsCase):
    own = True

    def test_configuration(self):
        def check(pair):
            d = Daemon(dict(self.config, name="here", tls={"certificate": pair[0], "key": pair[1]}), start=False)
            self.addCleanup(d.close)
            return subprocess.run([d.build.program("master/chatd"), "-t", "-c", d.conf, "-L", d.build.path], stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True, timeout=limit(), check=False)
        r = check(self.first)
        self.assertEqual((r.returncode, r.stderr), (0, ""))
        locked = os.path.join(self.certs, "locked.pem")
        subprocess.run(["openssl", "pkey", "-in", self.first[1], "-aes256", "-passout", "pass:pearl", "-out", locked], check=True)
        damaged = os.path.join(self.certs, "damaged.pem")
        with open(damaged, "w", encoding="ascii") as f:
            f.write("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
        for pair, why in (((self.first[0], self.other[1]), "certificate and key do not fit"), ((self.first[1], self.first[1]), "it holds no certificate"),
                          ((self.first[0], self.first[0]), "its key cannot be used: "), (("/nosuch", ""), "No such file"),
                          ((self.first[0], locked), "its key wants a password"), ((damaged, self.first[1]), "its certificate cannot be read: ")):
            r = check(pair)
            self.assertEqual(r.returncode, 1, pair)
            self.assertRegex(r.stderr, why)

    def test_does_not_start(self):
        d = Daemon(dict(self.config, tls={"certificate": self.first[0], "key": self.other[1]}), start=False)
        self.addCleanup(d.close)
        with self.assertRaisesRegex(AssertionError, "do not fit"):
            d.start()


if __name__ == "__main__":
    main()
