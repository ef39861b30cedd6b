/** One recording from the press to its sound: asked for, followed while it comes, opened. */

import { pause, recording } from "./ask.js";
import { follow } from "./follow.js";
import { Sound } from "./sound.js";

const AGAIN_S = [1, 2, 4, 8]; // until an element that gave up is loaded again, while more arrives

export class Track {
  #work = new AbortController();
  #here;
  #tell;
  #tries = 0; // to load it again, since it sounded
  #trying = 0;
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
      this.sound.addEventListener(what, () => {
        if (!this.sound.lost && !this.sound.waits) this.#tries = 0;
        this.#tell(what);
      });
    }
    this.sound.addEventListener("broken", () => this.#broke());
    this.sound.load(this.step.body.play_url, at);
  }

  /** Ends requests, waits and sound. */
  close() {
    this.closed = true;
    this.#tell = () => {};
    this.#work.abort();
    clearTimeout(this.#trying);
    this.sound?.close();
  }

  /** While more arrives, only the server says that no more will: until then it is waited for. */
  #broke() {
    if (this.step.kind !== "waiting") return this.#tell("broken");
    clearTimeout(this.#trying);
    const seconds = AGAIN_S[Math.min(this.#tries++, AGAIN_S.length - 1)];
    this.#trying = setTimeout(() => this.#again(), seconds * 1000);
    return undefined;
  }

  /** Loads it again, when the second that it stands at should be here by now. */
  #again() {
    const { sound, step: { body } } = this;
    const { bytes_received: got, bytes_total: all } = body;
    if (!this.playable) return; // another attempt will follow
    const here = !(got > 0 && all > 0 && sound.duration > 0) ||
      sound.time / sound.duration < got / all;
    if (here) sound.renew(body.play_url);
  }

  #take(step) {
    this.step = step;
    this.sound?.alive();
    if (this.playable) this.partial = step.kind === "waiting";
    this.#tell("step");
    if (step.kind === "ready") this.sound?.renew(step.body.play_url);
    if (!this.sound?.lost) return;
    if (step.kind === "waiting") this.#again();
    else if (step.kind !== "ready" && !this.sound.paused) this.#tell("broken");
  }
}
