/**
 * The page's keys, wherever the focus is but in a field. Letters count by where they lie on keyboards
 * of other scripts (K is ל on a Hebrew one).
 */

import { make } from "../player/make.js";
import { wordsOf } from "./words.js";

const OFF = "tapedeck-keys-off";
const KEYS = {
  " ": "toggle", k: "toggle", j: "back", l: "forward", n: "next", p: "previous",
  s: "star", t: "tag", m: "note", "/": "search", "?": "help",
};
const PLACES = Object.fromEntries(
  [..."kjlnpstm"].map((letter) => [`Key${letter.toUpperCase()}`, letter]));
/** As they are written in the list of keys, and what each does. */
const LIST = [
  [["keySpace", "K"], "keyToggle"], [["J"], "keyBack"], [["L"], "keyForward"], [["N"], "nextCall"],
  [["P"], "previousCall"], [["S"], "star"], [["T"], "tags"], [["M"], "addNote"], [["/"], "search"],
  [["?"], "keys"],
];
const FIELDS = "input:not([type=checkbox], [type=radio], [type=range]), select, textarea, [contenteditable]";
const PRESSED_BY_SPACE = "button, a, summary, input, [role=slider]";

function nameOf({ key, code, shiftKey }) {
  if (key === "/" || key === "?") return key;
  if (code === "Slash" && key === ".") return "/"; // so it is on a Hebrew keyboard
  if (shiftKey) return undefined;
  return /^[a-z]$/i.test(key) ? key.toLowerCase() : PLACES[code] ?? key;
}

/** What a key press tells the page to do; undefined where it is somebody else's. */
export function commandOf(event) {
  const { ctrlKey, altKey, metaKey, isComposing, defaultPrevented } = event;
  if (ctrlKey || altKey || metaKey || isComposing || defaultPrevented) return undefined;
  const [on] = event.composedPath();
  if (on.closest?.(FIELDS) || document.querySelector("dialog[open]")) return undefined;
  if (event.key === " " && on.closest?.(PRESSED_BY_SPACE)) return undefined;
  return KEYS[nameOf(event)];
}

function isOff() {
  try {
    return localStorage.getItem(OFF) === "yes";
  } catch {
    return false; // a browser may keep nothing
  }
}

export class Keys {
  #acts;
  #off = isOff();
  #title = make("h2", { id: "keys-title" });
  #list = make("dl");
  #use = make("input", { type: "checkbox" });
  #useSaid = make("span");
  #close = make("button", { type: "button", autofocus: true });
  #dialog = make("dialog", { id: "keys" });

  /** @param {State} state @param {Record<string, () => void>} acts by their names; `help` is ours */
  constructor(state, acts) {
    state.on("language", (lang) => this.#show(lang));
    this.#acts = { ...acts, help: () => this.open() };
    this.#dialog.setAttribute("aria-labelledby", "keys-title");
    this.#dialog.append(this.#title, this.#list,
      make("label", { className: "check" }, this.#use, this.#useSaid), this.#close);
    this.#close.addEventListener("click", () => this.#dialog.close());
    this.#use.addEventListener("change", () => this.#turn(!this.#use.checked));
    // Before the player in its own tree, which has other uses for some of them.
    document.body.append(this.#dialog);
    addEventListener("keydown", (event) => this.#press(event), { capture: true });
  }

  open() { this.#dialog.showModal(); }

  #show(lang) {
    const words = wordsOf(lang);
    this.#title.textContent = words.keys;
    this.#useSaid.textContent = words.useKeys;
    this.#close.textContent = words.close;
    this.#use.checked = !this.#off;
    this.#list.replaceChildren(...LIST.map(([keys, name]) => make("div", {},
      make("dt", {}, ...keys.flatMap((key, i) => [i ? " " : "", make("kbd", {}, words[key] ?? key)])),
      make("dd", {}, words[name]))));
  }

  #press(event) {
    const command = commandOf(event);
    const act = this.#acts[command];
    if (!act || (this.#off && command !== "help") || act() === false) return;
    event.preventDefault();
  }

  #turn(off) {
    this.#off = off;
    try {
      localStorage.setItem(OFF, off ? "yes" : "no");
    } catch {
      // then until the page is left
    }
  }
}
