/** The player's looks: a sheet of its own, so that a page's strict content policy holds. */

export const sheet = new CSSStyleSheet();

sheet.replaceSync(`
:host {
  --ink: var(--player-ink, light-dark(#17222e, #e8edf2));
  --soft: var(--player-soft, light-dark(#566372, #a0adba));
  --line: var(--player-line, light-dark(#d5dce3, #36424e));
  --edge: light-dark(#7b8794, #7f8c99); /* seen as it must be, 3:1 */
  --press: light-dark(#e9eef2, #28333e);
  --card: var(--player-surface, light-dark(#fff, #18212a));
  --main: var(--player-accent, light-dark(#0b6b63, #4fd0c2));
  --on-main: var(--player-on-accent, light-dark(#fff, #08211e));
  --agent: var(--player-agent, light-dark(#0b7a70, #4fd0c2));
  --customer: var(--player-customer, light-dark(#b5541c, #f2a86b));
  --alarm: light-dark(#a3271b, #ff9d8f);
  --lit: light-dark(#dff1ef, #1d3a38);
  --round: var(--player-radius, 8px);
  display: block; container-type: inline-size; min-width: 0;
  color: var(--ink); font: 400 .875rem/1.35 var(--player-font, system-ui, sans-serif);
}
:host([hidden]), [hidden] { display: none !important; }
* { box-sizing: border-box; margin: 0; }
.box { display: grid; grid-template: "lead track clock tools" 1fr
    "lead track notes notes" auto / auto minmax(0, 1fr) auto auto;
  align-items: center; column-gap: .75rem; min-height: 3rem; }
button { font: inherit; color: inherit; background: none; border: 0; padding: 0; cursor: pointer; }
:focus { outline: none; }
:focus-visible { outline: 2px solid var(--main); outline-offset: 2px; border-radius: 6px; }
svg { width: 1.25rem; height: 1.25rem; fill: currentColor; display: block; }
[name=start]::slotted(*) { flex: none; }
.lead { grid-area: lead; display: flex; align-items: center; gap: .5rem; }

.play {
  flex: none; position: relative; width: 2.25rem; height: 2.25rem; border-radius: 50%;
  display: grid; place-items: center; background: var(--main); color: var(--on-main);
}
.play:focus-visible { border-radius: 50%; }
.play:hover { filter: brightness(1.1); }
.play slot { display: none; }
:is([data-shows=play] [data-icon=play], [data-shows=pause] [data-icon=pause],
  [data-shows=cancel] [data-icon=cancel]) { display: block; }
.ring { display: none; position: absolute; inset: -4px; border-radius: 50%;
  border: 2px solid var(--line); border-top-color: var(--main); }
:is([data-phase=asking], [data-phase=waiting], [data-phase=buffering]) .ring {
  display: block; animation: turn 1s linear infinite; }
@keyframes turn { to { rotate: 1turn; } }

.track { grid-area: track; display: flex; align-items: stretch; gap: .5rem; min-width: 0;
  height: 3rem; }
.seek { position: relative; flex: 1; min-width: 0; touch-action: pan-y; }
[data-loaded=true] .seek { cursor: pointer; }
canvas { position: absolute; inset: 0; width: 100%; height: 100%; opacity: .8;
  filter: saturate(.3); }
canvas.done { opacity: 1; filter: none; clip-path: inset(0 calc(100% - var(--at, 0%)) 0 0); }
[data-lanes="0"] canvas { display: none; }
.rail { position: absolute; inset: calc(50% - 2px) 0 auto; height: 4px; border-radius: 2px;
  background: var(--edge); overflow: hidden; }
.rail i { position: absolute; inset: 0 auto 0 0; }
.have { width: var(--have, 0%); background: color-mix(in srgb, var(--main) 55%, var(--edge)); }
.gone { width: var(--at, 0%); background: var(--main); }
:is([data-lanes="1"], [data-lanes="2"]) .rail { display: none; }
:is(.parts, .loop, .marks, .noted) i { position: absolute; inset-block: 0; pointer-events: none; }
.parts i + i { border-left: 1px solid var(--soft); }
[data-lanes="0"] .parts i { inset-block: calc(50% - 6px); }
.parts [data-missing] { background: repeating-linear-gradient(135deg, transparent 0 5px,
  color-mix(in srgb, var(--soft) 35%, transparent) 5px 7px); }
.loop i { border: solid var(--main); border-width: 0 2px;
  background: color-mix(in srgb, var(--main) 18%, transparent); }
.marks i { inset-block: auto 0; height: .5rem; border-left: 3px solid var(--alarm); margin-left: -1.5px; }
.noted i { inset-block: 0 auto; width: .75rem; height: .75rem; margin-left: -.375rem; rotate: 45deg;
  translate: 0 -.35rem; border: 2px solid var(--card); border-radius: 3px; background: var(--main); }
.playhead { position: absolute; top: 0; bottom: 0; left: var(--at, 0%); width: 2px; margin-left: -1px;
  border-left: 2px solid var(--main); }
:is([data-lanes="1"], [data-lanes="2"]) .playhead { border-color: var(--ink); }
[data-lanes="0"] .playhead { top: calc(50% - 7px); bottom: auto; width: 14px; height: 14px;
  margin-left: -7px; border-radius: 50%; background: var(--main); }
[data-loaded=false] .playhead { display: none; }
.tip { position: absolute; bottom: 100%; translate: -50%; padding: 0 .35rem; border-radius: 5px;
  pointer-events: none; background: var(--ink); color: var(--card); font-size: .75rem;
  font-variant-numeric: tabular-nums; z-index: 1; }

.sides { display: flex; flex-direction: column; min-width: 5.25rem; }
.sides button { flex: 1; min-height: 1.5rem; display: flex; align-items: center; gap: .4rem;
  font-size: .75rem; text-align: start; border-left: 3px solid var(--side); padding: 0 .4rem;
  background: color-mix(in srgb, var(--side) 7%, transparent); }
.sides button:first-child { --side: var(--agent); }
.sides button:last-child { --side: var(--customer); }
.sides [data-who=customer]:first-child { --side: var(--customer); }
.sides [data-who=agent]:last-child { --side: var(--agent); }
.sides button, .playhead { transition: border-color 1ms; }
.sides b { font-weight: 500; text-transform: capitalize; max-width: 7rem; overflow: hidden;
  white-space: nowrap; text-overflow: ellipsis; }
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
.tools { grid-area: tools; display: flex; align-items: center; gap: .5rem; }
[data-loaded=false] .tools > :not(slot) { display: none; }
.notes { grid-area: notes; display: flex; flex-wrap: wrap; gap: 0 .75rem; color: var(--soft);
  font-size: .75rem; line-height: 1.1; }
.kept { margin-inline-start: auto; }

:is(.jumps, .speeds, .boosts, .menu, .panel > .row > button) {
  border: 1px solid var(--edge); border-radius: var(--round); }
:is(.jumps, .speeds, .boosts) { display: flex; }
:is(.jumps, .speeds, .boosts) button, .menu, .panel > .row > button { min-width: 2.2rem;
  min-height: 1.75rem; padding: 0 .4rem; font-size: .8125rem; font-variant-numeric: tabular-nums; }
:is(.jumps, .speeds, .boosts) button { flex: 1; white-space: nowrap; }
.panel .speeds button { padding: 0 .15rem; }
:is(.jumps, .speeds, .boosts) button + button { border-left: 1px solid var(--line); }
:is(.jumps, .speeds, .boosts) button:first-child { border-radius: 7px 0 0 7px; }
:is(.jumps, .speeds, .boosts) button:last-child { border-radius: 0 7px 7px 0; }
:is(.jumps, .speeds, .boosts, .panel > .row) > button:hover, .skip:hover, .menu:hover {
  background: var(--press); }
:is(.speeds, .boosts) [aria-pressed=true], :is(.speeds, .boosts) [aria-pressed=true]:hover {
  background: var(--main); color: var(--on-main); font-weight: 600; }
button:disabled { opacity: .55; cursor: default; }
.menu { display: flex; align-items: center; gap: .3rem; white-space: nowrap; }
.panel { position: absolute; inset: auto; width: 19rem; max-width: calc(100vw - 16px);
  padding: .75rem; border: 1px solid var(--edge); border-radius: calc(var(--round) + 4px);
  background: var(--card); color: var(--ink); font: inherit; box-shadow: 0 6px 24px #0003; }
.panel:popover-open { display: grid; gap: .75rem; }
.panel .row { display: grid; grid-template-columns: 4.5rem 1fr; align-items: center; gap: .4rem; }
.panel :is(.speeds, .jumps) { grid-column: 1 / -1; }
.panel .jumps { display: none; }
.name { font-size: .8125rem; color: var(--soft); }
input[type=range] { width: 100%; min-height: 1.5rem; margin: 0; accent-color: var(--main); }
.skip { display: flex; align-items: center; gap: .45rem; min-height: 1.75rem; padding: 0 .4rem;
  border-radius: 6px; font-size: .8125rem; justify-self: start; }
.skip i { position: relative; width: 1.9rem; height: 1.1rem; border-radius: 1rem;
  border: 1.5px solid var(--soft); }
.skip i::before { content: ""; position: absolute; top: 2px; bottom: 2px; inset-inline-start: 2px;
  aspect-ratio: 1; border-radius: 50%; background: var(--soft); }
.skip[aria-checked=true] i { background: var(--main); border-color: var(--main); }
.skip[aria-checked=true] i::before { inset-inline: auto 2px; background: var(--on-main); }

.unfold { padding: .15rem .1rem; font-size: .8125rem; color: var(--soft); }
.unfold::before { content: ""; display: inline-block; width: .4rem; height: .4rem;
  margin-inline: .25rem .5rem; border: solid currentColor; border-width: 0 2px 2px 0; rotate: 45deg;
  translate: 0 -.15rem; }
.unfold[aria-expanded=true]::before { rotate: 225deg; translate: 0 .1rem; }
.hint { color: var(--soft); font-size: .8125rem; padding-block: .35rem; }

.say { grid-area: track; align-self: center; display: flex; flex-wrap: wrap; align-items: center;
  gap: .1rem .75rem; color: var(--soft); font-size: .8125rem; z-index: 1; }
.say:not([hidden]) { min-height: 3rem; }
.box:not([data-lanes="0"]) .say { justify-self: center; align-self: end; min-height: 0;
  padding: 0 .5rem; border-radius: var(--round); background: var(--card); }
[data-lanes="0"]:has(> .say:not([hidden])) .track { display: none; }
[data-phase=stopped] .say p { color: var(--alarm); }
progress { flex: 1 1 6rem; max-width: 20rem; height: .375rem; border: 0; border-radius: 1rem;
  overflow: hidden; background: var(--line); appearance: none; }
progress::-webkit-progress-bar { background: var(--line); }
progress::-webkit-progress-value { background: var(--main); }
progress::-moz-progress-bar { background: var(--main); }
.again { min-height: 1.75rem; padding: 0 .75rem; border: 1px solid currentColor;
  border-radius: var(--round); color: var(--ink); font-weight: 500; white-space: nowrap; }
.again:hover { background: var(--press); }

@container (max-width: 34rem) {
  .box { column-gap: .5rem; }
  .tools > .jumps, .sides b { display: none; }
  .panel .jumps { display: flex; }
  .sides { min-width: 1.6rem; }
  .sides button { justify-content: center; padding: 0; }
}
@media (prefers-reduced-motion: reduce) {
  .ring { animation: none !important; border-color: var(--main); }
}
@media (forced-colors: active) {
  .play, :is(.speeds, .boosts) [aria-pressed=true], .skip[aria-checked=true] i, .gone, .sides [data-speaking] i,
  .skip i::before, .marks i, .noted i { forced-color-adjust: none; background: Highlight; color: HighlightText; }
  .rail, .skip i { border: 1px solid CanvasText; }
  .sides button { border-left-color: CanvasText; }
  .playhead { border-color: Highlight; }
}
`);
