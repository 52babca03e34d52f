/* The keys of a page: j, k and the arrows move along the rows of its table, ? shows all keys. */

import { all, isTyping, loadScript } from "./dom.js";

function linkOf(row) {
  return row.querySelector("th a") || row.querySelector("a");
}

function moveBy(step) {
  const rows = all("main table[data-table] tbody tr").filter((row) => row.offsetParent && linkOf(row));
  const here = rows.findIndex((row) => row.contains(document.activeElement));
  const next = here < 0 ? 0 : Math.min(rows.length - 1, Math.max(0, here + step));
  if (rows.length) { linkOf(rows[next]).focus(); }
  return rows.length > 0;
}

/* The list is a script that is loaded when it is first asked for, and shows itself. */
function showKeys() {
  if (window.versionerKeys) { window.versionerKeys(); } else { loadScript("assets/scripts/keys.js"); }
}

function stepOf(event) {
  const isInRow = event.target.closest("tbody tr");
  if (event.key === "j" || (event.key === "ArrowDown" && isInRow)) { return 1; }
  return event.key === "k" || (event.key === "ArrowUp" && isInRow) ? -1 : 0;
}

export function enableKeys() {
  document.addEventListener("keydown", (event) => {
    if (isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey) { return; }
    const step = stepOf(event);
    if (event.key === "?") {
      event.preventDefault();
      showKeys();
    } else if (step && moveBy(step)) {
      event.preventDefault();
    }
  });
  for (const button of all("[data-keys]")) { button.addEventListener("click", showKeys); }
}
