/* The search field of every page. The search itself is a script that is loaded at first use. */

import { isTyping, loadScript } from "./dom.js";

export function searchField() {
  return document.querySelector("[data-search] input");
}

export function enableSearchBox() {
  const input = searchField();
  if (!input) { return; }
  input.addEventListener("focus", () => loadScript("assets/scripts/search.js"), { once: true });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey) { return; }
    event.preventDefault();
    input.focus();
    input.select();
  });
}
