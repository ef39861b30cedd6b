/**
 * How a recording is asked for and followed until it plays: a pure decision after each answer, and
 * a loop around it that always ends.
 */

/** Seconds: between answers without news, the silence we bear, and the longest we follow at all. */
export const POLICY = Object.freeze({
  waits: [3, 5, 8, 10, 15],
  tries: 12,
  silence: 180,
  longest: 1800,
  whilePlaying: 5,
});

const FINAL = new Set([400, 403, 404, 405, 410]);
const BUSY = new Set([429, 503]);

/** The state before the first answer. */
export const begin = () => ({ tries: 0, silent: 0, followed: 0, last: null });

const news = ({ body }) => [body.status, body.position, body.bytes_received].join();

function stop(kind, answer, retry) {
  return { kind, code: answer.body.error ?? kind, body: answer.body, retry };
}

function wait(state, answer) {
  const { retryAfter, body } = answer;
  const fresh = !BUSY.has(answer.status) && news(answer) !== state.last;
  const tries = fresh ? 1 : state.tries + 1;
  const grown = POLICY.waits[Math.min(Math.max(tries - 2, 0), POLICY.waits.length - 1)];
  const seconds = Math.max(
    fresh ? retryAfter || POLICY.waits[0] : Math.max(grown, retryAfter),
    body.playable ? POLICY.whilePlaying : 0,
  );
  const silent = fresh ? seconds : state.silent + seconds;
  const followed = state.followed + seconds;
  if (tries >= POLICY.tries || silent > POLICY.silence || followed > POLICY.longest) {
    return stop("slow", { body: {} }, true);
  }
  const last = BUSY.has(answer.status) ? state.last : news(answer);
  return { kind: "waiting", body, seconds, state: { tries, silent, followed, last } };
}

/**
 * What an answer of prepare or status means.
 *
 * The result's `kind` is `ready`, `waiting` (ask again after `seconds`, with `state`), or an end:
 * `signin`, `offline`, `slow`, `failed`, each with the server's `body` and whether a `retry` helps.
 * @param {object} state begin(), or that of the last decision
 * @param {{status: number, retryAfter: number, body: object}} answer status 0: none came
 */
export function decide(state, answer) {
  const { status, body } = answer;
  if (status === 200 && body.play_url) return { kind: "ready", body };
  if (status === 202 || BUSY.has(status)) return wait(state, answer);
  if (status === 401) return stop("signin", answer, true);
  if (status === 0) return stop("offline", answer, true);
  return stop("failed", answer, !FINAL.has(status));
}

/**
 * Yields every decision, from the first answer to the end.
 * @param {() => Promise<object>} prepare asks for the recording
 * @param {() => Promise<object>} status asks how it goes; starts nothing
 * @param {(seconds: number) => Promise<void>} pause rejects when nobody wants to know any more
 */
export async function* follow(prepare, status, pause) {
  let step = decide(begin(), await prepare());
  yield step;
  while (step.kind === "waiting") {
    await pause(step.seconds);
    step = decide(step.state, await status());
    yield step;
  }
}
