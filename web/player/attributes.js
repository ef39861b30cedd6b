/** Attributes as properties: they reflect, as those of HTML's own elements do. */

const READ = {
  text: (value) => value ?? "",
  number: (value) => Number(value) || 0,
};

/** `callSid` → `call-sid` */
const attributeOf = (name) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** Sets an attribute as frameworks mean it: nothing and false take it away, true leaves it empty. */
export function setAttribute(element, name, value) {
  const none = value === null || value === undefined || value === false;
  if (none) element.removeAttribute(name);
  else element.setAttribute(name, value === true ? "" : String(value));
}

/** The names of those who speak, by who they are, where the page knows them. */
export const namesOf = (element) => Object.fromEntries(["agent", "customer"]
  .map((who) => [who, element?.getAttribute(`${who}-name`)]).filter(([, name]) => name));

/** Gives a class of elements a property for each name, of `text` or of `number`. */
export function reflect(elements, kinds) {
  for (const [name, kind] of Object.entries(kinds)) {
    const attribute = attributeOf(name);
    Object.defineProperty(elements.prototype, name, {
      configurable: true,
      enumerable: true,
      get() { return READ[kind](this.getAttribute(attribute)); },
      set(value) { setAttribute(this, attribute, value); },
    });
  }
}

/** What a page set before the element's script was there hides its properties: it is set again. */
export function takeEarly(element) {
  for (const name of Object.keys(element)) {
    if (!(name in Object.getPrototypeOf(element))) continue;
    const value = element[name];
    delete element[name];
    element[name] = value;
  }
}
