"""Runs as people see them: what is being fetched, how one run is, and the wish to cancel it."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import pytest
import redis

from http_expect import head_agrees, says
from http_given import Given, given_in, queue_of
from stack.api import Answer, Api
from stack.calls import token_for
from stack.stack import Stack

NewBusiness = Callable[[], int]

FIELDS = {
    "run_id", "call_sid", "job_type", "status", "cancel_requested", "can_cancel", "error",
    "error_code", "retry_count", "created_at", "started_at", "completed_at",
}
NOON = datetime.datetime(2026, 11, 20, 12, 0, tzinfo=datetime.timezone.utc)
ACTIVE = "/api/recordings/runs/active"
ENDED = ("completed", "failed", "cancelled")
NOT_THERE = 2**63 - 1


def status_path(run: object) -> str:
    return f"/api/recordings/runs/{run}/status"


def cancel_path(run: object) -> str:
    return f"/api/recordings/runs/{run}/cancel"


def cancel(api: Api, run: object, **how: Any) -> Answer:
    return api.post(cancel_path(run), **how)


def is_cancelled(answer: Answer) -> None:
    assert (answer.status, answer.json) == (200, {"ok": True})
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"


# ---- how they are ----


def test_one_run_in_full(given: Given, new_business: NewBusiness) -> None:
    business = new_business()
    call = given.recorded(business)
    run = given.run(business, call, job_type="full", status="running", attempts=1,
                    created_at=NOON, started_at=NOON + datetime.timedelta(seconds=90),
                    error_code="too_small", error="The provider sent too few bytes.")
    api = given.api(business)
    answer = api.get(status_path(run))
    assert answer.status == 200
    assert answer.json == {
        "run_id": given.shown(run), "call_sid": call, "job_type": "full", "status": "running",
        "cancel_requested": False, "can_cancel": True, "error_code": "too_small",
        "error": "The provider sent too few bytes.", "retry_count": 1,
        "created_at": answer.json["created_at"], "started_at": answer.json["started_at"],
        "completed_at": None,
    }
    times = [datetime.datetime.fromisoformat(answer.json[name])
             for name in ("created_at", "started_at")]
    assert times == [NOON, NOON + datetime.timedelta(seconds=90)]
    assert all(time.tzinfo for time in times)
    head_agrees(api.head(status_path(run)), answer)
    assert api.get(ACTIVE).json == {"runs": [answer.json]}


@pytest.mark.parametrize("columns, can_cancel", [
    ({"status": "queued"}, True), ({"status": "running"}, True),
    ({"status": "running", "cancel_requested": True}, False),
    ({"status": "completed", "completed_at": NOON}, False),
    ({"status": "failed", "completed_at": NOON}, False),
    ({"status": "cancelled", "cancel_requested": True, "completed_at": NOON}, False),
], ids=str)
def test_whether_it_can_be_cancelled(
    given: Given, new_business: NewBusiness, columns: dict[str, Any], can_cancel: bool
) -> None:
    business = new_business()
    run = given.run(business, given.recorded(business), **columns)
    body = given.api(business).get(status_path(run)).json
    assert body.keys() == FIELDS
    assert (body["status"], body["can_cancel"]) == (columns["status"], can_cancel)
    assert body["cancel_requested"] is columns.get("cancel_requested", False)
    if "completed_at" in columns:
        assert datetime.datetime.fromisoformat(body["completed_at"]) == NOON


def test_what_is_active_newest_first(given: Given, new_business: NewBusiness) -> None:
    business, other = new_business(), new_business()
    mine = [given.run(business, given.recorded(business), status=status, lane=lane)
            for status, lane in (("queued", "click"), ("running", "click"), ("queued", "later"))]
    for status in ENDED:
        given.run(business, given.recorded(business), status=status)
    given.run(other, given.recorded(other))
    answer = given.api(business).get(ACTIVE)
    assert [run["run_id"] for run in answer.json["runs"]] \
        == [given.shown(run) for run in mine[::-1]]
    assert all(run.keys() == FIELDS for run in answer.json["runs"])
    head_agrees(given.api(business).head(ACTIVE), answer)


def test_nothing_is_active(given: Given, new_business: NewBusiness) -> None:
    assert given.api(new_business()).get(ACTIVE).json == {"runs": []}


def test_at_most_a_hundred_are_shown(given: Given, new_business: NewBusiness) -> None:
    business = new_business()
    given.db.execute(
        "INSERT INTO recording_runs (business_id, call_sid, job_type)"
        " SELECT %s, 'CA' || md5(n::text), 'download' FROM generate_series(1, 101) n", [business])
    runs = given.api(business).get(ACTIVE).json["runs"]
    newest = [row["id"] for row in given.rows("recording_runs", business_id=business)][:0:-1]
    assert [run["run_id"] for run in runs] == [given.shown(run) for run in newest]


def test_a_click_is_told_its_run(given: Given, new_business: NewBusiness) -> None:
    business = new_business()
    api, call = given.api(business), given.recorded(business)
    body = api.post(f"/api/recordings/{call}/prepare").json
    told = api.get(status_path(body["run_id"])).json
    assert (told["call_sid"], told["status"], told["retry_count"]) == (call, "queued", 0)


def test_a_number_tells_nothing_of_others_runs(given: Given, new_business: NewBusiness) -> None:
    """Runs that were made one after the other have numbers that are neither near nor in order; the
    numbers of older releases go on working."""
    business = new_business()
    api = given.api(business)
    runs = [given.run(business, given.recorded(business)) for _ in range(8)]
    shown = [run["run_id"] for run in api.get(ACTIVE).json["runs"]][::-1]
    assert all(2**52 <= one < 2**53 for one in shown)
    assert all(abs(a - b) > 2**20 for a, b in zip(shown, shown[1:])) and shown != sorted(shown)
    for run, one in zip(runs, shown):
        assert api.get(status_path(one)).json == api.get(status_path(run)).json
        assert api.get(status_path(one)).json["run_id"] == one
    for other in (shown[0] ^ 1, 2**53 - 1, 2**53, 2**63 - 1, 2**52):
        says(api.get(status_path(other)), 404, "run_not_found")
    is_cancelled(cancel(api, shown[0]))
    assert_has_ended(given, runs[0])


# ---- whose they are ----


def test_anothers_run_is_no_run(given: Given, new_business: NewBusiness) -> None:
    """What is not one's own is indistinguishable from what does not exist."""
    business, other = new_business(), new_business()
    run = given.run(business, given.recorded(business))
    before = given.everything()
    api = given.api(other)
    answers = [answer for number in (run, NOT_THERE)
               for answer in (api.get(status_path(number)), cancel(api, number))]
    for answer in answers:
        says(answer, 404, "run_not_found")
    assert len({answer.body for answer in answers}) == 1
    assert given.everything() == before


@pytest.mark.parametrize("run", ["0", "-1", "+1", "1.0", "x", "1x", "%31x", "%20", str(2**63),
                                 "9" * 40, "0x10", "active"])
def test_what_is_no_number_is_refused(given: Given, new_business: NewBusiness, run: str) -> None:
    api = given.api(new_business())
    for answer in (api.get(status_path(run)), cancel(api, run)):
        says(answer, 400, "bad_parameter")


@pytest.mark.parametrize("path", [ACTIVE, status_path(1), cancel_path(1)])
def test_strangers_see_nothing(stack: Stack, path: str) -> None:
    method = "POST" if path.endswith("cancel") else "GET"
    says(Api(stack.base_url).request(method, path), 401, "unauthorized")


@pytest.mark.parametrize("method, path", [
    ("POST", ACTIVE), ("POST", status_path(1)), ("GET", cancel_path(1)), ("DELETE", cancel_path(1)),
])
def test_each_address_has_its_method(
    given: Given, new_business: NewBusiness, method: str, path: str
) -> None:
    says(given.api(new_business()).request(method, path), 405, "method_not_allowed")


@pytest.mark.parametrize("path", [ACTIVE, status_path(1), cancel_path(1)])
def test_no_parameters_are_known(given: Given, new_business: NewBusiness, path: str) -> None:
    method = "POST" if path.endswith("cancel") else "GET"
    answer = given.api(new_business()).request(method, path + "?business_id=2")
    says(answer, 400, "bad_parameter")


def test_a_cookie_cancels_only_from_our_own_pages(
    given: Given, stack: Stack, new_business: NewBusiness
) -> None:
    business = new_business()
    run = given.run(business, given.recorded(business))
    cookie = {"Cookie": f"session={token_for(stack, business)}"}
    nobody = Api(stack.base_url)
    before = given.everything()
    for origin in (None, "null", "https://evil.example"):
        sent = {**cookie, **({"Origin": origin} if origin else {})}
        says(cancel(nobody, run, headers=sent), 403, "origin_not_allowed")
    assert given.everything() == before
    assert nobody.get(status_path(run), headers=cookie).status == 200
    is_cancelled(cancel(nobody, run, headers={**cookie, "Origin": stack.public_base_url}))


# ---- cancelling what waits ----


def clicked(given: Given, business: int, count: int) -> list[tuple[str, int]]:
    """So many calls, clicked in this order, and their runs."""
    api = given.api(business)
    calls = [given.recorded(business) for _ in range(count)]
    for call in calls:
        api.post(f"/api/recordings/{call}/prepare")
    return [(call, given.row("recording_runs", call_sid=call)["id"]) for call in calls]


def assert_has_ended(given: Given, run: int) -> None:
    row = given.row("recording_runs", id=run)
    assert (row["status"], row["cancel_requested"], row["error_code"]) \
        == ("cancelled", True, "cancelled")
    assert row["error"] == "Somebody cancelled it." and row["completed_at"]
    assert row["attempts"] == 0 and row["lease_token"] is None


def jobs_of(rds: redis.Redis, business: int) -> list[str]:
    return [job.split(":")[1] for job in rds.lrange("rec_jobs", 0, -1)
            if job.startswith(f"{business}:")]


def test_one_that_waits_leaves_the_line(
    given: Given, rds: redis.Redis, new_business: NewBusiness
) -> None:
    business = new_business()
    (a, _), (b, _), (c, _), (d, run), (e, _) = clicked(given, business, 5)
    is_cancelled(cancel(given.api(business), run))
    assert_has_ended(given, run)
    assert rds.lrange(f"rec_queue:{business}", 0, -1) == [e]
    assert rds.smembers(f"rec_queued:{business}") == {e}
    assert jobs_of(rds, business) == [a, b, c]
    body = says(given.api(business).get(f"/api/recordings/file/{e}"), 202, "queued")
    assert body["position"] == 1


def test_one_that_no_runner_took_yet_gives_its_slot_to_the_next(
    given: Given, rds: redis.Redis, new_business: NewBusiness
) -> None:
    business = new_business()
    (a, _), (b, run), (c, _), (d, _), (e, _) = clicked(given, business, 5)
    is_cancelled(cancel(given.api(business), run))
    assert_has_ended(given, run)
    assert rds.smembers(f"rec_slots:{business}") == {a, c, d}
    assert (jobs_of(rds, business), rds.lrange(f"rec_queue:{business}", 0, -1)) == ([a, c, d], [e])
    assert not rds.exists(f"rec_inflight:{business}:{b}")


def test_prefetches_can_be_cancelled(
    given: Given, rds: redis.Redis, new_business: NewBusiness, new_call: Callable[..., Any]
) -> None:
    """One has a slot, one waits for nobody: prefetches have two of the three slots."""
    business = new_business()
    calls = [new_call(business).call_sid for _ in range(4)]
    runs = {row["call_sid"]: row["id"]
            for row in given.rows("recording_runs", business_id=business)}
    api = given.api(business)
    for call in (calls[1], calls[2]):
        is_cancelled(cancel(api, runs[call]))
        assert_has_ended(given, runs[call])
    assert rds.smembers(f"rec_slots:{business}") == {calls[0], calls[3]}
    assert rds.smembers(f"rec_slots_later:{business}") == {calls[0], calls[3]}
    assert jobs_of(rds, business) == [calls[0], calls[3]]
    assert rds.llen(f"rec_later:{business}") == 0


def test_one_that_waits_its_time_can_be_cancelled(
    given: Given, rds: redis.Redis, new_business: NewBusiness
) -> None:
    business = new_business()
    run = given.run(business, given.recorded(business), attempts=1, error_code="truncated",
                    not_before=datetime.datetime.now(datetime.timezone.utc)
                    + datetime.timedelta(hours=1))
    is_cancelled(cancel(given.api(business), run))
    row = given.row("recording_runs", id=run)
    assert (row["status"], row["error_code"], row["attempts"]) == ("cancelled", "cancelled", 1)
    assert queue_of(rds, business) == []


def test_a_cancelled_recording_can_be_asked_for_again(
    given: Given, rds: redis.Redis, new_business: NewBusiness
) -> None:
    """It is no failure: the breaker does not count it, and the next click takes it up again."""
    business = new_business()
    api, call = given.api(business), given.recorded(business)
    runs = []
    for _ in range(4):
        says(api.get(f"/api/recordings/file/{call}"), 202, "processing")
        [run] = api.get(ACTIVE).json["runs"]
        is_cancelled(cancel(api, run["run_id"]))
        assert api.get(f"/api/recordings/{call}/status").json["status"] == "absent"
        runs.append(run["run_id"])
    assert len(set(runs)) == 1, "asking and cancelling in turn adds no rows"
    says(api.get(f"/api/recordings/file/{call}"), 202, "processing")
    assert jobs_of(rds, business) == [call]


@pytest.mark.parametrize("status", ENDED)
def test_what_has_ended_cannot_be_cancelled(
    given: Given, new_business: NewBusiness, status: str
) -> None:
    business = new_business()
    run = given.run(business, given.recorded(business), status=status)
    before = given.everything()
    for _ in range(2):
        says(cancel(given.api(business), run), 409, "run_finished")
    assert given.everything() == before


def test_cancelling_again_is_too_late(given: Given, new_business: NewBusiness) -> None:
    business = new_business()
    [(_, run)] = clicked(given, business, 1)
    is_cancelled(cancel(given.api(business), run))
    says(cancel(given.api(business), run), 409, "run_finished")


def test_a_running_one_is_asked_to_end(
    given: Given, rds: redis.Redis, new_business: NewBusiness
) -> None:
    """Its runner has the slot until it has heard of it."""
    business = new_business()
    [(call, run)] = clicked(given, business, 1)
    rds.set(f"rec_inflight:{business}:{call}", "c:r:token", px=60_000)
    rds.lrem("rec_jobs", 0, f"{business}:{call}")
    given.db.execute("UPDATE recording_runs SET status = 'running', lease_token = 'token',"
                     " heartbeat_at = now() WHERE id = %s", [run])
    api = given.api(business)
    for _ in range(2):  # asking twice is harmless
        is_cancelled(cancel(api, run))
        body = api.get(status_path(run)).json
        assert (body["status"], body["cancel_requested"], body["can_cancel"]) \
            == ("running", True, False)
        assert body["completed_at"] is None
    assert rds.smembers(f"rec_slots:{business}") == {call}
    assert rds.get(f"rec_inflight:{business}:{call}") == "c:r:token"


def test_a_run_whose_runner_died_ends_at_once(
    given: Given, rds: redis.Redis, new_business: NewBusiness
) -> None:
    """There is nobody to hear of the wish."""
    business = new_business()
    run = given.run(business, given.recorded(business), status="running", lease_token="token",
                    heartbeat_at=NOON - datetime.timedelta(days=300))
    given.db.execute("UPDATE recording_runs SET heartbeat_at = now() - interval '1 hour'"
                     " WHERE id = %s", [run])
    is_cancelled(cancel(given.api(business), run))
    assert_has_ended(given, run)
    assert queue_of(rds, business) == []


# ---- without the others ----


def test_without_redis_a_wish_is_kept(make_stack: Callable[..., Stack]) -> None:
    stack = make_stack(responders=1)
    with given_in(stack) as given:
        (first, run), (second, _) = clicked(given, 1, 2)
        stack.halt("redis")
        is_cancelled(cancel(given.api(1), run))
        assert_has_ended(given, run)
        stack.revive("redis")
        done = stack.run("drain", "--once")
        assert done.returncode == 0, done.stderr
        assert f"sid={second}" in done.stderr and f"sid={first}" not in done.stderr


def test_without_postgresql_nothing_is_promised(make_stack: Callable[..., Stack]) -> None:
    stack = make_stack(responders=1)
    with given_in(stack) as given:
        [(call, run)] = clicked(given, 1, 1)
        given.db.execute("CHECKPOINT")
        api = given.api(1)
    stack.halt("postgres")
    for answer in (api.get(ACTIVE), api.get(status_path(run)), cancel(api, run)):
        says(answer, 503, "unavailable")
        assert answer.headers["Retry-After"] == "5"
