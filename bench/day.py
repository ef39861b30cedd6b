"""A day of 20,000 calls on this machine: some minutes of its busiest hour, and what each part took.

    python3 bench/day.py [--minutes 10] [--days 1]     make all first; writes bench/day.md

The proportions are those of docs/scale.md: a day's work is done in ten hours, the busiest hour has
one and a half times the average, every call lasts three minutes, has three callbacks, and is
recorded, prefetched, transcribed and summarised. What people do beside that is assumed: OF_A_CALL.
`--days` is how many such days come at once. The provider and the speech server are fakes, which are
not counted; nor are the clients.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import sys
import tempfile
import threading
import time
import urllib.parse
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests"))

import psycopg  # noqa: E402

import preparing  # noqa: E402
import report  # noqa: E402
from load import family, memory_kb  # noqa: E402
from stack.api import Api  # noqa: E402
from stack.calls import Call, new_number, new_sid, token_for  # noqa: E402
from stack.stack import Stack  # noqa: E402
from twilio import speech  # noqa: E402

CALLS_A_DAY, HOURS, BUSIEST, CALL_S = 20_000, 10, 1.5, 180
BUSINESSES, HISTORY = 20, 20_000
PROVIDER_MS, SPEECH_MS = 100, 500
# Things that people do for one call that comes in. Of the clicks one in four is on a call of
# yesterday that is not on the disk.
OF_A_CALL = {"list": 2.0, "search": 0.3, "click": 0.5, "seek": 1.0}
OLD_CLICKS = 4
WORDS = ("שלום", "הזמנה", "מספר", "לקוח", "תשלום", "חשבון", "מחר", "משלוח", "ביטול", "פגישה")
PIECE = "bytes=0-65535"
LOOK_EVERY_S, AFTER_S = 0.25, 60.0
PARTS = {"tapedeck.fcgi": "responders", "tapedeck": "runner", "tapedeck-decoder": "decoder",
         "postgres": "PostgreSQL", "redis-server": "Redis", "redis-check-rdb": "Redis",
         "lighttpd": "web server"}
YESTERDAY = """
INSERT INTO call_log (business_id, call_sid, account_sid, direction, from_number, to_number, status,
                      duration, created_at, recording_url, recording_sid, recording_status,
                      channels, recording_duration, final_transcript)
SELECT 1 + n %% {businesses}, 'CA' || md5('call ' || n), '{account}', 'inbound',
       '+97250' || lpad((n * 7919 %% 10000000)::text, 7, '0'), '+97231234567', 'completed', {seconds},
       now() - interval '1 day' + n * interval '1 second',
       'https://api.twilio.com/2010-04-01/Accounts/{account}/Recordings/RE' || md5('r' || n),
       'RE' || md5('r' || n), 'completed', 2, {seconds},
       (SELECT string_agg((%s::text[])[1 + (n * w * w) %% {words}], ' ')
          FROM generate_series(1, 300) w)
  FROM generate_series(1, {history}) n
"""


# ---- what each part takes ----


class Meter(threading.Thread):
    """Processor time of the stack's processes, those that ended too, by part."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.stopped = threading.Event()
        self.first: dict[tuple[int, str], float] = {}
        self.last: dict[tuple[int, str], float] = {}
        self.memory_mb: dict[str, float] = {}

    def look(self, first: bool = False) -> None:
        memory: dict[str, int] = {}
        for pid in family([os.getpid()]):
            try:
                part = PARTS.get(Path(os.readlink(f"/proc/{pid}/exe")).name)
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if part is None:
                continue
            self.last[pid, part] = sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")
            memory[part] = memory.get(part, 0) + memory_kb([pid])
        for part, kb in memory.items():
            self.memory_mb[part] = max(self.memory_mb.get(part, 0.0), kb / 1024)
        if first:
            self.first = dict(self.last)

    def run(self) -> None:
        while not self.stopped.wait(LOOK_EVERY_S):
            self.look()

    def seconds(self) -> dict[str, float]:
        spent = dict.fromkeys(PARTS.values(), 0.0)
        for key, value in self.last.items():
            spent[key[1]] += value - self.first.get(key, 0.0)
        return spent


# ---- what people and the provider do ----


@dataclass
class Crowd:
    """All that comes in; milliseconds of what was asked for, and what went wrong."""

    stack: Stack
    ms: dict[str, list[float]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    recent: list[Call] = field(default_factory=list)
    played: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    dice: random.Random = field(default_factory=lambda: random.Random(7))

    def timed(self, name: str, do: Callable[[], None]) -> None:
        began = time.monotonic()
        try:
            do()
        except Exception as error:  # a figure too: what failed is counted, and the day goes on
            with self.lock:
                self.wrong.append(f"{name}: {error}")
            return
        with self.lock:
            self.ms.setdefault(name, []).append((time.monotonic() - began) * 1000)

    def api(self, business: int) -> Api:
        return Api(self.stack.base_url, token_for(self.stack, business))

    def old_call(self) -> Call:
        business = 1 + self.dice.randrange(BUSINESSES)
        with psycopg.connect(self.stack.database_url) as db:
            (sid,) = db.execute(
                "SELECT call_sid FROM call_log WHERE business_id = %s AND created_at < now()"
                " - interval '12 hours' ORDER BY random() LIMIT 1", [business]).fetchone()
        return Call(self.stack, business, sid, new_sid("RE"), "", "", None)

    def callbacks(self) -> None:
        call = Call(self.stack, 1 + self.dice.randrange(BUSINESSES), new_sid("CA"), new_sid("RE"),
                    new_number(), new_number(), None)
        for send in (lambda: call.send_call_status(CallStatus="in-progress", CallDuration=None),
                     lambda: call.send_call_status(CallDuration=str(CALL_S)),
                     lambda: call.send_recording_status(RecordingDuration=str(CALL_S))):
            self.timed("callback", lambda send=send: must(send().status, 204))
        self.recent.append(call)

    def open_page(self) -> None:
        api = self.api(1 + self.dice.randrange(BUSINESSES))
        self.timed("list", lambda: must(api.get("/api/calls").status, 200))

    def search(self) -> None:
        api = self.api(1 + self.dice.randrange(BUSINESSES))
        word = urllib.parse.quote(self.dice.choice(WORDS))
        self.timed("search", lambda: must(api.get(f"/api/calls?search={word}").status, 200))

    def click(self) -> None:
        old = self.dice.randrange(OLD_CLICKS) == 0 or not self.recent
        call = self.old_call() if old else self.dice.choice(self.recent)
        self.timed("click, not here" if old else "click", lambda: self.play(call))

    def play(self, call: Call) -> None:
        answer = call.api.post(call.prepare_path, headers={"Prefer": "wait=2"}).json
        while answer.get("play_url") is None:
            answer = call.api.get(call.status_path, headers={"Prefer": "wait=2"}).json
        path = answer["play_url"].removeprefix(self.stack.public_base_url)
        must(Api(self.stack.base_url).get(path, headers={"Range": PIECE}).status, 206)
        self.played.append(path)

    def seek(self) -> None:
        if self.played:
            path, start = self.dice.choice(self.played), self.dice.randrange(2_000_000)
            wish = {"Range": f"bytes={start}-{start + 65535}"}
            self.timed("seek", lambda: must(
                Api(self.stack.base_url).get(path, headers=wish).status, 206))


def must(status: int, wanted: int) -> None:
    if status != wanted:
        raise AssertionError(f"{status}, not {wanted}")


def a_day(crowd: Crowd, seconds: float, days: float) -> int:
    """Everything at random times, as it comes in life; gives how many calls."""
    rate = days * CALLS_A_DAY / HOURS / 3600 * BUSIEST
    things = {crowd.callbacks: 1.0, crowd.open_page: OF_A_CALL["list"],
              crowd.search: OF_A_CALL["search"], crowd.click: OF_A_CALL["click"],
              crowd.seek: OF_A_CALL["seek"]}
    plan = sorted(((crowd.dice.uniform(0, seconds), n, do) for do, times in things.items()
                   for n in range(round(rate * seconds * times))), key=lambda one: one[:2])
    began = time.monotonic()
    with ThreadPoolExecutor(64) as pool:
        for at, _, do in plan:
            time.sleep(max(0.0, began + at - time.monotonic()))
            pool.submit(do)
    return round(rate * seconds)


# ---- the page ----


def page(machine: list[str], wish: argparse.Namespace, calls: int, seconds: float, meter: Meter,
         crowd: Crowd, done: tuple[int, int]) -> str:
    cores = os.cpu_count() or 1
    spent = meter.seconds()
    used = sum(spent.values()) / seconds / cores
    parts = [[part, f"{one:.1f}", f"{one / seconds / cores:.2%}",
              f"{one / calls * 1000:.1f}", f"{meter.memory_mb.get(part, 0):.0f}"]
             for part, one in spent.items()]
    parts.append(["**all**", f"{sum(spent.values()):.1f}", f"{used:.2%}",
                  f"{sum(spent.values()) / calls * 1000:.1f}",
                  f"{sum(meter.memory_mb.values()):.0f}"])
    times = [[name, str(len(ms)), *(f"{value:.1f}" for value in (
        statistics.median(ms), sorted(ms)[max(0, round(len(ms) * 0.99) - 1)], max(ms)))]
        for name, ms in sorted(crowd.ms.items())]
    return "\n".join([
        "# A day on this machine", "",
        f"Written by `python3 bench/day.py --minutes {wish.minutes:g} --days {wish.days:g}`.", *machine, "",
        f"{calls:,} calls in {seconds:.0f} s: the busiest hour of {wish.days:g} × {CALLS_A_DAY:,} calls a"
        f" day, three minutes each, all of them recorded, prefetched, transcribed and summarised. {done[0]:,}"
        f" recordings were stored and {done[1]:,} summaries written before it ended. {len(crowd.wrong)} requests"
        " failed. The clients, the provider and the speech server ran on the same machine, and are not"
        " counted.", "",
        f"**{used:.1%} of the machine's {cores} cores**: by processor time it has room for"
        f" {wish.days / used:.0f} such days at once, if nothing else runs.", "",
        *report.table(["", "processor time, s", "share of the machine", "ms a call",
                       "memory, MB (Pss, at most)"], parts),
        "Milliseconds, as the client sees them, a connection each. A click lasts until 64 KiB of sound are"
        " here; one that is \"not here\" is fetched from a provider that answers after"
        f" {PROVIDER_MS} ms.", "",
        *report.table(["", "how many", "p50", "p99", "worst"], times)])


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench/day.py")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--days", type=float, default=1)
    parser.add_argument("--into", type=Path, default=HERE / "day.md")
    wish = parser.parse_args()
    machine, meter = report.machine(), Meter()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        (folder / "call.wav").write_bytes(speech.call(1, CALL_S, 2))
        source, address = preparing.provider(folder / "provider", "provider.js",
                                             LATENCY=PROVIDER_MS, FILE=folder / "call.wav")
        heard, server = preparing.provider(folder / "speech", "speech.js", LATENCY=SPEECH_MS)
        try:
            with Stack(folder / "run", bound=True, timers=True, overrides={
                    "TWILIO_API_BASE": address, "TRANSCRIBE_URL": f"{server}/v1",
                    "SUMMARY_URL": f"{server}/v1", "OPENAI_API_KEY": "sk-bench"}) as stack, \
                    psycopg.connect(stack.database_url, autocommit=True) as db:
                for business in range(2, BUSINESSES + 1):
                    stack.create_business(business)
                db.execute(YESTERDAY.format(
                    businesses=BUSINESSES, account=stack.account_sid, seconds=CALL_S,
                    history=HISTORY, words=len(WORDS)), [list(WORDS)])
                db.execute("ANALYZE")
                time.sleep(5)  # until what that left behind is done
                crowd = Crowd(stack)
                meter.look(first=True)
                meter.start()
                began = time.monotonic()
                calls = a_day(crowd, wish.minutes * 60, wish.days)
                done = finished(db, calls)
                seconds = time.monotonic() - began
                meter.stopped.set()
                meter.join()
                meter.look()
        finally:
            source.stop_all()
            heard.stop_all()
    wish.into.write_text(page(machine, wish, calls, seconds, meter, crowd, done))
    print(wish.into.read_text())
    for one in crowd.wrong[:10]:
        print(one)


def finished(db: psycopg.Connection, calls: int) -> tuple[int, int]:
    """What is done of this day's calls when the last one has had a little time."""
    ends = time.monotonic() + AFTER_S
    while True:
        stored, told = db.execute(
            "SELECT (SELECT count(*) FROM recording_runs WHERE status = 'completed'),"
            " (SELECT count(*) FROM call_steps WHERE step = 'summarise' AND status = 'done')").fetchone()
        if told >= calls or time.monotonic() > ends:
            return stored, told
        time.sleep(0.2)


if __name__ == "__main__":
    main()
