"""The recordings' bytes: one file a format, generated once, served many times."""

from __future__ import annotations

import hashlib
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import speech
from .recordings import Recording

WAV, MP3 = "audio/x-wav", "audio/mpeg"


@dataclass(frozen=True)
class Source:
    """The bytes of one recording in one format, in a file."""

    path: Path
    size: int
    sha256: str
    content_type: str


class Library:
    """Turns recordings into files, each made once and then only served."""

    def __init__(self, cache: Path | None) -> None:
        self._cache = cache
        self._given = tempfile.TemporaryDirectory(prefix="fake-twilio-")
        self._known: dict[tuple[Any, ...], Source] = {}
        self._making: dict[tuple[Any, ...], threading.Lock] = {}
        self._lock = threading.Lock()

    def source(self, recording: Recording, label: str) -> Source:
        """The exact bytes served for `label`; of many that ask at once, one does the work."""
        if recording.given is not None:
            return recording.given[label]
        channels = recording.served_channels(label)
        content_type = MP3 if label.startswith("mp3") else WAV
        key = (recording.seed, recording.seconds, channels, content_type)
        with self._lock:
            making = self._making.setdefault(key, threading.Lock())
        with making:
            if key not in self._known:
                self._known[key] = self._make(*key)
            return self._known[key]

    def sealed(self, recording: Recording, label: str) -> Source:
        """What is served of an encrypted one."""
        plain = self.source(recording, label)
        if recording.envelope is None or recording.given is not None:
            return plain
        return self.keep(recording.envelope.seal(plain.path.read_bytes()), plain.content_type)

    def keep(self, content: bytes, content_type: str) -> Source:
        """A file with these bytes, whatever they are."""
        digest = hashlib.sha256(content).hexdigest()
        path = Path(self._given.name) / digest
        path.write_bytes(content)
        return Source(path, len(content), digest, content_type)

    def _make(self, seed: int, seconds: float, channels: int, content_type: str) -> Source:
        path = speech.call_file(seed, seconds, channels, self._cache)
        if content_type == MP3:
            path = speech.mp3_file(path.read_bytes(), self._cache, channels)
        digest = hashlib.sha256()
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
        return Source(path, path.stat().st_size, digest.hexdigest(), content_type)
