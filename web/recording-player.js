/**
 * <recording-player call-sid="CA…">: plays the recordings of a call, as parts of one line of time;
 * recording-sid="RE…" plays that one alone. Idle, it asks the server nothing.
 *
 * Attributes: call-sid, recording-sid (goes before call-sid), lang, label,
 * api-base (where the API is; else where this script came from), duration (seconds, if known),
 * start (the second to begin at, on the line of time), part (a recording's SID: start is a second of
 * that one), lanes (who is on which channel, if not as the server says).
 * Properties beside them: state, currentTime, place ({part, time}: where it stands, as a second of a
 * recording), recordings (takes those of a call in full, so that they need not be asked for).
 * Events, all bubbling: recording-state {state, reason},
 * recording-time {time, duration, part, partTime}.
 */

import { commandOf } from "./player/keys.js";
import { clock, endWords, progressWords, wordsOf } from "./player/messages.js";
import { following, placeAt, sharesOf, wholeOf } from "./player/parts.js";
import { Playlist } from "./player/playlist.js";
import { rememberSpeed, rememberedSpeed, speedBeside } from "./player/speed.js";
import { View } from "./player/view.js";

const STEP_S = 10;
const SHORT_MS = 400; // a wait that is over by then needs no words
const RENEW_MS = 60_000; // a link that fails again sooner than that is not merely old
const CHOSEN = "recording-chosen"; // said to the other players of the page

export class RecordingPlayer extends HTMLElement {
  static observedAttributes = [
    "call-sid", "recording-sid", "lang", "label", "duration", "part", "start", "lanes"];

  #view;
  #list = new Playlist(() => this.#where(), (what) => this.#hear(what));
  #phase = "idle";
  #step = null; // the last decision of follow()
  #begun = null; // the track that was told to sound
  #renewed = new WeakMap(); // by part: when a link that failed was last asked for again
  #aim = null; // where a finger that drags is
  #say = "";
  #note = () => ""; // in the words of a language: what is said beside the sound
  #saying = 0;
  #skipping = false;
  #muted = null; // 0 or 1: the side that is not heard
  #rate = 1;
  #giveWay = ({ detail }) => detail !== this && this.#phase !== "idle" && this.#cease();

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open", delegatesFocus: true });
    this.#view = new View(root, (command, value) => this.#do(command, value));
    root.addEventListener("keydown", (event) => {
      const command = commandOf(event);
      if (!command || (!this.#loaded && command !== "toggle")) return;
      event.preventDefault();
      this.#do(command);
    });
  }

  connectedCallback() {
    this.#rate = rememberedSpeed();
    document.addEventListener(CHOSEN, this.#giveWay);
    this.#reset();
  }

  disconnectedCallback() {
    document.removeEventListener(CHOSEN, this.#giveWay);
    this.#reset();
  }

  attributeChangedCallback(name, before, now) {
    if (!this.isConnected || before === now) return;
    if (name === "call-sid" || name === "recording-sid") {
      this.#list.forget();
      this.#reset();
    }
    if (name === "start" || name === "part") this.#toStart();
    this.#show();
  }

  /** idle, asking, waiting, playing, paused, buffering, ended or stopped. */
  get state() { return this.#phase; }

  get currentTime() { return this.#list.time; }

  /** Goes to a second of the line of time; of an idle player, play() will begin there. */
  set currentTime(seconds) {
    if (seconds >= 0) this.#goTo(placeAt(this.#list.parts, seconds));
  }

  /** The recording's SID, null where it is not known, and the second of that recording. */
  get place() { return { part: this.#idOf(this.#list.part), time: this.#list.second }; }

  set place({ part, time }) {
    const place = this.#list.find({ part, time });
    if (place) return void this.#goTo(place);
    this.#list.wish({ part, time });
    this.#tell();
  }

  set recordings(recordings) { this.#list.know(recordings); }

  get duration() {
    return wholeOf(this.#list.parts) || Number(this.getAttribute("duration")) || 0;
  }

  /** Plays, from wherever it stands; asks the server first if nothing is here yet. */
  play() {
    if (this.#phase === "ended" && this.#list.several) this.currentTime = 0;
    if (!this.#list.sound) return this.#isBusy() ? undefined : this.#begin();
    this.#choose();
    return this.#resume();
  }

  pause() { this.#list.sound?.pause(); }

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
      slower: () => this.#setRate(speedBeside(this.#rate, -1)),
      faster: () => this.#setRate(speedBeside(this.#rate, 1)),
      skip: () => { this.#skipping = !this.#skipping; },
      mute: () => { this.#muted = this.#muted === value ? null : value; },
    };
    acts[command]();
    if (command === "skip" || command === "mute") this.#adjust();
    this.#show();
  }

  #isBusy() {
    return ["asking", "waiting", "playing", "buffering"].includes(this.#phase);
  }

  /** Pressed while it plays or is on its way; or another player was. */
  #cease() {
    if (this.#list.sound) this.#list.sound.pause();
    else if (this.#phase !== "paused") this.#rest();
  }

  #setRate(rate) {
    this.#rate = rate;
    if (this.#list.sound) this.#list.sound.rate = rate;
    rememberSpeed(rate);
  }

  /** What was chosen for one part holds for the next, where that has two sides. */
  #adjust() {
    const { sound, part } = this.#list;
    if (!sound) return;
    sound.skipping = this.#skipping;
    const two = part.peaks?.lanes.length === 2 || this.#step?.body.channels === 2;
    const flipped = this.#list.isFlipped(part);
    const side = this.#muted === null || !two ? null : flipped ? 1 - this.#muted : this.#muted;
    const now = sound.muted.indexOf(true);
    if (sound.open && now !== (side ?? -1)) sound.mute(side);
  }

  // From the press to the sound.

  /** Idle, where it stands. */
  #rest() {
    this.#end();
    this.#enter("idle");
  }

  #reset() {
    this.#rest();
    this.#list.stand({ part: this.#list.parts[0], time: 0 });
    this.#toStart();
  }

  #toStart() {
    const [part, time] = [this.getAttribute("part"), Number(this.getAttribute("start")) || 0];
    if (part) this.place = { part, time };
    else this.currentTime = time;
  }

  /** Ends requests, waits and sound. */
  #end() {
    this.#list.close();
    [this.#step, this.#begun, this.#aim] = [null, null, null];
    this.#note = () => "";
  }

  #begin() {
    this.#end();
    this.#choose();
    this.#enterSoon("asking", wordsOf(this.#lang).asking);
    this.#list.begin();
  }

  #where() {
    const base = this.getAttribute("api-base");
    const alone = this.getAttribute("recording-sid");
    return {
      base: base ? new URL(base, document.baseURI) : new URL("./", import.meta.url),
      sid: alone ?? this.getAttribute("call-sid") ?? "",
      alone: alone !== null,
      lanes: this.getAttribute("lanes"),
    };
  }

  /** Tells the other players of the page to be quiet. */
  #choose() {
    document.dispatchEvent(new CustomEvent(CHOSEN, { detail: this }));
  }

  /** Somebody wants a place; in another part, what sounds goes on, and what is silent waits. */
  #goTo(place) {
    if (place.part === this.#list.part || !this.#isBusy()) {
      const leaves = place.part !== this.#list.part && this.#phase !== "idle";
      this.#list.stand(place);
      if (leaves) this.#enter("paused");
    } else {
      this.#note = () => "";
      this.#list.play(place);
      this.#await();
    }
    this.#tell();
  }

  #await() {
    if (this.#list.track?.step === null) this.#enterSoon("asking", wordsOf(this.#lang).asking);
  }

  #hear(what) {
    const acts = {
      step: () => this.#take(),
      change: () => this.#follow(),
      time: () => this.#pass(),
      broken: () => this.#broke(),
      parts: () => {
        this.#show();
        this.#tell();
      },
    };
    acts[what]();
  }

  #take() {
    const { track } = this.#list;
    this.#step = track.step;
    const { kind, body } = track.step;
    if (track.sound && track !== this.#begun) this.#open(track);
    else if (track.sound) this.#show();
    else if (kind === "waiting") this.#enter("waiting", progressWords(this.#lang, body));
    else this.#stop();
  }

  #open(track) {
    this.#begun = track;
    track.sound.rate = this.#rate;
    this.#adjust();
    this.#resume(track.partial);
  }

  /** A part that cannot be had is no end while others follow. */
  #stop() {
    const { index } = this.#list;
    const step = this.#step;
    this.#note = (words) => words.passed(index + 1);
    if (step.kind === "failed" && this.#list.passOver()) return this.#await();
    return this.#enter("stopped", endWords(this.#lang, step));
  }

  async #resume(early = false) {
    const { sound } = this.#list;
    const allowed = await (early ? sound.playEarly() : sound.play());
    if (!allowed && sound === this.#list.sound) this.#enter("paused", wordsOf(this.#lang).press);
  }

  #follow() {
    const { sound } = this.#list;
    if (sound.ended) return this.#advance();
    if (sound.paused) return this.#enter("paused");
    if (sound.waits) return this.#enterSoon("buffering", wordsOf(this.#lang).buffering);
    this.#adjust();
    return this.#enter("playing");
  }

  #pass() {
    if (this.#phase === "playing") this.#list.lookAhead(this.#rate);
    this.#tell();
  }

  /** From the end of one part to the next. */
  #advance() {
    const next = following(this.#list.parts, this.#list.part);
    if (!next) return this.#enter("ended");
    if (!this.#isBusy()) return this.#enter("paused"); // it was brought there by hand
    this.#note = () => "";
    this.#list.play({ part: next, time: 0 });
    return this.#await();
  }

  /** No more sound: the link is too old, the download has died, or the network is gone. */
  #broke() {
    const { part, sound, track, second } = this.#list;
    if (sound.paused) return this.#rest(); // nobody listens: the next press asks anew
    const since = performance.now() - (this.#renewed.get(part) ?? -Infinity);
    if (!track.partial && since > RENEW_MS) {
      this.#renewed.set(part, performance.now());
      return this.#begin();
    }
    this.#end();
    return this.#fail({ resume: second > 0 });
  }

  /** Ends here, not by the server's word; the next press goes on from the same second. */
  #fail({ resume }) {
    const words = wordsOf(this.#lang);
    this.#step = { kind: "failed", body: {}, retry: true, resume };
    this.#enter("stopped", resume ? words.broken(clock(this.currentTime)) : words.failed);
  }

  // What is seen.

  get #lang() {
    return this.lang || this.closest("[lang]")?.lang || navigator.language || "en";
  }

  /** Whether there is a line of time to move on. */
  get #loaded() {
    return Boolean(this.#list.sound) || (this.#list.several && this.#phase !== "idle");
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
    const { parts, sound } = this.#list;
    const words = wordsOf(this.#lang);
    const again = resume ? words.resume(clock(this.currentTime)) : words.again;
    const arriving = this.#phase === "waiting" && body.bytes_received > 0 && body.bytes_total > 0;
    const speakers = parts[0].speakers ?? body.speakers ?? ["agent", "customer"];
    const shares = sharesOf(parts);
    this.#view.show({
      lang: this.#lang,
      label: this.getAttribute("label"),
      phase: this.#phase,
      loaded: this.#loaded,
      busy: this.#isBusy(),
      kept: body.recording_expires_at ? new Date(body.recording_expires_at) : null,
      which: this.#which,
      say: this.#say || this.#note(words),
      progress: arriving ? { got: body.bytes_received, all: body.bytes_total } : null,
      again: this.#phase === "stopped" && retry ? again : "",
      rate: this.#rate,
      skipping: this.#skipping,
      parts: parts.map(({ peaks, missing }, i) =>
        ({ ...shares[i], peaks: this.#loaded ? peaks : null, missing })),
      lanes: this.getAttribute("lanes")?.split(",") ?? speakers,
      muted: [0, 1].map((side) => side === this.#muted),
      canMute: sound?.open ?? true,
    });
  }

  /** Which part of the call it is, in words. */
  get #which() {
    const { parts, several, index } = this.#list;
    return several && this.#loaded ? wordsOf(this.#lang).part(index + 1, parts.length) : "";
  }

  #tell() {
    const { bytes_received: got, bytes_total: all } = this.#step?.body ?? {};
    const { parts, part, track, index, second } = this.#list;
    const [time, duration] = [this.#aim ?? this.currentTime, this.duration];
    const { from, to } = sharesOf(parts)[index];
    const here = track?.partial && all > 0 ? Math.min(1, got / all) : 1;
    const have = this.#loaded ? from + (to - from) * here : 0;
    this.#view.tell(this.#lang, { time, duration, have, which: this.#which, index, second });
    if (!this.#loaded) return;
    const place = this.#aim === null ? { part, time: second } : placeAt(parts, time);
    const detail = { time, duration, part: this.#idOf(place.part), partTime: place.time };
    this.#announce("recording-time", detail);
  }

  #idOf({ id }) { return id ?? this.getAttribute("recording-sid"); }

  #announce(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { bubbles: true, composed: true, detail }));
  }
}

if (!customElements.get("recording-player")) {
  customElements.define("recording-player", RecordingPlayer);
}
