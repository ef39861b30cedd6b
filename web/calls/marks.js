/**
 * What people put on calls: stars, tags, notes, for all of the business ("all") or for oneself ("me").
 * What the server answers is learned by the page's state; whoever shows a call hears of it there.
 */

import { whyOf } from "./notice.js";
import { toast } from "./toast.js";

const FRESH_MS = 60_000; // so long a list of the business's tags is good enough to choose from

const pathOf = (sid, what) => `api/calls/${sid}/${what}`;
const json = (body) => ({ headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

export class Marks {
  #server;
  #state;
  #tags = { at: -Infinity, names: [] };

  /** @param {Server} server @param {State} state */
  constructor(server, state) {
    this.#server = server;
    this.#state = state;
  }

  /** Puts a star on a call or takes it away, or makes one's own everybody's; seen at once, and undone
   * if that fails. */
  async star(call, whose = call.starred ?? "me") {
    const before = call.starred ?? null;
    const method = before === whose ? "DELETE" : "PUT";
    this.#state.learn(call.call_sid, { starred: method === "PUT" ? whose : null });
    let answer = await this.#ask(call, `star?for=${whose}`, { method });
    if (isDone(answer) && method === "PUT" && before) {
      answer = await this.#ask(call, `star?for=${before}`, { method: "DELETE" });
    }
    if (isDone(answer)) return;
    this.#state.learn(call.call_sid, { starred: before });
    toast(whyOf(this.#state.language, answer));
  }

  tag(call, tag, whose) {
    this.#tags.at = -Infinity;
    return this.#ask(call, `tags/${encodeURIComponent(tag)}?for=${whose}`, { method: "PUT" });
  }

  untag(call, { tag, for: whose }) {
    return this.#ask(call, `tags/${encodeURIComponent(tag)}?for=${whose}`, { method: "DELETE" });
  }

  /** A text at a second of a recording; `recording` null for that of the call. */
  note(call, { recording, at, text, whose }) {
    return this.#ask(call, "notes", { method: "POST", ...json({ recording, at, text, for: whose }) });
  }

  unnote(call, { id }) { return this.#ask(call, `notes/${id}`, { method: "DELETE" }); }

  /** Tags that the business uses, most used first. */
  async suggestions() {
    if (performance.now() - this.#tags.at < FRESH_MS) return this.#tags.names;
    const { status, body } = await this.#server.ask("api/tags", new AbortController().signal);
    if (status === 200) {
      this.#tags = { at: performance.now(), names: body.tags.map(({ tag }) => tag) };
    }
    return this.#tags.names;
  }

  async #ask({ call_sid: sid }, what, options) {
    const answer = await this.#server.ask(pathOf(sid, what), new AbortController().signal, options);
    if (isDone(answer)) {
      const { starred, tags, notes } = answer.body;
      const told = Object.entries({ starred, tags, notes }).filter(([, value]) => value !== undefined);
      this.#state.learn(sid, Object.fromEntries(told));
    }
    return answer;
  }
}

export const isDone = ({ status }) => status >= 200 && status < 300;
