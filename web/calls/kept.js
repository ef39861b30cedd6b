/** What played, and where, for whoever it was: in this tab, until somebody signs out. */

import { whoIsHere } from "./session.js";

const KEPT = "tapedeck-playing";

/** @param {?{who: string, sid: string, place: object, plays: boolean}} what nothing forgets it */
export function keepPlace(what) {
  try {
    if (what) sessionStorage.setItem(KEPT, JSON.stringify(what));
    else sessionStorage.removeItem(KEPT);
  } catch {
    // a browser may keep nothing
  }
}

/** The same, if it was theirs who are signed in now. */
export function keptPlace() {
  try {
    const { who, ...what } = JSON.parse(sessionStorage.getItem(KEPT)) ?? {};
    return what.sid && who === whoIsHere() ? what : null;
  } catch {
    return null;
  }
}
