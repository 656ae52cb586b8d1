"""`chat`, the terminal client, for the system tests: on a pseudo-terminal and in scripts; and what stands between it and a server."""

import contextlib
import http.server
import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import traceback
import unittest

from harness import build, limit
from irc import IrcCase
from screen import Terminal


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
