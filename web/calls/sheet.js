/** A popover beside the button that opens it; on a phone it is a sheet at the foot (calls.css). */

const EDGE = 8; // pixels, from the window's

export function openSheet(sheet, button) {
  const at = button.getBoundingClientRect();
  const room = document.documentElement.clientWidth - sheet.offsetWidth - EDGE;
  const left = document.dir === "rtl" ? at.right - sheet.offsetWidth : at.left;
  sheet.style.setProperty("--x", `${Math.max(EDGE, Math.min(left, room))}px`);
  sheet.style.setProperty("--y", `${at.bottom + EDGE / 2}px`);
}
