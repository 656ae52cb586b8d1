#!/usr/bin/env python3
"""What testssl.sh finds."""

import json
import os
import shutil
import subprocess
import unittest

from harness import build, main
from tls import TlsCase

LONG = True


@unittest.skipIf(shutil.which("testssl") is None, "not installed: testssl")
@unittest.skipIf(build().sanitized, "says nothing else of a build with sanitizers")
class Testssl(TlsCase):
    def test_findings(self):
        """Nothing above LOW but what is to be said of a certificate that nobody vouches for. Of the web what is HTTP's own: the rest is the same program."""
        d = self.daemon({"tls": {"handshakes": 0}, "web": {"hsts": 31536000}})
        scans = [self.scan(d, "irc"), self.scan(d, "web", "--headers", "--breach", "--protocols")]
        for protocol, p, out in scans:
            p.wait(280)
            with open(out, encoding="utf-8") as f:
                found = json.load(f)
            bad = [x for x in found if x["severity"] in ("MEDIUM", "HIGH", "CRITICAL") and not x["id"].startswith("cert_")]
            self.assertEqual(bad, [], protocol)
            self.assertIn("TLS1_3", [x["id"] for x in found], protocol)  # it has looked

    def scan(self, d, protocol, *what):
        out = os.path.join(self.certs, protocol + ".json")
        p = subprocess.Popen(["testssl", "--warnings=off", "--quiet", "--color", "0", "--ip", "127.0.0.1", "--jsonfile", out, *what,
                              "localhost:%d" % self.tls_address(protocol, d)[1]], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                             stderr=subprocess.STDOUT)
        self.addCleanup(p.wait)
        self.addCleanup(p.kill)
        return protocol, p, out

    test_findings.limit = 300


if __name__ == "__main__":
    main()
