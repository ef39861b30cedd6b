/** Which key does what. The time axis runs left to right in every language. */

const KEYS = {
  " ": "toggle",
  k: "toggle",
  j: "backABit",
  l: "forwardABit",
  r: "loop",
  ArrowRight: "forward",
  ArrowUp: "forward",
  ArrowLeft: "back",
  ArrowDown: "back",
  "<": "slower",
  ">": "faster",
  Home: "start",
  End: "end",
};
/** Where they lie on a keyboard whose letters are others; Hebrew layouts mirror < and >, too. */
const PLACES = { KeyK: "k", KeyJ: "j", KeyL: "l", KeyR: "r" };
const SHIFTED = { Comma: "<", Period: ">" };
const FIELDS = "input, select, textarea, [contenteditable], .reading";

function nameOf({ key, code, shiftKey }) {
  if (/^[a-z]$/i.test(key)) return shiftKey ? undefined : key.toLowerCase();
  if (!shiftKey) return PLACES[code] ?? key;
  return SHIFTED[code] ?? (key === "<" || key === ">" ? key : undefined);
}

/** The command of a key press, or undefined: buttons keep their space bar, fields all keys. */
export function commandOf(event) {
  if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return undefined;
  const [on] = event.composedPath();
  if (event.defaultPrevented || on.closest?.(FIELDS)) return undefined;
  return event.key === " " && on.closest?.("button, a") ? undefined : KEYS[nameOf(event)];
}
