/** The calls page: what its pieces (calls/) do together. */

import "./recording-player.js";
import { Server, callOf } from "./player/ask.js";
import { make } from "./player/make.js";
import { Deck } from "./calls/deck.js";
import { DeckTools } from "./calls/deck-tools.js";
import { Filters } from "./calls/filters.js";
import { Keys } from "./calls/keys.js";
import { startLanguage } from "./calls/language.js";
import { List } from "./calls/list.js";
import { Live } from "./calls/live.js";
import { Marks } from "./calls/marks.js";
import { Notice } from "./calls/notice.js";
import { queryOf } from "./calls/query.js";
import { SignIn, newest } from "./calls/signin.js";
import { watchStars } from "./calls/star.js";
import { State } from "./calls/state.js";
import { Totals } from "./calls/totals.js";

const LINK = /^#(CA[0-9a-fA-F]{32})(?:&part=((?:RE|CA)[0-9a-fA-F]{32}))?(?:&t=(\d+))?$/;
const EMPTY_PAGES = 30;
const STEP_S = 10;
const SERVER = new Server(document.baseURI);
const get = (id) => document.getElementById(id);

class Page {
  #state = new State();
  #work = new AbortController();
  #notice = new Notice(get("notice"), this.#state);
  #deck = new Deck(get("deck"), this.#state, {
    more: () => this.#more(), call: (sid) => this.#callOf(sid) });
  #marks = new Marks(SERVER, this.#state);
  #list = new List(get("list"), this.#state,
    { deck: this.#deck, marks: this.#marks, state: this.#state });
  #filters = new Filters(this.#state);
  #signIn = new SignIn(this.#state, this.#notice,
    { begin: () => this.#begin(), load: () => this.#load() });
  #totals = new Totals(this.#state);
  #live = new Live(this.#state, SERVER, {
    show: (calls) => this.#bring(calls), renew: (call) => this.#renew(call) });
  #cursor = null;

  async start() {
    this.#equip();
    startLanguage(this.#state);
    this.#state.on("filter", () => this.#load());
    this.#state.on("signedIn", (signedIn) => !signedIn && this.#clear());
    get("more").addEventListener("click", () => this.#load(this.#cursor));
    get("refresh").addEventListener("click", () => this.#refresh());
    addEventListener("hashchange", async () => {
      if (!await this.#signIn.arrive()) await this.#goTo();
    });
    if (!await this.#signIn.arrive()) await this.#load();
  }

  /** What is done with keys, and with the call that plays. */
  #equip() {
    const deck = this.#deck;
    const tools = new DeckTools(deck, this.#state, this.#marks, () => keys.open());
    const keys = new Keys(this.#state, {
      toggle: () => deck.toggle(), back: () => deck.jump(-STEP_S), forward: () => deck.jump(STEP_S),
      next: () => deck.step(1), previous: () => deck.step(-1), star: () => tools.star(),
      tag: () => tools.tag(), note: () => tools.note(), search: () => get("filters").search.focus(),
    });
    watchStars(this.#marks, (sid) => (sid === deck.sid ? deck.call : this.#state.rows.get(sid)?.call));
  }

  /** A call in full, or null. */
  async #callOf(sid) {
    const { status, body } = await callOf(SERVER, sid, new AbortController().signal);
    return status === 200 ? body : null;
  }

  /** The signal of what happens next; what happened until now is over. */
  #begin() {
    this.#work.abort();
    this.#work = new AbortController();
    return this.#work.signal;
  }

  #clear() {
    this.#list.clear();
    get("more").hidden = true;
    this.#notice.hush();
  }

  /** A search through very many calls stops now and then, perhaps with an empty page: then on. */
  async #fetch(signal, cursor = null) {
    const query = queryOf(this.#state.filter);
    if (cursor) query.set("cursor", cursor);
    this.#list.busy = true;
    try {
      for (let pages = 1; ; pages += 1) {
        const answer = await SERVER.ask(`api/calls?${query}`, signal);
        const next = answer.body?.calls?.length === 0 && answer.body.next_cursor;
        if (!next || pages === EMPTY_PAGES) return answer;
        query.set("cursor", next);
      }
    } finally {
      this.#list.busy = false;
    }
  }

  async #load(cursor = null) {
    const signal = this.#begin();
    if (this.#state.rows.size) this.#notice.hush();
    else this.#notice.hint((words) => words.loading);
    get("more").disabled = true;
    const answer = await newest(this.#fetch(signal, cursor));
    if (!answer) return;
    get("more").disabled = false;
    if (!cursor) this.#clear();
    if (answer.status !== 200) return void this.#fail(answer, () => this.#load(cursor));
    this.#state.set({ signedIn: true });
    this.#list.add(answer.body.calls);
    this.#cursor = answer.body.next_cursor;
    get("more").hidden = !this.#cursor;
    if (this.#state.rows.size || this.#cursor) this.#notice.hush();
    else this.#notice.say((words) => this.#empty(words));
    if (cursor) return;
    this.#totals.load();
    await this.#goTo();
  }

  /** Whether there were more. */
  async #more() {
    const { size } = this.#state.rows;
    if (this.#cursor) await this.#load(this.#cursor);
    return this.#state.rows.size > size;
  }

  async #refresh() {
    this.#live.say((words) => words.loading);
    const answer = await newest(this.#fetch(this.#begin()));
    if (!answer) return;
    if (answer.status !== 200) return void this.#fail(answer, () => this.#refresh());
    this.#live.forget();
    for (const call of answer.body.calls) this.#renew(call);
    const count = this.#bring(answer.body.calls);
    this.#live.say((words) => words.fresh(count));
  }

  /** A call has changed, as the list has it: what else is seen of it is asked for. */
  async #renew(call) {
    const { call_sid: sid } = call;
    this.#state.learn(sid, call);
    if (this.#state.rows.get(sid)?.reload() || this.#deck.sid !== sid) return;
    const full = await this.#callOf(sid);
    if (full) this.#deck.know(full);
  }

  /** Calls that are new: somebody has asked for them. Gives how many. */
  #bring(calls) {
    const count = this.#list.add(calls);
    if (this.#state.rows.size) this.#notice.hush();
    if (!count) return 0;
    scrollTo({ top: 0 });
    this.#totals.load();
    return count;
  }

  #empty(words) {
    const filtered = this.#state.filter.size > 0;
    const head = make("h2", {}, filtered ? words.noMatch : words.empty);
    if (!filtered) return [head, make("p", { className: "hint" }, words.emptyHow)];
    const clear = make("button", { type: "button" }, words.clear);
    clear.addEventListener("click", () => this.#filters.clear());
    return [head, clear];
  }

  #fail(answer, again) {
    if (answer.status === 401) return this.#signIn.ask("", answer.body.login_url);
    this.#state.set({ signedIn: true });
    return this.#notice.fail(answer, again);
  }

  /** To the call in the address, which may be older than the list reaches. */
  async #goTo() {
    const link = LINK.exec(location.hash);
    if (!link) return;
    const [, sid, part, seconds] = link;
    if (!this.#state.rows.has(sid)) {
      const answer = await newest(callOf(SERVER, sid, this.#work.signal));
      if (!answer) return;
      if (answer.status !== 200) return void this.#fail(answer, () => this.#goTo());
      this.#list.add([answer.body]);
    }
    this.#state.rows.get(sid).goTo(Number(seconds ?? 0), part);
  }
}

new Page().start();

navigator.serviceWorker?.addEventListener("message", ({ data }) => {
  if (LINK.test(data?.open)) location.hash = data.open;
});
navigator.serviceWorker?.register("service-worker.js").catch(() => {}); // it works without, too
