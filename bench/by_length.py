"""How long from a click until something is heard, by the length of the call; and the usual way.

The usual way: ask for the recording, look every 2 s whether it is here, all of it, and play it.
Where that would take longer than USUAL_MOST_S it is not waited for: bytes over speed, at least.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from stack.calls import Call, new_number, new_sid
from stack.stack import Stack

from first_sound import TESTS, Browser, Scene, Site, running, until

MINUTES, SPEEDS = (1, 10, 60), (64, 1024)  # KiB a second
BYTES_A_MINUTE = 60 * 32_000
LATENCY_MS, CLICKS, USUAL_MOST_S = 50, 3, 30
USUAL = """
const [sid] = arguments;
const at = `/api/recordings/${sid}`;
const button = document.createElement("button");
const audio = new Audio();
window.sound = 0;
button.id = "usual";
button.textContent = "Play";
button.addEventListener("click", async ({ timeStamp }) => {
  const looking = setInterval(() => {
    if (!(audio.currentTime > 0)) return;
    clearInterval(looking);
    window.sound = performance.now() - timeStamp;
  }, 5);
  let state = await (await fetch(`${at}/prepare`, { method: "POST" })).json();
  while (state.status !== "ready") {
    await new Promise((done) => { setTimeout(done, 2000); });
    state = await (await fetch(`${at}/status`)).json();
  }
  const { pathname, search } = new URL(state.play_url, location.href);
  audio.src = pathname + search;
  await audio.play();
});
document.body.replaceChildren(button);
"""


@dataclass(frozen=True)
class Sound:
    """Seconds, medians; `usual` by arithmetic where it was not `waited` for."""

    ours: float
    usual: float
    waited: bool


Sounds = dict[tuple[int, int], Sound]


def run(folder: Path, address: str, tell: Callable[[str], None]) -> Sounds:
    """`address` is where peers/trickle.js listens."""
    folder.mkdir()
    front = TESTS / "browser" / "lighttpd.conf"
    with Stack(folder / "run", timers=True, bound=True, front_config=front,
               overrides={"TWILIO_API_BASE": address}) as stack:
        with running(folder / "profile") as browser:
            scene = Scene(Site(stack), browser, "wav2", 0)
            scene.browser.reset()
            _ours(scene, 1, SPEEDS[-1])  # wakes everything up
            return {(speed, minutes): _both(scene, minutes, speed, tell)
                    for speed in SPEEDS for minutes in MINUTES}


def _call(site: Site, minutes: int, speed: int) -> Call:
    """Its recording's SID tells peers/trickle.js what to send."""
    recording = f"{new_sid('RE')[:-8]}{speed:04x}{minutes:04x}"
    call = Call(site.stack, site.business, new_sid("CA"), recording, new_number(), new_number(),
                None)
    site.sql("INSERT INTO call_log (business_id, call_sid, status, duration, recording_sid,"
             " recording_status, recording_url) VALUES (%s, %s, 'completed', %s, %s, 'completed',"
             " %s)", site.business, call.call_sid, minutes * 60, recording, call.recording_url)
    return call


def _ours(scene: Scene, minutes: int, speed: int) -> float:
    call = _call(scene.site, minutes, speed)
    seconds = scene.click(call) / 1000
    scene.cancel(call)
    return seconds


def _usual(scene: Scene, minutes: int, speed: int) -> float:
    call = _call(scene.site, minutes, speed)
    scene.site.sign_in(scene.browser, "/errors/")
    scene.browser.js(USUAL, call.call_sid)
    scene.browser.find("#usual").click()
    sound = until(lambda: scene.browser.js("return window.sound"), "sound", 4 * USUAL_MOST_S)
    return float(sound) / 1000


def _both(scene: Scene, minutes: int, speed: int, tell: Callable[[str], None]) -> Sound:
    tell(f"first sound: {minutes} min at {speed} KiB/s")
    ours = statistics.median(_ours(scene, minutes, speed) for _ in range(CLICKS))
    least = minutes * BYTES_A_MINUTE / (speed * 1024)
    waited = least <= USUAL_MOST_S
    return Sound(ours, _usual(scene, minutes, speed) if waited else least, waited)


def lines(sounds: Sounds) -> list[str]:
    """The section of results.md."""
    rows = []
    for speed in SPEEDS:
        for minutes in MINUTES:
            one = sounds[speed, minutes]
            usual = f"{one.usual:.1f}" if one.waited else f"> {one.usual:,.0f}"
            rows.append(f"| {minutes} min of call, {speed:,} KiB/s | {one.ours:.2f} | {usual} |")
    return [
        f"**A click until it sounds**, in Chromium, WAV of 32 kB a second from a provider that "
        f"answers after {LATENCY_MS} ms, seconds, median of {CLICKS}. The usual way waits for the "
        "whole file and looks every 2 s, once; where there is a >, it was not waited for: bytes "
        "over speed.", "",
        "| | ours | the usual way |", "|---|---:|---:|", *rows, "",
    ]
