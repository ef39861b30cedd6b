/**
 * <recording-player call-sid="CA…">: plays a call's first recording; recording-sid="RE…" plays that
 * one, whatever its call. Idle, it asks the server nothing.
 *
 * Attributes: call-sid, recording-sid (goes before call-sid), lang, label,
 * api-base (where the API is; else where this script came from), duration (seconds, if known), start (the second to begin at), lanes (who is on which channel,
 * if not as the server says).
 * Events, all bubbling: recording-state {state}, recording-time {time, duration}.
 */

import { pause, recording } from "./player/ask.js";
import { follow } from "./player/follow.js";
import { commandOf } from "./player/keys.js";
import { amount, clock, serverWords, wordsOf } from "./player/messages.js";
import { Sound } from "./player/sound.js";
import { SPEEDS, View } from "./player/view.js";
import { readPeaks, silencesOf } from "./player/waveform.js";

const STEP_S = 10;
const SHORT_MS = 400; // a wait that is over by then needs no words
const RENEW_MS = 60_000; // a link that fails again sooner than that is not merely old
const PEAKS_WAITS = [2, 3, 5, 8, 13];
const CHOSEN = "recording-chosen"; // said to the other players of the page
const MEMORY = "recording-player-speed";

function remembered() {
  try {
    const rate = Number(localStorage.getItem(MEMORY));
    return SPEEDS.includes(rate) ? rate : 1;
  } catch {
    return 1; // a page may not be allowed to remember
  }
}

function remember(rate) {
  try {
    localStorage.setItem(MEMORY, String(rate));
  } catch {
    // then it holds for this recording only
  }
}

export class RecordingPlayer extends HTMLElement {
  static observedAttributes = [
    "call-sid", "recording-sid", "lang", "label", "duration", "start", "lanes"];

  #view;
  #work = null; // aborts whatever goes on for the recording at hand
  #sound = null;
  #phase = "idle";
  #step = null; // the last decision of follow()
  #partial = false; // what plays is still arriving
  #renewed = -Infinity; // when a link that failed was last asked for again
  #at = 0;
  #length = 0; // of what has sounded
  #aim = null; // where a finger that drags is
  #peaks = null;
  #say = "";
  #saying = 0;
  #skipping = false;
  #rate = 1;

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open", delegatesFocus: true });
    this.#view = new View(root, (command, value) => this.#do(command, value));
    root.addEventListener("keydown", (event) => {
      const command = commandOf(event);
      if (!command || (!this.#sound && command !== "toggle")) return;
      event.preventDefault();
      this.#do(command);
    });
  }

  connectedCallback() {
    this.#rate = remembered();
    this.#reset();
  }

  disconnectedCallback() {
    this.#reset();
  }

  attributeChangedCallback(name, before, now) {
    if (!this.isConnected || before === now) return;
    if (name === "call-sid" || name === "recording-sid") {
      this.#length = 0;
      this.#reset();
    }
    if (name === "start") this.currentTime = Number(now);
    this.#show();
  }

  /** idle, asking, waiting, playing, paused, buffering, ended or stopped. */
  get state() { return this.#phase; }

  get currentTime() { return this.#sound?.time ?? this.#at; }

  /** Goes to a second; of an idle player, play() will begin there. */
  set currentTime(seconds) {
    if (!(seconds >= 0)) return;
    this.#at = seconds;
    this.#sound?.seek(seconds);
    this.#tell();
  }

  get duration() {
    return this.#sound?.duration || this.#step?.body?.duration || this.#length ||
      Number(this.getAttribute("duration")) || 0;
  }

  /** Plays, from wherever it stands; asks the server first if nothing is here yet. */
  play() {
    if (!this.#sound) return this.#begin();
    this.#choose();
    return this.#resume();
  }

  pause() { this.#sound?.pause(); }

  focus() { this.#view.focusPlay(); }

  // What people do.

  #do(command, value) {
    const at = this.currentTime;
    const acts = {
      toggle: () => (this.#isBusy() ? this.#cease() : this.play()),
      again: () => this.#begin(),
      back: () => { this.currentTime = Math.max(0, at - STEP_S); },
      forward: () => { this.currentTime = Math.min(this.duration, at + STEP_S); },
      start: () => { this.currentTime = 0; },
      end: () => { this.currentTime = this.duration; },
      aim: () => { this.#aim = value; },
      unaim: () => { this.#aim = null; },
      seek: () => { this.#aim = null; this.currentTime = value; },
      rate: () => this.#setRate(value),
      slower: () => this.#setRate(SPEEDS[Math.max(0, SPEEDS.indexOf(this.#rate) - 1)]),
      faster: () => this.#setRate(SPEEDS[SPEEDS.indexOf(this.#rate) + 1] ?? SPEEDS.at(-1)),
      skip: () => { this.#skipping = this.#sound.skipping = !this.#skipping; },
      mute: () => this.#sound.mute(this.#sound.muted[value] ? null : value),
    };
    acts[command]();
    this.#show();
  }

  #isBusy() {
    return ["asking", "waiting", "playing", "buffering"].includes(this.#phase);
  }

  /** Pressed while it plays or is on its way. */
  #cease() {
    if (this.#sound) this.#sound.pause();
    else this.#reset(this.#at);
  }

  #setRate(rate) {
    this.#rate = rate;
    if (this.#sound) this.#sound.rate = rate;
    remember(rate);
  }

  // From the press to the sound.

  #reset(at = Number(this.getAttribute("start")) || 0) {
    this.#end();
    this.#at = at;
    this.#enter("idle");
  }

  /** Ends requests, waits and sound. */
  #end() {
    this.#work?.abort();
    this.#sound?.close();
    [this.#work, this.#sound, this.#step, this.#peaks, this.#aim] = [null, null, null, null, null];
    this.#partial = false;
  }

  async #begin() {
    const at = this.currentTime;
    this.#end();
    this.#at = at;
    const work = (this.#work = new AbortController());
    document.addEventListener(CHOSEN, ({ detail }) => detail !== this && this.#giveWay(),
      { signal: work.signal });
    this.#choose();
    this.#enterSoon("asking", wordsOf(this.#lang).asking);
    const here = this.#recording(work.signal);
    const rest = (seconds) => pause(seconds, work.signal);
    try {
      for await (const step of follow(here.prepare, () => here.status(!this.#partial), rest)) {
        this.#take(step);
      }
      if (this.#step.kind === "ready") await this.#fetchPeaks(here, rest);
    } catch (error) {
      if (work.signal.aborted) return;
      console.error(error);
      this.#fail({});
    }
  }

  #recording(signal) {
    const base = this.getAttribute("api-base");
    const at = base ? new URL(base, document.baseURI) : new URL("./", import.meta.url);
    const sid = this.getAttribute("recording-sid") ?? this.getAttribute("call-sid") ?? "";
    return recording(at, sid, signal);
  }

  /** Tells the other players of the page to be quiet. */
  #choose() {
    document.dispatchEvent(new CustomEvent(CHOSEN, { detail: this }));
  }

  #giveWay() {
    if (this.#sound) this.#sound.pause();
    else this.#reset(this.#at);
  }

  #take(step) {
    this.#step = step;
    this.#sound?.alive();
    const url = step.body?.play_url;
    const playable = step.kind === "ready" || (step.kind === "waiting" && step.body.playable);
    if (playable && url) this.#partial = step.kind === "waiting";
    if (playable && url && !this.#sound) this.#open(url);
    else if (!this.#sound && step.kind === "waiting") this.#enter("waiting", this.#progressWords());
    else if (!this.#sound && step.kind !== "ready") this.#stop();
    else this.#show();
  }

  #progressWords() {
    const { body } = this.#step;
    const words = wordsOf(this.#lang);
    if (body.position > 0) return words.place(body.position);
    if (body.bytes_received > 0) {
      return words.bytes(amount(body.bytes_received), body.bytes_total && amount(body.bytes_total));
    }
    return serverWords(this.#lang, body) || words.waiting;
  }

  #stop() {
    const words = wordsOf(this.#lang);
    const own = words[this.#step.code] ?? words[this.#step.kind] ?? words.failed;
    this.#enter("stopped", serverWords(this.#lang, this.#step.body) || own);
  }

  #open(url) {
    const sound = (this.#sound = new Sound());
    sound.rate = this.#rate;
    sound.skipping = this.#skipping;
    sound.addEventListener("change", () => this.#follow(sound));
    sound.addEventListener("time", () => this.#tell());
    sound.addEventListener("broken", () => this.#broke(), { once: true });
    sound.load(url, this.#at);
    this.#resume(this.#partial);
  }

  async #resume(early = false) {
    const sound = this.#sound;
    const allowed = await (early ? sound.playEarly() : sound.play());
    if (!allowed && sound === this.#sound) this.#enter("paused", wordsOf(this.#lang).press);
  }

  #follow(sound) {
    if (sound !== this.#sound) return;
    if (sound.duration) [this.#at, this.#length] = [sound.time, sound.duration];
    if (sound.ended) return this.#enter("ended");
    if (sound.paused) return this.#enter("paused");
    if (sound.waits) return this.#enterSoon("buffering", wordsOf(this.#lang).buffering);
    return this.#enter("playing");
  }

  /** No more sound: the link is too old, the download has died, or the network is gone. */
  async #broke() {
    const at = this.currentTime;
    if (this.#sound.paused) return this.#reset(at); // nobody listens: the next press asks anew
    if (!this.#partial && performance.now() - this.#renewed > RENEW_MS) {
      this.#renewed = performance.now();
      return this.#begin();
    }
    this.#end();
    this.#at = at;
    return this.#fail({ resume: at > 0 });
  }

  /** Ends here, not by the server's word; the next press goes on from the same second. */
  #fail({ resume = false }) {
    const words = wordsOf(this.#lang);
    this.#step = { kind: "failed", body: {}, retry: true, resume };
    this.#enter("stopped", resume ? words.broken(clock(this.#at)) : words.failed);
  }

  async #fetchPeaks(here, rest) {
    for (const wait of PEAKS_WAITS) {
      const answer = await here.peaks();
      if (answer.status === 200) return this.#usePeaks(readPeaks(answer.body));
      if (answer.status !== 202) return undefined;
      await rest(Math.max(wait, answer.retryAfter));
    }
    return undefined;
  }

  #usePeaks(peaks) {
    this.#peaks = peaks;
    if (peaks && this.#sound) this.#sound.silences = silencesOf(peaks);
    this.#show();
    this.#tell();
  }

  // What is seen.

  get #lang() {
    return this.lang || this.closest("[lang]")?.lang || navigator.language || "en";
  }

  /** As #enter, and says so when it lasts. */
  #enterSoon(phase, say) {
    if (phase === this.#phase) return;
    this.#enter(phase);
    this.#saying = setTimeout(() => this.#enter(phase, say), SHORT_MS);
  }

  #enter(phase, say = "") {
    clearTimeout(this.#saying);
    const changed = phase !== this.#phase;
    this.#phase = phase;
    this.#say = say;
    this.#show();
    this.#tell();
    if (!changed) return;
    const detail = { state: phase, reason: phase === "stopped" ? this.#step.kind : undefined };
    this.#announce("recording-state", detail);
  }

  #show() {
    const { body = {}, retry, resume } = this.#step ?? {};
    const words = wordsOf(this.#lang);
    const again = resume ? words.resume(clock(this.#at)) : words.again;
    const arriving = this.#phase === "waiting" && body.bytes_received > 0 && body.bytes_total > 0;
    this.#view.show({
      lang: this.#lang,
      label: this.getAttribute("label"),
      phase: this.#phase,
      loaded: this.#sound !== null,
      busy: this.#isBusy(),
      kept: body.recording_expires_at ? new Date(body.recording_expires_at) : null,
      say: this.#say,
      progress: arriving ? { got: body.bytes_received, all: body.bytes_total } : null,
      again: this.#phase === "stopped" && retry ? again : "",
      rate: this.#rate,
      skipping: this.#skipping,
      peaks: this.#peaks,
      lanes: this.getAttribute("lanes")?.split(",") ?? body.speakers ?? ["agent", "customer"],
      muted: this.#sound?.muted ?? [false, false],
      canMute: this.#sound?.open ?? true,
    });
  }

  #tell() {
    const { bytes_received: got, bytes_total: all } = this.#step?.body ?? {};
    const have = this.#partial && all > 0 ? Math.min(1, got / all) : this.#sound ? 1 : 0;
    const time = this.#aim ?? this.currentTime;
    this.#view.tell(this.#lang, time, this.duration, have);
    if (!this.#sound) return;
    this.#announce("recording-time", { time, duration: this.duration });
  }

  #announce(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { bubbles: true, composed: true, detail }));
  }
}

if (!customElements.get("recording-player")) {
  customElements.define("recording-player", RecordingPlayer);
}
