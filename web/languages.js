/** The languages that the player and the page speak: each is a file, and stands in this list. */

import { english } from "./languages/en.js";
import { hebrew } from "./languages/he.js";

/** The first is for people who speak none of them. */
export const LANGUAGES = [english, hebrew];

/** The one for a language tag, such as `he-IL`. */
export function languageFor(tag) {
  const first = String(tag).split("-", 1)[0].toLowerCase();
  return LANGUAGES.find(({ tags }) => tags.includes(first)) ?? LANGUAGES[0];
}
