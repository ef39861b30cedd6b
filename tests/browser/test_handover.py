"""From the end of one part of a call to the next, as it is heard."""

from __future__ import annotations

from browser_kit import Browser, until
from browser_stub import Stub
from ear import Ear
from test_parts import BEGINS, SECONDS, await_part, begin, part_of, seek, three, SIDS
from twilio import odd_audio

MOST_S = 2  # of silence; where little else runs it is a tenth of that


def test_no_gap_is_heard_between_parts(browser: Browser, stub: Stub, ear: Ear) -> None:
    three(stub)
    for i, seconds in enumerate(SECONDS):
        stub.sounds[f"/media/{i}.wav"] = odd_audio.wav(odd_audio.tone(seconds, 2), channels=2)
    player = begin(browser, stub)
    await_part(player, 0)
    for i in (1, 2):
        seek(player, BEGINS[i] - 2)
        player.await_sound()
        assert part_of(player) == SIDS[i - 1]
        ear.forget()
        await_part(player, i)
        until(lambda: player.time > BEGINS[i] + 1, "a second of it")
        print(f"{browser.name}: {ear.longest_gap:.2f} s before part {i + 1}")
        assert ear.heard > 1 and ear.longest_gap < MOST_S
