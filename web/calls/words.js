/** What the calls page says, in Hebrew and English, and how it writes times and numbers. */

const ENGLISH = {
  locale: "en-GB", dir: "ltr", other: "עברית", otherLang: "he",
  title: "Calls", search: "Search numbers and words", direction: "Direction", all: "All",
  inbound: "Incoming", outbound: "Outgoing", in: "Incoming", out: "Outgoing",
  status: "Status", anyStatus: "Any status",
  completed: "Completed", "no-answer": "No answer", busy: "Busy", failed: "Failed",
  canceled: "Cancelled", queued: "Queued", initiated: "Starting", ringing: "Ringing",
  "in-progress": "In progress", recorded: "With recording", more: "Show more", refresh: "Refresh",
  leave: "Sign out", today: "Today", yesterday: "Yesterday", unknown: "Unknown number",
  noRecording: "No recording",
  expires: (when) => `Deletes ${when}`, details: "Details", summary: "Summary",
  transcript: "Transcript", copy: "Copy link to this moment", copied: "Copied",
  download: "Download", nothing: "No summary or transcript yet.", loading: "Loading…",
  empty: "No calls yet", emptyHow: "They appear here as soon as one has ended.",
  noMatch: "No calls match", clear: "Clear filters", retry: "Try again",
  offline: "No connection. Check the network.", wrong: "Something went wrong.",
  fresh: (n) => (n === 0 ? "Nothing new." : n === 1 ? "1 new call." : `${n} new calls.`),
  signin: "Sign in", signinHow: "Open the link from your system, or paste it here.",
  token: "Sign-in link or token", enter: "Sign in", refused: "This link is no longer valid.",
  somebodyElse: "This link signs in somebody else.", switch: "Sign in by the link",
  stay: "Stay signed in",
  recordings: "Recordings",
};

const HEBREW = {
  locale: "he-IL", dir: "rtl", other: "English", otherLang: "en",
  title: "שיחות", search: "חיפוש מספרים ומילים", direction: "כיוון", all: "הכול",
  inbound: "נכנסות", outbound: "יוצאות", in: "נכנסת", out: "יוצאת",
  status: "מצב", anyStatus: "כל המצבים",
  completed: "הסתיימה", "no-answer": "אין מענה", busy: "תפוס", failed: "נכשלה",
  canceled: "בוטלה", queued: "בתור", initiated: "מתחילה", ringing: "מצלצלת",
  "in-progress": "מתקיימת כעת", recorded: "עם הקלטה", more: "עוד שיחות", refresh: "רענון",
  leave: "התנתקות", today: "היום", yesterday: "אתמול", unknown: "מספר חסוי",
  noRecording: "אין הקלטה",
  expires: (when) => `תימחק ${when}`, details: "פרטים", summary: "סיכום",
  transcript: "תמלול", copy: "העתקת קישור לרגע הזה", copied: "הועתק",
  download: "הורדה", nothing: "אין עדיין סיכום או תמלול.", loading: "טוען…",
  empty: "אין עדיין שיחות", emptyHow: "שיחות יופיעו כאן מיד עם סיומן.",
  noMatch: "אין שיחות מתאימות", clear: "ניקוי הסינון", retry: "ניסיון נוסף",
  offline: "אין חיבור. כדאי לבדוק את הרשת.", wrong: "הפעולה נכשלה.",
  fresh: (n) => (n === 0 ? "אין שיחות חדשות." : n === 1 ? "שיחה חדשה אחת." : `${n} שיחות חדשות.`),
  signin: "התחברות", signinHow: "אפשר לפתוח את הקישור מהמערכת שלכם, או להדביק אותו כאן.",
  somebodyElse: "הקישור הזה מחבר משתמש אחר.", switch: "התחברות לפי הקישור",
  stay: "להישאר מחוברים",
  token: "קישור או קוד כניסה", enter: "התחברות", refused: "הקישור כבר אינו תקף.",
  recordings: "הקלטות",
};

/** The words of a language, `he` or `en`. */
export const wordsOf = (lang) => (lang === "he" ? HEBREW : ENGLISH);

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
