#!/usr/bin/env python3
"""Clients that people use, unmodified, driven as a person would: irssi in a terminal (tmux), WeeChat without
one, ii, and a bot on Python's irc library. Each shares rooms with somebody on telnet and with another IRC
client; what it shows is read from what it writes down itself (its log, ii's files).

A client that is not installed is skipped aloud: quickstart check knows what they are called.
"""

import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

from harness import HERE, die_with_parent, eventually, gone, limit, main, signal_pid, wait_gone
from irc import IrcCase

ENV = {k: v for k, v in os.environ.items() if k not in ("TMUX", "TMUX_PANE", "IRCNICK", "IRCUSER", "IRCSERVER", "WEECHAT_HOME")}
ENV.update(LC_ALL="C.UTF-8", TERM="xterm-256color")


class Transcript:
    """Files that grow by whole lines, looked through together. Each has a place up to which it has been read."""

    def __init__(self, pattern):
        self.pattern = pattern
        self.files = {}  # path -> [bytes that were read, lines not passed over yet]
        self.seen = []

    def read(self):
        for path in glob.glob(self.pattern, recursive=True):
            entry = self.files.setdefault(path, [0, []])
            with open(path, "rb") as f:
                f.seek(entry[0])
                data = f.read()
            data = data[:data.rfind(b"\n") + 1]
            entry[0] += len(data)
            lines = data.decode("utf-8", "backslashreplace").split("\n")[:-1]
            entry[1] += lines
            self.seen += lines

    def find(self, regex):
        """The match; the lines before it, in its file, are passed over."""
        self.read()
        for entry in self.files.values():
            for i, line in enumerate(entry[1]):
                m = re.search(regex, line)
                if m:
                    del entry[1][:i + 1]
                    return m
        return None

    def skip(self):
        """Everything that is there is known."""
        self.read()
        for entry in self.files.values():
            entry[1].clear()


class Client:
    """One of them in a directory of its own. `does` is what a person types, `shows` what must be written down then:
    {words} are put in, and quoted in `shows`."""

    program = None
    does, shows = {}, {}
    ctcp = None  # what it says that it is

    def __init__(self, test, address, nick, room):
        self.test, self.address, self.nick, self.room = test, address, nick, room
        self.pids = []
        self.dir = tempfile.mkdtemp(prefix="chatd-c-")
        test.addCleanup(self.close)
        self.begin()

    def close(self):
        for pid in reversed(self.pids):
            signal_pid(pid, 9)
            wait_gone([pid], limit())
        shutil.rmtree(self.dir, ignore_errors=True)

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as f:
            f.write(text)

    def start(self, *argv, **more):
        with open(self.path("output"), "ab") as out:
            more = dict({"stdin": subprocess.DEVNULL, "stdout": out, "stderr": subprocess.STDOUT}, **more)
            proc = subprocess.Popen(argv, env=dict(ENV, HOME=self.dir), cwd=self.dir, preexec_fn=die_with_parent, **more)
        self.pids.append(proc.pid)
        self.proc = proc
        return proc

    def do(self, what, **words):
        for line in self.does[what].format(**dict({"room": self.room}, **words)).split("\n"):
            self.type(line)

    def see(self, what, seconds=None, **words):
        """It has written that down, or will."""
        words = dict({"room": self.room, "me": self.nick}, **words)
        self.expect(self.shows[what].format(**{k: re.escape(v) for k, v in words.items()}), seconds)

    def expect(self, regex, seconds=None):
        """The match of a line; a file says nothing when it grows."""
        def look():
            ended = self.ended()
            m = self.out.find(regex)
            if ended and not m:
                raise AssertionError("%s has ended:\n%s" % (self.program, self.screen()))
            return m
        return eventually(lambda: "a line of %s that matches %r; the last that were written down:\n%s%s" % (
            self.program, regex, "".join("    %s\n" % l for l in self.out.seen[-25:]), self.screen()), look, seconds)

    def ended(self):
        self.proc.poll()
        return gone(self.pids[-1])

    def screen(self):
        with open(self.path("output"), encoding="utf-8", errors="backslashreplace") as f:
            return f.read()[-2000:]


class Irssi(Client):
    program = "irssi"
    ctcp = "irssi"
    does = {
        "join": "/join {room}", "me": "/me {text}", "msg": "/msg {who} {text}", "nick": "/nick {name}",
        "topic": "/topic {text}", "op": "/op {who}", "kick": "/kick {who} {text}", "names": "/names",
        "whois": "/whois {who}", "away": "/away {text}", "back": "/away", "part": "/part", "quit": "/quit {text}",
    }
    shows = {
        "in": r"-!- {me} \[.*\] has joined {room}$", "said": r"{room}: <[ @%+]?{who}> {text}$",
        "acted": r"{room}: +\* {who} {text}$", "told": r"{who}\([^)]*\)\] {text}$|<{who}> {text}$",
        "joined": r"-!- {who} \[.*\] has joined {room}$", "left": r"-!- {who} \[.*\] has (left {room}|quit)",
        "I am called": r"-!- You're now known as {name}$", "renamed": r"-!- {who} is now known as {name}$", "topic": r"-!- {who} changed the topic of {room} to: {text}$",
        "opped": r"-!- mode/{room} \[\+o {whom}\] by {who}$", "kicked": r"-!- {whom} was kicked from {room} by {who} \[{text}\]$",
        "away": r"-!- {who} is away: {text}$", "name": r"\[.*\[?[ @]{who}\]", "whois": r"-!-  ?server +: chat\.test",
        "I am away": "-!- You have been marked as being away", "I am back": "-!- You are no longer marked as being away",
        "gone": r"-!- Irssi: (Connection lost|Disconnected|.*removed|.*reconnect)",
    }

    config = '''
servers = ( { address = "%(host)s"; chatnet = "chatd"; port = "%(port)d"; autoconnect = "yes"; } );
chatnets = { chatd = { type = "IRC"; nick = "%(nick)s"; cmdspeed = "1"; cmdmax = "100"; }; };
channels = ( { name = "%(room)s"; chatnet = "chatd"; autojoin = "yes"; } );
settings = {
  core = { real_name = "Somebody at irssi"; user_name = "irssi"; nick = "%(nick)s"; server_reconnect_time = "1sec"; };
  "fe-common/core" = { autocreate_own_query = "no"; autocreate_query_level = "NONE"; use_msgs_window = "no"; };
  "fe-text" = { paste_verify_line_count = "0"; };
  "irc/core" = { cmd_queue_speed = "10msec"; cmds_max_at_once = "100"; };
};
logs = { "%(dir)s/all.log" = { auto_open = "yes"; level = "ALL"; }; };
'''

    def begin(self):
        host, port = self.address
        self.write("config", self.config % {"host": host, "port": port, "nick": self.nick, "room": self.room, "dir": self.dir})
        self.out = Transcript(self.path("all.log"))
        self.sock = self.path("tmux")
        self.start("tmux", "-S", self.sock, "-f", "/dev/null", "-D")  # no daemon: it ends with the test
        session = ["new-session", "-d", "-x", "200", "-y", "60", "exec irssi --home=" + self.dir]
        self.test.eventually("tmux", lambda: os.path.exists(self.sock) and self.tmux(*session, check=False).returncode == 0)
        self.pids.append(int(self.tmux("display-message", "-p", "#{pane_pid}").stdout))
        self.see("in")
        self.expect(r"Total of")
        self.type("/window 2")

    def tmux(self, *words, check=True):
        return subprocess.run(["tmux", "-S", self.sock, *words], env=ENV, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=limit(), check=check, text=True)

    def type(self, line):
        self.tmux("send-keys", "-l", "--", line)
        self.tmux("send-keys", "Enter")

    def screen(self):
        return "" if gone(self.pids[0]) else "its screen:\n" + self.tmux("capture-pane", "-p", check=False).stdout.rstrip()


class WeeChat(Client):
    program = "weechat-headless"
    ctcp = "WeeChat"
    does = dict(Irssi.does, nick="/nick {name}", back="/away", whois="/whois {who}")
    shows = {
        "in": r"-->\t{me} .*has joined {room}$", "said": r"\t[@%+]?{who}\t{text}$", "acted": r"\t \*\t{who} {text}$",
        "told": r"\t{who}\t{text}$", "joined": r"-->\t{who} .*has joined {room}$",
        "left": r"<--\t{who} .*has (left {room}|quit)", "I am called": r"--\tYou are now known as {name}$", "renamed": r"--\t{who} is now known as {name}$",
        "topic": r'--\t{who} has changed topic for {room} (from ".*" )?to "{text}"$',
        "opped": r"--\tMode {room} \[\+o {whom}\] by {who}$", "kicked": r"<--\t{who} has kicked {whom} \({text}\)$",
        "away": r"--\t\[{who}\] is away: {text}$", "name": r"--\tNicks {room}: \[.*[ @\[]{who}[\] ]",
        "whois": r"--\t\[.*\] chat\.test \(.*\)$", "I am away": r"--\t.*You have been marked as being away",
        "I am back": r"--\t.*You are no longer marked as being away", "gone": r"irc: disconnected from server|irc: reading data on socket",
    }
    setup = ("/set logger.file.flush_delay 0", "/set irc.look.server_buffer independent", "/set weechat.look.save_config_on_exit off",
             "/set irc.server_default.anti_flood_prio_high 0", "/set irc.server_default.anti_flood_prio_low 0",
             "/set logger.level.irc 9", "/set irc.look.smart_filter off",
             "/server add chatd {host}/{port} -notls -nicks={me} -username=weechat -realname=Somebody -autojoin={room}",
             "/set irc.server.chatd.autoreconnect_delay 1", "/connect chatd")

    def begin(self):
        host, port = self.address
        setup = "; ".join(self.setup).format(host=host, port=port, me=self.nick, room=self.room)
        self.out = Transcript(self.path("logs", "*"))
        self.start("weechat-headless", "-d", self.dir, "-P", "irc,logger,fifo", "-r", setup)
        self.see("in")
        self.expect(r"--\tChannel %s: \d+ nick" % re.escape(self.room))
        fifos = glob.glob(self.path("weechat_fifo_*"))
        if not fifos:
            self.test.skipTest("WeeChat's plugin fifo is not there")
        self.fifo = fifos[0]

    def type(self, line):
        with open(self.fifo, "w", encoding="utf-8") as f:
            f.write("irc.chatd.%s *%s\n" % (self.room, line))


class Ii(Client):
    program = "ii"
    does = {
        "join": "/j {room}", "me": "\x01ACTION {text}\x01", "msg": "/PRIVMSG {who} :{text}", "nick": "/NICK {name}",
        "topic": "/t {text}", "op": "/MODE {room} +o {who}", "kick": "/KICK {room} {who} :{text}", "names": "/NAMES {room}",
        "whois": "/WHOIS {who}", "away": "/AWAY :{text}", "back": "/AWAY", "part": "/l", "quit": "/QUIT :{text}",
    }
    shows = {
        "in": r"-!- {me}\(.*\) has joined {room}$", "said": r"<{who}> {text}$", "acted": "<{who}> \x01ACTION {text}\x01$",
        "told": r"<{who}> {text}$", "joined": r"-!- {who}\(.*\) has joined {room}$", "left": r"-!- {who}\(.*\) has (left {room}|quit)",
        "I am called": r"-!- {who} changed nick to {name}$",
        "renamed": r"-!- {who} changed nick to \"?{name}\"?$", "topic": r'-!- {who} changed topic to "{text}"$',
        "opped": r"-!- {who} changed mode/{room} -> \+o {whom} ?$", "kicked": r'-!- {who} kicked {whom} +\("{text}"\)$',
        "away": r"{who} {text}$", "name": r"= {room} (.* )?@?{who}( |$)", "whois": r" chat\.test ",
        "I am away": "You have been marked as being away", "I am back": "You are no longer marked as being away",
    }

    def begin(self):
        host, port = self.address
        self.out = Transcript(self.path("**", "out"))
        self.start("ii", "-s", host, "-p", str(port), "-n", self.nick, "-i", self.dir, "-f", "Somebody")
        self.expect("Welcome to the")
        self.put("/j " + self.room, "in")
        self.see("in")
        self.expect("End of /?NAMES")

    def put(self, line, *names):
        with open(self.path(self.address[0], *names), "w", encoding="utf-8") as f:
            f.write(line + "\n")

    def type(self, line):
        """A room's file is there only while one is in it."""
        inside = os.path.exists(self.path(self.address[0], self.room, "in")) and not line.startswith("/j ")
        self.put(line, *([self.room] if inside else []), "in")


class Bot(Client):
    """The library has a method for each of these."""

    program = "python3-irc"
    ctcp = "irc"
    python = next((p for p in (sys.executable, "/usr/bin/python3")
                   if subprocess.run([p, "-I", "-c", "import irc.bot"], stderr=subprocess.DEVNULL, check=False).returncode == 0), None)
    does = {
        "join": "join\t{room}", "me": "action\t{room}\t{text}", "msg": "privmsg\t{who}\t{text}", "nick": "nick\t{name}",
        "topic": "topic\t{room}\t{text}", "op": "mode\t{room}\t+o {who}", "kick": "kick\t{room}\t{who}\t{text}",
        "names": "send_raw\tNAMES {room}", "whois": "send_raw\tWHOIS {who}", "away": "send_raw\tAWAY :{text}", "back": "send_raw\tAWAY",
        "part": "part\t{room}", "quit": "quit\t{text}",
    }
    shows = {
        "in": r"^join {me}!\S+ {room}:", "said": r"^pubmsg {who}!\S+ {room}: {text}$", "acted": r"^action {who}!\S+ {room}: {text}$",
        "told": r"^privmsg {who}!\S+ {me}: {text}$", "joined": r"^join {who}!\S+ {room}:", "left": r"^(part {who}!\S+ {room}|quit {who}!)",
        "I am called": r"^nick {who}!\S+ {name}: ", "renamed": r"^nick {who}!\S+ {name}: ", "topic": r"^topic {who}!\S+ {room}: {text}$", "opped": r"^mode {who}!\S+ {room}: \+o {whom}$",
        "kicked": r"^kick {who}!\S+ {room}: {whom} {text}$", "away": r"^away \S+ {me}: {who} {text}$",
        "name": r"^namreply .* {room} (.* )?@?{who}( |$)", "whois": r"^whoisserver .* chat\.test ",
        "I am away": "^nowaway ", "I am back": "^unaway ", "gone": "^disconnect ",
    }

    def begin(self):
        host, port = self.address
        self.out = Transcript(self.path("output"))
        self.start(self.python, os.path.join(HERE, "irc_bot.py"), host, str(port), self.nick, self.room, stdin=subprocess.PIPE)
        self.test.addCleanup(self.proc.stdin.close)
        self.see("in")
        self.expect("^endofnames ")

    def type(self, line):
        name, tab, rest = line.partition("\t")
        words = [name] + rest.split("\t") if tab else ["privmsg", self.room, line]
        self.proc.stdin.write(json.dumps(words).encode() + b"\n")
        self.proc.stdin.flush()


class Driven:
    """The same evening with each of them."""

    make = None
    needs = ()
    reconnects = True

    @classmethod
    def setUpClass(cls):
        missing = [p for p in cls.needs if not shutil.which(p)]
        if cls.make is Bot and Bot.python is None:
            missing = ["python3-irc"]
        if missing:
            raise unittest.SkipTest("not installed: " + ", ".join(missing))
        super().setUpClass()

    def start(self):
        """In one room: the client, tom by telnet, ivy by IRC, who is its operator."""
        self.ivy, self.tom = self.irc("ivy"), self.client("tom")
        self.chan = self.channel(self.ivy)
        self.tom.ask("/join " + self.chan[1:], "You are in " + self.chan[1:])
        self.x = self.make(self, self.irc_address(), self.fresh("xena"), self.chan)
        self.ivy.expect("JOIN", self.chan)
        self.tom.expect(r"%s has entered the chat\.$" % self.x.nick)
        return self.x, self.tom, self.ivy

    def test_talk(self):
        x, tom, ivy = self.start()
        x.type("hello, is this thing on?")
        ivy.expect("PRIVMSG", self.chan, "hello, is this thing on?")
        tom.expect(r"%s: hello, is this thing on\?$" % x.nick)
        tom.send("loud and clear")
        x.see("said", who=tom.name, text="loud and clear")
        ivy.send("PRIVMSG %s :to me too" % self.chan)
        x.see("said", who=ivy.nick, text="to me too")
        for text in ("naïve café, 日本語 and 🎉", "100% \\ $HOME `x` ${y} \"quoted\" 'also'", "a:b ::c :d"):
            x.type(text)
            ivy.expect("PRIVMSG", self.chan, text)
            tom.expect("%s: %s$" % (x.nick, re.escape(text)))
            tom.send("/say " + text)
            x.see("said", who=tom.name, text=text)

    def test_actions_and_private(self):
        x, tom, ivy = self.start()
        x.do("me", text="waves")
        tom.expect(r"\* %s waves$" % x.nick)
        ivy.expect("PRIVMSG", self.chan, "\x01ACTION waves\x01")
        tom.send("/me waves back")
        x.see("acted", who=tom.name, text="waves back")
        ivy.send("PRIVMSG %s :\x01ACTION nods\x01" % self.chan)
        x.see("acted", who=ivy.nick, text="nods")
        x.do("msg", who=tom.name, text="only for you")
        tom.expect(r"%s.*only for you" % x.nick)
        tom.send("/msg %s and only for you" % x.nick)
        x.see("told", who=tom.name, text="and only for you")
        x.do("msg", who=ivy.nick, text="psst")
        ivy.expect("PRIVMSG", ivy.nick, "psst")

    def test_long_lines(self):
        """What does not fit one line of IRC comes in pieces, and nothing is missing."""
        x, tom, ivy = self.start()
        text = " ".join("%d äöü" % i for i in range(150))
        tom.send("/say " + text)
        got = ""
        while len(got.replace(" ", "")) < len(text.replace(" ", "")):
            got += ivy.expect("PRIVMSG", self.chan).params[1]
        self.assertEqual(got.replace(" ", ""), text.replace(" ", ""))
        tom.send("the end")
        x.see("said", who=tom.name, text="the end")

    def test_several_lines(self):
        x, tom, ivy = self.start()
        tom.send("/paste", "dear all,", "", "this has come", "in one go", ".")
        for text in ("dear all,", "this has come", "in one go"):
            x.see("said", who=tom.name, text=text)
        for i in range(20):
            x.type("verse %d" % i)
        for i in range(20):
            tom.expect("%s: verse %d$" % (x.nick, i))
            ivy.expect("PRIVMSG", self.chan, "verse %d" % i)

    def test_asked_for_its_version(self):
        x, tom, ivy = self.start()
        if not x.ctcp:
            self.skipTest("%s answers no CTCP" % x.program)
        ivy.send("PRIVMSG %s :\x01VERSION\x01" % x.nick)
        ivy.expect("NOTICE", ivy.nick, re.compile("^\x01VERSION .*(%s).*\x01$" % x.ctcp))
        ivy.send("PRIVMSG %s :\x01PING 12 34\x01" % self.chan)
        ivy.expect("NOTICE", ivy.nick, "\x01PING 12 34\x01")
        tom.expect("%s: PING 12 34$" % ivy.nick)
        tom.sync()

    def test_names(self):
        x, tom, ivy = self.start()
        old, new = x.nick, self.fresh("xandra")
        x.do("nick", name=new)
        tom.expect("%s is now %s$" % (old, new))
        ivy.expect("NICK", new)
        x.see("I am called", who=old, name=new)
        x.nick = new
        old, new = tom.name, self.fresh("tim")
        tom.send("/nick " + new)
        x.see("renamed", who=old, name=new)
        tom.name = new
        x.out.skip()
        x.do("names")
        for name in (ivy.nick,):
            x.see("name", who=name)
        x.do("whois", who=tom.name)
        x.see("whois")
        x.do("nick", name=ivy.nick)
        x.expect("(?i)in use")
        x.type("still here")
        tom.expect("%s%s: still here$" % (x.nick, "_" * isinstance(x, Bot)))  # the bot adds one

    def test_rooms(self):
        x, tom, ivy = self.start()
        ivy.send("TOPIC %s :tea at five" % self.chan)
        x.see("topic", who=ivy.nick, text="tea at five")
        ivy.send("MODE %s +o %s" % (self.chan, x.nick))
        x.see("opped", who=ivy.nick, whom=x.nick)
        tom.expect("%s has made %s an operator" % (ivy.nick, x.nick))
        x.do("topic", text="tea at six: bring cake")
        tom.expect("%s has set the topic: tea at six: bring cake$" % x.nick)
        ivy.expect("TOPIC", self.chan, "tea at six: bring cake")
        x.do("op", who=tom.name)
        tom.expect("%s has made %s an operator" % (x.nick, tom.name))
        tom.send("/topic tea is cold")
        x.see("topic", who=tom.name, text="tea is cold")
        x.do("kick", who=ivy.nick, text="enough tea")
        ivy.expect("KICK", self.chan, ivy.nick, "enough tea")
        tom.expect("%s has been removed by %s.*enough tea" % (ivy.nick, x.nick))
        ivy.ask("JOIN " + self.chan, "366")
        x.see("joined", who=ivy.nick)

    def test_kicked(self):
        x, tom, ivy = self.start()
        ivy.send("KICK %s %s :out with you" % (self.chan, x.nick))
        x.see("kicked", who=ivy.nick, whom=x.nick, text="out with you")
        if not isinstance(x, Bot):  # which comes back by itself
            x.do("join")
        ivy.expect("JOIN", self.chan)
        x.see("in")
        ivy.send("MODE %s +o %s" % (self.chan, tom.name))
        tom.expect("has made %s an operator" % tom.name)
        tom.send("/kick %s and again" % x.nick)
        x.see("kicked", who=tom.name, whom=x.nick, text="and again")
        if not isinstance(x, Bot):
            x.do("join")
        ivy.expect("JOIN", self.chan)
        x.see("in")
        ivy.send("MODE %s +b %s!*@*" % (self.chan, x.nick), "KICK %s %s :for good" % (self.chan, x.nick))
        x.see("kicked", who=ivy.nick, whom=x.nick, text="for good")
        if not isinstance(x, Bot):
            x.do("join")
        x.expect("(?i)banned|bannedfromchan|\\+b")

    def test_away(self):
        x, tom, ivy = self.start()
        x.do("away", text="feeding the cat")
        x.see("I am away")
        tom.ask("/msg %s are you there?" % x.nick, "%s is away: feeding the cat$" % x.nick)
        x.see("told", who=tom.name, text="are you there?")
        self.assertEqual(ivy.ask("PRIVMSG %s :and now?" % x.nick, "301").params[1:], [x.nick, "feeding the cat"])
        x.do("back")
        x.see("I am back")
        tom.ask("/away asleep", "You are away")
        x.do("msg", who=tom.name, text="good night")
        x.see("away", who=tom.name, text="asleep")

    def test_members_come_and_go(self):
        x, tom, ivy = self.start()
        ivy.send("PART %s :off" % self.chan)
        x.see("left", who=ivy.nick)
        ivy.ask("JOIN " + self.chan, "366")
        x.see("joined", who=ivy.nick)
        ivy.send("QUIT :bye")
        x.see("left", who=ivy.nick)
        tom.send("/leave " + self.chan[1:])
        x.see("left", who=tom.name)
        tom.send("/join " + self.chan[1:])
        x.see("joined", who=tom.name)
        x.do("part")
        tom.expect("%s has left" % x.nick)
        x.do("join")
        x.see("in")
        tom.expect("%s has entered" % x.nick)
        x.do("quit", text="good night")
        tom.expect("%s has left the chat.*good night" % x.nick)
        tom.sync()

    def test_broker_killed(self):
        """Nobody notices more than a pause."""
        x, tom, ivy = self.start()
        for i in range(8):
            self.eventually("a broker", lambda: self.d.kids("broker"))
            self.d.kill_role("broker")
            x.type("from x %d" % i)
            tom.send("from tom %d" % i)
            ivy.send("PRIVMSG %s :from ivy %d" % (self.chan, i))
            x.see("said", who=tom.name, text="from tom %d" % i)
            tom.expect("%s: from x %d$" % (x.nick, i))
            ivy.expect("PRIVMSG", self.chan, "from x %d" % i)
        ivy.send("PRIVMSG %s :that was all" % self.chan)
        x.see("said", who=ivy.nick, text="that was all")
        for who in ("tom", "ivy"):
            got = [m.group(1) for m in re.finditer(r"from %s (\d)$" % who, "\n".join(x.out.seen), re.M)]
            self.assertEqual(got, [str(i) for i in range(8)])

    def test_reconnects(self):
        """Its worker dies: a client that comes back by itself does so, and is in its room again."""
        if not self.reconnects:
            self.skipTest("%s ends with its connection" % self.make.program)
        x, tom, ivy = self.start()
        self.d.kill_role("worker", self.d.worker_of(x.nick))
        x.see("gone")
        x.see("in", seconds=limit(60))
        watcher = self.irc("watch")
        watcher.ask("JOIN " + self.chan, "366")
        watcher.send("PRIVMSG %s :welcome back" % self.chan)
        x.see("said", who=watcher.nick, text="welcome back")
        x.type("thank you")
        watcher.expect("PRIVMSG", self.chan, "thank you")


class WithIrssi(Driven, IrcCase):
    make, needs = Irssi, ("irssi", "tmux")


class WithWeeChat(Driven, IrcCase):
    make, needs = WeeChat, ("weechat-headless",)


class WithIi(Driven, IrcCase):
    make, needs, reconnects = Ii, ("ii",), False


class WithBot(Driven, IrcCase):
    make = Bot


if __name__ == "__main__":
    main()
