#!/usr/bin/env python3
"""Many who come, talk and go leave nothing behind."""

from churn import churn
from harness import OwnCase, build, lean, listeners, main
from load import table

LONG = True


class Churn(OwnCase):
    def test_no_leak(self):
        """Coming, talking, going, for a while: descriptors and memory come back to where they were."""
        seconds = 20 if not build().sanitized else 25
        d = self.daemon({"limits": {"max_sessions": 400}, "listen": listeners("telnet", "web")}, env=lean())
        rows, problems = churn(d, seconds, 60)
        print(table(rows[-4:]), flush=True)
        self.assertEqual(problems, [])
        self.assertGreater(rows[-1]["logins"], 500)


if __name__ == "__main__":
    main()
