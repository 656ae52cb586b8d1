"""The place of a process that somebody has taken over: what it could send to the others, by its own descriptors.

Another process' descriptors are had with pidfd_getfd(2), for which one has to be root, or of the same user while the process can be
dumped (a build with sanitizers). What is written goes by the very channel that the daemon's process has."""

import array
import ctypes
import os
import re
import select
import socket
import struct
import time

from harness import TOP

PIDFD_GETFD = 438
MASTER_FD = 3
_libc = ctypes.CDLL(None, use_errno=True)


def _table():
    with open(os.path.join(TOP, "src", "ipc", "msgs.def"), encoding="utf-8") as f:
        return f.read()


def number(name):
    """Of a message, from the table."""
    return int(re.search(r"^IPC_MSG\(%s, (0x[0-9a-f]+)," % name, _table(), re.M).group(1), 16)


def version():
    with open(os.path.join(TOP, "src", "ipc", "ipc.h"), encoding="utf-8") as f:
        return int(re.search(r"#define IPC_VERSION (\d+)", f.read()).group(1))


def raw(kind, payload=b"", length=None, reserved=0):
    """A frame: kind is a number. length: what it says instead of the truth."""
    return struct.pack("=IHH", 8 + len(payload) if length is None else length, kind, reserved) + payload


def message(what, **values):
    """A whole frame of the table; fields that are not given are 0 or empty."""
    rest = re.search(r"^#define M_%s\(F\)((?:.*\\\n)*.*)$" % what, _table(), re.M).group(1)
    out = b""
    for kind, field in re.findall(r"F\((U8|U16|U32|U64|STR|IDS), (\w+),", rest):
        v = values.pop(field, b"" if kind == "STR" else [] if kind == "IDS" else 0)
        if kind == "STR":
            v = v.encode() if isinstance(v, str) else v
            out += struct.pack("=H", len(v)) + v
        elif kind == "IDS":
            out += struct.pack("=H", len(v)) + b"".join(struct.pack("=Q", i) for i in v)
        else:
            out += struct.pack("=" + {"U8": "B", "U16": "H", "U32": "I", "U64": "Q"}[kind], v)
    assert not values, values
    return raw(number(what), out)


class NotHere(Exception):
    """The kernel, or who we are, does not let us."""


def taken(pid, fd):
    """A copy of that process' descriptor."""
    pidfd = os.pidfd_open(pid)
    try:
        got = _libc.syscall(PIDFD_GETFD, pidfd, fd, 0)
        if got < 0:
            raise NotHere(os.strerror(ctypes.get_errno()))
        return got
    finally:
        os.close(pidfd)


def _socket(pid, fd):
    s = socket.socket(fileno=taken(pid, fd))
    s.setblocking(False)
    return s


def to_master(pid):
    return _socket(pid, MASTER_FD)


def to_broker(pid):
    """Of a process without clients of its own on Unix sockets: it has one stream that is one."""
    for name in sorted(os.listdir("/proc/%d/fd" % pid), key=int):
        try:
            if os.readlink("/proc/%d/fd/%s" % (pid, name)).startswith("socket:"):
                s = _socket(pid, int(name))
                if (s.family, s.type, s.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)) == (socket.AF_UNIX, socket.SOCK_STREAM, 0):
                    return s
                s.close()
        except FileNotFoundError:
            pass
    raise AssertionError("it has no channel to the broker")


def send(s, data, fds=()):
    """With these descriptors; waits for room a moment."""
    anc = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
    end = time.monotonic() + 5
    while True:
        try:
            s.sendmsg([data], anc)
            return
        except BlockingIOError:
            if not select.select([], [s], [], max(0, end - time.monotonic()))[1]:
                raise
        except (BrokenPipeError, ConnectionResetError):
            return
