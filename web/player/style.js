/** The player's looks: a sheet of its own, so that a page's strict content policy holds. */

export const sheet = new CSSStyleSheet();

sheet.replaceSync(`
:host {
  --ink: light-dark(#17222e, #e8edf2);
  --soft: light-dark(#566372, #a0adba);
  --line: light-dark(#d5dce3, #36424e);
  --press: light-dark(#e9eef2, #28333e);
  --main: var(--player-accent, light-dark(#0b6b63, #4fd0c2));
  --on-main: var(--player-on-accent, light-dark(#fff, #08211e));
  --agent: light-dark(#0b7a70, #4fd0c2);
  --customer: light-dark(#b5541c, #f2a86b);
  --alarm: light-dark(#a3271b, #ff9d8f);
  display: block; container-type: inline-size; min-width: 0;
  color: var(--ink); font: 400 .875rem/1.35 system-ui, sans-serif;
}
:host([hidden]), [hidden] { display: none !important; }
* { box-sizing: border-box; margin: 0; }
.box {
  display: grid; grid-template: "play track clock" auto ". tools tools" auto ". say say" auto
    / auto minmax(0, 1fr) auto;
  align-items: center; column-gap: .75rem;
}
button { font: inherit; color: inherit; background: none; border: 0; padding: 0; cursor: pointer; }
:focus { outline: none; }
:focus-visible { outline: 2px solid var(--main); outline-offset: 2px; border-radius: 6px; }
svg { width: 1.5rem; height: 1.5rem; fill: currentColor; display: block; }

.play {
  grid-area: play; position: relative; width: 2.25rem; height: 2.25rem; border-radius: 50%;
  display: grid; place-items: center; background: var(--main); color: var(--on-main);
}
.play:focus-visible { border-radius: 50%; }
.play:hover { filter: brightness(1.1); }
.play svg { width: 1.25rem; height: 1.25rem; }
.play svg + svg, .busy .play svg { display: none; }
.busy .play svg + svg { display: block; }
.ring { display: none; position: absolute; inset: -4px; border-radius: 50%;
  border: 2px solid var(--line); border-top-color: var(--main); }
:is([data-phase=asking], [data-phase=waiting], [data-phase=buffering]) .ring {
  display: block; animation: turn 1s linear infinite; }
@keyframes turn { to { rotate: 1turn; } }

.track { grid-area: track; display: flex; align-items: stretch; gap: .5rem; min-width: 0; }
.seek { position: relative; flex: 1; min-width: 0; height: 2rem; touch-action: pan-y; }
[data-loaded=true] .seek { cursor: pointer; }
[data-lanes="1"] .seek { height: 2.5rem; }
[data-lanes="2"] .seek { height: 3.5rem; }
canvas { position: absolute; inset: 0; width: 100%; height: 100%; opacity: .38; }
canvas.done { opacity: 1; clip-path: inset(0 calc(100% - var(--at, 0%)) 0 0); }
[data-lanes="0"] canvas { display: none; }
.rail { position: absolute; inset: calc(50% - 2px) 0 auto; height: 4px; border-radius: 2px;
  background: var(--line); overflow: hidden; }
.rail i { position: absolute; inset: 0 auto 0 0; }
.have { width: var(--have, 0%); background: color-mix(in srgb, var(--main) 35%, transparent); }
.gone { width: var(--at, 0%); background: var(--main); }
:is([data-lanes="1"], [data-lanes="2"]) .rail { display: none; }
.parts i { position: absolute; inset-block: 0; pointer-events: none; }
.parts i + i { border-left: 1px solid var(--soft); }
[data-lanes="0"] .parts i { inset-block: calc(50% - 6px); }
.parts [data-missing] { background: repeating-linear-gradient(135deg, transparent 0 5px,
  color-mix(in srgb, var(--soft) 35%, transparent) 5px 7px); }
.head { position: absolute; top: 0; bottom: 0; left: var(--at, 0%); width: 2px; margin-left: -1px;
  border-left: 2px solid var(--main); }
:is([data-lanes="1"], [data-lanes="2"]) .head { border-color: var(--ink); }
[data-lanes="0"] .head { top: calc(50% - 7px); bottom: auto; width: 14px; height: 14px;
  margin-left: -7px; border-radius: 50%; background: var(--main); }
[data-loaded=false] .head { display: none; }

.sides { display: flex; flex-direction: column; min-width: 5.25rem; }
.sides button { flex: 1; min-height: 1.75rem; display: flex; align-items: center; gap: .4rem;
  font-size: .75rem; text-align: start; border-left: 3px solid var(--side); padding: 0 .4rem;
  background: color-mix(in srgb, var(--side) 7%, transparent); }
.sides button:first-child { --side: var(--agent); }
.sides button:last-child { --side: var(--customer); }
.sides [data-who=customer]:first-child { --side: var(--customer); }
.sides [data-who=agent]:last-child { --side: var(--agent); }
.sides button, .head { transition: border-color 1ms; }
.sides b { font-weight: 500; text-transform: capitalize; }
.sides i { width: .5rem; height: .5rem; border-radius: 50%; flex: none;
  border: 1.5px solid var(--side); }
.sides [data-speaking] i { background: var(--side); }
.sides [data-speaking] b { color: var(--side); }
.sides [aria-pressed=true] b { text-decoration: line-through; color: var(--soft); }
.sides button:disabled { cursor: default; }

.clock { grid-area: clock; font-variant-numeric: tabular-nums; white-space: nowrap; }
.all { color: var(--soft); }
.all::before { content: " / "; }
[data-phase=idle] .now, [data-phase=idle] .all::before { display: none; }

.tools { grid-area: tools; display: flex; flex-wrap: wrap; align-items: center; gap: .25rem .75rem;
  margin-top: .5rem; }
[data-loaded=false] .tools { display: none; }
:is(.jumps, .speeds) { display: flex; border: 1px solid var(--line); border-radius: 8px; }
:is(.jumps, .speeds) button { min-width: 2.6rem; min-height: 1.75rem; padding: 0 .4rem;
  font-size: .8125rem; font-variant-numeric: tabular-nums; }
:is(.jumps, .speeds) button + button { border-left: 1px solid var(--line); }
:is(.jumps, .speeds) button:first-child { border-radius: 7px 0 0 7px; }
:is(.jumps, .speeds) button:last-child { border-radius: 0 7px 7px 0; }
:is(.jumps, .speeds) button:hover, .skip:hover { background: var(--press); }
.speeds [aria-pressed=true], .speeds [aria-pressed=true]:hover {
  background: var(--main); color: var(--on-main); font-weight: 600; }
.skip { display: flex; align-items: center; gap: .45rem; min-height: 1.75rem; padding: 0 .4rem;
  border-radius: 6px; font-size: .8125rem; }
.skip i { position: relative; width: 1.9rem; height: 1.1rem; border-radius: 1rem;
  border: 1.5px solid var(--soft); }
.skip i::before { content: ""; position: absolute; top: 2px; bottom: 2px; inset-inline-start: 2px;
  aspect-ratio: 1; border-radius: 50%; background: var(--soft); }
.skip[aria-checked=true] i { background: var(--main); border-color: var(--main); }
.skip[aria-checked=true] i::before { inset-inline: auto 2px; background: var(--on-main); }
.which, .kept { color: var(--soft); font-size: .8125rem; }
.kept { margin-inline-start: auto; }

.say { grid-area: say; display: flex; flex-wrap: wrap; align-items: center; gap: .35rem .75rem;
  margin-top: .4rem; color: var(--soft); font-size: .8125rem; }
[data-phase=stopped] .say p { color: var(--alarm); }
progress { flex: 1 1 6rem; max-width: 20rem; height: .375rem; border: 0; border-radius: 1rem;
  overflow: hidden; background: var(--line); appearance: none; }
progress::-webkit-progress-bar { background: var(--line); }
progress::-webkit-progress-value { background: var(--main); }
progress::-moz-progress-bar { background: var(--main); }
.again { min-height: 1.75rem; padding: 0 .75rem; border: 1px solid currentColor; border-radius: 8px;
  color: var(--ink); font-weight: 500; }
.again:hover { background: var(--press); }

@container (max-width: 30rem) {
  [data-loaded=true] { grid-template: "play clock" auto "track track" auto "tools tools" auto
    "say say" auto / auto minmax(0, 1fr); row-gap: .5rem; }
  [data-loaded=true] .tools { margin: 0; gap: .4rem; }
  .sides { min-width: 0; }
  :is(.jumps, .speeds) button { min-width: 2.2rem; padding: 0 .25rem; font-size: .75rem; }
}
@media (prefers-reduced-motion: reduce) {
  .ring { animation: none !important; border-color: var(--main); }
}
@media (forced-colors: active) {
  .play, .speeds [aria-pressed=true], .skip[aria-checked=true] i, .gone, .sides [data-speaking] i,
  .skip i::before { forced-color-adjust: none; background: Highlight; color: HighlightText; }
  .rail, .skip i { border: 1px solid CanvasText; }
  .sides button { border-left-color: CanvasText; }
  .head { border-color: Highlight; }
}
`);
