/** Finding words in a sentence, whichever way they are written. */

import { make } from "./make.js";

/** Without accents, Hebrew points and capitals; `at` says which character of the text each one is. */
function folded(text) {
  const [letters, at] = [[], []];
  [...text].reduce((offset, letter) => {
    for (const one of letter.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase()) {
      letters.push(one);
      at.push(offset);
    }
    return offset + letter.length;
  }, 0);
  return { letters: letters.join(""), at: [...at, text.length] };
}

/** A text in pieces: strings, and a <mark> for each place where `wanted` stands in it. */
export function marked(text, wanted) {
  const { letters } = folded(wanted);
  const { letters: all, at } = folded(text);
  const pieces = [];
  let done = 0;
  for (let i = letters ? all.indexOf(letters) : -1; i >= 0; i = all.indexOf(letters, i + letters.length)) {
    const [from, to] = [at[i], at[i + letters.length]];
    if (from > done) pieces.push(text.slice(done, from));
    pieces.push(make("mark", {}, text.slice(from, to)));
    done = to;
  }
  return done < text.length || !pieces.length ? [...pieces, text.slice(done)] : pieces;
}
