"""The calls page: signing in, finding a call, hearing it, in two languages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from selenium.webdriver import Keys

from browser_kit import Browser, Player, until
from browser_site import Site
from browser_stub import Reply, Stub, error, ready
from stack.calls import Call, token_for

LINES = [
    {"speaker": "agent", "start": 0.5, "end": 4.0, "text": "Good morning, how can I help?"},
    {"speaker": "customer", "start": 20.0, "end": 29.0, "text": "I would like to move my visit."},
    {"speaker": "agent", "start": 40.0, "end": 50.0, "text": "Monday at nine, then."},
]


def numbers(browser: Browser) -> list[str]:
    return browser.js("return [...document.querySelectorAll('.call h3 > [dir=ltr]')]"
                      ".map((one) => one.textContent)")


def await_numbers(browser: Browser, *wanted: str) -> None:
    until(lambda: numbers(browser) == list(wanted), f"{wanted}, not {numbers(browser)}")


def play(browser: Browser, call_sid: str = "") -> Player:
    """Presses play in a call's row, or in the first; gives the player, at the foot of the page."""
    browser.find(f"[id='{call_sid}'] .play" if call_sid else ".call .play:not([hidden])").click()
    return browser.player()


def five_calls(site: Site) -> Call:
    """In the order they are listed; gives the first."""
    first = site.call(seconds=30, from_number="+972501234567",
                      ai_summary="The customer asked for Monday at nine.")
    site.call(seconds=75, from_number="+97235550001", created="now() - interval '1 hour'",
              direction="outbound-dial", to_number="+15550001111",
              recording_expires_at=datetime.now(UTC) + timedelta(days=1, hours=12))
    site.call(recorded=False, from_number="+97235550002", status="no-answer",
              created="now() - interval '2 hours'")
    site.call(seconds=20, from_number="+97235550003", created="now() - interval '30 hours'",
              final_transcript="agent: shalom\ncustomer: about the invoice")
    site.call(seconds=20, from_number="+97235550004", created="now() - interval '4 days'",
              recording_deleted_at="2026-01-01T00:00:00Z")
    return first


# ---- signing in ----


def test_a_token_link_signs_in_and_leaves_the_address(site: Site, browser: Browser) -> None:
    site.call(seconds=1, from_number="+97235550001")
    browser.open(f"{site.url}/#token={site.token}")
    await_numbers(browser, "03-555-0001")
    assert "token" not in browser.js("return location.href")
    session = next(one for one in browser.driver.get_cookies() if one["name"] == "session")
    assert session["httpOnly"] and session["sameSite"] == "Lax"
    browser.open(site.url)
    await_numbers(browser, "03-555-0001")


def test_without_a_session_it_asks_for_one(site: Site, browser: Browser) -> None:
    site.call(seconds=1, from_number="+97235550001")
    browser.open(site.url)
    browser.see("Open the link from your system")
    assert not browser.find("#filters").is_displayed()
    browser.shot("calls-signin")
    browser.press("no token", Keys.ENTER)
    browser.see("This link is no longer valid.")
    field = browser.find("#signin input")
    field.clear()
    field.send_keys(f"{site.url}/#token={site.token}", Keys.ENTER)
    await_numbers(browser, "03-555-0001")
    assert not browser.find("#signin").is_displayed()


def test_an_old_token_is_refused_kindly(site: Site, browser: Browser) -> None:
    browser.open(f"{site.url}/#token={token_for(site.stack, site.business, ttl=-60)}")
    browser.see("This link is no longer valid.")
    assert "token" not in browser.js("return location.href")


def test_a_broken_link_is_refused_kindly(site: Site, browser: Browser) -> None:
    browser.open(f"{site.url}/#token=%")
    browser.see("This link is no longer valid.")


def test_a_link_of_somebody_else_asks_first(site: Site, browser: Browser) -> None:
    """One of the same person does not, nor does one that finds nobody signed in."""
    site.call(seconds=1, from_number="+97235550001")
    browser.open(f"{site.url}/#token={site.token}")
    await_numbers(browser, "03-555-0001")
    other = token_for(site.stack, site.business + 1, sub="somebody else")
    browser.open(f"{site.url}/?x=1#token={other}")
    browser.see("This link signs in somebody else.")
    await_numbers(browser, "03-555-0001")
    browser.find("#notice button:last-of-type").click()
    until(lambda: "somebody" not in browser.find("#notice").text, "no more asked")
    browser.open(f"{site.url}/?x=2#token={other}")
    browser.see("This link signs in somebody else.")
    browser.find("#notice button").click()
    browser.see("No calls yet")
    browser.find("#leave").click()
    browser.see("Open the link from your system")
    browser.open(f"{site.url}/?x=3#token={site.token}")
    await_numbers(browser, "03-555-0001")


def test_signing_out_forgets_the_calls(site: Site, browser: Browser) -> None:
    site.call(seconds=1, from_number="+97235550001")
    site.sign_in(browser)
    await_numbers(browser, "03-555-0001")
    browser.find("#leave").click()
    browser.see("Open the link from your system")
    assert numbers(browser) == []
    browser.open(site.url)
    browser.see("Open the link from your system")


def test_a_session_that_ends_asks_for_another(site: Site, browser: Browser) -> None:
    site.call(seconds=1)
    site.sign_in(browser)
    browser.find(".call")
    browser.driver.delete_all_cookies()
    play(browser)
    browser.see("Open the link from your system")


# ---- finding a call ----


def test_the_newest_come_first_and_nothing_is_fetched(site: Site, browser: Browser) -> None:
    five_calls(site)
    site.sign_in(browser)
    await_numbers(browser, "050-123-4567", "+15550001111", "03-555-0002", "03-555-0003",
                  "03-555-0004")
    assert len(browser.all(".call .play:not([hidden])")) == 3
    text = browser.find("#list").text
    for words in ("The customer asked for Monday", "No answer", "No recording", "Recording deleted",
                  "Outgoing", "1:15", "Deletes in 2 days"):
        assert words in text
    assert text.count("Deletes") == 1, "only in the last days"
    asked = {one.path.partition("?")[0] for one in site.asked("/api/|/media/")}
    assert asked <= {"/api/calls", "/api/calls/totals", "/api/calls/changes"}
    assert site.sql("SELECT count(*) FROM recording_runs WHERE business_id = %s",
                    site.business) == [(0,)]
    browser.shot("calls-english")


def test_search_and_filters(site: Site, browser: Browser) -> None:
    five_calls(site)
    site.sign_in(browser)
    await_numbers(browser, "050-123-4567", "+15550001111", "03-555-0002", "03-555-0003",
                  "03-555-0004")
    browser.find("[name=search]").send_keys("invoice")
    await_numbers(browser, "03-555-0003")
    until(lambda: browser.js("return location.search") == "?search=invoice", "all of it, in the address")
    browser.open(site.url + "/?search=Monday")
    await_numbers(browser, "050-123-4567")
    browser.find("[name=search]").clear()
    browser.find("[name=search]").send_keys("no such words")
    browser.see("No calls match")
    browser.shot("calls-no-match")
    browser.find("#notice button").click()
    until(lambda: len(numbers(browser)) == 5, "all five")
    browser.js("document.querySelector('[name=direction][value=outbound]').click()")
    await_numbers(browser, "+15550001111")
    browser.js("document.querySelector('[name=direction][value=\"\"]').click()")
    browser.find("#rare").click()
    browser.find("select[name=status] [value=no-answer]").click()
    await_numbers(browser, "03-555-0002")
    browser.find("select[name=status] [value='']").click()
    browser.find("[name=has_recording]").click()
    until(lambda: len(numbers(browser)) == 4, "those with a recording")


def test_more_are_shown_on_demand(site: Site, browser: Browser) -> None:
    site.sql("INSERT INTO call_log (business_id, call_sid, direction, from_number, status,"
             " created_at) SELECT %s, 'CA' || md5(%s || n::text), 'inbound',"
             " '+9723555' || lpad(n::text, 4, '0'), 'completed', now() - n * interval '1 minute'"
             " FROM generate_series(1, 60) n", site.business, str(site.business))
    site.sign_in(browser)
    until(lambda: len(numbers(browser)) == 50, "fifty")
    browser.find("#more").click()
    until(lambda: len(numbers(browser)) == 60, "sixty")
    assert len(set(numbers(browser))) == 60
    assert not browser.find("#more").is_displayed()


def test_there_may_be_none(site: Site, browser: Browser) -> None:
    site.sign_in(browser)
    browser.see("No calls yet")
    browser.shot("calls-empty")


def test_refreshing_adds_what_is_new_and_plays_on(site: Site, browser: Browser) -> None:
    call = site.fetched(site.call(seconds=30, from_number="+97235550001"))
    site.sign_in(browser)
    player = play(browser)
    player.await_sound()
    site.call(seconds=1, from_number="+97235550002", created="now() + interval '1 second'")
    browser.find("#refresh").click()
    await_numbers(browser, "03-555-0002", "03-555-0001")
    browser.see("1 new call.")
    player.await_sound()
    assert player.get("callSid") == call.call_sid


def test_a_lost_network_is_said(site: Site, browser: Browser) -> None:
    site.call(seconds=1, from_number="+97235550001")
    site.sign_in(browser)
    await_numbers(browser, "03-555-0001")
    browser.offline()
    browser.find("#filters > fieldset label:last-of-type").click()
    browser.see("No connection. Check the network.")
    browser.shot("calls-offline")
    browser.online()
    browser.find("#filters > fieldset label:first-of-type").click()
    await_numbers(browser, "03-555-0001")


def test_a_busy_server_is_said_in_its_words(browser: Browser, stub: Stub) -> None:
    stub.answers["calls"] = [error(503, "unavailable"),
                             Reply(200, {"calls": [], "next_cursor": None})]
    browser.open(stub.url)
    browser.see("The server says unavailable.")
    browser.find("#notice button").click()
    browser.see("No calls yet")


# ---- hearing it ----


def test_a_link_leads_to_a_moment(site: Site, browser: Browser) -> None:
    """Of a call that is older than the list reaches, too. One press plays from there."""
    call = site.fetched(site.call(seconds=30, from_number="+97235550009",
                                  created="now() - interval '90 days'"))
    site.sql("INSERT INTO call_log (business_id, call_sid, direction, from_number, status)"
             " SELECT %s, 'CA' || md5(%s || n::text), 'inbound', '+972355', 'completed'"
             " FROM generate_series(1, 51) n", site.business, str(site.business))
    site.sign_in(browser, f"/#{call.call_sid}&t=12")
    player = browser.player(f"[call-sid={call.call_sid}]")
    until(lambda: player.time == 12, "it stands at 0:12")
    assert player.state == "idle"
    browser.press(Keys.SPACE)
    player.await_sound(past=12)


def test_a_moment_is_copied_and_followed_on_the_open_page(site: Site, browser: Browser) -> None:
    """Somebody stops at a moment, copies its link, and comes back by it from another call."""
    calls = [site.fetched(site.call(seconds=30, created=f"now() - interval '{n} hours'"))
             for n in (1, 2)]
    site.sign_in(browser)
    browser.permit_clipboard(site.url)
    player = play(browser, calls[0].call_sid)
    player.await_sound()
    player.click()
    browser.find(".open").click()
    browser.see("Copy link to this moment")
    browser.js("document.querySelector('recording-player').currentTime = 17")
    browser.find(".links button").click()
    browser.see("Copied")
    link = browser.wait_js(
        "navigator.clipboard.readText().then(arguments[0], (error) => arguments[0](`${error}`))")
    assert link == f"{site.url}/#{calls[0].call_sid}&t=17"
    browser.js("location.hash = arguments[0]", f"{calls[1].call_sid}&t=5")
    until(lambda: (player.get("callSid"), player.time) == (calls[1].call_sid, 5),
          "the other call stands at 0:05")
    player.click()
    player.await_sound(past=5)
    browser.js("location.hash = new URL(arguments[0]).hash", link)
    until(lambda: browser.attributes(".linked", "id") == [calls[0].call_sid],
          "it is the one that was linked to")
    player.await_sound(past=5)
    assert player.get("callSid") == calls[1].call_sid, "what plays stays"
    play(browser, calls[0].call_sid)
    until(lambda: player.get("callSid") == calls[0].call_sid, "the one that was linked to")
    player.await_sound(past=17)
    player.click()
    browser.js("document.querySelector('recording-player').currentTime = 2")
    for one in (f"#{calls[1].call_sid}&t=5", f"#{calls[0].call_sid}&t=17"):
        browser.js("location.hash = arguments[0]", one)
    until(lambda: (player.get("callSid"), player.time) == (calls[0].call_sid, 17),
          "the same moment, when it is asked for again")


def call_json(number: int, **changes: object) -> dict[str, object]:
    return {"call_sid": f"CA{number:032x}", "parent_call_sid": None, "direction": "inbound",
            "from_number": "+972501234567", "to_number": "+97235550001", "status": "completed",
            "duration": 60, "created_at": "2026-11-20T09:30:00+02:00", "has_recording": True,
            "recording_status": "ready", "has_transcript": True, "summary": "A visit was moved.",
            "expires_at": None, **changes}


def one_call(stub: Stub, **details: object) -> None:
    stub.answers["prepare"] = [ready()]
    stub.answers["calls"] = [Reply(200, {"calls": [call_json(1)], "next_cursor": None})]
    stub.answers["call"] = [Reply(200, {**call_json(1), "runs": [], **details})]


def test_the_sentence_that_sounds_is_lit_and_a_click_goes_there(browser: Browser, stub: Stub
                                                                ) -> None:
    one_call(stub, transcript=LINES)
    browser.open(stub.url)
    browser.find(".open").click()
    until(lambda: len(browser.all("button.line")) == 3, "three sentences")
    assert browser.find(".more").text.startswith("Summary\nA visit was moved.\nTranscript")
    browser.all("button.line")[1].click()
    player = browser.player()
    player.await_sound(past=20)
    until(lambda: browser.attributes("button.line", "aria-current") == [None, "true", None],
          "the second is lit")
    browser.shot("calls-transcript")
    browser.all("button.line")[2].click()
    until(lambda: browser.all("button.line")[2].get_attribute("aria-current"), "the third is lit")
    player.await_sound(past=40)


def test_a_transcript_without_times_is_read(site: Site, browser: Browser) -> None:
    site.call(seconds=1, final_transcript="agent: shalom\ncustomer: hello")
    site.sign_in(browser)
    browser.find(".open").click()
    until(lambda: browser.texts(".line") == ["agent: shalom", "customer: hello"], "two lines")
    assert browser.all("button.line") == []
    browser.find(".open").click()
    until(lambda: not browser.find(".more").is_displayed(), "it is closed")


def test_when_it_goes_is_told(browser: Browser, stub: Stub) -> None:
    browser.open(stub.url + "/offline.html")
    said = browser.module("/calls/words.js", """
        const now = new Date("2026-11-20T12:00:00Z");
        return ["he", "en"].map(m.wordsOf).flatMap((words) =>
            args.map((at) => m.expiryOf(words, at, now)));
    """, None, "2026-11-20T20:00:00Z", "2026-11-22T11:00:00Z", "2026-11-23T11:00:00Z")
    assert said == ["", "תימחק מחר", "תימחק מחרתיים", "",
                    "", "Deletes tomorrow", "Deletes in 2 days", ""]


# ---- two languages, all sizes ----


def test_the_language_is_switched_while_it_plays(site: Site, browser: Browser) -> None:
    site.fetched(site.call(seconds=30, ai_summary="הלקוח ביקש לדחות את הפגישה ליום שני."))
    site.call(seconds=65, direction="outbound-dial", created="now() - interval '1 day'",
              recording_expires_at="2100-01-01T00:00:00Z")
    site.call(recorded=False, status="no-answer", created="now() - interval '3 days'")
    site.sign_in(browser)
    player = play(browser)
    player.await_sound()
    browser.find("#language").click()
    browser.see("היום")
    assert browser.js("return [document.documentElement.lang, document.documentElement.dir]") == [
        "he", "rtl"]
    until(lambda: player.attribute(".play", "aria-label") == "השהיה", "the player speaks it, too")
    player.await_sound()
    browser.shot("calls-hebrew")
    browser.open(site.url)
    browser.see("היום")
    browser.media(prefers_color_scheme="dark")
    browser.shot("calls-hebrew-dark")


def test_a_hebrew_browser_gets_hebrew(site: Site, browser: Browser) -> None:
    browser.language("he-IL")
    browser.open(site.url)
    browser.see("אפשר לפתוח את הקישור")


def test_it_fits_a_phone(site: Site, browser: Browser) -> None:
    site.fetched(five_calls(site))
    site.sign_in(browser)
    for lang, width in (("en", 390), ("he", 320)):
        if browser.js("return document.documentElement.lang") != lang:
            browser.find("#language").click()
        browser.size(width, 800)
        player = browser.player()
        if player.state == "idle":
            play(browser).await_sound()
        until(lambda: player.attribute(".box", "data-lanes") == "2", "the waveform is there")
        assert browser.js("return document.documentElement.scrollWidth") <= width
        browser.shot(f"calls-phone-{lang}-{width}")
