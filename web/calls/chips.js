/** What is filtered, in words. */

import { numberOf } from "./words.js";
import { whenName } from "./when.js";

/** Seconds, as a filter says them: `30 s`, `2 min`. */
export const lengthName = (words, seconds) =>
  (seconds < 60 ? words.seconds(seconds) : words.minutes(seconds / 60));

const SAY = {
  search: (words, value) => `“${value}”`,
  when: (words, value) => whenName(words, value),
  direction: (words, value) => words[value],
  status: (words, value) => words[value],
  min_duration: (words, value) => words.atLeast(lengthName(words, Number(value))),
  max_duration: (words, value) => words.atMost(lengthName(words, Number(value))),
  has_recording: (words, value) => (value === "true" ? words.recorded : words.noRecording),
  recording_status: (words, value) => words.recordingIs[value],
  agent: (words, value, { agents }) => agents?.find((one) => one.agent_id === value)?.agent_name,
  line: (words, value) => `${words.line}: ${numberOf(value)}`,
  party: (words, value) => `${words.party}: ${numberOf(value)}`,
  tag: (words, value) => `#${value}`,
  starred: (words) => words.starred,
  heard: (words, value) => (value === "true" ? words.heard : words.unheard),
};

/** One for each of its parameters: `{ name, text }`. */
export const chipsOf = (filter, words, known) => [...filter].map(([name, value]) =>
  ({ name, text: SAY[name](words, value, known) ?? `${words[name] ?? name}: ${value}` }));
