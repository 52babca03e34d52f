/* Tables sorted by a column: a button in each heading that has data-sort. */

import { all, make } from "./dom.js";
import { saveChoices, savedChoices } from "./address.js";

const compareTexts = new Intl.Collator("en", { numeric: true, sensitivity: "base" }).compare;

function keyOf(row, column, kind) {
  const cell = row.cells[column];
  if (cell.dataset.key !== undefined) { return cell.dataset.key; }
  const time = kind === "time" && cell.querySelector("time");
  return time ? time.dateTime : cell.textContent.trim();
}

function sortBody(body, heading, ascending) {
  const rows = [...body.rows].filter((row) => !row.classList.contains("day"))
    .map((row) => ({ row, key: keyOf(row, heading.cellIndex, heading.dataset.sort) }));
  rows.sort((a, b) => {
    /* Rows without a value are last in both directions. */
    if (!a.key || !b.key) { return (a.key ? 0 : 1) - (b.key ? 0 : 1); }
    return ascending ? compareTexts(a.key, b.key) : compareTexts(b.key, a.key);
  });
  body.append(...rows.map((entry) => entry.row));
}

function sortRows(table, heading, ascending) {
  for (const body of table.tBodies) { sortBody(body, heading, ascending); }
  for (const other of all("th[aria-sort]", table)) { other.removeAttribute("aria-sort"); }
  heading.setAttribute("aria-sort", ascending ? "ascending" : "descending");
}

/* Sort a table with other bodies by the heading that it is sorted by. */
export function sortAgain(table) {
  const heading = table.querySelector("th[aria-sort]");
  if (heading) { sortRows(table, heading, heading.getAttribute("aria-sort") === "ascending"); }
}

function addButton(heading) {
  const button = make("button", "sort");
  button.type = "button";
  if (heading.querySelector("a")) {
    /* The text of the heading is a link, so the button is beside it. */
    button.setAttribute("aria-label", `Sort by ${heading.textContent.trim()}`);
    heading.append(" ");
  } else {
    button.append(...heading.childNodes);
  }
  heading.append(button);
  return button;
}

function enableHeading(table, heading, wanted) {
  const name = heading.textContent.trim().toLowerCase();
  addButton(heading).addEventListener("click", () => {
    const before = heading.getAttribute("aria-sort");
    /* Names begin with A; times and numbers with the newest and the largest. */
    const ascending = before ? before === "descending" : heading.dataset.sort === "text";
    sortRows(table, heading, ascending);
    if (table.id) { saveChoices({ sort: (ascending ? "" : "-") + name }); }
  });
  if (table.id && wanted.replace(/^-/, "") === name) { sortRows(table, heading, !wanted.startsWith("-")); }
}

export function enableSorting() {
  const wanted = savedChoices().get("sort") || "";
  for (const table of all("table[data-table]")) {
    for (const heading of all("th[data-sort]", table)) { enableHeading(table, heading, wanted); }
  }
}
