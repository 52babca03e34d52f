/* Loads the closed times of rules, on a page that stays as it is from build to build and names the rules. */

import { all, loadScript } from "./dom.js";

export function loadClosedRules() {
  if (!document.querySelector("[data-closed-rule], [data-held-by]")) { return; }
  window.versionerClosed = (times) => {
    for (const item of all("[data-closed-rule]")) {
      item.dataset.closed = times[item.dataset.closedRule] ?? "";
    }
    window.versionerClosedTimes = times;
    loadScript("assets/scripts/closed.js");
  };
  loadScript("assets/closed_times.js");
}
