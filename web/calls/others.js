/** The recordings of a call that its row does not play: each with a player and a transcript. */

import { make } from "./make.js";
import { timeOf } from "./words.js";

/** Those beside the one that the row plays: the call's own, else the first of all. */
export function othersOf({ call_sid: sid, recordings = [] }) {
  const played = recordings.find(({ name }) => name === sid) ?? recordings[0];
  return recordings.filter((one) => one !== played);
}

export class Others {
  #players = new Map(); // by name: what plays goes on when it is shown anew

  /** @param {function} lineOf one sentence and its player, as an element */
  show(call, lang, words, lineOf) {
    return othersOf(call).flatMap((recording) => {
      const { kind, transcript } = recording;
      const when = timeOf(words, new Date(recording.started_at));
      const title = kind === "conference" ? words.conference(when) : words.another(when);
      const player = this.#player(recording, lang, title);
      const lines = (transcript ?? []).map((one) => make("li", {}, lineOf(one, player)));
      return [make("h4", {}, title), player,
        ...lines.length ? [make("ol", { className: "lines" }, ...lines)] : []];
    });
  }

  #player({ name, duration }, lang, label) {
    const player = this.#players.get(name) ?? document.createElement("recording-player");
    this.#players.set(name, player);
    const attributes = { "recording-sid": name, lang, label, duration: duration ?? 0 };
    for (const [key, value] of Object.entries(attributes)) player.setAttribute(key, value);
    return player;
  }
}
