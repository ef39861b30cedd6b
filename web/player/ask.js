/** The few requests a player makes. */

const PATIENCE_MS = 20_000;
const REFUSALS = 3;
const PEAKS_WAITS = [2, 3, 5, 8, 13];

/** Resolves after a time, or rejects at once when the signal aborts. */
export function pause(seconds, signal) {
  return new Promise((resolve, reject) => {
    const gone = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", gone);
      resolve();
    }, seconds * 1000);
    if (signal.aborted) gone();
    signal.addEventListener("abort", gone, { once: true });
  });
}

/**
 * An answer's body. A refusal may come from a server before ours, without JSON; a "yes" without
 * is another's page, as networks show who want to be signed in to: no answer, and so an error.
 */
async function bodyOf(answer) {
  if (answer.status === 204) return {};
  const text = await answer.text();
  try {
    return JSON.parse(text) ?? {};
  } catch (error) {
    if (answer.ok) throw error;
    return {};
  }
}

/** Where an API is, and who asks it: with the browser's cookie, or with a token and without that. */
export class Server {
  #token;

  /** @param {string | URL} url ends in a slash @param {?(string | (() => string | Promise<string>))} token */
  constructor(url, token = null) {
    this.url = new URL(url);
    this.#token = token;
  }

  /** As ask(), at a path of it. A token that cannot be had is one that is not accepted. */
  async ask(path, signal, { headers, ...options } = {}) {
    const who = await this.#who();
    signal.throwIfAborted();
    if (!who) return { status: 401, retryAfter: 0, body: {} };
    return ask(new URL(path, this.url), signal, {
      ...who, ...options, headers: { ...headers, ...who.headers } });
  }

  /** The answer at a path of it, as fetch() gives it; null without a token. */
  async get(path) {
    const who = await this.#who();
    return who && fetch(new URL(path, this.url), { cache: "no-store", ...who });
  }

  /** What says who asks, among a request's options; null where a token cannot be had. */
  async #who() {
    if (!this.#token) return { credentials: "include" };
    try {
      const token = typeof this.#token === "function" ? await this.#token() : this.#token;
      return token ? { credentials: "omit", headers: { Authorization: `Bearer ${token}` } } : null;
    } catch (error) {
      console.error(error);
      return null;
    }
  }
}

async function askOnce(url, signal, options) {
  const timeout = AbortSignal.timeout(PATIENCE_MS);
  try {
    const answer = await fetch(url, {
      credentials: "include",
      cache: "no-store",
      ...options,
      signal: AbortSignal.any([signal, timeout]),
    });
    const body = await bodyOf(answer);
    const retryAfter = Number.parseInt(answer.headers.get("Retry-After"), 10) || 0;
    return { status: answer.status, retryAfter, body };
  } catch {
    signal.throwIfAborted();
    return { status: 0, retryAfter: 0, body: {} };
  }
}

/**
 * One request with the caller's cookie. Resolves to `{status, retryAfter, body}`, with status 0
 * when none came whole and in time; rejects only when the signal aborts, however late. Where
 * others of the business ask for much just then, it asks again.
 */
export async function ask(url, signal, options = {}) {
  for (let refused = 0; ; refused += 1) {
    const answer = await askOnce(url, signal, options);
    if (answer.body.error !== "too_many_requests" || refused === REFUSALS) return answer;
    await pause(answer.retryAfter, signal);
  }
}

const pathOf = (name, verb) => `api/recordings/${encodeURIComponent(name)}/${verb}`;

/** What is asked of one recording, by its name or its call's SID. */
export function recording(server, name, signal) {
  const headers = { Prefer: "wait=2" };
  return {
    prepare: () => server.ask(pathOf(name, "prepare"), signal, { method: "POST", headers }),
    status: (patient) => server.ask(pathOf(name, "status"), signal, patient ? { headers } : {}),
  };
}

/** A waveform's JSON, for which it asks a few times while that is being made; else null. */
export async function peaksOf(server, name, signal) {
  for (const wait of PEAKS_WAITS) {
    const answer = await server.ask(pathOf(name, "peaks"), signal);
    if (answer.status === 200) return answer.body;
    if (answer.status !== 202) return null;
    await pause(Math.max(wait, answer.retryAfter), signal);
  }
  return null;
}

/**
 * Waveforms of a recording that arrives, one after another, each with its answer's body; ends when
 * there is no more to come, or none of its kind. The first sound is left alone with its requests.
 */
export async function* growingPeaksOf(server, name, signal) {
  let wait = 1;
  for (let missed = 0; missed < PEAKS_WAITS.length;) {
    await pause(wait, signal);
    const { status, retryAfter, body } = await server.ask(pathOf(name, "peaks"), signal);
    if (status !== 202) return;
    if (body.peaks) yield body;
    else missed += 1;
    wait = Math.max(PEAKS_WAITS[0], retryAfter);
  }
}

/** A call in full. */
export const callOf = (server, callSid, signal) =>
  server.ask(`api/calls/${encodeURIComponent(callSid)}`, signal);
