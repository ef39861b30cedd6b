"""What is measured of preparing: draining a line, dispatching in a long one, a click."""

from __future__ import annotations

import os
import resource
import shutil
import socket
import statistics
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg
import redis

import click
import rq_set
from peers import ENVIRONMENT, HERE
from stack import ports
from stack.calls import new_sid
from stack.front import connects
from stack.processes import Registry, Service
from stack.stack import ROOT, Stack

RECORDINGS, BUSINESSES, SLOTS = 2000, 100, 3
LATENCY_MS, SIZE = 100, 1_000_000
WAITING_BUSINESSES, WAITING_EACH, DISPATCHES = 1000, 1000, 2000
CLICKS = 50
LEASE_MS = LINE_MS = 3_600_000


@dataclass(frozen=True)
class Preparing:
    """Figures of one run."""

    ceiling_s: float  # what latency and slots allow
    plain_s: float  # curl --parallel, without any bookkeeping
    drain_s: float
    drain_cpu_ms: float  # a recording
    drain_mb: float  # the most that was resident
    done: int
    rq: rq_set.Drained
    dispatch_us: dict[str, float]  # median, by what waits
    click_ms: list[float]


def run(folder: Path) -> Preparing:
    """Nothing is deleted, and no bytes are on their way to the disk, when the next one begins: a
    file system that freed inodes lately may look at each of them before it gives out another."""
    source, address = provider(folder / "provider", "provider.js", LATENCY=LATENCY_MS, SIZE=SIZE)
    try:
        plain, _ = _plain(folder / "plain", address)
        with Stack(folder / "drain", bound=True, overrides={
                "TWILIO_API_BASE": address, "RUNNER_TRANSFERS": str(BUSINESSES * SLOTS)}) as stack:
            seconds, cpu, most, done = _drain(stack)
            dispatched = _dispatch(stack)
            with psycopg.connect(stack.database_url, autocommit=True) as database:
                database.execute("DELETE FROM recording_runs")
                stack.recordings_dir.rename(folder / "drained")
                stack.recordings_dir.mkdir()
                os.sync()
                _queue_up(stack, database)
                by_rq = rq_set.drain(stack, database)
    finally:
        source.stop_all()
    ceiling = RECORDINGS / (BUSINESSES * SLOTS) * LATENCY_MS / 1000
    return Preparing(ceiling, plain, seconds, cpu / RECORDINGS * 1000, most, done, by_rq,
                     dispatched, _clicks(folder / "click"))


def provider(run_dir: Path, program: str, **settings: object) -> tuple[Registry, str]:
    """One of peers/, started, and its address."""
    (run_dir / "log").mkdir(parents=True)
    port, registry = ports.choose_port(0), Registry(run_dir, bound=True)
    service = Service(
        "provider", [shutil.which("node") or "nodejs", str(HERE / program)],
        {**ENVIRONMENT, "LISTEN": str(port),
         **{name: str(value) for name, value in settings.items()}},
        ready=lambda: connects(socket.AF_INET, ("127.0.0.1", port)))
    registry.start(service)
    registry.await_ready(service)
    return registry, f"http://127.0.0.1:{port}"


def _plain(folder: Path, address: str) -> tuple[float, float]:
    """The same files by curl, as many at once: nobody counts, checks, syncs or takes turns. Seconds until
    all are fetched, and until all are on the disk."""
    folder.mkdir()
    wish = folder / "wish"
    wish.write_text("".join(f'url = "{address}/{n}"\noutput = "{folder}/{n}.wav"\n'
                            for n in range(RECORDINGS)))
    began = time.monotonic()
    subprocess.run(["curl", "-sS", "--no-progress-meter", "--parallel", "--parallel-immediate", "--parallel-max",
                    str(BUSINESSES * SLOTS), "--config", str(wish)], check=True)
    seconds = time.monotonic() - began
    os.sync()
    return seconds, time.monotonic() - began


def _drain(stack: Stack) -> tuple[float, float, float, int]:
    """Seconds, processor seconds and megabytes of one `tapedeck drain --once`."""
    with psycopg.connect(stack.database_url, autocommit=True) as database:
        _queue_up(stack, database)
        cleaned = stack.run("cleanup")  # puts what PostgreSQL knows into the lines
        assert cleaned.returncode == 0, cleaned.stderr
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        began = time.monotonic()
        runner = subprocess.Popen([str(stack.tapedeck), "drain", "--linger", "60s"],
                                  env=stack.environment(), stderr=subprocess.DEVNULL, cwd="/")
        done = 0
        while done < RECORDINGS and time.monotonic() - began < 60:
            time.sleep(0.02)
            (done,) = database.execute(
                "SELECT count(*) FROM recording_runs WHERE status = 'completed'").fetchone()
        seconds = time.monotonic() - began
        most = _high_water_mb(runner.pid)
        runner.terminate()
        runner.wait(timeout=60)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, spent, most, done


def _queue_up(stack: Stack, database: psycopg.Connection) -> None:
    url = (f"{stack.config['TWILIO_API_BASE']}/2010-04-01/Accounts/{stack.account_sid}"
           "/Recordings/")
    with database.transaction(), database.cursor() as cursor:
        for business in range(1001, 1001 + BUSINESSES):
            stack.create_business(business)  # those that are there stay
        for n in range(RECORDINGS):
            business, call, recording = 1001 + n % BUSINESSES, new_sid("CA"), new_sid("RE")
            cursor.execute(
                "INSERT INTO call_log (business_id, call_sid, status, recording_sid,"
                " recording_status, recording_url) VALUES (%s, %s, 'completed', %s, 'completed',"
                " %s)", [business, call, recording, url + recording])
            cursor.execute("INSERT INTO recording_runs (business_id, call_sid, job_type)"
                           " VALUES (%s, %s, 'download')", [business, call])


def _high_water_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return 0.0


def _dispatch(stack: Stack) -> dict[str, float]:
    """Microseconds of one dispatch, asked over the socket, in an empty queue and in a full one."""
    with redis.Redis.from_url(stack.redis_url) as client:
        client.flushdb()
        client.set("rec_ready", "1")
        script = client.script_load((ROOT / "db" / "queue" / "dispatch.lua").read_text())
        empty = _dispatches(client, script)
        client.flushdb()
        client.set("rec_ready", "1")
        for business in range(1, WAITING_BUSINESSES + 1):
            calls = [f"CA{n:032x}" for n in range(WAITING_EACH)]
            with client.pipeline(transaction=False) as pipe:
                pipe.rpush(f"rec_queue:{business}", *calls)
                pipe.sadd(f"rec_queued:{business}", *calls)
                pipe.execute()
        full = _dispatches(client, script)
        client.flushdb()
    return {"nobody": empty, f"{WAITING_BUSINESSES:,} × {WAITING_EACH:,}": full}


def _dispatches(client: redis.Redis, script: str) -> float:
    """A new call at the end of a business's line, each time of another business."""
    times = []
    for n in range(DISPATCHES):
        business = 1 + n % WAITING_BUSINESSES
        keys = [f"{name}:{business}" for name in
                ("rec_slots", "rec_queue", "rec_later", "rec_queued")] + ["rec_jobs"]
        began = time.perf_counter_ns()
        client.evalsha(script, 5, *keys, business, SLOTS, 2, LEASE_MS, LINE_MS, f"{n:x}",
                       "enqueue", new_sid("CA"), "click")
        times.append((time.perf_counter_ns() - began) / 1000)
    return statistics.median(times)


def _clicks(folder: Path) -> list[float]:
    with Stack(folder, bound=True, timers=True) as stack:
        with psycopg.connect(stack.database_url, autocommit=True) as database:
            calls = [click.unasked_call(stack, database, n)
                     for n in range(CLICKS + click.WARM_UP)]
        return sorted([click.click(stack, call) for call in calls][click.WARM_UP:])


def lines(one: Preparing) -> list[str]:
    """The section of results.md."""
    rates = [
        ("what latency and slots allow", RECORDINGS / one.ceiling_s),
        ("`curl --parallel`, no bookkeeping", RECORDINGS / one.plain_s),
        ("one `tapedeck drain`", one.done / one.drain_s),
        (f"{rq_set.WORKERS} RQ workers", one.rq.done / one.rq.seconds),
    ]
    clicks = one.click_ms
    return [
        "## Preparing", "",
        f"**{RECORDINGS:,} recordings of 1 MB**, of {BUSINESSES} businesses with {SLOTS} slots "
        f"each, from a provider that answers after {LATENCY_MS} ms (bench/peers/provider.js, on "
        "the same machine):", "",
        "| | recordings a second | of the ceiling | of curl |", "|---|---:|---:|---:|",
        *(f"| {who} | {rate:,.0f} | {rate / rates[0][1]:.2f} | {rate / rates[1][1]:.2f} |"
          for who, rate in rates), "",
        f"`tapedeck drain` took {one.drain_s:.2f} s, curl {one.plain_s:.2f} s, the RQ workers "
        f"{one.rq.seconds:.2f} s for {rq_set.RECORDINGS:,} of them. "
        f"{one.done:,} came to their end; {one.drain_cpu_ms:.2f} ms of processor time a recording, "
        f"waveforms included; at most {one.drain_mb:.0f} MB resident. The RQ workers had "
        f"{one.rq.mb:,.0f} MB (Pss) halfway; they make no waveforms, keep no "
        "leases and count no slots (bench/peers/rq_job.py). Their start is in their seconds, as "
        "ours is in ours.", "",
        "**One dispatch** (enqueue a call, fill free slots), over the socket, median: "
        + "; ".join(f"{value:.0f} µs with {what} waiting"
                    for what, value in one.dispatch_us.items()) + ".", "",
        f"**A click until the provider is asked**, {len(clicks)} clicks: median "
        f"{statistics.median(clicks):.1f} ms, worst {clicks[-1]:.1f} ms.", "",
    ]
