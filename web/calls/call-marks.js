/** What people put on a call, in its details: its star for all, tags, notes, and who listened. */

import { clock, timeOf } from "../player/messages.js";
import { make } from "../player/make.js";
import { facts } from "./facts.js";
import { listOfNotes } from "./notes.js";
import { isDone } from "./marks.js";
import { whyOf } from "./notice.js";
import { showStar, starButton } from "./star.js";
import { Tags } from "./tags.js";
import { dayName, wordsOf } from "./words.js";

export class CallMarks {
  #marks;
  #tags;
  #star = starButton();
  #starSaid = make("span");
  #notes = make("div");
  #heard = make("p", { className: "heard-by hint" });
  #alarm = make("p", { role: "alert" });
  #title = make("h4");
  element;

  /** @param {Marks} marks */
  constructor(marks) {
    this.#marks = marks;
    this.#tags = new Tags(marks);
    this.#star.dataset.whose = "all";
    this.#star.append(this.#starSaid);
    this.element = make("div", { className: "marks" },
      make("div", { className: "marks-row" }, this.#tags.element, this.#star),
      this.#notes, this.#alarm, this.#heard);
  }

  show(call, lang) {
    const words = wordsOf(lang);
    this.#tags.show(call, lang);
    showStar(this.#star, call, words);
    this.#starSaid.textContent = words.starAll;
    const list = listOfNotes(call, lang, (note) => this.#remove(call, note, lang));
    this.#title.textContent = words.notes;
    this.#notes.replaceChildren(...list ? [this.#title, list] : []);
    const heard = (call.heard_by ?? []).map((one) => listener(one, words, lang));
    this.#heard.hidden = !heard.length;
    this.#heard.replaceChildren(make("b", {}, words.heardBy), ...heard);
  }

  async #remove(call, note, lang) {
    const answer = await this.#marks.unnote(call, note);
    this.#alarm.textContent = isDone(answer) ? "" : whyOf(lang, answer);
  }
}

function listener({ subject, at, seconds }, words, lang) {
  const when = new Date(at);
  return make("span", { className: "by" }, ...facts(subject || words.someone,
    `${dayName(words, when)} ${timeOf(lang, when)}`, seconds > 0 && clock(seconds)));
}
