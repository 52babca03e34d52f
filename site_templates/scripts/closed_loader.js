/* Loads the script of closed times where a page has any. */

import { loadScript } from "./dom.js";

export function loadClosedTimes() {
  if (document.querySelector("[data-closed]")) { loadScript("assets/scripts/closed.js"); }
}
