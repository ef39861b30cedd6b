"""How long from a click until something is heard, while the provider still sends.

    python3 bench/first_sound.py [RUNS [KIB_A_SECOND [FORMAT…]]] [--to-the-end]    after make all

The click is a person's, on a <recording-player>, in Chromium; its clock stops when the player's
`currentTime` moves. A runner lingers. The provider trickles KIB_A_SECOND (64); the recording has
10 MB. FORMAT is what RECORDING_FORMATS asks for (wav2 mp3). Prints one line a format; with
--to-the-end the last recording is played until it ends (WAV: five and a half minutes), and a
second line says how often it waited, and how much later than its length it ended.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1] / "tests"
sys.path[:0] = [str(TESTS), str(TESTS / "browser")]

from browser_chromium import running  # noqa: E402
from browser_kit import Browser, until  # noqa: E402
from browser_site import Site  # noqa: E402
from stack.calls import Call  # noqa: E402
from stack.stack import Stack  # noqa: E402
from twilio.client import fault  # noqa: E402

SIZE = 10_000_000
BYTES_A_SECOND = {"wav2": 32_000, "wav": 16_000, "mp3": 4_000}
WATCH = """
const player = document.querySelector("recording-player");
window.states = [];
player.addEventListener("recording-state", ({ detail }) => {
  states.push(detail.state);
  if (detail.state === "ended") window.ended = performance.now();
});
player.addEventListener("click", ({ timeStamp }) => {
  const looking = setInterval(() => {
    if (!(player.currentTime > 0)) return;
    clearInterval(looking);
    window.began = performance.now();
    window.sound = began - timeStamp;
  }, 5);
}, { capture: true, once: true });
"""


@dataclass(frozen=True)
class Scene:
    """One stack, one browser, and how fast the provider sends what."""

    site: Site
    browser: Browser
    format: str
    speed: int

    def call(self) -> Call:
        """A call whose recording nobody has asked for; the fake provider has made its bytes."""
        call = self.site.call(seconds=SIZE // BYTES_A_SECOND[self.format] + 1,
                              seed=1, faults=[fault("trickle", bytes_per_second=self.speed)])
        call.source(self.format)
        return call

    def click(self, call: Call) -> float:
        """Milliseconds until sound."""
        self.site.embed(self.browser, call)
        player = self.browser.player()
        self.browser.js(WATCH)
        player.click()
        sound = until(lambda: self.browser.js("return window.sound"), "sound", 60)
        return float(sound)

    def cancel(self, call: Call) -> None:
        """It makes room for the next one."""
        run = call.api.get(call.status_path).json["run_id"]
        call.api.post(f"/api/recordings/runs/{run}/cancel")

    def hear_out(self) -> str:
        """Waits for the end of what plays, and tells how it went."""
        player = self.browser.player()
        length = player.get("duration")
        player.await_state("ended", "stopped", seconds=2 * length)
        states = self.browser.js("return window.states")
        late = self.browser.js("return window.ended - window.began") / 1000 - length
        return (f"{self.format}, to the end of {length:.0f} s: it waited"
                f" {states[states.index('playing'):].count('buffering')} times,"
                f" ended {late:+.2f} s late; states {' '.join(states)}")


def measure(format: str, runs: int, speed: int, to_the_end: bool, folder: Path) -> None:
    front = TESTS / "browser" / "lighttpd.conf"
    with Stack(folder / "run", timers=True, bound=True, front_config=front,
               overrides={"RECORDING_FORMATS": format}) as stack:
        with running(folder / "profile") as browser:
            scene = Scene(Site(stack), browser, format, speed)
            scene.browser.reset()
            times = []
            for n in range(runs + 1):
                call = scene.call()
                times.append(scene.click(call))
                assert call.finished_file is None
                if n < runs or not to_the_end:
                    scene.cancel(call)
            sounds = sorted(times[1:])  # the first one wakes everything up
            print(f"{format}, {speed // 1024} KiB/s, {runs} clicks: first sound median"
                  f" {statistics.median(sounds):.0f} ms, best {sounds[0]:.0f} ms,"
                  f" worst {sounds[-1]:.0f} ms", flush=True)
            if to_the_end:
                print(scene.hear_out(), flush=True)


def main() -> None:
    given = [one for one in sys.argv[1:] if one != "--to-the-end"]
    runs = int(given[0]) if given else 10
    speed = 1024 * (int(given[1]) if len(given) > 1 else 64)
    for format in given[2:] or ["wav2", "mp3"]:
        with tempfile.TemporaryDirectory() as folder:
            measure(format, runs, speed, "--to-the-end" in sys.argv, Path(folder))


if __name__ == "__main__":
    main()
