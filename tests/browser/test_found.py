"""What is found: how much of it there is, taking it away, and the sentences that a search was found in."""

from __future__ import annotations

from urllib.parse import parse_qs

from browser_kit import Browser, until
from browser_stub import Reply, Stub, error, ready
from test_calls_page import call_json
from test_filter_bar import asked, listing, midnight

TOTALS = {"calls": 1284, "seconds": 18_720, "missed": 14, "inbound": 900, "outbound": 384,
          "talk": {"agent_s": 5000, "customer_s": 4000, "silence_s": 1000}, "complete": True}
HITS = [
    {"recording": f"RE{1:032x}", "at": 12.5, "speaker": "customer", "text": "I never got the invoice, the invoice!",
     "marks": [[16, 23], [29, 36]]},
    {"recording": f"RE{1:032x}", "at": 20.0, "speaker": "agent", "text": "😀 Invoice <b>sent</b>.", "marks": [[3, 10]]},
    {"recording": f"CA{1:032x}", "at": None, "speaker": None, "text": "and the invoice", "marks": [[8, 15]]},
]


def totals_of(browser: Browser) -> str:
    return browser.find("#totals").text.replace("\n", " ")


def await_totals(browser: Browser, text: str) -> None:
    until(lambda: text in totals_of(browser), lambda: f"{text!r}, not {totals_of(browser)!r}")


def test_what_is_filtered_is_counted(browser: Browser, stub: Stub) -> None:
    """In either language; of what could not be counted to its end, "at least"."""
    listing(stub)
    stub.answers["totals"] = [Reply(200, TOTALS), Reply(200, {**TOTALS, "calls": 1, "missed": 0, "seconds": 59,
                                                              "talk": None, "complete": False})]
    browser.open(f"{stub.url}/?when=7d&search=x")
    for words in ("1,284 calls", "5 h 12 min", "14 missed", "agent 50%", "customer 40%", "silence 10%"):
        await_totals(browser, words)
    counted = stub.requests("GET /api/calls/totals$")[-1].query
    assert {name: values[0] for name, values in parse_qs(counted).items()} == {
        "search": "x", "from": midnight(browser, -6)}
    browser.find("#language").click()
    await_totals(browser, "1,284 שיחות")
    await_totals(browser, "5 שע׳ 12 דק׳")
    browser.find("#language").click()
    browser.all(".filter-chip")[0].click()
    await_totals(browser, "at least 1 call")
    await_totals(browser, "59 s")
    assert "missed" not in totals_of(browser)


def test_what_cannot_be_counted_is_not_said(browser: Browser, stub: Stub) -> None:
    """An older server, or one that is busy: the list is there all the same."""
    listing(stub)
    stub.answers["totals"] = [error(503, "unavailable")]
    browser.open(stub.url)
    browser.see("A visit was moved.")
    browser.await_answer("/api/calls/totals")
    assert totals_of(browser) == ""
    assert not browser.find("#csv").is_displayed()


def test_the_table_is_of_what_is_filtered(browser: Browser, stub: Stub) -> None:
    listing(stub)
    stub.answers["totals"] = [Reply(200, TOTALS)]
    browser.open(f"{stub.url}/?when=yesterday&status=missed")
    until(lambda: browser.find("#csv").is_displayed(), "the button")
    path, _, query = browser.find("#csv").get_attribute("href").partition("?")
    assert path == f"{stub.url}/api/calls.csv"
    assert {name: values[0] for name, values in parse_qs(query).items()} == asked(stub)
    assert browser.find("#csv").get_attribute("download") is not None


def test_hits_are_marked_and_say_who_and_when(browser: Browser, stub: Stub) -> None:
    """Also behind characters that JavaScript counts as two; and what was said stays text."""
    listing(stub, call_json(1, hits=HITS, hits_more=True, contact_name="Noa Levi"), call_json(2))
    browser.open(f"{stub.url}/?search=invoice")
    until(lambda: len(browser.all(".hit")) == 3, "three sentences")
    assert [" ".join(one.split()) for one in browser.texts(".hit")] == [
        "0:12 Noa Levi I never got the invoice, the invoice!", "0:20 agent 😀 Invoice <b>sent</b>.",
        "and the invoice"]
    assert browser.texts(".hit mark") == ["invoice", "invoice", "Invoice", "invoice"]
    assert [len(browser.all(f"{kind}.hit")) for kind in ("button", "p")] == [2, 1]
    browser.see("There is more in the transcript.")
    browser.shot("hits")


def test_a_press_on_a_hit_plays_there(browser: Browser, stub: Stub) -> None:
    """One press; all of them are ticks on the line of time."""
    stub.answers["prepare"] = [ready()]
    stub.answers["call"] = [Reply(200, {**call_json(1), "runs": [], "recordings": []})]
    listing(stub, call_json(1, hits=HITS[:2]))
    browser.open(f"{stub.url}/?search=invoice")
    until(lambda: len(browser.all(".hit")) == 2, "its sentences")
    browser.all(".hit")[1].click()
    player = browser.player("#deck recording-player")
    player.await_sound(past=20)
    ticks = browser.js("""return [...document.querySelector("#deck recording-player").shadowRoot
        .querySelectorAll(".marks i")].map((one) => Math.round(parseFloat(one.style.left)))""")
    assert ticks == [21, 33]


def test_the_transcript_is_marked_as_the_list_was_searched(browser: Browser, stub: Stub) -> None:
    """Where the words do not stand beside each other, each of them."""
    lines = [{"speaker": "agent", "start": 1, "end": 4, "text": "About your visit,"},
             {"speaker": "customer", "start": 5, "end": 9, "text": "I want to move it."}]
    stub.answers["call"] = [Reply(200, {**call_json(1), "runs": [], "transcript": lines})]
    listing(stub, call_json(1, hits=HITS[:1]))
    browser.open(f"{stub.url}/?search=visit%20move")
    browser.find(".open").click()
    until(lambda: browser.texts(".more mark") == ["visit", "move"], "both are marked")
    assert not browser.find(".found").is_displayed()
