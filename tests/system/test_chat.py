#!/usr/bin/env python3
"""`chat`, the terminal client, on a pseudo-terminal, with people on telnet in the same rooms."""

import os
import re
import subprocess
import termios

from chat import ChatCase, Proxy, Scripted
from harness import build, limit, main
from screen import Terminal

LONG = True


class Lines(ChatCase):
    needs = "HAVE_EDITLINE"

    def test_from_the_name_to_goodbye(self):
        tel = self.client("tel")
        t = self.chat("--history", "0", name=False)
        t.expect("Username:")
        t.name = self.fresh("ann")
        t.type(t.name + "\r")
        t.expect("Connected to the chat room as " + t.name)
        t.prompt("%s >" % t.name)
        tel.expect(t.name + r" has entered the chat\.")
        t.expect(r"You are in lobby\.")  # others may know that before
        t.type("good morning\r")
        tel.line("%s: good morning" % t.name)
        tel.send("and to you")
        t.expect(r"^%s: and to you$" % tel.name)
        t.type("quit@Server\r")
        t.expect("You are now logged out")
        self.assertEqual(t.wait(), 0)
        tel.expect(t.name + r" has left the chat\.")

    def test_the_line_being_typed_stays_whole(self):
        tel = self.client("tel")
        t = self.talker(cols=40)
        t.type("half a l")
        t.prompt("%s > half a l" % t.name)
        tel.send("this comes in between")
        t.expect("^%s: this comes in between$" % tel.name)
        t.prompt("%s > half a l" % t.name)
        self.assertEqual(len(re.findall("half a l", t.screen.text())), 1)
        # over several rows, the cursor in the middle, wide characters
        t.type("ine that is longer than 日本語 the forty columns of this terminal" + "\x1b[D" * 20)
        t.until("the line", lambda: "terminal" in t.screen.text().replace("\n", ""))
        tel.send("again")
        t.expect("^%s: again$" % tel.name)
        t.type("X")
        t.type("\r")
        tel.expect(r"half a line that is longer than 日本語 the forty colu\w*X? ?\w*")
        t.prompt("%s >" % t.name)
        self.assertEqual(len(re.findall("half a line", t.screen.text().replace("\n", ""))), 1)

    def test_between_two(self):
        tel, other = self.clients("tel", "other")
        t = self.talker()
        t.type("are you there?@%s\r" % tel.name)
        tel.line('%s sent you "are you there?"' % t.name)
        tel.send("yes@" + t.name)
        t.expect('^%s sent you "yes"' % tel.name)
        mark = other.mark()
        t.type("a secret@%s\r" % self.fresh("gone"))
        t.expect(r"Couldn't send message :\( nobody here is called")
        t.type("5 @ noon\r")
        other.line("%s: 5 @ noon" % t.name)
        self.assertNotIn("secret", other.since(mark))

    def test_words(self):
        tel = self.client("tel")
        t = self.talker()
        for typed, regex in (("!INFO", r"Number of people in the chat room: \d"), ("show@Server", r"loggedIn users: \[.*%s" % tel.name),
                             ("/who", r"In lobby \(\d\): .*%s" % t.name), ("/whois " + tel.name, "%s is " % tel.name),
                             ("/rooms", "End of the list"), ("/join garden", "You are in garden"), ("/leave", "You now talk in lobby"),
                             ("/away gone", "You are away"), ("/away", "You are back"), ("/nosuch", "There is no command /nosuch"),
                             ("!FILE /no/such/file", "File doesn't exist"), ("!FILE /dev", "/dev is no file that can be sent"), ("/ack on", "each message sent: on"),
                             ("hello", r"message has been sent\.\."), ("/format angle", "<alice> hello"), ("/help away", "say that you are away")):
            with self.subTest(typed):
                t.type(typed + "\r")
                t.expect(regex)
        t.type("I meen tea\r")
        tel.line("%s: I meen tea" % t.name)
        t.type("/edit I mean tea\r")
        tel.line("%s edited: I mean tea" % t.name)
        t.expect("^%s edited: I mean tea" % t.name)
        t.type("/delete\r")
        tel.line("%s has taken back a message." % t.name)
        tel.send("look")
        t.expect("^<%s> look" % tel.name)
        t.type("/paste\rone\rtwo\r.\r")
        tel.line("%s: one" % t.name)
        tel.line("  two")
        t.type("!DISCONNECT\r")
        t.expect("Leaving the chat room")
        self.assertEqual(t.wait(), 0)

    def test_completion(self):
        tel = self.client("zebedee")
        t = self.talker()
        tel.sync()
        t.expect("|".join([tel.name, "2 here"]))
        t.type("zeb\t")
        t.prompt("%s > %s:" % (t.name, tel.name))
        t.type("\x15hi@zeb\t")
        t.prompt("%s > hi@%s" % (t.name, tel.name))
        t.type("\x15/wh\t\t")
        t.expect("^/who  +/whois")
        t.prompt("%s > /who" % t.name)

    def test_name_in_use(self):
        tel = self.client("taken")
        t = self.chat("--history", "0", name=tel.name)
        t.expect("Sorry, ")
        t.expect("Username:")
        name = self.fresh("free")
        t.type(name + "\r")
        t.expect("Connected to the chat room as " + name)

    def test_account(self):
        if not build().passwords or not build().store:
            self.skipTest("built without accounts")
        tel = self.client("tel")
        t = self.talker()
        t.type("/register\r")
        t.expect("New password")
        tel.send("in between")
        t.expect("^%s: in between" % tel.name)
        t.until("the question again", lambda: t.screen.lines()[t.screen.y].startswith("New password"))
        t.type("correct horse\r")
        t.expect("The same again")
        t.type("correct horse\r")
        t.expect("You are logged in to the account " + t.name)
        self.assertNotIn("horse", t.screen.text())
        # the same person from another terminal
        u = self.chat("-l", "--history", "0", name=t.name)
        u.expect("Password:")
        u.type("correct horse\r")
        u.expect("Connected to the chat room as " + t.name)
        self.assertNotIn("horse", u.screen.text())
        u.type("said there\r")
        t.expect("^%s: said there" % t.name)
        u.type("and back@%s\r" % t.name)
        v = self.chat("-l", name=t.name)
        v.expect("Password:")
        v.type("wrong one\r")
        self.assertEqual(v.wait(), 4)

    def test_what_is_thought(self):
        bob = self.irc("bob", ("message-tags",))
        t = self.talker()
        bob.ask("JOIN #lobby", "366")
        t.type("shall we?\r")
        said = bob.expect("PRIVMSG", "#lobby", re.compile(r"shall we\?$"))
        bob.send("@+draft/reply=%s;+draft/react=👍 TAGMSG #lobby" % said.tags["msgid"])
        t.expect(r"^%s reacts with 👍 to %s: shall we\?$" % (bob.nick, t.name))

    def test_sent_away(self):
        t = self.talker()
        self.d.ctl("kick", t.name, "calm", "down")
        t.expect(r"chat: Kicked by .*\(calm down\)")
        self.assertEqual(t.wait(), 1)

    def test_signals(self):
        tel = self.client("tel")
        t = self.talker()
        t.type("half a l")
        t.prompt("%s > half a l" % t.name)
        t.resize(24, 60)
        tel.send("narrower")
        t.expect("^%s: narrower" % tel.name)
        t.prompt("%s > half a l" % t.name)
        t.type("\x03")
        self.assertEqual(t.wait(), 0)
        tel.expect(t.name + " has left")

    def test_shell(self):
        """Ctrl-Z and fg, Ctrl-C, Ctrl-D: the terminal is the shell's again, at the beginning of a line."""
        tel = self.client("tel")
        for mode in ("", "-f") if build().configured("HAVE_NCURSES") else ("",):
            with self.subTest(mode):
                t = Terminal(["/bin/sh"], 24, 80, env={**self.home, "PS1": "sh:", "ENV": ""}, cwd=self.dir)
                self.addCleanup(t.close)
                t.prompt("sh:")
                name = self.fresh("job")
                t.type("%s -s %s -n %s --history 0 %s\r" % (self.program, self.server(), name, mode))
                t.expect(r"\d here: ")
                t.type("half a l")
                t.prompt("%s > half a l" % name)
                t.type("\x1a")
                t.expect("Stopped")
                tel.send("while away")
                t.type("fg\r")
                t.expect("%s: while away" % tel.name)
                t.prompt("%s > half a l" % name)
                t.type("ine\r")
                tel.expect("%s: half a line" % name)
                t.type("\x03" if mode else "\x04")
                tel.expect(name + " has left")
                if mode:
                    t.until("the shell", lambda: t.screen.lines()[t.screen.y].startswith("sh:"))
                else:
                    t.prompt("sh:")
                self.assertTrue(termios.tcgetattr(t.fd)[3] & termios.ICANON)

    def test_from_a_pipe(self):
        tel = self.client("tel")
        code, out, err = self.script("-n", self.fresh("pipe"), "--history", "0", input="first\n/who\nsecond\n")
        self.assertEqual((code, err), (0, ""))
        self.assertIn("In lobby", out)
        tel.expect(": first$")
        tel.expect(": second$")

    def test_more_than_the_server_takes(self):
        """What comes faster than it can be sent waits: a paste, a file through a pipe. A line that is too long is not cut."""
        tel = self.client("tel")
        mark = tel.mark()
        wanted = ["line %d." % i for i in range(400)]
        out = self.script("-n", self.fresh("pipe"), "--history", "0", input="".join(l + "\n" for l in wanted) + "y" * 20000 + "\n")[1]
        self.assertIn("That line is too long, it was not taken.", out)
        tel.expect(re.escape(wanted[-1]))
        self.assertEqual(re.findall(r": (line \d+\.)", tel.since(mark)), wanted)
        t = self.talker()
        mark = tel.mark()
        t.type("".join(l + "\r" for l in wanted[:250]))
        tel.expect(re.escape(wanted[249]))
        self.assertEqual(re.findall(r": (line \d+\.)", tel.since(mark)), wanted[:250])
        t.prompt("%s >" % t.name)

    def test_terminals_that_can_do_little(self):
        tel = self.client("tel")
        for term in ("dumb", "", "nosuch"):
            with self.subTest(term):
                t = self.talker(env={"TERM": term})
                t.type("half a l")
                t.prompt("%s > half a l" % t.name)
                said = self.fresh("between")
                tel.send(said)
                t.expect("^%s: %s$" % (tel.name, said))
                t.prompt("%s > half a l" % t.name)
                t.type("\x15/register\r")
                t.type("\r")
                t.expect("Nothing has been done|only sent over TLS|no accounts")
                if term != "nosuch":  # colours are not known to be unwelcome there
                    self.assertNotIn(b"\x1b", t.bytes)
                t.close()

    def test_output_nobody_reads(self):
        out, keys = os.pipe(), os.pipe()
        p = subprocess.Popen([self.program, "-s", self.server(), "-n", self.fresh("cut")], stdin=keys[0], stdout=out[1], env=dict(os.environ, **self.home))
        self.addCleanup(p.kill)
        for fd in (out[1], keys[0]):
            os.close(fd)
        self.assertIn(b"Connected", os.read(out[0], 65536))
        os.close(out[0])
        self.assertEqual(p.wait(limit()), 0)
        os.close(keys[1])

    def test_interrupted_question(self):
        """Ctrl-C at the password: the terminal echoes again."""
        t = self.chat("-l", name=self.fresh("who"))
        t.expect("Password:")
        self.assertFalse(termios.tcgetattr(t.fd)[3] & termios.ECHO)
        t.type("\x03")
        t.until("the echo", lambda: termios.tcgetattr(t.fd)[3] & termios.ECHO)
        self.assertEqual(t.wait(), 2)

    def test_hostile_server(self):
        """Nothing that a terminal would obey gets out, and nothing of it makes chat fall."""
        evil = "\x1b[2J\x1b]0;title\x07\x1bP+q\x1b\\\x9b31m\x05\x0e\u202eabc\r"
        says = [":srv 001 me :hi %s" % evil, ":srv 005 me CHATHISTORY=99999999999 FILEHOST=%s :are" % evil, ":srv 422 me :no",
                ":me!u@h JOIN #lobby", ":srv 353 me = #lobby :@me bob%s %s" % (evil, "x" * 400), ":srv 366 me #lobby :End",
                ":bob!u@h PRIVMSG #lobby :before %s after" % evil, ":b%sb!u@h PRIVMSG #lobby :name" % evil,
                ":bob!u@h PRIVMSG me :\x01ACTION %s" % evil, ":srv BATCH +%s chathistory #lobby" % ("r" * 300),
                "@batch=nope;time=9999-99-99T99:99:99Z;msgid=%s :bob!u@h PRIVMSG #lobby :tags" % ("z" * 500),
                ":srv 322 me #r 1 :topic %s" % evil, "PRIVMSG", ":", "@", "@a=b", ":x", ":srv 433 * me :%s" % evil,
                "A" * 20000, ":bob!u@h PRIVMSG #lobby :the end"]
        s = Scripted("\r\n".join(l.replace("\r", "\x0b") for l in says).encode("utf-8", "surrogateescape") + b"\r\n" +
                     b"\xff\xfe:bob!u@h PRIVMSG #lobby :\x9b31m\r\n:bob!u@h PRIVMSG #lobby :really\r\n")
        self.addCleanup(s.close)
        t = self.chat("--history", "0", port=s.port, name="me")
        t.expect("really")
        out = t.bytes.decode()
        for bad in ("\x1b[2J", "\x1b]", "\x1bP", "\x9b", "\x05", "\x0e", "title\x07"):
            self.assertNotIn(bad, out)
        self.assertRegex(t.screen.text(), "bob: before .*abc.* after")
        t.type("/quit\r")
        self.assertEqual(t.wait(), 0)


    def test_endless_server(self):
        """Rooms, names, batches and lines without end: it goes on, and memory does not."""
        hello = b":srv 001 me :hi\r\n:srv 005 me CHATHISTORY=100 :are\r\n:srv 422 me :no\r\n:me!u@h JOIN #lobby\r\n"
        floods = {
            "a line": b"A" * (16 << 20), "tags of 64 KiB": (b"@" + b"a=b;" * 16384 + b" :bob!u@h PRIVMSG #lobby :x\r\n") * 50,
            "10^6 names": b"".join(b":srv 353 me = #lobby :%s\r\n" % b" ".join(b"n%07d" % (i * 40 + k) for k in range(40)) for i in range(25000)),
            "batches": b"".join(b":srv BATCH +b%d draft/multiline #lobby\r\n%s" % (i, b"@batch=b%d :bob!u@h PRIVMSG #lobby :%s\r\n" % (i, b"y" * 400) * 50)
                                for i in range(8)),
            "marks": ("".join(":bob!u@h PRIVMSG #lobby :a%s\r\n" % (c * 2000) for c in ("\u0301", "\u200d", "\u202e", "日", "👨\u200d👩")) * 4).encode()}
        for what, flood in floods.items():
            for mode in ("--history=0",), ("--history=0", "-f"):
                if mode[-1] == "-f" and not build().configured("HAVE_NCURSES"):
                    continue
                with self.subTest((what, mode)):
                    s = Scripted(hello + flood + b"\r\n:bob!u@h PRIVMSG #lobby :the end\r\n")
                    self.addCleanup(s.close)
                    t = self.chat(*mode, port=s.port, name="me")
                    t.expect("bob: the end")
                    with open("/proc/%d/status" % t.pid, encoding="ascii") as f:
                        peak = int(re.search(r"VmHWM:\s+(\d+)", f.read()).group(1))
                    if not build().sanitized:
                        self.assertLess(peak, 40000)
                    t.close()


class Again(ChatCase):
    needs = "HAVE_EDITLINE"
    own = True
    store = True

    def test_reconnect(self):
        """The worker and the broker are killed, and what was said meanwhile is shown: once, and in its order."""
        self.daemon()
        tels = [self.client("tel") for _ in range(4)]
        t = self.talker()
        mine = self.d.worker_of(t.name)
        tel = next((c for c in tels if self.d.worker_of(c.name) != mine), None)
        if tel is None:
            self.skipTest("everybody is at one worker")
        tel.send("one")
        t.expect("%s: one" % tel.name)
        t.type("half a l")
        t.prompt("%s > half a l" % t.name)
        self.d.kill_role("worker", mine)
        self.d.kill_role("broker")
        tel.expect(t.name + " has left")
        tel.send("two", "three")
        tel.sync()
        t.expect("connecting again")
        t.expect("Connected again as " + t.name)
        tel.expect(t.name + " has entered")
        tel.send("four")
        t.expect("%s: four" % tel.name)
        said = re.findall(r"%s: (\w+)$" % tel.name, t.screen.text(), re.M)
        self.assertEqual(said, ["one", "two", "three", "four"])
        t.prompt("%s > half a l" % t.name)
        t.type("ine\r")
        tel.line("%s: half a line" % t.name)

    def test_all_of_it_is_restarted(self):
        """chatd ends and is started again: what was said before and since stands there once, what was typed meanwhile is sent once."""
        d = self.daemon()
        proxy = Proxy(self.irc_address())
        self.addCleanup(proxy.close)
        t = self.talker(port=proxy.port)
        full = self.chat("-f", "--history", "0", port=proxy.port) if build().configured("HAVE_NCURSES") else None
        if full:
            full.expect(r"Users \(2\)")
        tel = self.client("tel")
        tel.send("one", "two")
        tel.sync()
        t.expect("%s: two" % tel.name)
        if full:
            full.expect("%s: two" % tel.name)
        proxy.address = ("127.0.0.1", 1)
        d.stop()
        t.expect("connecting again")
        t.type("typed meanwhile\r")
        t.expect("not connected: it will be sent")
        d.start()
        tel = self.client("tel")
        tel.send("three")
        tel.sync()
        proxy.address = self.irc_address()
        t.expect("Connected again", seconds=limit(40))
        tel.line("%s: typed meanwhile" % t.name)
        tel.send("four")
        t.expect(": four")
        self.assertEqual(re.findall(r"^tel\d+: (\w+)$", t.screen.text(), re.M), ["one", "two", "three", "four"])
        if full:
            full.expect(r"tel\d+: four", seconds=limit(40))
            self.assertEqual(re.findall(r"tel\d+: (\w+)", full.screen.text()), ["one", "two", "three", "four"])
        self.assertEqual(len(re.findall(": typed meanwhile", tel.text.decode())), 1)

    def test_read_marks(self):
        """What was shown to somebody with an account has been read: other clients are told when this one goes."""
        if not build().passwords:
            self.skipTest("built without accounts")
        self.daemon()
        tel = self.client("tel")
        proxy = Proxy(self.irc_address())
        self.addCleanup(proxy.close)
        t = self.talker(port=proxy.port)
        t.type("/register\rcorrect horse\rcorrect horse\r")
        t.expect("You are logged in to the account " + t.name)
        tel.send("look here")
        t.expect("look here")
        t.type("/quit\r")
        self.assertEqual(t.wait(), 0)
        self.eventually("the mark", lambda: any(l.startswith("MARKREAD #lobby timestamp=") for l in proxy.lines))

    def test_sent_and_not_answered(self):
        """The server has taken the line, but its answer is lost with the connection: it is not sent again."""
        self.daemon()
        tel = self.client("tel")
        proxy = Proxy(self.irc_address())
        self.addCleanup(proxy.close)
        t = self.talker(port=proxy.port)
        t.type("first\r")
        tel.line("%s: first" % t.name)
        proxy.mute = True
        t.type("second, turned \u202e round\r")  # the server ends that in its line
        tel.expect("%s: second, turned \u202e round\u202c" % t.name)
        proxy.cut()
        proxy.mute = False
        t.expect("Connected again as " + t.name)
        t.type("third\r")
        tel.line("%s: third" % t.name)
        self.assertEqual(len(re.findall("%s: second" % t.name, tel.text.decode())), 1)
        self.assertNotIn("not known", t.screen.text())

    def test_between_two_while_away(self):
        """Both have accounts: what one of them said meanwhile comes once, in its order."""
        if not build().passwords:
            self.skipTest("built without accounts")
        self.daemon()
        tel = self.client("tel")
        tel.ask("/register - correct-horse", "is yours now")
        proxy = Proxy(self.irc_address())
        self.addCleanup(proxy.close)
        t = self.talker(port=proxy.port)
        t.type("/register\rcorrect horse\rcorrect horse\r")
        t.expect("You are logged in to the account " + t.name)
        tel.send("one@" + t.name)
        t.expect('"one"')
        t.type("two@%s\r" % tel.name)
        tel.expect('"two"')
        proxy.address = ("127.0.0.1", 1)
        proxy.cut()
        t.expect("connecting again")
        tel.expect(t.name + " has left")
        tel.send("three@" + t.name, "four@" + t.name)
        tel.sync()
        proxy.address = self.irc_address()
        t.expect("Connected again", seconds=limit(20))
        t.expect('"four"')
        tel.send("five@" + t.name)
        t.expect('"five"')
        self.assertEqual(re.findall(r'^%s sent you "(\w+)"' % tel.name, t.screen.text(), re.M), ["one", "three", "four", "five"])

    def beside(self):
        """(somebody with an account, the same account by telnet, its chat, that one's connection)"""
        if not build().passwords:
            self.skipTest("built without accounts")
        self.daemon()
        tel, other = self.clients("tel", "other")
        tel.ask("/register - correct-horse", "is yours now")
        other.ask("/register - correct-horse", "is yours now")
        proxy = Proxy(self.irc_address())
        self.addCleanup(proxy.close)
        path = os.path.join(self.dir, "chat.conf")
        with open(path, "w", encoding="utf-8") as f:
            f.write('server = "%s"; name = "%s"; password = "correct-horse"; history = 0;\n' % (self.server(proxy.port), other.name))
        os.chmod(path, 0o600)
        t = Terminal([self.program, "--config", path], env=self.home, cwd=self.dir)
        self.addCleanup(t.close)
        t.expect(r"You are in lobby\.")
        return tel, other, t, proxy

    def test_between_two_while_another_client_is_there(self):
        """What another client of the account's got meanwhile comes here, too."""
        tel, other, t, proxy = self.beside()
        tel.send("one@" + other.name)
        t.expect('"one"')
        proxy.address = ("127.0.0.1", 1)
        proxy.cut()
        t.expect("connecting again")
        tel.send("two@" + other.name, "three@" + other.name)
        other.expect('"three"')
        proxy.address = self.irc_address()
        t.expect("Connected again", seconds=limit(20))
        t.expect('"three"')
        tel.send("four@" + other.name)
        t.expect('"four"')
        self.assertEqual(re.findall(r'^%s sent you "(\w+)"' % tel.name, t.screen.text(), re.M), ["one", "two", "three", "four"])

    def test_first_words_in_a_room_of_another_client(self):
        """Nothing has been said there up to the loss; what was said meanwhile comes all the same."""
        tel, other, t, proxy = self.beside()
        proxy.address = ("127.0.0.1", 1)
        proxy.cut()
        t.expect("connecting again")
        tel.send("one", "two")
        other.expect(": two")
        proxy.address = self.irc_address()
        t.expect("Connected again", seconds=limit(20))
        t.expect(": two")
        tel.send("three")
        t.expect(": three")
        self.assertEqual(re.findall(r"^%s: (\w+)" % tel.name, t.screen.text(), re.M), ["one", "two", "three"])

    def test_server_starts_later(self):
        """Away for longer: what is typed meanwhile is sent when the server is back."""
        self.daemon()
        tel = self.client("tel")
        proxy = Proxy(self.irc_address())
        self.addCleanup(proxy.close)
        t = self.talker(port=proxy.port)
        proxy.address = ("127.0.0.1", 1)
        proxy.cut()
        t.expect("connecting again")
        t.type("meanwhile\r")
        t.expect(r"\(not connected: it will be sent")
        proxy.address = self.irc_address()
        tel.line("%s: meanwhile" % t.name, seconds=limit(20))


class NotNow(ChatCase):
    """Limits: what the server does not do now, though it would later."""

    needs = "HAVE_EDITLINE"
    config = {"listen": ChatCase.config["listen"], "limits": {"targets": 1, "joins": 1}}

    def test_too_much_at_once(self):
        """It is said, and nothing is waited for."""
        first, second = self.clients("tel", "tel")
        code, out, err = self.script("-n", self.fresh("pipe"), input="""/ack on
one@%s
two@%s
/join %s
three
""" % (first.name, second.name, self.fresh("room")))
        self.assertEqual((code, err), (0, ""))
        self.assertEqual(len(re.findall(r"message has been sent", out)), 2)
        self.assertIn("Couldn't send message :( you have written to many people just now", out)
        self.assertRegex(out, r"Sorry, room\d+: you have joined many rooms just now")
        first.expect('"one"')
        second.expect(": three")
        self.assertNotIn("two", second.text.decode())


class Full(ChatCase):
    needs = "HAVE_NCURSES"

    def screen(self, t):
        return [line.replace("x", "│") for line in t.screen.lines()]

    def test_rooms_users_log_input(self):
        tel = self.client("tel")
        t = self.chat("-f", "--history", "0", rows=20, cols=100)
        t.expect(r"Users \(2\)")
        t.expect("#lobby")
        t.type("hello from the full screen\r")
        tel.line("%s: hello from the full screen" % t.name)
        t.expect("%s: hello from the full screen" % t.name)
        tel.send("and back")
        t.expect("%s: and back" % tel.name)
        t.type("half")
        tel.send("secretly@" + t.name)
        t.expect(r"@%s \(1\)" % tel.name)
        t.prompt("%s > half" % t.name)
        t.type("\x15/join den\r")
        t.expect("You are in den")
        t.type("\x10")
        t.expect("secretly")
        t.type("\x1b1")
        t.expect("and back")
        t.expect(self.client("third").name)
        t.resize(12, 60)
        t.prompt("%s >" % t.name)
        t.type("/quit\r")
        self.assertEqual(t.wait(), 0)

    def test_each_key_is_seen(self):
        t = self.chat("-f", "--history", "0", rows=12, cols=80)
        t.expect(r"Users \(1\)")
        typed = ""
        for key in "odd, even":
            typed += key
            t.type(key)
            t.prompt("%s > %s" % (t.name, typed.rstrip()))
        t.type("\x15/quit\r")
        self.assertEqual(t.wait(), 0)

    def test_scrolling(self):
        tel = self.client("tel")
        t = self.chat("-f", "--history", "0", rows=12, cols=80)
        t.expect(r"Users \(2\)")
        for i in range(30):
            tel.send("line %d." % i)
        t.expect(r"line 29\.")
        t.type("\x1b[5~")
        t.expect("scrolled up")
        t.until("the lines before", lambda: "line 29." not in "\n".join(t.screen.lines()))
        t.type("\x1b[6~")
        t.until("the end", lambda: "line 29." in "\n".join(t.screen.lines()))

    def test_needs_a_terminal(self):
        self.assertEqual(self.script("-n", "x", "-f")[0], 2)


if __name__ == "__main__":
    main()
