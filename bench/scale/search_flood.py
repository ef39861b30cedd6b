"""One business sends the dearest searches, sixteen at a time; how long does another's list take now?

    python3 bench/scale/search_flood.py [--calls 40000] [--rounds 3]

The servers have all processors, and those who search take what is left (nice 19): on a host of their own
they would take nothing. Writes flood.md. Ends with 1 when the other business's p99, as things are
shipped, is over 1.5 times as long.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import re
import statistics
import sys
import tempfile
import time
import urllib.parse
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1] / "tests"), str(HERE.parent), str(HERE)]

import psycopg  # noqa: E402

import report  # noqa: E402
from probes import percentile  # noqa: E402
from search import BUSINESS, Language, fill  # noqa: E402
from stack.api import Api  # noqa: E402
from stack.calls import token_for  # noqa: E402
from stack.stack import ROOT, Stack  # noqa: E402
from stacks import tell, with_memory  # noqa: E402

ASKERS = 16
LOOKS = 200
PAUSE_S = 0.02
LONGER = 1.5  # times the other's p99 alone
LONG_EVERY = 50
OTHER = 2
SHARED = ("DATABASE_URL", "REDIS_URL", "RECORDINGS_DIR", "JWT_SECRET", "MEDIA_SECRET")
REPEATS = re.compile(r'\n\$HTTP\["url"\] =~ "[^"]*" \{\n[^}]*refused\.lua(?:[^{}]|\{[^{}]*\})*\}\n')
OTHERS_CALLS = """
INSERT INTO call_log (business_id, call_sid, direction, from_number, created_at)
SELECT %s, 'CA' || md5('other ' || n), 'inbound', '+1555' || n, now() - n * interval '1 minute'
  FROM generate_series(1, 2000) n
"""


@dataclass(frozen=True)
class SearchFlood:
    name: str
    alone: list[float]  # milliseconds of the other's lists
    during: list[float]
    answered: int
    refused: int

    def times(self) -> float:
        return percentile(self.during, 0.99) / percentile(self.alone, 0.99)


def flooded(name: str, stack: Stack, searches: list[str], rounds: int, people: int = 1) -> SearchFlood:
    others = token_for(stack, OTHER, ttl=86400)
    tokens = [token_for(stack, BUSINESS, sub=f"person {n}", ttl=86400) for n in range(people)]
    alone, during = [], []
    counts = [multiprocessing.Value("i", 0) for _ in range(2)]
    for _ in range(rounds):
        alone += _looks(Api(stack.base_url, others))
        over = multiprocessing.Event()
        askers = [multiprocessing.Process(target=_ask, args=(
            stack.base_url, tokens[at % people], searches[at::ASKERS], counts, over)) for at in range(ASKERS)]
        for asker in askers:
            asker.start()
        time.sleep(1)
        during += _looks(Api(stack.base_url, others))
        over.set()
        for asker in askers:
            asker.join()
    one = SearchFlood(name, alone, during, counts[0].value, counts[1].value)
    tell(f"{name}: p99 {one.times():.2f} times")
    return one


def _looks(api: Api) -> list[float]:
    times = []
    while len(times) < LOOKS:
        began = time.perf_counter()
        assert api.get("/api/calls?limit=50").status == 200
        times.append((time.perf_counter() - began) * 1000)
        time.sleep(PAUSE_S)
    return times


def _ask(base_url: str, token: str, searches: list[str], counts: list[multiprocessing.Value],
         over: multiprocessing.Event) -> None:
    os.nice(19)
    api = Api(base_url, token)
    at = 0
    while not over.is_set():
        words = urllib.parse.quote(searches[at % len(searches)])
        answer = api.get(f"/api/calls?limit=50&search={words}")
        at += 1
        count = counts[0 if answer.status == 200 else 1]
        with count.get_lock():
            count.value += 1


def run(wish: argparse.Namespace, folder: Path) -> list[SearchFlood]:
    """As shipped, with one place for each business, and where responders refuse each time."""
    language = Language(7)
    searches = [f"{language.of_rank(0, 20)} nowhere{n}" for n in range(1000)]
    shipped, left_out = REPEATS.subn("\n", (ROOT / "lighttpd.conf").read_text())
    assert left_out == 1
    (folder / "each.conf").write_text(shipped)
    with ExitStack() as open_:
        stack = open_.enter_context(Stack(folder / "stack", bound=True, build_dir=wish.build))
        with_memory(stack)
        fill(stack, wish, language)
        with psycopg.connect(stack.database_url, autocommit=True) as db:
            db.execute(OTHERS_CALLS, [OTHER])
            db.execute("VACUUM (ANALYZE) call_log")
        shared = {name: stack.config[name] for name in SHARED}
        found = [flooded("as shipped: 8 responders, two places", stack, searches, wish.rounds),
                 flooded("the same, by sixteen people", stack, searches, wish.rounds, ASKERS)]
        with Stack(folder / "one", bound=True, build_dir=wish.build,
                   responders=4, overrides=shared) as other:
            found.append(flooded("4 responders, one place", other, searches, wish.rounds))
        with Stack(folder / "each", bound=True, build_dir=wish.build, overrides=shared,
                   front="lighttpd", front_config=folder / "each.conf") as other:
            found.append(flooded("two places; each refusal is a responder's", other, searches, wish.rounds))
    return found


def page(wish: argparse.Namespace, machine: list[str], found: list[SearchFlood]) -> str:
    rows = [[one.name, *(f"{figure:.1f}" for times in (one.alone, one.during)
                         for figure in (statistics.median(times), percentile(times, 0.99))),
             f"**{one.times():.1f}**", f"{one.answered:,}", f"{one.refused:,}"] for one in found]
    return "\n".join([
        "# A flood of searches", "", f"Written by `python3 bench/scale/search_flood.py --calls {wish.calls}"
        f" --rounds {wish.rounds}`.", *machine, "",
        f"One business with {wish.calls:,} calls is asked for two words that no call has together, {ASKERS} at"
        " a time, by clients that never wait. Another business looks at its list: milliseconds over HTTP,"
        f" {LOOKS * wish.rounds} times with nobody else and as often during the flood. A business may hold a"
        " quarter of the responders with what is dear; beyond that it is refused"
        " (docs/webservers.md).", "",
        *report.table(["", "p50 alone", "p99 alone", "p50 during", "p99 during", "p99, times", "answered",
                       "refused"], rows)]) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench/scale/search_flood.py")
    parser.add_argument("--calls", type=int, default=40_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--build", type=Path, default=HERE.parents[1] / "build")
    parser.add_argument("--into", type=Path, default=HERE / "flood.md")
    wish = parser.parse_args()
    wish.long_every = LONG_EVERY
    machine = report.machine()
    with tempfile.TemporaryDirectory() as folder:
        found = run(wish, Path(folder).resolve())
    wish.into.write_text(page(wish, machine, found))
    return 0 if found[0].times() <= LONGER else 1


if __name__ == "__main__":
    sys.exit(main())
