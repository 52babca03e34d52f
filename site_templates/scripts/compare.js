/* The choice of two environments: the page of the pair opens when both are chosen. */

import { all } from "./dom.js";

function enableChoice(tools) {
  const selects = all("select", tools);
  const order = [...selects[0].options].map((option) => option.value);

  function lead() {
    const names = selects.map((select) => select.value);
    if (names.includes("") || names[0] === names[1]) { return; }
    /* A page serves both directions: its address has the environments in their order. */
    names.sort((one, other) => order.indexOf(one) - order.indexOf(other));
    location.href = tools.dataset.compare.replace("A/B.html", `${names[0]}/${names[1]}.html`);
  }

  /* After a step back the browser keeps what was chosen last. */
  for (const select of selects) {
    select.value = (select.querySelector("[selected]") || select.options[0]).value;
  }
  tools.addEventListener("change", lead);
}

export function enableCompare() {
  for (const tools of all("[data-compare]")) { enableChoice(tools); }
}
