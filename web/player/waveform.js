/** The picture of a recording: from audiowaveform's JSON (version 2) to lanes on a canvas. */

const QUIET = 0.02; // of full scale: line noise, and what an idle microphone picks up
const SILENCE_S = 1;
const MARGIN_S = 0.2;
const [BAR, GAP] = [2, 1];

/**
 * Loudness by lane and pixel, 0 to 1; null for what is not such a file.
 * @returns {?{lanes: Float32Array[], secondsPerPixel: number}}
 */
export function readPeaks(json) {
  const { version, channels, length, data } = json ?? {};
  const { sample_rate: rate, samples_per_pixel: step } = json ?? {};
  const good = version === 2 && (channels === 1 || channels === 2) && rate > 0 && step > 0 &&
    length > 0 && Array.isArray(data) && data.length >= length * channels * 2;
  if (!good) return null;
  const full = json.bits === 16 ? 32768 : 128;
  const lanes = Array.from({ length: channels }, (_, lane) =>
    Float32Array.from({ length }, (_, x) => {
      const at = (x * channels + lane) * 2;
      return Math.min(1, Math.max(-data[at], data[at + 1], 0) / full);
    }));
  return { lanes, secondsPerPixel: step / rate };
}

/** How long a recording is, by its waveform so far and what share of its bytes that is; 0: unknown. */
export function wholeSecondsOf({ peaks, bytes_received: got, bytes_total: all }) {
  return got > 0 && all >= got ? peaks.length * peaks.samples_per_pixel / peaks.sample_rate * all / got : 0;
}

/** The same of a recording of so many seconds (0: unknown) whose first ones are here: `partial`. */
export function readArriving(json, seconds) {
  const peaks = readPeaks(json);
  if (!peaks) return null;
  const length = Math.ceil(seconds / peaks.secondsPerPixel);
  const lanes = peaks.lanes.map((lane) => {
    const whole = new Float32Array(Math.max(length, lane.length));
    whole.set(lane);
    return whole;
  });
  return { ...peaks, lanes, partial: true };
}

/** Stretches [from, to] in seconds in which nobody speaks, a breath kept at both ends. */
export function silencesOf({ lanes, secondsPerPixel }) {
  const found = [];
  const length = lanes[0].length;
  let from = 0;
  for (let x = 0; x <= length; x++) {
    if (x < length && lanes.every((lane) => lane[x] < QUIET)) continue;
    const [a, b] = [from * secondsPerPixel, x * secondsPerPixel];
    if (b - a >= SILENCE_S) found.push([a + MARGIN_S, b - MARGIN_S]);
    from = x + 1;
  }
  return found;
}

/** Whether a lane speaks within a quarter of a second of this time. */
export function speaks({ lanes, secondsPerPixel }, lane, seconds) {
  const reach = Math.max(1, Math.round(0.25 / secondsPerPixel));
  const at = Math.floor(seconds / secondsPerPixel);
  return lanes[lane].subarray(Math.max(0, at - reach), at + reach).some((v) => v >= QUIET);
}

function bars(lane, count, loudest) {
  return Array.from({ length: count }, (_, i) => {
    const from = Math.floor((i * lane.length) / count);
    const to = Math.max(from + 1, Math.floor(((i + 1) * lane.length) / count));
    let top = 0;
    for (let x = from; x < to; x++) top = Math.max(top, lane[x] ?? 0);
    return Math.sqrt(top / loudest); // so that a quiet voice is seen beside a loud one
  });
}

const UNKNOWN = { lanes: [new Float32Array(0)] }; // a part whose picture is not here: a thin line

function drawPart(pen, { peaks, ...span }, [width, height], { sides, whole }) {
  const { lanes } = peaks ?? UNKNOWN;
  const [from, to] = [span.from, span.to].map((share) =>
    Math.round((share * width) / (BAR + GAP)));
  const each = height / lanes.length;
  const loudest = Math.max(...lanes.map((lane) => lane.reduce((a, b) => Math.max(a, b), QUIET)));
  lanes.forEach((lane, row) => {
    pen.fillStyle = lanes.length === 2 ? sides[row] : whole;
    const middle = each * (row + 0.5);
    bars(lane, to - from, loudest).forEach((value, i) => {
      const tall = Math.max(1, value * (each - 4));
      pen.fillRect((from + i) * (BAR + GAP), middle - tall / 2, BAR, tall);
    });
  });
}

/**
 * Draws parts one after the other, each of its lanes below the other; the size is the canvas's own.
 * @param {{peaks: ?object, from: number, to: number}[]} parts where each lies, 0 to 1
 * @param {{sides: string[], whole: string}} colours of two lanes, and of one alone
 */
export function draw(canvas, parts, colours) {
  const scale = devicePixelRatio || 1;
  const size = [canvas.clientWidth, canvas.clientHeight];
  if (!size[0] || !size[1]) return;
  [canvas.width, canvas.height] = size.map((pixels) => Math.round(pixels * scale));
  const pen = canvas.getContext("2d");
  pen.scale(scale, scale);
  for (const part of parts) drawPart(pen, part, size, colours);
}
