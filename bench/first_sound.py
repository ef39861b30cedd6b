"""How long from a click until something is heard, while the provider still sends.

    python3 bench/first_sound.py [RUNS [KIB_A_SECOND [FORMAT…]]]     after make all

The click is POST prepare with `Prefer: wait=2`, in Chromium, on a page of ours, followed as a
player follows it; its clock stops when `currentTime` has moved after `playing`. A runner lingers.
The provider trickles KIB_A_SECOND (64); the recording is 10 MB as WAV, or as long as MP3. FORMAT is
what RECORDING_FORMATS asks for first (wav2 mp3). Prints one line a format.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1] / "tests"
sys.path[:0] = [str(TESTS), str(TESTS / "browser")]

import psycopg  # noqa: E402

from listener import Listener, listening  # noqa: E402
from stack.calls import Call, new_call  # noqa: E402
from stack.stack import Stack  # noqa: E402
from twilio.client import fault  # noqa: E402

SECONDS = 327  # 10 MB of two-channel WAV
CLICK = """
const [path, token, done] = arguments;
const began = performance.now();
const since = () => Math.round(performance.now() - began);
const audio = new Audio();
audio.addEventListener('error', () => done({error: audio.error.message}));
async function link() {
    for (let i = 0; i < 12; i++) {
        const answer = await fetch(path, {method: 'POST', headers: {
            Authorization: 'Bearer ' + token, Prefer: 'wait=2'}});
        const body = await answer.json();
        if (body.play_url) return body.play_url;
    }
    throw new Error('no play link');
}
link().then((url) => {
    const told = since();
    audio.src = url;
    const looking = setInterval(() => {
        if (audio.currentTime === 0) return;
        clearInterval(looking);
        audio.pause();
        done({link: told, sound: since()});
    }, 5);
    return audio.play();
}).catch((error) => done({error: String(error)}));
"""


def unasked_call(
    stack: Stack, database: psycopg.Connection, seed: int, speed: int, format: str
) -> Call:
    """A call whose recording nobody has asked for: its callback would have queued a prefetch. The
    fake provider has made its bytes."""
    call = new_call(stack, 1, announced=False, seconds=SECONDS, seed=seed,
                    faults=[fault("trickle", bytes_per_second=speed)])
    call.source(format)
    assert call.send_call_status().status == 204
    database.execute("UPDATE call_log SET recording_url = %s WHERE call_sid = %s",
                     (call.recording_url, call.call_sid))
    return call


def click(stack: Stack, listener: Listener, call: Call) -> dict[str, int]:
    """Milliseconds until the play link, and until sound; then it is cancelled, for the next one."""
    listener.driver.get(stack.base_url + "/")
    told = listener.driver.execute_async_script(CLICK, call.prepare_path, call.token)
    assert "error" not in told, told["error"]
    assert call.finished_file is None
    run = call.api.get(call.status_path).json["run_id"]
    call.api.post(f"/api/recordings/runs/{run}/cancel")
    return told


def measure(format: str, runs: int, speed: int, folder: Path) -> None:
    with Stack(folder / "run", timers=True, overrides={"RECORDING_FORMATS": format}) as stack, \
            psycopg.connect(stack.database_url, autocommit=True) as database, \
            listening(folder / "profile") as listener:
        listener.driver.set_script_timeout(60)
        calls = [unasked_call(stack, database, n, speed, format) for n in range(runs + 1)]
        told = [click(stack, listener, call) for call in calls][1:]
    links, sounds = (sorted(one[name] for one in told) for name in ("link", "sound"))
    print(f"{format}, {speed // 1024} KiB/s, {runs} clicks: play link median "
          f"{statistics.median(links):.0f} ms; first sound median {statistics.median(sounds):.0f} ms,"
          f" best {sounds[0]} ms, worst {sounds[-1]} ms", flush=True)


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    speed = 1024 * (int(sys.argv[2]) if len(sys.argv) > 2 else 64)
    for format in sys.argv[3:] or ["wav2", "mp3"]:
        with tempfile.TemporaryDirectory() as folder:
            measure(format, runs, speed, Path(folder))


if __name__ == "__main__":
    main()
