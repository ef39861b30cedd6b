/** Elements of the calls page. */

/** Makes an element: properties, then children (strings become text). */
export function make(tag, props = {}, ...children) {
  const one = Object.assign(document.createElement(tag), props);
  one.append(...children);
  return one;
}
