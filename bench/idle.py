"""What we cost while nobody is there: processor time and memory of responders and runners, with the
timers on, and of one runner that starts and finds nothing.

    python3 bench/idle.py [SECONDS=120]      make all first; with strace also what a runner asks of the kernel
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests"))

from load import cpu_ns, family, memory_kb  # noqa: E402
from stack.stack import Stack  # noqa: E402

STARTS, NS = 10, 1e9


def start_cost(stack: Stack) -> float:
    """Milliseconds of processor time of a runner that finds nothing, on average."""
    spent = 0.0
    for _ in range(STARTS):
        one = subprocess.Popen([str(stack.tapedeck), "drain", "--once"], env=stack.environment(),
                               stderr=subprocess.DEVNULL)
        _, status, used = os.wait4(one.pid, 0)
        assert status == 0
        spent += used.ru_utime + used.ru_stime
    return spent / STARTS * 1000


def ours(stack: Stack) -> list[int]:
    """Responders and jobs of this stack."""
    found = []
    for pid in family([os.getpid()]):
        try:
            program = os.readlink(f"/proc/{pid}/exe")
        except OSError:
            continue
        if program.startswith(str(stack.build_dir)):
            found.append(pid)
    return found


def idle(stack: Stack, seconds: float) -> tuple[float, float]:
    """Share of one core, in percent, and the most memory in MB; looked at often, so that also those
    are counted that live for a moment."""
    last: dict[int, int] = {}
    first: dict[int, int] = {pid: cpu_ns([pid]) for pid in ours(stack)}
    most, ends = 0, time.monotonic() + seconds
    began = time.monotonic()
    while time.monotonic() < ends:
        pids = ours(stack)
        last.update({pid: cpu_ns([pid]) for pid in pids})
        most = max(most, memory_kb(pids))
        time.sleep(0.2)
    spent = sum(max(0, ns - first.get(pid, 0)) for pid, ns in last.items())
    return spent / NS / (time.monotonic() - began) * 100, most / 1024


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 120
    with tempfile.TemporaryDirectory() as name:
        with Stack(Path(name).resolve() / "run", bound=True, timers=True) as stack:
            time.sleep(5)
            share, mb = idle(stack, seconds)
            print(f"idle, timers on, {seconds:.0f} s: {share:.2f} % of a core, at most {mb:.0f} MB (Pss)")
        with Stack(Path(name).resolve() / "start", bound=True) as stack:
            print(f"a runner that starts and finds nothing: {start_cost(stack):.1f} ms of processor time")
            if shutil.which("strace"):
                said = subprocess.run(["strace", "-c", "-f", str(stack.tapedeck), "drain", "--once"],
                                      env=stack.environment(), capture_output=True, text=True)
                print("\n".join(said.stderr.splitlines()[-45:]))


if __name__ == "__main__":
    main()
