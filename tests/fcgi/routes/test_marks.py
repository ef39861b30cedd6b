"""Stars, tags, notes and who has listened: whose they are, what they leave in the audit, and with what
they go."""

from __future__ import annotations

import json
import urllib.parse
from collections.abc import Callable
from typing import Any

import pytest

from http_audit import cleanup, file_of, ready  # noqa: F401 (a fixture)
from http_expect import says
from http_given import Given
from stack.api import Answer, Api
from stack.calls import new_sid, token_for

JSON = {"Content-Type": "application/json"}
TABLES = ("tapedeck_stars", "tapedeck_tags", "tapedeck_notes", "tapedeck_heard", "tapedeck_shares")


def somebody(given: Given, business: int, sub: str = "dana") -> Api:
    return Api(given.stack.base_url, token_for(given.stack, business, sub=sub))


def tag_path(call: str, tag: str, whom: str = "") -> str:
    return f"/api/calls/{call}/tags/{urllib.parse.quote(tag, safe='')}" + (
        f"?for={whom}" if whom else "")


def write(api: Api, call: str, text: str, **more: Any) -> Answer:
    return api.post(f"/api/calls/{call}/notes", json.dumps({"text": text, **more}).encode(),
                    headers=JSON)


def audit_of(given: Given, call: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in given.db.execute(
        "SELECT action, subject, detail FROM playback_audit WHERE call_sid = %s"
        " AND action IN ('star', 'unstar', 'tag', 'untag', 'note', 'unnote') ORDER BY at, id",
        [call]).fetchall()]


def row_of(api: Api, call: str) -> dict[str, Any]:
    return dict(api.get(f"/api/calls/{call}").json)


# ---- stars ----

def test_a_star_is_ones_own_or_for_all(given: Given, new_business: Callable[[], int]) -> None:
    business = new_business()
    call, other = given.call(business), given.call(business)
    dana, noa = somebody(given, business), somebody(given, business, "noa")
    assert (row_of(dana, call)["starred"], row_of(dana, call)["tags"]) == (None, [])
    first = dana.put(f"/api/calls/{call}/star")
    assert (first.status, first.json) == (
        200, {"starred": "me", "heard": False, "tags": [], "notes": []})
    assert dana.put(f"/api/calls/{call}/star?for=me").json == first.json
    assert (row_of(dana, call)["starred"], row_of(noa, call)["starred"]) == ("me", None)
    assert noa.put(f"/api/calls/{call}/star?for=all").json["starred"] == "all"
    assert (row_of(dana, call)["starred"], row_of(noa, call)["starred"]) == ("me", "all")
    rows = {row["call_sid"]: row for row in dana.get("/api/calls").json["calls"]}
    assert rows[call]["starred"] == "me"
    assert dana.delete(f"/api/calls/{call}/star").json["starred"] == "all"
    assert dana.delete(f"/api/calls/{call}/star?for=all").json["starred"] is None
    assert row_of(dana, other)["starred"] is None
    assert dana.get(f"/api/calls/{call}").json["starred"] is None
    assert audit_of(given, call) == [
        ("star", "dana", "me"), ("star", "noa", "all"), ("unstar", "dana", "me"),
        ("unstar", "dana", "all")], "a row of each change, and none of what changed nothing"


# ---- tags ----

def test_tags_are_for_all_unless_said(given: Given, new_business: Callable[[], int]) -> None:
    business = new_business()
    call, other = given.call(business), given.call(business)
    dana, noa = somebody(given, business), somebody(given, business, "noa")
    assert dana.put(tag_path(call, "  לחזור  מחר ")).json["tags"] == [
        {"tag": "לחזור מחר", "for": "all"}]
    assert dana.put(tag_path(call, "Ärger?#%", "me")).json["tags"] == [
        {"tag": "Ärger?#%", "for": "me"}, {"tag": "לחזור מחר", "for": "all"}]
    dana.put(tag_path(other, "לחזור מחר", "me"))
    assert row_of(noa, call)["tags"] == [{"tag": "לחזור מחר", "for": "all"}]
    assert row_of(noa, other)["tags"] == []
    assert dana.get("/api/tags").json == {
        "tags": [{"tag": "לחזור מחר", "calls": 2}, {"tag": "Ärger?#%", "calls": 1}]}
    assert noa.get("/api/tags").json == {"tags": [{"tag": "לחזור מחר", "calls": 1}]}
    assert noa.delete(tag_path(call, "Ärger?#%", "me")).status == 200
    assert len(row_of(dana, call)["tags"]) == 2, "another's own tag is not hers to take away"
    assert noa.delete(tag_path(call, "לחזור מחר")).json["tags"] == []
    assert row_of(dana, call)["tags"] == [{"tag": "Ärger?#%", "for": "me"}]
    assert audit_of(given, call) == [
        ("tag", "dana", "all לחזור מחר"), ("tag", "dana", "me Ärger?#%"),
        ("untag", "noa", "all לחזור מחר")]


@pytest.mark.parametrize("tag", ["", " ", "x" * 41, "ש" * 41, "a/b", ".", "..", "a\0b"])
def test_what_is_no_tag(given: Given, new_business: Callable[[], int], tag: str) -> None:
    business = new_business()
    call = given.call(business)
    answer = given.api(business).put(tag_path(call, tag))
    assert answer.status in (400, 404) and given.rows("tapedeck_tags", business_id=business) == []


def test_the_longest_tag(given: Given, new_business: Callable[[], int]) -> None:
    business = new_business()
    call, tag = given.call(business), "🎧" * 40
    assert given.api(business).put(tag_path(call, tag)).json["tags"] == [{"tag": tag, "for": "all"}]
    assert row_of(given.api(business), call)["tags"] == [{"tag": tag, "for": "all"}]


def test_a_call_has_at_most_twenty_tags(given: Given, new_business: Callable[[], int]) -> None:
    business = new_business()
    call, dana = given.call(business), somebody(given, business)
    for n in range(20):
        assert dana.put(tag_path(call, f"tag {n}", "me" if n % 2 else "all")).status == 200
    says(dana.put(tag_path(call, "one more")), 409, "too_many_marks")
    assert dana.put(tag_path(call, "tag 3", "me")).status == 200, "it is there already"
    assert somebody(given, business, "noa").put(tag_path(call, "one more")).status == 200


# ---- notes ----

def test_notes(given: Given, new_business: Callable[[], int]) -> None:
    business = new_business()
    call = given.recorded(business)
    further = given.further(business, call)
    dana, noa = somebody(given, business), somebody(given, business, "noa")
    done = write(dana, call, " מחיר: 1,200 ₪\nלבדוק ", at=12.5, recording=further)
    assert done.status == 201
    (note,) = done.json["notes"]
    assert {**note, "id": 0, "created_at": ""} == {
        "id": 0, "recording": further, "at": 12.5, "text": "מחיר: 1,200 ₪\nלבדוק", "by": "dana",
        "for": "all", "mine": True, "created_at": ""}
    write(dana, call, "only mine", **{"for": "me", "at": None, "recording": None})
    write(noa, call, "of the call", recording=call)
    seen = noa.get(f"/api/calls/{call}").json["notes"]
    assert [(one["text"], one["mine"], one["at"], one["recording"]) for one in seen] == [
        ("of the call", True, None, None), ("מחיר: 1,200 ₪\nלבדוק", False, 12.5, further)]
    assert [one["text"] for one in dana.get(f"/api/calls/{call}").json["notes"]] == [
        "only mine", "of the call", "מחיר: 1,200 ₪\nלבדוק"]
    path = f"/api/calls/{call}/notes/{note['id']}"
    says(noa.delete(path), 404, "note_not_found")
    assert len(dana.delete(path).json["notes"]) == 2
    says(dana.delete(path), 404, "note_not_found")
    assert [row[0] for row in audit_of(given, call)] == ["note", "note", "note", "unnote"]
    assert audit_of(given, call)[0] == ("note", "dana", f"all {note['id']}")


@pytest.mark.parametrize("body, status", [
    (b"", 400), (b"[]", 400), (b'{"text":7}', 400), (b'{"text":"  "}', 400), (b"{}", 400),
    (b'{"text":"a","at":-1}', 400), (b'{"text":"a","at":"1"}', 400), (b'{"text":"a","at":1e9}', 400),
    (b'{"text":"a","for":"noa"}', 400), (b'{"text":"a","recording":7}', 400),
    (b'{"text":"a","recording":"CA"}', 400), (b'{"text":"' + b"a" * 2001 + b'"}', 413),
    (b'{"text":"' + b"a" * 70_000 + b'"}', 413), (b'{"text":"\xff"}', 400),
])
def test_what_is_no_note(
    given: Given, new_business: Callable[[], int], body: bytes, status: int
) -> None:
    business = new_business()
    call = given.call(business)
    answer = given.api(business).post(f"/api/calls/{call}/notes", body, headers=JSON)
    assert answer.status == status and given.rows("tapedeck_notes", business_id=business) == []


def test_a_notes_recording_is_one_of_its_call(
    given: Given, new_business: Callable[[], int]
) -> None:
    business = new_business()
    call, other = given.recorded(business), given.recorded(business)
    foreign = given.further(business, other)
    says(write(given.api(business), call, "a", recording=foreign), 404, "call_not_found")
    assert write(given.api(business), call, "a" * 2000).status == 201


def test_a_call_has_at_most_two_hundred_notes(
    given: Given, new_business: Callable[[], int]
) -> None:
    business = new_business()
    call = given.call(business)
    given.db.execute("INSERT INTO tapedeck_notes (business_id, call_sid, subject, author, text)"
                     " SELECT %s, %s, '', 'x', 'y' FROM generate_series(1, 199)", [business, call])
    assert write(given.api(business), call, "the last").status == 201
    says(write(given.api(business), call, "one more"), 409, "too_many_marks")


# ---- whose ----

def test_another_business_has_no_such_call(given: Given, new_business: Callable[[], int]) -> None:
    mine, theirs = new_business(), new_business()
    call = given.call(theirs)
    owner, other = somebody(given, theirs), somebody(given, mine)
    owner.put(f"/api/calls/{call}/star?for=all")
    owner.put(tag_path(call, "theirs"))
    note = write(owner, call, "theirs").json["notes"][0]["id"]
    own = given.call(mine)
    for method, path, body in (
            ("PUT", f"/api/calls/{call}/star", b""), ("DELETE", f"/api/calls/{call}/star", b""),
            ("PUT", tag_path(call, "x"), b""), ("DELETE", tag_path(call, "theirs"), b""),
            ("POST", f"/api/calls/{call}/notes", b'{"text":"x"}')):
        says(other.request(method, path, body=body, headers=JSON), 404, "call_not_found")
    for one in (call, own):
        says(other.delete(f"/api/calls/{one}/notes/{note}"), 404, "note_not_found")
    assert other.get("/api/tags").json == {"tags": []}
    assert len(owner.get(f"/api/calls/{call}").json["notes"]) == 1
    assert row_of(owner, call)["starred"] == "all"
    assert not any(given.rows(table, business_id=mine) for table in TABLES)


def test_whoever_says_no_name_marks_nothing(given: Given, new_business: Callable[[], int]) -> None:
    """A token without a subject: its marks would be everybody's own."""
    business = new_business()
    call = given.call(business)
    nobody = somebody(given, business, "")
    for answer in (nobody.put(f"/api/calls/{call}/star"), nobody.put(tag_path(call, "x")),
                   write(nobody, call, "x")):
        says(answer, 403, "no_subject")
    assert nobody.get(f"/api/calls/{call}").json["heard"] is False
    assert not any(given.rows(table, business_id=business) for table in TABLES)


def test_a_cookie_needs_our_own_page(given: Given, new_business: Callable[[], int]) -> None:
    business = new_business()
    call = given.call(business)
    cookie = {"Cookie": f"session={token_for(given.stack, business, sub='dana')}", **JSON}
    for method, path in (("PUT", f"/api/calls/{call}/star"), ("PUT", tag_path(call, "x")),
                         ("DELETE", f"/api/calls/{call}/star"),
                         ("POST", f"/api/calls/{call}/notes")):
        says(given.api(business).request(method, path, token=None, headers=cookie,
                                         body=b'{"text":"x"}'), 403, "origin_not_allowed")
    ours = {**cookie, "Origin": given.stack.public_base_url}
    assert given.api(business).put(f"/api/calls/{call}/star", token=None, headers=ours).status == 200


# ---- who has listened ----

def test_who_has_listened(
    given: Given, new_business: Callable[[], int], cleanup: Callable[[], None]  # noqa: F811
) -> None:
    business = new_business()
    call, other = ready(given, business), ready(given, business)
    further = given.further(business, other)
    given.file(business, further, b"RIFF of another")
    dana, noa = somebody(given, business), somebody(given, business, "noa")
    dana.post(f"/api/recordings/{call}/prepare")
    noa.get(f"/api/calls/{call}")
    noa.get(file_of(further))
    cleanup()
    assert (row_of(dana, call)["heard"], row_of(noa, call)["heard"]) == (True, False)
    assert (row_of(dana, other)["heard"], row_of(noa, other)["heard"]) == (False, True)
    (listener,) = noa.get(f"/api/calls/{call}").json["heard_by"]
    assert (listener["subject"], listener["seconds"]) == ("dana", None)
    first = given.row("tapedeck_heard", business_id=business, call_sid=call)
    assert first["first_at"] == first["last_at"]
    assert first["created_at"] == given.row("call_log", call_sid=call)["created_at"]


def test_a_stretch_goes_on(
    given: Given, new_business: Callable[[], int], run_tapedeck: Callable[..., Any]
) -> None:
    business = new_business()
    call = ready(given, business)
    dana = somebody(given, business)
    dana.get(file_of(call), headers={"Cookie": "n=1"})
    given.db.execute("SELECT pg_sleep(1.1)")
    dana.get(file_of(call), headers={"Cookie": "n=2"})
    assert run_tapedeck("audit", "--call", call).returncode == 0
    row = given.row("tapedeck_heard", business_id=business)
    audited = given.row("playback_audit", business_id=business)
    assert (row["first_at"], row["last_at"]) == (audited["at"], audited["until"])
    assert row["last_at"] > row["first_at"]
    (listener,) = dana.get(f"/api/calls/{call}").json["heard_by"]
    assert listener["seconds"] >= 1


# ---- with the call ----

@pytest.fixture
def marked(given: Given, new_business: Callable[[], int]) -> tuple[int, str]:
    """A call with a mark of each kind, for all and of one person."""
    business = new_business()
    call = given.call(business)
    dana = somebody(given, business)
    for whom in ("me", "all"):
        dana.put(f"/api/calls/{call}/star?for={whom}")
        dana.put(tag_path(call, "tag", whom))
        write(dana, call, whom, **{"for": whom})
    given.db.execute("INSERT INTO tapedeck_heard SELECT business_id, 'dana', call_sid, created_at,"
                     " now(), now() FROM call_log WHERE call_sid = %s", [call])
    given.db.execute("INSERT INTO tapedeck_shares (id, business_id, call_sid, name, author, expires_at)"
                     " VALUES (%s, %s, %s, %s, 'dana', now() + interval '1 day')",
                     [new_sid("CA"), business, call, call])
    return business, call


def marks(given: Given, business: int) -> dict[str, int]:
    return {table: len(given.rows(table, business_id=business)) for table in TABLES}


def test_what_a_crm_deletes_takes_its_marks_along(given: Given, marked: tuple[int, str]) -> None:
    business, call = marked
    assert all(marks(given, business).values())
    given.db.execute("INSERT INTO call_log (business_id, call_sid) VALUES (%s, %s)", [business, call])
    given.db.execute("DELETE FROM call_log WHERE id = (SELECT min(id) FROM call_log"
                     " WHERE call_sid = %s)", [call])
    assert all(marks(given, business).values()), "the call is still there: it was held twice"
    given.db.execute("DELETE FROM call_log WHERE call_sid = %s", [call])
    assert not any(marks(given, business).values())


def test_what_a_crm_moves_takes_along_what_is_for_all(
    given: Given, marked: tuple[int, str], new_business: Callable[[], int]
) -> None:
    business, call = marked
    to = new_business()
    given.db.execute("UPDATE call_log SET business_id = %s WHERE call_sid = %s", [to, call])
    assert not any(marks(given, business).values())
    assert marks(given, to) == {"tapedeck_stars": 1, "tapedeck_tags": 1, "tapedeck_notes": 1,
                                "tapedeck_heard": 0, "tapedeck_shares": 0}
    there = somebody(given, to).get(f"/api/calls/{call}").json
    assert (there["starred"], there["tags"]) == ("all", [{"tag": "tag", "for": "all"}])
    assert [(one["text"], one["for"]) for one in there["notes"]] == [("all", "all")]


def test_marks_keep_the_calls_time(given: Given, marked: tuple[int, str]) -> None:
    business, call = marked
    given.db.execute("UPDATE call_log SET created_at = '2020-02-02 02:02:02Z' WHERE call_sid = %s",
                     [call])
    for table in ("tapedeck_stars", "tapedeck_tags", "tapedeck_heard"):
        assert {row["created_at"].year for row in given.rows(table, business_id=business)} == {2020}
