/** The settings of a player, in a popover: speed, volume, what is repeated, silence. */

import { clock, wordsOf } from "./messages.js";
import { make } from "./make.js";
import { BOOSTS, SPEEDS } from "./speed.js";

const EDGE = 8; // pixels, from the window's

const button = (act, value, text) =>
  make("button", { type: "button", data: { act, value } }, text);
const range = (act, min, max, step) =>
  make("input", { type: "range", dir: "ltr", min, max, step, data: { act } });

export class Panel {
  #rate = range("rate", SPEEDS[0], SPEEDS.at(-1), 0.05);
  #volume = range("volume", 0, 1, 0.05);
  #speeds = make("div", { className: "speeds", role: "group", dir: "ltr" },
    ...SPEEDS.map((rate) => button("rate", rate, `${rate}×`)));
  #boosts = make("div", { className: "boosts", role: "group", dir: "ltr" },
    ...BOOSTS.map((boost) => button("boost", boost, boost ? `+${boost} dB` : "0")));
  #loop = button("loop", "", "");
  #skip = make("button", { type: "button", className: "skip", role: "switch", data: { act: "skip" } },
    make("i"), make("span"));
  #file = button("download", "", "");
  #names = {};
  #opened = new AbortController();
  /** The button that opens it: it shows the speed. */
  opener = make("button", { type: "button", className: "menu" },
    make("span", { dir: "ltr" }), make("b", { ariaHidden: "true" }, "⋯"));
  element;

  /** @param {(command: string, value?: number) => void} act */
  constructor(act) {
    const row = (name, ...controls) => {
      this.#names[name] = make("span", { className: "name" });
      return make("div", { className: "row" }, this.#names[name], ...controls);
    };
    const jumps = make("div", { className: "jumps", dir: "ltr" },
      ...[["back", "−10"], ["forward", "+10"]].map(([command, text]) => button(command, "", text)));
    this.element = make("div", { className: "panel", popover: "auto" }, jumps,
      row("speed", this.#rate, this.#speeds), row("volume", this.#volume),
      row("boost", this.#boosts), row("loop", this.#loop), this.#skip,
      row("file", this.#file));
    this.element.setAttribute("part", "panel");
    this.opener.setAttribute("part", "menu");
    this.opener.popoverTargetElement = this.element;
    this.element.addEventListener("input", ({ target }) =>
      act(target.dataset.act, Number(target.value)));
    this.element.addEventListener("toggle", ({ newState }) => {
      this.opener.ariaExpanded = String(newState === "open");
      this.#opened.abort();
      if (newState !== "open") return;
      this.#opened = new AbortController();
      this.#place();
      const { signal } = this.#opened;
      addEventListener("scroll", () => this.#place(), { capture: true, passive: true, signal });
    });
  }

  show(model) {
    const { tuning, canMute, lang, hasPicture, file } = model;
    const words = wordsOf(lang);
    const { rate, volume, boost, loop } = tuning;
    for (const [name, one] of Object.entries(this.#names)) one.textContent = words[name];
    this.opener.firstChild.textContent = `${rate}×`;
    this.opener.ariaLabel = this.opener.title = words.settings(`${rate}×`);
    this.#press(this.#speeds, rate);
    this.#press(this.#boosts, boost);
    for (const one of this.#boosts.children) one.disabled = !canMute;
    [this.#speeds.ariaLabel, this.#boosts.ariaLabel] = [words.speed, words.boost];
    Object.assign(this.#rate, { value: rate, ariaLabel: words.speed, ariaValueText: `${rate}×` });
    Object.assign(this.#volume, { value: volume, ariaLabel: words.volume });
    this.#loop.textContent = !loop ? words.loopFrom : loop.to === null ? words.loopTo(clock(loop.from))
      : words.loopOff(clock(loop.from), clock(loop.to));
    this.#loop.ariaLabel = `${words.loop}: ${this.#loop.textContent}`;
    this.#skip.hidden = !hasPicture;
    this.#skip.ariaChecked = String(tuning.skipping);
    this.#skip.lastChild.textContent = words.skip;
    this.#file.parentElement.hidden = !file;
    this.#file.textContent = words[file] ?? "";
    this.#file.disabled = file === "downloading";
    for (const one of this.element.querySelectorAll(".jumps button")) {
      one.ariaLabel = one.title = words[one.dataset.act];
    }
  }

  #press(group, value) {
    for (const one of group.children) one.ariaPressed = String(Number(one.dataset.value) === value);
  }

  /** Below its button or above it, within the window; it stays there when the page is scrolled. */
  #place() {
    const [button, own] = [this.opener, this.element].map((one) => one.getBoundingClientRect());
    const { clientWidth: width, clientHeight: height } = document.documentElement;
    const left = Math.max(EDGE, Math.min(button.right - own.width, width - own.width - EDGE));
    const below = button.bottom + EDGE / 2;
    const above = button.top - own.height - EDGE / 2;
    const top = below + own.height > height && above > 0 ? above : below;
    Object.assign(this.element.style, { left: `${left + scrollX}px`, top: `${top + scrollY}px` });
  }
}
