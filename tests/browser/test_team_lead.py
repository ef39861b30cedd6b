"""A team lead's day on the real stack, from the list to what a colleague, a lawyer and a spreadsheet get. `Hand`
counts what it takes: docs/page.md has these numbers."""

from __future__ import annotations

import csv
import io
import json
import urllib.parse
from datetime import datetime, timedelta
from typing import Any

import pytest
from selenium.webdriver import Keys

from browser_kit import Browser, Player, until
from browser_site import Site
from stack.api import Api
from stack.calls import Call, new_call, token_for
from test_calls_page import await_numbers, numbers
from twilio.client import fault

SAID = [("agent", 0.5, 2.0, "Good morning, how can I help?"),
        ("customer", 12.0, 16.0, "I never got the invoice for March."),
        ("agent", 17.0, 19.0, "It is on its way.")]


class Hand:
    """Clicks and keys of one person, counted; words that are typed are not."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser
        self.steps = 0

    def click(self, selector: str) -> None:
        until(lambda: self.browser.find(selector).is_displayed(), f"{selector} is seen")
        self.browser.find(selector).click()
        self.steps += 1

    def press(self, key: str) -> None:
        self.browser.press(key)
        self.steps += 1


def noon(days_ago: int) -> datetime:
    return datetime.now().astimezone().replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days_ago)


def on(day: datetime) -> str:
    return f"'{day.isoformat()}'"


def say(site: Site, call: Call) -> None:
    """As the speech server heard it."""
    segments = [dict(zip(("speaker", "start", "end", "text"), one)) for one in SAID]
    site.sql("UPDATE call_log SET final_transcript = %s, transcript_segments = %s::jsonb WHERE call_sid = %s",
             "\n".join(f"{one['speaker']}: {one['text']}" for one in segments), json.dumps(segments), call.call_sid)


def enter(site: Site, browser: Browser, path: str = "/", sub: str = "noa") -> Hand:
    """By the CRM's link."""
    token = token_for(site.stack, site.business, sub=sub)
    browser.open(f"{site.url}{path}#token={token}")
    browser.find(".call")
    return Hand(browser)


def api_of(site: Site, sub: str) -> Api:
    return Api(site.url, token_for(site.stack, site.business, sub=sub))


def full(site: Site, call: Call, sub: str = "noa") -> dict[str, Any]:
    return dict(api_of(site, sub).get(f"/api/calls/{call.call_sid}").json)


def playing(browser: Browser, call: Call, past: float = 0.0) -> Player:
    player = browser.player("#deck recording-player")
    until(lambda: player.get("callSid") == call.call_sid, "the call")
    player.await_sound(past)
    return player


# ---- finding ----


def test_the_newest_call_is_one_click(site: Site, browser: Browser) -> None:
    """Nobody has fetched it yet."""
    call = site.call(seconds=20)
    hand = enter(site, browser)
    hand.click(".call .play")
    playing(browser, call)
    assert hand.steps == 1


def test_a_call_of_three_weeks_ago_is_at_most_three(site: Site, browser: Browser) -> None:
    """Among four thousand of sixty days: the page has the newest fifty."""
    site.sql("INSERT INTO call_log (business_id, call_sid, direction, from_number, status, created_at)"
             " SELECT %s, 'CA' || md5(%s || n::text), 'inbound', '+97235550000', 'completed',"
             " now() - n * interval '21.6 minutes' FROM generate_series(1, 4000) n",
             site.business, str(site.business))
    call = site.call(seconds=20, created=on(noon(21)), from_number="+97235550009")
    hand = enter(site, browser)
    hand.click("#when")
    hand.click(f"[data-day='{noon(21).date().isoformat()}']")
    until(lambda: [day[:10] for day in browser.attributes(".day", "data-day")] == [
        noon(21).strftime("%a %b %d")], "that day's")
    hand.click(f"[id='{call.call_sid}'] .play")
    playing(browser, call)
    assert hand.steps <= 3
    ((count,),) = site.sql("SELECT count(*) FROM call_log WHERE business_id = %s AND created_at >= %s AND"
                           " created_at < %s", site.business, noon(21).replace(hour=0), noon(20).replace(hour=0))
    browser.see(f"{count} calls", "#totals")


def test_where_did_they_say_it_is_two(site: Site, browser: Browser) -> None:
    """/ and a click on the sentence: sound from there; the hits are ticks, and what is found can be sent."""
    call = site.fetched(site.call(seconds=30, created=on(noon(21))))
    say(site, call)
    site.call(seconds=3)
    hand = enter(site, browser)
    hand.press("/")
    browser.press("invoice")
    until(lambda: browser.all(".hit mark"), "the sentence")
    assert browser.find(".hit").text.split("\n") == ["0:12", "customer", "I never got the invoice for March."]
    hand.click(".hit")
    player = playing(browser, call, past=12)
    assert hand.steps <= 2
    until(lambda: player.part(".marks").get_attribute("childElementCount") == "1", "its tick")
    assert urllib.parse.urlsplit(browser.driver.current_url).query == "search=invoice"
    browser.driver.get(browser.driver.current_url)
    until(lambda: len(browser.all(".hit")) == 1, "for whoever is sent it")


def test_the_next_one_not_heard_is_one_key(site: Site, browser: Browser) -> None:
    """In what is filtered; what was heard is remembered by the server, for this person alone."""
    calls = [site.fetched(site.call(seconds=8, created=f"now() - interval '{n} minutes'")) for n in (1, 2, 3)]
    hand = enter(site, browser)
    hand.click(".pills label:nth-child(2)")
    until(lambda: "heard=false" in browser.driver.current_url, "filtered")
    hand.press("n")
    playing(browser, calls[0])
    before = hand.steps
    hand.press("n")
    playing(browser, calls[1])
    assert hand.steps == before + 1
    until(lambda: [full(site, one)["heard"] for one in calls] == [True, True, False], "it is known")
    assert [full(site, one, "maya")["heard"] for one in calls] == [False] * 3
    browser.driver.get(browser.driver.current_url)
    until(lambda: len(browser.all(".call")) == 1, "one is left")


# ---- work ----


def test_a_star_a_tag_and_a_note_at_a_moment(site: Site, browser: Browser) -> None:
    call = site.fetched(site.call(seconds=30))
    hand = enter(site, browser)
    hand.click(".call .play")
    player = playing(browser, call, past=1)
    hand.press("s")
    until(lambda: full(site, call)["starred"] == "me", "a star")
    hand.press("t")
    until(lambda: browser.js("return document.activeElement.name") == "tag", "the field")
    browser.press("to call", Keys.ENTER)
    until(lambda: full(site, call)["tags"] == [{"tag": "to call", "for": "all"}], "a tag")
    browser.press(Keys.ESCAPE)
    before = hand.steps
    hand.press("m")
    until(lambda: browser.js("return document.activeElement.name") == "note", "the field")
    at = player.time
    browser.press("She agrees")
    hand.press(Keys.ENTER)
    until(lambda: full(site, call)["notes"], "a note")
    assert hand.steps - before <= 2
    (note,) = full(site, call, "maya")["notes"]
    assert (note["text"], note["by"], note["for"], note["mine"]) == ("She agrees", "noa", "all", False)
    assert 1 <= note["at"] <= at + 0.5
    until(lambda: player.part(".noted").get_attribute("childElementCount") == "1", "its tick")
    assert full(site, call, "maya")["starred"] is None
    assert site.sql("SELECT action, subject FROM playback_audit WHERE call_sid = %s AND action IN"
                    " ('star', 'tag', 'note') ORDER BY at", call.call_sid) == [
        ("star", "noa"), ("tag", "noa"), ("note", "noa")]


def test_what_a_colleague_adds_shows_by_itself(site: Site, browser: Browser) -> None:
    """A star, a tag and a note, while the call plays."""
    call = site.fetched(site.call(seconds=60))
    enter(site, browser).click(".call .play")
    player = playing(browser, call)
    browser.find(".call .open").click()
    browser.see("No summary or transcript yet.", ".more")
    maya, path = api_of(site, "maya"), f"/api/calls/{call.call_sid}"
    assert maya.put(f"{path}/star?for=all").status == 200
    assert maya.put(f"{path}/tags/billing").status == 200
    until(lambda: browser.texts(".call h3 .tag") == ["billing"], "the tag")
    until(lambda: browser.find(".call .star").get_attribute("title") == "Starred for everyone", "the star")
    note = {"text": "Check this", "recording": None, "at": 4}
    assert maya.post(f"{path}/notes", json.dumps(note).encode(),
                     headers={"Content-Type": "application/json"}).status == 201
    browser.see("Check this", ".more .notes")
    until(lambda: player.part(".noted").get_attribute("childElementCount") == "1", "its tick")


def test_a_new_call_comes_without_moving_what_is_read(site: Site, browser: Browser) -> None:
    """By the provider's callbacks; the first sound is a click away while it arrives."""
    old = site.fetched(site.call(seconds=60, created="now() - interval '1 minute'"))
    enter(site, browser).click(".call .play")
    playing(browser, old)
    where = "return document.querySelector('.call').getBoundingClientRect().top"
    top = browser.js(where)
    new = new_call(site.stack, site.business, seconds=20)
    browser.see("1 new call", "#news")
    assert (len(numbers(browser)), browser.js(where)) == (1, top)
    browser.find("#news button").click()
    until(lambda: len(numbers(browser)) == 2, "both")
    playing(browser, old)
    browser.find(f"[id='{new.call_sid}'] .play").click()
    playing(browser, new)


# ---- for others ----


ASK_AGAIN = """
const asked = performance.getEntriesByType("resource").map(({ name }) => name);
fetch(asked.findLast((name) => name.includes("/media/share"))).then(({ status }) => arguments[0](status));
"""


def link_of(browser: Browser) -> str:
    """What was copied, at the address of this stack."""
    until(lambda: browser.find("#share [name=link]").get_attribute("value"), "a link")
    url = str(browser.find("#share [name=link]").get_attribute("value"))
    return f"/share.html#{urllib.parse.urlsplit(url).fragment}"


def test_a_part_is_shared_and_ends_when_it_is_revoked(site: Site, browser: Browser) -> None:
    """Somebody without a session hears that part, and is sent nothing more once it is revoked."""
    call = site.fetched(site.call(seconds=90))
    hand = enter(site, browser)
    browser.permit_clipboard(site.url)
    hand.click(".call .play")
    player = playing(browser, call)
    browser.js("document.querySelector('recording-player').currentTime = 45")
    player.await_sound(past=45)
    before = hand.steps
    hand.click("#deck .to-share")
    hand.click("#share .main")
    browser.see("Copied.", "#share")
    assert hand.steps - before <= 3
    link = link_of(browser)
    browser.driver.delete_all_cookies()
    browser.open(site.url + link)
    browser.see("A recording for you")
    outside = browser.player()
    assert round(outside.get("duration")) == 60
    outside.click()
    outside.await_sound(past=1)
    (share,) = api_of(site, "noa").get(f"/api/calls/{call.call_sid}/shares").json["shares"]
    assert (share["listened"], share["by"], share["to"] - share["from"]) == (1, "noa", 60)
    assert api_of(site, "noa").delete(f"/api/calls/{call.call_sid}/shares/{share['id']}").status == 200
    assert browser.wait_js(ASK_AGAIN) == 410, "the play link that this page was given"
    browser.open(site.url + link)
    browser.see("This link is not valid, or no longer.")
    assert browser.all("recording-player") == []


def test_a_share_of_what_still_arrives_says_so_and_plays(site: Site, browser: Browser) -> None:
    call = site.call(seconds=20, faults=[fault("hold")])
    made = api_of(site, "noa").post(f"/api/calls/{call.call_sid}/shares", b'{"label": "Adv. Cohen"}',
                                    headers={"Content-Type": "application/json"})
    assert made.status == 201, made.body
    browser.open(f"{site.url}/share.html#{urllib.parse.urlsplit(made.json['url']).fragment}")
    browser.see("Adv. Cohen")
    player = browser.player()
    player.click()
    player.await_words("The recording is on its way")
    site.stack.twilio.release()
    player.await_sound(past=1)


def test_what_is_filtered_is_taken_away(site: Site, browser: Browser) -> None:
    site.call(seconds=3, from_number="=1+1")
    site.call(recorded=False, status="no-answer", from_number="+97235550002", created=on(noon(3)))
    enter(site, browser, "/?status=missed")
    await_numbers(browser, "03-555-0002")
    link = until(lambda: browser.find("#csv").is_displayed() and browser.find("#csv"), "the link")
    text = browser.wait_js("fetch(arguments[0]).then((a) => a.text()).then(arguments[1])", link.get_attribute("href"))
    (row,) = csv.DictReader(io.StringIO(text.lstrip("\ufeff"), newline=""), strict=True)
    assert row["party"] == "'+97235550002" and row["status"] == "no-answer"
    with pytest.raises(ValueError):
        datetime.strptime(row["time_utc"], "%Y-%m-%dT%H:%M:%S")
    datetime.strptime(row["time_utc"], "%Y-%m-%d %H:%M:%S")
