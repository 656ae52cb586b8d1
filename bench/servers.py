"""The servers that bench/run measures: how each is configured, started and ended.

Each gets a directory of its own and a free port on the loopback address. Only what was started here
is ended, by its process id.
"""
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))

CHATD_CONF = """\
name = "bench.test";
run_dir = "%(dir)s/run";
state_dir = "%(dir)s/state";
listen = ( { protocol = "%(protocol)s"; address = "127.0.0.1"; port = %(port)d;%(tls)s } );
limits = { max_sessions = %(sessions)d; %(limits)s };
rooms = { default = "%(room)s"; };
log = { to = "stderr"; level = "notice"; };
%(extra)s
"""

NO_LIMITS = "max_per_address = 0; connect_rate = 0; login_time = 0; line_rate = 0; line_burst = 0; joins = 0; queue = 268435456;"
# As shipped, for whoever is not one of chatload's clients.
FOR_ABUSERS = 'exempt = "127.0.0.0/25";'


class Broken(Exception):
    """A server that does not start, or is not there."""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Server:
    name = ""
    protocol = "telnet"
    inflight = 64       # logins at once with which it does its best
    peer = False        # somebody else's: runs as user irc, may be missing
    preload = None
    environment = {}
    tls = False
    kinds = None        # of scenario that make sense with it; None: all but handshake
    reserve = None      # word in the names of memory that is made for all users at the start

    def __init__(self, opts):
        self.opts = opts
        self.dir = self.process = None
        self.port = 0
        self.sessions = 20000
        self.limits = NO_LIMITS

    def missing(self):
        """Why it cannot be measured here, or None."""
        return None

    def suits(self, kind):
        return kind in self.kinds if self.kinds else self.tls or kind != "handshake"

    def certificate(self):
        """One that the server has made for itself: (file, file of the key)."""
        cert, key = (os.path.join(self.dir, name) for name in ("cert.pem", "key.pem"))
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                        "-subj", "/CN=bench.test", "-keyout", key, "-out", cert], check=True, stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.chmod(key, 0o600 if not self.peer else 0o644)
        return cert, key

    def command(self, room):
        raise NotImplementedError

    def start(self, room="", sessions=20000, limits=NO_LIMITS):
        """room: where newcomers are put, if the server does that; sessions: how many it must be
        able to serve, and limits: what nobody may, if it can be told. Leaves pid and port."""
        self.sessions, self.limits = sessions, limits
        self.dir = tempfile.mkdtemp(prefix="chatbench-")
        os.chmod(self.dir, 0o755)
        self.port = free_port()
        argv = self.command(room)
        env = dict(os.environ, **self.environment)
        extra = {}
        if self.preload:
            env["LD_PRELOAD"] = self.preload
        if self.peer and os.getuid() == 0:
            user = pwd.getpwnam("irc")
            os.chown(self.dir, user.pw_uid, user.pw_gid)
            extra = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        with open(os.path.join(self.dir, "log"), "wb") as log:
            self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env=env, cwd=self.dir, **extra)
        self.await_port()

    def await_port(self):
        end = time.monotonic() + 10
        while time.monotonic() < end:
            if self.process.poll() is not None:
                break
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.01)
        text = self.log_tail()
        self.stop()
        raise Broken("%s does not start: %s" % (self.name, text or "no word from it"))

    def log_tail(self):
        try:
            with open(os.path.join(self.dir, "log"), errors="replace") as f:
                return " / ".join(f.read().strip().splitlines()[-3:])
        except OSError:
            return ""

    @property
    def pid(self):
        return self.process.pid

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self.dir is not None:
            shutil.rmtree(self.dir, ignore_errors=True)
        self.process = self.dir = None

    def fill(self, template, **words):
        """A peer's configuration from bench/peers/."""
        with open(os.path.join(HERE, "peers", template)) as f:
            text = f.read()
        for word, value in dict(words, PORT=str(self.port), DIR=self.dir).items():
            text = text.replace("@%s@" % word, value)
        path = os.path.join(self.dir, template)
        with open(path, "w") as f:
            f.write(text)
        return path


class Limit(Server):
    name = "limit"

    def missing(self):
        path = os.path.join(self.opts.build, "bench", "limit")
        return None if os.access(path, os.X_OK) else "not built: " + path

    def command(self, room):
        return [os.path.join(self.opts.build, "bench", "limit"), "-p", str(self.port)]


class Chatd(Server):
    name = "chatd"
    reserve = "registry"
    more = ""

    def path(self):
        return self.opts.chatd or os.path.join(self.opts.build, "src", "master", "chatd")

    def missing(self):
        return None if os.access(self.path(), os.X_OK) else "not built: " + self.path()

    def command(self, room):
        conf = os.path.join(self.dir, "chatd.conf")
        more, tls = self.more, ""
        if self.tls:
            tls = " tls = true;"
            more += 'tls = { certificate = "%s"; key = "%s"; %s };' % (*self.certificate(), self.opts.chatd_tls)
        with open(conf, "w") as f:
            f.write(CHATD_CONF % {"dir": self.dir, "port": self.port, "room": room, "sessions": self.sessions,
                                  "protocol": self.protocol, "tls": tls, "limits": self.limits,
                                  "extra": self.opts.chatd_conf + more})
        return [self.path(), "-f", "-c", conf, "-L", self.opts.build]


class ChatdIrc(Chatd):
    name = "chatd-irc"
    protocol = "irc"


class ChatdTls(ChatdIrc):
    name = "chatd-irc+tls"
    tls = True


class ChatdOpen(ChatdIrc):
    """Without the sandbox: what that costs is seen beside it."""
    name = "chatd-irc+nosandbox"
    environment = {"CHATD_SANDBOX": "off"}

    def missing(self):
        why = super().missing()
        if why is None:
            with open(self.path(), "rb") as f:
                why = None if b"CHATD_SANDBOX" in f.read() else "only a build with --enable-killpoints can do without"
        return why


class ChatdWs(Chatd):
    """IRC over WebSocket: without the plain one's listener, the same in everything else."""
    name = "chatd-ws"
    protocol = "web"

    def missing(self):
        web = os.path.join(self.opts.build, "src", "web", "chatd-web")
        return super().missing() or (None if os.access(web, os.X_OK) else "not built: " + web)


def forgetful(cls, opts):
    """Without a store: what keeping history costs is seen beside it; the peers keep none."""
    server = cls(opts)
    server.name += "+nostore"
    server.more = "store = { enabled = false; };"
    return server


class Peer(Server):
    protocol = "irc"
    peer = True
    program = ""

    def missing(self):
        if self.preload and not os.path.exists(self.preload):
            return "not built: " + self.preload
        path = shutil.which(self.program, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
        self.found = path
        return None if path else self.program + " is not installed"


class Ngircd(Peer):
    name = program = "ngircd"
    inflight = 8        # its listen backlog is 10

    def command(self, room):
        return [self.found, "-n", "-f", self.fill("ngircd.conf")]


class Inspircd(Peer):
    name = program = "inspircd"
    inflight = 1000     # it finishes logins once per second

    def command(self, room):
        return [self.found, "--nofork", "--config", self.fill("inspircd.conf", **self.secured())]

    def secured(self):
        return {"BIND": "", "MODULES": ""}


class InspircdTls(Inspircd):
    """With Debian's module, which is GnuTLS; records as large as chatd's."""
    name = "inspircd+tls"
    tls = True

    def secured(self):
        return {"BIND": ' sslprofile="bench"', "MODULES":
                '<module name="ssl_gnutls"><sslprofile name="bench" provider="gnutls" certfile="%s" keyfile="%s" '
                'requestclientcert="no" outrecsize="16384">' % self.certificate()}


class OpensslServer(Peer):
    """Handshakes and nothing behind them: the least that a server which uses OpenSSL can do."""
    name = "s_server"
    program = "openssl"
    peer = False
    tls = True
    inflight = 1        # one connection after the other
    kinds = ("handshake",)

    def command(self, room):
        cert, key = self.certificate()
        return [self.found, "s_server", "-accept", "127.0.0.1:%d" % self.port, "-cert", cert, "-key", key, "-www",
                "-quiet", "-num_tickets", "1"]


def without_nagle(cls, opts):
    server = cls(opts)
    server.name += "+nodelay"
    server.preload = os.path.join(opts.build, "bench", "nodelay.so")
    return server


def every(opts):
    """All servers known, in the order of the table."""
    return [Limit(opts), Chatd(opts), ChatdIrc(opts), ChatdWs(opts), forgetful(ChatdIrc, opts), ChatdOpen(opts),
            ChatdTls(opts), Ngircd(opts),
            without_nagle(Ngircd, opts), Inspircd(opts), without_nagle(Inspircd, opts),
            InspircdTls(opts), without_nagle(InspircdTls, opts), OpensslServer(opts)]
