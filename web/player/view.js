/** What a player looks like: its parts, made once, and shown anew after each change. */

import { clock, dateOf, directionOf, spoken, wordsOf } from "./messages.js";
import { SPEEDS } from "./speed.js";
import { sheet } from "./style.js";
import { draw, speaks } from "./waveform.js";

const SPEED_BUTTONS = SPEEDS.map((rate) =>
  `<button type="button" data-act="rate" data-value="${rate}">${rate}×</button>`).join("");
const LANE = (n) =>
  `<button type="button" data-act="mute" data-value="${n}"><i></i><b></b></button>`;
const ICON = (path) => `<svg viewBox="0 0 24 24" aria-hidden="true"><path d="${path}"/></svg>`;

const HTML = `
<div class="box" role="group">
  <button type="button" class="play" data-act="toggle">
    ${ICON("M8 5v14l11-7z")}${ICON("M7 5h4v14H7zm6 0h4v14h-4z")}<span class="ring"></span>
  </button>
  <div class="track" dir="ltr">
    <div class="sides">${LANE(0)}${LANE(1)}</div>
    <div class="seek" role="slider" aria-valuemin="0">
      <canvas></canvas><canvas class="done"></canvas>
      <div class="rail"><i class="have"></i><i class="gone"></i></div>
      <div class="parts"></div>
      <i class="head"></i>
    </div>
  </div>
  <div class="clock" dir="ltr"><span class="now"></span><span class="all"></span></div>
  <div class="tools">
    <div class="jumps" dir="ltr">
      <button type="button" data-act="back">−10</button>
      <button type="button" data-act="forward">+10</button>
    </div>
    <div class="speeds" role="group" dir="ltr">${SPEED_BUTTONS}</div>
    <button type="button" class="skip" role="switch" data-act="skip"><i></i><span></span></button>
    <span class="which"></span>
    <span class="kept" part="expiry"></span>
  </div>
  <div class="say">
    <p role="status"></p><progress></progress>
    <button type="button" class="again" data-act="again"></button>
  </div>
</div>`;

/** How many lanes a picture of these parts has; 0 without any picture. */
const lanesOf = (parts) => Math.max(0, ...parts.map(({ peaks }) => peaks?.lanes.length ?? 0));

/** The place of a part on the line, as an element. */
function partOf({ from, to, missing }) {
  const one = document.createElement("i");
  one.style.left = `${from * 100}%`;
  one.style.right = `${(1 - to) * 100}%`;
  one.toggleAttribute("data-missing", Boolean(missing));
  return one;
}

export class View {
  #root;
  #act;
  #parts = [];
  #duration = 0;

  /** @param {ShadowRoot} root @param {(command: string, value?: number) => void} act */
  constructor(root, act) {
    this.#root = root;
    this.#act = act;
    root.adoptedStyleSheets = [sheet];
    root.innerHTML = HTML;
    root.addEventListener("click", ({ target }) => {
      const button = target.closest("button[data-act]");
      if (button) act(button.dataset.act, Number(button.dataset.value));
    });
    const seek = this.#get(".seek");
    seek.addEventListener("pointerdown", (event) => this.#drag(event));
    new ResizeObserver(() => this.#paint()).observe(seek);
    root.addEventListener("transitionend", () => this.#paint()); // the colours are others now
  }

  /** Everything but the passing time; see RecordingPlayer for the model. */
  show(model) {
    const words = wordsOf(model.lang);
    const box = this.#get(".box");
    box.dir = directionOf(model.lang);
    box.lang = model.lang;
    box.dataset.phase = model.phase;
    box.dataset.loaded = model.loaded;
    box.classList.toggle("busy", model.busy);
    this.#label(".box", model.label ? `${words.player}: ${model.label}` : words.player);
    this.#label(".play", model.busy ? words.pause : words.play);
    this.#label("[data-act=back]", words.back);
    this.#label("[data-act=forward]", words.forward);
    this.#label(".speeds", words.speed);
    this.#showSpeeds(model.rate);
    this.#showSides(model, words);
    this.#get(".skip").hidden = !model.parts.some(({ peaks }) => peaks);
    this.#get(".skip").ariaChecked = String(model.skipping);
    this.#get(".skip span").textContent = words.skip;
    this.#get(".kept").textContent = model.kept ? words.kept(dateOf(model.lang, model.kept)) : "";
    this.#get(".which").textContent = model.which;
    this.#showSaying(model);
    this.#showParts(model.parts);
  }

  /**
   * Where it stands: seconds and the whole, how much of it has arrived (0 to 1), in words which
   * part that is, its number, and the second in it.
   */
  tell(lang, { time, duration, have, which, index, second }) {
    this.#duration = duration;
    const share = duration > 0 ? Math.min(1, time / duration) : 0;
    const seek = this.#get(".seek");
    seek.style.setProperty("--at", `${share * 100}%`);
    seek.style.setProperty("--have", `${have * 100}%`);
    const words = wordsOf(lang);
    const on = this.#get(".box").dataset.loaded === "true";
    seek.tabIndex = on ? 0 : -1;
    seek.ariaDisabled = String(!on);
    seek.ariaLabel = words.seek;
    seek.ariaValueMax = String(Math.floor(duration));
    seek.ariaValueNow = String(Math.floor(time));
    const said = `${spoken(lang, time)} ${words.of} ${spoken(lang, duration)}`;
    seek.ariaValueText = [said, which].filter(Boolean).join(", ");
    this.#get(".now").textContent = clock(time);
    this.#get(".all").textContent = duration > 0 ? clock(duration) : "–:––";
    this.#light(this.#parts[index]?.peaks, second);
  }

  focusPlay() { this.#get(".play").focus(); }

  #get(selector) { return this.#root.querySelector(selector); }

  #label(selector, text) {
    const one = this.#get(selector);
    one.ariaLabel = text;
    if (one.localName === "button") one.title = text;
  }

  #showSpeeds(rate) {
    for (const button of this.#root.querySelectorAll("[data-act=rate]")) {
      button.ariaPressed = String(Number(button.dataset.value) === rate);
    }
  }

  #showSides({ parts, lanes, muted, canMute }, words) {
    this.#get(".sides").hidden = lanesOf(parts) !== 2;
    this.#root.querySelectorAll(".sides button").forEach((button, i) => {
      const name = words[lanes[i]] ?? lanes[i];
      button.dataset.who = lanes[i];
      button.disabled = !canMute;
      button.ariaPressed = String(muted[i]);
      button.ariaLabel = button.title = words.mute(name);
      button.querySelector("b").textContent = name;
    });
  }

  #showSaying({ say, progress, again }) {
    this.#get(".say").hidden = !say;
    const status = this.#get("[role=status]");
    if (status.textContent !== say) status.textContent = say;
    const bar = this.#get("progress");
    bar.hidden = !progress;
    bar.ariaLabel = say;
    if (progress) [bar.max, bar.value] = [progress.all, progress.got];
    const button = this.#get(".again");
    button.hidden = !again;
    button.textContent = again;
  }

  #showParts(parts) {
    const before = this.#parts;
    const same = parts.length === before.length && parts.every((part, i) =>
      ["peaks", "missing", "from", "to"].every((name) => part[name] === before[i][name]));
    if (same) return;
    this.#parts = parts;
    this.#get(".box").dataset.lanes = lanesOf(parts);
    this.#get(".parts").replaceChildren(...parts.length > 1 ? parts.map(partOf) : []);
    this.#paint();
  }

  #paint() {
    if (!lanesOf(this.#parts)) return;
    const colourOf = (one) => getComputedStyle(one).getPropertyValue("border-left-color");
    const sides = [...this.#root.querySelectorAll(".sides button")].map(colourOf);
    const colours = { sides, whole: colourOf(this.#get(".head")) };
    for (const canvas of this.#root.querySelectorAll("canvas")) draw(canvas, this.#parts, colours);
  }

  #light(peaks, second) {
    this.#root.querySelectorAll(".sides button").forEach((button, i) => {
      const two = peaks?.lanes.length === 2;
      button.toggleAttribute("data-speaking", two && speaks(peaks, i, second));
    });
  }

  #drag(down) {
    const seek = this.#get(".seek");
    if (seek.ariaDisabled === "true" || down.button !== 0) return;
    const ending = new AbortController();
    const at = ({ clientX }) => {
      const { left, width } = seek.getBoundingClientRect();
      return Math.min(1, Math.max(0, (clientX - left) / width)) * this.#duration;
    };
    const show = (event) => this.#act("aim", at(event));
    const end = (event, act) => {
      ending.abort();
      this.#act(act, at(event));
    };
    seek.setPointerCapture(down.pointerId);
    show(down);
    const { signal } = ending;
    seek.addEventListener("pointermove", show, { signal });
    seek.addEventListener("pointerup", (event) => end(event, "seek"), { signal });
    seek.addEventListener("pointercancel", (event) => end(event, "unaim"), { signal });
  }
}
