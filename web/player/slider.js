/** The line of time: a waveform or a rail that is moved along by hand, with what is marked on it. */

import { clock, spoken, wordsOf } from "./messages.js";
import { make } from "./make.js";
import { draw } from "./waveform.js";

const NEAR_PX = 6; // of a note's tick

/** How many lanes a picture of these parts has; 0 without any picture. */
export const lanesOf = (parts) => Math.max(0, ...parts.map(({ peaks }) => peaks?.lanes.length ?? 0));

/** A stretch of the line, as an element. */
function stretch({ from, to }, props) {
  const one = make("i", props);
  one.style.left = `${from * 100}%`;
  one.style.right = `${(1 - to) * 100}%`;
  return one;
}

export class Slider {
  #act;
  #parts = [];
  #duration = 0;
  #canvases = [make("canvas"), make("canvas", { className: "done" })];
  #divided = make("div", { className: "parts" });
  #loop = make("div", { className: "loop" });
  #marks = make("div", { className: "marks" });
  #marked = []; // seconds
  #noted = make("div", { className: "noted" });
  #notes = []; // each the second that it is at, and its text
  #head = make("i", { className: "playhead" });
  #tip = make("span", { className: "tip", hidden: true });
  element;

  /** @param {(command: string, seconds?: number) => void} act hears `aim`, `unaim` and `seek` */
  constructor(act) {
    this.#act = act;
    const rail = make("div", { className: "rail" },
      make("i", { className: "have" }), make("i", { className: "gone" }));
    this.element = make("div", { className: "seek", role: "slider", ariaValueMin: "0" },
      ...this.#canvases, rail, this.#loop, this.#divided, this.#marks, this.#noted, this.#head,
      this.#tip);
    this.element.setAttribute("part", "waveform");
    this.element.addEventListener("pointerdown", (event) => this.#drag(event));
    this.element.addEventListener("pointermove", (event) => this.#hover(event));
    this.element.addEventListener("pointerleave", () => { this.#tip.hidden = true; });
    new ResizeObserver(() => this.paint()).observe(this.element);
  }

  /** Where it stands, and how much of it has arrived (0 to 1); `which` part that is, in words. */
  tell(lang, { time, duration, have, which, loaded, loop }) {
    if (duration !== this.#duration) {
      this.#duration = duration;
      this.#tick();
    }
    const one = this.element;
    one.style.setProperty("--at", `${this.#share(time) * 100}%`);
    one.style.setProperty("--have", `${have * 100}%`);
    const words = wordsOf(lang);
    one.tabIndex = loaded ? 0 : -1;
    one.ariaDisabled = String(!loaded);
    one.ariaLabel = words.seek;
    one.ariaValueMax = String(Math.floor(duration));
    one.ariaValueNow = String(Math.floor(time));
    const said = `${spoken(lang, time)} ${words.of} ${spoken(lang, duration)}`;
    one.ariaValueText = [said, which].filter(Boolean).join(", ");
    const [from, to] = loop ? [loop.from, loop.to ?? loop.from].map((at) => this.#share(at)) : [];
    this.#loop.replaceChildren(...loop ? [stretch({ from, to })] : []);
  }

  /** Parts of the line, each with its shares of it (`from`, `to`), `peaks` and `missing`. */
  showParts(parts) {
    const before = this.#parts;
    const same = parts.length === before.length && parts.every((part, i) =>
      ["peaks", "missing", "from", "to"].every((name) => part[name] === before[i][name]));
    if (same) return;
    this.#parts = parts;
    this.#divided.replaceChildren(...parts.length > 1 ? parts.map((part) =>
      stretch(part, part.missing ? { data: { missing: "" } } : {})) : []);
    this.paint();
  }

  /** Ticks at these seconds, and others with a text, `{at, text}` each. */
  tick(marked, notes) {
    if (JSON.stringify([marked, notes]) === JSON.stringify([this.#marked, this.#notes])) return;
    [this.#marked, this.#notes] = [marked, notes];
    this.#tick();
  }

  paint() {
    if (!lanesOf(this.#parts)) return;
    const colourOf = (one) => getComputedStyle(one).getPropertyValue("border-left-color");
    const root = this.element.getRootNode();
    const sides = [...root.querySelectorAll(".sides button")].map(colourOf);
    const colours = { sides, whole: colourOf(this.#head) };
    for (const canvas of this.#canvases) draw(canvas, this.#parts, colours);
  }

  #tick() {
    const ticks = (seconds) => seconds.map((second) => {
      const at = this.#share(second);
      return stretch({ from: at, to: at });
    });
    this.#marks.replaceChildren(...ticks(this.#marked));
    this.#noted.replaceChildren(...ticks(this.#notes.map(({ at }) => at)));
  }

  /** The text of the note that is pointed at. */
  #noteAt(second) {
    const reach = (NEAR_PX / this.element.clientWidth) * this.#duration;
    return this.#notes.find(({ at }) => Math.abs(at - second) <= reach)?.text;
  }

  #share(time) { return this.#duration > 0 ? Math.min(1, Math.max(0, time / this.#duration)) : 0; }

  get #off() { return this.element.ariaDisabled === "true"; }

  #secondAt({ clientX }) {
    const { left, width } = this.element.getBoundingClientRect();
    return Math.min(1, Math.max(0, (clientX - left) / width)) * this.#duration;
  }

  #hover(event) {
    this.#tip.hidden = this.#off || event.pointerType === "touch" || !this.#duration;
    if (this.#tip.hidden) return;
    const second = this.#secondAt(event);
    this.#tip.textContent = [clock(second), this.#noteAt(second)].filter(Boolean).join(" ");
    this.#tip.style.left = `${this.#share(second) * 100}%`;
  }

  #drag(down) {
    if (this.#off || down.button !== 0) return;
    const ending = new AbortController();
    const show = (event) => this.#act("aim", this.#secondAt(event));
    const end = (event, act) => {
      ending.abort();
      this.#act(act, this.#secondAt(event));
    };
    const one = this.element;
    one.setPointerCapture(down.pointerId);
    show(down);
    const { signal } = ending;
    one.addEventListener("pointermove", show, { signal });
    one.addEventListener("pointerup", (event) => end(event, "seek"), { signal });
    one.addEventListener("pointercancel", (event) => end(event, "unaim"), { signal });
  }
}
