/** The page of a shared recording: who has its address may listen, and that is all there is. */

import "./recording-player.js";
import { isOutbound } from "./calls/call.js";
import { startLanguage } from "./calls/language.js";
import { whyOf } from "./calls/notice.js";
import { State } from "./calls/state.js";
import { dayName, wordsOf } from "./calls/words.js";
import { Server } from "./player/ask.js";
import { clock, dateOf, timeOf } from "./player/messages.js";
import { make } from "./player/make.js";

const get = (id) => document.getElementById(id);

/** Asks for what is shared, by its token, whatever a player asks for. */
class Shared {
  #server = new Server(document.baseURI);
  #token;

  constructor(token) {
    this.#token = token;
  }

  /** What is told of it; counts as no listening. */
  look() { return this.#post({ play: false }, new AbortController().signal); }

  /** As Server's: a player knows no better. */
  ask(path, signal) { return this.#post(path.endsWith("/peaks") ? { peaks: true } : { play: true }, signal); }

  #post(wish, signal) {
    return this.#server.ask("api/share", signal, { method: "POST", credentials: "omit",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ token: this.#token, ...wish }) });
  }
}

class Page {
  #state = new State();
  #shared = new Shared(location.hash.slice(1));
  #answer = null;

  async start() {
    this.#state.on("language", () => this.#show());
    startLanguage(this.#state);
    this.#answer = await this.#shared.look();
    if (this.#answer.status === 200) this.#equip(this.#answer.body);
    this.#show();
  }

  /** A player, without a request before somebody presses it. */
  #equip({ duration }) {
    const player = document.createElement("recording-player");
    Object.assign(player, { server: this.#shared, recordingSid: "shared", duration });
    get("player").replaceChildren(player);
  }

  #show() {
    const { language: lang } = this.#state;
    const words = wordsOf(lang);
    if (!this.#answer) return;
    const { status, body } = this.#answer;
    const over = [400, 401, 403, 404, 410].includes(status);
    get("say").textContent = status === 200 ? "" : over ? words.sharedNone : whyOf(lang, this.#answer);
    get("facts").replaceChildren(...status === 200 ? this.#facts(body, words, lang) : []);
    get("until").textContent = status === 200 ? this.#until(body, words, lang) : "";
  }

  #facts({ label, created_at: at, direction, duration, from, to }, words, lang) {
    const date = new Date(at);
    const part = Number.isFinite(from) && Number.isFinite(to) ? `\u2066${clock(from)}–${clock(to)}\u2069` : "";
    const facts = [label, at && `${dayName(words, date)} ${timeOf(lang, date)}`,
      direction && (isOutbound({ direction }) ? words.out : words.in), part || (duration > 0 && clock(duration))];
    return facts.filter(Boolean).map((fact) => make("span", {}, make("bdi", {}, fact)));
  }

  #until({ expires_at: expires, listenings_left: left }, words, lang) {
    const said = [expires && words.sharedUntil(dateOf(lang, new Date(expires))),
      Number.isInteger(left) && words.sharedLeft(left)];
    return said.filter(Boolean).join(" ");
  }
}

new Page().start();
