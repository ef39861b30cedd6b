/** What people can tell a player to do: by its buttons, by keys, from a headset. */

import { speedBeside } from "./speed.js";

const [STEP_S, SMALL_STEP_S] = [10, 5];

/** From here; to here; no more. */
function nextLoop(loop, at) {
  if (!loop) return { from: at, to: null };
  return loop.to === null && at > loop.from ? { from: loop.from, to: at } : null;
}

/** To the next part of the call or the one before; beyond them to the page's next player. */
function leaf(player, { list }, way) {
  const part = list.parts[list.index + way];
  if (part) {
    player.place = { part: part.id, time: 0 };
    return;
  }
  const asked = new CustomEvent("recording-leaf", {
    bubbles: true, composed: true, cancelable: true, detail: { way } });
  if (!player.dispatchEvent(asked)) return;
  const all = [...player.getRootNode().querySelectorAll(player.localName)];
  all[all.indexOf(player) + way]?.play?.();
}

/** Commands by their names; some take a value. */
export function commandsOf(player, playback) {
  const { tuning } = playback;
  const jump = (seconds) => {
    player.currentTime = Math.min(player.duration, Math.max(0, player.currentTime + seconds));
  };
  return {
    toggle: () => (playback.busy ? playback.cease() : player.play()),
    play: () => player.play(),
    pause: () => playback.busy && playback.cease(),
    again: () => playback.begin(),
    back: (seconds) => jump(-(seconds || STEP_S)),
    forward: (seconds) => jump(seconds || STEP_S),
    backABit: () => jump(-SMALL_STEP_S),
    forwardABit: () => jump(SMALL_STEP_S),
    start: () => { player.currentTime = 0; },
    end: () => { player.currentTime = player.duration; },
    seek: (second) => { player.currentTime = second; },
    rate: (rate) => { player.playbackRate = rate; },
    slower: () => { player.playbackRate = speedBeside(tuning.rate, -1); },
    faster: () => { player.playbackRate = speedBeside(tuning.rate, 1); },
    volume: (volume) => { player.volume = volume; },
    boost: (boost) => playback.tune({ boost }),
    loop: () => playback.tune({ loop: nextLoop(tuning.loop, player.currentTime) }),
    skip: () => playback.tune({ skipping: !tuning.skipping }),
    mute: (side) => playback.tune({ muted: tuning.muted === side ? null : side }),
    next: () => leaf(player, playback, 1),
    previous: () => leaf(player, playback, -1),
  };
}
