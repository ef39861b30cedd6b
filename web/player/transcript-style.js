/** How a transcript looks, in a player and on the calls page, by the colours around it. */

export const transcriptSheet = new CSSStyleSheet();

transcriptSheet.replaceSync(`
.lines { max-height: var(--player-transcript-height, 22rem); overflow-y: auto; padding: 0;
  margin: .25rem 0 .75rem; list-style: none; }
.lines .head { position: sticky; top: 0; display: flex; flex-wrap: wrap; align-items: baseline;
  gap: .25rem .75rem; padding: .45rem .4rem .25rem; background: var(--card);
  border-bottom: 1px solid var(--line); }
h5 { margin: 0; font-size: .8125rem; font-weight: 600; }
.head .none { font-size: .8125rem; color: var(--soft); }
.head a { margin-inline-start: auto; font-size: .8125rem; color: var(--main); }
.line { display: grid; grid-template-columns: 3rem 6.5rem 1fr; gap: .5rem; align-items: baseline;
  width: 100%; min-height: 1.9rem; padding: .25rem .4rem; border: 0; border-radius: 7px;
  text-align: start; }
p.line { display: block; }
button.line:hover:not([aria-current]) { background: color-mix(in srgb, var(--soft) 12%, transparent); }
.line[aria-current] { background: var(--lit); }
.line .text { text-align: -webkit-match-parent; text-align: match-parent; }
.line[data-hit] { box-shadow: inset 0 0 0 2px var(--main); }
.at { font-size: .8125rem; color: var(--soft); font-variant-numeric: tabular-nums; }
.who { font-size: .8125rem; font-weight: 600; color: var(--agent); text-transform: capitalize; }
.who[data-who=customer] { color: var(--customer); }
mark { background: light-dark(#ffe08a, #7a5c00); color: inherit; border-radius: 3px; }
.find { display: flex; align-items: center; gap: .5rem; margin-block: .35rem; }
.find input { flex: 0 1 16rem; min-width: 0; min-height: 2rem; padding: 0 .6rem; font: inherit;
  font-size: .8125rem; color: inherit; background: var(--card);
  border: 1px solid light-dark(#8a97a4, #64727f); border-radius: 8px; }
.find button { min-width: 1.75rem; min-height: 1.75rem; padding: 0; border-radius: 8px;
  border: 1px solid var(--line); }
.found { font-size: .8125rem; color: var(--soft); white-space: nowrap; }
@media (max-width: 30rem) {
  .line { grid-template-columns: 2.5rem 1fr; }
  .line .text { grid-column: 1 / -1; }
}
@media (forced-colors: active) { .line[aria-current] { outline: 2px solid Highlight; } }
`);
