#!/usr/bin/env python3
"""`chat` over TLS: which certificates it takes, and what it says of others."""

import contextlib
import socket
import ssl

from chat import ChatCase, Proxy, Thread
from harness import limit, main


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


if __name__ == "__main__":
    main()
