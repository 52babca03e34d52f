/* Loads the script of closed times where a page has any. */

import { all, loadScript } from "./dom.js";

/* A page that stays as it is from build to build names rules; their closed times are in a script. */
function loadTimesOfRules() {
  window.versionerClosed = (times) => {
    for (const item of all("[data-closed-rule]")) { item.dataset.closed = times[item.dataset.closedRule] ?? ""; }
    window.versionerClosedTimes = times;
    loadScript("assets/scripts/closed.js");
  };
  loadScript("assets/closed_times.js");
}

export function loadClosedTimes() {
  if (document.querySelector("[data-closed-rule], [data-held-by]")) { loadTimesOfRules(); }
  else if (document.querySelector("[data-closed]")) { loadScript("assets/scripts/closed.js"); }
}
