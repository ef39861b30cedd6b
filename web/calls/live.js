/**
 * What happens while the page is open: one quiet request for all of it, none in a hidden tab. Changes of
 * calls that are listed are shown where they stand; new ones are counted at the top, and come when
 * somebody wants them, so that nothing moves that is being read.
 */

import { make } from "../player/make.js";
import { fits, queryOf } from "./query.js";
import { wordsOf } from "./words.js";

const [OFTEN_S, SELDOM_S, FAILED_S] = [4, 30, 300];
const SLOWER = 1.5;

export class Live {
  #element = document.getElementById("news");
  #state;
  #server;
  #show;
  #renew;
  #since = null; // the server's word for how far we know
  #wait = OFTEN_S;
  #work = null; // the request that is out
  #timer = 0;
  #gone = false; // the server knows no such address
  #news = new Map();
  #words = null; // what is said besides

  /**
   * @param {object} page `show(calls)` puts new calls into the list; `renew(call)` hears of a changed one
   *   that is listed or plays
   */
  constructor(state, server, { show, renew }) {
    [this.#state, this.#server, this.#show, this.#renew] = [state, server, show, renew];
    state.on("signedIn", () => this.#turn());
    state.on("filter", () => this.forget());
    state.on("language", () => this.#tell());
    document.addEventListener("visibilitychange", () => this.#turn());
  }

  /** The list is as new as can be. */
  forget() {
    this.#news.clear();
    this.say(null);
  }

  /** Something to be read at the top, by `text(words)`, until there is other news. */
  say(text) {
    this.#words = text;
    this.#tell();
  }

  #turn() {
    const on = this.#state.signedIn && document.visibilityState === "visible" && !this.#gone;
    if (on && !this.#work) this.#ask();
    if (on) return;
    clearTimeout(this.#timer);
    this.#work?.abort();
    this.#work = null;
    if (!this.#state.signedIn) {
      this.#since = null;
      this.forget();
    }
  }

  async #ask() {
    const { signal } = this.#work = new AbortController();
    const query = this.#since === null ? "" : `?${new URLSearchParams({ since: this.#since })}`;
    const answer = await this.#server.ask(`api/calls/changes${query}`, signal).catch(() => null);
    if (!answer) return; // nobody looks any more
    this.#gone = answer.status === 404;
    if (answer.status === 200) this.#take(answer.body);
    else if (answer.status === 204) this.#rest();
    else this.#fail(answer.status);
    if (answer.body.more) await this.#lookAnew(signal);
    if (signal.aborted) return;
    this.#timer = setTimeout(() => {
      this.#work = null;
      this.#turn();
    }, this.#wait * 1000);
  }

  #rest() { this.#wait = Math.min(SELDOM_S, this.#wait * SLOWER); }

  /** What the server will not give today is asked for seldom; a place in time that it has forgotten, anew. */
  #fail(status) {
    this.#wait = Math.min(FAILED_S, this.#wait * 2);
    if (status === 400) this.#since = null;
  }

  /** After a long time away: the list's first page says what there is. */
  async #lookAnew(signal) {
    const query = queryOf(this.#state.filter);
    const answer = await this.#server.ask(`api/calls?${query}`, signal).catch(() => null);
    if (answer?.status === 200) this.#take(answer.body);
  }

  #take({ now, calls = [] }) {
    this.#since = now ?? this.#since;
    if (calls.length) this.#wait = OFTEN_S;
    else this.#rest();
    for (const call of calls) this.#hear(call);
    if (calls.length) this.#tell();
  }

  #hear(call) {
    const { rows, filter, playing } = this.#state;
    const { call_sid: sid } = call;
    const newest = [...rows.values()][0]?.call;
    const isNew = !newest || Date.parse(call.created_at) > Date.parse(newest.created_at);
    if (rows.has(sid) || playing?.sid === sid) this.#renew(call);
    if (rows.has(sid)) return;
    if (isNew && !filter.has("search") && fits(call, filter)) this.#news.set(sid, call);
    else this.#news.delete(sid);
  }

  #tell() {
    const words = wordsOf(this.#state.language);
    const parts = [];
    if (this.#news.size) {
      const button = make("button", { type: "button" }, words.newCalls(this.#news.size));
      button.addEventListener("click", () => this.#bring());
      parts.push(button);
    } else if (this.#words) parts.push(make("p", {}, this.#words(words)));
    this.#element.replaceChildren(...parts);
  }

  #bring() {
    const calls = [...this.#news.values()];
    this.forget();
    this.#show(calls);
  }
}
