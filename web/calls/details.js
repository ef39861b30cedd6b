/** What was said in a call: summary and transcript, the sentence that sounds is lit. */

import { ask } from "../player/ask.js";
import { clock } from "../player/messages.js";
import { make } from "./row.js";
import { wordsOf } from "./words.js";

/** The sentences of a transcript, whether the server has times for them or only text. */
export function sentencesOf(call) {
  const found = [call.transcript, call.segments, call.transcript?.segments].find(Array.isArray);
  if (found) return found.filter((one) => typeof one?.text === "string");
  const text = call.transcript?.text ?? call.transcript;
  const lines = typeof text === "string" ? text.split(/\n+/).filter(Boolean) : [];
  return lines.map((line) => ({ text: line }));
}

export class Details {
  #row;
  #call = null;
  #failed = false;
  #lines = [];

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
    const { summary } = this.#call;
    const sentences = sentencesOf(this.#call);
    this.#lines = sentences.map((one) => this.#line(one, words));
    const parts = [];
    if (summary) parts.push(make("h4", {}, words.summary), make("p", { dir: "auto" }, summary));
    if (this.#lines.length) {
      const items = this.#lines.map(({ element }) => make("li", {}, element));
      parts.push(make("h4", {}, words.transcript), make("ol", { className: "lines" }, ...items));
    }
    if (!parts.length) parts.push(make("p", { className: "hint" }, words.nothing));
    if (this.#row.player) parts.push(this.#tools(words));
    return parts;
  }

  #line({ speaker, start, end, text }, words) {
    const timed = Number.isFinite(start) && this.#row.player;
    const element = make(timed ? "button" : "p", { className: "line" });
    if (timed) {
      element.type = "button";
      element.addEventListener("click", () => {
        this.#row.player.currentTime = start;
        this.#row.player.play();
      });
      element.append(make("span", { className: "at", dir: "ltr" }, clock(start)));
    }
    if (speaker) {
      const who = make("span", { className: "who" }, words[speaker] ?? speaker);
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
      if (now) element.setAttribute("aria-current", "true");
      else element.removeAttribute("aria-current");
    }
  }
}
