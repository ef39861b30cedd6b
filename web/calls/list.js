/** The calls that are listed, day by day. */

import { make } from "../player/make.js";
import { Row } from "./row.js";
import { wordsOf } from "./words.js";

export class List {
  #element;
  #state;
  #services;

  /** @param {{deck: Deck, marks: Marks}} services what its rows need */
  constructor(element, state, services) {
    this.#element = element;
    this.#state = state;
    this.#services = services;
    state.on("language", () => this.#speak());
    state.on("playing", (playing) => state.rows.forEach((row) => row.turn(playing)));
    state.on("learned", ({ sid, changes }) => state.rows.get(sid)?.learn(changes));
  }

  set busy(busy) { this.#element.ariaBusy = String(busy); }

  clear() {
    this.#state.set({ rows: new Map() });
    this.#element.replaceChildren();
  }

  /** Those that are not listed yet, after all others or before them; gives how many. */
  add(calls, where = "append") {
    const { rows, language, playing } = this.#state;
    const fresh = calls.filter((call) => !rows.has(call.call_sid))
      .map((call) => new Row(call, this.#services));
    for (const row of fresh) {
      row.show(language);
      row.turn(playing);
    }
    const mapped = fresh.map((row) => [row.sid, row]);
    this.#state.set({ rows: new Map(where === "append" ? [...rows, ...mapped] : [...mapped, ...rows]) });
    for (const row of where === "append" ? fresh : fresh.reverse()) this.#place(row, where);
    return fresh.length;
  }

  /** What is known of calls that may be listed already. */
  renew(calls) {
    const { rows, language } = this.#state;
    for (const call of calls) rows.get(call.call_sid)?.show(language, call);
  }

  #place(row, where) {
    const { key, name } = row.day(wordsOf(this.#state.language));
    let day = where === "append" ? this.#element.lastElementChild : this.#element.firstElementChild;
    if (day?.dataset.day !== key) {
      day = make("section", { className: "day" }, make("h2", {}, name), make("ol"));
      Object.assign(day.dataset, { day: key, first: row.sid });
      this.#element[where](day);
    }
    day.lastElementChild[where](row.element);
  }

  #speak() {
    const { rows, language } = this.#state;
    for (const row of rows.values()) row.show(language);
    for (const day of this.#element.children) {
      day.querySelector("h2").textContent = rows.get(day.dataset.first).day(wordsOf(language)).name;
    }
  }
}
