/** From the press to the sound: the phases of a player, and what is said beside them. */

import { clock, endWords, progressWords, wordsOf } from "./messages.js";
import { following, placeAt, wholeOf } from "./parts.js";
import { Playlist } from "./playlist.js";
import { rememberedTuning } from "./speed.js";

const SHORT_MS = 400; // a wait that is over by then needs no words
const RENEW_MS = 60_000; // a link that fails again sooner than that is not merely old
const SOON_S = 0.3; // a loop's end that is nearer than that is waited for
const NOTHING = () => "";
const BUSY = new Set(["asking", "waiting", "playing", "buffering"]);

/** What is said is kept as a function of the language: that may change while it is read. */
const said = (name, ...values) => (lang) => {
  const words = wordsOf(lang)[name];
  return values.length ? words(...values) : words;
};

export class Playback {
  #tell;
  #step = null; // the last decision of follow()
  #begun = null; // the track that was told to sound
  #renewed = new WeakMap(); // by part: when a link that failed was last asked for again
  #say = NOTHING;
  #note = NOTHING; // said beside the sound
  #saying = 0;
  #turning = 0;
  #refused = false; // by the browser, which wants another press
  /** idle, asking, waiting, playing, paused, buffering, ended or stopped. */
  phase = "idle";
  /**
   * How it sounds: speed, volume (0 to 1), decibels beside that, whether silence is skipped, the side
   * (0 or 1) that is not heard, and the seconds of the line of time that are repeated, `to` once known.
   */
  tuning = { ...rememberedTuning(), boost: 0, skipping: false, muted: null, loop: null };
  list;

  /**
   * @param {() => object} where see Playlist
   * @param {(what: string) => void} tell hears `begin` when it asks to be heard, `phase` when that is
   *   another, `show` when there is something else to see, `time`
   */
  constructor(where, tell) {
    this.#tell = tell;
    this.list = new Playlist(where, (what) => this.#hear(what));
  }

  get busy() { return BUSY.has(this.phase); }

  /** The last answer's body, and whether a press helps where it stopped. */
  get body() { return this.#step?.body ?? {}; }
  get reason() { return this.phase === "stopped" ? this.#step.kind : undefined; }

  /** Whether there is a line of time to move on. */
  get loaded() {
    return Boolean(this.list.sound) || (this.list.several && this.phase !== "idle");
  }

  /** Whether effects can be had. */
  get open() { return this.list.sound?.open ?? true; }

  saying(lang) { return this.#say(lang) || this.#note(lang); }

  /** What its button says where it stopped; nothing where no press helps. */
  again(lang) {
    if (this.phase !== "stopped" || !this.#step.retry) return "";
    const words = wordsOf(lang);
    return this.#step.resume ? words.resume(clock(this.list.time)) : words.again;
  }

  // What people do.

  /** Plays, from wherever it stands; asks the server first if nothing is here yet. */
  play() {
    if (this.phase === "ended" && this.list.several) this.goTo(placeAt(this.list.parts, 0));
    if (!this.list.sound) return this.busy ? undefined : this.begin();
    this.#tell("begin");
    return this.#resume();
  }

  pause() { this.list.sound?.pause(); }

  /** Pressed while it plays or is on its way. */
  cease() {
    if (this.list.sound) this.list.sound.pause();
    else if (this.phase !== "paused") this.rest();
  }

  /** Another player is heard: a browser has few connections for all of them. */
  giveWay() {
    this.cease();
    this.list.letGo();
  }

  /** Asks the server. */
  begin() {
    this.#end();
    this.#tell("begin");
    this.#enterSoon("asking", said("asking"));
    this.list.begin();
  }

  /** Idle, where it stands. */
  rest() {
    this.#end();
    this.#enter("idle");
  }

  tune(changes) {
    Object.assign(this.tuning, changes);
    this.#adjust();
  }

  /** Somebody wants a place; in another part, what sounds goes on, and what is silent waits. */
  goTo(place) {
    if (place.part === this.list.part || !this.busy) {
      const leaves = place.part !== this.list.part && this.phase !== "idle";
      this.list.stand(place);
      if (leaves) this.#enter("paused");
    } else {
      this.#note = NOTHING;
      this.list.play(place);
      this.#await();
    }
    this.#tell("time");
  }

  // From the press to the sound.

  /** Ends requests, waits and sound. */
  #end() {
    clearTimeout(this.#turning);
    this.list.close();
    [this.#step, this.#begun, this.#note, this.#refused] = [null, null, NOTHING, false];
  }

  #await() {
    if (this.list.track?.step === null) this.#enterSoon("asking", said("asking"));
  }

  #hear(what) {
    const acts = {
      step: () => this.#take(),
      change: () => this.#follow(),
      time: () => this.#pass(),
      broken: () => this.#broke(),
      parts: () => this.#tell("show"),
    };
    acts[what]();
  }

  #take() {
    const { track } = this.list;
    this.#step = track.step;
    const { kind, body } = track.step;
    if (track.sound && track !== this.#begun) this.#open(track);
    else if (track.sound) this.#tell("show");
    else if (kind === "waiting") this.#enter("waiting", (lang) => progressWords(lang, body));
    else this.#stop();
  }

  #open(track) {
    this.#begun = track;
    this.#adjust();
    this.#resume(track.partial);
  }

  /** A part that cannot be had is no end while others follow. */
  #stop() {
    const step = this.#step;
    this.#note = said("passed", this.list.index + 1);
    if (step.kind === "failed" && this.list.passOver()) return this.#await();
    return this.#enter("stopped", (lang) => endWords(lang, step));
  }

  async #resume(early = false) {
    const { sound } = this.list;
    const allowed = await (early ? sound.playEarly() : sound.play());
    if (sound !== this.list.sound) return;
    this.#refused = !allowed;
    if (!allowed) this.#enter("paused", said("press"));
  }

  #follow() {
    const { sound } = this.list;
    if (sound.ended) return this.#advance();
    if (sound.paused) return this.#enter("paused", this.#refused ? said("press") : NOTHING);
    if (sound.waits) return this.#enterSoon("buffering", said("buffering"));
    this.#refused = false;
    this.#adjust();
    return this.#enter("playing");
  }

  /** What was chosen for one part holds for the next, where that has two sides. */
  #adjust() {
    const { sound, part } = this.list;
    if (!sound) return;
    const { rate, volume, boost, skipping, muted } = this.tuning;
    Object.assign(sound, { volume, skipping });
    if (sound.rate !== rate) sound.rate = rate;
    const two = part.peaks?.lanes.length === 2 || this.body.channels === 2;
    const flipped = this.list.isFlipped(part);
    sound.alter(muted === null || !two ? null : flipped ? 1 - muted : muted, boost);
  }

  #pass() {
    if (this.phase === "playing") {
      this.#turn();
      this.list.lookAhead(this.tuning.rate);
    }
    this.#tell("time");
  }

  /** From the end of what is repeated to its beginning; the element tells its time seldom. */
  #turn() {
    clearTimeout(this.#turning);
    const { loop, rate } = this.tuning;
    if (!loop || loop.to === null) return;
    const left = (loop.to - this.list.time) / rate;
    if (left <= 0) this.goTo(placeAt(this.list.parts, loop.from));
    else if (left < SOON_S) this.#turning = setTimeout(() => this.#pass(), left * 1000);
  }

  /** From the end of one part to the next. */
  #advance() {
    const { loop } = this.tuning;
    const next = following(this.list.parts, this.list.part);
    if (this.busy && loop && loop.to >= wholeOf(this.list.parts) - SOON_S && loop.to !== null && !next) {
      this.goTo(placeAt(this.list.parts, loop.from));
      return void this.list.sound?.play();
    }
    if (!next) return this.#enter("ended");
    if (!this.busy) return this.#enter("paused"); // it was brought there by hand
    this.#note = NOTHING;
    this.list.play({ part: next, time: 0 });
    return this.#await();
  }

  /** No more sound: the link is too old, the download has died, or the network is gone. */
  #broke() {
    const { part, sound, track, second } = this.list;
    if (sound.paused) return this.rest(); // nobody listens: the next press asks anew
    const { step } = track;
    const since = performance.now() - (this.#renewed.get(part) ?? -Infinity);
    if (!track.partial && since > RENEW_MS) {
      this.#renewed.set(part, performance.now());
      return this.begin();
    }
    this.#end();
    return this.#fail(["ready", "waiting"].includes(step.kind) ? "failed" : step.kind, second > 0);
  }

  /** Ends here; the next press goes on from the same second. */
  #fail(kind, resume) {
    const step = { kind, body: {}, retry: true, resume };
    this.#step = step;
    const own = said(...resume ? ["broken", clock(this.list.time)] : ["failed"]);
    this.#enter("stopped", kind === "failed" ? own : (lang) => endWords(lang, step));
  }

  /** As #enter, and says so when it lasts. */
  #enterSoon(phase, say) {
    if (phase === this.phase) return;
    this.#enter(phase);
    this.#saying = setTimeout(() => this.#enter(phase, say), SHORT_MS);
  }

  #enter(phase, say = NOTHING) {
    clearTimeout(this.#saying);
    const changed = phase !== this.phase;
    [this.phase, this.#say] = [phase, say];
    this.#tell("show");
    if (changed) this.#tell("phase");
  }
}
