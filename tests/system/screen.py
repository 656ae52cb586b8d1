"""A terminal for programs that draw: a pseudo-terminal, and a small model of what stands on its screen."""

import errno
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
import unicodedata

from harness import limit

CSI = re.compile(r"\x1b\[([?>=]?)([0-9;]*)([ -/]*)([@-~])")
OSC = re.compile(r"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")


def width(c):
    if unicodedata.combining(c):
        return 0
    return 2 if unicodedata.east_asian_width(c) in "WF" else 1


class Screen:
    """What a terminal of that size shows after the bytes that feed() was given. Enough for libedit and ncurses; an
    unknown sequence is an error, so that nothing is passed over."""

    def __init__(self, rows, cols):
        self.rows, self.cols = rows, cols
        self.cells = [[" "] * cols for _ in range(rows)]
        self.y = self.x = 0
        self.wrap = False
        self.top, self.bottom = 0, rows - 1
        self.saved = (0, 0)
        self.rest = ""
        self.history = []  # lines that have gone out at the top
        self.last = " "

    def scroll(self):
        if self.top == 0:
            self.history.append("".join(self.cells[0]).rstrip())
        del self.cells[self.top]
        self.cells.insert(self.bottom, [" "] * self.cols)

    def down(self):
        if self.y == self.bottom:
            self.scroll()
        else:
            self.y = min(self.y + 1, self.rows - 1)

    def put(self, c):
        w = width(c)
        if w == 0:
            return
        if self.wrap or self.x + w > self.cols:
            self.x = 0
            self.down()
            self.wrap = False
        self.cells[self.y][self.x] = c
        if w == 2:
            self.cells[self.y][self.x + 1] = ""
        self.last = c
        self.x += w
        if self.x >= self.cols:
            self.x, self.wrap = self.cols - 1, True

    def blank(self, y, a, b):
        for x in range(a, min(b, self.cols)):
            self.cells[y][x] = " "

    def csi(self, private, args, final):
        nums = [int(a) if a else 0 for a in args.split(";")] if args else []
        n = nums[0] if nums and nums[0] else 1
        first = nums[0] if nums else 0
        row = self.cells[self.y]
        if private or final in "mnchltq":
            return
        self.wrap = False
        if final == "A":
            self.y = max(self.y - n, 0)
        elif final == "B":
            self.y = min(self.y + n, self.rows - 1)
        elif final == "C":
            self.x = min(self.x + n, self.cols - 1)
        elif final == "D":
            self.x = max(self.x - n, 0)
        elif final == "G":
            self.x = min(n, self.cols) - 1
        elif final == "d":
            self.y = min(n, self.rows) - 1
        elif final in "Hf":
            self.y = min(n, self.rows) - 1
            self.x = min(nums[1] if len(nums) > 1 and nums[1] else 1, self.cols) - 1
        elif final == "J":
            for y in range(self.rows):
                if first == 2 or (first == 0 and y > self.y) or (first == 1 and y < self.y):
                    self.blank(y, 0, self.cols)
            if first == 0:
                self.blank(self.y, self.x, self.cols)
            elif first == 1:
                self.blank(self.y, 0, self.x + 1)
        elif final == "K":
            self.blank(self.y, 0 if first else self.x, self.x + 1 if first == 1 else self.cols)
        elif final == "X":
            self.blank(self.y, self.x, self.x + n)
        elif final == "P":
            del row[self.x:self.x + n]
            row += [" "] * (self.cols - len(row))
        elif final == "@":
            row[self.x:self.x] = [" "] * n
            del row[self.cols:]
        elif final == "L":
            for _ in range(n):
                del self.cells[self.bottom]
                self.cells.insert(self.y, [" "] * self.cols)
        elif final == "M":
            for _ in range(n):
                del self.cells[self.y]
                self.cells.insert(self.bottom, [" "] * self.cols)
        elif final == "S":
            for _ in range(n):
                self.scroll()
        elif final == "T":
            for _ in range(n):
                del self.cells[self.bottom]
                self.cells.insert(self.top, [" "] * self.cols)
        elif final == "b":
            for _ in range(n):
                self.put(self.last)
        elif final == "r":
            self.top = (nums[0] if nums and nums[0] else 1) - 1
            self.bottom = (nums[1] if len(nums) > 1 and nums[1] else self.rows) - 1
            self.y = self.x = 0
        else:
            raise AssertionError("the screen does not know CSI %s %s" % (args, final))

    def escape(self, s):
        """At an ESC: how many characters it takes; 0: not all of it is there."""
        m = CSI.match(s) or OSC.match(s)
        if m:
            if m.re is CSI:
                self.csi(m.group(1), m.group(2), m.group(4))
            return m.end()
        if len(s) < 2 or s[1] in "[]" and len(s) < 64:
            return 0
        if s[1] in "()*+#":
            return 3 if len(s) > 2 else 0
        if s[1] == "M":
            if self.y == self.top:
                del self.cells[self.bottom]
                self.cells.insert(self.top, [" "] * self.cols)
            else:
                self.y -= 1
        elif s[1] == "7":
            self.saved = (self.y, self.x)
        elif s[1] == "8":
            self.y, self.x = self.saved
        elif s[1] not in "=>":
            raise AssertionError("the screen does not know ESC %r" % s[1])
        return 2

    def feed(self, text):
        s = self.rest + text
        i = 0
        while i < len(s):
            c = s[i]
            if c == "\x1b":
                n = self.escape(s[i:])
                if n == 0:
                    break
                i += n
                continue
            if c == "\n":
                self.down()
                self.wrap = False
            elif c == "\r":
                self.x, self.wrap = 0, False
            elif c == "\b":
                self.x, self.wrap = max(self.x - 1, 0), False
            elif c == "\t":
                self.x = min((self.x // 8 + 1) * 8, self.cols - 1)
            elif c >= " ":
                self.put(c)
            elif c not in "\a\x0e\x0f\0":
                raise AssertionError("the screen was sent %r" % c)
            i += 1
        self.rest = s[i:]

    def lines(self):
        return ["".join(row).rstrip() for row in self.cells]

    def text(self):
        """All there ever was, the screen last."""
        return "\n".join(self.history + self.lines())


class Terminal:
    """A program on a pseudo-terminal with a Screen."""

    def __init__(self, argv, rows=24, cols=80, env=None, cwd=None, term="xterm"):
        self.screen = Screen(rows, cols)
        self.bytes = b""
        self.status = None
        self.partial = b""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            try:
                fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))
                os.chdir(cwd or ".")
                os.execve(argv[0], argv, {**os.environ, "TERM": term, "LC_ALL": "C.UTF-8", **(env or {})})
            finally:
                os._exit(127)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))

    def close(self):
        if self.status is None:
            try:
                os.kill(self.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.status = os.waitpid(self.pid, 0)[1]
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def type(self, text):
        os.write(self.fd, text.encode() if isinstance(text, str) else text)

    def pump(self, seconds):
        if not select.select([self.fd], [], [], max(0, seconds))[0]:
            return False
        try:
            data = os.read(self.fd, 65536)
        except OSError as e:
            if e.errno != errno.EIO:
                raise
            data = b""
        if not data:
            return None
        self.bytes += data
        data = self.partial + data
        try:
            text = data.decode()
            self.partial = b""
        except UnicodeDecodeError as e:
            if e.start < len(data) - 4:
                raise
            text, self.partial = data[:e.start].decode(), data[e.start:]
        self.screen.feed(text)
        return True

    def until(self, what, fn, seconds=None):
        """Reads until fn() is true; its value."""
        end = time.monotonic() + (limit() if seconds is None else seconds)
        while True:
            value = fn()
            if value:
                return value
            got = self.pump(end - time.monotonic())
            if got is None or (not got and time.monotonic() >= end):
                value = fn()
                if value:
                    return value
                raise AssertionError("waited for %s; the screen:\n%s" % (what, self.screen.text()))

    def expect(self, regex, seconds=None):
        """Somewhere on the screen or in what has gone out of it."""
        pattern = re.compile(regex, re.M)
        return self.until(regex, lambda: pattern.search(self.screen.text()), seconds)

    def prompt(self, text, seconds=None):
        """The line that the cursor is in is this."""
        return self.until("the line %r" % text, lambda: self.screen.lines()[self.screen.y] == text.rstrip(), seconds)

    def resize(self, rows, cols):
        self.screen = Screen(rows, cols)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))

    def wait(self, seconds=None):
        """The exit code."""
        end = time.monotonic() + (limit() if seconds is None else seconds)
        while self.pump(end - time.monotonic()):
            pass
        while self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = status
            elif time.monotonic() > end:
                raise AssertionError("it has not ended; the screen:\n" + self.screen.text())
            else:
                select.select([], [], [], 0.01)
        return os.waitstatus_to_exitcode(self.status)
