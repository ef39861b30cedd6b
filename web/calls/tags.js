/** The tags of a call, to be read, added and taken away. */

import { make } from "../player/make.js";
import { name } from "./facts.js";
import { isDone } from "./marks.js";
import { whyOf } from "./notice.js";
import { wordsOf } from "./words.js";

const MOST = 40; // characters of a tag
let lists = 0; // each field has a list of suggestions, with an id of its own

/** A tag to be read; one's own looks so. */
export const tagShown = ({ tag, for: whose }) =>
  make("span", { className: "tag", data: { for: whose } }, make("bdi", {}, tag));

export class Tags {
  #marks;
  #call = null;
  #lang = "en";
  #chips = make("ul", { className: "chips" });
  #field = make("input",
    { name: "tag", maxLength: MOST, autocomplete: "off", dir: "auto", autofocus: true });
  #known = make("datalist", { id: `tags-${lists += 1}` });
  #mine = make("input", { type: "checkbox", name: "mine" });
  #mineSaid = make("span");
  #add = make("button");
  #alarm = make("p", { role: "alert" });
  element;

  /** @param {Marks} marks */
  constructor(marks) {
    this.#marks = marks;
    this.#field.setAttribute("list", this.#known.id);
    this.#field.addEventListener("focus", () => this.#suggest());
    const form = make("form", { className: "add" }, this.#field, this.#known, this.#add,
      make("label", { className: "check" }, this.#mine, this.#mineSaid));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#put(this.#field.value.trim());
    });
    this.element = make("div", { className: "tags" }, this.#chips, form, this.#alarm);
  }

  show(call, lang) {
    [this.#call, this.#lang] = [call, lang];
    const words = wordsOf(lang);
    this.#field.placeholder = this.#field.ariaLabel = words.tagNew;
    this.#add.textContent = words.add;
    this.#mineSaid.textContent = words.onlyMe;
    this.#chips.ariaLabel = words.tags;
    this.#chips.hidden = !call.tags?.length;
    this.#chips.replaceChildren(...(call.tags ?? []).map((one) => {
      const remove = make("button", { type: "button" }, "×");
      name(remove, words.tagRemove(one.tag));
      remove.addEventListener("click", () => this.#take(one));
      const shown = tagShown(one);
      shown.append(remove);
      return make("li", {}, shown);
    }));
  }

  async #suggest() {
    const names = await this.#marks.suggestions();
    this.#known.replaceChildren(...names.map((value) => make("option", { value })));
  }

  async #put(tag) {
    if (!tag) return;
    if (this.#tell(await this.#marks.tag(this.#call, tag, this.#mine.checked ? "me" : "all"))) {
      this.#field.value = "";
    }
    this.#field.focus();
  }

  async #take(one) {
    if (this.#tell(await this.#marks.untag(this.#call, one))) this.#field.focus();
  }

  #tell(answer) {
    this.#alarm.textContent = isDone(answer) ? "" : whyOf(this.#lang, answer);
    return isDone(answer);
  }
}
