/** What the calls page says, by the tag of a language, and how it writes days and numbers. */

import { languageFor } from "../languages.js";

/** Its words in a language, with that one's `locale` and `dir`. */
export function wordsOf(lang) {
  const { locale, dir, page, deck } = languageFor(lang);
  return { locale, dir, ...page, ...deck };
}

const DAY_MS = 86_400_000;
const dayOf = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate());

/** `Today`, `Yesterday`, or the date; the year only when it is another one. */
export function dayName(words, date, now = new Date()) {
  const ago = Math.round((dayOf(now) - dayOf(date)) / DAY_MS);
  if (ago === 0) return words.today;
  if (ago === 1) return words.yesterday;
  const year = date.getFullYear() === now.getFullYear() ? undefined : "numeric";
  const parts = { weekday: "long", day: "numeric", month: "long", year };
  return date.toLocaleDateString(words.locale, parts);
}

/** `Deletes tomorrow`, or nothing when that is far away or unknown. */
export function expiryOf(words, expiresAt, now = new Date()) {
  const days = expiresAt ? Math.ceil((new Date(expiresAt) - now) / DAY_MS) : Infinity;
  if (days > 30 || days < 0) return "";
  const when = new Intl.RelativeTimeFormat(words.locale, { numeric: "auto" }).format(days, "day");
  return words.expires(when);
}

/** Israeli numbers as people write them, all others as they are. */
export const numberOf = (number) => (number ?? "")
  .replace(/^\+972(5\d|7\d)(\d{3})(\d{4})$/, "0$1-$2-$3")
  .replace(/^\+972([23489])(\d{3})(\d{4})$/, "0$1-$2-$3");
