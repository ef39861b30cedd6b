/** Notes at moments of a call: a form for one more, and those that are there. */

import { clock, timeOf } from "../player/messages.js";
import { make } from "../player/make.js";
import { facts, name } from "./facts.js";
import { isDone } from "./marks.js";
import { whyOf } from "./notice.js";
import { dayName, wordsOf } from "./words.js";

const MOST = 2000; // characters of a note

/** A form whose note belongs to the place at which it was opened. */
export class NoteForm {
  #marks;
  #saved;
  #call = null;
  #place = { part: null, time: 0 };
  #lang = "en";
  #at = make("h3");
  #text = make("textarea", { name: "note", maxLength: MOST, rows: 2, dir: "auto",
    autofocus: true });
  #mine = make("input", { type: "checkbox", name: "mine" });
  #mineSaid = make("span");
  #save = make("button", { className: "main" });
  #alarm = make("p", { role: "alert" });
  element;

  /** @param {Marks} marks @param {() => void} saved hears that it was taken */
  constructor(marks, saved) {
    this.#marks = marks;
    this.#saved = saved;
    this.element = make("form", { className: "note" }, this.#at, this.#text,
      make("p", { className: "links" }, this.#save,
        make("label", { className: "check" }, this.#mine, this.#mineSaid)), this.#alarm);
    this.element.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send();
    });
    this.#text.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#send();
    });
  }

  open(call, place) {
    [this.#call, this.#place] = [call, place];
    this.#alarm.textContent = "";
    this.show(this.#lang);
  }

  show(lang) {
    this.#lang = lang;
    const words = wordsOf(lang);
    this.#at.textContent = words.noteAt(clock(this.#place.time));
    this.#text.placeholder = this.#text.ariaLabel = words.noteText;
    this.#save.textContent = words.save;
    this.#mineSaid.textContent = words.onlyMe;
  }

  async #send() {
    const text = this.#text.value.trim();
    if (!text || this.#save.disabled) return;
    const { part, time } = this.#place;
    const recording = part?.startsWith("RE") ? part : null;
    const at = Math.round(time * 10) / 10;
    this.#save.disabled = true;
    const answer = await this.#marks.note(this.#call,
      { recording, at, text, whose: this.#mine.checked ? "me" : "all" });
    this.#save.disabled = false;
    this.#alarm.textContent = isDone(answer) ? "" : whyOf(this.#lang, answer);
    if (!isDone(answer)) return;
    this.#text.value = "";
    this.#saved();
  }
}

/** The notes of a call in order of time, as a list, or null. A press plays from there. */
export function listOfNotes(call, lang, remove) {
  const words = wordsOf(lang);
  const notes = [...call.notes ?? []].sort((a, b) => a.at - b.at);
  if (!notes.length) return null;
  return make("ol", { className: "notes" }, ...notes.map((note) => {
    const at = make("button", { type: "button", className: "at",
      data: { play: call.call_sid, at: note.at, ...note.recording && { part: note.recording } } },
    make("bdi", { dir: "ltr" }, clock(note.at)));
    const when = new Date(note.created_at);
    const by = facts(note.by, `${dayName(words, when)} ${timeOf(lang, when)}`,
      note.for === "me" && words.onlyMe);
    const line = make("li", {}, at, make("p", { className: "text", dir: "auto" }, note.text),
      make("p", { className: "by" }, ...by));
    if (note.mine) {
      const button = make("button", { type: "button", className: "remove" }, "×");
      name(button, words.noteRemove);
      button.addEventListener("click", () => remove(note));
      line.append(button);
    }
    return line;
  }));
}
