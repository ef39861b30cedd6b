/**
 * The player at the foot of the page: one for all calls. What plays here stays while the list is
 * filtered, searched, refreshed and put in another language, and comes back after a sign-in.
 *
 * Whatever has data-play="CA…" plays that call when it is pressed: from data-at (a second of
 * data-part, or of the whole), else from where it stood, and what plays pauses.
 */

import { timeOf } from "../player/messages.js";
import { icon, make } from "../player/make.js";
import { isOutbound, lengthOf, numberOfCall, plays } from "./call.js";
import { name } from "./facts.js";
import { keepPlace, keptPlace } from "./kept.js";
import { whoIsHere } from "./session.js";
import { dayName, wordsOf } from "./words.js";

const BUSY = new Set(["asking", "waiting", "playing", "buffering"]);
const FURTHER_PAGES = 10; // that are looked through for the next call to play
const WAYS = { previous: "M6 5h2v14H6zm12 0v14l-9-7z", next: "M16 5h2v14h-2zM6 5v14l9-7z" };
const BEGIN = { part: null, time: 0 };

const isLater = (a, b) => new Date(a.created_at) > new Date(b.created_at);

export class Deck {
  /** Where buttons about the call that is here are put. */
  tools = make("div", { className: "deck-tools" });
  call = null;
  #element;
  #state;
  #find;
  #phase = "idle";
  #whose = ""; // who had it played
  #stood = new Map(); // by call: where, when another was played
  #learned = new Map(); // by call: what only the call in full tells
  #found = { sid: "", places: [] }; // in the transcript of a call
  #lost = null; // whether it played when the sign-in was lost
  #player = document.createElement("recording-player");
  #who = make("a", { className: "deck-who" });
  #ways = Object.entries(WAYS).map(([className, path]) =>
    make("button", { type: "button", className }, icon(path)));
  #close = make("button", { type: "button", className: "deck-close" });

  /**
   * @param {HTMLElement} element the foot of the page @param {State} state whose `playing` it sets
   * @param {object} find `more()` lists further calls, and gives whether there were any (a promise);
   *   `call(sid)` gives one in full (a promise; null for none)
   */
  constructor(element, state, find) {
    [this.#element, this.#state, this.#find] = [element, state, find];
    this.#ways.forEach((button, i) => {
      button.slot = i ? "after-play" : "start";
      button.addEventListener("click", () => this.step(i ? 1 : -1));
    });
    this.#player.append(...this.#ways);
    this.#close.addEventListener("click", () => this.close());
    const head = make("div", { className: "deck-head" }, this.#who, this.tools, this.#close);
    element.append(head, this.#player);
    this.#player.addEventListener("recording-state", ({ detail }) => this.#turn(detail.state));
    this.#player.addEventListener("recording-leaf", (event) => {
      event.preventDefault();
      this.step(event.detail.way);
    });
    document.addEventListener("click", ({ target }) => this.#press(target.closest?.("[data-play]")));
    addEventListener("pagehide", () => this.#keep());
    state.on("language", () => this.#show());
    state.on("learned", ({ sid, changes }) => sid === this.sid && this.#show({ ...this.call, ...changes }));
    state.on("signedIn", (signedIn) => (signedIn ? this.#resume() : this.#lose()));
    state.on("playing", (playing) => !playing && this.call && this.#forget());
  }

  get player() { return this.#player; }
  get height() { return this.#element.offsetHeight; }
  get sid() { return this.call?.call_sid ?? null; }
  get busy() { return BUSY.has(this.#phase); }

  /** Where a call stands or stood: `{part, time}`. */
  placeOf(sid) { return sid === this.sid ? this.#player.place : this.#stood.get(sid) ?? BEGIN; }

  /** Stands at a place of a call; beside another that plays, the place is remembered. */
  stand(call, place) {
    if (this.busy && this.sid !== call.call_sid) this.#stood.set(call.call_sid, place);
    else this.#go(call, place);
  }

  play(call, place = null) {
    this.#go(call, place);
    this.#player.play();
  }

  /** False where there is nothing to play or pause. */
  toggle() {
    if (this.busy) this.#player.pause();
    else if (this.call) this.#player.play();
    return Boolean(this.call);
  }

  /** So many seconds on, or back. */
  jump(seconds) {
    const { currentTime: time, duration } = this.#player;
    if (this.call) this.#player.currentTime = Math.min(duration, Math.max(0, time + seconds));
  }

  /** To the nearest call that is wanted, after this one in the list (1) or before; gives whether there is one. */
  async step(way, wanted = plays, place = null) {
    const from = this.sid;
    const call = await this.#beside(way, (one) => plays(one) && wanted(one));
    if (call && this.sid === from) this.play(call, place);
    return Boolean(call);
  }

  /** Puts it away; where it stood is known still. */
  close() {
    this.#leave();
    this.call = null;
    this.#player.callSid = null;
    this.#element.hidden = true;
    keepPlace(null);
    this.#tell();
  }

  /** The host of a transcript (player/transcript.js) of a row's call. */
  hostOf(row) {
    const deck = this;
    return {
      get plays() { return plays(row.call); },
      get place() { return deck.placeOf(row.sid); },
      get names() { return namesOfCall(row.call); },
      go(place, sounds) {
        if (sounds) deck.play(row.call, place);
        else deck.stand(row.call, place);
      },
      mark(places) { deck.#mark(row.sid, places); },
    };
  }

  /** The call in full is here. */
  know(call) {
    const { call_sid: sid, recordings, notes } = call;
    this.#learned.set(sid, { recordings, notes });
    if (sid === this.sid) this.#show({ ...this.call, notes });
  }

  // What is seen.

  #show(call = this.call) {
    const { language: lang } = this.#state;
    const words = wordsOf(lang);
    this.#element.ariaLabel = words.deck;
    [words.previousCall, words.nextCall].forEach((text, i) => name(this.#ways[i], text));
    name(this.#close, words.closeDeck);
    if (!call) return;
    this.call = call;
    const number = numberOfCall(call) || words.unknown;
    const date = new Date(call.created_at);
    const names = [call.contact_name, call.agent_name].filter(Boolean);
    this.#who.href = `#${call.call_sid}`;
    this.#who.replaceChildren(
      make("b", {}, make("bdi", { dir: "ltr" }, number)), ...names.map((one) => make("bdi", {}, one)),
      make("span", {}, isOutbound(call) ? words.out : words.in),
      make("span", {}, `${dayName(words, date)} ${timeOf(lang, date)}`));
    this.#showSound(call, [number, ...names].join(", "));
  }

  #showSound(call, label) {
    const { recordings = null, notes = [] } = this.#learned.get(call.call_sid) ?? {};
    const { agent: agentName = null, customer: customerName = null } = namesOfCall(call);
    const found = this.#found.sid === call.call_sid ? this.#found.places : [];
    const hits = (call.hits ?? []).map(({ recording: part, at: time }) => ({ part, time }));
    Object.assign(this.#player, {
      recordings, agentName, customerName, label, duration: lengthOf(call),
      marks: found.length ? found : hits,
      notes: (call.notes ?? notes ?? []).map(({ recording: part, at: time, text }) => ({ part, time, text })),
    });
  }

  #mark(sid, places) {
    if (!places.length && sid !== this.#found.sid) return;
    this.#found = { sid, places };
    if (sid === this.sid) this.#show();
  }

  // What plays.

  #go(call, place) {
    if (this.sid !== call.call_sid) this.#take(call);
    if (place?.part) this.#player.place = place;
    else if (place) this.#player.currentTime = place.time;
  }

  #take(call) {
    this.#leave();
    [this.#phase, this.#whose] = ["idle", whoIsHere()];
    this.#player.callSid = call.call_sid;
    this.#show(call);
    const stood = this.#stood.get(call.call_sid);
    if (stood) this.#player.place = stood;
    this.#element.hidden = false;
    this.#tell();
  }

  #leave() {
    if (this.call) this.#stood.set(this.sid, this.#player.place);
  }

  async #press(button) {
    if (!button) return;
    const { play: sid, part = null, at } = button.dataset;
    if (at === undefined && sid === this.sid) return void this.toggle();
    const call = this.#state.rows.get(sid)?.call ?? await this.#find.call(sid);
    if (call) this.play(call, at === undefined ? null : { part, time: Number(at) });
  }

  #turn(phase) {
    const before = this.#phase;
    this.#phase = phase;
    if (phase === "playing") this.#begin();
    if (phase === "ended") this.#stood.delete(this.sid);
    this.#tell(phase === "ended" && BUSY.has(before));
  }

  /** It is heard, and what is noted of it is to be seen. */
  async #begin() {
    const { sid } = this;
    if (!this.call.heard) this.#state.learn(sid, { heard: true });
    if (this.#learned.has(sid)) return;
    this.#learned.set(sid, {});
    const call = await this.#find.call(sid);
    if (call) this.know(call);
    else this.#learned.delete(sid);
  }

  /** The nearest in the list beside the one that is here, by time where that is not listed. */
  async #beside(way, wanted) {
    for (let pages = 0; ; pages += 1) {
      const rows = [...this.#state.rows.values()].map((row) => row.call);
      const found = way > 0 ? this.#after(rows).find(wanted) : this.#before(rows).findLast(wanted);
      if (found || way < 0 || pages === FURTHER_PAGES || !await this.#find.more()) return found;
    }
  }

  #after(rows) {
    if (!this.call) return rows;
    const at = rows.findIndex((row) => row.call_sid === this.sid);
    return at >= 0 ? rows.slice(at + 1) : rows.filter((row) => isLater(this.call, row));
  }

  #before(rows) {
    if (!this.call) return [];
    const at = rows.findIndex((row) => row.call_sid === this.sid);
    return at >= 0 ? rows.slice(0, at) : rows.filter((row) => isLater(row, this.call));
  }

  #tell(over = false) {
    this.#state.set({ playing: this.call && { sid: this.sid, phase: this.#phase, over } });
  }

  // Signing in and out.

  /** Nobody is signed in any more: silent and unseen, until somebody is. */
  #lose() {
    if (!this.call || this.#lost) return;
    this.#lost = { busy: this.busy || this.#phase === "stopped" };
    this.#player.pause();
    this.#keep();
    this.#element.hidden = true;
  }

  /** Somebody is signed in: what was theirs goes on where it stood. */
  async #resume() {
    if (this.call && this.#whose !== whoIsHere()) return void this.#forget();
    if (this.call && !this.#lost) return;
    const kept = this.#lost || !location.hash ? keptPlace() : null;
    this.#lost = null;
    if (!kept) return;
    const call = this.call ?? await this.#find.call(kept.sid);
    if (!call || (this.call && this.sid !== kept.sid)) return;
    this.#go(call, kept.place);
    this.#element.hidden = false;
    if (kept.plays) this.#player.play();
  }

  #forget() {
    this.#lost = null;
    for (const known of [this.#learned, this.#stood]) known.clear();
    this.close();
    this.#stood.clear();
  }

  #keep() {
    if (!this.call) return;
    const { sid } = this;
    keepPlace({ who: this.#whose, sid, place: this.#player.place, plays: this.#lost?.busy ?? false });
  }
}

const namesOfCall = ({ agent_name: agent, contact_name: customer }) =>
  Object.fromEntries(Object.entries({ agent, customer }).filter(([, known]) => known));
