"""Memory of a runner while long calls are transcribed: what it holds before, at most, and after.

    python3 bench/transcribe.py [CALLS [SECONDS]]     after make all; BUILD names the build

So many calls (20) of so many seconds (3600) on two channels are transcribed and summarised, by the
fake servers of tests/speech, STEPS_PARALLEL at once. What the runner holds is what the kernel says:
its own pages (Private of smaps_rollup), and its resident set (VmHWM is the highest).
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from stack.stack import ROOT, Stack  # noqa: E402

CHUNK = 60
EVERY_S = 0.05


def field(pid: int, name: str) -> int:
    """One of /proc/PID/status, in kB."""
    text = Path(f"/proc/{pid}/status").read_text()
    found = re.search(rf"^{name}:\s+(\d+) kB", text, re.MULTILINE)
    return int(found[1]) if found else 0


def private(pid: int) -> int:
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return sum(int(kb) for kb in re.findall(r"^Private_\w+:\s+(\d+) kB", text, re.MULTILINE))


class Watcher(threading.Thread):
    """Looks at a process until it has ended."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid = pid
        self.samples: list[tuple[float, int, int]] = []
        self.peak = 0

    def run(self) -> None:
        try:
            while True:
                sample = (time.monotonic(), private(self.pid), field(self.pid, "VmRSS"))
                if sample[2] == 0:
                    return
                self.samples.append(sample)
                self.peak = max(self.peak, field(self.pid, "VmHWM"))
                time.sleep(EVERY_S)
        except OSError:
            return


def put_calls(stack: Stack, count: int, seconds: int) -> None:
    """Calls whose recordings are here, and are to be transcribed."""
    import psycopg
    from twilio import speech

    from stack.calls import new_sid

    samples = speech.call(1, CHUNK, 2)[44:]
    audio = speech.wav(samples * (seconds // CHUNK), 2)
    folder = stack.recordings_dir / "1"
    folder.mkdir(mode=0o750, exist_ok=True)
    with psycopg.connect(stack.database_url, autocommit=True) as db:
        for _ in range(count):
            sid = new_sid("CA")
            (folder / f"{sid}.wav").write_bytes(audio)
            db.execute("INSERT INTO call_log (business_id, call_sid, direction, recording_url)"
                       " VALUES (1, %s, 'inbound', 'x')", [sid])
            db.execute("INSERT INTO call_steps (business_id, call_sid, step)"
                       " VALUES (1, %s, 'transcribe')", [sid])


def measure(stack: Stack, settings: dict[str, str]) -> Watcher:
    import subprocess

    process = subprocess.Popen([str(stack.tapedeck), "drain", "--once"], cwd="/",
                               env=stack.environment(**settings), stderr=subprocess.DEVNULL)
    watcher = Watcher(process.pid)
    watcher.start()
    if process.wait() != 0:
        raise SystemExit("the runner failed")
    watcher.join(1)
    return watcher


def outcome(stack: Stack) -> str:
    import psycopg

    with psycopg.connect(stack.database_url, autocommit=True) as db:
        done, letters = db.execute(
            "SELECT (SELECT count(*) FROM call_steps WHERE step = 'transcribe'"
            "  AND status = 'done'), sum(length(final_transcript)) FROM call_log").fetchone()
    return f"{done} transcribed, {letters:,} letters"


def main() -> int:
    from speech.fake import FakeSpeech

    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    seconds = int(sys.argv[2]) if len(sys.argv) > 2 else 3600
    build = ROOT / os.environ.get("BUILD", "build")
    with tempfile.TemporaryDirectory() as home, FakeSpeech() as fake, \
            Stack(Path(home) / "run", build_dir=build, responders=1, fast=True, bound=True) as stack:
        put_calls(stack, count, seconds)
        began = time.monotonic()
        watcher = measure(stack, fake.settings)
        took = time.monotonic() - began
        sent = sum(one.size for one in fake.took)
        print(f"{count} calls of {seconds} s in {took:.0f} s: {outcome(stack)};"
              f" {len(fake.took)} files, {sent / 1e6:.0f} MB sent")
    tenths = [watcher.samples[len(watcher.samples) * n // 10] for n in range(10)]
    print("own pages, MB, at each tenth: "
          + " ".join(f"{kb / 1024:.1f}" for _, kb, _ in tenths))
    print(f"own pages at most {max(kb for _, kb, _ in watcher.samples) / 1024:.1f} MB;"
          f" resident set at most {watcher.peak / 1024:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
