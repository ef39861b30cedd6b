/** One call in the list: who, when, its player, and on demand what was said. */

import { clock, timeOf, wordsOf as playerWords } from "../player/messages.js";
import { hasOthers, partsOf } from "../player/parts.js";
import { make } from "../player/make.js";
import { dayName, expiryOf, numberOf, wordsOf } from "./words.js";

const isOutbound = (call) => Boolean(call.direction?.startsWith("outbound"));

/** Of a call in full, its recordings are told one by one; of one in the list, how many there are. */
function playsWithoutFirst({ recordings, recording_status: status }) {
  if (Array.isArray(recordings)) return partsOf(recordings).length > 0;
  return hasOthers(recordings, status === "expired");
}

/** Seconds to show before anybody presses: of all recordings, else of the call. */
function lengthOf({ recordings, recordings_duration: all, duration }) {
  return ((recordings?.length ?? recordings) > 1 && all) || duration || 0;
}

function whyNoRecording(call, lang) {
  if (playsWithoutFirst(call)) return "";
  const status = call.recording_status;
  if (status === "expired" || status === "unavailable") return playerWords(lang)[status];
  return call.has_recording ? "" : wordsOf(lang).noRecording;
}

export class Row {
  #details = null;

  /** @param {object} call as the API lists it @param {?RecordingPlayer} player that plays it already */
  constructor(call, player = null) {
    this.player = player;
    this.sid = call.call_sid;
    this.who = make("bdi", { dir: "ltr" });
    this.way = make("span", { className: "way" });
    this.meta = make("span", { className: "meta" });
    this.expiry = make("span", { className: "expiry" });
    this.summary = make("p", { className: "summary", dir: "auto" });
    this.sound = make("div", { className: "sound" });
    this.open = make("button", { type: "button", className: "open", id: `open-${this.sid}` });
    this.open.addEventListener("click", () => this.toggle());
    this.more = make("div", { className: "more", id: `more-${this.sid}`, hidden: true });
    this.open.setAttribute("aria-controls", this.more.id);
    this.element = make("li", { className: "call", id: this.sid },
      make("div", { className: "about" },
        make("h3", {}, this.way, this.who),
        make("p", { className: "facts" }, this.meta, this.expiry), this.summary),
      this.sound, this.open, this.more);
    this.call = call;
  }

  /** Writes it all again, in a language or with fresher facts; what plays goes on. */
  show(lang, call = this.call) {
    const told = ["summary", "has_transcript", "recordings"];
    const news = told.some((name) => call[name] !== this.call[name]);
    this.call = call;
    this.lang = lang;
    const words = wordsOf(lang);
    const out = isOutbound(call);
    const date = new Date(call.created_at);
    const number = numberOf(out ? call.to_number : call.from_number) || words.unknown;
    this.who.textContent = number;
    this.way.textContent = out ? "↗" : "↙";
    this.way.title = out ? words.out : words.in;
    this.way.dataset.way = out ? "out" : call.status === "completed" ? "in" : "missed";
    const length = call.duration > 0 ? clock(call.duration) : "";
    const status = call.status === "completed" ? "" : (words[call.status] ?? call.status ?? "");
    const facts = [this.way.title, timeOf(lang, date), length, status].filter(Boolean);
    this.meta.replaceChildren(...facts.map((fact) => make("span", {}, make("bdi", {}, fact))));
    this.expiry.textContent = call.recording_status === "expired" ? "" :
      expiryOf(words, call.expires_at);
    this.summary.textContent = (call.summary ?? "").split("\n", 1)[0];
    this.open.title = this.open.ariaLabel = `${words.details}: ${number}`;
    this.open.ariaExpanded = String(!this.more.hidden);
    this.#showSound(number);
    if (news) this.#details?.load();
    else this.#details?.show(lang);
  }

  #showSound(number) {
    const why = whyNoRecording(this.call, this.lang);
    if (why) return this.sound.replaceChildren(make("p", { className: "none" }, why));
    if (!this.player) {
      this.player = document.createElement("recording-player");
      this.player.setAttribute("call-sid", this.sid);
    }
    this.player.setAttribute("label", number);
    this.player.setAttribute("duration", lengthOf(this.call));
    if (this.player.parentNode !== this.sound) this.sound.replaceChildren(this.player);
    return undefined;
  }

  /** Opens or closes what was said; it is fetched when first wanted. */
  async toggle(wanted = this.more.hidden) {
    this.more.hidden = !wanted;
    this.open.ariaExpanded = String(wanted);
    if (!wanted || this.#details) return;
    const { Details } = await import("./details.js");
    this.#details ??= new Details(this);
    this.#details.show(this.lang);
    await this.#details.load();
  }

  /** From a link: opens it, and stands at a second of the call, or of one of its recordings. */
  goTo(time, part) {
    if (this.player && part) this.player.place = { part, time };
    else if (this.player && time > 0) this.player.currentTime = time;
    this.toggle(true);
    this.element.scrollIntoView({ block: "center" });
    document.querySelector(".linked")?.classList.remove("linked");
    this.element.classList.add("linked");
    (this.player ?? this.open).focus({ preventScroll: true });
  }

  /** Which day it belongs to: one key a day, and its name. */
  day(words) {
    const date = new Date(this.call.created_at);
    return { key: date.toDateString(), name: dayName(words, date) };
  }
}
