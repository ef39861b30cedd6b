"""What comes by itself: new calls at the top, changes where they stand; and when nothing is asked."""

from __future__ import annotations

from typing import Any

import pytest

from browser_kit import Browser, until
from browser_stub import WEB, Reply, Stub, error, peaks_of, ready
from test_calls_page import LINES, call_json, numbers
from test_filter_bar import listing

NUMBERS = ["050-123-4567", "052-000-0002", "052-000-0003"]
# Its own clock: what waits, waits a hundredth of the time.
HURRY = """
const real = window.setTimeout;
window.setTimeout = (act, ms, ...rest) => real(act, ms / 100, ...rest);
"""


def changed(*calls: dict[str, Any], now: str = "1", more: bool = False) -> Reply:
    return Reply(200, {"now": now, "calls": list(calls), "more": more})


def arrived(number: int, **changes: Any) -> dict[str, Any]:
    return call_json(number, from_number=f"+97252000{number:04d}", created_at=f"2026-11-2{number}T09:00:00Z", **changes)


def hurried(browser: Browser, stub: Stub, path: str = "/") -> None:
    """The page, its waits shortened before any of its code runs."""
    page = (WEB / "index.html").read_text()
    stub.pages["/index-hurried"] = Reply(200, page.replace(
        "<head>", f'<head><base href="/"><script>{HURRY}</script>').encode())
    browser.open(f"{stub.url}/index-hurried{path.lstrip('/')}")


def test_new_calls_are_said_and_come_when_they_are_wanted(browser: Browser, stub: Stub) -> None:
    """Nothing that is read moves meanwhile."""
    listing(stub, call_json(1))
    stub.answers["changes"] = [changed(), changed(arrived(2)), changed(arrived(3), now="3"),
                               changed(now="3")]
    hurried(browser, stub)
    browser.see("2 new calls", "#news")
    assert numbers(browser) == NUMBERS[:1]
    browser.shot("live-news")
    browser.find("#news button").click()
    until(lambda: numbers(browser) == ["052-000-0003", "052-000-0002", "050-123-4567"], "all three, newest first")
    assert browser.find("#news").text == ""
    until(lambda: stub.requests("changes$")[-1].query == "since=3", "it asks from there")


def test_what_is_listed_changes_where_it_stands(browser: Browser, stub: Stub) -> None:
    listing(stub, call_json(1, status="in-progress", summary=None, has_recording=False, duration=None))
    stub.answers["changes"] = [changed(), changed(call_json(1, summary="It was about a visit.")),
                               Reply(204, b"")]
    hurried(browser, stub)
    browser.see("It was about a visit.")
    assert "In progress" not in browser.find(".call").text
    assert browser.find("#news").text == ""


def test_only_what_is_filtered_is_news(browser: Browser, stub: Stub) -> None:
    listing(stub, call_json(1))
    stub.answers["changes"] = [changed(), changed(arrived(2, status="busy"), arrived(3), now="9"),
                               changed(now="10")]
    hurried(browser, stub, "?status=missed")
    until(lambda: any("since=10" in one.query for one in stub.requests("changes$")), "both are known")
    assert browser.find("#news").text == "1 new call"


def test_a_hidden_tab_asks_nothing(browser: Browser, stub: Stub) -> None:
    listing(stub)
    hurried(browser, stub)
    until(lambda: len(stub.requests("changes$")) > 1, "it asks")
    turn = """Object.defineProperty(document, "visibilityState", { value: arguments[0], configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));"""
    browser.js(turn, "hidden")
    asked = len(stub.requests("changes$"))
    browser.wait_js("setTimeout(arguments[0], 100_000)")  # a second of ours
    assert len(stub.requests("changes$")) <= asked + 1, "one may have been out"
    browser.js(turn, "visible")
    until(lambda: len(stub.requests("changes$")) > asked + 1, "it asks again")


def test_a_server_that_does_not_know_is_asked_once(browser: Browser, stub: Stub) -> None:
    listing(stub)
    stub.answers["changes"] = [error(404, "not_found")]
    hurried(browser, stub)
    until(lambda: stub.requests("changes$"), "it asks")
    browser.wait_js("setTimeout(arguments[0], 100_000)")
    assert len(stub.requests("changes$")) == 1
    assert browser.find("#news").text == ""


@pytest.mark.parametrize("status", [500, 0])
def test_a_failure_is_quiet_and_it_goes_on(browser: Browser, stub: Stub, status: int) -> None:
    listing(stub)
    failed = error(500, "internal") if status else Reply(200, b"<html>a network's own page")
    stub.answers["changes"] = [changed(now="7"), failed, failed, changed(arrived(2), now="8"),
                               changed(now="8")]
    hurried(browser, stub)
    browser.see("1 new call", "#news")
    since = [one.query for one in stub.requests("changes$")]
    assert since[1:4] == ["since=7"] * 3


def test_refresh_answers_at_the_top(browser: Browser, stub: Stub) -> None:
    """Where the eye is, however long the list: also that there is nothing new."""
    listing(stub, *(call_json(n) for n in range(10, 60)))
    browser.open(stub.url)
    browser.see("A visit was moved.")
    browser.find("#refresh").click()
    browser.see("Nothing new.", "#news")
    assert browser.js("""const { top, bottom } = document.querySelector("#news p").getBoundingClientRect();
        return top >= 0 && bottom < 300""")
    stub.answers["calls"] = [Reply(200, {"calls": [arrived(2), call_json(10)], "next_cursor": None})]
    browser.find("#refresh").click()
    browser.see("1 new call", "#news")
    assert numbers(browser)[0] == "052-000-0002"


def test_what_is_asked_for_is_one_request(browser: Browser, stub: Stub) -> None:
    """Of a list of fifty, too."""
    listing(stub, *(call_json(n) for n in range(1, 51)))
    hurried(browser, stub)
    until(lambda: len(stub.requests("changes$")) > 2, "it asks")
    assert {one.path for one in stub.seen if one.path.startswith("/api/")} == {
        "/api/calls", "/api/calls/totals", "/api/calls/changes"}
    assert stub.requests("changes$")[0].query == ""


def test_after_a_long_time_away_the_list_is_asked(browser: Browser, stub: Stub) -> None:
    """Once, and for what is filtered; it says what is new as the changes do."""
    stub.answers["calls"] = [Reply(200, {"calls": calls, "next_cursor": None}) for calls in (
        [call_json(1)], [arrived(2), call_json(1, summary="It was moved again.")])]
    stub.answers["changes"] = [changed(), changed(more=True, now="5"), changed(now="5")]
    hurried(browser, stub, "?status=completed")
    browser.see("1 new call", "#news")
    browser.see("It was moved again.")
    assert stub.requests("GET /api/calls$")[-1].query == "status=completed"


def test_what_colleagues_add_shows_by_itself(browser: Browser, stub: Stub) -> None:
    """Where the call plays and where its details are open; who types there goes on typing."""
    listing(stub, call_json(1))
    stub.answers["prepare"] = [ready()]
    stub.answers["peaks"] = [Reply(200, peaks_of(stub.audio))]
    full = {**call_json(1), "runs": [], "notes": [], "heard_by": [], "transcript": LINES}
    stub.answers["call"] = [Reply(200, full)]
    stub.answers["changes"] = [changed()]
    browser.open(stub.url)  # a player has waits of its own
    browser.find(".call .play").click()
    player = browser.player()
    player.await_sound()
    browser.find(".call .open").click()
    until(lambda: browser.all("button.line"), "the transcript")
    browser.find(".more [name=tag]").send_keys("to c")
    first = browser.find("button.line").now
    note = {"id": 7, "recording": None, "at": 15, "text": "She agrees.", "by": "noa", "for": "all",
            "mine": False, "created_at": "2026-11-20T10:00:00Z"}
    stub.answers["call"] = [Reply(200, {**full, "notes": [note], "runs": [{"run_id": 1}]})]
    stub.answers["changes"] = [changed(call_json(1, starred="all", heard=False,
                                                 tags=[{"tag": "billing", "for": "all"}]), now="2"), changed(now="3")]
    browser.see("She agrees.", ".more .notes")
    until(lambda: player.part(".noted").get_attribute("childElementCount") == "1", "a tick")
    assert browser.find(".call .star").get_attribute("title") == "Starred for everyone"
    assert browser.find(".call h3 .tag").text == "billing"
    assert not browser.find(".call .unheard").is_displayed()
    browser.press("all")
    assert browser.find(".more [name=tag]").get_attribute("value") == "to call"
    assert first.is_displayed(), "the transcript stands"


def test_what_plays_hears_of_its_notes_where_it_is_not_listed(browser: Browser, stub: Stub) -> None:
    listing(stub, call_json(1))
    stub.answers["prepare"] = [ready()]
    full = {**call_json(1), "runs": [], "notes": [], "heard_by": []}
    stub.answers["call"] = [Reply(200, full)]
    stub.answers["changes"] = [changed()]
    browser.open(stub.url)
    browser.find(".call .play").click()
    player = browser.player()
    player.await_sound()
    until(lambda: stub.requests(f"calls/{call_json(1)['call_sid']}$"), "the call in full is known")
    stub.answers["calls"] = [Reply(200, {"calls": [], "next_cursor": None})]
    browser.js("document.querySelector('[name=direction][value=outbound]').click()")
    browser.see("No calls match")
    note = {"id": 7, "recording": None, "at": 15, "text": "here", "by": "noa", "for": "all", "mine": False,
            "created_at": "2026-11-20T10:00:00Z"}
    stub.answers["call"] = [Reply(200, {**full, "notes": [note]})]
    stub.answers["changes"] = [changed(call_json(1), now="2"), changed(now="3")]
    until(lambda: player.part(".noted").get_attribute("childElementCount") == "1", "a tick")
