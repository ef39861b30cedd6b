/** Who is signed in: from a token in the address, to a cookie that scripts cannot read. */

import { ask } from "../player/ask.js";

const at = () => new URL("api/session", document.baseURI);
const TOKEN = /(?:^|[#&?])token=([^&\s]+)/;

/** The token in a link, or what was pasted if it is no link. */
export function tokenIn(text) {
  const found = TOKEN.exec(text);
  if (found) return decodeURIComponent(found[1]);
  return /^[\w.-]+$/.test(text.trim()) ? text.trim() : "";
}

/** The token in the address, which is taken out of it at once; or nothing. */
export function takeToken() {
  if (!TOKEN.test(location.hash)) return "";
  const token = tokenIn(location.hash);
  history.replaceState(null, "", location.pathname + location.search);
  return token;
}

/** Turns a token into a session; resolves to the answer. */
export const enter = (token, signal) =>
  ask(at(), signal, { method: "POST", headers: { Authorization: `Bearer ${token}` } });

export const leave = (signal) => ask(at(), signal, { method: "DELETE" });
