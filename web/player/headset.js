/**
 * The keys of a headset, a keyboard and a lock screen (Media Session, W3C). They belong to whichever
 * player was chosen last on its page.
 */

const NAMES = {
  play: "play", pause: "pause", stop: "pause", seekbackward: "back", seekforward: "forward",
  seekto: "seek", previoustrack: "previous", nexttrack: "next",
};

/**
 * Browsers take the keys from a page whose last element that was heard has lost its source, as that of a
 * paused player does after a while (Sound). A minute of silence plays along with the sound, is paused
 * after it, and stays.
 */
let silence = null;

function playAlong(url) {
  if (!silence) {
    silence = Object.assign(document.createElement("audio"), { crossOrigin: "anonymous", loop: true });
    silence.src = url;
  }
  if (silence.paused) silence.play().catch(() => {}); // then the keys are gone after a while
}

function endSilence() {
  silence?.removeAttribute("src");
  silence?.load();
  silence = null;
}

export class Headset {
  #act;
  #silence = "";
  #mine = false;

  /** @param {(command: string, value?: number) => void} act */
  constructor(act) {
    this.#act = act;
  }

  /** From now on the keys are ours; the second is the address of silence. */
  take(title, url) {
    const { mediaSession: session } = navigator;
    if (!session) return;
    [this.#mine, this.#silence] = [true, url];
    this.#handle((name) => ({ seekTime, seekOffset }) => this.#act(NAMES[name], seekTime ?? seekOffset));
    session.metadata = new MediaMetadata({ title });
  }

  /** Another player has them. */
  lose() { this.#mine = false; }

  /** Nobody has them, if they were ours. */
  release() {
    if (!this.#mine) return;
    this.lose();
    endSilence();
    this.#handle(() => null);
    Object.assign(navigator.mediaSession, { metadata: null, playbackState: "none" });
  }

  tell({ title, busy, sounds, time, duration, rate }) {
    if (!this.#mine) return;
    if (sounds) playAlong(this.#silence);
    else if (!busy) silence?.pause();
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
