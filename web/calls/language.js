/** In which language the page speaks: chosen once, and remembered. */

import { LANGUAGES, languageFor } from "../languages.js";
import { filterWordsOf } from "./words.js";

const LANGUAGE = "tapedeck-language";

function remembered() {
  try {
    const kept = localStorage.getItem(LANGUAGE);
    if (kept) return kept;
  } catch {
    // a browser may keep nothing
  }
  return navigator.language;
}

function remember(lang) {
  try {
    localStorage.setItem(LANGUAGE, lang);
  } catch {
    // then until the page is left
  }
}

/** The one after it, that a press chooses. */
function after(language) {
  return LANGUAGES[(LANGUAGES.indexOf(language) + 1) % LANGUAGES.length];
}

/** Writes the words that stand in index.html. */
function write(words) {
  document.title = `${words[document.documentElement.dataset.title ?? "title"]} · Tapedeck`;
  for (const one of document.querySelectorAll("[data-say]")) {
    one.textContent = words[one.dataset.say];
  }
  for (const one of document.querySelectorAll("[data-name]")) {
    one.ariaLabel = words[one.dataset.name];
    if (one.type === "search") one.placeholder = one.ariaLabel;
  }
}

function speak(state, language) {
  const { tags: [lang], dir } = language;
  Object.assign(document.documentElement, { lang, dir });
  write(filterWordsOf(lang));
  const { name, tags: [other] } = after(language);
  Object.assign(document.getElementById("language"), { textContent: name, lang: other });
  remember(lang);
  state.set({ language: lang });
}

/** Speaks as this person did last, and changes that at a press. */
export function startLanguage(state) {
  document.getElementById("language").addEventListener("click",
    () => speak(state, after(languageFor(state.language))));
  speak(state, languageFor(remembered()));
}
