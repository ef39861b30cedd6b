"""How a recording is followed: the policy by itself, and the requests it leads to."""

from __future__ import annotations

from typing import Any

import pytest

from browser_kit import Browser, until
from browser_stub import Reply, Stub, error, ready, waiting

WALK = """
const [replies] = args;
const asked = [], waits = [], kinds = [];
const next = (verb) => async () => {
  asked.push(verb);
  return replies.length > 1 ? replies.shift() : replies[0];
};
const pause = async (seconds) => { waits.push(seconds); };
for await (const step of m.follow(next("prepare"), next("status"), pause)) {
  kinds.push(step.kind);
}
return { asked, waits, kinds };
"""


HASTY = "/hasty.js"
# What is over in half a second on a hasty page is left by the page itself: a command may come later.
# A press as soon as the head of the first answer has come.
PRESSED_AT_THE_HEAD = """
const real = window.fetch;
window.fetch = async (...asked) => {
  window.fetch = real;
  const answer = await real(...asked);
  document.querySelector("recording-player").shadowRoot.querySelector(".play").click();
  return answer;
};
"""
# Something done as soon as the first player waits.
WHEN_IT_WAITS = """
document.querySelector("recording-player").addEventListener("recording-state", function wait(event) {
  if (event.detail.state !== "waiting") return;
  event.target.removeEventListener("recording-state", wait);
  %s;
  window.left = true;
});
"""


def answer(code: int, retry_after: int = 0, /, **body: Any) -> dict[str, Any]:
    return {"status": code, "retryAfter": retry_after, "body": body}


def walk(browser: Browser, stub: Stub, *replies: dict[str, Any]) -> dict[str, list[Any]]:
    """The policy against these answers, the last of them for ever, in no time."""
    browser.open(stub.url + "/offline.html")
    return browser.module("/player/follow.js", WALK, list(replies))


def test_without_news_it_asks_twelve_times_ever_more_slowly(browser: Browser, stub: Stub) -> None:
    went = walk(browser, stub, answer(202, 2, status="queued", position=3))
    assert went["asked"] == ["prepare"] + ["status"] * 11
    assert went["waits"] == [2, 3, 5, 8, 10, 15, 15, 15, 15, 15, 15]
    assert went["kinds"][-1] == "slow" and 100 < sum(went["waits"]) < 180


def test_news_is_followed_at_the_servers_pace(browser: Browser, stub: Stub) -> None:
    went = walk(browser, stub,
                *(answer(202, 2, status="queued", position=n) for n in range(30, 0, -1)),
                *(answer(202, 5, status="processing", bytes_received=n) for n in range(3)),
                answer(200, status="ready", play_url="/x"))
    assert went["waits"] == [2] * 30 + [5] * 3 and went["kinds"][-1] == "ready"


def test_news_without_end_has_an_end(browser: Browser, stub: Stub) -> None:
    went = walk(browser, stub, *(answer(202, 60, bytes_received=n) for n in range(100)))
    assert went["kinds"][-1] == "slow" and sum(went["waits"]) <= 1800


def test_a_busy_server_is_no_news(browser: Browser, stub: Stub) -> None:
    went = walk(browser, stub, answer(503, 5))
    assert len(went["asked"]) <= 12 and went["waits"][:5] == [5, 5, 5, 8, 10]
    assert went["kinds"][-1] == "slow"
    went = walk(browser, stub, answer(429, 60))
    assert went["kinds"][-1] == "slow" and sum(went["waits"]) <= 180


@pytest.mark.parametrize("status, kind", [
    (401, "signin"), (403, "failed"), (404, "failed"), (410, "failed"), (500, "failed"),
    (0, "offline"), (400, "failed"), (200, "failed"),
])
def test_all_else_is_an_end(browser: Browser, stub: Stub, status: int, kind: str) -> None:
    went = walk(browser, stub, answer(202, 1, status="queued"), answer(status))
    assert went["asked"] == ["prepare", "status"] and went["kinds"] == ["waiting", kind]


# ---- and as the player does it ----


def test_fifty_idle_players_ask_nothing(browser: Browser, stub: Stub) -> None:
    browser.open(stub.page(count=50))
    until(lambda: browser.js("return document.readyState === 'complete' && "
                             "[...document.querySelectorAll('recording-player')]"
                             ".every((one) => one.state === 'idle')"), "fifty are there")
    assert stub.requests("/api/|/media/") == []


def test_it_follows_to_the_sound(browser: Browser, stub: Stub) -> None:
    stub.answers["prepare"] = stub.answers["status"] = [waiting("queued", position=2)]
    browser.open(stub.page())
    player = browser.player()
    player.click()
    player.await_words("number 2 in line")
    stub.answers["status"] = [waiting("queued", position=1)]
    player.await_words("number 1 in line")
    stub.answers["status"] = [waiting(bytes_received=400_000, bytes_total=1_920_044)]
    player.await_words("400 KB of 1.9 MB have arrived")
    assert player.shows("progress")
    assert browser.js("return document.querySelector('recording-player').shadowRoot"
                      ".querySelector('progress').position") == pytest.approx(0.208, abs=0.01)
    stub.answers["status"] = [ready()]
    player.await_sound()
    until(lambda: stub.requests("peaks"), "the waveform is asked for")
    verbs = [(one.method, one.path.rsplit("/", 1)[1], one.prefer) for one in stub.requests("/api/")]
    assert verbs[0] == ("POST", "prepare", "wait=2") and verbs[-1] == ("GET", "peaks", None)
    assert len(verbs) >= 5 and set(verbs[1:-1]) == {("GET", "status", "wait=2")}


def test_a_press_while_it_waits_ends_it(browser: Browser, stub: Stub) -> None:
    stub.answers["prepare"] = [waiting()]
    stub.answers["status"] = [waiting()]
    browser.open(stub.page(script=HASTY))
    player = browser.player()
    browser.js(WHEN_IT_WAITS % "event.target.shadowRoot.querySelector('.play').click()")
    player.click()
    until(lambda: browser.js("return window.left"), "it is pressed")
    player.await_state("idle")
    asks_no_more(browser, stub)
    assert player.state == "idle"


def test_an_answer_cut_off_by_a_press_is_none(browser: Browser, stub: Stub) -> None:
    """Its head has come, and the rest does not: the press ends the wait and it stays ended."""
    stub.answers["prepare"] = [waiting()]
    browser.open(stub.page(script=HASTY))
    player = browser.player()
    browser.js(PRESSED_AT_THE_HEAD)
    player.watch()
    stub.let(halting=True)
    player.click()
    until(lambda: player.states == ["asking", "idle"], lambda: f"it is pressed: {player.states}")
    asks_no_more(browser, stub)
    assert player.state == "idle"


def test_another_networks_page_is_a_lost_network(browser: Browser, stub: Stub) -> None:
    """A hotel's, which answers whatever is asked with its own."""
    stub.answers["prepare"] = stub.answers["calls"] = [Reply(200, b"<h1>Welcome to our Wi-Fi</h1>")]
    browser.open(stub.page())
    player = browser.player()
    player.click()
    player.await_words("No connection")
    browser.open(stub.url + "/index.html")
    browser.see("No connection")


def test_an_answer_that_breaks_off_is_a_lost_network(browser: Browser, stub: Stub) -> None:
    stub.answers["prepare"] = [ready()]
    browser.open(stub.page())
    player = browser.player()
    stub.let(cutting=True)
    player.click()
    player.await_words("No connection")
    stub.let(cutting=False)
    player.click(".again")
    player.await_sound()


@pytest.mark.parametrize("leave", [
    "document.querySelector('recording-player').remove()",
    "document.querySelector('recording-player').setAttribute('call-sid', 'CA' + '9'.repeat(32))",
    "document.querySelectorAll('recording-player')[1].play()",
])
def test_leaving_it_ends_everything(browser: Browser, stub: Stub, leave: str) -> None:
    """It goes, it gets another recording, or another player is pressed."""
    stub.answers["prepare"] = [waiting()]
    stub.answers["status"] = [waiting(), waiting(bytes_received=1)]
    browser.open(stub.page(count=2, script=HASTY))
    first = browser.player("recording-player:first-of-type")
    browser.js(WHEN_IT_WAITS % leave)
    first.click()
    until(lambda: browser.js("return window.left"), "it is left")
    asks_no_more(browser, stub, f"/CA{0:032x}/")


def asks_no_more(browser: Browser, stub: Stub, pattern: str = "/api/") -> None:
    """For so long, by the page's own clock, that it would have asked three times; one request may
    have been on its way."""
    before = len(stub.requests(pattern))
    browser.wait_js("setTimeout(arguments[0], 20000)")
    assert len(stub.requests(pattern)) <= before + 1


def test_no_news_has_an_end_with_words(browser: Browser, stub: Stub) -> None:
    """Twelve requests, then it says so and is silent, until somebody tries again."""
    stub.answers["prepare"] = stub.answers["status"] = [waiting("queued", position=3)]
    browser.open(stub.page(script=HASTY))
    player = browser.player()
    player.click()
    player.await_words("This takes longer than usual.")
    assert player.state == "stopped" and len(stub.requests("/api/")) == 12
    asks_no_more(browser, stub)
    stub.answers["prepare"] = [ready()]
    player.click(".again")
    player.await_sound()


def test_a_failure_can_be_tried_again(browser: Browser, stub: Stub) -> None:
    stub.answers["prepare"] = [error(500, "recording_failed", Retry_After="3600"), ready()]
    browser.open(stub.page())
    player = browser.player()
    player.click()
    player.await_words("The server says recording_failed.")
    assert player.state == "stopped"
    player.click(".again")
    player.await_sound()
    assert len(stub.requests("prepare")) == 2


@pytest.mark.parametrize("lang, words", [("en", "The server says"), ("he", "השרת אומר")])
@pytest.mark.parametrize("status, again", [(404, False), (410, False), (401, True)])
def test_an_end_is_said_in_the_servers_words(browser: Browser, stub: Stub, lang: str, words: str,
                                             status: int, again: bool) -> None:
    stub.answers["prepare"] = [error(status, "gone")]
    browser.open(stub.page(lang=lang))
    player = browser.player()
    player.click()
    player.await_words(words)
    assert (player.state, player.shows(".again")) == ("stopped", again)
    assert len(stub.requests("/api/")) == 1
    assert player.attribute(".box", "dir") == ("rtl" if lang == "he" else "ltr")


def test_a_lost_network_is_said_and_survived(browser: Browser, stub: Stub) -> None:
    stub.answers["prepare"] = [ready()]
    browser.open(stub.page())
    player = browser.player()
    browser.offline()
    player.click()
    player.await_words("No connection")
    browser.online()
    player.click(".again")
    player.await_sound()


def test_an_old_link_is_renewed_once(browser: Browser, stub: Stub) -> None:
    stub.answers["prepare"] = [ready()]
    stub.media_status = 403
    browser.open(stub.page())
    player = browser.player()
    player.click()
    player.await_words("cannot be played now")
    assert len(stub.requests("prepare")) == 2
    stub.media_status = 206
    player.click(".again")
    player.await_sound()
