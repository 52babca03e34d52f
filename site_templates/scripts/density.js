/* The density of the rows of the matrix: compact, or comfortable where the reader chose that. */

import { saveChoice } from "./chosen.js";

export function enableDensity() {
  const box = document.querySelector("[data-comfortable]");
  if (!box) { return; }
  const chosen = document.documentElement.dataset;
  box.checked = chosen.density === "comfortable";
  box.addEventListener("change", (event) => {
    event.stopPropagation();
    if (box.checked) { chosen.density = "comfortable"; } else { delete chosen.density; }
    saveChoice("density", box.checked ? "comfortable" : "compact");
  });
}
