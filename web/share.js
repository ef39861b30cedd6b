/** The page of a shared recording: who has its address may listen, and does nothing else. */

import "./recording-player.js";
import { Server } from "./player/ask.js";
import { dateOf, serverWords, timeOf } from "./player/messages.js";
import { make } from "./player/make.js";
import { whyOf } from "./calls/notice.js";
import { startLanguage } from "./calls/language.js";
import { State } from "./calls/state.js";
import { dayName, wordsOf } from "./calls/words.js";

const get = (id) => document.getElementById(id);
const never = () => new AbortController().signal;

/** Asks for what is shared, by its token, whatever a player asks for. */
class Shared {
  #server = new Server(document.baseURI);
  #token;

  constructor(token) {
    this.#token = token;
  }

  ask(path, signal) {
    if (path.endsWith("/peaks")) return this.#post({ peaks: true }, signal);
    return this.#post({ play: true }, signal);
  }

  look() { return this.#post({ play: false }, never()); }

  #post(wish, signal) {
    return this.#server.ask("api/share", signal, { method: "POST", credentials: "omit",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ token: this.#token, ...wish }) });
  }
}
