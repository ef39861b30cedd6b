/** What the calls page says, by the tag of a language, and how it writes days and numbers. */

import { languageFor } from "../languages.js";

/** Its words in a language, with that one's `locale` and `dir`. */
export function wordsOf(lang) {
  const { locale, dir, page, deck } = languageFor(lang);
  return { locale, dir, ...page, ...deck };
}

/** The same, with those of the filters (which have names of their own). */
export const filterWordsOf = (lang) => ({ ...wordsOf(lang), ...languageFor(lang).page.filter });

const DAY_MS = 86_400_000;
const LAST_DAYS = 2; // in which a row says that it will be deleted
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

/** Only in the last days, `Deletes tomorrow`; else nothing. */
export function expiryOf(words, expiresAt, now = new Date()) {
  const days = expiresAt ? Math.ceil((new Date(expiresAt) - now) / DAY_MS) : Infinity;
  if (days > LAST_DAYS || days < 0) return "";
  const when = new Intl.RelativeTimeFormat(words.locale, { numeric: "auto" }).format(days, "day");
  return words.expires(when);
}

/** 18720 → `5 h 12 min`; below an hour `12 min`, below a minute `42 s`. */
export function lengthInWords(words, seconds) {
  const say = (n) => n.toLocaleString(words.locale);
  const minutes = Math.round(seconds / 60);
  if (seconds < 60) return words.seconds(say(Math.round(seconds)));
  if (minutes < 60) return words.minutes(say(minutes));
  const [hours, left] = [Math.floor(minutes / 60), minutes % 60];
  return [words.hours(say(hours)), left ? words.minutes(say(left)) : ""].filter(Boolean).join(" ");
}

/** Israeli numbers as people write them, all others as they are. */
export const numberOf = (number) => (number ?? "")
  .replace(/^\+972(5\d|7\d)(\d{3})(\d{4})$/, "0$1-$2-$3")
  .replace(/^\+972([23489])(\d{3})(\d{4})$/, "0$1-$2-$3");
