/** What the page says about its list, in whichever language is chosen. */

import { make } from "../player/make.js";
import { serverWords } from "../player/messages.js";
import { wordsOf } from "./words.js";

/** Why an answer is none: the server's words, or ours. */
export const whyOf = (lang, answer) => serverWords(lang, answer.body) ||
  (answer.status ? wordsOf(lang).wrong : wordsOf(lang).offline);

export class Notice {
  #element;
  #state;
  #parts = () => [];

  constructor(element, state) {
    this.#element = element;
    this.#state = state;
    state.on("language", () => this.say(this.#parts));
  }

  /** Shows what `parts(words)` gives, now and in whichever language is chosen later. */
  say(parts) {
    this.#parts = parts;
    this.#element.replaceChildren(...parts(wordsOf(this.#state.language)));
  }

  hush() { this.say(() => []); }

  hint(text) { this.say((words) => [make("p", { className: "hint" }, text(words))]); }

  /** Why it failed, and a button that tries it again. */
  fail(answer, again) {
    this.say((words) => {
      const retry = make("button", { type: "button" }, words.retry);
      retry.addEventListener("click", again);
      return [make("p", {}, whyOf(this.#state.language, answer)), retry];
    });
  }
}
