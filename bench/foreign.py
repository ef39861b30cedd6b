"""Does the time an answer takes tell a stranger's call from one that does not exist?

    python3 bench/foreign.py [ROUNDS]     after make all; prints a table; BUILD names the build

Each route that names a call is asked for both, in turns, over one connection. What is compared is
the median, in microseconds, of each; beside it, how far two halves of the same kind are apart: noise.
"""

from __future__ import annotations

import http.client
import os
import statistics
import sys
import tempfile
import time
import urllib.parse
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from stack.calls import new_call, new_sid  # noqa: E402
from stack.stack import ROOT, Stack  # noqa: E402

ROUTES = (("GET", "/api/recordings/file/{}"), ("POST", "/api/recordings/{}/prepare"),
          ("GET", "/api/recordings/{}/status"), ("GET", "/api/calls/{}"),
          ("GET", "/api/calls/{}/download"))
THEIRS = 2


def seconds(connection: http.client.HTTPConnection, method: str, path: str, token: str) -> float:
    began = time.perf_counter()
    connection.request(method, path, headers={"Authorization": f"Bearer {token}"})
    answer = connection.getresponse()
    answer.read()
    took = time.perf_counter() - began
    assert answer.status == 404
    return took


def median_us(times: list[float]) -> float:
    return statistics.median(times) * 1e6


def measure(stack: Stack, rounds: int) -> None:
    base = urllib.parse.urlsplit(stack.base_url)
    connection = http.client.HTTPConnection(base.hostname or "", base.port, timeout=30)
    foreign, nobody = new_call(stack, THEIRS).call_sid, new_sid("CA")
    print(f"{'':40} {'foreign':>9} {'none':>9} {'apart':>7} {'noise':>7}   (µs)")
    for method, pattern in ROUTES:
        times: dict[str, list[float]] = {foreign: [], nobody: []}
        for _ in range(rounds):
            for sid, taken in times.items():
                taken.append(seconds(connection, method, pattern.format(sid), stack.token))
        one, other = median_us(times[foreign]), median_us(times[nobody])
        noise = max(abs(median_us(taken[::2]) - median_us(taken[1::2]))
                    for taken in times.values())
        print(f"{method:5}{pattern:35} {one:9.1f} {other:9.1f} {abs(one - other):7.1f} {noise:7.1f}")


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3000
    build = ROOT / os.environ.get("BUILD", "build")
    with tempfile.TemporaryDirectory(prefix="tapedeck-bench-") as folder:
        with Stack(Path(folder) / "run", build_dir=build, responders=1, fast=True,
                   bound=True) as stack:
            stack.create_business(THEIRS)
            measure(stack, rounds)


if __name__ == "__main__":
    main()
