/** One call in the list: who, when, a button that plays it, its marks, and on demand what was said. */

import { clock, timeOf } from "../player/messages.js";
import { icon, make } from "../player/make.js";
import { isOutbound, lengthOf, numberOfCall, plays, whyNoRecording } from "./call.js";
import { facts } from "./facts.js";
import { hitsOf } from "./hits.js";
import { showStar, starButton } from "./star.js";
import { tagShown } from "./tags.js";
import { dayName, expiryOf, wordsOf } from "./words.js";

const [PLAY, PAUSE] = ["M8 5v14l11-7z", "M7 5h4v14H7zm6 0h4v14h-4z"];
const BUSY = new Set(["asking", "waiting", "playing", "buffering"]);

export class Row {
  #details = null;
  #services;
  #found = "";
  #phase = null; // of the player, where it has this call

  /** @param {object} call as the API lists it @param {{deck: Deck, marks: Marks}} services */
  constructor(call, services) {
    this.#services = services;
    this.sid = call.call_sid;
    this.who = make("bdi", { dir: "ltr" });
    this.contact = make("bdi", { className: "contact" });
    this.way = make("span", { className: "way" });
    this.meta = make("span", { className: "meta" });
    this.expiry = make("span", { className: "expiry" });
    this.summary = make("p", { className: "summary", dir: "auto" });
    this.play = make("button", { type: "button", className: "play", data: { play: this.sid } },
      icon(PLAY), icon(PAUSE));
    this.unheard = make("i", { className: "unheard", role: "img" });
    this.star = starButton();
    this.chips = make("span", { className: "chips" });
    this.found = make("div", { className: "found" });
    this.open = make("button", { type: "button", className: "open", id: `open-${this.sid}` });
    this.open.addEventListener("click", () => this.toggle());
    this.more = make("div", { className: "more", id: `more-${this.sid}`, hidden: true });
    this.open.setAttribute("aria-controls", this.more.id);
    this.element = make("li", { className: "call", id: this.sid },
      make("div", { className: "sound" }, this.play),
      make("div", { className: "about" },
        make("h3", {}, this.way, this.who, this.contact, this.unheard,
          this.chips),
        make("p", { className: "facts" }, this.meta, this.expiry), this.summary),
      this.star, this.open, this.found, this.more);
    this.call = call;
  }

  /** Writes it all again, in a language or with fresher facts. */
  show(lang, call = this.call) {
    this.call = call;
    this.lang = lang;
    const words = wordsOf(lang);
    const out = isOutbound(call);
    const date = new Date(call.created_at);
    const number = numberOfCall(call) || words.unknown;
    this.who.textContent = number;
    this.contact.textContent = call.contact_name ?? "";
    this.way.textContent = out ? "↗" : "↙";
    this.way.title = out ? words.out : words.in;
    this.way.dataset.way = out ? "out" : call.status === "completed" ? "in" : "missed";
    const length = lengthOf(call) > 0 ? clock(lengthOf(call)) : "";
    const status = call.status === "completed" ? "" : (words[call.status] ?? call.status ?? "");
    const known = facts(this.way.title, timeOf(lang, date), length, status, call.agent_name,
      whyNoRecording(call, lang));
    this.meta.replaceChildren(...known);
    this.expiry.textContent = call.recording_status === "expired" ? "" :
      expiryOf(words, call.expires_at);
    this.summary.textContent = (call.summary ?? "").split("\n", 1)[0];
    this.chips.replaceChildren(...(call.tags ?? []).map(tagShown));
    showStar(this.star, call, words);
    this.open.title = this.open.ariaLabel = `${words.details}: ${number}`;
    this.open.ariaExpanded = String(!this.more.hidden);
    this.#showPlay(words, number);
    this.#showHits();
    this.#details?.show(lang);
  }

  /** What the player does, if it has this call. */
  turn(playing) {
    const phase = playing?.sid === this.sid ? playing.phase : null;
    if (phase === this.#phase) return;
    this.#phase = phase;
    this.#showPlay(wordsOf(this.lang), this.who.textContent);
  }

  /** Some of its members have changed. What was heard stays so: the server knows it some seconds later. */
  learn(changes) {
    this.#details?.learn(changes);
    const heard = this.call.heard || (changes.heard ?? this.call.heard);
    this.show(this.lang, { ...this.call, ...changes, heard });
  }

  /** Asks anew for the call in full. False: nobody has wanted it yet. */
  reload() {
    this.#details?.load();
    return Boolean(this.#details);
  }

  #showPlay(words, number) {
    const busy = BUSY.has(this.#phase);
    this.play.hidden = !plays(this.call);
    this.play.dataset.shows = busy ? "pause" : "play";
    this.play.ariaLabel = this.play.title = busy ? words.pauseCall(number) : words.playCall(number);
    if (this.#phase) this.element.ariaCurrent = "true";
    else this.element.removeAttribute("aria-current");
    this.element.dataset.phase = this.#phase ?? "";
    const unheard = plays(this.call) && this.call.heard === false;
    this.unheard.hidden = !unheard;
    this.unheard.title = this.unheard.ariaLabel = words.notHeard;
  }

  /** Those that stand stay: somebody may be on one of them. */
  #showHits() {
    const shown = JSON.stringify([this.lang, this.call.hits, this.call.contact_name, this.call.agent_name]);
    if (shown === this.#found) return;
    this.#found = shown;
    this.found.replaceChildren(...hitsOf(this.call, this.lang));
  }

  /** Opens or closes what was said; it is fetched when first wanted. */
  async toggle(wanted = this.more.hidden) {
    this.more.hidden = !wanted;
    this.open.ariaExpanded = String(wanted);
    if (!wanted || this.#details) return;
    const { Details } = await import("./details.js");
    this.#details ??= new Details(this, this.#services);
    this.#details.show(this.lang);
    await this.#details.load();
  }

  /** From a link: opens it, and stands at a second of the call, or of one of its recordings. */
  goTo(time, part = null) {
    if (plays(this.call)) this.#services.deck.stand(this.call, { part, time });
    this.toggle(true);
    this.element.scrollIntoView({ block: "center" });
    document.querySelector(".linked")?.classList.remove("linked");
    this.element.classList.add("linked");
    (this.play.hidden ? this.open : this.play).focus({ preventScroll: true });
  }

  /** Which day it belongs to: one key a day, and its name. */
  day(words) {
    const date = new Date(this.call.created_at);
    return { key: date.toDateString(), name: dayName(words, date) };
  }
}
