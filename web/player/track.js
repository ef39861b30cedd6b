/** One recording from the press to its sound: asked for, followed while it comes, opened. */

import { pause, recording } from "./ask.js";
import { follow } from "./follow.js";
import { Sound } from "./sound.js";

export class Track {
  #work = new AbortController();
  #here;
  #tell;
  /** The last decision of follow(). */
  step = null;
  sound = null;
  /** What plays is still arriving. */
  partial = false;
  /** The part of its call that it is, as whoever made it noted. */
  part = null;
  closed = false;

  /**
   * @param {Server} server whose recording it is
   * @param {string} name the recording's, or its call's SID
   * @param {(what: string) => void} tell hears of each `step`, and of the sound's `change`, `time`
   *   and `broken`; nothing after close()
   */
  constructor(server, name, tell) {
    this.#here = recording(server, name, this.#work.signal);
    this.#tell = tell;
  }

  /** Asks until it is known how it ends. Never rejects. */
  async follow() {
    const { signal } = this.#work;
    const { prepare, status } = this.#here;
    try {
      const rest = (seconds) => pause(seconds, signal);
      for await (const step of follow(prepare, () => status(!this.partial), rest)) {
        this.#take(step);
      }
    } catch (error) {
      if (signal.aborted) return;
      console.error(error);
      this.#take({ kind: "failed", body: {}, retry: true });
    }
  }

  /** Whether it can be opened. */
  get playable() {
    const { kind, body } = this.step ?? {};
    const early = kind === "waiting" && body.playable;
    return Boolean((kind === "ready" || early) && body.play_url);
  }

  /** Loads its sound, to begin at a second of it. */
  open(at) {
    this.sound = new Sound();
    for (const what of ["change", "time"]) {
      this.sound.addEventListener(what, () => this.#tell(what));
    }
    this.sound.addEventListener("broken", () => this.#tell("broken"), { once: true });
    this.sound.load(this.step.body.play_url, at);
  }

  /** Ends requests, waits and sound. */
  close() {
    this.closed = true;
    this.#tell = () => {};
    this.#work.abort();
    this.sound?.close();
  }

  #take(step) {
    this.step = step;
    this.sound?.alive();
    if (this.playable) this.partial = step.kind === "waiting";
    this.#tell("step");
  }
}
