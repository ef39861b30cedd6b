/** What a player plays and whom it asks, by its attributes. */

import { Server } from "./ask.js";

/** The API that it names, else the one beside its script. */
export function serverOf(element, token, script) {
  const base = element.getAttribute("api-base");
  return new Server(base ? new URL(base, document.baseURI) : new URL("./", script), token);
}

/** See Playlist: one recording whatever its call, or a call. */
export function whatOf(element) {
  const alone = element.getAttribute("recording-sid");
  return {
    sid: alone ?? element.getAttribute("call-sid") ?? "",
    alone: alone !== null,
    lanes: element.getAttribute("lanes"),
  };
}
