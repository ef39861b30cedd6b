/**
 * What the page knows, in one place. Whoever learns something says `state.set({ name: value })`; whoever
 * shows it listens, `state.on("name", (value) => …)`. Nothing here asks the server or draws.
 */
export class State {
  /** Which calls are asked for: the API's parameters by name, as they stand in the address. */
  filter = new URLSearchParams();
  /** The Row of each call that is listed, by its SID, in the order in which they stand. */
  rows = new Map();
  /** What was pressed last, `{ sid, call, player }`, or null; `player` is the element that plays it,
   * in its row or at the foot of the page. */
  playing = null;
  /** `en`, `he`, … */
  language = "en";
  /** Whether somebody is signed in; null until the server has said so. */
  signedIn = null;

  #heard = new EventTarget();

  set(changes) {
    Object.assign(this, changes);
    for (const name of Object.keys(changes)) this.#heard.dispatchEvent(new Event(name));
  }

  on(name, act) {
    this.#heard.addEventListener(name, () => act(this[name]));
  }
}
