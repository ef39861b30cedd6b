"""A program on a kernel that lacks something: old_kernel.py landlock,seccomp PROGRAM ARGUMENTS…

"4.18" lacks every call that came later, as Alma 8 does.

A seccomp filter answers ENOSYS to the calls that such a kernel has not. It is put on by prctl(2),
which stays.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import signal
import struct
import sys
from pathlib import Path

LANDLOCK_CREATE_RULESET = 444
PIDFD_SEND_SIGNAL = 424  # the first call of Linux 5.1; later ones have higher numbers, 4.18's lower ones
SECCOMP = {"x86_64": 317, "aarch64": 277}
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
LOAD, IF_EQUAL, FROM, ANSWER = 0x20, 0x15, 0x35, 0x06
ALLOW, REFUSE = 0x7FFF0000, 0x00050000 | errno.ENOSYS

def landlock_version() -> int:
    """0 where there is none."""
    return max(0, int(ctypes.CDLL(None).syscall(LANDLOCK_CREATE_RULESET, None, 0, 1)))


def status_of(pid: int | str) -> tuple[int, int]:
    """Of a process: whether it can have no new privileges, and how many filters are on it."""
    lines = dict(line.split(":\t", 1)
                 for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return int(lines["NoNewPrivs"]), int(lines["Seccomp_filters"])


def tests_for(parts: str) -> list[tuple[int, int]]:
    """Of a call's number: how it is compared, and with what."""
    known = {"landlock": (IF_EQUAL, LANDLOCK_CREATE_RULESET), "4.18": (FROM, PIDFD_SEND_SIGNAL),
             "seccomp": (IF_EQUAL, SECCOMP[platform.machine()])}
    return [known[part] for part in parts.split(",")]


def take_away(tests: list[tuple[int, int]]) -> None:
    steps = [(LOAD, 0, 0, 0)]
    for compare, number in tests:
        steps += [(compare, 0, 1, number), (ANSWER, 0, 0, REFUSE)]
    steps.append((ANSWER, 0, 0, ALLOW))
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
    program = struct.pack("HxxxxxxP", len(steps), ctypes.addressof(code))
    libc = ctypes.CDLL(None, use_errno=True)
    if (libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0
            or libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program) != 0):
        raise OSError(ctypes.get_errno(), "this host has no seccomp to take something away with")


def main() -> None:
    take_away(tests_for(sys.argv[1]))
    for ignored in signal.SIGPIPE, signal.SIGXFSZ:  # by Python, and that would pass on
        signal.signal(ignored, signal.SIG_DFL)
    os.execv(sys.argv[2], sys.argv[2:])


if __name__ == "__main__":
    main()
