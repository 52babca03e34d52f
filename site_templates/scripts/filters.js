/* The filters of a table: a text, choices and flags. The address keeps them. */

import { all } from "./dom.js";
import { saveChoices, savedChoices } from "./address.js";

/* The values of a row for a choice: an attribute of the row, or (data-cell) the text of a cell or
   of each entry of its list, without the time at its end. */
function valuesOf(row, select) {
  if (select.dataset.cell === undefined) { return [row.dataset[select.name] || ""]; }
  const cell = row.cells[Number(select.dataset.cell)];
  if (!cell) { return []; }
  const entries = all("li", cell);
  return (entries.length ? entries : [cell]).map((entry) => entry.textContent.replace(/ \d\d:\d\d$/, "").trim());
}

function addOptions(select, rows) {
  const values = new Set(rows.flatMap((row) => valuesOf(row, select)).filter(Boolean));
  if (select.options.length === 1) {
    const names = [...values].sort(new Intl.Collator("en", { numeric: true }).compare);
    for (const name of names) { select.add(new Option(name, name)); }
  }
  select.disabled = values.size < 2;
}

function matches(row, words, selects, flags) {
  const text = (row.dataset.words || row.textContent).toLowerCase();
  const own = (row.dataset.flags || "").split(" ");
  return words.every((word) => text.includes(word)) &&
    selects.every((select) => !select.value || valuesOf(row, select).includes(select.value)) &&
    flags.every((box) => own.includes(box.dataset.flag));
}

function enableFilter(tools) {
  const table = document.getElementById(tools.dataset.tools);
  const text = tools.querySelector("input[type=search]");
  const selects = all("select[name]", tools);
  const boxes = all("[data-flag]", tools);
  const found = tools.querySelector("[data-found]");
  const none = document.querySelector("[data-none]");
  const rows = all("tbody tr:not(.day)", table);

  function apply() {
    const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    const flags = boxes.filter((box) => box.checked);
    for (const row of rows) { row.hidden = !matches(row, words, selects, flags); }
    for (const body of all("tbody", table)) {
      body.hidden = !body.querySelector("tr:not(.day):not([hidden])");
    }
    const shown = rows.filter((row) => !row.hidden).length;
    const isFiltered = words.length || flags.length || selects.some((select) => select.value);
    found.textContent = isFiltered ? `${shown} of ${rows.length}` : "";
    if (none) { none.hidden = shown > 0; }
  }

  function save() {
    apply();
    const choices = { [text.name]: text.value.trim() };
    for (const select of selects) { choices[select.name] = select.value; }
    for (const box of boxes) { choices[box.name] = box.checked ? "1" : ""; }
    saveChoices(choices);
  }

  function restore() {
    const choices = savedChoices();
    text.value = choices.get(text.name) || "";
    for (const select of selects) {
      select.value = choices.get(select.name) || "";
      if (select.selectedIndex < 0) { select.value = ""; }
    }
    for (const box of boxes) { box.checked = Boolean(choices.get(box.name)); }
    apply();
  }

  function reset() {
    text.value = "";
    for (const select of selects) { select.value = ""; }
    for (const box of boxes) { box.checked = false; }
    save();
    text.focus();
  }

  for (const select of selects) { addOptions(select, rows); }
  restore();
  text.addEventListener("input", save);
  tools.addEventListener("change", save);
  table.addEventListener("recount", apply);
  window.addEventListener("popstate", restore);
  if (none) { none.querySelector("[data-reset]").addEventListener("click", reset); }
}

export function enableFilters() {
  for (const tools of all("[data-tools]")) { enableFilter(tools); }
}
