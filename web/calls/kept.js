/** What played, and where, and what was filtered, for whoever it was: in this tab, until somebody signs out. */

import { filterOf } from "./query.js";
import { isAnothers, tokenIn, whoIsHere } from "./session.js";

const [KEPT, FILTER] = ["tapedeck-playing", "tapedeck-filter"];

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

/** What was filtered when the sign-in was lost; of nobody, nothing is kept. */
export function keepFilter(filter) {
  try {
    if (whoIsHere() && filter.size) sessionStorage.setItem(FILTER, `${filter}`);
    else sessionStorage.removeItem(FILTER);
  } catch {
    // a browser may keep nothing
  }
}

/** The same, for whoever comes back by a link that says nothing else; null where it is none of that. */
export function keptFilter() {
  try {
    const token = location.search ? "" : tokenIn(location.hash);
    const kept = token && !isAnothers(token) && whoIsHere() ? sessionStorage.getItem(FILTER) : null;
    sessionStorage.removeItem(FILTER);
    return kept === null ? null : filterOf(kept);
  } catch {
    return null;
  }
}
