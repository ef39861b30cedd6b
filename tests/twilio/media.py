"""Sends a recording's bytes, as the faults that shape this answer want them sent."""

from __future__ import annotations

import gzip
import io
import time
from collections.abc import Callable
from typing import BinaryIO

from . import speech
from .faults import Fault
from .gate import Latch, Outcome
from .ledger import Exchange
from .library import WAV, Source
from .wire import ClientGone, Wire

CHUNK = 64 * 1024
TRICKLES_A_SECOND = 20


def wait_here(
    wire: Wire, exchange: Exchange, latch: Latch, counted_as: str, seconds: float | None = None
) -> Outcome:
    """Wait on the latch, counted meanwhile; a client that leaves, or a reset, ends the exchange."""
    exchange.waits(counted_as, True)
    try:
        outcome = latch.wait(wire.connection, seconds)
    finally:
        exchange.waits(counted_as, False)
    if outcome in (Outcome.LEFT, Outcome.ABORTED):
        raise ClientGone
    return outcome


class Delivery:
    """One answer with media, from its first header to its last byte."""

    def __init__(
        self,
        wire: Wire,
        exchange: Exchange,
        source: Source,
        shaping: dict[str, Fault],
        latch: Latch | None,
    ) -> None:
        self._wire = wire
        self._exchange = exchange
        self._source = source
        self._shaping = shaping
        self._latch = latch
        self._sent = 0
        self._size = source.size
        self._unpaced = False

    def run(self) -> None:
        self._exchange.take_off(self._wire.connection)
        self._wait_if("latency", lambda fault: fault.values["ms"] / 1000)
        with self._open() as body:
            self._send_head()
            if self._wire.method == "HEAD":
                return
            self._wait_if("hold", lambda fault: None)
            self._send(body)

    def _open(self) -> BinaryIO:
        short = self._shaping.get("short")
        if "gzip" in self._shaping:
            packed = gzip.compress(self._source.path.read_bytes())
            self._size = len(packed)
            return io.BytesIO(packed)
        if short is None:
            return self._source.path.open("rb")
        with self._source.path.open("rb") as whole:
            start = whole.read(short.values["bytes"])
        if self._source.content_type == WAV:
            channels = start[22]
            pcm = start[speech.HEADER_BYTES :]
            start = speech.wav(pcm[: len(pcm) - len(pcm) % (channels * speech.SAMPLE_BYTES)], channels)
        self._size = len(start)
        return io.BytesIO(start)

    def _send_head(self) -> None:
        headers = {} if "no_type" in self._shaping else {"Content-Type": self._source.content_type}
        if "gzip" in self._shaping:
            headers["Content-Encoding"] = "gzip"
        if "no_length" in self._shaping:
            headers["Transfer-Encoding"] = "chunked"
        else:
            headers["Content-Length"] = str(self._promised())
        self._exchange.answered(200)
        if self._wire.method == "HEAD":
            self._exchange.land()
        self._wire.head(200, headers)
        if self._promised() != self._size:
            self._wire.close_afterwards()

    def _promised(self) -> int:
        lie = self._shaping.get("lie_length")
        return max(0, self._size + lie.values["by"]) if lie else self._size

    def _send(self, body: BinaryIO) -> None:
        end = self._limit("truncate", self._size)
        stall = self._limit("stall", self._size - 1) if "stall" in self._shaping else None
        started = time.monotonic()
        while self._sent < end:
            if self._sent == stall:
                self._wait_if("stall", lambda fault: None)
                stall = None
            upto = end if stall is None else min(stall, end)
            self._write(body.read(min(self._chunk(), upto - self._sent)))
            self._pace(started)
        if end < self._size:
            self._wire.close_afterwards()
        elif "no_length" in self._shaping:
            self._finally(lambda: self._wire.write(b"0\r\n\r\n"))

    def _limit(self, kind: str, highest: int) -> int:
        fault = self._shaping.get(kind)
        return highest if fault is None else min(fault.values["after_bytes"], highest)

    def _chunk(self) -> int:
        trickle = self._shaping.get("trickle")
        if trickle is None or self._unpaced:
            return CHUNK
        return max(1, trickle.values["bytes_per_second"] // TRICKLES_A_SECOND)

    def _write(self, piece: bytes) -> None:
        self._sent += len(piece)
        self._exchange.sent(len(piece))
        if "no_length" in self._shaping:
            self._wire.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        elif self._sent >= min(self._size, self._promised()):
            self._finally(lambda: self._wire.write(piece))
        else:
            self._wire.write(piece)

    def _finally(self, send_the_rest: Callable[[], None]) -> None:
        """Send what makes the answer whole for the client: counted before it can know."""
        self._exchange.land()
        self._exchange.completed(self._sent == self._size)
        try:
            send_the_rest()
        except OSError:
            self._exchange.completed(False)
            raise

    def _pace(self, started: float) -> None:
        trickle = self._shaping.get("trickle")
        if trickle is None or self._unpaced or self._latch is None or self._sent == self._size:
            return
        due = started + self._sent / trickle.values["bytes_per_second"]
        outcome = self._latch.wait(self._wire.connection, max(0.0, due - time.monotonic()))
        if outcome in (Outcome.LEFT, Outcome.ABORTED):
            raise ClientGone
        self._unpaced = outcome is Outcome.RELEASED

    def _wait_if(self, kind: str, seconds: Callable[[Fault], float | None]) -> None:
        fault = self._shaping.get(kind)
        if fault is not None and self._latch is not None:
            counted_as = "held" if kind == "hold" else "waiting"
            wait_here(self._wire, self._exchange, self._latch, counted_as, seconds(fault))
