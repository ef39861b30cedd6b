/** The sentences of a call in which a search was found: who said them, when; a press plays there. */

import { make } from "../player/make.js";
import { clock, wordsOf as playerWords } from "../player/messages.js";
import { wordsOf } from "./words.js";

/** A text with a <mark> at each of these [from, to]. */
function markedAt(text, marks) {
  const pieces = [];
  let done = 0;
  for (const [from, to] of marks) {
    pieces.push(text.slice(done, from), make("mark", {}, text.slice(from, to)));
    done = to;
  }
  return [...pieces, text.slice(done)].filter((piece) => piece !== "");
}

/** What a side of a call is called: by name where that is known. */
const sideOf = (lang, { agent_name: agent, contact_name: customer }, speaker) =>
  ({ agent, customer })[speaker] || playerWords(lang)[speaker] || "";

function itemOf(call, lang, { recording, at, speaker, text, marks = [] }) {
  const plays = Number.isFinite(at) && call.recording_status !== "expired";
  const item = make(plays ? "button" : "p", { className: "hit" });
  if (plays) {
    item.type = "button";
    Object.assign(item.dataset, { play: call.call_sid, at, ...recording && { part: recording } });
  }
  if (Number.isFinite(at)) item.append(make("bdi", { className: "at", dir: "ltr" }, clock(at)));
  const who = sideOf(lang, call, speaker);
  if (who) item.append(make("span", { className: "who", data: { who: speaker } }, who));
  item.append(make("span", { className: "text", dir: "auto" }, ...markedAt(text, marks)));
  return make("li", {}, item);
}

/** A list of those of a row (deck.js plays what is pressed); empty where nothing that was said was found. */
export function hitsOf(call, lang) {
  const { hits = [], hits_more: more } = call;
  if (!hits?.length) return [];
  const words = wordsOf(lang);
  const list = make("ol", { className: "hits", ariaLabel: words.hits },
    ...hits.map((hit) => itemOf(call, lang, hit)));
  return [list, ...more ? [make("p", { className: "hint" }, words.moreHits)] : []];
}
