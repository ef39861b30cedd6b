"""How long from a click until the provider is asked, while a runner lingers.

    python3 bench/click.py [CLICKS]      after make all; prints one line

The click is POST prepare, over HTTP through lighttpd; its clock starts before the request is sent
and stops when the fake provider has read the runner's request. Both clocks are this machine's.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import psycopg  # noqa: E402

from stack.calls import Call, new_call  # noqa: E402
from stack.stack import Stack  # noqa: E402

WARM_UP = 5


def unasked_call(stack: Stack, database: psycopg.Connection, seed: int) -> Call:
    """A call whose recording nobody has asked for: its callback would have queued a prefetch."""
    call = new_call(stack, 1, announced=False, seconds=2, seed=seed)
    assert call.send_call_status().status == 204
    database.execute("UPDATE call_log SET recording_url = %s WHERE call_sid = %s",
                     (call.recording_url, call.call_sid))
    return call


def click(stack: Stack, call: Call) -> float:
    """Milliseconds from the click to the provider's first request."""
    began = time.time()
    answer = call.api.post(f"/api/recordings/{call.call_sid}/prepare")
    assert answer.status in (200, 202), answer.status
    stack.twilio.wait("requests", at_least=1, sid=call.recording_sid)
    first = stack.twilio.stats().entries(call.recording_sid)[0]["t"]
    return (first - began) * 1000


def main() -> None:
    clicks = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    with tempfile.TemporaryDirectory() as folder:
        with Stack(Path(folder) / "run", timers=True) as stack:
            with psycopg.connect(stack.database_url, autocommit=True) as database:
                calls = [unasked_call(stack, database, n) for n in range(clicks + WARM_UP)]
            times = sorted([click(stack, call) for call in calls][WARM_UP:])
    print(f"click to transfer, {clicks} clicks: median {statistics.median(times):.1f} ms, "
          f"p99 {times[int(len(times) * 0.99) - 1]:.1f} ms, worst {times[-1]:.1f} ms")


if __name__ == "__main__":
    main()
