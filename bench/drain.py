"""A drain beside `curl --parallel`, in turns: the same recordings, waveforms included.

    python3 bench/drain.py [ROUNDS]      prints a line a round; make all first
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests"))

import preparing  # noqa: E402
from stack.stack import Stack  # noqa: E402


def one_round(folder: Path, address: str) -> str:
    curl, synced = preparing._plain(folder / "plain", address)
    with Stack(folder / "drain", bound=True, overrides={
            "TWILIO_API_BASE": address,
            "RUNNER_TRANSFERS": str(preparing.BUSINESSES * preparing.SLOTS)}) as stack:
        seconds, cpu, most, done = preparing._drain(stack)
        waveforms = len(list(stack.recordings_dir.rglob("*.peaks.json")))
    rate, by_curl = done / seconds, preparing.RECORDINGS / curl
    on_disk = preparing.RECORDINGS / synced
    return (f"drain {rate:.0f}/s, curl {by_curl:.0f}/s, {rate / by_curl:.2f} of it;"
            f" curl until all is on the disk {on_disk:.0f}/s, {rate / on_disk:.2f} of it;"
            f" {cpu / done * 1000:.2f} ms of processor a recording, {waveforms} waveforms of {done},"
            f" {most:.0f} MB")


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name).resolve()
            source, address = preparing.provider(
                folder / "provider", "provider.js", LATENCY=preparing.LATENCY_MS,
                SIZE=preparing.SIZE)
            try:
                print(one_round(folder, address), flush=True)
            finally:
                source.stop_all()


if __name__ == "__main__":
    main()
