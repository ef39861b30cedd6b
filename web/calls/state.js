/**
 * What the page knows, in one place. Whoever learns something says `state.set({ name: value })`; whoever
 * shows it listens, `state.on("name", (value) => …)`. Nothing here asks the server or draws.
 */
export class State {
  /** Which calls are asked for: the API's parameters by name, as they stand in the address. */
  filter = new URLSearchParams();
  /** The Row of each call that is listed, by its SID, in the order in which they stand. */
  rows = new Map();
  /** Which call the player at the foot of the page has, `{ sid, phase }` (its state), or null. */
  playing = null;
  /** What was learned last of one call, `{ sid, changes }`: members of it, as the API names them. */
  learned = null;
  /** `en`, `he`, … */
  language = "en";
  /** Whether somebody is signed in; null until the server has said so. */
  signedIn = null;

  #heard = new EventTarget();

  set(changes) {
    Object.assign(this, changes);
    for (const name of Object.keys(changes)) this.#heard.dispatchEvent(new Event(name));
  }

  /** Something has changed in one call: its marks, say, or its recording's state. */
  learn(sid, changes) { this.set({ learned: { sid, changes } }); }

  on(name, act) {
    this.#heard.addEventListener(name, () => act(this[name]));
  }
}
