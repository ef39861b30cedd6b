/** What was said in a call: summary and transcript, the sentence that sounds is lit. */

import { ask } from "../player/ask.js";
import { clock } from "../player/messages.js";
import { make } from "./make.js";
import { Others } from "./others.js";
import { wordsOf } from "./words.js";

/** The sentences of a transcript, with their times where the server has any. */
export function sentencesOf({ transcript, transcript_text: text }) {
  if (transcript?.length) return transcript;
  return (text ?? "").split(/\n+/).filter(Boolean).map((line) => ({ text: line }));
}

/** The lines of a summary, `Subject: …`, in two parts; of free text the first part is empty. */
export function partsOf(summary) {
  return summary.split(/\n+/).filter(Boolean).map((line) => {
    const [, label, text] = /^([^:.]{1,24}): (.+)$/.exec(line) ?? [null, "", line];
    return { label, text };
  });
}

const SIDES = new Set(["agent", "customer"]); // any other is both of them, on one channel

export class Details {
  #row;
  #call = null;
  #failed = false;
  #lines = [];
  #others = new Others();

  constructor(row) {
    this.#row = row;
    row.player?.addEventListener("recording-time", ({ detail }) => this.#light(detail.time));
  }

  /** Fetches the call once. */
  async load() {
    const url = new URL(`api/calls/${this.#row.sid}`, document.baseURI);
    const answer = await ask(url, new AbortController().signal);
    this.#failed = answer.status !== 200;
    this.#call = this.#failed ? null : answer.body;
    this.show(this.#row.lang);
  }

  show(lang) {
    const words = wordsOf(lang);
    this.#row.more.replaceChildren(...(this.#call ? this.#said(words) : this.#nothingYet(words)));
    this.#light(this.#row.player?.currentTime ?? 0);
  }

  #nothingYet(words) {
    if (!this.#failed) return [make("p", { className: "hint" }, words.loading)];
    const retry = make("button", { type: "button" }, words.retry);
    retry.addEventListener("click", () => this.load());
    return [make("p", { className: "hint" }, words.wrong), retry];
  }

  #said(words) {
    const { summary, summary_status: how } = this.#call;
    const sentences = sentencesOf(this.#call);
    this.#lines = sentences.map((one) => this.#line(one, words));
    const parts = [];
    if (summary) parts.push(make("h4", {}, words.summary), ...this.#summary(summary, how));
    if (this.#lines.length) {
      const items = this.#lines.map(({ element }) => make("li", {}, element));
      parts.push(make("h4", {}, words.transcript), make("ol", { className: "lines" }, ...items));
    }
    parts.push(...this.#others.show(this.#call, this.#row.lang, words,
      (one, player) => this.#line(one, words, player).element));
    if (!parts.length) parts.push(make("p", { className: "hint" }, words.nothing));
    if (this.#row.player) parts.push(this.#tools(words));
    return parts;
  }

  /** Only a summary of our own is known to have sections. */
  #summary(summary, how) {
    if (how !== "done") return [make("p", { dir: "auto" }, summary)];
    return partsOf(summary).map(({ label, text }) => {
      const part = make("p", { className: "part", dir: "auto" }, text);
      if (label) part.prepend(make("b", {}, label), " ");
      return part;
    });
  }

  #line({ speaker, start, end, text }, words, player = this.#row.player) {
    const timed = Number.isFinite(start) && player;
    const element = make(timed ? "button" : "p", { className: "line" });
    if (timed) {
      element.type = "button";
      element.addEventListener("click", () => {
        player.currentTime = start;
        player.play();
      });
      element.append(make("span", { className: "at", dir: "ltr" }, clock(start)));
    }
    if (speaker) {
      const who = make("span", { className: "who" }, SIDES.has(speaker) ? words[speaker] : "");
      who.dataset.who = speaker;
      element.append(who);
    }
    element.append(make("span", { className: "text", dir: "auto" }, text));
    return { element, start, end };
  }

  #tools(words) {
    const copy = make("button", { type: "button" }, words.copy);
    copy.addEventListener("click", async () => {
      const at = Math.floor(this.#row.player.currentTime);
      const link = new URL(`#${this.#row.sid}${at ? `&t=${at}` : ""}`, location.href);
      try {
        await navigator.clipboard.writeText(link.href);
        copy.textContent = words.copied;
      } catch {
        location.hash = link.hash; // then the address itself is the link
      }
    });
    const tools = make("p", { className: "links" }, copy);
    if (this.#row.call.recording_status === "ready") {
      const href = new URL(`api/calls/${this.#row.sid}/download`, document.baseURI);
      tools.append(make("a", { href, download: "" }, words.download));
    }
    return tools;
  }

  #light(time) {
    for (const { element, start, end } of this.#lines) {
      const now = time > 0 && time >= start && time < (end ?? start + 5);
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
    if (line.top < outer.top || line.bottom > outer.bottom) {
      list.scrollTop += line.top - outer.top - (outer.height - line.height) / 2;
    }
  }
}
