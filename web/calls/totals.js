/** What all that is filtered comes to, and a button that takes it away as a table. */

import { Server } from "../player/ask.js";
import { make } from "../player/make.js";
import { wordsOf as playerWords } from "../player/messages.js";
import { queryOf } from "./query.js";
import { filterWordsOf, lengthInWords } from "./words.js";

const get = (id) => document.getElementById(id);
const SIDES = ["agent", "customer", "silence"];

export class Totals {
  #element = get("totals");
  #state;
  #work = new AbortController();
  #totals = null;

  constructor(state) {
    this.#state = state;
    state.on("language", () => this.#show());
    state.on("signedIn", (signedIn) => !signedIn && this.#forget());
  }

  #forget() {
    this.#work.abort();
    this.#totals = null;
    this.#show();
  }

  /** Counts anew; until that is there, what was counted last stands, greyed. */
  async load() {
    this.#work.abort();
    const { signal } = this.#work = new AbortController();
    this.#element.ariaBusy = "true";
    const query = queryOf(this.#state.filter);
    get("csv").href = `api/calls.csv?${query}`;
    const server = new Server(document.baseURI);
    const answer = await server.ask(`api/calls/totals?${query}`, signal).catch(() => null);
    if (!answer) return; // another filter is counted
    this.#totals = answer.status === 200 ? answer.body : null;
    this.#show();
  }

  #show() {
    const totals = this.#totals;
    get("csv").hidden = !totals?.calls;
    this.#element.ariaBusy = "false";
    this.#element.replaceChildren(...totals?.calls ? this.#parts(totals) : []);
  }

  #parts({ calls, seconds, missed, talk, complete }) {
    const { language } = this.#state;
    const words = filterWordsOf(language);
    const count = words.calls(calls.toLocaleString(words.locale), calls);
    const said = [complete ? count : words.noLess(count), lengthInWords(words, seconds)];
    if (missed > 0) said.push(words.missedOf(missed.toLocaleString(words.locale), missed));
    const facts = said.map((one, i) => make(i === 0 ? "b" : "span", {}, one));
    const whole = talk ? SIDES.reduce((sum, side) => sum + talk[`${side}_s`], 0) : 0;
    return whole > 0 ? [...facts, ...this.#talk(talk, whole, words)] : facts;
  }

  /** Who talked how much. */
  #talk(talk, whole, words) {
    const { language } = this.#state;
    const names = { ...playerWords(language), silence: words.silence };
    const share = (side) => talk[`${side}_s`] / whole;
    const percent = new Intl.NumberFormat(words.locale, { style: "percent" });
    const bar = make("span", { className: "talk", ariaHidden: "true" }, ...SIDES.map((side) => {
      const one = make("i", { data: { who: side } });
      one.style.flexGrow = share(side);
      return one;
    }));
    return [bar, ...SIDES.map((side) => make("span", { data: { who: side } },
      `${names[side]} ${percent.format(share(side))}`))];
  }
}
