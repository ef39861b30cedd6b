"""The player on the real stack, as a person meets it: from the press to the sound, and the ways
it may not come."""

from __future__ import annotations

from browser_kit import Browser, until
from browser_site import Site
from browser_stub import Stub
from stack.calls import Call, new_sid
from twilio.client import fault

PREPARE = "POST /api/recordings/.*/prepare"


def runs(site: Site, call: Call) -> int:
    return int(site.sql("SELECT count(*) FROM recording_runs WHERE call_sid = %s",
                        call.call_sid)[0][0])


def asked_of_provider(site: Site, call: Call) -> int:
    return site.stack.twilio.stats().recording(call.recording_sid).requests


def test_idle_ones_ask_nothing_of_anybody(site: Site, browser: Browser) -> None:
    every = [site.call(seconds=1) for _ in range(3)]
    site.embed(browser, *every * 17)
    until(lambda: len(browser.all("recording-player")) == 51, "51 players")
    assert site.asked("/api/|/media/") == []
    assert [runs(site, call) for call in every] == [0, 0, 0]


def test_a_press_fetches_and_plays(site: Site, browser: Browser) -> None:
    call = site.call(seconds=30)
    site.embed(browser, call)
    player = browser.player()
    player.click()
    player.await_sound()
    assert round(player.get("duration")) == 30
    assert len(site.asked(PREPARE)) == 1
    assert (runs(site, call), asked_of_provider(site, call)) == (1, 1)
    player.click()
    player.await_state("paused")
    at = player.time
    player.click()
    player.await_sound(past=at)
    assert len(site.asked(PREPARE)) == 1


def test_the_runners_waveform_is_drawn(site: Site, browser: Browser) -> None:
    """It is made once, when the recording has come, and asked for by whoever plays it."""
    site.embed(browser, site.call(seconds=20))
    player = browser.player()
    player.click()
    player.await_sound()
    until(lambda: player.attribute(".box", "data-lanes") == "2", "two lanes")
    assert player.attribute(".skip", "hidden") is None and player.shows("[data-act=mute]")
    assert site.asked("GET /api/recordings/.*/peaks")[-1].status == 200


def test_it_says_until_when_it_is_kept(site: Site, browser: Browser) -> None:
    """Once it is there; one that stays says nothing."""
    call = site.call(seconds=3, recording_expires_at="2100-01-02T12:00:00Z")
    held = site.call(seconds=3)
    site.sql("UPDATE call_log SET legal_hold = true WHERE call_sid = %s RETURNING 1", held.call_sid)
    site.embed(browser, call, held)
    kept, stays = (browser.player(f"[call-sid={one.call_sid}]") for one in (call, held))
    assert kept.part(".kept").text == ""
    for player in (kept, stays):
        player.click()
        until(lambda: player.attribute(".box", "data-lanes") == "2", "it is here")
    until(lambda: kept.part(".kept").text == "Kept until 2 January 2100", "all of it is here")
    browser.js("document.querySelector('recording-player').lang = 'he'")
    assert kept.part(".kept").text == "נשמרת עד 2 בינואר 2100"
    assert stays.part(".kept").text == ""
    browser.shot("player-kept")


def test_it_plays_to_the_end_and_again(site: Site, browser: Browser) -> None:
    site.embed(browser, site.fetched(site.call(seconds=2)))
    site.forget_asked()
    player = browser.player()
    player.click()
    player.await_state("ended")
    player.watch()
    player.click()
    until(lambda: "playing" in (states := player.states) and states[-1] == "ended", "and again")
    assert player.sounded_at < 1 and len(site.asked(PREPARE)) == 1


def test_progress_is_of_bytes_that_came(site: Site, browser: Browser) -> None:
    call = site.call(seconds=40, faults=[fault("stall", after_bytes=50_000)])
    site.embed(browser, call)
    player = browser.player()
    player.click()
    site.stack.twilio.wait("waiting", at_least=1, sid=call.recording_sid)
    until(lambda: "of 1.3 MB have arrived" in player.said or player.state == "playing",
          "bytes are told, or what came plays already")
    browser.shot("player-loading")
    site.stack.twilio.release(call.recording_sid)
    player.await_sound()
    assert asked_of_provider(site, call) == 1


def test_the_place_in_line_is_told(site: Site, browser: Browser) -> None:
    held = [site.call(seconds=2, faults=[fault("hold")]) for _ in range(3)]
    for call in held:
        assert call.api.post(call.prepare_path).status == 202
    for call in held:
        site.stack.twilio.wait("held", at_least=1, sid=call.recording_sid)
    last = site.call(seconds=3)
    site.embed(browser, last)
    player = browser.player()
    player.click()
    player.await_words("number 1 in line")
    assert asked_of_provider(site, last) == 0
    for call in held:
        site.stack.twilio.release(call.recording_sid)
    player.await_sound()
    assert runs(site, last) == 1


def test_what_is_not_there_is_said_once(site: Site, browser: Browser) -> None:
    gone = site.call(seconds=1, recording_deleted_at="2026-01-01T00:00:00Z")
    for sid, words in ((new_sid("CA"), "There is no such call."),
                       (site.call(recorded=False).call_sid, "This call has no recording."),
                       (gone.call_sid, "The recording was deleted")):
        site.embed(browser, sid)
        site.forget_asked()
        player = browser.player()
        player.click()
        player.await_words(words)
        assert player.state == "stopped" and not player.shows(".again")
        assert len(site.asked("/api/")) == 1


def test_another_business_is_a_call_that_is_not_there(site: Site, browser: Browser) -> None:
    theirs = Site(site.stack).call(seconds=1)
    site.embed(browser, theirs, lang="he")
    player = browser.player()
    player.click()
    player.await_words("לא נמצאה שיחה כזאת.")
    assert runs(site, theirs) == 0


def test_nobody_is_told_to_sign_in(site: Site, browser: Browser) -> None:
    site.embed(browser, site.call(seconds=1))
    browser.driver.delete_all_cookies()
    player = browser.player()
    player.click()
    player.await_words("Please sign in.")
    assert len(site.asked("/api/")) == 1
    browser.shot("player-signin")


def test_a_failure_is_said_and_trying_again_works(site: Site, browser: Browser) -> None:
    call = site.call(seconds=3)
    site.sql("INSERT INTO recording_runs (business_id, call_sid, job_type, status, attempts,"
             " error_code, error, completed_at) VALUES (%s, %s, 'download', 'failed', 3,"
             " 'not_audio', 'no audio', now())", site.business, call.call_sid)
    site.embed(browser, call)
    player = browser.player()
    player.click()
    player.await_words("The recording could not be fetched.")
    browser.shot("player-failed")
    assert player.state == "stopped" and len(site.asked("/api/")) == 1
    site.sql("DELETE FROM recording_runs WHERE call_sid = %s", call.call_sid)
    player.click(".again")
    player.await_sound()


def test_an_expired_link_is_renewed_in_passing(site: Site, browser: Browser) -> None:
    call = site.fetched(site.call(seconds=20))
    site.embed(browser, call)
    site.forget_asked()
    browser.js(STALE_ONCE)
    player = browser.player()
    player.click()
    player.await_sound()
    links = site.asked("/media/")
    assert [one.status for one in links if "exp=1&" in one.path] == [403]
    assert len(site.asked(PREPARE)) == 2


STALE_ONCE = """
const real = fetch;
window.fetch = async (...asked) => {
    window.fetch = real;
    const answer = await (await real(...asked)).json();
    answer.play_url = answer.play_url.replace(/exp=\\d+/, "exp=1");
    return new Response(JSON.stringify(answer), { status: 200 });
};
"""


def test_only_one_plays(site: Site, browser: Browser) -> None:
    site.embed(browser, *(site.fetched(site.call(seconds=20)) for _ in range(2)))
    first = browser.player("recording-player:first-of-type")
    second = browser.player("recording-player:last-of-type")
    first.click()
    first.await_sound()
    second.click()
    second.await_sound()
    until(lambda: first.state == "paused", "the first one is quiet")
    first.click()
    first.await_sound()
    until(lambda: second.state == "paused", "the second one is quiet")


def test_it_plays_on_another_sites_page(site: Site, browser: Browser, friend: Stub) -> None:
    """One script tag, and a session from the same place; muting needs CORS on the media, too."""
    call = site.fetched(site.call(seconds=20))
    site.forget_asked()
    site.sign_in(browser, "/errors/")
    browser.open(friend.page(count=0, script=f"{site.url}/recording-player.js"))
    until(lambda: browser.js("return Boolean(customElements.get('recording-player'))"),
          "it is known")
    browser.js("document.querySelector('main').innerHTML = arguments[0]",
               f'<recording-player call-sid="{call.call_sid}"></recording-player>')
    before = len(friend.requests("/api/"))
    player = browser.player()
    player.click()
    player.await_sound()
    assert len(site.asked(PREPARE)) == 1 and len(friend.requests("/api/")) == before


def test_it_keeps_a_strict_content_policy(site: Site, browser: Browser) -> None:
    site.embed(browser, site.fetched(site.call(seconds=5)))
    browser.complaints()
    player = browser.player()
    player.click()
    player.await_sound()
    assert [one for one in browser.complaints() if "Content Security Policy" in one] == []
