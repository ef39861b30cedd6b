"""The test audio is real, repeatable, and different wherever it should be."""

from __future__ import annotations

import array
import io
import wave

import pytest

from twilio import speech


@pytest.mark.parametrize("channels", [1, 2])
def test_a_call_is_a_canonical_wav_of_the_length_asked_for(tmp_path, channels):
    made = speech.call(1, 2.5, channels, tmp_path)
    assert len(made) == 44 + 20000 * 2 * channels
    with wave.open(io.BytesIO(made)) as file:
        facts = (file.getnchannels(), file.getframerate(), file.getsampwidth(), file.getnframes())
    assert facts == (channels, 8000, 2, 20000)


def test_both_speak_in_turn_and_the_mix_is_their_sum(tmp_path):
    stereo = array.array("h", speech.call(5, 60, 2, tmp_path)[44:])
    mono = array.array("h", speech.call(5, 60, 1, tmp_path)[44:])
    agent, customer = stereo[0::2], stereo[1::2]
    assert max(agent) > 3000 and max(customer) > 3000
    assert not any(a and c for a, c in zip(agent, customer))
    assert mono == array.array("h", map(int.__add__, agent, customer))


def test_the_same_seed_says_the_same_and_another_something_else(tmp_path):
    again = speech.call(3, 1, 2, tmp_path / "a")
    assert again == speech.call(3, 1, 2, tmp_path / "b")
    assert len({speech.call(seed, 0.01, 1, tmp_path) for seed in range(50)}) == 50


def test_mp3_is_made_once(tmp_path):
    source = speech.call(1, 1, 1, tmp_path)
    file = speech.mp3_file(source, tmp_path)
    made = file.stat().st_mtime_ns
    assert speech.mp3(source, tmp_path)[0] == 0xFF
    assert speech.mp3_file(source, tmp_path).stat().st_mtime_ns == made
    assert 4000 <= file.stat().st_size <= 6000


@pytest.mark.parametrize(
    ("seed", "seconds", "channels"), [(1, 1, 3), (-1, 1, 1), (1 << 64, 1, 1), (1, 0, 1)]
)
def test_nonsense_is_refused(tmp_path, seed, seconds, channels):
    with pytest.raises(ValueError):
        speech.call(seed, seconds, channels, tmp_path)


def test_a_missing_package_is_named(tmp_path, monkeypatch):
    source = speech.call(1, 1, 1, tmp_path)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(speech.MissingPackage, match="apt-get install lame"):
        speech.mp3(source, tmp_path)
    monkeypatch.setattr(speech, "SAMPLES", tmp_path / "none")
    speech._phrases.cache_clear()
    with pytest.raises(speech.MissingPackage, match="asterisk-core-sounds-en-wav"):
        speech.call(2, 1, 1, tmp_path)
