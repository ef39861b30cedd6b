/**
 * <recording-player call-sid="CA…">: plays the recordings of a call, as parts of one line of time;
 * recording-sid="RE…" plays that one alone. Idle, it asks the server nothing.
 *
 * Its attributes, properties, events, slots and parts: docs/player.md, npm/recording-player.d.ts.
 */

import { namesOf, reflect, setAttribute, takeEarly } from "./player/attributes.js";
import { commandsOf } from "./player/commands.js";
import { Headset } from "./player/headset.js";
import { commandOf } from "./player/keys.js";
import { languageOf, watchLanguage } from "./player/language.js";
import { wordsOf } from "./player/messages.js";
import { placeAt, sharesOf, wholeOf } from "./player/parts.js";
import { Playback } from "./player/playback.js";
import { serverOf, whatOf } from "./player/source.js";
import { rememberTuning, speedOf } from "./player/speed.js";
import { View } from "./player/view.js";

// Said to the other players of the page: who is heard now; how fast and how loud all play.
const [CHOSEN, TUNED] = ["recording-chosen", "recording-tuned"];

export class RecordingPlayer extends HTMLElement {
  static observedAttributes = [
    "call-sid", "recording-sid", "lang", "label", "duration", "part", "start", "lanes",
    "agent-name", "customer-name", "transcript", "download"];

  #view;
  #playback = new Playback(() => this.#where(), (what) => this.#hear(what));
  #list = this.#playback.list;
  #headset = new Headset((command, value) => this.#do(command, value));
  #reading = null; // what was said, where the page wants that
  #token = null;
  #staying = null; // aborts what it does while it is on a page
  #saving = null; // once somebody wants a file
  #commands = { ...commandsOf(this, this.#playback), download: () => this.save() };
  #aim = null; // where a finger that drags is
  #notes = []; // the page's: a place each, and a text
  #marks = [];

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open", delegatesFocus: true });
    this.#view = new View(root, (command, value) => this.#do(command, value));
    root.addEventListener("keydown", (event) => {
      const command = commandOf(event);
      if (!command || (!this.#playback.loaded && command !== "toggle")) return;
      event.preventDefault();
      this.#do(command);
    });
  }

  connectedCallback() {
    takeEarly(this);
    this.#staying?.abort();
    const { signal } = this.#staying = new AbortController();
    document.addEventListener(CHOSEN, ({ detail }) => detail !== this && this.#giveWay(), { signal });
    document.addEventListener(TUNED, ({ detail }) => {
      this.#playback.tune(detail);
      this.#show();
    }, { signal });
    addEventListener("pagehide", () => this.#leave(), { signal });
    watchLanguage(this, () => this.#turn(), signal);
    this.#turn();
  }

  /** Moved within a page, it plays on: whoever moves it takes it out and puts it back at once. */
  disconnectedCallback() {
    queueMicrotask(() => {
      if (this.isConnected) return;
      this.#staying?.abort();
      this.#headset.release();
      this.#reset();
    });
  }

  connectedMoveCallback() { this.connectedCallback(); }

  attributeChangedCallback(name, before, now) {
    if (before === now) return;
    if (name === "call-sid" || name === "recording-sid") {
      this.#list.forget();
      this.#reset();
      this.#reading?.forget();
    }
    if (name === "transcript" || name === "call-sid") this.#allowReading();
    if (name === "start" || name === "part") this.#toStart();
    if (this.isConnected) this.#turn();
  }

  /** idle, asking, waiting, playing, paused, buffering, ended or stopped. */
  get state() { return this.#playback.phase; }

  get currentTime() { return this.#list.time; }

  /** Goes to a second of the line of time; of an idle player, play() will begin there. */
  set currentTime(seconds) {
    if (seconds >= 0) this.#playback.goTo(placeAt(this.#list.parts, Number(seconds)));
  }

  /** The recording's SID, null where it is not known, and the second of that recording. */
  get place() { return { part: this.#idOf(this.#list.part), time: this.#list.second }; }

  set place(wanted) {
    if (!wanted) return;
    const { part, time } = wanted;
    const place = this.#list.find({ part, time });
    if (place) return void this.#playback.goTo(place);
    this.#list.wish({ part, time });
    this.#tell();
  }

  set recordings(recordings) {
    if (recordings) this.#list.know(recordings);
  }

  get duration() {
    return wholeOf(this.#list.parts) || Number(this.getAttribute("duration")) || 0;
  }

  set duration(seconds) { setAttribute(this, "duration", seconds); }

  /** A token for the API, or a function that gives one (or a promise of one) for each request. */
  set token(token) {
    this.#token = token ?? null;
    this.#allowReading();
  }

  /** What somebody noted: places with a `text`, ticks that show it to whoever points at them. */
  set notes(notes) { this.#turn(this.#notes = [...notes ?? []]); }

  /** Seconds of the line of time that have a tick, or places. */
  set marks(marks) { this.#turn(this.#marks = [...marks ?? []]); }

  get playbackRate() { return this.#playback.tuning.rate; }

  set playbackRate(rate) { this.#tuneAll({ rate: speedOf(rate) }); }

  get volume() { return this.#playback.tuning.volume; }

  set volume(volume) { this.#tuneAll({ volume: Math.min(1, Math.max(0, Number(volume) || 0)) }); }

  /** Plays, from wherever it stands; asks the server first if nothing is here yet. */
  play() { return this.#playback.play(); }

  pause() { this.#playback.pause(); }

  /** Saves the recording that it stands in as a file; resolves to whether it could be had. */
  async save() {
    const { part, several } = this.#list;
    const recording = this.getAttribute("recording-sid") ?? (several ? part.id : null);
    const { Saving } = await import("./player/saving.js");
    this.#saving ??= new Saving(() => this.#show());
    return this.#saving.save(this.#server, this.getAttribute("call-sid") ?? "", recording);
  }

  focus() { this.#view.focusPlay(); }

  // What people do.

  #do(command, value) {
    if (command === "aim") this.#aim = value;
    else {
      if (command === "seek" || command === "unaim") this.#aim = null;
      this.#commands[command]?.(value);
    }
    this.#turn();
  }

  #tuneAll(changes) {
    document.dispatchEvent(new CustomEvent(TUNED, { detail: changes }));
    if (!this.isConnected) this.#playback.tune(changes);
    rememberTuning(this.#playback.tuning);
  }

  #giveWay() {
    this.#headset.lose();
    this.#leave();
  }

  /** Also with its page, which the browser may keep for whoever comes back. */
  #leave() {
    if (this.state !== "idle") this.#playback.giveWay();
  }

  // From the press to the sound.

  #reset() {
    this.#playback.rest();
    this.#list.stand({ part: this.#list.parts[0], time: 0 });
    this.#toStart();
  }

  #toStart() {
    const [part, time] = [this.getAttribute("part"), Number(this.getAttribute("start")) || 0];
    if (part) this.place = { part, time };
    else this.currentTime = time;
  }

  get #server() { return serverOf(this, this.#token, import.meta.url); }

  #where() { return { server: this.#server, ...whatOf(this) }; }

  #hear(what) {
    const acts = {
      begin: () => {
        this.#aim = null;
        document.dispatchEvent(new CustomEvent(CHOSEN, { detail: this }));
        this.#headset.take(this.#title, new URL("player/silence.flac", this.#server.url));
      },
      phase: () => this.#announce("recording-state", { state: this.state, reason: this.#playback.reason }),
      show: () => this.#turn(),
      time: () => this.#tell(),
    };
    acts[what]();
  }

  // What was said.

  /** Whether the page wants something that goes by the call. */
  #offers(name) {
    const how = this.getAttribute(name);
    return how !== null && how !== "false" && this.hasAttribute("call-sid");
  }

  async #allowReading() {
    const reads = this.#offers("transcript");
    if (reads && !this.#reading) {
      const { Reading } = await import("./player/reading.js");
      this.#reading ??= new Reading(this.#view.reading, this, () => this.#server);
      this.#reading.show(languageOf(this));
    }
    this.#reading?.allow(reads, this.getAttribute("transcript") === "open");
  }

  // What is seen.

  get #title() {
    const [{ player }, label] = [wordsOf(languageOf(this)), this.getAttribute("label")];
    return label ? `${player}: ${label}` : player;
  }

  #turn() {
    this.#show();
    this.#tell();
  }

  #show() {
    const { body, loaded, busy, phase, tuning, open } = this.#playback;
    const { parts } = this.#list;
    const lang = languageOf(this);
    const here = this.#list.track?.step?.kind === "ready";
    const arriving = phase === "waiting" && body.bytes_received > 0 && body.bytes_total > 0;
    const speakers = parts[0].speakers ?? body.speakers ?? ["agent", "customer"];
    const shares = sharesOf(parts);
    this.#view.show({
      lang, phase, loaded, busy, tuning,
      title: this.#title,
      kept: body.recording_expires_at ? new Date(body.recording_expires_at) : null,
      which: this.#which,
      say: this.#playback.saying(lang),
      progress: arriving ? { got: body.bytes_received, all: body.bytes_total } : null,
      again: this.#playback.again(lang),
      parts: parts.map(({ peaks, missing }, i) =>
        ({ ...shares[i], peaks: loaded ? peaks : null, missing })),
      lanes: this.getAttribute("lanes")?.split(",") ?? speakers,
      names: namesOf(this),
      notes: this.#notes.map((note) => ({ at: this.#list.secondOf(note), text: note.text })),
      marks: this.#marks.map((mark) => (mark?.time >= 0 ? this.#list.secondOf(mark) : mark)),
      canMute: open,
      file: here && this.#offers("download") ? this.#saving?.says ?? "download" : "",
    });
    this.#reading?.show(lang);
  }

  /** Which part of the call it is, in words. */
  get #which() {
    const { parts: { length }, several, index } = this.#list;
    return several && this.#playback.loaded ? wordsOf(languageOf(this)).part(index + 1, length) : "";
  }

  #tell() {
    const { body: { bytes_received: got, bytes_total: all }, loaded, busy, phase, tuning } = this.#playback;
    const { parts, part, track, index, second } = this.#list;
    const [time, duration] = [this.#aim ?? this.currentTime, this.duration];
    const { from, to } = sharesOf(parts)[index];
    const here = track?.partial && all > 0 ? Math.min(1, got / all) : 1;
    const have = loaded ? from + (to - from) * here : 0;
    this.#view.tell(languageOf(this), { time, duration, have, which: this.#which, index, second });
    this.#reading?.light(this.place);
    const sounds = phase === "playing";
    this.#headset.tell({ title: this.#title, busy, sounds, time, duration, rate: tuning.rate });
    if (!loaded) return;
    const place = this.#aim === null ? { part, time: second } : placeAt(parts, time);
    this.#announce("recording-time",
      { time, duration, part: this.#idOf(place.part), partTime: place.time });
  }

  #idOf({ id }) { return id ?? this.getAttribute("recording-sid"); }

  /** False where the page wants nothing done about it. */
  #announce(name, detail, cancelable = false) {
    return this.dispatchEvent(
      new CustomEvent(name, { bubbles: true, composed: true, cancelable, detail }));
  }
}

reflect(RecordingPlayer, {
  callSid: "text", recordingSid: "text", label: "text", start: "number", lanes: "text", apiBase: "text",
  agentName: "text", customerName: "text", transcript: "text", download: "text",
});

if (!customElements.get("recording-player")) {
  customElements.define("recording-player", RecordingPlayer);
}
