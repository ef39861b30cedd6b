/** One recording's sound: an audio element, its speed, its silences and its two sides. */

import { Effects } from "./effects.js";
import { Overture } from "./overture.js";

const STALL_MS = 45_000;
const REST_MS = 20_000; // paused for longer, it keeps no connection
const TICK_MS = 50;
const NEAR_S = 0.04; // from overture to element: less than that is not heard
const AMPLE_S = 4; // an element with less ahead of it may wait for more: Firefox does below three
const FAR_S = 0.5; // from there on a seek is sooner there than another speed
const CATCH_UP = 0.25; // of the speed
const HAIR_S = 0.001; // at the very end of some WAVs Firefox's element gives up
const LEAP_S = 3; // at 1×: nothing plays so far between two looks
const UNHEARD = 0.0001; // -80 dB
const SETTLE_MS = 400; // until then an element says where it wants to be, not where it is

/**
 * Events: `change` (plays, pauses, waits, ends), `time`, `broken` (the element gave up: it is lost).
 * Closing it ends all of them. A lost one has no source, keeps its second, and is loaded there again
 * by play(), seek() or renew().
 */
export class Sound extends EventTarget {
  #audio = new Audio();
  #ending = new AbortController();
  #stall = 0;
  #resting = 0;
  #url = "";
  #from = 0; // where to stand once it is loaded
  #wanted = 0; // the second last sought or heard: what an element says after an error is not that
  #length = 0;
  #wants = false; // to sound: an element that is loaded anew has forgotten
  #lost = false;
  #closed = false;
  #bare = false;
  #overture = null;
  #tick = 0;
  #heard = false;
  #lead = 0.15; // what it takes the element to sound where the overture will be
  #set = 0;
  #effects = null;
  #volume = 1;
  #muted = null;
  #boost = 0;
  /** Stretches to leave out while `skipping`. */
  silences = [];
  skipping = false;

  constructor() {
    super();
    this.#audio.preload = "auto";
    this.#audio.preservesPitch = true;
    const on = (names, act) => names.split(" ").forEach((name) =>
      this.#audio.addEventListener(name, act, { signal: this.#ending.signal }));
    on("play playing waiting seeking seeked canplay", () => this.#changed());
    on("ended", () => (this.#leapt ? this.#broke() : this.#changed()));
    on("pause", () => this.#paused());
    on("durationchange", () => this.#measure());
    on("progress", () => this.alive());
    on("timeupdate", () => this.#moved());
    on("loadedmetadata", () => this.#enter());
    on("error", () => this.#broke());
  }

  get time() {
    if (this.#overture?.time > 0) return this.#overture.time;
    const at = this.#audio.readyState ? this.#audio.currentTime : this.#from;
    return this.#length > 0 && this.#length - at < 2 * HAIR_S ? this.#length : at;
  }
  get duration() { return this.#length || this.#overture?.duration || 0; }
  get paused() { return !this.#wants && !this.#overture; }
  get ended() {
    const there = this.paused && this.#length > 0 && this.time === this.#length;
    return (this.#audio.ended || there) && !this.#leapt;
  }
  get lost() { return this.#lost; }
  /** Whether it would sound if only there were something to sound. */
  get waits() {
    if (this.paused || this.ended) return false;
    return this.#overture ? !this.#overture.sounds : this.#audio.readyState < 3;
  }
  /** Whether effects can be had of it: not where another server does not share its bytes. */
  get open() { return !this.#bare; }
  get rate() { return this.#audio.defaultPlaybackRate; }
  set rate(rate) {
    this.#handOver();
    this.#audio.defaultPlaybackRate = this.#audio.playbackRate = rate;
  }
  /** 0 to 1. */
  set volume(volume) {
    if (volume === this.#volume) return;
    this.#volume = volume;
    this.#handOver();
    this.#audio.volume = volume;
  }

  /** Takes an address and stands at a second of it; `play` makes it sound. */
  load(url, from = 0) {
    [this.#url, this.#from, this.#wanted, this.#lost] = [url, from, from, false];
    const foreign = new URL(url, location.href).origin !== location.origin;
    this.#audio.crossOrigin = foreign && !this.#bare ? "anonymous" : null;
    this.#audio.src = url;
    this.alive();
  }

  /** Another address of the same, or the same one where there may be more now. */
  renew(url) {
    this.#url = url;
    if (this.#lost && this.#wants) this.play();
  }

  /** Resolves to whether the browser lets it sound without another press. */
  async play() {
    clearTimeout(this.#resting);
    if (this.ended) this.seek(0);
    this.#wants = true;
    if (this.#lost) this.load(this.#url, this.#from);
    this.#effects?.resume();
    try {
      await this.#audio.play();
      return true;
    } catch (error) {
      if (error.name !== "NotAllowedError") return true;
      this.#wants = false;
      return false;
    }
  }

  /** As play(), for what is still arriving, from its beginning and as it is. */
  async playEarly() {
    const may = navigator.userActivation?.hasBeenActive && this.#from === 0;
    if (!may || !this.#isPlain) return this.play();
    this.#wants = true;
    const overture = this.#overture = new Overture();
    this.#tick = setInterval(() => this.#watchOverture(), TICK_MS);
    overture.play(this.#url).then(() => overture === this.#overture && !overture.sounds && this.#handOver());
    this.#changed();
    return true;
  }

  pause() {
    this.#handOver();
    this.#wants = false;
    this.#audio.pause();
    this.#rest();
    if (this.#lost) this.#changed();
  }

  /** Keeps no connection, until it is to play on from the same second. */
  letGo() {
    if (this.#lost || this.#closed || this.ended || !this.paused) return;
    this.#moved(); // it has told its time some moments ago
    this.#lose();
    this.#changed();
  }

  seek(seconds) {
    this.#handOver();
    const end = this.duration || Infinity;
    const at = Math.min(Math.max(0, seconds), end);
    this.#wanted = at;
    if (this.#audio.readyState) this.#stand(at);
    else this.#from = at;
    if (this.#lost && this.#wants) this.play();
    this.#rest();
    this.#moved();
  }

  /** Silences one side (0 or 1, or with null none), and makes all louder by so many decibels. */
  alter(muted, boost) {
    if (!this.open || (muted === this.#muted && boost === this.#boost)) return;
    this.#handOver();
    this.#effects ??= new Effects(this.#audio);
    if (muted !== this.#muted) this.#effects.mute(muted);
    if (boost !== this.#boost) this.#effects.boost(boost);
    [this.#muted, this.#boost] = [muted, boost];
  }

  /** There are signs of life: what is waited for may still come. */
  alive() {
    clearTimeout(this.#stall);
    if (!this.waits || this.#lost) return;
    this.#stall = setTimeout(() => this.#broke(), STALL_MS);
  }

  close() {
    this.#closed = true;
    this.#endOverture();
    this.#ending.abort();
    this.#audio.pause();
    this.#lose();
    this.#effects?.close();
  }

  #rest() {
    clearTimeout(this.#resting);
    if (this.paused && !this.#closed) this.#resting = setTimeout(() => this.letGo(), REST_MS);
  }

  #lose() {
    clearTimeout(this.#stall);
    clearTimeout(this.#resting);
    [this.#lost, this.#from] = [true, this.#wanted];
    this.#audio.removeAttribute("src");
    this.#audio.load(); // lets go of the connection
  }

  /** Short of the very end, from where it comes to its end by itself. */
  #stand(at) {
    const { duration } = this.#audio;
    this.#audio.currentTime = duration > 0 ? Math.max(0, Math.min(at, duration - HAIR_S)) : at;
  }

  /** The element follows the overture, and begins where it will be in a moment. */
  #watchOverture() {
    const ready = this.#audio.readyState >= 3 && this.#isAmple;
    const { sounds, time } = this.#overture;
    if (time > 0 ? !sounds : ready) { // a browser's own sound may begin later than the element could
      this.#handOver();
      return;
    }
    if (sounds !== this.#heard) {
      this.#heard = !this.#heard;
      this.#changed();
    }
    if (ready && !this.#audio.seeking) this.#approach();
    this.dispatchEvent(new Event("time"));
  }

  /** Whether the element has enough to go on from where the overture is. */
  get #isAmple() {
    const { buffered, duration } = this.#audio;
    const end = buffered.length ? buffered.end(0) : 0;
    return end - this.#overture.time > AMPLE_S || end >= duration - NEAR_S;
  }

  /** The element runs along unheard until it is where the overture is, and then is heard. */
  #approach() {
    const audio = this.#audio;
    if (audio.paused) return void this.#seekUnheard();
    if (performance.now() - this.#set < SETTLE_MS) return;
    const ahead = audio.currentTime - this.#overture.time;
    if (Math.abs(ahead) < NEAR_S) this.#endOverture();
    else if (Math.abs(ahead) <= FAR_S) audio.playbackRate = 1 - Math.sign(ahead) * CATCH_UP;
    else {
      this.#lead -= ahead;
      this.#seekUnheard();
    }
  }

  /** To where the overture will be. */
  #seekUnheard() {
    const audio = this.#audio;
    this.#hush(true);
    audio.currentTime = this.#overture.time + this.#lead;
    this.#set = performance.now();
    if (audio.paused) this.play();
  }

  /** Somebody wants something of the sound, or the overture is over: now the element plays. */
  #handOver() {
    if (!this.#overture) return;
    const at = this.#overture.time;
    this.#endOverture();
    if (at > 0) this.#wanted = at;
    if (!this.#audio.readyState) this.#from = at;
    else if (at > 0) this.#stand(at); // where nothing sounded yet it stands already
    this.play();
  }

  #endOverture() {
    clearInterval(this.#tick);
    this.#overture?.stop();
    this.#overture = null;
    this.#audio.playbackRate = this.rate;
    this.#hush(false);
  }

  /** Chromium plays what is muted into nothing, and jumps when it is heard again; iOS cannot but mute. */
  #hush(quiet) {
    this.#audio.volume = quiet ? UNHEARD : this.#volume;
    this.#audio.muted = quiet && this.#audio.volume !== UNHEARD;
  }

  get #isPlain() {
    return this.rate === 1 && this.#volume === 1 && !this.#effects;
  }

  #measure() {
    const { duration } = this.#audio;
    if (Number.isFinite(duration)) this.#length = duration;
    this.alive();
  }

  /** Whether it says that it is at its end, but was not heard to get there: so Firefox takes a refusal. */
  get #leapt() {
    const { ended, currentTime } = this.#audio;
    return ended && currentTime - this.#wanted > LEAP_S * Math.max(1, this.rate);
  }

  /** By us, by somebody's headset, or at its end. */
  #paused() {
    if (this.#leapt) return;
    if (!this.#audio.error && !this.#lost) this.#wants = false;
    this.#rest();
    this.#changed();
  }

  #enter() {
    if (this.#from > 0) this.#stand(this.#from);
    this.#changed();
  }

  #moved() {
    const at = this.time;
    const { readyState, seeking, error, ended } = this.#audio;
    if (readyState && !seeking && !error && !ended) this.#wanted = at;
    const quiet = this.skipping && !this.paused &&
      this.silences.find(([from, to]) => at >= from && at < to - 0.1);
    if (quiet) this.#stand(this.#wanted = quiet[1]);
    this.dispatchEvent(new Event("time"));
  }

  #changed() {
    this.alive();
    this.dispatchEvent(new Event("change"));
  }

  #broke() {
    if (this.#closed) return;
    if (this.#audio.crossOrigin && !this.#audio.readyState) {
      this.#bare = true; // a server without CORS: it still plays, all sides together
      this.load(this.#url, this.#from);
      if (this.#wants) this.play();
      return;
    }
    this.#lose();
    this.#changed();
    this.dispatchEvent(new Event("broken"));
  }
}
