"""Load on one address, and what it costs all the processes behind it."""

from __future__ import annotations

import math
import os
import re
import statistics
import subprocess
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from stack import processes

UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60000.0}
NS_PER_US, MS_PER_S = 1000, 1000.0


@dataclass(frozen=True)
class Sample:
    """One round."""

    rate: float  # requests a second
    p50: float  # milliseconds
    p99: float
    cpu: float  # microseconds a request, of all processes but the one that asks
    failed: int  # answers that were none


@dataclass(frozen=True)
class Figure:
    """Some rounds of the same: medians, and how far the rates lie apart."""

    rate: float
    p50: float
    p99: float
    cpu: float
    failed: int
    spread: float  # (largest - smallest rate) / median


def median_of(samples: list[Sample]) -> Figure:
    def middle(value: Callable[[Sample], float]) -> float:
        return statistics.median(map(value, samples))

    rates = [sample.rate for sample in samples]
    rate = statistics.median(rates)
    return Figure(
        rate, middle(lambda one: one.p50), middle(lambda one: one.p99),
        middle(lambda one: one.cpu), sum(sample.failed for sample in samples),
        (max(rates) - min(rates)) / rate if rate else 0.0,
    )


def measure(
    url: str, headers: Mapping[str, str], method: str, connections: int, seconds: int,
    leaders: Iterable[int],
) -> Sample:
    """One round of so many connections; `leaders` and all their children are what it costs."""
    pids = family(leaders)
    before = cpu_ns(pids)
    tool = _hey if method == "HEAD" else _wrk
    rate, p50, p99, done, failed = tool(url, headers, connections, seconds)
    spent = cpu_ns(pids) - before
    return Sample(rate, p50, p99, spent / NS_PER_US / max(done, 1), failed)


def _wrk(
    url: str, headers: Mapping[str, str], connections: int, seconds: int
) -> tuple[float, float, float, int, int]:
    said = _run(["wrk", "-t", str(min(2, connections)), "-c", str(connections),
                 "-d", f"{seconds}s", "--timeout", "10s", "--latency",
                 *(word for pair in headers.items() for word in ("-H", ": ".join(pair))), url])
    done = int(_find(r"(\d+) requests in", said))
    failed = sum(map(int, re.findall(r"Non-2xx or 3xx responses: (\d+)", said)))
    for four in re.findall(r"connect (\d+), read (\d+), write (\d+), timeout (\d+)", said):
        failed += sum(map(int, four))
    return (float(_find(r"Requests/sec:\s+([\d.]+)", said)), _time(r"^\s+50%\s+(\S+)", said),
            _time(r"^\s+99%\s+(\S+)", said), done, failed)


def _hey(
    url: str, headers: Mapping[str, str], connections: int, seconds: int
) -> tuple[float, float, float, int, int]:
    """wrk waits for the body of an answer to HEAD."""
    said = _run(["hey", "-m", "HEAD", "-cpus", "2", "-c", str(connections), "-z", f"{seconds}s",
                 *(word for pair in headers.items() for word in ("-H", ": ".join(pair))), url])
    counts = {status: int(count) for status, count in
              re.findall(r"\[(\d+)\]\s+(\d+) responses", said)}
    return (float(_find(r"Requests/sec:\s+([\d.]+)", said)),
            float(_find(r"50% in ([\d.]+)", said)) * MS_PER_S,
            float(_find(r"99% in ([\d.]+)", said)) * MS_PER_S,
            sum(counts.values()), sum(counts.values()) - counts.get("200", 0))


def _run(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout


def _find(pattern: str, said: str) -> str:
    found = re.search(pattern, said, re.MULTILINE)
    assert found, said
    return found[1]


def _time(pattern: str, said: str) -> float:
    """Milliseconds; endless where nothing was answered."""
    found = re.fullmatch(r"([\d.]+)(us|ms|s|m)", _find(pattern, said))
    return float(found[1]) * UNITS[found[2]] if found else math.inf


# ---- processes ----


def family(leaders: Iterable[int]) -> list[int]:
    """They and all that descend from them."""
    children: dict[int, list[int]] = {}
    for pid in processes.all_pids():
        if stat := processes.read_stat(pid):
            children.setdefault(stat.parent, []).append(pid)
    found, waiting = [], list(leaders)
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        waiting += children.get(pid, [])
    return found


def cpu_ns(pids: Iterable[int]) -> int:
    """Time on a processor so far, of all threads."""
    spent = 0
    for pid in pids:
        for task in Path(f"/proc/{pid}/task").glob("*/schedstat"):
            try:
                spent += int(task.read_text().split()[0])
            except OSError:
                pass
    return spent


def memory_kb(pids: Iterable[int]) -> int:
    """Resident memory, what several share counted once (Pss)."""
    return sum(_kb(pid, "Pss") for pid in pids)


def resident_kb(pid: int) -> int:
    """Resident memory of one process, shared libraries and all."""
    return _kb(pid, "Rss")


def own_kb(pid: int) -> int:
    """What one process adds where others like it run: what it has written to."""
    return _kb(pid, "Private_Dirty")


def _kb(pid: int, name: str) -> int:
    """From the kernel's sum, else from its list of all mappings, else estimated from pages alone: not
    every kernel keeps the first two."""
    for file in ("smaps_rollup", "smaps"):
        try:
            text = Path(f"/proc/{pid}/{file}").read_text()
        except OSError:
            continue
        found = [int(kb) for kb in re.findall(rf"^{name}:\s+(\d+) kB", text, re.MULTILINE)]
        if any(found):
            return sum(found)
    try:
        _, resident, shared, *_ = map(int, Path(f"/proc/{pid}/statm").read_text().split())
    except (OSError, ValueError):
        return 0  # it has ended
    pages = resident if name == "Rss" else resident - shared
    return pages * os.sysconf("SC_PAGE_SIZE") // 1024
