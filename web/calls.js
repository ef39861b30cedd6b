/** The calls page: who is signed in, which calls are shown, and in which language. */

import "./recording-player.js";
import { Server, callOf } from "./player/ask.js";
import { serverWords } from "./player/messages.js";
import { make } from "./player/make.js";
import { Row } from "./calls/row.js";
import { enter, isAnothers, leave, takeToken, tokenIn } from "./calls/session.js";
import { wordsOf } from "./calls/words.js";

const LANGUAGE = "tapedeck-language";
const LINK = /^#(CA[0-9a-fA-F]{32})(?:&part=((?:RE|CA)[0-9a-fA-F]{32}))?(?:&t=(\d+))?$/;
const TYPING_MS = 300;
const EMPTY_PAGES = 30;
const SERVER = new Server(document.baseURI);
/** An answer, or null where something newer was wanted meanwhile. */
const newest = (answer) => answer.catch(() => null);
const get = (id) => document.getElementById(id);

class Page {
  #lang = this.#remembered();
  #rows = new Map();
  #cursor = null;
  #work = new AbortController();
  #notice = () => [];
  #typing = 0;

  constructor() {
    const filters = get("filters");
    filters.addEventListener("input", ({ target }) => {
      clearTimeout(this.#typing);
      if (target.type === "search") this.#typing = setTimeout(() => this.#load(), TYPING_MS);
    });
    filters.addEventListener("change", ({ target }) => {
      if (target.type !== "search") this.#load();
    });
    filters.addEventListener("submit", (event) => event.preventDefault());
    get("signin").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#enter(tokenIn(event.target.token.value));
    });
    get("language").addEventListener("click", () => this.#speak(wordsOf(this.#lang).otherLang));
    get("leave").addEventListener("click", () => this.#leave());
    get("more").addEventListener("click", () => this.#load(this.#cursor));
    get("refresh").addEventListener("click", () => this.#refresh());
    addEventListener("hashchange", () => this.#arrive());
    document.addEventListener("recording-state", ({ detail }) => {
      if (detail.reason === "signin") this.#signIn();
    });
  }

  async start() {
    this.#readFilters();
    this.#speak(this.#lang);
    await this.#arrive(true);
  }

  // Languages.

  #remembered() {
    try {
      const kept = localStorage.getItem(LANGUAGE);
      if (kept) return kept;
    } catch {
      // a browser may keep nothing
    }
    return /^(he|iw)\b/i.test(navigator.language) ? "he" : "en";
  }

  #speak(lang) {
    this.#lang = lang === "he" ? "he" : "en";
    const words = wordsOf(this.#lang);
    Object.assign(document.documentElement, { lang: this.#lang, dir: words.dir });
    document.title = `${words.title} · Tapedeck`;
    for (const one of document.querySelectorAll("[data-say]")) {
      one.textContent = words[one.dataset.say];
    }
    for (const one of document.querySelectorAll("[data-name]")) {
      one.ariaLabel = words[one.dataset.name];
      if (one.type === "search") one.placeholder = one.ariaLabel;
    }
    Object.assign(get("language"), { textContent: words.other, lang: words.otherLang });
    for (const row of this.#rows.values()) row.show(this.#lang);
    for (const day of document.querySelectorAll(".day")) {
      day.querySelector("h2").textContent = this.#rows.get(day.dataset.first).day(words).name;
    }
    this.#say(this.#notice);
    try {
      localStorage.setItem(LANGUAGE, this.#lang);
    } catch {
      // then until the page is left
    }
  }

  /** Shows what `parts(words)` gives, now and in whichever language is chosen later. */
  #say(parts) {
    this.#notice = parts;
    get("notice").replaceChildren(...parts(wordsOf(this.#lang)));
  }

  // Signing in.

  /** By an address: with a token, to a moment of a call, or plain. */
  async #arrive(first = false) {
    const token = takeToken();
    if (token && !isAnothers(token)) return this.#enter(token);
    if (token || first) await this.#load();
    if (token) return get("signin").hidden ? this.#askWho(token) : this.#enter(token);
    return first ? undefined : this.#goTo();
  }

  /** A link may not make somebody somebody else without a word. */
  #askWho(token) {
    this.#say((words) => {
      const enterAnew = make("button", { type: "button" }, words.switch);
      enterAnew.addEventListener("click", () => this.#enter(token));
      const stay = make("button", { type: "button" }, words.stay);
      stay.addEventListener("click", () => this.#say(() => []));
      return [make("p", {}, words.somebodyElse), enterAnew, stay];
    });
  }

  async #enter(token) {
    const answer = await newest(enter(token, this.#begin()));
    if (!answer) return;
    if (answer.status === 200) return void (await this.#load());
    this.#signIn(answer.status === 401 ? wordsOf(this.#lang).refused : this.#wordsFor(answer));
  }

  #signIn(why = "") {
    this.#begin();
    this.#clear();
    this.#showParts(false);
    get("signin").querySelector("[role=alert]").textContent = why;
    get("signin").token.focus();
  }

  async #leave() {
    if (await newest(leave(this.#begin()))) this.#signIn();
  }

  #showParts(signedIn) {
    for (const id of ["filters", "leave", "refresh"]) get(id).hidden = !signedIn;
    get("signin").hidden = signedIn;
    if (signedIn) get("signin").reset();
  }

  // The list.

  /** The signal of what happens next; what happened until now is over. */
  #begin() {
    this.#work.abort();
    this.#work = new AbortController();
    return this.#work.signal;
  }

  #clear() {
    this.#rows.clear();
    get("list").replaceChildren();
    get("more").hidden = true;
    this.#say(() => []);
  }

  #query() {
    const chosen = [...new FormData(get("filters"))].filter(([, value]) => value.trim() !== "");
    return new URLSearchParams(chosen);
  }

  #readFilters() {
    for (const [name, value] of new URLSearchParams(location.search)) {
      const field = get("filters").elements[name];
      if (field?.type === "checkbox") field.checked = true;
      else if (field) field.value = value;
    }
  }

  /** A search through very many calls stops now and then, perhaps with an empty page: then on. */
  async #fetch(query, signal) {
    get("list").ariaBusy = "true";
    try {
      for (let pages = 1; ; pages += 1) {
        const answer = await SERVER.ask(`api/calls?${query}`, signal);
        const next = answer.body?.calls?.length === 0 && answer.body.next_cursor;
        if (!next || pages === EMPTY_PAGES) return answer;
        query.set("cursor", next);
      }
    } finally {
      get("list").ariaBusy = "false";
    }
  }

  async #load(cursor = null) {
    const signal = this.#begin();
    const query = this.#query();
    const shown = query.size ? `?${query}` : location.pathname;
    history.replaceState(null, "", shown + location.hash);
    if (cursor) query.set("cursor", cursor);
    const first = this.#rows.size === 0;
    this.#say((words) => (first ? [make("p", { className: "hint" }, words.loading)] : []));
    get("more").disabled = true;
    const answer = await newest(this.#fetch(query, signal));
    if (!answer) return;
    get("more").disabled = false;
    if (!cursor) this.#clear();
    if (answer.status !== 200) return void this.#fail(answer, () => this.#load(cursor));
    this.#showParts(true);
    const unseen = answer.body.calls.filter((call) => !this.#rows.has(call.call_sid));
    this.#append(unseen.map((call) => new Row(call)));
    this.#cursor = answer.body.next_cursor;
    get("more").hidden = !this.#cursor;
    this.#say((words) => (this.#rows.size || this.#cursor ? [] : this.#empty(words)));
    if (!cursor) await this.#goTo();
  }

  async #refresh() {
    const answer = await newest(this.#fetch(this.#query(), this.#begin()));
    if (!answer) return;
    if (answer.status !== 200) return void this.#fail(answer, () => this.#refresh());
    const fresh = answer.body.calls.filter((call) => !this.#rows.has(call.call_sid));
    for (const call of answer.body.calls) this.#rows.get(call.call_sid)?.show(this.#lang, call);
    this.#append(fresh.reverse().map((call) => new Row(call)), "prepend");
    this.#say((words) => [make("p", { className: "hint" }, words.fresh(fresh.length))]);
  }

  #append(rows, where = "append") {
    const words = wordsOf(this.#lang);
    for (const row of rows) {
      this.#rows.set(row.sid, row);
      row.show(this.#lang);
      const { key, name } = row.day(words);
      const list = get("list");
      let day = where === "append" ? list.lastElementChild : list.firstElementChild;
      if (day?.dataset.day !== key) {
        day = make("section", { className: "day" }, make("h2", {}, name), make("ol"));
        Object.assign(day.dataset, { day: key, first: row.sid });
        list[where](day);
      }
      day.lastElementChild[where](row.element);
    }
  }

  #empty(words) {
    const filtered = this.#query().size > 0;
    const head = make("h2", {}, filtered ? words.noMatch : words.empty);
    if (!filtered) return [head, make("p", { className: "hint" }, words.emptyHow)];
    const clear = make("button", { type: "button" }, words.clear);
    clear.addEventListener("click", () => {
      get("filters").reset();
      this.#load();
    });
    return [head, clear];
  }

  #fail(answer, again) {
    if (answer.status === 401) return this.#signIn();
    this.#showParts(true);
    return this.#say((words) => {
      const retry = make("button", { type: "button" }, words.retry);
      retry.addEventListener("click", again);
      return [make("p", {}, this.#wordsFor(answer)), retry];
    });
  }

  #wordsFor(answer) {
    const words = wordsOf(this.#lang);
    return serverWords(this.#lang, answer.body) || (answer.status ? words.wrong : words.offline);
  }

  /** To the call in the address, which may be older than the list reaches. */
  async #goTo() {
    const link = LINK.exec(location.hash);
    if (!link) return;
    const [, sid, part, seconds] = link;
    if (!this.#rows.has(sid)) {
      const answer = await newest(callOf(SERVER, sid, this.#work.signal));
      if (!answer) return;
      if (answer.status !== 200) return void this.#fail(answer, () => this.#goTo());
      this.#append([new Row(answer.body)], "prepend");
    }
    this.#rows.get(sid).goTo(Number(seconds ?? 0), part);
  }
}

new Page().start();

navigator.serviceWorker?.addEventListener("message", ({ data }) => {
  if (LINK.test(data?.open)) location.hash = data.open;
});
navigator.serviceWorker?.register("service-worker.js").catch(() => {}); // it works without, too
