/** What was said in a call, recording by recording in order of time; the sentence that sounds is lit. */

import { clock } from "../player/messages.js";
import { beginOf, partsOf } from "../player/parts.js";
import { make } from "./make.js";
import { timeOf } from "./words.js";

const SIDES = new Set(["agent", "customer"]); // any other is both of them, on one channel

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

function titleOf({ recording: { kind, started_at: began } }, i, words) {
  const when = timeOf(words, new Date(began));
  if (kind === "conference") return words.conference(when);
  return i === 0 ? words.recording(when) : words.another(when);
}

/** Of a voice that a model told from others: "Speaker 2". */
function nameOf(speaker, words) {
  const [, voice] = /^speaker_(\d)$/.exec(speaker) ?? [];
  return voice ? `${words.speaker} ${voice}` : SIDES.has(speaker) ? words[speaker] : "";
}

export class Transcript {
  #row;
  #lines = [];
  /** In order of time; empty until a call is shown. */
  chapters = [];

  constructor(row) {
    this.#row = row;
    row.element.addEventListener("recording-time", ({ detail }) =>
      this.#light({ part: detail.part, time: detail.partTime }));
  }

  /** The list of a call's sentences, as an element; nothing when there is nothing to list. */
  show(call, words) {
    this.#lines = [];
    this.chapters = chaptersOf(call);
    const several = this.chapters.length > 1;
    const items = this.chapters.flatMap((chapter, i) => [
      ...several ? [this.#head(chapter, i, words)] : [],
      ...chapter.sentences.map((one) => make("li", {}, this.#line(one, chapter, several, words)))]);
    if (this.#row.player) this.#light(this.#row.player.place);
    return items.length ? make("ol", { className: "lines" }, ...items) : null;
  }

  /** Whether anything was said. */
  get speaks() { return this.#lines.length > 0; }

  #head(chapter, i, words) {
    const { status, name, recording_sid: sid } = chapter.recording;
    const head = make("li", { className: "head" }, make("h5", {}, titleOf(chapter, i, words)));
    if (!chapter.part) head.append(make("span", { className: "none" }, words[status] ?? ""));
    if (status === "ready") {
      const href = new URL(`api/calls/${this.#row.sid}/download`, document.baseURI);
      if (name !== this.#row.sid) href.searchParams.set("recording", sid);
      head.append(make("a", { href, download: "" }, words.download));
    }
    return head;
  }

  #line({ speaker, start, end, text }, { part, begin, recording }, several, words) {
    const plays = this.#row.player && (part || !recording.status);
    const timed = plays && Number.isFinite(start);
    const element = make(timed ? "button" : "p", { className: "line" });
    if (timed) {
      element.type = "button";
      element.addEventListener("click", () => this.#play(part, start));
      element.append(make("span", { className: "at", dir: "ltr" }, clock(begin + start)));
    }
    if (speaker) {
      const who = make("span", { className: "who" }, nameOf(speaker, words));
      who.dataset.who = speaker;
      element.append(who);
    }
    element.append(make("span", { className: "text", dir: "auto" }, text));
    this.#lines.push({ element, start, end, part: several ? part?.id : undefined });
    return element;
  }

  #play(part, time) {
    const { player } = this.#row;
    if (part) player.place = { part: part.id, time };
    else player.currentTime = time;
    player.play();
  }

  #light(place) {
    for (const { element, start, end, part } of this.#lines) {
      const here = part === undefined || part === place.part;
      const now = here && place.time > 0 && place.time >= start && place.time < (end ?? start + 5);
      if (now === element.hasAttribute("aria-current")) continue;
      if (!now) element.removeAttribute("aria-current");
      else {
        element.setAttribute("aria-current", "true");
        this.#keepInSight(element);
      }
    }
  }

  /** Within the list only: the page stays where it is, and so does a list that somebody reads. */
  #keepInSight(element) {
    const list = element.closest(".lines");
    if (!list || list.matches(":hover, :focus-within")) return;
    const [outer, line] = [list, element].map((one) => one.getBoundingClientRect());
    const head = list.querySelector(".head")?.offsetHeight ?? 0; // it stays on top
    if (line.top < outer.top + head || line.bottom > outer.bottom) {
      list.scrollTop += line.top - outer.top - (outer.height - line.height) / 2;
    }
  }
}
