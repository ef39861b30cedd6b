"""Two people on a line as a WAV file, each on a channel: spoken by espeak-ng where there is one, else hummed."""

from __future__ import annotations

import array
import math
import random
import shutil
import subprocess
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

SPEAKER = "espeak-ng"
RATE = 11_025  # half of what espeak-ng makes
VOICES = {"agent": "f2", "customer": "m3"}
PITCHES = {"agent": 210, "customer": 120}  # Hz
SYLLABLE = 0.17  # s
PAUSES = (0.3, 1.1)  # s, between two sentences

Sound = array.array  # of 16-bit samples


@dataclass(frozen=True)
class Sentence:
    """As a transcript has it; seconds."""

    speaker: str
    start: float
    end: float
    text: str


def record(path: Path, language: str, lines: Sequence[tuple[str, str]], first: str,
           seed: int) -> list[Sentence]:
    """The file, `first` on its first channel, and what is heard in it when."""
    pause = random.Random(seed).uniform
    channels = {"agent": array.array("h"), "customer": array.array("h")}
    at, heard = 0.5, []
    for speaker, text in lines:
        sound, mine = _say(speaker, language, text), channels[speaker]
        mine.frombytes(bytes(2 * max(0, round(at * RATE) - len(mine))))
        mine.extend(sound)
        end = at + len(sound) / RATE
        heard.append(Sentence(speaker, round(at, 2), round(end, 2), text))
        at = end + pause(*PAUSES)
    _write(path, channels[first], channels["customer" if first == "agent" else "agent"],
           round(at * RATE))
    return heard


def _write(path: Path, one: Sound, other: Sound, frames: int) -> None:
    both = array.array("h", bytes(4 * frames))
    both[0:2 * len(one):2] = one
    both[1:2 * len(other):2] = other
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(both.tobytes())


@lru_cache(maxsize=None)
def _say(speaker: str, language: str, text: str) -> Sound:
    return _spoken(speaker, language, text) if shutil.which(SPEAKER) else _hummed(speaker, text)


def _spoken(speaker: str, language: str, text: str) -> Sound:
    said = subprocess.run(
        [SPEAKER, "-v", f"{language}+{VOICES[speaker]}", "-s", "165", "--stdout"],
        input=text.encode(), capture_output=True, check=True,
    ).stdout
    # The header of a pipe does not say how long it is; its 44 bytes end with "data" and a size.
    whole = array.array("h", said[44:len(said) - len(said) % 2])
    return array.array("h", [(a + b) // 2 for a, b in zip(whole[::2], whole[1::2])])


def _hummed(speaker: str, text: str) -> Sound:
    dice = random.Random(text)
    sound = array.array("h")
    for word in text.split():
        for _ in range(1 + len(word) // 3):
            sound.extend(_syllable(PITCHES[speaker], dice.randrange(4)))
        sound.frombytes(bytes(2 * round(RATE * dice.uniform(0.03, 0.15))))
    return sound


@lru_cache(maxsize=None)
def _syllable(pitch: int, stress: int) -> Sound:
    frames = round(SYLLABLE * RATE)
    loud, turn = 4_000 + 3_500 * stress, 2 * math.pi * pitch * (1 + stress / 20) / RATE
    return array.array("h", [
        round(loud * math.sin(math.pi * i / frames) * (math.sin(turn * i) + math.sin(3 * turn * i) / 3))
        for i in range(frames)
    ])
