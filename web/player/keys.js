/** Which key does what. The time axis runs left to right in every language. */

const KEYS = {
  " ": "toggle",
  k: "toggle",
  ArrowRight: "forward",
  ArrowUp: "forward",
  ArrowLeft: "back",
  ArrowDown: "back",
  "<": "slower",
  ">": "faster",
  Home: "start",
  End: "end",
};

/** The command of a key press, or undefined; a focused button keeps its own space bar. */
export function commandOf(event) {
  if (event.ctrlKey || event.altKey || event.metaKey) return undefined;
  const onButton = event.composedPath()[0].localName === "button";
  return event.key === " " && onButton ? undefined : KEYS[event.key];
}
