/**
 * A recording as a file of somebody's. It is fetched as all else is asked for, so that a token stands
 * in no address, and what the server refuses does not take the page's place.
 */

import { make } from "./make.js";

const TAKEN_MS = 60_000; // by then a browser has begun to write it

const nameIn = (disposition) => /filename="?([^";]+)/.exec(disposition ?? "")?.[1];

export class Saving {
  #show;
  #busy = false;
  #failed = false;

  /** @param {() => void} show is told when there is something else to see */
  constructor(show) {
    this.#show = show;
  }

  /** What its button says, by the name of the word. */
  get says() { return this.#busy ? "downloading" : this.#failed ? "notDownloaded" : "download"; }

  /** Saves a recording of a call, its first when none is named; resolves to whether it was had. Never rejects. */
  async save(server, callSid, recording) {
    if (this.#busy) return false;
    this.#enter(true, false);
    const which = recording ? `?recording=${encodeURIComponent(recording)}` : "";
    const answer = await server.get(`api/calls/${encodeURIComponent(callSid)}/download${which}`)
      .catch(() => null);
    const content = answer?.status === 200 ? await answer.blob().catch(() => null) : null;
    if (content) this.#give(content, nameIn(answer.headers.get("Content-Disposition")) ?? callSid);
    this.#enter(false, !content);
    return Boolean(content);
  }

  #give(content, download) {
    const href = URL.createObjectURL(content);
    make("a", { href, download }).click();
    setTimeout(() => URL.revokeObjectURL(href), TAKEN_MS);
  }

  #enter(busy, failed) {
    [this.#busy, this.#failed] = [busy, failed];
    this.#show();
  }
}
