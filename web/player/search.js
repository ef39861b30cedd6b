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

/** The first place of any of the words from `from` on, as [where, how long]; the longest of those at one place. */
function placeOf(letters, words, from) {
  const places = words.map((word) => [letters.indexOf(word, from), word.length]).filter(([at]) => at >= 0);
  return places.sort(([a, long], [b, longer]) => a - b || longer - long)[0] ?? null;
}

/** A text in pieces: strings, and a <mark> for each place where what is wanted stands in it, or one of several. */
export function marked(text, wanted) {
  const words = [wanted].flat().map((word) => folded(word).letters).filter(Boolean);
  const { letters, at } = folded(text);
  const pieces = [];
  let done = 0;
  for (let place = placeOf(letters, words, 0); place; place = placeOf(letters, words, place[0] + place[1])) {
    const [from, to] = [at[place[0]], at[place[0] + place[1]]];
    if (from > done) pieces.push(text.slice(done, from));
    pieces.push(make("mark", {}, text.slice(from, to)));
    done = to;
  }
  return done < text.length || !pieces.length ? [...pieces, text.slice(done)] : pieces;
}
