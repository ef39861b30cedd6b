"""What an hour-long dual call costs us in processor time, from its callbacks until its transcript is
asked for: responders, runner, and whatever the runner starts.

    python3 bench/hour.py [ROUNDS=3 [SECONDS=3600]]      make all first; BUILD names the build
"""

from __future__ import annotations

import os
import socket
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from load import cpu_ns, family  # noqa: E402
from stack import ports  # noqa: E402
from stack.calls import Call, new_call  # noqa: E402
from stack.stack import ROOT, Stack  # noqa: E402

TICK = os.sysconf("SC_CLK_TCK")
PATIENCE_S = 120


def runner_ms(pid: int) -> float:
    """Of the threads and children that ended, too; in the kernel's ticks."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / TICK * 1000


def responders_ms(stack: Stack) -> float:
    pids = [pid for pid in family([os.getpid()])
            if Path(f"/proc/{pid}/exe").resolve().name == "tapedeck.fcgi"]
    return cpu_ns(pids) / 1e6


def one(stack: Stack, call: Call, server: socket.socket) -> float:
    before = responders_ms(stack)
    assert call.send_call_status().status == call.send_recording_status().status == 204
    runner = subprocess.Popen(
        [str(stack.tapedeck), "drain", "--linger", "60s"], cwd="/", stderr=subprocess.DEVNULL,
        env=stack.environment(TRANSCRIBE_URL=f"http://127.0.0.1:{server.getsockname()[1]}/v1",
                              TRANSCRIBE_MODEL="whisper-1", OPENAI_API_KEY="sk-bench"))
    try:
        asking, _ = server.accept()
        with asking:
            assert asking.recv(4) == b"POST"
            return runner_ms(runner.pid) + responders_ms(stack) - before
    finally:
        runner.kill()
        runner.wait()
        stack.run("cleanup")


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    seconds = int(sys.argv[2]) if len(sys.argv) > 2 else 3600
    build = ROOT / os.environ.get("BUILD", "build")
    with tempfile.TemporaryDirectory() as folder, \
            Stack(Path(folder).resolve() / "run", bound=True, build_dir=build) as stack, \
            socket.create_server(("127.0.0.1", ports.choose_port(0))) as server:
        server.settimeout(PATIENCE_S)
        spent = []
        for _ in range(rounds):
            call = new_call(stack, 1, announced=False, seconds=seconds)
            spent.append(one(stack, call, server))
        megabytes = len(call.source("wav2")) / 1e6
    print(f"{seconds} s on two channels, {megabytes:.0f} MB, from callback to transcript asked for: "
          f"median {statistics.median(spent):.0f} ms of processor time, "
          f"{min(spent):.0f} to {max(spent):.0f}")


if __name__ == "__main__":
    main()
