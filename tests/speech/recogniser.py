"""A real recogniser behind OpenAI's door: PocketSphinx with its US English model, as Debian has them.

It is no fake: what it answers is what it hears, mistakes and all. It takes what Tapedeck sends, recordings
at the telephone's rate, and makes of them what the model was trained on.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
import wave
from array import array
from pathlib import Path
from typing import Any

from . import hearing, multipart
from .server import Asked, Reply, Server, reply_json

PROGRAM = "pocketsphinx_continuous"
RECORDED = Path("/usr/share/pocketsphinx/test/data/librivox")  # people reading, of LibriVox
RATE = 16000
WORD = re.compile(r"^(\S+) (\d+\.\d+) (\d+\.\d+) (\d+\.\d+)$")
LONGEST = 120  # seconds that it may take


def is_there() -> bool:
    return shutil.which(PROGRAM) is not None and RECORDED.is_dir()


def recorded() -> dict[str, bytes]:
    """What was read, and how it sounds on a telephone: 8 kHz, 16 bit."""
    said = re.findall(r"<s> (.+) </s> \((.+)\)", (RECORDED / "transcription").read_text())
    return {text: _halved(RECORDED / f"{name}.wav") for text, name in said}


def _halved(path: Path) -> bytes:
    """Half as many samples, without what they cannot hold."""
    with wave.open(str(path), "rb") as sound:
        samples = array("h", sound.readframes(sound.getnframes()))
    weights = (-1, 0, 9, 16, 9, 0, -1)
    return array("h", (max(-32768, min(32767, sum(w * samples[at + n] for n, w in enumerate(weights))
                                       // 32))
                       for at in range(0, len(samples) - len(weights), 2))).tobytes()


class Recogniser:
    """It serves while its block lasts."""

    def __init__(self) -> None:
        self._server = Server(self._serve)

    def __enter__(self) -> Recogniser:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop()

    @property
    def url(self) -> str:
        return self._server.url + "/v1"

    def _serve(self, asked: Asked) -> Reply:
        if (asked.method, asked.path) != ("POST", "/v1/audio/transcriptions"):
            return reply_json(404, {"detail": "Not Found"})
        fields = multipart.parse(asked.headers.get("Content-Type", ""), asked.body)
        samples, _ = hearing.samples_of(fields["file"].value)
        segments = _heard(samples)
        return reply_json(200, {"text": " ".join(one["text"] for one in segments),
                                "segments": segments})


def _heard(samples: bytes) -> list[dict[str, Any]]:
    values = array("h", samples)
    doubled = array("h")
    for one, other in zip(values, values[1:]):
        doubled.extend((one, (one + other) // 2))
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        with wave.open(file, "wb") as sound:
            sound.setparams((1, 2, RATE, 0, "NONE", ""))
            sound.writeframes(doubled.tobytes())
        file.flush()
        done = subprocess.run([PROGRAM, "-infile", file.name, "-time", "yes", "-logfn", "/dev/null"],
                              capture_output=True, text=True, timeout=LONGEST, check=True)
    return _segments(done.stdout.splitlines())


def _segments(lines: list[str]) -> list[dict[str, Any]]:
    """A line with all that was said, then one for each word and silence, with its times."""
    segments: list[dict[str, Any]] = []
    for line in lines:
        word = WORD.match(line)
        if word is None:
            segments.append({"text": line, "start": None, "end": None})
        elif not word[1].startswith(("<", "[")) and segments:
            last = segments[-1]
            last["start"] = float(word[2]) if last["start"] is None else last["start"]
            last["end"] = float(word[3])
    return segments
