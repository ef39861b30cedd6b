/**
 * Days that calls are of, as the address has them: `today`, `yesterday`, `7d`, `30d`, `2026-11-09`, or
 * `2026-11-01..2026-11-09`, both included. Days are those of whoever looks.
 */

const LAST = { "7d": 7, "30d": 30 };
const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** What a press gives. */
export const NAMED = ["today", "yesterday", "7d", "30d"];

/** Midnight, so many days later. */
export const daysAfter = (date, days) =>
  new Date(date.getFullYear(), date.getMonth(), date.getDate() + days);

/** `2026-11-09` */
export function isoOf(date) {
  const two = (n) => String(n).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** Midnight of such a day; null where it is none. */
export function dayOf(text) {
  if (!DAY.test(text)) return null;
  const [year, month, day] = text.split("-").map(Number);
  const date = new Date(year, month - 1, day);
  return isoOf(date) === text ? date : null;
}

/** The first moment, and the first one after it, either of which may be null; null where it is no such text. */
export function spanOf(when, now = new Date()) {
  const today = daysAfter(now, 0);
  if (when === "today") return { from: today, to: null };
  if (when === "yesterday") return { from: daysAfter(today, -1), to: today };
  if (LAST[when]) return { from: daysAfter(today, 1 - LAST[when]), to: null };
  const [first, last = first] = when.split("..");
  const [from, until] = [dayOf(first), dayOf(last)];
  if ((first && !from) || (last && !until) || (!from && !until)) return null;
  return { from, to: until && daysAfter(until, 1) };
}

/** Two days, either of which may be empty, as one text. */
export function between(first, last) {
  if (first && last && first > last) return between(last, first);
  return first === last ? first : `${first}..${last}`;
}

/** In words: `Last 7 days`, `9 November`, `1 November – 9 November`, `Until 9 November`. */
export function whenName(words, when, now = new Date()) {
  if (NAMED.includes(when)) return words.when[when];
  const { from, to } = spanOf(when, now);
  const last = to && daysAfter(to, -1);
  const say = (date) => date.toLocaleDateString(words.locale, {
    day: "numeric", month: "short", year: date.getFullYear() === now.getFullYear() ? undefined : "numeric" });
  if (!from) return words.until(say(last));
  if (!last) return words.since(say(from));
  return isoOf(from) === isoOf(last) ? say(from) : `${say(from)} – ${say(last)}`;
}
