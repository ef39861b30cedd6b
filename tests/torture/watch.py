"""What must hold at every instant, looked at again and again."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

from .cast import Case
from .fleet import Fleet
from .parts import Part
from .world import World

EVERY = 0.1
SLOTS = 3
PART = re.compile(r"\.(CA|RE)[0-9a-f]{32}\.(part|peaks)")
PEAKS = "peaks.json"
KINDS = ("wav", PEAKS)


class Watch(Part):
    """Finished files have all their bytes; a part file has one writer; three downloads at most."""

    def __init__(self, world: World, fleet: Fleet) -> None:
        super().__init__(world, "watch", EVERY)
        self._fleet = fleet
        self._seen: set[tuple[str, int, int]] = set()
        self._sharing: set[tuple[int, int]] = set()
        self.most_in_flight = 0

    def step(self) -> None:
        self._look_at_files()
        self._look_at_writers()
        self._look_at_provider()

    def _look_at_files(self) -> None:
        for folder in self.world.stack.recordings_dir.iterdir():
            for path in folder.iterdir():
                if not PART.fullmatch(path.name):
                    self._look_at(path)

    def _look_at(self, path: Path) -> None:
        try:
            stat = path.stat()
            mark = (path.name, stat.st_ino, stat.st_mtime_ns)
            if mark in self._seen:
                return
            content = path.read_bytes()
        except FileNotFoundError:
            return
        self._seen.add(mark)
        name, _, kind = path.name.partition(".")
        cases = self.world.called(name)
        if kind not in KINDS or not any(self._may_lie_there(case, path) for case in cases):
            self.world.complain(f"{path} is no file of ours")
        elif kind == PEAKS:
            if content or not any(case.cuts for case in cases):  # nothing was left to be read
                self._check_peaks(name, content)
        else:
            self._check(cases, content)

    def _may_lie_there(self, case: Case, path: Path) -> bool:
        """In the folder of its business; what the CRM took away is not gone at once."""
        fate = case.talk.fate
        businesses = {case.talk.business, fate.was_business if fate else case.talk.business}
        return case.talk.epoch % 2 == 1 or path.parent.name in map(str, businesses)

    def _check_peaks(self, name: str, content: bytes) -> None:
        self.world.count("waveforms checked")
        try:
            json.loads(content)
        except ValueError:
            self.world.complain(f"{name}: a waveform that is not whole")

    def _check(self, cases: list[Case], content: bytes) -> None:
        """Of two that may have the call's name, which of them has it is not known for a moment."""
        self.world.count("files checked")
        if any(case.is_right(content) or content in case.cuts for case in cases):
            return
        case = cases[0]
        if len(content) < len(case.source):
            self.world.complain(f"{case.sid}: a finished name with {len(content)} of "
                                f"{len(case.source)} bytes")
        else:
            self.world.complain(f"{case.sid}: a finished file that is not the source")

    def _look_at_writers(self) -> None:
        """A runner that finds the file locked closes it at once, so only lasting ones count."""
        holders: dict[tuple[int, int], list[str]] = {}
        for runner in self._fleet.awake():
            for inode, name in runner.written_files().items():
                holders.setdefault(inode, []).append(f"{runner.name} {name}")
        shared = {inode for inode, who in holders.items() if len(who) > 1}
        for inode in shared & self._sharing:
            self.world.complain(f"two write one part file: {holders[inode]}")
        self._sharing = shared

    def _look_at_provider(self) -> None:
        for group, counts in self.world.stack.twilio.stats().by_group.items():
            self.most_in_flight = max(self.most_in_flight, counts.max_in_flight)
            if counts.max_in_flight > SLOTS:
                self.world.complain(f"business {group} had {counts.max_in_flight} in flight")


class Thief(Part):
    """Finished files go missing, here and there, or lose their tails, or all they have; the next
    click must fetch them again."""

    def __init__(self, world: World, rng: random.Random) -> None:
        super().__init__(world, "thief", 1 / world.plan.losses_a_second)
        self._rng = rng

    def step(self) -> None:
        case = self._rng.choice(self.world.cases)
        if not case.announced:
            return
        size = self._rng.choice((0, self._rng.randrange(len(case.source))))
        cuts = self._rng.random() < 0.25
        if case.cut(size) if cuts else case.lose():
            self.world.count("files cut" if cuts else "files lost")
            self.world.timeline.note("thief", f"sid={case.sid} {size if cuts else 'gone'}")
