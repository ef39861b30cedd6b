"""Parts that run beside the session, each a thread; whatever one of them dies of is told."""

from __future__ import annotations

import threading
import time
import traceback

from .world import World


class Part(threading.Thread):
    """Does its `step` again and again until it is told to end."""

    def __init__(self, world: World, name: str, every: float) -> None:
        super().__init__(name=name, daemon=True)
        self.world = world
        self._every = every
        self._ending = threading.Event()

    def step(self) -> None:
        raise NotImplementedError

    def pause(self) -> float:
        """How long until the next step."""
        return self._every

    def run(self) -> None:
        while not self._ending.is_set():
            try:
                self.step()
            except Exception:
                self.world.complain(f"the test's own {self.name} failed:\n{traceback.format_exc()}")
                return
            self._ending.wait(self.pause())

    def end(self, seconds: float = 30.0) -> None:
        self._ending.set()
        deadline = time.monotonic() + seconds
        self.join(max(0.0, deadline - time.monotonic()))
        if self.is_alive():
            self.world.complain(f"the test's own {self.name} hangs")
