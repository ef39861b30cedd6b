"""A call with several recordings: one line of time, from part to part, and a link into each."""

from __future__ import annotations

from array import array
from typing import Any

import pytest
from selenium.webdriver.common.action_chains import ActionChains

from browser_kit import Browser, Player, until
from browser_stub import Reply, Seen, Stub, error, peaks_of, ready, waiting
from twilio import speech

# In order of time: a greeting that was completed after the conversation, which so is the call's
# first recording; the conversation; a conference.
CALL = f"CA{0:032x}"
NAMES = (f"RE{1:032x}", CALL, f"RE{3:032x}")
SIDS = (NAMES[0], f"RE{2:032x}", NAMES[2])
SECONDS = (6, 20, 10)
BEGINS = (0, 6, 26)
WHOLE = 36


def recording(i: int, **changes: Any) -> dict[str, Any]:
    return {"name": NAMES[i], "recording_sid": SIDS[i], "kind": "conference" if i == 2 else "call",
            "started_at": f"2026-11-20T09:3{i}:00", "duration": SECONDS[i], "channels": 2,
            "speakers": ["agent", "customer"], "source": None, "track": None, "status": "ready",
            "expires_at": None, "transcript": [], **changes}


def answer(i: int, **changes: Any) -> Reply:
    return ready(**{"play_url": f"/media/{i}.wav", "duration": SECONDS[i], "recording": NAMES[i],
                    "recordings": 3 if NAMES[i] == CALL else 1, **changes})


def three(stub: Stub, **changes: dict[str, Any]) -> None:
    """Three recordings, all here; `r0` and so on change what the call says of one."""
    for i, seconds in enumerate(SECONDS):
        stub.sounds[f"/media/{i}.wav"] = sound = speech.call(i + 1, seconds, 2)
        stub.answers[f"{NAMES[i]} prepare"] = [answer(i)]
        stub.answers[f"{NAMES[i]} peaks"] = [Reply(200, peaks_of(sound))]
    stub.answers["call"] = [Reply(200, {"call_sid": CALL, "recordings": [
        recording(i, **changes.get(f"r{i}", {})) for i in range(3)]})]


def begin(browser: Browser, stub: Stub, **page: str) -> Player:
    browser.open(stub.page(**page))
    player = browser.player()
    player.click()
    return player


def part_of(player: Player) -> str:
    return player.get("place")["part"]


def await_part(player: Player, i: int) -> None:
    until(lambda: part_of(player) == SIDS[i], lambda: f"part {i}, not {player.get('place')}")
    player.await_sound(past=BEGINS[i])


def seek(player: Player, seconds: float) -> None:
    player.browser.js("document.querySelector('recording-player').currentTime = arguments[0]",
                      seconds)


def asked(stub: Stub, i: int, verb: str = "prepare") -> list[Seen]:
    return stub.requests(f"/{NAMES[i]}/{verb}")


LINE = """
const name = (part) => part && { name: part.name, id: part.id, begin: m.beginOf(parts, part) };
const parts = m.partsOf(args[0]);
const again = m.partsOf(args[1], parts);
return { names: parts.map(({ name }) => name), whole: m.wholeOf(parts),
    places: args[2].map((at) => m.placeAt(parts, at)).map(({ part, time }) => [part.id, time]),
    next: parts.map((part) => m.following(parts, part)?.id ?? null),
    shares: m.sharesOf(parts).map(({ from, to }) => [from, to]),
    same: again.map((part) => parts.indexOf(part)) };
"""


def test_the_line_of_time(browser: Browser, stub: Stub) -> None:
    """One part after the other; what cannot be heard any more is no part."""
    browser.open(stub.url + "/offline.html")
    gone = [recording(1, name=f"RE{n:032x}", status=status)
            for n, status in ((7, "expired"), (8, "unavailable"), (9, "none"))]
    line = browser.module("/player/parts.js", LINE,
                          [recording(0), gone[0], recording(1), *gone[1:], recording(2)],
                          [recording(1), recording(2, name=f"RE{4:032x}"), recording(0)],
                          [0, 5.5, 6, 25, 26, 36, 40])
    assert line["names"] == list(NAMES) and line["whole"] == WHOLE
    assert line["places"] == [[SIDS[0], 0], [SIDS[0], 5.5], [SIDS[1], 0], [SIDS[1], 19],
                              [SIDS[2], 0], [SIDS[2], 10], [SIDS[2], 14]]
    assert line["next"] == [SIDS[1], SIDS[2], None]
    assert [one[0] for one in line["shares"]] == pytest.approx([0, 6 / 36, 26 / 36])
    assert line["same"] == [1, -1, 0]


def test_lengths_may_be_unknown(browser: Browser, stub: Stub) -> None:
    """A part without one is met on the way, and a line without any is one step long."""
    browser.open(stub.url + "/offline.html")
    line = browser.module("/player/parts.js", LINE,
                          [recording(i, duration=None) for i in range(3)], [], [0, 9])
    assert line["places"] == [[SIDS[2], 0], [SIDS[2], 9]]
    assert line["shares"] == [[0, 1]] * 3


def test_one_recording_costs_what_it_did(browser: Browser, stub: Stub) -> None:
    stub.answers["prepare"] = [ready(recording=CALL, recordings=1)]
    player = begin(browser, stub)
    player.await_sound()
    until(lambda: stub.requests("peaks"), "the waveform is asked for")
    assert [(one.method, one.path) for one in stub.requests("/api/")] == [
        ("POST", f"/api/recordings/{CALL}/prepare"), ("GET", f"/api/recordings/{CALL}/peaks")]
    assert player.get("duration") == 60 and not player.part(".which").text
    assert browser.js("return document.querySelector('recording-player').shadowRoot"
                      ".querySelectorAll('.parts i').length") == 0


def test_a_recording_by_its_own_sid_is_alone(browser: Browser, stub: Stub) -> None:
    three(stub)
    browser.open(stub.page(recording_sid=NAMES[2]))
    player = browser.player()
    player.click()
    player.await_sound()
    assert (player.get("duration"), part_of(player)) == (10, NAMES[2])
    assert stub.requests("/api/calls") == [] and asked(stub, 0) == []


def test_a_call_begins_with_what_was_first(browser: Browser, stub: Stub) -> None:
    """Which need not be the recording that its SID stands for: that is known in time."""
    three(stub)
    player = begin(browser, stub)
    await_part(player, 0)
    player.click()
    assert player.get("duration") == WHOLE
    assert player.attribute(".seek", "aria-valuemax") == str(WHOLE)
    assert player.attribute(".seek", "aria-valuetext").endswith("of 36 seconds, Part 1 of 3")
    assert player.part(".which").text == "Part 1 of 3"
    assert [one.path for one in stub.requests("/api/")][:3] == [
        f"/api/recordings/{CALL}/prepare", f"/api/calls/{CALL}",
        f"/api/recordings/{NAMES[0]}/prepare"]


def test_it_plays_on_to_the_end(browser: Browser, stub: Stub) -> None:
    """Without a press, and without a word: the next part is there when one ends."""
    three(stub)
    browser.open(stub.page())
    player = browser.player()
    player.watch()
    player.click()
    player.await_sound()
    until(lambda: asked(stub, 1)[1:] or part_of(player) != SIDS[0], "the next one is asked for")
    assert part_of(player) == SIDS[0], "before it is wanted"
    seek(player, 4)
    await_part(player, 1)
    assert player.part(".which").text == "Part 2 of 3"
    seek(player, 24)
    await_part(player, 2)
    seek(player, 34.5)
    player.await_state("ended")
    assert player.time == pytest.approx(WHOLE, abs=0.2)
    states, places = player.states, player.places
    assert states[0] == "asking"
    assert not {"asking", "waiting", "paused", "stopped"} & set(states[states.index("playing"):])
    for place in places:
        begins = BEGINS[SIDS.index(place["part"])]
        assert place["time"] == pytest.approx(begins + place["partTime"], abs=0.1)
    assert [one["time"] for one in places if one["time"] > 24] == sorted(
        one["time"] for one in places if one["time"] > 24), "no step back"
    assert [len(asked(stub, i)) for i in range(3)] == [1, 2, 1]
    player.click()
    await_part(player, 0)


def test_a_part_that_is_not_here_yet_is_waited_for(browser: Browser, stub: Stub) -> None:
    """A click leads into it; it plays from there once it has come, and back is at once."""
    three(stub, r2={"status": "absent"})
    waits = [waiting("queued", position=2, recording=NAMES[2])]
    stub.answers[f"{NAMES[2]} prepare"] = stub.answers[f"{NAMES[2]} status"] = waits
    player = begin(browser, stub)
    await_part(player, 0)
    assert asked(stub, 2, "peaks") == []
    bar = player.part(".seek")
    ActionChains(browser.driver).move_to_element(bar.now).move_by_offset(
        round(bar.now.size["width"] * (30 / WHOLE - 0.5)), 0).click().perform()
    player.await_words("number 2 in line")
    assert player.state == "waiting" and player.time == pytest.approx(30, abs=0.3)
    stub.answers[f"{NAMES[2]} status"] = [answer(2)]
    player.await_sound(past=29)
    assert part_of(player) == SIDS[2]
    until(lambda: asked(stub, 2, "peaks"), "its waveform")
    seek(player, 8)
    await_part(player, 1)


def test_a_part_that_is_still_arriving_plays_early(browser: Browser, stub: Stub) -> None:
    """After the part before it, too; how much of the line is here is seen."""
    three(stub, r2={"status": "processing", "duration": 60})
    arrived = 44 + 30 * 32_000
    stub.let(arrived=arrived)
    body = {"playable": True, "play_url": "/media/late.wav", "bytes_received": arrived,
            "bytes_total": len(stub.audio), "recording": NAMES[2], "recordings": 1}
    stub.answers[f"{NAMES[2]} prepare"] = stub.answers[f"{NAMES[2]} status"] = [waiting(**body)]
    browser.open(stub.page(start="24.5"))
    player = browser.player()
    player.watch()
    player.click()
    await_part(player, 2)
    assert {one["part"] for one in player.places} >= set(SIDS[1:]), "the part before it sounds first"
    have = browser.js("return document.querySelector('recording-player').shadowRoot"
                      ".querySelector('.seek').style.getPropertyValue('--have')")
    assert float(have.rstrip("%")) == pytest.approx(100 * 56 / 86, abs=1)
    stub.let(arrived=len(stub.audio))
    stub.answers[f"{NAMES[2]} status"] = [answer(2, play_url="/media/late.wav", duration=60)]
    seek(player, 80)
    player.await_sound(past=80)


def test_what_is_silent_stays_silent_in_another_part(browser: Browser, stub: Stub) -> None:
    three(stub)
    player = begin(browser, stub)
    await_part(player, 0)
    until(lambda: asked(stub, 1)[1:], "the next one is asked for")
    player.click()
    player.await_state("paused")
    before = len(stub.requests("prepare"))
    seek(player, 30)
    assert (player.state, player.time, part_of(player)) == ("paused", 30, SIDS[2])
    assert len(stub.requests("prepare")) == before
    player.click()
    player.await_sound(past=30)


def test_a_part_that_fails_is_passed_over_with_a_word(browser: Browser, stub: Stub) -> None:
    three(stub)
    stub.answers[f"{CALL} prepare"] = [answer(1), error(500, "recording_failed")]
    player = begin(browser, stub)
    await_part(player, 0)
    seek(player, 5)
    await_part(player, 2)
    assert player.said == "Part 2 cannot be played now and was left out."
    seek(player, 8)
    await_part(player, 2)
    stub.answers[f"{CALL} prepare"] = [answer(1)]
    seek(player, 8)
    player.await_sound(past=8)
    assert part_of(player) == SIDS[1] and not player.said.strip()


def test_no_part_that_can_be_had_is_an_end_with_words(browser: Browser, stub: Stub) -> None:
    """In the server's words, once for all; another try begins where the first one did."""
    three(stub)
    for i in range(3):
        stub.answers[f"{NAMES[i]} prepare"] = [error(500, "recording_failed", recordings=3)]
    stub.answers[f"{CALL} prepare"][0].body["recordings"] = 3
    player = begin(browser, stub)
    player.await_words("The server says recording_failed.")
    assert player.state == "stopped"
    stub.answers[f"{NAMES[0]} prepare"] = [answer(0)]
    player.click(".again")
    await_part(player, 0)


@pytest.mark.parametrize("status, code, state", [
    (410, "recording_expired", "expired"), (404, "recording_unavailable", "unavailable")])
def test_a_first_recording_that_is_gone_is_no_dead_end(
    browser: Browser, stub: Stub, status: int, code: str, state: str
) -> None:
    three(stub, r1={"status": state})
    gone = error(status, code)
    gone.body["recordings"] = 2 if state == "expired" else 3
    stub.answers[f"{CALL} prepare"] = [gone]
    player = begin(browser, stub)
    await_part(player, 0)
    assert player.get("duration") == 16 and not player.said.strip()


def test_without_word_of_the_parts_the_first_one_plays(browser: Browser, stub: Stub) -> None:
    three(stub)
    stub.answers["call"] = [error(503, "unavailable")]
    player = begin(browser, stub)
    player.await_sound()
    assert player.get("duration") == 20


def test_a_place_in_a_recording(browser: Browser, stub: Stub) -> None:
    """Known before the line of time is, and kept when an earlier recording turns up."""
    three(stub)
    browser.open(stub.page(part=SIDS[1], start="12"))
    player = browser.player()
    player.watch()
    player.click()
    player.await_sound(past=18)
    assert part_of(player) == SIDS[1] and player.sounded_at < 19
    before, after = browser.js("""
        const player = document.querySelector("recording-player"), before = player.currentTime;
        player.recordings = arguments[0];
        return [before, player.currentTime];""", [recording(1), recording(2)])
    assert after == pytest.approx(before - BEGINS[1], abs=0.2) and part_of(player) == SIDS[1]
    player.await_sound()
    assert player.get("duration") == 30


def test_told_of_its_recordings_it_asks_for_none(browser: Browser, stub: Stub) -> None:
    three(stub)
    browser.open(stub.page())
    player = browser.player()
    browser.js("const one = document.querySelector('recording-player');"
               "one.recordings = arguments[0]; one.place = { part: arguments[1], time: 3 }",
               [recording(i) for i in range(3)], SIDS[2])
    assert (player.state, player.time, player.get("duration")) == ("idle", 29, WHOLE)
    assert stub.requests("/api/") == []
    player.click()
    await_part(player, 2)
    assert stub.requests("/api/calls") == [] and asked(stub, 1) == []


def test_the_only_recording_has_a_name_too(browser: Browser, stub: Stub) -> None:
    """A link of a time when there were several holds when one is left."""
    stub.answers["prepare"] = [ready(recording=CALL, recordings=1)]
    player = begin(browser, stub, part=SIDS[1], start="12")
    player.await_sound(past=12)
    assert stub.requests("/api/calls") == []


def test_it_asks_again_when_there_are_more_than_it_was_told(browser: Browser, stub: Stub) -> None:
    three(stub)
    browser.open(stub.page())
    player = browser.player()
    browser.js("document.querySelector('recording-player').recordings = arguments[0]",
               [recording(1), recording(2)])
    player.click()
    player.await_sound()
    assert part_of(player) == SIDS[1] and player.get("duration") == WHOLE
    assert len(stub.requests("/api/calls")) == 1 and len(asked(stub, 1)) == 1


INK = """
const canvas = document.querySelector('recording-player').shadowRoot.querySelector('canvas');
const pen = canvas.getContext('2d');
return arguments[0].map(([from, to]) => {
    const [x, width] = [from, to - from].map((share) => Math.round(share * canvas.width));
    const { data } = pen.getImageData(x, 0, width, canvas.height);
    return data.filter((value, i) => i % 4 === 3 && value > 0).length / width;
});
"""


def test_waveforms_stand_one_after_the_other(browser: Browser, stub: Stub) -> None:
    """Each in its part of the line; of one that is not here, a thin line."""
    three(stub, r2={"status": "absent"})
    player = begin(browser, stub)
    player.await_sound()
    player.click()
    until(lambda: asked(stub, 1, "peaks"), "also of those that do not play")
    spans = [[begin / WHOLE, (begin + length) / WHOLE] for begin, length in zip(BEGINS, SECONDS)]
    ink = until(lambda: (found := browser.js(INK, spans)) and min(found[:2]) > 2 and found,
                "two pictures")
    assert 0 < ink[2] < 2, "two bars of three, one pixel high"
    divisions = browser.js("return [...document.querySelector('recording-player').shadowRoot"
                           ".querySelectorAll('.parts i')].map((one) => parseFloat(one.style.left))")
    assert divisions == pytest.approx([0, 100 * 6 / 36, 100 * 26 / 36], abs=0.5)
    assert asked(stub, 2) == [] and asked(stub, 2, "peaks") == []
    assert player.state == "paused"


def test_sides_are_the_same_in_all_parts(browser: Browser, stub: Stub) -> None:
    """Who is muted stays muted, also where the other leg's channels lie the other way round."""
    three(stub, r1={"speakers": ["customer", "agent"]})
    sound = array("h", stub.sounds["/media/1.wav"][speech.HEADER_BYTES:])
    sound[0::2], sound[1::2] = sound[0::2], array("h", bytes(len(sound)))
    stub.sounds["/media/1.wav"] = speech.wav(sound.tobytes(), 2)  # the customer alone speaks
    stub.answers[f"{CALL} peaks"] = [Reply(200, peaks_of(stub.sounds["/media/1.wav"]))]
    player = begin(browser, stub)
    until(lambda: player.attribute(".box", "data-lanes") == "2", "two lanes")
    player.click(".sides button:nth-child(2)")
    seek(player, 5)
    await_part(player, 1)
    assert [player.part(f".sides button:nth-child({n})").text for n in (1, 2)] == [
        "Agent", "Customer"]
    assert player.attribute(".sides button:nth-child(2)", "aria-pressed") == "true"
    until(lambda: player.attribute(".sides button:nth-child(2)", "data-speaking") is not None,
          "the customer is seen to speak")
    assert player.attribute(".sides button:nth-child(1)", "data-speaking") is None
