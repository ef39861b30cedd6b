/** What a call was about: its summary, what was said, and links to it. */

import { Server, callOf } from "../player/ask.js";
import { make } from "../player/make.js";
import { plays } from "./call.js";
import { CallMarks } from "./call-marks.js";
import { wordsOf } from "./words.js";

/** The lines of a summary, `Subject: …` or `A question? …`, in two parts; of free text the first part
 * is empty. */
export function partsOf(summary) {
  return summary.split(/\n+/).filter(Boolean).map((line) => {
    const [, label, text] = /^([^:?.]{1,200}(?::|\?)) (.+)$/.exec(line) ?? [null, "", line];
    return { label: label.replace(/:$/, ""), text };
  });
}

/** Whether there is anything to list: sentences, or several recordings. */
const hasLines = ({ transcript, transcript_text: text, recordings = [] }) =>
  Boolean(transcript?.length || text || recordings.length > 1 || recordings[0]?.transcript?.length);

/** The marks that a row knows, too. */
const marksOf = (call) => Object.fromEntries(
  ["starred", "tags"].filter((name) => name in call).map((name) => [name, call[name]]));

/** What is shown of it by others, or not at all. */
const BESIDE = new Set(["starred", "tags", "notes", "heard", "heard_by", "runs"]);
const textOf = (call) => Object.entries(call).filter(([name]) => !BESIDE.has(name));

export class Details {
  #row;
  #deck;
  #call = null;
  #failed = false;
  #transcript = null;
  #marks;
  #shown = ""; // the call without what stands beside it, and in which language
  #wanted; // what the list was searched for

  /** @param {Row} row @param {Deck} deck where it plays @param {Marks} marks @param {State} state */
  constructor(row, { deck, marks, state }) {
    this.#wanted = state.filter.get("search") ?? "";
    [this.#row, this.#deck, this.#marks] = [row, deck, new CallMarks(marks)];
    const light = ({ detail: { part, partTime: time } }) => {
      if (!row.element.isConnected) deck.player.removeEventListener("recording-time", light);
      else if (deck.sid === row.sid) this.#transcript?.light({ part, time });
    };
    deck.player.addEventListener("recording-time", light);
  }

  /** Its marks may have changed; a row's other members are not those of the call in full. */
  learn({ notes }) { if (notes && this.#call) this.#call.notes = notes; }

  /** Fetches the call. */
  async load() {
    const { sid } = this.#row;
    const answer = await callOf(new Server(document.baseURI), sid, new AbortController().signal);
    this.#failed = answer.status !== 200;
    if (this.#failed && this.#call) return; // what is read stays
    this.#call = this.#failed ? null : answer.body;
    if (this.#call) this.#deck.know(this.#call);
    if (this.#call && hasLines(this.#call)) await this.#makeTranscript();
    this.show(this.#row.lang);
    if (this.#wanted) this.#transcript?.seek(this.#wanted);
    this.#wanted = "";
  }

  async #makeTranscript() {
    const [{ Transcript }, { transcriptSheet: sheet }] = await Promise.all([
      import("../player/transcript.js"), import("../player/transcript-style.js")]);
    const { adoptedStyleSheets: sheets } = document;
    if (!sheets.includes(sheet)) sheets.push(sheet);
    const host = this.#deck.hostOf(this.#row);
    host.linkTo = (recording) => this.#download(recording);
    this.#transcript ??= new Transcript(host);
  }

  get #several() { return (this.#call.recordings ?? []).length > 1; }

  /** What somebody reads stays as it is while only marks change. */
  show(lang) {
    if (this.#call) this.#marks.show({ ...this.#call, ...marksOf(this.#row.call) }, lang);
    const shown = this.#call ? JSON.stringify([lang, textOf(this.#call)]) : "";
    if (shown && shown === this.#shown) return;
    this.#shown = shown;
    const words = wordsOf(lang);
    this.#row.more.replaceChildren(...(this.#call ? this.#said(words) : this.#nothingYet(words)));
  }

  /** Of one of its recordings. */
  #download({ name, recording_sid: recording }) {
    const href = new URL(`api/calls/${this.#row.sid}/download`, document.baseURI);
    if (name !== this.#row.sid) href.searchParams.set("recording", recording);
    return make("a", { href, download: "" }, wordsOf(this.#row.lang).download);
  }

  #nothingYet(words) {
    if (!this.#failed) return [make("p", { className: "hint" }, words.loading)];
    const retry = make("button", { type: "button" }, words.retry);
    retry.addEventListener("click", () => this.load());
    return [make("p", { className: "hint" }, words.wrong), retry];
  }

  #said(words) {
    const { summary, summary_status: how } = this.#call;
    const list = this.#transcript?.show(this.#call, this.#row.lang);
    const parts = [];
    if (summary) parts.push(make("h4", {}, words.summary), ...this.#summary(summary, how));
    if (list) {
      const title = this.#transcript.speaks ? words.transcript : words.recordings;
      parts.push(make("h4", {}, title), list);
    }
    if (!parts.length) parts.push(make("p", { className: "hint" }, words.nothing));
    if (plays(this.#row.call)) parts.push(this.#tools(words));
    parts.push(this.#marks.element);
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

  #tools(words) {
    const copy = make("button", { type: "button" }, words.copy);
    copy.addEventListener("click", async () => {
      const link = new URL(this.#moment(), location.href);
      try {
        await navigator.clipboard.writeText(link.href);
        copy.textContent = words.copied;
      } catch {
        location.hash = link.hash; // then the address itself is the link
      }
    });
    const tools = make("p", { className: "links" }, copy);
    if (!this.#several && this.#row.call.recording_status === "ready") {
      tools.append(this.#download({ name: this.#row.sid }));
    }
    return tools;
  }

  /** A link to where the player stands; of several recordings it names the one, so that it stays right
   * when another turns up before that. */
  #moment() {
    const { part, time } = this.#deck.placeOf(this.#row.sid);
    const which = part && this.#several ? `&part=${part}` : "";
    const at = Math.floor(time);
    return `#${this.#row.sid}${which}${at ? `&t=${at}` : ""}`;
  }
}
