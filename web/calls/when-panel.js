/** Choosing days: by name, by a press on a day of five weeks, or from one to another. */

import { make } from "../player/make.js";
import { NAMED, between, dayOf, daysAfter, isoOf, spanOf } from "./when.js";

const WEEKS = 5;

export class Panel {
  #filters;
  #state;
  #sheet;
  #words;
  #end = null; // the last day of the weeks that are shown
  #named = make("div", { className: "choices", role: "group" });
  #days = make("div", { className: "days", role: "group" });
  #title = make("b");
  #ways = [-1, 1].map((way) => make("button", { type: "button" }, way < 0 ? "‹" : "›"));
  #ends = [0, 1].map(() => make("input", { type: "date" }));
  #names = [0, 1].map(() => make("span"));

  constructor(sheet, filters, state) {
    this.#sheet = sheet;
    this.#filters = filters;
    this.#state = state;
    this.#ways.forEach((button, i) => button.addEventListener("click", () => {
      this.#end = daysAfter(this.#end, (i * 2 - 1) * WEEKS * 7);
      this.show(this.#words);
    }));
    for (const end of this.#ends) {
      end.addEventListener("change", () => this.#choose(between(...this.#ends.map(({ value }) => value))));
    }
    const month = make("div", { className: "month" },
      make("div", { className: "turn" }, this.#ways[0], this.#title, this.#ways[1]), this.#days);
    const ends = make("div", { className: "ends" }, ...this.#ends.map((end, i) =>
      make("label", {}, this.#names[i], end)));
    sheet.replaceChildren(this.#named, make("div", {}, month, ends));
  }

  show(words) {
    this.#words = words;
    const when = this.#state.filter.get("when") ?? "";
    const span = when ? spanOf(when) : null;
    const last = span?.to ? daysAfter(span.to, -1) : null;
    this.#named.replaceChildren(...["", ...NAMED].map((name) => {
      const choice = make("button", { type: "button", ariaPressed: String(name === when) },
        name ? words.when[name] : words.anyTime);
      choice.addEventListener("click", () => this.#choose(name, true));
      return choice;
    }));
    this.#showDays(words, span);
    [words.from, words.to].forEach((name, i) => { this.#names[i].textContent = name; });
    [span?.from, last].forEach((day, i) => { this.#ends[i].value = day ? isoOf(day) : ""; });
  }

  #showDays(words, span) {
    const today = daysAfter(new Date(), 0);
    this.#end ??= daysAfter(today, (words.firstDay + 6 - today.getDay() + 7) % 7);
    const first = daysAfter(this.#end, 1 - WEEKS * 7);
    const days = Array.from({ length: WEEKS * 7 }, (_, i) => daysAfter(first, i));
    const write = (date, how) => date.toLocaleDateString(words.locale, how);
    const months = [...new Set([first, this.#end].map((date) => write(date, { month: "long", year: "numeric" })))];
    this.#title.textContent = months.join(" – ");
    [words.earlier, words.later].forEach((name, i) =>
      Object.assign(this.#ways[i], { title: name, ariaLabel: name }));
    this.#ways[1].disabled = this.#end >= today;
    const heads = days.slice(0, 7).map((date) =>
      make("i", { ariaHidden: "true" }, write(date, { weekday: "narrow" })));
    this.#days.replaceChildren(...heads, ...days.map((date) => {
      const chosen = span && date >= (span.from ?? 0) && date < (span.to ?? daysAfter(today, 1));
      const day = make("button", { type: "button", disabled: date > today, data: { day: isoOf(date) },
        ariaLabel: write(date, { weekday: "long", day: "numeric", month: "long" }),
        ariaPressed: String(Boolean(chosen)) }, String(date.getDate()));
      if (isoOf(date) === isoOf(today)) day.ariaCurrent = "date";
      day.addEventListener("click", ({ shiftKey }) => this.#press(day.dataset.day, shiftKey));
      return day;
    }));
  }

  /** With Shift, from the day that was chosen to this one. */
  #press(day, shift) {
    const [first] = (this.#state.filter.get("when") ?? "").split("..");
    this.#choose(shift && dayOf(first) ? between(first, day) : day, !shift);
  }

  #choose(when, closes = false) {
    this.#filters.set({ when: when === ".." ? "" : when });
    if (closes) this.#sheet.hidePopover();
  }
}
