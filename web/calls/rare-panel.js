/** The filters that are wanted less often. */

import { Server } from "../player/ask.js";
import { make } from "../player/make.js";
import { lengthName } from "./chips.js";
import { numberOf } from "./words.js";

const LENGTHS = [10, 30, 60, 120, 300, 600, 1800];
const STATUSES = ["completed", "missed", "no-answer", "busy", "failed", "canceled", "in-progress"];
const RECORDING = ["ready", "absent", "queued_running", "expired", "unavailable"];
const LISTS = ["agents", "lines", "tags"];

/** Fields by name: the choices of each, as [value, text]. */
const CHOICES = {
  direction: (words) => [["inbound", words.inbound], ["outbound", words.outbound]],
  status: (words) => STATUSES.map((status) => [status, words[status]]),
  min_duration: (words) => LENGTHS.map((length) => [length, lengthName(words, length)]),
  max_duration: (words) => LENGTHS.map((length) => [length, lengthName(words, length)]),
  recording_status: (words) => RECORDING.map((status) => [status, words.recordingIs[status]]),
  agent: (_, { agents = [] }) => agents.map((one) => [one.agent_id, one.agent_name || one.agent_id]),
  line: (_, { lines = [] }) => lines.map((number) => [number, numberOf(number)]),
  tag: (_, { tags = [] }) => tags.map(({ tag, calls }) => [tag, `${tag} (${calls})`]),
};
const CHECKS = [["has_recording", "true", "recorded"], ["heard", "false", "unheard"], ["starred", "true", "starred"]];
/** These stand in the bar, too, where that is wide enough. */
const NARROW = new Set(["direction", "heard", "starred"]);

export class Panel {
  #filters;
  #state;
  #fields = new Map();
  #names = new Map();
  #words = null;

  constructor(sheet, filters, state) {
    this.#filters = filters;
    this.#state = state;
    const parts = Object.keys(CHOICES).map((name) => this.#field(name, make("select", { name })));
    const party = make("input", { type: "tel", name: "party", dir: "ltr", autocomplete: "off" });
    parts.splice(-1, 0, this.#field("party", party));
    const checks = CHECKS.map(([name, value, say]) => {
      const text = make("span");
      this.#names.set(say, text);
      return make("label", { className: `check ${NARROW.has(name) ? "narrow" : ""}` },
        make("input", { type: "checkbox", name, value }), text);
    });
    sheet.replaceChildren(make("div", { className: "fields" }, ...parts),
      make("div", { className: "checks" }, ...checks));
    this.#ask();
  }

  #field(name, field) {
    const text = make("span");
    this.#names.set(name, text);
    this.#fields.set(name, field);
    return make("label", { className: NARROW.has(name) ? "narrow" : "" }, text, field);
  }

  /** What there is to choose from; where the server cannot say, a choice has what the address has. */
  async #ask() {
    const server = new Server(document.baseURI);
    const { signal } = new AbortController();
    await Promise.all(LISTS.map(async (name) => {
      const answer = await server.ask(`api/${name}`, signal);
      this.#filters.known[name] = answer.body[name] ?? [];
    }));
    this.#words = null;
    this.#filters.show();
  }

  show(words) {
    if (words.locale === this.#words?.locale) return;
    this.#words = words;
    for (const [name, text] of this.#names) text.textContent = words[name];
    for (const [name, choices] of Object.entries(CHOICES)) {
      const all = choices(words, this.#filters.known);
      const now = this.#state.filter.get(name);
      if (now && !all.some(([value]) => String(value) === now)) all.push([now, now]);
      this.#fields.get(name).replaceChildren(make("option", { value: "" }, words.any),
        ...all.map(([value, text]) => make("option", { value }, text)));
    }
  }
}
