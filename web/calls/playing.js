/** Which player of the page was pressed last: `state.playing`. */

export function watchPlaying(state) {
  document.addEventListener("recording-state", ({ target, detail }) => {
    if (["idle", "ended", "stopped"].includes(detail.state)) return;
    if (state.playing?.player === target) return;
    const sid = target.callSid;
    state.set({ playing: { sid, call: state.rows.get(sid)?.call ?? null, player: target } });
  });
}
