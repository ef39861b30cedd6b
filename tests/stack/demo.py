"""`make demo`: the whole story on a real stack, each step with its time, each one checked."""

from __future__ import annotations

import signal
import time
import urllib.parse
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from . import demo_calls, redis_server
from .api import Answer
from .calls import Call, new_call, token_for
from .errors import StackError

if TYPE_CHECKING:
    from .stack import Stack

STEP_SECONDS = 30.0
CLICKS = 10
ACTIVE = 3
PACE = 96_000  # bytes a second: three times the speed of speech, on two channels
RANGE = (8_000, 15_999)
SIGNED_IN = 8 * 3600.0  # s

T = TypeVar("T")


class DemoFailed(StackError):
    """Something did not come true."""


@dataclass(frozen=True)
class Screen:
    """What people see: how long a step took, what it was, how it went."""

    def head(self, text: str) -> None:
        print(f"\n{text}", flush=True)

    def step(self, began: float, what: str, result: str) -> None:
        print(f"  {time.monotonic() - began:6.2f} s   {what:<52}{result}", flush=True)


def tell(stack: Stack, stay: bool, calls: int) -> int:
    """Start the stack, tell the story, fill the page with so many calls, stay until Ctrl-C unless told
    not to, stop the stack."""
    screen = Screen()
    screen.head("Tapedeck starts, with a database, a queue and a phone provider of its own")
    began = time.monotonic()
    stack.start()
    try:
        screen.step(began, f"PostgreSQL, Redis, {stack.front}, responders, a runner",
                    stack.base_url)
        _refuse_other_providers(stack)
        call = _a_call_is_recorded(stack, screen)
        _what_was_said(stack, call, screen)
        _somebody_presses_play(stack, screen)
        _ten_click_at_once(stack, screen)
        _weeks_have_passed(stack, calls, screen)
        _say_where_to_listen(stack, call, stay)
        if stay:
            _wait_for_ctrl_c()
    finally:
        stack.stop()
    print("Stopped. The logs are in " + str(stack.run_dir / "log"))
    return 0


def _refuse_other_providers(stack: Stack) -> None:
    """The story needs a provider that is slow on demand."""
    stack.twilio.stats()


def _a_call_is_recorded(stack: Stack, screen: Screen) -> Call:
    screen.head("A call ends, and its recording is fetched before anybody asks")
    call = new_call(stack, 1, seconds=20, announced=False)
    began = time.monotonic()
    statuses = [call.send_call_status().status, call.send_recording_status().status]
    sent = time.time()
    _expect(statuses == [204, 204], f"the callbacks got {statuses}, not 204 each")
    screen.step(began, "Twilio calls back twice, signed: ended, recorded", "204, 204")
    stack.twilio.wait("requests", at_least=1, sid=call.recording_sid, timeout=STEP_SECONDS)
    asked = stack.twilio.stats().entries(call.recording_sid)[0]["t"]
    screen.step(began, "The runner asks Twilio for it",
                f"{max(0.0, asked - sent) * 1000:.0f} ms after the callback")
    path = _until(lambda: call.finished_file, "the recording did not arrive")
    _expect(path.read_bytes() == call.source("wav2"), "the file is not what Twilio has")
    screen.step(began, "It is here: two channels, every byte as at Twilio",
                f"{path.stat().st_size:,} bytes")
    return call


def _what_was_said(stack: Stack, call: Call, screen: Screen) -> None:
    if not stack.config.get("TRANSCRIBE_URL") or not stack.config.get("SUMMARY_URL"):
        return
    screen.head("It is heard, each of the two by themselves, and summarised")
    began = time.monotonic()
    page = _until(lambda: _page_with_summary(call), "the call was not summarised")
    said = page["transcript"]
    screen.step(began, f"{len(said)} sentences of {len({one['speaker'] for one in said})} speakers",
                f"{said[0]['speaker']} at {said[0]['start']:.2f} s: {said[0]['text']}"[:40])
    screen.step(began, "A summary", page["summary"].splitlines()[0])


def _page_with_summary(call: Call) -> dict[str, Any] | None:
    page = call.api.get(f"/api/calls/{call.call_sid}").json
    return page if page["summary"] else None


def _somebody_presses_play(stack: Stack, screen: Screen) -> None:
    from twilio.client import fault

    screen.head("Somebody presses play while Twilio is slow")
    call = new_call(stack, 1, seconds=8, faults=[fault("trickle", bytes_per_second=PACE)])
    api, source = call.api, call.source("wav2")
    began = time.monotonic()
    first = api.get(call.file_path)
    _expect(first.status == 202 and first.retry_after > 0,
            f"the first click got {first.status}, not 202 with Retry-After")
    screen.step(began, "The first click: it is on its way",
                f"202, Retry-After: {first.headers['Retry-After']}")
    whole = _follow(call)
    _expect(whole.body == source, "what plays is not what Twilio has")
    screen.step(began, "The player came back as told, and it plays",
                f"200, {len(whole.body):,} bytes, all as at Twilio")
    began = time.monotonic()
    start, end = RANGE
    part = api.get(call.file_path, headers={"Range": f"bytes={start}-{end}"})
    _expect(part.status == 206 and part.body == source[start:end + 1],
            f"a jump into the middle got {part.status}, not the right 206")
    screen.step(began, "A jump into the middle", f"206, {part.headers['Content-Range']}")


def _ten_click_at_once(stack: Stack, screen: Screen) -> None:
    from twilio.client import fault

    business = 2
    screen.head("Ten people of one business click at once")
    calls = [
        new_call(stack, business, seconds=4, seed=seed, group="ten", faults=[fault("hold")])
        for seed in range(CLICKS)
    ]
    began = time.monotonic()
    with ThreadPoolExecutor(CLICKS) as people:
        answers = list(people.map(lambda call: call.api.get(call.file_path), calls))
        statuses = [answer.status for answer in answers]
        _expect(statuses == [202] * CLICKS, f"the ten clicks got {statuses}, not 202 each")
        screen.step(began, "Ten clicks", "202 each")
        _until(lambda: _line(stack, business) == (ACTIVE, CLICKS - ACTIVE),
               lambda: f"active and waiting were {_line(stack, business)}, not 3 and 7")
        stack.twilio.wait("held", equals=ACTIVE, group="ten", timeout=STEP_SECONDS)
        screen.step(began, "Redis: who may download now, and who waits", "3 active, 7 waiting")
        stack.twilio.release()
        played = list(people.map(_follow, calls))
    _expect(all(answer.body == call.source("wav2") for call, answer in zip(calls, played)),
            "what plays is not what Twilio has")
    most = stack.twilio.stats().group("ten").max_in_flight
    _expect(most <= ACTIVE, f"Twilio was asked for {most} at once, not for 3 at most")
    screen.step(began, "All ten play, every byte as at Twilio", f"never more than {most} at once")


def _weeks_have_passed(stack: Stack, calls: int, screen: Screen) -> None:
    if calls == 0:
        return
    screen.head("Weeks have passed, and a team has worked with it")
    began = time.monotonic()
    kinds = demo_calls.fill(stack, calls)
    others = [f"{count:,} {kind.replace('_', ' ')}" for kind, count in kinds.most_common() if kind != "ready"]
    screen.step(began, f"{calls:,} calls, {kinds['ready']:,} of them with sound", ", ".join(others))


def _say_where_to_listen(stack: Stack, call: Call, stay: bool) -> None:
    answer = call.api.post(call.prepare_path)
    _expect(answer.status == 200 and answer.json.get("status") == "ready",
            f"prepare got {answer.status}, not 200")
    link = urllib.parse.urljoin(stack.base_url, answer.json["play_url"])
    path = link.removeprefix(stack.base_url)
    _expect(call.api.with_token(None).get(path).status == 200, "the play link does not play")
    token = token_for(stack, call.business, ttl=SIGNED_IN, sub=demo_calls.WATCHER)
    print(f"\nListen:   {link}\nThe page, signed in: {stack.base_url}/#token={token}")
    if stay:
        print("Ctrl-C stops it all.", flush=True)


def _follow(call: Call) -> Answer:
    """Ask until it plays, as often as Retry-After says and no more."""
    deadline = time.monotonic() + STEP_SECONDS
    while True:
        answer = call.api.get(call.file_path)
        if answer.status == 200:
            return answer
        _expect(answer.status == 202, f"a recording got {answer.status} instead of 200 or 202")
        _expect(time.monotonic() + answer.retry_after < deadline,
                f"a recording did not play within {STEP_SECONDS:.0f} s")
        time.sleep(max(0.1, answer.retry_after))


def _line(stack: Stack, business: int) -> tuple[int, int]:
    """How many download, and how many wait."""
    return (
        redis_server.count(stack.redis_url, "SCARD", f"rec_slots:{business}"),
        redis_server.count(stack.redis_url, "LLEN", f"rec_queue:{business}"),
    )


def _until(check: Callable[[], T | None], otherwise: str | Callable[[], str]) -> T:
    """What `check` gives once it gives something."""
    deadline = time.monotonic() + STEP_SECONDS
    while not (found := check()):
        if time.monotonic() > deadline:
            text = otherwise if isinstance(otherwise, str) else otherwise()
            raise DemoFailed(f"{text}, within {STEP_SECONDS:.0f} s")
        time.sleep(0.01)
    return found


def _expect(true: bool, otherwise: str) -> None:
    if not true:
        raise DemoFailed(otherwise)


def _wait_for_ctrl_c() -> None:
    try:
        while True:
            signal.pause()
    except KeyboardInterrupt:
        print()
