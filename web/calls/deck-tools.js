/** What can be done to the call that plays: a star, tags, a note at this moment, a link for others. */

import { icon, make } from "../player/make.js";
import { name } from "./facts.js";
import { goesOn } from "./goes-on.js";
import { NoteForm } from "./notes.js";
import { showStar, starButton } from "./star.js";
import { Tags } from "./tags.js";
import { wordsOf } from "./words.js";

const ICONS = {
  tag: "M3 4v7.6l9.4 9.4 8-8L11 3.6zm4.2 1.9a1.6 1.6 0 1 1 0 3.2 1.6 1.6 0 0 1 0-3.2z",
  note: "M4 4h16v12H9l-5 4.5zm3 3.5v1.6h10V7.5zm0 3.6v1.6h7v-1.6z",
  share: "M18 15.5a3 3 0 0 0-2.2 1L9.9 13a3 3 0 0 0 0-2l5.9-3.5A3 3 0 1 0 15 5.4L9 9a3 3 0 1 0 0 6" +
    "l6 3.6a3 3 0 1 0 3-3.1z",
  keys: "M2 6h20v12H2zm3 3v2h2V9zm4 0v2h2V9zm4 0v2h2V9zm4 0v2h2V9zM7 13.5v2h10v-2z",
};
const GAP = 8; // pixels between the foot and what stands above it

export class DeckTools {
  #deck;
  #state;
  #star = starButton();
  #tags;
  #form;
  #buttons = {};
  #panels = {};
  #share = null;
  #marks;

  /** @param {Deck} deck @param {State} state @param {Marks} marks @param {() => void} showKeys */
  constructor(deck, state, marks, showKeys) {
    [this.#deck, this.#state, this.#marks] = [deck, state, marks];
    this.#tags = new Tags(marks);
    this.#form = new NoteForm(marks, () => this.#panels.note.hidePopover());
    const buttons = Object.entries(ICONS).map(([which, path]) => {
      this.#buttons[which] = make("button", { type: "button", className: `tool to-${which}` }, icon(path));
      return this.#buttons[which];
    });
    this.#panel("tag", this.#tags.element, () => {});
    this.#panel("note", this.#form.element, () => this.#form.open(deck.call, deck.player.place));
    this.#buttons.share.addEventListener("click", () => this.share());
    this.#buttons.keys.addEventListener("click", showKeys);
    deck.tools.append(this.#star, ...buttons, ...Object.values(this.#panels), goesOn(deck, state));
    for (const name of ["language", "learned", "playing"]) state.on(name, () => this.#show());
  }

  /** Each gives false where no call is here. */
  star() { return this.#about((call) => this.#marks.star(call)); }

  tag() { return this.#about(() => this.#panels.tag.showPopover()); }

  note() { return this.#about(() => this.#panels.note.showPopover()); }

  share() {
    return this.#about(async (call) => {
      const { Share } = await import("./share.js");
      this.#share ??= new Share(this.#state);
      this.#share.open(call, this.#deck.player);
    });
  }

  #about(act) {
    const { call } = this.#deck;
    if (!call) return false;
    act(call);
    return true;
  }

  #panel(which, content, opens) {
    const panel = make("div", { className: `deck-panel for-${which}`, popover: "auto" }, content);
    this.#panels[which] = panel;
    this.#buttons[which].popoverTargetElement = panel;
    panel.addEventListener("beforetoggle", ({ newState }) => {
      if (newState !== "open") return;
      panel.style.bottom = `${this.#deck.height + GAP}px`;
      opens();
    });
  }

  #show() {
    const { call } = this.#deck;
    const { language: lang } = this.#state;
    const words = wordsOf(lang);
    const names = { tag: words.tags, note: words.addNote, share: words.share, keys: words.keys };
    for (const [which, text] of Object.entries(names)) name(this.#buttons[which], text);
    for (const [which, panel] of Object.entries(this.#panels)) panel.ariaLabel = names[which];
    this.#form.show(lang);
    if (!call) return;
    showStar(this.#star, call, words);
    this.#tags.show(call, lang);
  }
}
