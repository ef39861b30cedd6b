"""What was said, seen: from the provider's callbacks to the sentence that is lit while it sounds."""

from __future__ import annotations

import pytest
from selenium.webdriver import Keys

from browser_kit import Browser, Player, until
from browser_site import Site
from browser_stub import Reply, Stub
from stack import calls
from stack.calls import Call
from test_calls_page import await_numbers, call_json, one_call, play

# Who speaks: by the waveform beside the transcript, and by the transcript.
SPEAKING = """
return [...document.querySelector('recording-player').shadowRoot.querySelectorAll(
    '.sides [data-speaking]')].map((one) => one.dataset.who)
"""
LIT = """
return [...document.querySelectorAll('.line[aria-current] .who')].map((one) => one.dataset.who)
"""
SIDES = """
return [...document.querySelector('recording-player').shadowRoot.querySelectorAll('.sides button')]
    .map((one) => one.dataset.who)
"""
# At each moment that the player tells of from now on: which sentence is lit, whose, and who speaks.
WATCH = f"""
const lit = () => {{ {LIT} }}, speaking = () => {{ {SPEAKING} }};
window.moments = [];
document.querySelector("recording-player").addEventListener("recording-time", () => setTimeout(() => {{
    const at = [...document.querySelectorAll(".line")].flatMap((one, i) => one.ariaCurrent ? [i] : []);
    window.moments.push([at, lit(), speaking()]);
}}));
"""
# How far the lit sentence is from being seen within its list: 0 when it is.
HIDDEN = """
const [list, line] = ['.lines', '.line[aria-current]'].map((one) =>
    document.querySelector(one).getBoundingClientRect());
return Math.max(0, Math.ceil(list.top - line.top), Math.ceil(line.bottom - list.bottom));
"""


def heard(site: Site, direction: str) -> Call:
    """A call that Twilio told of: fetched, transcribed and summarised."""
    call = calls.new_call(site.stack, site.business, announced=False, seconds=20)
    assert call.send_call_status(Direction=direction).status == 204
    assert call.send_recording_status().status == 204
    until(lambda: call.api.get(f"/api/calls/{call.call_sid}").json["summary"], "a summary")
    return call


def opened(browser: Browser) -> None:
    browser.find(".open").click()
    until(lambda: browser.all(".line"), "the transcript")


def lit(browser: Browser) -> list[int]:
    return [i for i, one in enumerate(browser.attributes(".line", "aria-current")) if one]


@pytest.mark.parametrize("direction, sides", [
    ("inbound", ["customer", "agent"]), ("outbound-api", ["agent", "customer"])])
def test_who_said_what(site: Site, browser: Browser, direction: str, sides: list[str]) -> None:
    """Each sentence leads to its second, is lit while it sounds, and is of the side that is seen to
    speak in the waveform: transcript and lanes go by one rule."""
    call = heard(site, direction)
    said = call.api.get(f"/api/calls/{call.call_sid}").json["transcript"]
    site.sign_in(browser)
    opened(browser)
    assert browser.texts(".line .text") == [one["text"] for one in said]
    assert len(browser.all(".more .part b")) >= 3, "the summary has its sections"
    player = browser.player()
    browser.js(WATCH)
    for who in sides:
        at = next(i for i, one in enumerate(said) if one["speaker"] == who
                  and one["end"] - one["start"] > 1)
        browser.all("button.line")[at].click()
        player.await_state("playing")
        until(lambda: browser.js(SIDES) == sides, "the waveform, with its sides")
        browser.all("button.line")[at].click()
        until(lambda: [[at], [who], [who]] in browser.js("return window.moments"),
              f"{who} is lit, and seen to speak")
    browser.shot(f"transcript-{direction}")


def test_hebrew_words_are_found(site: Site, browser: Browser) -> None:
    """Without the niqqud and the prefixes that they were written with, and the other way round."""
    site.call(seconds=1, from_number="+97235550001", final_transcript="קבענו את הַפְּגִישָׁה ליום שני")
    site.call(seconds=1, from_number="+97235550002", final_transcript="דיברנו על החשבונית",
              created="now() - interval '1 hour'")
    site.sign_in(browser)
    await_numbers(browser, "03-555-0001", "03-555-0002")
    field = browser.find("[name=search]")
    for words, number in (("פגישה", "1"), ("לחשבונית", "2"), ("פְּגִישָׁה שני", "1")):
        field.send_keys(Keys.CONTROL, "a")
        field.send_keys(words)
        await_numbers(browser, f"03-555-000{number}")


def test_on_one_channel_nobody_is_named(browser: Browser, stub: Stub) -> None:
    one_call(stub, transcript=[{"speaker": "call", "start": 1, "end": 2, "text": "Good morning."}])
    browser.open(stub.url)
    opened(browser)
    assert browser.texts(".line .who") == [""]
    assert browser.find(".line .text").text == "Good morning."


def test_voices_that_a_model_told_apart_have_numbers(browser: Browser, stub: Stub) -> None:
    one_call(stub, transcript=[
        {"speaker": f"speaker_{n}", "start": n, "end": n + 1, "text": "Yes."} for n in (1, 2)])
    browser.open(stub.url)
    opened(browser)
    assert browser.texts(".line .who") == ["Speaker 1", "Speaker 2"]


@pytest.mark.parametrize("how, shown, labels", [
    ("done", ["Subject A visit", "Outcome None: yet?", "האם סוכם מחיר? לא."],
     ["Subject", "Outcome", "האם סוכם מחיר?"]),
    ("fixed", ["Subject: A visit Outcome: None: yet? האם סוכם מחיר? לא."], []),
])
def test_only_our_own_summary_has_sections(
    browser: Browser, stub: Stub, how: str, shown: list[str], labels: list[str]
) -> None:
    """Any other is shown as it is. A question that the business asks is one."""
    one_call(stub, summary="Subject: A visit\nOutcome: None: yet?\nהאם סוכם מחיר? לא.",
             summary_status=how)
    browser.open(stub.url)
    browser.find(".open").click()
    until(lambda: browser.all(".more h4"), "the summary")
    assert browser.texts(".more > p:not(.links)") == shown
    assert browser.texts(".more .part b") == labels


def many_sentences(stub: Stub) -> None:
    one_call(stub, transcript=[{"speaker": "agent", "start": at, "end": at + 1, "text": f"{at}"}
                               for at in range(60)])


def seek_and_play(player: Player, seconds: int) -> None:
    player.browser.js("const one = document.querySelector('recording-player');"
                      "one.currentTime = arguments[0]; one.play()", seconds)
    player.await_sound(past=seconds)


def test_what_sounds_is_in_sight(browser: Browser, stub: Stub) -> None:
    """The list follows, the page does not move; nor does a list that somebody reads in."""
    many_sentences(stub)
    browser.open(stub.url)
    opened(browser)
    player, before = play(browser), browser.js("return scrollY")
    player.await_sound()
    seek_and_play(player, 50)
    until(lambda: lit(browser) and browser.js(HIDDEN) == 0, "the lit sentence is in sight")
    assert browser.js("return scrollY") == before
    browser.js("document.querySelector('.line').focus()")
    seek_and_play(player, 1)
    browser.js("document.querySelector('.lines').scrollTop = 0")
    seek_and_play(player, 55)
    until(lambda: max(lit(browser), default=0) >= 55, "a later one is lit")
    assert browser.js("return document.querySelector('.lines').scrollTop") == 0


def test_a_transcript_that_came_meanwhile_is_shown(browser: Browser, stub: Stub) -> None:
    """Refreshing the list is enough for the call that is open."""
    one_call(stub, transcript=[])
    old = call_json(1, has_transcript=False, summary=None)
    stub.answers["calls"] = [Reply(200, {"calls": [one], "next_cursor": None})
                             for one in (old, call_json(1))]
    stub.answers["call"] = [
        Reply(200, {**old, "transcript": [], "runs": []}),
        Reply(200, {**call_json(1), "transcript_text": "Good morning.", "runs": []})]
    browser.open(stub.url)
    browser.find(".open").click()
    browser.see("No summary or transcript yet.")
    browser.find("#refresh").click()
    until(lambda: browser.texts(".line") == ["Good morning."], "it is there")
