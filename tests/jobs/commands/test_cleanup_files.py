"""`tapedeck cleanup` and the files: part files that nobody owns go, and nothing else does."""

from __future__ import annotations

import fcntl
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from stack.calls import new_sid
from stack.stack import Stack

HOURS = 3600
AGES = {"old": 2 * HOURS, "fresh": 0}


def leave(path: Path, age: float = AGES["old"]) -> Path:
    """A file that nothing was written to for so many seconds."""
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"left")
    then = time.time() - age
    os.utime(path, (then, then))
    return path


SID = "CA0123456789abcdefABCDEF0123456789"

# All old and unlocked; only the first is a part file of a business's recording.
NAMES = {
    "a part file": ("{business}/.{sid}.part", False),
    "a recording": ("{business}/{sid}.wav", True),
    "another": ("{business}/{sid}.mp3", True),
    "not hidden": ("{business}/{sid}.part", True),
    "a copy": ("{business}/.{sid}.part.bak", True),
    "a longer SID": ("{business}/.{sid}1.part", True),
    "a SID with another letter": ("{business}/.{sid:.33}g.part", True),
    "another kind of SID": ("{business}/.CF{sid:.32}.part", True),
    "no SID": ("{business}/.part", True),
    "no business": ("lost+found/.{sid}.part", True),
    "no folder": (".{sid}.part", True),
    "a negative business": ("-{business}/.{sid}.part", True),
    "deeper": ("{business}/7/.{sid}.part", True),
}


@pytest.mark.parametrize("name, stays", NAMES.values(), ids=NAMES)
def test_only_what_is_a_part_file_goes(
    name: str, stays: bool, stack: Stack, new_business: Callable[[], int],
    cleanup: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    cleanup(STALE_AFTER="1h")  # What other tests left is not counted below.
    business = new_business()
    (stack.recordings_dir / str(business)).mkdir()
    path = leave(stack.recordings_dir / name.format(business=business, sid=SID))
    done = cleanup(STALE_AFTER="1h")
    assert path.exists() is stays
    assert done.stderr.endswith(f"parts={0 if stays else 1}\n")


@pytest.mark.parametrize("age, locked, stays", [
    ("old", False, False), ("old", True, True), ("fresh", False, True), ("fresh", True, True),
])
def test_a_part_file_goes_only_when_it_is_old_and_nobodys(
    age: str, locked: bool, stays: bool, stack: Stack, new_business: Callable[[], int],
    cleanup: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    """However old: as long as somebody holds it, it is being written."""
    path = leave(stack.recordings_dir / str(new_business()) / f".{new_sid('CA')}.part", AGES[age])
    with path.open("rb") as file:
        if locked:
            fcntl.flock(file, fcntl.LOCK_EX)
        cleanup(STALE_AFTER="1h")
    assert path.exists() is stays


def test_links_and_folders_are_left_alone(
    stack: Stack, new_business: Callable[[], int], tmp_path: Path,
    cleanup: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    """A link could lead to anybody's files."""
    root, business = stack.recordings_dir, str(new_business())
    outside = leave(tmp_path / f".{SID}.part")
    link_to_folder = root / str(new_business())
    link_to_folder.symlink_to(tmp_path)
    (root / business).mkdir()
    link_to_file = root / business / f".{new_sid('CA')}.part"
    link_to_file.symlink_to(outside)
    folder = root / business / f".{new_sid('CA')}.part"
    folder.mkdir()
    cleanup(STALE_AFTER="1ms")
    assert outside.exists() and link_to_file.is_symlink() and folder.is_dir()


def test_without_a_recordings_folder_the_rest_is_done(
    cleanup: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    assert "CLEANUP_DONE" in cleanup(RECORDINGS_DIR=str(tmp_path / "nowhere")).stderr
