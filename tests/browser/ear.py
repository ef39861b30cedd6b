"""What comes out of a browser: a sound server of its own, and somebody who listens to it.

Without one, Firefox plays nothing on a machine that has no sound card. PulseAudio's null sink takes
sound as fast as a loudspeaker does, and gives it to whoever records from it.
"""

from __future__ import annotations

import os
import subprocess
import threading
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from browser_kit import until

PROGRAM = "pulseaudio"
RATE = 8000
PIECE = RATE // 20 * 2  # bytes: 50 ms
LEAST = 300  # of 32767: a voice, and no noise of an encoder


def pitch_of(piece: array[int]) -> int:
    """Of a pure tone, in Hz: by how often it rises through zero."""
    rises = sum(a < 0 <= b for a, b in zip(piece, piece[1:]))
    return rises * RATE // len(piece)


class Ear:
    """Keeps how loud it was and how high, by twentieths of a second."""

    def __init__(self, folder: Path) -> None:
        self.environment = {"PULSE_SERVER": f"unix:{folder / 'pulse'}",
                            "PULSE_RUNTIME_PATH": str(folder)}
        self._loudness: list[int] = []
        self._pitches: list[int] = []

    def forget(self) -> None:
        self._loudness.clear()
        self._pitches.clear()

    @property
    def heard(self) -> float:
        """Seconds that were loud since it forgot."""
        return sum(one > LEAST for one in self._loudness) / 20

    @property
    def pitches(self) -> list[int]:
        """What was loud since it forgot, in order."""
        return [pitch for pitch, loud in zip(self._pitches, self._loudness) if loud > LEAST]

    @property
    def longest_gap(self) -> float:
        """Seconds of silence since it forgot, between what was loud before and after."""
        loud = [i for i, one in enumerate(self._loudness) if one > LEAST]
        return max((b - a - 1 for a, b in zip(loud, loud[1:])), default=0) / 20

    def _listen(self, recorder: subprocess.Popen[bytes]) -> None:
        assert recorder.stdout is not None
        while len(piece := recorder.stdout.read(PIECE)) == PIECE:
            samples = array("h", piece)
            self._pitches.append(pitch_of(samples))
            self._loudness.append(max(map(abs, samples)))


@contextmanager
def listening(folder: Path) -> Iterator[Ear]:
    """Listens to the programs that are started with its `environment`."""
    one = Ear(folder)
    server = subprocess.Popen(
        [PROGRAM, "-n", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1",
         "--disallow-exit", "--log-target=stderr", "--log-level=error",
         "-L", f"module-native-protocol-unix socket={folder / 'pulse'} auth-anonymous=1",
         "-L", "module-null-sink sink_name=ear rate=48000"],
        env={**os.environ, **one.environment})
    try:
        until(lambda: (folder / "pulse").exists() or server.poll() is not None, "its socket")
        recorder = subprocess.Popen(
            ["parec", "--device=ear.monitor", "--format=s16le", "--channels=1", f"--rate={RATE}",
             "--latency-msec=50"],
            stdout=subprocess.PIPE, env={**os.environ, **one.environment})
        threading.Thread(target=one._listen, args=(recorder,), daemon=True).start()
        yield one
        recorder.terminate()
        recorder.wait(30)
    finally:
        server.terminate()
        server.wait(30)
