/** Short things that are known, beside each other, each in its own direction. */

import { make } from "../player/make.js";

/** A span for each that there is. */
export const facts = (...known) => known.filter(Boolean).map((one) => make("span", {}, make("bdi", {}, one)));

/** What a button is called: for whoever sees it, hovers over it, or hears it. */
export function name(button, text) { button.ariaLabel = button.title = text; }
