/** The transcript under a player: asked for when somebody unfolds it. */

import { callOf } from "./ask.js";
import { namesOf } from "./attributes.js";
import { wordsOf } from "./messages.js";
import { make } from "./make.js";
import { Transcript, hostOf } from "./transcript.js";
import { transcriptSheet } from "./transcript-style.js";

export class Reading {
  #player;
  #server;
  #transcript;
  #work = new AbortController();
  #call = null;
  #loading = false;
  #failed = false;
  #open = false;
  #lang = "en";
  #shown = ""; // in which language, and by which names
  #button = make("button", { type: "button", className: "unfold" });
  #content = make("div", { hidden: true });

  /**
   * @param {HTMLElement} element that it fills
   * @param {RecordingPlayer} player @param {() => Server} server
   */
  constructor(element, player, server) {
    this.#player = player;
    this.#server = server;
    this.#transcript = new Transcript(hostOf(() => player));
    this.#button.addEventListener("click", () => this.#unfold(!this.#open));
    element.getRootNode().adoptedStyleSheets.push(transcriptSheet);
    element.append(this.#button, this.#content);
  }

  /** Whether there is one, and whether it is unfolded before anybody presses. */
  allow(allowed, open) {
    this.#button.hidden = !allowed;
    this.#unfold(allowed && open);
  }

  /** Another call: nothing is known of it. */
  forget() {
    this.#work.abort();
    this.#work = new AbortController();
    [this.#call, this.#loading, this.#failed] = [null, false, false];
    this.#player.marks = [];
    if (this.#open) this.#load();
  }

  show(lang) {
    const shown = JSON.stringify([lang, namesOf(this.#player)]);
    if (shown === this.#shown) return;
    [this.#shown, this.#lang] = [shown, lang];
    this.#button.textContent = wordsOf(lang).transcript;
    this.#fill();
  }

  light(place) { this.#transcript.light(place); }

  #unfold(open) {
    this.#open = open;
    this.#button.ariaExpanded = String(open);
    this.#content.hidden = !open;
    if (open && !this.#call && !this.#loading) this.#load();
  }

  async #load() {
    const { signal } = this.#work;
    [this.#loading, this.#failed] = [true, false];
    this.#fill();
    const answer = await callOf(this.#server(), this.#player.callSid, signal).catch(() => null);
    if (!answer) return; // nobody waits for it any more
    this.#loading = false;
    this.#failed = answer.status !== 200;
    this.#call = this.#failed ? null : answer.body;
    if (this.#call) this.#player.recordings = this.#call.recordings;
    this.#fill();
  }

  #fill() {
    this.#content.replaceChildren(this.#call ? this.#said() : this.#nothingYet());
  }

  #said() {
    const shown = this.#transcript.show(this.#call, this.#lang);
    return this.#transcript.speaks ? shown
      : make("p", { className: "hint" }, wordsOf(this.#lang).nothingSaid);
  }

  #nothingYet() {
    const words = wordsOf(this.#lang);
    const hint = make("p", { className: "hint" }, this.#failed ? words.noTranscript : words.loading);
    if (this.#failed) {
      const again = make("button", { type: "button", className: "again" }, words.again);
      again.addEventListener("click", () => this.#load());
      hint.append(" ", again);
    }
    return hint;
  }
}
