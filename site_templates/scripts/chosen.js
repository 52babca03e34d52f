/* What the reader chose for all pages, as this browser keeps it: the theme and the density of rows. */

export function savedChoice(key) {
  try { return localStorage.getItem(`versioner-${key}`); } catch { return null; }
}

export function saveChoice(key, value) {
  try { localStorage.setItem(`versioner-${key}`, value); } catch { /* The choice lasts as long as the page. */ }
}

/* Values that are not known, of another version, are left out. */
export function showChosen() {
  const chosen = document.documentElement.dataset;
  const theme = savedChoice("theme");
  if (theme === "light" || theme === "dark") { chosen.theme = theme; }
  if (savedChoice("density") === "comfortable") { chosen.density = "comfortable"; }
}
