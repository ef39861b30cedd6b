"""Spoken telephone audio for tests: real voice, composed anew for every seed.

The phrases come from Debian's asterisk-core-sounds-en-wav (CC-BY-SA), so the repository
carries no audio. Turns never overlap, hence the one-channel mix of a call is the exact sum of
its two channels and needs no arithmetic per sample: an hour is composed in well under a second.
"""

from __future__ import annotations

import array
import functools
import hashlib
import os
import random
import re
import struct
import subprocess
import tempfile
import wave
from dataclasses import dataclass
from pathlib import Path

SAMPLES = Path("/usr/share/asterisk/sounds/en_US_f_Allison")
SAMPLES_PACKAGE = "asterisk-core-sounds-en-wav"
ENCODER_PACKAGE = "lame"

RATE = 8000
SAMPLE_BYTES = 2
HEADER_BYTES = 44
MARK_FRAMES = 64
NOT_SPEECH = re.compile(r"beep|tone|monkeys|weasels|glorious|^spy-|^confbridge-(join|leave)\.")
PHRASE_BYTES = range(int(0.8 * RATE) * SAMPLE_BYTES, 9 * RATE * SAMPLE_BYTES)
PAUSE_FRAMES = (RATE // 8, RATE // 2)

# Names cached files, so that audio composed by older rules is never taken for today's.
RULES = "v1"


class MissingPackage(RuntimeError):
    """A Debian package that the test audio is made with is not installed."""

    def __init__(self, package: str) -> None:
        super().__init__(f"test audio needs the Debian package {package}: apt-get install {package}")
        self.package = package


@dataclass(frozen=True)
class Turn:
    """One phrase of one speaker; `start` and `frames` count samples of a single channel."""

    speaker: int
    start: int
    frames: int
    pcm: bytes


def default_cache() -> Path:
    """A directory of this user's, so that several test runs share what they generated."""
    return Path(tempfile.gettempdir()) / f"tapedeck-speech-{os.getuid()}"


def cached(cache: Path | None, name: str, make) -> Path:
    """The file `name` in the cache, made first if need be; safe with parallel processes."""
    folder = cache or default_cache()
    path = folder / name
    if path.exists():
        return path
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, unfinished = tempfile.mkstemp(dir=folder, prefix=".making-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(make())
        os.replace(unfinished, path)
    except BaseException:
        os.unlink(unfinished)
        raise
    return path


def call(seed: int, seconds: float, channels: int, cache: Path | None = None) -> bytes:
    """A WAV of a conversation: the agent on channel 1, the customer on channel 2, or both mixed."""
    return call_file(seed, seconds, channels, cache).read_bytes()


def call_file(seed: int, seconds: float, channels: int, cache: Path | None = None) -> Path:
    """As `call`, left in the cache: a server of long recordings need not hold them in memory."""
    if channels not in (1, 2):
        raise ValueError(f"channels must be 1 or 2, not {channels}")
    if not 0 <= seed < 1 << MARK_FRAMES:
        raise ValueError(f"seed must be in 0 .. 2^{MARK_FRAMES}-1, not {seed}")
    frames = round(seconds * RATE)
    if frames < MARK_FRAMES:
        raise ValueError(f"a call lasts at least {MARK_FRAMES / RATE} s, not {seconds}")
    name = f"{RULES}-{seed}-{frames}-{channels}.wav"
    return cached(cache, name, lambda: _compose(seed, frames, channels))


def wav(pcm: bytes, channels: int) -> bytes:
    """`pcm`, 8 kHz 16-bit, behind a canonical 44-byte header."""
    frame = channels * SAMPLE_BYTES
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF", HEADER_BYTES - 8 + len(pcm), b"WAVE",
        b"fmt ", 16, 1, channels, RATE, RATE * frame, frame, 8 * SAMPLE_BYTES,
        b"data", len(pcm),
    ) + pcm


def mp3(wav_bytes: bytes, cache: Path | None = None, channels: int = 1) -> bytes:
    """The recording as Twilio encodes it: 22.05 kHz, constant 32 kbit/s a channel."""
    return mp3_file(wav_bytes, cache, channels).read_bytes()


def mp3_file(wav_bytes: bytes, cache: Path | None = None, channels: int = 1) -> Path:
    """As `mp3`, left in the cache."""
    name = f"{RULES}-{hashlib.sha256(wav_bytes).hexdigest()}-{channels}.mp3"
    return cached(cache, name, lambda: _encode(wav_bytes, channels))


def _encode(wav_bytes: bytes, channels: int) -> bytes:
    mode = ["-m", "m"] if channels == 1 else ["-m", "s"]
    rate = ["-b", str(32 * channels), "--resample", "22.05"]
    command = ["lame", "--quiet", "-t", "-q", "7", *mode, *rate, "-", "-"]
    try:
        done = subprocess.run(command, input=wav_bytes, capture_output=True)
    except FileNotFoundError:
        raise MissingPackage(ENCODER_PACKAGE) from None
    if done.returncode != 0 or not done.stdout:
        raise RuntimeError(f"lame failed: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


def _compose(seed: int, frames: int, channels: int) -> bytes:
    turns = _conversation(random.Random(seed), frames)
    if channels == 1:
        return wav(_track(turns, frames, seed, speakers=(0, 1)), 1)
    stereo = array.array("h", bytes(frames * 2 * SAMPLE_BYTES))
    stereo[0::2] = array.array("h", _track(turns, frames, seed, speakers=(0,)))
    stereo[1::2] = array.array("h", _track(turns, frames, None, speakers=(1,)))
    # Slices only moved the samples, so they are still little-endian whatever this host is.
    return wav(stereo.tobytes(), 2)


def _conversation(chance: random.Random, frames: int) -> list[Turn]:
    turns: list[Turn] = []
    at = MARK_FRAMES + chance.randint(*PAUSE_FRAMES)
    pools = _phrases()
    while at < frames:
        speaker = len(turns) % 2
        pcm = _read(chance.choice(pools[speaker]))[: (frames - at) * SAMPLE_BYTES]
        turns.append(Turn(speaker, at, len(pcm) // SAMPLE_BYTES, pcm))
        at += turns[-1].frames + chance.randint(*PAUSE_FRAMES)
    return turns


def _track(turns: list[Turn], frames: int, seed: int | None, speakers: tuple[int, ...]) -> bytes:
    """What the given speakers say, over silence; with the seed's mark when there is one."""
    track = bytearray(frames * SAMPLE_BYTES)
    if seed is not None:
        track[: MARK_FRAMES * SAMPLE_BYTES] = _mark(seed)
    for turn in turns:
        if turn.speaker in speakers:
            start = turn.start * SAMPLE_BYTES
            track[start : start + len(turn.pcm)] = turn.pcm
    return bytes(track)


def _mark(seed: int) -> bytes:
    """The seed as inaudible lowest bits before the first word: no two seeds sound quite alike."""
    return struct.pack(f"<{MARK_FRAMES}h", *(seed >> bit & 1 for bit in range(MARK_FRAMES)))


@functools.lru_cache(maxsize=None)
def _phrases() -> tuple[list[Path], list[Path]]:
    """The phrases of the agent and those of the customer, each about half of what there is."""
    phrases = sorted(
        path for path in SAMPLES.glob("*.wav")
        if path.stat().st_size in PHRASE_BYTES and not NOT_SPEECH.search(path.name)
    )
    if len(phrases) < 2:
        raise MissingPackage(SAMPLES_PACKAGE)
    return phrases[0::2], phrases[1::2]


@functools.lru_cache(maxsize=None)
def _read(path: Path) -> bytes:
    with wave.open(str(path), "rb") as sample:
        facts = (sample.getframerate(), sample.getsampwidth(), sample.getnchannels())
        if facts != (RATE, SAMPLE_BYTES, 1):
            raise RuntimeError(f"{path.name} is not 8 kHz 16-bit mono: is {SAMPLES_PACKAGE} intact?")
        return sample.readframes(sample.getnframes())
