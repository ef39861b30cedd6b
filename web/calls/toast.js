/** A word about something that did not work, above the foot of the page, for as long as one reads it. */

import { make } from "../player/make.js";

const READ_MS = 6000;
const element = make("p", { className: "toast", role: "status" });
let going = 0;

export function toast(text) {
  if (!element.isConnected) document.body.append(element);
  element.style.bottom = `${document.getElementById("deck").offsetHeight + 12}px`;
  element.textContent = text;
  clearTimeout(going);
  going = setTimeout(() => { element.textContent = ""; }, READ_MS);
}
