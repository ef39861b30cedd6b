/** A call's star: one press puts it on or takes it away. */

import { icon, make } from "../player/make.js";

const STAR = "M12 3.2l2.7 5.6 6.1.8-4.5 4.2 1.1 6.1-5.4-3-5.4 3 1.1-6.1L3.2 9.6l6.1-.8z";

/** A button; whoever has Marks hears its press by data-star="CA…" (and data-whose="all"). */
export const starButton = () => make("button", { type: "button", className: "star" }, icon(STAR));

export function showStar(button, call, words) {
  const { starred = null } = call;
  const whose = button.dataset.whose ?? starred ?? "me";
  button.dataset.star = call.call_sid;
  button.ariaPressed = String(starred === whose);
  button.dataset.starred = starred === whose ? starred : "";
  const names = { me: words.starredMine, all: words.starredAll };
  button.ariaLabel = button.dataset.whose ? words.starAll : words.star;
  button.title = names[starred] ?? button.ariaLabel;
}

/** Hears all stars of the page. `callOf(sid)` gives the call. */
export function watchStars(marks, callOf) {
  document.addEventListener("click", ({ target }) => {
    const button = target.closest?.("[data-star]");
    const call = button && callOf(button.dataset.star);
    if (call) marks.star(call, button.dataset.whose);
  });
}
