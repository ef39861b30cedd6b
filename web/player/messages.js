/** What the player says, in Hebrew and English. */

const ENGLISH = {
  player: "Recording",
  play: "Play",
  pause: "Pause",
  cancel: "Cancel",
  back: "Back 10 seconds",
  forward: "Forward 10 seconds",
  seek: "Position",
  speed: "Speed",
  settings: (rate) => `Settings. Speed: ${rate}`,
  volume: "Volume",
  boost: "Louder",
  loop: "Repeat",
  loopFrom: "From here",
  loopTo: (from) => `${from} to here`,
  loopOff: (from, to) => `Stop repeating ${from}–${to}`,
  skip: "Skip silence",
  mute: (side) => `Mute ${side}`,
  agent: "agent",
  customer: "customer",
  speaker: "speaker",
  asking: "Asking for the recording…",
  waiting: "The recording is on its way…",
  place: (n) => `Waiting its turn: number ${n} in line`,
  bytes: (got, all) => (all ? `${got} of ${all} have arrived` : `${got} have arrived`),
  buffering: "Waiting for sound…",
  press: "Ready. Press play.",
  again: "Try again",
  resume: (at) => `Resume from ${at}`,
  signin: "Please sign in.",
  offline: "No connection. Check the network and try again.",
  slow: "This takes longer than usual. You can try again.",
  failed: "The recording cannot be played now.",
  absent: "Nobody is fetching this recording any more.",
  broken: (at) => `The download broke off. The recording stopped at ${at}.`,
  kept: (date) => `Kept until ${date}`,
  part: (n, all) => `Part ${n} of ${all}`,
  passed: (n) => `Part ${n} cannot be played now and was left out.`,
  transcript: "Transcript",
  find: "Search in the transcript",
  found: (n, all) => (n ? `${n} of ${all}` : all === 1 ? "1 found" : `${all} found`),
  previous: "Previous",
  next: "Next",
  loading: "Loading…",
  nothingSaid: "No transcript yet.",
  noTranscript: "The transcript cannot be read now.",
  expired: "Recording deleted",
  unavailable: "No recording at provider",
  recording: (when) => `Recording, ${when}`,
  another: (when) => `Another recording, ${when}`,
  conference: (when) => `Conference recording, ${when}`,
  of: "of",
  and: (part) => ` ${part}`,
  hours: (n) => (n === 1 ? "1 hour" : `${n} hours`),
  minutes: (n) => (n === 1 ? "1 minute" : `${n} minutes`),
  seconds: (n) => (n === 1 ? "1 second" : `${n} seconds`),
};

/** "1.9 MB" stays in this order between Hebrew words (Unicode UAX #9, isolates). */
const ltr = (text) => `\u2066${text}\u2069`;

const HEBREW = {
  player: "הקלטה",
  play: "ניגון",
  pause: "השהיה",
  cancel: "ביטול",
  back: "10 שניות אחורה",
  forward: "10 שניות קדימה",
  seek: "מיקום",
  speed: "מהירות",
  settings: (rate) => `הגדרות. מהירות: ${rate}`,
  volume: "עוצמה",
  boost: "הגברה",
  loop: "חזרה",
  loopFrom: "מכאן",
  loopTo: (from) => `מ־${from} עד כאן`,
  loopOff: (from, to) => `הפסקת החזרה על ${ltr(`${from}–${to}`)}`,
  skip: "דילוג על שקט",
  mute: (side) => `השתקת ${side}`,
  agent: "נציג",
  customer: "לקוח",
  speaker: "דובר",
  asking: "טוענים את ההקלטה…",
  waiting: "ההקלטה בדרך…",
  place: (n) => `ממתינה בתור, במקום ${n}`,
  bytes: (got, all) => (all ? `הגיעו ${ltr(got)} מתוך ${ltr(all)}` : `הגיעו ${ltr(got)}`),
  buffering: "ממתינים לשמע…",
  press: "מוכן. אפשר ללחוץ על ניגון.",
  again: "ניסיון נוסף",
  resume: (at) => `המשך מ־${at}`,
  signin: "יש להתחבר.",
  offline: "אין חיבור. כדאי לבדוק את הרשת ולנסות שוב.",
  slow: "זה נמשך יותר מהרגיל. אפשר לנסות שוב.",
  failed: "אי אפשר לנגן את ההקלטה כרגע.",
  absent: "הבאת ההקלטה הופסקה.",
  broken: (at) => `ההורדה נקטעה. ההקלטה נעצרה ב־${at}.`,
  kept: (date) => `נשמרת עד ${date}`,
  part: (n, all) => `חלק ${n} מתוך ${all}`,
  passed: (n) => `אי אפשר לנגן כרגע את חלק ${n}, והוא הושמט.`,
  transcript: "תמלול",
  find: "חיפוש בתמלול",
  found: (n, all) => (n ? `${n} מתוך ${all}` : all === 1 ? "נמצאה תוצאה אחת" : `נמצאו ${all} תוצאות`),
  previous: "הקודם",
  next: "הבא",
  loading: "טוען…",
  nothingSaid: "אין עדיין תמלול.",
  noTranscript: "אי אפשר לקרוא את התמלול כרגע.",
  expired: "ההקלטה נמחקה",
  unavailable: "אין הקלטה אצל הספק",
  recording: (when) => `הקלטה, ${when}`,
  another: (when) => `הקלטה נוספת, ${when}`,
  conference: (when) => `הקלטת ועידה, ${when}`,
  of: "מתוך",
  and: (part) => (/^\d/.test(part) ? ` ו־${part}` : ` ו${part}`),
  hours: (n) => (n === 1 ? "שעה" : n === 2 ? "שעתיים" : `${n} שעות`),
  minutes: (n) => (n === 1 ? "דקה" : n === 2 ? "שתי דקות" : `${n} דקות`),
  seconds: (n) => (n === 1 ? "שנייה אחת" : n === 2 ? "שתי שניות" : `${n} שניות`),
};

/** Words for a language tag: Hebrew for `he…`, English for all others. */
export const wordsOf = (lang) => (/^(he|iw)\b/i.test(lang) ? HEBREW : ENGLISH);

/** `rtl` or `ltr`. */
export const directionOf = (lang) => (wordsOf(lang) === HEBREW ? "rtl" : "ltr");

/** The server's own words in this language, if it gave any. */
export const serverWords = (lang, body) =>
  (wordsOf(lang) === HEBREW ? body?.message_he : body?.message) || "";

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

const localeOf = (lang) => (wordsOf(lang) === HEBREW ? "he-IL" : "en-GB");

/** `14:32`. */
export const timeOf = (lang, date) =>
  date.toLocaleTimeString(localeOf(lang), { hour: "2-digit", minute: "2-digit" });

/** A day for people: `28 November`, with the year when it is another one. */
export function dateOf(lang, date) {
  const year = date.getFullYear() === new Date().getFullYear() ? undefined : "numeric";
  return date.toLocaleDateString(localeOf(lang), { day: "numeric", month: "long", year });
}

/** Bytes for people: `340 KB`, `1.2 MB`. */
const amount = (bytes) =>
  bytes < 1e6 ? `${Math.round(bytes / 1e3)} KB` : `${(bytes / 1e6).toFixed(1)} MB`;
