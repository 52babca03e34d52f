/* The theme: that of the system, or the one that the reader chose. */

import { all } from "./dom.js";

const THEME_KEY = "versioner-theme";

function savedTheme() {
  try { return localStorage.getItem(THEME_KEY); } catch { return null; }
}

function saveTheme(theme) {
  try { localStorage.setItem(THEME_KEY, theme); } catch { /* The choice lasts as long as the page. */ }
}

export function startTheme() {
  const chosen = document.documentElement.dataset;
  const saved = savedTheme();
  if (saved === "light" || saved === "dark") { chosen.theme = saved; }
  for (const button of all("[data-theme-switch]")) {
    button.addEventListener("click", () => {
      const isDark = chosen.theme ? chosen.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
      chosen.theme = isDark ? "light" : "dark";
      saveTheme(chosen.theme);
    });
  }
}
