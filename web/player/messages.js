/** What the player says, by the tag of a language. */

import { languageFor } from "../languages.js";

/** Its words in a language. */
export const wordsOf = (lang) => languageFor(lang).player;

/** `rtl` or `ltr`. */
export const directionOf = (lang) => languageFor(lang).dir;

/** The server's own words in this language, if it gave any. */
export function serverWords(lang, body) {
  const [tag] = languageFor(lang).tags;
  return (tag === "en" ? body?.message : body?.[`message_${tag}`]) || "";
}

/** How far it is, by an answer of 202. */
export function progressWords(lang, body) {
  const words = wordsOf(lang);
  if (body.position > 0) return words.place(body.position);
  if (body.bytes_received > 0) {
    return words.bytes(amount(body.bytes_received), body.bytes_total && amount(body.bytes_total));
  }
  return serverWords(lang, body) || words.waiting;
}

/** Why it ends, by the last decision of follow(). */
export function endWords(lang, { code, kind, body }) {
  const words = wordsOf(lang);
  return serverWords(lang, body) || (words[code] ?? words[kind] ?? words.failed);
}

/** 83 → `1:23`, 3723 → `1:02:03`. */
export function clock(seconds) {
  const all = Math.max(0, Math.floor(seconds || 0));
  const [h, m, s] = [Math.floor(all / 3600), Math.floor(all / 60) % 60, all % 60];
  const two = (n) => String(n).padStart(2, "0");
  return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** 83 → `1 minute 23 seconds`, as it is said. */
export function spoken(lang, seconds) {
  const words = wordsOf(lang);
  const all = Math.max(0, Math.floor(seconds || 0));
  const parts = [
    [Math.floor(all / 3600), words.hours],
    [Math.floor(all / 60) % 60, words.minutes],
    [all % 60, words.seconds],
  ].filter(([n]) => n > 0);
  if (parts.length === 0) return words.seconds(0);
  return parts.map(([n, say]) => say(n)).reduce((text, part, i) =>
    text + (i === parts.length - 1 ? words.and(part) : ` ${part}`));
}

/** `14:32`. */
export const timeOf = (lang, date) =>
  date.toLocaleTimeString(languageFor(lang).locale, { hour: "2-digit", minute: "2-digit" });

/** A day for people: `28 November`, with the year when it is another one. */
export function dateOf(lang, date) {
  const year = date.getFullYear() === new Date().getFullYear() ? undefined : "numeric";
  return date.toLocaleDateString(languageFor(lang).locale, { day: "numeric", month: "long", year });
}

/** Bytes for people: `340 KB`, `1.2 MB`. */
const amount = (bytes) =>
  bytes < 1e6 ? `${Math.round(bytes / 1e3)} KB` : `${(bytes / 1e6).toFixed(1)} MB`;
