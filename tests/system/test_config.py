#!/usr/bin/env python3
"""The configuration: what is accepted, what is refused and where, what a reload does (R13)."""

import calendar
import os
import re
import signal
import socket
import subprocess
import time

from harness import Case, Daemon, OwnCase, build, limit, main


# What is wrong, the file, the line it is in (counted from 1).
BROKEN = [
    ("not a word", "@@@ !!!\n", 1),
    ("syntax: no value", "name = ;\n", 1),
    ("syntax: open string", 'name = "abc;\n', None),
    ("syntax: open group", "limits = {\n queue = 4096;\n", None),
    ("syntax: open list", "listen = (\n", None),
    ("unknown option", "nonsense = 1;\n", 1),
    ("unknown option further down", "\n\n\nnonsense = 1;\n", 4),
    ("unknown option in a group", "limits = {\n\n  nonsense = 1;\n};\n", 3),
    ("unknown group", "limit = { queue = 4096; };\n", 1),
    ("unknown option of a listener", 'listen = ( { protocol = "telnet";\n colour = "red"; port = 1; } );\n', 2),
    ("string for a number", 'workers = "two";\n', 1),
    ("number for a string", "name = 5;\n", 1),
    ("boolean for a number", "workers = true;\n", 1),
    ("float for a number", "workers = 1.5;\n", 1),
    ("number for a group", "limits = 5;\n", 1),
    ("group for a string", "name = { x = 1; };\n", 1),
    ("list for a number", "workers = ( 1, 2 );\n", 1),
    ("negative", "workers = -1;\n", 1),
    ("too large", "workers = 57;\n", 1),
    ("too small", "journal = 1000;\n", 1),
    ("beyond 32 bits", "workers = 4294967296;\n", 1),
    ("beyond 32 bits, which wraps to 1", "workers = 4294967297;\n", 1),
    ("beyond 64 bits", "journal = 99999999999999999999999;\n", 1),
    ("limit out of range", "limits = { queue = 1; };\n", 1),
    ("max_sessions 0", "limits = { max_sessions = 0; };\n", 1),
    ("string too long", 'user = "%s";\n' % ("u" * 65), 1),
    ("no such user", '\nuser = "no-such-user-here";\n', 2),
    ("no such group", '\ngroup = "no-such-group-here";\n', 2),
    ("no such admin", 'control = {\n admin = [ "no-such-user-here" ]; };\n', 2),
    ("no such admin group", 'control = { admin = [\n "@no-such-group-here" ]; };\n', None),
    ("unknown protocol", 'listen = ( { protocol = "gopher"; address = "127.0.0.1"; port = 0; } );\n', 1),
    ("tls without a certificate", 'listen = ( { protocol = "telnet"; address = "127.0.0.1"; port = 0; tls = true; } );\n', 1),
    ("not built", 'link = { };\n', 1),
    ("no protocol", 'listen = ( { address = "127.0.0.1"; port = 0; } );\n', 1),
    ("bad address", 'listen = ( { protocol = "telnet"; address = "300.1.1.1"; port = 0; } );\n', 1),
    ("bad port", 'listen = ( { protocol = "telnet"; address = "127.0.0.1"; port = 65536; } );\n', 1),
    ("path and port", 'listen = ( { protocol = "telnet"; path = "/tmp/x"; port = 1; } );\n', 1),
    ("path too long", 'listen = ( { protocol = "telnet"; path = "/%s"; } );\n' % ("x" * 200), 1),
    ("bad profile", 'listen = ( { protocol = "telnet"; address = "127.0.0.1"; port = 0; profile = "loud"; } );\n', 1),
    ("bad level", 'log = {\n level = "loud"; };\n', 2),
    ("bad facility", 'log = { facility = "kitchen"; };\n', 1),
    ("bad room", 'rooms = { default = "a,b"; };\n', 1),
    ("option twice", "workers = 1;\nworkers = 2;\n", 2),
    ("include of nothing", '@include "/nonexistent/file"\n', 1),
    ("no message of the day", '\n\nirc = { motd = "/nonexistent/motd"; };\n', 3),
    ("network with a space", 'irc = {\n network = "a b"; };\n', 2),
    ("gateway without hosts", 'irc = { webirc = (\n { password = "x"; } ); };\n', 2),
    ("control character", "name = \"a\\x07b\";\n", 1),
]
BROKEN_WEB = [
    ("no process for HTTP", "web = { processes = 0; };\n", 1),
    ("page without a path", 'web = {\n root = "page"; };\n', 2),
    ("address of the page", 'web = { url = "chat.example.org"; };\n', 1),
    ("origin with a path", 'web = { origins = "https://example.org/x"; };\n', 1),
    ("network", 'web = { metrics = "10.0.0.0/33"; };\n', 1),
    ("profile of a page", 'listen = ( { protocol = "web"; address = "127.0.0.1"; port = 0; profile = "direct"; } );\n', 1),
]
BROKEN_WITHOUT_WEB = [
    ("protocol not built", 'listen = ( { protocol = "web"; address = "127.0.0.1"; port = 0; } );\n', 1),
    ("web not built", "\nweb = { processes = 1; };\n", 2),
]
NOT_BUILT = ("protocol not built", "not built", "web not built")


def check(d, *more):
    return subprocess.run([build().program("master/chatd"), "-t", "-c", d.conf] + list(more), stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, env=d.env, timeout=limit(20))


class Files(Case):
    """chatd -t and reload, with one daemon that all of it must leave alone."""

    def tearDown(self):
        self.d.write_conf({})

    def test_broken_files(self):
        self.assertGreaterEqual(len(BROKEN), 30)
        alice = self.client("alice")
        before = self.d.ctl("config", "dump")
        kids = sorted(self.d.kids("worker") + self.d.kids("broker") + self.d.kids("control"))
        for what, text, line in BROKEN + (BROKEN_WEB if build().web else BROKEN_WITHOUT_WEB):
            with self.subTest(what):
                self.d.write_conf(text)
                where = re.escape(self.d.conf) + (":%d: ." % line if line else r":\d+: .")
                r = check(self.d)
                self.assertEqual(r.returncode, 1, r.stdout + r.stderr)
                self.assertRegex(r.stderr, where)
                if what in NOT_BUILT:
                    self.assertIn("not in this build", r.stderr)
                self.assertRegex(self.d.ctl("config", "check", status=1), where)
                self.assertRegex(self.d.ctl("reload", status=1), where)
                self.assertEqual(self.d.ctl("config", "dump"), before)
                alice.sync()
        # by signal: the log says where
        mark = self.d.log_mark()
        self.d.write_conf("\nnonsense = 1;\n")
        os.kill(self.d.pid, 1)
        self.d.expect_log(re.escape(self.d.conf) + r":2: ", mark)
        os.unlink(self.d.conf)
        self.assertNotEqual(self.d.ctl_run("reload")[0], 0)
        self.assertEqual(sorted(self.d.kids("worker") + self.d.kids("broker") + self.d.kids("control")), kids)
        alice.sync()

    def test_every_mistake_is_told(self):
        """Twenty of them are a long line; none of it is missing."""
        names = ["%s_%d" % ("n" * 60, i) for i in range(20)]
        self.d.write_conf("".join("%s = 1;\n" % name for name in names))
        told = self.d.ctl("config", "check", status=1)
        self.assertEqual([n for n in names if n + ";" not in told.strip() + ";"], [], told)

    def test_round_trip(self):
        """What -t prints is a configuration that means the same."""
        first = check(self.d)
        self.assertEqual(first.returncode, 0, first.stderr)
        self.d.write_conf(first.stdout)
        second = check(self.d)
        self.assertEqual(second.returncode, 0, second.stderr)
        self.assertEqual(second.stdout, first.stdout)
        for option in ("max_sessions", "queue_time", "journal", "state_dir", "login_time", "facility"):
            self.assertIn(option, first.stdout)
        self.assertEqual(self.d.ctl("config", "dump"), first.stdout)

    def test_sample(self):
        """The file that is installed is good, but for the account that has to be made first; it names what this build has."""
        import pwd
        import grp
        me = pwd.getpwuid(os.getuid()).pw_name
        group = grp.getgrgid(os.getgid()).gr_name
        with open(os.path.join(build().path, "etc", "chatd.conf"), encoding="utf-8") as f:
            text = f.read()
        self.assertRegex(text, r'(?m)^\s*\{ protocol = "telnet"; address = "127\.0\.0\.1"; port = 9898; \}')
        for regex, now in ((r'(?m)^user = "[^"]*"', 'user = "%s"' % me), (r'(?m)^group = "[^"]*"', 'group = "%s"' % group),
                           (r'admin = \[ "@[^"]*" \]', 'admin = [ "@%s" ]' % group)):
            text, n = re.subn(regex, now, text)
            self.assertEqual(n, 1, regex)
        self.d.write_conf(text)
        r = check(self.d)
        self.assertEqual(r.returncode, 0, r.stderr)

    def test_nothing_is_started_by_a_check(self):
        before = sorted(os.listdir(self.d.dir))
        r = check(self.d)
        self.assertEqual(r.returncode, 0, r.stderr)
        self.assertEqual(sorted(os.listdir(self.d.dir)), before)


def on(port, protocol="telnet", address="127.0.0.1"):
    return {"protocol": protocol, "address": address, "port": port}


def inet6():
    try:
        with socket.socket(socket.AF_INET6) as s:
            s.bind(("::1", 0))
        return True
    except OSError:
        return False


# A resolver that nobody answers.
DEAF = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <string.h>
#include <unistd.h>
int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **res)
{
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **) = dlsym(RTLD_NEXT, "getaddrinfo");
    if (host && strncmp(host, "deaf", 4) == 0 && !(hints->ai_flags & AI_NUMERICHOST))
        sleep(60);
    return real(host, service, hints, res);
}
"""


class Trial(OwnCase):
    """A check tells what a start, or a reload, would stumble over, and changes nothing."""

    def free(self):
        """A port that nobody else is given before the test ends, and at which one can listen."""
        s = socket.socket()
        self.addCleanup(s.close)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]

    def refused(self, d, config, why, by_command_line=True):
        d.write_conf(config)
        self.assertRegex(d.ctl("config", "check", status=1), why)
        r = check(d)
        self.assertEqual(r.returncode, 1 if by_command_line else 0, r.stderr)
        if by_command_line:
            self.assertRegex(r.stderr, why)
        self.assertRegex(d.ctl("reload", status=1), why)

    def good(self, d, config, more=""):
        d.write_conf(config)
        self.assertIn("the configuration is good" + more, d.ctl("config", "check"))
        r = check(d)
        self.assertEqual((r.returncode, r.stderr), (0, ""))

    def test_the_same_place_twice(self):
        d = self.daemon()
        port = d.listeners()[0]["port"]
        for p in (port, self.free()):
            for a, b in (("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("127.0.0.1", "0.0.0.0"), ("127.0.0.1", "localhost"),
                         *([("::", "127.0.0.1")] if inet6() else [])):
                with self.subTest(a=a, b=b, running=p == port):
                    self.refused(d, {"listen": [on(p, address=a), on(p, "irc", b)]}, "the listener at .*:[0-9]+ does")
            self.good(d, {"listen": [on(p), on(p, "irc", "127.0.0.2")]})
        d.write_conf({"listen": [on(port)]})
        d.ctl("reload")
        d.write_conf({"listen": [on(0, "irc"), on(port), on(port, "irc")]})  # where it stands now
        with open(d.conf, encoding="utf-8") as f:
            line = 1 + f.read().split("telnet")[0].count("\n")
        self.assertIn("the listener at %s:%d does" % (d.conf, line), d.ctl("config", "check", status=1))
        path = os.path.join(d.dir, "talk")
        self.refused(d, {"listen": [{"protocol": "telnet", "path": path}, {"protocol": "irc", "path": path}]}, "the listener at")
        self.refused(d, {"listen": [{"protocol": "telnet", "path": d.socket}]}, re.escape(d.socket) + " is the admin socket")
        self.assertFalse(os.path.exists(path))

    def test_path(self):
        """A socket that was left behind is no hindrance, and stays until it is needed."""
        d = self.daemon()
        path, listen = os.path.join(d.dir, "talk"), {"protocol": "telnet", "path": os.path.join(d.dir, "talk")}
        with socket.socket(socket.AF_UNIX) as s:
            s.bind(path)
        left = os.stat(path).st_ino
        self.good(d, {"listen": [on(0), listen]})
        self.assertEqual(os.stat(path).st_ino, left)
        os.unlink(path)
        self.good(d, {"listen": [on(0), listen]})
        self.assertFalse(os.path.exists(path))
        self.refused(d, {"listen": [dict(listen, path=d.dir + "/no/such")]}, "(?i)no such file")
        with open(path, "w", encoding="ascii"):
            self.refused(d, {"listen": [listen]}, "File exists")

    def test_a_place_that_is_not_ours(self):
        d = self.daemon()
        with socket.create_server(("127.0.0.1", 0)) as s:
            self.refused(d, {"listen": [on(s.getsockname()[1])]}, "in use", by_command_line=False)
        self.refused(d, {"listen": [on(0, address="192.0.2.1")]}, "(?i)cannot assign")
        self.refused(d, {"listen": [on(0, address="no..such")]}, "cannot listen on no\\.\\.such")  # nobody is asked for such a name

    def test_a_name_that_nobody_knows(self):
        """While it is looked up nobody is let in, so that has an end."""
        d = self.daemon(env={"LD_PRELOAD": self.preload(DEAF)})
        alice = self.client("alice", d)
        begun = time.monotonic()
        d.write_conf({"listen": [on(0)] + [on(0, address="deaf%d" % i) for i in range(4)] + [on(0, "irc", "localhost")]})
        for words in (("config", "check"), ("reload",)):
            said = d.ctl(*words, status=1)
            for i in range(4):
                self.assertIn("cannot listen on deaf%d port 0: its name could not be looked up in time" % i, said)
        self.assertLess(time.monotonic() - begun, limit(12))  # 3 s each, where they would have taken 4 minutes each
        alice.sync()
        self.client("bob", d)
        d.write_conf({"listen": [on(0), on(0, "irc", "localhost")]})
        d.ctl("reload")
        self.assertEqual({l["protocol"] for l in d.listeners()}, {"telnet", "irc"})

    def test_a_path_that_is_taken(self):
        """Who listens at a path does not give way, not even we."""
        d = self.daemon()
        ours, other = ({"protocol": "telnet", "path": os.path.join(d.dir, name)} for name in ("ours", "other"))
        self.good(d, {"listen": [on(0), ours]})
        d.ctl("reload")
        self.refused(d, {"listen": [on(0), dict(ours, protocol="irc")]}, "cannot listen on .*/ours: .*in use", by_command_line=False)
        with socket.socket(socket.AF_UNIX) as s:
            s.bind(other["path"])
            s.listen()
            self.refused(d, {"listen": [on(0), other]}, "cannot listen on .*/other: .*in use", by_command_line=False)
        self.good(d, {"listen": [on(0), ours]})

    def test_the_same_port_elsewhere(self):
        """One of ours that is to go makes no room at another address."""
        d = self.daemon({"listen": [on(0)]})
        port = d.listeners()[0]["port"]
        with socket.create_server(("127.0.0.2", port)):
            self.refused(d, {"listen": [on(port, address="127.0.0.2")]}, "in use", by_command_line=False)
        self.good(d, {"listen": [on(port, address="127.0.0.2")]})
        self.good(d, {"listen": [on(port, address="0.0.0.0")]})

    def test_one_of_ours_may_give_way(self):
        d = self.daemon({"listen": [on(0)]})
        port = d.listeners()[0]["port"]
        c = self.client("alice", d=d)
        self.good(d, {"listen": [on(port, "irc")]})
        self.assertEqual([(r["protocol"], r["port"]) for r in d.listeners()], [("telnet", port)])
        self.client("bob", d=d)
        c.sync()

    def test_log(self):
        d = self.daemon()
        for to, good in ((d.dir + "/no/such", False), (d.dir + "/new", True), (d.dir, False), (d.dir + "/log.txt", True)):
            d.write_conf({"log": {"to": to}})
            r = check(d)
            self.assertEqual(r.returncode, 0 if good else 1, to)
            self.assertRegex(r.stderr, "^$" if good else "cannot open the log %s: " % to)
        self.assertFalse(os.path.exists(d.dir + "/new"))

    def test_what_needs_a_restart(self):
        d = self.daemon()
        self.good(d, {"limits": {"max_sessions": 77}}, "; needs a restart: ")
        self.good(d, {})


class Reload(OwnCase):
    def test_what_changes_at_once(self):
        d = self.daemon()
        alice = self.client("alice")
        d.write_conf({"rooms": {"default": "foyer"}, "limits": {"max_per_address": 3}, "name": "other.test", "log": {"level": "debug"}})
        d.ctl("reload")
        bob = self.client("bob")
        self.assertEqual(d.json("user", bob.name)["rooms"], ["foyer"])
        self.assertEqual(d.json("user", alice.name)["rooms"], ["lobby"])
        self.assertEqual(d.json("status")["name"], "other.test")
        self.client("third")
        c = self.connect()
        self.assertNotIn("Welcome", c.expect_eof())
        alice.sync()
        for key, value in (("workers", 3), ("journal", 1 << 20), ("run_dir", "/tmp/elsewhere")):
            with self.subTest(key):
                mark = d.log_mark()
                d.write_conf({key: value})
                out = "".join(d.ctl_run("reload")[1:]) + "\n".join(d.lines[mark:])
                self.assertRegex(out, r"(?i)%s.*restart|restart.*%s" % (key, key))
                alice.sync()
        self.assertEqual(len(d.kids("worker")), 2)

    def test_listeners_come_and_go(self):
        d = self.daemon()
        alice = self.client("alice")
        old = d.port
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            new = s.getsockname()[1]
        two = [{"protocol": "telnet", "address": "127.0.0.1", "port": 0}, {"protocol": "telnet", "address": "127.0.0.1", "port": new}]
        d.write_conf({"listen": two})
        d.ctl("reload")
        ports = sorted(l["port"] for l in d.listeners())
        self.assertEqual(ports, sorted([old, new]), "a listener that stays is not opened anew")
        from harness import Telnet
        for port in ports:
            c = Telnet(("127.0.0.1", port))
            c.login(self.fresh("via"))
            c.close()
        d.write_conf({"listen": two[1:]})
        d.ctl("reload")
        self.assertEqual([l["port"] for l in d.listeners()], [new])
        with self.assertRaises(OSError):
            socket.create_connection(("127.0.0.1", old), 1)
        alice.sync()  # whoever came in by it stays
        # one that cannot be opened: the old ones stay
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            s.listen()
            d.write_conf({"listen": two[1:] + [{"protocol": "telnet", "address": "127.0.0.1", "port": s.getsockname()[1]}]})
            self.assertIn("in use", d.ctl("reload", status=1))
            self.assertEqual([l["port"] for l in d.listeners()], [new])
        alice.sync()

    def test_web_listener_comes_and_goes(self):
        """chatd-web is there when somebody could come to it, from a reload on, too; nobody who is there notices."""
        if not build().web:
            self.skipTest("built without libmicrohttpd and wslay")
        d = self.daemon({"web": {"processes": 2}})
        alice = self.client("alice")
        self.assertEqual(d.kids("web"), [])
        web = {"protocol": "web", "address": "127.0.0.1", "port": 0}
        conf = {"web": {"processes": 2}, "listen": d.base["listen"] + [web]}
        d.write_conf(conf)
        d.ctl("reload")
        row = [l for l in d.listeners() if l["protocol"] == "web"][0]
        self.assertEqual(row["connect"], ["http://127.0.0.1:%d/" % row["port"]])

        def healthy():
            with socket.create_connection(("127.0.0.1", row["port"]), limit()) as s:
                s.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                return s.makefile("rb").read()
        self.assertTrue(healthy().startswith(b"HTTP/1.1 200 "))
        pids = sorted(d.pids_of("web").values())
        self.assertEqual(len(pids), 2)
        self.eventually("ready", lambda: d.json("status")["ready"])
        self.assertEqual([p["sessions"] for p in d.processes() if p["role"] == "web"], [0, 0])
        # another reload starts no more of them; one that is killed is replaced; they stay when the listener goes
        d.ctl("reload")
        self.assertEqual(sorted(d.kids("web")), pids)
        d.kill_role("web")
        self.eventually("another", lambda: len(set(d.kids("web")) - set(pids)) == 1 and d.json("status")["ready"])
        self.assertTrue(healthy().startswith(b"HTTP/1.1 200 "))
        d.kill_role("broker")
        self.eventually("ready", lambda: d.json("status")["ready"])
        d.write_conf({"web": {"processes": 1}})
        self.assertRegex(d.ctl("reload"), "restart: web.processes")
        self.assertEqual(len(d.kids("web")), 2)
        with self.assertRaises(OSError):
            socket.create_connection(("127.0.0.1", row["port"]), 1)
        d.write_conf(conf)
        d.ctl("reload")
        row = [l for l in d.listeners() if l["protocol"] == "web"][0]
        self.assertTrue(healthy().startswith(b"HTTP/1.1 200 "))
        alice.sync()

    def test_reloads_under_load(self):
        from load import Swarm
        d = self.daemon()
        swarm = Swarm(d, 20, 2)
        self.addCleanup(swarm.close)
        turn = [0]

        def act():
            turn[0] += 1
            d.write_conf({"limits": {"queue_time": 20 + turn[0]}} if turn[0] % 3 else "nonsense = 1;\n")
            os.kill(d.pid, 1)
        swarm.run(seconds=2, every=0.05, act=act)
        counts = swarm.counts()
        self.assertEqual([counts[k] for k in ("lost", "doubled", "out of order", "disconnected")], [0, 0, 0, 0], counts)
        self.assertGreater(turn[0], 20)

    def test_asked_for_again_while_under_way(self):
        """A SIGHUP that comes while another is being carried out is not lost."""
        d = self.daemon()
        os.kill(d.kids("worker")[0], signal.SIGSTOP)  # which does not agree yet
        mark = d.log_mark()
        for n in (41, 42, 43):
            d.write_conf({"limits": {"queue_time": n}})
            os.kill(d.pid, signal.SIGHUP)
            d.expect_log("SIGHUP", mark)
            mark = d.log_mark()
        os.kill(d.kids("worker")[0], signal.SIGCONT)
        d.expect_log("configuration was reloaded", mark)
        self.eventually("the last one", lambda: "queue_time = 43" in d.ctl("config", "dump"))

    def test_stopped_while_it_is_under_way(self):
        """What it would have opened is not opened any more, and nothing of it is left."""
        d = self.daemon()
        path = os.path.join(d.dir, "telnet.sock")
        d.write_conf({"listen": [on(0), {"protocol": "telnet", "path": path}]})
        worker = d.kids("worker")[0]
        os.kill(worker, signal.SIGSTOP)  # its answer is waited for
        asked = subprocess.Popen([build().program("tools/chatctl"), "-s", d.socket, "reload"], stderr=subprocess.PIPE, text=True, env=d.env)
        self.eventually("the new listener", lambda: os.path.exists(path))
        mark = d.log_mark()
        os.kill(d.pid, signal.SIGTERM)
        d.expect_log("stopping: SIGTERM", mark)
        os.kill(worker, signal.SIGCONT)
        self.assertIn("the daemon stops", asked.communicate(timeout=limit())[1])
        self.assertEqual((asked.returncode, d.wait()), (1, 0))
        self.assertFalse(os.path.exists(path))
        self.assertNotIn("listening on", "\n".join(d.lines[mark:]))

    def test_reload_while_the_broker_dies(self):
        d = self.daemon()
        alice = self.client("alice")
        for i in range(5):
            d.write_conf({"limits": {"queue_time": 40 + i}})
            d.kill_role("broker")
            self.eventually("a reload", lambda: d.ctl_run("reload")[0] == 0)
            self.assertIn("queue_time = %d" % (40 + i), d.ctl("config", "dump"))
            alice.sync()


class Master(OwnCase):
    def test_log_from_start_to_end(self):
        """What a console of the server shows: that it starts, where it listens, that it is ready, that it has stopped."""
        d = self.daemon()
        for regex in (r"chatd \S+ starts, pid %d" % d.proc.pid, r"listening on 127\.0\.0\.1:%d \(telnet\)" % d.port,
                      r"is ready after \d+ ms: telnet 127\.0\.0\.1:%d" % d.port):
            d.expect_log(regex)
        d.stop()
        d.expect_log(r"\bstopped$")

    def test_ready_soon(self):
        took = []
        for _ in range(5):
            d = self.daemon()
            took.append(d.ready_after)
            d.stop()
        self.assertLess(min(took), limit(0.1), "ready within 100 ms: %s" % took)

    def test_second_one_is_refused(self):
        d = self.daemon()
        alice = self.client("alice")
        r = subprocess.run(d.argv(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=limit(20), env=d.env)
        self.assertEqual(r.returncode, 1)
        self.assertRegex(r.stdout, "(?i)already|another|in use|lock")
        alice.sync()
        d.ctl("status")

    def test_restart_at_once_after_kill(self):
        d = self.daemon()
        for _ in range(5):
            self.client("alice", exact=False)
            d.kill()
            d.start()
            self.client("bob").sync()
            d.ctl("status")

    def test_epochs_rise(self):
        """No message is ever numbered like one of an earlier life."""
        d = self.daemon()
        path = os.path.join(d.dir, "state", "epoch")
        with open(path, encoding="ascii") as f:
            before = int(f.read())
        d.stop()
        d.start()
        with open(path, encoding="ascii") as f:
            self.assertGreater(int(f.read()), before)
        d.stop()
        os.mkdir(path + ".new")  # what it is written to first
        d.start(wait=False)
        self.assertEqual(d.wait(), 1)
        d.proc = None
        d.expect_log("cannot write %s, without which chatd does not start: " % re.escape(path))

    def test_port_taken(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            s.listen()
            port = s.getsockname()[1]
            d = Daemon({"listen": [{"protocol": "telnet", "address": "127.0.0.1", "port": port}]}, start=False)
            self.addCleanup(d.close)
            d.start(wait=False)
            self.assertEqual(d.wait(), 1)
            d.proc = None
            d.expect_log(r"%d.*(?i:in use)|(?i:in use).*%d" % (port, port))

    def test_exit_statuses(self):
        chatd = build().program("master/chatd")

        def run(*args):
            return subprocess.run([chatd] + list(args), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=limit(20))
        self.assertEqual(run("--nonsense").returncode, 2)
        self.assertEqual(run("-Z").returncode, 2)
        self.assertEqual(run("-f", "stray").returncode, 2)
        self.assertEqual(run("-f", "-T", "nonsense", "-t").returncode, 2)
        self.assertEqual(run("-t", "-c", "/nonexistent.conf").returncode, 1)
        self.assertEqual(run("-f", "-c", "/nonexistent.conf").returncode, 1)
        for asked in ("-V", "--version"):
            r = run(asked)
            self.assertEqual(r.returncode, 0)
            self.assertRegex(r.stdout, r"^chatd \d+\.\d+")
        for asked in ("-h", "--help"):
            r = run(asked)
            self.assertEqual((r.returncode, r.stderr), (0, ""))
            self.assertRegex(r.stdout, "^usage: .*chatd .*-c file")

    def test_signals(self):
        import signal
        for sig in (signal.SIGTERM, signal.SIGINT):
            d = self.daemon()
            alice = self.client("alice")
            d.stop(sig)
            self.assertRegex(alice.expect_eof(), "(?i)server.*(stop|end|down|going)|stop", "everybody is told")

    def test_orderly_stop_under_load(self):
        from load import Swarm
        d = self.daemon()
        swarm = Swarm(d, 20, 2)
        self.addCleanup(swarm.close)
        swarm.run(seconds=0.5)
        for m in swarm.members:
            swarm.send(m, 50)
        d.stop()

    def test_stop_with_a_client_that_does_not_read(self):
        d = self.daemon()
        stuck = self.client("stuck", rcvbuf=4096)
        alice = self.client("alice")
        for _ in range(200):
            alice.send("x" * 2000)
        alice.sync()
        d.stop()  # in 2 s
        del stuck

    def test_background(self):
        """Without -f it returns when it is ready, and can be stopped by its pid file."""
        import signal
        d = Daemon({"log": {"to": "@"}}, start=False)
        self.addCleanup(d.close)
        d.write_conf({"log": {"to": os.path.join(d.dir, "log")}})
        argv = [a for a in d.argv() if a != "-f"]
        with open(os.path.join(d.dir, "out"), "w+b") as out:
            r = subprocess.run(argv, stdout=out, stderr=out, stdin=subprocess.DEVNULL, timeout=limit(20), env=d.env)
            out.seek(0)
            self.assertEqual(r.returncode, 0, out.read())
        with open(os.path.join(d.run_dir, "chatd.pid"), encoding="ascii") as f:
            pid = int(f.read())
        try:
            self.assertEqual(d.json("status")["pid"], pid)
            c = self.client("alice", d)
            c.sync()
        finally:
            os.kill(pid, signal.SIGTERM)
        from harness import wait_gone
        self.assertFalse(wait_gone([pid], limit(5)))
        with open(os.path.join(d.dir, "log"), encoding="utf-8") as f:
            lines = f.read().splitlines()
        self.assertTrue([l for l in lines if "master[%d]: " % pid in l])
        for line in lines:
            self.assertRegex(line, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z [a-z]+\[\d+\]: ")

    def test_times(self):
        """Lines on stderr have the time before them, unless it is the journal that reads it."""
        d = self.daemon()
        for line in d.lines:
            self.assertRegex(line, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z [a-z]+\[\d+\]: ")
        at = time.strptime(d.lines[0][:19], "%Y-%m-%dT%H:%M:%S")
        self.assertLess(abs(calendar.timegm(at) - time.time()), 60)
        d.stop()
        # The daemon's stderr is made before it starts, so a shell has to look at what it is.
        journal = ["/bin/sh", "-c", 'JOURNAL_STREAM=$(stat -L -c %d:%i /proc/self/fd/2) exec "$@"', "sh"]
        d = self.daemon(prefix=journal)
        for line in d.lines:
            self.assertRegex(line, r"^[a-z]+\[\d+\]: ")
        d = self.daemon(env={"JOURNAL_STREAM": "1:1"})
        self.assertRegex(d.lines[0], r"^\d{4}-")

    def test_privileges(self):
        """Started by root, nobody but the master stays root, and a worker can open no file for writing."""
        if os.getuid() != 0:
            self.skipTest("only root can give itself up")
        d = self.daemon()
        for role in ("worker", "broker", "control"):
            for pid in d.kids(role):
                with open("/proc/%d/status" % pid, encoding="ascii") as f:
                    status = dict(l.split(":", 1) for l in f)
                self.assertNotIn("0", status["Uid"].split(), role)
                self.assertNotIn("0", status["Gid"].split(), role)
                self.assertEqual(int(status["CapEff"], 16), 0, role)
                self.assertEqual(status["NoNewPrivs"].strip(), "1", role)
        # the registry is mapped writable by the broker alone
        writable = {}
        for role in ("worker", "broker", "control"):
            for pid in d.kids(role):
                with open("/proc/%d/maps" % pid, encoding="utf-8") as f:
                    writable.setdefault(role, []).extend(l for l in f if "registry" in l and " rw-" in l or "journal" in l)
        self.assertTrue(writable["broker"])
        self.assertFalse(writable["worker"] + writable["control"])

    def test_plaintext_warning(self):
        d = self.daemon({"listen": [{"protocol": "telnet", "address": "0.0.0.0", "port": 0}]})
        d.expect_log("(?i)plain|clear|encrypt")
        rows = d.listeners()
        self.assertTrue(rows[0]["connect"], "addresses to give to people")
        d = self.daemon()
        self.assertNotRegex(d.tail(), "(?i)plain|clear text|encrypt")

    def test_password_beside_telnet(self):
        """A password for IRC keeps nobody out who comes by telnet: that is said."""
        irc = [{"protocol": "irc", "address": "127.0.0.1", "port": 0}]
        d = self.daemon({"irc": {"password": "pearl"}})
        d.expect_log("irc.password keeps nobody out")
        self.assertIn("warning: irc.password keeps nobody out", check(d).stderr)
        self.assertIn("warning: irc.password keeps nobody out", d.ctl("config", "check"))
        d.write_conf({"irc": {"password": "pearl"}, "listen": irc})
        self.assertEqual(check(d).stderr, "")
        mark = d.log_mark()
        d.write_conf({"irc": {"password": "diamond"}})
        d.ctl("reload")
        d.expect_log("irc.password keeps nobody out", mark)
        d = self.daemon({"irc": {"password": "pearl"}, "listen": irc})
        self.assertNotIn("irc.password", d.tail())

    def test_passwords_for_everybody(self):
        irc = [{"protocol": "irc", "address": "127.0.0.1", "port": 0}]
        d = self.daemon({"irc": {"password": "pearl"}, "listen": irc})
        self.assertNotIn("everybody", d.tail())
        os.chmod(d.conf, 0o644)
        for said in (check(d).stderr, d.ctl("config", "check"), d.ctl("reload")):
            self.assertIn("warning: %s has passwords in it, and everybody on this host may read it" % d.conf, said)

    def test_watchdog_of_a_stopped_master(self):
        """Children of a master that is stopped go on chatting."""
        import signal
        d = self.daemon()
        alice, bob = self.clients("alice", "bob")
        os.kill(d.pid, signal.SIGSTOP)
        try:
            alice.send("headless")
            bob.line("%s: headless" % alice.name)
        finally:
            os.kill(d.pid, signal.SIGCONT)
        self.client("late").sync()


if __name__ == "__main__":
    main()
