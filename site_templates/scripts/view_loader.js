/* Loads the script of the matrix and of the figures of the overview. */

import { loadScript } from "./dom.js";

export function loadView() {
  const figures = document.querySelector("[data-times]");
  if (figures || document.querySelector("[data-columns]")) { loadScript("assets/scripts/view.js"); }
}
