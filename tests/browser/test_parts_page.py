"""A call with several recordings on the calls page: heard from one player, read in one list."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from browser_kit import Browser, Player, until
from browser_site import Site
from browser_stub import Reply, Stub
from stack import calls
from stack.calls import Call, new_sid
from test_calls_page import call_json, play
from test_parts import (CALL, SIDS, WHOLE, asked, await_part, part_of, recording,
                        three)

GREETING = [{"speaker": "agent", "start": 1, "end": 4, "text": "This call is recorded."}]
TALK = [{"speaker": "customer", "start": 2, "end": 9, "text": "I would like to move my visit."},
        {"speaker": "agent", "start": 11, "end": 17, "text": "To Monday? I will ask."}]
MEETING = [{"speaker": "call", "start": 3, "end": 8, "text": "Monday at nine is free."}]


def page(stub: Stub, **changes: Any) -> None:
    """One call in the list, with three recordings and what was said in each."""
    said = {f"r{i}": {"transcript": lines} for i, lines in enumerate((GREETING, TALK, MEETING))}
    for name, change in changes.pop("parts", {}).items():
        said[name].update(change)
    three(stub, **said)
    row = call_json(0, recordings=3, recordings_duration=WHOLE, duration=300, **changes)
    stub.answers["calls"] = [Reply(200, {"calls": [row], "next_cursor": None})]
    full = stub.answers["call"][0].body
    stub.answers["call"] = [Reply(200, {**row, "runs": [], **full, "transcript": TALK})]


def opened(browser: Browser, stub: Stub) -> Player:
    browser.open(stub.url)
    browser.find(".open").click()
    until(lambda: browser.all(".line"), "the transcript")
    return browser.player()


def await_lit(browser: Browser, second: float, text: str) -> None:
    """Silent at a second of it, so that it stays."""
    browser.js("const player = document.querySelector('recording-player');"
               "player.pause(); player.currentTime = arguments[0]", second)
    until(lambda: browser.texts(".line[aria-current] .text") == [text], f"{text} is lit")


def test_one_transcript_of_the_whole(browser: Browser, stub: Stub) -> None:
    """In order of time, each recording under its name; a sentence plays where it is."""
    page(stub)
    player = opened(browser, stub)
    assert len(browser.all("recording-player")) == 1
    assert [" ".join(one.split()) for one in browser.texts(".lines li")] == [
        "Recording, 09:30 Download", "0:01 Agent This call is recorded.",
        "Another recording, 09:31 Download", "0:08 Customer I would like to move my visit.",
        "0:17 Agent To Monday? I will ask.",
        "Conference recording, 09:32 Download", "0:29 Monday at nine is free."]
    assert [str(one).removeprefix(stub.url) for one in browser.attributes(".head a", "href")] == [
        f"/api/calls/{CALL}/download?recording={SIDS[0]}", f"/api/calls/{CALL}/download",
        f"/api/calls/{CALL}/download?recording={SIDS[2]}"]
    assert browser.all(".links a") == [], "each is downloaded by itself"
    assert stub.requests("prepare") == []
    browser.all("button.line")[3].click()
    player.await_sound(past=29)
    await_lit(browser, 30, "Monday at nine is free.")
    assert player.get("duration") == WHOLE
    assert part_of(player) == SIDS[2] and asked(stub, 1) == []
    browser.all("button.line")[1].click()
    player.await_sound(past=8)
    await_lit(browser, 10, "I would like to move my visit.")


@pytest.mark.parametrize("lang", ["en", "he"])
def test_it_looks_like_one_call(browser: Browser, stub: Stub, lang: str) -> None:
    page(stub)
    browser.language(lang)
    player = opened(browser, stub)
    browser.shot(f"parts-idle-{lang}")
    browser.all("button.line")[2].click()
    player.await_sound(past=17)
    await_lit(browser, 18, "To Monday? I will ask.")
    until(lambda: asked(stub, 2, "peaks") and player.attribute(".box", "data-lanes") == "2",
          "the waveforms")
    browser.shot(f"parts-playing-{lang}")
    browser.size(390, 900)
    browser.shot(f"parts-phone-{lang}")
    assert browser.js("return document.documentElement.scrollWidth") <= 390


def copied(browser: Browser, stub: Stub) -> str:
    browser.permit_clipboard(stub.url)
    browser.find(".links button").click()
    browser.see("Copied")
    return browser.wait_js(
        "navigator.clipboard.readText().then(arguments[0], (error) => arguments[0](`${error}`))")


def test_a_link_names_the_recording(browser: Browser, stub: Stub) -> None:
    """So it is right still when another recording turns up before that one."""
    page(stub)
    opened(browser, stub)
    player = play(browser)
    player.await_sound()
    player.click()
    browser.js("document.querySelector('recording-player').currentTime = 13.5")
    link = copied(browser, stub)
    assert link == f"{stub.url}/#{CALL}&part={SIDS[1]}&t=7"
    full = stub.answers["call"][0].body
    full["recordings"].insert(0, recording(0, name=f"RE{9:032x}", recording_sid=f"RE{9:032x}",
                                           duration=100))
    browser.open(link)
    player = browser.player()
    until(lambda: player.time == 113, "it stands where it did")
    player.click()
    player.await_sound(past=113)
    assert part_of(player) == SIDS[1]
    browser.js("location.hash = arguments[0]", f"{CALL}&part={SIDS[2]}&t=4")
    player.await_sound(past=130)
    assert part_of(player) == SIDS[2]


@pytest.mark.parametrize("t, i", [(3, 0), (13, 1), (28, 2)])
def test_an_older_link_is_of_the_whole_call(browser: Browser, stub: Stub, t: int, i: int) -> None:
    page(stub)
    browser.open(f"{stub.url}/#{CALL}&t={t}")
    player = browser.player()
    until(lambda: browser.all(".line"), "the transcript")
    until(lambda: player.time == t, lambda: f"it stands at {t}, not at {player.time}")
    player.click()
    player.await_sound(past=t)
    assert part_of(player) == SIDS[i]


def test_a_link_to_a_recording_that_is_gone_opens_the_call(browser: Browser, stub: Stub) -> None:
    page(stub, parts={"r2": {"status": "expired"}})
    browser.open(f"{stub.url}/#{CALL}&part={SIDS[2]}&t=4")
    until(lambda: browser.all(".line"), "the transcript")
    player = browser.player()
    until(lambda: (player.time, player.get("duration")) == (0, 26), "it stands at the beginning")
    assert " ".join(browser.texts(".head")[2].split()) == "Conference recording, 09:32 Recording deleted"
    assert browser.texts("p.line .text") == ["Monday at nine is free."]
    player.click()
    await_part(player, 0)


def test_a_call_whose_first_recording_is_gone_still_plays(browser: Browser, stub: Stub) -> None:
    page(stub, recording_status="expired", parts={"r1": {"status": "expired"}})
    browser.open(stub.url)
    assert "0:36" in browser.find(".facts").text
    stub.answers[f"{CALL} prepare"] = [Reply(410, {"error": "recording_expired", "recordings": 2})]
    player = play(browser)
    await_part(player, 0)
    assert player.get("duration") == 16


def test_without_a_transcript_they_are_listed(browser: Browser, stub: Stub) -> None:
    page(stub, parts={f"r{i}": {"transcript": []} for i in range(3)})
    stub.answers["call"][0].body["transcript"] = []
    browser.open(stub.url)
    browser.find(".open").click()
    until(lambda: len(browser.all(".head")) == 3, "three recordings")
    assert browser.texts("h4") == ["Summary", "Recordings"]
    browser.find("#language").click()
    until(lambda: browser.texts(".head h5")[0] == "הקלטה, 09:30", "Hebrew")


def test_one_more_recording_arrives_while_it_plays(browser: Browser, stub: Stub) -> None:
    """Refreshing shows it; what plays goes on, at another second of the line."""
    page(stub)
    full = stub.answers["call"][0].body
    last = full["recordings"].pop(0)
    player = opened(browser, stub)
    browser.all("button.line")[0].click()
    player.await_sound(past=2)
    full["recordings"].insert(0, last)
    row = stub.answers["calls"][0].body["calls"][0]
    row["recordings"] = 4
    before = len(stub.requests("prepare"))
    browser.find("#refresh").click()
    until(lambda: len(browser.all(".head")) == 3, "three recordings")
    assert part_of(player) == SIDS[1] and player.get("duration") == WHOLE
    player.await_sound(past=8)
    assert len(stub.requests(f"{CALL}/prepare")) == 1 and before <= 2


# ---- on the real stack ----


def heard(site: Site, *, seed: int, call: Call | None = None, **wishes: Any) -> Call:
    """Another recording of a call, or the first of a new one, as Twilio tells of it."""
    if call is None:
        call = calls.new_call(site.stack, site.business, announced=False, seconds=12, seed=seed)
        assert call.send_call_status(Direction="inbound").status == 204
        assert call.send_recording_status().status == 204
        return call
    added = site.stack.twilio.add_recording(seconds=12, seed=seed, call_sid=call.call_sid, **wishes)
    other = replace(call, recording_sid=added.sid, recording=added)
    assert other.send_recording_status().status == 204
    return other


def test_three_recordings_from_the_provider_to_the_ear(site: Site, browser: Browser) -> None:
    """All of them are fetched, transcribed, drawn, and play one after the other."""
    call = heard(site, seed=1)
    others = [heard(site, seed=seed, call=call) for seed in (2, 3)]

    def all_three() -> list[dict[str, Any]]:
        found = call.api.get(f"/api/calls/{call.call_sid}").json["recordings"]
        return found if all(one["transcript"] for one in found) and len(found) == 3 else []

    recordings = until(all_three, "three transcripts")
    until(lambda: call.api.get(f"/api/calls/{call.call_sid}").json["summary"], "the last to change")
    assert {one["recording_sid"] for one in recordings} == {
        call.recording_sid, *(one.recording_sid for one in others)}
    site.sign_in(browser)
    browser.find(".open").click()
    until(lambda: browser.all(".line"), "the transcript")
    assert browser.texts(".line .text") == \
        [line["text"] for one in recordings for line in one["transcript"]]
    site.forget_asked()
    player = play(browser)
    player.await_sound()
    for i, one in enumerate(recordings):
        until(lambda: part_of(player) == one["recording_sid"], f"the part {i}")
        player.await_sound(past=12 * i)
        browser.js("document.querySelector('recording-player').currentTime = arguments[0]",
                   12 * i + 11)
    player.await_state("ended")
    assert player.time == pytest.approx(36, abs=0.5)
    assert len(site.asked("/prepare")) == 3 and site.asked("GET /api/calls/CA") == []
    until(lambda: len([one for one in site.asked("/peaks") if one.status == 200]) == 3, "three waveforms")


def test_a_conference_is_heard_from_each_of_its_calls(site: Site, browser: Browser) -> None:
    legs = [heard(site, seed=seed) for seed in (4, 5)]
    conference = new_sid("CF")
    for call in legs:
        site.sql("INSERT INTO tapedeck_conference_calls (conference_sid, call_sid) VALUES (%s, %s)"
                 " RETURNING 1", conference, call.call_sid)
    added = site.stack.twilio.add_recording(seconds=12, seed=6, conference_sid=conference)
    shared = replace(legs[0], recording_sid=added.sid, recording=added)
    answer = shared.send_recording_status(ConferenceSid=conference, CallSid=None)
    assert answer.status == 204
    for call in legs:
        until(lambda: len(call.api.get(f"/api/calls/{call.call_sid}").json["recordings"]) == 2,
              "both recordings")
    for call in legs:
        site.sign_in(browser, f"/#{call.call_sid}&part={added.sid}&t=3")
        player = browser.player(f"[call-sid={call.call_sid}]")
        player.click()
        player.await_sound(past=15)
        assert part_of(player) == added.sid
        until(lambda: any(one.startswith("Conference recording") for one in browser.texts("h5")), "its title")
