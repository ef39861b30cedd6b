"""Where things go that nobody needs later: into memory, where there is room, else on the disk.

A database of a stack is a thousand small files. On a disk, making and removing them takes longer
than all that a test does with them, and who shares the disk waits as well.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MEMORY, DISK = Path("/dev/shm"), Path("/tmp")
PREFIX = "tapedeck-"
ROOM = 2 << 30


def home(lasting: bool = False) -> Path:
    """The folder to make folders in; `lasting` is for what somebody may keep for days."""
    return DISK if lasting or not _has_room() else MEMORY


def make(lasting: bool = False) -> Path:
    """A new folder, for us alone."""
    return Path(tempfile.mkdtemp(prefix=PREFIX, dir=home(lasting)))


def remove(path: Path) -> None:
    """Remove a folder that `make` made, and no other."""
    if path.parent not in (MEMORY, DISK) or not path.name.startswith(PREFIX):
        return
    if not path.is_symlink() and path.exists() and path.stat().st_uid == os.geteuid():
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def folder() -> Iterator[Path]:
    """A folder for as long as this lasts."""
    made = make()
    try:
        yield made
    finally:
        remove(made)


def _has_room() -> bool:
    """In the folder, and in the memory that it is made of."""
    try:
        room = os.statvfs(MEMORY)
        found = re.search(r"^MemAvailable: *(\d+) kB", Path("/proc/meminfo").read_text(), re.M)
    except OSError:
        return False
    return (os.access(MEMORY, os.W_OK | os.X_OK) and room.f_bavail * room.f_frsize >= ROOM
            and found is not None and int(found[1]) << 10 >= ROOM)
