/** A link for somebody outside: to a call's recording or a part of it, for so long and so often. */

import { Server } from "../player/ask.js";
import { clock, dateOf } from "../player/messages.js";
import { make } from "../player/make.js";
import { facts } from "./facts.js";
import { isDone } from "./marks.js";
import { whyOf } from "./notice.js";
import { wordsOf } from "./words.js";

const DAY_S = 86_400;
const [BEFORE_S, AFTER_S] = [30, 30]; // of where it plays: a minute, as it is proposed
const DAYS = [1, 7, 30];
const TIMES = [null, 1, 5, 20];
const CLOCK = /^(?:(\d+):)?(\d{1,3}):(\d{2})$/;

/** 1:05 → 65; undefined for what is no such time. */
export function secondsOf(text) {
  const [, hours = 0, minutes, seconds] = CLOCK.exec(text.trim()) ?? [];
  return minutes === undefined ? undefined : hours * 3600 + minutes * 60 + Number(seconds);
}

const time = (name) => make("input", { name, required: true, pattern: "(\\d+:)?\\d{1,3}:\\d{2}",
  dir: "ltr", inputMode: "numeric", autocomplete: "off", size: 7 });

export class Share {
  #state;
  #server = new Server(document.baseURI);
  #call = null;
  #recording = null;
  #span = { from: 0, to: 0 };
  #shares = [];
  #say = () => "";
  #said = {}; // elements whose text is the word of that name
  #part = make("input", { type: "radio", name: "what", value: "part", checked: true });
  #whole = make("input", { type: "radio", name: "what", value: "whole" });
  #from = time("from");
  #to = time("to");
  #days = make("select", { name: "days" });
  #times = make("select", { name: "times" });
  #label = make("input", { name: "label", maxLength: 100, autocomplete: "off", dir: "auto" });
  #link = make("input", { name: "link", readOnly: true, dir: "ltr", hidden: true });
  #status = make("p", { role: "status" });
  #list = make("ul", { className: "shares" });
  #form = make("form");
  #dialog = make("dialog", { id: "share" });

  constructor(state) {
    this.#state = state;
    const close = this.#text("button", "close", { type: "button" });
    close.addEventListener("click", () => this.#dialog.close());
    const choice = (input, name) => make("label", { className: "check" }, input, this.#text("span", name));
    const field = (name, input) => make("label", { className: "field" }, this.#text("span", name), input);
    const copy = this.#text("button", "shareCopy", { className: "main", autofocus: true });
    const title = this.#text("h2", "share", { id: "share-title" });
    this.#form.append(title,
      make("fieldset", { className: "span" }, choice(this.#part, "sharePart"),
        make("span", { className: "times", dir: "ltr" }, this.#from, "–", this.#to)),
      choice(this.#whole, "shareWhole"),
      make("div", { className: "fields" }, field("shareFor", this.#days), field("shareTimes", this.#times),
        field("shareLabel", this.#label)),
      this.#link, this.#status,
      make("p", { className: "links" }, copy, close));
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#make();
    });
    for (const one of [this.#from, this.#to]) {
      one.addEventListener("focus", () => { this.#part.checked = true; });
    }
    this.#dialog.setAttribute("aria-labelledby", "share-title");
    this.#dialog.append(this.#form, this.#list);
    document.body.append(this.#dialog);
    state.on("language", () => this.#show());
  }

  /** Proposes the minute around where the player stands. */
  async open(call, player) {
    const { part, time: at } = player.place;
    this.#call = call;
    this.#recording = part?.startsWith("RE") ? part : null;
    const several = (call.recordings?.length ?? call.recordings) > 1;
    const length = several || !player.duration ? Infinity : Math.ceil(player.duration);
    const to = Math.min(length, Math.max(at + AFTER_S, BEFORE_S + AFTER_S));
    this.#from.value = clock(Math.max(0, to - BEFORE_S - AFTER_S));
    this.#to.value = clock(to);
    this.#part.checked = true;
    this.#link.hidden = true;
    this.#say = () => "";
    this.#shares = [];
    this.#show();
    this.#dialog.showModal();
    await this.#load();
  }

  #text(tag, name, props) { return this.#said[name] = make(tag, props); }

  #show() {
    const { language: lang } = this.#state;
    const words = wordsOf(lang);
    for (const [name, one] of Object.entries(this.#said)) one.textContent = words[name];
    this.#from.ariaLabel = words.shareFrom;
    this.#to.ariaLabel = words.shareTo;
    this.#link.ariaLabel = words.shareLink;
    const options = (select, values, name, chosen) => {
      const now = select.options.length ? select.selectedIndex : values.indexOf(chosen);
      select.replaceChildren(...values.map((value) =>
        make("option", { value: value ?? "" }, words[name](value))));
      select.selectedIndex = now;
    };
    options(this.#days, DAYS, "days", 7);
    options(this.#times, TIMES, "times", null);
    this.#status.textContent = this.#say(words, lang);
    this.#list.hidden = !this.#shares.length;
    this.#list.ariaLabel = words.shares;
    this.#list.replaceChildren(...this.#shares.map((one) => this.#line(one, words, lang)));
  }

  #line(share, words, lang) {
    const { from, to, listenings, listened, revoked_at: revoked, expires_at: expires, label, by } = share;
    const over = revoked ? words.revoked : new Date(expires) < new Date() ? words.shareOver : "";
    const known = facts(to === null ? words.shareWhole : `\u2066${clock(from ?? 0)}–${clock(to)}\u2069`, by,
      over || words.validUntil(dateOf(lang, new Date(expires))), words.listened(listened ?? 0, listenings));
    const line = make("li", {}, make("b", { dir: "auto" }, label || words.shareNoLabel),
      make("p", { className: "by" }, ...known));
    if (over) return line;
    const revoke = make("button", { type: "button" }, words.revoke);
    revoke.ariaLabel = `${words.revoke}: ${label || words.shareNoLabel}`;
    revoke.addEventListener("click", () => this.#revoke(share));
    line.append(revoke);
    return line;
  }

  #tell(say) {
    this.#say = say;
    this.#show();
  }

  #ask(what, options) {
    const path = `api/calls/${this.#call.call_sid}/shares${what}`;
    return this.#server.ask(path, new AbortController().signal, options);
  }

  async #load() {
    const { call_sid: sid } = this.#call;
    const answer = await this.#ask("");
    if (sid !== this.#call.call_sid || !isDone(answer)) return;
    this.#shares = answer.body.shares;
    this.#show();
  }

  get #wish() {
    const part = this.#part.checked;
    return {
      recording: this.#recording,
      from: part ? secondsOf(this.#from.value) : null,
      to: part ? secondsOf(this.#to.value) : null,
      expires_in: Number(this.#days.value) * DAY_S,
      listenings: Number(this.#times.value) || null,
      label: this.#label.value.trim(),
    };
  }

  async #make() {
    const wish = this.#wish;
    if (wish.from !== null && !(wish.from < wish.to)) return void this.#tell((words) => words.shareOrder);
    const answer = await this.#ask("", { method: "POST",
      headers: { "Content-Type": "application/json" }, body: JSON.stringify(wish) });
    if (!isDone(answer)) return void this.#tell((words, lang) => whyOf(lang, answer));
    await this.#copy(answer.body.url);
    await this.#load();
  }

  async #copy(url) {
    Object.assign(this.#link, { value: url, hidden: false });
    try {
      await navigator.clipboard.writeText(url);
      this.#tell((words) => words.shareCopied);
    } catch {
      this.#tell((words) => words.shareTake);
      this.#link.select();
    }
  }

  async #revoke({ id }) {
    const answer = await this.#ask(`/${id}`, { method: "DELETE" });
    this.#tell((words, lang) => (isDone(answer) ? words.shareRevoked : whyOf(lang, answer)));
    await this.#load();
  }
}
