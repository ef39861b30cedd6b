/** Who is signed in: from a token in the address, to a cookie that scripts cannot read. */

import { ask } from "../player/ask.js";

const at = () => new URL("api/session", document.baseURI);
const WHO = "tapedeck-who";
const TOKEN = /(?:^|[#&?])token=([^&\s]+)/;

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // no token, which is for the server to say
  }
}

/** The token in a link, or what was pasted if it is no link. */
export function tokenIn(text) {
  const found = TOKEN.exec(text);
  if (found) return decoded(found[1]);
  return /^[\w.-]+$/.test(text.trim()) ? text.trim() : "";
}

/** The token in the address, which is taken out of it at once; or nothing. */
export function takeToken() {
  if (!TOKEN.test(location.hash)) return "";
  const token = tokenIn(location.hash);
  history.replaceState(null, "", location.pathname + location.search);
  return token;
}

/** Whom a token names, as far as it can be read. */
function named(token) {
  try {
    const claims = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
    const { business_id: business, sub } = JSON.parse(atob(claims));
    return JSON.stringify([business, sub ?? ""]);
  } catch {
    return "";
  }
}

function keep(who) {
  try {
    if (who) localStorage.setItem(WHO, who);
    else localStorage.removeItem(WHO);
  } catch {
    // a browser may keep nothing
  }
}

/** Who signed in here last and did not sign out, as far as that is known. */
export function whoIsHere() {
  try {
    return localStorage.getItem(WHO) ?? "";
  } catch {
    return "";
  }
}

/** Whether a token names somebody else than who signed in here last and did not sign out. */
export function isAnothers(token) {
  try {
    const kept = localStorage.getItem(WHO);
    return kept !== null && kept !== named(token);
  } catch {
    return false;
  }
}

/** Turns a token into a session; resolves to the answer. */
export async function enter(token, signal) {
  const answer = await ask(at(), signal, {
    method: "POST", headers: { Authorization: `Bearer ${token}` },
  });
  if (answer.status === 200) keep(named(token));
  return answer;
}

export async function leave(signal) {
  const answer = await ask(at(), signal, { method: "DELETE" });
  if (answer.status === 200) keep("");
  return answer;
}
