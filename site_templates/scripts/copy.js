/* Buttons that copy the text of an element. */

import { all } from "./dom.js";

const SHOWN_MILLISECONDS = 1500;

export function enableCopying() {
  for (const button of all("[data-copy]")) {
    button.hidden = !navigator.clipboard;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
      const before = button.textContent;
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = before; }, SHOWN_MILLISECONDS);
    });
  }
}
