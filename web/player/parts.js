/**
 * The line of time of a call: its recordings are parts of it, one after the other in order of their
 * start. Two that overlap (both legs of a call, a conference and a leg of it) stand one after the
 * other, too: nobody hears two at once.
 *
 * A part is an object that stays the same while its call plays; whoever plays it notes there what
 * was learned: `measured` (its length, in seconds), `missing` (it was passed over), `peaks`.
 */

const GONE = new Set(["expired", "unavailable", "none", "no_call"]); // as the server calls them

/** The parts of a call in full, by its `recordings`; those of `before` are used again. */
export function partsOf(recordings, before = []) {
  return recordings.filter(({ status }) => !GONE.has(status)).map((one) =>
    Object.assign(before.find(({ name }) => name === one.name) ?? {}, {
      name: one.name,
      id: one.recording_sid ?? one.name, // what it is called in links: its name may change
      stated: one.duration ?? 0,
      speakers: one.speakers,
      ready: one.status === "ready",
    }));
}

/** Whether a call has recordings beside its first one, by `recordings` of a row or an answer. */
export const hasOthers = (recordings, firstIsGone) => recordings > (firstIsGone ? 0 : 1);

/** Seconds of a part; 0 while nobody knows. */
export const lengthOf = (part) => part.measured || part.stated || 0;

/** Seconds of them all. */
export const wholeOf = (parts) => parts.reduce((sum, part) => sum + lengthOf(part), 0);

/** The second of the line at which a part begins. */
export const beginOf = (parts, part) => wholeOf(parts.slice(0, parts.indexOf(part)));

/**
 * Which part sounds at a second of the line, and which second of it that is. Where one ends, the
 * next begins; what lies beyond the line is beyond its last part.
 */
export function placeAt(parts, seconds) {
  const part = parts.find((one) => seconds < beginOf(parts, one) + lengthOf(one)) ?? parts.at(-1);
  return { part, time: seconds - beginOf(parts, part) };
}

/** The next part that may be played; nothing after the last. */
export const following = (parts, part) =>
  parts.slice(parts.indexOf(part) + 1).find(({ missing }) => !missing);

/** Where each part lies on a line whose length is 1. */
export function sharesOf(parts) {
  const whole = wholeOf(parts);
  return parts.map((part) => {
    const from = beginOf(parts, part);
    return whole > 0 ? { from: from / whole, to: (from + lengthOf(part)) / whole }
      : { from: 0, to: 1 };
  });
}
