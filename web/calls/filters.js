/** Which calls are wanted: fields, chips and the address, all of them views of `state.filter`. */

import { make } from "../player/make.js";
import { chipsOf } from "./chips.js";
import { keepFilter, keptFilter } from "./kept.js";
import { filterOf, partyOf } from "./query.js";
import { openSheet } from "./sheet.js";
import { whenName } from "./when.js";
import { filterWordsOf } from "./words.js";

const TYPING_MS = 300;
const get = (id) => document.getElementById(id);

export class Filters {
  #form = get("filters");
  #state;
  #typing = 0;
  #typed = false; // whether the newest entry of the history came by typing
  #panels = {};
  /** What the server knows to choose from, `{ agents, lines, tags }`, once somebody wants to. */
  known = {};

  constructor(state) {
    this.#state = state;
    this.#form.addEventListener("input", ({ target }) => {
      clearTimeout(this.#typing);
      if (target.name === "search") {
        this.#typing = setTimeout(() => this.set({ search: target.value }, true), TYPING_MS);
      }
    });
    this.#form.addEventListener("change", ({ target }) => {
      if (target.name && target.name !== "search") this.#change(target);
    });
    this.#form.addEventListener("submit", (event) => event.preventDefault());
    addEventListener("popstate", () => this.#arrive());
    for (const [id, module] of [["when", "when-panel"], ["rare", "rare-panel"]]) this.#panel(id, module);
    for (const name of ["filter", "language"]) state.on(name, () => this.show());
    state.on("signedIn", (signedIn) => !signedIn && keepFilter(state.filter));
    const kept = keptFilter();
    if (kept) history.replaceState(null, "", `?${kept}${location.hash}`);
    state.set({ filter: kept ?? filterOf(location.search) });
  }

  /** Changes some of it, by names and values; an empty value asks for all. */
  set(changes, typed = false) {
    const all = { ...Object.fromEntries(this.#state.filter), ...changes };
    const filter = filterOf(new URLSearchParams(all));
    if (`${filter}` === `${this.#state.filter}`) return;
    const address = filter.size ? `?${filter}` : location.pathname;
    history[typed && this.#typed ? "replaceState" : "pushState"](null, "", address);
    this.#typed = typed;
    this.#state.set({ filter });
  }

  clear() { this.set(Object.fromEntries([...this.#state.filter.keys()].map((name) => [name, ""]))); }

  /** Back, forward, and links on the page. */
  #arrive() {
    const filter = filterOf(location.search);
    this.#typed = false;
    if (`${filter}` !== `${this.#state.filter}`) this.#state.set({ filter });
  }

  #change({ name, type, checked, value }) {
    const off = type === "checkbox" && !checked;
    this.set({ [name]: off ? "" : name === "party" ? partyOf(value) : value });
  }

  /** A panel of fields is made when it is first opened. */
  #panel(id, module) {
    const panel = get(`${id}-panel`);
    panel.addEventListener("beforetoggle", async ({ newState }) => {
      if (newState !== "open") return;
      const { Panel } = await import(`./${module}.js`);
      this.#panels[id] ??= new Panel(panel, this, this.#state);
      this.show();
      openSheet(panel, get(id));
    });
  }

  /** Writes it all again. */
  show() {
    const { filter, language } = this.#state;
    const words = filterWordsOf(language);
    for (const panel of Object.values(this.#panels)) panel.show(words);
    for (const field of this.#form.elements) {
      const value = filter.get(field.name) ?? "";
      if (!field.name || (field === document.activeElement && field.type === "search")) continue;
      if (["checkbox", "radio"].includes(field.type)) field.checked = field.value === value;
      else field.value = value;
    }
    const when = filter.get("when");
    get("when").firstElementChild.textContent = when ? whenName(words, when) : words.anyTime;
    get("when").toggleAttribute("data-set", Boolean(when));
    this.#showChips(words);
  }

  #showChips(words) {
    const chips = chipsOf(this.#state.filter, words, this.known).map(({ name, text }) => {
      const chip = make("button", { type: "button", className: "filter-chip", title: words.remove(text) },
        make("bdi", {}, text));
      chip.ariaLabel = chip.title;
      chip.addEventListener("click", () => this.set({ [name]: "" }));
      return chip;
    });
    if (chips.length > 1) {
      const all = make("button", { type: "button", className: "clear" }, words.clear);
      all.addEventListener("click", () => this.clear());
      chips.push(all);
    }
    get("chips").replaceChildren(...chips);
  }
}
