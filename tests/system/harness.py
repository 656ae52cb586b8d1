"""What the system tests stand on: a real daemon in a directory of its own, and clients for it.

Nothing here sleeps: every wait is for an event (a line, an end of file, a log line, a process'
death) with a limit after which the test fails and says what had come until then. Only processes
that a test has started are ever signalled, by number.
"""

import ctypes
import json
import mmap
import os
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
NAME_PROMPT = "What name would you like to be called with?"

# --- the build under test --------------------------------------------------------------------


class Build:
    """A build tree. Sanitizers make everything slower: every limit is multiplied by `scale`."""

    programs = ("master/chatd", "worker/chatd-worker", "broker/chatd-broker", "control/chatd-control",
                "auth/chatd-auth", "store/chatd-store", "web/chatd-web", "tls/chatd-tls", "tools/chatctl", "tools/chat/chat")

    def __init__(self, path):
        self.path = os.path.abspath(path)
        self.passwords = self.configured("HAVE_SODIUM")
        self.store = self.configured("HAVE_SQLITE")
        self.web = self.configured("HAVE_WEB")
        self.tls = self.configured("HAVE_OPENSSL")
        missing = [p for p in self.programs if not os.access(self.program(p), os.X_OK)]
        lacks = [] if self.passwords else ["auth/chatd-auth"]
        lacks += [] if self.store else ["store/chatd-store"]
        lacks += [] if self.web else ["web/chatd-web"]
        lacks += [] if self.tls else ["tls/chatd-tls"]
        missing = [p for p in missing if p not in lacks]
        self.missing = ", ".join(missing)
        self.sanitized = not missing and contains(self.program("broker/chatd-broker"), b"__asan_init")
        self.killpoints = not missing and contains(self.program("broker/chatd-broker"), b"CHATD_KILL")
        self.scale = float(os.environ.get("CHATD_TEST_SCALE", 4 if self.sanitized else 1))

    def configured(self, macro):
        """Is there what this macro of config.h says? Nobody knows without one: then yes."""
        try:
            with open(os.path.join(self.path, "config.h"), encoding="utf-8") as f:
                return "#define %s " % macro in f.read()
        except OSError:
            return True

    def program(self, name):
        return os.path.join(self.path, "src", name)


def contains(path, words):
    with open(path, "rb") as f, mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ) as m:
        return m.find(words) >= 0


_build = None


def build():
    """The build that --build or CHATD_BUILD names, else build/ beside the sources."""
    global _build
    if _build is None:
        _build = Build(os.environ.get("CHATD_BUILD") or os.path.join(TOP, "build"))
        if _build.missing:
            raise SystemExit("%s: not built: %s" % (_build.path, _build.missing))
    return _build


WAIT = 10.0


def limit(seconds=WAIT):
    return seconds * build().scale


def unread(sock):
    """Bytes of ours that the other end's process has not read (proc(5), net/tcp)."""
    us, them = ("%08X:%04X" % (struct.unpack("=I", socket.inet_aton(a))[0], p)
                for a, p in (sock.getsockname(), sock.getpeername()))
    with open("/proc/net/tcp") as f:
        for words in map(str.split, f):
            if words[1:3] == [them, us]:
                return int(words[4].split(":")[1], 16)
    raise AssertionError("that connection is not there")


def eventually(what, fn, seconds=None):
    """For what nobody tells: asks again until it is so. Its value. `what` is said when it never is; it may be a
    function, for what is known only then."""
    end = time.monotonic() + (limit() if seconds is None else seconds)
    while True:
        value = fn()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError("waited in vain for " + (what() if callable(what) else what))
        select.select([], [], [], 0.005)


def long():
    """Is this a campaign rather than a quick check?"""
    return bool(os.environ.get("CHATD_LONG"))


# --- configuration ---------------------------------------------------------------------------


def conf_value(v):
    if isinstance(v, bool):
        return "true" if v else "false"
    if isinstance(v, int):
        return str(v)
    if isinstance(v, str):
        return '"%s"' % v.replace("\\", "\\\\").replace('"', '\\"')
    if isinstance(v, dict):
        return "{ %s }" % " ".join("%s = %s;" % (k, conf_value(w)) for k, w in v.items())
    if v and isinstance(v[0], dict):
        return "( %s )" % ", ".join(map(conf_value, v))
    return "[ %s ]" % ", ".join(map(conf_value, v))


def conf_text(conf):
    return "".join("%s = %s;\n" % (k, conf_value(v)) for k, v in conf.items())


def merged(a, b):
    out = dict(a)
    for k, v in b.items():
        out[k] = merged(out[k], v) if isinstance(v, dict) and isinstance(out.get(k), dict) else v
    return out


# --- processes -------------------------------------------------------------------------------


def proc_stat(pid):
    """Fields of /proc/PID/stat behind the name (the first is the state); None: gone."""
    try:
        with open("/proc/%d/stat" % pid, encoding="utf-8", errors="replace") as f:
            return f.read().rpartition(")")[2].split()
    except OSError:
        return None


def gone(pid):
    stat = proc_stat(pid)
    return stat is None or stat[0] in "ZX"


def cpu_seconds(pid):
    stat = proc_stat(pid)
    return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK") if stat else 0.0


def run_seconds(pid):
    """The same to the nanosecond, where the kernel counts it."""
    try:
        total = 0
        for task in os.listdir("/proc/%d/task" % pid):
            with open("/proc/%d/task/%s/schedstat" % (pid, task), encoding="ascii") as f:
                total += int(f.read().split()[0])
        return total / 1e9
    except OSError:
        return cpu_seconds(pid)


def private_bytes(pid):
    """What a process has in memory for itself: no files, nothing shared."""
    try:
        with open("/proc/%d/status" % pid, encoding="utf-8") as f:
            for line in f:
                if line.startswith("RssAnon:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


def fd_count(pid):
    try:
        return len(os.listdir("/proc/%d/fd" % pid))
    except OSError:
        return 0


def children(pid):
    """[(pid, name)] of the live children."""
    found = []
    try:
        with open("/proc/%d/task/%d/children" % (pid, pid), encoding="ascii") as f:
            pids = [int(p) for p in f.read().split()]
    except OSError:
        return found
    for p in pids:
        try:
            with open("/proc/%d/comm" % p, encoding="utf-8") as f:
                name = f.read().strip()
        except OSError:
            continue
        if not gone(p):
            found.append((p, name))
    return found


def wait_gone(pids, seconds=WAIT):
    """Until all of these have ended; those that have not after that time."""
    left = []
    end = time.monotonic() + seconds
    for pid in pids:
        try:
            fd = os.pidfd_open(pid)
        except OSError:
            continue
        try:
            if not select.select([fd], [], [], max(0, end - time.monotonic()))[0] and not gone(pid):
                left.append(pid)
        finally:
            os.close(fd)
    return left


PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent():
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


# --- the daemon ------------------------------------------------------------------------------


class CtlError(AssertionError):
    pass


def listeners(*protocols):
    """Those of these that this build has, for a configuration: at ports that are free."""
    return [{"protocol": p, "address": "127.0.0.1", "port": 0} for p in protocols if p != "web" or build().web]


def lean():
    """An environment in which memory tells: a sanitizer keeps what was freed for a while, but not so much that it hides a leak."""
    options = os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=1:thread_local_quarantine_size_kb=64"
    return {"ASAN_OPTIONS": options.lstrip(":")}


class Daemon:
    """chatd with a directory of its own. The configuration is `base` with `config` merged in;
    a str as config is the whole file, in which @DIR@ stands for the directory."""

    base = {
        "name": "chat.test", "workers": 2,
        "listen": [{"protocol": "telnet", "address": "127.0.0.1", "port": 0}],
        "limits": {"max_sessions": 2000, "max_per_address": 0, "line_rate": 0, "joins": 0, "nicks": 0, "invites": 0,
                   "targets": 0, "max_per_account": 0},
        "log": {"level": "info"},
        "history": {"replay": 0},  # it comes when the store has read it, not in the order of what is asked
    }
    running = []  # those of the test that runs, for the log's tail

    def __init__(self, config=None, start=True, env=None, args=(), prefix=()):
        self.build = build()
        self.dir = tempfile.mkdtemp(prefix="chatd-t-")
        os.chmod(self.dir, 0o755)
        self.run_dir = os.path.join(self.dir, "run")
        self.socket = os.path.join(self.run_dir, "control.sock")
        self.conf = os.path.join(self.dir, "chatd.conf")
        self.base = merged(Daemon.base, {"run_dir": self.run_dir, "state_dir": os.path.join(self.dir, "state")})
        self.env = dict(os.environ, LC_ALL="C.UTF-8")
        for name in ("CHATCTL_SOCKET", "NOTIFY_SOCKET", "WATCHDOG_USEC", "LISTEN_FDS", "LISTEN_PID", "CHATD_KILL"):
            self.env.pop(name, None)
        self.env.update(env or {})
        self.args, self.prefix = list(args), list(prefix)
        self.proc = None
        self.lines, self.more = [], threading.Condition()
        self.ended = True
        self.restarts_meant = False  # a test that kills says so
        self.reports_meant = False
        self.refusals_meant = False  # the sandbox's
        self._ports = None
        self.write_conf(config or {})
        if start:
            self.start()

    # -- configuration

    def write_conf(self, config):
        if isinstance(config, str):
            text = config.replace("@DIR@", self.dir)
        else:
            self.config = merged(self.base, config)
            text = conf_text(self.config)
        tmp = self.conf + ".new"
        with open(tmp, "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(tmp, 0o600)    # there may be passwords in it
        os.rename(tmp, self.conf)

    # -- life

    def argv(self):
        return self.prefix + [self.build.program("master/chatd"), "-f", "-c", self.conf,
                              "-L", self.build.path] + self.args

    def start(self, wait=True):
        path = os.path.join(self.dir, "notify")
        if os.path.exists(path):
            os.unlink(path)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            s.bind(path)
            os.chmod(path, 0o777)
            self.begun = time.monotonic()
            with self.more:
                self.log_from = len(self.lines)
            self.proc = subprocess.Popen(self.argv(), env=dict(self.env, NOTIFY_SOCKET=path), cwd=self.dir,
                                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                         stderr=subprocess.STDOUT, preexec_fn=die_with_parent)
            self.pid = self.proc.pid
            self.ended = False
            self._ports = None
            threading.Thread(target=self._read, args=(self.proc.stdout,), daemon=True).start()
            if self not in Daemon.running:
                Daemon.running.append(self)
            if wait:
                self._wait_ready(s)
        return self

    def _wait_ready(self, s):
        pidfd = os.pidfd_open(self.pid)
        try:
            end = time.monotonic() + limit()
            while True:
                ready = select.select([s, pidfd], [], [], max(0, end - time.monotonic()))[0]
                if s in ready:
                    if b"READY=1" in s.recv(4096).split(b"\n"):
                        self.ready_after = time.monotonic() - self.begun
                        return
                elif pidfd in ready:
                    raise AssertionError("chatd ended with %s instead of getting ready:\n%s" %
                                         (self.proc.wait(), self.tail()))
                else:
                    raise AssertionError("chatd is not ready after %g s:\n%s" % (limit(), self.tail()))
        finally:
            os.close(pidfd)

    def _read(self, pipe):
        for line in pipe:
            with self.more:
                self.lines.append(line.decode("utf-8", "backslashreplace").rstrip("\n"))
                self.more.notify_all()
        pipe.close()
        with self.more:
            self.ended = True
            self.more.notify_all()

    def wait(self, seconds=None):
        """The master's exit status."""
        try:
            return self.proc.wait(limit() if seconds is None else seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError("chatd has not ended:\n" + self.tail()) from None

    def stop(self, sig=signal.SIGTERM):
        """Orderly: exit status 0 within 2 s, and nothing left behind."""
        if self.proc is None:
            return
        kids = [p for p, _ in children(self.pid)]
        if self.proc.poll() is None:
            begun = time.monotonic()
            self.proc.send_signal(sig)
            status = self.wait()
            took = time.monotonic() - begun
            self.proc = None
            assert status == 0, "chatd ended with %d\n%s" % (status, self.tail())
            assert took < limit(2.5), "an orderly stop took %.1f s" % took
        self.proc = None
        left = wait_gone(kids, limit(2))
        assert not left, "left behind: %s" % left

    def kill(self):
        """The master, at once; its children have to end by themselves."""
        kids = [p for p, _ in children(self.pid)]
        self.proc.kill()
        self.proc.wait()
        self.proc = None
        return kids

    def close(self):
        """The end of a test: everything goes, whatever state it is in."""
        try:
            if self.proc is not None:
                kids = [p for p, _ in children(self.pid)]
                for p in kids:
                    signal_pid(p, signal.SIGCONT)
                signal_pid(self.pid, signal.SIGCONT)
                try:
                    self.stop()
                except AssertionError:
                    for p in [self.pid] + kids:
                        signal_pid(p, signal.SIGKILL)
                    if self.proc is not None:
                        self.proc.wait()
                        self.proc = None
                    raise
            self.check()
        finally:
            shutil.rmtree(self.dir, ignore_errors=True)
            if self in Daemon.running:
                Daemon.running.remove(self)

    def check(self):
        """What no test may leave in a log without having meant it."""
        with self.more:
            self.more.wait_for(lambda: self.ended, limit(2))
            lines = list(self.lines)
        self.check_reports(lines)
        refused = [l for l in lines if "the sandbox refused" in l]
        assert self.refusals_meant or not refused, "system calls that the tables lack:\n" + "\n".join(refused)
        if not self.restarts_meant:
            died = [l for l in lines if re.search(r"killed by signal|died|dumped core", l)]
            assert not died, "processes died that nobody killed:\n" + "\n".join(died[:20])

    def check_reports(self, lines=None):
        """What a sanitizer says, or a CHECK; in what has been logged so far, or in these lines."""
        if lines is None:
            with self.more:
                lines = list(self.lines)
        bad = [i for i, l in enumerate(lines) if re.search(r"AddressSanitizer|runtime error:|LeakSanitizer|CHECK failed", l)]
        if bad and not self.reports_meant:
            raise AssertionError("reported by the daemon:\n" + "\n".join(lines[bad[0]:bad[0] + 40]))

    # -- log

    def tail(self, n=40):
        with self.more:
            return "\n".join(self.lines[-n:])

    def log_mark(self):
        with self.more:
            return len(self.lines)

    def expect_log(self, regex, since=0, seconds=None):
        """The first match in a log line since that mark."""
        found = []

        def look():
            while look.at < len(self.lines):
                m = re.search(regex, self.lines[look.at])
                look.at += 1
                if m:
                    found.append(m)
                    return True
            return self.ended

        look.at = since
        with self.more:
            self.more.wait_for(look, limit() if seconds is None else seconds)
        if not found:
            raise AssertionError("no log line matches %r:\n%s" % (regex, self.tail()))
        return found[0]

    # -- chatctl

    def ctl_run(self, *words, input=None, seconds=None, user=None, sock=None):
        """(status, stdout, stderr) of chatctl; user: (uid, gid) to be meanwhile."""
        r = subprocess.run([self.build.program("tools/chatctl"), "-s", sock or self.socket] + [str(w) for w in words],
                           input=input if input is not None else "", text=True, env=self.env,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                           timeout=limit(30) if seconds is None else seconds,
                           **({"user": user[0], "group": user[1], "extra_groups": []} if user else {}))
        return r.returncode, r.stdout, r.stderr

    def ctl(self, *words, status=0, **more):
        code, out, err = self.ctl_run(*words, **more)
        if code != status:
            raise CtlError("chatctl %s: exit status %d instead of %d\n%s%s" %
                           (" ".join(map(str, words)), code, status, out, err))
        return out if status == 0 else err

    def json(self, *words, **more):
        return json.loads(self.ctl("-o", "json", *words, **more))

    def listeners(self):
        return self.json("listeners")

    @property
    def port(self):
        if self._ports is None:
            self._ports = [l["port"] for l in self.listeners() if l["port"]]
        return self._ports[0]

    def address_of(self, protocol):
        return ("127.0.0.1", [l["port"] for l in self.listeners() if l["protocol"] == protocol][0])

    def stats(self):
        return {row["name"]: row["value"] for row in self.json("stats")}

    def processes(self):
        return self.json("status")["processes"]

    def pids_of(self, role):
        """By index, from chatctl."""
        return {p["index"]: p["pid"] for p in self.processes() if p["role"] == role and p["pid"]}

    def kids(self, role):
        """The same from the kernel, without asking the daemon: for when it may be unable to answer."""
        return [p for p, name in children(self.pid) if name == "chatd-" + role]

    def kill_role(self, role, index=0, sig=signal.SIGKILL):
        """Returns the pid. One that has been killed before, and is not there again, is waited for."""
        self.restarts_meant = True

        def killed():
            pids = self.kids(role)
            if role == "worker" and len(pids) > 1:
                pids = [self.pids_of(role)[index]]
            try:
                os.kill(pids[0], sig)
                return pids[0]
            except (IndexError, ProcessLookupError):
                return None

        return eventually(lambda: "a %s to kill:\n%s" % (role, self.tail()), killed)

    def worker_of(self, name):
        return self.json("user", name)["worker"]

    # -- clients

    def client(self, name=None, **more):
        c = Telnet(("127.0.0.1", self.port), **more)
        if name is not None:
            c.login(name)
        return c


def signal_pid(pid, sig):
    try:
        os.kill(pid, sig)
    except ProcessLookupError:
        pass


# --- a telnet client -------------------------------------------------------------------------


class Closed(AssertionError):
    pass


class Telnet:
    """A line client on a raw socket. Negotiation is taken out and kept in `commands`."""

    def __init__(self, address, family=socket.AF_INET, source=None, sock=None, rcvbuf=None):
        if sock is None:
            sock = socket.socket(family, socket.SOCK_STREAM)
            if rcvbuf:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
            sock.settimeout(limit())
            if source:
                sock.bind((source, 0))
            sock.connect(address)
            if family != socket.AF_UNIX:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = sock
        self.name = None
        self.raw = b""       # undecoded rest: a command that is not complete
        self.bytes = b""     # everything that came, as it came
        self.text = b""      # without commands
        self.commands = []   # (verb, option) and (SB, bytes)
        self.at = 0          # how much of text has been looked at
        self.eof = False
        self.tokens = 0
        self.muted = False   # may not send messages, so that sync() needs another way

    def close(self):
        self.sock.close()

    def reset(self):
        """A close that says RST instead of FIN."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def half_close(self):
        self.sock.shutdown(socket.SHUT_WR)

    # -- out

    def send_raw(self, data):
        self.sock.settimeout(limit())
        self.sock.sendall(data)

    def send(self, *lines):
        self.send_raw(b"".join((l.encode() if isinstance(l, str) else l) + b"\r\n" for l in lines))

    # -- in

    def _decode(self, data):
        data = self.raw + data
        self.raw = b""
        out = bytearray()
        i = 0
        while i < len(data):
            j = data.find(255, i)
            if j < 0:
                out += data[i:]
                break
            out += data[i:j]
            verb = data[j + 1] if j + 1 < len(data) else None
            if verb == 250:
                end = data.find(b"\xff\xf0", j)
                if end >= 0:
                    self.commands.append((250, data[j + 2:end]))
                    i = end + 2
                    continue
                self.raw = data[j:]
                break
            if verb == 255:
                out.append(255)
                i = j + 2
            elif verb is not None and 251 <= verb <= 254 and j + 2 < len(data):
                self.commands.append((verb, data[j + 2]))
                i = j + 3
            elif verb is not None and verb < 251:
                self.commands.append((verb, None))
                i = j + 2
            else:
                self.raw = data[j:]
                break
        self.text += bytes(out)

    def pump(self, seconds):
        """Read what comes within that time, at the latest at the first piece. False: nothing came."""
        if self.eof:
            return False
        ready = select.poll()  # select() ends at descriptor 1023
        ready.register(self.sock, select.POLLIN)
        if not ready.poll(max(0, seconds) * 1000):
            return False
        try:
            data = self.sock.recv(262144)
        except (ConnectionResetError, BrokenPipeError):
            data = b""
        if not data:
            self.eof = True
        self.bytes += data
        self._decode(data)
        return True

    def rest(self):
        """What has come and was not looked at yet, as text."""
        return self.text[self.at:].decode("utf-8", "backslashreplace")

    def expect(self, regex, seconds=None, whole=False):
        """The match of the first line that matches (whole: all of it); lines before it are passed over.
        A line is looked at when its end has come; the prompt, which has none, when nothing else comes."""
        seconds = limit() if seconds is None else seconds
        end = time.monotonic() + seconds
        pattern = re.compile(regex)
        look = pattern.fullmatch if whole else pattern.search
        while True:
            while True:
                nl = self.text.find(b"\n", self.at)
                if nl < 0:
                    break
                line = self.text[self.at:nl].rstrip(b"\r").decode("utf-8", "backslashreplace")
                self.at = nl + 1
                m = look(line)
                if m:
                    return m
            m = look(self.rest())
            if m:
                self.at = len(self.text)
                return m
            if self.eof:
                raise Closed("%s: closed before a line matched %r; the last that came:\n%s" %
                             (self.name, regex, self.seen()))
            left = end - time.monotonic()
            if left <= 0 or not self.pump(left):
                raise AssertionError("%s: no line matches %r; the last that came:\n%s" % (self.name, regex, self.seen()))

    def line(self, text, seconds=None):
        """Exactly this line."""
        return self.expect(re.escape(text), seconds, whole=True)

    def seen(self, n=25):
        return "\n".join("    " + l for l in self.text.decode("utf-8", "backslashreplace").split("\n")[-n:])

    def mark(self):
        """For since(): everything up to here is known."""
        self.at = len(self.text)
        return self.at

    def since(self, mark):
        return self.text[mark:].decode("utf-8", "backslashreplace").replace("\r\n", "\n")

    def sync(self):
        """Whatever was decided before this call and concerns this client has come when it returns:
        a message to oneself goes the same way. Returns the text that came meanwhile."""
        mark = self.at
        if self.muted:  # then a list, which comes behind all that was decided before
            self.send("/rooms")
            self.expect("^End of the list")
            return self.since(mark)
        self.tokens += 1
        word = "sync-%d" % self.tokens
        self.send("/msg %s %s" % (self.name, word))
        m = self.expect(r'^.*(sent you "|: |> )%s\b.*$' % word)
        return self.since(mark).rpartition(m.group(0))[0]

    def expect_eof(self, seconds=None):
        """Until the other side has closed; the text that was left."""
        end = time.monotonic() + (limit() if seconds is None else seconds)
        while not self.eof:
            left = end - time.monotonic()
            if left <= 0 or not self.pump(left):
                raise AssertionError("%s: still connected; the last that came:\n%s" % (self.name, self.seen()))
        return self.rest()

    def closed(self):
        """Has the other side closed? Reads what is there without waiting."""
        while not self.eof and self.pump(0):
            pass
        return self.eof

    # -- the dialogue

    def login(self, name):
        self.expect(re.escape(NAME_PROMPT))
        return self.be(name)

    def be(self, name):
        """Behind the prompt."""
        self.name = name
        self.send(name)
        self.expect(r"^Connected to the chat room as %s$" % re.escape(name))
        self.sync()
        return self

    def ask(self, command, regex, **more):
        self.send(command)
        return self.expect(regex, **more)


# --- others, while somebody misbehaves -------------------------------------------------------


class Neighbours:
    """Two who talk with each other, in a room of their own, while strangers send what they like:

        with self.neighbours():
            ...what strangers do

    Every word of the two has to arrive, within `patience` seconds. At the end the processes must be the same, nothing reported, and
    none of them busy, though whatever the strangers have left open is still open: less than 5 % of a CPU each."""

    BUSY, WINDOW = 0.05, 0.3

    def __init__(self, d, patience=5):
        self.d, self.patience = d, patience
        self.failure, self.words, self.worst = None, 0, 0.0
        self.over = threading.Event()
        self.pids = self.processes()
        self.two = [d.client("neighbour-%d-%d" % (id(self) & 0xffffff, i)) for i in range(2)]
        for c in self.two:
            c.send("/leave lobby", "/join " + self.two[0].name)
        for c in self.two:
            c.expect("(made the room|You are in) " + self.two[0].name)
        self.thread = threading.Thread(target=self.talk, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        try:
            if kind is None:
                self.end()
        finally:
            self.close()

    def processes(self):
        return sorted(children(self.d.pid))

    def talk(self):
        try:
            while not self.over.wait(0.02):
                a, b = self.two[self.words % 2], self.two[1 - self.words % 2]
                begun = time.monotonic()
                a.send("word %d" % self.words)
                b.line("%s: word %d" % (a.name, self.words), limit(self.patience))
                self.worst = max(self.worst, time.monotonic() - begun)
                self.words += 1
        except (AssertionError, OSError) as e:
            self.failure = e

    def busy(self):
        """Those that had something to do, and how much of the time."""
        before = {p: run_seconds(p) for p, _ in self.pids}
        begun = time.monotonic()
        select.select([], [], [], self.WINDOW)  # nothing happens, and this is what is measured
        took = time.monotonic() - begun
        used = {name: (run_seconds(p) - before[p]) / took for p, name in self.pids}
        return {name: "%.0f %%" % (100 * part) for name, part in used.items() if part >= self.BUSY}

    def end(self):
        """They have talked all the time, and go on to."""
        words = self.words
        end = time.monotonic() + limit(self.patience)
        while self.thread.is_alive() and self.words < words + 2 and time.monotonic() < end:
            self.thread.join(0.01)
        self.over.set()
        self.thread.join(limit(self.patience) + 1)
        if self.failure:
            raise AssertionError("others were not served: %s\n%s" % (self.failure, self.d.tail()))
        assert self.words >= words + 2, "others were not served afterwards"
        self.d.check_reports()
        assert self.processes() == self.pids, "other processes: %s, there were %s\n%s" % (self.processes(), self.pids, self.d.tail())
        busy = []
        eventually(lambda: "rest: busy were %s" % busy[-3:], lambda: busy.append(self.busy()) or not busy[-1])

    def close(self):
        self.over.set()
        self.thread.join(limit(self.patience) + 1)
        for c in self.two:
            c.close()


# --- test cases ------------------------------------------------------------------------------


class Case(unittest.TestCase):
    """A test case with one daemon for all of its tests. `config` is merged into the harness' own.
    Set own = True for a daemon per test; then self.d is made by self.daemon()."""

    config = {}
    own = False
    passwords = False  # True: skipped by a build that checks none
    store = False  # True: skipped by a build that keeps nothing
    maxDiff = None
    _n = 0

    @classmethod
    def setUpClass(cls):
        if cls.passwords and not build().passwords:
            raise unittest.SkipTest("built without libsodium")
        if cls.store and not build().store:
            raise unittest.SkipTest("built without SQLite")
        cls.d = None
        if not cls.own:
            cls.d = Daemon(cls.config)
            cls.addClassCleanup(cls.d.close)

    def daemon(self, config=None, **more):
        d = Daemon(merged(self.config, config or {}) if not isinstance(config, str) else config, start=False, **more)
        self.addCleanup(d.close)
        self.d = d
        d.start()
        return d

    def preload(self, source):
        """What LD_PRELOAD is to be for this C to stand in the place of the C library's; skips where that cannot be."""
        cc = shutil.which("cc")
        if cc is None:
            self.skipTest("cc is not there")
        if build().sanitized:
            self.skipTest("AddressSanitizer wants to be the first library")
        where = tempfile.TemporaryDirectory(prefix="chatd-t-")
        self.addCleanup(where.cleanup)
        os.chmod(where.name, 0o755)     # other users' processes load it
        lib = os.path.join(where.name, "preload.so")
        subprocess.run([cc, "-shared", "-fPIC", "-O1", "-o", lib, "-x", "c", "-", "-ldl"], input=source, text=True, check=True)
        os.chmod(lib, 0o755)
        return lib

    def fresh(self, stem="user"):
        """A name that no other test has used."""
        Case._n += 1
        return "%s%d" % (stem, Case._n)

    def connect(self, d=None, **more):
        d = d or self.d
        c = Telnet(("127.0.0.1", d.port), **more)
        self.addCleanup(c.close)
        return c

    def client(self, stem="user", d=None, exact=False, **more):
        """Somebody who has logged in, called after stem."""
        return self.connect(d, **more).login(stem if exact else self.fresh(stem))

    def clients(self, *stems, d=None):
        made = [self.client(s, d) for s in stems]
        for c in made:
            c.sync()
        return made

    def room(self, stem="room"):
        return self.fresh(stem)

    def neighbours(self, d=None, **more):
        """For a `with`, or for end() in a test's tearDown()."""
        n = Neighbours(d or self.d, **more)
        self.addCleanup(n.close)
        return n

    @staticmethod
    def eventually(what, fn, seconds=None):
        return eventually(what, fn, seconds)


class OwnCase(Case):
    own = True


def main():
    unittest.main(argv=[sys.argv[0], "-v"] + sys.argv[1:])
