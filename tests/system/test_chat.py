#!/usr/bin/env python3
"""`chat`, the terminal client, on a pseudo-terminal and in scripts, with people on telnet in the same rooms."""

import contextlib
import gzip
import http.server
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import termios
import threading
import time
import traceback
import unittest

from harness import TOP, build, limit, main
from irc import PASSWORD, IrcCase
from screen import Terminal

LONG = True


class Thread(threading.Thread):
    def __init__(self, target, *args):
        super().__init__(target=target, args=args, daemon=True)
        self.start()


class Proxy:
    """Between chat and the daemon: takes TLS off, answers lines of its own, can be cut."""

    def __init__(self, address, context=None, intercept=None):
        self.address, self.context, self.intercept = address, context, intercept
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.lines = []
        self.mute = False  # what the server says is lost
        self.pairs = []
        Thread(self.accept)

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
                if self.context:
                    client = self.context.wrap_socket(client, server_side=True)
                server = socket.create_connection(self.address)
            except (OSError, ssl.SSLError):
                if self.listener.fileno() < 0:
                    return
                continue
            self.pairs.append((client, server))
            Thread(self.up, client, server)
            Thread(self.down, server, client)

    def up(self, client, server):
        rest = b""
        with contextlib.suppress(OSError, ValueError):
            while data := client.recv(65536):
                *lines, rest = (rest + data).split(b"\n")
                for line in lines:
                    text = line.decode().rstrip("\r")
                    self.lines.append(text)
                    answer = self.intercept(text) if self.intercept else None
                    if answer:
                        client.sendall(answer.encode() + b"\r\n")
                    else:
                        server.sendall(line + b"\n")
            server.shutdown(socket.SHUT_RDWR)

    def down(self, server, client):
        with contextlib.suppress(OSError, ValueError):
            while data := server.recv(65536):
                if not self.mute:
                    client.sendall(data)
            client.shutdown(socket.SHUT_RDWR)

    def cut(self):
        pairs, self.pairs = self.pairs, []
        for pair in pairs:
            for s in pair:
                with contextlib.suppress(OSError):
                    s.shutdown(socket.SHUT_RDWR)

    def close(self):
        self.listener.close()
        self.cut()


class Scripted:
    """A server that says what it was told to, whatever it is asked."""

    def __init__(self, says):
        self.says = says
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.kept = []
        Thread(self.accept)

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                self.kept.append(client)
                client.sendall(self.says)

    def close(self):
        self.listener.close()
        for client in self.kept:
            client.close()


class Files(http.server.BaseHTTPRequestHandler):
    """GET from `contents`, POST into `posted`."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        content = self.server.contents.get(self.path)
        if content is None:
            self.answer(404)
        elif callable(content):
            with self.server.noted(self.path):
                content(self)
            self.close_connection = True
        elif isinstance(content, int):  # so many bytes, and nobody is told how many
            self.send_response(200)
            self.send_header("Connection", "close")
            self.end_headers()
            with contextlib.suppress(OSError):
                for _ in range(content // 65536):
                    self.wfile.write(b"x" * 65536)
            self.close_connection = True
        elif isinstance(content, str):
            self.answer(302, Location=content)
        else:
            self.answer(200, content)

    def do_POST(self):
        left, body = int(self.headers["Content-Length"]), b""
        while left > 0:
            self.server.pause.wait(self.server.slow)  # never set
            piece = self.rfile.read(min(left, 1 << 18))
            left, body = left - len(piece), body + piece
        self.server.posted.append((self.path, self.headers["Content-Type"], body))
        self.answer(self.server.status)


class FileServer(http.server.ThreadingHTTPServer):
    """Keeps what went wrong here, for whoever wonders why a client was told less than was meant for it."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Files)
        self.contents, self.posted, self.status = {}, [], 201
        self.pause, self.slow = threading.Event(), 0.0
        self.port = self.server_address[1]
        self.errors = []

    @contextlib.contextmanager
    def noted(self, what):
        try:
            yield
        except OSError as e:
            self.errors.append("%s: %r" % (what, e))

    def get_request(self):
        try:
            return super().get_request()
        except OSError as e:
            self.errors.append("accept: %r" % e)
            raise

    def handle_error(self, request, client_address):
        self.errors.append(traceback.format_exc())


def file_server(context=None):
    s = FileServer()
    if context:
        s.socket = context.wrap_socket(s.socket, server_side=True)
    Thread(s.serve_forever)
    return s


class ChatCase(IrcCase):
    needs = None  # a macro of config.h

    @classmethod
    def setUpClass(cls):
        if cls.needs and not build().configured(cls.needs):
            raise unittest.SkipTest("built without " + cls.needs)
        super().setUpClass()

    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="chat-t-")
        self.addCleanup(shutil.rmtree, self.dir, True)
        self.home = {"HOME": self.dir, "XDG_CONFIG_HOME": self.dir, "TZ": "UTC"}

    @property
    def program(self):
        return build().program("tools/chat/chat")

    def server(self, port=None):
        return "127.0.0.1:%d" % (port or self.irc_address()[1])

    def chat(self, *args, port=None, name=None, rows=24, cols=80, env=None):
        """On a terminal, logged in and in the room, unless name is False."""
        argv = [self.program, "-s", self.server(port)]
        if name is not False:
            name = name or self.fresh("term")
            argv += ["-n", name]
        t = Terminal(argv + list(args), rows, cols, env={**self.home, **(env or {})}, cwd=self.dir)
        t.name = name
        self.addCleanup(t.close)
        return t

    def talker(self, *args, **more):
        t = self.chat(*args, "--history", "0", **more)
        t.expect(r"You are in lobby\.")
        t.prompt("%s >" % t.name)
        return t

    def script(self, *args, port=None, input="", env=None, seconds=30):
        r = subprocess.run([self.program, "-s", self.server(port)] + list(args), input=input, text=True, cwd=self.dir,
                           env={**os.environ, **self.home, **(env or {})}, stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, timeout=limit(seconds))
        return r.returncode, r.stdout, r.stderr

    def certificate(self, names="DNS:localhost,IP:127.0.0.1"):
        """(context for a server, path of the certificate, SHA-256 of its key)"""
        if shutil.which("openssl") is None:
            self.skipTest("there is no openssl")
        base = os.path.join(self.dir, self.fresh("cert"))
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-keyout", base + ".key", "-out", base + ".pem", "-days", "2", "-subj", "/CN=test",
                        "-addext", "subjectAltName=" + names], check=True, stderr=subprocess.DEVNULL)
        der = subprocess.run("openssl x509 -in %s.pem -pubkey -noout | openssl pkey -pubin -outform der" % base, shell=True,
                             check=True, stdout=subprocess.PIPE).stdout
        pin = subprocess.run(["openssl", "dgst", "-sha256", "-r"], input=der, check=True,
                             stdout=subprocess.PIPE).stdout.split()[0].decode()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(base + ".pem", base + ".key")
        return context, base + ".pem", pin


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


class Scripts(ChatCase):
    def test_send(self):
        tel = self.client("tel")
        self.assertEqual(self.script("send", "lobby", "from", "a script")[0], 0)
        tel.expect(": from a script$")
        self.assertEqual(self.script("send", "#lobby", input="several\nlines\n")[0], 0)
        tel.expect(": several$")
        tel.line("  lines")
        self.assertEqual(self.script("send", "@" + tel.name, "to you")[0], 0)
        tel.expect('sent you "to you"')

    def test_send_long_lines(self):
        """A line that goes to the server in pieces counts as several: it takes 64 in a message."""
        tel = self.client("tel")
        mark = tel.mark()
        lines = ["%02d" % i + " x" * 194 for i in range(70)] + ["z" * 40000]
        self.assertEqual(self.script("send", "lobby", input="\n".join(lines)), (0, "", ""))
        tel.sync()
        said = re.sub(r"\r?\n?(\w+: |  )", "", tel.since(mark))
        self.assertEqual(re.findall(r"[0-9]{2}(?: x){194}", said), lines[:-1])
        self.assertEqual(said.count("z"), 40000)

    def test_exit_codes(self):
        silent = Scripted(b"")
        self.addCleanup(silent.close)
        room = self.client("op", exact=False)
        room.send("/join closed", "/room key sesame")
        room.expect("has set a key")
        for code, args, more in ((2, ["send"], {}), (2, ["send", "a,b", "x"], {}), (2, ["--nosuch"], {}), (2, ["-s", "a:b:c:", "x"], {}),
                                 (3, ["send", "lobby", "x"], {"port": 1}), (5, ["send", "@" + self.fresh("no"), "x"], {}),
                                 (5, ["send", "closed", "x"], {}), (1, ["-n", room.name, "send", "lobby", "x"], {}),
                                 (6, ["--timeout", "1", "send", "lobby", "x"], {"port": silent.port}),
                                 (1, ["send", "lobby"], {"input": ""}), (5, ["send", "lobby", "-f", "/no/such"], {}),
                                 (0, ["-V"], {}), (0, ["--help"], {})):
            with self.subTest(args):
                self.assertEqual(self.script(*args, **more)[0], code)

    def test_tail(self):
        tel = self.client("tel")
        p = subprocess.Popen([self.program, "-s", self.server(), "--history", "0", "tail", "lobby", "--json", "--lines", "2"],
                             stdout=subprocess.PIPE, text=True, env=dict(os.environ, **self.home))
        self.addCleanup(p.stdout.close)
        self.addCleanup(p.kill)
        tel.expect(" has entered the chat")
        tel.send('say "it" \\ ünd', "/me waves")
        first, second = json.loads(p.stdout.readline()), json.loads(p.stdout.readline())
        self.assertEqual((first["room"], first["from"], first["text"], first["kind"]), ("lobby", tel.name, 'say "it" \\ ünd', "message"))
        self.assertEqual((second["text"], second["kind"]), ("waves", "action"))
        self.assertRegex(first["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        self.assertEqual(p.wait(limit()), 0)

    def test_nothing(self):
        """Nothing has been sent, and it is not said that something has."""
        for args, said in (((), ""), ((), "\n\n"), (("",), ""), (("\n",), "")):
            self.assertEqual(self.script("send", "lobby", *args, input=said), (1, "", "chat: there is nothing to send\n"), args)
        for text in (b"\x80", b"\xff" * 20000, b"\x80" * 20000):
            r = subprocess.run([self.program, "-s", self.server(), "send", "lobby", text], env={**os.environ, **self.home},
                               stderr=subprocess.PIPE, timeout=limit(), check=False)
            self.assertEqual((r.returncode, r.stderr), (1, b"chat: that is not UTF-8 text\n"))

    def test_no_such_room(self):
        """A typing error makes no room; who wants a new one says so."""
        tel = self.client("tel")
        room = self.fresh("none")
        for args in (["send", room, "x"], ["tail", room, "--lines", "1"]):
            code, _, err = self.script(*args)
            self.assertEqual((code, err), (5, "chat: there is no room %s; --create makes it\n" % room))
        tel.ask("/who " + room, "there is no|no such|nobody")
        self.assertEqual(self.script("send", room, "--create", "x"), (0, "", ""))
        self.assertEqual(self.script("tail", room, "--create", "--lines", "0"), (0, "", ""))
        tel.ask("/join " + room, "You have made the room")
        self.assertEqual(self.script("send", room, "is there"), (0, "", ""))
        tel.expect(": is there$")
        tel.ask("/room private on", "private")
        self.assertEqual(self.script("send", room, "is hidden"), (0, "", ""))
        tel.expect(": is hidden$")
        tel.ask("/leave lobby", "left lobby|You have left")
        self.assertEqual(self.script("send", "lobby", "nobody is there, but it is"), (0, "", ""))

    def test_help(self):
        """All options, but the one that is only for tests."""
        with open(os.path.join(TOP, "src", "tools", "chat", "chatconf.c"), encoding="utf-8") as f:
            names = set(re.findall(r'^    \{"([a-z-]+)",', f.read(), re.M)) - {"fetch-test"}
        self.assertGreater(len(names), 12)
        out = self.script("--help")[1]
        self.assertEqual(set(re.findall(r"--([a-z-]+)", out)) - {"help"}, names - {"help"})
        self.assertNotIn("fetch-test", out)
        code, out, err = self.script("send")
        self.assertEqual((code, out), (2, ""))
        self.assertIn("chat --help", err)
        self.assertEqual(self.script("tail", "lobby", "--history", "501"), (2, "", "chat: 501: a number is wanted, at most 500\n"))

    def test_closed_descriptors(self):
        """What was closed is not the connection's: nothing that is for people is said to the server, nothing of it is typed."""
        for closed in ("<&- >&- 2>&-", "</dev/null >&-", "<&-"):
            with self.subTest(closed):
                p = Proxy(self.irc_address())
                self.addCleanup(p.close)
                r = subprocess.run("exec %s -s %s -n %s --history 0 %s" % (self.program, self.server(p.port), self.fresh("shut"), closed),
                                   shell=True, env=dict(os.environ, **self.home), stdout=subprocess.PIPE, timeout=limit(30))
                self.assertEqual(r.returncode, 0)
                self.eventually("the end", lambda: "QUIT :" in p.lines)
                self.assertEqual([line for line in p.lines if "PRIVMSG" in line or "onnected" in line], [])

    def test_tail_ends_with_its_reader(self):
        r = subprocess.run("%s -s %s --history 0 tail lobby | true" % (self.program, self.server()), shell=True,
                           env=dict(os.environ, **self.home), timeout=limit(20))
        self.assertEqual(r.returncode, 0)

    def test_config(self):
        os.makedirs(os.path.join(self.dir, "chat"))
        path = os.path.join(self.dir, "chat", "chat.conf")
        name = self.fresh("conf")
        with open(path, "w", encoding="utf-8") as f:
            f.write('server = "%s"; name = "%s"; rooms = [ "garden" ]; history = 0;\n' % (self.server(), name))
        r = subprocess.run([self.program], input="/quit\n", text=True, env=dict(os.environ, **self.home),
                           stdout=subprocess.PIPE, timeout=limit(20))
        self.assertIn("Connected to the chat room as " + name, r.stdout)
        self.assertIn("garden", r.stdout)
        code, out, _ = self.script("-n", self.fresh("x"), input="/quit\n", env={"HOME": "", "XDG_CONFIG_HOME": ""})
        self.assertEqual((code, "garden" in out), (0, False))
        for bad, words in (('name = "a b";', "chat.conf:2: name: "), ('rooms = [ "a,b" ];', "chat.conf:2: rooms: "), ("history = 501;", "at most 500")):
            with open(path, "w", encoding="utf-8") as f:
                f.write("color = false;\n%s\n" % bad)
            code, _, err = self.script("send", "lobby", "x")
            self.assertEqual((code, words in err), (2, True), err)
        os.unlink(path)
        os.mkdir(path)
        self.assertEqual(self.script("send", "lobby", "x")[0], 2)
        os.rmdir(path)
        with open(path, "w", encoding="utf-8") as f:
            f.write("color = false;\nnosuch = 1;\n")
        code, _, err = self.script("send", "lobby", "x")
        self.assertEqual(code, 2)
        self.assertIn("chat.conf:2: there is no option nosuch", err)

    def test_cannot_be_reached(self):
        """Each failure has words of its own."""
        closed = socket.create_server(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        closed.close()
        for server, words in (("127.0.0.1:%d" % port, "not accepting connections: nobody listens at 127.0.0.1 port %d\n" % port),
                              # nobody is asked for such a name
                              ("no..such:6667", "chat: cannot resolve no..such: ")):
            with self.subTest(server):
                code, _, err = self.script("-s", server, "--plain", "send", "lobby", "x")
                self.assertEqual(code, 3)
                self.assertIn(words, err)

    def test_whose_password(self):
        """A refused one: which account's it is and where it comes from, but not what it is."""
        refuses = Scripted(b":srv CAP * LS :sasl=PLAIN\r\n:srv CAP me ACK :sasl\r\nAUTHENTICATE +\r\n:srv 904 me :SASL authentication failed\r\n")
        self.addCleanup(refuses.close)
        path = os.path.join(self.dir, "my.conf")
        with open(path, "w", encoding="utf-8") as f:
            f.write('server = "%s"; name = "alice"; password = "secret";\n' % self.server(refuses.port))
        os.chmod(path, 0o600)
        code, _, err = self.script("--config", path, "send", "lobby", "x", port=refuses.port)
        self.assertEqual((code, err), (4, "chat: cannot log in to the account alice with the password from %s: SASL authentication failed\n" % path))
        t = self.chat("-l", name="bob", port=refuses.port)
        t.expect("Password:")
        t.type("secret\r")
        t.expect("cannot log in to the account bob with the password that was typed: ")
        self.assertEqual(t.wait(), 4)
        self.assertNotIn("secret", t.screen.text())

    def test_password_is_for_its_server(self):
        """What chat.conf has for one server and name is not said to another, or to one that just asks for it."""
        os.makedirs(os.path.join(self.dir, "chat"))
        path = os.path.join(self.dir, "chat", "chat.conf")
        asks = Scripted(b":srv CAP * LS :sasl=PLAIN\r\n:srv CAP me ACK :sasl\r\nAUTHENTICATE +\r\nAUTHENTICATE +\r\n")
        self.addCleanup(asks.close)
        for host, name, given, logs_in in (("127.0.0.1", "alice", (), True), ("localhost", "alice", (), False),
                                           ("127.0.0.1", "alice", ("-n", "bob"), False), ("127.0.0.1", "alice", ("-n", "Alice"), True)):
            with self.subTest((host, name, given)):
                with open(path, "w", encoding="utf-8") as f:
                    f.write('server = "%s:%d"; name = "%s"; password = "secret";\n' % (host, asks.port, name))
                os.chmod(path, 0o600)
                before = len(asks.kept)
                self.assertEqual(self.script("--timeout", "1", *given, "send", "lobby", "x", port=asks.port)[0], 6)
                said = b""
                while data := asks.kept[before].recv(65536):
                    said += data
                self.assertEqual(said.count(b"AUTHENTICATE "), 2 if logs_in else 0, said)
                self.assertEqual(b"c2VjcmV0" in said or b"AHNlY3JldA" in said or b"zZWNyZX" in said, logs_in, said)
        os.chmod(path, 0o644)
        self.assertEqual(self.script("send", "lobby", "x")[0], 2)


class Throttled(ChatCase):
    """More than a server reads at once, and servers that stop."""

    config = {"listen": ChatCase.config["listen"], "limits": {"line_rate": 50, "line_burst": 5}}

    def sender(self, *args, **more):
        return subprocess.Popen([self.program, "-s", self.server(), *args], text=True, cwd=self.dir, env=dict(os.environ, **self.home),
                                stdin=subprocess.PIPE, stderr=subprocess.PIPE, **more)

    def numbers(self, n):
        return "".join("%d\n" % i for i in range(n))

    def said(self, tel, mark):
        return [int(n) for n in re.findall(r"^(?:\S+: |  )(\d+)\r?$", tel.since(mark), re.M)]

    def test_send_much(self):
        """All of it, in its order, however long it takes; and the name is free afterwards."""
        tel = self.client("tel")
        mark = tel.mark()
        name = self.fresh("bot")
        self.assertEqual(self.script("-n", name, "--timeout", "1", "send", "lobby", input=self.numbers(200)), (0, "", ""))
        self.assertEqual(self.script("-n", name, "send", "lobby", "that is all"), (0, "", ""))
        tel.line(name + ": that is all")
        self.assertEqual(self.said(tel, mark), list(range(200)))
        self.assertEqual(self.script("send", "lobby", input="first\n" + 130 * "\n" + "last\n"), (0, "", ""))
        tel.expect("last")

    def test_send_is_interrupted(self):
        """What has not been sent by then is not sent."""
        tel = self.client("tel")
        mark = tel.mark()
        p = self.sender("-n", self.fresh("bot"), "send", "lobby")
        self.addCleanup(p.kill)
        p.stdin.write(self.numbers(600))
        p.stdin.close()
        tel.expect("^  70")
        p.send_signal(signal.SIGINT)
        self.assertRegex(p.stderr.read(), r"interrupted \((60|120|180) of 600 lines have been taken\)")
        p.stderr.close()
        self.assertEqual(p.wait(limit()), 1)
        tel.expect("has left the chat")
        said = self.said(tel, mark)
        self.assertEqual(said, list(range(len(said))))
        self.assertLessEqual(len(said), 240)

    def test_server_stops(self):
        """No answer to the second message."""
        said = []

        def intercept(line):
            said.append(line)
            p.mute = len([l for l in said if "PRIVMSG" in l]) > 60
        p = Proxy(self.irc_address(), intercept=intercept)
        self.addCleanup(p.close)
        code, _, err = self.script("--timeout", "1", "send", "lobby", input=self.numbers(61), port=p.port)
        self.assertEqual((code, err), (6, "chat: no answer in time (60 of 61 lines have been taken)\n"))

    def test_server_that_confirms_nothing(self):
        """Without labeled-response all of it is sent, and only then it is left."""
        s = Scripted(b":srv 001 me :hi\r\n:srv 422 me :no\r\n:me!u@h JOIN #lobby\r\n:srv 353 me = #lobby :me bob\r\n:srv 366 me #lobby :End\r\n")
        self.addCleanup(s.close)
        self.assertEqual(self.script("-n", "me", "send", "lobby", input=self.numbers(150), port=s.port), (0, "", ""))
        data = b""
        while more := s.kept[0].recv(65536):
            data += more
        lines = data.decode().split("\r\n")
        self.assertEqual([l for l in lines if "PRIVMSG" in l], ["PRIVMSG #lobby :%d" % i for i in range(150)])
        self.assertEqual(lines[-2:], ["QUIT :", ""])


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


class Tail(ChatCase):
    store = True

    def test_own_private_room(self):
        """One that nobody is in is there all the same, though nobody but whoever it belongs to can know."""
        if not build().passwords:
            self.skipTest("built without accounts")
        room, owner = self.fresh("own"), self.fresh("owner")
        conf = os.path.join(self.dir, owner + ".conf")
        with open(conf, "w", encoding="ascii") as f:
            f.write('name = "%s"; password = "%s"; server = "%s";\n' % (owner, PASSWORD, self.server()))
        os.chmod(conf, 0o600)

        def script(*args):
            return self.script("--config", conf, *args)
        irc = self.irc(owner, exact=True)
        irc.ask("REGISTER * * :" + PASSWORD, "REGISTER", "SUCCESS")
        irc.ask("JOIN #" + room, "366")
        irc.ask("PRIVMSG ChanServ :REGISTER #" + room, "NOTICE")
        irc.ask("MODE #%s +s" % room, "MODE")
        # the server tells in whole seconds since when it is there
        made = self.d.json("room", room)["created"]
        self.eventually("later", lambda: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()) > made)
        irc.send("QUIT")
        self.eventually("nobody there", lambda: [r["members"] for r in self.d.json("rooms") if r["name"] == room] == [0])
        self.assertEqual(script("send", room, "for the record"), (0, "", ""))
        code, out, err = script("tail", room, "--history", "5", "--lines", "0")
        self.assertEqual((code, err), (0, ""))
        self.assertIn("for the record", out)
        room = self.fresh("none")
        self.assertEqual(script("send", room, "x"), (5, "", "chat: there is no room %s; --create makes it\n" % room))

    def test_tail_lines_and_history(self):
        """--lines counts what is new, --history is what was before; neither is what nobody has asked for."""
        tel = self.client("tel")
        room = self.fresh("talk")
        tel.ask("/join " + room, "You have made the room")
        tel.send(*["old %d" % i for i in range(6)])
        tel.sync()
        os.makedirs(os.path.join(self.dir, "chat"))
        with open(os.path.join(self.dir, "chat", "chat.conf"), "w", encoding="utf-8") as f:
            f.write("history = 5;\n")

        def tail(*args, old=0, says=()):
            name = self.fresh("tail")
            p = subprocess.Popen([self.program, "-s", self.server(), "-n", name, "tail", room, "--json", *args],
                                 stdout=subprocess.PIPE, text=True, env=dict(os.environ, **self.home))
            self.addCleanup(p.stdout.close)
            self.addCleanup(p.kill)
            first = [p.stdout.readline() for _ in range(old)]
            if says:
                tel.expect(name + " has entered the chat")
                tel.send(*says)
            rows = [json.loads(line) for line in first + p.stdout.read().splitlines()]
            self.assertEqual(p.wait(limit()), 0)
            return [(row["text"], row["old"]) for row in rows]
        new = ["new %d" % i for i in range(4)]
        self.assertEqual(tail("--lines", "2", says=new), [(text, False) for text in new[:2]])
        was = [(text, True) for text in new[1:]]
        self.assertEqual(tail("--lines", "1", "--history", "3", old=3, says=["last"]), was + [("last", False)])
        self.assertEqual(tail("--lines", "0", "--history", "2"), [(new[3], True), ("last", True)])
        self.assertEqual(tail("--lines", "0"), [])


    def test_account_in_other_rooms(self):
        """Which rooms the account is in by another client, with others or alone, is nothing to a script."""
        if not build().passwords:
            self.skipTest("built without accounts")
        tel, other = self.clients("tel", "other")
        rooms = [self.fresh("room") for _ in range(3)]
        other.ask("/register - correct-horse", "is yours now")
        for room in rooms[:2]:
            tel.ask("/join " + room, "You have made the room")
            tel.send("in " + room)
            tel.sync()
            other.send("/join " + room)
            tel.expect(other.name + " has entered the chat")
        other.ask("/join " + rooms[2], "You have made the room")
        path = os.path.join(self.dir, "chat.conf")
        with open(path, "w", encoding="utf-8") as f:
            f.write('server = "%s"; name = "%s"; password = "correct-horse";\n' % (self.server(), other.name))
        os.chmod(path, 0o600)
        for room in rooms[:2]:
            code, out, err = self.script("--config", path, "tail", room, "--history", "5", "--lines", "0")
            self.assertEqual((code, re.sub("^[0-9:]+ ", "", out), err), (0, "%s: in %s\n" % (tel.name, room), ""))
        for room in rooms:
            self.assertEqual(self.script("--config", path, "send", room, "to " + room), (0, "", ""))
            other.expect("to " + room)

    def test_much_is_said_before_history_comes(self):
        """More than is held while the lines of before are on their way: all of it comes, in its order."""
        tel = self.client("tel")
        room, name = self.fresh("talk"), self.fresh("tail")
        tel.ask("/join " + room, "You have made the room")
        store = self.d.kids("store")[0]
        os.kill(store, signal.SIGSTOP)
        self.addCleanup(os.kill, store, signal.SIGCONT)
        p = subprocess.Popen([self.program, "-s", self.server(), "-n", name, "tail", room, "--history", "1", "--lines", "600"],
                             stdout=subprocess.PIPE, text=True, env=dict(os.environ, **self.home))
        self.addCleanup(p.stdout.close)
        self.addCleanup(p.kill)
        tel.expect(name + " has entered the chat")
        tel.send(*map(str, range(600)))
        tel.sync()
        os.kill(store, signal.SIGCONT)
        self.assertEqual(p.stdout.read().splitlines(), ["%s: %d" % (tel.name, i) for i in range(600)])

    def test_own_room(self):
        """A registered room that nobody is in is there, also for its founder, who comes into it as its operator."""
        if not build().passwords:
            self.skipTest("built without accounts")
        tel = self.client("tel")
        room = self.fresh("own")
        tel.ask("/register - correct-horse", "is yours now")
        tel.ask("/join " + room, "You have made the room")
        tel.ask("/room register", "^Done")
        tel.send("/quit")
        tel.expect_eof()
        path = os.path.join(self.dir, "chat.conf")
        with open(path, "w", encoding="utf-8") as f:
            f.write('server = "%s"; name = "%s"; password = "correct-horse";\n' % (self.server(), tel.name))
        os.chmod(path, 0o600)
        self.assertEqual(self.script("--config", path, "send", room, "x"), (0, "", ""))
        irc = self.irc("irc")
        irc.send("JOIN #" + room)
        self.assertNotIn("@" + irc.nick, irc.expect("353").params[-1].split())


class Tls(ChatCase):
    needs = "HAVE_OPENSSL"

    def proxy(self, context):
        p = Proxy(self.irc_address(), context)
        self.addCleanup(p.close)
        return p

    def test_certificates(self):
        context, path, pin = self.certificate()
        p = self.proxy(context)
        code, _, err = self.script("--tls", "send", "lobby", "x", port=p.port)
        self.assertEqual(code, 4)
        self.assertIn("not trusted", err)
        self.assertIn(pin, err)
        self.assertEqual(self.script("--pin", pin, "send", "lobby", "x", port=p.port)[0], 0)
        self.assertEqual(self.script("--tls", "send", "lobby", "x", port=p.port, env={"SSL_CERT_FILE": path})[0], 0)
        self.assertEqual(self.script("--pin", "0" * 64, "send", "lobby", "x", port=p.port, env={"SSL_CERT_FILE": path})[0], 4)
        self.assertEqual(self.script("--pin", "12", "send", "lobby", "x", port=p.port)[0], 2)

    def test_one_of_several_names(self):
        """The server is told which one is meant, also when its key is pinned."""
        first, _, _ = self.certificate("DNS:elsewhere.example")
        meant, path, pin = self.certificate()

        def choose(connection, name, _):
            if name == "localhost":
                connection.context = meant
        first.sni_callback = choose
        p = self.proxy(first)
        where = ("-s", "localhost:%d" % p.port, "--tls")
        for args, env in (("--pin", pin), {}), ((), {"SSL_CERT_FILE": path}):
            self.assertEqual(self.script(*where, *args, "send", "lobby", "x", env=env), (0, "", ""))

    def test_another_name(self):
        context, path, _ = self.certificate("DNS:elsewhere.example,IP:192.0.2.1")
        p = self.proxy(context)
        code, _, err = self.script("--tls", "send", "lobby", "x", port=p.port, env={"SSL_CERT_FILE": path})
        self.assertEqual(code, 4)
        self.assertIn("mismatch", err)

    def test_stops_within_a_record(self):
        """A server that goes no further, in the handshake or later, keeps nobody from leaving."""
        context, _, pin = self.certificate()
        inside, outside = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(inside, outside, server_side=True)
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        t = self.chat("--pin", pin, "--history", "0", port=listener.getsockname()[1], name="me")
        peer, _ = listener.accept()
        self.addCleanup(peer.close)
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                peer.sendall(outside.read())
                inside.write(peer.recv(65536))
        peer.sendall(outside.read())
        tls.write(b":srv 001 me :hi\r\n:srv 422 me :no\r\n:me!u@h JOIN #lobby\r\n")
        peer.sendall(outside.read())
        t.expect(r"You are in lobby\.")
        tls.write(b":bob!u@h PRIVMSG #lobby :never all of it\r\n")
        peer.sendall(outside.read()[:-7])
        t.type("typed meanwhile\r/quit\r")
        t.expect("logged out")
        self.assertEqual(t.wait(), 0)
        self.assertNotIn("never", t.screen.text())
        t = self.chat("--pin", pin, port=listener.getsockname()[1], name="me")
        peer, _ = listener.accept()
        self.addCleanup(peer.close)
        peer.sendall(b"\x16\x03\x03\x00\x7a\x02")
        t.prompt("me >")
        t.type("/quit\r")
        self.assertEqual(t.wait(), 0)

    def test_no_tls_there(self):
        """Who does not speak TLS, who ends the connection before; --plain is a way out only for who has not asked for TLS."""
        ends = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(ends.close)

        def accept():
            with contextlib.suppress(OSError):
                while True:
                    ends.accept()[0].close()
        Thread(accept)
        port = self.irc_address()[1]
        self.assertEqual(self.script("--tls", "send", "lobby", "x"),
                         (3, "", "chat: 127.0.0.1 port %d does not speak TLS: is it a port without TLS?\n" % port))
        code, _, err = self.script("--tls", "send", "lobby", "x", port=ends.getsockname()[1])
        self.assertEqual(code, 3)
        self.assertRegex(err, r"127\.0\.0\.1 port \d+ ended the connection before TLS was there: is it a port without TLS\?\n")
        # a name of this host that chat does not know as such
        try:
            found = socket.getaddrinfo(socket.gethostname(), port, socket.AF_INET, socket.SOCK_STREAM)
        except OSError:
            found = []
        if [row[4] for row in found if row[4][0].startswith("127.")]:
            with socket.create_server((found[0][4][0], 0)) as other:
                other.settimeout(limit())

                def answer():
                    with contextlib.suppress(OSError):
                        c, _ = other.accept()
                        c.sendall(b":srv NOTICE * :*** Looking up your hostname\r\n")
                        c.recv(65536)
                        c.close()
                Thread(answer)
                code, _, err = self.script("-s", "%s:%d" % (socket.gethostname(), other.getsockname()[1]), "send", "lobby", "x")
                self.assertEqual(code, 3)
                self.assertIn("does not speak TLS: is it a port without TLS? --plain talks to it", err)

    def test_tls_there(self):
        """The other way round."""
        context, _, _ = self.certificate()
        p = self.proxy(context)
        self.assertEqual(self.script("send", "lobby", "x", port=p.port),
                         (3, "", "chat: 127.0.0.1 port %d ended the connection without a line: is it for TLS? --tls\n" % p.port))

    def test_plaintext_only_here(self):
        code, _, err = self.script("-s", "192.0.2.1", "--timeout", "1", "send", "lobby", "x")
        self.assertIn(code, (3, 6))  # TLS it would have been
        self.assertNotIn("--plain", err)


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
