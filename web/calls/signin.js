/** Signing in and out: by a link, by what is pasted, and when the server asks for it. */

import { make } from "../player/make.js";
import { whyOf } from "./notice.js";
import { enter, isAnothers, leave, takeToken, tokenIn } from "./session.js";
import { wordsOf } from "./words.js";

/** What there is for who is signed in; the form is for all others. */
const PARTS = ["filters", "leave", "refresh"];
const get = (id) => document.getElementById(id);
/** An answer, or null where something newer was wanted meanwhile. */
export const newest = (answer) => answer.catch(() => null);

export class SignIn {
  #form = get("signin");
  #state;
  #notice;
  #begin;
  #load;

  /**
   * @param {() => AbortSignal} begin the signal of what happens next, and the end of all before
   * @param {() => Promise<void>} load shows the calls, and so learns who is signed in
   */
  constructor(state, notice, { begin, load }) {
    this.#state = state;
    this.#notice = notice;
    this.#begin = begin;
    this.#load = load;
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.enter(tokenIn(this.#form.token.value));
    });
    get("leave").addEventListener("click", () => this.#leave());
    state.on("signedIn", (signedIn) => this.#show(signedIn));
    document.addEventListener("recording-state", ({ detail }) => {
      if (detail.reason === "signin") this.ask();
    });
  }

  /** By the token in the address; false where there is none. */
  async arrive() {
    const token = takeToken();
    if (!token) return false;
    if (!isAnothers(token)) await this.enter(token);
    else {
      await this.#load();
      if (this.#state.signedIn) this.#askWho(token);
      else await this.enter(token);
    }
    return true;
  }

  /** A link may not make somebody somebody else without a word. */
  #askWho(token) {
    this.#notice.say((words) => {
      const enterAnew = make("button", { type: "button" }, words.switch);
      enterAnew.addEventListener("click", () => this.enter(token));
      const stay = make("button", { type: "button" }, words.stay);
      stay.addEventListener("click", () => this.#notice.hush());
      return [make("p", {}, words.somebodyElse), enterAnew, stay];
    });
  }

  async enter(token) {
    const answer = await newest(enter(token, this.#begin()));
    if (!answer) return;
    const { language } = this.#state;
    if (answer.status === 200) await this.#load();
    else {
      const why = answer.status === 401 ? wordsOf(language).refused : whyOf(language, answer);
      this.ask(why, answer.body.login_url);
    }
  }

  /** Nobody is signed in, and perhaps why; `at` is the page that gives people a link. */
  ask(why = "", at = "") {
    this.#begin();
    if (/^https?:/.test(at)) Object.assign(get("login"), { href: at, hidden: false });
    this.#state.set({ signedIn: false });
    this.#form.querySelector("[role=alert]").textContent = why;
    this.#form.token.focus();
  }

  async #leave() {
    if (!await newest(leave(this.#begin()))) return;
    this.#state.set({ playing: null }); // nobody's any more
    this.ask();
  }

  #show(signedIn) {
    for (const id of PARTS) get(id).hidden = !signedIn;
    this.#form.hidden = signedIn;
    if (signedIn) this.#form.reset();
  }
}
