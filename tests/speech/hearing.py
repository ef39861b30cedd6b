"""Hears what is said in test audio: the very samples of the phrases that it was made of.

So an answer depends on nothing but the audio: which phrases are in it, by which of the two voices,
and when.
"""

from __future__ import annotations

import functools
import io
import wave
from dataclasses import dataclass
from pathlib import Path

from twilio import speech

PRINT_BYTES = 400
AGENT, CUSTOMER = 0, 1


@dataclass(frozen=True)
class Heard:
    """One phrase; times in seconds of the file that was heard."""

    voice: int
    text: str
    start: float
    end: float


@dataclass(frozen=True)
class Phrase:
    """What gives a phrase away: some of its loudest samples, and where they are in it."""

    voice: int
    text: str
    print: bytes
    offset: int
    size: int


class BadAudio(ValueError):
    """Not a WAV file as a speech server takes it."""


def samples_of(file: bytes, any_rate: bool = False) -> tuple[bytes, int]:
    """The samples of a mono 16-bit WAV whose head tells the truth, and how many a second."""
    try:
        with wave.open(io.BytesIO(file), "rb") as sound:
            facts = (sound.getnchannels(), sound.getsampwidth(), sound.getframerate())
            frames = sound.getnframes()
            samples = sound.readframes(frames)
    except (wave.Error, EOFError) as error:
        raise BadAudio(f"not a WAV file: {error}") from None
    if facts != (1, speech.SAMPLE_BYTES, facts[2] if any_rate else speech.RATE):
        raise BadAudio(f"(channels, bytes, rate) are {facts}")
    if len(samples) != frames * speech.SAMPLE_BYTES or len(file) != len(samples) + 44:
        raise BadAudio(f"{len(file)} bytes with {len(samples)} of samples, {frames} frames")
    return samples, facts[2]


def loudness(samples: bytes) -> int:
    """The loudest sample."""
    values = memoryview(samples).cast("h")
    return max(max(values), -min(values)) if len(values) else 0


def hear(samples: bytes) -> list[Heard]:
    """All phrases in it, in order."""
    found = [heard for phrase in phrases() for heard in _all_of(phrase, samples)]
    return sorted(found, key=lambda heard: heard.start)


def _all_of(phrase: Phrase, samples: bytes) -> list[Heard]:
    found, at = [], samples.find(phrase.print)
    while at >= 0:
        start = (at - phrase.offset) / speech.SAMPLE_BYTES / speech.RATE
        length = phrase.size / speech.SAMPLE_BYTES / speech.RATE
        last = len(samples) / speech.SAMPLE_BYTES / speech.RATE
        found.append(Heard(phrase.voice, phrase.text, max(0.0, start), min(last, start + length)))
        at = samples.find(phrase.print, at + 1)
    return found


@functools.lru_cache(maxsize=None)
def phrases() -> tuple[Phrase, ...]:
    known = [_phrase(voice, path) for voice in (AGENT, CUSTOMER)
             for path in speech._phrases()[voice]]
    prints = [phrase.print for phrase in known]
    return tuple(phrase for phrase in known if prints.count(phrase.print) == 1)


def _phrase(voice: int, path: Path) -> Phrase:
    pcm = speech._read(path)
    values = memoryview(pcm).cast("h")
    step = PRINT_BYTES // speech.SAMPLE_BYTES
    best = max(range(0, len(values) // 2, step),
               key=lambda at: sum(abs(value) for value in values[at:at + step]))
    offset = best * speech.SAMPLE_BYTES
    return Phrase(voice, path.stem.replace("-", " "), pcm[offset:offset + PRINT_BYTES], offset,
                  len(pcm))
