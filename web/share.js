/** The page of a shared recording: who has its address may listen, and that is all there is. */

import "./recording-player.js";
import { facts } from "./calls/facts.js";
import { startLanguage } from "./calls/language.js";
import { whyOf } from "./calls/notice.js";
import { State } from "./calls/state.js";
import { dayName, wordsOf } from "./calls/words.js";
import { Server } from "./player/ask.js";
import { clock, dateOf, timeOf } from "./player/messages.js";

const OVER = new Set([400, 401, 403, 404, 410]); // forged, revoked, used up, or its time has come
const SOON_MS = 60_000;
const get = (id) => document.getElementById(id);

class Page {
  #state = new State();
  #server = new Server(document.baseURI);
  #answer = null;

  async start() {
    this.#state.on("language", () => this.#show());
    startLanguage(this.#state);
    await this.#open();
    if (this.#answer.status === 200) this.#equip(this.#answer.body);
    this.#show();
  }

  /** Begins a listening, which counts once it sounds: its token is for this recording alone. */
  async #open() {
    this.#answer = await this.#server.ask("api/share", new AbortController().signal, {
      method: "POST", credentials: "omit", headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ token: location.hash.slice(1) }) });
  }

  /** A player, which asks for nothing before somebody presses it. */
  #equip({ recording, duration }) {
    const player = document.createElement("recording-player");
    Object.assign(player, { recordingSid: recording, duration, token: () => this.#token() });
    get("player").replaceChildren(player);
  }

  async #token() {
    if (new Date(this.#answer.body.token_expires_at) - Date.now() < SOON_MS) await this.#open();
    return this.#answer.body.token;
  }

  #show() {
    if (!this.#answer) return;
    const { language: lang } = this.#state;
    const words = wordsOf(lang);
    const { status, body } = this.#answer;
    const good = status === 200;
    get("say").textContent = good ? "" : OVER.has(status) ? words.sharedNone : whyOf(lang, this.#answer);
    get("facts").replaceChildren(...good ? factsOf(body, words, lang) : []);
    get("until").textContent = good ? endOf(body, words, lang) : "";
  }
}

function factsOf({ label, called_at: at, duration, from, to }, words, lang) {
  const date = new Date(at);
  const part = Number.isFinite(to) ? `\u2066${clock(from ?? 0)}–${clock(to)}\u2069` : "";
  return facts(label, at && `${dayName(words, date)} ${timeOf(lang, date)}`,
    part || (duration > 0 && clock(duration)));
}

function endOf({ expires_at: expires, listenings_left: left }, words, lang) {
  const said = [expires && words.sharedUntil(dateOf(lang, new Date(expires))),
    Number.isInteger(left) && words.sharedLeft(left)];
  return said.filter(Boolean).join(" ");
}

new Page().start();
