/**
 * The keys of a headset, a keyboard and a lock screen (Media Session, W3C). They belong to whichever
 * player was chosen last on its page.
 */

const NAMES = {
  play: "play", pause: "pause", stop: "pause", seekbackward: "back", seekforward: "forward",
  seekto: "seek", previoustrack: "previous", nexttrack: "next",
};

export class Headset {
  #act;
  #mine = false;

  /** @param {(command: string, value?: number) => void} act */
  constructor(act) {
    this.#act = act;
  }

  /** From now on the keys are ours. */
  take(title) {
    const { mediaSession: session } = navigator;
    if (!session) return;
    this.#mine = true;
    this.#handle((name) => ({ seekTime, seekOffset }) => this.#act(NAMES[name], seekTime ?? seekOffset));
    session.metadata = new MediaMetadata({ title });
  }

  /** Another player has them. */
  lose() { this.#mine = false; }

  /** Nobody has them, if they were ours. */
  release() {
    if (!this.#mine) return;
    this.lose();
    this.#handle(() => null);
    Object.assign(navigator.mediaSession, { metadata: null, playbackState: "none" });
  }

  tell({ title, busy, time, duration, rate }) {
    if (!this.#mine) return;
    const { mediaSession: session } = navigator;
    if (session.metadata && session.metadata.title !== title) session.metadata.title = title;
    session.playbackState = busy ? "playing" : "paused";
    if (!(duration > 0)) return;
    session.setPositionState?.({
      duration, position: Math.min(Math.max(0, time), duration), playbackRate: rate });
  }

  #handle(handlerOf) {
    for (const name of Object.keys(NAMES)) {
      try {
        navigator.mediaSession.setActionHandler(name, handlerOf(name));
      } catch {
        // a browser need not know every key
      }
    }
  }
}
