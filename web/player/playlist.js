/**
 * What a player plays: the parts of a call, of which one is at hand, with a track of its own once it
 * is asked for; the next is asked for before that one ends. Whether there are other parts is known
 * from the first answer, which says how many recordings the call has.
 */

import { callOf, growingPeaksOf, peaksOf } from "./ask.js";
import { beginOf, following, hasOthers, lengthOf, partsOf, placeAt } from "./parts.js";
import { Track } from "./track.js";
import { readArriving, readPeaks, silencesOf, wholeSecondsOf } from "./waveform.js";

const AHEAD_S = 30; // so long before its end the next part is asked for

export class Playlist {
  #where;
  #tell;
  #work = null; // aborts what is asked beside the tracks
  #listed = 0; // recordings of the call that we were told of
  #asked = false; // for them, since it began
  #asking = false;
  #wish = null; // a place in a part that is not known yet
  #wanted = { part: null, time: 0 }; // the place that somebody asked for: what follows is passed over
  #next = null;
  #pictured = new Set(); // parts whose waveform was asked for since it began
  #drawn = new Set(); // those of which it was asked for while they arrived
  /** In order of time. What nobody told of is one part, without a name. */
  parts = [{}];
  part = this.parts[0];
  track = null;
  #at = 0; // the second of the part, while it has no sound

  /**
   * @param {() => {server: Server, sid: string, alone: boolean, lanes: ?string}} where the API is, what
   *   plays, whether that is one recording whatever its call, and who is on which channel of all
   * @param {(what: string) => void} tell hears what Track tells, of the one at hand, and of `parts`:
   *   more is known of them
   */
  constructor(where, tell) {
    this.#where = where;
    this.#tell = tell;
  }

  get sound() { return this.track?.sound; }
  get second() { return this.sound?.time ?? this.#at; }
  get time() { return beginOf(this.parts, this.part) + this.second; }
  get several() { return this.parts.length > 1; }
  get index() { return this.parts.indexOf(this.part); }

  /** The place of a second of a part, by what links call that; undefined where it is not known. */
  find({ part: id, time }) {
    const part = this.parts.find((one) => one.id === id || one.name === id);
    return part && { part, time };
  }

  /** The second of the line of time that a place is at; without a part, or of an unknown one, its own. */
  secondOf(place) {
    const found = this.find(place);
    return found ? beginOf(this.parts, found.part) + found.time : place.time;
  }

  /** Where to begin once the parts are known. */
  wish(place) {
    if (this.#listed) return;
    this.stand({ part: this.part, time: place.time }); // it may be the only one
    this.#wish = place;
  }

  /** Another call: nothing is known of it. */
  forget() {
    this.close();
    this.parts = [{}];
    [this.part, this.#at, this.#listed, this.#wish] = [this.parts[0], 0, 0, null];
  }

  /** Takes a call's `recordings`, as the API gives them. What sounds goes on. */
  know(recordings) {
    if (this.#where().alone || !recordings.length) return;
    const { time, sound } = this;
    if (!this.#listed) this.part.name = this.track?.step?.body.recording ?? this.#where().sid;
    const parts = partsOf(recordings, this.parts);
    const stays = parts.includes(this.part) && (sound || this.#listed > 0);
    if (!parts.length || (sound && !stays)) return;
    [this.parts, this.#listed] = [parts, recordings.length];
    if (!stays) this.#settle(time);
    this.#tell("parts");
  }

  /** Asks for the part at hand. */
  begin() {
    this.close();
    this.#work = new AbortController();
    this.#asked = false;
    this.#pictured.clear();
    this.#drawn.clear();
    for (const part of this.parts) part.missing = false;
    this.play({ part: this.part, time: this.#at });
  }

  /** Goes over to a second of a part. */
  play(place) {
    place.part.missing = false;
    this.#wanted = place;
    this.#goOn(place);
  }

  /** Leaves out the part at hand; false when none follows: then it stands where it was meant to. */
  passOver() {
    const part = following(this.parts, this.part);
    this.part.missing = Boolean(part);
    if (part) this.#goOn({ part, time: 0 });
    else this.stand(this.#wanted);
    return Boolean(part);
  }

  /** To what was asked for in time, if it is that. */
  #goOn({ part, time: at }) {
    const track = this.#next?.part === part && !this.#next.closed ? this.#next : this.#ask(part);
    this.track?.close();
    if (this.#next !== track) this.#next?.close();
    [this.part, this.#at, this.track, this.#next] = [part, at, track, null];
    if (at > 0) track.sound?.seek(at);
    if (track.step) this.#take(track);
  }

  /** Goes to a second of a part. Of another part than the one at hand, nothing is asked for. */
  stand({ part, time }) {
    this.#wish = null;
    if (part !== this.part) this.#closeTracks();
    [this.part, this.#at, this.#wanted] = [part, time, { part, time }];
    this.sound?.seek(time);
  }

  /** Asks for the next part, when it is time. */
  lookAhead(rate) {
    const left = (lengthOf(this.part) - this.second) / rate;
    const part = !this.#next && left < AHEAD_S && following(this.parts, this.part);
    if (part) this.#next = this.#ask(part);
  }

  /** Of what is silent, keeps no connection. */
  letGo() {
    this.sound?.letGo();
    this.#next?.sound?.letGo();
  }

  /** Ends requests and sound; it stands where it was. */
  close() {
    this.#at = this.second;
    this.#asking = false;
    this.#work?.abort();
    this.#closeTracks();
  }

  #closeTracks() {
    this.track?.close();
    this.#next?.close();
    [this.track, this.#next] = [null, null];
  }

  #ask(part) {
    const { server, sid } = this.#where();
    const track = new Track(server, part.name ?? sid, (what) => this.#hear(track, what));
    track.part = part;
    track.follow();
    return track;
  }

  #hear(track, what) {
    if (what === "step") return this.#take(track);
    if (track === this.#next) {
      if (what === "broken") track.close(); // and when it is wanted, it is asked for anew
      return undefined;
    }
    if (track.sound.duration) {
      track.part.measured = track.sound.duration;
      this.#at = track.sound.time;
    }
    return this.#tell(what);
  }

  #take(track) {
    const { part, step } = track;
    part.stated ||= step.body.duration ?? 0;
    if (this.#lacksParts(step)) this.#askParts();
    if (this.#asking) return; // they say where it begins
    if (track.playable && !track.sound) track.open(track === this.track ? this.#at : 0);
    this.#skipSilence(track);
    if (step.kind === "ready") this.#fetchPictures(part);
    else if (track.playable) this.#drawArriving(track);
    if (track === this.track) this.#tell("step");
  }

  // The parts.

  #lacksParts({ body, code }) {
    return !this.#asked && !this.#where().alone && body.recordings > this.#listed &&
      hasOthers(body.recordings, code === "recording_expired");
  }

  async #askParts() {
    const { server, sid } = this.#where();
    this.#asked = this.#asking = true;
    const answer = await callOf(server, sid, this.#work.signal).catch(() => null);
    if (!answer) return; // nobody waits for it any more
    if (answer.status === 200) this.know(answer.body.recordings);
    this.#asking = false;
    if (this.track?.step) this.#take(this.track);
  }

  /** Stands where it was meant to, now that the parts are known. */
  #settle(time) {
    const wish = this.#wish;
    this.#wish = null;
    const place = (wish && this.find(wish)) ?? placeAt(this.parts, wish ? 0 : time);
    const goesOn = this.#asking || ["waiting", undefined].includes(this.track?.step?.kind);
    if (this.track && goesOn && place.part !== this.part) this.play(place);
    else this.stand(place);
  }

  // The waveforms.

  /** Of one part, then of the others that are ready. */
  async #fetchPictures(part) {
    const { signal } = this.#work;
    for (const one of [part, ...this.parts.filter(({ ready }) => ready)]) {
      if ((one.peaks && !one.peaks.partial) || this.#pictured.has(one)) continue;
      this.#pictured.add(one);
      await this.#fetchPicture(one, signal);
      if (signal.aborted) return;
    }
  }

  async #fetchPicture(part, signal) {
    const { server, sid } = this.#where();
    const peaks = readPeaks(await peaksOf(server, part.name ?? sid, signal).catch(() => null));
    if (!peaks || signal.aborted) return;
    this.#draw(part, peaks);
    if (this.track) this.#skipSilence(this.track);
  }

  #draw(part, peaks) {
    if (this.isFlipped(part)) peaks.lanes.reverse();
    part.peaks = peaks;
    this.#tell("parts");
  }

  /** As much of its waveform as is here, while more comes. */
  async #drawArriving(track) {
    const { part } = track;
    const { server, sid } = this.#where();
    const { signal } = this.#work;
    if (this.#drawn.has(part)) return;
    this.#drawn.add(part);
    try {
      for await (const body of growingPeaksOf(server, part.name ?? sid, signal)) {
        const peaks = readArriving(body.peaks, lengthOf(part) || wholeSecondsOf(body));
        if (!peaks || track.closed || track.step.kind !== "waiting") return;
        this.#draw(part, peaks);
      }
    } catch {
      // nobody looks any more
    }
  }

  #skipSilence({ part, sound }) {
    if (sound && part.peaks && !part.peaks.partial) sound.silences = silencesOf(part.peaks);
  }

  /** Whether its channels lie the other way round than those of the first part. */
  isFlipped({ speakers }) {
    const [{ speakers: first }] = this.parts;
    return Boolean(first && speakers && first[0] !== speakers[0]) && !this.#where().lanes;
  }
}
