#!/usr/bin/env python3
"""Coming in and going out: names, banner, notices, many lines at once."""

import re
import socket

from harness import Case, Daemon, NAME_PROMPT, OwnCase, Telnet, main


class Login(Case):
    def test_first_look(self):
        alice = self.connect()
        alice.expect(re.escape(NAME_PROMPT))
        banner = alice.text.decode()
        self.assertIn("chat.test", banner, "the banner names the server")
        name = self.fresh("alice")
        alice.send(name)
        alice.expect("^Connected to the chat room as %s$" % name)
        alice.expect("lobby")
        text = alice.text.decode()
        for word in ("TEXT@NAME", "show@Server", "/help", "!INFO", "!DISCONNECT", "quit@Server", "/quit"):
            self.assertIn(word, text, "short instructions")
        self.assertNotIn("!FILE", text, "no files without a page")

    def test_who_is_here_is_shown(self):
        alice = self.client("alice")
        bob = self.client("bob")
        bob.sync()
        self.assertIn(alice.name, bob.text.decode())
        alice.line("%s has entered the chat." % bob.name)
        # nobody is told of their own coming
        self.assertNotIn("%s has entered" % bob.name, bob.text.decode())

    def test_leaving_is_seen(self):
        for how in ("/quit", "quit@Server", "!DISCONNECT", "!Exit", "close", "reset", "half"):
            with self.subTest(how):
                alice, bob = self.clients("alice", "bob")
                if how == "close":
                    bob.close()
                elif how == "reset":
                    bob.reset()
                elif how == "half":
                    bob.half_close()
                    bob.expect_eof()
                else:
                    bob.send(how)
                    said = bob.expect_eof()
                    self.assertIn("Left the chat room" if how == "!DISCONNECT" else "You are now logged out", said)
                alice.expect(r"^%s has left the chat\.( \(.*\))?$" % bob.name)
                self.d.ctl("user", bob.name, status=5)
                again = self.connect()
                again.login(bob.name)  # the name is free at once

    def test_bad_names(self):
        bad = ["1abc", "-x", "a b", "a" * 33, "x" * 65, "a@b", "a#b", "/help", "!INFO", "a:b", "a,b", "server",
               "Server", "SERVER", "\uff33erver", "a\u202eb", "a\u200bb", "a\u2066b", "tab\tbed", "a.b", "a\ufeff\u00adb",
               "\u0301x", "\u3164", "a\U000e0041b", "\u2764"]
        c = self.connect()
        c.expect(re.escape(NAME_PROMPT))
        for name in bad[:3]:
            mark = c.mark()
            c.send(name)
            c.expect(re.escape(NAME_PROMPT))
            self.assertGreater(len(c.since(mark).strip().split("\n")), 1, "the reason for %r" % name)
        c.close()
        for name in bad[3:]:
            with self.subTest(name):
                c = self.connect()
                c.expect(re.escape(NAME_PROMPT))
                c.send(name)
                said = c.expect("%s|Connected to.*" % re.escape(NAME_PROMPT)).group(0)
                self.assertEqual(said, NAME_PROMPT)
                c.send(self.fresh("after"))
                c.expect("^Connected to")
                c.close()

    def test_nothing_is_asked_again(self):
        c = self.connect()
        c.expect(re.escape(NAME_PROMPT))
        for line in ("", "   ", "\t"):
            c.send(line)
            c.expect(re.escape(NAME_PROMPT))
        c.send(self.fresh("NICK via"))
        c.expect("^Connected to the chat room as via")

    def test_control_characters_in_names(self):
        """They are taken out or the name is refused; they never get into a name."""
        for name in ("\x1b[2J%s", "%s\x07x", "\x1b]0;title\x07%s", "\u009b2J%s", "%s\x7f", "\x00%s"):
            with self.subTest(name):
                c = self.connect()
                c.expect(re.escape(NAME_PROMPT))
                c.send(name % self.fresh("ctl"))
                said = c.expect("%s|Connected to the chat room as (.*)|not UTF-8" % re.escape(NAME_PROMPT))
                self.assertNotRegex(said.group(1) or "", "[\x00-\x1f\x7f-\x9f]")
                c.close()

    def test_farewell_instead_of_a_name(self):
        for word in ("!Exit", "/quit", "quit@Server", "!DISCONNECT"):
            with self.subTest(word):
                c = self.connect()
                c.expect(re.escape(NAME_PROMPT))
                c.send(word)
                self.assertIn("logged out", c.expect_eof())

    def test_http_is_not_a_name(self):
        """A browser that is made to post here gets nothing carried out."""
        watcher = self.client("watcher")
        for verb in ("POST / HTTP/1.1", "GET / HTTP/1.0", "CONNECT x:1 HTTP/1.1"):
            with self.subTest(verb):
                c = self.connect()
                c.send(verb, "Host: x", "", self.fresh("evil"), "bought!")
                c.expect_eof()
                self.assertNotIn("Connected to", c.text.decode())
        self.assertNotIn("bought", watcher.sync())

    def test_taken_names(self):
        alice = self.client("alice")
        for name in (alice.name, alice.name.upper(), alice.name.capitalize()):
            with self.subTest(name):
                c = self.connect()
                c.expect(re.escape(NAME_PROMPT))
                c.send(name)
                c.expect("(?i)in use|taken")
                c.expect(re.escape(NAME_PROMPT))
                c.be(self.fresh("other"))
        # and the first one is none the worse
        alice.sync()

    def test_names_that_are_good(self):
        for stem in ("Zoë", "Ωmega", "名前", "a_b-c", "[x]", "{y}", "w`|^", "أحمد"):
            with self.subTest(stem):
                c = self.client(stem)
                other = self.client()
                c.send("greetings")
                other.line("%s: greetings" % c.name)
        c = self.client("n" * 28)
        self.assertLessEqual(len(c.name), 32)

    def test_same_name_in_other_forms(self):
        composed, apart = "José", "José"
        c = self.connect()
        c.login(composed)
        for form in (apart, "JOSÉ", "Ｊosé"):
            with self.subTest(form):
                d = self.connect()
                d.expect(re.escape(NAME_PROMPT))
                d.send(form)
                d.expect("(?i)in use|taken")

    def test_all_at_once(self):
        """A whole visit in one segment, then half a close: as `printf … | nc` has it."""
        watcher = self.client("watcher")
        bob = self.connect()
        name = self.fresh("bob")
        bob.send_raw(("%s\nhello\nthis is it\n/quit\nnever seen\n" % name).encode())
        bob.half_close()
        said = bob.expect_eof()
        self.assertIn("Connected to the chat room as " + name, bob.text.decode())
        self.assertIn("logged out", said)
        watcher.line("%s: hello" % name)
        watcher.line("%s: this is it" % name)
        watcher.expect("^%s has left the chat" % name)
        watcher.sync()
        self.assertNotIn("never seen", watcher.text.decode())

    def test_end_without_quit(self):
        """What was sent before a half-close is said, also a last line without an end."""
        watcher = self.client("watcher")
        bob = self.connect()
        name = self.fresh("bob")
        bob.send_raw(("%s\none\ntwo\nthree" % name).encode())
        bob.half_close()
        bob.expect_eof()
        for text in ("one", "two", "three"):
            watcher.line("%s: %s" % (name, text))
        watcher.expect("^%s has left the chat" % name)

    def test_gone_before_it_had_a_name(self):
        before = self.d.stats()
        for how in range(20):
            c = self.connect()
            if how % 2:
                c.send_raw(b"half a na")
            if how % 4 == 0:
                c.reset()
            else:
                c.close()
        self.eventually("the sessions' end", lambda: self.d.stats()["sessions"] <= before["sessions"])
        self.assertEqual(self.d.stats()["logins_total"], before["logins_total"])

    def test_two_want_the_same_name_at_once(self):
        for _ in range(20):
            name = self.fresh("twin")
            both = [self.connect(), self.connect()]
            for c in both:
                c.expect(re.escape(NAME_PROMPT))
            for c in both:
                c.send(name)
            got = [c.expect("^Connected to the chat room|in use|taken").group(0) for c in both]
            self.assertEqual(sum(g.startswith("Connected") for g in got), 1, got)

    def test_counted(self):
        before = self.d.stats()
        c = self.client()
        after = self.d.stats()
        self.assertEqual(after["logins_total"] - before["logins_total"], 1)
        self.assertEqual(after["connections_total"] - before["connections_total"], 1)
        self.assertGreaterEqual(after["lines_in_total"] - before["lines_in_total"], 2)
        c.send("/quit")
        c.expect_eof()

    def test_log(self):
        mark = self.d.log_mark()
        c = self.client("logged")
        port = c.sock.getsockname()[1]
        self.d.expect_log(r"New connection from 127\.0\.0\.1 port %d, provisional name client\d+ \(telnet\)$" % port, mark)
        self.d.expect_log(r"Accepted new connection from 127\.0\.0\.1:%d, username: %s, \d+ logged in" % (port, c.name), mark)
        other = self.client("other")
        c.send("the secret text@%s" % other.name)
        other.expect("the secret text")
        self.d.expect_log(r"%s\s+--->\s+%s" % (c.name, other.name), mark)
        c.send("/quit all done")
        c.expect_eof()
        self.d.expect_log(r"Closed connection from: %s\b.*all done" % c.name, mark)
        self.d.stats()
        self.assertNotIn("secret", self.d.tail(400))


class Lists(Case):
    """At most 50 of those who are here are named at login, the others counted."""
    config = {"limits": {"max_sessions": 200}}

    def test_fifty_and_the_rest(self):
        there = [self.client("m") for _ in range(60)]
        c = self.client("last")
        text = c.text.decode()
        named = sum(bool(re.search(r"\b%s\b" % t.name, text)) for t in there)
        self.assertLessEqual(named, 50)
        self.assertGreaterEqual(named, 45)
        # the newcomer may or may not be counted as one of them
        self.assertRegex(text, r"\b(%d|%d)\b" % (60 - named, 61 - named))
        c.send("/who lobby")
        answer = c.sync()
        for t in there:
            self.assertRegex(answer, r"\b%s\b" % t.name)


class NoRoom(Case):
    config = {"rooms": {"default": ""}}

    def test_nobody_is_told(self):
        alice, bob = self.clients("alice", "bob")
        alice.sync()
        self.assertNotIn("entered", alice.text.decode())
        alice.send("hello?")
        alice.expect("(?i)no room|not in")
        alice.send("but hello@%s" % bob.name)
        bob.line('%s sent you "but hello"' % alice.name)
        alice.ask("/join den", "den")
        bob.ask("/join den", "den")
        alice.line("%s has entered the chat." % bob.name)
        bob.send("now")
        alice.line("%s: now" % bob.name)


class Direct(Case):
    """The profile of a listener that wants every line to name its receiver."""
    config = {"listen": [{"protocol": "telnet", "address": "127.0.0.1", "port": 0, "profile": "direct"}]}

    def test_plain_line_is_refused(self):
        alice, bob = self.clients("alice", "bob")
        alice.send("hello all")
        alice.expect(re.escape('Your message should contain "@"'))
        alice.send("hello@%s" % bob.name)
        bob.line('%s sent you "hello"' % alice.name)
        bob.sync()
        self.assertNotIn("hello all", bob.text.decode())
        alice.ask("show@Server", r"loggedIn users: \[.*%s.*\]" % bob.name)
        alice.send("quit@Server")
        self.assertIn("You are now logged out", alice.expect_eof())


class Unix(OwnCase):
    def test_unix_listener(self):
        d = Daemon(start=False)
        self.addCleanup(d.close)
        path = d.run_dir + "/telnet.sock"
        d.write_conf({"listen": [{"protocol": "telnet", "path": path},
                                 {"protocol": "telnet", "address": "127.0.0.1", "port": 0}]})
        d.start()
        rows = d.listeners()
        self.assertEqual([r["path"] for r in rows if r["path"]], [path])
        c = Telnet(path, family=socket.AF_UNIX)
        self.addCleanup(c.close)
        c.login("local")
        tcp = d.client("remote")
        self.addCleanup(tcp.close)
        c.send("over a path")
        tcp.line("local: over a path")
        self.assertEqual(d.json("user", "local")["address"], "unix")


class Inet6(OwnCase):
    def test_dual_stack(self):
        try:
            s = socket.socket(socket.AF_INET6)
            s.bind(("::1", 0))
            s.close()
        except OSError as e:
            self.skipTest("no IPv6 on this machine: %s" % e)
        d = self.daemon({"listen": [{"protocol": "telnet", "address": "::", "port": 0}]})
        d.expect_log("(?i)warning|plain|clear|beyond|reach")
        six = Telnet(("::1", d.port), family=socket.AF_INET6)
        self.addCleanup(six.close)
        six.login("six")
        four = d.client("four")
        self.addCleanup(four.close)
        self.assertEqual(d.json("user", "six")["address"], "::1")
        self.assertEqual(d.json("user", "four")["address"], "127.0.0.1", "mapped addresses are shown as IPv4")
        d.ctl("ban", "add", "127.0.0.0/8", "v4 only")
        four.expect_eof()
        six.sync()


if __name__ == "__main__":
    main()
