/**
 * What is done to sound on its way to the ear: one side of it silenced, or all of it made louder.
 * It takes the element's sound over for good, so it is made only when somebody wants either; of an
 * element whose bytes another server does not share (CORS), nothing would be heard.
 */

const LIMIT_DB = -3; // above it, louder becomes hardly louder
/** Browsers make up for half of what their compressor takes; that would be too loud again. */
const EVEN = 0.8;
const toGain = (decibels) => 10 ** (decibels / 20);

export class Effects {
  #context = new AudioContext();
  #source;
  #sides;
  #gains;
  #boost;
  #way = null; // of the source: all of it, or by sides

  /** @param {HTMLAudioElement} audio */
  constructor(audio) {
    this.#source = this.#context.createMediaElementSource(audio);
    this.#sides = this.#context.createChannelSplitter(2);
    this.#boost = this.#context.createGain();
    this.#gains = [0, 1].map((side) => {
      const gain = this.#context.createGain();
      this.#sides.connect(gain, side);
      gain.connect(this.#boost);
      return gain;
    });
    this.#connect(this.#boost);
    this.boost(0);
    this.resume();
  }

  /** A press may be what a browser waits for. */
  resume() { this.#context.resume(); }

  /** Silences one side (0 or 1), or with null none; what remains is heard in both ears. */
  mute(side) {
    this.#gains.forEach((gain, i) => { gain.gain.value = i === side ? 0 : 1; });
    this.#connect(side === null ? this.#boost : this.#sides);
  }

  /** Makes all of it louder by so many decibels, what is loud already by less. */
  boost(decibels) {
    const { destination } = this.#context;
    this.#boost.disconnect();
    this.#boost.gain.value = toGain(decibels);
    if (decibels === 0) return void this.#boost.connect(destination);
    const limiter = this.#context.createDynamicsCompressor();
    const limits = { threshold: LIMIT_DB, knee: 0, ratio: 20, attack: 0.001, release: 0.1 };
    for (const [name, value] of Object.entries(limits)) limiter[name].value = value;
    const end = this.#context.createGain();
    end.gain.value = EVEN;
    this.#boost.connect(limiter).connect(end).connect(destination);
  }

  close() { this.#context.close(); }

  #connect(way) {
    if (way === this.#way) return;
    this.#way = way;
    this.#source.disconnect();
    this.#source.connect(way);
  }
}
