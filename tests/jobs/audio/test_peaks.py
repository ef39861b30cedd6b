"""Waveforms: made by the runner in a child, once a recording, and harmless whatever the audio is."""

from __future__ import annotations

import array
import io
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import pytest
import redis
from stack import old_kernel
from stack.calls import Call
from stack.old_kernel import status_of
from stack.stack import Stack
from twilio import odd_audio, speech
from twilio.client import fault

from jobs_kit import Db, Runner, assert_stored, click, files_of, known_call, until

Command = Callable[..., subprocess.CompletedProcess[str]]
RATE = 8000
PIXEL = RATE // 10
LOUD, SILENT = [12800, -12800] * (PIXEL // 2), [0] * PIXEL
NO_SUCH_CALL = "CA" + "0" * 32


def wav(*channels: list[int], rate: int = RATE) -> bytes:
    """A WAV file of these channels, of the same length each."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(len(channels))
        file.setsampwidth(2)
        file.setframerate(rate)
        mixed = array.array("h", [sample for frame in zip(*channels) for sample in frame])
        file.writeframes(mixed.tobytes())
    return out.getvalue()


def peaks_file(call: Call) -> Path:
    return call.part_file.parent / f"{call.call_sid}.peaks.json"


def temporary_file(call: Call) -> Path:
    return call.part_file.parent / f".{call.call_sid}.peaks"


def ranges(peaks: dict[str, Any]) -> list[list[tuple[int, int]]]:
    """The lowest and highest of each pixel, by channel."""
    data, channels = peaks["data"], peaks["channels"]
    assert len(data) == 2 * channels * peaks["length"]
    return [list(zip(data[2 * c :: 2 * channels], data[2 * c + 1 :: 2 * channels]))
            for c in range(channels)]


Piece = Callable[[bytes], "subprocess.CompletedProcess[bytes]"]


@pytest.fixture
def piece(build_dir: Path, sanitizer_reports: Path) -> Piece:
    """piece(audio): `tapedeck-decoder peaks`, as the runner's child is."""

    def run(audio: bytes) -> subprocess.CompletedProcess[bytes]:
        with open(os.memfd_create("audio"), "w+b") as file:
            file.write(audio)
            file.seek(0)
            return subprocess.run([build_dir / "tapedeck-decoder", "peaks"], stdin=file,
                                  capture_output=True, timeout=240)

    return run


# What comes out of known sound.


def test_each_channel_has_its_own(piece: Piece) -> None:
    """A tone on the left while the right is silent, then the other way round."""
    made = json.loads(piece(wav(LOUD + SILENT, SILENT + LOUD)).stdout)
    assert made == {"version": 2, "channels": 2, "sample_rate": RATE, "samples_per_pixel": PIXEL,
                    "bits": 8, "length": 2, "data": [-50, 50, 0, 0, 0, 0, -50, 50]}


def test_one_channel(piece: Piece) -> None:
    made = json.loads(piece(wav(SILENT + LOUD + LOUD[: PIXEL // 2])).stdout)
    assert made["channels"] == 1 and ranges(made) == [[(0, 0), (-50, 50), (-50, 50)]]


@pytest.mark.parametrize("channels", [1, 2])
def test_mp3(channels: int, piece: Piece, tmp_path: Path) -> None:
    """Ten seconds of a tone, then ten of silence; in stereo the other channel is silent."""
    tone = [int(12000 * ((i // 20) % 2 * 2 - 1)) for i in range(10 * RATE)] + [0] * (10 * RATE)
    source = wav(*([tone, [0] * len(tone)][:channels]))
    made = json.loads(piece(speech.mp3(source, tmp_path, channels)).stdout)
    assert made["channels"] == channels and 195 <= made["length"] <= 210
    first = ranges(made)[0]
    assert all(high > 20 for _, high in first[5:90]) and all(high <= 3 for _, high in first[115:190])
    if channels == 2:
        assert all(high <= 3 for _, high in ranges(made)[1])


def test_an_hour_is_coarser(piece: Piece) -> None:
    """7,200 pixels at most; the one loud second stands in its place."""
    quiet = bytes(2 * RATE)
    loud = array.array("h", [20000, -20000] * (RATE // 2)).tobytes()
    body = quiet * 1800 + loud + quiet * 1799
    made = json.loads(piece(wav([])[:40] + len(body).to_bytes(4, "little") + body).stdout)
    assert (made["samples_per_pixel"], made["length"]) == (8 * PIXEL, 4500)
    (only,) = ranges(made)
    heard = [i for i, (low, high) in enumerate(only) if high > 0]
    assert heard and all(abs(i * 0.8 - 1800) <= 1.6 for i in heard)


def test_what_is_there_of_a_truncated_one(piece: Piece) -> None:
    whole = wav(LOUD * 20)
    made = json.loads(piece(whole[: len(whole) // 2]).stdout)
    assert 9 <= made["length"] <= 10 and set(ranges(made)[0]) == {(-50, 50)}


NOISE = random.Random(5).randbytes(3000)
UNREADABLE = {
    "noise": NOISE, "nothing": b"", "a page": b"<html>" * 500, "no samples": wav([]),
    "a header alone": wav(LOUD)[:30], "RIFF and noise": b"RIFF\x00\x10\x00\x00WAVE" + NOISE,
    "another format": b"fLaC" + NOISE, "AU": b".snd" + NOISE,
    "a thousand channels": wav(LOUD)[:22] + (1000).to_bytes(2, "little") + wav(LOUD)[24:],
    "no rate": wav(LOUD)[:24] + bytes(4) + wav(LOUD)[28:],
}


@pytest.mark.parametrize("audio", UNREADABLE.values(), ids=UNREADABLE)
def test_what_cannot_be_read_is_said(audio: bytes, piece: Piece) -> None:
    done = piece(audio)
    assert (done.returncode, done.stdout, done.stderr) == (3, b"", b"")


# The runner.


def test_made_when_a_recording_is_stored(
    stack: Stack, db: Db, new_business: Callable[[], int], drain: Command, rds: redis.Redis
) -> None:
    """Beside the recording, with its time; whoever may read the one may read the other."""
    call = known_call(stack, db, new_business(), seconds=3)
    click(call)
    said = drain().stderr
    assert_stored(call, "wav2")
    assert said.index("RECORDING_DONE") < said.index(f"PEAKS_DONE business_id={call.business}")
    made, recording = peaks_file(call).stat(), call.finished_file.stat()  # type: ignore[union-attr]
    assert (made.st_mode & 0o777, made.st_mtime_ns) == (0o640, recording.st_mtime_ns)
    peaks = json.loads(peaks_file(call).read_text())
    assert (peaks["channels"], peaks["length"]) == (2, 30)
    assert not temporary_file(call).exists()


PLAIN = {
    "16 bits": wav(LOUD * 7), "two channels": wav(LOUD * 3, SILENT * 3),
    "8 bits": odd_audio.wav(bytes(range(256)) * 20, bits=8),
    "mu-law": odd_audio.wav(bytes(range(256)) * 20, bits=8, code=7),
    "A-law": odd_audio.wav(bytes(range(256)) * 20, bits=8, code=6, channels=2),
    "a size that is a lie": odd_audio.wav(odd_audio.tone(), size=0xFFFFFFFF),
    "a chunk behind": odd_audio.wav(odd_audio.tone(), behind=odd_audio.chunk(b"LIST", b"x" * 50)),
}


def test_a_plain_wav_needs_no_process(
    stack: Stack, db: Db, new_business: Callable[[], int], piece: Piece, tmp_path: Path
) -> None:
    """All that Twilio sends; here no child could be started. It is what a child would have made."""
    program = shutil.copy(stack.tapedeck, tmp_path)
    with open(tmp_path / "log", "wb") as log, subprocess.Popen(
            [program, "drain", "--linger", "1h"], env=stack.environment(), stdout=log,
            stderr=log) as runner:
        try:
            for audio in PLAIN.values():
                call = known_call(stack, db, new_business())
                stack.twilio.give(call.recording_sid, audio)
                click(call)
                until(peaks_file(call).exists, "its waveform")
                assert peaks_file(call).read_bytes() == piece(audio).stdout != b""
            other = known_call(stack, db, new_business())
            stack.twilio.give(other.recording_sid, speech.mp3(wav(LOUD * 20), tmp_path, 1))
            click(other)
            until(lambda: f"sid={other.call_sid} reason=not_started".encode()
                  in (tmp_path / "log").read_bytes(), "a child that cannot be started")
        finally:
            runner.terminate()
    assert runner.returncode == 0


def test_no_slot_is_held_meanwhile(
    stack: Stack, db: Db, new_business: Callable[[], int], drain: Command
) -> None:
    """More recordings than children: all get theirs."""
    business = new_business()
    calls = [known_call(stack, db, business, seed=n) for n in range(7)]
    for call in calls:
        click(call)
    drain()
    assert all(json.loads(peaks_file(call).read_text())["length"] == 20 for call in calls)


LONG_AGO = (0, 1403716338 * 10**9)


def stored(call: Call, audio: bytes) -> Path:
    """A recording that has been here since before there were waveforms."""
    path = call.part_file.parent / f"{call.call_sid}.wav"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(audio)
    os.utime(path, ns=LONG_AGO)
    return path


def wanted(call: Call) -> int:
    return int(call.api.get(f"/api/recordings/{call.call_sid}/peaks").status)


@pytest.fixture
def old_call(stack: Stack, db: Db, new_business: Callable[[], int]) -> Call:
    return known_call(stack, db, new_business())


def test_a_lingering_runner_makes_what_somebody_wants(
    old_call: Call, runner: Callable[..., Runner], rds: redis.Redis
) -> None:
    stored(old_call, wav(LOUD * 3))
    runner()
    assert wanted(old_call) == 202
    until(lambda: wanted(old_call) == 200, "a waveform")
    assert rds.llen("rec_peaks") == 0 and files_of(old_call) == [f"{old_call.call_sid}.wav"]


@pytest.mark.parametrize("audio", [NOISE, b"RIFF\x00\x08\x00\x00WAVE" + NOISE],
                         ids=["noise", "RIFF and noise"])
def test_what_cannot_be_read_is_tried_once(
    audio: bytes, old_call: Call, drain: Command, rds: redis.Redis
) -> None:
    stored(old_call, audio)
    assert wanted(old_call) == 202
    assert f"sid={old_call.call_sid} reason=unreadable" in drain().stderr
    assert peaks_file(old_call).read_bytes() == b""
    assert wanted(old_call) == 404 and wanted(old_call) == 404
    assert rds.llen("rec_peaks") == 0 and "PEAKS" not in drain().stderr


def test_another_recording_under_the_name_gets_its_own(old_call: Call, drain: Command) -> None:
    path = stored(old_call, NOISE)
    assert wanted(old_call) == 202
    drain()
    assert wanted(old_call) == 404
    path.write_bytes(wav(LOUD))
    assert wanted(old_call) == 202
    drain()
    assert wanted(old_call) == 200


def test_a_place_that_cannot_be_written_harms_nobody(
    stack: Stack, db: Db, new_business: Callable[[], int], drain: Command
) -> None:
    call = known_call(stack, db, new_business())
    call.part_file.parent.mkdir()
    temporary_file(call).mkdir()
    click(call)
    assert f"PEAKS_FAILED business_id={call.business} sid={call.call_sid}" in drain().stderr
    assert_stored(call, "wav2")
    assert not peaks_file(call).exists()


def test_a_link_leads_nowhere(old_call: Call, drain: Command, tmp_path: Path) -> None:
    """Neither is written through, nor read through."""
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    stored(old_call, wav(LOUD))
    temporary_file(old_call).symlink_to(victim)
    assert wanted(old_call) == 202
    drain()
    assert victim.read_bytes() == b"precious"
    temporary_file(old_call).unlink()
    peaks_file(old_call).symlink_to(victim)
    assert wanted(old_call) == 202


def make_long(file: BinaryIO) -> None:
    """Silence of sixteen hours, a hole in the file: a child is at it for long enough to be met."""
    length = 2 * RATE * 16 * 3600
    file.write(wav([0])[:40] + length.to_bytes(4, "little"))
    file.truncate(44 + length)


def stored_long(call: Call) -> None:
    path = stored(call, b"")
    with path.open("wb") as file:
        make_long(file)
    os.utime(path, ns=LONG_AGO)


def test_a_stopped_runner_leaves_it_to_the_next(
    old_call: Call, runner: Callable[..., Runner], drain: Command, rds: redis.Redis
) -> None:
    stored_long(old_call)
    first = runner()
    assert wanted(old_call) == 202
    freeze_child(old_call)
    first.terminate()
    first.ended_well()
    assert not temporary_file(old_call).exists() and not peaks_file(old_call).exists()
    assert rds.lrange("rec_peaks", 0, -1) == [f"{old_call.business}:{old_call.call_sid}"]
    drain()
    assert wanted(old_call) == 200


def test_a_killed_runner_takes_its_child_along(
    old_call: Call, runner: Callable[..., Runner], drain: Command, cleanup: Command
) -> None:
    stored_long(old_call)
    one = runner()
    assert wanted(old_call) == 202
    freeze_child(old_call)
    one.kill()
    until(lambda: not children_named(old_call), "its child's end")
    assert not peaks_file(old_call).exists()
    os.utime(temporary_file(old_call), (0, 0))
    cleanup(STALE_AFTER="1h")
    assert not temporary_file(old_call).exists()
    assert wanted(old_call) == 202
    drain()
    assert wanted(old_call) == 200


def freeze_child(call: Call) -> None:
    """A child at work, that gets no further: one that has not yet bound itself would not end with its
    runner, either."""
    for pid in until(lambda: [pid for pid in children_named(call) if has_bound_itself(pid)], "a child at work"):
        os.kill(int(pid), signal.SIGSTOP)


def has_bound_itself(pid: str) -> bool:
    """By its limits, which come after that."""
    return bool(re.search(r"^Max open files +16 ", Path(f"/proc/{pid}/limits").read_text(), re.MULTILINE))


def children_named(call: Call) -> list[str]:
    """Processes that have this call's temporary file open."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and os.path.samefile(folder / "fd" / "1", temporary_file(call)):
                found.append(folder.name)
        except OSError:
            continue
    return found


def test_a_line_that_is_full_takes_no_more(
    old_call: Call, rds: redis.Redis, new_business: Callable[[], int]
) -> None:
    """Asking is free: once however often, and never more than a thousand."""
    stored(old_call, wav(LOUD))
    assert [wanted(old_call) for _ in range(3)] == [202] * 3
    mine = f"{old_call.business}:{old_call.call_sid}"
    assert rds.lrange("rec_peaks", 0, -1).count(mine) == 1
    rds.delete("rec_peaks")
    rds.rpush("rec_peaks", *(f"{n}:{NO_SUCH_CALL}" for n in range(1, 1001)))
    assert wanted(old_call) == 202 and rds.llen("rec_peaks") == 1000
    rds.delete("rec_peaks")


def test_a_list_with_nonsense_in_it(old_call: Call, drain: Command, rds: redis.Redis) -> None:
    rds.rpush("rec_peaks", "nonsense", "1:CAx", f"-1:{NO_SUCH_CALL}", f"1:{NO_SUCH_CALL}", "")
    stored(old_call, wav(LOUD))
    assert wanted(old_call) == 202
    drain()
    drain()
    assert wanted(old_call) == 200 and rds.llen("rec_peaks") == 0


def test_cleanup_keeps_waveforms(
    stack: Stack, old_call: Call, drain: Command, cleanup: Command
) -> None:
    stored(old_call, wav(LOUD))
    assert wanted(old_call) == 202
    drain()
    cleanup(STALE_AFTER="1ms")
    assert wanted(old_call) == 200


def test_a_broken_download_leaves_none(
    stack: Stack, db: Db, new_business: Callable[[], int], drain: Command
) -> None:
    call = known_call(stack, db, new_business(), faults=[fault("truncate", after_bytes=5000)])
    click(call)
    assert "PEAKS" not in drain(RETRY_DELAYS="1h").stderr
    assert not peaks_file(call).exists() and files_of(call) == []


# A child closes itself before it reads a byte, as far as the kernel can.


@pytest.mark.parametrize("command", ["peaks", "speech"])
@pytest.mark.parametrize("words, status", [((), (1, 1)), (("open",), (0, 0))])
def test_a_child_has_closed_itself(
    command: str, words: tuple[str, ...], status: tuple[int, int], build_dir: Path
) -> None:
    with (open(os.memfd_create("audio"), "w+b", buffering=0) as file,
          open(os.memfd_create("made"), "w+b") as made):
        make_long(file)
        file.seek(0)
        with subprocess.Popen([build_dir / "tapedeck-decoder", command, *words], stdin=file,
                              stdout=made) as child:
            until(lambda: 10**6 < file.tell() < 9 * 10**8, "a child that reads")
            found = status_of(child.pid)
            child.kill()
    assert found == status


@pytest.mark.parametrize("sandbox, status", [("true", (1, 1)), ("false", (1, 0))])
def test_a_runner_has_it_closed(
    sandbox: str, status: tuple[int, int], old_call: Call, runner: Callable[..., Runner]
) -> None:
    stored_long(old_call)
    runner(SANDBOX=sandbox)
    assert wanted(old_call) == 202
    (child,) = until(lambda: children_named(old_call), "a child at work")
    until(lambda: status_of(child) == status and words_of(child)[0] == "tapedeck-decoder", "a closed child")
    assert words_of(child) == ["tapedeck-decoder", "peaks"] + ["open"] * (sandbox == "false")


def words_of(pid: str) -> list[str]:
    return Path(f"/proc/{pid}/cmdline").read_text().split("\0")[:-1]


def on_an_old_kernel(parts: str, *command: Any, **how: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, old_kernel.__file__, parts, *command], text=True,
                          capture_output=True, timeout=60, **how)


@pytest.mark.parametrize("parts", ["landlock", "seccomp", "landlock,seccomp"])
def test_on_an_old_kernel_the_runner_says_so(parts: str, build_dir: Path, stack: Stack) -> None:
    """Once, and not each of its children, which work all the same."""
    tool = build_dir / "tapedeck"
    drained = on_an_old_kernel(parts, tool, "drain", "--once", env=stack.environment())
    opened = on_an_old_kernel(parts, tool, "drain", "--once",
                              env=stack.environment(SANDBOX="false"))
    assert (drained.returncode, drained.stderr.count("SANDBOX_MISSING")) == (0, 1)
    assert (opened.returncode, opened.stderr.count("SANDBOX_MISSING")) == (0, 0)
    with open(os.memfd_create("audio"), "w+b") as file:
        file.write(wav(LOUD))
        file.seek(0)
        child = on_an_old_kernel(parts, build_dir / "tapedeck-decoder", "peaks", stdin=file)
    assert (child.returncode, child.stderr) == (0, "") and json.loads(child.stdout)["length"] == 1
