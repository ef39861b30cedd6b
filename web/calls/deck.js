/** The foot of the page: there a player plays on whose row has gone. */

export class Deck {
  #element;
  #state;

  constructor(element, state) {
    this.#element = element;
    this.#state = state;
    state.on("rows", () => this.#settle());
    state.on("playing", () => this.#settle());
    state.on("signedIn", (signedIn) => !signedIn && this.#element.replaceChildren());
  }

  /** Moved within a page, a player plays on; rows take theirs back as they come (list.js). */
  #settle() {
    const { playing, rows } = this.#state;
    if (playing && !rows.has(playing.sid)) this.#element.replaceChildren(playing.player);
    this.#element.hidden = !this.#element.firstChild;
  }
}
