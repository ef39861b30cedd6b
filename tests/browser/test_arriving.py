"""Sound before the download is done, and what happens when it dies: against a stub of the API."""

from __future__ import annotations

import statistics

import pytest

from browser_kit import Browser, until
from browser_stub import Reply, Stub, error, peaks_of, ready, waiting

HALF = 44 + 30 * 32_000


ELEMENTS = """
const Real = Audio;
window.elements = [];
window.Audio = function () {
    const one = new Real();
    window.elements.push(one);
    return one;
};
"""


def arriving(stub: Stub, browser: Browser, arrived: int = HALF, retry_after: int = 1, **page: str
             ) -> None:
    """A minute of sound, of which a part is here."""
    body = {"playable": True, "play_url": "/media/a.wav", "bytes_received": arrived,
            "bytes_total": len(stub.audio)}
    stub.let(arrived=arrived)
    stub.answers["prepare"] = [waiting(retry_after=retry_after, **body)]
    stub.answers["status"] = [waiting(**body)]
    browser.open(stub.page(**page))


def test_what_has_arrived_plays_at_once(browser: Browser, stub: Stub) -> None:
    arriving(stub, browser, retry_after=120)
    player = browser.player()
    player.click()
    player.await_sound()
    assert player.get("duration") == 60
    assert stub.requests("status") == []
    have = browser.js("return getComputedStyle(document.querySelector('recording-player')"
                      ".shadowRoot.querySelector('.seek')).getPropertyValue('--have')")
    assert have.startswith("50")
    browser.shot("player-arriving")


FEW = 44 + 3 * 32_000  # less than Chromium's <audio> needs to play any of it


# A seek that lands too early or too late in turns, as a busy machine's do.
ELSEWHERE = """
const place = Object.getOwnPropertyDescriptor(HTMLMediaElement.prototype, "currentTime");
let off = 0.3;
Object.defineProperty(HTMLMediaElement.prototype, "currentTime", { ...place,
    set(time) { off = -off; place.set.call(this, time + off); } });
"""


@pytest.mark.parametrize("script", ["", ELSEWHERE], ids=["", "seeks land elsewhere"])
def test_few_bytes_are_enough_and_the_rest_follows_without_a_gap(browser: Browser, stub: Stub, script: str
                                                                 ) -> None:
    arriving(stub, browser, FEW + 3 * 32_000)  # time for a busy machine to load the element
    player = browser.player()
    browser.js(script)
    player.watch()
    player.click()
    until(lambda: player.time > 1, "sound")
    stub.let(arrived=len(stub.audio))
    player.await_sound(past=7)
    told = [(one["clock"], one["time"]) for one in player.places if one["time"] > 0]
    times = [time for _, time in told]
    assert [] == [(a, b) for a, b in zip(times, times[1:]) if b < a - 0.09], "it goes back"
    lags = [clock - time for clock, time in told]  # a busy machine makes them longer only
    least = min(lag for lag, time in zip(lags, times) if time < 1)
    middle = [statistics.median(lags[i:i + 5]) for i in range(len(lags) - 4)]  # one alone may be wrong
    assert [] == [lag for lag in middle if lag < least - 0.09], "it leaves something out"
    assert player.states == ["asking", "buffering", "playing"]


LATE = """
const Context = AudioContext;
window.AudioContext = class extends Context {
    constructor() {
        super();
        this.suspend();
        setTimeout(() => this.resume(), 3000);
    }
};
"""


def test_what_plays_from_memory_may_begin_late(browser: Browser, stub: Stub) -> None:
    """A busy machine's sound does: then the element plays, from the beginning."""
    arriving(stub, browser, retry_after=120)
    player = browser.player()
    browser.js(LATE)
    player.watch()
    player.click()
    player.await_sound(past=1)
    told = [(one["clock"], one["time"]) for one in player.places]
    assert [] == [(a, b) for a, b in zip(told, told[1:])
                  if not 0 <= b[1] - a[1] <= b[0] - a[0] + 0.09], "it goes back, or leaps"


def test_few_bytes_wait_for_more_when_they_are_over(browser: Browser, stub: Stub) -> None:
    """From memory to the last of them: an element with so little ahead of it would wait before that
    (Firefox on a busy machine)."""
    arriving(stub, browser, FEW)
    player = browser.player()
    browser.js(ELEMENTS)
    player.click()
    until(lambda: player.time > 2.9, "their end")
    player.await_state("buffering")
    assert player.time == pytest.approx(3, abs=0.1)
    assert browser.js("return elements[0].played.length") == 0
    stub.let(arrived=len(stub.audio))
    player.await_sound(past=3)


# By the page itself: three seconds may be over before a command from here arrives.
PAUSED_SOON = """
const player = document.querySelector("recording-player");
const see = () => player.currentTime > 0.2
    ? player.shadowRoot.querySelector(".play").click() : setTimeout(see, 20);
see();
"""


def test_few_bytes_can_be_paused_and_left(browser: Browser, stub: Stub) -> None:
    arriving(stub, browser, FEW)
    player = browser.player()
    browser.js(PAUSED_SOON)
    player.click()
    player.await_state("paused")
    at = player.time
    assert 0 < at < 3
    stub.let(arrived=len(stub.audio))
    player.watch()
    player.click()
    player.await_sound(past=at)
    assert at - 0.1 < player.sounded_at < at + 1


HEADERS = [
    ("RIFF....WAVEfmt \x10\0\0\0\1\0\2\0\x40\x1f\0\0....\4\0\x10\0data....", 44),
    ("RIFF....WAVELIST\4\0\0\0infofmt \x10\0\0\0\1\0\1\0\x40\x1f\0\0....\4\0\x10\0data....", 56),
    ("RIFF....WAVEfmt \x10\0\0\0\7\0\1\0\x40\x1f\0\0....\4\0\x08\0data....", None),
    ("RIFF....WAVEfmt \x10\0\0\0\1\0\t\0\x40\x1f\0\0....\4\0\x10\0data....", None),
    ("RIFF....WAVEdata....", None), ("RIFF....WAVE", None), ("ID3", None), ("", None),
    ("RIFF....WAVEfmt \xff\xff\xff\xff", None),
]


def test_only_plain_wav_is_read(browser: Browser, stub: Stub) -> None:
    browser.open(stub.url + "/offline.html")
    starts = browser.module("/player/overture.js", """return args.map((text) =>
        m.readHeader(Uint8Array.from(text, (one) => one.charCodeAt(0)))?.start ?? null);""",
        *(text for text, _ in HEADERS))
    assert starts == [start for _, start in HEADERS]


def test_seeking_ahead_waits_and_then_plays(browser: Browser, stub: Stub) -> None:
    arriving(stub, browser)
    player = browser.player()
    player.click()
    player.await_sound()
    browser.js("document.querySelector('recording-player').currentTime = 50")
    player.await_state("buffering")
    player.await_words("Waiting for sound")
    assert player.time == 50
    stub.let(arrived=len(stub.audio))
    player.await_sound(past=50)


# The highest bar of each tenth of the line, as a share of its height.
TENTHS = """
const canvas = document.querySelector("recording-player").shadowRoot.querySelector("canvas");
const { width, height } = canvas;
const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
return Array.from({ length: 10 }, (_, tenth) => {
    let most = 0;
    for (let x = Math.ceil(tenth * width / 10); x < Math.floor((tenth + 1) * width / 10); x++) {
        let tall = 0;
        for (let y = 0; y < height; y++) tall += data[(y * width + x) * 4 + 3] > 0;
        most = Math.max(most, tall);
    }
    return most / height;
});
"""


def sounding(browser: Browser) -> list[bool]:
    return [tall > 0.3 for tall in browser.js(TENTHS)]


def test_the_waveform_is_drawn_as_it_comes(browser: Browser, stub: Stub) -> None:
    """Each part of it in its place, though the element knows of no length yet."""
    arriving(stub, browser, script="/hasty.js")
    whole = peaks_of(stub.audio)
    half, most = ({**whole, "length": length, "data": whole["data"][:4 * length]}
                  for length in (300, 480))
    so_far = {"bytes_total": len(stub.audio)}
    stub.answers["peaks"] = [waiting(peaks=half, bytes_received=HALF, **so_far)]
    player = browser.player()
    player.click()
    player.await_sound()
    until(lambda: sounding(browser) == [True] * 5 + [False] * 5, "half of it")
    assert player.attribute(".box", "data-lanes") == "2"
    browser.shot("player-arriving-waveform")
    stub.answers["peaks"] = [waiting(peaks=most, bytes_received=len(stub.audio) * 8 // 10, **so_far)]
    until(lambda: sounding(browser) == [True] * 8 + [False] * 2, "more of it")
    stub.let(arrived=len(stub.audio))
    stub.answers["peaks"] = [Reply(200, whole)]
    stub.answers["status"] = [ready()]
    until(lambda: sounding(browser) == [True] * 10, "all of it")


def test_what_has_not_arrived_is_no_silence(browser: Browser, stub: Stub) -> None:
    """Nothing is passed over by a waveform that is not whole."""
    arriving(stub, browser, script="/hasty.js")
    whole = peaks_of(stub.audio)
    nothing = {**whole, "length": 10, "data": [0] * 40}
    stub.answers["peaks"] = [waiting(peaks=nothing, bytes_received=HALF,
                                     bytes_total=len(stub.audio))]
    player = browser.player()
    player.click()
    until(lambda: player.attribute(".box", "data-lanes") == "2", "a waveform")
    shown = browser.js("""return [...document.querySelector("recording-player").shadowRoot
        .querySelectorAll("[data-act=skip]")].map((one) => one.hidden || one.closest("[hidden]") !== null)""")
    assert all(shown)


def test_a_waveform_that_never_begins_is_asked_for_a_few_times(browser: Browser, stub: Stub) -> None:
    """What needs a decoder has none before it is all here."""
    arriving(stub, browser, script="/hasty.js")
    stub.answers["peaks"] = [waiting()]
    browser.player().click()
    until(lambda: len(stub.requests("peaks")) == 5, "five requests")
    asked = len(stub.requests("status"))
    until(lambda: len(stub.requests("status")) > asked + 2, "it is followed")
    assert len(stub.requests("peaks")) == 5


def test_the_waveform_comes_when_it_is_all_here(browser: Browser, stub: Stub) -> None:
    arriving(stub, browser, script="/hasty.js")
    stub.answers["peaks"] = [waiting()]
    player = browser.player()
    player.click()
    player.await_sound()
    stub.let(arrived=len(stub.audio))
    stub.answers["peaks"] = [waiting(), Reply(200, peaks_of(stub.audio))]
    stub.answers["status"] = [ready()]
    until(lambda: player.attribute(".box", "data-lanes") == "2", "two lanes")
    assert {one.prefer for one in stub.requests("status")} == {None}


def test_a_dead_download_is_said_and_resumed(browser: Browser, stub: Stub) -> None:
    arriving(stub, browser)
    player = browser.player()
    player.click()
    player.await_sound()
    browser.js("document.querySelector('recording-player').currentTime = 29")
    stub.let(media_status=500)
    player.await_state("buffering")
    stub.answers["status"] = [error(500, "recording_failed")]
    player.await_words("The download broke off.")
    assert player.state == "stopped"
    at = player.time
    assert 29 <= at <= 31
    browser.shot("player-broken")
    assert player.part(".again").text.startswith("Resume from 0:")
    stub.let(media_status=206, arrived=len(stub.audio))
    stub.answers["prepare"] = [ready()]
    player.click()
    player.await_sound(past=at)
    assert len(stub.requests("prepare")) == 2


def test_a_paused_one_lets_go_and_comes_back(browser: Browser, stub: Stub) -> None:
    """After twenty seconds, which are one on this page, it keeps no connection."""
    stub.answers["prepare"] = [ready()]
    browser.open(stub.page(script="/hasty.js"))
    player = browser.player()
    browser.js(ELEMENTS)
    player.click()
    player.await_sound(past=2)
    player.click()
    player.await_state("paused")
    at = player.time
    until(lambda: not browser.js("return elements[0].hasAttribute('src')"), "it has no source")
    assert (player.state, player.time, player.get("duration")) == ("paused", at, 60)
    asked = len(stub.requests("/media/"))
    player.click("[data-act=forward]")
    assert player.time == at + 10 and len(stub.requests("/media/")) == asked
    player.watch()
    player.click()
    player.await_sound(past=at + 10)
    assert at + 9.9 < player.sounded_at < at + 11 and len(stub.requests("prepare")) == 1


@pytest.mark.parametrize("reply, times", [(waiting(retry_after=0), 5), (error(404, "none"), 1)])
def test_peaks_are_asked_for_a_few_times_only(browser: Browser, stub: Stub, reply: Reply,
                                              times: int) -> None:
    stub.answers["prepare"] = [ready()]
    stub.answers["peaks"] = [reply]
    browser.open(stub.page(script="/hasty.js"))
    player = browser.player()
    player.click()
    player.await_sound()
    until(lambda: len(stub.requests("peaks")) == times, f"{times} requests")
    browser.wait_js("setTimeout(arguments[0], 20000)")
    assert len(stub.requests("peaks")) == times
    assert player.attribute(".box", "data-lanes") == "0"

