/* The columns of the matrix that the reader chooses: those shown decide which products drift. */

import { all, make } from "./dom.js";
import { saveChoices, savedChoices } from "./address.js";

/* The versions of a cell by instance; "" stands for the instances that are not named. */
function versionsOf(cell) {
  const link = cell.querySelector(":scope > .cell > .v");
  const on = cell.dataset.on ?? (link ? `=${link.title}` : "");
  return new Map(on.split(" ").map((each) => each.split("=")));
}

/* The rule of `is_drifting` in query/selectors.py. */
function isDrifting(row, shown) {
  const cells = [...row.cells].filter((cell, index) => shown[index]).map(versionsOf);
  const on = (name) => cells.map((each) => each.get(name) ?? each.get("")).filter(Boolean);
  return cells.some((each) => [...each.keys()].some((name) => new Set(on(name)).size > 1));
}

function markDrift(row, drifting) {
  const flags = (row.dataset.flags || "").split(" ").filter((flag) => flag && flag !== "drifting");
  const mark = row.querySelector(".status-drifting");
  if (drifting) {
    flags.push("drifting");
    if (!mark) { row.cells[row.cells.length - 1].prepend(make("span", "status status-drifting", "drifting")); }
  } else if (mark) {
    /* What is told of the drift is about the environments that the page shows at first. */
    mark.parentNode.textContent = "";
  }
  row.dataset.flags = flags.join(" ");
}

function showColumns(table, names) {
  const shown = {};
  for (const heading of all("thead th[data-column]", table)) {
    shown[heading.cellIndex] = names.includes(heading.dataset.column);
  }
  let drifting = 0;
  for (const row of table.rows) {
    [...row.cells].forEach((cell, index) => { if (index in shown) { cell.classList.toggle("off", !shown[index]); } });
    if (row.parentNode !== table.tHead && !row.classList.contains("day")) {
      const isOne = isDrifting(row, shown);
      markDrift(row, isOne);
      drifting += isOne ? 1 : 0;
    }
  }
  for (const figure of all(".figures .status-drifting dd")) { figure.textContent = String(drifting); }
  table.dispatchEvent(new Event("recount"));
}

function enableMenu(menu) {
  const table = document.getElementById(menu.dataset.columns);
  const boxes = all("[data-environments] input", menu);
  const checked = () => boxes.filter((box) => box.checked).map((box) => box.value);
  const usual = checked().join(" ");
  const saved = (savedChoices().get("columns") || "").split(" ").filter(Boolean);
  if (saved.length) {
    for (const box of boxes) { box.checked = saved.includes(box.value); }
    showColumns(table, checked());
  }
  menu.addEventListener("change", (event) => {
    event.stopPropagation();
    showColumns(table, checked());
    const now = checked().join(" ");
    saveChoices({ columns: now === usual ? "" : now });
  });
}

export function enableColumns() {
  for (const menu of all("[data-columns]")) { enableMenu(menu); }
}
