/** In which language an element is: its own, that of the nearest around it, or the browser's. */

const listeners = new WeakMap(); // by tree: who wants to hear of it

/** A tree's parent is the one that its host stands in: components lie in components. */
function* around(element) {
  for (let one = element; one; one = one.getRootNode().host) yield one;
}

export function languageOf(element) {
  for (const one of around(element)) {
    const { lang } = one.closest("[lang]") ?? {};
    if (lang) return lang;
  }
  return navigator.language || "en";
}

/** Calls `act` when a `lang` around the element changes, until the signal aborts. */
export function watchLanguage(element, act, signal) {
  for (const one of around(element)) {
    const tree = one.getRootNode();
    const acts = listeners.get(tree) ?? new Set();
    if (!listeners.has(tree)) {
      listeners.set(tree, acts);
      const observer = new MutationObserver(() => acts.forEach((listener) => listener()));
      observer.observe(tree, { attributes: true, attributeFilter: ["lang"], subtree: true });
    }
    acts.add(act);
    signal.addEventListener("abort", () => acts.delete(act), { once: true });
  }
}
