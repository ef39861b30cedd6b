"""Shares: somebody outside hears one recording, or a part of it, as long as the business lets him."""

from __future__ import annotations

import io
import json
import re
import struct
import threading
import urllib.parse
import wave
from collections.abc import Callable
from typing import Any

import pytest

from http_audit import cleanup, ready  # noqa: F401 (a fixture)
from http_expect import says
from http_given import Given
from stack.api import Answer, Api
from stack.calls import new_sid, token_for
from stack.stack import ROOT, Stack

ROUTE = re.compile(r'\{\s*(GET_HEAD|METHOD_\w+),\s*"(/[^"]+)"')
JSON = {"Content-Type": "application/json"}


def every_route() -> list[tuple[str, str]]:
    found = ROUTE.findall((ROOT / "fcgi" / "routes.c").read_text())
    assert len(found) > 25
    return [(methods.removeprefix("METHOD_").replace("GET_HEAD", "GET"), path)
            for methods, path in found]


def somebody(given: Given, business: int, sub: str = "dana") -> Api:
    return Api(given.stack.base_url, token_for(given.stack, business, sub=sub))


def outside(given: Given, token: str | None = None) -> Api:
    return Api(given.stack.base_url, token)


def share(api: Api, call: str, **wish: Any) -> dict[str, Any]:
    answer = api.post(f"/api/calls/{call}/shares", json.dumps(wish).encode(), headers=JSON)
    assert answer.status == 201, answer.body
    return dict(answer.json)


def token_of(made: dict[str, Any]) -> str:
    return str(made["url"]).partition("#")[2]


def opens(given: Given, token: str) -> Answer:
    return outside(given).post("/api/share", json.dumps({"token": token}).encode(), headers=JSON)


def opened(given: Given, made: dict[str, Any]) -> dict[str, Any]:
    answer = opens(given, token_of(made))
    assert answer.status == 200, answer.body
    return dict(answer.json)


def path_of(page: dict[str, Any]) -> str:
    parts = urllib.parse.urlsplit(page["play_url"])
    return f"{parts.path}?{parts.query}"


def sound(given: Given, page: dict[str, Any], **headers: str) -> Answer:
    return outside(given).get(path_of(page), headers=headers)


@pytest.fixture
def shared(given: Given, new_business: Callable[[], int]) -> tuple[int, str, Api]:
    business = new_business()
    return business, ready(given, business, recording_duration=63), somebody(given, business)


def content(given: Given, business: int, call: str) -> bytes:
    return bytes((given.stack.recordings_dir / str(business) / f"{call}.wav").read_bytes())


# ---- as it is meant ----

def test_somebody_outside_hears_it(given: Given, shared: tuple[int, str, Api]) -> None:
    business, call, dana = shared
    made = share(dana, call, label=" ללקוח ")
    assert made["url"].startswith(f"{given.stack.public_base_url}/share.html#{made['id']}.")
    assert (made["by"], made["label"], made["listened"], made["listenings"], made["recording"]) == (
        "dana", "ללקוח", 0, None, call)
    page = opened(given, made)
    assert page.keys() == {
        "label", "called_at", "expires_at", "listenings_left", "recording", "duration", "from", "to",
        "token", "token_expires_at", "play_url"}, "no number, no name, nothing that was said"
    assert (page["label"], page["duration"], page["expires_at"]) == ("ללקוח", 63, made["expires_at"])
    listener = outside(given, page["token"])
    prepared = listener.post(f"/api/recordings/{call}/prepare").json
    assert (prepared["status"], prepared["play_url"], prepared["recordings"]) == (
        "ready", page["play_url"], 1)
    assert listener.get(f"/api/recordings/{call}/status").json["play_url"] == page["play_url"]
    assert listener.get(f"/api/recordings/{call}/peaks").status == 202
    heard = sound(given, page)
    assert (heard.status, heard.body) == (200, content(given, business, call))
    assert heard.headers["Cache-Control"] == "private, no-store"
    piece = sound(given, page, Range="bytes=2-5")
    assert (piece.status, piece.body) == (206, heard.body[2:6])


def test_a_first_recording_is_shared_by_its_own_sid(given: Given, shared: tuple[int, str, Api]) -> None:
    """As the page names it; of a call that the CRM alone wrote, nothing else tells of that SID. So for a download, and
    for a leg that shows it."""
    business, call, dana = shared
    recording = given.row("call_log", call_sid=call)["recording_sid"]
    leg = given.call(business, parent_call_sid=call)
    assert given.rows("tapedeck_recordings", business_id=business) == []
    for one in (call, leg):
        made = share(dana, one, recording=recording)
        assert made["recording"] == call
        assert sound(given, opened(given, made)).body == content(given, business, call)
        download = dana.get(f"/api/calls/{one}/download?recording={recording}")
        assert (download.status, download.body) == (200, content(given, business, call))


def test_it_is_listed_and_revoked(given: Given, shared: tuple[int, str, Api]) -> None:
    business, call, dana = shared
    first, second = share(dana, call), share(dana, call, expires_in=60)
    page = opened(given, second)
    assert sound(given, page).status == 200
    path = f"/api/calls/{call}/shares"
    assert [(one["id"], one["listened"], one["revoked_at"]) for one in dana.get(path).json["shares"]] \
        == [(second["id"], 1, None), (first["id"], 0, None)]
    assert dana.delete(f"{path}/{second['id']}").json == {"ok": True}
    assert dana.delete(f"{path}/{second['id']}").status == 200, "again changes nothing"
    ended_for(given, second, page)
    assert dana.get(path).json["shares"][0]["revoked_at"] is not None
    assert opens(given, token_of(first)).status == 200, "the other one goes on"
    rows = given.db.execute("SELECT action, subject, detail FROM playback_audit WHERE call_sid = %s"
                            " AND action IN ('share', 'revoke') ORDER BY at, id", [call]).fetchall()
    assert sorted(rows) == sorted([("share", "dana", first["id"]), ("share", "dana", second["id"]),
                                   ("revoke", "dana", second["id"])])


def ended_for(given: Given, made: dict[str, Any], page: dict[str, Any]) -> None:
    """Nothing of it plays any more, nor by what was given from it before."""
    says(opens(given, token_of(made)), 410, "share_ended")
    says(sound(given, page), 410, "share_ended")
    listener, name = outside(given, page["token"]), page["recording"]
    says(listener.post(f"/api/recordings/{name}/prepare"), 410, "share_ended")
    says(listener.get(f"/api/recordings/{name}/status"), 410, "share_ended")
    says(listener.get(f"/api/recordings/{name}/peaks"), 410, "share_ended")


@pytest.mark.parametrize("what", [
    "UPDATE tapedeck_shares SET expires_at = now() WHERE id = %s",
    "DELETE FROM tapedeck_shares WHERE id = %s",
    "DELETE FROM call_log WHERE call_sid = (SELECT call_sid FROM tapedeck_shares WHERE id = %s)",
    "UPDATE call_log SET business_id = business_id + 1"
    " WHERE call_sid = (SELECT call_sid FROM tapedeck_shares WHERE id = %s)",
])
def test_it_ends(given: Given, shared: tuple[int, str, Api], what: str) -> None:
    """Its signature is as good as before: the row is asked, too."""
    _, call, dana = shared
    made = share(dana, call)
    page = opened(given, made)
    assert sound(given, page).status == 200
    given.db.execute(what, [made["id"]])
    ended_for(given, made, page)


def test_who_listened_is_in_the_audit(
    given: Given, shared: tuple[int, str, Api], cleanup: Callable[[], None]  # noqa: F811
) -> None:
    business, call, dana = shared
    made = share(dana, call)
    page = opened(given, made)
    for _ in range(3):
        sound(given, page)
    cleanup()
    rows = given.db.execute("SELECT subject, address FROM playback_audit WHERE call_sid = %s"
                            " AND action = 'shared'", [call]).fetchall()
    assert rows == [(f"share:{made['id']}", "127.0.0.1")]
    assert given.rows("tapedeck_heard", business_id=business) == [], "nobody of the business has"


# ---- so many listenings ----

def test_a_listening_counts_once(given: Given, shared: tuple[int, str, Api]) -> None:
    _, call, dana = shared
    made = share(dana, call, listenings=2)
    pages = [opened(given, made) for _ in range(3)]
    assert [page["listenings_left"] for page in pages] == [2, 2, 2], "opening a page is no listening"
    for _ in range(3):
        assert sound(given, pages[0], Range="bytes=0-3").status == 206
    assert outside(given).head(path_of(pages[1])).status == 200
    assert sound(given, pages[1]).status == 200
    says(sound(given, pages[2]), 410, "share_ended")
    says(opens(given, token_of(made)), 410, "share_ended")
    assert sound(given, pages[0]).status == 200, "one that has begun may end"
    assert given.row("tapedeck_shares", id=made["id"])["listened"] == 2


def test_the_number_holds_for_all_at_once(given: Given, shared: tuple[int, str, Api]) -> None:
    _, call, dana = shared
    made = share(dana, call, listenings=3)
    pages = [opened(given, made) for _ in range(8)]
    got: list[int] = []
    threads = [threading.Thread(target=lambda page=page: got.append(sound(given, page).status))
               for page in pages for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got.count(200) == 6 and got.count(410) == 10
    assert given.row("tapedeck_shares", id=made["id"])["listened"] == 3


# ---- what it does not open ----

def test_a_share_opens_nothing_else(
    given: Given, shared: tuple[int, str, Api], new_business: Callable[[], int]
) -> None:
    business, call, dana = shared
    other = ready(given, business)
    further = given.further(business, call)
    given.file(business, further, b"RIFF of another")
    note, run = given.note(business, call, "dana"), given.waiting_run(business, other)
    made = share(dana, call)
    page = opened(given, made)
    path = {"call": call, "business": business, "file": f"{call}.wav", "run": run, "tag": "tag",
            "note": note, "share": made["id"]}
    his = ("/api/recordings/{call}/prepare", "/api/recordings/{call}/status",
           "/api/recordings/{call}/peaks")
    before = given.everything()
    for token in (page["token"], token_of(made)):
        api = outside(given, token)
        for method, pattern in every_route():
            if pattern.startswith(("/webhook", "/recording_status", "/healthz", "/readyz", "/api/openapi.json",
                                   "/media/share", "/api/share")) or pattern == "/api/session":
                continue
            for name in (call, other, further):
                if pattern in his and name == call and token == page["token"]:
                    continue
                answer = api.request(method, pattern.format(**{**path, "call": name}), headers=JSON,
                                     body=b'{"text":"a"}' if method == "POST" else None)
                assert answer.status in (401, 403, 404, 429), (method, pattern, answer.status)
                given_to_him = answer.body + str(answer.headers).encode()
                assert b"RIFF" not in given_to_him and b"play_url" not in given_to_him
        cookie = {"Cookie": f"session={token}"}
        assert outside(given).get("/api/calls", headers=cookie).status in (401, 429)
    assert given.everything() == before


@pytest.mark.parametrize("change", [
    lambda token: token[:-1] + ("0" if token[-1] != "0" else "1"),
    lambda token: ("0" if token[0] != "0" else "1") + token[1:],
    lambda token: token + "0", lambda token: token.partition(".")[0], lambda token: "",
    lambda token: token.replace(".", f".{'0' * 32}.4102444800."),
])
def test_forged(
    given: Given, shared: tuple[int, str, Api], change: Callable[[str], str]
) -> None:
    _, call, dana = shared
    made = share(dana, call)
    says(opens(given, change(token_of(made))), 403, "forbidden")
    page = opened(given, made)
    says(opens(given, page["token"]), 403, "forbidden")
    path = path_of(page)
    base, _, token = path.rpartition("=")
    answer = outside(given).get(f"{base}={change(token)}")
    assert answer.status in (400, 403)
    head, _, signature = token.rpartition(".")
    share_id, listening, expires = head.split(".")
    for longer in (f"{share_id}.{listening}.{int(expires) + 1}.{signature}",
                   f"{share_id}.{'0' * 32}.{expires}.{signature}"):
        says(outside(given).get(f"{base}={longer}"), 403, "forbidden")
        assert outside(given, longer).get(f"/api/recordings/{call}/status").status == 401


def test_another_business_has_no_such_share(
    given: Given, shared: tuple[int, str, Api], new_business: Callable[[], int]
) -> None:
    _, call, dana = shared
    made = share(dana, call)
    mine = new_business()
    own, other = ready(given, mine), somebody(given, mine)
    says(other.get(f"/api/calls/{call}/shares"), 404, "call_not_found")
    says(other.post(f"/api/calls/{call}/shares", b"{}", headers=JSON), 404, "call_not_found")
    for one in (call, own):
        says(other.delete(f"/api/calls/{one}/shares/{made['id']}"), 404, "share_not_found")
    says(dana.delete(f"/api/calls/{call}/shares/{'0' * 32}"), 404, "share_not_found")
    assert opens(given, token_of(made)).status == 200


@pytest.mark.parametrize("wish, status", [
    ({"expires_in": 0}, 400), ({"expires_in": 30 * 86400 + 1}, 400), ({"expires_in": "7"}, 400),
    ({"listenings": 0}, 400), ({"listenings": -1}, 400), ({"from": 3, "to": 3}, 400),
    ({"from": 3, "to": 2}, 400), ({"from": -1}, 400), ({"to": "x"}, 400), ({"label": 7}, 400),
    ({"label": "x" * 201}, 400), ({"recording": 7}, 400), ({"recording": "x"}, 400),
    ({"recording": new_sid("RE")}, 404),
])
def test_what_is_no_share(
    given: Given, shared: tuple[int, str, Api], wish: dict[str, Any], status: int
) -> None:
    business, call, dana = shared
    answer = dana.post(f"/api/calls/{call}/shares", json.dumps(wish).encode(), headers=JSON)
    assert answer.status == status and given.rows("tapedeck_shares", business_id=business) == []


def test_what_has_no_recording_is_not_shared(
    given: Given, new_business: Callable[[], int]
) -> None:
    business = new_business()
    call, absent = given.call(business), given.recorded(business)
    dana = somebody(given, business)
    says(dana.post(f"/api/calls/{call}/shares", b"{}", headers=JSON), 404, "no_recording")
    page = opened(given, share(dana, absent))
    says(sound(given, page), 404, "no_recording")
    assert given.row("tapedeck_shares", call_sid=absent)["listened"] == 0
    prepared = outside(given, page["token"]).post(f"/api/recordings/{absent}/prepare")
    assert (prepared.status, prepared.json["run_id"], prepared.json["play_url"]) == (202, None, None)


# ---- a part ----

def tone(seconds: float, channels: int = 2) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"".join(n.to_bytes(2, "little") * channels
                                  for n in range(int(seconds * 8000))))
    return out.getvalue()


def frames_of(content: bytes) -> bytes:
    with wave.open(io.BytesIO(content)) as file:
        return file.readframes(file.getnframes())


@pytest.mark.parametrize("first, last", [(0.5, 1.25), (None, 0.5), (1.5, None), (1, 99)])
def test_a_part_gives_only_that_part(
    given: Given, shared: tuple[int, str, Api], first: float | None, last: float | None
) -> None:
    business, call, dana = shared
    whole = tone(2)
    given.file(business, call, whole)
    page = opened(given, share(dana, call, **{"from": first, "to": last}))
    begin, end = int((first or 0) * 8000), int(min(last or 2, 2) * 8000)
    heard = sound(given, page)
    assert heard.status == 200 and heard.headers["Content-Type"] == "audio/wav"
    assert frames_of(heard.body) == frames_of(whole)[begin * 4:end * 4]
    assert len(heard.body) == int(heard.headers["Content-Length"]) == 44 + (end - begin) * 4
    for spec in ("bytes=0-9", "bytes=40-60", "bytes=44-47", "bytes=100-", "bytes=-7"):
        piece = sound(given, page, Range=spec)
        low, _, high = spec[6:].partition("-")
        wanted = heard.body[int(low):int(high or 10**9) + 1] if low else heard.body[-int(high):]
        assert (piece.status, piece.body) == (206, wanted)
    assert sound(given, page, Range=f"bytes={len(heard.body)}-").status == 416
    listener = outside(given, page["token"])
    says(listener.get(f"/api/recordings/{call}/peaks"), 404, "no_peaks")
    assert listener.post(f"/api/recordings/{call}/prepare").json["duration"] is None


@pytest.mark.parametrize("tag", [6, 7])
def test_a_part_of_a_coded_recording(
    given: Given, shared: tuple[int, str, Api], tag: int
) -> None:
    """A-law and µ-law, of one channel: a format of 18 bytes, and how many frames there are."""
    def coded(samples: bytes) -> bytes:
        body = (b"WAVEfmt " + struct.pack("<IHHIIHHH", 18, tag, 1, 8000, 8000, 1, 8, 0)
                + b"fact" + struct.pack("<II", 4, len(samples))
                + b"data" + struct.pack("<I", len(samples)) + samples)
        return b"RIFF" + struct.pack("<I", len(body)) + body

    business, call, dana = shared
    samples = bytes(n % 251 for n in range(16000))
    given.file(business, call, coded(samples))
    page = opened(given, share(dana, call, **{"from": 0.25, "to": 1}))
    assert sound(given, page).body == coded(samples[2000:8000])


def test_what_cannot_be_cut_is_not_given_whole(
    given: Given, shared: tuple[int, str, Api], new_business: Callable[[], int]
) -> None:
    business, call, dana = shared
    made = share(dana, call, **{"from": 0.5, "to": 1})  # its file is no WAV but by its name
    says(sound(given, opened(given, made)), 409, "part_not_possible")
    other = given.recorded(business)
    given.file(business, other, b"ID3 of a sort", kind="mp3")
    answer = dana.post(f"/api/calls/{other}/shares", b'{"from":0.5,"to":1}', headers=JSON)
    says(answer, 409, "part_not_possible")
    assert share(dana, other)["recording"] == other


def test_without_postgresql_nothing_is_heard(make_stack: Callable[..., Stack]) -> None:
    """It cannot be told whether the share was revoked."""
    from http_given import given_in
    stack = make_stack(responders=1)
    with given_in(stack) as given:
        call = ready(given, 1)
        page = opened(given, share(somebody(given, 1), call))
        given.db.execute("CHECKPOINT")
        stack.halt("postgres")
        assert sound(given, page).status == 503
        assert outside(given, page["token"]).get(f"/api/recordings/{call}/status").status == 503
