#!/usr/bin/env python3
"""`chat` in scripts: send, tail, and what a configuration says."""

import json
import os
import re
import signal
import socket
import subprocess
import time

from chat import ChatCase, Proxy, Scripted
from harness import TOP, build, limit, main
from irc import PASSWORD

LONG = True


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


if __name__ == "__main__":
    main()
