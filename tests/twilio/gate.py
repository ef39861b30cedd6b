"""Waiting without sleeping: a request waits until it is released, its client leaves, or time is up."""

from __future__ import annotations

import enum
import os
import select
import socket
import time

CLIENT_LEFT = select.POLLRDHUP | select.POLLHUP | select.POLLERR


class Outcome(enum.Enum):
    RELEASED = enum.auto()
    ABORTED = enum.auto()
    LEFT = enum.auto()
    TIMEOUT = enum.auto()


def has_left(connection: socket.socket) -> bool:
    """Whether the client has closed its end, or the connection is gone altogether."""
    if connection.fileno() < 0:
        return True
    poller = select.poll()
    poller.register(connection, CLIENT_LEFT)
    return bool(poller.poll(0))


class Latch:
    """What one request waits on. Once released it stays released, so no wake-up is ever missed."""

    def __init__(self, sid: str) -> None:
        self.sid = sid
        self.aborted = False
        self._event = os.eventfd(0)

    def release(self) -> None:
        os.eventfd_write(self._event, 1)

    def abort(self) -> None:
        self.aborted = True
        self.release()

    def close(self) -> None:
        os.close(self._event)

    def wait(self, connection: socket.socket, seconds: float | None = None) -> Outcome:
        """Wait for whatever comes first; `seconds` None means without end."""
        poller = select.poll()
        poller.register(self._event, select.POLLIN)
        poller.register(connection, CLIENT_LEFT)
        deadline = None if seconds is None else time.monotonic() + seconds
        while True:
            left = None if deadline is None else max(0.0, deadline - time.monotonic()) * 1000
            ready = {fd for fd, _ in poller.poll(left)}
            if self._event in ready:
                return Outcome.ABORTED if self.aborted else Outcome.RELEASED
            if ready:
                return Outcome.LEFT
            if deadline is not None and time.monotonic() >= deadline:
                return Outcome.TIMEOUT
