/** Elements, made without parsing: a page may enforce Trusted Types. */

const SVG = "http://www.w3.org/2000/svg";

/** Makes an element: properties, `data` for its data attributes, then children (strings become text). */
export function make(tag, { data = {}, ...props } = {}, ...children) {
  const one = Object.assign(document.createElement(tag), props);
  Object.assign(one.dataset, data);
  one.append(...children);
  return one;
}

/** A picture of one path in a square of 24. */
export function icon(path) {
  const [svg, line] = ["svg", "path"].map((tag) => document.createElementNS(SVG, tag));
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
}
