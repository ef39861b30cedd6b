/** How fast and how loud it plays: the steps, and what was chosen last. */

/** The speeds that have a button and a key; between slowest and fastest any other may be chosen. */
export const SPEEDS = Object.freeze([0.75, 1, 1.25, 1.5, 2, 3]);
/** Decibels beside the recording's own; quiet telephones need them. */
export const BOOSTS = Object.freeze([0, 6, 12]);
const [SLOWEST, FASTEST] = [SPEEDS[0], SPEEDS.at(-1)];
const MEMORY = "recording-player-";

/** A speed that may be played, to a hundredth; that of nonsense is 1. */
export const speedOf = (rate) =>
  (rate > 0 ? Math.round(Math.min(FASTEST, Math.max(SLOWEST, rate)) * 100) / 100 : 1);

/** The next speed with a button, up (1) or down (-1). */
export function speedBeside(rate, way) {
  const [rest, edge] = way > 0 ? [SPEEDS.filter((one) => one > rate), FASTEST]
    : [SPEEDS.filter((one) => one < rate).reverse(), SLOWEST];
  return rest[0] ?? edge;
}

function remembered(name) {
  try {
    return localStorage.getItem(MEMORY + name);
  } catch {
    return null; // a page may not be allowed to remember
  }
}

/** Speed and volume (0 to 1), as they were chosen last. */
export function rememberedTuning() {
  const volume = Number(remembered("volume") ?? 1);
  return { rate: speedOf(Number(remembered("speed"))), volume: volume >= 0 && volume <= 1 ? volume : 1 };
}

export function rememberTuning({ rate, volume }) {
  try {
    localStorage.setItem(`${MEMORY}speed`, String(rate));
    localStorage.setItem(`${MEMORY}volume`, String(volume));
  } catch {
    // then it holds for this page only
  }
}
