"""What a filter finds, counted; what one may filter by; and all of it as a file."""

from __future__ import annotations

import csv
import datetime
import io
from collections.abc import Callable

import pytest

from http_audit import cleanup  # noqa: F401 (a fixture)
from http_expect import says
from http_given import Given

NOON = datetime.datetime(2026, 11, 20, 12, 0, tzinfo=datetime.timezone.utc)


# ---- totals ----


def test_totals(given: Given, new_business: Callable[[], int]) -> None:
    business = new_business()
    given.call(business, direction="inbound", status="completed", duration=60, talk_agent_ms=10_000,
               talk_customer_ms=20_500, talk_silence_ms=29_500)
    given.call(business, direction="inbound", status="no-answer", duration=None)
    given.call(business, direction="outbound-api", status="busy", duration=5)
    api = given.api(business)
    assert api.get("/api/calls/totals").json == {
        "calls": 3, "seconds": 65, "missed": 1, "inbound": 2, "outbound": 1, "complete": True,
        "talk": {"agent_s": 10, "customer_s": 20.5, "silence_s": 29.5}}
    assert api.get("/api/calls/totals?direction=outbound").json == {
        "calls": 1, "seconds": 5, "missed": 0, "inbound": 0, "outbound": 1, "talk": None,
        "complete": True}
    assert given.api(new_business()).get("/api/calls/totals?search=x").json == {
        "calls": 0, "seconds": 0, "missed": 0, "inbound": 0, "outbound": 0, "talk": None,
        "complete": True}
    says(api.get("/api/calls/totals?status=x"), 400, "bad_parameter")


def test_what_takes_too_long_is_counted_so_far(
    given: Given, new_business: Callable[[], int]
) -> None:
    business = new_business()
    given.db.execute(
        "INSERT INTO call_log (business_id, call_sid, created_at, duration)"
        " SELECT %s, 'CA' || md5(%s || '/' || n), %s - n * interval '1 second', 1"
        " FROM generate_series(1, 60000) n", [business, str(business), NOON])
    answer = given.api(business).get("/api/calls/totals")
    assert answer.status == 200, given.stack.log("responders").read_text()[-2000:]
    totals = answer.json
    assert totals["calls"] == totals["seconds"] > 0
    assert totals["complete"] == (totals["calls"] == 60000)


# ---- agents and lines ----


def test_agents_and_lines(given: Given, new_business: Callable[[], int]) -> None:
    business = new_business()
    for n, (agent, name, direction) in enumerate([
            ("b", "old", "inbound"), ("b", "new", "inbound"), ("a", None, "outbound-api"),
            (None, "x", "outbound-api"), ("", "x", "inbound")]):
        given.call(business, agent_id=agent, agent_name=name, direction=direction,
                   from_number="+1", to_number="+2", created_at=NOON + datetime.timedelta(n))
    given.call(business, from_number=None, to_number=None)
    given.call(new_business(), agent_id="c", to_number="+3")
    api = given.api(business)
    assert api.get("/api/agents").json == {"agents": [
        {"agent_id": "a", "agent_name": None}, {"agent_id": "b", "agent_name": "new"}]}
    assert api.get("/api/lines").json == {"lines": ["+1", "+2"]}
    nobody = given.api(new_business())
    assert (nobody.get("/api/agents").json, nobody.get("/api/lines").json) == (
        {"agents": []}, {"lines": []})


# ---- the file ----


def rows_of(body: bytes) -> list[dict[str, str]]:
    assert body.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"), newline=""), strict=True))


def test_the_file_has_all_that_is_filtered(
    given: Given, new_business: Callable[[], int]
) -> None:
    business = new_business()
    calls = [given.call(business, created_at=NOON + datetime.timedelta(seconds=n), duration=n)
             for n in range(230)]
    api = given.api(business)
    answer = api.get("/api/calls.csv")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/csv; charset=utf-8")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="calls.csv"'
    assert [row["call_sid"] for row in rows_of(answer.body)] == calls[::-1]
    some = rows_of(api.get("/api/calls.csv?min_duration=100&max_duration=105").body)
    assert [row["duration_s"] for row in some] == ["105", "104", "103", "102", "101", "100"]
    assert some[0]["time_utc"] == "2026-11-20 12:01:45"
    assert rows_of(given.api(new_business()).get("/api/calls.csv").body) == []
    head = api.head("/api/calls.csv")
    assert (head.status, head.headers["Content-Type"]) == (200, "text/csv; charset=utf-8")
    says(api.get("/api/calls.csv?limit=5"), 400, "bad_parameter")
    says(api.get("/api/calls.csv?from=x"), 400, "bad_parameter")


@pytest.mark.parametrize("written, read", [
    ("=1+1", "'=1+1"), ("+972", "'+972"), ("-1", "'-1"), ("@x", "'@x"), ("\tx", "'\tx"),
    ("\rx", "'\rx"), ('a "b", c;\r\nd', 'a "b", c;\r\nd'), ("דנה = 1", "דנה = 1"), (None, ""),
])
def test_no_cell_is_a_formula(
    given: Given, new_business: Callable[[], int], written: str | None, read: str
) -> None:
    business = new_business()
    given.call(business, agent_name=written, ai_summary=written, status=written)
    (row,) = rows_of(given.api(business).get("/api/calls.csv").body)
    assert (row["agent_name"], row["summary"], row["status"]) == (read,) * 3


def test_it_is_in_the_audit(
    given: Given, new_business: Callable[[], int], cleanup: Callable[[], None]  # noqa: F811
) -> None:
    business = new_business()
    api = given.api(business)
    api.head("/api/calls.csv")
    api.get("/api/calls.csv?status=x")
    api.get("/api/calls.csv")
    cleanup()
    assert [(row["action"], row["call_sid"], row["times"])
            for row in given.rows("playback_audit", business_id=business)] == [("export", "", 1)]
