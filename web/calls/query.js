/** A filter as the address has it, and as the API is asked. */

import { spanOf } from "./when.js";

/** What may stand in the address; all but `when` are the API's own parameters. */
export const NAMES = ["search", "when", "direction", "status", "min_duration", "max_duration",
  "has_recording", "recording_status", "agent", "line", "party", "tag", "starred", "heard"];

/** The filter in an address: what is not known or says nothing is left out. */
export function filterOf(search) {
  const given = new URLSearchParams(search);
  const filter = new URLSearchParams();
  for (const name of NAMES) {
    const value = given.get(name)?.trim();
    if (value && (name !== "when" || spanOf(value))) filter.set(name, value);
  }
  return filter;
}

const instant = (date) => date.toISOString().replace(/\.\d+/, "");

/** What the API is asked, of /api/calls and of all that takes the same parameters. */
export function queryOf(filter) {
  const query = new URLSearchParams(filter);
  const span = query.has("when") && spanOf(query.get("when"));
  query.delete("when");
  if (span?.from) query.set("from", instant(span.from));
  if (span?.to) query.set("to", instant(span.to));
  return query;
}

const MISSED = new Set(["no-answer", "busy", "canceled", "failed"]);
const isOutbound = ({ direction }) => Boolean(direction?.startsWith("outbound"));

/** Whether a row is what one parameter asks for; what only the server knows is taken to be. */
const FITS = {
  when: ({ created_at: at }, value) => {
    const { from, to } = spanOf(value);
    const date = new Date(at);
    return (!from || date >= from) && (!to || date < to);
  },
  direction: (call, value) => isOutbound(call) === value.startsWith("outbound"),
  status: (call, value) => (value === "missed" ? !isOutbound(call) && MISSED.has(call.status)
    : call.status === value),
  min_duration: ({ duration }, value) => (duration ?? 0) >= Number(value),
  max_duration: ({ duration }, value) => (duration ?? 0) <= Number(value),
  has_recording: (call, value) => String(Boolean(call.has_recording)) === value,
  agent: (call, value) => call.agent_id === value,
  line: (call, value) => call.line === value,
  party: (call, value) => call.party === value,
  tag: ({ tags = [] }, value) => tags.some(({ tag }) => tag === value),
  starred: ({ starred }, value) => String(Boolean(starred)) === value,
  heard: ({ heard }, value) => String(Boolean(heard)) === value,
};

/** Whether a call that has just come belongs to what is filtered. */
export const fits = (call, filter) => [...filter].every(([name, value]) =>
  FITS[name]?.(call, value) ?? true);

/** A number as people here write it, as the API has it: `050-123-4567` → `+972501234567`. */
export function partyOf(text) {
  const number = text.replace(/[^\d+]/g, "");
  return /^0[2-9]\d{7,8}$/.test(number) ? `+972${number.slice(1)}` : number;
}
