/** Whether the deck goes on to the next call that is not heard yet: a choice that is remembered. */

import { make } from "../player/make.js";
import { wordsOf } from "./words.js";

const MEMORY = "tapedeck-goes-on";

function remembered() {
  try {
    return localStorage.getItem(MEMORY) === "yes";
  } catch {
    return false; // a browser may keep nothing
  }
}

function remember(wanted) {
  try {
    localStorage.setItem(MEMORY, wanted ? "yes" : "no");
  } catch {
    // then until the page is left
  }
}

/** The choice, as an element. */
export function goesOn(deck, state) {
  const input = make("input", { type: "checkbox", checked: remembered() });
  const said = make("span");
  const element = make("label", { className: "check goes-on" }, input, said);
  input.addEventListener("change", () => remember(input.checked));
  const speak = () => {
    const words = wordsOf(state.language);
    [said.textContent, element.title] = [words.goesOn, words.goesOnHow];
  };
  state.on("language", speak);
  state.on("playing", (playing) => {
    if (playing?.over && input.checked) deck.step(1, (call) => !call.heard, { part: null, time: 0 });
  });
  speak();
  return element;
}
