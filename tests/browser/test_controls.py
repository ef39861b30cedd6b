"""What a person does with a recording that plays: keys, speeds, the waveform, silence, sides."""

from __future__ import annotations

from array import array

import pytest
from selenium.webdriver import Keys
from selenium.webdriver.common.action_chains import ActionChains

from browser_kit import Browser, Player, until
from browser_stub import Reply, Stub, error, peaks_of, ready, waiting
from twilio import speech


@pytest.fixture
def playing(stub: Stub, browser: Browser) -> Player:
    """A minute with a waveform, playing."""
    return begin(stub, browser)


def begin(stub: Stub, browser: Browser, lang: str = "en", **attributes: str) -> Player:
    stub.answers["prepare"] = [ready()]
    stub.answers["peaks"] = [Reply(200, peaks_of(stub.audio))]
    browser.open(stub.page(lang=lang, **attributes))
    player = browser.player()
    player.click()
    player.await_sound()
    until(lambda: player.attribute(".box", "data-lanes") == "2", "the waveform is there")
    return player


def silent(player: Player) -> float:
    """Pauses it, so that what moves it from there is all that does; gives where it stands."""
    player.click()
    player.await_state("paused")
    return player.time


def near(player: Player, seconds: float) -> None:
    """Of one that is silent."""
    until(lambda: abs(player.time - seconds) < 0.5, lambda: f"{player.time} is {seconds}")


def focus(browser: Browser, part: str) -> None:
    browser.js("document.querySelector('recording-player').shadowRoot"
               ".querySelector(arguments[0]).focus()", part)


# ---- by hand ----


def test_ten_seconds_back_and_forward(playing: Player) -> None:
    playing.click("[data-act=forward]")
    playing.await_sound(past=10)
    at = silent(playing)
    playing.click("[data-act=forward]")
    near(playing, at + 10)
    playing.click("[data-act=back]")
    near(playing, at)
    for _ in range(int(at // 10) + 1):
        playing.click("[data-act=back]")
    near(playing, 0)


@pytest.mark.parametrize("lang", ["en", "he"])
def test_a_click_on_the_waveform_seeks(browser: Browser, stub: Stub, lang: str) -> None:
    """Three quarters from the left is three quarters of the time, in Hebrew, too."""
    player = begin(stub, browser, lang)
    silent(player)
    seek = player.part(".seek").now
    quarter = seek.size["width"] // 4
    ActionChains(browser.driver).move_to_element(seek).move_by_offset(quarter, 0).click().perform()
    near(player, 45)


def test_dragging_seeks_where_it_ends(browser: Browser, playing: Player) -> None:
    at = silent(playing)
    seek = playing.part(".seek").now
    quarter = seek.size["width"] // 4
    ActionChains(browser.driver).move_to_element(seek).click_and_hold().move_by_offset(
        quarter, 0).perform()
    assert playing.time == at
    until(lambda: playing.part(".now").text.startswith("0:4"), "the place under the finger is told")
    ActionChains(browser.driver).move_by_offset(-2 * quarter, 0).release().perform()
    near(playing, 15)


def test_speeds_hold_and_are_remembered(browser: Browser, stub: Stub) -> None:
    player = begin(stub, browser)
    for rate in ("1.25", "1.5", "2"):
        player.click(f"[data-value='{rate}']")
        assert player.attribute(f"[data-value='{rate}']", "aria-pressed") == "true"
    until(lambda: browser.wait_js(PACE) > 1.5, "it sounds faster")
    player = begin(stub, browser)
    assert player.attribute("[data-value='2']", "aria-pressed") == "true"


PACE = """
const one = document.querySelector('recording-player'), done = arguments[0];
const [time, from] = [performance.now(), one.currentTime];
setTimeout(() => done((one.currentTime - from) / (performance.now() - time) * 1000), 700);
"""


def test_it_works_where_nothing_may_be_remembered(browser: Browser, stub: Stub) -> None:
    with browser.without_storage():
        player = begin(stub, browser)
        player.click("[data-value='2']")
        assert player.attribute("[data-value='2']", "aria-pressed") == "true"


# ---- by keyboard ----


def test_the_keyboard_does_it_all(browser: Browser, stub: Stub) -> None:
    stub.answers["prepare"] = [ready()]
    browser.open(stub.page())
    player = browser.player()
    browser.press(Keys.TAB)
    browser.press(Keys.SPACE)
    player.await_sound()
    focus(browser, ".seek")
    browser.press(Keys.SPACE)
    player.await_state("paused")
    at = player.time
    browser.press(Keys.ARROW_RIGHT, Keys.ARROW_UP)
    near(player, at + 20)
    browser.press(Keys.ARROW_LEFT)
    near(player, at + 10)
    for keys, rate in ((">", 1.25), (">>><", 2)):
        browser.press(*keys)
        until(lambda: player.get("playbackRate") == rate, f"{rate} times")
        assert player.attribute(f"[data-value='{rate}']", "aria-pressed") == "true"
    browser.press(Keys.HOME)
    near(player, 0)
    browser.press(Keys.END)
    near(player, 60)
    player.await_state("ended")
    browser.press(Keys.HOME)
    player.await_state("paused")
    browser.press(Keys.END)
    player.await_state("ended")
    assert player.time == 60
    browser.press(Keys.SPACE)
    player.await_sound()
    assert player.time < 50


def test_other_keys_are_the_pages(browser: Browser, playing: Player) -> None:
    at = silent(playing)
    focus(browser, ".seek")
    browser.press_with_control(Keys.ARROW_RIGHT)
    browser.press("x", Keys.PAGE_DOWN)
    assert (playing.time, playing.state) == (at, "paused")
    browser.press(Keys.ARROW_RIGHT)
    near(playing, at + 10)


def test_in_hebrew_right_is_later_still(browser: Browser, stub: Stub) -> None:
    player = begin(stub, browser, "he")
    at = silent(player)
    focus(browser, ".seek")
    browser.press(Keys.ARROW_RIGHT)
    near(player, at + 10)


# ---- to the ear and for screen readers ----


def test_the_slider_speaks(browser: Browser, stub: Stub) -> None:
    player = begin(stub, browser, start="23")
    seconds = int(silent(player))
    assert 23 <= seconds < 60
    assert player.attribute(".seek", "role") == "slider"
    assert player.attribute(".seek", "aria-valuenow") == str(seconds)
    assert player.attribute(".seek", "aria-valuemax") == "60"
    assert player.attribute(".seek", "aria-valuetext") == f"{seconds} seconds of 1 minute"


SPOKEN = (
    ("en", 0, "0 seconds"), ("en", 83, "1 minute 23 seconds"), ("en", 3601, "1 hour 1 second"),
    ("en", 3720, "1 hour 2 minutes"), ("he", 83, "דקה ו־23 שניות"), ("he", 120, "שתי דקות"),
    ("he", 7342, "שעתיים שתי דקות ו־22 שניות"), ("he", 3602, "שעה ושתי שניות"),
    ("he", 1, "שנייה אחת"),
)


def test_times_are_said_in_words(browser: Browser, stub: Stub) -> None:
    browser.open(stub.url + "/offline.html")
    said = browser.module("/player/messages.js", "return args.map((one) => m.spoken(...one))",
                          *((lang, seconds) for lang, seconds, _ in SPOKEN))
    assert said == [words for _, _, words in SPOKEN]


def test_labels_are_in_the_persons_language(browser: Browser, stub: Stub) -> None:
    player = begin(stub, browser, "he", label="050-123")
    assert player.attribute(".box", "aria-label") == "הקלטה: 050-123"
    assert player.attribute(".play", "aria-label") == "השהיה"
    assert player.part(".sides").text.split() == ["נציג", "לקוח"]
    browser.js("document.querySelector('recording-player').setAttribute('lang', 'en')")
    assert player.attribute(".play", "aria-label") == "Pause"
    assert player.state == "playing"


# ---- the waveform ----


def test_who_speaks_is_seen(browser: Browser, playing: Player, stub: Stub) -> None:
    """One lane has light, and it is the one whose channel sounds."""
    agent, customer = loudness(stub.audio)
    for lane, mine, other in ((0, agent, customer), (1, customer, agent)):
        second = next(s for s in range(5, 55)
                      if all(mine[s - 1:s + 2]) and not any(other[s - 1:s + 2]))
        if playing.state == "playing":
            silent(playing)
        browser.js("document.querySelector('recording-player').currentTime = arguments[0]",
                   second + 0.5)
        until(lambda: [playing.attribute(f".sides button:nth-child({n})", "data-speaking") is not None
                       for n in (1, 2)] == [lane == 0, lane == 1], "one lane has light")


def loudness(wav: bytes) -> tuple[list[bool], list[bool]]:
    """By channel and second: whether anybody speaks."""
    samples = array("h", wav[speech.HEADER_BYTES:])
    rate = speech.RATE * 2
    seconds = [samples[at:at + rate] for at in range(0, len(samples), rate)]
    return tuple([max(map(abs, one[side::2])) > 1500 for one in seconds]
                 for side in (0, 1))  # type: ignore[return-value]


def test_both_lanes_are_drawn(browser: Browser, playing: Player) -> None:
    colours = browser.js("""
        const root = document.querySelector('recording-player').shadowRoot;
        const canvas = root.querySelector('canvas');
        const pen = canvas.getContext('2d'), half = canvas.height / 2, found = [];
        for (const top of [0, half]) {
            const { data } = pen.getImageData(0, top, canvas.width, half);
            const seen = new Set();
            for (let i = 0; i < data.length; i += 4) {
                if (data[i + 3] === 255) seen.add(data.slice(i, i + 3).join());
            }
            found.push([...seen]);
        }
        return found;""")
    assert [len(one) for one in colours] == [1, 1] and colours[0] != colours[1]


@pytest.mark.parametrize("nonsense", [
    {}, {"version": 1}, {"version": 2, "channels": 9, "sample_rate": 8000, "samples_per_pixel": 80,
                         "length": 1, "data": [0] * 18},
    {"version": 2, "channels": 1, "sample_rate": 8000, "samples_per_pixel": 0, "length": 1,
     "data": [0, 1]},
    {"version": 2, "channels": 2, "sample_rate": 8000, "samples_per_pixel": 80, "length": 9,
     "data": [0, 1]},
])
def test_peaks_that_are_none_are_left_out(browser: Browser, stub: Stub, nonsense: dict[str, object]
                                          ) -> None:
    stub.answers["prepare"] = [ready()]
    stub.answers["peaks"] = [Reply(200, nonsense)]
    browser.open(stub.page())
    player = browser.player()
    player.click()
    player.await_sound()
    browser.await_answer("/peaks")
    assert player.attribute(".box", "data-lanes") == "0" and not player.shows(".skip")
    assert browser.complaints() == []


# ---- silence and sides ----


def test_silence_is_skipped_when_asked(browser: Browser, stub: Stub) -> None:
    spoken = stub.audio[speech.HEADER_BYTES:speech.HEADER_BYTES + 4 * 32_000]
    stub.let(audio=speech.wav(spoken + bytes(30 * 32_000) + spoken, 2))
    stub.let(arrived=len(stub.audio))
    player = begin(stub, browser)
    assert player.attribute(".skip", "aria-checked") == "false"
    browser.js("document.querySelector('recording-player').currentTime = 6")
    player.await_sound(past=6)
    assert player.time < 33, "nothing is skipped"
    player.click(".skip")
    assert player.attribute(".skip", "aria-checked") == "true"
    player.await_sound(past=33)


def test_a_side_is_muted(browser: Browser, playing: Player, stub: Stub) -> None:
    """Heard at the way out: each side by itself, and never none."""
    agent, customer = loudness(stub.audio)
    second = next(s for s in range(2, 50) if all(agent[s:s + 3]) and not any(customer[s:s + 3]))
    browser.js(TAPS)
    playing.click(".sides button:nth-child(2)")
    assert playing.attribute(".sides button:nth-child(2)", "aria-pressed") == "true"

    def heard(side: int) -> float:
        return browser.wait_js(LISTEN, side, second)

    assert heard(0) > 0.01
    playing.click(".sides button:nth-child(1)")
    assert playing.attribute(".sides button:nth-child(2)", "aria-pressed") == "false"
    assert heard(0) < 0.005, "what a silent line gives"
    playing.click(".sides button:nth-child(1)")
    assert heard(0) > 0.01
    playing.await_sound()


TAPS = """
const real = AudioNode.prototype.connect;
window.taps = [];
AudioNode.prototype.connect = function (to, ...rest) {
    if (to instanceof AudioDestinationNode) {
        const tap = this.context.createAnalyser();
        real.call(this, tap);
        window.taps.push(tap);
    }
    return real.call(this, to, ...rest);
};
"""
# How loud a second is: what is looked at while it waits, or elsewhere, does not count.
LISTEN = """
const [side, second, done] = arguments;
const player = document.querySelector("recording-player"), heard = new Float32Array(2048);
let loudest = 0, looks = 0, last = 0;
player.currentTime = second;
setTimeout(function look() {
    const at = player.currentTime;
    if (at >= second + 1.2) player.currentTime = second;
    else if (player.state === "playing" && at > second + 0.3 && at !== last) {
        window.taps[side].getFloatTimeDomainData(heard);
        loudest = heard.reduce((a, b) => Math.max(a, Math.abs(b)), loudest);
        looks++;
    }
    last = at;
    if (looks < 20) setTimeout(look, 30);
    else done(loudest);
}, 300);
"""


# ---- what it leaves to others, and what it passes on ----


def pressed(browser: Browser, key: str, code: str, shift: bool = False) -> bool:
    """Whether the player takes a key press, of a layout where `code` gives `key`."""
    return browser.js("""
        const seek = document.querySelector("recording-player").shadowRoot.querySelector(".seek");
        const [key, code, shiftKey] = arguments;
        return !seek.dispatchEvent(new KeyboardEvent("keydown",
            { key, code, shiftKey, bubbles: true, cancelable: true, composed: true }));""",
                      key, code, shift)


def test_hebrew_keyboards(browser: Browser, playing: Player) -> None:
    """The letters lie where they lie in Latin layouts; < and > are mirrored, and mean what they mean."""
    assert pressed(browser, ">", "Comma", shift=True)
    assert playing.get("playbackRate") == 0.75
    for _ in range(2):
        assert pressed(browser, "<", "Period", shift=True)
    assert playing.get("playbackRate") == 1.25
    assert pressed(browser, "ל", "KeyK")
    playing.await_state("paused")
    at = playing.time
    assert pressed(browser, "ך", "KeyL")
    near(playing, at + 5)
    assert pressed(browser, "ח", "KeyJ")
    near(playing, at)
    assert not pressed(browser, "t", "KeyK"), "another Latin layout says which letter it is"


def test_shift_and_an_arrow_are_the_pages(browser: Browser, playing: Player) -> None:
    for key in ("ArrowRight", "ArrowUp", "Home", "End"):
        assert not pressed(browser, key, key, shift=True), key
        assert not pressed(browser, key, key, shift=True), key
    assert playing.time < 40


def test_the_focus_stays_after_another_try(browser: Browser, stub: Stub) -> None:
    stub.answers["prepare"] = [error(500, "failed"), ready()]
    browser.open(stub.page())
    player = browser.player()
    player.click()
    player.await_state("stopped")
    focus(browser, ".again")
    browser.press(Keys.ENTER)
    player.await_sound()
    assert browser.js("return document.activeElement.shadowRoot?.activeElement.className") == "play"
    browser.press(Keys.SPACE)
    player.await_state("paused")


def test_what_waits_can_be_cancelled(browser: Browser, stub: Stub) -> None:
    """It does not sound, so there is nothing to pause."""
    stub.answers["prepare"] = [waiting()]
    stub.answers["status"] = [waiting(retry_after=30)]
    browser.open(stub.page())
    player = browser.player()
    player.click()
    player.await_state("waiting")
    assert player.attribute(".play", "aria-label") == "Cancel"
    player.click()
    assert (player.state, player.attribute(".play", "aria-label")) == ("idle", "Play")


def test_the_next_player_has_the_same_speed(browser: Browser, stub: Stub) -> None:
    stub.answers["prepare"] = [ready()]
    browser.open(stub.page(count=2))
    first, second = (browser.player(f"recording-player:nth-of-type({n})") for n in (1, 2))
    first.click()
    first.await_sound()
    first.click("[data-value='2']")
    browser.press(Keys.ESCAPE)
    second.click()
    second.await_sound()
    assert (second.get("playbackRate"), second.part(".menu").text.split()[0]) == (2, "2×")


def test_a_refused_play_says_to_press(browser: Browser, stub: Stub) -> None:
    """Also when the sound has more to tell after that."""
    browser.open(stub.page())
    player = browser.player()
    browser.js("""
        const real = HTMLMediaElement.prototype.play;
        HTMLMediaElement.prototype.play = function () {
            HTMLMediaElement.prototype.play = real;
            setTimeout(() => this.dispatchEvent(new Event("canplay")), 200);
            return Promise.reject(new DOMException("no", "NotAllowedError"));
        };""")
    stub.answers["prepare"] = [ready()]
    browser.js("document.querySelector('recording-player').play()")
    player.await_words("Ready. Press play.")
    until(lambda: browser.js("return performance.now() > (window.end ??= performance.now() + 600)"),
          "all has been told")
    assert player.said == "Ready. Press play."
    player.click()
    player.await_sound()
    assert player.said == ""
