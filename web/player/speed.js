/** How fast it plays: the steps, and the one that was chosen last. */

export const SPEEDS = Object.freeze([1, 1.25, 1.5, 2]);
const MEMORY = "recording-player-speed";

/** The speed so many steps from another, within what there is. */
export const speedBeside = (rate, steps) =>
  SPEEDS[Math.min(SPEEDS.length - 1, Math.max(0, SPEEDS.indexOf(rate) + steps))];

export function rememberedSpeed() {
  try {
    const rate = Number(localStorage.getItem(MEMORY));
    return SPEEDS.includes(rate) ? rate : 1;
  } catch {
    return 1; // a page may not be allowed to remember
  }
}

export function rememberSpeed(rate) {
  try {
    localStorage.setItem(MEMORY, String(rate));
  } catch {
    // then it holds for this recording only
  }
}
