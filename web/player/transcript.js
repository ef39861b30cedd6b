/** What was said in a call, recording by recording in order of time; the sentence that sounds is lit. */

import { namesOf } from "./attributes.js";
import { clock, timeOf, wordsOf } from "./messages.js";
import { make } from "./make.js";
import { beginOf, partsOf } from "./parts.js";
import { marked } from "./search.js";

const SIDES = new Set(["agent", "customer"]); // any other is both of them, on one channel
const LASTS_S = 5; // a sentence whose end is not known

/** The sentences of a transcript, with their times where the server has any. */
export function sentencesOf({ transcript, transcript_text: text }) {
  if (transcript?.length) return transcript;
  return (text ?? "").split(/\n+/).filter(Boolean).map((line) => ({ text: line }));
}

/**
 * A call's recordings, each with its sentences and, where it may be played, its part of the line of
 * time and the second at which that begins. One alone may be told of by the call itself.
 */
export function chaptersOf(call) {
  const recordings = call.recordings?.length ? call.recordings : [{ name: call.call_sid }];
  const parts = partsOf(call.recordings ?? []);
  return recordings.map((recording) => {
    const part = parts.find(({ name }) => name === recording.name);
    const own = recordings.length === 1 || recording.name === call.call_sid ? sentencesOf(call) : [];
    const sentences = own.length ? own : recording.transcript ?? [];
    return { recording, sentences, part, begin: part ? beginOf(parts, part) : 0 };
  });
}

function titleOf({ recording: { kind, started_at: began } }, i, lang) {
  const [words, when] = [wordsOf(lang), timeOf(lang, new Date(began))];
  if (kind === "conference") return words.conference(when);
  return i === 0 ? words.recording(when) : words.another(when);
}

/** Of a voice that a model told from others: "Speaker 2". */
function nameOf(speaker, words, names) {
  const [, voice] = /^speaker_(\d)$/.exec(speaker) ?? [];
  return voice ? `${words.speaker} ${voice}` : SIDES.has(speaker) ? names[speaker] ?? words[speaker] : "";
}

/** The host of a transcript whose words a player says; `playerOf` gives it, or null. */
export const hostOf = (playerOf) => ({
  get plays() { return Boolean(playerOf()); },
  get place() { return playerOf()?.place; },
  get names() { return namesOf(playerOf()); },
  go({ part, time }, plays) {
    const player = playerOf();
    if (part) player.place = { part, time };
    else player.currentTime = time;
    if (plays) player.play();
  },
  mark(seconds) { if (playerOf()) playerOf().marks = seconds; },
});

export class Transcript {
  #host;
  #lines = [];
  #list = null;
  #field = make("input", { type: "search", autocomplete: "off", dir: "auto" });
  #found = make("span", { className: "found", role: "status" });
  #ways = [-1, 1].map((way) => make("button", { type: "button" }, way < 0 ? "↑" : "↓"));
  #hits = [];
  #hit = -1;
  #lang = "en";
  /** In order of time; empty until a call is shown. */
  chapters = [];

  /**
   * @param {object} host whose words they are: `plays` whether anything does, `go(place, plays)` to a
   *   second of a part (its id; undefined for the only one) with or without sound, `mark(seconds)` the
   *   line of time, `place` where it stands, `names` of those who speak, and `linkTo(recording)`, a link beside a title or null
   */
  constructor(host) {
    this.#host = host;
    this.#field.addEventListener("input", () => this.#search());
    this.#field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      this.#step(event.shiftKey ? -1 : 1);
    });
    this.#ways.forEach((button, i) => button.addEventListener("click", () => this.#step(i * 2 - 1)));
  }

  /** A call's sentences and a field to search them, as an element; null when there is nothing to list. */
  show(call, lang) {
    const words = wordsOf(lang);
    this.#lang = lang;
    this.#lines = [];
    this.chapters = chaptersOf(call);
    const several = this.chapters.length > 1;
    const items = this.chapters.flatMap((chapter, i) => [
      ...several ? [this.#head(chapter, i)] : [],
      ...chapter.sentences.map((one) => make("li", {}, this.#line(one, chapter, several, words)))]);
    if (!items.length) return null;
    this.#list = make("ol", { className: "lines" }, ...items);
    this.light(this.#host.place);
    Object.assign(this.#field, { placeholder: words.find, ariaLabel: words.find });
    [words.previous, words.next].forEach((name, i) =>
      Object.assign(this.#ways[i], { ariaLabel: name, title: name }));
    this.#search();
    const finder = make("div", { className: "find" }, this.#field, this.#found, ...this.#ways);
    return make("div", { className: "said" }, ...this.speaks ? [finder] : [], this.#list);
  }

  /** Whether anything was said. */
  get speaks() { return this.#lines.length > 0; }

  /** Lights the sentence that sounds at a second of a part. */
  light(place) {
    if (!place) return;
    for (const { element, start, end, part } of this.#lines) {
      const here = part === undefined || part === place.part;
      const now = here && place.time > 0 && place.time >= start && place.time < (end ?? start + LASTS_S);
      if (now === element.hasAttribute("aria-current")) continue;
      if (!now) element.removeAttribute("aria-current");
      else {
        element.setAttribute("aria-current", "true");
        if (!this.#list.matches(":hover, :focus-within")) this.#keepInSight(element);
      }
    }
  }

  #head(chapter, i) {
    const { recording } = chapter;
    const head = make("li", { className: "head" }, make("h5", {}, titleOf(chapter, i, this.#lang)));
    const why = chapter.part ? "" : wordsOf(this.#lang)[recording.status] ?? "";
    if (why) head.append(make("span", { className: "none" }, why));
    const link = recording.status === "ready" && this.#host.linkTo?.(recording);
    if (link) head.append(link);
    return head;
  }

  #line({ speaker, start, end, text }, { part, begin, recording }, several, words) {
    const plays = this.#host.plays && (part || !recording.status);
    const timed = plays && Number.isFinite(start);
    const element = make(timed ? "button" : "p", { className: "line" });
    const place = { part: part?.id, time: start };
    if (timed) {
      element.type = "button";
      element.addEventListener("click", () => this.#host.go(place, true));
      element.append(make("span", { className: "at" }, make("bdi", { dir: "ltr" }, clock(begin + start))));
    }
    if (speaker) {
      const name = nameOf(speaker, words, this.#host.names);
      element.append(make("span", { className: "who", data: { who: speaker } }, name));
    }
    const shown = make("span", { className: "text", dir: "auto" }, text);
    element.append(shown);
    this.#lines.push({ element, shown, text, start, end, place: timed ? place : null,
      at: timed ? begin + start : null, part: several ? part?.id : undefined });
    return element;
  }

  // Searching.

  /** Searches for what somebody has searched calls for: as it stands, or else each of its words. */
  seek(text) {
    this.#field.value = text;
    this.#search(true);
  }

  #search(byWords = false) {
    const wanted = this.#field.value.trim();
    this.#mark(wanted);
    if (byWords && !this.#hits.length && /\s/.test(wanted)) this.#mark(wanted.split(/\s+/));
    this.#host.mark(this.#hits.map(({ at }) => at).filter((at) => at !== null));
    this.#hit = -1;
    this.#tell(wanted);
    if (this.#hits.length) this.#keepInSight(this.#hits[0].element);
  }

  #mark(wanted) {
    this.#hits = [];
    for (const line of this.#lines) {
      const pieces = marked(line.text, wanted);
      const here = pieces.length > 1 || typeof pieces[0] === "object";
      line.shown.replaceChildren(...pieces);
      line.element.removeAttribute("data-hit");
      if (here) this.#hits.push(line);
    }
  }

  /** To the next sentence that was found, or the one before, and the sound with it. */
  #step(way) {
    if (!this.#hits.length) return;
    this.#hits[this.#hit]?.element.removeAttribute("data-hit");
    const from = this.#hit < 0 && way < 0 ? 0 : this.#hit;
    this.#hit = (from + way + this.#hits.length) % this.#hits.length;
    const { element, place } = this.#hits[this.#hit];
    element.setAttribute("data-hit", "");
    this.#keepInSight(element);
    if (place) this.#host.go(place, false);
    this.#tell(this.#field.value.trim());
  }

  #tell(wanted) {
    const words = wordsOf(this.#lang);
    this.#found.textContent = wanted ? words.found(this.#hit + 1, this.#hits.length) : "";
    for (const button of this.#ways) button.hidden = this.#hits.length === 0;
  }

  /** Within the list only: the page stays where it is, and so does a list that somebody reads. */
  #keepInSight(element) {
    const list = this.#list;
    const [outer, line] = [list, element].map((one) => one.getBoundingClientRect());
    const head = list.querySelector(".head")?.offsetHeight ?? 0; // it stays on top
    if (line.top < outer.top + head || line.bottom > outer.bottom) {
      list.scrollTop += line.top - outer.top - (outer.height - line.height) / 2;
    }
  }
}
