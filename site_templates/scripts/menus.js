/* Menus: a click elsewhere, the Escape key, and the focus on something else close them. */

import { all } from "./dom.js";

function enableClosing(menu) {
  document.addEventListener("click", (event) => {
    if (!menu.contains(event.target)) { menu.open = false; }
  });
  menu.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !menu.contains(event.relatedTarget)) { menu.open = false; }
  });
  menu.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && menu.open) {
      event.preventDefault();
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
}

export function enableMenus() {
  for (const menu of all("details[data-closes]")) { enableClosing(menu); }
}
