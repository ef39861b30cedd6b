"""Writes bench/results.md, results.svg and README.md's table: ours beside what others would pick.

    make bench [BENCH_SECONDS=1] [BENCH_ROUNDS=3]      about ten minutes on a machine that does nothing else
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests"))

import by_length  # noqa: E402
import callbacks  # noqa: E402
import picture  # noqa: E402
import preparing  # noqa: E402
import report  # noqa: E402
import serving  # noqa: E402
import summary  # noqa: E402
from stack.stack import Stack  # noqa: E402

SHARED = ("DATABASE_URL", "REDIS_URL", "RECORDINGS_DIR", "JWT_SECRET", "MEDIA_SECRET")


def tell(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench")
    parser.add_argument("--seconds", type=int, default=1, help="of each round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--into", type=Path, default=HERE)
    return parser.parse_args()


def measure_serving(folder: Path, seconds: int, rounds: int) -> serving.Results:
    with Stack(folder / "run", bound=True) as stack:
        shared = {name: stack.config[name] for name in SHARED}
        with Stack(folder / "own", bound=True, overrides={**shared, "SENDFILE": "off"}) as other:
            other.token = stack.token
            return serving.run(stack, other, folder / "peers", seconds, rounds, tell)


def measure_sound(folder: Path) -> by_length.Sounds:
    source, address = preparing.provider(folder / "trickle", "trickle.js",
                                         LATENCY=by_length.LATENCY_MS)
    try:
        return by_length.run(folder / "sound", address, tell)
    finally:
        source.stop_all()


def main() -> None:
    wish = arguments()
    lines = ["# Results", "", "Written by `make bench`"
             f" (`BENCH_SECONDS={wish.seconds} BENCH_ROUNDS={wish.rounds}`). Medians of the rounds; ± is half"
             " the distance between the largest and the smallest.", *report.machine(), ""]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        results = measure_serving(folder, wish.seconds, wish.rounds)
        tell("preparing")
        prepared = preparing.run(folder / "preparing")
        saved = callbacks.run(folder / "callbacks")
        sounds = measure_sound(folder)
    lines += [*report.serving(results), *preparing.lines(prepared), *by_length.lines(sounds),
              *callbacks.lines(saved)]
    (wish.into / "results.md").write_text("\n".join(lines).rstrip() + "\n")
    (wish.into / "results.svg").write_text(picture.draw(results))
    if wish.into == HERE:
        summary.write(HERE.parent / "README.md", summary.table(results, prepared, sounds, saved))
    tell(f"written: {wish.into / 'results.md'}")


if __name__ == "__main__":
    main()
