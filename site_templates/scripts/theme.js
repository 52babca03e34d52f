/* The theme: that of the system, or the one that the reader chose. */

import { saveChoice } from "./chosen.js";
import { all } from "./dom.js";

export function startTheme() {
  const chosen = document.documentElement.dataset;
  for (const button of all("[data-theme-switch]")) {
    button.addEventListener("click", () => {
      const isDark = chosen.theme ? chosen.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
      chosen.theme = isDark ? "light" : "dark";
      saveChoice("theme", chosen.theme);
    });
  }
}
