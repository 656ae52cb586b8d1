"""An IRC client for the system tests: lines taken apart, waits for events, never sleeps; and what tests of accounts need."""

import base64
import hashlib
import hmac
import os
import re
import socket
import time
import unicodedata

from harness import Case, Closed, limit

UNESCAPE = {":": ";", "s": " ", "\\": "\\", "r": "\r", "n": "\n"}


def unescape(value):
    return re.sub(r"\\(.?)", lambda m: UNESCAPE.get(m.group(1), m.group(1)), value)


class Message:
    """tags (dict), source ("nick!user@host" or a server's name), nick, command, params (list)."""

    def __init__(self, line):
        self.line = line
        self.tags = {}
        rest = line
        if rest.startswith("@"):
            tags, _, rest = rest[1:].partition(" ")
            for tag in tags.split(";"):
                key, _, value = tag.partition("=")
                self.tags[key] = unescape(value)
        self.source = None
        if rest.startswith(":"):
            self.source, _, rest = rest[1:].partition(" ")
        head, colon, last = (" " + rest).partition(" :")
        words = head.split()
        self.command = words[0].upper()
        self.params = words[1:] + ([last] if colon else [])
        self.nick = self.source.partition("!")[0] if self.source else None
        self.others = False   # somebody else's than who has it (Irc._take)

    def __repr__(self):
        return self.line

    def is_(self, command, *params):
        """That command; each of params that is not None must be equal (a compiled regex: match)."""
        if self.command != command or len(self.params) < len(params):
            return False
        for want, got in zip(params, self.params):
            if want is not None and (want != got if isinstance(want, str) else not want.search(got)):
                return False
        return True


class Irc:
    def __init__(self, address, nick=None, caps=(), user="user", real="Real Name", password=None, source=None,
                 rcvbuf=None):
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if rcvbuf:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
        self.sock.settimeout(limit())
        if source:
            self.sock.bind((source, 0))
        self.sock.connect(address)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.raw = b""
        self.queue = []   # messages that have come and were not looked at
        self.seen = []    # all of them
        self.eof = False
        self.nick = nick
        self.known_as = None   # to the server: what it has said last
        self.caps = tuple(caps)
        self.pings = 0
        self.isupport = {}
        self.begin()
        if nick is not None:
            self.register(user, real, password)

    def begin(self):
        """What comes before the first line."""

    def close(self):
        self.sock.close()

    # -- out

    def send_raw(self, data):
        self.sock.settimeout(limit())
        self.sock.sendall(data)

    def send(self, *lines):
        self.send_raw(b"".join(self.packed(l.encode() if isinstance(l, str) else l) for l in lines))

    def packed(self, line):
        """The bytes of one line, and (lines_of) the lines in what has come."""
        return line + b"\r\n"

    def lines_of(self, data):
        self.raw += data
        *lines, self.raw = self.raw.split(b"\r\n")
        return lines

    def register(self, user="user", real="Real Name", password=None):
        if self.caps:
            self.send("CAP LS 302")
        if password is not None:
            self.send("PASS " + password)
        self.send("NICK " + self.nick, "USER %s 0 * :%s" % (user, real))
        if self.caps:
            self.send("CAP REQ :" + " ".join(self.caps))
            self.expect("CAP", None, "ACK")
            self.send("CAP END")
        self.expect("001", self.nick)
        self.welcome = self.until(lambda m: m.command in ("376", "422"))
        for m in self.welcome:
            if m.command == "005":
                for word in m.params[1:-1]:
                    key, _, value = word.partition("=")
                    self.isupport[key] = value
        return self

    def offered(self):
        """The capabilities that there are: values by name."""
        self.send("CAP LS 302")
        got = self.until(lambda m: m.is_("CAP", None, "LS") and m.params[2] != "*")
        return dict(w.partition("=")[::2] for m in got if m.command == "CAP" for w in m.params[-1].split())

    # -- in

    def _pump(self, left):
        self.sock.settimeout(max(left, 0.001))
        try:
            data = self.sock.recv(262144)
        except socket.timeout:
            return False
        except (ConnectionResetError, BrokenPipeError):
            data = b""
        if not data:
            self.eof = True
            return False
        self._take(data)
        return True

    def _take(self, data):
        for line in self.lines_of(data):
            try:
                m = Message(line.decode("utf-8"))
            except UnicodeDecodeError:
                raise AssertionError("%s: what came is not UTF-8: %r" % (self.nick, line)) from None
            if m.command == "PING":
                self.send("PONG :" + m.params[-1])
                continue
            m.others = m.source is not None and "!" in m.source and m.nick != self.known_as
            if m.command == "001" or m.command == "NICK" and not m.others:
                self.known_as = m.params[0]
            self.queue.append(m)
            self.seen.append(m)

    def next(self, seconds=None):
        """The next message."""
        end = time.monotonic() + (limit() if seconds is None else seconds)
        while not self.queue:
            if self.eof:
                raise Closed("%s: closed; the last that came:\n%s" % (self.nick, self.tail()))
            if time.monotonic() > end:
                raise AssertionError("%s: nothing more comes; the last that came:\n%s" % (self.nick, self.tail()))
            self._pump(end - time.monotonic())
        return self.queue.pop(0)

    def until(self, is_last, seconds=None):
        """All messages up to the first for which is_last says so, that one included."""
        end = time.monotonic() + (limit() if seconds is None else seconds)
        got = []
        while not got or not is_last(got[-1]):
            got.append(self.next(max(0, end - time.monotonic())))
        return got

    def expect(self, command, *params, seconds=None, own=False):
        """The first message that is this one (Message.is_); those before it are passed over, and if own, those of other people."""
        try:
            return self.until(lambda m: m.is_(command, *params) and not (own and m.others), seconds)[-1]
        except AssertionError as e:
            raise type(e)("waited for %s %s; %s" % (command, params, e)) from None

    def ask(self, line, *want, **more):
        """The first of what is wanted. Where that is the command itself come back, as for JOIN and PART, another's is no answer."""
        self.send(line)
        return self.expect(*want, own=isinstance(line, str) and want[0] in line.split(" ")[:2], **more)

    def sync(self):
        """Everything that has come until the server has answered a PING: what was decided before this call
        and concerns this client is among it."""
        self.pings += 1
        token = "sync-%d" % self.pings
        self.send("PING " + token)
        return self.until(lambda m: m.is_("PONG", None, token))[:-1]

    def answers(self, line):
        """What the line is answered by, and what else came meanwhile."""
        self.sync()
        self.send(line)
        return self.sync()

    def expect_eof(self, seconds=None):
        end = time.monotonic() + (limit() if seconds is None else seconds)
        while not self.eof:
            if time.monotonic() > end:
                raise AssertionError("%s: still connected; the last that came:\n%s" % (self.nick, self.tail()))
            self._pump(end - time.monotonic())
        left, self.queue = self.queue, []
        return left

    def tail(self, n=25):
        return "\n".join("    " + m.line for m in self.seen[-n:])


class IrcCase(Case):
    """Case with an IRC listener; self.irc() makes clients, self.client() telnet ones."""

    config = {"listen": [{"protocol": "telnet", "address": "127.0.0.1", "port": 0},
                         {"protocol": "irc", "address": "127.0.0.1", "port": 0}]}

    def irc_address(self, d=None):
        return (d or self.d).address_of("irc")

    def irc(self, stem="nick", caps=(), exact=False, d=None, **more):
        """A client that has registered."""
        c = Irc(self.irc_address(d), stem if exact else self.fresh(stem), caps, **more)
        self.addCleanup(c.close)
        return c

    def irc_raw(self, d=None):
        """A connection that has said nothing yet."""
        c = Irc(self.irc_address(d))
        self.addCleanup(c.close)
        return c

    def channel(self, *people, stem="chan"):
        """A fresh channel with these people in it, the first its operator; everything is known to all."""
        name = "#" + self.fresh(stem)
        for c in people:
            c.ask("JOIN " + name, "366", None, name)
        for c in people:
            c.sync()
        return name

    def commands(self, messages):
        return [m.command for m in messages]


# --- accounts --------------------------------------------------------------------------------

PASSWORD = "tip-of-the-iceberg"


def b64(data):
    return base64.b64encode(data if isinstance(data, bytes) else data.encode()).decode()


def plain(account, password=PASSWORD, authzid=""):
    """What SASL PLAIN sends (RFC 4616)."""
    return b64("%s\0%s\0%s" % (authzid, account, password))


def mac(key, data):
    return hmac.new(key, data, hashlib.sha256).digest()


class Scram:
    """The client's side of SCRAM-SHA-256 (RFC 5802, RFC 7677)."""

    def __init__(self, user, password=PASSWORD, authzid=""):
        self.gs2 = "n,%s," % ("a=" + authzid if authzid else "")
        self.nonce = b64(os.urandom(18))
        self.bare = "n=%s,r=%s" % (user.replace("=", "=3D").replace(",", "=2C"), self.nonce)
        self.password = unicodedata.normalize("NFKC", password).encode()

    def first(self):
        return b64(self.gs2 + self.bare)

    def final(self, challenge):
        server = base64.b64decode(challenge).decode()
        attrs = dict(a.split("=", 1) for a in server.split(","))
        assert attrs["r"].startswith(self.nonce) and len(attrs["r"]) > len(self.nonce)
        salted = hashlib.pbkdf2_hmac("sha256", self.password, base64.b64decode(attrs["s"]), int(attrs["i"]))
        without = "c=%s,r=%s" % (b64(self.gs2), attrs["r"])
        message = ",".join((self.bare, server, without)).encode()
        key = mac(salted, b"Client Key")
        proof = bytes(a ^ b for a, b in zip(key, mac(hashlib.sha256(key).digest(), message)))
        self.verifier = "v=" + b64(mac(mac(salted, b"Server Key"), message))
        return b64("%s,p=%s" % (without, b64(proof)))


class AccountCase(IrcCase):
    """IrcCase for clients with accounts. Each test comes from an address of its own: who makes accounts or guesses
    passwords is counted by address."""

    passwords = store = True
    config = dict(IrcCase.config, accounts={"cost": 8192})
    _sources = 0

    def setUp(self):
        super().setUp()
        AccountCase._sources += 1
        n = AccountCase._sources
        self.source = "127.%d.%d.%d" % (os.getpid() % 200 + 1, n // 250, n % 250 + 1)

    def irc(self, stem="nick", caps=(), source=None, **more):
        return super().irc(stem, caps, source=source or self.source, **more)

    def irc_raw(self, d=None, source=None):
        c = Irc(self.irc_address(d), source=source or self.source)
        self.addCleanup(c.close)
        return c

    def registered(self, stem="owner", password=PASSWORD, caps=(), **more):
        """A client with an account of its name."""
        c = self.irc(stem, caps, **more)
        c.ask("REGISTER * * :" + password, "REGISTER", "SUCCESS", c.nick)
        c.expect("900", c.nick, None, c.nick)
        return c

    def reserved(self, stem="owner", **more):
        """The name of an account whose owner is not here."""
        c = self.registered(stem, **more)
        c.send("QUIT")
        c.expect_eof()
        return c.nick

    def newcomer(self, caps=("sasl",), d=None, source=None):
        """In the middle of its registration."""
        c = self.irc_raw(d, source)
        c.caps = tuple(caps)
        c.send("CAP LS 302", "CAP REQ :" + " ".join(caps))
        c.expect("CAP", None, "ACK")
        return c

    def finish(self, c, nick):
        c.nick = nick
        c.send("NICK " + nick, "USER user 0 * :Real Name", "CAP END")
        c.expect("001", nick)
        c.welcome = c.until(lambda m: m.command in ("376", "422"))
        return c

    def auth_plain(self, c, account, password=PASSWORD, authzid=""):
        """The numerics that answer it."""
        c.ask("AUTHENTICATE PLAIN", "AUTHENTICATE", "+")
        c.send("AUTHENTICATE " + plain(account, password, authzid))
        got = self.commands(c.until(lambda m: m.command in ("902", "903", "904", "905", "906", "907")))
        return [n for n in got if n.isdigit()]

    def auth_scram(self, c, account, password=PASSWORD, authzid=""):
        s = Scram(account, password, authzid)
        c.ask("AUTHENTICATE SCRAM-SHA-256", "AUTHENTICATE", "+")
        c.send("AUTHENTICATE " + s.first())
        m = c.until(lambda m: m.command in ("AUTHENTICATE", "904"))[-1]
        if m.command == "904":
            return ["904"]
        c.send("AUTHENTICATE " + s.final(m.params[0]))
        m = c.until(lambda m: m.command in ("AUTHENTICATE", "904"))[-1]
        if m.command == "904":
            return ["904"]
        self.assertEqual(base64.b64decode(m.params[0]).decode(), s.verifier)
        c.send("AUTHENTICATE +")
        return [n for n in self.commands(c.until(lambda m: m.command in ("903", "904"))) if n.isdigit()]

    def logged_in(self, account, caps=("sasl",), nick=None, d=None):
        c = self.newcomer(caps, d)
        self.assertEqual(self.auth_plain(c, account), ["900", "903"])
        return self.finish(c, nick or self.fresh("in"))
