/** What a player looks like: its parts, made once, and shown anew after each change. */

import { clock, dateOf, directionOf, wordsOf } from "./messages.js";
import { icon, make } from "./make.js";
import { Panel } from "./panel.js";
import { Slider, lanesOf } from "./slider.js";
import { sheet } from "./style.js";
import { speaks } from "./waveform.js";

const ICONS = {
  play: "M8 5v14l11-7z",
  pause: "M7 5h4v14H7zm6 0h4v14h-4z",
  cancel: "M6.4 5 5 6.4l5.6 5.6L5 17.6 6.4 19l5.6-5.6 5.6 5.6 1.4-1.4-5.6-5.6L19 6.4 17.6 5 12 10.6z",
};

/** With the page's own pictures where it puts any into the slots. */
const pictures = () => Object.entries(ICONS).map(([name, path]) =>
  make("slot", { name: `${name}-icon`, data: { icon: name } }, icon(path)));

const command = (act, className, ...children) =>
  make("button", { type: "button", className, data: { act } }, ...children);

const lane = (n) => make("button", { type: "button", data: { act: "mute", value: n } },
  make("i"), make("b"));

const named = (part, element) => {
  element.setAttribute("part", part);
  return element;
};

export class View {
  #root;
  #slider;
  #panel;
  #parts = [];
  #model = {};
  #one = {};
  /** Where what was said is shown. */
  reading;

  /** @param {ShadowRoot} root @param {(command: string, value?: number) => void} act */
  constructor(root, act) {
    this.#root = root;
    this.#slider = new Slider(act);
    this.#panel = new Panel(act);
    root.adoptedStyleSheets = [sheet];
    root.append(this.#build());
    root.addEventListener("click", ({ target }) => {
      const button = target.closest("button[data-act]");
      if (button) act(button.dataset.act, Number(button.dataset.value));
    });
    root.addEventListener("transitionend", () => this.#slider.paint()); // other colours now
  }

  #build() {
    const one = this.#one;
    one.play = named("play", command("toggle", "play", ...pictures(), make("span", { className: "ring" })));
    one.sides = make("div", { className: "sides" }, lane(0), lane(1));
    one.now = make("span", { className: "now" });
    one.all = make("span", { className: "all" });
    one.which = make("span", { className: "which" });
    one.kept = named("expiry", make("span", { className: "kept" }));
    one.status = make("p", { role: "status" });
    one.bar = make("progress");
    one.again = named("again", command("again", "again"));
    one.say = named("message", make("div", { className: "say" }, one.status, one.bar, one.again));
    const jumps = make("div", { className: "jumps", dir: "ltr" }, command("back", "", "−10"),
      command("forward", "", "+10"));
    const track = make("div", { className: "track", dir: "ltr" }, one.sides, this.#slider.element);
    const tools = named("tools", make("div", { className: "tools" }, jumps, this.#panel.opener,
      make("slot", { name: "tools" })));
    const clocks = named("clock", make("div", { className: "clock", dir: "ltr" }, one.now, one.all));
    this.reading = named("transcript", make("div", { className: "reading" }));
    one.box = named("box", make("div", { className: "box", role: "group" },
      make("div", { className: "lead" }, make("slot", { name: "start" }), one.play,
        make("slot", { name: "after-play" })), track, one.say, clocks, tools,
      make("div", { className: "notes" }, one.which, one.kept), this.#panel.element));
    const all = document.createDocumentFragment();
    all.append(one.box, this.reading, make("slot"));
    return all;
  }

  /** Everything but the passing time; see RecordingPlayer for the model. */
  show(model) {
    const one = this.#one;
    const { lang, phase } = this.#model = model;
    const words = wordsOf(lang);
    for (const block of [one.box, this.reading]) {
      Object.assign(block, { dir: directionOf(lang), lang });
    }
    Object.assign(one.box.dataset, { phase, loaded: model.loaded });
    one.box.classList.toggle("busy", model.busy);
    one.box.ariaLabel = model.title;
    const press = !model.busy ? "play" : ["asking", "waiting"].includes(phase) ? "cancel" : "pause";
    one.play.dataset.shows = press;
    this.#label(one.play, words[press]);
    for (const button of this.#root.querySelectorAll(".tools [data-act]")) {
      this.#label(button, words[button.dataset.act]);
    }
    this.#showSides(model, words);
    one.kept.textContent = model.kept ? words.kept(dateOf(lang, model.kept)) : "";
    one.which.textContent = model.which;
    this.#showSaying(model);
    this.#parts = model.parts;
    one.box.dataset.lanes = lanesOf(model.parts);
    this.#slider.showParts(model.parts);
    this.#slider.tick(model.marks, model.notes);
    const hasPicture = model.parts.some(({ peaks }) => peaks && !peaks.partial);
    this.#panel.show({ ...model, hasPicture });
  }

  /**
   * Where it stands: seconds and the whole, how much of it has arrived (0 to 1), in words which
   * part that is, its number, and the second in it.
   */
  tell(lang, { index, second, ...place }) {
    const { loaded, tuning } = this.#model;
    this.#slider.tell(lang, { ...place, loaded, loop: tuning?.loop });
    this.#one.now.textContent = clock(place.time);
    this.#one.all.textContent = place.duration > 0 ? clock(place.duration) : "–:––";
    this.#light(this.#parts[index]?.peaks, second);
  }

  focusPlay() { this.#one.play.focus(); }

  #label(one, text) { one.ariaLabel = one.title = text; }

  #showSides({ parts, lanes, names, tuning: { muted }, canMute }, words) {
    this.#one.sides.hidden = lanesOf(parts) !== 2;
    [...this.#one.sides.children].forEach((button, i) => {
      const name = names[lanes[i]] ?? words[lanes[i]] ?? lanes[i];
      button.dataset.who = lanes[i];
      button.disabled = !canMute;
      button.ariaPressed = String(muted === i);
      this.#label(button, words.mute(name));
      button.querySelector("b").textContent = name;
    });
  }

  #showSaying({ say, progress, again }) {
    const one = this.#one;
    const focused = this.#root.activeElement;
    one.say.hidden = !say;
    if (one.status.textContent !== say) one.status.textContent = say;
    one.bar.hidden = !progress;
    one.bar.ariaLabel = say;
    if (progress) [one.bar.max, one.bar.value] = [progress.all, progress.got];
    one.again.hidden = !again;
    one.again.textContent = again;
    if (focused === one.again && (!say || !again)) this.focusPlay(); // what had the focus is gone
  }

  #light(peaks, second) {
    [...this.#one.sides.children].forEach((button, i) => {
      const two = peaks?.lanes.length === 2;
      button.toggleAttribute("data-speaking", two && speaks(peaks, i, second));
    });
  }
}
