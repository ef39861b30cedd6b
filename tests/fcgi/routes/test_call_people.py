"""Who took a call, and who the other party is: what a CRM writes or tells, and where it is shown."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from http_expect import brief, is_refusal, says
from http_given import Given
from stack.api import Answer, Api

SAID = [{"speaker": "agent", "start": 0, "end": 2, "text": "שלום"},
        {"speaker": "customer", "start": 2, "end": 5.5, "text": "hello"},
        {"speaker": "call", "start": 6, "end": 7, "text": "both"}]


def tell(api: Api, call: str, body: bytes, kind: str = "application/json") -> Answer:
    return api.request("PATCH", f"/api/calls/{call}", body=body, headers={"Content-Type": kind})


def test_what_is_told_is_shown(given: Given, new_business: Callable[[], int]) -> None:
    business = new_business()
    call = given.recorded(business, transcript_segments=json.dumps(SAID))
    api = given.api(business)
    told = {"agent_id": "17", "agent_name": "דנה לוי", "contact_name": "Mr \"X\""}
    answer = tell(api, call, json.dumps(told).encode())
    assert (answer.status, answer.json["call_sid"]) == (200, call)
    row = api.get("/api/calls").json["calls"][0]
    full = api.get(f"/api/calls/{call}").json
    assert told.items() <= answer.json.items()
    assert told.items() <= row.items() and told.items() <= full.items()
    for transcript in (full["transcript"], full["recordings"][0]["transcript"]):
        assert [one.get("name") for one in transcript] == ["דנה לוי", "Mr \"X\"", None]
    assert tell(api, call, b'{"agent_id":null,"contact_name":""}').json.items() >= {
        "agent_id": None, "agent_name": "דנה לוי", "contact_name": None}.items()


@pytest.mark.parametrize("direction, party, line", [
    ("inbound", "+1", "+2"), ("outbound-api", "+2", "+1"), (None, "+1", "+2"),
])
def test_whose_numbers_they_are(
    given: Given, new_business: Callable[[], int], direction: str | None, party: str, line: str
) -> None:
    business = new_business()
    given.call(business, direction=direction, from_number="+1", to_number="+2")
    row = given.api(business).get("/api/calls").json["calls"][0]
    assert (row["party"], row["line"]) == (party, line)


@pytest.mark.parametrize("body, kind, status", [
    (b"", "application/json", 400),
    (b"[]", "application/json", 400),
    (b'{"agent_id":7}', "application/json", 400),
    (b'{"agent":"7"}', "application/json", 400),
    (b'{"agent_id":"7","more":1}', "application/json", 400),
    (b'{"agent_id":"' + b"7" * 201 + b'"}', "application/json", 400),
    (b'{"agent_id":"\xff"}', "application/json", 400),
    (b'{"agent_id":"\\u0000"}', "application/json", 400),
    (b'{"agent_id":"7"}', "text/plain", 400),
    (b'{"agent_id":"' + b"7" * 70_000 + b'"}', "application/json", 413),
], ids=brief)
def test_what_is_none_changes_nothing(
    given: Given, new_business: Callable[[], int], body: bytes, kind: str, status: int
) -> None:
    business = new_business()
    call = given.call(business, agent_id="before")
    is_refusal(tell(given.api(business), call, body, kind), status)
    assert given.row("call_log", call_sid=call)["agent_id"] == "before"


def test_another_businesss_call_stays_as_it_is(
    given: Given, new_business: Callable[[], int]
) -> None:
    call = given.call(new_business(), agent_id="before")
    says(tell(given.api(new_business()), call, b'{"agent_id":"mine"}'), 404, "call_not_found")
    assert given.row("call_log", call_sid=call)["agent_id"] == "before"


@pytest.mark.parametrize("segments, seconds, talk", [
    (SAID[:2], 10, (2000, 3500, 4500)),
    ([{"speaker": "agent", "start": 1, "end": 3}, {"speaker": "customer", "start": 2, "end": 4}], 5,
     (2000, 2000, 2000)),                                       # both at once
    ([{"speaker": "agent", "start": 0, "end": 9}], 5, (9000, None, 0)),
    (SAID, 10, None), ([], 10, None), ({}, 10, None), ([{"speaker": "agent", "start": "x"}], 9, None),
])
def test_who_spoke_for_how_long(given: Given, segments: Any, seconds: int, talk: Any) -> None:
    found = given.db.execute("SELECT * FROM tapedeck_talk(%s::jsonb, %s)",
                             [json.dumps(segments), seconds]).fetchone()
    assert found == (talk or (None, None, None))


def test_it_is_shown_where_both_are_told_apart(
    given: Given, new_business: Callable[[], int]
) -> None:
    business = new_business()
    given.call(business)
    given.call(business, talk_agent_ms=1500, talk_silence_ms=250)
    rows = given.api(business).get("/api/calls").json["calls"]
    assert [row["talk"] for row in rows] == [
        {"agent_s": 1.5, "customer_s": 0, "silence_s": 0.25}, None]
