/**
 * The first seconds of a WAV file that is still arriving.
 *
 * Chromium's <audio> plays nothing of a WAV before it has 200 KiB of it; from a slow provider that
 * takes seconds. These are played from memory meanwhile, until the element can take over.
 */

const PIECE = 65_536;
const MOST = 12 * PIECE; // nobody needs us for longer than that
const AHEAD_S = 0.03;
const PCM = 1;
const SAMPLE = 2; // bytes

/** Where sound begins in a WAV file and how it is stored; null for all but 16-bit PCM. */
export function readHeader(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const name = (at) => String.fromCharCode(...bytes.subarray(at, at + 4));
  if (bytes.length < 12 || name(0) !== "RIFF" || name(8) !== "WAVE") return null;
  let format = null;
  for (let at = 12; at + 8 <= bytes.length; at += 8 + view.getUint32(at + 4, true)) {
    if (name(at) === "data") return format && { ...format, start: at + 8 };
    if (name(at) !== "fmt " || at + 24 > bytes.length) continue;
    const channels = view.getUint16(at + 10, true);
    const good = view.getUint16(at + 8, true) === PCM && view.getUint16(at + 22, true) === 16;
    if (!good || channels < 1 || channels > 2) return null;
    format = { channels, rate: view.getUint32(at + 12, true) };
  }
  return null;
}

export class Overture {
  #context = new AudioContext();
  #ending = new AbortController();
  #bytes = new Uint8Array(0); // not yet played
  #header = null;
  #began = 0; // of the context's time
  #end = 0;
  #whole = 0; // bytes of the file, when all of it has arrived

  /** Whether anything sounds by it. */
  get sounds() { return this.#end > this.#context.currentTime && !this.#ending.signal.aborted; }

  /** How far it has come, in seconds of the recording. */
  get time() {
    return Math.max(0, Math.min(this.#context.currentTime, this.#end) - this.#began);
  }

  /** Of the whole recording, in seconds; 0 until it is known. */
  get duration() {
    if (!this.#header || !this.#whole) return 0;
    const { channels, rate, start } = this.#header;
    return (this.#whole - start) / (channels * SAMPLE * rate);
  }

  /** Plays from the beginning until stopped, or until bytes do not come in time. Never rejects. */
  async play(url) {
    const { signal } = this.#ending;
    try {
      for (let from = 0; from < MOST && !signal.aborted;) {
        const headers = { Range: `bytes=${from}-${from + PIECE - 1}` };
        const answer = await fetch(url, { headers, signal, cache: "no-store" });
        if (answer.status !== 206) return;
        this.#whole = Number(answer.headers.get("Content-Range")?.split("/")[1]) || 0;
        const piece = new Uint8Array(await answer.arrayBuffer());
        if (piece.length === 0 || !this.#take(piece)) return;
        from += piece.length;
      }
    } catch {
      // the element is on its way by itself, and tells what is wrong
    }
  }

  stop() {
    if (this.#ending.signal.aborted) return;
    this.#ending.abort();
    this.#context.close();
  }

  /** Whether to go on. */
  #take(piece) {
    const bytes = new Uint8Array(this.#bytes.length + piece.length);
    bytes.set(this.#bytes);
    bytes.set(piece, this.#bytes.length);
    const at = this.#header ? 0 : (this.#header = readHeader(bytes))?.start;
    if (at === undefined) return false;
    const frame = this.#header.channels * SAMPLE;
    const frames = Math.floor((bytes.length - at) / frame);
    this.#bytes = bytes.slice(at + frames * frame);
    return frames === 0 || this.#sound(bytes.subarray(at), frames);
  }

  #sound(bytes, frames) {
    const { channels, rate } = this.#header;
    const now = this.#context.currentTime;
    if (this.#end === 0) this.#began = this.#end = now + AHEAD_S;
    if (this.#end < now) return false; // too late: a gap is the element's to tell of
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const sound = this.#context.createBuffer(channels, frames, rate);
    for (let channel = 0; channel < channels; channel++) {
      const samples = sound.getChannelData(channel);
      for (let i = 0; i < frames; i++) {
        samples[i] = view.getInt16((i * channels + channel) * SAMPLE, true) / 32768;
      }
    }
    const source = this.#context.createBufferSource();
    source.buffer = sound;
    source.connect(this.#context.destination);
    source.start(this.#end);
    this.#end += frames / rate;
    return true;
  }
}
