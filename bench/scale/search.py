"""Searches of one business with two million calls, tens of thousands of them an hour long.

    python3 bench/scale/search.py [--calls 2000000] [--long-every 50] [--times 100]

Every call has words, one in `--long-every` 8,000 of them. All of it runs on one processor: PostgreSQL,
Redis, responders and the web server. Needs some 10 GB under the temporary folder. Ends
with 1 when a search's p99 is 50 ms or more, or an answer was none. What many at once do to another
business: search_flood.py.
"""

from __future__ import annotations

import argparse
import datetime
import os
import random
import statistics
import sys
import tempfile
import time
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1] / "tests"), str(HERE.parent), str(HERE)]

import psycopg  # noqa: E402

import report  # noqa: E402
from probes import percentile  # noqa: E402
from stack.api import Api  # noqa: E402
from stack.calls import token_for  # noqa: E402
from stack.stack import Stack  # noqa: E402
from stacks import tell, with_memory  # noqa: E402

BOUND_MS = 50.0
BUSINESS = 1
DAYS = 400
VOCABULARY = 30_000
LONG_WORDS, SHORT_WORDS = 8_000, 15
LONG, SHORT = 200, 5_000  # different texts
LONG_AGO = (datetime.date.today() - datetime.timedelta(days=DAYS // 2)).isoformat()
LETTERS = "אבגדהוזחטיכלמנסעפצקרשת"

TEXTS = """
CREATE UNLOGGED TABLE scale_texts (id integer PRIMARY KEY, words text NOT NULL, lexemes text[]);
"""
LEXEMES = """
UPDATE scale_texts SET lexemes = tsvector_to_array(tapedeck_shelved('', words, NULL));
ANALYZE scale_texts
"""
# As 240 makes them of each call; of texts that many calls share, the words are found only once.
CALLS = """
INSERT INTO call_log (business_id, call_sid, direction, from_number, to_number, status, duration,
    created_at, recording_url, final_transcript, agent_id)
SELECT {business}, 'CA' || md5('call ' || n),
    CASE WHEN n % 3 = 0 THEN 'outbound-api' ELSE 'inbound' END,
    '+9725' || n % 10 || lpad((n::bigint * 7919 % 10000000)::text, 7, '0'), '+97231234567',
    CASE WHEN n % 11 = 0 THEN 'no-answer' ELSE 'completed' END, 20 + n % 600,
    now() - interval '{days} days' * (1 - n::float / {calls}),
    CASE WHEN n % 11 <> 0 THEN 'https://api.twilio.com/' || n END, t.words || ' rare' || n, 'agent ' || n % 40
  FROM generate_series({first}::integer, {last}) n JOIN scale_texts t ON t.id =
    CASE WHEN n % {every} = 0 THEN n / {every} % {long} ELSE {long} + n % {short} END;
INSERT INTO tapedeck_search
SELECT business_id, created_at, call_sid, f, from_number || chr(10) || to_number,
       array_to_tsvector(ARRAY(SELECT shelf || word FROM unnest(t.lexemes || ('rare' || n)) word))
  FROM (SELECT *, (id - {base})::integer AS n, tapedeck_fortnight(created_at) AS f,
               tapedeck_shelf(business_id, tapedeck_fortnight(created_at)) AS shelf
          FROM call_log WHERE id - {base} BETWEEN {first} AND {last}) c
  JOIN scale_texts t ON t.id =
    CASE WHEN n % {every} = 0 THEN n / {every} % {long} ELSE {long} + n % {short} END
"""
# Those of older programs read every transcript again, and are not asked.
MARKS = """
INSERT INTO tapedeck_tags (business_id, tag, subject, call_sid, created_at)
SELECT business_id, 'tag ' || id % 7, '', call_sid, created_at FROM call_log
 WHERE business_id = {business} AND id % 100 = 0;
INSERT INTO tapedeck_stars (business_id, subject, call_sid, created_at)
SELECT business_id, '', call_sid, created_at FROM call_log
 WHERE business_id = {business} AND id % 500 = 0;
INSERT INTO tapedeck_heard (business_id, subject, call_sid, created_at, first_at, last_at)
SELECT business_id, subject, call_sid, created_at, now(), now()
  FROM call_log, (VALUES ('tester'), ('others')) s (subject)
 WHERE business_id = {business} AND id % 20 = 0
"""
OLDER = ("tapedeck_call_log_said", "tapedeck_call_log_number_pieces", "tapedeck_call_log_newest_said")


class Language:
    """Words of two to seven letters, as common as words are (Zipf)."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        names: dict[str, None] = {}
        while len(names) < VOCABULARY:
            names["".join(self.random.choices(LETTERS, k=self.random.randint(2, 7)))] = None
        self.words = list(names)
        self._weights = [1 / (rank + 3) for rank in range(VOCABULARY)]

    def text(self, count: int) -> str:
        return " ".join(self.random.choices(self.words, self._weights, k=count))

    def of_rank(self, low: int, high: int) -> str:
        return self.words[self.random.randrange(low, high)]


def fill(stack: Stack, wish: argparse.Namespace, language: Language) -> None:
    with psycopg.connect(stack.database_url, autocommit=True) as db:
        db.execute("SET maintenance_work_mem = '1GB'; SET max_parallel_maintenance_workers = 0")
        later = db.execute(
            "SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index i"
            " LEFT JOIN pg_constraint c ON c.conindid = i.indexrelid WHERE c.oid IS NULL"
            " AND i.indrelid IN ('call_log'::regclass, 'tapedeck_search'::regclass)").fetchall()
        for name, _ in later:
            db.execute(f"DROP INDEX {name}")
        db.execute("ALTER TABLE call_log DISABLE TRIGGER tapedeck_search_follow")
        db.execute(TEXTS)
        with db.cursor().copy("COPY scale_texts (id, words) FROM STDIN") as copy:
            for at in range(LONG + SHORT):
                copy.write_row((at, language.text(LONG_WORDS if at < LONG else SHORT_WORDS)))
        db.execute(LEXEMES)
        (base,) = db.execute("SELECT coalesce(max(id), 0) FROM call_log").fetchone()
        (next_id,) = db.execute("SELECT nextval('call_log_id_seq')").fetchone()
        step = 100_000
        for first in range(1, wish.calls + 1, step):
            db.execute(CALLS.format(
                business=BUSINESS, days=DAYS, calls=wish.calls, every=wish.long_every, long=LONG,
                short=SHORT, first=first, last=min(first + step - 1, wish.calls),
                base=max(base, next_id)))
            tell(f"{min(first + step - 1, wish.calls):,} calls")
        for name, definition in later:
            if name not in OLDER:
                db.execute(definition)
                tell(name)
        db.execute("ALTER TABLE call_log ENABLE TRIGGER tapedeck_search_follow")
        db.execute(MARKS.format(business=BUSINESS))
        for table in ("call_log", "tapedeck_search", "tapedeck_tags", "tapedeck_stars",
                      "tapedeck_heard"):
            db.execute(f"VACUUM (ANALYZE) {table}")


# Without words.
FILTERS = [
    ("no filter", ""),
    ("a day of long ago", "&from={day}&to={day}T23:59:59Z"),
    ("outbound, long ones", "&direction=outbound&min_duration=500"),
    ("longer than any", "&min_duration=700"),
    ("missed", "&status=missed"),
    ("missed, outbound", "&status=missed&direction=outbound"),
    ("a status nobody has", "&status=ringing"),
    ("an agent", "&agent=agent%207"),
    ("an agent, longer than any", "&agent=agent%207&min_duration=700"),
    ("an agent who is nobody", "&agent=nobody"),
    ("the one line of all", "&line=%2B97231234567"),
    ("a line of nobody", "&line=%2B1"),
    ("a party of nobody", "&party=%2B1"),
    ("a tag", "&tag=tag%203"),
    ("a tag of nobody", "&tag=none"),
    ("starred", "&starred=true"),
    ("not starred", "&starred=false"),
    ("heard", "&heard=true"),
    ("not heard", "&heard=false"),
    ("absent recordings", "&recording_status=absent"),
    ("ready recordings, of which there are none", "&recording_status=ready"),
    ("a tag, not heard, long, of long ago", "&tag=tag%203&heard=false&min_duration=300&to={day}"),
]


@dataclass(frozen=True)
class Search:
    name: str
    words: Callable[[], str]
    more: str = ""


def searches(language: Language, calls: int) -> list[Search]:
    rank, any_of = language.of_rank, language.random.randrange
    prefixed = lambda: "ו" + "ה" + rank(0, VOCABULARY)  # noqa: E731
    number = lambda: f"{any_of(10**7):07}"  # noqa: E731
    common, middling = (lambda: rank(0, 20)), (lambda: rank(300, 3000))
    return [
        Search("a word of one call", lambda: f"rare{any_of(1, calls)}"),
        Search("a word of no call", lambda: f"nowhere{any_of(10**6)}"),
        Search("a Hebrew word of no call", lambda: "ובלם" + "ץ" + number()),
        Search("a word that most say", common),
        Search("a word that some say", middling),
        Search("a word that few say", lambda: rank(20_000, VOCABULARY)),
        Search("with prefixes", prefixed),
        Search("the beginning of a word", lambda: rank(0, 3000)[:2]),
        Search("two words that most say", lambda: f"{common()} {common()}"),
        Search("two words that some say", lambda: f"{middling()} {middling()}"),
        Search("two words that few say", lambda: f"{rank(9000, 30000)} {rank(9000, 30000)}"),
        Search("a common word, and one of no call", lambda: f"{common()} nowhere{number()}"),
        Search("five words", lambda: " ".join(rank(0, 2000) for _ in range(5))),
        Search("a whole number", lambda: f"+9725{any_of(10)}{number()}"),
        Search("the beginning of all numbers", lambda: "+972"),
        Search("the beginning of some", lambda: f"+9725{any_of(10)}{number()[:2]}"),
        Search("the beginning of a tenth", lambda: f"9725{any_of(10)}"),
        Search("a number's end, four digits", lambda: number()[-4:]),
        Search("a number's end, six digits", lambda: number()[-6:]),
        Search("a number of no call", lambda: f"+4930{number()}"),
        Search("two digits", lambda: number()[:2]),
        Search("one digit", lambda: number()[:1]),
        Search("a sign that is in no text", lambda: "%"),
        Search("a common word, outbound", common, "&direction=outbound"),
        Search("a common word, a status nobody has", common, "&status=busy"),
        Search("a common word, no recording", common, "&has_recording=false"),
        Search("a middling word, no answer", middling, "&status=no-answer"),
        Search("two digits, a status nobody has", lambda: number()[:2], "&status=busy"),
        *(Search(name, lambda: "", more) for name, more in FILTERS),
    ]


@dataclass(frozen=True)
class Timed:
    name: str
    times: list[float]
    stopped: int  # pages that say "go on" and are not full
    failed: int


def measure(stack: Stack, search: Search, times: int) -> Timed:
    api = Api(stack.base_url, token_for(stack, BUSINESS, ttl=86400))
    taken, stopped, failed = [], 0, 0
    for turn in range(times + 3):
        path = "/api/calls?limit=50&search=" + urllib.parse.quote(search.words()) \
            + search.more.format(day=LONG_AGO)
        began = time.perf_counter()
        answer = api.get(path)
        took = (time.perf_counter() - began) * 1000
        if turn < 3:
            continue  # caches and connections are warm
        taken.append(took)
        failed += answer.status != 200
        stopped += answer.status == 200 and answer.json["next_cursor"] is not None and len(
            answer.json["calls"]) < 50
    return Timed(search.name, taken, stopped, failed)


def page(wish: argparse.Namespace, machine: list[str], sizes: list[str], rows: list[Timed]) -> str:
    table = report.table(["", "p50", "p99", "worst", "short pages", "failed"], [
        [row.name, f"{statistics.median(row.times):.1f}", f"{percentile(row.times, 0.99):.1f}",
         f"{max(row.times):.1f}", f"{row.stopped} of {len(row.times)}", str(row.failed)]
        for row in rows])
    return "\n".join([
        "# Searches", "", f"Written by `python3 bench/scale/search.py --calls {wish.calls} --long-every"
        f" {wish.long_every} --times {wish.times}`.", *machine,
        "- everything on one processor", *wish.note, "",
        f"One business, {wish.calls:,} calls in {DAYS} days, all with words: one in {wish.long_every}"
        f" has {LONG_WORDS:,} of them (an hour), the others {SHORT_WORDS}. Milliseconds over HTTP, a"
        " page of 50, caches warm. A short page is one where the search was stopped after its 15 ms"
        " (10 without words), and says from where to go on.", "", *table, "", *sizes]).rstrip() + "\n"


def sizes_of(stack: Stack) -> list[str]:
    with psycopg.connect(stack.database_url) as db:
        found = db.execute(
            "SELECT relname, pg_total_relation_size(oid) - pg_indexes_size(oid) FROM pg_class"
            " WHERE relname IN ('call_log', 'tapedeck_search') UNION ALL"
            " SELECT indexrelid::regclass::text, pg_relation_size(indexrelid) FROM pg_index"
            " WHERE indrelid = 'tapedeck_search'::regclass").fetchall()
    return report.table(["", "MB"], [[name, f"{size / 1e6:,.0f}"] for name, size in found])


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench/scale/search.py")
    parser.add_argument("--calls", type=int, default=2_000_000)
    parser.add_argument("--long-every", type=int, default=50)
    parser.add_argument("--times", type=int, default=100)
    parser.add_argument("--build", type=Path, default=HERE.parents[1] / "build")
    parser.add_argument("--into", type=Path, default=HERE / "search.md")
    parser.add_argument("--note", action="append", default=[], help="a line on the machine")
    wish = parser.parse_args()
    wish.note = [f"- {line}" for line in wish.note]
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    language = Language(7)
    with tempfile.TemporaryDirectory() as folder, Stack(
            Path(folder).resolve() / "stack", bound=True, build_dir=wish.build) as stack:
        with_memory(stack)
        fill(stack, wish, language)
        machine = report.machine()
        rows = []
        for search in searches(language, wish.calls):
            rows.append(measure(stack, search, wish.times))
            tell(f"{search.name}: {statistics.median(rows[-1].times):.1f}"
                 f" {percentile(rows[-1].times, 0.99):.1f} ms, {rows[-1].stopped} short")
        wish.into.write_text(page(wish, machine, sizes_of(stack), rows))
    slow = [row.name for row in rows if row.failed or percentile(row.times, 0.99) >= BOUND_MS]
    for name in slow:
        print(f"{name}: not within {BOUND_MS:.0f} ms")
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
