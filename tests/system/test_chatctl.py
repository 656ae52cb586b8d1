#!/usr/bin/env python3
"""chatctl: every command, its forms and exit codes, who may what, and the socket behind it."""

import calendar
import json
import os
import pwd
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time

from harness import Case, OwnCase, build, die_with_parent, limit, main

RFC3339 = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)"


class Running:
    """A chatctl that goes on: its lines as they come."""

    def __init__(self, case, *words, d=None):
        d = d or case.d
        self.p = subprocess.Popen([build().program("tools/chatctl"), "-s", d.socket] + list(words), stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, preexec_fn=die_with_parent, env=d.env)
        case.addCleanup(self.end)
        self.text, self.at = b"", 0

    def expect(self, regex, seconds=None):
        pattern = re.compile(regex)
        end = limit() if seconds is None else seconds
        while True:
            nl = self.text.find(b"\n", self.at)
            if nl >= 0:
                line = self.text[self.at:nl].decode()
                self.at = nl + 1
                m = pattern.search(line)
                if m:
                    return m
                continue
            data = os.read(self.p.stdout.fileno(), 65536) if select.select([self.p.stdout], [], [], end)[0] else b""
            if not data:
                raise AssertionError("no line of chatctl matches %r:\n%s" % (regex, self.text.decode()))
            self.text += data

    def send(self, line):
        self.p.stdin.write(line.encode() + b"\n")
        self.p.stdin.flush()

    def wait(self):
        return self.p.wait(limit())

    def end(self):
        if self.p.poll() is None:
            self.p.kill()
        self.p.wait()
        self.p.stdout.close()
        try:
            self.p.stdin.close()
        except OSError:
            pass


class Show(Case):
    def test_status(self):
        s = self.d.json("status")
        for key in ("version", "name", "pid", "uptime", "ready", "users", "rooms", "sessions", "processes"):
            self.assertIn(key, s)
        self.assertEqual((s["name"], s["pid"], s["ready"]), ("chat.test", self.d.pid, True))
        roles = sorted(p["role"] for p in s["processes"])
        self.assertEqual(roles, ["auth"] * (min(2, os.cpu_count()) if build().passwords else 0) + ["broker", "control", "master"] + ["store"] * build().store + ["worker", "worker"])
        for p in s["processes"]:
            for key in ("role", "index", "pid", "state", "restarts", "cpu_seconds", "rss_bytes"):
                self.assertIn(key, p)
            self.assertEqual(p["state"], "ready")
            os.kill(p["pid"], 0)
            self.assertGreater(p["rss_bytes"], 100000)
        self.assertEqual(len(self.d.json("workers")), 2)

    def test_every_listing_in_every_form(self):
        self.client("alice")
        for words in (("status",), ("workers",), ("listeners",), ("users",), ("rooms",), ("user", "?"), ("room", "lobby"),
                      ("ban", "list"), ("mute", "list"), ("stats",)):
            words = tuple(self.client("bob").name if w == "?" else w for w in words)
            with self.subTest(words):
                self.assertTrue(self.d.ctl(*words).endswith("\n") or words[-1] == "list")
                whole = self.d.json(*words)
                is_list = words[0] in ("workers", "listeners", "users", "rooms", "ban", "mute", "stats")
                self.assertIsInstance(whole, list if is_list else dict)
                lines = self.d.ctl("-o", "jsonl", *words).splitlines()
                if is_list:
                    self.assertEqual(len(lines), len(whole))
                    for line, row in zip(lines, whole):
                        self.assertEqual(json.loads(line).keys(), row.keys())
                else:
                    self.assertEqual(json.loads(lines[0]).keys(), whole.keys())
                # options also behind the command
                self.assertEqual(self.d.ctl(*words, "-o", "jsonl").count("\n"), len(lines))

    def test_user(self):
        alice = self.client("alice")
        room = self.room()
        alice.ask("/join " + room, room)
        alice.send("one", "two")
        alice.sync()
        u = self.d.json("user", alice.name)
        for key in ("id name account protocol address port tls worker rooms connected idle queued messages_in "
                    "messages_out away").split():
            self.assertIn(key, u)
        self.assertEqual((u["name"], u["protocol"], u["address"], u["port"], u["tls"], u["rooms"], u["away"]),
                         (alice.name, "telnet", "127.0.0.1", alice.sock.getsockname()[1], False, ["lobby", room], None))
        self.assertEqual((u["ident"], u["host"], u["real_name"], u["modes"], u["operator"]),
                         ("telnet", "127.0.0.1", alice.name, [], None))
        self.assertEqual((u["capabilities"], u["client"]), ([], None))
        self.assertRegex(u["connected"], RFC3339)
        self.assertGreaterEqual(u["messages_in"], 2)
        self.assertLess(u["idle"], 10)
        self.assertEqual(self.d.json("user", alice.name.upper())["id"], u["id"])
        names = [x["name"] for x in self.d.json("users", alice.name[:-1] + "*")]
        self.assertIn(alice.name, names)
        self.assertEqual(self.d.json("users", "nobody*"), [])

    def test_room(self):
        alice = self.client("alice")
        room = self.room()
        alice.ask("/join " + room, room)
        alice.send("/topic about", "hello")
        alice.sync()
        r = self.d.json("room", room)
        for key in ("name", "topic", "members", "created", "modes", "messages"):
            self.assertIn(key, r)
        self.assertEqual((r["name"], r["topic"], r["members"], r["modes"], r["messages"]), (room, "about", 1, ["no-outside"], 1))
        self.assertRegex(r["created"], RFC3339)
        self.assertEqual(self.d.json("room", "#" + room)["name"], room)

    def test_listeners(self):
        rows = self.d.listeners()
        self.assertEqual(len(rows), 1)
        self.assertEqual(rows[0]["protocol"], "telnet")
        with socket.create_connection(("127.0.0.1", rows[0]["port"]), limit()):
            pass
        self.assertIn(str(rows[0]["port"]), self.d.ctl("listeners"))

    def test_stats_and_metrics(self):
        stats = self.d.json("stats")
        self.assertTrue(all(row["help"] for row in stats))
        text = self.d.ctl("metrics")
        for name in ("chatd_sessions", "chatd_users", "chatd_rooms", "chatd_messages_accepted_total", "chatd_deliveries_total",
                     'chatd_dropped_total{reason="', "chatd_logins_total", 'chatd_process_restarts_total{role="',
                     "chatd_delivery_seconds_bucket{le=", "chatd_delivery_seconds_sum", "chatd_delivery_seconds_count"):
            self.assertIn("\n" + name, text)
        seen, types = set(), {}
        for line in text.splitlines():
            m = re.fullmatch(r"# (HELP|TYPE) (chatd_\w+) (.+)", line)
            if m:
                self.assertNotIn((m.group(1), m.group(2)), seen, "twice: " + line)
                seen.add((m.group(1), m.group(2)))
                if m.group(1) == "TYPE":
                    types[m.group(2)] = m.group(3)
                continue
            m = re.fullmatch(r'(chatd_\w+)(\{\w+="[^"]*"(,\w+="[^"]*")*\})? (\d+(\.\d+)?(e[+-]?\d+)?)', line)
            self.assertIsNotNone(m, line)
            base = re.sub(r"_(bucket|sum|count)$", "", m.group(1)) if "delivery_seconds" in line else m.group(1)
            self.assertIn(base, types, line)
        self.assertEqual(types["chatd_delivery_seconds"], "histogram")
        buckets = [int(n) for n in re.findall(r"^chatd_delivery_seconds_bucket\{.*\} (\d+)$", text, re.M)]
        self.assertEqual(buckets, sorted(buckets))
        self.assertEqual(buckets[-1], int(re.search(r"^chatd_delivery_seconds_count (\d+)$", text, re.M).group(1)))

    def test_counts_what_happened(self):
        alice, bob, carol = self.clients("alice", "bob", "carol")
        room = self.room()
        for c in (alice, bob, carol):
            c.ask("/join " + room, room)
        a = self.d.stats()
        for i in range(10):
            alice.send("n %d" % i)
        alice.ask("/rooms", "End of the list")
        b = self.d.stats()
        self.assertEqual(b["messages_accepted_total"] - a["messages_accepted_total"], 10)
        self.assertEqual(b["deliveries_total"] - a["deliveries_total"], 20)
        self.assertEqual(b["delivery_seconds_count"] - a["delivery_seconds_count"], 10)

    def test_help_and_completion(self):
        text = self.d.ctl("help")
        listed = set(re.findall(r"^\s*([a-z]+)", text, re.M))
        wanted = ("status workers listeners users user rooms room kick ban mute say announce chat stats metrics monitor top "
                  "events log config reload worker stop wait help completion").split()
        self.assertEqual([w for w in wanted if w not in listed], [])
        self.assertIn("--for", self.d.ctl("help", "ban", "add"))
        if not shutil.which("bash"):
            self.skipTest("bash is not there")
        script = self.d.ctl("completion", "bash")
        with tempfile.NamedTemporaryFile("w", suffix=".sh") as f:
            f.write(script)
            f.flush()
            probe = ('source %s; COMP_WORDS=(chatctl %s); COMP_CWORD=%d; COMP_LINE="chatctl %s"; COMP_POINT=${#COMP_LINE}; '
                     'f=$(complete -p chatctl | sed "s/.*-F \\([^ ]*\\).*/\\1/"); $f chatctl x chatctl; echo "${COMPREPLY[@]}"')
            for typed, index, want in (("st", 1, {"status", "stats", "stop"}), ("ban ''", 2, {"add", "list", "del"}), ("-o ''", 2, {"json", "table", "jsonl"})):
                out = subprocess.run(["bash", "-c", probe % (f.name, typed, index, typed)], text=True, stdout=subprocess.PIPE,
                                     stderr=subprocess.STDOUT, timeout=limit()).stdout
                self.assertLessEqual(want, set(out.split()), typed)


class Act(Case):
    def test_kick(self):
        alice, bob = self.clients("alice", "bob")
        mark = self.d.log_mark()
        self.d.ctl("kick", bob.name, "please", "calm", "down")
        self.assertIn("please calm down", bob.expect_eof())
        alice.expect(r"%s has left the chat\. .*please calm down" % bob.name)
        self.d.expect_log(r"uid %d pid \d+.*kick.*%s" % (os.getuid(), bob.name), mark)
        self.assertIn("nobody", self.d.ctl("kick", "nobody", status=5))
        self.d.ctl("kick", alice.name, "one line\nand another")
        self.assertIn("one line and another", alice.expect_eof())

    def test_host(self):
        alice = self.client("alice")
        mark = self.d.log_mark()
        self.assertIn("telnet@staff.example.org", self.d.ctl("host", alice.name, "staff.example.org"))
        self.assertEqual(self.d.json("user", alice.name)["host"], "staff.example.org")
        self.d.expect_log(r"uid %d pid \d+: host %s staff\.example\.org" % (os.getuid(), alice.name), mark)
        for bad in ("a@b", "a b", ":x", "x" * 64, "caf\u00e9"):
            self.d.ctl("host", alice.name, bad, status=2)
        self.d.ctl("host", alice.name)
        self.assertEqual(self.d.json("user", alice.name)["host"], "127.0.0.1")
        self.assertIn("nobody", self.d.ctl("host", "nobody", "x", status=5))

    def test_bans(self):
        alice, bob = self.clients("alice", "bob")
        self.d.ctl("ban", "add", "--for", "2h", bob.name, "for", "a", "while")
        self.assertIn("for a while", bob.expect_eof())
        rows = {b["mask"]: b for b in self.d.json("ban", "list")}
        row = rows[bob.name]
        self.assertEqual(row["reason"], "for a while")
        self.assertIn(str(os.getuid()), row["by"])
        self.assertRegex(row["since"], RFC3339)
        self.assertRegex(row["until"], RFC3339)
        for name in (bob.name, bob.name.upper()):
            c = self.connect()
            c.expect("called with")
            c.send(name)
            c.expect("(?i)banned.*for a while")
        self.d.ctl("ban", "del", bob.name)
        self.connect().login(bob.name)
        self.d.ctl("ban", "del", bob.name, status=5)
        # an address and a network
        for who in ("127.0.0.9", "127.9.0.0/16", "evil*"):
            self.d.ctl("ban", "add", who)
        for source in ("127.0.0.9", "127.9.1.1"):
            c = self.connect(source=source)
            c.expect("called with")
            c.send(self.fresh("x"))
            c.expect("(?i)banned")
            c.expect_eof()
        self.connect(source="127.0.0.8").login(self.fresh("good"))
        c = self.connect()
        c.expect("called with")
        c.send(self.fresh("evil"))
        c.expect("(?i)banned")
        for who in ("127.0.0.9", "127.9.0.0/16", "evil*"):
            self.d.ctl("ban", "del", who)
        self.assertEqual(self.d.json("ban", "list"), [])
        for bad in ("", "300.0.0.1/8", "1.2.3.4/99", "a b", "127.0.0.0/x"):
            with self.subTest(bad):
                self.assertIn(self.d.ctl_run("ban", "add", bad)[0], (1, 2))
        for bad in ("300.1.2.3", "192.0.2", "*!*@1.2.3.4.5", "2001:db8:::1", "12345"):
            self.assertIn("an address", self.d.ctl("ban", "add", bad, status=2), bad)
            self.assertIn("an address", self.d.ctl("mute", "add", bad, status=2), bad)
        self.assertEqual(self.d.json("ban", "list"), [])
        alice.sync()

    def test_bans_made_anew(self):
        """Whoever bans what is banned is told what it was: a time more, or a time less."""
        name = self.fresh("again")
        self.assertNotIn("was", self.d.ctl("ban", "add", "--for", "2h", name))
        end = [b["until"] for b in self.d.json("ban", "list") if b["mask"] == name][0]
        self.assertIn("was until %s, is for ever now" % end, self.d.ctl("ban", "add", name, "for good"))
        self.assertIn("was for ever, is until 20", self.d.ctl("ban", "add", "--for", "1h", name))
        self.d.ctl("ban", "del", name)

    def test_ban_runs_out(self):
        name = self.fresh("brief")
        self.d.ctl("ban", "add", "--for", "1s", name)
        c = self.connect()
        c.expect("called with")
        c.send(name)
        c.expect("(?i)banned")

        def free():
            c = self.connect()
            c.expect("called with")
            c.send(name)
            return c.expect("(?i)banned|Connected to").group(0).startswith("Connected")
        self.eventually("the end of the ban", free)

    def test_mute(self):
        alice, bob = self.clients("alice", "bob")
        self.d.ctl("mute", "add", alice.name, "too loud")
        alice.muted = True
        for line in ("hello", "hello@%s" % bob.name, "/me waves", "/msg %s x" % bob.name):
            alice.send(line)
            alice.expect(r"Couldn't send message :\( you are muted: too loud\.")
        self.assertNotIn(alice.name, bob.sync())
        bob.send("can you read this@%s" % alice.name)
        alice.expect("can you read this")
        self.assertTrue(self.d.json("user", alice.name)["muted"])
        self.assertEqual([m["mask"] for m in self.d.json("mute", "list")], [alice.name])
        self.d.ctl("mute", "del", alice.name)
        alice.send("free")
        bob.line("%s: free" % alice.name)
        self.d.ctl("mute", "del", alice.name, status=5)
        # a network, and whoever comes later
        self.d.ctl("mute", "add", "127.0.0.7")
        c = self.connect(source="127.0.0.7")
        c.expect("called with")
        c.send(self.fresh("late"), "hello")
        c.expect("(?i)muted")
        self.d.ctl("mute", "del", "127.0.0.7")

    def test_room_lists(self):
        """What a room's operators have banned and muted can be seen, and lifted, by the administrator."""
        alice, bob = self.clients("alice", "bob")
        room = self.room()
        for c in (alice, bob):
            c.ask("/join " + room, room)
        alice.ask("/ban bob*", "has banned bob")
        alice.ask("/mute " + bob.name, "has muted " + bob.name)
        self.assertEqual([(r["list"], r["mask"], r["by"]) for r in self.d.json("room", room)["lists"]],
                         [("ban", "bob*", alice.name), ("mute", bob.name, alice.name)])
        mark = self.d.log_mark()
        self.d.ctl("room", "unban", room, "BOB*!*@*")
        alice.expect(r"Server has lifted the ban of bob\*")
        self.d.ctl("room", "unmute", "#" + room, bob.name)
        bob.expect("Server has unmuted " + bob.name)
        self.assertEqual(self.d.json("room", room)["lists"], [])
        self.d.expect_log(r"uid %d pid \d+: room unban %s.*: done" % (os.getuid(), room), mark)
        bob.send("free again")
        alice.expect("%s: free again" % bob.name)
        for words in ((room, bob.name), (room, "x" * 400), (room, "300.1.2.3"), (self.fresh("no"), bob.name)):
            self.d.ctl("room", "unban", *words, status=5)
        # rooms with such names
        alice.ask("/join unban", "unban")
        for words in (("#unban",), ("--", "unban")):
            self.assertEqual(self.d.json("room", *words)["name"], "unban")
        alice.send("/leave unban")

    def test_say_and_announce(self):
        alice, bob = self.clients("alice", "bob")
        room = self.room()
        alice.ask("/join " + room, room)
        self.d.ctl("say", room, "into", "this", "room")
        alice.line("Server: into this room")
        self.d.ctl("announce", "to", "all  of you")
        for c in (alice, bob):
            c.expect(r"\[to everybody\] Server: to all +of you")
        self.assertNotIn("into this", bob.text.decode())
        self.d.ctl("say", "nosuchroom", "x", status=5)

    def test_chat(self):
        """Both ways at the same time, not in turns."""
        alice = self.client("alice")
        chat = Running(self, "chat", alice.name)
        chat.expect("connected")
        for i in range(5):
            chat.send("question %d" % i)
        for i in range(5):
            alice.line('Server sent you "question %d"' % i)
        for i in range(5):
            alice.send("answer %d@Server" % i)
        for i in range(5):
            chat.expect("%s: answer %d" % (alice.name, i))
        done = []

        def both():
            for i in range(200):
                chat.send("s%d" % i)
            done.append(1)
        t = threading.Thread(target=both)
        t.start()
        for i in range(200):
            alice.send("a%d@Server" % i)
        for i in range(200):
            chat.expect("%s: a%d$" % (alice.name, i))
        t.join()
        for i in range(200):
            alice.line('Server sent you "s%d"' % i)
        other = self.client("other")
        other.send("psst@Server")
        other.expect("Couldn't send")
        alice.ask("/format client", "look like")
        chat.send("as client")
        alice.line("Server: as client")
        chat.send("/quit")
        self.assertEqual(chat.wait(), 0)
        alice.send("gone?@Server")
        alice.expect("Couldn't send")
        # until end of input, and when the user leaves
        chat = Running(self, "chat", alice.name)
        chat.expect("connected")
        chat.p.stdin.close()
        self.assertEqual(chat.wait(), 0)
        chat = Running(self, "chat", alice.name)
        chat.expect("connected")
        alice.send("/quit")
        chat.expect("%s: has left" % alice.name)
        self.assertEqual(chat.wait(), 0)
        self.d.ctl("chat", "nobody", status=5)

    def test_chat_goes_on_after_a_new_broker(self):
        alice = self.client("alice")
        chat = Running(self, "chat", alice.name)
        chat.expect("connected")
        pid = self.d.kill_role("broker")
        self.eventually("a new broker", lambda: self.d.kids("broker") and pid not in self.d.kids("broker"))
        chat.send("still there?")
        alice.line('Server sent you "still there?"')
        alice.send("yes@Server")
        chat.expect("%s: yes" % alice.name)

    def test_events(self):
        ev = Running(self, "events", "-o", "jsonl")
        for tries in range(20):  # the stream has begun when something of it has come
            first = self.client("first")
            if select.select([ev.p.stdout], [], [], 0.2)[0]:
                break
        alice = self.client("alice")
        room = self.room()
        alice.ask("/join " + room, room)
        old, new = alice.name, self.fresh("alicia")
        alice.send("/nick " + new, "/leave %s bye" % room)
        alice.expect("left " + room)
        self.d.ctl("kick", new, "out")
        want = [("login", old), ("join", old), ("join", old), ("nick", new), ("part", new), ("quit", new)]
        got = []
        while len(got) < len(want):
            row = json.loads(ev.expect("{.*}").group(0))
            self.assertRegex(row["time"], RFC3339)
            if row["user"] in (old, new):
                got.append((row["event"], row["user"]))
        self.assertEqual(got, want)
        ev.p.terminate()  # not SIGINT: who runs this in the background has it ignored
        ev.wait()
        table = Running(self, "events")
        table.expect("^TIME")
        for tries in range(20):
            self.client("t")
            if select.select([table.p.stdout], [], [], 0.2)[0]:
                break
        table.expect(r"(login|quit|join)\s+t\d+")
        first.sync()

    def test_monitor(self):
        mon = Running(self, "monitor", "-i", "1", "-o", "jsonl")
        mon.expect("{.*}")
        alice = self.client("alice")
        alice.send("x", "y")
        alice.sync()
        total = 0
        for _ in range(5):
            row = json.loads(mon.expect("{.*}").group(0))
            for key in ("time", "sessions", "users", "rooms", "messages", "deliveries"):
                self.assertIn(key, row)
            total += row["messages"]
            if total >= 3:
                break
        self.assertGreaterEqual(total, 3)

    def test_log(self):
        mark = self.d.log_mark()
        self.d.ctl("log", "level", "debug")
        self.d.ctl("log", "trace", "ipc,conn")
        self.client("traced")
        self.d.expect_log("(?i)ipc|conn", mark)
        self.d.ctl("log", "trace", "none")
        self.d.ctl("log", "level", "info")
        self.assertIn(self.d.ctl_run("log", "level", "loud")[0], (1, 2))
        self.assertIn(self.d.ctl_run("log", "trace", "nonsense")[0], (1, 2))

    def test_worker_restart(self):
        alice = self.client("alice")
        w = self.d.worker_of(alice.name)
        pid = self.d.pids_of("worker")[w]
        self.d.restarts_meant = True
        self.d.ctl("worker", "restart", w)
        alice.expect_eof()
        self.eventually("another process", lambda: self.d.pids_of("worker").get(w) not in (pid, None))
        self.d.ctl("worker", "restart", "99", status=5)
        self.d.ctl("worker", "restart", "x", status=2)

    def test_control_characters(self):
        """Rows of the terminal table as names, reasons and texts."""
        alice = self.client("alice")
        for evil in ("\x1b[2J", "\x1b]0;t\x07", "\u009b2J", "\x07", "\u202e"):
            self.d.ctl_run("say", "lobby", "x%sy" % evil)
            self.d.ctl_run("announce", "x%sy" % evil)
            for words in (("user", "x" + evil), ("room", evil), ("users", evil), ("help", evil), ("kick", evil), ("ban", "del", evil)):
                with self.subTest(words):
                    out = "".join(map(str, self.d.ctl_run(*words)[1:]))
                    self.assertNotRegex(out, "[\x00-\x09\x0b-\x1f\x7f-\x9f]")
                    self.assertEqual(out.count("\u202e"), out.count("\u202c"), "turned around beyond its own line")
        alice.sync()
        self.assertNotRegex(alice.text.decode(), "[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f]")


class ExitCodes(OwnCase):
    def test_usage(self):
        d = self.daemon()
        for words in ((), ("nonsense",), ("kick",), ("user",), ("users", "a", "b"), ("status", "x"), ("-o", "xml", "users"),
                      ("ban", "add", "--for", "soon", "x"), ("--nonsense", "users"), ("stop", "--in", "x"), ("wait", "never"),
                      ("status", "--for", "2h"), ("ban",), ("say", "lobby")):
            with self.subTest(words):
                code, out, err = d.ctl_run(*words)
                self.assertEqual(code, 2, out + err)
                self.assertTrue(err.strip())
        # What is refused is told why; a text is never taken for a cry for help.
        alice = self.client("alice")
        for words, why in ((("ban", "add", ""), "an address"), (("ban", "add", "10.0.0.0/33"), "an address"),
                           (("mute", "add", "", "x"), "an address"), (("host", alice.name, "bad host"), "letters, digits")):
            code, out, err = d.ctl_run(*words)
            self.assertEqual(code, 2, words)
            self.assertIn(why, err)
        self.assertEqual(d.json("ban", "list"), [])
        for words, says in ((("--help",), "announce"), (("-h",), "announce"), (("ban", "--help"), "ban del"),
                            (("kick", "-h"), "kick NAME"), (("-o", "json", "users", "--help"), "users")):
            code, out, err = d.ctl_run(*words)
            self.assertEqual((code, err), (0, ""), words)
            self.assertIn(says, out)
        d.ctl("say", "lobby", "--help")
        alice.expect("--help")
        for words in (("user", "nobody"), ("room", "nosuch"), ("kick", "nobody")):
            code, out, err = d.ctl_run(*words)
            self.assertEqual(code, 5)
            self.assertEqual(err.count("\n"), 1, "one line on stderr")
            self.assertEqual(out, "")
        self.assertEqual(d.ctl_run("users", sock="/nonexistent/sock")[0], 3)
        with tempfile.NamedTemporaryFile() as f:
            self.assertEqual(d.ctl_run("users", sock=f.name)[0], 3)
        r = subprocess.run([build().program("tools/chatctl"), "status", "-o", "json"], env=dict(d.env, CHATCTL_SOCKET=d.socket),
                           stdout=subprocess.PIPE, timeout=limit(30))
        self.assertEqual(json.loads(r.stdout)["pid"], d.pid)

    def test_wait_and_stop(self):
        d = self.daemon()
        d.ctl("wait", "ready")
        d.ctl("wait", "down", "--timeout", "1s", status=6)
        alice = self.client("alice")
        self.assertIsNone(d.json("status")["stop_at"])
        d.ctl("stop", "--in", "1h")
        at = d.json("status")["stop_at"]
        self.assertRegex(at, RFC3339)
        self.assertLess(abs(calendar.timegm(time.strptime(at, "%Y-%m-%dT%H:%M:%SZ")) - time.time() - 3600), limit(30))
        self.assertIn(at[:15], d.ctl("status"))
        d.ctl("stop", "--cancel")
        self.assertIsNone(d.json("status")["stop_at"])
        alice.sync()
        waiting = Running(self, "wait", "down")
        d.ctl("stop", "--in", "1s")
        alice.expect("(?i)server|stop")
        alice.expect_eof()
        self.assertEqual(d.wait(), 0)
        self.assertEqual(waiting.wait(), 0)
        d.ctl("wait", "down")
        d.ctl("wait", "ready", "--timeout", "1s", status=6)
        d.ctl("status", status=3)

    def test_stopped_daemon(self):
        """Control is there but does not answer: chatctl gives up."""
        d = self.daemon()
        pid = d.kids("control")[0]
        os.kill(d.pid, signal.SIGSTOP)  # or else the master would replace it
        os.kill(pid, signal.SIGSTOP)
        p = Running(self, "wait", "ready", "--timeout", "1s")
        try:
            self.assertIn(p.wait(), (3, 6))
        finally:
            os.kill(pid, signal.SIGCONT)
            os.kill(d.pid, signal.SIGCONT)


class Levels(OwnCase):
    """Who may what: the kernel says who asks."""

    def setUp(self):
        if os.getuid() != 0:
            self.skipTest("only root can ask as somebody else")
        users = [p for p in pwd.getpwall() if p.pw_name in ("daemon", "bin", "games", "mail", "news", "man", "lp", "sys")]
        if len(users) < 4:
            self.skipTest("no four accounts to ask as")
        self.users = users[:4]

    def test_levels(self):
        reader, operator, admin, nobody = self.users
        d = self.daemon({"control": {"read": [reader.pw_name], "operate": [operator.pw_name], "admin": [admin.pw_name]}})
        alice = self.client("alice")

        def code(user, *words):
            return d.ctl_run(*words, user=(user.pw_uid, user.pw_gid))[0]
        for words in (("status",), ("users",), ("rooms",), ("stats",), ("metrics",), ("ban", "list"), ("config", "dump")):
            self.assertEqual([code(u, *words) for u in (reader, operator, admin, nobody)], [0, 0, 0, 4], words)
        for words in (("say", "lobby", "x"), ("announce", "x"), ("ban", "add", "mallory"), ("mute", "add", "mallory")):
            self.assertEqual([code(u, *words) for u in (nobody, reader, operator, admin)], [4, 4, 0, 0], words)
        for words in (("reload",), ("log", "level", "info")):
            self.assertEqual([code(u, *words) for u in (nobody, reader, operator, admin)], [4, 4, 4, 0], words)
        self.assertEqual(code(reader, "kick", alice.name), 4)
        self.assertEqual(code(reader, "stop"), 4)
        alice.sync()
        self.assertNotIn(4, [code(u, "help") for u in self.users])
        mark = d.log_mark()
        self.assertEqual(code(operator, "kick", alice.name, "x"), 0)
        d.expect_log(r"uid %d pid \d+" % operator.pw_uid, mark)
        # the refused are logged nowhere as done, and a reload takes a right away
        d.write_conf({"control": {"admin": [admin.pw_name]}})
        d.ctl("reload")
        self.assertEqual(code(reader, "status"), 4)

    def test_groups(self):
        import grp
        member = self.users[0]
        group = grp.getgrgid(member.pw_gid).gr_name
        d = self.daemon({"control": {"operate": ["@" + group]}})
        self.assertEqual(d.ctl_run("announce", "x", user=(member.pw_uid, member.pw_gid))[0], 0)
        self.assertEqual(d.ctl_run("reload", user=(member.pw_uid, member.pw_gid))[0], 4)


class Socket(Case):
    """The wire itself, and what strangers may do to it."""

    kept = {}

    def raw(self):
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(limit())
        s.connect(self.d.socket)
        self.addCleanup(s.close)
        return s

    def answer(self, s):
        """Records until the last: status, body. What came behind them is kept for the next call."""
        data, body = self.kept.pop(s, b""), b""
        while True:
            while b"\n" not in data:
                more = s.recv(65536)
                if not more:
                    return None, data
                data += more
            head, data = data.split(b"\n", 1)
            status, size = head.split()[:2]
            while len(data) < int(size):
                data += s.recv(65536)
            body += data[:int(size)]
            data = data[int(size):].lstrip(b"\n") if data[int(size):].startswith(b"\n") else data[int(size):]
            if status != b"100":
                self.kept[s] = data
                return int(status), body

    def test_a_line_and_its_answer(self):
        s = self.raw()
        s.sendall(b"status -o json\n")
        status, body = self.answer(s)
        self.assertEqual(status, 200, body)
        self.assertEqual(json.loads(body)["pid"], self.d.pid)
        s.sendall(b"user nobody\nusers -o jsonl\n")  # one after the other on one connection
        self.assertEqual(self.answer(s)[0], 404)
        self.assertEqual(self.answer(s)[0], 200)

    def test_nc(self):
        nc = shutil.which("nc")
        if nc is None:
            self.skipTest("nc is not there")
        r = subprocess.run([nc, "-U", "-N", self.d.socket] if "-N" in subprocess.run([nc, "-h"], stderr=subprocess.PIPE, text=True).stderr
                           else [nc, "-U", self.d.socket], input=b"listeners -o json\n", stdout=subprocess.PIPE, timeout=limit(20))
        self.assertIn(b'"protocol"', r.stdout)
        self.assertRegex(r.stdout, rb"^\d\d\d \d+")

    def test_garbage(self):
        for data in (b"\0\0\0\0\n", b"\xff\xfe\n", b"nonsense\n", b"\n\n\n", b'user "open\n', b"user \\\n", b"x" * 100000 + b"\n",
                     b"kick " + b"a" * 100000 + b"\n", b"status\0\n", b"\x1b[2J\n", b"say lobby " + b"y" * 17000 + b"\n",
                     b"users " + b"*" * 300 + b"\n", b"users " + b"*a" * 100 + b"\n"):
            with self.subTest(data[:30]):
                s = self.raw()
                try:
                    s.sendall(data)
                    s.shutdown(socket.SHUT_WR)
                except OSError:
                    pass
                got = b""
                try:
                    while True:
                        more = s.recv(65536)
                        if not more:
                            break
                        got += more
                except ConnectionResetError:
                    pass
                self.assertNotIn(b"\x1b", got)
        self.d.ctl("status")
        pid = self.d.kids("control")
        self.assertEqual(len(pid), 1)

    def test_half_open_and_many(self):
        """Those that connect and say nothing keep nobody out."""
        self.assertTrue(self.d.port)
        quiet = [self.raw() for _ in range(20)]
        for s in quiet[:10]:
            s.sendall(b"stat")
        self.d.ctl("status")
        crowd = []
        try:
            for _ in range(2000):
                s = socket.socket(socket.AF_UNIX)
                s.setblocking(False)
                crowd.append(s)
                s.connect(self.d.socket)
        except (BlockingIOError, OSError):
            pass
        alice = self.client("alice")  # chat does not notice
        alice.sync()
        for s in crowd:
            s.close()
        for s in quiet:
            s.close()
        self.eventually("chatctl", lambda: self.d.ctl_run("status")[0] == 0)

    def test_who_does_not_read(self):
        for _ in range(50):
            self.client("m")
        s = self.raw()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.setblocking(False)
        try:
            for _ in range(2000):
                s.send(b"users -o json\n" * 50)
        except BlockingIOError:
            pass
        alice = self.client("alice")
        alice.sync()
        self.d.ctl("users")
        rss = [p["rss_bytes"] for p in self.d.processes() if p["role"] == "control"][0]
        self.assertLess(rss, (300 if build().sanitized else 60) << 20)


# chatd-control's clock, and nobody else's, is as many seconds ahead as the file says. chatctl waits a fifteenth of its time.
AHEAD = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
static const volatile long *ahead;
static int (*real)(clockid_t, struct timespec *);
__attribute__((constructor)) static void begin(void)
{
    const char *file = getenv("AHEAD");
    int fd = file && !strcmp(program_invocation_short_name, "chatd-control") ? open(file, O_RDONLY | O_CLOEXEC) : -1;
    void *p = fd >= 0 ? mmap(NULL, sizeof(long), PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;
    ahead = p != MAP_FAILED ? p : NULL;
    real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
}
int clock_gettime(clockid_t clock, struct timespec *t)
{
    int r;
    if (!real)
        begin();
    r = real(clock, t);
    if (r == 0 && clock == CLOCK_MONOTONIC && ahead)
        t->tv_sec += *ahead;
    return r;
}
int setsockopt(int fd, int level, int name, const void *value, socklen_t n)
{
    int (*usual)(int, int, int, const void *, socklen_t) = (int (*)(int, int, int, const void *, socklen_t))dlsym(RTLD_NEXT, "setsockopt");
    struct timeval t;
    if (level != SOL_SOCKET || name != SO_RCVTIMEO || strcmp(program_invocation_short_name, "chatctl"))
        return usual(fd, level, name, value, n);
    memcpy(&t, value, sizeof(t));
    t.tv_sec /= 15;
    return usual(fd, level, name, &t, sizeof(t));
}
"""


class Deadlines(OwnCase):
    """What may take its time, and what may not."""

    def ahead_daemon(self, config=None, env=None):
        where = tempfile.TemporaryDirectory(prefix="chatd-t-")
        self.addCleanup(where.cleanup)
        os.chmod(where.name, 0o755)
        self.file, self.ahead = os.path.join(where.name, "ahead"), 0
        with open(self.file, "wb") as f:
            f.write(struct.pack("l", 0))
        return self.daemon(config, env=dict(env or {}, LD_PRELOAD=self.preload(AHEAD), AHEAD=self.file))

    def later(self, seconds):
        """So much later for chatd-control, which has seen what is due by then."""
        self.ahead += seconds
        with open(self.file, "r+b", buffering=0) as f:
            f.write(struct.pack("l", self.ahead))
        self.d.ctl("status")  # accepted in one turn, answered in another

    def test_streams_have_none(self):
        d = self.ahead_daemon()
        alice = self.client("alice", d)
        chat, events, monitor = (Running(self, *words) for words in (("chat", alice.name), ("events",), ("monitor", "-i", "1")))
        chat.expect("connected")
        events.expect("^TIME")
        monitor.expect(RFC3339)
        for seconds in (15, 400):
            self.later(seconds)
            chat.send("after %d" % seconds)
            alice.line('Server sent you "after %d"' % seconds)
            alice.send("yes %d@Server" % seconds)
            chat.expect("%s: yes %d" % (alice.name, seconds))
            bob = self.client("bob", d)
            events.expect("login +%s " % bob.name)
            monitor.expect(RFC3339)
        # the others do have one
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(limit())
            s.connect(d.socket)
            s.sendall(b"help help\n")
            self.assertTrue(s.recv(4096).startswith(b"200 "))
            d.ctl("status")  # its time begins in the turn that answered, behind the answer
            self.later(400)
            self.assertEqual(s.recv(4096), b"")

    def test_questions_have_what_the_store_has(self):
        """store.query_time, and as much more as the broker waits: it is there that a question ends."""
        if not build().store or not build().killpoints:
            self.skipTest("nothing is kept, or no points to hang at")
        d = self.ahead_daemon({"store": {"query_time": 30000}}, {"CHATD_DISK": "any:1:hang:1:hung"})
        alice = self.client("alice", d)
        alice.send("before")
        d.ctl("history", "show", "lobby")
        hung = os.path.join(d.dir, "state", "hung")
        with open(hung, "wb"):
            self.addCleanup(lambda: os.path.exists(hung) and os.unlink(hung))
        alice.send("while it hangs")
        alice.sync()
        d.ctl("log", "trace", "control")
        mark = d.log_mark()
        asked = Running(self, "history", "show", "lobby")
        d.expect_log("history show", mark)
        d.ctl("users")          # behind the question, at the broker
        begun = time.monotonic()
        self.later(35)
        self.assertIsNone(asked.p.poll())
        time.sleep(max(0, begun + 1.5 - time.monotonic()))  # more than chatctl has for what is quick
        os.unlink(hung)
        asked.expect("before")
        asked.expect("while it hangs")
        self.assertEqual(asked.wait(), 0)


class Top(Case):
    def test_on_a_terminal(self):
        import pty
        if "ncurses" not in subprocess.run(["ldd", build().program("tools/chatctl")], stdout=subprocess.PIPE, text=True).stdout \
                and "tinfo" not in subprocess.run(["ldd", build().program("tools/chatctl")], stdout=subprocess.PIPE, text=True).stdout:
            self.skipTest("chatctl is built without ncurses")
        alice = self.client("topmost")
        master, slave = pty.openpty()
        import fcntl
        import struct
        import termios
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 120, 0, 0))
        p = subprocess.Popen([build().program("tools/chatctl"), "-s", self.d.socket, "top", "-i", "1"], stdin=slave, stdout=slave,
                             stderr=slave, env=dict(self.d.env, TERM="xterm"), preexec_fn=die_with_parent)
        os.close(slave)
        self.addCleanup(os.close, master)
        seen = b""
        while alice.name.encode() not in seen:
            self.assertTrue(select.select([master], [], [], limit())[0], seen[-500:])
            seen += os.read(master, 65536)
        os.write(master, b"q")
        while select.select([master], [], [], limit())[0]:
            try:
                if not os.read(master, 65536):
                    break
            except OSError:
                break
        self.assertEqual(p.wait(limit()), 0)


if __name__ == "__main__":
    main()
