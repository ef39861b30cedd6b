/** The calls that are listed, day by day. */

import { make } from "../player/make.js";
import { Row } from "./row.js";
import { wordsOf } from "./words.js";

/** As the API lists them. */
const newestFirst = ({ call: a }, { call: b }) =>
  new Date(b.created_at) - new Date(a.created_at) || (a.call_sid < b.call_sid ? 1 : -1);

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

  /** Those that are not listed yet, each where it belongs: the newest stands first. Gives how many. */
  add(calls) {
    const { rows, language, playing } = this.#state;
    const fresh = calls.filter((call) => !rows.has(call.call_sid))
      .map((call) => new Row(call, this.#services));
    for (const row of fresh) {
      row.show(language);
      row.turn(playing);
    }
    const all = [...rows.values(), ...fresh].sort(newestFirst);
    this.#state.set({ rows: new Map(all.map((row) => [row.sid, row])) });
    fresh.sort(newestFirst).reverse().forEach((row) => this.#place(row, all[all.indexOf(row) + 1]));
    return fresh.length;
  }

  /** Before the row that follows, which stands already. */
  #place(row, next) {
    const { key, name } = row.day(wordsOf(this.#state.language));
    const follows = next?.element.closest(".day") ?? null;
    let day = [...this.#element.children].find((one) => one.dataset.day === key);
    if (!day) {
      day = make("section", { className: "day" }, make("h2", {}, name), make("ol"));
      Object.assign(day.dataset, { day: key, first: row.sid });
      this.#element.insertBefore(day, follows);
    }
    day.lastElementChild.insertBefore(row.element, day === follows ? next.element : null);
  }

  #speak() {
    const { rows, language } = this.#state;
    for (const row of rows.values()) row.show(language);
    for (const day of this.#element.children) {
      day.querySelector("h2").textContent = rows.get(day.dataset.first).day(wordsOf(language)).name;
    }
  }
}
